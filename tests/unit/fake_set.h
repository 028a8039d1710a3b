/* SPDX-License-Identifier: BSD-3-Clause */
/* fake_set.h - sets whose PID 1 is a child of the test: what is asked of a set is asked of it. Inline only. */
#ifndef NSU_TESTS_FAKE_SET_H
#define NSU_TESTS_FAKE_SET_H

#include "support.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "channel.h"
#include "proc.h"
#include "registry.h"
#include "set.h"

enum fake_manner {
	FAKE_GOOD,
	FAKE_SILENT,  /* listens, and never says a word */
	FAKE_CLOSES,  /* closes what connects to it */
	FAKE_UNKNOWN, /* answers in a version that nobody knows */
	FAKE_STAYS,   /* as good, but does not end when it is told to */
};

struct fake_set {
	const char *key;
	enum fake_manner manner;
	struct nsu_set set; /* its n_logins: so many have the names user0, user1 ... */
};

static inline void fake_answer(const struct fake_set *fake, int channel_fd, int self_fd, size_t first)
{
	static unsigned char frame[NSU_FRAME_MAX];
	static struct nsu_login logins[NSU_SET_PAGE];
	const struct nsu_login *page[NSU_SET_PAGE];
	size_t n = 0, len;

	for (; n < NSU_SET_PAGE && first + n < fake->set.n_logins; n++) {
		logins[n] = (struct nsu_login){.uid = 1000, .opener = 4242, .since = 1700000000 + (int64_t)(first + n)};
		snprintf(logins[n].user, sizeof(logins[n].user), "user%zu", first + n);
		snprintf(logins[n].service, sizeof(logins[n].service), "sshd");
		snprintf(logins[n].tty, sizeof(logins[n].tty), "ssh");
		snprintf(logins[n].rhost, sizeof(logins[n].rhost), "192.0.2.7");
		page[n] = &logins[n];
	}
	CHILD_CHECK(nsu_set_encode(&fake->set, page, n, frame, &len) == 0);
	if (fake->manner == FAKE_UNKNOWN)
		frame[0] ^= 0xff;
	nsu_channel_send(channel_fd, frame, len, self_fd) == 0 ? (void)0 : _exit(1);
}

static inline void fake_serve(const struct fake_set *fake, int channel_fd, int self_fd)
{
	unsigned char frame[NSU_HELLO_MAX];
	struct nsu_set_hello hello;
	size_t len;

	while (nsu_proc_await(channel_fd, nsu_proc_now_ms() + 10000) == 0) {
		if (nsu_channel_receive(channel_fd, frame, sizeof(frame), &len, NULL) < 0 || len == 0)
			return;
		CHILD_CHECK(nsu_set_decode_hello(frame, len, &hello) == 0);
		if (hello.wish == NSU_SET_END && fake->manner != FAKE_STAYS)
			_exit(0);
		if (hello.wish == NSU_SET_ASK)
			fake_answer(fake, channel_fd, self_fd, hello.first);
	}
}

/* In a child: a living set in NSU_RUN_DIR, which is there. Return: the number of its PID 1, which ends with the caller. */
static inline pid_t fake_set(const struct fake_set *fake)
{
	struct nsu_registry_entry entry = NSU_REGISTRY_ENTRY_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ready[2], self_fd;
	char byte;
	pid_t pid;

	CHILD_CHECK(pipe2(ready, O_CLOEXEC) == 0);
	pid = fork();
	CHILD_CHECK(pid >= 0);
	if (pid > 0) {
		close(ready[1]);
		CHILD_CHECK(read(ready[0], &byte, 1) == 1);
		close(ready[0]);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHILD_CHECK_OK(nsu_proc_open_self(&self_fd, &fail), &fail);
	CHILD_CHECK_OK(nsu_registry_open(true, &entry.dirfd, &fail), &fail);
	CHILD_CHECK_OK(nsu_registry_claim(&entry, fake->set.id, fake->key, nsu_proc_now_ms() + 5000, &fail), &fail);
	CHILD_CHECK(write(ready[1], "", 1) == 1);
	for (;;) {
		int fd;

		if (fake->manner == FAKE_SILENT)
			pause();
		CHILD_CHECK(nsu_proc_await(entry.listen_fd, nsu_proc_now_ms() + 60000) == 0);
		fd = accept4(entry.listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && fake->manner != FAKE_CLOSES)
			fake_serve(fake, fd, self_fd);
		if (fd >= 0)
			close(fd);
	}
}

static inline void end_fake(pid_t pid)
{
	CHILD_CHECK(kill(pid, SIGKILL) == 0 || errno == ESRCH);
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid);
}

#endif
