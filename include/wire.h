/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.h - a plan and an answer as bytes and back. Pure: no I/O, no allocation. Both ends are of one build and one
 * machine, so numbers are in the machine's own order; the version says when they are not of one build.
 */
#ifndef NSU_WIRE_H
#define NSU_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "fail.h"
#include "fsat.h"
#include "plan.h"

/* What the helper answers: exactly one of these frames before it becomes PID 1. */
struct nsu_wire_answer {
	struct nsu_fail fail;      /* err 0: ready */
	struct nsu_fsat_root root; /* of the session: where the opener will find itself */
	char note[NSU_NOTE_MAX];   /* "key=value" for the log line of the open; "": nothing to say */
	char id[NSU_ID_LEN + 1];   /* of the set that is joined; "" from an assistant, and to the first opener */
};

/* What the helper may ask before that, and what the opener says; one byte a frame. */
enum nsu_wire_order {
	NSU_WIRE_END = 1, /* end the session now */
	NSU_WIRE_COMMIT =
		2, /* the opener joins: from now on the channel may close without an end; the set's note may follow */
	NSU_WIRE_MAP = 3,    /* helper: its user namespace is made, and wants its id maps */
	NSU_WIRE_MAPPED = 4, /* the opener has written them */
	NSU_WIRE_CGROUP = 5, /* where the plan has limits: the session's cgroup, of which a descriptor comes with it */
	NSU_WIRE_CLAIM =
		6, /* helper of a shared set: it is prepared, may it be known? The opener: all is done for it here, it may */
	NSU_WIRE_LOST = 7, /* helper: it is ready, but another has become the set of this key: join that */
};

/**
 * nsu_wire_size - how large the frame of a plan is.
 * @plan: borrowed
 *
 * Pure. Return: bytes.
 */
size_t nsu_wire_size(const struct nsu_plan *plan);

/**
 * nsu_wire_hash - what a set is like, as a number: equal plans, but for what is one login's alone, have the same.
 * @plan: borrowed; has passed nsu_plan_check()
 *
 * Over all that the wire carries but id and timeout, and over its version. Pure. Return: the hash.
 */
uint64_t nsu_wire_hash(const struct nsu_plan *plan);

/**
 * nsu_wire_encode - flatten a plan into one frame.
 * @plan:    borrowed; has passed nsu_plan_check()
 * @buffer:  caller's, @cap bytes; NSU_FRAME_MAX always suffices
 * @cap:     size of @buffer in bytes
 * @ret_len: bytes written; untouched on failure
 *
 * Of the plan goes what the helper needs; rule, note, environment and what the module decides alone stay. Pure: the same plan gives the same bytes.
 * Return: 0; -E2BIG if the frame would not fit.
 */
NSU_CHECKED int nsu_wire_encode(const struct nsu_plan *plan, void *buffer, size_t cap, size_t *ret_len);

/**
 * nsu_wire_decode - a plan from one frame.
 * @frame: borrowed, @len bytes, from anywhere
 * @len:   length in bytes
 * @plan:  filled; its content is undefined on failure
 *
 * Pure. The caller asks nsu_plan_check() next. Return: 0; -EPROTO if the frame is not one of this version; -EBADMSG if
 * it is cut short, holds more than a plan, or a value outside its type.
 */
NSU_CHECKED int nsu_wire_decode(const void *frame, size_t len, struct nsu_plan *plan);

/**
 * nsu_wire_encode_answer - flatten the helper's answer into one frame.
 * @answer:  borrowed
 * @buffer:  caller's, @cap bytes; sizeof(struct nsu_wire_answer) + 64 suffices
 * @cap:     size of @buffer in bytes
 * @ret_len: bytes written; untouched on failure
 *
 * Pure. Return: 0; -E2BIG.
 */
NSU_CHECKED int nsu_wire_encode_answer(const struct nsu_wire_answer *answer, void *buffer, size_t cap, size_t *ret_len);

/**
 * nsu_wire_decode_answer - the helper's answer from one frame.
 * @frame:      borrowed, @len bytes
 * @len:        length in bytes
 * @ret_answer: filled; its text is terminated; undefined on failure
 *
 * Pure. Return: 0; -EPROTO, -EBADMSG as nsu_wire_decode().
 */
NSU_CHECKED int nsu_wire_decode_answer(const void *frame, size_t len, struct nsu_wire_answer *ret_answer);

#endif
