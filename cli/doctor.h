/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor.h - what the examinations of nsunshare doctor share: what was read of the host before, and where findings go. */
#ifndef NSU_DOCTOR_H
#define NSU_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "arguments.h" /* of the module */
#include "base.h"
#include "fail.h"
#include "policy.h"
#include "stack.h"
#include "survey.h"

#define NSU_DOCTOR_MODULE       "pam_nsunshare.so"
#define NSU_DOCTOR_USER_MANAGER "systemd-user" /* which the module leaves alone, unless a rule names it */

enum nsu_doctor_severity {
	NSU_DOCTOR_NOTE,    /* to be known */
	NSU_DOCTOR_WARNING, /* it works, but not for all, or not for long, or hardly as meant */
	NSU_DOCTOR_ERROR,   /* logins are refused, or are not isolated although they should be */
};

struct nsu_doctor_finding {
	enum nsu_doctor_severity severity;
	char *place; /* a file, FILE:LINE, or a thing of the host */
	char *text;  /* what is wrong */
	char *remedy;
};

/* A file of /etc/pam.d. */
struct nsu_doctor_service {
	char *name;
	char *file;
	struct nsu_stack stack;
};

/* A line with our module. */
struct nsu_doctor_use {
	const struct nsu_doctor_service *service;
	const struct nsu_stack_line *line;
	char *words; /* what the arguments point into */
	struct nsu_arguments arguments;
	struct nsu_fail wrong;         /* with the arguments */
	enum nsu_survey_answer answer; /* of its policy, about the service */
};

struct nsu_doctor {
	const char *conf;
	struct nsu_policy *policy; /* NULL: none, or it has mistakes */
	struct nsu_survey survey;  /* of all policies and profiles that lines name */
	struct nsu_doctor_service *services;
	size_t n_services;
	struct nsu_doctor_use *uses; /* in session parts and elsewhere */
	size_t n_uses;
	struct nsu_doctor_finding *findings;
	size_t n_findings;
	bool lacks_memory; /* some finding is lost */
};

/* One examination. Reads, changes nothing, and never waits. */
typedef void nsu_doctor_examination(struct nsu_doctor *doctor);

nsu_doctor_examination nsu_doctor_kernel, nsu_doctor_programs, nsu_doctor_directories, nsu_doctor_policy,
	nsu_doctor_services, nsu_doctor_stacks, nsu_doctor_order, nsu_doctor_sshd, nsu_doctor_sudo, nsu_doctor_mounts,
	nsu_doctor_sysctls, nsu_doctor_cgroups, nsu_doctor_logind;

/**
 * nsu_doctor_find - add a finding; one that is there already is not added again.
 * @doctor:   grows
 * @severity: how bad it is
 * @place:    borrowed
 * @remedy:   borrowed: what to do
 * @format:   printf format of what is wrong
 *
 * Without memory it is lost, which is noted.
 */
NSU_PRINTF(5, 6)
void nsu_doctor_find(struct nsu_doctor *doctor, enum nsu_doctor_severity severity, const char *place,
                     const char *remedy, const char *format, ...);

#define NSU_DOCTOR_AT_MAX 1024 /* a place as text; a longer one is cut */

/**
 * nsu_doctor_at - "FILE:LINE".
 * @line:   borrowed
 * @buffer: caller's, @cap bytes; always terminated
 * @cap:    size of @buffer; NSU_PATH_MAX + 16 suffices
 *
 * Pure. Return: @buffer.
 */
const char *nsu_doctor_at(const struct nsu_stack_line *line, char *buffer, size_t cap);

/**
 * nsu_doctor_read_services - read the stacks of all services, and find our lines in them.
 * @doctor: its services and uses are filled
 * @fail:   record
 *
 * Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_doctor_read_services(struct nsu_doctor *doctor, struct nsu_fail *fail);

/**
 * nsu_doctor_read_policies - read the policy, and sum up what it and those that lines name may ask.
 * @doctor: its services are read; policy and survey are filled
 * @fail:   record
 *
 * A policy with mistakes is left out here; that is a finding of nsu_doctor_policy(). Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_doctor_read_policies(struct nsu_doctor *doctor, struct nsu_fail *fail);

/**
 * nsu_doctor_clear - free all that was read and found.
 * @doctor: all zero afterwards
 */
void nsu_doctor_clear(struct nsu_doctor *doctor);

/**
 * nsu_doctor_is_module - is this the file name of a module?
 * @line: borrowed
 * @name: such as "pam_systemd.so"
 *
 * Pure. Return: whether its last component is @name.
 */
bool nsu_doctor_is_module(const struct nsu_stack_line *line, const char *name);

/**
 * nsu_doctor_uses - does a service have our line in its session part?
 * @doctor:  borrowed
 * @service: its name
 *
 * Pure. Return: whether it has.
 */
bool nsu_doctor_uses(const struct nsu_doctor *doctor, const char *service);

/**
 * nsu_doctor_number - the number that a file holds, as those below /proc/sys do.
 * @path:       absolute
 * @ret_number: untouched on failure
 *
 * Return: 0; -ENOENT; -EINVAL if there is no number; -errno of reading it.
 */
NSU_CHECKED int nsu_doctor_number(const char *path, unsigned long long *ret_number);

#endif
