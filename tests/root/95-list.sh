#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nsunshare list and nsunshare kill on living sets: what they show, on a terminal and in a pipe, and what they end. Rows C-115 (escapes, pid
# reuse) and C-116 of the attacks.
# Holds G30.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/admin.inc"

readonly RUN=/run/nsunshare
readonly ESCAPE=$'\e]0;owned\a\e[31mred'

# on_terminal COLUMNS [EXPECT SEND] -- WORD...: the same on a terminal; into $out and $status.
on_terminal() {
	local columns=$1 talk=()
	shift

	while [ "$1" != -- ]; do
		talk+=("$1")
		shift
	done
	shift
	status=0
	out=$(timeout 30 ptytalk "${talk[@]}" -- sh -c 'stty cols "$0" rows 24; exec nsunshare "$@"' "$columns" "$@") || status=$?
	out=${out//$'\r'/}
}

# log_in NAME USER SERVICE STEP...: a login, open until log_out.
log_in() {
	local name=$1 user=$2 service=$3
	shift 3

	rm -f "/run/end-$name" "/run/out-$name" # of an earlier login of that name
	pamprobe "$service" "$user" "$@" "wait=/run/end-$name" close >"/run/out-$name" 2>&1 &
	openers[$name]=$!
	wait_until 100 grep -q '^open: ms' "/run/out-$name"
	grep -q '^open: code 0' "/run/out-$name" || fail "$name logs in" "$(<"/run/out-$name")"
}

log_out() {
	local name

	for name in "$@"; do
		touch "/run/end-$name"
		wait "${openers[$name]}"
		unset "openers[$name]"
	done
}

# json FILTER: of the last list --json.
json() {
	jq -r "$1" <<<"$out"
}

# What is in the registry, but the counters of all logins.
entries() {
	find "$RUN" -mindepth 1 ! -name metrics -printf '%f\n' | sort | paste -sd ' '
}

set_policy() {
	policy <<-'END'
		rules = (
		  { service = "su";      user = "*"; profile = "own"; },
		  { service = "sudo";    user = "*"; profile = "ours"; },
		  { service = "login";   user = "*"; profile = "staff"; },
		  { service = "other";   user = "*"; profile = "slow"; },
		  { user = "*";                      profile = "mine"; }
		);
		profiles = {
		  own   = { namespaces = [ "mount", "ipc", "uts", "pid" ]; };
		  mine  = { namespaces = [ "mount", "ipc", "uts", "pid" ]; scope = "user"; lifetime = "permanent"; };
		  ours  = { namespaces = [ "mount", "uts" ]; scope = "named:lab"; };
		  staff = { namespaces = [ "pid" ]; scope = "group"; lifetime = "processes"; };
		  slow  = { namespaces = [ "pid" ]; stop_timeout = 800; };
		};
	END
}

# A PAM service for each of those that the policy names, which does nothing else.
set_services() {
	local service

	for service in su sudo login other; do
		cp /etc/pam.d/pt "/etc/pam.d/$service"
	done
}

test_nothing() {
	admin list
	check_is "list: no set: exit status" "$status" 0
	check_is "list: no set: no table" "$out" ""
	check_is "list: no set: said" "$err" "there are no sets"
	admin list --json
	check_is "list --json: no set: an empty array" "$status $err $(json '.sets | length')" "0  0"
	admin kill alice --yes
	check_is "kill: a user without a set" "$status $err" "2 nsunshare: the user 'alice' has no set; see nsunshare list"
	admin kill none-such --yes
	check_is "kill: nobody" "$status $err" "2 nsunshare: there is no set and no user 'none-such'; see nsunshare list"
}

# Two logins of alice in one set, one with a set of her own, bob in sets that are shared.
test_list() {
	local id init

	log_in one alice pt tty=pts/3 rhost=host.example open 'start=sleep 600; :'
	log_in two alice pt tty=pts/4 rhost=2001:db8::1 open
	log_in own alice su tty=pts/5 open 'start=unshare -r -p -f sleep 600; :'
	mkfifo /run/lab
	log_in lab bob sudo open 'start=exec cat /run/lab'
	log_in staff bob login tty=tty1 open
	admin list --json
	check_is "list --json: exit status, and nothing else" "$status$err" 0
	check_is "list --json: a set for each scope" "$(json '[.sets[].scope] | sort | join(" ")')" "group named session user"
	check_is "list --json: whose they are" "$(json '[.sets[] | "\(.scope) \(.user) \(.uid) \(.name) \(.gid)"] | sort | .[]')" \
		"$(printf '%s\n' "group null null $(id -gn bob) $(id -g bob)" "named null null lab null" \
			"session alice 1501 null null" "user alice 1501 null null")"
	check_is "list --json: profiles and lifetimes" "$(json '[.sets[] | "\(.profile) \(.lifetime)"] | sort | join(", ")')" \
		"mine permanent, ours login, own login, staff processes"
	check_is "list --json: namespaces" "$(json '.sets[] | select(.profile == "own").namespaces | join(" ")')" "mount ipc uts pid"
	check_is "list --json: the logins of one set" \
		"$(json '.sets[] | select(.profile == "mine").logins[] | "\(.service) \(.user) \(.uid) \(.tty) \(.from) \(.opener)"')" \
		"pt alice 1501 pts/3 host.example ${openers[one]}"$'\n'"pt alice 1501 pts/4 2001:db8::1 ${openers[two]}"
	check_is "list --json: what is not there is null" "$(json '.sets[] | select(.profile == "ours").logins[0] | .tty, .from')" $'null\nnull'
	check_is "list --json: types" "$(json '[.sets[] | .init, .processes, .memory, .logins[].opener | type] | unique | join(" ")')" number
	check_is "list --json: the time, as date(1) reads it" \
		"$(json '.sets[].since, .sets[].logins[].since' | while read -r time; do
			((EPOCHSECONDS - $(date -d "$time" +%s) < 60)) && echo recent
		done | sort | uniq -c)" "      9 recent"
	init=$(json '.sets[] | select(.profile == "own").init')
	check_is "list: init is PID 1 of the set" "$(awk '/^NSpid/ { print $NF }' "/proc/$init/status") $(<"/proc/$init/comm")" "1 nsunshare-init"
	# sh, and sleep; sh, unshare, and sleep in a pid namespace below
	check_is "list: processes of a set, without PID 1" "$(json '.sets[] | select(.profile == "mine").processes')" 2
	check_is "list: processes in a namespace below are the set's" "$(json '.sets[] | select(.profile == "own").processes')" 3
	check_is "list: an empty set" "$(json '.sets[] | select(.profile == "staff") | "\(.processes) \(.memory)"')" "0 0"
	check_is "list: memory is the sum of the resident sets" "$(json '.sets[] | select(.profile == "mine") | .memory > 500000 and .memory < 50000000')" true
	check_is "list: processes of a set without a pid namespace: in its mount namespace, with the opener" \
		"$(json '.sets[] | select(.profile == "ours").processes')" 2
	id=$(json '.sets[] | select(.profile == "mine").id')

	admin list
	check_is "list: exit status, and nothing else" "$status$err" 0
	check_has "list: in a pipe all columns" "$out" '^SET/LOGIN +USER +SCOPE/TTY +PROFILE/FROM +PID PROCS +MEM SINCE +LIFETIME +NAMESPACES +NOTE$'
	check_has "list: a set" "$out" "^$id +alice +user +mine +[0-9]+ +2 +[0-9.]+M +[0-9:]+ +permanent +mount,ipc,uts,pid +-\$"
	check_is "list: its logins below it" "$(sed -n "/^$id/,/^[0-9a-f]/p" <<<"$out" | sed -n '2,3s/ *[0-9][0-9]:[0-9][0-9] *$//p' | tr -s ' ')" \
		"|-pt alice pts/3 host.example ${openers[one]}"$'\n'"\`-pt alice pts/4 2001:db8::1 ${openers[two]}"
	check_has "list: a set that users share" "$out" '^[0-9a-f]{16} - +named:lab +ours '
	on_terminal 80 -- list
	check_is "list: 80 columns: no line is longer" "$(awk 'length > 80' <<<"$out")" ""
	check_is "list: 80 columns: a line for each set and login" "$(wc -l <<<"$out")" 10
	check_has "list: 80 columns: the most important ones" "$out" '^SET/LOGIN +USER +SCOPE/TTY +PROFILE/FROM +PID PROCS +MEM SINCE$'
	on_terminal 140 -- list
	check_has "list: 140 columns: all" "$out" ' LIFETIME +NAMESPACES +NOTE$'
	log_out two staff own lab one
	timeout 5 sh -c 'echo >/run/lab' # nobody kills that cat: there is no pid namespace
	admin list --json
	check_is "list: a permanent set without logins stays, with its process" "$(json '.sets[] | "\(.profile) \(.logins | length) \(.processes)"')" "mine 0 2"
	log_in one alice pt open
	check_is "... and is joined again" "$(nsunshare list --json | jq -r '.sets[] | "\(.id) \(.logins | length)"')" "$id 1"
	log_out one
}

