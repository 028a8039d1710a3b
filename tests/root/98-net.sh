#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The net namespace: loopback, named and veth, from inside and from the host, which here has a net namespace of its own.
# Holds G26.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck disable=SC2317,SC2153 # functions are called by name; session.inc sets variables
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/session.inc"

readonly BRIDGE=br-test GATEWAY=10.64.0.1 POOL=10.64.0.0/16 PORT=7000
readonly VETH="mode = \"veth\"; bridge = \"$BRIDGE\"; pool = \"$POOL\";"
readonly ROUTED='mode = "veth"; pool = "10.65.0.0/24";'
readonly N_AT_ONCE=50

# ---- what the tests ask

# net KEYS [MORE]: the policy; MORE beside net.
net() {
	policy_for_users "namespaces = [ \"net\"${kinds:-} ]; net = { $1 }; ${2:-}"
}

outer_ends() {
	ip -o link show | grep -oE '\bnsu[0-9a-f]{8}\b' | sort
}

no_outer_ends() {
	[ -z "$(outer_ends)" ]
}

# check_no_ends NAME
check_no_ends() {
	if wait_until 30 no_outer_ends; then
		pass "$1"
	else
		fail "$1" "$(ip -br link)"
	fi
}

# name_of ADDRESS: of the outer end.
name_of() {
	local IFS=.
	# shellcheck disable=SC2086 # four numbers
	printf 'nsu%02x%02x%02x%02x\n' $1
}

# In a file, for users of ssh: serve ADDRESS PORT TEXT answers everybody with TEXT; ask ADDRESS PORT prints that.
make_tools() {
	install -m 0755 /dev/stdin /usr/local/bin/serve <<-'END'
		#!/usr/bin/perl
		use IO::Socket::INET;
		$s = IO::Socket::INET->new(Listen => 9, LocalAddr => $ARGV[0], LocalPort => $ARGV[1], ReuseAddr => 1) or die "serve: $@";
		while (1) { $c = $s->accept or next; print $c "$ARGV[2]\n"; close $c; }
	END
	install -m 0755 /dev/stdin /usr/local/bin/ask <<-'END'
		#!/bin/bash
		timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1" && read -r line <&3 && echo "$line"' "$1" "$2"
	END
	# abstract listen|ask: an abstract socket
	install -m 0755 /dev/stdin /usr/local/bin/abstract <<-'END'
		#!/usr/bin/perl
		use Socket;
		socket(S, AF_UNIX, SOCK_STREAM, 0) or die;
		$name = pack("S a*", AF_UNIX, "\0of-the-host");
		if ($ARGV[0] eq "ask") { connect(S, $name) or die "connect: $!\n"; print scalar <S>; exit; }
		bind(S, $name) && listen(S, 5) or die "listen: $!\n";
		while (1) { accept(C, S) or next; syswrite(C, "from-the-host\n"); close(C); }
	END
}

start() {
	"$@" &
	services+=($!)
}

# hold NAME USER [STEP...]: a session that stays until `release NAME`; where it has an address that is in /run/NAME.address.
hold() {
	local name=$1 user=$2
	shift 2

	rm -f "/run/$name."*
	timeout 60 pamprobe pt "$user" open \
		run="ip -4 -o addr show dev eth0 | sed -n 's|.* inet \([0-9.]*\)/.*|\1|p' >/run/$name.new; mv /run/$name.new /run/$name.address" \
		"$@" wait="/run/$name.end" close >"/run/$name.out" 2>&1 &
	holders[$name]=$!
	wait_until 100 test -e "/run/$name.address"
}

address() {
	cat "/run/$1.address"
}

# Of the session that was opened last.
session_id() {
	log_new | sed -n 's/.* opened: id=\([0-9a-f]*\) .*/\1/p' | tail -n 1
}

release() {
	touch "/run/$1.end"
	wait "${holders[$1]}"
	rm -f "/run/$1."*
}

opener_of() {
	pgrep -P "${holders[$1]}"
}

