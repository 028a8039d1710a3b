#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nsunshare run: a policy is tried before it stands in a PAM stack; what the module would do is done, and said.
# Holds G31.
# shellcheck disable=SC2016,SC2119,SC2317 # single-quoted text is for the shell of the session; functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/admin.inc"

try() {
	admin run "$@"
}

# No PAM stack has the module, and the policy is not where that would look for it.
test_before_pam() {
	sed -i '/pam_nsunshare/d' /etc/pam.d/*
	rm -rf "$POLICY"
	cat >/root/tried.conf <<-'END'
		rules = ( { user = "root"; profile = "none"; },
		          { user = "alice"; service = "sshd"; rhost = "*.lab"; profile = "tried"; hostname = "lab"; },
		          { user = "alice"; tty = "tty1"; profile = "tried"; hostname = "console"; },
		          { user = "alice"; service = "cron"; profile = "none"; },
		          { user = [ "alice", "bob" ]; profile = "tried"; } );
		profiles = { tried = { base = "default"; hostname = "tried-%u"; environment = [ "TRIED=%u", "PATH=/bin" ]; }; };
	END
	chmod 644 /root/tried.conf
	cd /root || return
	try alice --conf tried.conf -- sh -c 'hostname; cat /proc/1/comm; id -un; pwd; ls -A /tmp; echo "$TRIED $PATH"'
	check_is "run: isolated as the policy says" "$status $(paste -sd ' ' <<<"$out")" "0 tried-alice nsunshare-init alice /home/alice alice /bin"
	check_has "run: says what it has opened" "$err" '^nsunshare: opened session [0-9a-f]{16} of alice: namespaces mount,ipc,uts,pid$'
	check_has "run: and by which rule" "$err" '^nsunshare: by profile tried, rule /root/tried.conf:5$'
	check_gone "run: nothing is left"
	try alice --conf tried.conf --rhost a.lab -- hostname
	check_is "run --rhost" "$out" lab
	try alice --conf tried.conf --tty tty1 -- hostname
	check_is "run --tty" "$out" console
	try alice --conf tried.conf --service cron -- cat /proc/1/comm
	check_isnt "run --service: left alone" "$out" nsunshare-init
	check_is "run --service: which is said" "$err" \
		"nsunshare: alice is left alone by the policy, rule /root/tried.conf:4: what follows is not isolated"
	try nobody --conf tried.conf -- id -un
	check_is "run: no rule matches: left alone" "$status $out" "0 nobody"
	check_has "run: no rule matches: which is said" "$err" 'nobody is left alone by the policy, rule none: what follows is not isolated'
	try root --conf tried.conf -- sh -c 'id -u; echo $HOME'
	check_is "run: root, left alone" "$status $(paste -sd ' ' <<<"$out")" "0 0 /root"
	cd /
	try alice -- true
	check_is "run: no policy" "$status" 125
	check_has "run: no policy: a remedy" "$err" 'would be refused: .*there is no policy: write one, or give --profile=default'
	try alice --profile default -- cat /proc/1/comm
	check_is "run: no policy, --profile" "$status $out" "0 nsunshare-init"
}

test_refused() {
	policy <<<'rules = ( { user = "alice"; profle = "x"; } );'
	try alice -- true
	check_is "run: a broken policy" "$status $out" "125 "
	check_has "run: a broken policy: file, line and key" "$err" "would be refused: .*$POLICY:1.*profle"
	try nouser -- true
	check_is "run: no such user" "$status $err" "125 nsunshare: user 'nouser': no such user in the account database"
	policy_for_users 'base = "default"; extra_mounts = ( { type = "tmpfs"; path = "/nowhere"; } );'
	try alice -- true
	check_is "run: a path that does not exist" "$status $out" "125 "
	check_has "run: a path that does not exist: which" "$err" "/nowhere"
	policy_for_users 'base = "default"; on_error = "allow"; extra_mounts = ( { type = "tmpfs"; path = "/nowhere"; } );'
	try alice -- sh -c 'cat /proc/1/comm; echo "${NSUNSHARE_ID-none}"'
	check_isnt "run: on_error = allow: not isolated" "$(sed -n 1p <<<"$out")" nsunshare-init
	check_is "run: on_error = allow: no id" "$status $(sed -n 2p <<<"$out")" "0 none"
	check_has "run: on_error = allow: which is said" "$err" '^nsunshare: NOT ISOLATED, let in by on_error = "allow": .*/nowhere'
	policy_for_users 'base = "default"; enforce = false;'
	try alice -- cat /proc/1/comm
	check_isnt "run: enforce = false: not isolated" "$out" nsunshare-init
	check_has "run: enforce = false: what would be" "$err" '^nsunshare: would open a session of alice: namespaces mount,ipc,uts,pid$'
	check_has "run: enforce = false: which is said" "$err" '^nsunshare: enforce is false: what follows is not isolated$'
	policy_for_users
	check_is "run: as another user than root: refused" \
		"$(timeout 5 setpriv --reuid bob --regid bob --clear-groups nsunshare run bob 2>&1 </dev/null; echo $?)" \
		$'nsunshare: run: only root may do this\n125'
}

