/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare-limits: started by pam_nsunshare.so on the host, it makes the cgroup of a session with the limits of the plan, hands
 * it over, and ends. Where systemd runs the host it has the PID 1 of a shared set moved out of its first login's cgroup, with
 * limits and without.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "called.h"
#include "cgroup.h"
#include "channel.h"
#include "confine.h"
#include "control.h"
#include "defaults.h"
#include "direct.h"
#include "plan.h"
#include "proc.h"
#include "scope.h"
#include "wire.h"

/* Static: too large for a stack that a hostile ulimit may have made small. */
static unsigned char frame[NSU_FRAME_MAX];
static struct nsu_plan plan;

static int receive_plan(int *ret_helper_pidfd, struct nsu_fail *fail)
{
	int ret = nsu_called_receive_plan(frame, &plan, ret_helper_pidfd, NSU_LIMITS_NAME, fail);

	if (ret == 0 && ((!nsu_plan_has_limits(&plan) && !nsu_plan_is_shared(&plan)) || *ret_helper_pidfd < 0))
		return nsu_fail_because(fail, EPROTO, "the plan needs no cgroup, or came without the helper's pidfd");
	return ret;
}

/* The opener, which has made the channel. */
static pid_t opener_number(void)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	return getsockopt(NSU_HELPER_CHANNEL_FD, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.pid : 0;
}

/*
 * May PID 1 stay in the cgroup of its first login? For a set of one user, if there are no limits: it may end with that login, and
 * what he does to it he does to himself; a host without D-Bus must not lock him out. A PID 1 that several users need must not be
 * where one of them may freeze it, unless all of them are in a session already, which nobody but them can reach.
 */
static bool can_stay(int ret)
{
	return !nsu_plan_has_limits(&plan) && (!nsu_plan_is_common(&plan) || ret == -EXDEV);
}

/* A part of the time is left to the opener: a tenth to hear what has taken the others, a half to go on without. */
static int make(int helper_pidfd, struct nsu_direct *direct, int *ret_dirfd, struct nsu_fail *fail)
{
	unsigned left_ms = plan.timeout_ms / (can_stay(0) ? 2 : 10);
	struct nsu_scope scope = {
		.plan = &plan,
		.helper_pidfd = helper_pidfd,
		.opener = opener_number(),
		.mount_dirfd = -1,
		.deadline_ms = nsu_proc_now_ms() + plan.timeout_ms - left_ms,
	};
	auto_close int mount_dirfd = -1;
	int ret = 0;

	if (!nsu_plan_has_limits(&plan))
		return nsu_cgroup_is_systemds() ? nsu_scope_make(&scope, ret_dirfd, fail) : 0;
	ret = nsu_cgroup_open_mount(&mount_dirfd, fail);
	if (ret == 0)
		ret = nsu_control_check(&plan, mount_dirfd, fail);
	if (ret < 0)
		return ret;
	scope.mount_dirfd = mount_dirfd;
	if (nsu_cgroup_is_systemds())
		return nsu_scope_make(&scope, ret_dirfd, fail);
	return nsu_direct_make(&plan, mount_dirfd, direct, ret_dirfd, fail);
}

static void excuse(struct nsu_wire_answer *answer)
{
	char line[NSU_FAIL_TEXT_MAX + 128];

	snprintf(answer->note, sizeof(answer->note), "moved=no reason=\"%s\"",
	         nsu_fail_line(&answer->fail, line, sizeof(line)));
	answer->fail = (struct nsu_fail)NSU_FAIL_INIT;
}

static int run(struct nsu_direct *direct, int *ret_dirfd, struct nsu_wire_answer *answer)
{
	struct nsu_fail *fail = &answer->fail;
	auto_close int helper_pidfd = -1;
	int ret;

	ret = nsu_confine_reset(NSU_LIMITS_NAME, fail);
	if (ret == 0)
		ret = nsu_confine_keep(1ULL << CAP_DAC_OVERRIDE, fail); /* the root of cgroup2 is writable by no mode */
	if (ret == 0)
		ret = receive_plan(&helper_pidfd, fail);
	if (ret < 0)
		return ret;
	ret = make(helper_pidfd, direct, ret_dirfd, fail);
	if (ret == 0 || !can_stay(ret))
		return ret;
	excuse(answer);
	return 0;
}

/* Return: false if there is nobody to hear it. */
static bool send_answer(const struct nsu_wire_answer *answer, int dirfd)
{
	size_t len;

	return nsu_wire_encode_answer(answer, frame, sizeof(frame), &len) == 0 &&
	       nsu_channel_send(NSU_HELPER_CHANNEL_FD, frame, len, dirfd) == 0;
}

int main(void)
{
	static const char usage[] = NSU_LIMITS_NAME
		": makes the cgroup of a session, started by pam_nsunshare.so only; see nsunshare-init(8)\n";
	struct nsu_wire_answer answer = {.fail = NSU_FAIL_INIT};
	struct nsu_direct direct = NSU_DIRECT_INIT;
	int dirfd = -1;
	int ret;

	if (!nsu_called_by_module(usage))
		return 2;
	ret = run(&direct, &dirfd, &answer);
	if (ret < 0)
		nsu_direct_undo(&direct, &plan); /* before the answer, at which the opener sends a SIGKILL */
	if (!send_answer(&answer, dirfd) && ret == 0) {
		nsu_direct_undo(&direct, &plan);
		ret = -1;
	}
	_exit(ret < 0 ? 1 : 0);
}
