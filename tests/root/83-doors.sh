#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each door with its stock stack: what the processes of a session hold, and what pam_loginuid and pam_limits do before our line
# and behind it.
# Holds G4.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly HOSTILE=(LD_PRELOAD=/srv/none.so LD_AUDIT=/srv/none.so GCONV_PATH=/srv TMPDIR=/srv MALLOC_PERTURB_=165 NSUNSHARE_PROFILE=none)
readonly HARD_LIMITS='Max (open files|core file size|processes|file size|cpu time|address space|data size)'

# Each door: a session in which `sleep 1000` runs, in the background. sudo's is bob's.
door_sshd() { ssh alice@127.0.0.1 'sleep 1000' & }
door_su() { su alice -c 'sleep 1000' & }
door_su_pty() { ptytalk -- su --pty alice -c 'sleep 1000' & }
door_sudo() { runuser -u alice -- sudo -n -u bob sleep 1000 & }
door_sudo_with_pid() { runuser -u alice -- sudo -n -u bob sleep 1000 & }
door_login() { ptytalk 'login: ' 'alice^M' 'Password: ' "$PASSWORD^M" '$ ' 'exec sleep 1000^M' -- login & }
door_cron() {
	rm -f /run/crond.reboot
	env "${HOSTILE[@]}" cron -f &
}

no_sleep() {
	! pgrep -x sleep
}

# in_door DOOR FUNCTION: call it while the session is there; $command is the sleep in it.
in_door() {
	local door

	"door_$1" >/dev/null 2>&1 </dev/null
	door=$!
	wait_until 100 pgrep -x sleep
	command=$(pgrep -x sleep)
	$2
	pkill -x sleep
	wait_until 20 no_sleep
	[ "$1" != cron ] || pkill -x cron
	wait $door
	wait_until 20 no_pid1
}

# All processes of the session but PID 1: those in the pid namespace of the command, or where that is the host's, the command.
session_processes() {
	local pid wanted
	wanted=$(readlink "/proc/$command/ns/pid")

	if [ "$wanted" = "$(namespace pid)" ]; then
		echo "$command"
		return
	fi
	for pid in /proc/[0-9]*; do
		[ "$(readlink "$pid/ns/pid")" != "$wanted" ] || [ "$(<"$pid/comm")" = nsunshare-init ] || echo "${pid#/proc/}"
	done 2>/dev/null
}

# The descriptors of a process, one a line, with numbers that differ from time to time left out, and O_PATH ones marked.
descriptors_of() {
	local fd flags

	for fd in "/proc/$1/fd"/*; do
		flags=$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$1/fdinfo/${fd##*/}" 2>/dev/null)
		((0$flags & 010000000)) && printf 'O_PATH '
		readlink "$fd"
	done | sed 's/[0-9]\+/N/g' | sort
}

note_held() {
	local pid

	held=$(for pid in $(session_processes); do
		echo "$(<"/proc/$pid/comm"): $(descriptors_of "$pid" | paste -sd ' ')"
	done | sort)
	is_isolated=$([ "$(readlink "/proc/$command/ns/mnt")" != "$(namespace mnt)" ] && echo yes)
	login_uid=$(<"/proc/$command/loginuid")
	open_files=$(sed -n 's/^Max open files *//p' "/proc/$command/limits")
	environment_of_pid1=$(for pid in $(pid1s); do cat "/proc/$pid/environ"; done | wc -c)
}

