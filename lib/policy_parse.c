/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a libconfig text to a struct nsu_policy. Every key is a row of a table (name, kind, place, limits): what is in no
 * row is refused. The text has passed nsu_policy_scan().
 */
#include "policy_parse.h"

#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsat.h"
#include "policy.h"
#include "policy_value.h"

#define IN(type, member) .offset = offsetof(struct type, member)

static const struct nsu_row settings_rows[] = {
	{"namespaces", NSU_VALUE_NAMESPACES, IN(nsu_settings, namespaces), .key = NSU_KEY_NAMESPACES},
	{"hostname", NSU_VALUE_TEMPLATE, IN(nsu_settings, hostname), .key = NSU_KEY_HOSTNAME},
	{"propagation", NSU_VALUE_WORD, IN(nsu_settings, propagation), .words = "private|slave",
         .key = NSU_KEY_PROPAGATION},
	{"mounts", NSU_VALUE_MOUNTS, IN(nsu_settings, mounts), .key = NSU_KEY_MOUNTS},
	{"timeout", NSU_VALUE_NUMBER, IN(nsu_settings, timeout_ms), NSU_TIMEOUT_MIN_MS, NSU_TIMEOUT_MAX_MS,
         .key = NSU_KEY_TIMEOUT},
	{"stop_timeout", NSU_VALUE_NUMBER, IN(nsu_settings, stop_timeout_ms), 0, NSU_STOP_TIMEOUT_MAX_MS,
         .key = NSU_KEY_STOP_TIMEOUT},
	{"enforce", NSU_VALUE_BOOL, IN(nsu_settings, enforce), .key = NSU_KEY_ENFORCE},
	{"on_error", NSU_VALUE_WORD, IN(nsu_settings, on_error), .words = "deny|allow", .key = NSU_KEY_ON_ERROR},
};

static const struct nsu_row profile_rows[] = {
	{"base", NSU_VALUE_STRING, IN(nsu_profile, base), .line_offset = offsetof(struct nsu_profile, base_line)},
};

static const struct nsu_row rule_rows[] = {
	{"user", NSU_VALUE_NAMES, IN(nsu_rule, users)},
	{"group", NSU_VALUE_NAMES, IN(nsu_rule, groups)},
	{"uid", NSU_VALUE_UIDS, IN(nsu_rule, uids)},
	{"service", NSU_VALUE_STRINGS, IN(nsu_rule, services)},
	{"tty", NSU_VALUE_STRINGS, IN(nsu_rule, ttys)},
	{"rhost", NSU_VALUE_STRINGS, IN(nsu_rule, rhosts)},
	{"profile", NSU_VALUE_STRING, IN(nsu_rule, profile), .line_offset = offsetof(struct nsu_rule, profile_line)},
};

static const struct nsu_row mount_rows[] = {
	{"type", NSU_VALUE_WORD, IN(nsu_mount_spec, type), .words = "tmpfs"},
	{"path", NSU_VALUE_PATH, IN(nsu_mount_spec, path)},
	{"size", NSU_VALUE_SIZE, IN(nsu_mount_spec, size)},
	{"inodes", NSU_VALUE_NUMBER, IN(nsu_mount_spec, inodes), NSU_TMPFS_INODES_MIN, INT_MAX},
	{"mode", NSU_VALUE_MODE, IN(nsu_mount_spec, mode)},
	{"owner", NSU_VALUE_WORD, IN(nsu_mount_spec, owner_is_user), .words = "root|user"},
	{"noexec", NSU_VALUE_BOOL, IN(nsu_mount_spec, noexec)},
	{"optional", NSU_VALUE_BOOL, IN(nsu_mount_spec, optional)},
};

/*
 * Puts a setting in its place if a row has its name, and its line where the row wants that.
 * Return: 1 if one has, 0 if not, or a failure.
 */
