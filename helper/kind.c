/* SPDX-License-Identifier: BSD-3-Clause */
/* What is cloned gets its attributes while nobody can see it yet. */
#include "kind.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "fsat.h"
#include "mnt.h"

#define ALWAYS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* In the session's NSU_RUN_DIR; nobody may open them, and the mounts of them are read-only. */
#define MASK_DIR  "mask-directory"
#define MASK_FILE "mask-file"

/* By mount(2), which is quicker, where nothing is put into it later. */
static int make_fs(const char *type, const struct nsu_mnt_option *options, size_t n_options, uint64_t attributes,
                   struct nsu_work *work, bool *ret_attached)
{
	int ret;

	if (work->root_wanted)
		return nsu_mnt_new(type, options, n_options, attributes, &work->mount_fd);
	ret = nsu_mnt_over(type, options, n_options, attributes, work->target_fd);
	if (ret == 0)
		*ret_attached = true;
	return ret;
}

/* The same for NSU_RUN_DIR, which root alone can rename: so it can be opened again by its name. */
static int make_run_dir(const struct nsu_mnt_option *options, size_t n_options, uint64_t attributes,
                        struct nsu_work *work, bool *ret_attached)
{
	int ret;

	ret = nsu_mnt_over("tmpfs", options, n_options, attributes, work->target_fd);
	if (ret == 0)
		ret = nsu_fsat_open_target(AT_FDCWD, NSU_RUN_DIR, &work->mount_fd);
	if (ret == 0)
		*ret_attached = true;
	return ret;
}

static int make_tmpfs(struct nsu_setup *setup, size_t index, bool *ret_attached)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_work *work = &setup->work[index];
	char size[24], inodes[24], mode[8], uid[16], gid[16];
	const struct nsu_mnt_option options[] = {
		{"size", size}, {"nr_inodes", inodes}, {"mode", mode}, {"uid", uid}, {"gid", gid},
	};
	size_t n_options =
		mount->uid || mount->gid ? NSU_COUNT(options) : NSU_COUNT(options) - 2; /* root is the default */
	uint64_t attributes = mount->noexec ? MOUNT_ATTR_NOEXEC : 0;

	if (mount->size_percent)
		snprintf(size, sizeof(size), "%u%%", mount->size_percent);
	else
		snprintf(size, sizeof(size), "%" PRIu64, mount->size_bytes);
	snprintf(inodes, sizeof(inodes), "%" PRIu64, mount->inodes);
	snprintf(mode, sizeof(mode), "%o", (unsigned)mount->mode);
	snprintf(uid, sizeof(uid), "%u", (unsigned)mount->uid);
	snprintf(gid, sizeof(gid), "%u", (unsigned)mount->gid);
	if ((int)index == setup->run_dir && work->parent < 0)
		return make_run_dir(options, n_options, attributes, work, ret_attached);
	return make_fs("tmpfs", options, n_options, attributes, work, ret_attached);
}

static int make_proc(const struct nsu_plan_mount *mount, struct nsu_work *work, bool *ret_attached)
{
	static const char *const hidepid[] = {
		[NSU_PLAN_HIDEPID_NOACCESS] = "noaccess",
		[NSU_PLAN_HIDEPID_INVISIBLE] = "invisible",
		[NSU_PLAN_HIDEPID_PTRACEABLE] = "ptraceable",
	};
	struct nsu_mnt_option options[2];
	size_t n = 0;

	if (mount->hidepid != NSU_PLAN_HIDEPID_OFF)
		options[n++] = (struct nsu_mnt_option){"hidepid", hidepid[mount->hidepid]};
	if (mount->subset_pid)
		options[n++] = (struct nsu_mnt_option){"subset", "pid"};
	return make_fs("proc", options, n, MOUNT_ATTR_NOEXEC, work, ret_attached);
}

/* The private NSU_RUN_DIR, which the plan has mounted before. */
static int run_dir_of(const struct nsu_setup *setup)
{
	return setup->run_dir < 0 ? -1 : setup->work[setup->run_dir].mount_fd;
}

/* "127.0.1.1 alice.guest alice": first of all lines, so that 127.0.1.1 is this name backwards too. */
static int write_hosts(int fd, int host_fd, const char *hostname)
{
	char line[NSU_HOSTNAME_MAX + NSU_HOSTNAME_MAX + 32];
	size_t short_len = strcspn(hostname, ".");
	ssize_t n;
	int len;

	if (hostname[short_len] == '\0')
		len = snprintf(line, sizeof(line), "127.0.1.1\t%s\n", hostname);
	else
		len = snprintf(line, sizeof(line), "127.0.1.1\t%s %.*s\n", hostname, (int)short_len, hostname);
	n = write(fd, line, (size_t)len);
	if (n != len)
		return n < 0 ? -errno : -EFBIG;
	do {
		n = sendfile(fd, host_fd, NULL, NSU_HOSTS_MAX);
	} while (n > 0);
	return n < 0 ? -errno : 0;
}