test_kill() {
	local id key

	on_terminal 80 'y/N' '^M' -- kill alice
	check_is "kill: not confirmed: exit status" "$status" 2
	check_has "kill: shows what it would end" "$out" '^[0-9a-f]{16} +alice +user +mine '
	check_has "kill: asks" "$out" '^End this set, with 0 logins and all processes\? \[y/N\]'
	check_has "kill: not confirmed" "$out" 'nsunshare: nothing was ended'
	admin kill alice
	check_is "kill: nobody to ask: exit status" "$status" 2
	check_has "kill: nobody to ask: the remedy" "$err" 'give --yes'
	admin list --json
	id=$(json '.sets[0].id')
	check_is "kill: the set lives" "$(json '.sets[0].processes')" 2
	log_in lab alice sudo open
	on_terminal 80 'y/N' 'y^M' -- kill "${id:0:6}"
	check_is "kill: by the beginning of an id, confirmed" "$status $(grep -c "^$id: ended" <<<"$out")" "0 1"
	admin list --json
	check_is "kill: only that set has ended" "$(json '[.sets[].profile] | join(" ")')" ours
	id=$(json '.sets[0].id')
	key=$(json '.sets[0].key')
	admin kill alice --yes
	check_is "kill USER: not what he shares with others" "$status" 2
	check_has "kill USER: but says which" "$err" "has no set of his own; he is logged in to: $id; give the id"
	admin kill "$key" --yes
	check_is "kill KEY: ends that set" "$status" 0
	check_has "kill: its login was shown" "$out" '-sudo +alice '
	admin list
	check_is "kill: nothing is left" "$out" ""
	check_is "kill: nor in the registry" "$(entries)" ""
	log_out lab
	log_in own alice su open 'run=sleep 600; :'
	log_in one alice pt open
	admin kill alice --yes
	check_is "kill USER: all that is his" "$status $(grep -c ': ended$' <<<"$out")" "0 2"
	log_out own one
}

