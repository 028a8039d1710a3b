/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G3 G9. */
#include "support.h"

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "fsat.h"

/* What an open of a path by nsu_fsat_open_trusted() gives; its text must hold a word. */
static int trusted(const char *path, enum nsu_fsat_use use, const char *word)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int before = count_fds();
	int fd = -1;
	int ret;

	ret = nsu_fsat_open_trusted(path, use, &fd, &fail);
	if (ret == 0) {
		CHILD_CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
		close(fd);
	} else {
		CHILD_CHECK(fd == -1);
		CHILD_CHECK(strstr(fail.text, word));
	}
	CHILD_CHECK(count_fds() == before);
	return ret;
}

static void open_trusted_takes_a_file_of_root(void **state)
{
	(void)state;
	assert_int_equal(trusted("/etc/passwd", NSU_FSAT_READ, ""), 0);
	assert_int_equal(trusted("/usr/bin/env", NSU_FSAT_EXEC, ""), 0);
}

static void open_trusted_says_when_nothing_is_there(void **state)
{
	(void)state;
	assert_int_equal(trusted("/etc/no-such-file", NSU_FSAT_READ, "/etc/no-such-file"), -ENOENT);
	assert_int_equal(trusted("/etc/no-such-directory/x", NSU_FSAT_READ, "/etc/no-such-directory"), -ENOENT);
}

static void open_trusted_refuses_what_is_below_a_directory_that_others_write(void **state)
{
	char path[] = "/tmp/nsu-test-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(trusted(path, NSU_FSAT_READ, "the directory '/tmp' is not trusted"), -EPERM);
	close(fd);
	unlink(path);
}

static void open_trusted_refuses_what_is_no_regular_file(void **state)
{
	(void)state;
	assert_int_equal(trusted("/dev/null", NSU_FSAT_READ, "not a regular file"), -EPERM);
	assert_int_equal(trusted("/etc", NSU_FSAT_READ, "not a regular file"), -EPERM);
}

static void open_trusted_refuses_a_program_that_is_not_executable(void **state)
{
	(void)state;
	assert_int_equal(trusted("/etc/passwd", NSU_FSAT_EXEC, "not executable"), -EACCES);
}

static void open_trusted_refuses_a_name_that_is_too_long(void **state)
{
	char path[NSU_PATH_MAX];

	(void)state;
	memset(path, 'a', 300);
	memcpy(path, "/", 1);
	memcpy(path + 300, "/x", 3);
	assert_int_equal(trusted(path, NSU_FSAT_READ, ""), -ENAMETOOLONG);
}

static void try_owners_and_modes(void)
{
	own_mounts();
	own_directory();
	write_file("/mnt/good", "x", 0644);
	write_file("/mnt/group", "x", 0664);
	write_file("/mnt/other", "x", 0646);
	write_file("/mnt/alien", "x", 0644);
	CHILD_CHECK(chown("/mnt/alien", 65534, 0) == 0);
	CHILD_CHECK(trusted("/mnt/good", NSU_FSAT_READ, "") == 0);
	CHILD_CHECK(trusted("/mnt/group", NSU_FSAT_READ, "others than root can write it") == -EPERM);
	CHILD_CHECK(trusted("/mnt/other", NSU_FSAT_READ, "others than root can write it") == -EPERM);
	CHILD_CHECK(trusted("/mnt/alien", NSU_FSAT_READ, "does not belong to root") == -EPERM);
	CHILD_CHECK(chmod("/mnt", 0775) == 0);
	CHILD_CHECK(trusted("/mnt/good", NSU_FSAT_READ, "the directory '/mnt' is not trusted") == -EPERM);
	CHILD_CHECK(chmod("/mnt", 0755) == 0 && chown("/mnt", 65534, 0) == 0);
	CHILD_CHECK(trusted("/mnt/good", NSU_FSAT_READ, "the directory '/mnt' is not trusted") == -EPERM);
}

static void open_trusted_refuses_other_owners_and_writers(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(try_owners_and_modes), 0);
}

static void try_links(void)
{
	own_mounts();
	own_directory();
	CHILD_CHECK(mkdir("/mnt/dir", 0755) == 0);
	write_file("/mnt/dir/file", "x", 0755);
	CHILD_CHECK(symlink("dir/file", "/mnt/link") == 0 && symlink("dir", "/mnt/dirlink") == 0);
	CHILD_CHECK(trusted("/mnt/link", NSU_FSAT_READ, "/mnt/link") == -ELOOP);
	CHILD_CHECK(trusted("/mnt/link", NSU_FSAT_EXEC, "/mnt/link") == -ELOOP);
	CHILD_CHECK(trusted("/mnt/dirlink/file", NSU_FSAT_READ, "/mnt/dirlink") == -ELOOP);
}

