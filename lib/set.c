/* SPDX-License-Identifier: BSD-3-Clause */
#include "set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "text.h"
#include "wire.h"

/* Each changes with every change of the fields below; keys hold both, so that nobody joins a set of another version. */
#define SET_MAGIC_HELLO 0x4e53554e48314c4fULL
#define SET_MAGIC_SET   0x4e53554e53325354ULL

void nsu_set_key(const struct nsu_plan *plan, char key[NSU_KEY_MAX])
{
	static const uint64_t magics[] = {SET_MAGIC_HELLO, SET_MAGIC_SET};
	uint64_t hash;

	if (plan->scope == NSU_PLAN_SCOPE_SESSION) {
		snprintf(key, NSU_KEY_MAX, "s%s", plan->id);
		return;
	}
	hash = nsu_frame_hash(nsu_wire_hash(plan), magics, sizeof(magics));
	if (plan->scope == NSU_PLAN_SCOPE_USER)
		snprintf(key, NSU_KEY_MAX, "u%u.%016" PRIx64, (unsigned)plan->uid, hash);
	else if (plan->scope == NSU_PLAN_SCOPE_GROUP)
		snprintf(key, NSU_KEY_MAX, "g%u.%016" PRIx64, (unsigned)plan->scope_gid, hash);
	else
		snprintf(key, NSU_KEY_MAX, "n%.*s.%016" PRIx64, NSU_NAME_MAX, plan->scope_name, hash);
}

void nsu_set_describe(const struct nsu_plan *plan, struct nsu_set *set)
{
	*set = (struct nsu_set){
		.scope = plan->scope,
		.lifetime = plan->lifetime,
		.uid = plan->uid,
		.gid = plan->scope_gid,
		.namespaces = plan->namespaces,
		.stop_timeout_ms = plan->stop_timeout_ms,
		.harden = plan->harden,
	};
	snprintf(set->id, sizeof(set->id), "%s", plan->id);
	snprintf(set->name, sizeof(set->name), "%s", plan->scope_name);
	nsu_text_printable(plan->profile, set->profile, sizeof(set->profile));
}

static void put_login(struct nsu_frame_writer *writer, const struct nsu_login *login)
{
	nsu_frame_put_number(writer, login->uid);
	nsu_frame_put_number(writer, (uint64_t)login->opener);
	nsu_frame_put_number(writer, (uint64_t)login->since);
	nsu_frame_put_string(writer, login->user);
	nsu_frame_put_string(writer, login->service);
	nsu_frame_put_string(writer, login->tty);
	nsu_frame_put_string(writer, login->rhost);
}

static void take_login(struct nsu_frame_reader *reader, struct nsu_login *login)
{
	login->uid = (uid_t)nsu_frame_take_number(reader, UINT32_MAX);
	login->opener = (pid_t)nsu_frame_take_number(reader, INT32_MAX);
	login->since = (int64_t)nsu_frame_take_number(reader, INT64_MAX);
	nsu_frame_take_string(reader, login->user, sizeof(login->user));
	nsu_frame_take_string(reader, login->service, sizeof(login->service));
	nsu_frame_take_string(reader, login->tty, sizeof(login->tty));
	nsu_frame_take_string(reader, login->rhost, sizeof(login->rhost));
}

int nsu_set_encode_hello(const struct nsu_set_hello *hello, void *buffer, size_t cap, size_t *ret_len)
{
	struct nsu_frame_writer writer = {.buffer = buffer, .cap = cap};

	nsu_frame_begin(&writer, SET_MAGIC_HELLO);
	nsu_frame_put_number(&writer, hello->wish);
	nsu_frame_put_number(&writer, hello->first);
	put_login(&writer, &hello->login);
	return nsu_frame_finish(&writer, ret_len);
}

