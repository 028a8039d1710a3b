/* SPDX-License-Identifier: BSD-3-Clause */
#include "count.h"

#include <errno.h>

#include "fsat.h"
#include "proc.h"
#include "registry.h"

/* Once, however it ends: what an open costs is not to grow by what fails. */
static struct nsu_metrics *map(void)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	struct nsu_metrics *metrics = NULL;
	auto_close int dirfd = -1;

	if (nsu_registry_open(false, &dirfd, &ignored) < 0 || nsu_metrics_map(dirfd, &metrics, &ignored) < 0)
		return NULL;
	return metrics;
}

struct nsu_count nsu_count_begin(void)
{
	struct nsu_count count = {.stage = NSU_COUNT_BEGUN};

	clock_gettime(CLOCK_MONOTONIC, &count.began);
	return count;
}

void nsu_count_prepare(struct nsu_count *count)
{
	count->stage = NSU_COUNT_OPEN;
	count->metrics = map();
}

int64_t nsu_count_opened(const struct nsu_count *count, const struct nsu_plan *plan, bool is_joined)
{
	struct timespec now;
	int64_t took_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec -= plan->time.monotonic; /* it is the session's clock by now */
	took_ns = (now.tv_sec - count->began.tv_sec) * INT64_C(1000000000) + (now.tv_nsec - count->began.tv_nsec);
	if (count->metrics)
		nsu_metrics_opened(count->metrics, plan->profile, is_joined, took_ns > 0 ? (uint64_t)took_ns : 0);
	return took_ns / 1000;
}

static bool is_limit(int err)
{
	static const int limits[] = {ENOMEM, ENOSPC, EUSERS, EAGAIN, EMFILE, ENFILE, EDQUOT};

	for (size_t i = 0; i < NSU_COUNT(limits); i++) {
		if (err == limits[i])
			return true;
	}
	return false;
}

static bool has_programs(void)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	auto_close int fd = -1;

	return nsu_fsat_open_trusted(NSU_HELPER_FILE, NSU_FSAT_EXEC, &fd, &ignored) == 0;
}

/* What an errno does not say is asked again. */
static enum nsu_metrics_reason reason_of_open(int err, bool is_spent)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;

	if (err == ETIMEDOUT)
		return NSU_METRICS_TIMEOUT;
	if (err == ENOSYS)
		return NSU_METRICS_KERNEL;
	if (is_spent)
		return NSU_METRICS_OTHER;
	if (nsu_proc_check_opener(&ignored) < 0)
		return NSU_METRICS_CALLER;
	return has_programs() ? NSU_METRICS_OTHER : NSU_METRICS_PROGRAMS;
}

/* The one place that says why. */
static enum nsu_metrics_reason reason_of(enum nsu_count_stage stage, int err, bool is_spent)
{
	if (is_limit(err))
		return NSU_METRICS_LIMIT;
	switch (stage) {
	case NSU_COUNT_BEGUN:
		return err == EBUSY ? NSU_METRICS_CALLER : NSU_METRICS_POLICY;
	case NSU_COUNT_USER:
		return NSU_METRICS_USER;
	case NSU_COUNT_POLICY:
		return NSU_METRICS_POLICY;
	case NSU_COUNT_NESTED:
		return NSU_METRICS_NESTED;
	case NSU_COUNT_OPEN:
		break;
	}
	return reason_of_open(err, is_spent);
}

void nsu_count_failed(struct nsu_count *count, int err, bool is_spent, bool is_let_in)
{
	if (!count->metrics && !is_spent)
		count->metrics = map();
	if (count->metrics)
		nsu_metrics_failed(count->metrics, reason_of(count->stage, err, is_spent), is_let_in);
}

void nsu_count_end(struct nsu_count *count)
{
	nsu_metrics_unmap(count->metrics);
	count->metrics = NULL;
}

void nsu_count_closed(const char *profile)
{
	struct nsu_metrics *metrics = map();

	if (metrics)
		nsu_metrics_closed(metrics, profile);
	nsu_metrics_unmap(metrics);
}
