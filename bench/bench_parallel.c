/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_parallel SECONDS OPENERS METHOD: so many processes open and close sessions for so long by a method (method.h). Prints
 * the method and how many sessions there were in a second.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "method.h"

static void run_until(const char *name, time_t end, long *count)
{
	struct method *method = method_get(name);

	while (time(NULL) < end) {
		method_open(method);
		method_close(method);
		++*count;
	}
	exit(0);
}

int main(int argc, char **argv)
{
	long seconds = argc == 4 ? atol(argv[1]) : 0;
	long openers = argc == 4 ? atol(argv[2]) : 0;
	time_t end = time(NULL) + seconds;
	long *counts, sum = 0;
	int status;

	if (seconds < 1 || openers < 1)
		errx(2, "usage: bench_parallel SECONDS OPENERS METHOD");
	counts = mmap(NULL, (size_t)openers * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (counts == MAP_FAILED)
		err(1, "memory");
	for (long i = 0; i < openers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0)
			run_until(argv[3], end, &counts[i]);
	}
	while (wait(&status) > 0) {
		if (status != 0)
			errx(1, "an opener has failed");
	}
	for (long i = 0; i < openers; i++)
		sum += counts[i];
	printf("%-12s %8ld\n", argv[3], sum / seconds);
	return 0;
}
