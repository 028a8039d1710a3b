/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G11. */
/* The helper's own confinement, in a child that stands for the helper. */
#include "support.h"

#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "confine.h"

/* What a hostile caller hands down. */
static void be_hostile(void)
{
	static const gid_t groups[] = {7, 8};
	int ends[2];

	CHILD_CHECK(setgroups(2, groups) == 0);
	umask(0777);
	CHILD_CHECK(setpriority(PRIO_PROCESS, 0, 19) == 0);
	CHILD_CHECK(signal(SIGTERM, SIG_IGN) != SIG_ERR);
	CHILD_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
	CHILD_CHECK(dup2(ends[0], 50) == 50);
	CHILD_CHECK(dup2(STDOUT_FILENO, NSU_HELPER_CHANNEL_FD) == NSU_HELPER_CHANNEL_FD);
	child_report_fd = NSU_HELPER_CHANNEL_FD; /* the one that will be left */
}

static void check_identity(void)
{
	uid_t uids[3];
	gid_t gids[3];

	CHILD_CHECK(getresuid(&uids[0], &uids[1], &uids[2]) == 0 && getresgid(&gids[0], &gids[1], &gids[2]) == 0);
	for (int i = 0; i < 3; i++)
		CHILD_CHECK(uids[i] == 0 && gids[i] == 0);
	CHILD_CHECK(getgroups(0, NULL) == 0);
	CHILD_CHECK(getpgrp() == getpid());
	CHILD_CHECK(open("/dev/tty", O_RDWR | O_NOCTTY) < 0 && errno == ENXIO);
}

static void check_descriptors(void)
{
	struct stat null, st;

	CHILD_CHECK(stat("/dev/null", &null) == 0);
	for (int fd = 0; fd <= 2; fd++)
		CHILD_CHECK(fstat(fd, &st) == 0 && st.st_rdev == null.st_rdev);
	CHILD_CHECK(fcntl(NSU_HELPER_CHANNEL_FD, F_GETFD) == FD_CLOEXEC);
	for (int fd = 4; fd < 256; fd++)
		CHILD_CHECK(fcntl(fd, F_GETFD) < 0);
}

static void reset_it(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct rlimit limit;
	char name[16];
	sigset_t mask;

	be_hostile();
	CHILD_CHECK_OK(nsu_confine_reset(NSU_HELPER_NAME, &fail), &fail);
	check_identity();
	check_descriptors();
	CHILD_CHECK(umask(0) == 022);
	CHILD_CHECK(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0);
	CHILD_CHECK(getpriority(PRIO_PROCESS, 0) == 0);
	CHILD_CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && sigismember(&mask, SIGTERM));
	CHILD_CHECK(prctl(PR_GET_NAME, name) == 0 && strcmp(name, NSU_HELPER_NAME) == 0);
	CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
}

static void reset_puts_off_what_was_inherited(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(reset_it), 0);
}

static bool has_sys_resource(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return syscall(SYS_capget, &header, data) == 0 && data[0].effective & 1U << CAP_SYS_RESOURCE;
}

static void reset_low_limits(void)
{
	struct rlimit none = {0, 0}, small = {1 << 24, 1 << 24}, limit;
	struct nsu_fail fail = NSU_FAIL_INIT;

	be_hostile();
	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0 && setrlimit(RLIMIT_DATA, &small) == 0);
	CHILD_CHECK_OK(nsu_confine_reset(NSU_HELPER_NAME, &fail), &fail);
	CHILD_CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY);
	CHILD_CHECK(getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY);
}

static void reset_raises_low_limits(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	SKIP_UNLESS(has_sys_resource(), "needs CAP_SYS_RESOURCE");
	assert_int_equal(in_child(reset_low_limits), 0);
}

/* Nothing is raised, which this machine's root may not be allowed to. */
static void show_limits(rlim_t files, bool is_shared, rlim_t expected)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct rlimit limit;

	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = files;
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHILD_CHECK_OK(nsu_confine_reset(NSU_HELPER_NAME, &fail), &fail);
	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == NSU_HELPER_FDS);
	CHILD_CHECK_OK(nsu_confine_show_limits(is_shared, &fail), &fail);
	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == expected);
}

static void show_for_one_login(void)
{
	be_hostile();
	show_limits(1000, false, 1000);
}

static void show_for_more_logins(void)
{
	be_hostile();
	show_limits(1000, true, NSU_HELPER_FDS);
}

static void show_hostile_limit(void)
{
	be_hostile();
	show_limits(20, false, NSU_HELPER_FDS);
}

static void shown_limits_are_those_before_the_reset_unless_they_are_needed(void **state)
{
	struct rlimit limit;

	(void)state;
	SKIP_UNLESS_ROOT();
	SKIP_UNLESS(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max >= NSU_HELPER_FDS,
	            "the limit of descriptors is too low");
	assert_int_equal(in_child(show_for_one_login), 0);
	assert_int_equal(in_child(show_for_more_logins), 0);
	assert_int_equal(in_child(show_hostile_limit), 0);
}

static void reset_without_privilege(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (geteuid() == 0)
		CHILD_CHECK(setresuid(65534, 65534, 65534) == 0);
	CHILD_CHECK(nsu_confine_reset(NSU_HELPER_NAME, &fail) == -EPERM);
	CHILD_CHECK(strcmp(fail.text, "become root for good") == 0);
}

static void reset_fails_when_it_can_not_become_root(void **state)
{
	(void)state;
	assert_int_equal(in_child(reset_without_privilege), 0);
}

/*
 * After the drop a report can only be an exit status: the number of the check that failed. By the raw call, as a
 * sanitizer makes calls of its own before what it knows not to return.
 */
