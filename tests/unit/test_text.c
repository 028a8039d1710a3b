/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G14. */
#include "support.h"

#include "text.h"

static void to_number_takes_plain_decimals(void **state)
{
	uint64_t number = 0;

	(void)state;
	assert_int_equal(nsu_text_to_number("0", 0, 10, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(nsu_text_to_number("18446744073709551615", 0, UINT64_MAX, &number), 0);
	assert_true(number == UINT64_MAX);
}

static void to_number_refuses_what_is_no_plain_decimal(void **state)
{
	static const char *const wrong[] = {"",    " 1",  "1 ",  "+1", "-1", "0x10",
	                                    "1e3", "1.0", "1\n", "a",  "1L", "\xd9\xa1"};
	uint64_t number = 7;

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++)
		assert_int_equal(nsu_text_to_number(wrong[i], 0, UINT64_MAX, &number), -EINVAL);
	assert_int_equal(number, 7);
}

static void to_number_refuses_what_is_out_of_range(void **state)
{
	uint64_t number = 7;

	(void)state;
	assert_int_equal(nsu_text_to_number("1", 2, 4, &number), -ERANGE);
	assert_int_equal(nsu_text_to_number("5", 2, 4, &number), -ERANGE);
	assert_int_equal(nsu_text_to_number("18446744073709551616", 0, UINT64_MAX, &number), -ERANGE);
	assert_int_equal(nsu_text_to_number("99999999999999999999999", 0, UINT64_MAX, &number), -ERANGE);
	assert_int_equal(number, 7);
}

static void to_size_knows_its_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{"0", 0},
		{"1", 1},
		{"64K", 64 << 10},
		{"256M", 256 << 20},
		{"3G", 3ULL << 30},
		{"16T", 16ULL << 40},
		{"18446744073709551615", UINT64_MAX},
		{"16777215T", 16777215ULL << 40},
	};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(good); i++) {
		assert_int_equal(nsu_text_to_size(good[i].text, &bytes), 0);
		assert_true(bytes == good[i].bytes);
	}
}

static void to_size_refuses_other_forms(void **state)
{
	static const char *const wrong[] = {"",     "K",  "1k", "1KB", "1 K",       "-1",
	                                    "1.5G", "1P", "1E", "0x1", "1K,size=0", "10%"};
	uint64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++)
		assert_int_equal(nsu_text_to_size(wrong[i], &bytes), -EINVAL);
	assert_int_equal(bytes, 7);
}

static void to_size_refuses_what_does_not_fit_64_bits(void **state)
{
	static const char *const wrong[] = {"18446744073709551616", "16777216T", "18014398509481984K"};
	uint64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++)
		assert_int_equal(nsu_text_to_size(wrong[i], &bytes), -ERANGE);
	assert_int_equal(bytes, 7);
}

static void to_mode_takes_three_or_four_octal_digits(void **state)
{
	mode_t mode;

	(void)state;
	assert_int_equal(nsu_text_to_mode("000", &mode), 0);
	assert_int_equal(mode, 0);
	assert_int_equal(nsu_text_to_mode("755", &mode), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(nsu_text_to_mode("1777", &mode), 0);
	assert_int_equal(mode, 01777);
}

static void to_mode_refuses_setuid_setgid_and_other_forms(void **state)
{
	static const char *const wrong[] = {"",     "0",    "77",  "01777", "7777", "4755", "2755",
	                                    "6755", "0888", "75a", "-755",  " 755", "u+w",  "7 7"};
	mode_t mode = 7;

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++)
		assert_int_equal(nsu_text_to_mode(wrong[i], &mode), -EINVAL);
	assert_int_equal(mode, 7);
}

static void is_path_takes_clean_absolute_paths(void **state)
{
	static const char *const good[] = {"/a",    "/tmp", "/var/tmp", "/a..b",    "/..a",
	                                   "/a./b", "/.x",  "/a b",     "/\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(good); i++)
		assert_true(nsu_text_is_path(good[i]));
}

static void is_path_refuses_what_is_not_clean(void **state)
{
	static const char *const wrong[] = {"",       "/",       "//",    "a",     "a/b",   "./a",   "../a", "/a/",
	                                    "/a//b",  "//a",     "/.",    "/..",   "/a/.",  "/a/..", "/./a", "/../a",
	                                    "/a/./b", "/a/../b", "/a\nb", "/a\tb", "/\x7f", "/\x01"};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++)
		assert_false(nsu_text_is_path(wrong[i]));
}

