/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * setclient COMMAND KEY [ARG...]: says to the process 1 of a set what the module and the tool do not. KEY is a name in
 * /run/nsunshare, or a path. FILE: the connections are held until it is there; "-": they are not.
 *   end KEY                 the set is to end
 *   ask KEY                 "set ID logins N", and "login UID SERVICE USER" for each
 *   hello KEY N UID FILE    N logins of that uid at once: "answered N, refused N, other N", and the first refusal
 *   idle KEY N FILE         N connections that say nothing: "connected N"
 *   fuzz KEY SEED N         N connections with what no sound caller says; "survived", where process 1 can still be asked
 *   reach KEY...            connect, and ask: "KEY: what comes of it"
 *   names TEXT              as reach, for each abstract name of /proc/net/unix, and each path with TEXT in it
 *   serve PATH              in the place of a process 1: whoever comes is told to join this process
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel.h"
#include "set.h"
#include "wire.h"

#define ANSWER_MS 3000

static int null_fd =
	-1; /* no pidfd, but readable as that of one who has ended: who sends it with a COMMIT is no login for long */
static unsigned char frame[NSU_FRAME_MAX + 4096];

static void die(const char *what)
{
	fprintf(stderr, "setclient: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A name that begins with '@' is abstract. Return: the socket; -1 with errno. */
static int connect_to(const char *key)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(address);

	if (fd < 0)
		return -1;
	if (key[0] == '/')
		snprintf(address.sun_path, sizeof(address.sun_path), "%s", key);
	else
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", NSU_RUN_DIR, key);
	if (key[0] == '@') {
		memset(address.sun_path, 0, sizeof(address.sun_path));
		memcpy(address.sun_path + 1, key + 1, strlen(key + 1));
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(key));
	}
	if (connect(fd, (const struct sockaddr *)&address, len) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static int own_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		die("pidfd_open");
	return fd;
}

static int say(int fd, enum nsu_set_wish wish, uid_t uid, int send_fd)
{
	struct nsu_set_hello hello = {.wish = wish};
	size_t len;

	if (wish == NSU_SET_LOGIN) {
		hello.login = (struct nsu_login){.uid = uid, .opener = getpid(), .since = 1};
		snprintf(hello.login.user, sizeof(hello.login.user), "setclient");
		snprintf(hello.login.service, sizeof(hello.login.service), "test");
	}
	if (nsu_set_encode_hello(&hello, frame, sizeof(frame), &len) < 0)
		die("encode");
	return nsu_channel_send(fd, frame, len, send_fd);
}

/* Return: the length; 0: the other end is closed, or the connection is reset; -1: nothing came. */
static ssize_t hear(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	int got_fd = -1;
	size_t len = 0;

	if (poll(&pfd, 1, ANSWER_MS) <= 0)
		return -1;
	if (nsu_channel_receive(fd, frame, sizeof(frame), &len, &got_fd) < 0)
		return 0;
	if (got_fd >= 0)
		close(got_fd);
	return (ssize_t)len;
}

/* Return: whether it has told of itself. */
static bool ask(const char *key, struct nsu_set *set, struct nsu_login *logins, size_t *n)
{
	int fd = connect_to(key);
	bool is_told;
	ssize_t len;

	if (fd < 0)
		return false;
	len = say(fd, NSU_SET_ASK, 0, -1) == 0 ? hear(fd) : -1;
	is_told = len > 0 && nsu_set_decode(frame, (size_t)len, set, logins, n) == 0;
	close(fd);
	if (!is_told)
		errno = ENODATA;
	return is_told;
}

static void print_set(const char *key)
{
	struct nsu_login logins[NSU_SET_PAGE];
	struct nsu_set set;
	size_t n = 0;

	if (!ask(key, &set, logins, &n))
		die(key);
	printf("set %s logins %zu\n", set.id, set.n_logins);
	for (size_t i = 0; i < n; i++)
		printf("login %u %s %s\n", (unsigned)logins[i].uid, logins[i].service, logins[i].user);
}

static void hold(const char *file)
{
	fflush(stdout);
	for (int i = 0; strcmp(file, "-") != 0 && i < 6000 && access(file, F_OK) < 0; i++)
		usleep(10000);
}

/* What process 1 answers to one hello. Return: 0 answered, 1 refused (its text into @text), 2 other. */
static int log_in(int fd, uid_t uid, char *text, size_t cap)
{
	static const unsigned char commit = NSU_WIRE_COMMIT;
	struct nsu_wire_answer answer = {.fail = NSU_FAIL_INIT};
	int pidfd = own_pidfd();
	ssize_t len;
	int ret;

	ret = say(fd, NSU_SET_LOGIN, uid, pidfd);
	close(pidfd);
	len = ret == 0 ? hear(fd) : -1;
	if (len <= 0 || nsu_wire_decode_answer(frame, (size_t)len, &answer) < 0)
		return 2;
	if (answer.fail.err == 0)
		return nsu_channel_send(fd, &commit, sizeof(commit), -1) == 0 ? 0 : 2;
	if (!text[0])
		nsu_fail_line(&answer.fail, text, cap);
	return 1;
}

static void many_logins(const char *key, int n, uid_t uid, const char *file)
{
	char text[NSU_FAIL_TEXT_MAX + 128] = "";
	int counts[3] = {0};

	for (int i = 0; i < n; i++) {
		int fd = connect_to(key);

		counts[fd < 0 ? 2 : log_in(fd, uid, text, sizeof(text))]++;
	}
	printf("answered %d, refused %d, other %d\n", counts[0], counts[1], counts[2]);
	if (text[0])
		printf("refusal: %s\n", text);
	hold(file);
}

static void be_idle(const char *key, int n, const char *file)
{
	int connected = 0;

	for (int i = 0; i < n; i++)
		connected += connect_to(key) >= 0;
	printf("connected %d\n", connected);
	hold(file);
}

static void send_with_fds(int fd, size_t len, int n_fds)
{
	char control[CMSG_SPACE(16 * sizeof(int))];
	struct iovec iov = {frame, len};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *header;

	memset(control, 0, sizeof(control));
	if (n_fds > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE((size_t)n_fds * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN((size_t)n_fds * sizeof(int));
		for (int i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(header) + (size_t)i * sizeof(int), &(int){null_fd}, sizeof(int));
	}
	(void)!sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static size_t make_hello(void)
{
	struct nsu_set_hello hello = {.wish = (enum nsu_set_wish)(1 + rand() % 3), .first = (size_t)rand()};
	size_t len = 0;

	if (hello.wish == NSU_SET_END)
		hello.wish = NSU_SET_ASK; /* else it would do as it is told */
	hello.login.uid = (uid_t)rand();
	memset(hello.login.user, 'x', sizeof(hello.login.user) - 1);
	if (nsu_set_encode_hello(&hello, frame, sizeof(frame), &len) < 0)
		die("encode");
	return len;
}

/* A hello with some bytes changed, but for the wish, at which END would be heard. */
static size_t spoil(size_t len)
{
	for (int n = rand() % 4; n > 0; n--) {
		size_t at = (size_t)rand() % len;

		if (at < 16 || at >= 24)
			frame[at] = (unsigned char)rand();
	}
	return rand() % 4 ? len : 1 + (size_t)rand() % len;
}

static void send_something(int fd)
{
	size_t len;

	switch (rand() % 5) {
	case 0: /* noise of any length, more than a frame may have too */
		len = 1 + (size_t)rand() % (rand() % 8 ? 600 : sizeof(frame));
		for (size_t i = 0; i < len; i++)
			frame[i] = (unsigned char)rand();
		send_with_fds(fd, len, rand() % 4);
		return;
	case 1: /* an order of one byte */
		frame[0] = (unsigned char)(rand() % 12);
		send_with_fds(fd, 1, rand() % 2);
		return;
	case 2: /* a frame of no length, as its end looks */
		send_with_fds(fd, 0, rand() % 2);
		return;
	case 3: /* sound, without a descriptor, with one of another kind, or with too many */
		send_with_fds(fd, make_hello(), rand() % 16);
		return;
	default:
		send_with_fds(fd, spoil(make_hello()), rand() % 3);
	}
}

static void fuzz(const char *key, unsigned seed, int n)
{
	struct nsu_login logins[NSU_SET_PAGE];
	struct nsu_set set;
	size_t n_logins;
	int pidfd = own_pidfd();

	srand(seed);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < n; i++) {
		int fd = connect_to(key);

		if (fd < 0)
			die("connect");
		if (rand() % 4 == 0)
			(void)!say(fd, NSU_SET_LOGIN, (uid_t)rand(), pidfd);
		for (int j = rand() % 5; j > 0; j--)
			send_something(fd);
		close(fd);
	}
	puts(ask(key, &set, logins, &n_logins) ? "survived" : "does not answer any more");
}

static void reach(const char *key)
{
	struct nsu_login logins[NSU_SET_PAGE];
	struct nsu_set set;
	size_t n;
	int fd = connect_to(key);

	if (fd < 0) {
		printf("%s: %s\n", key, strerrorname_np(errno));
		return;
	}
	close(fd);
	printf("%s: %s\n", key, ask(key, &set, logins, &n) ? "ANSWERED" : "no answer");
}

static void reach_names(const char *wanted)
{
	char line[512], name[256];
	FILE *file = fopen("/proc/net/unix", "re");

	if (!file)
		die("/proc/net/unix");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %255s", name) == 1 &&
		    (name[0] == '@' || strstr(name, wanted)))
			reach(name);
	fclose(file);
}

/* In the place of a process 1: answers whoever comes that he is in, and to join this process. */
static void serve(const char *path)
{
	struct nsu_wire_answer answer = {.fail = NSU_FAIL_INIT, .id = "0123456789abcdef"};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int pidfd = own_pidfd();

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(listening, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(listening, 16) < 0)
		die(path);
	chmod(path, 0777);
	for (;;) {
		int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		size_t len = 0;

		if (fd < 0)
			die("accept");
		if (hear(fd) > 0 && nsu_wire_encode_answer(&answer, frame, sizeof(frame), &len) == 0)
			(void)!nsu_channel_send(fd, frame, len, pidfd);
		frame[0] = NSU_WIRE_CGROUP;
		(void)!nsu_channel_send(fd, frame, 1, -1);
	}
}

static int run(int argc, char **argv)
{
	const char *command = argv[1];

	if (strcmp(command, "end") == 0) {
		int fd = connect_to(argv[2]);

		if (fd < 0 || say(fd, NSU_SET_END, 0, -1) < 0)
			die(argv[2]);
		return hear(fd) == 0 ? 0 : 1; /* it closes */
	}
	if (strcmp(command, "ask") == 0)
		print_set(argv[2]);
	else if (strcmp(command, "hello") == 0 && argc == 6)
		many_logins(argv[2], atoi(argv[3]), (uid_t)atoi(argv[4]), argv[5]);
	else if (strcmp(command, "idle") == 0 && argc == 5)
		be_idle(argv[2], atoi(argv[3]), argv[4]);
	else if (strcmp(command, "fuzz") == 0 && argc == 5)
		fuzz(argv[2], (unsigned)atoi(argv[3]), atoi(argv[4]));
	else if (strcmp(command, "reach") == 0)
		for (int i = 2; i < argc; i++)
			reach(argv[i]);
	else if (strcmp(command, "names") == 0)
		reach_names(argv[2]);
	else if (strcmp(command, "serve") == 0)
		serve(argv[2]);
	else
		return 2;
	return 0;
}

int main(int argc, char **argv)
{
	return argc < 3 ? 2 : run(argc, argv);
}