static int set_by_table(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *rows,
                        size_t n_rows, void *base)
{
	for (size_t i = 0; i < n_rows; i++) {
		int ret;

		if (strcmp(rows[i].name, config_setting_name(setting)) != 0)
			continue;
		ret = nsu_value_set(parse, setting, &rows[i], base);
		if (rows[i].line_offset)
			*(unsigned *)(void *)((char *)base + rows[i].line_offset) = nsu_value_line(setting);
		return ret < 0 ? ret : 1;
	}
	return 0;
}

static int unknown_key(const struct nsu_parse *parse, const config_setting_t *setting, const char *where)
{
	char text[128];

	snprintf(text, sizeof(text), "unknown in %s (see nsunshare.conf(5))", where);
	return nsu_value_wrong(parse, setting, text);
}

/* @first: the first entry of the list that @mount is in. */
static int parse_mount(const struct nsu_parse *parse, const config_setting_t *group, const struct nsu_mount_spec *first,
                       struct nsu_mount_spec *mount)
{
	*mount = (struct nsu_mount_spec){
		.line = nsu_value_line(group),
		.type = NSU_MOUNT_SPEC_UNSET,
		.size.bytes = NSU_TMPFS_BYTES,
		.inodes = NSU_TMPFS_INODES,
		.mode = 01777,
	};
	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return nsu_value_wrong_type(parse, group, "groups { type = ...; path = ...; }");
	for (unsigned i = 0; i < (unsigned)config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, i);
		int ret = set_by_table(parse, setting, mount_rows, NSU_COUNT(mount_rows), mount);

		if (ret < 0)
			return ret;
		if (ret == 0)
			return unknown_key(parse, setting, "a mount");
	}
	if (mount->type == NSU_MOUNT_SPEC_UNSET)
		return nsu_value_wrong(parse, group, "a mount without its type");
	if (!mount->path)
		return nsu_value_wrong(parse, group, "a mount without its path");
	if ((mount->owner_is_user || (mount->mode & 022)) && !nsu_plan_may_be_writable(mount->path))
		return nsu_value_wrong(
			parse, group,
			"a place of the system that others than root could write (mode = \"0755\"; owner = "
			"\"root\")");
	for (const struct nsu_mount_spec *other = first; other < mount; other++) {
		if (strcmp(other->path, mount->path) == 0)
			return nsu_value_wrong(parse, group, "two mounts on one path");
	}
	return 0;
}

