/* SPDX-License-Identifier: BSD-3-Clause */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fsat.h"
#include "fuzz.h"

int __wrap_nsu_fsat_open_trusted(const char *, enum nsu_fsat_use, int *, struct nsu_fail *);
int __wrap_nsu_fsat_read_text(int, const char *, size_t, char **, size_t *, struct nsu_fail *);
int __wrap_nsu_fsat_open_any(int, const char *, int *);
int __wrap_nsu_fsat_walk(struct nsu_fsat_walk *, int *);
DIR *__wrap_fdopendir(int);
DIR *__real_fdopendir(int);
struct dirent *__wrap_readdir(DIR *);
struct dirent *__real_readdir(DIR *);
int __wrap_closedir(DIR *);
int __real_closedir(DIR *);

static const struct fuzz_file *files;
static size_t n_files;

/* The one directory that is listed at a time. */
static struct {
	char path[NSU_PATH_MAX];
	int fd;
	size_t next;
	struct dirent entry;
} listing = {.fd = -1};

void fuzz_set_files(const struct fuzz_file *new_files, size_t n)
{
	files = new_files;
	n_files = n;
}

static int open_anything(int *ret_fd)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	REQUIRE(fd >= 0);
	*ret_fd = fd;
	return 0;
}

static const struct fuzz_file *find(const char *path)
{
	for (size_t i = 0; i < n_files; i++) {
		if (strcmp(files[i].path, path) == 0)
			return &files[i];
	}
	return NULL;
}

/* What stands behind a directory in a file's path; NULL: the file is not in it. */
static const char *inside(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

static bool has_directory(const char *path)
{
	for (size_t i = 0; i < n_files; i++) {
		if (inside(files[i].path, path))
			return true;
	}
	return false;
}

int __wrap_nsu_fsat_open_trusted(const char *path, enum nsu_fsat_use use, int *ret_fd, struct nsu_fail *fail)
{
	bool exists = use == NSU_FSAT_LIST ? has_directory(path) : find(path) != NULL;

	if (!exists)
		return nsu_fail(fail, ENOENT, "open '%s'", path);
	open_anything(ret_fd);
	if (use == NSU_FSAT_LIST) {
		REQUIRE(strlen(path) < sizeof(listing.path));
		strcpy(listing.path, path);
		listing.fd = *ret_fd;
		listing.next = 0;
	}
	return 0;
}

int __wrap_nsu_fsat_read_text(int fd, const char *path, size_t max, char **ret_text, size_t *ret_len,
                              struct nsu_fail *fail)
{
	const struct fuzz_file *file = find(path);

	REQUIRE(fd >= 0 && file);
	if (strlen(file->text) > max)
		return nsu_fail_because(fail, EFBIG, "%s: larger than the %zu bytes allowed", path, max);
	*ret_text = strdup(file->text);
	REQUIRE(*ret_text);
	*ret_len = strlen(*ret_text);
	return 0;
}

int __wrap_nsu_fsat_open_any(int dirfd, const char *path, int *ret_fd)
{
	REQUIRE(dirfd == AT_FDCWD && fuzz_is_clean(path));
	if (strstr(path, "missing"))
		return -ENOENT;
	return strstr(path, "link") ? -ELOOP : open_anything(ret_fd);
}

int __wrap_nsu_fsat_walk(struct nsu_fsat_walk *walk, int *ret_fd)
{
	const char *loose = strstr(walk->path, "loose");

	walk->reason = loose ? "can be written by others" : NULL;
	walk->reason_len = loose ? (size_t)(loose - walk->path) : 0;
	return loose ? -EPERM : __wrap_nsu_fsat_open_any(walk->dirfd, walk->path, ret_fd);
}

/* The runtime of the fuzzer lists directories too. */
DIR *__wrap_fdopendir(int fd)
{
	return fd == listing.fd ? (DIR *)(void *)&listing : __real_fdopendir(fd);
}

struct dirent *__wrap_readdir(DIR *dir)
{
	if (dir != (DIR *)(void *)&listing)
		return __real_readdir(dir);
	while (listing.next < n_files) {
		const char *name = inside(files[listing.next++].path, listing.path);

		if (!name || strchr(name, '/'))
			continue;
		strcpy(listing.entry.d_name, name);
		return &listing.entry;
	}
	return NULL;
}

int __wrap_closedir(DIR *dir)
{
	if (dir != (DIR *)(void *)&listing)
		return __real_closedir(dir);
	close(listing.fd);
	listing.fd = -1;
	return 0;
}
