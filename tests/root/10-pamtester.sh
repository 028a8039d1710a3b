#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The module alone: what it does to its caller, and what it must not. pamprobe.c is the caller.
# Holds G2 G4 G6 G11 G13.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

CLOSE_MS_MAX=50

# probe STEP...: as alice, into $out.
probe() {
	log_mark
	out=$(pamprobe pt alice "$@" 2>&1)
}

# The lines of one step, or one state.
of() {
	sed -n "s/^$1: //p" <<<"$out"
}

code_of() {
	of "$1" | sed -n 's/^code //p' | paste -sd ' '
}

ms_of() {
	of "$1" | sed -n 's/^ms //p' | sort -n | tail -1
}

# A state without what a session may change of its opener: its namespaces, and the descriptors it holds.
without_ours() {
	of "$1" | grep -Ev '^(namespace (mnt|ipc|uts|pid_for_children)|descriptor) '
}

# The kinds, in the policy's words, that differ between two states.
changed_namespaces() {
	diff <(of "$1" | grep '^namespace') <(of "$2" | grep '^namespace') |
		sed -n 's/^> namespace \([a-z_]*\) .*/\1/p' | sed 's/^mnt$/mount/; s/^pid_for_children$/pid/' |
		sort | paste -sd ' '
}

test_pamtester() {
	log_mark
	check "pamtester: open, close, open, close in one process" \
		pamtester pt alice open_session close_session open_session close_session
	check_is "pamtester: both sessions are logged as opened" "$(log_count ' opened: id=')" 2
	check_is "pamtester: both sessions are logged as closed" "$(log_count ' closed: id=')" 2
	check_log "pamtester: the log line has the fields an administrator needs" \
		'opened: id=[0-9a-f]{16} user=alice service=pt profile=default rule=/etc/security/nsunshare.conf:[0-9]+ namespaces=[a-z,]+ init=[0-9]+ took_us=[0-9]+ joined=no'
}

test_caller() {
	probe state=before open state=during child run='readlink /proc/self/fd/*' close state=after
	check_is "caller: open and close succeed" "$(code_of open) $(code_of close)" "0 0"
	check_is "caller: open changes nothing but namespaces and descriptors" "$(without_ours during)" "$(without_ours before)"
	check_is "caller: close puts everything back" "$(of after)" "$(of before)"
	check_is "caller: a forked child holds no descriptor of ours" \
		"$(of child)" "$(of before | grep '^descriptor')"
	check_hasnt "caller: a program it starts holds no descriptor of ours" "$out" '^(mnt|pid|ipc|uts|socket|anon_inode):'

	probe state=before open close open close open close state=after
	check_is "caller: three sessions in one process end where it began" "$(of after)" "$(of before)"

	probe state=before open end state=after
	check_is "caller: pam_end without close leaves no descriptor" \
		"$(of after | grep '^descriptor')" "$(of before | grep '^descriptor')"
}

test_doubled() {
	probe state=before open state=once open state=twice close state=closed close state=after
	check_is "doubled: all four calls succeed" "$(code_of open) $(code_of close)" "0 0 0 0"
	check_is "doubled: the second open changes nothing" "$(of twice)" "$(of once)"
	check_is "doubled: one session is opened" "$(log_count ' opened: id=')" 1
	check_is "doubled: the first close ends it" "$(of closed)" "$(of before)"
	check_is "doubled: the second close changes nothing" "$(of after)" "$(of before)"

	probe state=before open user=bob open close state=after
	check_is "doubled for another user: the second open is refused" "$(code_of open)" "0 4"
	check_log "doubled for another user: the log says why" 'refused: user=bob .* of user alice open already'
	check_is "doubled for another user: close puts everything back" "$(of after)" "$(of before)"
}

