/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include "wire.h"

static struct nsu_plan sent, got;
static unsigned char frame[NSU_FRAME_MAX];
static size_t frame_len;

static int make_frame(void **state)
{
	(void)state;
	nsu_plan_init(&sent);
	sent.namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUSER |
	                  CLONE_NEWTIME | CLONE_NEWCGROUP;
	sent.propagation = NSU_PLAN_SLAVE;
	sent.timeout_ms = 1234;
	sent.stop_timeout_ms = 567;
	sent.hostname = "alice-host";
	sent.domainname = "example.org";
	sent.profile = "shell";
	sent.id = "0123456789abcdef";
	sent.uid = 4294967294;
	sent.gid = 69999;
	sent.harden = (struct nsu_plan_harden){.drop = 1ULL << 63 | 5, .denials = 17, .no_new_privs = true};
	sent.net = (struct nsu_plan_net){.mode = NSU_PLAN_NET_VETH,
	                                 .name = "",
	                                 .bridge = "br0",
	                                 .pool = 0x0a400000,
	                                 .prefix_len = 16,
	                                 .mtu = 1400,
	                                 .gateway = true,
	                                 .isolated = true};
	sent.time = (struct nsu_plan_time){.boottime = -5, .monotonic = 7};
	sent.user.max_user_namespaces = 3;
	sent.user.n_uids = 2;
	sent.user.uids[0] = (struct nsu_plan_range){0, 100000, 1};
	sent.user.uids[1] = (struct nsu_plan_range){4294967294 - 4, 1000, 5};
	sent.user.n_gids = 1;
	sent.user.gids[0] = (struct nsu_plan_range){0, 0, 70000};
	sent.limits = (struct nsu_plan_limits){
		.memory_bytes = 1ULL << 40, .tasks = 500, .cpu_weight = 10, .parent = "/nsunshare"};
	sent.mounts[0] = (struct nsu_plan_mount){.type = NSU_PLAN_PROC, .path = "/proc", .optional = true};
	sent.mounts[1] = (struct nsu_plan_mount){.type = NSU_PLAN_TMPFS,
	                                         .path = "/tmp",
	                                         .noexec = true,
	                                         .size_bytes = 1 << 20,
	                                         .inodes = 100,
	                                         .mode = 0700,
	                                         .uid = 1000,
	                                         .gid = 4294967294};
	sent.mounts[2] = (struct nsu_plan_mount){
		.type = NSU_PLAN_TMPFS, .path = "/var/tmp", .size_percent = 10, .inodes = 100, .mode = 01777};
	sent.mounts[3] = (struct nsu_plan_mount){
		.type = NSU_PLAN_BIND, .path = "/srv", .source = "/home/alice/srv", .read_only = true, .noexec = true};
	sent.mounts[4] = (struct nsu_plan_mount){.type = NSU_PLAN_READONLY, .path = "/opt", .recursive = true};
	sent.mounts[5] = (struct nsu_plan_mount){
		.type = NSU_PLAN_INSTANCE, .path = "/scratch", .throw_away = true, .mode = 0700, .uid = 1000};
	sent.mounts[6] = (struct nsu_plan_mount){
		.type = NSU_PLAN_PROC, .path = "/p", .hidepid = NSU_PLAN_HIDEPID_PTRACEABLE, .subset_pid = true};
	sent.mounts[7] = (struct nsu_plan_mount){.type = NSU_PLAN_EXPOSE, .path = "/tmp/x", .optional = true};
	sent.n_mounts = 8;
	return nsu_wire_encode(&sent, frame, sizeof(frame), &frame_len);
}

/* Decodes from a block of this very size, so that the sanitizer sees a read behind it. */
static int decode(const unsigned char *bytes, size_t len)
{
	auto_free unsigned char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	memset(&got, 0xa5, sizeof(got));
	return nsu_wire_decode(copy, len, &got);
}

