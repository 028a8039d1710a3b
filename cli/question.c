/* SPDX-License-Identifier: BSD-3-Clause */
#include "question.h"

#include <errno.h>

#include "cli.h"
#include "text.h"

int nsu_question_begin(const struct nsu_question_login *login, struct nsu_question *question, struct nsu_fail *fail)
{
	struct nsu_subject *subject = &question->subject;
	struct nsu_fail reason = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];
	char user[NSU_LOG_VALUE_MAX];
	int ret;

	subject->service = login->service ? login->service : NSU_QUESTION_SERVICE;
	subject->tty = login->tty ? login->tty : "";
	subject->rhost = login->rhost ? login->rhost : "";
	ret = nsu_subject_look_up(subject, login->user, &reason);
	if (ret < 0)
		return nsu_fail_because(fail, -ret, "user '%s': %s",
		                        nsu_text_printable(login->user, user, sizeof(user)),
		                        nsu_fail_line(&reason, line, sizeof(line)));
	return 0;
}

static int load_policy(const char *path, const char *profile, struct nsu_question *question, struct nsu_fail *fail)
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

static int answer(const struct nsu_question_login *login, struct nsu_question *question, struct nsu_fail *fail)
{
	int ret;

	ret = load_policy(login->conf, login->profile, question, fail);
	if (ret < 0)
		return ret;
	question->plan = malloc(sizeof(*question->plan));
	if (!question->plan)
		return nsu_fail(fail, ENOMEM, "plan the session");
	return nsu_explain_login(question->policy, &question->subject, login->profile, question->plan,
	                         &question->explain, fail);
}

/* Where this fails the login does too, and for the same reason. */
int nsu_question_answer(const struct nsu_question_login *login, struct nsu_question *question, struct nsu_fail *fail)
{
	struct nsu_fail reason = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];

	if (answer(login, question, &reason) == 0)
		return 0;
	return nsu_fail_because(fail, reason.err, "the login would be refused: %s",
	                        nsu_fail_line(&reason, line, sizeof(line)));
}

void nsu_question_clear(struct nsu_question *question)
{
	nsu_subject_clear(&question->subject);
	nsu_policy_free(question->policy);
	free(question->plan);
	nsu_explain_clear(&question->explain);
}
