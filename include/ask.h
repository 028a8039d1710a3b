/* SPDX-License-Identifier: BSD-3-Clause */
/* ask.h - ask living sets what they are: what `nsunshare list` and its like know, they know from here. */
#ifndef NSU_ASK_H
#define NSU_ASK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "fail.h"
#include "set.h"

/* A living set, as its PID 1 has told it. */
struct nsu_asked {
	char key[NSU_KEY_MAX];
	struct nsu_set set;
	struct nsu_login *logins; /* n, by since: set.n_logins of them, or fewer where some have gone meanwhile */
	size_t n;
	int pidfd;      /* of PID 1 */
	pid_t init_pid; /* its number here */
};

#define NSU_ASKED_INIT                                                                                                 \
	{                                                                                                              \
		.pidfd = -1                                                                                            \
	}

/**
 * nsu_ask - ask one set.
 * @dirfd:       of nsu_registry_open()
 * @key:         of the set
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @asked:       initialised; filled on success, for nsu_asked_clear()
 * @fail:        record
 *
 * Return: 0; -ENOENT, -ECONNREFUSED, -ECONNRESET: it has ended; -ETIMEDOUT; -ENOMEM; -errno of the step.
 */
NSU_CHECKED int nsu_ask(int dirfd, const char *key, int64_t deadline_ms, struct nsu_asked *asked,
                        struct nsu_fail *fail);

/* All of them. */
struct nsu_asked_list {
	struct nsu_asked *items; /* n + n_silent */
	size_t n;
	size_t n_silent; /* behind those: gave no answer in time (frozen, or stopped by root), or none of this version. Only key,
	                  * pidfd and init_pid are known, and these two are -1 and 0 where even the connection took too long */
};

#define NSU_ASKED_LIST_INIT                                                                                            \
	{                                                                                                              \
		.n = 0                                                                                                 \
	}

/**
 * nsu_ask_all - ask every set, and remove what dead ones have left.
 * @list: initialised; filled, ordered by since, then id; for nsu_asked_list_clear(), also on failure
 * @fail: record
 *
 * All sets together get NSU_ASK_MS to answer. Raises the limit of descriptors meanwhile, of which each set takes one. Return: 0,
 * with none if there is no registry; -ENOMEM; -EMFILE; -errno of the registry.
 */
NSU_CHECKED int nsu_ask_all(struct nsu_asked_list *list, struct nsu_fail *fail);

/**
 * nsu_ask_to_end - tell a set to end, as it would with its last login.
 * @dirfd: of nsu_registry_open()
 * @key:   of the set
 * @fail:  record
 *
 * Does not wait: its pidfd becomes readable. Return: 0; -ENOENT, -ECONNREFUSED: it has ended; -errno of the step.
 */
NSU_CHECKED int nsu_ask_to_end(int dirfd, const char *key, struct nsu_fail *fail);

/**
 * nsu_asked_clear - free what one holds.
 * @asked: initialised; as NSU_ASKED_INIT afterwards
 */
void nsu_asked_clear(struct nsu_asked *asked);

/**
 * nsu_asked_list_clear - free all.
 * @list: initialised; as NSU_ASKED_LIST_INIT afterwards
 */
void nsu_asked_list_clear(struct nsu_asked_list *list);

#endif
