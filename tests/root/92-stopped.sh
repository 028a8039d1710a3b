#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A user stops his own su, before each of its system calls, while it makes a set that others share, or joins it. He delays nobody but
# himself: others log in, and he himself from elsewhere, in the same key's scope. Then he goes on, and is in; or is killed.
# Holds G8.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly HALTS_MIN=40 # calls of one open

# stopped SCOPE open|join
stopped() {
	local out n status=0 name="C-52 a user stops his own su: scope $1, $2"

	out=$(timeout -k 5 200 halted pt "$1" alice bob "$2" 2>&1) || status=$?
	if [ $status = 0 ]; then
		pass "$name: others log in meanwhile, and nothing is left ($out)"
	else
		fail "$name: others log in meanwhile, and nothing is left" "exit status $status"$'\n'"$out"$'\n'"$(tail -n 5 "$LOG")"
	fi
	n=$(sed -n 's/^halts \([0-9]*\) .*/\1/p' <<<"$out")
	check "$name: there were at least $HALTS_MIN calls (control)" test "${n:-0}" -ge $HALTS_MIN
}

if [ "$VARIANT" = asan ]; then
	skip "stops at each call" "the sanitizers' own calls are thousands"
	finish
fi
build_tool halted -lpam
usermod -g staffers alice
usermod -g staffers bob
policy <<'END'
rules = ( { tty = "user"; profile = "user"; }, { tty = "group"; profile = "group"; }, { tty = "named"; profile = "named"; } );
profiles = {
	user = { base = "default"; timeout = 10000; scope = "user"; };
	group = { base = "default"; timeout = 10000; hostname = "lab"; scope = "group"; };
	named = { base = "default"; timeout = 10000; hostname = "lab"; scope = "named:lab"; namespaces = [ "mount", "ipc", "uts" ]; };
};
END
for scope in user group named; do
	for way in open join; do
		stopped $scope $way
	done
done
finish
