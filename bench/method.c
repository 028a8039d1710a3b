/* SPDX-License-Identifier: BSD-3-Clause */
#include "method.h"

#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_appl.h>

#include "floor.h"

#define FLOOR_INIT "/usr/local/libexec/floor_init" /* where run.sh installs it */

struct method {
	const char *name;
	void (*open)(struct method *method);
	void (*close)(struct method *method);
	pam_handle_t *pamh;
	struct floor floor;
	enum floor_kind kind;
	unsigned more; /* CLONE_NEW* of the floor, beside the profile's */
	int floor_init;
};

static int silent_conversation(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void open_pam(struct method *method)
{
	if (pam_open_session(method->pamh, PAM_SILENT) != PAM_SUCCESS)
		errx(1, "the service '%s' refused to open a session", method->name);
}

static void close_pam(struct method *method)
{
	if (pam_close_session(method->pamh, PAM_SILENT) != PAM_SUCCESS)
		errx(1, "the service '%s' refused to close a session", method->name);
}

static void open_floor(struct method *method)
{
	if (floor_open(method->kind, method->more, method->floor_init, &method->floor) < 0)
		err(1, "floor, %s", method->name);
}

static void close_floor(struct method *method)
{
	floor_close(&method->floor);
}

static void run_command(struct method *method)
{
	static const char *const argv[] = {"unshare", "-muip", "--fork", "--mount-proc", "true", NULL};
	static const char *const envp[] = {"PATH=/usr/bin:/bin", NULL};
	int status;
	pid_t pid;

	(void)method;
	if (posix_spawn(&pid, "/usr/bin/unshare", NULL, NULL, (char *const *)(uintptr_t)argv,
	                (char *const *)(uintptr_t)envp) != 0)
		errx(1, "unshare(1) could not be started");
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		errx(1, "unshare(1) failed");
}

static void do_nothing(struct method *method)
{
	(void)method;
}

/* Return: false if it is none of them. */
static bool get_floor(struct method *method)
{
	static const struct {
		const char *name;
		enum floor_kind kind;
	} ways[] = {
		{"vfork-child", FLOOR_VFORK},
		{"fork-child", FLOOR_FORK},
		{"vfork", FLOOR_VFORK_ORPHAN},
		{"fork", FLOOR_FORK_ORPHAN},
	};
	static const struct {
		const char *name;
		unsigned more;
	} kinds[] = {
		{"", 0},
		{":net", CLONE_NEWNET},
		{":cgroup", CLONE_NEWCGROUP},
		{":time", CLONE_NEWTIME},
		{":user", CLONE_NEWUSER},
		{":all", CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME | CLONE_NEWUSER},
	};
	size_t name_len = strcspn(method->name, ":");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(method->name + name_len, kinds[i].name) == 0)
			method->more = kinds[i].more;
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strlen(ways[i].name) != name_len || strncmp(method->name, ways[i].name, name_len) != 0)
			continue;
		method->open = open_floor;
		method->close = close_floor;
		method->kind = ways[i].kind;
		method->floor_init = fcntl(open(FLOOR_INIT, O_PATH | O_CLOEXEC), F_DUPFD_CLOEXEC, 100); /* 3 is taken */
		if (method->floor_init < 0)
			err(1, "%s", FLOOR_INIT);
		return true;
	}
	return false;
}

struct method *method_get(const char *name)
{
	static const struct pam_conv conversation = {silent_conversation, NULL};
	struct method *method = calloc(1, sizeof(*method));

	if (!method)
		err(1, "method");
	*method = (struct method){.name = name, .open = open_pam, .close = close_pam};
	if (get_floor(method))
		return method;
	if (strcmp(name, "command") == 0 || strcmp(name, "nothing") == 0) {
		method->open = strcmp(name, "command") == 0 ? run_command : do_nothing;
		method->close = do_nothing;
	} else if (pam_start(name, "alice", &conversation, &method->pamh) != PAM_SUCCESS) {
		errx(1, "pam_start('%s') failed", name);
	}
	return method;
}

double method_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

double method_open(struct method *method)
{
	double began = method_now_us();

	method->open(method);
	return method_now_us() - began;
}

double method_close(struct method *method)
{
	double began = method_now_us();

	method->close(method);
	return method_now_us() - began;
}

/* Like sshd, the parent of a login's process has looked up the user: the name service is loaded by then. */
static void look_up_user(void)
{
	const struct passwd *passwd = getpwnam("alice");
	gid_t groups[64];
	int n = 64;

	if (!passwd || getgrouplist("alice", passwd->pw_gid, groups, &n) < 0)
		errx(1, "there is no user alice");
}

void method_sample(struct method *method, double *ret_opened, double *ret_closed)
{
	static double *samples;
	int status;
	pid_t pid;

	if (!samples) {
		look_up_user();
		samples = mmap(NULL, 2 * sizeof(*samples), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	}
	if (samples == MAP_FAILED)
		err(1, "memory");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		samples[0] = method_open(method);
		samples[1] = method_close(method);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "a session by '%s' failed", method->name);
	*ret_opened = samples[0];
	*ret_closed = samples[1];
}

void method_touch_memory(void)
{
	char *touched = mmap(NULL, TOUCHED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* In small pages, as a program's memory is that has grown bit by bit: a fork copies an entry for each. */
	if (touched == MAP_FAILED || madvise(touched, TOUCHED_BYTES, MADV_NOHUGEPAGE) < 0)
		err(1, "memory");
	memset(touched, 1, TOUCHED_BYTES);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

double method_percentile(double *samples, size_t n, unsigned percent)
{
	qsort(samples, n, sizeof(*samples), compare);
	return samples[(n - 1) * percent / 100];
}
