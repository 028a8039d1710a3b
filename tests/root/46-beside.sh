#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What lies beside a session: other ways of the same user's, which pam_nsunshare(8) says are no boundary, and which are one; who is
# taken for whom; and the log.
# ATTACKS C-79, C-80, C-82, C-87, C-90, C-117.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/shared.inc"

readonly SOCKET=$CTL/socket

# beside give SOCKET DIR: hands a descriptor of DIR to who connects, and says who that is; beside take SOCKET: lists what it is given.
make_beside() {
	install -m 0755 /dev/stdin /usr/local/bin/beside <<-'END'
		#!/usr/bin/python3
		import os, socket, struct, sys
		credentials = lambda s: struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[:2]
		s = socket.socket(socket.AF_UNIX)
		if sys.argv[1] == "give":
		    s.bind(sys.argv[2])
		    os.chmod(sys.argv[2], 0o777)
		    s.listen()
		    peer = s.accept()[0]
		    pid, uid = credentials(peer)
		    print("peer", pid, uid, "self", os.getpid(), flush=True)
		    socket.send_fds(peer, [b"x"], [os.open(sys.argv[3], os.O_PATH)])
		    peer.recv(1)
		else:
		    s.connect(sys.argv[2])
		    print("peer", *credentials(s), "self", os.getpid(), flush=True)
		    fds = socket.recv_fds(s, 1, 1)[1]
		    print("listed", *sorted(os.listdir("/proc/self/fd/%d" % fds[0])))
	END
}

# give DIR: in the background, as alice outside; what it says of its peer is in $CTL/given.
give() {
	rm -f $SOCKET
	"${AS_ALICE[@]}" beside give $SOCKET "$1" >$CTL/given 2>&1 &
	giver=$!
	wait_until 50 test -S $SOCKET
}

test_handed_in() {
	local seen

	mkdir -p /srv/masked
	touch /srv/masked/secret
	policy_for_users 'base = "default"; extra_mounts = ( { type = "mask"; path = "/srv/masked"; } );'
	begin one alice
	check_has "C-79 a mask (control)" "$(alice_within one 'ls -A /srv/masked')" 'Permission denied'
	give /srv/masked
	seen=$(alice_within one "beside take $SOCKET")
	wait $giver
	check_has "C-79 the same user outside hands a directory of the host in: no boundary, as the manual says" "$seen" '^listed secret$'
	check_is "C-87 who is outside sees the peer by its uid" "$(awk '{ print $3 }' $CTL/given)" 1501
	check_isnt "C-87 and by a number of the host's, which nobody inside could choose" \
		"$(awk '{ print $2 }' $CTL/given)" "$(sed -n 's/.* self //p' <<<"$seen")"
	check_has "C-87 who is inside sees a peer without a number, which is no process of the session's" "$seen" '^peer 0 1501 '
	end one
	policy_for_users "base = \"default\"; extra_mounts = ( { type = \"tmpfs\"; path = \"/srv\"; }, { type = \"mask\"; path = \"/opt\"; } );"
	give /srv/masked
	seen=$(pamprobe pt alice open run="beside take $SOCKET 2>&1" close)
	check_has "C-79 where the directory of the socket is hidden, nobody gets to it" "$seen" 'FileNotFoundError|PermissionError|No such file|denied'
	kill $giver
	wait $giver 2>/dev/null
	rm -rf /srv/masked
	# process 1 is asked for by services that look a peer up in /proc: a number of 0 is nobody
	check_fails "C-87 there is no process of the number 0" test -e /proc/0
	check_all_gone "C-79 nothing is left"
}

