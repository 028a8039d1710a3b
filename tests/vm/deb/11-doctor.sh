#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nsunshare doctor on Debian with its own stacks and the package's profile: it finds nothing, whatever good policy there is, and
# finds each of the broken hosts below, which differ from the good one in one thing. Holds G32.
# shellcheck disable=SC2016,SC2317,SC2329 # functions are called by name, from a table
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

readonly COMMON=/etc/pam.d/common-session
readonly RULES='rules = ( { user = "root"; profile = "none"; }, { uid = "1000-59999"; profile = "all"; } );'
readonly OURS='^session.*pam_nsunshare'

# all SETTINGS: a policy that isolates all users.
all() {
	printf '%s profiles = { all = { base = "default"; %s }; };\n' "$RULES" "$1" >"$POLICY"
}

doctor() {
	out=$(timeout 60 "${runner[@]}" nsunshare doctor 2>/run/doctor-err </dev/null)
	status=$?
	err=$(</run/doctor-err)
}

runner=()

# ---- policies with which it has nothing to say

as_delivered() { :; }
report_only() { all 'enforce = false;'; }
all_users() { all ''; }
of_the_page() { sed -i 's/profile = "none"; }$/&,/; s/# { uid = "1000-59999"/{ uid = "1000-59999"/; s/; enforce = false; }/; }/' "$POLICY"; }
tmpfs_and_net() {
	all 'hostname = "%u.lab"; namespaces = [ "mount", "ipc", "uts", "pid", "net", "cgroup" ]; net = { mode = "loopback"; };
		mounts = ( { type = "tmpfs"; path = "/tmp"; size = "64M"; }, { type = "instance"; path = "/var/tmp"; } );'
}
user_and_time() { all 'namespaces = [ "mount", "ipc", "uts", "pid", "user", "time" ];'; }
lasting_with_limits() { all 'scope = "user"; lifetime = "processes"; propagation = "slave"; limits = { memory = "512M"; tasks = 200; cpu_weight = 50; };'; }
hard() { all 'deny_calls = [ "tiocsti", "keyctl", "user_namespaces" ]; no_new_privs = true;'; }

test_good() {
	local good

	cp "$POLICY" /root/delivered
	for good in as_delivered report_only all_users of_the_page tmpfs_and_net user_and_time lasting_with_limits hard; do
		cp /root/delivered "$POLICY"
		$good
		check "${good//_/ }: the policy is good" nsunshare check
		doctor
		check_is "${good//_/ }: nothing is found" "$status $out$err" "0 nothing found by 13 examinations"
	done
}

# ---- broken hosts

