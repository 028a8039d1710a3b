/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan_spaces.h"
#include "text.h"

const char *const nsu_plan_protected_in_proc[NSU_PLAN_PROTECTED_IN_PROC] = {
	"sys", "sysrq-trigger", "irq", "bus", "acpi", "scsi", "fs", "dynamic_debug", "mtrr",
};

const char *nsu_plan_mount_name(enum nsu_plan_mount_type type)
{
	static const char *const names[NSU_PLAN_MOUNT_TYPES] = {
		[NSU_PLAN_TMPFS] = "tmpfs",       [NSU_PLAN_PROC] = "proc",         [NSU_PLAN_MQUEUE] = "mqueue",
		[NSU_PLAN_HOSTS] = "hosts",       [NSU_PLAN_INSTANCE] = "instance", [NSU_PLAN_BIND] = "bind",
		[NSU_PLAN_READONLY] = "readonly", [NSU_PLAN_MASK] = "mask",         [NSU_PLAN_EXPOSE] = "expose",
		[NSU_PLAN_SYSFS] = "sysfs",       [NSU_PLAN_CGROUP] = "cgroup",     [NSU_PLAN_NOSUID] = "nosuid",
	};

	return type < NSU_PLAN_MOUNT_TYPES ? names[type] : "unknown";
}

void nsu_plan_init(struct nsu_plan *plan)
{
	/* Mounts, id ranges and the text are written before they are read. */
	memset(plan, 0, offsetof(struct nsu_plan, mounts));
	plan->timeout_ms = NSU_TIMEOUT_MS;
	plan->enforce = true;
	plan->profile = "";
	plan->rule = "";
	plan->hostname = "";
	plan->domainname = "";
	plan->id = "";
	plan->scope_name = "";
	plan->net.name = "";
	plan->net.bridge = "";
	plan->user.max_user_namespaces = -1;
	plan->limits.parent = "";
}

int nsu_plan_text(struct nsu_plan *plan, const char *string, const char **ret_text)
{
	size_t size = strlen(string) + 1;
	char *copy = plan->text + plan->text_len;

	if (size > sizeof(plan->text) - plan->text_len)
		return -E2BIG;
	memcpy(copy, string, size);
	plan->text_len += size;
	*ret_text = copy;
	return 0;
}

void nsu_plan_note(struct nsu_plan *plan, const char *format, ...)
{
	size_t len = strlen(plan->note);
	va_list args;

	if (len > 0)
		len += (size_t)snprintf(plan->note + len, sizeof(plan->note) - len, "; ");
	if (len >= sizeof(plan->note))
		return;
	va_start(args, format);
	vsnprintf(plan->note + len, sizeof(plan->note) - len, format, args);
	va_end(args);
}

bool nsu_plan_may_be_writable(const char *path)
{
	static const char *const trees[] = {
		"/etc",
		"/usr",
		"/bin",
		"/sbin",
		"/lib",
		"/lib32",
		"/libx32",
		"/lib64",
		"/boot",
		"/root",
		"/proc",
		"/sys",
		"/opt",
		"/run/nscd",
		"/run/sudo",
		"/run/systemd",
		"/run/dbus",
		"/var/lib/sss",
		"/var/lib/nsunshare",
	};
	static const char *const places[] = {"/dev", "/run", "/var", "/var/lib"};

	for (size_t i = 0; i < NSU_COUNT(trees); i++) {
		if (strcmp(path, trees[i]) == 0 || nsu_text_is_below(path, trees[i]))
			return false;
	}
	for (size_t i = 0; i < NSU_COUNT(places); i++) {
		if (strcmp(path, places[i]) == 0)
			return false;
	}
	return true;
}

bool nsu_plan_throws_away(const struct nsu_plan *plan)
{
	for (size_t i = 0; i < plan->n_mounts; i++) {
		if (plan->mounts[i].type == NSU_PLAN_INSTANCE && plan->mounts[i].throw_away)
			return true;
	}
	return false;
}