# inside_of NAME COMMAND...: in its namespaces.
inside_of() {
	local pid
	pid=$(opener_of "$1")
	shift
	nsenter -t "$pid" -n -m "$@"
}

# ---- loopback

# IPv4 packets that have come to the host, or gone by it.
received_by_host() {
	awk '/^Ip: [0-9]/ { print $4, $7 }' /proc/net/snmp
}

test_loopback() {
	kinds=', "ipc"'
	net 'mode = "loopback";'
	start abstract listen
	start serve 127.0.0.1 $PORT host
	wait_until 20 abstract ask
	wait_until 20 ask 127.0.0.1 $PORT
	check_is "loopback: outside, an abstract socket and a port of the host answer" "$(abstract ask; ask 127.0.0.1 $PORT)" \
		$'from-the-host\nhost'
	inside "loopback: /sys/class/net is lo only" lo 'ls /sys/class/net'
	inside "loopback: lo is up, and there is no route" '127.0.0.1/8' 'ip -4 -o addr | grep -o "127[^ ]*"; ip route; ip -6 route show default'
	inside "loopback: it reaches itself" of-me 'serve 127.0.0.1 7001 of-me & sleep 0.3; ask 127.0.0.1 7001; kill %1 2>/dev/null || kill $!'
	inside "loopback: C-78 an abstract socket of the host refuses" 'connect: Connection refused' 'abstract ask'
	inside "loopback: and is not listed" "" 'grep of-the-host /proc/net/unix'
	inside "loopback: a port of the host refuses" "" "ask 127.0.0.1 $PORT 2>/dev/null"
	sent_before=$(received_by_host)
	inside "loopback: nowhere else can be sent to" unreachable \
		"ping() { busybox ping -c 1 -W 1 \$1 2>&1; }; (ping $GATEWAY; ping 192.0.2.1; ping 255.255.255.255) | grep -o unreachable | sort -u"
	check_is "loopback: no packet has come to the host" "$(received_by_host)" "$sent_before"
	net ''
	inside "loopback: the default mode" lo 'ls /sys/class/net'
	inside "loopback: for a user" 'lo' "$(as_alice 'ls /sys/class/net')"
	kinds=
}

# ---- veth

# Two logins by ssh: bob's serves, alice's asks. Leaves bob's address in $bob, what alice got in $out.
ask_by_ssh() {
	rm -f /home/bob/address
	# shellcheck disable=SC2029 # the port is known here
	ssh bob@127.0.0.1 "ip -4 -o addr show dev eth0 | grep -o '10[.][0-9.]*' | head -n 1 >address; exec serve 0.0.0.0 $PORT bob" &
	bob_pid=$!
	wait_until 50 test -s /home/bob/address
	bob=$(</home/bob/address)
	wait_until 30 ask "$bob" $PORT
	# shellcheck disable=SC2029
	out=$(ssh alice@127.0.0.1 "ask $GATEWAY $PORT || echo no host; ask $bob $PORT 2>/dev/null || echo no bob" 2>/dev/null)
	from_host=$(ask "$bob" $PORT)
	kill $bob_pid
	wait $bob_pid 2>/dev/null
}

