#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Callers, kernels, helpers and arguments that make a session impossible: refused by name, and nothing has changed.
# Holds G1 G2 G3.
# shellcheck disable=SC2119,SC2153,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

# refused NAME REGEX COMMAND...: a pamprobe that prints the states `before` and `after` is refused for that reason.
refused() {
	local name=$1 reason=$2
	shift 2

	log_mark
	out=$("$@" 2>&1)
	check_is "$name: refused with PAM_SYSTEM_ERR" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "$name: the log says why" "refused: user=[^ ]+ service=[^ ]+: .*$reason"
	check_is "$name: nothing of the caller has changed" \
		"$(sed -n 's/^after: //p' <<<"$out")" "$(sed -n 's/^before: //p' <<<"$out")"
	check "$name: no helper is left" wait_until 5 no_pid1
}

OPEN=(state=before open state=after)

test_callers() {
	refused "two threads" "the caller has 2 threads" pamprobe pt alice thread "${OPEN[@]}"
	refused "no CAP_SYS_ADMIN" "the caller has no CAP_SYS_ADMIN" \
		setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin pamprobe pt alice "${OPEN[@]}"
	refused "not root" "effective user is not root" runuser -u alice -- pamprobe pt alice "${OPEN[@]}"
	refused "a user namespace" "the caller is inside a user namespace" \
		unshare --user --map-root-user pamprobe pt alice "${OPEN[@]}"
	refused "a kernel without mount_setattr" "has no mount_setattr\(2\): Linux 5.14 or newer is needed" \
		pamprobe pt alice old-kernel "${OPEN[@]}"
	refused "no such user" "no such user in the account database" pamprobe pt nobody-there "${OPEN[@]}"
	refused "no /proc" "is /proc mounted here" \
		unshare --mount sh -c 'mount -t tmpfs none /srv && mount --move /proc /srv 2>/dev/null; exec pamprobe pt alice "$@"' sh open
}

# A jail that has what the module needs, but that is not the root of the mount namespace.
test_chroot() {
	local jail=/srv/jail

	mkdir -p $jail/proc $jail/etc/security $jail/tmp $jail/var/tmp $jail/dev $jail/run $jail/usr
	cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/hosts $jail/etc/
	cp -a "$POLICY" $jail/etc/security/
	cp -a /lib* $jail/ # links into /usr
	mount --bind /usr $jail/usr
	mount --bind /proc $jail/proc
	mount --bind /dev $jail/dev
	refused "a chroot" "the caller is in a chroot" pamprobe pt alice chroot=$jail "${OPEN[@]}"
	umount $jail/usr $jail/proc $jail/dev
	rm -rf --one-file-system $jail

	# the same file system and inode as the real root, and other mounts
	mkdir /srv/mirror
	mount --bind / /srv/mirror
	mount --bind /proc /srv/mirror/proc
	mount --bind /dev /srv/mirror/dev
	refused "a chroot to a bind mount of the root itself" "the caller is in a chroot" \
		pamprobe pt alice chroot=/srv/mirror "${OPEN[@]}"
	umount /srv/mirror/proc /srv/mirror/dev
	umount /srv/mirror
	rmdir /srv/mirror
}

# Any number of descriptors, too few among them: refused with nothing changed, or opened.
test_descriptors() {
	local limit out codes=''

	for limit in {3..24}; do
		out=$(pamprobe pt alice state=before "nofile=$limit" open close nofile=1024 state=after 2>&1)
		codes+="$(sed -n 's/^open: code //p' <<<"$out") "
		[ "$(grep -c ^before: <<<"$out")" = "$(grep -c ^after: <<<"$out")" ] || codes+="state-differs-at-$limit "
	done
	check_has "C-37 few descriptors: refused until there are enough, then opened" "$codes" '^(4 )+(0 )+$'
	check_gone "few descriptors: nothing is left"
}

# Each function spoils the helper.
helper_missing() { rm "$HELPER"; }
helper_not_executable() { chmod 0644 "$HELPER"; }
helper_of_user() { chown alice "$HELPER"; }
helper_group_writable() { chmod 0775 "$HELPER"; }
helper_symlink() { mv "$HELPER" /usr/libexec/real-helper && ln -s /usr/libexec/real-helper "$HELPER"; }
helper_script() { printf '#!/bin/sh\nexit 0\n' >"$HELPER"; }
helper_directory() { rm "$HELPER" && mkdir "$HELPER"; }
helper_fifo() { rm "$HELPER" && mkfifo -m 0755 "$HELPER"; }
helper_empty() { : >"$HELPER"; }
helper_in_writable_directory() { chmod 0777 "$HELPER_DIR"; }
helper_in_directory_of_user() { chown alice "$HELPER_DIR"; }
helper_in_symlinked_directory() { mv "$HELPER_DIR" /usr/libexec/real && ln -s /usr/libexec/real "$HELPER_DIR"; }
helper_ends_at_once() { other_helper 'return 0;'; }
helper_crashes() { other_helper '__builtin_trap();'; }
helper_answers_nonsense() { other_helper 'char plan[65536]; return read(3, plan, sizeof(plan)) < 0 || write(3, "nonsense", 8) < 0;'; }
helper_never_answers() { other_helper 'for (;;) pause();'; }

# A program in the helper's place, whose main() does this.
other_helper() {
	printf '#include <unistd.h>\nint main(void) { %s }\n' "$1" | gcc -static -x c -o "$HELPER" -
}

