#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Logins through the distribution's full stacks under systemd, our line last, behind pam_systemd: with the profile "default"
# and with all eight kinds of namespaces; by ssh, su, sudo and cron.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

readonly CRON_OUTPUT=/var/spool/cron-of-test # not under a directory that is private to a session

as() {
	timeout 60 ssh "$1@127.0.0.1" "${@:2}" </dev/null 2>&1
}

# What a session sees, with few programs: each costs a tenth of a second here.
make_look() {
	install -m 0755 /dev/stdin /usr/local/bin/look <<-'END'
		#!/bin/bash
		(cd /proc/self/ns && readlink mnt ipc uts pid net user cgroup time)
		links=(/sys/class/net/*)
		echo "= $(id -un) $(id -u)" "pid1=$(</proc/1/comm)" "host=$(</proc/sys/kernel/hostname)" "tmp=$(stat -f -c %T /tmp)" \
			"links=${links[*]##*/}" "runtime=${XDG_RUNTIME_DIR:--} $(stat -c '%u %a' "${XDG_RUNTIME_DIR:-/none}" 2>/dev/null)" \
			"cgroup=$(</proc/self/cgroup)"
		exit 42
	END
}

# cron has rules of its own that stay: its jobs wait for the full minute while the rest is tested.
policies() {
	policy <<-END
		rules = (
			{ user = "alice"; service = "cron"; profile = "eight"; },
			{ user = "bob"; service = "cron"; profile = "default"; },
			{ user = [ "alice", "bob" ]; profile = "$1"; }
		);
		profiles = { eight = { base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net", "user", "cgroup", "time" ]; }; };
	END
}

# check_look DOOR PROFILE TEXT [KINDS]: what `look` has printed in alice's or bob's session.
check_look() {
	local door="$1, $2" text=$3 own=${4:-mnt ipc uts pid} rest

	[ "$2" != eight ] || own=${4:-$KINDS}
	rest=$(sed -n 's/\r$//; s/^= //p' <<<"$text")
	check_is "$door: the namespaces that are the session's own" "$(own_kinds "$(grep -v '^=' <<<"$text")")" "$own"
	check_has "$door: he is himself, /tmp is private, the host's name is %u-%H" "$rest" '^(alice 1501|bob 1502) .*host=(alice|bob)-shellhost tmp=tmpfs '
	[[ " $own " != *" pid "* ]] || check_has "$door: PID 1 is nsunshare-init" "$rest" ' pid1=nsunshare-init '
	[[ " $own " != *" net "* ]] || check_has "$door: of links there is lo only" "$rest" ' links=lo runtime='
	[[ " $own " != *" cgroup "* ]] || check_has "$door: its cgroup is the top of what the session sees" "$rest" ' cgroup=0::/$'
}

has_session() {
	loginctl list-sessions --no-legend | grep -qw "$1"
}

has_no_session() {
	! has_session "$1"
}

session_of() {
	loginctl list-sessions --no-legend | awk -v user="$1" '$3 == user { print $1; exit }'
}

is_asleep() {
	[ "$(pgrep -u alice -xc sleep)" = 2 ]
}

is_awake() {
	! pgrep -u alice -x sleep >/dev/null
}

test_ssh() {
	local profile=$1 text status

	log_mark
	text=$(as alice look)
	status=$?
	check_look ssh "$profile" "$text"
	check_is "ssh, $profile: the exit status comes through" "$status" 42
	check_has "ssh, $profile: /run/user/UID is there" "$text" ' runtime=/run/user/1501 1501 700 '
	check_log "ssh, $profile: the journal says it was opened" "opened: id=[0-9a-f]{16} user=alice service=sshd profile=$profile"
	check_log "ssh, $profile: and closed" 'closed: id=[0-9a-f]{16} user=alice service=sshd'
}

# A session of logind's with a terminal, seen from the host while it lasts and after.
test_logind() {
	local profile=$1 id login scope seen

	timeout 100 ssh -tt alice@127.0.0.1 'tty; stty size >/dev/null && echo usable; setsid sleep 1001 & sleep 1000' </dev/null >/run/terminal 2>&1 &
	login=$!
	check "logind, $profile: the login runs" wait_until 200 is_asleep
	check_has "logind, $profile: its terminal is one" "$(paste -sd ' ' /run/terminal | tr -d '\r')" '^/dev/pts/[0-9]+ usable'
	id=$(session_of alice)
	seen=$(loginctl show-session "$id" -p Name -p Remote -p Service -p Scope -p State | paste -sd ' ')
	check_has "logind, $profile: loginctl shows the session" "$seen" 'Name=alice .*Remote=yes Service=sshd .*State=active'
	scope=$(grep -o '[^=]*\.scope' <<<"$seen")
	check_is "logind, $profile: all that runs in it is in its scope" \
		"$(for pid in $(pgrep -u alice -x sleep); do cat "/proc/$pid/cgroup"; done | uniq)" "0::/user.slice/user-1501.slice/$scope"
	check_has "logind, $profile: who shows her" "$(who)" '^alice '
	seen=$(findmnt -rno TARGET,FSTYPE,SOURCE)
	check_has "logind, $profile: /run/user/UID is in the host's mounts" "$seen" '^/run/user/1501 '
	check_hasnt "logind, $profile: nothing of the session is" "$seen" '^/tmp |^/var/tmp |nsunshare'
	check "logind, $profile: PID 1 runs" pid1s
	kill "$login"
	wait "$login" 2>/dev/null
	check "logind, $profile: logout ends the session's processes" wait_until 100 is_awake
	check "logind, $profile: loginctl shows no session" wait_until 100 has_no_session alice
	check_gone "logind, $profile: PID 1 is gone"
	check "logind, $profile: the scope is gone" wait_until 50 test ! -e "/sys/fs/cgroup/user.slice/user-1501.slice/$scope"
}

test_su() {
	check_look su "$1" "$(timeout 60 su -c look alice </dev/null 2>&1)"
	check_look 'su -' "$1" "$(timeout 60 su - -c look alice </dev/null 2>&1)"
}

# No new pid namespace for sudo, unless the rule names it.
test_sudo() {
	local profile=$1 own='mnt ipc uts' text

	[ "$profile" != eight ] || own=${KINDS/ pid/}
	check_look sudo "$profile" "$(timeout 60 sudo -u alice look </dev/null 2>&1)" "$own"
	text=$(as bob 'readlink /proc/self/ns/mnt; readlink /proc/self/ns/pid; sudo -n sh -c "readlink /proc/self/ns/mnt; readlink /proc/self/ns/pid; id -u"')
	check_is "sudo inside of a session, $profile: root, and in the session" "$(sed -n '3,$p' <<<"$text")" "$(sed -n '1,2p' <<<"$text")"$'\n0'
}

give_cron_jobs() {
	local user

	install -d -m 1777 "$CRON_OUTPUT"
	for user in alice bob; do
		echo "* * * * * /usr/local/bin/look >$CRON_OUTPUT/new-$user 2>&1; mv $CRON_OUTPUT/new-$user $CRON_OUTPUT/$user" | crontab -u $user -
	done
}

test_cron() {
	check "cron: both jobs have run within a minute" wait_until 750 test -e $CRON_OUTPUT/alice -a -e $CRON_OUTPUT/bob
	crontab -r -u alice
	crontab -r -u bob
	check_look 'cron (alice)' eight "$(cat $CRON_OUTPUT/alice 2>&1)"
	check_look 'cron (bob)' default "$(cat $CRON_OUTPUT/bob 2>&1)"
}

echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/bob
chmod 0440 /etc/sudoers.d/bob
make_look
policies default
give_cron_jobs
for profile in default eight; do
	policies $profile
	test_ssh $profile
	test_logind $profile
	test_su $profile
	test_sudo $profile
done
test_cron
finish
