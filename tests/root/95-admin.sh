#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nsunshare check and nsunshare explain: what they find and say, their exit statuses, and who may call them.
# Holds G21.
# shellcheck disable=SC2016,SC2119,SC2317 # names that look like commands; functions are called by name, from tables
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/admin.inc"

readonly DROPINS=/etc/security/nsunshare.d
readonly USERS=$DROPINS/users
readonly ESCAPE=$'\e[31mred'
readonly ESCAPED='\x1b[31mred'

# said NAME STATUS OUT-REGEX ERR-REGEX: how the last call ended; an empty one: nothing on that stream.
said() {
	check_is "$1: exit status $2" "$status" "$2"
	check_said "$1: standard output" "$out" "$3"
	check_said "$1: standard error" "$err" "$4"
}

check_said() {
	if [ -n "$3" ]; then
		check_has "$1" "$2" "$3"
	else
		check_is "$1: nothing" "$2" ""
	fi
}

# dropin NAME: a file below the directory of drop-ins, from stdin.
dropin() {
	install -D -m 0644 /dev/stdin "$DROPINS/$1"
}

clear_policy() {
	rm -rf "$POLICY" "$DROPINS"
}

# The policy that most of this asks about.
good_policy() {
	clear_policy
	policy <<-'END'
		rules = (
		  { user = "root";                          profile = "none"; },
		  { group = "staffers"; service = "su";     profile = "none"; },
		  { user = "alice"; tty = "tty*";           profile = "none"; },
		  { user = "alice"; rhost = "*.lab";        profile = "shell"; hostname = "lab"; },
		  { user = [ "alice", "bob" ];              profile = "shell"; stop_timeout = 250; }
		);
		profiles = {
		  shell = {
		    base = "default";
		    hostname = "%u.guest";
		    mounts = ( { type = "tmpfs"; path = "/tmp"; size = "64M"; } );
		  };
		};
	END
}

test_check_ok() {
	good_policy
	admin check
	said "check: a good policy" 0 "^$POLICY: ok\$" ""
	dropin 10-more.conf <<<'rules = ( { user = "carol"; profile = "none"; } );'
	userdel carol 2>/dev/null
	useradd -M -u 1503 carol
	dropin users/alice.conf <<<'hostname = "alices";'
	admin check
	said "check: with a drop-in and a user's file" 0 "^$POLICY: ok\$" ""
	cp "$POLICY" /etc/other.conf
	rm "$POLICY"
	admin check --conf /etc/other.conf
	said "check --conf FILE" 0 '^/etc/other.conf: ok$' ""
	cd /etc || return
	admin check --conf=./other.conf
	said "check --conf=FILE, a relative one" 0 '^/etc/other.conf: ok$' ""
	cd /
}

test_check_warnings() {
	good_policy
	printf 'rules = (\n { user = "alice"; profile = "none"; },\n { group = "nosuchgroup"; profile = "none"; } );\n' | policy
	admin check
	said "check: a group that does not exist" 1 "^$POLICY:3: warning: .*nosuchgroup" '^1 warning$'
	check_is "check: a group that does not exist: one line" "$(wc -l <<<"$out")" 1
	good_policy
	dropin users/nosuchuser.conf <<<'hostname = "x";'
	dropin "users/$ESCAPE.conf" <<<'hostname = "x";'
	admin check
	said "check: files of users that do not exist" 1 "^$USERS/nosuchuser.conf: warning: .*nosuchuser" '^2 warnings$'
	check_hasnt "check: no escape of a file's name gets through" "$out" $'\e'
}

