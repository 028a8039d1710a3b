/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_match.h - what is decided about one login, with what explains it: private to policy.c (decides), resolve.c (makes
 * the plan) and explain.c (tells why).
 */
#ifndef NSU_POLICY_MATCH_H
#define NSU_POLICY_MATCH_H

#include "fail.h"
#include "plan.h"
#include "policy.h"
#include "policy_parse.h"
#include "subject.h"

/* Why a rule does not hold: one of its conditions, or a sentence. */
struct nsu_mismatch {
	const char *key;                  /* "user" */
	const char *value;                /* the login's */
	const struct nsu_strings *wanted; /* the rule's, for all keys but uid */
	const struct nsu_uids *uids;      /* the rule's, for uid */
	const char *sentence;             /* instead of all that; NULL: none */
};

struct nsu_decision {
	/* Called for each rule that is looked at; why: NULL for the one that holds. NULL: nobody asks. Return: 0; -ENOMEM */
	int (*tell_rule)(void *data, const struct nsu_rule *rule, const struct nsu_mismatch *why);
	void *data;
	const struct nsu_rule *rule;       /* NULL: none holds */
	const struct nsu_profile *profile; /* NULL: none, the login is left alone */
	struct nsu_origin profile_origin;
	struct nsu_effective effective; /* if there is a profile but `none` */
	struct nsu_origin mount_origins[NSU_PLAN_MOUNTS_MAX];
};

/**
 * nsu_policy_decide - nsu_policy_match() with its reasons.
 * @policy:   as there, and so the next three
 * @subject:  as there
 * @fallback: as there
 * @plan:     as there
 * @decision: tell_rule and data are set; the rest is filled, as far as it got
 * @fail:     record
 *
 * Return: as nsu_policy_match().
 */
NSU_CHECKED int nsu_policy_decide(const struct nsu_policy *policy, struct nsu_subject *subject, const char *fallback,
                                  struct nsu_plan *plan, struct nsu_decision *decision, struct nsu_fail *fail);

/**
 * nsu_resolve_plan - make the plan of a login from the settings that hold for it.
 * @decision: its effective settings are there; its mount_origins are filled
 * @subject:  looked up
 * @keep_pid: false: the pid namespace is left out
 * @plan:     initialised; profile and rule are set already; filled
 * @fail:     record
 *
 * Asks NSS where a template wants the name of a group. Return: 0; -EINVAL with a reason; -E2BIG if it is too large;
 * -errno of a name service.
 */
NSU_CHECKED int nsu_resolve_plan(struct nsu_decision *decision, struct nsu_subject *subject, bool keep_pid,
                                 struct nsu_plan *plan, struct nsu_fail *fail);

/* A template of a name, of `what`, which is to be that of a file in a directory. */
struct nsu_name_template {
	const struct nsu_origin *origin;
	const char *key;
	const char *directory;
	const char *what; /* "a set" */
	const char *text;
};

/**
 * nsu_resolve_name - expand a template as the part of a path that it will be, so that no value leads elsewhere.
 * @template: borrowed
 * @subject:  looked up; asked for its group's name if the template has it
 * @plan:     keeps the name
 * @place:    gets it; untouched on failure
 * @fail:     record; text "file:line: ..."
 *
 * Return: 0; -EINVAL if it is no name (nsu_text_is_name); -E2BIG; -ENAMETOOLONG; -errno of a name service.
 */
NSU_CHECKED int nsu_resolve_name(const struct nsu_name_template *template, struct nsu_subject *subject,
                                 struct nsu_plan *plan, const char **place, struct nsu_fail *fail);

/**
 * nsu_resolve_scope - the plan's scope, lifetime and whose it is.
 * @effective: the settings that hold
 * @subject:   looked up
 * @plan:      its namespaces are set; filled
 * @fail:      record; text "file:line: ..." where a line is to blame
 *
 * Where users share the set the plan is nobody's: uid and gid 0. Without a pid namespace, which sudo does not get, a set ends with
 * its logins whatever the policy says. Return: as nsu_resolve_name().
 */
NSU_CHECKED int nsu_resolve_scope(const struct nsu_effective *effective, struct nsu_subject *subject,
                                  struct nsu_plan *plan, struct nsu_fail *fail);

/**
 * nsu_resolve_spaces - the plan's net, user, time, limits and harden.
 * @effective: the settings that hold
 * @subject:   looked up
 * @plan:      its namespaces are set; filled
 * @fail:      record; text "file:line: ..." where a line is to blame
 *
 * What belongs to a namespace that the plan does not have is left as it is. Asks NSS where there is a user namespace.
 * Return: 0; -EINVAL; -E2BIG if it is too large; -errno of a name service.
 */
NSU_CHECKED int nsu_resolve_spaces(const struct nsu_effective *effective, struct nsu_subject *subject,
                                   struct nsu_plan *plan, struct nsu_fail *fail);

/**
 * nsu_resolve_ids - the id maps of a login that has its own user namespace, where the policy gives no ranges: "minimal".
 * @root:    what uid and gid 0 inside are outside
 * @subject: looked up
 * @plan:    initialised; its user's ranges are filled
 * @fail:    record
 *
 * Root, the user, his groups and the group `tty`, each as it is outside but for such a root; where root is the host's, uid 1
 * too, as which sudo reads its files. Asks NSS. Return: 0; -E2BIG for more ranges of
 * groups than a map has lines; -errno of a name service.
 */
NSU_CHECKED int nsu_resolve_ids(uint32_t root, struct nsu_subject *subject, struct nsu_plan *plan,
                                struct nsu_fail *fail);

#endif
