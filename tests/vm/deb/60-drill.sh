#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The fail-safe drill: the policy is broken, or the group that is exempt is not there.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../drill.inc"
build_tool ptytalk -lutil -DTIME_LIMIT=200

mend_policy() {
	rm -rf "$POLICY"
	cp -a $DRILL/policy "$POLICY"
}

break_syntax() {
	policy <<<'rules = ( { user = "alice"; profile = "default"; );'
}

break_owner() {
	chown alice "$POLICY"
}

break_mode() {
	chmod 0666 "$POLICY"
}

# Before the group is made: nobody is exempt, nobody refused.
test_no_group() {
	check_fails "no group: there is none yet" getent group nsunshare-exempt
	log_mark
	check_is "no group: alice is isolated" "$(pid1_of alice)" nsunshare-init
	check_is "no group: bob too" "$(su -l bob -c 'cat /proc/1/comm')" nsunshare-init
	check_is "no group: root is not" "$(su -l root -c 'cat /proc/1/comm')" systemd
	check_is "no group: nothing is said of it" "$(log_count pam_succeed_if)" 0
}

# Whoever has uid 0 is root; a name that nobody has is not.
test_names() {
	echo 'toor:x:0:0::/root:/bin/sh' >>/etc/passwd
	check "by its number: a second account of root's goes around a broken policy" pamtester login toor open_session
	sed -i '/^toor:/d' /etc/passwd
	check_fails "an unknown user does not" pamtester login nosuch open_session
	check_has "and the log says so" "$(log_new)" 'refused: user=nosuch service=login: '
}

# What README.Debian says of the journal, and of what systemd runs for a user.
test_readme() {
	end_users alice
	check_fails "README: while the policy is broken alice's own services are refused" systemctl start user@1501.service
	check_has "README: its command shows the refusals, with file and line" "$(run_of_readme "journalctl -g 'pam_nsunshare.\\*refused'")" \
		'refused: user=alice service=systemd-user: /etc/security/nsunshare\.conf:1: '
	systemctl reset-failed user@1501.service
	policy <<<'rules = ( { user = "alice"; profile = "default"; enforce = false; } );'
	check_is "README: with enforce = false alice is not isolated" "$(pid1_of alice)" systemd
	check_has "README: its command shows what would have been done" "$(run_of_readme "journalctl -g 'pam_nsunshare.\\*would open'")" \
		'would open: .*user=alice service=su-l '
}

install_package
policy_for_users
mkdir -p $DRILL
test_no_group
begin_drill
check_is "in the group, bob is not isolated" "$(su -l bob -c 'cat /proc/1/comm')" systemd
drill "mistake in the policy" break_syntax mend_policy 'refused: user=alice service=sshd: /etc/security/nsunshare.conf:1: .*'
break_syntax
test_names
test_readme
mend_policy
drill "policy that another owns" break_owner mend_policy 'refused: user=alice service=sshd: .*/etc/security/nsunshare.conf.*(chown|root)'
drill "policy that all may write" break_mode mend_policy 'refused: user=alice service=sshd: .*/etc/security/nsunshare.conf.*(chmod|writ)'
end_drill
finish
