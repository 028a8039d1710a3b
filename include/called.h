/* SPDX-License-Identifier: BSD-3-Clause */
/* called.h - the other side of nsu_ns_start(): what the helper and the assistants do first. */
#ifndef NSU_CALLED_H
#define NSU_CALLED_H

#include <stdbool.h>

#include "base.h"
#include "defaults.h"
#include "fail.h"
#include "plan.h"

/**
 * nsu_called_by_module - has the module started this program?
 * @usage: what is written to standard error if not: a line
 *
 * Return: whether there is a channel.
 */
bool nsu_called_by_module(const char *usage);

/**
 * nsu_called_receive_plan - receive the plan, which is there already.
 * @frame:  the program's: static, since a hostile ulimit may have made the stack small
 * @plan:   filled; has passed nsu_plan_check() on success
 * @ret_fd: given: the descriptor that came with it, O_CLOEXEC, or -1; -1 on failure, too
 * @name:   of the program, for messages
 * @fail:   record
 *
 * Return: 0; -EPROTO, -EBADMSG for none of this version; -EINVAL; -errno of recvmsg(2).
 */
NSU_CHECKED int nsu_called_receive_plan(unsigned char frame[NSU_FRAME_MAX], struct nsu_plan *plan, int *ret_fd,
                                        const char *name, struct nsu_fail *fail);

#endif
