#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a user can use up, and what can keep a session from ending: it stays with him, and the next login is not kept.
# Holds G5 G7 G8.
# Alone: it sets limits of the whole machine, user.max_*_namespaces, and uses up what is counted by uid.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly SEEN=/srv/seen # a place that sessions and host share
readonly BOMB=5000      # processes
readonly BOMB_TENTHS=600
readonly FLOOD=200 # logins
readonly FLOOD_SECONDS=120
readonly CLOSE_MS=1000 # generous: 10-pamtester.sh has the sharp limit
readonly FREEZER=/srv/freezer

next_login_works() {
	[ "$(timeout 10 pamprobe pt "${1:-alice}" open run='cat /proc/1/comm; echo text >/tmp/file && cat /tmp/file' close |
		grep -xcE 'nsunshare-init|text|close: code 0')" = 3 ]
}

no_process_of() {
	! pgrep -U "$1"
}

has_gone() {
	[ ! -e "/proc/$1" ] || [ "$(awk '/^State:/ { print $2 }' "/proc/$1/status")" = Z ]
}

# test_bomb NAME END: a user fills his session with processes that do not want to end, and it ends by END.
test_bomb() {
	local opener began

	rm -f $SEEN/ready $SEEN/end
	pamprobe pt alice open run="runuser -u alice -- bomb $BOMB 5 $SEEN/ready" wait=$SEEN/end close >/dev/null 2>&1 &
	opener=$!
	check "C-95 $1: there are $BOMB of them" wait_until $BOMB_TENTHS test -e $SEEN/ready
	check "C-95 $1: (control) they are alice's, and many" test "$(pgrep -cU alice)" -ge $((BOMB * 9 / 10)) # some are between two pids
	check "C-95 $1: another user logs in meanwhile" next_login_works bob
	check "C-95 $1: so does the same user" next_login_works alice
	began=$(milliseconds)
	$2 $opener
	check "C-95 $1: all are gone" wait_until $BOMB_TENTHS no_process_of alice
	echo "# C-95 $1: took $(($(milliseconds) - began)) ms"
	wait $opener 2>/dev/null
	check "C-95 $1: so is their PID 1" wait_until 20 no_pid1
}

by_logout() {
	touch "$SEEN/end"
}

by_sigkill() {
	disown # its death is no news
	kill -KILL "$1"
}

test_files() {
	local seen

	policy_for_users 'base = "default"; mounts = ( { type = "tmpfs"; path = "/tmp"; size = "1M"; inodes = 64; } );'
	rm -f $SEEN/ready
	pamprobe pt alice open run="exec 2>&1; runuser -u alice -- sh -c 'head -c 2M /dev/zero >/tmp/big; for i in \$(seq 80); do : >/tmp/\$i || break; done';
		touch $SEEN/ready; while [ ! -e $SEEN/end ]; do sleep 0.05; done" close >/root/output &
	wait_until 50 test -e $SEEN/ready
	seen=$(</root/output)
	check "C-96: another user has his /tmp meanwhile" next_login_works bob
	check "C-96: so has the same user in another session" next_login_works alice
	touch $SEEN/end
	wait $!
	check_is "C-96: both limits are said to the user himself" "$(grep -c 'No space left on device' <<<"$seen")" 2
	rm -f $SEEN/end
	policy_for_users
}

test_memory() {
	local rss

	rm -f $SEEN/ready
	pamprobe pt alice open run="touch $SEEN/ready; sleep 0.3" close >/dev/null &
	wait_until 50 test -e $SEEN/ready
	rss=$(awk '/^VmRSS:/ { print $2 }' "/proc/$(pid1s)/status")
	if [ "$VARIANT" = asan ]; then
		skip "C-97: PID 1 is small" "not with the sanitizer's own memory"
	else
		check "C-97: PID 1 is small: $rss kB of at most 1024" test "$rss" -le 1024
	fi
	wait $!
}

# check_close NAME: what `close` in /root/output took.
check_close() {
	check "$1: close returned in time" test "$(sed -n 's/^close: ms //p' /root/output)" -lt $CLOSE_MS
}

