/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pam_nsunshare: the two entry points of the session module. This file and report.c alone know PAM.
 *
 * 1. Every failure MUST be PAM_SYSTEM_ERR (or PAM_BUF_ERR), never PAM_SESSION_ERR: sudo takes that for
 *    success (seen with 1.9.13). pam_code() is the only place that makes one.
 * 2. A process opens one session at a time. A second open on the same handle for the same user (su-l includes su) is a
 *    success that does nothing; the first close ends the session, later ones do nothing.
 * 3. A forked child of the opener is inside the session: it MUST hold none of the opener's descriptors. sshd's
 *    unprivileged child never execs, so O_CLOEXEC is not enough; an atfork handler closes them.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "arguments.h"
#include "attach.h"
#include "count.h"
#include "defaults.h"
#include "explain.h"
#include "fail.h"
#include "nested.h"
#include "policy.h"
#include "report.h"
#include "session.h"
#include "set.h"
#include "subject.h"
#include "text.h"
#include "variables.h"

#define DATA_NAME  "pam_nsunshare"
#define NSU_EXPORT __attribute__((visibility("default")))

/* The session that this process has open. */
static struct {
	const pam_handle_t *owner; /* NULL: none is open */
	pid_t opener;              /* a child that was forked without atfork handlers has all this too */
	struct nsu_session session;
	char id[NSU_ID_LEN + 1];
	char asked[NSU_LOG_VALUE_MAX]; /* printable, as the next two: PAM_USER when it was opened */
	char user[NSU_LOG_VALUE_MAX];  /* as the account database has it */
	char service[NSU_LOG_VALUE_MAX];
	char profile[NSU_METRICS_NAME_MAX];
	char *variables; /* that it has set; NULL: none */
	bool is_captive; /* the session has a user namespace, which its opener can't leave */
} opened = {.session = NSU_SESSION_INIT};

/* What one open needs; freed as a whole. */
struct request {
	pam_handle_t *pamh;
	struct nsu_arguments arguments;
	struct nsu_subject subject;
	struct nsu_policy *policy; /* NULL: there is no file, and profile= was given */
	struct nsu_plan *plan;
	struct nsu_count count;
};

static struct nsu_report report_of(const struct request *request)
{
	return (struct nsu_report){request->pamh, &request->subject, request->plan};
}

static int pam_code(int ret)
{
	return ret == 0 ? PAM_SUCCESS : ret == -ENOMEM ? PAM_BUF_ERR : PAM_SYSTEM_ERR;
}

static int look_up_subject(struct request *request, struct nsu_fail *fail)
{
	const char *user = nsu_report_item(request->pamh, PAM_USER);

	request->count.stage = NSU_COUNT_USER;
	if (!*user)
		return nsu_fail_because(fail, ENOENT, "PAM names no user");
	request->subject.service = nsu_report_item(request->pamh, PAM_SERVICE);
	request->subject.tty = nsu_report_item(request->pamh, PAM_TTY);
	request->subject.rhost = nsu_report_item(request->pamh, PAM_RHOST);
	return nsu_subject_look_up(&request->subject, user, fail);
}

static int load_policy(struct request *request, struct nsu_fail *fail)
{
	const char *path = request->arguments.conf ? request->arguments.conf : NSU_CONF_FILE;
	struct nsu_fail missing = NSU_FAIL_INIT;
	int ret;

	request->count.stage = NSU_COUNT_POLICY;
	ret = nsu_policy_load(path, &request->policy, &missing);
	if (ret == -ENOENT && request->arguments.profile) {
		if (request->arguments.conf)
			pam_syslog(request->pamh, LOG_WARNING, "%s: there is no policy: profile=%s serves alone", path,
			           request->arguments.profile);
		return 0;
	}
	if (ret == -ENOENT)
		return nsu_fail_because(fail, ENOENT,
		                        "%s: there is no policy: write one, or give the module the argument "
		                        "profile=default",
		                        path);
	if (ret < 0)
		*fail = missing;
	return ret;
}

static int match(struct request *request, struct nsu_fail *fail)
{
	struct nsu_report report = report_of(request);
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	int ret;

	if (!request->arguments.debug)
		return nsu_policy_match(request->policy, &request->subject, request->arguments.profile, request->plan,
		                        fail);
	ret = nsu_explain_login(request->policy, &request->subject, request->arguments.profile, request->plan, &explain,
	                        fail);
	nsu_report_rows(&report, &explain);
	nsu_explain_clear(&explain);
	return ret;
}

