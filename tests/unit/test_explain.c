/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of an explanation as such; what they say of each key and condition is in golden/. */
#include "support.h"

#include "explain.h"
#include "policy.h"

static struct nsu_subject alice = {
	.user = (char[]){"alice"},
	.home = (char[]){"/home/alice"},
	.uid = 1000,
	.gid = 1000,
	.service = "sshd",
	.tty = "",
	.rhost = "",
	.host = "host",
	.id = "0123456789abcdef",
};

static const char policy_text[] =
	"rules = ( { user = \"bob\"; profile = \"none\"; },\n"
	"  { user = \"a*\"; profile = \"p\"; } );\n"
	"profiles = { p = { namespaces = [ \"mount\", \"uts\" ]; environment = [ \"A=1\", \"B=2\" ];\n"
	"  mounts = ( { type = \"mask\"; path = \"/x\"; }, { type = \"mask\"; path = \"%h/y\"; } ); }; };\n";

static struct nsu_policy *policy;
static struct nsu_plan plan;

static int load(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	return nsu_policy_parse(policy_text, strlen(policy_text), "F", &policy, &fail);
}

static int forget(void **state)
{
	(void)state;
	nsu_policy_free(policy);
	return 0;
}

static void assert_row(const struct nsu_explain *explain, size_t index, const char *key, const char *value,
                       const char *origin)
{
	assert_true(index < explain->n);
	assert_string_equal(explain->rows[index].key, key);
	assert_string_equal(explain->rows[index].value, value);
	assert_string_equal(explain->rows[index].origin, origin);
}

static const struct nsu_explain_row *find_row(const struct nsu_explain *explain, const char *key, size_t which)
{
	for (size_t i = 0; i < explain->n; i++) {
		if (strcmp(explain->rows[i].key, key) == 0 && which-- == 0)
			return &explain->rows[i];
	}
	return NULL;
}

static void explain_begins_with_the_login_and_the_rules(void **state)
{
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	assert_int_equal(nsu_explain_login(policy, &alice, NULL, &plan, &explain, &fail), 0);
	assert_row(&explain, 0, "user", "alice", "");
	assert_row(&explain, 1, "service", "sshd", "");
	assert_row(&explain, 2, "rule", "no: user \"alice\" is not \"bob\"", "F:1");
	assert_row(&explain, 3, "rule", "yes", "F:2");
	assert_row(&explain, 4, "profile", "p", "F:2");
	assert_row(&explain, 5, "namespaces", "mount,uts", "F:3");
	nsu_explain_clear(&explain);
	assert_int_equal(explain.n, 0);
	nsu_explain_clear(&explain);
}

static void explain_gives_the_plan_that_match_gives(void **state)
{
	static struct nsu_plan matched;
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	assert_int_equal(nsu_policy_match(policy, &alice, NULL, &matched, &fail), 0);
	assert_int_equal(nsu_explain_login(policy, &alice, NULL, &plan, &explain, &fail), 0);
	assert_int_equal(plan.namespaces, matched.namespaces);
	assert_int_equal(plan.n_mounts, matched.n_mounts);
	assert_int_equal(plan.n_environment, matched.n_environment);
	assert_int_equal(plan.text_len, matched.text_len);
	assert_memory_equal(plan.text, matched.text, plan.text_len);
	nsu_explain_clear(&explain);
}

static void explain_has_a_row_for_each_mount_and_variable(void **state)
{
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	const struct nsu_explain_row *row;

	(void)state;
	assert_int_equal(nsu_explain_login(policy, &alice, NULL, &plan, &explain, &fail), 0);
	for (size_t i = 0; i < plan.n_mounts; i++)
		assert_non_null(find_row(&explain, "mount", i));
	assert_null(find_row(&explain, "mount", plan.n_mounts));
	row = find_row(&explain, "mount", plan.n_mounts - 1);
	assert_string_equal(row->value, "mask on /home/alice/y");
	assert_string_equal(row->origin, "F:4");
	row = find_row(&explain, "environment", 1);
	assert_string_equal(row->value, "B=2");
	assert_null(find_row(&explain, "environment", 2));
	nsu_explain_clear(&explain);
}

static void explain_goes_as_far_as_it_gets_when_the_match_fails(void **state)
{
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_subject subject = alice;

	(void)state;
	subject.home = (char[]){"relative"};
	assert_int_equal(nsu_explain_login(policy, &subject, NULL, &plan, &explain, &fail), -EINVAL);
	assert_int_equal(explain.n, 5);
	assert_row(&explain, 4, "profile", "p", "F:2");
	nsu_explain_clear(&explain);
}

static void explain_of_the_module_s_line_names_it(void **state)
{
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	assert_int_equal(nsu_explain_login(NULL, &alice, "default", &plan, &explain, &fail), 0);
	assert_row(&explain, 2, "profile", "default", "module line");
	nsu_explain_clear(&explain);
	assert_int_equal(nsu_explain_login(NULL, &alice, NULL, &plan, &explain, &fail), 0);
	assert_row(&explain, 2, "session", "left alone", "");
	assert_int_equal(explain.n, 3);
	nsu_explain_clear(&explain);
}

static void print_has_a_line_for_each_row(void **state)
{
	struct nsu_explain_row rows[] = {{(char[]){"user"}, (char[]){"alice"}, (char[]){""}},
	                                 {(char[]){"timeout"}, (char[]){"900"}, (char[]){"F:7"}}};
	struct nsu_explain explain = {.rows = rows, .n = 2};
	char text[128] = "";
	FILE *stream = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(stream);
	nsu_explain_print(&explain, stream);
	assert_int_equal(fclose(stream), 0);
	assert_string_equal(text, "user: alice\ntimeout: 900  [F:7]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explain_begins_with_the_login_and_the_rules),
		cmocka_unit_test(explain_gives_the_plan_that_match_gives),
		cmocka_unit_test(explain_has_a_row_for_each_mount_and_variable),
		cmocka_unit_test(explain_goes_as_far_as_it_gets_when_the_match_fails),
		cmocka_unit_test(explain_of_the_module_s_line_names_it),
		cmocka_unit_test(print_has_a_line_for_each_row),
	};

	return cmocka_run_group_tests(tests, load, forget);
}
