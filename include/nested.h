/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nested.h - a login that comes from inside one of our sessions: what it gets.
 */
#ifndef NSU_NESTED_H
#define NSU_NESTED_H

#include "base.h"
#include "fail.h"
#include "marker.h"
#include "plan.h"

enum nsu_nested_answer {
	NSU_NESTED_ISOLATE, /* a session of its own; also what a login from outside gets */
	NSU_NESTED_STAY,
	NSU_NESTED_REFUSE,
};

/**
 * nsu_nested_ask - what a login gets, by where it comes from.
 * @plan:       borrowed
 * @ret_marker: the session that it is inside of, where the answer is to stay or to refuse
 * @ret_answer: the answer; untouched on failure
 * @fail:       record; filled with the answer to refuse too
 *
 * Return: 0; -EPERM if it would get a session of its own and comes from a user namespace of ours; as nsu_marker_read().
 */
NSU_CHECKED int nsu_nested_ask(const struct nsu_plan *plan, struct nsu_marker *ret_marker,
                               enum nsu_nested_answer *ret_answer, struct nsu_fail *fail);

#endif
