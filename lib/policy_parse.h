/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_parse.h - a policy in memory, as its files have it: private to the files policy*.c, resolve.c (makes a plan of it)
 * and explain.c. Strings live in a text for each file.
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

struct nsu_findings;

/* Where a value stands: "FILE:LINE", or FILE alone where line is 0: "built-in", "implied", "module line". */
struct nsu_origin {
	const char *file;
	unsigned line;
};

#define NSU_ORIGIN_BUILT_IN "built-in"
#define NSU_ORIGIN_IMPLIED  "implied"
#define NSU_ORIGIN_MODULE   "module line"

/* The keys of a profile; a rule and a user's file may override each. The table in policy_parse.c says their types. */
enum nsu_key {
	NSU_KEY_NAMESPACES,
	NSU_KEY_SCOPE,
	NSU_KEY_LIFETIME,
	NSU_KEY_NET_MODE,
	NSU_KEY_NET_CREATE,
	NSU_KEY_NET_BRIDGE,
	NSU_KEY_NET_POOL,
	NSU_KEY_NET_GATEWAY,
	NSU_KEY_NET_ISOLATED,
	NSU_KEY_NET_MTU,
	NSU_KEY_USER_MAP,
	NSU_KEY_MAX_USER_NAMESPACES,
	NSU_KEY_TIME_BOOTTIME,
	NSU_KEY_TIME_MONOTONIC,
	NSU_KEY_LIMITS_MEMORY,
	NSU_KEY_LIMITS_TASKS,
	NSU_KEY_LIMITS_CPU_WEIGHT,
	NSU_KEY_LIMITS_PARENT,
	NSU_KEY_NO_NEW_PRIVS,
	NSU_KEY_CAPABILITIES,
	NSU_KEY_DENY_CALLS,
	NSU_KEY_HOSTNAME,
	NSU_KEY_DOMAINNAME,
	NSU_KEY_PROPAGATION,
	NSU_KEY_PROC_HIDEPID,
	NSU_KEY_PROC_SUBSET,
	NSU_KEY_PROC_PATH,
	NSU_KEY_MOUNTS,
	NSU_KEY_EXTRA_MOUNTS,
	NSU_KEY_EXPOSE,
	NSU_KEY_ENVIRONMENT,
	NSU_KEY_NESTED,
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

/* What scope or net.mode says: which of enum nsu_plan_scope, nsu_plan_net_mode; named: a template of the name, else NULL. */
struct nsu_choice {
	unsigned mode;
	const char *name;
};

/* An IPv4 network; prefix_len 0: none is given. */
struct nsu_pool {
	uint32_t network;
	unsigned prefix_len;
};

struct nsu_ranges {
	struct nsu_plan_range *items;
	size_t n;
};

/* Both empty: "minimal". */
struct nsu_user_map {
	struct nsu_ranges uids; /* none: the minimal map */
	struct nsu_ranges gids;
	uint32_t root; /* of the minimal map: what uid and gid 0 inside are outside */
};

/* One entry of `mounts`. */
struct nsu_mount_spec {
	struct nsu_origin origin;
	unsigned type;      /* enum nsu_plan_mount_type */
	const char *path;   /* a template */
	const char *source; /* bind: a template; NULL else */
	struct nsu_size size;
	unsigned inodes;
	unsigned mode;
	unsigned owner_is_user; /* 0 root, 1 the user */
	unsigned throw_away;    /* instance: 0 never removed, 1 at logout */
	bool noexec;
	bool read_only;
	bool recursive;
	bool optional;
};

struct nsu_mounts {
	struct nsu_mount_spec *specs;
	size_t n;
};

struct nsu_item {
	const char *text;
	unsigned line;
};

struct nsu_strings {
	struct nsu_item *items;
	size_t n; /* 0: the condition is not given */
};

/* One layer of settings: what a profile, a rule or a user's file says. */
struct nsu_settings {
	uint64_t given;           /* bit (1 << enum nsu_key): this layer says it */
	const char *file;         /* where */
	unsigned lines[NSU_KEYS]; /* 0 for built-in layers */
	unsigned namespaces;      /* CLONE_NEW* bits */
	struct nsu_choice scope;
	unsigned lifetime; /* enum nsu_plan_lifetime */
	struct nsu_choice net;
	const char *bridge; /* "": none */
	struct nsu_pool pool;
	unsigned mtu; /* 0: the kernel's */
	bool create;
	bool gateway;
	bool isolated;
	struct nsu_user_map user_map;
	int64_t max_user_namespaces; /* -1: the kernel's */
	int64_t boottime;            /* seconds, as the next */
	int64_t monotonic;
	uint64_t memory_bytes; /* 0: none, as the next two */
	unsigned tasks;
	unsigned cpu_weight;
	const char *limits_parent;
	uint64_t drop;    /* capabilities: bit (1 << CAP_*) */
	unsigned denials; /* NSU_PLAN_DENY_* bits */
	bool no_new_privs;
	const char *hostname;   /* a template; "": the host's own */
	const char *domainname; /* likewise */
	unsigned propagation;   /* enum nsu_plan_propagation */
	unsigned hidepid;       /* enum nsu_plan_hidepid */
	unsigned subset_pid;    /* 0 all, 1 pid */
	const char *proc_path;  /* a template */
	struct nsu_mounts mounts;
	struct nsu_mounts extra_mounts;
	struct nsu_strings expose;      /* templates */
	struct nsu_strings environment; /* "NAME=template" */
	unsigned nested;                /* enum nsu_plan_nested */
	unsigned timeout_ms;
	unsigned stop_timeout_ms;
	bool enforce;
	unsigned on_error; /* 0 deny, 1 allow */
};

/* All layers, one over the other: built-in, base chain, profile, rule, user's file. */
struct nsu_effective {
	struct nsu_settings values; /* but for the mounts of each layer */
	struct nsu_origin origins[NSU_KEYS];
	unsigned char layers[NSU_KEYS]; /* the how-many-th layer said it last; 0: the built-in one */
	const struct nsu_mount_spec *mounts[NSU_PLAN_MOUNTS_MAX]; /* of `mounts` and `extra_mounts`, in order */
	size_t n_mounts;
	bool has_too_many; /* mounts: those that do not fit are left out */
};

struct nsu_profile {
	struct nsu_origin origin;
	const char *name;
	const char *base_name; /* NULL: none */
	unsigned base_line;
	const struct nsu_profile *base;
	bool is_broken; /* has a finding (nsu_policy_examine) */
	struct nsu_settings settings;
};

struct nsu_uid_range {
	uid_t first;
	uid_t last;
};

struct nsu_uids {
	struct nsu_uid_range *ranges;
	size_t n; /* 0: the condition is not given */
};

/* A rule; also a user's file, which has no conditions and may have no profile. */
struct nsu_rule {
	struct nsu_origin origin;
	struct nsu_strings users;    /* globs */
	struct nsu_strings groups;   /* names */
	struct nsu_strings services; /* globs, as the next two */
	struct nsu_strings ttys;
	struct nsu_strings rhosts;
	struct nsu_uids uids;
	const char *profile_name;
	unsigned profile_line;
	const struct nsu_profile *profile;
	bool is_broken; /* has a finding */
	struct nsu_settings settings;
};

/* One file that was read. */
struct nsu_source {
	struct nsu_source *next;
	char *file;
	char *text; /* all strings; as large as the file, which holds each with two quotes */
	size_t text_len;
	size_t text_cap;
};

struct nsu_policy {
	struct nsu_source *sources; /* the last one read first */
	char *dropin_dir;           /* "*.d"; NULL: there is none */
	struct nsu_rule *rules;
	size_t n_rules;
	struct nsu_profile *profiles;
	size_t n_profiles;
	const struct nsu_profile **by_name; /* n_profiles; NULL: not linked yet */
	struct nsu_rule *user;              /* the file of the user who logs in; NULL: there is none */
};

/* What a file is: which keys it may hold, and which it must. */
enum nsu_policy_part {
	NSU_POLICY_MAIN,
	NSU_POLICY_DROPIN,
	NSU_POLICY_USER,
};

extern const struct nsu_profile nsu_policy_none;

/**
 * nsu_policy_profile - the profile of a name.
 * @policy: borrowed, linked; NULL: the built-in ones only
 * @name:   borrowed
 *
 * Return: the profile, the policy's or a built-in one; NULL if there is none.
 */
const struct nsu_profile *nsu_policy_profile(const struct nsu_policy *policy, const char *name);

/**
 * nsu_policy_add - parse one more file into a policy.
 * @policy:   grows; its user is replaced if that is the part
 * @part:     what the file is
 * @text:     borrowed, NUL-terminated
 * @file:     its name, for messages and origins
 * @findings: where to collect mistakes; NULL: the first one fails
 * @fail:     record; text "file:line: ..."
 *
 * What is added counts only after nsu_policy_link(). Return: 0; -EINVAL; -ENOMEM.
 */
NSU_CHECKED int nsu_policy_add(struct nsu_policy *policy, enum nsu_policy_part part, const char *text, const char *file,
                               struct nsu_findings *findings, struct nsu_fail *fail);

/**
 * nsu_policy_link - put the parts of a policy together, and check that they fit.
 * @policy:   all its files are added but a user's
 * @findings: as with nsu_policy_add()
 * @fail:     record; text "file:line: ..."
 *
 * Every profile has one definition, every one that is named exists, every chain of bases ends, every rule's settings
 * isolate something and agree with each other. Return: 0; -EINVAL; -ENOMEM.
 */
NSU_CHECKED int nsu_policy_link(struct nsu_policy *policy, struct nsu_findings *findings, struct nsu_fail *fail);

/**
 * nsu_policy_is_broken - has a profile, or one that it builds on, a mistake? Then its settings are no whole.
 * @profile: linked
 *
 * Pure. Return: whether it has.
 */
bool nsu_policy_is_broken(const struct nsu_profile *profile);

/**
 * nsu_policy_link_user - the same for a user's file.
 * @policy: linked, with its user
 * @fail:   record; text "file:line: ..."
 *
 * What depends on the rule that the file is laid over is left to the match. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_policy_link_user(struct nsu_policy *policy, struct nsu_fail *fail);

/**
 * nsu_policy_merge - lay the layers over each other.
 * @profile:   linked
 * @rule:      the rule's settings; NULL: none
 * @user:      the settings of the user's file; NULL: none
 * @effective: filled; borrows from all of them
 */
void nsu_policy_merge(const struct nsu_profile *profile, const struct nsu_settings *rule,
                      const struct nsu_settings *user, struct nsu_effective *effective);

/**
 * nsu_policy_check_settings - do settings isolate something, and agree with each other?
 * @effective: merged
 * @profile:   its profile, for messages
 * @origin:    to blame where no layer's line is
 * @fail:      record; text "file:line: ..."
 *
 * All that can be known before there is a login. Pure. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_policy_check_settings(const struct nsu_effective *effective, const struct nsu_profile *profile,
                                          const struct nsu_origin *origin, struct nsu_fail *fail);

/**
 * nsu_policy_check_spaces - the part of nsu_policy_check_settings() that is about single namespaces and limits.
 * @effective: merged
 * @origin:    to blame where no layer's line is
 * @fail:      record; text "file:line: ..."
 *
 * Pure. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_policy_check_spaces(const struct nsu_effective *effective, const struct nsu_origin *origin,
                                        struct nsu_fail *fail);

/**
 * nsu_policy_where - the line that gives a key.
 * @effective: merged
 * @key:       the key
 * @otherwise: the place to blame where no line of the policy gives it
 *
 * Pure. Return: the one or the other.
 */
const struct nsu_origin *nsu_policy_where(const struct nsu_effective *effective, enum nsu_key key,
                                          const struct nsu_origin *otherwise);

/**
 * nsu_policy_origin - an origin as text.
 * @origin: borrowed
 * @buffer: caller's, @cap bytes; always terminated
 * @cap:    size of @buffer; NSU_PATH_MAX + 16 suffices
 *
 * Pure. Return: @buffer.
 */
const char *nsu_policy_origin(const struct nsu_origin *origin, char *buffer, size_t cap);

/**
 * nsu_policy_wrong - refuse a key: "FILE:LINE: key 'KEY': TEXT".
 * @fail:   record
 * @origin: the place
 * @key:    its name
 * @format: printf format of the rest
 *
 * Return: -EINVAL.
 */
NSU_PRINTF(4, 5)
int nsu_policy_wrong(struct nsu_fail *fail, const struct nsu_origin *origin, const char *key, const char *format, ...);

/**
 * nsu_policy_scan - refuse what libconfig 1.5 would take silently, or die of.
 * @text: borrowed, NUL-terminated
 * @file: the name for messages
 * @fail: record; text "file:line: ..."
 *
 * Pure. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_policy_scan(const char *text, const char *file, struct nsu_fail *fail);

#endif
