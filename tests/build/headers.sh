#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every function that a header declares has a comment right above it: ` * NAME - `, a line for each parameter and for
# none else, and `Return:` unless it returns nothing. Run from the top of the tree.
set -u

# Prints one TAP line for each function of a header.
check_header() {
	awk -v file="$1" '
	function fail(text) { problems = problems "# " file ": " name ": " text "\n" }

	# The names of the parameters of a declaration, into params[]; the last word of each, without its array.
	function read_params(declaration,    list, n, i, word) {
		delete params
		list = declaration
		sub(/^[^(]*\(/, "", list); sub(/\)[^)]*$/, "", list)
		if (list == "void") return
		n = split(list, parts, ",")
		for (i = 1; i <= n; i++) {
			word = parts[i]
			sub(/\[[^]]*\]/, "", word); sub(/[ \t]+$/, "", word); sub(/^.*[ \t*]/, "", word)
			if (word != "...") params[word] = 1
		}
	}

	function check(    word, line, n, i, said) {
		problems = ""
		if (comment == "") fail("no comment /** */ right above")
		n = split(comment, lines, "\n")
		if (comment != "" && index(lines[2], " * " name " - ") != 1) fail("its comment begins otherwise")
		for (i = 1; i <= n; i++) {
			if (match(lines[i], /^ \* @[a-z_0-9]+:/)) {
				word = substr(lines[i], 5, RLENGTH - 5)
				said[word] = 1
				if (!(word in params)) fail("has no parameter " word)
			}
		}
		for (word in params) if (comment != "" && !(word in said)) fail("nothing is said of " word)
		if (!returns_nothing && comment !~ /Return:/) fail("what it returns is not said (Return:)")
		printf "%sok - %s: %s is described\n", problems == "" ? "" : "not ", file, name
		printf "%s", problems
	}

	/^\/\*\*$/ { comment = $0 "\n"; in_comment = 1; next }
	in_comment { comment = comment $0 "\n"; if (/\*\/$/) in_comment = 0; next }
	/^static inline / { comment = ""; next }
	/^NSU_PRINTF\([^)]*\)$/ { next }
	/^(NSU_[A-Z]+[ (]|const |unsigned |struct [a-z_]* |enum [a-z_]* |bool |int |int64_t |uint32_t |uint64_t |pid_t |void |char |size_t )/ &&
	/(^|[ *])nsu_[a-z_0-9]+\(/ { declaration = ""; in_declaration = 1 }
	in_declaration {
		line = $0; sub(/^[ \t]+/, " ", line)
		declaration = declaration line
		if (!/;$/) next
		in_declaration = 0
		sub(/^NSU_PRINTF\([^)]*\) /, "", declaration)
		name = declaration; sub(/\(.*/, "", name); sub(/^.*[ *]/, "", name)
		returns_nothing = declaration ~ /^void [a-z]/
		read_params(declaration)
		check()
		comment = ""
		next
	}
	/[^ \t]/ { comment = "" }
	' "$1"
}

out=$(for header in include/*.h lib/*.h helper/*.h pam_module/*.h network/*.h limits/*.h cli/*.h; do check_header "$header"; done)
printf '%s\n' "$out"
# A header whose declarations were not recognised would pass unseen.
found=$(printf '%s\n' "$out" | grep -cE '^(not )?ok - ')
declared=$(cat include/*.h lib/*.h helper/*.h pam_module/*.h network/*.h limits/*.h cli/*.h | grep -vE '^(/\*| \*|#|static|typedef|	)' | grep -cE '\bnsu_[a-z_0-9]+\(')
if [ "$found" -eq "$declared" ] && [ "$found" -gt 0 ]; then
	echo "ok - all $declared declarations were looked at"
else
	echo "not ok - $found of $declared declarations were looked at"
fi
! printf '%s\n' "$out" | grep -q '^not ok' && [ "$found" -eq "$declared" ]
