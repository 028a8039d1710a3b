/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame is a head (magic, version, length), then the fields one after the other: numbers as uint64_t, strings as
 * their length and their bytes without NUL. Writer and reader run down the same list of fields; a reader that has met
 * one error reads zeros from then on, so that only the end needs a look.
 */
#include "wire.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define WIRE_MAGIC_PLAN   0x4e53554e50334c41ULL /* changes with every change of the fields below */
#define WIRE_MAGIC_ANSWER 0x4e53554e41334e53ULL /* likewise */

struct writer {
	unsigned char *buffer; /* NULL: it is only measured */
	size_t cap;
	size_t len;
	bool full;
};

static void put_bytes(struct writer *writer, const void *bytes, size_t len)
{
	if (writer->full || len > writer->cap - writer->len) {
		writer->full = true;
		return;
	}
	if (writer->buffer)
		memcpy(writer->buffer + writer->len, bytes, len);
	writer->len += len;
}

static void put_number(struct writer *writer, uint64_t number)
{
	put_bytes(writer, &number, sizeof(number));
}

static void put_string(struct writer *writer, const char *string)
{
	size_t len = strlen(string);

	put_number(writer, len);
	put_bytes(writer, string, len);
}

struct reader {
	const unsigned char *frame;
	size_t len;
	size_t pos;
	bool bad;
};

static const void *take_bytes(struct reader *reader, size_t len)
{
	const void *bytes = reader->frame + reader->pos;

	if (reader->bad || len > reader->len - reader->pos) {
		reader->bad = true;
		return NULL;
	}
	reader->pos += len;
	return bytes;
}

static uint64_t take_number(struct reader *reader, uint64_t max)
{
	const void *bytes = take_bytes(reader, sizeof(uint64_t));
	uint64_t number = 0;

	if (bytes)
		memcpy(&number, bytes, sizeof(number));
	if (number > max) {
		reader->bad = true;
		return 0;
	}
	return number;
}

static bool take_bool(struct reader *reader)
{
	return take_number(reader, 1) != 0;
}

/* Copies a string into @buffer; one that holds a NUL or does not fit makes the frame bad. */
static void take_string(struct reader *reader, char *buffer, size_t cap)
{
	size_t len = (size_t)take_number(reader, cap - 1);
	const void *bytes = take_bytes(reader, len);

	buffer[0] = '\0';
	if (!bytes)
		return;
	if (memchr(bytes, '\0', len)) {
		reader->bad = true;
		return;
	}
	memcpy(buffer, bytes, len);
	buffer[len] = '\0';
}

/* The same into the plan's own text, of which an empty string takes nothing. */
static const char *take_text(struct reader *reader, struct nsu_plan *plan)
{
	char *text = plan->text + plan->text_len;

	if (plan->text_len >= sizeof(plan->text)) {
		reader->bad = true;
		return "";
	}
	take_string(reader, text, sizeof(plan->text) - plan->text_len);
	if (text[0] == '\0')
		return "";
	plan->text_len += strlen(text) + 1;
	return text;
}

static void put_mount(struct writer *writer, const struct nsu_plan_mount *mount)
{
	put_number(writer, mount->type);
	put_string(writer, mount->path);
	put_number(writer, mount->optional);
	put_string(writer, mount->type == NSU_PLAN_BIND ? mount->source : "");
	put_number(writer, mount->read_only);
	put_number(writer, mount->recursive);
	put_number(writer, mount->throw_away);
	put_number(writer, mount->hidepid);
	put_number(writer, mount->subset_pid);
	put_number(writer, mount->noexec);
	put_number(writer, mount->size_bytes);
	put_number(writer, mount->size_percent);
	put_number(writer, mount->inodes);
	put_number(writer, mount->mode);
	put_number(writer, mount->uid);
	put_number(writer, mount->gid);
}

static void take_mount(struct reader *reader, struct nsu_plan *plan, struct nsu_plan_mount *mount)
{
	mount->type = (enum nsu_plan_mount_type)take_number(reader, NSU_PLAN_MOUNT_TYPES - 1);
	mount->path = take_text(reader, plan);
	mount->optional = take_bool(reader);
	mount->source = take_text(reader, plan);
	if (mount->type != NSU_PLAN_BIND && mount->source[0])
		reader->bad = true;
	mount->read_only = take_bool(reader);
	mount->recursive = take_bool(reader);
	mount->throw_away = take_bool(reader);
	mount->hidepid = (enum nsu_plan_hidepid)take_number(reader, NSU_PLAN_HIDEPID_PTRACEABLE);
	mount->subset_pid = take_bool(reader);
	mount->noexec = take_bool(reader);
	mount->size_bytes = take_number(reader, UINT64_MAX);
	mount->size_percent = (unsigned)take_number(reader, 100);
	mount->inodes = take_number(reader, UINT64_MAX);
	mount->mode = (mode_t)take_number(reader, UINT32_MAX);
	mount->uid = (uid_t)take_number(reader, UINT32_MAX);
	mount->gid = (gid_t)take_number(reader, UINT32_MAX);
}

