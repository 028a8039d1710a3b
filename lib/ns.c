/* SPDX-License-Identifier: BSD-3-Clause */
#include "ns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "channel.h"
#include "defaults.h"
#include "proc.h"

#define START_STACK_BYTES 8192 /* of the intermediate, and of the child until it has execed */

const struct nsu_ns_kind nsu_ns_kinds[NSU_NS_KINDS] = {
	{"mount", "mnt", CLONE_NEWNS},         {"ipc", "ipc", CLONE_NEWIPC},
	{"uts", "uts", CLONE_NEWUTS},          {"pid", "pid_for_children", CLONE_NEWPID},
	{"cgroup", "cgroup", CLONE_NEWCGROUP}, {"net", "net", CLONE_NEWNET},
	{"time", "time", CLONE_NEWTIME},       {"user", "user", CLONE_NEWUSER},
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

enum step {
	CLOSE_DESCRIPTORS,
	BECOME_ROOT,
	TAKE_LIMITS,
	SET_CLOCKS,
	MAKE_NAMESPACES,
	REPORT,
	EXECUTE,
	STEPS,
};

/* What the caller tells the intermediate and the child, which run on its memory. */
struct start {
	const struct nsu_ns_program *program;
	int report_fd;
	char clocks[80]; /* as timens_offsets takes them */
	char *child_stack_top;
	pid_t caller;
	enum step step; /* of the intermediate, the one under way */
};

/* Where the intermediate keeps, in its own table of descriptors, what it and the child need. */
enum {
	EXEC_FD = NSU_HELPER_CHANNEL_FD + 1,
	REPORT_FD,
	END_FD,
};

static const char *const step_names[STEPS] = {
	[CLOSE_DESCRIPTORS] = "close the caller's descriptors",
	[BECOME_ROOT] = "become root for good",
	[TAKE_LIMITS] = "take the limits of process 1",
	[SET_CLOCKS] = "make the time namespace",
	[MAKE_NAMESPACES] = "make the namespaces",
	[REPORT] = "report the helper's pidfd",
	[EXECUTE] = "execute the helper",
};

/* What either of them says before it ends: the first failure, or the child's number, with its pidfd attached. */
struct report {
	enum step step;
	int err; /* positive errno of that step; 0: all has gone well */
	pid_t pid;
};

/*
 * Closes all descriptors of the caller's but three. That may take for ever: the user of a setuid caller may have handed
 * down one of a FUSE of his own. So it is done while the process still counts as his, and before there are namespaces;
 * the caller, which waits for it, holds the same descriptor and would hang the same when it ends.
 */
static int close_descriptors(struct start *start)
{
	int channel_fd = fcntl(start->program->channel_fd, F_DUPFD_CLOEXEC, END_FD);
	int exec_fd = fcntl(start->program->exec_fd, F_DUPFD_CLOEXEC, END_FD);
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

/* A failed step's report. The send may fail too: the caller then sees that nothing came. */
static void report_failure(int report_fd, enum step step)
{
	struct report report = {.step = step, .err = errno};

	if (nsu_channel_send(report_fd, &report, sizeof(report), -1) < 0)
		return;
}

/* The child: in the new namespaces, on the caller's memory (or a copy: make_child). It makes one system call and never returns. */
__attribute__((no_sanitize("address"))) static int run_child(void *arg)
{
	const struct start *start = arg;
	char *const argv[] = {(char *)(uintptr_t)start->program->name, NULL};
	static char *const envp[] = {NULL};

	syscall(SYS_execveat, EXEC_FD, "", argv, envp, AT_EMPTY_PATH);
	report_failure(REPORT_FD, EXECUTE);
	_exit(127);
}

/*
 * Real uid 0 first of all that lasts, so that the user of a setuid caller (su, sudo) may not stop or kill the child, nor
 * the intermediate. Had he stopped it the moment before, nobody would continue it: so it dies with the caller, which he
 * can kill; and if he has killed that before, it ends here. The gid waits until the helper has executed: changing it here
 * could change "dumpable", which belongs to the memory and so to the caller.
 */
static int become_root(struct start *start)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -1;
	if (getppid() != start->caller) {
		errno = getppid() == 0 ? EXDEV : ESRCH;
		return -1;
	}
	return (int)syscall(SYS_setresuid, 0, 0, 0);
}

/*
 * What can't be raised without CAP_SYS_RESOURCE stays the caller's. To read process 1's takes that, too, or its ids: the real gid
 * alone does not change "dumpable".
 */
static int take_limits(struct start *start)
{
	struct rlimit limit;

	if (start->program->takes_limits && syscall(SYS_setregid, 0, -1) < 0)
		return -1;
	for (int i = 0; start->program->takes_limits && i < RLIM_NLIMITS; i++) {
		if (prlimit(1, i, NULL, &limit) == 0)
			(void)!setrlimit(i, &limit);
	}
	return 0;
}

/* For its children only: each is moved in when it executes, by older kernels when it is made. The offsets can be set as long as nobody is. */
static int set_clocks(struct start *start)
{
	size_t len = strlen(start->clocks);
	ssize_t n;
	int fd;

	if (!start->program->time)
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return -1;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, start->clocks, len);
	close(fd);
	return n == (ssize_t)len ? 0 : -1;
}

