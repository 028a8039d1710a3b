/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All texts are printable before they come here (set.h; names of numbers: subject.h), so libsmartcols is to escape nothing: it
 * would escape the escapes.
 */
#include "view.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "ns.h"
#include "subject.h"

#define WIDE     120 /* characters of a terminal in which all columns are shown */
#define CELL_MAX (2UL * NSU_LOG_VALUE_MAX)

/* Each stands for a set and for a login, which is a line below. The last ones are for wide places only. */
enum {
	SET_LOGIN,
	USER,
	SCOPE_TTY,
	PROFILE_FROM,
	PID,
	PROCESSES,
	MEMORY,
	SINCE,
	LIFETIME,
	NAMESPACES,
	NOTE,
	COLUMNS
};

static const struct {
	const char *name;
	int flags;
} columns[COLUMNS] = {
	[SET_LOGIN] = {"SET/LOGIN", SCOLS_FL_TREE},
	[USER] = {"USER", SCOLS_FL_TRUNC},
	[SCOPE_TTY] = {"SCOPE/TTY", SCOLS_FL_TRUNC},
	[PROFILE_FROM] = {"PROFILE/FROM", SCOLS_FL_TRUNC},
	[PID] = {"PID", SCOLS_FL_RIGHT},
	[PROCESSES] = {"PROCS", SCOLS_FL_RIGHT},
	[MEMORY] = {"MEM", SCOLS_FL_RIGHT},
	[SINCE] = {"SINCE", 0},
	[LIFETIME] = {"LIFETIME", 0},
	[NAMESPACES] = {"NAMESPACES", 0},
	[NOTE] = {"NOTE", 0},
};

const char *const nsu_cli_view_scopes[NSU_PLAN_SCOPES] = {"session", "user", "group", "named"};
const char *const nsu_cli_view_lifetimes[NSU_PLAN_LIFETIMES] = {"login", "processes", "permanent"};

/* The cells of a line; "": nothing is there. */
struct cells {
	char text[COLUMNS][CELL_MAX];
};

/* NSS may be slow: a name that another row has already is taken from there. */
static void find_owner(struct nsu_cli_view *view, size_t i)
{
	const struct nsu_set *set = &view->rows[i].asked->set;
	char *owner = view->rows[i].owner;

	for (size_t j = 0; j < i && set->scope != NSU_PLAN_SCOPE_NAMED; j++) {
		const struct nsu_set *other = &view->rows[j].asked->set;

		if ((other->scope == NSU_PLAN_SCOPE_GROUP) != (set->scope == NSU_PLAN_SCOPE_GROUP) ||
		    other->scope == NSU_PLAN_SCOPE_NAMED || other->uid != set->uid || other->gid != set->gid)
			continue;
		memcpy(owner, view->rows[j].owner, sizeof(view->rows[j].owner));
		return;
	}
	if (set->scope == NSU_PLAN_SCOPE_NAMED)
		snprintf(owner, NSU_LOG_VALUE_MAX, "%s", set->name);
	else if (set->scope == NSU_PLAN_SCOPE_GROUP)
		nsu_subject_print_group(set->gid, owner, NSU_LOG_VALUE_MAX);
	else
		nsu_subject_print_user(set->uid, owner, NSU_LOG_VALUE_MAX);
}

int nsu_cli_view_fill(struct nsu_cli_view *view, const struct nsu_asked_list *list, struct nsu_fail *fail)
{
	auto_free struct nsu_cli_usage *usages = NULL;
	int ret;

	if (list->n == 0)
		return 0;
	usages = calloc(list->n, sizeof(*usages));
	view->rows = calloc(list->n, sizeof(*view->rows));
	if (!usages || !view->rows)
		return nsu_fail(fail, ENOMEM, "list the sets");
	view->n = list->n;
	ret = nsu_cli_usage_count(list->items, list->n, usages, fail);
	for (size_t i = 0; i < list->n && ret == 0; i++) {
		view->rows[i].asked = &list->items[i];
		view->rows[i].usage = usages[i];
		find_owner(view, i);
	}
	return ret;
}

/* As short as it says which: a time of today, a day of the last year, else a date. */
static void print_time(int64_t since, char *buffer, size_t cap)
{
	time_t now = time(NULL), then = (time_t)since;
	struct tm tm, tm_now;

	if (!localtime_r(&then, &tm) || !localtime_r(&now, &tm_now))
		snprintf(buffer, cap, "-");
	else if (tm.tm_year == tm_now.tm_year && tm.tm_yday == tm_now.tm_yday)
		strftime(buffer, cap, "%H:%M", &tm);
	else if (now >= then && now - then < 360L * 24 * 3600)
		strftime(buffer, cap, "%b%d", &tm);
	else
		strftime(buffer, cap, "%Y-%m-%d", &tm);
}

static void print_bytes(uint64_t bytes, char *buffer, size_t cap)
{
	static const char units[] = "KMGTPE";
	double size = (double)bytes / 1024;
	size_t unit = 0;

	for (; size >= 1000 && units[unit + 1]; unit++)
		size /= 1024;
	snprintf(buffer, cap, size < 10 && unit > 0 ? "%.1f%c" : "%.0f%c", size, units[unit]);
}

