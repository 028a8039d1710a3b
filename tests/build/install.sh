#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# install.sh: `make install` puts everything in its place below DESTDIR, keeps the administrator's policy, and uninstall takes
# the rest away; `make dist` gives the same bytes twice.
# shellcheck disable=SC2317 # the functions are called through check
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
failed=0

check() {
	local name=$1
	shift
	if "$@" >"$place/output" 2>&1; then
		echo "ok - $name"
	else
		failed=1
		echo "not ok - $name"
		sed 's/^/# /' "$place/output"
	fi
}

make_to() {
	make --no-print-directory VARIANT="${VARIANT:-release}" DESTDIR="$place/$1" pamdir=/lib/security "${@:2}"
}

installed() {
	(cd "$place/root" && find . -type f | sort)
}

has_files() {
	local file
	for file in lib/security/pam_nsunshare.so usr/libexec/nsunshare/nsunshare-init usr/libexec/nsunshare/nsunshare-net usr/libexec/nsunshare/nsunshare-limits usr/sbin/nsunshare etc/security/nsunshare.conf \
		usr/share/man/man8/pam_nsunshare.8 usr/share/man/man8/nsunshare.8 usr/share/man/man5/nsunshare.conf.5 usr/lib/tmpfiles.d/nsunshare.conf \
		usr/share/bash-completion/completions/nsunshare usr/share/doc/pam_nsunshare/LICENSE; do
		[ -f "$place/root/$file" ] || { echo "missing: $file" && installed && return 1; }
	done
}

has_modes() {
	[ "$(stat -c %a "$place/root/usr/libexec/nsunshare/nsunshare-init" "$place/root/usr/libexec/nsunshare/nsunshare-net" "$place/root/usr/sbin/nsunshare" \
		"$place/root/lib/security/pam_nsunshare.so" "$place/root/etc/security/nsunshare.conf" | paste -sd ' ')" = '755 755 755 644 644' ]
}

keeps_policy() {
	echo 'rules = ();' >"$place/root/etc/security/nsunshare.conf"
	make_to root install && [ "$(cat "$place/root/etc/security/nsunshare.conf")" = 'rules = ();' ]
}

leaves_only_policy() {
	make_to root uninstall && diff <(installed) <(echo ./etc/security/nsunshare.conf)
}

dist_is_reproducible() {
	make --no-print-directory dist DISTDIR="$place/first" && sleep 1.1 &&
		make --no-print-directory dist DISTDIR="$place/second" && diff -r "$place/first" "$place/second"
}

check "install: succeeds below DESTDIR" make_to root install
check "install: every file is in its place" has_files
check "install: programs and files have their modes" has_modes
check "install: a policy that is there stays as it is" keeps_policy
check "uninstall: takes all but the policy" leaves_only_policy
if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
	check "dist: the same bytes each time" dist_is_reproducible
else
	echo "ok - dist: the same bytes each time # SKIP not a git checkout"
fi
exit $failed
