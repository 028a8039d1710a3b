/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An opener: it opens a session, says where it finds itself, and does what its worker orders by single letters: p, a child looks
 * where it is; o, a daemon of the user's is left; c, close and exit; x, exit. Each is answered by the same letter, the open by one
 * too. syslog(3) is our own here: the module's lines say which PID 1 it is, and why an open was refused.
 */
#include "interleave.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

static struct slot *own; /* what this process fills */

static void keep_line(const char *format, va_list arguments)
{
	if (!own)
		return;
	vsnprintf(own->log, sizeof(own->log), format, arguments);
	if (strstr(own->log, "opened: id=")) {
		const char *init = strstr(own->log, " init=");

		own->init = init ? atoi(init + strlen(" init=")) : 0;
		own->has_joined = strstr(own->log, " joined=yes") != NULL;
	}
}

void syslog(int priority, const char *format, ...)
{
	va_list arguments;

	(void)priority;
	va_start(arguments, format);
	keep_line(format, arguments);
	va_end(arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list arguments;

	(void)priority;
	(void)flag;
	va_start(arguments, format);
	keep_line(format, arguments);
	va_end(arguments);
}

/* @process: "self", or its number on the host. @pid_name: "pid", or "pid_for_children". */
bool look_at(const char *process, const char *pid_name, struct view *view)
{
	const char *const names[KINDS] = {"mnt", "uts", "ipc", pid_name};
	char path[64];

	for (int kind = 0; kind < KINDS; kind++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s/ns/%s", process, names[kind]);
		if (fstatat(shared->proc_dirfd, path, &st, 0) < 0)
			return false;
		view->inodes[kind] = st.st_ino;
	}
	return true;
}

/* Return: when the process was started, in ticks; 0: there is none, or it is dead. */
unsigned long long start_of(pid_t pid)
{
	unsigned long long start = 0;
	char path[32], text[1024], state, *rest;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", (int)pid);
	fd = openat(shared->proc_dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
	           &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void look_as_child(int channel_fd)
{
	pid_t pid = fork();
	int status = 0;

	own->fork_errno = pid < 0 ? errno : 0;
	own->has_child_seen = false;
	if (pid < 0)
		return;
	if (pid == 0) {
		close(channel_fd);
		_exit(look_at("self", "pid", &own->child_view) ? 0 : 1);
	}
	own->has_child_seen = waitpid(pid, &status, 0) == pid && status == 0;
}

/* Hears nothing but SIGKILL, and ends by itself after a while. */
static void leave_orphan(int channel_fd)
{
	int ms = (int)(own->began_us % ORPHAN_MAX_MS);
	pid_t pid = fork();

	own->fork_errno = pid < 0 ? errno : 0;
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid != 0)
		return;
	close(channel_fd);
	if (setresuid(2001 + (uid_t)own->user, 2001 + (uid_t)own->user, 2001 + (uid_t)own->user) < 0 || fork() != 0)
		_exit(0);
	setsid();
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_IGN);
	sleep_us(ms * 1000);
	_exit(0);
}

static void close_session(pam_handle_t *pamh)
{
	int64_t began_us = now_us();

	own->close_code = pam_close_session(pamh, 0);
	own->close_us = now_us() - began_us;
	own->n_fds_after = count_fds();
	look_at("self", "pid_for_children", &own->closed_view);
	__atomic_store_n(&own->stage, STAGE_CLOSED, __ATOMIC_SEQ_CST);
}

static void open_session(pam_handle_t *pamh, int channel_fd)
{
	const char *id;

	pam_set_item(pamh, PAM_TTY, name_of_profile[own->profile]);
	own->n_fds_before = count_fds();
	own->began_us = now_us();
	own->code = pam_open_session(pamh, 0);
	own->ended_us = now_us();
	if (own->code != PAM_SUCCESS) {
		__atomic_store_n(&own->stage, STAGE_REFUSED, __ATOMIC_SEQ_CST);
		return;
	}
	id = pam_getenv(pamh, "NSUNSHARE_ID");
	snprintf(own->id, sizeof(own->id), "%s", id ? id : "-");
	own->init_start = own->init > 0 ? start_of(own->init) : 0;
	gethostname(own->hostname, sizeof(own->hostname));
	look_at("self", "pid_for_children", &own->view);
	look_as_child(channel_fd);
	__atomic_store_n(&own->stage, STAGE_INSIDE, __ATOMIC_SEQ_CST);
}

void opener_run(struct slot *slot, void *pamh, int channel_fd)
{
	char order = 'o';

	own = slot;
	open_session(pamh, channel_fd);
	if (write(channel_fd, &order, 1) != 1 || slot->stage != STAGE_INSIDE)
		_exit(0);
	while (read(channel_fd, &order, 1) == 1) {
		if (order == 'p')
			look_as_child(channel_fd);
		else if (order == 'o')
			leave_orphan(channel_fd);
		else if (order == 'c')
			close_session(pamh);
		else
			_exit(0);
		if (write(channel_fd, &order, 1) != 1 || order == 'c')
			_exit(0);
	}
	_exit(0);
}
