/* SPDX-License-Identifier: BSD-3-Clause */
/* rows.h - rows of texts as JSON, by libsmartcols. */
#ifndef NSU_ROWS_H
#define NSU_ROWS_H

#include <stddef.h>

#include "base.h"
#include "fail.h"

/* The text of one cell. Return: printable, given: freed with free(3); NULL without memory. */
typedef char *nsu_rows_cell(const void *data, size_t row, size_t column);

struct nsu_rows {
	const char *name; /* of the array */
	const char *const *columns;
	size_t n_columns;
	size_t n_rows;
	nsu_rows_cell *cell;
	const void *data; /* for it */
};

/**
 * nsu_rows_print_json - print an object with one member, an array of objects with a string for each column.
 * @rows: borrowed
 * @fail: record
 *
 * The texts are printable already: they are escaped for JSON only, not for a terminal as well. Return: 0; -ENOMEM; -errno of
 * libsmartcols.
 */
NSU_CHECKED int nsu_rows_print_json(const struct nsu_rows *rows, struct nsu_fail *fail);

#endif
