/* SPDX-License-Identifier: BSD-3-Clause */
/* As libpam 1.5 reads these files (pam_handlers.c, pam_misc.c), with Debian's @include. */
#include "stack.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "defaults.h"
#include "reader.h"

#define BLANKS   " \t\r\n"
#define ANY_TYPE NSU_STACK_TYPES

struct reading {
	const char *const *dirs;
	struct nsu_stack *stack;
};

/* One file that is being read. */
struct place {
	const char *file;
	char *next;    /* where the next line begins */
	unsigned line; /* number of the one that was read last; the first of those that a backslash joins */
	unsigned n;    /* how many have been read */
	enum nsu_stack_type type;
	unsigned level;
	unsigned substack;
};

static const char *const type_names[NSU_STACK_TYPES] = {"auth", "account", "password", "session"};

static int keep_text(struct nsu_stack *stack, char *text)
{
	char **kept = text ? nsu_cli_grow(&stack->texts, &stack->n_texts, sizeof(*kept)) : NULL;

	if (!kept) {
		free(text);
		return -ENOMEM;
	}
	*kept = text;
	return 0;
}

NSU_PRINTF(4, 5)
static int tell(struct nsu_stack *stack, const char *file, unsigned line, const char *format, ...)
{
	struct nsu_stack_problem *problem;
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	problem = nsu_cli_grow(&stack->problems, &stack->n_problems, sizeof(*problem));
	if (!problem) {
		free(text);
		return -ENOMEM;
	}
	*problem = (struct nsu_stack_problem){file, line, text};
	return 0;
}

char *nsu_stack_word(char **rest, bool *ret_is_bracketed)
{
	char *word = *rest + strspn(*rest, BLANKS);
	bool is_bracketed = *word == '[';
	char *end, *to;

	if (!*word)
		return NULL;
	if (is_bracketed) {
		for (end = ++word, to = end; *end && *end != ']'; *to++ = *end++)
			end += end[0] == '\\' && end[1] == ']';
	} else {
		end = to = word + strcspn(word, BLANKS);
	}
	*rest = *end ? end + 1 : end;
	*to = '\0';
	if (ret_is_bracketed)
		*ret_is_bracketed = is_bracketed;
	return word;
}

/* Ends a line at its comment. Return: whether a backslash joins it with the next one; that is taken away. */
static bool trim_line(char *line)
{
	size_t len = strcspn(line, "#");
	bool has_comment = line[len];

	while (len > 0 && strchr(BLANKS, line[len - 1]))
		len--;
	line[len] = '\0';
	if (has_comment || len == 0 || line[len - 1] != '\\')
		return false;
	line[len - 1] = '\0';
	return true;
}

/*
 * The next line that has something, those that backslashes join as one: moved together in the text, which is longer.
 * Return: NULL if there is none; *ret_is_cut: the file ends behind a backslash.
 */
static char *next_line(struct place *place, bool *ret_is_cut)
{
	char *begin = place->next, *to = begin;
	bool is_joined = false;

	while (*place->next) {
		char *line = place->next;
		size_t len = strcspn(line, "\n");

		place->next += len + (line[len] == '\n');
		line[len] = '\0';
		place->n++;
		if (!line[strspn(line, BLANKS)] || line[strspn(line, BLANKS)] == '#')
			continue; /* also between lines that are joined */
		if (!is_joined)
			place->line = place->n;
		is_joined = trim_line(line);
		len = strlen(line);
		memmove(to, line, len + 1);
		to += len;
		if (!is_joined)
			return begin;
		*to++ = ' ';
		*to = '\0';
	}
	*ret_is_cut = is_joined;
	return NULL;
}

static bool is_type(const char *word, enum nsu_stack_type *ret_type)
{
	for (int i = 0; i < NSU_STACK_TYPES; i++) {
		if (strcasecmp(word, type_names[i]) == 0) {
			*ret_type = (enum nsu_stack_type)i;
			return true;
		}
	}
	return false;
}

static int read_file(const struct reading *reading, const char *name, struct place place, const struct place *from);

static int read_include(const struct reading *reading, const struct place *place, enum nsu_stack_type type,
                        const char *name, bool is_substack)
{
	struct place included = {.type = type, .level = place->level + 1, .substack = place->substack};
	struct nsu_stack *stack = reading->stack;
	int ret;

	if (!name)
		return tell(stack, place->file, place->line, "nothing is named to be included");
	if (included.level >= NSU_STACK_LEVELS_MAX || stack->n_includes >= NSU_STACK_INCLUDES_MAX) {
		ret = tell(stack, place->file, place->line, "files include each other without an end, or %s",
		           included.level >= NSU_STACK_LEVELS_MAX ? "more than 16 deep" : "too often");
		return ret < 0 ? ret : -ELOOP;
	}
	stack->n_includes++;
	if (is_substack) {
		included.substack = ++stack->n_substacks;
		stack->parents[included.substack] = place->substack;
	}
	return read_file(reading, name, included, place);
}

