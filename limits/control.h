/* SPDX-License-Identifier: BSD-3-Clause */
/* control.h - the files of a cgroup (v2): read, written, and those that have a session's limits. */
#ifndef NSU_CONTROL_H
#define NSU_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "fail.h"
#include "plan.h"

/**
 * nsu_control_read - read one file of a cgroup.
 * @dirfd:  the cgroup
 * @file:   its name
 * @buffer: caller's, @cap bytes: the text, its last newline cut off
 * @cap:    size of @buffer; what is longer is cut
 *
 * Return: 0; -errno of openat(2), read(2).
 */
NSU_CHECKED int nsu_control_read(int dirfd, const char *file, char *buffer, size_t cap);

/**
 * nsu_control_write - write one file of a cgroup.
 * @dirfd: the cgroup
 * @file:  its name
 * @text:  borrowed
 *
 * Return: 0; -errno of openat(2), write(2).
 */
NSU_CHECKED int nsu_control_write(int dirfd, const char *file, const char *text);

/**
 * nsu_control_check - has the host what the limits of a plan need?
 * @plan:        borrowed
 * @mount_dirfd: the root of cgroup2's mount
 * @fail:        record; says which controller is missing, why, and what to do
 *
 * Return: 0; -ENOTSUP; -errno of reading its cgroup.controllers.
 */
NSU_CHECKED int nsu_control_check(const struct nsu_plan *plan, int mount_dirfd, struct nsu_fail *fail);

/**
 * nsu_control_enable - give the cgroups below one the controllers that the limits of a plan need.
 * @plan:  borrowed
 * @dirfd: the cgroup
 * @path:  its path below the mount, for messages
 * @fail:  record
 *
 * Only those that are not there yet. Return: 0; -EBUSY where the cgroup has processes of its own; -errno of the step.
 */
NSU_CHECKED int nsu_control_enable(const struct nsu_plan *plan, int dirfd, const char *path, struct nsu_fail *fail);

/**
 * nsu_control_limit - write the limits of a plan.
 * @plan:  borrowed
 * @dirfd: the cgroup
 * @fail:  record
 *
 * Memory is limited without a way out into swap. Return: 0; -errno of nsu_control_write().
 */
NSU_CHECKED int nsu_control_limit(const struct nsu_plan *plan, int dirfd, struct nsu_fail *fail);

/**
 * nsu_control_await - wait until a cgroup has the limits of a plan, which somebody else writes.
 * @plan:        borrowed
 * @dirfd:       the cgroup
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @fail:        record; names the file that has another value
 *
 * Return: 0; -ETIMEDOUT.
 */
NSU_CHECKED int nsu_control_await(const struct nsu_plan *plan, int dirfd, int64_t deadline_ms, struct nsu_fail *fail);

#endif
