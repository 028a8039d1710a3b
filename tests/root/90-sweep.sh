#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Every system call of the open and of the close, in the module and in the helper, fails in turn (C-37): the session is
# refused with nothing changed, or it is whole. sweep.c does it; its rules are in sweep_judge.c.
# 90-sweep.sh POLICY [WHAT...]: that policy only, and only that, as `90-sweep.sh default only=open:helper:12:EIO`.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.inc"

readonly SWEEP_SECONDS=200 CASES_MIN=4000
readonly ALL=EPERM,ENOMEM,EINTR,EAGAIN,ENOSYS,EIO,EMFILE SOME=ENOMEM,EIO
readonly ALL_KINDS=mnt,ipc,uts,pid,pid_for_children

# NAME|NAMESPACES|ERRORS|FLAGS|CONDITIONS OF THE RULE|KEYS OF THE PROFILE, a line for each policy.
readonly POLICIES='
default|'$ALL_KINDS'|'$ALL'|-||base = "default";
mount only|mnt|'$SOME'|-||namespaces = [ "mount" ]; mounts = ( { type = "tmpfs"; path = "/tmp"; } );
ipc and uts only|ipc,uts|'$SOME'|-||namespaces = [ "ipc", "uts" ];
no pid|mnt,ipc,uts|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts" ];
nested and optional mounts|'$ALL_KINDS'|'$SOME'|-||base = "default"; mounts = ( { type = "tmpfs"; path = "/srv"; }, { type = "tmpfs"; path = "/srv/a/b"; mode = "1777"; }, { type = "tmpfs"; path = "/missing"; optional = true; }, { type = "tmpfs"; path = "/missing/inner"; optional = true; } );
host name|'$ALL_KINDS'|'$SOME'|-||base = "default"; hostname = "%u.lab";
slave|'$ALL_KINDS'|'$SOME'|-||base = "default"; propagation = "slave";
rule of a group|'$ALL_KINDS'|ENOMEM,EIO,EMFILE|-|group = "staffers";|base = "default";
on_error allow|'$ALL_KINDS'|'$SOME'|allow||base = "default"; on_error = "allow";
'

if [ "$VARIANT" = asan ]; then
	skip "sweep" "the sanitizers' own calls would fail too, and end the program"
	finish
fi
prepare_sweep
while IFS='|' read -r name kinds errors flags conditions keys; do
	[ -n "$name" ] || continue
	[ "${1:-$name}" = "$name" ] || continue
	policy_for_users "$keys timeout = 1000;" "$conditions"
	if [ $# -gt 1 ]; then
		sweep "$name" "$kinds" 1000 "$flags" "${@:2}"
	else
		sweep "$name" "$kinds" 1000 "$flags" "open:$errors" "close:$errors"
	fi
done <<<"$POLICIES"
[ $# -gt 0 ] || check "sweep: there were at least $CASES_MIN cases: $n_cases" test "$n_cases" -ge "$CASES_MIN"
finish
