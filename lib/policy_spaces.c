/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do the keys of single namespaces and of limits fit the namespaces, the mounts and each other?
 *
 * A key counts where it was said together with, or over, what it depends on. What a lower layer said ends silently with a
 * higher one's `namespaces` or `mode` that has no use for it: a rule may take net from a profile without more words.
 */
#include <sched.h>
#include <string.h>

#include "policy_parse.h"
#include "text.h"

/* What only makes sense with something else. */
struct dependent {
	enum nsu_key key;
	const char *name;
};

static const struct dependent net_keys[] = {
	{NSU_KEY_NET_MODE, "mode"}, {NSU_KEY_NET_CREATE, "create"},   {NSU_KEY_NET_BRIDGE, "bridge"},
	{NSU_KEY_NET_POOL, "pool"}, {NSU_KEY_NET_GATEWAY, "gateway"}, {NSU_KEY_NET_ISOLATED, "isolated"},
	{NSU_KEY_NET_MTU, "mtu"},
};

static const struct dependent named_keys[] = {{NSU_KEY_NET_CREATE, "create"}};

static const struct dependent veth_keys[] = {
	{NSU_KEY_NET_BRIDGE, "bridge"},     {NSU_KEY_NET_POOL, "pool"}, {NSU_KEY_NET_GATEWAY, "gateway"},
	{NSU_KEY_NET_ISOLATED, "isolated"}, {NSU_KEY_NET_MTU, "mtu"},
};

static const struct dependent user_keys[] = {
	{NSU_KEY_USER_MAP, "user_map"},
	{NSU_KEY_MAX_USER_NAMESPACES, "max_user_namespaces"},
};

static const struct dependent time_keys[] = {
	{NSU_KEY_TIME_BOOTTIME, "boottime"},
	{NSU_KEY_TIME_MONOTONIC, "monotonic"},
};

/* The first of the keys that was said with @master, or over it. Return: NULL if there is none. */
static const struct dependent *find_said(const struct nsu_effective *effective, const struct dependent *keys, size_t n,
                                         enum nsu_key master)
{
	for (size_t i = 0; i < n; i++) {
		unsigned layer = effective->layers[keys[i].key];

		if (layer > 0 && layer >= effective->layers[master])
			return &keys[i];
	}
	return NULL;
}

static int check_kinds(const struct nsu_effective *effective, struct nsu_fail *fail)
{
	const struct {
		unsigned flag;
		const char *kind;
		const struct dependent *keys;
		size_t n;
	} kinds[] = {
		{CLONE_NEWNET, "net", net_keys, NSU_COUNT(net_keys)},
		{CLONE_NEWUSER, "user", user_keys, NSU_COUNT(user_keys)},
		{CLONE_NEWTIME, "time", time_keys, NSU_COUNT(time_keys)},
	};

	for (size_t i = 0; i < NSU_COUNT(kinds); i++) {
		const struct dependent *said;

		if (effective->values.namespaces & kinds[i].flag)
			continue;
		said = find_said(effective, kinds[i].keys, kinds[i].n, NSU_KEY_NAMESPACES);
		if (said)
			return nsu_policy_wrong(fail, &effective->origins[said->key], said->name,
			                        "it needs \"%s\" among the `namespaces`", kinds[i].kind);
	}
	return 0;
}

static int check_net(const struct nsu_effective *effective, const struct nsu_origin *origin, struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	const struct dependent *said = NULL;

	if (!(values->namespaces & CLONE_NEWNET))
		return 0;
	if (values->net.mode != NSU_PLAN_NET_NAMED)
		said = find_said(effective, named_keys, NSU_COUNT(named_keys), NSU_KEY_NET_MODE);
	if (said)
		return nsu_policy_wrong(fail, &effective->origins[said->key], said->name,
		                        "it goes only with mode = \"named:NAME\"");
	if (values->net.mode != NSU_PLAN_NET_VETH)
		said = find_said(effective, veth_keys, NSU_COUNT(veth_keys), NSU_KEY_NET_MODE);
	if (said)
		return nsu_policy_wrong(fail, &effective->origins[said->key], said->name,
		                        "it goes only with mode = \"veth\"");
	if (values->net.mode == NSU_PLAN_NET_VETH && values->pool.prefix_len == 0)
		return nsu_policy_wrong(fail, nsu_policy_where(effective, NSU_KEY_NET_MODE, origin), "mode",
		                        "\"veth\" needs a pool that addresses are taken from, such as pool = "
		                        "\"10.64.0.0/16\"");
	return 0;
}

