/* SPDX-License-Identifier: BSD-3-Clause */
/* The layers of settings: the built-in ones, and how those of a policy are laid over each other. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_parse.h"

#define GIVEN(key) (1ULL << (key))
#define GIVEN_ALL  (GIVEN(NSU_KEYS) - 1)
#define MOUNTS_MAX (NSU_PLAN_MOUNTS_MAX - NSU_PLAN_IMPLIED_MAX)

/* What holds where no layer says otherwise. */
static const struct nsu_settings base_settings = {
	.given = GIVEN_ALL,
	.file = NSU_ORIGIN_BUILT_IN,
	.bridge = "",
	.gateway = true,
	.isolated = true,
	.max_user_namespaces = -1,
	.limits_parent = NSU_LIMITS_PARENT,
	.hostname = "",
	.domainname = "",
	.propagation = NSU_PLAN_PRIVATE,
	.hidepid = NSU_PLAN_HIDEPID_OFF,
	.proc_path = "/proc",
	.nested = NSU_PLAN_NEST,
	.timeout_ms = NSU_TIMEOUT_MS,
	.enforce = true,
};

#define DEFAULT_TMPFS(where)                                                                                           \
	{                                                                                                              \
		.origin = {NSU_ORIGIN_BUILT_IN, 0}, .type = NSU_PLAN_TMPFS, .path = (where),                           \
		.size = {.bytes = NSU_TMPFS_BYTES}, .inodes = NSU_TMPFS_INODES, .mode = 01777                          \
	}

static const struct nsu_mount_spec default_mounts[] = {DEFAULT_TMPFS("/tmp"), DEFAULT_TMPFS("/var/tmp")};

const struct nsu_profile nsu_policy_none = {.origin = {NSU_ORIGIN_BUILT_IN, 0}, .name = "none"};

static const struct nsu_profile default_profile = {
	.origin = {NSU_ORIGIN_BUILT_IN, 0},
	.name = "default",
	.settings =
		{
			.given = GIVEN(NSU_KEY_NAMESPACES) | GIVEN(NSU_KEY_HOSTNAME) | GIVEN(NSU_KEY_MOUNTS),
			.file = NSU_ORIGIN_BUILT_IN,
			.namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID,
			.hostname = "%u-%H",
			.mounts = {(struct nsu_mount_spec *)(uintptr_t)default_mounts, NSU_COUNT(default_mounts)},
		},
};

static int compare_name(const void *name, const void *profile)
{
	return strcmp(name, (*(const struct nsu_profile *const *)profile)->name);
}

const struct nsu_profile *nsu_policy_profile(const struct nsu_policy *policy, const char *name)
{
	const struct nsu_profile **found;

	if (strcmp(name, nsu_policy_none.name) == 0)
		return &nsu_policy_none;
	if (strcmp(name, default_profile.name) == 0)
		return &default_profile;
	if (!policy || !policy->by_name)
		return NULL;
	found = bsearch(name, policy->by_name, policy->n_profiles, sizeof(*policy->by_name), compare_name);
	while (found && found > policy->by_name && strcmp(found[-1]->name, name) == 0)
		found--; /* where a name is defined twice, which only an examination survives, the first one counts */
	return found ? *found : NULL;
}

static void append_mounts(struct nsu_effective *into, const struct nsu_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		if (into->n_mounts == MOUNTS_MAX) {
			into->has_too_many = true;
			return;
		}
		into->mounts[into->n_mounts++] = &mounts->specs[i];
	}
}

static void overlay_mounts(struct nsu_effective *into, const struct nsu_settings *layer)
{
	if (layer->given & GIVEN(NSU_KEY_MOUNTS)) {
		into->n_mounts = 0;
		into->has_too_many = false;
		append_mounts(into, &layer->mounts);
	}
	if (layer->given & GIVEN(NSU_KEY_EXTRA_MOUNTS))
		append_mounts(into, &layer->extra_mounts);
}

