#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# su and su -, from root and from a user.
# Holds G8 G10 G13.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# su_to_bob ARG...: as alice, who is in no session, with bob's password.
su_to_bob() {
	ptytalk 'Password: ' "$PASSWORD^M" -- runuser -u alice -- su "$@" bob | tr -d '\r'
	return "${PIPESTATUS[0]}"
}

what_is_seen='for k in mnt ipc uts pid; do echo $k $(readlink /proc/self/ns/$k); done; cat /proc/1/comm; hostname; id -un'

check_isolated() {
	local kind

	for kind in mnt ipc uts pid; do
		check_isnt "$1: the $kind namespace is the session's own" \
			"$(sed -n "s/^$kind //p" <<<"$2")" "$(namespace $kind)"
	done
	check_has "$1: PID 1 is nsunshare-init" "$2" '^nsunshare-init$'
	check_has "$1: the host name is the template's" "$2" "^$3-shellhost$"
	check_has "$1: it is the user asked for" "$2" "^$3$"
}

test_from_root() {
	log_mark
	check_isolated "su" "$(su alice -c "$what_is_seen")" alice
	check_is "su: one session is opened" "$(log_count ' opened: id=')" 1
	check_is "su: and closed" "$(log_count ' closed: id=')" 1

	log_mark
	check_isolated "su -" "$(su - alice -c "$what_is_seen")" alice
	check_is "su -: our line stands twice in its stack, one session is opened" "$(log_count ' opened: id=')" 1
	check_is "su -: and closed once" "$(log_count ' closed: id=')" 1

	check_is "su: the exit status comes through" "$(su alice -c 'exit 42'; echo $?)" 42
	check_is "su: that of a killed command too" "$(su alice -c 'kill -9 $$' 2>/dev/null; echo $?)" 137
	check_is "su --pty: works" "$(ptytalk -- su --pty alice -c 'cat /proc/1/comm; exit 7' | tr -d '\r'; echo "${PIPESTATUS[0]}")" \
		$'nsunshare-init\n7'
	check_is "su --pty -: works" "$(ptytalk '$ ' 'exit 8^M' -- su --pty - alice >/dev/null; echo $?)" 8
	check_is "su: input comes through" "$(echo text | su alice -c cat)" text
	su alice -c 'setsid sleep 1000 >/dev/null 2>&1 & nohup sleep 1001 >/dev/null 2>&1 &'
	check_gone "su: background processes end with the session"
	check_fails "su: and none of them is left" pgrep -x sleep
	check_is "su root: root is left alone" "$(su root -c 'readlink /proc/self/ns/pid')" "$(namespace pid)"
}

test_from_user() {
	log_mark
	check_isolated "su from a user" "$(su_to_bob -c "$what_is_seen")" bob
	check_isolated "su - from a user" "$(su_to_bob - -c "$what_is_seen")" bob
	check_is "su from a user: two sessions are opened by two calls" "$(log_count ' opened: id=')" 2
	check_is "su from a user: the exit status comes through" "$(su_to_bob -c 'exit 42' >/dev/null; echo $?)" 42
	check_is "su from a user: Ctrl-C ends the command" \
		"$(ptytalk 'Password: ' "$PASSWORD^M" going '^C' -- runuser -u alice -- su bob -c 'echo going; sleep 1000' >/dev/null; echo $?)" 130
	check_gone "su from a user: all sessions are gone"
	log_mark
	check_has "su: a wrong password opens nothing" \
		"$(ptytalk 'Password: ' 'wrong^M' -- runuser -u alice -- su bob -c id)" 'Authentication failure'
	check_is "su: (and nothing is logged as opened)" "$(log_count ' opened: id=')" 0
}

# CAP_SYS_RESOURCE lifts what a user has handed down.
may_lift_limits() {
	local capabilities
	capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	((0x$capabilities >> 24 & 1))
}

# Limits and the like that a user hands to a setuid su (ATTACKS C-46).
test_hostile_caller() {
	local limit limits wanted='nsunshare-init'

	may_lift_limits || wanted='nsunshare-init|cannot open session'
	limits=(nofile=20 fsize=1 nproc=1 cpu=1 stack=524288) # su itself needs so much stack
	[ "$VARIANT" = asan ] || limits+=(as=100000000)
	for limit in "${limits[@]}"; do
		check_has "su with a limit, $limit: isolated all the same, or refused where nobody may lift it" \
			"$(ptytalk 'Password: ' "$PASSWORD^M" -- runuser -u alice -- prlimit "--$limit" su bob -c 'cat /proc/1/comm')" "$wanted"
	done
	check_has "su with umask 777 and ignored signals: isolated all the same" \
		"$(runuser -u alice -- sh -c "umask 777; trap '' TERM HUP CHLD INT; exec ptytalk 'Password: ' '$PASSWORD^M' -- su bob -c \
			'cat /proc/1/comm; stat -c %a /tmp; stat -c %a /etc/hosts; umask'" | tr -d '\r' | paste -sd ' ')" 'nsunshare-init 1777 644 0777$'
	check_gone "su: sessions of hostile callers are gone"
}

test_directory() {
	mkdir -p /srv/shared /tmp/x
	check_is "su: keeps the working directory" "$(cd /srv/shared && su alice -c pwd)" /srv/shared
	check_is "su: keeps one in the user's home" "$(cd /home/alice && su alice -c pwd)" /home/alice
	check_is "su -: goes home" "$(cd /srv/shared && su - alice -c pwd)" /home/alice
	check_is "su: a directory that is not there inside becomes home" "$(cd /tmp/x && su alice -c 'cd .; pwd -P')" /home/alice
	check_is "su: the private /tmp instead of the host's" "$(cd /tmp && su alice -c 'pwd; ls -A')" /tmp
	policy_for_users 'base = "default"; mounts = ( { type = "tmpfs"; path = "/tmp"; }, { type = "tmpfs"; path = "/tmp/x"; } );'
	check_is "su: a directory that a mount of the policy makes is entered" "$(cd /tmp/x && su alice -c 'pwd; stat -f -c %T .')" $'/tmp/x\ntmpfs'
	policy_for_users
	mkdir /srv/gone
	check_is "su: a removed working directory becomes home" \
		"$(cd /srv/gone && rmdir /srv/gone && su alice -c 'pwd -P' 2>&1 | tail -1)" /home/alice
	rmdir /tmp/x
}

test_nested() {
	local seen

	seen=$(su alice -c "readlink /proc/self/ns/pid
		ptytalk 'Password: ' '$PASSWORD^M' -- su bob -c 'readlink /proc/self/ns/pid; ps -e -o comm=; hostname'
		"'echo back $?' | tr -d '\r')
	check_is "su in a session: a namespace of its own within" "$(grep '^pid:' <<<"$seen" | sort -u | wc -l)" 2
	check_has "su in a session: the host name is made of the session's" "$seen" '^bob-alice-shellhost$'
	check_has "su in a session: it sees its own processes" "$seen" '^nsunshare-init$'
	check_has "su in a session: and comes back" "$seen" '^back 0$'
	check_gone "su in a session: both are gone"
}

build_tool ptytalk
policy_for_users
test_from_root
test_from_user
test_hostile_caller
test_directory
test_nested
finish
