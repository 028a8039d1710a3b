#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What `nsunshare explain` says of a login, and what that login then has: generated policies, each asked about for several users.
# Every line of the explanation is compared with the session, and every mount of the session with the explanation.
# NSU_AGREE_SEED is the first seed; a policy that fails is printed with its own.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly POLICIES=50
readonly USERS=(alice bob carol root)
readonly FIRST_SEED=${NSU_AGREE_SEED:-1}
readonly USER_FILES=${POLICY%.conf}.d/users
readonly ENVIRONMENT=(PLACE SESSION NAME)

# ---- the generator: all it does comes from $seed

# random N: 0..N-1, into $r.
random() {
	seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
	r=$(((seed >> 8) % $1))
}

# one WORD...: one of them, into $word.
one() {
	random $#
	shift "$r"
	word=$1
}

# chance N TEXT: TEXT, appended to $text, in N of 10 cases.
chance() {
	random 10
	[ "$r" -ge "$1" ] || text+=$2
}

make_mount() {
	local path=$1 mode owner noexec

	one tmpfs tmpfs instance bind readonly mask
	text+="${separator}{ type = \"$word\"; path = \"$path\"; "
	separator=', '
	case $word in
	tmpfs)
		one 64K 1M 30% 256M && text+="size = \"$word\"; "
		one 16 1000 65536 && text+="inodes = $word; "
		;;&
	tmpfs | instance)
		one 0700 0755 1777 750 && chance 5 "mode = \"$word\"; "
		one root user && chance 5 "owner = \"$word\"; "
		;;
	bind)
		one /srv/from/a /srv/from/b /home/%u && text+="source = \"$word\"; "
		chance 4 'read_only = true; '
		;;
	readonly) chance 3 'recursive = false; ' ;;
	esac
	[[ $text != *'"bind"; path = "'$path* ]] || chance 3 'noexec = true; '
	one false true
	[ "$word" = false ] || text+='optional = true; '
	text+='}'
}

# make_list KEY PATH...: some of them.
make_list() {
	local key=$1 path separator=''
	shift

	text+="$key = ( "
	for path; do
		random 3
		[ "$r" != 0 ] || make_mount "$path"
	done
	text+=' ); '
}

make_keys() {
	one h-%u %u.%H '' fixed && [[ $namespaces == *uts* ]] && chance 6 "hostname = \"$word\"; "
	one nis.%u '' && [[ $namespaces == *uts* ]] && chance 4 "domainname = \"$word\"; "
	one private private slave && chance 5 "propagation = \"$word\"; "
	if [[ $namespaces == *pid* ]]; then
		one off noaccess invisible ptraceable && chance 4 "proc = { hidepid = \"$word\"; }; "
	fi
	chance 4 'environment = [ "PLACE=%h/x", "SESSION=%i", "NAME=%u-%U-%s" ]; '
	one '"/tmp/exposed"' '"/tmp/exposed", "/tmp/none"' '"/tmp/of-%u"' && chance 4 "expose = [ $word ]; "
	one 1000 3000 20000 && chance 3 "timeout = $word; "
}

make_policy() {
	local namespaces='' kind

	for kind in ipc uts pid; do
		random 2
		[ "$r" = 0 ] || namespaces+=", \"$kind\""
	done
	text='rules = ( '
	chance 3 '{ user = "root"; profile = "shell"; }, '
	chance 3 '{ user = "bob"; profile = "none"; }, '
	chance 4 '{ group = "staffers"; service = "p*"; profile = "shell"; timeout = 9000; }, '
	chance 2 '{ uid = "1502"; rhost = "none"; profile = "none"; }, '
	text+='{ user = "[!c]*"; profile = "shell"; } ); profiles = { lower = { '
	text+="namespaces = [ \"mount\"$namespaces ]; "
	make_keys
	make_list mounts /tmp /srv/p1 /srv/p2 /srv/none
	text+='}; shell = { base = "lower"; '
	make_keys
	make_list extra_mounts /srv/p3 /srv/p4/deep /srv/file /tmp/inner
	text+='}; };'
	policy <<<"$text"
	user_file=''
	random 3
	if [ "$r" = 0 ]; then
		text=''
		one 'profile = "shell"; ' 'profile = "lower"; '
		text+=$word
		make_keys
		user_file=$text
		echo "$user_file" | install -m 0644 /dev/stdin $USER_FILES/carol.conf
	else
		rm -f $USER_FILES/carol.conf
	fi
}

# ---- the session's side

# Everything there is to know, in one login.
look() {
	local script

	script='for kind in mnt ipc uts pid; do echo "ns $kind $(readlink /proc/self/ns/$kind)"; done
		echo "host $(uname -n)"; echo "domain $(cat /proc/sys/kernel/domainname)"; sed "s/^/mountinfo /" /proc/self/mountinfo'
	log_mark
	seen=$(timeout 20 pamprobe pt "$user" open "${ENVIRONMENT[@]/#/env=}" run="$script; ${identities}" close 2>&1)
}

