/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

#define HELP_VALUE   256 /* in struct option, where getopt_long(3) keeps values below for letters */
#define FIRST_OPTION (HELP_VALUE + 1)
#define REMEDY       "see " NSU_CLI_NAME " --help"

static void fill_options(const struct nsu_cli_command *command, struct option *options)
{
	*options++ = (struct option){.name = "help", .val = HELP_VALUE};
	for (int i = 0; command->options[i].name; i++)
		*options++ = (struct option){
			.name = command->options[i].name,
			.has_arg = command->options[i].argument ? required_argument : no_argument,
			.val = FIRST_OPTION + i,
		};
	*options = (struct option){.name = NULL};
}

/* getopt_long(3) has refused a word; a letter it names by optopt, the option of a word only where it knows it. */
static int refuse_option(const struct nsu_cli_command *command, int answer, const char *word, struct nsu_fail *fail)
{
	char printable[NSU_LOG_VALUE_MAX];
	char letter[3] = {'-', (char)optopt, '\0'};

	if (optopt > 0 && optopt < HELP_VALUE)
		return nsu_fail_because(fail, EINVAL, "%s: unknown option '%s'; " REMEDY, command->name,
		                        nsu_text_printable(letter, printable, sizeof(printable)));
	nsu_text_printable(word, printable, sizeof(printable));
	if (answer == ':')
		return nsu_fail_because(fail, EINVAL, "%s: the option '%s' wants a value; " REMEDY, command->name,
		                        printable);
	if (optopt >= HELP_VALUE)
		return nsu_fail_because(fail, EINVAL, "%s: '%s': the option takes no value; " REMEDY, command->name,
		                        printable);
	return nsu_fail_because(fail, EINVAL, "%s: unknown or ambiguous option '%s'; " REMEDY, command->name,
	                        printable);
}

static int take_operands(const struct nsu_cli_command *command, int n, char **words, struct nsu_cli_call *call,
                         struct nsu_fail *fail)
{
	int n_wanted = command->operand ? 1 : 0;
	char printable[NSU_LOG_VALUE_MAX];

	if (n < n_wanted)
		return nsu_fail_because(fail, EINVAL, "%s: %s is missing; " REMEDY, command->name, command->operand);
	if (n > n_wanted)
		return nsu_fail_because(fail, EINVAL, "%s: one word too many: '%s'; " REMEDY, command->name,
		                        nsu_text_printable(words[n_wanted], printable, sizeof(printable)));
	if (command->operand)
		call->operand = words[0];
	return 0;
}

/* Cuts off what stands behind "--", before getopt_long(3) reorders. Return: how many words remain. */
static int cut_words(const struct nsu_cli_command *command, int argc, char **argv, struct nsu_cli_call *call)
{
	for (int i = 1; i < argc && command->takes_words; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		call->words = argv + i + 1;
		return i;
	}
	return argc;
}

int nsu_cli_parse(const struct nsu_cli_command *command, int argc, char **argv, struct nsu_cli_call *call,
                  struct nsu_fail *fail)
{
	struct option options[NSU_CLI_OPTIONS_MAX + 2];
	int answer;

	*call = (struct nsu_cli_call){.wants_help = false};
	argc = cut_words(command, argc, argv, call);
	fill_options(command, options);
	opterr = 0;
	while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (answer == HELP_VALUE) {
			call->wants_help = true;
			return 0;
		}
		if (answer < FIRST_OPTION)
			return refuse_option(command, answer, argv[optind - 1], fail);
		if (call->values[answer - FIRST_OPTION])
			return nsu_fail_because(fail, EINVAL, "%s: the option '--%s' is given twice; " REMEDY,
			                        command->name, command->options[answer - FIRST_OPTION].name);
		call->values[answer - FIRST_OPTION] = optarg ? optarg : "";
	}
	if (call->words && !call->words[0])
		return nsu_fail_because(fail, EINVAL, "%s: a program is missing behind --; " REMEDY, command->name);
	return take_operands(command, argc - optind, argv + optind, call, fail);
}

int nsu_cli_conf(const char *value, char *path, size_t cap, struct nsu_fail *fail)
{
	char printable[NSU_LOG_VALUE_MAX];
	int len;

	if (!value)
		value = NSU_CONF_FILE;
	path[0] = '\0';
	if (*value != '/') {
		if (!getcwd(path, cap))
			return nsu_fail(fail, errno, "find the working directory");
		while (strncmp(value, "./", 2) == 0)
			value += 2;
		if (strcmp(path, "/") == 0)
			path[0] = '\0';
		strncat(path, "/", cap - strlen(path) - 1);
	}
	len = (int)strlen(path);
	if ((size_t)snprintf(path + len, cap - (size_t)len, "%s", value) >= cap - (size_t)len ||
	    !nsu_text_is_path(path))
		return nsu_fail_because(
			fail, EINVAL,
			"--conf '%s': not a clean path: no '.', '..', '//' in it, no '/' at its end, not too long",
			nsu_text_printable(value, printable, sizeof(printable)));
	return 0;
}

void nsu_cli_print(const char *text, size_t max, FILE *stream)
{
	for (size_t i = 0; i < max && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f)
			putc(c, stream);
		else
			fprintf(stream, "\\x%02x", c);
	}
}

void nsu_cli_print_fail(const struct nsu_fail *fail)
{
	char line[NSU_FAIL_TEXT_MAX + 128];

	fputs(NSU_CLI_NAME ": ", stderr);
	nsu_cli_print(nsu_fail_line(fail, line, sizeof(line)), SIZE_MAX, stderr);
	fputc('\n', stderr);
}

void *nsu_cli_grow(void *array, size_t *n, size_t size)
{
	void **items = array;
	char *grown = realloc(*items, (*n + 1) * size);

	if (!grown)
		return NULL;
	*items = grown;
	memset(grown + *n * size, 0, size);
	return grown + (*n)++ * size;
}