int nsu_set_decode_hello(const void *frame, size_t len, struct nsu_set_hello *hello)
{
	struct nsu_frame_reader reader = {.frame = frame, .len = len};
	int ret;

	ret = nsu_frame_open(&reader, SET_MAGIC_HELLO);
	if (ret < 0)
		return ret;
	hello->wish = (enum nsu_set_wish)nsu_frame_take_number(&reader, NSU_SET_END);
	hello->first = (size_t)nsu_frame_take_number(&reader, UINT32_MAX);
	take_login(&reader, &hello->login);
	if (hello->wish < NSU_SET_LOGIN)
		return -EBADMSG;
	return nsu_frame_end(&reader);
}

int nsu_set_encode(const struct nsu_set *set, const struct nsu_login *const *logins, size_t n, void *buffer,
                   size_t *ret_len)
{
	struct nsu_frame_writer writer = {.buffer = buffer, .cap = NSU_FRAME_MAX};

	nsu_frame_begin(&writer, SET_MAGIC_SET);
	nsu_frame_put_string(&writer, set->id);
	nsu_frame_put_number(&writer, set->scope);
	nsu_frame_put_number(&writer, set->lifetime);
	nsu_frame_put_number(&writer, set->uid);
	nsu_frame_put_number(&writer, set->gid);
	nsu_frame_put_string(&writer, set->name);
	nsu_frame_put_string(&writer, set->profile);
	nsu_frame_put_string(&writer, set->note);
	nsu_frame_put_number(&writer, set->namespaces);
	nsu_frame_put_number(&writer, set->stop_timeout_ms);
	nsu_frame_put_number(&writer, set->harden.drop);
	nsu_frame_put_number(&writer, set->harden.denials);
	nsu_frame_put_number(&writer, set->harden.no_new_privs);
	nsu_frame_put_number(&writer, (uint64_t)set->since);
	nsu_frame_put_number(&writer, set->n_logins);
	nsu_frame_put_number(&writer, n);
	for (size_t i = 0; i < n; i++)
		put_login(&writer, logins[i]);
	return nsu_frame_finish(&writer, ret_len);
}

int nsu_set_decode(const void *frame, size_t len, struct nsu_set *set, struct nsu_login logins[NSU_SET_PAGE],
                   size_t *ret_n)
{
	struct nsu_frame_reader reader = {.frame = frame, .len = len};
	int ret;

	ret = nsu_frame_open(&reader, SET_MAGIC_SET);
	if (ret < 0)
		return ret;
	nsu_frame_take_string(&reader, set->id, sizeof(set->id));
	set->scope = (enum nsu_plan_scope)nsu_frame_take_number(&reader, NSU_PLAN_SCOPES - 1);
	set->lifetime = (enum nsu_plan_lifetime)nsu_frame_take_number(&reader, NSU_PLAN_LIFETIMES - 1);
	set->uid = (uid_t)nsu_frame_take_number(&reader, UINT32_MAX);
	set->gid = (gid_t)nsu_frame_take_number(&reader, UINT32_MAX);
	nsu_frame_take_string(&reader, set->name, sizeof(set->name));
	nsu_frame_take_string(&reader, set->profile, sizeof(set->profile));
	nsu_frame_take_string(&reader, set->note, sizeof(set->note));
	set->namespaces = (unsigned)nsu_frame_take_number(&reader, UINT32_MAX);
	set->stop_timeout_ms = (unsigned)nsu_frame_take_number(&reader, UINT32_MAX);
	set->harden.drop = nsu_frame_take_number(&reader, UINT64_MAX);
	set->harden.denials = (unsigned)nsu_frame_take_number(&reader, NSU_PLAN_DENY_ALL);
	set->harden.no_new_privs = nsu_frame_take_bool(&reader);
	set->since = (int64_t)nsu_frame_take_number(&reader, INT64_MAX);
	set->n_logins = (size_t)nsu_frame_take_number(&reader, NSU_LOGINS_MAX);
	*ret_n = (size_t)nsu_frame_take_number(&reader, NSU_SET_PAGE);
	for (size_t i = 0; i < *ret_n; i++)
		take_login(&reader, &logins[i]);
	return nsu_frame_end(&reader);
}
