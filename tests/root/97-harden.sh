#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a session gives up: no_new_privs, capabilities and deny_calls, through each door, seen in /proc/self/status and by what
# then fails; and that the callers go on. Which set of names denies which calls: unit/test_harden.c.
# Holds G27.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/session.inc"

readonly ALL_CALLS='deny_calls = [ "tiocsti", "user_namespaces", "kexec", "modules", "keyctl" ];'
readonly EVERYTHING="no_new_privs = true; capabilities = { keep = [ ]; }; $ALL_CALLS"
readonly MAILS=/var/spool/test-mails
readonly KILL_BIT=5 SYS_ADMIN_BIT=21

# harden KEYS: the policy, with the namespaces of most sessions.
harden() {
	policy_for_users "namespaces = [ \"mount\", \"ipc\", \"uts\", \"pid\" ]; $1"
}

as() {
	timeout 20 ssh "$1@127.0.0.1" "${@:2}" </dev/null
}

# make_programs: what gains something where nothing is given up.
make_programs() {
	cat >/usr/local/bin/state.in <<-'END'
		while read -r name value; do
			case $name in
			CapInh: | CapEff: | CapBnd: | CapAmb: | NoNewPrivs: | Seccomp:) line="$line${name%:}=$value " ;;
			esac
		done </proc/self/status
		echo "${line% }"
	END
	{ echo '#!/bin/sh'; cat /usr/local/bin/state.in; } >/usr/local/bin/state
	chmod 755 /usr/local/bin/state
	install -m 4755 /usr/bin/id /usr/local/bin/suid-id
	install -m 4755 /bin/dash /usr/local/bin/suid-sh
	install -m 0755 /bin/dash /usr/local/bin/capable-sh
	setcap cap_net_raw,cap_dac_override=ep /usr/local/bin/capable-sh
	install -m 0755 /bin/dash /usr/local/bin/permitted-sh
	setcap cap_net_raw,cap_dac_override=p /usr/local/bin/permitted-sh
	printf 'alice ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/test
	chmod 0440 /etc/sudoers.d/test
}

NOTHING_BND=0000000000000000
bounding_set() {
	sed -n 's/.*CapBnd=\([0-9a-f]*\).*/\1/p' <<<"$1"
}

# The host gives all of it: else the checks below say nothing.
test_controls() {
	local state

	harden ''
	state=$(as alice state)
	full_set=$(bounding_set "$state")
	check_has "control: nothing is given up where nothing is asked" "$state" ' CapAmb=0+ NoNewPrivs=0 Seccomp=0$'
	check_is "control: the bounding set is the host's" "$full_set" "$(bounding_set "$(state)")"
	check_has "control: a setuid copy of id gains root's uid" "$(as alice suid-id)" 'euid=0\(root\)'
	check_has "control: a program's file capabilities are given" "$(as alice 'capable-sh /usr/local/bin/state.in')" 'CapEff=0000000000002002 '
	check_is "control: sudo gives root" "$(as alice 'sudo -n id -u')" 0
	check_is "control: and a setuid shell reads root's files" "$(as alice 'suid-sh -p -c "read line </etc/shadow && echo read"')" read
	check_has "control: su gives bob" "$(as alice "echo $PASSWORD | su bob -c 'id -un'" 2>&1)" '^(Password: )?bob$'
}

test_no_new_privs() {
	harden 'no_new_privs = true;'
	check_has "no_new_privs: in the status" "$(as alice state)" "CapBnd=$full_set CapAmb=0+ NoNewPrivs=1 Seccomp=0$"
	check_is "no_new_privs: a setuid copy of id gains nothing" "$(as alice suid-id)" "$(as alice id)"
	check_has "no_new_privs: nor do file capabilities give any" "$(as alice 'capable-sh /usr/local/bin/state.in')" 'CapEff=0+ '
	check_has "no_new_privs: sudo refuses" "$(as alice 'sudo -n id' 2>&1)" 'no new privileges'
	check_hasnt "no_new_privs: a setuid shell can not read root's files" \
		"$(as alice 'suid-sh -p -c "read line </etc/shadow && echo read"' 2>&1)" '^read$'
	check_hasnt "no_new_privs: su does not give bob" "$(as alice "echo $PASSWORD | su bob -c 'id -un'" 2>&1)" '^bob$'
}

