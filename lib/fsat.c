/* SPDX-License-Identifier: BSD-3-Clause */
#include "fsat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const char *untrusted_reason(const struct stat *st)
{
	if (st->st_uid != 0)
		return "it does not belong to root (chown root)";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "others than root can write it (chmod go-w)";
	return NULL;
}

static int check_trusted_dir(int dirfd, const char *path, int prefix_len, struct nsu_fail *fail)
{
	const char *reason;
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		return nsu_fail(fail, errno, "stat '%.*s'", prefix_len, path);
	if (!S_ISDIR(st.st_mode))
		return nsu_fail(fail, S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR, "open '%.*s', a directory of '%s'",
		                prefix_len, path, path);
	reason = untrusted_reason(&st);
	if (reason)
		return nsu_fail_because(fail, EPERM, "%s: the directory '%.*s' is not trusted: %s", path, prefix_len,
		                        path, reason);
	return 0;
}

/* Walks from `/` to the directory that holds the last component, checking each on its descriptor. */
static int open_trusted_parent(const char *path, int *ret_dirfd, struct nsu_fail *fail)
{
	const char *last = strrchr(path, '/');
	auto_close int dirfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *part = path;
	int ret;

	if (dirfd < 0)
		return nsu_fail(fail, errno, "open '/'");
	ret = check_trusted_dir(dirfd, "/", 1, fail);
	while (ret == 0 && part < last) {
		char name[NAME_MAX + 1];
		size_t len;
		int next;

		part++;
		len = strcspn(part, "/");
		if (len >= sizeof(name))
			return nsu_fail(fail, ENAMETOOLONG, "open '%s'", path);
		memcpy(name, part, len);
		name[len] = '\0';
		part += len;
		next = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); /* a link: the link itself */
		if (next < 0)
			return nsu_fail(fail, errno, "open '%.*s', a directory of '%s'", (int)(part - path), path,
			                path);
		close(dirfd);
		dirfd = next;
		ret = check_trusted_dir(dirfd, path, (int)(part - path), fail);
	}
	if (ret < 0)
		return ret;
	*ret_dirfd = nsu_take_fd(&dirfd);
	return 0;
}

