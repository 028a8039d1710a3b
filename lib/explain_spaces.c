/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of single namespaces, of limits and of what the opener gives up. */
#include "explain_write.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/capability.h>

#include "set.h"

#define KEEPS(drop) ((drop) >> 63) /* a bit that no capability has: the policy says what is kept */

struct spaces {
	struct nsu_explain *explain;
	const struct nsu_plan *plan;
	const struct nsu_effective *effective;
};

#define ORIGIN(spaces, name)  (&(spaces)->effective->origins[NSU_KEY_##name])
#define IS_SAID(spaces, name) ((spaces)->effective->layers[NSU_KEY_##name] > 0)

static const char *yes_or_no(bool value)
{
	return value ? "true" : "false";
}

/* Whatever the policy says, without process 1 a set ends with its logins. */
static int add_lifetime(const struct spaces *spaces)
{
	static const char *const words[NSU_PLAN_LIFETIMES] = {"login", "processes", "permanent"};
	static const struct nsu_origin implied = {NSU_ORIGIN_IMPLIED, 0};
	bool is_said = spaces->plan->lifetime == spaces->effective->values.lifetime;

	return nsu_write_row(spaces->explain, "lifetime", is_said ? ORIGIN(spaces, LIFETIME) : &implied, "%s",
	                     words[spaces->plan->lifetime]);
}

/* And the name of the set as `nsunshare list` has it. */
static int add_scope(const struct spaces *spaces)
{
	static const char *const words[NSU_PLAN_SCOPES] = {"session", "user", "group", "named:"};
	static const struct nsu_origin nowhere = {"", 0};
	char key[NSU_KEY_MAX];

	if (nsu_write_row(spaces->explain, "scope", ORIGIN(spaces, SCOPE), "%s%s", words[spaces->plan->scope],
	                  spaces->plan->scope_name) < 0 ||
	    add_lifetime(spaces) < 0)
		return -ENOMEM;
	if (!nsu_plan_is_shared(spaces->plan))
		return 0;
	nsu_set_key(spaces->plan, key);
	return nsu_write_row(spaces->explain, "set", &nowhere, "%s", key);
}

static int add_named(const struct spaces *spaces)
{
	const struct nsu_plan_net *net = &spaces->plan->net;
	struct nsu_writer writer;

	if (nsu_write_begin(&writer, spaces->explain) < 0)
		return -ENOMEM;
	fputs("named:", writer.stream);
	nsu_write_put(&writer, net->name);
	if (nsu_write_end(&writer, "net.mode", ORIGIN(spaces, NET_MODE)) < 0)
		return -ENOMEM;
	return nsu_write_row(spaces->explain, "net.create", ORIGIN(spaces, NET_CREATE), "%s", yes_or_no(net->create));
}

static int add_veth(const struct spaces *spaces)
{
	const struct nsu_plan_net *net = &spaces->plan->net;
	struct nsu_explain *explain = spaces->explain;

	if (nsu_write_row(explain, "net.mode", ORIGIN(spaces, NET_MODE), "veth") < 0 ||
	    nsu_write_text(explain, "net.bridge", ORIGIN(spaces, NET_BRIDGE), net->bridge) < 0 ||
	    nsu_write_row(explain, "net.pool", ORIGIN(spaces, NET_POOL), "%u.%u.%u.%u/%u", net->pool >> 24,
	                  net->pool >> 16 & 255, net->pool >> 8 & 255, net->pool & 255, net->prefix_len) < 0 ||
	    nsu_write_row(explain, "net.gateway", ORIGIN(spaces, NET_GATEWAY), "%s", yes_or_no(net->gateway)) < 0 ||
	    nsu_write_row(explain, "net.isolated", ORIGIN(spaces, NET_ISOLATED), "%s", yes_or_no(net->isolated)) < 0)
		return -ENOMEM;
	if (!net->mtu)
		return nsu_write_row(explain, "net.mtu", ORIGIN(spaces, NET_MTU), "-");
	return nsu_write_row(explain, "net.mtu", ORIGIN(spaces, NET_MTU), "%u", net->mtu);
}

static int add_net(const struct spaces *spaces)
{
	switch (spaces->plan->net.mode) {
	case NSU_PLAN_NET_NAMED:
		return add_named(spaces);
	case NSU_PLAN_NET_VETH:
		return add_veth(spaces);
	case NSU_PLAN_NET_LOOPBACK:
	default:
		return nsu_write_row(spaces->explain, "net.mode", ORIGIN(spaces, NET_MODE), "loopback");
	}
}

/* "FIRST-LAST" of the ids inside, "=FIRST-LAST" of what they are outside where that is not the same. */
static int add_ranges(const struct spaces *spaces, const char *key, const struct nsu_plan_range *ranges, size_t n)
{
	struct nsu_writer writer;

	if (nsu_write_begin(&writer, spaces->explain) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		fprintf(writer.stream, "%s%u", i ? " " : "", ranges[i].inside);
		if (ranges[i].count > 1)
			fprintf(writer.stream, "-%u", ranges[i].inside + (ranges[i].count - 1));
		if (ranges[i].outside != ranges[i].inside)
			fprintf(writer.stream, "=%u", ranges[i].outside);
		if (ranges[i].outside != ranges[i].inside && ranges[i].count > 1)
			fprintf(writer.stream, "-%u", ranges[i].outside + (ranges[i].count - 1));
	}
	return nsu_write_end(&writer, key, ORIGIN(spaces, USER_MAP));
}

