#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What an administrator, an editor or an attacker may have put where the policy is: the file, what it says, the drop-ins, the
# files of users. The rows C-23 to C-38 that 70-policy.sh, 80-refused.sh, 90-sweep.sh and the unit tests do not have.
# Holds G9 G20.
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly DROPINS=${POLICY%.conf}.d
readonly WRONG=$HERE/../unit/wrong
shopt -s extglob
readonly REFUSED_MS_MAX=2000 # the time of an open, and well above what a refusal takes

# log_in [USER]: into $out; $ms is what the open took.
log_in() {
	log_mark
	out=$(timeout 20 pamprobe pt "${1:-alice}" open run=hostname close 2>&1)
	ms=$(sed -n 's/^open: ms //p' <<<"$out")
}

# refused NAME REGEX: PAM_SYSTEM_ERR, at once, for that reason.
refused() {
	log_in
	check_is "$1: refused with PAM_SYSTEM_ERR" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "$1: the log says why" "refused: user=alice service=pt: .*$2"
	check "$1: at once (${ms:-?} ms)" test "${ms:-99999}" -lt $REFUSED_MS_MAX
}

served() {
	log_in
	check_has "$1: opened" "$out" '^open: code 0$'
}

# ---- the main file

test_acl() {
	if ! odd_file acl "$POLICY" 1501; then
		skip "C-24 an ACL that lets a user write" "no ACLs on this file system"
		return
	fi
	check "C-24 an ACL that lets a user write (control)" setpriv --reuid=1501 --clear-groups sh -c ": >>$POLICY"
	refused "C-24 an ACL that lets a user write" "$POLICY: the file is not trusted: others than root can write it"
	policy_for_users
}

test_huge() {
	truncate -s 1G "$POLICY"
	refused "C-28 1 GiB" "larger than the 262144 bytes"
	policy <<<"rules = (); profiles = { p = { $(seq -f 'k%g = 1;' 15000 | tr '\n' ' ') }; };"
	refused "C-28 15,000 keys in one group" "$POLICY:1: "
	policy <<<"rules = ( { user = \"$(head -c 250000 /dev/zero | tr '\0' a)\"; profile = \"default\"; } );"
	served "C-28 a string of 250,000 bytes, which is no mistake"
	policy <<<"rules = $(head -c 200000 /dev/zero | tr '\0' '(')"
	refused "C-29 200,000 brackets" "$POLICY:1: "
	policy <<<"rules = $(head -c 100000 /dev/zero | tr '\0' '(')$(head -c 100000 /dev/zero | tr '\0' ')')"
	refused "C-29 100,000 brackets that close" "$POLICY:1: "
}

test_include() {
	local what

	mkdir -p /etc/security/inc
	mkfifo /etc/security/inc/fifo
	echo 'rules = ();' | install -m 0666 /dev/stdin /etc/security/inc/writable
	for what in /etc/security/nsunshare.conf /etc/security/inc /etc/security/inc/fifo /dev/zero /etc/security/none ../hosts \
		/etc/security/inc/writable; do
		policy <<<"@include \"$what\""$'\nrules = ();'
		refused "C-30 @include of $what" "$POLICY:1: @include is not allowed"
	done
	printf 'rules = ();\n  \t@include "/etc"\n' | policy
	refused "C-30 @include behind blanks" "$POLICY:2: @include is not allowed"
	rm -r /etc/security/inc
}

