// SPDX-License-Identifier: BSD-3-Clause
// twin INIT UID GID PROCS COMMAND...: run a command as this user in the session of process 1 INIT, started by a process that has
// inside the number, and the start time, of another one outside, which is put into the cgroup with the file PROCS (cgroup.procs).
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t clone_with_number(pid_t number)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

// In ticks since the boot, as polkit has it.
static unsigned long long start_of(pid_t pid)
{
	unsigned long long start = 0;
	char path[64];
	char text[1024] = {0};
	int field = 2;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		exit(3);
	close(fd);
	for (char *at = strrchr(text, ')'); at && (at = strchr(at + 1, ' '));)
		if (++field == 22 && sscanf(at, "%llu", &start) == 1)
			break;
	return start;
}

static void outside(const char *procs)
{
	FILE *file = fopen(procs, "w");

	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file) != 0)
		_exit(3);
	pause();
	_exit(0);
}

static void inside(int go_on, uid_t uid, gid_t gid, char **command)
{
	char byte;

	if (read(go_on, &byte, 1) != 1 || setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
		_exit(3);
	pid_t pid = fork();
	if (pid == 0) {
		execv(command[0], command);
		_exit(3);
	}
	int status;
	_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 3);
}

int main(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	int init = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	int own = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (init < 0 || own < 0)
		return 3;
	for (pid_t number = 30001; number < 30101; number++) {
		int go_on[2];
		if (pipe(go_on) < 0 || setns(init, CLONE_NEWPID) < 0)
			return 3;
		pid_t in = clone_with_number(number);
		if (in == 0) {
			// its own /proc, and so its view of itself
			if (setns(init, CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
				_exit(3);
			inside(go_on[0], (uid_t)atoi(argv[2]), (gid_t)atoi(argv[3]), argv + 5);
		}
		if (setns(own, CLONE_NEWPID) < 0)
			return 3;
		pid_t out = clone_with_number(number);
		if (out == 0)
			outside(argv[4]);
		if (in < 0 || out != number)
			return 3;
		int same = start_of(in) == start_of(out);
		poll(NULL, 0, same ? 300 : 0);
		if (same && write(go_on[1], "", 1) != 1)
			return 3;
		if (!same)
			kill(in, SIGKILL);
		int status;
		waitpid(in, &status, 0);
		kill(out, SIGKILL);
		waitpid(out, NULL, 0);
		if (same)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
	}
	return 3;
}
