#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Names that come from outside: of accounts, homes, terminals, hosts, and a PAM_USER that changes. What C-45 and C-46 say of
# environment and limits is in 88-callers.sh and 85-hostile.sh.
# Holds G3 G20.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly EVERYBODY='rules = ( { user = [ "*", "root" ]; profile = "tested"; } );'
readonly VALID_HOST='^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$'

# account NAME UID [HOME]: as the only one of that uid, in the file itself: useradd would refuse it.
account() {
	printf '%s:x:%s:100::%s:/bin/sh\n' "$1" "$2" "${3-/home/alice}" >>/etc/passwd
}

# policy_for_all KEYS
policy_for_all() {
	policy <<<"$EVERYBODY profiles = { tested = { $1 }; };"
}

# log_in USER STEP...: into $out
log_in() {
	log_mark
	out=$(timeout 20 pamprobe pt "$@" 2>&1)
}

code_of() {
	sed -n "s/^$1: code //p" <<<"$out" | paste -sd ' '
}

# refused NAME REGEX
refused() {
	check_is "$1: refused with PAM_SYSTEM_ERR" "$(code_of open)" 4
	check_log "$1: the log says why" "refused: .*$2"
	check_is "$1: in one line" "$(log_count pam_nsunshare)" 1
}

readonly NAMES=('../../etc' 'a/b' '..' '.' '-rf' '%s%n%s%n' 'a b' '$(id)' $'e\033[2Jvil' '12345' 'häßlich' 'Alice'
	"$(head -c 300 /dev/zero | tr '\0' x)" "a'b\"c" 'a,b' 'con{}' '@wheel' '*')
# May such a name stand in a path? The others are refused where it would.
readonly GOOD_NAMES=' 12345 Alice '

test_account_names() {
	local name uid=4000 label marker=/etc/security/nsunshare.d

	for name in "${NAMES[@]}"; do
		uid=$((uid + 1))
		cp /etc/passwd /root/passwd
		account "$name" $uid
		label="C-40 account $(printf '%.20q' "$name")"
		policy_for_all 'base = "default"; hostname = "%u.guest"; mounts = ( { type = "tmpfs"; path = "/srv/%U"; optional = true; } );'
		log_in "$name" open run='echo "host: $(hostname)"; cat /proc/1/comm' close
		if [ "$name" = -rf ]; then # glibc's compat gives it out, its files do not
			check_has "$label: served, or not known to the account database" "$(code_of open)" '^[04]$'
		else
			check_is "$label: opened and closed" "$(code_of open) $(code_of close)" "0 0"
			check_has "$label: the host name is a valid one" "$(sed -n 's/^host: //p' <<<"$out")" "$VALID_HOST"
			check_is "$label: the log has one line for the open and one for the close" "$(log_new | grep -c 'pam_nsunshare(pt:session): ')" 2
			check_hasnt "$label: and nothing in it that a terminal would obey" "$(log_new)" $'\033'
		fi
		policy_for_all 'base = "default"; mounts = ( { type = "tmpfs"; path = "/srv/%u"; optional = true; } );'
		log_in "$name" open close
		if [[ $GOOD_NAMES == *" $name "* ]]; then
			check_is "$label: may stand in a path" "$(code_of open) $(code_of close)" "0 0"
		elif [ "$name" != -rf ]; then
			refused "$label in a path" "the value of %u for this user may not stand in a path"
		fi
		cp /root/passwd /etc/passwd
	done
	check_is "C-40: nothing was made of the names" "$(ls -d /srv/4* /srv/a* $marker/x* /etc/b 2>/dev/null)" ""
}

# PAM itself, or the account database, says no to these.
test_no_names() {
	policy_for_all 'base = "default";'
	log_in '' open
	check_isnt "C-40 the empty account name: not opened" "$(code_of open)" 0
	log_in alice no-user open
	check_isnt "C-43 PAM_USER is NULL: not opened" "$(code_of open)" 0
	check_is "C-43 PAM_USER is NULL: no helper is left" "$(pid1s)" ""
}

