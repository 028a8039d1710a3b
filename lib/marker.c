/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record is "ID UID NAMESPACES PROC VIEW BOUNDS PROFILE", the four in the middle hexadecimal. Inside a session of ours its
 * directory is root's alone, so that a name suffices to read it.
 */
#include "marker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define HASH_INIT     0xcbf29ce484222325U
#define MARKER_FILE   NSU_RUN_DIR "/" NSU_MARKER_NAME
#define NUMBERS_CHARS (10 + 8 + 8 + 16 + 16 + 6) /* uid, namespaces, proc, view, bounds, and the blanks */

/* FNV-1a: no defence against somebody who chooses the input, which is the policy's. */
static uint64_t add(uint64_t hash, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3;
	return hash;
}

static uint64_t add_text(uint64_t hash, const char *text)
{
	return add(hash, text, strlen(text) + 1);
}

static uint64_t add_mount(uint64_t hash, const struct nsu_plan_mount *mount)
{
	const uint64_t numbers[] = {
		mount->type,       mount->optional, mount->read_only,  mount->recursive,
		mount->throw_away, mount->noexec,   mount->size_bytes, mount->size_percent,
		mount->inodes,     mount->mode,     mount->uid,        mount->gid,
	};
	const char *source = mount->type == NSU_PLAN_BIND ? mount->source : "";

	hash = add(hash, numbers, sizeof(numbers));
	return add_text(add_text(hash, mount->path), source);
}

static bool is_protected_in(const char *path, const char *proc_path)
{
	size_t len = strlen(proc_path);

	for (size_t i = 0; nsu_text_is_below(path, proc_path) && i < NSU_PLAN_PROTECTED_IN_PROC; i++) {
		if (strcmp(path + len + 1, nsu_plan_protected_in_proc[i]) == 0)
			return true;
	}
	return false;
}

/*
 * What the user namespace makes read-only in a proc comes with that: a login that asks for no fresh proc (sudo) has less of
 * it than the session.
 */
static bool is_protection(const struct nsu_plan *plan, const struct nsu_plan_mount *mount)
{
	if (!(plan->namespaces & CLONE_NEWUSER) || mount->type != NSU_PLAN_READONLY)
		return false;
	for (size_t i = 0; i < plan->n_mounts; i++) {
		if (plan->mounts[i].type == NSU_PLAN_PROC && is_protected_in(mount->path, plan->mounts[i].path))
			return true;
	}
	return is_protected_in(mount->path, "/proc");
}

/* What belongs to a namespace or a name is compared, or left out, by itself. */
static uint64_t view_of(const struct nsu_plan *plan)
{
	const uint64_t propagation = plan->propagation;
	uint64_t hash = add(HASH_INIT, &propagation, sizeof(propagation));

	for (size_t i = 0; i < plan->n_mounts; i++) {
		const struct nsu_plan_mount *mount = &plan->mounts[i];

		if (mount->type != NSU_PLAN_PROC && mount->type != NSU_PLAN_MQUEUE && mount->type != NSU_PLAN_HOSTS &&
		    !is_protection(plan, mount))
			hash = add_mount(hash, mount);
	}
	return hash;
}

static uint64_t add_ranges(uint64_t hash, const struct nsu_plan_range *ranges, size_t n)
{
	const uint64_t count = n;

	return add(add(hash, &count, sizeof(count)), ranges, n * sizeof(*ranges));
}

static uint64_t bounds_of(const struct nsu_plan *plan)
{
	const struct nsu_plan_net *net = &plan->net;
	const struct nsu_plan_limits *limits = &plan->limits;
	const uint64_t numbers[] = {
		net->mode,
		net->create,
		net->pool,
		net->prefix_len,
		net->mtu,
		net->gateway,
		net->isolated,
		(uint64_t)plan->time.boottime,
		(uint64_t)plan->time.monotonic,
		(uint64_t)plan->user.max_user_namespaces,
		limits->memory_bytes,
		limits->tasks,
		limits->cpu_weight,
		plan->harden.drop,
		plan->harden.denials,
		plan->harden.no_new_privs,
		plan->scope,
		plan->scope_gid,
	};
	uint64_t hash = add(HASH_INIT, numbers, sizeof(numbers));

	hash = add_ranges(hash, plan->user.uids, plan->user.n_uids);
	hash = add_ranges(hash, plan->user.gids, plan->user.n_gids);
	hash = add_text(add_text(add_text(hash, net->name), net->bridge), limits->parent);
	return add_text(hash, plan->scope_name);
}

