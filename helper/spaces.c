/* SPDX-License-Identifier: BSD-3-Clause */
#include "spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "cgroup.h"
#include "channel.h"
#include "fsat.h"
#include "ns.h"
#include "proc.h"
#include "wire.h"

/* One order of the opener, and what comes with it. The opener's end closes at its own limit, so this needs none. */
static int await_order(int channel_fd, enum nsu_wire_order wanted, int *ret_fd, struct nsu_fail *fail)
{
	struct pollfd pfd = {.fd = channel_fd, .events = POLLIN};
	unsigned char order = 0;
	size_t len = 0;
	int ret;

	if (poll(&pfd, 1, -1) < 0)
		return nsu_fail(fail, errno, "wait for the opener");
	ret = nsu_channel_receive(channel_fd, &order, sizeof(order), &len, ret_fd);
	if (ret < 0)
		return nsu_fail(fail, -ret, "receive an order of the opener");
	if (len != sizeof(order) || order != wanted)
		return nsu_fail_because(fail, ECHILD, "the opener has given up");
	return 0;
}

static int join_named_net(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	struct nsu_fsat_walk walk = {.dirfd = AT_FDCWD, .is_last_owned = true};
	auto_close int ns_fd = -1;
	char path[sizeof(NSU_NETNS_DIR) + NSU_NAME_MAX + 1];
	auto_close int path_fd = -1;
	int type, ret;

	snprintf(path, sizeof(path), "%s/%s", NSU_NETNS_DIR, plan->net.name);
	walk.path = path;
	ret = nsu_fsat_walk(&walk, &path_fd);
	if (ret == -ENOENT)
		return nsu_fail_because(fail, ENOENT,
		                        "there is no net namespace '%s' (`ip netns add %s`, or create = true)",
		                        plan->net.name, plan->net.name);
	if (ret < 0)
		return nsu_fail(fail, -ret, "open '%s'", path);
	ns_fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* root alone can rename it */
	if (ns_fd < 0)
		return nsu_fail(fail, errno, "open '%s'", path);
	type = ioctl(ns_fd, NS_GET_NSTYPE);
	if (type < 0 && errno != ENOTTY)
		return nsu_fail(fail, errno, "look at '%s'", path);
	if (type != CLONE_NEWNET)
		return nsu_fail_because(fail, EINVAL, "'%s' is not a net namespace (what `ip netns add` makes)", path);
	if (setns(ns_fd, CLONE_NEWNET) < 0)
		return nsu_fail(fail, errno, "join the net namespace '%s'", plan->net.name);
	return 0;
}

static int begin_net(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	if (!(plan->namespaces & CLONE_NEWNET))
		return 0;
	return plan->net.mode == NSU_PLAN_NET_NAMED ? join_named_net(plan, fail) : nsu_ns_bring_up_loopback(fail);
}

static int open_above(int dirfd, int *ret_dirfd, struct nsu_fail *fail)
{
	int fd = openat(dirfd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return nsu_fail(fail, errno, "open the cgroup above the session's");
	*ret_dirfd = fd;
	return 0;
}

/* The session's cgroup, and those above, in which PID 1 is to remove it. */
static int await_cgroup(int channel_fd, struct nsu_spaces *spaces, struct nsu_fail *fail)
{
	int ret = await_order(channel_fd, NSU_WIRE_CGROUP, &spaces->cgroup_dirfd, fail);

	if (ret == 0)
		ret = open_above(spaces->cgroup_dirfd, &spaces->limits_dirfd, fail);
	if (ret == 0)
		ret = open_above(spaces->limits_dirfd, &spaces->parent_dirfd, fail);
	return ret;
}

/*
 * The root of a cgroup namespace is where its maker is, so this process goes there, and back: the session's limits are not
 * for its process 1.
 */
static int begin_cgroup(const struct nsu_plan *plan, int channel_fd, struct nsu_spaces *spaces, struct nsu_fail *fail)
{
	auto_close int own_fd = -1;
	auto_close int procs_fd = -1;
	int ret;

	if (!nsu_plan_has_limits(plan))
		return 0;
	ret = await_cgroup(channel_fd, spaces, fail);
	if (ret < 0 || !(plan->namespaces & CLONE_NEWCGROUP))
		return ret;
	ret = nsu_cgroup_open_own(&own_fd, fail);
	if (ret == 0)
		ret = nsu_cgroup_open_procs(spaces->cgroup_dirfd, &procs_fd, fail);
	if (ret == 0)
		ret = nsu_cgroup_enter(procs_fd, fail);
	if (ret == 0 && unshare(CLONE_NEWCGROUP) < 0)
		ret = nsu_fail(fail, errno, "make the cgroup namespace");
	return ret < 0 ? ret : nsu_cgroup_enter(own_fd, fail);
}

int nsu_spaces_begin(const struct nsu_plan *plan, int channel_fd, struct nsu_spaces *spaces, struct nsu_fail *fail)
{
	int ret = 0;

	if (plan->namespaces & CLONE_NEWTIME)
		ret = nsu_ns_check_time(fail);
	if (ret == 0)
		ret = begin_net(plan, fail);
	if (ret == 0)
		ret = begin_cgroup(plan, channel_fd, spaces, fail);
	if (ret < 0 || !(plan->namespaces & CLONE_NEWUSER))
		return ret;
	spaces->sysctl_dirfd = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return spaces->sysctl_dirfd < 0 ? nsu_fail(fail, errno, "open '/proc/sys'") : 0;
}

/* Such a limit belongs to the user namespace, and so does the file: it is opened in it. */
static int limit_namespaces(const struct nsu_spaces *spaces, const char *name, int64_t limit, struct nsu_fail *fail)
{
	auto_close int fd = -1;
	char text[24];
	int len;

	len = snprintf(text, sizeof(text), "%lld\n", (long long)limit);
	fd = openat(spaces->sysctl_dirfd, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)len) != len)
		return nsu_fail(fail, errno, "set '/proc/sys/%s' of the session", name);
	return 0;
}

