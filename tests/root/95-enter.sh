#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nsunshare enter: it is in all of a session, as its user, with nothing of the administrator's; and what can go wrong (C-115).
# Holds G31.
# shellcheck disable=SC2016,SC2119,SC2317 # single-quoted text is for the shell of the session; functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/admin.inc"

enter() {
	admin enter "$@"
}

# begin USER: a session of his, by su, in which a program `sleep` runs, $inside by its number here.
begin() {
	local before
	before=$(pgrep -x sleep)
	su "$1" -c 'exec sleep 1000' 2>/dev/null &
	openers+=($!)
	wait_until 50 has_other_sleep "$before"
	inside=$(pgrep -x sleep | grep -vxF "${before:-none}" | head -n 1)
}

has_other_sleep() {
	[ "$(pgrep -x sleep)" != "$1" ]
}

no_session() {
	nsunshare list >/dev/null 2>&1
	no_pid1
}

end_all() {
	pkill -x sleep
	wait "${openers[@]}" 2>/dev/null
	openers=()
	wait_until 20 no_session
}

namespaces_of() {
	readlink "/proc/$1"/ns/{mnt,ipc,uts,pid,pid_for_children,net,user,cgroup,time,time_for_children} | paste -sd ' '
}

readonly SHOW_NAMESPACES='cd /proc/self/ns && readlink mnt ipc uts pid pid_for_children net user cgroup time time_for_children | paste -sd " "'

test_namespaces() {
	local kinds

	for kinds in 'base = "default";' \
		'namespaces = [ "mount", "ipc", "uts", "pid", "net", "user", "cgroup", "time" ]; time = { boottime = 1000; };' \
		'base = "default"; scope = "user"; namespaces = [ "uts", "ipc" ]; mounts = (); extra_mounts = (); hostname = "";'; do
		policy_for_users "$kinds"
		begin alice
		enter alice -- sh -c "$SHOW_NAMESPACES"
		check_is "enter: in the namespaces of the session: ${kinds:0:40}" "$status $out" "0 $(namespaces_of "$inside")"
		[ "$status" = 0 ] || echo "# $err"
		check_isnt "enter: which are not the host's (control)" "$out" "$(namespaces_of $$)"
		enter alice -- grep -E '^(Uid|Gid|Groups|Cap(Inh|Prm|Eff|Amb))' /proc/self/status
		check_is "enter: the user's ids, no capability: ${kinds:0:40}" "$(tr '\t' ' ' <<<"$out" | paste -sd ';')" \
			"Uid: 1501 1501 1501 1501;Gid: 1501 1501 1501 1501;Groups: 1501 1600 ;CapInh: 0000000000000000;CapPrm: 0000000000000000;CapEff: 0000000000000000;CapAmb: 0000000000000000"
		end_all
	done
	policy_for_users
}

# As alice's home directory, which usermod would not change while she has processes.
set_home() {
	sed -i "s,^\(alice:.*:\)/[^:]*\(:[^:]*\)$,\1$1\2," /etc/passwd
}

