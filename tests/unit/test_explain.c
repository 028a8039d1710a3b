/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of an explanation as such; what they say of each key and condition is in golden/. */
#include "corpus.h"

#include "explain.h"
#include "policy.h"
#include "policy_value.h"
#include "set.h"

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

/* The one that `nsunshare list` and the socket have; its hash is none of the golden plans' business. */
static void explain_gives_the_key_of_a_shared_set(void **state)
{
	static const char text[] = "rules = ( { uid = 1000; profile = \"p\"; } );\n"
				   "profiles = { p = { namespaces = \"pid\"; scope = \"user\"; }; };\n";
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_policy *shared = NULL;
	struct nsu_fail fail = NSU_FAIL_INIT;
	char key[NSU_KEY_MAX];

	(void)state;
	assert_int_equal(nsu_policy_parse(text, strlen(text), "F", &shared, &fail), 0);
	assert_int_equal(nsu_explain_login(shared, &alice, NULL, &plan, &explain, &fail), 0);
	nsu_set_key(&plan, key);
	assert_string_equal(find_row(&explain, "set", 0)->value, key);
	assert_string_equal(find_row(&explain, "set", 0)->origin, "");
	assert_memory_equal(key, "u1000.", strlen("u1000."));
	assert_int_equal(strlen(key), strlen("u1000.") + 16);
	nsu_explain_clear(&explain);
	assert_int_equal(nsu_explain_login(policy, &alice, NULL, &plan, &explain, &fail), 0);
	assert_null(find_row(&explain, "set", 0));
	nsu_explain_clear(&explain);
	nsu_policy_free(shared);
}

/* It is asked for only where a template has it. */
static void names_of_a_set_and_a_net_may_have_the_group_s(void **state)
{
	static const char text[] =
		"rules = ( { uid = 1000; profile = \"p\"; } );\n"
		"profiles = { p = { namespaces = \"net\"; net = { mode = \"named:a-%g\"; }; };\n"
		"  q = { base = \"p\"; net = { mode = \"loopback\"; }; scope = \"named:b-%g\"; }; };\n";
	struct nsu_subject subject = alice;
	struct nsu_policy *named = NULL;
	struct nsu_fail fail = NSU_FAIL_INIT;
	char name[64];

	(void)state;
	assert_int_equal(nsu_policy_parse(text, strlen(text), "F", &named, &fail), 0);
	assert_int_equal(nsu_policy_match(named, &subject, NULL, &plan, &fail), 0);
	assert_non_null(subject.group);
	snprintf(name, sizeof(name), "a-%s", subject.group);
	assert_string_equal(plan.net.name, name);
	free(subject.group);
	subject.group = NULL;
	subject.uid = 1001; /* no rule: the module's line */
	assert_int_equal(nsu_policy_match(named, &subject, "q", &plan, &fail), 0);
	assert_non_null(subject.group);
	snprintf(name, sizeof(name), "b-%s", subject.group);
	assert_string_equal(plan.scope_name, name);
	free(subject.group);
	nsu_policy_free(named);
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

struct golden {
	uint64_t given;         /* bits of all keys that some layer of some policy gives */
	char plans[512 * 1024]; /* all that is explained */
	size_t len;
};

static void read_golden(struct golden *golden)
{
	static char text[CORPUS_TEXT_MAX];
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *parsed;
	glob_t files;

	assert_int_equal(glob("tests/unit/golden/*.conf", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		char *path = files.gl_pathv[i];

		parsed = calloc(1, sizeof(*parsed));
		assert_non_null(parsed);
		corpus_read(path, text);
		assert_int_equal(nsu_policy_add(parsed, NSU_POLICY_MAIN, text, path, NULL, &fail), 0);
		for (size_t j = 0; j < parsed->n_profiles; j++)
			golden->given |= parsed->profiles[j].settings.given;
		for (size_t j = 0; j < parsed->n_rules; j++)
			golden->given |= parsed->rules[j].settings.given;
		nsu_policy_free(parsed);
		memcpy(strrchr(path, '.'), ".plan", strlen(".plan"));
		corpus_read(path, text);
		assert_true(golden->len + strlen(text) < sizeof(golden->plans));
		golden->len +=
			(size_t)snprintf(golden->plans + golden->len, sizeof(golden->plans) - golden->len, "%s", text);
	}
	globfree(&files);
}

/* The keys of mounts end in rows `mount`. */
static void look_for_keys(const struct golden *golden, const struct nsu_table *table, const char *group)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		const struct nsu_row *row = &table->rows[i];
		char name[64], line[72];

		snprintf(name, sizeof(name), "%s%s%s", group, *group ? "." : "", row->name);
		if (row->table) {
			look_for_keys(golden, row->table, name);
			continue;
		}
		if (!(golden->given & 1ULL << row->key))
			fail_msg("no policy of tests/unit/golden gives %s", name);
		snprintf(line, sizeof(line),
		         "\n%s: ", row->kind == NSU_VALUE_MOUNTS || row->kind == NSU_VALUE_PATHS ? "mount" : name);
		if (!strstr(golden->plans, line))
			fail_msg("no plan of tests/unit/golden explains %s", name);
	}
}

static void every_key_is_in_a_golden_policy_and_explained(void **state)
{
	static struct golden golden;

	(void)state;
	read_golden(&golden);
	look_for_keys(&golden, &nsu_settings_keys, "");
	assert_int_equal(golden.given, (1ULL << NSU_KEYS) - 1); /* and each key has a row in the table */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explain_begins_with_the_login_and_the_rules),
		cmocka_unit_test(explain_gives_the_plan_that_match_gives),
		cmocka_unit_test(explain_has_a_row_for_each_mount_and_variable),
		cmocka_unit_test(explain_goes_as_far_as_it_gets_when_the_match_fails),
		cmocka_unit_test(explain_of_the_module_s_line_names_it),
		cmocka_unit_test(explain_gives_the_key_of_a_shared_set),
		cmocka_unit_test(names_of_a_set_and_a_net_may_have_the_group_s),
		cmocka_unit_test(print_has_a_line_for_each_row),
		cmocka_unit_test(every_key_is_in_a_golden_policy_and_explained),
	};

	return cmocka_run_group_tests(tests, load, forget);
}
