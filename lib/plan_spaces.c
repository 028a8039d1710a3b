/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan_spaces.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

bool nsu_plan_has_limits(const struct nsu_plan *plan)
{
	return plan->limits.memory_bytes || plan->limits.tasks || plan->limits.cpu_weight;
}

unsigned nsu_plan_started_in(const struct nsu_plan *plan)
{
	unsigned later = CLONE_NEWUSER | CLONE_NEWTIME;

	if (plan->net.mode == NSU_PLAN_NET_NAMED)
		later |= CLONE_NEWNET;
	if (nsu_plan_has_limits(plan))
		later |= CLONE_NEWCGROUP;
	return plan->namespaces & ~later;
}

bool nsu_plan_outside(const struct nsu_plan_range *ranges, size_t n, uint32_t id, uint32_t *ret_outside)
{
	for (size_t i = 0; i < n; i++) {
		if (id < ranges[i].inside || id - ranges[i].inside >= ranges[i].count)
			continue;
		*ret_outside = ranges[i].outside + (id - ranges[i].inside);
		return true;
	}
	return false;
}

bool nsu_plan_may_be_pool(uint32_t network, unsigned prefix_len)
{
	unsigned first = network >> 24;

	return prefix_len >= NSU_NET_PREFIX_MIN && prefix_len <= NSU_NET_PREFIX_MAX &&
	       (network & (UINT32_MAX >> prefix_len)) == 0 && first != 0 && first != 127 && first < 224;
}

static int check_veth(const struct nsu_plan_net *net, struct nsu_fail *fail)
{
	if (!nsu_plan_may_be_pool(net->pool, net->prefix_len))
		return nsu_fail_because(fail, EINVAL, "the pool of the net namespace is not a network of %u to %u bits",
		                        NSU_NET_PREFIX_MIN, NSU_NET_PREFIX_MAX);
	if (net->mtu && (net->mtu < NSU_NET_MTU_MIN || net->mtu > NSU_NET_MTU_MAX))
		return nsu_fail_because(fail, EINVAL, "the MTU of the net namespace is out of range");
	if (net->bridge[0] && (!nsu_text_is_name(net->bridge) || strlen(net->bridge) > NSU_NET_INTERFACE_MAX))
		return nsu_fail_because(fail, EINVAL, "the bridge of the net namespace is no name of an interface");
	return 0;
}

static int check_net(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	const struct nsu_plan_net *net = &plan->net;

	if (net->mode != NSU_PLAN_NET_LOOPBACK && !(plan->namespaces & CLONE_NEWNET))
		return nsu_fail_because(fail, EINVAL, "a named net and a veth need the net namespace");
	switch (net->mode) {
	case NSU_PLAN_NET_LOOPBACK:
		return 0;
	case NSU_PLAN_NET_NAMED:
		if (!nsu_text_is_name(net->name))
			return nsu_fail_because(fail, EINVAL, "the name of the net namespace is not one of a file");
		return 0;
	case NSU_PLAN_NET_VETH:
		return check_veth(net, fail);
	default:
		return nsu_fail_because(fail, EINVAL, "the mode of the net namespace is out of range");
	}
}

static bool overlap(uint32_t first, uint32_t second, uint32_t first_count, uint32_t second_count)
{
	return first < (uint64_t)second + second_count && second < (uint64_t)first + first_count;
}

size_t nsu_plan_map_bytes(const struct nsu_plan_range *ranges, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(NULL, 0, "%u %u %u\n", ranges[i].inside, ranges[i].outside, ranges[i].count);
	return len;
}

static int check_map(const struct nsu_plan_range *ranges, size_t n, const char *what, struct nsu_fail *fail)
{
	if (n == 0 || n > NSU_PLAN_RANGES_MAX)
		return nsu_fail_because(fail, EINVAL, "the %s map has no range, or more than %d", what,
		                        NSU_PLAN_RANGES_MAX);
	if (nsu_plan_map_bytes(ranges, n) > NSU_PLAN_MAP_BYTES_MAX)
		return nsu_fail_because(fail, EINVAL,
		                        "the %s map is longer than the %d bytes that the kernel takes: it needs fewer "
		                        "ranges, or smaller ids",
		                        what, NSU_PLAN_MAP_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct nsu_plan_range *range = &ranges[i];

		if (range->count == 0 || (uint64_t)range->inside + range->count > UINT32_MAX ||
		    (uint64_t)range->outside + range->count > UINT32_MAX)
			return nsu_fail_because(
				fail, EINVAL, "range %zu of the %s map is empty or ends past the last id", i + 1, what);
		for (size_t j = 0; j < i; j++) {
			if (overlap(range->inside, ranges[j].inside, range->count, ranges[j].count) ||
			    overlap(range->outside, ranges[j].outside, range->count, ranges[j].count))
				return nsu_fail_because(fail, EINVAL, "ranges %zu and %zu of the %s map overlap", j + 1,
				                        i + 1, what);
		}
	}
	return 0;
}

/* Process 1 can not take off a mount that is locked to what is below it. */
static int check_thrown_away(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	for (size_t i = 0; i < plan->n_mounts; i++) {
		for (size_t j = 0; plan->mounts[i].throw_away && j < plan->n_mounts; j++) {
			if (nsu_text_is_below(plan->mounts[j].path, plan->mounts[i].path))
				return nsu_fail_because(fail, EINVAL,
				                        "instance on '%s' that is removed at logout: with the user "
				                        "namespace nothing may be mounted below it, as on '%s'",
				                        plan->mounts[i].path, plan->mounts[j].path);
		}
	}
	return 0;
}

