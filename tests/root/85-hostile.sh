#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Hostile callers. The user of a setuid program hands down limits, signals, timers, an umask: the session is as strong as ever,
# or refused with a reason. pamprobe-su is pamprobe as a setuid program, which alice calls for bob as she would su.
# Holds G7.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# what a session of bob's says, and its PID 1
readonly LOOK='echo "$(cat /proc/1/comm) $(stat -c %a /etc/hosts /tmp /var/tmp /dev/shm | paste -sd " ") $(hostname)";
	echo "PID 1: $(awk "/^Umask/ { print \$2 }" /proc/1/status) $(cut -d " " -f 19,41 /proc/1/stat)"' # umask, nice, scheduler
readonly LOOK_WITHOUT_FORK='read -r name </proc/1/comm; echo "$name"'
readonly SLACK_MS_MAX=5000
readonly GOOD='nsunshare-init 644 1777 1777 1777 bob-shellhost'

# Without CAP_SYS_RESOURCE nobody may lift what a user has handed down.
may_lift_limits() {
	local capabilities
	capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	((0x$capabilities >> 24 & 1))
}

# by_alice COMMAND...: pamprobe-su opens and closes a session for bob behind what COMMAND hands down; into $out.
by_alice() {
	log_mark
	out=$(runuser -u alice -- "$@" pamprobe-su pt bob open run="$LOOK" close 2>&1)
}

code_of() {
	sed -n "s/^$1: code //p" <<<"$out" | paste -sd ' '
}

next_login_works() {
	[ "$(pamprobe pt bob open run="$LOOK" close | grep -xc "$GOOD")" = 1 ]
}

# served NAME COMMAND...: isolated all the same, nothing is left.
served() {
	local name=$1
	shift

	by_alice "$@"
	check_is "$name: opened and closed" "$(code_of open) $(code_of close)" "0 0"
	check_has "$name: the session is as any other" "$out" "^$GOOD\$"
	check_has "$name: PID 1 has the umask 022, nice 0 and the scheduler that all have" "$out" '^PID 1: 0022 0 0$'
	check "$name: nothing is left" wait_until 20 no_pid1
}

# refused NAME REASON COMMAND...: a PAM error, one log line with step and reason, nothing left, and the next login works.
refused() {
	local name=$1 reason=$2
	shift 2

	by_alice "$@"
	check_is "$name: refused with PAM_SYSTEM_ERR" "$(code_of open)" 4
	check_log "$name: the log names step and reason" "refused: user=bob service=pt: .*$reason"
	check_is "$name: in one line" "$(log_count pam_nsunshare)" 1
	check "$name: nothing is left" wait_until 20 no_pid1
	check "$name: the next login works" next_login_works
}

test_limits() {
	out=$(runuser -u alice -- prlimit --nproc=1 pamprobe-su pt bob open run="$LOOK_WITHOUT_FORK" close 2>&1)
	check_is "C-46 ulimit -u 1: opened and closed" "$(code_of open) $(code_of close)" "0 0"
	check_has "C-46 ulimit -u 1: PID 1 is nsunshare-init" "$out" '^nsunshare-init$'
	served "C-46 ulimit -s 64" prlimit --stack=65536
	served "C-46 ulimit -t 1" prlimit --cpu=1
	served "C-46 no core, no locked memory, no pending signals" prlimit --core=0 --memlock=0 --sigpending=0 --msgqueue=0 --locks=0
	served "C-46 nice 19" nice -n 19
	served "C-46 the idle scheduler" chrt --idle 0
	refused "C-46 ulimit -n 10" "Too many open files" prlimit --nofile=10
	refused "C-46 ulimit -n 14" "Too many open files" prlimit --nofile=14
	if may_lift_limits; then
		served "C-46 ulimit -f 0" prlimit --fsize=0
	else
		refused "C-46 ulimit -f 0" "mount the hosts on '/etc/hosts': File too large" prlimit --fsize=0
	fi
	if [ "$VARIANT" = asan ]; then
		skip "C-46 ulimit -v 20000, ulimit -d 500, and the row's ulimits all at once" "the sanitizer itself needs terabytes of addresses"
		return
	fi
	served "C-46 ulimit -v 20000" prlimit --as=20480000
	served "C-46 ulimit -d 500" prlimit --data=512000
	refused "C-46 the row's ulimits all at once" "Too many open files" \
		bash -c 'ulimit -n 12; ulimit -f 0; ulimit -v 20000; ulimit -u 1; ulimit -s 64; exec "$@"' bash
}

# su itself may fail before it comes to us; a shell of bob's outside of a session it never gives.
test_limits_of_su() {
	local limit limits seen seen_all=''

	limits=(nofile=5 nofile=12 nofile=20 fsize=0 nproc=1 stack=65536 cpu=1)
	[ "$VARIANT" = asan ] || limits+=(as=20480000)
	for limit in "${limits[@]}"; do
		seen=$(runuser -u alice -- prlimit "--$limit" su bob -c "$LOOK_WITHOUT_FORK" 2>&1)
		check_hasnt "C-46 su with $limit: nobody comes in without isolation" "$seen" '^(bash|sandbox.sh)$'
		seen_all+=$seen
	done
	check_has "C-46 su: some of them are let in, isolated (control)" "$seen_all" 'nsunshare-init'
	check "C-46 su: the next one works" su bob -c 'grep -q nsunshare /proc/1/comm'
	check_gone "C-46 su: nothing is left"
}

