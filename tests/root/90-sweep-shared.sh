#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# As 90-sweep.sh, with sets that logins share: made, joined, and where there is one that is dead.
# Holds G1 G2.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.inc"

readonly CASES_MIN=6000
# Beside SOME, what says that a set has just ended.
readonly JOIN=$SOME,EMFILE,EAGAIN,EINTR,ECONNREFUSED,ECONNRESET,EPIPE,ESRCH

# NAME|NAMESPACES|ERRORS|FLAGS|CONDITIONS OF THE RULE|KEYS OF THE PROFILE, a line for each policy.
readonly POLICIES='
scope user|'$USUAL_KINDS'|'$SOME',EMFILE|shares||base = "default"; scope = "user";
scope user, all eight|'$USUAL_KINDS',cgroup,net,time,user|'$SOME'|shares||base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; time = { boottime = 100000; };
scope user, no pid|mnt,ipc,uts|'$SOME'|shares||base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts" ];
scope user, after a dead one|'$USUAL_KINDS'|'$SOME'|dead||base = "default"; scope = "user";
scope user, joined|'$USUAL_KINDS'|'$JOIN'|joins||base = "default"; scope = "user";
scope user, no pid, joined|mnt,ipc,uts|'$JOIN'|joins||base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts" ];
scope user, all eight, joined|'$USUAL_KINDS',cgroup,net,time,user|'$JOIN'|joins||base = "default"; scope = "user"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; time = { boottime = 100000; };
scope user, hardened, joined|'$USUAL_KINDS'|'$SOME'|joins,hardens||base = "default"; scope = "user"; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_MODULE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti", "keyctl" ];
'

sweep_policies "$@" <<<"$POLICIES"
finish