static int make_plan(struct request *request, struct nsu_fail *fail)
{
	int ret;

	ret = look_up_subject(request, fail);
	if (ret == 0)
		ret = load_policy(request, fail);
	if (ret == 0 && request->policy)
		ret = nsu_policy_load_user(request->policy, &request->subject, fail);
	if (ret < 0)
		return ret;
	request->plan = malloc(sizeof(*request->plan));
	if (!request->plan)
		return nsu_fail(fail, ENOMEM, "plan the session");
	return match(request, fail);
}

static void clear_request(struct request *request)
{
	nsu_count_end(&request->count);
	nsu_subject_clear(&request->subject);
	nsu_policy_free(request->policy);
	free(request->plan);
}

static void forget_in_child(void)
{
	if (!opened.owner)
		return;
	nsu_session_forget(&opened.session);
	opened.owner = NULL;
}

/* The handler goes with the module: dlclose(3) takes it away. */
static int forget_in_children(struct nsu_fail *fail)
{
	static bool is_registered;
	int err;

	if (is_registered)
		return 0;
	err = pthread_atfork(NULL, NULL, forget_in_child);
	if (err != 0)
		return nsu_fail(fail, err, "prepare for forks of the caller");
	is_registered = true;
	return 0;
}

/* pam_end(3), or close: the session, if it is still open, goes on until its opener ends. */
static void cleanup_data(pam_handle_t *pamh, void *data, int status)
{
	(void)data;
	(void)status;
	if (opened.owner != pamh)
		return;
	forget_in_child();
	free(opened.variables);
	opened.variables = NULL;
}

static bool put_variable(void *pamh, const char *variable)
{
	return pam_putenv(pamh, variable) == PAM_SUCCESS;
}

static void take_back_variables(pam_handle_t *pamh)
{
	nsu_variables_take_back(opened.variables, put_variable, pamh);
	opened.variables = NULL;
}

/* Everything that may fail comes before the session is open. */
static int announce(const struct request *request, struct nsu_fail *fail)
{
	int ret;

	ret = forget_in_children(fail);
	if (ret < 0)
		return ret;
	if (pam_set_data(request->pamh, DATA_NAME, &opened, cleanup_data) != PAM_SUCCESS)
		return nsu_fail(fail, ENOMEM, "keep the session with PAM");
	free(opened.variables);
	opened.variables = nsu_variables_make(request->plan, request->subject.id);
	if (!opened.variables || !nsu_variables_set(opened.variables, put_variable, request->pamh))
		return nsu_fail(fail, ENOMEM, "set the environment");
	return 0;
}

/* Puts the set's id into the environment: it is not what announce() has put there where a set is joined, or made by another try. */
static bool set_id(pam_handle_t *pamh, const char *id)
{
	char variable[sizeof("NSUNSHARE_ID=") + NSU_ID_LEN];

	snprintf(variable, sizeof(variable), "NSUNSHARE_ID=%s", id);
	return put_variable(pamh, variable);
}

static int open_set(struct request *request, struct nsu_fail *fail)
{
	struct nsu_subject *subject = &request->subject;
	struct nsu_session *session = &opened.session;
	struct nsu_fail ignored = NSU_FAIL_INIT;
	struct nsu_login login;
	int ret;

	nsu_attach_describe(subject, &login);
	ret = nsu_session_open(request->plan, &login, subject->home, session, fail);
	if (ret < 0)
		return ret;
	if (strcmp(subject->id, session->id) == 0)
		return 0;
	memcpy(subject->id, session->id, sizeof(subject->id));
	if (set_id(request->pamh, session->id))
		return 0;
	(void)!nsu_session_close(session, &ignored);
	session->is_spent = request->plan->namespaces & CLONE_NEWUSER; /* out of that there is no way back */
	return nsu_fail(fail, ENOMEM, "set the environment");
}

static int open_session(struct request *request, struct nsu_fail *fail)
{
	const struct nsu_subject *subject = &request->subject;
	struct nsu_report report = report_of(request);
	int ret;

	nsu_count_prepare(&request->count);
	ret = announce(request, fail);
	tzset(); /* else syslog(3) looks up the time zone's file when names mean what the session's view says */
	if (ret == 0)
		ret = open_set(request, fail);
	if (ret < 0) {
		take_back_variables(request->pamh);
		return ret;
	}
	opened.owner = request->pamh;
	opened.opener = getpid();
	opened.is_captive = request->plan->namespaces & CLONE_NEWUSER;
	memcpy(opened.id, subject->id, sizeof(opened.id));
	nsu_text_printable(nsu_report_item(request->pamh, PAM_USER), opened.asked, sizeof(opened.asked));
	nsu_text_printable(subject->user, opened.user, sizeof(opened.user));
	nsu_text_printable(subject->service, opened.service, sizeof(opened.service));
	nsu_text_printable(request->plan->profile, opened.profile, sizeof(opened.profile));
	nsu_report_opened(&report, &opened.session,
	                  nsu_count_opened(&request->count, request->plan, opened.session.is_joined));
	return 0;
}

