/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare: the administrator's tool. One file a command; here is the table of them, the help, and the one place that
 * prints errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "cli.h"
#include "defaults.h"
#include "text.h"

#define HELP_COLUMN 24

static const struct nsu_cli_command *const commands[] = {
	&nsu_cli_check, &nsu_cli_doctor, &nsu_cli_enter,   &nsu_cli_explain,
	&nsu_cli_kill,  &nsu_cli_list,   &nsu_cli_metrics, &nsu_cli_run,
};

/* A file that the tool opens must not become its output: writing to such a stream fails, as it would have without this. */
static void open_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(NSU_CLI_FAILED);
	}
}

static void print_entry(const char *indent, const char *name, const char *argument, const char *help)
{
	int width = printf("%s%s%s%s", indent, name, argument ? " " : "", argument ? argument : "");

	printf("%*s%s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "", help);
}

static void print_command(const struct nsu_cli_command *command)
{
	print_entry("  ", command->name, command->operand, command->help);
	for (const struct nsu_cli_option *option = command->options; option->name; option++) {
		char name[32];

		snprintf(name, sizeof(name), "--%s", option->name);
		print_entry("    ", name, option->argument, option->help);
	}
	if (command->takes_words)
		print_entry("    ", "--", "PROGRAM...", "what is run, in the place of a login shell");
}

static int print_help(void)
{
	puts("Usage: " NSU_CLI_NAME " COMMAND [OPTION...]\n"
	     "The administrator's tool of pam_nsunshare, for root only.\n");
	for (size_t i = 0; i < NSU_COUNT(commands); i++)
		print_command(commands[i]);
	print_entry("  ", "--help", NULL, "this text; behind a command, what is said of that one");
	print_entry("  ", "--version", NULL, "the version");
	puts("\nExit status: 0 good, 1 warnings, 2 errors; of enter and run the program's, or 125 to 127; the manual page\n"
	     "nsunshare(8) says more.");
	return NSU_CLI_OK;
}

static int run_command(const struct nsu_cli_command *command, int argc, char **argv, struct nsu_fail *fail)
{
	struct nsu_cli_call call;
	int ret;

	ret = nsu_cli_parse(command, argc, argv, &call, fail);
	if (ret < 0)
		return ret;
	if (call.wants_help) {
		print_command(command);
		return NSU_CLI_OK;
	}
	if (geteuid() != 0)
		return nsu_fail_because(fail, EPERM, "%s: only root may do this", command->name);
	return command->run(&call, fail);
}

/* What a program's status may be must not be that of a failure of ours. */
static int finish_command(const struct nsu_cli_command *command, int ret, const struct nsu_fail *fail)
{
	if (ret >= 0 || !command->takes_words)
		return ret;
	nsu_cli_print_fail(fail);
	return NSU_CLI_NOT_RUN;
}

static int run(int argc, char **argv, struct nsu_fail *fail)
{
	char word[NSU_LOG_VALUE_MAX];

	if (argc < 2)
		return nsu_fail_because(fail, EINVAL, "no command is given; see " NSU_CLI_NAME " --help");
	for (size_t i = 0; i < NSU_COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i]->name) == 0)
			return finish_command(commands[i], run_command(commands[i], argc - 1, argv + 1, fail), fail);
	}
	nsu_text_printable(argv[1], word, sizeof(word));
	if (strcmp(word, "--help") != 0 && strcmp(word, "--version") != 0)
		return nsu_fail_because(fail, EINVAL, "unknown command '%s'; see " NSU_CLI_NAME " --help", word);
	if (argc > 2)
		return nsu_fail_because(fail, EINVAL, "nothing may stand behind %s", word);
	if (strcmp(word, "--help") == 0)
		return print_help();
	puts(NSU_CLI_NAME " " NSU_VERSION);
	return NSU_CLI_OK;
}

int main(int argc, char **argv)
{
	struct nsu_fail write_fail = NSU_FAIL_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int status;

	open_standard_streams();
	signal(SIGPIPE, SIG_IGN); /* a reader that has gone is an error, as a full disk is one */
	status = run(argc, argv, &fail);
	if (ferror(stdout) | fclose(stdout))
		(void)nsu_fail_because(&write_fail, EIO, "the output could not be written as a whole");
	if (status < 0)
		nsu_cli_print_fail(&fail);
	if (write_fail.err != 0)
		nsu_cli_print_fail(&write_fail);
	return status < 0 || write_fail.err != 0 ? NSU_CLI_FAILED : status;
}
