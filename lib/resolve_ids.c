/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "plan_spaces.h"
#include "policy_match.h"

static int compare_ids(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return (first > second) - (first < second);
}

/* Nothing on the host is to be its, so neither the user's. */
static int check_root(uint32_t root, const uint32_t *ids, size_t n, struct nsu_fail *fail)
{
	for (size_t i = 0; root != 0 && i < n; i++) {
		if (ids[i] == root)
			return nsu_fail_because(fail, EINVAL,
			                        "key 'user_map': root = %u is the user's own uid or a group of his: "
			                        "another id is needed",
			                        root);
	}
	return 0;
}

/*
 * Each id as itself, but for 0 where that is another outside; neighbours share a range. Sorts @ids, which must hold 0; one
 * that is there twice counts once. Return: 0; -E2BIG.
 */
static int make_map(uint32_t root, uint32_t *ids, size_t n, struct nsu_plan_range *ranges, size_t *ret_n)
{
	size_t n_ranges = 0;

	qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < n; i++) {
		struct nsu_plan_range *last = n_ranges ? &ranges[n_ranges - 1] : NULL;
		uint32_t outside = ids[i] == 0 ? root : ids[i];

		if (last && ids[i] < last->inside + last->count)
			continue;
		if (last && ids[i] == last->inside + last->count && outside == last->outside + last->count) {
			last->count++;
			continue;
		}
		if (n_ranges == NSU_PLAN_RANGES_MAX)
			return -E2BIG;
		ranges[n_ranges++] = (struct nsu_plan_range){ids[i], outside, 1};
	}
	*ret_n = n_ranges;
	return nsu_plan_map_bytes(ranges, n_ranges) > NSU_PLAN_MAP_BYTES_MAX ? -E2BIG : 0;
}

/* sudo reads its files as uid 1 where their mode lets a group read them, and fails where there is none (seen: 1.9.13). */
static int map_uids(uint32_t root, const struct nsu_subject *subject, struct nsu_plan_user *user, struct nsu_fail *fail)
{
	uint32_t uids[] = {0, subject->uid, root == 0 ? 1 : 0};
	int ret = check_root(root, uids, NSU_COUNT(uids), fail);

	if (ret < 0)
		return ret;
	ret = make_map(root, uids, NSU_COUNT(uids), user->uids, &user->n_uids);
	return ret < 0 ? nsu_fail(fail, -ret, "map the user") : 0;
}

static int map_gids(uint32_t root, struct nsu_subject *subject, struct nsu_plan_user *user, struct nsu_fail *fail)
{
	auto_free uint32_t *gids = NULL;
	bool has_tty = false;
	gid_t tty_gid = 0;
	size_t n = 0;
	int ret;

	ret = nsu_subject_list_groups(subject, fail);
	if (ret == 0)
		ret = nsu_subject_group_exists("tty", &has_tty, &tty_gid, fail);
	if (ret < 0)
		return ret;
	gids = calloc((size_t)subject->n_groups + 3, sizeof(*gids));
	if (!gids)
		return nsu_fail(fail, ENOMEM, "map the user's groups");
	gids[n++] = 0;
	gids[n++] = subject->gid;
	if (has_tty)
		gids[n++] = tty_gid;
	for (int i = 0; i < subject->n_groups; i++)
		gids[n++] = subject->groups[i];
	ret = check_root(root, gids, n, fail);
	if (ret < 0)
		return ret;
	ret = make_map(root, gids, n, user->gids, &user->n_gids);
	if (ret < 0)
		return nsu_fail_because(
			fail, -ret,
			"the map of the user's groups has more than %d ranges or %d bytes, the kernel's "
			"limits (key 'user_map')",
			NSU_PLAN_RANGES_MAX, NSU_PLAN_MAP_BYTES_MAX);
	return 0;
}

int nsu_resolve_ids(uint32_t root, struct nsu_subject *subject, struct nsu_plan *plan, struct nsu_fail *fail)
{
	int ret = map_uids(root, subject, &plan->user, fail);

	return ret < 0 ? ret : map_gids(root, subject, &plan->user, fail);
}
