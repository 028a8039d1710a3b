/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

static void fail_returns_the_negative_errno_and_keeps_the_text(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	assert_int_equal(nsu_fail(&fail, ENOENT, "open '%s'", "/x"), -ENOENT);
	assert_int_equal(fail.err, ENOENT);
	assert_false(fail.has_reason);
	assert_string_equal(fail.text, "open '/x'");
}

static void fail_can_not_report_success_when_errno_is_zero_or_negative(void **state)
{
	struct nsu_fail first = NSU_FAIL_INIT, second = NSU_FAIL_INIT;

	(void)state;
	assert_int_equal(nsu_fail(&first, 0, "step"), -EIO);
	assert_int_equal(first.err, EIO);
	assert_int_equal(nsu_fail_because(&second, -3, "step"), -EIO);
	assert_int_equal(second.err, EIO);
}

static void fail_keeps_the_first_failure_when_a_second_follows(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	assert_int_equal(nsu_fail_because(&fail, EPERM, "first"), -EPERM);
	assert_int_equal(nsu_fail(&fail, ENOMEM, "second"), -ENOMEM);
	assert_int_equal(fail.err, EPERM);
	assert_true(fail.has_reason);
	assert_string_equal(fail.text, "first");
}

static void fail_cuts_a_text_that_is_too_long(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char text[2 * NSU_FAIL_TEXT_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(nsu_fail(&fail, EIO, "%s", text), -EIO);
	assert_int_equal(strlen(fail.text), NSU_FAIL_TEXT_MAX - 1);
}

static void fail_line_adds_the_reason_only_where_the_text_has_none(void **state)
{
	struct nsu_fail plain = NSU_FAIL_INIT, whole = NSU_FAIL_INIT;
	char line[128];

	(void)state;
	assert_int_equal(nsu_fail(&plain, ENOENT, "open '/x'"), -ENOENT);
	assert_string_equal(nsu_fail_line(&plain, line, sizeof(line)), "open '/x': No such file or directory");
	assert_int_equal(nsu_fail_because(&whole, EINVAL, "a 100%% reason"), -EINVAL);
	assert_string_equal(nsu_fail_line(&whole, line, sizeof(line)), "a 100% reason");
}

static void fail_line_is_cut_to_the_buffer(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char line[8];

	(void)state;
	assert_int_equal(nsu_fail(&fail, ENOENT, "open '/x'"), -ENOENT);
	assert_string_equal(nsu_fail_line(&fail, line, sizeof(line)), "open '/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_returns_the_negative_errno_and_keeps_the_text),
		cmocka_unit_test(fail_can_not_report_success_when_errno_is_zero_or_negative),
		cmocka_unit_test(fail_keeps_the_first_failure_when_a_second_follows),
		cmocka_unit_test(fail_cuts_a_text_that_is_too_long),
		cmocka_unit_test(fail_line_adds_the_reason_only_where_the_text_has_none),
		cmocka_unit_test(fail_line_is_cut_to_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