# A set has its stop_timeout, and that much more.
test_timeouts() {
	local begin took value

	log_in slow alice other open 'run=trap : TERM; while :; do sleep 1; done'
	begin=$(milliseconds)
	admin kill alice --yes --timeout 3000
	took=$(($(milliseconds) - begin))
	check_is "kill: a set that needs all its stop_timeout: it ends by itself" "$status $(grep -c ': ended$' <<<"$out")" "0 1"
	check "kill: after that time, $took ms" test "$took" -ge 800
	log_out slow
	log_in slow alice other open 'run=trap : TERM; while :; do sleep 1; done'
	kill -STOP "$(nsunshare list --json | jq '.sets[0].init')"
	begin=$(milliseconds)
	admin list
	took=$(($(milliseconds) - begin))
	check_is "list: a set that gives no answer: exit status" "$status" 1
	check_has "list: and is said, with the remedy" "$err" '^the set s[0-9a-f]{16} gives no answer \(PID 1: [0-9]+\): is it frozen\? nsunshare kill s[0-9a-f]{16} ends it$'
	check "list: waits no longer than a second for it, $took ms" test "$took" -lt 2500
	admin kill "$(entries)" --yes --timeout 300
	check_is "kill: one that is stopped is killed: exit status" "$status" 1
	check_has "kill: and said" "$out" '^s[0-9a-f]{16}: killed, for it had not ended within 300 ms$'
	log_out slow
	admin list
	check_is "kill: nothing is left of it" "$status$out $(entries)" "0 "
	for value in -1 x '' 600001; do
		admin kill alice --yes "--timeout=$value"
		check_is "kill: --timeout '$value' is refused" "$status" 2
	done
}