/* Puts the length where put_head() left room for it. */
static int finish(struct writer *writer, size_t *ret_len)
{
	uint64_t len = writer->len;

	if (writer->full)
		return -E2BIG;
	memcpy(writer->buffer + sizeof(uint64_t), &len, sizeof(len));
	*ret_len = writer->len;
	return 0;
}

static void put_head(struct writer *writer, uint64_t magic)
{
	put_number(writer, magic);
	put_number(writer, 0);
}

static int take_head(struct reader *reader, uint64_t magic)
{
	if (take_number(reader, UINT64_MAX) != magic)
		return -EPROTO;
	if (take_number(reader, UINT64_MAX) != reader->len)
		return -EBADMSG;
	return 0;
}

static int end_of(const struct reader *reader)
{
	return reader->bad || reader->pos != reader->len ? -EBADMSG : 0;
}

static void put_ranges(struct writer *writer, const struct nsu_plan_range *ranges, size_t n)
{
	put_number(writer, n);
	for (size_t i = 0; i < n; i++) {
		put_number(writer, ranges[i].inside);
		put_number(writer, ranges[i].outside);
		put_number(writer, ranges[i].count);
	}
}

static size_t take_ranges(struct reader *reader, struct nsu_plan_range *ranges)
{
	size_t n = (size_t)take_number(reader, NSU_PLAN_RANGES_MAX);

	for (size_t i = 0; i < n; i++) {
		ranges[i].inside = (uint32_t)take_number(reader, UINT32_MAX);
		ranges[i].outside = (uint32_t)take_number(reader, UINT32_MAX);
		ranges[i].count = (uint32_t)take_number(reader, UINT32_MAX);
	}
	return n;
}

static void put_spaces(struct writer *writer, const struct nsu_plan *plan)
{
	put_number(writer, plan->net.mode);
	put_string(writer, plan->net.name);
	put_number(writer, plan->net.create);
	put_string(writer, plan->net.bridge);
	put_number(writer, plan->net.pool);
	put_number(writer, plan->net.prefix_len);
	put_number(writer, plan->net.mtu);
	put_number(writer, plan->net.gateway);
	put_number(writer, plan->net.isolated);
	put_number(writer, (uint64_t)plan->time.boottime);
	put_number(writer, (uint64_t)plan->time.monotonic);
	put_number(writer, (uint64_t)plan->user.max_user_namespaces);
	put_ranges(writer, plan->user.uids, plan->user.n_uids);
	put_ranges(writer, plan->user.gids, plan->user.n_gids);
	put_number(writer, plan->limits.memory_bytes);
	put_number(writer, plan->limits.tasks);
	put_number(writer, plan->limits.cpu_weight);
	put_string(writer, plan->limits.parent);
	put_number(writer, plan->harden.drop);
	put_number(writer, plan->harden.denials);
	put_number(writer, plan->harden.no_new_privs);
}

static void take_spaces(struct reader *reader, struct nsu_plan *plan)
{
	plan->net.mode = (enum nsu_plan_net_mode)take_number(reader, NSU_PLAN_NET_VETH);
	plan->net.name = take_text(reader, plan);
	plan->net.create = take_bool(reader);
	plan->net.bridge = take_text(reader, plan);
	plan->net.pool = (uint32_t)take_number(reader, UINT32_MAX);
	plan->net.prefix_len = (unsigned)take_number(reader, NSU_NET_PREFIX_MAX);
	plan->net.mtu = (unsigned)take_number(reader, NSU_NET_MTU_MAX);
	plan->net.gateway = take_bool(reader);
	plan->net.isolated = take_bool(reader);
	plan->time.boottime = (int64_t)take_number(reader, UINT64_MAX);
	plan->time.monotonic = (int64_t)take_number(reader, UINT64_MAX);
	plan->user.max_user_namespaces = (int64_t)take_number(reader, UINT64_MAX);
	plan->user.n_uids = take_ranges(reader, plan->user.uids);
	plan->user.n_gids = take_ranges(reader, plan->user.gids);
	plan->limits.memory_bytes = take_number(reader, UINT64_MAX);
	plan->limits.tasks = (unsigned)take_number(reader, UINT32_MAX);
	plan->limits.cpu_weight = (unsigned)take_number(reader, UINT32_MAX);
	plan->limits.parent = take_text(reader, plan);
	plan->harden.drop = take_number(reader, UINT64_MAX);
	plan->harden.denials = (unsigned)take_number(reader, NSU_PLAN_DENY_ALL);
	plan->harden.no_new_privs = take_bool(reader);
}

