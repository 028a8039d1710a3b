/* SPDX-License-Identifier: BSD-3-Clause */
/* From settings and a subject to a plan: templates expanded, and what the namespaces imply added. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "policy_match.h"
#include "policy_parse.h"
#include "template.h"
#include "text.h"

struct resolve {
	struct nsu_decision *decision;
	const struct nsu_effective *effective;
	struct nsu_subject *subject;
	struct nsu_plan *plan;
	struct nsu_fail *fail;
};

static int keep(const struct resolve *resolve, const char *text, const char **place)
{
	if (nsu_plan_text(resolve->plan, text, place) < 0)
		return nsu_fail(resolve->fail, E2BIG, "plan the session: its texts are too long");
	return 0;
}

/* A template that can not be expanded for this login: says where it stands. Return: @ret. */
static int fail_at(const struct resolve *resolve, const struct nsu_origin *origin, int ret, const struct nsu_fail *why)
{
	char place[NSU_PATH_MAX + 16], line[NSU_FAIL_TEXT_MAX + 128];

	return nsu_fail_because(resolve->fail, -ret, "%s: %s", nsu_policy_origin(origin, place, sizeof(place)),
	                        nsu_fail_line(why, line, sizeof(line)));
}

static int expand_path(const struct resolve *resolve, const char *template, const struct nsu_origin *origin,
                       char path[NSU_PATH_MAX])
{
	struct nsu_fail why = NSU_FAIL_INIT;
	int ret = nsu_template_path(template, resolve->subject, path, NSU_PATH_MAX, &why);

	return ret < 0 ? fail_at(resolve, origin, ret, &why) : 0;
}

static int add_mount(const struct resolve *resolve, const char *template, const struct nsu_plan_mount *mount,
                     const struct nsu_origin *origin)
{
	struct nsu_plan *plan = resolve->plan;
	struct nsu_plan_mount *new;
	char path[NSU_PATH_MAX];
	int ret;

	ret = expand_path(resolve, template, origin, path);
	if (ret < 0)
		return ret;
	if (plan->n_mounts == NSU_COUNT(plan->mounts))
		return nsu_fail(resolve->fail, E2BIG, "plan the mounts");
	new = &plan->mounts[plan->n_mounts];
	*new = *mount;
	ret = keep(resolve, path, &new->path);
	if (ret < 0)
		return ret;
	if (!new->source)
		new->source = "";
	resolve->decision->mount_origins[plan->n_mounts++] = *origin;
	return 0;
}

/* Files belong to ids outside: what the login is inside a user namespace may be another there. */
static uint32_t owner(const struct nsu_plan *plan, const struct nsu_plan_range *ranges, size_t n, uint32_t id)
{
	uint32_t outside = id;

	if (plan->namespaces & CLONE_NEWUSER)
		nsu_plan_outside(ranges, n, id, &outside);
	return outside;
}

static int add_spec(const struct resolve *resolve, const struct nsu_mount_spec *spec)
{
	const struct nsu_subject *subject = resolve->subject;
	const struct nsu_plan *plan = resolve->plan;
	struct nsu_plan_mount mount = {.type = (enum nsu_plan_mount_type)spec->type, .optional = spec->optional};
	char source[NSU_PATH_MAX];
	int ret;

	mount.noexec = spec->noexec;
	mount.read_only = spec->read_only;
	mount.recursive = mount.type == NSU_PLAN_READONLY && spec->recursive;
	mount.throw_away = spec->throw_away;
	if (mount.type == NSU_PLAN_TMPFS) {
		mount.size_bytes = spec->size.percent ? 0 : spec->size.bytes;
		mount.size_percent = spec->size.percent;
		mount.inodes = spec->inodes;
	}
	if (mount.type == NSU_PLAN_TMPFS || mount.type == NSU_PLAN_INSTANCE) {
		mount.mode = (mode_t)spec->mode;
		mount.uid = spec->owner_is_user ? owner(plan, plan->user.uids, plan->user.n_uids, subject->uid) : 0;
		mount.gid = spec->owner_is_user ? owner(plan, plan->user.gids, plan->user.n_gids, subject->gid) : 0;
	}
	if (mount.type == NSU_PLAN_BIND) {
		ret = expand_path(resolve, spec->source, &spec->origin, source);
		if (ret == 0)
			ret = keep(resolve, source, &mount.source);
		if (ret < 0)
			return ret;
	}
	if (mount.throw_away && !(plan->namespaces & CLONE_NEWPID))
		return nsu_policy_wrong(resolve->fail, &spec->origin, "remove",
		                        "an instance that ends with its session needs the namespace \"pid\", which "
		                        "service %s gets only from a rule whose `service` names it",
		                        subject->service);
	return add_mount(resolve, spec->path, &mount, &spec->origin);
}

