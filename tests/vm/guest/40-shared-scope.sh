#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Shared sets where systemd runs the host: PID 1 is in a scope of its own, and neither logind nor systemd nor a user of the set
# ends or freezes it with one of its logins.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"

readonly USER_SCOPE='^/user\.slice/user-1501\.slice/nsunshare-[0-9a-f]{16}\.scope$'
readonly COMMON_SCOPE='^/nsunshare\.slice/nsunshare-[0-9a-f]{16}\.scope$'

# shared SCOPE LIFETIME [KEYS]
shared() {
	policy_for_users "base = \"default\"; hostname = \"shared\"; scope = \"$1\"; lifetime = \"$2\"; ${3:-}"
}

# init_of MARK: the number of PID 1 of that login's set.
init_of() {
	local pid wanted
	wanted=$(readlink "/proc/$(pgrep -xf "sleep $1" | head -n 1)/ns/pid")

	for pid in $(pid1s); do
		[ "$(readlink "/proc/$pid/ns/pid")" != "$wanted" ] || echo "$pid"
	done
}

cgroup_of_init() {
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}

# end_login USER MARK: its client hangs up.
end_login() {
	local client
	client=$(pgrep -f "^ssh -tt $1@127\.0\.0\.1 .*exec sleep $2\$")

	kill "$client"
	wait "$client" 2>/dev/null
	wait_until 100 no_marked "$2"
}

n_sessions() {
	loginctl list-sessions --no-legend | grep -cw "$1"
}

has_sessions() {
	[ "$(n_sessions "$1")" = "$2" ]
}

is_down() {
	! systemctl is-active --quiet "$1"
}

no_units() {
	[ -z "$(systemctl list-units --all --no-legend 'nsunshare-*')" ]
}

check_ended() {
	check_gone "$1: the set is gone"
	check "$1: so is its scope" wait_until 100 no_units
	check "$1: and no session of logind's stays" wait_until 100 has_sessions alice 0
}

check_scope() {
	check_has "$1: PID 1 is in a scope of its own" "$(cgroup_of_init "$2")" "$3"
}

# kill_user_processes yes|no: logind is asked to, or not.
kill_user_processes() {
	install -D -m 0644 /dev/stdin /run/systemd/logind.conf.d/zz.conf <<-END
		[Login]
		KillUserProcesses=$1
	END
	systemctl restart systemd-logind
}

test_user() {
	local init

	shared user processes
	check "user: a login" start_login alice 2001
	init=$(init_of 2001)
	check_scope user "$init" "$USER_SCOPE"
	check "user: a second one, which leaves a process" start_login alice 2002 '(setsid sleep 2003 </dev/null >/dev/null 2>&1 &)'
	check_is "user: joins the first" "$(init_of 2002)" "$init"
	check "user: logind knows both" has_sessions alice 2
	check "user: the first one logs out" end_login alice 2001
	check "user: logind has let go of its session" wait_until 100 has_sessions alice 1
	check_is "user: the second one goes on, with its process" "$(init_of 2002) $(init_of 2003)" "$init $init"
	check "user: it logs out too" end_login alice 2002
	check "user: a login a while after the last one" start_login alice 2004 'pgrep -xc sleep'
	check_is "user: is in the set that was left" "$(init_of 2004)" "$init"
	check_is "user: sees the process that was left" "$(tr -d '\r' </run/login-2004)" 1
	pkill -xf 'sleep 2003'
	end_logins
	check_ended user
}

test_kill_user_processes() {
	local init

	kill_user_processes yes
	shared user login
	check "KillUserProcesses: a login" start_login alice 2011
	init=$(init_of 2011)
	check "KillUserProcesses: a second one" start_login alice 2012
	check "KillUserProcesses: the first one logs out" end_login alice 2011
	check "KillUserProcesses: logind has let go of its session" wait_until 100 has_sessions alice 1
	check_is "KillUserProcesses: the second one goes on" "$(init_of 2012)" "$init"
	check "KillUserProcesses: a third one" start_login alice 2013
	check_is "KillUserProcesses: joins" "$(init_of 2013)" "$init"
	end_logins
	check_ended KillUserProcesses
}

test_permanent() {
	local init unit

	shared user permanent
	check "permanent: a login" start_login alice 2021
	init=$(init_of 2021)
	end_logins
	check "permanent: the user's own services end with his last login" wait_until 200 is_down user@1501.service
	check "permanent: his runtime directory too" wait_until 100 is_down user-runtime-dir@1501.service
	check "permanent: no session of logind's stays" wait_until 100 has_sessions alice 0
	check "permanent: the set does" test -e "/proc/$init"
	check "permanent: a login after that" start_login alice 2022
	check_is "permanent: joins the empty set" "$(init_of 2022)" "$init"
	unit=$(basename "$(cgroup_of_init "$init")")
	check_has "permanent: systemctl status knows it" "$(systemctl status --no-pager "$unit" 2>&1)" "pam_nsunshare set ${unit:10:16} of user 1501"
	check "permanent: systemctl stop ends it, in its own time" timeout 8 systemctl stop "$unit"
	check_is "permanent: with all that is in it" "$(pgrep -xc -f 'sleep 2022')" 0
	check_is "permanent: systemd had nothing to kill" "$(journalctl -q -b -u "$unit" | grep -ci 'timed out\|SIGKILL')" 0
	check_is "permanent: PID 1 has taken its entry away" "$(find /run/nsunshare -type s)" ""
	end_logins
	check_ended permanent
	kill_user_processes no
}

