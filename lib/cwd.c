/* SPDX-License-Identifier: BSD-3-Clause */
#include "cwd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "base.h"

void nsu_cwd_get(char path[NSU_PATH_MAX])
{
	if (syscall(SYS_getcwd, path, NSU_PATH_MAX) < 0)
		path[0] = '\0';
}

/*
 * Goes to a directory by the name it had in the view left behind. That name is free of symbolic links, and one that has
 * become a link meanwhile is not followed: the user of su may have chosen it.
 */
static int enter_directory(const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	auto_close int fd = -1;

	if (path[0] != '/') /* none, or "(unreachable)/..." */
		return -ENOENT;
	fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	if (fd < 0 || fchdir(fd) < 0)
		return -errno;
	return 0;
}

void nsu_cwd_go_back(const char *cwd, const char *home)
{
	if (enter_directory(cwd, RESOLVE_NO_SYMLINKS) == 0)
		return;
	if (enter_directory(home, 0) < 0)
		return; /* the root, where setns(2) has put us */
}
