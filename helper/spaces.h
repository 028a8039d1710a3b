/* SPDX-License-Identifier: BSD-3-Clause */
/* spaces.h - what the helper does to namespaces beyond being started in them: before the mounts, and last of all. */
#ifndef NSU_SPACES_H
#define NSU_SPACES_H

#include "base.h"
#include "fail.h"
#include "plan.h"

/* What is open from the one to the other, and until the end. */
struct nsu_spaces {
	int cgroup_dirfd; /* the session's cgroup; -1: it has none of its own. While it is open nobody sweeps it away */
	int limits_dirfd; /* the one above, which has the limits; -1 likewise */
	int parent_dirfd; /* and the one above that */
	int sysctl_dirfd; /* /proc/sys as it was before the mounts; -1: not needed */
};

#define NSU_SPACES_INIT                                                                                                \
	{                                                                                                              \
		.cgroup_dirfd = -1, .limits_dirfd = -1, .parent_dirfd = -1, .sysctl_dirfd = -1                         \
	}

/**
 * nsu_spaces_begin - enter what the helper was not started in, and make it as the plan says.
 * @plan:       borrowed; has passed nsu_plan_check()
 * @channel_fd: borrowed: where the session's cgroup comes from
 * @spaces:     initialised; its descriptors are given
 * @fail:       record; names the step
 *
 * The time namespace is entered already; a named net namespace is joined, lo brought up in a new one, the session's cgroup
 * visited to make the cgroup namespace in it. To be called before the mounts, which show them. Blocks until the cgroup is
 * there or the channel is closed. Return: 0; -errno of the step.
 */
NSU_CHECKED int nsu_spaces_begin(const struct nsu_plan *plan, int channel_fd, struct nsu_spaces *spaces,
                                 struct nsu_fail *fail);

/**
 * nsu_spaces_end - make the user namespace, if the plan has one, over a second copy of the mount namespace.
 * @plan:       borrowed
 * @channel_fd: borrowed: the opener is asked there for the id maps
 * @spaces:     as nsu_spaces_begin() left it
 * @fail:       record; names the step
 *
 * To be called after everything that needs privileges: the process has none over the host from then on. In the copy every
 * mount is locked (mount_namespaces(7)), so that the session's root can take none off. Where he is uid 0 outside no cgroup
 * namespace can be made below it. Blocks until the maps are written or
 * the channel is closed. Return: 0; -errno of the step.
 */
NSU_CHECKED int nsu_spaces_end(const struct nsu_plan *plan, int channel_fd, const struct nsu_spaces *spaces,
                               struct nsu_fail *fail);

/**
 * nsu_spaces_remove_cgroup - remove the session's cgroup, and the one with its limits.
 * @plan:    borrowed: its id
 * @spaces:  as nsu_spaces_begin() left it
 * @wait_ms: how long to try while processes are in it
 *
 * Nothing happens where there is none, or where it is systemd's to remove. Makes only system calls that a process with
 * NSU_CONFINE_CGROUP and NSU_CONFINE_KILL may make.
 */
void nsu_spaces_remove_cgroup(const struct nsu_plan *plan, const struct nsu_spaces *spaces, int wait_ms);

/**
 * nsu_spaces_ask_to_claim - ask the opener whether a shared set may be known: nothing is left to be done for it.
 * @channel_fd: borrowed
 * @fail:       record
 *
 * Return: 0; -ECHILD if the opener has given up; -errno of sendmsg(2), recvmsg(2).
 */
NSU_CHECKED int nsu_spaces_ask_to_claim(int channel_fd, struct nsu_fail *fail);

#endif