# A setuid program still has root's uid, and with it root's files: that is for no_new_privs.
test_bounding_set() {
	local seen

	harden 'capabilities = { keep = [ ]; };'
	check_is "capabilities, keep nothing: in the status" "$(as alice state)" \
		"CapInh=$NOTHING_BND CapEff=$NOTHING_BND CapBnd=$NOTHING_BND CapAmb=$NOTHING_BND NoNewPrivs=0 Seccomp=0"
	seen=$(as alice 'suid-id; suid-sh -p /usr/local/bin/state.in')
	check_has "capabilities, keep nothing: a setuid program has root's uid (control)" "$seen" 'euid=0'
	check_has "capabilities, keep nothing: but gains no capability" "$seen" 'CapEff=0+ CapBnd=0+ '
	check_fails "capabilities, keep nothing: one with file capabilities that it needs is not executed" as alice 'capable-sh -c true'
	check_has "capabilities, keep nothing: one with others gains none" "$(as alice 'permitted-sh /usr/local/bin/state.in')" 'CapEff=0+ '
	check_fails "capabilities, keep nothing: sudo gives nothing" as alice 'sudo -n true'
	check_hasnt "capabilities, keep nothing: su does not give bob" "$(as alice "echo $PASSWORD | su bob -c 'id -un'" 2>&1)" '^bob$'
	check_is "capabilities, keep nothing: what root's uid is by itself remains: a setuid shell reads root's files" \
		"$(as alice 'suid-sh -p -c "read line </etc/shadow && echo read"' 2>&1)" read
	harden 'capabilities = { drop = [ "cap_kill", "cap_sys_admin" ]; };'
	check_is "capabilities, drop two: these and no other" "$(bounding_set "$(as alice state)")" \
		"$(printf '%016x' $((0x$full_set & ~(1 << KILL_BIT | 1 << SYS_ADMIN_BIT))))"
	harden 'capabilities = { keep = [ "cap_kill" ]; };'
	check_is "capabilities, keep one: it and no other" "$(bounding_set "$(as alice state)")" "$(printf '%016x' $((1 << KILL_BIT)))"
	harden 'capabilities = { drop = [ ]; };'
	check_is "capabilities, drop nothing: as on the host" "$(bounding_set "$(as alice state)")" "$full_set"
	harden 'no_new_privs = true; capabilities = { keep = [ ]; };'
	check_is "both: a setuid copy of id gains nothing" "$(as alice suid-id)" "$(as alice id)"
	check_fails "both: sudo neither" as alice 'sudo -n true'
}

# What a caller hands on that has inheritable and ambient capabilities.
test_inheritable() {
	local caller='timeout 20 capsh --inh=cap_net_raw,cap_kill --addamb=cap_net_raw,cap_kill -- -c'

	harden 'capabilities = { drop = [ "cap_net_raw" ]; };'
	out=$($caller 'pamprobe pt alice open run=state close' 2>&1 | sed -n '/CapInh/p')
	check_has "capabilities: what is dropped is not handed on as inheritable or ambient; what is not, is" "$out" \
		"CapInh=0000000000000020 .* CapAmb=0000000000000020 "
	out=$(timeout 20 setpriv --bounding-set -setpcap pamprobe pt alice open run=state close 2>&1)
	check_has "capabilities: a caller without CAP_SETPCAP is refused" "$out" '^open: code 4$'
	check_log "capabilities: and the log says why" 'refused: .*CAP_SETPCAP'
	harden 'no_new_privs = true;'
	out=$(timeout 20 setpriv --bounding-set -setpcap pamprobe pt alice open run=state close 2>&1)
	check_has "no_new_privs: needs no CAP_SETPCAP" "$out" '^open: code 0$'
}

