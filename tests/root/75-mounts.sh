#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each kind of mount, each key of it, proc, propagation and expose, seen from inside a session; and that a user can not take them
# off. What may stand at their places: 77-paths.sh.
# Holds G17.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/session.inc"

readonly INSTANCES=/var/lib/nsunshare/instances
readonly THROW_AWAY=/var/lib/nsunshare/sessions
readonly SEEN=/var/seen # a place that sessions and host share, and alice may write
# hold STEP...: a session stays open until let_go.
hold() {
	rm -f $SEEN/ready $SEEN/go
	pamprobe pt alice open "$@" run="touch $SEEN/ready; while [ ! -e $SEEN/go ]; do sleep 0.05; done" "${later[@]}" close >"$OUTPUT" 2>&1 </dev/null &
	held=$!
	later=()
	wait_until 100 test -e $SEEN/ready
}

let_go() {
	touch $SEEN/go
	wait "$held"
}

make_places() {
	rm -rf /srv/t /srv/give /srv/place
	mkdir -p /srv/t/dir /srv/t/ro /srv/give/below /srv/place
	chmod 0777 /srv/t/ro
	echo secret >/srv/t/dir/secret
	echo secret >/srv/t/file
	echo given >/srv/give/file
}

# The flags and options of what is mounted on a path.
flags_of() {
	echo "awk '\$5 == \"$1\" { line = \$6 \" \" \$NF } END { print line }' /proc/self/mountinfo"
}

test_tmpfs() {
	make_places
	mounts '{ type = "tmpfs"; path = "/srv/place"; size = "2M"; inodes = 77; mode = "0750"; owner = "user"; noexec = true; },
		{ type = "tmpfs"; path = "/srv/none"; optional = true; }, { type = "tmpfs"; path = "/srv/t"; size = "1%"; }'
	inside "tmpfs: size, inodes, mode, owner, noexec" $'2097152 77\n750 1501:1501\n1\nno' \
		'echo $(($(stat -f -c "%b * %S" /srv/place))) $(stat -f -c %c /srv/place)' 'stat -c "%a %u:%g" /srv/place' \
		"$(flags_of /srv/place) | grep -c nosuid,nodev,noexec" 'test -e /srv/none || echo no'
	inside "tmpfs: size in percent, and the values of old" $'yes\n1777 0:0 65536' \
		"$(flags_of /srv/t) | grep -Eq 'size=[1-9]' && echo yes" 'stat -c "%a %u:%g" /srv/t | tr "\n" " "; stat -f -c %c /srv/t'
}

