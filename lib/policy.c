/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rule holds for a login, and which settings follow from it. Knows no libconfig. */
#include "policy.h"

#include <errno.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "policy_parse.h"

#define GIVEN(key) (1U << (key))
#define GIVEN_ALL  (GIVEN(NSU_KEYS) - 1)

/* What holds where no layer says otherwise. */
static const struct nsu_settings base_settings = {
	.given = GIVEN_ALL,
	.hostname = "",
	.propagation = NSU_PLAN_PRIVATE,
	.timeout_ms = NSU_TIMEOUT_MS,
	.enforce = true,
};

static const struct nsu_mount_spec default_mounts[] = {
	{.path = "/tmp", .size = {.bytes = NSU_TMPFS_BYTES}, .inodes = NSU_TMPFS_INODES, .mode = 01777},
	{.path = "/var/tmp", .size = {.bytes = NSU_TMPFS_BYTES}, .inodes = NSU_TMPFS_INODES, .mode = 01777},
};

static const struct nsu_profile none_profile = {.name = "none"};

static const struct nsu_profile default_profile = {
	.name = "default",
	.settings =
		{
			.given = GIVEN(NSU_KEY_NAMESPACES) | GIVEN(NSU_KEY_HOSTNAME) | GIVEN(NSU_KEY_MOUNTS),
			.namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID,
			.hostname = "%u-%H",
			.mounts = (struct nsu_mount_spec *)(uintptr_t)default_mounts,
			.n_mounts = NSU_COUNT(default_mounts),
		},
};

const struct nsu_profile *nsu_policy_profile(const struct nsu_policy *policy, const char *name)
{
	if (strcmp(name, none_profile.name) == 0)
		return &none_profile;
	if (strcmp(name, default_profile.name) == 0)
		return &default_profile;
	for (size_t i = 0; policy && i < policy->n_profiles; i++) {
		if (strcmp(policy->profiles[i].name, name) == 0)
			return &policy->profiles[i];
	}
	return NULL;
}

const char *nsu_policy_keep(struct nsu_policy *policy, const char *string)
{
	size_t size = strlen(string) + 1;
	char *copy = policy->text + policy->text_len;

	if (size > policy->text_cap - policy->text_len)
		return NULL;
	memcpy(copy, string, size);
	policy->text_len += size;
	return copy;
}

/* Follows `base` from a profile to the end: chain[0] is the profile itself. Return: its length, or -ELOOP. */
static int base_chain(const struct nsu_policy *policy, const struct nsu_profile *profile,
                      const struct nsu_profile *chain[NSU_BASE_DEPTH_MAX])
{
	int n = 0;

	for (; profile; profile = profile->base ? nsu_policy_profile(policy, profile->base) : NULL) {
		if (n == NSU_BASE_DEPTH_MAX)
			return -ELOOP;
		chain[n++] = profile;
	}
	return n;
}

/* Lays one layer of settings over what is there. */
static void overlay(struct nsu_settings *into, const struct nsu_settings *layer)
{
#define MEMBER(member) offsetof(struct nsu_settings, member), sizeof(layer->member)
	static const struct {
		enum nsu_key key;
		size_t offset, size;
	} members[] = {
		{NSU_KEY_NAMESPACES, MEMBER(namespaces)},
		{NSU_KEY_HOSTNAME, MEMBER(hostname)},
		{NSU_KEY_PROPAGATION, MEMBER(propagation)},
		{NSU_KEY_MOUNTS, MEMBER(mounts)},
		{NSU_KEY_MOUNTS, MEMBER(n_mounts)},
		{NSU_KEY_TIMEOUT, MEMBER(timeout_ms)},
		{NSU_KEY_STOP_TIMEOUT, MEMBER(stop_timeout_ms)},
		{NSU_KEY_ENFORCE, MEMBER(enforce)},
		{NSU_KEY_ON_ERROR, MEMBER(on_error)},
	};
#undef MEMBER

	for (size_t i = 0; i < NSU_COUNT(members); i++) {
		if (!(layer->given & GIVEN(members[i].key)))
			continue;
		memcpy((char *)into + members[i].offset, (const char *)layer + members[i].offset, members[i].size);
		into->lines[members[i].key] = layer->lines[members[i].key];
	}
}

/* The settings of a profile, and of a rule over it. */
static void merge(const struct nsu_policy *policy, const struct nsu_profile *profile, const struct nsu_rule *rule,
                  struct nsu_settings *settings)
{
	const struct nsu_profile *chain[NSU_BASE_DEPTH_MAX];
	int n = base_chain(policy, profile, chain);

