#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What is true of the binaries, looked up in the binaries: build/$VARIANT (release). And the size limits of the sources.
# Run from the top of the tree.
set -u

build=build/${VARIANT:-release}
module=$build/pam_nsunshare.so
helper=$build/nsunshare-init
tool=$build/nsunshare
net=$build/nsunshare-net
limits=$build/nsunshare-limits
. tests/build/report.inc

for file in "$module" "$helper" "$net" "$limits" "$tool" "$build/libnsu.a"; do
	if [ ! -e "$file" ]; then
		echo "$file is not built"
		exit 1
	fi
done

exports=$(nm -D --defined-only "$module" | awk '$2 != "A" { print $3 }' | sort | paste -sd ' ')
[ "$exports" = "pam_sm_close_session pam_sm_open_session" ] && exports=
report "the module exports its two entry points and nothing else" "$exports"

# _exit is not among them: the cloned child calls it, which shares the caller's memory but is not the caller.
imports='exit|abort|openlog|closelog|setlogmask|setlocale|signal|sigaction|atexit|chdir|umask|setenv|unsetenv|putenv|'
imports+='getenv|secure_getenv|fork|vfork|system|popen|setuid|setgid|chroot|alarm'
report "the module imports nothing that changes or ends its caller" \
	"$(nm -D --undefined-only "$module" | awk '{ print $2 }' | sed 's/@.*//' | grep -xE "$imports")"

if [ "${VARIANT:-release}" = asan ]; then
	echo "ok - the helper is static # SKIP the helper of this variant is not"
else
	report "the helper is static" "$(readelf -ld "$helper" | grep -E 'INTERP|NEEDED')"
	report "the helper holds no name service, loader or stream" \
		"$(nm "$helper" 2>/dev/null | awk '{ print $NF }' |
			grep -xE 'getpwnam(_r)?|getgrnam(_r)?|getaddrinfo|dlopen|fopen|printf|system|popen|execve?p?')"
fi

# needed BINARY LIBRARIES: what it links to beyond these, the C library and the sanitizers.
needed() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' | grep -vxE "$2|libc|ld-linux.*|lib(a|ub)san"
}
report "the module links to PAM, libconfig and libcap only" "$(needed "$module" 'libpam|libconfig|libcap')"
report "nsunshare-net links to libmnl only" "$(needed "$net" 'libmnl')"
report "nsunshare-limits links to libsystemd only" "$(needed "$limits" 'libsystemd')"
report "the admin tool links to libconfig, libcap and libsmartcols only" "$(needed "$tool" 'libconfig|libcap|libsmartcols')"

# .data.rel.ro is read-only once it is relocated: constants that hold addresses.
report "the library has no variable that can be written" \
	"$(objdump -t "$build/libnsu.a" | awk 'NF > 3 && ($(NF - 2) ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/) &&
		$(NF - 2) !~ /^\.data\.rel\.ro/ && $(NF - 1) !~ /^0+$/ { print $NF " in " $(NF - 2) }' |
		grep -vE '^(__(asan|odr|ubsan)|\.L)')"

report "no source has more than 400 lines" \
	"$(wc -l include/*.h lib/*.[ch] helper/*.[ch] pam_module/*.[ch] network/*.[ch] limits/*.[ch] cli/*.[ch] |
		awk '$2 != "total" && $1 > 400 { print $2 ": " $1 }')"

# A function begins with the { in the first column and ends with the } there; the line of the name is above.
report "no function has more than 60 lines" "$(awk '
	FNR == 1 { start = 0 }
	/^[a-zA-Z_].*\(/ { name = $0 }
	/^\{/ { start = FNR }
	/^\}$/ && start {
		if (FNR - start - 1 > 60) print FILENAME ":" start ": " FNR - start - 1 " lines: " name
		start = 0
	}
	' include/*.h lib/*.[ch] helper/*.[ch] pam_module/*.[ch] network/*.[ch] limits/*.[ch] cli/*.[ch])"
exit $((failures > 0))
