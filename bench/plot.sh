#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# plot.sh REPORT TABLE PLOT: from what run.sh prints, a table for Markdown and a picture (SVG) of the opens.
set -eu

report=$1 table=$2 plot=$3

# section NAME: its lines, without headings.
section() {
	awk -v name="# $1:" 'index($0, name) == 1 { on = 1; getline; if ($0 !~ /p50/) print; next } /^$|^#/ { on = 0 } on' "$report"
}

name_of() {
	# shellcheck disable=SC2016 # Markdown
	case $1 in
	permit) echo 'pam_permit alone' ;;
	vfork) echo 'floor: bare system calls, minimal program' ;;
	fork) echo 'floor by plain fork, no program' ;;
	nsunshare) echo '**pam_nsunshare**, profile default' ;;
	namespace) echo 'pam_namespace, a tmpfs on /tmp (tmpfs:noinit)' ;;
	command) echo '`unshare -muip --fork --mount-proc true`' ;;
	vfork-child) echo 'floor without the intermediate (a child that cron and login would wait for)' ;;
	fork-child) echo 'floor by plain fork without the intermediate' ;;
	rules-1) echo 'one rule, its profile built in' ;;
	rules-20) echo '20 rules, 5 profiles; the last rule holds' ;;
	groups-20) echo 'the same with groups in four of them, which the name service is asked for' ;;
	rules-1000) echo '1,000 rules, 5 profiles; the last rule holds' ;;
	users-1) echo 'one rule, the file of one user' ;;
	users-100000) echo 'one rule, files of 100,000 users' ;;
	esac
}

# added A B: by how many percent the median of one is above that of another.
added() {
	section policy | awk -v a="$1" -v b="$2" '{ p50[$1] = $2 } END { printf "%+.0f %%", 100 * (p50[b] / p50[a] - 1) }'
}

write_policies() {
	local name a b c d

	echo "The policy's part: $(sed -n 's/^# policy: //p' "$report"). 20 rules against one: $(added rules-1 rules-20)," \
		"100,000 files of users against one: $(added users-1 users-100000)."
	echo
	echo '| | open p50 | p99 |'
	echo '|---|---:|---:|'
	while read -r name a b c d; do
		echo "| $(name_of "$name") | $a | $b |"
	done < <(section policy)
	echo
	echo "$(sed -n 's/^# parse: //p' "$report")."
	echo
	echo '| | parse p50 | p99 | match p50 | p99 |'
	echo '|---|---:|---:|---:|---:|'
	while read -r name a b c d; do
		echo "| $(name_of "${name%.conf}") | $a | $b | $c | $d |"
	done < <(section parse)
}

kind_name_of() {
	case $1 in
	none) echo 'the four of the profile default' ;;
	all) echo 'all eight' ;;
	*) echo "with $1" ;;
	esac
}

# Of two costs; none where the first is too small to tell.
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { if (a >= 100) printf "%.2f", b / a; else print "-" }'
}

# Each line of the floor is followed by the module's.
write_kinds() {
	local kind floor ours p99 close floor_close floor_more more

	echo "What each kind of namespace costs: $(sed -n 's/^# kinds: //p' "$report"). The floor makes the same namespaces and" \
		'mounts by bare system calls, and for the id maps asks the name service the same. What a kind adds to the four of' \
		'the first row is the median of the differences within each round of 25 sessions by every method in turn; there is no' \
		'ratio where that is less than processes of one method differ among themselves (100).'
	echo
	echo '| | floor, open p50 | **pam_nsunshare**, open p50 | p99 | ratio | the kind adds: floor | **pam_nsunshare** | ratio | floor, close p50 | **pam_nsunshare**, close p50 |'
	echo '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|'
	while read -r _ floor _ floor_close _ floor_more && read -r kind ours p99 close _ more; do
		echo "| $(kind_name_of "${kind#kind-}") | $floor | $ours | $p99 | $(ratio "$floor" "$ours") |" \
			"$floor_more | $more | $(ratio "$floor_more" "$more") | $floor_close | $close |"
	done < <(section kinds)
}

# Each line of an open is followed by that of the join.
write_joins() {
	local name held open p99 rest join join_p99

	echo "Joining a set: $(sed -n 's/^# joins: //p' "$report")."
	echo
	echo '| held | by | open p50 | p99 | join p50 | p99 | ratio |'
	echo '|---:|---|---:|---:|---:|---:|---:|'
	# shellcheck disable=SC2034 # what is read and not shown
	while read -r name held open p99 rest && read -r _ held join join_p99 rest; do
		echo "| $held | $(name_of "$name") | $open | $p99 | $join | $join_p99 | $(ratio "$open" "$join") |"
	done < <(section joins)
}

write_table() {
	local name a b c d

	echo '# What a session costs'
	echo
	echo "By \`make bench\`, in one run: $(sed -n '1s/^# //p' "$report"). $(sed -n 's/^# open: //p' "$report")."
	echo
	echo '| | open p50 | p99 | close p50 | p99 |'
	echo '|---|---:|---:|---:|---:|'
	while read -r name a b c d; do
		echo "| $(name_of "$name") | $a | $b | $c | $d |"
	done < <(section open)
	echo
	write_kinds
	echo
	write_policies
	echo
	echo "$(sed -n 's/^# held: //p' "$report")."
	echo
	echo '| | held | open p50 | p99 | KiB |'
	echo '|---|---:|---:|---:|---:|'
	section held | while read -r name a b c d; do
		[ "$a" -ge 1000 ] || d= # too few to tell
		case $name in
		nothing) echo "| (an opener that opens nothing) | $a | | | $d |" ;;
		permit) echo "| (an opener with pam_permit) | $a | | | $d |" ;;
		*) echo "| $(name_of "$name") | $a | $b | $c | $d |" ;;
		esac
	done
	echo
	write_joins
	echo
	echo 'Sessions opened and closed in a second by 64 processes at once:'
	section parallel | while read -r name a; do echo "$(name_of "$name") $a;"; done
	echo
	echo '![The same as a picture](bench.svg)'
}

write_plot() {
	gnuplot <<-END
		set terminal svg size 900,420 font "sans-serif,12" background "white"
		set output "$plot"
		\$bars <<EOD
		$(section open)
		EOD
		\$floor <<EOD
		$(section held | grep '^vfork ')
		EOD
		\$ours <<EOD
		$(section held | grep '^nsunshare ')
		EOD
		set multiplot layout 1,2
		set title "one open, median and 99th percentile"
		set ylabel "microseconds"
		set style fill solid 0.6
		set boxwidth 0.6
		set logscale y
		set yrange [1:*]
		set xtics rotate by -35
		set grid y
		plot \$bars using 0:2:xtic(1) with boxes title "median", "" using 0:3 with points pt 2 title "p99"
		unset logscale y
		set title "one open while others are held, median"
		set xlabel "sessions held open"
		set logscale x
		set yrange [0:*]
		set xtics norotate autofreq
		set key bottom
		plot \$floor using 2:3 with linespoints title "floor", \$ours using 2:3 with linespoints title "pam_nsunshare"
	END
}

write_table >"$table"
write_plot
