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
 * @plan:    borrowed; has passed nsu_plan_check(); the caller has passed nsu_proc_check_opener()
 * @session: initialised; what it holds on failure is for the caller to end
 * @fail:    record; names the step
 *
 * Nothing of the caller changes. Blocks up to the plan's timeout. At the return only the commit is left to be done.
 * Return: as nsu_session_open().
 */
NSU_CHECKED int nsu_launch(const struct nsu_plan *plan, struct nsu_session *session, struct nsu_fail *fail);

#endif
