#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Root inside of a session that has a user namespace tries to get out of it: break_out.c and uncover.c. What he does get, where
# he is uid 0 of the host as well, and that a map with another uid takes that away.
# Holds G24.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/session.inc"

readonly SIX='"mount", "ipc", "uts", "pid", "net", "user"'
readonly EIGHT="$SIX, \"cgroup\", \"time\""
readonly ELSEWHERE='user_map = { uid = ( (0, 100000, 1), (1501, 1501, 1) );
	gid = ( (0, 100000, 1), (5, 5, 1), (1501, 1501, 1), (1600, 1600, 1) ); };'
readonly MASKS='{ type = "tmpfs"; path = "/tmp"; }, { type = "mask"; path = "/srv/t/dir"; }, { type = "mask"; path = "/srv/t/file"; },
	{ type = "readonly"; path = "/srv/t/ro"; }'

OWN_USER_NAMESPACE="test \"\$(readlink /proc/self/ns/user)\" != '$(namespace user)'"
readonly OWN_USER_NAMESPACE

# with KINDS [KEYS]: the policy.
with() {
	policy_for_users "namespaces = [ $1 ]; mounts = ( $MASKS ); ${2:-}"
}

# inside_only COMMAND...: as root of a session of alice's, into $out. Where there is none, nothing runs: as root of the host
# some of it would be for the whole machine.
inside_only() {
	local steps=() step

	for step; do
		steps+=("$OWN_USER_NAMESPACE || exit 99; $step")
	done
	log_in "${steps[@]}"
	[ "$code" = 0 ] || fail "a session is opened" "$(log_new)"
}

make_places() {
	mkdir -p /srv/t
	mount -t tmpfs -o mode=0755 places /srv/t
	mkdir -p /srv/t/dir /srv/t/ro
	mkdir -m 0777 /srv/t/give
	chmod 0777 /srv/t/ro
	echo secret >/srv/t/dir/secret
	echo secret >/srv/t/file
	install -m 0600 -o bob -g bob /dev/stdin /srv/t/give/of-bob <<<bob
	mknod -m 0600 /dev/of-root c 1 5
	printf 'alice ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/test
	chmod 0440 /etc/sudoers.d/test
	install -m 4755 /bin/dash /usr/local/bin/suid-sh
	# to what is there already, should it come true
	cat >/usr/local/bin/as-admins-do <<-'END'
		may() { sudo -n "$@" || echo "FAILED $1"; }
		may date -s "$(date)"
		may hostname "$(hostname)"
		may ip link set lo up
		may sysctl -w "vm.swappiness=$(cat /proc/sys/vm/swappiness)"
		may umount /srv/t/dir
		may mount -o remount,rw /srv/t/ro
		may sh -c 'echo >/proc/sysrq-trigger'
	END
	break_out handles || exit 1
	break_out listen &
	listener=$!
	services+=("$listener")
	wait_until 50 test -S /srv/t/socket
}

# no_way NAME [REGEX]: what was tried has failed each time, but for lines that match.
no_way() {
	check "$1: it was tried ($(grep -c ': ' <<<"$out") ways)" test "$(grep -c ': ' <<<"$out")" -ge 9
	check_is "$1: none of it is done" "$(grep -E ': (done|REVEALED|not tried)' <<<"$out" | grep -vE "${2:-^$}")" ""
}

# C-72 to C-78: under one set of namespaces and one map.
test_held() {
	local kinds=$1 name=$2 keys=${3:-}

	with "$kinds" "$keys"
	host_state=$(hostname; ip -br addr; ip route; ls /dev; sysctl -n kernel.core_pattern net.ipv4.ip_forward 2>/dev/null)
	inside_only 'break_out host'
	no_way "$name: clocks, names, devices, links, system calls"
	inside_only 'break_out others'
	no_way "$name: C-74 C-75 C-76 C-78 process 1, the host's processes and namespaces" '^(pidfd of a host.s process|process 1 signal): done$'
	check "$name: the host's process that was signalled lives" kill -0 "$listener"
	inside_only 'kill -KILL 1; kill -STOP 1; kill -TERM 1' 'cat /proc/1/comm'
	check_is "$name: process 1 is moved by no signal" "$out" nsunshare-init
	inside_only 'break_out sysctl'
	check_is "$name: C-85 what of /proc and /sys can be opened for writing" \
		"$(grep '^as it is' <<<"$out" | grep -vE ': /proc/(mtrr|pressure/(io|cpu|memory|irq))$')" ""
	check_is "$name: C-77 no fresh proc, sysfs or cgroup that can be written" \
		"$(grep -E '^(mount )?fresh ' <<<"$out" | grep -vE 'binfmt_misc|: EPERM$|^mount fresh sysfs, read-only: done$')" \
		"$([[ $keys != *100000* ]] || echo "${fresh_cgroups}")"
	inside_only '/usr/local/bin/uncover /srv/t'
	check_is "$name: C-72 C-73 nothing is uncovered" "$(grep -E 'REVEALED|not tried' <<<"$out")" ""
	check "$name: C-72 it was tried ($(grep -c ': ' <<<"$out") ways)" test "$(grep -c ': ' <<<"$out")" -ge 40
	check_is "$name: C-72 and nothing is taken off, moved or made writable" \
		"$(grep ': done$' <<<"$out" | grep -vE '^(rbind|rbind and umount -l of all|open_tree recursive|open_tree dissolved|rename of the parent): ')" ""
	check_is "$name: the host's name, links, routes, devices and sysctls are as before" \
		"$(hostname; ip -br addr; ip route; ls /dev; sysctl -n kernel.core_pattern net.ipv4.ip_forward 2>/dev/null)" "$host_state"
}
# With root elsewhere he may mount cgroup file systems: every file in them is another's.
fresh_cgroups=$'mount fresh cgroup2: done\nmount fresh cgroup: done'

