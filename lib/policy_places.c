/* SPDX-License-Identifier: BSD-3-Clause */
/* What the paths of a policy are on this host: at a login the helper refuses what is told as an error here. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "fsat.h"
#include "policy_examine.h"
#include "policy_parse.h"
#include "text.h"

struct places {
	const struct nsu_effective *effective;
	const struct nsu_origin *origin;
	struct nsu_findings *findings;
};

/* A template that is the same for everybody. Return: whether it is; @path is it then. */
static bool is_literal(const char *template, char path[NSU_PATH_MAX])
{
	size_t len = 0;

	for (const char *c = template; *c; c++) {
		if (*c == '%' && *++c != '%')
			return false;
		if (len == NSU_PATH_MAX - 1)
			return false;
		path[len++] = *c;
	}
	path[len] = '\0';
	return true;
}

/* Where the policy has the line, else where the rule is. */
static const struct nsu_origin *where(const struct places *places, const struct nsu_origin *origin)
{
	return origin->line ? origin : places->origin;
}

/* Is a path in what an earlier mount of the policy, or an implied one, puts there? It is made there if need be. */
static bool is_inside(const struct places *places, size_t n_before, const char *path)
{
	static const char *const implied[] = {"/dev/shm", "/dev/mqueue"};

	for (size_t i = 0; i < n_before; i++) {
		const struct nsu_mount_spec *before = places->effective->mounts[i];

		if (before->type != NSU_PLAN_READONLY && nsu_text_is_below(path, before->path))
			return true;
	}
	for (size_t i = 0; places->effective->values.namespaces & CLONE_NEWIPC && i < NSU_COUNT(implied); i++) {
		if (nsu_text_is_below(path, implied[i]))
			return true;
	}
	return false;
}

/* Return: 0 with a descriptor of it, or -1 as the descriptor if what is wrong was told. */
static int open_place(const struct places *places, const struct nsu_origin *origin, const char *key, const char *path,
                      bool is_optional, int *ret_fd)
{
	int ret = nsu_fsat_open_any(AT_FDCWD, path, ret_fd);

	if (ret == 0)
		return 0;
	*ret_fd = -1;
	if (ret == -ENOENT && is_optional)
		return 0;
	if (ret == -ENOENT)
		return nsu_findings_add(places->findings, NSU_POLICY_ERROR, origin,
		                        "key '%s': '%s' does not exist on this host: logins would be refused "
		                        "(optional = true leaves it out then)",
		                        key, path);
	if (ret == -ELOOP)
		return nsu_findings_add(places->findings, NSU_POLICY_ERROR, origin,
		                        "key '%s': '%s' has a symbolic link in it: logins would be refused (write "
		                        "where it leads)",
		                        key, path);
	return nsu_findings_add(places->findings, NSU_POLICY_ERROR, origin, "key '%s': '%s': %s", key, path,
	                        strerror(-ret));
}

/* What is hidden or read-only can be moved away by whoever may write in a directory above. */
static int examine_parents(const struct places *places, const struct nsu_origin *origin, const char *path)
{
	struct nsu_fsat_walk walk = {.dirfd = AT_FDCWD, .path = path};
	auto_close int fd = -1;
	int ret = nsu_fsat_walk(&walk, &fd);

	if (ret != -EPERM || !walk.reason)
		return 0;
	return nsu_findings_add(places->findings, NSU_POLICY_ERROR, origin,
	                        "key 'path': '%s' could be moved away or removed from outside: '%.*s' %s", path,
	                        (int)(walk.reason_len ? walk.reason_len : 1), path, walk.reason);
}

static bool needs_directory(unsigned type)
{
	return type == NSU_PLAN_TMPFS || type == NSU_PLAN_INSTANCE;
}

/* What must not be moved away by the user. */
static bool must_stay(const struct nsu_mount_spec *mount)
{
	return mount->type == NSU_PLAN_MASK || mount->type == NSU_PLAN_READONLY ||
	       (mount->type == NSU_PLAN_BIND && mount->read_only);
}

static int examine_target(const struct places *places, const struct nsu_mount_spec *mount, const char *path)
{
	const struct nsu_origin *origin = where(places, &mount->origin);
	auto_close int fd = -1;
	struct stat st;
	int ret;

	ret = open_place(places, origin, "path", path, mount->optional, &fd);
	if (ret < 0 || fd < 0)
		return ret;
	if (needs_directory(mount->type) && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		return nsu_findings_add(places->findings, NSU_POLICY_ERROR, origin,
		                        "key 'path': '%s' is not a directory: logins would be refused", path);
	return must_stay(mount) ? examine_parents(places, origin, path) : 0;
}

static int examine_mount(const struct places *places, size_t index)
{
	const struct nsu_mount_spec *mount = places->effective->mounts[index];
	auto_close int source_fd = -1;
	char path[NSU_PATH_MAX];
	int ret = 0;

	if (is_inside(places, index, mount->path))
		ret = 0;
	else if (strncmp(mount->path, "%h/", 3) == 0 && must_stay(mount))
		ret = nsu_findings_add(places->findings, NSU_POLICY_ERROR, where(places, &mount->origin),
		                       "key 'path': '%s' could be moved away or removed from outside: the home is the "
		                       "user's",
		                       mount->path);
	else if (is_literal(mount->path, path))
		ret = examine_target(places, mount, path);
	if (ret == 0 && mount->source && is_literal(mount->source, path))
		ret = open_place(places, where(places, &mount->origin), "source", path, mount->optional, &source_fd);
	return ret;
}

/* Does a mount of the session hide what is exposed? By the texts of the templates. */
static bool is_hidden(const struct places *places, const char *path)
{
	return is_inside(places, places->effective->n_mounts, path) || nsu_text_is_below(path, NSU_RUN_DIR) ||
	       strcmp(path, "/dev/shm") == 0 || strcmp(path, "/dev/mqueue") == 0;
}

static int examine_exposed(const struct places *places, const struct nsu_item *item)
{
	struct nsu_origin origin = {places->effective->origins[NSU_KEY_EXPOSE].file, item->line};

	if (is_hidden(places, item->text))
		return 0;
	return nsu_findings_add(places->findings, NSU_POLICY_WARNING, &origin,
	                        "key 'expose': no mount hides '%s': the session has it anyway", item->text);
}

int nsu_examine_places(const struct nsu_effective *effective, const struct nsu_origin *origin,
                       struct nsu_findings *findings)
{
	const struct places places = {effective, origin, findings};
	const struct nsu_settings *values = &effective->values;
	const struct nsu_strings *expose = &values->expose;
	auto_close int proc_fd = -1;
	char path[NSU_PATH_MAX];
	int ret = 0;

	if ((values->namespaces & CLONE_NEWPID) && is_literal(values->proc_path, path))
		ret = open_place(&places, where(&places, &effective->origins[NSU_KEY_PROC_PATH]), "path", path, false,
		                 &proc_fd);
	for (size_t i = 0; ret == 0 && i < effective->n_mounts; i++)
		ret = examine_mount(&places, i);
	for (size_t i = 0; ret == 0 && i < expose->n; i++)
		ret = examine_exposed(&places, &expose->items[i]);
	return ret;
}
