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

int nsu_init_watch_signals(const struct nsu_plan *plan, int *ret_signals_fd, struct nsu_fail *fail)
{
	bool is_told = plan->lifetime == NSU_PLAN_LIFETIME_PROCESSES;
	bool is_stopped = nsu_plan_is_shared(plan);
	struct sigaction action = {
		.sa_handler = is_told ? SIG_DFL : SIG_IGN,
		.sa_flags = SA_NOCLDWAIT,
	};
	sigset_t signals;

	*ret_signals_fd = -1;
	if (sigaction(SIGCHLD, &action, NULL) < 0)
		return nsu_fail(fail, errno, "have the kernel reap children");
	if (!is_told && !is_stopped)
		return 0;
	sigemptyset(&signals);
	if (is_told)
		sigaddset(&signals, SIGCHLD);
	if (is_stopped)
		sigaddset(&signals, SIGTERM);
	*ret_signals_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_signals_fd < 0 ? nsu_fail(fail, errno, "hear signals") : 0;
}

/* Anybody else in the pid namespace? Needs no right to signal them. */
static bool has_processes(void)
{
	return kill(-1, 0) == 0 || errno != ESRCH;
}

/*
 * One signal a time: who sends more of them from inside must not keep it from its logins. A sender from outside of the pid
 * namespace has no number in it, which nobody inside can feign.
 * Return: whether it is systemd's, or an administrator's, to stop.
 */
static bool hear_signal(const struct nsu_init *init)
{
	struct signalfd_siginfo info;

	if (init->signals_fd < 0 || read(init->signals_fd, &info, sizeof(info)) != sizeof(info))
		return false;
	return info.ssi_signo == SIGTERM && info.ssi_code == SI_USER && (!init->is_pid1 || info.ssi_pid == 0);
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
		if (nsu_logins_wait(init->logins, init->signals_fd, looks ? poll_ms : -1) || hear_signal(init))
			return;
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
