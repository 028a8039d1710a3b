#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The package is upgraded while sessions are open, where both versions speak alike: all go on, and shared sets are joined.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"

install_version() {
	dpkg -i "/test/$1.deb" </dev/null
}

start_sftp() {
	local fd

	rm -f /run/shell-sftp && mkfifo /run/shell-sftp
	(
		for fd in "${shell_in[@]}"; do
			exec {fd}>&-
		done
		exec sftp -q alice@127.0.0.1 </run/shell-sftp >/run/shell-sftp.out 2>&1
	) &
	shell_pid[sftp]=$!
	exec {fd}>/run/shell-sftp
	shell_in[sftp]=$fd
	echo 'ls -a' >&"$fd"
	wait_until 300 grep -q bashrc /run/shell-sftp.out
}

install_package
check "an earlier version is installed" install_version old
policy <<'END'
rules = ( { user = "alice"; profile = "default"; }, { user = "bob"; profile = "shared"; } );
profiles = { shared = { base = "default"; scope = "user"; lifetime = "permanent"; }; };
END
echo '# by the administrator' >>"$POLICY"
policy_before=$(<"$POLICY")
open_shell alone alice
open_shell shared bob
alone=$(ns_of alone pid) shared=$(ns_of shared pid)
check "tmux runs in a session" ask alone 'tmux -L old new-session -d "exec sleep 3001" && echo before >/tmp/file'
check "and sftp is open" start_sftp
log_mark
check "the upgrade asks nothing" install_version new
check_is "the policy is as the administrator has left it" "$(<"$POLICY")" "$policy_before"
check_is "with no other beside it" "$(find /etc/security -name 'nsunshare.conf*' | paste -sd ' ')" "$POLICY"
check_is "the line in common-session is there once" "$(grep -c pam_nsunshare.so /etc/pam.d/common-session)" 1
check_is "the open session goes on, with tmux and its /tmp" "$(ask alone 'tmux -L old ls -F "#{session_windows}"; cat /tmp/file')" $'1\nbefore'
check "a command in it too" ask alone 'nohup sleep 3002 >/dev/null 2>&1 &'
echo 'put /etc/hostname /tmp/by-sftp' >&"${shell_in[sftp]}"
echo 'ls /tmp' >&"${shell_in[sftp]}"
check "sftp goes on" wait_until 300 grep -q by-sftp /run/shell-sftp.out
open_shell joined bob
check_is "a new login joins the set that the earlier version has made" "$(ns_of joined pid)" "$shared"
check_isnt "another new login has a set of its own" "$(by_ssh alice 'readlink /proc/self/ns/pid')" "$alone"
check_has "the tool lists old and new" "$(nsunshare list | awk '{ print $1 }' | paste -sd ' ')" '[0-9a-f]{16}.*[0-9a-f]{16}'
close_shell sftp
close_shell alone
check "the old session is closed, with all that ran in it" wait_until 100 eval '! pgrep -xf "sleep 300[12]"'
check_log "and logged" 'closed: id=[0-9a-f]{16} user=alice service=sshd'
close_shell shared
check_is "the shared set goes on when its first login has left" "$(ask joined 'cat /proc/1/comm')" nsunshare-init
close_shell joined
check_is "and is kept as the policy says" "$(nsunshare list | grep -c ' bob .* permanent ')" 1
check_is "a login comes back to it" "$(by_ssh bob 'readlink /proc/self/ns/pid')" "$shared"
check "the new tool ends what the old version has made" nsunshare kill --yes bob
check_gone "all have ended"
check_is "nothing was refused meanwhile" "$(log_count 'refused')" 0
end_users alice bob
finish