test_group() {
	local init

	usermod -g staffers alice
	usermod -g staffers bob
	shared group login
	check "group: a login" start_login alice 2031
	init=$(init_of 2031)
	check_scope group "$init" "$COMMON_SCOPE"
	check "group: another's login" start_login bob 2032
	check_is "group: joins" "$(init_of 2032)" "$init"
	check "group: the first one logs out" end_login alice 2031
	check "group: its user's services end" wait_until 200 is_down user@1501.service
	check_is "group: the other goes on" "$(init_of 2032)" "$init"
	end_logins
	check_ended group
	usermod -g alice alice
	usermod -g bob bob
}

# A cgroup that alice may freeze, as `systemd-run --user --scope` gives it to her, in which her su would be.
test_freezer() {
	local dir init

	shared named:team login
	systemctl start user@1501.service
	dir=$CGROUPS/user.slice/user-1501.slice/user@1501.service/app.slice/own.scope
	check "freezer: a cgroup that is alice's" install -d -o alice "$dir"
	chown alice "$dir/cgroup.freeze"
	(
		echo $BASHPID >"$dir/cgroup.procs"
		exec timeout 100 pamprobe pt alice open start='exec sleep 2042' sleep=1000 close >/run/probe 2>&1
	) &
	logins+=($!)
	check "freezer: she opens a set in it" wait_until 300 pgrep -xf 'sleep 2042'
	init=$(init_of 2042)
	check_scope freezer "$init" "$COMMON_SCOPE"
	check "freezer: she freezes it" setpriv --reuid=1501 --clear-groups sh -c "echo 1 >$dir/cgroup.freeze"
	check "freezer: bob logs in all the same" start_login bob 2043
	check_is "freezer: to the same set" "$(init_of 2043)" "$init"
	echo 0 >"$dir/cgroup.freeze"
	end_logins
	systemctl stop user@1501.service
	check_ended freezer
}

test_shared_limits() {
	local init dir

	shared user login "$LIMITS"
	log_mark
	check "limits: a login" start_login alice 2051
	init=$(init_of 2051)
	dir=$CGROUPS$(cgroup_of_init "$init")
	check_scope limits "$init" "$USER_SCOPE"
	check_limits limits "$dir"
	check "limits: a second one" start_login alice 2052
	check_is "limits: both are in the one cgroup" "$(cgroup_of 2051) $(cgroup_of 2052)" "${dir#"$CGROUPS"}/session ${dir#"$CGROUPS"}/session"
	check "limits: the first one logs out" end_login alice 2051
	check "limits: logind has let go of its session" wait_until 100 has_sessions alice 1
	check_is "limits: the second one goes on" "$(init_of 2052)" "$init"
	end_logins
	check_ended limits
	check_is "limits: closed without a complaint" "$(log_count 'pam_nsunshare.*(close|error|failed)' || :)" "$(log_count 'pam_nsunshare.*: closed: ')"
}

test_no_bus() {
	local began

	shared user login 'timeout = 4000;'
	log_mark
	mv /run/dbus/system_bus_socket /run/dbus/away
	timeout 60 pamprobe pt alice open close >/run/probe 2>&1
	check_is "no system bus, user: opened all the same" "$(grep -c ': code 0' /run/probe)" 2
	check_log "no system bus, user: the log says what that means" 'opened: .* user=alice .*moved=no reason="connect to the system bus, .*: No such file or directory"'
	shared named:team login 'timeout = 4000;'
	timeout 60 pamprobe pt alice open >/run/probe 2>&1
	mv /run/dbus/away /run/dbus/system_bus_socket
	check_has "no system bus, named: refused" "$(</run/probe)" '^open: code 4'
	check_log "no system bus, named: the log says why" 'refused: user=alice .*connect to the system bus'
	shared user login 'timeout = 4000;'
	log_mark
	pkill -STOP -x dbus-daemon -u messagebus
	began=$SECONDS
	timeout 60 pamprobe pt alice open close >/run/probe 2>&1
	pkill -CONT -x dbus-daemon -u messagebus
	check "a silent bus, user: in time" test $((SECONDS - began)) -le 10
	check_is "a silent bus, user: opened" "$(grep -c ': code 0' /run/probe)" 2
	check_log "a silent bus, user: the log says why" 'opened: .* user=alice .*moved=no reason=".*has not answered in time'
	check_ended "no system bus"
}

build_tool pamprobe -lpam -lpthread
test_user
test_kill_user_processes
test_permanent
test_group
test_freezer
test_shared_limits
test_no_bus
finish
