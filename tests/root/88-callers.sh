#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Callers and surroundings of a kind that the module does not expect: environment, name services, threads, chroots, an exec without
# a fork, a PID 1 that dies, odd helpers and containers.
# shellcheck disable=SC2016,SC2029 # single-quoted text is for the shell of the session
# shellcheck disable=SC2119,SC2153,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly SEEN=/srv/seen # a place that sessions and host share
LIBRARIES=$(pkg-config --variable=libdir pam)

code_of() {
	sed -n "s/^$1: code //p" <<<"$out" | paste -sd ' '
}

# is_refused NAME REASON: what $out and the log since log_mark say.
is_refused() {
	check_is "$1: refused with PAM_SYSTEM_ERR" "$(code_of open)" 4
	check_log "$1: the log says why" "refused: user=[^ ]+ service=[^ ]+: .*$2"
	check_is "$1: in one line" "$(log_count 'pam_nsunshare.* refused: ')" 1
	check "$1: no helper is left" wait_until 20 no_pid1
}

opens() {
	[ "$(pamprobe pt alice open run='cat /proc/1/comm' close | grep -xc nsunshare-init)" = 1 ]
}

# A library that writes into $SEEN who has loaded it. Its own name service knows nobody, and says so in $NSS_ANSWER.
make_library() {
	gcc -shared -fPIC -D_GNU_SOURCE -x c -o "$1" - <<-'END'
		#include <errno.h>
		#include <fcntl.h>
		#include <grp.h>
		#include <nss.h>
		#include <pwd.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <unistd.h>
		#define ANSWER enum nss_status
		__attribute__((constructor)) static void load(void)
		{
			FILE *file = fopen("/srv/seen/loaded", "a");
			if (file)
				fprintf(file, "%s\n", program_invocation_short_name), fclose(file);
		}
		static ANSWER answer(int *error)
		{
			char text[16] = "";
			int fd = open("/srv/seen/answer", O_RDONLY);
			if (fd < 0 || read(fd, text, sizeof(text)) < 0 || close(fd) < 0)
				return NSS_STATUS_NOTFOUND;
			*error = text[0] == 'E' ? ENOENT : text[0] == 'A' ? EAGAIN : ECONNREFUSED;
			return text[0] == 'A' ? NSS_STATUS_TRYAGAIN : NSS_STATUS_UNAVAIL;
		}
		ANSWER _nss_hostile_getpwnam_r(const char *n, struct passwd *p, char *b, size_t l, int *e) { return answer(e); }
		ANSWER _nss_hostile_getgrnam_r(const char *n, struct group *g, char *b, size_t l, int *e) { return answer(e); }
		ANSWER _nss_hostile_getgrgid_r(gid_t i, struct group *g, char *b, size_t l, int *e) { return answer(e); }
		void *la_version(unsigned v) { return (void *)(long)v; }
	END
}

