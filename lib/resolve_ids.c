/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "plan_spaces.h"
#include "policy_match.h"

static int compare_gids(const void *a, const void *b)
{
	gid_t first = *(const gid_t *)a, second = *(const gid_t *)b;

	return (first > second) - (first < second);
}

/* Each id as itself; neighbours share a range. @gids is sorted; one that is there twice counts once. */
static int add_gids(const gid_t *gids, size_t n, struct nsu_plan_user *user, struct nsu_fail *fail)
{
	user->n_gids = 0;
	for (size_t i = 0; i < n; i++) {
		struct nsu_plan_range *last = user->n_gids ? &user->gids[user->n_gids - 1] : NULL;

		if (last && gids[i] < last->inside + last->count)
			continue;
		if (last && gids[i] == last->inside + last->count) {
			last->count++;
			continue;
		}
		if (user->n_gids == NSU_COUNT(user->gids))
			return nsu_fail_because(
				fail, E2BIG,
				"the user's groups take more than %d ranges, the kernel's limit for one "
				"map (key 'user_map')",
				NSU_PLAN_RANGES_MAX);
		user->gids[user->n_gids++] = (struct nsu_plan_range){gids[i], gids[i], 1};
	}
	if (nsu_plan_map_bytes(user->gids, user->n_gids) > NSU_PLAN_MAP_BYTES_MAX)
		return nsu_fail_because(fail, E2BIG,
		                        "the map of the user's groups, %zu ranges, is longer than the %d bytes that "
		                        "the kernel takes (key 'user_map')",
		                        user->n_gids, NSU_PLAN_MAP_BYTES_MAX);
	return 0;
}

int nsu_resolve_ids(struct nsu_subject *subject, struct nsu_plan *plan, struct nsu_fail *fail)
{
	struct nsu_plan_user *user = &plan->user;
	auto_free gid_t *gids = NULL;
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
	qsort(gids, n, sizeof(*gids), compare_gids);
	user->n_uids = 0;
	user->uids[user->n_uids++] = (struct nsu_plan_range){0, 0, 1};
	if (subject->uid != 0)
		user->uids[user->n_uids++] = (struct nsu_plan_range){subject->uid, subject->uid, 1};
	return add_gids(gids, n, user, fail);
}