# Each policy of the unit tests that holds one mistake, by a real login: NAME.conf with the drop-ins and files of users of NAME.d.
# Its message has FILE for the name.
test_wrong() {
	local file message bad='' n=0

	for file in "$WRONG"/*.conf; do
		policy <"$file"
		rm -rf "$DROPINS"
		[ ! -d "${file%.conf}.d" ] || install -D -m 0644 -t "$DROPINS" "${file%.conf}.d"/*.conf 2>/dev/null
		[ ! -d "${file%.conf}.d/users" ] || install -D -m 0644 -t "$DROPINS/users" "${file%.conf}.d"/users/*.conf
		message=$(sed "s|FILE\.d|$DROPINS|g; s|FILE|$POLICY|g" "${file%.conf}.message")
		log_in
		n=$((n + 1))
		if ! grep -q '^open: code 4$' <<<"$out" || ! wait_until 20 log_has_text "$message"; then
			bad+="$(basename "$file"): $out"$'\n'"$(log_new)"$'\n'
		fi
	done
	rm -rf "$DROPINS"
	check_is "C-10, C-31, C-32, C-33: each of $n files with one mistake is refused with its message" "$bad" ""
	check "C-10, C-31, C-32, C-33: there are many of them (control)" test "$n" -ge 80
	policy_for_users
	served "C-31 after all that a right policy"
}

log_has_text() {
	log_new | grep -qF -- "${1:0:200}" # the log escapes and cuts
}

test_numbers() {
	local number

	for number in 4294967296 2147483648 -1 0xFFFFFFFF 010 1e3 99999999999999999999999L 500000L; do
		policy_for_users "base = \"default\"; timeout = $number;"
		refused "C-32 timeout = $number" "$POLICY:2: "
	done
}

# ---- rules about what is not there

test_unknown_names() {
	policy <<-'END'
		rules = (
			{ group = "no-such-group"; profile = "default"; },
			{ user = "no-such-user"; profile = "default"; },
			{ group = [ "no-such-group", "staffers" ]; profile = "default"; hostname = "staff"; }
		);
	END
	log_in alice
	check_has "C-35 a group that does not exist beside one that does: the latter counts" "$out" '^staff$'
	check_log "C-35 a group that does not exist: the log says so" "nsunshare.conf:2: group .no-such-group. does not exist"
	log_in bob
	check_has "C-35 a group and a user that do not exist: match nobody" "$out" '^shellhost$'
}

# ---- an edit while logins run

# edit HOW: all the time, from one good policy to another, until killed.
edit() {
	local name

	while :; do
		for name in one other; do
			case $1 in
			rename) cp "/run/policy-$name" "$POLICY.new" && mv "$POLICY.new" "$POLICY" ;;
			truncate) cat "/run/policy-$name" >"$POLICY" ;;
			esac
		done
	done
}

# logins_under HOW: what 150 logins meanwhile came to, counted: the code of the open, and the host name behind it.
logins_under() {
	local editing

	edit "$1" &
	editing=$!
	out=$(for _ in {1..50}; do
		timeout 60 pamprobe pt alice open run=hostname close open run=hostname close open run=hostname close 2>&1
	done | awk '/^open: code/ { code = $3 } /^[a-z]+$/ { n[code " " $0]++ } END { for (i in n) print i " times " n[i] }' | sort)
	kill $editing
	wait $editing 2>/dev/null
	echo "# C-36 $1: $(paste -sd ';' <<<"$out")"
}

test_edit() {
	local name seen

	for name in one other; do
		policy_for_users "base = \"default\"; namespaces = [ \"uts\" ]; mounts = (); hostname = \"$name\";"
		printf '#%s\n' "$(head -c 20000 /dev/zero | tr '\0' '#')" >>"$POLICY"
		cp "$POLICY" "/run/policy-$name"
	done
	logins_under rename
	seen=${out// times +([0-9])/}
	check_is "C-36 a policy that is replaced meanwhile: it is the one or the other each time" "$seen" $'0 one\n0 other'
	logins_under truncate
	seen=${out// times +([0-9])/}
	check_has "C-36 a policy that is truncated and written meanwhile: some read a part of it (control)" "$seen" '^4 '
	check_is "C-36 a policy that is truncated and written meanwhile: one of both, or refused" \
		"$(grep -vxE '0 one|0 other|4 shellhost' <<<"$seen")" ""
	policy_for_users
}

test_missing() {
	rm "$POLICY"
	refused "C-37 no policy" "$POLICY: there is no policy"
	mv /etc/security /etc/insecurity
	refused "C-37 no directory of it" "$POLICY: there is no policy|open '/etc/security'"
	mv /etc/insecurity /etc/security
	policy_for_users
	policy </dev/null
	refused "C-31 an empty file" "$POLICY"
	policy_for_users
}

build_tool pamprobe -lpam -lpthread
build_tool odd_file
policy_for_users
test_acl
test_huge
test_include
test_numbers
test_wrong
test_unknown_names
test_edit
test_missing
check_gone "policy-files: nothing is left"
finish
