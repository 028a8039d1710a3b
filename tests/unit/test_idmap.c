/* SPDX-License-Identifier: BSD-3-Clause */
#include "idmap.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include "support.h"

static struct nsu_plan_user user;
static struct nsu_fail record;

/* A process, and the way to hold and to end it. */
struct subject {
	pid_t pid;
	int pidfd;
	int ready_fd; /* a byte comes when it is where it should be */
};

static void start(struct subject *subject, int flags)
{
	int ends[2];
	char byte = 0;

	CHILD_CHECK(pipe2(ends, O_CLOEXEC) == 0);
	subject->pid = fork();
	if (subject->pid == 0) {
		CHILD_CHECK(flags == 0 || unshare(flags) == 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* which unshare(2) clears */
		CHILD_CHECK(write(ends[1], "x", 1) == 1);
		pause();
		_exit(0);
	}
	subject->pidfd = (int)syscall(SYS_pidfd_open, subject->pid, 0);
	CHILD_CHECK(subject->pid > 0 && subject->pidfd >= 0 && read(ends[0], &byte, 1) == 1);
	close(ends[0]);
	close(ends[1]);
}

static void reap(const struct subject *subject)
{
	CHILD_CHECK(waitpid(subject->pid, NULL, 0) == subject->pid);
}

static void end(const struct subject *subject)
{
	siginfo_t info;

	CHILD_CHECK(kill(subject->pid, SIGKILL) == 0);
	CHILD_CHECK(waitid(P_PID, subject->pid, &info, WEXITED | WNOWAIT) == 0);
}

/* The map as the kernel has it, its blanks single. */
static void read_map(pid_t pid, const char *name, char *text, size_t cap)
{
	char path[64];
	unsigned inside, outside, count;
	size_t len = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	CHILD_CHECK(file);
	text[0] = '\0';
	while (fscanf(file, "%u %u %u", &inside, &outside, &count) == 3)
		len += snprintf(text + len, cap - len, "%u %u %u\n", inside, outside, count);
	fclose(file);
}

static void make_small_maps(void)
{
	user = (struct nsu_plan_user){.n_uids = 2, .n_gids = 1, .max_user_namespaces = -1};
	user.uids[0] = (struct nsu_plan_range){0, 0, 1};
	user.uids[1] = (struct nsu_plan_range){1000, 1000, 1};
	user.gids[0] = (struct nsu_plan_range){5, 100005, 4294867290U};
}

/* As many ranges as there can be: each takes 12 bytes. */
static void make_large_maps(void)
{
	make_small_maps();
	user.n_uids = user.n_gids = NSU_PLAN_RANGES_MAX;
	for (uint32_t i = 0; i < NSU_PLAN_RANGES_MAX; i++) {
		user.uids[i] = (struct nsu_plan_range){1000 + 2 * i, 2000 + 3 * i, 1};
		user.gids[i] = (struct nsu_plan_range){1000 + 3 * i, 4000 + 2 * i, 1 + i % 2};
	}
}

/* As long as the kernel takes them: 4095 bytes. */
static void make_long_maps(void)
{
	make_small_maps();
	user.n_uids = 171;
	user.uids[0] = (struct nsu_plan_range){0, 12345678, 123}; /* 15 bytes, and each other 24 */
	for (uint32_t i = 1; i < user.n_uids; i++)
		user.uids[i] = (struct nsu_plan_range){4000000000U + 2 * i, 3000000000U + 3 * i, 1};
}

static void write_and_compare(void (*make)(void))
{
	static char wanted[64 * NSU_PLAN_RANGES_MAX], got[64 * NSU_PLAN_RANGES_MAX];
	struct subject subject;
	size_t len = 0;
	int before = count_fds();

	make();
	start(&subject, CLONE_NEWUSER);
	CHILD_CHECK_OK(nsu_idmap_write(&user, subject.pid, subject.pidfd, &record), &record);
	for (size_t i = 0; i < user.n_uids; i++)
		len += snprintf(wanted + len, sizeof(wanted) - len, "%u %u %u\n", user.uids[i].inside,
		                user.uids[i].outside, user.uids[i].count);
	read_map(subject.pid, "uid_map", got, sizeof(got));
	CHILD_CHECK(strcmp(got, wanted) == 0);
	len = 0;
	for (size_t i = 0; i < user.n_gids; i++)
		len += snprintf(wanted + len, sizeof(wanted) - len, "%u %u %u\n", user.gids[i].inside,
		                user.gids[i].outside, user.gids[i].count);
	read_map(subject.pid, "gid_map", got, sizeof(got));
	CHILD_CHECK(strcmp(got, wanted) == 0);
	end(&subject);
	reap(&subject);
	close(subject.pidfd);
	CHILD_CHECK(count_fds() == before);
}

static void write_both(void)
{
	write_and_compare(make_small_maps);
	write_and_compare(make_large_maps);
	write_and_compare(make_long_maps);
}

static void write_gives_the_kernel_each_range_up_to_its_limit(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(write_both), 0);
}

