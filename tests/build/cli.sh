#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The admin tool's help, its manual page and its completion name the same commands and options; what the completion offers.
# Run from the top of the tree.
# shellcheck disable=SC2034 # COMP_WORDS and COMP_CWORD are for the completion
set -u

tool=build/${VARIANT:-release}/nsunshare
. tests/build/report.inc
. completion/nsunshare

# Readline's part of the completion is not here; tests/root/95-admin.sh has it.
compopt() {
	:
}

# offers WORD...: what is offered where the last of the words is being typed, sorted.
offers() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_nsunshare
	printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
}

# same NAME GOT WANTED
same() {
	local problem=
	[ "$2" = "$3" ] || problem=$(diff -U 0 --label wanted --label got <(echo "$3") <(echo "$2"))
	report "$1" "$problem"
}

# "COMMAND" and "COMMAND OPTION" a line, and options without a command.
of_help() {
	"$tool" --help | awk '
		/^  [a-z]/    { command = $1; print command }
		/^    --/     { print command " " $1 }
		/^  --/       { print $1 }' | sort
}

of_manual() {
	awk '
		/^\.Ss /              { command = $2; print command }
		/^\.It Fl -/          { option = "-" $3; sub(/[ =].*/, "", option); print (command == "" ? "" : command " ") option }
		/^\.Sh /              { command = "" }' man/nsunshare.8 | sort
}

of_completion() {
	local command word
	for command in $(offers nsunshare ''); do
		echo "$command"
		for word in $(offers nsunshare "$command" -); do
			[ "$word" = --help ] || echo "$command $word"
		done
	done | sort
}

help=$(of_help)
same "the help names the commands there are" "$(sed -n 's,^extern const struct nsu_cli_command nsu_cli_\(.*\);,\1,p' cli/cli.h | sort)" \
	"$(grep -vF -- -- <<<"$help")"
same "the manual page has the commands and options of the help" "$(of_manual)" "$help"
same "the completion has the commands and options of the help" "$(of_completion)" "$help"
while read -r command; do
	same "completion: --help is offered behind $command" "$(offers nsunshare "$command" --h)" --help
	same "$command --help: exit status 0, the lines of that command" "$("$tool" "$command" --help; echo $?)" \
		"$("$tool" --help | sed -n "/^  $command/,/^  [a-z-]/p" | sed '1!{/^  [a-z-]/d}'; echo 0)"
done < <(grep -vF -- -- <<<"$help")

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
touch "$place/one.conf" "$place/other.conf"
same "completion: a command" "$(offers nsunshare che)" check
same "completion: no such command" "$(offers nsunshare x)" ''
same "completion: a user" "$(offers nsunshare explain nobod)" nobody
same "completion: a user behind an option" "$(offers nsunshare explain --json nobod)" nobody
same "completion: no user for check" "$(offers nsunshare check nobod)" ''
same "completion: files behind --conf" "$(offers nsunshare check --conf "$place/o")" "$place/one.conf $place/other.conf"
same "completion: files behind --conf=" "$(offers nsunshare check --conf = "$place/on")" "$place/one.conf"
same "completion: all files behind --conf= at once" "$(cd "$place" && offers nsunshare explain --conf =)" "one.conf other.conf"
same "completion: services of /etc/pam.d" "$(offers nsunshare explain --service othe)" other
same "completion: nothing for --rhost" "$(offers nsunshare explain --rhost nobod)" ''
same "completion: a user for run" "$(offers nsunshare run --service other nobod)" nobody
same "completion: a user for enter, and behind --user" "$(offers nsunshare enter nobod) $(offers nsunshare enter x --user nobod)" "nobody nobody"
same "completion: a program behind --" "$(offers nsunshare run nobody -- busybo)" busybox
same "completion: no option of ours behind --" "$(offers nsunshare run nobody -- ls --co)" ''

# Two sets, as `nsunshare list --json` prints them.
nsunshare() {
	[ "$*" = "list --json" ] && cat <<-'END'
		{
		   "sets": [
		      {
		         "id": "aaaa000000000000",
		         "name": "aaa-group",
		         "user": "alice",
		         "logins": [{"service": "aservice","user": "aguest"}]
		      },{
		         "id": "bbbb000000000000",
		         "user": "a b; rm",
		         "logins": []
		      }
		   ]
		}
	END
}
same "completion: sets and their users for kill" "$(offers nsunshare kill '')" "aaaa000000000000 alice bbbb000000000000"
same "completion: those that begin so" "$(offers nsunshare kill --yes a)" "aaaa000000000000 alice"
same "completion: sets for enter, and all users" "$(offers nsunshare enter bbb) $(offers nsunshare enter nobod)" "bbbb000000000000 nobody"
same "completion: nothing for --timeout" "$(offers nsunshare kill --timeout a)" ''
same "completion: no set for list" "$(offers nsunshare list a)" ''
exit $((failures > 0))