# test_door DOOR LOGIN-UID: the same door without a session and with one.
test_door() {
	local name=${1//_/ } held_without

	policy <<<'rules = ( { user = "*"; profile = "none"; } );'
	in_door "$1" note_held
	held_without=$held
	check_is "C-56 $name: without a session the limit of limits.conf is there (control)" "${open_files%% *}" 333
	policy_for_users 'base = "default";' "$([ "$1" != sudo_with_pid ] || echo 'service = "sudo";')"
	in_door "$1" note_held
	check_is "C-64 $name: the session is one (control)" "$is_isolated" yes
	check_hasnt "C-64 $name: no process of it holds a namespace, a pidfd, a memfd or a directory without a name" "$held" \
		'(mnt|pid|ipc|uts|user|net|cgroup|time):|pidfd|memfd|O_PATH|nsunshare'
	# what each has, apart from ours: the command itself is the same with and without
	check_is "C-64 $name: its command holds what it holds without a session" \
		"$(grep '^sleep' <<<"$held")" "$(grep '^sleep' <<<"$held_without")"
	check_is "C-56 $name: pam_limits works before our line" "${open_files%% *}" 333
	check_is "C-56 $name: pam_loginuid, where the stack has it, too" "$login_uid" "$2"
	check_is "C-45 $name: PID 1 has an empty environment" "$environment_of_pid1" 0
	check_gone "C-64 $name: the session is gone"
}

# A session in a session: Debian's pam_limits takes its defaults from /proc/1/limits, which are then those of nsunshare-init.
test_limits_within() {
	local outer outer_su outer_sudo show="grep -E '$HARD_LIMITS' /proc/self/limits"
	rm /etc/security/limits.d/test.conf

	outer_su=$(su alice -c "$show")
	outer_sudo=$(runuser -u alice -- sudo -n -u bob sh -c "$show")
	check_is "C-56 su in a session: the limits are those of the host, not of nsunshare-init" "$(su alice -c "su bob -c \"$show\"")" "$outer_su"
	check_is "C-56 sudo in a session: the limits are those of the host, not of nsunshare-init" \
		"$(su alice -c "sudo -n -u bob sh -c \"$show\"")" "$outer_sudo"
	# the opener has put alice's own limits on itself before it starts the helper
	echo 'alice - nproc 777' >/etc/security/limits.d/test.conf
	policy <<<'rules = ( { user = "*"; profile = "none"; } );'
	outer=$(su alice -c "su bob -c \"$show\"")
	policy_for_users
	check_is "C-56 su in a session of a user with limits of his own: as without a session" "$(su alice -c "su bob -c \"$show\"")" "$outer"
	rm /etc/security/limits.d/test.conf
	sed -i '/pam_limits/d' /etc/pam.d/su
	echo 'session required pam_limits.so' >>/etc/pam.d/su
	check_is "C-56 pam_limits behind our line: the limits are those of the host, not of nsunshare-init" "$(su alice -c "$show")" "$outer_su"
}

# What /proc/1/limits shows in a session, whatever the opener's limits are: its host's, of which one that others join raises some. In a
# user namespace nobody may raise a limit, and pam_limits would try and log an error: there it is what the opener has.
test_limits_of_pid1() {
	local of_host of_opener
	prlimit --pid 1 --nofile=3000:15000 --memlock=1048576:2097152 --nproc=5000:6000 --stack=4194304:8388608
	of_host=$(</proc/1/limits)
	sed -i '/pam_limits/d' /etc/pam.d/su
	policy <<<'rules = ( { user = "*"; profile = "none"; } );'
	of_opener=$(su alice -c 'cat /proc/self/limits')

	policy_for_users
	check_isnt "C-56 limits: process 1 of the host has others than the opener (control)" "$of_opener" "$of_host"
	check_is "C-56 limits: those of a session's PID 1 are those of the host's" "$(su alice -c 'cat /proc/1/limits')" "$of_host"
	check_is "C-56 limits: also of one in a session" "$(su alice -c 'su bob -c "cat /proc/1/limits"')" "$of_host"
	check_is "C-56 limits: also where a user has lowered his" \
		"$(su alice -c 'exec 2>&1; ulimit -Sn 100; ulimit -Sf 1000; ulimit -St 100; ulimit -Sc 0; exec su bob -c "cat /proc/1/limits"')" "$of_host"
	policy_for_users 'base = "default"; scope = "user";'
	check_is "C-56 limits: a set that others join has more descriptors, and nothing else" "$(su alice -c 'cat /proc/1/limits')" "${of_host/ 3000 / 4096 }"
	policy_for_users 'namespaces = [ "mount", "ipc", "uts", "pid", "user" ];'
	check_is "C-56 limits: in a user namespace they are the opener's" "$(su alice -c 'cat /proc/1/limits')" "$of_opener"
	policy_for_users
}

# pam_loginuid takes a missing /proc/self/loginuid for a kernel without audit, and says nothing: pam_nsunshare(8) warns of it.
test_loginuid_behind() {
	sed -i '/pam_limits/d' /etc/pam.d/su
	echo 'session required pam_loginuid.so' >>/etc/pam.d/su
	check_is "C-56 pam_loginuid behind our line: the session opens, its login uid stays unset" \
		"$(su alice -c 'cat /proc/1/comm; cat /proc/self/loginuid')" $'nsunshare-init\n4294967295'
}

build_tool ptytalk
printf '%s\n' 'alice ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/test
chmod 0440 /etc/sudoers.d/test
printf '%s\n' 'alice - nofile 333' 'bob - nofile 333' >/etc/security/limits.d/test.conf
start_sshd
echo '@reboot sleep 1000' | crontab -u alice -
for door in sshd:1501 su:4294967295 su_pty:4294967295 sudo:4294967295 sudo_with_pid:4294967295 login:1501 cron:1501; do
	test_door "${door%:*}" "${door#*:}"
done
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
policy_for_users
test_limits_within
test_limits_of_pid1
test_loginuid_behind
finish
