#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host that is slow or large: file systems that do not answer, 10,000 mounts, the limit of mounts.
# Alone: it sets that limit, fs.mount-max, which is the whole machine's.
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/session.inc"

readonly MOUNTS=10000 MOUNTS_MS_MAX=2000

# ---- file systems that do not answer

hang() {
	deaf_fuse /srv/fuse "$1" 2>/dev/null &
	fuse=$!
	wait_until 20 grep -q ' /srv/fuse ' /proc/self/mountinfo
}

test_fuse() {
	local what fuse slow

	mknod -m 0666 /dev/fuse c 10 229
	mkdir -p /srv/fuse
	for what in lookup all; do
		if ! hang $what; then
			skip "C-19 a file system that does not answer" "this machine has no FUSE that root may use"
			break
		fi
		policy <<-END
			rules = ( { user = "alice"; profile = "default"; timeout = 400;
				mounts = ( { type = "tmpfs"; path = "/srv/fuse/cache"; optional = true; } ); }, { user = "bob"; profile = "default"; } );
		END
		log_mark
		pamprobe pt alice open >/root/slow 2>&1 &
		slow=$!
		sleep 0.1
		check "C-19 $what: another login is not kept" test "$(timeout 5 pamprobe pt bob open close | grep -c 'code 0')" = 2
		wait "$slow"
		ms=$(sed -n 's/^open: ms //p' /root/slow)
		check_has "C-19 $what: refused" "$(</root/slow)" '^open: code 4$'
		check "C-19 $what: after its time, $ms ms" test "${ms:-0}" -ge 400 -a "${ms:-0}" -lt 800
		check_log "C-19 $what: the log says why" 'refused: user=alice .*the helper was not ready within 400 ms'
		umount -l /srv/fuse
		kill "$fuse"
		wait "$fuse" 2>/dev/null
		check "C-19 $what: nothing is left when it is gone" wait_until 20 no_pid1
	done
	rm -r /dev/fuse /srv/fuse
}

# ---- many mounts

# The sysctl is the machine's: it goes no lower than what this sandbox alone has.
test_many() {
	local n

	mkdir -p /srv/many
	mount -t tmpfs many /srv/many
	race mounts $MOUNTS /srv/many
	n=$(wc -l </proc/self/mountinfo)
	check "C-21 there are $n mounts (control)" test "$n" -gt $MOUNTS
	mounts '{ type = "tmpfs"; path = "/tmp"; }, { type = "tmpfs"; path = "/srv/many/5000"; }'
	inside "C-21 $MOUNTS mounts: the session is as any other" $'tmpfs\ntmpfs' 'stat -f -c %T /tmp /srv/many/5000'
	check "C-21 $MOUNTS mounts: opened in $ms ms" test "$ms" -lt $MOUNTS_MS_MAX
	was=$(</proc/sys/fs/mount-max)
	if ! echo "$was" 2>/dev/null >/proc/sys/fs/mount-max; then
		skip "C-21 near fs.mount-max" "the sysctl can not be set here"
	else
		trap 'echo $was >/proc/sys/fs/mount-max' EXIT
		echo $((n + 1)) >/proc/sys/fs/mount-max # the copy fits, its mounts do not
		log_in
		echo "$was" >/proc/sys/fs/mount-max
		check_is "C-21 near fs.mount-max: refused with PAM_SYSTEM_ERR" "$code" 4
		check_log "C-21 near fs.mount-max: the log names the sysctl" 'the limit fs.mount-max \(sysctl\) is reached'
		inside "C-21 and after it the next one is opened" "" true
	fi
	umount -l /srv/many
}

build_tool pamprobe -lpam -lpthread
build_tool deaf_fuse
build_tool race -lpam
test_fuse
test_many
check_gone "slow-host: nothing is left"
finish