# A tracer outside, of the same user, holds a process of the session: its PID 1 can not finish before that lets go.
test_tracer() {
	local tracer inner

	rm -f $SEEN/ready $SEEN/end
	pamprobe pt alice open start="runuser -u alice -- sleep 1000" wait=$SEEN/end close >/root/output 2>&1 &
	wait_until 50 pgrep -x sleep
	inner=$(pgrep -x sleep)
	runuser -u alice -- hostile trace "$inner" -- sleep 1001 2>/dev/null &
	tracer=$!
	wait_until 50 pgrep -f '^sleep 1001$'
	check_isnt "C-98 a tracer outside: it traces (control)" "$(awk '/^TracerPid:/ { print $2 }' "/proc/$inner/status")" 0
	touch $SEEN/end
	wait_until 100 grep -q '^close: ms' /root/output
	check_close "C-98 a tracer outside"
	check "C-98 a tracer outside: PID 1 is still ending (control)" pid1s
	check "C-98 a tracer outside: the next login is not kept" next_login_works
	pkill -f '^sleep 1001$'
	wait $tracer 2>/dev/null
	check "C-98 a tracer outside: when it ends, so does the session" wait_until 50 no_pid1
	rm -f $SEEN/end
}

# A process that is frozen can not die.
test_freezer() {
	local inner cgroup=$FREEZER/nsunshare-test-$$

	mkdir -p $FREEZER
	if ! mount -t cgroup -o freezer freezer $FREEZER 2>/dev/null || ! mkdir "$cgroup"; then
		mountpoint -q $FREEZER && umount $FREEZER
		skip "C-98 a frozen process" "this machine has no freezer of cgroup v1"
		return
	fi
	rm -f $SEEN/end
	pamprobe pt alice open start="sleep 1000" wait=$SEEN/end close >/root/output 2>&1 &
	wait_until 50 pgrep -x sleep
	inner=$(pgrep -x sleep)
	echo "$inner" >"$cgroup/cgroup.procs"
	echo FROZEN >"$cgroup/freezer.state"
	wait_until 50 grep -qx FROZEN "$cgroup/freezer.state"
	touch $SEEN/end
	wait_until 100 grep -q '^close: ms' /root/output
	check_close "C-98 a frozen process"
	check "C-98 a frozen process: it is still there, and so is PID 1 (control)" pgrep -x sleep
	check "C-98 a frozen process: the next login is not kept" next_login_works
	echo THAWED >"$cgroup/freezer.state"
	check "C-98 a frozen process: thawed, the session ends" wait_until 50 no_pid1
	wait_until 50 rmdir "$cgroup"
	umount $FREEZER
	rmdir $FREEZER
}

# Closing a file of a file system that does not answer. Fact (i) in docs/design.md: only the su of him who hands it down hangs.
test_fuse() {
	local fuse

	mknod -m 0666 /dev/fuse c 10 229
	mkdir -p /srv/fuse
	deaf_fuse /srv/fuse 2>/dev/null &
	fuse=$!
	if ! wait_until 20 mountpoint -q /srv/fuse; then
		wait $fuse
		skip "C-98 a file system that does not answer" "this machine has no FUSE that root may use"
		rm -r /dev/fuse /srv/fuse
		return
	fi
	runuser -u alice -- hostile open /srv/fuse/file -- su bob -c true >/dev/null 2>&1 &
	disown
	sleep 1
	check "C-98 FUSE: the su that was given its file hangs (control)" pgrep -x su
	check_fails "C-98 FUSE: and has no namespaces yet" pid1s
	check "C-98 FUSE: the next login of the same user is not kept" next_login_works bob
	check "C-98 FUSE: nor is one by su" test "$(timeout 5 su bob -c 'cat /proc/1/comm')" = nsunshare-init
	pkill -KILL -x su
	kill $fuse
	wait $fuse 2>/dev/null
	check "C-98 FUSE: with the file system all of it ends" wait_until 50 no_su
	umount -l /srv/fuse 2>/dev/null
	rm -r /dev/fuse /srv/fuse
}

no_su() {
	! pgrep -x su
}

