/* SPDX-License-Identifier: BSD-3-Clause */
/* plan_spaces.h - the part of nsu_plan_check() that is about single namespaces and limits. Private to plan*.c. */
#ifndef NSU_PLAN_SPACES_H
#define NSU_PLAN_SPACES_H

#include "base.h"
#include "fail.h"
#include "plan.h"

/**
 * nsu_plan_map_bytes - how long an id map is as the kernel reads it.
 * @ranges: borrowed
 * @n:      how many
 *
 * The kernel takes one write(2) of at most NSU_PLAN_MAP_BYTES_MAX. Pure. Return: bytes.
 */
size_t nsu_plan_map_bytes(const struct nsu_plan_range *ranges, size_t n);

/**
 * nsu_plan_check_spaces - are net, user, time and limits of a plan in range, and only where their namespace is?
 * @plan: borrowed
 * @fail: record; names the value
 *
 * Pure. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_plan_check_spaces(const struct nsu_plan *plan, struct nsu_fail *fail);

#endif
