/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * marker.h - how a process finds out that it is inside one of our sessions, and of whom: each session's private NSU_RUN_DIR
 * holds a symbolic link NSU_MARKER_NAME that leads nowhere and whose text is the record. (One system call to make, one to
 * read; root's directory, 0700.) The helper makes it, the module reads it.
 */
#ifndef NSU_MARKER_H
#define NSU_MARKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"
#include "defaults.h"
#include "fail.h"

struct nsu_marker {
	char id[NSU_ID_LEN + 1];         /* of the session */
	uid_t uid;                       /* of its user */
	char profile[NSU_LOG_VALUE_MAX]; /* name of its profile */
};

/**
 * nsu_marker_make - mark a session.
 * @run_dirfd: the root of the tmpfs that will be the session's NSU_RUN_DIR
 * @id:        of the session
 * @uid:       of its user
 * @profile:   name of its profile
 *
 * Return: 0; -EINVAL if the id is none or the profile's name too long to be kept whole; -errno of symlinkat(2).
 */
NSU_CHECKED int nsu_marker_make(int run_dirfd, const char *id, uid_t uid, const char *profile);

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

#endif
