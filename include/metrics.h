/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * metrics.h - what has been counted since the host has started: one file in NSU_RUN_DIR, which every process that opens a session
 * maps and adds to. There is no daemon, and no lock: what is added is added by one instruction, so a process that is
 * stopped, or killed, at any point keeps nobody waiting and leaves nothing half done.
 */
#ifndef NSU_METRICS_H
#define NSU_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "defaults.h"
#include "fail.h"

/* Why a login was refused, or not isolated. */
enum nsu_metrics_reason {
	NSU_METRICS_USER,     /* he is not known, or NSS can't say */
	NSU_METRICS_POLICY,   /* or the module's line: missing, wrong, not trusted, or no session can be made of it */
	NSU_METRICS_NESTED,   /* from inside a session, where the policy or a user namespace refuses it */
	NSU_METRICS_CALLER,   /* it has threads, lacks the capability, has a session open */
	NSU_METRICS_PROGRAMS, /* those of NSU_HELPER_FILE's directory are missing, or not root's */
	NSU_METRICS_KERNEL,   /* it is too old */
	NSU_METRICS_LIMIT,    /* memory, descriptors, namespaces, mounts, space on a file system */
	NSU_METRICS_TIMEOUT,  /* the policy's */
	NSU_METRICS_OTHER,    /* a step of making the session has failed: a mount of what does not exist, say */
};

#define NSU_METRICS_REASONS (NSU_METRICS_OTHER + 1)

/* The buckets of an open's time; the last one has no upper bound. */
#define NSU_METRICS_BUCKETS 15

/* Under this name stands what profiles have done that found no place of their own; no profile can have it. */
#define NSU_METRICS_OTHERS "(other)"

/* The file, mapped. */
struct nsu_metrics;

struct nsu_metrics_profile {
	char name[NSU_METRICS_NAME_MAX]; /* printable */
	uint64_t opened[2];              /* not joined, joined */
	uint64_t closed;
};

struct nsu_metrics_times {
	uint64_t buckets[NSU_METRICS_BUCKETS]; /* each by itself, not what is below it */
	uint64_t sum_ns;
};

/* What the file said at one time. */
struct nsu_metrics_counts {
	size_t n_profiles;
	struct nsu_metrics_profile
		profiles[NSU_METRICS_PROFILES + 1]; /* by name; NSU_METRICS_OTHERS first, if it has any */
	uint64_t refused[NSU_METRICS_REASONS];
	uint64_t let_in[NSU_METRICS_REASONS]; /* not isolated, by on_error = "allow" */
	struct nsu_metrics_times times[2];    /* not joined, joined */
};

/**
 * nsu_metrics_reason_name - what a reason is called in the output.
 * @reason: which
 *
 * Pure. Return: a constant text of lower-case letters.
 */
const char *nsu_metrics_reason_name(enum nsu_metrics_reason reason);

/**
 * nsu_metrics_bound_ns - where a bucket ends.
 * @bucket: 0..NSU_METRICS_BUCKETS - 1
 *
 * Pure. Return: the longest time that is in it, in nanoseconds; UINT64_MAX for the last one.
 */
uint64_t nsu_metrics_bound_ns(size_t bucket);

/**
 * nsu_metrics_map - map the file, which is made where it is missing.
 * @dirfd:       of nsu_registry_open()
 * @ret_metrics: given, for nsu_metrics_unmap(); untouched on failure
 * @fail:        record
 *
 * For a process whose umask and limits are a user's: it never blocks, never raises a signal, and never makes the file but complete
 * and with all its pages, so that none is missing when they are written. What is there and is not such a file is left alone.
 * Needs /proc to make it. Return: 0; -EINVAL if it is another file; -EFBIG if RLIMIT_FSIZE forbids to make it;
 * -EOPNOTSUPP if it would not be on a tmpfs, where writing could block or fail; -ENOSPC; -errno of open(2), mmap(2).
 */
NSU_CHECKED int nsu_metrics_map(int dirfd, struct nsu_metrics **ret_metrics, struct nsu_fail *fail);

/**
 * nsu_metrics_unmap - the end of a mapping.
 * @metrics: taken; NULL is fine
 */
void nsu_metrics_unmap(struct nsu_metrics *metrics);

/**
 * nsu_metrics_opened - a session was opened.
 * @metrics:   borrowed
 * @profile:   its profile
 * @is_joined: it was there already
 * @took_ns:   how long it took
 */
void nsu_metrics_opened(struct nsu_metrics *metrics, const char *profile, bool is_joined, uint64_t took_ns);

/**
 * nsu_metrics_closed - a session was closed.
 * @metrics: borrowed
 * @profile: its profile
 */
void nsu_metrics_closed(struct nsu_metrics *metrics, const char *profile);

/**
 * nsu_metrics_failed - a session could not be opened.
 * @metrics:   borrowed
 * @reason:    why
 * @is_let_in: the policy has let the login in all the same, else it was refused
 */
void nsu_metrics_failed(struct nsu_metrics *metrics, enum nsu_metrics_reason reason, bool is_let_in);

/**
 * nsu_metrics_read - what has been counted up to now.
 * @metrics: borrowed
 * @counts:  filled
 */
void nsu_metrics_read(const struct nsu_metrics *metrics, struct nsu_metrics_counts *counts);

#endif
