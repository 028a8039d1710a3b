#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The policies of conf/: `nsunshare check` finds nothing wrong with them, and somebody of each group that they serve logs in
# through sshd and looks at what they do.
# Holds G19 G23.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly EXAMPLES=$HERE/../../conf/examples
readonly SESSIONS=/var/lib/nsunshare/sessions

# as USER COMMAND...: run in an ssh session. What it says of a home that is hidden, and the like, is not looked at.
as() {
	ssh "$1@127.0.0.1" "${@:2}" </dev/null 2>/run/as-errors
}

# make_user NAME GROUP: may log in by root's key.
make_user() {
	useradd -m -s /bin/bash -N -g users -G "$2" "$1"
	chmod 0700 "/home/$1"
	install -d -m 0700 -o "$1" -g users "/home/$1/.ssh"
	install -m 0600 -o "$1" -g users /root/.ssh/id_ed25519.pub "/home/$1/.ssh/authorized_keys"
}

make_people() {
	local group

	for group in longjobs operators customers sftponly jump teachers students exam pilot sandboxed archive team; do
		groupadd -f "$group"
	done
	for group in longjobs operators customers sftponly jump teachers students exam pilot sandboxed archive team; do
		make_user "a-$group" "$group"
	done
	make_user monitor users
	make_user guest1 users
	make_user customer2 customers
}

# use NAME: it is the policy from here on.
use() {
	name=$1
	policy <"$EXAMPLES/$name.conf"
	check_is "$name: nsunshare check finds nothing" "$(nsunshare check 2>&1; echo "exit $?")" "$POLICY: ok"$'\nexit 0'
	check_has "$name: says for whom it is, what it does, what to change and how to try it" \
		"$(grep -oE '^# (For whom|What|To change|To try):' "$EXAMPLES/$name.conf" | paste -sd ' ')" \
		'^# For whom: # What: # To change: # To try:$'
}

# is_alone USER: he is left alone; is_apart USER: he is in namespaces of his own, also for processes.
is_alone() {
	check_is "$name: $1 is left alone" "$(as "$1" readlink /proc/self/ns/mnt)" "$(namespace mnt)"
}

is_apart() {
	log_mark
	check_isnt "$name: $1 has processes of his own" "$(as "$1" readlink /proc/self/ns/pid)" "$(namespace pid)"
	check_hasnt "$name: $1 is not refused" "$(log_new)" 'refused:'
}

test_shared_shell_server() {
	use shared-shell-server
	is_alone root
	is_apart alice
	check_is "$name: alice's host name" "$(as alice hostname)" alice.shellhost
	check_is "$name: her /dev/shm is small" "$(as alice 'df -h --output=size /dev/shm | tail -1 | tr -d " "')" 128M
	check_has "$name: processes of others are invisible in it" "$(as alice findmnt -no OPTIONS /proc)" 'hidepid=(2|invisible)'
	check_is "$name: a job of cron keeps the host's name" \
		"$(nsunshare explain alice --service cron | sed -n 's/^hostname: //p')" \
		"-  [$POLICY:$(grep -n 'service = "cron"' "$POLICY" | cut -d: -f1)]"

	as a-longjobs 'echo kept >/tmp/file; setsid sleep 1000 >/dev/null 2>&1 &'
	check_is "$name: longjobs: the next login has the same /tmp" "$(as a-longjobs 'cat /tmp/file')" kept
	check "$name: longjobs: which is not the host's" test ! -e /tmp/file
	check_is "$name: longjobs: a process outlives the login" "$(pgrep -u a-longjobs -xc sleep)" 1
	check_is "$name: longjobs: and is seen by the next one" "$(as a-longjobs 'ps x -o comm= | grep -c sleep')" 1
	check_is "$name: longjobs: alice sees neither" "$(as alice 'ls /tmp; ps -e -o comm= | grep sleep')" ""
	pkill -u a-longjobs -x sleep
}

late_mount_is_seen() {
	mkdir -p /srv/late
	as alice 'touch ready; for i in $(seq 50); do [ -e /srv/late/flag ] && echo seen && break; sleep 0.1; done
		touch seen; for i in $(seq 50); do [ ! -e /srv/late/flag ] && echo gone && break; sleep 0.1; done' >/run/late &
	wait_until 50 test -e /home/alice/ready
	mount -t tmpfs late /srv/late
	touch /srv/late/flag
	wait_until 60 test -e /home/alice/seen
	umount /srv/late
	wait $!
	rm -f /home/alice/ready /home/alice/seen
	paste -sd ' ' /run/late
}