static int parse_mounts(const struct nsu_parse *parse, const config_setting_t *list, struct nsu_settings *settings)
{
	unsigned n = (unsigned)config_setting_length(list);

	if (config_setting_type(list) != CONFIG_TYPE_LIST)
		return nsu_value_wrong_type(parse, list, "a list of groups ( { ... }, { ... } )");
	if (n > NSU_PLAN_MOUNTS_MAX / 2) /* the other half is for what namespaces imply */
		return nsu_value_wrong(parse, list, "more than 32 mounts");
	settings->mounts = calloc(n + 1, sizeof(*settings->mounts));
	if (!settings->mounts)
		return nsu_fail(parse->fail, ENOMEM, "parse '%s'", parse->policy->file);
	settings->n_mounts = n;
	for (unsigned i = 0; i < n; i++) {
		int ret = parse_mount(parse, config_setting_get_elem(list, i), settings->mounts, &settings->mounts[i]);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* As set_by_table(), for the keys of a profile; notes what is given, and where. */
static int set_settings(const struct nsu_parse *parse, const config_setting_t *setting, struct nsu_settings *settings)
{
	for (size_t i = 0; i < NSU_COUNT(settings_rows); i++) {
		const struct nsu_row *row = &settings_rows[i];
		int ret;

		if (strcmp(row->name, config_setting_name(setting)) != 0)
			continue;
		if (row->kind == NSU_VALUE_MOUNTS)
			ret = parse_mounts(parse, setting, settings);
		else
			ret = nsu_value_set(parse, setting, row, settings);
		settings->given |= 1U << row->key;
		settings->lines[row->key] = nsu_value_line(setting);
		return ret < 0 ? ret : 1;
	}
	return 0;
}

/* The keys of a rule or a profile: those of its own table, and those of settings. */
static int parse_group(const struct nsu_parse *parse, const config_setting_t *group, const struct nsu_row *rows,
                       size_t n_rows, void *base, struct nsu_settings *settings)
{
	for (unsigned i = 0; i < (unsigned)config_setting_length(group); i++) {
		const config_setting_t *setting = config_setting_get_elem(group, i);
		int ret = set_by_table(parse, setting, rows, n_rows, base);

		if (ret == 0)
			ret = set_settings(parse, setting, settings);
		if (ret < 0)
			return ret;
		if (ret == 0)
			return unknown_key(parse, setting, rows == rule_rows ? "a rule" : "a profile");
	}
	return 0;
}

static int parse_rules(const struct nsu_parse *parse, const config_setting_t *list)
{
	struct nsu_policy *policy = parse->policy;
	unsigned n = (unsigned)config_setting_length(list);

	if (config_setting_type(list) != CONFIG_TYPE_LIST)
		return nsu_value_wrong_type(parse, list, "a list of groups ( { ... }, { ... } )");
	policy->rules = calloc(n + 1, sizeof(*policy->rules));
	if (!policy->rules)
		return nsu_fail(parse->fail, ENOMEM, "parse '%s'", policy->file);
	policy->n_rules = n;
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *group = config_setting_get_elem(list, i);
		struct nsu_rule *rule = &policy->rules[i];
		int ret;

		rule->line = nsu_value_line(group);
		if (config_setting_type(group) != CONFIG_TYPE_GROUP)
			return nsu_value_wrong_type(parse, group, "groups { profile = ...; }");
		ret = parse_group(parse, group, rule_rows, NSU_COUNT(rule_rows), rule, &rule->settings);
		if (ret < 0)
			return ret;
		if (!rule->profile)
			return nsu_value_wrong(parse, group, "a rule without its profile");
	}
	return 0;
}

static int parse_profiles(const struct nsu_parse *parse, const config_setting_t *groups)
{
	struct nsu_policy *policy = parse->policy;
	unsigned n = (unsigned)config_setting_length(groups);

	if (config_setting_type(groups) != CONFIG_TYPE_GROUP)
		return nsu_value_wrong_type(parse, groups, "a group { NAME = { ... }; }");
	policy->profiles = calloc(n + 1, sizeof(*policy->profiles));
	if (!policy->profiles)
		return nsu_fail(parse->fail, ENOMEM, "parse '%s'", policy->file);
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *group = config_setting_get_elem(groups, i);
		const char *name = config_setting_name(group);
		struct nsu_profile *profile = &policy->profiles[i];
		int ret;

		if (config_setting_type(group) != CONFIG_TYPE_GROUP)
			return nsu_value_wrong_type(parse, group, "a group { ... }");
		if (nsu_policy_profile(NULL, name))
			return nsu_value_wrong(parse, group,
			                       "a built-in profile can't be defined anew; choose another "
			                       "name, with base = \"default\"");
		profile->line = nsu_value_line(group);
		profile->name = nsu_policy_keep(policy, name);
		policy->n_profiles = i + 1;
		ret = parse_group(parse, group, profile_rows, NSU_COUNT(profile_rows), profile, &profile->settings);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int parse_root(const struct nsu_parse *parse, const config_setting_t *root)
{
	bool has_rules = false;

	for (unsigned i = 0; i < (unsigned)config_setting_length(root); i++) {
		const config_setting_t *setting = config_setting_get_elem(root, i);
		const char *name = config_setting_name(setting);
		int ret;

		if (strcmp(name, "rules") == 0)
			ret = parse_rules(parse, setting);
		else if (strcmp(name, "profiles") == 0)
			ret = parse_profiles(parse, setting);
		else
			ret = nsu_value_wrong(parse, setting, "unknown here; a policy holds `rules` and `profiles`");
		if (ret < 0)
			return ret;
		has_rules = has_rules || strcmp(name, "rules") == 0;
	}
	if (!has_rules)
		return nsu_fail_because(parse->fail, EINVAL,
		                        "%s:1: the policy has no `rules` (an empty list says that all "
		                        "logins are left alone)",
		                        parse->policy->file);
	return 0;
}

/* libconfig's two commonest errors, said so that they help. */
static const char *plain_words(const char *error)
{
	if (strcmp(error, "syntax error") == 0)
		return "syntax error, here or just before (a ';', ',', quote or bracket that is missing or too much?)";
	if (strcmp(error, "duplicate setting name") == 0)
		return "a key is given twice in one group";
	return error;
}

static int parse_text(const struct nsu_parse *parse, const char *text, size_t len)
{
	auto_free char *lines = NULL;
	config_t config;
	int ret;

	/* libconfig wants a comment on the last line to end. */
	if (asprintf(&lines, "%s%s", text, len > 0 && text[len - 1] == '\n' ? "" : "\n") < 0) {
		lines = NULL;
		return nsu_fail(parse->fail, ENOMEM, "parse '%s'", parse->policy->file);
	}
	config_init(&config);
	if (config_read_string(&config, lines) == CONFIG_TRUE)
		ret = parse_root(parse, config_root_setting(&config));
	else
		ret = nsu_fail_because(parse->fail, EINVAL, "%s:%d: %s", parse->policy->file,
		                       config_error_line(&config), plain_words(config_error_text(&config)));
	config_destroy(&config);
	return ret;
}

int nsu_policy_parse(const char *text, size_t len, const char *file, struct nsu_policy **ret_policy,
                     struct nsu_fail *fail)
{
	struct nsu_policy *policy;
	struct nsu_parse parse;
	int ret;

	ret = nsu_policy_scan(text, file, fail);
	if (ret < 0)
		return ret;
	policy = calloc(1, sizeof(*policy));
	if (policy) {
		policy->file = strdup(file);
		policy->text_cap = len + 1;
		policy->text = malloc(policy->text_cap);
	}
	if (!policy || !policy->file || !policy->text) {
		nsu_policy_free(policy);
		return nsu_fail(fail, ENOMEM, "parse '%s'", file);
	}
	parse = (struct nsu_parse){.policy = policy, .fail = fail};
	ret = parse_text(&parse, text, len);
	if (ret == 0)
		ret = nsu_policy_check(policy, fail);
	if (ret < 0) {
		nsu_policy_free(policy);
		return ret;
	}
	*ret_policy = policy;
	return 0;
}

int nsu_policy_load(const char *path, struct nsu_policy **ret_policy, struct nsu_fail *fail)
{
	auto_free char *text = NULL;
	auto_close int fd = -1;
	size_t len;
	int ret;

	ret = nsu_fsat_open_trusted(path, NSU_FSAT_READ, &fd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_fsat_read_text(fd, path, NSU_CONF_MAX, &text, &len, fail);
	if (ret < 0)
		return ret;
	return nsu_policy_parse(text, len, path, ret_policy, fail);
}

static void free_settings(struct nsu_settings *settings)
{
	free(settings->mounts);
}

void nsu_policy_free(struct nsu_policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->n_profiles; i++)
		free_settings(&policy->profiles[i].settings);
	for (size_t i = 0; i < policy->n_rules; i++) {
		struct nsu_rule *rule = &policy->rules[i];

		free(rule->users.items);
		free(rule->groups.items);
		free(rule->services.items);
		free(rule->ttys.items);
		free(rule->rhosts.items);
		free(rule->uids.ranges);
		free_settings(&rule->settings);
	}
	free(policy->profiles);
	free(policy->rules);
	free(policy->text);
	free(policy->file);
	free(policy);
}
