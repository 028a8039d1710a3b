/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rule holds for a login, and which profile and settings follow from it. Knows no file and no libconfig. */
#include "policy.h"

#include <errno.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "policy_match.h"
#include "policy_parse.h"
#include "text.h"

static bool names_literally(const struct nsu_strings *strings, const char *name)
{
	for (size_t i = 0; i < strings->n; i++) {
		if (strcmp(strings->items[i].text, name) == 0)
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
		const char *glob = globs->items[i].text;
		int ret = strcmp(glob, value) == 0 ? 0 : fnmatch(glob, value, 0);

		if (ret == 0)
			return 1;
		if (ret != FNM_NOMATCH)
			return nsu_fail(fail, EINVAL, "match a value against '%s'", glob);
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
static int matches_group(const struct nsu_rule *rule, struct nsu_subject *subject, struct nsu_plan *plan,
                         struct nsu_fail *fail)
{
	for (size_t i = 0; i < rule->groups.n; i++) {
		const struct nsu_item *group = &rule->groups.items[i];
		bool is_member = false;
		char printable[NSU_LOG_VALUE_MAX];
		int ret = nsu_subject_is_member(subject, group->text, &is_member, fail);

		if (ret == -ENOENT)
			nsu_plan_note(plan, "%s:%u: group '%s' does not exist: it matches nobody", rule->origin.file,
			              group->line, nsu_text_printable(group->text, printable, sizeof(printable)));
		else if (ret < 0)
			return ret;
		if (is_member)
			return 1;
	}
	return rule->groups.n == 0;
}

static bool is_user_manager(const struct nsu_subject *subject)
{
	return strcmp(subject->service, "systemd-user") == 0;
}

/* What only a rule that says so may touch: uid 0, and the user manager of systemd. Return: why not; NULL: it may. */
static const char *reserved(const struct nsu_subject *subject, const struct nsu_rule *rule)
{
	if (subject->uid == 0 && !(rule && names_literally(&rule->users, subject->user)))
		return "uid 0 matches only a rule that names the user";
	if (is_user_manager(subject) && !(rule && names_literally(&rule->services, subject->service)))
		return "service systemd-user matches only a rule that names it";
	return NULL;
}

/* Return: 1 the rule holds for the subject; 0 not, and *why says so; a failure. */
static int matches(const struct nsu_rule *rule, struct nsu_subject *subject, struct nsu_plan *plan,
                   struct nsu_mismatch *why, struct nsu_fail *fail)
{
	const struct nsu_mismatch conditions[] = {
		{.key = "user", .value = subject->user, .wanted = &rule->users},
		{.key = "service", .value = subject->service, .wanted = &rule->services},
		{.key = "tty", .value = subject->tty, .wanted = &rule->ttys},
		{.key = "rhost", .value = subject->rhost, .wanted = &rule->rhosts},
	};

	*why = (struct nsu_mismatch){.sentence = reserved(subject, rule)};
	if (why->sentence)
		return 0;
	*why = (struct nsu_mismatch){.key = "uid", .uids = &rule->uids};
	if (!matches_uid(&rule->uids, subject->uid))
		return 0;
	for (size_t i = 0; i < NSU_COUNT(conditions); i++) {
		int ret = matches_glob(conditions[i].wanted, conditions[i].value, fail);

		*why = conditions[i];
		if (ret <= 0)
			return ret;
	}
	*why = (struct nsu_mismatch){.key = "group", .wanted = &rule->groups};
	return matches_group(rule, subject, plan, fail); /* last: it may ask LDAP */
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

/* Finds the first rule that holds; none does: decision->rule is NULL. */
static int find_rule(const struct nsu_policy *policy, struct nsu_subject *subject, struct nsu_plan *plan,
                     struct nsu_decision *decision, struct nsu_fail *fail)
{
	decision->rule = NULL;
	for (size_t i = 0; policy && i < policy->n_rules; i++) {
		const struct nsu_rule *rule = &policy->rules[i];
		struct nsu_mismatch why;
		int holds = matches(rule, subject, plan, &why, fail);

		if (holds < 0)
			return holds;
		if (decision->tell_rule && decision->tell_rule(decision->data, rule, holds ? NULL : &why) < 0)
			return nsu_fail(fail, ENOMEM, "explain the rules");
		if (!holds)
			continue;
		decision->rule = rule;
		return 0;
	}
	return 0;
}

/*
 * The file of a user counts as naming him, but as no service: the user manager stays reserved. Its profile overrides that of
 * the rule, and serves where there is none.
 */
static int choose_profile(const struct nsu_policy *policy, const struct nsu_subject *subject, const char *fallback,
                          struct nsu_decision *decision, struct nsu_fail *fail)
{
	const struct nsu_rule *user = policy ? policy->user : NULL;
	const struct nsu_rule *rule = decision->rule;

	decision->profile = NULL;
	if (user && user->profile && (rule || !is_user_manager(subject)))
		rule = user;
	if (rule) {
		decision->profile = rule->profile;
		decision->profile_origin = (struct nsu_origin){rule->origin.file, rule->profile_line};
		return 0;
	}
	if (!fallback || reserved(subject, NULL))
		return 0;
	decision->profile_origin = (struct nsu_origin){NSU_ORIGIN_MODULE, 0};
	decision->profile = nsu_policy_profile(policy, fallback);
	if (!decision->profile)
		return nsu_fail_because(fail, EINVAL, "there is no profile '%s', which the module's line names",
		                        fallback);
	return 0;
}

/* plan->rule: the rule; where none holds, the line of the user's file that names the profile. */
static int name_rule(const struct nsu_decision *decision, struct nsu_plan *plan, struct nsu_fail *fail)
{
	char text[NSU_PATH_MAX + 16];

	plan->rule = "none";
	if (decision->rule)
		nsu_policy_origin(&decision->rule->origin, text, sizeof(text));
	else if (decision->profile && decision->profile_origin.line)
		nsu_policy_origin(&decision->profile_origin, text, sizeof(text));
	else if (decision->profile)
		snprintf(text, sizeof(text), "module-line");
	else
		return 0;
	if (nsu_plan_text(plan, text, &plan->rule) < 0)
		return nsu_fail(fail, E2BIG, "keep the rule's place");
	return 0;
}

/* A file of a user whose keys serve nothing, since no profile does. */
static void note_useless_file(const struct nsu_rule *user, const struct nsu_subject *subject, struct nsu_plan *plan)
{
	if (user && user->settings.given && !is_user_manager(subject))
		nsu_plan_note(plan, "%s: its keys do nothing: neither it nor a rule gives this login a profile",
		              user->origin.file);
}

static int make_plan(const struct nsu_policy *policy, struct nsu_subject *subject, struct nsu_plan *plan,
                     struct nsu_decision *decision, struct nsu_fail *fail)
{
	const struct nsu_rule *user = policy ? policy->user : NULL;
	const struct nsu_rule *rule = decision->rule;
	const struct nsu_profile *profile = decision->profile;
	int ret;

	if (profile && nsu_plan_text(plan, profile->name, &plan->profile) < 0)
		return nsu_fail(fail, E2BIG, "keep the profile's name");
	if (!profile || profile == &nsu_policy_none) {
		note_useless_file(user, subject, plan);
		plan->leave_alone = true;
		return 0;
	}
	nsu_policy_merge(profile, rule ? &rule->settings : NULL, user ? &user->settings : NULL, &decision->effective);
	if (user || !rule) { /* else it was checked at load */
		ret = nsu_policy_check_settings(&decision->effective, profile, &decision->profile_origin, fail);
		if (ret < 0)
			return ret;
	}
	return nsu_resolve_plan(decision, subject, keeps_pid(subject, rule), plan, fail);
}

int nsu_policy_decide(const struct nsu_policy *policy, struct nsu_subject *subject, const char *fallback,
                      struct nsu_plan *plan, struct nsu_decision *decision, struct nsu_fail *fail)
{
	int ret;

	nsu_plan_init(plan);
	decision->profile = NULL;
	ret = find_rule(policy, subject, plan, decision, fail);
	if (ret == 0)
		ret = choose_profile(policy, subject, fallback, decision, fail);
	if (ret == 0)
		ret = name_rule(decision, plan, fail);
	return ret < 0 ? ret : make_plan(policy, subject, plan, decision, fail);
}

int nsu_policy_match(const struct nsu_policy *policy, struct nsu_subject *subject, const char *fallback,
                     struct nsu_plan *plan, struct nsu_fail *fail)
{
	struct nsu_decision decision;

	decision.tell_rule = NULL;
	return nsu_policy_decide(policy, subject, fallback, plan, &decision, fail);
}
