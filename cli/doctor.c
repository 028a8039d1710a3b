/* SPDX-License-Identifier: BSD-3-Clause */
/* nsunshare doctor: what is wrong with this host for pam_nsunshare, and what to do. Reads only. */
#include "doctor.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli.h"
#include "defaults.h"
#include "rows.h"

#define REMEDY "  -> "
#define INDENT 5 /* as wide as that */

enum {
	CONF,
	JSON,
};

static nsu_doctor_examination *const examinations[] = {
	nsu_doctor_kernel,  nsu_doctor_programs, nsu_doctor_directories, nsu_doctor_policy, nsu_doctor_services,
	nsu_doctor_stacks,  nsu_doctor_order,    nsu_doctor_sshd,        nsu_doctor_sudo,   nsu_doctor_mounts,
	nsu_doctor_sysctls, nsu_doctor_cgroups,  nsu_doctor_logind,
};

static const char *const severities[] = {
	[NSU_DOCTOR_NOTE] = "note",
	[NSU_DOCTOR_WARNING] = "warning",
	[NSU_DOCTOR_ERROR] = "error",
};

static int examine(struct nsu_doctor *doctor, struct nsu_fail *fail)
{
	int ret;

	ret = nsu_doctor_read_services(doctor, fail);
	if (ret == 0)
		ret = nsu_doctor_read_policies(doctor, fail);
	for (size_t i = 0; ret == 0 && i < NSU_COUNT(examinations); i++)
		examinations[i](doctor);
	if (ret == 0 && doctor->lacks_memory)
		ret = nsu_fail(fail, ENOMEM, "examine this host");
	return ret;
}

/* How wide the terminal is; 0: there is none, a finding's two lines stay whole. */
static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col > 2 * INDENT ? size.ws_col : 0;
}

/* Prints a text between its words in lines of a width, all but the first one indented. @used: columns of the first one. */
static void print_wrapped(const char *text, size_t used, size_t width)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (width > 0 && used > INDENT && used + 1 + len >= width) {
			printf("\n%*s", INDENT, "");
			used = INDENT;
		} else if (used > INDENT) {
			putchar(' ');
			used++;
		}
		nsu_cli_print(text, len, stdout);
		used += len;
		text += len + strspn(text + len, " ");
	}
	putchar('\n');
}

static void print_finding(const struct nsu_doctor_finding *finding)
{
	size_t used = strlen(finding->place) + strlen(severities[finding->severity]) + strlen(": :");

	nsu_cli_print(finding->place, SIZE_MAX, stdout);
	printf(": %s:", severities[finding->severity]);
	print_wrapped(finding->text, used, terminal_width());
	fputs(REMEDY, stdout);
	print_wrapped(finding->remedy, INDENT, terminal_width());
}

static unsigned count(const struct nsu_doctor *doctor, enum nsu_doctor_severity severity)
{
	unsigned n = 0;

	for (size_t i = 0; i < doctor->n_findings; i++)
		n += doctor->findings[i].severity == severity;
	return n;
}

static void print_count(unsigned n, const char *what, const char **separator)
{
	if (n == 0)
		return;
	fprintf(stderr, "%s%u %s%s", *separator, n, what, n == 1 ? "" : "s");
	*separator = ", ";
}

static void print_text(const struct nsu_doctor *doctor)
{
	const char *separator = "";

	for (size_t i = 0; i < doctor->n_findings; i++)
		print_finding(&doctor->findings[i]);
	if (doctor->n_findings == 0) {
		printf("nothing found by %zu examinations\n", NSU_COUNT(examinations));
		return;
	}
	fflush(stdout);
	print_count(count(doctor, NSU_DOCTOR_ERROR), "error", &separator);
	print_count(count(doctor, NSU_DOCTOR_WARNING), "warning", &separator);
	print_count(count(doctor, NSU_DOCTOR_NOTE), "note", &separator);
	fputc('\n', stderr);
}

/* Bytes that are no printable ASCII become \xHH, as on a terminal: JSON is text. Return: given; NULL without memory. */
static char *printable(const char *text)
{
	char *copy = NULL;
	size_t size;
	FILE *stream = open_memstream(&copy, &size);

	if (!stream)
		return NULL;
	nsu_cli_print(text, SIZE_MAX, stream);
	if (fclose(stream) == 0)
		return copy;
	free(copy);
	return NULL;
}

static char *cell(const void *data, size_t row, size_t column)
{
	const struct nsu_doctor *doctor = data;
	const struct nsu_doctor_finding *finding = &doctor->findings[row];
	const char *const cells[] = {severities[finding->severity], finding->place, finding->text, finding->remedy};

	return printable(cells[column]);
}

static int print_json(const struct nsu_doctor *doctor, struct nsu_fail *fail)
{
	static const char *const columns[] = {"severity", "place", "text", "remedy"};
	const struct nsu_rows rows = {"doctor", columns, NSU_COUNT(columns), doctor->n_findings, cell, doctor};

	return nsu_rows_print_json(&rows, fail);
}

static int answer(const struct nsu_cli_call *call, struct nsu_doctor *doctor, struct nsu_fail *fail)
{
	int ret;

	ret = examine(doctor, fail);
	if (ret < 0)
		return ret;
	if (call->values[JSON])
		ret = print_json(doctor, fail);
	else
		print_text(doctor);
	if (ret < 0)
		return ret;
	if (count(doctor, NSU_DOCTOR_ERROR) > 0)
		return NSU_CLI_FAILED;
	return count(doctor, NSU_DOCTOR_WARNING) > 0 ? NSU_CLI_WARNINGS : NSU_CLI_OK;
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct nsu_doctor doctor = {.n_findings = 0};
	char path[NSU_PATH_MAX];
	int ret;

	ret = nsu_cli_conf(call->values[CONF], path, sizeof(path), fail);
	if (ret < 0)
		return ret;
	doctor.conf = path;
	ret = answer(call, &doctor, fail);
	nsu_doctor_clear(&doctor);
	return ret;
}

const struct nsu_cli_command nsu_cli_doctor = {
	.name = "doctor",
	.help = "find what is wrong with this host for it, and say what to do",
	.options =
		{
			[CONF] = {"conf", "FILE", "the policy (" NSU_CONF_FILE ")"},
			[JSON] = {"json", NULL, "print JSON"},
		},
	.run = run,
};
