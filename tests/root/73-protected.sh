#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A session with a user namespace: its root is uid 0 to files still, and must not reach the host through /proc and /sys.
# Files are opened for writing only; nothing is ever written.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# In the session, try PLACE...: each is opened for writing; says what came of it.
readonly TRY='try() { for f; do [ -e "$f" ] || continue; if (exec 3>>"$f") 2>/dev/null; then echo "$f: open"; else
	sh -c "exec 3>>$f" 2>&1 | sed "s,.*: ,$f: ,"; fi; done; }; '
readonly PLACES='sys/kernel/core_pattern sys/kernel/modprobe sys/vm/drop_caches sysrq-trigger irq/default_smp_affinity'
# Another proc, or sysfs, without what is read-only over it.
readonly ANEW='for how in -m -mpf -mnpf -mUrpf -mUrnpf; do for type in proc sysfs; do
	unshare $how sh -c "mount -t $type another /srv/q && ls /srv/q" >/dev/null 2>&1 && echo "$how $type: mounted"; done; done; '

# protects NAME KEYS [PROC...]: with these keys nothing below any of these procs (/proc) can be opened for writing.
protects() {
	local name=$1 keys=$2 proc place list='/sys/power/state /sys/kernel/profiling /sys/kernel/uevent_helper'
	shift 2

	[ $# -gt 0 ] || set -- /proc
	for proc; do
		for place in $PLACES; do
			list+=" $proc/$place"
		done
	done
	policy_for_users "$keys"
	out=$(timeout 60 pamprobe pt alice open run="${TRY}id -u; try $list; touch /sys/x 2>&1; ${ANEW}true" close 2>&1)
	check_has "$name: the session opens" "$out" '^open: code 0'
	check_has "$name: who looks is its root" "$out" '^0$'
	for proc; do
		check_has "$name: $proc/sys is read-only" "$out" "^$proc/sys/kernel/core_pattern: Read-only file system"
		[ ! -e /proc/sysrq-trigger ] ||
			check_has "$name: $proc/sysrq-trigger is read-only" "$out" "^$proc/sysrq-trigger: Read-only file system"
	done
	check_hasnt "$name: nothing could be opened for writing" "$out" ': open$|Permission denied'
	check_has "$name: /sys is read-only" "$out" "touch: .*/sys/x'?: Read-only file system"
	check_hasnt "$name: no other proc or sysfs can be mounted" "$out" ': mounted$'
}

# What is tried above can be done without a user namespace: the checks can fail.
test_without() {
	policy_for_users 'namespaces = [ "pid" ];'
	out=$(timeout 60 pamprobe pt alice open run="${TRY}try /proc/sys/kernel/core_pattern; ${ANEW}true" close 2>&1)
	check_has "without user: the file can be opened for writing" "$out" '^/proc/sys/kernel/core_pattern: open$'
	check_has "without user: another proc can be mounted" "$out" '^-mpf proc: mounted$'
}

build_tool pamprobe -lpam -lpthread
install -d /srv/p /srv/q
test_without
protects "user alone" 'namespaces = [ "user" ];'
protects "user and pid" 'namespaces = [ "user", "pid" ];'
protects "user and net" 'namespaces = [ "user", "net" ];'
protects "user, propagation slave" 'namespaces = [ "user", "pid" ]; propagation = "slave";'
protects "user, a proc elsewhere" 'namespaces = [ "user", "pid" ]; proc = { path = "/srv/p"; };' /proc /srv/p
protects "user and all the others" 'namespaces = [ "user", "pid", "cgroup", "ipc", "uts", "net", "time" ];'
check_gone "no session is left"
finish
