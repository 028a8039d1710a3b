/* SPDX-License-Identifier: BSD-3-Clause */
#include "rows.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

static int fill_line(struct libscols_line *line, const struct nsu_rows *rows, size_t row)
{
	int ret = line ? 0 : -ENOMEM;

	for (size_t i = 0; i < rows->n_columns && ret == 0; i++) {
		char *cell = rows->cell(rows->data, row, i);

		ret = cell ? scols_line_refer_data(line, i, cell) : -ENOMEM;
		if (ret < 0)
			free(cell);
	}
	return ret;
}

static int fill(struct libscols_table *table, const struct nsu_rows *rows)
{
	int ret;

	ret = scols_table_enable_json(table, 1);
	if (ret == 0)
		ret = scols_table_enable_noencoding(table, 1);
	if (ret == 0)
		ret = scols_table_set_name(table, rows->name);
	for (size_t i = 0; i < rows->n_columns && ret == 0; i++)
		ret = scols_table_new_column(table, rows->columns[i], 0, 0) ? 0 : -ENOMEM;
	for (size_t i = 0; i < rows->n_rows && ret == 0; i++)
		ret = fill_line(scols_table_new_line(table, NULL), rows, i);
	return ret;
}

int nsu_rows_print_json(const struct nsu_rows *rows, struct nsu_fail *fail)
{
	struct libscols_table *table = scols_new_table();
	int ret = -ENOMEM;

	if (table)
		ret = fill(table, rows);
	if (ret == 0 && rows->n_rows == 0)
		printf("{\n   \"%s\": []\n}\n", rows->name); /* libsmartcols prints nothing of a table without lines */
	else if (ret == 0)
		ret = scols_print_table(table);
	scols_unref_table(table);
	return ret < 0 ? nsu_fail(fail, -ret, "print as JSON") : 0;
}
