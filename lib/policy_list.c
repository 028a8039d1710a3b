/* SPDX-License-Identifier: BSD-3-Clause */
/* Values that may be a list: names, globs, uids, paths, variables, kinds of namespaces, ranges of ids, capabilities. */
#include "policy_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>

#include "ns.h"
#include "template.h"
#include "text.h"

#define OUR_VARIABLES "NSUNSHARE_"
#define PATHS_MAX     32
#define NAMESPACES_EXPECTED                                                                                            \
	"expected any of \"mount\", \"ipc\", \"uts\", \"pid\", \"cgroup\", \"net\", \"time\", \"user\""

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
	if (kind == NSU_VALUE_PATHS && n > PATHS_MAX)
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
		char digits[32];
		int64_t number;

		if (nsu_value_get_number(one, &number)) {
			snprintf(digits, sizeof(digits), "%" PRId64, number);
			text = digits;
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
			return nsu_value_wrong(parse, one, NAMESPACES_EXPECTED);
		*namespaces |= flag;
	}
	return 0;
}

/* The words of a list, each a bit by its place among those of the row. */
static int set_bits(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                    unsigned *bits)
{
	unsigned n = count_items(setting);

	*bits = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned index = 0;
		int ret = nsu_value_set_word(parse, item(setting, i), row, &index);

		if (ret < 0)
			return ret;
		*bits |= 1U << index;
	}
	return 0;
}

static bool overlap(uint32_t first, uint32_t first_count, uint32_t second, uint32_t second_count)
{
	return first < (uint64_t)second + second_count && second < (uint64_t)first + first_count;
}

static const char *range_mistake(const struct nsu_ranges *before, const struct nsu_plan_range *range)
{
	if (range->count == 0)
		return "a range of no id: its third number is how many there are";
	if ((uint64_t)range->inside + range->count > UINT32_MAX || (uint64_t)range->outside + range->count > UINT32_MAX)
		return "a range that ends behind 4294967294, the last id";
	for (size_t i = 0; i < before->n; i++) {
		const struct nsu_plan_range *other = &before->items[i];

		if (overlap(range->inside, range->count, other->inside, other->count))
			return "two ranges overlap inside";
		if (overlap(range->outside, range->count, other->outside, other->count))
			return "two ranges overlap outside";
	}
	return NULL;
}

static int set_range(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_ranges *before,
                     struct nsu_plan_range *range)
{
	uint32_t *const numbers[] = {&range->inside, &range->outside, &range->count};
	const char *mistake;

	if (!is_sequence(setting) || config_setting_length(setting) != NSU_COUNT(numbers))
		return nsu_value_wrong(parse, setting, "expected three numbers: ( INSIDE, OUTSIDE, COUNT )");
	for (unsigned i = 0; i < NSU_COUNT(numbers); i++) {
		int64_t number;

		if (!nsu_value_get_number(config_setting_get_elem(setting, i), &number))
			return nsu_value_wrong(parse, setting, "expected three numbers: ( INSIDE, OUTSIDE, COUNT )");
		if (number < 0 || number >= UINT32_MAX)
			return nsu_value_wrong(parse, setting, "a number out of range: 0 to 4294967294");
		*numbers[i] = (uint32_t)number;
	}
	mistake = range_mistake(before, range);
	return mistake ? nsu_value_wrong(parse, setting, mistake) : 0;
}

static int set_ranges(const struct nsu_parse *parse, const config_setting_t *setting, struct nsu_ranges *ranges)
{
	unsigned n;
	int ret = 0;

	if (config_setting_type(setting) != CONFIG_TYPE_LIST)
		return nsu_value_wrong_type(parse, setting, "a list of ranges ( ( INSIDE, OUTSIDE, COUNT ), ... )");
	n = (unsigned)config_setting_length(setting);
	if (n == 0)
		return nsu_value_wrong(parse, setting, "a map of no id");
	if (n > NSU_PLAN_RANGES_MAX)
		return nsu_value_wrong(parse, setting, "more than 340 ranges, the kernel's limit for one map");
	ranges->items = calloc(n, sizeof(*ranges->items));
	if (!ranges->items)
		return nsu_value_no_memory(parse);
	for (unsigned i = 0; ret == 0 && i < n; i++) {
		ret = set_range(parse, config_setting_get_elem(setting, i), ranges, &ranges->items[i]);
		ranges->n = i + 1;
	}
	return ret;
}

