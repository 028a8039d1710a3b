/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * registry.h - which sets live: NSU_RUN_DIR, with the listening socket of each set's PID 1 under the set's key.
 *
 * An entry gets its name by rename(2) once it listens, so one that refuses a connection has nobody behind it any more. It is
 * replaced, or removed, only under the lock of its key, which only processes take that no user can stop: helpers (real uid 0),
 * and the administrator's tool with its signals blocked. PID 1 itself removes its entry before it stops listening, and needs none.
 */
#ifndef NSU_REGISTRY_H
#define NSU_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "defaults.h"
#include "fail.h"

/**
 * nsu_registry_open - open the directory.
 * @may_make:  make it where it is missing: for helpers, whose umask is their own
 * @ret_dirfd: given: O_RDONLY; untouched on failure
 * @fail:      record
 *
 * Return: 0; -ENOENT if it is missing; -EPERM if it is not a directory that is root's, 0700; -errno of mkdir(2), open(2): -ELOOP,
 * -ENOTDIR among them.
 */
NSU_CHECKED int nsu_registry_open(bool may_make, int *ret_dirfd, struct nsu_fail *fail);

/**
 * nsu_registry_connect - connect to the PID 1 of a set.
 * @dirfd:  of nsu_registry_open()
 * @key:    of the set (nsu_set_key)
 * @ret_fd: given: SOCK_SEQPACKET, O_CLOEXEC, O_NONBLOCK; untouched on failure
 *
 * Never blocks. Needs /proc. Return: 0; -ENOENT where there is no such set; -ECONNREFUSED where it is dead; -EAGAIN where so many wait
 * that one has to come again; -errno of socket(2), connect(2).
 */
NSU_CHECKED int nsu_registry_connect(int dirfd, const char *key, int *ret_fd);

/* A set that is about to be known, or is. */
struct nsu_registry_entry {
	int dirfd;             /* of nsu_registry_open(): owned */
	int listen_fd;         /* non-blocking; -1: not claimed yet */
	char key[NSU_KEY_MAX]; /* "": likewise */
};

#define NSU_REGISTRY_ENTRY_INIT                                                                                        \
	{                                                                                                              \
		.dirfd = -1, .listen_fd = -1                                                                           \
	}

/**
 * nsu_registry_claim - become the set of a key.
 * @entry:       its dirfd is set; on success it listens, under that key
 * @id:          of the set: names the socket until it has the key
 * @key:         of the set
 * @deadline_ms: in the time of nsu_proc_now_ms(): for the lock of the key
 * @fail:        record
 *
 * Changes the working directory. Of several that claim one key at once exactly one succeeds. What is dead is replaced. No
 * failure leaves anything. Needs neither /proc nor a capability.
 * Return: 0; -EEXIST, and no record, if a living set has the key; -ETIMEDOUT; -errno of the step.
 */
NSU_CHECKED int nsu_registry_claim(struct nsu_registry_entry *entry, const char *id, const char *key,
                                   int64_t deadline_ms, struct nsu_fail *fail);

/**
 * nsu_registry_leave - nobody finds the set any more.
 * @entry: claimed, or as NSU_REGISTRY_ENTRY_INIT; its descriptors are closed
 *
 * Who has connected, and was not accepted, is told by the end of the connection. Only unlinkat(2) and close(2).
 */
void nsu_registry_leave(struct nsu_registry_entry *entry);

/**
 * nsu_registry_forget - remove what a set of one login may have left there, whose PID 1 was killed.
 * @id: of the set; nobody else ever uses it, so no lock is needed
 *
 * For its opener, in the host's view, once PID 1 is dead. What is not there is no failure.
 */
void nsu_registry_forget(const char *id);

/* Gets one key. Return: 0 to go on. */
typedef int nsu_registry_tell(void *data, const char *key);

/**
 * nsu_registry_each - call a function for each key there is.
 * @dirfd: of nsu_registry_open()
 * @tell:  called for each; what it returns, if not 0, ends the walk
 * @data:  for @tell
 * @fail:  record
 *
 * In no order; entries that come and go meanwhile may be left out. Return: 0; what @tell returned; -errno of getdents64(2).
 */
NSU_CHECKED int nsu_registry_each(int dirfd, nsu_registry_tell *tell, void *data, struct nsu_fail *fail);

/**
 * nsu_registry_sweep - remove what dead sets have left: entries, and sockets and locks that never became one or remained.
 * @dirfd: of nsu_registry_open()
 *
 * Blocks all signals meanwhile, and waits for no lock. For the administrator's tool. What can't be removed stays for the next time.
 */
void nsu_registry_sweep(int dirfd);

#endif
