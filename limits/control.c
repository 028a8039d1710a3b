/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proc.h"
#include "text.h"

#define CONTROL_TEXT_MAX 4096 /* of a list of controllers, of /proc/self/cgroup */

enum limit {
	MEMORY,
	TASKS,
	WEIGHT,
	LIMITS,
};

static const struct {
	const char *key;
	const char *controller;
	const char *file;
} limits[LIMITS] = {
	[MEMORY] = {"limits.memory", "memory", "memory.max"},
	[TASKS] = {"limits.tasks", "pids", "pids.max"},
	[WEIGHT] = {"limits.cpu_weight", "cpu", "cpu.weight"},
};

/* Return: the value of a limit; 0: the plan has none. */
static uint64_t wanted(const struct nsu_plan *plan, enum limit limit)
{
	switch (limit) {
	case MEMORY:
		return plan->limits.memory_bytes;
	case TASKS:
		return plan->limits.tasks;
	case WEIGHT:
		return plan->limits.cpu_weight;
	case LIMITS:
	default:
		return 0;
	}
}

int nsu_control_read(int dirfd, const char *file, char *buffer, size_t cap)
{
	auto_close int fd = openat(dirfd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buffer, cap - 1);
	if (n < 0)
		return -errno;
	buffer[n] = '\0';
	if (n > 0 && buffer[n - 1] == '\n')
		buffer[n - 1] = '\0';
	return 0;
}

int nsu_control_write(int dirfd, const char *file, const char *text)
{
	auto_close int fd = openat(dirfd, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Is a word one of those that stand between these separators? */
static bool has_word(const char *text, const char *word, const char *separators)
{
	size_t len = strlen(word);

	while (*text) {
		size_t n = strcspn(text, separators);

		if (n == len && memcmp(text, word, len) == 0)
			return true;
		text += n;
		text += strspn(text, separators);
	}
	return false;
}

/* Does a hierarchy of v1 have a controller? Its line of /proc/self/cgroup is NUMBER:CONTROLLERS:PATH. */
static bool is_on_v1(const char *controller)
{
	char text[CONTROL_TEXT_MAX] = "";
	char *line = text, *next;

	if (nsu_control_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return false;
	for (; line; line = next) {
		char *names = strchr(line, ':');

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!names)
			continue;
		names++;
		names[strcspn(names, ":")] = '\0';
		if (has_word(names, controller, ","))
			return true;
	}
	return false;
}

static int explain_missing(enum limit limit, struct nsu_fail *fail)
{
	const char *controller = limits[limit].controller;

	if (is_on_v1(controller))
		return nsu_fail_because(fail, ENOTSUP,
		                        "%s needs the controller '%s' on cgroup v2, and this host has it on v1 "
		                        "(kernel line: systemd.unified_cgroup_hierarchy=1 with systemd, else "
		                        "cgroup_no_v1=%s)",
		                        limits[limit].key, controller, controller);
	return nsu_fail_because(
		fail, ENOTSUP,
		"%s needs the controller '%s' of cgroup v2, which is not in cgroup.controllers: the kernel "
		"has none or it is switched off (kernel line: cgroup_disable=), or this is a container or session that is "
		"not given it",
		limits[limit].key, controller);
}

int nsu_control_check(const struct nsu_plan *plan, int mount_dirfd, struct nsu_fail *fail)
{
	char text[CONTROL_TEXT_MAX] = "";
	int ret = nsu_control_read(mount_dirfd, "cgroup.controllers", text, sizeof(text));

	if (ret < 0)
		return nsu_fail(fail, -ret, "read which controllers cgroup v2 has");
	for (enum limit limit = 0; limit < LIMITS; limit++) {
		if (wanted(plan, limit) && !has_word(text, limits[limit].controller, " "))
			return explain_missing(limit, fail);
	}
	return 0;
}

static int enable(int dirfd, const char *controller, const char *path, struct nsu_fail *fail)
{
	char text[32];
	int ret;

	snprintf(text, sizeof(text), "+%s", controller);
	ret = nsu_control_write(dirfd, "cgroup.subtree_control", text);
	if (ret == -EBUSY || ret == -EOPNOTSUPP) /* the latter where that is true of one above it */
		return nsu_fail_because(
			fail, EBUSY,
			"the cgroup '%s', or one above it, has processes of its own, so the ones below can have no "
			"limits (key 'limits.parent': name one without)",
			path);
	if (ret < 0)
		return nsu_fail(fail, -ret, "enable the controller '%s' below the cgroup '%s'", controller, path);
	return 0;
}

int nsu_control_enable(const struct nsu_plan *plan, int dirfd, const char *path, struct nsu_fail *fail)
{
	char text[CONTROL_TEXT_MAX] = "";
	int ret = nsu_control_read(dirfd, "cgroup.subtree_control", text, sizeof(text));

	if (ret < 0)
		return nsu_fail(fail, -ret, "read which controllers are enabled below the cgroup '%s'", path);
	for (enum limit limit = 0; limit < LIMITS; limit++) {
		const char *controller = limits[limit].controller;

		if (!wanted(plan, limit) || has_word(text, controller, " "))
			continue;
		ret = enable(dirfd, controller, path, fail);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int nsu_control_limit(const struct nsu_plan *plan, int dirfd, struct nsu_fail *fail)
{
	for (enum limit limit = 0; limit < LIMITS; limit++) {
		char text[24];
		int ret;

		if (!wanted(plan, limit))
			continue;
		snprintf(text, sizeof(text), "%" PRIu64, wanted(plan, limit));
		ret = nsu_control_write(dirfd, limits[limit].file, text);
		if (ret < 0)
			return nsu_fail(fail, -ret, "set %s (%s) to %s", limits[limit].file, limits[limit].key, text);
	}
	if (plan->limits.memory_bytes) {
		int ret = nsu_control_write(dirfd, "memory.swap.max", "0");

		if (ret < 0 && ret != -ENOENT) /* a kernel without swap has no such file */
			return nsu_fail(fail, -ret, "set memory.swap.max to 0");
	}
	return 0;
}

/* Has a cgroup the value of a limit? The kernel rounds that of memory down to whole pages. */
static bool has_limit(const struct nsu_plan *plan, int dirfd, enum limit limit)
{
	uint64_t value, unit = limit == MEMORY ? (uint64_t)sysconf(_SC_PAGESIZE) : 1;
	char text[32] = "";

	if (nsu_control_read(dirfd, limits[limit].file, text, sizeof(text)) < 0)
		return false;
	return nsu_text_to_number(text, 0, UINT64_MAX, &value) == 0 && value / unit == wanted(plan, limit) / unit;
}

int nsu_control_await(const struct nsu_plan *plan, int dirfd, int64_t deadline_ms, struct nsu_fail *fail)
{
	static const struct timespec step = {.tv_nsec = 1000000};

	for (enum limit limit = 0; limit < LIMITS; limit++) {
		while (wanted(plan, limit) && !has_limit(plan, dirfd, limit)) {
			if (nsu_proc_now_ms() >= deadline_ms)
				return nsu_fail_because(
					fail, ETIMEDOUT,
					"the cgroup of the session did not get its %s (%s) from systemd",
					limits[limit].file, limits[limit].key);
			nanosleep(&step, NULL);
		}
	}
	return 0;
}
