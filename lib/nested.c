/* SPDX-License-Identifier: BSD-3-Clause */
#include "nested.h"

#include <errno.h>
#include <sched.h>

int nsu_nested_ask(const struct nsu_plan *plan, struct nsu_marker *ret_marker, enum nsu_nested_answer *ret_answer,
                   struct nsu_fail *fail)
{
	bool is_inside = false;
	int ret;

	ret = nsu_marker_read(ret_marker, &is_inside, fail);
	if (ret < 0)
		return ret;
	*ret_answer = NSU_NESTED_ISOLATE;
	if (!is_inside)
		return 0;
	if (plan->nested == NSU_PLAN_NO_LOGIN) {
		*ret_answer = NSU_NESTED_REFUSE;
		nsu_fail_because(fail, EPERM,
		                 "the login comes from inside session %s of uid %u, which nested = \"deny\" refuses",
		                 ret_marker->id, (unsigned)ret_marker->uid);
		return 0;
	}
	if (plan->nested == NSU_PLAN_STAY || nsu_marker_covers(ret_marker, plan)) {
		*ret_answer = NSU_NESTED_STAY;
		return 0;
	}
	/* What is made from inside would belong to that user namespace: its root is none to the host. */
	if (ret_marker->namespaces & CLONE_NEWUSER)
		return nsu_fail_because(
			fail, EPERM,
			"the login comes from inside session %s of uid %u, which has a user namespace: no other session can "
			"be made from there (nested = \"stay\" keeps such a login in it)",
			ret_marker->id, (unsigned)ret_marker->uid);
	return 0;
}
