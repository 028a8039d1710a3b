/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare-net: started by pam_nsunshare.so on the host, it makes what the net namespace of a session needs there, answers
 * once, and ends.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "called.h"
#include "channel.h"
#include "confine.h"
#include "defaults.h"
#include "named.h"
#include "plan.h"
#include "proc.h"
#include "veth.h"
#include "wire.h"

/* Static: too large for a stack that a hostile ulimit may have made small. */
static unsigned char frame[NSU_FRAME_MAX];
static struct nsu_plan plan;

/* For all that is done here; joining a namespace by the pidfd of an undumpable process is CAP_SYS_PTRACE's. */
#define CAPABILITIES (1ULL << CAP_SYS_ADMIN | 1ULL << CAP_NET_ADMIN)

/* The log says who had which address, for who asks long after. */
static int make_veth(int helper_pidfd, int64_t deadline_ms, struct nsu_wire_answer *answer)
{
	char text[NSU_ADDRESS_TEXT_SIZE];
	uint32_t address = 0;
	int ret = nsu_veth_make(&plan, helper_pidfd, deadline_ms, &address, &answer->fail);

	if (ret == 0)
		snprintf(answer->note, sizeof(answer->note), "address=%s", nsu_address_text(address, text));
	return ret;
}

static int carry_out(int helper_pidfd, struct nsu_wire_answer *answer)
{
	struct nsu_fail *fail = &answer->fail;
	int64_t deadline_ms = nsu_proc_now_ms() + plan.timeout_ms;
	int ret;

	switch (plan.net.mode) {
	case NSU_PLAN_NET_VETH:
		if (helper_pidfd < 0)
			return nsu_fail_because(fail, EPROTO, "the plan came without the helper's pidfd");
		return make_veth(helper_pidfd, deadline_ms, answer);
	case NSU_PLAN_NET_NAMED:
		if (!plan.net.create)
			break;
		ret = nsu_confine_keep(CAPABILITIES, fail);
		return ret < 0 ? ret : nsu_named_make(plan.net.name, deadline_ms, fail);
	case NSU_PLAN_NET_LOOPBACK:
	default:
		break;
	}
	return nsu_fail_because(fail, EPROTO, "the plan wants nothing of %s", NSU_NET_NAME);
}

static int run(struct nsu_wire_answer *answer)
{
	struct nsu_fail *fail = &answer->fail;
	auto_close int helper_pidfd = -1;
	int ret;

	ret = nsu_confine_reset(NSU_NET_NAME, fail);
	if (ret == 0)
		ret = nsu_confine_keep(CAPABILITIES | 1ULL << CAP_SYS_PTRACE, fail);
	if (ret == 0)
		ret = nsu_called_receive_plan(frame, &plan, &helper_pidfd, NSU_NET_NAME, fail);
	return ret < 0 ? ret : carry_out(helper_pidfd, answer);
}

int main(void)
{
	static const char usage[] = NSU_NET_NAME
		": makes the network of a session, started by pam_nsunshare.so only; see nsunshare-init(8)\n";
	struct nsu_wire_answer answer = {.fail = NSU_FAIL_INIT};
	size_t len;
	int ret;

	if (!nsu_called_by_module(usage))
		return 2;
	ret = run(&answer);
	if (nsu_wire_encode_answer(&answer, frame, sizeof(frame), &len) < 0)
		return 1;
	if (nsu_channel_send(NSU_HELPER_CHANNEL_FD, frame, len, -1) < 0)
		return 1; /* there is nobody to hear it: what was made ends with the session's namespace */
	return ret < 0 ? 1 : 0;
}
