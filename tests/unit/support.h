/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * support.h - what several unit tests need. Inline only.
 *
 * A check of cmocka that fails jumps back into the runner, which a forked child must not do. So a child is a function
 * that uses CHILD_CHECK() and never returns to the runner: in_child() ends it and hands its result to the parent.
 */
#ifndef NSU_TESTS_SUPPORT_H
#define NSU_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"

/* The reason stands on the line before the skipped test's own: tests/run shows it. */
#define SKIP_UNLESS(condition, reason)                                                                                 \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			print_message("# %s\n", reason);                                                               \
			skip();                                                                                        \
		}                                                                                                      \
	} while (0)

#define SKIP_UNLESS_ROOT() SKIP_UNLESS(geteuid() == 0, "needs root")

/* Where a child reports: one that closes or redirects its descriptors sets another. */
static int child_report_fd = STDOUT_FILENO;

/* In a child: ends it with a line for the reader if the condition does not hold. */
#define CHILD_CHECK(condition)                                                                                         \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			dprintf(child_report_fd, "# %s:%d: %s (errno: %s)\n", __FILE__, __LINE__, #condition,          \
			        strerror(errno));                                                                      \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

/* In a child: the same for a call that returns a negative errno and fills a record. */
#define CHILD_CHECK_OK(call, record)                                                                                   \
	do {                                                                                                           \
		if ((call) < 0) {                                                                                      \
			dprintf(child_report_fd, "# %s:%d: %s: %s (%s)\n", __FILE__, __LINE__, #call, (record)->text,  \
			        strerror((record)->err));                                                              \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

/* Runs a body in a forked child. Return: its exit status, or 128 and the signal that ended it. */
static inline int in_child(void (*body)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		body();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A test whose body runs in a child of root's. */
#define TEST_IN_CHILD(name, body)                                                                                      \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		(void)state;                                                                                           \
		SKIP_UNLESS_ROOT();                                                                                    \
		assert_int_equal(in_child(body), 0);                                                                   \
	}

/* In a child, as root: a mount namespace of its own from which nothing comes back, with an empty /run. */
static inline void own_mounts(void)
{
	CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
	CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHILD_CHECK(mount("tests", "/run", "tmpfs", 0, "mode=0755,size=1M") == 0);
}

/* In a child, after own_mounts(): an empty directory on a path that only root can have written. */
static inline const char *own_directory(void)
{
	CHILD_CHECK(mount("tests", "/mnt", "tmpfs", 0, "mode=0755,size=16M") == 0);
	return "/mnt";
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t len = strlen(text);

	CHILD_CHECK(fd >= 0);
	CHILD_CHECK(write(fd, text, len) == (ssize_t)len);
	CHILD_CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

static inline void copy_file(const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buffer[8192];
	ssize_t n;

	CHILD_CHECK(in >= 0);
	CHILD_CHECK(out >= 0);
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		CHILD_CHECK(write(out, buffer, (size_t)n) == n);
	CHILD_CHECK(n == 0 && fchmod(out, mode) == 0);
	close(in);
	close(out);
}

/*
 * A file of the build that this test is of: what the environment names, else the one beside the directory of the test.
 * Return: @path, or NULL if there is none.
 */
static inline const char *built_file(const char *variable, const char *name, char path[PATH_MAX])
{
	const char *given = getenv(variable);
	static char self[PATH_MAX - 64];
	ssize_t len;

	if (given)
		return realpath(given, path);
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return NULL;
	self[len] = '\0';
	snprintf(path, PATH_MAX, "%s/%s", dirname(dirname(self)), name);
	return access(path, R_OK) == 0 ? path : NULL;
}

/* How many descriptors this process has open. */
static inline int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -3; /* "." and ".." and the directory's own */

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* The number of one of the namespaces of a process, such as ("self", "mnt"). */
static inline ino_t ns_inode(const char *pid, const char *file)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, file);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* Whether what is mounted uppermost on a path has a word in its line of mountinfo. */
static inline bool mountinfo_says(const char *path, const char *word)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	bool says = false;
	char line[4096], point[300];

	CHILD_CHECK(file);
	snprintf(point, sizeof(point), " %s ", path);
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, point))
			says = strstr(line, word) != NULL;
	}
	fclose(file);
	return says;
}

#endif