# C-45. pamprobe is no setuid program here: the loader obeys it, and so the library is in it. It must stop there.
test_environment() {
	local hostile plain
	# shellcheck disable=SC2206 # the place has no blanks
	hostile=(LD_PRELOAD=$SEEN/lib.so LD_AUDIT=$SEEN/lib.so LD_LIBRARY_PATH=$SEEN LD_DEBUG=statistics LD_DEBUG_OUTPUT=$SEEN/debug
		GCONV_PATH=$SEEN LOCPATH=$SEEN NLSPATH=$SEEN/%N LANG=xx_XX.UTF-8 LC_ALL=xx TMPDIR=$SEEN TZ=:$SEEN/zone TZDIR=$SEEN IFS=x
		HOME=$SEEN USER=root LOGNAME=root PATH=$SEEN HOSTALIASES=$SEEN/hosts RESOLV_HOST_CONF=$SEEN/hosts MALLOC_TRACE=$SEEN/trace
		MALLOC_PERTURB_=165 MALLOC_ARENA_TEST=1 GLIBC_TUNABLES=glibc.malloc.check=3 LIBMOUNT_FSTAB=$SEEN/fstab
		LIBMOUNT_FORCE_MOUNT2=always NSUNSHARE_ID=0123456789abcdef NSUNSHARE_CONF=$SEEN/conf NSUNSHARE_PROFILE=none
		NSUNSHARE_HELPER=/bin/false PAM_USER=root)

	sed 's/pam_nsunshare.so/& debug/' /etc/pam.d/pt >/etc/pam.d/pt-debug
	echo 'rules = ();' >$SEEN/conf
	log_mark
	pamprobe pt-debug alice open close >/dev/null
	wait_until 20 log_new_has ' closed: '
	plain=$(log_new | sed -n 's/.*: plan: //p')
	check_isnt "C-45: the plan of a caller with a plain environment (control)" "$plain" ""
	rm -f $SEEN/loaded
	log_mark
	out=$(env "${hostile[@]}" "$(command -v pamprobe)" pt-debug alice open \
		run='/usr/bin/env -i /usr/bin/sh -c "/usr/bin/cat /proc/1/comm; /usr/bin/wc -c </proc/1/environ"' close 2>/dev/null)
	wait_until 20 log_new_has ' closed: '
	check_has "C-45: a hostile environment: isolated, and PID 1's own is empty" "$(paste -sd ' ' <<<"$out")" 'nsunshare-init 0 run: status 0'
	check_is "C-45: a hostile environment: the plan is the same" "$(log_new | sed -n 's/.*: plan: //p')" "$plain"
	check_hasnt "C-45: a hostile environment: the id of the session is its own" "$(log_new)" 'opened: id=0123456789abcdef'
	check_has "C-45: the library of the environment was loaded by the caller (control)" "$(cat $SEEN/loaded)" '^pamprobe$'
	check_hasnt "C-45: and not by the helper" "$(cat $SEEN/loaded)" 'nsunshare|^[0-9]+$'
	check_is "C-45: nothing else reads or writes where it points" "$(find $SEEN -name 'trace*' -o -name 'debug.*nsun*')" ""
	rm -f /etc/pam.d/pt-debug $SEEN/conf $SEEN/debug*

	rm -f $SEEN/loaded
	out=$(runuser -u alice -- env "${hostile[@]}" /usr/bin/su bob -c '/usr/bin/cat /proc/1/comm; /usr/bin/id -un; echo $NSUNSHARE_ID' 2>&1)
	check_has "C-45: su in a hostile environment: isolated" "$out" '^nsunshare-init$'
	check_has "C-45: su in a hostile environment: as bob" "$out" '^bob$'
	check_has "C-45: su in a hostile environment: NSUNSHARE_ID is ours" "$(grep -vx 0123456789abcdef <<<"$out")" '^[0-9a-f]{16}$'
	check_hasnt "C-45: su has not loaded the library, nor has the helper" "$(cat $SEEN/loaded 2>/dev/null)" '^su$|nsunshare|^[0-9]+$'
}

# A name service that can not answer is not one that says no: a rule by group must not be passed over.
test_name_service() {
	local answer

	cp -a /etc/nsswitch.conf /root/nsswitch
	make_library "$LIBRARIES/libnss_hostile.so.2"
	policy <<<'rules = ( { group = "of-the-directory"; profile = "default"; }, { user = "*"; profile = "none"; } );'
	sed -i 's/^\(passwd\|group\):.*/\1: files hostile/' /etc/nsswitch.conf
	rm -f $SEEN/answer
	log_mark
	out=$(pamprobe pt alice open 2>&1)
	check_is "name service says that there is no such group: the next rule serves (control)" "$(code_of open)" 0
	for answer in UNAVAIL ENOENT AGAIN; do
		echo $answer >$SEEN/answer
		log_mark
		out=$(pamprobe pt alice open 2>&1)
		is_refused "name service answers $answer" "look up the group 'of-the-directory'"
	done
	log_mark
	out=$(pamprobe pt not-in-files open 2>&1)
	is_refused "name service answers AGAIN for a user" 'look up the user'
	cp -a /root/nsswitch /etc/nsswitch.conf
	policy_for_users
	check "name service: with the old one the next login works" opens
}

