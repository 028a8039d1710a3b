/* SPDX-License-Identifier: BSD-3-Clause */
/* veth.h - a pair of interfaces between the host and a session, with an address of the session's own. */
#ifndef NSU_VETH_H
#define NSU_VETH_H

#include <stdint.h>

#include "base.h"
#include "fail.h"
#include "plan.h"

/**
 * nsu_veth_make - make the pair, and all that is wanted of it.
 * @plan:         borrowed; its net is one of these, and has passed nsu_plan_check()
 * @helper_pidfd: borrowed: of a process in the session's net namespace
 * @deadline_ms:  in the time of nsu_proc_now_ms()
 * @ret_address:  the session's; untouched on failure
 * @fail:         record
 *
 * Moves the process into the session's net namespace, and drops all capabilities but CAP_NET_ADMIN. What is made ends with
 * that namespace; on failure nothing is left.
 * Return: 0; -EADDRNOTAVAIL where the pool is used up; -ETIMEDOUT; -errno of the step.
 */
NSU_CHECKED int nsu_veth_make(const struct nsu_plan *plan, int helper_pidfd, int64_t deadline_ms, uint32_t *ret_address,
                              struct nsu_fail *fail);

#endif
