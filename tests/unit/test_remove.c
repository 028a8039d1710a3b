/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G19. */
/* What is thrown away is on a tmpfs, and on the disk that the build is on. */
#include "own_plan.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#include "confine.h"
#include "remove.h"

#define SESSIONS "/mnt/sessions"
#define SESSION  SESSIONS "/" TEST_ID

static void begin_session(void)
{
	begin();
	plan.namespaces |= CLONE_NEWPID;
	make_dir(SESSIONS, 0, 0700);
	make_dir(SESSION, 0, 0700);
	make_dir(SESSION "/tmp", USER, 01777);
	sessions_dirfd = open(SESSIONS, O_PATH | O_CLOEXEC);
}

static void remove_it(void)
{
	int before = count_fds();

	alarm(60);
	nsu_remove_session(&plan, sessions_dirfd);
	alarm(0);
	CHILD_CHECK(count_fds() == before);
}

static void go(const char *dir)
{
	CHILD_CHECK(chdir(dir) == 0);
}

/* With no more descriptors than the removal is to have. */
static void deep_tree(void)
{
	struct rlimit few = {16, 16};

	begin_session();
	CHILD_CHECK(umount2("/mnt", MNT_DETACH) == 0 && mount("t", "/mnt", "tmpfs", 0, "mode=0755") == 0);
	make_dir(SESSIONS, 0, 0700);
	make_dir(SESSION, 0, 0700);
	make_dir(SESSION "/tmp", USER, 0700);
	sessions_dirfd = open(SESSIONS, O_PATH | O_CLOEXEC);
	go(SESSION "/tmp");
	for (int i = 0; i < 20000; i++) {
		CHILD_CHECK(mkdir("a-name-that-makes-no-path-short", 0700) == 0);
		CHILD_CHECK(i % 100 || (mkdir("b", 0) == 0 && mkdir("c", 0700) == 0 && mkdir("c/d", 0700) == 0));
		go("a-name-that-makes-no-path-short");
	}
	go("/");
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	remove_it();
	CHILD_CHECK(!exists(SESSION) && exists(SESSIONS));
}

static void remove_takes_away_a_tree_that_is_20000_directories_deep(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(deep_tree), 0);
}

/* On a real file system, whose directories change their order while they are read. */
static void wide_tree_on_disk(void)
{
	char place[PATH_MAX] = "/var/tmp/nsu-remove-XXXXXX", path[PATH_MAX + 64];

	umask(022);
	CHILD_CHECK(mkdtemp(place));
	begin();
	snprintf(path, sizeof(path), "%s/%s", place, TEST_ID);
	CHILD_CHECK(mkdir(path, 0700) == 0);
	go(path);
	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "%s-%d", i % 2 ? "-" : "a-rather-long-name-of-a-file-that-fills-blocks",
		         i);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		if (i % 10 == 0) {
			snprintf(path, sizeof(path), "d%d", i);
			CHILD_CHECK(mkdir(path, 0700) == 0);
			snprintf(path, sizeof(path), "d%d/e", i);
			CHILD_CHECK(mkdir(path, 0700) == 0);
			snprintf(path, sizeof(path), "d%d/e/f", i);
			close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		}
	}
	go("/");
	sessions_dirfd = open(place, O_PATH | O_CLOEXEC);
	remove_it();
	CHILD_CHECK(rmdir(place) == 0); /* it is empty */
}

static void remove_takes_away_5000_files_and_500_directories_on_a_disk(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(wide_tree_on_disk), 0);
}

static void make_strange_things(void)
{
	make_dir("/mnt/outside", 0, 0755);
	write_file("/mnt/outside/file", "outside", 0644);
	go(SESSION "/tmp");
	CHILD_CHECK(symlink("/mnt/outside", "link") == 0 && symlink("../../../outside", "up") == 0);
	CHILD_CHECK(symlink("none", "dangling") == 0 && mkfifo("fifo", 0) == 0);
	make_socket("socket");
	CHILD_CHECK(link("/mnt/outside/file", "hard") == 0);
	make_dir("closed", USER, 0700);
	write_file("closed/file", "", 0);
	make_dir("closed/inner", USER, 0700);
	write_file("closed/inner/file", "", 0);
	CHILD_CHECK(symlink("/mnt/outside", "closed/inner/link") == 0);
	CHILD_CHECK(chmod("closed/inner", 0) == 0 && chmod("closed", 0) == 0);
	make_dir("sticky", STRANGER, 01777);
	make_dir("sticky/dir", USER, 0555);
	write_file("sticky/file", "", 0444);
	make_dir("-0", USER, 0755); /* as those that are moved up are called */
	make_dir("-0/-1", USER, 0755);
	make_dir("-0/-1/-0", USER, 0755);
	go("/");
}

