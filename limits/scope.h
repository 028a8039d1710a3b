/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scope.h - the cgroup of a session, and that of a shared set's PID 1, where systemd runs the host, and with it all cgroups: asked of
 * systemd by D-Bus.
 */
#ifndef NSU_SCOPE_H
#define NSU_SCOPE_H

#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "fail.h"
#include "plan.h"

/* Who asks, and for whom. */
struct nsu_scope {
	const struct nsu_plan *plan;
	int mount_dirfd;     /* the root of cgroup2's mount; -1 where the plan has no limits */
	int helper_pidfd;    /* of the helper's process, which a scope of the session's own is begun with */
	pid_t opener;        /* its number: the leader of a session of logind's, or not */
	int64_t deadline_ms; /* in the time of nsu_proc_now_ms() */
};

/**
 * nsu_scope_make - have the cgroup of a session, or of a set, made.
 * @scope:     borrowed
 * @ret_dirfd: given: the directory that the session is to enter; untouched on failure, and where the plan has no limits
 * @fail:      record; names the step, with what systemd says
 *
 * The PID 1 of a shared set, which is the helper, gets a scope of its own, nsunshare-<id>.scope, in the slice of the user, or in
 * NSU_LIMITS_SLICE where it is a set of several users. So do the limits of one.
 * Else an opener that leads a session of logind's for the plan's user, as sshd and login do, stays in the scope of that, which gets
 * the limits. Any other gets a scope of its own, in the slice of the plan's user. A scope of its own has the helper in it
 * at the return; it ends with the last process in it, and so needs no undoing. Blocks until the deadline at most.
 * Return: 0; -ENOTSUP where this is built without libsystemd; -EXDEV from inside a container or pid namespace that systemd does
 * not run; -ESRCH if the helper has died; -ETIMEDOUT; -errno of the step.
 */
NSU_CHECKED int nsu_scope_make(const struct nsu_scope *scope, int *ret_dirfd, struct nsu_fail *fail);

#endif
