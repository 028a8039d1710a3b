/* SPDX-License-Identifier: BSD-3-Clause */
/* nsunshare check: all that is wrong or doubtful in a policy, "FILE:LINE: TEXT" a line, as compilers say it. */
#include <errno.h>
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

/* Where the text of a finding begins: behind "FILE:LINE: ", or at once where there is no line. */
static size_t text_at(const char *finding)
{
	for (const char *colon = strchr(finding, ':'); colon; colon = strchr(colon + 1, ':')) {
		size_t digits = strspn(colon + 1, "0123456789");

		if (digits > 0 && strncmp(colon + 1 + digits, ": ", 2) == 0)
			return (size_t)(colon - finding) + 1 + digits + 2;
	}
	return 0;
}

static void tell(void *data, enum nsu_policy_severity severity, const char *finding)
{
	struct tally *tally = data;
	size_t at = 0;

	if (severity == NSU_POLICY_WARNING) {
		tally->n_warnings++;
		at = text_at(finding);
		printf("%.*swarning: ", (int)at, finding);
	} else {
		tally->n_errors++;
	}
	nsu_cli_print(finding + at, stdout);
	putchar('\n');
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
	ret = nsu_policy_examine(path, tell, &tally);
	if (ret < 0)
		return nsu_fail(fail, -ret, "examine the policy");
	if (tally.n_errors == 0 && tally.n_warnings == 0) {
		nsu_cli_print(path, stdout);
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
