/* SPDX-License-Identifier: BSD-3-Clause */
/* C-111, C-112 */
#include "support.h"

#include "set.h"

static unsigned char frame[NSU_FRAME_MAX];
static size_t frame_len;
static struct nsu_set set;
static struct nsu_login logins[NSU_SET_PAGE];

static const struct nsu_set_hello hello = {
	.wish = NSU_SET_LOGIN,
	.first = 7,
	.login = {.uid = 4294967294,
                  .opener = 4194304,
                  .since = 1800000000,
                  .user = "alice",
                  .service = "sshd",
                  .tty = "pts/3",
                  .rhost = "\\x1b[31mred"},
};

static const struct nsu_set told = {
	.id = "0123456789abcdef",
	.scope = NSU_PLAN_SCOPE_NAMED,
	.lifetime = NSU_PLAN_LIFETIME_PERMANENT,
	.uid = 1,
	.gid = 2,
	.name = "lab",
	.profile = "shell",
	.note = "address=10.64.0.5",
	.namespaces = CLONE_NEWNS | CLONE_NEWPID,
	.stop_timeout_ms = 30000,
	.harden = {.drop = 1ULL << 63, .denials = 3, .no_new_privs = true},
	.since = 1800000001,
	.n_logins = NSU_LOGINS_MAX,
};

/* From blocks of this very size, so that the sanitizer sees a read behind them. */
static int decode_hello(size_t len, struct nsu_set_hello *got)
{
	auto_free unsigned char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, frame, len);
	memset(got, 0xa5, sizeof(*got));
	return nsu_set_decode_hello(copy, len, got);
}

static int decode(size_t len, size_t *ret_n)
{
	auto_free unsigned char *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, frame, len);
	memset(&set, 0xa5, sizeof(set));
	memset(logins, 0xa5, sizeof(logins));
	return nsu_set_decode(copy, len, &set, logins, ret_n);
}

static void assert_same_login(const struct nsu_login *a, const struct nsu_login *b)
{
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->opener, b->opener);
	assert_int_equal(a->since, b->since);
	assert_string_equal(a->user, b->user);
	assert_string_equal(a->service, b->service);
	assert_string_equal(a->tty, b->tty);
	assert_string_equal(a->rhost, b->rhost);
}

static void encode_set(size_t n)
{
	const struct nsu_login *page[NSU_SET_PAGE] = {NULL};

	for (size_t i = 0; i < n; i++)
		page[i] = &hello.login;
	assert_int_equal(nsu_set_encode(&told, page, n, frame, &frame_len), 0);
}

static void hello_comes_back_as_it_was(void **state)
{
	struct nsu_set_hello got;

	(void)state;
	assert_int_equal(nsu_set_encode_hello(&hello, frame, sizeof(frame), &frame_len), 0);
	assert_int_equal(decode_hello(frame_len, &got), 0);
	assert_int_equal(got.wish, hello.wish);
	assert_int_equal(got.first, hello.first);
	assert_same_login(&got.login, &hello.login);
}

static void hello_with_the_longest_texts_fits(void **state)
{
	struct nsu_set_hello longest = {.wish = NSU_SET_LOGIN}, got;

	(void)state;
	memset(longest.login.user, 'u', sizeof(longest.login.user) - 1);
	memset(longest.login.service, 's', sizeof(longest.login.service) - 1);
	memset(longest.login.tty, 't', sizeof(longest.login.tty) - 1);
	memset(longest.login.rhost, 'r', sizeof(longest.login.rhost) - 1);
	assert_int_equal(nsu_set_encode_hello(&longest, frame, NSU_HELLO_MAX, &frame_len), 0);
	assert_int_equal(decode_hello(frame_len, &got), 0);
	assert_same_login(&got.login, &longest.login);
	assert_int_equal(nsu_set_encode_hello(&longest, frame, frame_len - 1, &(size_t){0}), -E2BIG);
}

static void a_full_page_comes_back_as_it_was(void **state)
{
	size_t n = 0;

	(void)state;
	encode_set(NSU_SET_PAGE);
	assert_int_equal(decode(frame_len, &n), 0);
	assert_int_equal(n, NSU_SET_PAGE);
	assert_string_equal(set.id, told.id);
	assert_int_equal(set.scope, told.scope);
	assert_int_equal(set.lifetime, told.lifetime);
	assert_int_equal(set.uid, told.uid);
	assert_int_equal(set.gid, told.gid);
	assert_string_equal(set.name, told.name);
	assert_string_equal(set.profile, told.profile);
	assert_string_equal(set.note, told.note);
	assert_int_equal(set.namespaces, told.namespaces);
	assert_int_equal(set.stop_timeout_ms, told.stop_timeout_ms);
	assert_int_equal(set.harden.drop, told.harden.drop);
	assert_int_equal(set.harden.denials, told.harden.denials);
	assert_int_equal(set.harden.no_new_privs, told.harden.no_new_privs);
	assert_int_equal(set.since, told.since);
	assert_int_equal(set.n_logins, told.n_logins);
	for (size_t i = 0; i < n; i++)
		assert_same_login(&logins[i], &hello.login);
}