test_bridge() {
	local mac

	kinds=', "pid"' # so that what bob runs ends with his login
	start serve $GATEWAY $PORT host
	wait_until 20 ask $GATEWAY $PORT
	net "$VETH isolated = false;"
	ask_by_ssh
	check_is "veth: by ssh, a session reaches the host, and the other session without isolation" "$out" $'host\nbob'
	check_is "veth: the host reaches the session" "$from_host" bob
	net "$VETH"
	ask_by_ssh
	check_is "veth: sessions are isolated from each other, not from the host" "$out" $'host\nno bob'
	check_is "veth: the host reaches an isolated one" "$from_host" bob
	check_no_ends "veth: nothing is left after logout"
	kinds=

	hold a alice
	check_has "veth: the address is one of the pool" "$(address a)" '^10\.64\.[0-9]+\.[0-9]+$'
	check_log "veth: the log line of the open says the address" "opened: .* joined=no address=$(address a)\$"
	check_is "veth: the outer end is named after it" "$(outer_ends)" "$(name_of "$(address a)")"
	check_is "veth: in the bridge, and isolated" \
		"$(ip -d -j link show "$(outer_ends)" | jq -r '.[0] | "\(.master) \(.linkinfo.info_slave_data.isolated)"')" "$BRIDGE true"
	check_has "veth: \`ip link\` says whose it is" "$(ip link show "$(outer_ends)")" "alias session $(session_id) of uid 1501\$"
	check_is "veth: inside are lo and eth0" "$(inside_of a ls /sys/class/net | paste -sd ' ')" "eth0 lo"
	check_is "veth: the default route is by the bridge's address" "$(inside_of a ip route show default | tr -s ' ' | sed 's/ *$//')" \
		"default via $GATEWAY dev eth0 proto static"
	check_is "veth: the prefix is the pool's" "$(inside_of a ip -4 -j addr show dev eth0 | jq -r '.[0].addr_info[0] | "\(.prefixlen) \(.broadcast)"')" \
		"16 10.64.255.255"
	mac=$(inside_of a cat /sys/class/net/eth0/address)
	# shellcheck disable=SC2046,SC2183 # four numbers
	check_is "veth: the hardware address follows from the address" "$mac" "02:6e:$(printf '%02x:%02x:%02x:%02x' $(address a | tr . ' '))"
	first=$(address a)
	release a
	check_no_ends "veth: the interface ends with the session"
	hold a alice
	check_is "veth: an address is used again after logout" "$(address a)" "$first"
	hold b alice
	check_isnt "veth: a second session of the user has another" "$(address b)" "$first"
	release b
	release a
	net "$VETH gateway = false; mtu = 1300; isolated = false;"
	hold a alice
	check_is "veth: gateway = false: no default route" "$(inside_of a ip route show default)" ""
	check_is "veth: mtu, of both ends" "$(inside_of a cat /sys/class/net/eth0/mtu) $(cat "/sys/class/net/$(outer_ends)/mtu")" "1300 1300"
	check_is "veth: isolated = false" "$(ip -d -j link show "$(outer_ends)" | jq -r '.[0].linkinfo.info_slave_data.isolated')" false
	release a
	check_no_ends "veth: nothing is left"
}

# What a bridge has no address for, and one whose address is not the first.
test_gateways() {
	ip link add br-bare type bridge
	ip link set br-bare up
	net 'mode = "veth"; bridge = "br-bare"; pool = "10.66.0.0/24";'
	hold a alice
	check_is "veth: a bridge without an address: the pool's first is the gateway" "$(inside_of a ip route show default | grep -o 'via [0-9.]*')" "via 10.66.0.1"
	release a
	ip addr add 10.66.0.5/29 dev br-bare
	net 'mode = "veth"; bridge = "br-bare"; pool = "10.66.0.0/29";'
	for name in a b c d e; do
		hold $name alice
	done
	check_is "veth: all of a /29 are used but its network, its broadcast and the bridge's own" \
		"$(for name in a b c d e; do address $name; done | sort | paste -sd ' ')" "10.66.0.1 10.66.0.2 10.66.0.3 10.66.0.4 10.66.0.6"
	refused "veth: the pool is used up" 'the pool 10\.66\.0\.0/29 has no free address .*net\.pool'
	release c
	wait_until 30 eval '[ "$(outer_ends | wc -l)" = 4 ]'
	hold c bob
	check_is "veth: what one leaves the next gets" "$(outer_ends | wc -l)" 5
	for name in a b c d e; do
		release $name
	done
	check_no_ends "veth: nothing is left of a used up pool"
	ip link del br-bare
}

