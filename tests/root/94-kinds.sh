#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each kind of namespace alone, and all eight, through each door: what a login then has inside, and that nothing of it is left.
# One user for each: k-mount ... k-user, k-all. The table is printed at the end.
# Holds G25.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly KINDS=(mount ipc uts pid cgroup net time user all)
readonly DOORS=(exec pty sftp su su-pty login cron pamtester pamprobe)
readonly EVERY='"mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user"'
readonly FILES=(mnt ipc uts pid cgroup net time time_for_children user) # in /proc/PID/ns
readonly MAILS=/var/spool/test-mails
readonly BOOTTIME=8640000 # seconds that the session's clock is ahead
declare -A cells

# ---- the host

make_kinds() {
	local kind uid=2000 rules='' profiles='' keys

	groupadd -g 1700 extra
	for kind in "${KINDS[@]}"; do
		uid=$((uid + 1))
		useradd -m -s /bin/bash -u $uid -G staffers,extra "k-$kind"
		echo "k-$kind:$PASSWORD"
		install -d -m 0700 -o $uid -g $uid "/home/k-$kind/.ssh"
		install -m 0600 -o $uid -g $uid /root/.ssh/id_ed25519.pub "/home/k-$kind/.ssh/authorized_keys"
		echo "PS1='\$ '" >>"/home/k-$kind/.bashrc"
		keys="\"$kind\""
		[ "$kind" != all ] || keys=$EVERY
		keys="namespaces = [ $keys ];"
		has_kind time && keys+=" time = { boottime = $BOOTTIME; };"
		rules+="{ user = \"k-$kind\"; profile = \"p-$kind\"; }, "
		profiles+="p-$kind = { $keys }; "
	done > >(chpasswd)
	wait $!
	policy <<<"rules = ( $rules{ user = \"alice\"; profile = \"none\"; } ); profiles = { $profiles };"
}