static void open_trusted_refuses_symbolic_links_with_eloop(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(try_links), 0);
}

static void try_special_files(void)
{
	own_mounts();
	own_directory();
	CHILD_CHECK(mkfifo("/mnt/fifo", 0600) == 0);
	CHILD_CHECK(mknod("/mnt/socket", S_IFSOCK | 0600, 0) == 0);
	CHILD_CHECK(mknod("/mnt/tty", S_IFCHR | 0600, makedev(4, 64)) == 0);
	alarm(5); /* a blocking open would end here */
	CHILD_CHECK(trusted("/mnt/fifo", NSU_FSAT_READ, "not a regular file") == -EPERM);
	CHILD_CHECK(trusted("/mnt/socket", NSU_FSAT_READ, "/mnt/socket") < 0);
	CHILD_CHECK(trusted("/mnt/tty", NSU_FSAT_READ, "/mnt/tty") < 0);
	CHILD_CHECK(trusted("/mnt/fifo", NSU_FSAT_EXEC, "not a regular file") == -EPERM);
}

static void open_trusted_never_blocks_on_special_files(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(try_special_files), 0);
}

static int memory_file(const char *bytes, size_t len)
{
	int fd = memfd_create("tests", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int read_bytes(const char *bytes, size_t len, size_t max, const char *word)
{
	auto_close int fd = memory_file(bytes, len);
	struct nsu_fail fail = NSU_FAIL_INIT;
	auto_free char *text = NULL;
	size_t got = 99;
	int ret;

	ret = nsu_fsat_read_text(fd, "/x", max, &text, &got, &fail);
	if (ret == 0) {
		assert_int_equal(got, len);
		assert_memory_equal(text, bytes, len);
		assert_int_equal(text[len], 0);
	} else {
		assert_int_equal(got, 99);
		assert_null(text);
		assert_non_null(strstr(fail.text, word));
	}
	return ret;
}

static void read_text_gives_the_whole_file(void **state)
{
	(void)state;
	assert_int_equal(read_bytes("", 0, 10, ""), 0);
	assert_int_equal(read_bytes("hello\n", 6, 10, ""), 0);
	assert_int_equal(read_bytes("0123456789", 10, 10, ""), 0);
}

static void read_text_refuses_a_file_that_is_too_large(void **state)
{
	(void)state;
	assert_int_equal(read_bytes("0123456789a", 11, 10, "larger than the 10 bytes"), -EFBIG);
}

static void read_text_refuses_a_nul_byte(void **state)
{
	(void)state;
	assert_int_equal(read_bytes("a\0b", 3, 10, "NUL"), -EINVAL);
	assert_int_equal(read_bytes("\0", 1, 10, "NUL"), -EINVAL);
	assert_int_equal(read_bytes("a\0", 2, 10, "NUL"), -EINVAL);
}

static void read_text_refuses_a_file_that_is_longer_than_it_says(void **state)
{
	auto_close int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC); /* says it has 0 bytes */
	struct nsu_fail fail = NSU_FAIL_INIT;
	char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(nsu_fsat_read_text(fd, "/x", 65536, &text, &len, &fail), -EAGAIN);
	assert_null(text);
}

static void read_text_passes_on_the_errno_of_read(void **state)
{
	auto_close int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct nsu_fail fail = NSU_FAIL_INIT;
	char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(nsu_fsat_read_text(fd, "/", 1 << 20, &text, &len, &fail), -EISDIR);
}

/* A directory with a subdirectory, a file, a FIFO and links to them. */
static char place[] = "/tmp/nsu-test-XXXXXX";
static int place_dirfd = -1;

static int make_place(void **state)
{
	(void)state;
	if (!mkdtemp(place))
		return -1;
	place_dirfd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mkdirat(place_dirfd, "dir", 0755) || mkfifoat(place_dirfd, "fifo", 0600) ||
	       symlinkat("dir", place_dirfd, "link") || symlinkat("/proc/self/cwd", place_dirfd, "magic");
}

static int remove_place(void **state)
{
	static const char *const names[] = {"a/b/c", "a/b", "a", "dir/new", "dir"};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(names); i++)
		unlinkat(place_dirfd, names[i], AT_REMOVEDIR);
	unlinkat(place_dirfd, "fifo", 0);
	unlinkat(place_dirfd, "link", 0);
	unlinkat(place_dirfd, "magic", 0);
	nsu_close_fd(&place_dirfd);
	return rmdir(place);
}

static int target(int dirfd, const char *path)
{
	int fd = 77;
	int ret = nsu_fsat_open_target(dirfd, path, &fd);

	if (ret == 0) {
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		assert_true(fcntl(fd, F_GETFL) & O_PATH);
		close(fd);
	} else {
		assert_int_equal(fd, 77);
	}
	return ret;
}

