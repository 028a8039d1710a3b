/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules that are never reached. */
#include <stdbool.h>
#include <string.h>

#include "policy_examine.h"
#include "policy_parse.h"
#include "subject.h"

static bool has_item(const struct nsu_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->n; i++) {
		if (strcmp(strings->items[i].text, text) == 0)
			return true;
	}
	return false;
}

/* Does one list of globs hold for all that the other one holds for? By their texts: "a*" is not seen to cover "ab". */
static bool strings_cover(const struct nsu_strings *wide, const struct nsu_strings *narrow)
{
	if (wide->n == 0 || has_item(wide, "*"))
		return true;
	for (size_t i = 0; i < narrow->n; i++) {
		if (!has_item(wide, narrow->items[i].text))
			return false;
	}
	return narrow->n > 0;
}

static bool uids_cover(const struct nsu_uids *wide, const struct nsu_uids *narrow)
{
	for (size_t i = 0; wide->n > 0 && i < narrow->n; i++) {
		bool is_covered = false;

		for (size_t j = 0; j < wide->n; j++)
			is_covered = is_covered || (wide->ranges[j].first <= narrow->ranges[i].first &&
			                            wide->ranges[j].last >= narrow->ranges[i].last);
		if (!is_covered)
			return false;
	}
	return wide->n == 0 || narrow->n > 0;
}

/* A name of a group is no glob: "*" is not special there, but no group is called so. */
static bool covers(const struct nsu_rule *wide, const struct nsu_rule *narrow)
{
	return strings_cover(&wide->users, &narrow->users) && strings_cover(&wide->services, &narrow->services) &&
	       strings_cover(&wide->groups, &narrow->groups) && strings_cover(&wide->ttys, &narrow->ttys) &&
	       strings_cover(&wide->rhosts, &narrow->rhosts) && uids_cover(&wide->uids, &narrow->uids);
}

/* Could the rule serve uid 0 under this name, which the other one does not name? */
static bool serves_root_alone(const struct nsu_rule *narrow, const struct nsu_rule *wide)
{
	for (size_t i = 0; i < narrow->users.n; i++) {
		const char *user = narrow->users.items[i].text;
		struct nsu_fail fail = NSU_FAIL_INIT;
		bool exists = false;
		uid_t uid = 0;

		if (has_item(&wide->users, user))
			continue;
		if (nsu_subject_user_exists(user, &exists, &uid, &fail) < 0 || (exists && uid == 0))
			return true;
	}
	return false;
}

static bool is_hidden_by(const struct nsu_rule *rule, const struct nsu_rule *before)
{
	static const char manager[] = "systemd-user";

	if (!covers(before, rule))
		return false;
	if (has_item(&rule->services, manager) && !has_item(&before->services, manager))
		return false;
	return !serves_root_alone(rule, before);
}

static int examine_rule(const struct nsu_policy *policy, size_t index, struct nsu_findings *findings)
{
	const struct nsu_rule *rule = &policy->rules[index];
	char place[NSU_PATH_MAX + 16];

	for (size_t i = 0; i < index; i++) {
		const struct nsu_rule *before = &policy->rules[i];

		if (before->is_broken || !is_hidden_by(rule, before))
			continue;
		return nsu_findings_add(findings, NSU_POLICY_WARNING, &rule->origin,
		                        "this rule is never reached: the one at %s holds for all that it names",
		                        nsu_policy_origin(&before->origin, place, sizeof(place)));
	}
	return 0;
}

int nsu_examine_reach(const struct nsu_policy *policy, struct nsu_findings *findings)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < policy->n_rules; i++) {
		if (!policy->rules[i].is_broken)
			ret = examine_rule(policy, i, findings);
	}
	return ret;
}
