/* SPDX-License-Identifier: BSD-3-Clause */
/* link: -Wl,--wrap=nsu_subject_user_exists */
/* Which sets a word on the command line means. */
#include "support.h"

#include <stdbool.h>

#include "select.h"
#include "subject.h"

int __wrap_nsu_subject_user_exists(const char *user, bool *ret_exists, uid_t *ret_uid, struct nsu_fail *fail);

static unsigned n_asked; /* so often NSS was asked */

int __wrap_nsu_subject_user_exists(const char *user, bool *ret_exists, uid_t *ret_uid, struct nsu_fail *fail)
{
	static const struct {
		const char *name;
		uid_t uid;
	} users[] = {{"alice", 1000}, {"bob", 1001}, {"carol", 1002}, {"beef", 1003}, {"100", 1004}};

	n_asked++;
	if (strcmp(user, "broken") == 0)
		return nsu_fail(fail, EHOSTDOWN, "look up the user '%s'", user);
	*ret_exists = false;
	for (size_t i = 0; i < NSU_COUNT(users); i++) {
		if (strcmp(users[i].name, user) != 0)
			continue;
		*ret_exists = true;
		*ret_uid = users[i].uid;
	}
	return 0;
}

#define KEY_USER   "u1000.0123456789abcdef"
#define KEY_NAMED  "nlab.0123456789abcdef"
#define KEY_SILENT "u1000.00000000000000ff"

static const struct {
	const char *id; /* "": silent */
	const char *key;
	enum nsu_plan_scope scope;
	uid_t uid;
	uid_t login_uid; /* 0: none */
} sets[] = {
	{"aaaa000000000000", "saaaa000000000000", NSU_PLAN_SCOPE_SESSION, 1000, 1000},
	{"aaaab00000000000", KEY_USER, NSU_PLAN_SCOPE_USER, 1000, 1000},
	{"beef000000000000", KEY_NAMED, NSU_PLAN_SCOPE_NAMED, 0, 1001},
	{"beefb00000000000", "sbeefb00000000000", NSU_PLAN_SCOPE_SESSION, 1003, 0},
	{"dddd000000000000", "g50.0123456789abcdef", NSU_PLAN_SCOPE_GROUP, 0, 1001},
	{"", "scccc000000000000", 0, 0, 0},
	{"", KEY_SILENT, 0, 0, 0},
};

#define N_SILENT 2

static struct nsu_asked_list all_sets(void)
{
	struct nsu_asked_list list = {.n = NSU_COUNT(sets) - N_SILENT, .n_silent = N_SILENT};

	list.items = calloc(NSU_COUNT(sets), sizeof(*list.items));
	for (size_t i = 0; i < NSU_COUNT(sets); i++) {
		struct nsu_asked *asked = &list.items[i];

		*asked = (struct nsu_asked)NSU_ASKED_INIT;
		snprintf(asked->key, sizeof(asked->key), "%s", sets[i].key);
		snprintf(asked->set.id, sizeof(asked->set.id), "%s", sets[i].id);
		asked->set.scope = sets[i].scope;
		asked->set.uid = sets[i].uid;
		if (sets[i].login_uid == 0)
			continue;
		asked->logins = calloc(1, sizeof(*asked->logins));
		asked->logins[0].uid = sets[i].login_uid;
		asked->n = 1;
	}
	return list;
}

/* The keys of what a word means, joined by spaces; or the sentence of the failure. */
static const char *means(const char *word, int (*select)(const char *, struct nsu_asked_list *, struct nsu_fail *),
                         int wanted)
{
	struct nsu_asked_list list = all_sets();
	struct nsu_fail fail = NSU_FAIL_INIT;
	static char text[1024];
	size_t len = 0;
	int ret;

	n_asked = 0;
	text[0] = '\0';
	ret = select(word, &list, &fail);
	for (size_t i = 0; i < list.n + list.n_silent && ret == 0; i++) {
		assert_int_equal(i >= list.n, !list.items[i].set.id[0]);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len > 0 ? " " : "", list.items[i].key);
	}
	if (ret < 0)
		nsu_fail_line(&fail, text, sizeof(text));
	assert_int_equal(ret, wanted);
	nsu_asked_list_clear(&list);
	return text;
}

#define ALL(word, wanted) means(word, nsu_cli_select, wanted)
#define ONE(word, wanted) means(word, nsu_cli_select_one, wanted)

