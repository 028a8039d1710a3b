# shellcheck shell=bash
# shellcheck disable=SC2034,SC2317 # the tests use them
# SPDX-License-Identifier: BSD-3-Clause
# lib.sh - what the tests in the guest share; a test sources it first. Everything of tests/root/lib.sh is there (check...,
# policy..., wait_until, log_mark and check_log); "the host" is the guest. Without systemd (plain) the log is busybox's, and
# start_sshd starts an sshd. With it (guest) the log is the journal, and Debian's own sshd and cron are running.

set -u
export DEBIAN_FRONTEND=noninteractive

readonly NSU_SANDBOX=guest
readonly VARIANT=release
readonly KINDS='mnt ipc uts pid net user cgroup time'
GONE_SECONDS=10 # under emulation
# shellcheck source=SCRIPTDIR/../root/lib.sh
. /test/tests/root/lib.sh

with_systemd() {
	[ -d /run/systemd/system ]
}

# own_kinds LINKS: the kinds of namespaces, in the order of $KINDS, in which these links of /proc/PID/ns, a line each, are
# another one than the host's. What is no such link counts as "-".
own_kinds() {
	local link kind own=''
	local -A links=()

	while IFS=$': \r' read -r kind link; do
		links[$kind]=$link
	done <<<"$1"
	for kind in $KINDS; do
		[ -n "${links[$kind]:-}" ] || own+=" -"
		[ -z "${links[$kind]:-}" ] || [ "${links[$kind]}" = "${host_links[$kind]}" ] || own+=" $kind"
	done
	echo "${own# }"
}

note_host_links() {
	local link kind

	declare -gA host_links=()
	while IFS=': ' read -r kind link; do
		host_links[$kind]=$link
	done < <(cd /proc/self/ns && readlink mnt ipc uts pid net user cgroup time)
}

# run.sh has built it where it was started.
build_tool() {
	check "$1 is built" test -x "/usr/local/bin/$1"
}

# Kernel threads come and go. A program per process would be one more.
note_processes() {
	local process

	processes=()
	for process in /proc/[0-9]*; do
		[ ! -e "$process/exe" ] || processes+=("$process")
	done
}

if with_systemd; then
	log_sync() {
		journalctl --sync
	}

	log_mark() {
		log_sync
		log_cursor=$(journalctl --lines=0 --show-cursor --quiet | sed -n 's/^-- cursor: //p')
	}

	log_new() {
		log_sync
		journalctl --quiet --no-pager --output=short --after-cursor="$log_cursor" | sed '/Received client request to sync journal/d'
	}

	# Kind deb: the package is there, with its policy as delivered, whatever tests before have left.
	install_package() {
		dpkg-query -Wf '${Status}' libpam-nsunshare 2>/dev/null | grep -q ' installed$' ||
			dpkg -i /test/new.deb >/dev/null
		grep -qs pam_nsunshare.so /etc/pam.d/common-session || pam-auth-update --force --enable nsunshare
		dpkg --fsys-tarfile /test/new.deb | tar -xO ./etc/security/nsunshare.conf >"$POLICY"
		rm -f /etc/security/nsunshare.d/*.conf
	}

	# Kind deb: as before anybody has heard of it.
	purge_package() {
		dpkg --purge libpam-nsunshare >/run/purge.log 2>&1 || sed 's/^/# purge: /' /run/purge.log
	}

	# Services of systemd's start and end processes as they like: only the users' are looked at.
	has_only_host_processes() {
		no_pid1 && ! pgrep -u alice,bob >/dev/null && ! findmnt -rno TARGET | grep -q ^/run/user/
	}
fi
note_host
note_host_links
with_systemd || start_syslog
log_mark