test_at_once() {
	local i pids=() addresses

	net "$VETH"
	rm -f /run/go /run/at-once.*
	for ((i = 0; i < N_AT_ONCE; i++)); do
		user=alice
		((i % 2)) || user=bob
		timeout 120 pamprobe pt $user open \
			run="ip -4 -o addr show dev eth0 | sed -n 's|.* inet \([0-9.]*\)/.*|\1|p' >/run/at-once.$i" \
			wait=/run/go close >/run/at-once-out.$i 2>&1 &
		pids+=($!)
	done
	wait_until 600 eval '[ "$(cat /run/at-once.* 2>/dev/null | wc -l)" = $N_AT_ONCE ]'
	addresses=$(cat /run/at-once.*)
	check_is "veth: $N_AT_ONCE logins at once have $N_AT_ONCE addresses" "$(sort -u <<<"$addresses" | wc -l)" $N_AT_ONCE
	check_is "veth: all of the pool, none the gateway's" "$(grep -E '^10\.64\.' <<<"$addresses" | grep -cvxF $GATEWAY)" $N_AT_ONCE
	check_is "veth: the host has an interface for each" "$(outer_ends)" "$(for i in $addresses; do name_of "$i"; done | sort)"
	touch /run/go
	for i in "${pids[@]}"; do
		wait "$i"
	done
	check_no_ends "veth: none is left after $N_AT_ONCE logouts at once"
	unset user
	rm -f /run/go /run/at-once*
}

test_killed() {
	local pid i

	net "$VETH"
	pamprobe pt alice open sleep=60000 >/run/killed.out 2>&1 &
	pid=$!
	wait_until 50 grep -q '^open: code 0' /run/killed.out || wait_until 50 test -n "$(outer_ends)"
	wait_until 50 eval '[ -n "$(outer_ends)" ]'
	check_isnt "veth: an opener that will be killed has an interface" "$(outer_ends)" ""
	kill -9 $pid
	wait $pid 2>/dev/null
	check_no_ends "veth: SIGKILL to the opener leaves no interface"
	for ((i = 0; i < 40; i++)); do
		pamprobe pt alice open sleep=60000 >/dev/null 2>&1 &
		pid=$!
		sleep "0.0$((i % 4))$((RANDOM % 10))"
		kill -9 $pid
		wait $pid 2>/dev/null
	done
	check_no_ends "veth: 40 openers killed at random times leave no interface"
	check_is "veth: and no nsunshare-net" "$(wait_until 60 eval '! pgrep -x nsunshare-net'; pgrep -x nsunshare-net)" ""
	rm -f /run/killed.out
}

# Each request to the kernel fails in turn, and at each nsunshare-net is killed: nothing is left, whatever was made before. The
# first of a process may be the log line of the opener's, which then is what fails.
test_faults() {
	local keys fault n refused=0

	for keys in "$VETH" "$ROUTED"; do
		net "$keys"
		for fault in error=ENOBUFS signal=KILL; do
			for n in {1..12}; do
				out=$(timeout 20 strace -f -qq -o /dev/null -e trace=sendto -e inject=sendto:$fault:when="$n" \
					pamprobe pt alice open close 2>&1)
				grep -q '^open: code 0' <<<"$out" || refused=$((refused + 1))
				wait_until 30 no_outer_ends || fail "faults: $fault of request $n leaves nothing" "$(ip -br link)"
			done
		done
	done
	check "faults: requests were made to fail ($refused)" test $refused -ge 36
	check_no_ends "faults: no interface is left of $refused requests that failed"
	check_is "faults: no route either" "$(ip route show | grep '^10\.65')" ""
	net 'mode = "named:made-%u"; create = true;'
	for n in mkdir flock mount unshare ioctl open_tree move_mount; do
		for fault in error=ENOMEM signal=KILL; do
			(timeout 20 strace -f -qq -o /dev/null -e trace=$n -e inject=$n:$fault:when=1 pamprobe pt alice open close) >/dev/null 2>&1
			inside "faults: named, $n, $fault: the next login has it" "lo 127.0.0.1/8" \
				'echo "$(ls /sys/class/net) $(ip -4 -o addr | grep -o "127[^ ]*")"'
			clear_named
		done
	done
}

