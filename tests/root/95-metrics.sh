#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nsunshare metrics: what is counted, by which doors, how exactly, and that counting never costs anybody his login.
# Holds G33.
# shellcheck disable=SC2119,SC2317 # functions are called by name
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly RUN=/run/nsunshare
readonly COUNTERS=$RUN/metrics
readonly GATE=/srv/gate
readonly WORKERS=8 LOGINS=25 # each

[ "$VARIANT" != asan ] ||
	export ASAN_OPTIONS=log_path=/var/log/sanitizer/found LSAN_OPTIONS=suppressions=$HERE/../lsan.supp:print_suppressions=0

metrics() {
	timeout 20 nsunshare metrics "$@"
}

# value SERIES: its value, "" if there is none. All labels in their order.
value() {
	metrics 2>/dev/null | awk -v series="nsunshare_$1" '$1 == series { print $2 }'
}

# What a number of series are, in one line.
values() {
	local text series
	text=$(metrics 2>&1)
	for series; do
		awk -v series="nsunshare_$series" '$1 == series { printf "%s ", $2; found = 1 } END { if (!found) printf "- " }' <<<"$text"
	done
	echo
}

# Every refusal there is, as "REASON=N".
refusals() {
	metrics 2>&1 | sed -n 's/^nsunshare_refusals_total{reason="\(.*\)"} \([1-9].*\)$/\1=\2/p' | paste -sd ' '
}

forget() {
	rm -f "$COUNTERS"
}

probe() {
	timeout 30 pamprobe "$@" 2>&1
}

# is_open NAME OUTPUT: what pamprobe says of a login that was let in.
is_open() {
	check_has "$1" "$2" '^open: code 0$'
}

# Two readers: the one of OpenMetrics, which is strict, and the one of the older format, as node_exporter has it.
read_strictly() {
	python3 - "$1" <<-'END'
		import sys
		from prometheus_client.openmetrics import parser as new
		from prometheus_client import parser as old
		text = open(sys.argv[1]).read()
		families = {f.name: f for f in new.text_string_to_metric_families(text)}
		assert text.endswith("# EOF\n"), "no end"
		kinds = sorted((f.name, f.type) for f in families.values())
		print(*("%s:%s" % k for k in kinds))
		was = {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families.values() for s in f.samples}
		now = {(s.name, tuple(sorted(s.labels.items()))): s.value for f in old.text_string_to_metric_families(text) for s in f.samples}
		assert was == now, "the older format says otherwise"
	END
}

test_without_directory() {
	policy_for_users
	rm -rf "$RUN"
	is_open "without $RUN: opened" "$(probe pt alice open close)"
	check "without $RUN: the helper has made it" test -d "$RUN"
	forget
	check_is "and the next one is counted" "$(probe pt alice open close >/dev/null; values 'opens_total{profile="default",joined="no"}' 'closes_total{profile="default"}')" "1 1 "
	check_is "the file is root's" "$(stat -c '%U %a %F' "$COUNTERS")" "root 600 regular file"
	rm -r "$RUN"
	check_is "nsunshare metrics makes both where they are missing" "$(metrics >/dev/null; stat -c %a $RUN $COUNTERS | paste -sd ' ')" "700 600"
}

test_format() {
	policy_for_users
	forget
	probe pt alice open close >/dev/null
	metrics >/root/text
	if python3 -c 'import prometheus_client' 2>/dev/null; then
		check_is "the strict reader of OpenMetrics takes it, and the older format says the same" "$(read_strictly /root/text 2>&1)" \
			"nsunshare_closes:counter nsunshare_not_isolated:counter nsunshare_open_seconds:histogram nsunshare_opens:counter nsunshare_refusals:counter nsunshare_sessions:gauge nsunshare_sets:gauge nsunshare_sets_silent:gauge"
	else
		skip "the strict reader of OpenMetrics takes it" "python3-prometheus-client is not installed"
	fi
	check_is "each reason has its line from the first on" "$(grep -c '^nsunshare_refusals_total{reason="[a-z]*"} 0$' /root/text)" 9
}

test_doors() {
	policy_for_users
	forget
	check_is "sshd: a login" "$(ssh alice@127.0.0.1 echo in)" in
	wait_until 20 no_pid1
	check_is "sshd: one open, one close" "$(values 'opens_total{profile="default",joined="no"}' 'closes_total{profile="default"}')" "1 1 "
	su bob -c true
	check_is "su: one more of each" "$(values 'opens_total{profile="default",joined="no"}' 'closes_total{profile="default"}')" "2 2 "
	check_is "the times: as many as opens, and longer than nothing" "$(values 'open_seconds_count{joined="no"}' 'open_seconds_bucket{joined="no",le="+Inf"}')" "2 2 "
	check_isnt "the times: their sum" "$(value 'open_seconds_sum{joined="no"}')" 0.0
	su root -c true
	check_is "who is left alone is not counted" "$(metrics | awk '/^nsunshare_opens_total/ { n += $2 } END { print n }')" 2
}

