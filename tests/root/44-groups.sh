#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# scope = "group" and "named": logins of several users in one set of namespaces: what they share, and what each keeps for himself.
# ATTACKS C-88, C-90, C-105 and C-112 for sets of several users.
# Holds G29.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
. "$HERE/shared.inc"

readonly LATER=/run/user # a host's pam_systemd mounts one here for each user who logs in

# carol and dave are of the group team, erin of another.
make_team() {
	local user

	groupadd -g 1700 team
	groupadd -g 1701 others
	useradd -m -s /bin/bash -u 1601 -g team carol
	useradd -m -s /bin/bash -u 1602 -g team dave
	useradd -m -s /bin/bash -u 1603 -g others -G team erin
	for user in carol dave erin; do
		install -d -m 0700 -o $user "/home/$user/.ssh"
		install -m 0600 -o $user /root/.ssh/id_ed25519.pub "/home/$user/.ssh/authorized_keys"
	done
}

# common SCOPE [KEYS]: everybody gets a profile in that scope.
common() {
	policy <<-END
		rules = ( { user = "*"; profile = "common"; } );
		profiles = { common = {
			namespaces = [ "mount", "ipc", "uts", "pid" ];
			scope = "$1";
			hostname = "together";
			mounts = ( { type = "tmpfs"; path = "/tmp"; size = "16M"; inodes = 1000; mode = "1777"; } );
			${2:-}
		}; };
	END
}

# user_within NAME USER COMMAND: with the rights of that user.
user_within() {
	within "$1" "$(printf 'setpriv --reuid=%s --regid=%s --init-groups --reset-env sh -c %q' "$2" "$(id -g "$2")" "$3")"
}

# The two are in one set: what S2 says of them.
check_common() {
	local name=$1 one=$2 two=$3

	check_together "S2 $name" "$one" "$two"
	user_within "$one" carol 'echo from-carol >/tmp/file; chmod 644 /tmp/file; echo secret >/tmp/secret; chmod 600 /tmp/secret'
	check_is "S2 $name: the other sees his file" "$(user_within "$two" dave 'cat /tmp/file')" from-carol
	check_is "S2 $name: with its right owner" "$(user_within "$two" dave 'stat -c %U:%G:%a /tmp/file')" carol:team:644
	check_has "S2 $name: and can not read what is not for him" "$(user_within "$two" dave 'cat /tmp/secret')" 'Permission denied'
	check_has "S2 $name: nor remove it" "$(user_within "$two" dave 'rm -f /tmp/file')" 'Operation not permitted'
	check_is "S2 $name: what he makes is his" "$(user_within "$two" dave 'touch /tmp/his; stat -c %U:%G /tmp/his')" dave:team
	check_is "S2 $name: one host name for both" "$(within "$one" hostname) $(within "$two" hostname)" "together together"
	user_within "$one" carol 'setsid sleep 1020 >/dev/null 2>&1 </dev/null &'
	check_is "S2 $name: the other sees his process" "$(user_within "$two" dave 'pgrep -xf "sleep 1020" | wc -l')" 1
	check_has "S2 $name: and can not signal it" "$(user_within "$two" dave 'kill -TERM $(pgrep -xf "sleep 1020")')" 'not permitted'
	check_has "S2 $name: nor read its environment" "$(user_within "$two" dave 'cat /proc/$(pgrep -xf "sleep 1020")/environ')" 'Permission denied'
	check_has "S2 $name: nor trace it" "$(user_within "$two" dave 'strace -p $(pgrep -xf "sleep 1020")')" 'not permitted'
	check_is "S2 $name: its owner can" "$(user_within "$one" carol 'kill $(pgrep -xf "sleep 1020") && echo done')" 'done'
	check_has "S2 $name: he can not read the other's home where that is closed" \
		"$(user_within "$two" dave 'ls /home/carol/.ssh')" 'Permission denied'
	check_has "S2 $name: nor what PID 1 holds" "$(user_within "$two" dave 'ls /proc/1/fd')" 'Permission denied'
}

