#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# login(1) on a terminal, with a password.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# log_in_and TYPED...: log in as alice, type each line at a prompt; what the terminal shows is in $out.
log_in_and() {
	local line talk=()

	for line in "$@"; do
		talk+=('$ ' "$line^M")
	done
	log_mark
	out=$(ptytalk 'login: ' 'alice^M' 'Password: ' "$PASSWORD^M" "${talk[@]}" -- login | tr -d '\r')
}

test_isolation() {
	local kind

	log_in_and 'for k in mnt ipc uts pid; do echo is-$k $(readlink /proc/self/ns/$k); done' \
		'echo pid1-$(cat /proc/1/comm) host-$(hostname)' 'seen=$(ps -e -o comm=); echo seen-$(sort -u <<<"$seen" | paste -sd,)' \
		'echo home-$PWD tty-$(tty) tmp-$(stat -f -c %T /tmp)' 'echo id-${#NSUNSHARE_ID}' \
		'setsid sleep 1000 & nohup sleep 1001 &' 'exit'
	for kind in mnt ipc uts pid; do
		check_isnt "login: the $kind namespace is the session's own" \
			"$(sed -n "s/^is-$kind //p" <<<"$out")" "$(namespace $kind)"
	done
	check_has "login: PID 1 is nsunshare-init, the host name the template's" "$out" '^pid1-nsunshare-init host-alice-shellhost'
	check_has "login: ps shows the session's processes only" "$out" '^seen-bash,nsunshare-init,ps$'
	check_has "login: at home, on the terminal, with a private /tmp" "$out" '^home-/home/alice tty-/dev/pts/[0-9]+ tmp-tmpfs'
	check_has "login: NSUNSHARE_ID is in the environment" "$out" '^id-16'
	check_log "login: the session is logged" 'opened: id=[0-9a-f]{16} user=alice service=login '
	check_gone "login: the session is gone after logout, with what ran in the background"
	check_fails "login: and none of that is left" pgrep -x sleep
	check_log "login: its end is logged" 'closed: id=[0-9a-f]{16} user=alice service=login'
}

test_terminal() {
	out=$(ptytalk 'login: ' 'alice^M' 'Password: ' "$PASSWORD^M" '$ ' 'echo go""ing; sleep 1000^M' going '^C' \
		'$ ' 'echo go""ing; sleep 1000^M' going '^Z' Stopped 'kill %1^M' '$ ' 'exit^M' Terminated 'exit^M' -- login)
	check_has "login: Ctrl-C and Ctrl-Z reach the command" "$out" 'Stopped'
	check_gone "login: the session is gone after logout"
}

# test_end NAME SIGNAL PROGRAM: the session does not outlive its terminal, nor its opener.
test_end() {
	ptytalk 'login: ' 'alice^M' 'Password: ' "$PASSWORD^M" '$ ' 'trap "" HUP; sleep 1000; exec sleep 1001^M' -- login >/dev/null &
	wait_until 50 pgrep -x sleep
	pkill "-$2" -x "$3"
	check_gone "login: $1: the session is gone"
	check_fails "login: $1: and what ran in it" pgrep -x sleep
	wait $!
}

test_left_alone() {
	policy <<<'rules = ( { user = "alice"; service = "sshd"; profile = "default"; } );'
	log_in_and 'echo is-$(readlink /proc/self/ns/pid)' 'exit'
	check_has "login: left alone where no rule matches" "$out" "^is-$(namespace pid | sed 's/[][]/\\&/g')"
	policy_for_users
}

build_tool ptytalk
policy_for_users
test_isolation
test_terminal
test_end "its opener is killed" KILL login
test_end "the terminal hangs up" TERM ptytalk
test_left_alone
finish
