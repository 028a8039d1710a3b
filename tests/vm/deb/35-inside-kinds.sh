#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What is no more to be had in a session with all eight kinds of namespaces, what the host's root is to daemons outside, and what happens
# at the limits of memory and processes.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../inside.inc"

readonly EIGHT='base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net", "user", "cgroup", "time" ]; time = { boottime = 100000; };'
readonly SCRIPT='
try cgroup "cat /proc/self/cgroup"
try user "systemctl --user show -p Version"
try user-run "systemd-run --user --quiet --wait --pipe readlink /proc/self/ns/net /proc/self/ns/user"
try bus "busctl --no-pager --no-legend list"
try self "loginctl show-session self -p Name"
try sudo "sudo -n id -un"
try root "sudo -n sh -c \"hostname inner; umount /tmp; ip link set lo down; date -s 2020-01-01; modprobe dummy; exit 9\""
try root-run "sudo -n systemd-run --quiet --wait --pipe readlink /proc/self/ns/user"
try root-name "sudo -n hostnamectl set-hostname shellhost"
try su "echo opensesame | su -c id alice"
try passwd "printf \"opensesame\nNew-pass-8231\nNew-pass-8231\n\" | passwd"
try ping "ping -c 1 -W 5 127.0.0.1"
try at "echo true | at now + 1 hour"
try crontab "echo \"@yearly true\" | crontab -"
try unshare "unshare -Urm id -u"
try proc "unshare -Urpf --mount-proc id -u"
try ssh "exec 3<>/dev/tcp/127.0.0.1/22"
try uptime "cut -d . -f 1 /proc/uptime"
try tmux "tmux new-session -d sleep 5 && tmux ls"
'

test_user_of_eight() {
	check_fact "cgroup: the session's is the top" cgroup '0: 0::/$'
	check_fact "systemctl --user: fails" user '1: Failed to connect to bus: No data available'
	check_is "systemd-run --user: runs outside of net and user too" "$(fact user-run)" "$(namespace net)|$(namespace user)"
	check_fact "busctl: works, the system bus is a socket" bus '0: .*org\.freedesktop\.login1'
	check_fact "loginctl: finds the own session" self '0: Name=bob$'
	check_fact "su to a user who is not in the map: fails" su '1: .*cannot set groups'
	check_fact "passwd: fails" passwd '10: .*password unchanged'
	check_fact "ping: fails" ping '2: .*Operation not permitted'
	check_fact "at: fails" at '1: You do not have permission'
	check_fact "crontab: fails" crontab '1: .*Permission denied'
	check_fact "unshare -Urm: works" unshare '0: 0$'
	check_fact "unshare --mount-proc: fails" proc '1: .*Operation not permitted'
	check_fact "ssh to 127.0.0.1: nobody listens there" ssh '1: .*Connection refused'
	check "time: the clock since boot is ahead" test "$(fact uptime)" -gt 100000
	check_fact "tmux: works" tmux '0: 0: 1 windows'
}

# uid 0 is root to whom the kernel tells uids, for the minimal map has it as 0.
test_root_of_eight() {
	check_fact "sudo: works" sudo '0: root$'
	check_has "sudo: root changes neither name, nor mounts, nor links, nor clock" \
		"$(fact root | grep -o 'hostname: you must\|/tmp: not mounted\|Operation not permitted\|cannot set date' | sort | uniq -c | xargs)" \
		'1 /tmp: not mounted .*[2-9] Operation not permitted .*1 cannot set date .*1 hostname: you must|1 /tmp: not mounted .*1 cannot set date .*1 hostname: you must'
	check_is "sudo systemd-run: is the host's root, outside" "$(fact root-run)" "$(namespace user)"
	check_fact "sudo hostnamectl: names the host" root-name '0: '
}

# What closes that: no way to the system bus and to systemd's own socket.
test_root_closed() {
	policy_for_users "$EIGHT extra_mounts = ( { type = \"mask\"; path = \"/run/dbus\"; }, { type = \"mask\"; path = \"/run/systemd/private\"; }, { type = \"mask\"; path = \"/run/user\"; } );"
	facts bob '
		try sudo "sudo -n id -un"
		try root-run "sudo -n systemd-run --quiet --wait --pipe readlink /proc/self/ns/user"
		try root-name "sudo -n hostnamectl set-hostname shellhost"
		try user-run "systemd-run --user --quiet --wait --pipe true"
		try reboot "sudo -n systemctl reboot"
		{ echo still logged; sleep 3; } | logger -t of-bob'
	check_fact "buses masked: sudo works" sudo '0: root$'
	check_fact "buses masked: sudo systemd-run fails" root-run '1: Failed to '
	check_fact "buses masked: sudo hostnamectl fails" root-name '1: Failed to '
	check_fact "buses masked: sudo systemctl reboot fails" reboot '1: Failed to '
	check_fact "buses masked: systemd-run --user fails" user-run '1: Failed to '
	check_is "buses masked: the journal still takes lines" "$(journalctl -q -b -t of-bob -o cat)" "still logged"
}

test_limits() {
	policy_for_users 'base = "default"; limits = { memory = "64M"; tasks = 40; };'
	facts bob '
		try hog "head -c 200M /dev/zero | tail -c 150M | wc -c"
		try init "cat /proc/1/comm /proc/1/oom_score_adj"
		try bomb "for i in {1..60}; do sleep 5 & done"
		try after "echo fine"
		try user-run "systemd-run --user --quiet --wait --pipe cat /proc/self/cgroup"'
	check_fact "memory: who takes too much is ended" hog '0: 0$'
	check_fact "memory: process 1 is spared" init '0: nsunshare-init\|-1000$'
	check_fact "tasks: at the limit fork fails" bomb '[1-9][0-9]*: .*fork: .*Resource temporarily unavailable'
	check_fact "limits: the session goes on" after '0: fine$'
	check_fact "limits: what systemd --user runs is not in them" user-run '0: 0::/user\.slice/user-1502\.slice/user@1502\.service/'
}

install_package
make_try
echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/bob
chmod 0440 /etc/sudoers.d/bob
systemctl -q mask --runtime reboot.target
policy_for_users "$EIGHT"
facts bob "$SCRIPT"
test_user_of_eight
test_root_of_eight
test_root_closed
test_limits
systemctl -q unmask --runtime reboot.target
rm /etc/sudoers.d/bob
end_user bob
finish
