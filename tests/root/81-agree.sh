#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What `nsunshare explain` says of a login, and what that login then has: generated policies, each asked about for several users.
# Every line of the explanation is compared with the session, and every mount of the session with the explanation.
# 81-agree.sh [SEED]: the first seed, 1 else; a policy that fails is printed with its own.
# Holds G21.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/agree.inc"

readonly POLICIES=50
readonly USERS=(alice bob carol root)
readonly FIRST_SEED=${1:-1}
readonly USER_FILES=${POLICY%.conf}.d/users
readonly ENVIRONMENT=(PLACE SESSION NAME)
readonly PLACES='/tmp /srv/p1 /srv/p2 /srv/p3 /srv/p4/deep /srv/none /srv/file /tmp/inner /tmp/exposed /tmp/none /tmp/of-alice
	/srv/from/a /srv/from/b /srv/from/file /home/alice /home/bob /home/carol /proc /dev/mqueue /dev/shm /run/nsunshare /etc/hosts'
declare -A host_ids host_namespace host_mounted explained seen mounted ids

# ---- what is explained, and what is seen: "KEY: VALUE  [ORIGIN]", and what the session prints; read without a process each

# explain USER: into ${explained[KEY]}; of mounts and the environment there are many.
explain() {
	local line

	explained=()
	explained_mounts=()
	nsunshare explain "$1" --service pt >/root/explained 2>/root/explain-error || return
	while IFS= read -r line; do
		[[ $line =~ ^([a-z._]+):\ (.*)$ ]] || continue
		key=${BASH_REMATCH[1]}
		line=${BASH_REMATCH[2]}
		origin=''
		[[ $line =~ ^(.*)\ \ \[(.*)\]$ ]] && line=${BASH_REMATCH[1]} && origin=${BASH_REMATCH[2]}
		case $key in
		mount) explained_mounts+=("$line") ;;
		environment) explained[environment ${line%%=*}]=${line#*=} ;;
		rule) [ "$line" != yes ] || explained[rule]=$origin ;; # those before it say no
		*) explained[$key]=$line ;;
		esac
	done </root/explained
}

# Everything there is to know of a session, in one login: into ${seen[...]}, ${mounted[PATH]} (the last one made), ${ids[PATH]}.
look() {
	local line script words

	script="cd /; stat -L -c 'ns %n %i' /proc/self/ns/*; echo host \$(uname -n); echo domain \$(cat /proc/sys/kernel/domainname)
		stat -c 'id %n %i' $PLACES 2>/dev/null; sed 's/^/mount /' /proc/self/mountinfo"
	seen=()
	mounted=()
	ids=()
	log_mark
	while IFS= read -r line; do
		read -ra words <<<"$line"
		case $line in
		'open: code '*) code=${words[2]} ;;
		'ns '*) seen[ns ${words[1]##*/}]=${words[2]} ;;
		'host '* | 'domain '*) seen[${words[0]}]=${words[1]} ;;
		'id '*) ids[${words[1]}]=${words[2]} ;;
		'mount '*) mounted[${words[5]}]=$line ;;
		'env: '*) seen[environment ${words[1]}]=${line#env: "${words[1]}" } ;;
		esac
	done < <(timeout 20 pamprobe pt "$1" open "${ENVIRONMENT[@]/#/env=}" run="$script" close 2>&1)
}

# The line of the open or of the refusal, into $log: the log may come a little later.
read_log() {
	wait_until 20 log_new_has ' (opened|refused): '
	log=$(log_new)
}

# ---- the comparison

wrong() {
	problems+="$user: $1"$'\n'
}

# same WHAT SEEN EXPLAINED
same() {
	[ "$2" = "$3" ] || wrong "$1: explained '$3', seen '$2'"
}

# part TEXT REGEX: what the parentheses of the regex match, into $part.
part() {
	part=''
	[[ $1 =~ $2 ]] && part=${BASH_REMATCH[1]}
}

# In KiB, into $kib; "percent" where the memory decides.
to_kib() {
	case $1 in
	*K) kib=${1%K} ;;
	*M) kib=$((${1%M} * 1024)) ;;
	*G) kib=$((${1%G} * 1024 * 1024)) ;;
	*) kib=percent ;;
	esac
}

