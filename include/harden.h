/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * harden.h - what the opener of a session gives up, and all that it starts with it: privileges by execve(2), capabilities of
 * its bounding set, system calls. Nothing of it comes back.
 */
#ifndef NSU_HARDEN_H
#define NSU_HARDEN_H

#include "base.h"
#include "fail.h"
#include "plan.h"

struct sock_filter;

/* All that is needed after the commit, where nothing may be looked up or loaded any more. */
struct nsu_harden {
	struct nsu_plan_harden what;
	const struct sock_filter *filter; /* of the program itself; NULL: no system call is denied */
	unsigned short n_filter;          /* instructions */
};

#define NSU_HARDEN_INIT                                                                                                \
	{                                                                                                              \
		.filter = NULL                                                                                         \
	}

/**
 * nsu_harden_prepare - make sure that nsu_harden_apply() will not fail, and that a session can be made at all.
 * @what:       borrowed
 * @ret_harden: holds no resource; untouched on failure
 * @fail:       record; says what is missing
 *
 * Changes nothing of the caller, allocates and opens nothing. Return: 0; -EPERM without CAP_SETPCAP where capabilities are to
 * go, or if CAP_SYS_ADMIN is no longer in the bounding set, as after an earlier session of this process; -ENOSYS if the
 * kernel has no seccomp filters, or there are none for this architecture or build.
 */
NSU_CHECKED int nsu_harden_prepare(const struct nsu_plan_harden *what, struct nsu_harden *ret_harden,
                                   struct nsu_fail *fail);

/**
 * nsu_harden_apply - give it up, for this process and its children.
 * @harden: prepared
 * @fail:   record
 *
 * The caller keeps the capabilities that it has, until it executes a program or becomes another user. What is given up
 * already stays so; a filter is put in once more. Return: 0; -errno of prctl(2), capset(2), seccomp(2), -ENOMEM where there
 * are some hundred filters already: the caller may then have lost a part, and MUST NOT go on with the session.
 */
NSU_CHECKED int nsu_harden_apply(const struct nsu_harden *harden, struct nsu_fail *fail);

#endif
