#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh [COUNT [TABLE PLOT]]: what opening and closing a session costs, beside the kernel's floor and the peers, in one run in
# the throw-away root of the tests. With TABLE and PLOT it writes these two files too (`make bench` does: docs/bench.*).
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${NSU_SANDBOX:-}" ]; then
	report=$(mktemp)
	trap 'rm -f "$report"' EXIT
	"$top/tests/root/sandbox.sh" "$top/bench/run.sh" "${1:-500}" | tee "$report"
	[ $# -lt 3 ] || "$top/bench/plot.sh" "$report" "$2" "$3"
	exit
fi

count=$1
bench=$top/build/$VARIANT/bench

# service FILE LINE: a PAM service with one session line.
service() {
	printf '%s required pam_permit.so\n' auth account >"/etc/pam.d/$1"
	echo "session required $2" >>"/etc/pam.d/$1"
}

prepare() {
	install -D -m 755 "$bench/floor_init" /usr/local/libexec/floor_init
	install -d -m 0700 /run/nsunshare
	service permit pam_permit.so
	service nsunshare pam_nsunshare.so
	echo 'rules = ( { user = "alice"; profile = "default"; } );' >/etc/security/nsunshare.conf
	mount -t cgroup2 cgroup2 /sys/fs/cgroup # as a host has it; nothing is made in it
	service namespace pam_namespace.so
	install -d -m 000 /tmp/namespace
	echo '/tmp tmpfs tmpfs:noinit root' >/etc/security/namespace.conf
	busybox syslogd -n -O /var/log/bench.log &
	syslog=$!
	trap 'kill $syslog' EXIT
	until [ -S /dev/log ]; do sleep 0.1; done
}

# make_policy RULES FILE [GROUPS]: one rule, or more and 5 profiles. The last rule is alice's, and comes to the profile
# default each time. Those before ask for terminals, users, uids, services, hosts; with GROUPS each fifth, instead of for a
# terminal, for groups that she is not in: then the name service lists hers, once, which takes what it takes on a host.
make_policy() {
	if [ "$1" = 1 ]; then
		echo 'rules = ( { user = "alice"; profile = "default"; } );' >"$2"
		return
	fi
	awk -v n="$1" -v first="${3:+group = [ \"adm\", \"bob\" ]}" 'BEGIN {
		print "rules = ("
		for (i = 1; i < n; i++) {
			split((first ? first : "tty = [ \"tty*\", \"hvc0\" ]") "|user = [ \"u" i "\", \"teacher-*\" ]|" \
				"uid = \"" 2000 + i "-" 2005 + i "\"|" \
				"user = \"alice\"; service = [ \"login\", \"ftp*\" ]|rhost = \"192.0.2.*\"", of, "|")
			printf "  { %s; profile = \"p%d\"; },\n", of[i % 5 + 1], i % 4 + 1
		}
		print "  { user = \"alice\"; profile = \"p5\"; }\n);\nprofiles = {"
		for (i = 1; i < 5; i++)
			printf "  p%d = { base = \"p%d\"; stop_timeout = %d; };\n", i, i % 2 ? 5 : i + 1, i
		print "  p5 = { base = \"default\"; };\n};"
	}' >"$2"
}

# make_users COUNT DIRECTORY: the files of so many users, of whom alice is one.
make_users() {
	mkdir -p "$2"
	awk -v n="$1" -v directory="$2" 'BEGIN {
		for (i = 1; i < n; i++) {
			file = directory "/user" i ".conf"
			print "hostname = \"%u-%H\";" >file
			close(file)
		}
	}'
	echo 'hostname = "%u-%H";' >"$2/alice.conf"
}

measure_policies() {
	local n name

	for n in 1 20 1000; do
		make_policy $n /etc/security/rules-$n.conf
	done
	make_policy 20 /etc/security/groups-20.conf with-groups
	for n in 1 100000; do
		make_policy 1 /etc/security/users-$n.conf
		make_users $n /etc/security/users-$n.d/users
	done
	for name in rules-1 rules-20 groups-20 rules-1000 users-1 users-100000; do
		service $name "pam_nsunshare.so conf=/etc/security/$name.conf"
	done
	echo "# policy: $((count * 2)) opens each, by policies of so many rules, and with files of so many users; microseconds"
	printf '%-12s %8s %8s %8s %8s\n' '' 'open p50' p99 'close p50' p99
	"$bench/bench_open" $((count * 2)) rules-1 rules-20 groups-20 rules-1000 users-1 users-100000
	echo
	echo "# parse: Parse and match alone, $count times each, by how many rules; microseconds"
	printf '%-15s %8s %8s %8s %8s\n' '' 'parse p50' p99 'match p50' p99
	"$bench/bench_policy" "$count" /etc/security/{rules-1,rules-20,groups-20,rules-1000}.conf
}

