#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a user leaves running, and what comes along with his connection: at logout a session ends with all that is in it, in a shared set
# with the lifetime "processes" it goes on; agents, multiplexed connections, sockets in /tmp.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../inside.inc"

# Each lives on behind a logout where there is no pam_nsunshare; that it has begun is written down first.
readonly LEAVE='
nohup sleep 4001 >/dev/null 2>&1 &
sleep 4002 </dev/null >/dev/null 2>&1 & disown
(setsid sleep 4003 </dev/null >/dev/null 2>&1 &)
tmux new-session -d "sleep 4004"
tmux ls >/dev/null
eval "$(ssh-agent)" >/dev/null
for i in 1 2 3 4 5 6 7 8 9; do [ "$(pgrep -c "^(sleep|tmux: server|ssh-agent)$")" = 6 ] && break; sleep 1; done
try left "pgrep -l \"^(sleep|tmux: server|ssh-agent)$\" | cut -d \" \" -f 2- | sort"
'

nothing_left() {
	! pgrep -u alice '^(sleep|tmux: server|ssh-agent)$'
}

test_logout() {
	policy_for_users
	facts alice "$LEAVE"
	check_is "logout: these were left running" "$(fact left)" "sleep|sleep|sleep|sleep|ssh-agent|tmux: server"
	check "logout: none of them lives" wait_until 100 nothing_left
	check_gone "logout: nor process 1"
	check_has "logout: tmux was killed, and its entry in utmp stays" "$(who /run/utmp)" '^alice .*\(tmux\([0-9]+\)'
	: >/run/utmp
	facts alice "$LEAVE" -tt
	check_is "logout, terminal: these were left running" "$(fact left)" "sleep|sleep|sleep|sleep|ssh-agent|tmux: server"
	check "logout, terminal: none of them lives" wait_until 100 nothing_left
	check_gone "logout, terminal: nor process 1"
}

test_kill_all() {
	setsid su -c 'exec sleep 4010' bob </dev/null >/dev/null 2>&1 &
	check "kill -9 -1: somebody else's process runs" wait_until 200 pgrep -u bob -xf 'sleep 4010'
	timeout 60 ssh alice@127.0.0.1 'setsid sleep 4011 & kill -9 -1; echo still here' </dev/null >/run/killed 2>&1
	check_hasnt "kill -9 -1: ends his session" "$(</run/killed)" 'still here'
	check "kill -9 -1: all of it" wait_until 100 nothing_left
	check "kill -9 -1: nobody else's" pgrep -u bob -xf 'sleep 4010'
	pkill -u bob -xf 'sleep 4010'
	wait
	rm /run/killed
}

test_lifetime() {
	policy_for_users 'base = "default"; hostname = "shared"; scope = "user"; lifetime = "processes";'
	facts alice 'tmux new-session -d -s left "sleep 4020"; try id "echo $NSUNSHARE_ID"'
	check "lifetime processes: tmux lives on" pgrep -u alice -xf 'sleep 4020'
	first=$(fact id)
	facts alice 'try id "echo $NSUNSHARE_ID"; try tmux "tmux ls"; tmux kill-server'
	check_is "lifetime processes: the next login is in the same set" "$(fact id)" "$first"
	check_fact "lifetime processes: and finds it" tmux '0: left: 1 windows'
	check "lifetime processes: the set ends when tmux has ended" wait_until 300 no_pid1
}

# By one connection two channels; and the agent of who comes, with a key in it.
test_connection() {
	local out

	policy_for_users
	eval "$(ssh-agent)" >/dev/null
	ssh-add -q /root/.ssh/id_ed25519
	out=$(
		{
			timeout 100 ssh -A -o ControlMaster=yes -o ControlPath=/run/control alice@127.0.0.1 'echo "first $NSUNSHARE_ID"; ssh-add -l; ls -d /tmp/ssh-*; read -r -t 60' <&3 2>&1 &
			wait_until 200 test -S /run/control
			timeout 60 ssh -o ControlPath=/run/control alice@127.0.0.1 'echo "second $NSUNSHARE_ID"' </dev/null 2>&1
			echo 'go on' >&4
			wait
		} 3<>/run/end 4>&3
	)
	kill "$SSH_AGENT_PID"
	check_is "ControlMaster: both channels are in one session" "$(sed -n 's/^\(first\|second\) //p' <<<"$out" | sort -u | grep -c .) $(grep -cE '^(first|second) [0-9a-f]{16}$' <<<"$out")" "1 2"
	check_has "agent forwarding: works" "$out" '^256 SHA256:'
	check_has "agent forwarding: its socket is in the session's /tmp" "$out" '^/tmp/ssh-'
	check_is "agent forwarding: and not in the host's" "$(find /tmp -maxdepth 1 -name 'ssh-*' -user alice)" ""
	rm -f /run/end /run/control
}

# Sockets of X11 and the like, which a display outside has made.
test_sockets() {
	local look='try socket "test -S /tmp/.X11-unix/X7 && echo there"; try abstract "grep -c @/tmp/.X11-unix/X7 /proc/net/unix"'

	install -d -m 1777 /tmp/.X11-unix
	systemd-socket-activate --listen=/tmp/.X11-unix/X7 true &
	services+=($!)
	systemd-socket-activate --listen=@/tmp/.X11-unix/X7 true &
	services+=($!)
	wait_until 100 test -S /tmp/.X11-unix/X7
	wait_until 100 grep -q @/tmp/.X11-unix/X7 /proc/net/unix
	policy_for_users
	facts alice "$look"
	check_fact "X11: its socket in /tmp is hidden" socket '1: $'
	check_fact "X11: the abstract one is not" abstract '0: [1-9]'
	policy_for_users 'base = "default"; expose = [ "/tmp/.X11-unix" ];'
	facts alice "$look"
	check_fact "X11: expose brings it back" socket '0: there$'
	policy_for_users 'base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ];'
	facts alice "$look"
	check_fact "X11: an own net hides the abstract one" abstract '1: 0$'
	stop_services
	rm -rf /tmp/.X11-unix
}

cp -a /run/utmp /run/utmp-before
install_package
make_try
mkfifo /run/end
test_logout
test_kill_all
test_lifetime
test_connection
test_sockets
end_user alice
end_user bob
cat /run/utmp-before >/run/utmp
rm /run/utmp-before
finish
