/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One case: the loop that answers all calls of its process (sweep_opener.c) and of what that starts, and does the deed. A
 * mark is answered when this program has seen what it wants to see. It is a subreaper: once it has no child, nothing of the
 * case is left.
 */
#include "sweep.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP /* Linux 6.6 */
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#endif

/* A case under way. */
struct run {
	const struct fault *fault;
	struct outcome *outcome;
	pid_t pids[ROLES];
	bool is_gone[ROLES];
	int calls[ROLES];
	enum mark stage; /* the last mark that the opener has passed */
	int listener_fd;
	bool is_inside;       /* the opener has asked to join: what it calls now comes after the commit */
	bool is_after_module; /* what the opener calls now is libpam's */
	bool has_pending;     /* a mark that is not answered yet: the helper must first be idle, or gone */
	struct seccomp_notif pending;
	long deadline_ms, pending_ms, gone_ms;
};

void case_drain_log(struct outcome *outcome)
{
	char line[4096], *text;
	ssize_t n;

	while ((n = recv(sweep.log_fd, line, sizeof(line) - 1, MSG_DONTWAIT)) > 0) {
		line[n] = '\0';
		text = strstr(line, "pam_nsunshare(");
		if (outcome->n_log < LOG_LINES_MAX)
			snprintf(outcome->log[outcome->n_log++], sizeof(outcome->log[0]), "%.1023s",
			         text ? text : line);
	}
}

static void reap(struct run *run)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		for (int role = 0; role < ROLES; role++) {
			if (pid == run->pids[role])
				run->is_gone[role] = true;
		}
		if (pid == run->pids[HELPER] && WIFSIGNALED(status))
			run->outcome->pid1_was_killed = true;
		if (pid == run->pids[OPENER]) {
			run->outcome->opener_status = status;
			run->deadline_ms = case_now_ms() + GONE_MS;
		}
	}
	if (pid < 0 && errno == ECHILD && !run->gone_ms)
		run->gone_ms = case_now_ms();
}

