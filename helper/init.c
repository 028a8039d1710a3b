/* SPDX-License-Identifier: BSD-3-Clause */
#include "init.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "channel.h"
#include "defaults.h"
#include "proc.h"
#include "wire.h"

static void wake(int signo)
{
	(void)signo; /* only to interrupt ppoll(2) */
}

int nsu_init_listen(struct nsu_fail *fail)
{
	struct sigaction action = {.sa_handler = wake, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

	if (sigaction(SIGCHLD, &action, NULL) < 0)
		return nsu_fail(fail, errno, "listen for the end of children");
	return 0;
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

/* What there is to wait for. */
struct watch {
	struct pollfd opener;
	struct pollfd channel; /* its descriptor is -1 once the other end is closed: ppoll(2) skips it */
	bool has_joined;
};

/* Return: true if the session is to end: by order, or because the channel has closed before the opener was inside. */
static bool is_end_ordered(const struct nsu_init *init, struct watch *watch)
{
	unsigned char order = 0;
	size_t len = 0;
	int ret;

	ret = nsu_channel_receive(watch->channel.fd, &order, sizeof(order), &len, NULL);
	if (ret == -EAGAIN)
		return false;
	if (ret == 0 && len == 1) {
		watch->has_joined = watch->has_joined || order == NSU_WIRE_JOINED;
		return order == NSU_WIRE_END;
	}
	watch->channel.fd = -1;
	return !init->is_pid1 || !watch->has_joined;
}

static void wait_for_end(const struct nsu_init *init, const sigset_t *in_poll)
{
	struct watch watch = {
		.opener = {.fd = init->opener_pidfd, .events = POLLIN},
		.channel = {.fd = init->channel_fd, .events = POLLIN},
	};

	for (;;) {
		struct pollfd fds[] = {watch.opener, watch.channel};

		reap();
		if (ppoll(fds, NSU_COUNT(fds), NULL, in_poll) <= 0)
			continue;
		if (fds[0].revents)
			return;
		if (fds[1].revents && is_end_ordered(init, &watch))
			return;
	}
}

/* Gives the processes of the session their time; kill(-1, 0) says ESRCH when none is left. */
static void stop_others(int stop_timeout_ms, const sigset_t *in_poll)
{
	static const struct timespec step = {.tv_nsec = NSU_STOP_POLL_MS * 1000000L};
	int64_t end = nsu_proc_now_ms() + stop_timeout_ms;

	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	do {
		ppoll(NULL, 0, &step, in_poll);
		reap();
	} while ((kill(-1, 0) == 0 || errno != ESRCH) && nsu_proc_now_ms() < end);
}

void nsu_init_run(const struct nsu_init *init)
{
	sigset_t in_poll; /* SIGCHLD is open only there: none can come between a look and the wait for the next */

	sigfillset(&in_poll);
	sigdelset(&in_poll, SIGCHLD);
	wait_for_end(init, &in_poll);
	if (init->is_pid1 && init->stop_timeout_ms > 0)
		stop_others(init->stop_timeout_ms, &in_poll);
}
