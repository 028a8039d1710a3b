/* SPDX-License-Identifier: BSD-3-Clause */
/* nsunshare explain: what a login would get, value by value, and where each comes from. It asks as the module does. */
#include "explain.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>

#include "cli.h"
#include "question.h"

enum {
	CONF,
	JSON,
	PROFILE,
	RHOST,
	SERVICE,
	TTY
};

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
static int answer(const struct nsu_question_login *login, bool as_json, struct nsu_question *question,
                  struct nsu_fail *fail)
{
	struct nsu_fail reason = NSU_FAIL_INIT;
	int ret, answer_ret;

	ret = nsu_question_begin(login, question, fail);
	if (ret < 0)
		return ret;
	answer_ret = nsu_question_answer(login, question, &reason);
	if (question->explain.n > 0 && as_json)
		ret = print_json(&question->explain, fail);
	else if (question->explain.n > 0)
		nsu_explain_print(&question->explain, stdout);
	if (answer_ret < 0)
		*fail = reason;
	return answer_ret < 0 ? answer_ret : ret;
}

static int run(const struct nsu_cli_call *call, struct nsu_fail *fail)
{
	struct nsu_question question = NSU_QUESTION_INIT;
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
	if (ret < 0)
		return ret;
	ret = answer(&login, call->values[JSON], &question, fail);
	nsu_question_clear(&question);
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
			[SERVICE] = {"service", "NAME", "the PAM service (" NSU_QUESTION_SERVICE ")"},
			[TTY] = {"tty", "NAME", "the terminal of the login"},
		},
	.run = run,
};
