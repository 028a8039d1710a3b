/* SPDX-License-Identifier: BSD-3-Clause */
#include "variables.h"

#include <stdio.h>
#include <string.h>

#define ID_VARIABLE "NSUNSHARE_ID="

char *nsu_variables_make(const struct nsu_plan *plan, const char *id)
{
	size_t size = strlen(ID_VARIABLE) + strlen(id) + 2;
	char *variables, *end;

	for (size_t i = 0; i < plan->n_environment; i++)
		size += strlen(plan->environment[i]) + 1;
	variables = calloc(1, size);
	if (!variables)
		return NULL;
	end = stpcpy(stpcpy(variables, ID_VARIABLE), id) + 1;
	for (size_t i = 0; i < plan->n_environment; i++)
		end = stpcpy(end, plan->environment[i]) + 1;
	return variables;
}

bool nsu_variables_set(const char *variables, nsu_variables_put *put, void *data)
{
	for (; *variables; variables += strlen(variables) + 1) {
		if (!put(data, variables))
			return false;
	}
	return true;
}

void nsu_variables_take_back(char *variables, nsu_variables_put *put, void *data)
{
	for (char *variable = variables; variable && *variable;) {
		char *next = variable + strlen(variable) + 1;

		variable[strcspn(variable, "=")] = '\0';
		put(data, variable);
		variable = next;
	}
	free(variables);
}
