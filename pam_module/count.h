/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * count.h - counts what opening a session has come to (metrics.h). It never fails: what can't be counted is not, and the login
 * goes on.
 */
#ifndef NSU_COUNT_H
#define NSU_COUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base.h"
#include "metrics.h"
#include "plan.h"

/* How far it has come: what fails from here on fails for that. */
enum nsu_count_stage {
	NSU_COUNT_BEGUN,  /* the caller, and the module's line */
	NSU_COUNT_USER,   /* who it is */
	NSU_COUNT_POLICY, /* what he gets */
	NSU_COUNT_NESTED, /* whether he comes from inside a session */
	NSU_COUNT_OPEN,   /* the session is made */
};

/* Of one open. */
struct nsu_count {
	enum nsu_count_stage stage;
	struct timespec began;
	struct nsu_metrics *metrics; /* NULL: not mapped, or there is nothing to count in */
};

/**
 * nsu_count_begin - an open begins.
 *
 * Return: its count.
 */
struct nsu_count nsu_count_begin(void);

/**
 * nsu_count_prepare - the session is about to be made: map the file, whose name means the session's one after the commit.
 * @count: borrowed
 */
void nsu_count_prepare(struct nsu_count *count);

/**
 * nsu_count_opened - the open has succeeded.
 * @count:     borrowed
 * @plan:      borrowed
 * @is_joined: the session was there already
 *
 * Return: what it took, in microseconds.
 */
int64_t nsu_count_opened(const struct nsu_count *count, const struct nsu_plan *plan, bool is_joined);

/**
 * nsu_count_failed - the open has failed.
 * @count:     borrowed
 * @err:       positive errno
 * @is_spent:  the caller is for good not what it was: nothing is looked up by name
 * @is_let_in: the policy lets the login in all the same
 */
void nsu_count_failed(struct nsu_count *count, int err, bool is_spent, bool is_let_in);

/**
 * nsu_count_end - free what it holds.
 * @count: borrowed
 */
void nsu_count_end(struct nsu_count *count);

/**
 * nsu_count_closed - a session was closed, and the caller is in its own namespaces again.
 * @profile: of the session
 */
void nsu_count_closed(const char *profile);

#endif
