/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare run: open a session as the module would, for a program, without PAM. What the module does of a plan, of its nested,
 * enforce and on_error, is done here too, and said.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "attach.h"
#include "cli.h"
#include "nested.h"
#include "ns.h"
#include "opener.h"
#include "question.h"
#include "session.h"
#include "text.h"
#include "variables.h"

#define SERVICE_OF_LOGIN "run" /* what `list` shows: not the service that the policy was asked about */
#define TEXT_MAX         1024

enum {
	CONF,
	PROFILE,
	RHOST,
	SERVICE,
	TTY
};

struct attempt {
	struct nsu_question question;
	struct nsu_user_shell shell;
	struct nsu_terminal terminal;
	struct nsu_session session;
	bool is_open;
	char user[NSU_LOG_VALUE_MAX]; /* printable */
};

/* One line on the standard error. */
NSU_PRINTF(1, 2) static void say(const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs(NSU_CLI_NAME ": ", stderr);
	nsu_cli_print(text, SIZE_MAX, stderr);
	fputc('\n', stderr);
}

/* Of 80 columns each, where names are of the usual length. */
static void say_plan(const struct attempt *attempt, const char *what)
{
	const struct nsu_plan *plan = attempt->question.plan;
	char kinds[64];

	say("%s of %s: namespaces %s", what, attempt->user, nsu_ns_list(plan->namespaces, kinds, sizeof(kinds)));
	say("by profile %s, rule %s", plan->profile, plan->rule);
}

static void say_not_isolated(const struct nsu_fail *reason)
{
	char line[NSU_FAIL_TEXT_MAX + 128];

	say("NOT ISOLATED, let in by on_error = \"allow\": %s", nsu_fail_line(reason, line, sizeof(line)));
}

static bool set_variables(struct attempt *attempt, struct nsu_user_shell *shell, const char *id)
{
	auto_free char *variables = nsu_variables_make(attempt->question.plan, id);

	return variables && nsu_variables_set(variables, nsu_user_shell_put, shell);
}

static int open_session(struct attempt *attempt, struct nsu_user_shell *shell, struct nsu_fail *fail)
{
	const struct nsu_subject *subject = &attempt->question.subject;
	struct nsu_login login;
	int ret;

	nsu_attach_describe(subject, &login);
	snprintf(login.service, sizeof(login.service), "%s", SERVICE_OF_LOGIN);
	snprintf(login.tty, sizeof(login.tty), "%s", attempt->terminal.name);
	ret = nsu_session_open(attempt->question.plan, &login, subject->home, &attempt->session, fail);
	if (ret < 0)
		return ret;
	attempt->is_open = true;
	if (!set_variables(attempt, shell, attempt->session.id))
		return nsu_fail(fail, ENOMEM, "set the environment"); /* the end of this process ends the session */
	return 0;
}

/* In the opener. */
static int open_as_planned(struct nsu_opener *opener, struct nsu_user_shell *shell, struct nsu_fail *fail)
{
	struct nsu_fail reason = NSU_FAIL_INIT;
	struct attempt *attempt = opener->data;
	char what[64];
	int ret;

	ret = open_session(attempt, shell, &reason);
	if (ret < 0 && attempt->question.plan->allow_on_error && !attempt->is_open && !attempt->session.is_spent) {
		say_not_isolated(&reason);
		return 0;
	}
	if (ret < 0) {
		*fail = reason;
		return ret;
	}
	opener->init_pidfd = attempt->session.init_pidfd;
	snprintf(what, sizeof(what), "%s session %s", attempt->session.is_joined ? "joined" : "opened",
	         attempt->session.id);
	say_plan(attempt, what);
	return 0;
}

static void close_session(struct nsu_opener *opener)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct attempt *attempt = opener->data;

	if (attempt->is_open && nsu_session_close(&attempt->session, &fail) < 0)
		nsu_cli_print_fail(&fail);
}

static int open_nothing(struct nsu_opener *opener, struct nsu_user_shell *shell, struct nsu_fail *fail)
{
	(void)opener;
	(void)shell;
	(void)fail;
	return 0;
}

