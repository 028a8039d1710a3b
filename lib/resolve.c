/* SPDX-License-Identifier: BSD-3-Clause */
/* From settings and a subject to a plan: templates expanded, and what the namespaces imply added. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "policy_parse.h"
#include "template.h"

struct resolve {
	const struct nsu_settings *settings;
	struct nsu_subject *subject;
	struct nsu_plan *plan;
	struct nsu_fail *fail;
};

static int add_mount(const struct resolve *resolve, const char *path, const struct nsu_plan_mount *mount)
{
	struct nsu_plan *plan = resolve->plan;
	struct nsu_plan_mount *new;

	if (plan->n_mounts == NSU_COUNT(plan->mounts))
		return nsu_fail(resolve->fail, E2BIG, "plan the mounts");
	new = &plan->mounts[plan->n_mounts];
	*new = *mount;
	if (nsu_plan_text(plan, path, &new->path) < 0)
		return nsu_fail(resolve->fail, E2BIG, "plan the mounts");
	plan->n_mounts++;
	return 0;
}

static int add_spec(const struct resolve *resolve, const struct nsu_mount_spec *spec)
{
	const struct nsu_subject *subject = resolve->subject;
	struct nsu_plan_mount mount = {
		.type = (enum nsu_plan_mount_type)spec->type,
		.optional = spec->optional,
		.noexec = spec->noexec,
		.size_bytes = spec->size.percent ? 0 : spec->size.bytes,
		.size_percent = spec->size.percent,
		.inodes = spec->inodes,
		.mode = (mode_t)spec->mode,
		.uid = spec->owner_is_user ? subject->uid : 0,
		.gid = spec->owner_is_user ? subject->gid : 0,
	};
	char path[NSU_PATH_MAX];
	int ret;

	ret = nsu_template_path(spec->path, subject, path, sizeof(path), resolve->fail);
	if (ret < 0)
		return ret;
	return add_mount(resolve, path, &mount);
}

/* Does the policy itself put something on this path? Then nothing is implied there. */
static bool policy_mounts(const struct resolve *resolve, const char *path)
{
	for (size_t i = 0; i < resolve->settings->n_mounts; i++) {
		if (strcmp(resolve->settings->mounts[i].path, path) == 0)
			return true;
	}
	return false;
}

/* What a new namespace needs to be seen: /proc of pid, /dev/mqueue and /dev/shm of ipc, /etc/hosts of a host name. */
static int add_implied(const struct resolve *resolve)
{
	static const struct {
		unsigned flag;
		const char *path;
		struct nsu_plan_mount mount;
	} implied[] = {
		{CLONE_NEWPID, "/proc", {.type = NSU_PLAN_PROC}},
		{CLONE_NEWIPC, "/dev/mqueue", {.type = NSU_PLAN_MQUEUE, .optional = true}},
		{CLONE_NEWIPC,
	         "/dev/shm",
	         {.type = NSU_PLAN_TMPFS,
	          .optional = true,
	          .size_bytes = NSU_TMPFS_BYTES,
	          .inodes = NSU_TMPFS_INODES,
	          .mode = 01777}},
		{CLONE_NEWUTS, /* where the next one's file lives; it also hides the host's records */
	         NSU_RUN_DIR,
	         {.type = NSU_PLAN_TMPFS,
	          .noexec = true,
	          .size_bytes = NSU_HOSTS_MAX + NSU_TMPFS_BYTES_MIN,
	          .inodes = NSU_TMPFS_INODES_MIN,
	          .mode = 0700}},
		{CLONE_NEWUTS, "/etc/hosts", {.type = NSU_PLAN_HOSTS, .optional = true}},
	};

	for (size_t i = 0; i < NSU_COUNT(implied); i++) {
		int ret;

		if (!(resolve->plan->namespaces & implied[i].flag) || policy_mounts(resolve, implied[i].path))
			continue;
		if (implied[i].flag == CLONE_NEWUTS && !resolve->plan->hostname[0])
			continue;
		ret = add_mount(resolve, implied[i].path, &implied[i].mount);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int resolve_hostname(const struct resolve *resolve)
{
	const struct nsu_settings *settings = resolve->settings;
	char name[NSU_PATH_MAX];
	int ret;

	if (settings->hostname[0] == '\0')
		return 0;
	ret = nsu_template_hostname(settings->hostname, resolve->subject, name, sizeof(name), resolve->fail);
	if (ret < 0)
		return ret;
	if (nsu_plan_text(resolve->plan, name, &resolve->plan->hostname) < 0)
		return nsu_fail(resolve->fail, E2BIG, "plan the host name");
	return 0;
}

static int resolve_mounts(const struct resolve *resolve)
{
	int ret;

	if (!(resolve->plan->namespaces & CLONE_NEWNS))
		return 0;
	ret = add_implied(resolve);
	for (size_t i = 0; ret == 0 && i < resolve->settings->n_mounts; i++)
		ret = add_spec(resolve, &resolve->settings->mounts[i]);
	return ret;
}

/* The group's name is asked only where a template wants it. (One that has "%%g" asks for nothing.) */
static bool wants_group(const struct nsu_settings *settings)
{
	bool wants = strstr(settings->hostname, "%g") != NULL;

	for (size_t i = 0; i < settings->n_mounts; i++)
		wants = wants || strstr(settings->mounts[i].path, "%g");
	return wants;
}

int nsu_resolve_plan(const struct nsu_settings *settings, struct nsu_subject *subject, bool keep_pid,
                     struct nsu_plan *plan, struct nsu_fail *fail)
{
	struct resolve resolve = {settings, subject, plan, fail};
	unsigned namespaces = settings->namespaces;
	int ret;

	if (settings->n_mounts > 0 || (namespaces & CLONE_NEWPID))
		namespaces |= CLONE_NEWNS;
	if (!keep_pid)
		namespaces &= ~(unsigned)CLONE_NEWPID;
	if (!keep_pid && namespaces == CLONE_NEWNS && settings->n_mounts == 0)
		nsu_plan_note(
			plan,
			"service %s gets no pid namespace unless the rule's `service` names it, and of profile %s "
			"nothing else is left",
			subject->service, plan->profile);
	plan->namespaces = namespaces;
	plan->propagation = (enum nsu_plan_propagation)settings->propagation;
	plan->timeout_ms = settings->timeout_ms;
	plan->stop_timeout_ms = settings->stop_timeout_ms;
	plan->enforce = settings->enforce;
	plan->allow_on_error = settings->on_error == 1;
	if (wants_group(settings)) {
		ret = nsu_subject_name_group(subject, fail);
		if (ret < 0)
			return ret;
	}
	ret = resolve_hostname(&resolve);
	if (ret < 0)
		return ret;
	ret = resolve_mounts(&resolve);
	if (ret < 0)
		return ret;
	return nsu_plan_check(plan, fail);
}
