/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a libconfig text to the rules and profiles of a struct nsu_policy. Every key is a row of a table
 * (policy_keys.c): what is in no row is refused. The text has passed nsu_policy_scan().
 */
#include "policy_parse.h"

#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_findings.h"
#include "policy_value.h"

#define PROFILE_NAME_MAX 64 /* it stands in log lines and in the marker of a session */

static const struct nsu_row *find_row(const struct nsu_table *table, const config_setting_t *setting)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		if (strcmp(table->rows[i].name, config_setting_name(setting)) == 0)
			return &table->rows[i];
	}
	return NULL;
}

static int unknown_key(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_table *table)
{
	char text[128];

	snprintf(text, sizeof(text), "unknown in %s (see nsunshare.conf(5))", table->name);
	return nsu_value_wrong(parse, setting, text);
}

/* Puts one of the keys of a profile in its place, and notes that it is given, and where. */
static int set_one(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                   struct nsu_settings *settings)
{
	struct nsu_origin origin = nsu_value_origin(parse, setting);

	settings->given |= 1ULL << row->key;
	settings->file = origin.file;
	settings->lines[row->key] = origin.line;
	return nsu_value_set(parse, setting, row, settings);
}

/* A group whose keys are settings each by itself, so that a rule may override one of them: proc, net, ... */
static int set_group(const struct nsu_parse *parse, const config_setting_t *group, const struct nsu_table *table,
                     struct nsu_settings *settings)
{
	char expected[64];
	int ret = 0;

	snprintf(expected, sizeof(expected), "a group { %s = ...; }", table->rows[0].name);
	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return nsu_value_wrong_type(parse, group, expected);
	for (unsigned i = 0; ret == 0 && i < (unsigned)config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, i);
		const struct nsu_row *row = find_row(table, setting);

		ret = row ? set_one(parse, setting, row, settings) : unknown_key(parse, setting, table);
	}
	return ret;
}

/* A key of a rule, a profile or a user's file: one of its own, or one of settings. */
static int parse_key(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_table *table,
                     void *base, struct nsu_settings *settings)
{
	const struct nsu_row *row = find_row(table, setting);

	if (row) {
		if (row->line_offset)
			*(unsigned *)(void *)((char *)base + row->line_offset) = nsu_value_origin(parse, setting).line;
		return nsu_value_set(parse, setting, row, base);
	}
	row = find_row(&nsu_settings_keys, setting);
	if (!row)
		return unknown_key(parse, setting, table);
	if (row->kind == NSU_VALUE_GROUP)
		return set_group(parse, setting, row->table, settings);
	return set_one(parse, setting, row, settings);
}

static int parse_keys(const struct nsu_parse *parse, const config_setting_t *group, const struct nsu_table *table,
                      void *base, struct nsu_settings *settings)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < (unsigned)config_setting_length(group); i++)
		ret = parse_key(parse, config_setting_get_elem(group, i), table, base, settings);
	return ret;
}

static int parse_rule(const struct nsu_parse *parse, const config_setting_t *group, struct nsu_rule *rule)
{
	int ret;

	rule->origin = nsu_value_origin(parse, group);
	rule->is_broken = true;
	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return nsu_value_wrong_type(parse, group, "groups { profile = ...; }");
	ret = parse_keys(parse, group, &nsu_rule_keys, rule, &rule->settings);
	if (ret < 0)
		return ret;
	if (!rule->profile_name)
		return nsu_value_wrong(parse, group, "a rule without its profile");
	rule->is_broken = false;
	return 0;
}

/* Room for @n more elements, cleared, behind the @n_old of an array. */
static void *grow(void *array, size_t n_old, size_t n, size_t size)
{
	char *larger = realloc(array, (n_old + n + 1) * size);

	if (larger)
		memset(larger + n_old * size, 0, (n + 1) * size);
	return larger;
}

