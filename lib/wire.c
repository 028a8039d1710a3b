/* SPDX-License-Identifier: BSD-3-Clause */
/* What a frame is made of is frame.h's. */
#include "wire.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "frame.h"

#define WIRE_MAGIC_PLAN   0x4e53554e50344c41ULL /* changes with every change of the fields below */
#define WIRE_MAGIC_ANSWER 0x4e53554e41344e53ULL /* likewise */

/* The same into the plan's own text, of which an empty string takes nothing. */
static const char *take_text(struct nsu_frame_reader *reader, struct nsu_plan *plan)
{
	char *text = plan->text + plan->text_len;

	if (plan->text_len >= sizeof(plan->text)) {
		reader->bad = true;
		return "";
	}
	nsu_frame_take_string(reader, text, sizeof(plan->text) - plan->text_len);
	if (text[0] == '\0')
		return "";
	plan->text_len += strlen(text) + 1;
	return text;
}

static void put_mount(struct nsu_frame_writer *writer, const struct nsu_plan_mount *mount)
{
	nsu_frame_put_number(writer, mount->type);
	nsu_frame_put_string(writer, mount->path);
	nsu_frame_put_number(writer, mount->optional);
	nsu_frame_put_string(writer, mount->type == NSU_PLAN_BIND ? mount->source : "");
	nsu_frame_put_number(writer, mount->read_only);
	nsu_frame_put_number(writer, mount->recursive);
	nsu_frame_put_number(writer, mount->throw_away);
	nsu_frame_put_number(writer, mount->hidepid);
	nsu_frame_put_number(writer, mount->subset_pid);
	nsu_frame_put_number(writer, mount->noexec);
	nsu_frame_put_number(writer, mount->size_bytes);
	nsu_frame_put_number(writer, mount->size_percent);
	nsu_frame_put_number(writer, mount->inodes);
	nsu_frame_put_number(writer, mount->mode);
	nsu_frame_put_number(writer, mount->uid);
	nsu_frame_put_number(writer, mount->gid);
}

static void take_mount(struct nsu_frame_reader *reader, struct nsu_plan *plan, struct nsu_plan_mount *mount)
{
	mount->type = (enum nsu_plan_mount_type)nsu_frame_take_number(reader, NSU_PLAN_MOUNT_TYPES - 1);
	mount->path = take_text(reader, plan);
	mount->optional = nsu_frame_take_bool(reader);
	mount->source = take_text(reader, plan);
	if (mount->type != NSU_PLAN_BIND && mount->source[0])
		reader->bad = true;
	mount->read_only = nsu_frame_take_bool(reader);
	mount->recursive = nsu_frame_take_bool(reader);
	mount->throw_away = nsu_frame_take_bool(reader);
	mount->hidepid = (enum nsu_plan_hidepid)nsu_frame_take_number(reader, NSU_PLAN_HIDEPID_PTRACEABLE);
	mount->subset_pid = nsu_frame_take_bool(reader);
	mount->noexec = nsu_frame_take_bool(reader);
	mount->size_bytes = nsu_frame_take_number(reader, UINT64_MAX);
	mount->size_percent = (unsigned)nsu_frame_take_number(reader, 100);
	mount->inodes = nsu_frame_take_number(reader, UINT64_MAX);
	mount->mode = (mode_t)nsu_frame_take_number(reader, UINT32_MAX);
	mount->uid = (uid_t)nsu_frame_take_number(reader, UINT32_MAX);
	mount->gid = (gid_t)nsu_frame_take_number(reader, UINT32_MAX);
}

static void put_ranges(struct nsu_frame_writer *writer, const struct nsu_plan_range *ranges, size_t n)
{
	nsu_frame_put_number(writer, n);
	for (size_t i = 0; i < n; i++) {
		nsu_frame_put_number(writer, ranges[i].inside);
		nsu_frame_put_number(writer, ranges[i].outside);
		nsu_frame_put_number(writer, ranges[i].count);
	}
}

static size_t take_ranges(struct nsu_frame_reader *reader, struct nsu_plan_range *ranges)
{
	size_t n = (size_t)nsu_frame_take_number(reader, NSU_PLAN_RANGES_MAX);

	for (size_t i = 0; i < n; i++) {
		ranges[i].inside = (uint32_t)nsu_frame_take_number(reader, UINT32_MAX);
		ranges[i].outside = (uint32_t)nsu_frame_take_number(reader, UINT32_MAX);
		ranges[i].count = (uint32_t)nsu_frame_take_number(reader, UINT32_MAX);
	}
	return n;
}

