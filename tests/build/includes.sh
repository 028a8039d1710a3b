#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Who may include whom. A file that is not in the table fails, as does an include that its line does not list.
# Run from the top of the tree.
set -u

# FILE: the project's headers that it may include. base, defaults and fail are everybody's; each .c has its own header.
table='
include/base.h:
include/defaults.h:
include/fail.h:
include/text.h:
include/fsat.h:
include/proc.h:
include/ns.h:              plan
include/mnt.h:
include/channel.h:
include/subject.h:
include/plan.h:
include/marker.h:          plan
include/nested.h:          marker plan
include/variables.h:       plan
include/harden.h:          plan
include/idmap.h:           plan
include/cgroup.h:
include/called.h:          plan
include/assist.h:          plan wire
include/launch.h:          plan session
include/template.h:        subject
include/wire.h:            plan fsat
include/ask.h:             set
include/policy.h:          plan subject
include/explain.h:         plan policy subject
include/session.h:         plan ns fsat set
include/set.h:             plan
include/registry.h:
include/ask.h:             set
include/attach.h:          fsat set subject
include/join.h:            plan session
include/root.h:
include/metrics.h:
include/exposition.h:      ask metrics
include/survey.h:          policy
lib/fail.c:
lib/text.c:
lib/fsat.c:
lib/proc.c:
lib/ns.c:                  channel proc
lib/mnt.c:
lib/marker.c:              text
lib/nested.c:
lib/variables.c:
lib/denials.h:             plan
lib/denials_make.c:        denials
lib/harden.c:              denials
lib/channel.c:
lib/subject.c:             text
lib/plan.c:                plan_spaces text
lib/plan_spaces.h:         plan
lib/plan_spaces.c:         text
lib/template.c:            text
lib/frame.h:
lib/frame.c:
lib/wire.c:                frame
lib/set.c:                 frame text wire
lib/registry.c:            proc registry_lock
lib/root.c:                fsat proc
lib/attach.c:              channel proc registry text wire
lib/join.c:                attach cgroup channel proc registry root wire
lib/policy.c:              policy_match policy_parse text
lib/policy_match.h:        plan policy policy_parse subject
lib/policy_parse.h:        plan subject
lib/policy_parse.c:        policy_findings policy_value
lib/policy_findings.h:     policy policy_parse
lib/policy_findings.c:
lib/policy_layers.c:       policy_parse
lib/policy_check.c:        policy_findings policy_parse policy_scope text
lib/policy_spaces.c:       policy_parse text
lib/policy_scope.h:        policy_parse
lib/policy_scope.c:
lib/policy_keys.c:         policy_value
lib/policy_load.h:         policy_findings policy_parse
lib/policy_load.c:         policy policy_findings text
lib/policy_files.c:        fsat policy_load
lib/policy_examine.h:      policy_findings policy_parse
lib/policy_examine.c:      policy policy_load subject text
lib/policy_reach.c:        policy_examine policy_parse subject
lib/policy_places.c:       fsat policy_examine policy_parse text
lib/policy_doubts.c:       policy_examine policy_parse subject text
lib/policy_share.c:        policy_examine policy_parse policy_scope subject text
lib/policy_scan.c:         policy_parse text
lib/policy_survey.c:       policy_load policy_parse survey
lib/policy_value.h:        policy_parse
lib/policy_value.c:        template text
lib/policy_list.c:         ns policy_value template text
lib/policy_mount.c:        policy_value text
lib/resolve.c:             policy_match policy_parse template text
lib/resolve_ids.c:         plan_spaces policy_match
lib/resolve_scope.c:       policy_match policy_parse policy_scope template text
lib/resolve_spaces.c:      policy_match policy_parse text
lib/explain.c:             explain_write ns policy_match policy_parse
lib/explain_write.h:       explain policy_match policy_parse
lib/explain_write.c:       text
lib/explain_spaces.c:      explain_write set
lib/registry_lock.h:
lib/registry_walk.c:       registry registry_lock text
lib/ask.c:                 attach channel proc registry
lib/metrics.c:             text
lib/exposition.c:
lib/idmap.c:               proc
lib/cgroup.c:
lib/called.c:              channel wire
lib/assist.c:              channel fsat ns proc
lib/launch.c:              assist attach cgroup channel fsat idmap proc wire
lib/cwd.h:
lib/cwd.c:
lib/session.c:             cgroup channel cwd fsat harden idmap join launch proc registry subject wire
helper/confine.h:
helper/confine.c:
helper/init.h:             logins registry
helper/init.c:             proc
helper/logins.h:           fsat set
helper/logins.c:           channel proc text wire
helper/instance.h:         plan
helper/instance.c:         fsat
helper/target.h:           instance plan
helper/target.c:           fsat text
helper/kind.h:             target
helper/kind.c:             fsat mnt
helper/remove.h:           plan
helper/remove.c:           proc text
helper/setup.h:            plan
helper/netns_etc.h:        plan
helper/netns_etc.c:        fsat mnt
helper/setup.c:            fsat kind marker mnt netns_etc remove root target
helper/spaces.h:           plan
helper/spaces.c:           cgroup channel fsat ns proc wire
helper/main.c:             called channel confine fsat init logins plan proc registry remove set setup spaces wire
network/address.h:
network/address.c:
network/netlink.h:
network/netlink.c:         proc
network/interface.h:       netlink
network/interface.c:       address
network/veth.h:            plan
network/veth.c:            address confine interface netlink proc
network/named.h:
network/named.c:           fsat mnt ns proc
network/main.c:            address called channel confine named plan proc veth wire
limits/control.h:          plan
limits/control.c:          proc text
limits/leaf.h:
limits/leaf.c:             control
limits/direct.h:           plan
limits/direct.c:           control leaf proc
limits/scope.h:            plan
limits/bus.h:
limits/bus.c:              proc
limits/scope.c:            bus cgroup control fsat leaf proc text
limits/no_scope.c:         scope
limits/main.c:             called cgroup channel confine control direct plan proc scope wire
pam_module/arguments.h:
pam_module/arguments.c:    text
pam_module/report.h:       explain plan session subject
pam_module/report.c:       ns text
pam_module/pam_nsunshare.c: arguments attach count explain nested policy report session set subject text variables
pam_module/count.h:        metrics plan
pam_module/count.c:        fsat proc registry
cli/cli.h:
cli/cli.c:                 text
cli/check.c:               cli policy
cli/question.h:            explain plan policy subject
cli/question.c:            cli text
cli/explain.c:             cli policy question subject text rows
cli/rows.h:
cli/rows.c:
cli/terminal.h:
cli/terminal.c:
cli/user_shell.h:          plan subject
cli/user_shell.c:          cli text
cli/opener.h:              terminal user_shell
cli/opener.c:              cli proc
cli/enter.c:               ask attach cgroup cli fsat harden ns opener proc registry root select subject text
cli/run.c:                 attach cli nested ns opener question session text variables
cli/metrics.c:             ask cli exposition metrics registry text
cli/main.c:                cli text
cli/usage.h:               ask
cli/usage.c:               proc text
cli/view.h:                ask usage
cli/view.c:                cli ns subject
cli/view_json.c:           ns view
cli/list.c:                ask cli view
cli/kill.c:                ask cli proc registry select text view
cli/select.h:              ask
cli/select.c:              cli subject text
cli/reader.h:
cli/reader.c:
cli/stack.h:
cli/stack.c:               cli reader
cli/stack_control.c:       stack
cli/doctor.h:              arguments policy stack survey
cli/doctor.c:              cli rows
cli/doctor_findings.c:     cli doctor reader text
cli/doctor_kernel.c:       doctor ns proc
cli/doctor_programs.c:     doctor fsat reader
cli/doctor_policy.c:       doctor proc reader
cli/doctor_services.c:     cli doctor
cli/doctor_stacks.c:       doctor
cli/doctor_order.c:        doctor reader
cli/doctor_sshd.c:         doctor reader
cli/doctor_sudo.c:         doctor reader
cli/doctor_mounts.c:       doctor reader text
cli/doctor_limits.c:       cgroup doctor ns
cli/doctor_logind.c:       doctor reader
'

