/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * OpenMetrics 1.0, and at the same time what node_exporter's textfile collector reads, the older text format: no time stamps, no
 * exemplars, and what is new in OpenMetrics is a comment there. No _created either: that a counter starts at 0 again after a
 * reboot is found by who reads it.
 */
#include "exposition.h"

#include <inttypes.h>
#include <string.h>

#define PREFIX "nsunshare_"

static const char *const joined_labels[] = {"no", "yes"};
static const char *const scope_names[NSU_PLAN_SCOPES] = {
	[NSU_PLAN_SCOPE_SESSION] = "session",
	[NSU_PLAN_SCOPE_USER] = "user",
	[NSU_PLAN_SCOPE_GROUP] = "group",
	[NSU_PLAN_SCOPE_NAMED] = "named",
};

static void put_family(FILE *stream, const char *name, const char *type, const char *help)
{
	fprintf(stream, "# TYPE " PREFIX "%s %s\n# HELP " PREFIX "%s %s\n", name, type, name, help);
}

/* As the format wants it escaped; what else is not printable has been made so where it was noted. */
static void put_label(FILE *stream, const char *name, const char *value)
{
	fprintf(stream, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", stream);
		else if (*value == '\\' || *value == '"')
			fprintf(stream, "\\%c", *value);
		else
			putc(*value, stream);
	}
	putc('"', stream);
}

/* A value with one label; two, where the second one has a name. */
static void put_value(FILE *stream, const char *name, const char *const labels[4], uint64_t value)
{
	fprintf(stream, PREFIX "%s{", name);
	put_label(stream, labels[0], labels[1]);
	if (labels[2]) {
		putc(',', stream);
		put_label(stream, labels[2], labels[3]);
	}
	fprintf(stream, "} %" PRIu64 "\n", value);
}

static int compare_sets(const void *a, const void *b)
{
	const struct nsu_set *left = &((const struct nsu_asked *)a)->set;
	const struct nsu_set *right = &((const struct nsu_asked *)b)->set;
	int order = strcmp(left->profile, right->profile);

	return order != 0 ? order : (int)left->scope - (int)right->scope;
}

/* Ordered by profile, then scope: equal ones stand together. */
static void put_sets(const struct nsu_asked_list *sets, FILE *stream)
{
	uint64_t n = 0;

	put_family(stream, "sets", "gauge", "Sets of namespaces that live.");
	for (size_t i = 0; i < sets->n; i++) {
		const struct nsu_set *set = &sets->items[i].set;
		const char *const labels[] = {"profile", set->profile, "scope", scope_names[set->scope]};

		n++;
		if (i + 1 < sets->n && compare_sets(&sets->items[i], &sets->items[i + 1]) == 0)
			continue;
		put_value(stream, "sets", labels, n);
		n = 0;
	}
	put_family(stream, "sessions", "gauge", "Sessions that are open in them.");
	for (size_t i = 0; i < sets->n; i++) {
		const struct nsu_set *set = &sets->items[i].set;
		const char *const labels[] = {"profile", set->profile, NULL, NULL};

		n += set->n_logins;
		if (i + 1 < sets->n && strcmp(set->profile, sets->items[i + 1].set.profile) == 0)
			continue;
		put_value(stream, "sessions", labels, n);
		n = 0;
	}
	put_family(stream, "sets_silent", "gauge",
	           "Sets that have given no answer in time; they are not among the others.");
	fprintf(stream, PREFIX "sets_silent %zu\n", sets->n_silent);
}

static void put_profiles(const struct nsu_metrics_counts *counts, FILE *stream)
{
	put_family(stream, "opens", "counter", "Sessions opened.");
	for (size_t i = 0; i < counts->n_profiles; i++) {
		for (size_t joined = 0; joined < 2; joined++) {
			const struct nsu_metrics_profile *profile = &counts->profiles[i];
			const char *const labels[] = {"profile", profile->name, "joined", joined_labels[joined]};

			put_value(stream, "opens_total", labels, profile->opened[joined]);
		}
	}
	put_family(stream, "closes", "counter", "Sessions closed by who has opened them.");
	for (size_t i = 0; i < counts->n_profiles; i++) {
		const char *const labels[] = {"profile", counts->profiles[i].name, NULL, NULL};

		put_value(stream, "closes_total", labels, counts->profiles[i].closed);
	}
}

static void put_reasons(const uint64_t numbers[NSU_METRICS_REASONS], const char *name, FILE *stream)
{
	for (int reason = 0; reason < NSU_METRICS_REASONS; reason++) {
		const char *const labels[] = {"reason", nsu_metrics_reason_name((enum nsu_metrics_reason)reason), NULL,
		                              NULL};

		put_value(stream, name, labels, numbers[reason]);
	}
}

/* Seconds as OpenMetrics writes them: no more digits than needed, at least one behind the point. */
static void put_seconds(uint64_t ns, FILE *stream)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64 ".%09u", ns / 1000000000U, (unsigned)(ns % 1000000000U));

	while (digits[len - 1] == '0' && digits[len - 2] != '.')
		len--;
	fprintf(stream, "%.*s", len, digits);
}

static void put_times(const struct nsu_metrics_times *times, const char *joined, FILE *stream)
{
	uint64_t n = 0;

	for (size_t i = 0; i < NSU_METRICS_BUCKETS; i++) {
		n += times->buckets[i];
		fprintf(stream, PREFIX "open_seconds_bucket{joined=\"%s\",le=\"", joined);
		if (i + 1 < NSU_METRICS_BUCKETS)
			put_seconds(nsu_metrics_bound_ns(i), stream);
		else
			fputs("+Inf", stream);
		fprintf(stream, "\"} %" PRIu64 "\n", n);
	}
	fprintf(stream, PREFIX "open_seconds_count{joined=\"%s\"} %" PRIu64 "\n", joined, n);
	fprintf(stream, PREFIX "open_seconds_sum{joined=\"%s\"} ", joined);
	put_seconds(times->sum_ns, stream);
	putc('\n', stream);
}

void nsu_exposition_print(struct nsu_asked_list *sets, const struct nsu_metrics_counts *counts, FILE *stream)
{
	if (sets->n > 1)
		qsort(sets->items, sets->n, sizeof(*sets->items), compare_sets);
	put_sets(sets, stream);
	put_profiles(counts, stream);
	put_family(stream, "refusals", "counter", "Logins refused.");
	put_reasons(counts->refused, "refusals_total", stream);
	put_family(stream, "not_isolated", "counter", "Logins let in without a session, by on_error = \\\"allow\\\".");
	put_reasons(counts->let_in, "not_isolated_total", stream);
	fputs("# TYPE " PREFIX "open_seconds histogram\n# UNIT " PREFIX "open_seconds seconds\n", stream);
	fputs("# HELP " PREFIX "open_seconds What opening a session took of the login's time.\n", stream);
	put_times(&counts->times[0], joined_labels[0], stream);
	put_times(&counts->times[1], joined_labels[1], stream);
	fputs("# EOF\n", stream);
}
