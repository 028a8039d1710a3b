/* SPDX-License-Identifier: BSD-3-Clause */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "assist.h"
#include "attach.h"
#include "cgroup.h"
#include "channel.h"
#include "fsat.h"
#include "idmap.h"
#include "proc.h"
#include "wire.h"

#define HELPER "the helper"

struct launch {
	const struct nsu_plan *plan;
	const struct nsu_login *login;
	struct nsu_session *session;
	int64_t deadline_ms;
	struct nsu_assist net; /* under way beside the helper */
	bool has_heard;        /* the helper has said how it ends, or what it says can not be received */
	struct nsu_fail *fail;
};

/* Opens the channel with the plan in it, and starts the helper at its other end. */
static int start_helper(const struct launch *launch)
{
	const struct nsu_plan *plan = launch->plan;
	struct nsu_session *session = launch->session;
	struct nsu_ns_program program = {.name = NSU_HELPER_NAME, .flags = nsu_plan_started_in(plan)};
	auto_close int exec_fd = -1;
	auto_close int helper_end = -1;
	struct nsu_ns_child child;
	int ends[2];
	int ret;

	ret = nsu_fsat_open_trusted(NSU_HELPER_FILE, NSU_FSAT_EXEC, &exec_fd, launch->fail);
	if (ret < 0)
		return ret;
	ret = nsu_channel_make(ends, launch->fail);
	if (ret < 0)
		return ret;
	session->channel_fd = ends[0];
	helper_end = ends[1];
	ret = nsu_assist_send_plan(plan, session->channel_fd, -1, HELPER, launch->fail);
	if (ret == 0)
		ret = nsu_attach_say_login(session->channel_fd, launch->login, launch->fail); /* as the later ones do */
	if (ret < 0)
		return ret;
	program.exec_fd = exec_fd;
	program.channel_fd = helper_end;
	/* What process 1 of a session shows in /proc/1/limits, pam_limits raises to; in a user namespace nobody can. */
	program.takes_limits = !(plan->namespaces & CLONE_NEWUSER);
	program.time = (plan->namespaces & CLONE_NEWTIME) ? &plan->time : NULL;
	ret = nsu_ns_start(&program, &child, launch->fail);
	if (ret < 0)
		return ret;
	session->init_pidfd = child.pidfd;
	session->init_pid = child.pid;
	return 0;
}

/* A named net namespace that may be missing is there before the helper looks for it. */
static int make_named_net(const struct launch *launch)
{
	struct nsu_assist assist = NSU_ASSIST_INIT;
	int ret;

	if (launch->plan->net.mode != NSU_PLAN_NET_NAMED || !launch->plan->net.create)
		return 0;
	ret = nsu_assist_start(NSU_NET_FILE, NSU_NET_NAME, launch->plan, -1, &assist, launch->fail);
	if (ret == 0)
		ret = nsu_assist_await(&assist, launch->plan, launch->deadline_ms, NULL, launch->fail);
	nsu_assist_end(&assist);
	return ret;
}

/* The interfaces between the host and the helper's net namespace: made while the helper works. */
static int start_net(struct launch *launch)
{
	if (launch->plan->net.mode != NSU_PLAN_NET_VETH)
		return 0;
	return nsu_assist_start(NSU_NET_FILE, NSU_NET_NAME, launch->plan, launch->session->init_pidfd, &launch->net,
	                        launch->fail);
}

/* For the log line; what is too long is cut. */
static void add_note(struct nsu_session *session, const char *note)
{
	size_t len = strlen(session->note);

	if (note[0])
		snprintf(session->note + len, sizeof(session->note) - len, "%s%s", len > 0 ? " " : "", note);
}

static int await_net(struct launch *launch)
{
	int ret;

	if (launch->net.channel_fd < 0)
		return 0;
	ret = nsu_assist_await(&launch->net, launch->plan, launch->deadline_ms, NULL, launch->fail);
	add_note(launch->session, launch->net.note);
	return ret;
}

