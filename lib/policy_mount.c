/* SPDX-License-Identifier: BSD-3-Clause */
/* The entries of `mounts` and `extra_mounts`: each type has its keys. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_value.h"
#include "text.h"

#define IN(member) .offset = offsetof(struct nsu_mount_spec, member)
#define TYPE(type) (1U << NSU_PLAN_##type)
#define TMPFS      TYPE(TMPFS)
#define INSTANCE   TYPE(INSTANCE)
#define BIND       TYPE(BIND)
#define READONLY   TYPE(READONLY)
#define ALL        (TMPFS | INSTANCE | BIND | READONLY | TYPE(MASK))
#define MOUNTS_MAX 32 /* in one list; all together: nsu_policy_check_settings() */
#define SYSTEM_PLACE                                                                                                   \
	"a place of the system that others than root could write (mode = \"0755\"; owner = "                           \
	"\"root\")"

static const unsigned types[] = {NSU_PLAN_TMPFS, NSU_PLAN_INSTANCE, NSU_PLAN_BIND, NSU_PLAN_READONLY, NSU_PLAN_MASK};

static const struct nsu_row type_row = {"type", NSU_VALUE_WORD, IN(type), .words = "tmpfs|instance|bind|readonly|mask",
                                        .values = types};

static const struct nsu_row rows[] = {
	{"path", NSU_VALUE_PATH, IN(path), .types = ALL},
	{"source", NSU_VALUE_PATH, IN(source), .types = BIND},
	{"size", NSU_VALUE_SIZE, IN(size), .types = TMPFS},
	{"inodes", NSU_VALUE_NUMBER, IN(inodes), NSU_TMPFS_INODES_MIN, INT_MAX, .types = TMPFS},
	{"mode", NSU_VALUE_MODE, IN(mode), .types = TMPFS | INSTANCE},
	{"owner", NSU_VALUE_WORD, IN(owner_is_user), .words = "root|user", .types = TMPFS | INSTANCE},
	{"noexec", NSU_VALUE_BOOL, IN(noexec), .types = TMPFS | INSTANCE | BIND},
	{"remove", NSU_VALUE_WORD, IN(throw_away), .words = "never|logout", .types = INSTANCE},
	{"read_only", NSU_VALUE_BOOL, IN(read_only), .types = BIND},
	{"recursive", NSU_VALUE_BOOL, IN(recursive), .types = READONLY},
	{"optional", NSU_VALUE_BOOL, IN(optional), .types = ALL},
};

/* A key that the type does not have: says which it has. */
static int wrong_key(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_mount_spec *mount,
                     bool is_known)
{
	const char *type = nsu_plan_mount_name((enum nsu_plan_mount_type)mount->type);
	char text[256];
	int len;

	if (!is_known)
		return nsu_value_wrong(parse, setting, "unknown in a mount (see nsunshare.conf(5))");
	len = snprintf(text, sizeof(text), "not a key of a mount of type \"%s\", which has", type);
	for (size_t i = 0; i < NSU_COUNT(rows); i++) {
		if (rows[i].types & (1U << mount->type))
			len += snprintf(text + len, sizeof(text) - (size_t)len, " %s", rows[i].name);
	}
	return nsu_value_wrong(parse, setting, text);
}

static int set_key(const struct nsu_parse *parse, const config_setting_t *setting, struct nsu_mount_spec *mount)
{
	const char *name = config_setting_name(setting);

	if (strcmp(name, type_row.name) == 0)
		return 0; /* set before */
	for (size_t i = 0; i < NSU_COUNT(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (!(rows[i].types & (1U << mount->type)))
			return wrong_key(parse, setting, mount, true);
		return nsu_value_set(parse, setting, &rows[i], mount);
	}
	return wrong_key(parse, setting, mount, false);
}

static bool is_ours(const char *path)
{
	return strcmp(path, NSU_RUN_DIR) == 0 || nsu_text_is_below(path, NSU_RUN_DIR);
}

/* @first: the first entry of the list that @mount is in. */
static int check_mount(const struct nsu_parse *parse, const config_setting_t *group, const struct nsu_mount_spec *first,
                       const struct nsu_mount_spec *mount)
{
	bool has_mode = (1U << mount->type) & (TMPFS | INSTANCE);

	if (!mount->path)
		return nsu_value_wrong(parse, group, "a mount without its path");
	if (mount->type == NSU_PLAN_BIND && !mount->source)
		return nsu_value_wrong(parse, group, "a mount of type \"bind\" without its source");
	if (is_ours(mount->path))
		return nsu_value_wrong(parse, group, "a place of pam_nsunshare itself (" NSU_RUN_DIR ")");
	if (has_mode && (mount->owner_is_user || (mount->mode & 022)) && !nsu_plan_may_be_writable(mount->path))
		return nsu_value_wrong(parse, group, SYSTEM_PLACE);
	for (const struct nsu_mount_spec *other = first; other < mount; other++) {
		if (strcmp(other->path, mount->path) == 0)
			return nsu_value_wrong(parse, group, "two mounts on one path");
	}
	return 0;
}

static int parse_mount(const struct nsu_parse *parse, const config_setting_t *group, const struct nsu_mount_spec *first,
                       struct nsu_mount_spec *mount)
{
	const config_setting_t *type;
	int ret;

	*mount = (struct nsu_mount_spec){
		.origin = nsu_value_origin(parse, group),
		.size.bytes = NSU_TMPFS_BYTES,
		.inodes = NSU_TMPFS_INODES,
		.mode = 01777,
		.recursive = true,
	};
	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return nsu_value_wrong_type(parse, group, "groups { type = ...; path = ...; }");
	type = config_setting_get_member(group, type_row.name);
	if (!type)
		return nsu_value_wrong(parse, group, "a mount without its type");
	ret = nsu_value_set(parse, type, &type_row, mount);
	for (unsigned i = 0; ret == 0 && i < (unsigned)config_setting_length(group); i++)
		ret = set_key(parse, config_setting_get_elem(group, i), mount);
	return ret < 0 ? ret : check_mount(parse, group, first, mount);
}

int nsu_value_set_mounts(const struct nsu_parse *parse, const config_setting_t *list, struct nsu_mounts *mounts)
{
	unsigned n = (unsigned)config_setting_length(list);
	int ret = 0;

	if (config_setting_type(list) != CONFIG_TYPE_LIST)
		return nsu_value_wrong_type(parse, list, "a list of groups ( { ... }, { ... } )");
	if (n > MOUNTS_MAX)
		return nsu_value_wrong(parse, list, "more than 32 mounts");
	mounts->specs = calloc(n + 1, sizeof(*mounts->specs));
	if (!mounts->specs)
		return nsu_value_no_memory(parse);
	mounts->n = n;
	for (unsigned i = 0; ret == 0 && i < n; i++)
		ret = parse_mount(parse, config_setting_get_elem(list, i), mounts->specs, &mounts->specs[i]);
	return ret;
}
