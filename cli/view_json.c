/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two tables of libsmartcols, of which the one with the logins is printed into a cell of the other: what children of a line it
 * prints itself have all columns of their parent. A number goes into JSON as it is, so that such a cell calls itself one.
 */
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ns.h"

#define CELL_MAX (2 * NSU_LOG_VALUE_MAX)

enum {
	ID,
	KEY,
	SCOPE,
	NAME,
	USER,
	UID,
	GID,
	PROFILE,
	LIFETIME,
	SINCE,
	INIT,
	PROCESSES,
	MEMORY,
	NAMESPACES,
	NOTE,
	LOGINS,
	SET_COLUMNS
};

enum {
	LOGIN_SERVICE,
	LOGIN_USER,
	LOGIN_UID,
	LOGIN_TTY,
	LOGIN_FROM,
	LOGIN_SINCE,
	LOGIN_OPENER,
	LOGIN_COLUMNS
};

struct column {
	const char *name;
	int type;
};

static const struct column set_columns[SET_COLUMNS] = {
	[ID] = {"id", SCOLS_JSON_STRING},
	[KEY] = {"key", SCOLS_JSON_STRING},
	[SCOPE] = {"scope", SCOLS_JSON_STRING},
	[NAME] = {"name", SCOLS_JSON_STRING},
	[USER] = {"user", SCOLS_JSON_STRING},
	[UID] = {"uid", SCOLS_JSON_NUMBER},
	[GID] = {"gid", SCOLS_JSON_NUMBER},
	[PROFILE] = {"profile", SCOLS_JSON_STRING},
	[LIFETIME] = {"lifetime", SCOLS_JSON_STRING},
	[SINCE] = {"since", SCOLS_JSON_STRING},
	[INIT] = {"init", SCOLS_JSON_NUMBER},
	[PROCESSES] = {"processes", SCOLS_JSON_NUMBER},
	[MEMORY] = {"memory", SCOLS_JSON_NUMBER},
	[NAMESPACES] = {"namespaces", SCOLS_JSON_ARRAY_STRING},
	[NOTE] = {"note", SCOLS_JSON_STRING},
	[LOGINS] = {"logins", SCOLS_JSON_NUMBER},
};

static const struct column login_columns[LOGIN_COLUMNS] = {
	[LOGIN_SERVICE] = {"service", SCOLS_JSON_STRING}, [LOGIN_USER] = {"user", SCOLS_JSON_STRING},
	[LOGIN_UID] = {"uid", SCOLS_JSON_NUMBER},         [LOGIN_TTY] = {"tty", SCOLS_JSON_STRING},
	[LOGIN_FROM] = {"from", SCOLS_JSON_STRING},       [LOGIN_SINCE] = {"since", SCOLS_JSON_STRING},
	[LOGIN_OPENER] = {"opener", SCOLS_JSON_NUMBER},
};

/* "-" stands for what is not there: null. */
static int put_text(struct libscols_line *line, size_t column, const char *text)
{
	if (text[0] == '\0' || strcmp(text, "-") == 0)
		return 0;
	return scols_line_set_data(line, column, text);
}

static int put_number(struct libscols_line *line, size_t column, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return scols_line_set_data(line, column, text);
}

/* ISO 8601, in local time, with a colon in the offset as the date has them. */
static int put_time(struct libscols_line *line, size_t column, int64_t since)
{
	time_t then = (time_t)since;
	char date[64], offset[16];
	struct tm tm;

	if (!localtime_r(&then, &tm) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0 ||
	    strftime(offset, sizeof(offset), "%z", &tm) != 5)
		return 0;
	snprintf(date + strlen(date), sizeof(date) - strlen(date), "%.3s:%s", offset, offset + 3);
	return scols_line_set_data(line, column, date);
}

/* Return: a table, given; NULL without memory. */
static struct libscols_table *new_table(const char *name, const struct column *columns, size_t n)
{
	struct libscols_table *table = scols_new_table();
	int ret = table ? 0 : -ENOMEM;

	if (ret == 0)
		ret = scols_table_enable_json(table, 1);
	if (ret == 0)
		ret = scols_table_enable_noencoding(table,
		                                    1); /* as in view.c; what JSON wants escaped is so all the same */
	if (ret == 0)
		ret = scols_table_set_name(table, name);
	for (size_t i = 0; i < n && ret == 0; i++) {
		bool is_array = columns[i].type == SCOLS_JSON_ARRAY_STRING;
		struct libscols_column *column =
			scols_table_new_column(table, columns[i].name, 0, is_array ? SCOLS_FL_WRAP : 0);

		ret = column ? scols_column_set_json_type(column, columns[i].type) : -ENOMEM;
		if (ret == 0 && is_array) /* a line of the cell is an element */
			ret = scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
	}
	if (ret == 0)
		return table;
	scols_unref_table(table);
	return NULL;
}