static void is_path_refuses_what_is_too_long(void **state)
{
	char path[NSU_PATH_MAX + 1];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[NSU_PATH_MAX - 1] = '\0';
	assert_true(nsu_text_is_path(path));
	path[NSU_PATH_MAX - 1] = 'a';
	path[NSU_PATH_MAX] = '\0';
	assert_false(nsu_text_is_path(path));
}

static void is_below_goes_by_components(void **state)
{
	(void)state;
	assert_true(nsu_text_is_below("/tmp/a", "/tmp"));
	assert_false(nsu_text_is_below("/tmp", "/tmp"));
	assert_false(nsu_text_is_below("/tmpa/b", "/tmp"));
	assert_false(nsu_text_is_below("/tm", "/tmp"));
}

static void is_name_takes_ordinary_names(void **state)
{
	static const char *const good[] = {
		"a", "root", "_apt", "systemd-user", "a.b", "7of9", "12345678901234567890123456789012"};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(good); i++)
		assert_true(nsu_text_is_name(good[i]));
}

static void is_name_refuses_what_may_not_stand_in_a_path(void **state)
{
	static const char *const wrong[] = {"",   ".",         "..",  "../../etc", "a/b",
	                                    "-a", ".a",        "a b", "a\nb",      "%s%n",
	                                    "a$", "DOM\\user", "a@b", "\xc3\xa4",  "123456789012345678901234567890123"};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++)
		assert_false(nsu_text_is_name(wrong[i]));
}

static void clean_hostname_makes_valid_names(void **state)
{
	static const struct {
		const char *text;
		const char *name;
	} names[] = {
		{"alice-host", "alice-host"}, {"a_b.c d", "a-b.c-d"}, {"-a-", "a"},
		{"..a..b..", "a.b"},          {"a-.-b", "a.b"},       {"DOM\\user", "DOM-user"},
		{"\xc3\xa4x", "x"},           {"a\nb", "a-b"},        {"%s%n", "s-n"},
	};
	char name[128];

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(names); i++) {
		snprintf(name, sizeof(name), "%s", names[i].text);
		assert_true(nsu_text_clean_hostname(name));
		assert_string_equal(name, names[i].name);
	}
}

static void clean_hostname_says_when_nothing_is_left(void **state)
{
	static const char *const nothing[] = {"", "-", "...", "-.-", "\xc3\xa4", "---"};
	char name[16];

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(nothing); i++) {
		snprintf(name, sizeof(name), "%s", nothing[i]);
		assert_false(nsu_text_clean_hostname(name));
	}
}

static bool is_valid_hostname(const char *name)
{
	size_t label = 0;
	size_t len = strlen(name);

	if (len == 0 || len > NSU_HOSTNAME_MAX)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (name[i] == '.' || name[i] == '\0') {
			if (label == 0 || label > NSU_LABEL_MAX || name[i - 1] == '-' || name[i - label] == '-')
				return false;
			label = 0;
		} else {
			label++;
		}
	}
	return true;
}

static void clean_hostname_keeps_the_limits_of_labels_and_names(void **state)
{
	char name[512];

	(void)state;
	for (size_t len = 1; len < 200; len++) {
		memset(name, 'a', len);
		name[len] = '\0';
		assert_true(nsu_text_clean_hostname(name));
		assert_true(is_valid_hostname(name));
	}
}

/* Every text of up to six of these characters, which are all that the function tells apart. */
static void clean_hostname_gives_a_valid_name_or_none_for_every_short_text(void **state)
{
	static const char letters[] = "a-._";

	(void)state;
	for (unsigned n = 0; n < 4096; n++) {
		char name[8];

		for (unsigned i = 0; i < 6; i++)
			name[i] = letters[n >> 2 * i & 3];
		name[6] = '\0';
		if (nsu_text_clean_hostname(name))
			assert_true(is_valid_hostname(name));
	}
}

static void printable_escapes_what_could_forge_a_line(void **state)
{
	char buffer[64];

	(void)state;
	assert_string_equal(nsu_text_printable("alice", buffer, sizeof(buffer)), "alice");
	assert_string_equal(nsu_text_printable("a b\n\"\\\x1b", buffer, sizeof(buffer)), "a\\x20b\\x0a\\x22\\x5c\\x1b");
	assert_string_equal(nsu_text_printable("\xc3\xa4\x7f", buffer, sizeof(buffer)), "\\xc3\\xa4\\x7f");
}

