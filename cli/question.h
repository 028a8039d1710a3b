/* SPDX-License-Identifier: BSD-3-Clause */
/* question.h - what would a login get? Asked as the module does it, for `explain` and `run`. */
#ifndef NSU_QUESTION_H
#define NSU_QUESTION_H

#include "base.h"
#include "explain.h"
#include "fail.h"
#include "plan.h"
#include "policy.h"
#include "subject.h"

#define NSU_QUESTION_SERVICE "sshd" /* where no other is given */

/* What is known of the login; of the options NULL is one that was not given. */
struct nsu_question_login {
	const char *user;
	const char *conf; /* the policy, as nsu_cli_conf() has it */
	const char *profile;
	const char *rhost;
	const char *service;
	const char *tty;
};

/* The question with its answer; freed as a whole. */
struct nsu_question {
	struct nsu_subject subject;
	struct nsu_policy *policy; /* NULL: there is no file, and a profile was given */
	struct nsu_plan *plan;
	struct nsu_explain explain;
};

#define NSU_QUESTION_INIT                                                                                              \
	{                                                                                                              \
		.subject = NSU_SUBJECT_INIT, .explain = NSU_EXPLAIN_INIT                                               \
	}

/**
 * nsu_question_begin - look up who is meant.
 * @login:    borrowed, for the life of the question
 * @question: initialised; its subject is filled
 * @fail:     record; names the user
 *
 * Asks NSS. Return: 0; as nsu_subject_look_up().
 */
NSU_CHECKED int nsu_question_begin(const struct nsu_question_login *login, struct nsu_question *question,
                                   struct nsu_fail *fail);

/**
 * nsu_question_answer - read the policy, and find what it says.
 * @login:    as above
 * @question: begun; its plan is filled, and what explains it, on failure as far as it got
 * @fail:     record; tells why such a login would be refused
 *
 * Return: 0; as nsu_policy_load(), nsu_policy_load_user(), nsu_explain_login().
 */
NSU_CHECKED int nsu_question_answer(const struct nsu_question_login *login, struct nsu_question *question,
                                    struct nsu_fail *fail);

/**
 * nsu_question_clear - free what it holds.
 * @question: initialised
 */
void nsu_question_clear(struct nsu_question *question);

#endif
