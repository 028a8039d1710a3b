/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * variables.h - the variables that a session adds to the environment of the login.
 */
#ifndef NSU_VARIABLES_H
#define NSU_VARIABLES_H

#include <stdbool.h>

#include "base.h"
#include "plan.h"

/* Sets "NAME=VALUE", or takes "NAME" away. Return: whether it did. */
typedef bool nsu_variables_put(void *data, const char *variable);

/**
 * nsu_variables_make - the variables of a session: NSUNSHARE_ID, and those of its policy.
 * @plan: borrowed
 * @id:   of the session
 *
 * Return: "NAME=VALUE" strings in one block, behind the last one an empty one; to be freed; NULL if there is no memory.
 */
char *nsu_variables_make(const struct nsu_plan *plan, const char *id);

/**
 * nsu_variables_set - set all of them.
 * @variables: borrowed
 * @put:       called for each, until one fails
 * @data:      for @put
 *
 * Return: whether all are set.
 */
bool nsu_variables_set(const char *variables, nsu_variables_put *put, void *data);

/**
 * nsu_variables_take_back - take all of them away.
 * @variables: taken; NULL is fine
 * @put:       called for each with its name
 * @data:      for @put
 */
void nsu_variables_take_back(char *variables, nsu_variables_put *put, void *data);

#endif
