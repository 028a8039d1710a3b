#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each condition and each key of the policy but those of mounts (75-mounts.sh), the drop-ins and the files of users, end to end:
# what a session then has. The golden tests (unit/golden) have their forms.
# Holds G22.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly DROPINS=${POLICY%.conf}.d
readonly USERS=$DROPINS/users

# log_in USER STEP...: into $out, what the steps print.
log_in() {
	log_mark
	out=$(timeout 30 pamprobe pt "$@" 2>&1)
	code=$(sed -n 's/^open: code //p' <<<"$out" | paste -sd ' ')
	out=$(grep -vE '^(open|close|run|message):' <<<"$out")
}

# gets NAME USER WANTED [STEP...]: the host name in the session; "shellhost" without one.
gets() {
	local name=$1 user=$2 wanted=$3
	shift 3

	log_in "$user" "$@" open run=hostname close
	check_is "$name" "$code $out" "0 $wanted"
}

refused() {
	log_in alice open
	check_is "$1: refused with PAM_SYSTEM_ERR" "$code" 4
	check_log "$1: the log says why" "refused: user=alice service=pt: .*$2"
}

# rules TEXT: one rule a line, CONDITIONS -> HOST NAME; each gets a profile of nothing but that name.
rules() {
	local conditions name list=''

	while IFS='|' read -r conditions name; do
		list+="${list:+, }{ $conditions profile = \"named\"; hostname = \"$name\"; }"
	done
	policy <<<"rules = ( $list ); profiles = { named = { namespaces = [ \"uts\" ]; }; };"
}

test_conditions() {
	rules <<-'END'
		user = "bo?"; service = "other";|wrong-service
		group = "staffers"; tty = "pts*";|staff-on-pts
		group = [ "none-such", "staffers" ]; rhost = "*.example";|staff-from-example
		uid = [ "1500", "1502-1503" ];|by-uid
		user = [ "x", "al*" ]; service = [ "sshd", "p?" ];|by-glob
	END
	gets "condition uid" bob by-uid
	gets "conditions user and service, globs" alice by-glob
	gets "conditions group and tty" alice staff-on-pts tty=pts/7
	gets "conditions group and rhost" alice staff-from-example rhost=a.example
	gets "condition user: no other user" root shellhost
	rules <<<'user = "*"; uid = "0-";|all'
	gets "uid 0 is in no wildcard" root shellhost
	rules <<<'user = "root";|named-root'
	gets "uid 0 by its name" root named-root
}

test_names() {
	policy_for_users 'namespaces = [ "uts" ]; hostname = "h-%u"; domainname = "%u.nis";'
	log_in alice open run='uname -n; cat /proc/sys/kernel/domainname' close
	check_is "hostname and domainname" "$out" $'h-alice\nalice.nis'
	check_isnt "domainname: the host's is as before" "$(</proc/sys/kernel/domainname)" alice.nis
	policy_for_users 'namespaces = [ "mount" ]; domainname = "x";'
	refused "domainname without uts" "domainname.*uts"
}

test_environment() {
	policy_for_users 'base = "default"; environment = [ "TMPDIR=/tmp/%u", "SESSION=%i", "EMPTY=", "PERCENT=%%" ];' 
	log_in alice env=TMPDIR open env=TMPDIR env=SESSION env=EMPTY env=PERCENT env=NSUNSHARE_ID close env=TMPDIR
	check_is "environment: set at the open, gone with the close" "$(sed -E "s/ [0-9a-f]{16}$/ ID/" <<<"$out" | paste -sd ';')" \
		"env: TMPDIR -;env: TMPDIR /tmp/alice;env: SESSION ID;env: EMPTY ;env: PERCENT %;env: NSUNSHARE_ID ID;env: TMPDIR -"
	check_is "environment: %i is the session's id" "$(grep -c "$(sed -n 's/.*NSUNSHARE_ID //p' <<<"$out")" <<<"$out")" 2
	start_sshd
	check_is "environment: in a login by ssh" "$(ssh alice@127.0.0.1 'echo $TMPDIR' 2>&1)" /tmp/alice
	for entry in 'no equals' '=x' 'A=%x' 'A B=c'; do
		policy_for_users "base = \"default\"; environment = [ \"$entry\" ];"
		refused "environment '$entry'" "key 'environment'"
	done
}

# What a login from inside gets. The inner one's namespaces against those around it.
nested() {
	local user=$1 inner

	inner='readlink /proc/self/ns/mnt; pamprobe pt '$user' open run="readlink /proc/self/ns/mnt; hostname" close 2>&1'
	log_in alice open run="$inner" close
	outer_regex=$(sed -n '1s/[][]/\\&/gp' <<<"$out")
	out=$(tail -n +2 <<<"$out")
}

