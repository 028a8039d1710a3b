#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Shared sets against users who want another's, or more of their own than is theirs: what delays whom, what keeps a set alive, who
# reaches its process 1, and what that takes.
# ATTACKS C-46, C-52, C-98, C-100, C-103, C-105, C-108, C-110, C-111 for logins that join.
# Holds G29.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/shared.inc"

readonly JOIN_MS=2000 # generous; the machine does other things
readonly FLOOD=100    # logins at once
readonly LOGINS_MAX=512 LOGINS_UID_MAX=128 # NSU_LOGINS_MAX, NSU_LOGINS_UID_MAX
readonly HELLO_WAIT=5 # seconds: NSU_HELLO_WAIT_MS

# quick_login NAME USER: it opens, works, closes, and nobody has kept it.
quick_login() {
	local began ms said

	began=$(milliseconds)
	said=$(timeout 20 pamprobe pt "$2" open run='cat /proc/1/comm' close 2>&1)
	ms=$(($(milliseconds) - began))
	check_is "$1: $2 logs in" "$(grep -xcE 'nsunshare-init|open: code 0|close: code 0' <<<"$said")" 3
	check "$1: at once ($ms ms)" test $ms -lt $JOIN_MS
}

# has_one_id NAME...: those logins are in one set.
ids_of() {
	local name

	for name; do
		id_of "$name"
	done | sort -u | wc -l
}

# ---- S4: who stops his su (92-stopped.sh has it stopped before each system call in turn)

# A user against his own su, while others log in to the same set.
test_harassed() {
	local seen began ms i

	shared
	begin held bob
	"${AS_ALICE[@]}" timeout 60 harass 100 su bob -c 'cat /proc/1/comm' >/root/harassed 2>/dev/null &
	for i in {1..20}; do
		began=$(milliseconds)
		timeout 20 pamprobe pt bob open run='cat /proc/1/comm' close 2>&1
		echo "took $(($(milliseconds) - began))"
	done >/root/others
	wait $!
	seen=$(sort /root/harassed | uniq -c)
	echo "# C-52: $(grep ended <<<"$seen")"
	check_has "C-52 a user against his su that joins: many attempts were let through (control)" "$seen" '; [1-9][0-9]{1,} stopped or killed,'
	check_hasnt "C-52 a user against his su that joins: nobody came in without isolation" "$seen" ' (bash|sandbox.sh)$'
	check_is "C-52 meanwhile 20 others of the same set were let in" "$(grep -c nsunshare-init /root/others)" 20
	ms=$(sed -n 's/^took //p' /root/others | sort -n | tail -1)
	check "C-52 the slowest at once ($ms ms)" test "$ms" -lt $JOIN_MS
	"${AS_ALICE[@]}" pkill -KILL -U alice
	check_is "C-52 the login that was there is well" "$(within held 'cat /proc/1/comm')" nsunshare-init
	wait_until 20 has_logins 1
	check_has "C-110 the set counts one login" "$(setclient ask "$(entries)")" ' logins 1$'
	end held
	check_all_gone "C-52 nothing is left"
}

has_logins() {
	setclient ask "$(entries)" | grep -q " logins $1\$"
}

# ---- S4: what should end ends

# test_kept NAME COMMAND: a set in which alice has started this ends with its last login.
kept() {
	local name=$1

	shared
	begin one alice
	begin two alice
	rm -f $CTL/kept
	alice_within one "$2" >/dev/null
	check "C-110 $name: it runs (control)" wait_until 20 test -e $CTL/kept
	end one
	end two
	check_all_gone "C-110 $name: the set ends nevertheless"
}

