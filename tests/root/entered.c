/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program that an administrator runs as a user could do to him.
 * entered type TEXT: types TEXT and a line's end on each terminal that it can get at, if it may (TIOCSTI); prints on how many.
 * entered read: reads from each of them for a second, and prints what it gets.
 * entered keyring [PROGRAM...]: prints the number of the session keyring; of a new one, in which the program is then run.
 */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int type(int fd, const char *text)
{
	for (; *text; text++) {
		if (ioctl(fd, TIOCSTI, text) < 0)
			return 0;
	}
	return ioctl(fd, TIOCSTI, "\n") == 0;
}

static void read_from(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char buffer[256];
	ssize_t n;

	if (!isatty(fd) || poll(&pfd, 1, 1000) <= 0)
		return;
	n = read(fd, buffer, sizeof(buffer));
	if (n > 0)
		printf("read from %d: %.*s\n", fd, (int)n, buffer);
}

int main(int argc, char **argv)
{
	int n = 0;

	if (argc >= 2 && strcmp(argv[1], "keyring") == 0) {
		if (argc > 2)
			syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
		printf("%ld\n", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
		fflush(stdout);
		return argc > 2 ? execvp(argv[2], argv + 2) : 0;
	}
	open("/dev/tty", O_RDWR);
	for (int i = 0; i < 20; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/pts/%d", i);
		open(path, O_RDWR | O_NOCTTY);
	}
	for (int fd = 0; fd < 40; fd++) {
		if (argc == 3 && strcmp(argv[1], "type") == 0)
			n += type(fd, argv[2]);
		else
			read_from(fd);
	}
	printf("typed on %d\n", n);
	return 0;
}
