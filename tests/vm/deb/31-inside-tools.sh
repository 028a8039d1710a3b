#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a user with a terminal finds in a session: programs that show users and processes, set-user-ID programs, signals, tracing,
# namespaces of his own, mounts, cores, terminals.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../inside.inc"

readonly LOOKS='
terminal=/dev/$(ps -o tty= $$)
try tty "ps -o tty= $$"
try who who
try w "w -h"
try who-file "who /run/utmp"
try last "last -n 1 alice"
try uptime "uptime -p"
try ps "ps -eo user= | sort -u"
try sshd "pgrep -xa sshd"
try killall "sleep 60 & killall sleep; wait; pgrep -x sleep"
try top "top -bn1 | tail -n +8 | grep -c ."
try df "df --output=fstype,target /tmp | tail -n 1"
try findmnt "findmnt -nro FSTYPE --target /var/tmp"
try mounts "findmnt -nro TARGET | sort"
try wall "wall spoken"
try mesg "mesg n <$terminal; mesg <$terminal"
try agent "timeout 5 pkttyagent --process \$\$"
try zombies "for i in 1 2 3; do (sleep 0.1 &); done; sleep 1; ps -eo stat= | grep -c Z"
'

readonly DOES='
try su "echo opensesame | su -c \"id -un; readlink /proc/self/ns/pid\" bob"
try own-pid "readlink /proc/self/ns/pid"
try sudo "sudo -n id -un"
try sg "sg staffers -c \"id -gn\""
try passwd "printf \"opensesame\nNew-pass-8231\nNew-pass-8231\n\" | passwd"
try chsh "printf \"New-pass-8231\n\" | chsh -s /bin/sh"
try ping "ping -c 1 -W 5 127.0.0.1"
try ptrace "sleep 60 & sleep 0.5; timeout 5 strace -o /dev/null -p \$!; kill \$!"
try trace-init "strace -o /dev/null -p 1"
try kill-init "kill -KILL 1"
try nsenter "nsenter -t 1 -m true"
try nsenter-own "nsenter -t \$\$ -m true"
try unshare "unshare -Urm id -u"
try unshare-pid "unshare -Urpf --mount-proc ps -eo comm="
try unmask "unshare -Urm umount /tmp"
try umount "umount /tmp"
try core "cd /tmp; ulimit -c unlimited; sh -c \"kill -SEGV \\\$\\\$\"; ls /tmp/core*"
try at "echo true | at now + 1 hour && atrm \$(atq | cut -f 1)"
try crontab "echo \"@yearly true\" | crontab - && crontab -l && crontab -r"
try chrt "chrt -f 1 true"
try dmesg "dmesg"
'

test_looks() {
	check_fact "tty: is the host's" tty '0: pts/[0-9]+ *$'
	check_hasnt "who: does not show the login, for the number in utmp is not there" "$(fact who)" '127\.0\.0\.1'
	check_hasnt "w: likewise" "$(fact w)" '127\.0\.0\.1'
	check_fact "who /run/utmp: shows it" who-file '0: .*alice +pts/[0-9]+ .*\(127\.0\.0\.1\)'
	check_fact "last: works" last '0: alice +pts/[0-9]+ .*still logged in'
	check_fact "uptime: works" uptime '0: up '
	check_fact "ps: the session's processes and process 1" ps '0: alice\|root$'
	check_fact "pgrep: finds no sshd but the one of the session" sshd '0: [0-9]+ sshd: alice@pts/[0-9]+$'
	check_fact "killall: ends what is in the session" killall '1: '
	check_fact "top: works" top '0: [0-9]+$'
	check_fact "df: shows the private /tmp" df '0: tmpfs +/tmp$'
	check_fact "findmnt: likewise" findmnt '0: tmpfs$'
	check_hasnt "findmnt: where instances lie is not told" "$(fact mounts)" '/var/lib/nsunshare'
	check_fact "wall: works" wall '0: '
	check_has "wall: reaches the terminals of the host" "$facts" '^ *spoken *$'
	check_fact "mesg: works" mesg '[01]: is n$'
	check_fact "pkttyagent: fails" agent '(1|126|127): Error registering authentication agent'
	check_fact "orphans: process 1 reaps them" zombies '1: 0$'
}

test_does() {
	check_has "su: works, in a session of its own inside" "$(fact su)" '^Password: bob\|pid:'
	check_isnt "su: with a pid namespace of its own" "$(fact su | sed 's/.*|//')" "$(fact own-pid)"
	check_fact "sudo: asks for a password, as outside" sudo '1: sudo: a password is required'
	check_fact "sg: works" sg '0: staffers$'
	check_fact "passwd: works" passwd '0: .*password updated successfully'
	check_fact "chsh: works" chsh '0: '
	check_is "chsh: for the host" "$(getent passwd alice | cut -d : -f 7)" /bin/sh
	check_fact "ping: works" ping '0: .* 0% packet loss'
	check_fact "strace: of an own process works" ptrace '0: .*attached'
	check_fact "strace: of process 1 does not" trace-init '1: .*Operation not permitted'
	check_fact "kill -9 1: refused" kill-init '1: .*Operation not permitted'
	check_fact "nsenter: refused for process 1" nsenter '1: .*Permission denied'
	check_fact "nsenter: and for his own namespaces" nsenter-own '1: .*Operation not permitted'
	check_fact "unshare -Urm: works, where the policy does not deny it" unshare '0: 0$'
	check_fact "unshare -Urpf --mount-proc: works" unshare-pid '0: ps$'
	check_fact "unshare -Urm umount: takes no mount off" unmask '32: .*(not mounted|Invalid argument)'
	check_fact "umount: refused" umount '32: .*must be superuser'
	check_fact "a core: lies in the session" core '0: .*/tmp/core'
	check_is "a core: and not on the host" "$(find /tmp -name 'core*')" ""
	check_fact "at: works" at '0: '
	check_fact "crontab: works" crontab '0: .*@yearly true$'
	check_fact "chrt: refused, as outside" chrt '1: .*Operation not permitted'
	check_fact "dmesg: refused, as outside" dmesg '1: .*Operation not permitted'
}

install_package
make_try
policy_for_users
facts alice "$LOOKS" -tt
test_looks
facts alice "$DOES"
test_does
echo "alice:$PASSWORD" | chpasswd
usermod -s /bin/bash alice
end_user alice
end_user bob
finish
