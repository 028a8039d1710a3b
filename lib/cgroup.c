/* SPDX-License-Identifier: BSD-3-Clause */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "defaults.h"

bool nsu_cgroup_is_systemds(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

int nsu_cgroup_open_mount(int *ret_dirfd, struct nsu_fail *fail)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < NSU_COUNT(places); i++) {
		auto_close int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		struct statfs fs;

		if (fd < 0 && errno != ENOENT)
			return nsu_fail(fail, errno, "open '%s'", places[i]);
		if (fd >= 0 && fstatfs(fd, &fs) < 0)
			return nsu_fail(fail, errno, "look at '%s'", places[i]);
		if (fd >= 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
			*ret_dirfd = nsu_take_fd(&fd);
			return 0;
		}
	}
	return nsu_fail_because(fail, ENOTSUP,
	                        "limits need cgroup v2, and there is none on /sys/fs/cgroup (kernel line: "
	                        "systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2)");
}

int nsu_cgroup_open_procs(int dirfd, int *ret_procs_fd, struct nsu_fail *fail)
{
	int fd = openat(dirfd, "cgroup.procs", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return nsu_fail(fail, errno, "open cgroup.procs");
	*ret_procs_fd = fd;
	return 0;
}

/* The line "0::PATH" of /proc/self/cgroup, its end cut off. Return: where PATH begins; NULL if there is none. */
static char *find_path(char *text)
{
	char *line = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");

	if (!line)
		return NULL;
	line += line == text ? strlen("0::") : strlen("\n0::");
	line[strcspn(line, "\n")] = '\0';
	return line;
}

int nsu_cgroup_own_path(char *buffer, size_t cap, const char **ret_path, struct nsu_fail *fail)
{
	auto_close int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	const char *path;
	ssize_t n;

	if (fd < 0)
		return nsu_fail(fail, errno, "open '/proc/self/cgroup'");
	n = read(fd, buffer, cap - 1);
	if (n < 0)
		return nsu_fail(fail, errno, "read '/proc/self/cgroup'");
	buffer[n] = '\0';
	path = find_path(buffer);
	if (!path)
		return nsu_fail_because(fail, ENOTSUP, "limits need cgroup v2, and /proc/self/cgroup has only v1");
	*ret_path = path;
	return 0;
}

int nsu_cgroup_open_own(int *ret_procs_fd, struct nsu_fail *fail)
{
	auto_close int mount_dirfd = -1;
	auto_close int dirfd = -1;
	char text[2 * NSU_PATH_MAX];
	const char *path = "/";
	int ret;

	ret = nsu_cgroup_own_path(text, sizeof(text), &path, fail);
	if (ret == 0)
		ret = nsu_cgroup_open_mount(&mount_dirfd, fail);
	if (ret < 0)
		return ret;
	dirfd = path[1] ? openat(mount_dirfd, path + 1, O_PATH | O_DIRECTORY | O_CLOEXEC)
	                : fcntl(mount_dirfd, F_DUPFD_CLOEXEC, 0);
	if (dirfd < 0)
		return nsu_fail(fail, errno, "open the cgroup '%s' of the caller", path);
	return nsu_cgroup_open_procs(dirfd, ret_procs_fd, fail);
}

int nsu_cgroup_enter(int procs_fd, struct nsu_fail *fail)
{
	if (write(procs_fd, "0", 1) != 1)
		return nsu_fail(fail, errno, "move to another cgroup");
	return 0;
}
