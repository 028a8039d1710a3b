/* SPDX-License-Identifier: BSD-3-Clause */
/* target.h - what the mounts of a plan need, opened: the places to mount over, and what is mounted there. */
#ifndef NSU_TARGET_H
#define NSU_TARGET_H

#include <stdbool.h>

#include "base.h"
#include "fail.h"
#include "instance.h"
#include "plan.h"

/* A mount under way. */
struct nsu_work {
	int target_fd;    /* -1: not open: it lies inside an earlier mount, or is missing and optional */
	int source_fd;    /* of instance, bind and expose; else -1 */
	int mount_fd;     /* its root once it is made, where that is wanted; -1: not made, or not wanted */
	int parent;       /* index of the earlier mount that its path lies in; -1: the host */
	bool root_wanted; /* something is put into it later */
	bool is_guarded;  /* nobody but root may be able to move its place away */
	bool is_skipped;  /* optional, and missing */
};

struct nsu_setup {
	const struct nsu_plan *plan;
	struct nsu_work work[NSU_PLAN_MOUNTS_MAX];
	int run_dir;    /* index of the tmpfs on NSU_RUN_DIR; -1: the plan has none */
	bool has_masks; /* they have been made in it */
	struct nsu_instances instances;
	struct nsu_fail *fail;
};

/**
 * nsu_target_is_guarded - does a mount hide or protect something, so that it must stay where it is?
 * @mount: borrowed
 *
 * A mask, a read-only place, a read-only bind. Pure. Return: whether it does.
 */
bool nsu_target_is_guarded(const struct nsu_plan_mount *mount);

/**
 * nsu_target_begin - see how the mounts of a plan lie in one another.
 * @setup: its plan and record are set, the rest is filled
 *
 * Pure.
 */
void nsu_target_begin(struct nsu_setup *setup);

/**
 * nsu_target_open_all - open all targets that exist on the host, and all sources.
 * @setup: has begun; its descriptors are given to nsu_target_end(), also on failure
 *
 * To be called before the first mount that hides anything. Makes NSU_RUN_DIR and the directories of instances.
 * Return: 0; -errno of the step that failed, named in the record.
 */
NSU_CHECKED int nsu_target_open_all(struct nsu_setup *setup);

/**
 * nsu_target_open_inner - open the target of a mount that lies inside an earlier one, which is made and attached.
 * @setup: all else is open
 * @index: of the mount; its target stays closed where there is none and it is optional
 *
 * Made there if it is missing and the earlier one is a tmpfs or an instance. Return: 0; -errno, named in the record.
 */
NSU_CHECKED int nsu_target_open_inner(struct nsu_setup *setup, size_t index);

/**
 * nsu_target_end - close what is open, but for what PID 1 needs of the instances.
 * @setup: has begun
 */
void nsu_target_end(struct nsu_setup *setup);

#endif
