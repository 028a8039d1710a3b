/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.h - what a policy says of one login, value by value, and where each comes from: for `nsunshare explain`, for the
 * module's `debug`, and the golden form of the tests.
 */
#ifndef NSU_EXPLAIN_H
#define NSU_EXPLAIN_H

#include <stddef.h>
#include <stdio.h>

#include "base.h"
#include "fail.h"
#include "plan.h"
#include "policy.h"
#include "subject.h"

/*
 * One line. The keys, in this order: `user`, `service` and, where given, `tty`, `rhost`; `rule` for each rule up to the one
 * that holds, its value "no: user is not \"root\"" or "yes", its origin the rule; `profile`; `note` for each warning; then
 * each key of the policy in the order of nsunshare.conf(5), `mount` once for each mount, `environment` once for each entry, and `set` behind the lifetime of one that logins share: its key (set.h); what
 * belongs to a namespace (net.*, user_map, time.*, proc.*) only with that, limits.* and what hardens where a layer gives it.
 * A login that is left alone ends with `session: left alone`.
 */
struct nsu_explain_row {
	char *key;
	char *value;  /* printable; what users chose is escaped */
	char *origin; /* "FILE:LINE", "built-in", "module line", "implied"; "" where there is none */
};

struct nsu_explain {
	struct nsu_explain_row *rows;
	size_t n;
};

#define NSU_EXPLAIN_INIT                                                                                               \
	{                                                                                                              \
		.n = 0                                                                                                 \
	}

/**
 * nsu_explain_login - what nsu_policy_match() says, with its reasons.
 * @policy:   as there, and so the next four
 * @subject:  as there
 * @fallback: as there
 * @plan:     as there
 * @explain:  initialised; rows are added, also on failure: as far as it got; nsu_explain_clear() frees them
 * @fail:     record
 *
 * Return: as nsu_policy_match(); -ENOMEM.
 */
NSU_CHECKED int nsu_explain_login(const struct nsu_policy *policy, struct nsu_subject *subject, const char *fallback,
                                  struct nsu_plan *plan, struct nsu_explain *explain, struct nsu_fail *fail);

/**
 * nsu_explain_print - print the rows as text, "KEY: VALUE  [ORIGIN]" a line.
 * @explain: borrowed
 * @stream:  borrowed
 */
void nsu_explain_print(const struct nsu_explain *explain, FILE *stream);

/**
 * nsu_explain_clear - free the rows.
 * @explain: initialised; may be used anew afterwards
 */
void nsu_explain_clear(struct nsu_explain *explain);

/**
 * nsu_explain_would - what enforce = false logs of a plan: its host name, and what it mounts.
 * @plan:   borrowed
 * @buffer: caller's, @cap bytes; always terminated
 * @cap:    size of @buffer
 *
 * Pure. What does not fit is cut. Return: @buffer.
 */
const char *nsu_explain_would(const struct nsu_plan *plan, char *buffer, size_t cap);

#endif
