#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# vm.sh PAGE: what a login through Debian's full stack costs with the module and without it, in the guest of the tests; writes PAGE.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
output=$(mktemp)
trap 'rm -f "$output"' EXIT
NSU_VM_SECONDS=3000 NSU_VM_TEST_SECONDS=2400 "$top/tests/vm/run.sh" deb bench-open 2>&1 | tee "$output"
grep -q '^# | \*\*pam_nsunshare' "$output" || {
	echo "vm.sh: nothing was measured" >&2
	exit 1
}
{
	cat <<-END
		# What a login costs on a host with systemd

		By \`make bench-vm\`: the guest of the tests (Debian 12, $(sed -n 's/^# \(Linux [^,]*\), up after.*/\1/p' "$output" | head -n 1), systemd, logind, Debian's own sshd
		and stacks, the Debian package), under QEMU's software emulation with 2 processors on
		$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(date +%F). Emulation makes all of it some ten times slower, and not everything
		alike, so **only the ratios mean something**; on bare metal see [bench.md](bench.md).

		\`open\` and \`close\` are pam_open_session and pam_close_session of the stack of sshd with all its modules (pam_systemd asks
		logind), in a new process each; \`whole ssh login\` is \`ssh alice@127.0.0.1 true\` from beginning to end. Medians of $(sed -n 's/^readonly ROUNDS=//p' "$top/tests/vm/deb/bench-open.sh")
		each, every method in turn in each round; milliseconds. The user's own systemd runs all the time.

	END
	sed -n 's/^# \(|.*\)/\1/p' "$output"
} >"$1"
