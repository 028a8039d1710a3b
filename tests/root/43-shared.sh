#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# scope = "user": all logins of a user in one set of namespaces, by real doors, and when it ends.
# ATTACKS C-54, C-55, C-60, C-108, C-110, C-112 and C-114 for logins that join.
# Holds G28.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/shared.inc"

readonly DATA='carried by scp'
readonly CLOSE_MS_MAX=50

# ---- the doors

# door NAME ID OUTPUT: what a login said is of that set, and sees the file.
door() {
	check_has "S1 $1: it is in the set" "$3" "^id-$2\$"
	check_has "S1 $1: it sees what was copied to /tmp" "$3" "^$DATA\$"
	check_log "S1 $1: the log says that it has joined" "opened: id=$2 user=alice service=$1 .* joined=yes"
}

test_doors() {
	local id look='cat /tmp/by-scp; echo id-$NSUNSHARE_ID'

	shared
	echo "$DATA" >/root/data
	log_mark
	check "S1 a first login by ssh" ssh_in alice 1001
	check_log "S1 the first login makes the set" 'opened: id=[0-9a-f]{16} user=alice service=sshd .* joined=no'
	id=$(log_new | sed -n 's/.* opened: id=\([0-9a-f]*\) .*/\1/p')
	check_is "S1 /run/nsunshare has one entry" "$(n_entries)" 1
	check_has "S1 named by scope, uid and plan" "$(entries)" '^u1501\.[0-9a-f]{16}$'
	check_is "S1 which is a socket" "$(stat -c %F $REGISTRY/u*)" socket

	check "S1 scp of a file to /tmp" scp -q /root/data alice@127.0.0.1:/tmp/by-scp
	check "S1 which is not in the host's /tmp" test ! -e /tmp/by-scp
	door sshd "$id" "$(as alice "$look")"
	check "S1 scp fetches it back" scp -q alice@127.0.0.1:/tmp/by-scp /root/back
	check "S1 the old protocol too" scp -O -q alice@127.0.0.1:/tmp/by-scp /root/back
	check "S1 sftp sees it" sftp -b <(printf '%s\n' 'get /tmp/by-scp /root/back' 'put /root/data /tmp/by-sftp') alice@127.0.0.1
	check "S1 byte for byte" cmp /root/data /root/back
	check_is "S1 and what sftp has brought" "$(as alice cat /tmp/by-sftp)" "$DATA"
	door su "$id" "$(su alice -c "$look")"
	door su-l "$id" "$(su - alice -c "$look")"
	door su "$id" "$(ptytalk -- su --pty alice -c "$look" | tr -d '\r')"
	door login "$id" "$(ptytalk 'login: ' 'alice^M' 'Password: ' "$PASSWORD^M" '$ ' "$look; exit^M" -- login | tr -d '\r')"
	test_cron "$id" "$look"
	check_is "S1 one process 1 has served them all" "$(pid1s | wc -l)" 1
	check_is "S1 and one entry" "$(n_entries)" 1
	check_is "S1 none was refused" "$(log_count ' refused: ')" 0
	check "S1 (control) its socket is to be seen in /proc/net/unix" grep -qE "$OUR_SOCKET" /proc/net/unix
	check "S1 the first login is well" running 'sleep 1001'
	ssh_out 1001
	check_all_gone "S1 after the last logout nothing is left within a second: process, entry, socket"
	check_fails "S1 nor a process of hers" pgrep -u alice
}

# @reboot jobs run when the daemon begins.
test_cron() {
	local job="$CTL/job"

	echo "{ $2; } >$CTL/job.said 2>&1; mv $CTL/job.said $CTL/job.done" >"$job"
	echo "@reboot sh $job" | crontab -u alice -
	rm -f /run/crond.reboot
	cron -f &
	check "S1 cron: the job runs" wait_until 150 test -e $CTL/job.done
	door cron "$1" "$(<$CTL/job.done)"
	kill $!
	wait $! 2>/dev/null
	crontab -u alice -r
}

