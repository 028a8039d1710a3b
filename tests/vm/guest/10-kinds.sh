#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Logins through the distribution's full stacks under systemd, our line last, behind pam_systemd: with the profile "default"
# and with all eight kinds of namespaces; by ssh, su, sudo and cron.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

readonly CRON_OUTPUT=/var/spool/cron-of-test # not under a directory that is private to a session
readonly LOOK='for kind in mnt ipc uts pid net user cgroup time; do echo $kind $(readlink /proc/self/ns/$kind); done
	echo pid1 $(cat /proc/1/comm); echo host $(hostname); echo tmp $(stat -f -c %T /tmp); echo id $(id -u) $(id -un); echo net $(ls /sys/class/net | tr "\n" " ")
	echo runtime $XDG_RUNTIME_DIR $(stat -c "%u %a" $XDG_RUNTIME_DIR 2>&1); echo cgroup $(cat /proc/self/cgroup); echo end'

as() {
	timeout 60 ssh "$1@127.0.0.1" "${@:2}" </dev/null 2>&1
}

# cron has a rule of its own that stays: its jobs wait for the full minute while the rest is tested.
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

own_kinds() {
	case $1 in
	eight) echo "$KINDS" ;;
	default) echo mnt ipc uts pid ;;
	esac
}

# check_look DOOR PROFILE TEXT [OTHER KINDS]: what LOOK has printed in the session.
check_look() {
	local door="$1, $2" text=$3 own kind
	own=${4:-$(own_kinds "$2")}

	check_has "$door: the login comes to its end" "$text" '^end.?$'
	for kind in $KINDS; do
		if [[ " $own " == *" $kind "* ]]; then
			check_isnt "$door: the $kind namespace is the session's own" \
				"$(sed -n "s/^$kind \([a-z]*:.*\)/\1/p" <<<"$text")" "$(namespace "$kind")"
		else
			check_is "$door: the $kind namespace is the host's" \
				"$(sed -n "s/^$kind \([a-z]*:.*\)/\1/p" <<<"$text")" "$(namespace "$kind")"
		fi
	done
	check_has "$door: /tmp is private" "$text" '^tmp tmpfs'
	[[ " $own " != *" pid "* ]] || check_has "$door: PID 1 is nsunshare-init" "$text" '^pid1 nsunshare-init'
	[[ " $own " != *" net "* ]] || check_has "$door: of links there is lo only" "$text" '^net lo ?$'
	[[ " $own " != *" cgroup "* ]] || check_has "$door: the session's cgroup is the top of what it sees" "$text" '^cgroup 0::/$'
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
	pgrep -u alice -x sleep >/dev/null
}

is_awake() {
	! is_asleep
}

test_ssh() {
	local profile=$1 text

	policies "$profile"
	log_mark
	text=$(as alice "$LOOK")
	check_look ssh "$profile" "$text"
	check_has "ssh, $profile: she is herself" "$text" '^id 1501 alice$'
	check_has "ssh, $profile: /run/user/UID is there" "$text" '^runtime /run/user/1501 1501 700$'
	check_has "ssh, $profile: the host's name is %u-%H" "$text" '^host alice-shellhost$'
	check_log "ssh, $profile: the journal says it was opened" "opened: id=[0-9a-f]{16} user=alice service=sshd profile=$profile"
	check_log "ssh, $profile: and closed" 'closed: id=[0-9a-f]{16} user=alice service=sshd'
	check_has "ssh with a terminal, $profile: it is one" "$(timeout 60 ssh -tt alice@127.0.0.1 'tty && stty size && echo done' </dev/null 2>&1)" '^done.?$'
	check_is "ssh, $profile: the exit status comes through" "$(as alice 'exit 42'; echo $?)" 42
}

