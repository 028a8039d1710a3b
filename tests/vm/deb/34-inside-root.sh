#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Root in a session, by sudo: which programs end or change the session only, and which the host. Without the user namespace he is no less
# than root of the host; what is here is what happens by accident. (C-76)
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../inside.inc"

readonly TARGETS='reboot.target poweroff.target halt.target'
readonly SCRIPT='
try who "id -u; cat /proc/1/comm"
try status "systemctl status cron"
try restart "systemctl restart cron"
try service "service cron restart"
try scope "systemd-run --scope true"
try run "systemd-run --quiet --wait --pipe readlink /proc/self/ns/pid"
try bus "busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager GetUnit s cron.service"
try pkexec "pkexec id"
try reboot "systemctl reboot"
try poweroff "poweroff"
try hostname "hostname inner; hostname"
try set-name "hostnamectl set-hostname shellhost"
try umount "umount /var/tmp; findmnt -nro FSTYPE --target /var/tmp"
try mount "mount -t tmpfs of-session /mnt; findmnt -nro SOURCE /mnt"
try account "groupadd of-session; getent group of-session"
try kill "kill -KILL 1; kill -STOP 1; kill -TERM 1; sleep 1; cat /proc/1/comm"
try nsunshare "nsunshare list"
try domain "sysctl -qw kernel.domainname=of-session; cat /proc/sys/kernel/domainname"
'


test_commands() {
	# shellcheck disable=SC2086 # a list
	systemctl -q mask --runtime $TARGETS # what would start the guest again
	log_mark
	echo "$SCRIPT" >/usr/local/bin/as-root
	facts bob 'sudo -n bash /usr/local/bin/as-root'
	# shellcheck disable=SC2086
	systemctl -q unmask --runtime $TARGETS
	check_fact "root: is in the session" who '0: 0\|nsunshare-init$'
	check_fact "systemctl status: fails" status '1: Failed to connect to bus: No data available'
	check_fact "systemctl restart: fails" restart '1: Failed to connect to bus: No data available'
	check_fact "service: fails" service '1: .*Failed to connect to bus: No data available'
	check_fact "systemd-run --scope: fails" scope '1: Failed to connect to bus'
	check_is "systemd-run --wait: runs outside, as the host's root" "$(fact run)" "$(namespace pid)"
	check_fact "busctl: works" bus '0: o "/org/freedesktop/systemd1/unit/cron_2eservice"'
	check_fact "pkexec: fails" pkexec '127: Error checking for authorization'
	check_fact "hostname: sets the session's" hostname '0: inner$'
	check_is "hostname: not the host's" "$(hostname)" shellhost
	check_fact "hostnamectl set-hostname: reaches the host" set-name '0: '
	check_has "umount: takes the private /var/tmp away" "$(fact umount)" '^ext4$'
	check_fact "mount: in the session" mount '0: of-session$'
	check_fact "groupadd: for the host" account '0: of-session:'
	check "groupadd: the host has it" groupdel of-session
	check_fact "kill: process 1 takes no signal from inside" kill '0: nsunshare-init$'
	check_fact "nsunshare list: shows no set" nsunshare '0: there are no sets$'
	check_fact "sysctl kernel.domainname: the session's" domain '0: of-session$'
	check_isnt "sysctl kernel.domainname: not the host's" "$(</proc/sys/kernel/domainname)" of-session
}

# The targets were masked: all of it was asked for.
test_reboot() {
	check_fact "systemctl reboot: logind is asked" reboot '1: Call to Reboot failed'
	check_fact "poweroff: too" poweroff '1: Call to PowerOff failed'
	check_log "systemctl reboot: and would have done it to the host" 'The system will reboot now!'
	timeout 60 ssh bob@127.0.0.1 '(sleep 5000 </dev/null >/dev/null 2>&1 &); sudo -n busybox reboot -f; echo still here' </dev/null >/run/ended 2>&1
	check_has "reboot(2), busybox reboot -f: the host goes on" "$(ps -o comm= 1)" '^systemd$'
	check_hasnt "reboot(2): the session has ended" "$(</run/ended)" 'still here'
	check "reboot(2): with all that was in it" wait_until 100 no_sleep
	check_gone "reboot(2): process 1 too"
	timeout 60 ssh bob@127.0.0.1 '(sleep 5000 </dev/null >/dev/null 2>&1 &); sudo -n systemctl reboot -ff; echo still here' </dev/null >/run/ended 2>&1
	check_hasnt "systemctl reboot -ff: likewise" "$(</run/ended)" 'still here'
	check_gone "systemctl reboot -ff: process 1 is gone"
	rm /run/ended
}

no_sleep() {
	! pgrep -u bob -x sleep
}

install_package
make_try
policy_for_users
echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/bob
chmod 0440 /etc/sudoers.d/bob
test_commands
test_reboot
rm /etc/sudoers.d/bob /usr/local/bin/as-root
end_user bob
finish