static int check_size(const struct nsu_plan_mount *mount, struct nsu_fail *fail)
{
	bool bytes_ok = mount->size_percent == 0 && mount->size_bytes >= NSU_TMPFS_BYTES_MIN &&
	                mount->size_bytes <= NSU_TMPFS_BYTES_MAX;
	bool percent_ok = mount->size_bytes == 0 && mount->size_percent >= 1 && mount->size_percent <= 100;

	if (!bytes_ok && !percent_ok)
		return nsu_fail_because(fail, EINVAL, "tmpfs on '%s': its size is out of range", mount->path);
	if (mount->inodes < NSU_TMPFS_INODES_MIN || mount->inodes > NSU_TMPFS_INODES_MAX)
		return nsu_fail_because(fail, EINVAL, "tmpfs on '%s': its inodes are out of range", mount->path);
	return 0;
}

/* Of a tmpfs, and of an instance. */
static int check_owner(const struct nsu_plan_mount *mount, struct nsu_fail *fail)
{
	const char *name = nsu_plan_mount_name(mount->type);

	if ((mount->uid != 0 || (mount->mode & 022)) && !nsu_plan_may_be_writable(mount->path))
		return nsu_fail_because(fail, EINVAL,
		                        "%s on '%s': a place of the system that others than root could write (mode = "
		                        "\"0755\"; owner = \"root\")",
		                        name, mount->path);
	if (mount->mode > 01777 || mount->uid == (uid_t)-1 || mount->gid == (gid_t)-1)
		return nsu_fail_because(fail, EINVAL, "%s on '%s': its mode or owner is out of range", name,
		                        mount->path);
	return 0;
}

static int check_instance(const struct nsu_plan *plan, const struct nsu_plan_mount *mount, struct nsu_fail *fail)
{
	if (plan->uid == (uid_t)-1)
		return nsu_fail_because(fail, EINVAL, "instance on '%s': the plan has no user", mount->path);
	if (plan->id[0] == '\0')
		return nsu_fail_because(fail, EINVAL, "instance on '%s': the plan has no id", mount->path);
	if (mount->throw_away && !(plan->namespaces & CLONE_NEWPID))
		return nsu_fail_because(fail, EINVAL,
		                        "instance on '%s' that is removed at logout needs the pid namespace",
		                        mount->path);
	return check_owner(mount, fail);
}

static int check_proc(const struct nsu_plan *plan, const struct nsu_plan_mount *mount, struct nsu_fail *fail)
{
	if (!(plan->namespaces & CLONE_NEWPID))
		return nsu_fail_because(fail, EINVAL, "proc on '%s' needs the pid namespace", mount->path);
	switch (mount->hidepid) {
	case NSU_PLAN_HIDEPID_OFF:
	case NSU_PLAN_HIDEPID_NOACCESS:
	case NSU_PLAN_HIDEPID_INVISIBLE:
	case NSU_PLAN_HIDEPID_PTRACEABLE:
		return 0;
	default:
		return nsu_fail_because(fail, EINVAL, "proc on '%s': its hidepid is out of range", mount->path);
	}
}

/* What the host's own root could write in them, that of a user namespace could too. */
static int check_host_view(const struct nsu_plan *plan, const struct nsu_plan_mount *mount, struct nsu_fail *fail)
{
	unsigned wanted = mount->type == NSU_PLAN_SYSFS ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWCGROUP;
	const char *name = nsu_plan_mount_name(mount->type);

	if (!(plan->namespaces & wanted))
		return nsu_fail_because(fail, EINVAL, "%s on '%s' needs the %s namespace", name, mount->path,
		                        mount->type == NSU_PLAN_SYSFS ? "net" : "cgroup or net");
	if ((plan->namespaces & CLONE_NEWUSER) && !mount->read_only)
		return nsu_fail_because(fail, EINVAL, "%s on '%s' must be read-only with the user namespace", name,
		                        mount->path);
	return 0;
}