test_hpc_login_node() {
	local outer inner out

	use hpc-login-node
	is_alone a-operators
	is_apart alice
	is_apart monitor # not from the network of the rule
	check_has "$name: monitor is left alone from there" \
		"$(nsunshare explain monitor --service sshd --rhost 192.0.2.7)" '^session: left alone'
	check_is "$name: the host name stays" "$(as alice hostname)" shellhost
	check_is "$name: a mount that the host makes later appears, and goes again" "$(late_mount_is_seen)" "seen gone"
	check_is "$name: the environment says where the scratch space is" "$(as alice 'echo $SCRATCH $TMPDIR')" "/scratch/alice /tmp"
	as alice 'echo kept >/var/tmp/file'
	check_is "$name: /var/tmp is the same at the next login" "$(as alice cat /var/tmp/file)" kept
	check_is "$name: and another one for bob" "$(as bob ls -A /var/tmp)" ""
	check_has "$name: /tmp has a share of the memory" "$(as alice findmnt -no FSTYPE,OPTIONS /tmp)" '^tmpfs .*nr_inodes=200000'
	log_mark
	out=$(ptytalk '$ ' 'echo outer-$(readlink /proc/self/ns/mnt)^M' '$ ' \
		'su bob -c "echo inner-\$(readlink /proc/self/ns/mnt)"^M' 'Password: ' "$PASSWORD^M" '$ ' 'exit^M' \
		-- ssh -tt alice@127.0.0.1 | tr -d '\r')
	outer=$(sed -n 's/^outer-//p' <<<"$out")
	inner=$(sed -n 's/^inner-//p' <<<"$out")
	check_isnt "$name: alice's terminal is in a session" "$outer" "$(namespace mnt)"
	check_is "$name: su from inside stays in it" "$inner" "$outer"
	check_log "$name: the log says so" 'stays in session [0-9a-f]{16}: user=bob service=su '
}

test_web_host() {
	use web-host
	install -D -m 0644 /dev/stdin /etc/nginx/sites/one <<<"secret"
	echo "of the other" >/home/customer2/page
	chmod 0755 /home/customer2
	chmod 0644 /home/customer2/page
	is_alone bob
	check_is "$name: without it the other's page can be read" "$(as bob cat /home/customer2/page)" "of the other"
	is_apart a-customers
	check_is "$name: a customer's /home holds his own only" "$(as a-customers ls /home)" a-customers
	check_is "$name: the other's as well" "$(as customer2 ls /home)" customer2
	check_is "$name: he is at home, and may write" "$(as a-customers 'pwd; echo text >page && cat page' | paste -sd ' ')" \
		"/home/a-customers text"
	check_is "$name: what he has written is in his home on the host" "$(cat /home/a-customers/page)" text
	check_has "$name: he may write nothing beside it" "$(as a-customers 'mkdir /home/new 2>&1')" 'Permission denied'
	check_has "$name: the logs are masked" "$(as a-customers 'ls /var/log 2>&1')" 'Permission denied'
	check_has "$name: so are the settings of the web server" "$(as a-customers 'cat /etc/nginx/sites/one 2>&1')" 'Permission denied'
	check_is "$name: which he can read without it" "$(as bob cat /etc/nginx/sites/one)" secret
	check_is "$name: his host name" "$(as a-customers hostname)" web-a-customers
	check "$name: sftp goes to his home" sftp -b <(echo 'put /etc/hostname uploaded') a-customers@127.0.0.1
	check "$name: where it is on the host" test -e /home/a-customers/uploaded
}

# What the head of the example says for sshd_config.
bastion_sshd() {
	stop_service_sshd
	grep -oE '^#              (AllowGroups|Match|  (ForceCommand|DisableForwarding)).*' "$EXAMPLES/bastion.conf" |
		sed 's/^# *//' >/etc/ssh/bastion_lines
	[ "$(wc -l </etc/ssh/bastion_lines)" = 6 ] || fail "$name: its lines for sshd_config are found" "$(cat /etc/ssh/bastion_lines)"
	cat /etc/ssh/bastion_lines >>/etc/ssh/test_sshd_config
	/usr/sbin/sshd -D -f /etc/ssh/test_sshd_config &
	services+=($!)
	wait_until 50 port_answers "$SSH_PORT"
}

