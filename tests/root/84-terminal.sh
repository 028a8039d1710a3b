#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The user at the terminal of his su, and his signals: while a session opens, and while it is in use. The helper is a slow one,
# so that there is a time in which it opens.
# Holds G8.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly GATE=/srv/gate
# at a prompt of alice's: says so when a session is on its way
readonly WATCH='(until pgrep -x slow-helper; do sleep 0.02; done >/dev/null; echo op""ening) & '

# The next session to open waits at the gate, until pass_gate.
close_gate() {
	rm -f $GATE/go
	touch $GATE/closed
}

open_gate() {
	touch $GATE/go
	rm -f $GATE/closed
}

# Executed by alice, without runuser, which would take part in what happens to its child.
readonly AS_ALICE=(setpriv --reuid alice --regid alice --init-groups)

# alice's interactive shell, which leads the session of a terminal.
alice_types() {
	ptytalk "$@" -- "${AS_ALICE[@]}" env --default-signal PS1='$ ' bash --norc -i | tr -d '\r'
}

is_opening() {
	pgrep -x slow-helper
}

no_helper() {
	! pgrep -x 'slow-helper|nsunshare-init'
}

# check_over NAME: neither a helper nor a su is left.
check_over() {
	check "$1: no helper is left" wait_until 30 no_helper
	check_fails "$1: no su is left" pgrep -x su
	check_is "$1: the next login works" "$(su bob -c 'cat /proc/1/comm')" nsunshare-init
}

test_interrupt() {
	close_gate
	log_mark
	out=$(alice_types '$ ' "${WATCH}su bob -c 'echo in\"\"side'^M" opening '^C' '$ ' 'echo status-$?^M' status-1 'exit^M')
	check_has "C-49 Ctrl-C while it opens: su has ended" "$out" '^status-130$'
	check_hasnt "C-49 Ctrl-C while it opens: there was no session" "$out" inside
	open_gate
	check_over "C-49 Ctrl-C while it opens"
	check_is "C-49 Ctrl-C while it opens: nothing is logged as opened" "$(log_count ' opened: .*user=bob.* service=su ')" 1 # the next
}

test_stop() {
	close_gate
	out=$(alice_types '$ ' "${WATCH}su bob -c 'cat /proc/1/comm; exit 7'^M" opening '^Z' Stopped \
		"touch $GATE/go; sleep 0.3; fg^M" nsunshare-init 'echo status-$?^M' status-7 'exit^M')
	check_has "C-49 Ctrl-Z while it opens, and fg: the session opens" "$out" '^nsunshare-init$'
	check_has "C-49 Ctrl-Z while it opens, and fg: the exit status comes through" "$out" '^status-7$'
	open_gate
	check_over "C-49 Ctrl-Z while it opens, and fg"
}

test_hang_up() {
	close_gate
	alice_types '$ ' 'su bob -c "sleep 1000"^M' >/dev/null &
	wait_until 50 is_opening
	pkill -TERM -x ptytalk
	wait $!
	open_gate
	check_over "C-49 hang-up while it opens"
	check_fails "C-49 hang-up while it opens: the command was not started" pgrep -x sleep
}

# An interactive su: with -c it gives its command a session without the terminal, as ever.
test_in_use() {
	out=$(alice_types '$ ' 'su bob^M' '$ ' 'echo go""ing; sleep 1000^M' going '^Z' Stopped 'fg^M' sleep '^C' '$ ' \
		'echo status-$?-$(cat /proc/1/comm); exit 7^M' status- '' '$ ' 'echo status-$?^M' status-7 'exit^M')
	check_has "C-49 Ctrl-Z, fg and Ctrl-C in use reach the command" "$out" '^status-130-nsunshare-init$'
	check_has "C-49 Ctrl-Z, fg and Ctrl-C in use: and nothing else" "$out" '^status-7$'
	check_over "C-49 Ctrl-Z in use"
	alice_types '$ ' 'su bob^M' '$ ' "(trap '' HUP; sleep 1000) & nohup setsid sleep 1001^M" >/dev/null &
	wait_until 50 has_sleeps 2
	pkill -TERM -x ptytalk
	wait $!
	check_over "C-49 hang-up in use"
	check_fails "C-49 hang-up in use: what ignores it is gone too" pgrep -x sleep
}