# /run/user/UID, which the host mounts when the set is there already, for a login that comes later.
test_later_mounts() {
	local uid

	common group
	mkdir -p $LATER
	mount_for 1601
	begin one carol
	mount_for 1602
	check "S2 a later login" begin two dave
	for uid in 1601 1602; do
		check_is "S2 /run/user/$uid is seen in the login of carol" "$(within one "cat $LATER/$uid/whose; stat -f -c %T $LATER/$uid")" "$uid"$'\n'tmpfs
		check_is "S2 /run/user/$uid is seen in the login of dave" "$(within two "cat $LATER/$uid/whose; stat -f -c %T $LATER/$uid")" "$uid"$'\n'tmpfs
	done
	check_is "S2 it is his, who it is for" "$(user_within two dave "touch $LATER/1602/socket && stat -c %U $LATER/1602/socket")" dave
	check_has "S2 and closed to the other" "$(user_within one carol "ls $LATER/1602")" 'Permission denied'
	umount $LATER/1602
	check_is "C-90 the host's umount reaches them: nothing stays busy" "$(within one "ls -A $LATER/1602")" ""
	within one 'mount -t tmpfs from-session /run/user/1602' >/dev/null
	check_is "S2 (control) a mount in the set is in the set" "$(within two 'grep -c from-session /proc/self/mountinfo')" 1
	check_is "S2 and none of its mounts comes to the host" "$(grep -c from-session /proc/self/mountinfo)" 0
	end one
	end two
	umount $LATER/1601
	rm -rf $LATER
	check_all_gone "S2 later mounts: nothing is left"
}

mount_for() {
	mkdir -p "$LATER/$1"
	mount -t tmpfs -o "mode=0700,uid=$1" run-user "$LATER/$1"
	echo "$1" >"$LATER/$1/whose"
}

