#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# install-deps.sh [WHAT...]: install the Debian packages that are missing to build, test, lint, measure, fuzz, run in a guest, make the packages or run under sanitizers (default: build test).
# Says what it installs. Without root or apt it names what is missing and goes on: the build then says what it lacks.
set -eu

build='gcc libc6-dev linux-libc-dev make pkg-config libpam0g-dev libconfig-dev libcap-dev libmnl-dev libseccomp-dev libsmartcols-dev
	libsystemd-dev musl-tools'
test='libcmocka-dev pamtester openssh-server openssh-client openssh-sftp-server sudo cron rsync git busybox strace
	procps iproute2 util-linux login passwd libcap2-bin bsdextrautils valgrind bubblewrap jq tmux python3-prometheus-client'
lint='clang-format clang-tidy cppcheck shellcheck mandoc'
asan='patchelf'
bench='gnuplot-nox libpam-modules'
fuzz='clang libclang-rt-dev llvm'
vm='qemu-system-x86 mmdebstrap e2fsprogs'
deb='debhelper dpkg-dev lintian libcmocka-dev git procps'
rpm='rpm rpmlint binutils'

wanted=
for what in "${@:-build test}"; do
	for one in $what; do
		case $one in
		build) wanted="$wanted $build" ;;
		test) wanted="$wanted $test" ;;
		lint) wanted="$wanted $lint" ;;
		asan) wanted="$wanted $asan" ;;
		bench) wanted="$wanted $bench" ;;
		fuzz) wanted="$wanted $fuzz" ;;
		vm) wanted="$wanted $vm" ;;
		deb) wanted="$wanted $deb" ;;
		rpm) wanted="$wanted $rpm" ;;
		*) echo "install-deps: unknown '$one': build, test, lint, asan, bench, fuzz, vm, deb or rpm" >&2 && exit 2 ;;
		esac
	done
done

command -v dpkg-query >/dev/null || exit 0 # another distribution: its packager knows

missing=
for package in $wanted; do
	dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^.i' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "install-deps: missing, and only root can install them:$missing" >&2
	exit 0
fi

# No daemon of these packages (sshd, cron) is to start on this host because of a test.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	trap 'rm -f $policy' EXIT
	trap 'exit 1' INT TERM
fi

echo "install-deps: installing by apt (services are not started):$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086 # a list of names
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
	cat "$log" >&2
	rm -f "$log"
	echo "install-deps: apt-get failed: install these by hand:$missing" >&2
	exit 1
fi
rm -f "$log"
