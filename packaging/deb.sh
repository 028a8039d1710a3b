#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# deb.sh DIRECTORY: build the Debian package from this tree into DIRECTORY, and have lintian look at it: its warnings fail, but for
# those that packaging/debian explains. Names the package's file in the last line.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
to=$(cd "$1" && pwd)
readonly top to PACKAGE=libpam-nsunshare

version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$top/packaging/debian/changelog")
ours=$(sed -n 's/^.define NSU_VERSION "\(.*\)"/\1/p' "$top/include/defaults.h")
[ "${version%-*}" = "$ours" ] || {
	echo "deb.sh: packaging/debian/changelog says $version, include/defaults.h $ours" >&2
	exit 1
}
tree=$to/pam-nsunshare-$ours
rm -rf "$tree" "$to"/*.deb "$to"/*.changes "$to"/*.buildinfo
mkdir "$tree"
tar -C "$top" --exclude=./build --exclude=./.git -c . | tar -C "$tree" -x
mv "$tree/packaging/debian" "$tree/debian"
if ! (cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL -u VARIANT dpkg-buildpackage --build=binary --no-sign) >"$to/build.log" 2>&1 </dev/null; then
	tail -n 40 "$to/build.log" >&2
	echo "deb.sh: dpkg-buildpackage failed; all it said is in $to/build.log" >&2
	exit 1
fi
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$to"/*.changes
rm -rf "$tree"
echo "$to/${PACKAGE}_${version}_$(dpkg --print-architecture).deb"
