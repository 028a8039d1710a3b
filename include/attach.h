/* SPDX-License-Identifier: BSD-3-Clause */
/* attach.h - become a login of a living set: all of joining it but the setns(2). */
#ifndef NSU_ATTACH_H
#define NSU_ATTACH_H

#include <stdint.h>

#include "base.h"
#include "fail.h"
#include "fsat.h"
#include "set.h"
#include "subject.h"

/**
 * nsu_attach_describe - what a set is told of a login that begins now in the calling process.
 * @subject: borrowed; looked up
 * @login:   filled
 */
void nsu_attach_describe(const struct nsu_subject *subject, struct nsu_login *login);

/**
 * nsu_attach_connect - connect to a set; one where too many wait takes this one a little later.
 * @dirfd:       of nsu_registry_open()
 * @key:         of the set
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @ret_fd:      given; untouched on failure
 *
 * Return: as nsu_registry_connect(), but -ETIMEDOUT for -EAGAIN.
 */
NSU_CHECKED int nsu_attach_connect(int dirfd, const char *key, int64_t deadline_ms, int *ret_fd);

/**
 * nsu_attach_say - say hello, whatever the wish.
 * @channel_fd: borrowed
 * @hello:      borrowed
 * @send_fd:    borrowed: goes with it; -1: none
 *
 * Return: 0; -ECONNRESET if the set has ended; -errno of sendmsg(2).
 */
NSU_CHECKED int nsu_attach_say(int channel_fd, const struct nsu_set_hello *hello, int send_fd);

/**
 * nsu_attach_say_login - say hello as a login, with the caller's pidfd.
 * @channel_fd: borrowed: of a set, or of the helper that is to make one
 * @login:      borrowed
 * @fail:       record
 *
 * Return: 0; -ECONNRESET, without a record, if the set has ended; -errno of the step.
 */
NSU_CHECKED int nsu_attach_say_login(int channel_fd, const struct nsu_login *login, struct nsu_fail *fail);

/* What PID 1 has answered. Every descriptor is O_CLOEXEC. */
struct nsu_attached {
	int channel_fd;   /* the login's: orders COMMIT, END; it ends with its opener too */
	int init_pidfd;   /* of PID 1: what to join */
	int cgroup_dirfd; /* the cgroup that the set's processes are to be in; -1: none */
	struct nsu_fsat_root root;
	char id[NSU_ID_LEN + 1]; /* of the set */
	char note[NSU_NOTE_MAX];
};

#define NSU_ATTACHED_INIT                                                                                              \
	{                                                                                                              \
		.channel_fd = -1, .init_pidfd = -1, .cgroup_dirfd = -1                                                 \
	}

/**
 * nsu_attach - say hello to a set as one more login.
 * @dirfd:       of nsu_registry_open()
 * @key:         of the set
 * @login:       borrowed
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @attached:    initialised; filled on success
 * @fail:        record
 *
 * From the answer on the login counts, until the channel closes; after the order COMMIT (nsu_attach_order) until the order END, or
 * the caller's end.
 * Return: 0; -ENOENT: there is no such set, -ECONNREFUSED: it is dead, -ECONNRESET: it has ended meanwhile: each without a
 * record; -ETIMEDOUT; -EUSERS if it has too many logins; -errno of the step.
 */
NSU_CHECKED int nsu_attach(int dirfd, const char *key, const struct nsu_login *login, int64_t deadline_ms,
                           struct nsu_attached *attached, struct nsu_fail *fail);

/**
 * nsu_attached_clear - close what is held: a login that was not committed ends.
 * @attached: initialised; as NSU_ATTACHED_INIT afterwards
 */
void nsu_attached_clear(struct nsu_attached *attached);

#endif