# The same by alice, who becomes root in her session by a setuid program and by sudo.
test_setuid() {
	with "$SIX"
	out=$(timeout 60 ssh alice@127.0.0.1 'sudo -n sh -c "id -u && break_out host && break_out others"' 2>&1 </dev/null)
	check_is "sudo in the session: root" "$(head -1 <<<"$out")" 0
	no_way "sudo in the session" '^(pidfd of a host.s process|process 1 signal): done$'
	out=$(timeout 60 ssh alice@127.0.0.1 'suid-sh -p -c "setpriv --reuid=0 --regid=0 --clear-groups uncover /srv/t"' 2>&1 </dev/null)
	check_is "a setuid shell in the session: nothing is uncovered" "$(grep -E 'REVEALED|not tried' <<<"$out")" ""
	check "a setuid shell in the session: it was tried" test "$(grep -c ': ' <<<"$out")" -ge 40
	out=$(timeout 20 ssh alice@127.0.0.1 "$OWN_USER_NAMESPACE || exit 99; sh /usr/local/bin/as-admins-do 2>&1" 2>&1 </dev/null)
	echo "# ${out//$'\n'/$'\n# '}"
	check_is "date, hostname, ip, sysctl, umount, mount, sysrq by sudo: each says that it may not" "$(sed -n 's/^FAILED //p' <<<"$out" | paste -sd ' ')" \
		"date hostname ip sysctl umount mount sh"
}

# How many user namespaces there may be is not his to change.
test_limit() {
	with "$SIX" 'max_user_namespaces = 0;'
	inside_only 'unshare -U true 2>&1' 'echo 5 2>&1 >/proc/sys/user/max_user_namespaces' 'unshare -U true 2>&1' "$(as_alice 'unshare -U true 2>&1')" \
		'unshare -C true 2>&1'
	check_is "max_user_namespaces = 0: none is made, and root of the session does not raise it; nor a cgroup namespace" \
		"$(grep -c 'No space left on device' <<<"$out") $(grep -c 'Read-only file system' <<<"$out")" "4 1"
}

# What gets through, and is for the manual: with the map "minimal" root of the session is uid 0 to what the host has.
test_uid_0() {
	with "$SIX"
	inside_only 'break_out files'
	check_is "map \"minimal\": C-76 root of the session is root to the host's files, sockets and devices" "$(cut -d: -f1,2 <<<"$out")" "$(
		cat <<-'END'
			write /etc/passwd: done
			read /etc/shadow: done
			make a file in /etc: done
			read /root: done
			C-93 replace the helper: done
			a setuid file on the host: done
			a device of root's: done
			chown of a file of bob's: EPERM
			read a file of bob's: EACCES
			socket of the host, it sees uid: 0
			socket of the host: done
		END
	)"
	check_is "map \"minimal\": a setuid file that he makes is root's on the host" "$(stat -c '%u %a' /srv/t/give/setuid)" "0 4755"
	mv "$HELPER_DIR/old" "$HELPER"
	rm -f /etc/made /srv/t/give/setuid
	with '"mount", "user"'
	inside_only "kill -0 $listener && echo done"
	check_is "map \"minimal\" without pid: root of the session may signal root's processes of the host" "$out" "done"
	inside_only 'break_out process $PPID | grep -v signal'
	check_is "map \"minimal\" without pid: but he may not trace the opener, nor look into it" "$(grep ': done' <<<"$out")" ""
	check "map \"minimal\" without pid: it was tried" test "$(grep -c '^process' <<<"$out")" -ge 10
	with '"mount", "user"' "$ELSEWHERE"
	inside_only "break_out process $listener" 'break_out process $PPID | grep -v signal'
	check_is "root elsewhere without pid: he may not, nor trace them, nor the opener" "$(grep ': done' <<<"$out")" ""
	check "root elsewhere without pid: it was tried" test "$(grep -c '^process' <<<"$out")" -ge 20
}

