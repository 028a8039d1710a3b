/* SPDX-License-Identifier: BSD-3-Clause */
/* cli.h - what the commands of nsunshare(8) share: how one is described, how it is called, and how text is printed. */
#ifndef NSU_CLI_H
#define NSU_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base.h"
#include "fail.h"

#define NSU_CLI_NAME        "nsunshare"
#define NSU_CLI_OPTIONS_MAX 8

/* The exit statuses. A command that fails returns a negative errno instead; that becomes NSU_CLI_FAILED. */
enum nsu_cli_status {
	NSU_CLI_OK,
	NSU_CLI_WARNINGS,
	NSU_CLI_FAILED,
	/* Of a command that runs a program, whose own status is passed on: as env(1) has them. */
	NSU_CLI_NOT_RUN = 125,
	NSU_CLI_NOT_EXECUTABLE = 126,
	NSU_CLI_NOT_FOUND = 127,
	NSU_CLI_SIGNAL = 128, /* and the signal that the program has died of */
};

struct nsu_cli_option {
	const char *name;     /* without the dashes */
	const char *argument; /* what the help calls its argument; NULL: it takes none */
	const char *help;
};

/* What the user has typed. */
struct nsu_cli_call {
	bool wants_help;
	const char *operand;                     /* NULL: the command takes none */
	const char *values[NSU_CLI_OPTIONS_MAX]; /* of the options, in their order; NULL: not given; "": takes none */
	char **words;                            /* a program and its arguments, terminated by NULL; NULL: not given */
};

struct nsu_cli_command {
	const char *name;
	const char *operand; /* what the help calls it; NULL: it takes none */
	const char *help;
	bool takes_words; /* behind "--": it runs a program, and fails with NSU_CLI_NOT_RUN */
	struct nsu_cli_option options[NSU_CLI_OPTIONS_MAX + 1]; /* the last one has no name */
	int (*run)(const struct nsu_cli_call *call, struct nsu_fail *fail);
};

extern const struct nsu_cli_command nsu_cli_check;
extern const struct nsu_cli_command nsu_cli_enter;
extern const struct nsu_cli_command nsu_cli_explain;
extern const struct nsu_cli_command nsu_cli_doctor;
extern const struct nsu_cli_command nsu_cli_kill;
extern const struct nsu_cli_command nsu_cli_list;
extern const struct nsu_cli_command nsu_cli_metrics;
extern const struct nsu_cli_command nsu_cli_run;

/**
 * nsu_cli_parse - read the options, the operand and the words of a command.
 * @command: borrowed
 * @argc:    number of words in @argv
 * @argv:    the command's name and what stands behind it; reordered by getopt_long(3)
 * @call:    filled; its strings are those of @argv
 * @fail:    record; ends with the remedy
 *
 * With --help among the options nothing else is asked for. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_cli_parse(const struct nsu_cli_command *command, int argc, char **argv, struct nsu_cli_call *call,
                              struct nsu_fail *fail);

/**
 * nsu_cli_conf - the policy that is meant by the option --conf.
 * @value: of the option; NULL: not given, the installed one is meant; a relative one starts in the working directory
 * @path:  caller's, @cap bytes: a clean absolute path
 * @cap:   size of @path in bytes, at least NSU_PATH_MAX
 * @fail:  record
 *
 * Symbolic links are not resolved, for the module does not either. Return: 0; -EINVAL; -errno of getcwd(3).
 */
NSU_CHECKED int nsu_cli_conf(const char *value, char *path, size_t cap, struct nsu_fail *fail);

/**
 * nsu_cli_print - print a text so that it can do nothing to a terminal.
 * @text:   borrowed; every byte but printable ASCII becomes \xHH
 * @max:    most bytes of @text that are printed; SIZE_MAX: all
 * @stream: borrowed
 */
void nsu_cli_print(const char *text, size_t max, FILE *stream);

/**
 * nsu_cli_print_fail - print what has failed on the standard error, as all errors are printed.
 * @fail: borrowed; holds a failure
 */
void nsu_cli_print_fail(const struct nsu_fail *fail);

/**
 * nsu_cli_grow - make room for one more in an array.
 * @array: address of the pointer to it
 * @n:     how many there are; grows
 * @size:  of one
 *
 * Return: the new last one, zeroed; NULL without memory, which the caller notes.
 */
void *nsu_cli_grow(void *array, size_t *n, size_t size);

#endif
