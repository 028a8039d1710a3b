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

void nsu_idmap_note_roots(struct nsu_idmap_roots *ret_roots)
{
	uid_t uids[3] = {0}; /* where the kernel does not say they are taken for root's: none stays the host's root */
	gid_t gids[3] = {0};

	(void)!getresuid(&uids[0], &uids[1], &uids[2]);
	(void)!getresgid(&gids[0], &gids[1], &gids[2]);
	for (size_t i = 0; i < NSU_COUNT(uids); i++) {
		ret_roots->uids[i] = uids[i] == 0;
		ret_roots->gids[i] = gids[i] == 0;
	}
}

/* Is there an id 0 inside that is another outside? */
static bool has_other_root(const struct nsu_plan_range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ranges[i].inside == 0)
			return ranges[i].outside != 0;
	}
	return false;
}

/*
 * sshd refuses to go on as a uid that the session does not know, and the host's root would be that. And what the opener
 * reads from the session's view, where root of the session may have put it, is no business of the host's root any more.
 */
int nsu_idmap_become_root(const struct nsu_plan_user *user, const struct nsu_idmap_roots *was_root,
                          struct nsu_fail *fail)
{
	const bool *uids = was_root->uids, *gids = was_root->gids;
	const id_t same = (id_t)-1;

	if (has_other_root(user->gids, user->n_gids) &&
	    setresgid(gids[0] ? 0 : same, gids[1] ? 0 : same, gids[2] ? 0 : same) < 0)
		return nsu_fail(fail, errno, "become group 0 of the session");
	if (has_other_root(user->uids, user->n_uids) &&
	    setresuid(uids[0] ? 0 : same, uids[1] ? 0 : same, uids[2] ? 0 : same) < 0)
		return nsu_fail(fail, errno, "become root of the session");
	return 0;
}
