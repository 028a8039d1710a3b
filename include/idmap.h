/* SPDX-License-Identifier: BSD-3-Clause */
/* idmap.h - the id maps of a user namespace (user_namespaces(7)). */
#ifndef NSU_IDMAP_H
#define NSU_IDMAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"
#include "fail.h"
#include "plan.h"

/* Which of a process's ids are root's: real, effective, saved. */
struct nsu_idmap_roots {
	bool uids[3];
	bool gids[3];
};

/**
 * nsu_idmap_note_roots - which of the caller's ids are root's.
 * @ret_roots: set
 */
void nsu_idmap_note_roots(struct nsu_idmap_roots *ret_roots);

/**
 * nsu_idmap_write - write the maps of a process that has made a user namespace.
 * @user:  borrowed; has passed nsu_plan_check()
 * @pid:   of the process, as the caller's /proc has it
 * @pidfd: of the same; the number is believed only while this lives
 * @fail:  record
 *
 * Needs CAP_SETUID and CAP_SETGID in the namespace above. setgroups(2) stays allowed. Return: 0; -ESRCH if it has ended;
 * -errno of open(2), write(2).
 */
NSU_CHECKED int nsu_idmap_write(const struct nsu_plan_user *user, pid_t pid, int pidfd, struct nsu_fail *fail);

/**
 * nsu_idmap_become_root - let a caller that has joined the namespace be root of it, where that is another uid outside.
 * @user: borrowed; the maps of the namespace that the caller is in
 * @was_root: the caller's ids, before it joined, that were root's
 * @fail: record
 *
 * Of its real, effective and saved ids those that were root's become the session's root; nothing where that is the same, or
 * where the session has none. Supplementary groups stay. Return: 0; -errno of setresgid(2), setresuid(2).
 */
NSU_CHECKED int nsu_idmap_become_root(const struct nsu_plan_user *user, const struct nsu_idmap_roots *was_root,
                                      struct nsu_fail *fail);

#endif
