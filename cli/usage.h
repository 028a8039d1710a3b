/* SPDX-License-Identifier: BSD-3-Clause */
/* usage.h - what the processes of sets use, from one pass over /proc. */
#ifndef NSU_CLI_USAGE_H
#define NSU_CLI_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ask.h"
#include "base.h"
#include "fail.h"

struct nsu_cli_usage {
	bool is_known;
	unsigned long n_processes;
	uint64_t memory_bytes; /* the sum of their resident sets: what they share counts for each */
};

/**
 * nsu_cli_usage_count - count the processes of each set, without its PID 1.
 * @asked:  @n sets that have answered
 * @n:      how many
 * @usages: filled: one for each
 * @fail:   record
 *
 * A process is of the set in whose pid namespace, or below it, it is; where the set has none, in whose mount namespace it is.
 * Processes that come and go meanwhile may be left out; is_known is false for a set that has ended. Waits for no process: reads
 * nothing of /proc that wants a lock of one's memory. Return: 0; -ENOMEM; -errno of opening or reading /proc.
 */
NSU_CHECKED int nsu_cli_usage_count(const struct nsu_asked *asked, size_t n, struct nsu_cli_usage *usages,
                                    struct nsu_fail *fail);

#endif
