/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_value.h - one value of the policy: from a libconfig setting, checked against its row, into its place. Private to
 * policy_value.c and policy_parse.c, the two files that know libconfig.
 */
#ifndef NSU_POLICY_VALUE_H
#define NSU_POLICY_VALUE_H

#include <libconfig.h>
#include <stddef.h>

#include "fail.h"
#include "policy_parse.h"

enum nsu_value_kind {
	NSU_VALUE_BOOL,
	NSU_VALUE_NUMBER,     /* unsigned; min, max */
	NSU_VALUE_WORD,       /* unsigned: index into words */
	NSU_VALUE_STRING,     /* const char *, not empty */
	NSU_VALUE_TEMPLATE,   /* const char *, may be empty */
	NSU_VALUE_PATH,       /* const char *: a template that starts with / or %h */
	NSU_VALUE_STRINGS,    /* struct nsu_strings: one string or a list */
	NSU_VALUE_NAMES,      /* the same, of user or group names */
	NSU_VALUE_UIDS,       /* struct nsu_uids: one range or a list */
	NSU_VALUE_NAMESPACES, /* unsigned: CLONE_NEW* bits */
	NSU_VALUE_SIZE,       /* struct nsu_size */
	NSU_VALUE_MODE,       /* unsigned */
	NSU_VALUE_MOUNTS,     /* of settings: policy_parse.c takes them apart */
};

/* A key: its name, what it takes and where that goes. */
struct nsu_row {
	const char *name;
	enum nsu_value_kind kind;
	size_t offset;      /* of the place, in the struct that the table is for */
	unsigned min, max;  /* of a number */
	const char *words;  /* joined by `|`, in the order of their values */
	enum nsu_key key;   /* of settings */
	size_t line_offset; /* of an unsigned that takes the key's line; 0: none */
};

struct nsu_parse {
	struct nsu_policy *policy;
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
 * nsu_value_line - the line of a setting.
 * @setting: borrowed
 *
 * Return: its line in the file, from 1.
 */
unsigned nsu_value_line(const config_setting_t *setting);

/**
 * nsu_value_set - check a setting against its row and put it in its place.
 * @parse:   the parse under way
 * @setting: borrowed
 * @row:     any kind but NSU_VALUE_MOUNTS
 * @base:    the struct that the row's offset is of
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
NSU_CHECKED int nsu_value_set(const struct nsu_parse *parse, const config_setting_t *setting, const struct nsu_row *row,
                              void *base);

/**
 * nsu_value_keep_string - a string setting, kept in the policy's text.
 * @parse:      the parse under way
 * @setting:    borrowed
 * @ret_string: lives as long as the policy; untouched on failure
 *
 * Return: 0; -EINVAL if it is no string.
 */
NSU_CHECKED int nsu_value_keep_string(const struct nsu_parse *parse, const config_setting_t *setting,
                                      const char **ret_string);

#endif
