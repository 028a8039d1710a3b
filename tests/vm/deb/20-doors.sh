#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Logins by every door of a host with the Debian package: each isolated as the policy says, known to logind and to the journal, and
# gone after the logout. alice has the profile "default", bob all eight kinds and limits; root and the exempt group are left alone.
# shellcheck disable=SC2016,SC2029,SC2119,SC2317
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../doors.inc"

readonly FIELDS='id=[0-9a-f]{16} user=USER service=SERVICE profile=[a-z]+ rule=/etc/security/nsunshare\.conf:[0-9]+ namespaces=[a-z,]+ init=[0-9]+ took_us=[0-9]+ joined=no$'

make_look() {
	install -m 0755 /dev/stdin /usr/local/bin/look <<-'END'
		#!/bin/bash
		echo; echo "= links $(cd /proc/self/ns && readlink mnt ipc uts pid net user cgroup time | paste -sd ' ')"
		processes=(/proc/[0-9]*)
		echo "= $(id -un) $(id -u) host=$(</proc/sys/kernel/hostname) tmp=$(stat -f -c %T /tmp) pid1=$(</proc/1/comm) processes=$((${#processes[@]} < 12))" \
			"runtime=${XDG_RUNTIME_DIR:--},$(stat -c '%u,%a' "${XDG_RUNTIME_DIR:-/none}" 2>/dev/null) tty=$(tty)"
		[ "${1:-}" = '' ] || exec sleep "$1"
	END
}

rules() {
	policy <<-'END'
		rules = ( { user = "bob"; profile = "eight"; }, { user = "*"; profile = "default"; } );
		profiles = { eight = { base = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "net", "user", "cgroup", "time" ];
			limits = { memory = "64M"; tasks = 60; }; }; };
	END
}

# check_look DOOR USER TEXT [KINDS [RUNTIME]]: what `look` has printed there.
check_look() {
	local text own=${4-mnt ipc uts pid}
	text=$(tr -d '\r' <<<"$3" | sed -n 's/^= //p')

	check_is "$1: the namespaces that are the session's own" "$(own_kinds "$(sed -n 's/^links //p' <<<"$text" | tr ' ' '\n')")" "$own"
	text=$(grep -v ^links <<<"$text")
	check_has "$1: the right user, host name and /tmp" "$text" "^$2 host=${2%% *}-shellhost tmp=tmpfs "
	[[ " $own " != *" pid "* ]] || check_has "$1: PID 1 is nsunshare-init, and /proc shows the session's processes only" "$text" ' pid1=nsunshare-init processes=1 '
	[ -z "${5:-}" ] || check_has "$1: /run/user/UID is there" "$text" " runtime=/run/user/${2#* },${2#* },700 "
}

# check_journal SERVICE IDENTIFIER USER: what has the right severity, facility and identifier, and all fields.
check_journal() {
	local seen of=(SYSLOG_IDENTIFIER="$2" PRIORITY=6 SYSLOG_FACILITY=10) fields=${FIELDS/USER/$3}

	[ "$2" = atd ] || of+=(_UID=0) # which is the user "daemon" at times
	seen=$(journal "${of[@]}")
	check_has "$1: the journal has its open, with all fields" "$seen" "^pam_nsunshare\\($1:session\\): opened: ${fields/SERVICE/$1}"
	check_has "$1: and its close" "$seen" "^pam_nsunshare\\($1:session\\): closed: id=[0-9a-f]{16} user=$3 service=$1\$"
}

test_exempt() {
	local user

	groupadd --system nsunshare-exempt
	useradd -m -s /bin/bash -u 1503 -G nsunshare-exempt carol
	cp -r /home/alice/.ssh /home/carol/ && chown -R carol: /home/carol/.ssh
	journal_mark
	for user in root carol; do
		check_has "ssh: $user is left alone" "$(as $user look)" "^= links $(cd /proc/self/ns && readlink mnt ipc uts pid net user cgroup time | paste -sd ' ' | sed 's/[][]/\\&/g')"
	done
	check_hasnt "ssh: the module was not asked" "$(log_new)" pam_nsunshare
	systemctl stop user@1503.service
	userdel -r carol 2>/dev/null
	groupdel nsunshare-exempt
}