static int parse_rules(const struct nsu_parse *parse, const config_setting_t *list)
{
	struct nsu_policy *policy = parse->policy;
	unsigned n = (unsigned)config_setting_length(list);
	struct nsu_rule *rules;

	if (config_setting_type(list) != CONFIG_TYPE_LIST)
		return nsu_value_wrong_type(parse, list, "a list of groups ( { ... }, { ... } )");
	rules = grow(policy->rules, policy->n_rules, n, sizeof(*rules));
	if (!rules)
		return nsu_value_no_memory(parse);
	policy->rules = rules;
	for (unsigned i = 0; i < n; i++) {
		int ret = parse_rule(parse, config_setting_get_elem(list, i), &rules[policy->n_rules++]);

		ret = nsu_findings_take(parse->findings, ret, parse->source->file, parse->fail);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int parse_profile(const struct nsu_parse *parse, const config_setting_t *group, struct nsu_profile *profile)
{
	int ret;

	profile->origin = nsu_value_origin(parse, group);
	profile->is_broken = true;
	profile->name = nsu_value_keep(parse, config_setting_name(group));
	if (!profile->name)
		return nsu_value_no_memory(parse);
	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return nsu_value_wrong_type(parse, group, "a group { ... }");
	if (strlen(profile->name) > PROFILE_NAME_MAX)
		return nsu_value_wrong(parse, group, "a profile's name has at most 64 characters");
	if (nsu_policy_profile(NULL, profile->name))
		return nsu_value_wrong(parse, group,
		                       "a built-in profile can't be defined anew; choose another "
		                       "name, with base = \"default\"");
	ret = parse_keys(parse, group, &nsu_profile_keys, profile, &profile->settings);
	profile->is_broken = ret < 0;
	return ret;
}

static int parse_profiles(const struct nsu_parse *parse, const config_setting_t *groups)
{
	struct nsu_policy *policy = parse->policy;
	unsigned n = (unsigned)config_setting_length(groups);
	struct nsu_profile *profiles;

	if (config_setting_type(groups) != CONFIG_TYPE_GROUP)
		return nsu_value_wrong_type(parse, groups, "a group { NAME = { ... }; }");
	profiles = grow(policy->profiles, policy->n_profiles, n, sizeof(*profiles));
	if (!profiles)
		return nsu_value_no_memory(parse);
	policy->profiles = profiles;
	for (unsigned i = 0; i < n; i++) {
		int ret = parse_profile(parse, config_setting_get_elem(groups, i), &profiles[policy->n_profiles++]);

		ret = nsu_findings_take(parse->findings, ret, parse->source->file, parse->fail);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int parse_part(const struct nsu_parse *parse, const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);

	if (strcmp(name, "rules") == 0)
		return parse_rules(parse, setting);
	if (strcmp(name, "profiles") == 0)
		return parse_profiles(parse, setting);
	return nsu_value_wrong(parse, setting, "unknown here; a policy holds `rules` and `profiles`");
}

/* A policy's file, or a drop-in. */
static int parse_root(const struct nsu_parse *parse, const config_setting_t *root, enum nsu_policy_part part)
{
	const char *file = parse->source->file;

	if (part == NSU_POLICY_MAIN && !config_setting_get_member(root, "rules"))
		return nsu_fail_because(parse->fail, EINVAL,
		                        "%s:1: the policy has no `rules` (an empty list says that all "
		                        "logins are left alone)",
		                        file);
	if (config_setting_length(root) == 0)
		return nsu_fail_because(parse->fail, EINVAL, "%s:1: neither `rules` nor `profiles` in it", file);
	for (unsigned i = 0; i < (unsigned)config_setting_length(root); i++) {
		int ret = parse_part(parse, config_setting_get_elem(root, i));

		ret = nsu_findings_take(parse->findings, ret, file, parse->fail);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int parse_user(const struct nsu_parse *parse, const config_setting_t *root)
{
	struct nsu_rule *user = parse->policy->user;

	user->origin = (struct nsu_origin){parse->source->file, 1};
	if (config_setting_length(root) == 0)
		return nsu_fail_because(parse->fail, EINVAL, "%s:1: no key in it", parse->source->file);
	return parse_keys(parse, root, &nsu_user_keys, user, &user->settings);
}

/* libconfig's commonest errors, said so that they help. */
static const char *plain_words(const char *error)
{
	if (strcmp(error, "syntax error") == 0)
		return "syntax error, here or just before (a ';', ',', quote or bracket that is missing or too much?)";
	if (strcmp(error, "duplicate setting name") == 0)
		return "a key is given twice in one group";
	if (strcmp(error, "mismatched element type in array") == 0)
		return "values of different types in one array [ ] (a number with an L is another than one without; a list ( ) "
		       "takes both)";
	return error;
}

static int parse_text(const struct nsu_parse *parse, enum nsu_policy_part part, const char *text)
{
	size_t len = strlen(text);
	auto_free char *lines = NULL;
	config_t config;
	int ret;

	/* libconfig wants a comment on the last line to end. */
	if (asprintf(&lines, "%s%s", text, len > 0 && text[len - 1] == '\n' ? "" : "\n") < 0) {
		lines = NULL;
		return nsu_value_no_memory(parse);
	}
	config_init(&config);
	if (config_read_string(&config, lines) != CONFIG_TRUE)
		ret = nsu_fail_because(parse->fail, EINVAL, "%s:%d: %s", parse->source->file,
		                       config_error_line(&config), plain_words(config_error_text(&config)));
	else if (part == NSU_POLICY_USER)
		ret = parse_user(parse, config_root_setting(&config));
	else
		ret = parse_root(parse, config_root_setting(&config), part);
	config_destroy(&config);
	return ret;
}

/* The policy holds it from the start: nsu_policy_free() frees it whatever comes. */
static struct nsu_source *add_source(struct nsu_policy *policy, const char *text, const char *file)
{
	struct nsu_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->next = policy->sources;
	policy->sources = source;
	source->file = strdup(file);
	source->text_cap = strlen(text) + 1;
	source->text = malloc(source->text_cap);
	return source->file && source->text ? source : NULL;
}

int nsu_policy_add(struct nsu_policy *policy, enum nsu_policy_part part, const char *text, const char *file,
                   struct nsu_findings *findings, struct nsu_fail *fail)
{
	struct nsu_parse parse = {.policy = policy, .findings = findings, .fail = fail};
	int ret;

	ret = nsu_policy_scan(text, file, fail);
	if (ret < 0)
		return ret;
	parse.source = add_source(policy, text, file);
	if (!parse.source)
		return nsu_fail(fail, ENOMEM, "parse '%s'", file);
	if (part == NSU_POLICY_USER && !policy->user) {
		policy->user = calloc(1, sizeof(*policy->user));
		if (!policy->user)
			return nsu_value_no_memory(&parse);
	}
	return parse_text(&parse, part, text);
}
