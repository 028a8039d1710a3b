/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare-init: started by pam_nsunshare.so in the new namespaces of a session, it prepares them, answers once, and stays
 * as their PID 1.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "called.h"
#include "confine.h"
#include "defaults.h"
#include "fsat.h"
#include "init.h"
#include "plan.h"
#include "proc.h"
#include "remove.h"
#include "setup.h"
#include "spaces.h"
#include "wire.h"

/* Static: too large for a stack that a hostile ulimit may have made small. */
static unsigned char frame[NSU_FRAME_MAX];
static struct nsu_plan plan;
static struct nsu_spaces spaces = NSU_SPACES_INIT;

static int receive_plan(int *ret_opener_pidfd, struct nsu_fail *fail)
{
	int ret = nsu_called_receive_plan(frame, &plan, ret_opener_pidfd, NSU_HELPER_NAME, fail);

	if (ret == 0 && *ret_opener_pidfd < 0)
		return nsu_fail_because(fail, EPROTO, "the plan came without the opener's pidfd");
	return ret;
}

static unsigned duties_of(const struct nsu_plan *planned)
{
	unsigned keeps = planned->stop_timeout_ms > 0 ? NSU_CONFINE_KILL : 0;

	if (nsu_plan_has_limits(planned))
		keeps |= NSU_CONFINE_KILL | NSU_CONFINE_CGROUP;
	if (nsu_plan_throws_away(planned))
		keeps |= NSU_CONFINE_KILL | NSU_CONFINE_REMOVE;
	if (nsu_remove_needs_detach(planned))
		keeps |= NSU_CONFINE_DETACH;
	return keeps;
}

/* What is left to do once the mounts are made. */
static int settle(struct nsu_fsat_root *ret_root, struct nsu_fail *fail)
{
	int ret;

	ret = nsu_spaces_end(&plan, NSU_HELPER_CHANNEL_FD, &spaces, fail);
	if (ret == 0)
		ret = nsu_fsat_look_at_root(ret_root, fail);
	if (ret < 0)
		return ret;
	ret = nsu_init_ignore_children(fail);
	if (ret < 0)
		return ret;
	return nsu_confine_drop(duties_of(&plan), fail);
}

static int prepare(int *ret_opener_pidfd, int *ret_sessions_dirfd, struct nsu_fsat_root *ret_root,
                   struct nsu_fail *fail)
{
	int ret;

	ret = nsu_confine_reset(NSU_HELPER_NAME, fail);
	if (ret < 0)
		return ret;
	ret = nsu_proc_check_kernel(fail);
	if (ret < 0)
		return ret;
	ret = receive_plan(ret_opener_pidfd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_spaces_begin(&plan, NSU_HELPER_CHANNEL_FD, &spaces, fail);
	if (ret < 0)
		return ret;
	ret = nsu_setup_run(&plan, ret_sessions_dirfd, fail);
	if (ret < 0)
		return ret;
	return settle(ret_root, fail);
}

/* An open that has failed. Before it nobody was in the cgroup, but for this process a moment. */
static void throw_away(int *sessions_dirfd)
{
	nsu_spaces_remove_cgroup(&plan, &spaces, 0);
	if (*sessions_dirfd >= 0)
		nsu_remove_session(&plan, *sessions_dirfd);
	nsu_close_fd(sessions_dirfd);
}

/* Return: false if there is nobody to hear it. */
static bool send_answer(const struct nsu_wire_answer *answer)
{
	size_t len;

	if (nsu_wire_encode_answer(answer, frame, sizeof(frame), &len) < 0)
		return false;
	return write(NSU_HELPER_CHANNEL_FD, frame, len) == (ssize_t)len;
}

int main(void)
{
	static const char usage[] =
		NSU_HELPER_NAME ": PID 1 of a session, started by pam_nsunshare.so only; see nsunshare-init(8)\n";
	struct nsu_wire_answer answer = {.fail = NSU_FAIL_INIT};
	int opener_pidfd = -1, sessions_dirfd = -1;
	struct nsu_init init;
	int ret;

	if (!nsu_called_by_module(usage))
		return 2;
	ret = prepare(&opener_pidfd, &sessions_dirfd, &answer.root, &answer.fail);
	if (ret < 0)
		throw_away(&sessions_dirfd); /* before the answer, at which the opener sends a SIGKILL */
	if (!send_answer(&answer) || ret < 0) {
		throw_away(&sessions_dirfd);
		return 1;
	}
	init = (struct nsu_init){
		.channel_fd = NSU_HELPER_CHANNEL_FD,
		.opener_pidfd = opener_pidfd,
		.stop_timeout_ms = (int)plan.stop_timeout_ms,
		.leaves_nobody = sessions_dirfd >= 0 || spaces.cgroup_dirfd >= 0,
		.is_pid1 = (plan.namespaces & CLONE_NEWPID) != 0,
	};
	nsu_init_run(&init);
	/* Without a pid namespace this is right after the open, and only one that has failed leaves it empty. */
	nsu_spaces_remove_cgroup(&plan, &spaces, init.is_pid1 ? NSU_CGROUP_WAIT_MS : 0);
	if (sessions_dirfd >= 0) {
		nsu_remove_session(&plan, sessions_dirfd);
		nsu_remove_orphans(sessions_dirfd);
	}
	nsu_close_fd(&sessions_dirfd);
	_exit(0);
}