# A session of logind's, seen from the host while it lasts and after.
test_logind() {
	local profile=$1 id login scope

	policies "$profile"
	timeout 100 ssh -tt alice@127.0.0.1 'setsid sleep 1001 & sleep 1000' </dev/null >/dev/null 2>&1 &
	login=$!
	check "logind, $profile: the login runs" wait_until 200 is_asleep
	id=$(session_of alice)
	check_has "logind, $profile: loginctl shows the session" "$(loginctl show-session "$id" -p Name -p Service -p Remote -p State | paste -sd ' ')" \
		'Name=alice .*Remote=yes Service=sshd .*State=active'
	scope=$(loginctl show-session "$id" -p Scope --value)
	check_has "logind, $profile: what runs in it is in its scope" "$(cat "/proc/$(pgrep -u alice -x sleep | head -n 1)/cgroup")" "/$scope\$"
	check_has "logind, $profile: who shows her" "$(who)" '^alice '
	check "logind, $profile: /run/user/UID is on the host" findmnt /run/user/1501
	check_hasnt "logind, $profile: nothing of the session in the host's mounts" "$(findmnt -rno TARGET,FSTYPE,SOURCE)" '^/tmp |^/var/tmp |nsunshare'
	check "logind, $profile: PID 1 runs" pid1s
	check_has "logind, $profile: PID 1 of the session is in no user's slice, or in the session's" \
		"$(cat "/proc/$(pid1s | head -n 1)/cgroup")" "$scope|system.slice"
	kill "$login"
	wait "$login" 2>/dev/null
	check "logind, $profile: logout ends the session's processes" wait_until 100 is_awake
	check "logind, $profile: loginctl shows no session" wait_until 100 has_no_session alice
	check_gone "logind, $profile: PID 1 is gone"
	check "logind, $profile: the scope is gone" wait_until 50 test ! -e "/sys/fs/cgroup/user.slice/user-1501.slice/$scope"
}

test_su() {
	local profile=$1

	policies "$profile"
	check_look su "$profile" "$(timeout 60 su -c "$LOOK" alice </dev/null 2>&1)"
	check_look 'su -' "$profile" "$(timeout 60 su - -c "$LOOK" alice </dev/null 2>&1)"
}

test_sudo() {
	local profile=$1 own kind

	policies "$profile"
	own=" $(own_kinds "$profile") "
	own=${own/ pid / } # no new pid namespace for sudo, unless the rule names it
	check_look sudo "$profile" "$(timeout 60 sudo -u alice bash -c "$LOOK" </dev/null 2>&1)" "$own"
	check_has "sudo inside of a session, $profile: root" "$(as bob 'sudo -n id -u')" '^0$'
	check_is "sudo inside of a session, $profile: stays in the session" "$(as bob 'readlink /proc/self/ns/pid; sudo -n readlink /proc/self/ns/pid' | uniq | wc -l)" 1
}

give_cron_jobs() {
	local user

	install -d -m 1777 "$CRON_OUTPUT"
	install -m 0755 /dev/stdin /usr/local/bin/look <<<"$LOOK"
	for user in alice bob; do
		echo "* * * * * sh /usr/local/bin/look >$CRON_OUTPUT/new-$user 2>&1; mv $CRON_OUTPUT/new-$user $CRON_OUTPUT/$user" | crontab -u $user -
	done
}

test_cron() {
	check "cron: both jobs have run within a minute" wait_until 750 test -e $CRON_OUTPUT/alice -a -e $CRON_OUTPUT/bob
	crontab -r -u alice
	crontab -r -u bob
	check_look cron eight "$(cat $CRON_OUTPUT/alice 2>&1)"
	check_look cron default "$(cat $CRON_OUTPUT/bob 2>&1)"
	check_has "cron: she is herself" "$(cat $CRON_OUTPUT/alice)" '^id 1501 alice$'
}

echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/bob
chmod 0440 /etc/sudoers.d/bob
policies default
give_cron_jobs
for profile in default eight; do
	test_ssh $profile
	test_logind $profile
	test_su $profile
	test_sudo $profile
done
test_cron
finish
