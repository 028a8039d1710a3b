#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a login costs on a host with systemd, with the module and without it; no test: tests/vm/run.sh deb bench-open, or
# `make bench-vm`, which writes docs/bench-vm.md. Each method in turn in each of 20 rounds, so that what slows the machine down
# slows them all down. A user manager of alice's runs all the time: starting it is systemd's affair, and takes seconds here.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
build_tool pamprobe -lpam -lpthread

readonly ROUNDS=20
readonly METHODS='without idle default more'
declare -A labels=(
	[without]='without the module: its lines are taken out of common-session'
	[idle]='**pam_nsunshare**, a policy that leaves alice alone'
	[default]='**pam_nsunshare**, profile default (mnt, ipc, uts, pid, two tmpfs, host name)'
	[more]='**pam_nsunshare**, the same with cgroup, net and limits'
)

# use METHOD: the stack and the policy of it.
use() {
	cp "/root/stack-$([ "$1" = without ] && echo without || echo with)" /etc/pam.d/common-session
	cp "/root/policy-$1" "$POLICY"
}

prepare() {
	local method

	install_package
	cp /etc/pam.d/common-session /root/stack-with
	sed '/pam_nsunshare\|pam_succeed_if/d' /root/stack-with >/root/stack-without
	echo 'rules = ();' >/root/policy-without
	cp /root/policy-without /root/policy-idle
	echo 'rules = ( { user = "alice"; profile = "default"; } );' >/root/policy-default
	echo 'rules = ( { user = "alice"; profile = "default"; namespaces = [ "mount", "ipc", "uts", "pid", "cgroup", "net" ];
		limits = { memory = "64M"; tasks = 60; }; } );' >/root/policy-more
	loginctl enable-linger alice
	wait_until 600 systemctl is-active --quiet user@1501.service
	for method in $METHODS; do
		use "$method"
		check_is "$method: a login goes through" "$(timeout 60 ssh alice@127.0.0.1 id -un </dev/null)" alice
	done
}

# open_and_close METHOD: by the stack of sshd, in a new process. Adds to the file of the method: milliseconds of open, of close.
open_and_close() {
	use "$1"
	timeout 60 pamprobe sshd alice open close | awk '$2 == "ms" { printf "%s ", $3 } END { print "" }' >>"/root/pam-$1"
}

# log_in METHOD: by ssh, from the client's start to its end.
log_in() {
	local began

	use "$1"
	began=$(date +%s%N)
	timeout 60 ssh alice@127.0.0.1 true </dev/null
	echo $((($(date +%s%N) - began) / 1000000)) >>"/root/ssh-$1"
}

# median FILE COLUMN
median() {
	awk -v c="$2" '{ print $c }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

table() {
	local method row whole=''

	echo "| | open | ratio | close | whole ssh login | ratio |"
	echo "|---|---:|---:|---:|---:|---:|"
	for method in $METHODS; do
		row="$(median "/root/pam-$method" 1) $(median "/root/pam-$method" 2) $(median "/root/ssh-$method" 1)"
		whole=${whole:-$row}
		awk -v label="${labels[$method]}" -v r="$row" -v w="$whole" 'BEGIN { split(r, a, " "); split(w, b, " ")
			printf "| %s | %d | %.2f | %d | %d | %.2f |\n", label, a[1], a[1] / b[1], a[2], a[3], a[3] / b[3] }'
	done
}

prepare
for ((round = 0; round < ROUNDS; round++)); do
	for method in $METHODS; do
		open_and_close "$method"
		log_in "$method"
	done
done
for method in $METHODS; do
	check_is "$method: all were measured" "$(awk 'NF == 2' "/root/pam-$method" | wc -l) $(wc -l <"/root/ssh-$method")" "$ROUNDS $ROUNDS"
done
table | sed 's/^/# /'
loginctl disable-linger alice
systemctl stop user@1501.service
finish