/* Does the policy itself put something on this path? Then nothing is implied there. */
static bool policy_mounts(const struct resolve *resolve, const char *path)
{
	for (size_t i = 0; i < resolve->effective->n_mounts; i++) {
		if (strcmp(resolve->effective->mounts[i]->path, path) == 0)
			return true;
	}
	return false;
}

static int add_implied_mount(const struct resolve *resolve, const char *path, const struct nsu_plan_mount *mount)
{
	struct nsu_origin origin = {NSU_ORIGIN_IMPLIED, 0};

	return policy_mounts(resolve, path) ? 0 : add_mount(resolve, path, mount, &origin);
}

/* How many mounts of the policy come first, since one of them covers a place that is implied: a tmpfs on /run. */
static size_t count_covering(const struct resolve *resolve, const char *path)
{
	size_t n = resolve->effective->n_mounts;

	while (n > 0 && !nsu_text_is_below(path, resolve->effective->mounts[n - 1]->path))
		n--;
	return n;
}

struct implied {
	const char *path;
	bool is_wanted;
	struct nsu_plan_mount mount;
};

/*
 * What a new namespace needs to be seen: proc of pid (and no pkexec: design.md, fact (bg)), /dev/mqueue and /dev/shm of ipc, NSU_RUN_DIR
 * of mount (the marker, the file for /etc/hosts, and it hides the host's records), /etc/hosts of a host name. Late if the policy mounts above.
 */
static int add_implied(const struct resolve *resolve, bool is_late, bool run_is_late)
{
	const struct nsu_settings *values = &resolve->effective->values;
	const struct nsu_plan *plan = resolve->plan;
	bool has_pid = plan->namespaces & CLONE_NEWPID, has_ipc = plan->namespaces & CLONE_NEWIPC;
	bool has_net = plan->namespaces & CLONE_NEWNET, has_user = plan->namespaces & CLONE_NEWUSER;
	bool has_marker = plan->propagation == NSU_PLAN_PRIVATE || plan->propagation == NSU_PLAN_SLAVE;
	const struct implied implied[] = {
		{values->proc_path,
	         has_pid && !is_late,
	         {.type = NSU_PLAN_PROC,
	          .hidepid = (enum nsu_plan_hidepid)values->hidepid,
	          .subset_pid = values->subset_pid}},
		{"/sys", has_net && !is_late, {.type = NSU_PLAN_SYSFS, .read_only = has_user}},
		{"/sys",
	         has_user && !has_net && !is_late,
	         {.type = NSU_PLAN_READONLY, .optional = true, .recursive = true}},
		{"/sys/fs/cgroup",
	         (has_net || (plan->namespaces & CLONE_NEWCGROUP)) && !is_late,
	         {.type = NSU_PLAN_CGROUP, .optional = true, .read_only = has_user}},
		{"/dev/mqueue", has_ipc && !is_late, {.type = NSU_PLAN_MQUEUE, .optional = true}},
		{"/dev/shm",
	         has_ipc && !is_late,
	         {.type = NSU_PLAN_TMPFS,
	          .optional = true,
	          .size_bytes = NSU_TMPFS_BYTES,
	          .inodes = NSU_TMPFS_INODES,
	          .mode = 01777}},
		{NSU_RUN_DIR,
	         has_marker && is_late == run_is_late,
	         {.type = NSU_PLAN_TMPFS,
	          .noexec = true,
	          .size_bytes = NSU_HOSTS_MAX + NSU_TMPFS_BYTES_MIN,
	          .inodes = NSU_TMPFS_INODES_MIN,
	          .mode = 0700}},
		{NSU_PKEXEC, has_pid && !is_late, {.type = NSU_PLAN_NOSUID, .optional = true}},
		{"/etc/hosts", plan->hostname[0] && is_late == run_is_late, {.type = NSU_PLAN_HOSTS, .optional = true}},
	};

	for (size_t i = 0; i < NSU_COUNT(implied); i++) {
		int ret = implied[i].is_wanted ? add_implied_mount(resolve, implied[i].path, &implied[i].mount) : 0;

		if (ret < 0)
			return ret;
	}
	return 0;
}

