#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Races. A user exchanges a directory of his with a symbolic link, or with somebody else's directory, as fast as he can, while
# root mounts below it for his logins. race.c swaps, logs in, and looks. Each race is first run by path: it must hit.
# Holds G3 G18 G19.
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly SEEN=/srv/seen # a place that sessions and host share, and alice may write
readonly VICTIM=/srv/victim
readonly OPENS=200 # of each race
readonly TRIES=20  # times 100 mounts by path, until one hits
readonly OPENS_MIN=2000 SWAPS_MIN=200000 # of all together
AS_ALICE=(setpriv --reuid=1501 --regid=1501 --init-groups)
total_opens=0
total_swaps=0
total_hits=0

# number WORD: what stands behind it in $out.
number() {
	sed -n "s/.*\b$1 \([0-9]*\).*/\1/p" <<<"$out"
}

swaps() {
	od -An -t u8 $SEEN/count | tr -d ' '
}

# by_path KIND PATH...: by path, until there was a hit.
by_path() {
	local kind=$1 try
	shift

	for ((try = 0; try < TRIES; try++)); do
		out=$(race "$kind" 100 alice "$victim" "$look" "$@")
		[ "$(number hits)" = 0 ] || return 0
	done
	return 1
}

# race_of NAME A B KIND PATH...: with $victim, $look and $swapper, the command that runs the swapping, under the policy at
# hand. KIND and PATHs are for the control.
race_of() {
	local name=$1 a=$2 b=$3 swapping before
	shift 3

	before=$(seen_of_victim)
	start_swapping "$a" "$b"
	if look=${control_look:-$look} by_path "$@"; then
		pass "$name: done by path it hits the victim (control)"
	else
		fail "$name: done by path it hits the victim (control)" "$out"
	fi
	stop_swapping
	start_swapping "$a" "$b"
	out=$(race open $OPENS pt alice "$victim" "$look")
	stop_swapping
	echo "# $name: $out swaps $(swaps)"
	check_is "$name: $OPENS logins, and the victim was not hit" "$(number opens) $(number hits)" "$OPENS 0"
	check_is "$name: nor was anything made or changed in it" "$(seen_of_victim)" "$before"
	check "$name: some are let in (control)" test "$(number opened)" -gt 0
	total_opens=$((total_opens + $(number opens)))
	total_hits=$((total_hits + $(number hits)))
	total_swaps=$((total_swaps + $(swaps)))
}

start_swapping() {
	: >$SEEN/count
	chmod 0666 $SEEN/count
	"${swapper[@]}" race swap $SEEN/count "$1" "$2" >/dev/null 2>&1 &
	swapping=$!
	wait_until 50 has_swapped
}

has_swapped() {
	[ -s "$SEEN/count" ] && [ "$(swaps)" -gt 0 ]
}

stop_swapping() {
	kill "$swapping"
	wait "$swapping" 2>/dev/null
	wait_until 20 no_pid1 # where it ran in a session
}

seen_of_victim() {
	find $VICTIM -printf '%p %y %U:%G %m %i\n' | sort
}

# mounts ENTRIES [KEYS]: the policy: few namespaces, so that a login is quick, and these mounts.
mounts() {
	policy_for_users "namespaces = [ \"mount\" ]; mounts = ( $1 ); ${2:-}"
}

# ~/a is alice's, with ~/a/cache, and ~/l a link to the victim, which has a cache too. /srv/place is root's.
make_places() {
	rm -rf /home/alice/{a,l} $VICTIM /srv/place
	install -d -m 0700 $VICTIM $VICTIM/cache
	install -d -m 0755 /srv/place
	"${AS_ALICE[@]}" mkdir -p /home/alice/a/cache
	"${AS_ALICE[@]}" ln -s $VICTIM /home/alice/l
	victim=$VICTIM/cache
	look=-
	control_look=''
}

check_refused_too() {
	check "$1: some are refused, for the link was seen (control)" test "$(number refused)" -gt 0
}

test_target() {
	local type=$1 more=${2:-}

	make_places
	mounts "{ type = \"$type\"; path = \"/home/alice/a/cache\"; $more }"
	race_of "C-01 parent of the target, $type" /home/alice/a /home/alice/l tmpfs /home/alice/a/cache
	check_refused_too "C-01 parent of the target, $type"

	make_places
	victim=$VICTIM
	mounts "{ type = \"$type\"; path = \"/home/alice/a\"; $more }"
	race_of "C-01 the target itself, $type" /home/alice/a /home/alice/l tmpfs /home/alice/a
	check_refused_too "C-01 the target itself, $type"
}

