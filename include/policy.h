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
 * nsu_policy_load - read and check a policy: its file and the drop-ins beside it.
 * @path:       clean absolute path; where it ends in ".conf" the files *.conf of the directory "*.d" are its drop-ins, read
 *              behind it in the order of their bytes (LC_ALL=C); their rules follow its own, their profiles join its own
 * @ret_policy: given, for nsu_policy_free(); untouched on failure
 * @fail:       record; text "file:line: ..." where a line is to blame
 *
 * One open, one read: an edit meanwhile is seen whole or not at all, if the editor renames. Nothing unknown is accepted.
 * Return: 0; -ENOENT if there is none; -EPERM if it is not trusted (nsu_fsat_open_trusted), -ELOOP if it is a symbolic
 * link; -EINVAL for any mistake in it; -EFBIG if it is too large; -E2BIG for too many drop-ins; -EAGAIN if one vanishes
 * meanwhile; -ENOMEM; -errno of reading it.
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
 * nsu_policy_load_user - read the file of one user, "*.d/users/NAME.conf", if there is one.
 * @policy:  loaded
 * @subject: looked up
 * @fail:    record
 *
 * Its keys override what a rule gave. Opened by its name: the cost does not grow with their number. A name that may not
 * stand in a path (nsu_text_is_name) has none. Return: 0, also if there is none; else as nsu_policy_load().
 */
NSU_CHECKED int nsu_policy_load_user(struct nsu_policy *policy, const struct nsu_subject *subject,
                                     struct nsu_fail *fail);

enum nsu_policy_severity {
	NSU_POLICY_WARNING, /* it works, but hardly as meant */
	NSU_POLICY_ERROR,   /* logins are refused */
};

/* Gets one finding, "FILE:LINE: TEXT". */
typedef void nsu_policy_tell(void *data, enum nsu_policy_severity severity, const char *text);

/**
 * nsu_policy_examine - find all that is wrong or doubtful in a policy, its drop-ins and all files of users.
 * @path: as nsu_policy_load() has it
 * @tell: called for each finding, in the order of files and lines
 * @data: for @tell
 *
 * Goes on behind an error, with the next rule or profile, or with the next file behind one of syntax. Asks NSS whether the
 * users and groups exist, and the file system whether the paths do. Return: 0, whatever was found; -ENOMEM.
 */
NSU_CHECKED int nsu_policy_examine(const char *path, nsu_policy_tell *tell, void *data);

/**
 * nsu_policy_match - what a policy says of one login.
 * @policy:   borrowed; NULL: there is none but the built-in profiles
 * @subject:  looked up; asked for its groups only where a rule needs them
 * @fallback: profile for a login that no rule matches; NULL: it is left alone
 * @plan:     initialised here and filled; undefined on failure
 * @fail:     record
 *
 * The first rule whose conditions all hold wins; the user's file is laid over it, and its profile serves where no rule
 * holds. Reads no file. uid 0 matches only a rule, or a file, that names the user literally, the service
 * `systemd-user` only a rule that names it literally; the fallback serves neither. The services `sudo` and `sudo-i` get no
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