static int make_child(struct start *start)
{
	struct report report = {.err = 0};
	int flags = (int)(CLONE_VFORK | CLONE_PIDFD | start->program->flags);
	int pidfd = -1;
	int ret;

	report.pid = clone(run_child, start->child_stack_top, CLONE_VM | flags, start, &pidfd);
	/* Linux 6.1 wants a copy of the memory where the child gets other clocks, and moves it in here, not when it executes. */
	if (report.pid < 0 && errno == EINVAL && start->program->time)
		report.pid = clone(run_child, start->child_stack_top, flags, start, &pidfd);
	if (report.pid < 0)
		return -1;
	start->step = REPORT;
	ret = nsu_channel_send(REPORT_FD, &report, sizeof(report), pidfd);
	if (ret < 0) {
		/*
		 * A caller that is dead has closed the helper's channel: it ends by itself, and removes what it has made. A living
		 * one removes that, which must not be made any more then.
		 */
		if (ret != -EPIPE) {
			nsu_proc_kill(pidfd);
			(void)!nsu_proc_await(pidfd, nsu_proc_now_ms() + NSU_CLOSE_WAIT_MS);
		}
		errno = -ret;
	}
	return ret;
}

/* The intermediate: its death makes the child nobody's. It has the caller's memory, but descriptors of its own. */
__attribute__((no_sanitize("address"))) static int run_intermediate(void *arg)
{
	static int (*const steps[])(struct start * start) = {
		[CLOSE_DESCRIPTORS] = close_descriptors,
		[BECOME_ROOT] = become_root,
		[TAKE_LIMITS] = take_limits,
		[SET_CLOCKS] = set_clocks,
		[MAKE_NAMESPACES] = make_child,
	};
	struct start *start = arg;

	for (size_t i = 0; i < NSU_COUNT(steps); i++) {
		start->step = (enum step)i;
		if (steps[i](start) < 0) {
			report_failure(i == CLOSE_DESCRIPTORS ? start->report_fd : REPORT_FD, start->step);
			_exit(1);
		}
	}
	_exit(0);
}

/*
 * Runs the intermediate with all signals blocked: a handler of the caller must never run on the shared memory. A caller
 * that is a subreaper would get the helper as its child: it is none meanwhile. Return: 0; positive errno of clone(2).
 */