/* What the module would do with this plan, here and now. Return: 0 with *ret_open whether it is to be carried out. */
static int decide(struct attempt *attempt, bool *ret_open, struct nsu_fail *fail)
{
	const struct nsu_plan *plan = attempt->question.plan;
	struct nsu_fail reason = NSU_FAIL_INIT;
	enum nsu_nested_answer answer;
	struct nsu_marker marker;
	char variable[64];
	int ret;

	*ret_open = false;
	if (plan->note[0])
		say("%s", plan->note);
	if (plan->leave_alone) {
		say("%s is left alone by the policy, rule %s: what follows is not isolated", attempt->user, plan->rule);
		return 0;
	}
	if (!plan->enforce) {
		say_plan(attempt, "would open a session");
		say("enforce is false: what follows is not isolated");
		return 0;
	}
	ret = nsu_nested_ask(plan, &marker, &answer, &reason);
	if (ret < 0 && plan->allow_on_error) {
		say_not_isolated(&reason);
		return 0;
	}
	if (ret < 0 || answer == NSU_NESTED_REFUSE) {
		*fail = reason;
		return -reason.err;
	}
	*ret_open = answer == NSU_NESTED_ISOLATE;
	if (*ret_open)
		return 0;
	say("%s stays in session %s of uid %u", attempt->user, marker.id, (unsigned)marker.uid);
	snprintf(variable, sizeof(variable), "NSUNSHARE_ID=%s", marker.id);
	return nsu_user_shell_put(&attempt->shell, variable) ? 0 : nsu_fail(fail, ENOMEM, "set the environment");
}

/* Whom the terminal belongs to, outside. */
static uid_t owner_of_terminal(const struct attempt *attempt)
{
	const struct nsu_plan *plan = attempt->question.plan;
	uint32_t outside = attempt->question.subject.uid;

	if (!plan->leave_alone && (plan->namespaces & CLONE_NEWUSER))
		(void)nsu_plan_outside(plan->user.uids, plan->user.n_uids, outside, &outside);
	return outside;
}

static int run_for(struct attempt *attempt, const struct nsu_question_login *login, char **words, struct nsu_fail *fail)
{
	struct nsu_opener opener = {.open = open_as_planned, .close = close_session, .init_pidfd = -1, .data = attempt};
	bool is_to_open = false;
	const char *term;
	int ret;

	ret = nsu_question_begin(login, &attempt->question, fail);
	if (ret == 0)
		ret = nsu_question_answer(login, &attempt->question, fail);
	if (ret < 0)
		return ret;
	nsu_text_printable(attempt->question.subject.user, attempt->user, sizeof(attempt->user));
	ret = nsu_terminal_open(&attempt->terminal, owner_of_terminal(attempt), fail);
	term = attempt->terminal.master_fd >= 0 ? getenv("TERM") : NULL;
	if (ret == 0)
		ret = nsu_user_shell_prepare(&attempt->shell, &attempt->question.subject, words, term, fail);
	if (ret == 0)
		ret = decide(attempt, &is_to_open, fail);
	if (ret < 0)
		return ret;
	if (!is_to_open)
		opener.open = open_nothing;
	return nsu_opener_run(&opener, &attempt->shell, &attempt->terminal, fail);
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct attempt attempt = {
		.question = NSU_QUESTION_INIT,
		.shell = NSU_USER_SHELL_INIT,
		.terminal = NSU_TERMINAL_INIT,
		.session = NSU_SESSION_INIT,
	};
	char conf[NSU_PATH_MAX];
	const struct nsu_question_login login = {
		.user = call->operand,
		.conf = conf,
		.profile = call->values[PROFILE],
		.rhost = call->values[RHOST],
		.service = call->values[SERVICE],
		.tty = call->values[TTY],
	};
	int ret;

	ret = nsu_cli_conf(call->values[CONF], conf, sizeof(conf), fail);
	if (ret == 0)
		ret = run_for(&attempt, &login, call->words, fail);
	nsu_terminal_close(&attempt.terminal);
	nsu_user_shell_clear(&attempt.shell);
	nsu_question_clear(&attempt.question);
	return ret;
}

const struct nsu_cli_command nsu_cli_run = {
	.name = "run",
	.operand = "USER",
	.help = "open a session as a login would, without PAM, and run a program in it",
	.takes_words = true,
	.options =
		{
			[CONF] = {"conf", "FILE", "the policy (" NSU_CONF_FILE ")"},
			[PROFILE] = {"profile", "NAME", "as in the module's line; without it there is none"},
			[RHOST] = {"rhost", "HOST", "the remote host of the login"},
			[SERVICE] = {"service", "NAME", "the PAM service (" NSU_QUESTION_SERVICE ")"},
			[TTY] = {"tty", "NAME", "the terminal of the login"},
		},
	.run = run,
};
