/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. Every directory above an instance MUST be root's alone, looked at each time: who can write there chooses what root
 *    mounts. 2. Owner and mode are set by descriptor, and before the directory has its name: who finds it finds it whole.
 */
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fsat.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

#define LOCK_TRIES 10

/* The name of its directory. No two paths give one; none begins with '-'. Return: false if it would be too long. */
static bool name_instance(const char *path, char name[NAME_MAX + 1])
{
	size_t len = 0;

	for (path++; *path; path++) {
		const char *escaped = *path == '-' ? "\\x2d" : *path == '\\' ? "\\x5c" : NULL;
		size_t n = escaped ? strlen(escaped) : 1;

		if (len + n > NAME_MAX)
			return false;
		if (escaped)
			memcpy(name + len, escaped, n);
		else
			name[len] = *path == '/' ? '-' : *path;
		len += n;
	}
	name[len] = '\0';
	return true;
}

static int refuse_owner(const char *path, struct nsu_fail *fail)
{
	return nsu_fail_because(fail, EPERM, "%s: the directory is not root's alone (chown root, chmod 700)", path);
}

/* Opens a directory that only root can look into; @path is how it is called in messages. */
static int open_private(int dirfd, const char *name, const char *path, int *ret_fd, struct nsu_fail *fail)
{
	auto_close int fd = -1;
	struct stat st;
	int ret;

	ret = nsu_fsat_open_target(dirfd, name, &fd);
	if (ret == -ENOENT) {
		if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
			return nsu_fail(fail, errno, "make '%s'", path);
		ret = nsu_fsat_open_target(dirfd, name, &fd);
	}
	if (ret < 0)
		return nsu_fail(fail, -ret, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", path);
	if (st.st_uid != 0 || (st.st_mode & 077))
		return refuse_owner(path, fail);
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

static int open_state_dir(int *ret_fd, struct nsu_fail *fail)
{
	struct nsu_fsat_walk walk = {.dirfd = AT_FDCWD, .path = NSU_STATE_PARENT_DIR, .is_last_owned = true};
	auto_close int parent_dirfd = -1;
	struct stat st;
	int ret;

	ret = nsu_fsat_walk(&walk, &parent_dirfd);
	if (ret == -EPERM && walk.reason)
		return nsu_fail_because(fail, EPERM, "%s: '%.*s' %s", NSU_STATE_PARENT_DIR,
		                        (int)(walk.reason_len ? walk.reason_len : 1), NSU_STATE_PARENT_DIR,
		                        walk.reason);
	if (ret < 0)
		return nsu_fail(fail, -ret, "open '%s'", NSU_STATE_PARENT_DIR);
	if (fstat(parent_dirfd, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", NSU_STATE_PARENT_DIR);
	if (st.st_mode & (S_IWGRP | S_IWOTH)) /* sticky or not: what cleans up there would clean us up */
		return nsu_fail_because(fail, EPERM, "%s: others than root can write it (chmod go-w)",
		                        NSU_STATE_PARENT_DIR);
	return open_private(parent_dirfd, strrchr(NSU_STATE_DIR, '/') + 1, NSU_STATE_DIR, ret_fd, fail);
}

/* NSU_INSTANCE_DIR or NSU_THROW_AWAY_DIR, and in it a directory. */
static int open_above(const char *path, const char *name, int *ret_dirfd, int *ret_fd, struct nsu_fail *fail)
{
	auto_close int state_dirfd = -1;
	char inner[NSU_PATH_MAX];
	int ret;

	ret = open_state_dir(&state_dirfd, fail);
	if (ret < 0)
		return ret;
	ret = open_private(state_dirfd, strrchr(path, '/') + 1, path, ret_dirfd, fail);
	if (ret < 0)
		return ret;
	snprintf(inner, sizeof(inner), "%s/%s", path, name);
	return open_private(*ret_dirfd, name, inner, ret_fd, fail);
}

/*
 * The session's own, locked until its process 1 is dead, however that ends: what is not locked is nobody's any more, and
 * whoever removes his own removes that too (remove.c). So it may vanish before it is locked.
 */
static int open_locked(const char *id, struct nsu_instances *instances, struct nsu_fail *fail)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		auto_close int sessions_dirfd = -1;
		auto_close int dirfd = -1;
		auto_close int fd = -1;
		struct stat st;
		int ret = open_above(NSU_THROW_AWAY_DIR, id, &sessions_dirfd, &dirfd, fail);

		if (ret < 0)
			return ret;
		fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0)
			return nsu_fail(fail, errno, "lock '%s/%s'", NSU_THROW_AWAY_DIR, id);
		if (st.st_nlink == 0)
			continue;
		instances->sessions_dirfd = nsu_take_fd(&sessions_dirfd);
		instances->session_dirfd = nsu_take_fd(&dirfd);
		instances->lock_fd = nsu_take_fd(&fd);
		return 0;
	}
	return nsu_fail_because(fail, EAGAIN, "%s/%s: it is removed again and again", NSU_THROW_AWAY_DIR, id);
}

static int make_owned(int dirfd, const char *name, const struct nsu_plan_mount *mount, int *ret_fd)
{
	auto_close int fd = -1;
	struct stat st;

	if (mkdirat(dirfd, name, 0700) < 0)
		return -errno;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != 0)
		return -EPERM;
	if (fchown(fd, mount->uid, mount->gid) < 0 || fchmod(fd, mount->mode) < 0)
		return -errno;
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

/* Under another name first, as two logins may do it at once. Return: -EEXIST if the other one was quicker. */
static int make_kept(int dirfd, const char *name, const char *id, const struct nsu_plan_mount *mount, int *ret_fd)
{
	char unfinished[NSU_ID_LEN + 2];
	auto_close int fd = -1;
	int ret;

	snprintf(unfinished, sizeof(unfinished), "-%s", id);
	ret = make_owned(dirfd, unfinished, mount, &fd);
	if (ret == 0 && syscall(SYS_renameat2, dirfd, unfinished, dirfd, name, RENAME_NOREPLACE) < 0)
		ret = -errno;
	if (ret < 0) {
		unlinkat(dirfd, unfinished, AT_REMOVEDIR);
		return ret;
	}
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

/* Of the user's kept ones: a directory that is there already is his, as it is. */
static int open_kept(int dirfd, const char *name, const struct nsu_plan *plan, const struct nsu_plan_mount *mount,
                     int *ret_fd)
{
	int ret = nsu_fsat_open_target(dirfd, name, ret_fd);

	if (ret != -ENOENT)
		return ret;
	ret = make_kept(dirfd, name, plan->id, mount, ret_fd);
	return ret == -EEXIST ? nsu_fsat_open_target(dirfd, name, ret_fd) : ret;
}

static int check_kept(const struct nsu_plan *plan, const struct nsu_plan_mount *mount, int dirfd, int fd,
                      struct nsu_fail *fail)
{
	struct stat above, st;

	if (fstat(dirfd, &above) < 0 || fstat(fd, &st) < 0)
		return nsu_fail(fail, errno, "stat the directory of the instance on '%s'", mount->path);
	if (st.st_dev != above.st_dev)
		return nsu_fail_because(fail, EXDEV,
		                        "instance on '%s': its directory is on another file system than %s/%u",
		                        mount->path, NSU_INSTANCE_DIR, (unsigned)plan->uid);
	if (st.st_uid != 0 && st.st_uid != plan->uid)
		return nsu_fail_because(fail, EPERM, "instance on '%s': its directory in %s/%u belongs to another user",
		                        mount->path, NSU_INSTANCE_DIR, (unsigned)plan->uid);
	return 0;
}

static int open_dirs(const struct nsu_plan *plan, const struct nsu_plan_mount *mount, struct nsu_instances *instances,
                     struct nsu_fail *fail)
{
	auto_close int instances_dirfd = -1;
	char uid[16];

	if (mount->throw_away)
		return instances->session_dirfd >= 0 ? 0 : open_locked(plan->id, instances, fail);
	snprintf(uid, sizeof(uid), "%u", (unsigned)plan->uid);
	return instances->user_dirfd >= 0
	               ? 0
	               : open_above(NSU_INSTANCE_DIR, uid, &instances_dirfd, &instances->user_dirfd, fail);
}

int nsu_instance_open(const struct nsu_plan *plan, const struct nsu_plan_mount *mount, struct nsu_instances *instances,
                      int *ret_fd, struct nsu_fail *fail)
{
	auto_close int fd = -1;
	char name[NAME_MAX + 1];
	int ret;

	if (!name_instance(mount->path, name))
		return nsu_fail_because(fail, ENAMETOOLONG, "instance on '%s': the path is too long to be a name",
		                        mount->path);
	ret = open_dirs(plan, mount, instances, fail);
	if (ret < 0)
		return ret;
	if (mount->throw_away)
		ret = make_owned(instances->session_dirfd, name, mount, &fd);
	else
		ret = open_kept(instances->user_dirfd, name, plan, mount, &fd);
	if (ret < 0)
		return nsu_fail(fail, -ret, "open the directory of the instance on '%s'", mount->path);
	if (!mount->throw_away)
		ret = check_kept(plan, mount, instances->user_dirfd, fd, fail);
	if (ret < 0)
		return ret;
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

void nsu_instance_end(struct nsu_instances *instances)
{
	nsu_close_fd(&instances->user_dirfd);
	nsu_close_fd(&instances->session_dirfd);
	nsu_close_fd(&instances->lock_fd);
}
