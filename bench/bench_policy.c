/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_policy COUNT FILE...: parses each policy COUNT times and asks it about a login of the user alice by sshd, in
 * turns, so that what the machine does besides falls on all of them alike. Prints a line for each: its name; median and
 * 99th percentile of the parse and of the match, in microseconds.
 */
#include <err.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "method.h"
#include "policy.h"
#include "subject.h"

#define TEXT_MAX NSU_CONF_MAX

struct samples {
	const char *path;
	char *text;
	size_t len;
	double *parses;
	double *matches;
};

static void read_file(struct samples *samples)
{
	FILE *file = fopen(samples->path, "re");

	samples->text = calloc(1, TEXT_MAX + 1);
	if (!file || !samples->text)
		err(1, "%s", samples->path);
	samples->len = fread(samples->text, 1, TEXT_MAX, file);
	fclose(file);
}

static void take_sample(struct samples *samples, size_t index)
{
	static struct nsu_plan plan;
	struct nsu_subject subject = NSU_SUBJECT_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;
	double began, parsed;

	if (nsu_subject_look_up(&subject, "alice", &fail) < 0)
		errx(1, "%s", fail.text);
	subject.service = "sshd";
	began = method_now_us();
	if (nsu_policy_parse(samples->text, samples->len, samples->path, &policy, &fail) < 0)
		errx(1, "%s", fail.text);
	parsed = method_now_us();
	if (nsu_policy_match(policy, &subject, NULL, &plan, &fail) < 0 || plan.leave_alone)
		errx(1, "%s: no rule holds: %s", samples->path, fail.text);
	samples->matches[index] = method_now_us() - parsed;
	samples->parses[index] = parsed - began;
	nsu_policy_free(policy);
	nsu_subject_clear(&subject);
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t n_files = (size_t)argc - 2;
	struct samples *files = calloc((size_t)argc, sizeof(*files));

	if (count == 0 || !files)
		errx(2, "usage: bench_policy COUNT FILE...");
	for (size_t i = 0; i < n_files; i++) {
		files[i].path = argv[i + 2];
		read_file(&files[i]);
		files[i].parses = calloc(count, sizeof(double));
		files[i].matches = calloc(count, sizeof(double));
		if (!files[i].parses || !files[i].matches)
			err(1, "memory");
	}
	for (size_t index = 0; index < count; index++) {
		for (size_t i = 0; i < n_files; i++)
			take_sample(&files[i], index);
	}
	for (size_t i = 0; i < n_files; i++)
		printf("%-15s %8.0f %8.0f %8.0f %8.0f\n", basename(argv[i + 2]),
		       method_percentile(files[i].parses, count, 50), method_percentile(files[i].parses, count, 99),
		       method_percentile(files[i].matches, count, 50), method_percentile(files[i].matches, count, 99));
	return 0;
}
