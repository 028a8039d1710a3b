/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "proc.h"
#include "text.h"

#define NOBODY SIZE_MAX /* a namespace that is no set's */

/* Whose a namespace is: that of a set, or one that has been looked at. */
struct owner {
	ino_t ns;
	size_t set;
};

struct owners {
	struct owner *items;
	size_t n;
	size_t cap;
};

struct count {
	int proc_dirfd;
	struct owners pid;
	struct owners mount; /* of the sets without a pid namespace */
	const struct nsu_asked *asked;
	struct nsu_cli_usage *usages;
};

static int add(struct owners *owners, ino_t ns, size_t set)
{
	if (owners->n == owners->cap) {
		size_t cap = owners->cap ? 2 * owners->cap : 64;
		struct owner *items = reallocarray(owners->items, cap, sizeof(*items));

		if (!items)
			return -ENOMEM;
		owners->items = items;
		owners->cap = cap;
	}
	owners->items[owners->n++] = (struct owner){.ns = ns, .set = set};
	return 0;
}

static bool find(const struct owners *owners, ino_t ns, size_t *ret_set)
{
	for (size_t i = 0; i < owners->n; i++) {
		if (owners->items[i].ns != ns)
			continue;
		*ret_set = owners->items[i].set;
		return true;
	}
	return false;
}

/* The number of a namespace by the text of its link, which opens nothing. Return: 0 if the process has ended. */
static ino_t ns_of(int proc_dirfd, pid_t pid, const char *kind)
{
	char path[64], text[64];
	const char *digits;
	ssize_t len;

	snprintf(path, sizeof(path), "%d/ns/%s", (int)pid, kind);
	len = readlinkat(proc_dirfd, path, text, sizeof(text) - 1);
	if (len < 0)
		return 0;
	text[len] = '\0';
	digits = strchr(text, '[');
	return digits ? strtoul(digits + 1, NULL, 10) : 0; /* "pid:[4026531836]" */
}

/* Whose the pid namespaces around one are. The way up ends at ours, above which the kernel tells nothing (EPERM). */
static size_t find_above(const struct count *count, pid_t pid)
{
	auto_close int fd = -1;
	struct stat st;
	char path[64];
	size_t set;

	snprintf(path, sizeof(path), "%d/ns/pid", (int)pid);
	fd = openat(count->proc_dirfd, path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fstat(fd, &st) == 0) {
		int parent;

		if (find(&count->pid, st.st_ino, &set))
			return set;
		parent = ioctl(fd, NS_GET_PARENT);
		nsu_close_fd(&fd);
		fd = parent;
	}
	return NOBODY;
}

static size_t set_of(struct count *count, pid_t pid)
{
	ino_t ns = ns_of(count->proc_dirfd, pid, "pid");
	size_t set = NOBODY;

	if (ns == 0)
		return NOBODY;
	if (!find(&count->pid, ns, &set)) {
		set = find_above(count, pid);
		if (add(&count->pid, ns, set) < 0)
			return set; /* it is found again the same way */
	}
	if (set == NOBODY && count->mount.n > 0)
		find(&count->mount, ns_of(count->proc_dirfd, pid, "mnt"), &set);
	return set;
}

static uint64_t memory_of(int proc_dirfd, pid_t pid)
{
	char path[64], text[128];
	auto_close int fd = -1;
	const char *pages;
	ssize_t len;

	snprintf(path, sizeof(path), "%d/statm", (int)pid);
	fd = openat(proc_dirfd, path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return 0;
	text[len] = '\0';
	pages = strchr(text, ' '); /* the second number */
	return pages ? strtoul(pages, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void count_process(struct count *count, pid_t pid)
{
	size_t set = set_of(count, pid);

	if (set == NOBODY || pid == count->asked[set].init_pid)
		return;
	count->usages[set].n_processes++;
	count->usages[set].memory_bytes += memory_of(count->proc_dirfd, pid);
}

/* Which namespace tells a set's processes. That PID 1 lives afterwards says that its number was its own. */
static int know_set(struct count *count, size_t set)
{
	const struct nsu_asked *asked = &count->asked[set];
	bool has_pid = asked->set.namespaces & CLONE_NEWPID;
	ino_t ns;

	count->usages[set] = (struct nsu_cli_usage){.is_known = false};
	if (!has_pid && !(asked->set.namespaces & CLONE_NEWNS))
		return 0;
	ns = ns_of(count->proc_dirfd, asked->init_pid, has_pid ? "pid" : "mnt");
	if (ns == 0 || nsu_proc_await(asked->pidfd, 0) != -ETIMEDOUT)
		return 0;
	count->usages[set].is_known = true;
	return add(has_pid ? &count->pid : &count->mount, ns, set);
}

static int count_all(struct count *count, size_t n, DIR *dir)
{
	const struct dirent *entry;
	uint64_t pid;
	size_t set;
	ino_t own;
	int ret;

	for (size_t i = 0; i < n; i++) {
		ret = know_set(count, i);
		if (ret < 0)
			return ret;
	}
	own = ns_of(count->proc_dirfd, getpid(), "pid");
	if (!find(&count->pid, own, &set)) {
		ret = add(&count->pid, own, NOBODY);
		if (ret < 0)
			return ret;
	}
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (nsu_text_to_number(entry->d_name, 1, INT32_MAX, &pid) == 0)
			count_process(count, (pid_t)pid);
	}
}

int nsu_cli_usage_count(const struct nsu_asked *asked, size_t n, struct nsu_cli_usage *usages, struct nsu_fail *fail)
{
	struct count count = {.asked = asked, .usages = usages};
	DIR *dir = opendir("/proc");
	int ret;

	if (!dir)
		return nsu_fail(fail, errno, "open /proc");
	count.proc_dirfd = dirfd(dir);
	ret = count_all(&count, n, dir);
	closedir(dir);
	free(count.pid.items);
	free(count.mount.items);
	if (ret < 0)
		return nsu_fail(fail, -ret, "count the processes in /proc");
	return 0;
}
