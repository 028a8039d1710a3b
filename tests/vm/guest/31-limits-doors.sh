#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Limits of sessions where systemd runs the host: by every door, and what
# systemd and logind make of it.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2034,SC2119,SC2317 # limits.inc uses them; functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"

# A login of logind's stays one, and what systemd does to its units does not touch the limits.
test_logind() {
	local dir scope session

	limited
	check "logind: a login" start_login alice 1030
	dir=$(limits_of 1030)
	scope=$(basename "$dir")
	session=${scope#session-}
	session=${session%.scope}
	check_is "logind: the session is his" "$(loginctl show-session "$session" -p Name -p Scope -p State | paste -sd ' ')" \
		"Name=alice Scope=$scope State=active"
	check_is "logind: systemd knows the limits" "$(systemctl show -p MemoryMax -p TasksMax -p CPUWeight -p MemorySwapMax "$scope" | sort | paste -sd ' ')" \
		"CPUWeight=$WEIGHT MemoryMax=$MEMORY MemorySwapMax=0 TasksMax=$TASKS"
	check_is "logind: which last as long as the scope" "$(find /etc/systemd -name "$scope*")" ""
	check "logind: systemd reads its units again" systemctl daemon-reload
	check "logind: and starts itself again" systemctl daemon-reexec
	check_limits "logind, after that" "$dir"
	check_is "logind, after that: the login is where it was" "$(cgroup_of 1030)" "${dir#"$CGROUPS"}/session"
	end_logins
	check "logind: the scope is gone" wait_until 100 is_gone "$dir"
	check_gone "logind: no PID 1 is left"
}

# su in somebody else's session: that one keeps its own limits.
test_su_of_another() {
	local dir

	limited
	ssh -tt root@127.0.0.1 "su -c 'exec sleep 1031' bob" </dev/null >/dev/null 2>&1 &
	logins+=($!)
	check "su in root's session: a session with limits" wait_until 300 pgrep -xf 'sleep 1031'
	check_has "su in root's session: has a scope of its own, of its user" "$(cgroup_of 1031)" "$cron_regex"
	dir=$(limits_of 1031)
	check_limits "su in root's session" "$dir"
	check_is "su in root's session: the scope's description" "$(systemctl show -p Description --value "$(basename "$dir")")" \
		"pam_nsunshare session $(basename "$dir" .scope | cut -d- -f2) of user 1502"
	pkill -xf 'sleep 1031' # su itself lives on without its terminal
	end_logins
	check "su in root's session: the scope is gone" wait_until 100 is_gone "$dir"
	check_is "su in root's session: systemd has no such unit" "$(systemctl list-units --all --no-legend 'nsunshare-*')" ""
	check_gone "su in root's session: no PID 1 is left"
}

test_systemd_silent() {
	local began

	limited "$FIVE timeout = 4000;"
	log_mark
	mv /run/dbus/system_bus_socket /run/dbus/away
	timeout 60 pamprobe pt alice open >/run/probe 2>&1
	mv /run/dbus/away /run/dbus/system_bus_socket
	check_has "no system bus: refused" "$(</run/probe)" '^open: code 4'
	check_log "no system bus: the log says why" 'refused: user=alice .*connect to the system bus'
	log_mark
	pkill -STOP -x dbus-daemon -u messagebus
	began=$SECONDS
	timeout 60 pamprobe pt alice open >/run/probe 2>&1
	pkill -CONT -x dbus-daemon -u messagebus
	check "a silent bus: the open ends in time" test $((SECONDS - began)) -le 10
	check_has "a silent bus: refused" "$(</run/probe)" '^open: code 4'
	check_log "a silent bus: the log says why" "refused: user=alice .*has not answered in time.*timeout"
	check_gone "a silent bus: no PID 1 is left"
}

# From inside of a pid namespace systemd would take one process for another.
test_nested_pid() {
	limited 'namespaces = [ "mount", "ipc", "uts", "pid" ];'
	log_mark
	timeout 60 pamprobe pt alice open run='pamprobe pt bob open close' close >/run/nested 2>&1
	check_is "nested without the cgroup namespace: the inner one is refused" "$(grep -E '^(open|close): code' /run/nested | paste -sd ' ')" \
		"open: code 0 open: code 4 close: code 6 close: code 0"
	check_log "nested without the cgroup namespace: the log says why" 'refused: user=bob .*pid namespace that systemd does not run'
}

build_tool pamprobe -lpam -lpthread
test_doors
test_nested_pid
test_logind
test_su_of_another
test_systemd_silent
check "no cgroup is left" wait_until 100 has_cgroups 0
finish
