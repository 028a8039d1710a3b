#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The fail-safe drill: files of the package, or of a library it needs, are missing.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../life.inc"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../drill.inc"
build_tool ptytalk -lutil -DTIME_LIMIT=200

MODULE=$(dpkg -L libpam-nsunshare 2>/dev/null | grep '/pam_nsunshare\.so$')
MODULE=${MODULE:-/lib/x86_64-linux-gnu/security/pam_nsunshare.so}
LIBCONFIG=$(ldconfig -p | sed -n 's/.*libconfig\.so\.[0-9]* .*=> //p' | head -n 1)
readonly MODULE LIBCONFIG

lose_helper() {
	mv "$HELPER" /root/lost
}

mend_helper() {
	mv /root/lost "$HELPER"
}

lose_module() {
	mv "$MODULE" /root/lost
}

mend_module() {
	mv /root/lost "$MODULE"
}

# PAM's line does not name what the module lacks; the tool, which needs the same, does.
lose_libconfig() {
	mv "$LIBCONFIG" /root/lost
	tool_says=$(nsunshare check 2>&1)
}

mend_libconfig() {
	mv /root/lost "$LIBCONFIG"
}

begin_drill
drill "missing helper" lose_helper mend_helper "refused: user=alice service=sshd: .*$HELPER"
drill "missing module" lose_module mend_module 'PAM unable to dlopen\(pam_nsunshare\.so\)' ''
drill "missing libconfig" lose_libconfig mend_libconfig 'PAM unable to dlopen\(pam_nsunshare\.so\)' ''
check_has "missing libconfig: nsunshare check names it, as README.Debian says" "$tool_says" 'libconfig\.so'
end_drill
finish