static void end(int status)
{
	syscall(SYS_exit_group, status);
}

static void drop_it(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct nsu_fail fail = NSU_FAIL_INIT;
	pid_t parent = getppid();
	struct timespec now;

	CHILD_CHECK_OK(nsu_confine_drop(NSU_CONFINE_KILL, &fail), &fail);
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EPERM)
		end(11);
	if (syscall(SYS_fork) >= 0 || errno != EPERM)
		end(12);
	if (syscall(SYS_capget, &header, NULL) >= 0 || errno != EPERM)
		end(13);
	if (syscall(SYS_execve, "/bin/true", NULL, NULL) >= 0 || errno != EPERM)
		end(14);
	if (kill(parent, 0) < 0)
		end(15);
	if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) < 0)
		end(16);
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != EPERM || dup(0) >= 0 || errno != EPERM)
		end(17);
	if (mount("x", "/mnt", "tmpfs", 0, NULL) >= 0 || setuid(1) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
		end(18);
	end(0);
}

static void drop_leaves_only_the_calls_of_process_1(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(drop_it), 0);
}

/* With what it needs to remove files: whether each of its calls gets as far as the kernel. */
static void drop_but_remove(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	CHILD_CHECK_OK(nsu_confine_drop(NSU_CONFINE_REMOVE, &fail), &fail);
	if (unlinkat(-1, "x", 0) >= 0 || errno != EBADF)
		end(11);
	if (syscall(SYS_renameat2, -1, "x", -1, "y", 0) >= 0 || errno != EBADF)
		end(12);
	if (syscall(SYS_openat2, -1, "x", NULL, 0) >= 0 || errno != EINVAL)
		end(13);
	if (syscall(SYS_getdents64, -1, NULL, 0) >= 0 || errno != EBADF)
		end(14);
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EPERM)
		end(15);
	if (kill(1, 0) >= 0 || errno != EPERM)
		end(16);
	if (umount2("/mnt", 0) >= 0 || errno != EPERM)
		end(17);
	if (mkdirat(-1, "x", 0) >= 0 || errno != EPERM || fchmod(-1, 0) >= 0 || errno != EPERM)
		end(18);
	end(0);
}

static void drop_leaves_what_removes_files_where_it_is_wanted(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(drop_but_remove), 0);
}

static unsigned keeps;
static const char *capabilities;

/* What the kernel says of a confined process, seen from outside. */
static void look_at_a_confined_one(void)
{
	static const char *const lines[] = {"\nCapInh:\t0000000000000000\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n"};
	char path[64], text[8192] = "", word[64], byte;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ready[2], hold[2], fd;
	pid_t pid;

	CHILD_CHECK(pipe2(ready, O_CLOEXEC) == 0 && pipe2(hold, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		CHILD_CHECK_OK(nsu_confine_drop(keeps, &fail), &fail);
		if (write(ready[1], "", 1) == 1)
			syscall(SYS_ppoll, NULL, 0, NULL, NULL, 8);
		end(1);
	}
	close(ready[1]);
	CHILD_CHECK(read(ready[0], &byte, 1) == 1);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(read(fd, text, sizeof(text) - 1) > 0);
	kill(pid, SIGKILL);
	for (size_t i = 0; i < NSU_COUNT(lines); i++)
		CHILD_CHECK(strstr(text, lines[i]));
	snprintf(word, sizeof(word), "\nCapPrm:\t%s\nCapEff:\t%s\n", capabilities, capabilities);
	CHILD_CHECK(strstr(text, word));
}

static void drop_keeps_the_capabilities_of_its_duties_only(void **state)
{
	static const struct {
		unsigned keeps;
		const char *capabilities;
	} cases[] = {
		{0, "0000000000000000"},
		{NSU_CONFINE_KILL, "0000000000000020"},
		{NSU_CONFINE_REMOVE, "000000000000000a"},
		{NSU_CONFINE_KILL | NSU_CONFINE_REMOVE | NSU_CONFINE_DETACH, "000000000020002a"},
	};

	(void)state;
	SKIP_UNLESS_ROOT();
	for (size_t i = 0; i < NSU_COUNT(cases); i++) {
		keeps = cases[i].keeps;
		capabilities = cases[i].capabilities;
		assert_int_equal(in_child(look_at_a_confined_one), 0);
	}
}

static void keep_net_admin_only(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct nsu_fail fail = NSU_FAIL_INIT;

	CHILD_CHECK_OK(nsu_confine_keep(1ULL << CAP_NET_ADMIN, &fail), &fail);
	CHILD_CHECK(syscall(SYS_capget, &header, data) == 0);
	CHILD_CHECK(data[0].effective == 1U << CAP_NET_ADMIN && data[0].permitted == 1U << CAP_NET_ADMIN);
	CHILD_CHECK(data[0].inheritable == 0 && data[1].permitted == 0);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE) == 0);
	CHILD_CHECK(nsu_confine_keep(1ULL << CAP_SYS_ADMIN, &fail) == -EPERM);
}

static void keep_leaves_those_capabilities_and_no_way_back(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(keep_net_admin_only), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reset_puts_off_what_was_inherited),
		cmocka_unit_test(reset_raises_low_limits),
		cmocka_unit_test(shown_limits_are_those_before_the_reset_unless_they_are_needed),
		cmocka_unit_test(reset_fails_when_it_can_not_become_root),
		cmocka_unit_test(drop_leaves_only_the_calls_of_process_1),
		cmocka_unit_test(drop_leaves_what_removes_files_where_it_is_wanted),
		cmocka_unit_test(keep_leaves_those_capabilities_and_no_way_back),
		cmocka_unit_test(drop_keeps_the_capabilities_of_its_duties_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
