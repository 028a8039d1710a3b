#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Limits of sessions where no systemd runs the host: cgroups that nsunshare-limits makes below the policy's parent.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2034,SC2119,SC2317 # limits.inc uses them; functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"

# mount_options TEXT: of all mounts of cgroup2, which have them together.
mount_options() {
	mount -t cgroup2 -o "$1" cgroup2 /mnt && umount /mnt
}

build_tool pamprobe -lpam -lpthread
start_sshd
mount_options rw
check_hasnt "cgroup2 is mounted without nsdelegate: nothing rests on that" "$(findmnt -no OPTIONS $CGROUPS)" nsdelegate
test_limits
mount_options nsdelegate
check_is "no cgroup is left" "$(cgroups_left)" 0
finish
