/* SPDX-License-Identifier: BSD-3-Clause */
/* nsunshare explain: what a login would get, value by value, and where each comes from. It asks as the module does. */
#include "explain.h"

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "question.h"
#include "rows.h"

enum {
	CONF,
	JSON,
	PROFILE,
	RHOST,
	SERVICE,
	TTY
};

static char *cell(const void *data, size_t row, size_t column)
{
	const struct nsu_explain *explain = data;
	const char *const cells[] = {explain->rows[row].key, explain->rows[row].value, explain->rows[row].origin};

	return strdup(cells[column]);
}

static int print_json(const struct nsu_explain *explain, struct nsu_fail *fail)
{
	static const char *const columns[] = {"key", "value", "origin"};
	const struct nsu_rows rows = {"explain", columns, NSU_COUNT(columns), explain->n, cell, explain};

	return nsu_rows_print_json(&rows, fail);
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
