/* SPDX-License-Identifier: BSD-3-Clause */
#include "floor.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID)

static const char *const names[] = {"/proc/self/ns/mnt", "/proc/self/ns/ipc", "/proc/self/ns/uts",
                                    "/proc/self/ns/pid_for_children"};

struct start {
	int init;
	int channel;
	int pidfd;
	char *stack_top;
};

static int execute(void *arg)
{
	static char *const argv[] = {(char *)(uintptr_t) "floor", NULL};
	static char *const envp[] = {NULL};
	const struct start *start = arg;

	if (dup2(start->channel, 3) == 3)
		syscall(SYS_execveat, start->init, "", argv, envp, AT_EMPTY_PATH);
	_exit(127);
}

static pid_t start_vfork(const struct start *start, int *pidfd)
{
	char stack[8192] __attribute__((aligned(16)));

	return clone(execute, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | NAMESPACES | SIGCHLD,
	             (void *)(uintptr_t)start, pidfd);
}

static int start_orphan(void *arg)
{
	struct start *start = arg;

	clone(execute, start->stack_top, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | NAMESPACES | SIGCHLD, start,
	      &start->pidfd);
	_exit(0);
}

/* The intermediate shares the caller's descriptors, and so leaves the pidfd there. */
static pid_t start_intermediate(struct start *start, int *pidfd)
{
	char stacks[2][8192] __attribute__((aligned(16)));
	pid_t pid;

	start->stack_top = stacks[1] + sizeof(stacks[1]);
	pid = clone(start_orphan, stacks[0] + sizeof(stacks[0]), CLONE_VM | CLONE_VFORK | CLONE_FILES, start);
	if (pid < 0 || waitpid(pid, NULL, __WALL) < 0)
		return -1;
	*pidfd = start->pidfd;
	return 0;
}

static pid_t fork_child(const struct start *start, int other_end, int *pidfd)
{
	char byte = 0;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | NAMESPACES | SIGCHLD, NULL, pidfd, NULL, 0);

	if (pid != 0)
		return pid;
	close(other_end);
	if (floor_set_up() < 0 || write(start->channel, &byte, 1) != 1 || read(start->channel, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

/* The intermediate shares the caller's descriptors, and says by the channel which number the pidfd has there. */
static pid_t fork_intermediate(const struct start *start, int other_end)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES, NULL, NULL, NULL, 0);
	int pidfd;

	if (pid == 0) {
		if (fork_child(start, other_end, &pidfd) < 0 || write(start->channel, &pidfd, sizeof(pidfd)) < 0)
			_exit(1);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, __WALL) < 0)
		return -1;
	return 0;
}

/* The child's byte; and the intermediate's number, where there is one. */
static int await_ready(struct floor *floor)
{
	bool is_ready = false;
	int number;

	while (!is_ready || floor->pidfd < 0) {
		ssize_t n = read(floor->channel, &number, sizeof(number));

		if (n <= 0)
			return -1;
		if (n == 1)
			is_ready = true;
		else
			floor->pidfd = number;
	}
	return 0;
}

int floor_open(enum floor_kind kind, int init, struct floor *floor)
{
	struct start start = {.init = init};
	int ends[2];

	for (int i = 0; i < 4; i++)
		floor->own[i] = open(names[i], O_RDONLY | O_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	start.channel = ends[1];
	floor->channel = ends[0];
	floor->pidfd = -1;
	if (kind == FLOOR_VFORK)
		floor->pid = start_vfork(&start, &floor->pidfd);
	else if (kind == FLOOR_VFORK_ORPHAN)
		floor->pid = start_intermediate(&start, &floor->pidfd);
	else if (kind == FLOOR_FORK)
		floor->pid = fork_child(&start, ends[0], &floor->pidfd);
	else
		floor->pid = fork_intermediate(&start, ends[0]);
	close(ends[1]);
	if (floor->pid < 0 || await_ready(floor) < 0)
		return -1;
	return setns(floor->pidfd, NAMESPACES);
}

void floor_close(struct floor *floor)
{
	for (int i = 0; i < 4; i++) {
		setns(floor->own[i], 0);
		close(floor->own[i]);
	}
	close(floor->channel);
	if (floor->pid > 0)
		waitpid(floor->pid, NULL, 0);
	else
		poll(&(struct pollfd){.fd = floor->pidfd, .events = POLLIN}, 1, -1);
	close(floor->pidfd);
}
