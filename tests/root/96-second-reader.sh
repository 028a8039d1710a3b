#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the second reader of the mounts found, each as a test.
# shellcheck disable=SC2119 # functions are called by name
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

build_tool pamprobe -lpam -lpthread
test_mask_in_a_bind
test_system_place_from_a_home
test_exposed_above_a_mask
finish
