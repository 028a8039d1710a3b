#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# docs/troubleshooting.md quotes lines of the log: each piece `...` in the first column of a table "in the log" is in one text of the
# sources, where ... stands for what varies. Run from the top of the tree.
set -u

. tests/build/report.inc

readonly PAGE=docs/troubleshooting.md

# The texts of the programs that make sessions, one a line: without comments, strings beside each other joined, conversions of printf
# and names of constants between strings as "...".
texts_of_sources() {
	local file

	for file in lib/*.c helper/*.c pam_module/*.c network/*.c limits/*.c; do
		grep -v '^#' "$file" | "${CC:-gcc}" -fpreprocessed -E -P -x c - 2>/dev/null
	done | tr '\n\t' '  ' | sed -E "s/'\\\\?\"'//g" |
		sed -E 's/\\\\/\x03/g; s/\\"/\x01/g; s/" *[A-Z][A-Z_]+ *"/.../g; s/" *"//g' | grep -oE '"[^"]+"' |
		sed -E 's/^"|"$//g; s/\x01/"/g; s/%%/\x02/g; s/%[-0-9.*]*(ll|l|z|h)?[a-zA-Z]/.../g; s/\x02/%/g; s/\x03/\\/g'
}

# The pieces of a row's first column, one a line.
# shellcheck disable=SC2016 # no command
pieces() {
	grep -oE '`[^`]+`' <<<"$1" | tr -d '`'
}

# is_said PIECE: its parts between ... are in one text, in their order.
is_said() {
	local text rest part parts

	mapfile -t parts <<<"${1//.../$'\n'}"
	while IFS= read -r text; do
		rest=$text
		for part in "${parts[@]}"; do
			[[ $rest == *"$part"* ]] || continue 2
			rest=${rest#*"$part"}
		done
		return 0
	done < <(grep -F -- "$(longest "${parts[@]}")" <<<"$texts")
	return 1
}

longest() {
	printf '%s\n' "$@" | awk 'length > length(longest) { longest = $0 } END { print longest }'
}

texts=$(texts_of_sources)
# Up to the end of the table: the tables of others' lines and of the kernel's reasons quote nothing of ours.
rows=$(awk '/^## Lines of others/ { exit } /^\| in the log / { in_table = 1; next } !/^\|/ { in_table = 0 } in_table && !/^\|-/' "$PAGE")
report "the texts of the sources are found" "$([ "$(wc -l <<<"$texts")" -gt 500 ] || wc -l <<<"$texts")"
report "what nobody says is not found" "$(is_said 'the moon is ... cheese' && echo 'but it was')"
report "a text with its parts in another order is not found" "$(is_said "is not trusted: ...: the directory '" && echo 'but it was')"
report "there are at least 50 rows" "$([ "$(wc -l <<<"$rows")" -ge 50 ] || wc -l <<<"$rows")"
problems=
while IFS='|' read -r _ first _; do
	[ -n "$(pieces "$first")" ] || problems+="no quoted piece:$first"$'\n'
	while IFS= read -r piece; do
		is_said "$piece" || problems+="the sources do not say: $piece"$'\n'
	done < <(pieces "$first")
done <<<"$rows"
report "all $(wc -l <<<"$rows") rows quote what the sources say" "$problems"
[ "$failures" = 0 ]
