/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. NSU_NETNS_DIR MUST be a shared mount before a namespace is mounted in it, so that all mount namespaces see it (ip-netns(8)).
 * 2. The lock is on a directory that root alone can open: nobody else can hold it, as he could that on NSU_NETNS_DIR.
 * 3. A file without a namespace is of a maker that was killed: it gets one.
 */
#include "named.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "fsat.h"
#include "mnt.h"
#include "ns.h"
#include "proc.h"

#define LOCK_POLL_MS 2

static int lock(int64_t deadline_ms, int *ret_fd, struct nsu_fail *fail)
{
	auto_close int fd = -1;

	if (mkdir(NSU_RUN_DIR, 0700) < 0 && errno != EEXIST)
		return nsu_fail(fail, errno, "make '%s'", NSU_RUN_DIR);
	fd = open(NSU_RUN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return nsu_fail(fail, errno, "open '%s'", NSU_RUN_DIR);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return nsu_fail(fail, errno, "lock '%s'", NSU_RUN_DIR);
		if (nsu_proc_now_ms() >= deadline_ms)
			return nsu_fail_because(fail, ETIMEDOUT, "another login makes net namespaces for too long");
		poll(NULL, 0, LOCK_POLL_MS);
	}
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

static int open_dir(int *ret_dirfd, struct nsu_fail *fail)
{
	struct nsu_fsat_walk walk = {.dirfd = AT_FDCWD, .path = NSU_NETNS_DIR, .is_last_owned = true};
	int ret = nsu_fsat_walk(&walk, ret_dirfd);

	if (ret == -EPERM && walk.reason)
		return nsu_fail_because(fail, EPERM, "'%.*s' %s: net namespaces can not be made there",
		                        (int)(walk.reason_len ? walk.reason_len : 1), NSU_NETNS_DIR, walk.reason);
	return ret < 0 ? nsu_fail(fail, -ret, "open '%s'", NSU_NETNS_DIR) : 0;
}

/* Only a mount can be made shared: the directory is bound over itself where it is none. */
static int share_dir(struct nsu_fail *fail)
{
	if (mount("", NSU_NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	if (errno != EINVAL)
		return nsu_fail(fail, errno, "share the mount of '%s'", NSU_NETNS_DIR);
	if (mount(NSU_NETNS_DIR, NSU_NETNS_DIR, "none", MS_BIND | MS_REC, NULL) < 0)
		return nsu_fail(fail, errno, "bind '%s' over itself", NSU_NETNS_DIR);
	if (mount("", NSU_NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) < 0)
		return nsu_fail(fail, errno, "share the mount of '%s'", NSU_NETNS_DIR);
	return 0;
}

static bool is_namespace(int dirfd, const char *name)
{
	auto_close int fd = -1;
	struct statfs fs;

	return nsu_fsat_open_any(dirfd, name, &fd) == 0 && fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

/* Mounted last, when it is whole: nobody joins one whose loopback interface is down. */
static int mount_new(int dirfd, const char *name, struct nsu_fail *fail)
{
	auto_close int file_fd = -1;
	auto_close int target_fd = -1;
	auto_close int ns_fd = -1;
	auto_close int mount_fd = -1;
	int ret;

	file_fd = openat(dirfd, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (file_fd < 0 && errno != EEXIST)
		return nsu_fail(fail, errno, "make '%s/%s'", NSU_NETNS_DIR, name);
	if (unshare(CLONE_NEWNET) < 0)
		return nsu_fail(fail, errno, "make the net namespace '%s'", name);
	ret = nsu_ns_bring_up_loopback(fail);
	if (ret < 0)
		return ret;
	ns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ns_fd < 0)
		return nsu_fail(fail, errno, "open '/proc/self/ns/net'");
	ret = nsu_fsat_open_any(dirfd, name, &target_fd);
	if (ret == 0)
		ret = nsu_mnt_clone(ns_fd, "", NSU_MNT_ALONE, 0, &mount_fd);
	if (ret == 0)
		ret = nsu_mnt_attach(mount_fd, target_fd);
	return ret < 0 ? nsu_fail(fail, -ret, "mount the net namespace on '%s/%s'", NSU_NETNS_DIR, name) : 0;
}

int nsu_named_make(const char *name, int64_t deadline_ms, struct nsu_fail *fail)
{
	auto_close int lock_fd = -1;
	auto_close int dirfd = -1;
	int ret;

	if (mkdir(NSU_NETNS_DIR, 0755) < 0 && errno != EEXIST)
		return nsu_fail(fail, errno, "make '%s'", NSU_NETNS_DIR);
	ret = open_dir(&dirfd, fail);
	if (ret < 0 || is_namespace(dirfd, name)) /* as nearly always: without the lock */
		return ret;
	nsu_close_fd(&dirfd);
	ret = lock(deadline_ms, &lock_fd, fail);
	if (ret == 0)
		ret = share_dir(fail);
	if (ret == 0)
		ret = open_dir(&dirfd, fail); /* again: the mount may be new */
	if (ret < 0 || is_namespace(dirfd, name))
		return ret;
	return mount_new(dirfd, name, fail);
}
