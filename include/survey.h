/* SPDX-License-Identifier: BSD-3-Clause */
/* survey.h - all that a policy may ask of its host, whoever logs in: for an administrator, not for a login. */
#ifndef NSU_SURVEY_H
#define NSU_SURVEY_H

#include <stdbool.h>

#include "base.h"
#include "policy.h"

/* The sum over all rules and files of users. */
struct nsu_survey {
	unsigned namespaces;      /* CLONE_NEW* bits */
	unsigned sudo_namespaces; /* those that a rule gives which names sudo or sudo-i literally */
	bool has_private;         /* some have a mount namespace that sees no later mount of the host's */
	bool has_slave;           /* some have one that does */
	bool has_memory;          /* limits of it, as the next two */
	bool has_tasks;
	bool has_cpu;
	bool has_denials; /* system calls are denied */
	bool has_lasting; /* some sets outlive their logins, and what these leave running is in no cgroup of the set */
};

/**
 * nsu_survey_policy - add what a policy may ask.
 * @policy: loaded; NULL: none, the built-in profiles serve. Its user's file is forgotten
 * @survey: grows
 *
 * Reads the files of all users; one with a mistake is left out. Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_survey_policy(struct nsu_policy *policy, struct nsu_survey *survey);

/**
 * nsu_survey_profile - add what a profile asks, as the module's line names one.
 * @policy: as there
 * @name:   of the profile
 * @survey: grows
 *
 * Return: 0; -ENOENT if there is none of that name.
 */
NSU_CHECKED int nsu_survey_profile(const struct nsu_policy *policy, const char *name, struct nsu_survey *survey);

enum nsu_survey_answer {
	NSU_SURVEY_LEFT_ALONE, /* no rule isolates a login of the service */
	NSU_SURVEY_SERVED,     /* some rule may */
	NSU_SURVEY_NAMED,      /* some rule may, and names the service literally */
};

/**
 * nsu_survey_service - does a policy isolate logins of a service?
 * @policy:  as there; NULL: it does not
 * @service: its name
 * @profile: serves whom no rule matches, as the module's line names it; NULL: none does
 *
 * By the rules, not by the files of users. Pure. Return: the answer.
 */
enum nsu_survey_answer nsu_survey_service(const struct nsu_policy *policy, const char *service, const char *profile);

#endif