# Two logins see each other's processes, and may signal them.
test_processes() {
	shared
	ssh_in alice 1001
	ssh_in alice 1002
	check_has "S1 the second login sees the first one's processes" "$(as alice 'ps -e -o args=')" '^sleep 1001$'
	check_hasnt "S1 (control) none of the host's" "$(as alice 'ps -e -o args=')" 'ssh_config|bash .*43-shared'
	check "S1 it can signal them" as alice 'pkill -STOP -xf "sleep 1001"; ps -e -o stat=,args= | grep -q "^T.* sleep 1001"'
	as alice 'pkill -CONT -xf "sleep 1001"'
	as alice 'setsid sleep 1003 >/dev/null 2>&1 </dev/null & exit 0'
	check "S1 what a login has left runs on while another is there" wait_until 10 running 'sleep 1003'
	ssh_out 1001
	check_is "S1 logout of the first leaves the second working" "$(as alice 'pgrep -xf "sleep 100[23]" | wc -l; echo text >/tmp/x; cat /tmp/x')" $'2\ntext'
	check "S1 the second one's process runs" running 'sleep 1002'
	check_is "S1 one process 1" "$(pid1s | wc -l)" 1
	ssh_out 1002
	check_all_gone "S1 the last logout ends the set"
	check "S1 and all that was left in it" not_running 'sleep 1003'
}

# sudo gets no pid namespace, and so a set of its own: held by a holder, as long as one of them runs.
test_sudo() {
	local seen

	shared
	log_mark
	ssh_in alice 1001
	as alice 'touch /tmp/by-ssh'
	seen=$(timeout 10 sudo -u alice sh -c 'readlink /proc/self/ns/pid; ls -A /tmp; echo id-$NSUNSHARE_ID')
	check_has "S1 sudo: in the host's pid namespace" "$seen" "^$(namespace pid | sed 's/[][]/\\&/g')$"
	check_hasnt "S1 sudo: not in the set of ssh" "$seen" by-ssh
	check_log "S1 sudo: the log says that it has a set of its own" 'opened: .* user=alice service=sudo .* joined=no'
	timeout 20 sudo -u alice sh -c 'touch /tmp/by-sudo; exec sleep 1005' >/dev/null 2>&1 &
	openers[sudo]=$!
	wait_until 50 running 'sleep 1005'
	check_is "S1 sudo: a second one joins the first" "$(timeout 10 sudo -u alice ls -A /tmp)" by-sudo
	check_log "S1 sudo: the log says so" 'opened: .* user=alice service=sudo .* joined=yes'
	check_is "S1 sudo: two sets, two entries" "$(n_entries)" 2
	pkill -xf 'sleep 1005'
	wait "${openers[sudo]}"
	check "S1 sudo: its holder ends with it" wait_until 10 has_pid1s 1
	check_is "S1 sudo: and its entry" "$(n_entries)" 1
	policy <<-END
		rules = ( { user = "alice"; service = [ "sshd", "sudo" ]; profile = "default"; scope = "user"; } );
	END
	ssh_out 1001
	check_all_gone "S1 sudo: all is gone"
	ssh_in alice 1001
	as alice 'touch /tmp/by-ssh'
	seen=$(timeout 10 sudo -u alice sh -c 'cat /proc/1/comm; ls -A /tmp')
	check_is "S1 sudo named literally: joins the set of ssh" "$seen" $'nsunshare-init\nby-ssh'
	ssh_out 1001
	check_all_gone "S1 sudo named literally: all is gone"
}

# ---- how long a set lasts