# Doors through which one command goes.
test_commands() {
	local door text

	journal_mark
	check_look "ssh, a command" "alice 1501" "$(as alice look)" "mnt ipc uts pid" runtime
	check_look "ssh, all kinds" "bob 1502" "$(as bob look)" "$KINDS" runtime
	for door in su su_login cron at; do
		check_look "${door/_/ }" "alice 1501" "$("door_$door" /usr/local/bin/look)"
	done
	for door in sudo sudo_login; do
		check_look "${door/_/ }" "alice 1501" "$("door_$door" look)" "mnt ipc uts"
	done
	text=$(as alice 'readlink /proc/self/ns/mnt /proc/self/ns/pid; sudo -n sh -c "readlink /proc/self/ns/mnt /proc/self/ns/pid; id -un"; sudo -n -u bob look')
	check_is "sudo from inside: root, and in the session" "$(sed -n '3,5p' <<<"$text")" "$(sed -n '1,2p' <<<"$text")"$'\nroot'
	check_hasnt "sudo from inside to bob, who would need a cgroup of his own there: refused" "$text" '^= '
	check_journal sshd sshd alice
	check_journal su su alice
	check_journal su-l su alice
	check_journal cron CRON alice
	check_journal atd atd alice
	check_journal sudo sudo alice
	check_journal sudo-i sudo alice
	check_gone "commands: no helper is left"
}

test_files() {
	rm -f /tmp/put /root/got*
	echo text >/root/put
	printf '%s\n' 'put /root/put /tmp/put' 'put /root/put in-home' 'get /proc/sys/kernel/hostname /root/got' 'get /tmp/put /root/got-back' >$WORK/batch
	check "sftp: a batch" timeout 60 sftp -q -b $WORK/batch alice@127.0.0.1
	check_is "sftp: its files" "$(cat /root/got /root/got-back /home/alice/in-home 2>&1)" $'alice-shellhost\ntext\ntext'
	check "scp, also the old way" timeout 60 scp -qO /root/put alice@127.0.0.1:/tmp/put
	check_fails "sftp, scp: /tmp of the host has nothing of that" test -e /tmp/put
	rm -f /root/put /root/got* /home/alice/in-home
}

type_on() {
	perl -e 'open T, ">", shift or die; ioctl(T, 0x5412, $_) or die for split //, shift' "$1" "$2"
}

shows() {
	tr -d '\0' <"$1" | grep -q "$2"
}

is_asleep() {
	[ "$(pgrep -u alice -xc sleep)" = "$1" ]
}

# The console: getty, login, and a keyboard.
log_in_on_console() {
	systemctl start getty@tty2.service
	check "console: getty asks" wait_until 300 shows /dev/vcs2 'login:'
	type_on /dev/tty2 $'alice\n'
	check "console: login asks" wait_until 300 shows /dev/vcs2 'Password:'
	type_on /dev/tty2 "$PASSWORD"$'\n'
	check "console: she is in" wait_until 300 shows /dev/vcs2 'alice@alice-shellhost'
	type_on /dev/tty2 $'look 1003 >/home/alice/console\n'
}

# session_on TERMINAL: its number.
session_on() {
	loginctl list-sessions --no-legend | awk -v tty="$1" '$NF == tty { print $1 }'
}

# check_session NAME TERMINAL MARK REST: what logind says of it, and where its processes are.
check_session() {
	local id shell scope

	id=$(session_on "$2")
	shell=$(pgrep -xf "sleep $3")
	scope=/user.slice/user-1501.slice/session-$id.scope
	check_has "$1: loginctl has user, terminal, scope" "$(loginctl show-session "$id" -p Name -p TTY -p Scope -p Remote -p Service -p Leader -p State 2>&1 | sort | paste -sd ' ')" \
		"^Leader=[0-9]+ Name=alice $4 Scope=session-$id.scope Service=[a-z]+ State=(active|online) TTY=$2\$"
	check_is "$1: the leader is in the session's scope" "$(cat "/proc/$(loginctl show-session "$id" -p Leader --value)/cgroup")" "0::$scope"
	check_is "$1: so is what runs in it" "$(cat "/proc/$shell/cgroup")" "0::$scope"
	check_is "$1: and its PID 1" "$(cat "/proc/$(init_of "$shell")/cgroup")" "0::$scope"
	check_has "$1: who shows her" "$(who)" "^alice +$2 "
	check_has "$1: the leader has logged its PID 1 by the number that the host knows" \
		"$(journal _PID="$(loginctl show-session "$id" -p Leader --value)" PRIORITY=6)" \
		"pam_nsunshare.*: opened: .* init=$(init_of "$shell") "
}

