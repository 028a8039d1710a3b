#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A real sshd on the loopback, with the distribution's PAM stack and our line last.
# Holds G4 G5 G6 G12.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# as USER COMMAND...: run in an ssh session.
as() {
	ssh "$1@127.0.0.1" "${@:2}" </dev/null
}

as_alice() {
	as alice "$@"
}

# log_in USER: a session that lasts, as $login; not of a function in the background, whose end would not be ssh's.
log_in() {
	ssh "$1@127.0.0.1" 'sleep 1000' </dev/null &
	login=$!
}

log_out() {
	kill "$1"
	wait "$1" 2>/dev/null
}

test_isolation() {
	local kind seen

	log_mark
	seen=$(as_alice 'for kind in mnt ipc uts pid net user cgroup; do echo $kind $(readlink /proc/self/ns/$kind); done')
	for kind in mnt ipc uts pid; do
		check_isnt "sshd: the $kind namespace is the session's own" \
			"$(sed -n "s/^$kind //p" <<<"$seen")" "$(namespace $kind)"
	done
	for kind in net user cgroup; do
		check_is "sshd: the $kind namespace is the host's" "$(sed -n "s/^$kind //p" <<<"$seen")" "$(namespace $kind)"
	done
	check_log "sshd: the session is logged" 'opened: id=[0-9a-f]{16} user=alice service=sshd profile=default'
	check_log "sshd: its end is logged" 'closed: id=[0-9a-f]{16} user=alice service=sshd'

	check_is "sshd: PID 1 is nsunshare-init" "$(as_alice cat /proc/1/comm)" nsunshare-init
	check_is "sshd: ps shows the session's processes only" \
		"$(as_alice 'ps -e -o comm=' | sort -u | paste -sd ' ')" "nsunshare-init ps sshd"
	check_is "sshd: the host's name is %u-%H" "$(as_alice hostname)" alice-shellhost
	check_is "sshd: the host itself keeps its name" "$(hostname)" shellhost
	check_is "sshd: the name resolves" "$(as_alice 'getent hosts $(hostname)' | tr -s ' ')" "127.0.1.1 alice-shellhost"
	check_is "sshd: the address resolves back" "$(as_alice 'getent hosts 127.0.1.1' | awk '{print $2}')" alice-shellhost
	check_is "sshd: localhost still resolves" "$(as_alice 'getent ahosts localhost' | grep -cw 127.0.0.1)" 3
	check_is "sshd: NSUNSHARE_ID is in the environment" "$(as_alice 'echo ${#NSUNSHARE_ID}')" 16
	check_is "sshd: the session starts at home" "$(as_alice pwd)" /home/alice
	check_is "sshd: the exit status comes through" "$(as_alice 'exit 42'; echo $?)" 42
}

test_mounts() {
	local tmp

	policy_for_users 'base = "default"; mounts = ( { type = "tmpfs"; path = "/tmp"; size = "1M"; inodes = 32; mode = "1770"; owner = "user"; noexec = true; } );'
	echo "of the host" >/tmp/on-the-host
	tmp=$(as_alice 'findmnt -rno FSTYPE,SIZE,OPTIONS /tmp; stat -c "%a %U:%G" /tmp; ls -A /tmp')
	check_has "sshd: /tmp is a tmpfs of 1M, nosuid,nodev,noexec" "$tmp" '^tmpfs 1M .*nosuid,nodev,noexec'
	check_has "sshd: /tmp has the mode and owner asked for" "$tmp" '^1770 alice:alice$'
	check_hasnt "sshd: /tmp is private to the session" "$tmp" on-the-host
	check_is "sshd: the size holds" "$(as_alice 'head -c 2M /dev/zero >/tmp/x 2>/dev/null; stat -c %s /tmp/x')" 1048576
	check_has "sshd: the number of inodes holds" "$(as_alice 'touch /tmp/{1..40} 2>&1; ls /tmp | wc -l')" '^31$'
	as_alice 'touch /tmp/of-the-session'
	check "sshd: the host's /tmp is untouched" test -e /tmp/on-the-host -a ! -e /tmp/of-the-session
	rm /tmp/on-the-host
	policy_for_users
	check_has "sshd: default: /tmp has its limits" "$(as_alice 'findmnt -rno FSTYPE,OPTIONS /tmp')" \
		'^tmpfs rw,nosuid,nodev,.*size=524288k,nr_inodes=65536'
	check_has "sshd: default: /var/tmp too" "$(as_alice 'findmnt -rno FSTYPE,OPTIONS /var/tmp')" \
		'^tmpfs rw,nosuid,nodev,.*size=524288k,nr_inodes=65536'
}

