/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_open [-c] COUNT METHOD...: opens and closes COUNT sessions by each method (method.h), in turns of a few, so that what
 * the machine does besides falls on all of them alike. Prints a line for each: its name; median and 99th percentile of open
 * and of close, in microseconds. With -c each is by a child, the order of the turns is another in each round, and a line ends
 * with what the method's open takes more than that of the first method, or of the second for the fourth, sixth and so on: of
 * each turn's median the difference to the other's in the same round, and of these the median.
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
#define BASES        2     /* methods that the others are compared with, in turn */

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

/* So that no method always has its turn behind the same one, whose net namespaces the kernel still clears away. */
static void shuffle(size_t *order, size_t n)
{
	for (size_t i = n; i-- > 1;) {
		size_t other = (size_t)random() % (i + 1);
		size_t kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
}

static double median_of_turn(const struct samples *samples, size_t turn, size_t count)
{
	double opens[TURN_SAMPLES];
	size_t n = count - turn * TURN_SAMPLES;

	n = n < TURN_SAMPLES ? n : TURN_SAMPLES;
	memcpy(opens, samples->opens + turn * TURN_SAMPLES, n * sizeof(*opens));
	return method_percentile(opens, n, 50);
}

static double median_of_differences(const struct samples *samples, const struct samples *base, size_t count)
{
	size_t n = (count + TURN_SAMPLES - 1) / TURN_SAMPLES;
	double *differences = calloc(n, sizeof(*differences));
	double median;

	if (!differences)
		err(1, "memory");
	for (size_t turn = 0; turn < n; turn++)
		differences[turn] = median_of_turn(samples, turn, count) - median_of_turn(base, turn, count);
	median = method_percentile(differences, n, 50);
	free(differences);
	return median;
}

static void print(const char *name, struct samples *samples, size_t count)
{
	printf("%-12s %8.0f %8.0f %8.0f %8.0f", name, method_percentile(samples->opens, count, 50),
	       method_percentile(samples->opens, count, 99), method_percentile(samples->closes, count, 50),
	       method_percentile(samples->closes, count, 99));
}

int main(int argc, char **argv)
{
	bool by_child = argc > 1 && strcmp(argv[1], "-c") == 0;
	size_t count = argc > 2 + by_child ? strtoul(argv[1 + by_child], NULL, 10) : 0;
	char **names = argv + 2 + by_child;
	size_t n_methods = (size_t)(argc - 2 - by_child);
	struct samples *samples = calloc((size_t)argc, sizeof(*samples));
	struct method **methods = calloc((size_t)argc, sizeof(struct method *));
	double *mores = calloc((size_t)argc, sizeof(*mores));
	size_t *order = calloc((size_t)argc, sizeof(*order));

	if (count == 0 || !samples || !methods || !mores || !order)
		errx(2, "usage: bench_open [-c] COUNT METHOD...");
	srandom((unsigned)getpid());
	method_touch_memory();
	for (size_t i = 0; i < n_methods; i++) {
		methods[i] = method_get(names[i]);
		samples[i].opens = calloc(count, sizeof(double));
		samples[i].closes = calloc(count, sizeof(double));
		if (!samples[i].opens || !samples[i].closes)
			err(1, "memory");
	}
	for (size_t i = 0; i < n_methods; i++)
		order[i] = i;
	while (samples[0].n < count) {
		if (by_child)
			shuffle(order, n_methods);
		for (size_t i = 0; i < n_methods; i++)
			take_turn(methods[order[i]], &samples[order[i]], count, by_child);
	}
	for (size_t i = 0; by_child && i < n_methods; i++)
		mores[i] =
			median_of_differences(&samples[i], &samples[i % BASES], count); /* before print() sorts them */
	for (size_t i = 0; i < n_methods; i++) {
		print(names[i], &samples[i], count);
		if (by_child)
			printf(" %8.0f", mores[i]);
		putchar('\n');
	}
	return 0;
}