test_instance() {
	make_places
	rm -rf /var/lib/nsunshare
	mounts '{ type = "instance"; path = "/srv/place"; mode = "0700"; owner = "user"; noexec = true; }'
	inside "instance: made with mode and owner; nosuid, nodev, noexec" $'700 1501:1501\n1' \
		"stat -c '%a %u:%g' /srv/place; $(as_alice 'echo kept >/srv/place/file')" "$(flags_of /srv/place) | grep -c nosuid,nodev,noexec"
	inside "instance: the next session has the same" kept 'cat /srv/place/file'
	check_is "instance: on disk" "$(cat $INSTANCES/1501/srv-place/file)" kept
	check_fails "instance: not at its path on the host" test -e /srv/place/file
	check_fails "instance: the user outside can not get at it" "${AS_ALICE[@]}" ls $INSTANCES/1501
	user=bob inside "instance: another user has his own" 0 'ls -A /srv/place | wc -l'
	mounts '{ type = "instance"; path = "/srv/place"; }'
	rm -rf /var/lib/nsunshare
	inside "instance: mode 1777 of root where nothing is said" "1777 0:0" "stat -c '%a %u:%g' /srv/place"

	namespace=pid mounts '{ type = "instance"; path = "/srv/place"; owner = "user"; remove = "logout"; }'
	rm -rf /var/lib/nsunshare
	inside "instance, remove = \"logout\": empty" 0 'ls -A /srv/place | wc -l; mkdir -p /srv/place/a/b/c; echo x >/srv/place/a/b/c/d'
	wait_until 20 no_pid1
	inside "instance, remove = \"logout\": empty each time" 0 'ls -A /srv/place | wc -l'
	wait_until 20 no_pid1
	check_is "instance, remove = \"logout\": nothing is left on disk" "$(find $THROW_AWAY $INSTANCES -mindepth 1 2>/dev/null)" ""
	hold run='mkdir /srv/place/x'
	check_isnt "instance, remove = \"logout\": there while the session is (control)" "$(find $THROW_AWAY -name x)" ""
	kill -KILL "$held"
	wait "$held" 2>/dev/null
	wait_until 20 no_pid1
	check_is "instance, remove = \"logout\": gone too when the opener is killed" "$(find $THROW_AWAY -mindepth 1 2>/dev/null)" ""
	make_places
	cat >/srv/give/fill <<-'END'
		cd /srv/place; ln -s /srv/t link; ln -s /srv/t/dir dir; mkdir -p a/b c; ln -s /srv/t a/b/link; touch a/b/file c/file
		chmod 000 a/b a c; mkdir deep; cd deep; for i in $(seq 1500); do mkdir x && cd x || exit; done; ln -s /srv/t link; echo is filled
	END
	inside "instance, remove = \"logout\": filled by a hostile user" "is filled" "$(as_alice 'sh /srv/give/fill')"
	wait_until 30 no_pid1
	check_is "instance, remove = \"logout\": all of that is gone, by no link" \
		"$(find $THROW_AWAY -mindepth 1 2>/dev/null | head -3) $(cat /srv/t/dir/secret /srv/t/file | paste -sd ' ')" " secret secret"
	mounts '{ type = "instance"; path = "/srv/place"; remove = "logout"; }'
	refused "instance, remove = \"logout\" without the pid namespace" "pid"
	rm -rf /var/lib/nsunshare
}

test_bind() {
	make_places
	mount -t tmpfs below /srv/give/below
	echo deep >/srv/give/below/file
	mounts '{ type = "bind"; source = "/srv/give"; path = "/srv/place"; noexec = true; },
		{ type = "bind"; source = "/srv/none"; path = "/srv/t"; optional = true; }'
	inside "bind: another place, with what is mounted below; nosuid, nodev, noexec on all" $'given\ndeep\n2\nsecret' \
		'cat /srv/place/file' 'cat /srv/place/below/file' \
		'awk '\''$5 ~ "^/srv/place" && $6 ~ "nosuid,nodev,noexec"'\'' /proc/self/mountinfo | wc -l' 'cat /srv/t/dir/secret'
	inside "bind: may be written" yes 'touch /srv/place/new && echo yes'
	check "bind: and what is written is in the source" test -e /srv/give/new
	mounts '{ type = "bind"; source = "/srv/give"; path = "/srv/place"; read_only = true; }'
	inside "bind, read_only: on all levels" $'no\nno' 'touch /srv/place/x 2>/dev/null || echo no' 'touch /srv/place/below/x 2>/dev/null || echo no'
	mounts '{ type = "bind"; source = "/srv/give/file"; path = "/srv/t/file"; }'
	inside "bind: a file over a file" given 'cat /srv/t/file'
	umount /srv/give/below
}

test_readonly() {
	make_places
	mounts '{ type = "readonly"; path = "/srv/t"; }, { type = "readonly"; path = "/srv/none"; optional = true; }'
	inside "readonly: nothing can be written, by root neither" $'secret\nno\nno' 'cat /srv/t/dir/secret' 'touch /srv/t/x 2>/dev/null || echo no' \
		"$(as_alice 'touch /srv/t/ro/x 2>/dev/null || echo no')"
	check "readonly: on the host it can (control)" "${AS_ALICE[@]}" touch /srv/t/ro/x
}

test_mask() {
	make_places
	mounts '{ type = "mask"; path = "/srv/t/dir"; }, { type = "mask"; path = "/srv/t/file"; }, { type = "mask"; path = "/srv/none"; optional = true; }'
	inside "mask: a directory and a file that nobody can read or fill" $'denied\ndenied\nno' \
		"$(as_alice 'ls /srv/t/dir 2>/dev/null || echo denied')" "$(as_alice 'cat /srv/t/file 2>/dev/null || echo denied')" \
		'touch /srv/t/dir/x 2>/dev/null || echo no; cat /srv/t/file'
	check_is "mask: the host has both" "$(cat /srv/t/dir/secret /srv/t/file)" $'secret\nsecret'
}