# From inside of a session: what `nested` says.
test_nested() {
	local key

	for key in stay deny nest; do
		policy_for_users "base = \"default\"; nested = \"$key\";" 
		try alice -- sleep 1000 &
		wait_until 50 pgrep -x sleep
		nsunshare enter alice --as-root -- nsunshare run bob -- sh -c 'cat /proc/1/comm; ps -e | wc -l' >/run/nested 2>&1 </dev/null
		case $key in
		stay) check_has "run: nested = stay" "$(</run/nested)" 'bob stays in session [0-9a-f]{16} of uid 1501' ;;
		deny) check_has "run: nested = deny" "$(</run/nested)" 'refuses$' ;;
		nest) check_has "run: nested = nest" "$(</run/nested)" 'opened session [0-9a-f]{16} of bob' ;;
		esac
		pkill -x sleep
		wait $!
	done
	policy_for_users
}

test_shared() {
	start_sshd
	echo 'session required pam_nsunshare.so' >>/etc/pam.d/sshd
	policy_for_users 'base = "default"; scope = "user";'
	ssh alice@127.0.0.1 'echo copied >/tmp/file; exec sleep 1000' &
	wait_until 50 pgrep -x sleep
	try alice -- sh -c 'cat /tmp/file; ps -e -o comm= | grep sleep; echo $NSUNSHARE_ID'
	check_is "run: joins the session of an ssh login" "$(sed -n 1,2p <<<"$out" | paste -sd ' ')" "copied sleep"
	check_has "run: says so" "$err" "^nsunshare: joined session $(sed -n 3p <<<"$out") of alice"
	check_has "run: it is the one of list" "$(nsunshare list)" "^$(sed -n 3p <<<"$out") alice"
	check "run: the session lives on" pgrep -x sleep
	nsunshare run alice -- sleep 1001 </dev/null 2>/dev/null &
	wait_until 50 has_sleeps 2
	check_has "run: list shows it as a login" "$(nsunshare list)" '[-`|]run +alice'
	pkill -f 'sleep 1000'
	wait_until 20 has_sleeps 1
	check "run: the ssh login ends, it goes on" pgrep -f 'sleep 1001'
	check_is "run: and can be joined by ssh" "$(ssh alice@127.0.0.1 'cat /tmp/file')" copied
	pkill -f 'sleep 1001'
	wait $!
	check_gone "run: with the last login all ends"
	policy_for_users
}

has_sleeps() {
	[ "$(pgrep -xc sleep)" = "$1" ]
}

# What ends the tool ends the session.
test_signals() {
	local sig

	for sig in TERM HUP KILL; do
		nsunshare run alice -- bash -c 'trap "" HUP TERM; setsid sleep 1000 & sleep 1001; sleep 1002' </dev/null 2>/dev/null &
		disown # its death is no news
		wait_until 50 has_sleeps 2
		kill "-$sig" $!
		check "run: SIG$sig to the tool ends its session within 4 seconds" wait_until 40 no_pid1
	done
	nsunshare run alice -- bash -c 'trap "echo got-it; exit 3" INT USR1; touch /tmp/x; while :; do read -t 0.1; done' </dev/zero >/run/out 2>/dev/null &
	wait_until 50 pid1s
	sleep 0.5
	kill -USR1 $!
	wait $!
	check_is "run: a signal reaches the program" "$? $(</run/out)" "3 got-it"
	nsunshare run alice -- bash -c 'kill -KILL $$' </dev/null 2>/dev/null
	check_is "run: a signal's number" $? 137
	check_gone "run: nothing is left after signals"
}

test_terminal() {
	local bytes

	out=$(root_types 'nsunshare run alice^M' '$ ' 'tty; echo $TERM $0; cat /proc/1/comm; exit 6^M' '# ' 'echo left-$?^M' left- 'exit^M')
	check_has "run: a terminal of its own" "$out" '^/dev/pts/1$'
	check_has "run: a login shell" "$out" '^dumb -bash$'
	check_has "run: in a session" "$out" '^nsunshare-init$'
	check_has "run: its exit status" "$out" '^left-6$'
	head -c 300000 /dev/urandom >/home/alice/bytes
	bytes=$(md5sum </home/alice/bytes)
	out=$(root_types 'nsunshare run alice -- cat /home/alice/bytes | md5sum^M' '  -' '^M' '# ' 'exit^M')
	check_has "run: a pipe behind it gets what was written, byte by byte" "$out" "^$bytes"
	check_is "run: a pipe before and behind it" "$(nsunshare run alice -- cat </home/alice/bytes 2>/dev/null | md5sum)" "$bytes"
	out=$(root_types 'echo one | nsunshare run alice -- tr a-z A-Z^M' ONE '^M' '# ' 'nsunshare run alice -- tr a-z A-Z | cat^M' rule 'typed^M^D' TYPED '^M' '# ' 'echo left-$?^M' left-0 'exit^M')
	check_has "run: output to a terminal, input from a pipe" "$out" '^ONE$'
	check_has "run: input from a terminal, output to a pipe, and Ctrl-D" "$out" '^TYPED$'
	out=$(root_types 'nsunshare run alice -- sleep 1000 | cat^M' rule '^C' '# ' 'echo left-${PIPESTATUS[0]}^M' left- 'exit^M')
	check_has "run: Ctrl-C where the output is a pipe" "$out" '^left-(130|0)$'
	out=$(root_types 'stty -a >/run/before; nsunshare run alice -- cat /home/alice/bytes >/dev/null; stty -a >/run/after; exit^M')
	check_is "run: the terminal is as before" "$(</run/after)" "$(</run/before)"
	rm /home/alice/bytes
	check_gone "run: nothing is left after terminals"
}

build_tool ptytalk
test_before_pam
test_refused
test_nested
policy_for_users
test_signals
test_terminal
test_shared
finish
