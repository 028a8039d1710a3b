/* SPDX-License-Identifier: BSD-3-Clause */
/* Do the parts of a policy fit together? What would fail for whomever a rule serves is said at load, not at a login. */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_findings.h"
#include "policy_parse.h"
#include "policy_scope.h"
#include "text.h"

#define MOUNTS_MAX (NSU_PLAN_MOUNTS_MAX - NSU_PLAN_IMPLIED_MAX)

const char *nsu_policy_origin(const struct nsu_origin *origin, char *buffer, size_t cap)
{
	if (origin->line)
		snprintf(buffer, cap, "%s:%u", origin->file, origin->line);
	else
		snprintf(buffer, cap, "%s", origin->file);
	return buffer;
}

int nsu_policy_wrong(struct nsu_fail *fail, const struct nsu_origin *origin, const char *key, const char *format, ...)
{
	char text[NSU_FAIL_TEXT_MAX], place[NSU_PATH_MAX + 16];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return nsu_fail_because(fail, EINVAL, "%s: key '%s': %s", nsu_policy_origin(origin, place, sizeof(place)), key,
	                        text);
}

const struct nsu_origin *nsu_policy_where(const struct nsu_effective *effective, enum nsu_key key,
                                          const struct nsu_origin *otherwise)
{
	return effective->origins[key].line ? &effective->origins[key] : otherwise;
}

static int check_uts(const struct nsu_effective *effective, const struct nsu_origin *origin, struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	const struct {
		enum nsu_key key;
		const char *name, *value;
	} names[] = {{NSU_KEY_HOSTNAME, "hostname", values->hostname},
	             {NSU_KEY_DOMAINNAME, "domainname", values->domainname}};

	if (values->namespaces & CLONE_NEWUTS)
		return 0;
	for (size_t i = 0; i < NSU_COUNT(names); i++) {
		if (names[i].value[0])
			return nsu_policy_wrong(fail, nsu_policy_where(effective, names[i].key, origin), names[i].name,
			                        "it needs the namespace \"uts\" (\"\" takes an inherited name back)");
	}
	return 0;
}

static int check_pid(const struct nsu_effective *effective, const struct nsu_origin *origin, struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	const struct {
		enum nsu_key key;
		const char *name;
		bool is_used;
	} keys[] = {{NSU_KEY_PROC_HIDEPID, "hidepid", values->hidepid != NSU_PLAN_HIDEPID_OFF},
	            {NSU_KEY_PROC_SUBSET, "subset", values->subset_pid != 0},
	            {NSU_KEY_PROC_PATH, "path", strcmp(values->proc_path, "/proc") != 0}};

	if (values->namespaces & CLONE_NEWPID)
		return 0;
	for (size_t i = 0; i < NSU_COUNT(keys); i++) {
		if (keys[i].is_used)
			return nsu_policy_wrong(fail, nsu_policy_where(effective, keys[i].key, origin), keys[i].name,
			                        "a fresh proc needs the namespace \"pid\"");
	}
	for (size_t i = 0; i < effective->n_mounts; i++) {
		if (effective->mounts[i]->throw_away)
			return nsu_policy_wrong(fail, &effective->mounts[i]->origin, "remove",
			                        "an instance that ends with its session needs the namespace "
			                        "\"pid\", whose process 1 removes it");
	}
	return 0;
}

/* A mount of the policy in the place of the fresh proc would leave the session with the host's processes, or with none. */
static int check_proc(const struct nsu_effective *effective, struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	const struct nsu_origin *proc = &effective->origins[NSU_KEY_PROC_PATH];

	for (size_t i = 0; (values->namespaces & CLONE_NEWPID) && i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];

		if (strcmp(mount->path, values->proc_path) == 0)
			return nsu_policy_wrong(fail, proc->line ? proc : &mount->origin, "path",
			                        "the fresh proc of the namespace \"pid\" and a mount on one path, '%s'",
			                        mount->path);
	}
	return 0;
}

/* Mounts of the session would appear on the host, or what it has would never be seen in it. */
static int check_propagation(const struct nsu_effective *effective, const struct nsu_origin *origin,
                             struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	bool has_hosts = values->hostname[0] && (values->namespaces & CLONE_NEWNS);
	bool has_mounts = effective->n_mounts > 0 || values->expose.n > 0 || has_hosts ||
	                  (values->namespaces & (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWUSER)) ||
	                  ((values->namespaces & CLONE_NEWIPC) && (values->namespaces & CLONE_NEWNS));

	if (!has_mounts || values->propagation == NSU_PLAN_PRIVATE || values->propagation == NSU_PLAN_SLAVE)
		return 0;
	return nsu_policy_wrong(fail, nsu_policy_where(effective, NSU_KEY_PROPAGATION, origin), "propagation",
	                        "only \"private\" and \"slave\" go with mounts, a host name or the namespaces \"pid\", "
	                        "\"ipc\", \"net\", \"cgroup\" and \"user\": the session's mounts would appear on "
	                        "the host");
}