test_ipc() {
	local seen

	ipcmk -Q -p 0666 >/dev/null
	ipcmk -M 4096 -p 0666 >/dev/null
	touch /dev/mqueue/of-the-host /dev/shm/of-the-host
	chmod 666 /dev/mqueue/of-the-host /dev/shm/of-the-host
	seen=$(as_alice 'ipcs -q | grep -c ^0x; ipcs -m | grep -c ^0x; ls -A /dev/mqueue /dev/shm | grep -c of-the-host
		stat -f -c %T /dev/mqueue /dev/shm; touch /dev/mqueue/inner && echo usable' | paste -sd ' ')
	check_is "sshd: SysV queue and memory, mq and shm object of the host are invisible, and its own are usable" \
		"$seen" "0 0 0 mqueue tmpfs usable"
	check "sshd: the session's queue is not on the host" test ! -e /dev/mqueue/inner
	ipcrm --all
	rm /dev/mqueue/of-the-host /dev/shm/of-the-host
}

test_processes() {
	check_is "sshd: zombies whose parent has died are reaped" \
		"$(as_alice 'for i in 1 2 3 4 5; do (sleep 0.1 &); done; sleep 0.6; ps -e -o stat= | grep -c ^Z')" 0
	as_alice 'setsid sleep 1000 >/dev/null 2>&1 & nohup sleep 1001 >/dev/null 2>&1 & (trap "" HUP TERM INT; sleep 1002) >/dev/null 2>&1 & exit 0'
	check_gone "sshd: background processes (setsid, nohup, deaf) end the session nevertheless"
	check_fails "sshd: and none of them is left" pgrep -x sleep
	log_in alice
	wait_until 50 pgrep -x sleep
	kill -KILL $login # as if the line broke
	wait $login 2>/dev/null
	check_gone "sshd: a broken connection ends the session"
}

# The unprivileged sshd process of a session. It has the user's ids and never execs.
unprivileged_sshd() {
	pgrep -u alice -x sshd
}

descriptor_kinds() {
	find "/proc/$1/fd" -type l -printf '%l\n' | sed 's/[0-9]\+/N/g' | sort
}

test_descriptors() {
	local profile kinds=()

	for profile in none default; do
		policy <<<"rules = ( { user = \"alice\"; profile = \"$profile\"; } );"
		log_in alice
		wait_until 50 pgrep -x sleep
		kinds+=("$(descriptor_kinds "$(unprivileged_sshd)")")
		if [ $profile = default ]; then
			check_is "sshd: PID 1 holds /dev/null, the registry, its own and the opener's pidfd, its channel and its socket, no more" \
				"$(descriptor_kinds "$(pid1s)" | paste -sd ' ')" \
				"/dev/null /dev/null /dev/null /run/nsunshare anon_inode:[pidfd] anon_inode:[pidfd] socket:[N] socket:[N]"
		fi
		log_out $login
		pkill -x sleep # without a session of ours, nobody ends it
		wait_until 20 no_sleep
	done
	check_is "sshd: the unprivileged child holds the same descriptors as without a session" "${kinds[1]}" "${kinds[0]}"
	check_gone "sshd: the session ends when its connection does"
	policy_for_users
}

no_sleep() {
	! pgrep -x sleep
}

test_pty() {
	local seen

	seen=$(ssh -tt alice@127.0.0.1 'tty; test -t 0 && echo "a terminal"; stty size >/dev/null && echo usable; hostname; cat /proc/1/comm' </dev/null 2>&1)
	check_has "sshd: pty: there is a terminal" "$seen" '^/dev/pts/[0-9]+.?$'
	check_has "sshd: pty: it is usable" "$seen" '^usable.?$'
	check_has "sshd: pty: PID 1 is nsunshare-init" "$seen" '^nsunshare-init.?$'
	check_is "sshd: pty: a login shell runs" "$(ptytalk '$ ' 'exit 7^M' -- ssh -tt alice@127.0.0.1 >/dev/null; echo $?)" 7
	check_is "sshd: pty: Ctrl-C interrupts a command" \
		"$(ptytalk '$ ' 'echo go""ing; sleep 1000^M' going '^C' '$ ' 'exit 7^M' -- ssh -tt alice@127.0.0.1 >/dev/null; echo $?)" 7
}

test_copying() {
	local seen

	head -c 300000 /dev/urandom >/root/data
	rm -f /home/alice/data*
	check "sshd: sftp" sftp -b <(echo 'put /root/data data1') alice@127.0.0.1
	check "sshd: sftp has brought it" cmp /root/data /home/alice/data1
	check "sshd: scp" scp -q /root/data alice@127.0.0.1:data2
	check "sshd: scp has brought it" cmp /root/data /home/alice/data2
	check "sshd: scp, the old protocol" scp -O -q alice@127.0.0.1:data2 /root/data-back
	check "sshd: scp has fetched it" cmp /root/data /root/data-back
	check "sshd: rsync" rsync -a -e ssh /root/data alice@127.0.0.1:data3
	check "sshd: rsync has brought it" cmp /root/data /home/alice/data3
	check "sshd: sftp into the private /tmp" sftp -b <(echo 'put /root/data /tmp/data') alice@127.0.0.1
	check "sshd: which is not the host's" test ! -e /tmp/data
	seen=$(as_alice 'git init -q --bare repo.git && git init -q work && cd work && git config user.name a && git config user.email a@b &&
		echo text >file && git add file && git commit -qm one && git push -q ../repo.git HEAD:refs/heads/main &&
		git -C ../repo.git symbolic-ref HEAD refs/heads/main' 2>&1)
	check "sshd: git clone ($seen)" git clone -q alice@127.0.0.1:repo.git /root/clone
	check_is "sshd: git has brought it" "$(cat /root/clone/file)" text
	rm -rf /root/clone
}

test_forwarding() {
	local seen pid

	ssh -N -o ExitOnForwardFailure=yes -L "2301:127.0.0.1:$SSH_PORT" -R "2302:127.0.0.1:$SSH_PORT" alice@127.0.0.1 &
	pid=$!
	check "sshd: -L forwards" wait_until 50 port_answers 2301
	check "sshd: -R forwards" wait_until 50 port_answers 2302
	check "sshd: a session without a command has its PID 1" pid1s
	log_out $pid
	check_gone "sshd: the session of a forwarding connection ends with it"

	eval "$(ssh-agent -s)" >/dev/null
	ssh-add -q /root/.ssh/id_ed25519
	seen=$(ssh -A alice@127.0.0.1 'echo "$SSH_AUTH_SOCK"; ssh-add -l; ' </dev/null 2>&1)
	check_has "sshd: the agent's socket is where ssh looks for it, in the private /tmp" "$seen" '^/tmp/ssh-'
	check_has "sshd: the forwarded agent answers" "$seen" 'ED25519'
	check_is "sshd: the agent's socket is not in the host's /tmp" "$(find /tmp -path "/tmp/ssh-*" -name "agent.*" ! -path "$SSH_AUTH_SOCK")" ""
	ssh-agent -k >/dev/null
	rm -rf /tmp/ssh-*
}

test_root() {
	policy_for_users
	check_is "sshd: root is left alone without a rule" "$(as root readlink /proc/self/ns/mnt)" "$(namespace mnt)"
	policy <<<'rules = ( { user = "*"; profile = "default"; } );'
	check_is "sshd: root is left alone by the rule user = \"*\"" "$(as root readlink /proc/self/ns/pid)" "$(namespace pid)"
	check_is "sshd: which isolates alice" "$(as_alice cat /proc/1/comm)" nsunshare-init
	policy <<<'rules = ( { user = "root"; profile = "none"; }, { user = "*"; profile = "default"; } );'
	check_is "sshd: root is left alone by the profile none" "$(as root readlink /proc/self/ns/pid)" "$(namespace pid)"
	policy <<<'rules = ( { user = "root"; profile = "default"; } );'
	check_is "sshd: root named literally is isolated" "$(as root cat /proc/1/comm)" nsunshare-init
	check_is "sshd: and alice, whom no rule names, is not" "$(as_alice readlink /proc/self/ns/pid)" "$(namespace pid)"
	check_is "sshd: root's mounts stay in his session" \
		"$(as root 'mount -t tmpfs x /srv; umount /proc 2>/dev/null; echo $?' >/dev/null; grep -c ' /srv ' /proc/self/mountinfo)" 0
	policy <<<'rules = ( { group = "staffers"; profile = "default"; } );'
	check_is "sshd: a rule by a secondary group" "$(as_alice cat /proc/1/comm)" nsunshare-init
	check_is "sshd: leaves others alone" "$(as bob readlink /proc/self/ns/pid)" "$(namespace pid)"
	policy_for_users
}

test_two_logins() {
	local alice bob

	log_in alice
	alice=$login
	log_in bob
	bob=$login
	wait_until 50 has_pid1s 2
	wait_until 20 has_sleeps 2
	check_is "sshd: two logins have a PID 1 each" "$(pid1s | wc -l)" 2
	check_is "sshd: a third sees neither" "$(as_alice 'ps -e -o comm= | grep -c sleep')" 0
	log_out $alice
	check "sshd: the end of one" wait_until 10 has_pid1s 1
	check_is "sshd: leaves the other alone" "$(pgrep -xc sleep)" 1
	log_out $bob
	check_gone "sshd: both are gone after their logout"
}

has_pid1s() {
	[ "$(pid1s | wc -l)" = "$1" ]
}

has_sleeps() {
	[ "$(pgrep -xc sleep)" = "$1" ]
}

build_tool ptytalk
policy_for_users
start_sshd
test_isolation
test_mounts
test_ipc
test_processes
test_descriptors
test_pty
test_copying
test_forwarding
test_two_logins
test_root
check_gone "sshd: all sessions are gone"
finish