# medians: of lines with a name and numbers one for each name, in the order they came, of each column the median. One process
# differs from the next by up to 90 microseconds an open, always in the same direction, which is more than a kind may add.
medians() {
	awk '
		!($1 in runs) { names[++n] = $1 }
		{
			runs[$1]++
			columns = NF
			for (i = 2; i <= NF; i++)
				value[$1, i, runs[$1]] = $i
		}
		function median(name, column, m, i, j, v, sorted) {
			m = runs[name]
			for (i = 1; i <= m; i++) {
				v = value[name, column, i] + 0
				for (j = i - 1; j > 0 && sorted[j] > v; j--)
					sorted[j + 1] = sorted[j]
				sorted[j + 1] = v
			}
			return m % 2 ? sorted[(m + 1) / 2] : (sorted[m / 2] + sorted[m / 2 + 1]) / 2
		}
		END {
			for (i = 1; i <= n; i++) {
				printf "%-12s", names[i]
				for (c = 2; c <= columns; c++)
					printf " %8.0f", median(names[i], c)
				print ""
			}
		}'
}

# Each kind beside those of the profile default, and all of them: the floor with it, and the module.
measure_kinds() {
	local kind kinds methods=()

	for kind in none net cgroup time user all; do
		case $kind in
		none) kinds= ;;
		all) kinds=', "net", "cgroup", "time", "user"' ;;
		*) kinds=", \"$kind\"" ;;
		esac
		cat >"/etc/security/kind-$kind.conf" <<-END
			rules = ( { user = "alice"; profile = "tested"; } );
			profiles = { tested = { base = "default"; namespaces = [ "mount", "ipc", "uts", "pid"$kinds ]; }; };
		END
		service "kind-$kind" "pam_nsunshare.so conf=/etc/security/kind-$kind.conf"
		[ $kind = none ] && methods+=(vfork) || methods+=("vfork:$kind")
		methods+=("kind-$kind")
	done
	echo "# kinds: $((count / 2)) sessions each in each of 10 runs, each by a new child of a process with 10 MiB of touched memory;" \
		"of the runs the median; microseconds"
	printf '%-12s %8s %8s %8s %8s %8s\n' '' 'open p50' p99 'close p50' p99 adds
	for _ in {1..10}; do
		"$bench/bench_open" -c $((count / 2)) "${methods[@]}"
	done | medians
}

# hold METHOD HELD [JOINED]
hold() {
	"$bench/bench_held" "$count" "$2" "$1" ${3:+"$3"}
	while pgrep -x bench_held || pgrep -x nsunshare-init || pgrep -x floor_init; do sleep 0.1; done >/dev/null # they end with it
	sleep 1
}

# Sets of a scope session are held, each with an entry of its own; beside them one that is joined.
measure_joins() {
	local held

	cat >/etc/security/joined.conf <<-END
		rules = ( { user = "alice"; profile = "tested"; } );
		profiles = { tested = { base = "default"; scope = "user"; propagation = "private"; }; };
	END
	service joined 'pam_nsunshare.so conf=/etc/security/joined.conf'
	echo "# joins: $count opens of a set of its own, and $count joins of one that there is, in rounds of 25, while so many are held; microseconds"
	printf '%-12s %8s %8s %8s\n' '' held 'open p50' p99
	for held in 1 100 2000; do
		hold nsunshare $held joined
	done
	hold vfork 2000 joined # the floor has no entries: what grows with it is the kernel's
}

prepare
echo "# Linux $(uname -r), $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
echo
echo "# open: $count sessions each, by one process with 10 MiB of touched memory; microseconds"
printf '%-12s %8s %8s %8s %8s\n' '' 'open p50' p99 'close p50' p99
"$bench/bench_open" "$count" permit vfork fork nsunshare namespace command vfork-child fork-child
echo
measure_kinds
echo
measure_policies
echo
echo "# held: $count more by each, while so many sessions are open; microseconds, and KiB for each session and its opener"
printf '%-12s %8s %8s %8s %8s\n' '' held 'open p50' p99 KiB
for held in 1 100 1000 4000; do
	for method in vfork nsunshare; do
		hold $method $held
	done
done
hold nothing 1000 # what the openers alone take
hold permit 1000
echo
measure_joins
echo
echo "# parallel: sessions opened and closed in a second by 64 processes"
for method in vfork nsunshare; do
	"$bench/bench_parallel" 10 64 $method
done
