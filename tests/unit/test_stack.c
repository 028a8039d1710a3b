/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G32. */
/* The stacks of PAM as nsunshare doctor reads them, from files in a directory of the test's own. */
#include "support.h"

#include <security/pam_appl.h>

#include "reader.h"
#include "stack.h"

static char dir[] = "/tmp/test-stack-XXXXXX";
static char second_dir[64];
static const char *dirs[] = {dir, second_dir, NULL};

static void file_of(const char *where, const char *name, const char *text, size_t len)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", where, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void file(const char *name, const char *text)
{
	file_of(dir, name, text, strlen(text));
}

static int make_dirs(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(second_dir, sizeof(second_dir), "%s/second", dir);
	return mkdir(second_dir, 0700);
}

static int remove_dirs(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* The lines as "TYPE CONTROL MODULE FILE:LINE/SUBSTACK;", without the directory. */
static const char *lines_of(const struct nsu_stack *stack)
{
	static const char letters[] = "actS";
	static char text[8192];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < stack->n_lines; i++) {
		const struct nsu_stack_line *line = &stack->lines[i];

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%c %s%s%s %s %s:%u/%u;",
		                        line->is_silent ? "-" : "", letters[line->type], line->is_bracketed ? "[" : "",
		                        line->control, line->is_bracketed ? "]" : "", line->module,
		                        strrchr(line->file, '/') + 1, line->line, line->substack);
	}
	return text;
}

static void reads_as(const char *service, const char *wanted, const char *problem, unsigned problem_line)
{
	struct nsu_stack stack = {.n_lines = 0};

	assert_int_equal(nsu_stack_read(dirs, service, &stack), 0);
	assert_string_equal(lines_of(&stack), wanted);
	assert_int_equal(stack.n_problems, problem != NULL);
	if (problem) {
		assert_non_null(strstr(stack.problems[0].text, problem));
		assert_int_equal(stack.problems[0].line, problem_line);
	}
	nsu_stack_clear(&stack);
}

static void stack_has_the_lines_of_a_service_in_order(void **state)
{
	(void)state;
	file("a",
	     "# comment\n\nauth required pam_x.so a=b # more\nSession\tOptional /lib/pam_y.so\n-account requisite pam_z.so");
	reads_as("a", "a required pam_x.so a:3/0;S Optional /lib/pam_y.so a:4/0;-c requisite pam_z.so a:5/0;", NULL, 0);
}

static void stack_joins_lines_behind_a_backslash(void **state)
{
	(void)state;
	file("a",
	     "session \\\n  required \\  \n\n# between\npam_x.so \\\n a\nsession optional pam_y.so # \\\nsession optional pam_z.so\n");
	reads_as("a", "S required pam_x.so a:1/0;S optional pam_y.so a:7/0;S optional pam_z.so a:8/0;", NULL, 0);
}

static void stack_keeps_brackets_and_arguments_apart(void **state)
{
	struct nsu_stack stack = {.n_lines = 0};
	bool is_bracketed;
	char *rest;

	(void)state;
	file("a", "session [success=1 default=ignore] pam_x.so one [two \\] 2] three\n");
	assert_int_equal(nsu_stack_read(dirs, "a", &stack), 0);
	assert_string_equal(lines_of(&stack), "S [success=1 default=ignore] pam_x.so a:1/0;");
	rest = stack.lines[0].arguments;
	assert_string_equal(nsu_stack_word(&rest, &is_bracketed), "one");
	assert_false(is_bracketed);
	assert_string_equal(nsu_stack_word(&rest, &is_bracketed), "two ] 2");
	assert_true(is_bracketed);
	assert_string_equal(nsu_stack_word(&rest, NULL), "three");
	assert_null(nsu_stack_word(&rest, NULL));
	nsu_stack_clear(&stack);
}

static void stack_includes_all_types_or_one(void **state)
{
	(void)state;
	file("all", "auth required pam_a.so\nsession required pam_s.so\n");
	file("a", "@include all\nsession include all\nauth required pam_z.so\n");
	reads_as(
		"a",
		"a required pam_a.so all:1/0;S required pam_s.so all:2/0;S required pam_s.so all:2/0;a required pam_z.so a:3/0;",
		NULL, 0);
	file("nested", "@include all\n");
	file("b", "session include nested\n");
	reads_as("b", "S required pam_s.so all:2/0;", NULL, 0);
}