test_nested() {
	local depth

	policy <<-'END'
		rules = ( { user = "alice"; profile = "default"; }, { user = "bob"; profile = "other"; } );
		profiles = { other = { base = "default"; hostname = "of-bob"; }; };
	END
	nested alice
	check_has "nested = \"nest\", the same user and profile: stays" "$out" "^$outer_regex$"
	check_log "nested = \"nest\", the same user and profile: the log says so" 'stays in session [0-9a-f]{16}'
	nested bob
	check_has "nested = \"nest\", another user: a session inside" "$out" '^of-bob$'
	check_hasnt "nested = \"nest\", another user: of its own" "$out" "^$outer_regex$"
	policy_for_users 'base = "default"; nested = "stay";'
	nested bob
	check_has "nested = \"stay\", another user: stays" "$out" "^$outer_regex$"
	policy <<-'END'
		rules = ( { user = "alice"; profile = "default"; }, { user = "bob"; profile = "default"; nested = "deny"; } );
	END
	nested bob
	check_is "nested = \"deny\": refused" "$(sed -n 's/^open: code //p' <<<"$out")" ""
	check_log "nested = \"deny\": the log says so" 'refused: user=bob .*(inside|nested|session)'
	log_in bob open run=hostname close
	check_is "nested = \"deny\" outside of a session: opened" "$code" 0
	# pid namespaces nest 32 deep
	policy <<-'END'
		rules = ( { user = "alice"; profile = "one"; }, { user = "bob"; profile = "two"; } );
		profiles = { one = { base = "default"; }; two = { base = "default"; }; };
	END
	cat >/root/deeper <<-'END'
		[ "$1" = 0 ] && exit
		[ $(($1 % 2)) = 0 ] && user=alice || user=bob # in turns: the same one would stay
		exec pamprobe pt $user open run="sh /root/deeper $(($1 - 1))" close
	END
	depth=$(timeout 60 sh /root/deeper 40 2>&1 | grep '^open: code' | sort | uniq -c | sed 's/^ *//' | paste -sd ';')
	check_has "nested: 32 deep ends in a refusal" "$depth" 'open: code 4'
	check_log "nested: and the log says why" 'refused: .*(32|nest|No space|limit)'
	check "nested: nearly as many are opened ($(log_count ' opened: '))" test "$(log_count ' opened: ')" -ge 28 -a "$(log_count ' opened: ')" -le 32
	check_gone "nested: nothing is left"
}

# ---- files

dropin() {
	mkdir -p "$DROPINS"
	install -m 0644 /dev/stdin "$DROPINS/$1"
}

user_file() {
	mkdir -p "$USERS"
	install -m 0644 /dev/stdin "$USERS/$1.conf"
}

test_dropins() {
	policy <<<'rules = ( { user = "bob"; profile = "shared"; hostname = "from-main"; } ); profiles = { shared = { namespaces = [ "uts" ]; }; };'
	dropin 20-b.conf <<<'rules = ( { user = [ "alice", "bob" ]; profile = "of-b"; } ); profiles = { of-b = { base = "of-a"; hostname = "from-b"; }; };'
	dropin 10-a.conf <<<'profiles = { of-a = { namespaces = [ "uts" ]; }; };'
	dropin 30-c.conf <<<'rules = ( { user = "*"; profile = "shared"; hostname = "from-c"; } );'
	dropin ignored.txt <<<'broken ('
	gets "drop-ins: their rules follow the main file's" bob from-main
	gets "drop-ins: in the order of their names; profiles join" alice from-b
	check_log "drop-ins: the log names the file of the rule" "rule=$DROPINS/20-b.conf:1"
	dropin 40-d.conf <<<'profiles = { shared = { namespaces = [ "ipc" ]; }; };'
	refused "drop-ins: a profile defined twice: both places are named" "$DROPINS/40-d.conf:1: .*$POLICY:1"
	dropin 40-d.conf <<<'rules = ( nonsense'
	refused "drop-ins: a broken one refuses all" "$DROPINS/40-d.conf:1: "
	rm "$DROPINS/40-d.conf"
	rm "$POLICY"
	refused "drop-ins alone are no policy" "$POLICY: there is no policy"
	rm -r "$DROPINS"
}

# Each function spoils $spoiled, a good file in $spoiled_dir.
of_user() { chown alice "$spoiled"; }
for_group() { chmod 0664 "$spoiled"; }
for_all() { chmod 0646 "$spoiled"; }
dir_of_user() { chown alice "$spoiled_dir"; }
dir_for_all() { chmod 0777 "$spoiled_dir"; }
link() { mv "$spoiled" /etc/real.conf && ln -s /etc/real.conf "$spoiled"; }
link_to_nowhere() { rm "$spoiled" && ln -s /nowhere "$spoiled"; }
fifo() { rm "$spoiled" && mkfifo -m 0644 "$spoiled"; }
device() { rm "$spoiled" && mknod -m 0644 "$spoiled" c 1 5; }
directory() { rm "$spoiled" && mkdir "$spoiled"; }
huge() { head -c 300K /dev/zero | tr '\0' '#' >>"$spoiled"; }
include() { echo '@include "/etc/security/nsunshare.conf"' >>"$spoiled"; }
nul() { printf '\0' >>"$spoiled"; }
dir_link() { mv "$spoiled_dir" /etc/real.d && ln -s /etc/real.d "$spoiled_dir"; }
dir_file() { rm -r "$spoiled_dir" && touch "$spoiled_dir"; }

