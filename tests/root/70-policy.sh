#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A policy that is wrong or not to be trusted: sshd, su and sudo refuse. enforce = false, on_error = "allow": they let in.
# Holds G1 G9.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

DOORS=(sshd su sudo)

# through DOOR COMMAND: alice runs it.
through() {
	case $1 in
	sshd) ssh alice@127.0.0.1 "$2" </dev/null ;;
	su) su alice -c "$2" </dev/null ;;
	sudo) timeout 10 runuser -u bob -- sudo -n -u alice sh -c "$2" </dev/null ;;
	esac 2>&1
}

# refuses NAME REGEX: all three, with such a line in the log, and none has run anything.
refuses() {
	local door out status

	for door in "${DOORS[@]}"; do
		rm -f /home/alice/ran
		log_mark
		out=$(through "$door" 'touch /home/alice/ran; echo it-ran')
		status=$?
		if [ "$status" = 0 ] || [ "$status" = 124 ] || [ -e /home/alice/ran ] || [[ $out == *it-ran* ]]; then
			fail "$1: $door refuses" "exit status $status, output: $out"$'\n'"$(log_new)"
		else
			pass "$1: $door refuses (exit status $status)"
		fi
		check_log "$1: $door: the log says why" "pam_nsunshare\\($door:session\\): refused: user=alice service=$door: .*$2"
	done
}