static void stack_looks_for_includes_in_both_directories(void **state)
{
	char text[256];

	(void)state;
	file_of(second_dir, "vendor", "session required pam_v.so\n", 26);
	snprintf(text, sizeof(text), "@include vendor\n@include %s/vendor\n", second_dir);
	file("a", text);
	reads_as("a", "S required pam_v.so vendor:1/0;S required pam_v.so vendor:1/0;", NULL, 0);
	reads_as("vendor", "S required pam_v.so vendor:1/0;", NULL, 0);
}

static void stack_numbers_substacks(void **state)
{
	struct nsu_stack stack = {.n_lines = 0};

	(void)state;
	file("inner", "session required pam_i.so\n");
	file("outer", "session substack inner\nsession required pam_o.so\n");
	file("a", "session substack outer\nsession required pam_a.so\nsession substack inner\n");
	assert_int_equal(nsu_stack_read(dirs, "a", &stack), 0);
	assert_string_equal(lines_of(&stack), "S required pam_i.so inner:1/2;S required pam_o.so outer:2/1;"
	                                      "S required pam_a.so a:2/0;S required pam_i.so inner:1/3;");
	assert_true(nsu_stack_is_within(&stack, &stack.lines[0], 2));
	assert_true(nsu_stack_is_within(&stack, &stack.lines[0], 1));
	assert_true(nsu_stack_is_within(&stack, &stack.lines[0], 0));
	assert_false(nsu_stack_is_within(&stack, &stack.lines[1], 2));
	assert_false(nsu_stack_is_within(&stack, &stack.lines[3], 1));
	nsu_stack_clear(&stack);
}

static void stack_tells_what_pam_refuses(void **state)
{
	(void)state;
	file("a", "session required pam_x.so\nsesion required pam_y.so\n");
	reads_as("a", "S required pam_x.so a:1/0;", "'sesion' is none of", 2);
	file("a", "session required\n");
	reads_as("a", "", "no module is named", 1);
	file("a", "session\n");
	reads_as("a", "", "no module is named", 1);
	file("a", "\n@include nowhere\nsession required pam_x.so\n");
	reads_as("a", "S required pam_x.so a:3/0;", "there is no 'nowhere'", 2);
	file("a", "session include\n");
	reads_as("a", "", "nothing is named to be included", 1);
	file("a", "session required pam_x.so \\");
	reads_as("a", "", "ends behind a backslash", 1);
}

static void stack_of_no_file_does_not_exist(void **state)
{
	struct nsu_stack stack = {.n_lines = 0};

	(void)state;
	assert_int_equal(nsu_stack_read(dirs, "nothing", &stack), -ENOENT);
	nsu_stack_clear(&stack);
}

static void stack_ends_where_files_include_each_other(void **state)
{
	struct nsu_stack stack = {.n_lines = 0};
	char name[8], text[128];

	(void)state;
	file("a", "session required pam_x.so\n@include b\nsession required pam_y.so\n");
	file("b", "session substack a\n");
	assert_int_equal(nsu_stack_read(dirs, "a", &stack), 0);
	assert_int_equal(stack.n_problems, 1);
	assert_non_null(strstr(stack.problems[0].text, "without an end"));
	assert_true(stack.is_cut);
	assert_in_range(stack.n_lines, 1, 16);
	nsu_stack_clear(&stack);
	for (int i = 0; i < 15; i++) { /* each one twice: 32,768 files, and no cycle */
		snprintf(name, sizeof(name), "w%d", i);
		snprintf(text, sizeof(text), "@include w%d\n@include w%d\n", i + 1, i + 1);
		file(name, text);
	}
	file("w15", "session required pam_x.so\n");
	assert_int_equal(nsu_stack_read(dirs, "w0", &stack), 0);
	assert_true(stack.is_cut);
	assert_in_range(stack.n_lines, 1, NSU_STACK_INCLUDES_MAX);
	nsu_stack_clear(&stack);
}

