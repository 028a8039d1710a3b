/* SPDX-License-Identifier: BSD-3-Clause */
/* explain_write.h - rows of an explanation, one value at a time: private to explain.c and explain_spaces.c. */
#ifndef NSU_EXPLAIN_WRITE_H
#define NSU_EXPLAIN_WRITE_H

#include <stdio.h>

#include "base.h"
#include "explain.h"
#include "policy_match.h"
#include "policy_parse.h"

/* A row whose value is written to a stream: begin, print, end. */
struct nsu_writer {
	struct nsu_explain *explain;
	FILE *stream;
	bool has_failed; /* beside what the stream knows */
	char *value;
	size_t len;
};

/**
 * nsu_write_begin - begin a row.
 * @writer:  filled; nsu_write_end() ends it
 * @explain: where the row will go
 *
 * Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_write_begin(struct nsu_writer *writer, struct nsu_explain *explain);

/**
 * nsu_write_put - write what strangers chose, escaped.
 * @writer: begun
 * @text:   borrowed
 */
void nsu_write_put(struct nsu_writer *writer, const char *text);

/**
 * nsu_write_end - add the row.
 * @writer: begun; must be begun anew afterwards
 * @key:    of the row
 * @origin: of the value
 *
 * Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_write_end(struct nsu_writer *writer, const char *key, const struct nsu_origin *origin);

/**
 * nsu_write_row - add a row with a value of ours.
 * @explain: grows
 * @key:     of the row
 * @origin:  of the value
 * @format:  printf format of it
 *
 * Return: 0; -ENOMEM.
 */
NSU_PRINTF(4, 5)
int nsu_write_row(struct nsu_explain *explain, const char *key, const struct nsu_origin *origin, const char *format,
                  ...);

/**
 * nsu_write_text - add a row with a value of theirs; "-" for none.
 * @explain: grows
 * @key:     of the row
 * @origin:  of the value
 * @text:    borrowed
 *
 * Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_write_text(struct nsu_explain *explain, const char *key, const struct nsu_origin *origin,
                               const char *text);

/**
 * nsu_write_size - write a number of bytes in the largest unit that it is a whole number of.
 * @writer: begun
 * @bytes:  the number
 */
void nsu_write_size(struct nsu_writer *writer, uint64_t bytes);

/**
 * nsu_write_spaces - add the rows of scope, lifetime, set, net, user_map, max_user_namespaces, time, limits and hardening.
 * @explain:   grows
 * @plan:      resolved
 * @effective: what it was made of
 *
 * Those of a namespace only where the plan has it; limits and hardening where any layer says something of them.
 * Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_write_spaces(struct nsu_explain *explain, const struct nsu_plan *plan,
                                 const struct nsu_effective *effective);

#endif
