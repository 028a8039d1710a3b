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
int __wrap_scandirat(int, const char *, struct dirent ***, int (*)(const struct dirent *),
                     int (*)(const struct dirent **, const struct dirent **));

static const struct fuzz_file *files;
static size_t n_files;

/* The directory that was opened last. */
static char listed[NSU_PATH_MAX];
static int listed_fd = -1;

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
		REQUIRE(strlen(path) < sizeof(listed));
		strcpy(listed, path);
		listed_fd = *ret_fd;
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

int __wrap_scandirat(int fd, const char *path, struct dirent ***ret_entries, int (*is_wanted)(const struct dirent *),
                     int (*compare)(const struct dirent **, const struct dirent **))
{
	struct dirent **entries = calloc(n_files + 1, sizeof(struct dirent *));
	int n = 0;

	REQUIRE(entries && fd == listed_fd && strcmp(path, ".") == 0);
	for (size_t i = 0; i < n_files; i++) {
		const char *name = inside(files[i].path, listed);
		struct dirent entry = {.d_type = DT_REG};

		if (!name || strchr(name, '/'))
			continue;
		strcpy(entry.d_name, name);
		if (!is_wanted(&entry))
			continue;
		entries[n] = malloc(sizeof(entry));
		REQUIRE(entries[n]);
		*entries[n++] = entry;
	}
	qsort(entries, (size_t)n, sizeof(struct dirent *), (int (*)(const void *, const void *))(void *)compare);
	*ret_entries = entries;
	return n;
}