/* Nothing is done, and nothing is left to do at close. */
static int stay_inside(const struct request *request, const struct nsu_marker *marker, struct nsu_fail *fail)
{
	char user[NSU_LOG_VALUE_MAX], service[NSU_LOG_VALUE_MAX];

	if (!set_id(request->pamh, marker->id))
		return nsu_fail(fail, ENOMEM, "set the environment");
	pam_syslog(request->pamh, LOG_INFO, "stays in session %s: user=%s service=%s profile=%s", marker->id,
	           nsu_text_printable(request->subject.user, user, sizeof(user)),
	           nsu_text_printable(request->subject.service, service, sizeof(service)), request->plan->profile);
	return 0;
}

/* What the plan says; a failure of it is a refusal unless the policy allows otherwise. */
static int carry_out(struct request *request, struct nsu_fail *fail)
{
	const struct nsu_plan *plan = request->plan;
	struct nsu_report report = report_of(request);
	char line[NSU_FAIL_TEXT_MAX + 128];
	enum nsu_nested_answer answer;
	struct nsu_marker marker;
	int ret;

	if (plan->note[0])
		pam_syslog(request->pamh, LOG_WARNING, "%s", plan->note);
	if (plan->leave_alone)
		return 0;
	if (!plan->enforce) {
		nsu_report_would(&report);
		return 0;
	}
	request->count.stage = NSU_COUNT_NESTED;
	ret = nsu_nested_ask(plan, &marker, &answer, fail);
	if (ret == 0 && answer == NSU_NESTED_REFUSE)
		return -fail->err; /* what the policy says is no error that on_error could allow */
	if (ret == 0)
		ret = answer == NSU_NESTED_STAY ? stay_inside(request, &marker, fail) : open_session(request, fail);
	if (ret < 0 && plan->allow_on_error && !opened.session.is_spent) {
		snprintf(line, sizeof(line), "%s", " failed: ");
		nsu_fail_line(fail, line + strlen(line), sizeof(line) - strlen(line));
		nsu_count_failed(&request->count, fail->err, false, true);
		nsu_report_plan(&report, LOG_ERR, "NOT ISOLATED, let in by on_error = \"allow\"", line);
		return 0;
	}
	return ret;
}

/* Is this the second call for a session that is open? The handle may have got another user since. */
static bool is_open_already(pam_handle_t *pamh)
{
	char user[NSU_LOG_VALUE_MAX];

	return opened.owner == pamh &&
	       strcmp(nsu_text_printable(nsu_report_item(pamh, PAM_USER), user, sizeof(user)), opened.asked) == 0;
}

NSU_EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct request request = {.pamh = pamh, .subject = NSU_SUBJECT_INIT, .count = nsu_count_begin()};
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ret;

	if (is_open_already(pamh))
		return PAM_SUCCESS;
	if (opened.owner || (opened.is_captive && opened.opener == getpid()))
		ret = nsu_fail_because(&fail, EBUSY, "this process has session %s of user %s open already%s", opened.id,
		                       opened.user, opened.owner ? "" : ", or can't leave its user namespace");
	else
		ret = nsu_arguments_parse(argc, argv, &request.arguments, &fail);
	if (ret == 0)
		ret = make_plan(&request, &fail);
	if (ret == 0)
		ret = carry_out(&request, &fail);
	if (ret < 0) {
		struct nsu_report report = report_of(&request);

		nsu_count_failed(&request.count, fail.err, opened.session.is_spent, false);
		nsu_report_refusal(&report, flags, &fail);
	}
	clear_request(&request);
	return pam_code(ret);
}

NSU_EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];
	int ret;

	(void)flags;
	(void)argc;
	(void)argv;
	if (opened.owner != pamh || opened.opener != getpid())
		return PAM_SUCCESS;
	ret = nsu_session_close(&opened.session, &fail);
	opened.owner = NULL;
	take_back_variables(pamh);
	if (ret == 0 && !opened.is_captive)
		nsu_count_closed(opened.profile);
	pam_syslog(pamh, LOG_INFO, "closed: id=%s user=%s service=%s", opened.id, opened.user, opened.service);
	if (ret < 0)
		pam_syslog(pamh, LOG_WARNING, "closed: id=%s, but the caller stays inside of it: %s", opened.id,
		           nsu_fail_line(&fail, line, sizeof(line)));
	return PAM_SUCCESS;
}
