/* SPDX-License-Identifier: BSD-3-Clause */
/* user_shell.h - a program as a user: his login shell, or another; with his ids, a clean environment, and nothing of root's. */
#ifndef NSU_USER_SHELL_H
#define NSU_USER_SHELL_H

#include <stdbool.h>

#include "base.h"
#include "fail.h"
#include "plan.h"
#include "subject.h"

#define NSU_USER_SHELL_VARIABLES_MAX (NSU_PLAN_ENVIRONMENT_MAX + 8)

/* All that is needed where nothing may be looked up any more. */
struct nsu_user_shell {
	const struct nsu_subject *subject; /* whose ids; its groups are listed */
	char *program;                     /* the login shell; NULL: the first of the words, to be found in PATH */
	char **words;                      /* its arguments, terminated by NULL */
	char *shell_words[2];              /* those of a login shell */
	size_t n_variables;
	char *variables[NSU_USER_SHELL_VARIABLES_MAX + 1]; /* "NAME=value", terminated by NULL */
};

#define NSU_USER_SHELL_INIT                                                                                            \
	{                                                                                                              \
		.program = NULL                                                                                        \
	}

/**
 * nsu_user_shell_prepare - everything that can be found out beforehand.
 * @shell:   initialised; for nsu_user_shell_clear()
 * @subject: looked up; borrowed for the life of @shell; its groups are listed
 * @words:   borrowed likewise: the program and its arguments, terminated by NULL; NULL: the login shell
 * @term:    the type of the terminal; NULL: there is none
 * @fail:    record
 *
 * The environment is HOME, SHELL, USER, LOGNAME, PATH and, with a terminal, TERM. Asks NSS. Return: 0; -ENOMEM; as
 * nsu_subject_list_groups().
 */
NSU_CHECKED int nsu_user_shell_prepare(struct nsu_user_shell *shell, struct nsu_subject *subject, char **words,
                                       const char *term, struct nsu_fail *fail);

/**
 * nsu_user_shell_put - set a variable of its environment; a nsu_variables_put.
 * @shell:    a struct nsu_user_shell
 * @variable: "NAME=value"; in the place of one of that name
 *
 * Return: false if there is no memory, or there are too many.
 */
bool nsu_user_shell_put(void *shell, const char *variable);

/**
 * nsu_user_shell_exec - become the user, and the program.
 * @shell: prepared; its ids and paths mean what the caller's namespaces say
 * @fail:  record, if it returns
 *
 * For a forked child, which holds no descriptor that a path of the user's may lead to. Groups, gid, uid and capabilities go first;
 * the home directory, or the root, is entered as the user. Signals are as a login has them.
 * Return: what the exit status is to be: NSU_CLI_NOT_RUN, NSU_CLI_NOT_EXECUTABLE, NSU_CLI_NOT_FOUND.
 */
int nsu_user_shell_exec(const struct nsu_user_shell *shell, struct nsu_fail *fail);

/**
 * nsu_user_shell_clear - free what it holds.
 * @shell: initialised
 */
void nsu_user_shell_clear(struct nsu_user_shell *shell);

#endif
