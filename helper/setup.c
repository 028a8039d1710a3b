/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. Propagation MUST be set before the first mount, else it appears on the host (seen: the host lost /proc).
 * 2. Every target that exists on the host MUST be open before the first mount, so that no mount of this plan hides
 *    another's; a target below an earlier mount of the plan is made inside that.
 * 3. Nothing is mounted by path: a target is an open directory, of which mount(2) gets "." after an fchdir(2).
 */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fsat.h"
#include "mnt.h"
#include "proc.h"
#include "text.h"

/* A mount under way. */
struct work {
	int target_fd;    /* -1: not open: it lies inside an earlier mount, or is missing and optional */
	int mount_fd;     /* its root once it is made, where that is wanted; -1: not made, or not wanted */
	int parent;       /* index of the earlier mount that its path lies in; -1: the host */
	bool root_wanted; /* something is put into it later */
};

struct setup {
	const struct nsu_plan *plan;
	struct work work[NSU_PLAN_MOUNTS_MAX];
	struct nsu_fail *fail;
};

/*
 * In a chroot setns(2) with a mount namespace leaves it, and so would the opener at the commit. The helper shares the
 * opener's root: it joins its own mount namespace once more and looks whether that has moved its root.
 */
static int refuse_chroot(struct nsu_fail *fail)
{
	auto_close int self_pidfd = -1;
	struct nsu_fsat_root before, after;
	int ret;

	ret = nsu_proc_open_self(&self_pidfd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_fsat_look_at_root(&before, fail);
	if (ret < 0)
		return ret;
	if (setns(self_pidfd, CLONE_NEWNS) < 0)
		return nsu_fail(fail, errno, "find out whether the caller is in a chroot");
	ret = nsu_fsat_look_at_root(&after, fail);
	if (ret < 0)
		return ret;
	if (!nsu_fsat_is_same_root(&before, &after))
		return nsu_fail_because(fail, EPERM, "the caller is in a chroot, which the session would leave");
	return 0;
}

static int open_hosts(const char *path, int *ret_fd)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_fd = nsu_take_fd(&fd);
	return 0;
}

/* The nearest earlier mount whose tree holds this path. */
static int parent_of(const struct nsu_plan *plan, size_t index)
{
	int parent = -1;

	for (size_t i = 0; i < index; i++) {
		if (nsu_text_is_below(plan->mounts[index].path, plan->mounts[i].path) &&
		    (parent < 0 || nsu_text_is_below(plan->mounts[i].path, plan->mounts[parent].path)))
			parent = (int)i;
	}
	return parent;
}

/* The private directory that the hosts file is made in. */
static int run_dir_of(const struct nsu_plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(plan->mounts[i].path, NSU_RUN_DIR) == 0)
			return (int)i;
	}
	return -1;
}

/* What the opening of a target means for the session. */
static int check_target(const struct setup *setup, const struct nsu_plan_mount *mount, int ret)
{
	if (ret == -ENOENT && mount->optional)
		return 0;
	if (ret == -ELOOP)
		return nsu_fail_because(
			setup->fail, ELOOP,
			"open '%s' to mount over: a symbolic link in the path (the policy must name the "
			"place it leads to)",
			mount->path);
	if (ret < 0)
		return nsu_fail(setup->fail, -ret, "open '%s' to mount over", mount->path);
	return 0;
}

static int open_target(struct setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct work *work = &setup->work[index];
	int ret;

	work->parent = parent_of(setup->plan, index);
	if (mount->type == NSU_PLAN_HOSTS && run_dir_of(setup->plan, index) >= 0)
		setup->work[run_dir_of(setup->plan, index)].root_wanted = true;
	if (work->parent >= 0) {
		setup->work[work->parent].root_wanted = true;
		return 0;
	}
	if (strcmp(mount->path, NSU_RUN_DIR) == 0 && mkdir(NSU_RUN_DIR, 0700) < 0 && errno != EEXIST)
		return nsu_fail(setup->fail, errno, "make '%s'", NSU_RUN_DIR);
	if (mount->type == NSU_PLAN_HOSTS)
		ret = open_hosts(mount->path, &work->target_fd);
	else
		ret = nsu_fsat_open_target(AT_FDCWD, mount->path, &work->target_fd);
	return check_target(setup, mount, ret);
}

/* A target inside an earlier mount of the plan: made there where that is a tmpfs, which nobody else can have touched. */
static int open_inner_target(struct setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct work *work = &setup->work[index];
	const struct nsu_plan_mount *parent = &setup->plan->mounts[work->parent];
	const char *inner = mount->path + strlen(parent->path) + 1;
	int parent_fd = setup->work[work->parent].mount_fd;
	int ret;

	if (parent_fd < 0) /* it was optional, and its target missing: so is ours */
		ret = -ENOENT;
	else if (parent->type == NSU_PLAN_TMPFS)
		ret = nsu_fsat_make_dirs(parent_fd, inner, &work->target_fd);
	else
		ret = nsu_fsat_open_target(parent_fd, inner, &work->target_fd);
	return check_target(setup, mount, ret);
}

