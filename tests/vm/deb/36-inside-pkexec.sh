#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# pkexec names its caller to polkit by the number that this has inside. What polkit then takes for the caller: mostly nobody, or a process
# that it refuses for its start time; and, where somebody brings about that both agree, a stranger's session. (C-87)
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../inside.inc"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../limits.inc"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../shared.inc"
build_tool twin

readonly RULES=/etc/polkit-1/rules.d/50-tests.rules

session_of() {
	loginctl list-sessions --no-legend | awk -v user="$1" '$3 == user { print $1; exit }'
}

# Who is in this session may become root by pkexec: as with "allow_active" for who sits at the machine.
allow_session() {
	install -m 0644 /dev/stdin $RULES <<-END
		polkit.addRule(function(action, subject) {
			polkit.spawn(["/usr/bin/logger", "-t", "asked", action.id + " user=" + subject.user + " session=" + subject.session]);
			if (action.id == "org.freedesktop.policykit.exec" && subject.session == "$1")
				return polkit.Result.YES;
		});
	END
	systemctl restart polkit
}

# pkexec_as_twin: by alice, in her session, in the place of a process in bob's.
pkexec_as_twin() {
	timeout 60 twin "$(init_of 5001)" 1501 1501 "/sys/fs/cgroup$(cgroup_of 5002)/cgroup.procs" /usr/bin/pkexec --disable-internal-agent id -u </dev/null 2>&1
}

start_both() {
	policy_for_users "$1"
	check "$2: alice's login" start_login alice 5001
	check "$2: bob's login" start_login bob 5002
}

test_twin() {
	# a mount of the policy's own at its place, which leaves the bit: without it, it is bound without set-user-ID
	start_both 'base = "default"; extra_mounts = ( { type = "readonly"; path = "/usr/bin/pkexec"; } );' twin
	allow_session "$(session_of bob)"
	log_mark
	check_is "twin: pkexec of the one would take the session of the other for its own" "$(pkexec_as_twin)" 0
	check_log "twin: polkit has her name right, and the wrong session" "asked\[[0-9]+\]: org.freedesktop.policykit.exec user=alice session=$(session_of bob)\$"
	end_logins
}

test_closed() {
	start_both '' default
	allow_session "$(session_of bob)"
	check_is "default: it has no set-user-ID there, and does nothing" "$(pkexec_as_twin)" "pkexec must be setuid root"
	end_logins
}

install_package
test_twin
test_closed
rm $RULES
systemctl stop polkit
end_user alice
end_user bob
finish