# C-72, C-77: uncover.c, by the user in namespaces of his own, then by real root as the control.
test_uncover() {
	local seen

	make_places
	cp /usr/local/bin/uncover /srv/give/
	policy_for_users 'base = "default"; extra_mounts = ( { type = "mask"; path = "/srv/t/dir"; }, { type = "mask"; path = "/srv/t/file"; },
		{ type = "readonly"; path = "/srv/t/ro"; } ); proc = { hidepid = "invisible"; };'
	log_in "$(as_alice '/srv/give/uncover /srv/t')"
	seen=$out
	if grep -q 'not tried' <<<"$seen"; then
		skip "C-72 masks from a user namespace of the user's" "this machine gives users none"
	else
		check_is "C-72, C-74, C-77: all ways were tried in a user namespace" "$(grep -vc REVEALED <<<"$seen")" 45
		check_is "C-72, C-74, C-77: none of them reveals or changes anything" "$(grep -E 'REVEALED' <<<"$seen")" ""
		check_is "C-72, C-73, C-74, C-77: what the kernel lets through shows nothing" "$(grep -E ': done' <<<"$seen")" \
			"$(printf '%s: done\n' rbind 'rbind and umount -l of all' 'open_tree recursive' 'open_tree dissolved')"
	fi
	log_in '/srv/give/uncover /srv/t'
	check "C-76 root in the session can take them off (control, and as the manual says)" test "$(grep -c REVEALED <<<"$out")" -ge 10
	rm -rf /srv/renamed # root may do that too
	make_places
	cp /usr/local/bin/uncover /srv/give/
	mounts '{ type = "tmpfs"; path = "/srv/place"; }'
	log_in "$(as_alice '/srv/give/uncover /srv/t')"
	check_has "C-72 without a mask it is seen (control)" "$out" 'REVEALED'
}

test_proc() {
	local keys

	policy_for_users 'base = "default";'
	inside "proc: all processes of the session, with hidepid off" $'1\nnsunshare-init' 'ls -d /proc/1 | wc -l' "$(as_alice 'cat /proc/1/comm')"
	policy_for_users 'base = "default"; proc = { hidepid = "noaccess"; };'
	inside "proc, hidepid = \"noaccess\": others' are there but closed" $'1\nno' 'ls -d /proc/1 | wc -l' "$(as_alice 'cat /proc/1/cmdline 2>/dev/null || echo no')"
	for keys in invisible ptraceable; do
		policy_for_users "base = \"default\"; proc = { hidepid = \"$keys\"; };"
		inside "C-67 proc, hidepid = \"$keys\": others' are not there" $'no\nyes' "$(as_alice 'ls -d /proc/1 2>/dev/null || echo no')" \
			"$(as_alice 'test -e /proc/$$ && echo yes')"
	done
	policy_for_users 'base = "default"; proc = { subset = "pid"; };'
	inside "proc, subset = \"pid\": processes alone" $'no\nyes' 'test -e /proc/meminfo || echo no' 'test -e /proc/self && echo yes'
	mkdir -p /srv/proc
	policy_for_users 'base = "default"; proc = { path = "/srv/proc"; subset = "all"; hidepid = "off"; };'
	inside "proc, path: mounted there" $'nsunshare-init\nproc' 'cat /srv/proc/1/comm' 'stat -f -c %T /srv/proc'
	policy_for_users 'base = "default"; namespaces = [ "mount", "ipc", "uts" ]; proc = { hidepid = "invisible"; };'
	log_in true
	check_is "proc: without the pid namespace there is none of ours" "$code" 4
	rmdir /srv/proc
}

