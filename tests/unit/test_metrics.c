/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G33. */
/* The file of counters: how it is made and by whom, what is left alone, and that what is added is there. */
#include "support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>

#include "metrics.h"
#include "registry.h"

#define FILE_PATH  NSU_RUN_DIR "/" NSU_METRICS_NAME
#define MAKERS     12
#define ROUNDS     25
#define RACES      60
#define ADDS       400
#define FILE_BYTES 16384 /* more than the file has */

static int run_fd; /* NSU_RUN_DIR */
static struct nsu_metrics_counts counts;

static void own_run_dir(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	own_mounts();
	CHILD_CHECK_OK(nsu_registry_open(true, &run_fd, &fail), &fail);
}

/* The same, on a file system of its own there. */
static void own_run_mount(const char *type, const char *options)
{
	own_run_dir();
	CHILD_CHECK(mount("tests", NSU_RUN_DIR, type, 0, options) == 0);
	close(run_fd);
	run_fd = open(NSU_RUN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHILD_CHECK(run_fd >= 0);
}

static struct nsu_metrics *map(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_metrics *metrics;

	CHILD_CHECK_OK(nsu_metrics_map(run_fd, &metrics, &fail), &fail);
	return metrics;
}

/* Return: what mapping says, which it should not. */
static int map_fails(void)
{
	struct nsu_metrics *metrics = NULL;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int n_fds = count_fds();
	int ret = nsu_metrics_map(run_fd, &metrics, &fail);

	CHILD_CHECK(ret < 0 && !metrics && fail.err == -ret);
	CHILD_CHECK(count_fds() == n_fds);
	return ret;
}

static void read_all(void)
{
	struct nsu_metrics *metrics = map();

	nsu_metrics_read(metrics, &counts);
	nsu_metrics_unmap(metrics);
}

static int count_names(void)
{
	DIR *dir = opendir(NSU_RUN_DIR);
	int n = -2;

	CHILD_CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static const struct nsu_metrics_profile *profile_of(const char *name)
{
	for (size_t i = 0; i < counts.n_profiles; i++) {
		if (strcmp(counts.profiles[i].name, name) == 0)
			return &counts.profiles[i];
	}
	return NULL;
}

/* Runs a body in several processes at once, which is told its number. */
static void at_once(int n, void (*body)(int))
{
	int gate[2], status;
	char byte;

	CHILD_CHECK(pipe2(gate, O_CLOEXEC) == 0);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		CHILD_CHECK(pid >= 0);
		if (pid > 0)
			continue;
		close(gate[1]);
		CHILD_CHECK(read(gate[0], &byte, 1) == 0);
		body(i);
		_exit(0);
	}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < n; i++)
		CHILD_CHECK(wait(&status) > 0 && status == 0);
}

/* ---- making it */

static void made_whole(void)
{
	struct stat st;

	own_run_dir();
	umask(0777);
	read_all();
	CHILD_CHECK(stat(FILE_PATH, &st) == 0 && st.st_uid == 0 && st.st_mode == (S_IFREG | 0600) && st.st_nlink == 1);
	CHILD_CHECK(st.st_blocks * 512 >= st.st_size && st.st_size <= FILE_BYTES);
	CHILD_CHECK(counts.n_profiles == 0 && counts.refused[0] == 0 && count_names() == 1);
}

static void add_some(int number)
{
	struct nsu_metrics *metrics = map();

	for (int i = 0; i < ADDS; i++) {
		nsu_metrics_opened(metrics, number % 2 ? "odd" : "even", i % 2, 1000);
		nsu_metrics_closed(metrics, "odd");
		nsu_metrics_failed(metrics, NSU_METRICS_LIMIT, i % 4 == 0);
	}
	nsu_metrics_unmap(metrics);
}

static void made_by_one_of_many(void)
{
	own_run_dir();
	for (int round = 0; round < ROUNDS; round++) {
		unlink(FILE_PATH);
		at_once(MAKERS, add_some);
		read_all();
		CHILD_CHECK(count_names() == 1 && counts.n_profiles == 2);
		CHILD_CHECK(profile_of("odd")->opened[0] == MAKERS / 2 * ADDS / 2);
		CHILD_CHECK(profile_of("even")->opened[1] == MAKERS / 2 * ADDS / 2);
		CHILD_CHECK(profile_of("odd")->closed == MAKERS * ADDS && profile_of("even")->closed == 0);
		CHILD_CHECK(counts.let_in[NSU_METRICS_LIMIT] == MAKERS * ADDS / 4);
		CHILD_CHECK(counts.refused[NSU_METRICS_LIMIT] == MAKERS * ADDS / 4 * 3);
		CHILD_CHECK(counts.times[0].sum_ns == MAKERS * ADDS / 2 * 1000);
		CHILD_CHECK(counts.times[1].buckets[0] == MAKERS * ADDS / 2);
	}
}

