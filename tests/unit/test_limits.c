/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cgroup of a session, where no systemd runs the host: below a cgroup of the test's own, in a mount of cgroup2 of its own. Files
 * of cgroups that this kernel may not have are stood for by those of a tmpfs.
 */
#include "support.h"

#include <ftw.h>
#include <sys/file.h>

#include "cgroup.h"
#include "control.h"
#include "direct.h"
#include "leaf.h"
#include "proc.h"
#include "spaces.h"

#define OWN_ID   "0123456789abcdef"
#define OTHER_ID "fedcba9876543210"

static struct nsu_plan plan;
static char own_path[64]; /* of the cgroup that stands for the root of the mount */

/* ---- control.c, on a tmpfs */

static int fake_cgroup(void)
{
	own_mounts();
	return open(own_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static const char *content(int dirfd, const char *file)
{
	static char text[128];

	CHILD_CHECK(nsu_control_read(dirfd, file, text, sizeof(text)) == 0);
	return text;
}

static void init_plan(uint64_t memory_bytes, unsigned tasks, unsigned cpu_weight)
{
	nsu_plan_init(&plan);
	plan.limits.memory_bytes = memory_bytes;
	plan.limits.tasks = tasks;
	plan.limits.cpu_weight = cpu_weight;
	plan.limits.parent = "/upper/lower";
	plan.id = OWN_ID;
}

static void check_says_what_is_missing(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = fake_cgroup();

	init_plan(1 << 20, 0, 0);
	CHILD_CHECK(nsu_control_check(&plan, dirfd, &fail) == -ENOENT);
	write_file("/mnt/cgroup.controllers", "cpu io memory pids\n", 0644);
	fail = (struct nsu_fail)NSU_FAIL_INIT;
	CHILD_CHECK_OK(nsu_control_check(&plan, dirfd, &fail), &fail);
	write_file("/mnt/cgroup.controllers", "cpu io memory_of_another pids\n", 0644);
	CHILD_CHECK(nsu_control_check(&plan, dirfd, &fail) == -ENOTSUP);
	CHILD_CHECK(strstr(fail.text, "limits.memory needs the controller 'memory'"));
	fail = (struct nsu_fail)NSU_FAIL_INIT;
	init_plan(0, 5, 7);
	CHILD_CHECK_OK(nsu_control_check(&plan, dirfd, &fail), &fail);
	write_file("/mnt/cgroup.controllers", "hugetlb\n", 0644);
	CHILD_CHECK(nsu_control_check(&plan, dirfd, &fail) == -ENOTSUP);
	CHILD_CHECK(strstr(fail.text, "limits.tasks needs the controller 'pids'"));
}

static void check_says_which_controller_is_missing(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(check_says_what_is_missing), 0);
}

static void enable_missing(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = fake_cgroup();

	init_plan(1 << 20, 0, 100);
	write_file("/mnt/cgroup.subtree_control", "cpu memory\n", 0644);
	CHILD_CHECK_OK(nsu_control_enable(&plan, dirfd, "/", &fail), &fail);
	CHILD_CHECK(strcmp(content(dirfd, "cgroup.subtree_control"), "cpu memory") == 0);
	init_plan(0, 5, 100);
	CHILD_CHECK_OK(nsu_control_enable(&plan, dirfd, "/", &fail), &fail);
	CHILD_CHECK(strncmp(content(dirfd, "cgroup.subtree_control"), "+pids", 5) == 0);
}

static void enable_writes_only_what_is_missing(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(enable_missing), 0);
}

