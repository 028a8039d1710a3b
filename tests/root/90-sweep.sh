#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Every system call of the open and of the close, in the module and in the helper, fails in turn (C-37): the session is
# refused with nothing changed, or it is whole. sweep.c does it; its rules are in sweep_judge.c.
# 90-sweep.sh POLICY [WHAT...]: that policy only, and only that, as `90-sweep.sh default only=open:helper:12:EIO`.
# Holds G1 G2.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.inc"

readonly SWEEP_SECONDS=200 CASES_MIN=20000
readonly ALL=EPERM,ENOMEM,EINTR,EAGAIN,ENOSYS,EIO,EMFILE SOME=ENOMEM,EIO
# Beside SOME, what says that a set has just ended.
readonly JOIN=$SOME,EMFILE,EAGAIN,EINTR,ECONNREFUSED,ECONNRESET,EPIPE,ESRCH
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
names, proc and expose|'$ALL_KINDS'|'$SOME'|-||base = "default"; domainname = "lab"; proc = { hidepid = "invisible"; subset = "pid"; }; expose = [ "/tmp/of-host" ];
bind and readonly|'$ALL_KINDS'|'$SOME'|-||base = "default"; mounts = ( { type = "bind"; source = "/usr/share"; path = "/srv"; read_only = true; }, { type = "readonly"; path = "/usr/lib"; } );
mask|'$ALL_KINDS'|'$SOME'|-||base = "default"; propagation = "slave"; mounts = ( { type = "mask"; path = "/var/tmp"; }, { type = "mask"; path = "/etc/shadow"; } );
instance|'$ALL_KINDS'|'$SOME'|-||base = "default"; mounts = ( { type = "instance"; path = "/srv"; owner = "user"; mode = "0700"; } );
instance thrown away|'$ALL_KINDS'|'$SOME'|-||base = "default"; mounts = ( { type = "instance"; path = "/tmp"; remove = "logout"; } ); expose = [ "/tmp/of-host" ];
shared propagation|mnt|'$SOME'|-||namespaces = [ "mount" ]; propagation = "shared";
net loopback|'$ALL_KINDS',net|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ];
net named|'$ALL_KINDS',net|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "named:there"; };
net named, made|'$ALL_KINDS',net|'$SOME'|net-first||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "named:made"; create = true; };
net veth, routed|'$ALL_KINDS',net|'$SOME'|net-last||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "veth"; pool = "10.64.0.0/24"; mtu = 1400; };
net veth, bridge|'$ALL_KINDS',net|'$SOME'|net-last||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net" ]; net = { mode = "veth"; bridge = "br0"; pool = "10.65.0.0/24"; };
cgroup|'$ALL_KINDS',cgroup|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup" ];
time|'$ALL_KINDS',time|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "time" ]; time = { boottime = 100000; monotonic = 200000; };
user|'$ALL_KINDS',user|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "user" ]; max_user_namespaces = 0;
user, ranges|'$ALL_KINDS',user|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "user" ]; user_map = { uid = ( ( 0, 100000, 1000 ), ( 1501, 1501, 1 ) ); gid = ( ( 0, 100000, 1000 ), ( 1501, 1501, 1 ), ( 1600, 1600, 1 ) ); };
all eight|'$ALL_KINDS',cgroup,net,time,user|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; time = { boottime = 100000; monotonic = -10; }; max_user_namespaces = 5;
all eight, veth, hardened|'$ALL_KINDS',cgroup,net,time,user|'$SOME'|net-last,hardens||base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user" ]; net = { mode = "veth"; bridge = "br0"; pool = "10.65.0.0/24"; }; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_MODULE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti", "keyctl" ];
hardened|'$ALL_KINDS'|'$SOME'|hardens||base = "default"; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_MODULE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti", "keyctl" ];
hardened, on_error allow|'$ALL_KINDS'|'$SOME'|hardens,allow||base = "default"; on_error = "allow"; no_new_privs = true; capabilities = { drop = [ "CAP_SYS_MODULE", "CAP_NET_RAW" ]; }; deny_calls = [ "tiocsti", "keyctl" ];
user, hardened, on_error allow|'$ALL_KINDS',user|ENOMEM|hardens,allow||base = "default"; on_error = "allow"; namespaces = [ "mount", "ipc", "uts", "pid", "user" ]; no_new_privs = true; capabilities = { keep = [ ]; };
rule of a group|'$ALL_KINDS'|ENOMEM,EIO,EMFILE|-|group = "staffers";|base = "default";
on_error allow|'$ALL_KINDS'|'$SOME'|allow||base = "default"; on_error = "allow";
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
build_sweep
prepare_sweep
prepare_net
while IFS='|' read -r name kinds errors flags conditions keys; do
	[ -n "$name" ] || continue
	[ "${1:-$name}" = "$name" ] || continue
	policy_for_users "$keys timeout = 1000;" "$conditions"
	if [ $# -gt 1 ]; then
		sweep "$name" "$kinds" 1000 "$flags" "${@:2}"
	elif [ "$flags" = dead ]; then # all else is as without
		sweep "$name" "$kinds" 1000 "$flags" "open/helper/1:$errors"
	else
		sweep "$name" "$kinds" 1000 "$flags" "open:$errors" "close:$errors"
	fi
done <<<"$POLICIES"
# But for two: where the order to end could not be sent, PID 1 is killed.
n_left=$(find /var/lib/nsunshare/sessions -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)
check "sweep: what was to be thrown away is: $n_left are left" test "$n_left" -le 2
finish_net
[ $# -gt 0 ] || check "sweep: there were at least $CASES_MIN cases: $n_cases" test "$n_cases" -ge "$CASES_MIN"
finish
