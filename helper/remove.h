/* SPDX-License-Identifier: BSD-3-Clause */
/* remove.h - what a session throws away at its end. */
#ifndef NSU_REMOVE_H
#define NSU_REMOVE_H

#include <stdbool.h>

#include "base.h"
#include "plan.h"

/**
 * nsu_remove_needs_detach - does a plan mount anything below an instance that it throws away?
 * @plan: borrowed
 *
 * A directory with a mount on it can't be removed by who sees the mount; to take that off needs CAP_SYS_ADMIN. Pure.
 * Return: whether it does.
 */
bool nsu_remove_needs_detach(const struct nsu_plan *plan);

/**
 * nsu_remove_session - remove the instances of a session that are thrown away, with all that is in them.
 * @plan:           borrowed
 * @sessions_dirfd: NSU_THROW_AWAY_DIR
 *
 * By descriptor, never through a symbolic link, never into another file system, with four descriptors however deep it is.
 * Blocks up to NSU_REMOVE_WAIT_MS. What can't be removed stays for the next boot (tmpfiles.d).
 */
void nsu_remove_session(const struct nsu_plan *plan, int sessions_dirfd);

/**
 * nsu_remove_orphans - remove what other sessions have left.
 * @sessions_dirfd: NSU_THROW_AWAY_DIR
 *
 * Of those whose process 1 is dead: a living one holds a lock (instance.c). For at most NSU_ORPHANS_WAIT_MS.
 */
void nsu_remove_orphans(int sessions_dirfd);

#endif