static void check_outside(void)
{
	struct stat st;

	CHILD_CHECK(holds("/mnt/outside/file", "outside"));
	CHILD_CHECK(stat("/mnt/outside/file", &st) == 0 && st.st_nlink == 1);
}

static void strange_things(void)
{
	begin_session();
	make_strange_things();
	remove_it();
	CHILD_CHECK(!exists(SESSION));
	check_outside();
}

static void remove_takes_links_away_and_not_what_they_lead_to(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(strange_things), 0);
}

/* As PID 1 does it: with what it has kept. */
static void remove_confined(unsigned keeps)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		CHILD_CHECK_OK(nsu_confine_drop(keeps, &record), &record);
		nsu_remove_session(&plan, sessions_dirfd);
		syscall(SYS_exit_group, 0);
	}
	CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void confined(void)
{
	begin_session();
	make_strange_things();
	remove_confined(NSU_CONFINE_KILL | NSU_CONFINE_REMOVE);
	CHILD_CHECK(!exists(SESSION));
	check_outside();
}

static void remove_needs_only_what_process_1_keeps(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(confined), 0);
}

static void other_file_system(void)
{
	begin_session();
	make_dir(SESSION "/tmp/a", USER, 0755);
	make_dir(SESSION "/tmp/a/b", USER, 0755);
	CHILD_CHECK(mount("other", SESSION "/tmp/a/b", "tmpfs", 0, "size=1M") == 0);
	write_file(SESSION "/tmp/a/b/file", "other", 0644);
	write_file(SESSION "/tmp/a/file", "", 0644);
	go(SESSION "/tmp/a/b");
	remove_it();
	CHILD_CHECK(holds("file", "other") && !exists(SESSION "/tmp"));
}

static void remove_never_enters_another_file_system(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(other_file_system), 0);
}

/* The place of an instance has a mount on it, which is in the way as long as it is seen. */
static void mount_inside(void)
{
	begin();
	plan.namespaces |= CLONE_NEWPID;
	make_dir("/mnt/tmp", 0, 01777);
	make_dir("/mnt/tmp/x", 0, 01777);
	write_file("/mnt/tmp/x/file", "host", 0644);
	add(NSU_PLAN_INSTANCE, "/mnt/tmp")->throw_away = true;
	CHILD_CHECK(!nsu_remove_needs_detach(&plan));
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/x");
	CHILD_CHECK(nsu_remove_needs_detach(&plan));
	carry_out();
	CHILD_CHECK(holds("/mnt/tmp/x/file", "host"));
	make_dir("/mnt/tmp/mine", USER, 0700);
	remove_confined(NSU_CONFINE_KILL | NSU_CONFINE_REMOVE);
	CHILD_CHECK(exists(NSU_THROW_AWAY_DIR "/" TEST_ID)); /* so this takes more */
	remove_confined(NSU_CONFINE_KILL | NSU_CONFINE_REMOVE | NSU_CONFINE_DETACH);
	CHILD_CHECK(!exists(NSU_THROW_AWAY_DIR "/" TEST_ID));
	CHILD_CHECK(holds("/mnt/tmp/x/file", "host"));
}

static void remove_takes_off_mounts_of_the_plan_that_are_in_the_way(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(mount_inside), 0);
}

/* One from outside, who has a directory of it open, makes files as quickly as he can, and stops at some time. */
static void somebody_makes_files(void)
{
	char name[32];
	int dirfd;
	pid_t pid;

	begin_session();
	make_dir(SESSION "/tmp/a", USER, 0755);
	dirfd = open(SESSION "/tmp/a", O_PATH | O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 20000; i++) {
			snprintf(name, sizeof(name), "%d", i);
			close(openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		}
		_exit(0);
	}
	usleep(2000);
	remove_it();
	CHILD_CHECK(!exists(SESSION));
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid);
}

static void remove_wins_over_who_still_makes_files(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(somebody_makes_files), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remove_takes_away_a_tree_that_is_20000_directories_deep),
		cmocka_unit_test(remove_takes_away_5000_files_and_500_directories_on_a_disk),
		cmocka_unit_test(remove_takes_links_away_and_not_what_they_lead_to),
		cmocka_unit_test(remove_needs_only_what_process_1_keeps),
		cmocka_unit_test(remove_never_enters_another_file_system),
		cmocka_unit_test(remove_takes_off_mounts_of_the_plan_that_are_in_the_way),
		cmocka_unit_test(remove_wins_over_who_still_makes_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