# What is on a path: the mount that was made last.
mounted() {
	awk -v path="$1" '$1 == "mountinfo" && $6 == path { line = $0 } END { print line }' <<<"$seen"
}

of() {
	sed -n "s/^$1 //p" <<<"$seen"
}

wrong() {
	problems+="$user: $1"$'\n'
}

# same WHAT GOT WANTED
same() {
	[ "$2" = "$3" ] || wrong "$1: explained '$3', seen '$2'"
}

# The option of a mount, as explained: NAME=VALUE, or a bare word.
option() {
	sed -n "s/.* $1=\([^ ]*\).*/\1/p" <<<"$options "
}

has() {
	[[ " $options " == *" $1 "* ]]
}

kib() {
	case $1 in
	*K) echo "${1%K}" ;;
	*M) echo $((${1%M} * 1024)) ;;
	*G) echo $((${1%G} * 1024 * 1024)) ;;
	*%) echo percent ;;
	*) echo $(($1 / 1024)) ;;
	esac
}

compare_tmpfs() {
	local line=$1 super=${1##* } size seen_size mode

	size=$(kib "$(option size)")
	seen_size=$(sed -n 's/.*[ ,]size=\([0-9]*\)k.*/\1/p' <<<" $super")
	[ "$size" != percent ] || seen_size=${seen_size:+percent}
	same "$path: size" "$seen_size" "$size"
	same "$path: inodes" "$(sed -n 's/.*,nr_inodes=\([0-9]*\).*/\1/p' <<<"$super")" "$(option inodes)"
	mode=$(sed -n 's/.*,mode=\([0-7]*\).*/\1/p' <<<"$super")
	same "$path: mode" "$(printf %04o "0${mode:-1777}")" "$(option mode)"
	same "$path: noexec" "$([[ $line == *noexec* ]] && echo yes)" "$(has noexec && echo yes)"
}

# One line `mount: TYPE on PATH OPTIONS`.
compare_mount() {
	local type=$1 path=$3 line identity
	shift 3
	options=$*

	line=$(mounted "$path")
	identity=$(sed -n "s|^identity $path ||p" <<<"$seen")
	explained_paths+=" $path"
	if [ ! -e "$path" ] && ! is_below_ours "$path"; then
		has optional || [ "$type" = expose ] || wrong "$path: is missing, and was opened"
		same "$path: skipped" "$line" ""
		return
	fi
	[ -n "$line" ] || { wrong "$path: nothing is mounted there" && return; }
	[[ $type == readonly || $line == *nosuid* && $line == *nodev* ]] || wrong "$path: not nosuid,nodev: $line"
	case $type in
	tmpfs) compare_tmpfs "$line" ;;
	proc)
		[[ $line == *' - proc '* ]] || wrong "$path: no proc"
		same "$path: hidepid" "$(sed -n 's/.*hidepid=\([a-z]*\).*/\1/p' <<<"$line")" "$(option hidepid)"
		;;
	mqueue) [[ $line == *' - mqueue '* ]] || wrong "$path: no mqueue" ;;
	instance) [[ $line == *"/var/lib/nsunshare/instances/"* ]] || wrong "$path: no instance: $line" ;;
	bind | expose)
		[ "$type" = bind ] && from=$(option source) || from=$path
		same "$path: identity" "$identity" "$(stat -c %i "$from")"
		same "$path: read_only" "$([[ $line == *' ro,'* ]] && echo yes)" "$(has read_only && echo yes)"
		;;
	readonly)
		same "$path: identity" "$identity" "$(stat -c %i "$path")"
		[[ $line == *' ro'[,\ ]* ]] || wrong "$path: may be written"
		;;
	mask) [ "$identity" != "$(stat -c %i "$path")" ] || wrong "$path: is not masked" ;;
	hosts) ;;
	*) wrong "unknown type $type" ;;
	esac
}

