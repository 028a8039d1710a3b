/* SPDX-License-Identifier: BSD-3-Clause */
/* Each test runs in a child with a mount namespace of its own. */
#include "support.h"

#include <linux/mount.h>
#include <sys/statvfs.h>

#include "mnt.h"

#define CLOSED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY)

static int open_path(const char *path)
{
	return open(path, O_PATH | O_CLOEXEC);
}

static unsigned long flags_of(const char *path)
{
	struct statvfs st;

	CHILD_CHECK(statvfs(path, &st) == 0);
	return st.f_flag;
}

static void make_tmpfs(void)
{
	static const struct nsu_mnt_option options[] = {
		{"size", "1048576"}, {"nr_inodes", "100"}, {"mode", "0750"}, {"uid", "1000"}, {"gid", "1001"}};
	struct statvfs fs;
	struct stat st;
	int fd = -1;

	own_mounts();
	own_directory();
	CHILD_CHECK(nsu_mnt_new("tmpfs", options, NSU_COUNT(options), MOUNT_ATTR_NOEXEC, &fd) == 0);
	CHILD_CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(mkdirat(fd, "inner", 0755) == 0); /* usable before it is attached */
	CHILD_CHECK(access("/mnt/inner", F_OK) < 0);
	CHILD_CHECK(nsu_mnt_attach(fd, open_path("/mnt")) == 0);
	CHILD_CHECK(access("/mnt/inner", F_OK) == 0);
	CHILD_CHECK(flags_of("/mnt") & ST_NOSUID && flags_of("/mnt") & ST_NODEV && flags_of("/mnt") & ST_NOEXEC);
	CHILD_CHECK(statvfs("/mnt", &fs) == 0 && fs.f_blocks * fs.f_frsize == 1048576 && fs.f_files == 100);
	CHILD_CHECK(stat("/mnt", &st) == 0 && (st.st_mode & 07777) == 0750 && st.st_uid == 1000 && st.st_gid == 1001);
}

static void new_makes_a_tmpfs_with_its_limits_and_attributes(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(make_tmpfs), 0);
}

static void make_wrong_ones(void)
{
	static const struct nsu_mnt_option unknown = {"no-such-option", "1"};
	static const struct nsu_mnt_option smuggled = {"size", "1048576,mode=0777"};
	int before, fd = 77;

	own_mounts();
	before = count_fds();
	CHILD_CHECK(nsu_mnt_new("tmpfs", &unknown, 1, 0, &fd) == -EINVAL);
	CHILD_CHECK(nsu_mnt_new("tmpfs", &smuggled, 1, 0, &fd) == -EINVAL);
	CHILD_CHECK(nsu_mnt_new("no-such-file-system", NULL, 0, 0, &fd) == -ENODEV);
	CHILD_CHECK(fd == 77 && count_fds() == before);
}

static void new_refuses_options_and_file_systems_that_it_does_not_know(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(make_wrong_ones), 0);
}

static void clone_a_file(void)
{
	int dirfd, fd = -1;

	own_mounts();
	own_directory();
	write_file("/mnt/from", "text", 0644);
	write_file("/mnt/over", "", 0644);
	CHILD_CHECK(symlink("from", "/mnt/link") == 0);
	dirfd = open("/mnt", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHILD_CHECK(nsu_mnt_clone(dirfd, "missing", NSU_MNT_ALONE, CLOSED, &fd) == -ENOENT && fd == -1);
	CHILD_CHECK(nsu_mnt_clone(dirfd, "from", NSU_MNT_ALONE, CLOSED, &fd) == 0);
	CHILD_CHECK(nsu_mnt_attach(fd, open_path("/mnt/over")) == 0);
	CHILD_CHECK(flags_of("/mnt/over") & ST_RDONLY && flags_of("/mnt/over") & ST_NOSUID);
	CHILD_CHECK(flags_of("/mnt/over") & ST_NODEV && flags_of("/mnt/over") & ST_NOEXEC);
	CHILD_CHECK(open("/mnt/over", O_WRONLY | O_CLOEXEC) < 0 && errno == EROFS);
	CHILD_CHECK(!(flags_of("/mnt/from") & ST_RDONLY));
}

static void clone_gives_a_read_only_mount_of_one_file(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(clone_a_file), 0);
}