/* The file is made in NSU_RUN_DIR and bound over the host's. */
static int make_hosts(const struct nsu_setup *setup, struct nsu_work *work)
{
	static const char name[] = "hosts";
	int run_dirfd = run_dir_of(setup);
	auto_close int fd = -1;
	int ret;

	if (run_dirfd < 0)
		return -ENOTDIR;
	fd = openat(run_dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	ret = write_hosts(fd, work->target_fd, setup->plan->hostname);
	if (ret < 0)
		return ret;
	return nsu_mnt_clone(run_dirfd, name, NSU_MNT_ALONE, ALWAYS | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY,
	                     &work->mount_fd);
}

/* An empty file and an empty directory, for all masks of the plan. */
static int make_mask_files(struct nsu_setup *setup, int run_dirfd)
{
	auto_close int fd = -1;

	if (setup->has_masks)
		return 0;
	if (mkdirat(run_dirfd, MASK_DIR, 0) < 0)
		return -errno;
	fd = openat(run_dirfd, MASK_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setup->has_masks = true;
	return 0;
}

static int make_mask(struct nsu_setup *setup, struct nsu_work *work)
{
	int run_dirfd = run_dir_of(setup);
	struct stat st;
	int ret;

	if (run_dirfd < 0)
		return -ENOTDIR;
	if (fstat(work->target_fd, &st) < 0)
		return -errno;
	ret = make_mask_files(setup, run_dirfd);
	if (ret < 0)
		return ret;
	return nsu_mnt_clone(run_dirfd, S_ISDIR(st.st_mode) ? MASK_DIR : MASK_FILE, NSU_MNT_ALONE | NSU_MNT_CUT,
	                     ALWAYS | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, &work->mount_fd);
}

/*
 * Where it can't be written, or something in it is hidden or protected, no later mount of the host may appear: it could be
 * written, or cover that.
 */
static int make_bind(const struct nsu_plan_mount *mount, struct nsu_work *work)
{
	unsigned cut = work->is_guarded ? NSU_MNT_CUT : 0; /* so is what is read-only */
	uint64_t attributes = ALWAYS;
	struct stat source, target;

	if (fstat(work->source_fd, &source) < 0 || fstat(work->target_fd, &target) < 0)
		return -errno;
	if (S_ISDIR(source.st_mode) != S_ISDIR(target.st_mode)) /* of which the kernel says EINVAL */
		return S_ISDIR(source.st_mode) ? -ENOTDIR : -EISDIR;
	if (mount->noexec)
		attributes |= MOUNT_ATTR_NOEXEC;
	if (mount->read_only)
		attributes |= MOUNT_ATTR_RDONLY;
	return nsu_mnt_clone(work->source_fd, "", cut, attributes, &work->mount_fd);
}

/* Of the host's hierarchy only a mount made in the cgroup namespace has its root where the session's cgroup is. */
static int make_cgroup(const struct nsu_setup *setup, const struct nsu_plan_mount *mount, struct nsu_work *work)
{
	uint64_t attributes = ALWAYS | MOUNT_ATTR_NOEXEC | (mount->read_only ? MOUNT_ATTR_RDONLY : 0);
	int source_fd = work->source_fd < 0 ? work->target_fd : work->source_fd;
	struct statfs fs;

	if (fstatfs(source_fd, &fs) < 0)
		return -errno;
	if ((setup->plan->namespaces & CLONE_NEWCGROUP) && fs.f_type == CGROUP2_SUPER_MAGIC)
		return nsu_mnt_new("cgroup2", NULL, 0, attributes, &work->mount_fd);
	return nsu_mnt_clone(source_fd, "", 0, attributes, &work->mount_fd);
}

int nsu_kind_make(struct nsu_setup *setup, size_t index, bool *ret_attached)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_work *work = &setup->work[index];

	*ret_attached = false;
	switch (mount->type) {
	case NSU_PLAN_TMPFS:
		return make_tmpfs(setup, index, ret_attached);
	case NSU_PLAN_PROC:
		return make_proc(mount, work, ret_attached);
	case NSU_PLAN_MQUEUE:
		return make_fs("mqueue", NULL, 0, MOUNT_ATTR_NOEXEC, work, ret_attached);
	case NSU_PLAN_HOSTS:
		return make_hosts(setup, work);
	case NSU_PLAN_INSTANCE:
		return nsu_mnt_clone(work->source_fd, "", NSU_MNT_ALONE | NSU_MNT_CUT,
		                     ALWAYS | (mount->noexec ? MOUNT_ATTR_NOEXEC : 0), &work->mount_fd);
	case NSU_PLAN_BIND:
		return make_bind(mount, work);
	case NSU_PLAN_READONLY:
		return nsu_mnt_clone(work->target_fd, "", NSU_MNT_CUT | (mount->recursive ? 0 : NSU_MNT_TOP),
		                     MOUNT_ATTR_RDONLY, &work->mount_fd);
	case NSU_PLAN_MASK:
		return make_mask(setup, work);
	case NSU_PLAN_EXPOSE:
		return nsu_mnt_clone(work->source_fd, "", 0, ALWAYS, &work->mount_fd);
	case NSU_PLAN_SYSFS:
		return make_fs("sysfs", NULL, 0, MOUNT_ATTR_NOEXEC | (mount->read_only ? MOUNT_ATTR_RDONLY : 0), work,
		               ret_attached);
	case NSU_PLAN_CGROUP:
		return make_cgroup(setup, mount, work);
	case NSU_PLAN_NOSUID:
		return nsu_mnt_clone(work->target_fd, "", 0, ALWAYS, &work->mount_fd);
	case NSU_PLAN_MOUNT_TYPES:
	default:
		return -EINVAL;
	}
}
