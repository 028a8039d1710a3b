# shellcheck shell=bash
# shellcheck disable=SC2034 # the tests use them
# SPDX-License-Identifier: BSD-3-Clause
# lib.sh - what the root tests share. A test sources it first: that moves it into the sandbox (sandbox.sh).
#
# "The host" is the sandbox outside of any session. A test prints one line a check, `ok - door: what holds`, and ends with
# `finish`, which also checks that the host is as it was.

set -u

HERE=$(cd "$(dirname "$0")" && pwd)
[ -n "${NSU_SANDBOX:-}" ] || exec "$HERE/sandbox.sh" "$HERE/$(basename "$0")" "$@"
cd /

readonly PASSWORD=opensesame # as sandbox.sh sets it for alice, bob and root
readonly POLICY=/etc/security/nsunshare.conf
readonly HELPER_DIR=/usr/libexec/nsunshare
readonly HELPER=$HELPER_DIR/nsunshare-init
readonly LOG=/var/log/sandbox.log
readonly OUTPUT=/run/test-output # of the command that a check ran last
readonly SSH_PORT=2222
readonly GONE_SECONDS=${GONE_SECONDS:-1} # how long a session may need to vanish after logout

n_failed=0
n_passed=0
n_skipped=0
log_syncs=0
services=() # processes that the test has started, ended by `finish`

# ---- results

pass() {
	n_passed=$((n_passed + 1))
	echo "ok - $1"
}

# fail NAME DETAILS
fail() {
	local line

	n_failed=$((n_failed + 1))
	echo "not ok - $1"
	while IFS= read -r line; do
		echo "# $line"
	done <<<"${2:-no output}"
}

skip() {
	n_skipped=$((n_skipped + 1))
	echo "ok - $1 # SKIP $2"
}

# check NAME COMMAND...: the command succeeds.
check() {
	local name=$1 status=0
	shift

	"$@" >"$OUTPUT" 2>&1 </dev/null || status=$?
	if [ "$status" = 0 ]; then
		pass "$name"
	else
		fail "$name" "exit status $status of: $*"$'\n'"$(<"$OUTPUT")"
	fi
}

# check_fails NAME COMMAND...: the command ends with a failure.
check_fails() {
	local name=$1
	shift

	if "$@" >"$OUTPUT" 2>&1 </dev/null; then
		fail "$name" "succeeded: $*"$'\n'"$(<"$OUTPUT")"
	else
		pass "$name"
	fi
}

# check_is NAME GOT WANTED: the same text.
check_is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "$(diff -U 0 --label wanted --label got <(echo "$3") <(echo "$2"))"
	fi
}

# check_isnt NAME GOT UNWANTED: a text, and another one.
check_isnt() {
	if [ -n "$2" ] && [ "$2" != "$3" ]; then
		pass "$1"
	else
		fail "$1" "got: $2"
	fi
}

# check_has NAME TEXT REGEX: a line of the text matches.
check_has() {
	if grep -Eq -- "$3" <<<"$2"; then
		pass "$1"
	else
		fail "$1" "no line matches: $3"$'\n'"$2"
	fi
}

# check_hasnt NAME TEXT REGEX: no line of the text matches.
check_hasnt() {
	if grep -Eq -- "$3" <<<"$2"; then
		fail "$1" "a line matches: $3"$'\n'"$2"
	else
		pass "$1"
	fi
}

# ---- the log

start_syslog() {
	busybox syslogd -n -S -O "$LOG" &
	services+=($!)
	wait_until 50 test -S /dev/log
	touch "$LOG"
}

# Lines written before this are not looked at.
# What was sent to the log before is in the file afterwards: it takes lines in their order.
log_sync() {
	log_syncs=$((log_syncs + 1))
	logger -t test-sync "$$ $log_syncs $BASHPID" 2>/dev/null || return 0
	wait_until 50 grep -q "test-sync: $$ $log_syncs $BASHPID\$" "$LOG"
}

log_mark() {
	log_sync
	log_lines=$(wc -l <"$LOG")
}

log_new() {
	log_sync
	tail -n +$((log_lines + 1)) "$LOG" | sed '/ test-sync: /d'
}

log_new_has() {
	log_new | grep -Eq -- "$1"
}

# check_log NAME REGEX: such a line came, or comes soon, after log_mark.
check_log() {
	if wait_until 20 log_new_has "$2"; then
		pass "$1"
	else
		fail "$1" "no line matches: $2"$'\n'"$(log_new)"
	fi
}

log_count() {
	log_new | grep -Ec -- "$1"
}

# How many of the sessions that were opened since log_mark have no line of their close.
log_unclosed() {
	comm -23 <(log_new | sed -n 's/.* opened: id=\([0-9a-f]*\) .*/\1/p' | sort -u) \
		<(log_new | sed -n 's/.* closed: id=\([0-9a-f]*\).*/\1/p' | sort -u) | wc -l
}

log_has_unclosed() {
	[ "$(log_unclosed)" = "$1" ]
}

# check_unclosed NAME COUNT: so many are it now, or soon: sshd logs a close behind its client's exit.
check_unclosed() {
	wait_until 20 log_has_unclosed "$2"
	check_is "$1" "$(log_unclosed)" "$2"
}

