#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the second reader of the mounts found, each as a test.
# Holds G19 G22.
# shellcheck disable=SC2119,SC2317 # functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly AS_ALICE='setpriv --reuid alice --regid alice --clear-groups'

# C-88: what a mask lies in is cut off from the host as the mask is.
test_mask_in_a_bind() {
	local out

	mkdir -p /data/x/secret /srv/data /mnt/later/secret
	echo hidden >/data/x/secret/f
	echo covered >/mnt/later/secret/f
	policy_for_users 'namespaces = [ "mount", "pid" ]; propagation = "slave"; mounts = (
		{ type = "bind"; source = "/data"; path = "/srv/data"; }, { type = "mask"; path = "/srv/data/x/secret"; } );'
	pamprobe pt alice open run="touch /srv/data/in; until test -e /data/later; do sleep 0.1; done;
		$AS_ALICE cat /srv/data/x/secret/f" close >/run/out 2>&1 &
	wait_until 50 test -e /data/in
	mount --bind /mnt/later /data/x
	touch /data/later
	wait $!
	umount /data/x
	out=$(</run/out)
	check_has "C-88 slave: a host's mount above a mask in a bind (control: the session)" "$out" '^open: code 0$'
	check_has "C-88 slave: a host's mount above a mask in a bind does not uncover it" "$out" 'Permission denied'
}

test_system_place_from_a_home() {
	local out

	mkdir -p /home/alice/good /etc/place
	policy_for_users 'namespaces = [ "mount" ]; mounts = ( { type = "bind"; source = "%h/good"; path = "/etc/place"; } );'
	log_mark
	out=$(pamprobe pt alice open close)
	check_has "C-53 a directory of root's in a home is no source for /etc: refused" "$out" '^open: code 4$'
	check_log "C-53 a directory of root's in a home is no source for /etc: the log says why" \
		"could be changed by others: '/home/alice' does not belong to root"
}

test_exposed_above_a_mask() {
	mkdir -p /srv/a/b
	policy_for_users 'namespaces = [ "mount" ]; mounts = ( { type = "tmpfs"; path = "/srv"; mode = "0755"; },
		{ type = "mask"; path = "/srv/a/b"; } ); expose = [ "/srv/a" ];'
	log_mark
	check_has "what is exposed can not cover a mask: refused" "$(pamprobe pt alice open close)" '^open: code 4$'
	check_log "what is exposed can not cover a mask: the log says which" "'/srv/a' would cover the mask on '/srv/a/b'"
}

left() {
	find /var/lib/nsunshare/sessions -mindepth 1 -printf '%P %u\n' 2>/dev/null
}

left_has() {
	left | grep -q "$1"
}

# The inner process 1 is killed by the outer one, with all that is in its session.
test_nested_instances() {
	local opener

	policy_for_users 'base = "default"; mounts = ( { type = "instance"; path = "/tmp"; remove = "logout"; } );'
	pamprobe pt alice open run="$AS_ALICE su bob -c 'echo private >/tmp/bobs; sleep 100'" close >/dev/null 2>&1 &
	opener=$!
	wait_until 50 left_has /tmp/bobs
	check_has "an instance in a session within a session is there (control)" "$(left)" '/tmp/bobs bob$'
	kill -9 $opener
	wait $opener 2>/dev/null
	check_gone "the outer session of two ends: both are gone"
	check_is "the outer session of two ends: the inner one's instance is removed too" "$(left)" ""
}

# A mount of the user's keeps its place busy in his session, but not in the next one.
test_instance_with_a_mount() {
	echo 'none /tmp/m tmpfs user,noauto 0 0' >>/etc/fstab
	check "a user mounts something in his instance" \
		pamprobe pt alice open run="$AS_ALICE sh -c 'mkdir /tmp/m; echo hoard >/tmp/m/hoard; mount /tmp/m'" close
	check_gone "a mount in an instance: the session is gone"
	check_has "a mount in an instance: what it covers stays (control)" "$(left)" '/tmp/m/hoard alice$'
	pamprobe pt bob open close >/dev/null
	check_gone "a mount in an instance: another session is gone"
	check_is "a mount in an instance: the other session has removed it" "$(left)" ""
}

test_living_instance() {
	pamprobe pt alice open run='touch /tmp/mine; until test -e /tmp/end; do sleep 0.1; done' close >/dev/null &
	wait_until 50 left_has /tmp/mine
	pamprobe pt bob open close >/dev/null
	wait_until 20 test "$(pid1s | wc -l)" = 1
	sleep 0.3
	check_has "the end of another session: the instance of a living one stays" "$(left)" '/tmp/mine root$'
	touch "$(echo /var/lib/nsunshare/sessions/*/tmp)/end"
	wait $!
	check_gone "the living one ends"
	check_is "the living one ends: nothing is left" "$(left)" ""
}

# A rule may change keys of the profile: the same profile is not the same session.
test_nested_by_another_rule() {
	local rules='{ user = "alice"; service = "su"; profile = "shell"; extra_mounts = (
		{ type = "mask"; path = "/srv/exams"; } ); }, { user = "alice"; profile = "shell"; }'

	install -D -m 644 /dev/stdin /srv/exams/s <<<secret
	echo "rules = ( $rules ); profiles = { shell = { base = \"default\"; }; };" >$POLICY
	check_hasnt "su from inside, whose rule masks more: it is masked" \
		"$(pamprobe pt alice open run="$AS_ALICE su alice -c 'ls /srv/exams; cat /srv/exams/s'" close 2>&1)" secret
	check_log "su from inside, whose rule masks more: a session of its own" 'opened: .* service=su profile=shell'
	echo "rules = ( { user = \"alice\"; profile = \"shell\"; } ); profiles = { shell = { base = \"default\"; }; };" >$POLICY
	log_mark
	check_has "su from inside, whose rule asks for no more: it stays (control)" \
		"$(pamprobe pt alice open run="$AS_ALICE su alice -c 'cat /srv/exams/s'" close 2>&1)" secret
	check_log "su from inside, whose rule asks for no more: the log says so" 'stays in session [0-9a-f]*: user=alice service=su'
}

build_tool pamprobe -lpam -lpthread
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
test_mask_in_a_bind
test_system_place_from_a_home
test_exposed_above_a_mask
test_nested_instances
test_instance_with_a_mount
test_living_instance
test_nested_by_another_rule
finish
