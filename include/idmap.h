/* SPDX-License-Identifier: BSD-3-Clause */
/* idmap.h - the id maps of a user namespace (user_namespaces(7)). */
#ifndef NSU_IDMAP_H
#define NSU_IDMAP_H

#include <sys/types.h>

#include "base.h"
#include "fail.h"
#include "plan.h"

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

#endif