static void put_plan(struct writer *writer, const struct nsu_plan *plan)
{
	put_head(writer, WIRE_MAGIC_PLAN);
	put_number(writer, plan->namespaces);
	put_number(writer, plan->propagation);
	put_number(writer, plan->timeout_ms);
	put_number(writer, plan->stop_timeout_ms);
	put_string(writer, plan->hostname);
	put_string(writer, plan->domainname);
	put_string(writer, plan->profile);
	put_string(writer, plan->id);
	put_number(writer, plan->uid);
	put_number(writer, plan->gid);
	put_spaces(writer, plan);
	put_number(writer, plan->n_mounts);
	for (size_t i = 0; i < plan->n_mounts; i++)
		put_mount(writer, &plan->mounts[i]);
}

size_t nsu_wire_size(const struct nsu_plan *plan)
{
	struct writer writer = {.cap = SIZE_MAX};

	put_plan(&writer, plan);
	return writer.len;
}

int nsu_wire_encode(const struct nsu_plan *plan, void *buffer, size_t cap, size_t *ret_len)
{
	struct writer writer = {.buffer = buffer, .cap = cap};

	put_plan(&writer, plan);
	return finish(&writer, ret_len);
}

int nsu_wire_decode(const void *frame, size_t len, struct nsu_plan *plan)
{
	struct reader reader = {.frame = frame, .len = len};
	int ret;

	nsu_plan_init(plan);
	ret = take_head(&reader, WIRE_MAGIC_PLAN);
	if (ret < 0)
		return ret;
	plan->namespaces = (unsigned)take_number(&reader, UINT32_MAX);
	plan->propagation = (enum nsu_plan_propagation)take_number(&reader, NSU_PLAN_UNCHANGED);
	plan->timeout_ms = (unsigned)take_number(&reader, UINT32_MAX);
	plan->stop_timeout_ms = (unsigned)take_number(&reader, UINT32_MAX);
	plan->hostname = take_text(&reader, plan);
	plan->domainname = take_text(&reader, plan);
	plan->profile = take_text(&reader, plan);
	plan->id = take_text(&reader, plan);
	plan->uid = (uid_t)take_number(&reader, UINT32_MAX);
	plan->gid = (gid_t)take_number(&reader, UINT32_MAX);
	take_spaces(&reader, plan);
	plan->n_mounts = (size_t)take_number(&reader, NSU_PLAN_MOUNTS_MAX);
	for (size_t i = 0; i < plan->n_mounts; i++)
		take_mount(&reader, plan, &plan->mounts[i]);
	return end_of(&reader);
}

int nsu_wire_encode_answer(const struct nsu_wire_answer *answer, void *buffer, size_t cap, size_t *ret_len)
{
	struct writer writer = {.buffer = buffer, .cap = cap};

	put_head(&writer, WIRE_MAGIC_ANSWER);
	put_number(&writer, (uint64_t)answer->fail.err);
	put_number(&writer, answer->fail.has_reason);
	put_string(&writer, answer->fail.err ? answer->fail.text : "");
	put_number(&writer, answer->root.mount_id);
	put_number(&writer, answer->root.inode);
	put_string(&writer, answer->note);
	return finish(&writer, ret_len);
}

int nsu_wire_decode_answer(const void *frame, size_t len, struct nsu_wire_answer *ret_answer)
{
	struct reader reader = {.frame = frame, .len = len};
	int ret;

	ret = take_head(&reader, WIRE_MAGIC_ANSWER);
	if (ret < 0)
		return ret;
	ret_answer->fail.err = (int)take_number(&reader, INT32_MAX);
	ret_answer->fail.has_reason = take_bool(&reader);
	take_string(&reader, ret_answer->fail.text, sizeof(ret_answer->fail.text));
	ret_answer->root.mount_id = take_number(&reader, UINT64_MAX);
	ret_answer->root.inode = take_number(&reader, UINT64_MAX);
	take_string(&reader, ret_answer->note, sizeof(ret_answer->note));
	return end_of(&reader);
}
