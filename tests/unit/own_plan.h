/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * own_plan.h - a plan that a child carries out in namespaces of its own; what is mounted there goes with it. Inline only.
 */
#ifndef NSU_TESTS_OWN_PLAN_H
#define NSU_TESTS_OWN_PLAN_H

#include "support.h"

#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>

#include "plan.h"
#include "setup.h"

#define USER     1000
#define STRANGER 2000
#define TEST_ID  "0123456789abcdef"

static struct nsu_plan plan;
static struct nsu_fail record;
static int sessions_dirfd = -1;

static inline struct nsu_plan_mount *add(enum nsu_plan_mount_type type, const char *path)
{
	struct nsu_plan_mount *mount = &plan.mounts[plan.n_mounts++];

	*mount = (struct nsu_plan_mount){.type = type, .path = path, .mode = 0755};
	if (type == NSU_PLAN_TMPFS) {
		mount->size_bytes = 1 << 20;
		mount->inodes = 100;
	}
	return mount;
}

static inline struct nsu_plan_mount *add_bind(const char *source, const char *path)
{
	struct nsu_plan_mount *mount = add(NSU_PLAN_BIND, path);

	mount->source = source;
	return mount;
}

/* As plans of the policy begin: with the session's own run directory. */
static inline void new_plan(void)
{
	nsu_plan_init(&plan);
	plan.namespaces = CLONE_NEWNS | CLONE_NEWUTS;
	plan.id = TEST_ID;
	plan.uid = USER;
	plan.profile = "shell";
	add(NSU_PLAN_TMPFS, NSU_RUN_DIR)->mode = 0700;
}

/* In a child: mounts and names of its own, and an empty plan for them. */
static inline void begin(void)
{
	umask(022);
	own_mounts();
	own_directory();
	CHILD_CHECK(mount("tests", NSU_STATE_PARENT_DIR, "tmpfs", 0, "mode=0755,size=16M") == 0);
	CHILD_CHECK(unshare(CLONE_NEWUTS) == 0);
	new_plan();
}

static inline int run(void)
{
	record = (struct nsu_fail)NSU_FAIL_INIT;
	nsu_close_fd(&sessions_dirfd);
	return nsu_setup_run(&plan, &sessions_dirfd, &record);
}

static inline void carry_out(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (plan.namespaces & CLONE_NEWPID || !nsu_plan_throws_away(&plan))
		CHILD_CHECK_OK(nsu_plan_check(&plan, &fail), &fail);
	CHILD_CHECK_OK(run(), &record);
	CHILD_CHECK(record.err == 0);
}

static inline void check_fails(int err, const char *word)
{
	alarm(10); /* for what would block */
	CHILD_CHECK(run() < 0);
	if (record.err != err || !strstr(record.text, word)) {
		dprintf(child_report_fd, "# it says: %s (%s)\n", record.text, strerror(record.err));
		_exit(1);
	}
	CHILD_CHECK(sessions_dirfd == -1);
}

/* The same of a plan with that one mount beside the run directory; @err 0: it is carried out. */
static inline void try_one(enum nsu_plan_mount_type type, const char *path, int err, const char *word)
{
	new_plan();
	add(type, path);
	if (err)
		check_fails(err, word);
	else
		carry_out();
}

static inline unsigned long flags_of(const char *path)
{
	struct statvfs st;

	CHILD_CHECK(statvfs(path, &st) == 0);
	return st.f_flag;
}

static inline bool has_flags(const char *path, unsigned long flags)
{
	return (flags_of(path) & flags) == flags;
}

static inline void make_dir(const char *path, uid_t uid, mode_t mode)
{
	CHILD_CHECK(mkdir(path, 0700) == 0 && chown(path, uid, uid) == 0 && chmod(path, mode) == 0);
}

static inline void make_socket(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	CHILD_CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
}

static inline bool holds(const char *path, const char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buffer[256] = "";

	CHILD_CHECK(fd >= 0 && read(fd, buffer, sizeof(buffer) - 1) >= 0);
	close(fd);
	return strcmp(buffer, text) == 0;
}

/* The errno of making a file; 0: it can be made. */
static inline int errno_of_making(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static inline bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	CHILD_CHECK(stat(a, &x) == 0 && stat(b, &y) == 0);
	return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

#endif
