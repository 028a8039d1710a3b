#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# sandbox.sh SCRIPT [ARG...]: run a root test in a throw-away root, and return its exit status.
#
# Own mount, pid, uts, ipc and net namespaces; an overlay of `/` whose changes live on a tmpfs; own /proc, /dev, /run and
# /tmp. The machine it runs on is only read. The mounts are shared as systemd has them: a session that does not change the
# propagation shows on the "host", which is this sandbox.
set -eu

readonly USERS_PASSWORD=opensesame # of alice, bob and root in the sandbox; lib.sh knows it too
top=$(cd "$(dirname "$0")/../.." && pwd)

cannot() {
	echo "ok - $(basename "${1%.sh}") # SKIP $2"
	exit 77
}

# Stage 1, on the machine: namespaces, and a place to mount on.
start() {
	local status=0

	[ "$(id -u)" = 0 ] || cannot "$1" "needs root"
	unshare -mpuin true 2>/dev/null || cannot "$1" "this root may not make namespaces"
	place=$(mktemp -d)
	# It is empty here whatever happens inside: the mounts on it are in the new mount namespace only.
	trap 'rmdir "$place"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	unshare -mpuin --fork --kill-child env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C VARIANT="${VARIANT:-release}" NSU_SOAK_SECONDS="${NSU_SOAK_SECONDS:-20}" \
		NSU_INTERLEAVE_SEED="${NSU_INTERLEAVE_SEED:-}" NSU_INTERLEAVE_ROUNDS="${NSU_INTERLEAVE_ROUNDS:-}" \
		NSU_INTERLEAVE_PROFILES="${NSU_INTERLEAVE_PROFILES:-}" \
		bash "$0" --inside "$place" "$@" || status=$?
	exit "$status"
}

make_dev() {
	local dev=$1 node

	mount -t tmpfs -o mode=0755,nosuid dev "$dev"
	for node in null:3 zero:5 full:7 random:8 urandom:9; do
		mknod -m 0666 "$dev/${node%:*}" c 1 "${node#*:}"
	done
	mknod -m 0666 "$dev/tty" c 5 0
	mkdir "$dev/pts" "$dev/shm" "$dev/mqueue"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=tty devpts "$dev/pts"
	mount -t tmpfs -o mode=1777,nosuid,nodev shm "$dev/shm"
	mount -t mqueue mqueue "$dev/mqueue"
	ln -s pts/ptmx "$dev/ptmx"
	ln -s /proc/self/fd "$dev/fd"
	ln -s /proc/self/fd/0 "$dev/stdin"
	ln -s /proc/self/fd/1 "$dev/stdout"
	ln -s /proc/self/fd/2 "$dev/stderr"
}

# The overlay's layers hide below the new root once that is pivoted to.
make_root() {
	local place=$1 root=$1/root

	mount -t tmpfs -o mode=0755 layers "$place"
	mkdir "$place/upper" "$place/work" "$root"
	mount -t overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" sandbox "$root"
	mount -t tmpfs -o mode=1777 tmp "$root/tmp"
	mount -t tmpfs -o mode=0755,nosuid,nodev run "$root/run"
	mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
	mount -t sysfs -o nosuid,nodev,noexec,ro sysfs "$root/sys"
	make_dev "$root/dev"
	mkdir -p "$root$top"
	mount --bind -o ro "$top" "$root$top" # the tree may lie on a file system, or in a directory, that the overlay lacks
	cd "$root"
	pivot_root . mnt
	umount -l /mnt
	cd /
	mount --make-rshared /
}

make_host() {
	hostname shellhost
	printf '127.0.0.1\tlocalhost\n127.0.1.1\tshellhost\n::1\tlocalhost\n' >/etc/hosts
	ip link set lo up
	install -d -m 0755 /run/sshd /run/lock
	install -m 0664 -g utmp /dev/null /run/utmp
	rm -f /etc/nologin /etc/sudoers.d/* /etc/security/nsunshare.conf
	mkdir -p /etc/sudoers.d
}

make_users() {
	local user

	userdel alice 2>/dev/null || true
	userdel bob 2>/dev/null || true
	rm -rf /home/alice /home/bob
	groupadd -f -g 1600 staffers
	useradd -m -s /bin/bash -u 1501 -G staffers alice
	useradd -m -s /bin/bash -u 1502 bob
	printf '%s:%s\n' alice "$USERS_PASSWORD" bob "$USERS_PASSWORD" root "$USERS_PASSWORD" | chpasswd
	install -d -m 0700 /root/.ssh
	rm -f /root/.ssh/*
	ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
	for user in root alice bob; do
		install -d -m 0700 -o "$user" -g "$user" "$(getent passwd $user | cut -d: -f6)/.ssh"
		install -m 0600 -o "$user" -g "$user" /root/.ssh/id_ed25519.pub \
			"$(getent passwd $user | cut -d: -f6)/.ssh/authorized_keys"
	done
}

# The programs as `make install` puts them; the distribution's PAM stacks with our line last.
install_module() {
	local build=$top/build/$VARIANT pamdir service

	pamdir=$(pkg-config --variable=libdir pam)/security
	install -D -m 0644 "$build/pam_nsunshare.so" "$pamdir/pam_nsunshare.so"
	install -D -m 0755 "$build/nsunshare-init" /usr/libexec/nsunshare/nsunshare-init
	install -D -m 0755 "$build/nsunshare-net" /usr/libexec/nsunshare/nsunshare-net
	install -D -m 0755 "$build/nsunshare-limits" /usr/libexec/nsunshare/nsunshare-limits
	install -D -m 0755 "$build/nsunshare" /usr/sbin/nsunshare
	for service in sshd login su su-l sudo sudo-i cron; do
		[ ! -e "/etc/pam.d/$service" ] || echo 'session required pam_nsunshare.so' >>"/etc/pam.d/$service"
	done
	printf '%s required pam_permit.so\n' auth account session >/etc/pam.d/pt
	echo 'session required pam_nsunshare.so' >>/etc/pam.d/pt
}

# A sanitized module wants its runtime in each program that loads it; in all programs it can't be, since procps hangs with
# it. The runtime takes crypt_r(3) from a library that must be there when it starts, or calls NULL for it later. What it
# finds goes to files, which the tests look for at their end (lib.sh).
link_sanitizer() {
	local options=/usr/local/lib/sanitizer-options.so program needed

	install -d -m 1777 /var/log/sanitizer
	gcc -shared -fPIC -x c -o $options - <<-END
		#define OPTIONS "detect_leaks=0:verify_asan_link_order=0:log_path=/var/log/sanitizer/found"
		const char *__asan_default_options(void) { return OPTIONS; }
		const char *__ubsan_default_options(void) { return OPTIONS ":print_stacktrace=1"; }
	END
	for program in sshd login su sudo cron pamtester; do
		# each goes before what is there: at the end the options stand first, for the runtime brings empty ones of its own
		for needed in libcrypt.so.1 "$(realpath "$(gcc -print-file-name=libasan.so)")" $options; do
			patchelf --add-needed "$needed" "$(realpath "$(command -v $program)")"
		done
	done
}

# Stage 2, as PID 1 of the sandbox. While it waits, bash reaps every child there is, also those it did not start.
inside() {
	local place=$1 script=$2 status=0
	shift 2

	make_root "$place"
	make_host
	make_users
	install_module
	[ "$VARIANT" != asan ] || link_sanitizer
	NSU_SANDBOX=1 "$script" "$@" </dev/null &
	wait $! || status=$?
	exit "$status"
}

if [ "${1:-}" = --inside ]; then
	shift
	inside "$@"
else
	start "$@"
fi
