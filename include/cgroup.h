/* SPDX-License-Identifier: BSD-3-Clause */
/* cgroup.h - moving a process between cgroups (v2, cgroups(7)). */
#ifndef NSU_CGROUP_H
#define NSU_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"
#include "fail.h"

/**
 * nsu_cgroup_is_systemds - does systemd run this host, and with it all cgroups?
 *
 * As sd_booted(3). Return: whether it does.
 */
bool nsu_cgroup_is_systemds(void);

/**
 * nsu_cgroup_open_mount - open the root of cgroup2's mount: /sys/fs/cgroup, or its `unified` beside v1.
 * @ret_dirfd: given; untouched on failure
 * @fail:      record
 *
 * Return: 0; -ENOTSUP where there is v1 only; -errno of open(2), fstatfs(2).
 */
NSU_CHECKED int nsu_cgroup_open_mount(int *ret_dirfd, struct nsu_fail *fail);

/**
 * nsu_cgroup_own_path - the cgroup that this process is in.
 * @buffer:   caller's, @cap bytes
 * @cap:      size of @buffer; two paths suffice
 * @ret_path: in @buffer: an absolute path below the mount, or "/"; untouched on failure
 * @fail:     record
 *
 * Return: 0; -ENOTSUP where there is v1 only; -errno of reading /proc/self/cgroup.
 */
NSU_CHECKED int nsu_cgroup_own_path(char *buffer, size_t cap, const char **ret_path, struct nsu_fail *fail);

/**
 * nsu_cgroup_open_procs - open the file through which processes enter a cgroup.
 * @dirfd:        of the cgroup, borrowed
 * @ret_procs_fd: given, O_CLOEXEC, for writing; untouched on failure
 * @fail:         record
 *
 * Who may use it is decided by who opened it (since Linux 5.16), also from another namespace. Return: 0; -errno of openat(2).
 */
NSU_CHECKED int nsu_cgroup_open_procs(int dirfd, int *ret_procs_fd, struct nsu_fail *fail);

/**
 * nsu_cgroup_open_own - the same of the cgroup that this process is in, to come back to.
 * @ret_procs_fd: given; untouched on failure
 * @fail:         record
 *
 * Return: 0; -ENOTSUP where there is v1 only; -errno of reading /proc/self/cgroup.
 */
NSU_CHECKED int nsu_cgroup_open_own(int *ret_procs_fd, struct nsu_fail *fail);

/**
 * nsu_cgroup_enter - move this process into a cgroup.
 * @procs_fd: of nsu_cgroup_open_procs() or _own()
 * @fail:     record
 *
 * Return: 0; -errno of write(2): -EAGAIN at pids.max, -EBUSY where the cgroup has controllers for those below.
 */
NSU_CHECKED int nsu_cgroup_enter(int procs_fd, struct nsu_fail *fail);

#endif
