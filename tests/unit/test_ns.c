/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The program that nsu_ns_start() starts here is this one: under the helper's name, main() writes a report of what it
 * found into the channel and ends when that is closed.
 */
#include "support.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "channel.h"
#include "fsat.h"
#include "ns.h"
#include "proc.h"

#define ALL (CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS)

extern char **environ;

struct report {
	pid_t pid;
	pid_t ppid;
	uid_t ruid;
	bool has_environment;
	ino_t uts;
	ino_t mnt;
};

static int be_the_helper(void)
{
	struct report report = {
		getpid(), getppid(), getuid(), environ[0] != NULL, ns_inode("self", "uts"), ns_inode("self", "mnt")};
	char byte;

	if (send(NSU_HELPER_CHANNEL_FD, &report, sizeof(report), 0) != (ssize_t)sizeof(report))
		return 1;
	return read(NSU_HELPER_CHANNEL_FD, &byte, 1) == 0 ? 0 : 1;
}

static void flag_knows_the_eight_kinds(void **state)
{
	(void)state;
	assert_int_equal(nsu_ns_flag("mount"), CLONE_NEWNS);
	assert_int_equal(nsu_ns_flag("ipc"), CLONE_NEWIPC);
	assert_int_equal(nsu_ns_flag("uts"), CLONE_NEWUTS);
	assert_int_equal(nsu_ns_flag("pid"), CLONE_NEWPID);
	assert_int_equal(nsu_ns_flag("cgroup"), CLONE_NEWCGROUP);
	assert_int_equal(nsu_ns_flag("net"), CLONE_NEWNET);
	assert_int_equal(nsu_ns_flag("time"), CLONE_NEWTIME);
	assert_int_equal(nsu_ns_flag("user"), CLONE_NEWUSER);
	assert_int_equal(nsu_ns_flag("mnt"), 0);
	assert_int_equal(nsu_ns_flag(""), 0);
}

static void list_joins_the_names(void **state)
{
	char buffer[64];

	(void)state;
	assert_string_equal(nsu_ns_list(0, buffer, sizeof(buffer)), "none");
	assert_string_equal(nsu_ns_list(CLONE_NEWPID, buffer, sizeof(buffer)), "pid");
	assert_string_equal(nsu_ns_list(ALL, buffer, sizeof(buffer)), "mount,ipc,uts,pid");
	assert_string_equal(nsu_ns_list(ALL, buffer, 9), "mount,ip");
	assert_string_equal(nsu_ns_list(~0U, buffer, sizeof(buffer)), "mount,ipc,uts,pid,cgroup,net,time,user");
}

static void kinds_go_back_to_mount_first_of_all(void **state)
{
	(void)state;
	assert_int_equal(nsu_ns_kinds[0].flag, CLONE_NEWNS);
}

static int start(int exec_fd, int channel_fd, struct nsu_ns_child *child, struct nsu_fail *fail)
{
	const struct nsu_ns_program program = {
		.exec_fd = exec_fd,
		.name = NSU_HELPER_NAME,
		.channel_fd = channel_fd,
		.flags = ALL,
	};

	return nsu_ns_start(&program, child, fail);
}

static void save_holds_what_is_asked_for_only(void **state)
{
	struct nsu_ns_saved saved = NSU_NS_SAVED_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int before = count_fds();

	(void)state;
	assert_int_equal(nsu_ns_save(CLONE_NEWUTS | CLONE_NEWNS, &saved, &fail), 0);
	for (size_t i = 0; i < NSU_NS_KINDS; i++) {
		bool is_asked_for = nsu_ns_kinds[i].flag & (CLONE_NEWUTS | CLONE_NEWNS);

		assert_true((saved.fds[i] >= 0) == is_asked_for);
		if (is_asked_for)
			assert_int_equal(fcntl(saved.fds[i], F_GETFD), FD_CLOEXEC);
	}
	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		nsu_close_fd(&saved.fds[i]);
	assert_int_equal(count_fds(), before);
}

static void leave_and_come_back(void)
{
	struct nsu_ns_saved saved = NSU_NS_SAVED_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	ino_t before[NSU_NS_KINDS];

	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		before[i] = ns_inode("self", nsu_ns_kinds[i].file);
	CHILD_CHECK_OK(nsu_ns_save(ALL & ~CLONE_NEWPID, &saved, &fail), &fail);
	CHILD_CHECK(unshare(ALL & ~CLONE_NEWPID) == 0);
	CHILD_CHECK(ns_inode("self", "mnt") != before[0] && ns_inode("self", "uts") != before[2]);
	CHILD_CHECK_OK(nsu_ns_restore(&saved, ~0U, &fail), &fail);
	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		CHILD_CHECK(ns_inode("self", nsu_ns_kinds[i].file) == before[i]);
}

static void restore_goes_back_into_what_was_saved(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(leave_and_come_back), 0);
}

