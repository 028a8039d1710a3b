/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fail.h - the one way to fail: a negative errno and one record that says what failed.
 *
 * The text says what and on what, in lower case, without a full stop. The reason (strerror) is added at the edge,
 * unless the text gives it itself (nsu_fail_because). The first failure wins; outer functions pass it on untouched.
 * The record has a fixed size and no pointers, so that the helper can send it through the channel as it is.
 */
#ifndef NSU_FAIL_H
#define NSU_FAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"
#include "defaults.h"

struct nsu_fail {
	int err;         /* positive errno; 0: nothing has failed */
	bool has_reason; /* the text is a whole sentence: add no strerror(err) */
	char text[NSU_FAIL_TEXT_MAX];
};

#define NSU_FAIL_INIT                                                                                                  \
	{                                                                                                              \
		.err = 0                                                                                               \
	}

/**
 * nsu_fail - record that a step failed for the reason in errno.
 * @fail:   record to fill; left alone when it already holds a failure
 * @err:    positive errno as read on the line after the call; 0 becomes EIO, so that this can't report success
 * @format: printf format: what was done, and on what
 *
 * Return: -@err, never 0.
 */
NSU_PRINTF(3, 4) int nsu_fail(struct nsu_fail *fail, int err, const char *format, ...);

/**
 * nsu_fail_because - as nsu_fail(), for a text that gives the reason itself.
 * @fail:   record to fill; left alone when it already holds a failure
 * @err:    positive errno that stands for the class of the failure; 0 becomes EIO
 * @format: printf format: what is wrong, and what to do
 *
 * Return: -@err, never 0.
 */
NSU_PRINTF(3, 4) int nsu_fail_because(struct nsu_fail *fail, int err, const char *format, ...);

/**
 * nsu_fail_line - the whole sentence of a failure, as an administrator reads it.
 * @fail: a record that holds a failure
 * @line: caller's, @cap bytes; always terminated
 * @cap:  size of @line in bytes, at least 1
 *
 * Return: @line.
 */
const char *nsu_fail_line(const struct nsu_fail *fail, char *line, size_t cap);

#endif