# What is hidden in /proc stays hidden from who mounts another one, in a pid namespace of his own.
test_masks_in_proc() {
	local fresh='unshare -Urpf --mount-proc true 2>/dev/null && echo mounted || echo not'

	if ! "${AS_ALICE[@]}" unshare -Urpf true 2>/dev/null; then
		skip "C-77 a fresh proc where a part is masked" "users get no user namespaces here"
		return
	fi
	policy_for_users 'base = "default";'
	inside "C-77 a fresh proc of the user where nothing is masked (control)" mounted "$(as_alice "$fresh")"
	policy_for_users 'base = "default"; extra_mounts = ( { type = "mask"; path = "/proc/kallsyms"; }, { type = "mask"; path = "/proc/fs"; },
		{ type = "readonly"; path = "/proc/sys"; } );'
	inside "C-77 masks in /proc: of the session's own" $'0\n0\nno' 'wc -c </proc/kallsyms' 'ls /proc/fs | wc -l' \
		'echo x 2>/dev/null >/proc/sys/kernel/domainname || echo no'
	inside "C-77 a fresh proc of the user where a part is masked" not "$(as_alice "$fresh")"
}

# The kernel lets no new proc be mounted where parts of the old one are hidden: containers of the user need a whole one.
test_nestable() {
	local bwrap='bwrap --ro-bind / / --proc /proc --unshare-pid --unshare-user cat /proc/self/comm'

	if ! command -v bwrap >/dev/null || ! "${AS_ALICE[@]}" sh -c "$bwrap" >/dev/null 2>&1; then
		skip "C-77 bwrap in a session mounts its own proc" "there is no bwrap, or users may not use it here"
		return
	fi
	policy_for_users 'base = "default";'
	inside "C-77 bwrap in a session mounts its own proc" cat "$(as_alice "$bwrap")"
	policy_for_users 'base = "default"; proc = { subset = "pid"; };'
	inside "C-77 subset = \"pid\": it can not" no "$(as_alice "$bwrap 2>/dev/null || echo no")"
}

test_propagation() {
	local kind wanted above keys

	make_places
	mkdir -p /srv/over/dir
	echo secret >/srv/over/dir/secret
	for kind in private slave; do
		# C-88: a later mount on the mask, and one on what is above it
		mounts '{ type = "mask"; path = "/srv/t/dir"; }' "propagation = \"$kind\";"
		later=("run=cat /srv/t/dir/secret 2>/dev/null || echo hidden" "run=ls -A /srv/t/dir 2>/dev/null | wc -l")
		hold
		mount --bind /srv/over/dir /srv/t/dir
		let_go
		check_is "C-88 propagation $kind: a later mount of the host on the mask is not seen" "$(grep -v : "$OUTPUT")" $'hidden\n0'
		umount /srv/t/dir
		mkdir -p /root/new/t/dir
		cp /srv/over/dir/secret /root/new/t/dir
		for above in /srv/t /srv; do
			later=("run=cat /srv/t/dir/secret 2>/dev/null || echo hidden" "run=cat /srv/dir/secret 2>/dev/null || echo hidden")
			hold
			if [ $above = /srv ]; then
				mount --bind /root/new /srv
			else
				mount --bind /root/new/t /srv/t
			fi
			check_is "C-88 propagation $kind: the mount on $above is there (control)" "$(cat /srv/t/dir/secret)" secret
			let_go
			umount -l $above
			check_is "C-88 propagation $kind: nor does one on $above uncover it" "$(grep -v : "$OUTPUT" | sort -u)" hidden
		done
		rm -rf /root/new
	done
	for kind in shared unchanged; do
		policy_for_users "namespaces = [ \"mount\", \"uts\" ]; propagation = \"$kind\";"
		log_in 'mkdir -p /srv/place; mount -t tmpfs from-session /srv/place'
		[ $kind = shared ] && wanted=1 || wanted=$(grep -c ' shared:' <<<"$(awk '$5 == "/"' /proc/self/mountinfo)")
		check_is "propagation $kind: a mount of the session is seen on the host" "$code $(grep -c from-session /proc/self/mountinfo)" "0 $wanted"
		umount /srv/place 2>/dev/null
		for keys in 'mounts = ( { type = "tmpfs"; path = "/tmp"; } );' 'namespaces = [ "mount", "pid" ];' 'namespaces = [ "mount", "ipc" ];' \
			'namespaces = [ "mount", "uts" ]; hostname = "x";' 'expose = [ "/tmp/x" ];'; do
			[[ $keys == namespaces* ]] || keys="namespaces = [ \"mount\" ]; $keys"
			policy_for_users "$keys propagation = \"$kind\";"
			refused "propagation $kind with a mount ($keys)" "propagation"
		done
	done
	rm -rf /srv/over
}

