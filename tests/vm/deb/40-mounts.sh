#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What is mounted and unmounted on the host while sessions are open: a slave session follows, a private one stays as it began.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"

readonly STICK=/media/stick

has_no_loop() {
	[ -z "$(losetup -j /test/stick.img)" ]
}

# A disk as one that is plugged in.
plug_in() {
	mkdir -p $STICK
	mount -o loop /test/stick.img $STICK && echo data >$STICK/file
}

test_later() {
	mkdir -p /mnt/later
	open_shell slave alice
	open_shell private bob
	check_isnt "both have a mount namespace of their own" "$(ns_of slave mnt)" "$(namespace mnt)"
	mount -t tmpfs later /mnt/later
	echo here >/mnt/later/file
	check_is "a host mount made after login appears in a slave session" "$(ask slave 'cat /mnt/later/file')" here
	check_has "and not in a private one" "$(ask private 'cat /mnt/later/file')" 'No such file'
	check "it can be unmounted on the host" umount /mnt/later
	check_has "that takes it from the slave session" "$(ask slave 'cat /mnt/later/file')" 'No such file'
	check_is "with nothing of it in its mount table" "$(ask slave 'grep -c /mnt/later /proc/self/mountinfo')" 0
	rmdir /mnt/later
}

test_stick_later() {
	check "a disk is plugged in" plug_in
	check_is "the slave session reads it" "$(ask slave "cat $STICK/file")" data
	check "the host unmounts it while sessions are open" umount $STICK
	check "and can take it away" wait_until 50 has_no_loop
}

test_stick_at_login() {
	local id

	check "it is plugged in again" plug_in
	open_shell slave alice
	check_is "a slave session that begins then has it" "$(ask slave "cat $STICK/file")" data
	check "in use there" ask slave "exec 9<$STICK/file"
	check_has "so the host is told" "$(umount $STICK 2>&1)" 'busy'
	check "until it is in use no longer" ask slave 'exec 9<&-'
	check "then it is unmounted" umount $STICK
	check "and can be taken away" wait_until 50 has_no_loop
	plug_in
	open_shell private bob
	check_is "a private session that begins then has it" "$(ask private "cat $STICK/file")" data
	check "the host unmounts it" umount $STICK
	check_is "the private session keeps it" "$(ask private "cat $STICK/file")" data
	check_fails "so the device is not free" wait_until 20 has_no_loop
	id=$(ask private 'echo $NSUNSHARE_ID')
	check "until root unmounts it there, as the manual says" nsunshare enter --as-root "$id" -- umount $STICK
	check "then it is free" wait_until 50 has_no_loop
	plug_in
	close_shell private
	open_shell private bob
	umount $STICK
	close_shell private
	check "or until that session ends" wait_until 100 has_no_loop
}

install_package
policy <<'END'
rules = ( { user = "alice"; profile = "follows"; }, { user = "bob"; profile = "default"; } );
profiles = { follows = { base = "default"; propagation = "slave"; }; };
END
check "the loop driver is there" modprobe loop
test_later
test_stick_later
close_shell slave
close_shell private
test_stick_at_login
close_shell slave
check_gone "both have ended"
end_users alice bob
rmdir $STICK
finish
