/* SPDX-License-Identifier: BSD-3-Clause */
#include "ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "channel.h"
#include "defaults.h"

#define START_STACK_BYTES 8192 /* of the intermediate, and of the child until it has execed */

const struct nsu_ns_kind nsu_ns_kinds[NSU_NS_KINDS] = {
	{"mount", "mnt", CLONE_NEWNS},
	{"ipc", "ipc", CLONE_NEWIPC},
	{"uts", "uts", CLONE_NEWUTS},
	{"pid", "pid_for_children", CLONE_NEWPID},
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
	int report_fd; /* through which the child's pidfd comes: the intermediate has a table of its own */
	unsigned flags;
	char *child_stack_top;
	pid_t pid;        /* of the child; 0: it was never made */
	const char *step; /* the one under way */
	int err;          /* positive errno of that step; 0: none has failed */
};

/* Where the intermediate keeps, in its own table, what it and the child need. */
enum {
	EXEC_FD = NSU_HELPER_CHANNEL_FD + 1,
	REPORT_FD,
	END_FD,
};

/*
 * Closes all descriptors of the caller's but three. That may take for ever: the user of a setuid caller may have handed
 * down one of a FUSE of his own. So it is done while the process still counts as his, and before there are namespaces;
 * the caller, which waits for it, holds the same descriptor and would hang the same when it ends.
 */
static int keep_descriptors(struct start *start)
{
	int channel_fd = fcntl(start->channel_fd, F_DUPFD_CLOEXEC, END_FD);
	int exec_fd = fcntl(start->exec_fd, F_DUPFD_CLOEXEC, END_FD);
	int report_fd = fcntl(start->report_fd, F_DUPFD_CLOEXEC, END_FD);

	if (channel_fd < 0 || exec_fd < 0 || report_fd < 0)
		return -1;
	if (dup2(channel_fd, NSU_HELPER_CHANNEL_FD) < 0 || dup3(exec_fd, EXEC_FD, O_CLOEXEC) < 0 ||
	    dup3(report_fd, REPORT_FD, O_CLOEXEC) < 0)
		return -1;
	if (syscall(SYS_close_range, 0, NSU_HELPER_CHANNEL_FD - 1, 0) < 0)
		return -1;
	return (int)syscall(SYS_close_range, END_FD, ~0U, 0);
}

/* The child: in the new namespaces, on the caller's memory. It makes one system call and never returns. */
__attribute__((no_sanitize("address"))) static int run_child(void *arg)
{
	static char *const argv[] = {(char *)(uintptr_t)NSU_HELPER_NAME, NULL};
	static char *const envp[] = {NULL};
	struct start *start = arg;

	start->step = "execute the helper";
	syscall(SYS_execveat, EXEC_FD, "", argv, envp, AT_EMPTY_PATH);
	start->err = errno;
	_exit(127);
}

/*
 * Real uid 0 first of all that lasts, so that the user of a setuid caller (su, sudo) may not stop or kill the child, nor
 * the intermediate. Had he stopped it the moment before, nobody would continue it: so it dies with the caller, which he
 * can kill. The gid waits until the helper has execed: changing it here could change "dumpable", which belongs to the
 * memory and so to the caller.
 */
static int become_root(struct start *start)
{
	(void)start;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -1;
	return (int)syscall(SYS_setresuid, 0, 0, 0);
}

static int make_child(struct start *start)
{
	int pidfd = -1;
	int pid = clone(run_child, start->child_stack_top, (int)(CLONE_VM | CLONE_VFORK | CLONE_PIDFD | start->flags),
	                start, &pidfd);
	int ret;

	if (pid < 0)
		return -1;
	start->pid = pid;
	ret = nsu_channel_send(REPORT_FD, "", 1, pidfd);
	if (ret < 0) {
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		errno = -ret;
	}
	return ret;
}

/* The intermediate: its death makes the child nobody's. It has the caller's memory, but descriptors of its own. */
__attribute__((no_sanitize("address"))) static int run_intermediate(void *arg)
{
	static const struct {
		const char *step;
		int (*run)(struct start *start);
	} steps[] = {
		{"close the caller's descriptors", keep_descriptors},
		{"become root for good", become_root},
		{"make the namespaces", make_child},
	};
	struct start *start = arg;

	for (size_t i = 0; i < NSU_COUNT(steps); i++) {
		start->step = steps[i].step;
		if (steps[i].run(start) < 0) {
			start->err = errno;
			_exit(1);
		}
	}
	_exit(0);
}

/*
 * Starts the intermediate with all signals blocked: a handler of the caller must never run on the shared memory. A caller
 * that is a subreaper would get the helper as its child: it is none meanwhile.
 */
static void start_both(struct start *start, char *stack_top)
{
	int is_subreaper = 0;
	sigset_t all, old;
	int pid;

	prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
	if (is_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	start->step = "start a process";
	pid = clone(run_intermediate, stack_top, CLONE_VM | CLONE_VFORK, start);
	if (pid < 0)
		start->err = errno;
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		continue;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (is_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* What has failed, if anything has. */
static int start_result(const struct start *start, struct nsu_fail *fail)
{
	if (start->err == ENOSPC)
		return nsu_fail_because(
			fail, ENOSPC,
			"%s: a limit of user.max_*_namespaces (sysctl) is reached, or 32 pid namespaces are "
			"nested",
			start->step);
	if (start->err != 0)
		return nsu_fail(fail, start->err, "%s", start->step);
	if (start->pid == 0)
		return nsu_fail_because(fail, EINTR, "%s: it was killed meanwhile", start->step);
	return 0;
}

int nsu_ns_start(int exec_fd, int channel_fd, unsigned flags, struct nsu_ns_child *ret_child, struct nsu_fail *fail)
{
	char stacks[2][START_STACK_BYTES] __attribute__((aligned(16)));
	auto_close int report_fd = -1;
	auto_close int reader_fd = -1;
	auto_close int pidfd = -1;
	struct start start;
	unsigned char byte;
	size_t len;
	int ends[2];
	int ret;

	ret = nsu_channel_make(ends, fail);
	if (ret < 0)
		return ret;
	reader_fd = ends[0];
	report_fd = ends[1];
	start = (struct start){
		.exec_fd = exec_fd,
		.channel_fd = channel_fd,
		.report_fd = report_fd,
		.flags = flags,
		.child_stack_top = stacks[0] + START_STACK_BYTES,
	};
	start_both(&start, stacks[1] + START_STACK_BYTES);
	ret = start_result(&start, fail);
	if (ret < 0)
		return ret;
	ret = nsu_channel_receive(reader_fd, &byte, sizeof(byte), &len, &pidfd);
	if (ret < 0 || pidfd < 0)
		return nsu_fail(fail, -ret, "receive the helper's pidfd");
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

int nsu_ns_restore(const struct nsu_ns_saved *saved, unsigned flags, struct nsu_fail *fail)
{
	for (size_t i = 0; i < NSU_COUNT(nsu_ns_kinds); i++) {
		const struct nsu_ns_kind *kind = &nsu_ns_kinds[i];

		if ((flags & kind->flag) && saved->fds[i] >= 0 && setns(saved->fds[i], (int)kind->flag) < 0)
			return nsu_fail(fail, errno, "go back to the caller's own %s namespace", kind->name);
	}
	return 0;
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
