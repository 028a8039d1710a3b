/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a set that logins share is another than was meant, or stays, or has in it whom it should not. */
#include <fnmatch.h>
#include <sched.h>
#include <string.h>

#include "policy_examine.h"
#include "policy_parse.h"
#include "policy_scope.h"
#include "subject.h"
#include "text.h"

struct share {
	const struct nsu_rule *rule;
	const struct nsu_effective *effective;
	const struct nsu_origin *scope; /* where it is said */
	struct nsu_findings *findings;
};

#define WARN(share, origin, ...) nsu_findings_add((share)->findings, NSU_POLICY_WARNING, origin, __VA_ARGS__)

/* The line of what the policy says itself; else that of the scope. */
static const struct nsu_origin *where(const struct share *share, const struct nsu_origin *origin)
{
	return origin->line ? origin : share->scope;
}

static bool is_common(const struct share *share)
{
	return share->effective->values.scope.mode == NSU_PLAN_SCOPE_GROUP ||
	       share->effective->values.scope.mode == NSU_PLAN_SCOPE_NAMED;
}

static int examine_text(void *data, const struct nsu_set_text *text)
{
	const struct share *share = data;

	if (!nsu_policy_find_letter(text->text, "s"))
		return 0;
	return WARN(share, where(share, text->origin),
	            "key '%s': %%s in '%s': each service gets a set of its own, so that ssh and cron, say, share none",
	            text->key, text->text);
}

/* A name of %u, which makes a set for each user where users were to share it. */
static int examine_name(const struct share *share)
{
	const char *name = share->effective->values.scope.name;

	if (!nsu_policy_find_letter(name, "uU"))
		return 0;
	return WARN(
		share, share->scope,
		"key 'scope': 'named:%s' is a set for each user: scope = \"user\" is that too, and has his host name, "
		"instances and id map",
		name);
}

/* Where a pattern takes in sudo, it loses the pid namespace, and so another set is what it wants. */
static int examine_sudo(const struct share *share)
{
	const struct nsu_strings *services = &share->rule->services;
	const struct nsu_item *pattern = NULL;

	for (size_t i = 0; (share->effective->values.namespaces & CLONE_NEWPID) && i < services->n; i++) {
		const char *service = services->items[i].text;

		if (strcmp(service, "sudo") == 0)
			return 0;
		if (fnmatch(service, "sudo", 0) == 0)
			pattern = &services->items[i];
	}
	if (!pattern)
		return 0;
	return WARN(
		share, (&(struct nsu_origin){share->rule->origin.file, pattern->line}),
		"key 'service': '%s' is sudo too, which gets no pid namespace and so a set of its own, beside that of "
		"the others",
		pattern->text);
}

/* Who becomes root among others is in reach of all that they do to the files and processes there. */
static int examine_users(const struct share *share)
{
	const struct nsu_strings *users = &share->rule->users;

	for (size_t i = 0; i < users->n; i++) {
		struct nsu_origin origin = {share->rule->origin.file, users->items[i].line};
		struct nsu_fail fail = NSU_FAIL_INIT;
		bool exists = false;
		uid_t uid = 0;

		if (nsu_subject_user_exists(users->items[i].text, &exists, &uid, &fail) < 0 || !exists || uid != 0)
			continue;
		return WARN(
			share, &origin,
			"key 'user': '%s' shares a set with others: they see what root runs there, and root finds in "
			"/tmp what they leave",
			users->items[i].text);
	}
	return 0;
}

static int examine_groups(const struct share *share)
{
	static const char *const admins[] = {"root", "sudo", "wheel", "admin"};
	const struct nsu_strings *groups = &share->rule->groups;

	for (size_t i = 0; i < groups->n; i++) {
		struct nsu_origin origin = {share->rule->origin.file, groups->items[i].line};
		const char *group = groups->items[i].text;
		struct nsu_fail fail = NSU_FAIL_INIT;
		bool lists = false;

		for (size_t j = 0; j < NSU_COUNT(admins); j++) {
			if (strcmp(group, admins[j]) == 0)
				return WARN(share, &origin,
				            "key 'group': '%s' shares a set: who of it becomes root there, by sudo, "
				            "is root to all the others in it",
				            group);
		}
		if (share->effective->values.scope.mode == NSU_PLAN_SCOPE_GROUP &&
		    nsu_subject_group_lists(group, &lists, &fail) == 0 && lists)
			return WARN(share, &origin,
			            "key 'group': '%s' has members whose primary group may be another, and scope = "
			            "\"group\" goes by that: they would not share one set (scope = \"named:%s\")",
			            group, nsu_text_is_name(group) ? group : "NAME");
	}
	return 0;
}

/* What is thrown away at the end of a set that has none. */
static int examine_kept(const struct share *share)
{
	const struct nsu_effective *effective = share->effective;

	for (size_t i = 0; i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];

		if (mount->throw_away)
			return WARN(share, where(share, &mount->origin),
			            "key 'remove': \"logout\" with lifetime = \"permanent\": '%s' is removed only when "
			            "`nsunshare kill` ends the set",
			            mount->path);
	}
	return 0;
}

/* A guarded place pins its top directory (docs/design.md), and with it what the host mounts there for who comes later. */
static int examine_pins(const struct share *share)
{
	const struct nsu_effective *effective = share->effective;
	const struct nsu_mount_spec *pin = NULL;

	for (size_t i = 0; i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];
		bool hides = mount->type == NSU_PLAN_MASK || mount->type == NSU_PLAN_TMPFS;

		if (hides && (strcmp(mount->path, "/run/user") == 0 || strcmp(mount->path, "/run") == 0))
			return 0;
		if (nsu_text_is_below(mount->path, "/run") &&
		    (mount->type == NSU_PLAN_MASK || mount->type == NSU_PLAN_READONLY || mount->read_only))
			pin = mount;
	}
	if (!pin)
		return 0;
	return WARN(share, where(share, &pin->origin),
	            "key 'path': with the %s on '%s' later mounts of the host in /run do not reach the set: no "
	            "/run/user/UID of who comes when it is there",
	            nsu_plan_mount_name((enum nsu_plan_mount_type)pin->type), pin->path);
}

int nsu_examine_share(const struct nsu_rule *rule, const struct nsu_effective *effective, struct nsu_findings *findings)
{
	const struct nsu_settings *values = &effective->values;
	struct share share = {rule, effective, nsu_policy_where(effective, NSU_KEY_SCOPE, &rule->origin), findings};
	int ret = 0;

	if (values->scope.mode == NSU_PLAN_SCOPE_SESSION)
		return 0;
	if (!nsu_policy_find_letter(values->scope.name, "s"))
		ret = nsu_policy_tell_texts(effective, examine_text, &share);
	if (ret == 0)
		ret = examine_name(&share);
	if (ret == 0)
		ret = examine_sudo(&share);
	if (ret == 0 && is_common(&share))
		ret = examine_users(&share);
	if (ret == 0 && is_common(&share))
		ret = examine_groups(&share);
	if (ret == 0 && values->lifetime == NSU_PLAN_LIFETIME_PERMANENT)
		ret = examine_kept(&share);
	return ret == 0 && values->propagation == NSU_PLAN_SLAVE ? examine_pins(&share) : ret;
}
