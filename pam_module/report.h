/* SPDX-License-Identifier: BSD-3-Clause */
/* report.h - the module's log lines, and its sentence to a user who is refused. User-given text is escaped. */
#ifndef NSU_REPORT_H
#define NSU_REPORT_H

#include <stdint.h>

#include <security/pam_modules.h>

#include "explain.h"
#include "fail.h"
#include "plan.h"
#include "session.h"
#include "subject.h"

/* Of whom and what. All borrowed. */
struct nsu_report {
	pam_handle_t *pamh;
	const struct nsu_subject *subject;
	const struct nsu_plan *plan; /* NULL: there is none yet */
};

/**
 * nsu_report_item - a text that PAM keeps.
 * @pamh: borrowed
 * @item: PAM_USER and the like
 *
 * Return: borrowed from PAM; "" where there is none.
 */
const char *nsu_report_item(pam_handle_t *pamh, int item);

/**
 * nsu_report_plan - "WHAT: id=... user=... profile=... rule=...REST".
 * @report:   borrowed
 * @priority: of syslog(3)
 * @what:     how the line begins
 * @rest:     how it ends
 */
void nsu_report_plan(const struct nsu_report *report, int priority, const char *what, const char *rest);

/**
 * nsu_report_rows - the explanation of a plan, a line each, for the argument `debug`.
 * @report:  borrowed
 * @explain: borrowed
 */
void nsu_report_rows(const struct nsu_report *report, const struct nsu_explain *explain);

/**
 * nsu_report_would - what `enforce = false` has kept from being done.
 * @report: borrowed
 */
void nsu_report_would(const struct nsu_report *report);

/**
 * nsu_report_opened - the line of an open.
 * @report:  borrowed
 * @session: open
 * @took_us: how long it took, in microseconds
 */
void nsu_report_opened(const struct nsu_report *report, const struct nsu_session *session, int64_t took_us);

/**
 * nsu_report_refusal - one line for the administrator, one short sentence for the user.
 * @report: borrowed
 * @flags:  of PAM: PAM_SILENT spares the user
 * @fail:   the reason
 */
void nsu_report_refusal(const struct nsu_report *report, int flags, const struct nsu_fail *fail);

#endif
