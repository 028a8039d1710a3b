/* SPDX-License-Identifier: BSD-3-Clause */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#define DEV          "/dev/"
#define BUFFER_BYTES 4096
#define DRAIN_MS     1000

/* The first standard stream that is a terminal, the outputs before the input; -1: none. */
static int find_old(const struct nsu_terminal *terminal)
{
	static const int order[] = {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO};

	for (size_t i = 0; i < NSU_COUNT(order); i++) {
		if (terminal->is_replaced[order[i]])
			return order[i];
	}
	return -1;
}

static void copy_size(const struct nsu_terminal *terminal)
{
	struct winsize size;

	if (terminal->master_fd >= 0 && ioctl(find_old(terminal), TIOCGWINSZ, &size) == 0)
		(void)ioctl(terminal->master_fd, TIOCSWINSZ, &size);
}

/* Where the old one does not become raw, it goes on to echo what is typed and to lay out what is printed: once is enough. */
static void copy_settings(const struct nsu_terminal *terminal)
{
	struct termios settings;

	if (tcgetattr(find_old(terminal), &settings) < 0)
		return;
	if (!terminal->is_raw) {
		settings.c_lflag &= ~(tcflag_t)ECHO;
		settings.c_oflag &= ~(tcflag_t)OPOST;
	}
	(void)tcsetattr(terminal->slave_fd, TCSANOW, &settings);
}

static int look_at_streams(struct nsu_terminal *terminal, struct nsu_fail *fail)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0)
			return nsu_fail(fail, errno, "look at standard stream %d", fd);
		if (S_ISDIR(st.st_mode))
			return nsu_fail_because(
				fail, EISDIR,
				"standard stream %d is a directory, by which the session could be left: redirect it",
				fd);
		terminal->is_replaced[fd] = isatty(fd);
	}
	terminal->is_raw = terminal->is_replaced[STDIN_FILENO] && terminal->is_replaced[STDOUT_FILENO];
	return 0;
}

int nsu_terminal_open(struct nsu_terminal *terminal, uid_t owner, struct nsu_fail *fail)
{
	char path[sizeof(DEV) - 1 + sizeof(terminal->name)];
	int ret;

	ret = look_at_streams(terminal, fail);
	if (ret < 0 || find_old(terminal) < 0)
		return ret;
	terminal->master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->master_fd < 0 || unlockpt(terminal->master_fd) < 0)
		return nsu_fail(fail, errno, "make a terminal");
	terminal->slave_fd = ioctl(terminal->master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->slave_fd < 0)
		return nsu_fail(fail, errno, "open the new terminal");
	if (fchown(terminal->slave_fd, owner, (gid_t)-1) < 0 || fchmod(terminal->slave_fd, 0600) < 0)
		return nsu_fail(fail, errno, "hand over the new terminal");
	if (ptsname_r(terminal->master_fd, path, sizeof(path)) == 0 && strncmp(path, DEV, strlen(DEV)) == 0)
		snprintf(terminal->name, sizeof(terminal->name), "%s", path + strlen(DEV));
	copy_size(terminal);
	copy_settings(terminal);
	return 0;
}

int nsu_terminal_take(const struct nsu_terminal *terminal, struct nsu_fail *fail)
{
	if (setsid() < 0)
		return nsu_fail(fail, errno, "begin a session");
	if (terminal->slave_fd < 0)
		return 0;
	if (ioctl(terminal->slave_fd, TIOCSCTTY, 0) < 0)
		return nsu_fail(fail, errno, "take the new terminal");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (terminal->is_replaced[fd] && dup2(terminal->slave_fd, fd) < 0)
			return nsu_fail(fail, errno, "take the new terminal");
	}
	return 0;
}

/* One direction. */
struct pump {
	int from_fd;
	int to_fd;
	bool is_over; /* nothing more will come */
	size_t len;   /* read and not written yet: from @done on */
	size_t done;
	char buffer[BUFFER_BYTES];
};

static struct pollfd pump_wish(const struct pump *pump)
{
	if (pump->len > 0)
		return (struct pollfd){.fd = pump->to_fd, .events = POLLOUT};
	return (struct pollfd){.fd = pump->is_over ? -1 : pump->from_fd, .events = POLLIN};
}

