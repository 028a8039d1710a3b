/* SPDX-License-Identifier: BSD-3-Clause */
/* join.h - all of joining a shared set but the commit: what nsu_launch() is for a new one. */
#ifndef NSU_JOIN_H
#define NSU_JOIN_H

#include <stdint.h>

#include "base.h"
#include "fail.h"
#include "plan.h"
#include "session.h"

/**
 * nsu_join - become a login of the set that a plan wants, if it lives.
 * @plan:        borrowed; has passed nsu_plan_check(); shared; the caller has passed nsu_proc_check_opener()
 * @login:       borrowed
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @session:     initialised; what it holds on failure is for the caller to end
 * @fail:        record
 *
 * Nothing of the caller changes. At the return only the commit is left to be done.
 * Return: 0; -ENOENT: there is none, -ECONNRESET: it has ended meanwhile: both without a record; -EPERM in a chroot; -ETIMEDOUT;
 * -errno of the step.
 */
NSU_CHECKED int nsu_join(const struct nsu_plan *plan, const struct nsu_login *login, int64_t deadline_ms,
                         struct nsu_session *session, struct nsu_fail *fail);

#endif
