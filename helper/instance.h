/* SPDX-License-Identifier: BSD-3-Clause */
/* instance.h - directories on disk that are a user's own copy of a place, or a session's. */
#ifndef NSU_INSTANCE_H
#define NSU_INSTANCE_H

#include "base.h"
#include "fail.h"
#include "plan.h"

/* The directories that hold them, opened when they are first needed; -1: not yet. */
struct nsu_instances {
	int user_dirfd;     /* NSU_INSTANCE_DIR/<uid> */
	int sessions_dirfd; /* NSU_THROW_AWAY_DIR: once it is open, the session's own may be in it */
	int session_dirfd;  /* NSU_THROW_AWAY_DIR/<id> */
	int lock_fd;        /* the same, locked: says that the session lives */
};

#define NSU_INSTANCES_INIT                                                                                             \
	{                                                                                                              \
		.user_dirfd = -1, .sessions_dirfd = -1, .session_dirfd = -1, .lock_fd = -1                             \
	}

/**
 * nsu_instance_open - open the directory of an instance, made where it is missing.
 * @plan:      borrowed: whose it is
 * @mount:     borrowed: an instance of it
 * @instances: initialised; what is opened is kept in it for the next one
 * @ret_fd:    given: a descriptor of the directory; untouched on failure
 * @fail:      record
 *
 * Named by the whole path of @mount, '/' as '-', '-' and '\' escaped as systemd-escape(1) does. All above must be root's
 * alone. A directory that is there already must belong to root or to the user and be on the file system of those above; its
 * mode and owner stay as they are. Return: 0; -EPERM; -EXDEV; -ENAMETOOLONG; -errno of the step.
 */
NSU_CHECKED int nsu_instance_open(const struct nsu_plan *plan, const struct nsu_plan_mount *mount,
                                  struct nsu_instances *instances, int *ret_fd, struct nsu_fail *fail);

/**
 * nsu_instance_end - close what is not needed once all are open: all but NSU_THROW_AWAY_DIR.
 * @instances: borrowed
 */
void nsu_instance_end(struct nsu_instances *instances);

#endif