	*settings = base_settings;
	while (n-- > 0)
		overlay(settings, &chain[n]->settings);
	if (rule)
		overlay(settings, &rule->settings);
}

static int check_base(const struct nsu_policy *policy, const struct nsu_profile *profile, struct nsu_fail *fail)
{
	const struct nsu_profile *chain[NSU_BASE_DEPTH_MAX];
	const struct nsu_profile *base;

	if (!profile->base)
		return 0;
	base = nsu_policy_profile(policy, profile->base);
	if (!base || base == &none_profile)
		return nsu_fail_because(fail, EINVAL, "%s:%u: key 'base': there is no profile '%s' to build on",
		                        policy->file, profile->base_line, profile->base);
	if (base_chain(policy, profile, chain) < 0)
		return nsu_fail_because(fail, EINVAL,
		                        "%s:%u: key 'base': the chain of profile '%s' is a loop, or longer than %d",
		                        policy->file, profile->base_line, profile->name, NSU_BASE_DEPTH_MAX);
	return 0;
}

/* What would fail for whomever the rule serves is said at load, not at the first such login. */
static int check_rule(const struct nsu_policy *policy, const struct nsu_rule *rule, struct nsu_fail *fail)
{
	const struct nsu_profile *profile = nsu_policy_profile(policy, rule->profile);
	struct nsu_settings settings;

	if (!profile)
		return nsu_fail_because(fail, EINVAL, "%s:%u: key 'profile': there is no profile '%s'", policy->file,
		                        rule->profile_line, rule->profile);
	if (profile == &none_profile && rule->settings.given)
		return nsu_fail_because(
			fail, EINVAL,
			"%s:%u: key 'profile': \"none\" leaves the login alone: the rule's other keys would do "
			"nothing",
			policy->file, rule->profile_line);
	if (profile == &none_profile)
		return 0;
	merge(policy, profile, rule, &settings);
	if (settings.namespaces == 0 && settings.n_mounts == 0)
		return nsu_fail_because(
			fail, EINVAL,
			"%s:%u: key 'profile': '%s' has neither namespaces nor mounts and would isolate "
			"nothing (\"none\" says that)",
			policy->file, rule->profile_line, rule->profile);
	if (settings.hostname[0] && !(settings.namespaces & CLONE_NEWUTS))
		return nsu_fail_because(
			fail, EINVAL,
			"%s:%u: key 'hostname': it needs the namespace \"uts\" (\"\" takes an inherited "
			"name back)",
			policy->file, settings.lines[NSU_KEY_HOSTNAME] ? settings.lines[NSU_KEY_HOSTNAME] : rule->line);
	return 0;
}

int nsu_policy_check(const struct nsu_policy *policy, struct nsu_fail *fail)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < policy->n_profiles; i++)
		ret = check_base(policy, &policy->profiles[i], fail);
	for (size_t i = 0; ret == 0 && i < policy->n_rules; i++)
		ret = check_rule(policy, &policy->rules[i], fail);
	return ret;
}

static bool names_literally(const struct nsu_strings *strings, const char *name)
{
	for (size_t i = 0; i < strings->n; i++) {
		if (strcmp(strings->items[i], name) == 0)
			return true;
	}
	return false;
}

/*
 * A condition that is not given holds; a name that is given literally holds also where a glob would not take it.
 * Return: 1 it holds, 0 not; -EINVAL if fnmatch(3) can't say (a locale that the value is no text in): that is no "not".
 */
static int matches_glob(const struct nsu_strings *globs, const char *value, struct nsu_fail *fail)
{
	for (size_t i = 0; i < globs->n; i++) {
		int ret = strcmp(globs->items[i], value) == 0 ? 0 : fnmatch(globs->items[i], value, 0);

		if (ret == 0)
			return 1;
		if (ret != FNM_NOMATCH)
			return nsu_fail(fail, EINVAL, "match a value against '%s'", globs->items[i]);
	}
	return globs->n == 0;
}

static bool matches_uid(const struct nsu_uids *uids, uid_t uid)
{
	for (size_t i = 0; i < uids->n; i++) {
		if (uid >= uids->ranges[i].first && uid <= uids->ranges[i].last)
			return true;
	}
	return uids->n == 0;
}

/* Return: 1 the user is in one of the groups, or none is asked for; 0 not; a failure of the name service. */
static int matches_group(const struct nsu_policy *policy, const struct nsu_rule *rule, struct nsu_subject *subject,
                         struct nsu_plan *plan, struct nsu_fail *fail)
{
	for (size_t i = 0; i < rule->groups.n; i++) {
		bool is_member = false;
		int ret = nsu_subject_is_member(subject, rule->groups.items[i], &is_member, fail);

		if (ret == -ENOENT)
			nsu_plan_note(plan, "%s:%u: group '%s' does not exist: it matches nobody", policy->file,
			              rule->line, rule->groups.items[i]);
		else if (ret < 0)
			return ret;
		if (is_member)
			return 1;
	}
	return rule->groups.n == 0;
}