static void no_frame_of_another_length_is_taken(void **state)
{
	struct nsu_set_hello got;
	size_t whole, n;

	(void)state;
	assert_int_equal(nsu_set_encode_hello(&hello, frame, sizeof(frame), &whole), 0);
	for (size_t len = 0; len <= whole + 8; len++)
		assert_true(len == whole || decode_hello(len, &got) < 0);
	encode_set(2);
	whole = frame_len;
	for (size_t len = 0; len <= whole + 8; len++)
		assert_true(len == whole || decode(len, &n) < 0);
}

static void neither_frame_is_taken_for_the_other(void **state)
{
	struct nsu_set_hello got;
	size_t n;

	(void)state;
	encode_set(0);
	assert_int_equal(decode_hello(frame_len, &got), -EPROTO);
	assert_int_equal(nsu_set_encode_hello(&hello, frame, sizeof(frame), &frame_len), 0);
	assert_int_equal(decode(frame_len, &n), -EPROTO);
}

/* Whatever a byte becomes: refused, or values within their types and texts that end. */
static void every_changed_byte_is_refused_or_harmless(void **state)
{
	struct nsu_set_hello got;

	(void)state;
	assert_int_equal(nsu_set_encode_hello(&hello, frame, sizeof(frame), &frame_len), 0);
	for (size_t at = 0; at < frame_len; at++) {
		unsigned char was = frame[at];

		for (unsigned value = 0; value < 256; value++) {
			frame[at] = (unsigned char)value;
			if (decode_hello(frame_len, &got) < 0)
				continue;
			assert_in_range(got.wish, NSU_SET_LOGIN, NSU_SET_END);
			assert_non_null(memchr(got.login.user, '\0', sizeof(got.login.user)));
			assert_non_null(memchr(got.login.rhost, '\0', sizeof(got.login.rhost)));
		}
		frame[at] = was;
	}
	encode_set(2);
	for (size_t at = 0; at < frame_len; at++) {
		unsigned char was = frame[at];

		for (unsigned value = 0; value < 256; value++) {
			size_t n = 0;

			frame[at] = (unsigned char)value;
			if (decode(frame_len, &n) < 0)
				continue;
			assert_in_range(n, 0, NSU_SET_PAGE);
			assert_in_range(set.n_logins, 0, NSU_LOGINS_MAX);
			assert_in_range(set.scope, 0, NSU_PLAN_SCOPES - 1);
			assert_in_range(set.lifetime, 0, NSU_PLAN_LIFETIMES - 1);
			assert_non_null(memchr(set.profile, '\0', sizeof(set.profile)));
		}
		frame[at] = was;
	}
}

/* A field behind the head of a hello is eight bytes: the wish is the first. */
static void a_wish_that_there_is_not_is_refused(void **state)
{
	static const uint64_t wrong[] = {0, NSU_SET_END + 1, UINT64_MAX};
	struct nsu_set_hello got;

	(void)state;
	assert_int_equal(nsu_set_encode_hello(&hello, frame, sizeof(frame), &frame_len), 0);
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		memcpy(frame + 16, &wrong[i], sizeof(wrong[i]));
		assert_int_equal(decode_hello(frame_len, &got), -EBADMSG);
	}
}

static struct nsu_plan *new_plan(enum nsu_plan_scope scope)
{
	struct nsu_plan *plan = malloc(sizeof(*plan));

	assert_non_null(plan);
	nsu_plan_init(plan);
	plan->namespaces = CLONE_NEWNS | CLONE_NEWPID;
	plan->scope = scope;
	plan->profile = "shell";
	plan->id = "0123456789abcdef";
	if (scope == NSU_PLAN_SCOPE_USER)
		plan->uid = 1501;
	if (scope == NSU_PLAN_SCOPE_GROUP)
		plan->scope_gid = 1501;
	if (scope == NSU_PLAN_SCOPE_NAMED)
		plan->scope_name = "1501";
	return plan;
}