test_stop_timeout() {
	local deaf='exec >/dev/null 2>&1 </dev/null; trap "" TERM; touch /opt/logins/deaf; while :; do sleep 0.05; done'
	local polite='exec >/dev/null 2>&1 </dev/null; trap "sleep 0.2; touch /opt/logins/polite; exit" TERM; while :; do sleep 0.05; done'
	local began ms

	shared 'stop_timeout = 1500;'
	rm -f $CTL/deaf $CTL/polite
	begin one alice
	begin two alice
	within one "setsid sh -c '$deaf' & setsid sh -c '$polite' &"
	wait_until 50 test -e $CTL/deaf
	end one
	sleep 0.3
	check "S1 stop_timeout: the end of one login signals nobody" test ! -e $CTL/polite
	began=$(milliseconds)
	end two
	check "S1 stop_timeout: after the last one comes SIGTERM, and who handles it has his time" wait_until 10 test -e $CTL/polite
	check "S1 stop_timeout: who is deaf lives on for it" pid1s
	check_is "S1 stop_timeout: the set takes no login any more" "$(entries)" ""
	check "S1 stop_timeout: a login meanwhile makes a new set" begin three alice
	check_isnt "S1 stop_timeout: of another id" "$(id_of three)" "$(id_of one)"
	check "S1 stop_timeout: then SIGKILL ends the old one" wait_until 30 has_pid1s 1
	ms=$(($(milliseconds) - began))
	check "S1 stop_timeout: not before its time ($ms ms)" test $ms -ge 1500
	check_is "S1 stop_timeout: the new one works" "$(within three 'cat /proc/1/comm')" nsunshare-init
	end three
	check_all_gone "S1 stop_timeout: nobody is left in an empty set for it"
}

# tmux lives on, and is found again.
test_tmux() {
	local tmux='TERM=xterm LC_ALL=C.UTF-8 tmux' seen id

	if ! command -v tmux >/dev/null; then
		skip "S1 tmux" "there is no tmux here"
		return
	fi
	shared 'lifetime = "processes"; stop_timeout = 500;'
	log_mark
	ssh -tt alice@127.0.0.1 "$tmux new-session -d -s main 'echo in-the-\$((40+2)); exec sleep 1010'" </dev/null >/dev/null 2>&1
	id=$(log_new | sed -n 's/.* opened: id=\([0-9a-f]*\) .*/\1/p')
	check_log "S1 processes: logged out" "closed: id=$id user=alice"
	sleep 1.5
	check "S1 processes: tmux lives on after logout" running 'sleep 1010'
	check_is "S1 processes: the set too" "$(n_entries)" 1
	seen=$(ptytalk in-the-42 '^Bd' -- ssh -tt alice@127.0.0.1 "$tmux attach -t main" | tr -d '\r')
	check_has "S1 processes: tmux attach from a new login shows it" "$seen" 'in-the-42'
	check_has "S1 processes: and lets go of it again" "$seen" 'detached'
	check_log "S1 processes: the login has joined" "opened: id=$id .* joined=yes"
	check "S1 processes: detached, it still runs" running 'sleep 1010'
	check "S1 processes: a login ends it" as alice 'LC_ALL=C.UTF-8 tmux kill-session -t main'
	check_all_gone "S1 processes: with tmux the set ends" $EMPTY_TENTHS
	check_fails "S1 processes: and with it all of hers" pgrep -u alice
}

# What is left decides, not who has left it.
test_lifetime_processes() {
	shared 'lifetime = "processes";'
	begin one alice
	begin two alice
	within one 'setsid sleep 1011 >/dev/null 2>&1 </dev/null &' >/dev/null
	end one
	check_is "S1 processes: the end of one login takes nothing from the other" "$(within two 'pgrep -xf "sleep 1011" | wc -l')" 1
	drop two
	touch $CTL/two.end # for what the killed opener has left
	sleep 1
	check "S1 processes: nor does the death of the last opener" running 'sleep 1011'
	check "S1 processes: the set can be joined" begin three alice
	check_is "S1 processes: it is the same" "$(id_of three)" "$(id_of one)"
	pkill -xf 'sleep 1011'
	sleep 0.5
	check_is "S1 processes: it does not end under a login" "$(within three 'cat /proc/1/comm')" nsunshare-init
	end three
	check_all_gone "S1 processes: without login and process it ends" $EMPTY_TENTHS
	begin one alice
	end one
	check_all_gone "S1 processes: at once where nothing was left"
}

