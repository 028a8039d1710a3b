/* SPDX-License-Identifier: BSD-3-Clause */
#include "registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "proc.h"
#include "registry_lock.h"

#define LOCK_NAME_MAX (NSU_KEY_MAX + sizeof(NSU_REGISTRY_LOCK_SUFFIX))

int nsu_registry_open(bool may_make, int *ret_dirfd, struct nsu_fail *fail)
{
	auto_close int fd = -1;
	struct stat st;

	if (may_make && mkdir(NSU_RUN_DIR, 0700) < 0 && errno != EEXIST)
		return nsu_fail(fail, errno, "make '%s'", NSU_RUN_DIR);
	fd = open(NSU_RUN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return nsu_fail(fail, errno, "open '%s'", NSU_RUN_DIR);
	if (fstat(fd, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", NSU_RUN_DIR);
	if (st.st_uid != 0 || (st.st_mode & 07777) != 0700)
		return nsu_fail_because(fail, EPERM, "'%s' is not root's, with mode 0700 (remove it: it is made again)",
		                        NSU_RUN_DIR);
	*ret_dirfd = nsu_take_fd(&fd);
	return 0;
}

static int new_socket(int flags)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);

	return fd < 0 ? -errno : fd;
}

static int connect_to(const char *path, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int fd = new_socket(SOCK_NONBLOCK);

	if (fd < 0)
		return fd;
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

int nsu_registry_connect(int dirfd, const char *key, int *ret_fd)
{
	char path[sizeof("/proc/self/fd//") + 10 + NSU_KEY_MAX];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, key);
	return connect_to(path, ret_fd);
}

bool nsu_registry_is_dead(int dirfd, const char *name, const char *path)
{
	struct stat before, after;
	auto_close int fd = -1;

	return fstatat(dirfd, name, &before, AT_SYMLINK_NOFOLLOW) == 0 && connect_to(path, &fd) == -ECONNREFUSED &&
	       fstatat(dirfd, name, &after, AT_SYMLINK_NOFOLLOW) == 0 && before.st_ino == after.st_ino;
}

int nsu_registry_try_lock(int dirfd, const char *key, int *ret_fd)
{
	char name[LOCK_NAME_MAX];
	auto_close int fd = -1;
	struct stat held, named;

	snprintf(name, sizeof(name), "%s%s", key, NSU_REGISTRY_LOCK_SUFFIX);
	fd = openat(dirfd, name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (fstat(fd, &held) < 0)
		return -errno;
	if (fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) < 0 || named.st_ino != held.st_ino)
		return -EWOULDBLOCK; /* its last holder has removed it meanwhile */
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

void nsu_registry_unlock(int dirfd, const char *key, int *lock_fd)
{
	char name[LOCK_NAME_MAX];

	snprintf(name, sizeof(name), "%s%s", key, NSU_REGISTRY_LOCK_SUFFIX);
	unlinkat(dirfd, name, 0);
	nsu_close_fd(lock_fd);
}

/* Under the lock of the key: the same question again, and its answer holds. Return: 0; -EEXIST; -EWOULDBLOCK; negative errno. */
static int replace_dead(int dirfd, const char *name, const char *key)
{
	int lock_fd = -1;
	int ret;

	ret = nsu_registry_try_lock(dirfd, key, &lock_fd);
	if (ret < 0)
		return ret;
	if (nsu_registry_is_dead(dirfd, key, key))
		ret = renameat(dirfd, name, dirfd, key) < 0 ? -errno : 0;
	else
		ret = syscall(SYS_renameat2, dirfd, name, dirfd, key, 1 /* RENAME_NOREPLACE */) < 0 ? -errno : 0;
	nsu_registry_unlock(dirfd, key, &lock_fd);
	return ret;
}

/* From its first name to the key. Return: 0; -EEXIST if a living set has it; -ETIMEDOUT; negative errno. */
static int take_key(int dirfd, const char *name, const char *key, int64_t deadline_ms)
{
	static const struct timespec step = {.tv_nsec = NSU_AGAIN_MS * 1000000L};

	for (;;) {
		int ret = 0;

		if (syscall(SYS_renameat2, dirfd, name, dirfd, key, 1 /* RENAME_NOREPLACE */) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
		if (!nsu_registry_is_dead(dirfd, key, key))
			return -EEXIST;
		ret = replace_dead(dirfd, name, key);
		if (ret != -EWOULDBLOCK)
			return ret;
		if (nsu_proc_now_ms() >= deadline_ms)
			return -ETIMEDOUT;
		nanosleep(&step, NULL);
	}
}

static int listen_as(const char *name, int *ret_fd, struct nsu_fail *fail)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int fd = new_socket(SOCK_NONBLOCK);

	if (fd < 0)
		return nsu_fail(fail, -fd, "make the socket of the set");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return nsu_fail(fail, errno, "make the socket of the set in '%s'", NSU_RUN_DIR);
	if (listen(fd, NSU_BACKLOG) < 0) {
		int err = errno;

		unlink(name);
		return nsu_fail(fail, err, "listen on the socket of the set");
	}
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

/* Return: 0; -EEXIST; -ENOENT, both without a record: a sweep has taken the socket for a dead one the moment before it listened. */
static int try_claim(struct nsu_registry_entry *entry, const char *name, const char *key, int64_t deadline_ms,
                     struct nsu_fail *fail)
{
	auto_close int fd = -1;
	int ret;

	ret = listen_as(name, &fd, fail);
	if (ret < 0)
		return ret;
	ret = take_key(entry->dirfd, name, key, deadline_ms);
	if (ret == 0) {
		snprintf(entry->key, sizeof(entry->key), "%s", key);
		entry->listen_fd = nsu_take_fd(&fd);
		return 0;
	}
	unlinkat(entry->dirfd, name, 0);
	if (ret == -EEXIST || ret == -ENOENT)
		return ret;
	return nsu_fail(fail, -ret, "make the set known in '%s'", NSU_RUN_DIR);
}

int nsu_registry_claim(struct nsu_registry_entry *entry, const char *id, const char *key, int64_t deadline_ms,
                       struct nsu_fail *fail)
{
	char name[NSU_ID_LEN + 2];
	int ret;

	snprintf(name, sizeof(name), ".%.*s", NSU_ID_LEN, id);
	if (fchdir(entry->dirfd) < 0)
		return nsu_fail(fail, errno, "change to '%s'", NSU_RUN_DIR);
	for (unsigned tries = 0; tries < NSU_CLAIM_TRIES; tries++) {
		ret = try_claim(entry, name, key, deadline_ms, fail);
		if (ret != -ENOENT || fail->err != 0)
			return ret;
	}
	return nsu_fail(fail, ENOENT, "make the set known in '%s'", NSU_RUN_DIR);
}

void nsu_registry_forget(const char *id)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	char name[NSU_ID_LEN + 2];
	auto_close int dirfd = -1;

	if (id[0] == '\0' || nsu_registry_open(false, &dirfd, &ignored) < 0)
		return;
	snprintf(name, sizeof(name), ".%.*s", NSU_ID_LEN, id);
	unlinkat(dirfd, name, 0);
	name[0] = 's'; /* as nsu_set_key() has it */
	unlinkat(dirfd, name, 0);
}

void nsu_registry_leave(struct nsu_registry_entry *entry)
{
	if (entry->key[0])
		unlinkat(entry->dirfd, entry->key, 0);
	entry->key[0] = '\0';
	nsu_close_fd(&entry->listen_fd);
	nsu_close_fd(&entry->dirfd);
}
