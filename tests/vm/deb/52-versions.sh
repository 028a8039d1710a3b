#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Module, helper and sets of two versions that do not understand one another: sessions go on and end as they should, nobody joins
# what he does not understand, and nobody is let in half isolated.
# shellcheck disable=SC2016 # single-quoted text is for the shell of the session
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"
build_tool ptytalk -lutil -DTIME_LIMIT=200

readonly REFUSED='could not be isolated and is refused'

install_version() {
	dpkg -i "/test/$1.deb" </dev/null
}

# su_meanwhile COMMAND: bob's `su -l alice` has loaded the module and asks for the password; COMMAND is run then, and he goes on.
su_meanwhile() {
	rm -f /run/meanwhile
	ptytalk 'Password: ' '' 'MEANWHILE' "$PASSWORD^M" -- sh -c "
		(while ! grep -qs pam_nsunshare /proc/\$(pgrep -nx su)/maps; do sleep 0.1; done; $1; sleep 0.5; echo MEAN\"\"WHILE >/dev/tty) &
		exec setpriv --reuid=bob --regid=bob --init-groups su -l alice -c 'echo in-\$(cat /proc/1/comm)'" | tr -d '\r'
}

install_package
policy <<'END'
rules = ( { user = "alice"; profile = "default"; }, { user = "bob"; profile = "shared"; } );
profiles = { shared = { base = "default"; scope = "user"; lifetime = "permanent"; }; };
END
check "an earlier version, which speaks otherwise, is installed" install_version older
check_has "it says which it is" "$(grep -ao 'pam_nsunshare version [0-9.]*' "$HELPER")" 'version 0\.0\.9'
rm -rf /root/new && mkdir /root/new && dpkg-deb -x /test/new.deb /root/new
open_shell alone alice
open_shell shared bob
alone=$(ns_of alone pid) shared=$(ns_of shared pid)
check_has "sessions of the earlier version are open" "$alone $shared" '^pid:.* pid:'
log_mark
out=$(su_meanwhile "cp --remove-destination /root/new$HELPER_DIR/* $HELPER_DIR")
check_has "who has loaded the old module and meets the new helper is refused, and told" "$out" "$REFUSED"
check_hasnt "not let in" "$out" '^in-'
check_log "the log says why" 'refused: user=alice service=su-l: .*not of this version: are .* of one build'
log_mark
check_has "so is everybody while only the helper is new" "$(by_ssh alice true)" "$REFUSED"
cp --remove-destination /root/new/lib/x86_64-linux-gnu/security/pam_nsunshare.so /lib/x86_64-linux-gnu/security/
check_is "and let in when the module is" "$(by_ssh alice 'cat /proc/1/comm')" nsunshare-init
dpkg-deb -x /test/older.deb /root/older
cp --remove-destination "/root/older$HELPER" "$HELPER"
check_has "the other way around, a new module and an old helper: refused" "$(by_ssh alice true)" "$REFUSED"
rm "$HELPER"
check_has "no helper: refused" "$(by_ssh alice true)" "$REFUSED"
check "the upgrade is carried through" install_version new
check_is "the open session goes on" "$(ask alone 'readlink /proc/self/ns/pid; cat /proc/1/comm')" "$alone"$'\nnsunshare-init'
check_is "so does the shared one" "$(ask shared 'readlink /proc/self/ns/pid')" "$shared"
open_shell fresh bob
check_isnt "a new login does not join what it does not understand" "$(ns_of fresh pid)" "$shared"
check_has "but has a set of its own" "$(ns_of fresh pid)" '^pid:'
check_has "the tool says of the old one that it gives no answer" "$(nsunshare list 2>&1)" 'u1502\.[0-9a-f]* gives no answer'
log_mark
close_shell alone
check_log "the session of the earlier version is closed and logged" 'closed: id=[0-9a-f]{16} user=alice service=sshd'
close_shell shared
close_shell fresh
nsunshare kill --yes bob >/run/killed 2>&1
check_has "and ends it, kept as it was" "$(</run/killed)" '^u1502\.[0-9a-f]*: killed'
rm /run/killed
check_gone "all have ended"
rm -rf /root/new /root/older
end_users alice bob
finish