static void printable_gives_a_dash_when_there_is_nothing(void **state)
{
	char buffer[8];

	(void)state;
	assert_string_equal(nsu_text_printable(NULL, buffer, sizeof(buffer)), "-");
	assert_string_equal(nsu_text_printable("", buffer, sizeof(buffer)), "-");
}

static void printable_cuts_and_says_so(void **state)
{
	char buffer[16];

	(void)state;
	assert_string_equal(nsu_text_printable("abcdefghijklmnopqrstuvwxyz", buffer, 12), "abcdefgh...");
	assert_string_equal(nsu_text_printable("a\n\n\n", buffer, 12), "a\\x0a...");
	for (size_t cap = 8; cap <= sizeof(buffer); cap++)
		assert_true(strlen(nsu_text_printable("\n\n\n\n\n\n\n\n", buffer, cap)) < cap);
}

static void to_network_takes_addresses_with_nothing_behind_the_prefix(void **state)
{
	static const char *const wrong[] = {
		"",
		"10.64.0.0",
		"10.64.0.0/",
		"10.64.0.0/33",
		"10.64.0.0/-1",
		"10.64.0.0/016",
		"10.64.0.0/16 ",
		" 10.0.0.0/8",
		"10.64.0/16",
		"10.64.0.0.0/16",
		"256.0.0.0/8",
		"10.64.0.1/16",
		"11.0.0.0/7",
		"010.0.0.0/8",
		"10..0.0/8",
		"10.0.0.0/8/8",
		"0x0a.0.0.0/8",
		"10.0.0.00/8",
		"1.0.0.0/0",
		"fd00::/16",
		"10,0,0,0/8",
		"10.0.0.0/99999999999999999999",
	};
	static const struct {
		const char *text;
		uint32_t network;
		unsigned prefix_len;
	} right[] = {{"10.64.0.0/16", 0x0a400000, 16},
	             {"0.0.0.0/0", 0, 0},
	             {"255.255.255.255/32", 0xffffffff, 32},
	             {"192.0.2.128/25", 0xc0000280, 25}};
	uint32_t network;
	unsigned prefix_len;

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		network = 7;
		prefix_len = 7;
		if (nsu_text_to_network(wrong[i], &network, &prefix_len) != -EINVAL || network != 7 || prefix_len != 7)
			fail_msg("taken: '%s'", wrong[i]);
	}
	for (size_t i = 0; i < NSU_COUNT(right); i++) {
		assert_int_equal(nsu_text_to_network(right[i].text, &network, &prefix_len), 0);
		assert_int_equal(network, right[i].network);
		assert_int_equal(prefix_len, right[i].prefix_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_number_takes_plain_decimals),
		cmocka_unit_test(to_number_refuses_what_is_no_plain_decimal),
		cmocka_unit_test(to_number_refuses_what_is_out_of_range),
		cmocka_unit_test(to_size_knows_its_units),
		cmocka_unit_test(to_size_refuses_other_forms),
		cmocka_unit_test(to_size_refuses_what_does_not_fit_64_bits),
		cmocka_unit_test(to_mode_takes_three_or_four_octal_digits),
		cmocka_unit_test(to_mode_refuses_setuid_setgid_and_other_forms),
		cmocka_unit_test(is_path_takes_clean_absolute_paths),
		cmocka_unit_test(is_path_refuses_what_is_not_clean),
		cmocka_unit_test(is_path_refuses_what_is_too_long),
		cmocka_unit_test(is_below_goes_by_components),
		cmocka_unit_test(is_name_takes_ordinary_names),
		cmocka_unit_test(is_name_refuses_what_may_not_stand_in_a_path),
		cmocka_unit_test(clean_hostname_makes_valid_names),
		cmocka_unit_test(clean_hostname_says_when_nothing_is_left),
		cmocka_unit_test(clean_hostname_keeps_the_limits_of_labels_and_names),
		cmocka_unit_test(clean_hostname_gives_a_valid_name_or_none_for_every_short_text),
		cmocka_unit_test(printable_escapes_what_could_forge_a_line),
		cmocka_unit_test(printable_gives_a_dash_when_there_is_nothing),
		cmocka_unit_test(printable_cuts_and_says_so),
		cmocka_unit_test(to_network_takes_addresses_with_nothing_behind_the_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