static void describe_set(const struct nsu_cli_row *row, struct cells *cells)
{
	const struct nsu_set *set = &row->asked->set;
	bool is_users = set->scope == NSU_PLAN_SCOPE_SESSION || set->scope == NSU_PLAN_SCOPE_USER;

	snprintf(cells->text[SET_LOGIN], CELL_MAX, "%s", set->id);
	snprintf(cells->text[USER], CELL_MAX, "%s", is_users ? row->owner : "-");
	snprintf(cells->text[SCOPE_TTY], CELL_MAX, "%s%s%s", nsu_cli_view_scopes[set->scope], is_users ? "" : ":",
	         is_users ? "" : row->owner);
	snprintf(cells->text[PROFILE_FROM], CELL_MAX, "%s", set->profile);
	snprintf(cells->text[PID], CELL_MAX, "%d", (int)row->asked->init_pid);
	snprintf(cells->text[PROCESSES], CELL_MAX, "-");
	snprintf(cells->text[MEMORY], CELL_MAX, "-");
	if (row->usage.is_known) {
		snprintf(cells->text[PROCESSES], CELL_MAX, "%lu", row->usage.n_processes);
		print_bytes(row->usage.memory_bytes, cells->text[MEMORY], CELL_MAX);
	}
	print_time(set->since, cells->text[SINCE], CELL_MAX);
	snprintf(cells->text[LIFETIME], CELL_MAX, "%s", nsu_cli_view_lifetimes[set->lifetime]);
	nsu_ns_list(set->namespaces, cells->text[NAMESPACES], CELL_MAX);
	snprintf(cells->text[NOTE], CELL_MAX, "%s", set->note[0] ? set->note : "-");
}

static void describe_login(const struct nsu_login *login, struct cells *cells)
{
	snprintf(cells->text[SET_LOGIN], CELL_MAX, "%s", login->service);
	snprintf(cells->text[USER], CELL_MAX, "%s", login->user);
	snprintf(cells->text[SCOPE_TTY], CELL_MAX, "%s", login->tty);
	snprintf(cells->text[PROFILE_FROM], CELL_MAX, "%s", login->rhost);
	snprintf(cells->text[PID], CELL_MAX, "%d", (int)login->opener);
	print_time(login->since, cells->text[SINCE], CELL_MAX);
}

static int add_line(struct libscols_table *table, struct libscols_line *parent, const struct cells *cells,
                    struct libscols_line **ret_line)
{
	struct libscols_line *line = scols_table_new_line(table, parent);
	int ret = line ? 0 : -ENOMEM;

	for (size_t i = 0; i < scols_table_get_ncols(table) && ret == 0; i++)
		ret = scols_line_set_data(line, i, cells->text[i]);
	if (ret == 0)
		*ret_line = line;
	return ret;
}

static int add_set(struct libscols_table *table, const struct nsu_cli_row *row)
{
	struct libscols_line *set_line, *line;
	struct cells cells = {.text = {""}};
	int ret;

	describe_set(row, &cells);
	ret = add_line(table, NULL, &cells, &set_line);
	for (size_t i = 0; i < row->asked->n && ret == 0; i++) {
		cells = (struct cells){.text = {""}};
		describe_login(&row->asked->logins[i], &cells);
		ret = add_line(table, set_line, &cells, &line);
	}
	return ret;
}

static int fill_table(struct libscols_table *table, const struct nsu_cli_view *view)
{
	bool is_wide = !isatty(STDOUT_FILENO) || scols_table_get_termwidth(table) >= WIDE;
	int ret;

	ret = scols_table_enable_noencoding(table, 1);
	for (size_t i = 0; i < (is_wide ? COLUMNS : LIFETIME) && ret == 0; i++)
		ret = scols_table_new_column(table, columns[i].name, 0, columns[i].flags) ? 0 : -ENOMEM;
	for (size_t i = 0; i < view->n && ret == 0; i++)
		ret = add_set(table, &view->rows[i]);
	return ret;
}

int nsu_cli_view_print(const struct nsu_cli_view *view, struct nsu_fail *fail)
{
	struct libscols_table *table;
	int ret = -ENOMEM;

	if (view->n == 0)
		return 0;
	table = scols_new_table();
	if (table)
		ret = fill_table(table, view);
	if (ret == 0)
		ret = scols_print_table(table);
	scols_unref_table(table);
	return ret < 0 ? nsu_fail(fail, -ret, "print the sets") : 0;
}

void nsu_cli_view_tell_silent(const struct nsu_asked_list *list)
{
	for (size_t i = list->n; i < list->n + list->n_silent; i++) {
		const struct nsu_asked *asked = &list->items[i];

		fprintf(stderr, "the set %s gives no answer", asked->key);
		if (asked->init_pid > 0)
			fprintf(stderr, " (PID 1: %d)", (int)asked->init_pid);
		fprintf(stderr, ": is it frozen? " NSU_CLI_NAME " kill %s ends it\n", asked->key);
	}
}

void nsu_cli_view_clear(struct nsu_cli_view *view)
{
	free(view->rows);
	*view = (struct nsu_cli_view)NSU_CLI_VIEW_INIT;
}