static void put_spaces(struct nsu_frame_writer *writer, const struct nsu_plan *plan)
{
	nsu_frame_put_number(writer, plan->net.mode);
	nsu_frame_put_string(writer, plan->net.name);
	nsu_frame_put_number(writer, plan->net.create);
	nsu_frame_put_string(writer, plan->net.bridge);
	nsu_frame_put_number(writer, plan->net.pool);
	nsu_frame_put_number(writer, plan->net.prefix_len);
	nsu_frame_put_number(writer, plan->net.mtu);
	nsu_frame_put_number(writer, plan->net.gateway);
	nsu_frame_put_number(writer, plan->net.isolated);
	nsu_frame_put_number(writer, (uint64_t)plan->time.boottime);
	nsu_frame_put_number(writer, (uint64_t)plan->time.monotonic);
	nsu_frame_put_number(writer, (uint64_t)plan->user.max_user_namespaces);
	put_ranges(writer, plan->user.uids, plan->user.n_uids);
	put_ranges(writer, plan->user.gids, plan->user.n_gids);
	nsu_frame_put_number(writer, plan->limits.memory_bytes);
	nsu_frame_put_number(writer, plan->limits.tasks);
	nsu_frame_put_number(writer, plan->limits.cpu_weight);
	nsu_frame_put_string(writer, plan->limits.parent);
	nsu_frame_put_number(writer, plan->harden.drop);
	nsu_frame_put_number(writer, plan->harden.denials);
	nsu_frame_put_number(writer, plan->harden.no_new_privs);
}

static void take_spaces(struct nsu_frame_reader *reader, struct nsu_plan *plan)
{
	plan->net.mode = (enum nsu_plan_net_mode)nsu_frame_take_number(reader, NSU_PLAN_NET_VETH);
	plan->net.name = take_text(reader, plan);
	plan->net.create = nsu_frame_take_bool(reader);
	plan->net.bridge = take_text(reader, plan);
	plan->net.pool = (uint32_t)nsu_frame_take_number(reader, UINT32_MAX);
	plan->net.prefix_len = (unsigned)nsu_frame_take_number(reader, NSU_NET_PREFIX_MAX);
	plan->net.mtu = (unsigned)nsu_frame_take_number(reader, NSU_NET_MTU_MAX);
	plan->net.gateway = nsu_frame_take_bool(reader);
	plan->net.isolated = nsu_frame_take_bool(reader);
	plan->time.boottime = (int64_t)nsu_frame_take_number(reader, UINT64_MAX);
	plan->time.monotonic = (int64_t)nsu_frame_take_number(reader, UINT64_MAX);
	plan->user.max_user_namespaces = (int64_t)nsu_frame_take_number(reader, UINT64_MAX);
	plan->user.n_uids = take_ranges(reader, plan->user.uids);
	plan->user.n_gids = take_ranges(reader, plan->user.gids);
	plan->limits.memory_bytes = nsu_frame_take_number(reader, UINT64_MAX);
	plan->limits.tasks = (unsigned)nsu_frame_take_number(reader, UINT32_MAX);
	plan->limits.cpu_weight = (unsigned)nsu_frame_take_number(reader, UINT32_MAX);
	plan->limits.parent = take_text(reader, plan);
	plan->harden.drop = nsu_frame_take_number(reader, UINT64_MAX);
	plan->harden.denials = (unsigned)nsu_frame_take_number(reader, NSU_PLAN_DENY_ALL);
	plan->harden.no_new_privs = nsu_frame_take_bool(reader);
}

/* What of a plan is one login's alone. */
static void put_own(struct nsu_frame_writer *writer, const struct nsu_plan *plan)
{
	nsu_frame_put_string(writer, plan->id);
	nsu_frame_put_number(writer, plan->timeout_ms);
}

/* All else: what the set is like. */
static void put_common(struct nsu_frame_writer *writer, const struct nsu_plan *plan)
{
	nsu_frame_put_number(writer, plan->namespaces);
	nsu_frame_put_number(writer, plan->propagation);
	nsu_frame_put_number(writer, plan->scope);
	nsu_frame_put_number(writer, plan->lifetime);
	nsu_frame_put_string(writer, plan->scope_name);
	nsu_frame_put_number(writer, plan->scope_gid);
	nsu_frame_put_number(writer, plan->stop_timeout_ms);
	nsu_frame_put_string(writer, plan->hostname);
	nsu_frame_put_string(writer, plan->domainname);
	nsu_frame_put_string(writer, plan->profile);
	nsu_frame_put_number(writer, plan->uid);
	nsu_frame_put_number(writer, plan->gid);
	put_spaces(writer, plan);
	nsu_frame_put_number(writer, plan->n_mounts);
	for (size_t i = 0; i < plan->n_mounts; i++)
		put_mount(writer, &plan->mounts[i]);
}

static void put_plan(struct nsu_frame_writer *writer, const struct nsu_plan *plan)
{
	nsu_frame_begin(writer, WIRE_MAGIC_PLAN);
	put_own(writer, plan);
	put_common(writer, plan);
}