# The empty set stays, with what is in it.
test_permanent() {
	local id

	shared 'lifetime = "permanent";'
	log_mark
	check "S1 permanent: scp of a file to /tmp, and out again" scp -q /root/data alice@127.0.0.1:/tmp/by-scp
	sleep 1
	check_is "S1 permanent: the set is there, and empty" "$(pid1s | wc -l) $(n_entries) $(pgrep -c -u alice)" "1 1 0"
	id=$(log_new | sed -n 's/.* opened: id=\([0-9a-f]*\) .*/\1/p')
	check_is "S1 permanent: a login by ssh finds the file, in the same set" "$(as alice 'cat /tmp/by-scp; echo $NSUNSHARE_ID')" "$DATA"$'\n'"$id"
	begin one alice
	check_is "S1 permanent: so does the next, when it is empty again" "$(id_of one)" "$id"
	within one 'setsid sleep 1012 >/dev/null 2>&1 </dev/null &' >/dev/null
	end one
	check "S1 permanent: what a login has left runs on" wait_until 10 running 'sleep 1012'
	check "S1 permanent: END, as the administrator orders it" setclient end "$(entries)"
	check_all_gone "S1 permanent: ends it"
	check "S1 permanent: with what was in it" not_running 'sleep 1012'

	begin one alice
	id=$(id_of one)
	end one
	pkill -KILL -x nsunshare-init
	wait_until 10 no_pid1
	check_is "S1 permanent: killed, process 1 leaves its entry" "$(n_entries)" 1
	log_mark
	check "C-60 kill -9 of process 1: the next login" begin two alice
	check_isnt "C-60 kill -9 of process 1: makes a new set" "$(id_of two)" "$id"
	check_log "C-60 kill -9 of process 1: and says so" "opened: id=$(id_of two) .* joined=no"
	check_is "C-60 kill -9 of process 1: the stale entry is replaced" "$(n_entries)" 1
	check "C-60 kill -9 of process 1: and can be joined" begin three alice
	check_together "C-60 kill -9 of process 1" two three
	setclient end "$(entries)"
	check "C-108 END under two logins: their processes end" wait_until 20 no_pid1
	end two
	end three
	check_is "C-108 END under two logins: their closes succeed" "$(code_of_login two close) $(code_of_login three close)" "0 0"
	check_all_gone "S1 permanent: nothing is left"
}

# New logins make a new set, the old one lives on until its last login ends.
test_edited() {
	shared
	begin one alice
	within one 'echo old >/tmp/which' >/dev/null
	shared 'hostname = "edited";'
	check "S1 edited policy: a login" begin two alice
	check_apart "S1 edited policy" one two
	check_is "S1 edited policy: the new one is as it says" "$(within two hostname)" edited
	check_is "S1 edited policy: the old one lives on" "$(within one 'cat /tmp/which')" old
	check_is "S1 edited policy: two entries" "$(n_entries)" 2
	begin three alice
	check_together "S1 edited policy: later logins join the new one" two three
	end one
	check "S1 edited policy: the old one ends with its last login" wait_until 10 has_pid1s 1
	check_is "S1 edited policy: and its entry" "$(n_entries)" 1
	shared
	check "S1 edited policy: edited back, a login" begin four alice
	check_apart "S1 edited policy: makes a set again, for the old one has ended" two four
	end two
	end three
	end four
	# what is each login's own does not make another set
	shared 'timeout = 4000;'
	begin one alice
	shared 'timeout = 3000;'
	begin two alice
	check_together "S1 edited policy: another timeout of the open" one two
	end one
	end two
	check_all_gone "S1 edited policy: nothing is left"
}

