#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What may stand where the policy wants to mount, or to mount from: links, pipes, files, directories of others.
# The races for these places are in 76-races.sh.
# Holds G3 G12 G16 G18 G19.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/session.inc"

readonly INSTANCES=/var/lib/nsunshare/instances

# ---- what stands at the target

# entry KIND PATH: a mount of that kind.
entry() {
	case $1 in
	bind) echo "{ type = \"bind\"; source = \"/srv/give\"; path = \"$2\"; }" ;;
	bind-file) echo "{ type = \"bind\"; source = \"/srv/give/file\"; path = \"$2\"; }" ;;
	tmpfs) echo "{ type = \"tmpfs\"; path = \"$2\"; mode = \"0755\"; }" ;;
	*) echo "{ type = \"$1\"; path = \"$2\"; }" ;;
	esac
}

make_targets() {
	rm -rf /srv/t /srv/give
	mkdir -p /srv/t/dir /srv/give
	echo given >/srv/give/file
	echo secret >/srv/t/file
	echo secret >/srv/t/dir/file
	ln -s /etc /srv/t/link
	ln -s /nowhere /srv/t/dangling
	ln -s loop /srv/t/loop
	mkfifo /srv/t/fifo
	mknod /srv/t/device c 1 5
	odd_file socket /srv/t/socket
}

test_targets() {
	local kind what

	make_targets
	for kind in tmpfs instance bind bind-file readonly mask; do
		for what in link link/security dangling loop; do
			mounts "$(entry $kind /srv/t/$what)"
			refused "C-02 $kind on $what" "/srv/t/$what.*symbolic link"
		done
	done
	for kind in tmpfs instance bind; do
		mounts "$(entry $kind /srv/t/fifo)"
		refused "C-04 $kind on a FIFO" "(open|on) ./srv/t/fifo.*(Not a directory|Invalid|directory)"
		for what in file device socket; do
			mounts "$(entry $kind /srv/t/$what)"
			refused "C-05 $kind on a $what" "(open|on) ./srv/t/$what.*(Not a directory|Invalid|directory)"
		done
	done
	mounts "$(entry bind-file /srv/t/dir)"
	refused "C-06 bind of a file on a directory" "on ./srv/t/dir.*(Invalid|directory)"
}

# Something is there, and is it hidden for root too? What a mask lies on is a file or a directory; it hides both, as what it is.
test_masks() {
	local what

	make_targets
	mounts "$(entry mask /srv/t/dir)"
	inside "C-06 mask on a directory: an empty directory" "directory 0 no" \
		'echo "$(stat -c %F /srv/t/dir) $(ls -A /srv/t/dir | wc -l) $(test -e /srv/t/dir/file && echo yes || echo no)"'
	mounts "$(entry mask /srv/t/file)"
	inside "C-06 mask on a file: an empty file" "regular empty file 0" 'echo "$(stat -c %F /srv/t/file) $(wc -c </srv/t/file)"'
	mounts "$(entry mask /srv/t/dir), $(entry mask /srv/t/file)"
	inside "C-06 masks: the user can not even read them" $'denied\ndenied' \
		"$(as_alice "cat /srv/t/file 2>/dev/null || echo denied; ls /srv/t/dir 2>/dev/null || echo denied")"
	for what in fifo device socket; do
		mounts "$(entry mask /srv/t/$what)"
		log_in "stat -c %F /srv/t/$what"
		check_has "C-06 mask on a $what: hidden as a file, or refused" "$code $out" '^(0 regular empty file|4 .*)$'
	done
}

# ---- paths

# What libconfig and the checks of the policy let through, and the kernel must not. Wrong forms: 78-policy-files.sh.
test_magic_links() {
	local path

	make_targets
	for path in /proc/self/root/srv/t/dir /proc/1/cwd/srv /proc/self/fd/0 /proc/thread-self/root/srv; do
		mounts "$(entry tmpfs $path)"
		refused "C-10 tmpfs on $path" "$path.*symbolic link"
		mounts "{ type = \"bind\"; source = \"$path\"; path = \"/srv/t/dir\"; }"
		refused "C-10 bind of $path" "a symbolic link in its source .$path"
	done
	mkdir -p '/srv/t/a..b' '/srv/t/...'
	mounts "$(entry tmpfs '/srv/t/a..b'), $(entry tmpfs '/srv/t/...')"
	inside "C-10 dots that are part of a name are no mistake" $'tmpfs\ntmpfs' 'stat -f -c %T /srv/t/a..b /srv/t/...'
	for path in "$(printf '/%0.sx' {1..2100})" "/srv/$(printf 'x%0.s' {1..300})" '/srv/t/d\tir' '/srv/t/./dir' '/srv/t//dir' \
		/srv/t/dir/ srv/t/dir '' /srv/../srv/t; do
		mounts "{ type = \"bind\"; source = \"$path\"; path = \"/srv/t/dir\"; }"
		refused "C-10 bind of '${path:0:30}'" "source|escape|${path:0:30}"
	done
}

