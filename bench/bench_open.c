/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_open SERVICE USER COUNT: open and close a PAM session COUNT times in one process that has touched 10 MiB of memory,
 * about what sshd has. Prints one line: service, median and 99th percentile of open and of close, in microseconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <security/pam_appl.h>

#define TOUCHED_BYTES (10UL * 1024 * 1024)
#define WARM_UP       20

static int silent_conversation(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(double *samples, size_t n, unsigned percent)
{
	qsort(samples, n, sizeof(*samples), compare);
	return samples[(n - 1) * percent / 100];
}

int main(int argc, char **argv)
{
	const struct pam_conv conversation = {silent_conversation, NULL};
	size_t n = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	double *opens = calloc(n + 1, sizeof(*opens));
	double *closes = calloc(n + 1, sizeof(*closes));
	char *touched = malloc(TOUCHED_BYTES);
	pam_handle_t *pamh;

	if (n == 0 || !opens || !closes || !touched) {
		fprintf(stderr, "usage: bench_open SERVICE USER COUNT\n");
		return 2;
	}
	memset(touched, 1, TOUCHED_BYTES);
	if (pam_start(argv[1], argv[2], &conversation, &pamh) != PAM_SUCCESS) {
		fprintf(stderr, "bench_open: pam_start('%s') failed\n", argv[1]);
		return 1;
	}
	for (size_t i = 0; i < n + WARM_UP; i++) {
		double begin = now_us();
		double opened;

		if (pam_open_session(pamh, PAM_SILENT) != PAM_SUCCESS) {
			fprintf(stderr, "bench_open: open %zu of '%s' was refused\n", i, argv[1]);
			return 1;
		}
		opened = now_us();
		pam_close_session(pamh, PAM_SILENT);
		if (i < WARM_UP)
			continue;
		opens[i - WARM_UP] = opened - begin;
		closes[i - WARM_UP] = now_us() - opened;
	}
	printf("%-14s %8.0f %8.0f %8.0f %8.0f\n", argv[1], percentile(opens, n, 50), percentile(opens, n, 99),
	       percentile(closes, n, 50), percentile(closes, n, 99));
	pam_end(pamh, PAM_SUCCESS);
	free(touched);
	free(closes);
	free(opens);
	return 0;
}