# C-112. A service with other namespaces is never half in the set of another.
test_other_namespaces() {
	policy <<-'END'
		rules = ( { user = "alice"; service = "su"; profile = "wide"; }, { user = "alice"; profile = "narrow"; } );
		profiles = {
			wide   = { base = "default"; scope = "user"; };
			narrow = { base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; };
		};
	END
	begin one alice
	SERVICE=su begin two alice
	check_apart "C-112 another profile" one two
	check_is "C-112 (control) one has the host's net, the other has not" \
		"$(links_of two | sed -n 's/^net //p') $(links_of one | grep -cF "net $(namespace net)")" "$(namespace net) 0"
	end one
	end two
	check_all_gone "C-112 nothing is left"
}

# ---- callers

test_first_dies() {
	shared
	begin one alice
	begin two alice
	drop one
	sleep 0.5
	check_is "C-110 the first opener dies: the second login goes on" "$(within two 'cat /proc/1/comm')" nsunshare-init
	check "C-110 the first opener dies: a third joins" begin three alice
	check_together "C-110 the first opener dies" two three
	touch $CTL/one.end
	end two
	drop three
	check_all_gone "C-110 the last opener dies: the set ends"
	touch $CTL/three.end
}

test_caller() {
	local out

	shared
	begin one alice
	log_mark
	out=$(timeout 20 pamprobe pt alice state=before open state=during child run='readlink /proc/self/fd/*' close state=after 2>&1)
	of() {
		sed -n "s/^$1: //p" <<<"$out"
	}
	check_is "G2 a login that joins: opens and closes" "$(of open | grep code) $(of close | grep code)" "code 0 code 0"
	check_is "G2 a login that joins: changes nothing of the caller but namespaces and descriptors" \
		"$(of during | grep -Ev '^(namespace (mnt|ipc|uts|pid_for_children)|descriptor) ')" \
		"$(of before | grep -Ev '^(namespace (mnt|ipc|uts|pid_for_children)|descriptor) ')"
	check_is "G2 a login that joins: close puts everything back" "$(of after)" "$(of before)"
	check_is "G4 a login that joins: a forked child holds no descriptor of ours" "$(of child)" "$(of before | grep '^descriptor')"
	check_hasnt "G4 a login that joins: nor does a program" "$out" '^(mnt|pid|ipc|uts|socket|anon_inode):'
	check "S1 a login that joins: closed within $CLOSE_MS_MAX ms" test "$(of close | sed -n 's/^ms //p')" -lt $CLOSE_MS_MAX
	out=$(timeout 20 pamprobe pt alice state=before open close open close open close state=after 2>&1)
	check_is "C-114 open, close, three times in one process: all succeed" "$(grep -c ': code 0$' <<<"$out")" 6
	check_is "C-114 open, close, three times in one process: it is where it began" "$(of after)" "$(of before)"
	check_is "C-114 open, close, three times in one process: each has joined" "$(log_count " opened: id=$(id_of one) .* joined=yes")" 4
	out=$(timeout 20 pamprobe pt alice state=before open state=once open state=twice close state=closed close state=after 2>&1)
	check_is "G13 a doubled line: the second open of a login that joins changes nothing" "$(of twice)" "$(of once)"
	check_is "G13 a doubled line: the first close ends it" "$(of closed)" "$(of before)"
	check_is "G13 a doubled line: the second does nothing" "$(of after)" "$(of before)"
	check_is "G13 a doubled line: the other login is well" "$(within one 'cat /proc/1/comm')" nsunshare-init
	end one
	check_all_gone "C-114 nothing is left"
	out=$(timeout 20 pamprobe pt alice state=before open close open close state=after 2>&1)
	check_is "C-114 open, close, open, close of the only login: all succeed" "$(grep -c ': code 0$' <<<"$out")" 4
	check_is "C-114 open, close, open, close of the only login: it is where it began" "$(of after)" "$(of before)"
	check_all_gone "C-114 open, close, open, close: nothing is left"
}

