#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# inside.sh: in the guest: install what is under test (but in the kind deb, where that is a test), run the tests that /test/wanted
# names, tell the second serial port, keep what they have printed in /test/results, switch off. A test that exits with 88 is
# called again after the guest was started anew, which it sees by the file /test/results/NAME.again.
set -u

KIND=$(cat /test/kind)
readonly KIND
readonly PORT=/dev/ttyS1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
cd /

# tell LINE: "# ..." and TAP lines are printed by run.sh; "= ..." is for run.sh itself.
tell() {
	echo "$*" >$PORT
}

# As `make install` has laid it down on the machine that built it; our line last in the distribution's stacks.
install_module() {
	local service

	tar -C /test/stage -c . | tar -x --keep-directory-symlink --no-overwrite-dir -C / || return 1 # /lib is a link
	rm -f /etc/security/nsunshare.conf
	for service in sshd login su su-l sudo sudo-i cron atd; do
		[ ! -e /etc/pam.d/$service ] || echo 'session required pam_nsunshare.so' >>/etc/pam.d/$service
	done
	printf '%s required pam_permit.so\n' auth account session >/etc/pam.d/pt
	echo 'session required pam_nsunshare.so' >>/etc/pam.d/pt
}

# The uptime has a decimal point.
now() {
	local up
	read -r up _ </proc/uptime
	echo "${up%.*}"
}

run_test() {
	local name=$1 began code
	local script=/test/tests/vm/$KIND/$name.sh

	began=$(now)
	tell "= begin $name"
	timeout -k 10 "$(cat /test/seconds)" "$script" </dev/null 2>&1 | tee -a "/test/results/$name.out" >$PORT
	code=${PIPESTATUS[0]}
	tell "= end $name $code $(($(now) - began))"
	if [ "$code" = 88 ] && [ ! -e "/test/results/$name.again" ]; then
		touch "/test/results/$name.again"
		start_again
	fi
	echo "$name" >>/test/results/ended
}

# As a host does that was told to; what comes next is the next run of this script.
start_again() {
	keep_logs
	tell "= reboot"
	sync
	systemctl reboot
	sleep infinity
}

keep_logs() {
	dmesg >/test/results/dmesg
	[ "$KIND" = plain ] || journalctl -o short-precise --no-pager >/test/results/journal 2>&1
	[ ! -e /var/log/sandbox.log ] || cp /var/log/sandbox.log /test/results/syslog
}

stty -F $PORT raw -echo
tell "= up $(uname -r) $(now)"
if mkdir /test/results 2>/dev/null; then
	cp -a /test/tools/. /usr/local/bin
	[ "$KIND" = deb ] || install_module || tell "not ok - the module can be installed in the guest"
fi
systemd-analyze blame >/test/results/boot 2>&1
while read -r name; do
	grep -qsx "$name" /test/results/ended || run_test "$name"
done </test/wanted
keep_logs
tell "= done $(now)"
sync
umount /test 2>/dev/null || mount -o remount,ro /test # this script lies there
systemctl poweroff --force --force
