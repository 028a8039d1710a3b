/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. No symbolic link is followed, anywhere in a path.
 * 2. What hides or protects something MUST lie where only root can rename: else a process of the same user outside of the
 *    session moves its place away, and it is gone inside.
 * 3. A source MUST lie where only root and the user can rename, and be one's of them: else he gets what others put there.
 *    For a place of the system: where root alone can, else he chooses what root's programs in the session read.
 */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fsat.h"
#include "text.h"

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

bool nsu_target_is_guarded(const struct nsu_plan_mount *mount)
{
	return mount->type == NSU_PLAN_MASK || mount->type == NSU_PLAN_READONLY ||
	       (mount->type == NSU_PLAN_BIND && mount->read_only);
}

void nsu_target_begin(struct nsu_setup *setup)
{
	const struct nsu_plan *plan = setup->plan;

	setup->run_dir = -1;
	setup->has_masks = false;
	setup->instances = (struct nsu_instances)NSU_INSTANCES_INIT;
	for (size_t i = 0; i < plan->n_mounts; i++) {
		struct nsu_work *work = &setup->work[i];

		*work = (struct nsu_work){.target_fd = -1, .source_fd = -1, .mount_fd = -1};
		work->parent = parent_of(plan, i);
		work->is_guarded = nsu_target_is_guarded(&plan->mounts[i]);
		if (work->parent >= 0)
			setup->work[work->parent].root_wanted = true;
		if (plan->mounts[i].type == NSU_PLAN_TMPFS && strcmp(plan->mounts[i].path, NSU_RUN_DIR) == 0) {
			setup->run_dir = (int)i;
			work->root_wanted = true;
		}
	}
	for (size_t i = plan->n_mounts; i-- > 0;) { /* what holds something guarded must stay in its place too */
		if (setup->work[i].is_guarded && setup->work[i].parent >= 0)
			setup->work[setup->work[i].parent].is_guarded = true;
	}
}

static const char *name_of(const struct nsu_plan_mount *mount)
{
	return nsu_plan_mount_name(mount->type);
}

/* What the opening of a target means for the session. */
static int check_target(struct nsu_setup *setup, size_t index, int ret)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	bool may_lead_nowhere =
		mount->type == NSU_PLAN_EXPOSE || mount->type == NSU_PLAN_CGROUP || mount->type == NSU_PLAN_NOSUID;

	if ((ret == -ENOENT && mount->optional) ||
	    (may_lead_nowhere && (ret == -ENOENT || ret == -ELOOP || ret == -ENOTDIR))) {
		setup->work[index].is_skipped = true;
		return 0;
	}
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

/* Opens a target that only root may be able to move away. */
static int walk_to_target(struct nsu_setup *setup, size_t index, int dirfd, const char *path, int *ret_fd)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_fsat_walk walk = {.dirfd = dirfd, .path = path};
	size_t len = strlen(mount->path) - strlen(path); /* a relative path is the end of the mount's */
	int ret = nsu_fsat_walk(&walk, ret_fd);

	if (ret != -EPERM || !walk.reason)
		return ret;
	if (walk.reason_len > 0)
		len += walk.reason_len;
	else
		len = len > 0 ? len - 1 : 1; /* the mount that it lies in, or "/" */
	return nsu_fail_because(setup->fail, EPERM,
	                        "%s on '%s' could be moved away from outside of the session: '%.*s' %s", name_of(mount),
	                        mount->path, (int)len, mount->path, walk.reason);
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

/* A host may have a link there, which is its own: nobody may be refused for it. */
static int open_program(const char *path, int *ret_fd)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* In a file system that the kernel fills nobody can rename. */
static bool is_in_kernels_own(const struct nsu_setup *setup, size_t index)
{
	int parent = setup->work[index].parent;
	const struct nsu_plan_mount *mounts = setup->plan->mounts;

	return parent >= 0 && (mounts[parent].type == NSU_PLAN_PROC || mounts[parent].type == NSU_PLAN_SYSFS);
}

/* @path is the mount's own, or the end of it below @dirfd. */
static int open_place(struct nsu_setup *setup, size_t index, int dirfd, const char *path)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_work *work = &setup->work[index];

	if (work->is_guarded && !is_in_kernels_own(setup, index))
		return walk_to_target(setup, index, dirfd, path, &work->target_fd);
	if (work->is_guarded || mount->type == NSU_PLAN_BIND || mount->type == NSU_PLAN_EXPOSE)
		return nsu_fsat_open_any(dirfd, path, &work->target_fd);
	return nsu_fsat_open_target(dirfd, path, &work->target_fd);
}

static int open_target(struct nsu_setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	int ret;

	if (setup->work[index].parent >= 0)
		return 0;
	if (mount->type == NSU_PLAN_EXPOSE) { /* nothing hides it */
		setup->work[index].is_skipped = true;
		return 0;
	}
	if ((int)index == setup->run_dir && mkdir(NSU_RUN_DIR, 0700) < 0 && errno != EEXIST)
		return nsu_fail(setup->fail, errno, "make '%s'", NSU_RUN_DIR);
	if (mount->type == NSU_PLAN_HOSTS)
		ret = open_hosts(mount->path, &setup->work[index].target_fd);
	else if (mount->type == NSU_PLAN_NOSUID)
		ret = open_program(mount->path, &setup->work[index].target_fd);
	else
		ret = open_place(setup, index, AT_FDCWD, mount->path);
	return check_target(setup, index, ret);
}

