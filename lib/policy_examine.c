/* SPDX-License-Identifier: BSD-3-Clause */
/* All that is wrong or doubtful in a policy, its drop-ins and the files of users: for an administrator, not for a login. */
#include "policy_examine.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "policy_load.h"
#include "subject.h"
#include "text.h"

struct examine {
	struct nsu_policy *policy;
	struct nsu_findings *findings;
	bool *is_used; /* each of the policy's profiles */
	char *users_dir;
};

#define WARN(examine, origin, ...) nsu_findings_add((examine)->findings, NSU_POLICY_WARNING, origin, __VA_ARGS__)

static bool is_glob(const char *text)
{
	return strpbrk(text, "*?[\\") != NULL;
}

/* A name service that does not answer: said once for each name. */
static int tell_failure(const struct examine *examine, const struct nsu_origin *origin, const struct nsu_fail *fail)
{
	char line[NSU_FAIL_TEXT_MAX + 128];

	return WARN(examine, origin, "%s", nsu_fail_line(fail, line, sizeof(line)));
}

static int examine_names(const struct examine *examine, const struct nsu_rule *rule)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < rule->users.n; i++) {
		struct nsu_origin origin = {rule->origin.file, rule->users.items[i].line};
		const char *user = rule->users.items[i].text;
		struct nsu_fail fail = NSU_FAIL_INIT;
		bool exists = true;
		uid_t uid;

		if (!is_glob(user) && nsu_subject_user_exists(user, &exists, &uid, &fail) < 0)
			ret = tell_failure(examine, &origin, &fail);
		if (!exists)
			ret = WARN(examine, &origin, "key 'user': there is no user '%s'", user);
	}
	for (size_t i = 0; ret == 0 && i < rule->groups.n; i++) {
		struct nsu_origin origin = {rule->origin.file, rule->groups.items[i].line};
		const char *group = rule->groups.items[i].text;
		struct nsu_fail fail = NSU_FAIL_INIT;
		bool exists = true;
		gid_t gid;

		if (nsu_subject_group_exists(group, &exists, &gid, &fail) < 0)
			ret = tell_failure(examine, &origin, &fail);
		if (!exists)
			ret = WARN(examine, &origin, "key 'group': there is no group '%s': it matches nobody", group);
	}
	return ret;
}

/* docs/design.md: sudo signals its command by a number that is another's outside. */
static int examine_sudo(const struct examine *examine, const struct nsu_rule *rule,
                        const struct nsu_effective *effective)
{
	for (size_t i = 0; effective->values.namespaces & CLONE_NEWPID && i < rule->services.n; i++) {
		struct nsu_origin origin = {rule->origin.file, rule->services.items[i].line};
		const char *service = rule->services.items[i].text;

		if (strcmp(service, "sudo") == 0 || strcmp(service, "sudo-i") == 0)
			return WARN(examine, &origin,
			            "key 'service': '%s' with the namespace \"pid\": with use_pty, the default, sudo "
			            "then signals processes of strangers",
			            service);
	}
	return 0;
}

/* Seen: /proc/PID/root of a process of the same user that is outside, his systemd --user say, is the host's. */
static int examine_masks(const struct examine *examine, const struct nsu_rule *rule,
                         const struct nsu_effective *effective)
{
	if ((effective->values.namespaces & CLONE_NEWPID) && strcmp(effective->values.proc_path, "/proc") == 0)
		return 0;
	for (size_t i = 0; i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];

		if (mount->type == NSU_PLAN_MASK)
			return WARN(examine, mount->origin.line ? &mount->origin : &rule->origin,
			            "key 'path': the mask on '%s' without a fresh /proc (the namespace \"pid\"): "
			            "/proc/PID/root of the user's processes outside leads behind it",
			            mount->path);
	}
	return 0;
}

static void mark_used(const struct examine *examine, const struct nsu_profile *profile)
{
	const struct nsu_policy *policy = examine->policy;

	for (int n = 0; profile && n < NSU_BASE_DEPTH_MAX; profile = profile->base, n++) {
		if (profile >= policy->profiles && profile < policy->profiles + policy->n_profiles)
			examine->is_used[profile - policy->profiles] = true;
	}
}

static int examine_rule(const struct examine *examine, const struct nsu_rule *rule)
{
	struct nsu_effective effective;
	int ret;

	mark_used(examine, rule->profile);
	if (rule->is_broken)
		return 0;
	ret = examine_names(examine, rule);
	if (ret < 0 || rule->profile == &nsu_policy_none || nsu_policy_is_broken(rule->profile))
		return ret;
	nsu_policy_merge(rule->profile, &rule->settings, NULL, &effective);
	ret = examine_sudo(examine, rule, &effective);
	if (ret == 0)
		ret = examine_masks(examine, rule, &effective);
	if (ret == 0)
		ret = nsu_examine_doubts(&effective, &rule->origin, examine->findings);
	if (ret == 0)
		ret = nsu_examine_share(rule, &effective, examine->findings);
	return ret < 0 ? ret : nsu_examine_places(&effective, &rule->origin, examine->findings);
}