# init_of PID: PID 1 of its pid namespace.
init_of() {
	local pid
	for pid in $(pid1s); do
		[ "$(readlink "/proc/$pid/ns/pid")" != "$(readlink "/proc/$1/ns/pid")" ] || echo "$pid"
	done
}

no_sessions() {
	[ -z "$(loginctl list-sessions --no-legend)" ]
}

# Three logins of alice at once: two by ssh with a terminal, one at the console.
test_terminals() {
	local first second kind

	journal_mark
	timeout 150 ssh -tt alice@127.0.0.1 'look 1001' </dev/null >$WORK/first 2>&1 &
	first=$!
	check "terminals: the first" wait_until 600 is_asleep 1
	timeout 150 ssh -tt alice@127.0.0.1 'look 1002' </dev/null >$WORK/second 2>&1 &
	second=$!
	check "terminals: the second" wait_until 600 is_asleep 2
	log_in_on_console
	check "terminals: the console" wait_until 600 is_asleep 3
	check_look "ssh with a terminal" "alice 1501" "$(<$WORK/first)" "mnt ipc uts pid" runtime
	check_look "console" "alice 1501" "$(</home/alice/console)" "mnt ipc uts pid" runtime
	check_has "console: its terminal" "$(</home/alice/console)" 'tty=/dev/tty2$|tty=not a tty$'
	for kind in mnt ipc uts pid; do
		check_is "terminals: three $kind namespaces" "$(for pid in $(pgrep -u alice -x sleep); do readlink "/proc/$pid/ns/$kind"; done | sort -u | wc -l)" 3
	done
	check_session "ssh" pts/0 1001 Remote=yes
	check_session "ssh, the second" pts/1 1002 Remote=yes
	check_session "console" tty2 1003 Remote=no
	check_is "terminals: nsunshare list has them" "$(nsunshare list --json | grep -oE '"service": ?"[a-z]+"' | sort | uniq -c | xargs)" "1 service: login 2 service: sshd"
	kill "$(pgrep -xf 'sleep 1001')" "$(pgrep -xf 'sleep 1003')" $second
	wait $first $second
	type_on /dev/tty2 $'exit\n'
	check "terminals: the sessions are gone from loginctl" wait_until 600 no_sessions
	systemctl stop getty@tty2.service
	check_gone "terminals: no helper is left"
	check_is "terminals: the list is empty" "$(nsunshare list 2>&1)" "there are no sets"
	check_hasnt "terminals: who shows her no more" "$(who)" '^alice '
	check_journal login login alice
	rm -f /home/alice/console
}

test_limits() {
	local login shell

	timeout 100 ssh -tt bob@127.0.0.1 'exec sleep 1004' </dev/null >/dev/null 2>&1 &
	login=$!
	check "limits: a login" wait_until 600 pgrep -xf 'sleep 1004'
	shell=$(sed -n 's/^0:://p' "/proc/$(pgrep -xf 'sleep 1004')/cgroup")
	check_has "limits: on the scope of logind's session" "$shell" '^/user\.slice/user-1502\.slice/session-[0-9]+\.scope/session$'
	check_is "limits: memory and tasks" "$(cat "/sys/fs/cgroup${shell%/session}"/{memory,pids}.max | xargs)" "67108864 60"
	kill $login
	wait $login
	check_gone "limits: no helper is left"
}

# A refusal has the severity of an error.
test_refusal() {
	echo 'rules = ( nonsense' >"$POLICY"
	journal_mark
	check_fails "refused: alice does not come in" timeout 60 ssh alice@127.0.0.1 true
	check "refused: an error in the journal, with file and line" wait_until 200 \
		journal_has '^pam_nsunshare\(sshd:session\): refused: user=alice service=sshd: .*/etc/security/nsunshare\.conf:1: ' SYSLOG_IDENTIFIER=sshd PRIORITY=3 SYSLOG_FACILITY=10
}

printf '%s ALL=(ALL) NOPASSWD: ALL\n' alice >/etc/sudoers.d/doors
chmod 0440 /etc/sudoers.d/doors
prepare_doors
install_package 2>/dev/null
make_look
rules
test_exempt
test_commands
test_files
test_terminals
test_limits
test_refusal
rules
rm -f /etc/sudoers.d/doors
finish_doors
