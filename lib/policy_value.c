/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template.h"
#include "text.h"

struct nsu_origin nsu_value_origin(const struct nsu_parse *parse, const config_setting_t *setting)
{
	return (struct nsu_origin){parse->source->file, config_setting_source_line(setting)};
}

int nsu_value_wrong(const struct nsu_parse *parse, const config_setting_t *setting, const char *text)
{
	const config_setting_t *named = setting;
	struct nsu_origin origin;

	while (!config_setting_name(named) && config_setting_parent(named))
		named = config_setting_parent(named);
	origin = nsu_value_origin(parse, setting);
	return nsu_policy_wrong(parse->fail, &origin, config_setting_name(named) ?: "", "%s", text);
}

static const char *type_name(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a point";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	default:
		return "nothing";
	}
}

int nsu_value_wrong_type(const struct nsu_parse *parse, const config_setting_t *setting, const char *expected)
{
	char text[128];

	snprintf(text, sizeof(text), "expected %s, found %s", expected, type_name(setting));
	return nsu_value_wrong(parse, setting, text);
}

int nsu_value_no_memory(const struct nsu_parse *parse)
{
	return nsu_fail(parse->fail, ENOMEM, "parse '%s'", parse->source->file);
}

const char *nsu_value_keep(const struct nsu_parse *parse, const char *string)
{
	struct nsu_source *source = parse->source;
	size_t size = strlen(string) + 1;
	char *copy = source->text + source->text_len;

	if (size > source->text_cap - source->text_len)
		return NULL;
	memcpy(copy, string, size);
	source->text_len += size;
	return copy;
}

/* Is a template a clean absolute path once plain values are in it? */
static bool can_be_path(const char *template)
{
	char sample[NSU_PATH_MAX];
	size_t len = 0;

	for (const char *c = template; *c && len < sizeof(sample) - 3; c++) {
		bool is_letter = *c == '%';

		c += is_letter;
		if (is_letter && *c == 'h')
			sample[len++] = '/';
		sample[len++] = is_letter ? 'x' : *c;
	}
	sample[len] = '\0';
	return nsu_text_is_path(sample);
}

int nsu_value_set_text(const struct nsu_parse *parse, const config_setting_t *setting, enum nsu_value_kind kind,
                       const char **place)
{
	const char *string = config_setting_get_string(setting);

	if (!string)
		return nsu_value_wrong_type(parse, setting, "a string");
	string = nsu_value_keep(parse, string);
	if (!string)
		return nsu_value_no_memory(parse);
	if (string[0] == '\0' && kind != NSU_VALUE_TEMPLATE)
		return nsu_value_wrong(parse, setting, "it must not be an empty string");
	if (kind != NSU_VALUE_STRING && !nsu_template_is_valid(string))
		return nsu_value_wrong(parse, setting, NSU_TEMPLATE_UNKNOWN);
	if (kind == NSU_VALUE_PATH && !can_be_path(string))
		return nsu_value_wrong(
			parse, setting,
			"not a clean absolute path: it begins with '/' or %h, and has no '..', '.', '//', nor a "
			"'/' at the end");
	*place = string;
	return 0;
}

/* 'expected "a" or "b"', of "a|b". */
static int wrong_word(const struct nsu_parse *parse, const config_setting_t *setting, const char *words)
{
	char text[128] = "expected \"";
	size_t len = strlen(text);

	for (; *words && len < sizeof(text) - 8; words++) {
		if (*words == '|')
			len += (size_t)snprintf(text + len, sizeof(text) - len, "\" or \"");
		else
			text[len++] = *words;
	}
	snprintf(text + len, sizeof(text) - len, "\"");
	return nsu_value_wrong(parse, setting, text);
}

int nsu_value_set_word(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                       unsigned *place)
{
	const char *value = config_setting_get_string(setting);
	const char *word = row->words;

	for (unsigned i = 0; value && *value && *word; i++) {
		size_t len = strcspn(word, "|");

		if (strlen(value) == len && strncmp(value, word, len) == 0) {
			*place = row->values ? row->values[i] : i;
			return 0;
		}
		word += len + (word[len] == '|');
	}
	return wrong_word(parse, setting, row->words);
}