static void limit_all(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = fake_cgroup();

	init_plan(123456789, 5, 10000);
	write_file("/mnt/memory.max", "", 0644);
	write_file("/mnt/cpu.weight", "", 0644);
	CHILD_CHECK(nsu_control_limit(&plan, dirfd, &fail) == -ENOENT);
	CHILD_CHECK(strcmp(fail.text, "set pids.max (limits.tasks) to 5") == 0);
	write_file("/mnt/pids.max", "", 0644);
	fail = (struct nsu_fail)NSU_FAIL_INIT;
	CHILD_CHECK_OK(nsu_control_limit(&plan, dirfd, &fail), &fail); /* a kernel without swap */
	write_file("/mnt/memory.swap.max", "", 0644);
	CHILD_CHECK_OK(nsu_control_limit(&plan, dirfd, &fail), &fail);
	CHILD_CHECK(strcmp(content(dirfd, "memory.max"), "123456789") == 0);
	CHILD_CHECK(strcmp(content(dirfd, "memory.swap.max"), "0") == 0);
	CHILD_CHECK(strcmp(content(dirfd, "pids.max"), "5") == 0);
	CHILD_CHECK(strcmp(content(dirfd, "cpu.weight"), "10000") == 0);
}

static void limit_writes_every_limit(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(limit_all), 0);
}

static void await_all(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = fake_cgroup();

	init_plan(123456789, 0, 7);
	write_file("/mnt/memory.max", "123453440\n", 0644); /* in whole pages */
	write_file("/mnt/cpu.weight", "7\n", 0644);
	CHILD_CHECK_OK(nsu_control_await(&plan, dirfd, nsu_proc_now_ms(), &fail), &fail);
	write_file("/mnt/memory.max", "max\n", 0644);
	CHILD_CHECK(nsu_control_await(&plan, dirfd, nsu_proc_now_ms() + 20, &fail) == -ETIMEDOUT);
	CHILD_CHECK(strstr(fail.text, "memory.max"));
	write_file("/mnt/memory.max", "123453440\n", 0644);
	write_file("/mnt/cpu.weight", "8\n", 0644);
	fail = (struct nsu_fail)NSU_FAIL_INIT;
	CHILD_CHECK(nsu_control_await(&plan, dirfd, nsu_proc_now_ms() + 20, &fail) == -ETIMEDOUT);
	CHILD_CHECK(strstr(fail.text, "cpu.weight"));
}

static void await_ends_when_the_limits_are_there(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	SKIP_UNLESS(sysconf(_SC_PAGESIZE) == 4096, "knows pages of 4 KiB only");
	assert_int_equal(in_child(await_all), 0);
}

/* ---- direct.c and leaf.c, on cgroup2; without limits, so that no controller is needed */

static bool has_cgroup2(void)
{
	FILE *file = fopen("/proc/filesystems", "re");
	char line[64];
	bool has = false;

	while (file && fgets(line, sizeof(line), file))
		has = has || strstr(line, "\tcgroup2\n");
	if (file)
		fclose(file);
	return has;
}

#define SKIP_UNLESS_CGROUP2()                                                                                          \
	do {                                                                                                           \
		SKIP_UNLESS_ROOT();                                                                                    \
		SKIP_UNLESS(has_cgroup2(), "the kernel has no cgroup v2");                                             \
		SKIP_UNLESS(mount_is_possible(), "cgroup2 can't be mounted or written here");                          \
	} while (0)

static void try_mount(void)
{
	own_mounts();
	CHILD_CHECK(mount("cgroup2", "/mnt", "cgroup2", 0, NULL) == 0);
	snprintf(own_path, sizeof(own_path), "/mnt/nsunshare-test-%d", (int)getppid());
}

static void try_making(void)
{
	try_mount();
	CHILD_CHECK(mkdir(own_path, 0755) == 0 && rmdir(own_path) == 0);
}

static bool mount_is_possible(void)
{
	int saved = child_report_fd;
	bool is_possible;

	child_report_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	is_possible = in_child(try_making) == 0;
	close(child_report_fd);
	child_report_fd = saved;
	return is_possible;
}