has_sleeps() {
	[ "$(pgrep -xc sleep)" = "$1" ]
}

# The user stops his su for good. He holds nothing that others wait for.
test_stopped_opener() {
	local su

	close_gate
	"${AS_ALICE[@]}" su bob -c 'cat /proc/1/comm' >"$OUTPUT" 2>&1 &
	wait_until 50 is_opening
	su=$(pgrep -x su)
	check "C-52: the user may stop his su while it opens" "${AS_ALICE[@]}" kill -STOP "$su"
	rm -f $GATE/closed
	check_is "C-52: another user logs in meanwhile" "$(timeout 5 su alice -c 'cat /proc/1/comm')" nsunshare-init
	check_is "C-52: so does the same" "$(timeout 5 su bob -c 'cat /proc/1/comm')" nsunshare-init
	check_is "C-52: so does he whom the su belongs to" "$(timeout 5 "${AS_ALICE[@]}" su bob -c 'cat /proc/1/comm')" nsunshare-init
	open_gate
	"${AS_ALICE[@]}" kill -CONT "$su"
	wait $!
	check_is "C-52: set free, it goes on" "$(<"$OUTPUT")" nsunshare-init
	check_over "C-52 stopped while it opens"

	close_gate
	"${AS_ALICE[@]}" su bob -c 'sleep 1000' &
	disown # its death is no news
	wait_until 50 is_opening
	"${AS_ALICE[@]}" pkill -STOP -x su
	"${AS_ALICE[@]}" pkill -KILL -x su
	open_gate
	check_over "C-52 stopped while it opens, then killed"

	"${AS_ALICE[@]}" su bob -c 'sleep 1000' &
	disown # its death is no news
	wait_until 50 pgrep -x sleep
	"${AS_ALICE[@]}" pkill -STOP -x su
	check_is "C-52: others log in while a session's su is stopped" "$(timeout 5 su bob -c 'cat /proc/1/comm')" nsunshare-init
	"${AS_ALICE[@]}" pkill -KILL -x su
	check_over "C-52 stopped in use, then killed"
}

# Processes that are stopped or traced, as `pid uid comm`.
stopped_processes() {
	awk '/^Name:/ { name = $2 } /^State:/ { state = $2 } /^Pid:/ { pid = $2 } /^Uid:/ && state ~ /[tT]/ { print pid, $2, $3, name }' \
		/proc/[0-9]*/status 2>/dev/null
}

no_process_of_alice() {
	! pgrep -U alice
}

# The user stops, kills and traces what he can of each su of his.
test_harassed() {
	local seen

	log_mark
	seen=$(timeout 100 "${AS_ALICE[@]}" harass 300 su bob -c 'cat /proc/1/comm' 2>/dev/null | sort | uniq -c | sort -rn)
	echo "# C-51: $(tr '\n' ';' <<<"$seen")"
	log_new | sed -n 's/.*refused: user=bob service=su: /# C-51: refused: /p' | sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 (\1)/'
	check_has "C-51: 300 rounds of a user against his own su come to an end" "$seen" ' [0-9]+ ended well, [0-9]+ refused, [0-9]+ killed;'
	check_has "C-51: many of his attempts were let through (control)" "$seen" '; [1-9][0-9]{2,} stopped or killed,'
	check_hasnt "C-51: none of the processes could be traced" "$seen" ', [1-9][0-9]* traced'
	check_hasnt "C-51: nobody came in without isolation" "$seen" ' (bash|sandbox.sh)$'
	"${AS_ALICE[@]}" pkill -KILL -U alice
	check "C-51: he can end all that is still his" wait_until 20 no_process_of_alice
	check_is "C-51: no stopped process remains" "$(stopped_processes)" ""
	check_over "C-51"
}

build_tool ptytalk
build_tool harass
mkdir -m 1777 $GATE
cp -a "$HELPER" $GATE/helper
gcc -static -O1 -D_GNU_SOURCE -o $GATE/slow "$HERE/slow_helper.c"
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
policy_for_users 'base = "default"; timeout = 30000;'
cp $GATE/slow "$HELPER"
test_interrupt
test_stop
test_hang_up
test_in_use
test_stopped_opener
cp -a $GATE/helper "$HELPER"
policy_for_users
test_harassed
rm -r $GATE
finish