static void select_knows_an_id_and_a_key_without_nss(void **state)
{
	(void)state;
	assert_string_equal(ALL("aaaa000000000000", 0), "saaaa000000000000");
	assert_string_equal(ALL("beef000000000000", 0), KEY_NAMED);
	assert_string_equal(ALL(KEY_USER, 0), KEY_USER);
	assert_string_equal(ALL(KEY_NAMED, 0), KEY_NAMED);
	assert_string_equal(ALL(KEY_SILENT, 0), KEY_SILENT);
	assert_string_equal(ALL("cccc000000000000", 0), "scccc000000000000");
	assert_int_equal(n_asked, 0);
}

static void select_knows_the_beginning_of_an_id(void **state)
{
	(void)state;
	assert_string_equal(ALL("aaaab", 0), KEY_USER);
	assert_string_equal(ALL("dddd", 0), "g50.0123456789abcdef");
	assert_string_equal(ALL("cccc", 0), "scccc000000000000");
	assert_string_equal(ALL("ddd", -ENOENT), "there is no set and no user 'ddd'; see nsunshare list");
	assert_string_equal(ALL("DDDD", -ENOENT), "there is no set and no user 'DDDD'; see nsunshare list");
	assert_string_equal(ALL("aaaa0000000000000", -ENOENT),
	                    "there is no set and no user 'aaaa0000000000000'; see nsunshare list");
	assert_string_equal(ALL("aaaa", -ENOTUNIQ),
	                    "'aaaa' is ambiguous: aaaa000000000000, aaaab00000000000; give the whole id");
}

static void select_knows_a_users_own_sets(void **state)
{
	(void)state;
	assert_string_equal(ALL("alice", 0), "saaaa000000000000 " KEY_USER " " KEY_SILENT);
	assert_string_equal(ALL("bob", -ENOENT),
	                    "the user 'bob' has no set of his own; he is logged in to: beef000000000000, "
	                    "dddd000000000000; give the id");
	assert_string_equal(ALL("carol", -ENOENT), "the user 'carol' has no set; see nsunshare list");
	/* u100 is not the beginning of u1000 */
	assert_string_equal(ALL("100", -ENOENT), "the user '100' has no set; see nsunshare list");
}

static void select_refuses_what_is_a_user_and_an_id(void **state)
{
	(void)state;
	assert_non_null(strstr(ALL("beef", -ENOTUNIQ), "'beef' is ambiguous: a user has that name, and ids begin so: "
	                                               "beef000000000000, beefb00000000000; give the whole id"));
}

static void select_escapes_and_passes_on(void **state)
{
	(void)state;
	assert_string_equal(ALL("\033[31mred", -ENOENT),
	                    "there is no set and no user '\\x1b[31mred'; see nsunshare list");
	assert_string_equal(ALL("", -ENOENT), "there is no set and no user '-'; see nsunshare list");
	assert_non_null(strstr(ALL("broken", -EHOSTDOWN), "look up the user 'broken'"));
}

static void select_one_wants_one_that_answers(void **state)
{
	(void)state;
	assert_string_equal(ONE("aaaab", 0), KEY_USER);
	assert_non_null(strstr(ONE("alice", -ENOTUNIQ),
	                       "'alice' has 3 sets: aaaa000000000000, aaaab00000000000, " KEY_SILENT
	                       "; give one's id"));
	assert_non_null(strstr(ONE(KEY_SILENT, -ETIMEDOUT), "gives no answer"));
	assert_string_equal(ONE("carol", -ENOENT), "the user 'carol' has no set; see nsunshare list");
}

static void select_names_as_many_candidates_as_fit(void **state)
{
	struct nsu_asked_list list = {.n = 50};
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	list.items = calloc(list.n, sizeof(*list.items));
	for (unsigned i = 0; i < list.n; i++) {
		list.items[i] = (struct nsu_asked)NSU_ASKED_INIT;
		snprintf(list.items[i].set.id, sizeof(list.items[i].set.id), "aaaa%012x", i);
	}
	assert_int_equal(nsu_cli_select("aaaa", &list, &fail), -ENOTUNIQ);
	assert_non_null(strstr(fail.text, "aaaa000000000000, aaaa000000000001, "));
	assert_non_null(strstr(fail.text, ", ...; give the whole id"));
	assert_int_equal(list.n, 50);
	nsu_asked_list_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(select_knows_an_id_and_a_key_without_nss),
		cmocka_unit_test(select_knows_the_beginning_of_an_id),
		cmocka_unit_test(select_knows_a_users_own_sets),
		cmocka_unit_test(select_refuses_what_is_a_user_and_an_id),
		cmocka_unit_test(select_escapes_and_passes_on),
		cmocka_unit_test(select_one_wants_one_that_answers),
		cmocka_unit_test(select_names_as_many_candidates_as_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
