/* SPDX-License-Identifier: BSD-3-Clause */
/* view.h - sets and their logins for people, and for programs. */
#ifndef NSU_CLI_VIEW_H
#define NSU_CLI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "ask.h"
#include "base.h"
#include "defaults.h"
#include "fail.h"
#include "usage.h"

/* What is shown of a set beside what it has told. */
struct nsu_cli_row {
	const struct nsu_asked *asked; /* borrowed */
	struct nsu_cli_usage usage;
	char owner
		[NSU_LOG_VALUE_MAX]; /* printable: scopes session, user: the user's name; group: the group's; named: what it is called */
};

/* As the policy spells them. */
extern const char *const nsu_cli_view_scopes[NSU_PLAN_SCOPES];
extern const char *const nsu_cli_view_lifetimes[NSU_PLAN_LIFETIMES];

struct nsu_cli_view {
	struct nsu_cli_row *rows;
	size_t n;
};

#define NSU_CLI_VIEW_INIT                                                                                              \
	{                                                                                                              \
		.n = 0                                                                                                 \
	}

/**
 * nsu_cli_view_fill - look up what is shown of sets.
 * @view: initialised; filled, for nsu_cli_view_clear(), also on failure
 * @list: borrowed, as long as @view is used; its silent sets are left out
 * @fail: record
 *
 * Asks NSS for names, and /proc for processes. Return: 0; -ENOMEM; -errno of reading /proc.
 */
NSU_CHECKED int nsu_cli_view_fill(struct nsu_cli_view *view, const struct nsu_asked_list *list, struct nsu_fail *fail);

/**
 * nsu_cli_view_print - a table: a line for each set, and below it one for each of its logins.
 * @view: borrowed
 * @fail: record
 *
 * On a terminal that is not wide it has fewer columns, and what does not fit is cut; elsewhere all is there.
 * Return: 0; -ENOMEM; -errno of libsmartcols.
 */
NSU_CHECKED int nsu_cli_view_print(const struct nsu_cli_view *view, struct nsu_fail *fail);

/**
 * nsu_cli_view_print_json - the same as JSON, {"sets": [{..., "logins": [...]}, ...]}.
 * @view: borrowed
 * @fail: record
 *
 * Return: 0; -ENOMEM; -errno of libsmartcols.
 */
NSU_CHECKED int nsu_cli_view_print_json(const struct nsu_cli_view *view, struct nsu_fail *fail);

/**
 * nsu_cli_view_tell_silent - say on the standard error which sets have given no answer, and what to do.
 * @list: borrowed
 */
void nsu_cli_view_tell_silent(const struct nsu_asked_list *list);

/**
 * nsu_cli_view_clear - free what it holds.
 * @view: initialised; as NSU_CLI_VIEW_INIT afterwards
 */
void nsu_cli_view_clear(struct nsu_cli_view *view);

#endif