static void come_back_with_one_broken(void)
{
	struct nsu_ns_saved saved = NSU_NS_SAVED_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	ino_t ipc = ns_inode("self", "ipc");

	CHILD_CHECK_OK(nsu_ns_save(CLONE_NEWIPC | CLONE_NEWNS, &saved, &fail), &fail);
	CHILD_CHECK(unshare(CLONE_NEWIPC | CLONE_NEWNS) == 0);
	CHILD_CHECK(dup3(STDIN_FILENO, saved.fds[0], O_CLOEXEC) >= 0);
	CHILD_CHECK(nsu_ns_restore(&saved, ~0U, &fail) < 0);
	CHILD_CHECK(strstr(fail.text, "mount"));
	CHILD_CHECK(ns_inode("self", "ipc") != ipc);
}

static void restore_leaves_all_as_it_is_when_the_first_fails(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(come_back_with_one_broken), 0);
}

static int sigchld_seen;

static void note_sigchld(int signo)
{
	(void)signo;
	sigchld_seen = 1;
}

static void start_it(void)
{
	struct sigaction action = {.sa_handler = note_sigchld};
	int exec_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	struct nsu_ns_child child = {.pidfd = -1};
	struct nsu_fail fail = NSU_FAIL_INIT;
	int before = count_fds();
	struct report report;
	sigset_t mask;
	size_t len;
	int ends[2];

	CHILD_CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
	CHILD_CHECK_OK(nsu_channel_make(ends, &fail), &fail);
	CHILD_CHECK_OK(start(exec_fd, ends[1], &child, &fail), &fail);
	close(ends[1]);
	CHILD_CHECK(fcntl(child.pidfd, F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(nsu_proc_await(ends[0], nsu_proc_now_ms() + 10000) == 0);
	CHILD_CHECK(nsu_channel_receive(ends[0], &report, sizeof(report), &len, NULL) == 0 && len == sizeof(report));
	CHILD_CHECK(report.pid == 1 && report.ppid == 0);
	CHILD_CHECK(!report.has_environment && report.ruid == 0);
	CHILD_CHECK(report.uts != ns_inode("self", "uts") && report.mnt != ns_inode("self", "mnt"));
	CHILD_CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD); /* it is nobody's child */
	CHILD_CHECK(!sigchld_seen);
	CHILD_CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && !sigismember(&mask, SIGTERM));
	close(ends[0]);
	CHILD_CHECK(nsu_proc_await(child.pidfd, nsu_proc_now_ms() + 10000) == 0);
	close(child.pidfd);
	CHILD_CHECK(count_fds() == before);
	CHILD_CHECK(!sigchld_seen);
}

static void start_gives_a_process_1_that_the_caller_never_sees_in_wait(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(start_it), 0);
}

/* The channel's number is taken by other descriptors of the caller, the program's among them. */
static void start_with_numbers_in_the_way(void)
{
	struct nsu_ns_child child = {.pidfd = -1};
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct report report;
	size_t len;
	int ends[2];

	for (int fd = 3; fd < 10; fd++)
		close(fd);
	CHILD_CHECK(open("/proc/self/exe", O_PATH | O_CLOEXEC) == NSU_HELPER_CHANNEL_FD);
	CHILD_CHECK_OK(nsu_channel_make(ends, &fail), &fail);
	CHILD_CHECK_OK(start(NSU_HELPER_CHANNEL_FD, ends[1], &child, &fail), &fail);
	CHILD_CHECK(nsu_proc_await(ends[0], nsu_proc_now_ms() + 10000) == 0);
	CHILD_CHECK(nsu_channel_receive(ends[0], &report, sizeof(report), &len, NULL) == 0);
	CHILD_CHECK(fcntl(NSU_HELPER_CHANNEL_FD, F_GETFL) & O_PATH); /* the caller's own is untouched */
	nsu_proc_kill(child.pidfd);
}

static void start_leaves_the_numbers_of_the_caller_alone(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(start_with_numbers_in_the_way), 0);
}

static void start_what_is_no_program(void)
{
	int exec_fd = open("/etc/passwd", O_PATH | O_CLOEXEC);
	struct nsu_ns_child child = {.pidfd = 77};
	struct nsu_fail fail = NSU_FAIL_INIT;
	int before = count_fds();

	CHILD_CHECK(start(exec_fd, STDIN_FILENO, &child, &fail) == -EACCES);
	CHILD_CHECK(strcmp(fail.text, "execute the helper") == 0);
	CHILD_CHECK(child.pidfd == 77 && count_fds() == before);
}

static void start_says_when_the_program_can_not_be_executed(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(start_what_is_no_program), 0);
}

static void start_without_privilege(void)
{
	int exec_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	struct nsu_ns_child child = {.pidfd = 77};
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (geteuid() == 0)
		CHILD_CHECK(setresuid(65534, 65534, 65534) == 0);
	CHILD_CHECK(start(exec_fd, STDIN_FILENO, &child, &fail) == -EPERM);
	CHILD_CHECK(child.pidfd == 77);
}