# The session's own words: one fact a line. The user's program, so that it needs no privilege.
make_look() {
	install -m 0755 /dev/stdin /usr/local/bin/look-around <<-'END'
		#!/bin/bash
		for file in mnt ipc uts pid cgroup net time time_for_children user; do
			echo "look ns $file $(readlink /proc/self/ns/$file)"
		done
		echo "look id $(id -u) $(id -g) $(id -G | tr ' ' '\n' | sort -n | paste -sd ' ')"
		for map in uid gid; do
			echo "look $map $(tr -s ' ' </proc/self/${map}_map | sed 's/^ //' | paste -sd ,)"
		done
		echo "look addr $(ip -br addr | tr -s ' ' | sed 's/ $//' | paste -sd ,)"
		echo "look boot $(uptime -s)"
		echo "look cgroup $(paste -sd ' ' </proc/self/cgroup)"
		terminal=$(tty) && echo "look tty $(stat -c '%U:%G %a' $terminal) $(who /run/utmp | grep -c "^$(id -un) .*${terminal#/dev/} ")"
		touch ~/made
	END
	# sftp runs nothing inside: its server is looked at from the host
	install -m 0755 /dev/stdin /usr/local/bin/look-at-sftp <<-'END'
		#!/bin/bash
		pid=$(pgrep -x sftp-server)
		for file in mnt ipc uts pid cgroup net time time_for_children user; do
			echo "look ns $file $(readlink "/proc/$pid/ns/$file")"
		done
		echo "look id $(awk '/^[UG]id:/ { printf "%s ", $2 } /^Groups:/ { $1 = ""; sub("^ ", ""); print }' "/proc/$pid/status")"
	END
	install -m 0755 /dev/stdin /usr/sbin/sendmail <<-END
		#!/bin/sh
		mail=\$(mktemp $MAILS/new.XXXXXX)
		{ cat; echo "sent-in \$(readlink /proc/self/ns/pid) by \$(id -un)"; } >"\$mail"
		mv "\$mail" "\$(echo "\$mail" | sed s/new/mail/)"
	END
	install -d -m 1777 "$MAILS"
}

note_base() {
	base_mounts=$(</proc/self/mountinfo)
	# shellcheck disable=SC2086 # a list of words
	base_processes=$(printf '%s\n' $host_processes "${services[@]/#//proc/}" | sort)
	host_look=$(look-around)
	rm -f /root/made
}

has_only_base_processes() {
	note_processes
	[ "$(printf '%s\n' "${processes[@]}" | sort)" = "$base_processes" ]
}

# ---- the doors: each sets $out and $status

door_exec() {
	out=$(ssh "$user@127.0.0.1" 'look-around; exit 42' </dev/null 2>&1)
	status=$?
}

door_pty() {
	out=$(ptytalk -- ssh -tt "$user@127.0.0.1" 'look-around; exit 42' 2>&1)
	status=$?
}

door_sftp() {
	out=$(sftp -q -b <(printf '%s\n' '!look-at-sftp' 'get /proc/self/uid_map /root/got-uid' 'get /proc/self/gid_map /root/got-gid' \
		'put /etc/hostname made') "$user@127.0.0.1" 2>&1 </dev/null)
	status=$?
	[ "$status" != 0 ] || status=42
	out+=$'\n'$(for map in uid gid; do echo "look $map $(tr -s ' ' <"/root/got-$map" | sed 's/^ //' | paste -sd ,)"; done)
	rm -f /root/got-uid /root/got-gid
}

door_su() {
	out=$(su "$user" -c 'cd; look-around; exit 42' 2>&1 </dev/null)
	status=$?
}

door_su-pty() {
	out=$(ptytalk -- su --pty - "$user" -c 'look-around; exit 42' 2>&1)
	status=$?
}

door_login() {
	out=$(ptytalk 'login: ' "$user^M" 'Password: ' "$PASSWORD^M" '$ ' 'look-around; exit 42^M' -- login 2>&1)
	status=$?
	[ "$status" != 0 ] || status=42 # it hands on nothing
}

# All of them at once: what cron mailed is looked at.
start_cron() {
	local kind

	for kind in "${KINDS[@]}"; do
		echo "@reboot echo kind-$kind; /usr/local/bin/look-around; sleep 1000 >/dev/null 2>&1 & exit 42" | crontab -u "k-$kind" -
	done
	rm -f /run/crond.reboot
	cron -f &
	cron_pid=$!
	wait_until 150 has_mails ${#KINDS[@]}
	pkill -x sleep # without a pid namespace nobody ends it
	wait_until 20 has_children_only
	crons=$(pgrep -xc cron)
	for kind in "${KINDS[@]}"; do
		mv "/home/k-$kind/made" "/home/k-$kind/made-by-cron"
	done
	kill $cron_pid
	wait $cron_pid 2>/dev/null
}

has_mails() {
	[ "$(cat "$MAILS"/mail.* 2>/dev/null | grep -c ^sent-in)" = "$1" ]
}

has_children_only() {
	[ "$(pgrep -xc cron)" = 1 ]
}

door_cron() {
	out=$(cat "$MAILS"/mail.* 2>/dev/null | sed -n "/^kind-$kind\$/,/^sent-in/p")
	status=42
	[ "$(sed -n 's/^sent-in //p' <<<"$out")" = "$(said 'ns pid') by $user" ] || status="of the job: not mailed from inside"
	[ "$crons" = 1 ] || status+=", $crons processes of cron are left"
}

door_pamtester() {
	local steps=(open_session close_session)

	has_kind user || steps+=("${steps[@]}") # out of which nobody comes back
	out=$(timeout 20 pamtester pt "$user" "${steps[@]}" 2>&1)
	status=$?
	[ "$status" != 0 ] || status=42
}

# Root in the session: what it makes is root's.
door_pamprobe() {
	out=$(cd /root && timeout 20 pamprobe pt "$user" open run='HOME=/root look-around; exit 42' close 2>&1)
	status=$(sed -n 's/^run: status //p' <<<"$out")
	grep -q '^close: code 0$' <<<"$out" || status+=', the close failed'
}

# ---- what has to be there

said() {
	sed -n "s/^look $1 //p" <<<"$out"
}

wrong() {
	problems+="${problems:+; }$1"
}

expect() {
	[ "$2" = "$3" ] || wrong "$1 is '$2' and not '$3'"
}

# The files of /proc/self/ns that are to differ.
wanted_files() {
	case $kind in
	mount) echo mnt ;;
	time) echo time time_for_children ;;
	ipc | uts) echo "$kind" ;;
	all) echo "${FILES[@]}" ;;
	*) echo "$kind" mnt ;;
	esac
}

judge_namespaces() {
	local file own wanted
	wanted=" $(wanted_files) "

	for file in "${FILES[@]}"; do
		own=$(said "ns $file")
		if [[ $wanted == *" $file "* ]]; then
			[[ $own == *:\[*\] && $own != "$(namespace "$file")" ]] || wrong "$file is not the session's own: '$own'"
		else
			expect "$file" "$own" "$(namespace "$file")"
		fi
	done
	[[ $wanted != *" time "* ]] || expect "the clock of children" "$(said "ns time_for_children")" "$(said "ns time")"
}

has_kind() {
	[ "$kind" = "$1" ] || [ "$kind" = all ]
}

# ids "UID GID" and maps
judge_ids() {
	local uid gid
	uid=$(id -u "$user")
	gid=$(id -g "$user")

	if [ "$door" = pamprobe ]; then
		expect "id" "$(said id)" "$(sed -n 's/^look id //p' <<<"$host_look")"
	else
		expect "id" "$(said id)" "$uid $gid $(id -G "$user" | tr ' ' '\n' | sort -n | paste -sd ' ')"
	fi
	if has_kind user; then
		expect "uid_map" "$(said uid)" "0 0 2,$uid $uid 1"
		expect "gid_map" "$(said gid)" "0 0 1,5 5 1,1600 1600 1,1700 1700 1,$gid $gid 1"
	else
		expect "uid_map" "$(said uid)" "0 0 4294967295"
		expect "gid_map" "$(said gid)" "0 0 4294967295"
	fi
}

