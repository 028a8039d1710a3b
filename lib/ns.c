/* SPDX-License-Identifier: BSD-3-Clause */
#include "ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "defaults.h"

#define START_STACK_BYTES 8192 /* of the intermediate, and of the child until it has execed */

const struct nsu_ns_kind nsu_ns_kinds[NSU_NS_KINDS] = {
	{"ipc", "ipc", CLONE_NEWIPC},
	{"uts", "uts", CLONE_NEWUTS},
	{"pid", "pid_for_children", CLONE_NEWPID},
	{"mount", "mnt", CLONE_NEWNS},
};

unsigned nsu_ns_flag(const char *name)
{
	for (size_t i = 0; i < NSU_COUNT(nsu_ns_kinds); i++) {
		if (strcmp(nsu_ns_kinds[i].name, name) == 0)
			return nsu_ns_kinds[i].flag;
	}
	return 0;
}

const char *nsu_ns_list(unsigned flags, char *buffer, size_t cap)
{
	size_t len = 0;

	snprintf(buffer, cap, "none");
	for (size_t i = 0; i < NSU_COUNT(nsu_ns_kinds) && len < cap; i++) {
		if (!(flags & nsu_ns_kinds[i].flag))
			continue;
		len += (size_t)snprintf(buffer + len, cap - len, "%s%s", len ? "," : "", nsu_ns_kinds[i].name);
	}
	return buffer;
}

/* What the caller, the intermediate and the child share; all three see the same memory. */
struct start {
	int exec_fd;
	int channel_fd;
	unsigned flags;
	char *child_stack_top;
	int pidfd;
	pid_t pid;        /* of the child; 0: it was never made */
	const char *step; /* the one under way */
	int err;          /* positive errno of that step; 0: none has failed */
};

/* Gives the child's channel its fixed number; whatever the caller had there goes, in the child's table only. */
static int place_descriptors(const struct start *start, int *exec_fd)
{
	if (*exec_fd == NSU_HELPER_CHANNEL_FD) {
		*exec_fd = fcntl(*exec_fd, F_DUPFD_CLOEXEC, NSU_HELPER_CHANNEL_FD + 1);
		if (*exec_fd < 0)
			return -1;
	}
	if (start->channel_fd == NSU_HELPER_CHANNEL_FD)
		return fcntl(start->channel_fd, F_SETFD, 0);
	return dup2(start->channel_fd, NSU_HELPER_CHANNEL_FD);
}

/*
 * The child: in the new namespaces, with a table of descriptors of its own, on the caller's memory. Only system calls
 * from here to execveat(2); it never returns.
 */
__attribute__((no_sanitize("address"))) static int run_child(void *arg)
{
	static char *const argv[] = {(char *)(uintptr_t)NSU_HELPER_NAME, NULL};
	static char *const envp[] = {NULL};
	struct start *start = arg;
	int exec_fd = start->exec_fd;

	start->step = "place the descriptors of the helper";
	if (place_descriptors(start, &exec_fd) >= 0) {
		start->step = "execute the helper";
		syscall(SYS_execveat, exec_fd, "", argv, envp, AT_EMPTY_PATH);
	}
	start->err = errno;
	_exit(127);
}

/*
 * The intermediate: its death makes the helper nobody's child. Real uid 0 comes first, so that the user of a setuid
 * caller (su, sudo) may not stop or kill it, nor the child. The gid waits until the helper has execed: changing it here
 * could change "dumpable", which belongs to the memory and so to the caller.
 */
__attribute__((no_sanitize("address"))) static int run_intermediate(void *arg)
{
	struct start *start = arg;
	int pid;

	start->step = "become root for good";
	if (syscall(SYS_setresuid, 0, 0, 0) < 0) {
		start->err = errno;
		_exit(1);
	}
	start->step = "make the namespaces";
	pid = clone(run_child, start->child_stack_top, (int)(CLONE_VM | CLONE_VFORK | CLONE_PIDFD | start->flags),
	            start, &start->pidfd);
	if (pid < 0) {
		start->err = errno;
		_exit(1);
	}
	start->pid = pid;
	_exit(0);
}

/* Starts the intermediate with all signals blocked: a handler of the caller must never run on the shared memory. */
static void start_both(struct start *start, char *stack_top)
{
	sigset_t all, old;
	int pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	start->step = "start a process";
	pid = clone(run_intermediate, stack_top, CLONE_VM | CLONE_VFORK | CLONE_FILES, start);
	if (pid < 0)
		start->err = errno;
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		continue;
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int nsu_ns_start(int exec_fd, int channel_fd, unsigned flags, struct nsu_ns_child *ret_child, struct nsu_fail *fail)
{
	char stacks[2][START_STACK_BYTES] __attribute__((aligned(16)));
	struct start start = {
		.exec_fd = exec_fd,
		.channel_fd = channel_fd,
		.flags = flags,
		.child_stack_top = stacks[0] + START_STACK_BYTES,
		.pidfd = -1,
	};
	auto_close int pidfd = -1;

	start_both(&start, stacks[1] + START_STACK_BYTES);
	pidfd = start.pidfd;
	if (start.err == ENOSPC)
		return nsu_fail_because(fail, ENOSPC,
		                        "%s: a limit of user.max_*_namespaces (sysctl) is reached, or 32 pid "
		                        "namespaces are nested",
		                        start.step);
	if (start.err != 0)
		return nsu_fail(fail, start.err, "%s", start.step);
	if (start.pid == 0)
		return nsu_fail_because(fail, EINTR, "%s: it was killed meanwhile", start.step);
	ret_child->pidfd = nsu_take_fd(&pidfd);
	ret_child->pid = start.pid;
	return 0;
}

int nsu_ns_save(unsigned flags, struct nsu_ns_saved *saved, struct nsu_fail *fail)
{
	for (size_t i = 0; i < NSU_COUNT(nsu_ns_kinds); i++) {
		char path[64];

		if (!(flags & nsu_ns_kinds[i].flag))
			continue;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", nsu_ns_kinds[i].file);
		saved->fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (saved->fds[i] < 0)
			return nsu_fail(fail, errno, "hold the caller's own namespace %s", path);
	}
	return 0;
}

int nsu_ns_restore(const struct nsu_ns_saved *saved, struct nsu_fail *fail)
{
	int ret = 0;

	for (size_t i = 0; i < NSU_COUNT(nsu_ns_kinds); i++) {
		if (saved->fds[i] >= 0 && setns(saved->fds[i], (int)nsu_ns_kinds[i].flag) < 0)
			ret = nsu_fail(fail, errno, "go back to the caller's own %s namespace", nsu_ns_kinds[i].name);
	}
	return ret;
}

void nsu_ns_drop(struct nsu_ns_saved *saved)
{
	for (size_t i = 0; i < NSU_COUNT(saved->fds); i++)
		nsu_close_fd(&saved->fds[i]);
}

int nsu_ns_join(int pidfd, unsigned flags, struct nsu_fail *fail)
{
	if (setns(pidfd, (int)flags) < 0)
		return nsu_fail(fail, errno, "join the session's namespaces");
	return 0;
}