# C-53. The helper's place has a program that gives the session another nsswitch.conf before it becomes the real helper.
test_view() {
	local seen joined

	mkdir -p $SEEN/etc
	sed 's/^\(passwd\|group\):.*/\1: hostile/' /root/nsswitch >$SEEN/etc/nsswitch.conf
	cp -a "$HELPER" $SEEN/helper
	gcc -static -x c -o "$HELPER" - <<-'END'
		#include <stddef.h>
		#include <sys/mount.h>
		#include <unistd.h>
		int main(void)
		{
			char *argv[] = {"nsunshare-init", NULL}, *envp[] = {NULL};
			if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			    mount("/srv/seen/etc/nsswitch.conf", "/etc/nsswitch.conf", NULL, MS_BIND, NULL) < 0)
				return 1;
			return execve("/srv/seen/helper", argv, envp);
		}
	END
	rm -f $SEEN/loaded $SEEN/answer
	out=$(pamprobe pt alice open run='cat /etc/nsswitch.conf; id' close 2>&1)
	check_has "C-53: the session has another nsswitch.conf (control)" "$out" '^passwd: hostile$'
	check_is "C-53: opened and closed all the same" "$(code_of open) $(code_of close)" "0 0"
	check_has "C-53: which has an effect in it (control)" "$(cat $SEEN/loaded)" '^id$'
	check_fails "C-53: the opener has not loaded a library of the session's choice" grep -qx pamprobe $SEEN/loaded
	cp -a $SEEN/helper "$HELPER"
	rm -f "$LIBRARIES/libnss_hostile.so.2"

	# the calls of su itself, in its stock stack, from the commit to its fork
	strace -f -s 300 -o /run/trace su alice -c true
	seen=$(awk 'NR == 1 { su = $1 } $1 != su { next } / setns\(/ { inside = 1 } inside { print } inside && / v?(clone3?|fork)\(/ { exit }' /run/trace)
	joined=$(grep -c ' setns(' <<<"$seen")
	check_is "C-53: su commits with one setns(2), and goes on to its fork (control)" \
		"$joined $(grep -cE ' v?(clone3?|fork)\(' <<<"$seen")" "1 1"
	seen=$(sed '/pam_nsunshare(su:session): opened/q' <<<"$seen")
	check_has "C-53: the line in the log ends the module's part (control)" "$seen" 'pam_nsunshare.su:session.: opened'
	check_is "C-53: the module looks up one name after the commit, the working directory" \
		"$(grep -E ' [a-z0-9_]+\([^)]*"/' <<<"$seen" | grep -E ' (open|stat|access|read|connect|statx|newfstatat|mkdir|chdir|exec)[a-z0-9]*\(' |
			sed 's/.* \([a-z0-9_]*\)(.*"\(\/[^"]*\)".*/\1 \2/')" 'openat2 /'
	rm /run/trace
}

test_threads() {
	log_mark
	out=$(pamprobe pt alice thread open 2>&1)
	is_refused "C-54: a second thread" "the caller has 2 threads"
	log_mark
	out=$(pamprobe pt alice open thread close 2>&1)
	check_has "C-58: there can be no thread after the commit into a pid namespace" "$out" 'pthread_create: Invalid argument'
	check_gone "C-58: and the session ends with its caller"
	policy_for_users 'namespaces = [ "mount", "ipc", "uts" ];'
	out=$(pamprobe pt alice open thread close 2>&1)
	policy_for_users
	check_is "C-58: a thread after the commit into others: close succeeds" "$(code_of open) $(code_of close)" "0 0"
	check_log "C-58: the log says that the caller stays inside, and why" \
		"closed: id=[0-9a-f]*, but the caller stays inside of it: go back to the caller's own mount namespace: Invalid argument"
	check_gone "C-58: the session has ended"
	check "C-58: the next login works" opens
}

test_chroot() {
	mkdir -p /srv/jail
	log_mark
	out=$(pamprobe pt alice open chroot=/srv/jail close run=/bin/true 2>&1)
	check_is "C-55: a chroot after the open: close does not leave it" "$(code_of close) $(grep -c 'run: status 100' <<<"$out")" "0 1"
	check_log "C-55: a chroot after the open: the log says so" 'stays inside of it: it has chrooted itself since'
	rmdir /srv/jail
	check_gone "C-55: the session has ended"
}

# An opener that becomes the user's program, as the services of systemd do that have PAMName=.
test_exec() {
	rm -f /root/seen
	pamprobe pt alice open exec='exec >/root/seen 2>&1; readlink /proc/1/cwd /proc/self; cat /proc/1/comm; hostname; sleep 1000 & sleep 0.2' \
		>/dev/null
	check_has "C-57 exec without a fork: the program has the session's /proc" "$(</root/seen)" '^nsunshare-init$'
	check_has "C-57 exec without a fork: and its host name" "$(</root/seen)" '^alice-shellhost$'
	check_gone "C-57 exec without a fork: PID 1 ends with the program"
	check_fails "C-57 exec without a fork: a child of it is a process of the session, and ends too" pgrep -x sleep
	out=$(pamprobe pt alice open exec='sh -c "cat /proc/self/comm; kill -0 1 && echo pid-1"; test -e /proc/self || echo no-self' 2>&1)
	check_has "C-57 exec without a fork: the program itself is not in the pid namespace, its children are" \
		"$(paste -sd ' ' <<<"$out")" 'open: ms [0-9]+ cat pid-1 no-self$'
	cp /etc/pam.d/pt /etc/pam.d/systemd-user
	policy <<<'rules = ( { user = "*"; profile = "default"; } );'
	check_is "C-57 systemd-user: left alone by a rule that does not name it" \
		"$(pamprobe systemd-user alice open run='readlink /proc/self/ns/pid' | sed -n 's/^pid:/&/p')" "$(namespace pid)"
	rm /etc/pam.d/systemd-user
	policy_for_users
}

