/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_findings.h - what nsu_policy_examine() finds: collected from all sides, told in the order of files and lines.
 */
#ifndef NSU_POLICY_FINDINGS_H
#define NSU_POLICY_FINDINGS_H

#include <stddef.h>

#include "fail.h"
#include "policy.h"
#include "policy_parse.h"

struct nsu_finding {
	unsigned file;      /* the how-many-th that was read */
	unsigned long line; /* 0: none */
	size_t order;       /* in which it was found */
	enum nsu_policy_severity severity;
	char *text;
};

struct nsu_findings {
	struct nsu_finding *items;
	size_t n, cap;
	char **files; /* in the order in which they were read */
	size_t n_files, cap_files;
};

#define NSU_FINDINGS_INIT                                                                                              \
	{                                                                                                              \
		.n = 0                                                                                                 \
	}

/**
 * nsu_findings_file - say which file comes next.
 * @findings: grows
 * @file:     its name; what was found in it begins with that
 *
 * Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_findings_file(struct nsu_findings *findings, const char *file);

/**
 * nsu_findings_add - add a finding.
 * @findings: grows
 * @severity: how bad it is
 * @origin:   where
 * @format:   printf format
 *
 * Return: 0; -ENOMEM.
 */
NSU_PRINTF(4, 5)
int nsu_findings_add(struct nsu_findings *findings, enum nsu_policy_severity severity, const struct nsu_origin *origin,
                     const char *format, ...);

/**
 * nsu_findings_take - turn a failure into a finding.
 * @findings: grows; NULL: nothing is taken
 * @ret:      what a function returned
 * @file:     of which file
 * @fail:     its record; empty again if it was taken
 *
 * Return: 0 if it was taken or there was none; else @ret, which -ENOMEM always is.
 */
NSU_CHECKED int nsu_findings_take(struct nsu_findings *findings, int ret, const char *file, struct nsu_fail *fail);

/**
 * nsu_findings_tell - tell all, sorted, each once.
 * @findings: borrowed; sorted
 * @tell:     called for each
 * @data:     for @tell
 */
void nsu_findings_tell(struct nsu_findings *findings, nsu_policy_tell *tell, void *data);

/**
 * nsu_findings_clear - free what it holds.
 * @findings: initialised
 */
void nsu_findings_clear(struct nsu_findings *findings);

#endif
