/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G19. */
#include "own_plan.h"

#include <sys/mman.h>

#include "instance.h"

#define OWN NSU_INSTANCE_DIR "/1000"

static void take_off(void)
{
	for (size_t i = plan.n_mounts; i-- > 0;)
		umount2(plan.mounts[i].path, MNT_DETACH);
}

static void begin_with_place(void)
{
	begin();
	make_dir("/mnt/scratch", 0, 0755);
	plan.namespaces |= CLONE_NEWPID; /* so that one may be thrown away; the mounts don't look at it */
}

static struct nsu_plan_mount *add_own(const char *path)
{
	struct nsu_plan_mount *mount = add(NSU_PLAN_INSTANCE, path);

	mount->uid = USER;
	mount->gid = STRANGER;
	mount->mode = 01770;
	return mount;
}

static void check_dir(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	struct stat st;

	CHILD_CHECK(lstat(path, &st) == 0 && S_ISDIR(st.st_mode));
	CHILD_CHECK(st.st_uid == uid && st.st_gid == gid && (st.st_mode & 07777) == mode);
}

static void keep_it(void)
{
	begin_with_place();
	umask(077);
	add_own("/mnt/scratch")->noexec = true;
	carry_out();
	check_dir(NSU_STATE_DIR, 0, 0, 0700);
	check_dir(NSU_INSTANCE_DIR, 0, 0, 0700);
	check_dir(OWN, 0, 0, 0700);
	check_dir(OWN "/mnt-scratch", USER, STRANGER, 01770);
	check_dir("/mnt/scratch", USER, STRANGER, 01770);
	CHILD_CHECK(has_flags("/mnt/scratch", ST_NOSUID | ST_NODEV | ST_NOEXEC));
	write_file("/mnt/scratch/file", "kept", 0600);
	CHILD_CHECK(chmod("/mnt/scratch", 0711) == 0 && chown("/mnt/scratch", USER, USER) == 0);
	take_off();
	carry_out();
	CHILD_CHECK(holds("/mnt/scratch/file", "kept"));
	check_dir("/mnt/scratch", USER, USER, 0711); /* it stays as he has it */
	plan.uid = plan.mounts[1].uid = STRANGER;
	take_off();
	carry_out();
	CHILD_CHECK(!exists("/mnt/scratch/file"));
	CHILD_CHECK(sessions_dirfd == -1);
}

static void instance_is_made_once_and_kept(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(keep_it), 0);
}

/* C-20 */
static void tell_apart(void)
{
	static const char *const paths[] = {"/mnt/a/b", "/mnt/a-b", "/mnt/a\\x2db", "/mnt/.a"};
	static const char *const names[] = {"mnt-a-b", "mnt-a\\x2db", "mnt-a\\x5cx2db", "mnt-.a"};
	char path[PATH_MAX], longest[300];

	begin_with_place();
	make_dir("/mnt/a", 0, 0755);
	for (size_t i = 0; i < NSU_COUNT(paths); i++) {
		make_dir(paths[i], 0, 0755);
		add_own(paths[i]);
	}
	carry_out();
	for (size_t i = 0; i < NSU_COUNT(paths); i++) {
		snprintf(path, sizeof(path), "%s/%s", OWN, names[i]);
		CHILD_CHECK(is_same_file(path, paths[i]));
	}
	take_off();
	memset(longest, '-', sizeof(longest));
	memcpy(longest, "/mnt/", 5);
	longest[200] = '\0';
	make_dir(longest, 0, 0755);
	new_plan();
	add_own(longest);
	check_fails(ENAMETOOLONG, "the path is too long to be a name");
}

static void instances_of_two_paths_are_two(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(tell_apart), 0);
}

static void make_state_dirs(void)
{
	make_dir(NSU_STATE_DIR, 0, 0700);
	make_dir(NSU_INSTANCE_DIR, 0, 0700);
	make_dir(OWN, 0, 0700);
}

/* C-11, C-12 */
static void made_beforehand(void)
{
	static const char *const above[] = {NSU_STATE_DIR, NSU_INSTANCE_DIR, OWN};

	begin_with_place();
	make_state_dirs();
	add_own("/mnt/scratch");
	for (size_t i = 0; i < NSU_COUNT(above); i++) {
		CHILD_CHECK(chmod(above[i], 0710) == 0);
		check_fails(EPERM, "the directory is not root's alone");
		CHILD_CHECK(chmod(above[i], 0777) == 0);
		check_fails(EPERM, above[i]);
		CHILD_CHECK(chmod(above[i], 0700) == 0 && chown(above[i], USER, 0) == 0);
		check_fails(EPERM, above[i]);
		CHILD_CHECK(chown(above[i], 0, 0) == 0);
	}
	CHILD_CHECK(chmod(NSU_STATE_PARENT_DIR, 01777) == 0);
	check_fails(EPERM, "/var/lib: others than root can write it");
	CHILD_CHECK(chmod(NSU_STATE_PARENT_DIR, 0755) == 0 && chown(NSU_STATE_PARENT_DIR, USER, 0) == 0);
	check_fails(EPERM, "'/var/lib' does not belong to root");
	CHILD_CHECK(chown(NSU_STATE_PARENT_DIR, 0, 0) == 0);
	CHILD_CHECK(rmdir(OWN) == 0 && symlink("/mnt", OWN) == 0);
	check_fails(ELOOP, OWN);
	CHILD_CHECK(unlink(OWN) == 0);
	write_file(OWN, "", 0600);
	check_fails(ENOTDIR, OWN);
}

static void instance_is_refused_where_not_root_alone_rules_above_it(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(made_beforehand), 0);
}