test_check_errors() {
	good_policy
	printf 'rules = (\n { users = "alice"; profile = "none"; },\n { user = "bob"; profile = "none"; colour = 1; },\n' >/run/bad
	printf ' { group = "nosuchgroup"; profile = "none"; } );\n' >>/run/bad
	policy </run/bad
	admin check
	said "check: two errors and a warning" 2 "^$POLICY:2: .*users" '^2 errors, 1 warning$'
	check_has "check: two errors: the second one too" "$out" "^$POLICY:3: .*colour"
	check_has "check: two errors: the warning behind them" "$out" "^$POLICY:4: warning: .*nosuchgroup"
	good_policy
	dropin 20-bad.conf <<<'profiles = { shell = { base = "default"; }; };'
	dropin users/bob.conf < <(printf '\nhostnam = "x";\n')
	admin check
	said "check: errors in a drop-in" 2 "^$DROPINS/20-bad.conf:1: .*shell.*$POLICY:[89]" '^2 errors$'
	check_has "check: and in a user's file" "$out" "^$USERS/bob.conf:2: .*hostnam"
	good_policy
	printf 'rules = (\n' | policy
	admin check
	said "check: a syntax error" 2 "^$POLICY:[0-9]+: .*syntax" '^1 error$'
	check_hasnt "check: an error is no warning" "$out" warning
}

# FUNCTION|PART OF THE REASON: each spoils a good policy.
users_own() { chown alice "$POLICY"; }
fifo() { rm "$POLICY" && mkfifo "$POLICY"; }
link() { mv "$POLICY" /etc/real.conf && ln -s /etc/real.conf "$POLICY"; }

test_check_files() {
	local spoil reason

	while IFS='|' read -r spoil reason; do
		good_policy
		"$spoil"
		admin check
		said "check: ${spoil//_/ }" 2 "^$POLICY$reason" '^1 error$'
		admin explain alice
		said "explain: ${spoil//_/ }" 2 "" "^nsunshare: the login would be refused: .*$POLICY$reason"
	done <<-'END'
		users_own|: .*does not belong to root
		fifo|: not a regular file
		link|.*symbolic links
	END
	good_policy
	rm "$POLICY"
	admin check
	said "check: no policy" 2 "^$POLICY: there is no policy: write one" '^1 error$'
	admin explain alice
	said "explain: no policy" 2 "" "^nsunshare: the login would be refused: $POLICY: there is no policy: write one"
}

# What is installed, and the examples, have no error; users and groups of theirs need not exist here.
test_check_shipped() {
	local file

	for file in "$HERE"/../../conf/*.conf "$HERE"/../../conf/examples/*.conf; do
		clear_policy
		policy <"$file"
		admin check
		check_hasnt "check: ${file##*/conf/}: no error" "$status $err" '^2|error'
	done
}

# explained KEY: value and origin of it in the last answer.
explained() {
	sed -n "s/^$1: //p" <<<"$out"
}

test_explain() {
	good_policy
	admin explain alice
	said "explain alice" 0 '^user: alice$' ""
	check_is "explain: sshd is the service" "$(explained service)" sshd
	check_has "explain: the first rule, and why it does not hold" "$(explained rule)" "^no: .*user.*root.*  \\[$POLICY:2\\]\$"
	check_has "explain: the second rule does not hold for sshd" "$(explained rule)" "^no: .*service.*  \\[$POLICY:3\\]\$"
	check_has "explain: the rule that holds" "$(explained rule)" "^yes  \\[$POLICY:6\\]\$"
	check_is "explain: five rules" "$(explained rule | wc -l)" 5
	check_has "explain: a value of the rule" "$(explained stop_timeout)" "^250.*  \\[$POLICY:6\\]\$"
	check_has "explain: a value of the profile" "$(explained hostname)" "^alice.guest  \\[$POLICY:11\\]\$"
	check_has "explain: a value of the base" "$(explained namespaces)" '  \[built-in\]$'
	check_has "explain: a mount" "$(explained mount)" "/tmp.*64.*  \\[$POLICY:12\\]\$"
	admin explain --service su alice
	said "explain --service" 0 '^session: left alone' ""
	check_has "explain --service: the rule that holds" "$(explained rule)" "^yes  \\[$POLICY:3\\]\$"
	admin explain alice --tty=tty1
	said "explain --tty" 0 '^session: left alone' ""
	check_has "explain --tty: the rule that holds" "$(explained rule)" "^yes  \\[$POLICY:4\\]\$"
	check_is "explain --tty: the terminal" "$(explained tty)" tty1
	admin explain --rhost pc.lab alice
	check_has "explain --rhost: a value of the rule" "$(explained hostname)" "^lab  \\[$POLICY:5\\]\$"
	admin explain root
	said "explain root" 0 '^session: left alone' ""
	admin explain nobody
	said "explain: no rule holds" 0 '^session: left alone' ""
	admin explain nobody --profile default
	said "explain --profile" 0 '^profile: default' ""
	check_has "explain --profile: a value of it" "$(explained namespaces)" 'mount.*  \[built-in\]$'
	clear_policy
	admin explain nobody --profile=default
	said "explain --profile without a policy" 0 '^profile: default' ""
	good_policy
	mv "$POLICY" /etc/other.conf
	admin explain --conf /etc/other.conf bob
	check_has "explain --conf" "$(explained hostname)" '^bob.guest  \[/etc/other.conf:11\]$'
}