/* Lays one layer of settings, the @number-th, over what is there. */
static void overlay(struct nsu_effective *into, const struct nsu_settings *layer, unsigned number)
{
#define MEMBER(member)                                                                                                 \
	{                                                                                                              \
		offsetof(struct nsu_settings, member), sizeof(layer->member)                                           \
	}
	static const struct {
		size_t offset, size;
	} members[NSU_KEYS] = {
		[NSU_KEY_NAMESPACES] = MEMBER(namespaces),
		[NSU_KEY_SCOPE] = MEMBER(scope),
		[NSU_KEY_LIFETIME] = MEMBER(lifetime),
		[NSU_KEY_NET_MODE] = MEMBER(net),
		[NSU_KEY_NET_CREATE] = MEMBER(create),
		[NSU_KEY_NET_BRIDGE] = MEMBER(bridge),
		[NSU_KEY_NET_POOL] = MEMBER(pool),
		[NSU_KEY_NET_GATEWAY] = MEMBER(gateway),
		[NSU_KEY_NET_ISOLATED] = MEMBER(isolated),
		[NSU_KEY_NET_MTU] = MEMBER(mtu),
		[NSU_KEY_USER_MAP] = MEMBER(user_map),
		[NSU_KEY_MAX_USER_NAMESPACES] = MEMBER(max_user_namespaces),
		[NSU_KEY_TIME_BOOTTIME] = MEMBER(boottime),
		[NSU_KEY_TIME_MONOTONIC] = MEMBER(monotonic),
		[NSU_KEY_LIMITS_MEMORY] = MEMBER(memory_bytes),
		[NSU_KEY_LIMITS_TASKS] = MEMBER(tasks),
		[NSU_KEY_LIMITS_CPU_WEIGHT] = MEMBER(cpu_weight),
		[NSU_KEY_LIMITS_PARENT] = MEMBER(limits_parent),
		[NSU_KEY_NO_NEW_PRIVS] = MEMBER(no_new_privs),
		[NSU_KEY_CAPABILITIES] = MEMBER(drop),
		[NSU_KEY_DENY_CALLS] = MEMBER(denials),
		[NSU_KEY_HOSTNAME] = MEMBER(hostname),
		[NSU_KEY_DOMAINNAME] = MEMBER(domainname),
		[NSU_KEY_PROPAGATION] = MEMBER(propagation),
		[NSU_KEY_PROC_HIDEPID] = MEMBER(hidepid),
		[NSU_KEY_PROC_SUBSET] = MEMBER(subset_pid),
		[NSU_KEY_PROC_PATH] = MEMBER(proc_path),
		[NSU_KEY_MOUNTS] = MEMBER(mounts),
		[NSU_KEY_EXTRA_MOUNTS] = MEMBER(extra_mounts),
		[NSU_KEY_EXPOSE] = MEMBER(expose),
		[NSU_KEY_ENVIRONMENT] = MEMBER(environment),
		[NSU_KEY_NESTED] = MEMBER(nested),
		[NSU_KEY_TIMEOUT] = MEMBER(timeout_ms),
		[NSU_KEY_STOP_TIMEOUT] = MEMBER(stop_timeout_ms),
		[NSU_KEY_ENFORCE] = MEMBER(enforce),
		[NSU_KEY_ON_ERROR] = MEMBER(on_error),
	};
#undef MEMBER

	for (unsigned key = 0; key < NSU_KEYS; key++) {
		if (!(layer->given & GIVEN(key)))
			continue;
		memcpy((char *)&into->values + members[key].offset, (const char *)layer + members[key].offset,
		       members[key].size);
		into->origins[key] = (struct nsu_origin){layer->file, layer->lines[key]};
		into->layers[key] = (unsigned char)number;
	}
	overlay_mounts(into, layer);
}

/* Who comes later must find in the set what the host mounts for him: his /run/user/UID. */
static void imply_propagation(struct nsu_effective *effective)
{
	if (effective->layers[NSU_KEY_PROPAGATION] > 0 || effective->values.scope.mode == NSU_PLAN_SCOPE_SESSION)
		return;
	effective->values.propagation = NSU_PLAN_SLAVE;
	effective->origins[NSU_KEY_PROPAGATION] = (struct nsu_origin){NSU_ORIGIN_IMPLIED, 0};
}

void nsu_policy_merge(const struct nsu_profile *profile, const struct nsu_settings *rule,
                      const struct nsu_settings *user, struct nsu_effective *effective)
{
	const struct nsu_profile *chain[NSU_BASE_DEPTH_MAX];
	unsigned number = 0;
	size_t n = 0;

	for (; profile && n < NSU_COUNT(chain); profile = profile->base)
		chain[n++] = profile;
	effective->n_mounts = 0;
	effective->has_too_many = false;
	overlay(effective, &base_settings, number);
	while (n-- > 0)
		overlay(effective, &chain[n]->settings, ++number);
	if (rule)
		overlay(effective, rule, ++number);
	if (user)
		overlay(effective, user, ++number);
	imply_propagation(effective);
}
