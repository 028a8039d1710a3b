/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_parse.h - a policy in memory, as the file has it: private to policy_parse.c (makes it), policy.c (matches it)
 * and resolve.c (makes a plan of it). Strings live in the policy's own text.
 */
#ifndef NSU_POLICY_PARSE_H
#define NSU_POLICY_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fail.h"
#include "plan.h"
#include "subject.h"

/* The keys of a profile; a rule may override each. The table in policy_parse.c says their types and ranges. */
enum nsu_key {
	NSU_KEY_NAMESPACES,
	NSU_KEY_HOSTNAME,
	NSU_KEY_PROPAGATION,
	NSU_KEY_MOUNTS,
	NSU_KEY_TIMEOUT,
	NSU_KEY_STOP_TIMEOUT,
	NSU_KEY_ENFORCE,
	NSU_KEY_ON_ERROR,
	NSU_KEYS
};

/* A size: in bytes, or in percent of the memory where bytes is 0. */
struct nsu_size {
	uint64_t bytes;
	unsigned percent;
};

#define NSU_MOUNT_SPEC_UNSET (~0U) /* a type that was not given */

/* One entry of `mounts`. */
struct nsu_mount_spec {
	unsigned line;
	unsigned type;    /* enum nsu_plan_mount_type */
	const char *path; /* a template */
	struct nsu_size size;
	unsigned inodes;
	unsigned mode;
	unsigned owner_is_user; /* 0 root, 1 the user */
	bool noexec;
	bool optional;
};

/* One layer of settings: what a profile or a rule says. Order of effect: built-in, base chain, profile, rule. */
struct nsu_settings {
	unsigned given;           /* bit (1 << enum nsu_key): this layer says it */
	unsigned lines[NSU_KEYS]; /* where; 0 for built-in layers */
	unsigned namespaces;      /* CLONE_NEW* bits */
	const char *hostname;     /* a template; "": the host's own */
	unsigned propagation;     /* enum nsu_plan_propagation */
	struct nsu_mount_spec *mounts;
	size_t n_mounts;
	unsigned timeout_ms;
	unsigned stop_timeout_ms;
	bool enforce;
	unsigned on_error; /* 0 deny, 1 allow */
};

struct nsu_profile {
	unsigned line;
	const char *name;
	const char *base; /* NULL: none */
	unsigned base_line;
	struct nsu_settings settings;
};

struct nsu_strings {
	const char **items;
	size_t n; /* 0: the condition is not given */
};

struct nsu_uid_range {
	uid_t first;
	uid_t last;
};

struct nsu_uids {
	struct nsu_uid_range *ranges;
	size_t n; /* 0: the condition is not given */
};

struct nsu_rule {
	unsigned line;
	struct nsu_strings users;    /* globs */
	struct nsu_strings groups;   /* names */
	struct nsu_strings services; /* globs, as the next two */
	struct nsu_strings ttys;
	struct nsu_strings rhosts;
	struct nsu_uids uids;
	const char *profile;
	unsigned profile_line;
	struct nsu_settings settings;
};

struct nsu_policy {
	char *file;
	struct nsu_rule *rules;
	size_t n_rules;
	struct nsu_profile *profiles;
	size_t n_profiles;
	char *text; /* all strings; as large as the file, which holds each with two quotes */
	size_t text_len;
	size_t text_cap;
};

/**
 * nsu_policy_profile - the profile of a name.
 * @policy: borrowed; NULL: the built-in ones only
 * @name:   borrowed
 *
 * Return: the profile, the policy's or a built-in one; NULL if there is none.
 */
const struct nsu_profile *nsu_policy_profile(const struct nsu_policy *policy, const char *name);

/**
 * nsu_policy_keep - keep a string in the policy's text.
 * @policy: holds the copy
 * @string: borrowed; one that stands in the policy's file
 *
 * Return: the copy; NULL if there is no room, which can't be: see struct nsu_policy.
 */
const char *nsu_policy_keep(struct nsu_policy *policy, const char *string);

/**
 * nsu_policy_check - do the parts of a policy fit together?
 * @policy: parsed
 * @fail:   record; text "file:line: ..."
 *
 * Every profile that is named exists, every chain of bases ends, every rule's settings isolate something and agree with
 * each other. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_policy_check(const struct nsu_policy *policy, struct nsu_fail *fail);

/**
 * nsu_policy_scan - refuse what libconfig 1.5 would take silently, or die of.
 * @text: borrowed, NUL-terminated
 * @file: the name for messages
 * @fail: record; text "file:line: ..."
 *
 * Pure. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_policy_scan(const char *text, const char *file, struct nsu_fail *fail);

/**
 * nsu_resolve_plan - make the plan of a login from the settings that hold for it.
 * @settings: all layers merged; all keys have a value
 * @subject:  looked up
 * @keep_pid: false: the pid namespace is left out
 * @plan:     initialised; profile and rule are set already; filled
 * @fail:     record
 *
 * Pure. Return: 0; -EINVAL with a reason; -E2BIG if it is too large.
 */
NSU_CHECKED int nsu_resolve_plan(const struct nsu_settings *settings, struct nsu_subject *subject, bool keep_pid,
                                 struct nsu_plan *plan, struct nsu_fail *fail);

#endif