/*
 * What of a proc reaches the host is read-only for the root of a user namespace: of the fresh one, and of the host's, which
 * is there still where the fresh one is elsewhere or missing.
 */
static int protect_proc(const struct resolve *resolve, const char *proc_path)
{
	static const struct nsu_plan_mount read_only = {.type = NSU_PLAN_READONLY, .recursive = true, .optional = true};
	char path[NSU_PATH_MAX];
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < NSU_PLAN_PROTECTED_IN_PROC; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", proc_path, nsu_plan_protected_in_proc[i]) >=
		    (int)sizeof(path))
			return nsu_fail(resolve->fail, ENAMETOOLONG, "plan the mounts");
		ret = add_implied_mount(resolve, path, &read_only);
	}
	return ret;
}

static int add_protection(const struct resolve *resolve)
{
	const char *proc_path = resolve->effective->values.proc_path;
	unsigned namespaces = resolve->plan->namespaces;
	int ret;

	if (!(namespaces & CLONE_NEWUSER))
		return 0;
	ret = protect_proc(resolve, "/proc");
	if (ret == 0 && (namespaces & CLONE_NEWPID) && strcmp(proc_path, "/proc") != 0)
		ret = protect_proc(resolve, proc_path);
	return ret;
}

/* What the policy mounts already has nothing below it that is the host's. */
static int add_exposed(const struct resolve *resolve)
{
	const struct nsu_strings *expose = &resolve->effective->values.expose;
	struct nsu_origin origin = resolve->effective->origins[NSU_KEY_EXPOSE];
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < expose->n; i++) {
		const struct nsu_plan_mount mount = {.type = NSU_PLAN_EXPOSE, .optional = true};

		origin.line = expose->items[i].line;
		ret = add_mount(resolve, expose->items[i].text, &mount, &origin);
	}
	return ret;
}

static int resolve_mounts(const struct resolve *resolve)
{
	const struct nsu_effective *effective = resolve->effective;
	size_t n_covering = count_covering(resolve, NSU_RUN_DIR);
	int ret;

	if (!(resolve->plan->namespaces & CLONE_NEWNS))
		return 0;
	ret = add_implied(resolve, false, n_covering > 0);
	if (ret == 0)
		ret = add_protection(resolve);
	for (size_t i = 0; ret == 0 && i < effective->n_mounts; i++) {
		ret = add_spec(resolve, effective->mounts[i]);
		if (ret == 0 && i + 1 == n_covering)
			ret = add_implied(resolve, true, true);
	}
	return ret < 0 ? ret : add_exposed(resolve);
}

/* Of the host, or of its domain; "" stays so. */
static int resolve_name(const struct resolve *resolve, enum nsu_key key, const char *template, const char **place)
{
	struct nsu_fail why = NSU_FAIL_INIT;
	char name[NSU_PATH_MAX];
	int ret;

	*place = "";
	if (template[0] == '\0')
		return 0;
	ret = nsu_template_hostname(template, resolve->subject, name, sizeof(name), &why);
	return ret < 0 ? fail_at(resolve, &resolve->effective->origins[key], ret, &why) : keep(resolve, name, place);
}

static int resolve_environment(const struct resolve *resolve)
{
	const struct nsu_strings *environment = &resolve->effective->values.environment;
	struct nsu_origin origin = resolve->effective->origins[NSU_KEY_ENVIRONMENT];
	struct nsu_plan *plan = resolve->plan;
	char text[NSU_PATH_MAX];

	for (size_t i = 0; i < environment->n; i++) {
		struct nsu_fail why = NSU_FAIL_INIT;
		const char *entry = environment->items[i].text;
		size_t len = strcspn(entry, "=") + 1;
		int ret;

		if (len >= sizeof(text))
			return nsu_fail(resolve->fail, ENAMETOOLONG, "expand the environment");
		memcpy(text, entry, len);
		ret = nsu_template_value(entry + len, resolve->subject, text + len, sizeof(text) - len, &why);
		origin.line = environment->items[i].line;
		if (ret < 0)
			return fail_at(resolve, &origin, ret, &why);
		ret = keep(resolve, text, &plan->environment[i]);
		if (ret < 0)
			return ret;
		plan->n_environment = i + 1;
	}
	return 0;
}

