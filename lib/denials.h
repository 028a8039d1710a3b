/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * denials.h - the filters of system calls, one for each set of denials. The table is made at build time by denials_make.c, so
 * that a login loads no library and computes nothing for them.
 */
#ifndef NSU_DENIALS_H
#define NSU_DENIALS_H

#include "plan.h"

struct sock_filter;

struct nsu_denials_filter {
	const struct sock_filter *instructions; /* NULL: for this architecture, or without libseccomp, there are none */
	unsigned short n;
};

/* By the NSU_PLAN_DENY_* bits of the set; the first denies nothing. */
extern const struct nsu_denials_filter nsu_denials_filters[NSU_PLAN_DENY_ALL + 1];

#endif