/* Masks and the hosts file are made in the session's own NSU_RUN_DIR: it must be there before them, and root's. */
static int check_run_dir(const struct nsu_plan *plan, size_t index, struct nsu_fail *fail)
{
	for (size_t i = 0; i < index; i++) {
		const struct nsu_plan_mount *mount = &plan->mounts[i];

		if (mount->type == NSU_PLAN_TMPFS && strcmp(mount->path, NSU_RUN_DIR) == 0 && mount->uid == 0 &&
		    !(mount->mode & 022))
			return 0;
	}
	return nsu_fail_because(fail, EINVAL, "%s on '%s' needs a tmpfs of root's on '%s' before it",
	                        nsu_plan_mount_name(plan->mounts[index].type), plan->mounts[index].path, NSU_RUN_DIR);
}

/* What only mounts of one type have to keep. */
static int check_type(const struct nsu_plan *plan, size_t index, struct nsu_fail *fail)
{
	const struct nsu_plan_mount *mount = &plan->mounts[index];
	int ret;

	switch (mount->type) {
	case NSU_PLAN_TMPFS:
		ret = check_size(mount, fail);
		return ret < 0 ? ret : check_owner(mount, fail);
	case NSU_PLAN_PROC:
		return check_proc(plan, mount, fail);
	case NSU_PLAN_INSTANCE:
		return check_instance(plan, mount, fail);
	case NSU_PLAN_MQUEUE:
		if (!(plan->namespaces & CLONE_NEWIPC))
			return nsu_fail_because(fail, EINVAL, "mqueue on '%s' needs the ipc namespace", mount->path);
		return 0;
	case NSU_PLAN_HOSTS:
		if (plan->hostname[0] == '\0')
			return nsu_fail_because(fail, EINVAL, "hosts on '%s' needs a host name", mount->path);
		return check_run_dir(plan, index, fail);
	case NSU_PLAN_MASK:
		return check_run_dir(plan, index, fail);
	case NSU_PLAN_BIND:
		if (!mount->source || !nsu_text_is_path(mount->source))
			return nsu_fail_because(fail, EINVAL, "bind on '%s': its source is not a clean absolute path",
			                        mount->path);
		return 0;
	case NSU_PLAN_SYSFS:
	case NSU_PLAN_CGROUP:
		return check_host_view(plan, mount, fail);
	case NSU_PLAN_READONLY:
	case NSU_PLAN_EXPOSE:
	case NSU_PLAN_NOSUID:
		return 0;
	case NSU_PLAN_MOUNT_TYPES:
	default:
		return nsu_fail_because(fail, EINVAL, "mount on '%s': its type is out of range", mount->path);
	}
}

static bool hides_or_protects(const struct nsu_plan_mount *mount)
{
	return mount->type == NSU_PLAN_MASK || mount->type == NSU_PLAN_READONLY ||
	       (mount->type == NSU_PLAN_BIND && mount->read_only);
}

/* What is of the host would show again, without that, what an earlier mount in it hides or protects. */
static bool uncovers(const struct nsu_plan_mount *mount, const struct nsu_plan_mount *earlier)
{
	return mount->type == NSU_PLAN_BIND && hides_or_protects(earlier) &&
	       nsu_text_is_below(earlier->path, mount->path);
}

