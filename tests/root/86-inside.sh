#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a session can see of root's side, and do to it: its PID 1, which holds nothing of the opener, and is out of its reach.
# Holds G4 G11.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

SEEN=/srv/seen # a place that sessions and host share, and alice may write

# hold COMMAND...: it opens a session and says so by the file $SEEN/ready; then $pid1 is its PID 1. It goes on until `let_go`.
hold() {
	rm -f $SEEN/ready $SEEN/go
	"$@" >"$OUTPUT" 2>&1 </dev/null &
	held=$!
	wait_until 100 test -e $SEEN/ready
	pid1=$(pid1s)
}

let_go() {
	touch $SEEN/go
	wait $held
	wait_until 50 no_pid1
}

readonly UNTIL_GO="touch $SEEN/ready; while [ ! -e $SEEN/go ]; do sleep 0.05; done"

# The opener has files and a directory open that the programs which it starts inherit.
test_descriptors() {
	hold sh -c 'exec 7</etc/shadow 8</root 9<>/run/test-file; exec pamprobe pt alice open start="$1" "wait=$2" close' \
		sh "$UNTIL_GO" $SEEN/go
	check_is "C-64: PID 1 has /dev/null three times, its channel, the opener's pidfd, the registry, its socket and its own pidfd, though /etc/shadow was open" \
		"$(find "/proc/$pid1/fd" -type l -printf '%f %l\n' | sed 's/\[[0-9]*\]//' | sort | paste -sd ';')" \
		"0 /dev/null;1 /dev/null;2 /dev/null;3 socket:;4 anon_inode:[pidfd];5 /run/nsunshare;6 socket:;7 anon_inode:[pidfd]"
	check_is "C-64: the pidfd is that of the opener" "$(sed -n 's/^Pid:[[:space:]]*//p' "/proc/$pid1/fdinfo/4")" "$held"
	check_is "C-64: PID 1 has no file of the opener mapped, only its program" \
		"$(awk '$6 ~ /^\// { print $6 }' "/proc/$pid1/maps" | sort -u | grep -v "$HELPER\|/lib.*\.so")" ""
	let_go
}

test_memory() {
	hold env MARK=hidden-in-the-opener pamprobe pt alice open start="env -i sh -c '$UNTIL_GO'" "wait=$SEEN/go" close
	if [ "$VARIANT" = asan ]; then
		skip "S3 memory: that of the opener is not in PID 1" "the sanitizer maps terabytes, which would all be read"
	else
		check_isnt "S3 memory: what the opener has in its memory is found there (control)" \
			"$(intruder find "$held" HIDDEN-IN-THE-OPENER)" 0
		check_is "S3 memory: and not in that of PID 1" "$(intruder find "$pid1" HIDDEN-IN-THE-OPENER)" 0
	fi
	check_is "S3 environment: that of PID 1 is empty" "$(wc -c <"/proc/$pid1/environ")" 0
	check_is "S3 arguments: PID 1 has its name and nothing else" "$(tr '\0' ' ' <"/proc/$pid1/cmdline")" "nsunshare-init "
	check_is "S3 working directory: that of PID 1 is /" "$(readlink "/proc/$pid1/cwd")" /
	check_is "S3 session: PID 1 has no terminal, and a process group of its own" \
		"$(awk '{ print $5 == $1, $7 }' "/proc/$pid1/stat")" "1 0"
	let_go
}

# All ways to reach into a process that the kernel has, tried by the user of the session.
test_reach() {
	local seen

	seen=$(su alice -c 'intruder reach 1')
	check_is "C-66: all $(wc -l <<<"$seen") ways to read, trace and change PID 1 were tried" "$(wc -l <<<"$seen")" 28
	# only for a process that dies anyway, and then for everybody
	check_is "C-66: none of them is open to the user" "$(grep -vE ': (EPERM|EACCES)$|^process_mrelease: EINVAL$' <<<"$seen")" ""
	check_has "C-66: nor does strace get at it" "$(su alice -c 'strace -p 1 2>&1')" 'attach: ptrace\(PTRACE_SEIZE, 1\): Operation not permitted'
}