stop_service_sshd() {
	kill "${services[-1]}"
	wait "${services[-1]}" 2>/dev/null
	unset 'services[-1]'
}

test_bastion() {
	use bastion
	echo "of the other" >/home/alice/page
	chmod 0755 /home/alice
	is_apart a-sftponly
	check_is "$name: sftponly: /home holds the own one only" "$(as a-sftponly ls /home)" a-sftponly
	check_is "$name: sftponly: nothing of the machine in /proc" "$(as a-sftponly 'cat /proc/version /proc/cpuinfo 2>&1' | grep -vc 'No such file')" 0
	check_has "$name: sftponly: nothing executable at home" \
		"$(as a-sftponly 'cp /bin/true x && ./x; echo "status $?"')" '^status 126$'
	check_has "$name: sftponly: nor in /tmp" "$(as a-sftponly 'cp /bin/true /tmp/x && /tmp/x; echo "status $?"')" '^status 126$'
	is_apart a-jump
	check_is "$name: jump: /home is empty" "$(as a-jump ls -A /home)" ""
	check_has "$name: jump: no logs" "$(as a-jump 'ls /var/log 2>&1')" 'Permission denied'
	is_apart alice # in no group of it

	bastion_sshd
	check "$name: with its lines in sshd_config: sftp" sftp -b <(echo 'put /etc/hostname uploaded') a-sftponly@127.0.0.1
	check "$name: brings the file home" cmp /etc/hostname /home/a-sftponly/uploaded
	check_is "$name: sftp sees the own home only" \
		"$(sftp -q -b <(echo 'ls -1 /home') a-sftponly@127.0.0.1 | grep -v '^sftp>' | paste -sd ' ')" /home/a-sftponly
	check_has "$name: jump: no shell" "$(as a-jump true; echo "status $?")" '^status [1-9]'
	check_has "$name: jump: but a way through" "$(sleep 1 | timeout 10 ssh -W 127.0.0.1:$SSH_PORT a-jump@127.0.0.1)" '^SSH-2.0-'
	check_has "$name: others do not get in" "$(as alice true; echo "status $?")" '^status 255$'
	check_gone "$name: all sessions are gone"
	chmod 0700 /home/alice
	stop_service_sshd
	start_sshd
}

test_lab_machine() {
	use lab-machine
	mkdir -p /scratch /srv/course
	echo "exercise" >/srv/course/sheet
	chmod 0777 /srv/course
	is_alone a-teachers
	is_apart a-students
	check_is "$name: a student's /tmp is his, and on disk" \
		"$(as a-students 'echo text >/tmp/file; echo text >/scratch/file; ls /tmp; stat -c "%a %U" /scratch' | paste -sd ' ')" \
		"file 700 a-students"
	check "$name: /tmp is not the host's" test ! -e /tmp/file
	check_gone "$name: the session is gone"
	wait_until 10 no_sessions
	check_is "$name: with all that it had in /tmp" "$(find "$SESSIONS" -mindepth 1)" ""
	check_is "$name: at the next login /tmp is empty, and /scratch as it was" \
		"$(as a-students 'ls -A /tmp; cat /scratch/file')" text
	check_is "$name: alice, whom no rule matches, can not get at it" \
		"$(as alice 'cat /var/lib/nsunshare/instances/*/*/file 2>&1 | grep -c "No such\|denied"')" 1

	echo "of the host" >/home/guest1/file
	is_apart guest1
	check_is "$name: a guest's home is empty, and he may write" \
		"$(as guest1 'pwd; ls -A; echo text >file && cat file' | paste -sd ' ')" "/home/guest1 text"
	check_is "$name: and empty again the next time" "$(as guest1 ls -A)" ""
	check_is "$name: while the one on the host is as it was" "$(cat /home/guest1/file)" "of the host"
	check_is "$name: guest1's host name says nothing" "$(as guest1 hostname)" "guest-$(id -u guest1)"

	is_apart a-exam
	check_has "$name: exam: no scratch" "$(as a-exam 'ls /scratch 2>&1')" 'Permission denied'
	check_has "$name: exam: the course's material can be read only" \
		"$(as a-exam 'exec 2>&1; cat /srv/course/sheet; echo >/srv/course/sheet')" 'Read-only file system'
	check_has "$name: exam: it can be read" "$(as a-exam cat /srv/course/sheet)" '^exercise$'

	check_has "$name: at the console X11's socket shows through" \
		"$(nsunshare explain a-students --service login --tty tty1)" '^mount: expose on /tmp/\.X11-unix +\['
	sed -i 's/tty = \[ "[^"]*", "[^"]*" \]/tty = "ssh"/' "$POLICY" # there is no console here
	install -d -m 1777 /tmp/.X11-unix
	touch /tmp/.X11-unix/X0
	check_is "$name: as it does here" "$(as a-students 'ls -A /tmp; ls /tmp/.X11-unix' | paste -sd ' ')" ".X11-unix X0"
	rm -r /tmp/.X11-unix
	check_is "$name: and where there is none, nothing does" "$(as a-students 'ls -A /tmp')" ""
}