static bool hides_or_protects(const struct nsu_mount_spec *mount)
{
	return mount->type == NSU_PLAN_MASK || mount->type == NSU_PLAN_READONLY ||
	       (mount->type == NSU_PLAN_BIND && mount->read_only);
}

/* One mount beside those before it. */
static int check_mount(const struct nsu_effective *effective, size_t index, struct nsu_fail *fail)
{
	const struct nsu_mount_spec *mount = effective->mounts[index];
	bool covers = nsu_text_is_below(NSU_RUN_DIR, mount->path);

	if (covers && mount->type == NSU_PLAN_MASK)
		return nsu_policy_wrong(fail, &mount->origin, "path", "pam_nsunshare itself needs " NSU_RUN_DIR);
	for (size_t i = 0; i < index; i++) {
		const struct nsu_mount_spec *other = effective->mounts[i];

		if (strcmp(other->path, mount->path) == 0)
			return nsu_policy_wrong(fail, &mount->origin, "path", "two mounts on '%s'", mount->path);
		if (mount->type == NSU_PLAN_BIND && hides_or_protects(other) &&
		    nsu_text_is_below(other->path, mount->path))
			return nsu_policy_wrong(
				fail, &mount->origin, "path", "'%s' would cover the %s on '%s', made before",
				mount->path, nsu_plan_mount_name((enum nsu_plan_mount_type)other->type), other->path);
		if (other->type != NSU_PLAN_MASK)
			continue;
		if (nsu_text_is_below(mount->path, other->path))
			return nsu_policy_wrong(fail, &mount->origin, "path",
			                        "'%s' is below the mask on '%s', where nothing is", mount->path,
			                        other->path);
		if (covers)
			return nsu_policy_wrong(fail, &mount->origin, "path",
			                        "a mount on '%s' must come before all masks", mount->path);
	}
	return 0;
}

static int check_exposed(const struct nsu_effective *effective, const struct nsu_item *item, struct nsu_fail *fail)
{
	struct nsu_origin origin = {effective->origins[NSU_KEY_EXPOSE].file, item->line};

	for (size_t i = 0; i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];

		if (strcmp(item->text, mount->path) == 0)
			return nsu_policy_wrong(fail, &origin, "expose", "'%s' would undo the mount on that path",
			                        item->text);
		if (mount->type == NSU_PLAN_MASK && nsu_text_is_below(item->text, mount->path))
			return nsu_policy_wrong(fail, &origin, "expose",
			                        "'%s' is below the mask on '%s', where nothing is", item->text,
			                        mount->path);
		if (hides_or_protects(mount) && nsu_text_is_below(mount->path, item->text))
			return nsu_policy_wrong(fail, &origin, "expose", "'%s' would cover the %s on '%s'", item->text,
			                        nsu_plan_mount_name((enum nsu_plan_mount_type)mount->type),
			                        mount->path);
	}
	return 0;
}

static int check_mounts(const struct nsu_effective *effective, const struct nsu_origin *origin, struct nsu_fail *fail)
{
	const struct nsu_strings *expose = &effective->values.expose;
	int ret = 0;

	if (effective->has_too_many || effective->n_mounts + expose->n > MOUNTS_MAX)
		return nsu_policy_wrong(fail, nsu_policy_where(effective, NSU_KEY_EXTRA_MOUNTS, origin), "extra_mounts",
		                        "with `mounts` and `expose` more than %d mounts", MOUNTS_MAX);
	for (size_t i = 0; ret == 0 && i < effective->n_mounts; i++)
		ret = check_mount(effective, i, fail);
	for (size_t i = 0; ret == 0 && i < expose->n; i++)
		ret = check_exposed(effective, &expose->items[i], fail);
	return ret;
}

int nsu_policy_check_settings(const struct nsu_effective *effective, const struct nsu_profile *profile,
                              const struct nsu_origin *origin, struct nsu_fail *fail)
{
	int ret;

	if (effective->values.namespaces == 0 && effective->n_mounts == 0)
		return nsu_policy_wrong(
			fail, nsu_policy_where(effective, NSU_KEY_NAMESPACES, origin),
			effective->origins[NSU_KEY_NAMESPACES].line ? "namespaces" : "profile",
			"'%s' has neither namespaces nor mounts and would isolate nothing (\"none\" says that)",
			profile->name);
	ret = check_uts(effective, origin, fail);
	if (ret == 0)
		ret = check_pid(effective, origin, fail);
	if (ret == 0)
		ret = check_proc(effective, fail);
	if (ret == 0)
		ret = check_propagation(effective, origin, fail);
	if (ret == 0)
		ret = check_mounts(effective, origin, fail);
	if (ret == 0)
		ret = nsu_policy_check_spaces(effective, origin, fail);
	return ret < 0 ? ret : nsu_policy_check_scope(effective, origin, fail);
}

/* By name; of one name, the one that was read first. */
static int compare_profiles(const void *a, const void *b)
{
	const struct nsu_profile *first = *(const struct nsu_profile *const *)a;
	const struct nsu_profile *second = *(const struct nsu_profile *const *)b;
	int order = strcmp(first->name, second->name);

	return order ? order : (first > second) - (first < second);
}