test_explain_user_file() {
	good_policy
	dropin users/alice.conf < <(printf '# hers\nhostname = "alices-own";\n')
	dropin 10-more.conf <<<'rules = ( { user = "nobody"; profile = "shell"; } );'
	admin explain alice
	check_has "explain: the user's file prevails" "$(explained hostname)" "^alices-own  \\[$USERS/alice.conf:2\\]\$"
	admin explain bob
	check_has "explain: it is for that user only" "$(explained hostname)" "^bob.guest  \\[$POLICY:11\\]\$"
	admin explain nobody
	check_has "explain: a rule of a drop-in" "$(explained rule)" "^yes  \\[$DROPINS/10-more.conf:1\\]\$"
	dropin users/alice.conf <<<'hostnam = "x";'
	admin explain alice
	said "explain: a mistake in the user's file" 2 "" "^nsunshare: the login would be refused: $USERS/alice.conf:1: .*hostnam"
	admin explain bob
	check_is "explain: which is no mistake for another one" "$status" 0
}

# What is explained is what happens.
test_explain_is_true() {
	local rule

	good_policy
	dropin users/alice.conf <<<'hostname = "alices-own";'
	admin explain alice --service pt
	rule=$(explained rule | sed -n 's/^yes  \[\(.*\)\]/\1/p')
	log_mark
	out=$(pamprobe pt alice open run='hostname; findmnt -no FSTYPE,SIZE /tmp' close)
	check_has "explain: the login has the host name" "$out" '^alices-own$'
	check_has "explain: the login has the mount" "$out" '^tmpfs +64M$'
	check_log "explain: the log has the rule" " opened: .*user=alice .*rule=${rule:-none} "
}

test_explain_refused() {
	clear_policy
	sed -i 's,:/home/alice:,:relative:,' /etc/passwd
	policy <<-'END'
		rules = ( { user = "root"; profile = "none"; }, { user = "alice"; profile = "p"; } );
		profiles = { p = { base = "default"; mounts = ( { type = "tmpfs"; path = "%h/tmp"; } ); }; };
	END
	admin explain alice
	said "explain: a login that would be refused" 2 "^rule: yes  \\[$POLICY:1\\]\$" '^nsunshare: the login would be refused: .*%h'
	admin explain --json alice
	check_is "explain --json: a login that would be refused: exit status" "$status" 2
	check "explain --json: a login that would be refused: valid as far as it goes" jq -e '.explain | length > 2' /run/out
	sed -i 's,:relative:,:/home/alice:,' /etc/passwd
	good_policy
	admin explain nosuchuser
	said "explain: no such user" 2 "" "^nsunshare: user 'nosuchuser': no such user"
}