test_kept_alive() {
	local inner tracer seen

	kept "a daemon that ignores all signals" \
		'hostile ignore -- setsid sh -c "touch /opt/logins/kept; exec sleep 1031" >/dev/null 2>&1 </dev/null &'
	kept "a process that is stopped" \
		'setsid sh -c "touch /opt/logins/kept; kill -STOP \$\$; exec sleep 1031" >/dev/null 2>&1 </dev/null &'
	kept "a pid namespace of the user's own in it" \
		'setsid unshare -Urpf sh -c "touch /opt/logins/kept; exec sleep 1031" >/dev/null 2>&1 </dev/null & sleep 0.3; touch /opt/logins/kept'
	kept "open files on its private /tmp" \
		'setsid sh -c "exec 5>/tmp/x; touch /opt/logins/kept; exec sleep 1031" >/dev/null 2>&1 </dev/null &'

	# C-98: a tracer outside, of the same uid
	begin one alice
	alice_within one 'setsid sleep 1032 >/dev/null 2>&1 </dev/null &' >/dev/null
	inner=$(pgrep -xf 'sleep 1032')
	"${AS_ALICE[@]}" hostile trace "$inner" -- sleep 1033 2>/dev/null &
	tracer=$!
	wait_until 50 running 'sleep 1033'
	end one
	check "C-98 a tracer outside: close returned" test "$(sed -n 's/^close: ms //p' $CTL/one.out)" -lt 1000
	check "C-98 a tracer outside: process 1 is still ending (control)" pid1s
	check "C-98 a tracer outside: nobody can join what is ending" wait_until 10 has_no_entry
	quick_login "C-98 a tracer outside: the next login is not kept" alice
	begin two alice
	begin three alice
	check_together "C-98 a tracer outside: the next set is shared" two three
	end two
	end three
	kill $tracer
	wait $tracer 2>/dev/null
	check_all_gone "C-98 a tracer outside: when it ends, so does the set"

	# the holder of a descriptor of the opener's would be a login; nobody gets one
	ssh_in alice 1034
	seen=$(pgrep -u root -x sshd -n)
	check_isnt "C-111 the opener's descriptors: there is an opener (control)" "$seen" ""
	check_fails "C-111 the opener's descriptors: not to be listed from outside by the user" "${AS_ALICE[@]}" ls "/proc/$seen/fd"
	check_is "C-111 the opener's descriptors: the command has three" "$(as alice 'ls /proc/self/fd' | paste -sd ' ')" "0 1 2 3" # one is ls's
	check_is "C-111 the opener is not to be seen from inside" "$(as alice 'ps -e -o user=,comm= | grep -c "^root.*sshd"')" 0
	ssh_out 1034
	runuser -u alice -- hostile ignore -- pamprobe-su pt bob open start='sleep 1035' sleep=300 exec='sleep 1036' >/dev/null 2>&1 &
	wait_until 50 running 'sleep 1036'
	check "C-111 an opener that becomes the user's program keeps its login (control)" pid1s
	check_is "C-111 and holds no descriptor of ours" "$(find "/proc/$(pgrep -xf 'sleep 1036')/fd" -lname '*[np][ei][td]*' -o -lname 'socket:*' 2>/dev/null | wc -l)" 0
	pkill -KILL -xf 'sleep 1036'
	check_all_gone "C-111 with it the set ends"
}

has_no_entry() {
	[ "$(n_entries)" = 0 ]
}

# A user with a delegated cgroup freezes what is in it. Process 1 is not where he may.
test_frozen() {
	local cgroup=/srv/cgroup frozen

	mkdir -p $cgroup
	if ! mount -t cgroup2 cgroup $cgroup 2>/dev/null; then
		rmdir $cgroup
		skip "C-98 process 1 frozen in a cgroup v2" "no cgroup v2 can be mounted here"
		return
	fi
	frozen=$(mktemp -d "$cgroup/nsunshare-test.XXXXXX")
	begin one alice
	pid1s >"$frozen/cgroup.procs"
	echo 1 >"$frozen/cgroup.freeze"
	log_mark
	out=$(timeout 30 pamprobe pt alice open close 2>&1)
	check_has "C-98 process 1 frozen: a join does not wait for ever" "$out" '^open: code [04]$'
	echo 0 >"$frozen/cgroup.freeze"
	quick_login "C-98 process 1 thawed" alice
	end one
	check_all_gone "C-98 process 1 thawed: all ends"
	wait_until 20 rmdir "$frozen"
	umount $cgroup
	rmdir $cgroup
}

# ---- S4: another's set