test_exact() {
	local worker

	policy <<-'END'
		rules = ( { user = "alice"; profile = "one"; }, { user = "bob"; profile = "two"; } );
		profiles = { one = { namespaces = [ "uts" ]; }; two = { namespaces = [ "ipc" ]; }; };
	END
	forget
	# One login makes nothing, for the file's first use is part of what is raced for.
	for ((worker = 0; worker < WORKERS; worker++)); do
		(
			user=alice
			[ $((worker % 2)) = 0 ] || user=bob
			for ((i = 0; i < LOGINS; i++)); do
				probe pt $user open close
			done | grep -c '^open: code 0$' >"/root/opened-$worker"
		) &
	done
	for worker in $(jobs -p); do
		[[ " ${services[*]} " == *" $worker "* ]] || wait "$worker"
	done
	check_is "$WORKERS processes: all their logins are open" "$(cat /root/opened-* | awk '{ n += $1 } END { print n }')" $((WORKERS * LOGINS))
	check_is "$WORKERS processes: the counters are exact" \
		"$(values 'opens_total{profile="one",joined="no"}' 'opens_total{profile="two",joined="no"}' 'closes_total{profile="one"}' \
			'closes_total{profile="two"}' 'open_seconds_count{joined="no"}')" \
		"$((WORKERS * LOGINS / 2)) $((WORKERS * LOGINS / 2)) $((WORKERS * LOGINS / 2)) $((WORKERS * LOGINS / 2)) $((WORKERS * LOGINS)) "
}

# refuses REASON PAMPROBE-WORD...: refused, and counted as this once.
refuses() {
	local reason=$1 out
	shift

	forget
	out=$(probe "$@")
	check_has "refused for $reason" "$out" '^open: code [1-9]'
	check_is "refused for $reason: counted as that, once" "$(refusals)" "$reason=1"
}

test_reasons() {
	policy_for_users
	refuses user pt alice user=nosuchuser open
	refuses caller pt alice thread open
	refuses kernel pt alice old-kernel open
	refuses limit pt alice namespace-limit open
	mv "$HELPER" /root/helper
	refuses programs pt alice open
	policy_for_users 'base = "default"; on_error = "allow";'
	forget
	is_open "on_error = \"allow\": let in" "$(probe pt alice open)"
	check_is "on_error = \"allow\": no refusal" "$(refusals)" ""
	check_is "on_error = \"allow\": counted as not isolated, for the same reason" "$(values 'not_isolated_total{reason="programs"}')" "1 "
	mv /root/helper "$HELPER"
	policy_for_users 'base = "default"; mounts = ( { type = "tmpfs"; path = "/srv/nowhere"; } );'
	refuses other pt alice open
	policy <<<'rules = ( nonsense'
	refuses policy pt alice open
	rm "$POLICY"
	refuses policy pt alice open
	policy_for_users 'base = "default"; timeout = 300;'
	close_gate
	refuses timeout pt alice open
	open_gate
}

# What comes from inside counts inside, and is lost with the session.
test_nested() {
	policy <<-'END'
		rules = ( { user = "alice"; profile = "default"; }, { user = "bob"; profile = "default"; nested = "deny"; } );
	END
	forget
	out=$(probe pt alice open run="pamprobe pt bob open; nsunshare metrics" close)
	check_has "nested: refused inside" "$out" '^open: code [1-9]'
	check_has "nested: counted inside" "$out" '^nsunshare_refusals_total{reason="nested"} 1$'
	check_is "nested: not outside" "$(refusals)" ""
	wait_until 20 no_pid1
}

# The helper waits at a gate, so that an open is seen half done.
close_gate() {
	mkdir -p $GATE
	mv "$HELPER" $GATE/helper
	install -m 0755 /root/slow "$HELPER"
	touch $GATE/closed
}

open_gate() {
	mv $GATE/helper "$HELPER"
	rm -r $GATE
}