# calls_of NAME: the lines of denied.c that it denies.
calls_of() {
	case $1 in
	tiocsti) echo 'TIOC.*' ;;
	user_namespaces) echo '(unshare user|clone user|clone3|setns user|setns 0)' ;;
	kexec) echo 'kexec_load' ;;
	modules) echo '(init|finit|delete)_module' ;;
	keyctl) echo '(keyctl|add_key|request_key)' ;;
	esac
}

test_deny_calls() {
	local name denied plain regex

	harden ''
	plain=$(as alice denied)
	check_is "deny_calls: a control that is denied nothing" "$(grep -cE ': (EPERM|ENOSYS)$' <<<"$plain" | tr -d '\n')" \
		"$(grep -cE '^(setns net: EPERM|kexec_load: (ENOSYS|EPERM)|.*_module: (ENOSYS|EPERM))$' <<<"$plain")"
	for name in tiocsti user_namespaces kexec modules keyctl; do
		harden "deny_calls = [ \"$name\" ];"
		denied=$(as alice 'denied; grep Seccomp: /proc/self/status')
		regex="^$(calls_of $name): "
		check_has "deny_calls $name: a filter is there" "$denied" '^Seccomp:.2$'
		check_is "deny_calls $name: all of its calls are denied" \
			"$(grep -E "$regex" <<<"$denied" | grep -vE ': EPERM$|^clone3: ENOSYS$')" ""
		check_is "deny_calls $name: and no others" "$(grep -vE "$regex|^Seccomp" <<<"$denied")" "$(grep -vE "$regex" <<<"$plain")"
	done
	harden "$ALL_CALLS"
	denied=$(as alice denied)
	check_is "deny_calls, all: they are" "$(grep -vE ': EPERM$|^clone3: ENOSYS$' <<<"$denied")" ""
	check_is "deny_calls, all: root in the session is denied them too" "$(as alice 'sudo -n denied' | grep -v '^setns net')" \
		"$(grep -v '^setns net' <<<"$denied")"
	check_has "deny_calls, all: sudo and su go on" "$(as alice "sudo -n id -u; echo $PASSWORD | su bob -c 'id -un'" 2>&1)" 'bob$'
	harden 'deny_calls = [ ];'
	check_has "deny_calls, none: no filter" "$(as alice state)" 'Seccomp=0$'
}

# become_and_type: root becomes alice on root's own terminal; she types on it for root's shell and ends.
become_and_type() {
	ptytalk '# ' 'su alice^M' '$ ' 'exec denied "echo ty""ped"^M' '# ' 'exit^M' -- env PS1='# ' sh -i | tr -d '\r'
}

# C-83
test_terminal() {
	if [ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1)" = 0 ]; then
		skip "C-83 TIOCSTI on root's terminal" "the kernel has it switched off"
		return
	fi
	harden ''
	check_has "C-83 su from root's terminal: what she types there is run by root (control)" "$(become_and_type)" '^(# )?typed$'
	harden 'deny_calls = [ "tiocsti" ];'
	check_hasnt "C-83 su from root's terminal: deny_calls tiocsti takes that away" "$(become_and_type)" '^(# )?typed$'
}

