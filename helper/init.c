/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PID 1 makes only the system calls that confine.c lists. All signals stay blocked for it: the kernel reaps the children that
 * it gets, as SA_NOCLDWAIT, or ignoring SIGCHLD, has it.
 */
#include "init.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>

#include "defaults.h"
#include "proc.h"

int nsu_init_watch_children(enum nsu_plan_lifetime lifetime, int *ret_children_fd, struct nsu_fail *fail)
{
	bool is_told = lifetime == NSU_PLAN_LIFETIME_PROCESSES;
	struct sigaction action = {
		.sa_handler = is_told ? SIG_DFL : SIG_IGN,
		.sa_flags = SA_NOCLDWAIT,
	};
	sigset_t children;

	*ret_children_fd = -1;
	if (sigaction(SIGCHLD, &action, NULL) < 0)
		return nsu_fail(fail, errno, "have the kernel reap children");
	if (!is_told)
		return 0;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	*ret_children_fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_children_fd < 0 ? nsu_fail(fail, errno, "hear of the end of children") : 0;
}

/* Anybody else in the pid namespace? Needs no right to signal them. */
static bool has_processes(void)
{
	return kill(-1, 0) == 0 || errno != ESRCH;
}

static void forget_signals(int children_fd)
{
	struct signalfd_siginfo info;

	while (children_fd >= 0 && read(children_fd, &info, sizeof(info)) > 0)
		continue;
}

/*
 * Of those that log in somebody outside is the parent, and hears alone of their end: so it looks by itself too, less and less often.
 */
static void wait_for_end(const struct nsu_init *init)
{
	enum nsu_plan_lifetime lifetime = init->logins->set.lifetime;
	int poll_ms = NSU_STOP_POLL_MS;

	for (;;) {
		bool is_empty = init->logins->set.n_logins == 0;
		bool looks = is_empty && lifetime == NSU_PLAN_LIFETIME_PROCESSES;

		if (is_empty && lifetime == NSU_PLAN_LIFETIME_LOGIN)
			return;
		if (looks && !has_processes())
			return;
		if (nsu_logins_wait(init->logins, looks ? init->children_fd : -1, looks ? poll_ms : -1))
			return;
		forget_signals(init->children_fd);
		poll_ms = looks && poll_ms < NSU_EMPTY_POLL_MAX_MS ? poll_ms * 2 : poll_ms;
		if (!looks)
			poll_ms = NSU_STOP_POLL_MS;
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
	} while (has_processes() && nsu_proc_now_ms() < end);
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
	int stop_timeout_ms = (int)init->logins->set.stop_timeout_ms;

	wait_for_end(init);
	nsu_registry_leave(init->entry);
	if (init->is_pid1 && stop_timeout_ms > 0)
		stop_others(stop_timeout_ms);
	if (init->is_pid1 && init->leaves_nobody)
		kill_others();
}