# Contents: what is wrong, the key it stands at, the line it must be found in, and a part of the reason.
# `\n` makes lines; the first line is 1.
readonly CONTENTS='
C-31 syntax error|rules = (\n  { user = "alice"; profile = "default" }\n  { };\n|3|syntax error
no end of a string|rules = ();\nprofiles = { p = { hostname = "x; }; };\n|2|this string has no end
C-31 unknown key in a rule|rules = ( {\n  users = "alice"; profile = "default"; } );\n|2|.users.*unknown
unknown key in a profile|rules = ();\nprofiles = { p = {\n  base = "default"; colour = "red"; }; };\n|3|.colour.*unknown
unknown key in a mount|rules = ();\nprofiles = { p = { mounts = ( { type = "tmpfs"; path = "/tmp";\n nr_inodes = 5; } ); }; };\n|3|.nr_inodes.*unknown
unknown key at the top|rules = ();\nrule = ();\n|2|.rule.*unknown
a key of a later version|rules = ();\nprofiles = { p = { base = "default";\n  selinux = "staff"; }; };\n|3|.selinux.*unknown
C-31 wrong type, number for string|rules = ( { user = "alice";\n  profile = 5; } );\n|2|.profile
wrong type, string for number|rules = ();\nprofiles = { p = { base = "default";\n  timeout = "5000"; }; };\n|3|.timeout
wrong type, string for bool|rules = ();\nprofiles = { p = { base = "default";\n  enforce = "false"; }; };\n|3|.enforce
wrong type, group for list|rules = { };\n|1|.rules
timeout out of range|rules = ();\nprofiles = { p = { base = "default"; timeout = 99; }; };\n|2|.timeout
stop_timeout out of range|rules = ();\nprofiles = { p = { base = "default"; stop_timeout = 30001; }; };\n|2|.stop_timeout
C-32 number beyond 32 bits|rules = ();\nprofiles = { p = { base = "default"; timeout = 4294972296; }; };\n|2|larger than 2147483647
number in hexadecimal|rules = ();\nprofiles = { p = { base = "default"; timeout = 0x1388; }; };\n|2|not a plain decimal
C-33 size of nothing|rules = ();\nprofiles = { p = { mounts = ( { type = "tmpfs"; path = "/tmp"; size = "0"; } ); }; };\n|2|.size
C-33 mode with setuid|rules = ();\nprofiles = { p = { mounts = ( { type = "tmpfs"; path = "/tmp"; mode = "4777"; } ); }; };\n|2|.mode
C-10 path with ..|rules = ();\nprofiles = { p = { mounts = ( { type = "tmpfs"; path = "/tmp/../etc"; } ); }; };\n|2|.path
unknown namespace|rules = ();\nprofiles = { p = { namespaces = [ "mount", "network" ]; }; };\n|2|.namespaces.*expected any of
unknown profile|rules = (\n  { user = "alice"; profile = "shell"; } );\n|2|.shell
uid that is none|rules = ( { uid = "1000-"; profile = "none"; },\n { uid = "5-1"; profile = "none"; } );\n|2|.uid
C-31 a key twice|rules = ();\nrules = ();\n|2|a key is given twice
C-30 @include|rules = ();\n@include "/etc/security/more.conf"\n|2|@include is not allowed
C-30 @include of a directory|@include "/etc"\nrules = ();\n|1|@include is not allowed
no rules|profiles = { };\n|1|has no .rules
C-31 nothing at all||1|has no .rules
'

test_contents() {
	local name text line reason

	while IFS='|' read -r name text line reason; do
		[ -n "$name" ] || continue
		printf '%b' "$text" | policy
		refuses "policy, $name" "$POLICY:$line: .*$reason"
	done <<<"$CONTENTS"
}

good_policy() {
	policy_for_users
}

# The file and its place: each function spoils a good policy.
owned_by_user() { chown alice "$POLICY"; }
group_writable() { chmod 0664 "$POLICY"; }
world_writable() { chmod 0646 "$POLICY"; }
symlink() { mv "$POLICY" /etc/real.conf && ln -s /etc/real.conf "$POLICY"; }
dangling_symlink() { rm "$POLICY" && ln -s /nowhere "$POLICY"; }
fifo() { rm "$POLICY" && mkfifo -m 0644 "$POLICY"; }
device() { rm "$POLICY" && mknod -m 0644 "$POLICY" c 1 5; }
directory() { rm "$POLICY" && mkdir "$POLICY"; }
huge() { head -c 300K /dev/zero | tr '\0' '#' >>"$POLICY"; }
with_nul() { printf '\0' >>"$POLICY"; }
missing() { rm "$POLICY"; }
parent_writable() { chmod 0777 /etc/security; }
parent_of_user() { chown alice /etc/security; }

readonly FILES='
C-23|owned_by_user|does not belong to root
C-24|group_writable|others than root can write it
C-24|world_writable|others than root can write it
C-26|symlink|symbolic links
C-26|dangling_symlink|symbolic links
C-27|fifo|not a regular file
C-27|device|not a regular file
C-27|directory|not a regular file
C-28|huge|larger than the 262144 bytes
C-31|with_nul|NUL byte
C-37|missing|there is no policy
C-25|parent_writable|directory ./etc/security. is not trusted: others than root can write it
C-25|parent_of_user|directory ./etc/security. is not trusted: it does not belong to root
'

test_files() {
	local row spoil reason

	while IFS='|' read -r row spoil reason; do
		[ -n "$row" ] || continue
		good_policy
		$spoil
		refuses "$row policy file, ${spoil//_/ }" "$POLICY.*$reason"
		chown root:root /etc/security
		chmod 0755 /etc/security
	done <<<"$FILES"
}

check_not_isolated() {
	check_is "$1" "$(through "$2" 'readlink /proc/self/ns/mnt /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/pid; hostname')" \
		"$(readlink /proc/self/ns/{mnt,ipc,uts,pid})"$'\n'shellhost
}

test_enforce() {
	local door

	policy_for_users 'base = "default"; enforce = false;'
	for door in "${DOORS[@]}"; do
		log_mark
		check_not_isolated "enforce = false: $door changes nothing" "$door"
		check_log "enforce = false: $door: the log says what would be done" \
			"pam_nsunshare\\($door:session\\): enforce is false, nothing done; would open: .*user=alice .*hostname=alice-shellhost mounts=.*/tmp"
		check_is "enforce = false: $door opens nothing" "$(log_count ' opened: ')" 0
	done
}

test_on_error() {
	local door

	mv "$HELPER" /root/helper
	policy_for_users 'base = "default"; on_error = "allow";'
	for door in "${DOORS[@]}"; do
		log_mark
		check_not_isolated "on_error = \"allow\": $door lets in" "$door"
		check_log "on_error = \"allow\": $door: the log is loud, and says why" \
			"NOT ISOLATED, let in by on_error = \"allow\": .*user=alice service=$door .* failed: .*$HELPER"
	done
	policy_for_users 'base = "default"; on_error = "deny";'
	refuses "on_error = \"deny\"" "$HELPER"
	printf 'rules = ( { user = "alice"; profile = "default"; on_error = "allow"; } );\nbroken\n' | policy
	refuses "on_error = \"allow\" in a broken policy" "$POLICY:"
	mv /root/helper "$HELPER"
}

test_good() {
	local door

	good_policy
	for door in "${DOORS[@]}"; do
		log_mark
		check_is "a good policy: $door isolates" "$(through "$door" hostname)" alice-shellhost
	done
}

echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/test
chmod 0440 /etc/sudoers.d/test
good_policy
start_sshd
test_good
test_contents
test_files
test_enforce
test_on_error
test_good # as at the start: the cases have spoiled nothing else
finish
