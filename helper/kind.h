/* SPDX-License-Identifier: BSD-3-Clause */
/* kind.h - how a mount of each kind is made. */
#ifndef NSU_KIND_H
#define NSU_KIND_H

#include <stddef.h>

#include "base.h"
#include "target.h"

/**
 * nsu_kind_make - make one mount of a plan, over its target or detached.
 * @setup: the mount's target, and its source, are open
 * @index: of the mount; its mount_fd is set where it is still to be attached to the target, or already is and is wanted
 * @ret_attached: whether it is already in its place; untouched on failure
 *
 * Changes this thread's mount namespace and working directory. Return: 0; -errno of the call that failed.
 */
NSU_CHECKED int nsu_kind_make(struct nsu_setup *setup, size_t index, bool *ret_attached);

#endif