static void start_fails_without_privilege(void **state)
{
	(void)state;
	assert_int_equal(in_child(start_without_privilege), 0);
}

/* The program is in it from its start; this process is not. */
static void start_with_other_clocks(void)
{
	const struct nsu_plan_time time = {.boottime = 1000000, .monotonic = 2000000};
	struct nsu_ns_program program = {.name = NSU_HELPER_NAME, .time = &time};
	ino_t own = ns_inode("self", "time"), for_children = ns_inode("self", "time_for_children");
	struct nsu_ns_child child = {.pidfd = -1};
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct timespec before, inside;
	char number[16];
	int ends[2];

	CHILD_CHECK_OK(nsu_channel_make(ends, &fail), &fail);
	program.exec_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	program.channel_fd = ends[1];
	CHILD_CHECK_OK(nsu_ns_start(&program, &child, &fail), &fail);
	close(ends[1]);
	CHILD_CHECK(nsu_proc_await(ends[0], nsu_proc_now_ms() + 10000) == 0);
	snprintf(number, sizeof(number), "%d", child.pid);
	CHILD_CHECK(ns_inode(number, "time") != own);
	CHILD_CHECK(ns_inode("self", "time") == own && ns_inode("self", "time_for_children") == for_children);
	clock_gettime(CLOCK_MONOTONIC, &before);
	CHILD_CHECK_OK(nsu_ns_join(child.pidfd, CLONE_NEWTIME, &fail), &fail);
	clock_gettime(CLOCK_MONOTONIC, &inside);
	CHILD_CHECK(inside.tv_sec - before.tv_sec >= 2000000 && inside.tv_sec - before.tv_sec < 2000060);
	CHILD_CHECK_OK(nsu_ns_check_time(&fail), &fail);
}

static void start_sets_the_clocks(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(start_with_other_clocks), 0);
}

/* The host would have to be up for 31 years. */
static void start_with_a_clock_before_its_start(void)
{
	const struct nsu_plan_time time = {.boottime = -NSU_TIME_OFFSET_MAX};
	const struct nsu_ns_program program = {
		.name = NSU_HELPER_NAME,
		.time = &time,
		.exec_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC),
		.channel_fd = STDIN_FILENO,
	};
	struct nsu_ns_child child = {.pidfd = 77};
	struct nsu_fail fail = NSU_FAIL_INIT;

	CHILD_CHECK(nsu_ns_start(&program, &child, &fail) == -ERANGE);
	CHILD_CHECK(strstr(fail.text, "key 'time'") && child.pidfd == 77);
}

static void start_refuses_a_clock_before_its_start(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(start_with_a_clock_before_its_start), 0);
}

static void join_somebody(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int pidfd, ready[2];
	char number[16], byte;
	pid_t pid;

	CHILD_CHECK(pipe2(ready, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		CHILD_CHECK(unshare(CLONE_NEWUTS | CLONE_NEWIPC) == 0);
		CHILD_CHECK(write(ready[1], "x", 1) == 1);
		pause();
	}
	CHILD_CHECK(read(ready[0], &byte, 1) == 1);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	snprintf(number, sizeof(number), "%d", pid);
	CHILD_CHECK_OK(nsu_ns_join(pidfd, CLONE_NEWUTS | CLONE_NEWIPC, &fail), &fail);
	CHILD_CHECK(ns_inode("self", "uts") == ns_inode(number, "uts"));
	CHILD_CHECK(ns_inode("self", "ipc") == ns_inode(number, "ipc"));
	kill(pid, SIGKILL);
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid);
	CHILD_CHECK(nsu_ns_join(pidfd, CLONE_NEWUTS, &fail) == -ESRCH);
}

static void join_enters_all_namespaces_of_a_process_until_it_has_ended(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(join_somebody), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flag_knows_the_eight_kinds),
		cmocka_unit_test(list_joins_the_names),
		cmocka_unit_test(kinds_go_back_to_mount_first_of_all),
		cmocka_unit_test(save_holds_what_is_asked_for_only),
		cmocka_unit_test(restore_goes_back_into_what_was_saved),
		cmocka_unit_test(restore_leaves_all_as_it_is_when_the_first_fails),
		cmocka_unit_test(start_gives_a_process_1_that_the_caller_never_sees_in_wait),
		cmocka_unit_test(start_leaves_the_numbers_of_the_caller_alone),
		cmocka_unit_test(start_says_when_the_program_can_not_be_executed),
		cmocka_unit_test(start_fails_without_privilege),
		cmocka_unit_test(start_sets_the_clocks),
		cmocka_unit_test(start_refuses_a_clock_before_its_start),
		cmocka_unit_test(join_enters_all_namespaces_of_a_process_until_it_has_ended),
	};

	if (argc == 1 && strcmp(argv[0], NSU_HELPER_NAME) == 0)
		return be_the_helper();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