no_sessions() {
	[ -z "$(find "$SESSIONS" -mindepth 1 2>/dev/null)" ]
}

test_roll_out() {
	use roll-out
	is_apart a-pilot
	log_mark
	is_alone alice
	check_log "$name: the log says what alice would have got" 'enforce is false, nothing done; would open: id=.* user=alice '
	mv "$HELPER" "$HELPER.away"
	log_mark
	is_alone a-pilot
	check_log "$name: the volunteers get in though the helper is missing, and the log says so" 'NOT ISOLATED, .*user=a-pilot '
	mv "$HELPER.away" "$HELPER"
}

# Limits need controllers of cgroup v2, which a machine may not have: then the example goes without, and the test says so.
use_without_limits() {
	local line

	line=$(nsunshare explain a-sandboxed | sed -n 's/^limits.memory: //p')
	check_has "$name: a limit of memory" "$line" '^2G '
	if grep -qs memory /sys/fs/cgroup/cgroup.controllers; then
		return
	fi
	skip "$name: its limits" "there is no cgroup v2 with controllers here"
	sed -i '/^ *limits  /d' "$POLICY"
	check_is "$name: without them it is right" "$(nsunshare check 2>&1; echo "exit $?")" "$POLICY: ok"$'\nexit 0'
}

# Somebody else's set-user-ID program, and what it says of its user.
make_setuid_id() {
	install -m 4755 /usr/bin/id /usr/local/bin/setuid-id
}

test_untrusted_code() {
	use untrusted-code
	use_without_limits
	make_setuid_id
	is_apart a-sandboxed
	is_alone alice
	check_has "$name: a set-user-ID program makes alice root" "$(as alice setuid-id)" 'euid=0'
	check_hasnt "$name: nobody in the session" "$(as a-sandboxed setuid-id)" 'euid='
	check_is "$name: no capability is to be had" "$(as a-sandboxed 'grep CapBnd /proc/self/status')" $'CapBnd:\t0000000000000000'
	check_is "$name: no new privileges" "$(as a-sandboxed 'grep NoNewPrivs /proc/self/status')" $'NoNewPrivs:\t1'
	check_is "$name: lo, and no other interface" "$(as a-sandboxed 'ip -br addr' | tr -s ' ' | sed 's/ $//')" \
		'lo UNKNOWN 127.0.0.1/8 ::1/128'
	check_has "$name: the host's sshd does not answer" \
		"$(as a-sandboxed "exec 2>&1; : </dev/tcp/127.0.0.1/$SSH_PORT")" 'Connection refused'
	check_has "$name: no user namespace" "$(as a-sandboxed 'unshare -U true 2>&1')" 'Operation not permitted'
	check_is "$name: his host name says nothing" "$(as a-sandboxed hostname)" "sandbox-$(id -u a-sandboxed)"
	check_is "$name: /home holds the own one only, in which he may work" \
		"$(as a-sandboxed 'ls /home; cp /bin/true ./made && ./made && echo runs' | paste -sd ' ')" "a-sandboxed runs"
	check_is "$name: what he has made is his on the host" "$(stat -c %U /home/a-sandboxed/made)" a-sandboxed
	check_is "$name: root's su gets there too" "$(su a-sandboxed -c 'id -un; hostname' | paste -sd ' ')" \
		"a-sandboxed sandbox-$(id -u a-sandboxed)"
	as a-sandboxed 'setsid sleep 1000 >/dev/null 2>&1 &'
	check_gone "$name: nothing of it goes on"
	check_is "$name: no process either" "$(pgrep -u a-sandboxed -xc sleep)" 0
	rm /usr/local/bin/setuid-id
}

