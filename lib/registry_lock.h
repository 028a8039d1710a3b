/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * registry_lock.h - the lock of a key, and the question that is asked under it. Private to registry.c and registry_walk.c.
 *
 * Names in the directory: a key; ".<id>", a socket on its way to a key; "<key>.lock", held while what is dead under that key is
 * replaced or removed. Whoever makes a lock's file removes it while he holds it: so a held one counts only as long as it has its
 * name.
 */
#ifndef NSU_REGISTRY_LOCK_H
#define NSU_REGISTRY_LOCK_H

#include <stdbool.h>

#include "base.h"
#include "defaults.h"

#define NSU_REGISTRY_LOCK_SUFFIX ".lock"

/**
 * nsu_registry_is_dead - does nobody listen there any more, and will nobody again?
 * @dirfd: of nsu_registry_open()
 * @name:  in it
 * @path:  where that name is found by connect(2)
 *
 * Dead is what refuses and has its name before and after that: PID 1 takes the name of a socket away before it closes it, so what
 * is closed and has its name still loses it only under the lock. Return: whether it is so; false in doubt.
 */
bool nsu_registry_is_dead(int dirfd, const char *name, const char *path);

/**
 * nsu_registry_try_lock - take the lock of a key.
 * @dirfd:  of nsu_registry_open()
 * @key:    of a set
 * @ret_fd: given: for nsu_registry_unlock(); untouched on failure
 *
 * Never blocks. Return: 0; -EWOULDBLOCK if another has it; -errno of openat(2), flock(2), fstat(2).
 */
NSU_CHECKED int nsu_registry_try_lock(int dirfd, const char *key, int *ret_fd);

/**
 * nsu_registry_unlock - give the lock back.
 * @dirfd:   of nsu_registry_open()
 * @key:     of a set
 * @lock_fd: of nsu_registry_try_lock(); closed
 */
void nsu_registry_unlock(int dirfd, const char *key, int *lock_fd);

#endif
