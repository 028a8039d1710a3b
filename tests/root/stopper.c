/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stopper ROUNDS COMMAND...: the user of a setuid opener stops its intermediate while that is still his, kills the opener, and
 * then continues and stops the intermediate in turns, to have it stopped as root, whom nobody would continue. Prints how
 * often it was caught, and how often it was root's and stopped at the end.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEXT_PIDS 6 /* the intermediate's number is one of the next */
#define TURNS     2000

/* Of a process: its state letter and real uid. Return: false if it is gone. */
static bool look(pid_t pid, char *state, int *uid)
{
	char path[64], text[4096], *line;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	line = strstr(text, "\nState:\t");
	*state = line ? line[8] : '?';
	line = strstr(text, "\nUid:\t");
	*uid = line ? atoi(line + 6) : -1;
	return true;
}

static bool is_stopped_root(pid_t pid)
{
	char state;
	int uid;

	usleep(3000);
	return look(pid, &state, &uid) && state == 'T' && uid == 0;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		for (int fd = 0; fd <= 2; fd++)
			dup2(null, fd);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

/* Return: the intermediate, stopped; 0 if it was not caught. */
static pid_t catch_one(pid_t opener)
{
	char state = 0;
	int uid;

	for (int spin = 0; spin < 300000; spin++) {
		for (pid_t pid = opener + 1; pid < opener + NEXT_PIDS; pid++) {
			if (kill(pid, SIGSTOP) < 0)
				continue;
			for (int i = 0; i < 100000 && look(pid, &state, &uid) && state != 'T'; i++)
				continue;
			return state == 'T' ? pid : 0;
		}
		if (waitpid(opener, NULL, WNOHANG | WNOWAIT) == opener)
			return 0;
	}
	return 0;
}

static bool race(pid_t intermediate)
{
	char state;
	int uid;

	for (int turn = 0; turn < TURNS; turn++) {
		if (kill(intermediate, SIGCONT) < 0)
			return errno == EPERM && is_stopped_root(intermediate);
		for (volatile int delay = rand() % 4000; delay > 0; delay--)
			continue;
		kill(intermediate, SIGSTOP);
		for (int i = 0; i < 3000 && look(intermediate, &state, &uid) && state != 'T' && state != 'Z'; i++)
			continue;
		if (is_stopped_root(intermediate))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0, caught = 0, won = 0;

	if (rounds < 1)
		errx(2, "usage: stopper ROUNDS COMMAND...");
	for (int i = 0; i < rounds; i++) {
		pid_t opener = start(argv + 2);
		pid_t intermediate = catch_one(opener);

		kill(opener, SIGKILL);
		waitpid(opener, NULL, 0);
		if (intermediate == 0)
			continue;
		caught++;
		won += race(intermediate);
		kill(intermediate, SIGKILL);
	}
	printf("caught %d won %d\n", caught, won);
	return 0;
}
