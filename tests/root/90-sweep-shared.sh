#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# As 90-sweep.sh, with sets that logins share: made, joined, and where there is one that is dead.
# Holds G1 G2.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.inc"

readonly CASES_MIN=6000 SOME=ENOMEM,EIO
# Beside SOME, what says that a set has just ended.
readonly JOIN=$SOME,EMFILE,EAGAIN,EINTR,ECONNREFUSED,ECONNRESET,EPIPE,ESRCH
readonly ALL_KINDS=mnt,ipc,uts,pid,pid_for_children

# NAME|NAMESPACES|ERRORS|FLAGS|CONDITIONS OF THE RULE|KEYS OF THE PROFILE, a line for each policy.
readonly POLICIES='
scope user|'$ALL_KINDS'|'$SOME',EMFILE|shares||base = "default"; scope = "user";
scope user, all eight|'$ALL_KINDS',cgroup,net,time,user|'$SOME'|shares||base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; time = { boottime = 100000; };
scope user, no pid|mnt,ipc,uts|'$SOME'|shares||base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts" ];
scope user, after a dead one|'$ALL_KINDS'|'$SOME'|dead||base = "default"; scope = "user";
scope user, joined|'$ALL_KINDS'|'$JOIN'|joins||base = "default"; scope = "user";
scope user, no pid, joined|mnt,ipc,uts|'$JOIN'|joins||base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts" ];
scope user, all eight, joined|'$ALL_KINDS',cgroup,net,time,user|'$JOIN'|joins||base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; time = { boottime = 100000; };
scope user, hardened, joined|'$ALL_KINDS'|'$SOME'|joins,hardens||base = "default"; scope = "user"; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_MODULE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti", "keyctl" ];
'

if [ "$VARIANT" = asan ]; then
	skip "sweep" "the sanitizers' own calls would fail too, and end the program"
	finish
fi
sweep_policies "$@" <<<"$POLICIES"
finish