compare_tmpfs() {
	local options=$1 line=$2 mode

	part "$options" ' size=([^ ]*)'
	to_kib "$part"
	part "$line" '[ ,]size=([0-9]+)k'
	[ "$kib" != percent ] || part=${part:+percent}
	same "$path: size" "$part" "$kib"
	part "$options" ' inodes=([0-9]+)'
	mode=$part
	part "$line" ',nr_inodes=([0-9]+)'
	same "$path: inodes" "$part" "$mode"
	part "$line" ',mode=([0-7]+)'
	printf -v mode %04o "0${part:-1777}"
	part "$options" ' mode=([0-7]+)'
	same "$path: mode" "$mode" "$part"
	part "$line" '(noexec)'
	mode=$part
	part "$options" ' (noexec)'
	same "$path: noexec" "$mode" "$part"
}

# is_below PATH PATHS: below one of them.
is_below() {
	local earlier

	for earlier in $2; do
		[[ $1 != "$earlier"/* ]] || return 0
	done
	return 1
}

# Is there nothing to be seen of a mount, and rightly? What is missing is made in a tmpfs or an instance only, and but for expose.
is_skipped() {
	local type=$1 options=$2

	[ "$type" = expose ] || [[ $options == *' optional'* ]] || return
	part "$options" ' source=([^ ]*)'
	[ -z "$part" ] || [ -n "${host_ids[$part]:-}" ] || return 0
	if [ -z "${host_ids[$path]:-}" ]; then
		[ "$type" = expose ] || ! is_below "$path" "$explained_paths"
	else
		[ -z "${ids[$path]:-}" ] && is_below "$path" "$full_paths"
	fi
}

# One line "TYPE on PATH OPTIONS".
compare_mount() {
	local type=$1 path=$3 line options part was_below=''
	shift 3
	options=" $*"
	line=${mounted[$path]:-}

	! is_below "$path" "$explained_paths" || was_below=yes
	if is_skipped "$type" "$options"; then
		same "$path: skipped" "${line:+a mount}" "${host_mounted[$path]:+a mount}"
		return
	fi
	explained_paths+=" $path"
	[[ $type == tmpfs || $type == instance ]] || full_paths+=" $path"
	if [ "$type" = expose ] && [ -z "$was_below" ]; then # nothing hides it
		same "$path: identity" "${ids[$path]:-}" "${host_ids[$path]:-}"
		return
	fi
	[ -n "$line" ] || { wrong "$path: nothing is mounted there" && return; }
	[[ $type == readonly || $line == *nosuid* && $line == *nodev* ]] || wrong "$path: not nosuid,nodev: $line"
	case $type in
	tmpfs) compare_tmpfs "$options" "$line" ;;
	proc)
		[[ $line == *' - proc '* ]] || wrong "$path: no proc"
		part "$line" 'hidepid=([a-z]+)'
		line=$part
		part "$options" ' hidepid=([a-z]+)'
		same "$path: hidepid" "$line" "$part"
		;;
	mqueue) [[ $line == *' - mqueue '* ]] || wrong "$path: no mqueue" ;;
	instance) [[ $line == */var/lib/nsunshare/instances/* ]] || wrong "$path: no instance: $line" ;;
	bind)
		part "$options" ' source=([^ ]*)'
		same "$path: identity" "${ids[$path]:-}" "${host_ids[$part]:-}"
		part "$line" ' (ro),'
		same "$path: read_only" "${part:+ read_only}" "$([[ $options != *' read_only'* ]] || echo ' read_only')"
		;;
	expose) same "$path: identity" "${ids[$path]:-}" "${host_ids[$path]:-}" ;;
	readonly) [[ $line == *' ro'[,\ ]* ]] || wrong "$path: may be written" ;;
	mask) [ "${ids[$path]:-}" != "${host_ids[$path]:-none}" ] || wrong "$path: is not masked" ;;
	hosts) ;;
	*) wrong "unknown type $type" ;;
	esac
}

# Is there a mount that nobody said anything of? A mask under slave propagation pins what is above.
compare_rest() {
	local path

	for path in "${!mounted[@]}"; do
		[ -z "${host_mounted[$path]:-}" ] || continue
		[[ " $explained_paths " != *" $path "* ]] || continue
		[ "${explained[propagation]:-}" = slave ] && [[ $path =~ ^/[a-z]+$ ]] && continue
		wrong "$path: a mount that was not explained: ${mounted[$path]}"
	done
}

compare_namespaces() {
	local kind name

	for kind in mount:mnt ipc:ipc uts:uts pid:pid; do
		name=${kind#*:}
		if [[ ,$1, == *,${kind%:*},* ]]; then
			[ "${seen[ns $name]:-}" != "${host_namespace[$name]}" ] || wrong "namespace ${kind%:*}: explained, and not there"
		else
			same "namespace ${kind%:*}" "${seen[ns $name]:-}" "${host_namespace[$name]}"
		fi
	done
}

compare_values() {
	local name root=${mounted[/]:-}

	name=${explained[hostname]:-}
	same hostname "${seen[host]:-}" "${name/#-/shellhost}"
	name=${explained[domainname]:-}
	same domainname "${seen[domain]:-}" "${name/#-/$host_domain}"
	for name in "${ENVIRONMENT[@]}"; do
		[ "$name" = SESSION ] && [ -n "${explained[environment SESSION]:-}" ] &&
			[[ ${seen[environment SESSION]:-} =~ ^[0-9a-f]{16}$ ]] && continue # another one each time
		same "environment $name" "${seen[environment $name]:-}" "${explained[environment $name]:--}"
	done
	case ${explained[propagation]:-} in
	private) [[ $root != *shared:* && $root != *master:* ]] || wrong "propagation: explained private, seen $root" ;;
	slave) [[ $root != *shared:* && $root == *master:* ]] || wrong "propagation: explained slave, seen $root" ;;
	*) wrong "propagation: ${explained[propagation]:-}" ;;
	esac
	read_log
	part "$log" ' opened: .* profile=([^ ]+) '
	same "profile in the log" "$part" "${explained[profile]:-}"
	part "$log" ' opened: .* rule=([^ ]+) '
	[ -z "${explained[rule]:-}" ] || same "rule in the log" "$part" "${explained[rule]}"
}

compare_user() {
	local user=$1 is_explained=yes line explained_paths='' full_paths='' log part

	explain "$user" || is_explained=no
	look "$user"
	[ "$code" != 0 ] || n_opened=$((n_opened + 1))
	if [ $is_explained = no ]; then
		[ "$code" != 0 ] || wrong "explain says it would be refused, and it was opened: $(</root/explain-error)"
		return
	fi
	if [ "$code" != 0 ]; then # what only the helper can see, and explain does not say
		n_refused=$((n_refused + 1))
		read_log
		[[ $log =~ refused:.*('to mount over: '|'in its source'|'No such file'|'could be moved away from outside') ]] ||
			wrong "explained, and refused: $log"
		return
	fi
	if [ "${explained[session]:-}" = 'left alone' ]; then
		n_alone=$((n_alone + 1))
		compare_namespaces ""
		same "host name" "${seen[host]:-}" shellhost
		return
	fi
	compare_namespaces "${explained[namespaces]:-}"
	compare_values
	for line in "${explained_mounts[@]}"; do
		# shellcheck disable=SC2086 # words
		compare_mount $line
		n_mounts=$((n_mounts + 1))
	done
	compare_rest
}

compare_policy() {
	local problems='' first=$1 one_user

	seed=$first
	make_policy
	for one_user in "${USERS[@]}"; do
		compare_user "$one_user"
	done
	[ -z "$problems" ] || fail "policy $first: what is explained and what is there are the same" \
		"seed $first"$'\n'"$problems$(<"$POLICY")"$'\n'"carol.conf: $user_file"
}

make_host() {
	local name number words line

	useradd -m -u 1503 carol
	mkdir -p /srv/from/{a,b} /srv/p{1,2,3,4} /srv/p4/deep /tmp/inner /tmp/exposed /tmp/of-alice
	chmod 1777 /tmp
	install -d -m 0755 "${USER_FILES%/*}" "$USER_FILES"
	touch /srv/file /srv/from/file
	# shellcheck disable=SC2086 # words
	while read -r name number; do
		host_ids[$name]=$number
	done < <(stat -c '%n %i' $PLACES 2>/dev/null)
	while read -r name number; do
		host_namespace[${name##*/}]=$number
	done < <(stat -L -c '%n %i' /proc/self/ns/*)
	while IFS= read -r line; do
		read -ra words <<<"$line"
		host_mounted[${words[4]}]=$line
	done </proc/self/mountinfo
	host_domain=$(</proc/sys/kernel/domainname)
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
check "enough mounts are compared to tell (control)" test $n_mounts -ge $((POLICIES * 8))
check_gone "agree: nothing is left"
rm -rf /var/lib/nsunshare
finish
