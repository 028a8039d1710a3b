/* SPDX-License-Identifier: BSD-3-Clause */
/* setup.h - carry out a plan in the namespaces that the helper was started in, before anybody else is in them. */
#ifndef NSU_SETUP_H
#define NSU_SETUP_H

#include "base.h"
#include "fail.h"
#include "plan.h"

/**
 * nsu_setup_run - make the mounts and the names of a plan.
 * @plan:               borrowed; has passed nsu_plan_check()
 * @ret_sessions_dirfd: given: for nsu_remove_session() at the end; -1: nothing is to be removed. Untouched on failure
 * @fail:               record; names the step
 *
 * Changes this process's mount and uts namespaces. On failure what the session would have thrown away at
 * its end is gone. Return: 0; -EPERM in a chroot; -errno of the step that failed.
 */
NSU_CHECKED int nsu_setup_run(const struct nsu_plan *plan, int *ret_sessions_dirfd, struct nsu_fail *fail);

#endif