test_routed() {
	local mine

	net "$ROUTED"
	hold a alice
	mine=$(address a)
	check_has "routed: the address is one of the pool" "$mine" '^10\.65\.0\.[0-9]+$'
	check_is "routed: by itself, and by the gateway" "$(inside_of a ip route | sed 's/ *$//' | sort)" \
		"10.65.0.1 dev eth0 proto static scope link src $mine
default via 10.65.0.1 dev eth0 proto static"
	check_is "routed: the host has a route to it" "$(ip route show "$mine" | sed 's/ *$//')" \
		"$mine dev $(name_of "$mine") proto static scope link src 10.65.0.1"
	start serve 10.65.0.1 $PORT host
	wait_until 20 ask 10.65.0.1 $PORT
	check_is "routed: the session reaches the host" "$(inside_of a ask 10.65.0.1 $PORT)" host
	nsenter -t "$(opener_of a)" -n -m serve 0.0.0.0 $PORT alice &
	wait_until 20 ask "$mine" $PORT
	check_is "routed: the host reaches the session" "$(ask "$mine" $PORT)" alice
	kill $! && wait $! 2>/dev/null
	hold b bob
	check_is "routed: a second one beside it reaches the host too" "$(inside_of b ask 10.65.0.1 $PORT)" host
	release a
	check_is "routed: and still when the first has gone" "$(wait_until 30 eval '[ "$(outer_ends | wc -l)" = 1 ]'; inside_of b ask 10.65.0.1 $PORT)" host
	release b
	check_no_ends "routed: nothing is left"
	check_is "routed: no route either" "$(ip route show | grep '^10\.65')" ""
	net "$ROUTED gateway = false;"
	hold a alice
	check_is "routed: gateway = false: the host's end, no default route" "$(inside_of a ip route | sed 's/ *$//')" \
		"10.65.0.1 dev eth0 proto static scope link src $(address a)"
	release a
	# a step that fails when the pair is made: the host has such a route already
	check_no_ends "routed: nothing is left of that"
	ip route add "$mine/32" dev lo
	net "$ROUTED"
	refused "routed: the host has a route like it" "add the session's route by '$(name_of "$mine")'"
	check_no_ends "routed: a failure half-way leaves nothing"
	ip route del "$mine/32" dev lo
	net 'mode = "veth"; pool = "10.65.0.0/30";'
	hold a alice
	refused "routed: a /30 has room for one" 'the pool 10\.65\.0\.0/30 has no free address'
	release a
	check_no_ends "routed: nothing is left of a /30"
}

test_refusals() {
	net "mode = \"veth\"; bridge = \"br-none\"; pool = \"$POOL\";"
	refused "veth: a bridge that is not there" "there is no bridge 'br-none' .*ip link add br-none type bridge"
	ip link add dummy-test type veth peer name dummy-peer
	net "mode = \"veth\"; bridge = \"dummy-test\"; pool = \"$POOL\";"
	refused "veth: an interface that is no bridge" "'dummy-test' is no bridge"
	ip link del dummy-test
	for bridge in '../br' 'br 0' 'br/0' '-br' '0123456789abcdef' 'br;reboot'; do
		net "mode = \"veth\"; bridge = \"$bridge\"; pool = \"$POOL\";"
		refused "veth: the bridge '$bridge'" "bridge"
	done
	mv $HELPER_DIR/nsunshare-net $HELPER_DIR/away
	net "$VETH"
	refused "veth: without nsunshare-net" "nsunshare-net"
	mv $HELPER_DIR/away $HELPER_DIR/nsunshare-net
	check_no_ends "veth: no refusal leaves an interface"
	check_has "nsunshare-net: by hand it says what it is" "$($HELPER_DIR/nsunshare-net 2>&1; echo "code $?")" 'started by pam_nsunshare.so only'
	check_is "nsunshare-net: and does nothing" "$($HELPER_DIR/nsunshare-net 2>/dev/null; echo "code $?")" "code 2"
	# what a hostile caller hands down
	log_mark
	out=$(
		ulimit -S -n 24 -f 0
		umask 0777
		trap '' TERM CHLD
		exec timeout 20 nice -n 19 pamprobe pt alice open run='ip -4 -o addr show dev eth0 | grep -c inet' close 2>&1 <&-
	)
	check_has "veth: from a caller with small limits" "$out" '^1$'
	check_no_ends "veth: and nothing is left of it"
}

