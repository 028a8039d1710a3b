#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The package is installed: it changes nobody's login, and is last in the stacks; and what it says of itself holds.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

# last_of STACK: its last session module.
last_of() {
	sed -n 's/^session[[:space:]]*\(\[[^]]*\]\|[a-z]*\)[[:space:]]*//p' "/etc/pam.d/$1" | tail -n 1
}

namespaces_of_alice() {
	timeout 60 ssh alice@127.0.0.1 'readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/uts /proc/self/ns/ipc' </dev/null | paste -sd ' '
}

before=$(namespaces_of_alice)
check_is "before: alice is in the host's namespaces" "$before" "$(readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/uts /proc/self/ns/ipc | paste -sd ' ')"
cp -a /etc/pam.d /root/pam.d-before
check "the package is installed" dpkg -i /test/new.deb
check_is "all that it depends on is there" "$(dpkg --audit)" ""
for stack in common-session common-session-noninteractive; do
	check_is "it is last in $stack" "$(last_of $stack | xargs)" "pam_nsunshare.so"
done
check_is "nothing else of /etc/pam.d has changed" "$(diff -rq /root/pam.d-before /etc/pam.d | grep -v common-session)" ""
check_is "/run/nsunshare is made" "$(stat -c '%U %a' /run/nsunshare)" "root 700"
check_is "and where instances are" "$(stat -c '%U %a' /var/lib/nsunshare/instances)" "root 700"
check_is "alice logs in as before" "$(namespaces_of_alice)" "$before"
check_is "root too" "$(timeout 60 ssh root@127.0.0.1 id -un </dev/null)" root
check "the policy has no mistake" nsunshare check
out=$(nsunshare doctor 2>&1)
status=$?
echo "# ${out//$'\n'/$'\n# '}"
check_is "doctor finds nothing on this host" "$status" 0
finish
