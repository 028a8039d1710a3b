#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# sudo, with and without use_pty. alice, who is in no session, becomes bob.
# Holds G1.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

TIME_MAX=5

# as_bob ARG...: what a hanging sudo gives is 124.
as_bob() {
	timeout -k 1 $TIME_MAX runuser -u alice -- sudo -n -u bob "$@"
}

# The same on a terminal, where use_pty matters.
as_bob_on_terminal() {
	ptytalk -- timeout -k 1 --foreground $TIME_MAX runuser -u alice -- sudo -n -u bob "$@" | tr -d '\r'
	return "${PIPESTATUS[0]}"
}

sudoers() {
	printf '%s\n' "Defaults $1" 'alice ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/test
	chmod 0440 /etc/sudoers.d/test
}

# test_door NAME: under either setting, the same.
test_door() {
	local door=$1 run kind seen

	for run in as_bob as_bob_on_terminal; do
		log_mark
		door="$1, $run"
		seen=$($run sh -c 'for k in mnt ipc uts pid; do echo $k $(readlink /proc/self/ns/$k); done; id -un; stat -f -c %T /tmp')
		for kind in mnt ipc uts; do
			check_isnt "$door: the $kind namespace is the session's own" \
				"$(sed -n "s/^$kind //p" <<<"$seen")" "$(namespace $kind)"
		done
		check_is "$door: the pid namespace is the caller's" "$(sed -n 's/^pid //p' <<<"$seen")" "$(namespace pid)"
		check_has "$door: it is bob" "$seen" '^bob$'
		check_has "$door: /tmp is private" "$seen" '^tmpfs$'
		check_log "$door: the session is logged, without pid" 'opened: .*user=bob service=sudo .*namespaces=mount,ipc,uts init=0'
		check_log "$door: its end too" 'closed: .*user=bob service=sudo'
		check_gone "$door: the helper is gone"
		check_is "$door: the exit status comes through" "$($run sh -c 'exit 42'; echo $?)" 42
		check_is "$door: that of a killed command too" "$($run sh -c 'kill -9 $$' >/dev/null 2>&1; echo $?)" 137
	done
	check_is "$1: input comes through" "$(echo text | as_bob cat)" text
	check_is "$1: Ctrl-C ends the command" "$(ptytalk going '^C' -- timeout -k 1 --foreground $TIME_MAX \
		runuser -u alice -- sudo -n -u bob sh -c 'echo going; exec sleep 1000' >/dev/null; echo $?)" 130
	check_is "$1: sudo -i, whose service is another" "$(as_bob -i sh -c 'readlink /proc/self/ns/pid; pwd')" \
		"$(namespace pid)"$'\n'/home/bob
	check_is "$1: the working directory is kept" "$(cd /srv && as_bob pwd)" /srv
	check_is "$1: sudo to root is left alone" \
		"$(timeout $TIME_MAX runuser -u alice -- sudo -n readlink /proc/self/ns/mnt)" "$(namespace mnt)"
	check_is "$1: a background command does not keep sudo" "$(as_bob sh -c 'sleep 3 >/dev/null 2>&1 & echo started')" started
	pkill -x sleep # nobody ends it where there is no pid namespace: documented
}

test_named_literally() {
	policy <<<'rules = ( { user = "bob"; service = "sudo"; profile = "default"; } );'
	sudoers '!use_pty'
	log_mark
	check_is "sudo named literally: PID 1 is nsunshare-init" "$(as_bob cat /proc/1/comm)" nsunshare-init
	check_log "sudo named literally: logged with pid" 'opened: .*service=sudo .*namespaces=[a-z,]*pid'
	check_is "sudo named literally: the exit status comes through" "$(as_bob sh -c 'exit 42'; echo $?)" 42
	check_gone "sudo named literally: the session is gone"
	sudoers use_pty
	check_is "sudo named literally, use_pty: a command that is not stopped works" \
		"$(as_bob_on_terminal sh -c 'cat /proc/1/comm; exit 42'; echo $?)" $'nsunshare-init\n42'
	check_gone "sudo named literally, use_pty: the session is gone"
	policy_for_users
}

build_tool ptytalk
policy_for_users
sudoers use_pty
test_door "sudo, use_pty"
sudoers '!use_pty'
test_door "sudo, no use_pty"
test_named_literally
finish