static void assert_same_mount(const struct nsu_plan_mount *a, const struct nsu_plan_mount *b)
{
	assert_int_equal(a->type, b->type);
	assert_string_equal(a->path, b->path);
	assert_string_equal(a->source, b->source ? b->source : "");
	assert_int_equal(a->optional, b->optional);
	assert_int_equal(a->read_only, b->read_only);
	assert_int_equal(a->recursive, b->recursive);
	assert_int_equal(a->throw_away, b->throw_away);
	assert_int_equal(a->hidepid, b->hidepid);
	assert_int_equal(a->subset_pid, b->subset_pid);
	assert_int_equal(a->noexec, b->noexec);
	assert_int_equal(a->size_bytes, b->size_bytes);
	assert_int_equal(a->size_percent, b->size_percent);
	assert_int_equal(a->inodes, b->inodes);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
}

static void decode_gives_the_plan_that_was_encoded(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	assert_int_equal(decode(frame, frame_len), 0);
	assert_int_equal(nsu_plan_check(&got, &fail), 0);
	assert_string_equal(got.profile, sent.profile); /* the rule stays */
	assert_int_equal(got.leave_alone, sent.leave_alone);
	assert_int_equal(got.namespaces, sent.namespaces);
	assert_string_equal(got.hostname, sent.hostname);
	assert_int_equal(got.propagation, sent.propagation);
	assert_int_equal(got.timeout_ms, sent.timeout_ms);
	assert_int_equal(got.stop_timeout_ms, sent.stop_timeout_ms);
	assert_int_equal(got.enforce, sent.enforce);
	assert_int_equal(got.allow_on_error, sent.allow_on_error);
	assert_int_equal(got.n_mounts, sent.n_mounts);
	assert_string_equal(got.domainname, sent.domainname);
	assert_string_equal(got.id, sent.id);
	assert_int_equal(got.uid, sent.uid);
	assert_int_equal(got.gid, sent.gid);
	for (size_t i = 0; i < sent.n_mounts; i++)
		assert_same_mount(&got.mounts[i], &sent.mounts[i]);
}

static void decode_gives_what_the_plan_says_of_single_namespaces(void **state)
{
	(void)state;
	assert_int_equal(decode(frame, frame_len), 0);
	assert_int_equal(got.net.mode, sent.net.mode);
	assert_string_equal(got.net.name, sent.net.name);
	assert_int_equal(got.net.create, sent.net.create);
	assert_string_equal(got.net.bridge, sent.net.bridge);
	assert_int_equal(got.net.pool, sent.net.pool);
	assert_int_equal(got.net.prefix_len, sent.net.prefix_len);
	assert_int_equal(got.net.mtu, sent.net.mtu);
	assert_int_equal(got.net.gateway, sent.net.gateway);
	assert_int_equal(got.net.isolated, sent.net.isolated);
	assert_int_equal(got.time.boottime, sent.time.boottime);
	assert_int_equal(got.time.monotonic, sent.time.monotonic);
	assert_int_equal(got.user.max_user_namespaces, sent.user.max_user_namespaces);
	assert_int_equal(got.user.n_uids, sent.user.n_uids);
	assert_int_equal(got.user.n_gids, sent.user.n_gids);
	assert_memory_equal(got.user.uids, sent.user.uids, sent.user.n_uids * sizeof(*sent.user.uids));
	assert_memory_equal(got.user.gids, sent.user.gids, sent.user.n_gids * sizeof(*sent.user.gids));
	assert_int_equal(got.limits.memory_bytes, sent.limits.memory_bytes);
	assert_int_equal(got.limits.tasks, sent.limits.tasks);
	assert_int_equal(got.limits.cpu_weight, sent.limits.cpu_weight);
	assert_string_equal(got.limits.parent, sent.limits.parent);
	assert_int_equal(got.harden.drop, sent.harden.drop);
	assert_int_equal(got.harden.denials, sent.harden.denials);
	assert_int_equal(got.harden.no_new_privs, sent.harden.no_new_privs);
}

static void encode_gives_the_same_bytes_for_the_same_plan(void **state)
{
	static unsigned char again[NSU_FRAME_MAX];
	size_t len;

	(void)state;
	assert_int_equal(nsu_wire_encode(&sent, again, sizeof(again), &len), 0);
	assert_int_equal(len, frame_len);
	assert_memory_equal(again, frame, len);
}

