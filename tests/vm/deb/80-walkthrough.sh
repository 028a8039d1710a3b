#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The page docs/walkthrough.md: the commands of its ```sh blocks, run as they stand there, in their order, in one root shell, on a host
# that has nothing of ours but the file of the package; each must succeed, and print what the ```text block right behind it says.
#
# In a ```text block a line `...` stands for any lines, `...` in a line for any characters; a number matches any number, also one
# with a unit, an id any id, blanks any blanks. user1 is no number.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

readonly PAGE=/test/docs/walkthrough.md PLACE=/root/walkthrough
readonly BLOCKS=$PLACE/blocks

# NN.sh and, where there is one, NN.text for each block; NN.name is its section and, by number, which of it.
extract_blocks() {
	awk -v to="$BLOCKS" '
	function file(kind) { return sprintf("%s/%02d.%s", to, n, kind) }
	/^## /                    { section = substr($0, 4); k = 0 }
	/^```sh$/                 { n++; k++; out = file("sh"); print section ", block " k >file("name"); next }
	/^```text$/ && was_closed { out = file("text"); printf "" >out; next }
	/^```/                    { was_closed = out ~ /\.sh$/; out = ""; next }
	{ was_closed = 0 }
	out != ""                 { print >out }
	' "$PAGE"
}

# In one shell, which notes each command that fails; NN.ended comes with the end of a block. There is no terminal.
run_blocks() {
	cat >"$PLACE/run" <<-'END'
		set -E
		export DEBIAN_FRONTEND=noninteractive
		cd "$1" || exit
		for block in "$2"/*.sh; do
			began=$EPOCHSECONDS
			trap '[ ${#BASH_SOURCE[@]} -lt 2 ] || echo "exit status $? of: $BASH_COMMAND" >>"${block%.sh}.failed"' ERR
			. "$block" >"${block%.sh}.out" 2>&1
			trap - ERR
			echo $((EPOCHSECONDS - began)) >"$2/time"
			mv "$2/time" "${block%.sh}.ended"
		done
	END
	exec bash "$PLACE/run" "$PLACE" "$BLOCKS" </dev/null >/dev/null 2>&1
}

# What varies, made the same.
plain() {
	sed -E 's/\r//g; s/\b[0-9a-f]{16}\b/ID/g; s/\b[0-9]+([.:][0-9]+)*[KMG]?\b/N/g; s/[[:space:]]+/ /g; s/ $//'
}

# The pattern of a text of the page.
pattern_of() {
	local line

	plain | sed 's/[][*?\\()|+@!^]/\\&/g' | while IFS= read -r line; do
		if [ "$line" = ... ]; then
			printf "*(*\n)"
		else
			printf '%s\n' "${line//.../*}"
		fi
	done
	echo .
}

check_text() {
	local name=$1 out wanted

	out=$(plain <"$2"; echo .)
	wanted=$(pattern_of <"$3")
	# shellcheck disable=SC2053 # a pattern
	if [[ $out == $wanted ]]; then
		pass "$name"
	else
		fail "$name" "$(diff -U 99 --label page --label printed <(plain <"$3") <(plain <"$2"))"
	fi
}

check_block() {
	local block=$1 name

	name="$(<"$block.name") ($(cat "$block.ended" 2>/dev/null || echo ?) s)"
	if [ ! -e "$block.ended" ]; then
		fail "$name" "it was not reached, or did not end"
	elif [ -e "$block.failed" ]; then
		fail "$name" "$(cat "$block.failed" "$block.out")"
	elif [ -e "$block.text" ]; then
		check_text "$name" "$block.out" "$block.text"
	else
		pass "$name"
	fi
}

# What the page has made and, if a step failed, not taken away.
clean_up() {
	local n

	for n in $(seq 10); do
		! id -u "user$n" >/dev/null 2>&1 || userdel -rf "user$n" 2>/dev/null
	done
	getent group shellusers >/dev/null && groupdel shellusers
	getent group nsunshare-exempt >/dev/null && delgroup --quiet nsunshare-exempt
	rm -rf /etc/security/nsunshare.d "$PLACE"
}

purge_package
rm -rf /etc/security/nsunshare.d
mkdir -p "$BLOCKS"
cp /test/new.deb "$PLACE/libpam-nsunshare_$(dpkg-deb -f /test/new.deb Version)_$(dpkg --print-architecture).deb"
extract_blocks
began=$(date +%s)
run_blocks &
runner=$!
for block in "$BLOCKS"/*.sh; do
	while [ ! -e "${block%.sh}.ended" ] && kill -0 $runner 2>/dev/null; do
		sleep 0.5
	done
	check_block "${block%.sh}"
done
wait $runner
echo "# the commands of the page have taken $(($(date +%s) - began)) s"
clean_up
purge_package
finish