static void open_target_takes_directories_only(void **state)
{
	(void)state;
	assert_int_equal(target(place_dirfd, "dir"), 0);
	assert_int_equal(target(AT_FDCWD, "/usr/bin"), 0);
	assert_int_equal(target(place_dirfd, "missing"), -ENOENT);
	assert_int_equal(target(place_dirfd, "fifo"), -ENOTDIR);
}

static void open_target_follows_no_symbolic_link(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(target(place_dirfd, "link"), -ELOOP);
	assert_int_equal(target(place_dirfd, "link/new"), -ELOOP);
	assert_int_equal(target(place_dirfd, "magic"), -ELOOP);
	assert_int_equal(target(AT_FDCWD, "/proc/self/cwd"), -ELOOP);
	snprintf(path, sizeof(path), "%s/link", place);
	assert_int_equal(target(AT_FDCWD, path), -ELOOP);
}

static void open_target_does_not_leave_the_directory(void **state)
{
	(void)state;
	assert_int_equal(target(place_dirfd, ".."), -EXDEV);
	assert_int_equal(target(place_dirfd, "dir/../.."), -EXDEV);
}

static void make_target_makes_what_is_missing_and_keeps_what_is_there(void **state)
{
	mode_t old = umask(022);
	struct stat st;
	int fd = -1;

	(void)state;
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "a/b/c", true, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	close(fd);
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "a/b/c", true, &fd), 0);
	close(fd);
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "dir/new", true, &fd), 0);
	close(fd);
	umask(old);
}

static void make_target_refuses_what_is_no_directory(void **state)
{
	int fd = 77;

	(void)state;
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "fifo/a", true, &fd), -ENOTDIR);
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "fifo", true, &fd), -ENOTDIR);
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "link", true, &fd), -ELOOP);
	assert_int_equal(fd, 77);
}

static void make_target_makes_a_file_where_one_is_wanted(void **state)
{
	struct stat st;
	int fd = -1;

	(void)state;
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "dir/new/file", false, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode) && st.st_size == 0);
	close(fd);
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "dir/new/file", false, &fd), 0);
	close(fd);
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "link", false, &fd), -ELOOP);
	assert_int_equal(nsu_fsat_make_target(place_dirfd, "link/file", false, &fd), -ELOOP);
	assert_int_equal(faccessat(place_dirfd, "dir/file", F_OK, 0), -1);
	unlinkat(place_dirfd, "dir/new/file", 0);
}

static void open_any_takes_files_of_all_types_and_no_links(void **state)
{
	int fd = 77;

	(void)state;
	assert_int_equal(nsu_fsat_open_any(place_dirfd, "link", &fd), -ELOOP);
	assert_int_equal(nsu_fsat_open_any(place_dirfd, "fifo/x", &fd), -ENOTDIR);
	assert_int_equal(nsu_fsat_open_any(place_dirfd, "missing", &fd), -ENOENT);
	assert_int_equal(nsu_fsat_open_any(place_dirfd, "..", &fd), -EXDEV);
	assert_int_equal(fd, 77);
	assert_int_equal(nsu_fsat_open_any(place_dirfd, "fifo", &fd), 0); /* and does not block */
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
	close(fd);
	assert_int_equal(nsu_fsat_open_any(place_dirfd, "dir", &fd), 0);
	close(fd);
}

/* What a walk by a user's path gives; the reason concerns a beginning of the path. */
static void walk(const char *path, uid_t uid, bool is_last_owned, int err, const char *about)
{
	struct nsu_fsat_walk step = {.dirfd = AT_FDCWD, .path = path, .uid = uid, .is_last_owned = is_last_owned};
	int before = count_fds();
	int fd = 77;
	int ret = nsu_fsat_walk(&step, &fd);

	CHILD_CHECK(ret == -err);
	if (ret == 0)
		close(fd);
	else
		CHILD_CHECK(fd == 77);
	CHILD_CHECK(!about == !step.reason);
	if (about)
		CHILD_CHECK(step.reason_len == strlen(about) && strncmp(path, about, step.reason_len) == 0);
	CHILD_CHECK(count_fds() == before);
}

