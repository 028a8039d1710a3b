/* SPDX-License-Identifier: BSD-3-Clause */
/* launch.h - all of opening a session but the commit: the helper and the assistants are started, until all is ready. */
#ifndef NSU_LAUNCH_H
#define NSU_LAUNCH_H

#include "base.h"
#include "fail.h"
#include "plan.h"
#include "session.h"

/**
 * nsu_launch - prepare a session beside the caller.
 * @plan:        borrowed; has passed nsu_plan_check(); the caller has passed nsu_proc_check_opener()
 * @login:       borrowed: the first one of the set
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @session:     initialised; what it holds on failure is for the caller to end
 * @fail:        record; names the step
 *
 * Nothing of the caller changes. At the return only the commit is left to be done.
 * Return: as nsu_session_open(); -EEXIST, without a record, if meanwhile another set has become the one of the plan's key.
 */
NSU_CHECKED int nsu_launch(const struct nsu_plan *plan, const struct nsu_login *login, int64_t deadline_ms,
                           struct nsu_session *session, struct nsu_fail *fail);

#endif
