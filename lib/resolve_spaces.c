/* SPDX-License-Identifier: BSD-3-Clause */
/* From settings and a subject to what a plan says of single namespaces, of limits and of what the opener gives up. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "policy_match.h"
#include "policy_parse.h"
#include "text.h"

static int keep(struct nsu_plan *plan, const char *text, const char **place, struct nsu_fail *fail)
{
	if (nsu_plan_text(plan, text, place) < 0)
		return nsu_fail(fail, E2BIG, "plan the session: its texts are too long");
	return 0;
}

static int resolve_named(const struct nsu_effective *effective, struct nsu_subject *subject, struct nsu_plan *plan,
                         struct nsu_fail *fail)
{
	const struct nsu_name_template name = {.origin = &effective->origins[NSU_KEY_NET_MODE],
	                                       .key = "mode",
	                                       .directory = NSU_NETNS_DIR,
	                                       .what = "a net namespace",
	                                       .text = effective->values.net.name};

	plan->net.create = effective->values.create;
	return nsu_resolve_name(&name, subject, plan, &plan->net.name, fail);
}

static int resolve_net(const struct nsu_effective *effective, struct nsu_subject *subject, struct nsu_plan *plan,
                       struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	struct nsu_plan_net *net = &plan->net;

	if (!(plan->namespaces & CLONE_NEWNET))
		return 0;
	net->mode = (enum nsu_plan_net_mode)values->net.mode;
	if (net->mode == NSU_PLAN_NET_NAMED)
		return resolve_named(effective, subject, plan, fail);
	if (net->mode != NSU_PLAN_NET_VETH)
		return 0;
	net->pool = values->pool.network;
	net->prefix_len = values->pool.prefix_len;
	net->mtu = values->mtu;
	net->gateway = values->gateway;
	net->isolated = values->isolated;
	return keep(plan, values->bridge, &net->bridge, fail);
}

/* initgroups(3), which sshd calls when the session is open, tries with fewer groups until the kernel takes them; su is through. */
static int note_groups(const struct nsu_effective *effective, struct nsu_subject *subject, struct nsu_plan *plan,
                       struct nsu_fail *fail)
{
	const struct nsu_origin *origin = &effective->origins[NSU_KEY_USER_MAP];
	const struct nsu_ranges *map = &effective->values.user_map.gids;
	char place[NSU_PATH_MAX + 16];
	uint32_t outside;
	int ret;

	ret = nsu_subject_list_groups(subject, fail);
	if (ret < 0)
		return ret;
	for (int i = 0; i < subject->n_groups; i++) {
		if (nsu_plan_outside(map->items, map->n, subject->groups[i], &outside))
			continue;
		nsu_plan_note(plan,
		              "%s: key 'user_map': no gid %u inside, of the user's groups: services that set them "
		              "after the session is open, sshd for one, leave out that one and all behind it",
		              nsu_policy_origin(origin, place, sizeof(place)), (unsigned)subject->groups[i]);
		break;
	}
	return 0;
}

static int resolve_map(const struct nsu_effective *effective, struct nsu_subject *subject, struct nsu_plan *plan,
                       struct nsu_fail *fail)
{
	const struct nsu_user_map *map = &effective->values.user_map;
	const struct {
		const char *name;
		const struct nsu_ranges *ranges;
		uint32_t id;
	} ids[] = {{"uid", &map->uids, subject->uid}, {"gid", &map->gids, subject->gid}};

	for (size_t i = 0; i < NSU_COUNT(ids); i++) {
		uint32_t outside;

		if (!nsu_plan_outside(ids[i].ranges->items, ids[i].ranges->n, ids[i].id, &outside))
			return nsu_policy_wrong(fail, &effective->origins[NSU_KEY_USER_MAP], "user_map",
			                        "there is no %s %u inside, the login's own: a range of `%s` must hold "
			                        "it",
			                        ids[i].name, (unsigned)ids[i].id, ids[i].name);
	}
	plan->user.n_uids = map->uids.n;
	memcpy(plan->user.uids, map->uids.items, map->uids.n * sizeof(*map->uids.items));
	plan->user.n_gids = map->gids.n;
	memcpy(plan->user.gids, map->gids.items, map->gids.n * sizeof(*map->gids.items));
	return note_groups(effective, subject, plan, fail);
}

static int resolve_user(const struct nsu_effective *effective, struct nsu_subject *subject, struct nsu_plan *plan,
                        struct nsu_fail *fail)
{
	if (!(plan->namespaces & CLONE_NEWUSER))
		return 0;
	plan->user.max_user_namespaces = effective->values.max_user_namespaces;
	return effective->values.user_map.uids.n
	               ? resolve_map(effective, subject, plan, fail)
	               : nsu_resolve_ids(effective->values.user_map.root, subject, plan, fail);
}

int nsu_resolve_spaces(const struct nsu_effective *effective, struct nsu_subject *subject, struct nsu_plan *plan,
                       struct nsu_fail *fail)
{
	const struct nsu_settings *values = &effective->values;
	int ret;

	ret = resolve_net(effective, subject, plan, fail);
	if (ret == 0)
		ret = resolve_user(effective, subject, plan, fail);
	if (ret < 0)
		return ret;
	if (plan->namespaces & CLONE_NEWTIME)
		plan->time = (struct nsu_plan_time){values->boottime, values->monotonic};
	plan->limits.memory_bytes = values->memory_bytes;
	plan->limits.tasks = values->tasks;
	plan->limits.cpu_weight = values->cpu_weight;
	plan->harden = (struct nsu_plan_harden){values->drop, values->denials, values->no_new_privs};
	return nsu_plan_has_limits(plan) ? keep(plan, values->limits_parent, &plan->limits.parent, fail) : 0;
}
