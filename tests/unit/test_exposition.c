/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of `nsunshare metrics`, from values that are made up. */
#include "support.h"

#include "exposition.h"

static struct nsu_metrics_counts counts;
static struct nsu_asked sets[4];
static char *text;

static void print(size_t n_sets, size_t n_silent)
{
	struct nsu_asked_list list = {.items = sets, .n = n_sets, .n_silent = n_silent};
	size_t len;
	FILE *stream;

	free(text);
	stream = open_memstream(&text, &len);
	assert_non_null(stream);
	nsu_exposition_print(&list, &counts, stream);
	assert_int_equal(fclose(stream), 0);
}

static int clear(void **state)
{
	(void)state;
	memset(&counts, 0, sizeof(counts));
	memset(sets, 0, sizeof(sets));
	return 0;
}

static int free_text(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

static void a_set(size_t i, const char *profile, enum nsu_plan_scope scope, size_t n_logins)
{
	snprintf(sets[i].set.profile, sizeof(sets[i].set.profile), "%s", profile);
	sets[i].set.scope = scope;
	sets[i].set.n_logins = n_logins;
}

/* The text has these lines, in this order and right behind one another. */
static void has_lines(const char *lines)
{
	if (!strstr(text, lines))
		fail_msg("not in the text: %s\n%s", lines, text);
}

static void a_family_has_type_and_help_and_the_text_an_end(void **state)
{
	(void)state;
	print(0, 0);
	has_lines(
		"# TYPE nsunshare_opens counter\n# HELP nsunshare_opens Sessions opened.\n# TYPE nsunshare_closes counter\n");
	has_lines("nsunshare_sets_silent 0\n");
	has_lines("nsunshare_refusals_total{reason=\"user\"} 0\n");
	has_lines("by on_error = \\\"allow\\\".\n");
	assert_string_equal(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");
	assert_ptr_equal(strstr(text, "# EOF"), text + strlen(text) - strlen("# EOF\n"));
}

static void sets_are_summed_by_profile_and_scope(void **state)
{
	(void)state;
	a_set(0, "shell", NSU_PLAN_SCOPE_USER, 3);
	a_set(1, "lab", NSU_PLAN_SCOPE_NAMED, 0);
	a_set(2, "shell", NSU_PLAN_SCOPE_SESSION, 1);
	a_set(3, "shell", NSU_PLAN_SCOPE_USER, 2);
	print(4, 7);
	has_lines("nsunshare_sets{profile=\"lab\",scope=\"named\"} 1\n"
	          "nsunshare_sets{profile=\"shell\",scope=\"session\"} 1\n"
	          "nsunshare_sets{profile=\"shell\",scope=\"user\"} 2\n# ");
	has_lines("nsunshare_sessions{profile=\"lab\"} 0\nnsunshare_sessions{profile=\"shell\"} 6\n# ");
	has_lines("nsunshare_sets_silent 7\n");
}

static void labels_are_escaped(void **state)
{
	(void)state;
	counts.n_profiles = 1;
	strcpy(counts.profiles[0].name, "a\"b\\x0a\nc}");
	counts.profiles[0].opened[1] = 5;
	counts.profiles[0].closed = UINT64_MAX;
	print(0, 0);
	has_lines("nsunshare_opens_total{profile=\"a\\\"b\\\\x0a\\nc}\",joined=\"no\"} 0\n"
	          "nsunshare_opens_total{profile=\"a\\\"b\\\\x0a\\nc}\",joined=\"yes\"} 5\n");
	has_lines("nsunshare_closes_total{profile=\"a\\\"b\\\\x0a\\nc}\"} 18446744073709551615\n");
}

static void buckets_hold_what_is_below(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSU_METRICS_BUCKETS; i++)
		counts.times[1].buckets[i] = 1;
	counts.times[1].sum_ns = 12000000345;
	print(0, 0);
	has_lines("# TYPE nsunshare_open_seconds histogram\n# UNIT nsunshare_open_seconds seconds\n");
	has_lines("nsunshare_open_seconds_bucket{joined=\"yes\",le=\"0.00025\"} 1\n"
	          "nsunshare_open_seconds_bucket{joined=\"yes\",le=\"0.0005\"} 2\n"
	          "nsunshare_open_seconds_bucket{joined=\"yes\",le=\"0.001\"} 3\n"
	          "nsunshare_open_seconds_bucket{joined=\"yes\",le=\"0.0025\"} 4\n");
	has_lines("nsunshare_open_seconds_bucket{joined=\"yes\",le=\"1.0\"} 12\n"
	          "nsunshare_open_seconds_bucket{joined=\"yes\",le=\"2.5\"} 13\n"
	          "nsunshare_open_seconds_bucket{joined=\"yes\",le=\"5.0\"} 14\n"
	          "nsunshare_open_seconds_bucket{joined=\"yes\",le=\"+Inf\"} 15\n"
	          "nsunshare_open_seconds_count{joined=\"yes\"} 15\n"
	          "nsunshare_open_seconds_sum{joined=\"yes\"} 12.000000345\n");
	has_lines("nsunshare_open_seconds_count{joined=\"no\"} 0\nnsunshare_open_seconds_sum{joined=\"no\"} 0.0\n");
}

static void each_reason_has_its_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSU_METRICS_REASONS; i++)
		counts.refused[i] = 10 + i;
	counts.let_in[NSU_METRICS_PROGRAMS] = 3;
	print(0, 0);
	has_lines("nsunshare_refusals_total{reason=\"user\"} 10\nnsunshare_refusals_total{reason=\"policy\"} 11\n");
	has_lines("nsunshare_refusals_total{reason=\"other\"} 18\n# ");
	has_lines(
		"nsunshare_not_isolated_total{reason=\"programs\"} 3\nnsunshare_not_isolated_total{reason=\"kernel\"} 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_family_has_type_and_help_and_the_text_an_end, clear, free_text),
		cmocka_unit_test_setup_teardown(sets_are_summed_by_profile_and_scope, clear, free_text),
		cmocka_unit_test_setup_teardown(labels_are_escaped, clear, free_text),
		cmocka_unit_test_setup_teardown(buckets_hold_what_is_below, clear, free_text),
		cmocka_unit_test_setup_teardown(each_reason_has_its_number, clear, free_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