test_environment() {
	local id

	probe env=NSUNSHARE_ID open env=NSUNSHARE_ID close env=NSUNSHARE_ID
	id=$(log_new | sed -n 's/.* opened: id=\([0-9a-f]*\) .*/\1/p')
	check_is "environment: NSUNSHARE_ID is there while the session is, and is the logged one" \
		"$(of env | paste -sd ' ')" "NSUNSHARE_ID - NSUNSHARE_ID $id NSUNSHARE_ID -"
}

test_refused() {
	policy <<<'rules = ( nonsense'
	probe state=before open env=NSUNSHARE_ID state=after
	check_is "refused: PAM_SYSTEM_ERR (4), which sudo takes for a refusal" "$(code_of open)" 4
	check_is "refused: nothing of the caller has changed" "$(of after)" "$(of before)"
	check_is "refused: no NSUNSHARE_ID" "$(of env)" "NSUNSHARE_ID -"
	check_has "refused: the user is told in one sentence" "$out" '^message: This session could not be isolated'
	probe state=before open close state=after
	check_is "refused: a close after it changes nothing" "$(of after)" "$(of before)"
	check_hasnt "refused: and closes nothing" "$(log_new)" ' closed: '
	policy_for_users
}

# The milliseconds of close, into $ms: the least of three tries, as a busy machine adds its own.
probe_close() {
	local tries=3

	while probe "$@"; ms=$(ms_of close); [ "$ms" -ge $CLOSE_MS_MAX ] && [ $((--tries)) -gt 0 ]; do
		wait_until 50 no_pid1
	done
}

test_close_time() {
	local ms

	probe_close open zombie close reap
	check "close: returns within $CLOSE_MS_MAX ms with an unreaped child (took $ms)" test "$ms" -lt $CLOSE_MS_MAX
	check_gone "close: with an unreaped child, the session is gone when that is reaped"

	probe_close open run='for i in $(seq 50); do setsid sleep 1000 >/dev/null 2>&1 & done' close
	check "close: returns within $CLOSE_MS_MAX ms with 50 processes inside (took $ms)" test "$ms" -lt $CLOSE_MS_MAX
	check_gone "close: the 50 processes are gone"
}

test_strange_callers() {
	probe subreaper state=before open state=during close sleep=300 state=after
	check_is "subreaper: the helper is not its child" "$(without_ours during)" "$(without_ours before)"
	check_is "subreaper: nor is anything left to it" "$(of after)" "$(of before)"

	mkdir -p /srv/jail
	probe state=before open chroot=/srv/jail close state=after
	check_is "chroot after the open: the caller stays in its chroot" "$(changed_namespaces before after)" mount
	check_log "chroot after the open: the log says so" 'stays inside of it: it has chrooted itself since'
	check_gone "chroot after the open: the session has ended"
}

# What PID 1 keeps, seen from inside and from the host.
test_pid1() {
	local pid status

	rm -f /root/ready
	pamprobe pt alice open run='cat /proc/1/status; touch /root/ready; sleep 1' close >"$OUTPUT" 2>&1 &
	wait_until 20 test -e /root/ready
	pid=$(pid1s)
	status=$(sed -n 's/^\(Name\|Uid\|CapEff\|CapPrm\|NoNewPrivs\|Seccomp\):[[:space:]]*//p' "/proc/$pid/status" | tr '\t' ' ')
	check_is "PID 1: root, no capability, no_new_privs, a filter of system calls" "$status" \
		"$(printf '%s\n' nsunshare-init '0 0 0 0' 0000000000000000 0000000000000000 1 2)"
	check_is "PID 1: its descriptors are /dev/null, the registry, its sockets, its own and the opener's pidfd" \
		"$(find "/proc/$pid/fd" -type l -printf '%l\n' | cut -d: -f1 | sort | uniq -c | tr -s ' ')" \
		"$(printf ' %s\n' '3 /dev/null' '1 /run/nsunshare' '2 anon_inode' '2 socket')"
	check_is "PID 1: its environment is empty" "$(wc -c <"/proc/$pid/environ")" 0
	check_is "PID 1: no core dumps" "$(sed -n 's/^Max core file size *\([0-9]*\) .*/\1/p' "/proc/$pid/limits")" 0
	rm -f /root/ready
	wait_until 30 no_pid1
}

