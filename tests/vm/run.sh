#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh [guest|plain|deb [NN-name]...]: boot the guest under software emulation, with systemd (guest), without (plain), or with
# systemd, the Debian package and nothing of ours but that (deb), and run these tests in it, or all of that kind, or all of
# them; print what they print and a line "N passed, N failed".
#
# NSU_VM_SECONDS (3000) is the time limit of one boot with its tests, NSU_VM_TEST_SECONDS (600) of one test.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
vm=${NSU_VM_DIR:-$top/build/vm}
seconds=${NSU_VM_SECONDS:-3000}
variant=${VARIANT:-release}
passed=0 failed=0 skipped=0

cannot() {
	echo "run.sh: $1" >&2
	exit 1
}

# The programs that tests of this kind ask for with build_tool are built here: the guest has no compiler.
build_tools() {
	local name flags tools

	mkdir -p "$work/folder/tools/include"
	tools=$(realpath "$work/folder/tools")
	"$top/tests/root/syscall-names.sh" >"$tools/include/syscall_names.inc" || return 1
	cat "$here/$1"/*.sh "$here"/*.inc | sed -n 's/^build_tool \([a-z_]*\)\(.*\)/\1\2/p' | sort -u | while cd "$top/tests/root" && read -r name flags; do
		# shellcheck disable=SC2086 # a list of flags, and of files of tests/root
		gcc -std=gnu11 -D_GNU_SOURCE -O1 -Wall -Wextra -I"$tools/include" -o "$tools/$name" "$name.c" $flags || exit 1
	done
}

# /test of the guest: the tests, and what is tested.
make_folder() {
	local kind=$1
	shift

	mkdir "$work/folder"
	cp -a "$top/tests" "$work/folder/tests"
	echo "$kind" >"$work/folder/kind"
	if [ "$kind" = deb ]; then
		add_packages
	else
		add_stage
	fi
	build_tools "$kind" || cannot "a program of the tests does not compile"
	printf '%s\n' "$@" >"$work/folder/wanted"
	echo "${NSU_VM_TEST_SECONDS:-600}" >"$work/folder/seconds"
	truncate -s 256M "$work/folder.img"
	mke2fs -q -t ext4 -O ^has_journal -d "$work/folder" "$work/folder.img" || cannot "mke2fs failed"
}

# What `make install` lays down.
add_stage() {
	make -s -C "$top" VARIANT="$variant" DESTDIR="$work/folder/stage" install >"$work/install.log" 2>&1 || {
		cat "$work/install.log" >&2
		cannot "make install failed"
	}
}

# new.deb is what `make deb` has built; old.deb the same as an earlier version, to be upgraded. And the pages whose commands are run.
add_packages() {
	local package
	package=$(ls "$top"/build/deb/libpam-nsunshare_*.deb 2>/dev/null) || cannot "there is no package in build/deb: make deb"
	cp "$package" "$work/folder/new.deb"
	dpkg-deb -R "$package" "$work/old"
	sed -i 's/^\(Version: .*\)$/\1~before/' "$work/old/DEBIAN/control"
	dpkg-deb --root-owner-group -Zgzip -b "$work/old" "$work/folder/old.deb" >/dev/null || cannot "dpkg-deb failed"
	make_other_old
	mke2fs -q -t ext4 -O ^has_journal "$work/folder/stick.img" 4M || cannot "mke2fs failed"
	cp -a "$top/docs" "$top/packaging/debian" "$work/folder/"
}

# older.deb: as old.deb, but its programs are of another version too, as if the fields of all that they say to one another had
# changed: each kind of message has a number that says so (lib/wire.c, lib/set.c), here another one.
make_other_old() {
	local programs number

	programs=$(grep -rlaF 'pam_nsunshare version ' "$work/old" --exclude-dir=DEBIAN)
	for number in AL4PNUSN SN4ANUSN OL1HNUSN TS2SNUSN; do
		grep -qaF $number "$work"/old/usr/libexec/nsunshare/nsunshare-init || cannot "the helper says no $number: lib/wire.c, lib/set.c"
	done
	# shellcheck disable=SC2086 # a list
	sed -i 's/AL4PNUSN/AL9PNUSN/g; s/SN4ANUSN/SN9ANUSN/g; s/OL1HNUSN/OL9HNUSN/g; s/TS2SNUSN/TS9SNUSN/g
		s/pam_nsunshare version [0-9.]*/pam_nsunshare version 0.0.9/' $programs
	sed -i 's/^Version: .*$/Version: 0.0.9-1/' "$work/old/DEBIAN/control"
	dpkg-deb --root-owner-group -Zgzip -b "$work/old" "$work/folder/older.deb" >/dev/null || cannot "dpkg-deb failed"
}

