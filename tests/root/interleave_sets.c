/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker does to sets, and to what they are made by: whoever's they are. */
#include "interleave.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ask.h"
#include "registry.h"

#define INITS_MAX  256
#define KEYS_MAX   200
#define TERM_SHARE 4 /* one in so many kills of a PID 1 is a SIGTERM, which tells a shared set to end */

/* One of the PID 1s, and helpers on their way to be one, that live now. Return: its number; 0: there is none. */
pid_t pick_init(uint64_t dice, int *ret_n)
{
	int dirfd = openat(shared->proc_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(dirfd);
	pid_t pids[INITS_MAX];
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(dir)) && n < INITS_MAX) {
		char path[300], name[32] = "";
		pid_t pid = (pid_t)atoi(entry->d_name);
		int fd;

		snprintf(path, sizeof(path), "%s/comm", entry->d_name);
		fd = pid > 0 ? openat(dirfd, path, O_RDONLY | O_CLOEXEC) : -1;
		if (fd < 0)
			continue;
		if (read(fd, name, sizeof(name) - 1) > 0 && strcmp(name, NSU_HELPER_NAME "\n") == 0 &&
		    start_of(pid) > 0)
			pids[n++] = pid;
		close(fd);
	}
	closedir(dir);
	*ret_n = n;
	return n > 0 ? pids[dice % (unsigned)n] : 0;
}

/* A process that can't be mistaken for another. Return: its pidfd; -1: there is none. */
static int open_init(uint64_t dice, pid_t *ret_pid, unsigned long long *ret_start)
{
	int n;
	int pidfd;

	*ret_pid = pick_init(dice, &n);
	pidfd = *ret_pid > 0 ? (int)syscall(SYS_pidfd_open, *ret_pid, 0) : -1;
	*ret_start = pidfd >= 0 ? start_of(*ret_pid) : 0;
	if (pidfd >= 0 && *ret_start == 0) {
		close(pidfd);
		return -1;
	}
	return pidfd;
}

static void kill_init(int worker, const struct step *step)
{
	unsigned long long start;
	pid_t pid;
	auto_close int pidfd = open_init(step->dice, &pid, &start);
	int signo = step->after_us % TERM_SHARE == 0 ? SIGTERM : SIGKILL;

	if (pidfd < 0)
		return;
	doom(pid, start);
	note(worker, "init %d gets SIG%s", (int)pid, sigabbrev_np(signo));
	syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}

/* It comes late to what it does next, as on a host where others run first. */
static void hold_init(int worker, const struct step *step)
{
	unsigned long long start;
	pid_t pid;
	auto_close int pidfd = open_init(step->dice, &pid, &start);

	if (pidfd < 0)
		return;
	note(worker, "init %d is held", (int)pid);
	syscall(SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0);
	sleep_us(step->after_us);
	syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0);
}

struct keys {
	int n;
	char texts[KEYS_MAX][NSU_KEY_MAX];
};

static int keep_key(void *data, const char *key)
{
	struct keys *keys = data;

	snprintf(keys->texts[keys->n++], NSU_KEY_MAX, "%s", key);
	return keys->n == KEYS_MAX;
}

/* As `nsunshare kill` does, which asks first; one that ends meanwhile is no failure. */
static void end_set(int worker, const struct step *step)
{
	static struct keys keys;
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_asked asked = NSU_ASKED_INIT;
	auto_close int dirfd = -1;
	int ret;

	keys.n = 0;
	if (nsu_registry_open(false, &dirfd, &fail) < 0 || nsu_registry_each(dirfd, keep_key, &keys, &fail) < 0 ||
	    keys.n == 0)
		return;
	ret = nsu_ask(dirfd, keys.texts[step->dice % (unsigned)keys.n], now_us() / 1000 + REPORT_MS, &asked, &fail);
	if (ret == 0) {
		doom(asked.init_pid, start_of(asked.init_pid));
		note(worker, "init %d, %s, is told to end", (int)asked.init_pid, asked.key);
		ret = nsu_ask_to_end(dirfd, asked.key, &fail);
	}
	if (ret < 0 && ret != -ENOENT && ret != -ECONNREFUSED && ret != -ECONNRESET)
		violate("end a set: %s: %s", fail.text, strerror(-ret));
	nsu_asked_clear(&asked);
}

static void ask_sets(void)
{
	struct nsu_asked_list list = NSU_ASKED_LIST_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (nsu_ask_all(&list, &fail) < 0)
		violate("list the sets: %s: %s", fail.text, strerror(fail.err));
	nsu_asked_list_clear(&list);
}

bool do_to_sets(int worker, const struct step *step)
{
	switch (step->if_free) {
	case DEED_KILL_INIT:
		kill_init(worker, step);
		return true;
	case DEED_HOLD_INIT:
		hold_init(worker, step);
		return true;
	case DEED_END_SET:
		end_set(worker, step);
		return true;
	case DEED_EDIT:
		write_policy(worker, (int)(step->dice % VARIANTS));
		return true;
	case DEED_ASK:
		ask_sets();
		return true;
	default:
		return false;
	}
}