static int run_both(struct start *start, char *stack_top)
{
	int is_subreaper = 0;
	sigset_t all, old;
	int err = 0;
	int pid;

	prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
	if (is_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = clone(run_intermediate, stack_top, CLONE_VM | CLONE_VFORK, start);
	if (pid < 0)
		err = errno;
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		continue;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (is_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	return err;
}

static int failure_of(const struct report *report, struct nsu_fail *fail)
{
	if (report->step == MAKE_NAMESPACES && report->err == ENOSPC)
		return nsu_fail_because(
			fail, ENOSPC,
			"make the namespaces: a limit of user.max_*_namespaces (sysctl) is reached, or 32 pid "
			"namespaces are nested");
	if (report->step == SET_CLOCKS && report->err == ERANGE)
		return nsu_fail_because(
			fail, ERANGE,
			"make the time namespace: a clock would be before the start (key 'time': an offset "
			"below minus the host's uptime), or too far ahead");
	if (report->step == SET_CLOCKS && report->err == EINVAL)
		return nsu_fail_because(fail, ENOSYS, "make the time namespace: this kernel has none (CONFIG_TIME_NS)");
	if (report->step == BECOME_ROOT && report->err == EXDEV)
		return nsu_fail_because(fail, EXDEV, "the caller's children are in another pid namespace than itself");
	return nsu_fail(fail, report->err, "%s", step_names[report->step]);
}

int nsu_ns_start(const struct nsu_ns_program *program, struct nsu_ns_child *ret_child, struct nsu_fail *fail)
{
	char stacks[2][START_STACK_BYTES] __attribute__((aligned(16)));
	struct start start = {
		.program = program,
		.child_stack_top = stacks[0] + START_STACK_BYTES,
		.caller = getpid(),
	};
	auto_close int report_fd = -1;
	auto_close int reader_fd = -1;
	auto_close int pidfd = -1;
	struct report report;
	size_t len = 0;
	int ends[2];
	int ret;

	ret = nsu_channel_make(ends, fail);
	if (ret < 0)
		return ret;
	reader_fd = ends[0];
	report_fd = ends[1];
	start.report_fd = report_fd;
	if (program->time)
		snprintf(start.clocks, sizeof(start.clocks), "monotonic %lld 0\nboottime %lld 0\n",
		         (long long)program->time->monotonic, (long long)program->time->boottime);
	ret = run_both(&start, stacks[1] + START_STACK_BYTES);
	if (ret > 0)
		return nsu_fail(fail, ret, "start a process");
	nsu_close_fd(&report_fd); /* theirs are closed: without a report there is an end */
	ret = nsu_channel_receive(reader_fd, &report, sizeof(report), &len, &pidfd);
	if (ret == -EAGAIN) {
		/*
		 * The intermediate was killed, and may have left a child that has not executed yet, on this function's
		 * stack. It holds the other end until it has, or is dead.
		 */
		ret = nsu_proc_await(reader_fd, nsu_proc_now_ms() + NSU_TIMEOUT_MAX_MS);
		if (ret == 0)
			ret = nsu_channel_receive(reader_fd, &report, sizeof(report), &len, &pidfd);
	}
	if (ret < 0)
		return nsu_fail(fail, -ret, "receive the helper's pidfd");
	if (len != sizeof(report))
		return nsu_fail_because(fail, EINTR, "start %s: it was killed meanwhile", program->name);
	if (report.err != 0)
		return failure_of(&report, fail);
	if (pidfd < 0)
		return nsu_fail(fail, EMFILE, "receive the helper's pidfd");
	ret_child->pidfd = nsu_take_fd(&pidfd);
	ret_child->pid = report.pid;
	return 0;
}

int nsu_ns_check_time(struct nsu_fail *fail)
{
	struct stat now, next;

	if (stat("/proc/self/ns/time", &now) < 0 || stat("/proc/self/ns/time_for_children", &next) < 0)
		return nsu_fail(fail, errno, "look at the time namespace");
	if (now.st_ino != next.st_ino)
		return nsu_fail_because(fail, ENOSYS,
		                        "the time namespace needs Linux 6.1, which moves programs into it");
	return 0;
}

int nsu_ns_bring_up_loopback(struct nsu_fail *fail)
{
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* any family will do for this */
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return nsu_fail(fail, errno, "bring up the loopback interface");
	return 0;
}

int nsu_ns_save(unsigned flags, struct nsu_ns_saved *saved, struct nsu_fail *fail)
{
	if (flags & CLONE_NEWUSER)
		return 0;
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

int nsu_ns_join(int pidfd, unsigned flags, struct nsu_fail *fail)
{
	if (setns(pidfd, (int)flags) < 0)
		return nsu_fail(fail, errno, "join the session's namespaces");
	return 0;
}
