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
	struct sock_filter *filter; /* NULL: no system call is denied */
	unsigned short n_filter;    /* instructions */
};

#define NSU_HARDEN_INIT                                                                                                \
	{                                                                                                              \
		.filter = NULL                                                                                         \
	}

/**
 * nsu_harden_prepare - make sure that nsu_harden_apply() will not fail.
 * @what:   borrowed
 * @harden: initialised; for nsu_harden_clear(), also on failure
 * @fail:   record; says what is missing
 *
 * Changes nothing of the caller. Return: 0; -EPERM without CAP_SETPCAP where capabilities are to go; -ENOSYS if the
 * kernel has no seccomp filters, or libseccomp is not there; -ENOMEM.
 */
NSU_CHECKED int nsu_harden_prepare(const struct nsu_plan_harden *what, struct nsu_harden *harden,
                                   struct nsu_fail *fail);

/**
 * nsu_harden_apply - give it up, for this process and its children.
 * @harden: prepared
 * @fail:   record
 *
 * Return: 0; -errno of prctl(2), capset(2): the caller may then have lost a part, and MUST NOT go on with the session.
 */
NSU_CHECKED int nsu_harden_apply(const struct nsu_harden *harden, struct nsu_fail *fail);

/**
 * nsu_harden_clear - free what nsu_harden_prepare() has made.
 * @harden: as NSU_HARDEN_INIT afterwards
 */
void nsu_harden_clear(struct nsu_harden *harden);

#endif
