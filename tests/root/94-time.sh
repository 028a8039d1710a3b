#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The time namespace: clocks inside are ahead or behind by the policy's offsets, the time of day and all waiting is not
# touched, nor are the timers of sshd and the times that we measure ourselves.
# Holds G25.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly FAR=900000000 # seconds, 28 years
readonly ALIVE_PORT=2223

# offsets BOOTTIME MONOTONIC [KINDS [KEYS]]
offsets() {
	policy_for_users "namespaces = [ \"time\"${3:+, $3} ]; time = { boottime = $1; monotonic = $2; }; ${4:-}"
}

uptime_now() {
	local now
	read -r now _ </proc/uptime
	echo "${now%.*}"
}

# clock NAME: what $out says of it.
clock() {
	sed -n "s/^clock $1 //p" <<<"$out"
}

# check_clock NAME CLOCK SECONDS: it is ahead of the host's by so much; $host is what the host said just before.
check_clock() {
	local ahead
	ahead=$(($(clock "$2") - $(sed -n "s/^clock $2 //p" <<<"$host")))

	if ((ahead >= $3 && ahead <= $3 + 10)); then
		pass "$1"
	else
		fail "$1" "ahead by $ahead instead of $3"$'\n'"$out"
	fi
}

# check_clocks NAME BOOTTIME MONOTONIC [KINDS]: each clock, and all ways to wait.
check_clocks() {
	local what

	offsets "$2" "$3" "${4:-}"
	log_mark
	host=$(clocks only)
	out=$(timeout 60 su alice -c clocks 2>&1)
	check_clock "$1: the time of day is the host's" realtime 0
	for what in boottime sysinfo; do
		check_clock "$1: $what" $what "$2"
	done
	for what in monotonic monotonic-raw monotonic-coarse; do
		check_clock "$1: $what" $what "$3"
	done
	check_is "$1: whoever waits, waits as long as he wanted" "$(grep -c ' ok$' <<<"$out")" 14
	check_hasnt "$1: and nothing else is wrong" "$out" WRONG
	took=$(log_new | sed -n 's/.* took_us=\(-\{0,1\}[0-9]*\) .*/\1/p')
	check "$1: took_us is what it took ($took)" test "$took" -gt 0 -a "$took" -lt 5000000
	check_gone "$1: nothing is left"
}

seconds_of() {
	date -d "$1" +%s
}

test_uptime() {
	local since

	offsets 86400000 0
	since=$(su alice -c 'uptime -s')
	ahead=$(($(seconds_of "$(uptime -s)") - $(seconds_of "$since")))
	check "uptime -s inside is 1000 days before the host's ($since)" test $ahead -ge 86399998 -a $ahead -le 86400002
	check_has "uptime -p inside" "$(su alice -c 'uptime -p')" '^up 2 years, '
	check_has "uptime -p outside" "$(uptime -p)" '^up ([0-9]+ (minute|hour|day|week)|0 min)'
	check "date is unaffected" test $(($(su alice -c 'date +%s') - $(date +%s))) -ge -2
	check "ps knows how old a process is" test "$(su alice -c 'ps -o etimes= -p $$')" -le 5
}

test_refused() {
	local too_much=$(($(uptime_now) + 100000)) clock

	for clock in "-$too_much 0" "0 -$too_much"; do
		# shellcheck disable=SC2086 # two words
		offsets $clock '"pid"'
		log_mark
		check_fails "offsets $clock: su refuses" su alice -c true
		check_log "offsets $clock: the log says why" "refused: .*a clock would be before the start \(key 'time'"
		out=$(timeout 20 pamprobe pt alice state=before open state=after 2>&1)
		check_has "offsets $clock: PAM_SYSTEM_ERR" "$out" '^open: code 4$'
		check_is "offsets $clock: nothing of the caller has changed" "$(sed -n 's/^after: //p' <<<"$out")" "$(sed -n 's/^before: //p' <<<"$out")"
		check_gone "offsets $clock: nothing is left"
	done
}