test_stopped() {
	local stopped

	policy_for_users 'base = "default"; timeout = 60000;'
	forget
	probe pt alice open close >/dev/null
	close_gate
	pamprobe pt alice open close >/root/stopped 2>&1 &
	stopped=$!
	check "an open has begun, and has mapped the file" wait_until 50 grep -q " $COUNTERS" "/proc/$stopped/maps"
	kill -STOP "$stopped"
	mv $GATE/helper "$HELPER.new"
	mv "$HELPER" /root/slow-helper
	mv "$HELPER.new" "$HELPER"
	is_open "beside a stopped opener: others log in" "$(probe pt bob open close)"
	check_is "beside a stopped opener: they are counted" "$(values 'opens_total{profile="tested",joined="no"}' 'closes_total{profile="tested"}')" "2 2 "
	cp "$HELPER" $GATE/helper
	kill -CONT "$stopped"
	touch $GATE/go
	wait "$stopped"
	is_open "the stopped one goes on" "$(</root/stopped)"
	check_is "and is counted" "$(values 'opens_total{profile="tested",joined="no"}' 'closes_total{profile="tested"}')" "3 3 "
	rm -r $GATE
}

# on_small OPTIONS: another directory in the place of the real one.
on_small() {
	mount -t tmpfs -o "mode=0700,$1" small "$RUN"
}

test_full() {
	policy_for_users
	on_small size=8k
	dd if=/dev/zero of=$RUN/filler bs=4k count=1 2>/dev/null
	is_open "no room for the file: opened" "$(probe pt alice open close)"
	check_is "no room for the file: there is none" "$(ls -A $RUN)" filler
	check_has "no room for the file: nsunshare metrics says so" "$(metrics 2>&1)" "^nsunshare: write '$COUNTERS': No space left on device$"
	umount "$RUN"
	on_small size=32k
	probe pt alice open close >/dev/null
	dd if=/dev/zero of=$RUN/filler bs=4k 2>/dev/null
	is_open "full, and the file is there: opened" "$(probe pt alice open close)"
	check_is "full, and the file is there: counted" "$(values 'opens_total{profile="default",joined="no"}')" "2 "
	umount "$RUN"
	policy_for_users 'namespaces = [ "uts" ];' # it has no entry there, which needs an inode too
	on_small nr_inodes=2
	touch $RUN/filler
	is_open "no inode for the file: opened" "$(probe pt alice open close)"
	umount "$RUN"
	policy_for_users
	on_small nr_inodes=3
	touch $RUN/filler
	is_open "the last inode is the set's: opened" "$(probe pt alice open close)"
	check_is "the last inode is the set's: no file" "$(ls -A $RUN)" filler
	umount "$RUN"
	policy_for_users 'namespaces = [ "uts" ];'
	on_small size=1m,ro
	is_open "a read-only file system: opened" "$(probe pt alice open close)"
	umount "$RUN"
}

# Its output goes to a pipe, which has no limit.
limited() {
	(ulimit -f 0 && exec timeout 30 pamprobe pt alice open close) 2>&1
}

test_inherited() {
	policy_for_users 'namespaces = [ "uts" ];' # writes no file of its own, which a container may forbid with such a limit
	forget
	is_open "RLIMIT_FSIZE = 0 and no file: opened" "$(limited)"
	check "RLIMIT_FSIZE = 0 and no file: none is made" test ! -e "$COUNTERS"
	is_open "umask 0777: opened" "$(umask 0777; probe pt alice open close)"
	check_is "umask 0777: the file is as it should be" "$(stat -c '%a %U' "$COUNTERS")" "600 root"
	is_open "RLIMIT_FSIZE = 0 and the file: opened" "$(limited)"
	check_is "RLIMIT_FSIZE = 0 and the file: counted" "$(values 'opens_total{profile="tested",joined="no"}')" "2 "
}

# Each makes what stands in the file's place.
empty() { : >"$COUNTERS"; }
half() { truncate -s 4096 "$COUNTERS"; }
holes() { local size; size=$(stat -c %s "$COUNTERS"); rm "$COUNTERS"; (umask 0177; truncate -s "$size" "$COUNTERS"); }
other_version() { printf 'numet_00' | dd of="$COUNTERS" conv=notrunc 2>/dev/null; }
for_all() { chmod 0666 "$COUNTERS"; }
users() { chown alice "$COUNTERS"; }
link() { mv "$COUNTERS" "$RUN/real" && ln -s real "$COUNTERS"; }
fifo() { rm "$COUNTERS" && mkfifo -m 0600 "$COUNTERS"; }
directory() { rm "$COUNTERS" && mkdir -m 0600 "$COUNTERS"; }

test_foreign() {
	local spoil before

	policy_for_users
	for spoil in empty half holes other_version for_all users link fifo directory; do
		rm -rf "$COUNTERS" $RUN/real
		metrics >/dev/null
		$spoil
		before=$(ls -lin --time-style=full-iso $RUN; cat $RUN/real 2>/dev/null | cksum)
		is_open "${spoil//_/ } in the file's place: opened" "$(probe pt alice open close)"
		check_is "${spoil//_/ } in the file's place: left alone" "$(ls -lin --time-style=full-iso $RUN; cat $RUN/real 2>/dev/null | cksum)" "$before"
		check_has "${spoil//_/ } in the file's place: nsunshare metrics says it" "$(metrics 2>&1; echo "status $?")" '^status 2$'
	done
	rm -rf "$COUNTERS" $RUN/real
	check_has "the remedy" "$(metrics >/dev/null; other_version; metrics 2>&1)" 'remove it: it is made again'
	forget
}

