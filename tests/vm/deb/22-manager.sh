#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What systemd starts for a user: his manager and its services, services with User= and with PAMName=. And at(1) from inside.
# shellcheck disable=SC2016,SC2119,SC2317
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../doors.inc"

readonly PIDLESS='namespaces = [ "mount", "ipc", "uts" ]; hostname = "of-alice";'
readonly LOOK='readlink /proc/self/ns/mnt /proc/self/ns/pid; cat /proc/sys/kernel/hostname; id -un'

service_of_alice() {
	timeout 60 systemd-run --quiet --wait --pipe --uid alice "$@" sh -c "$LOOK" </dev/null 2>&1
}

# A service of her manager's, asked for from outside of a session.
user_service() {
	setpriv --reuid alice --regid alice --init-groups env XDG_RUNTIME_DIR=/run/user/1501 \
		timeout 60 systemd-run --quiet --user --wait --pipe sh -c "$LOOK" </dev/null 2>&1
}

# logind must have forgotten her: some seconds after her last login it stops the manager.
restart_manager() {
	systemctl stop user@1501.service
	wait_until 300 eval '! loginctl show-user alice >/dev/null 2>&1'
	timeout 90 systemctl start user@1501.service
}

test_manager() {
	local of_host

	of_host="$(readlink /proc/self/ns/mnt /proc/self/ns/pid)"$'\nshellhost\nalice'
	policy_for_users
	check "systemd-user: no rule names it: the manager starts" restart_manager
	check_is "systemd-user: no rule names it: services of the manager are on the host" "$(user_service)" "$of_host"
	policy_for_users "$PIDLESS" 'service = "systemd-user";'
	log_mark
	check "systemd-user: a rule names it, without pid: the manager starts" restart_manager
	out=$(user_service)
	check_is "systemd-user: a rule names it, without pid: services are isolated" "$(sed -n '2,$p' <<<"$out")" \
		"$(readlink /proc/self/ns/pid)"$'\nof-alice\nalice'
	check_isnt "systemd-user: a rule names it, without pid: in the manager's mount namespace" "$(head -n 1 <<<"$out")" "$(namespace mnt)"
	check_is "systemd-user: which is" "$(readlink "/proc/$(pgrep -u alice -xo systemd)/ns/mnt")" "$(head -n 1 <<<"$out")"
	check_log "systemd-user: the journal says so" 'opened: id=[0-9a-f]{16} user=alice service=systemd-user profile=tested .* init=0 '
	policy_for_users 'base = "default";' 'service = "systemd-user";'
	log_mark
	check_fails "systemd-user: a rule names it, with pid: the manager does not start" restart_manager
	check_log "systemd-user: systemd says why" 'Failed to locate executable .*systemd: Bad file descriptor'
	systemctl stop user@1501.service
	systemctl reset-failed user@1501.service
	check_gone "systemd-user: no helper is left of that"
}

test_services() {
	local out

	policy_for_users
	check_is "systemd-run --uid: no PAM, so on the host" "$(service_of_alice | sed -n '1,3p')" \
		"$(readlink /proc/self/ns/mnt /proc/self/ns/pid)"$'\nshellhost'
	log_mark
	out=$(service_of_alice -p PAMName=login)
	check_hasnt "C-57 PAMName=, with pid: nothing runs" "$out" 'mnt:|alice$'
	check_log "C-57 PAMName=, with pid: systemd says why" 'Failed to locate executable .*: Bad file descriptor'
	check_gone "C-57 PAMName=, with pid: no helper is left"
	policy_for_users "$PIDLESS"
	out=$(service_of_alice -p PAMName=login)
	check_has "C-57 PAMName=, without pid: it runs as her, and is isolated" "$(tail -n 2 <<<"$out" | paste -sd ' ')" '^of-alice alice$'
	check_isnt "C-57 PAMName=, without pid: in a mount namespace of its own" "$(head -n 1 <<<"$out")" "$(namespace mnt)"
}

# at(1) signals its daemon by the number in /run/atd.pid, which inside means nobody.
test_at() {
	local job="echo 'touch $WORK/from-inside' | at now; atq | wc -l"

	policy_for_users
	out=$(as alice "$job")
	check_has "at from inside, with pid: at says that it can't tell the daemon" "$out" 'Warning: at daemon not running'
	check_has "at from inside, with pid: the job is queued" "$out" '^1$'
	check_fails "at from inside, with pid: the daemon has not heard" wait_until 50 test -e $WORK/from-inside
	policy_for_users "$PIDLESS"
	check_hasnt "at from inside, without pid: no warning" "$(as alice "$job" | paste -sd ' ')" 'Warning: at'
	check "at from inside, without pid: both run" wait_until 300 test -e $WORK/from-inside
}

prepare_doors
install_package 2>/dev/null
test_manager
test_services
test_at
nsunshare list >/dev/null 2>&1 # sweeps what a PID 1 has left that systemd killed
finish_doors
