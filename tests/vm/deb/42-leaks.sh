#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Nothing of a session is in the mount tables of the host, of systemd's services or of another session; what logind mounts for a user
# comes and goes; and the memory of a private /tmp is free after logout.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"

readonly USER_DIRECTORY=' /run/user/150[12] ' # logind's, and the user's services may mount below it

# Services of the host that have a mount namespace of their own.
note_services() {
	local process

	services_seen=''
	for process in $(pgrep -x 'systemd-logind|systemd-udevd|systemd-timesyn'); do
		[ "$(readlink "/proc/$process/ns/mnt")" = "$(namespace mnt)" ] || services_seen+=" $process"
	done
}

# The host's, and theirs.
tables() {
	local process

	for process in self $services_seen; do
		echo "of $process"
		grep -Ev "$USER_DIRECTORY" "/proc/$process/mountinfo"
	done
}

manager_of_alice() {
	pgrep -u alice -x systemd | head -n 1
}

# In kB.
shared_memory() {
	sed -n 's/^Shmem: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

has_freed() {
	(($(shared_memory) < memory_before + 20000))
}

test_rich() {
	local before

	before=$(tables)
	memory_before=$(shared_memory)
	open_shell other bob
	other=$(ask other 'grep -Ev " /run/user/" /proc/self/mountinfo')
	open_shell rich alice
	check_has "the session has mounts of each kind" "$(ask rich 'cut -d " " -f 5 /proc/self/mountinfo | paste -sd " "')" \
		'^(.* )?/tmp( .*)? /var/tmp .*/opt/bound .*/srv/hidden'
	check_is "none of that is on the host, nor in its services ($services_seen)" "$(tables)" "$before"
	check_is "nor in the session of another" "$(ask other 'grep -Ev " /run/user/" /proc/self/mountinfo')" "$other"
	check_hasnt "nor with the user's own services" "$(cat "/proc/$(manager_of_alice)/mountinfo")" ' /(tmp|var/tmp|opt/bound|srv/hidden) '
	check_is "its PID 1 alone has the namespace, with what runs in it" "$(outsiders)" ""
	check "memory is used in its /tmp" ask rich 'head -c 100M /dev/zero >/tmp/full'
	check_fails "which is the host's" has_freed
	close_shell rich
	check "and free after logout" wait_until 100 has_freed
	check_is "then too nothing is there" "$(tables)" "$before"
	close_shell other
}

# Processes of others that are in alice's mount namespace.
outsiders() {
	local link process wanted

	wanted=$(ns_of rich mnt)
	for link in /proc/[0-9]*/ns/mnt; do
		process=${link#/proc/}
		process=${process%%/*}
		[ "$(readlink "$link")" != "$wanted" ] || ps -o user=,comm= -p "$process" | grep -Ev '^alice +(bash|sshd)$|^root +(nsunshare-init|sshd)$'
	done
}

test_many() {
	local before i jobs=()

	before=$(tables)
	for i in 1 2 3 4 5 6 7 8 9 10; do
		su -l alice -c 'touch /tmp/mine /var/tmp/mine' &
		jobs=($!)
		su -l bob -c 'touch /tmp/mine /var/tmp/mine' || fail "login $i of bob"
		wait "${jobs[@]}" || fail "login $i of alice"
	done
	check_is "twenty logins later the tables are as before" "$(tables)" "$before"
	check_gone "and no session is left"
	check_is "nor what they had in /tmp" "$(ls /tmp/mine /var/tmp/mine 2>/dev/null)" ""
}


test_user_directory() {
	local since

	since=$(date '+%F %T')
	open_shell first alice
	check_is "/run/user/1501 is there, and the session's" "$(ask first 'echo $XDG_RUNTIME_DIR; stat -c %U $XDG_RUNTIME_DIR')" $'/run/user/1501\nalice'
	check "a file in it" ask first 'echo one >$XDG_RUNTIME_DIR/one'
	check_is "is on the host" "$(cat /run/user/1501/one)" one
	open_shell second alice
	check_is "and in a second session" "$(ask second 'cat $XDG_RUNTIME_DIR/one')" one
	close_shell first
	check_is "which keeps it when the first one has logged out" "$(ask second 'cat $XDG_RUNTIME_DIR/one; touch $XDG_RUNTIME_DIR/two && echo $?')" $'one\n0'
	close_shell second
	check "after the last logout it is unmounted and removed" wait_until 200 test ! -e /run/user/1501
	check_is "without a complaint" "$(journalctl -q --since "$since" | grep -Ei 'run/user/1501.*(busy|fail)|(busy|fail).*run/user/1501')" ""
	check "and the user's services have ended" wait_until 100 eval '! systemctl is-active user@1501.service'
	check_is "the next login has a new one" "$(by_ssh alice 'ls $XDG_RUNTIME_DIR/one 2>/dev/null; stat -f -c %T $XDG_RUNTIME_DIR')" tmpfs
}

test_shared_user_directory() {
	policy_for_users 'base = "default"; scope = "user";'
	open_shell first alice
	open_shell second alice
	check_is "scope user: two logins are in one set" "$(ns_of first pid)" "$(ns_of second pid)"
	close_shell first
	check "scope user: the second has /run/user/1501 when the first has logged out" ask second 'touch $XDG_RUNTIME_DIR/file'
	close_shell second
	check "scope user: after the last logout it is removed" wait_until 200 test ! -e /run/user/1501
	policy_for_users 'base = "default"; scope = "user"; lifetime = "permanent";'
	open_shell first alice
	close_shell first
	check "scope user: also where the set is permanent" wait_until 200 test ! -e /run/user/1501
	open_shell second alice
	check_is "scope user: and a login after that has a new one in the same set" "$(ask second 'touch $XDG_RUNTIME_DIR/f && stat -f -c %T $XDG_RUNTIME_DIR')" tmpfs
	close_shell second
	nsunshare kill --yes alice >/dev/null
}

install_package
mkdir -p /opt/bound /srv/hidden /srv/source
policy_for_users 'base = "default"; mounts = ( { type = "tmpfs"; path = "/tmp"; }, { type = "instance"; path = "/var/tmp"; },
	{ type = "bind"; source = "/srv/source"; path = "/opt/bound"; }, { type = "mask"; path = "/srv/hidden"; } );'
systemctl restart systemd-logind
note_services
check_has "services have mount namespaces of their own" "$services_seen" '[0-9]'
test_rich
test_many
test_user_directory
test_shared_user_directory
check_gone "all have ended"
end_users alice bob
rm -rf /opt/bound /srv/hidden /srv/source
finish
