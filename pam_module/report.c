/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "ns.h"
#include "text.h"

const char *nsu_report_item(pam_handle_t *pamh, int item)
{
	const void *value = NULL;

	if (pam_get_item(pamh, item, &value) != PAM_SUCCESS || !value)
		return "";
	return value;
}

void nsu_report_rows(const struct nsu_report *report, const struct nsu_explain *explain)
{
	for (size_t i = 0; i < explain->n; i++) {
		const struct nsu_explain_row *row = &explain->rows[i];

		pam_syslog(report->pamh, LOG_DEBUG, "plan: %s: %s%s%s%s", row->key, row->value,
		           row->origin[0] ? " [" : "", row->origin, row->origin[0] ? "]" : "");
	}
}

/* "key=value" pairs; user-given ones escaped. */
void nsu_report_plan(const struct nsu_report *report, int priority, const char *what, const char *rest)
{
	const struct nsu_plan *plan = report->plan;
	char user[NSU_LOG_VALUE_MAX], service[NSU_LOG_VALUE_MAX], rule[NSU_LOG_VALUE_MAX], kinds[64];

	pam_syslog(report->pamh, priority, "%s: id=%s user=%s service=%s profile=%s rule=%s namespaces=%s%s", what,
	           report->subject->id, nsu_text_printable(report->subject->user, user, sizeof(user)),
	           nsu_text_printable(report->subject->service, service, sizeof(service)), plan->profile,
	           nsu_text_printable(plan->rule, rule, sizeof(rule)),
	           nsu_ns_list(plan->namespaces, kinds, sizeof(kinds)), rest);
}

void nsu_report_would(const struct nsu_report *report)
{
	char rest[2048];

	nsu_report_plan(report, LOG_NOTICE, "enforce is false, nothing done; would open",
	                nsu_explain_would(report->plan, rest, sizeof(rest)));
}

void nsu_report_opened(const struct nsu_report *report, const struct nsu_session *session, int64_t took_us)
{
	char rest[64 + NSU_NOTE_MAX];

	snprintf(rest, sizeof(rest), " init=%d took_us=%lld joined=%s%s%s",
	         session->init_pidfd >= 0 ? (int)session->init_pid : 0, (long long)took_us,
	         session->is_joined ? "yes" : "no", session->note[0] ? " " : "", session->note);
	nsu_report_plan(report, LOG_INFO, "opened", rest);
}

/* One line for the administrator, one short sentence for the user. */
void nsu_report_refusal(const struct nsu_report *report, int flags, const struct nsu_fail *fail)
{
	char user[NSU_LOG_VALUE_MAX], service[NSU_LOG_VALUE_MAX];
	char line[NSU_FAIL_TEXT_MAX + 128];

	pam_syslog(report->pamh, LOG_ERR, "refused: user=%s service=%s: %s",
	           nsu_text_printable(nsu_report_item(report->pamh, PAM_USER), user, sizeof(user)),
	           nsu_text_printable(nsu_report_item(report->pamh, PAM_SERVICE), service, sizeof(service)),
	           nsu_fail_line(fail, line, sizeof(line)));
	if (!((unsigned)flags & PAM_SILENT))
		pam_error(report->pamh, "This session could not be isolated and is refused; the reason "
		                        "is in the system's log (pam_nsunshare).");
}