# The administrator stands in a directory, and has files open, that no user may see; the home directory leads to each of them.
test_nothing_of_the_administrator() {
	local fd

	chmod 700 /root
	mkdir -m 0755 /root/secret
	echo hidden >/root/secret/file
	begin alice
	cd /root/secret || return
	exec 7</root/secret 8</root/secret/file 29</
	enter alice -- sh -c 'pwd; echo /proc/self/fd/*'
	check_is "C-115 no descriptor and no directory of the administrator's" "$out" \
		$'/home/alice\n/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3' # the last is the shell's own
	for fd in 3 4 5 6 7 8 9 10 11 12 29 ; do
		set_home "/proc/self/fd/$fd"
		enter alice -- sh -c 'pwd -P; [ . -ef / ] || echo elsewhere; cat file'
		check_is "C-115 a home directory that is descriptor $fd leads nowhere" "$(sed -n 1p <<<"$out")" "/"
		check_hasnt "C-115 a home directory that is descriptor $fd: nothing is seen" "$out" 'hidden|secret|elsewhere'
	done
	set_home /proc/self/cwd
	enter alice -- pwd -P
	check_is "C-115 a home directory that is /proc/self/cwd is the session's root" "$out" /
	set_home /home/alice
	status=0
	nsunshare enter alice -- true </root/secret >/run/out 2>/run/err || status=$?
	check_is "C-115 a directory as standard input: refused" "$status" 125
	check_has "C-115 a directory as standard input: with a reason" "$(</run/err)" 'standard stream 0 is a directory'
	exec 7<&- 8<&- 29<&-
	cd /
	enter alice -- env
	check_is "enter: the environment" "$(sort <<<"$out" | sed -E 's/=[0-9a-f]{16}$/=ID/' | paste -sd ' ')" \
		"HOME=/home/alice LOGNAME=alice NSUNSHARE_ID=ID PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games SHELL=/bin/bash USER=alice"
	check_is "enter: NSUNSHARE_ID is the session's" "$(sed -n 's/NSUNSHARE_ID=//p' <<<"$out")" \
		"$(tr '\0' '\n' <"/proc/$inside/environ" | sed -n 's/NSUNSHARE_ID=//p')"
	out=$(entered keyring entered keyring 2>&1)
	check_is "C-115 a session keyring is inherited (control)" "$(sed -n 1p <<<"$out")" "$(sed -n 2p <<<"$out")"
	out=$(entered keyring nsunshare enter alice -- entered keyring 2>&1)
	check_isnt "C-115 the session keyring is not the administrator's" "$(sed -n 2p <<<"$out")" "$(sed -n 1p <<<"$out")"
	enter alice -- sh -c 'grep -c . /proc/self/mountinfo >/dev/null; grep ^Sig /proc/self/status'
	check_has "enter: no signal is blocked or ignored" "$(paste -sd ' ' <<<"$out" | tr '\t' ' ')" \
		'SigBlk: 0{16} SigIgn: 0{16} SigCgt:'
	end_all
	rm -r /root/secret
}

test_status() {
	begin alice
	enter alice -- sh -c 'exit 7'
	check_is "enter: the exit status is the program's" "$status" 7
	enter alice -- sh -c 'kill -TERM $$'
	check_is "enter: and a signal's number" "$status" 143
	enter alice -- nosuch
	check_is "enter: no such program" "$status $err" "127 nsunshare: execute 'nosuch': No such file or directory"
	enter alice -- /etc/passwd
	check_is "enter: not executable" "$status $err" "126 nsunshare: execute '/etc/passwd': Permission denied"
	enter bob -- true
	check_is "enter: no session" "$status" 125
	check_has "enter: no session: a remedy" "$err" 'nsunshare list'
	enter nouser -- true
	check_is "enter: no such user" "$status" 125
	enter alice -- 
	check_is "enter: nothing behind --" "$status" 125
	enter
	check_is "enter: nothing" "$status" 125
	enter alice true
	check_is "enter: a program without --" "$status" 125
	check_is "enter: input and output are handed on" "$(printf 'one\ntwo\n' | nsunshare enter alice -- tac)" $'two\none'
	check_is "enter: a login shell reads commands" \
		"$(echo 'echo $0 $(shopt login_shell)' | nsunshare enter alice)" "-bash login_shell on"
	check_is "enter: as another user than root: refused" \
		"$(timeout 5 setpriv --reuid bob --regid bob --clear-groups nsunshare enter alice -- true 2>&1; echo $?)" \
		$'nsunshare: enter: only root may do this\n125'
	end_all
}

