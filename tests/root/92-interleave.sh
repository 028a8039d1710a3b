#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Random interleavings of logins that share sets: eight workers open and close sessions of four users in all scopes and lifetimes,
# kill openers and PID 1s, stop openers in the middle, leave daemons, edit the policy, list and end sets. No login fails for a
# reason that no serial order could give, none is outside of its set, no two sets have one key, and nothing is left.
# NSU_INTERLEAVE_SEED plays a run again; NSU_INTERLEAVE_ROUNDS (2,000), NSU_INTERLEAVE_PROFILES (all).
# Holds G28.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly SEED=${NSU_INTERLEAVE_SEED:-$RANDOM$RANDOM}
readonly ROUNDS=${NSU_INTERLEAVE_ROUNDS:-2000}
readonly PROFILES=${NSU_INTERLEAVE_PROFILES:-all}
readonly LIMIT_SECONDS=$((120 + ROUNDS / 5))

# What asks the sets is the project's own; the sanitizers are then in both.
build_interleave() {
	local sanitizer=() top=$HERE/../..

	[ "$VARIANT" != asan ] || sanitizer=("-fsanitize=address,undefined" /usr/local/lib/sanitizer-options.so)
	gcc -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -iquote "$top/include" -o /usr/local/bin/interleave \
		"$HERE"/interleave*.c "$top/build/$VARIANT/libnsu.a" "${sanitizer[@]}" -lpam || {
		echo "not ok - interleave.c compiles"
		exit 1
	}
}

add_users() {
	local uid=2001 user

	groupadd -g 2000 lab
	for user in ann ben cat dan; do
		useradd -M -g lab -u $((uid++)) "$user"
	done
}

build_interleave
add_users
echo "# NSU_INTERLEAVE_SEED=$SEED NSU_INTERLEAVE_ROUNDS=$ROUNDS NSU_INTERLEAVE_PROFILES=$PROFILES"
check "C-108 $ROUNDS rounds of random interleaving, seed $SEED: as some serial order" \
	timeout -k 10 "$LIMIT_SECONDS" interleave "$SEED" "$ROUNDS" "$PROFILES"
echo "# $(tail -n 1 "$OUTPUT")"
rm -f "$POLICY".*
finish
