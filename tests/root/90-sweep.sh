#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Every system call of the open and of the close, in the module and in the helper, fails in turn (C-37): the session is
# refused with nothing changed, or it is whole. sweep.c does it; its rules are in sweep_judge.c.
# 90-sweep.sh POLICY [WHAT...]: that policy only, and only that, as `90-sweep.sh default only=open:helper:12:EIO`.
# Holds G1 G2.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.inc"

readonly CASES_MIN=8000
readonly ALL=EPERM,ENOMEM,EINTR,EAGAIN,ENOSYS,EIO,EMFILE

# NAME|NAMESPACES|ERRORS|FLAGS|CONDITIONS OF THE RULE|KEYS OF THE PROFILE, a line for each policy.
readonly POLICIES='
default|'$USUAL_KINDS'|'$ALL'|-||base = "default";
mount only|mnt|'$SOME'|-||namespaces = [ "mount" ]; mounts = ( { type = "tmpfs"; path = "/tmp"; } );
ipc and uts only|ipc,uts|'$SOME'|-||namespaces = [ "ipc", "uts" ];
no pid|mnt,ipc,uts|'$SOME'|-||base = "default"; namespaces = [ "mount", "ipc", "uts" ];
nested and optional mounts|'$USUAL_KINDS'|'$SOME'|-||base = "default"; mounts = ( { type = "tmpfs"; path = "/srv"; }, { type = "tmpfs"; path = "/srv/a/b"; mode = "1777"; }, { type = "tmpfs"; path = "/missing"; optional = true; }, { type = "tmpfs"; path = "/missing/inner"; optional = true; } );
host name|'$USUAL_KINDS'|'$SOME'|-||base = "default"; hostname = "%u.lab";
slave|'$USUAL_KINDS'|'$SOME'|-||base = "default"; propagation = "slave";
names, proc and expose|'$USUAL_KINDS'|'$SOME'|-||base = "default"; domainname = "lab"; proc = { hidepid = "invisible"; subset = "pid"; }; expose = [ "/tmp/of-host" ];
bind and readonly|'$USUAL_KINDS'|'$SOME'|-||base = "default"; mounts = ( { type = "bind"; source = "/usr/share"; path = "/srv"; read_only = true; }, { type = "readonly"; path = "/usr/lib"; } );
mask|'$USUAL_KINDS'|'$SOME'|-||base = "default"; propagation = "slave"; mounts = ( { type = "mask"; path = "/var/tmp"; }, { type = "mask"; path = "/etc/shadow"; } );
instance|'$USUAL_KINDS'|'$SOME'|-||base = "default"; mounts = ( { type = "instance"; path = "/srv"; owner = "user"; mode = "0700"; } );
instance thrown away|'$USUAL_KINDS'|'$SOME'|-||base = "default"; mounts = ( { type = "instance"; path = "/tmp"; remove = "logout"; } ); expose = [ "/tmp/of-host" ];
shared propagation|mnt|'$SOME'|-||namespaces = [ "mount" ]; propagation = "shared";
rule of a group|'$USUAL_KINDS'|ENOMEM,EIO,EMFILE|-|group = "staffers";|base = "default";
on_error allow|'$USUAL_KINDS'|'$SOME'|allow||base = "default"; on_error = "allow";
'

sweep_policies "$@" <<<"$POLICIES"
finish
