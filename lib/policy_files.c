/* SPDX-License-Identifier: BSD-3-Clause */
/* One file of a policy, and the names of those in a directory. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsat.h"
#include "policy_load.h"

bool nsu_load_has_suffix(const char *name)
{
	size_t len = strlen(name);

	return len >= strlen(NSU_LOAD_SUFFIX) && strcmp(name + len - strlen(NSU_LOAD_SUFFIX), NSU_LOAD_SUFFIX) == 0;
}

int nsu_load_file(struct nsu_policy *policy, enum nsu_policy_part part, const char *path, struct nsu_findings *findings,
                  struct nsu_fail *fail)
{
	size_t max = part == NSU_POLICY_USER ? NSU_USER_CONF_MAX : NSU_CONF_MAX;
	auto_free char *text = NULL;
	auto_close int fd = -1;
	size_t len;
	int ret;

	ret = nsu_fsat_open_trusted(path, NSU_FSAT_READ, &fd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_fsat_read_text(fd, path, max, &text, &len, fail);
	if (ret < 0)
		return ret;
	return nsu_policy_add(policy, part, text, path, findings, fail);
}

void nsu_names_clear(struct nsu_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct nsu_names){.n = 0};
}

static int is_wanted(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && nsu_load_has_suffix(entry->d_name);
}

/* By bytes, in any locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int nsu_load_names(const char *path, size_t max, struct nsu_names *names, bool *ret_exists, struct nsu_fail *fail)
{
	struct nsu_fail missing = NSU_FAIL_INIT;
	auto_close int fd = -1;
	int ret, n;

	ret = nsu_fsat_open_trusted(path, NSU_FSAT_LIST, &fd, &missing);
	*ret_exists = ret != -ENOENT;
	if (ret == -ENOENT)
		return 0;
	if (ret < 0) {
		*fail = missing;
		return ret;
	}
	n = scandirat(fd, ".", &names->items, is_wanted, compare_names);
	if (n < 0)
		return nsu_fail(fail, errno, "list '%s'", path);
	names->n = (size_t)n;
	if (names->n > max)
		return nsu_fail_because(fail, E2BIG, "%s: more than %zu files *" NSU_LOAD_SUFFIX, path, max);
	return 0;
}