/* A cgroup of the test's own stands for the root of the mount. */
static int own_root(void)
{
	int dirfd;

	try_mount();
	CHILD_CHECK(mkdir(own_path, 0755) == 0);
	dirfd = open(own_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHILD_CHECK(dirfd >= 0);
	init_plan(0, 0, 0);
	return dirfd;
}

static void remove_root(int dirfd)
{
	CHILD_CHECK(unlinkat(dirfd, "upper/lower", AT_REMOVEDIR) == 0 || errno == ENOENT);
	CHILD_CHECK(unlinkat(dirfd, "upper", AT_REMOVEDIR) == 0 || errno == ENOENT);
	CHILD_CHECK(rmdir(own_path) == 0);
}

static int remove_directory(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (flag == FTW_DP)
		rmdir(path);
	return 0;
}

/* Cgroups outlive a test that has failed. */
static void clean_up(void)
{
	try_mount();
	nftw(own_path, remove_directory, 8, FTW_DEPTH | FTW_PHYS);
}

static int in_child_cleaned(void (*body)(void))
{
	int status = in_child(body);

	if (status != 0)
		in_child(clean_up);
	return status;
}

static bool exists(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, 0) == 0;
}

static void make_one(void)
{
	struct nsu_direct direct = NSU_DIRECT_INIT, second = NSU_DIRECT_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = own_root(), leaf_dirfd, none_dirfd = -1, again_dirfd;
	struct stat st;

	CHILD_CHECK_OK(nsu_direct_make(&plan, dirfd, &direct, &leaf_dirfd, &fail), &fail);
	CHILD_CHECK(exists(dirfd, "upper/lower/" OWN_ID "/" NSU_LIMITS_LEAF "/cgroup.procs"));
	CHILD_CHECK(fstat(direct.dirfd, &st) == 0 && (st.st_mode & 0777) == 0755);
	/* locked, whoever asks */
	again_dirfd = openat(dirfd, "upper/lower/" OWN_ID "/" NSU_LIMITS_LEAF, O_RDONLY | O_DIRECTORY);
	CHILD_CHECK(again_dirfd >= 0 && flock(again_dirfd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK);
	/* nothing beside it, nothing below it */
	CHILD_CHECK(mkdirat(direct.dirfd, "other", 0755) < 0 && errno == EAGAIN);
	CHILD_CHECK(mkdirat(leaf_dirfd, "other", 0755) < 0 && errno == EAGAIN);
	/* an id is there once */
	CHILD_CHECK(nsu_direct_make(&plan, dirfd, &second, &none_dirfd, &fail) == -EEXIST && none_dirfd == -1);
	nsu_direct_undo(&second, &plan);
	CHILD_CHECK(exists(leaf_dirfd, "cgroup.procs"));
	nsu_direct_undo(&direct, &plan);
	CHILD_CHECK(!exists(dirfd, "upper/lower/" OWN_ID));
	nsu_direct_clear(&direct);
	nsu_direct_clear(&second);
	remove_root(dirfd);
}

static void direct_makes_two_levels_and_undoes_them(void **state)
{
	(void)state;
	SKIP_UNLESS_CGROUP2();
	assert_int_equal(in_child_cleaned(make_one), 0);
}

/* A cgroup as a session has left it, or @has_leaf false: one whose making was cut short. Return: its leaf. */
static int leave_one(int dirfd, const char *id, bool has_leaf)
{
	char path[64];
	int leaf_dirfd;

	CHILD_CHECK(mkdirat(dirfd, "upper", 0755) == 0 || errno == EEXIST);
	CHILD_CHECK(mkdirat(dirfd, "upper/lower", 0755) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "upper/lower/%s", id);
	CHILD_CHECK(mkdirat(dirfd, path, 0755) == 0);
	if (!has_leaf)
		return -1;
	strcat(path, "/" NSU_LIMITS_LEAF);
	CHILD_CHECK(mkdirat(dirfd, path, 0755) == 0);
	leaf_dirfd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHILD_CHECK(leaf_dirfd >= 0);
	return leaf_dirfd;
}

static void make_and_undo(int dirfd)
{
	struct nsu_direct direct = NSU_DIRECT_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int leaf_dirfd;

	CHILD_CHECK_OK(nsu_direct_make(&plan, dirfd, &direct, &leaf_dirfd, &fail), &fail);
	nsu_direct_undo(&direct, &plan);
	nsu_direct_clear(&direct);
	close(leaf_dirfd);
}

static void sweep_others(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = own_root(), held_dirfd, procs_fd = -1, own_fd = -1;

	close(leave_one(dirfd, OTHER_ID, true));
	leave_one(dirfd, "aaaaaaaaaaaaaaaa", false);
	held_dirfd = leave_one(dirfd, "bbbbbbbbbbbbbbbb", true);
	CHILD_CHECK(flock(held_dirfd, LOCK_EX | LOCK_NB) == 0);
	CHILD_CHECK(mkdirat(dirfd, "upper/lower/of-somebody-else", 0755) == 0);
	CHILD_CHECK(mkdirat(dirfd, "upper/lower/AAAAAAAAAAAAAAAA", 0755) == 0);
	make_and_undo(dirfd);
	CHILD_CHECK(!exists(dirfd, "upper/lower/" OTHER_ID));
	CHILD_CHECK(!exists(dirfd, "upper/lower/aaaaaaaaaaaaaaaa"));
	CHILD_CHECK(exists(dirfd, "upper/lower/bbbbbbbbbbbbbbbb"));
	CHILD_CHECK(exists(dirfd, "upper/lower/of-somebody-else"));
	CHILD_CHECK(exists(dirfd, "upper/lower/AAAAAAAAAAAAAAAA"));
	/* nobody holds it any more, but a process is in it: this one, which then goes back */
	CHILD_CHECK_OK(nsu_cgroup_open_procs(held_dirfd, &procs_fd, &fail), &fail);
	own_fd = open("/mnt/cgroup.procs", O_WRONLY | O_CLOEXEC);
	CHILD_CHECK(own_fd >= 0);
	CHILD_CHECK_OK(nsu_cgroup_enter(procs_fd, &fail), &fail);
	close(held_dirfd);
	make_and_undo(dirfd);
	CHILD_CHECK(exists(dirfd, "upper/lower/bbbbbbbbbbbbbbbb"));
	CHILD_CHECK_OK(nsu_cgroup_enter(own_fd, &fail), &fail);
	make_and_undo(dirfd);
	CHILD_CHECK(!exists(dirfd, "upper/lower/bbbbbbbbbbbbbbbb"));
	CHILD_CHECK(unlinkat(dirfd, "upper/lower/of-somebody-else", AT_REMOVEDIR) == 0);
	CHILD_CHECK(unlinkat(dirfd, "upper/lower/AAAAAAAAAAAAAAAA", AT_REMOVEDIR) == 0);
	remove_root(dirfd);
}

static void direct_sweeps_what_nobody_holds_or_is_in(void **state)
{
	(void)state;
	SKIP_UNLESS_CGROUP2();
	assert_int_equal(in_child_cleaned(sweep_others), 0);
}

/* Several processes make and sweep at the same time: none may fail, and none lose what it has made. */
static void make_at_once(void)
{
	enum {
		MAKERS = 4,
		ROUNDS = 100
	};
	int dirfd = own_root(), status;

	for (int i = 0; i < MAKERS; i++) {
		pid_t pid = fork();

		CHILD_CHECK(pid >= 0);
		for (int round = 0; pid == 0 && round < ROUNDS; round++) {
			struct nsu_direct direct = NSU_DIRECT_INIT;
			struct nsu_fail fail = NSU_FAIL_INIT;
			char id[NSU_ID_LEN + 1];
			int leaf_dirfd;

			snprintf(id, sizeof(id), "%08x%08x", i, round);
			plan.id = id;
			CHILD_CHECK_OK(nsu_direct_make(&plan, dirfd, &direct, &leaf_dirfd, &fail), &fail);
			CHILD_CHECK(exists(leaf_dirfd, "cgroup.procs"));
			if (round % 2) /* the others leave it to be swept */
				nsu_direct_undo(&direct, &plan);
			nsu_direct_clear(&direct);
			close(leaf_dirfd);
		}
		if (pid == 0)
			_exit(0);
	}
	for (int i = 0; i < MAKERS; i++)
		CHILD_CHECK(wait(&status) > 0 && status == 0);
	make_and_undo(dirfd);
	remove_root(dirfd);
}

static void direct_makes_and_sweeps_at_the_same_time(void **state)
{
	(void)state;
	SKIP_UNLESS_CGROUP2();
	assert_int_equal(in_child_cleaned(make_at_once), 0);
}

static void spoil_parent(void)
{
	struct nsu_direct direct = NSU_DIRECT_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = own_root(), leaf_dirfd;

	CHILD_CHECK(mkdirat(dirfd, "upper", 0755) == 0 && fchownat(dirfd, "upper", 1000, 0, 0) == 0);
	CHILD_CHECK(nsu_direct_make(&plan, dirfd, &direct, &leaf_dirfd, &fail) == -EPERM);
	CHILD_CHECK(strstr(fail.text, "'/upper' is not trusted"));
	nsu_direct_clear(&direct);
	CHILD_CHECK(fchownat(dirfd, "upper", 0, 0, 0) == 0 && fchmodat(dirfd, "upper", 0777, 0) == 0);
	fail = (struct nsu_fail)NSU_FAIL_INIT;
	CHILD_CHECK(nsu_direct_make(&plan, dirfd, &direct, &leaf_dirfd, &fail) == -EPERM);
	nsu_direct_clear(&direct);
	remove_root(dirfd);
}

static void direct_refuses_a_parent_that_others_may_write(void **state)
{
	(void)state;
	SKIP_UNLESS_CGROUP2();
	assert_int_equal(in_child_cleaned(spoil_parent), 0);
}

/* What PID 1 does at the end. A child that is in the cgroup leaves it after a while. */
static void end_session(void)
{
	struct nsu_direct direct = NSU_DIRECT_INIT;
	struct nsu_spaces spaces = NSU_SPACES_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = own_root(), procs_fd = -1, ready[2];
	int64_t begin;
	char byte;
	pid_t pid;

	nsu_spaces_remove_cgroup(&plan, &spaces, 1000); /* none */
	CHILD_CHECK_OK(nsu_direct_make(&plan, dirfd, &direct, &spaces.cgroup_dirfd, &fail), &fail);
	spaces.limits_dirfd = direct.dirfd;
	spaces.parent_dirfd = direct.parent_dirfd;
	CHILD_CHECK_OK(nsu_cgroup_open_procs(spaces.cgroup_dirfd, &procs_fd, &fail), &fail);
	CHILD_CHECK(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		CHILD_CHECK_OK(nsu_cgroup_enter(procs_fd, &fail), &fail);
		CHILD_CHECK(write(ready[1], "", 1) == 1);
		usleep(200000);
		_exit(0);
	}
	CHILD_CHECK(read(ready[0], &byte, 1) == 1);
	nsu_spaces_remove_cgroup(&plan, &spaces, 0); /* an open that has succeeded, without a pid namespace */
	CHILD_CHECK(exists(spaces.cgroup_dirfd, "cgroup.procs"));
	begin = nsu_proc_now_ms();
	nsu_spaces_remove_cgroup(&plan, &spaces, 10000);
	CHILD_CHECK(nsu_proc_now_ms() - begin < 9000);
	CHILD_CHECK(!exists(dirfd, "upper/lower/" OWN_ID));
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid);
	remove_root(dirfd);
}

static void remove_cgroup_waits_for_the_last_process(void **state)
{
	(void)state;
	SKIP_UNLESS_CGROUP2();
	assert_int_equal(in_child_cleaned(end_session), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_says_which_controller_is_missing),
		cmocka_unit_test(enable_writes_only_what_is_missing),
		cmocka_unit_test(limit_writes_every_limit),
		cmocka_unit_test(await_ends_when_the_limits_are_there),
		cmocka_unit_test(direct_makes_two_levels_and_undoes_them),
		cmocka_unit_test(direct_sweeps_what_nobody_holds_or_is_in),
		cmocka_unit_test(direct_makes_and_sweeps_at_the_same_time),
		cmocka_unit_test(direct_refuses_a_parent_that_others_may_write),
		cmocka_unit_test(remove_cgroup_waits_for_the_last_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