static bool has_root_of_host(const struct nsu_plan_user *user)
{
	for (size_t i = 0; i < user->n_uids; i++) {
		if (user->uids[i].outside == 0)
			return true;
	}
	return false;
}

/*
 * In a cgroup namespace of its own the session's root may mount cgroup file systems, of version 1 too. There the files of all
 * cgroups from its own down are uid 0's, with the session's limits, or those of sshd's cgroup. So where he is uid 0 outside
 * he makes none.
 */
static int limit(const struct nsu_plan *plan, const struct nsu_spaces *spaces, struct nsu_fail *fail)
{
	int ret = 0;

	if (plan->user.max_user_namespaces >= 0)
		ret = limit_namespaces(spaces, "user/max_user_namespaces", plan->user.max_user_namespaces, fail);
	if (ret == 0 && has_root_of_host(&plan->user))
		ret = limit_namespaces(spaces, "user/max_cgroup_namespaces", 0, fail);
	return ret;
}

int nsu_spaces_ask_to_claim(int channel_fd, struct nsu_fail *fail)
{
	static const unsigned char order = NSU_WIRE_CLAIM;
	int ret = nsu_channel_send(channel_fd, &order, sizeof(order), -1);

	if (ret < 0)
		return nsu_fail(fail, -ret, "ask whether the set may be known");
	return await_order(channel_fd, NSU_WIRE_CLAIM, NULL, fail);
}

int nsu_spaces_end(const struct nsu_plan *plan, int channel_fd, const struct nsu_spaces *spaces, struct nsu_fail *fail)
{
	static const unsigned char order = NSU_WIRE_MAP;
	int ret;

	if (!(plan->namespaces & CLONE_NEWUSER))
		return 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return nsu_fail(fail, errno, "make the user namespace");
	ret = nsu_channel_send(channel_fd, &order, sizeof(order), -1);
	if (ret < 0)
		return nsu_fail(fail, -ret, "ask for the id maps");
	ret = await_order(channel_fd, NSU_WIRE_MAPPED, NULL, fail);
	return ret < 0 ? ret : limit(plan, spaces, fail);
}

void nsu_spaces_remove_cgroup(const struct nsu_plan *plan, const struct nsu_spaces *spaces, int wait_ms)
{
	static const struct timespec step = {.tv_nsec = NSU_STOP_POLL_MS * 1000000L};
	int64_t end = nsu_proc_now_ms() + wait_ms;

	if (spaces->parent_dirfd < 0)
		return;
	while (unlinkat(spaces->limits_dirfd, NSU_LIMITS_LEAF, AT_REMOVEDIR) < 0 && errno == EBUSY &&
	       nsu_proc_now_ms() < end)
		ppoll(NULL, 0, &step, NULL);
	unlinkat(spaces->parent_dirfd, plan->id, AT_REMOVEDIR); /* a scope has another name */
}