# Each subset, given as "mount ipc uts pid" with some left out.
test_subsets() {
	local number kind wanted list

	for number in {1..15}; do
		wanted=''
		for kind in ipc:1 mount:2 pid:4 uts:8; do
			((number & ${kind#*:})) && wanted+="${wanted:+ }${kind%:*}"
		done
		list=$(sed 's/[a-z]\+/"&"/g; s/ /, /g' <<<"$wanted")
		policy_for_users "namespaces = [ $list ];"
		# the fresh /proc of a pid namespace needs a mount namespace
		[[ $wanted == *pid* && $wanted != *mount* ]] && wanted=$(tr ' ' '\n' <<<"$wanted mount" | sort | paste -sd ' ')
		probe state=before open state=during run=true close state=after
		check_is "subset [ $list ]: exactly ${wanted// /, }" "$(changed_namespaces before during)" "$wanted"
		check_is "subset [ $list ]: close puts everything back" "$(of after)" "$(of before)"
	done
	check_gone "subsets: no helper is left"
	policy_for_users
}

# A process inside writes where the host sees it. It keeps nothing of the test open, which would wait for it.
test_stop_timeout() {
	local grace='exec >/dev/null 2>&1; trap "sleep 0.2; echo had its grace >>/root/grace; exit" TERM; echo ready >/root/grace; while :; do sleep 0.05; done'
	local deaf='exec >/dev/null 2>&1; trap "" TERM; echo ready >/root/grace; while :; do sleep 0.05; done'
	local ms

	policy_for_users 'base = "default"; stop_timeout = 800;'
	rm -f /root/grace
	probe open start="$grace" sleep=300 close state=after
	ms=$(ms_of close)
	check "stop_timeout: close does not wait for it (took $ms ms)" test "$ms" -lt $CLOSE_MS_MAX
	wait_until 15 no_pid1
	check_has "stop_timeout: a process that handles SIGTERM gets its time" "$(</root/grace)" '^had its grace$'

	rm -f /root/grace
	probe open start="$deaf" sleep=300 close
	check "stop_timeout: a process that ignores SIGTERM lives on for it" pid1s
	check "stop_timeout: and dies after it" wait_until 15 no_pid1

	policy_for_users
	rm -f /root/grace
	probe open start="$grace" sleep=300 close
	check_gone "stop_timeout 0: all is gone at once"
	check_is "stop_timeout 0: there is no grace" "$(</root/grace)" ready
}

# Mounts made after the session began: on the host while it lasts, and in it.
test_propagation() {
	local kind=$1 expected=$2 inside probe_pid

	policy_for_users "base = \"default\"; propagation = \"$kind\";"
	mkdir -p /srv/from-host /srv/from-session
	rm -f /root/seen
	pamprobe pt alice open run='mount -t tmpfs inner /srv/from-session; touch /root/ready; sleep 1
		grep -c " /srv/from-host " /proc/self/mountinfo >/root/seen' close >"$OUTPUT" 2>&1 &
	probe_pid=$!
	wait_until 20 test -e /root/ready
	mount -t tmpfs outer /srv/from-host
	inside=$(grep -c ' /srv/from-session ' /proc/self/mountinfo)
	wait $probe_pid
	umount /srv/from-host
	rm -f /root/ready
	check_is "propagation $kind: a later mount of the host is seen inside: $expected" "$(</root/seen)" "$expected"
	check_is "propagation $kind: a mount of the session is not seen on the host" "$inside" 0
}

build_tool pamprobe -lpam -lpthread
policy_for_users
test_pamtester
test_caller
test_doubled
test_environment
test_refused
test_close_time
test_strange_callers
test_pid1
test_subsets
test_stop_timeout
test_propagation private 0
test_propagation slave 1
finish
