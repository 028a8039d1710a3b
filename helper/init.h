/* SPDX-License-Identifier: BSD-3-Clause */
/* init.h - PID 1 of a set: watch its logins, end. */
#ifndef NSU_INIT_H
#define NSU_INIT_H

#include <stdbool.h>

#include "base.h"
#include "fail.h"
#include "logins.h"
#include "registry.h"

/* What PID 1 lives by. */
struct nsu_init {
	struct nsu_logins *logins; /* with the first one */
	struct nsu_registry_entry *entry;
	int signals_fd;     /* of nsu_init_watch_signals() */
	bool leaves_nobody; /* at the return no process is left, so that nobody uses what is thrown away then */
	bool is_pid1;       /* false: a helper without a pid namespace */
};

/**
 * nsu_init_watch_signals - have the kernel reap what is orphaned in the set, and tell of it where that matters.
 * @plan:           borrowed
 * @ret_signals_fd: lifetime processes: a signalfd that is readable when an orphan has ended; a shared set: when a SIGTERM has
 *                  come; neither: -1
 * @fail:           record
 *
 * All signals are blocked already. To be called before nsu_confine_drop(), which takes sigaction(2) away.
 * Return: 0; -errno of sigaction(2), signalfd(2).
 */
NSU_CHECKED int nsu_init_watch_signals(const struct nsu_plan *plan, int *ret_signals_fd, struct nsu_fail *fail);

/**
 * nsu_init_run - be PID 1 until the set ends.
 * @init: borrowed
 *
 * Ends as its lifetime says, or when it is ordered to, by a SIGTERM from outside too where the set is shared. Then nobody finds the set any more: its entry goes first. SIGTERM to all,
 * up to stop_timeout for them to end; where nobody is to be left then SIGKILL, and up to NSU_KILL_WAIT_MS until all are gone.
 * At the return the caller exits, at which the kernel kills what is left.
 */
void nsu_init_run(const struct nsu_init *init);

#endif