/* What only a rule that says so may touch: uid 0, and the user manager of systemd. */
static bool is_reserved(const struct nsu_subject *subject, const struct nsu_rule *rule)
{
	if (subject->uid == 0 && !(rule && names_literally(&rule->users, subject->user)))
		return true;
	return strcmp(subject->service, "systemd-user") == 0 &&
	       !(rule && names_literally(&rule->services, subject->service));
}

/* Return: 1 the rule holds for the subject, 0 not; a failure. */
static int matches(const struct nsu_policy *policy, const struct nsu_rule *rule, struct nsu_subject *subject,
                   struct nsu_plan *plan, struct nsu_fail *fail)
{
	const struct {
		const struct nsu_strings *globs;
		const char *value;
	} conditions[] = {
		{&rule->users, subject->user},
		{&rule->services, subject->service},
		{&rule->ttys, subject->tty},
		{&rule->rhosts, subject->rhost},
	};

	if (is_reserved(subject, rule) || !matches_uid(&rule->uids, subject->uid))
		return 0;
	for (size_t i = 0; i < NSU_COUNT(conditions); i++) {
		int ret = matches_glob(conditions[i].globs, conditions[i].value, fail);

		if (ret <= 0)
			return ret;
	}
	return matches_group(policy, rule, subject, plan, fail); /* last: it may ask LDAP */
}

/*
 * sudo with use_pty signals its command by the number it has inside, which outside is a stranger's: no pid namespace for
 * it unless the rule names it (docs/design.md).
 */
static bool keeps_pid(const struct nsu_subject *subject, const struct nsu_rule *rule)
{
	if (strcmp(subject->service, "sudo") != 0 && strcmp(subject->service, "sudo-i") != 0)
		return true;
	return rule && names_literally(&rule->services, subject->service);
}

static int plan_of_profile(const struct nsu_policy *policy, struct nsu_subject *subject,
                           const struct nsu_profile *profile, const struct nsu_rule *rule, struct nsu_plan *plan,
                           struct nsu_fail *fail)
{
	struct nsu_settings settings;

	if (nsu_plan_text(plan, profile->name, &plan->profile) < 0)
		return nsu_fail(fail, E2BIG, "keep the profile's name");
	if (profile == &none_profile) {
		plan->leave_alone = true;
		return 0;
	}
	merge(policy, profile, rule, &settings);
	return nsu_resolve_plan(&settings, subject, keeps_pid(subject, rule), plan, fail);
}

/* Finds the first rule that holds; *ret_rule is NULL if none does. */
static int find_rule(const struct nsu_policy *policy, struct nsu_subject *subject, const struct nsu_rule **ret_rule,
                     struct nsu_plan *plan, struct nsu_fail *fail)
{
	*ret_rule = NULL;
	for (size_t i = 0; policy && i < policy->n_rules; i++) {
		int ret = matches(policy, &policy->rules[i], subject, plan, fail);

		if (ret < 0)
			return ret;
		if (ret > 0) {
			*ret_rule = &policy->rules[i];
			return 0;
		}
	}
	return 0;
}

int nsu_policy_match(const struct nsu_policy *policy, struct nsu_subject *subject, const char *fallback,
                     struct nsu_plan *plan, struct nsu_fail *fail)
{
	const struct nsu_profile *profile;
	const struct nsu_rule *rule;
	char origin[NSU_PATH_MAX];
	int ret;

	nsu_plan_init(plan);
	ret = find_rule(policy, subject, &rule, plan, fail);
	if (ret < 0)
		return ret;
	if (rule) {
		snprintf(origin, sizeof(origin), "%s:%u", policy->file, rule->line);
		if (nsu_plan_text(plan, origin, &plan->rule) < 0)
			return nsu_fail(fail, E2BIG, "keep the rule's place");
		profile = nsu_policy_profile(policy, rule->profile);
		return plan_of_profile(policy, subject, profile, rule, plan, fail);
	}
	if (!fallback || is_reserved(subject, NULL)) {
		plan->rule = "none";
		plan->leave_alone = true;
		return 0;
	}
	plan->rule = "module-line";
	profile = nsu_policy_profile(policy, fallback);
	if (!profile)
		return nsu_fail_because(fail, EINVAL, "there is no profile '%s', which the module's line names",
		                        fallback);
	return plan_of_profile(policy, subject, profile, NULL, plan, fail);
}
