/* SPDX-License-Identifier: BSD-3-Clause */
/* nsunshare explain: what a login would get, value by value, and where each comes from. It asks as the module does. */
#include "explain.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>

#include "cli.h"
#include "policy.h"
#include "subject.h"
#include "text.h"

#define SERVICE "sshd"

enum {
	CONF,
	JSON,
	PROFILE,
	RHOST,
	SERVICE_NAME,
	TTY
};

/* What one answer needs; freed as a whole. */
struct question {
	struct nsu_subject subject;
	struct nsu_policy *policy; /* NULL: there is no file, and --profile was given */
	struct nsu_plan *plan;
	struct nsu_explain explain;
};

/* Where the command fails the login does too, and for the same reason. */
static int refuse(const struct nsu_fail *reason, struct nsu_fail *fail)
{
	char line[NSU_FAIL_TEXT_MAX + 128];

	return nsu_fail_because(fail, reason->err, "the login would be refused: %s",
	                        nsu_fail_line(reason, line, sizeof(line)));
}

static int look_up_subject(const struct nsu_cli_call *call, struct nsu_subject *subject, struct nsu_fail *fail)
{
	struct nsu_fail reason = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];
	char user[NSU_LOG_VALUE_MAX];
	int ret;

	subject->service = call->values[SERVICE_NAME] ? call->values[SERVICE_NAME] : SERVICE;
	subject->tty = call->values[TTY] ? call->values[TTY] : "";
	subject->rhost = call->values[RHOST] ? call->values[RHOST] : "";
	ret = nsu_subject_look_up(subject, call->operand, &reason);
	if (ret < 0)
		return nsu_fail_because(fail, -ret, "user '%s': %s",
		                        nsu_text_printable(call->operand, user, sizeof(user)),
		                        nsu_fail_line(&reason, line, sizeof(line)));
	return 0;
}

static int load_policy(const char *path, const char *profile, struct question *question, struct nsu_fail *fail)
{
	struct nsu_fail missing = NSU_FAIL_INIT;
	int ret;

	ret = nsu_policy_load(path, &question->policy, &missing);
	if (ret == -ENOENT && profile)
		return 0;
	if (ret == -ENOENT)
		return nsu_fail_because(fail, ENOENT,
		                        "%s: there is no policy: write one, or give --profile=default as the "
		                        "module's line has it",
		                        path);
	if (ret < 0) {
		*fail = missing;
		return ret;
	}
	return nsu_policy_load_user(question->policy, &question->subject, fail);
}

/* As the module does it. */
static int ask(const char *path, const char *profile, struct question *question, struct nsu_fail *fail)
{
	int ret;

	ret = load_policy(path, profile, question, fail);
	if (ret < 0)
		return ret;
	question->plan = malloc(sizeof(*question->plan));
	if (!question->plan)
		return nsu_fail(fail, ENOMEM, "plan the session");
	return nsu_explain_login(question->policy, &question->subject, profile, question->plan, &question->explain,
	                         fail);
}

static void clear_question(struct question *question)
{
	nsu_subject_clear(&question->subject);
	nsu_policy_free(question->policy);
	free(question->plan);
	nsu_explain_clear(&question->explain);
}

static int fill_line(struct libscols_line *line, const struct nsu_explain_row *row)
{
	const char *const cells[] = {row->key, row->value, row->origin};
	int ret = line ? 0 : -ENOMEM;

	for (size_t i = 0; i < NSU_COUNT(cells) && ret == 0; i++)
		ret = scols_line_set_data(line, i, cells[i]);
	return ret;
}

/* The rows are printable already: libsmartcols is to escape them for JSON only, not for a terminal as well. */
static int fill_table(struct libscols_table *table, const struct nsu_explain *explain)
{
	static const char *const columns[] = {"key", "value", "origin"};
	int ret;

	ret = scols_table_enable_json(table, 1);
	if (ret == 0)
		ret = scols_table_enable_noencoding(table, 1);
	if (ret == 0)
		ret = scols_table_set_name(table, "explain");
	for (size_t i = 0; i < NSU_COUNT(columns) && ret == 0; i++)
		ret = scols_table_new_column(table, columns[i], 0, 0) ? 0 : -ENOMEM;
	for (size_t i = 0; i < explain->n && ret == 0; i++)
		ret = fill_line(scols_table_new_line(table, NULL), &explain->rows[i]);
	return ret;
}

static int print_json(const struct nsu_explain *explain, struct nsu_fail *fail)
{
	struct libscols_table *table = scols_new_table();
	int ret = -ENOMEM;

	if (table)
		ret = fill_table(table, explain);
	if (ret == 0)
		ret = scols_print_table(table);
	scols_unref_table(table);
	if (ret < 0)
		return nsu_fail(fail, -ret, "print as JSON");
	return 0;
}

/* A refused login is explained too, as far as that goes. */
static int answer(const struct nsu_cli_call *call, struct question *question, struct nsu_fail *fail)
{
	struct nsu_fail reason = NSU_FAIL_INIT;
	char path[NSU_PATH_MAX];
	int ret, ask_ret;

	ret = nsu_cli_conf(call->values[CONF], path, sizeof(path), fail);
	if (ret < 0)
		return ret;
	ret = look_up_subject(call, &question->subject, fail);
	if (ret < 0)
		return ret;
	ask_ret = ask(path, call->values[PROFILE], question, &reason);
	if (question->explain.n > 0 && call->values[JSON])
		ret = print_json(&question->explain, fail);
	else if (question->explain.n > 0)
		nsu_explain_print(&question->explain, stdout);
	if (ask_ret < 0)
		ret = refuse(&reason, fail);
	return ret;
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct question question = {.subject = NSU_SUBJECT_INIT, .explain = NSU_EXPLAIN_INIT};
	int ret;

	ret = answer(call, &question, fail);
	clear_question(&question);
	return ret;
}

const struct nsu_cli_command nsu_cli_explain = {
	.name = "explain",
	.operand = "USER",
	.help = "say what a login would get, and where each value comes from",
	.options =
		{
			[CONF] = {"conf", "FILE", "the policy (" NSU_CONF_FILE ")"},
			[JSON] = {"json", NULL, "print JSON"},
			[PROFILE] = {"profile", "NAME", "as in the module's line; without it there is none"},
			[RHOST] = {"rhost", "HOST", "the remote host of the login"},
			[SERVICE_NAME] = {"service", "NAME", "the PAM service (" SERVICE ")"},
			[TTY] = {"tty", "NAME", "the terminal of the login"},
		},
	.run = run,
};
