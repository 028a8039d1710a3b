#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Openers and helpers that are killed, or stopped, before each of their system calls and at random moments: nothing is left
# behind, a stopped helper costs the time limit and no more, and the next login works.
# Holds G5 G7.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.inc"

readonly CASES_MIN=8000
readonly KILLS='open:kill-opener open:kill-intermediate open:kill-helper close:kill-opener close:kill-helper'
readonly KILLS_NET='open:kill-opener open:kill-helper open:kill-net-intermediate open:kill-net'
readonly KILLS_JOINED='open:kill-opener close:kill-opener'
readonly EIGHT='namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ];'
readonly VETH='net = { mode = "veth"; bridge = "br0"; pool = "10.65.0.0/24"; };'

# NAME|NAMESPACES BESIDE USUAL_KINDS (or none)|TIME LIMIT|FLAGS|WHAT|KEYS OF THE PROFILE, a line for each policy.
readonly SPACES='
kills, user|user|1000|-|'$KILLS'|namespaces = [ "mount", "ipc", "uts", "pid", "user" ];
kills, net made|net|1000|net-first|'$KILLS_NET'|namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "named:made"; create = true; };
stopped net|net|150|net-last|open:stop-net|namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; '$VETH'
kills, all eight and hardened|cgroup,net,time,user|1000|net-last,hardens|'$KILLS_NET' random=200|namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; '$VETH' no_new_privs = true; capabilities = { drop = [ "CAP_NET_RAW" ]; };
kills, scope user||1000|shares|'$KILLS' random=200|scope = "user";
kills, scope user, after a dead one||1000|dead|open/helper/1:kill-opener open/helper/1:kill-helper|scope = "user";
kills, scope user, joined||1000|joins|'$KILLS_JOINED'|scope = "user";
kills, scope user, all eight|cgroup,net,time,user|1000|shares|'$KILLS'|scope = "user"; '$EIGHT'
kills, scope user, all eight, joined|cgroup,net,time,user|1000|joins|'$KILLS_JOINED'|scope = "user"; '$EIGHT'
'

build_sweep
prepare_sweep
policy_for_users
sweep "C-62 random kills" $USUAL_KINDS 5000 - random=1000
if [ "$VARIANT" = asan ]; then
	skip "kills and stops at each call" "the sanitizers' own calls are thousands"
	finish
fi
policy_for_users 'base = "default"; timeout = 1000;'
# shellcheck disable=SC2086 # words
sweep "C-59, C-60, C-62 kills" $USUAL_KINDS 1000 - $KILLS
policy_for_users 'base = "default"; timeout = 150;'
sweep "C-50 stopped helper" $USUAL_KINDS 150 - open:stop-helper
policy_for_users 'namespaces = [ "mount", "ipc", "uts" ]; timeout = 1000;'
# shellcheck disable=SC2086 # words
sweep "C-62 kills, no pid" mnt,ipc,uts 1000 - $KILLS
prepare_net
while IFS='|' read -r name kinds limit flags kills keys; do
	[ -n "$name" ] || continue
	policy_for_users "base = \"default\"; timeout = $limit; $keys"
	# shellcheck disable=SC2086 # words
	sweep "$name" "$USUAL_KINDS${kinds:+,$kinds}" "$limit" "$flags" $kills
done <<<"$SPACES"
finish_net
# A helper that can not start is not started for ever: it is no set that has ended.
policy_for_users 'base = "default"; scope = "user"; timeout = 1000;'
gcc -O1 -o $HELPER -x c - <<'END'
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	return write(open("/run/helper-starts", O_WRONLY | O_CREAT | O_APPEND, 0600), "+", 1) != 1;
}
END
check_has "a shared set whose helper ends at once: the open fails" "$(timeout 5 pamprobe pt alice open </dev/null 2>&1)" 'open: code 4'
check_is "a shared set whose helper ends at once: it was started NSU_HELPER_TRIES times" "$(cat /run/helper-starts)" ++++++++
check "kills: there were at least $CASES_MIN cases: $n_cases" test "$n_cases" -ge "$CASES_MIN"
finish