static void size_is_what_encode_fills(void **state)
{
	(void)state;
	assert_int_equal(nsu_wire_size(&sent), frame_len);
}

static void encode_refuses_a_buffer_that_is_too_small(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < frame_len; cap++) {
		auto_free unsigned char *buffer = malloc(cap ? cap : 1);
		size_t len = 99;

		assert_int_equal(nsu_wire_encode(&sent, buffer, cap, &len), -E2BIG);
		assert_int_equal(len, 99);
	}
}

static void encode_has_room_for_the_largest_plan(void **state)
{
	char path[380];

	(void)state;
	sent.n_mounts = NSU_PLAN_MOUNTS_MAX;
	for (size_t i = 0; i < sent.n_mounts; i++) {
		sent.mounts[i] = sent.mounts[1];
		memset(path, 'a' + (int)(i % 26), sizeof(path) - 1);
		path[0] = '/';
		path[1] = (char)('0' + i);
		path[sizeof(path) - 1] = '\0';
		assert_int_equal(nsu_plan_text(&sent, path, &sent.mounts[i].path), 0);
	}
	assert_int_equal(nsu_wire_encode(&sent, frame, sizeof(frame), &frame_len), 0);
	assert_int_equal(decode(frame, frame_len), 0);
	assert_int_equal(got.n_mounts, NSU_PLAN_MOUNTS_MAX);
	assert_string_equal(got.mounts[NSU_PLAN_MOUNTS_MAX - 1].path, sent.mounts[NSU_PLAN_MOUNTS_MAX - 1].path);
}

static void decode_refuses_every_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < frame_len; len++)
		assert_true(decode(frame, len) < 0);
}

static void decode_refuses_every_truncation_that_says_its_own_length(void **state)
{
	unsigned char cut[4096];

	(void)state;
	for (uint64_t len = 16; len < frame_len; len++) {
		memcpy(cut, frame, len);
		memcpy(cut + 8, &len, sizeof(len));
		assert_int_equal(decode(cut, len), -EBADMSG);
	}
}

static void decode_refuses_what_follows_a_plan(void **state)
{
	unsigned char longer[4096] = {0};
	uint64_t len = frame_len + 8;

	(void)state;
	memcpy(longer, frame, frame_len);
	assert_int_equal(decode(longer, len), -EBADMSG);
	memcpy(longer + 8, &len, sizeof(len));
	assert_int_equal(decode(longer, len), -EBADMSG);
}

static void decode_refuses_another_version_and_an_answer(void **state)
{
	struct nsu_wire_answer answer = {.fail = NSU_FAIL_INIT};
	unsigned char other[sizeof(answer) + 64];
	size_t len;

	(void)state;
	frame[0] ^= 1;
	assert_int_equal(decode(frame, frame_len), -EPROTO);
	assert_int_equal(nsu_wire_encode_answer(&answer, other, sizeof(other), &len), 0);
	assert_int_equal(decode(other, len), -EPROTO);
}

/* A frame with any byte changed is refused, or gives a plan of sound values that the check takes or refuses. */
static void decode_of_any_changed_byte_is_refused_or_sound(void **state)
{
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < frame_len; i++) {
		for (unsigned change = 1; change < 256; change++) {
			struct nsu_fail fail = NSU_FAIL_INIT;
			unsigned char bytes[4096];

			memcpy(bytes, frame, frame_len);
			bytes[i] ^= (unsigned char)change;
			if (decode(bytes, frame_len) < 0)
				continue;
			assert_true(got.n_mounts <= NSU_PLAN_MOUNTS_MAX);
			if (nsu_plan_check(&got, &fail) < 0)
				assert_int_equal(fail.err, EINVAL);
			len += strlen(got.profile) + strlen(got.hostname) + strlen(got.domainname) + strlen(got.id);
			for (size_t j = 0; j < got.n_mounts; j++) /* every string has its end */
				len += strlen(got.mounts[j].path) + strlen(got.mounts[j].source);
		}
	}
	assert_true(len > 0);
}

static void decode_refuses_a_string_that_holds_a_nul(void **state)
{
	unsigned char *name = memmem(frame, frame_len, "alice", 5);

	(void)state;
	assert_non_null(name);
	name[2] = '\0';
	assert_int_equal(decode(frame, frame_len), -EBADMSG);
}

