#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the module promises not to change: limits, ids, environment, signals, terminal and more of alice's processes, by every door,
# are the same with the package and without it. pam_limits runs behind the module in sshd, cron and at, with defaults from
# /proc/1/limits.
# shellcheck disable=SC2016,SC2034,SC2119,SC2317
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../doors.inc"

readonly DOORS='ssh su su_login sudo sudo_login login cron at'
readonly LIMITS=/etc/security/limits.d/test.conf
readonly PIDLESS='^sudo' # no pid namespace without a rule that names the service

# A line for each fact, which begins with its group and stands between two marks. $$ is of the pid namespace that /proc shows.
make_facts() {
	install -m 0755 /dev/stdin /usr/local/bin/facts <<-'END'
		#!/bin/bash
		links=$(cd /proc/self/ns && readlink mnt ipc uts pid net user cgroup time | paste -sd ' ')
		files=(/proc/$$/fd/*)
		exec 2>&1
		echo; echo "facts begin"
		echo "links $links"
		ulimit -Ha | sed 's/^/limits hard /'
		ulimit -Sa | sed 's/^/limits soft /'
		id | sed 's/^/who /'
		env | sed 's/^/who /' | sort
		echo "who umask $(umask) cwd $PWD"
		while read -r name value; do
			case $name in Sig[BIC]*|Cap*|NoNew*|Secc*|Cpus_allowed:|Mems_allowed:|Groups:|Specul*) echo "process $name $value" ;; esac
		done </proc/$$/status
		stat=$(</proc/$$/stat)
		read -ra f <<<"${stat##*) }"
		echo "process nice ${f[16]} priority ${f[15]} threads ${f[17]} rt ${f[37]} policy ${f[38]} terminal $((f[4] > 0)) foreground $((f[5] > 0))"
		for name in oom_score_adj timerslack_ns coredump_filter personality; do echo "process $name $(</proc/$$/$name)"; done
		for file in "${files[@]}"; do
			[ "${file##*/}" = 255 ] || [ ! -e "$file" ] || echo "files ${file##*/} $(readlink "$file")"
		done
		echo "files terminal $(tty)"
		echo "kernel login uid $(</proc/$$/loginuid) session $(</proc/$$/sessionid)"
		echo "kernel cgroup $(</proc/$$/cgroup)"
		while read -r _ _ _ _ perm uid gid type name; do [ "$uid" = 0 ] || echo "kernel key $perm $uid $gid $type ${name%:*}"; done </proc/keys | sort -u
		echo "facts end"
	END
}

# What is another number for each session.
normalise() {
	tr -d '\r' | sed -n '/facts begin$/,/facts end/p' | sed -E 's/session-c?[0-9]+\.scope/session-N.scope/; s/(XDG_SESSION_ID=).*/\1N/; s/(pipe|socket):\[[0-9]+\]/\1/
		s/(SSH_C[A-Z]+=127\.0\.0\.1) [0-9]+/\1 N/; s/(atjobs\/)[^ ]*/\1N/; /^kernel login/s/session [0-9]{1,6}$/session N/'
}

# doors_of LIMITS: PAM's defaults, by all doors; some of limits.conf, by those behind whose common-session pam_limits stands, and sudo.
doors_of() {
	[ "$1" = default ] && echo "$DOORS" || echo ssh sudo cron
}

# collect NAME: into $WORK/NAME-LIMITS-DOOR.
collect() {
	local limits door

	for limits in default given; do
		rm -f $LIMITS
		[ $limits = default ] || printf 'alice %s\n' '- nofile 4000' 'hard memlock 400000' '- nproc 500' 'soft core 100' '- nice -5' '- priority 5' >$LIMITS
		for door in $(doors_of $limits); do
			"door_$door" /usr/local/bin/facts | normalise >"$WORK/$1-$limits-$door"
		done
	done
	rm -f $LIMITS
}

# of GROUP FILE
of() {
	grep "^$1 " "$WORK/$2" | grep -v NSUNSHARE_ID=
}

check_door() {
	local door=$1 limits=$2 name="${1//_/ }" group own='mnt ipc uts pid' more=1

	[ "$limits" = default ] || name+=", limits.conf"
	[[ ! $door =~ $PIDLESS ]] || own='mnt ipc uts'
	check_is "$name: without the package all its namespaces are the host's (control)" "$(links_of "without-$limits-$door")" ""
	check_is "$name: with it they are its own (control)" "$(links_of "with-$limits-$door")" "$own"
	for group in limits who process files kernel; do
		check_has "$name: $group are known (control)" "$(of $group "with-$limits-$door")" .
		check_is "$name: $group are the same with and without" "$(of $group "with-$limits-$door")" "$(of $group "without-$limits-$door")"
	done
	[ "$door" != at ] || more=0 # whose job sets the environment of its at(1)
	check_is "$name: NSUNSHARE_ID is all that the environment has more" "$(grep -c NSUNSHARE_ID= "$WORK/with-$limits-$door") $(grep -c NSUNSHARE_ID= "$WORK/without-$limits-$door")" "$more 0"
}

links_of() {
	own_kinds "$(sed -n 's/^links //p' "$WORK/$1" | tr ' ' '\n')"
}

# In a user namespace nobody can raise a limit: pam_limits, behind the module, does not try unless limits.conf says so.
test_user_kind() {
	local out
	policy_for_users 'base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "user" ];'

	log_mark
	out=$(as alice 'readlink /proc/self/ns/user; ulimit -Hn; ulimit -Hl')
	check_is "user namespace: a login by ssh has sshd's own limits" "$(tail -n +2 <<<"$out" | paste -sd ' ')" "$sshds"
	check_isnt "user namespace: it has one (control)" "$(head -n 1 <<<"$out")" "$(readlink /proc/self/ns/user)"
	check_hasnt "user namespace: pam_limits has not tried to raise them" "$(log_new)" 'Could not set limit'
	echo "alice hard nofile 600000" >$LIMITS
	log_mark
	check_is "user namespace: what limits.conf has above them, nobody gets" "$(as alice 'ulimit -Hn')" "${sshds% *}"
	check_log "user namespace: the journal says so" "pam_limits\(sshd:session\): Could not set limit for 'nofile'"
	rm $LIMITS
}

build_tool ptytalk
sshds=$(prlimit --pid "$(pgrep -o -x sshd)" --output HARD --noheadings --nofile --memlock --raw | paste -sd ' ' | awk '{ print $1, $2 / 1024 }')
prepare_doors
make_facts
loginctl enable-linger alice # her manager, with its keyring, is there all the time
wait_until 600 systemctl is-active user@1501.service
purge_package
collect without
install_package
policy_for_users
collect with
check_isnt "sshd's own limits are others than process 1's, so that it matters (control)" "$(prlimit --pid "$(pgrep -o -x sshd)" --raw)" "$(prlimit --pid 1 --raw)"
for limits in default given; do
	for door in $(doors_of $limits); do
		check_door "$door" $limits
	done
done
check_isnt "limits.conf changes limits (control)" "$(of limits without-given-ssh)" "$(of limits without-default-ssh)"
test_user_kind
loginctl disable-linger alice
finish_doors