# By root outside, or by the kernel for want of memory (C-97).
test_death_of_pid1() {
	rm -f /root/ready /root/dead
	log_mark
	pamprobe pt alice state=before open start='sleep 1000' run='touch /root/ready' wait=/root/dead reap fork close fork run='readlink /proc/self/ns/pid' \
		state=after >/root/output 2>&1 &
	wait_until 50 test -e /root/ready
	pkill -KILL -x nsunshare-init
	check "C-60 PID 1 killed: the session's processes end" wait_until 20 no_sleep
	touch /root/dead
	wait $!
	out=$(</root/output)
	check_is "C-60 PID 1 killed: the opener can not fork into it any more, and after close it can" \
		"$(sed -n 's/^fork: //p' <<<"$out")" $'Cannot allocate memory\ndone'
	check_is "C-60 PID 1 killed: close succeeds" "$(code_of open) $(code_of close)" "0 0"
	check_is "C-60 PID 1 killed: the opener is as before" \
		"$(sed -n 's/^after: //p' <<<"$out")" "$(sed -n 's/^before: //p' <<<"$out")"
	check_has "C-60 PID 1 killed: its children are the host's again" "$out" "^$(namespace pid | sed 's/[][]/\\&/g')$"
	check_log "C-60 PID 1 killed: the close is logged" ' closed: id='
	check_hasnt "C-60 PID 1 killed: without a complaint" "$(log_new)" 'stays inside|refused'
	out=$(su alice -c "touch /srv/seen/ready; sleep 1000" 2>&1 & wait_until 50 test -e $SEEN/ready; pkill -KILL -x nsunshare-init; wait $!; echo "status $?")
	check_has "C-97 PID 1 killed as the kernel would: su ends, the user is told" "$out" '^status 137$'
	check "C-97 PID 1 killed: the next login works" opens
	rm -f /root/ready /root/dead $SEEN/ready
}

no_sleep() {
	! pgrep -x sleep
}

# Helpers beyond those of 80-refused.sh, and where they may lie.
test_helpers() {
	cp -a "$HELPER" /root/helper
	printf '\xf7\x00' | dd of="$HELPER" bs=1 seek=18 conv=notrunc status=none # e_machine: eBPF
	log_mark
	out=$(pamprobe pt alice open 2>&1)
	is_refused "C-63 helper of another machine" "execute the helper: Exec format error"
	cp -a /root/helper "$HELPER"

	mount --bind $HELPER_DIR $HELPER_DIR
	mount -o remount,bind,noexec $HELPER_DIR
	log_mark
	out=$(pamprobe pt alice open 2>&1)
	is_refused "C-63 helper on a noexec mount" "execute the helper: Permission denied"
	mount -o remount,bind,nosuid,exec $HELPER_DIR
	check "C-63 helper on a nosuid mount: serves, it is no setuid program" opens
	umount $HELPER_DIR
	# as a package manager's copies and deduplicated images have it; who can not write the file can not write the link
	ln "$HELPER" /srv/helper-link
	check "C-63 helper with a second hard link: serves" opens
	rm /srv/helper-link
	check_is "C-70: nothing of PAM, of name services or of a loader is in the helper" \
		"$(nm "$(dirname "$HERE")/../build/$VARIANT/nsunshare-init" | grep -E ' _?(pam_|getpw|getgrnam|getgrgid|getgrouplist|dlopen|syslog|vsyslog|openlog|gethostby|getaddrinfo)')" ""
	check_has "C-70: the symbols of it can be seen (control)" \
		"$(nm "$(dirname "$HERE")/../build/$VARIANT/nsunshare-init")" ' nsu_setup_run$'
}

# Containers of a kind: never a success without isolation.
test_containers() {
	log_mark
	out=$(unshare --user --map-root-user --pid --fork --mount --mount-proc pamprobe pt alice open 2>&1)
	is_refused "C-69 a rootless container with its own pids and /proc" "the caller is inside a user namespace"
	log_mark
	out=$(unshare --pid --fork --mount --mount-proc setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \
		pamprobe pt alice open 2>&1)
	is_refused "C-69 a container of root without CAP_SYS_ADMIN" "the caller has no CAP_SYS_ADMIN"
	check_is "C-69 a container of root with it: isolated within" \
		"$(unshare --pid --fork --mount --mount-proc pamprobe pt alice open run='cat /proc/1/comm' | grep -c nsunshare-init)" 1
	nsunshare list >/dev/null
	check_is "C-69 a container that ends with its opener kills PID 1: its entry is swept by who looks" \
		"$(find /run/nsunshare -type s)" ""
}

build_tool pamprobe -lpam -lpthread
install -d -m 1777 $SEEN
make_library $SEEN/lib.so
chmod 755 $SEEN/lib.so
sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/su
policy_for_users
test_environment
test_name_service
test_view
test_threads
test_chroot
test_exec
test_death_of_pid1
test_helpers
test_containers
check_gone "callers: all sessions are gone"
rm -rf $SEEN
finish
