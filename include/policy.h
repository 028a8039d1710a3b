/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy.h - the administrator's policy: load it, and ask it about one login.
 */
#ifndef NSU_POLICY_H
#define NSU_POLICY_H

#include "base.h"
#include "fail.h"
#include "plan.h"
#include "subject.h"

struct nsu_policy;

/**
 * nsu_policy_load - read and check a policy file.
 * @path:       clean absolute path
 * @ret_policy: given, for nsu_policy_free(); untouched on failure
 * @fail:       record; text "file:line: ..." where a line is to blame
 *
 * One open, one read: an edit meanwhile is seen whole or not at all, if the editor renames. Nothing unknown is accepted.
 * Return: 0; -ENOENT if there is none; -EPERM if it is not trusted (nsu_fsat_open_trusted); -EINVAL for any mistake in
 * it; -ENOMEM; -errno of reading it.
 */
NSU_CHECKED int nsu_policy_load(const char *path, struct nsu_policy **ret_policy, struct nsu_fail *fail);

/**
 * nsu_policy_parse - the same, of a text.
 * @text:       borrowed, NUL-terminated, @len bytes
 * @len:        length of @text in bytes
 * @file:       the name for messages
 * @ret_policy: given, for nsu_policy_free(); untouched on failure
 * @fail:       record
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
NSU_CHECKED int nsu_policy_parse(const char *text, size_t len, const char *file, struct nsu_policy **ret_policy,
                                 struct nsu_fail *fail);

/**
 * nsu_policy_match - what a policy says of one login.
 * @policy:   borrowed; NULL: there is none but the built-in profiles
 * @subject:  looked up; asked for its groups only where a rule needs them
 * @fallback: profile for a login that no rule matches; NULL: it is left alone
 * @plan:     initialised here and filled; undefined on failure
 * @fail:     record
 *
 * The first rule whose conditions all hold wins. uid 0 matches only a rule that names the user literally, the service
 * `systemd-user` only one that names it literally; the fallback serves neither. The services `sudo` and `sudo-i` get no
 * pid namespace unless the rule names them literally. The plan has passed nsu_plan_check().
 * Return: 0; -EINVAL if the policy makes no sense for this login; -errno of a name service.
 */
NSU_CHECKED int nsu_policy_match(const struct nsu_policy *policy, struct nsu_subject *subject, const char *fallback,
                                 struct nsu_plan *plan, struct nsu_fail *fail);

/**
 * nsu_policy_free - free a policy.
 * @policy: NULL is fine
 */
void nsu_policy_free(struct nsu_policy *policy);

#endif