static int examine_profiles(const struct examine *examine)
{
	const struct nsu_policy *policy = examine->policy;
	int ret = 0;

	for (size_t i = 0; i < policy->n_profiles; i++)
		mark_used(examine, policy->profiles[i].base);
	for (size_t i = 0; ret == 0 && i < policy->n_profiles; i++) {
		const struct nsu_profile *profile = &policy->profiles[i];

		if (!examine->is_used[i] && !profile->is_broken)
			ret = WARN(examine, &profile->origin,
			           "key '%s': nobody uses this profile: no rule, no other profile, no user's file (a "
			           "module's line may: profile=%s)",
			           profile->name, profile->name);
	}
	return ret;
}

/* Laid over a rule it may be right again, so that what does not fit together is only a warning. */
static int examine_layer(const struct examine *examine, const struct nsu_rule *user)
{
	const struct nsu_profile *profile = user->profile ? user->profile : &nsu_policy_none;
	struct nsu_origin origin = {user->origin.file, user->profile_line};
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_effective effective;

	if (user->profile == &nsu_policy_none || nsu_policy_is_broken(profile))
		return 0;
	nsu_policy_merge(profile, NULL, &user->settings, &effective);
	if (user->profile && nsu_policy_check_settings(&effective, profile, &origin, &fail) < 0)
		return WARN(examine, &(struct nsu_origin){user->origin.file, 0}, "where no rule matches: %s",
		            fail.text);
	if (user->profile && (nsu_examine_doubts(&effective, &user->origin, examine->findings) < 0 ||
	                      nsu_examine_share(user, &effective, examine->findings) < 0))
		return -ENOMEM;
	return nsu_examine_places(&effective, &user->origin, examine->findings);
}

static int examine_user(const struct examine *examine, const char *file, const char *name)
{
	struct nsu_policy *policy = examine->policy;
	struct nsu_origin origin = {file, 0};
	struct nsu_fail fail = NSU_FAIL_INIT;
	bool exists = true;
	uid_t uid;
	int ret;

	if (!nsu_text_is_name(name))
		return WARN(examine, &origin, "never read: '%s' is no name that may stand in a path", name);
	if (nsu_subject_user_exists(name, &exists, &uid, &fail) < 0)
		ret = tell_failure(examine, &origin, &fail);
	else
		ret = exists ? 0 : WARN(examine, &origin, "there is no user '%s'", name);
	if (ret < 0)
		return ret;
	fail = (struct nsu_fail)NSU_FAIL_INIT;
	ret = nsu_load_file(policy, NSU_POLICY_USER, file, NULL, &fail);
	if (ret == 0)
		ret = nsu_policy_link_user(policy, &fail);
	if (ret == 0) {
		mark_used(examine, policy->user->profile);
		ret = examine_layer(examine, policy->user);
	} else {
		ret = nsu_findings_take(examine->findings, ret, file, &fail);
	}
	nsu_load_forget_user(policy);
	return ret;
}

static int examine_users(const struct examine *examine)
{
	struct nsu_names names = {.n = 0};
	struct nsu_fail fail = NSU_FAIL_INIT;
	bool exists;
	int ret;

	ret = nsu_load_names(examine->users_dir, SIZE_MAX, &names, &exists, &fail);
	ret = nsu_findings_take(examine->findings, ret, examine->users_dir, &fail);
	for (size_t i = 0; ret == 0 && i < names.n; i++) {
		char *name = names.items[i]->d_name;
		auto_free char *file = NULL;

		if (asprintf(&file, "%s/%s", examine->users_dir, name) < 0) {
			file = NULL;
			ret = -ENOMEM;
			break;
		}
		name[strlen(name) - strlen(NSU_LOAD_SUFFIX)] = '\0';
		ret = nsu_findings_file(examine->findings, file);
		if (ret == 0)
			ret = examine_user(examine, file, name);
	}
	nsu_names_clear(&names);
	return ret;
}

static int examine_all(struct examine *examine)
{
	const struct nsu_policy *policy = examine->policy;
	int ret = 0;

	examine->is_used = calloc(policy->n_profiles + 1, sizeof(*examine->is_used));
	if (!examine->is_used)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < policy->n_rules; i++)
		ret = examine_rule(examine, &policy->rules[i]);
	if (ret == 0)
		ret = nsu_examine_reach(policy, examine->findings);
	if (ret == 0 && policy->dropin_dir) {
		if (asprintf(&examine->users_dir, "%s/users", policy->dropin_dir) < 0)
			examine->users_dir = NULL;
		ret = examine->users_dir ? examine_users(examine) : -ENOMEM;
	}
	return ret < 0 ? ret : examine_profiles(examine);
}

int nsu_policy_examine(const char *path, nsu_policy_tell *tell, void *data)
{
	struct nsu_findings findings = NSU_FINDINGS_INIT;
	struct examine examine = {.findings = &findings};
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ret;

	if (nsu_text_is_path(path)) {
		ret = nsu_load_policy(path, &findings, &examine.policy, &fail);
	} else {
		ret = nsu_findings_add(&findings, NSU_POLICY_ERROR, &(struct nsu_origin){path, 0},
		                       "not a clean absolute path");
	}
	if (ret == 0 && examine.policy)
		ret = examine_all(&examine);
	if (ret == 0)
		nsu_findings_tell(&findings, tell, data);
	free(examine.is_used);
	free(examine.users_dir);
	nsu_policy_free(examine.policy);
	nsu_findings_clear(&findings);
	return ret;
}
