/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. Neither the opener nor the program MUST hold a descriptor of the tool's once the program runs, but for the standard streams.
 * 2. The opener MUST be undumpable before it is in the session: it is root, and root of a session may be the user.
 * 3. The opener's session keyring MUST NOT be the administrator's: whoever inherits it has what is in it.
 */
#include "opener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cli.h"
#include "proc.h"

#define REPORT_FD   3    /* of the program, until it is executed */
#define END_WAIT_MS 200  /* for PID 1 of the session, where the program was killed with it, or can't be started */
#define HANG_UP_MS  2000 /* from SIGHUP to SIGKILL, where the program is to end */

/* What the two children tell the tool. */
struct report {
	int status; /* 0: it is open; else what the tool is to end with, and why */
	struct nsu_fail fail;
};

static void tell(int fd, int status, const struct nsu_fail *fail)
{
	struct report report = {.status = status, .fail = *fail};

	(void)!send(fd, &report, sizeof(report), MSG_NOSIGNAL);
}

/* Return: whether there was a report. */
static bool hear(int fd, int flags, struct report *ret_report)
{
	ssize_t n;

	do
		n = recv(fd, ret_report, sizeof(*ret_report), flags);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*ret_report);
}

static int hide(struct nsu_fail *fail)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "keep the session from tracing the opener");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS && errno != EPERM)
		return nsu_fail(fail, errno, "leave the session keyring of the caller");
	return 0;
}

/* Also those of libraries. The home directory of a user may be a path below /proc/self/fd (CVE-2024-21626). */
static int close_others(int report_fd, struct nsu_fail *fail)
{
	if (report_fd != REPORT_FD && dup3(report_fd, REPORT_FD, O_CLOEXEC) < 0)
		return nsu_fail(fail, errno, "keep a descriptor");
	if (syscall(SYS_close_range, REPORT_FD + 1, ~0U, 0) < 0)
		return nsu_fail(fail, errno, "close the descriptors of the tool");
	return 0;
}

__attribute__((noreturn)) static void become_program(const struct nsu_user_shell *shell,
                                                     const struct nsu_terminal *terminal, int report_fd)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int status = NSU_CLI_NOT_RUN;

	if (nsu_terminal_take(terminal, &fail) < 0 || close_others(report_fd, &fail) < 0) {
		tell(report_fd, status, &fail);
		_exit(status);
	}
	status = nsu_user_shell_exec(shell, &fail);
	tell(REPORT_FD, status, &fail);
	_exit(status);
}

/* What is passed on to the program, and what ends it. */
static int wait_for_signals(sigset_t *ret_set)
{
	static const int signals[] = {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

	sigemptyset(ret_set);
	for (size_t i = 0; i < NSU_COUNT(signals); i++)
		sigaddset(ret_set, signals[i]);
	sigprocmask(SIG_BLOCK, ret_set, NULL);
	return signalfd(-1, ret_set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* To its process group, which it leads unless it was not quick enough to begin it. */
static void send_signal(pid_t pid, int sig)
{
	if (kill(-pid, sig) < 0)
		kill(pid, sig);
}

/* A shell ignores SIGTERM, but not this. */
static int64_t hang_up(pid_t pid, int64_t deadline_ms)
{
	send_signal(pid, SIGHUP);
	send_signal(pid, SIGCONT);
	return deadline_ms > 0 ? deadline_ms : nsu_proc_now_ms() + HANG_UP_MS;
}

/* Return: when the program is to be killed, if it has not ended by then; 0: it goes on. */
static int64_t pass_signal(int signal_fd, pid_t pid, int64_t deadline_ms)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info) || info.ssi_signo == SIGCHLD)
		return deadline_ms;
	send_signal(pid, (int)info.ssi_signo);
	if (info.ssi_signo != SIGTERM && info.ssi_signo != SIGHUP)
		return deadline_ms;
	return hang_up(pid, deadline_ms);
}

