/* SPDX-License-Identifier: BSD-3-Clause */
/* direct.h - the cgroup of a session made by ourselves, where no systemd runs the host. */
#ifndef NSU_DIRECT_H
#define NSU_DIRECT_H

#include "base.h"
#include "fail.h"
#include "plan.h"

/* What has been made, to undo it. */
struct nsu_direct {
	int parent_dirfd; /* the one named by the plan; -1: none is open */
	int dirfd;        /* in it the one with the limits, named by the session's id; -1: none has been made */
};

#define NSU_DIRECT_INIT                                                                                                \
	{                                                                                                              \
		.parent_dirfd = -1, .dirfd = -1                                                                        \
	}

/**
 * nsu_direct_make - make the cgroup of a session in the one that the plan names, and remove what others have left there.
 * @plan:        borrowed: its limits and its id
 * @mount_dirfd: the root of cgroup2's mount
 * @direct:      initialised; for nsu_direct_undo() on failure, for nsu_direct_clear() always
 * @ret_dirfd:   given: the directory that the session is to enter; untouched on failure
 * @fail:        record; names the step
 *
 * The parent is made where it is missing. What others have left: cgroups named by an id, with no process and no session that
 * will use it; NSU_SWEEP_MS at most are spent on that.
 * Return: 0; -EPERM if others than root may write the parent; -errno of the step.
 */
NSU_CHECKED int nsu_direct_make(const struct nsu_plan *plan, int mount_dirfd, struct nsu_direct *direct, int *ret_dirfd,
                                struct nsu_fail *fail);

/**
 * nsu_direct_undo - remove the cgroup of a session again, before anybody has entered it.
 * @direct: as nsu_direct_make() left it
 * @plan:   borrowed
 */
void nsu_direct_undo(const struct nsu_direct *direct, const struct nsu_plan *plan);

/**
 * nsu_direct_clear - close what is held.
 * @direct: as NSU_DIRECT_INIT afterwards
 */
void nsu_direct_clear(struct nsu_direct *direct);

#endif
