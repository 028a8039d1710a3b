/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_value.h - one value of the policy: from a libconfig setting, checked against its row, into its place. Private to
 * policy_value.c, policy_list.c, policy_mount.c and policy_parse.c, the files that know libconfig.
 */
#ifndef NSU_POLICY_VALUE_H
#define NSU_POLICY_VALUE_H

#include <libconfig.h>
#include <stddef.h>

#include "fail.h"
#include "policy_parse.h"

/* What is said of a template that is none. */
#define NSU_TEMPLATE_UNKNOWN "unknown % in the template; known are %u %U %g %G %h %s %H %i and %%"

enum nsu_value_kind {
	NSU_VALUE_BOOL,
	NSU_VALUE_NUMBER,       /* unsigned; min, max */
	NSU_VALUE_WORD,         /* unsigned: index into words, or what values has there */
	NSU_VALUE_STRING,       /* const char *, not empty */
	NSU_VALUE_TEMPLATE,     /* const char *, may be empty */
	NSU_VALUE_PATH,         /* const char *: a template that starts with / or %h */
	NSU_VALUE_SIZE,         /* struct nsu_size */
	NSU_VALUE_MODE,         /* unsigned */
	NSU_VALUE_STRINGS,      /* struct nsu_strings: one string or a list; as all that follow, in policy_list.c */
	NSU_VALUE_NAMES,        /* the same, of user or group names */
	NSU_VALUE_PATHS,        /* the same, of NSU_VALUE_PATH; may be empty */
	NSU_VALUE_ENVIRONMENT,  /* the same, of "NAME=template"; may be empty */
	NSU_VALUE_UIDS,         /* struct nsu_uids: one range or a list */
	NSU_VALUE_NAMESPACES,   /* unsigned: CLONE_NEW* bits */
	NSU_VALUE_BITS,         /* unsigned: (1 << index into words) for each; may be empty */
	NSU_VALUE_USER_MAP,     /* struct nsu_user_map */
	NSU_VALUE_CAPABILITIES, /* uint64_t: bits of those that are dropped */
	NSU_VALUE_MOUNTS,       /* struct nsu_mounts: policy_mount.c takes them apart */
	NSU_VALUE_INTEGER,      /* int64_t; min, max */
	NSU_VALUE_BYTES,        /* uint64_t: a size that is no percentage; min */
	NSU_VALUE_PLACE,        /* const char *: a clean absolute path, no template */
	NSU_VALUE_INTERFACE,    /* const char *: the name of a network interface; may be empty */
	NSU_VALUE_CHOICE,       /* struct nsu_choice: a word, or "named:" and a template of a name */
	NSU_VALUE_POOL,         /* struct nsu_pool */
	NSU_VALUE_GROUP, /* of settings: a group of keys with a table of its own, which policy_parse.c takes apart */
};

/* A key: its name, what it takes and where that goes. */
struct nsu_row {
	const char *name;
	enum nsu_value_kind kind;
	size_t offset;                 /* of the place, in the struct that the table is for */
	int64_t min, max;              /* of a number */
	const char *words;             /* joined by `|` */
	const unsigned *values;        /* of the words; NULL: 0, 1, 2, ... */
	unsigned named;                /* of a choice: what "named:" is */
	enum nsu_key key;              /* of settings */
	unsigned types;                /* of a mount: bits of enum nsu_plan_mount_type, those that have the key */
	size_t line_offset;            /* of an unsigned that takes the key's line; 0: none */
	const struct nsu_table *table; /* of a group */
};

/* The keys of a group. */
struct nsu_table {
	const char *name; /* "a rule" */
	const struct nsu_row *rows;
	size_t n_rows;
};

extern const struct nsu_table nsu_settings_keys; /* of a profile, which a rule and a user's file may override */
extern const struct nsu_table nsu_profile_keys;  /* of a profile only, and likewise the next two */
extern const struct nsu_table nsu_rule_keys;
extern const struct nsu_table nsu_user_keys;

