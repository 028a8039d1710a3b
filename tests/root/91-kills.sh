#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Openers and helpers that are killed, or stopped, before each of their system calls and at random moments: nothing is left
# behind, a stopped helper costs the time limit and no more, and the next login works.
# Holds G5 G7.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.inc"

readonly SWEEP_SECONDS=200 CASES_MIN=1400
readonly KINDS=mnt,ipc,uts,pid,pid_for_children
readonly KILLS='open:kill-opener open:kill-intermediate open:kill-helper close:kill-opener close:kill-helper'

prepare_sweep
policy_for_users
sweep "C-62 random kills" $KINDS 5000 - random=1000
if [ "$VARIANT" = asan ]; then
	skip "kills and stops at each call" "the sanitizers' own calls are thousands"
	finish
fi
policy_for_users 'base = "default"; timeout = 1000;'
# shellcheck disable=SC2086 # words
sweep "C-59, C-60, C-62 kills" $KINDS 1000 - $KILLS
policy_for_users 'base = "default"; timeout = 150;'
sweep "C-50 stopped helper" $KINDS 150 - open:stop-helper
policy_for_users 'namespaces = [ "mount", "ipc", "uts" ]; timeout = 1000;'
# shellcheck disable=SC2086 # words
sweep "C-62 kills, no pid" mnt,ipc,uts 1000 - $KILLS
check "kills: there were at least $CASES_MIN cases: $n_cases" test "$n_cases" -ge "$CASES_MIN"
finish