# What the head of the example does at boot, as far as it is of this machine.
make_bridge() {
	ip link add br0 type bridge
	ip addr add 10.64.0.1/16 dev br0
	ip link set br0 up
	ip netns add archive
	install -D -m 0644 /dev/stdin /etc/netns/archive/resolv.conf <<<"nameserver 192.0.2.53"
	busybox nc -ll -p 8001 -e echo of-the-host &
	services+=($!)
}

address_of() {
	sed -n 's/.* \(10\.64\.[0-9.]*\)\/16 .*/\1/p' <<<"$1"
}

no_interfaces() {
	! ip -br link | grep -q '^nsu'
}

# read_from ADDRESS: what a session finds at port 8001.
read_from() {
	echo "timeout 2 bash -c 'cat </dev/tcp/$1/8001' 2>&1; echo status \$?"
}

test_own_address() {
	local first second

	make_bridge # of what is missing check warns
	use own-address
	is_alone alice
	is_apart a-customers
	first=$(as a-customers 'ip -br addr show eth0')
	check_has "$name: a customer has an address of the pool" "$(address_of "$first")" '^10\.64\.'
	check_is "$name: and reaches the host" "$(as a-customers "$(read_from 10.64.0.1)" | paste -sd ' ')" "of-the-host status 0"
	as customer2 'ip -br addr show eth0 >address; busybox nc -ll -p 8001 -e echo of-customer2' &
	wait_until 50 grep -qs 10.64 /home/customer2/address
	second=$(address_of "$(</home/customer2/address)")
	check_isnt "$name: another one has another" "$second" "$(address_of "$first")"
	wait_until 50 bash -c ": </dev/tcp/$second/8001"
	check_has "$name: the host reaches his server" "$(bash -c "$(read_from "$second")")" '^of-customer2'
	check_has "$name: the first one does not" "$(as a-customers "$(read_from "$second")")" '^status [1-9]'
	check_has "$name: nor by his own 127.0.0.1" "$(as a-customers "$(read_from 127.0.0.1)")" 'Connection refused'
	install -m 4755 "$(command -v ip)" /usr/local/bin/setuid-ip
	check_has "$name: root in it can not take another" "$(as a-customers 'setuid-ip addr add 10.64.9.9/16 dev eth0 2>&1')" \
		'Operation not permitted'
	rm /usr/local/bin/setuid-ip
	check_is "$name: archive is in its net namespace" "$(as a-archive readlink /proc/self/ns/net)" \
		"$(ip netns exec archive readlink /proc/self/ns/net)"
	check_is "$name: with its name server" "$(as a-archive cat /etc/resolv.conf)" "nameserver 192.0.2.53"
	pkill -u customer2 -x busybox
	check_gone "$name: all sessions are gone"
	check "$name: and their interfaces" wait_until 50 no_interfaces
	ip netns del archive
	umount /run/netns 2>/dev/null
	ip link del br0
}

# set_of USER SERVICE: the one that a login would share.
set_of() {
	nsunshare explain "$1" --service "$2" | sed -n 's/^set: //p'
}