# The root image is never written: what changes is in a file of $work that is gone afterwards. norandmaps makes fork and exec
# twice to five times as quick under emulation. Never -accel kvm: on some machines /dev/kvm opens and then hangs.
boot() {
	local kind=$1 line="console=ttyS0 root=/dev/nvme0n1 rootwait rw norandmaps quiet ${NSU_VM_KERNEL_LINE:-}"

	[ "$kind" != plain ] || line+=' init=/sbin/plain-init'
	TMPDIR=$work exec timeout -k 5 "$seconds" qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 \
		-display none -monitor none -nic none -kernel "$vm/vmlinuz" -append "$line" \
		-drive "if=none,id=root,format=raw,file=$vm/root.img,snapshot=on" \
		-drive "if=none,id=folder,format=raw,file=$work/folder.img" -device nvme,serial=disks -device nvme-ns,drive=root,nsid=1 \
		-device nvme-ns,drive=folder,nsid=2 \
		-serial "file:$work/console" -serial stdio </dev/null 2>"$work/qemu.log"
}

end_of_test() {
	local name=$1 code=$2 took=$3

	case $code in
	0 | 88) ;; # 88: it goes on after the guest was started again
	77) skipped=$((skipped + 1)) ;;
	*)
		if [ "$n_failed" = 0 ]; then
			failed=$((failed + 1))
			echo "not ok - $name: exit status $code"
			[ "$code" != 124 ] || echo "# (the time limit)"
		fi
		;;
	esac
	if [ "$code" = 0 ] && [ "$n_checks" = 0 ]; then
		failed=$((failed + 1))
		echo "not ok - $name: has checked nothing"
	fi
	echo "# $name: $took s"
}

# What comes on the second serial port. Sets $up and $finished, the seconds since the guest's start.
follow() {
	local line word name code took

	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		'= '*)
			read -r _ word name code took <<<"$line"
			case $word in
			up) up=$code && echo "# Linux $name, up after $code s" ;;
			reboot) echo "# the guest is started again" ;;
			begin) n_checks=0 n_failed=0 && echo "# $name" ;;
			end) end_of_test "$name" "$code" "$took" ;;
			done) finished=$name ;;
			esac
			continue
			;;
		'ok - '*' # SKIP '*) skipped=$((skipped + 1)) n_checks=$((n_checks + 1)) ;;
		'ok - '*) passed=$((passed + 1)) n_checks=$((n_checks + 1)) ;;
		'not ok - '*) failed=$((failed + 1)) n_failed=$((n_failed + 1)) n_checks=$((n_checks + 1)) ;;
		esac
		printf '%s\n' "$line"
	done
}

# Results stay in build/vm/results/KIND: what each test printed, the kernel's messages, the journal or syslog, the console.
keep_results() {
	local to=$vm/results/$1

	rm -rf "$to"
	mkdir -p "$to"
	debugfs -R "rdump /results $work" "$work/folder.img" >/dev/null 2>&1
	cp -r "$work"/results/. "$to" 2>/dev/null
	cp "$work/console" "$work/qemu.log" "$to" 2>/dev/null
}

run_kind() {
	local kind=$1 began=$SECONDS
	shift

	up='' finished='' n_checks=0 n_failed=0
	work=$(mktemp -d "$vm/running.XXXXXX") || exit 1
	make_folder "$kind" "$@"
	echo "# booting the guest, $kind: $*"
	exec 3< <(boot "$kind")
	machine=$!
	follow <&3
	exec 3<&-
	machine=''
	keep_results "$kind"
	if [ -z "$finished" ]; then
		failed=$((failed + 1))
		echo "not ok - the guest $([ -z "$up" ] && echo 'comes up' || echo 'ends by itself') within $seconds s; the console's last lines:"
		tail -n 25 "$work/console" | tr -d '\r' | sed 's/^/# /'
		sed 's/^/# qemu: /' "$work/qemu.log"
		echo "# NSU_VM_KERNEL_LINE='loglevel=7 systemd.show_status=1' has it say more"
	fi
	echo "# $kind: $((SECONDS - began)) s"
	rm -rf "$work"
}

# Also of a run that is interrupted.
end() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null
	[ -z "$work" ] || rm -rf "$work"
}

names_of() {
	basename -as .sh "$here/$1"/[0-9]*.sh
}

# run_wanted KIND [NN-name]...
run_wanted() {
	local kind=$1 name names
	shift

	mapfile -t names < <([ $# = 0 ] && names_of "$kind" || printf '%s\n' "$@")
	for name in "${names[@]}"; do
		[ -x "$here/$kind/$name.sh" ] || cannot "there is no test tests/vm/$kind/$name.sh"
	done
	run_kind "$kind" "${names[@]}"
}

[ "$(id -u)" = 0 ] || cannot "must be run as root"
command -v qemu-system-x86_64 >/dev/null || cannot "qemu-system-x86_64 is missing: tests/install-deps.sh vm"
work='' machine=''
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$here/image.sh" || exit 1
case ${1:-all} in
all)
	run_wanted guest
	run_wanted plain
	run_wanted deb
	;;
guest | plain | deb) run_wanted "$@" ;;
*) cannot "usage: run.sh [guest|plain|deb [NN-name]...]" ;;
esac
if ((skipped > 0)); then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
((failed == 0 && passed > 0))
