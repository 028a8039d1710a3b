#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Sets of several users where systemd runs the host, which none of them can freeze; with limits; and where systemd can't be asked.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2154,SC2317 # functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../shared.inc"

no_user_directory() {
	[ ! -e /run/user/1501 ] && [ ! -e /run/user/1502 ]
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
		exec timeout 150 pamprobe pt alice open start='exec sleep 2042' run='while [ ! -e /run/go-on ]; do sleep 1; done' close >/run/probe 2>&1
	) &
	logins+=($!)
	check "freezer: she opens a set in it" wait_until 300 pgrep -xf 'sleep 2042'
	init=$(init_of 2042)
	check_scope freezer "$init" "$COMMON_SCOPE"
	check "freezer: she freezes it" setpriv --reuid=1501 --clear-groups sh -c "echo 1 >$dir/cgroup.freeze"
	check "freezer: bob logs in all the same" start_login bob 2043
	check_is "freezer: to the same set" "$(init_of 2043)" "$init"
	echo 0 >"$dir/cgroup.freeze"
	touch /run/go-on
	wait "${logins[0]}"
	rm -f /run/go-on
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

# From inside of a pid namespace systemd can't be asked; who reaches a set there is in the outer one.
test_nested() {
	policy <<-END
		rules = ( { user = "alice"; profile = "outer"; }, { user = "bob"; profile = "inner"; } );
		profiles = {
			outer = { base = "default"; hostname = "shared"; scope = "named:outer"; };
			inner = { base = "default"; hostname = "shared"; scope = "named:inner"; };
		};
	END
	log_mark
	timeout 100 pamprobe pt alice open run='pamprobe pt bob open close' close >/run/nested 2>&1
	check_is "nested: both are opened" "$(grep -cE '^(open|close): code 0' /run/nested)" 4
	check_log "nested: the log says that PID 1 stays where it is" 'opened: .* user=bob .*moved=no reason=".*pid namespace that systemd does not run'
	check_ended nested
}

build_tool pamprobe -lpam -lpthread
test_group
test_freezer
test_shared_limits
test_nested
test_no_bus
wait_until 400 no_user_directory # logind takes ten seconds for it
finish