# ---- named

no_netns() {
	! grep -q ' /run/netns' /proc/self/mountinfo
}

# As it was before: `ip netns` leaves its mount.
clear_named() {
	local name
	for name in $(ip netns list 2>/dev/null | cut -d' ' -f1); do
		ip netns del "$name"
	done
	while umount /run/netns 2>/dev/null; do :; done
	rm -rf /run/netns
}

test_named() {
	net 'mode = "named:t-%u";'
	refused "named: a missing one" "there is no net namespace 't-alice' .*ip netns add t-alice.*create = true"
	check "named: and it is not made" test ! -e /run/netns
	ip netns add t-alice
	ip -n t-alice link add d-inside type bridge
	inside "named: the one of ip netns, by its name" "$(ip netns exec t-alice readlink /proc/self/ns/net)" 'readlink /proc/self/ns/net'
	inside "named: /sys/class/net shows what is in it" "d-inside lo" 'ls /sys/class/net | paste -sd " "'
	check "named: it stays after the session" ip netns exec t-alice ip link show d-inside
	user=bob refused_of "named: another user's is missing" "there is no net namespace 't-bob'"
	clear_named
}

# refused_of NAME REGEX: as refused, for $user.
refused_of() {
	log_in
	check_is "$1: refused with PAM_SYSTEM_ERR" "$code" 4
	check_log "$1: the log says why" "refused: user=$user service=pt: .*$2"
}

test_named_files() {
	local etc=/etc/netns/t-alice

	net 'mode = "named:t-%u";'
	ip netns add t-alice
	mkdir -p $etc
	echo 'nameserver 192.0.2.53' >$etc/resolv.conf
	echo none-such >$etc/has-no-counterpart
	cp -a /etc/resolv.conf /root/resolv.conf 2>/dev/null
	rm -f /etc/resolv.conf
	echo 'nameserver 192.0.2.1' >/etc/resolv.conf
	inside "named: /etc/resolv.conf is that of /etc/netns" 'nameserver 192.0.2.53' 'cat /etc/resolv.conf'
	inside "named: for the user, too" 'nameserver 192.0.2.53' "$(as_alice 'cat /etc/resolv.conf')"
	inside "named: what has no counterpart in /etc is not there" "no" 'test -e /etc/has-no-counterpart || echo no'
	inside "named: it is read-only" "Read-only file system" 'bash -c "echo x >/etc/resolv.conf" 2>&1 | grep -o "Read-only.*"'
	check_is "named: the host's own is as before" "$(</etc/resolv.conf)" 'nameserver 192.0.2.1'
	install -d -m 0755 -o bob /run/resolver # as systemd-resolved has it
	echo 'nameserver 192.0.2.2' >/run/resolver/stub
	ln -sf ../run/resolver/stub /etc/resolv.conf
	inside "named: over a symbolic link to another's directory" 'nameserver 192.0.2.53' 'cat /etc/resolv.conf'
	inside "named: which can not be moved away from outside" 'nameserver 192.0.2.53' \
		'mv /run/resolver/stub /run/resolver/old; echo x >/run/resolver/stub; cat /etc/resolv.conf'
	check_is "named: the file that it leads to is as before" "$(</run/resolver/old)" 'nameserver 192.0.2.2'
	net 'mode = "named:t-%u";' 'mounts = ( { type = "tmpfs"; path = "/run"; mode = "0755"; } );'
	inside "named: over a link into what the session's own mount hides" 'nameserver 192.0.2.53' 'cat /etc/resolv.conf'
	ln -sf /nowhere/at-all /etc/resolv.conf
	net 'mode = "named:t-%u";'
	inside "named: over a link that leads nowhere" 'nameserver 192.0.2.53' 'cat /etc/resolv.conf'
	rm -rf /run/resolver
	mkdir $etc/inner-dir /etc/inner-dir
	echo of-netns >$etc/inner-dir/file
	inside "named: a directory" 'of-netns' 'cat /etc/inner-dir/file'
	rm -rf $etc/inner-dir

	# with a host name of the session's own: its line, then the named file
	printf '192.0.2.80\tof-the-netns\n' >$etc/hosts
	inside "named: hosts" '192.0.2.80	of-the-netns' 'cat /etc/hosts'
	kinds=', "uts"' net 'mode = "named:t-%u";' 'hostname = "of-%u";'
	inside "named: hosts with a host name: its line, and the named file" $'127.0.1.1\tof-alice\n192.0.2.80\tof-the-netns' 'cat /etc/hosts'
	net 'mode = "named:t-%u";'
	rm $etc/hosts
	test_named_distrust $etc
	rm -rf /etc/resolv.conf /etc/netns /etc/inner-dir
	[ ! -e /root/resolv.conf ] || cp -a /root/resolv.conf /etc/resolv.conf
	clear_named
}

