/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * leaf.h - the cgroup that a session is in: NSU_LIMITS_LEAF, below the one that has its limits. A session's root who is in a
 * user namespace can mount what is below the root of his cgroup namespace, with files that are root's and so his: the limits
 * must not be among them.
 */
#ifndef NSU_LEAF_H
#define NSU_LEAF_H

#include <stdbool.h>

#include "base.h"
#include "fail.h"

/**
 * nsu_leaf_make - make it.
 * @dirfd:      the cgroup that has, or will have, the limits
 * @may_exist:  one that is there and not in use is taken
 * @ret_dirfd:  given: an open directory; untouched on failure
 *
 * Whoever holds the open file description, of this process or of one that the descriptor was sent to, holds a lock of the
 * leaf: so it is not swept away as long as a session is there that will use it. No other cgroup can be made beside it or below
 * it, not by a session's root either.
 * Return: 0; -EEXIST if there is one; -EWOULDBLOCK if it is in use, or just being swept away; -ENOENT if it has been; -errno
 * of the step.
 */
NSU_CHECKED int nsu_leaf_make(int dirfd, bool may_exist, int *ret_dirfd);

/**
 * nsu_leaf_sweep - remove one that nobody will use any more.
 * @dirfd: the cgroup with the limits
 *
 * Return: 0, also if there is none; -EWOULDBLOCK if a session holds it; -EBUSY if processes are in it; -errno of the step.
 */
NSU_CHECKED int nsu_leaf_sweep(int dirfd);

#endif
