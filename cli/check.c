/* SPDX-License-Identifier: BSD-3-Clause */
/* nsunshare check: all that is wrong or doubtful in a policy, "FILE:LINE: TEXT" a line, as compilers say it. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "cli.h"
#include "policy.h"

enum {
	CONF
};

struct tally {
	unsigned n_errors;
	unsigned n_warnings;
};

static void tell(void *data, enum nsu_policy_severity severity, const char *finding)
{
	const char *separator = strstr(finding, ": "); /* behind the file, or behind its line */
	size_t place_len = separator ? (size_t)(separator - finding) + 2 : 0;
	struct tally *tally = data;

	nsu_cli_print(finding, place_len, stdout);
	if (severity == NSU_POLICY_WARNING)
		fputs("warning: ", stdout);
	nsu_cli_print(finding + place_len, SIZE_MAX, stdout);
	putchar('\n');
	if (severity == NSU_POLICY_WARNING)
		tally->n_warnings++;
	else
		tally->n_errors++;
}

/* Where there is no policy, what to do is worth more than what failed. */
static int find_all(const char *path, struct tally *tally, struct nsu_fail *fail)
{
	char text[NSU_PATH_MAX + 64];
	int ret;

	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
		snprintf(text, sizeof(text), "%s: there is no policy: write one, see nsunshare.conf(5)", path);
		tell(tally, NSU_POLICY_ERROR, text);
		return 0;
	}
	ret = nsu_policy_examine(path, tell, tally);
	if (ret < 0)
		return nsu_fail(fail, -ret, "examine the policy");
	return 0;
}

static void print_count(unsigned n, const char *what, const char *separator)
{
	if (n > 0)
		fprintf(stderr, "%s%u %s%s", separator, n, what, n == 1 ? "" : "s");
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct tally tally = {.n_errors = 0};
	char path[NSU_PATH_MAX];
	int ret;

	ret = nsu_cli_conf(call->values[CONF], path, sizeof(path), fail);
	if (ret < 0)
		return ret;
	ret = find_all(path, &tally, fail);
	if (ret < 0)
		return ret;
	if (tally.n_errors == 0 && tally.n_warnings == 0) {
		nsu_cli_print(path, SIZE_MAX, stdout);
		puts(": ok");
		return NSU_CLI_OK;
	}
	fflush(stdout);
	print_count(tally.n_errors, "error", "");
	print_count(tally.n_warnings, "warning", tally.n_errors > 0 ? ", " : "");
	fputc('\n', stderr);
	return tally.n_errors > 0 ? NSU_CLI_FAILED : NSU_CLI_WARNINGS;
}

const struct nsu_cli_command nsu_cli_check = {
	.name = "check",
	.help = "find what is wrong or doubtful in the policy, its drop-ins and users' files",
	.options = {[CONF] = {"conf", "FILE", "the policy (" NSU_CONF_FILE ")"}},
	.run = run,
};
