/* SPDX-License-Identifier: BSD-3-Clause */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "defaults.h"

#define LINKS_MAX 40 /* as the kernel has it */

struct walk {
	int fd;                  /* where it is */
	char rest[NSU_PATH_MAX]; /* what is left of the path */
	unsigned n_links;
};

/* Puts what a symbolic link says in front of the rest. */
static int follow(struct walk *walk, int link_fd)
{
	char target[NSU_PATH_MAX], joined[NSU_PATH_MAX];
	ssize_t len = readlinkat(link_fd, "", target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (++walk->n_links > LINKS_MAX)
		return -ELOOP;
	if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", target, walk->rest) >= sizeof(joined))
		return -ENAMETOOLONG;
	memcpy(walk->rest, joined, strlen(joined) + 1);
	if (target[0] != '/')
		return 0;
	close(walk->fd);
	walk->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return walk->fd < 0 ? -errno : 0;
}

/* What O_PATH opens is not automounted by that. */
static int check_automount(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == AUTOFS_SUPER_MAGIC ? -EREMOTE : 0;
}

/* One component. */
static int step(struct walk *walk)
{
	size_t skipped = strspn(walk->rest, "/"), len = strcspn(walk->rest + skipped, "/");
	auto_close int next = -1;
	char name[NSU_PATH_MAX];
	struct stat st;
	int ret;

	snprintf(name, sizeof(name), "%.*s", (int)len, walk->rest + skipped);
	memmove(walk->rest, walk->rest + skipped + len, strlen(walk->rest + skipped + len) + 1);
	if (len == 0)
		return 0;
	ret = check_automount(walk->fd);
	if (ret < 0)
		return ret;
	next = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 || fstat(next, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return follow(walk, next);
	close(walk->fd);
	walk->fd = nsu_take_fd(&next);
	return 0;
}

int nsu_reader_open(const char *path, int *ret_fd)
{
	struct walk walk = {.n_links = 0};
	int ret = 0;

	if (path[0] != '/')
		return -EINVAL;
	if ((size_t)snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= sizeof(walk.rest))
		return -ENAMETOOLONG;
	walk.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk.fd < 0)
		return -errno;
	while (ret == 0 && walk.rest[0])
		ret = step(&walk);
	if (ret == 0)
		ret = check_automount(walk.fd);
	if (ret == 0)
		*ret_fd = walk.fd;
	else
		nsu_close_fd(&walk.fd);
	return ret;
}

int nsu_reader_list(const char *pattern, glob_t *found)
{
	size_t len = strcspn(pattern, "*?[\\");
	char dir[NSU_PATH_MAX];
	auto_close int fd = -1;
	int ret;

	while (len > 0 && pattern[len - 1] != '/')
		len--;
	if (len == 0 || len >= sizeof(dir))
		return -ENOENT;
	snprintf(dir, sizeof(dir), "%.*s", (int)len, pattern);
	if (nsu_reader_open(dir, &fd) < 0)
		return -ENOENT;
	ret = glob(pattern, 0, NULL, found);
	if (ret == 0)
		return 0;
	return ret == GLOB_NOSPACE ? -ENOMEM : -ENOENT;
}

static int read_all(int fd, const char *path, size_t max, char **ret_text, struct nsu_fail *fail)
{
	auto_free char *text = NULL;
	size_t cap = 0, len = 0;

	for (;;) {
		ssize_t n;

		if (len + 1 >= cap) {
			char *grown = realloc(text, cap = cap ? cap * 2 : 4096);

			if (!grown)
				return nsu_fail(fail, ENOMEM, "read '%s'", path);
			text = grown;
		}
		n = read(fd, text + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nsu_fail(fail, errno, "read '%s'", path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return nsu_fail_because(fail, EFBIG, "it is larger than %zu bytes", max);
	}
	text[len] = '\0';
	if (strlen(text) != len)
		return nsu_fail_because(fail, EINVAL, "it holds a NUL byte: it is no text file");
	*ret_text = text;
	text = NULL;
	return 0;
}

int nsu_reader_text(const char *path, size_t max, char **ret_text, struct nsu_fail *fail)
{
	auto_close int path_fd = -1;
	auto_close int fd = -1;
	char name[64];
	struct stat st;
	int ret;

	ret = nsu_reader_open(path, &path_fd);
	if (ret == -EREMOTE)
		return nsu_fail_because(fail, EREMOTE, "it lies where an automounter would have to mount something");
	if (ret < 0)
		return nsu_fail(fail, -ret, "open '%s'", path);
	if (fstat(path_fd, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", path);
	if (!S_ISREG(st.st_mode)) /* opening a FIFO or a device may wait, or do something */
		return nsu_fail_because(fail, EINVAL, "it is no regular file");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path_fd);
	fd = open(name, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return nsu_fail(fail, errno, "open '%s'", path);
	return read_all(fd, path, max, ret_text, fail);
}