# ---- waiting

# wait_until TENTHS COMMAND...: try it ten times a second.
wait_until() {
	local tenths=$1
	shift

	while ! "$@" >/dev/null 2>&1; do
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

milliseconds() {
	local now=${EPOCHREALTIME/./}
	echo $((now / 1000))
}

# ---- set-up

# The policy, from stdin.
policy() {
	rm -rf "$POLICY"
	install -m 0644 /dev/stdin "$POLICY"
}

# policy_for_users [KEYS [CONDITIONS]]: alice and bob get a profile with these keys, or the profile "default".
policy_for_users() {
	local profile=default
	[ -z "${1:-}" ] || profile=tested
	policy <<-END
		rules = ( { user = [ "alice", "bob" ]; ${2:-} profile = "$profile"; } );
		profiles = { tested = { ${1:-base = \"default\";} }; };
	END
}

# A helper program of the tests, from NAME.c.
build_tool() {
	local sanitizer=()

	[ "$VARIANT" != asan ] || sanitizer=("-Wl,--no-as-needed" /usr/local/lib/sanitizer-options.so -lasan -lcrypt)
	gcc -std=gnu11 -D_GNU_SOURCE -O1 -Wall -Wextra -o "/usr/local/bin/$1" "$HERE/$1.c" "${sanitizer[@]}" "${@:2}" || {
		echo "not ok - $1.c compiles"
		exit 1
	}
}

start_sshd() {
	ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/test_host_key <<<y >/dev/null
	cat >/etc/ssh/test_sshd_config <<-END
		Port $SSH_PORT
		ListenAddress 127.0.0.1
		HostKey /etc/ssh/test_host_key
		PidFile none
		UsePAM yes
		PermitRootLogin yes
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PrintMotd no
		X11Forwarding no
		Subsystem sftp /usr/lib/openssh/sftp-server
	END
	cat >/root/.ssh/config <<-END
		Host *
			Port $SSH_PORT
			StrictHostKeyChecking no
			UserKnownHostsFile /dev/null
			LogLevel ERROR
			BatchMode yes
			ConnectTimeout 10
	END
	/usr/sbin/sshd -D -f /etc/ssh/test_sshd_config &
	services+=($!)
	wait_until 50 port_answers "$SSH_PORT"
}

# Does an sshd answer there?
port_answers() {
	local line
	{ read -r -t 5 line <&3; } 3<>"/dev/tcp/127.0.0.1/$1" && [[ $line == SSH-2.0-* ]]
} 2>/dev/null

# ---- looking at the host

namespace() {
	readlink "/proc/self/ns/$1"
}

pid1s() {
	pgrep -x nsunshare-init
}

no_pid1() {
	! pid1s >/dev/null
}

# check_gone NAME: no session is there a second after this.
check_gone() {
	if wait_until $((GONE_SECONDS * 10)) no_pid1; then
		pass "$1"
	else
		fail "$1" "$(ps -efww --forest)"
	fi
}

# A glob pattern in the test's own shell: a program, or a subshell, would see itself.
note_processes() {
	processes=(/proc/[0-9]*)
}

# A program, for a subshell would add its pipe.
note_descriptors() {
	find "/proc/$$/fd" -type l -printf '%f %l\n' >"/run/descriptors-$1"
}

host_namespaces() {
	readlink /proc/$$/ns/*
}

note_host() {
	host_mounts=$(</proc/self/mountinfo)
	host_namespaces=$(host_namespaces)
	note_processes
	host_processes=${processes[*]}
	note_descriptors before
}

has_only_host_processes() {
	note_processes
	[ "${processes[*]}" = "$host_processes" ]
}

stop_services() {
	local pid
	for pid in "${services[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	services=()
}

# The last check of each test, and its exit status.
finish() {
	local door
	door=$(basename "$0" .sh)
	door=${door#*-}

	stop_services
	if wait_until $((GONE_SECONDS * 10)) has_only_host_processes; then
		pass "$door: no process is left on the host"
	else
		fail "$door: no process is left on the host" "$(ps -efww --forest)"
	fi
	note_descriptors after
	check_is "$door: the host's mount table is byte for byte as before" "$(</proc/self/mountinfo)" "$host_mounts"
	check_is "$door: the host's namespaces are as before" "$(host_namespaces)" "$host_namespaces"
	check_is "$door: the test has no descriptor more or less" "$(</run/descriptors-after)" "$(</run/descriptors-before)"
	check_is "$door: /run/nsunshare holds nothing but the counters" "$(find /run/nsunshare -mindepth 1 ! -name metrics 2>/dev/null)" ""
	[ "$VARIANT" != asan ] || check_is "$door: the sanitizers have found nothing" \
		"$(cat /var/log/sanitizer/found* 2>/dev/null)" ""
	echo "# $door: $n_passed passed, $n_failed failed, $n_skipped skipped"
	[ "$n_failed" = 0 ] || exit 1
	exit 0
}

if [ "$NSU_SANDBOX" = 1 ]; then # in the guest of tests/vm, its lib.sh begins
	note_host
	start_syslog
	log_mark
fi
