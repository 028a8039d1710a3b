/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * corpus.h - tests that are files: for each NAME.conf of a directory, what the code makes of it is compared with the
 * file NAME.<suffix> beside it. Inline only.
 *
 * NSU_CORPUS_WRITE=1 in the environment writes the second file instead: read the difference before you commit it.
 */
#ifndef NSU_TESTS_CORPUS_H
#define NSU_TESTS_CORPUS_H

#include "support.h"

#include <glob.h>

#include "fsat.h"

#define CORPUS_TEXT_MAX 65536

/* Prints what the code makes of a policy's file into @out. */
typedef void (*corpus_body)(const char *path, char *out, size_t cap);

struct corpus {
	const char *suffix;
	corpus_body body;
};

static struct corpus corpus;

static inline void corpus_read(const char *path, char text[CORPUS_TEXT_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, CORPUS_TEXT_MAX - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
}

static inline const char *corpus_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static inline void corpus_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline void corpus_test(void **state)
{
	static char expected[CORPUS_TEXT_MAX], found[CORPUS_TEXT_MAX];
	const char *path = *state;
	char beside[PATH_MAX];

	snprintf(beside, sizeof(beside), "%.*s%s", (int)(strlen(path) - strlen("conf")), path, corpus.suffix);
	corpus.body(path, found, sizeof(found));
	if (getenv("NSU_CORPUS_WRITE")) {
		corpus_write(beside, found);
		return;
	}
	corpus_read(beside, expected);
	if (strcmp(expected, found) != 0)
		fail_msg("%s: expected:\n%s\nfound:\n%s", path, expected, found);
}

/* One test for each file; the name of the file is the name of the test. Return: the number of failures. */
static inline int corpus_run(const char *directory, const char *suffix, corpus_body body)
{
	struct CMUnitTest *tests;
	char pattern[PATH_MAX];
	glob_t files;
	int ret;

	corpus = (struct corpus){suffix, body};
	snprintf(pattern, sizeof(pattern), "%s/*.conf", directory);
	if (glob(pattern, 0, NULL, &files) != 0) {
		printf("Bail out! no *.conf in %s\n", directory);
		return 1;
	}
	tests = calloc(files.gl_pathc, sizeof(*tests));
	for (size_t i = 0; tests && i < files.gl_pathc; i++) {
		tests[i].name = strrchr(files.gl_pathv[i], '/') + 1;
		tests[i].test_func = corpus_test;
		tests[i].initial_state = files.gl_pathv[i];
	}
	ret = tests ? _cmocka_run_group_tests(suffix, tests, files.gl_pathc, NULL, NULL) : 1;
	free(tests);
	globfree(&files);
	return ret;
}

#endif
