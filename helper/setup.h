/* SPDX-License-Identifier: BSD-3-Clause */
/* setup.h - carry out a plan in the namespaces that the helper was started in, before anybody else is in them. */
#ifndef NSU_SETUP_H
#define NSU_SETUP_H

#include "base.h"
#include "fail.h"
#include "plan.h"

/**
 * nsu_setup_run - make the mounts and the host name of a plan.
 * @plan: borrowed; has passed nsu_plan_check()
 * @fail: record; names the step
 *
 * Changes this process's mount and uts namespaces. Return: 0; -EPERM in a chroot; -errno of the step that failed.
 */
NSU_CHECKED int nsu_setup_run(const struct nsu_plan *plan, struct nsu_fail *fail);

#endif
