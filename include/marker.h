/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * marker.h - how a process finds out that it is inside one of our sessions, and of whom: each session's private NSU_RUN_DIR
 * holds a symbolic link NSU_MARKER_NAME that leads nowhere and whose text is the record. (One system call to make, one to
 * read; root's directory, 0700.) The helper makes it, the module reads it.
 */
#ifndef NSU_MARKER_H
#define NSU_MARKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "defaults.h"
#include "fail.h"
#include "plan.h"

struct nsu_marker {
	char id[NSU_ID_LEN + 1]; /* of the session */
	uid_t uid;               /* of its user; 0 where users share it */
	unsigned namespaces;     /* CLONE_NEW* bits */
	unsigned proc;           /* options of its fresh proc; 0: it has none */
	uint64_t view;           /* a hash of what its mounts show, hide and protect */
	uint64_t bounds; /* a hash of who shares it, its net, id maps, clocks, limits and what its opener gave up */
	char profile[NSU_LOG_VALUE_MAX]; /* name of its profile */
};

/**
 * nsu_marker_make - mark a session.
 * @run_dirfd: the root of the tmpfs that will be the session's NSU_RUN_DIR
 * @plan:      of the session
 *
 * Return: 0; -EINVAL for an id that is none, or a profile's name of NSU_LOG_VALUE_MAX bytes or more; -errno of symlinkat(2).
 */
NSU_CHECKED int nsu_marker_make(int run_dirfd, const struct nsu_plan *plan);

/**
 * nsu_marker_read - is this process inside a session of ours?
 * @ret_marker: whose it is; untouched if it is inside none, and on failure
 * @ret_inside: the answer; untouched on failure
 * @fail:       record
 *
 * Believes only a link that belongs to root. Return: 0; -EINVAL if the text is not one of ours; -errno of readlink(2) but
 * ENOENT, which is the answer no.
 */
NSU_CHECKED int nsu_marker_read(struct nsu_marker *ret_marker, bool *ret_inside, struct nsu_fail *fail);

/**
 * nsu_marker_covers - does a session give a login all that its own plan would?
 * @marker: of the session that it comes from
 * @plan:   of the login
 *
 * The same user, or the same set of users, and the same profile, at least the plan's namespaces, the same mounts and options of
 * proc, net, id maps, offsets of clocks, limits and hardening: a rule may have changed single keys of the profile. Names (of host
 * and domain) and the lifetime do not count: who stays is no login of the set. Pure. Return: whether it does.
 */
bool nsu_marker_covers(const struct nsu_marker *marker, const struct nsu_plan *plan);

#endif