static void decode_refuses_more_mounts_than_a_plan_holds(void **state)
{
	/* In front of the first mount: its type, the length of its path, the path. */
	const unsigned char *path = memmem(frame, frame_len, "/proc", 5);
	size_t at = (size_t)(path - frame) - 3 * sizeof(uint64_t);
	uint64_t n;

	(void)state;
	memcpy(&n, frame + at, sizeof(n));
	assert_int_equal(n, 8);
	n = NSU_PLAN_MOUNTS_MAX + 1;
	memcpy(frame + at, &n, sizeof(n));
	assert_int_equal(decode(frame, frame_len), -EBADMSG);
}

static void answer_comes_back_as_it_was_sent(void **state)
{
	struct nsu_wire_answer ready = {.fail = NSU_FAIL_INIT}, wrong = {.fail = NSU_FAIL_INIT}, back;
	unsigned char bytes[sizeof(ready) + 64];
	size_t len;

	(void)state;
	assert_int_equal(nsu_wire_encode_answer(&ready, bytes, sizeof(bytes), &len), 0);
	memset(&back, 0xa5, sizeof(back));
	assert_int_equal(nsu_wire_decode_answer(bytes, len, &back), 0);
	assert_int_equal(back.fail.err, 0);
	assert_int_equal(nsu_fail_because(&wrong.fail, ENOSPC, "%0*d", NSU_FAIL_TEXT_MAX - 1, 7), -ENOSPC);
	assert_int_equal(nsu_wire_encode_answer(&wrong, bytes, sizeof(bytes), &len), 0);
	assert_int_equal(nsu_wire_decode_answer(bytes, len, &back), 0);
	assert_int_equal(back.fail.err, ENOSPC);
	assert_true(back.fail.has_reason);
	assert_string_equal(back.fail.text, wrong.fail.text);
}

static void answer_is_refused_or_sound_when_cut_or_changed(void **state)
{
	struct nsu_wire_answer answer = {.fail = {.err = ENOENT, .text = "open '/x'"}}, back;
	unsigned char bytes[sizeof(answer) + 16];
	size_t len;

	(void)state;
	assert_int_equal(nsu_wire_encode_answer(&answer, bytes, sizeof(bytes), &len), 0);
	for (size_t cut = 0; cut < len; cut++)
		assert_true(nsu_wire_decode_answer(bytes, cut, &back) < 0);
	for (size_t i = 0; i < len; i++) {
		for (unsigned change = 1; change < 256; change++) {
			bytes[i] ^= (unsigned char)change;
			if (nsu_wire_decode_answer(bytes, len, &back) == 0) {
				assert_true(back.fail.err >= 0);
				assert_true(memchr(back.fail.text, '\0', sizeof(back.fail.text)));
			}
			bytes[i] ^= (unsigned char)change;
		}
	}
}

#define WITH_FRAME(test) cmocka_unit_test_setup(test, make_frame)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FRAME(decode_gives_the_plan_that_was_encoded),
		WITH_FRAME(decode_gives_what_the_plan_says_of_single_namespaces),
		WITH_FRAME(encode_gives_the_same_bytes_for_the_same_plan),
		WITH_FRAME(size_is_what_encode_fills),
		WITH_FRAME(encode_refuses_a_buffer_that_is_too_small),
		WITH_FRAME(encode_has_room_for_the_largest_plan),
		WITH_FRAME(decode_refuses_every_truncation),
		WITH_FRAME(decode_refuses_every_truncation_that_says_its_own_length),
		WITH_FRAME(decode_refuses_what_follows_a_plan),
		WITH_FRAME(decode_refuses_another_version_and_an_answer),
		WITH_FRAME(decode_of_any_changed_byte_is_refused_or_sound),
		WITH_FRAME(decode_refuses_a_string_that_holds_a_nul),
		WITH_FRAME(decode_refuses_more_mounts_than_a_plan_holds),
		WITH_FRAME(answer_comes_back_as_it_was_sent),
		WITH_FRAME(answer_is_refused_or_sound_when_cut_or_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