static int check_user(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	const struct nsu_plan_user *user = &plan->user;
	uint32_t outside;
	int ret;

	if (!(plan->namespaces & CLONE_NEWUSER)) {
		if (user->n_uids || user->n_gids || user->max_user_namespaces >= 0)
			return nsu_fail_because(fail, EINVAL, "id maps need the user namespace");
		return 0;
	}
	if (!(plan->namespaces & CLONE_NEWNS))
		return nsu_fail_because(fail, EINVAL, "the user namespace needs the mount namespace");
	ret = check_map(user->uids, user->n_uids, "uid", fail);
	if (ret == 0)
		ret = check_map(user->gids, user->n_gids, "gid", fail);
	if (ret < 0)
		return ret;
	if (nsu_plan_is_common(plan)) /* each login is somebody else */
		return check_thrown_away(plan, fail);
	if (!nsu_plan_outside(user->uids, user->n_uids, plan->uid, &outside))
		return nsu_fail_because(fail, EINVAL, "the uid map has no uid %u inside, which the login is to become",
		                        (unsigned)plan->uid);
	if (!nsu_plan_outside(user->gids, user->n_gids, plan->gid, &outside))
		return nsu_fail_because(fail, EINVAL, "the gid map has no gid %u inside, which the login is to become",
		                        (unsigned)plan->gid);
	if (user->max_user_namespaces < -1 || user->max_user_namespaces > INT32_MAX)
		return nsu_fail_because(fail, EINVAL, "max_user_namespaces is out of range");
	return check_thrown_away(plan, fail);
}

static int check_time(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	const struct nsu_plan_time *time = &plan->time;

	if ((time->boottime || time->monotonic) && !(plan->namespaces & CLONE_NEWTIME))
		return nsu_fail_because(fail, EINVAL, "offsets of clocks need the time namespace");
	if (time->boottime < -NSU_TIME_OFFSET_MAX || time->boottime > NSU_TIME_OFFSET_MAX ||
	    time->monotonic < -NSU_TIME_OFFSET_MAX || time->monotonic > NSU_TIME_OFFSET_MAX)
		return nsu_fail_because(fail, EINVAL, "an offset of a clock is out of range");
	return 0;
}

static int check_limits(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	const struct nsu_plan_limits *limits = &plan->limits;

	if ((limits->memory_bytes && limits->memory_bytes < NSU_LIMITS_MEMORY_MIN) ||
	    limits->memory_bytes > INT64_MAX || limits->tasks > NSU_LIMITS_TASKS_MAX ||
	    limits->cpu_weight > NSU_LIMITS_WEIGHT_MAX)
		return nsu_fail_because(fail, EINVAL, "a limit of the session is out of range");
	if (nsu_plan_has_limits(plan) && !nsu_text_is_path(limits->parent))
		return nsu_fail_because(fail, EINVAL,
		                        "the parent of the session's cgroup is not a clean absolute path");
	if (nsu_plan_has_limits(plan) && plan->id[0] == '\0')
		return nsu_fail_because(fail, EINVAL, "limits need the session's id");
	return 0;
}

/* What nobody may have by himself where users share. */
static int check_common(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	if (plan->uid != 0 || plan->gid != 0)
		return nsu_fail_because(fail, EINVAL, "a set that users share has a user");
	for (size_t i = 0; i < plan->n_mounts; i++) {
		const struct nsu_plan_mount *mount = &plan->mounts[i];

		if (mount->type == NSU_PLAN_INSTANCE)
			return nsu_fail_because(fail, EINVAL, "instance on '%s' in a set that users share",
			                        mount->path);
		if (mount->uid != 0 || mount->gid != 0)
			return nsu_fail_because(fail, EINVAL, "%s on '%s': one user's, in a set that users share",
			                        nsu_plan_mount_name(mount->type), mount->path);
	}
	return 0;
}

static int check_scope(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	bool has_name = plan->scope_name[0] != '\0';

	if (has_name != (plan->scope == NSU_PLAN_SCOPE_NAMED) || (has_name && !nsu_text_is_name(plan->scope_name)))
		return nsu_fail_because(fail, EINVAL, "the name of the scope is missing, or not a name");
	if (plan->scope != NSU_PLAN_SCOPE_GROUP && plan->scope_gid != 0)
		return nsu_fail_because(fail, EINVAL, "a group of a scope that is none");
	if (plan->lifetime != NSU_PLAN_LIFETIME_LOGIN && !(plan->namespaces & CLONE_NEWPID))
		return nsu_fail_because(fail, EINVAL, "a lifetime beyond the logins needs the pid namespace");
	if (plan->lifetime == NSU_PLAN_LIFETIME_PERMANENT && !nsu_plan_is_shared(plan))
		return nsu_fail_because(fail, EINVAL, "a permanent set of one login could never be joined");
	if (nsu_plan_is_shared(plan) && plan->id[0] == '\0')
		return nsu_fail_because(fail, EINVAL, "a shared set needs an id");
	return nsu_plan_is_common(plan) ? check_common(plan, fail) : 0;
}

int nsu_plan_check_spaces(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	int ret = check_scope(plan, fail);

	if (ret == 0)
		ret = check_net(plan, fail);
	if (ret == 0)
		ret = check_user(plan, fail);
	if (ret == 0)
		ret = check_time(plan, fail);
	if (ret == 0)
		ret = check_limits(plan, fail);
	if (ret == 0 && (plan->harden.denials & ~(unsigned)NSU_PLAN_DENY_ALL))
		ret = nsu_fail_because(fail, EINVAL, "a denial of system calls is out of range");
	return ret;
}
