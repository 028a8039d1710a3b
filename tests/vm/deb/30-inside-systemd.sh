#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What systemd, logind, polkit and the journal do for somebody in a session with a pid namespace: what works, what fails, and that
# nothing is done to, or in the name of, a stranger who has outside the number that somebody has inside. (C-87)
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../inside.inc"

readonly RULES=/etc/polkit-1/rules.d/50-tests.rules

# What polkitd thinks of who asks is in the journal. bob may restart services, alice may not.
make_rules() {
	install -m 0644 /dev/stdin $RULES <<-'END'
		polkit.addRule(function(action, subject) {
			polkit.spawn(["/usr/bin/logger", "-t", "asked", action.id + " user=" + subject.user + " session=" + subject.session]);
			if (action.id == "org.freedesktop.systemd1.manage-units" && subject.user == "bob")
				return polkit.Result.YES;
		});
	END
	systemctl try-restart polkit
}

readonly ALICE='
try id "echo $XDG_SESSION_ID"
try user "systemctl --user status"
try user-machine "systemctl --user --machine=alice@.host show -p Version"
try user-address "env -u XDG_RUNTIME_DIR systemctl --user show -p Version"
try user-run "systemd-run --user true"
try user-run-wait "systemd-run --user --quiet --wait --pipe readlink /proc/self/ns/pid"
try user-run-scope "systemd-run --user --scope true"
try user-bus "busctl --user --no-pager --no-legend list"
try status "systemctl show -p Id cron"
try restart "systemctl --no-ask-password restart cron"
try sessions "loginctl list-sessions --no-legend"
try self "loginctl show-session self -p Id -p Name"
try by-no-pid "busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager GetSessionByPID u 0"
try by-pid "busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager GetSessionByPID u \$\$"
try lock "loginctl lock-session"
try linger "loginctl enable-linger && ls /var/lib/systemd/linger && loginctl disable-linger"
try inhibit-block "systemd-inhibit --what=shutdown --mode=block true"
try inhibit-delay "systemd-inhibit --what=shutdown --mode=delay echo ran"
try pkexec "pkexec --disable-internal-agent id"
try name "hostname"
try host-name "hostnamectl --static"
try set-name "hostnamectl --no-ask-password set-hostname mine"
try set-time "timedatectl --no-ask-password set-time 2020-01-01"
try reboot "systemctl --no-ask-password reboot"
try journal "journalctl --user -qn1 -o cat"
try logger "{ echo inside as \$\$; sleep 3; } | logger -t of-alice" # journald looks at what still runs
try cat "{ echo piped; sleep 3; } | systemd-cat -t cat-of-alice"
'

# A number of the session that outside is another process of alice's.
readonly SAME_NUMBER='
env -u XDG_RUNTIME_DIR systemd-run --user --quiet --unit=outside sleep 3001
number=$(env -u XDG_RUNTIME_DIR systemctl --user show -p MainPID --value outside)
try number "echo $number"
for ((i = 0; i < 5000; i++)); do
	( [ $BASHPID = "$number" ] || exit
	pkexec --disable-internal-agent id >~/pkexec 2>&1; echo "status $?" >>~/pkexec
	exec env -u XDG_RUNTIME_DIR systemd-run --user --scope --unit=misled sleep 1 >~/scope 2>&1 )
	[ ! -e ~/scope ] || break
done
try pkexec-same "cat ~/pkexec"
try scope-same "cat ~/scope"
rm -f ~/pkexec ~/scope
'

field() {
	journalctl -q -b -o verbose -t "$1" | sed -n "s/^ *$2=//p" | tail -n 1
}

