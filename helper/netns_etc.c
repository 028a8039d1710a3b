/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. What comes to lie in /etc MUST be root's alone, and so must be the way to it.
 * 2. Sources and targets are found from two directories that are opened before the first mount, by one name each: no mount of
 *    one can change what another is.
 */
#include "netns_etc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fsat.h"
#include "mnt.h"

#define ETC_DIR "/etc"

struct places {
	char path[sizeof(NSU_NETNS_ETC_DIR) + NSU_NAME_MAX + 1]; /* of the sources */
	int source_dirfd;
	int etc_dirfd;
	struct nsu_fail *fail;
};

static const char *untrusted_reason(const struct stat *st)
{
	if (st->st_uid != 0)
		return "does not belong to root (chown root)";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "can be written by others than root (chmod go-w)";
	return NULL;
}

/* A directory that is root's alone, as is the way to it. Return: -ENOENT too. */
static int open_dir(const struct places *places, const char *path, int *ret_fd)
{
	struct nsu_fsat_walk walk = {.dirfd = AT_FDCWD, .path = path, .is_last_owned = true};
	auto_close int fd = -1;
	const char *reason;
	struct stat st;
	int ret;

	ret = nsu_fsat_walk(&walk, &fd);
	if (ret == -ENOENT)
		return ret;
	if (ret == -EPERM && walk.reason)
		return nsu_fail_because(places->fail, EPERM, "the files of '%s' are not trusted: '%.*s' %s", path,
		                        (int)(walk.reason_len ? walk.reason_len : 1), path, walk.reason);
	if (ret < 0)
		return nsu_fail(places->fail, -ret, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return nsu_fail(places->fail, errno, "stat '%s'", path);
	reason = untrusted_reason(&st);
	if (reason)
		return nsu_fail_because(places->fail, EPERM, "the files of '%s' are not trusted: it %s", path, reason);
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

static int open_source(const struct places *places, const char *name, int *ret_fd, bool *ret_is_dir)
{
	auto_close int fd = -1;
	const char *reason;
	struct stat st;
	int ret;

	ret = nsu_fsat_open_any(places->source_dirfd, name, &fd);
	if (ret == -ELOOP)
		return nsu_fail_because(places->fail, ELOOP, "'%s/%s' is a symbolic link (a copy, or a hard link)",
		                        places->path, name);
	if (ret < 0)
		return nsu_fail(places->fail, -ret, "open '%s/%s'", places->path, name);
	if (fstat(fd, &st) < 0)
		return nsu_fail(places->fail, errno, "stat '%s/%s'", places->path, name);
	reason = untrusted_reason(&st);
	if (!reason && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		reason = "is neither a file nor a directory";
	if (reason)
		return nsu_fail_because(places->fail, EPERM, "'%s/%s' %s", places->path, name, reason);
	*ret_fd = nsu_take_fd(&fd);
	*ret_is_dir = S_ISDIR(st.st_mode);
	return 0;
}

/* What is covered: the link itself where it is one. Return: -ENOENT too. */
static int open_target(const struct places *places, const char *name, bool is_dir, int *ret_fd)
{
	auto_close int fd = openat(places->etc_dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0)
		return nsu_fail(places->fail, errno, "open '" ETC_DIR "/%s' to mount over", name);
	if (is_dir != S_ISDIR(st.st_mode))
		return nsu_fail_because(places->fail, is_dir ? ENOTDIR : EISDIR,
		                        "'%s/%s' is %s directory, and '" ETC_DIR "/%s' is not the same", places->path,
		                        name, is_dir ? "a" : "no", name);
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

static int bind_one(const struct places *places, const char *name)
{
	auto_close int source_fd = -1;
	auto_close int target_fd = -1;
	auto_close int mount_fd = -1;
	bool is_dir = false;
	int ret;

	ret = open_source(places, name, &source_fd, &is_dir);
	if (ret < 0)
		return ret;
	ret = open_target(places, name, is_dir, &target_fd);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	ret = nsu_mnt_clone(source_fd, "", NSU_MNT_ALONE | NSU_MNT_CUT,
	                    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &mount_fd);
	if (ret == 0)
		ret = nsu_mnt_attach(mount_fd, target_fd);
	if (ret == -ENOSPC)
		return nsu_fail_because(places->fail, ENOSPC,
		                        "bind '%s/%s': the limit fs.mount-max (sysctl) is reached", places->path, name);
	return ret < 0 ? nsu_fail(places->fail, -ret, "bind '%s/%s' over '" ETC_DIR "/%s'", places->path, name, name)
	               : 0;
}

static int bind_all(const struct places *places)
{
	int list_fd = openat(places->source_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = list_fd < 0 ? NULL : fdopendir(list_fd);
	int ret = 0;

	if (!dir) {
		ret = nsu_fail(places->fail, errno, "list '%s'", places->path);
		nsu_close_fd(&list_fd);
		return ret;
	}
	while (ret == 0) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry && errno != 0)
			ret = nsu_fail(places->fail, errno, "list '%s'", places->path);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ret = bind_one(places, entry->d_name);
	}
	closedir(dir);
	return ret;
}

int nsu_netns_etc_bind(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	struct places places = {.source_dirfd = -1, .etc_dirfd = -1, .fail = fail};
	int ret;

	if (!(plan->namespaces & CLONE_NEWNET) || plan->net.mode != NSU_PLAN_NET_NAMED)
		return 0;
	snprintf(places.path, sizeof(places.path), "%s/%s", NSU_NETNS_ETC_DIR, plan->net.name);
	ret = open_dir(&places, places.path, &places.source_dirfd);
	if (ret == -ENOENT)
		return 0;
	if (ret == 0)
		ret = open_dir(&places, ETC_DIR, &places.etc_dirfd);
	if (ret == 0)
		ret = bind_all(&places);
	nsu_close_fd(&places.source_dirfd);
	nsu_close_fd(&places.etc_dirfd);
	return ret;
}
