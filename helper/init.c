/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PID 1 makes only the system calls that confine.c lists. All signals stay blocked for it: the kernel reaps the children that
 * it gets, since it ignores SIGCHLD.
 */
#include "init.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "defaults.h"
#include "proc.h"
#include "wire.h"

int nsu_init_ignore_children(struct nsu_fail *fail)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	if (sigaction(SIGCHLD, &action, NULL) < 0)
		return nsu_fail(fail, errno, "have the kernel reap children");
	return 0;
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
	ssize_t n = read(watch->channel.fd, &order, sizeof(order));

	if (n < 0) /* ECONNRESET is said once, by an end that left something unread; the others do not happen */
		return false;
	if (n == sizeof(order)) {
		watch->has_joined = watch->has_joined || order == NSU_WIRE_COMMIT;
		return order == NSU_WIRE_END;
	}
	watch->channel.fd = -1;
	return !init->is_pid1 || !watch->has_joined;
}

static void wait_for_end(const struct nsu_init *init)
{
	struct watch watch = {
		.opener = {.fd = init->opener_pidfd, .events = POLLIN},
		.channel = {.fd = init->channel_fd, .events = POLLIN},
	};

	for (;;) {
		struct pollfd fds[] = {watch.opener, watch.channel};

		if (ppoll(fds, NSU_COUNT(fds), NULL, NULL) <= 0)
			continue;
		if (fds[0].revents)
			return;
		if (fds[1].revents && is_end_ordered(init, &watch))
			return;
	}
}

static const struct timespec step = {.tv_nsec = NSU_STOP_POLL_MS * 1000000L};

/* Gives the processes of the session their time; kill(-1, 0) says ESRCH when none is left. */
static void stop_others(int stop_timeout_ms)
{
	int64_t end = nsu_proc_now_ms() + stop_timeout_ms;

	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	do {
		ppoll(NULL, 0, &step, NULL);
	} while ((kill(-1, 0) == 0 || errno != ESRCH) && nsu_proc_now_ms() < end);
}

/*
 * One that outside somebody has to reap, or traces, counts until he is done with it. It can't do anything any more, nor can
 * what is caught in the kernel for longer than this.
 */
static void kill_others(void)
{
	int64_t end = nsu_proc_now_ms() + NSU_KILL_WAIT_MS;

	while ((kill(-1, SIGKILL) == 0 || errno != ESRCH) && nsu_proc_now_ms() < end)
		ppoll(NULL, 0, &step, NULL);
}

void nsu_init_run(const struct nsu_init *init)
{
	wait_for_end(init);
	if (init->is_pid1 && init->stop_timeout_ms > 0)
		stop_others(init->stop_timeout_ms);
	if (init->is_pid1 && init->leaves_nobody)
		kill_others();
}