taken_out() { sed -i "/$OURS/d" $COMMON-noninteractive; }
taken_out_of_sshd() { sed -i '/common-session/d' /etc/pam.d/sshd; }
switched_off() { pam-auth-update --package --remove nsunshare; }
before_systemd() { sed -i '/pam_systemd/d' $COMMON && echo 'session optional pam_systemd.so' >>$COMMON; }
before_systemd_in_sshd() { sed -i '/common-session/a session required pam_loginuid.so' /etc/pam.d/sshd; }
optional() { sed -i "/$OURS/s/required/optional/" $COMMON; }
sufficient() { sed -i "/$OURS/s/required/sufficient/" $COMMON; }
ignoring() { sed -i "/$OURS/s/required/[success=ok default=ignore]/" $COMMON; }
argument() { sed -i "/$OURS/s/\$/ profil=default/" $COMMON; }
again() { echo 'session required pam_nsunshare.so' >>/etc/pam.d/sshd; }
around_for_all() { sed -i "s/^session.*pam_nsunshare/session [success=1 default=ignore] pam_permit.so\n&/" $COMMON; }
around_for_callers() { sed -i 's/quiet uid eq 0/quiet use_uid uid eq 0/' $COMMON; }
around_for_users() { sed -i 's/quiet uid eq 0/quiet uid ge 0/' $COMMON; }
around_anyway() { sed -i 's/success=2 default=ignore/default=2/' $COMMON; }
ended_before() { sed -i 's/^session.*uid eq 0/session sufficient pam_succeed_if.so quiet uid eq 0/' $COMMON; }
include_gone() { sed -i 's/common-session-noninteractive/common-session-nowhere/' /etc/pam.d/cron; }
module_gone() { mv "$MODULE" /root/kept; }
module_writable() { chmod o+w "$MODULE"; }
helper_gone() { mv "$HELPER" /root/kept; }
helper_other() { cp -a "$HELPER" /root/kept && sed -i 's/pam_nsunshare version 0/pam_nsunshare version 9/' "$HELPER"; }
net_gone() { mv "$HELPER_DIR/nsunshare-net" /root/kept && tmpfs_and_net; }
policy_gone() { rm "$POLICY"; }
policy_writable() { chmod o+w "$POLICY"; }
policy_wrong() { sed -i 's/profiles = /profile = /' "$POLICY"; }
run_open() { chmod 0755 /run/nsunshare; }
instances_of_alice() { chown alice /var/lib/nsunshare/instances; }
no_pam_in_sshd() { sed -i 's/^UsePAM yes/UsePAM no/' /etc/ssh/sshd_config; }
no_pid_namespaces() { sysctl -qw user.max_pid_namespaces=0; }
no_net_namespaces() { tmpfs_and_net && sysctl -qw user.max_net_namespaces=0; }
few_mounts() { sysctl -qw fs.mount-max="$(($(wc -l </proc/self/mountinfo) + 10))"; }
private_root() { all 'propagation = "slave";' && mount --make-private /; }
user_manager_named() { sed -i 's/{ uid =/{ service = "systemd-user"; user = "alice"; profile = "all"; }, &/' "$POLICY"; }
sudo_with_pid() { sed -i 's/{ uid =/{ service = "sudo"; uid = "1000-59999"; profile = "all"; }, &/' "$POLICY"; }
display_manager() { cp /etc/pam.d/login /etc/pam.d/gdm-password; }
logind_kills() {
	all 'scope = "user"; lifetime = "processes";'
	printf '[Login]\nKillUserProcesses=yes\n' | install -D -m 0644 /dev/stdin /run/systemd/logind.conf.d/zz-doctor.conf
}
with_selinux() {
	runner=(unshare --mount sh -c 'mount -t tmpfs none /sys/fs && mkdir /sys/fs/selinux && : >/sys/fs/selinux/enforce && exec "$@"' sh)
}
limits_raised() { echo '* hard nofile 1048576' >/etc/security/limits.d/doctor.conf && user_and_time; }