# refused_beside NAME REGEX STEP...: a caller of this kind is refused, the set and its login are as before.
refused_beside() {
	local name=$1 regex=$2
	shift 2

	log_mark
	out=$(timeout 20 pamprobe pt alice "$@" open 2>&1)
	check_is "$name: refused with PAM_SYSTEM_ERR" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "$name: the log says why" "refused: user=alice service=pt: .*$regex"
	check_is "$name: the other login is well" "$(within one 'cat /proc/1/comm')" nsunshare-init
	check_is "$name: no second set" "$(pid1s | wc -l) $(n_entries)" "1 1"
}

test_odd_callers() {
	shared
	begin one alice
	refused_beside "C-54 a second thread" "the caller has 2 threads" thread
	mkdir /srv/mirror
	mount --bind / /srv/mirror
	mount --bind /proc /srv/mirror/proc
	mount --bind /dev /srv/mirror/dev
	refused_beside "C-55 a chroot without the set" "the caller is in a chroot" chroot=/srv/mirror
	mkdir -p /srv/mirror/run
	mount --bind /run /srv/mirror/run
	refused_beside "C-55 a chroot from which the set is seen" "the caller is in a chroot" chroot=/srv/mirror
	umount /srv/mirror/proc /srv/mirror/dev /srv/mirror/run
	umount /srv/mirror
	rmdir /srv/mirror
	log_mark
	out=$(unshare --pid --fork --mount --mount-proc pamprobe pt alice open run='cat /proc/1/comm' close 2>&1)
	check_has "S1 a caller in another pid namespace, from which process 1 is not seen: refused, or isolated" "$out" '^(nsunshare-init|open: code 4)$'
	check_is "S1 a caller in another pid namespace: the login is well" "$(within one 'cat /proc/1/comm')" nsunshare-init
	end one
	check_all_gone "C-55 nothing is left"
}

# What a hostile user hands down to his su that joins (85-hostile.sh has it of one that opens).
test_hostile() {
	local name command look='cat /proc/1/comm; umask; pwd; cat /tmp/of-one'

	shared
	begin one bob
	within one 'echo of-one >/tmp/of-one; chmod 644 /tmp/of-one' >/dev/null
	while IFS='|' read -r name command; do
		log_mark
		# shellcheck disable=SC2086 # the words of a command
		out=$(cd / && timeout 20 runuser -u alice -- $command pamprobe-su pt bob open run="$look" close 2>&1)
		check_has "S1 su with $name: joins" "$out" '^of-one$'
		check_is "S1 su with $name: opens and closes" "$(grep -c ': code 0$' <<<"$out")" 2
		check_log "S1 su with $name: the log says so" "opened: id=$(id_of one) user=bob .* joined=yes"
	done <<-'END'
		nothing handed down (control)|env
		all signals ignored|hostile ignore --
		all signals blocked, real-time ones pending|hostile block pending --
		timers each millisecond|hostile ignore timers --
		a subreaper of the user's|hostile subreaper --
		timer slack of 10 s|hostile slack --
		a SIGKILL at the parent's death asked for|hostile death --
		nice 19|nice -n 19
		a stack of 64 KiB|prlimit --stack=65536
		no file of any size|prlimit --fsize=0
	END
	out=$(umask 0777; cd / && runuser -u alice -- sh -c "umask 0777; exec pamprobe-su pt bob open run='umask' close" 2>&1)
	check_has "S1 su with umask 0777: joins, and keeps it" "$out" '^0777$'
	log_mark
	out=$(runuser -u alice -- prlimit --nofile=10 pamprobe-su pt bob open run='cat /proc/1/comm' close 2>&1)
	check_is "S1 su with 10 descriptors: refused" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "S1 su with 10 descriptors: the log says why" 'refused: user=bob .*Too many open files'
	check_is "S1 su in a directory of its own: kept" "$(cd /opt/logins && su bob -c pwd)" /opt/logins
	mkdir /tmp/only-here
	check_is "S1 su in a directory that the set lacks: home" "$(cd /tmp/only-here && su bob -c 'pwd -P')" /home/bob
	rmdir /tmp/only-here
	check_is "S1 after all that one process 1" "$(pid1s | wc -l)" 1
	end one
	check_all_gone "S1 hostile su: nothing is left"
}