test_as() {
	begin alice
	enter alice --as-root -- sh -c 'id -u; pwd; echo $HOME $USER'
	check_is "enter --as-root" "$status $(paste -sd ' ' <<<"$out")" "0 0 /root /root root"
	enter alice --user bob -- sh -c 'id -un; pwd'
	check_is "enter --user" "$status $(paste -sd ' ' <<<"$out")" "0 bob /home/bob"
	enter alice --user root -- true
	check_is "enter --user root: refused" "$status" 125
	check_has "enter --user root: a remedy" "$err" 'give --as-root'
	enter alice --user root --as-root -- true
	check_is "enter --user and --as-root: refused" "$status" 125
	begin alice
	enter alice -- true
	check_is "enter: two sessions of the user: refused" "$status" 125
	check_has "enter: two sessions of the user: named" "$err" '[0-9a-f]{16}, [0-9a-f]{16}'
	enter "$(tr '\0' '\n' <"/proc/$inside/environ" | sed -n 's/NSUNSHARE_ID=//p')" -- sh -c "$SHOW_NAMESPACES"
	check_is "enter: by the id" "$out" "$(namespaces_of "$inside")"
	end_all
	policy_for_users 'base = "default"; scope = "named:lab"; hostname = "lab";'
	begin alice
	enter "$(nsunshare list --json | sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p' | head -n 1)" -- true
	check_is "enter: a session that users share: refused" "$status" 125
	check_has "enter: a session that users share: a remedy" "$err" '--user NAME, or --as-root'
	enter "$(nsunshare list --json | sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p' | head -n 1)" --user bob -- sh -c "id -un; $SHOW_NAMESPACES"
	check_is "enter: a session that users share, with --user" "$out" "bob"$'\n'"$(namespaces_of "$inside")"
	end_all
	policy_for_users
}

# A login of the set: in its list, and no longer when it has ended; the set lives on, and ends with the last.
test_login() {
	begin alice
	nsunshare enter alice -- sleep 1001 </dev/null &
	wait_until 50 has_sleeps 2
	check_has "enter: list shows it as a login" "$(nsunshare list)" '[-`]enter +alice'
	pkill -f 'sleep 1001'
	wait $!
	check_hasnt "enter: and no longer when it has ended" "$(nsunshare list)" '[-`]enter +alice'
	check_is "enter: the session lives on" "$(ps -o comm= -p "$inside")" sleep
	nsunshare enter alice -- sh -c 'trap "" HUP TERM; while :; do sleep 1; done' </dev/null 2>/dev/null &
	wait_until 50 pgrep -x sh
	disown # its death is no news
	kill -KILL $!
	check "enter: the tool killed, what it ran is ended, though it ignores SIGHUP" wait_until 40 no_sh
	check_is "enter: and the session lives on" "$(ps -o comm= -p "$inside")" sleep
	end_all
}

has_sleeps() {
	[ "$(pgrep -xc sleep)" = "$1" ]
}

no_sh() {
	! pgrep -x sh
}

# Where the session's ids are others outside; and where its root sees who enters.
test_user_namespace() {
	local opener

	policy_for_users 'namespaces = [ "mount", "ipc", "uts", "pid", "user" ]; user_map = { root = 100000; };'
	begin alice
	enter alice -- sh -c 'id -u; id -G; cat /proc/self/uid_map >/dev/null'
	check_is "enter: a user namespace: the user" "$status $(paste -sd ' ' <<<"$out")" "0 1501 1501 1600"
	enter alice --as-root -- sh -c 'id -u; touch /etc/x 2>/dev/null || echo no-root-outside'
	check_is "enter --as-root: a user namespace: its root, and none outside" "$status $(paste -sd ' ' <<<"$out")" "0 0 no-root-outside"
	enter alice --user nobody -- id
	check_is "enter --user: a user namespace without that uid: refused" "$status" 125
	check_has "enter --user: a user namespace without that uid: which" "$err" 'has no uid 65534'
	out=$(root_types 'nsunshare enter alice --as-root^M' '# ' 'stat -c "owner-%u %n" $(tty); tty; exit^M' /dev/pts '' '# ' 'exit^M')
	check_has "enter --as-root: a user namespace: the terminal is its root's" "$out" '^owner-0 /dev/pts/1$'
	end_all

	policy_for_users 'namespaces = [ "mount", "user" ]; scope = "user"; user_map = { root = 100000; };'
	begin alice
	nsunshare enter alice -- sleep 1001 </dev/null 2>/dev/null &
	wait_until 50 has_sleeps 2
	opener=$(pgrep -x nsunshare -P $!)
	enter alice --as-root -- sh -c "id -u; test -d /proc/$opener && echo seen; ls -A /proc/$opener/fd/; readlink /proc/$opener/cwd /proc/$opener/root /proc/$opener/exe; cat /proc/$opener/environ"
	check_is "C-115 root of a session sees the opener of another enter, and gets at nothing of it" \
		"$(paste -sd ' ' <<<"$out")" "0 seen"
	end_all
	wait $!
	policy_for_users
}

