/* SPDX-License-Identifier: BSD-3-Clause */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#include "defaults.h"

/* The initial user namespace has a fixed inode (PROC_USER_INIT_INO, include/linux/proc_ns.h since 3.8). */
#define INITIAL_USER_NS_INODE 0xEFFFFFFDU

int64_t nsu_proc_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail for this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int nsu_proc_open_self(int *ret_pidfd, struct nsu_fail *fail)
{
	long fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		return nsu_fail(fail, errno, "open a pidfd of this process");
	*ret_pidfd = (int)fd;
	return 0;
}

pid_t nsu_proc_number(int pidfd)
{
	char path[40], text[512];
	auto_close int fd = -1;
	const char *line;
	long number;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	line = strstr(text, "\nPid:");
	number = line ? strtol(line + 5, NULL, 10) : 0; /* -1 of one that has ended */
	return number > 0 ? (pid_t)number : 0;
}

void nsu_proc_kill(int pidfd)
{
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

static int await(int fd, int64_t deadline_ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = deadline_ms - nsu_proc_now_ms();
		int n = poll(&pfd, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* The user of a setuid caller may have set a slack of hours, by which every wait is longer. */
int nsu_proc_await(int fd, int64_t deadline_ms)
{
	long slack_ns = syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
	int ret;

	if (slack_ns == NSU_TIMER_SLACK_NS)
		return await(fd, deadline_ms);
	syscall(SYS_prctl, PR_SET_TIMERSLACK, NSU_TIMER_SLACK_NS, 0, 0, 0);
	ret = await(fd, deadline_ms);
	syscall(SYS_prctl, PR_SET_TIMERSLACK, slack_ns, 0, 0, 0);
	return ret;
}

static int check_capability(struct nsu_fail *fail)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return nsu_fail(fail, errno, "read the caller's capabilities");
	if (!(data[0].effective & (1U << CAP_SYS_ADMIN)))
		return nsu_fail_because(fail, EPERM, "the caller has no CAP_SYS_ADMIN (a container without it?)");
	return 0;
}

int nsu_proc_check_opener(struct nsu_fail *fail)
{
	struct stat st;
	int ret;

	if (geteuid() != 0)
		return nsu_fail_because(fail, EPERM,
		                        "the caller's effective user is not root: no namespaces can be made");
	ret = check_capability(fail);
	if (ret < 0)
		return ret;
	if (stat("/proc/self/ns/user", &st) < 0)
		return nsu_fail(fail, errno, "look at /proc/self/ns/user (is /proc mounted here?)");
	if (st.st_ino != INITIAL_USER_NS_INODE)
		return nsu_fail_because(fail, EPERM, "the caller is inside a user namespace (a rootless container?)");
	if (stat("/proc/self/task", &st) < 0)
		return nsu_fail(fail, errno, "count the caller's threads");
	if (st.st_nlink != 3) /* two of a directory, and one for each thread: proc_task_getattr() */
		return nsu_fail_because(fail, EBUSY, "the caller has %lu threads: setns(2) would split it",
		                        (unsigned long)st.st_nlink - 2);
	return 0;
}

int nsu_proc_check_kernel(struct nsu_fail *fail)
{
	struct utsname uts;

	/* No such descriptor and no attributes: EINVAL or EBADF where the call exists. */
	if (syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) == 0 || errno != ENOSYS)
		return 0;
	if (uname(&uts) < 0)
		uts.release[0] = '\0';
	return nsu_fail_because(fail, ENOSYS, "kernel %s has no mount_setattr(2): Linux 5.14 or newer is needed",
	                        uts.release);
}
