/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. Nothing may wait for a lock: everybody may open a cgroup, and so may hold a lock of it. A session's own cgroup is closed to
 *    others until its lock is held.
 * 2. A cgroup that somebody will yet enter must not be swept away: its lock says so. One with processes the kernel keeps.
 */
#include "direct.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "control.h"
#include "leaf.h"
#include "proc.h"

#define MAKE_TRIES 50 /* each a millisecond after the one before: a sweep may be in the way */

/* Opens a cgroup below another one, but nothing that is mounted over it. Return: a descriptor; -errno of openat2(2). */
static int open_below(int dirfd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* One component of the parent's path; @path is the whole of it up to there. */
static int enter_component(int *dirfd, const char *name, const char *path, struct nsu_fail *fail)
{
	struct stat st;
	int fd;

	if (mkdirat(*dirfd, name, 0755) < 0 && errno != EEXIST)
		return nsu_fail(fail, errno, "make the cgroup '%s' (key 'limits.parent')", path);
	fd = open_below(*dirfd, name);
	if (fd < 0)
		return nsu_fail(fail, -fd, "open the cgroup '%s' (key 'limits.parent')", path);
	nsu_close_fd(dirfd);
	*dirfd = fd;
	if (fstat(fd, &st) < 0)
		return nsu_fail(fail, errno, "look at the cgroup '%s'", path);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return nsu_fail_because(fail, EPERM,
		                        "the cgroup '%s' is not trusted: others than root can write it (key "
		                        "'limits.parent')",
		                        path);
	return 0;
}

/* On the way down each cgroup gives the next one what it needs. */
static int open_parent(const struct nsu_plan *plan, int mount_dirfd, int *ret_dirfd, struct nsu_fail *fail)
{
	auto_close int dirfd = fcntl(mount_dirfd, F_DUPFD_CLOEXEC, 0);
	char path[NSU_PATH_MAX] = "/";
	const char *rest = plan->limits.parent;
	int ret;

	if (dirfd < 0)
		return nsu_fail(fail, errno, "hold cgroup2's mount");
	ret = nsu_control_enable(plan, dirfd, path, fail);
	while (ret == 0 && rest[strspn(rest, "/")]) {
		char name[NSU_PATH_MAX];
		size_t len;

		rest += strspn(rest, "/");
		len = strcspn(rest, "/");
		memcpy(name, rest, len);
		name[len] = '\0';
		rest += len;
		memcpy(path, plan->limits.parent, (size_t)(rest - plan->limits.parent));
		path[rest - plan->limits.parent] = '\0';
		ret = enter_component(&dirfd, name, path, fail);
		if (ret == 0)
			ret = nsu_control_enable(plan, dirfd, path, fail);
	}
	if (ret == 0)
		*ret_dirfd = nsu_take_fd(&dirfd);
	return ret;
}

static bool is_id(const char *name)
{
	return strlen(name) == NSU_ID_LEN && strspn(name, "0123456789abcdef") == NSU_ID_LEN;
}

static void remove_if_left(int parent_dirfd, const char *name)
{
	auto_close int dirfd = open_below(parent_dirfd, name);

	if (dirfd >= 0 && nsu_leaf_sweep(dirfd) == 0)
		unlinkat(parent_dirfd, name, AT_REMOVEDIR);
}

/* What PID 1 has not removed: it was killed, or there was none. */
static void sweep(int parent_dirfd)
{
	int64_t deadline_ms = nsu_proc_now_ms() + NSU_SWEEP_MS;
	int fd = open_below(parent_dirfd, ".");
	const struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while (nsu_proc_now_ms() < deadline_ms && (entry = readdir(dir))) {
		if (is_id(entry->d_name))
			remove_if_left(parent_dirfd, entry->d_name);
	}
	closedir(dir);
}

/* The two levels of it. Return: 0; -EAGAIN if a sweep came between; -errno. */
static int make_both(struct nsu_direct *direct, const char *id, bool is_again, int *ret_dirfd)
{
	int ret;

	if (mkdirat(direct->parent_dirfd, id, 0700) < 0 && (errno != EEXIST || !is_again))
		return -errno;
	nsu_close_fd(&direct->dirfd);
	ret = open_below(direct->parent_dirfd, id);
	if (ret >= 0) {
		direct->dirfd = ret;
		ret = nsu_leaf_make(direct->dirfd, is_again, ret_dirfd);
	}
	return ret == -ENOENT || ret == -ENODEV || ret == -EWOULDBLOCK ? -EAGAIN : ret;
}

static int make_own(const struct nsu_plan *plan, struct nsu_direct *direct, int *ret_dirfd, struct nsu_fail *fail)
{
	static const struct timespec step = {.tv_nsec = 1000000};
	int ret = -EAGAIN;

	for (int i = 0; i < MAKE_TRIES && ret == -EAGAIN; i++) {
		if (i > 0)
			nanosleep(&step, NULL);
		ret = make_both(direct, plan->id, i > 0, ret_dirfd);
	}
	if (ret < 0)
		return nsu_fail(fail, -ret, "make the cgroup '%s/%s'", plan->limits.parent, plan->id);
	return 0;
}

int nsu_direct_make(const struct nsu_plan *plan, int mount_dirfd, struct nsu_direct *direct, int *ret_dirfd,
                    struct nsu_fail *fail)
{
	auto_close int leaf_dirfd = -1;
	int ret;

	ret = open_parent(plan, mount_dirfd, &direct->parent_dirfd, fail);
	if (ret < 0)
		return ret;
	sweep(direct->parent_dirfd);
	ret = make_own(plan, direct, &leaf_dirfd, fail);
	if (ret == 0)
		ret = nsu_control_limit(plan, direct->dirfd, fail);
	if (ret < 0)
		return ret;
	if (fchmod(direct->dirfd, 0755) < 0) /* programs read there what they may use */
		return nsu_fail(fail, errno, "open the cgroup '%s/%s' to readers", plan->limits.parent, plan->id);
	*ret_dirfd = nsu_take_fd(&leaf_dirfd);
	return 0;
}

void nsu_direct_undo(const struct nsu_direct *direct, const struct nsu_plan *plan)
{
	if (direct->dirfd < 0)
		return;
	unlinkat(direct->dirfd, NSU_LIMITS_LEAF, AT_REMOVEDIR);
	unlinkat(direct->parent_dirfd, plan->id, AT_REMOVEDIR);
}

void nsu_direct_clear(struct nsu_direct *direct)
{
	nsu_close_fd(&direct->dirfd);
	nsu_close_fd(&direct->parent_dirfd);
}
