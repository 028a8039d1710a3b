/* SPDX-License-Identifier: BSD-3-Clause */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "proc.h"

#define LINE_MAX_CHARS (3 * 11 + 1) /* three numbers of at most ten digits, each with what follows it */

/* The kernel takes a map in one write(2). */
static int write_map(int proc_dirfd, const char *name, const struct nsu_plan_range *ranges, size_t n,
                     struct nsu_fail *fail)
{
	auto_free char *text = malloc(n * LINE_MAX_CHARS + 1);
	auto_close int fd = -1;
	size_t len = 0;

	if (!text)
		return nsu_fail(fail, ENOMEM, "write the %s of the session", name);
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, LINE_MAX_CHARS + 1, "%u %u %u\n", ranges[i].inside,
		                        ranges[i].outside, ranges[i].count);
	fd = openat(proc_dirfd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return nsu_fail(fail, errno, "open the %s of the session", name);
	if (write(fd, text, len) != (ssize_t)len)
		return nsu_fail(fail, errno, "write the %s of the session", name);
	return 0;
}

int nsu_idmap_write(const struct nsu_plan_user *user, pid_t pid, int pidfd, struct nsu_fail *fail)
{
	auto_close int proc_dirfd = -1;
	char path[32];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc_dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_dirfd < 0 && errno == ENOENT)
		return nsu_fail(fail, ESRCH, "find the helper");
	if (proc_dirfd < 0)
		return nsu_fail(fail, errno, "open '%s'", path);
	/* If it lives now, it is this one that the directory belongs to, and to no later one of its number. */
	ret = nsu_proc_await(pidfd, 0);
	if (ret != -ETIMEDOUT)
		return nsu_fail(fail, ret == 0 ? ESRCH : -ret, "find the helper");
	ret = write_map(proc_dirfd, "uid_map", user->uids, user->n_uids, fail);
	return ret < 0 ? ret : write_map(proc_dirfd, "gid_map", user->gids, user->n_gids, fail);
}