/* Return: false if it has just come to its end. */
static bool pump_step(struct pump *pump)
{
	ssize_t n;

	if (pump->len > 0) {
		n = write(pump->to_fd, pump->buffer + pump->done, pump->len);
		if (n < 0 && errno != EAGAIN && errno != EINTR) /* the administrator's terminal has gone: to nowhere */
			n = (ssize_t)pump->len;
		if (n > 0) {
			pump->done += (size_t)n;
			pump->len -= (size_t)n;
		}
		return true;
	}
	n = read(pump->from_fd, pump->buffer, sizeof(pump->buffer));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	pump->done = 0;
	pump->len = n > 0 ? (size_t)n : 0;
	pump->is_over = n <= 0;
	return n > 0;
}

/* What is typed has come to its end: the program hears so, by the character that says it, or by a hang-up. */
static void end_input(const struct nsu_terminal *terminal, struct pump *input, pid_t pid)
{
	struct termios settings;

	if (terminal->is_raw) {
		kill(pid, SIGHUP);
	} else if (tcgetattr(terminal->slave_fd, &settings) == 0) {
		input->buffer[0] = (char)settings.c_cc[VEOF];
		input->len = 1;
	}
}

static void pass_signal(const struct nsu_terminal *terminal, int signal_fd, pid_t pid)
{
	struct signalfd_siginfo info;
	int sig;

	if (read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	sig = (int)info.ssi_signo;
	if (sig == SIGWINCH)
		copy_size(terminal);
	else if ((sig == SIGINT || sig == SIGQUIT) && terminal->master_fd >= 0)
		(void)ioctl(terminal->master_fd, TIOCSIG, sig);
	else if (sig != SIGCHLD && sig != SIGTSTP)
		kill(pid, sig);
}

/* What was printed before the end; what comes later from processes that were left behind is nobody's. */
static void drain(struct pump *output)
{
	for (;;) {
		struct pollfd wish = pump_wish(output);

		if (wish.fd < 0 || poll(&wish, 1, output->len > 0 ? DRAIN_MS : 0) <= 0)
			return;
		(void)pump_step(output);
	}
}

static int carry(const struct nsu_terminal *terminal, int signal_fd, pid_t pid, int *ret_status, struct nsu_fail *fail)
{
	struct pump input = {STDIN_FILENO, terminal->master_fd, !terminal->is_replaced[STDIN_FILENO], 0, 0, ""};
	struct pump output = {terminal->master_fd, find_old(terminal), terminal->master_fd < 0, 0, 0, ""};

	while (waitpid(pid, ret_status, WNOHANG) != pid) {
		struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN}, pump_wish(&input), pump_wish(&output)};

		if (poll(fds, NSU_COUNT(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return nsu_fail(fail, errno, "wait for the terminal");
		}
		if (fds[2].revents)
			(void)pump_step(&output);
		if (fds[1].revents && !pump_step(&input))
			end_input(terminal, &input, pid);
		if (fds[0].revents)
			pass_signal(terminal, signal_fd, pid);
	}
	drain(&output);
	return 0;
}

static void block_signals(const struct nsu_terminal *terminal, sigset_t *ret_set, sigset_t *ret_old)
{
	static const int signals[] = {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH};

	sigemptyset(ret_set);
	for (size_t i = 0; i < NSU_COUNT(signals); i++)
		sigaddset(ret_set, signals[i]);
	if (terminal->is_raw)
		sigaddset(ret_set, SIGTSTP);
	sigprocmask(SIG_BLOCK, ret_set, ret_old);
}

/* A job of the background is stopped where it makes the terminal raw, but not where it restores it. */
static void restore(const struct termios *settings)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, settings);
}

int nsu_terminal_relay(const struct nsu_terminal *terminal, pid_t pid, int *ret_status, struct nsu_fail *fail)
{
	struct termios before, raw;
	auto_close int signal_fd = -1;
	bool is_raw = false;
	sigset_t set, old;
	int ret = 0;

	block_signals(terminal, &set, &old);
	if (terminal->is_raw && tcgetattr(STDIN_FILENO, &before) == 0) {
		raw = before;
		cfmakeraw(&raw);
		is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	}
	copy_size(terminal); /* it may have changed unheard */
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		ret = nsu_fail(fail, errno, "wait for signals");
	else
		ret = carry(terminal, signal_fd, pid, ret_status, fail);
	if (is_raw)
		restore(&before);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ret;
}

void nsu_terminal_close(struct nsu_terminal *terminal)
{
	nsu_close_fd(&terminal->master_fd);
	nsu_close_fd(&terminal->slave_fd);
	*terminal = (struct nsu_terminal)NSU_TERMINAL_INIT;
}