# What a session's logins have given up.
test_harden() {
	policy_for_users 'base = "default"; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_PTRACE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti" ];'
	begin alice
	enter alice -- grep -E '^(NoNewPrivs|CapBnd|Seccomp)' /proc/self/status
	check_is "enter: what the session's logins gave up is given up" "$out" \
		"$(grep -E '^(NoNewPrivs|CapBnd|Seccomp)' "/proc/$inside/status")"
	check_has "enter: and that is something (control)" "$out" 'NoNewPrivs:.1'
	enter alice --as-root -- grep -E '^NoNewPrivs' /proc/self/status
	check_has "enter --as-root gives up nothing" "$out" 'NoNewPrivs:.0'
	end_all
	policy_for_users
}

test_terminal() {
	begin alice
	out=$(root_types 'tty; stty -echoctl rows 33 cols 99; nsunshare enter alice^M' '$ ' \
		'tty; stty size; echo as-$(id -un); [ -t 0 -a -t 1 -a -t 2 ] && stat -c "%U %a %N" $(tty)^M' 600 \
		'sleep 1000^M' sleep '^C' '$ ' 'echo status-$?^M' status- 'exit 9^M' '# ' 'echo left-$?; tty^M' left- 'exit^M')
	check_is "enter: a terminal of its own" "$(grep -c '^/dev/pts/' <<<"$out") $(grep '^/dev/pts/' <<<"$out" | sort -u | wc -l)" "3 2"
	check_has "enter: of the size of the old one" "$out" '^33 99$'
	check_has "enter: it is the user's alone" "$out" "^alice 600 '/dev/pts/"
	check_has "enter: Ctrl-C reaches the program" "$out" '^status-130$'
	check_has "enter: the exit status" "$out" '^left-9$'
	out=$(root_types "tty >/run/tty; nsunshare enter alice^M" '$ ' 'trap "stty size" WINCH; stty size; while sleep 0.1; do :; done^M' '0 0' \
		'44 111' '^C' '$ ' 'exit^M' '# ' 'exit^M' & sleep 2; stty -F "$(</run/tty)" rows 44 cols 111; wait)
	check_has "enter: a change of size is relayed" "$out" '^44 111$'
	end_all
}

# The administrator's terminal is as before, whatever ended.
test_restored() {
	local what

	for what in nsunshare-init 'enter-opener' bash; do
		begin alice
		echo "$what" >/run/what
		out=$(root_types 'stty -g >/run/before; nsunshare enter alice^M' '$ ' 'stty -g >/tmp/x; echo re""ady^M' ready '' '# ' \
			'stty -g >/run/after; exit^M' & wait_until 30 has_entered; sleep 0.5; kill_what "$what"; wait)
		check_is "enter: the terminal is as before where $what was killed" "$(</run/after)" "$(</run/before)"
		rm -f /run/after
		end_all
	done
}

has_entered() {
	nsunshare list | grep -q '[-`]enter'
}

kill_what() {
	local tool
	tool=$(pgrep -x nsunshare | head -n 1)
	case $1 in
	enter-opener) kill -KILL "$(pgrep -x nsunshare -P "$tool")" ;;
	bash) kill -KILL "$(pgrep -P "$(pgrep -x nsunshare -P "$tool")")" ;;
	*) pkill -KILL -x "$1" ;;
	esac
}

# root types a command, and then something else while his shell waits.
root_types_meanwhile() {
	install -o alice -m 0644 /dev/null /home/alice/read
	printf '%s\necho re""ady\nsleep 4\n' "$1" >/run/script
	root_types 'bash /run/script^M' ready 'geheim^M' '# ' 'exit^M' >/dev/null
}