# Below a mount that came before, where what is missing is made.
is_below_ours() {
	local earlier

	for earlier in $explained_paths; do
		[[ $1 != "$earlier"/* ]] || return 0
	done
	return 1
}

# Is there a mount that nobody said anything of? What was covered meanwhile is in both lists. A mask under slave pins what is above.
compare_rest() {
	local path

	while read -r path; do
		[[ " $explained_paths " == *" $path "* ]] && continue
		[ "$(value_of propagation)" = slave ] && [[ $path =~ ^/[a-z]+$ ]] && continue
		wrong "$path: a mount that was not explained: $(mounted "$path")"
	done < <(comm -13 <(awk '{ print $5 }' /proc/self/mountinfo | sort) <(awk '$1 == "mountinfo" { print $6 }' <<<"$seen" | sort) | sort -u)
}

value_of() {
	sed -n "s/^$1: \(.*\)  \[.*\]$/\1/p" <<<"$explained"
}

compare_namespaces() {
	local kind name wanted=$1

	for kind in mount:mnt ipc:ipc uts:uts pid:pid; do
		name=${kind#*:}
		if [[ ,$wanted, == *,${kind%:*},* ]]; then
			[ "$(of "ns $name")" != "$(namespace "$name")" ] || wrong "namespace ${kind%:*}: explained, and not there"
		else
			same "namespace ${kind%:*}" "$(of "ns $name")" "$(namespace "$name")"
		fi
	done
}

compare_names() {
	local name

	name=$(value_of hostname)
	[ "$name" != - ] || name=shellhost
	same hostname "$(of host)" "$name"
	name=$(value_of domainname)
	[ "$name" != - ] || name=$(</proc/sys/kernel/domainname)
	same domainname "$(of domain)" "$name"
}

compare_environment() {
	local name wanted got

	for name in "${ENVIRONMENT[@]}"; do
		wanted=$(sed -n "s/^environment: $name=\(.*\)  \[.*/\1/p" <<<"$explained")
		got=$(sed -n "s/^env: $name //p" <<<"$seen")
		[ "$name" = SESSION ] && [[ $got =~ ^[0-9a-f]{16}$ ]] && [ -n "$wanted" ] && continue # another one each time
		same "environment $name" "$got" "${wanted:--}"
	done
}

compare_propagation() {
	local root

	root=$(mounted /)
	case $(value_of propagation) in
	private) [[ $root != *shared:* && $root != *master:* ]] || wrong "propagation: explained private, seen $root" ;;
	slave) [[ $root != *shared:* && $root == *master:* ]] || wrong "propagation: explained slave, seen $root" ;;
	*) wrong "propagation: $(value_of propagation)" ;;
	esac
}

compare_log() {
	local line rule

	line=$(log_new | sed -n 's/.* opened: //p')
	rule=$(sed -n 's/^rule: yes  \[\(.*\)\]/\1/p' <<<"$explained")
	same "profile in the log" "$(sed -n 's/.* profile=\([^ ]*\).*/\1/p' <<<"$line")" "$(value_of profile)"
	[ -z "$rule" ] || same "rule in the log" "$(sed -n 's/.* rule=\([^ ]*\).*/\1/p' <<<"$line")" "$rule"
}

compare_user() {
	local status line identities='' explained_paths=''

	explained=$(nsunshare explain "$user" --service pt 2>/root/explain-error)
	status=$?
	identities=$(sed -n 's/^mount: [a-z]* on \([^ ]*\).*/echo "identity \1 $(stat -c %i \1 2>\&1)";/p' <<<"$explained")
	look
	code=$(sed -n 's/^open: code //p' <<<"$seen")
	[ "$code" != 0 ] || n_opened=$((n_opened + 1))
	if [ $status != 0 ]; then
		[ "$code" != 0 ] || wrong "explain says it would be refused, and it was opened: $(</root/explain-error)"
		return
	fi
	if [ "$code" != 0 ]; then # what only the helper can see, and explain does not say
		n_refused=$((n_refused + 1))
		line=$(log_new | sed -n 's/.*refused: //p')
		grep -Eq "to mount over|to bind|No such file|source|directory" <<<"$line" || wrong "explained, and refused: $line"
		return
	fi
	if grep -q '^session: left alone' <<<"$explained"; then
		n_alone=$((n_alone + 1))
		compare_namespaces ""
		same "host name" "$(of host)" shellhost
		return
	fi
	compare_namespaces "$(value_of namespaces)"
	compare_names
	compare_environment
	compare_propagation
	compare_log
	while IFS= read -r line; do
		# shellcheck disable=SC2086 # words
		compare_mount $line
		n_mounts=$((n_mounts + 1))
	done < <(sed -n 's/^mount: \(.*\)  \[.*\]$/\1/p' <<<"$explained")
	compare_rest
}

compare_policy() {
	local problems='' first=$1 user

	seed=$first
	make_policy
	for user in "${USERS[@]}"; do
		compare_user
	done
	[ -z "$problems" ] || fail "policy $first: what is explained and what is there are the same" \
		"seed $first"$'\n'"$problems$(cat "$POLICY")"$'\n'"carol.conf: $user_file"
}

make_host() {
	useradd -m -u 1503 carol
	mkdir -p /srv/from/{a,b} /srv/p{1,2,3,4} /srv/p4/deep /tmp/inner /tmp/exposed /tmp/of-alice
	chmod 1777 /tmp
	install -d -m 0755 ${USER_FILES%/*} $USER_FILES
	touch /srv/file
}

n_opened=0
n_refused=0
n_alone=0
n_mounts=0
build_tool pamprobe -lpam -lpthread
make_host
failed_before=$n_failed
for ((i = 0; i < POLICIES; i++)); do
	compare_policy $((FIRST_SEED + i * 1000))
done
[ "$n_failed" != "$failed_before" ] || pass "explain and reality agree: $POLICIES policies for ${#USERS[@]} users each"
echo "# opened $n_opened of $((POLICIES * ${#USERS[@]})), refused though explained $n_refused, left alone $n_alone, mounts compared $n_mounts"
check "enough of them are opened and isolated to tell (control)" test $((n_opened - n_alone)) -ge $((POLICIES * 3 / 2))
check "enough mounts are compared to tell (control)" test $n_mounts -ge $((POLICIES * 10))
check_gone "agree: nothing is left"
rm -rf /var/lib/nsunshare
finish
