#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# image.sh: build the guest of the tests into build/vm (or $NSU_VM_DIR): root.img and vmlinuz, of this machine's own Debian
# release, by this machine's own package sources. Built again only when something has changed that it is built from.
#
# The programs under test are built on this machine and run in the guest: so the guest has this machine's release.
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "$0")" && pwd)
vm=${NSU_VM_DIR:-$(cd "$here/../.." && pwd)/build/vm}
readonly KERNEL=linux-image-cloud-amd64 # NVMe and ext4 are built into it: it boots without an initramfs
readonly IMAGE_SIZE=2G                  # sparse
readonly BUILD_SECONDS=600
readonly PACKAGES=(systemd systemd-sysv dbus dbus-user-session libpam-systemd openssh-server openssh-client sudo cron at
	util-linux login passwd libconfig9 libsmartcols1 libmnl0 libcap2 libcap2-bin libseccomp2 libsystemd0 iproute2 iputils-ping
	procps psmisc strace pamtester bash busybox kmod udev tmux nftables
	autofs polkitd pkexec)

cannot() {
	echo "image.sh: $1" >&2
	exit 1
}

# The files with this machine's package sources for the release: other releases and sources of other makers are left out.
sources_of() {
	grep -lsE "(^|[^a-z])$1([^a-z]|\$)" /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources || true
}

# What the image depends on. The day a package came out is not in it: `rm -r build/vm` fetches the newest.
key_of_inputs() {
	cat "$here/image.sh" "$here/in-image.sh" "${sources[@]}" | sha256sum
}

# How this machine reaches its package sources: proxies, and whether it looks at their dates.
ways_of_apt() {
	apt-config dump | grep -E '^Acquire::(https?|Check-[A-Za-z-]*|Retries)(::| )' || true
}

build_root() {
	ways_of_apt >"$work/apt.conf"
	# shellcheck disable=SC2016 # the hooks are for mmdebstrap's shell
	timeout $BUILD_SECONDS mmdebstrap --quiet --mode=root --variant=apt --include="${PACKAGES[*]}" \
		--aptopt="$work/apt.conf" \
		--customize-hook="'$here/image.sh' --kernel-into \"\$1\"" \
		--customize-hook="copy-in '$here/in-image.sh' /root" \
		--customize-hook='chroot "$1" /root/in-image.sh' \
		"$release" "$work/root" "${sources[@]}"
}

# As a hook of mmdebstrap, in its environment: the kernel unpacked, for installing it would make an initramfs.
put_kernel() {
	local root=$1 package

	export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
	package=$(apt-cache depends --important $KERNEL | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
	[ -n "$package" ] || cannot "the package sources have no $KERNEL"
	cd "$root/var/cache"
	apt-get -qq -o APT::Sandbox::User=root download "$package"
	dpkg-deb --fsys-tarfile "$package"_*.deb | tar -x --keep-directory-symlink -C "$root" # /lib is a link
	rm "$package"_*.deb
	chroot "$root" depmod "${package#linux-image-}"
}

main() {
	# shellcheck source=/dev/null
	. /etc/os-release
	release=${VERSION_CODENAME:-}
	[ "$(uname -m)" = x86_64 ] || cannot "the guest is made on x86_64 only"
	[ "$(id -u)" = 0 ] || cannot "must be run as root"
	command -v mmdebstrap >/dev/null || cannot "mmdebstrap is missing: tests/install-deps.sh vm"
	mapfile -t sources < <(sources_of "$release")
	[ "${#sources[@]}" -gt 0 ] || cannot "no package sources for '$release' in /etc/apt"
	mkdir -p "$vm"
	exec 9>"$vm/lock"
	flock -w $BUILD_SECONDS 9 || cannot "another build holds $vm/lock"
	if [ -e "$vm/root.img" ] && [ "$(cat "$vm/inputs" 2>/dev/null)" = "$(key_of_inputs)" ]; then
		exit 0
	fi
	rm -f "$vm/inputs"
	work=$(mktemp -d "$vm/building.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	echo "image.sh: building the guest ($release) by mmdebstrap into $vm, which takes half a minute"
	build_root >"$vm/build.log" 2>&1 </dev/null || {
		tail -n 20 "$vm/build.log" >&2
		cannot "mmdebstrap failed; all it said is in $vm/build.log"
	}
	mv "$work"/root/boot/vmlinuz-* "$vm/vmlinuz"
	rm -rf "$work"/root/boot/*
	truncate -s $IMAGE_SIZE "$work/root.img"
	mke2fs -q -t ext4 -O ^has_journal -d "$work/root" "$work/root.img"
	mv "$work/root.img" "$vm/root.img"
	key_of_inputs >"$vm/inputs"
}

if [ "${1:-}" = --kernel-into ]; then
	put_kernel "$2"
else
	main
fi
