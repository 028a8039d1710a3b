/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. Propagation MUST be set before the first mount, else it appears on the host (seen: the host lost /proc).
 * 2. Every target that exists on the host, and every source, MUST be open before the first mount that hides anything, so that
 *    no mount of this plan hides another's; a target below an earlier mount of the plan is opened inside that. But the files of
 *    a named net namespace come first: to the mounts of the plan they are those of /etc (hosts is a copy of its file).
 * 3. Nothing is mounted by path: a target is an open directory or file, of which mount(2) gets "." after an fchdir(2).
 */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "fsat.h"
#include "kind.h"
#include "marker.h"
#include "mnt.h"
#include "netns_etc.h"
#include "remove.h"
#include "root.h"
#include "target.h"

static int set_names(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	if (plan->hostname[0] && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return nsu_fail(fail, errno, "set the host name '%s'", plan->hostname);
	if (plan->domainname[0] && setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
		return nsu_fail(fail, errno, "set the domain name '%s'", plan->domainname);
	return 0;
}

static int propagate(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	static const enum nsu_mnt_propagation propagations[] = {
		[NSU_PLAN_PRIVATE] = NSU_MNT_PRIVATE,
		[NSU_PLAN_SLAVE] = NSU_MNT_SLAVE,
		[NSU_PLAN_SHARED] = NSU_MNT_SHARED,
	};
	int ret;

	if (plan->propagation == NSU_PLAN_UNCHANGED)
		return 0;
	ret = nsu_mnt_propagate(propagations[plan->propagation]);
	if (ret < 0)
		return nsu_fail(fail, -ret, "set the propagation of all mounts");
	return 0;
}

/* How much of a path is its first component: "/srv" of "/srv/a/b". */
static size_t top_len(const char *path)
{
	return 1 + strcspn(path + 1, "/");
}

static bool needs_pin(const struct nsu_plan_mount *mount)
{
	return nsu_target_is_guarded(mount) && mount->path[top_len(mount->path)];
}

static bool is_pinned(const struct nsu_plan *plan, size_t index)
{
	const char *path = plan->mounts[index].path;
	size_t len = top_len(path) + 1; /* with the slash behind it */

	for (size_t i = 0; i < index; i++) {
		if (needs_pin(&plan->mounts[i]) && strncmp(plan->mounts[i].path, path, len) == 0)
			return true;
	}
	return false;
}

/* The directory as it is, bound over itself, and private. A path that leads nowhere is for the opening of the target. */
static int pin(const char *path, struct nsu_fail *fail)
{
	auto_close int target_fd = -1;
	auto_close int mount_fd = -1;
	char top[NSU_PATH_MAX];
	int ret;

	snprintf(top, sizeof(top), "%.*s", (int)top_len(path), path);
	ret = nsu_fsat_open_target(AT_FDCWD, top, &target_fd);
	if (ret == -ENOENT || ret == -ELOOP || ret == -ENOTDIR)
		return 0;
	if (ret == 0)
		ret = nsu_mnt_clone(target_fd, "", NSU_MNT_CUT, 0, &mount_fd);
	if (ret == 0)
		ret = nsu_mnt_attach(mount_fd, target_fd);
	if (ret < 0)
		return nsu_fail(fail, -ret, "pin '%s', above '%s'", top, path);
	return 0;
}

/*
 * With slave propagation a later mount of the host on a directory above would cover what hides or protects. What is mounted
 * on the top directory itself comes to lie below ours.
 */
static int pin_all(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	if (plan->propagation != NSU_PLAN_SLAVE)
		return 0;
	for (size_t i = 0; i < plan->n_mounts; i++) {
		int ret;

		if (!needs_pin(&plan->mounts[i]) || is_pinned(plan, i))
			continue;
		ret = pin(plan->mounts[i].path, fail);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int mark(const struct nsu_setup *setup)
{
	const struct nsu_plan *plan = setup->plan;
	int ret;

	if (plan->id[0] == '\0')
		return 0;
	ret = nsu_marker_make(setup->work[setup->run_dir].mount_fd, plan);
	if (ret < 0)
		return nsu_fail(setup->fail, -ret, "mark the session in '%s'", NSU_RUN_DIR);
	return 0;
}

static int run_mount(struct nsu_setup *setup, size_t index)
{
	const struct nsu_plan_mount *mount = &setup->plan->mounts[index];
	struct nsu_work *work = &setup->work[index];
	bool is_attached = false;
	int ret;

	if (work->parent >= 0 && !work->is_skipped) {
		ret = nsu_target_open_inner(setup, index);
		if (ret < 0)
			return ret;
	}
	if (work->is_skipped)
		return 0;
	ret = nsu_kind_make(setup, index, &is_attached);
	if (ret == 0 && !is_attached)
		ret = nsu_mnt_attach(work->mount_fd, work->target_fd);
	if (ret == -ENOSPC)
		return nsu_fail_because(setup->fail, ENOSPC,
		                        "mount the %s on '%s': the limit fs.mount-max (sysctl) is reached",
		                        nsu_plan_mount_name(mount->type), mount->path);
	if (ret < 0)
		return nsu_fail(setup->fail, -ret, "mount the %s on '%s'", nsu_plan_mount_name(mount->type),
		                mount->path);
	return (int)index == setup->run_dir ? mark(setup) : 0;
}

static int run_mounts(struct nsu_setup *setup)
{
	int ret;

	ret = propagate(setup->plan, setup->fail);
	if (ret == 0)
		ret = pin_all(setup->plan, setup->fail);
	if (ret == 0)
		ret = nsu_netns_etc_bind(setup->plan, setup->fail);
	if (ret == 0)
		ret = nsu_target_open_all(setup);
	for (size_t i = 0; ret == 0 && i < setup->plan->n_mounts; i++)
		ret = run_mount(setup, i);
	return ret;
}

int nsu_setup_run(const struct nsu_plan *plan, int *ret_sessions_dirfd, struct nsu_fail *fail)
{
	struct nsu_setup setup = {.plan = plan, .fail = fail};
	auto_close int sessions_dirfd = -1;
	int ret;

	ret = nsu_root_refuse_chroot(fail); /* this process shares the opener's root */
	if (ret == 0)
		ret = set_names(plan, fail);
	if (ret < 0)
		return ret;
	nsu_target_begin(&setup);
	if (plan->namespaces & CLONE_NEWNS)
		ret = run_mounts(&setup);
	if (ret == 0)
		nsu_take_fd(&setup.instances.lock_fd); /* held for as long as this process lives */
	nsu_target_end(&setup);
	sessions_dirfd = setup.instances.sessions_dirfd;
	if (ret == 0 && chdir("/") < 0)
		ret = nsu_fail(fail, errno, "change to '/'");
	if (ret < 0) {
		if (sessions_dirfd >= 0)
			nsu_remove_session(plan, sessions_dirfd);
		return ret;
	}
	*ret_sessions_dirfd = nsu_take_fd(&sessions_dirfd);
	return 0;
}