test_json() {
	good_policy
	admin explain alice
	cp /run/out /run/text
	admin explain --json alice
	said "explain --json" 0 '"explain"' ""
	check_is "explain --json: one object with one member" "$(jq -c keys /run/out)" '["explain"]'
	check_is "explain --json: three members each" "$(jq -c '[.explain[] | keys] | unique' /run/out)" '[["key","origin","value"]]'
	check_is "explain --json: the same as the text" \
		"$(jq -r '.explain[] | .key + ": " + (.value // "") + if .origin then "  [" + .origin + "]" else "" end' /run/out)" \
		"$(cat /run/text)"
}

# The examples of the manual page: a policy, then calls and what they print.
test_manual() {
	local block call calls=0

	clear_policy
	while IFS= read -r -d '' block; do
		block=${block%$'\n'}
		call=${block%%$'\n'*}
		case $call in
		"# nsunshare check"* | "# nsunshare explain"*) # of the others each call says something else
			calls=$((calls + 1))
			check_is "manual: $call" "$call"$'\n'"$(bash -c "${call#\# }" 2>&1 </dev/null)" "$block"
			;;
		"rules ="*) policy <<<"$block" ;;
		esac
	done < <(awk '/^\.Sh/ { here = $2 == "EXAMPLES" } here && /^\.Ed/ { printf "%c", 0; in_block = 0 } in_block { print }
		here && /^\.Bd/ { in_block = 1 }' "$HERE/../../man/nsunshare.8")
	check_is "manual: four calls" "$calls" 4
}

# Who has such a name has it from a directory service; nothing of it may reach the administrator's terminal.
test_hostile_text() {
	local word words
	printf '%s:x:1600:1600::/home/alice:/bin/sh\n' "$ESCAPE" >>/etc/passwd
	clear_policy
	policy <<<'rules = ( { uid = "1600"; profile = "default"; } );'
	words=("explain|$ESCAPE" "explain|alice|--rhost|$ESCAPE" "explain|alice|--tty|$ESCAPE" "explain|alice|--service|$ESCAPE"
		"explain|alice|--profile|$ESCAPE" "explain|--json|$ESCAPE" "explain|--json|alice|--rhost|$ESCAPE"
		"explain|alice|--conf|$ESCAPE" "explain|alice|--conf|/etc/$ESCAPE" "explain|nosuch$ESCAPE" "explain|alice|$ESCAPE"
		"explain|--$ESCAPE" "explain|-"$'\e' "$ESCAPE" "check|--conf|/etc/$ESCAPE" "check|$ESCAPE")
	for word in "${words[@]}"; do
		IFS='|' read -r -a word <<<"$word"
		admin "${word[@]}"
		check_hasnt "escapes, $(printf '%q ' "${word[@]}"): none gets through" "$(tr -d '\n' </run/out; tr -d '\n' </run/err)" '[[:cntrl:]]'
		[[ "${word[*]}" == *--json* ]] ||
			check "escapes: and what it is can be read" grep -Fq -e "${ESCAPED#?}" -e '\x1b' /run/out /run/err
	done
	admin explain --json "$ESCAPE"
	check_is "escapes: in JSON too" "$(jq -r '.explain[] | select(.key == "user").value' /run/out)" "$ESCAPED"
	admin explain -- --json
	said "a user whose name looks like an option" 2 "" "user '--json': no such user"
	sed -i '/:1600:1600:/d' /etc/passwd
}

test_callers() {
	good_policy
	check_is "alice: check is refused" "$(runuser -u alice -- nsunshare check 2>&1)" "nsunshare: check: only root may do this"
	runuser -u alice -- nsunshare check >/dev/null 2>&1
	check_is "alice: check: exit status" $? 2
	check_is "alice: explain is refused" "$(runuser -u alice -- nsunshare explain alice 2>&1)" \
		"nsunshare: explain: only root may do this"
	check "alice: --help is not" runuser -u alice -- nsunshare --help
	check_is "--version" "$(nsunshare --version)" \
		"nsunshare $(sed -n 's/^#define NSU_VERSION "\(.*\)"/\1/p' "$HERE/../../include/defaults.h")"
}

