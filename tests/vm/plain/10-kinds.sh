#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The same without systemd: sshd alone, on the guest's kernel; and cgroup v2 as the tests of limits need it.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

readonly LOOK='for kind in mnt ipc uts pid net user cgroup time; do echo $kind $(readlink /proc/self/ns/$kind); done; echo end'

test_kinds() {
	local kind text
	policy_for_users 'base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net", "user", "cgroup", "time" ];'
	text=$(timeout 60 ssh alice@127.0.0.1 "$LOOK" </dev/null 2>&1)
	check_has "ssh, all eight: the login comes to its end" "$text" '^end$'
	for kind in $KINDS; do
		check_isnt "ssh, all eight: the $kind namespace is the session's own" "$(sed -n "s/^$kind //p" <<<"$text")" "$(namespace "$kind")"
	done
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