static int read_line(const struct reading *reading, const struct place *place, char *text)
{
	struct nsu_stack_line line = {.file = place->file, .line = place->line, .substack = place->substack};
	struct nsu_stack *stack = reading->stack;
	char *word = nsu_stack_word(&text, NULL);
	struct nsu_stack_line *kept;

	if (!word)
		return 0;
	if (strcmp(word, "@include") == 0)
		return read_include(reading, place, place->type, nsu_stack_word(&text, NULL), false);
	line.is_silent = *word == '-';
	word += line.is_silent;
	if (!is_type(word, &line.type))
		return tell(stack, place->file, place->line,
		            "'%.32s' is none of auth, account, password, session: PAM refuses the service", word);
	if (place->type != ANY_TYPE && place->type != line.type)
		return 0;
	line.control = nsu_stack_word(&text, &line.is_bracketed);
	line.module = nsu_stack_word(&text, NULL);
	if (line.control && !line.is_bracketed &&
	    (strcasecmp(line.control, "include") == 0 || strcasecmp(line.control, "substack") == 0))
		return read_include(reading, place, line.type, line.module, strcasecmp(line.control, "substack") == 0);
	if (!line.module)
		return tell(stack, place->file, place->line, "no module is named: PAM refuses the service");
	line.arguments = text;
	kept = nsu_cli_grow(&stack->lines, &stack->n_lines, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = line;
	return 0;
}

static int read_text(const struct reading *reading, struct place *place)
{
	bool is_cut = false;
	char *line;
	int ret = 0;

	while (ret == 0 && (line = next_line(place, &is_cut)))
		ret = read_line(reading, place, line);
	if (ret == 0 && is_cut)
		ret = tell(reading->stack, place->file, place->line,
		           "the file ends behind a backslash: PAM refuses the service");
	return ret;
}

/* Opens the first of the files that the name may mean. Return: 0, *ret_path is kept; -ENOENT; -ENOMEM; others: it is no text. */
static int open_file(const struct reading *reading, const char *name, char **ret_path, char **ret_text,
                     struct nsu_fail *fail)
{
	for (size_t i = 0; name[0] == '/' ? i < 1 : reading->dirs[i] != NULL; i++) {
		char *path = NULL;
		int ret;

		if (asprintf(&path, "%s%s%s", name[0] == '/' ? "" : reading->dirs[i], name[0] == '/' ? "" : "/", name) <
		    0)
			path = NULL;
		if (keep_text(reading->stack, path) < 0)
			return -ENOMEM;
		*fail = (struct nsu_fail)NSU_FAIL_INIT;
		ret = nsu_reader_text(path, NSU_STACK_FILE_MAX, ret_text, fail);
		if (ret == -ENOENT)
			continue;
		*ret_path = path;
		return ret;
	}
	return -ENOENT;
}

/* @from: the line that includes it; NULL: it is the service's own. */
static int read_file(const struct reading *reading, const char *name, struct place place, const struct place *from)
{
	struct nsu_stack *stack = reading->stack;
	struct nsu_fail fail = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];
	char *path, *text;
	int ret;

	ret = open_file(reading, name, &path, &text, &fail);
	if (ret == -ENOMEM)
		return ret;
	if (ret == -ENOENT && !from)
		return ret;
	if (ret == -ENOENT)
		return tell(stack, from->file, from->line, "there is no '%s' to be included: PAM refuses the service",
		            name);
	if (ret < 0)
		return tell(stack, path, 0, "it can not be examined: %s", nsu_fail_line(&fail, line, sizeof(line)));
	ret = keep_text(stack, text);
	if (ret < 0)
		return ret;
	place.file = path;
	place.next = text;
	return read_text(reading, &place);
}

int nsu_stack_read(const char *const *dirs, const char *service, struct nsu_stack *stack)
{
	const struct reading reading = {dirs, stack};
	int ret = read_file(&reading, service, (struct place){.type = ANY_TYPE}, NULL);

	stack->is_cut = ret == -ELOOP; /* a problem of the stack that has been told, and ends the reading */
	return stack->is_cut ? 0 : ret;
}

void nsu_stack_clear(struct nsu_stack *stack)
{
	for (size_t i = 0; i < stack->n_problems; i++)
		free(stack->problems[i].text);
	for (size_t i = 0; i < stack->n_texts; i++)
		free(stack->texts[i]);
	free(stack->problems);
	free(stack->texts);
	free(stack->lines);
	memset(stack, 0, sizeof(*stack));
}

bool nsu_stack_is_within(const struct nsu_stack *stack, const struct nsu_stack_line *line, unsigned substack)
{
	unsigned at = line->substack;

	while (at != substack && at != 0)
		at = stack->parents[at];
	return at == substack;
}