/* Makers that are killed anywhere on the way. */
static void make_for_ever(int number)
{
	(void)number;
	for (;;) {
		nsu_metrics_unmap(map());
		unlink(FILE_PATH);
	}
}

static void nothing_left_by_the_killed(void)
{
	own_run_dir();
	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();

		CHILD_CHECK(pid >= 0);
		if (pid == 0)
			make_for_ever(i);
		usleep(2000 + 37 * (unsigned)i);
		CHILD_CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
		CHILD_CHECK(count_names() == (access(FILE_PATH, F_OK) == 0));
		read_all(); /* and what is there is whole */
		unlink(FILE_PATH);
	}
}

/* ---- where it can't be made */

static void fill(void)
{
	static const char page[4096];
	int fd = open(NSU_RUN_DIR "/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	CHILD_CHECK(fd >= 0);
	while (write(fd, page, sizeof(page)) > 0)
		;
	CHILD_CHECK(errno == ENOSPC);
	close(fd);
}

static void not_on_a_full_tmpfs(void)
{
	struct nsu_metrics *metrics;

	own_run_mount("tmpfs", "mode=0700,size=64k");
	fill();
	CHILD_CHECK(map_fails() == -ENOSPC && count_names() == 1);
	CHILD_CHECK(truncate(NSU_RUN_DIR "/filler", 60 * 1024) == 0); /* room for one page of it */
	CHILD_CHECK(map_fails() == -ENOSPC && count_names() == 1);
	CHILD_CHECK(unlink(NSU_RUN_DIR "/filler") == 0);
	metrics = map();
	fill();
	for (int i = 0; i < NSU_METRICS_PROFILES + 5;
	     i++) { /* each page is written: there is none to be had any more */
		char name[16];

		snprintf(name, sizeof(name), "p%d", i);
		nsu_metrics_opened(metrics, name, true, UINT64_MAX / 128);
		nsu_metrics_failed(metrics, NSU_METRICS_OTHER, true);
	}
	nsu_metrics_unmap(metrics);
	read_all();
	CHILD_CHECK(counts.let_in[NSU_METRICS_OTHER] == NSU_METRICS_PROFILES + 5);
}

static void not_without_an_inode(void)
{
	own_run_mount("tmpfs", "mode=0700,nr_inodes=1");
	CHILD_CHECK(map_fails() == -ENOSPC && count_names() == 0);
	own_run_mount("tmpfs", "mode=0700,nr_inodes=8"); /* seven are free */
	CHILD_CHECK(map_fails() == -ENOSPC && count_names() == 0);
	own_run_mount("tmpfs", "mode=0700,nr_inodes=9");
	nsu_metrics_unmap(map());
	own_run_mount("tmpfs", "mode=0700,nr_inodes=0"); /* no limit */
	nsu_metrics_unmap(map());
}

static void not_off_a_tmpfs(void)
{
	own_run_mount("ramfs", "mode=0700");
	CHILD_CHECK(map_fails() == -EOPNOTSUPP && count_names() == 0);
}

static void limit(int resource, rlim_t soft)
{
	struct rlimit both;

	CHILD_CHECK(getrlimit(resource, &both) == 0);
	both.rlim_cur = soft;
	CHILD_CHECK(setrlimit(resource, &both) == 0);
}

static void no_signal_by_a_limit(void)
{
	struct stat st;

	own_run_dir();
	signal(SIGXFSZ, SIG_DFL);
	limit(RLIMIT_FSIZE, 0);
	CHILD_CHECK(map_fails() == -EFBIG && count_names() == 0);
	limit(RLIMIT_FSIZE, RLIM_INFINITY);
	nsu_metrics_unmap(map());
	CHILD_CHECK(stat(FILE_PATH, &st) == 0 && unlink(FILE_PATH) == 0);
	limit(RLIMIT_FSIZE, (rlim_t)st.st_size - 1);
	CHILD_CHECK(map_fails() == -EFBIG);
	limit(RLIMIT_FSIZE, (rlim_t)st.st_size);
	nsu_metrics_unmap(map());
	limit(RLIMIT_FSIZE, 0);
	add_some(0);
	read_all();
	CHILD_CHECK(profile_of("even")->opened[0] == ADDS / 2);
}

static void no_descriptor_left(void)
{
	struct nsu_metrics *metrics;
	struct nsu_fail fail = NSU_FAIL_INIT;

	own_run_dir();
	for (rlim_t n = (rlim_t)run_fd + 1; n < (rlim_t)run_fd + 3; n++) {
		limit(RLIMIT_NOFILE, n);
		if (nsu_metrics_map(run_fd, &metrics, &fail) == 0)
			return;
		CHILD_CHECK(fail.err == EMFILE);
		fail.err = 0;
	}
	CHILD_CHECK(!"it needs more than one");
}

static void no_memory_left(void)
{
	own_run_dir();
	nsu_metrics_unmap(map());
#ifndef __SANITIZE_ADDRESS__ /* it needs terabytes of addresses */
	CHILD_CHECK(count_fds() > 0);
	limit(RLIMIT_AS, 4096);
	{
		struct nsu_metrics *metrics = NULL;
		struct nsu_fail fail = NSU_FAIL_INIT;

		CHILD_CHECK(nsu_metrics_map(run_fd, &metrics, &fail) == -ENOMEM && !metrics);
	}
#endif
}

/* ---- what stands in its place */

static void be_empty(void)
{
	CHILD_CHECK(truncate(FILE_PATH, 0) == 0);
}

static void be_half(void)
{
	CHILD_CHECK(truncate(FILE_PATH, 4096) == 0);
}

static void be_longer(void)
{
	CHILD_CHECK(truncate(FILE_PATH, 2L * FILE_BYTES) == 0);
}

static void be_holes(void)
{
	struct stat st;

	CHILD_CHECK(stat(FILE_PATH, &st) == 0 && truncate(FILE_PATH, 0) == 0 && truncate(FILE_PATH, st.st_size) == 0);
}

static void be_other_version(void)
{
	int fd = open(FILE_PATH, O_WRONLY | O_CLOEXEC);

	CHILD_CHECK(fd >= 0 && pwrite(fd, "numet_00", 8, 0) == 8);
	close(fd);
}

static void be_other_size(void)
{
	int fd = open(FILE_PATH, O_WRONLY | O_CLOEXEC);

	CHILD_CHECK(fd >= 0 && pwrite(fd, "\0\0", 2, 8) == 2);
	close(fd);
}

static void be_for_all(void)
{
	CHILD_CHECK(chmod(FILE_PATH, 0644) == 0);
}

static void be_users(void)
{
	CHILD_CHECK(chown(FILE_PATH, 4242, 0) == 0);
}

static void be_link(void)
{
	CHILD_CHECK(rename(FILE_PATH, NSU_RUN_DIR "/other") == 0 && symlink("other", FILE_PATH) == 0);
}

static void be_fifo(void)
{
	CHILD_CHECK(unlink(FILE_PATH) == 0 && mkfifo(FILE_PATH, 0600) == 0);
}

static void be_directory(void)
{
	CHILD_CHECK(unlink(FILE_PATH) == 0 && mkdir(FILE_PATH, 0600) == 0);
}

static void leaves_alone(void)
{
	static void (*const spoils[])(void) = {be_empty,         be_half,       be_longer,   be_holes,
	                                       be_other_version, be_other_size, be_for_all,  be_users,
	                                       be_link,          be_fifo,       be_directory};

	own_run_dir();
	for (size_t i = 0; i < NSU_COUNT(spoils); i++) {
		struct stat before, after;

		nsu_metrics_unmap(map());
		spoils[i]();
		CHILD_CHECK(lstat(FILE_PATH, &before) == 0);
		(void)map_fails();
		CHILD_CHECK(lstat(FILE_PATH, &after) == 0 && before.st_ino == after.st_ino);
		CHILD_CHECK(before.st_size == after.st_size && before.st_blocks == after.st_blocks);
		CHILD_CHECK(before.st_ctim.tv_nsec == after.st_ctim.tv_nsec && before.st_mode == after.st_mode);
		CHILD_CHECK(remove(FILE_PATH) == 0);
	}
}

/* ---- what is added */

static void times_fall_into_their_buckets(void)
{
	struct nsu_metrics *metrics;

	own_run_dir();
	metrics = map();
	for (size_t i = 0; i + 1 < NSU_METRICS_BUCKETS; i++) {
		CHILD_CHECK(i == 0 || nsu_metrics_bound_ns(i) > nsu_metrics_bound_ns(i - 1));
		nsu_metrics_opened(metrics, "p", false, nsu_metrics_bound_ns(i));
		nsu_metrics_opened(metrics, "p", true, nsu_metrics_bound_ns(i) + 1);
	}
	nsu_metrics_opened(metrics, "p", false, 0);
	nsu_metrics_opened(metrics, "p", true, UINT64_MAX / 4);
	nsu_metrics_unmap(metrics);
	CHILD_CHECK(nsu_metrics_bound_ns(0) == 250000 && nsu_metrics_bound_ns(NSU_METRICS_BUCKETS - 2) == 5000000000);
	CHILD_CHECK(nsu_metrics_bound_ns(NSU_METRICS_BUCKETS - 1) == UINT64_MAX);
	read_all();
	for (size_t i = 0; i < NSU_METRICS_BUCKETS; i++) {
		CHILD_CHECK(counts.times[0].buckets[i] == (i == 0 ? 2 : i + 1 < NSU_METRICS_BUCKETS));
		CHILD_CHECK(counts.times[1].buckets[i] == (i == 0 ? 0 : i + 1 < NSU_METRICS_BUCKETS ? 1 : 2));
	}
}

/* Each begins elsewhere in the list of names. */
static void claim_places(int number)
{
	struct nsu_metrics *metrics = map();
	char name[16];

	for (int i = 0; i < NSU_METRICS_PROFILES; i++) {
		snprintf(name, sizeof(name), "p%d", (i + number * 5) % NSU_METRICS_PROFILES);
		nsu_metrics_opened(metrics, name, false, 1);
	}
	nsu_metrics_unmap(metrics);
}

static void a_name_has_one_place(void)
{
	struct nsu_metrics *metrics;

	own_run_dir();
	for (int round = 0; round < ROUNDS; round++) {
		unlink(FILE_PATH);
		at_once(MAKERS, claim_places);
		read_all();
		CHILD_CHECK(counts.n_profiles == NSU_METRICS_PROFILES);
		for (size_t i = 0; i < counts.n_profiles; i++) {
			CHILD_CHECK(counts.profiles[i].opened[0] == MAKERS && counts.profiles[i].name[0] == 'p');
			CHILD_CHECK(i == 0 || strcmp(counts.profiles[i - 1].name, counts.profiles[i].name) < 0);
		}
	}
	metrics = map();
	nsu_metrics_opened(metrics, "one too many", true, 1);
	nsu_metrics_closed(metrics, "another");
	nsu_metrics_closed(metrics, "p7");
	nsu_metrics_unmap(metrics);
	read_all();
	CHILD_CHECK(counts.n_profiles == NSU_METRICS_PROFILES + 1 && profile_of("p7")->closed == 1);
	CHILD_CHECK(profile_of(NSU_METRICS_OTHERS)->opened[1] == 1 && profile_of(NSU_METRICS_OTHERS)->closed == 1);
}

static _Atomic int *steps; /* shared by the two of a race */

/* Two that go from name to name in step, so that both want the same free place at the same moment. */
static void claim_in_step(int number)
{
	struct nsu_metrics *metrics = map();
	char name[16];

	for (int i = 0; i < NSU_METRICS_PROFILES / 2; i++) {
		snprintf(name, sizeof(name), "%c%d", 'a' + number, i);
		(*steps)++;
		for (int spins = 0; *steps < 2 * (i + 1); spins++) {
			if (spins > 1000)
				sched_yield();
		}
		nsu_metrics_opened(metrics, name, false, 1);
	}
	nsu_metrics_unmap(metrics);
}

static void a_place_has_one_name(void)
{
	own_run_dir();
	steps = mmap(NULL, sizeof(*steps), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHILD_CHECK(steps != MAP_FAILED);
	for (int round = 0; round < RACES; round++) {
		unlink(FILE_PATH);
		*steps = 0;
		at_once(2, claim_in_step);
		read_all();
		CHILD_CHECK(counts.n_profiles == NSU_METRICS_PROFILES);
		for (size_t i = 0; i < counts.n_profiles; i++)
			CHILD_CHECK(counts.profiles[i].opened[0] == 1);
	}
}

static void names_are_printable_and_cut(void)
{
	static const char longest[] = "a234567890123456789012345678901234567890123456789012345678901234";
	struct nsu_metrics *metrics;
	char longer[200];

	own_run_dir();
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	metrics = map();
	nsu_metrics_closed(metrics, longest);
	nsu_metrics_closed(metrics, longer);
	nsu_metrics_closed(metrics, "a\n\"b\"");
	nsu_metrics_closed(metrics, "");
	nsu_metrics_unmap(metrics);
	read_all();
	CHILD_CHECK(counts.n_profiles == 4 && strlen(longest) == 64 && profile_of(longest));
	CHILD_CHECK(profile_of("a\\x0a\\x22b\\x22") && profile_of("-"));
	for (size_t i = 0; i < 4; i++)
		CHILD_CHECK(counts.profiles[i].closed == 1 && strlen(counts.profiles[i].name) < NSU_METRICS_NAME_MAX);
}

/* Who had the place was killed before its name was there. */
static void a_name_that_is_missing_is_written(void)
{
	static char bytes[FILE_BYTES], nothing[16];
	struct nsu_metrics *metrics;
	char *name;
	int fd;

	own_run_dir();
	metrics = map();
	nsu_metrics_opened(metrics, "mine", false, 1);
	fd = open(FILE_PATH, O_RDWR | O_CLOEXEC);
	CHILD_CHECK(fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0);
	name = memmem(bytes, sizeof(bytes), "mine", 4);
	CHILD_CHECK(name && pwrite(fd, nothing, 16, name - bytes - 8) == 16); /* that it is named stands before it */
	close(fd);
	read_all();
	CHILD_CHECK(counts.n_profiles == 0);
	nsu_metrics_closed(metrics, "other");
	nsu_metrics_closed(metrics, "mine");
	read_all();
	CHILD_CHECK(counts.n_profiles == 2 && profile_of("mine")->opened[0] == 1 && profile_of("mine")->closed == 1);
}

static void reasons_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < NSU_METRICS_REASONS; i++) {
		const char *name = nsu_metrics_reason_name((enum nsu_metrics_reason)i);

		assert_true(name && strspn(name, "abcdefghijklmnopqrstuvwxyz") == strlen(name) && *name);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, nsu_metrics_reason_name((enum nsu_metrics_reason)j));
	}
}