test_shared() {
	local first

	use shared
	check_has "$name: a user has a set" "$(set_of alice sshd)" "^u$(id -u alice)\.[0-9a-f]{16}\$"
	check_is "$name: the same for cron" "$(set_of alice cron)" "$(set_of alice sshd)"
	check_isnt "$name: another user has another" "$(set_of bob sshd)" "$(set_of alice sshd)"
	check_has "$name: it goes on with his processes" "$(nsunshare explain alice)" '^lifetime: processes  '
	check_has "$name: mounts that the host makes for later logins appear in it" "$(nsunshare explain alice)" \
		'^propagation: slave  \[implied\]$'
	check_has "$name: sudo is none of it" "$(nsunshare explain alice --service sudo)" '^session: left alone$'

	as alice 'echo text >/tmp/file; exec sleep 1000' &
	first=$!
	check "$name: a second login finds what the first has in /tmp" wait_until 50 finds alice /tmp/file
	check_is "$name: and sees its processes" "$(as alice pgrep -xc sleep)" 1
	check_is "$name: su gets there too" "$(su alice -c 'cat /tmp/file')" text
	check_has "$name: another user does not" "$(as bob 'cat /tmp/file 2>&1; pgrep -xc sleep' | paste -sd ' ')" 'No such file.* 0$'
	as alice 'setsid sleep 2000 >/dev/null 2>&1 & echo more >/tmp/more'
	kill_of alice 'sleep 1000'
	wait "$first"
	check_is "$name: when both have gone it goes on with what runs in it" \
		"$(as alice 'cat /tmp/more; pgrep -xc sleep' | paste -sd ' ')" "more 1"
	kill_of alice 'sleep 2000'
	check "$name: and ends with that" wait_until 150 no_pid1
}

# finds USER FILE: he logs in and can read it.
finds() {
	[ "$(as "$1" cat "$2")" = text ]
}

# kill_of USER COMMAND: his process of exactly that.
kill_of() {
	pkill -u "$1" -xf "$2"
}

test_team() {
	local first

	use team
	usermod -aG team bob
	check_has "$name: a member has a set" "$(set_of a-team sshd)" '^nteam\.[0-9a-f]{16}$'
	check_is "$name: it is every member's" "$(set_of bob su)" "$(set_of a-team sshd)"
	check_has "$name: it stays" "$(nsunshare explain bob)" '^lifetime: permanent  '
	check_has "$name: others are left alone" "$(nsunshare explain alice)" '^session: left alone$'

	as a-team 'echo text >/tmp/file; exec sleep 1000' &
	first=$!
	check "$name: another member finds what the first has in /tmp" wait_until 50 finds bob /tmp/file
	check_is "$name: sees his processes" "$(as bob pgrep -u a-team -xc sleep)" 1
	check_is "$name: and can not end them" "$(as bob 'pkill -x sleep; pgrep -xc sleep' 2>&1)" 1
	check_is "$name: the host name is the group's" "$(as bob hostname)" team
	is_alone alice
	kill_of a-team 'sleep 1000'
	wait "$first"
	check_is "$name: with nobody there it stays" "$(as bob cat /tmp/file)" text
	check "$name: until it is told to end" nsunshare kill --yes "$(set_of bob su)"
	check_gone "$name: and then it is gone"
	gpasswd -d bob team >/dev/null
}

# The installed policy, as it is and with its comments taken off.
test_installed() {
	local conf=$HERE/../../conf/nsunshare.conf

	name=nsunshare.conf
	policy <"$conf"
	check_is "$name: nsunshare check finds nothing" "$(nsunshare check 2>&1; echo "exit $?")" "$POLICY: ok"$'\nexit 0'
	is_alone alice
	is_alone root
	sed -e '/"adm"/s/$/,/' -e 's/^  # \({ uid .*\)$/  \1/' "$conf" | policy
	check_is "$name: with the rule for all it is right" "$(nsunshare check 2>&1; echo "exit $?")" "$POLICY: ok"$'\nexit 0'
	log_mark
	is_alone alice
	check_log "$name: and only reports" 'enforce is false, nothing done; would open: id=.* user=alice '
	groupadd -f services
	sed -e '/"adm"/s/$/,/' -e '/^  # { group /s/# //' -e '/^  # student = /,/^  # };/s/^  # /  /' "$conf" | policy
	check_is "$name: with its own profile it is right" "$(nsunshare check 2>&1; echo "exit $?")" "$POLICY: ok"$'\nexit 0'
	is_apart a-students
	check_is "$name: which does what its comments say" "$(as a-students 'hostname; echo $SCRATCH' | paste -sd ' ')" \
		"a-students.lab /scratch/a-students"
}

build_tool ptytalk
make_people
start_sshd
test_shared_shell_server
test_hpc_login_node
test_web_host
test_bastion
test_lab_machine
test_roll_out
test_untrusted_code
test_own_address
test_shared
test_team
test_installed
check_gone "examples: all sessions are gone"
finish