static void check_fails(const struct subject *subject, int err, const char *word)
{
	int before = count_fds();
	int ret;

	record = (struct nsu_fail)NSU_FAIL_INIT;
	ret = nsu_idmap_write(&user, subject->pid, subject->pidfd, &record);
	if (ret != -err || !strstr(record.text, word))
		dprintf(child_report_fd, "# %d: %s\n", ret, record.text);
	CHILD_CHECK(ret == -err && strstr(record.text, word) && count_fds() == before);
}

static void write_to_the_dead(void)
{
	struct subject subject;

	make_small_maps();
	start(&subject, CLONE_NEWUSER);
	end(&subject);
	check_fails(&subject, ESRCH, "find the helper"); /* its number is still there */
	reap(&subject);
	check_fails(&subject, ESRCH, "find the helper");
}

static void write_says_that_the_process_is_dead(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(write_to_the_dead), 0);
}

/* The number of a dead process that another one has got: the pidfd tells. */
static void write_to_a_stranger(void)
{
	struct subject dead, stranger, mixed;
	char map[256];

	make_small_maps();
	start(&dead, CLONE_NEWUSER);
	start(&stranger, CLONE_NEWUSER);
	end(&dead);
	mixed = (struct subject){.pid = stranger.pid, .pidfd = dead.pidfd};
	check_fails(&mixed, ESRCH, "find the helper");
	read_map(stranger.pid, "uid_map", map, sizeof(map));
	CHILD_CHECK(map[0] == '\0');
	end(&stranger);
}

static void write_touches_no_process_that_has_got_the_number_of_a_dead_one(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(write_to_a_stranger), 0);
}

static void write_what_the_kernel_refuses(void)
{
	struct subject subject;

	make_small_maps();
	start(&subject, 0); /* it is in ours, which has its maps */
	check_fails(&subject, EPERM, "write the uid_map of the session");
	end(&subject);
	start(&subject, CLONE_NEWUSER);
	user.uids[1].outside = 0; /* overlaps */
	check_fails(&subject, EINVAL, "write the uid_map of the session");
	make_small_maps();
	CHILD_CHECK_OK(nsu_idmap_write(&user, subject.pid, subject.pidfd, &record), &record);
	check_fails(&subject, EPERM, "write the uid_map of the session"); /* once only */
	end(&subject);
	start(&subject, CLONE_NEWUSER);
	make_long_maps();
	user.uids[0].count = 1234; /* a byte more */
	check_fails(&subject, EINVAL, "write the uid_map of the session");
	CHILD_CHECK(seteuid(65534) == 0);
	check_fails(&subject, EACCES, "open the uid_map of the session");
	CHILD_CHECK(seteuid(0) == 0);
	end(&subject);
}

static void write_passes_on_what_the_kernel_says(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(write_what_the_kernel_refuses), 0);
}

static void write_without_proc(void)
{
	struct subject subject;

	make_small_maps();
	own_mounts();
	start(&subject, CLONE_NEWUSER);
	CHILD_CHECK(mount("tests", "/proc", "tmpfs", 0, NULL) == 0);
	record = (struct nsu_fail)NSU_FAIL_INIT;
	CHILD_CHECK(nsu_idmap_write(&user, subject.pid, subject.pidfd, &record) < 0 && record.err != 0);
}

static void write_fails_without_proc(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(write_without_proc), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_gives_the_kernel_each_range_up_to_its_limit),
		cmocka_unit_test(write_says_that_the_process_is_dead),
		cmocka_unit_test(write_touches_no_process_that_has_got_the_number_of_a_dead_one),
		cmocka_unit_test(write_passes_on_what_the_kernel_says),
		cmocka_unit_test(write_fails_without_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
