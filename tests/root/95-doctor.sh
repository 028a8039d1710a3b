#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nsunshare doctor: it says nothing of a good host, and finds each of the broken ones below, which differ from the good one in
# one thing. Each is a line of a table: what is broken, the exit status, and what is said where. C-38, C-63, C-103.
# Holds G32.
# shellcheck disable=SC1003,SC2016,SC2119,SC2317,SC2329 # names that look like commands; functions are called by name, from tables
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly GOOD=/root/good
readonly LINE='session required pam_nsunshare.so'
MODULE=$(pkg-config --variable=libdir pam)/security/pam_nsunshare.so
readonly MODULE
readonly KEPT="/etc/pam.d /etc/ssh /etc/sudoers /etc/sudoers.d /etc/security $HELPER_DIR $MODULE /usr/lib/pam.d"

[ "$VARIANT" != asan ] ||
	export ASAN_OPTIONS=log_path=/var/log/sanitizer/found LSAN_OPTIONS=suppressions=$HERE/../lsan.supp:print_suppressions=0

# The host as it should be: what the sandbox has, with the line once in each stack, and a good policy.
make_good() {
	local path
	sed -i '/pam_nsunshare/d' /etc/pam.d/su-l # which includes su
	policy <<-'END'
		rules = ( { user = "root"; profile = "none"; }, { user = [ "alice", "bob" ]; profile = "shell"; } );
		profiles = { shell = { base = "default"; propagation = "slave"; }; };
	END
	mkdir -p $GOOD
	for path in $KEPT; do
		cp -a --parents "$path" $GOOD
	done
	sysctl_is dev/tty/legacy_tiocsti 0
	overmounts=() # but for this one, which stays
}

# sysctl_is PATH VALUE: what the setting seems to be, in the sandbox only.
sysctl_is() {
	local fake
	fake=$(mktemp /run/fake.XXXXXX)
	[ -e "/proc/sys/$1" ] || return 0
	echo "$2" >"$fake"
	over "$fake" "/proc/sys/$1" -o bind
}

# over SOURCE PLACE OPTION...: a mount that is taken off again.
over() {
	mount "${@:3}" "$1" "$2"
	overmounts+=("$2")
}

make_whole() {
	local path
	for path in "${overmounts[@]}"; do
		umount -l "$path"
	done
	overmounts=()
	rm -rf /run/nsunshare /var/lib/nsunshare /etc/pam-lab.conf {/etc,/run}/systemd/logind.conf.d/??-doctor.conf
	for path in $KEPT; do
		rm -rf "$path"
		cp -a "$GOOD$path" "$path"
	done
}

doctor() {
	status=0
	timeout 20 "${runner[@]}" nsunshare doctor "$@" >/run/out 2>/run/err </dev/null || status=$?
	out=$(</run/out)
	err=$(</run/err)
}
runner=()

# found NAME STATUS PLACE TEXT REMEDY [HOW-MANY]: that is found, and nothing else; TEXT and REMEDY are regular expressions.
found() {
	check_is "$1: exit status" "$status" "$2"
	check_has "$1: where and what" "$out" "^$3: (note|warning|error): .*($4)"
	check_has "$1: what to do" "$out" "^  -> .*($5)"
	check_is "$1: and nothing else" "$(wc -l <<<"$out")" $((2 * ${6:-1}))
	check_is "$1: how many" "$(tr -d ',' <<<"$err" | awk '{ for (i = 1; i < NF; i += 2) n += $i; print n }')" "${6:-1}"
}

# ---- the broken set-ups: what each does

stack() { # stack SERVICE SED-SCRIPT
	sed -i "$2" "/etc/pam.d/$1"
}
control() { # control SERVICE CONTROL
	stack "$1" "s/^session required pam_nsunshare/session $2 pam_nsunshare/"
}
arguments() { # arguments SERVICE WORDS
	stack "$1" "s|^$LINE|& $2|"
}
behind() { # behind SERVICE LINE
	echo "$2" >>"/etc/pam.d/$1"
}
in_front() { # in_front SERVICE LINE
	stack "$1" "s|^$LINE|$2\n&|"
}
without() {
	stack "$1" '/pam_nsunshare/d'
}

