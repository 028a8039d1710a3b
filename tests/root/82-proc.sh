#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The fresh /proc: each option, and that programs which make containers without root (bwrap, unshare) can mount their own
# inside, as long as nothing below it is masked.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# policy KEYS: alice gets all of "default", and these.
policy() {
	echo "rules = ( { user = \"alice\"; profile = \"p\"; } ); profiles = { p = { base = \"default\"; $1 }; };" >$POLICY
}

inside() {
	su alice -c "$1" 2>&1
}

# What a session may see of a process that is not its user's: PID 1.
readonly LOOK='ls -d /proc/1 2>/dev/null; { tr "\0" " " </proc/1/cmdline; } 2>/dev/null; ls /proc | grep -c meminfo'

# The container's /proc shows its own processes: sh is PID 2 of bwrap, PID 1 of unshare.
readonly BWRAP='bwrap --unshare-all --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp sh -c "cd /proc; echo [0-9]*"'
readonly UNSHARE='unshare -Urmpf --mount-proc sh -c "cd /proc; echo [0-9]*"'

readonly NO_SYSCTL="bwrap: Can't read /proc/sys/kernel/overflowuid: No such file or directory"

test_option() {
	local name=$1 keys=$2 wanted=$3 # $4: what bwrap says

	policy "$keys"
	check_is "proc, $name: what of PID 1 and of the rest is seen" "$(inside "$LOOK" | paste -sd ' ')" "$wanted"
	$NESTS || return
	check_is "proc, $name: bwrap can mount its own, without root" "$(inside "$BWRAP")" "${4:-1 2}"
	check_is "proc, $name: unshare can mount its own, without root" "$(inside "$UNSHARE")" "1"
}

test_options() {
	test_option "as it is by default" "" "/proc/1 nsunshare-init 1"
	test_option "hidepid off" 'proc = { hidepid = "off"; };' "/proc/1 nsunshare-init 1"
	test_option "hidepid noaccess" 'proc = { hidepid = "noaccess"; };' "/proc/1 1"
	test_option "hidepid invisible" 'proc = { hidepid = "invisible"; };' "1"
	test_option "hidepid ptraceable" 'proc = { hidepid = "ptraceable"; };' "1"
	# bwrap reads a file of /proc/sys, which is not there then: so subset = "all" is what nests.
	test_option "subset pid" 'proc = { subset = "pid"; };' "/proc/1 nsunshare-init 0" "$NO_SYSCTL"
	test_option "subset pid and hidepid invisible" 'proc = { subset = "pid"; hidepid = "invisible"; };' "0" "$NO_SYSCTL"
}

test_path() {
	install -d /srv/proc
	policy 'proc = { path = "/srv/proc"; hidepid = "invisible"; };'
	check_is "proc, path: the fresh one is there, and shows the session only" "$(inside 'cd /srv/proc; echo [0-9]*')" 2
	check_is "proc, path: /proc is the host's still" "$(inside 'cat /proc/1/comm')" "$(cat /proc/1/comm)"
	rmdir /srv/proc
}

# C-77: what is masked in /proc stays so for a container, at the price that it can't mount its own.
test_mask() {
	policy 'extra_mounts = ( { type = "mask"; path = "/proc/version"; }, { type = "mask"; path = "/proc/irq"; } );'
	check_is "C-77 masks below /proc: a file and a directory are empty" \
		"$(inside 'wc -c </proc/version; ls /proc/irq | wc -l' | tail -n 1)" 0
	check_has "C-77 masks below /proc: the file can't be read" "$(inside 'cat /proc/version')" 'Permission denied'
	$NESTS || return
	check_has "C-77 masks below /proc: bwrap can't mount a /proc without them" "$(inside "$BWRAP")" \
		'mount proc.*Operation not permitted'
	check_has "C-77 masks below /proc: unshare neither" "$(inside "$UNSHARE")" 'Operation not permitted'
	check_has "C-77 masks below /proc: nor with subset=pid, which would hide them too" \
		"$(inside 'unshare -Urmpf sh -c "mount -t proc -o subset=pid proc /proc"')" 'permission denied|not permitted'
	check_is "C-77 masks below /proc: a container that keeps the session's works" \
		"$(inside 'bwrap --unshare-user --unshare-net --ro-bind / / --dev /dev --tmpfs /tmp echo works')" works
}

if setpriv --reuid bob --regid bob --clear-groups unshare -Ur true; then
	readonly NESTS=true
else
	readonly NESTS=false
	skip "proc: containers without root inside" "this host gives nobody but root a user namespace"
fi
test_options
test_path
test_mask
finish