# The sysctls belong to the whole machine, as it is one user namespace: each is low for one login only. Who may not set them has
# the kernel's answer put in its place.
test_sysctls() {
	local kind file old

	log_mark
	out=$(pamprobe pt alice state=before namespace-limit open 2>&1)
	check_namespaces_refused "C-99 a limit of namespaces"
	for kind in pid mnt ipc uts; do
		file=/proc/sys/user/max_${kind}_namespaces
		log_mark
		old=$(<"$file")
		if ! echo "$old" 2>/dev/null >"$file"; then
			skip "C-99 user.max_${kind}_namespaces" "setting it needs CAP_SYS_RESOURCE, which this machine withholds"
			continue
		fi
		trap 'echo "$old" >"$file"' EXIT
		echo 1 >"$file"
		out=$(pamprobe pt alice open 2>&1)
		echo "$old" >"$file"
		trap - EXIT
		check_namespaces_refused "C-99 user.max_${kind}_namespaces"
	done
	check "C-99: the next login works" next_login_works
	check "C-99: no helper is left" wait_until 20 no_pid1
}

check_namespaces_refused() {
	check_is "$1: refused with PAM_SYSTEM_ERR" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "$1: the log names the sysctl" 'refused: user=alice service=pt: make the namespaces: .*user\.max_[a-z*]+_namespaces'
}

# flood NAME: as many logins at once as there are lines in stdin, which name the users.
flood() {
	local user began n_good openers=()

	began=$(milliseconds)
	rm -f /root/flood.*
	while read -r user; do
		timeout $FLOOD_SECONDS pamprobe pt "$user" open run='read -r name </proc/1/comm; echo "$name"' close >"/root/flood.${#openers[@]}" &
		openers+=($!)
	done
	wait "${openers[@]}"
	n_good=$(cat /root/flood.* | grep -cx nsunshare-init)
	check_is "C-100 $1: all $FLOOD are isolated" "$n_good" $FLOOD
	check_is "C-100 $1: and closed" "$(cat /root/flood.* | grep -cx 'close: code 0')" $FLOOD
	echo "# C-100 $1: took $(($(milliseconds) - began)) ms"
	check "C-100 $1: nothing is left" wait_until 50 no_pid1
	rm -f /root/flood.*
}

test_flood() {
	local i

	for ((i = 0; i < FLOOD; i++)); do echo alice; done >/root/users
	flood "one user" </root/users
	for ((i = 0; i < FLOOD; i++)); do
		echo "flood$i:x:$((20000 + i)):$((20000 + i))::/nonexistent:/bin/sh" >>/etc/passwd
		echo "flood$i"
	done >/root/users
	policy <<<'rules = ( { user = "flood*"; profile = "default"; } );'
	flood "$FLOOD users" </root/users
	policy_for_users
}

# ENFILE is the machine's: no test makes it. So the kernel's answer is put in its place.
test_files_of_machine() {
	local call out

	for call in "socketpair -f" "pidfd_open -f" "openat -P /proc/self/ns/uts"; do
		log_mark
		# shellcheck disable=SC2086 # call and option
		out=$(strace -qq -o /dev/null ${call#* } -e "inject=${call%% *}:error=ENFILE" pamprobe pt alice open 2>&1)
		check_is "C-102 ENFILE of ${call%% *}: refused with PAM_SYSTEM_ERR" "$(sed -n 's/^open: code //p' <<<"$out")" 4
		check_log "C-102 ENFILE of ${call%% *}: the log says so" 'refused: .*Too many open files in system'
	done
	check "C-102: nothing is left" wait_until 20 no_pid1
}

build_tool pamprobe -lpam -lpthread
build_tool hostile
build_tool bomb
build_tool deaf_fuse
install -d -m 1777 $SEEN
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
policy_for_users
test_bomb "fork bomb, logout" by_logout
test_bomb "fork bomb, SIGKILL of the opener" by_sigkill
test_files
test_memory
test_tracer
test_freezer
test_fuse
test_sysctls
test_flood
test_files_of_machine
rm -rf $SEEN
finish