int nsu_fsat_open_trusted(const char *path, enum nsu_fsat_use use, int *ret_fd, struct nsu_fail *fail)
{
	int flags = use == NSU_FSAT_EXEC ? O_PATH : O_RDONLY | O_NOCTTY | O_NONBLOCK;
	auto_close int dirfd = -1;
	auto_close int fd = -1;
	const char *reason;
	struct stat st;
	int ret;

	ret = open_trusted_parent(path, &dirfd, fail);
	if (ret < 0)
		return ret;
	fd = openat(dirfd, strrchr(path, '/') + 1, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return nsu_fail(fail, errno, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", path);
	if (S_ISLNK(st.st_mode)) /* O_PATH opens the link itself */
		return nsu_fail(fail, ELOOP, "open '%s'", path);
	if (use == NSU_FSAT_LIST ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return nsu_fail_because(fail, EPERM, "%s: not a %s", path,
		                        use == NSU_FSAT_LIST ? "directory" : "regular file");
	reason = untrusted_reason(&st);
	if (reason)
		return nsu_fail_because(fail, EPERM, "%s: the %s is not trusted: %s", path,
		                        use == NSU_FSAT_LIST ? "directory" : "file", reason);
	if (use == NSU_FSAT_EXEC && !(st.st_mode & S_IXUSR))
		return nsu_fail_because(fail, EACCES, "%s: not executable (chmod 755)", path);
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

int nsu_fsat_read_text(int fd, const char *path, size_t max, char **ret_text, size_t *ret_len, struct nsu_fail *fail)
{
	auto_free char *text = NULL;
	size_t cap, len = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", path);
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return nsu_fail_because(fail, EFBIG, "%s: larger than the %zu bytes allowed", path, max);
	cap = (size_t)st.st_size + 1; /* one more than expected: shows a file that grows meanwhile */
	text = malloc(cap + 1);
	if (!text)
		return nsu_fail(fail, ENOMEM, "read '%s'", path);
	while (len < cap) {
		ssize_t n = read(fd, text + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nsu_fail(fail, errno, "read '%s'", path);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == cap)
		return nsu_fail_because(fail, EAGAIN, "%s: changed while it was read", path);
	text[len] = '\0';
	if (strlen(text) != len)
		return nsu_fail_because(fail, EINVAL, "%s: holds a NUL byte: not a text file", path);
	*ret_text = text;
	*ret_len = len;
	text = NULL;
	return 0;
}

/* Below @dirfd if @path is relative, and never through a link. */
static int open_path(int dirfd, const char *path, unsigned flags, int *ret_fd)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (path[0] != '/')
		how.resolve |= RESOLVE_BENEATH;
	fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}

int nsu_fsat_open_target(int dirfd, const char *path, int *ret_fd)
{
	return open_path(dirfd, path, O_PATH | O_DIRECTORY, ret_fd);
}

int nsu_fsat_open_any(int dirfd, const char *path, int *ret_fd)
{
	int ret = open_path(dirfd, path, O_PATH | O_DIRECTORY, ret_fd); /* which mounts what is automounted */

	return ret == -ENOTDIR ? open_path(dirfd, path, O_PATH, ret_fd) : ret;
}

/* The next component of a path behind *@at, which moves behind it. Return: false if there is none, or it is too long. */
static bool take_component(const char *path, size_t *at, char name[NAME_MAX + 1])
{
	size_t len;

	*at += path[*at] == '/';
	len = strcspn(path + *at, "/");
	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(name, path + *at, len);
	name[len] = '\0';
	*at += len;
	return true;
}

static bool is_owner_allowed(const struct nsu_fsat_walk *walk, const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == walk->uid;
}

/* May others change which file the next name in this directory is? */
static const char *reason_against_dir(const struct nsu_fsat_walk *walk, const struct stat *st)
{
	if (!is_owner_allowed(walk, st))
		return walk->uid == 0 ? "does not belong to root" : "belongs neither to root nor to the user";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !(st->st_mode & S_ISVTX))
		return "can be written by others (chmod go-w)";
	return NULL;
}

static int refuse_step(struct nsu_fsat_walk *walk, const char *reason, size_t len)
{
	walk->reason = reason;
	walk->reason_len = len;
	return -EPERM;
}

/* One directory: looks at it, and opens the next component in it. @at is how much of the path has been walked. */
static int step(struct nsu_fsat_walk *walk, int dirfd, size_t *at, int *ret_fd)
{
	size_t dir_len = *at;
	char name[NAME_MAX + 1];
	struct stat dir, st;
	const char *reason;
	int fd = -1;
	int ret;

	if (fstat(dirfd, &dir) < 0)
		return -errno;
	reason = reason_against_dir(walk, &dir);
	if (reason)
		return refuse_step(walk, reason, dir_len);
	if (!take_component(walk->path, at, name))
		return -ENAMETOOLONG;
	ret = walk->path[*at] ? nsu_fsat_open_target(dirfd, name, &fd) : nsu_fsat_open_any(dirfd, name, &fd);
	if (ret < 0)
		return ret;
	*ret_fd = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* In a sticky directory only the owner of a file, and of the directory, may rename it. */
	if ((walk->is_last_owned || (dir.st_mode & (S_IWGRP | S_IWOTH))) && !is_owner_allowed(walk, &st))
		return refuse_step(walk, reason_against_dir(walk, &st), *at);
	return 0;
}

int nsu_fsat_walk(struct nsu_fsat_walk *walk, int *ret_fd)
{
	auto_close int dirfd = -1;
	size_t at = 0;
	int ret;

	walk->reason = NULL;
	walk->reason_len = 0;
	ret = open_path(walk->dirfd, walk->path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY, &dirfd);
	while (ret == 0 && walk->path[at]) {
		auto_close int next = -1;

		ret = step(walk, dirfd, &at, &next);
		if (ret == 0) {
			close(dirfd);
			dirfd = nsu_take_fd(&next);
		}
	}
	if (ret < 0)
		return ret;
	*ret_fd = nsu_take_fd(&dirfd);
	return 0;
}

int nsu_fsat_look_at_root(struct nsu_fsat_root *ret_root, struct nsu_fail *fail)
{
	struct statx root;

	if (syscall(SYS_statx, AT_FDCWD, "/", 0, STATX_MNT_ID | STATX_INO, &root) < 0)
		return nsu_fail(fail, errno, "look at '/'");
	ret_root->mount_id = root.stx_mnt_id;
	ret_root->inode = root.stx_ino;
	return 0;
}

bool nsu_fsat_is_same_root(const struct nsu_fsat_root *a, const struct nsu_fsat_root *b)
{
	return a->mount_id == b->mount_id && a->inode == b->inode;
}

static int make_empty_file(int dirfd, const char *name)
{
	auto_close int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : 0;
}

/* @fd moves from a directory to what the next component in it is, made where it is missing. */
static int make_step(const char *path, size_t *at, bool is_dir, int *fd)
{
	auto_close int dirfd = nsu_take_fd(fd);
	char name[NAME_MAX + 1];
	int ret;

	if (!take_component(path, at, name))
		return -ENAMETOOLONG;
	if (path[*at] || is_dir)
		ret = mkdirat(dirfd, name, 0755) < 0 ? -errno : 0;
	else
		ret = make_empty_file(dirfd, name);
	if (ret < 0 && ret != -EEXIST)
		return ret;
	return path[*at] || is_dir ? nsu_fsat_open_target(dirfd, name, fd) : open_path(dirfd, name, O_PATH, fd);
}

int nsu_fsat_make_target(int dirfd, const char *path, bool is_dir, int *ret_fd)
{
	auto_close int fd = -1;
	size_t at = 0;
	int ret;

	ret = open_path(dirfd, ".", O_PATH | O_DIRECTORY, &fd);
	while (ret == 0 && path[at])
		ret = make_step(path, &at, is_dir, &fd);
	if (ret < 0)
		return ret;
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}