test_source() {
	make_places
	victim=$VICTIM look=/srv/place
	mounts '{ type = "bind"; source = "/home/alice/a"; path = "/srv/place"; }'
	race_of "C-13 source of a bind" /home/alice/a /home/alice/l bind /home/alice/a /srv/place
	check_refused_too "C-13 source of a bind"

	make_places
	look=/srv/place
	mounts '{ type = "bind"; source = "/home/alice/a/cache"; path = "/srv/place"; }'
	chown alice $VICTIM/cache # else the control, which looks at the owner, would say no before the race
	race_of "C-13 parent of the source of a bind" /home/alice/a /home/alice/l bind /home/alice/a/cache /srv/place
	check_refused_too "C-13 parent of the source of a bind"
}

# No link at all: bob's directory stands in alice's, who may not enter but may rename it. The victim is a second way to it.
test_source_of_other() {
	make_places
	rm /home/alice/l
	install -d -m 0700 -o bob /home/alice/l
	mount --bind /home/alice/l $VICTIM
	victim=$VICTIM look=/srv/place
	mounts '{ type = "bind"; source = "/home/alice/a"; path = "/srv/place"; }'
	race_of "C-13 source of a bind, another user's directory" /home/alice/a /home/alice/l bind /home/alice/a /srv/place
	check_refused_too "C-13 source of a bind, another user's directory"
	umount $VICTIM
}

# What is not as it should be is skipped.
test_expose() {
	make_places
	"${AS_ALICE[@]}" mkdir /tmp/a
	"${AS_ALICE[@]}" ln -s $VICTIM /tmp/l
	victim=$VICTIM look=/tmp/a control_look=/srv/place
	mounts '{ type = "tmpfs"; path = "/tmp"; }' 'expose = [ "/tmp/a" ];'
	race_of "C-13 what is exposed" /tmp/a /tmp/l bind /tmp/a /srv/place
	check_is "C-13 what is exposed: none is refused, it is skipped" "$(number refused)" 0
	check "C-13 what is exposed: the directory is shown, when it is there (control)" test "$(number shown)" -gt 0
	check "C-13 what is exposed: and not when the link is (control)" test "$(number shown)" -lt $OPENS
	rm -rf /tmp/a /tmp/l
}

# The user swaps in another session of his, in his instance, where the helper makes the directories of a later mount.
test_instance() {
	local disk=/var/lib/nsunshare/instances/1501/srv-inst

	make_places
	rm -rf /var/lib/nsunshare
	mkdir -p /srv/inst
	# he swaps where the swapped name is not mounted on: else his own login would fail half of the times
	policy <<-'END'
		rules = ( { user = "alice"; tty = "swap"; profile = "plain"; }, { user = "alice"; profile = "deep"; } );
		profiles = {
			plain = { namespaces = [ "mount", "pid" ];
				mounts = ( { type = "instance"; path = "/srv/inst"; owner = "user"; mode = "0700"; } ); };
			deep = { base = "plain"; extra_mounts = ( { type = "tmpfs"; path = "/srv/inst/a/cache"; } ); };
		};
	END
	pamprobe pt alice tty=swap open run="cd /srv/inst && ${AS_ALICE[*]} mkdir -p a/cache && ${AS_ALICE[*]} ln -s $VICTIM l" close >"$OUTPUT" 2>&1
	check "C-18 in an instance: what one login makes in it is on disk (control)" test -d $disk/a/cache -a -L $disk/l
	swapper=(in_session)
	race_of "C-18 in an instance" /srv/inst/a /srv/inst/l tmpfs $disk/a/cache
	check_refused_too "C-18 in an instance"
	swapper=("${AS_ALICE[@]}")
	rm -rf /var/lib/nsunshare /srv/inst
}

# in_session COMMAND: in the place of this shell. It ends with its session, and does not begin without one.
in_session() {
	exec pamprobe pt alice tty=swap open "run=grep -q nsunshare /proc/1/comm && exec ${AS_ALICE[*]} $*"
}

build_tool race -lpam
build_tool pamprobe -lpam -lpthread
install -d -m 1777 $SEEN
swapper=("${AS_ALICE[@]}")
test_target tmpfs
test_target instance
mkdir -p /srv/shown
test_target bind 'source = "/srv/shown";'
test_source
test_source_of_other
test_expose
test_instance
check "C-01, C-13, C-18: $total_opens logins in all, at least $OPENS_MIN" test $total_opens -ge $OPENS_MIN
check "C-01, C-13, C-18: against $total_swaps swaps in all, at least $SWAPS_MIN" test "$total_swaps" -ge $SWAPS_MIN
check_is "C-01, C-13, C-18: no hit in all" $total_hits 0
check_gone "races: nothing is left"
rm -rf $SEEN $VICTIM /srv/place /srv/shown /home/alice/{a,l}
finish