uint64_t nsu_wire_hash(const struct nsu_plan *plan)
{
	uint64_t hash = NSU_FRAME_HASH_INIT;
	struct nsu_frame_writer writer = {.cap = SIZE_MAX, .hash = &hash};

	nsu_frame_begin(&writer, WIRE_MAGIC_PLAN);
	put_common(&writer, plan);
	return hash;
}

size_t nsu_wire_size(const struct nsu_plan *plan)
{
	struct nsu_frame_writer writer = {.cap = SIZE_MAX};

	put_plan(&writer, plan);
	return writer.len;
}

int nsu_wire_encode(const struct nsu_plan *plan, void *buffer, size_t cap, size_t *ret_len)
{
	struct nsu_frame_writer writer = {.buffer = buffer, .cap = cap};

	put_plan(&writer, plan);
	return nsu_frame_finish(&writer, ret_len);
}

int nsu_wire_decode(const void *frame, size_t len, struct nsu_plan *plan)
{
	struct nsu_frame_reader reader = {.frame = frame, .len = len};
	int ret;

	nsu_plan_init(plan);
	ret = nsu_frame_open(&reader, WIRE_MAGIC_PLAN);
	if (ret < 0)
		return ret;
	plan->id = take_text(&reader, plan);
	plan->timeout_ms = (unsigned)nsu_frame_take_number(&reader, UINT32_MAX);
	plan->namespaces = (unsigned)nsu_frame_take_number(&reader, UINT32_MAX);
	plan->propagation = (enum nsu_plan_propagation)nsu_frame_take_number(&reader, NSU_PLAN_UNCHANGED);
	plan->scope = (enum nsu_plan_scope)nsu_frame_take_number(&reader, NSU_PLAN_SCOPES - 1);
	plan->lifetime = (enum nsu_plan_lifetime)nsu_frame_take_number(&reader, NSU_PLAN_LIFETIMES - 1);
	plan->scope_name = take_text(&reader, plan);
	plan->scope_gid = (gid_t)nsu_frame_take_number(&reader, UINT32_MAX);
	plan->stop_timeout_ms = (unsigned)nsu_frame_take_number(&reader, UINT32_MAX);
	plan->hostname = take_text(&reader, plan);
	plan->domainname = take_text(&reader, plan);
	plan->profile = take_text(&reader, plan);
	plan->uid = (uid_t)nsu_frame_take_number(&reader, UINT32_MAX);
	plan->gid = (gid_t)nsu_frame_take_number(&reader, UINT32_MAX);
	take_spaces(&reader, plan);
	plan->n_mounts = (size_t)nsu_frame_take_number(&reader, NSU_PLAN_MOUNTS_MAX);
	for (size_t i = 0; i < plan->n_mounts; i++)
		take_mount(&reader, plan, &plan->mounts[i]);
	return nsu_frame_end(&reader);
}

int nsu_wire_encode_answer(const struct nsu_wire_answer *answer, void *buffer, size_t cap, size_t *ret_len)
{
	struct nsu_frame_writer writer = {.buffer = buffer, .cap = cap};

	nsu_frame_begin(&writer, WIRE_MAGIC_ANSWER);
	nsu_frame_put_number(&writer, (uint64_t)answer->fail.err);
	nsu_frame_put_number(&writer, answer->fail.has_reason);
	nsu_frame_put_string(&writer, answer->fail.err ? answer->fail.text : "");
	nsu_frame_put_number(&writer, answer->root.mount_id);
	nsu_frame_put_number(&writer, answer->root.inode);
	nsu_frame_put_string(&writer, answer->note);
	nsu_frame_put_string(&writer, answer->id);
	return nsu_frame_finish(&writer, ret_len);
}

int nsu_wire_decode_answer(const void *frame, size_t len, struct nsu_wire_answer *ret_answer)
{
	struct nsu_frame_reader reader = {.frame = frame, .len = len};
	int ret;

	ret = nsu_frame_open(&reader, WIRE_MAGIC_ANSWER);
	if (ret < 0)
		return ret;
	ret_answer->fail.err = (int)nsu_frame_take_number(&reader, INT32_MAX);
	ret_answer->fail.has_reason = nsu_frame_take_bool(&reader);
	nsu_frame_take_string(&reader, ret_answer->fail.text, sizeof(ret_answer->fail.text));
	ret_answer->root.mount_id = nsu_frame_take_number(&reader, UINT64_MAX);
	ret_answer->root.inode = nsu_frame_take_number(&reader, UINT64_MAX);
	nsu_frame_take_string(&reader, ret_answer->note, sizeof(ret_answer->note));
	nsu_frame_take_string(&reader, ret_answer->id, sizeof(ret_answer->id));
	return nsu_frame_end(&reader);
}