# ---- namespaces

# joins NAME KEYS COMMAND: two logins of a set with these keys are in the same namespaces, and both say the same of COMMAND.
joins() {
	local name=$1 said

	policy_for_users "scope = \"user\"; $2"
	log_mark
	if ! begin one alice || ! begin two alice; then
		fail "S1 $name: two logins" "$(cat $CTL/one.out $CTL/two.out 2>&1)"$'\n'"$(log_new)"
		end one
		end two
		return
	fi
	check_together "S1 $name" one two
	check_isnt "S1 $name: (control) not the host's" "$(links_of one)" "$(for kind in mnt ipc uts pid net user cgroup time; do echo "$kind $(namespace $kind)"; done)"
	said=$(within one "$3")
	check_isnt "S1 $name: something is to be seen" "$said" ""
	check_is "S1 $name: both see the same" "$(within two "$3")" "$said"
	end one
	check_is "S1 $name: the second goes on" "$(within two "$3")" "$said"
	end two
	check_all_gone "S1 $name: nothing is left"
}

test_kinds() {
	local every='"mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user"'

	joins "mount" 'namespaces = [ "mount" ];' 'stat -f -c %T /tmp'
	joins "ipc" 'namespaces = [ "ipc" ];' 'ipcs -q | wc -l'
	joins "uts" 'namespaces = [ "uts" ];' hostname
	joins "pid" 'namespaces = [ "pid" ];' 'cat /proc/1/comm'
	joins "cgroup" 'namespaces = [ "mount", "pid", "cgroup" ];' 'cat /proc/self/cgroup'
	joins "net, loopback" 'namespaces = [ "mount", "pid", "net" ];' 'ip -br addr'
	joins "time" 'namespaces = [ "mount", "pid", "time" ]; time = { boottime = 8640000; monotonic = 1000; };' 'cut -d. -f1 /proc/uptime | cut -c1-4'
	joins "user, minimal" 'namespaces = [ "mount", "pid", "user" ];' 'cat /proc/self/uid_map'
	joins "user, ranges" 'namespaces = [ "mount", "pid", "user" ]; user_map = { uid = ( (0, 0, 1), (1501, 1501, 1) ); gid = ( (0, 0, 1), (1501, 1501, 1) ); };' 'cat /proc/self/uid_map'
	joins "user, another root" 'namespaces = [ "mount", "pid", "user" ]; user_map = { root = 300000; };' 'cat /proc/self/uid_map; id -u'
	joins "all eight" "namespaces = [ $every ]; time = { boottime = 8640000; };" 'ip -br addr; cat /proc/self/uid_map'
	joins "no pid" 'namespaces = [ "mount", "ipc", "uts" ];' 'stat -f -c %T /tmp'
	joins "net, no pid" 'namespaces = [ "mount", "net" ];' 'ip -br addr'
	joins "user, no pid" 'namespaces = [ "mount", "user" ];' 'cat /proc/self/uid_map'
}

test_veth() {
	ip link add br0 type bridge
	ip addr add 10.64.0.1/16 dev br0
	ip link set br0 up
	joins "net, veth" 'namespaces = [ "mount", "pid", "net" ]; net = { mode = "veth"; bridge = "br0"; pool = "10.64.0.0/16"; gateway = true; };' \
		'ip -br -4 addr; ip route'
	check "S1 net, veth: its links are gone" wait_until 20 no_veth
	ip link del br0
}

no_veth() {
	! ip -br link show type veth | grep -q .
}

test_named_net() {
	mkdir -p /run/netns
	ip netns add lab
	joins "net, named" 'namespaces = [ "mount", "pid", "net" ]; net = { mode = "named:lab"; };' 'readlink /proc/self/ns/net'
	ip netns del lab
	umount /run/netns 2>/dev/null
	rmdir /run/netns
}

