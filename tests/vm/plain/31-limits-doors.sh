#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Limits where no systemd runs the host: by every door, in another parent, and what a killed PID 1 leaves.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2034,SC2119,SC2317 # limits.inc uses them; functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"

# What a killed PID 1 leaves, the next open sweeps away; what is not ours stays.
test_sweep() {
	local dir

	limited
	check "sweep: a login" start_login alice 1020
	dir=$(limits_of 1020)
	mkdir $CGROUPS/nsunshare/of-somebody-else
	kill -KILL "$(pid1s)"
	check "sweep: PID 1 is killed" wait_until 100 no_pid1
	end_logins
	check "sweep: the cgroup is left" test -d "$dir"
	wait_until 100 test "$(wc -l <"$dir/session/cgroup.procs")" = 0
	timeout 60 ssh alice@127.0.0.1 true </dev/null
	check "sweep: the next open removes it" wait_until 50 is_gone "$dir"
	check "sweep: what is somebody else's stays" rmdir $CGROUPS/nsunshare/of-somebody-else
}

test_parent() {
	local out

	limited "$FIVE" "limits = { tasks = 50; parent = \"/upper/lower\"; };"
	check "another parent: a login" start_login alice 1021
	check_has "another parent: is made" "$(cgroup_of 1021)" '^/upper/lower/[0-9a-f]{16}/session$'
	check_is "another parent: only the controller that is needed" "$(<$CGROUPS/upper/cgroup.subtree_control)" pids
	end_logins
	check_gone "another parent: no PID 1 is left"
	rmdir $CGROUPS/upper/lower
	# the caller's own processes are in it
	sh -c "echo \$\$ >$CGROUPS/upper/cgroup.procs; exec sleep 1022" &
	logins+=($!)
	wait_until 100 test -s $CGROUPS/upper/cgroup.procs
	echo -pids >$CGROUPS/upper/cgroup.subtree_control
	log_mark
	out=$(timeout 60 pamprobe pt alice open 2>&1)
	check_has "a parent with processes: refused" "$out" '^open: code 4'
	check_log "a parent with processes: the log says why" "the cgroup '/upper(/lower)?', or one above it, has processes of its own.*limits.parent"
	end_logins
	rmdir $CGROUPS/upper/lower $CGROUPS/upper
	mkdir $CGROUPS/upper
	chown alice $CGROUPS/upper
	out=$(timeout 60 pamprobe pt alice open 2>&1)
	check_log "a parent of another's: refused" "the cgroup '/upper' is not trusted"
	rmdir $CGROUPS/upper
}

build_tool pamprobe -lpam -lpthread
start_sshd
cron -f &
services+=($!)
test_doors
test_sweep
test_parent
check_is "no cgroup is left" "$(cgroups_left)" 0
finish