/* C-04, C-11 */
static void made_itself_beforehand(void)
{
	static const char name[] = OWN "/mnt-scratch";

	begin_with_place();
	make_state_dirs();
	add_own("/mnt/scratch");
	CHILD_CHECK(symlink("/mnt", name) == 0);
	check_fails(ELOOP, "open the directory of the instance on '/mnt/scratch'");
	CHILD_CHECK(unlink(name) == 0 && mkfifo(name, 0600) == 0);
	check_fails(ENOTDIR, "open the directory of the instance on '/mnt/scratch'");
	CHILD_CHECK(unlink(name) == 0);
	make_dir(name, STRANGER, 0755);
	check_fails(EPERM, "instance on '/mnt/scratch': its directory in " OWN " belongs to another user");
	CHILD_CHECK(chown(name, 0, 0) == 0 && mount("other", name, "tmpfs", 0, "size=1M") == 0);
	check_fails(EXDEV, "instance on '/mnt/scratch': its directory is on another file system");
	CHILD_CHECK(umount2(name, 0) == 0);
	carry_out();
	check_dir("/mnt/scratch", 0, 0, 0755);
}

static void instance_is_refused_where_it_is_no_directory_of_the_user(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(made_itself_beforehand), 0);
}

enum {
	ROUNDS = 300,
	AT_ONCE = 4
};

/* What those that make it at once share. */
static struct meeting {
	int n_ready;
	ino_t inodes[AT_ONCE];
} * meeting;

static void make_one_of_many(int index)
{
	struct nsu_instances instances = NSU_INSTANCES_INIT;
	char id[NSU_ID_LEN + 1];
	struct stat st;
	int fd = -1;

	snprintf(id, sizeof(id), "%016x", index);
	plan.id = id;
	__atomic_add_fetch(&meeting->n_ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&meeting->n_ready, __ATOMIC_SEQ_CST) < AT_ONCE)
		sched_yield();
	CHILD_CHECK_OK(nsu_instance_open(&plan, &plan.mounts[1], &instances, &fd, &record), &record);
	CHILD_CHECK(fstat(fd, &st) == 0 && st.st_uid == USER && (st.st_mode & 07777) == 01770);
	meeting->inodes[index] = st.st_ino;
}

/* Each finds it whole, all have the same, and nothing unfinished is left. */
static void make_at_once(void)
{
	int status;

	begin_with_place();
	make_state_dirs();
	add_own("/mnt/scratch");
	meeting = mmap(NULL, sizeof(*meeting), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHILD_CHECK(meeting != MAP_FAILED);
	for (int round = 0; round < ROUNDS; round++) {
		struct stat st;

		meeting->n_ready = 0;
		for (int i = 0; i < AT_ONCE; i++) {
			if (fork() == 0) {
				make_one_of_many(i);
				_exit(0);
			}
		}
		while (wait(&status) > 0)
			CHILD_CHECK(status == 0);
		CHILD_CHECK(stat(OWN "/mnt-scratch", &st) == 0);
		for (int i = 0; i < AT_ONCE; i++)
			CHILD_CHECK(meeting->inodes[i] == st.st_ino);
		CHILD_CHECK(rmdir(OWN "/mnt-scratch") == 0 && rmdir(OWN) == 0); /* and nothing unfinished in it */
	}
}

static void instance_is_whole_for_each_of_many_that_make_it_at_once(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(make_at_once), 0);
}

static void throw_away(void)
{
	begin_with_place();
	make_dir("/mnt/second", 0, 0755);
	add_own("/mnt/scratch")->throw_away = true;
	add_own("/mnt/second")->throw_away = true;
	carry_out();
	check_dir(NSU_THROW_AWAY_DIR, 0, 0, 0700);
	check_dir(NSU_THROW_AWAY_DIR "/" TEST_ID, 0, 0, 0700);
	check_dir(NSU_THROW_AWAY_DIR "/" TEST_ID "/mnt-scratch", USER, STRANGER, 01770);
	CHILD_CHECK(is_same_file("/mnt/second", NSU_THROW_AWAY_DIR "/" TEST_ID "/mnt-second"));
	CHILD_CHECK(sessions_dirfd >= 0 && !exists(OWN));
}

static void instance_that_is_thrown_away_is_the_sessions_own(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(throw_away), 0);
}

static void fail_behind(void)
{
	int before;

	begin_with_place();
	add_own("/mnt/scratch")->throw_away = true;
	add(NSU_PLAN_TMPFS, "/mnt/scratch/a/b");
	write_file("/mnt/file", "", 0644);
	write_file("/mnt/to", "", 0644);
	add_bind("/mnt", "/mnt/to"); /* which fails at last */
	before = count_fds();
	check_fails(ENOTDIR, "mount the bind on");
	CHILD_CHECK(count_fds() == before);
	CHILD_CHECK(!exists(NSU_THROW_AWAY_DIR "/" TEST_ID));
	CHILD_CHECK(rmdir(NSU_THROW_AWAY_DIR) == 0);
}

static void failure_leaves_nothing_that_was_to_be_thrown_away(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(fail_behind), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instance_is_made_once_and_kept),
		cmocka_unit_test(instances_of_two_paths_are_two),
		cmocka_unit_test(instance_is_refused_where_not_root_alone_rules_above_it),
		cmocka_unit_test(instance_is_refused_where_it_is_no_directory_of_the_user),
		cmocka_unit_test(instance_is_whole_for_each_of_many_that_make_it_at_once),
		cmocka_unit_test(instance_that_is_thrown_away_is_the_sessions_own),
		cmocka_unit_test(failure_leaves_nothing_that_was_to_be_thrown_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