. tests/build/report.inc

check_file() {
	local file=$1 line own allowed header problems=
	line=$(grep -F "$file:" <<<"$table")
	if [ -z "$line" ]; then
		report "$file includes what it may" "$file is not in the table of tests/build/includes.sh"
	fi
	own=$(basename "$file" .c)
	allowed=" base defaults fail $own ${line#*:} "
	while read -r header; do
		[[ $allowed == *" $header "* ]] || problems+="$file includes $header.h"$'\n'
	done < <(sed -n 's/^#include "\(.*\)\.h"$/\1/p' "$file")
	report "$file includes what it may" "${problems%$'\n'}"
}

# Those of the files that include what matches, but for the ones that may.
check_only() {
	local name=$1 pattern=$2 may=$3
	report "$name" "$(grep -lE "^#include [<\"]$pattern" include/*.h lib/*.[ch] helper/*.[ch] pam_module/*.[ch] network/*.[ch] limits/*.[ch] cli/*.[ch] |
		grep -vxE "$may")"
}

for file in include/*.h lib/*.[ch] helper/*.[ch] pam_module/*.[ch] network/*.[ch] limits/*.[ch] cli/*.[ch]; do
	check_file "$file"
done
while IFS=: read -r file _; do
	[ -z "$file" ] || [ -e "$file" ] || report "the table names files that exist" "$file does not exist"
done <<<"$table"

check_only "libconfig is known to the parser only" 'libconfig\.h' 'lib/policy_(parse\.c|list\.c|mount\.c|value\.[ch])'
check_only "libseccomp is known to the build only" 'seccomp\.h' 'lib/denials_make\.c'
check_only "PAM is known to two files of the module only" 'security/' 'pam_module/(pam_nsunshare\.c|report\.[ch])'
check_only "NSS is known to subject.c only" '(pwd|grp|netdb)\.h' 'lib/subject\.c|helper/confine\.c|cli/user_shell\.c'
check_only "the log is known to two files of the module only" 'syslog\.h' 'pam_module/(pam_nsunshare|report)\.c'
check_only "NSS is known to subject.c only" '(pwd|grp|netdb)\.h' 'lib/subject\.c|helper/confine\.c|cli/user_shell\.c'
check_only "libmnl is known to nsunshare-net only" 'libmnl' 'network/(netlink\.h|.*\.c)'
check_only "libsystemd is known to two files only" 'systemd/' 'limits/(bus\.h|scope\.c)'
check_only "libsmartcols is known to the admin tool only" 'libsmartcols' 'cli/.*'
report "the helper never sees policy, subject or session" \
	"$(grep -nE '^#include "(policy.*|subject|template|session)\.h"' helper/*.[ch])"
report "the module never sees mounts" "$(grep -nE '^#include "(mnt|setup)\.h"' pam_module/*.[ch] lib/session.c)"
report "the admin tool sees nothing of how a session is made" \
	"$(grep -nE '^#include "(mnt|setup|confine|init|wire|channel)\.h"' cli/*.[ch])"
exit $((failures > 0))