test_uids() {
	cp /etc/passwd /root/passwd
	account nobody-at-all 4294967295
	account toor 0
	account groupzero 4001
	sed -i 's/^groupzero:x:4001:100:/groupzero:x:4001:0:/' /etc/passwd
	policy_for_all 'base = "default";'
	log_in nobody-at-all open
	refused "C-41 uid 4294967295" "the user's uid or gid is 4294967295"
	policy <<<'rules = ( { uid = "0-"; profile = "default"; }, { user = [ "*", "root" ]; profile = "default"; } );'
	log_in toor open run='cat /proc/1/comm' close
	check_hasnt "C-41 uid 0 under another name: a rule for uids, for all names or for root does not isolate it" "$out" nsunshare-init
	policy <<<'rules = ( { user = "toor"; profile = "default"; } );'
	log_in toor open run='cat /proc/1/comm' close
	check_has "C-41 uid 0 under another name: one that names it does" "$out" '^nsunshare-init$'
	policy_for_all 'base = "default"; mounts = ( { type = "tmpfs"; path = "/tmp"; owner = "user"; mode = "0700"; } );'
	log_in groupzero open run='stat -c %u:%g /tmp' close
	check_has "C-41 gid 0 of an ordinary user: as any other" "$out" '^4001:0$'
	# another uid while the session is open: taken once, closed as it was opened
	log_in groupzero open run='sed -i s/:4001:/:4002:/ /etc/passwd' close open run='stat -c %u /tmp' close
	check_is "C-41 the uid changes while the session is open: closed; the next one has the new uid" \
		"$(code_of open) $(code_of close) $(grep -x '400[0-9]' <<<"$out")" "0 0 0 0 4002"
	check_gone "C-41: nothing is left"
	cp /root/passwd /etc/passwd
}

readonly HOMES=('' relative / /../../etc /home//alice /home/alice/ '/home/al ice'/.. $'/home/a\nb' /home/./alice)

test_homes() {
	local home

	policy_for_all 'base = "default"; mounts = ( { type = "tmpfs"; path = "%h/cache"; } );'
	for home in "${HOMES[@]}"; do
		cp /etc/passwd /root/passwd
		account homeless 4003 "$(head -1 <<<"$home")"
		log_in homeless open
		case $home in
		*$'\n'*) refused "C-42 home '${home%%$'\n'*}', cut at its line's end" "No such file or directory" ;;
		*) refused "C-42 home '$home'" "%h for this user may not stand in a path|does not expand to a clean absolute path" ;;
		esac
		cp /root/passwd /etc/passwd
	done
	account homeless 4003 /home/nowhere
	log_in homeless open
	refused "C-42 a home that does not exist" "'/home/nowhere/cache'.*: No such file or directory"
	policy_for_all 'base = "default";'
	log_in homeless cd=/tmp open close
	check_is "C-42 a home that does not exist, where no rule uses it: opened" "$(code_of open) $(code_of close)" "0 0"
	cp /root/passwd /etc/passwd
}

test_pam_user() {
	policy_for_all 'base = "default";'
	log_in alice state=before open user=bob close state=after
	check_is "C-43 PAM_USER becomes another user before the close: both succeed" "$(code_of open) $(code_of close)" "0 0"
	check_is "C-43 PAM_USER becomes another user before the close: the caller is as before" \
		"$(sed -n 's/^after: //p' <<<"$out")" "$(sed -n 's/^before: //p' <<<"$out")"
	check_log "C-43 PAM_USER becomes another user before the close: the log names whose session it was" ' closed: .*user=alice '
	log_in alice state=before open no-user close state=after
	check_is "C-43 PAM_USER becomes NULL before the close: both succeed" "$(code_of open) $(code_of close)" "0 0"
	check_is "C-43 PAM_USER becomes NULL before the close: the caller is as before" \
		"$(sed -n 's/^after: //p' <<<"$out")" "$(sed -n 's/^before: //p' <<<"$out")"
	check_gone "C-43: nothing is left"
}

# A name service to which Alice is alice, as those of directories are: the account's own name counts.
test_other_case() {
	local libdir
	libdir=$(dirname "$(gcc -print-file-name=libnss_files.so.2 2>/dev/null || echo /lib/x86_64-linux-gnu/x)")
	[ -d "$libdir" ] || libdir=/lib/$(gcc -print-multiarch)

	gcc -shared -fPIC -x c -o "$libdir/libnss_anycase.so.2" - <<-'END'
		#include <nss.h>
		#include <pwd.h>
		#include <strings.h>
		enum nss_status _nss_anycase_getpwnam_r(const char *name, struct passwd *p, char *b, size_t len, int *err)
		{
			(void)b, (void)len, (void)err;
			if (strcasecmp(name, "carol"))
				return NSS_STATUS_NOTFOUND;
			*p = (struct passwd){"carol", "x", 4005, 100, "", "/home/alice", "/bin/sh"};
			return NSS_STATUS_SUCCESS;
		}
	END
	cp /etc/nsswitch.conf /root/nsswitch.conf
	sed -i 's/^passwd:.*/passwd: files anycase/' /etc/nsswitch.conf
	policy <<<'rules = ( { user = "carol"; profile = "default"; } );'
	log_in CAROL open run=hostname close
	check_has "C-43 PAM_USER in another case than the account: the account's name counts" "$out" '^carol-shellhost$'
	cp /root/nsswitch.conf /etc/nsswitch.conf
	rm "$libdir/libnss_anycase.so.2"
}