static int run_limits(const struct launch *launch, int *ret_dirfd)
{
	struct nsu_session *session = launch->session;
	struct nsu_assist assist = NSU_ASSIST_INIT;
	int ret;

	ret = nsu_assist_start(NSU_LIMITS_FILE, NSU_LIMITS_NAME, launch->plan, session->init_pidfd, &assist,
	                       launch->fail);
	if (ret == 0)
		ret = nsu_assist_await(&assist, launch->plan, launch->deadline_ms, ret_dirfd, launch->fail);
	if (ret == 0)
		add_note(session, assist.note);
	nsu_assist_end(&assist);
	return ret;
}

/* PID 1 of a shared set is to outlive the first login: systemd would stop it, or count it, with that. */
static int move_init(const struct launch *launch)
{
	if (!nsu_plan_is_shared(launch->plan) || nsu_plan_has_limits(launch->plan) || !nsu_cgroup_is_systemds())
		return 0;
	return run_limits(launch, NULL);
}

/* The cgroup of the session: made by the assistant, then told to the helper, which waits for it. */
static int make_cgroup(const struct launch *launch)
{
	static const unsigned char order = NSU_WIRE_CGROUP;
	struct nsu_session *session = launch->session;
	auto_close int dirfd = -1;
	int ret;

	if (!nsu_plan_has_limits(launch->plan))
		return move_init(launch);
	ret = nsu_cgroup_open_own(&session->own_cgroup_fd, launch->fail);
	if (ret == 0)
		ret = run_limits(launch, &dirfd);
	if (ret == 0 && dirfd < 0)
		ret = nsu_fail_because(launch->fail, EPROTO, NSU_LIMITS_NAME " has given no cgroup");
	if (ret == 0)
		ret = nsu_cgroup_open_procs(dirfd, &session->cgroup_fd, launch->fail);
	if (ret < 0)
		return ret;
	ret = nsu_channel_send(session->channel_fd, &order, sizeof(order), dirfd);
	return ret < 0 ? nsu_fail(launch->fail, -ret, "tell the helper its cgroup") : 0;
}

static int write_maps(const struct launch *launch)
{
	static const unsigned char order = NSU_WIRE_MAPPED;
	const struct nsu_session *session = launch->session;
	int ret;

	ret = nsu_idmap_write(&launch->plan->user, session->init_pid, session->init_pidfd, launch->fail);
	if (ret < 0)
		return ret;
	ret = nsu_channel_send(session->channel_fd, &order, sizeof(order), -1);
	return ret < 0 ? nsu_fail(launch->fail, -ret, "tell the helper that its ids are mapped") : 0;
}

/*
 * All that is to be done for the helper here is done: from now on a shared set depends on nobody, others may be in it before
 * this process goes on, and it is not to be killed any more.
 */
static int allow_claim(const struct launch *launch)
{
	static const unsigned char order = NSU_WIRE_CLAIM;
	int ret;

	launch->session->is_shared = true;
	ret = nsu_channel_send(launch->session->channel_fd, &order, sizeof(order), -1);
	return ret < 0 ? nsu_fail(launch->fail, -ret, "tell the helper that all is done") : 0;
}

/* The helper is spoken to as the assistants are. Return: 0; it has ended, failed or not been heard: negative errno. */
static int hear_helper(const struct launch *launch, struct nsu_assist_reply *reply, struct nsu_fail *fail)
{
	const struct nsu_assist helper = {.channel_fd = launch->session->channel_fd, .pidfd = -1, .name = HELPER};
	int ret = nsu_assist_receive(&helper, launch->plan, launch->deadline_ms, reply, fail);

	nsu_close_fd(&reply->fd); /* it sends none */
	return ret;
}

/* What the helper asks before it is ready, each once. */
static int grant(const struct launch *launch, unsigned order, unsigned *granted)
{
	bool is_map = order == NSU_WIRE_MAP && (launch->plan->namespaces & CLONE_NEWUSER);
	bool is_claim = order == NSU_WIRE_CLAIM && nsu_plan_is_shared(launch->plan);

	if ((!is_map && !is_claim) || (*granted & (1U << order)))
		return nsu_fail_because(launch->fail, EPROTO, "the helper has asked something unknown");
	*granted |= 1U << order;
	return is_map ? write_maps(launch) : allow_claim(launch);
}