# The mark on a process for the kernel's killer of processes: PID 1 must not keep that of a user who wants it dead.
test_oom() {
	local expected=0 # without CAP_SYS_RESOURCE one may still go back to where one came from
	! may_lift_limits || expected=-1000

	log_mark
	out=$(runuser -u alice -- choom -n 1000 -- pamprobe-su pt bob open run='cat /proc/1/oom_score_adj' close 2>&1)
	check_is "C-97 oom_score_adj 1000 of the caller: PID 1 has $expected" "$(grep -xE '[-0-9]+' <<<"$out")" "$expected"
}

test_inherited() {
	local steps=()

	served "S3 umask 0777" sh -c 'umask 0777; exec "$@"' sh
	served "S3 SIGCHLD and all others ignored" hostile ignore --
	served "S3 all signals blocked" hostile block --
	served "S3 all signals blocked, real-time ones pending" hostile block pending --
	served "S3 timers each millisecond, ignored" hostile ignore timers --
	served "S3 timers each millisecond, blocked" hostile block timers --
	served "S3 marks of personality(2)" hostile personality --
	served "S3 a SIGKILL at the parent's death asked for" hostile death --
	served "S3 the user's own subreaper around it" hostile subreaper --
	served "S3 standard streams closed" sh -c 'exec 9>&1; exec "$@" 0<&- 2>&-' sh
	served "S3 all of them at once" sh -c 'umask 0777; exec nice -n 19 hostile ignore block pending timers personality death subreaper -- "$@"' sh
	rm -f /root/seen
	log_mark
	pamprobe pt alice open run='cat /proc/1/comm >/root/seen' close <&- >&- 2>&-
	check_is "S3 standard streams closed, by root: isolated" "$(cat /root/seen 2>/dev/null)" nsunshare-init
	check_log "S3 standard streams closed, by root: closed" ' closed: id='
	for _ in {1..20}; do
		steps+=(open close)
	done
	check_is "S3 SIGALRM all the time, caught: opened and closed 20 times" \
		"$(pamprobe pt alice ticks "${steps[@]}" | grep -c 'code 0')" 40
	# where the signal kills, it kills the caller, whenever it comes: nothing may be left of it
	for _ in {1..20}; do
		runuser -u alice -- hostile timers -- pamprobe-su pt bob open run=true close
	done >/dev/null 2>&1
	check_gone "S3 SIGALRM each millisecond, deadly: nothing is left of 20 callers"
	check "S3 the next login works" next_login_works
}

# A user may let the kernel be late with timeouts, and his su inherits that, but no wait of ours may be longer for it.
test_slack() {
	local began ms

	by_alice hostile slack --
	check_has "S3 timer slack of 10 s: isolated" "$out" "^$GOOD\$"
	policy_for_users 'base = "default"; stop_timeout = 300;'
	out=$(runuser -u alice -- hostile slack -- pamprobe-su pt bob open \
		run='(trap "" TERM; exec sleep 1000 >/dev/null 2>&1) & cat /proc/1/comm' close 2>&1)
	ms=$(sed -n 's/^close: ms //p' <<<"$out")
	check "S3 timer slack of 10 s: close returned in time ($ms ms)" test "$ms" -lt $SLACK_MS_MAX
	wait_until 200 no_pid1
	setpriv --reuid alice --regid alice --init-groups hostile slack -- \
		pamprobe-su pt bob open run='(trap "" TERM; exec sleep 1000) & sleep 1000' >/dev/null 2>&1 &
	disown # its death is no news
	wait_until 50 pgrep -x sleep
	pkill -KILL -x pamprobe-su
	began=$(milliseconds)
	wait_until 200 no_pid1
	ms=$(($(milliseconds) - began))
	check "S3 timer slack of 10 s: PID 1 keeps to its stop_timeout ($ms ms)" test "$ms" -lt $SLACK_MS_MAX
	policy_for_users 'base = "default"; timeout = 300;'
	cp -a "$HELPER" /root/helper
	printf '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n' | gcc -static -x c -o "$HELPER" -
	by_alice hostile slack --
	cp -a /root/helper "$HELPER"
	policy_for_users
	ms=$(sed -n 's/^open: ms //p' <<<"$out")
	check "S3 timer slack of 10 s: open keeps to its timeout ($ms ms)" test "$ms" -lt $SLACK_MS_MAX
}

# The descriptors of the module, closed behind its back by the caller, whose own then have their numbers.
test_closefrom() {
	local strangers

	out=$(pamprobe pt alice open closefrom=5 fill=12 state=filled close state=closed 2>&1)
	check_is "closefrom after the open: close succeeds" "$(code_of close)" 0
	strangers=$(sed -n 's/^filled: descriptor .* \/dev\/null$/&/p' <<<"$out" | wc -l)
	check "closefrom after the open: the caller has descriptors of its own in their place" test "$strangers" -ge 12
	check_is "closefrom after the open: close has closed none of them" \
		"$(sed -n 's/^closed: \(descriptor .*\)/\1/p' <<<"$out")" "$(sed -n 's/^filled: \(descriptor .*\)/\1/p' <<<"$out")"
	check_log "closefrom after the open: the log says what is lost" 'closed: id=.*stays inside.*closed descriptors of the session'
	check_gone "closefrom after the open: the session has ended, at the latest with its caller"
}

build_tool pamprobe -lpam -lpthread
build_tool hostile
install -m 4755 /usr/local/bin/pamprobe /usr/local/bin/pamprobe-su
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
policy_for_users
by_alice env
check_has "a caller that hands down nothing (control)" "$out" "^$GOOD\$"
test_limits
test_limits_of_su
test_oom
test_inherited
test_closefrom
test_slack
finish