optional() { control sshd optional; }
sufficient() { control login sufficient; }
ignoring() { control su '[success=ok default=ignore]'; }
unloadable() { control su '[success=ok module_unknown=ignore default=bad]'; }
unknown_argument() { arguments sshd confg=/etc/x.conf; }
argument_twice() { arguments cron 'debug debug'; }
argument_relative() { arguments cron conf=x.conf; }
conf_missing() { arguments cron conf=/etc/pam-lab.conf; }
conf_fallback() { arguments cron 'conf=/etc/pam-lab.conf profile=default'; }
conf_wrong() { echo 'rules = ( nonsense' >/etc/pam-lab.conf && arguments cron conf=/etc/pam-lab.conf; }
profile_missing() { arguments cron profile=nosuch; }
in_auth() { behind login 'auth required pam_nsunshare.so'; }
twice() { behind cron "$LINE"; }
twice_by_include() { behind su-l "$LINE"; }
loginuid_behind() { behind sshd 'session required pam_loginuid.so'; }
systemd_behind() { without login && stack login "s/^@include common-session/$LINE\n&/;/pam_unix/d" && stack common-session '/pam_unix/d'; }
selinux_behind() {
	over none /sys/fs -t tmpfs
	install -D /dev/null /sys/fs/selinux/enforce
	behind sshd 'session [success=ok ignore=ignore module_unknown=ignore default=bad] pam_selinux.so open'
}
absolute_behind() { behind sudo 'session required /lib/security/pam_apparmor.so'; }
continued_behind() { behind sudo $'session \\\n required \\\n pam_elogind.so'; }
limits_behind() {
	behind cron '-session optional pam_limits.so'
	echo '* hard nofile 1000000' >/etc/security/limits.d/x.conf
	sed -i 's/base = "default"/& ; namespaces = [ "mount", "ipc", "uts", "pid", "user" ]/' "$POLICY"
}
exec_behind() { behind sshd 'session optional pam_exec.so /bin/true'; }
namespace_before() { in_front sshd 'session required pam_namespace.so'; }
ended_before() { in_front su 'session sufficient pam_permit.so'; }
ended_by_include() { echo 'session [success=done default=ignore] pam_permit.so' >/etc/pam.d/common-done && in_front cron 'session include common-done'; }
jumped() { in_front sshd 'session [success=1 default=ignore] pam_succeed_if.so user notingroup staff'; }
jumped_far() { in_front sshd 'session [success=2 default=ignore] pam_succeed_if.so uid eq 0' && behind sshd 'session optional pam_permit.so'; }
jumped_strictly() { in_front sshd 'session [success=1 default=bad] pam_succeed_if.so uid eq 0'; }
jumped_by_two() { in_front sshd 'session [success=1 default=ignore] pam_succeed_if.so quiet user ingroup staff user notin alice:bob'; }
jumped_by_another() { in_front sshd 'session [success=1 default=ignore] pam_access.so uid eq 0'; }
jumped_by_all() { in_front sshd 'session [success=1 default=ignore] pam_permit.so'; }
jumped_anyway() { in_front cron 'session [default=1] pam_succeed_if.so uid eq 0'; }
jumped_if_not() { in_front cron 'session [success=1 auth_err=1 default=ignore] pam_succeed_if.so uid eq 0'; }
jumped_by_root() { in_front su 'session [success=1 default=ignore] pam_succeed_if.so use_uid uid eq 0'; }
jumped_by_caller() { in_front sshd 'session [success=1 default=ignore] pam_succeed_if.so quiet use_uid uid eq 0'; }
include_missing() { behind cron '@include common-nowhere'; }
include_missing_too() { behind cron 'session include common-nowhere'; }
include_cycle() { behind common-session-noninteractive '@include common-session-noninteractive'; }
type_wrong() { behind sshd 'sesion required pam_permit.so'; }
cut_off() { printf 'session required %s' '\' >>/etc/pam.d/cron; }
missing() { without cron; }
missing_named() {
	sed -i 's/"bob" ];/& service = [ "pt", "su" ];/' "$POLICY"
	without su
}
none_has_it() {
	sed -i '/pam_nsunshare/d' /etc/pam.d/*
}
named_user_manager() { sed -i 's/{ user = \[/{ user = "alice"; service = "systemd-user"; profile = "shell"; }, &/' "$POLICY"; }
user_manager() { cp /etc/pam.d/pt /etc/pam.d/systemd-user && named_user_manager; }
user_manager_without() { echo 'session required pam_permit.so' >/etc/pam.d/systemd-user && named_user_manager; }
display_manager() { cp /etc/pam.d/pt /etc/pam.d/gdm-password; }
module_elsewhere() { stack pt 's,pam_nsunshare.so,/opt/lib/pam_nsunshare.so,'; }
module_missing() { rm "$MODULE"; }
module_of_others() { chmod o+w "$MODULE"; }
helper_missing() { rm "$HELPER"; }
helper_for_group() { chmod g+w "$HELPER"; }
helper_link() { mv "$HELPER" /usr/libexec/real && ln -s /usr/libexec/real "$HELPER"; }
helper_noexec() {
	over "$HELPER_DIR" "$HELPER_DIR" -o bind
	mount -o remount,bind,noexec "$HELPER_DIR"
}
helper_other() { sed -i 's/pam_nsunshare version 0/pam_nsunshare version 9/' "$HELPER"; }
module_other() { sed -i 's/pam_nsunshare version 0/pam_nsunshare version 9/' "$MODULE"; }
net_missing() { rm "$HELPER_DIR"/nsunshare-net; }
limits_missing() { rm "$HELPER_DIR"/nsunshare-limits; }
run_open() { install -d -m 0755 /run/nsunshare; }
run_link() { ln -s /home/alice /run/nsunshare; }
instances_open() { install -d -m 0700 /var/lib/nsunshare && install -d -m 0755 /var/lib/nsunshare/instances; }
sessions_of_user() { install -d -m 0700 /var/lib/nsunshare && install -d -m 0700 -o alice /var/lib/nsunshare/sessions; }
lasting() { sed -i 's/base = /scope = "user"; lifetime = "processes"; &/' "$POLICY"; }
logind() { printf '[Login]\n%s\n' "$2" | install -D -m 0644 /dev/stdin "$1/systemd/logind.conf.d/zz-doctor.conf"; }
killed_by_logind() { lasting && logind /etc KillUserProcesses=yes; }
killed_by_logind_later() {
	killed_by_logind
	printf 'KillUserProcesses=no\nKillUserProcesses=maybe\n' >/etc/systemd/logind.conf.d/aa-doctor.conf
}
state_of_user() { install -d -m 0700 -o alice /var/lib/nsunshare; }
policy_missing() { rm "$POLICY"; }
policy_wrong() { sed -i 's/propagation/propagatoin/' "$POLICY"; }
policy_doubtful() { sed -i 's/"bob"/"bob", "nosuchuser"/' "$POLICY"; }
policy_of_user() { chown alice "$POLICY"; }
use_pam_no() { sed -i 's/^UsePAM yes/UsePAM no/' /etc/ssh/sshd_config; }
use_pam_missing() { sed -i '/^UsePAM/d' /etc/ssh/sshd_config; }
use_pam_included() { mkdir -p /etc/ssh/sshd_config.d && printf '# x\n usepam = no\n' >/etc/ssh/sshd_config.d/50-x.conf; }
sudo_pty() {
	sed -i 's/{ user = \[/{ user = "bob"; service = "sudo"; profile = "shell"; }, &/' "$POLICY"
}
propagation() { runner=(unshare --mount --propagation private); }
pid_namespaces_none() { sysctl_is user/max_pid_namespaces 0; }
mnt_namespaces_few() { sysctl_is user/max_mnt_namespaces 40; }
mounts_few() { sysctl_is fs/mount-max "$(($(wc -l </proc/self/mountinfo) + 10))"; }
tiocsti() { sysctl_is dev/tty/legacy_tiocsti 1; }
pids_few() { sysctl_is kernel/pid_max 1000; }
limits_without_cgroup() { sed -i 's/base = /limits = { tasks = 100; }; &/' "$POLICY"; }
old_kernel() { runner=(setarch "$(uname -m)" --uname-2.6); }
in_user_namespace() { runner=(unshare --user --map-root-user); }
in_container() { runner=(setpriv --bounding-set -sys_admin --inh-caps -sys_admin); }
fifo() { rm /etc/pam.d/chfn && mkfifo /etc/pam.d/chfn; }
fifo_included() { rm /etc/pam.d/common-auth && mkfifo /etc/pam.d/common-auth; }
directory() { rm /etc/pam.d/chfn && mkdir /etc/pam.d/chfn; }
device() { rm /etc/pam.d/chfn && mknod /etc/pam.d/chfn c 1 5; }
binary() { head -c 1000 /dev/zero >/etc/pam.d/chfn; }
huge() { head -c 1M /dev/zero | tr '\0' 'a' >/etc/pam.d/chfn; }

# BREAK|STATUS|PLACE|TEXT|REMEDY, a row each
readonly TABLE='
optional|2|/etc/pam.d/sshd:[0-9]+|control .optional. lets in|session required
sufficient|2|/etc/pam.d/login:[0-9]+|control .sufficient. lets in|session required
ignoring|2|/etc/pam.d/su:[0-9]+|control .\[success=ok default=ignore\]. lets in|session required
unloadable|2|/etc/pam.d/su:[0-9]+|control .*module_unknown=ignore.* lets in|session required
unknown_argument|2|/etc/pam.d/sshd:[0-9]+|confg=/etc/x.conf.: unknown|correct it
argument_twice|2|/etc/pam.d/cron:[0-9]+|debug.: unknown or given twice|correct it
argument_relative|2|/etc/pam.d/cron:[0-9]+|x.conf.: not a clean absolute path|correct it
conf_missing|2|/etc/pam-lab.conf|no such policy: every login by /etc/pam.d/cron:[0-9]+|write it
conf_fallback|1|/etc/pam-lab.conf|profile=default of /etc/pam.d/cron:[0-9]+ serves alone|write it
conf_wrong|2|/etc/pam-lab.conf|1 error|nsunshare check --conf /etc/pam-lab.conf
profile_missing|2|/etc/pam.d/cron:[0-9]+|no profile .nosuch.|correct profile=
in_auth|2|/etc/pam.d/login:[0-9]+|session part only|type session
twice|1|/etc/pam.d/cron:[0-9]+|module twice|take one
twice_by_include|1|/etc/pam.d/su-l:[0-9]+|module twice: .* behind /etc/pam.d/su:[0-9]+|take one
loginuid_behind|2|/etc/pam.d/sshd:[0-9]+|pam_loginuid.so stands behind .*/proc/self/loginuid|move the line /etc/pam.d/sshd:[0-9]+
systemd_behind|2|/etc/pam.d/common-session:[0-9]+|pam_systemd.so stands behind .*logind|move the line /etc/pam.d/login:[0-9]+
selinux_behind|2|/etc/pam.d/sshd:[0-9]+|pam_selinux.so stands behind .*attr|move the line
absolute_behind|2|/etc/pam.d/sudo:[0-9]+|pam_apparmor.so stands behind|move the line
continued_behind|2|/etc/pam.d/sudo:[0-9]+|pam_elogind.so stands behind|move the line
limits_behind|0|/etc/pam.d/cron:[0-9]+|pam_limits.so stands behind .*raise none|move the line
exec_behind|1|/etc/pam.d/sshd:[0-9]+|pam_exec.so stands behind|move the line
namespace_before|1|/etc/pam.d/sshd:[0-9]+|pam_namespace and pam_nsunshare both|take it away
ended_before|2|/etc/pam.d/su:[0-9]+|pam_permit.so succeeds PAM ends here|required or optional
ended_by_include|2|/etc/pam.d/common-done:1|pam_permit.so succeeds PAM ends here|required or optional
jumped|0|/etc/pam.d/sshd:[0-9]+|\[success=1\] jumps over|in the policy
jumped_far|0|/etc/pam.d/sshd:[0-9]+|\[success=2\] jumps over|in the policy
jumped_strictly|0|/etc/pam.d/sshd:[0-9]+|\[success=1\] jumps over|in the policy
jumped_by_two|0|/etc/pam.d/sshd:[0-9]+|\[success=1\] jumps over|in the policy
jumped_by_another|0|/etc/pam.d/sshd:[0-9]+|\[success=1\] jumps over|in the policy
jumped_by_all|2|/etc/pam.d/sshd:[0-9]+|\[success=1\] jumps over .* whoever logs in|take the line away
jumped_anyway|2|/etc/pam.d/cron:[0-9]+|\[success=1\] jumps over .* whoever logs in|take the line away
jumped_if_not|2|/etc/pam.d/cron:[0-9]+|\[success=1\] jumps over .* whoever logs in|take the line away
jumped_by_root|0|/etc/pam.d/su:[0-9]+|\[success=1\] jumps over|in the policy
jumped_by_caller|2|/etc/pam.d/sshd:[0-9]+|\[success=1\] jumps over .* whoever logs in|take the line away
include_missing|2|/etc/pam.d/cron:[0-9]+|no .common-nowhere.|correct the line
include_missing_too|2|/etc/pam.d/cron:[0-9]+|no .common-nowhere.|correct the line
include_cycle|2|/etc/pam.d/common-session-noninteractive:[0-9]+|without an end|correct the line
type_wrong|2|/etc/pam.d/sshd:[0-9]+|.sesion. is none of|correct the line
cut_off|2|/etc/pam.d/cron:[0-9]+|behind a backslash|correct the line
missing|1|/etc/pam.d/cron|.cron. is a way around|add at its end: session required
missing_named|2|/etc/pam.d/su|rule .* names the service .su.|add at its end: session required
none_has_it|1|/etc/pam.d|nobody is isolated|add to the stacks of sshd
user_manager|1|/etc/pam.d/systemd-user:[0-9]+|names systemd-user, which executes|take systemd-user out
user_manager_without|2|/etc/pam.d/systemd-user|names the service .systemd-user.|take systemd-user out
display_manager|2|/etc/pam.d/gdm-password:[0-9]+|has threads|take the line out
module_elsewhere|2|/opt/lib/pam_nsunshare.so|no such module|correct the path
module_missing|2|.*/security/pam_nsunshare.so|no such module|install pam_nsunshare
module_of_others|2|.*/security/pam_nsunshare.so|not only root|writable by root only
C-63 helper_missing|2|/usr/libexec/nsunshare/nsunshare-init|refused: .*No such file|install pam_nsunshare
C-63 helper_for_group|2|/usr/libexec/nsunshare/nsunshare-init|refused: .*others than root can write|install pam_nsunshare
C-63 helper_link|2|/usr/libexec/nsunshare/nsunshare-init|refused: .*symbolic links|install pam_nsunshare
C-63 helper_noexec|2|/usr/libexec/nsunshare|noexec|without noexec
helper_other|2|/usr/libexec/nsunshare/nsunshare-init|of version 9[.].*and this program|install pam_nsunshare
module_other|2|.*/security/pam_nsunshare.so|of version 9[.].*and this program|install pam_nsunshare
net_missing|1|/usr/libexec/nsunshare/nsunshare-net|would be refused|install pam_nsunshare
limits_missing|1|/usr/libexec/nsunshare/nsunshare-limits|would be refused|install pam_nsunshare
C-103 run_open|2|/run/nsunshare|not root.s alone|chmod 0700
C-103 run_link|2|/run/nsunshare|no directory|take it away
C-103 instances_open|2|/var/lib/nsunshare/instances|not root.s alone|chmod 0700
C-103 sessions_of_user|2|/var/lib/nsunshare/sessions|not root.s alone .*1501|chown root
killed_by_logind|1|/etc/systemd/logind.conf.d/zz-doctor.conf:2|outlive their logins|KillUserProcesses=no
killed_by_logind_later|1|/etc/systemd/logind.conf.d/zz-doctor.conf:2|outlive their logins|KillUserProcesses=no
C-103 state_of_user|2|/var/lib/nsunshare|not root.s alone .*1501|chown root
policy_missing|2|/etc/security/nsunshare.conf|no such policy: every login|write it
policy_wrong|2|/etc/security/nsunshare.conf|1 error|run: nsunshare check$
policy_doubtful|1|/etc/security/nsunshare.conf|1 warning|run: nsunshare check$
policy_of_user|2|/etc/security/nsunshare.conf|1 error|run: nsunshare check$
use_pam_no|2|/etc/ssh/sshd_config:[0-9]+|UsePAM is not yes|UsePAM yes
use_pam_missing|2|/etc/ssh/sshd_config|UsePAM is not given|UsePAM yes
use_pam_included|2|/etc/ssh/sshd_config.d/50-x.conf:2|UsePAM is not yes|UsePAM yes
sudo_pty|2|/etc/sudoers:[0-9]+|use_pty: it signals|Defaults !use_pty|2
propagation|1|/|not shared|make-rshared
pid_namespaces_none|2|user.max_pid_namespaces|it is 0: every session|sysctl user.max_pid_namespaces=
mnt_namespaces_few|1|user.max_mnt_namespaces|it is 40|sysctl user.max_mnt_namespaces=
mounts_few|2|fs.mount-max|the host has [0-9]+ mounts|sysctl fs.mount-max=
tiocsti|1|dev.tty.legacy_tiocsti|can type on the terminal|legacy_tiocsti=0
pids_few|1|kernel.pid_max|it is 1000|pid_max=
limits_without_cgroup|2|cgroup|no cgroup v2|limits out of the policy
old_kernel|2|kernel|older than 5.14|5.14 or newer
in_user_namespace|2|kernel|user namespace|on a host
in_container|2|kernel|CAP_SYS_ADMIN|on a host
fifo|1|/etc/pam.d/chfn|no regular file|text file
fifo_included|1|/etc/pam.d/common-auth|no regular file|text file
directory|1|/etc/pam.d/chfn|no regular file|text file
device|1|/etc/pam.d/chfn|no regular file|text file
binary|1|/etc/pam.d/chfn|NUL byte|text file
huge|1|/etc/pam.d/chfn|larger than|text file
'

test_broken() {
	local break status_wanted place text remedy how_many

	while IFS='|' read -r break status_wanted place text remedy how_many; do
		[ -n "$break" ] || continue
		"${break##* }"
		doctor
		found "${break//_/ }" "$status_wanted" "$place" "$text" "$remedy" "$how_many"
		runner=()
		make_whole
	done <<<"$TABLE"
}

test_good() {
	doctor
	check_is "a good host: nothing but the closing line" "$status $out$err" "0 nothing found by 13 examinations"
	doctor --json
	check_is "a good host, --json: an empty list" "$status $(jq -c . <<<"$out")" '0 {"doctor":[]}'
	cp "$POLICY" /etc/pam-lab.conf
	doctor --conf /etc/pam-lab.conf
	check_is "a good host, --conf: nothing" "$status $out" "0 nothing found by 13 examinations"
	make_whole
}

# ---- hosts that are good in another way

exempt_root() { in_front sshd 'session [success=1 default=ignore] pam_succeed_if.so quiet uid eq 0'; }
exempt_group() { in_front cron 'session [default=ignore success=1] pam_succeed_if.so user ingroup no-such-group quiet_fail'; }
exempt_both() {
	in_front cron 'session [success=2 default=ignore] pam_succeed_if.so quiet uid = 0'
	in_front cron 'session [success=1 default=ignore] pam_succeed_if.so quiet user ingroup staff'
}
jump_in_front() { in_front sshd 'session [default=1] pam_permit.so\nsession requisite pam_deny.so'; }
harmless_behind() {
	behind sshd 'session required pam_limits.so'
	behind sshd 'session required pam_env.so'
	behind sshd 'session optional pam_mail.so'
	behind sshd 'session optional pam_motd.so'
	behind login 'session optional pam_lastlog.so'
	behind login 'session optional pam_keyinit.so force revoke'
}
selinux_off() { behind sshd 'session required pam_selinux.so open'; }
limits_in_user_namespace() { limits_behind && rm /etc/security/limits.d/x.conf; }
unnamed_user_manager() { cp /etc/pam.d/pt /etc/pam.d/systemd-user && behind systemd-user 'session optional pam_systemd.so'; }
unserved_display_manager() { display_manager && sed -i 's/rules = (/& { service = "gdm*"; profile = "none"; },/' "$POLICY"; }
requisite() { control sshd requisite; }
logind_kills_no_set() { logind /etc KillUserProcesses=yes; }
logind_kills_no_limited() { killed_by_logind && sed -i 's/scope =/limits = { tasks = 100; }; &/' "$POLICY"; }
logind_masked() { lasting && logind /run KillUserProcesses=yes && logind /etc '# nothing'; }
directories() { install -d -m 0700 /run/nsunshare /var/lib/nsunshare /var/lib/nsunshare/{instances,sessions}; }

test_other_good() {
	local good

	for good in exempt_root exempt_group exempt_both jump_in_front harmless_behind selinux_off limits_in_user_namespace \
		unnamed_user_manager unserved_display_manager requisite logind_kills_no_set logind_masked directories; do
		$good
		doctor
		check_is "good: ${good//_/ }: nothing is found" "$status $out$err" "0 nothing found by 13 examinations"
		make_whole
	done
	logind_kills_no_limited
	doctor
	check_is "good: logind kills no limited: but for the cgroups of the sandbox" "$(grep -c '^[^ ]' <<<"$out") $(grep -c logind <<<"$out")" "1 0"
	make_whole
}

# An automount point at which nobody answers: whoever looks into it waits for ever.
make_automount() {
	mkdir -p /auto
	exec 7<>/run/automount
	mount -t autofs -o "fd=7,pgrp=1,minproto=5,maxproto=5,direct" auto /auto
	overmounts+=(/auto)
	exec 7>&-
}

test_automount() {
	local began
	mkfifo /run/automount
	make_automount
	check_fails "automount: who looks waits" bash -c 'timeout -s KILL 1 ls /auto; exit $?'
	doctor
	check_is "automount, propagation slave: nothing is found" "$status $out" "0 nothing found by 13 examinations"
	sed -i 's/propagation = "slave"; //' "$POLICY"
	doctor
	found "automount, propagation private" 1 /auto "does not appear" 'propagation = "slave"'
	make_whole
	make_automount
	arguments cron conf=/auto/x.conf
	doctor
	found "automount: a policy there" 2 /auto/x.conf "automounter would have to" "always there"
	make_whole
	make_automount
	stack pt 's,pam_nsunshare.so,/auto/pam_nsunshare.so,'
	doctor
	found "automount: a module there" 2 /auto/pam_nsunshare.so "no such module.*automounter" "correct the path"
	make_whole
	make_automount
	behind pt 'session include /auto/x'
	doctor
	found "automount: an include there" 1 /auto/x "automounter would have to" "text file"
	make_whole
	make_automount
	echo 'Include /auto/*.conf' | cat - $GOOD/etc/ssh/sshd_config >/etc/ssh/sshd_config
	echo '@includedir /auto' >>/etc/sudoers
	sed -i 's/{ user = \[/{ user = "bob"; service = "sudo"; profile = "shell"; }, &/' "$POLICY"
	doctor
	check_is "automount: includes of sshd and sudo there: no wait" "$status" 2
	make_whole
	make_automount
	sed -i 's/propagation/extra_mounts = ( { type = "tmpfs"; path = "\/auto\/x"; } ); &/' "$POLICY"
	began=$(milliseconds)
	doctor
	found "automount: a place of the policy there" 1 "$POLICY" "more than 10 seconds" "nsunshare check"
	check "automount: a place of the policy there: the wait has an end" test $(($(milliseconds) - began)) -lt 15000
	make_whole
}

test_words() {
	local service=$'\e[31mred'
	cp /etc/pam.d/pt "/etc/pam.d/$service"
	control "$service" optional
	doctor
	found "a name with an escape" 2 '/etc/pam.d/.x1b\[31mred:[0-9]+' "control .optional." "session required"
	doctor --json
	check_is "a finding, --json" "$status $(jq -c '.doctor[] | [.severity, .place, (.text | length > 0), .remedy]' <<<"$out")" \
		'2 ["error","/etc/pam.d/\\x1b[31mred:4",true,"write: session required pam_nsunshare.so"]'
	check_is "a finding, --json: nothing on the standard error" "$err" ""
	make_whole
	runner=(setpriv --reuid alice --regid alice --clear-groups)
	doctor
	check_is "another than root is refused" "$status $err" "2 nsunshare: doctor: only root may do this"
	runner=()
	doctor --conf relative/../x
	check_is "an unclean path is refused" "$status" 2
}

test_terminal() {
	behind sshd 'session required pam_loginuid.so'
	doctor
	script -qc 'stty cols 80; nsunshare doctor' /dev/null </dev/null >/run/typescript
	check_is "on a terminal: the same words" "$(tr -d '\r\n' </run/typescript | tr -s ' ')" \
		"$(cat /run/out /run/err | tr -d '\n' | tr -s ' ')"
	check_is "on a terminal of 80 columns: no line is longer" "$(tr -d '\r' </run/typescript | grep -cE '.{81}')" 0
	check_is "in a pipe: two lines for a finding, and longer ones" "$(wc -l <<<"$out") $(grep -cE '.{81}' <<<"$out")" "2 1"
	make_whole
}

# The transcript of the manual page: the first block of its section, on a terminal as wide as the page's text.
test_manual() {
	local wanted
	wanted=$(awk '/^\.Sh/ { here = $2 == "DOCTOR" } here && /^\.Ed/ { exit } in_block { print }
		here && /^\.Bd/ { in_block = 1 }' "$HERE/../../man/nsunshare.8")
	without cron
	printf '%s\n' '@include common-auth' '@include common-account' 'session required pam_loginuid.so' \
		'session optional pam_nsunshare.so' '@include common-session' 'session optional pam_exec.so /usr/local/sbin/greet' >/etc/pam.d/sshd
	echo 'session optional pam_systemd.so' >/etc/pam.d/common-session
	stack login '/common-session/d'
	stack su '/common-session/d'
	stack sudo-i '/common-session/d'
	check_is "the manual: what it prints is printed" "# nsunshare doctor
$(script -qc 'stty cols 74; nsunshare doctor' /dev/null </dev/null | tr -d '\r')" "$wanted"
	make_whole
}

# Only looks: nothing is opened for writing, made, changed, or executed.
test_reads_only() {
	local changes='execve(at)?|mkdir(at)?|mknod(at)?|unlink(at)?|rmdir|rename(at2?)?|(f|l)?chown(at)?|f?chmod(at)?|u?mount2?|'
	changes+='symlink(at)?|link(at)?|setns|unshare|utimensat|f?truncate|fsopen|open_tree|move_mount|mount_setattr'
	if [ "$VARIANT" = asan ]; then
		skip "nothing is opened for writing, made or executed" "the sanitizers do"
		return
	fi
	strace -f -qq -o /run/strace -e trace=file,desc,process,network,%net nsunshare doctor >/run/out 2>&1
	check_has "strace: it has been traced" "$(</run/strace)" 'mountinfo'
	check_is "nothing is opened for writing, made or executed" "$(tail -n +2 /run/strace |
		grep -v 'mount_setattr(-1, "", 0, NULL' |
		grep -E "O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|^[0-9]+ +($changes)\\(")" ""
}

make_good
test_good
test_other_good
test_broken
test_automount
test_words
test_terminal
test_manual
test_reads_only
doctor
check_is "the good host again: nothing" "$status $out$err" "0 nothing found by 13 examinations"
umount /proc/sys/dev/tty/legacy_tiocsti
finish
