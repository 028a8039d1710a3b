/* SPDX-License-Identifier: BSD-3-Clause */
/* root.h - is the caller in a chroot? setns(2) with a mount namespace would leave it. */
#ifndef NSU_ROOT_H
#define NSU_ROOT_H

#include "base.h"
#include "fail.h"

/**
 * nsu_root_refuse_chroot - refuse a process that would leave a chroot by joining a mount namespace.
 * @fail: record
 *
 * Joins the caller's own mount namespace once more and looks whether that has moved the root: the caller's root changes by it if it
 * is in a chroot, so this is for a process that ends then. Return: 0; -EPERM; -errno of the step.
 */
NSU_CHECKED int nsu_root_refuse_chroot(struct nsu_fail *fail);

/**
 * nsu_root_check_caller - the same for a process that lives on.
 * @fail: record
 *
 * A child that shares the caller's memory, and nothing else, does it; signals are blocked meanwhile. Needs one thread.
 * Return: as above; -errno of clone(2); -EINTR if somebody has killed the child.
 */
NSU_CHECKED int nsu_root_check_caller(struct nsu_fail *fail);

#endif
