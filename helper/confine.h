/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * confine.h - what the helper does to itself: away with what it inherited, later away with what it no longer needs.
 */
#ifndef NSU_CONFINE_H
#define NSU_CONFINE_H

#include <stdbool.h>

#include "base.h"
#include "fail.h"

/**
 * nsu_confine_reset - put off what was inherited from the opener, who may be a hostile user's su.
 * @fail: record
 *
 * Groups, terminal and process group, signals (all blocked), umask, limits, scheduler, nice, timer slack, oom_score_adj,
 * descriptors 0-2 on /dev/null, all others but NSU_HELPER_CHANNEL_FD closed. Return: 0; -errno of the step.
 */
NSU_CHECKED int nsu_confine_reset(struct nsu_fail *fail);

/**
 * nsu_confine_drop - keep only what PID 1 needs: the system calls of init.c.
 * @keeps_kill: CAP_KILL and kill(2) too, to give the session's processes their time at its end
 * @fail:       record
 *
 * No capability, no_new_privs, not dumpable, a seccomp filter. Nothing of it comes back. Return: 0; -errno of the step.
 */
NSU_CHECKED int nsu_confine_drop(bool keeps_kill, struct nsu_fail *fail);

#endif
