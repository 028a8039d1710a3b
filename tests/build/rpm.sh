#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# rpm.sh [DIRECTORY]: what is in the rpm package of DIRECTORY (which `make rpm` has built there), or in one that is built now. Run from
# the top of the tree.
set -u

. tests/build/report.inc

skip() {
	echo "$1"
	exit 77
}

[ $# != 0 ] || [ "${VARIANT:-release}" = release ] || skip "the package has no variants"
[ $# != 0 ] || [ ! -d debian ] || skip "Debian's package is being built here"
command -v rpmbuild >/dev/null || skip "rpmbuild is missing (tests/install-deps.sh rpm)"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
directory=${1:-$place/built}
[ $# != 0 ] || report "the package is built" "$(packaging/rpm.sh "$directory" 2>&1 >/dev/null || echo failed)"
package=$(ls "$directory"/pam_nsunshare-*.rpm 2>/dev/null) || exit 1

# The files with mode, owner and flags (c: configuration, n: never overwritten, d: documentation, l: licence).
files_of() {
	rpm -qp --qf '[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES} %{FILEFLAGS:fflags}\n]' "$package" |
		grep -vE '/\.build-id|/usr/share/doc/pam_nsunshare/' | sed 's/ $//; s/\.gz d$/ d/'
}

# In the order of rpm.
readonly FILES='-rw-r--r-- root:root /etc/security/nsunshare.conf cn
drwxr-xr-x root:root /etc/security/nsunshare.d
drwxr-xr-x root:root /etc/security/nsunshare.d/users
-rw-r--r-- root:root /usr/lib/tmpfiles.d/nsunshare.conf
-rw-r--r-- root:root LIBDIR/security/pam_nsunshare.so
drwxr-xr-x root:root /usr/libexec/nsunshare
-rwxr-xr-x root:root /usr/libexec/nsunshare/nsunshare-init
-rwxr-xr-x root:root /usr/libexec/nsunshare/nsunshare-limits
-rwxr-xr-x root:root /usr/libexec/nsunshare/nsunshare-net
-rwxr-xr-x root:root /usr/sbin/nsunshare
-rw-r--r-- root:root /usr/share/bash-completion/completions/nsunshare
drwxr-xr-x root:root /usr/share/doc/pam_nsunshare
drwxr-xr-x root:root /usr/share/licenses/pam_nsunshare-VERSION
-rw-r--r-- root:root /usr/share/licenses/pam_nsunshare-VERSION/LICENSE l
-rw-r--r-- root:root /usr/share/man/man5/nsunshare.conf.5 d
-rw-r--r-- root:root /usr/share/man/man8/nsunshare-init.8 d
-rw-r--r-- root:root /usr/share/man/man8/nsunshare.8 d
-rw-r--r-- root:root /usr/share/man/man8/pam_nsunshare.8 d
drwx------ root:root /var/lib/nsunshare
drwx------ root:root /var/lib/nsunshare/instances
drwx------ root:root /var/lib/nsunshare/sessions'
version=$(sed -n 's/^.define NSU_VERSION "\(.*\)"/\1/p' include/defaults.h)
wanted=${FILES//LIBDIR/$(rpm --eval '%{_libdir}')}
report "its files, with owners and modes" "$(diff -U 0 --label wanted --label got <(sort <<<"${wanted//VERSION/$version}") <(files_of | sort))"
documents=$(rpm -qpd "$package")
for name in README.md README.authselect design.md troubleshooting.md examples/nsunshare.conf examples/sshd.example; do
	report "$name is among the documents" "$(grep -qx "/usr/share/doc/pam_nsunshare/$name" <<<"$documents" || echo "$documents")"
done

libraries=$(rpm -qp --requires "$package" | sed -n 's/^\(lib[a-z]*\)\.so[^(]*()(64bit)$/\1/p; s/^pam$/pam/p' | sort | paste -sd ' ')
report "it requires PAM and the libraries of its programs, and none of musl's" \
	"$([ "$libraries" = "libc libcap libconfig libmnl libpam libsmartcols libsystemd pam" ] || echo "$libraries")"
report "it provides itself" "$(rpm -qp --provides "$package" | grep -qx "pam_nsunshare = $version-[0-9.a-z]*" || rpm -qp --provides "$package")"
report "it makes its directories when installed" "$(rpm -qp --qf '%{POSTIN}' "$package" | grep -q 'systemd-tmpfiles --create nsunshare.conf' || echo no)"

# removable STACK...: its script, in a root of ours, with these lines in a stack.
removable() {
	rm -rf "${place:?}/etc"
	mkdir -p "$place/etc/pam.d" "$place/etc/authselect"
	printf '%s\n' "$@" >"$place/etc/authselect/postlogin"
	ln -s ../authselect/postlogin "$place/etc/pam.d/postlogin"
	rpm -qp --qf '%{PREUN}' "$package" | sed "s,/etc/,$place/etc/,g" | sh -s "$argument" >/dev/null 2>&1
}

argument=0
report "it can be removed" "$(removable '# session required pam_nsunshare.so' || echo refused)"
report "it refuses to be removed while a stack names it" "$(removable 'session required pam_nsunshare.so' && echo 'it does not')"
argument=1
report "it can be upgraded then" "$(removable 'session required pam_nsunshare.so' || echo refused)"

if command -v rpmlint >/dev/null; then
	report "rpmlint has nothing to say beyond packaging/rpm/pam_nsunshare.rpmlintrc" \
		"$(rpmlint --rpmlintrc packaging/rpm/pam_nsunshare.rpmlintrc "$package" packaging/rpm/pam_nsunshare.spec 2>&1 | grep -E ': [EW]: |Traceback|^Error')"
else
	echo "ok - rpmlint # SKIP it is not installed"
fi

# into_root ARGUMENTS: rpm in an empty root, which has no shell for scripts. Debian's says each time that it is not for this.
into_root() {
	rpm --root "$place/root" --nodeps --noscripts "$@" 2>&1 | grep -v '^rpm: '
}

if [ "$(id -u)" = 0 ]; then
	report "it can be installed" "$(into_root -i "$package")"
	report "its tool runs" "$(diff <("$place/root/usr/sbin/nsunshare" --version 2>&1) <(echo "nsunshare $version"))"
	report "its helper is static" "$(readelf -ld "$place/root/usr/libexec/nsunshare/nsunshare-init" | grep -E 'INTERP|NEEDED')"
	echo 'rules = ();' >"$place/root/etc/security/nsunshare.conf"
	mkdir "$place/root/var/lib/nsunshare/instances/1000"
	report "an administrator's policy stays when it is installed again" \
		"$(into_root -U --replacepkgs "$package"; diff "$place/root/etc/security/nsunshare.conf" <(echo 'rules = ();'))"
	into_root -e pam_nsunshare >/dev/null
	report "removed, it leaves that policy, what users have in instances, and nothing else" \
		"$(cd "$place/root" && diff <(find . -name '*nsunshare*' -o -path '*/instances/*' | sort) <(printf '%s\n' ./etc/security/nsunshare.conf.rpmsave ./var/lib/nsunshare ./var/lib/nsunshare/instances/1000))"
else
	echo "ok - it can be installed # SKIP only root can"
fi
exit $((failures > 0))
