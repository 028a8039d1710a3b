#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Sets of one user where systemd runs the host: PID 1 is in a scope of its own, and neither logind nor systemd ends it with one of
# its logins.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2154,SC2317 # functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../shared.inc"

# kill_user_processes yes|no: logind is asked to, or not. One that is started anew forgets the user managers that it is about to end.
kill_user_processes() {
	wait_until 400 is_down user@1501.service
	wait_until 100 no_user_directory
	install -D -m 0644 /dev/stdin /run/systemd/logind.conf.d/zz.conf <<-END
		[Login]
		KillUserProcesses=$1
	END
	systemctl restart systemd-logind
}

no_user_directory() {
	[ ! -e /run/user/1501 ] && [ ! -e /run/user/1502 ]
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
	check "permanent: loginctl terminate-user" loginctl terminate-user alice
	check "permanent: ends his login" wait_until 200 no_marked 2022
	check "permanent: not the set" test -e "/proc/$init"
	end_logins
	check "permanent: one more login" start_login alice 2023
	check_is "permanent: is in the same" "$(init_of 2023)" "$init"
	unit=$(basename "$(cgroup_of_init "$init")")
	check_has "permanent: systemctl status knows it" "$(systemctl status --no-pager "$unit" 2>&1)" "pam_nsunshare set ${unit:10:16} of user 1501"
	check "permanent: systemctl stop ends it, in its own time" timeout 8 systemctl stop "$unit"
	check_is "permanent: with all that is in it" "$(pgrep -xc -f 'sleep 2023')" 0
	check_is "permanent: systemd had nothing to kill" "$(journalctl -q -b -u "$unit" | grep -ci 'timed out\|SIGKILL')" 0
	check_is "permanent: PID 1 has taken its entry away" "$(find /run/nsunshare -type s)" ""
	end_logins
	check_ended permanent
	kill_user_processes no
}

test_user
test_kill_user_processes
test_permanent
wait_until 400 no_user_directory # logind takes ten seconds for it
finish