# What is not root's alone is not bound over /etc.
test_named_distrust() {
	local etc=$1

	chown bob "$etc/resolv.conf"
	refused "named: a file of a user's" "'$etc/resolv.conf' does not belong to root"
	chown root "$etc/resolv.conf"
	chmod 0666 "$etc/resolv.conf"
	refused "named: a file that others can write" "'$etc/resolv.conf' can be written by others"
	chmod 0644 "$etc/resolv.conf"
	chmod 0777 "$etc"
	refused "named: a directory that others can write" "'$etc' are not trusted: it can be written by others"
	chmod 0755 "$etc"
	chown bob /etc/netns
	refused "named: a directory above of a user's" "'/etc/netns' does not belong to root"
	chown root /etc/netns
	mv "$etc/resolv.conf" "$etc/../file"
	ln -s ../file "$etc/resolv.conf"
	refused "named: a symbolic link" "'$etc/resolv.conf' is a symbolic link"
	rm "$etc/resolv.conf"
	mkfifo "$etc/resolv.conf"
	refused "named: a FIFO" "'$etc/resolv.conf' is neither a file nor a directory"
	rm "$etc/resolv.conf"
	mkdir "$etc/inner-dir"
	rm -rf /etc/inner-dir
	touch /etc/inner-dir
	refused "named: a directory over a file" "'$etc/inner-dir' is a directory, and '/etc/inner-dir' is not"
	rm -r "$etc/inner-dir"
	touch "$etc/hosts"
}

test_named_create() {
	local i

	net 'mode = "named:made-%u"; create = true;'
	inside "create: makes it, with lo up and nothing else" '127.0.0.1/8 lo' 'echo "$(ip -4 -o addr | grep -o "127[^ ]*") $(ls /sys/class/net)"'
	check_is "create: it is one for ip netns" "$(ip netns exec made-alice ls /sys/class/net)" lo
	check_is "create: the directory is root's, a shared mount" "$(stat -c '%U %a' /run/netns) $(findmnt -n -o PROPAGATION /run/netns)" "root 755 shared"
	made=$(ip netns exec made-alice readlink /proc/self/ns/net)
	inside "create: one that is there is left alone" "$made" 'readlink /proc/self/ns/net'
	clear_named
	rm -f /run/go
	for i in {1..8}; do
		timeout 60 pamprobe pt alice open run="readlink /proc/self/ns/net >/run/created.$i" wait=/run/go close >/dev/null 2>&1 &
	done
	wait_until 200 eval '[ "$(cat /run/created.* 2>/dev/null | wc -l)" = 8 ]'
	check_is "create: eight at once make one" "$(sort /run/created.* | uniq -c | sed 's/^ *//')" "8 $(ip netns exec made-alice readlink /proc/self/ns/net)"
	check_is "create: mounted once" "$(grep -c ' /run/netns/made-alice ' /proc/self/mountinfo)" "$(one_mount)"
	touch /run/go
	wait_until 100 eval '! pgrep -x pamprobe'
	rm -f /run/go /run/created.*
	clear_named
	mkdir -m 0755 /run/netns
	install -m 0 /dev/null /run/netns/made-alice
	inside "create: a file that a killed maker has left gets one" lo 'ls /sys/class/net'
	clear_named
	mkdir -m 0755 /run/netns
	chown bob /run/netns
	refused "create: in a directory of another's" "'/run/netns' does not belong to root"
	rm -rf /run/netns
	ln -s /home/bob /run/netns
	refused "create: in a link" "open '/run/netns'"
	rm /run/netns
	check "create: nothing in bob's home" test ! -e /home/bob/made-alice
}

