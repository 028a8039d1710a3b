/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G3. */
#include "support.h"

#include "subject.h"
#include "template.h"

static const struct nsu_subject alice = {
	.user = (char[]){"alice"},
	.home = (char[]){"/home/alice"},
	.group = (char[]){"students"},
	.uid = 1000,
	.gid = 4294967294,
	.service = "sshd",
	.tty = "",
	.rhost = "",
	.host = "host.example",
	.id = "0123456789abcdef",
};

static void template_is_valid_for_known_letters_only(void **state)
{
	(void)state;
	assert_true(nsu_template_is_valid("/x/%u%U%g%G%h%s%H%i%%"));
	assert_true(nsu_template_is_valid(""));
	assert_false(nsu_template_is_valid("%"));
	assert_false(nsu_template_is_valid("/tmp/%"));
	assert_false(nsu_template_is_valid("%x"));
	assert_false(nsu_template_is_valid("%%%"));
	assert_false(nsu_template_is_valid("% u"));
}

static void path_expands_every_letter(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char path[NSU_PATH_MAX];

	(void)state;
	assert_int_equal(nsu_template_path("/x/%u/%U/%g/%G/%s/%H/%i/%%", &alice, path, sizeof(path), &fail), 0);
	assert_string_equal(path, "/x/alice/1000/students/4294967294/sshd/host.example/0123456789abcdef/%");
	assert_int_equal(nsu_template_path("%h/tmp", &alice, path, sizeof(path), &fail), 0);
	assert_string_equal(path, "/home/alice/tmp");
}

static void path_refuses_names_that_lead_elsewhere(void **state)
{
	static const char *const names[] = {"../../etc", "a/b", "..", ".", "", "-x", "a\nb", "DOM\\u"};
	char path[NSU_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(names); i++) {
		struct nsu_fail fail = NSU_FAIL_INIT;
		struct nsu_subject mallory = alice;

		mallory.user = (char *)(uintptr_t)names[i];
		assert_int_equal(nsu_template_path("/x/%u", &mallory, path, sizeof(path), &fail), -EINVAL);
		assert_non_null(strstr(fail.text, "%u"));
	}
}

static void path_refuses_a_service_that_is_no_name(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_subject subject = alice;
	char path[NSU_PATH_MAX];

	(void)state;
	subject.service = "../x";
	assert_int_equal(nsu_template_path("/x/%s", &subject, path, sizeof(path), &fail), -EINVAL);
}

static void path_refuses_a_home_that_is_not_clean(void **state)
{
	static const char *const homes[] = {"", "/", "relative", "/home/../etc", "/home/alice/", "//home"};
	char path[NSU_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(homes); i++) {
		struct nsu_fail fail = NSU_FAIL_INIT;
		struct nsu_subject subject = alice;

		subject.home = (char *)(uintptr_t)homes[i];
		assert_int_equal(nsu_template_path("%h/x", &subject, path, sizeof(path), &fail), -EINVAL);
	}
}

static void path_refuses_a_result_that_is_not_clean(void **state)
{
	static const char *const templates[] = {"%u", "x/%u", "/x/%u/", "/x//%u", "/x/../%u", "/x/%h"};
	char path[NSU_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(templates); i++) {
		struct nsu_fail fail = NSU_FAIL_INIT;

		assert_int_equal(nsu_template_path(templates[i], &alice, path, sizeof(path), &fail), -EINVAL);
	}
}

static void expansion_says_when_the_buffer_is_too_small(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char path[13];

	(void)state;
	assert_int_equal(nsu_template_path("%h", &alice, path, 12, &fail), 0);
	assert_int_equal(nsu_template_path("%h", &alice, path, 11, &fail), -ENAMETOOLONG);
	assert_int_equal(nsu_template_path("/abcdefghijklmnop", &alice, path, sizeof(path), &fail), -ENAMETOOLONG);
}

static void hostname_is_made_valid(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_subject subject = alice;
	char name[NSU_PATH_MAX];

	(void)state;
	subject.user = (char *)(uintptr_t) "a_l$i ce";
	assert_int_equal(nsu_template_hostname("%u-%H", &subject, name, sizeof(name), &fail), 0);
	assert_string_equal(name, "a-l-i-ce-host.example");
}

static void hostname_refuses_when_nothing_valid_is_left(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_subject subject = alice;
	char name[NSU_PATH_MAX];

	(void)state;
	subject.user = (char *)(uintptr_t) "___";
	assert_int_equal(nsu_template_hostname("%u", &subject, name, sizeof(name), &fail), -EINVAL);
	assert_non_null(strstr(fail.text, "'%u'"));
}

static void value_takes_anything_but_control_characters(void **state)
{
	struct nsu_subject subject = alice;
	struct nsu_fail fail = NSU_FAIL_INIT;
	char value[NSU_PATH_MAX];

	(void)state;
	subject.user = (char *)(uintptr_t) "a/../b c";
	assert_int_equal(nsu_template_value("%u:%h %%=%G", &subject, value, sizeof(value), &fail), 0);
	assert_string_equal(value, "a/../b c:/home/alice %=4294967294");
	assert_int_equal(nsu_template_value("", &subject, value, sizeof(value), &fail), 0);
	assert_string_equal(value, "");
	subject.service = "x\ny";
	assert_int_equal(nsu_template_value("%s", &subject, value, sizeof(value), &fail), -EINVAL);
	assert_non_null(strstr(fail.text, "'%s'"));
	assert_null(strchr(fail.text, '\n'));
}

/* C-42 */
static void value_refuses_a_home_that_is_not_clean(void **state)
{
	static const char *const homes[] = {"", "relative", "/", "/../../etc", "/home//a", "/home/a/"};
	struct nsu_subject subject = alice;
	char value[NSU_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(homes); i++) {
		struct nsu_fail fail = NSU_FAIL_INIT;

		subject.home = (char *)(uintptr_t)homes[i];
		assert_int_equal(nsu_template_value("CACHE %h", &subject, value, sizeof(value), &fail), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template_is_valid_for_known_letters_only),
		cmocka_unit_test(path_expands_every_letter),
		cmocka_unit_test(path_refuses_names_that_lead_elsewhere),
		cmocka_unit_test(path_refuses_a_service_that_is_no_name),
		cmocka_unit_test(path_refuses_a_home_that_is_not_clean),
		cmocka_unit_test(path_refuses_a_result_that_is_not_clean),
		cmocka_unit_test(expansion_says_when_the_buffer_is_too_small),
		cmocka_unit_test(value_takes_anything_but_control_characters),
		cmocka_unit_test(value_refuses_a_home_that_is_not_clean),
		cmocka_unit_test(hostname_is_made_valid),
		cmocka_unit_test(hostname_refuses_when_nothing_valid_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