TEST_IN_CHILD(map_makes_a_whole_file_whatever_the_umask, made_whole)
TEST_IN_CHILD(map_makes_one_file_for_many_at_once_and_loses_nothing, made_by_one_of_many)
TEST_IN_CHILD(map_leaves_nothing_half_made_when_killed, nothing_left_by_the_killed)
TEST_IN_CHILD(map_fails_on_a_full_tmpfs_and_adding_never_does, not_on_a_full_tmpfs)
TEST_IN_CHILD(map_fails_without_an_inode, not_without_an_inode)
TEST_IN_CHILD(map_makes_nothing_off_a_tmpfs, not_off_a_tmpfs)
TEST_IN_CHILD(map_raises_no_signal_by_the_limit_of_sizes, no_signal_by_a_limit)
TEST_IN_CHILD(map_fails_without_a_descriptor, no_descriptor_left)
TEST_IN_CHILD(map_fails_without_memory, no_memory_left)
TEST_IN_CHILD(map_leaves_alone_what_is_not_such_a_file, leaves_alone)
TEST_IN_CHILD(opened_finds_the_bucket_at_its_edges, times_fall_into_their_buckets)
TEST_IN_CHILD(opened_gives_a_name_one_place_for_many_at_once, a_name_has_one_place)
TEST_IN_CHILD(opened_gives_a_place_one_name_for_two_in_step, a_place_has_one_name)
TEST_IN_CHILD(closed_keeps_names_printable_and_short, names_are_printable_and_cut)
TEST_IN_CHILD(closed_writes_a_name_that_another_has_not, a_name_that_is_missing_is_written)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_makes_a_whole_file_whatever_the_umask),
		cmocka_unit_test(map_makes_one_file_for_many_at_once_and_loses_nothing),
		cmocka_unit_test(map_leaves_nothing_half_made_when_killed),
		cmocka_unit_test(map_fails_on_a_full_tmpfs_and_adding_never_does),
		cmocka_unit_test(map_fails_without_an_inode),
		cmocka_unit_test(map_makes_nothing_off_a_tmpfs),
		cmocka_unit_test(map_raises_no_signal_by_the_limit_of_sizes),
		cmocka_unit_test(map_fails_without_a_descriptor),
		cmocka_unit_test(map_fails_without_memory),
		cmocka_unit_test(map_leaves_alone_what_is_not_such_a_file),
		cmocka_unit_test(opened_finds_the_bucket_at_its_edges),
		cmocka_unit_test(opened_gives_a_name_one_place_for_many_at_once),
		cmocka_unit_test(opened_gives_a_place_one_name_for_two_in_step),
		cmocka_unit_test(closed_keeps_names_printable_and_short),
		cmocka_unit_test(closed_writes_a_name_that_another_has_not),
		cmocka_unit_test(reasons_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
