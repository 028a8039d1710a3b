#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the second reader of the module found (docs/design.md, facts u to y), each as a test.
# shellcheck disable=SC2016,SC2119,SC2317 # functions are called by name, by wait_until; text for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# The score of PID 1 is its own: while it shares the caller's memory, the kernel would give it to the caller too.
test_oom_score_of_caller() {
	local i hogs=() others=0

	for i in 1 2; do
		while :; do :; done &
		hogs+=($!)
	done
	for ((i = 0; i < 40; i++)); do
		[ "$(choom -n 500 -- pamprobe pt alice open run='cat /proc/self/oom_score_adj' close | grep -v :)" = 500 ] || others=$((others + 1))
	done
	kill "${hogs[@]}"
	wait "${hogs[@]}" 2>/dev/null
	check_is "the caller's and the session's oom_score_adj stays as it was, on a busy machine, 40 times" "$others" 0
}

# No process of root's may stay stopped, whatever a user does to his su's intermediate.
test_stopped_intermediate() {
	local out

	out=$(timeout 200 runuser -u alice -- stopper 100 pamprobe-su pt bob open close)
	check_has "C-51 a user stops the intermediate, kills his su, and races: it was caught (control): $out" "$out" '^caught [1-9]'
	check_has "C-51 a user stops the intermediate, kills his su, and races: never root's and stopped" "$out" ' won 0$'
	check_gone "C-51 a user stops the intermediate: nothing is left"
	check_is "C-51 a user stops the intermediate: no stopped process of root's" "$(ps -e -o ruid=,stat=,comm= | awk '$1 == 0 && $2 ~ /^T/')" ""
}

# Numbers of another pid namespace are strangers'.
test_foreign_children() {
	local outside inside out

	unshare --pid --fork --kill-child sh -c 'sleep 300 & wait' &
	outside=$!
	wait_until 50 pgrep -P $outside
	inside=$(pgrep -P $outside)
	log_mark
	out=$(nsenter --target "$inside" --pid --no-fork pamprobe pt alice open 2>&1)
	check_has "a caller whose children go to another pid namespace: refused" "$out" '^open: code 4$'
	check_log "a caller whose children go to another pid namespace: the log says why" \
		"refused: .*the caller's children are in another pid namespace than itself"
	kill -9 $outside # it blocks SIGTERM
	wait $outside 2>/dev/null
}

test_raw_child() {
	local out

	out=$(pamprobe pt alice open raw-close run='cat /proc/1/comm' close)
	check_has "a close by a child of which the C library knows nothing: does nothing" "$out" '^raw-close: status 0$'
	check_has "a close by a child of which the C library knows nothing: the session goes on" "$out" '^nsunshare-init$'
	check_has "a close by a child of which the C library knows nothing: the opener closes it" "$out" '^close: code 0$'
	check_gone "a close by a child of which the C library knows nothing: then it is gone"
}

# A user with a cgroup of his own may freeze PID 1 in it.
test_frozen_pid1() {
	local cgroup=/srv/cgroup frozen opener

	mkdir -p $cgroup
	if ! mount -t cgroup2 cgroup $cgroup 2>/dev/null; then
		skip "C-98 PID 1 frozen in a cgroup v2" "no cgroup v2 can be mounted here"
		return
	fi
	frozen=$(mktemp -d "$cgroup/nsunshare-test.XXXXXX")
	pamprobe pt alice open start='sleep 1000' sleep=1000 close reap sleep=3000 >/dev/null &
	opener=$!
	wait_until 50 pid1s
	pid1s >"$frozen/cgroup.procs"
	echo 1 >"$frozen/cgroup.freeze"
	sleep 1.5
	check "C-98 PID 1 frozen in a cgroup v2: ends at the close all the same" wait_until 10 no_pid1
	kill $opener
	wait $opener 2>/dev/null
	echo 0 >"$frozen/cgroup.freeze"
	wait_until 20 rmdir "$frozen"
	umount $cgroup
}

build_tool pamprobe -lpam -lpthread
build_tool stopper
install -m 4755 /usr/local/bin/pamprobe /usr/local/bin/pamprobe-su
policy_for_users
test_oom_score_of_caller
test_stopped_intermediate
test_foreign_children
test_raw_child
test_frozen_pid1
finish
