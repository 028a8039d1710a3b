/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"

#include <sched.h>
#include <string.h>

#include "wire.h"

struct nsu_plan *fuzz_new_plan(void)
{
	struct nsu_plan *plan = malloc(sizeof(*plan));

	if (!plan)
		exit(1);
	return memset(plan, 0xa5, sizeof(*plan));
}

bool fuzz_is_clean(const char *path)
{
	size_t len = strlen(path);

	if (len < 2 || len >= NSU_PATH_MAX || path[0] != '/' || path[len - 1] == '/')
		return false;
	if (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../"))
		return false;
	if (strcmp(path + len - 2, "/.") == 0 || (len >= 3 && strcmp(path + len - 3, "/..") == 0))
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return false;
	}
	return true;
}

static bool is_in(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static void require_sound_size(const struct nsu_plan_mount *mount)
{
	if (mount->size_percent)
		REQUIRE(mount->size_percent <= 100 && mount->size_bytes == 0);
	else
		REQUIRE(mount->size_bytes >= NSU_TMPFS_BYTES_MIN && mount->size_bytes <= NSU_TMPFS_BYTES_MAX);
	REQUIRE(mount->inodes >= NSU_TMPFS_INODES_MIN && mount->inodes <= NSU_TMPFS_INODES_MAX);
}

static void require_sound_owner(const struct nsu_plan_mount *mount)
{
	bool is_roots = mount->uid == 0 && !(mount->mode & 022);

	REQUIRE((mount->mode & ~01777U) == 0 && mount->uid != (uid_t)-1 && mount->gid != (gid_t)-1);
	REQUIRE(is_roots || !(is_in(mount->path, "/etc") || is_in(mount->path, "/usr") || is_in(mount->path, "/proc")));
}

/* Masks and the hosts file are made there. */
static void require_run_dir(const struct nsu_plan *plan, size_t index)
{
	bool is_there = false;

	for (size_t i = 0; i < index; i++) {
		const struct nsu_plan_mount *mount = &plan->mounts[i];

		is_there = is_there || (strcmp(mount->path, NSU_RUN_DIR) == 0 && mount->type == NSU_PLAN_TMPFS &&
		                        mount->uid == 0 && !(mount->mode & 022));
	}
	REQUIRE(is_there);
}

static void require_sound_mount(const struct nsu_plan *plan, size_t index)
{
	const struct nsu_plan_mount *mount = &plan->mounts[index];

	REQUIRE((unsigned)mount->type < NSU_PLAN_MOUNT_TYPES && nsu_plan_mount_name(mount->type));
	REQUIRE(fuzz_is_clean(mount->path));
	for (size_t i = 0; i < index; i++) {
		REQUIRE(strcmp(mount->path, plan->mounts[i].path) != 0);
		REQUIRE(plan->mounts[i].type != NSU_PLAN_MASK || !is_in(mount->path, plan->mounts[i].path));
		REQUIRE(mount->type != NSU_PLAN_EXPOSE || !is_in(plan->mounts[i].path, mount->path));
	}
	if (mount->type == NSU_PLAN_TMPFS)
		require_sound_size(mount);
	if (mount->type == NSU_PLAN_TMPFS || mount->type == NSU_PLAN_INSTANCE)
		require_sound_owner(mount);
	if (mount->type == NSU_PLAN_INSTANCE)
		REQUIRE(plan->uid != (uid_t)-1 && plan->id[0]);
	if (mount->type == NSU_PLAN_INSTANCE && mount->throw_away)
		REQUIRE(plan->namespaces & CLONE_NEWPID);
	if (mount->type == NSU_PLAN_BIND)
		REQUIRE(fuzz_is_clean(mount->source));
	if (mount->type == NSU_PLAN_PROC)
		REQUIRE((plan->namespaces & CLONE_NEWPID) && (1U << mount->hidepid & 0x17));
	if (mount->type == NSU_PLAN_MQUEUE)
		REQUIRE(plan->namespaces & CLONE_NEWIPC);
	if (mount->type == NSU_PLAN_HOSTS)
		REQUIRE(plan->hostname[0]);
	if (mount->type == NSU_PLAN_SYSFS)
		REQUIRE(plan->namespaces & CLONE_NEWNET);
	if (mount->type == NSU_PLAN_SYSFS || mount->type == NSU_PLAN_CGROUP)
		REQUIRE(mount->read_only || !(plan->namespaces & CLONE_NEWUSER));
	if (mount->type == NSU_PLAN_HOSTS || mount->type == NSU_PLAN_MASK)
		require_run_dir(plan, index);
}

/* @own: an id that must be in it; NULL: none. */
static void require_sound_map(const struct nsu_plan_range *ranges, size_t n, const uint32_t *own)
{
	bool is_there = !own;

	REQUIRE(n > 0 && n <= NSU_PLAN_RANGES_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct nsu_plan_range *a = &ranges[i];

		REQUIRE(a->count > 0 && (uint64_t)a->inside + a->count <= UINT32_MAX);
		REQUIRE((uint64_t)a->outside + a->count <= UINT32_MAX);
		is_there = is_there || (*own >= a->inside && *own < a->inside + a->count);
		for (size_t j = 0; j < i; j++) {
			const struct nsu_plan_range *b = &ranges[j];

			REQUIRE(a->inside + a->count <= b->inside || b->inside + b->count <= a->inside);
			REQUIRE(a->outside + a->count <= b->outside || b->outside + b->count <= a->outside);
		}
	}
	REQUIRE(is_there);
}

static void require_sound_net(const struct nsu_plan *plan)
{
	const struct nsu_plan_net *net = &plan->net;

	REQUIRE(net->mode == NSU_PLAN_NET_LOOPBACK || (plan->namespaces & CLONE_NEWNET));
	if (net->mode == NSU_PLAN_NET_NAMED)
		REQUIRE(net->name[0] && net->name[0] != '.' && !strchr(net->name, '/'));
	if (net->mode != NSU_PLAN_NET_VETH)
		return;
	REQUIRE(net->prefix_len >= 8 && net->prefix_len <= 30 && (net->pool << net->prefix_len) == 0 && net->pool);
	REQUIRE(net->mtu == 0 || (net->mtu >= 68 && net->mtu <= 65535));
	REQUIRE(strlen(net->bridge) <= NSU_NET_INTERFACE_MAX && !strchr(net->bridge, '/'));
}

/* What the helper, and the two programs beside it, take for granted of namespaces and limits. */
static void require_sound_spaces(const struct nsu_plan *plan)
{
	const struct nsu_plan_limits *limits = &plan->limits;
	bool has_time = plan->namespaces & CLONE_NEWTIME;

	require_sound_net(plan);
	if (plan->namespaces & CLONE_NEWUSER) {
		REQUIRE(plan->namespaces & CLONE_NEWNS);
		require_sound_map(plan->user.uids, plan->user.n_uids, nsu_plan_is_common(plan) ? NULL : &plan->uid);
		require_sound_map(plan->user.gids, plan->user.n_gids, nsu_plan_is_common(plan) ? NULL : &plan->gid);
		REQUIRE(plan->user.max_user_namespaces >= -1 && plan->user.max_user_namespaces <= INT32_MAX);
	}
	REQUIRE(has_time || (plan->time.boottime == 0 && plan->time.monotonic == 0));
	REQUIRE(plan->time.boottime >= -NSU_TIME_OFFSET_MAX && plan->time.boottime <= NSU_TIME_OFFSET_MAX);
	REQUIRE(plan->time.monotonic >= -NSU_TIME_OFFSET_MAX && plan->time.monotonic <= NSU_TIME_OFFSET_MAX);
	REQUIRE(limits->memory_bytes == 0 || limits->memory_bytes >= NSU_LIMITS_MEMORY_MIN);
	REQUIRE(limits->tasks <= NSU_LIMITS_TASKS_MAX && limits->cpu_weight <= NSU_LIMITS_WEIGHT_MAX);
	if (limits->memory_bytes || limits->tasks || limits->cpu_weight)
		REQUIRE(fuzz_is_clean(limits->parent) && plan->id[0]);
	REQUIRE((plan->harden.denials & ~(unsigned)NSU_PLAN_DENY_ALL) == 0);
}

/* What a key is made of, and what those who share a set must not find in it: anything of one of them. */
static void require_sound_scope(const struct nsu_plan *plan)
{
	bool is_common = plan->scope == NSU_PLAN_SCOPE_GROUP || plan->scope == NSU_PLAN_SCOPE_NAMED;
	size_t len = strlen(plan->scope_name);

	REQUIRE((unsigned)plan->scope < NSU_PLAN_SCOPES && (unsigned)plan->lifetime < NSU_PLAN_LIFETIMES);
	REQUIRE((len > 0) == (plan->scope == NSU_PLAN_SCOPE_NAMED) && len <= NSU_NAME_MAX);
	REQUIRE(plan->scope_name[0] != '.' && !strchr(plan->scope_name, '/'));
	REQUIRE(plan->scope_gid == 0 || plan->scope == NSU_PLAN_SCOPE_GROUP);
	REQUIRE(plan->lifetime == NSU_PLAN_LIFETIME_LOGIN || (plan->namespaces & CLONE_NEWPID));
	if (plan->scope == NSU_PLAN_SCOPE_SESSION)
		REQUIRE(plan->lifetime != NSU_PLAN_LIFETIME_PERMANENT);
	else
		REQUIRE(plan->id[0]);
	REQUIRE(!is_common || (plan->uid == 0 && plan->gid == 0));
	for (size_t i = 0; is_common && i < plan->n_mounts; i++)
		REQUIRE(plan->mounts[i].type != NSU_PLAN_INSTANCE && plan->mounts[i].uid == 0 &&
		        plan->mounts[i].gid == 0);
}

void fuzz_require_sound(const struct nsu_plan *plan)
{
	const unsigned namespaces = plan->namespaces;
	bool has_mounts = plan->n_mounts > 0 || (namespaces & CLONE_NEWPID);

	REQUIRE(namespaces != 0 && plan->n_mounts <= NSU_PLAN_MOUNTS_MAX);
	REQUIRE((namespaces & CLONE_NEWNS) || !has_mounts);
	REQUIRE(plan->propagation == NSU_PLAN_PRIVATE || plan->propagation == NSU_PLAN_SLAVE || !has_mounts);
	REQUIRE((namespaces & CLONE_NEWUTS) || (plan->hostname[0] == '\0' && plan->domainname[0] == '\0'));
	REQUIRE(strlen(plan->hostname) <= NSU_HOSTNAME_MAX && strlen(plan->domainname) <= NSU_HOSTNAME_MAX);
	REQUIRE(plan->id[0] == '\0' || (strlen(plan->id) == NSU_ID_LEN && !strpbrk(plan->id, "/.")));
	REQUIRE(plan->timeout_ms >= NSU_TIMEOUT_MIN_MS && plan->timeout_ms <= NSU_TIMEOUT_MAX_MS);
	REQUIRE(plan->stop_timeout_ms <= NSU_STOP_TIMEOUT_MAX_MS);
	require_sound_spaces(plan);
	require_sound_scope(plan);
	for (size_t i = 0; i < plan->n_mounts; i++)
		require_sound_mount(plan, i);
}

static void require_own(const struct nsu_plan *plan, const char *string)
{
	const char *end = plan->text + plan->text_len;

	REQUIRE(plan->text_len <= sizeof(plan->text) && string);
	if (string[0] == '\0')
		return;
	REQUIRE(string >= plan->text && string < end);
	REQUIRE(memchr(string, '\0', (size_t)(end - string)));
}

void fuzz_require_own_text(const struct nsu_plan *plan)
{
	require_own(plan, plan->hostname);
	require_own(plan, plan->domainname);
	require_own(plan, plan->profile);
	require_own(plan, plan->id);
	require_own(plan, plan->scope_name);
	require_own(plan, plan->net.name);
	require_own(plan, plan->net.bridge);
	require_own(plan, plan->limits.parent);
	for (size_t i = 0; i < plan->n_mounts; i++) {
		require_own(plan, plan->mounts[i].path);
		require_own(plan, plan->mounts[i].source);
	}
}

static void require_same_text(const char *a, const char *b)
{
	REQUIRE(strcmp(a, b) == 0);
}

void fuzz_require_same(const struct nsu_plan *a, const struct nsu_plan *b)
{
	static unsigned char frames[2][NSU_FRAME_MAX];
	size_t len_a = 0, len_b = 0;

	REQUIRE(a->leave_alone == b->leave_alone && a->n_environment == b->n_environment);
	require_same_text(a->profile, b->profile);
	require_same_text(a->rule, b->rule);
	require_same_text(a->note, b->note);
	for (size_t i = 0; i < a->n_environment; i++)
		require_same_text(a->environment[i], b->environment[i]);
	if (a->leave_alone)
		return;
	REQUIRE(a->enforce == b->enforce && a->allow_on_error == b->allow_on_error && a->nested == b->nested);
	REQUIRE(nsu_wire_encode(a, frames[0], NSU_FRAME_MAX, &len_a) == 0);
	REQUIRE(nsu_wire_encode(b, frames[1], NSU_FRAME_MAX, &len_b) == 0);
	REQUIRE(len_a == len_b && memcmp(frames[0], frames[1], len_a) == 0);
}

void fuzz_require_same_through_wire(const struct nsu_plan *plan)
{
	static unsigned char sent[NSU_FRAME_MAX], again[NSU_FRAME_MAX];
	auto_free struct nsu_plan *got = fuzz_new_plan();
	auto_free unsigned char *copy = NULL;
	struct nsu_fail fail = NSU_FAIL_INIT;
	size_t len = 0, len_again = 0;

	REQUIRE(nsu_wire_encode(plan, sent, sizeof(sent), &len) == 0);
	copy = malloc(len); /* of this very size, for the sanitizer */
	REQUIRE(copy);
	memcpy(copy, sent, len);
	REQUIRE(nsu_wire_decode(copy, len, got) == 0);
	REQUIRE(nsu_plan_check(got, &fail) == 0);
	fuzz_require_sound(got);
	fuzz_require_own_text(got);
	REQUIRE(nsu_wire_encode(got, again, sizeof(again), &len_again) == 0);
	REQUIRE(len == len_again && memcmp(sent, again, len) == 0);
}