static int check_mount(const struct nsu_plan *plan, size_t index, struct nsu_fail *fail)
{
	const struct nsu_plan_mount *mount = &plan->mounts[index];

	if (!nsu_text_is_path(mount->path))
		return nsu_fail_because(fail, EINVAL, "mount %zu: its path is not a clean absolute path", index);
	for (size_t i = 0; i < index; i++) {
		const struct nsu_plan_mount *earlier = &plan->mounts[i];

		if (strcmp(earlier->path, mount->path) == 0)
			return nsu_fail_because(fail, EINVAL, "two mounts on '%s'", mount->path);
		if (earlier->type == NSU_PLAN_MASK && nsu_text_is_below(mount->path, earlier->path))
			return nsu_fail_because(fail, EINVAL, "%s on '%s': it lies below the mask on '%s'",
			                        nsu_plan_mount_name(mount->type), mount->path, earlier->path);
		if (mount->type == NSU_PLAN_EXPOSE && nsu_text_is_below(earlier->path, mount->path))
			return nsu_fail_because(fail, EINVAL, "expose '%s': it would undo the %s on '%s'", mount->path,
			                        nsu_plan_mount_name(earlier->type), earlier->path);
		if (uncovers(mount, earlier))
			return nsu_fail_because(fail, EINVAL, "%s on '%s': it would cover the %s on '%s', made before",
			                        nsu_plan_mount_name(mount->type), mount->path,
			                        nsu_plan_mount_name(earlier->type), earlier->path);
	}
	return check_type(plan, index, fail);
}

static int check_namespaces(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	bool has_mounts = plan->n_mounts > 0 || (plan->namespaces & CLONE_NEWPID);

	if (plan->namespaces == 0)
		return nsu_fail_because(fail, EINVAL, "the plan has no namespace");
	if (has_mounts && !(plan->namespaces & CLONE_NEWNS))
		return nsu_fail_because(fail, EINVAL, "mounts and the pid namespace need the mount namespace");
	if (has_mounts && plan->propagation != NSU_PLAN_PRIVATE && plan->propagation != NSU_PLAN_SLAVE)
		return nsu_fail_because(fail, EINVAL,
		                        "propagation other than private and slave is for a session without mounts "
		                        "of its own, which would appear on the host");
	return 0;
}

static int check_name(const struct nsu_plan *plan, const char *name, const char *what, struct nsu_fail *fail)
{
	char clean[NSU_HOSTNAME_MAX + 1];

	if (name[0] != '\0' && !(plan->namespaces & CLONE_NEWUTS))
		return nsu_fail_because(fail, EINVAL, "a %s name needs the uts namespace", what);
	if (strlen(name) > NSU_HOSTNAME_MAX)
		return nsu_fail_because(fail, EINVAL, "the %s name is too long", what);
	snprintf(clean, sizeof(clean), "%s", name);
	if (name[0] != '\0' && (!nsu_text_clean_hostname(clean) || strcmp(clean, name) != 0))
		return nsu_fail_because(fail, EINVAL, "the %s name is not a valid one", what);
	return 0;
}

/* It becomes the name of a directory: "" or as nsu_subject_look_up() makes it. */
static bool is_id(const char *id)
{
	return id[0] == '\0' || (strlen(id) == NSU_ID_LEN && strspn(id, "0123456789abcdef") == NSU_ID_LEN);
}

int nsu_plan_check(const struct nsu_plan *plan, struct nsu_fail *fail)
{
	int ret;

	if (plan->leave_alone)
		return 0;
	ret = check_namespaces(plan, fail);
	if (ret == 0)
		ret = check_name(plan, plan->hostname, "host", fail);
	if (ret == 0)
		ret = check_name(plan, plan->domainname, "domain", fail);
	if (ret == 0)
		ret = nsu_plan_check_spaces(plan, fail);
	if (ret < 0)
		return ret;
	if (!is_id(plan->id))
		return nsu_fail_because(fail, EINVAL, "the id of the session is not %d hexadecimal digits", NSU_ID_LEN);
	if (plan->timeout_ms < NSU_TIMEOUT_MIN_MS || plan->timeout_ms > NSU_TIMEOUT_MAX_MS ||
	    plan->stop_timeout_ms > NSU_STOP_TIMEOUT_MAX_MS)
		return nsu_fail_because(fail, EINVAL, "a time limit is out of range");
	for (size_t i = 0; i < plan->n_mounts; i++) {
		ret = check_mount(plan, i, fail);
		if (ret < 0)
			return ret;
	}
	return 0;
}
