/* SPDX-License-Identifier: BSD-3-Clause */
/* init.h - PID 1 of a session: watch the opener, end. */
#ifndef NSU_INIT_H
#define NSU_INIT_H

#include <stdbool.h>

#include "base.h"
#include "fail.h"

/* What PID 1 lives by. */
struct nsu_init {
	int channel_fd;      /* orders of the opener */
	int opener_pidfd;    /* readable once the opener has ended */
	int stop_timeout_ms; /* between SIGTERM and the end */
	bool leaves_nobody;  /* at the return no process is left, so that nobody uses what is thrown away then */
	bool is_pid1;        /* false: a helper without a pid namespace, which ends with its channel */
};

/**
 * nsu_init_ignore_children - have the kernel reap what is orphaned in the session.
 * @fail: record
 *
 * By ignoring SIGCHLD. To be called before nsu_confine_drop(), which takes sigaction(2) away.
 * Return: 0; -errno of sigaction(2).
 */
NSU_CHECKED int nsu_init_ignore_children(struct nsu_fail *fail);

/**
 * nsu_init_run - be PID 1 until the session ends.
 * @init: borrowed
 *
 * Ends when the opener has died or has ordered it: SIGTERM to all, up to stop_timeout_ms for them to end; where nobody is to
 * be left then SIGKILL, and up to NSU_KILL_WAIT_MS until all are gone. At the return the caller exits, at which the kernel
 * kills what is left. A channel that closes without an order is the end before the opener has said that it is inside (its open has failed), and none after: it lives on.
 */
void nsu_init_run(const struct nsu_init *init);

#endif