# What runs as the user types, and reads, what the administrator would.
test_hijack() {
	begin alice
	out=$(root_types 'entered type "touch /run/typed-by-root"^M' 'typed on' '^M' '# ' 'exit^M')
	check "C-115 root himself types on his terminal (control)" test -e /run/typed-by-root
	rm -f /run/typed-by-root
	out=$(root_types 'nsunshare enter alice -- entered type "touch /run/typed"; echo ba""ck^M' back '^M' '# ' \
		'echo x | nsunshare enter alice -- entered type "touch /run/typed"; echo ba""ck^M' back '^M' '# ' \
		'nsunshare enter alice -- entered type "touch /run/typed" | cat; echo ba""ck^M' back '^M' '# ' 'exit^M')
	check_is "C-115 three programs have tried" "$(grep -c '^typed on' <<<"$out")" 3
	check_fails "C-115 TIOCSTI: nothing is typed on the administrator's terminal" test -e /run/typed
	root_types_meanwhile "setpriv --reuid alice --clear-groups sh -c 'setsid entered read >/home/alice/read & sleep 0.3'"
	check_has "C-115 who has the administrator's terminal reads from it (control)" "$(cat /home/alice/read)" geheim
	for typed in '' 'echo x |' '</dev/null'; do
		root_types_meanwhile "$typed nsunshare enter alice -- sh -c 'setsid entered read >/home/alice/read & sleep 0.3'"
		check_has "C-115 what was left behind has tried (with '$typed')" "$(cat /home/alice/read)" '^typed on'
		check_hasnt "C-115 what was left behind reads nothing of what he types (with '$typed')" "$(cat /home/alice/read)" geheim
	done
	rm /home/alice/read
	end_all
}

# The program is the user's own from the first instruction on, whichever it is.
test_shell_of_the_user() {
	local shell=/home/alice/shell n failures=

	printf '#!/bin/sh\nid -u >>/home/alice/who\n' >/home/alice/one
	cp /home/alice/one /home/alice/other
	chmod 755 /home/alice/one /home/alice/other
	cp /home/alice/one $shell
	chown alice: /home/alice/*
	install -o alice -m 0644 /dev/null /home/alice/who
	begin alice
	sed -i "s,^\(alice:.*\):[^:]*$,\1:$shell," /etc/passwd # usermod is not for users who have processes
	setpriv --reuid alice --regid alice --clear-groups sh -c \
		"cd /home/alice; while :; do ln -sf one shell; ln -sf other shell; done" 2>/dev/null &
	n=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		enter alice
		[ "$status" = 0 ] || failures+="$status $err;"
	done
	kill $n
	wait $n 2>/dev/null
	check_is "C-115 a shell that its user exchanges is run" "$failures" ""
	check_is "C-115 a shell that its user exchanges is run as him" "$(sort /home/alice/who | uniq -c | tr -s ' ')" " 20 1501"
	sed -i 's,^\(alice:.*\):[^:]*$,\1:/bin/bash,' /etc/passwd
	rm -f /home/alice/{one,other,shell,who}
	end_all
}

# PID 1 is killed while sessions are entered: it was in it, or it says that there is none; nothing else.
test_killed_meanwhile() {
	local n_in=0 n_out=0 odd=

	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
		begin alice
		(sleep "0.00$((i % 10))"; pkill -KILL -x nsunshare-init) &
		enter alice -- cat /proc/1/comm
		wait $!
		case "$status $out$err" in
		"0 nsunshare-init" | *" nsunshare-initnsunshare: the session has ended") n_in=$((n_in + 1)) ;;
		"125 nsunshare: "*"has ended"* | "125 nsunshare: the user 'alice' has no set; see nsunshare list" | \
			"137 nsunshare: the session has ended" | 137\ *) n_out=$((n_out + 1)) ;;
		*) odd+="$status $out$err"$'\n' ;;
		esac
		end_all
	done
	echo "# killed meanwhile: $n_in had been in, $n_out not"
	check_is "C-108 PID 1 is killed while it is entered: nothing but in or out" "$odd" ""
}

openers=()
build_tool ptytalk
build_tool entered
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
policy_for_users
test_namespaces
test_nothing_of_the_administrator
test_status
test_as
test_login
test_user_namespace
test_harden
test_terminal
test_restored
test_hijack
test_shell_of_the_user
test_killed_meanwhile
nsunshare list >/dev/null 2>&1
finish