test_user_manager() {
	check_fact "systemctl --user: fails" user '1: Failed to connect to bus: No data available'
	check_fact "systemctl --user --machine=USER@.host: works" user-machine '0: Version='
	check_fact "systemctl --user without XDG_RUNTIME_DIR: works" user-address '0: Version='
	check_fact "systemd-run --user: fails" user-run '1: Failed to connect to bus'
	check_is "systemd-run --user --wait: works, and runs outside of the session" "$(fact user-run-wait)" "$(namespace pid)"
	check_fact "systemd-run --user --scope: fails" user-run-scope '1: Failed to connect to bus'
	check_fact "busctl --user: works" user-bus '0: .*org\.freedesktop\.systemd1'
}

test_system() {
	check_fact "systemctl, the system's: shows" status '0: Id=cron\.service$'
	check_fact "systemctl restart: is refused as outside" restart '1: .*Interactive authentication required'
	check_fact "hostname: the session's" name '0: alice-shellhost$'
	check_fact "hostnamectl: the host's" host-name '0: shellhost$'
	check_fact "hostnamectl set-hostname: refused" set-name '1: .*Interactive authentication required'
	check_fact "timedatectl set-time: refused" set-time '1: .*Interactive authentication required'
	check_fact "systemctl reboot: refused" reboot '1: .*Interactive authentication required'
	check_fact "systemd-inhibit, block: refused" inhibit-block '1: .*Access denied'
	check_fact "systemd-inhibit, delay: works" inhibit-delay '0: ran$'
}

test_logind() {
	local id
	id=$(fact id)

	check_fact "loginctl: lists the session" sessions "0: +$id 1501 alice"
	check_is "loginctl show-session: finds the own one" "$(fact self)" "Id=$id|Name=alice"
	check_has "logind: who names no process has his own session" "$(fact by-no-pid)" "/session/_3${id:0:1}"
	check_hasnt "logind: a number of the session does not lead to it" "$(fact by-pid)" "/session/_3${id:0:1}"
	check_fact "loginctl lock-session: works" lock '0: '
	check_fact "loginctl enable-linger: works, though he is isolated" linger '0: alice$'
}

test_journal() {
	local pid
	pid=$(field of-alice _PID)

	check_fact "journalctl --user: shows his lines" journal '0: .+'
	check_is "journal: _UID is his" "$(field of-alice _UID)" 1501
	check_is "journal: _SYSTEMD_SESSION is the session" "$(field of-alice _SYSTEMD_SESSION)" "$(fact id)"
	check "journal: _PID is the host's number, the text has the session's" test "$pid" -gt "$(field of-alice MESSAGE | tr -dc 0-9)"
	check_is "journal: by systemd-cat too" "$(field cat-of-alice _UID) $(field cat-of-alice MESSAGE)" "1501 piped"
}

test_polkit() {
	check_fact "pkexec: fails" pkexec '127:.*must be setuid root'
	facts bob 'try id "echo $XDG_SESSION_ID"; try restart "systemctl --no-ask-password restart cron"'
	check_fact "polkit: who asks by D-Bus is who he is, and gets what his rule allows" restart '0: '
	check_log "polkit: in his own session" "asked\[[0-9]+\]: org.freedesktop.systemd1.manage-units user=bob session=$(fact id)\$"
}

# Nobody else's process can be had so: the user's systemd moves only those of his uid.
test_same_number() {
	local number

	echo 1000 >/proc/sys/kernel/ns_last_pid # the numbers of the host go on from here: not far above those of a new session
	facts alice "$SAME_NUMBER"
	number=$(fact number)
	check "same number: it is alice's process outside" pgrep -u alice -f 'sleep 3001$'
	check_fact "same number: pkexec does nothing" pkexec-same '0: .*must be setuid root.*\|status 127$'
	check_has "same number: systemd-run --scope takes the wrong one, her own" "$(cat "/proc/$number/cgroup")" '/misled\.scope$'
	pkill -u alice -f 'sleep 3001$'
}

install_package
make_try
make_rules
policy_for_users
log_mark
facts alice "$ALICE"
test_user_manager
test_system
test_logind
test_journal
test_polkit
test_same_number
rm $RULES
end_user alice
end_user bob
finish