# The user's other ways in lead into sessions as well.
test_other_ways() {
	local seen key

	install -m 0600 -o alice -g alice /root/.ssh/id_ed25519 /home/alice/.ssh/id_ed25519
	key="ssh -p $SSH_PORT -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes 127.0.0.1"
	policy_for_users
	begin one alice
	seen=$(alice_within one "$key 'cat /proc/1/comm; readlink /proc/self/ns/mnt'")
	check_has "C-80 ssh to the same host from inside: in a session" "$seen" '^nsunshare-init$'
	check_hasnt "C-80 ssh to the same host from inside: not on the host" "$seen" "^$(namespace mnt | sed 's/[][]/\\&/g')$"
	end one
	shared
	begin one alice
	seen=$(alice_within one "$key 'echo \$NSUNSHARE_ID'")
	check_is "C-80 ssh to the same host from inside, scope user: in the same set" "$seen" "$(id_of one)"
	alice_within one 'echo "@reboot cat /proc/1/comm >/opt/logins/by-cron; echo \$NSUNSHARE_ID >>/opt/logins/by-cron; mv /opt/logins/by-cron /opt/logins/done-by-cron" | crontab -' >/dev/null
	rm -f /run/crond.reboot
	cron -f &
	check "C-80 a crontab made from inside: runs" wait_until 150 test -e $CTL/done-by-cron
	check_is "C-80 a crontab made from inside: in the set" "$(cat $CTL/done-by-cron)" "nsunshare-init"$'\n'"$(id_of one)"
	kill $!
	wait $! 2>/dev/null
	crontab -u alice -r
	end one
	rm -f /home/alice/.ssh/id_ed25519
	check_all_gone "C-80 nothing is left"
}

# They belong to the uid.
test_keyrings() {
	local key

	key=nsunshare-test-$$
	check "C-82 a key of the user's, on the host (control)" "${AS_ALICE[@]}" keys add "$key"
	policy_for_users
	begin one alice
	check_is "C-82 the same uid sees it in a session: as the manual says" "$(alice_within one "keys find $key")" "$key: found"
	end one
	policy_for_users 'base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "user" ];'
	begin one alice
	check_has "C-82 not with a user namespace" "$(alice_within one "keys find $key")" ": (ENOKEY|EACCES)$"
	end one
	policy_for_users 'base = "default"; deny_calls = [ "keyctl" ];'
	begin one alice
	check_has "C-82 nor with deny_calls keyctl" "$(alice_within one "keys find $key")" ": (EPERM|ENOSYS)$"
	end one
	check "C-82 the key is taken away" "${AS_ALICE[@]}" keys remove "$key"
	check_all_gone "C-82 nothing is left"
}

# A medium that the host has mounted before, and wants back.
test_busy() {
	local kind

	mkdir -p /srv/medium
	for kind in private slave; do
		mount -t tmpfs medium /srv/medium
		touch /srv/medium/file
		policy_for_users "base = \"default\"; propagation = \"$kind\";"
		begin one alice
		check_is "C-90 $kind: a medium of the host's is seen (control)" "$(within one 'ls /srv/medium')" file
		umount /srv/medium
		if [ $kind = private ]; then
			check_is "C-90 private: its umount does not come, the session keeps it busy, as the manual says" "$(within one 'ls /srv/medium')" file
		else
			check_is "C-90 slave: its umount comes, nothing is kept busy" "$(within one 'ls /srv/medium')" ""
		fi
		end one
	done
	rmdir /srv/medium
	check_all_gone "C-90 nothing is left"
}

# One line a failing login, with nothing of the user's that could make a second, and no path of others at the level of each day.
test_log() {
	local lines i

	policy <<<'rules = ( { user = "alice"; profile = "missing"; } );'
	log_mark
	for i in {1..50}; do
		pamprobe pt alice "rhost=host$i"$'\n'"pam_nsunshare(pt:session): opened: id=0000000000000000 user=root" tty=$'tty\e[2J' open >/dev/null 2>&1
	done
	lines=$(log_new | grep pam_nsunshare)
	check_is "C-117 50 failing logins: as many lines" "$(wc -l <<<"$lines")" 50
	check_is "C-117 each says that it was refused" "$(grep -c ' refused: user=alice ' <<<"$lines")" 50
	check_hasnt "C-117 none was forged" "$lines" 'opened: id=0+ '
	check_is "C-117 and nothing in them but printable text" "$(tr -d '\n\t -~' <<<"$lines")" ""
	policy_for_users
	log_mark
	pamprobe pt alice open close >/dev/null
	wait_until 20 log_new_has ' closed: '
	check_is "C-117 the lines of each day name no path but that of the rule" "$(log_new | grep pam_nsunshare | grep -o ' [a-z_]*=/[^ ]*' | cut -d= -f1 | sort -u)" " rule"
	check_all_gone "C-117 nothing is left"
}

build_tool pamprobe -lpam -lpthread
build_tool keys
make_beside
make_ctl
start_sshd
test_handed_in
test_other_ways
test_keyrings
test_busy
test_log
rm -rf $CTL
finish