test_output() {
	local directory=/srv/collector

	policy_for_users
	forget
	mkdir -p $directory
	(umask 0777; cd $directory && metrics --output nsunshare.prom)
	check_is "--output: a file that all may read, and nothing else" "$(stat -c '%n %a' $directory/* $directory/.[!.]* 2>/dev/null)" "$directory/nsunshare.prom 644"
	check_is "--output: the same text" "$(<$directory/nsunshare.prom)" "$(metrics)"
	probe pt alice open close >/dev/null
	metrics --output=$directory/nsunshare.prom
	check_is "--output: replaced" "$(<$directory/nsunshare.prom)" "$(metrics)"
	check_is "--output: nothing on the standard output" "$(metrics --output $directory/nsunshare.prom 2>&1)" ""
	cp $directory/nsunshare.prom /root/was
	mount -t tmpfs -o size=8k collector $directory
	cp /root/was $directory/nsunshare.prom
	dd if=/dev/zero of=$directory/filler bs=4k 2>/dev/null
	check_has "--output where nothing can be written: said" "$(metrics --output $directory/nsunshare.prom 2>&1; echo "status $?")" '^status 2$'
	check_is "--output where nothing can be written: the old one stays, and nothing beside it" \
		"$(ls -A $directory; cmp $directory/nsunshare.prom /root/was && echo same)" $'filler\nnsunshare.prom\nsame'
	umount $directory
	for target in /dev/null /srv /srv/ '' /srv/nowhere/x "$directory/link"; do
		ln -sf /etc/passwd "$directory/link"
		check_has "--output '$target': refused" "$(metrics --output "$target" 2>&1; echo "status $?")" '^status 2$'
	done
	check "what was refused is untouched" test -c /dev/null -a -L $directory/link
	rm -r $directory
	check_has "a user may not" "$(su alice -s /bin/sh -c 'nsunshare metrics' 2>&1)" '^nsunshare: metrics: only root may do this$'
}

# hold NUMBER USER: an open session, until /root/go is there.
hold() {
	pamprobe pt "$2" open run="touch /root/held-$1" wait=/root/go close >/dev/null 2>&1 &
	held+=($!)
	wait_until 50 test -e "/root/held-$1"
}

# The sessions that are open are asked from their sets.
test_gauges() {
	local held=()

	policy <<-'END'
		rules = ( { user = "alice"; profile = "shared"; }, { user = "bob"; profile = "own"; } );
		profiles = { own = { namespaces = [ "pid" ]; }; shared = { namespaces = [ "pid" ]; scope = "user"; }; };
	END
	forget
	rm -f /root/go /root/held-*
	hold 1 alice
	hold 2 alice
	hold 3 alice
	hold 4 bob
	check_is "sets: one that three logins share, and one of its own" \
		"$(values 'sets{profile="shared",scope="user"}' 'sets{profile="own",scope="session"}' sets_silent)" "1 1 0 "
	check_is "sessions: three and one" "$(values 'sessions{profile="shared"}' 'sessions{profile="own"}')" "3 1 "
	check_is "opens: the second and the third have joined" \
		"$(values 'opens_total{profile="shared",joined="no"}' 'opens_total{profile="shared",joined="yes"}' 'opens_total{profile="own",joined="no"}')" "1 2 1 "
	check_is "times: of those that have joined by themselves" "$(values 'open_seconds_count{joined="no"}' 'open_seconds_count{joined="yes"}')" "2 2 "
	touch /root/go
	wait "${held[@]}"
	wait_until 20 no_pid1
	check_is "when they have ended: no session, no set" "$(values 'sessions{profile="shared"}' 'sets{profile="shared",scope="user"}' sets_silent)" "- - 0 "
	check_is "closes: each is one" "$(values 'closes_total{profile="shared"}' 'closes_total{profile="own"}')" "3 1 "
}

build_tool pamprobe -lpam -lpthread
gcc -static -O1 -D_GNU_SOURCE -o /root/slow "$HERE/slow_helper.c"
start_sshd
test_without_directory
test_format
test_doors
test_exact
test_reasons
test_nested
test_stopped
test_full
test_inherited
test_foreign
test_output
test_gauges
check_gone "metrics: nothing is left"
finish