# WORDS|REGEX: usage errors, with nothing on the standard output.
test_usage() {
	local words reason

	while IFS='|' read -r words reason; do
		read -r -a words <<<"$words"
		admin "${words[@]}"
		said "usage '${words[*]}'" 2 "" "^nsunshare: .*$reason.*see nsunshare --help\$"
	done <<-'END'
		|no command
		chekc|unknown command 'chekc'
		check --nosuch|unknown or ambiguous option '--nosuch'
		check -c|unknown option '-c'
		check --conf|'--conf' wants a value
		check alice|one word too many: 'alice'
		explain|USER is missing
		explain alice bob|one word too many: 'bob'
		explain alice --json=yes|'--json=yes': the option takes no value
		explain --json --json alice|'--json' is given twice
	END
}

# exits_2 NAME: the last call wrote to where nothing can be written.
exits_2() {
	check_is "$1: exit status" "$status" 2
	check_has "$1: said" "$(</run/err)" '^nsunshare: the output could not be written as a whole$'
}

test_output() {
	local call

	good_policy
	for call in check 'explain alice' 'explain --json alice' --help; do
		# shellcheck disable=SC2086 # words
		nsunshare $call >/dev/full 2>/run/err
		status=$?
		exits_2 "$call, a full disk"
		# shellcheck disable=SC2086
		nsunshare $call >&- 2>/run/err
		status=$?
		exits_2 "$call, no standard output"
	done
	mkfifo /run/pipe
	exec 8<>/run/pipe
	exec 9>/run/pipe 8<&-
	nsunshare explain alice >&9 2>/run/err
	status=$?
	exec 9>&-
	exits_2 "explain, a reader that has gone"
	nsunshare check >/run/out <&- 2>&-
	check_is "check, no other standard streams: as ever" "$? $(</run/out)" "0 $POLICY: ok"
}

# typed TEXT: what a bash makes of the line when Tab is hit at its end, and Return behind it. The line is only printed.
typed() {
	PS1='prompt: ' INPUTRC=/dev/null TERM=dumb ptytalk 'prompt: ' "$1^I ^M" 'prompt: ' 'exit^M' -- \
		bash --noprofile --rcfile /root/completion.rc -i 2>&1 | tr -d '\r' | sed -n 's/^typed: //p'
}

test_completion() {
	cat >/root/completion.rc <<-END
		. $HERE/../../completion/nsunshare
		PS1='prompt: '
		nsunshare() { printf 'typed:'; printf ' %s' "\$@"; echo; }
	END
	cd /etc/security || return
	touch nsunshare.completion
	check_is "completion: a command" "$(typed 'nsunshare ch')" check
	check_is "completion: a user" "$(typed 'nsunshare explain alic')" "explain alice"
	check_is "completion: an option" "$(typed 'nsunshare explain --js')" "explain --json"
	check_is "completion: a file behind --conf=" "$(typed 'nsunshare check --conf=nsunshare.comp')" "check --conf=nsunshare.completion"
	check_is "completion: a service" "$(typed 'nsunshare explain alice --service su-')" "explain alice --service su-l"
	printf '%s:x:1600:1600::/home/alice:/bin/sh\n' 'zed$(touch${IFS}/root/ran)' >>/etc/passwd
	check_is "completion: no user with the name of a command" "$(typed 'nsunshare explain ze')" "explain ze"
	check_fails "completion: nothing of it has run" test -e /root/ran
	sed -i '/:1600:1600:/d' /etc/passwd
	cd /
}

build_tool pamprobe -lpam -lpthread
build_tool ptytalk
test_check_ok
test_check_warnings
test_check_errors
test_check_files
test_check_shipped
test_explain
test_explain_user_file
test_explain_is_true
test_explain_refused
test_json
test_manual
test_hostile_text
test_callers
test_usage
test_output
test_completion
finish