judge_views() {
	local ahead
	ahead=$(($(date -d "$(sed -n 's/^look boot //p' <<<"$host_look")" +%s) - $(date -d "$(said boot)" +%s)))

	if has_kind net; then
		expect "ip addr" "$(said addr)" 'lo UNKNOWN 127.0.0.1/8 ::1/128'
	else
		expect "ip addr" "$(said addr)" "$(sed -n 's/^look addr //p' <<<"$host_look")"
	fi
	if has_kind time; then
		((ahead >= BOOTTIME - 2 && ahead <= BOOTTIME + 2)) || wrong "uptime is $ahead s ahead"
	else
		((ahead >= -2 && ahead <= 2)) || wrong "uptime is $ahead s ahead of the host's"
	fi
	if has_kind cgroup; then
		expect "cgroup" "$(said cgroup | tr ' ' '\n' | sed 's/.*://' | sort -u)" /
	else
		expect "cgroup" "$(said cgroup)" "$(sed -n 's/^look cgroup //p' <<<"$host_look")"
	fi
}

# Its owner, its group, its mode, and how many entries utmp has for it.
judge_terminal() {
	case $door in
	pty) expect "terminal" "$(said tty)" "$user:tty 620 1" ;;
	login) expect "terminal" "$(said tty)" "$user:tty 600 1" ;;
	esac
}

judge_traces() {
	local owner=$user made=/home/$user/made

	case $door in
	pamtester) return ;;
	pamprobe) owner=root made=/root/made ;;
	cron) made+=-by-cron ;;
	esac
	expect "the owner of a file that it made" "$(stat -c %U:%G "$made" 2>&1)" "$owner:$owner"
	rm -f "$made"
}

judge_host() {
	wait_until $((GONE_SECONDS * 10)) has_only_base_processes || wrong "left: $(ps -eo pid,args --sort pid | tail -n +3 | paste -sd ,)"
	[ "$(</proc/self/mountinfo)" = "$base_mounts" ] || wrong "the host's mounts have changed"
	[ "$(host_namespaces)" = "$host_namespaces" ] || wrong "the host's namespaces have changed"
	[ "$(readlink "/proc/$sshd_pid/ns/"*)" = "$(host_namespaces)" ] || wrong "sshd is in other namespaces"
}

try() {
	local problems=''
	user=k-$kind

	"door_$door"
	out=$(tr -d '\r' <<<"$out")
	expect "the status" "$status" 42
	if [ "$door" != pamtester ]; then
		judge_namespaces
		judge_ids
		[ "$door" = sftp ] || judge_views
		judge_terminal
	fi
	judge_traces
	judge_host
	if [ -z "$problems" ]; then
		pass "$door: $kind"
		cells[$kind,$door]=ok
	else
		fail "$door: $kind" "${problems//; /$'\n'}"$'\n'"$out"
		cells[$kind,$door]=$problems
	fi
}

# utmp and wtmp of the two doors that write them.
check_accounting() {
	local kind

	for kind in "${KINDS[@]}"; do
		check_is "wtmp: k-$kind has logged in twice" "$(utmpdump /var/log/wtmp 2>/dev/null | grep -c "^\[7\].*\[k-$kind *\]")" 2
	done
	check_hasnt "utmp: sshd has taken its entries back" "$(who /run/utmp)" '127\.0\.0\.1'
}

print_table() {
	local kind door cell

	printf '# %-8s' kind
	printf '%-10s' "${DOORS[@]}"
	echo
	for kind in "${KINDS[@]}"; do
		printf '# %-8s' "$kind"
		for door in "${DOORS[@]}"; do
			cell=${cells[$kind,$door]}
			[ "$cell" = ok ] || cell=FAILED
			printf '%-10s' "$cell"
		done
		echo
	done
}

# Each login of each user: opened, with its kinds, and closed.
check_log_lines() {
	local kind opened closed

	check_unclosed "the log: all that were opened were closed" 0
	for kind in "${KINDS[@]}"; do
		opened=$(log_count " opened: .* user=k-$kind .* namespaces=")
		closed=$(log_count " closed: .* user=k-$kind service")
		check_is "the log: as many sessions of k-$kind are closed as opened" "$closed" "$opened"
		check_is "the log: and it had all" "$opened" "$(has_kind user && echo 9 || echo 10)"
		check_hasnt "the log: none of k-$kind was refused, none stays" "$(log_new | grep "k-$kind" | grep -v ' opened: ')" 'refused|stays|NOT ISOLATED'
	done
}

build_tool ptytalk
build_tool pamprobe -lpam -lpthread
install -m 0664 -g utmp /dev/null /var/log/wtmp
ip addr add 192.0.2.1/32 dev lo # which no net namespace of a session has
make_look
make_kinds
start_sshd
sshd_pid=${services[-1]}
note_base
log_mark
start_cron
for kind in "${KINDS[@]}"; do
	for door in "${DOORS[@]}"; do
		try
	done
done
check_log_lines
check_accounting
print_table
finish
