#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Id maps of the user namespace: explicit ranges through each door, and who can not be let in; users with many groups; how many
# user namespaces may be made inside.
# Holds G24.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly MAIL=/var/spool/test-mail
readonly DOORS=(exec pty sftp su su-l login cron)
declare -A cells

# ---- the doors: $out is what show said

make_show() {
	install -m 0755 /dev/stdin /usr/local/bin/show <<-'END'
		#!/bin/sh
		echo "show $(id -u) $(id -g) $(sed -n 's/^Uid:[[:space:]]*//p' /proc/self/status | tr '\t' '\n' | sort -u)"
		rm -f /srv/made/by-$(id -u) && touch /srv/made/by-$(id -u)
		touch ~/.made 2>/dev/null && echo "home is writable"
	END
	install -d -m 1777 /srv/made
	install -m 0755 /dev/stdin /usr/sbin/sendmail <<-END
		#!/bin/sh
		cat >$MAIL.new; mv $MAIL.new $MAIL
	END
	install -d -m 1777 "${MAIL%/*}"
}

door_exec() { ssh alice@127.0.0.1 'show' </dev/null; }
door_pty() { ptytalk -- ssh -tt alice@127.0.0.1 'show'; }
door_sftp() { echo 'put /etc/hostname /srv/made/by-1501' | sftp -q -b - alice@127.0.0.1 && echo 'show 1501 1501 1501'; }
door_su() { su alice -c show; }
door_su-l() { su - alice -c show; }
door_login() { ptytalk 'login: ' 'alice^M' 'Password: ' "$PASSWORD^M" '$ ' 'show; exit^M' -- login; }
door_cron() {
	local cron_pid

	rm -f "$MAIL" /run/crond.reboot
	echo '@reboot /usr/local/bin/show' | crontab -u alice -
	cron -f &
	cron_pid=$!
	wait_until 30 test -e "$MAIL"
	kill "$cron_pid"
	wait "$cron_pid"
	cat "$MAIL"
}