static int check_limits(const struct nsu_effective *effective, struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;

	if (effective->layers[NSU_KEY_LIMITS_PARENT] == 0 || values->memory_bytes || values->tasks ||
	    values->cpu_weight)
		return 0;
	return nsu_policy_wrong(fail, &effective->origins[NSU_KEY_LIMITS_PARENT], "parent",
	                        "it does nothing without memory, tasks or cpu_weight");
}

static int refuse_thrown_away(const struct nsu_mount_spec *instance, const char *below, struct nsu_fail *fail)
{
	return nsu_policy_wrong(fail, &instance->origin, "remove",
	                        "\"logout\" and a mount below it, on '%s': with \"user\" among the `namespaces` the "
	                        "mounts are locked, and process 1 could not take that one off (\"never\" goes)",
	                        below);
}

/* Of a session with a user namespace process 1 can not take off what lies on an instance that it is to remove. */
static int check_thrown_away(const struct nsu_effective *effective, const struct nsu_mount_spec *instance,
                             struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	const struct {
		const char *path;
		bool is_there;
	} implied[] = {
		{values->proc_path, values->namespaces & CLONE_NEWPID},
		{"/dev/mqueue", values->namespaces & CLONE_NEWIPC},
		{"/dev/shm", values->namespaces & CLONE_NEWIPC},
		{"/etc/hosts", values->hostname[0]},
		{NSU_RUN_DIR, true},
	};

	for (size_t i = 0; i < effective->n_mounts; i++) {
		if (nsu_text_is_below(effective->mounts[i]->path, instance->path))
			return refuse_thrown_away(instance, effective->mounts[i]->path, fail);
	}
	for (size_t i = 0; i < values->expose.n; i++) {
		if (nsu_text_is_below(values->expose.items[i].text, instance->path))
			return refuse_thrown_away(instance, values->expose.items[i].text, fail);
	}
	for (size_t i = 0; i < NSU_COUNT(implied); i++) {
		if (implied[i].is_there && nsu_text_is_below(implied[i].path, instance->path))
			return refuse_thrown_away(instance, implied[i].path, fail);
	}
	return 0;
}

/* Where the host's own is read-only because of a user namespace: see add_implied() of resolve.c. */
static const char *const protected[] = {"/sys", "/proc"};

static bool covers_protected(const char *path)
{
	for (size_t i = 0; i < NSU_COUNT(protected); i++) {
		if (strcmp(path, protected[i]) == 0 || nsu_text_is_below(protected[i], path))
			return true;
	}
	return false;
}

static bool is_in_protected(const char *path)
{
	for (size_t i = 0; i < NSU_COUNT(protected); i++) {
		if (nsu_text_is_below(path, protected[i]))
			return true;
	}
	return false;
}

static int check_user(const struct nsu_effective *effective, struct nsu_fail *fail)
{
	const struct nsu_strings *expose = &effective->values.expose;
	struct nsu_origin origin = effective->origins[NSU_KEY_EXPOSE];
	int ret = 0;

	if (!(effective->values.namespaces & CLONE_NEWUSER))
		return 0;
	for (size_t i = 0; ret == 0 && i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];

		if (mount->throw_away)
			ret = check_thrown_away(effective, mount, fail);
		else if (mount->type == NSU_PLAN_BIND && covers_protected(mount->path))
			ret = nsu_policy_wrong(fail, &mount->origin, "path",
			                       "'%s' would cover what \"user\" among the `namespaces` makes "
			                       "read-only in /proc and /sys",
			                       mount->path);
	}
	for (size_t i = 0; ret == 0 && i < expose->n; i++) {
		const char *path = expose->items[i].text;

		origin.line = expose->items[i].line;
		if (covers_protected(path) || is_in_protected(path))
			ret = nsu_policy_wrong(fail, &origin, "expose",
			                       "'%s' would bring back what \"user\" among the `namespaces` makes "
			                       "read-only in /proc and /sys",
			                       path);
	}
	return ret;
}

int nsu_policy_check_spaces(const struct nsu_effective *effective, const struct nsu_origin *origin,
                            struct nsu_fail *fail)
{
	int ret = check_kinds(effective, fail);

	if (ret == 0)
		ret = check_net(effective, origin, fail);
	if (ret == 0)
		ret = check_limits(effective, fail);
	return ret < 0 ? ret : check_user(effective, fail);
}