/* Return: 0; -EEXIST, without a record, if the set has come too late. */
static int await_helper(struct launch *launch)
{
	struct nsu_assist_reply reply = NSU_ASSIST_REPLY_INIT;
	unsigned granted = 0;

	for (;;) {
		int ret = hear_helper(launch, &reply, launch->fail);

		launch->has_heard = ret < 0 || reply.order == 0 || reply.order == NSU_WIRE_LOST;
		if (ret < 0)
			return ret;
		if (reply.order == 0)
			break;
		if (reply.order == NSU_WIRE_LOST && launch->session->is_shared)
			return -EEXIST;
		ret = grant(launch, reply.order, &granted);
		if (ret < 0)
			return ret;
	}
	if ((launch->plan->namespaces & CLONE_NEWUSER) && !(granted & (1U << NSU_WIRE_MAP)))
		return nsu_fail_because(launch->fail, EPROTO, "the helper has made no user namespace");
	launch->session->root = reply.answer.root;
	add_note(launch->session, reply.answer.note);
	return 0;
}

/*
 * Where the helper has failed, its reason is the one: what failed here after that (its maps, its cgroup, the other end of its
 * interfaces) did so because it is gone.
 */
static int blame_helper(const struct launch *launch, int ret)
{
	struct nsu_assist_reply reply = NSU_ASSIST_REPLY_INIT;
	struct nsu_fail its = NSU_FAIL_INIT;
	bool can_say = !launch->has_heard && launch->session->init_pidfd >= 0;
	int64_t until_ms =
		ret == -ESRCH ? nsu_proc_now_ms() + NSU_CLOSE_WAIT_MS : 0; /* its end closes after it is not found */

	while (can_say && nsu_proc_await(launch->session->channel_fd, until_ms) == 0) {
		int its_ret = hear_helper(launch, &reply, &its);

		if (its_ret < 0) {
			*launch->fail = its;
			return its_ret;
		}
		can_say = reply.order != 0; /* it has asked something, and may have failed since */
	}
	return ret;
}

/* The last thing that may fail beside the commit itself. From here on the helper lives on when the channel closes. */
static int announce_commit(const struct launch *launch)
{
	char order[1 + NSU_NOTE_MAX] = {NSU_WIRE_COMMIT};
	size_t len = strlen(launch->session->note);
	int ret;

	memcpy(order + 1, launch->session->note, len);
	ret = nsu_channel_send(launch->session->channel_fd, order, 1 + len, -1);
	if (ret == -EPIPE)
		return nsu_fail_because(launch->fail, ECHILD, "the helper ended before the commit");
	if (ret < 0)
		return nsu_fail(launch->fail, -ret, "tell the helper that all is well");
	return 0;
}

static int run(struct launch *launch)
{
	int ret;

	ret = make_named_net(launch);
	if (ret == 0)
		ret = start_helper(launch);
	if (ret == 0)
		ret = start_net(launch);
	if (ret == 0)
		ret = make_cgroup(launch);
	/* From here on the helper works too: what can wait until now has. */
	if (ret == 0)
		ret = nsu_ns_save(launch->plan->namespaces, &launch->session->saved, launch->fail);
	if (ret == 0)
		ret = nsu_session_note(launch->session, launch->fail);
	if (ret == 0)
		ret = await_net(launch);
	if (ret == 0)
		ret = await_helper(launch);
	return ret < 0 ? ret : announce_commit(launch);
}

int nsu_launch(const struct nsu_plan *plan, const struct nsu_login *login, int64_t deadline_ms,
               struct nsu_session *session, struct nsu_fail *fail)
{
	struct launch launch = {
		.plan = plan,
		.login = login,
		.session = session,
		.deadline_ms = deadline_ms,
		.net = NSU_ASSIST_INIT,
		.fail = fail,
	};
	int ret;

	snprintf(session->id, sizeof(session->id), "%s", plan->id);
	ret = run(&launch);
	nsu_assist_end(&launch.net);
	return ret < 0 ? blame_helper(&launch, ret) : ret;
}
