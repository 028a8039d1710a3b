/* SPDX-License-Identifier: BSD-3-Clause */
#include "leaf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "control.h"

static int open_leaf(int dirfd)
{
	int fd = openat(dirfd, NSU_LIMITS_LEAF, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int nsu_leaf_make(int dirfd, bool may_exist, int *ret_dirfd)
{
	auto_close int leaf_dirfd = -1;
	int ret;

	if (mkdirat(dirfd, NSU_LIMITS_LEAF, 0755) < 0 && (errno != EEXIST || !may_exist))
		return -errno;
	leaf_dirfd = open_leaf(dirfd);
	if (leaf_dirfd < 0)
		return leaf_dirfd;
	if (flock(leaf_dirfd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (faccessat(leaf_dirfd, "cgroup.procs", F_OK, 0) < 0) /* removed between the two calls before */
		return -errno;
	ret = nsu_control_write(dirfd, "cgroup.max.descendants", "1");
	if (ret < 0)
		return ret;
	*ret_dirfd = nsu_take_fd(&leaf_dirfd);
	return 0;
}

int nsu_leaf_sweep(int dirfd)
{
	auto_close int leaf_dirfd = open_leaf(dirfd);

	if (leaf_dirfd == -ENOENT)
		return 0;
	if (leaf_dirfd < 0)
		return leaf_dirfd;
	if (flock(leaf_dirfd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return unlinkat(dirfd, NSU_LIMITS_LEAF, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}
