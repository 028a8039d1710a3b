/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * logins.h - who is in the set: PID 1 waits for what its logins, and who connects to its socket, have to say. Nothing here blocks
 * but nsu_logins_wait(), and only the system calls that confine.c lists are made.
 */
#ifndef NSU_LOGINS_H
#define NSU_LOGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "fsat.h"
#include "set.h"

/* One connection: a login, or somebody who has not said yet what he wants, or who asks. */
struct nsu_slot {
	int channel_fd;      /* -1: closed; the login stays until its opener ends */
	int opener_pidfd;    /* -1: it is no login */
	bool is_committed;   /* the opener is inside, or about to be: its channel may close without an end */
	int64_t deadline_ms; /* no login: until when it may stay */
	struct nsu_login login;
};

#define NSU_SLOTS_MAX (NSU_LOGINS_MAX + 64)

/* Static, for its size; what is not used costs nothing. */
struct nsu_logins {
	struct nsu_set set;        /* n_logins is kept up to date */
	int listen_fd;             /* -1: nobody can connect */
	int self_pidfd;            /* of PID 1, which each login gets */
	int cgroup_dirfd;          /* likewise; -1: none */
	struct nsu_fsat_root root; /* likewise */
	bool is_outside;           /* who connects is outside of this pid namespace: he has no number in it */
	bool is_brief;             /* the helper was only to prepare: the login ends with its channel in any case */
	uid_t root_uid;            /* the host's root, as this process sees him */
	unsigned char *frame;      /* NSU_FRAME_MAX bytes of its own to work with */
	int64_t deaf_until_ms;     /* no descriptor was left for who connects */
	size_t n_slots;
	struct nsu_slot slots[NSU_SLOTS_MAX];
};

/**
 * nsu_logins_begin - the set with its first login.
 * @logins:       its other members are set; no slot is used
 * @login:        borrowed
 * @channel_fd:   given
 * @opener_pidfd: given
 */
void nsu_logins_begin(struct nsu_logins *logins, const struct nsu_login *login, int channel_fd, int opener_pidfd);

/**
 * nsu_logins_wait - wait until something happens, and do what follows from it.
 * @logins:     there may be none
 * @wake_fd:    a descriptor that ends the wait when it is readable; -1: none
 * @timeout_ms: -1: none
 *
 * Return: true if somebody has ordered the set to end.
 */
NSU_CHECKED bool nsu_logins_wait(struct nsu_logins *logins, int wake_fd, int timeout_ms);

#endif