static int make_fs(const char *type, const struct nsu_mnt_option *options, size_t n_options, uint64_t attributes,
                   struct work *work)
{
	if (work->root_wanted)
		return nsu_mnt_new(type, options, n_options, attributes, &work->mount_fd);
	return nsu_mnt_over(type, options, n_options, attributes, work->target_fd);
}

static int make_tmpfs(const struct nsu_plan_mount *mount, struct work *work)
{
	char size[24], inodes[24], mode[8], uid[16], gid[16];
	const struct nsu_mnt_option options[] = {
		{"size", size}, {"nr_inodes", inodes}, {"mode", mode}, {"uid", uid}, {"gid", gid},
	};
	size_t n_options =
		mount->uid || mount->gid ? NSU_COUNT(options) : NSU_COUNT(options) - 2; /* root is the default */

	if (mount->size_percent)
		snprintf(size, sizeof(size), "%u%%", mount->size_percent);
	else
		snprintf(size, sizeof(size), "%" PRIu64, mount->size_bytes);
	snprintf(inodes, sizeof(inodes), "%" PRIu64, mount->inodes);
	snprintf(mode, sizeof(mode), "%o", (unsigned)mount->mode);
	snprintf(uid, sizeof(uid), "%u", (unsigned)mount->uid);
	snprintf(gid, sizeof(gid), "%u", (unsigned)mount->gid);
	return make_fs("tmpfs", options, n_options, mount->noexec ? MOUNT_ATTR_NOEXEC : 0, work);
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

/* The file is made in the private NSU_RUN_DIR, which the plan has mounted before, and bound over the host's. */
static int make_hosts(const struct setup *setup, size_t index, int *ret_fd)
{
	static const char name[] = "hosts";
	int run_dir = run_dir_of(setup->plan, index);
	int run_fd = run_dir < 0 ? -1 : setup->work[run_dir].mount_fd;
	auto_close int fd = -1;
	int ret;

	if (run_fd < 0)
		return -ENOTDIR;
	fd = openat(run_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	ret = write_hosts(fd, setup->work[index].target_fd, setup->plan->hostname);
	if (ret < 0)
		return ret;
	return nsu_mnt_clone_file(run_fd, name, ret_fd);
}

static int make_mount(struct setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct work *work = &setup->work[index];

	switch (mount->type) {
	case NSU_PLAN_TMPFS:
		return make_tmpfs(mount, work);
	case NSU_PLAN_PROC:
		return make_fs("proc", NULL, 0, MOUNT_ATTR_NOEXEC, work);
	case NSU_PLAN_MQUEUE:
		return make_fs("mqueue", NULL, 0, MOUNT_ATTR_NOEXEC, work);
	case NSU_PLAN_HOSTS:
		return make_hosts(setup, index, &work->mount_fd);
	case NSU_PLAN_MOUNT_TYPES:
	default:
		return -EINVAL;
	}
}

static int run_mount(struct setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct work *work = &setup->work[index];
	int ret;

	if (work->parent >= 0) {
		ret = open_inner_target(setup, index);
		if (ret < 0)
			return ret;
	}
	if (work->target_fd < 0)
		return 0;
	ret = make_mount(setup, index);
	if (ret == 0 && work->mount_fd >= 0)
		ret = nsu_mnt_attach(work->mount_fd, work->target_fd);
	if (ret == -ENOSPC)
		return nsu_fail_because(setup->fail, ENOSPC,
		                        "mount the %s on '%s': the limit fs.mount-max (sysctl) is reached",
		                        nsu_plan_mount_name(mount->type), mount->path);
	if (ret < 0)
		return nsu_fail(setup->fail, -ret, "mount the %s on '%s'", nsu_plan_mount_name(mount->type),
		                mount->path);
	return 0;
}

static int run_mounts(struct setup *setup)
{
	const struct nsu_plan *plan = setup->plan;
	int ret;

	ret = nsu_mnt_propagate(plan->propagation == NSU_PLAN_SLAVE ? NSU_MNT_SLAVE : NSU_MNT_PRIVATE);
	if (ret < 0)
		return nsu_fail(setup->fail, -ret, "set the propagation of all mounts");
	for (size_t i = 0; i < plan->n_mounts; i++) {
		ret = open_target(setup, i);
		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < plan->n_mounts; i++) {
		ret = run_mount(setup, i);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int nsu_setup_run(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	struct setup setup = {.plan = plan, .fail = fail};
	int ret;

	for (size_t i = 0; i < plan->n_mounts; i++)
		setup.work[i] = (struct work){.target_fd = -1, .mount_fd = -1, .parent = -1};
	ret = refuse_chroot(fail);
	if (ret < 0)
		return ret;
	if (plan->hostname[0] && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return nsu_fail(fail, errno, "set the host name '%s'", plan->hostname);
	if (plan->namespaces & CLONE_NEWNS)
		ret = run_mounts(&setup);
	for (size_t i = 0; i < plan->n_mounts; i++) {
		nsu_close_fd(&setup.work[i].target_fd);
		nsu_close_fd(&setup.work[i].mount_fd);
	}
	if (ret == 0 && chdir("/") < 0)
		return nsu_fail(fail, errno, "change to '/'");
	return ret;
}
