/* SPDX-License-Identifier: BSD-3-Clause */
#include "join.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "attach.h"
#include "cgroup.h"
#include "channel.h"
#include "proc.h"
#include "registry.h"
#include "root.h"
#include "wire.h"

/* The cgroup that the set's processes are in, and the caller's own, to come back to. */
static int open_cgroups(const struct nsu_attached *attached, struct nsu_session *session, struct nsu_fail *fail)
{
	int ret;

	if (attached->cgroup_dirfd < 0)
		return 0;
	ret = nsu_cgroup_open_own(&session->own_cgroup_fd, fail);
	return ret < 0 ? ret : nsu_cgroup_open_procs(attached->cgroup_dirfd, &session->cgroup_fd, fail);
}

static void take(struct nsu_attached *attached, struct nsu_session *session)
{
	session->channel_fd = nsu_take_fd(&attached->channel_fd);
	session->init_pidfd = nsu_take_fd(&attached->init_pidfd);
	session->init_pid = nsu_proc_number(session->init_pidfd);
	session->root = attached->root;
	session->is_shared = true;
	session->is_joined = true;
	memcpy(session->id, attached->id, sizeof(session->id));
	memcpy(session->note, attached->note, sizeof(session->note));
}

static int settle(const struct nsu_plan *plan, struct nsu_session *session, struct nsu_fail *fail)
{
	static const unsigned char order = NSU_WIRE_COMMIT;
	int ret;

	ret = nsu_ns_save(plan->namespaces, &session->saved, fail);
	if (ret == 0)
		ret = nsu_session_note(session, fail);
	if (ret < 0)
		return ret;
	ret = nsu_channel_send(session->channel_fd, &order, sizeof(order), -1);
	if (ret == -EPIPE || ret == -ECONNRESET)
		return -ECONNRESET;
	return ret < 0 ? nsu_fail(fail, -ret, "tell the set that all is well") : 0;
}

int nsu_join(const struct nsu_plan *plan, const struct nsu_login *login, int64_t deadline_ms,
             struct nsu_session *session, struct nsu_fail *fail)
{
	struct nsu_attached attached = NSU_ATTACHED_INIT;
	struct nsu_fail missing = NSU_FAIL_INIT;
	auto_close int dirfd = -1;
	char key[NSU_KEY_MAX];
	int ret;

	ret = nsu_registry_open(false, &dirfd, &missing);
	if (ret == -ENOENT)
		return ret;
	if (ret < 0) {
		*fail = missing;
		return ret;
	}
	nsu_set_key(plan, key);
	ret = nsu_attach(dirfd, key, login, deadline_ms, &attached, fail);
	if (ret == -ECONNREFUSED) /* the helper that becomes this set will replace it */
		return -ENOENT;
	if (ret == 0 && (plan->namespaces & CLONE_NEWNS))
		ret = nsu_root_check_caller(fail);
	if (ret == 0)
		ret = open_cgroups(&attached, session, fail);
	if (ret == 0) {
		take(&attached, session);
		ret = settle(plan, session, fail);
	}
	nsu_attached_clear(&attached);
	return ret;
}
