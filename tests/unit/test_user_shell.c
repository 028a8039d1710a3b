/* SPDX-License-Identifier: BSD-3-Clause */
/* The program that run and enter start: its words and its environment. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "user_shell.h"

static struct nsu_subject subject;
static struct nsu_user_shell shell;
static gid_t groups[] = {1000};

static void prepare(const char *login_shell, char **words, const char *term)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	subject = (struct nsu_subject){.user = (char[]){"alice"},
	                               .home = (char[]){"/home/alice"},
	                               .shell = strdup(login_shell),
	                               .uid = 1000,
	                               .gid = 1000,
	                               .groups = groups,
	                               .n_groups = 1};
	shell = (struct nsu_user_shell)NSU_USER_SHELL_INIT;
	assert_int_equal(nsu_user_shell_prepare(&shell, &subject, words, term, &fail), 0);
}

static void clear(void)
{
	nsu_user_shell_clear(&shell);
	free(subject.shell);
}

/* All of it, joined by spaces. */
static const char *environment(void)
{
	static char text[1024];
	size_t len = 0;

	text[0] = '\0';
	for (char **variable = shell.variables; *variable; variable++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len > 0 ? " " : "", *variable);
	return text;
}

static void login_shell_has_a_dash_before_its_name(void **state)
{
	(void)state;
	prepare("/usr/bin/zsh", NULL, NULL);
	assert_string_equal(shell.program, "/usr/bin/zsh");
	assert_string_equal(shell.words[0], "-zsh");
	assert_null(shell.words[1]);
	clear();
	prepare("", NULL, NULL);
	assert_string_equal(shell.program, "/bin/sh");
	assert_string_equal(shell.words[0], "-sh");
	clear();
}

static void program_is_the_first_word(void **state)
{
	char *words[] = {(char[]){"ls"}, (char[]){"-l"}, NULL};

	(void)state;
	prepare("/bin/bash", words, NULL);
	assert_null(shell.program);
	assert_ptr_equal(shell.words, words);
	clear();
}

static void environment_is_clean(void **state)
{
	(void)state;
	setenv("LD_PRELOAD", "/nowhere", 1);
	prepare("/bin/bash", NULL, "vt100");
	unsetenv("LD_PRELOAD");
	assert_string_equal(environment(), "HOME=/home/alice SHELL=/bin/bash USER=alice LOGNAME=alice "
	                                   "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games TERM=vt100");
	clear();
}

static void put_replaces_a_variable_of_the_same_name(void **state)
{
	(void)state;
	prepare("/bin/bash", NULL, NULL);
	assert_true(nsu_user_shell_put(&shell, "PATH=/bin"));
	assert_true(nsu_user_shell_put(&shell, "PATHS=x"));
	assert_true(nsu_user_shell_put(&shell, "HOM="));
	assert_true(nsu_user_shell_put(&shell, "PATHS=y"));
	assert_string_equal(environment(),
	                    "HOME=/home/alice SHELL=/bin/bash USER=alice LOGNAME=alice PATH=/bin PATHS=y HOM=");
	clear();
}

static void put_takes_all_that_a_policy_may_have_and_no_more_than_fits(void **state)
{
	char variable[32];
	size_t n = 0;

	(void)state;
	prepare("/bin/bash", NULL, "vt100");
	assert_true(nsu_user_shell_put(&shell, "NSUNSHARE_ID=0"));
	for (; n < 2 * NSU_USER_SHELL_VARIABLES_MAX; n++) {
		snprintf(variable, sizeof(variable), "V%zu=", n);
		if (!nsu_user_shell_put(&shell, variable))
			break;
	}
	assert_in_range(n, NSU_PLAN_ENVIRONMENT_MAX, NSU_USER_SHELL_VARIABLES_MAX);
	assert_null(shell.variables[shell.n_variables]);
	clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(login_shell_has_a_dash_before_its_name),
		cmocka_unit_test(program_is_the_first_word),
		cmocka_unit_test(environment_is_clean),
		cmocka_unit_test(put_replaces_a_variable_of_the_same_name),
		cmocka_unit_test(put_takes_all_that_a_policy_may_have_and_no_more_than_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
