/* SPDX-License-Identifier: BSD-3-Clause */
/* What a policy may ask of its host, over all rules, files of users and services. */
#include "survey.h"

#include <errno.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "policy_load.h"
#include "policy_parse.h"

static void add_settings(const struct nsu_profile *profile, const struct nsu_settings *rule,
                         const struct nsu_settings *user, struct nsu_survey *survey)
{
	struct nsu_effective effective;
	const struct nsu_settings *values = &effective.values;
	unsigned namespaces;

	if (profile == &nsu_policy_none)
		return;
	nsu_policy_merge(profile, rule, user, &effective);
	namespaces = values->namespaces;
	if (effective.n_mounts > 0 || (namespaces & CLONE_NEWPID)) /* which need it, as nsu_resolve_plan() has it */
		namespaces |= CLONE_NEWNS;
	survey->namespaces |= namespaces;
	if ((namespaces & CLONE_NEWNS) && values->propagation == NSU_PLAN_PRIVATE)
		survey->has_private = true;
	if ((namespaces & CLONE_NEWNS) && values->propagation == NSU_PLAN_SLAVE)
		survey->has_slave = true;
	survey->has_memory = survey->has_memory || values->memory_bytes > 0;
	survey->has_tasks = survey->has_tasks || values->tasks > 0;
	survey->has_cpu = survey->has_cpu || values->cpu_weight > 0;
	survey->has_denials = survey->has_denials || values->denials != 0;
	if ((namespaces & CLONE_NEWPID) && values->lifetime != NSU_PLAN_LIFETIME_LOGIN && values->memory_bytes == 0 &&
	    values->tasks == 0 && values->cpu_weight == 0)
		survey->has_lasting = true;
}

static bool names(const struct nsu_strings *strings, const char *name)
{
	for (size_t i = 0; i < strings->n; i++) {
		if (strcmp(strings->items[i].text, name) == 0)
			return true;
	}
	return false;
}

static void add_rule(const struct nsu_rule *rule, struct nsu_survey *survey)
{
	struct nsu_survey its = {0};

	add_settings(rule->profile, &rule->settings, NULL, survey);
	if (!names(&rule->services, "sudo") && !names(&rule->services, "sudo-i"))
		return;
	add_settings(rule->profile, &rule->settings, NULL, &its);
	survey->sudo_namespaces |= its.namespaces;
}

/* Over the profile it names, or over those of the rules: which of them will hold is not known. */
static void add_user(const struct nsu_policy *policy, struct nsu_survey *survey)
{
	const struct nsu_rule *user = policy->user;

	if (user->profile) {
		add_settings(user->profile, NULL, &user->settings, survey);
		return;
	}
	for (size_t i = 0; i < policy->n_rules; i++)
		add_settings(policy->rules[i].profile, &policy->rules[i].settings, &user->settings, survey);
}

static int add_users(struct nsu_policy *policy, const char *dir, struct nsu_survey *survey)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	struct nsu_names files = {.n = 0};
	bool exists;
	int ret;

	ret = nsu_load_names(dir, SIZE_MAX, &files, &exists, &ignored);
	for (size_t i = 0; ret == 0 && i < files.n; i++) {
		auto_free char *file = NULL;

		if (asprintf(&file, "%s/%s", dir, files.items[i]->d_name) < 0) {
			file = NULL;
			ret = -ENOMEM;
			break;
		}
		ignored = (struct nsu_fail)NSU_FAIL_INIT;
		if (nsu_load_file(policy, NSU_POLICY_USER, file, NULL, &ignored) == 0 &&
		    nsu_policy_link_user(policy, &ignored) == 0)
			add_user(policy, survey);
		nsu_load_forget_user(policy);
	}
	nsu_names_clear(&files);
	return ret == -ENOMEM ? ret : 0;
}

int nsu_survey_policy(struct nsu_policy *policy, struct nsu_survey *survey)
{
	auto_free char *dir = NULL;

	if (!policy)
		return 0;
	for (size_t i = 0; i < policy->n_rules; i++)
		add_rule(&policy->rules[i], survey);
	if (!policy->dropin_dir)
		return 0;
	if (asprintf(&dir, "%s/users", policy->dropin_dir) < 0) {
		dir = NULL;
		return -ENOMEM;
	}
	return add_users(policy, dir, survey);
}

int nsu_survey_profile(const struct nsu_policy *policy, const char *name, struct nsu_survey *survey)
{
	const struct nsu_profile *profile = nsu_policy_profile(policy, name);

	if (!profile)
		return -ENOENT;
	add_settings(profile, NULL, NULL, survey);
	return 0;
}

static const char user_manager[] = "systemd-user"; /* which is served only by a rule that names it */

static bool takes_service(const struct nsu_rule *rule, const char *service)
{
	if (names(&rule->services, service))
		return true;
	if (strcmp(service, user_manager) == 0)
		return false;
	for (size_t i = 0; i < rule->services.n; i++) {
		if (fnmatch(rule->services.items[i].text, service, 0) == 0)
			return true;
	}
	return rule->services.n == 0;
}

/* Does a rule hold for each login of the services that it takes? (But root's, whom only his name gets in.) */
static bool takes_everybody(const struct nsu_rule *rule)
{
	return (rule->users.n == 0 || names(&rule->users, "*")) && rule->groups.n == 0 && rule->uids.n == 0 &&
	       rule->ttys.n == 0 && rule->rhosts.n == 0;
}

enum nsu_survey_answer nsu_survey_service(const struct nsu_policy *policy, const char *service, const char *profile)
{
	enum nsu_survey_answer answer = NSU_SURVEY_LEFT_ALONE;

	for (size_t i = 0; policy && i < policy->n_rules; i++) {
		const struct nsu_rule *rule = &policy->rules[i];

		if (!takes_service(rule, service))
			continue;
		if (rule->profile != &nsu_policy_none && names(&rule->services, service))
			return NSU_SURVEY_NAMED;
		if (rule->profile != &nsu_policy_none)
			answer = NSU_SURVEY_SERVED;
		if (takes_everybody(rule))
			return answer;
	}
	if (profile && strcmp(profile, "none") != 0 && strcmp(service, user_manager) != 0)
		return NSU_SURVEY_SERVED;
	return answer;
}
