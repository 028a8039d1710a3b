#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The ways on which a user in a session has something run for him: by his own systemd and D-Bus it runs outside of the session, and sees
# what a mask hides, unless the policy closes that; by at and ssh it is a login of its own. (C-79, C-80)
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../inside.inc"

readonly MASK='{ type = "mask"; path = "/srv/exams"; }'

# By D-Bus the message bus of the user starts what he has written into a file.
readonly OUTSIDE='
try masked "cat /srv/exams/questions"
try user-run "systemd-run --user --quiet --wait --pipe cat /srv/exams/questions"
mkdir -p ~/.local/share/dbus-1/services
printf "[D-BUS Service]\nName=org.example.Tests\nExec=/bin/sh -c \"cat /srv/exams/questions >/home/alice/activated 2>&1\"\n" >~/.local/share/dbus-1/services/tests.service
rm -f ~/activated
try activated "busctl --user call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig; timeout 10 busctl --user call org.example.Tests / org.example.Tests Nothing >/dev/null 2>&1; cat ~/activated"
rm -rf ~/.local/share/dbus-1
try runtime "ls /run/user"
try by-address "systemctl --user --machine=alice@.host show -p Version"
'
readonly LOGINS='
try system-run "systemd-run --no-ask-password --wait --pipe cat /srv/exams/questions"
try ssh "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i ~/key 127.0.0.1 \"exec 2>&1; cat /srv/exams/questions; readlink /proc/self/ns/mnt\""
try own "readlink /proc/self/ns/mnt"
try proc "cat /proc/[0-9]*/root/srv/exams/questions 2>&1 | sort -u"
try at "echo \"cat /srv/exams/questions >/home/alice/by-at 2>&1; readlink /proc/self/ns/mnt >>/home/alice/by-at\" | at now; sleep 2"
'

# All ways of which the policy is told run into the mask.
check_logins() {
	local namespace

	check_fact "$1: what is masked can not be read" masked '1: .*(Permission denied|No such file)'
	check_has "$1, ssh to this host: a session of its own, with the mask" "$(fact ssh)" '(Permission denied|No such file).*\|mnt:\['
	namespace=$(fact ssh)
	check_isnt "$1, ssh to this host: not that from which it came" "${namespace##*|}" "$(fact own)"
	check_hasnt "$1, /proc/PID/root: leads to no process outside" "$(fact proc)" secret
	check_fact "$1, systemd-run, the system's: is refused" system-run '1: .*(Interactive authentication required|Access denied)'
	check_fact "$1, at: does not see its daemon, nor wake it" at '0: .*Warning: at daemon not running'
	check "$1, at: which has not begun the job" test ! -e /home/alice/by-at
	systemctl kill -s HUP atd
	check "$1, at: when it wakes up, it does" wait_until 200 grep -qs '^mnt:' /home/alice/by-at
	check_has "$1, at: with the mask" "$(paste -sd '|' /home/alice/by-at)" '(Permission denied|No such file).*\|mnt:\['
	check_isnt "$1, at: in a session of its own" "$(tail -n 1 /home/alice/by-at)" "$(namespace mnt)"
	rm -f /home/alice/by-at
}

test_open() {
	policy_for_users "base = \"default\"; extra_mounts = ( $MASK );"
	facts alice "$OUTSIDE$LOGINS"
	check_logins "mask"
	check_is "mask, systemd-run --user: reads it all the same" "$(fact user-run)" "the secret"
	check_is "mask, a service by D-Bus: too" "$(fact activated)" "the secret"
	end_user alice
}

test_closed() {
	policy_for_users "base = \"default\"; extra_mounts = ( $MASK, { type = \"mask\"; path = \"/run/user\"; } );"
	facts alice "$OUTSIDE"
	check_fact "mask on /run/user: nothing of it is in sight" runtime '2: .*Permission denied'
	check_fact "mask on /run/user, systemd-run --user: fails" user-run '1: Failed to .*bus'
	check_fact "mask on /run/user, a service by D-Bus: fails" activated '1: .*No such file'
	check_fact "mask on /run/user, systemctl --user --machine: fails" by-address '1: Failed to '
	end_user alice
}

# Another way: the user's systemd gets the mask too. It is named literally, and has no pid namespace.
test_systemd_user() {
	policy <<-END
		rules = (
			{ user = "alice"; service = "systemd-user"; profile = "manager"; },
			{ user = "alice"; profile = "shell"; }
		);
		profiles = {
			shell = { base = "default"; extra_mounts = ( $MASK ); };
			manager = { mounts = ( $MASK ); };
		};
	END
	log_mark
	facts alice "$OUTSIDE"
	check_log "systemd-user by name: is isolated" 'opened: id=[0-9a-f]+ user=alice service=systemd-user profile=manager'
	check_fact "systemd-user by name: systemd-run --user can not read what is masked" user-run '1: .*(Permission denied|No such file)'
	check_has "systemd-user by name: nor a service by D-Bus" "$(fact activated)" '(Permission denied|No such file)'
	check_fact "systemd-user by name: systemctl --user works" by-address '0: Version='
	end_user alice
}

# What is set-group-ID for the spools of at and cron gives nothing any more.
test_no_new_privs() {
	policy_for_users 'base = "default"; no_new_privs = true;'
	facts alice '
		try at "echo true | at now + 1 hour"
		try crontab "echo \"@yearly true\" | crontab -"
		try pkexec "pkexec id"
		try passwd "printf \"opensesame\nNew-pass-8231\nNew-pass-8231\n\" | passwd"
		try user-run "systemd-run --user --quiet --wait --pipe grep NoNewPrivs /proc/self/status"'
	check_fact "no_new_privs: at fails" at '[1-9][0-9]*: '
	check_fact "no_new_privs: crontab fails" crontab '[1-9][0-9]*: '
	check_fact "no_new_privs: pkexec fails" pkexec '127: pkexec must be setuid root'
	check_fact "no_new_privs: passwd fails" passwd '[1-9][0-9]*: '
	check_has "no_new_privs: systemd-run --user runs without it" "$(fact user-run)" 'NoNewPrivs:\s*0'
	end_user alice
}

install_package
make_try
mkdir -p /srv/exams
echo "the secret" >/srv/exams/questions
install -m 0600 -o alice -g alice /root/.ssh/id_ed25519 /home/alice/key
test_open
test_closed
test_systemd_user
test_no_new_privs
rm -r /srv/exams /home/alice/key
install_package
finish