# While sessions of all kinds of mounts are open and when they are gone, the host's table is the same.
test_leaks() {
	local kind before

	make_places
	for kind in private slave; do
		policy_for_users "base = \"default\"; propagation = \"$kind\"; extra_mounts = ( { type = \"instance\"; path = \"/srv/place\"; },
			{ type = \"bind\"; source = \"/srv/give\"; path = \"/srv/t/ro\"; }, { type = \"readonly\"; path = \"/srv/give\"; },
			{ type = \"mask\"; path = \"/srv/t/dir\"; } ); expose = [ \"/tmp/exposed\" ];"
		mkdir -p /tmp/exposed
		before=$(</proc/self/mountinfo)
		hold
		check "C-89 propagation $kind: the session is there (control)" pid1s
		check_is "C-89 propagation $kind: the host's table of mounts while it is open is byte for byte as before" "$(</proc/self/mountinfo)" "$before"
		let_go
		wait_until 20 no_pid1
		check_is "C-89 propagation $kind: and after it" "$(</proc/self/mountinfo)" "$before"
	done
	rm -rf /tmp/exposed /var/lib/nsunshare
}

# Old mounts of queues show those of the host, whatever namespace one is in.
test_ipc() {
	local queues='ls /dev/mqueue /dev/shm | grep -c of-the-host'

	touch /dev/mqueue/of-the-host /dev/shm/of-the-host
	policy_for_users 'base = "default";'
	inside "C-81 queues and shared memory of the host are not seen" 0 "$queues"
	inside "C-81 nor can they be opened" no 'cat /dev/mqueue/of-the-host 2>/dev/null || echo no'
	policy_for_users 'namespaces = [ "mount" ];'
	inside "C-81 without the ipc namespace they are (control)" 2 "$queues"
	rm /dev/mqueue/of-the-host /dev/shm/of-the-host
}

test_setuid() {
	local places='/srv/place /srv/t /srv/give /tmp /tmp/exposed /dev/shm /var/tmp' place

	make_places
	mkdir -p /tmp/exposed /srv/source
	mount -t tmpfs -o suid,dev with-setuid /srv/source
	policy_for_users 'base = "default"; extra_mounts = ( { type = "instance"; path = "/srv/place"; },
		{ type = "bind"; source = "/srv/source"; path = "/srv/t"; }, { type = "tmpfs"; path = "/srv/give"; mode = "0777"; } ); expose = [ "/tmp/exposed" ];'
	# made by root, run by alice
	log_in "for i in $places; do cp /usr/bin/id \$i/id; chmod 4755 \$i/id; mknod -m 0666 \$i/null c 1 3; done" \
		"$(as_alice "for i in $places; do echo \$i \$(\$i/id -u) \$(echo x 2>/dev/null >\$i/null && echo device || echo none); done")"
	check_is "C-84 no setuid program and no device works on any kind of mount" "$out" \
		"$(for place in $places; do echo "$place 1501 none"; done)"
	umount /srv/source
	rm -rf /srv/source /tmp/exposed /var/lib/nsunshare /srv/t
}

# pkexec would name its caller to polkit by the number that he has inside, which is another's outside (C-87).
test_pkexec() {
	local had=''

	[ ! -e /usr/bin/pkexec ] || { mv /usr/bin/pkexec /usr/bin/pkexec.kept && had=yes; }
	install -m 4755 /usr/bin/id /usr/bin/pkexec
	policy_for_users 'namespaces = [ "mount" ];'
	inside "C-87 pkexec, without a pid namespace: as it is (control)" 0 "$(as_alice 'pkexec -u')"
	policy_for_users 'namespaces = [ "mount", "pid" ];'
	inside "C-87 pkexec, with one: gives nothing" 1501 "$(as_alice 'pkexec -u')"
	policy_for_users 'namespaces = [ "mount", "pid" ]; mounts = ( { type = "mask"; path = "/usr/bin/pkexec"; } );'
	inside "C-87 pkexec: what the policy puts there counts" refused "$(as_alice 'pkexec -u 2>/dev/null || echo refused')"
	rm /usr/bin/pkexec
	policy_for_users 'namespaces = [ "mount", "pid" ];'
	inside "C-87 pkexec: a host needs none" 1501 "$(as_alice 'id -u')"
	install -m 4755 /usr/bin/id /usr/local/bin/real-pkexec
	ln -s /usr/local/bin/real-pkexec /usr/bin/pkexec
	inside "C-87 pkexec: where it is a link, what that leads to gives nothing" 1501 "$(as_alice 'pkexec -u')"
	ln -sf /nowhere /usr/bin/pkexec
	inside "C-87 pkexec: a link that leads nowhere refuses nobody" 1501 "$(as_alice 'id -u')"
	ln -sf pkexec /usr/bin/pkexec
	inside "C-87 pkexec: nor does one that leads to itself" 1501 "$(as_alice 'id -u')"
	rm /usr/bin/pkexec /usr/local/bin/real-pkexec
	mkdir /usr/bin/pkexec
	inside "C-87 pkexec: nor a directory" 1501 "$(as_alice 'id -u')"
	rmdir /usr/bin/pkexec
	install -m 4755 /usr/bin/id /usr/bin/pkexec
	chmod g+w /usr/bin
	inside "C-87 pkexec: nor a directory above that others may write" 1501 "$(as_alice 'pkexec -u')"
	chmod g-w /usr/bin
	rm /usr/bin/pkexec
	[ -z "$had" ] || mv /usr/bin/pkexec.kept /usr/bin/pkexec
}

test_expose() {
	make_places
	mkdir -p /tmp/.X11-unix /tmp/of-%u
	mkdir -p /tmp/of-alice
	echo exposed | tee /tmp/.X11-unix/file /tmp/of-alice/file /tmp/file >/dev/null
	mkfifo /tmp/fifo
	ln -s /root /tmp/link
	odd_file socket /tmp/socket
	policy_for_users 'base = "default"; expose = [ "/tmp/.X11-unix", "/tmp/of-%u", "/tmp/file", "/tmp/socket", "/tmp/link", "/tmp/link/x", "/tmp/fifo", "/tmp/none" ];'
	inside "expose: directories, files and sockets come through the private mount; links, FIFOs and what is missing do not" \
		$'exposed\nexposed\nexposed\n.X11-unix file of-alice socket' \
		'cat /tmp/.X11-unix/file' 'cat /tmp/of-alice/file' 'cat /tmp/file' 'ls -A /tmp | sort | paste -sd " "'
	policy_for_users 'base = "default"; expose = "/tmp/file";'
	log_in 'ls -A /tmp'
	check_is "expose: one path as a string, or refused" "$code$out" "0file"
	policy_for_users 'base = "default"; expose = [ "/tmp/.X11-unix" ];' 'expose = [ "/tmp/file" ];'
	inside "expose: that of the rule replaces that of the profile" file 'ls -A /tmp'
	make_places
	policy_for_users 'base = "default"; expose = [ "/srv/t" ];
		extra_mounts = ( { type = "tmpfs"; path = "/srv"; mode = "0755"; }, { type = "mask"; path = "/srv/t/dir"; } );'
	refused "expose of what is above a mask" "key 'expose': ./srv/t. would cover the mask on ./srv/t/dir."
	policy_for_users 'base = "default"; expose = [ "/tmp" ];'
	refused "expose of a private directory itself" "/tmp. would undo the mount on that path"
	rm -rf /tmp/{.X11-unix,of-*,file,fifo,link,socket}
}

build_tool pamprobe -lpam -lpthread
build_tool odd_file
build_tool uncover
install -d -m 1777 $SEEN
later=()
test_tmpfs
test_instance
test_bind
test_readonly
test_mask
test_uncover
test_proc
test_masks_in_proc
test_nestable
test_propagation
test_leaks
test_ipc
test_setuid
test_pkexec
test_expose
check_gone "mounts: nothing is left"
rm -rf $SEEN
finish
