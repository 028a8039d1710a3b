/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

int nsu_write_begin(struct nsu_writer *writer, struct nsu_explain *explain)
{
	*writer = (struct nsu_writer){.explain = explain};
	writer->stream = open_memstream(&writer->value, &writer->len);
	return writer->stream ? 0 : -ENOMEM;
}

/* Room for one more: the array doubles at each power of two. Return: the array, moved maybe; NULL without memory. */
static void *make_room(void *rows, size_t n)
{
	if (n > 0 && (n & (n - 1)) != 0)
		return rows;
	return realloc(rows, (n ? 2 * n : 1) * sizeof(struct nsu_explain_row));
}

/* Adds a row whose strings are taken, NULL included. */
static int add_row(struct nsu_explain *explain, const struct nsu_explain_row *row)
{
	struct nsu_explain_row *rows = NULL;

	if (row->key && row->value && row->origin)
		rows = make_room(explain->rows, explain->n);
	if (!rows) {
		free(row->key);
		free(row->value);
		free(row->origin);
		return -ENOMEM;
	}
	explain->rows = rows;
	rows[explain->n++] = *row;
	return 0;
}

int nsu_write_end(struct nsu_writer *writer, const char *key, const struct nsu_origin *origin)
{
	bool is_written = !ferror(writer->stream) && !writer->has_failed;
	char place[NSU_PATH_MAX + 16];
	struct nsu_explain_row row;

	is_written = fclose(writer->stream) == 0 && is_written;
	row.value = writer->value;
	row.key = is_written ? strdup(key) : NULL;
	row.origin = strdup(nsu_policy_origin(origin, place, sizeof(place)));
	return add_row(writer->explain, &row);
}

void nsu_write_put(struct nsu_writer *writer, const char *text)
{
	size_t cap = 4 * strlen(text) + 8;
	char *printable = malloc(cap);

	if (!printable) {
		writer->has_failed = true;
		return;
	}
	if (*text)
		fputs(nsu_text_printable(text, printable, cap), writer->stream);
	free(printable);
}

int nsu_write_row(struct nsu_explain *explain, const char *key, const struct nsu_origin *origin, const char *format,
                  ...)
{
	struct nsu_writer writer;
	va_list args;

	if (nsu_write_begin(&writer, explain) < 0)
		return -ENOMEM;
	va_start(args, format);
	vfprintf(writer.stream, format, args);
	va_end(args);
	return nsu_write_end(&writer, key, origin);
}

int nsu_write_text(struct nsu_explain *explain, const char *key, const struct nsu_origin *origin, const char *text)
{
	struct nsu_writer writer;

	if (nsu_write_begin(&writer, explain) < 0)
		return -ENOMEM;
	nsu_write_put(&writer, *text ? text : "-");
	return nsu_write_end(&writer, key, origin);
}

void nsu_write_size(struct nsu_writer *writer, uint64_t bytes)
{
	static const char units[] = "\0KMGT";
	unsigned unit = 0;

	for (; bytes >= 1024 && bytes % 1024 == 0 && unit < 4; unit++)
		bytes /= 1024;
	fprintf(writer->stream, "%" PRIu64 "%s", bytes, (const char[]){units[unit], '\0'});
}