# BREAK|STATUS|PLACE|TEXT|HOW-MANY (1)|REMEDY
readonly TABLE='
taken_out|1|/etc/pam.d/cron|.cron. is a way around|3
taken_out_of_sshd|1|/etc/pam.d/sshd|.sshd. is a way around
switched_off|1|/etc/pam.d|nobody is isolated|1|pam-auth-update --enable nsunshare
before_systemd|2|/etc/pam.d/common-session:[0-9]+|pam_systemd.so stands behind|1|move the line /etc/pam.d/common-session:[0-9]+
before_systemd_in_sshd|2|/etc/pam.d/sshd:[0-9]+|pam_loginuid.so stands behind|1|out of /etc/pam.d/common-session, and put its line at the end of /etc/pam.d/sshd
optional|2|/etc/pam.d/common-session:[0-9]+|control .optional. lets in
sufficient|2|/etc/pam.d/common-session:[0-9]+|control .sufficient. lets in
ignoring|2|/etc/pam.d/common-session:[0-9]+|default=ignore.* lets in
argument|2|/etc/pam.d/common-session:[0-9]+|profil=default.: unknown
again|1|/etc/pam.d/sshd:[0-9]+|module twice
around_for_all|2|/etc/pam.d/common-session:[0-9]+|jumps over .* whoever logs in
around_for_callers|2|/etc/pam.d/common-session:[0-9]+|jumps over .* whoever logs in|2
around_for_users|0|/etc/pam.d/common-session:[0-9]+|.success=2. jumps over
around_anyway|2|/etc/pam.d/common-session:[0-9]+|jumps over .* whoever logs in
ended_before|2|/etc/pam.d/common-session:[0-9]+|succeeds PAM ends here
include_gone|2|/etc/pam.d/cron:[0-9]+|no .common-session-nowhere.|2
module_gone|2|.*/security/pam_nsunshare.so|no such module
module_writable|2|.*/security/pam_nsunshare.so|not only root
helper_gone|2|/usr/libexec/nsunshare/nsunshare-init|are refused
helper_other|2|/usr/libexec/nsunshare/nsunshare-init|of version 9
net_gone|2|/usr/libexec/nsunshare/nsunshare-net|are refused
policy_gone|2|/etc/security/nsunshare.conf|every login
policy_writable|2|/etc/security/nsunshare.conf|1 error
policy_wrong|2|/etc/security/nsunshare.conf|2 errors
run_open|2|/run/nsunshare|not root.s alone
instances_of_alice|2|/var/lib/nsunshare/instances|not root.s alone
no_pam_in_sshd|2|/etc/ssh/sshd_config:[0-9]+|UsePAM is not yes
no_pid_namespaces|2|user.max_pid_namespaces|it is 0: every session
no_net_namespaces|2|user.max_net_namespaces|it is 0: every session
few_mounts|2|fs.mount-max|the host has [0-9]+ mounts
private_root|1|/|not shared
user_manager_named|2|/etc/pam.d/common-session-noninteractive:[0-9]+|names systemd-user|2
sudo_with_pid|2|/etc/sudoers:[0-9]+|use_pty: it signals|2
display_manager|2|/etc/pam.d/common-session:[0-9]+|gdm-password has threads
logind_kills|1|/run/systemd/logind.conf.d/zz-doctor.conf:2|outlive their logins
with_selinux|2|/etc/pam.d/sshd:[0-9]+|pam_selinux.so stands behind|1|at the end of /etc/pam.d/sshd
limits_raised|0|/etc/pam.d/sshd:[0-9]+|raise none|3
'

# The host as it was before test_broken broke anything.
make_whole() {
	runner=()
	[ ! -e /root/kept ] || mv /root/kept "$1"
	rm -rf /etc/pam.d /etc/security /var/lib/pam
	cp -a /root/good/pam.d /root/good/security /etc
	cp -a /root/good/pam /var/lib # what pam-auth-update has written, by which it tells others' changes
	cp -a /root/good/sshd_config /etc/ssh
	rm -f /run/systemd/logind.conf.d/zz-doctor.conf
	chmod 0644 "$MODULE"
	chmod 0700 /run/nsunshare
	chown root /var/lib/nsunshare/instances
	sysctl -qw "fs.mount-max=$mounts" "user.max_pid_namespaces=$pids" "user.max_net_namespaces=$nets"
	mount --make-shared /
}

where_kept_was() {
	case $1 in
	module_gone) echo "$MODULE" ;;
	net_gone) echo "$HELPER_DIR/nsunshare-net" ;;
	*) echo "$HELPER" ;;
	esac
}

test_broken() {
	local break wanted place text how_many remedy mounts pids nets

	mkdir -p /root/good
	all ''
	cp -a /etc/pam.d /etc/security /var/lib/pam /etc/ssh/sshd_config /root/good
	mounts=$(sysctl -n fs.mount-max) pids=$(sysctl -n user.max_pid_namespaces) nets=$(sysctl -n user.max_net_namespaces)
	while IFS='|' read -r break wanted place text how_many remedy; do
		[ -n "$break" ] || continue
		$break
		doctor
		check_is "${break//_/ }: exit status, and how many are found" "$status $(grep -c '^[^ ]' <<<"$out")" "$wanted ${how_many:-1}"
		check_has "${break//_/ }: where and what" "$out" "^$place: (note|warning|error): .*($text)"
		[ -z "$remedy" ] || check_has "${break//_/ }: what to do" "$out" "^  -> .*($remedy)"
		make_whole "$(where_kept_was "$break")"
	done <<<"$TABLE"
	doctor
	check_is "the good host again: nothing is found" "$status $out$err" "0 nothing found by 13 examinations"
	install_package
}

install_package
MODULE=$(dpkg -L libpam-nsunshare | grep 'pam_nsunshare.so$')
readonly MODULE
test_good
test_broken
finish