static unsigned proc_of(const struct nsu_plan *plan)
{
	for (size_t i = 0; i < plan->n_mounts; i++) {
		if (plan->mounts[i].type == NSU_PLAN_PROC)
			return 1 + plan->mounts[i].hidepid * 2U + plan->mounts[i].subset_pid * 16U;
	}
	return 0;
}

bool nsu_marker_covers(const struct nsu_marker *marker, const struct nsu_plan *plan)
{
	unsigned proc = proc_of(plan);

	return marker->uid == plan->uid && strcmp(marker->profile, plan->profile) == 0 &&
	       (plan->namespaces & ~marker->namespaces) == 0 && (proc == 0 || proc == marker->proc) &&
	       marker->view == view_of(plan) && marker->bounds == bounds_of(plan);
}

int nsu_marker_make(int run_dirfd, const struct nsu_plan *plan)
{
	char text[NSU_ID_LEN + 1 + NUMBERS_CHARS + NSU_LOG_VALUE_MAX];
	int len = snprintf(text, sizeof(text), "%s %u %x %x %" PRIx64 " %" PRIx64 " %s", plan->id, (unsigned)plan->uid,
	                   plan->namespaces, proc_of(plan), view_of(plan), bounds_of(plan), plan->profile);

	/* Cut, one profile could be taken for another. */
	if (strlen(plan->id) != NSU_ID_LEN || strlen(plan->profile) >= NSU_LOG_VALUE_MAX || len >= (int)sizeof(text))
		return -EINVAL;
	if (symlinkat(text, run_dirfd, NSU_MARKER_NAME) < 0)
		return -errno;
	return 0;
}

/* The next word of *text, which moves behind it. Return: NULL if there is none, or another behind it is missing. */
static char *take_word(char **text)
{
	char *word = *text;
	char *end = strchr(word, ' ');

	if (!end || end == word)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return word;
}

static bool take_hex(char **text, uint64_t max, uint64_t *ret_number)
{
	char *word = take_word(text);

	if (!word || strlen(word) > 16 || strspn(word, "0123456789abcdef") != strlen(word))
		return false;
	*ret_number = strtoull(word, NULL, 16);
	return *ret_number <= max;
}

static bool parse(char *text, struct nsu_marker *marker)
{
	char *id = take_word(&text);
	char *uid_text = id ? take_word(&text) : NULL;
	uint64_t uid, namespaces, proc;

	if (!uid_text || strlen(id) != NSU_ID_LEN || strspn(id, "0123456789abcdef") != NSU_ID_LEN ||
	    nsu_text_to_number(uid_text, 0, UINT32_MAX - 1, &uid) < 0 || !take_hex(&text, UINT32_MAX, &namespaces) ||
	    !take_hex(&text, UINT32_MAX, &proc) || !take_hex(&text, UINT64_MAX, &marker->view) ||
	    !take_hex(&text, UINT64_MAX, &marker->bounds) || strlen(text) >= sizeof(marker->profile))
		return false;
	strcpy(marker->id, id);
	marker->uid = (uid_t)uid;
	marker->namespaces = (unsigned)namespaces;
	marker->proc = (unsigned)proc;
	strcpy(marker->profile, text);
	return true;
}

int nsu_marker_read(struct nsu_marker *ret_marker, bool *ret_inside, struct nsu_fail *fail)
{
	char text[NSU_ID_LEN + 1 + NUMBERS_CHARS + NSU_LOG_VALUE_MAX];
	struct nsu_marker marker;
	struct stat st;
	ssize_t len;

	len = readlink(MARKER_FILE, text, sizeof(text));
	if (len < 0 && errno == ENOENT) {
		*ret_inside = false;
		return 0;
	}
	if (len < 0)
		return nsu_fail(fail, errno, "read '%s'", MARKER_FILE);
	if (lstat(MARKER_FILE, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", MARKER_FILE);
	if (st.st_uid != 0 || (size_t)len == sizeof(text))
		return nsu_fail_because(fail, EINVAL, "%s: not the marker of a session", MARKER_FILE);
	text[len] = '\0';
	if (!parse(text, &marker))
		return nsu_fail_because(fail, EINVAL, "%s: not the marker of a session", MARKER_FILE);
	*ret_marker = marker;
	*ret_inside = true;
	return 0;
}