static void stack_opens_no_file_but_text(void **state)
{
	static char huge[NSU_STACK_FILE_MAX + 2];
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/odd", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(5);
	reads_as("odd", "", "no regular file", 0);
	file("a", "@include odd\nsession required pam_x.so\n");
	reads_as("a", "S required pam_x.so a:2/0;", "no regular file", 0);
	alarm(0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	reads_as("odd", "", "no regular file", 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("odd", path), 0);
	reads_as("odd", "", "symbolic links", 0);
	assert_int_equal(unlink(path), 0);
	memset(huge, '#', sizeof(huge) - 1);
	file("odd", huge);
	reads_as("odd", "", "larger than", 0);
	file_of(dir, "odd", "session\0required pam_x.so\n", 26);
	reads_as("odd", "", "NUL byte", 0);
}

static void reader_follows_links_as_the_kernel_does(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char path[128], target[128];
	char *text = NULL;
	int fd = -1;

	(void)state;
	file("real", "it is\n");
	snprintf(path, sizeof(path), "%s/second/link", dir);
	assert_int_equal(symlink("../second/./../real", path), 0);
	assert_int_equal(nsu_reader_text(path, 100, &text, &fail), 0);
	assert_string_equal(text, "it is\n");
	free(text);
	assert_int_equal(unlink(path), 0);
	snprintf(target, sizeof(target), "%s/real", dir);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(nsu_reader_text(path, 100, &text, &fail), 0);
	free(text);
	assert_int_equal(nsu_reader_text(path, 5, &text, &fail), -EFBIG);
	assert_int_equal(nsu_reader_open("relative", &fd), -EINVAL);
	assert_int_equal(nsu_reader_open("/nowhere/x", &fd), -ENOENT);
	snprintf(path, sizeof(path), "%s/real/x", dir);
	assert_int_equal(nsu_reader_open(path, &fd), -ENOTDIR);
	assert_int_equal(fd, -1);
	assert_int_equal(nsu_reader_text("/proc/self/mountinfo", 1UL << 24, &text, &(struct nsu_fail)NSU_FAIL_INIT), 0);
	assert_true(strlen(text) > 0);
	free(text);
}

static void action_is_what_pam_would_do(void **state)
{
	static const struct {
		const char *control;
		bool is_bracketed;
		const char *value;
		int action;
	} rows[] = {
		{"required", false, "success", NSU_STACK_OK},
		{"REQUIRED", false, "system_err", NSU_STACK_BAD},
		{"requisite", false, "system_err", NSU_STACK_DIE},
		{"optional", false, "system_err", NSU_STACK_IGNORE},
		{"sufficient", false, "success", NSU_STACK_DONE},
		{"sufficient", false, "buf_err", NSU_STACK_IGNORE},
		{"nonsense", false, "success", NSU_STACK_BAD},
		{"success=ok default=ignore", true, "system_err", NSU_STACK_IGNORE},
		{"default=ignore system_err=die", true, "system_err", NSU_STACK_DIE},
		{"system_err=die default=ignore", true, "system_err", NSU_STACK_DIE},
		{" success = 2 ", true, "success", 2},
		{"success=ok", true, "system_err", NSU_STACK_BAD},
		{"", true, "success", NSU_STACK_BAD},
		{"success", true, "success", NSU_STACK_BAD},
		{"success=0", true, "success", NSU_STACK_BAD},
		{"success=ok garbage", true, "success", NSU_STACK_BAD},
		{"default=done", true, "success", NSU_STACK_DONE},
		{"default=reset", true, "abort", NSU_STACK_RESET},
		{"success=99999999999999999999 default=bad", true, "success", NSU_STACK_BAD},
	};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(rows); i++) {
		const struct nsu_stack_line line = {.control = rows[i].control, .is_bracketed = rows[i].is_bracketed};

		assert_int_equal(nsu_stack_action(&line, rows[i].value), rows[i].action);
	}
}

/* Whatever stands there, each line that comes of it is whole. */
static void stack_of_noise_is_read_to_its_end(void **state)
{
	static const char *const words[] = {
		"session", "auth", "-session", "@include", "include", "substack", "required", "[",  "]", "\\", "\n",
		"#",       " ",    "\\\n",     "a",        "success", "=",        "pam_x.so", "\t", "/", "\\]"};
	unsigned seed = 4711;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct nsu_stack stack = {.n_lines = 0};
		char text[1024] = "";

		for (int i = 0; i < 60; i++) {
			strcat(text, words[(unsigned)rand_r(&seed) % NSU_COUNT(words)]);
			if (rand_r(&seed) % 2)
				strcat(text, " ");
		}
		file("a", text);
		assert_int_equal(nsu_stack_read(dirs, "a", &stack), 0);
		for (size_t i = 0; i < stack.n_lines; i++) {
			assert_non_null(stack.lines[i].control);
			assert_non_null(stack.lines[i].module);
			assert_non_null(stack.lines[i].arguments);
			assert_in_range(stack.lines[i].line, 1, 200);
			(void)nsu_stack_action(&stack.lines[i], "success");
		}
		nsu_stack_clear(&stack);
	}
}

