#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the fuzz targets make of their kept inputs, of those that failed once, and of the tests' policies. Run from the
# top of the tree; the programs are built by make.
set -u

. tests/build/report.inc

# replay TARGET DIRECTORY...
replay() {
	local target=$1 out
	shift

	if out=$("build/${VARIANT:-release}/fuzz/replay_$target" "$@" 2>&1); then
		grep '^ok ' <<<"$out"
	else
		report "$target: nothing is found by any input" "$(grep '^ok ' -v <<<"$out" | tail -n 30)"
	fi
}

for target in policy template wire helper; do
	directories=("fuzz/corpus/$target")
	[ ! -d "fuzz/found/$target" ] || directories+=("fuzz/found/$target")
	[ $target != policy ] || directories+=(tests/unit/golden tests/unit/wrong conf conf/examples)
	report "$target has inputs" "$(ls "fuzz/corpus/$target"/* >/dev/null || echo "fuzz/corpus/$target is empty")"
	replay "$target" "${directories[@]}"
done
exit $((failures > 0))
