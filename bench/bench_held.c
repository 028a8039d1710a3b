/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_held COUNT HELD METHOD [JOINED]: holds so many sessions open by a method (method.h), each in a process of its own, and opens
 * and closes COUNT more. With JOINED it holds one by that too, and opens and closes COUNT more by it in turn with the others: they
 * join that one, if its policy says so. Prints for each the method, HELD, the median and the 99th percentile of open in
 * microseconds, and by how many KiB for each session held there is less memory available, the opener's own included.
 */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "method.h"

#define SETTLE_US 500000 /* for what the kernel still does after many forks */
#define ROUND     25

static long available_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = -1;

	if (!file)
		err(1, "/proc/meminfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemAvailable: %ld", &kib) == 1)
			break;
	}
	fclose(file);
	return kib;
}

static void hold_one(const char *name, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	method_open(method_get(name));
	if (write(ready, "", 1) != 1)
		err(1, "write");
	for (;;)
		pause();
}

static void hold(const char *name, long n)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		err(1, "pipe");
	for (long i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0)
			hold_one(name, ends[1]);
		if (read(ends[0], &byte, 1) != 1)
			errx(1, "session %ld was not opened", i);
	}
}

/* In rounds by each method in turn, so that what the machine does besides is the same for both; what the kernel has to clear away
 * after one has its time before the other begins. */
static void measure(struct method *const *methods, size_t n_methods, double **opens, size_t count)
{
	for (size_t begin = 0; begin < count; begin += ROUND) {
		for (size_t m = 0; m < n_methods; m++) {
			for (size_t i = begin; i < begin + ROUND && i < count; i++) {
				opens[m][i] = method_open(methods[m]);
				method_close(methods[m]);
			}
			if (n_methods > 1)
				usleep(SETTLE_US / 5);
		}
	}
}

int main(int argc, char **argv)
{
	bool joins = argc == 5;
	size_t count = argc == 4 || joins ? strtoul(argv[1], NULL, 10) : 0;
	long held = argc == 4 || joins ? atol(argv[2]) : -1;
	double *opens[] = {calloc(count + 1, sizeof(double)), calloc(count + 1, sizeof(double))};
	struct method *methods[2] = {NULL};
	long before, kib;

	if (count == 0 || held < 1 || !opens[0] || !opens[1])
		errx(2, "usage: bench_held COUNT HELD METHOD [JOINED]");
	before = available_kib();
	hold(argv[3], held);
	usleep(SETTLE_US);
	kib = before - available_kib();
	if (joins)
		hold(argv[4], 1);
	method_touch_memory();
	for (int m = 0; m <= joins; m++)
		methods[m] = method_get(argv[3 + m]);
	measure(methods, 1 + joins, opens, count);
	for (int m = 0; m <= joins; m++)
		printf("%-12s %8ld %8.0f %8.0f %8.0f\n", argv[3 + m], held, method_percentile(opens[m], count, 50),
		       method_percentile(opens[m], count, 99), m > 0 ? 0 : (double)kib / (double)held);
	return 0; /* which is the end of all that are held */
}
