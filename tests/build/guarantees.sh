#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each guarantee of docs/design.md names the tests that hold it, and each of these says so at its head: "Holds G1 G5."
# Run from the top of the tree.
set -u

. tests/build/report.inc

# "NUMBER FILE" for each test that the table names; a file without a folder is in that of the one before it.
promised() {
	sed -n 's/^| \(G[0-9]*\) | .* | \([^|]*\) |$/\1 \2/p' docs/design.md |
		awk '{
			gsub(",", "")
			folder = ""
			for (i = 2; i <= NF; i++) {
				if (index($i, "/")) folder = substr($i, 1, index($i, "/"))
				print $1, (index($i, "/") ? "" : folder) $i
			}
		}' | sort
}

held() {
	grep -nE '^(# |/\* )Holds (G[0-9]+ ?)+' tests/*/*.sh tests/vm/*/*.sh tests/*/*.c |
		sed -n 's/^tests\/\([^:]*\):[0-9]*:.*Holds \(.*\)\. *\(\*\/\)\{0,1\}$/\1 \2/p' |
		awk '{ for (i = 2; i <= NF; i++) print $i, $1 }' | sort
}

report "every guarantee is held by the tests that it names" "$(comm -23 <(promised) <(held) | sed 's/$/: the test does not say so/')"
report "every test that holds a guarantee is named by it" "$(comm -13 <(promised) <(held) | sed 's/$/: docs\/design.md does not say so/')"
report "there are guarantees" "$([ "$(promised | wc -l)" -gt 20 ] || echo 'none were found in docs/design.md')"
exit $((failures > 0))