# C-88: the host mounts on a mask, and on what is above it, while several are in the set.
test_masks() {
	local above place

	mkdir -p /srv/t/dir /root/new/t/dir
	echo secret >/srv/t/dir/secret
	echo secret >/root/new/t/dir/secret
	common group 'extra_mounts = ( { type = "mask"; path = "/srv/t/dir"; }, { type = "readonly"; path = "/srv/t"; } );'
	begin one carol
	begin two dave
	check_is "C-88 a mask in a common set, both logins" "$(within one 'ls -A /srv/t/dir'; within two 'ls -A /srv/t/dir')" ""
	for above in /srv/t/dir /srv/t /srv; do
		place=/root/new${above#/srv}
		mount --bind "$place" $above
		check_is "C-88 a later mount of the host on $above is there (control)" "$(cat /srv/t/dir/secret)" secret
		check_is "C-88 a later mount of the host on $above uncovers nothing" \
			"$(within one 'cat /srv/t/dir/secret /srv/dir/secret 2>/dev/null; echo looked')" looked
		umount -l $above
	done
	begin three carol
	check_is "C-88 nor does it for one who joins later" "$(within three 'cat /srv/t/dir/secret 2>/dev/null')" ""
	check_has "C-88 what is read-only stays so" "$(within three 'touch /srv/t/x')" 'Read-only'
	end one
	end two
	end three
	rm -rf /srv/t /root/new
	check_all_gone "C-88 nothing is left"
}

test_group() {
	common group
	log_mark
	begin one carol
	begin two dave
	check_has "S2 group: its entry is named by the gid" "$(entries)" '^g1700\.[0-9a-f]{16}$'
	check_log "S2 group: the first login makes it" "opened: id=$(id_of one) user=carol .* joined=no"
	check_log "S2 group: the second joins" "opened: id=$(id_of two) user=dave .* joined=yes"
	check_common "group" one two
	check "S2 group: another group" begin three erin
	check_apart "S2 group: by the primary group: its member only by the way" one three
	check_is "S2 two groups do not meet" "$(within three 'ls -A /tmp; pgrep -cx sleep')" 0
	check_is "S2 two groups, two entries" "$(n_entries)" 2
	end one
	check_is "S2 group: the end of one login leaves the other" "$(user_within two dave 'cat /tmp/file; id -un')" $'from-carol\ndave'
	check "S2 group: the first user comes again" begin four carol
	check_together "S2 group: into the same set" two four
	end two
	end three
	end four
	check_all_gone "S2 group: nothing is left"
}

test_named() {
	common "named:lab"
	begin one carol
	begin two dave
	check_has "S2 named: its entry is named so" "$(entries)" '^nlab\.[0-9a-f]{16}$'
	check_common "named" one two
	check "S2 named: a third, of another group" begin three erin
	check_together "S2 named: whoever gives it that name" one three
	end one
	end two
	end three
	check_all_gone "S2 named: nothing is left"

	common "named:%s"
	begin one carol
	SERVICE=su begin two dave
	SERVICE=su begin three carol
	check_apart "S2 named:%s: another service" one two
	check_together "S2 named:%s: the same one" two three
	check_is "S2 named:%s: the entries" "$(entries | cut -d. -f1 | sort | paste -sd ' ')" "npt nsu"
	end one
	end two
	end three
	common "named:%g"
	begin one carol
	begin two dave
	begin three erin
	check_together "S2 named:%g: the same primary group" one two
	check_apart "S2 named:%g: another one" one three
	end one
	end two
	end three
	check_all_gone "S2 named: nothing is left of any"
}

# By real doors.
test_doors() {
	local seen

	common group
	ssh_in carol 1021
	echo text >/root/data
	check "S2 scp by one" scp -q /root/data carol@127.0.0.1:/tmp/by-carol
	check_is "S2 seen by the other, in ssh" "$(as dave 'cat /tmp/by-carol; id -un; stat -c %U /tmp/by-carol')" $'text\ndave\ncarol'
	check_is "S2 and in su" "$(su dave -c 'cat /tmp/by-carol; id -un')" $'text\ndave'
	check_is "S2 and by su -" "$(su - dave -c 'pwd; ls /tmp')" $'/home/dave\nby-carol'
	check_is "S2 his home is his" "$(as dave 'echo mine >~/x && stat -c %U ~/x')" dave
	seen=$(as dave 'ps -e -o user=,args=' | grep -c '^carol .*sleep 1021')
	check_is "S2 he sees the other's process" "$seen" 1
	check_is "S2 one process 1" "$(pid1s | wc -l)" 1
	check_has "S2 a user of another group in ssh sees none of it" "$(as erin 'ls -A /tmp; ps -e -o user= | sort -u | paste -sd ,')" '^(erin,root|root,erin|erin)'
	ssh_out 1021
	check_all_gone "S2 after the last logout nothing is left"
}

# The second login's user, groups and limits are his own; of the set's first one nothing comes along.
test_own() {
	common "named:lab" 'environment = [ "WHO=%u" ];'
	begin one carol
	begin two dave env=WHO
	check_is "S2 the environment is each login's own" "$(grep '^env: WHO' $CTL/two.out)" "env: WHO -"
	end two
	check_is "S2 as the policy has it for him" "$(pamprobe pt dave open env=WHO close | grep '^env: WHO')" "env: WHO dave"
	check_is "S2 (it has joined)" "$(pamprobe pt dave open env=NSUNSHARE_ID close | sed -n 's/^env: NSUNSHARE_ID //p')" "$(id_of one)"
	end one
	check_all_gone "S2 own: nothing is left"
}

# User namespaces: the map has to serve all who may come.
test_maps() {
	common group 'namespaces = [ "mount", "ipc", "uts", "pid", "user" ];
		user_map = { uid = ( (0, 0, 1), (1601, 1601, 2) ); gid = ( (0, 0, 1), (5, 5, 1), (1700, 1700, 1) ); };'
	begin one carol
	begin two dave
	check_together "S2 a user namespace with ranges" one two
	check_is "S2 a user namespace with ranges: each is himself" \
		"$(user_within one carol 'id -u; touch /tmp/hers'; user_within two dave 'id -u; stat -c %U /tmp/hers' | paste -sd ' ')" $'1601\n1602 carol'
	end one
	end two
	check_all_gone "S2 a user namespace: nothing is left"
}

# What would be one user's in a set of many is refused.
test_refused() {
	local keys

	while IFS= read -r keys; do
		common group "$keys"
		log_mark
		out=$(pamprobe pt carol open 2>&1)
		check_is "S2 refused in a common set: $keys" "$(sed -n 's/^open: code //p' <<<"$out")" 4
		check_log "S2 the log says where: $keys" "refused: user=carol .*$POLICY:[0-9]+"
	done <<-'END'
		domainname = "%u";
		extra_mounts = ( { type = "tmpfs"; path = "/var/tmp/%u"; } );
		extra_mounts = ( { type = "tmpfs"; path = "/var/tmp"; owner = "user"; } );
		extra_mounts = ( { type = "instance"; path = "/var/tmp"; } );
		namespaces = [ "mount", "user" ];
	END
	common session
	check_is "S2 (control) without them it opens" "$(pamprobe pt carol open close | grep -c 'code 0')" 2
	check_all_gone "S2 refused: nothing is left"
}

build_tool pamprobe -lpam -lpthread
make_team
make_ctl
start_sshd
test_group
test_named
test_doors
test_own
test_later_mounts
test_masks
test_maps
test_refused
rm -rf $CTL
finish
