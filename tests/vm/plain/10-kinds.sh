#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each kind of namespaces, and all, through sshd on the guest's kernel, which is older than those that the rest is tried on.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

# check_kinds NAME KINDS: which namespaces are the session's own.
check_kinds() {
	check_is "$1" "$(own_kinds "$(timeout 60 ssh alice@127.0.0.1 "cd /proc/self/ns && readlink $KINDS" </dev/null 2>&1)")" "$2"
}

# mount is implied by most kinds, and so with each.
test_kinds() {
	local kind

	for kind in ipc uts pid net user cgroup time; do
		policy_for_users "namespaces = [ \"mount\", \"$kind\" ];"
		check_kinds "ssh, mount and $kind" "mnt $kind"
	done
	policy_for_users 'base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net", "user", "cgroup", "time" ];'
	check_kinds "ssh, all eight" "$KINDS"
}

test_cgroups() {
	check_is "cgroup v2 is on /sys/fs/cgroup" "$(findmnt -rno FSTYPE /sys/fs/cgroup)" cgroup2
	check_has "the controllers of limits are there" "$(</sys/fs/cgroup/cgroup.controllers)" '(.*\<(cpu|memory|pids)\>){3}'
	check_fails "systemd does not run" with_systemd
}

build_tool pamprobe -lpam -lpthread
test_cgroups
start_sshd
test_kinds
check_gone "ssh: the session is gone"
finish