test_proc() {
	local seen file allowed

	seen=$(su alice -c 'intruder files /proc/1' 2>/dev/null)
	allowed='arch_status autogroup cgroup cmdline comm coredump_filter cpu_resctrl_groups cpuset gid_map latency limits loginuid
		mountinfo mounts mountstats oom_adj oom_score oom_score_adj personality projid_map sched schedstat sessionid setgroups smaps_rollup
		stat statm status timens_offsets uid_map wchan attr/ fd/ fdinfo/ map_files/ ns/ ksm_stat ksm_merging_pages'
	check_is "C-67: the user can read of /proc/1 what is known to hold no secret, and nothing else" \
		"$(comm -23 <(sort -u <<<"$seen") <(tr -s ' \t' '\n' <<<"$allowed" | sort -u) | grep -v '^attr/')" ""
	for file in environ maps smaps mem fd/0 fd/3 fdinfo/3 root cwd exe ns/mnt ns/pid stack syscall io auxv pagemap; do
		check_fails "C-67: the user can not read /proc/1/$file" su alice -c "cat /proc/1/$file || readlink /proc/1/$file"
	done
	check_is "C-67: the name and the arguments of PID 1 say nothing" \
		"$(su alice -c 'cat /proc/1/comm; tr "\0" "\n" </proc/1/cmdline')" $'nsunshare-init\nnsunshare-init'
	check_is "S3 environment: root in the session finds an empty one too" "$(su alice -c 'sudo -n cat /proc/1/environ | wc -c')" 0
}

# The signals in four ways each. What root outside may do: SIGKILL and SIGSTOP; 87-limits.sh and C-60 have the first.
test_signals() {
	local all='kill: WHAT;tgkill: WHAT;sigqueue: WHAT;pidfd: WHAT'

	check_is "S3 signals: the user may send none of 1 to 64 to PID 1" \
		"$(su alice -c 'intruder signal 1' | paste -sd ';')" "${all//WHAT/0 done, 64 EPERM, 0 other}"
	check_is "S3 signals: root in the session may, and it lives on after all 256" \
		"$(su alice -c 'sudo -n intruder signal 1; sleep 0.2; cat /proc/1/comm; sleep 0.1 & wait; echo reaps' | paste -sd ';')" \
		"${all//WHAT/64 done, 0 EPERM, 0 other};nsunshare-init;reaps"
	check_is "S3 signals: kill -KILL -1 of the user, and of root in the session, leaves PID 1" \
		"$(pamprobe pt alice open run='runuser -u alice -- sh -c "kill -KILL -1; cat /proc/1/comm"' \
			run='kill -KILL -1; cat /proc/1/comm' close 2>&1 | grep -c "^nsunshare-init$")" 2
	policy <<<'rules = ( { user = "root"; profile = "default"; } );'
	check_is "S3 signals: root in a session of his own sends all, and PID 1 lives on" \
		"$(su root -c 'intruder signal 1; sleep 0.2; cat /proc/1/comm' | paste -sd ';')" \
		"${all//WHAT/64 done, 0 EPERM, 0 other};nsunshare-init"
	policy_for_users

	hold su alice -c "$UNTIL_GO"
	for signo in {1..8} {10..18} {20..31} {34..64}; do
		kill -"$signo" "$pid1"
	done
	sleep 0.2
	check_is "S3 signals: root outside sends all but KILL and STOP, and PID 1 lives on" "$(pid1s)" "$pid1"
	let_go
}

# A crash such as a hole in PID 1 would make. The pattern of cores belongs to the machine: only one that makes files can be seen.
test_core() {
	local pattern other untraced=(setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace)
	pattern=$(</proc/sys/kernel/core_pattern)

	mkdir -p /srv/cores
	hold su alice -c "$UNTIL_GO"
	check_fails "C-68: PID 1 is undumpable: root without CAP_SYS_PTRACE does not see its directory" "${untraced[@]}" readlink "/proc/$pid1/cwd"
	check "C-68: which he does of others with no more capabilities (control)" "${untraced[@]}" sh -c 'sleep 1 & readlink /proc/$!/cwd'
	if ! intruder crash "$pid1"; then
		skip "C-68: a crash of PID 1" "not written for this machine"
		let_go
		return
	fi
	check "C-68: PID 1 has crashed, and the session with it" wait_until 50 no_pid1
	wait $held
	check_is "C-68: there is no core of it" "$(find / -xdev -maxdepth 1 -name '*core*')" ""
	other=$(cd /srv/cores && ulimit -c unlimited && { sleep 1000 >/dev/null 2>&1 & } && echo $!) # not this shell's child
	sleep 0.1
	intruder crash "$other"
	wait_until 50 test ! -e "/proc/$other"
	case $pattern in
	/* | \|* | */*) skip "C-68: a program that may leaves a core (control)" "core_pattern is $pattern" ;;
	*) check_isnt "C-68: a program that may leaves a core (control)" "$(ls /srv/cores)" "" ;;
	esac
	rm -rf /srv/cores
	log_mark
	check_is "C-68: the next login works" "$(su alice -c 'cat /proc/1/comm')" nsunshare-init
}

build_tool pamprobe -lpam -lpthread
build_tool intruder
install -d -m 1777 $SEEN
printf '%s\n' 'alice ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/test
chmod 0440 /etc/sudoers.d/test
policy_for_users
test_descriptors
test_memory
test_reach
test_proc
test_signals
test_core
check_gone "inside: all sessions are gone"
rm -rf $SEEN
finish