static void clone_a_tree(void)
{
	int dir_fd, fd = -1;

	own_mounts();
	own_directory();
	CHILD_CHECK(mkdir("/mnt/a", 0755) == 0 && mkdir("/mnt/to", 0755) == 0);
	CHILD_CHECK(mount("a", "/mnt/a", "tmpfs", MS_NOSUID, "size=1M") == 0 && mkdir("/mnt/a/b", 0755) == 0);
	CHILD_CHECK(mount("b", "/mnt/a/b", "tmpfs", 0, "size=1M") == 0 && mkdir("/mnt/a/b/c", 0755) == 0);
	dir_fd = open_path("/mnt/a");
	CHILD_CHECK(nsu_mnt_clone(dir_fd, "", 0, MOUNT_ATTR_RDONLY, &fd) == 0);
	CHILD_CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && nsu_mnt_attach(fd, open_path("/mnt/to")) == 0);
	CHILD_CHECK(access("/mnt/to/b/c", F_OK) == 0);
	CHILD_CHECK(flags_of("/mnt/to") & ST_RDONLY && flags_of("/mnt/to/b") & ST_RDONLY);
	CHILD_CHECK(flags_of("/mnt/to") & ST_NOSUID && !(flags_of("/mnt/to/b") & ST_NOSUID));
	CHILD_CHECK(nsu_mnt_clone(dir_fd, "", NSU_MNT_TOP, MOUNT_ATTR_RDONLY, &fd) == 0);
	CHILD_CHECK(nsu_mnt_attach(fd, open_path("/mnt/to")) == 0);
	CHILD_CHECK(flags_of("/mnt/to") & ST_RDONLY && !(flags_of("/mnt/to/b") & ST_RDONLY));
	CHILD_CHECK(nsu_mnt_clone(dir_fd, "", NSU_MNT_ALONE, 0, &fd) == 0);
	CHILD_CHECK(nsu_mnt_attach(fd, open_path("/mnt/to")) == 0);
	CHILD_CHECK(access("/mnt/to/b", F_OK) == 0 && access("/mnt/to/b/c", F_OK) < 0);
	CHILD_CHECK(!(flags_of("/mnt/to") & ST_RDONLY));
}

static void clone_takes_what_is_mounted_below_and_its_attributes_as_it_is_told(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(clone_a_tree), 0);
}

static void attach_directory_over_file(void)
{
	int fd = -1;

	own_mounts();
	own_directory();
	write_file("/mnt/file", "", 0644);
	CHILD_CHECK(nsu_mnt_new("tmpfs", NULL, 0, 0, &fd) == 0);
	CHILD_CHECK(nsu_mnt_attach(fd, open_path("/mnt/file")) < 0);
	close(fd);
}

static void attach_refuses_a_directory_over_a_file(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(attach_directory_over_file), 0);
}

static void propagate_all(void)
{
	own_mounts();
	own_directory();
	CHILD_CHECK(mount(NULL, "/mnt", NULL, MS_SHARED, NULL) == 0);
	CHILD_CHECK(mountinfo_says("/mnt", "shared:"));
	CHILD_CHECK(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC) >= 0); /* keeps the master */
	CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
	CHILD_CHECK(nsu_mnt_propagate(NSU_MNT_SLAVE) == 0);
	CHILD_CHECK(mountinfo_says("/mnt", "master:") && !mountinfo_says("/mnt", "shared:"));
	CHILD_CHECK(nsu_mnt_propagate(NSU_MNT_PRIVATE) == 0);
	CHILD_CHECK(!mountinfo_says("/mnt", "master:") && !mountinfo_says("/mnt", "shared:"));
	CHILD_CHECK(nsu_mnt_propagate(NSU_MNT_SHARED) == 0);
	CHILD_CHECK(mountinfo_says("/mnt", "shared:"));
}

static void cut_a_clone(void)
{
	int fd = -1;

	own_mounts();
	own_directory();
	CHILD_CHECK(mkdir("/mnt/a", 0755) == 0 && mkdir("/mnt/to", 0755) == 0);
	CHILD_CHECK(mount("a", "/mnt/a", "tmpfs", 0, "size=1M") == 0);
	CHILD_CHECK(mount(NULL, "/mnt/a", NULL, MS_SHARED, NULL) == 0);
	CHILD_CHECK(nsu_mnt_clone(open_path("/mnt/a"), "", NSU_MNT_CUT, 0, &fd) == 0);
	CHILD_CHECK(nsu_mnt_attach(fd, open_path("/mnt/to")) == 0);
	CHILD_CHECK(!mountinfo_says("/mnt/to", "shared:") && mountinfo_says("/mnt/a", "shared:"));
}

static void clone_can_be_cut_off_from_later_mounts(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(cut_a_clone), 0);
}

static void propagate_reaches_every_mount(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(propagate_all), 0);
}

static void new_fails_without_privilege(void **state)
{
	int fd = 77;

	(void)state;
	SKIP_UNLESS(geteuid() != 0, "needs another user than root");
	assert_int_equal(nsu_mnt_new("tmpfs", NULL, 0, 0, &fd), -EPERM);
	assert_int_equal(nsu_mnt_propagate(NSU_MNT_PRIVATE), -EPERM);
	assert_int_equal(fd, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_makes_a_tmpfs_with_its_limits_and_attributes),
		cmocka_unit_test(new_refuses_options_and_file_systems_that_it_does_not_know),
		cmocka_unit_test(clone_gives_a_read_only_mount_of_one_file),
		cmocka_unit_test(clone_takes_what_is_mounted_below_and_its_attributes_as_it_is_told),
		cmocka_unit_test(clone_can_be_cut_off_from_later_mounts),
		cmocka_unit_test(attach_refuses_a_directory_over_a_file),
		cmocka_unit_test(propagate_reaches_every_mount),
		cmocka_unit_test(new_fails_without_privilege),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