# ---- parents of the user

test_user_parents() {
	local kind place

	make_targets
	"${AS_ALICE[@]}" mkdir -p /home/alice/a/dir /tmp/of-alice/dir
	install -d -m 0755 /srv/t/mine /home/alice/roots /home/alice/roots/dir
	install -d -m 0777 /srv/t/everybodys /srv/t/everybodys/dir
	for place in /home/alice/a/dir /tmp/of-alice/dir /srv/t/everybodys/dir /home/alice/roots/dir; do
		for kind in mask readonly; do
			mounts "$(entry $kind $place)"
			refused "C-07, C-08 $kind on $place" "$place. could be moved away from outside of the session: .*(does not belong to root|can be written by others)"
		done
		mounts "{ type = \"bind\"; source = \"/srv/give\"; path = \"$place\"; read_only = true; }"
		refused "C-07, C-08 read_only bind on $place" "$place. could be moved away from outside of the session: "
	done
	# comforts may: the kernel lets them be moved and removed, as the manual says
	mounts "$(entry tmpfs /home/alice/a/dir)"
	inside "C-07 a tmpfs below a directory of the user moves away with it: a comfort" $'tmpfs\nno' \
		'stat -f -c %T /home/alice/a/dir' "$(as_alice 'mv /home/alice/a /home/alice/b')" \
		'stat -f -c %T /home/alice/b/dir | grep -qx tmpfs && echo no; mv /home/alice/b /home/alice/a'
	check "C-07: the manual says so" grep -q 'rename the directory above' "$HERE/../../man/nsunshare.conf.5"
	# where root is the owner, nobody may
	mounts "$(entry mask /srv/t/dir)"
	inside "C-07 the parent of a mask can not be renamed from inside" "no" "$(as_alice 'mv /srv/t /srv/u 2>/dev/null || echo no')"
	inside "C-08 a mask can not be removed from outside" "0" \
		"nsenter -t $$ -m setpriv --reuid=1501 rmdir /srv/t/dir 2>/dev/null; ls -A /srv/t/dir | wc -l"
	rm -rf /home/alice/{a,roots} /tmp/of-alice
}

# ---- instances

instance_refused() {
	refused "$1" "${2:-$INSTANCES}"
	rm -rf /var/lib/nsunshare
}

test_instance_places() {
	local mine=$INSTANCES/1501

	mkdir -p /srv/inst
	mounts '{ type = "instance"; path = "/srv/inst"; owner = "user"; mode = "0700"; }'
	rm -rf /var/lib/nsunshare
	inside "C-11 an instance is made with its parents, which are root's alone" \
		"$(printf '%s\n' '0:0 700 /var/lib/nsunshare/instances' "0:0 700 $mine" "1501:1501 700 $mine/srv-inst")" \
		"stat -c '%u:%g %a %n' $INSTANCES $mine $mine/srv-inst"
	for parent in $INSTANCES $mine; do
		log_in
		chmod 0777 "$parent"
		instance_refused "C-11 $parent is writable for others"
		log_in
		chown alice "$parent"
		instance_refused "C-11 $parent belongs to the user"
		mkdir -p "$(dirname "$parent")"
		chmod -R 0700 /var/lib/nsunshare
		ln -s /srv/t "$parent"
		instance_refused "C-11 $parent is a symbolic link"
		mkdir -p "$(dirname "$parent")"
		chmod -R 0700 /var/lib/nsunshare
		mkfifo "$parent"
		instance_refused "C-11 $parent is a FIFO"
	done
	for what in 'ln -s /etc' mkfifo touch; do
		log_in
		rm -rf $mine/srv-inst
		$what $mine/srv-inst
		instance_refused "C-11 $what in the place of the instance" "the directory of the instance on ./srv/inst.: "
	done
	chmod 0777 /var/lib
	instance_refused "C-12 instances below a directory that all may write" "/var/lib"
	chmod 1777 /var/lib
	instance_refused "C-12 instances below a sticky directory, as of cleaners by age" "/var/lib"
	chmod 0755 /var/lib
	log_in
	chmod 0750 $mine/srv-inst
	echo kept >$mine/srv-inst/file
	inside "C-11 an instance that is there keeps its mode and content" $'750\nkept' 'stat -c %a /srv/inst' 'cat /srv/inst/file'
	rm -rf /var/lib/nsunshare
}