static int check_source(struct nsu_setup *setup, const struct nsu_plan_mount *mount, int source_fd)
{
	struct stat st;

	if (fstat(source_fd, &st) < 0)
		return nsu_fail(setup->fail, errno, "stat '%s', the source of the bind on '%s'", mount->source,
		                mount->path);
	if ((st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH))) && !nsu_plan_may_be_writable(mount->path))
		return nsu_fail_because(setup->fail, EPERM,
		                        "bind on '%s': a place of the system, and others than root can write its "
		                        "source '%s'",
		                        mount->path, mount->source);
	return 0;
}

static int open_bind_source(struct nsu_setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_work *work = &setup->work[index];
	struct nsu_fsat_walk walk = {
		.dirfd = AT_FDCWD,
		.path = mount->source,
		.uid = nsu_plan_may_be_writable(mount->path) ? setup->plan->uid : 0,
		.is_last_owned = true,
	};
	int ret = nsu_fsat_walk(&walk, &work->source_fd);

	if (ret == -ENOENT && mount->optional) {
		work->is_skipped = true;
		return 0;
	}
	if (ret == -EPERM && walk.reason)
		return nsu_fail_because(setup->fail, EPERM,
		                        "bind on '%s': its source '%s' could be changed by others: '%.*s' %s",
		                        mount->path, mount->source, (int)(walk.reason_len ? walk.reason_len : 1),
		                        mount->source, walk.reason);
	if (ret == -ELOOP)
		return nsu_fail_because(setup->fail, ELOOP, "bind on '%s': a symbolic link in its source '%s'",
		                        mount->path, mount->source);
	if (ret < 0)
		return nsu_fail(setup->fail, -ret, "open '%s', the source of the bind on '%s'", mount->source,
		                mount->path);
	return check_source(setup, mount, work->source_fd);
}

static bool is_dir(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The host's own, before a mount hides it: a directory, a file or a socket, else it is left hidden. */
static int open_exposed(struct nsu_setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_work *work = &setup->work[index];
	struct stat st;
	int ret;

	ret = nsu_fsat_open_any(AT_FDCWD, mount->path, &work->source_fd);
	if (ret < 0)
		return check_target(setup, index, ret);
	if (fstat(work->source_fd, &st) < 0)
		return nsu_fail(setup->fail, errno, "stat '%s' to expose it", mount->path);
	work->is_skipped = !S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode);
	return 0;
}

static int open_source(struct nsu_setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_work *work = &setup->work[index];

	if (work->is_skipped)
		return 0;
	if (mount->type == NSU_PLAN_BIND)
		return open_bind_source(setup, index);
	if (mount->type == NSU_PLAN_CGROUP && work->target_fd >= 0)
		return 0; /* nothing of the plan hides it: it is its own source */
	if (mount->type == NSU_PLAN_EXPOSE || mount->type == NSU_PLAN_CGROUP)
		return open_exposed(setup, index);
	if (mount->type == NSU_PLAN_INSTANCE)
		return nsu_instance_open(setup->plan, mount, &setup->instances, &work->source_fd, setup->fail);
	return 0;
}

int nsu_target_open_all(struct nsu_setup *setup)
{
	for (size_t i = 0; i < setup->plan->n_mounts; i++) {
		int ret = open_target(setup, i);

		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < setup->plan->n_mounts; i++) {
		int ret = open_source(setup, i);

		if (ret < 0)
			return ret;
	}
	return 0;
}

int nsu_target_open_inner(struct nsu_setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_work *work = &setup->work[index];
	const struct nsu_plan_mount *parent = &setup->plan->mounts[work->parent];
	const char *inner = mount->path + strlen(parent->path) + 1;
	int parent_fd = setup->work[work->parent].mount_fd;
	bool wants_dir = work->source_fd < 0 || is_dir(work->source_fd);
	int ret;

	if (parent_fd < 0) /* it was optional, and its target missing: so is ours */
		return check_target(setup, index, -ENOENT);
	ret = open_place(setup, index, parent_fd, inner);
	if (ret == -ENOENT && (parent->type == NSU_PLAN_TMPFS || parent->type == NSU_PLAN_INSTANCE)) {
		auto_close int made_fd = -1;

		ret = nsu_fsat_make_target(parent_fd, inner, wants_dir, &made_fd);
		if (ret == 0)
			ret = open_place(setup, index, parent_fd, inner);
	}
	if (ret == 0 && mount->type == NSU_PLAN_EXPOSE && is_dir(work->target_fd) != wants_dir)
		ret = -ENOTDIR; /* the user has put something else there, into an instance */
	return check_target(setup, index, ret);
}

void nsu_target_end(struct nsu_setup *setup)
{
	for (size_t i = 0; i < setup->plan->n_mounts; i++) {
		nsu_close_fd(&setup->work[i].target_fd);
		nsu_close_fd(&setup->work[i].source_fd);
		nsu_close_fd(&setup->work[i].mount_fd);
	}
	nsu_instance_end(&setup->instances);
}
