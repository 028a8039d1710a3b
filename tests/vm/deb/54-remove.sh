#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The package is removed, purged and installed again, with a session open and without.
# shellcheck disable=SC2016,SC2119 # single-quoted text is for the shell of the session; functions without arguments
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"

test_removal() {
	open_shell stays bob
	check_is "a session is open" "$(ask stays 'echo kept >/var/tmp/kept; echo thrown >/tmp/thrown; cat /proc/1/comm')" nsunshare-init
	check "the package is removed" quiet_dpkg --remove libpam-nsunshare
	check_is "no line in /etc/pam.d" "$(lines_of_ours)" 0
	check_is "none of its programs" "$(find /usr /lib/x86_64-linux-gnu/security/ -name '*nsunshare*' ! -path '*/man/*' 2>/dev/null)" ""
	check "its policy is kept" test -e "$POLICY"
	check_is "alice logs in" "$(pid1_of alice)" systemd
	check_is "the session goes on" "$(ask stays 'cat /proc/1/comm /var/tmp/kept')" $'nsunshare-init\nkept'
	check "installed again, nothing is asked" quiet_dpkg -i /test/new.deb
	check_is "alice is isolated as the policy says that was kept" "$(pid1_of alice)" nsunshare-init
	check "purged, with the session still open" quiet_dpkg --purge libpam-nsunshare
	check_is "no line in /etc/pam.d then" "$(lines_of_ours)" 0
	check_is "no policy" "$(find /etc/security /etc/pam.d /usr/share/pam-configs -name '*nsunshare*')" ""
	check_is "the session goes on, with what it throws away" "$(ask stays 'cat /tmp/thrown')" thrown
	close_shell stays
	check_gone "and ends"
	check_is "it has thrown that away" "$(find /var/lib/nsunshare/sessions -type f 2>/dev/null)" ""
	check_is "the user's own instance stays" "$(find /var/lib/nsunshare/instances -name kept -exec cat {} +)" kept
	check_is "alice logs in then" "$(pid1_of alice)" systemd
}

test_purge() {
	install_package
	mkdir -p /var/lib/nsunshare/sessions/0123456789abcdef
	mkdir -p /etc/security/nsunshare.d && echo 'rules = ();' >/etc/security/nsunshare.d/mine.conf
	check "installed again" dpkg -s libpam-nsunshare
	check "purged, with no session open" quiet_dpkg --purge libpam-nsunshare
	check_is "all is gone but instances" "$(find / -xdev -path /proc -prune -o -path /test -prune -o -path /var/lib/dpkg -prune -o \
		-path /var/log -prune -o -path /root -prune -o -name '*nsunshare*' -print; find /run -name '*nsunshare*')" /var/lib/nsunshare
	check_is "below which nothing else is" "$(ls /var/lib/nsunshare)" instances
	rm -rf /var/lib/nsunshare/instances/*
	install_package
	dpkg --purge libpam-nsunshare >/dev/null 2>&1
	check_is "without instances that is gone too, the next time" "$(ls -d /var/lib/nsunshare 2>&1)" "ls: cannot access '/var/lib/nsunshare': No such file or directory"
}

install_package
policy_for_users 'base = "default"; mounts = ( { type = "instance"; path = "/var/tmp"; }, { type = "instance"; path = "/tmp"; remove = "logout"; } );'
test_removal
test_purge
end_users alice bob
finish
