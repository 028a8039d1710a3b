#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nsunshare.conf(5) and the tables of the parser know the same keys, words and types of mounts, and each key has an example.
# (That the parser takes the examples is seen by tests/unit/test_manual.c.) Run from the top of the tree.
# Holds G23.
set -u

. tests/build/report.inc

readonly PAGE=man/nsunshare.conf.5

# The rows of all tables, as "TABLE KEY WORDS"; a row may run over two lines. NAME_rows is the table NAME, and what has no
# name of its own that of its file: policy_NAME.c.
table_rows() {
	awk '
	/struct nsu_row [a-z_]*rows?(\[\])? = {/ {
		match($0, /nsu_row [a-z_]*/)
		table = substr($0, RSTART + 8, RLENGTH - 8)
		sub(/_?rows?$/, "", table)
		if (table == "" || table == "type") { table = FILENAME; gsub(/.*policy_|\.c$/, "", table) }
		sub(/.*= {/, "")
		row = ""
	}
	table == "" { next }
	/^[ \t]*{?"[a-z_]*", NSU_VALUE_/ { row = "" }
	{ row = row $0 }
	/}[,;][ \t]*$/ && row != "" {
		words = "-"
		if (match(row, /\.words = "[^"]*"/)) words = substr(row, RSTART + 10, RLENGTH - 11)
		if (split(row, quoted, "\"") > 1) print table, quoted[2], words
		row = ""
	}
	/^};|};[ \t]*$/ { table = "" }
	' lib/*.c
}

# What the page has, as "SECTION KEY THING": `key` for each item of a list of keys, `example` for a key whose example has it,
# `word W` for each .Cm in its text. Keys of a group in a key (proc, net) are one list deeper.
page_things() {
	awk -v groups="$1" '
	BEGIN { n = split(groups, names, " "); for (i = 1; i <= n; i++) is_group[names[i]] = 1
		section["Conditions"] = "rule"; section["Keys"] = "settings"; section["Keys of a mount"] = "mount"
		section["Types"] = "type" }
	function in_key() { return sub_key != "" ? sub_key : key }
	function in_section() { return sub_key != "" ? key : place }
	/^\.S[sh] / { name = $0; sub(/^\.S[sh] /, "", name); place = section[name]; key = sub_key = ""; depth = 0 }
	place == "" { next }
	/^\.Bl / { depth++ }
	/^\.El/ { depth--; if (depth < 2) sub_key = "" }
	/^\.It Cm / && depth == 1 { key = $3; print place, key, "key" }
	/^\.It Cm / && depth == 2 && key in is_group { sub_key = $3; print key, sub_key, "key" }
	key == "" { next }
	/^\.It Cm / || /^\.Cm / { for (i = 2; i <= NF; i++) print in_section(), in_key(), "word", $i
		if (sub_key != "" ) next
		for (i = 2; i <= NF; i++) print place, key, "word", $i }
	/^\.\\" example: / { marked = 1; next }
	/^\.Ed/ { marked = 0 }
	marked && place == "type" && index($0, "type = \"" key "\"") { print place, key, "example" }
	marked && $0 ~ "(^|[^a-z_])" in_key() " *= " { print in_section(), in_key(), "example" }
	' "$PAGE"
}

# Where the page describes the keys of a table: those of a profile and of the settings are one list, and a user's file has
# the key `profile` of a rule.
place_of() {
	case $1 in
	profile) echo settings ;;
	user) echo rule ;;
	*) echo "$1" ;;
	esac
}

rows=$(table_rows)
# The tables that are none of the page's lists by themselves: those of groups of keys.
groups=$(cut -d' ' -f1 <<<"$rows" | sort -u | grep -vxE 'settings|profile|rule|user|mount' | paste -sd ' ')
things=$(page_things "$groups")
tables_keys=$(while read -r table key _; do echo "$(place_of "$table") $key"; done <<<"$rows" | sort -u)
page_keys=$(sed -n 's/ key$//p' <<<"$things" | grep -v '^type ' | sort -u)
types=$(sed -n 's/^mount type //p' <<<"$rows" | tr '|' '\n' | sort)

check_words() {
	local table key words word place
	while read -r table key words; do
		[[ $words != - && "$table $key" != "mount type" ]] || continue
		place=$(place_of "$table")
		for word in ${words//|/ }; do
			grep -qx "$place $key word $word" <<<"$things" || echo "$place: $key: the word $word is not described"
		done
	done <<<"$rows"
}

check_examples() {
	local place key
	while read -r place key; do
		grep -qx "$place $key example" <<<"$things" || echo "$place: $key: no marked example has it"
	done < <(sed -n 's/ key$//p' <<<"$things" | sort -u)
}

report "manual: the tables of the parser have been found" \
	"$([ "$(wc -l <<<"$tables_keys")" -ge 25 ] || echo "only: $tables_keys")"
report "manual: each key of the parser is in nsunshare.conf(5)" "$(comm -23 <(echo "$tables_keys") <(echo "$page_keys"))"
report "manual: each key of nsunshare.conf(5) is one of the parser" "$(comm -13 <(echo "$tables_keys") <(echo "$page_keys"))"
report "manual: each type of a mount is described, and no other" \
	"$(diff <(echo "$types") <(sed -n 's/^type \(.*\) key$/\1/p' <<<"$things" | sort))"
report "manual: each word that a key may have is described with it" "$(check_words)"
report "manual: each key, condition and type of a mount has an example" "$(check_examples)"
[ "$failures" = 0 ]