test_others_set() {
	local pid lookalike

	shared
	begin one bob
	begin two alice
	check_apart "C-105 each user has a set of his own" one two
	pid=$(pgrep -U bob -n || pid1s | head -1)
	check_fails "C-105 alice can not join bob's namespaces by a process" "${AS_ALICE[@]}" nsenter -t "$pid" -m -p true
	check_has "C-105 nor from inside hers" "$(alice_within two 'nsenter -t 1 -m true')" 'Permission denied|not permitted'
	# a process of alice's with namespaces of her own making is nothing that a login of hers could be put into
	"${AS_ALICE[@]}" unshare -Urmpf --mount-proc bash -c 'exec -a nsunshare-init sleep 1041' &
	lookalike=$!
	check "C-105 a process that looks like a process 1 (control)" wait_until 50 pgrep -xf 'nsunshare-init 1041'
	begin three alice
	check_together "C-105 a process that looks like a process 1 is not joined" two three
	pkill -KILL -xf 'nsunshare-init 1041'
	wait $lookalike 2>/dev/null
	end one
	end two
	end three
	check_all_gone "C-105 nothing is left"

	# by uid, not by name: a second name of the same user, and a user whose name is a uid
	echo 'alias:x:1501:1501::/home/alice:/bin/bash' >>/etc/passwd
	echo '1501:x:1599:1599::/nonexistent:/bin/bash' >>/etc/passwd
	policy <<<'rules = ( { user = "*"; profile = "s"; } ); profiles = { s = { base = "default"; scope = "user"; hostname = "x"; }; };'
	begin one alice
	begin two alias
	check_together "C-105 the same uid under another name" one two
	if begin three 1501; then
		check_apart "C-105 a user whose name is that uid" one three
		end three
	else
		check_has "C-105 a user whose name is that uid: refused" "$(code_of_login three open)" '^[1-9]'
		touch $CTL/three.end
	fi
	end one
	end two
	sed -i '/^alias:/d; /^1501:/d' /etc/passwd
	check_all_gone "C-105 names: nothing is left"
}

# ---- S4: records

# C-103. spoiled NAME REGEX COMMAND...: the directory is made so; a login is refused and says why; removed, all works.
spoiled() {
	local name=$1 regex=$2
	shift 2

	rm -rf $REGISTRY
	"$@"
	log_mark
	out=$(timeout 20 pamprobe pt alice open 2>&1)
	check_is "C-103 /run/nsunshare is $name: refused" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "C-103 /run/nsunshare is $name: the log says what to do" "refused: user=alice .*$regex"
	check "C-103 /run/nsunshare is $name: no helper is left" wait_until 20 no_pid1
	rm -rf $REGISTRY
	out=$(timeout 20 pamprobe pt alice open close 2>&1)
	check_is "C-103 /run/nsunshare removed: made again, and opened" "$(grep -c ': code 0$' <<<"$out") $(stat -c '%U %a' $REGISTRY)" "2 root 700"
}

test_directory() {
	shared
	rm -rf $REGISTRY
	spoiled "another's" "root's, with mode 0700" install -d -m 0700 -o alice $REGISTRY
	spoiled "open to others" "root's, with mode 0700" install -d -m 0755 $REGISTRY
	spoiled "writable for all" "root's, with mode 0700" install -d -m 1777 $REGISTRY
	spoiled "a link to another's directory" "/run/nsunshare" ln -s /opt/logins $REGISTRY
	spoiled "a dangling link" "/run/nsunshare" ln -s /srv/nowhere $REGISTRY
	spoiled "a file" "/run/nsunshare" touch $REGISTRY
	spoiled "a FIFO" "/run/nsunshare" mkfifo $REGISTRY
	check "C-103 nothing was made where the dangling link points" test ! -e /srv/nowhere
	check_is "C-103 nor where the other does" "$(find /opt/logins -type s)" ""
	mkdir /root/elsewhere
	chmod 700 /root/elsewhere
	mount --bind /root/elsewhere $REGISTRY
	begin one alice
	check "C-103 on another file system: serves" begin two alice
	check_together "C-103 on another file system" one two
	chmod 755 $REGISTRY
	log_mark
	out=$(timeout 20 pamprobe pt alice open 2>&1)
	check_log "C-103 spoiled while a set is there: refused" "refused: user=alice .*root's, with mode 0700"
	check_is "C-103 spoiled while a set is there: its logins are well" "$(within one 'cat /proc/1/comm')" nsunshare-init
	chmod 700 $REGISTRY
	quick_login "C-103 repaired" alice
	end one
	end two
	check "C-103 nothing is left" wait_until 10 nothing_left
	umount $REGISTRY
	rmdir /root/elsewhere
	mount -t tmpfs -o size=4k,nr_inodes=1,mode=0700 full $REGISTRY
	log_mark
	out=$(timeout 20 pamprobe pt alice open 2>&1)
	check_is "C-103 no room for an entry: refused" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "C-103 no room for an entry: the log says so" "refused: user=alice .*No space left on device"
	check "C-103 no room for an entry: no helper is left" wait_until 20 no_pid1
	umount $REGISTRY
	check_all_gone "C-103 nothing is left of it"
}

