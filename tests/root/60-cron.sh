#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A real cron daemon. It runs a job at its start (@reboot) and one at the next full minute, and mails what they print.
# Holds G5.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

MAILS=/var/spool/test-mails # not under a directory that is private to a session

# cron(8) starts it as the user, inside the session, after the job has ended.
record_mails() {
	install -d -m 1777 "$MAILS"
	install -m 0755 /dev/stdin /usr/sbin/sendmail <<-END
		#!/bin/sh
		mail=\$(mktemp $MAILS/new.XXXXXX)
		{ cat; echo "sent-in \$(readlink /proc/self/ns/pid) by \$(id -un)"; } >"\$mail"
		mv "\$mail" "\$(echo "\$mail" | sed s/new/mail/)"
	END
}

give_job() {
	crontab -u alice - <<-END
		@reboot echo run-at-start; $1
		* * * * * echo run-at-minute; $1
	END
}

mail_of() {
	cat "$MAILS"/mail.* 2>/dev/null | sed -n "/^run-$1/,/^sent-in/p"
}

has_mail_of() {
	mail_of "$1" | grep -q ^sent-in
}

check_run() {
	local door="cron, $1" mail

	check "$door: the job runs, and its output is mailed" wait_until $(($2 * 10)) has_mail_of "$1"
	mail=$(mail_of "$1")
	check_isnt "$door: the pid namespace is the session's own" "$(sed -n 's/^in //p' <<<"$mail")" "$(namespace pid)"
	check_is "$door: the mail is sent from inside, after the job" \
		"$(sed -n 's/^sent-in //p' <<<"$mail")" "$(sed -n 's/^in //p' <<<"$mail") by alice"
	check_has "$door: PID 1 is nsunshare-init" "$mail" '^pid1 nsunshare-init$'
	check_has "$door: the host name is the template's" "$mail" '^host alice-shellhost$'
	check_has "$door: /tmp is private" "$mail" '^tmp tmpfs$'
	check_log "$door: the session is logged" 'opened: id=[0-9a-f]{16} user=alice service=cron'
	check_log "$door: its end is logged" 'closed: id=[0-9a-f]{16} user=alice service=cron'
	check_gone "$door: the session is gone"
	check_is "$door: no process of cron's hangs" "$(pgrep -xc cron)" 1
}

policy_for_users
record_mails
give_job 'echo in $(readlink /proc/self/ns/pid); echo pid1 $(cat /proc/1/comm); echo host $(hostname); echo tmp $(stat -f -c \%T /tmp); sleep 1000 >/dev/null 2>&1 &'
rm -f /run/crond.reboot
log_mark
cron -f &
services+=($!)
check_run at-start 10
log_mark
check_run at-minute 65
check_fails "cron: what the jobs left in the background is gone" pgrep -x sleep
finish
