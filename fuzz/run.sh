#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh SECONDS TARGET...: each fuzz target by libFuzzer for so long (`make fuzz`, which builds them). Prints a line
# for each: CPU seconds, executions, edges of the code that its inputs reach, findings. A finding is kept in
# fuzz/found/TARGET/ and ends the run with 1. The inputs that reached something new are kept in
# build/fuzz/corpus/TARGET/, made few after each run. With NSU_FUZZ_KEEP=1 fuzz/corpus/TARGET/ is written anew from
# them, to be committed: as few as reach the same edges.
set -eu

cd "$(dirname "$0")/.."
bin=$PWD/build/fuzz/fuzz
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
export TIMEFORMAT='%U %S'

# fuzzer TARGET ARG...: with what holds for every run. Our directories come behind.
fuzzer() {
	local target=$1 options=(-timeout=5 -rss_limit_mb=1024 -max_len=49152)
	shift

	[ ! -e "fuzz/$target.dict" ] || options+=("-dict=fuzz/$target.dict")
	nice -n "${NSU_FUZZ_NICE:-0}" "$bin/fuzz_$target" "${options[@]}" "$@"
}

# join FILE DIRECTORY: a policy with its drop-ins and, once for each, the files of users, as fuzz_policy.c takes them.
join() {
	local conf=$1 seeds=$2 file user
	local out=$seeds/${conf##*/}

	cp "$conf" "$out"
	for file in "${conf%.conf}".d/*.conf; do
		[ ! -e "$file" ] || { printf '\n#@d\n' && cat "$file"; } >>"$out"
	done
	for user in "${conf%.conf}".d/users/*.conf; do
		[ ! -e "$user" ] || { cat "$out" && printf '\n#@u\n' && cat "$user"; } >"$out.${user##*/}"
	done
}

# make_seeds TARGET DIRECTORY: what the tests have for it, and what was found once.
make_seeds() {
	local target=$1 seeds=$2 file
	local policies=(tests/unit/golden/*.conf conf/*.conf conf/examples/*.conf)

	rm -rf "$seeds"
	mkdir -p "$seeds"
	case $target in
	policy) for file in "${policies[@]}" tests/unit/wrong/*.conf; do join "$file" "$seeds"; done ;;
	wire | helper) "$bin/frames" "$seeds" "${policies[@]}" ;;
	esac
	[ ! -d "fuzz/found/$target" ] || cp -r "fuzz/found/$target/." "$seeds"
}

# minimise TARGET DIRECTORY SOURCE...: adds to the directory as few as are needed to reach all that the sources reach.
minimise() {
	fuzzer "$1" -merge=1 "${@:2}" >/dev/null 2>&1
}

# keep TARGET DIRECTORY: the policies of the tests are replayed from where they are, and so are no part of it.
keep() {
	local target=$1 work=$2 base=build/fuzz/base replayed=build/fuzz/replayed

	rm -rf $base $replayed
	mkdir $base $replayed
	[ "$target" != policy ] || cp tests/unit/golden/*.conf tests/unit/wrong/*.conf conf/*.conf conf/examples/*.conf $replayed
	cp -r $replayed/. $base
	minimise "$target" $base "$work" -use_counters=0
	(cd $replayed && find . -type f -print0) | (cd $base && xargs -0 rm -f)
	rm -rf "fuzz/corpus/$target"
	mv $base "fuzz/corpus/$target"
}

# run_one SECONDS TARGET: the line of a target. Return: 1 if there was a finding.
# To look for leaks after each input makes libFuzzer thirty times slower, for libconfig leaks in each malformed file: it
# is done for the inputs that are kept.
run_one() {
	local seconds=$1 target=$2 work=build/fuzz/corpus/$2 seeds=build/fuzz/seeds/$2 log=build/fuzz/$2.log found=0 cpu
	local options=("-artifact_prefix=fuzz/found/$target/" "$work" "fuzz/corpus/$target" "$seeds")

	mkdir -p "$work" "fuzz/found/$target" "fuzz/corpus/$target" # git keeps no empty directory
	make_seeds "$target" "$seeds"
	{ time {
		fuzzer "$target" -max_total_time="$seconds" -detect_leaks=0 -print_final_stats=1 \
			"${options[@]}" >"$log" 2>&1 &&
			fuzzer "$target" -runs=0 "${options[@]}" >>"$log" 2>&1
	} || found=1; } 2>"$log.time"
	cpu=$(tail -n 1 "$log.time" | awk '{ printf "%.0f", $1 + $2 }')
	awk -v target="$target" -v cpu="$cpu" -v found=$found '
		/inline 8-bit counters/ { gsub(/.*\(|inline.*/, ""); all = $1 }
		/ cov: / { sub(/.* cov: /, ""); if ($1 > reached) reached = $1 }
		/number_of_executed_units/ { runs = $2 }
		END {
			printf "%-9s %6d s of CPU %12d executions", target, cpu, runs
			printf " %6d of %d edges %3d findings\n", reached, all, found
		}
	' "$log"
	if [ $found = 1 ]; then
		grep -vE '^#[0-9]+	(NEW|REDUCE|pulse)' "$log" | tail -n 60
		return 1
	fi
	rm -rf "$work.new"
	mkdir "$work.new"
	minimise "$target" "$work.new" "$work" "fuzz/corpus/$target" "$seeds"
	rm -rf "$work"
	mv "$work.new" "$work"
	[ "${NSU_FUZZ_KEEP:-0}" = 0 ] || keep "$target" "$work"
}

seconds=$1 findings=0
shift
for target; do
	run_one "$seconds" "$target" || findings=$((findings + 1))
done
[ $findings = 0 ]
