#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Homes that autofs mounts, and systemd's automount units: a slave session has them as the host does; a private one has what was
# mounted when it began, until the host's daemon takes that off for being unused.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"

# Where the accounts' homes are: home_is /home/auto
home_is() {
	sed -E "s,:/home/(auto/)?(alice|bob):,:$1/\2:," /etc/passwd >/etc/passwd.new
	cat /etc/passwd.new >/etc/passwd
	rm /etc/passwd.new
}

is_mounted() {
	grep -q " $1 " /proc/self/mountinfo
}

isnt_mounted() {
	! is_mounted "$1"
}

# The daemon looks now for what nobody uses, not only after the time of the map.
expire() {
	wait_until 60 eval "pkill -USR1 -x automount; sleep 0.4; isnt_mounted $1"
}

begin_autofs() {
	mkdir -p /srv/homes /etc/auto.master.d /mnt/unit
	cp -a /home/alice /home/bob /srv/homes
	echo '/home/auto /etc/auto.test --timeout=600' >/etc/auto.master.d/test.autofs
	echo '* -fstype=bind :/srv/homes/&' >/etc/auto.test
	systemctl restart autofs
	home_is /home/auto
	printf '[Mount]\nWhat=/srv/homes\nWhere=/mnt/unit\nType=none\nOptions=bind\n' >/run/systemd/system/mnt-unit.mount
	printf '[Automount]\nWhere=/mnt/unit\n' >/run/systemd/system/mnt-unit.automount
	systemctl daemon-reload
	systemctl start mnt-unit.automount
}

end_autofs() {
	systemctl stop mnt-unit.automount mnt-unit.mount
	home_is /home
	systemctl stop autofs
	rm -rf /run/systemd/system/mnt-unit.* /etc/auto.master.d/test.autofs /etc/auto.test /srv/homes /mnt/unit
	systemctl daemon-reload
}

test_slave() {
	open_shell slave alice
	check_is "slave: a login at a home of autofs begins there" "$(ask slave pwd)" /home/auto/alice
	check_is "slave: which is mounted on the host too" "$(findmnt -no FSROOT /home/auto/alice)" /srv/homes/alice
	check_is "slave: from inside, another home comes too" "$(ask slave 'ls -d /home/auto/bob/.ssh')" /home/auto/bob/.ssh
	check "slave: and is on the host then" is_mounted /home/auto/bob
	check_has "slave: a home that the map has not is an error at once" "$(ask slave 'timeout 10 ls /home/auto/nobody')" 'No such file'
	check "slave: one that nobody is in expires" expire /home/auto/bob
	check "slave: that of the open session does not" is_mounted /home/auto/alice
	check_is "slave: it comes again from inside" "$(ask slave 'ls -d /home/auto/bob/.ssh')" /home/auto/bob/.ssh
	ask slave 'cd /'
	check "slave: the session's own expires when nobody is in it" expire /home/auto/alice
	check_is "slave: and is there again when it is asked for" "$(ask slave 'cd; ls -d ~/.ssh; pwd')" $'/home/auto/alice/.ssh\n/home/auto/alice'
	check_is "slave: an automount unit of systemd's works from inside" "$(ask slave 'ls -d /mnt/unit/alice')" /mnt/unit/alice
	check "slave: and is active on the host then" systemctl is-active mnt-unit.mount
	systemctl -q stop mnt-unit.mount 2>/dev/null
	check_is "slave: and again after it was unmounted there" "$(ask slave 'ls -d /mnt/unit/alice')" /mnt/unit/alice
	systemctl -q stop mnt-unit.mount 2>/dev/null
	close_shell slave
}

# Every command has a limit of its own: nothing may hang.
test_private() {
	end_users alice bob # the user's own services look at homes too
	check "private: first nothing is mounted" expire /home/auto/alice
	systemctl -q stop mnt-unit.mount 2>/dev/null
	open_shell private bob
	check_is "private: a login at a home of autofs begins there" "$(ask private pwd)" /home/auto/bob
	check_has "private: another home does not come" "$(ask private 'timeout 20 ls /home/auto/alice/.ssh')" 'Too many levels of symbolic links'
	check "private: only the host has it" is_mounted /home/auto/alice
	check_has "private: nor does an automount unit" "$(ask private 'timeout 20 ls /mnt/unit/alice')" 'Too many levels of symbolic links'
	check "private: only the host has that" systemctl is-active mnt-unit.mount
	check "private: the daemon does not see that the session is in its home" expire /home/auto/bob
	check_has "private: what it takes off is gone from the session too" "$(ask private 'timeout 20 ls -d ~/.ssh')" \
		'Too many levels of symbolic links'
	check_is "private: but for who stands in it" "$(ask private 'ls -d .ssh')" .ssh
	close_shell private
	check_is "private: the next login has it, for sshd has looked for keys there" "$(by_ssh bob 'ls -d ~/.ssh')" /home/auto/bob/.ssh
}

install_package
policy <<'END'
rules = ( { user = "alice"; profile = "follows"; }, { user = "bob"; profile = "default"; } );
profiles = { follows = { base = "default"; propagation = "slave"; }; };
END
begin_autofs
check "automount is running" systemctl is-active autofs
test_slave
test_private
check_gone "all have ended"
end_users alice bob
end_autofs
finish
