#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Thousands of sessions: nothing of memory, descriptors, processes, mounts or kernel objects grows; valgrind finds nothing;
# many openers at once have no error. NSU_SOAK_SECONDS (20, by sandbox.sh) is how long these go on; `make soak` takes two minutes.
# Holds G15.
# Alone: it counts objects of the kernel.
# shellcheck disable=SC2119,SC2317 # functions are called by name, by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly SECONDS_AT_ONCE=$NSU_SOAK_SECONDS OPENERS=64 USERS=16
readonly CYCLES_UNDER_VALGRIND=1000
# All kinds but user, out of which a process can not come back for its next cycle.
readonly SEVEN_KINDS='base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time" ];'
# What a session is made of in the kernel; the machine gives them back a little later, and keeps some in reserve.
readonly SLABS='mnt_cache mnt_ns uts_namespace pid_namespace pid_2 pid task_struct mm_struct shmem_inode_cache proc_inode_cache mqueue_inode_cache sock_inode_cache filp cred_jar nsproxy net_namespace'
readonly SLAB_NOISE=500 # objects; one a session would be 19,000

# NAME COUNT, a line for each.
objects() {
	local name

	echo 3 >/proc/sys/vm/drop_caches
	sleep 2 # RCU, and workqueues
	echo 3 >/proc/sys/vm/drop_caches
	for name in $SLABS; do
		awk -v name="$name" '$1 == name { print name, $2 }' /proc/slabinfo
	done
}

# test_growth WHAT WARM_UP CYCLES
test_growth() {
	local before name count was

	check "$1: the first $2 are opened and closed" timeout 120 cycles pt alice "$2"
	if [ ! -r /proc/slabinfo ]; then
		skip "$1: kernel objects" "there is no /proc/slabinfo here"
	fi
	before=$(objects)
	check "$1: $3 in one process are opened and closed" timeout 300 cycles pt alice "$3"
	check "$1: no PID 1 is left" wait_until 50 no_pid1
	while read -r name count; do
		was=$(sed -n "s/^$name //p" <<<"$before")
		check "$1: as many $name as after $2, $was and $count" test "$count" -lt $((was + SLAB_NOISE))
	done <<<"$(objects)"
}

test_valgrind() {
	local out

	if [ "$VARIANT" = asan ]; then
		skip "valgrind: $CYCLES_UNDER_VALGRIND cycles" "the sanitizers have looked already"
		return
	fi
	if ! command -v valgrind >/dev/null; then
		skip "valgrind: $CYCLES_UNDER_VALGRIND cycles" "there is no valgrind here"
		return
	fi
	gcc -std=gnu11 -D_GNU_SOURCE -O1 -shared -fPIC -o /usr/local/lib/valgrind_calls.so "$HERE/valgrind_calls.c" -ldl
	out=$(LD_PRELOAD=/usr/local/lib/valgrind_calls.so timeout 300 valgrind --leak-check=full --show-leak-kinds=all \
		--track-fds=yes --error-exitcode=99 cycles pt alice "$CYCLES_UNDER_VALGRIND" 2>&1)
	check_is "valgrind: $CYCLES_UNDER_VALGRIND cycles end well" "$?" 0
	check_has "valgrind: all of them were opened (control)" "$out" "^$CYCLES_UNDER_VALGRIND\$"
	check_has "valgrind: no errors" "$out" 'ERROR SUMMARY: 0 errors from 0 contexts'
	check_has "valgrind: nothing lost" "$out" 'All heap blocks were freed|definitely lost: 0 bytes'
	check_is "valgrind: no descriptor of ours is open at the end" "$(grep -A3 'Open file descriptor\|Open AF_' <<<"$out" | grep -c pam_nsunshare)" 0
}

test_at_once() {
	local names i n

	for ((i = 0; i < USERS; i++)); do
		useradd -M -s /bin/bash "tenant$i"
		names+=tenant$i,
	done
	policy <<-END
		rules = ( { user = "*"; profile = "default"; } );
	END
	n=$(timeout $((SECONDS_AT_ONCE + 60)) cycles pt "${names%,}" $OPENERS "$SECONDS_AT_ONCE" 2>"$OUTPUT")
	check_is "$OPENERS openers on $USERS users for $SECONDS_AT_ONCE s: no error" "$?$(<"$OUTPUT")" 0
	check "$OPENERS openers on $USERS users for $SECONDS_AT_ONCE s: $n sessions" test "${n:-0}" -gt $((SECONDS_AT_ONCE * 10))
	check "$OPENERS openers: no PID 1 is left" wait_until 100 no_pid1
	check_is "$OPENERS openers: nothing was refused" "$(grep -c ' refused: ' "$LOG")" 0
}

build_tool cycles -lpam
policy_for_users
test_growth '20,000 cycles' 1000 20000
policy_for_users "$SEVEN_KINDS"
test_growth '3,000 cycles of seven kinds' 500 3000
policy_for_users
test_valgrind
test_at_once
finish
