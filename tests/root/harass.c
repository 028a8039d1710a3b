/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * harass ROUNDS COMMAND [ARG...]: a hostile user starts COMMAND, a setuid su, ROUNDS times, and stops and traces every process
 * that comes after it for as long as the round lasts. It sets free again what it holds, or kills COMMAND with that held, in
 * turn. Prints how the rounds ended and how many of the attempts the kernel has let through.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AHEAD    12 /* pids behind that of COMMAND: its own children get these, where nobody else forks */
#define ROUND_MS 100

static long n_stopped, n_traced, n_refused;

static int ms_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - began->tv_sec) * 1000 + (now.tv_nsec - began->tv_nsec) / 1000000);
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		exit(1);
	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	return pid;
}

/* One attempt at each; the round's number decides with what. */
static void attack(pid_t first, int round)
{
	for (pid_t pid = first; pid <= first + AHEAD; pid++) {
		bool is_traced = round % 3 == 2 && pid > first;
		long ret;

		if (pid == first && round % 4 != 3)
			continue;
		ret = is_traced ? ptrace(PTRACE_SEIZE, pid, NULL, NULL) : kill(pid, round % 5 == 4 ? SIGKILL : SIGSTOP);
		if (ret == 0)
			(is_traced ? n_traced++ : n_stopped++);
		else if (errno == EPERM)
			n_refused++;
	}
}

static void release(pid_t first)
{
	for (pid_t pid = first; pid <= first + AHEAD; pid++)
		kill(pid, SIGCONT);
}

int main(int argc, char **argv)
{
	int n_ended[3] = {0}; /* with success, with failure, by a signal */
	int rounds = argc > 2 ? atoi(argv[1]) : 0;

	for (int round = 0; round < rounds; round++) {
		struct timespec began;
		int status = 0;
		pid_t pid = start(argv + 2);

		clock_gettime(CLOCK_MONOTONIC, &began);
		for (bool is_over = false; !is_over; is_over = waitpid(pid, &status, WNOHANG) == pid) {
			int ms = ms_since(&began);

			if (ms < ROUND_MS / 2)
				attack(pid, round);
			else if (ms < ROUND_MS && round % 2)
				release(pid), usleep(1000);
			else
				kill(pid, SIGKILL), usleep(1000);
			if (ms > 20000)
				printf("hangs: %d\n", (int)pid), exit(1);
		}
		n_ended[WIFSIGNALED(status) ? 2 : WEXITSTATUS(status) != 0]++;
		release(pid); /* what a killed su has left, if anything, and is his: no longer stopped */
	}
	printf("%d ended well, %d refused, %d killed; %ld stopped or killed, %ld traced, %ld attempts not allowed\n",
	       n_ended[0], n_ended[1], n_ended[2], n_stopped, n_traced, n_refused);
	return 0;
}
