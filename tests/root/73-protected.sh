#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A session with a user namespace: its root is uid 0 to files still, and must not reach the host through /proc and /sys.
# Files are opened for writing only; nothing is ever written.
# Holds G24.
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

# inner USER: a login from inside a session of alice's with a user namespace; into $inner, what the inner one prints.
inner() {
	log_mark
	inner=$(timeout 60 pamprobe pt alice open run="timeout 30 pamprobe pt $1 open run='readlink /proc/self/ns/user' close 2>&1" close 2>&1 |
		sed '1,/^open: ms/d')
}

test_nested() {
	local keys='namespaces = [ "user", "pid" ]; no_new_privs = false;'

	policy_for_users "$keys"
	inner alice
	check_has "nested: the same user under the same profile stays" "$inner" '^open: code 0'
	check_log "nested: the log says so" 'stays in session [0-9a-f]{16}: user=alice'
	inner bob
	check_has "nested: another user can get no session from inside a user namespace" "$inner" '^open: code 4'
	check_log "nested: the log says what to do" 'has a user namespace: .*nested = "stay"'
	policy_for_users "$keys nested = \"stay\";"
	inner bob
	check_has "nested = stay: he stays" "$inner" '^open: code 0'
	check_log "nested = stay: the log says so" 'stays in session [0-9a-f]{16}: user=bob'
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
test_nested
check_gone "no session is left"
finish