bool nsu_value_get_number(const config_setting_t *setting, int64_t *ret_number)
{
	int type = config_setting_type(setting);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return false;
	*ret_number = config_setting_get_int64(setting);
	return true;
}

static int get_number(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                      int64_t *ret_number)
{
	char text[128];
	int64_t number;

	if (!nsu_value_get_number(setting, &number))
		return nsu_value_wrong_type(parse, setting, "a number");
	if (number < row->min || number > row->max) {
		snprintf(text, sizeof(text), "%" PRId64 " is out of range: %" PRId64 " to %" PRId64, number, row->min,
		         row->max);
		return nsu_value_wrong(parse, setting, text);
	}
	*ret_number = number;
	return 0;
}

static int set_number(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                      unsigned *place)
{
	int64_t number = 0;
	int ret = get_number(parse, setting, row, &number);

	if (ret == 0)
		*place = (unsigned)number;
	return ret;
}

static int set_size(const struct nsu_parse *parse, const config_setting_t *setting, struct nsu_size *size)
{
	const char *text = config_setting_get_string(setting);
	size_t len = text ? strlen(text) : 0;
	uint64_t number;
	char percent[8];

	if (!text)
		return nsu_value_wrong_type(parse, setting, "a string such as \"256M\" or \"10%\"");
	if (len > 1 && len < sizeof(percent) && text[len - 1] == '%') {
		snprintf(percent, sizeof(percent), "%.*s", (int)(len - 1), text);
		if (nsu_text_to_number(percent, 1, 100, &number) < 0)
			return nsu_value_wrong(parse, setting, "expected 1% to 100% of the memory");
		size->percent = (unsigned)number;
		size->bytes = 0;
		return 0;
	}
	if (nsu_text_to_size(text, &number) < 0 || number < NSU_TMPFS_BYTES_MIN || number > NSU_TMPFS_BYTES_MAX)
		return nsu_value_wrong(parse, setting,
		                       "expected \"64K\" to \"16T\" (units K, M, G, T) or a "
		                       "percentage such as \"10%\"");
	size->bytes = number;
	size->percent = 0;
	return 0;
}

static int set_bytes(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                     uint64_t *place)
{
	const char *text = config_setting_get_string(setting);
	uint64_t number;

	if (!text)
		return nsu_value_wrong_type(parse, setting, "a string such as \"2G\"");
	if (nsu_text_to_size(text, &number) < 0 || number < (uint64_t)row->min || number > INT64_MAX)
		return nsu_value_wrong(parse, setting, "expected \"1M\" to \"8388607T\" (units K, M, G, T)");
	*place = number;
	return 0;
}

static int set_place(const struct nsu_parse *parse, const config_setting_t *setting, const char **place)
{
	const char *string = config_setting_get_string(setting);

	if (!string)
		return nsu_value_wrong_type(parse, setting, "a string");
	if (!nsu_text_is_path(string))
		return nsu_value_wrong(parse, setting,
		                       "not a clean absolute path: it begins with '/', and has no '..', '.', '//', nor "
		                       "a '/' at the end");
	*place = nsu_value_keep(parse, string);
	return *place ? 0 : nsu_value_no_memory(parse);
}

static int set_interface(const struct nsu_parse *parse, const config_setting_t *setting, const char **place)
{
	const char *string = config_setting_get_string(setting);

	if (!string)
		return nsu_value_wrong_type(parse, setting, "a string");
	if (string[0] && (!nsu_text_is_name(string) || strlen(string) > NSU_NET_INTERFACE_MAX))
		return nsu_value_wrong(parse, setting,
		                       "expected the name of an interface, of at most 15 letters, digits, '_', '.' and "
		                       "'-', or \"\" for none");
	*place = nsu_value_keep(parse, string);
	return *place ? 0 : nsu_value_no_memory(parse);
}

