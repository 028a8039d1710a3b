#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The fail-safe drill: the host has no room, no processes or no namespaces to give.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../drill.inc"
build_tool ptytalk -lutil -DTIME_LIMIT=200

# /run as it is after a while without anybody who looks: it takes no file more. Its options are put back afterwards.
# A set that users share must be known there, and is refused; a session of its own only goes without being listed.
fill_inodes() {
	policy_for_users 'base = "default"; scope = "user";'
	fill_all_inodes
}

# What others give back meanwhile is taken at once.
keep_full() {
	local n=0

	while sleep 0.02; do
		while true 2>/dev/null >"/run/filler-$n"; do
			n=$((n + 1))
		done
	done
}

fill_all_inodes() {
	mount -o "remount,nr_inodes=$(df --output=iused /run | tail -n 1 | xargs)" /run
	keep_full &
	filler=$!
}

mend_run() {
	[ -z "$filler" ] || { kill "$filler" && wait "$filler"; } 2>/dev/null
	filler=''
	rm -f /run/filler-*
	cp -a $DRILL/policy "$POLICY"
	mount -o "remount,$RUN_OPTIONS" /run
}

no_namespaces() {
	sysctl -qw user.max_pid_namespaces=0
}

mend_namespaces() {
	sysctl -qw "user.max_pid_namespaces=$MAX_PID_NAMESPACES"
}

file_for_directory() {
	rm -rf /run/nsunshare
	echo file >/run/nsunshare
}

mend_directory() {
	rm -f /run/nsunshare
}

no_processes() {
	systemctl start user-1501.slice
	systemctl set-property --runtime user-1501.slice TasksMax=1
}

mend_processes() {
	systemctl set-property --runtime user-1501.slice TasksMax=infinity
	systemctl revert user-1501.slice
}

# No blocks: what needs none goes on.
test_no_blocks() {
	local size

	size=$(df --output=used /run | tail -n 1)
	mount -o "remount,size=$((size))k" /run
	head -c 1M /dev/zero >/run/full-now 2>/dev/null
	check_is "no blocks in /run: nothing can be written there" "$(stat -c %s /run/full-now)" 0
	try_logins
	echo "# alice: $(<$DRILL/alice)"
	check_others_get_in "no blocks in /run"
	place=$(pid1_of alice)
	mend_run
	rm -f /run/full-now
	check_is "no blocks in /run: alice is isolated, for that needs none" "$place" nsunshare-init
}

# Without processes nobody could log in with or without the module, and sshd has none to tell alice: but nobody is half in.
test_no_processes() {
	log_mark
	no_processes
	try_logins
	mend_processes
	check_refused "no processes for alice" ''
	check_others_get_in "no processes for alice"
	check_has "no processes for alice: the log says why" "$(log_new)" 'refused: user=alice service=sshd: .*(pids.max|TasksMax|process|fork|clone)'
	check_is "no processes for alice: then she is isolated again" "$(pid1_of alice)" nsunshare-init
}

test_unlisted() {
	local place

	fill_all_inodes
	place=$(pid1_of alice)
	mend_run
	check_is "no inode in /run, a session that nobody joins: alice is isolated" "$place" nsunshare-init
}

filler='' # a process
RUN_OPTIONS=$(findmnt -no FS-OPTIONS /run | grep -o 'size=[^,]*,nr_inodes=[^,]*')
MAX_PID_NAMESPACES=$(sysctl -n user.max_pid_namespaces)
readonly RUN_OPTIONS MAX_PID_NAMESPACES
begin_drill
drill "no inode in /run" fill_inodes mend_run 'refused: user=alice service=sshd: .*/run/nsunshare'
test_unlisted
test_no_blocks
drill "no pid namespaces" no_namespaces mend_namespaces 'refused: user=alice service=sshd: .*user\.max_\*_namespaces'
drill "a file for /run/nsunshare" file_for_directory mend_directory 'refused: user=alice service=sshd: .*/run/nsunshare'
rm -rf /run/nsunshare
check_is "without /run/nsunshare alice is isolated" "$(pid1_of alice)" nsunshare-init
check_is "which has made it again" "$(stat -c '%U %a' /run/nsunshare)" "root 700"
test_no_processes
end_drill
finish