# map NAME WANTED OWNER UIDS [GIDS]: (without GIDS, UIDS is all of the map) which doors let alice in, "all" or names; the owner on the host of what she makes.
map() {
	local name=$1 wanted=$2 owner=$3 door is_in problems user_map=$4

	[[ -z ${5-} ]] || user_map="uid = ( $4 ); gid = ( $5 );"
	policy_for_users "namespaces = [ \"user\" ]; user_map = { $user_map };"
	for door in "${DOORS[@]}"; do
		rm -rf /srv/made/*
		out=$("door_$door" 2>&1 </dev/null | tr -d '\r')
		is_in=$(grep -q '^show 1501 1501 1501$' <<<"$out" && echo yes)
		cells[$name,$door]=${is_in:-no}
		problems=$out
		if [[ $wanted == all || " $wanted " == *" $door "* ]]; then
			check_is "map, $name: $door lets her in, as herself (${problems:0:60})" "$is_in" yes
			check_is "map, $name: $door: what she makes is on the host that of" "$(stat -c %u /srv/made/by-1501 2>&1)" "$owner"
		else
			check_is "map, $name: $door refuses" "$is_in" ""
			check_is "map, $name: $door: and made nothing" "$(ls /srv/made)" ""
		fi
	done
	check_gone "map, $name: nothing is left"
}

print_table() {
	local name

	printf '# %-30s' map
	printf '%-7s' "${DOORS[@]}"
	echo
	for name in "$@"; do
		printf '# %-30s' "$name"
		for door in "${DOORS[@]}"; do
			printf '%-7s' "${cells[$name,$door]}"
		done
		echo
	done
}

# sshd wants a root inside; login wants to give the terminal away, which is the host's root's, and sshd a new one, of group tty.
test_ranges() {
	map "each as itself" all 1501 '(0, 0, 1), (1501, 1501, 1)' '(0, 0, 1), (5, 5, 1), (1501, 1501, 1), (1600, 1600, 1)'
	map "all as themselves" all 1501 '(0, 0, 65536)' '(0, 0, 65536)'
	map "root as itself, users shifted" all 101501 '(0, 0, 1), (1, 100001, 65535)' '(0, 0, 6), (6, 100006, 65530)'
	map "root shifted" "exec pty sftp su su-l cron" 1501 '(0, 100000, 1), (1501, 1501, 1)' '(0, 100000, 1), (5, 5, 1), (1501, 1501, 1), (1600, 1600, 1)'
	map "root = 100000" "exec pty sftp su su-l cron" 1501 'root = 100000;'
	map "no root" "su su-l cron" 1501 '(1501, 1501, 1)' '(5, 5, 1), (1501, 1501, 1), (1600, 1600, 1)'
	map "all shifted" "exec sftp su su-l cron" 101501 '(0, 100000, 65536)' '(0, 100000, 65536)'
	print_table "each as itself" "all as themselves" "root as itself, users shifted" "root shifted" "root = 100000" "no root" "all shifted"
}

# ranges UIDS GIDS LOG-LINE: su is refused.
refused() {
	policy_for_users "namespaces = [ \"user\" ]; user_map = { uid = ( $2 ); gid = ( $3 ); };"
	log_mark
	check_fails "$1: su is refused" su alice -c true
	check_log "$1: the log says why" "refused: .*$4"
	check_gone "$1: nothing is left"
}

test_outside() {
	refused "her uid is not in the map" '(0, 0, 1), (1502, 1502, 1)' '(0, 0, 65536)' "nsunshare.conf:[0-9]+: key 'user_map'.* no uid 1501 inside"
	refused "her gid is not in the map" '(0, 0, 65536)' '(0, 0, 1), (1502, 1502, 1)' "nsunshare.conf:[0-9]+: key 'user_map'.* no gid 1501 inside"
	# one of her groups: sshd sets them when the session is open, by initgroups(3), which tries with
	# fewer until the kernel takes them
	groupadd -g 1700 later
	usermod -a -G later alice
	policy_for_users 'namespaces = [ "user" ]; user_map = { uid = ( (0, 0, 65536) ); gid = ( (0, 0, 1600), (1700, 1700, 1) ); };'
	log_mark
	check_is "a group of hers is not in the map: sshd lets her in without it, and without those behind it" "$(ssh alice@127.0.0.1 'id -G' </dev/null 2>&1)" 1501
	check_log "a group of hers is not in the map: a line of ours says so" "no gid 1600 inside"
	check_is "a group of hers is not in the map: su lets her in, with it" "$(su alice -c 'id -G')" "1501 65534 1700"
	check_gone "a group of hers is not in the map: nothing is left"
}

# ---- groups

# groups_of_bob FIRST STEP NUMBER
groups_of_bob() {
	local i

	cp /root/group /etc/group
	for ((i = 0; i < $3; i++)); do
		echo "many$i:x:$(($1 + i * $2)):bob"
	done >>/etc/group
}

test_groups() {
	local sum seen

	cp /etc/group /root/group
	policy_for_users 'namespaces = [ "user" ];'
	groups_of_bob 3000 2 300
	for door in 'ssh bob@127.0.0.1' 'su bob -c'; do
		seen=$($door 'id -G; grep -c . /proc/self/gid_map' </dev/null 2>&1)
		sum=$(sed -n 1p <<<"$seen" | wc -w)
		check_is "300 groups apart, ${door%% *}: he has them all, in ranges of their own" "$sum $(sed -n 2p <<<"$seen")" "301 303"
	done
	check_is "300 groups apart: none is one of nobody's" "$(su bob -c 'id -G' | tr ' ' '\n' | grep -c '^65534$')" 0
	groups_of_bob 40000 1 400
	check_is "400 neighbouring groups: one range" "$(ssh bob@127.0.0.1 'id -G | wc -w; grep -c . /proc/self/gid_map' </dev/null | paste -sd ' ')" "401 4"
	groups_of_bob 3000 2 350
	log_mark
	check_fails "350 groups apart: refused" su bob -c true
	check_log "350 groups apart: the log says why" "refused: user=bob .*more than 340 ranges or 4095 bytes.*key 'user_map'"
	groups_of_bob 1000000000 2 300
	log_mark
	check_fails "300 groups of large numbers: refused" su bob -c true
	check_log "300 groups of large numbers: the log says why" "refused: user=bob .*340 ranges or 4095 bytes, the kernel's limits \(key 'user_map'"
	check_gone "groups: nothing is left"
	cp /root/group /etc/group
}

# ---- user namespaces inside

# makes_one COMMAND: does alice's session? No other reason but the limit counts.
makes_one() {
	local out
	out=$(ssh alice@127.0.0.1 "$1 && echo yes" </dev/null 2>&1)
	[[ $out == *": No space left on device" ]] && out=no
	echo "$out"
}

test_nested() {
	local number wanted

	# each in a session of its own: one that has ended may count for a moment
	for number in '' 0 1 2; do
		policy_for_users "namespaces = [ \"user\" ]; ${number:+max_user_namespaces = $number;}"
		case $number in
		0) wanted='no no' ;;
		1) wanted='yes no' ;;
		*) wanted='yes yes' ;;
		esac
		check_is "max_user_namespaces ${number:-not set}: one, and one in that" "$(makes_one 'unshare -Ur true') $(makes_one 'unshare -Ur unshare -Ur true')" "$wanted"
	done
	policy_for_users 'namespaces = [ "user" ]; max_user_namespaces = 0;'
	out=$(timeout 20 pamprobe pt alice open run='cat /proc/sys/user/max_user_namespaces; echo 9 >/proc/sys/user/max_user_namespaces; unshare -U true' close 2>&1)
	check_has "max_user_namespaces = 0: the session's root reads it" "$out" '^0$'
	check_has "max_user_namespaces = 0: and can not raise it" "$out" '^run: status 1$'
	check_isnt "max_user_namespaces = 0: the host's is as before" "$(</proc/sys/user/max_user_namespaces)" 0
	check "max_user_namespaces = 0: and it can make one" unshare -U true
	check_gone "max_user_namespaces: nothing is left"
}

build_tool ptytalk
build_tool pamprobe -lpam -lpthread
start_sshd
# There is no way back out of a user namespace, so none into the next session.
test_captive() {
	policy_for_users 'namespaces = [ "user" ];'
	log_mark
	out=$(timeout 30 pamprobe pt alice open close open 2>&1)
	check_is "captive: one session in the life of a process" "$(sed -n 's/^\(open\|close\): code //p' <<<"$out" | paste -sd ' ')" "0 0 4"
	check_log "captive: the log says why" "refused: user=alice .*can't leave its user namespace"
	check_gone "captive: nothing is left"
	policy_for_users 'namespaces = [ "mount", "pid", "user" ];'
	rm -f /run/close
	pamprobe pt alice open run='touch /srv/made/open' wait=/run/close close >/dev/null 2>&1 &
	opener=$!
	wait_until 100 test -e /srv/made/open
	kill -STOP "$(pgrep -x nsunshare-init)"
	touch /run/close
	sleep 0.1 # a busy host
	pkill -CONT -x nsunshare-init
	wait $opener
	check_is "captive: PID 1 that is slow at the close still takes out its entry, which the opener does not see" \
		"$(find /run/nsunshare -mindepth 1 ! -name metrics)" ""
	check_gone "captive: nor is PID 1 left"
}

make_show
test_ranges
test_outside
test_groups
test_nested
test_captive
finish