static int put_login(struct libscols_line *line, const struct nsu_login *login)
{
	int ret = line ? 0 : -ENOMEM;

	if (ret == 0)
		ret = put_text(line, LOGIN_SERVICE, login->service);
	if (ret == 0)
		ret = put_text(line, LOGIN_USER, login->user);
	if (ret == 0)
		ret = put_number(line, LOGIN_UID, login->uid);
	if (ret == 0)
		ret = put_text(line, LOGIN_TTY, login->tty);
	if (ret == 0)
		ret = put_text(line, LOGIN_FROM, login->rhost);
	if (ret == 0)
		ret = put_time(line, LOGIN_SINCE, login->since);
	if (ret == 0)
		ret = put_number(line, LOGIN_OPENER, (uint64_t)login->opener);
	return ret;
}

/* The array alone, without the object that libsmartcols prints around it, and on one line: strings have no line ends in JSON. */
static int put_array(struct libscols_line *line, size_t column, char *object)
{
	char *begin = strchr(object, '['), *end = strrchr(object, ']');
	char *to = begin;

	if (!begin || !end)
		return -EINVAL;
	for (const char *from = begin; from <= end; from++) {
		if (*from == '\n')
			from += strspn(from + 1, " ");
		else
			*to++ = *from;
	}
	*to = '\0';
	return scols_line_set_data(line, column, begin);
}

static int put_logins(struct libscols_line *line, const struct nsu_asked *asked)
{
	struct libscols_table *table;
	auto_free char *text = NULL;
	int ret = 0;

	if (asked->n == 0)
		return scols_line_set_data(line, LOGINS, "[]");
	table = new_table("logins", login_columns, LOGIN_COLUMNS);
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < asked->n && ret == 0; i++)
		ret = put_login(scols_table_new_line(table, NULL), &asked->logins[i]);
	if (ret == 0)
		ret = scols_print_table_to_string(table, &text);
	scols_unref_table(table);
	return ret == 0 ? put_array(line, LOGINS, text) : ret;
}

static int put_namespaces(struct libscols_line *line, unsigned namespaces)
{
	char names[128];

	nsu_ns_list(namespaces, names, sizeof(names));
	for (char *comma = strchr(names, ','); comma; comma = strchr(comma, ','))
		*comma = '\n';
	return scols_line_set_data(line, NAMESPACES, names);
}

/* Whose it is. */
static int put_scope(struct libscols_line *line, const struct nsu_cli_row *row)
{
	const struct nsu_set *set = &row->asked->set;
	bool is_shared = set->scope == NSU_PLAN_SCOPE_GROUP || set->scope == NSU_PLAN_SCOPE_NAMED;
	int ret;

	ret = put_text(line, SCOPE, nsu_cli_view_scopes[set->scope]);
	if (ret == 0)
		ret = put_text(line, is_shared ? NAME : USER, row->owner);
	if (ret == 0 && !is_shared)
		ret = put_number(line, UID, set->uid);
	if (ret == 0 && set->scope == NSU_PLAN_SCOPE_GROUP)
		ret = put_number(line, GID, set->gid);
	return ret;
}

static int put_set(struct libscols_line *line, const struct nsu_cli_row *row)
{
	const struct nsu_set *set = &row->asked->set;
	int ret = line ? 0 : -ENOMEM;

	if (ret == 0)
		ret = put_text(line, ID, set->id);
	if (ret == 0)
		ret = put_text(line, KEY, row->asked->key);
	if (ret == 0)
		ret = put_scope(line, row);
	if (ret == 0)
		ret = put_text(line, PROFILE, set->profile);
	if (ret == 0)
		ret = put_text(line, LIFETIME, nsu_cli_view_lifetimes[set->lifetime]);
	if (ret == 0)
		ret = put_time(line, SINCE, set->since);
	if (ret == 0)
		ret = put_number(line, INIT, (uint64_t)row->asked->init_pid);
	if (ret == 0 && row->usage.is_known)
		ret = put_number(line, PROCESSES, row->usage.n_processes);
	if (ret == 0 && row->usage.is_known)
		ret = put_number(line, MEMORY, row->usage.memory_bytes);
	if (ret == 0)
		ret = put_namespaces(line, set->namespaces);
	if (ret == 0)
		ret = put_text(line, NOTE, set->note);
	if (ret == 0)
		ret = put_logins(line, row->asked);
	return ret;
}

int nsu_cli_view_print_json(const struct nsu_cli_view *view, struct nsu_fail *fail)
{
	struct libscols_table *table = new_table("sets", set_columns, SET_COLUMNS);
	int ret = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < view->n && ret == 0; i++)
		ret = put_set(scols_table_new_line(table, NULL), &view->rows[i]);
	if (ret == 0)
		ret = scols_print_table(table);
	scols_unref_table(table);
	return ret < 0 ? nsu_fail(fail, -ret, "print the sets as JSON") : 0;
}