/* A template of a name that may stand in a path once plain values are in it. */
static int set_name(const struct nsu_parse *parse, const config_setting_t *setting, const char *template,
                    const char **place)
{
	char sample[NSU_NAME_MAX + 2];
	size_t len = 0;

	if (!nsu_template_is_valid(template))
		return nsu_value_wrong(parse, setting, NSU_TEMPLATE_UNKNOWN);
	for (const char *c = template; *c && len < sizeof(sample) - 1; c++) {
		if (*c != '%')
			sample[len++] = *c;
		else if (*++c == 'h' || *c == '%') /* neither a home nor a percent sign may stand in a name */
			sample[len++] = '/';
		else
			sample[len++] = 'x';
	}
	sample[len] = '\0';
	if (!nsu_text_is_name(sample))
		return nsu_value_wrong(parse, setting,
		                       "a name behind \"named:\" has 1 to 32 letters, digits, '_', '.' and '-', and "
		                       "begins with none of the last two");
	*place = nsu_value_keep(parse, template);
	return *place ? 0 : nsu_value_no_memory(parse);
}

static int set_choice(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                      struct nsu_choice *choice)
{
	static const char named[] = "named:";
	const char *string = config_setting_get_string(setting);

	*choice = (struct nsu_choice){.mode = row->named};
	if (string && strncmp(string, named, strlen(named)) == 0)
		return set_name(parse, setting, string + strlen(named), &choice->name);
	return nsu_value_set_word(parse, setting, row, &choice->mode);
}

static int set_pool(const struct nsu_parse *parse, const config_setting_t *setting, struct nsu_pool *pool)
{
	const char *string = config_setting_get_string(setting);
	uint32_t network;
	unsigned prefix_len;

	if (!string)
		return nsu_value_wrong_type(parse, setting, "a string such as \"10.64.0.0/16\"");
	if (nsu_text_to_network(string, &network, &prefix_len) < 0 || !nsu_plan_may_be_pool(network, prefix_len))
		return nsu_value_wrong(
			parse, setting,
			"expected an IPv4 network of hosts, of 8 to 30 bits and all behind them zero, such as "
			"\"10.64.0.0/16\"");
	*pool = (struct nsu_pool){network, prefix_len};
	return 0;
}

static int set_mode(const struct nsu_parse *parse, const config_setting_t *setting, unsigned *place)
{
	const char *text = config_setting_get_string(setting);
	mode_t mode;

	if (!text || nsu_text_to_mode(text, &mode) < 0)
		return nsu_value_wrong(parse, setting, "expected an octal mode as a string, \"000\" to \"1777\"");
	*place = mode;
	return 0;
}

int nsu_value_set(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row, void *base)
{
	void *place = (char *)base + row->offset;

	switch (row->kind) {
	case NSU_VALUE_BOOL:
		if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
			return nsu_value_wrong_type(parse, setting, "true or false");
		*(bool *)place = config_setting_get_bool(setting) != 0;
		return 0;
	case NSU_VALUE_NUMBER:
		return set_number(parse, setting, row, place);
	case NSU_VALUE_INTEGER:
		return get_number(parse, setting, row, place);
	case NSU_VALUE_WORD:
		return nsu_value_set_word(parse, setting, row, place);
	case NSU_VALUE_STRING:
	case NSU_VALUE_TEMPLATE:
	case NSU_VALUE_PATH:
		return nsu_value_set_text(parse, setting, row->kind, place);
	case NSU_VALUE_SIZE:
		return set_size(parse, setting, place);
	case NSU_VALUE_BYTES:
		return set_bytes(parse, setting, row, place);
	case NSU_VALUE_PLACE:
		return set_place(parse, setting, place);
	case NSU_VALUE_INTERFACE:
		return set_interface(parse, setting, place);
	case NSU_VALUE_CHOICE:
		return set_choice(parse, setting, row, place);
	case NSU_VALUE_POOL:
		return set_pool(parse, setting, place);
	case NSU_VALUE_MODE:
		return set_mode(parse, setting, place);
	case NSU_VALUE_STRINGS:
	case NSU_VALUE_NAMES:
	case NSU_VALUE_PATHS:
	case NSU_VALUE_ENVIRONMENT:
	case NSU_VALUE_UIDS:
	case NSU_VALUE_NAMESPACES:
	case NSU_VALUE_BITS:
	case NSU_VALUE_USER_MAP:
	case NSU_VALUE_CAPABILITIES:
		return nsu_value_set_list(parse, setting, row, place);
	case NSU_VALUE_MOUNTS:
		return nsu_value_set_mounts(parse, setting, place);
	case NSU_VALUE_GROUP:
	default:
		return nsu_value_wrong(parse, setting, "not expected here");
	}
}
