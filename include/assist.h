/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * assist.h - programs that do one thing for a session on the host, and end: NSU_NET_FILE and NSU_LIMITS_FILE. Each gets the
 * plan, as the helper does, and answers once.
 */
#ifndef NSU_ASSIST_H
#define NSU_ASSIST_H

#include <stdint.h>

#include "base.h"
#include "fail.h"
#include "plan.h"
#include "wire.h"

struct nsu_assist {
	int channel_fd;          /* -1: none is under way */
	int pidfd;               /* -1 likewise */
	const char *name;        /* for messages */
	char note[NSU_NOTE_MAX]; /* what it has said for the log line, once it has answered; "": nothing */
};

#define NSU_ASSIST_INIT                                                                                                \
	{                                                                                                              \
		.channel_fd = -1, .pidfd = -1, .name = ""                                                              \
	}

/**
 * nsu_assist_start - start one, in the caller's namespaces.
 * @file:    its path, which must be trusted (nsu_fsat_open_trusted)
 * @name:    its argv[0]; must outlive @assist
 * @plan:    borrowed: what it is sent
 * @send_fd: borrowed: a descriptor that it is sent with it; -1: none
 * @assist:  initialised; for nsu_assist_end(), also on failure
 * @fail:    record
 *
 * Return: 0; -errno of the step.
 */
NSU_CHECKED int nsu_assist_start(const char *file, const char *name, const struct nsu_plan *plan, int send_fd,
                                 struct nsu_assist *assist, struct nsu_fail *fail);

/**
 * nsu_assist_await - wait for its answer.
 * @assist:      started
 * @plan:        borrowed: its timeout, for a message
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @ret_fd:      given: the descriptor that came with it, or -1; NULL: none is wanted
 * @fail:        record; its own, where it has failed
 *
 * Return: 0; -ETIMEDOUT; -ECHILD if it ended without one; -errno of the step that failed in it.
 */
NSU_CHECKED int nsu_assist_await(struct nsu_assist *assist, const struct nsu_plan *plan, int64_t deadline_ms,
                                 int *ret_fd, struct nsu_fail *fail);

/**
 * nsu_assist_end - kill it if it is still there, and close what is held of it.
 * @assist: initialised; as NSU_ASSIST_INIT afterwards
 */
void nsu_assist_end(struct nsu_assist *assist);

/* One frame of an assistant, or of the helper. */
struct nsu_assist_reply {
	struct nsu_wire_answer answer; /* where it is one, which then says that all went well */
	unsigned order;                /* one of enum nsu_wire_order where it is one of those; 0: it is an answer */
	int fd;                        /* given: the descriptor that came with it; -1: none */
};

#define NSU_ASSIST_REPLY_INIT                                                                                          \
	{                                                                                                              \
		.answer = {.fail = NSU_FAIL_INIT}, .fd = -1                                                            \
	}

/**
 * nsu_assist_receive - receive one frame by a deadline, from an assistant or from the helper.
 * @from:        borrowed: its channel, and its name for messages
 * @plan:        borrowed: its timeout, for a message
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @reply:       initialised; filled, its fd on success only
 * @fail:        record
 *
 * Return: as nsu_assist_await().
 */
NSU_CHECKED int nsu_assist_receive(const struct nsu_assist *from, const struct nsu_plan *plan, int64_t deadline_ms,
                                   struct nsu_assist_reply *reply, struct nsu_fail *fail);

/**
 * nsu_assist_send_plan - send a plan.
 * @plan:       borrowed
 * @channel_fd: borrowed
 * @send_fd:    borrowed: a descriptor that goes with it; -1: none
 * @name:       to whom, for messages
 * @fail:       record
 *
 * Return: 0; -ENOMEM; -E2BIG; -errno of sendmsg(2).
 */
NSU_CHECKED int nsu_assist_send_plan(const struct nsu_plan *plan, int channel_fd, int send_fd, const char *name,
                                     struct nsu_fail *fail);

#endif
