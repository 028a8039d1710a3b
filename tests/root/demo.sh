#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# demo.sh: the main job, for the eye: one ssh login on a real sshd, without and with the module, side by side.
# In the throw-away root of the tests: nothing of it is left behind.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2029 # the commands are alice's shell's to expand
. "$(dirname "$0")/lib.sh"

readonly WIDTH=62
readonly LOGINS=15

as_alice() {
	ssh alice@127.0.0.1 "$@" 2>&1
}

# What a curious user would type; each line of the table is shown as it is run.
readonly COMMANDS=(
	'ps -eo pid,user,args --cols 58'
	'hostname; getent hosts $(hostname)'
	'ls /tmp; df -h --output=fstype,size,target /tmp'
	'cd /proc/self/ns; readlink mnt ipc uts pid'
	'ipcs -q | grep -c 0x; ls /dev/shm'
)

module_off() {
	sed -i 's/^session.*pam_nsunshare/#&/' /etc/pam.d/sshd
}

module_on() {
	sed -i 's/^#\(session.*pam_nsunshare\)/\1/' /etc/pam.d/sshd
}

look() {
	local command
	for command in "${COMMANDS[@]}"; do
		as_alice "$command" >"/run/demo-$1-${command%% *}"
	done
}

# Two files, line by line, each cut to its column.
beside() {
	pr -m -t -w $((2 * WIDTH + 1)) "$1" "$2" | expand
}

# The middle of LOGINS whole ssh logins, in milliseconds.
login_ms() {
	local i begin
	for ((i = 0; i < LOGINS; i++)); do
		begin=$(milliseconds)
		as_alice true
		echo $(($(milliseconds) - begin))
	done | sort -n | sed -n "$((LOGINS / 2 + 1))p"
}

start_sshd
policy <<-'END'
	rules = (
	  { user = "root";     profile = "none"; },
	  { group = "alice";   profile = "shell"; }
	);
	profiles = {
	  shell = {
	    namespaces = [ "mount", "ipc", "uts", "pid" ];
	    hostname   = "%u-%H";
	    mounts = (
	      { type = "tmpfs"; path = "/tmp";     size = "256M"; inodes = 65536; },
	      { type = "tmpfs"; path = "/var/tmp"; size = "1G"; }
	    );
	  };
	};
END

# Another tenant, careless as people are.
su bob -c 'umask 022; echo draft >/tmp/bob-letter.txt; echo x >/dev/shm/bob-cache; ipcmk -Q' >/dev/null
setpriv --reuid=bob --regid=bob --init-groups bash -c 'exec -a "backup --password=hunter2" sleep 1000' &
services+=($!)

echo "The policy:"
sed 's/^/    /' "$POLICY"
echo
module_off
look off
off_ms=$(login_ms)
module_on
log_mark
look on
on_ms=$(login_ms)

printf '%-*s %s\n' $WIDTH 'WITHOUT pam_nsunshare' 'WITH pam_nsunshare'
printf '%-*s %s\n' $WIDTH '=====================' '=================='
for command in "${COMMANDS[@]}"; do
	printf '\nalice$ %s\n' "$command"
	beside "/run/demo-off-${command%% *}" "/run/demo-on-${command%% *}"
done

echo
printf '%-*s %s\n' $WIDTH "a whole ssh login: $off_ms ms (middle of $LOGINS)" "a whole ssh login: $on_ms ms (middle of $LOGINS)"
took=$(log_new | sed -n 's/.*took_us=\([0-9]*\).*/\1/p' | sort -n | sed -n "$((LOGINS / 2 + 1))p")
echo "opening the session took $took microseconds of it (middle of $(log_new | grep -c took_us)), as the log says:"
echo
log_new | sed -n 's/.*\(pam_nsunshare.*opened: \)/    \1/p' | tail -n 1 | fold -s -w 120
wait_until 10 no_pid1 && echo && echo "After the last logout: no process, no mount and no helper of these sessions is left."
stop_services
