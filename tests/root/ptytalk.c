/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ptytalk [EXPECT SEND]... -- COMMAND [ARG...]: run a command on a terminal of its own and talk to it: each time the text
 * EXPECT appears, SEND is typed. Return and Ctrl-C in SEND are written ^M and ^C. Prints what the terminal
 * shows; ends with the command's exit status (128 + signal), or 99 after TIME_LIMIT seconds.
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef TIME_LIMIT
#define TIME_LIMIT 20
#endif

static char seen[65536]; /* since the last match; the rest is cut */
static size_t seen_len;

static void type(int fd, const char *text)
{
	for (; *text; text++) {
		char c = *text;

		if (c == '^' && text[1])
			c = (char)(*++text - '@');
		if (write(fd, &c, 1) != 1)
			return;
	}
}

/* Takes what has come. Return: 0 at the end of the terminal. */
static int take(int fd)
{
	ssize_t n;

	if (seen_len == sizeof(seen) - 1)
		seen_len = 0;
	n = read(fd, seen + seen_len, sizeof(seen) - 1 - seen_len);
	if (n <= 0)
		return 0;
	fwrite(seen + seen_len, 1, (size_t)n, stdout);
	fflush(stdout);
	seen_len += (size_t)n;
	seen[seen_len] = '\0';
	return 1;
}

static int status_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return 98;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + TIME_LIMIT;
	char **talk = argv + 1, **command = argv + 1;
	pid_t pid;
	int fd;

	while (*command && strcmp(*command, "--") != 0)
		command++;
	if (!*command || argc < 3)
		return 97;
	pid = forkpty(&fd, NULL, NULL, NULL);
	if (pid < 0)
		return 96;
	if (pid == 0) {
		execvp(command[1], command + 1);
		_exit(127);
	}
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};

		if (time(NULL) >= end) {
			kill(pid, SIGKILL);
			return 99;
		}
		if (poll(&pfd, 1, 200) <= 0)
			continue;
		if (!take(fd))
			return status_of(pid);
		if (talk < command && strstr(seen, talk[0])) {
			seen_len = 0;
			seen[0] = '\0';
			usleep(100000); /* login and su flush what was typed before they ask */
			type(fd, talk[1]);
			talk += 2;
		}
	}
}
