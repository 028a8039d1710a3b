/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * confine.h - what the helper, and an assistant (assist.h), does to itself: away with what it inherited, later away with what
 * it no longer needs.
 */
#ifndef NSU_CONFINE_H
#define NSU_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "fail.h"

/**
 * nsu_confine_reset - put off what was inherited from the opener, who may be a hostile user's su.
 * @name: what the process is called from here on, at most 15 characters of it
 * @fail: record
 *
 * Groups, terminal and process group, signals (all blocked), umask, limits, scheduler, nice, timer slack, oom_score_adj,
 * descriptors 0-2 on /dev/null, all others but NSU_HELPER_CHANNEL_FD closed. Return: 0; -errno of the step.
 */
NSU_CHECKED int nsu_confine_reset(const char *name, struct nsu_fail *fail);

/**
 * nsu_confine_check_limits - after nsu_confine_reset(): could all limits be lifted that would end, or fill, the PID 1 of others?
 * @fail: record; names the limit
 *
 * For a set that later logins join. Where root has no CAP_SYS_RESOURCE the user of an su chooses them. Return: 0; -EPERM if not;
 * -errno of getrlimit(2).
 */
NSU_CHECKED int nsu_confine_check_limits(struct nsu_fail *fail);

/**
 * nsu_confine_show_limits - give back the limits that nsu_confine_reset() has lifted for the set-up.
 * @is_shared: later logins join: what was raised for them stays raised, as does what no PID 1 could live with
 * @fail:      record
 *
 * To be called while CAP_SYS_RESOURCE is there. For pam_limits of Debian takes its defaults from /proc/1/limits: in a session those
 * of its PID 1, which so are those of the host's (takes_limits of ns.h). Undumpable as it is, a limit lets it leave no core.
 * Return: 0; -errno of setrlimit(2), but for -EPERM.
 */
NSU_CHECKED int nsu_confine_show_limits(bool is_shared, struct nsu_fail *fail);

/**
 * nsu_confine_keep - drop all capabilities but these, for good.
 * @capabilities: bits 1 << CAP_*
 * @fail:         record
 *
 * no_new_privs and not dumpable too. Return: 0; -EPERM if one of them is not there; -errno of capset(2), prctl(2).
 */
NSU_CHECKED int nsu_confine_keep(uint64_t capabilities, struct nsu_fail *fail);

/* What PID 1 may have to do at the end of its session. */
enum nsu_confine_keep {
	NSU_CONFINE_KILL = 1,   /* signal its processes: CAP_KILL */
	NSU_CONFINE_REMOVE = 2, /* remove files of theirs: CAP_DAC_OVERRIDE, CAP_FOWNER */
	NSU_CONFINE_DETACH = 4, /* take a mount off: CAP_SYS_ADMIN */
	NSU_CONFINE_LOOK = 8,   /* see whether there are any: no capability */
};

/**
 * nsu_confine_drop - keep only what PID 1 needs: the system calls of init.c and remove.c.
 * @keeps: NSU_CONFINE_* bits
 * @fail:  record
 *
 * No capability but those, no_new_privs, not dumpable, a seccomp filter. Nothing of it comes back. Return: 0; -errno of the step.
 */
NSU_CHECKED int nsu_confine_drop(unsigned keeps, struct nsu_fail *fail);

#endif
