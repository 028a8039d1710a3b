/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw system calls: musl 1.2.3 has no wrappers, and glibc's <sys/mount.h> can't stand beside <linux/mount.h>. */
#include "mnt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/syscall.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#define ALWAYS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define SOURCE "nsunshare" /* as findmnt(8) shows it */

/* mount(2) and fsmount(2) have the same numbers for these. */
_Static_assert(MOUNT_ATTR_RDONLY == MS_RDONLY && MOUNT_ATTR_NOSUID == MS_NOSUID && MOUNT_ATTR_NODEV == MS_NODEV &&
                       MOUNT_ATTR_NOEXEC == MS_NOEXEC,
               "attributes of mounts");

static int set_attributes(int dirfd, const char *path, unsigned flags, struct mount_attr *attr)
{
	if (syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr)) < 0)
		return -errno;
	return 0;
}

int nsu_mnt_propagate(enum nsu_mnt_propagation propagation)
{
	static const unsigned flags[] = {
		[NSU_MNT_PRIVATE] = MS_PRIVATE,
		[NSU_MNT_SLAVE] = MS_SLAVE,
		[NSU_MNT_SHARED] = MS_SHARED,
	};
	struct mount_attr attr = {.propagation = flags[propagation]};

	return set_attributes(AT_FDCWD, "/", AT_RECURSIVE, &attr);
}

static int configure(int fs_fd, const struct nsu_mnt_option *options, size_t n_options)
{
	for (size_t i = 0; i < n_options; i++) {
		if (syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_STRING, options[i].key, options[i].value, 0) < 0)
			return -errno;
	}
	return 0;
}

int nsu_mnt_new(const char *type, const struct nsu_mnt_option *options, size_t n_options, uint64_t attributes,
                int *ret_fd)
{
	static const struct nsu_mnt_option source = {"source", SOURCE};
	auto_close int fs_fd = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	long fd;
	int ret;

	if (fs_fd < 0)
		return -errno;
	ret = configure(fs_fd, &source, 1);
	if (ret == 0)
		ret = configure(fs_fd, options, n_options);
	if (ret < 0)
		return ret;
	if (syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, (unsigned)(attributes | ALWAYS));
	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}

int nsu_mnt_over(const char *type, const struct nsu_mnt_option *options, size_t n_options, uint64_t attributes,
                 int target_fd)
{
	char data[256];
	size_t len = 0;

	data[0] = '\0';
	for (size_t i = 0; i < n_options; i++) {
		len += (size_t)snprintf(data + len, sizeof(data) - len, "%s%s=%s", i ? "," : "", options[i].key,
		                        options[i].value);
		if (len >= sizeof(data))
			return -E2BIG;
	}
	if (fchdir(target_fd) < 0 ||
	    syscall(SYS_mount, SOURCE, ".", type, (unsigned long)(attributes | ALWAYS), data) < 0)
		return -errno;
	return 0;
}

int nsu_mnt_clone(int dirfd, const char *name, unsigned how, uint64_t attributes, int *ret_fd)
{
	struct mount_attr attr = {
		.attr_set = attributes,
		.propagation = how & NSU_MNT_CUT ? MS_PRIVATE : 0,
	};
	unsigned whole = how & NSU_MNT_ALONE ? 0 : AT_RECURSIVE;
	auto_close int fd = (int)syscall(SYS_open_tree, dirfd, name,
	                                 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | whole |
	                                         (name[0] ? 0 : AT_EMPTY_PATH));
	int ret;

	if (fd < 0)
		return -errno;
	ret = set_attributes(fd, "", AT_EMPTY_PATH | (how & NSU_MNT_TOP ? 0 : whole), &attr);
	if (ret < 0)
		return ret;
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

int nsu_mnt_attach(int mount_fd, int target_fd)
{
	if (syscall(SYS_move_mount, mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}