test_items() {
	local item long

	long=$(head -c 100000 /dev/zero | tr '\0' /)
	policy_for_all 'base = "default";'
	for item in tty rhost ruser; do
		log_in alice "$item="$'x\nAug 1 sshd: opened: id=0 user=root\033[31m' open run='cat /proc/1/comm' close
		check_is "C-44 $item with a newline and escape codes: opened and closed" "$(code_of open) $(code_of close)" "0 0"
		check_is "C-44 $item with a newline and escape codes: two lines in the log" "$(log_new | wc -l)" 2
		check_hasnt "C-44 $item with a newline and escape codes: none of them forged" "$(log_new)" $'\033|^Aug 1|user=root'
		log_in alice "$item=$long" open close
		# libpam's own audit message does not hold it, and then libpam says no behind our back: what we opened must end
		check_is "C-44 $item of 100,000 bytes: opened and closed" "$(log_count ' opened: ') $(log_count ' closed: ')" "1 1"
		check "C-44 $item of 100,000 bytes: nothing is left" wait_until 20 no_pid1
		check "C-44 $item of 100,000 bytes: the lines of the log stay short" test "$(log_new | wc -c)" -lt 2000
		log_in alice "$item=../../../etc" open run='tr "\0" "\n" </proc/1/environ | wc -c; tr "\0" "\n" </proc/1/cmdline' close
		check_is "C-44 $item that is a path: neither in the environment nor in the arguments of the helper" \
			"$(grep -vE '^(open|close|run):' <<<"$out" | paste -sd ' ')" "0 nsunshare-init"
	done
	policy <<<'rules = ( { user = "*"; rhost = "192.0.2.*"; profile = "default"; hostname = "by-rhost"; },
		{ user = "*"; tty = "tty[1-9]"; profile = "default"; hostname = "by-tty"; } );'
	log_in alice rhost=192.0.2.7 tty=tty1 open run=hostname close
	check_has "C-44 rules that name rhost use it (control)" "$out" '^by-rhost$'
	log_in alice $'rhost=192.0.3.7\n192.0.2.7' tty=tty1 open run=hostname close
	check_has "C-44 a newline does not make it another" "$out" '^by-tty$'
	log_in alice rhost="$long" tty=$'tty1\n' open run=hostname close
	check_has "C-44 nor does a long one, or one behind it, match" "$out" '^shellhost$'
}

# The host name is a name that sudoers may give rights to.
test_sudoers() {
	printf 'Host_Alias SAFE = alice\nalice SAFE = (root) NOPASSWD: ALL\n' >/etc/sudoers.d/test
	chmod 0440 /etc/sudoers.d/test
	printf '127.0.1.2\talice\n' >>/etc/hosts
	policy_for_users 'base = "default"; hostname = "%u";'
	check_is "C-39 hostname = \"%u\" of a user who is called as a host of sudoers: he gains its rights (the manual warns)" \
		"$(su alice -c 'sudo -n id -u' 2>&1)" 0
	policy_for_users
	check_has "C-39 the default host name: he does not" "$(su alice -c 'sudo -n id -u' 2>&1)" 'password is required|not allowed|not in the sudoers'
	check_is "C-39 the default host name has a fixed part" "$(su alice -c hostname)" alice-shellhost
	check "C-39 the manual says so" grep -q 'sudoers 5' "$HERE/../../man/nsunshare.conf.5"
	rm /etc/sudoers.d/test
	sed -i '/^127.0.1.2/d' /etc/hosts
}

build_tool pamprobe -lpam -lpthread
test_account_names
test_no_names
test_uids
test_homes
test_pam_user
test_other_case
test_items
test_sudoers
check_gone "names: nothing is left"
finish