# How often `ip netns add` mounts one, where /run is a shared mount.
one_mount() {
	ip netns add one
	grep -c ' /run/netns/one ' /proc/self/mountinfo
	ip netns del one
}

# What is in its place, and names that users choose.
test_named_hostile() {
	net 'mode = "named:%u";'
	mkdir -m 0755 /run/netns
	touch /run/netns/alice
	refused "named: a file that is no namespace" "'/run/netns/alice' is not a net namespace"
	rm /run/netns/alice
	mkfifo /run/netns/alice
	refused "named: a FIFO in its place" "'/run/netns/alice' is not a net namespace"
	rm /run/netns/alice
	ln -s /proc/1/ns/net /run/netns/alice
	refused "named: a link to the host's" "open '/run/netns/alice'"
	rm /run/netns/alice
	touch /run/netns/alice
	mount --bind /proc/self/ns/uts /run/netns/alice
	refused "named: another kind of namespace" "'/run/netns/alice' is not a net namespace"
	umount /run/netns/alice
	chmod 0777 /run/netns
	refused "named: others can write the directory" "/run/netns"
	rm -rf /run/netns
	cp /etc/passwd /root/passwd
	printf '%s:x:4010:100::/:/bin/sh\n' ../../tmp/x a/b .. 'a b' '-x' >>/etc/passwd
	policy <<<'rules = ( { uid = "4010"; profile = "p"; } ); profiles = { p = { namespaces = [ "net" ]; net = { mode = "named:%u"; create = true; }; }; };'
	for user in ../../tmp/x a/b .. 'a b' -x; do
		log_in
		check_is "named: the account name '$user' is refused" "$code" 4
	done
	unset user
	cp /root/passwd /etc/passwd
	check_is "named: and makes nothing" "$(ls /run/netns /tmp/x 2>/dev/null)" ""
	for mode in named: named:../x named:a/b named:.. named:-x veth:x '' loop; do
		net "mode = \"$mode\";"
		refused "the mode '$mode'" "mode"
	done
	clear_named
}

# With the other kinds beside it.
test_all_kinds() {
	kinds=', "ipc", "uts", "pid", "cgroup", "time", "user"'
	net "$VETH"
	hold a alice
	check_is "all kinds: the session reaches the host" "$(ask_host_of a)" host
	check_is "all kinds: /sys/class/net" "$(inside_of a ls /sys/class/net | paste -sd ' ')" "eth0 lo"
	release a
	inside "all kinds: the session's root can not change its interfaces" "RTNETLINK answers: Operation not permitted" \
		'ip link set eth0 down 2>&1; ip addr add 10.64.0.9/16 dev eth0 2>&1 | grep -v "Operation not"'
	check_no_ends "all kinds: nothing is left"
	kinds=
}

ask_host_of() {
	inside_of "$1" ask $GATEWAY $PORT
}

declare -A holders=()
build_tool pamprobe -lpam -lpthread
make_tools
start_sshd
ip link add $BRIDGE type bridge
ip addr add $GATEWAY/16 dev $BRIDGE
ip link set $BRIDGE up

test_loopback
test_bridge
test_gateways
test_at_once
test_killed
test_faults
test_routed
test_refusals
test_all_kinds
test_named
test_named_files
test_named_create
test_named_hostile
check_gone "net: nothing is left"
check_is "net: no interface of ours on the host" "$(ip -o link show | grep -oE '^[0-9]+: [^:@]*' | cut -d' ' -f2 | sort | paste -sd ' ')" "$BRIDGE lo"
check "net: no mount of a net namespace on the host" no_netns
ip link del $BRIDGE
finish
