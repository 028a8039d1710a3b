#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Switched off and on by the commands of README.Debian, also where an administrator has changed the stacks.
# shellcheck disable=SC2016,SC2119 # single-quoted text is for the shell of the session; functions without arguments
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"

test_switch() {
	check_is "switched on: alice is isolated" "$(pid1_of alice)" nsunshare-init
	check "it is switched off by the command of README.Debian" run_of_readme 'pam-auth-update --disable'
	check_is "no line of it is in /etc/pam.d" "$(lines_of_ours)" 0
	check_is "alice is as if it were not there" "$(pid1_of alice)" systemd
	check "an upgrade" quiet_dpkg -i /test/new.deb
	check_is "does not switch it on again" "$(lines_of_ours)" 0
	check "nor does another package's" pam-auth-update --package
	check_is "likewise" "$(lines_of_ours)" 0
	check "it is switched on again by the command of README.Debian" run_of_readme 'pam-auth-update --enable'
	check_is "alice is isolated again" "$(pid1_of alice)" nsunshare-init
	pam-auth-update --package --remove nsunshare
	pam-auth-update --package
	check_isnt "README: the command for scripts is undone by the next package" "$(lines_of_ours)" 0
}

# Lines of the administrator's own in what pam-auth-update writes: it leaves the files alone.
test_edited_stacks() {
	sed -i 's/^session.*pam_unix.so.*/& # ours/' /etc/pam.d/common-session
	sed -i '$!b; s/$/\nsession optional pam_permit.so/' /etc/pam.d/common-session
	sed -i '/^# end of pam-auth-update/i session optional pam_permit.so' /etc/pam.d/common-session
	sed -i 's/^session.*pam_unix.so/session optional pam_unix.so/' /etc/pam.d/common-session
	cp /etc/pam.d/common-session /root/common-session
	check_has "edited stacks: pam-auth-update leaves them alone, and says so" "$(run_of_readme 'pam-auth-update --disable' 2>&1)" 'Local modifications'
	check "edited stacks: nothing has changed" cmp /etc/pam.d/common-session /root/common-session
	check_fails "edited stacks: the package is not removed, for the line would refuse everybody" quiet_dpkg --remove libpam-nsunshare
	check_has "edited stacks: and says which file has it" "$(<"$OUTPUT")" '^/etc/pam.d/common-session$'
	check_is "edited stacks: alice is isolated still" "$(pid1_of alice)" nsunshare-init
	check "edited stacks: an upgrade leaves them alone too" quiet_dpkg -i /test/new.deb
	check "edited stacks: nothing has changed then" cmp /etc/pam.d/common-session /root/common-session
	check "edited stacks: the command of README.Debian for that" run_of_readme 'sed -i'
	check_is "edited stacks: has taken it out" "$(lines_of_ours)" 0
	check_is "edited stacks: alice logs in as if it were not there" "$(pid1_of alice)" systemd
	check_is "edited stacks: the rest is there" "$(grep -c '^session' /etc/pam.d/common-session)" "$(grep -v 'nsunshare\|uid eq 0' /root/common-session | grep -c '^session')"
	pam-auth-update --force --enable nsunshare
	check_is "edited stacks: mended, it is switched on" "$(pid1_of alice)" nsunshare-init
	echo 'session required pam_nsunshare.so' >/etc/pam.d/by-hand
	check_fails "a line by hand in another file: removal stops" quiet_dpkg --remove libpam-nsunshare
	check_has "a line by hand in another file: which is named" "$(<"$OUTPUT")" '^/etc/pam.d/by-hand$'
	check_isnt "a line by hand in another file: the profile's are as before" "$(lines_of_ours)" 1
	rm /etc/pam.d/by-hand
}

install_package
policy_for_users
test_switch
test_edited_stacks
end_users alice bob
finish