static void walk_ways(void)
{
	own_mounts();
	own_directory();
	umask(0);
	CHILD_CHECK(mkdir("/mnt/mine", 0755) == 0 && mkdir("/mnt/mine/dir", 0755) == 0);
	CHILD_CHECK(chown("/mnt/mine", 1000, 0) == 0 && mkdir("/mnt/sticky", 01777) == 0);
	CHILD_CHECK(mkdir("/mnt/sticky/mine", 0755) == 0 && chown("/mnt/sticky/mine", 1000, 0) == 0);
	CHILD_CHECK(mkdir("/mnt/open", 0777) == 0 && mkdir("/mnt/open/dir", 0755) == 0);
	CHILD_CHECK(symlink("mine", "/mnt/link") == 0 && mkfifo("/mnt/mine/fifo", 0666) == 0);
	walk("/mnt/mine", 0, false, 0, NULL);
	walk("/mnt/mine", 0, true, EPERM, "/mnt/mine");
	walk("/mnt/mine/dir", 0, false, EPERM, "/mnt/mine");
	walk("/mnt/mine/dir", 1000, true, 0, NULL);
	walk("/mnt/mine/dir", 2000, true, EPERM, "/mnt/mine");
	walk("/mnt/mine/fifo", 1000, false, 0, NULL);
	walk("/mnt/sticky/mine", 0, false, EPERM, "/mnt/sticky/mine");
	walk("/mnt/sticky/mine", 1000, false, 0, NULL);
	walk("/mnt/open", 0, true, 0, NULL);
	walk("/mnt/open/dir", 1000, true, EPERM, "/mnt/open");
	walk("/mnt/link/dir", 1000, false, ELOOP, NULL);
	walk("/mnt/link", 1000, false, ELOOP, NULL);
	walk("/mnt/none/dir", 1000, false, ENOENT, NULL);
	walk("/mnt/mine/fifo/x", 1000, false, ENOTDIR, NULL);
	CHILD_CHECK(chown("/mnt", 1000, 0) == 0);
	walk("/mnt/open", 0, true, EPERM, "/mnt");
}

static void walk_goes_only_where_nobody_else_can_rename(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(walk_ways), 0);
}

static void walk_below(void)
{
	struct nsu_fsat_walk step = {.path = "dir/x"};
	int fd = 77;

	own_mounts();
	own_directory();
	CHILD_CHECK(mkdir("/mnt/mine", 0755) == 0 && mkdir("/mnt/mine/dir", 0755) == 0);
	CHILD_CHECK(mkdir("/mnt/mine/dir/x", 0755) == 0);
	step.dirfd = open("/mnt/mine", O_PATH | O_CLOEXEC);
	CHILD_CHECK(nsu_fsat_walk(&step, &fd) == 0 && fd != 77);
	close(fd);
	CHILD_CHECK(chown("/mnt/mine", 1000, 0) == 0);
	CHILD_CHECK(nsu_fsat_walk(&step, &fd) == -EPERM && step.reason && step.reason_len == 0);
}

static void walk_looks_at_where_it_starts_too(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(walk_below), 0);
}

static void make_target_refuses_a_path_that_is_too_long(void **state)
{
	char path[NSU_PATH_MAX + 1];
	int fd = 77;

	(void)state;
	memset(path, 'a', NSU_PATH_MAX);
	path[NSU_PATH_MAX] = '\0';
	assert_int_equal(nsu_fsat_make_target(place_dirfd, path, true, &fd), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_trusted_takes_a_file_of_root),
		cmocka_unit_test(open_trusted_says_when_nothing_is_there),
		cmocka_unit_test(open_trusted_refuses_what_is_below_a_directory_that_others_write),
		cmocka_unit_test(open_trusted_refuses_what_is_no_regular_file),
		cmocka_unit_test(open_trusted_refuses_a_program_that_is_not_executable),
		cmocka_unit_test(open_trusted_refuses_a_name_that_is_too_long),
		cmocka_unit_test(open_trusted_refuses_other_owners_and_writers),
		cmocka_unit_test(open_trusted_refuses_symbolic_links_with_eloop),
		cmocka_unit_test(open_trusted_never_blocks_on_special_files),
		cmocka_unit_test(read_text_gives_the_whole_file),
		cmocka_unit_test(read_text_refuses_a_file_that_is_too_large),
		cmocka_unit_test(read_text_refuses_a_nul_byte),
		cmocka_unit_test(read_text_refuses_a_file_that_is_longer_than_it_says),
		cmocka_unit_test(read_text_passes_on_the_errno_of_read),
		cmocka_unit_test(open_target_takes_directories_only),
		cmocka_unit_test(open_target_follows_no_symbolic_link),
		cmocka_unit_test(open_target_does_not_leave_the_directory),
		cmocka_unit_test(make_target_makes_what_is_missing_and_keeps_what_is_there),
		cmocka_unit_test(make_target_refuses_what_is_no_directory),
		cmocka_unit_test(make_target_refuses_a_path_that_is_too_long),
		cmocka_unit_test(make_target_makes_a_file_where_one_is_wanted),
		cmocka_unit_test(open_any_takes_files_of_all_types_and_no_links),
		cmocka_unit_test(walk_goes_only_where_nobody_else_can_rename),
		cmocka_unit_test(walk_looks_at_where_it_starts_too),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
