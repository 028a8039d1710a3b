/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * denied [TEXT]: a program of a session makes the calls that a policy can deny; one line each, `NAME: ERRNO` or `NAME: done`.
 * With TEXT only one: it types that on its terminal (stdin) for whoever reads there next.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *name, long ret)
{
	printf("%s: %s\n", name, ret < 0 ? strerrorname_np(errno) : "done");
	fflush(stdout);
}

/* In a child, for it might come true. */
#define TRY(name, call)                                                                                                \
	do {                                                                                                           \
		pid_t pid = fork();                                                                                    \
		if (pid == 0) {                                                                                        \
			say(name, call);                                                                               \
			_exit(0);                                                                                      \
		}                                                                                                      \
		waitpid(pid, NULL, 0);                                                                                 \
	} while (0)

static int type(const char *text)
{
	for (; *text; text++)
		if (ioctl(STDIN_FILENO, TIOCSTI, text) < 0)
			return -1;
	return ioctl(STDIN_FILENO, TIOCSTI, "\n");
}

static long clone_user(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

int main(int argc, char **argv)
{
	int user_ns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	int net_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (argc == 2) {
		say("type", type(argv[1]));
		return 0;
	}
	TRY("TIOCSTI", ioctl(STDIN_FILENO, TIOCSTI, "x"));
	TRY("TIOCLINUX", ioctl(STDIN_FILENO, TIOCLINUX, "\0"));
	TRY("unshare user", unshare(CLONE_NEWUSER));
	TRY("clone user", clone_user());
	TRY("clone3", syscall(SYS_clone3, NULL, 0));
	TRY("setns user", setns(user_ns, CLONE_NEWUSER));
	TRY("setns 0", setns(user_ns, 0));
	TRY("setns net", setns(net_ns, CLONE_NEWNET));
	TRY("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	TRY("init_module", syscall(SYS_init_module, NULL, 0, ""));
	TRY("finit_module", syscall(SYS_finit_module, -1, "", 0));
	TRY("delete_module", syscall(SYS_delete_module, "none", 0));
	TRY("keyctl", syscall(SYS_keyctl, 0, -3, 1));
	TRY("add_key", syscall(SYS_add_key, "user", "nsunshare", "x", 1, -3));
	TRY("request_key", syscall(SYS_request_key, "user", "nsunshare-none", NULL, 0));
	return 0;
}