readonly HELPERS="
helper_missing|open '$HELPER': No such file
helper_not_executable|$HELPER: not executable
helper_of_user|$HELPER: the file is not trusted: it does not belong to root
helper_group_writable|$HELPER: the file is not trusted: others than root can write it
helper_symlink|open '$HELPER': Too many levels of symbolic links
helper_script|execute the helper
helper_directory|$HELPER: not a regular file
helper_fifo|$HELPER: not a regular file
helper_empty|execute the helper
helper_in_writable_directory|the directory '$HELPER_DIR' is not trusted: others than root can write it
helper_in_directory_of_user|the directory '$HELPER_DIR' is not trusted: it does not belong to root
helper_in_symlinked_directory|open '$HELPER_DIR', a directory of
helper_ends_at_once|the helper ended before it was ready
helper_crashes|the helper ended before it was ready
helper_answers_nonsense|are it and the module of one build
helper_never_answers|the helper was not ready within 300 ms
"

test_helpers() {
	local spoil reason ms

	policy_for_users 'base = "default"; timeout = 300;'
	cp -a "$HELPER_DIR" /root/helper-dir
	while IFS='|' read -r spoil reason; do
		[ -n "$spoil" ] || continue
		$spoil
		refused "${spoil//_/ }" "$reason" pamprobe pt alice "${OPEN[@]}"
		rm -rf "$HELPER_DIR" /usr/libexec/real /usr/libexec/real-helper
		cp -a /root/helper-dir "$HELPER_DIR"
	done <<<"$HELPERS"
	ms=$(sed -n 's/^open: ms //p' <<<"$out") # of the last, which never answers
	check "helper never answers: refused after its time, $ms ms" test "$ms" -ge 300 -a "$ms" -lt 600
	policy_for_users
}

# The helper's own reasons reach the log, also those it has before it reads the plan.
test_early_failure() {
	refused "no /dev/null" "open '/dev/null': No such file" \
		sh -c 'mv /dev/null /dev/none; pamprobe pt alice "$@"; mv /dev/none /dev/null' sh "${OPEN[@]}"
}

# What the helper finds when it carries out the plan.
test_targets() {
	local mount

	mkdir -p /srv/target
	ln -sfn /srv/target /srv/link
	touch /srv/file
	mkfifo /srv/fifo
	for mount in 'missing|No such file' 'link|a symbolic link in the path' 'link/below|a symbolic link in the path' \
		'file|Not a directory' 'fifo|Not a directory'; do
		policy_for_users "base = \"default\"; mounts = ( { type = \"tmpfs\"; path = \"/srv/${mount%|*}\"; } );"
		refused "C-02, C-05 tmpfs on /srv/${mount%|*}" "open '/srv/${mount%|*}' to mount over: ${mount#*|}" pamprobe pt alice "${OPEN[@]}"
	done
	policy_for_users 'base = "default"; mounts = ( { type = "tmpfs"; path = "/srv/missing"; optional = true; } );'
	check_has "mount on a missing directory, optional: opened" "$(pamprobe pt alice open)" '^open: code 0$'
	policy_for_users
	rm -r /srv/link /srv/file /srv/fifo /srv/target
}

# Module arguments, and what the log says.
readonly ARGUMENTS='
verbose|module argument .verbose.: unknown
profile|module argument .profile.: unknown
profile=|module argument .profile=.: has no value
conf=|module argument .conf=.: has no value
debug debug|module argument .debug.: unknown or given twice
profile=none profile=default|module argument .profile=default.: given twice
conf=/etc/a conf=/etc/b|module argument .conf=/etc/b.: given twice
conf=etc/a|module argument .conf=etc/a.: not a clean absolute path
conf=/etc/../etc/a|module argument .conf=/etc/../etc/a.: not a clean absolute path
conf=/etc/none.conf|/etc/none.conf: there is no policy
profile=nonsense conf=/etc/none.conf|there is no profile .nonsense.
'

test_arguments() {
	local arguments reason

	while IFS='|' read -r arguments reason; do
		[ -n "$arguments" ] || continue
		sed "s|pam_nsunshare.so|& $arguments|" /etc/pam.d/pt >/etc/pam.d/pt-arguments
		refused "C-38 argument $arguments" "$reason" pamprobe pt-arguments alice "${OPEN[@]}"
	done <<<"$ARGUMENTS"
	rm "$POLICY"
	sed 's|pam_nsunshare.so|& profile=default debug|' /etc/pam.d/pt >/etc/pam.d/pt-arguments
	log_mark
	check_has "argument profile=default: serves without a policy" "$(pamprobe pt-arguments alice open)" '^open: code 0$'
	check_log "argument debug: the plan is logged" 'plan: namespaces: mount,ipc,uts,pid'
	check_is "argument profile=default: root is left alone" \
		"$(pamprobe pt-arguments root state=before open state=after | sed -n 's/^after: namespace mnt //p')" "$(namespace mnt)"
	rm /etc/pam.d/pt-arguments
	policy_for_users
}

build_tool pamprobe -lpam -lpthread
policy_for_users
test_callers
test_chroot
test_descriptors
test_helpers
test_early_failure
test_targets
test_arguments
check_has "a good caller is served after all that" "$(pamprobe pt alice open)" '^open: code 0$'
finish
