#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# rpm.sh DIRECTORY: build the rpm package from this tree into DIRECTORY, by Debian's rpmbuild, which has neither Fedora's macros nor its
# packages: what packaging/rpm/pam_nsunshare.spec needs of the macros is defined here, BuildRequires are not asked, and the helper is built
# as Fedora's would be, with static glibc. Names the package's file in the last line. tests/build/rpm.sh looks at the result.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
to=$(cd "$1" && pwd)
version=$(sed -n 's/^.define NSU_VERSION "\(.*\)"/\1/p' "$top/include/defaults.h")
ours=$(sed -n 's/^Version: *//p' "$top/packaging/rpm/pam_nsunshare.spec")
readonly top to version ours
[ "$version" = "$ours" ] || {
	echo "rpm.sh: packaging/rpm/pam_nsunshare.spec says $ours, include/defaults.h $version" >&2
	exit 1
}

work=$(mktemp -d "$to/building.XXXXXX")
trap 'rm -rf "$work"' EXIT
rm -f "$to"/*.rpm
tar -C "$top" --exclude=./build --exclude=./.git --transform "s,^\.,pam_nsunshare-$version," -czf "$work/pam_nsunshare-$version.tar.gz" .
# shellcheck disable=SC2016 # rpm's own
macros=(--define "_topdir $work" --define "_sourcedir $work" --define "_rpmdir $to" --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm'
	--define '_sharedstatedir /var/lib' --define '_sysconfdir /etc' --define '_tmpfilesdir /usr/lib/tmpfiles.d'
	--define '_pkgdocdir /usr/share/doc/%{name}'
	--define 'tmpfiles_create() command -v systemd-tmpfiles >/dev/null && systemd-tmpfiles --create %1 || :')
if ! env -u MAKEFLAGS -u MAKELEVEL -u VARIANT rpmbuild -bb --nodeps "${macros[@]}" "$top/packaging/rpm/pam_nsunshare.spec" >"$to/build.log" 2>&1 </dev/null; then
	tail -n 40 "$to/build.log" >&2
	echo "rpm.sh: rpmbuild failed; all it said is in $to/build.log" >&2
	exit 1
fi
ls "$to"/pam_nsunshare-"$version"-*.rpm