/* What the session's root is outside, in an otherwise minimal map. */
static int set_root(const struct nsu_parse *parse, const config_setting_t *setting, uint32_t *root)
{
	int64_t number;

	if (!nsu_value_get_number(setting, &number) || number < 1 || number >= UINT32_MAX)
		return nsu_value_wrong(parse, setting,
		                       "expected a number of 1 to 4294967294: an id that owns nothing on the host");
	*root = (uint32_t)number;
	return 0;
}

static int set_user_map(const struct nsu_parse *parse, const config_setting_t *setting, struct nsu_user_map *map)
{
	static const char expected[] =
		"expected \"minimal\", { root = ID; } or { uid = ( ... ); gid = ( ... ); }, with both of the two";
	const char *word = config_setting_get_string(setting);
	int ret = 0;

	if (word && strcmp(word, "minimal") == 0)
		return 0;
	if (config_setting_type(setting) != CONFIG_TYPE_GROUP)
		return nsu_value_wrong(parse, setting, expected);
	for (unsigned i = 0; ret == 0 && i < (unsigned)config_setting_length(setting); i++) {
		const config_setting_t *one = config_setting_get_elem(setting, i);

		if (strcmp(config_setting_name(one), "uid") == 0)
			ret = set_ranges(parse, one, &map->uids);
		else if (strcmp(config_setting_name(one), "gid") == 0)
			ret = set_ranges(parse, one, &map->gids);
		else if (strcmp(config_setting_name(one), "root") == 0)
			ret = set_root(parse, one, &map->root);
		else
			ret = nsu_value_wrong(parse, one, "unknown in user_map (see nsunshare.conf(5))");
	}
	if (ret == 0 && (map->root ? map->uids.n + map->gids.n != 0 : map->uids.n == 0 || map->gids.n == 0))
		ret = nsu_value_wrong(parse, setting, expected);
	return ret;
}

static int set_names_of_capabilities(const struct nsu_parse *parse, const config_setting_t *setting, uint64_t *mask)
{
	unsigned n = count_items(setting);

	*mask = 0;
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *one = item(setting, i);
		const char *name = config_setting_get_string(one);
		cap_value_t capability;
		char text[160];

		if (!name)
			return nsu_value_wrong_type(parse, one, "names of capabilities, such as \"CAP_SYS_ADMIN\"");
		/* libcap takes "21" too, and would take numbers that no kernel knows yet. */
		if (strchr("0123456789", name[0]) || cap_from_name(name, &capability) < 0) {
			snprintf(text, sizeof(text),
			         "\"%.40s\" is no capability: they are called as in capabilities(7), such as "
			         "\"CAP_SYS_ADMIN\"",
			         name);
			return nsu_value_wrong(parse, one, text);
		}
		*mask |= 1ULL << capability;
	}
	return 0;
}

static int set_capabilities(const struct nsu_parse *parse, const config_setting_t *setting, uint64_t *drop)
{
	const config_setting_t *one =
		config_setting_type(setting) == CONFIG_TYPE_GROUP && config_setting_length(setting) == 1
			? config_setting_get_elem(setting, 0)
			: NULL;
	bool is_keep = one && strcmp(config_setting_name(one), "keep") == 0;
	int ret;

	if (!one || (!is_keep && strcmp(config_setting_name(one), "drop") != 0))
		return nsu_value_wrong(parse, setting, "expected { drop = [ ... ]; } or { keep = [ ... ]; }, not both");
	ret = set_names_of_capabilities(parse, one, drop);
	if (is_keep)
		*drop = ~*drop; /* also those that a later kernel adds */
	return ret;
}

int nsu_value_set_list(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                       void *place)
{
	if (row->kind == NSU_VALUE_UIDS)
		return set_uids(parse, setting, place);
	if (row->kind == NSU_VALUE_NAMESPACES)
		return set_namespaces(parse, setting, place);
	if (row->kind == NSU_VALUE_BITS)
		return set_bits(parse, setting, row, place);
	if (row->kind == NSU_VALUE_USER_MAP)
		return set_user_map(parse, setting, place);
	if (row->kind == NSU_VALUE_CAPABILITIES)
		return set_capabilities(parse, setting, place);
	return set_strings(parse, setting, row->kind, place);
}
