/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare metrics: what is counted, and what lives, as OpenMetrics text. To a file it goes beside it first, and then takes its
 * name: who reads the file never sees half of it, and where it can't be written the old one stays.
 */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "ask.h"
#include "cli.h"
#include "exposition.h"
#include "registry.h"
#include "text.h"

enum {
	OUTPUT
};

static int read_counts(struct nsu_metrics_counts *counts, struct nsu_fail *fail)
{
	struct nsu_metrics *metrics = NULL;
	auto_close int dirfd = -1;
	int ret;

	ret = nsu_registry_open(true, &dirfd, fail);
	if (ret == 0)
		ret = nsu_metrics_map(dirfd, &metrics, fail);
	if (ret < 0)
		return ret;
	nsu_metrics_read(metrics, counts);
	nsu_metrics_unmap(metrics);
	return 0;
}

/* Where it is to stand. */
struct target {
	int dirfd;
	const char *path; /* printable */
	const char *name;
	char beside[NAME_MAX + 1]; /* no collector reads what begins with a dot */
};

static int open_target(const char *path, struct target *target, struct nsu_fail *fail)
{
	const char *slash = strrchr(path, '/');
	char directory[NSU_PATH_MAX];
	struct stat st;

	target->name = slash ? slash + 1 : path;
	if (!*target->name || strlen(path) >= sizeof(directory) ||
	    snprintf(target->beside, sizeof(target->beside), ".%s.%d", target->name, (int)getpid()) >=
	            (int)sizeof(target->beside))
		return nsu_fail_because(fail, EINVAL, "--output '%s': not the name of a file", target->path);
	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) + 1 : 2, slash ? path : "./");
	target->dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->dirfd < 0)
		return nsu_fail(fail, errno, "open the directory of '%s'", target->path);
	if (fstatat(target->dirfd, target->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
		return nsu_fail_because(fail, EINVAL, "--output '%s': is not a regular file, and would be replaced",
		                        target->path);
	return 0;
}

static int write_beside(const struct target *target, const char *text, size_t len, struct nsu_fail *fail)
{
	auto_close int fd = -1;

	unlinkat(target->dirfd, target->beside, 0); /* left by one that was killed */
	fd = openat(target->dirfd, target->beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return nsu_fail(fail, errno, "make a file beside '%s'", target->path);
	if (fchmod(fd, 0644) < 0)
		return nsu_fail(fail, errno, "set the mode of '%s'", target->path);
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n <= 0)
			return nsu_fail(fail, n < 0 ? errno : ENOSPC, "write '%s'", target->path);
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int replace(const char *path, const char *text, size_t len, struct nsu_fail *fail)
{
	char printable[NSU_LOG_VALUE_MAX];
	struct target target = {.dirfd = -1, .path = nsu_text_printable(path, printable, sizeof(printable))};
	int ret;

	ret = open_target(path, &target, fail);
	if (ret == 0)
		ret = write_beside(&target, text, len, fail);
	if (ret == 0 && renameat(target.dirfd, target.beside, target.dirfd, target.name) < 0)
		ret = nsu_fail(fail, errno, "replace '%s'", target.path);
	if (ret < 0 && target.dirfd >= 0)
		unlinkat(target.dirfd, target.beside, 0);
	nsu_close_fd(&target.dirfd);
	return ret;
}

static int print(struct nsu_asked_list *sets, const struct nsu_metrics_counts *counts, const char *path,
                 struct nsu_fail *fail)
{
	auto_free char *text = NULL;
	size_t len = 0;
	FILE *stream;

	if (!path) {
		nsu_exposition_print(sets, counts, stdout);
		return 0;
	}
	stream = open_memstream(&text, &len);
	if (!stream)
		return nsu_fail(fail, errno, "make the text");
	nsu_exposition_print(sets, counts, stream);
	if (ferror(stream) | fclose(stream))
		return nsu_fail(fail, ENOMEM, "make the text");
	return replace(path, text, len, fail);
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct nsu_asked_list sets = NSU_ASKED_LIST_INIT;
	struct nsu_metrics_counts counts;
	int ret;

	umask(022);
	ret = read_counts(&counts, fail);
	if (ret == 0)
		ret = nsu_ask_all(&sets, fail);
	if (ret == 0)
		ret = print(&sets, &counts, call->values[OUTPUT], fail);
	nsu_asked_list_clear(&sets);
	return ret;
}

const struct nsu_cli_command nsu_cli_metrics = {
	.name = "metrics",
	.help = "print what is counted as OpenMetrics text, for a textfile collector",
	.options = {[OUTPUT] = {"output", "FILE", "replace this file as a whole, mode 0644"}},
	.run = run,
};
