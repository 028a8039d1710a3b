#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# As 90-sweep.sh, with the net, cgroup, time and user kinds, and what a login gives up.
# Holds G1 G2.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.inc"

readonly CASES_MIN=9000

# NAME|NAMESPACES|ERRORS|FLAGS|CONDITIONS OF THE RULE|KEYS OF THE PROFILE, a line for each policy.
readonly POLICIES='
net loopback|'$USUAL_KINDS',net|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ];
net named|'$USUAL_KINDS',net|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "named:there"; };
net named, made|'$USUAL_KINDS',net|'$SOME'|net-first||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "named:made"; create = true; };
net veth, routed|'$USUAL_KINDS',net|'$SOME'|net-last||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "veth"; pool = "10.64.0.0/24"; mtu = 1400; };
net veth, bridge|'$USUAL_KINDS',net|'$SOME'|net-last||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "veth"; bridge = "br0"; pool = "10.65.0.0/24"; };
cgroup|'$USUAL_KINDS',cgroup|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup" ];
time|'$USUAL_KINDS',time|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "time" ]; time = { boottime = 100000; monotonic = 200000; };
user|'$USUAL_KINDS',user|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "user" ]; max_user_namespaces = 0;
user, ranges|'$USUAL_KINDS',user|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "user" ]; user_map = { uid = ( ( 0, 100000, 1000 ), ( 1501, 1501, 1 ) ); gid = ( ( 0, 100000, 1000 ), ( 1501, 1501, 1 ), ( 1600, 1600, 1 ) ); };
all eight|'$USUAL_KINDS',cgroup,net,time,user|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; time = { boottime = 100000; monotonic = -10; }; max_user_namespaces = 5;
all eight, veth, hardened|'$USUAL_KINDS',cgroup,net,time,user|'$SOME'|net-last,hardens||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; net = { mode = "veth"; bridge = "br0"; pool = "10.65.0.0/24"; }; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_MODULE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti", "keyctl" ];
hardened|'$USUAL_KINDS'|'$SOME'|hardens||base = "default"; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_MODULE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti", "keyctl" ];
hardened, on_error allow|'$USUAL_KINDS'|'$SOME'|hardens,allow||base = "default"; on_error = "allow"; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_MODULE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti", "keyctl" ];
user, hardened, on_error allow|'$USUAL_KINDS',user|ENOMEM|hardens,allow||base = "default"; on_error = "allow"; namespaces = [ "mount", "ipc", "uts", "pid", "user" ]; no_new_privs = true; capabilities = { keep = [ ]; };
'

sweep_policies "$@" <<<"$POLICIES"
finish