static int add_user(const struct spaces *spaces)
{
	const struct nsu_plan_user *user = &spaces->plan->user;
	const struct nsu_origin *origin = ORIGIN(spaces, MAX_USER_NAMESPACES);

	if (spaces->effective->values.user_map.uids.n == 0 &&
	    nsu_write_row(spaces->explain, "user_map", ORIGIN(spaces, USER_MAP), "%s",
	                  spaces->effective->values.user_map.root ? "minimal but for root" : "minimal") < 0)
		return -ENOMEM;
	if (add_ranges(spaces, "user_map.uid", user->uids, user->n_uids) < 0 ||
	    add_ranges(spaces, "user_map.gid", user->gids, user->n_gids) < 0)
		return -ENOMEM;
	if (user->max_user_namespaces < 0)
		return nsu_write_row(spaces->explain, "max_user_namespaces", origin, "-");
	return nsu_write_row(spaces->explain, "max_user_namespaces", origin, "%" PRId64, user->max_user_namespaces);
}

static int add_time(const struct spaces *spaces)
{
	const struct nsu_plan_time *time = &spaces->plan->time;

	if (nsu_write_row(spaces->explain, "time.boottime", ORIGIN(spaces, TIME_BOOTTIME), "%" PRId64, time->boottime) <
	    0)
		return -ENOMEM;
	return nsu_write_row(spaces->explain, "time.monotonic", ORIGIN(spaces, TIME_MONOTONIC), "%" PRId64,
	                     time->monotonic);
}

static int add_limits(const struct spaces *spaces)
{
	const struct nsu_plan_limits *limits = &spaces->plan->limits;
	struct nsu_writer writer;

	if (limits->memory_bytes) {
		if (nsu_write_begin(&writer, spaces->explain) < 0)
			return -ENOMEM;
		nsu_write_size(&writer, limits->memory_bytes);
		if (nsu_write_end(&writer, "limits.memory", ORIGIN(spaces, LIMITS_MEMORY)) < 0)
			return -ENOMEM;
	}
	if (limits->tasks &&
	    nsu_write_row(spaces->explain, "limits.tasks", ORIGIN(spaces, LIMITS_TASKS), "%u", limits->tasks) < 0)
		return -ENOMEM;
	if (limits->cpu_weight && nsu_write_row(spaces->explain, "limits.cpu_weight", ORIGIN(spaces, LIMITS_CPU_WEIGHT),
	                                        "%u", limits->cpu_weight) < 0)
		return -ENOMEM;
	return nsu_write_text(spaces->explain, "limits.parent", ORIGIN(spaces, LIMITS_PARENT), limits->parent);
}

/* One that is younger than libcap is named by its number. */
static void put_capability(struct nsu_writer *writer, int capability)
{
	char *name = cap_to_name(capability);

	if (name)
		fputs(name, writer->stream);
	else
		writer->has_failed = true;
	cap_free(name);
}

static int add_capabilities(const struct spaces *spaces)
{
	uint64_t drop = spaces->plan->harden.drop;
	uint64_t named = KEEPS(drop) ? ~drop : drop;
	const char *between = KEEPS(drop) ? " but " : " ";
	struct nsu_writer writer;

	if (nsu_write_begin(&writer, spaces->explain) < 0)
		return -ENOMEM;
	fputs(KEEPS(drop) ? "drop all" : named ? "drop" : "drop none", writer.stream);
	for (int i = 0; i < 63; i++) {
		if (!(named & 1ULL << i))
			continue;
		fputs(between, writer.stream);
		put_capability(&writer, i);
		between = " ";
	}
	return nsu_write_end(&writer, "capabilities", ORIGIN(spaces, CAPABILITIES));
}

static int add_denials(const struct spaces *spaces)
{
	static const char *const names[] = {"tiocsti", "user_namespaces", "kexec", "modules", "keyctl"};
	unsigned denials = spaces->plan->harden.denials;
	const char *between = "";
	struct nsu_writer writer;

	if (nsu_write_begin(&writer, spaces->explain) < 0)
		return -ENOMEM;
	if (!denials)
		fputs("-", writer.stream);
	for (size_t i = 0; i < NSU_COUNT(names); i++) {
		if (!(denials & 1U << i))
			continue;
		fprintf(writer.stream, "%s%s", between, names[i]);
		between = " ";
	}
	return nsu_write_end(&writer, "deny_calls", ORIGIN(spaces, DENY_CALLS));
}

int nsu_write_spaces(struct nsu_explain *explain, const struct nsu_plan *plan, const struct nsu_effective *effective)
{
	const struct spaces spaces = {explain, plan, effective};
	int ret = add_scope(&spaces);

	if (ret == 0 && (plan->namespaces & CLONE_NEWNET))
		ret = add_net(&spaces);
	if (ret == 0 && (plan->namespaces & CLONE_NEWUSER))
		ret = add_user(&spaces);
	if (ret == 0 && (plan->namespaces & CLONE_NEWTIME))
		ret = add_time(&spaces);
	if (ret == 0 && nsu_plan_has_limits(plan))
		ret = add_limits(&spaces);
	if (ret == 0 && IS_SAID(&spaces, NO_NEW_PRIVS))
		ret = nsu_write_row(explain, "no_new_privs", ORIGIN(&spaces, NO_NEW_PRIVS), "%s",
		                    yes_or_no(plan->harden.no_new_privs));
	if (ret == 0 && IS_SAID(&spaces, CAPABILITIES))
		ret = add_capabilities(&spaces);
	if (ret == 0 && IS_SAID(&spaces, DENY_CALLS))
		ret = add_denials(&spaces);
	return ret;
}
