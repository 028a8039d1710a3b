/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hostile STEP... -- COMMAND [ARG...]: what a hostile user can hand down to his su by execve(2), then COMMAND. Steps:
 *   ignore       all signals that can be are ignored, SIGCHLD among them
 *   block        all signals are blocked
 *   pending      two real-time signals of each number, and SIGUSR1, are pending (with block)
 *   timers       SIGALRM, SIGVTALRM and SIGPROF each millisecond
 *   personality  the marks that survive a setuid program
 *   slack        the kernel may be 10 s late with each of its timeouts
 *   death        SIGKILL when the parent ends
 *   subreaper    orphans of COMMAND become this process' children; it waits for all, and ends with the status of COMMAND
 *   open FILE    a descriptor of it
 *   trace PID    that process is traced by this one, and so by COMMAND
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "hostile: %s: %s\n", what, strerror(errno));
	exit(100);
}

static void ignore_signals(void)
{
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_IGN);
}

static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static void make_pending(void)
{
	for (int signo = SIGRTMIN; signo <= SIGRTMAX; signo++) {
		raise(signo);
		raise(signo);
	}
	raise(SIGUSR1);
}

static void start_timers(void)
{
	struct itimerval each_ms = {{0, 1000}, {0, 1000}};

	if (setitimer(ITIMER_REAL, &each_ms, NULL) < 0 || setitimer(ITIMER_VIRTUAL, &each_ms, NULL) < 0 ||
	    setitimer(ITIMER_PROF, &each_ms, NULL) < 0)
		die("setitimer");
}

/* COMMAND goes on in the child. */
static void wait_for_all(void)
{
	pid_t pid = fork();
	int status, result = 100;

	if (pid < 0)
		die("fork");
	if (pid == 0)
		return;
	for (pid_t ended = pid; ended > 0;) {
		ended = wait(&status);
		if (ended == pid)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	exit(result);
}

static void trace(const char *pid)
{
	if (ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL) < 0)
		die("ptrace");
}

static void open_file(const char *path)
{
	if (open(path, O_RDONLY) < 0)
		die(path);
}

static void do_step(const char *step)
{
	if (strcmp(step, "ignore") == 0)
		ignore_signals();
	else if (strcmp(step, "block") == 0)
		block_signals();
	else if (strcmp(step, "pending") == 0)
		make_pending();
	else if (strcmp(step, "timers") == 0)
		start_timers();
	else if (strcmp(step, "personality") == 0)
		personality(UNAME26 | WHOLE_SECONDS | STICKY_TIMEOUTS | SHORT_INODE | FDPIC_FUNCPTRS);
	else if (strcmp(step, "slack") == 0)
		prctl(PR_SET_TIMERSLACK, 10000000000UL);
	else if (strcmp(step, "death") == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	else if (strcmp(step, "subreaper") == 0)
		prctl(PR_SET_CHILD_SUBREAPER, 1), wait_for_all();
	else
		errno = EINVAL, die(step);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "trace") == 0 && i + 1 < argc)
			trace(argv[++i]);
		else if (strcmp(argv[i], "open") == 0 && i + 1 < argc)
			open_file(argv[++i]);
		else
			do_step(argv[i]);
	}
	if (i + 1 >= argc)
		return 2;
	execvp(argv[i + 1], argv + i + 1);
	die(argv[i + 1]);
}