# C-115: what users control does nothing to a terminal. C-116: others than root see nothing.
test_hostile() {
	local name

	printf 'm%sn:x:1601:1601::/tmp:/bin/sh\n' "$ESCAPE" >>/etc/passwd
	log_in evil "m${ESCAPE}n" su "tty=pts/$ESCAPE" "rhost=$ESCAPE" open
	log_in long alice su "tty=$(printf 'pts/%0120d' 1)" "rhost=$(printf 'a%0200d' 1)" open
	for name in list 'list --json' 'kill alice' "kill m${ESCAPE}n" "kill $ESCAPE"; do
		mapfile -d ' ' -t words < <(printf %s "$name")
		admin "${words[@]}"
		check_is "C-115: nothing but printable text of ${words[*]@Q}" "$(tr -d '\n -~' <<<"$out$err" | od -An -c)" ""
	done
	admin list --json
	check_is "C-115: list --json: escaped, and whole" "$(json '.sets[] | select(.uid == 1601) | .user, .logins[0].from')" \
		'm\x1b]0;owned\x07\x1b[31mredn'$'\n''\x1b]0;owned\x07\x1b[31mred'
	on_terminal 80 -- list
	check_is "list: 80 columns: long names do not make lines longer" "$(awk 'length > 80' <<<"$out")" ""
	check_is "list: 80 columns: they are all there" "$(grep -c '^[0-9a-f]\{16\} ' <<<"$out")" 2
	# C-116
	for name in list 'list --json' 'kill alice --yes'; do
		out=$(su -s /bin/sh bob -c "nsunshare $name" 2>&1) && status=0 || status=$?
		check_is "C-116: $name: not for others than root" "$status $out" "2 nsunshare: ${name%% *}: only root may do this"
	done
	admin list --json
	check_is "C-116: the sets live" "$(json '.sets | length')" 2
	log_out evil long
	sed -i '$d' /etc/passwd
}

# What the dead leave is swept; what others keep there is theirs.
test_sweep() {
	log_in one alice pt open
	touch "$RUN/u1501.lock"
	mkdir "$RUN/directory"
	kill -KILL "$(nsunshare list --json | jq '.sets[0].init')"
	wait_until 20 no_pid1
	check "list: a set whose PID 1 was killed has left its entry" test -S "$(echo $RUN/u1501.*[0-9a-f])"
	touch "$RUN/u1501.0123456789abcdef.lock"
	admin list
	check_is "list: it is not shown" "$status$out" 0
	check_is "list: what it has left is swept, and nothing else" "$(entries) $(echo $RUN/met*)" "directory u1501.lock $RUN/metrics"
	rm -r "$RUN/u1501.lock" "$RUN/directory"
	log_out one
	log_in one alice pt open
	mount --bind "$RUN" "$RUN"
	chmod 0755 "$RUN"
	admin list
	check_is "C-103: a registry that others can read is refused" "$status" 2
	check_has "C-103: with the remedy" "$err" 'is not root.s, with mode 0700'
	chmod 0700 "$RUN"
	umount "$RUN"
	admin kill alice --yes
	log_out one
}

declare -A openers=()
build_tool pamprobe -lpam
build_tool ptytalk -lutil
set_services
set_policy
test_nothing
test_list
test_kill
test_timeouts
test_hostile
test_sweep
finish
