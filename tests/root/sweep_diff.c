/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparing texts, by lines. */
#include "sweep.h"

#include <string.h>

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *at = text; (at = strstr(at, "\n")) || at == NULL;) {
		if (!at)
			return false;
		if (strncmp(at + 1, line, len) == 0 && (at[1 + len] == '\n' || at[1 + len] == '\0'))
			return true;
		at++;
	}
	return false;
}

static bool is_ignored(const char *line, size_t len, const char *const ignored[])
{
	for (size_t i = 0; ignored && ignored[i]; i++) {
		if (memmem(line, len, ignored[i], strlen(ignored[i])))
			return true;
	}
	return false;
}

/* The lines of one text that the other has not. */
static int print_missing(FILE *out, char sign, const char *text, const char *other, const char *const ignored[])
{
	int n = 0;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (!is_ignored(line, len, ignored) && strncmp(other, line, len) != 0 && !has_line(other, line, len)) {
			fprintf(out, "#   %c %.*s\n", sign, (int)len, line);
			n++;
		}
		line += len + (line[len] == '\n');
	}
	return n;
}

/* Return: how many lines differ. A line with one of the ignored texts in it never does. */
int diff_lines(FILE *out, const char *old, const char *new, const char *const ignored[])
{
	return print_missing(out, '-', old, new, ignored) + print_missing(out, '+', new, old, ignored);
}