test_instance_names() {
	local long

	mkdir -p /srv/inst/{a/b,a-b,A,a,'a\x2db'}
	mounts '{ type = "instance"; path = "/srv/inst/a/b"; }, { type = "instance"; path = "/srv/inst/a-b"; },
		{ type = "instance"; path = "/srv/inst/A"; }'
	inside "C-20 instances of paths that look alike are different ones" "b a-b A" \
		'for i in a/b a-b A; do echo "$i" >/srv/inst/$i/name; done; cd /srv/inst; echo $(basename $(cat a/b/name)) $(cat a-b/name A/name)'
	check_is "C-20 by their names" "$(find $INSTANCES/1501 -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd ' ')" 'srv-inst-A srv-inst-a-b srv-inst-a\x2db'
	mounts '{ type = "instance"; path = "/srv/inst/A"; }'
	out=$(pamprobe pt bob open run='ls -A /srv/inst/A | wc -l' close | grep -v :)
	check_is "C-20 another user's is another" "$out" 0
	long=/srv/inst$(printf '/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx%0.s' {1..9})
	mkdir -p "$long"
	mounts "{ type = \"instance\"; path = \"$long\"; }"
	refused "C-20 a name that is too long for a directory is not cut" "File name too long|too long"
	rm -rf /srv/inst /var/lib/nsunshare
}

# ---- sources

test_sources() {
	local source reason

	make_targets
	mkdir -p /srv/place
	"${AS_ALICE[@]}" mkdir -p /home/alice/proj /tmp/of-alice
	install -d -o bob /home/alice/of-bob /tmp/of-bob /tmp/of-bob/dir
	install -d -m 0777 /srv/t/everybodys /srv/t/everybodys/dir
	install -d -o bob -m 0755 /srv/t/of-bob /srv/t/of-bob/dir
	ln -s /root /home/alice/link
	while IFS='|' read -r source reason; do
		[ -n "$source" ] || continue
		mounts "{ type = \"bind\"; source = \"$source\"; path = \"/srv/place\"; }"
		refused "C-13 bind of $source" "bind on ./srv/place.*$source.*$reason|$reason.* .$source"
	done <<-'END'
		/home/alice/link|symbolic link
		/home/alice/of-bob|belong
		/tmp/of-bob|belong
		/tmp/of-bob/dir|belong
		/srv/t/of-bob/dir|belong
		/srv/t/everybodys/dir|written
	END
	for source in /home/alice/proj /tmp/of-alice /srv/give; do
		mounts "{ type = \"bind\"; source = \"$source\"; path = \"/srv/place\"; }"
		inside "C-13 bind of $source: the very directory" "$(stat -c %i $source)" 'stat -c %i /srv/place'
	done
	rm -rf /home/alice/{proj,of-bob,link} /tmp/of-*
}