static int index_profiles(struct nsu_policy *policy, struct nsu_findings *findings, struct nsu_fail *fail)
{
	policy->by_name = calloc(policy->n_profiles + 1, sizeof(*policy->by_name));
	if (!policy->by_name)
		return nsu_fail(fail, ENOMEM, "link the policy");
	for (size_t i = 0; i < policy->n_profiles; i++)
		policy->by_name[i] = &policy->profiles[i];
	qsort(policy->by_name, policy->n_profiles, sizeof(*policy->by_name), compare_profiles);
	for (size_t i = 1; i < policy->n_profiles; i++) {
		const struct nsu_profile *first = policy->by_name[i - 1];
		struct nsu_profile *second = &policy->profiles[policy->by_name[i] - policy->profiles];
		char place[NSU_PATH_MAX + 16];
		int ret;

		if (strcmp(first->name, second->name) != 0)
			continue;
		second->is_broken = true;
		ret = nsu_policy_wrong(fail, &second->origin, second->name, "this profile is defined already, at %s",
		                       nsu_policy_origin(&first->origin, place, sizeof(place)));
		ret = nsu_findings_take(findings, ret, second->origin.file, fail);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int link_base(const struct nsu_policy *policy, struct nsu_profile *profile, struct nsu_fail *fail)
{
	struct nsu_origin origin = {profile->origin.file, profile->base_line};

	if (profile->is_broken || !profile->base_name)
		return 0;
	profile->base = nsu_policy_profile(policy, profile->base_name);
	if (profile->base && profile->base != &nsu_policy_none)
		return 0;
	profile->base = NULL;
	profile->is_broken = true;
	return nsu_policy_wrong(fail, &origin, "base", "there is no profile '%s' to build on", profile->base_name);
}

/* After all are linked. A loop is cut where it is found, for nsu_policy_examine() to go on. */
static int check_chain(struct nsu_profile *profile, struct nsu_fail *fail)
{
	struct nsu_origin origin = {profile->origin.file, profile->base_line};
	const struct nsu_profile *end = profile;

	for (int n = 0; end && n < NSU_BASE_DEPTH_MAX; n++)
		end = end->base;
	if (!end)
		return 0;
	profile->base = NULL;
	profile->is_broken = true;
	return nsu_policy_wrong(fail, &origin, "base", "the chain of profile '%s' is a loop, or longer than %d",
	                        profile->name, NSU_BASE_DEPTH_MAX);
}

/* Of a rule, or of a user's file that names one. */
static int link_profile(const struct nsu_policy *policy, struct nsu_rule *rule, const char *what, struct nsu_fail *fail)
{
	struct nsu_origin origin = {rule->origin.file, rule->profile_line};

	rule->profile = nsu_policy_profile(policy, rule->profile_name);
	if (!rule->profile)
		return nsu_policy_wrong(fail, &origin, "profile", "there is no profile '%s'", rule->profile_name);
	if (rule->profile == &nsu_policy_none && rule->settings.given)
		return nsu_policy_wrong(fail, &origin, "profile",
		                        "\"none\" leaves the login alone: the %s's other keys would do nothing", what);
	return 0;
}

bool nsu_policy_is_broken(const struct nsu_profile *profile)
{
	for (; profile; profile = profile->base) {
		if (profile->is_broken)
			return true;
	}
	return false;
}

static int link_rule(const struct nsu_policy *policy, struct nsu_rule *rule, struct nsu_fail *fail)
{
	struct nsu_effective effective;
	int ret;

	if (rule->is_broken)
		return 0;
	ret = link_profile(policy, rule, "rule", fail);
	if (ret == 0 && rule->profile != &nsu_policy_none && !nsu_policy_is_broken(rule->profile)) {
		nsu_policy_merge(rule->profile, &rule->settings, NULL, &effective);
		ret = nsu_policy_check_settings(&effective, rule->profile,
		                                &(struct nsu_origin){rule->origin.file, rule->profile_line}, fail);
	}
	rule->is_broken = ret < 0;
	return ret;
}

int nsu_policy_link(struct nsu_policy *policy, struct nsu_findings *findings, struct nsu_fail *fail)
{
	int ret = index_profiles(policy, findings, fail);

	for (size_t i = 0; ret == 0 && i < policy->n_profiles; i++)
		ret = nsu_findings_take(findings, link_base(policy, &policy->profiles[i], fail),
		                        policy->profiles[i].origin.file, fail);
	for (size_t i = 0; ret == 0 && i < policy->n_profiles; i++)
		ret = nsu_findings_take(findings, check_chain(&policy->profiles[i], fail),
		                        policy->profiles[i].origin.file, fail);
	for (size_t i = 0; ret == 0 && i < policy->n_rules; i++)
		ret = nsu_findings_take(findings, link_rule(policy, &policy->rules[i], fail),
		                        policy->rules[i].origin.file, fail);
	return ret;
}

int nsu_policy_link_user(struct nsu_policy *policy, struct nsu_fail *fail)
{
	struct nsu_rule *user = policy->user;

	return user->profile_name ? link_profile(policy, user, "file", fail) : 0;
}
