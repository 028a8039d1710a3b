/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G7. */
#include "support.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "proc.h"

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* A child that sleeps until it is killed. */
static pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

static void now_never_goes_back(void **state)
{
	int64_t last = nsu_proc_now_ms();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = nsu_proc_now_ms();

		assert_true(now >= last);
		last = now;
	}
}

static void open_self_gives_a_pidfd_of_the_caller_that_does_not_outlive_an_exec(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char path[64], text[512] = "", wanted[32];
	int pidfd = -1, info;

	(void)state;
	assert_int_equal(nsu_proc_open_self(&pidfd, &fail), 0);
	assert_int_equal(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(info, text, sizeof(text) - 1) > 0);
	snprintf(wanted, sizeof(wanted), "Pid:\t%d\n", getpid());
	assert_non_null(strstr(text, wanted));
	close(info);
	close(pidfd);
}

static void kill_ends_the_process_of_a_pidfd_and_await_sees_it(void **state)
{
	pid_t pid = start_sleeper();
	int pidfd = pidfd_of(pid);
	int status;

	(void)state;
	assert_int_equal(nsu_proc_await(pidfd, nsu_proc_now_ms() + 20), -ETIMEDOUT);
	nsu_proc_kill(pidfd);
	assert_int_equal(nsu_proc_await(pidfd, nsu_proc_now_ms() + 5000), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid); /* await has not reaped it */
	assert_int_equal(WTERMSIG(status), SIGKILL);
	nsu_proc_kill(pidfd); /* a dead one is no error */
	close(pidfd);
}

static void await_keeps_its_deadline_when_nothing_comes(void **state)
{
	int64_t began = nsu_proc_now_ms(), took;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(nsu_proc_await(ends[0], began + 50), -ETIMEDOUT);
	took = nsu_proc_now_ms() - began;
	assert_true(took >= 49 && took < 2000);
	close(ends[0]);
	close(ends[1]);
}

static void await_looks_once_when_the_deadline_has_passed(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(nsu_proc_await(ends[0], 0), -ETIMEDOUT);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(nsu_proc_await(ends[0], 0), 0);
	close(ends[1]);
	close(ends[0]);
}

static void await_returns_when_the_other_end_is_closed(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[1]);
	assert_int_equal(nsu_proc_await(ends[0], nsu_proc_now_ms() + 5000), 0);
	close(ends[0]);
}

static void ignore_alarm(int signo)
{
	(void)signo;
}

static void await_goes_on_after_a_signal(void **state)
{
	struct sigaction action = {.sa_handler = ignore_alarm}, old;
	struct itimerval often = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};
	int64_t began = nsu_proc_now_ms();
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(nsu_proc_await(ends[0], began + 60), -ETIMEDOUT);
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_true(nsu_proc_now_ms() - began >= 59);
	close(ends[0]);
	close(ends[1]);
}

static void check_opener_takes_a_single_threaded_root(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(nsu_proc_check_opener(&fail), 0);
}

static void as_nobody(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (geteuid() == 0)
		CHILD_CHECK(setresuid(65534, 65534, 65534) == 0);
	CHILD_CHECK(nsu_proc_check_opener(&fail) == -EPERM);
	CHILD_CHECK(strstr(fail.text, "effective user is not root"));
}

static void check_opener_refuses_another_effective_user(void **state)
{
	(void)state;
	assert_int_equal(in_child(as_nobody), 0);
}

static void without_sys_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	struct nsu_fail fail = NSU_FAIL_INIT;

	CHILD_CHECK(syscall(SYS_capget, &header, data) == 0);
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	CHILD_CHECK(syscall(SYS_capset, &header, data) == 0);
	CHILD_CHECK(nsu_proc_check_opener(&fail) == -EPERM);
	CHILD_CHECK(strstr(fail.text, "CAP_SYS_ADMIN"));
}

static void check_opener_refuses_a_root_without_cap_sys_admin(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(without_sys_admin), 0);
}

static void in_user_namespace(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int fd;

	CHILD_CHECK(unshare(CLONE_NEWUSER) == 0);
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	CHILD_CHECK(write(fd, "0 0 1", 5) == 5);
	CHILD_CHECK(nsu_proc_check_opener(&fail) == -EPERM);
	CHILD_CHECK(strstr(fail.text, "user namespace"));
}

static void check_opener_refuses_a_user_namespace(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	SKIP_UNLESS(access("/proc/self/ns/user", F_OK) == 0, "the kernel has no user namespaces");
	assert_int_equal(in_child(in_user_namespace), 0);
}

static void *wait_for_close(void *end)
{
	char byte;

	return read(*(int *)end, &byte, 1) < 0 ? end : NULL;
}

static void with_a_second_thread(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	pthread_t thread;
	int ends[2];

	CHILD_CHECK(pipe2(ends, O_CLOEXEC) == 0);
	CHILD_CHECK(pthread_create(&thread, NULL, wait_for_close, &ends[0]) == 0);
	CHILD_CHECK(nsu_proc_check_opener(&fail) == -EBUSY);
	CHILD_CHECK(strstr(fail.text, "2 threads"));
}

static void check_opener_refuses_a_second_thread(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(with_a_second_thread), 0);
}

static void without_proc(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	own_mounts();
	CHILD_CHECK(mount("tests", "/proc", "tmpfs", 0, NULL) == 0);
	CHILD_CHECK(nsu_proc_check_opener(&fail) == -ENOENT);
	CHILD_CHECK(strstr(fail.text, "/proc"));
}

static void check_opener_refuses_when_proc_is_missing(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(without_proc), 0);
}

static void check_kernel_takes_this_kernel(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	assert_int_equal(nsu_proc_check_kernel(&fail), 0);
}

/* A kernel that has no mount_setattr(2), made of this one with a filter. */
static void on_an_old_kernel(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {NSU_COUNT(filter), filter};
	struct nsu_fail fail = NSU_FAIL_INIT;

	CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
	CHILD_CHECK(nsu_proc_check_kernel(&fail) == -ENOSYS);
	CHILD_CHECK(strstr(fail.text, "mount_setattr") && strstr(fail.text, "5.14"));
}

static void check_kernel_names_the_call_and_the_floor_when_it_is_too_old(void **state)
{
	(void)state;
	assert_int_equal(in_child(on_an_old_kernel), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(now_never_goes_back),
		cmocka_unit_test(open_self_gives_a_pidfd_of_the_caller_that_does_not_outlive_an_exec),
		cmocka_unit_test(kill_ends_the_process_of_a_pidfd_and_await_sees_it),
		cmocka_unit_test(await_keeps_its_deadline_when_nothing_comes),
		cmocka_unit_test(await_looks_once_when_the_deadline_has_passed),
		cmocka_unit_test(await_returns_when_the_other_end_is_closed),
		cmocka_unit_test(await_goes_on_after_a_signal),
		cmocka_unit_test(check_opener_takes_a_single_threaded_root),
		cmocka_unit_test(check_opener_refuses_another_effective_user),
		cmocka_unit_test(check_opener_refuses_a_root_without_cap_sys_admin),
		cmocka_unit_test(check_opener_refuses_a_user_namespace),
		cmocka_unit_test(check_opener_refuses_a_second_thread),
		cmocka_unit_test(check_opener_refuses_when_proc_is_missing),
		cmocka_unit_test(check_kernel_takes_this_kernel),
		cmocka_unit_test(check_kernel_names_the_call_and_the_floor_when_it_is_too_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