# All eight and a second login by real sshd and su.
test_all_by_ssh() {
	local kind links

	policy_for_users 'scope = "user"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; time = { boottime = 8640000; };'
	ssh_in alice 1001
	links=$(as alice "$OWN_LINKS")
	for kind in mnt ipc uts pid net user cgroup time; do
		check_isnt "S1 all eight by sshd: $kind is the set's" "$(sed -n "s/^$kind //p" <<<"$links")" "$(namespace $kind)"
	done
	check_is "S1 all eight by sshd: a third login is in the same" "$(as alice "$OWN_LINKS")" "$links"
	check_is "S1 all eight by su: it is in the same" "$(su alice -c "$OWN_LINKS")" "$links"
	ssh_out 1001
	check_all_gone "S1 all eight by sshd: nothing is left"
}

# ---- harden, nested

test_harden() {
	local status='sed -n "s/^\(CapBnd\|NoNewPrivs\|Seccomp\):[[:space:]]*/\1 /p" /proc/self/status'

	shared 'no_new_privs = true; capabilities = { drop = [ "CAP_SYS_ADMIN", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti" ];'
	begin one alice
	begin two alice
	check_has "S1 harden: the first login has no_new_privs" "$(within one "$status")" '^NoNewPrivs 1$'
	check_has "S1 harden: and a filter" "$(within one "$status")" '^Seccomp 2$'
	check_is "S1 harden: the second has given up the same" "$(within two "$status")" "$(within one "$status")"
	end one
	end two
	check_all_gone "S1 harden: nothing is left"
}

# A su from inside a shared set: the same user stays, another one gets sets of his own in there.
test_nested() {
	local inner="pamprobe pt bob open env=NSUNSHARE_ID run='exec sh $CTL/loop NAME' close >$CTL/NAME.out 2>&1 </dev/null &" seen

	shared
	begin one alice
	begin two alice
	seen=$(within one 'pamprobe pt alice open run="readlink /proc/self/ns/pid; readlink /proc/self" close')
	check_has "S1 nested: the same user stays" "$seen" "^$(links_of one | sed -n 's/^pid //p' | sed 's/[][]/\\&/g')$"
	rm -f $CTL/inner1.* $CTL/inner2.*
	within one "${inner//NAME/inner1}" >/dev/null
	wait_until 50 test -e $CTL/inner1.ready
	within two "${inner//NAME/inner2}" >/dev/null
	wait_until 50 test -e $CTL/inner2.ready
	check_is "S1 nested: another user has a set inside" "$(code_of_login inner1 open) $(code_of_login inner2 open)" "0 0"
	check_together "S1 nested: which two logins of his share" inner1 inner2
	check_isnt "S1 nested: of its own" "$(links_of inner1 | grep ^pid)" "$(links_of one | grep ^pid)"
	check_is "S1 nested: the host has no entry of it" "$(n_entries)" 1
	check_is "S1 nested: it is kept in the outer set" "$(within one 'ls -A /run/nsunshare' | grep -c ^u1502)" 1
	begin outer bob
	check_apart "S1 nested: bob's set on the host is another one" inner1 outer
	end outer
	touch $CTL/inner1.end
	sleep 0.5
	check_is "S1 nested: its second login goes on" "$(within inner2 'cat /proc/1/comm')" nsunshare-init
	end one
	end two
	check_all_gone "S1 nested: the inner set ends with the outer"
	touch $CTL/inner2.end
}

build_tool ptytalk
build_tool pamprobe -lpam -lpthread
build_tool hostile
build_setclient
install -m 4755 /usr/local/bin/pamprobe /usr/local/bin/pamprobe-su
printf '%s\n' 'Defaults !use_pty' >/etc/sudoers.d/test
chmod 0440 /etc/sudoers.d/test
make_ctl
start_sshd
test_doors
test_processes
test_sudo
test_stop_timeout
test_tmux
test_lifetime_processes
test_permanent
test_edited
test_other_namespaces
test_first_dies
test_caller
test_odd_callers
test_hostile
test_kinds
test_veth
test_named_net
test_all_by_ssh
test_harden
test_nested
rm -rf $CTL
finish