struct nsu_parse {
	struct nsu_policy *policy;
	struct nsu_source *source; /* the file under way */
	struct nsu_findings *findings;
	struct nsu_fail *fail;
};

/**
 * nsu_value_wrong - refuse a setting: "FILE:LINE: key 'KEY': TEXT".
 * @parse:   the parse under way
 * @setting: to blame; an item of a list speaks for its list
 * @text:    what is wrong, what was expected
 *
 * Return: -EINVAL.
 */
NSU_CHECKED int nsu_value_wrong(const struct nsu_parse *parse, const config_setting_t *setting, const char *text);

/**
 * nsu_value_wrong_type - refuse a setting for its type.
 * @parse:    the parse under way
 * @setting:  to blame
 * @expected: "a string", "a list"
 *
 * Return: -EINVAL.
 */
NSU_CHECKED int nsu_value_wrong_type(const struct nsu_parse *parse, const config_setting_t *setting,
                                     const char *expected);

/**
 * nsu_value_no_memory - give up for want of memory.
 * @parse: the parse under way
 *
 * Return: -ENOMEM.
 */
NSU_CHECKED int nsu_value_no_memory(const struct nsu_parse *parse);

/**
 * nsu_value_origin - where a setting stands.
 * @parse:   the parse under way
 * @setting: borrowed
 *
 * Return: its file and its line, from 1.
 */
struct nsu_origin nsu_value_origin(const struct nsu_parse *parse, const config_setting_t *setting);

/**
 * nsu_value_get_number - a whole number, with or without libconfig's L behind it.
 * @setting:    borrowed
 * @ret_number: the value; untouched if it is none
 *
 * Return: whether it is one.
 */
bool nsu_value_get_number(const config_setting_t *setting, int64_t *ret_number);

/**
 * nsu_value_set - check a setting against its row and put it in its place.
 * @parse:   the parse under way
 * @setting: borrowed
 * @row:     any kind but NSU_VALUE_GROUP
 * @base:    the struct that the row's offset is of
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
NSU_CHECKED int nsu_value_set(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                              void *base);

/**
 * nsu_value_set_text - the same for one string.
 * @parse:   the parse under way
 * @setting: borrowed
 * @kind:    NSU_VALUE_STRING, _TEMPLATE, _PATH
 * @place:   where it goes; it lives as long as the policy
 *
 * Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_value_set_text(const struct nsu_parse *parse, const config_setting_t *setting,
                                   enum nsu_value_kind kind, const char **place);

/**
 * nsu_value_set_word - the same for one word of a row.
 * @parse:   the parse under way
 * @setting: borrowed
 * @row:     has words
 * @place:   gets the word's place among them, or what the row's values have there; untouched on failure
 *
 * Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_value_set_word(const struct nsu_parse *parse, const config_setting_t *setting,
                                   const struct nsu_row *row, unsigned *place);

/**
 * nsu_value_set_list - nsu_value_set() for the kinds that may be a list.
 * @parse:   as there
 * @setting: as there
 * @row:     its kind is NSU_VALUE_STRINGS or one of those that follow it, up to _CAPABILITIES
 * @place:   where it goes
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
NSU_CHECKED int nsu_value_set_list(const struct nsu_parse *parse, const config_setting_t *setting,
                                   const struct nsu_row *row, void *place);

/**
 * nsu_value_set_mounts - a list of mounts.
 * @parse:  the parse under way
 * @list:   borrowed
 * @mounts: filled; its specs are given, also on failure
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
NSU_CHECKED int nsu_value_set_mounts(const struct nsu_parse *parse, const config_setting_t *list,
                                     struct nsu_mounts *mounts);

/**
 * nsu_value_keep - keep a string in the text of the file under way.
 * @parse:  the parse under way
 * @string: borrowed; one that stands in the file
 *
 * Return: the copy; NULL if there is no room, which can't be: see struct nsu_source.
 */
const char *nsu_value_keep(const struct nsu_parse *parse, const char *string);

#endif
