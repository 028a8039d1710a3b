/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy's files: which are read, in which order, and that only root can have written them.
 *
 * 1. Every file MUST be opened by nsu_fsat_open_trusted(): it and every directory above it are root's, no symbolic link.
 * 2. What is there but can not be taken MUST be a failure: a drop-in that is left out is a rule that does not hold.
 */
#include "policy_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "policy_findings.h"
#include "text.h"

/* A file that was listed and is gone is no "there is none". */
static int load_dropin(struct nsu_policy *policy, const char *name, struct nsu_findings *findings,
                       struct nsu_fail *fail)
{
	struct nsu_fail own = NSU_FAIL_INIT;
	auto_free char *path = NULL;
	int ret;

	if (asprintf(&path, "%s/%s", policy->dropin_dir, name) < 0) {
		path = NULL;
		return nsu_fail(fail, ENOMEM, "read the drop-ins");
	}
	ret = findings ? nsu_findings_file(findings, path) : 0;
	if (ret == 0)
		ret = nsu_load_file(policy, NSU_POLICY_DROPIN, path, findings, &own);
	if (ret == -ENOENT)
		return nsu_fail_because(fail, EAGAIN, "%s: vanished while the policy was read", path);
	if (ret < 0)
		*fail = own;
	return nsu_findings_take(findings, ret, path, fail);
}

static int load_dropins(struct nsu_policy *policy, struct nsu_findings *findings, struct nsu_fail *fail)
{
	struct nsu_names names = {.n = 0};
	bool exists = false;
	int ret;

	ret = nsu_load_names(policy->dropin_dir, NSU_DROPINS_MAX, &names, &exists, fail);
	ret = nsu_findings_take(findings, ret, policy->dropin_dir, fail);
	for (size_t i = 0; ret == 0 && i < names.n; i++)
		ret = load_dropin(policy, names.items[i]->d_name, findings, fail);
	nsu_names_clear(&names);
	if (!exists) {
		free(policy->dropin_dir);
		policy->dropin_dir = NULL;
	}
	return ret;
}

static int load_all(struct nsu_policy *policy, const char *path, struct nsu_findings *findings, struct nsu_fail *fail)
{
	int ret;

	ret = findings ? nsu_findings_file(findings, path) : 0;
	if (ret == 0)
		ret = nsu_load_file(policy, NSU_POLICY_MAIN, path, findings, fail);
	ret = nsu_findings_take(findings, ret, path, fail);
	if (ret == 0 && nsu_load_has_suffix(path)) {
		policy->dropin_dir = strdup(path);
		if (!policy->dropin_dir)
			return nsu_fail(fail, ENOMEM, "read '%s'", path);
		memcpy(policy->dropin_dir + strlen(path) - strlen(NSU_LOAD_SUFFIX), ".d", sizeof(".d"));
		ret = load_dropins(policy, findings, fail);
	}
	return ret < 0 ? ret : nsu_policy_link(policy, findings, fail);
}

int nsu_load_policy(const char *path, struct nsu_findings *findings, struct nsu_policy **ret_policy,
                    struct nsu_fail *fail)
{
	struct nsu_policy *policy = calloc(1, sizeof(*policy));
	int ret;

	if (!policy)
		return nsu_fail(fail, ENOMEM, "read '%s'", path);
	ret = load_all(policy, path, findings, fail);
	if (ret < 0) {
		nsu_policy_free(policy);
		return ret;
	}
	*ret_policy = policy;
	return 0;
}

int nsu_policy_load(const char *path, struct nsu_policy **ret_policy, struct nsu_fail *fail)
{
	return nsu_load_policy(path, NULL, ret_policy, fail);
}

int nsu_policy_load_user(struct nsu_policy *policy, const struct nsu_subject *subject, struct nsu_fail *fail)
{
	struct nsu_fail missing = NSU_FAIL_INIT;
	auto_free char *path = NULL;
	int ret;

	if (!policy->dropin_dir || !nsu_text_is_name(subject->user))
		return 0;
	if (asprintf(&path, "%s/users/%s" NSU_LOAD_SUFFIX, policy->dropin_dir, subject->user) < 0) {
		path = NULL;
		return nsu_fail(fail, ENOMEM, "read the user's file");
	}
	ret = nsu_load_file(policy, NSU_POLICY_USER, path, NULL, &missing);
	if (ret == -ENOENT)
		return 0;
	if (ret < 0) {
		*fail = missing;
		return ret;
	}
	return nsu_policy_link_user(policy, fail);
}

int nsu_policy_parse(const char *text, size_t len, const char *file, struct nsu_policy **ret_policy,
                     struct nsu_fail *fail)
{
	struct nsu_policy *policy;
	int ret;

	(void)len;
	policy = calloc(1, sizeof(*policy));
	if (!policy)
		return nsu_fail(fail, ENOMEM, "parse '%s'", file);
	ret = nsu_policy_add(policy, NSU_POLICY_MAIN, text, file, NULL, fail);
	if (ret == 0)
		ret = nsu_policy_link(policy, NULL, fail);
	if (ret < 0) {
		nsu_policy_free(policy);
		return ret;
	}
	*ret_policy = policy;
	return 0;
}

static void free_settings(struct nsu_settings *settings)
{
	free(settings->user_map.uids.items);
	free(settings->user_map.gids.items);
	free(settings->mounts.specs);
	free(settings->extra_mounts.specs);
	free(settings->expose.items);
	free(settings->environment.items);
}

static void free_rule(struct nsu_rule *rule)
{
	free(rule->users.items);
	free(rule->groups.items);
	free(rule->services.items);
	free(rule->ttys.items);
	free(rule->rhosts.items);
	free(rule->uids.ranges);
	free_settings(&rule->settings);
}

static void free_source(struct nsu_source *source)
{
	free(source->file);
	free(source->text);
	free(source);
}

/* The file of a user is the last one read. */
void nsu_load_forget_user(struct nsu_policy *policy)
{
	struct nsu_source *source = policy->sources;

	if (!policy->user)
		return;
	free_rule(policy->user);
	free(policy->user);
	policy->user = NULL;
	policy->sources = source->next;
	free_source(source);
}

void nsu_policy_free(struct nsu_policy *policy)
{
	if (!policy)
		return;
	nsu_load_forget_user(policy);
	for (size_t i = 0; i < policy->n_profiles; i++)
		free_settings(&policy->profiles[i].settings);
	for (size_t i = 0; i < policy->n_rules; i++)
		free_rule(&policy->rules[i]);
	while (policy->sources) {
		struct nsu_source *source = policy->sources;

		policy->sources = source->next;
		free_source(source);
	}
	free(policy->by_name);
	free(policy->profiles);
	free(policy->rules);
	free(policy->dropin_dir);
	free(policy);
}