# The opener's own clock is the session's until it closes.
test_caller() {
	local before

	offsets 0 $FAR '"pid", "mount"'
	host=$(clocks only)
	out=$(timeout 30 pamprobe pt alice state=before open run='clocks only' close state=after run='clocks only | sed s/clock/later/' 2>&1)
	check_clock "caller: the session's clock is ahead (control)" monotonic $FAR
	before=$(sed -n 's/^clock monotonic //p' <<<"$host")
	check "caller: after the close its clock is the host's" test $(($(sed -n 's/^later monotonic //p' <<<"$out") - before)) -lt 20
	check_is "caller: close puts everything back" "$(sed -n 's/^after: //p' <<<"$out")" "$(sed -n 's/^before: //p' <<<"$out")"
}

# Our own: the grace of a session that is deaf to SIGTERM.
test_stop_timeout() {
	local began offset

	for offset in $FAR "-$(($(uptime_now) - 60))"; do
		offsets 0 "$offset" '"pid"' 'stop_timeout = 1000; timeout = 1000;'
		began=$(milliseconds)
		su alice -c '(trap "" TERM; sleep 1000) >/dev/null 2>&1 & sleep 0.2' # as long as bash needs for its trap
		check "monotonic = $offset: stop_timeout: PID 1 waits" pid1s
		check "monotonic = $offset: stop_timeout: and no longer than that" wait_until 40 no_pid1
		began=$(($(milliseconds) - began))
		check "monotonic = $offset: stop_timeout: it took $began ms" test $began -ge 1100 -a $began -le 4000
	done
}

start_impatient_sshd() {
	sed "s/^Port .*/Port $ALIVE_PORT/" /etc/ssh/test_sshd_config >/etc/ssh/impatient_sshd_config
	printf '%s\n' 'LoginGraceTime 2' 'ClientAliveInterval 1' 'ClientAliveCountMax 2' 'RekeyLimit default 600' >>/etc/ssh/impatient_sshd_config
	/usr/sbin/sshd -D -f /etc/ssh/impatient_sshd_config &
	services+=($!)
	wait_until 50 port_answers $ALIVE_PORT
}

no_sleep() {
	! pgrep -x sleep >/dev/null
}

# Its LoginGraceTime and ClientAliveInterval, and the client's own: two sessions that live, and one whose client is stopped.
test_sshd() {
	local offset frozen began alive quick

	for offset in $FAR "-$(($(uptime_now) - 60))"; do
		offsets "$offset" "$offset" '"pid"'
		ssh -p $ALIVE_PORT alice@127.0.0.1 'sleep 1001' </dev/null >/dev/null 2>&1 &
		frozen=$!
		wait_until 50 pgrep -x sleep
		kill -STOP $frozen
		began=$(milliseconds)
		ssh -p $ALIVE_PORT -o ServerAliveInterval=1 bob@127.0.0.1 'head -c 3; sleep 4; echo slept' < <(sleep 1) >/run/alive 2>&1 &
		alive=$!
		quick=$(ssh -p $ALIVE_PORT bob@127.0.0.1 'timeout 1 sleep 10; echo $?; read -t 1 x < <(sleep 2); echo $(($? > 128))' </dev/null 2>&1 | paste -sd ' ')
		check_is "clocks $offset: timeout(1) and read -t end in time" "$quick" "124 1"
		wait $alive
		check_is "clocks $offset: sshd: a session outlives LoginGraceTime and idles past ClientAliveInterval" "$? $(</run/alive)" "0 slept"
		check "clocks $offset: sshd: one whose client is dead ends by ClientAliveCountMax" wait_until 60 no_sleep
		began=$(($(milliseconds) - began))
		check "clocks $offset: sshd: and not at once ($began ms)" test $began -ge 2000
		kill -KILL $frozen
		wait $frozen 2>/dev/null
	done
	check_gone "clocks: sshd: nothing is left"
}

build_tool clocks
build_tool pamprobe -lpam -lpthread
start_sshd
start_impatient_sshd
test_uptime
check_clocks "boottime alone" 86400 0
check_clocks "monotonic alone" 0 86400
check_clocks "both, far ahead" $FAR $((FAR + 5000))
check_clocks "both, behind" "-$(($(uptime_now) - 30))" "-$(($(uptime_now) - 60))"
check_clocks "all eight kinds" 86400 172800 '"mount", "ipc", "uts", "pid", "cgroup", "net", "user"'
test_refused
test_caller
test_stop_timeout
test_sshd
finish