readonly SPOILS='
C-23 of_user|does not belong to root
C-24 for_group|others than root can write it
C-24 for_all|others than root can write it
C-25 dir_of_user|not trusted: it does not belong to root
C-25 dir_for_all|not trusted: others than root can write it
C-26 link|symbolic links
C-26 link_to_nowhere|symbolic links
C-26 dir_link|symbolic links|Not a directory
C-27 fifo|not a regular file
C-27 device|not a regular file
C-27 directory|not a regular file
C-27 dir_file|(n|N)ot a directory
C-28 huge|larger than the
C-30 include|@include is not allowed
C-31 nul|NUL byte
'

test_spoiled() {
	local row spoil reason

	while IFS='| ' read -r row spoil reason; do
		[ -n "$row" ] || continue
		for spoiled in $DROPINS/10-a.conf $USERS/alice.conf; do
			rm -rf "$DROPINS" /etc/real.d /etc/real.conf
			policy_for_users
			dropin 10-a.conf <<<'rules = ();'
			user_file alice <<<'timeout = 4000;'
			spoiled_dir=$(dirname "$spoiled")
			$spoil
			refused "$row ${spoiled#"$DROPINS/"}, ${spoil//_/ }" "(${spoiled_dir%/*}.*)?${reason}"
		done
	done <<<"$SPOILS"
	rm -rf "$DROPINS" /etc/real.d /etc/real.conf
}

test_user_files() {
	policy <<<'rules = ( { user = "alice"; profile = "a"; hostname = "of-rule"; } ); profiles = { a = { namespaces = [ "uts" ]; hostname = "of-a"; };
		b = { namespaces = [ "uts" ]; hostname = "of-b"; }; };'
	user_file alice <<<'hostname = "of-file";'
	user_file bob <<<'profile = "b";'
	user_file root <<<'profile = "b";'
	gets "file of a user: overrides the rule" alice of-file
	gets "file of a user: its profile serves whom no rule matches" bob of-b
	gets "file of a user: names him literally, root too" root of-b
	user_file alice <<<'profile = "b";'
	gets "file of a user: its profile against the keys of the rule" alice "$(nsunshare explain alice --service pt 2>/dev/null | sed -n 's/^hostname: \([^ ]*\) .*/\1/p')"
	user_file bob <<<'hostname = "x";'
	gets "file of a user without a profile, and no rule: left alone" bob shellhost
	user_file alice <<<'colour = "red";'
	refused "file of a user with a mistake" "$USERS/alice.conf:1: key 'colour'"
	gets "file of a user with a mistake: the others are served" root of-b
	user_file alice <<<'rules = ();'
	refused "file of a user with rules" "$USERS/alice.conf:1: "
	# C-40: no name leads out of the directory
	cp /etc/passwd /root/passwd
	printf '../../real:x:4009:100::/:/bin/sh\n' >>/etc/passwd
	echo broken >/etc/security/real.conf
	log_in ../../real open
	check_is "C-40 file of a user whose name leads elsewhere: not read" "$code" 0
	rm /etc/security/real.conf
	cp /root/passwd /etc/passwd
	rm -r "$DROPINS"
}

test_order_of_effect() {
	policy <<-'END'
		rules = ( { user = "alice"; profile = "upper"; timeout = 2000; extra_mounts = ( { type = "tmpfs"; path = "/srv/rule"; } ); } );
		profiles = {
			lower = { namespaces = [ "mount", "uts" ]; hostname = "lower"; timeout = 1000; mounts = ( { type = "tmpfs"; path = "/srv/lower"; } ); };
			upper = { base = "lower"; hostname = "upper"; extra_mounts = ( { type = "tmpfs"; path = "/srv/upper"; } ); };
		};
	END
	mkdir -p /srv/{rule,lower,upper,file}
	user_file alice <<<'extra_mounts = ( { type = "tmpfs"; path = "/srv/file"; } );'
	log_in alice open run='hostname; grep -o " /srv/[a-z]* " /proc/self/mountinfo' close
	check_is "order of effect: extra_mounts append, from the base to the file" "$(tr -d ' ' <<<"$out" | paste -sd ' ')" \
		"upper /srv/lower /srv/upper /srv/rule /srv/file"
	user_file alice <<<'mounts = ( { type = "tmpfs"; path = "/srv/file"; } );'
	log_in alice open run='grep -o " /srv/[a-z]* " /proc/self/mountinfo' close
	check_is "order of effect: mounts replace all that is inherited" "$(tr -d ' ' <<<"$out" | paste -sd ' ')" "/srv/file"
	rm -r "$DROPINS" /srv/{rule,lower,upper,file}
}

build_tool pamprobe -lpam -lpthread
test_conditions
test_names
test_environment
test_nested
test_dropins
test_spoiled
test_user_files
test_order_of_effect
check_gone "keys: nothing is left"
finish