# What is in the place of an entry and is none.
test_entries() {
	local key holder

	shared
	begin one alice
	key=$(entries)
	end one
	wait_until 10 nothing_left
	touch "$REGISTRY/$key"
	quick_login "C-103 a file in the entry's place" alice
	rm -rf "${REGISTRY:?}/$key"
	mkdir "$REGISTRY/$key"
	log_mark
	out=$(timeout 20 pamprobe pt alice open run='cat /proc/1/comm' close 2>&1)
	check_is "C-103 a directory in the entry's place: refused" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "C-103 a directory in the entry's place: the log says where" "refused: user=alice .*/run/nsunshare"
	rmdir "$REGISTRY/$key" 2>/dev/null
	touch "$REGISTRY/$key" "$REGISTRY/$key.lock"
	quick_login "C-103 a file in its place, and a lock that nobody holds" alice
	rm -f "${REGISTRY:?}"/*
	touch "$REGISTRY/$key" "$REGISTRY/$key.lock"
	flock "$REGISTRY/$key.lock" sleep 1042 &
	holder=$!
	wait_until 20 running 'sleep 1042'
	policy_for_users 'base = "default"; scope = "user"; timeout = 700;'
	out=$(timeout 20 pamprobe pt alice open run='cat /proc/1/comm' close 2>&1)
	check_is "C-103 a lock that somebody holds, and a file in its place: refused" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check "C-103 a lock that somebody holds: at the timeout" test "$(sed -n 's/^open: ms //p' <<<"$out")" -lt 2000
	check_log "C-103 a lock that somebody holds: the log says so" "refused: user=alice .*(timed out|within 700 ms)"
	quick_login "C-103 a lock that somebody holds: another user is not kept" bob
	shared
	kill $holder
	pkill -xf 'sleep 1042'
	wait $holder 2>/dev/null
	rm -f "${REGISTRY:?}"/*
	# a socket that alice listens on: root would have to have moved it there, and joins nothing of hers all the same
	"${AS_ALICE[@]}" setclient serve /opt/logins/fake &
	wait_until 50 test -S /opt/logins/fake
	mv /opt/logins/fake "$REGISTRY/$key"
	log_mark
	out=$(timeout 20 pamprobe pt alice open run='cat /proc/1/comm' close 2>&1)
	check_hasnt "C-105 a socket of the user's in the entry's place: nobody is put into what she chooses" "$out" '^(fake|sandbox.sh|bash)$'
	check_has "C-105 a socket of the user's in the entry's place: refused, or replaced" "$out" '^open: code [04]$'
	kill $!
	wait $! 2>/dev/null
	rm -f "${REGISTRY:?}"/*
	check_all_gone "C-103 entries: nothing is left"
}

# ---- S4: the socket

test_reach() {
	local key seen

	shared
	begin one alice
	key=$(entries)
	check_has "C-111 (control) root outside reaches it" "$(setclient reach "$key")" ': ANSWERED$'
	check_is "C-111 the user outside does not" "$("${AS_ALICE[@]}" setclient reach "$key")" "$key: EACCES"
	check_has "C-111 nor does she see it" "$("${AS_ALICE[@]}" ls $REGISTRY 2>&1)" 'Permission denied'

	# from inside: by name, as herself and as root of a user namespace of hers
	check_has "C-111 inside, by its path" "$(alice_within one "setclient reach $key")" ": (EACCES|ENOENT)$"
	check_hasnt "C-111 inside, by every name in /proc/net/unix" "$(alice_within one "setclient names nsunshare")" 'ANSWERED'
	check_is "C-111 no socket of ours has an abstract name" "$(grep -cE '@.*(nsu|u1501)' /proc/net/unix)" 0
	seen=$(alice_within one "unshare -Urm sh -c 'umount /run/nsunshare; umount -l /run/nsunshare; mount -t tmpfs x /srv; setclient reach $key; ls -A /run/nsunshare'")
	check_hasnt "C-111 inside, in a user namespace of her own" "$seen" 'ANSWERED|^u1501[^:]*$'
	check_has "C-111 inside, in a user namespace of her own: it was tried (control)" "$seen" "^$key: "
	seen=$(alice_within one 'intruder reach 1')
	check_is "C-111 inside, of process 1 nothing can be reached" "$(grep -vE ': (EPERM|EACCES)$|^process_mrelease: EINVAL$' <<<"$seen")" ""
	check_has "C-111 inside, the descriptors of process 1" "$(alice_within one 'ls /proc/1/fd; cat </proc/1/fd/3' 2>&1)" 'Permission denied'

	# root inside, who takes off what hides it: process 1 sees that he is one of its own
	seen=$(within one "umount /run/nsunshare; setclient reach $key; setclient end $key; setclient hello $key 1 1501 -")
	check_hasnt "C-111 root inside, who has taken off what hides it, gets no answer" "$seen" 'ANSWERED|answered [1-9]'
	check_has "C-111 root inside: he has come to it (control)" "$seen" "^$key: no answer"
	check_is "C-111 root inside: the set goes on" "$(within one 'cat /proc/1/comm')" nsunshare-init

	# a descriptor of root's directory handed to the user
	exec 9<$REGISTRY
	check_has "C-111 a descriptor of the directory handed to the user" "$("${AS_ALICE[@]}" setclient reach "/proc/self/fd/9/$key")" ': (EACCES|no answer)$'
	check_has "C-111 and to one of other users' rights who may connect everywhere: no answer" \
		"$(setpriv --reuid=1501 --regid=1501 --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override setclient reach "/proc/self/fd/9/$key")" \
		': no answer$'
	exec 9<&-
	quick_login "C-111 after all that" alice
	end one
	check_all_gone "C-111 nothing is left"
}

# Root's own client gone wild: process 1 takes no harm.
test_fuzz() {
	local key seed pid n

	shared
	begin one alice
	key=$(entries)
	pid=$(pid1s)
	n=$(find "/proc/$pid/fd" -type l | wc -l)
	for seed in 1 2 3 $RANDOM; do
		check_is "C-111 2,000 connections with garbage, seed $seed" "$(timeout 120 setclient fuzz "$key" "$seed" 2000)" survived
	done
	check "C-111 garbage: no login of it remains" wait_until 20 has_logins 1
	check_is "C-111 garbage: no descriptor either" "$(find "/proc/$pid/fd" -type l | wc -l)" "$n"
	quick_login "C-111 after the garbage" alice

	rm -f $CTL/enough
	setclient idle "$key" 1000 $CTL/enough >$CTL/idle 2>&1 &
	wait_until 50 grep -q connected $CTL/idle
	check_is "C-111 1,000 connections that say nothing" "$(<$CTL/idle)" "connected 1000"
	quick_login "C-111 beside them" alice
	check_is "C-111 beside them the login goes on" "$(within one 'cat /proc/1/comm')" nsunshare-init
	sleep $((HELLO_WAIT + 1))
	check_is "C-111 they are closed after $HELLO_WAIT s" "$(find "/proc/$pid/fd" -type l | wc -l)" "$n"
	touch $CTL/enough
	wait $!
	end one
	check_all_gone "C-111 garbage: nothing is left"
}

# More logins than a set takes.
test_limits() {
	local key

	shared
	begin one alice
	key=$(entries)
	rm -f $CTL/enough
	setclient hello "$key" $LOGINS_MAX 1501 $CTL/enough >$CTL/many 2>&1 &
	wait_until 200 grep -q ^answered $CTL/many
	check_is "C-100 $LOGINS_MAX more logins: as many as fit are let in" "$(sed -n 1p $CTL/many)" "answered $((LOGINS_MAX - 1)), refused 1, other 0"
	echo "# C-100: $(sed -n 2p $CTL/many)"
	check_has "C-100 the refusal says why" "$(sed -n 2p $CTL/many)" "logins"
	log_mark
	out=$(timeout 20 pamprobe pt alice open 2>&1)
	check_is "C-100 a login beyond them: refused" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "C-100 a login beyond them: the log says why" "refused: user=alice service=pt: .*logins"
	check_is "C-100 the others are unharmed" "$(within one 'cat /proc/1/comm')" nsunshare-init
	quick_login "C-100 another user is not concerned" bob
	touch $CTL/enough
	wait $!
	check "C-100 when they have ended" wait_until 20 has_logins 1
	quick_login "C-100 there is room again" alice
	end one
	check_all_gone "C-100 nothing is left"

	policy <<<'rules = ( { user = "*"; profile = "s"; } ); profiles = { s = { base = "default"; scope = "named:all"; hostname = "x"; }; };'
	begin one alice
	key=$(entries)
	rm -f $CTL/enough
	setclient hello "$key" $((LOGINS_UID_MAX + 10)) 1502 $CTL/enough >$CTL/many 2>&1 &
	wait_until 200 grep -q ^answered $CTL/many
	check_is "C-100 one user in a set of many: as many as one may have" "$(sed -n 1p $CTL/many)" "answered $LOGINS_UID_MAX, refused 10, other 0"
	log_mark
	out=$(timeout 20 pamprobe pt bob open 2>&1)
	check_is "C-100 he has no more" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "C-100 the log says why" "refused: user=bob service=pt: .*logins"
	quick_login "C-100 the others of that set are not concerned" alice
	touch $CTL/enough
	wait $!
	end one
	check_all_gone "C-100 common: nothing is left"
}

# Without CAP_SYS_RESOURCE nobody may lift what a user has handed down.
may_lift_limits() {
	local capabilities
	capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	((0x$capabilities >> 24 & 1))
}

# C-46: what the user of an su has handed down must not be the limit of all others in the set that it makes.
test_limits_of_first() {
	local limit

	policy <<<'rules = ( { user = "*"; profile = "s"; } ); profiles = { s = { base = "default"; scope = "named:all"; hostname = "x"; }; };'
	for limit in nofile=40 cpu=1; do
		log_mark
		rm -f $CTL/one.*
		runuser -u alice -- prlimit "--$limit" pamprobe-su pt bob open env=NSUNSHARE_ID run="exec sh $CTL/loop one" close >$CTL/one.out 2>&1 </dev/null &
		openers[one]=$!
		wait_until 50 test -e $CTL/one.ready
		if may_lift_limits; then
			check_is "C-46 $limit of who makes a set: lifted" "$(code_of_login one open)" 0
			check_has "C-46 $limit of who makes a set: process 1 has what all need" "$(</proc/"$(pid1s)"/limits)" '^Max (open files +(4096|[0-9]{5,})|cpu time +unlimited)'
		else
			check_is "C-46 $limit of who makes a set, which can't be lifted: refused" "$(code_of_login one open)" 4
			check_log "C-46 $limit of who makes a set: the log says why" "refused: user=bob .*limit of [0-9]+ .*CAP_SYS_RESOURCE"
		fi
		quick_login "C-46 $limit of who makes a set: others" alice
		end one
		check_all_gone "C-46 $limit: nothing is left"
	done
	begin one alice
	out=$(runuser -u alice -- prlimit --nofile=40 pamprobe-su pt bob open close 2>&1)
	check_is "C-46 nofile=40 of one who joins: serves" "$(grep -c ': code 0$' <<<"$out")" 2
	end one
	check_all_gone "C-46 nothing is left"
}

# ---- C-100, C-108: many at once

# flood NAME: the users in stdin, all at once; one after the other has a moment of its own to end in.
flood() {
	local user started=() began

	began=$(milliseconds)
	rm -f /root/flood.*
	while read -r user; do
		timeout 120 pamprobe pt "$user" open env=NSUNSHARE_ID run='read -r name </proc/1/comm; echo "$name $(readlink /proc/self/ns/mnt)"; : >/tmp/x' \
			"sleep=$((RANDOM % 100))" close >"/root/flood.${#started[@]}" 2>&1 &
		started+=($!)
	done
	wait "${started[@]}"
	echo "# $1: took $(($(milliseconds) - began)) ms, $(cat /root/flood.* | sed -n 's/^env: //p' | sort -u | wc -l) sets"
	check_is "$1: all are isolated" "$(cat /root/flood.* | grep -c '^nsunshare-init mnt:')" "${#started[@]}"
	check_is "$1: and closed" "$(cat /root/flood.* | grep -cx 'close: code 0')" "${#started[@]}"
	check_is "$1: each id has one mount namespace" "$(flood_pairs | cut -d ' ' -f1 | uniq -d)" ""
	check_all_gone "$1: nothing is left" 50
	rm -f /root/flood.*
}

# "ID NAMESPACE" of what there was, each once.
flood_pairs() {
	local file

	for file in /root/flood.*; do
		echo "$(sed -n 's/^env: NSUNSHARE_ID //p' "$file") $(sed -n 's/^nsunshare-init //p' "$file")"
	done | sort -u
}

test_flood() {
	local i

	shared
	for ((i = 0; i < FLOOD; i++)); do echo alice; done >/root/users
	flood "C-100 $FLOOD logins of one user at once" </root/users
	for ((i = 0; i < FLOOD; i++)); do echo "flood$((i % 10))"; done >/root/users
	for ((i = 0; i < 10; i++)); do
		echo "flood$i:x:$((20000 + i)):$((20000 + i))::/nonexistent:/bin/sh" >>/etc/passwd
	done
	policy <<<'rules = ( { user = "*"; profile = "s"; } ); profiles = { s = { base = "default"; scope = "user"; }; };'
	flood "C-100 $FLOOD logins of 10 users at once" </root/users
	policy <<<'rules = ( { user = "*"; profile = "s"; } ); profiles = { s = { base = "default"; scope = "named:all"; hostname = "x"; }; };'
	flood "C-100 $FLOOD logins of 10 users in one named set at once" </root/users
	sed -i '/^flood/d' /etc/passwd
}

# Eight first logins at once, which stay: one set.
test_first_at_once() {
	local round name names=(a b c d e f g h)

	shared
	for round in 1 2 3 4 5; do
		for name in "${names[@]}"; do
			rm -f "$CTL/$name".*
			pamprobe pt alice open env=NSUNSHARE_ID run="exec sh $CTL/loop $name" close >"$CTL/$name.out" 2>&1 </dev/null &
			openers[$name]=$!
		done
		for name in "${names[@]}"; do
			wait_until 100 test -e "$CTL/$name.ready"
		done
		check_is "C-108 eight first logins at once, round $round: one set, one entry" \
			"$(ids_of "${names[@]}") $(pid1s | wc -l) $(n_entries)" "1 1 1"
		check_is "C-108 eight first logins at once, round $round: in the same namespaces" \
			"$(for name in "${names[@]}"; do links_of "$name" | grep -E '^(mnt|pid)'; done | sort -u | wc -l)" 2
		for name in "${names[@]}"; do
			end "$name"
		done
		check_all_gone "C-108 eight first logins at once, round $round: nothing is left"
	done
}

# The last logout against a join; END and SIGKILL against a join: in, or in a new set, never neither.
test_last_against_join() {
	local round how bad=0 n_joined=0 key ender

	shared
	begin one alice
	key=$(entries)
	end one
	for how in logout end kill; do
		bad=0
		n_joined=0
		for round in {1..30}; do
			begin one alice
			ender=
			case $how in
			logout) touch $CTL/one.end ;;
			end) setclient end "$key" & ender=$! ;;
			kill) pkill -KILL -x nsunshare-init & ender=$! ;;
			esac
			sleep "0.0$((RANDOM % 4))"
			out=$(timeout 20 pamprobe pt alice open env=NSUNSHARE_ID close 2>&1)
			if [ "$(grep -cxE '(open|close): code 0' <<<"$out")" != 2 ]; then
				bad=$((bad + 1))
				echo "# $how: $(paste -sd ' ' <<<"$out")"
			fi
			[ "$(sed -n 's/^env: NSUNSHARE_ID //p' <<<"$out")" != "$(id_of one)" ] || n_joined=$((n_joined + 1))
			end one
			[ -z "$ender" ] || wait "$ender"
			wait_until 20 no_pid1
		done 2>/dev/null
		check_is "C-108 a join against the last $how, 30 rounds: each is let in ($n_joined have joined)" $bad 0
		rm -f "${REGISTRY:?}/$key" # which a killed one leaves
		check_all_gone "C-108 a join against the last $how: nothing is left"
	done
}

build_tool pamprobe -lpam -lpthread
build_tool hostile
build_tool harass
build_tool intruder
build_setclient
install -m 4755 /usr/local/bin/pamprobe /usr/local/bin/pamprobe-su
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
make_ctl
shared
test_harassed
start_sshd
test_kept_alive
test_frozen
test_others_set
test_directory
test_entries
test_reach
test_fuzz
test_limits
test_limits_of_first
test_flood
test_first_at_once
test_last_against_join
rm -rf $CTL
finish
