/* SPDX-License-Identifier: BSD-3-Clause */
#include "floor.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID)
#define USER       "alice" /* of the tests' throw-away root */
#define GROUPS_MAX 32

static const struct {
	const char *path;
	unsigned flag;
} kinds[FLOOR_KINDS] = {
	{"/proc/self/ns/mnt", CLONE_NEWNS},        {"/proc/self/ns/ipc", CLONE_NEWIPC},
	{"/proc/self/ns/uts", CLONE_NEWUTS},       {"/proc/self/ns/pid_for_children", CLONE_NEWPID},
	{"/proc/self/ns/cgroup", CLONE_NEWCGROUP}, {"/proc/self/ns/net", CLONE_NEWNET},
	{"/proc/self/ns/time", CLONE_NEWTIME},     {"/proc/self/ns/user", CLONE_NEWUSER},
};

struct start {
	int init;
	int channel;
	int pidfd;
	unsigned namespaces;
	char *arguments[3]; /* of the program */
	pid_t pid;          /* of the child, by the intermediate */
	char *stack_top;
	char uids[64]; /* the maps of the user namespace */
	char gids[1024];
};

/* What clone(2) makes: the user namespace comes last of all, and who has another time is moved there when it executes. */
static int made_at_once(const struct start *start)
{
	return (int)(start->namespaces & ~(unsigned)(CLONE_NEWUSER | CLONE_NEWTIME));
}

static int execute(void *arg)
{
	static char *const envp[] = {NULL};
	const struct start *start = arg;

	if (dup2(start->channel, 3) == 3)
		syscall(SYS_execveat, start->init, "", start->arguments, envp, AT_EMPTY_PATH);
	_exit(127);
}

static pid_t start_vfork(const struct start *start, int *pidfd)
{
	char stack[8192] __attribute__((aligned(16)));

	return clone(execute, stack + sizeof(stack),
	             CLONE_VM | CLONE_VFORK | CLONE_PIDFD | made_at_once(start) | SIGCHLD, (void *)(uintptr_t)start,
	             pidfd);
}

static int set_clocks(void)
{
	static const char clocks[] = "monotonic 0 0\nboottime 0 0\n";
	int fd, ret;

	if (unshare(CLONE_NEWTIME) < 0)
		return -1;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	ret = write(fd, clocks, sizeof(clocks) - 1) < 0 ? -1 : 0;
	close(fd);
	return ret;
}

static int start_orphan(void *arg)
{
	struct start *start = arg;

	if ((start->namespaces & CLONE_NEWTIME) && set_clocks() < 0)
		_exit(1);
	start->pid = clone(execute, start->stack_top,
	                   CLONE_VM | CLONE_VFORK | CLONE_PIDFD | made_at_once(start) | SIGCHLD, start, &start->pidfd);
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
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | made_at_once(start) | SIGCHLD, NULL, pidfd, NULL, 0);

	if (pid != 0)
		return pid;
	close(other_end);
	if (floor_set_up(start->channel, start->namespaces) < 0 || write(start->channel, &byte, 1) != 1 ||
	    read(start->channel, &byte, 1) < 0)
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

static int write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ret = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return ret;
}

/* As the map "minimal" is: root, the user, the groups of hers that the name service knows, tty. */
static int make_maps(struct start *start)
{
	const struct passwd *passwd = getpwnam(USER);
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX - 2;
	size_t len = 0;

	if (!passwd || getgrouplist(USER, passwd->pw_gid, groups, &n) < 0)
		return -1;
	groups[n++] = 0;
	groups[n++] = getgrnam("tty")->gr_gid;
	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(start->gids + len, sizeof(start->gids) - len, "%u %u 1\n", groups[i],
		                        groups[i]);
	snprintf(start->uids, sizeof(start->uids), "0 0 2\n%u %u 1\n", passwd->pw_uid, passwd->pw_uid);
	return 0;
}

static int write_maps(const struct floor *floor, const struct start *start)
{
	if (write_file(start->pid, "uid_map", start->uids) < 0 || write_file(start->pid, "gid_map", start->gids) < 0)
		return -1;
	return write(floor->channel, "", 1) == 1 ? 0 : -1;
}

/* The child's byte; before that the one by which it asks for its maps; and the intermediate's number, where there is one. */
static int await_ready(struct floor *floor, const struct start *start)
{
	bool is_ready = false;
	int number;

	while (!is_ready || floor->pidfd < 0) {
		ssize_t n = read(floor->channel, &number, sizeof(number));

		if (n <= 0)
			return -1;
		if (n == sizeof(number))
			floor->pidfd = number;
		else if (*(char *)&number != 'm')
			is_ready = true;
		else if (write_maps(floor, start) < 0)
			return -1;
	}
	return 0;
}

static void keep_own(unsigned namespaces, struct floor *floor)
{
	for (int i = 0; i < FLOOR_KINDS; i++) {
		floor->own[i] = -1;
		if ((namespaces & kinds[i].flag) && !(namespaces & CLONE_NEWUSER))
			floor->own[i] = open(kinds[i].path, O_RDONLY | O_CLOEXEC);
	}
}

int floor_open(enum floor_kind kind, unsigned more, int init, struct floor *floor)
{
	char argument[16];
	struct start start = {
		.init = init,
		.namespaces = NAMESPACES | more,
		.arguments = {(char *)(uintptr_t) "floor", argument, NULL},
	};
	int ends[2];

	snprintf(argument, sizeof(argument), "%x", start.namespaces);
	keep_own(start.namespaces, floor);
	if ((more & CLONE_NEWUSER) && make_maps(&start) < 0)
		return -1;
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
	if (floor->pid < 0 || await_ready(floor, &start) < 0)
		return -1;
	return setns(floor->pidfd, (int)start.namespaces);
}

void floor_close(struct floor *floor)
{
	for (int i = 0; i < FLOOR_KINDS; i++) {
		if (floor->own[i] < 0)
			continue;
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
