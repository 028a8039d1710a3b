/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bomb NUMBER NESTED READY: leaves NUMBER daemons that ignore all signals, one in four of them stopped, ten fleeing from pid
 * to pid, and NESTED namespaces for users and processes within one another, with a daemon in each. Makes the
 * file READY when all are there, and ends.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void ignore_signals(void)
{
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* else the intermediate ones could not be waited for */
}

/* Return: in the daemon only; the caller goes on when it is nobody's child. */
static int become_daemon(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		return 1;
	}
	if (fork() != 0)
		_exit(0);
	setsid();
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	return 0;
}

/* A new process each time, while the old one ends: a list of processes is never complete. */
static void flee(void)
{
	for (;;) {
		if (fork() > 0)
			_exit(0);
		usleep(20000);
	}
}

static void live(int kind)
{
	if (kind % 4 == 1)
		raise(SIGSTOP);
	if (kind % 4 == 2 && kind < 40)
		flee();
	for (;;)
		pause();
}

/* Each within the one before. */
static void nest(int depth)
{
	int status;
	pid_t pid;

	if (depth == 0)
		return;
	pid = fork();
	if (pid != 0) {
		waitpid(pid, &status, 0);
		return;
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
		_exit(1);
	if (fork() == 0) {
		int ret = become_daemon();

		if (ret == 0)
			live(0);
		nest(depth - 1);
		for (;;)
			pause(); /* PID 1 of its namespace */
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int number, fd;

	if (argc != 4)
		return 2;
	ignore_signals();
	number = atoi(argv[1]);
	nest(atoi(argv[2]));
	for (int i = 0; i < number; i++) {
		int ret = become_daemon();

		if (ret < 0)
			return 1;
		if (ret == 0)
			live(i);
	}
	fd = open(argv[3], O_WRONLY | O_CREAT, 0666);
	return fd < 0;
}
