#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What tests/root/90-sweep.sh and 91-kills.sh do, with limits: system calls of all who make a session fail in turn, and whoever
# makes it is killed before them. Who was refused is in its old cgroup; the session's is gone, or is with the next open.
# It is slow here, so of the calls only some have their turn; a step of 1 in STEPS has them all.
# shellcheck disable=SC2034,SC2119,SC2154,SC2317 # limits.inc and sweep.inc use them, lib.sh sets them
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../../root/sweep.inc"

readonly SWEEP_SECONDS=180 CASES_MIN=80
readonly ALL_KINDS=mnt,ipc,uts,pid,pid_for_children,cgroup
# Prime numbers: they meet other calls each.
readonly STEPS='open/limits-intermediate/1:EIO open/limits-intermediate/2:kill-limits-intermediate
	open/limits/11:EIO open/limits/31:kill-limits open/limits/31:kill-opener open/limits/31:kill-helper
	open/opener/11:EIO open/helper/11:EIO close/opener/3:EIO close/helper/3:EIO close/helper/5:kill-helper'

build_tool sweep sweep_*.c -lpam
prepare_sweep
# the opener's cgroup is to be another one than the root
mkdir $CGROUPS/caller
echo $$ >$CGROUPS/caller/cgroup.procs
limited "$FIVE timeout = 5000;"
# shellcheck disable=SC2086 # words
sweep "limits" $ALL_KINDS 5000 limits $STEPS
echo $$ >$CGROUPS/cgroup.procs
check "the caller's cgroup is empty" rmdir $CGROUPS/caller
check "limits: there were at least $CASES_MIN cases: $n_cases" test "$n_cases" -ge "$CASES_MIN"
finish
