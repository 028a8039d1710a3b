/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_open [-c] COUNT METHOD...: opens and closes COUNT sessions by each method (method.h), in turns of a few, so that what
 * the machine does besides falls on all of them alike; with -c each by a child. Prints a line for each: its name; median and 99th percentile of open
 * and of close, in microseconds.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "method.h"

#define TURN_SAMPLES 25
#define TURN_WARM_UP 5
#define TURN_REST_US 30000 /* what the kernel still clears away of the last method's sessions is not the next one's */
struct samples {
	double *opens;
	double *closes;
	size_t n;
};

static void take_turn(struct method *method, struct samples *samples, size_t count, bool by_child)
{
	usleep(TURN_REST_US);
	for (int i = 0; i < TURN_WARM_UP + TURN_SAMPLES && samples->n < count; i++) {
		double opened, closed;

		if (by_child) {
			method_sample(method, &opened, &closed);
		} else {
			opened = method_open(method);
			closed = method_close(method);
		}
		if (i < TURN_WARM_UP)
			continue;
		samples->opens[samples->n] = opened;
		samples->closes[samples->n++] = closed;
	}
}

int main(int argc, char **argv)
{
	bool by_child = argc > 1 && strcmp(argv[1], "-c") == 0;
	size_t count = argc > 2 + by_child ? strtoul(argv[1 + by_child], NULL, 10) : 0;
	char **names = argv + 2 + by_child;
	size_t n_methods = (size_t)(argc - 2 - by_child);
	struct samples *samples = calloc((size_t)argc, sizeof(*samples));
	struct method **methods = calloc((size_t)argc, sizeof(struct method *));

	if (count == 0 || !samples || !methods)
		errx(2, "usage: bench_open [-c] COUNT METHOD...");
	method_touch_memory();
	for (size_t i = 0; i < n_methods; i++) {
		methods[i] = method_get(names[i]);
		samples[i].opens = calloc(count, sizeof(double));
		samples[i].closes = calloc(count, sizeof(double));
		if (!samples[i].opens || !samples[i].closes)
			err(1, "memory");
	}
	while (samples[0].n < count) {
		for (size_t i = 0; i < n_methods; i++)
			take_turn(methods[i], &samples[i], count, by_child);
	}
	for (size_t i = 0; i < n_methods; i++)
		printf("%-12s %8.0f %8.0f %8.0f %8.0f\n", names[i], method_percentile(samples[i].opens, count, 50),
		       method_percentile(samples[i].opens, count, 99), method_percentile(samples[i].closes, count, 50),
		       method_percentile(samples[i].closes, count, 99));
	return 0;
}
