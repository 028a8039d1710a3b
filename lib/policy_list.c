/* SPDX-License-Identifier: BSD-3-Clause */
/* Values that may be a list: names, globs, uids, paths, variables, kinds of namespaces. */
#include "policy_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ns.h"
#include "template.h"
#include "text.h"

#define OUR_VARIABLES "NSUNSHARE_"

static bool is_sequence(const config_setting_t *setting)
{
	int type = config_setting_type(setting);

	return type == CONFIG_TYPE_ARRAY || type == CONFIG_TYPE_LIST;
}

/* One value or a list of them: how many, and each. */
static unsigned count_items(const config_setting_t *setting)
{
	return is_sequence(setting) ? (unsigned)config_setting_length(setting) : 1;
}

static const config_setting_t *item(const config_setting_t *setting, unsigned index)
{
	return is_sequence(setting) ? config_setting_get_elem(setting, index) : setting;
}

/* What no account is called, but other programs' lists look like: it would silently match nobody. */
static bool looks_like_list(const char *name)
{
	size_t len = strlen(name);

	return len == 0 || strpbrk(name, ",:") || strchr("!@ ", name[0]) || name[len - 1] == ' ';
}

/* "NAME=template", where NAME is a variable's that this module does not set itself. */
static const char *environment_mistake(const struct nsu_strings *before, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	if (len == 0 || !strchr(letters, text[0]) || text[len] != '=')
		return "expected \"NAME=value\", NAME of letters, digits and '_', not beginning with a digit";
	if (strncmp(text, OUR_VARIABLES, strlen(OUR_VARIABLES)) == 0)
		return "variables NSUNSHARE_... are the module's own";
	if (!nsu_template_is_valid(text + len + 1))
		return NSU_TEMPLATE_UNKNOWN;
	for (size_t i = 0; i < before->n; i++) {
		const char *other = before->items[i].text;

		if (other && strncmp(other, text, len + 1) == 0)
			return "a variable that is given twice";
	}
	return NULL;
}

/* What is wrong with an item, all before it being right. Return: the sentence; NULL: nothing. */
static const char *item_mistake(enum nsu_value_kind kind, const struct nsu_strings *before, const char *text)
{
	if (kind == NSU_VALUE_NAMES && looks_like_list(text))
		return "expected one name; several are a list: [ \"a\", \"b\" ]; there is no \"not\"";
	if (kind == NSU_VALUE_ENVIRONMENT)
		return environment_mistake(before, text);
	if (kind != NSU_VALUE_PATHS)
		return NULL;
	for (size_t i = 0; i < before->n; i++) {
		const char *other = before->items[i].text;

		if (other && strcmp(other, text) == 0)
			return "a path that is given twice";
	}
	return NULL;
}

static const char *count_mistake(enum nsu_value_kind kind, unsigned n)
{
	if (n == 0 && (kind == NSU_VALUE_STRINGS || kind == NSU_VALUE_NAMES))
		return "an empty list matches nobody";
	if (kind == NSU_VALUE_ENVIRONMENT && n > NSU_PLAN_ENVIRONMENT_MAX)
		return "more than 64 variables";
	if (kind == NSU_VALUE_PATHS && n > NSU_PLAN_MOUNTS_MAX / 2)
		return "more than 32 paths";
	return NULL;
}

static int set_strings(const struct nsu_parse *parse, const config_setting_t *setting, enum nsu_value_kind kind,
                       struct nsu_strings *strings)
{
	unsigned n = count_items(setting);
	const char *mistake = count_mistake(kind, n);

	if (mistake)
		return nsu_value_wrong(parse, setting, mistake);
	strings->items = calloc(n + 1, sizeof(*strings->items));
	if (!strings->items)
		return nsu_value_no_memory(parse);
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *one = item(setting, i);
		const char *string = "";
		int ret = nsu_value_set_text(parse, one, kind == NSU_VALUE_PATHS ? NSU_VALUE_PATH : NSU_VALUE_STRING,
		                             &string);

		if (ret < 0)
			return ret;
		mistake = item_mistake(kind, strings, string);
		if (mistake)
			return nsu_value_wrong(parse, one, mistake);
		strings->items[i] = (struct nsu_item){string, nsu_value_origin(parse, one).line};
		strings->n = i + 1;
	}
	return 0;
}

/* "N", "N-M", "N-" or a number. */
static int parse_uids(const char *text, struct nsu_uid_range *range)
{
	char first[16];
	size_t len = strcspn(text, "-");
	uint64_t a, b = UINT32_MAX - 1;

	if (len >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, len);
	first[len] = '\0';
	if (nsu_text_to_number(first, 0, b, &a) < 0)
		return -EINVAL;
	if (text[len] == '\0')
		b = a;
	else if (text[len + 1] != '\0' && nsu_text_to_number(text + len + 1, a, b, &b) < 0)
		return -EINVAL;
	range->first = (uid_t)a;
	range->last = (uid_t)b;
	return 0;
}

static int set_uids(const struct nsu_parse *parse, const config_setting_t *setting, struct nsu_uids *uids)
{
	unsigned n = count_items(setting);

	if (n == 0)
		return nsu_value_wrong(parse, setting, "an empty list matches nobody");
	uids->ranges = calloc(n, sizeof(*uids->ranges));
	if (!uids->ranges)
		return nsu_value_no_memory(parse);
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *one = item(setting, i);
		const char *text = config_setting_get_string(one);
		char number[16];

		if (config_setting_type(one) == CONFIG_TYPE_INT) {
			snprintf(number, sizeof(number), "%d", config_setting_get_int(one));
			text = number;
		}
		if (!text || parse_uids(text, &uids->ranges[i]) < 0)
			return nsu_value_wrong(parse, one, "expected a uid or a range: \"N\", \"N-M\" or \"N-\"");
		uids->n = i + 1;
	}
	return 0;
}

static int set_namespaces(const struct nsu_parse *parse, const config_setting_t *setting, unsigned *namespaces)
{
	unsigned n = count_items(setting);

	*namespaces = 0;
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *one = item(setting, i);
		const char *name = config_setting_get_string(one);
		unsigned flag = name ? nsu_ns_flag(name) : 0;

		if (flag == 0)
			return nsu_value_wrong(parse, one, "expected any of \"mount\", \"ipc\", \"uts\", \"pid\"");
		*namespaces |= flag;
	}
	return 0;
}

int nsu_value_set_list(const struct nsu_parse *parse, const config_setting_t *setting, enum nsu_value_kind kind,
                       void *place)
{
	if (kind == NSU_VALUE_UIDS)
		return set_uids(parse, setting, place);
	if (kind == NSU_VALUE_NAMESPACES)
		return set_namespaces(parse, setting, place);
	return set_strings(parse, setting, kind, place);
}
