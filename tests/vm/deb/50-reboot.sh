#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The host goes down with sessions open, and comes up: nothing of them is left but what the policy keeps, and logins work at once.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"

readonly STATE=/var/lib/nsunshare AGAIN=/test/results/50-reboot.again BEFORE=/var/tmp/before-reboot

policy_of_reboot() {
	policy <<-'END'
		rules = ( { user = "alice"; profile = "kept"; }, { user = "bob"; profile = "thrown"; } );
		profiles = {
			kept = { base = "default"; scope = "user"; lifetime = "permanent"; mounts = ( { type = "instance"; path = "/tmp"; } ); };
			thrown = { base = "default"; mounts = ( { type = "instance"; path = "/tmp"; remove = "logout"; } ); };
		};
	END
}

before() {
	install_package
	policy_of_reboot
	open_shell lasting alice
	open_shell passing bob
	check "a login puts a file into its lasting /tmp" ask lasting 'echo kept >/tmp/file'
	check "another into one that is thrown away" ask passing 'echo thrown >/tmp/file'
	check_is "that one is on disk" "$(find $STATE/sessions -name file -exec cat {} +)" thrown
	check_is "both are listed" "$(nsunshare list | grep -ow 'alice\|bob' | sort -u | paste -sd ' ')" 'alice bob'
	ask lasting 'echo $NSUNSHARE_ID' >$BEFORE
	# as if the host had crashed while a session was thrown away, and while an instance was made
	mkdir -p $STATE/sessions/0123456789abcdef/+tmp $STATE/instances/1502
	echo crash >$STATE/sessions/0123456789abcdef/+tmp/file
	mkdir $STATE/instances/1502/-0123456789abcdef
	sync
	# shellcheck disable=SC2154 # lib.sh counts
	echo "# rebooting with two sessions open: $n_passed passed, $n_failed failed"
	[ "$n_failed" = 0 ] || exit 1
	exit 88
}

after() {
	check_is "after the reboot no record is there" "$(find /run/nsunshare -mindepth 1)" ""
	check_is "/run/nsunshare is, made at boot" "$(stat -c '%U %a' /run/nsunshare)" "root 700"
	check "which was before sshd was up" test "$(stat -c %Y /run/nsunshare)" -le "$(date +%s -d "$(systemctl show -P ActiveEnterTimestamp ssh)")"
	check_is "what sessions had left that were thrown away is swept" "$(find $STATE/sessions -mindepth 1)" ""
	check_is "so is the unfinished instance" "$(find $STATE/instances -name '-*')" ""
	check_is "nothing is listed" "$(nsunshare list 2>&1 | grep -c 'alice\|bob')" 0
	check_is "the policy is as it was" "$(nsunshare explain alice | grep -c permanent)" 1
	log_mark
	check_is "the first login works, and has its lasting /tmp" "$(by_ssh alice 'cat /tmp/file')" kept
	check_log "isolated, in a new set" "opened: id=[0-9a-f]{16} user=alice .*joined=no"
	check_isnt "with another id" "$(nsunshare list | grep -o '[0-9a-f]\{16\}' | head -n 1)" "$(cat $BEFORE)"
	check_has "a thrown away one is empty" "$(by_ssh bob 'ls -A /tmp; echo n-$(ls -A /tmp | wc -l)')" '^n-0$'
	nsunshare kill --yes alice >/dev/null
	check_gone "both have ended"
	rm -rf $STATE/instances/1501 $STATE/instances/1502 $BEFORE
	end_users alice bob
	finish
}

if [ -e $AGAIN ]; then
	after
else
	before
fi