static bool strings_want_group(const struct nsu_strings *strings)
{
	for (size_t i = 0; i < strings->n; i++) {
		if (strstr(strings->items[i].text, "%g"))
			return true;
	}
	return false;
}

/* The group's name is asked only where a template wants it. (One that has "%%g" asks for nothing.) */
static bool wants_group(const struct nsu_effective *effective)
{
	const struct nsu_settings *values = &effective->values;

	if (strstr(values->hostname, "%g") || strstr(values->domainname, "%g") || strstr(values->proc_path, "%g") ||
	    strings_want_group(&values->expose) || strings_want_group(&values->environment))
		return true;
	for (size_t i = 0; i < effective->n_mounts; i++) {
		const struct nsu_mount_spec *mount = effective->mounts[i];

		if (strstr(mount->path, "%g") || (mount->source && strstr(mount->source, "%g")))
			return true;
	}
	return false;
}

static unsigned resolve_namespaces(const struct nsu_effective *effective, const struct nsu_subject *subject,
                                   bool keep_pid, struct nsu_plan *plan)
{
	unsigned namespaces = effective->values.namespaces;

	/* Of these each has something to be mounted, or to be locked. */
	if (namespaces & (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWUSER))
		namespaces |= CLONE_NEWNS;
	if (effective->n_mounts > 0 || effective->values.expose.n > 0)
		namespaces |= CLONE_NEWNS;
	if (!keep_pid)
		namespaces &= ~(unsigned)CLONE_NEWPID;
	if (!keep_pid && namespaces == CLONE_NEWNS && effective->n_mounts == 0)
		nsu_plan_note(
			plan,
			"service %s gets no pid namespace unless the rule's `service` names it, and of profile %s "
			"nothing else is left",
			subject->service, plan->profile);
	return namespaces;
}

static int resolve_texts(const struct resolve *resolve)
{
	const struct nsu_settings *values = &resolve->effective->values;
	struct nsu_plan *plan = resolve->plan;
	int ret;

	if (wants_group(resolve->effective)) {
		ret = nsu_subject_name_group(resolve->subject, resolve->fail);
		if (ret < 0)
			return ret;
	}
	ret = keep(resolve, resolve->subject->id, &plan->id);
	if (ret == 0)
		ret = resolve_name(resolve, NSU_KEY_HOSTNAME, values->hostname, &plan->hostname);
	if (ret == 0)
		ret = resolve_name(resolve, NSU_KEY_DOMAINNAME, values->domainname, &plan->domainname);
	return ret < 0 ? ret : resolve_environment(resolve);
}

int nsu_resolve_plan(struct nsu_decision *decision, struct nsu_subject *subject, bool keep_pid, struct nsu_plan *plan,
                     struct nsu_fail *fail)
{
	struct resolve resolve = {decision, &decision->effective, subject, plan, fail};
	const struct nsu_settings *values = &decision->effective.values;
	int ret;

	plan->namespaces = resolve_namespaces(&decision->effective, subject, keep_pid, plan);
	plan->propagation = (enum nsu_plan_propagation)values->propagation;
	plan->timeout_ms = values->timeout_ms;
	plan->stop_timeout_ms = values->stop_timeout_ms;
	plan->enforce = values->enforce;
	plan->allow_on_error = values->on_error == 1;
	plan->nested = (enum nsu_plan_nested)values->nested;
	ret = nsu_resolve_scope(&decision->effective, subject, plan, fail);
	if (ret == 0)
		ret = resolve_texts(&resolve);
	if (ret == 0)
		ret = nsu_resolve_spaces(&decision->effective, subject, plan, fail);
	if (ret == 0)
		ret = resolve_mounts(&resolve);
	return ret < 0 ? ret : nsu_plan_check(plan, fail);
}