/* Until the program has ended; it is to when the tool has. Return: as waitpid(2) has it. */
static int attend(int signal_fd, int report_fd, pid_t pid)
{
	int64_t deadline_ms = 0;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN}, {.fd = report_fd}};
		int64_t rest_ms = deadline_ms - nsu_proc_now_ms();

		if (deadline_ms > 0 && rest_ms <= 0) {
			send_signal(pid, SIGKILL);
			deadline_ms = nsu_proc_now_ms() + HANG_UP_MS;
			continue;
		}
		(void)poll(fds, NSU_COUNT(fds), deadline_ms > 0 ? (int)rest_ms : -1);
		if (fds[0].revents)
			deadline_ms = pass_signal(signal_fd, pid, deadline_ms);
		if (fds[1].revents) {
			deadline_ms = hang_up(pid, deadline_ms);
			report_fd = -1;
		}
	}
	return status;
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : NSU_CLI_SIGNAL + WTERMSIG(status);
}

/* PID 1 is the last to end, once its processes are reaped. */
static bool has_session_ended(const struct nsu_opener *opener)
{
	return opener->init_pidfd >= 0 && nsu_proc_await(opener->init_pidfd, nsu_proc_now_ms() + END_WAIT_MS) == 0;
}

/* The opener, once it is in the session. Return: the exit status. */
static int run_program(const struct nsu_opener *opener, const struct nsu_user_shell *shell,
                       struct nsu_terminal *terminal, int report_fd, struct nsu_fail *fail)
{
	auto_close int signal_fd = -1;
	int status, err;
	sigset_t set;
	pid_t pid;

	signal_fd = wait_for_signals(&set);
	tell(report_fd, 0, fail); /* before the program may have something to tell */
	pid = signal_fd < 0 ? -1 : fork();
	err = errno;
	if (pid == 0)
		become_program(shell, terminal, report_fd);
	if (pid < 0 && has_session_ended(opener))
		nsu_fail_because(fail, ESRCH, "the session has ended meanwhile");
	else if (pid < 0)
		nsu_fail(fail, err, "start the program");
	if (pid < 0)
		return NSU_CLI_NOT_RUN;
	nsu_terminal_close(terminal);
	(void)setsid(); /* what is typed at the tool's terminal comes from the tool alone */
	status = attend(signal_fd, report_fd, pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && has_session_ended(opener))
		nsu_fail_because(fail, ESRCH, "the session has ended");
	return exit_status(status);
}

__attribute__((noreturn)) static void be_opener(struct nsu_opener *opener, struct nsu_user_shell *shell,
                                                struct nsu_terminal terminal, int report_fd)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int status = NSU_CLI_NOT_RUN;

	nsu_close_fd(&terminal.master_fd);
	if (hide(&fail) == 0 && opener->open(opener, shell, &fail) == 0) {
		status = run_program(opener, shell, &terminal, report_fd, &fail);
		opener->close(opener);
	}
	if (fail.err != 0)
		tell(report_fd, status, &fail);
	_exit(status);
}

/* Return: 0 once it is open; -errno. */
static int await_opening(int fd, struct nsu_fail *fail)
{
	struct report report;

	if (!hear(fd, 0, &report))
		return nsu_fail_because(fail, ECHILD, "the process that opens the session was killed");
	if (report.status == 0)
		return 0;
	*fail = report.fail;
	return -report.fail.err;
}

int nsu_opener_run(struct nsu_opener *opener, struct nsu_user_shell *shell, const struct nsu_terminal *terminal,
                   struct nsu_fail *fail)
{
	auto_close int here_fd = -1;
	struct report last;
	int fds[2], status = 0;
	pid_t pid;
	int ret;

	fflush(NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return nsu_fail(fail, errno, "make a channel to the opener");
	here_fd = fds[0];
	pid = fork();
	if (pid == 0) {
		nsu_close_fd(&here_fd);
		be_opener(opener, shell, *terminal, fds[1]);
	}
	ret = pid < 0 ? nsu_fail(fail, errno, "start the opener") : 0;
	nsu_close_fd(&fds[1]);
	if (ret == 0)
		ret = await_opening(here_fd, fail);
	if (ret == 0)
		ret = nsu_terminal_relay(terminal, pid, &status, fail);
	if (ret < 0) {
		nsu_close_fd(&here_fd); /* which ends the opener */
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
		return ret;
	}
	if (hear(here_fd, MSG_DONTWAIT, &last)) {
		nsu_cli_print_fail(&last.fail);
		return last.status;
	}
	return exit_status(status);
}