# Each caller, with everything given up.
test_doors() {
	local wanted

	harden "$EVERYTHING"
	wanted="CapInh=$NOTHING_BND CapEff=$NOTHING_BND CapBnd=$NOTHING_BND CapAmb=$NOTHING_BND NoNewPrivs=1 Seccomp=2"
	log_mark
	check_is "sshd: a command" "$(as alice state)" "$wanted"
	check_is "sshd: its exit status" "$(as alice 'exit 42'; echo $?)" 42
	check_has "sshd: on a terminal" "$(ptytalk '$ ' 'state; tty^M' '$ ' 'exit^M' -- ssh -tt alice@127.0.0.1 | tr -d '\r')" "^$wanted$"
	echo data >/root/data
	echo 'put /root/data data' >/root/batch
	check "sshd: sftp" sftp -b /root/batch alice@127.0.0.1
	check_is "sshd: and the file is there" "$(stat -c %U:%s /home/alice/data)" alice:5
	check "sshd: scp" scp /root/data alice@127.0.0.1:data2
	check_is "su" "$(su alice -c state)" "$wanted"
	check_is "su -" "$(su - alice -c state)" "$wanted"
	check_is "su from a user" "$(echo $PASSWORD | setsid setpriv --reuid=1502 --regid=1502 --init-groups su alice -c state 2>/dev/null)" "$wanted"
	check_is "sudo" "$(sudo -u alice state)" "$wanted"
	check_has "login" "$(ptytalk 'login: ' 'alice^M' 'Password: ' "$PASSWORD^M" '$ ' 'state^M' '$ ' 'exit^M' -- login | tr -d '\r')" "^$wanted$"
	check_is "pamprobe" "$(timeout 20 pamprobe pt alice open run=state close 2>&1 | grep Cap)" "$wanted"
	check_gone "all doors: the sessions are gone"
	check_unclosed "all doors: all that were opened were closed" 0
	check_hasnt "all doors: none was refused" "$(log_new)" 'refused'
}

test_cron() {
	install -d -m 1777 $MAILS
	install -m 0755 /dev/stdin /usr/sbin/sendmail <<-END
		#!/bin/sh
		mail=\$(mktemp $MAILS/new.XXXXXX)
		cat >"\$mail"
		mv "\$mail" "\$(echo "\$mail" | sed s/new/mail/)"
	END
	crontab -u alice - <<<'@reboot PATH=$PATH:/usr/local/bin; echo job $(state) $(suid-id -u)'
	rm -f /run/crond.reboot
	cron -f &
	services+=($!)
	wait_until 100 sh -c "cat $MAILS/mail.* | grep -q ^job"
	check_has "cron: the job runs hardened, and is mailed" "$(cat $MAILS/mail.* 2>/dev/null)" '^job .*CapBnd=0+ .* NoNewPrivs=1 Seccomp=2 1501$'
}

# One process opens, closes, and opens again. Nothing that it gave up comes back.
test_again() {
	local twice=(open close open run='state; ls -di /proc/self/ns/mnt' close state=after)

	harden 'no_new_privs = true;'
	out=$(timeout 20 pamprobe pt alice "${twice[@]}" 2>&1)
	check_is "open, close, open: with no_new_privs" "$(grep -c '^\(open\|close\): code 0$' <<<"$out")" 4
	harden "$ALL_CALLS"
	out=$(timeout 20 pamprobe pt alice "${twice[@]}" 2>&1)
	check_is "open, close, open: with deny_calls" "$(grep -c '^\(open\|close\): code 0$' <<<"$out")" 4
	harden 'capabilities = { keep = [ ]; };'
	log_mark
	out=$(timeout 20 pamprobe pt alice open close run='readlink /proc/self/ns/mnt' open 2>&1)
	check_has "open, close: with capabilities the way back is open" "$out" "^$(namespace mnt | sed 's/[][]/\\&/g')$"
	check_is "open, close, open: with capabilities the second is refused" "$(sed -n 's/^open: code //p' <<<"$out" | paste -sd ' ')" "0 4"
	check_log "open, close, open: and the log says why" "refused: .*bounding set has no CAP_SYS_ADMIN.*key 'capabilities'"
}

build_tool pamprobe -lpam
build_tool ptytalk
build_tool denied
make_programs
start_sshd
test_controls
test_no_new_privs
test_bounding_set
test_inheritable
test_deny_calls
test_terminal
test_doors
test_cron
test_again
finish
