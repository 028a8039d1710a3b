/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * subject.h - who asks for a session: taken once, before anything else, and never looked up again.
 */
#ifndef NSU_SUBJECT_H
#define NSU_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base.h"
#include "defaults.h"
#include "fail.h"

/* What nsu_subject_is_member() has said of a group: many rules ask for the same few. */
struct nsu_subject_answer {
	char *group;
	bool exists;
	bool is_member;
};

struct nsu_subject {
	char *user;  /* as the account database spells it */
	char *home;  /* as it stands there: unchecked */
	char *shell; /* likewise */
	char *group; /* name of the primary group; NULL: not asked yet */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* all groups, the primary one among them; filled at the first question */
	int n_groups;  /* -1: not asked yet */
	struct nsu_subject_answer *answers;
	size_t n_answers;
	const char *service;             /* borrowed from PAM for the life of the subject; never NULL */
	const char *tty;                 /* borrowed; "" where PAM has none */
	const char *rhost;               /* borrowed; "" where PAM has none */
	char host[NSU_HOSTNAME_MAX + 1]; /* the host's name */
	char id[NSU_ID_LEN + 1];         /* of this session, hexadecimal, random */
};

#define NSU_SUBJECT_INIT                                                                                               \
	{                                                                                                              \
		.n_groups = -1, .service = "", .tty = "", .rhost = ""                                                  \
	}

/**
 * nsu_subject_look_up - fill in what the account database, the kernel and chance know.
 * @subject: initialised; user, home, shell, uid, gid, host, id are set
 * @user:    the name PAM has
 * @fail:    record
 *
 * Asks NSS: may take as long as the host's name services do. Return: 0; -ENOENT if there is no such user; -EINVAL for
 * uid or gid 4294967295 (glibc hands it out of /etc/passwd, and it means "unchanged" to the kernel); -ENOMEM; -errno of
 * getpwnam_r(3), getrandom(2).
 */
NSU_CHECKED int nsu_subject_look_up(struct nsu_subject *subject, const char *user, struct nsu_fail *fail);

/**
 * nsu_subject_make_id - a new id for a session.
 * @id:   filled; undefined on failure
 * @fail: record
 *
 * Return: 0; -errno of getrandom(2).
 */
NSU_CHECKED int nsu_subject_make_id(char id[NSU_ID_LEN + 1], struct nsu_fail *fail);

/**
 * nsu_subject_name_group - look up the name of the user's primary group.
 * @subject: looked up; its group is set: the number where the group has no entry
 * @fail:    record
 *
 * Asks NSS, at the first call. Return: 0; -ENOMEM; -EHOSTDOWN where a service says ENOENT of itself; -errno of
 * getgrgid_r(3).
 */
NSU_CHECKED int nsu_subject_name_group(struct nsu_subject *subject, struct nsu_fail *fail);

/**
 * nsu_subject_list_groups - fetch the list of the user's groups.
 * @subject: looked up; its groups are set
 * @fail:    record
 *
 * Asks NSS, at the first call; see nsu_subject_is_member() for one that fails. Return: 0; -ENOMEM; -ERANGE.
 */
NSU_CHECKED int nsu_subject_list_groups(struct nsu_subject *subject, struct nsu_fail *fail);

/**
 * nsu_subject_is_member - is the user in a group?
 * @subject:       looked up; its list of groups is fetched at the first call
 * @group:         a group's name
 * @ret_is_member: the answer; untouched on failure
 * @fail:          record
 *
 * Asks NSS, once for each group. A name service that fails over the group's name is a failure, never the answer no. One that fails over the
 * user's memberships can't be told: getgrouplist(3) then gives the list without them (glibc 2.36).
 * Return: 0; -ENOENT if there is no such group; -EHOSTDOWN where a service says ENOENT of itself; -errno of
 * getgrnam_r(3), getgrouplist(3).
 */
NSU_CHECKED int nsu_subject_is_member(struct nsu_subject *subject, const char *group, bool *ret_is_member,
                                      struct nsu_fail *fail);

/**
 * nsu_subject_user_exists - is there such a user? For a check of the policy, not for a login.
 * @user:       a name
 * @ret_exists: the answer; untouched on failure
 * @ret_uid:    the user's, if there is one; untouched else
 * @fail:       record
 *
 * Asks NSS. Return: 0; -EHOSTDOWN where a service says ENOENT of itself; -errno of getpwnam_r(3).
 */
NSU_CHECKED int nsu_subject_user_exists(const char *user, bool *ret_exists, uid_t *ret_uid, struct nsu_fail *fail);

/**
 * nsu_subject_find_user - who has a uid?
 * @uid:      any
 * @ret_user: given: the name, to be freed; untouched on failure
 * @fail:     record
 *
 * Asks NSS. Return: 0; -ENOENT if nobody has it; -ENOMEM; -EHOSTDOWN where a service says ENOENT of itself; -errno of
 * getpwuid_r(3).
 */
NSU_CHECKED int nsu_subject_find_user(uid_t uid, char **ret_user, struct nsu_fail *fail);

/**
 * nsu_subject_group_exists - is there such a group?
 * @group:      a name
 * @ret_exists: the answer; untouched on failure
 * @ret_gid:    the group's, if there is one; untouched else
 * @fail:       record
 *
 * Asks NSS. Return: 0; -EHOSTDOWN where a service says ENOENT of itself; -errno of getgrnam_r(3).
 */
NSU_CHECKED int nsu_subject_group_exists(const char *group, bool *ret_exists, gid_t *ret_gid, struct nsu_fail *fail);

/**
 * nsu_subject_group_lists - does a group name members, beside those whose primary group it is? For a check of the policy.
 * @group:     a group's name
 * @ret_lists: the answer, no for a group that does not exist; untouched on failure
 * @fail:      record
 *
 * Asks NSS. Return: as nsu_subject_group_exists().
 */
NSU_CHECKED int nsu_subject_group_lists(const char *group, bool *ret_lists, struct nsu_fail *fail);

/**
 * nsu_subject_print_user - a user's name for people to read, escaped; his number if he has none.
 * @uid:    a user's
 * @buffer: caller's, @cap bytes; always terminated
 * @cap:    size of @buffer, at least 16
 *
 * Asks NSS; one that fails is as one that has no such user. Return: @buffer.
 */
const char *nsu_subject_print_user(uid_t uid, char *buffer, size_t cap);

/**
 * nsu_subject_print_group - likewise for a group.
 * @gid:    a group's
 * @buffer: caller's, @cap bytes; always terminated
 * @cap:    size of @buffer, at least 16
 *
 * Return: @buffer.
 */
const char *nsu_subject_print_group(gid_t gid, char *buffer, size_t cap);

/**
 * nsu_subject_clear - free what a subject holds.
 * @subject: initialised; may be used anew afterwards
 */
void nsu_subject_clear(struct nsu_subject *subject);

#endif
