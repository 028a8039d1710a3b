#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Limits of sessions where the host does not have what they need: refused, with what is missing and what to do; and the program that
# makes them failing in each way. What they do is tested in a guest (tests/vm), how cgroups are made in unit/test_limits.
# shellcheck disable=SC2119,SC2317 # functions are called by name, from tables and by wait_until
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

readonly ASSISTANT=$HELPER_DIR/nsunshare-limits
readonly CGROUPS=/sys/fs/cgroup

# refused NAME REGEX [STEP...]: an open is, for that reason, and nothing of the caller has changed.
refused() {
	local name=$1 regex=$2 out
	shift 2

	log_mark
	out=$(timeout 30 pamprobe pt alice "$@" state=before open state=after 2>&1)
	check_is "$name: refused with PAM_SYSTEM_ERR" "$(sed -n 's/^open: code //p' <<<"$out")" 4
	check_log "$name: the log says why" "refused: user=alice service=pt: $regex"
	check_has "$name: the caller's state is known" "$out" '^after: .'
	check_is "$name: the caller is as before" "$(sed -n 's/^after: //p' <<<"$out")" "$(sed -n 's/^before: //p' <<<"$out")"
	check_gone "$name: no helper is left"
}

limited() {
	policy_for_users "namespaces = [ \"mount\", \"pid\", \"cgroup\" ]; ${2:-} limits = { $1 };"
}

test_usage() {
	check_has "started by hand: says what it is" "$("$ASSISTANT" 2>&1)" '^nsunshare-limits: .*pam_nsunshare'
	check_is "started by hand: exit status" "$("$ASSISTANT" >/dev/null 2>&1; echo $?)" 2
}

test_without_v2() {
	limited 'memory = "64M";'
	refused "no cgroup v2" 'limits need cgroup v2'
	limited 'memory = "64M";' 'on_error = "allow";'
	check_is "no cgroup v2, on_error = \"allow\": logs in" "$(timeout 30 pamprobe pt alice open close 2>&1 | grep -c ': code 0')" 2
}

# A host that has cgroup v2 beside v1, as systemd makes it. Where v2 has the controllers, a limit would be made for real.
test_hybrid() {
	local key controller

	if ! grep -qE '^[1-9][0-9]*:([^:]*,)?memory[:,]' /proc/self/cgroup; then
		skip "a controller on v1 is named" "this host has them on v2"
		return
	fi
	mount -t tmpfs cgroups $CGROUPS
	mkdir $CGROUPS/unified
	mount -t cgroup2 cgroup2 $CGROUPS/unified
	while IFS='|' read -r key controller; do
		limited "$key;"
		refused "hybrid, $key" "limits\\.${key%% *} needs the controller '$controller' on cgroup v2, and this host has it on v1"
	done <<-END
		memory = "64M"|memory
		tasks = 50|pids
		cpu_weight = 50|cpu
	END
	check_is "hybrid: nothing was made" "$(find $CGROUPS/unified -name nsunshare -o -name session)" ""
	test_assistant
	umount $CGROUPS/unified
	umount $CGROUPS
}

# The program that makes cgroups, missing, deaf, dead and alien.
test_assistant() {
	mv "$ASSISTANT" /root/assistant
	limited 'tasks = 50;' 'timeout = 1000;'
	refused "the assistant is missing" ".*$ASSISTANT.*"
	install -m 0755 /usr/bin/true "$ASSISTANT"
	refused "the assistant ends without an answer" 'nsunshare-limits ended before it was ready'
	ln -s /root/assistant "$ASSISTANT.link"
	mv "$ASSISTANT.link" "$ASSISTANT"
	refused "the assistant is a link" ".*$ASSISTANT.*"
	rm "$ASSISTANT"
	install -m 0775 -g staffers /root/assistant "$ASSISTANT"
	refused "the assistant is not trusted" ".*$ASSISTANT.*not trusted"
	rm "$ASSISTANT"
	gcc -O1 -x c -o "$ASSISTANT" - <<<'#include <unistd.h>
		int main(void) { for (;;) pause(); }'
	refused "the assistant does not answer" "nsunshare-limits was not ready within 1000 ms \\(key 'timeout'\\)"
	check "the assistant does not answer: it is killed" wait_until 20 no_assistant
	rm "$ASSISTANT"
	mv /root/assistant "$ASSISTANT"
}

no_assistant() {
	! pgrep -f nsunshare-limits
}

build_tool pamprobe -lpam -lpthread
test_usage
test_without_v2
test_hybrid
finish