static void answer(const struct run *run, const struct seccomp_notif *notif, int err)
{
	struct seccomp_notif_resp resp = {.id = notif->id, .error = -err};

	if (notif->data.nr == SYS_brk)
		resp.error = 0; /* it has no errors: it fails by another address than the one asked for, as 0 */
	if (err == 0 && notif->data.nr != MARK_NR)
		resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (ioctl(run->listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 && errno != ENOENT)
		case_fail("answer a call");
}

/*
 * Where the set is shared the opener starts another helper if the first one has died: from then on that is the helper. The
 * first one's descriptors are closed a little before it is dead.
 */
static void take_next_helper(struct run *run)
{
	for (int i = 0; i < STOP_WAITS && !view_is_in(run->pids[HELPER], "ZX"); i++)
		usleep(100);
	reap(run);
	for (enum role role = INTERMEDIATE; role <= HELPER; role++) {
		run->pids[role] = 0;
		run->is_gone[role] = false;
	}
}

static enum role role_of(struct run *run, pid_t pid)
{
	const enum role *role = sweep.roles;
	bool is_known = false;

	for (int i = 0; i < ROLES; i++)
		is_known = is_known || run->pids[i] == pid;
	if (sweep.shares && !is_known && run->stage == MARK_OPEN && run->pids[HELPER] > 0)
		take_next_helper(run);
	for (; *role != NOBODY && run->pids[*role] != pid; role++) {
		if (run->pids[*role] == 0 && run->stage == MARK_OPEN)
			run->pids[*role] = pid;
		else if (run->pids[*role] == 0)
			return NOBODY;
		if (run->pids[*role] == pid)
			break;
	}
	return *role;
}

/* When the module has returned libpam itself tells the audit system, and fails if it can not. */
static bool is_libpams(struct run *run, enum role role, const struct seccomp_notif *notif)
{
	if (role == OPENER && notif->data.nr == SYS_socket && notif->data.args[0] == AF_NETLINK)
		run->is_after_module = true;
	return role == OPENER && run->is_after_module;
}

/* These go on after the open has returned, and what they do then belongs to the open until the close begins. */
static bool is_in_part(const struct run *run, enum part part, enum role role)
{
	if (part == PART_OPEN && (role == HELPER || role == NET || role == LIMITS))
		return run->stage >= MARK_OPEN && run->stage < MARK_CLOSE;
	if (part == PART_OPEN)
		return run->stage == MARK_OPEN;
	return run->stage == MARK_CLOSE || (role == HELPER && run->stage > MARK_CLOSE);
}

static void signal_role(struct run *run, enum role role, int signo)
{
	if (run->pids[role] > 0 && !run->is_gone[role])
		kill(run->pids[role], signo);
}

/* Does the deed at this call if it is the one. Return: the errno that the call is to fail with, or 0. */
static int do_deed(struct run *run, enum role role, const struct seccomp_notif *notif)
{
	const struct fault *fault = run->fault;
	struct outcome *outcome = run->outcome;
	enum role victim = victim_of(fault->deed);

	if (role != fault->role || !is_in_part(run, fault->part, role) || is_libpams(run, role, notif) ||
	    run->calls[role]++ != fault->n || outcome->was_done)
		return 0;
	outcome->was_done = true;
	outcome->was_in_open = run->stage == MARK_OPEN;
	outcome->was_inside = run->is_inside;
	outcome->call.nr = notif->data.nr;
	for (int i = 0; i < 6; i++)
		outcome->call.args[i] = notif->data.args[i];
	if (fault->deed == FAIL_CALL)
		return call_can_fail(&outcome->call, fault->err) ? fault->err : 0;
	if (victim == NOBODY)
		return 0;
	signal_role(run, victim, is_stop(fault->deed) ? SIGSTOP : SIGKILL);
	/* it stops before the call: the answer comes too late */
	for (int i = 0; is_stop(fault->deed) && i < STOP_WAITS && !view_is_in(run->pids[victim], "TtZX"); i++)
		usleep(100);
	return 0;
}

/* Return: false if the answer must wait for the helper. */
static bool pass_mark(struct run *run, const struct seccomp_notif *notif)
{
	struct outcome *outcome = run->outcome;
	enum mark mark = (enum mark)notif->data.args[0];

	if ((pid_t)notif->pid == run->pids[OPENER]) {
		run->stage = mark;
		run->is_after_module = false;
	}
	switch (mark) {
	case MARK_BEFORE:
		view_state(run->pids[OPENER], sweep.shared->own[0], outcome->before);
		break;
	case MARK_OPEN:
		outcome->open_ms = case_now_ms();
		break;
	case MARK_OPENED:
		outcome->open_ms = case_now_ms() - outcome->open_ms;
		return false;
	case MARK_STATE:
		view_state(run->pids[OPENER], sweep.shared->own[1], outcome->opened);
		break;
	case MARK_INSIDE:
		sets_note_key();
		view_inside((pid_t)notif->pid, run->is_gone[HELPER] ? 0 : run->pids[HELPER], outcome->view);
		break;
	case MARK_CLOSED:
		return false;
	case MARK_AFTER:
		outcome->ended_by_close = run->is_gone[HELPER];
		view_state(run->pids[OPENER], sweep.shared->own[2], outcome->after);
		break;
	case MARK_CLOSE:
		break;
	}
	return true;
}

static void serve(struct run *run)
{
	struct seccomp_notif notif;
	enum role role;

	memset(&notif, 0, sizeof(notif));
	if (ioctl(run->listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0)
		return; /* it is dead */
	if (notif.data.nr == MARK_NR) {
		if (pass_mark(run, &notif)) {
			answer(run, &notif, 0);
		} else {
			run->pending = notif;
			run->pending_ms = case_now_ms();
			run->has_pending = true;
		}
		return;
	}
	role = role_of(run, (pid_t)notif.pid);
	if (role != NOBODY) {
		int err = do_deed(run, role, &notif);

		run->outcome->last[role].nr = notif.data.nr;
		memcpy(run->outcome->last[role].args, notif.data.args, sizeof(notif.data.args));
		run->is_inside = run->is_inside || (role == OPENER && notif.data.nr == SYS_setns && err == 0);
		answer(run, &notif, err);
	} else {
		answer(run, &notif, 0);
	}
}

static bool is_over(const struct run *run, enum role role)
{
	return run->pids[role] == 0 || run->is_gone[role] ||
	       (is_stop(run->fault->deed) && victim_of(run->fault->deed) == role);
}

/* After the open the helper is to come to rest, after a refusal and the close it is to end: the opener is answered then. */
static void settle(struct run *run, struct pollfd *listener)
{
	bool is_settled = is_over(run, HELPER);

	if (!is_settled && run->stage == MARK_OPENED && sweep.shared->open_code == PAM_SUCCESS)
		is_settled = view_is_in(run->pids[HELPER], "STtZX") && poll(listener, 1, 0) == 0;
	is_settled = is_settled && is_over(run, NET) && is_over(run, LIMITS);
	if (!is_settled && case_now_ms() - run->pending_ms < CLOSED_MS)
		return;
	run->has_pending = false;
	answer(run, &run->pending, 0);
}

static bool fetch_listener(struct run *run)
{
	int pidfd = (int)syscall(SYS_pidfd_open, run->pids[OPENER], 0);
	int theirs = -1;

	for (int i = 0; i < LISTENER_WAITS && theirs == -1; i++) {
		theirs = __atomic_load_n(&sweep.shared->listener_fd, __ATOMIC_SEQ_CST);
		if (theirs == -1)
			usleep(i < 100 ? 10 : 100);
	}
	errno = theirs < -1 ? -theirs : ETIMEDOUT;
	run->listener_fd = theirs < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	ioctl(run->listener_fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
	      SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP); /* quicker, where it is */
	close(pidfd);
	return run->listener_fd >= 0;
}

/* Something hangs, or is left: it is ended so that the next case begins clean. */
static void end_by_force(struct run *run)
{
	if (run->is_gone[OPENER])
		run->outcome->left = true;
	else
		run->outcome->hung = true;
	for (int role = 0; role < ROLES; role++)
		signal_role(run, (enum role)role, SIGKILL);
	run->deadline_ms = case_now_ms() + GONE_MS;
}

static void answer_all(struct run *run)
{
	struct pollfd fds[] = {
		{.fd = run->listener_fd, .events = POLLIN},
		{.fd = sweep.log_fd, .events = POLLIN},
		{.fd = sweep.signal_fd, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	for (reap(run); !run->gone_ms; reap(run)) {
		struct timespec wait = {.tv_nsec = 100 * 1000000};
		int n;

		if (run->has_pending)
			settle(run, &fds[0]);
		if (run->has_pending && run->stage == MARK_OPENED)
			wait.tv_nsec = 50 * 1000; /* the helper is looked at again */
		n = ppoll(fds, 3, &wait, NULL);
		if (n < 0)
			case_fail("poll");
		if (fds[1].revents)
			case_drain_log(run->outcome);
		if (fds[2].revents && read(sweep.signal_fd, &info, sizeof(info)) < 0)
			case_fail("read a signal");
		if (fds[0].revents & POLLIN)
			serve(run);
		else if (fds[0].revents)
			fds[0].fd = -1;
		if (is_stop(run->fault->deed) && run->is_gone[OPENER]) /* one stopped that late can not end */
			signal_role(run, victim_of(run->fault->deed), SIGCONT);
		if (case_now_ms() > run->deadline_ms)
			end_by_force(run);
	}
}

void case_run(const struct fault *fault, struct outcome *outcome)
{
	struct run run = {.fault = fault, .outcome = outcome, .deadline_ms = case_now_ms() + CASE_MS};
	const struct shared *shared = sweep.shared;
	int n_left;

	memset(outcome, 0, sizeof(*outcome));
	outcome->call.nr = -1;
	memset(sweep.shared, 0, sizeof(*sweep.shared));
	sweep.shared->listener_fd = sweep.shared->open_code = sweep.shared->close_code = -1;
	sets_begin_case();
	fflush(stdout);
	run.pids[OPENER] = fork();
	if (run.pids[OPENER] < 0)
		case_fail("fork");
	if (run.pids[OPENER] == 0)
		opener_run();
	if (!fetch_listener(&run))
		case_fail("get the notifications of a case");
	answer_all(&run);
	close(run.listener_fd);
	case_drain_log(outcome);
	outcome->open_code = shared->open_code;
	outcome->close_code = shared->close_code;
	outcome->messages = shared->messages;
	outcome->fork_errno = shared->fork_errno;
	sets_end_case(outcome);
	n_left = sweep.n_cgroups_left;
	host_await(sweep.host, outcome->host);
	outcome->left_cgroup = sweep.n_cgroups_left > n_left;
}