static void keys_name_scope_and_subject(void **state)
{
	static const struct {
		enum nsu_plan_scope scope;
		const char *begin;
	} cases[] = {{NSU_PLAN_SCOPE_SESSION, "s0123456789abcdef"},
	             {NSU_PLAN_SCOPE_USER, "u1501."},
	             {NSU_PLAN_SCOPE_GROUP, "g1501."},
	             {NSU_PLAN_SCOPE_NAMED, "n1501."}};
	char key[NSU_KEY_MAX];

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(cases); i++) {
		auto_free struct nsu_plan *plan = new_plan(cases[i].scope);

		nsu_set_key(plan, key);
		assert_int_equal(strncmp(key, cases[i].begin, strlen(cases[i].begin)), 0);
		assert_null(strchr(key, '/'));
		assert_int_equal(strlen(key), strlen(cases[i].begin) + (cases[i].scope ? NSU_ID_LEN : 0));
	}
}

/* Is the key another one once the plan is changed by this? */
#define CHANGES_KEY(plan, change)                                                                                      \
	({                                                                                                             \
		char before[NSU_KEY_MAX], after[NSU_KEY_MAX];                                                          \
		nsu_set_key(plan, before);                                                                             \
		change;                                                                                                \
		nsu_set_key(plan, after);                                                                              \
		strcmp(before, after) != 0;                                                                            \
	})

static void a_key_holds_what_the_set_is_made_of(void **state)
{
	auto_free struct nsu_plan *plan = new_plan(NSU_PLAN_SCOPE_USER);

	(void)state;
	assert_true(CHANGES_KEY(plan, plan->namespaces |= CLONE_NEWNET));
	assert_true(CHANGES_KEY(plan, plan->profile = "other"));
	assert_true(CHANGES_KEY(plan, plan->hostname = "other"));
	assert_true(CHANGES_KEY(plan, plan->propagation = NSU_PLAN_SLAVE));
	assert_true(CHANGES_KEY(plan, plan->stop_timeout_ms = 1));
	assert_true(CHANGES_KEY(plan, plan->lifetime = NSU_PLAN_LIFETIME_PROCESSES));
	assert_true(CHANGES_KEY(plan, plan->harden.no_new_privs = true));
	assert_true(CHANGES_KEY(plan, plan->limits.tasks = 5));
	assert_true(CHANGES_KEY(plan, plan->time.boottime = 5));
	assert_true(CHANGES_KEY(plan, plan->uid = 1502));
	assert_true(CHANGES_KEY(plan, (plan->mounts[0] = (struct nsu_plan_mount){.path = "/tmp"}, plan->n_mounts = 1)));
	assert_true(CHANGES_KEY(plan, plan->mounts[0].mode = 0700));
}

static void a_key_holds_nothing_of_one_login(void **state)
{
	auto_free struct nsu_plan *plan = new_plan(NSU_PLAN_SCOPE_USER);

	(void)state;
	assert_false(CHANGES_KEY(plan, plan->id = "fedcba9876543210"));
	assert_false(CHANGES_KEY(plan, plan->timeout_ms = 100));
	assert_false(CHANGES_KEY(plan, plan->rule = "elsewhere:1"));
	assert_false(CHANGES_KEY(plan, (plan->environment[0] = "A=b", plan->n_environment = 1)));
}

static void names_that_begin_alike_have_keys_of_their_own(void **state)
{
	auto_free struct nsu_plan *plan = new_plan(NSU_PLAN_SCOPE_NAMED);

	(void)state;
	plan->scope_name = "0123456789012345678901234567890a";
	assert_true(CHANGES_KEY(plan, plan->scope_name = "0123456789012345678901234567890b"));
	assert_true(CHANGES_KEY(plan, plan->scope_name = "01234567890123456789012345678901-longer-a"));
	assert_true(CHANGES_KEY(plan, plan->scope_name = "01234567890123456789012345678901-longer-b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_comes_back_as_it_was),
		cmocka_unit_test(hello_with_the_longest_texts_fits),
		cmocka_unit_test(a_full_page_comes_back_as_it_was),
		cmocka_unit_test(no_frame_of_another_length_is_taken),
		cmocka_unit_test(neither_frame_is_taken_for_the_other),
		cmocka_unit_test(every_changed_byte_is_refused_or_harmless),
		cmocka_unit_test(a_wish_that_there_is_not_is_refused),
		cmocka_unit_test(keys_name_scope_and_subject),
		cmocka_unit_test(a_key_holds_what_the_set_is_made_of),
		cmocka_unit_test(a_key_holds_nothing_of_one_login),
		cmocka_unit_test(names_that_begin_alike_have_keys_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