static char heard[8192]; /* what pam_echo has said */

static int hear(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)data;
	for (int i = 0; i < n; i++)
		snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s;", messages[i]->msg);
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* The numbers of the session lines, as libpam comes to them. (1.5 looks for includes of a confdir elsewhere: they are absolute.) */
static void run_libpam(const char *service)
{
	const struct pam_conv conversation = {.conv = hear};
	pam_handle_t *pamh = NULL;

	heard[0] = '\0';
	assert_int_equal(pam_start_confdir(service, "nobody", &conversation, dir, &pamh), PAM_SUCCESS);
	(void)pam_open_session(pamh, 0);
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
}

/* What stands before a number and behind it. */
static const char *const forms[][2] = {
	{"session optional pam_echo.so ", "\n"},
	{"-session\toptional   pam_echo.so\t", " # behind\n"},
	{"session \\\n  optional pam_echo.so \\  \n\\\n ", "\n"},
	{"  SESSION Optional pam_echo.so ", "\n"},
	{"session [default=ignore] pam_echo.so ", "\n"},
	{"session optional \\\n\n# between\n pam_echo.so ", "\n"},
	{"auth optional pam_echo.so ", "\n"},
	{"session optional pam_echo.so ", "# \\\n"},
	{"\n \t\n# session optional pam_echo.so ", "\n"},
};

static void write_random_file(int i, unsigned *seed, int *n)
{
	static const char *const includes[] = {"session include", "session substack", "auth include"};
	char text[4096] = "", name[8];

	for (int line = 0; line < 6; line++) {
		size_t len = strlen(text), form = (size_t)rand_r(seed) % NSU_COUNT(forms);

		if (i < 4 && rand_r(seed) % 4 == 0)
			snprintf(text + len, sizeof(text) - len, "%s %s/f%d\n", includes[rand_r(seed) % 3], dir,
			         i + 1 + rand_r(seed) % (4 - i));
		else
			snprintf(text + len, sizeof(text) - len, "%s%d%s", forms[form][0], (*n)++, forms[form][1]);
	}
	if (rand_r(seed) % 4 == 0) /* the last line has no end */
		text[strlen(text) - 1] = '\0';
	snprintf(name, sizeof(name), "f%d", i);
	file(name, text);
}

static void stack_is_what_libpam_goes_through(void **state)
{
	static const char *const only[] = {dir, NULL};
	unsigned seed = 815;
	size_t total = 0;

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct nsu_stack stack = {.n_lines = 0};
		char ours[8192] = "";
		int n = 100;

		for (int i = 0; i < 5; i++)
			write_random_file(i, &seed, &n);
		run_libpam("f0");
		assert_int_equal(nsu_stack_read(only, "f0", &stack), 0);
		for (size_t i = 0; i < stack.n_lines; i++) {
			char *rest = stack.lines[i].arguments;

			if (stack.lines[i].type == NSU_STACK_SESSION)
				snprintf(ours + strlen(ours), sizeof(ours) - strlen(ours), "%s;",
				         nsu_stack_word(&rest, NULL));
		}
		assert_string_equal(ours, heard);
		assert_int_equal(stack.n_problems, 0);
		total += stack.n_lines;
		nsu_stack_clear(&stack);
	}
	assert_true(total > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dirs, remove_dirs)
		TEST(stack_has_the_lines_of_a_service_in_order),
		TEST(stack_joins_lines_behind_a_backslash),
		TEST(stack_keeps_brackets_and_arguments_apart),
		TEST(stack_includes_all_types_or_one),
		TEST(stack_looks_for_includes_in_both_directories),
		TEST(stack_numbers_substacks),
		TEST(stack_tells_what_pam_refuses),
		TEST(stack_of_no_file_does_not_exist),
		TEST(stack_ends_where_files_include_each_other),
		TEST(stack_opens_no_file_but_text),
		TEST(reader_follows_links_as_the_kernel_does),
		TEST(action_is_what_pam_would_do),
		TEST(stack_is_what_libpam_goes_through),
		TEST(stack_of_noise_is_read_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