# The tmpfs on /tmp is made first: what is given is below the host's, and what is given to is below the new one.
test_order() {
	make_targets
	mkdir -p /tmp/x /srv/place
	echo of-the-host >/tmp/x/file
	mounts "$(entry tmpfs /tmp), { type = \"bind\"; source = \"/tmp/x\"; path = \"/srv/place\"; },
		{ type = \"bind\"; source = \"/srv/give\"; path = \"/tmp/below/deep\"; }, $(entry tmpfs /tmp/below/other),
		$(entry tmpfs /srv/t), { type = \"bind\"; source = \"/srv/t/dir\"; path = \"/srv/give\"; }"
	inside "C-15 sources are the host's, also below an earlier mount" $'of-the-host\nsecret' 'cat /srv/place/file /srv/give/file'
	inside "C-15 targets below an earlier mount are made in it, as root's" $'given\ntmpfs\n0:0 755' 'cat /tmp/below/deep/file' \
		'stat -f -c %T /tmp/below/other' 'stat -c "%u:%g %a" /tmp/below'
	check_fails "C-15 and not on the host" test -e /tmp/below
	# what the plan has mounted below a source by then comes with it: no bind shows what a mask before it hides
	mounts "$(entry mask /srv/t/dir), { type = \"bind\"; source = \"/srv/t\"; path = \"/srv/place\"; }"
	inside "C-15 a bind behind a mask does not show what that hides" "0" 'ls -A /srv/place/dir | wc -l'
	rm -rf /tmp/x
}

# ---- read-only

test_read_only() {
	local kind flags wanted

	make_targets
	mkdir -p /srv/tree/sub/subsub
	mount -t tmpfs -o nosuid,noexec outer /srv/tree/sub
	mkdir -p /srv/tree/sub/subsub /srv/place
	mount -t tmpfs -o nodev,noatime inner /srv/tree/sub/subsub
	for kind in tree place; do
		if [ $kind = tree ]; then
			mounts "$(entry readonly /srv/tree)"
		else
			mounts "{ type = \"bind\"; source = \"/srv/tree\"; path = \"/srv/place\"; read_only = true; }"
		fi
		inside "C-16 $kind is read-only with what is mounted below it" $'no\nno\nno' \
			"for i in . sub sub/subsub; do touch /srv/$kind/\$i/y 2>/dev/null && echo yes || echo no; done"
		log_in "awk '\$5 ~ \"^/srv/$kind\" { f[\$5] = \$6 } END { for (i in f) print i, f[i] }' /proc/self/mountinfo"
		flags=$(sort <<<"$out")
		[ $kind = tree ] && wanted=$'/srv/tree ro,relatime\n/srv/tree/sub ro,nosuid,noexec,relatime\n/srv/tree/sub/subsub ro,nodev,noatime' ||
			wanted=$'/srv/place ro,nosuid,nodev,relatime\n/srv/place/sub ro,nosuid,nodev,noexec,relatime\n/srv/place/sub/subsub ro,nosuid,nodev,noatime'
		check_is "C-16 $kind: all flags are kept; a bind adds nosuid and nodev on all levels" "$flags" "$wanted"
	done
	mounts '{ type = "readonly"; path = "/srv/tree"; recursive = false; }'
	inside "C-16 recursive = false: only the place itself" $'no\nyes' \
		'for i in . sub; do touch /srv/tree/$i/y 2>/dev/null && echo yes || echo no; done'
	umount /srv/tree/sub/subsub /srv/tree/sub
	rm -rf /srv/tree
}

# All attributes are set before a mount can be seen: nothing of the old mount(2) way, which binds first and remounts then.
test_no_window() {
	local seen

	if [ "$VARIANT" = asan ]; then
		skip "C-17 attributes before the mount is attached" "the sanitizer and strace do not go together"
		return
	fi
	make_targets
	mkdir -p /srv/place
	mounts "{ type = \"bind\"; source = \"/srv/give\"; path = \"/srv/place\"; read_only = true; }, $(entry readonly /srv/t/dir)"
	seen=$(strace -f -qq -e signal=none -e trace=open_tree,mount_setattr,move_mount,mount,umount2 pamprobe pt alice open close 2>&1 |
		grep -E '(open_tree|mount_setattr|move_mount|mount|umount2)\(' | sed 's/^\[pid *[0-9]*\] //')
	check_hasnt "C-17 no mount is bound or remounted by mount(2), none taken off" "$seen" 'MS_BIND|MS_REMOUNT|^umount2'
	check_is "C-17 each tree that is cloned gets its attributes before it is attached" \
		"$(sed -n 's/^\(open_tree\|mount_setattr\|move_mount\)(.*/\1/p' <<<"$seen" | awk '
			/open_tree/ { cloned = 1; set = 0 } /mount_setattr/ { set = 1 }
			/move_mount/ { if (cloned && !set) bad++; n++; cloned = 0 } END { print (n >= 2), bad + 0 }')" "1 0"
}

build_tool pamprobe -lpam -lpthread
build_tool odd_file
test_targets
test_masks
test_magic_links
test_user_parents
test_instance_places
test_instance_names
test_sources
test_order
test_read_only
test_no_window
check_gone "paths: nothing is left"
finish
