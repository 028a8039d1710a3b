/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * proc.h - processes that can't be mistaken for others: everything goes by pidfd.
 */
#ifndef NSU_PROC_H
#define NSU_PROC_H

#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "fail.h"

/**
 * nsu_proc_now_ms - milliseconds of CLOCK_MONOTONIC.
 *
 * Return: the time; it never goes back.
 */
int64_t nsu_proc_now_ms(void);

/**
 * nsu_proc_open_self - a pidfd of the calling process.
 * @ret_pidfd: given: O_CLOEXEC; untouched on failure
 * @fail:      record
 *
 * Return: 0; -errno of pidfd_open(2).
 */
NSU_CHECKED int nsu_proc_open_self(int *ret_pidfd, struct nsu_fail *fail);

/**
 * nsu_proc_number - the number of a process, as the caller's /proc has it: for log lines and people only.
 * @pidfd: borrowed
 *
 * Return: the number; 0 if it has ended, or can't be told.
 */
pid_t nsu_proc_number(int pidfd);

/**
 * nsu_proc_kill - SIGKILL to the process of a pidfd; a dead one is no error.
 * @pidfd: borrowed
 */
void nsu_proc_kill(int pidfd);

/**
 * nsu_proc_await - wait until a descriptor is readable: a pidfd once its process has ended, a socket once there is a
 * message or the other end is closed.
 * @fd:          borrowed
 * @deadline_ms: in the time of nsu_proc_now_ms()
 *
 * Blocks until @deadline_ms at most. Does not reap. Return: 0; -ETIMEDOUT; -errno of poll(2).
 */
NSU_CHECKED int nsu_proc_await(int fd, int64_t deadline_ms);

/**
 * nsu_proc_check_opener - may this process open a session at all?
 * @fail: record; says which condition does not hold
 *
 * Needs: effective uid 0, CAP_SYS_ADMIN in the initial user namespace, and no second thread (setns(2) with
 * CLONE_NEWNS of a multi-threaded process returns 0 and splits it; seen on 6.18). Needs /proc. Whether the process
 * is chrooted is found by the helper, which shares its root.
 * Return: 0; -EPERM, -EBUSY with a reason; -errno of capget(2), of stat(2) on /proc/self.
 */
NSU_CHECKED int nsu_proc_check_opener(struct nsu_fail *fail);

/**
 * nsu_proc_check_kernel - is this kernel new enough?
 * @fail: record; names the call that is missing and the floor
 *
 * Linux 5.14 is the floor; the newest call that is relied on is mount_setattr(2) (5.12).
 * Return: 0; -ENOSYS.
 */
NSU_CHECKED int nsu_proc_check_kernel(struct nsu_fail *fail);

#endif
