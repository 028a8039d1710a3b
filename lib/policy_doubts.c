/* SPDX-License-Identifier: BSD-3-Clause */
/* What of net and user will hardly do what was meant, or not on this host as it is now. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "policy_examine.h"
#include "policy_parse.h"
#include "subject.h"
#include "text.h"

struct doubts {
	const struct nsu_effective *effective;
	const struct nsu_origin *origin;
	struct nsu_findings *findings;
};

#define WARN(doubts, name, ...)                                                                                        \
	nsu_findings_add((doubts)->findings, NSU_POLICY_WARNING,                                                       \
	                 nsu_policy_where((doubts)->effective, NSU_KEY_##name, (doubts)->origin), __VA_ARGS__)

static int examine_named(const struct doubts *doubts)
{
	const struct nsu_settings *values = &doubts->effective->values;
	char path[NSU_PATH_MAX];

	if (values->create || strchr(values->net.name, '%'))
		return 0;
	snprintf(path, sizeof(path), NSU_NETNS_DIR "/%s", values->net.name);
	if (access(path, F_OK) == 0)
		return 0;
	return WARN(doubts, NET_MODE,
	            "key 'mode': there is no '%s' on this host now: logins would be refused (`ip netns add %s`, or "
	            "create = true)",
	            path, values->net.name);
}

static int examine_bridge(const struct doubts *doubts, const char *bridge)
{
	char path[NSU_PATH_MAX];

	snprintf(path, sizeof(path), "/sys/class/net/%s", bridge);
	if (access(path, F_OK) < 0)
		return WARN(doubts, NET_BRIDGE,
		            "key 'bridge': there is no interface '%s' on this host now: logins would be refused",
		            bridge);
	snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", bridge);
	if (access(path, F_OK) < 0)
		return WARN(doubts, NET_BRIDGE,
		            "key 'bridge': the interface '%s' of this host is no bridge: logins would be refused",
		            bridge);
	return 0;
}

static int examine_veth(const struct doubts *doubts)
{
	const struct nsu_settings *values = &doubts->effective->values;

	if (values->bridge[0])
		return examine_bridge(doubts, values->bridge);
	if (doubts->effective->layers[NSU_KEY_NET_ISOLATED] > 0)
		return WARN(doubts, NET_ISOLATED,
		            "key 'isolated': without a bridge it does nothing: what passes from one session to another "
		            "is for the host's routing and packet filter to decide");
	if (!values->gateway)
		return WARN(
			doubts, NET_GATEWAY,
			"key 'gateway': without it and without a bridge a session reaches the host's end of its pair "
			"and nothing else");
	return 0;
}

/* Does a map have an id on its outer side? */
static bool is_outside(const struct nsu_ranges *ranges, uint32_t id)
{
	for (size_t i = 0; i < ranges->n; i++) {
		if (id >= ranges->items[i].outside && id - ranges->items[i].outside < ranges->items[i].count)
			return true;
	}
	return false;
}

static int examine_map(const struct doubts *doubts)
{
	const struct nsu_user_map *map = &doubts->effective->values.user_map;
	struct nsu_fail fail = NSU_FAIL_INIT;
	bool has_tty = false;
	uint32_t outside;
	gid_t tty_gid = 0;
	int ret = 0;

	if (map->uids.n == 0)
		return 0;
	if (!nsu_plan_outside(map->uids.items, map->uids.n, 0, &outside))
		ret = WARN(
			doubts, USER_MAP,
			"key 'user_map': there is no uid 0 inside: the session has no root, and su and sudo do nothing "
			"in it");
	else if (!is_outside(&map->uids, 0))
		ret = WARN(
			doubts, USER_MAP,
			"key 'user_map': no uid inside is 0 outside: su, sudo and other setuid programs of the host's root "
			"do nothing in the session, and login can not give the terminal to the user");
	if (ret == 0 && nsu_subject_group_exists("tty", &has_tty, &tty_gid, &fail) == 0 && has_tty &&
	    !nsu_plan_outside(map->gids.items, map->gids.n, tty_gid, &outside))
		ret = WARN(
			doubts, USER_MAP,
			"key 'user_map': there is no gid %u inside, the group tty's: sshd and login can not give the "
			"terminal to the user",
			(unsigned)tty_gid);
	return ret;
}

static bool reaches(const char *source, const char *place)
{
	return strcmp(source, place) == 0 || nsu_text_is_below(source, place);
}

static int examine_user(const struct doubts *doubts)
{
	const struct nsu_effective *effective = doubts->effective;
	int ret = examine_map(doubts);

	if (ret == 0 && !(effective->values.namespaces & CLONE_NEWPID) && effective->values.user_map.uids.n == 0 &&
	    effective->values.user_map.root == 0)
		ret = WARN(doubts, NAMESPACES,
		           "key 'namespaces': \"user\" without \"pid\": the session's root is uid 0 to the host's "
		           "processes, and can end those of the host's root");
	for (size_t i = 0; ret == 0 && i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];
		const struct nsu_origin *origin = mount->origin.line ? &mount->origin : doubts->origin;

		if (mount->source && !mount->read_only &&
		    (reaches(mount->source, "/proc") || reaches(mount->source, "/sys")))
			ret = nsu_findings_add(doubts->findings, NSU_POLICY_WARNING, origin,
			                       "key 'source': '%s' can be written by the session's root, who is uid 0 "
			                       "to it in spite of the namespace \"user\" (read_only = true)",
			                       mount->source);
	}
	return ret;
}

int nsu_examine_doubts(const struct nsu_effective *effective, const struct nsu_origin *origin,
                       struct nsu_findings *findings)
{
	const struct doubts doubts = {effective, origin, findings};
	const struct nsu_settings *values = &effective->values;
	int ret = 0;

	if ((values->namespaces & CLONE_NEWNET) && values->net.mode == NSU_PLAN_NET_NAMED)
		ret = examine_named(&doubts);
	else if ((values->namespaces & CLONE_NEWNET) && values->net.mode == NSU_PLAN_NET_VETH)
		ret = examine_veth(&doubts);
	if (ret == 0 && (values->namespaces & CLONE_NEWUSER))
		ret = examine_user(&doubts);
	return ret;
}