test_elsewhere() {
	with "$SIX" "$ELSEWHERE"
	inside_only 'break_out files'
	check_is "root elsewhere: none of that" "$(cut -d: -f1,2 <<<"$out")" "$(
		cat <<-'END'
			write /etc/passwd: EACCES
			read /etc/shadow: EACCES
			make a file in /etc: EACCES
			read /root: EACCES
			C-93 replace the helper: EACCES
			a setuid file on the host: done
			a device of root's: EACCES
			chown of a file of bob's: EPERM
			read a file of bob's: EACCES
			socket of the host, it sees uid: 100000
			socket of the host: done
		END
	)"
	check_is "root elsewhere: a setuid file that he makes is that uid's on the host" "$(stat -c '%u %a' /srv/t/give/setuid)" "100000 4755"
	rm -f /srv/t/give/setuid
	check_fails "root elsewhere: sudo in the session gives nothing" timeout 20 ssh alice@127.0.0.1 'sudo -n id'
	check_is "root elsewhere: a setuid program neither" "$(timeout 20 ssh alice@127.0.0.1 'suid-sh -p -c "id -u"' </dev/null)" 1501
}

# Files that are made inside, as the host sees them.
test_owners() {
	with "$SIX"
	inside_only "$(as_alice 'touch /srv/t/give/by-alice')" 'touch /srv/t/give/by-root'
	check_is "map \"minimal\": files of the user carry his uid on the host, those of root uid 0" \
		"$(stat -c %u:%g /srv/t/give/by-alice /srv/t/give/by-root | paste -sd ' ')" "1501:1501 0:0"
	rm -f /srv/t/give/by-*
	with "$SIX" "$ELSEWHERE"
	inside_only "$(as_alice 'touch /srv/t/give/by-alice')" 'touch /srv/t/give/by-root'
	check_is "root elsewhere: files of the user carry his uid, those of root the other" \
		"$(stat -c %u:%g /srv/t/give/by-alice /srv/t/give/by-root | paste -sd ' ')" "1501:1501 100000:100000"
	rm -f /srv/t/give/by-*
}

# Which callers go on where the host's root is none of the session.
test_doors_elsewhere() {
	with "$SIX" 'user_map = { root = 100000; };'
	log_mark
	check_is "root elsewhere: sshd" "$(timeout 20 ssh alice@127.0.0.1 'id -un; id -G; exit 42' </dev/null; echo $?)" $'alice\n1501 1600\n42'
	check_has "root elsewhere: sshd on a terminal, which is hers" \
		"$(ptytalk '$ ' 'stat -c "%U:%G %a" $(tty)^M' '$ ' 'exit^M' -- ssh -tt alice@127.0.0.1 | tr -d '\r')" '^alice:tty 620$'
	echo 'put /etc/hostname got' >/root/batch
	check "root elsewhere: sftp" sftp -b /root/batch alice@127.0.0.1
	check_is "root elsewhere: su" "$(su alice -c 'id -un')" alice
	check_is "root elsewhere: su -" "$(su - alice -c 'id -un')" alice
	check_has "root elsewhere: su from a user" "$(ptytalk 'Password: ' "$PASSWORD^M" -- runuser -u bob -- su alice -c 'id -un' | tr -d '\r')" '^alice$'
	check_is "root elsewhere: sudo" "$(sudo -u alice id -un)" alice
	crontab -u alice - <<<'@reboot id -un >/srv/t/give/by-cron'
	rm -f /run/crond.reboot
	cron -f &
	services+=($!)
	check "root elsewhere: cron" wait_until 50 grep -qx alice /srv/t/give/by-cron
	check_has "root elsewhere: login can not give her root's terminal" \
		"$(ptytalk 'login: ' 'alice^M' 'Password: ' "$PASSWORD^M" -- login 2>&1)" 'Unable to change owner'
	check_gone "root elsewhere: the sessions are gone"
	check_unclosed "root elsewhere: all that were opened were closed, but login's" 1
}

build_tool pamprobe -lpam
build_tool ptytalk
build_tool uncover
build_tool break_out
make_places
start_sshd
test_held "$SIX" "six kinds"
test_held "$EIGHT" "all eight"
test_held "$SIX" "root elsewhere" "$ELSEWHERE"
test_setuid
test_limit
test_uid_0
test_elsewhere
test_owners
test_doors_elsewhere
stop_services
umount /srv/t
finish
