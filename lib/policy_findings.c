/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy_findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more. Return: the array, moved maybe; NULL if there is no memory. */
static void *make_room(void *array, size_t n, size_t *cap, size_t size)
{
	void *larger;

	if (n < *cap)
		return array;
	larger = realloc(array, (*cap ? *cap * 2 : 16) * size);
	if (larger)
		*cap = *cap ? *cap * 2 : 16;
	return larger;
}

int nsu_findings_file(struct nsu_findings *findings, const char *file)
{
	char **files = make_room(findings->files, findings->n_files, &findings->cap_files, sizeof(*files));

	if (!files)
		return -ENOMEM;
	findings->files = files;
	files[findings->n_files] = strdup(file);
	if (!files[findings->n_files])
		return -ENOMEM;
	findings->n_files++;
	return 0;
}

/* The last file first: findings come while a file is looked at. */
static unsigned number_of(const struct nsu_findings *findings, const char *file)
{
	for (size_t i = findings->n_files; i > 0; i--) {
		if (strcmp(findings->files[i - 1], file) == 0)
			return (unsigned)(i - 1);
	}
	return 0;
}

/* @text is taken, NULL included. */
static int add(struct nsu_findings *findings, enum nsu_policy_severity severity, const struct nsu_origin *origin,
               char *text)
{
	struct nsu_finding *items = make_room(findings->items, findings->n, &findings->cap, sizeof(*items));

	if (items)
		findings->items = items;
	if (!items || !text) {
		free(text);
		return -ENOMEM;
	}
	items[findings->n] = (struct nsu_finding){
		.file = number_of(findings, origin->file),
		.line = origin->line,
		.order = findings->n,
		.severity = severity,
		.text = text,
	};
	findings->n++;
	return 0;
}

int nsu_findings_add(struct nsu_findings *findings, enum nsu_policy_severity severity, const struct nsu_origin *origin,
                     const char *format, ...)
{
	char place[NSU_PATH_MAX + 16];
	char *sentence = NULL;
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&sentence, format, args) < 0)
		sentence = NULL;
	va_end(args);
	if (sentence && asprintf(&text, "%s: %s", nsu_policy_origin(origin, place, sizeof(place)), sentence) < 0)
		text = NULL;
	free(sentence);
	return add(findings, severity, origin, text);
}

static int keep(struct nsu_findings *findings, const char *file, struct nsu_fail *fail)
{
	struct nsu_origin origin = {file, 0};
	char line[NSU_FAIL_TEXT_MAX + 128];
	char *text = NULL;
	size_t len;

	len = strlen(file);
	nsu_fail_line(fail, line, sizeof(line));
	if (strncmp(line, file, len) == 0 && line[len] == ':') {
		origin.line = (unsigned)strtoul(line + len + 1, NULL, 10);
		text = strdup(line);
	} else if (asprintf(&text, "%s: %s", file, line) < 0) {
		text = NULL;
	}
	*fail = (struct nsu_fail)NSU_FAIL_INIT;
	if (add(findings, NSU_POLICY_ERROR, &origin, text) < 0)
		return nsu_fail(fail, ENOMEM, "collect what was found");
	return 0;
}

int nsu_findings_take(struct nsu_findings *findings, int ret, const char *file, struct nsu_fail *fail)
{
	if (!findings || ret == 0 || ret == -ENOMEM)
		return ret;
	return keep(findings, file, fail); /* apart: its text is on the stack, and this is called for each key */
}

static int compare_findings(const void *a, const void *b)
{
	const struct nsu_finding *first = a, *second = b;

	if (first->file != second->file)
		return first->file < second->file ? -1 : 1;
	if (first->line != second->line)
		return first->line < second->line ? -1 : 1;
	return (first->order > second->order) - (first->order < second->order);
}

static bool is_same_line(const struct nsu_finding *a, const struct nsu_finding *b)
{
	return a->file == b->file && a->line == b->line;
}

/* One profile serves many rules: what is wrong with it is found for each. */
static bool was_told(const struct nsu_findings *findings, size_t index)
{
	const struct nsu_finding *finding = &findings->items[index];

	for (size_t i = index; i > 0 && is_same_line(&findings->items[i - 1], finding); i--) {
		if (strcmp(findings->items[i - 1].text, finding->text) == 0)
			return true;
	}
	return false;
}

void nsu_findings_tell(struct nsu_findings *findings, nsu_policy_tell *tell, void *data)
{
	if (findings->n > 1)
		qsort(findings->items, findings->n, sizeof(*findings->items), compare_findings);
	for (size_t i = 0; i < findings->n; i++) {
		if (!was_told(findings, i))
			tell(data, findings->items[i].severity, findings->items[i].text);
	}
}

void nsu_findings_clear(struct nsu_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		free(findings->items[i].text);
	for (size_t i = 0; i < findings->n_files; i++)
		free(findings->files[i]);
	free(findings->items);
	free(findings->files);
	*findings = (struct nsu_findings)NSU_FINDINGS_INIT;
}
