/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G23. */
/*
 * The examples of nsunshare.conf(5) and of conf/, through the parser and, for one login, to its plan. In the page a comment
 * right above a block says what its text is a part of: `.\" example: mount` is one entry of `mounts`. That each key has such
 * an example is seen by tests/build/manual.sh.
 */
#include "support.h"

#include <glob.h>

#include "plan.h"
#include "policy.h"
#include "subject.h"

#define PAGE         "man/nsunshare.conf.5"
#define TEXT_MAX     (128UL * 1024)
#define EXAMPLE_MAX  4096
#define EXAMPLES_MAX 128

/* Profiles that examples name. */
#define PROFILES "shell = { base = \"default\"; }; student = { base = \"default\"; };"

/* How a part becomes a whole; `%1$s` is the part, `%2$s` its first word. */
static const struct kind {
	const char *name;
	const char *whole;
	bool isolates; /* a login of alice */
} kinds[] = {
	{"policy", "%1$s", false},
	{"rules", "rules = ( %1$s ); profiles = { " PROFILES " };", false},
	{"condition", "rules = ( { %1$s profile = \"shell\"; } ); profiles = { " PROFILES " };", false},
	{"profile", "rules = ( { user = \"alice\"; profile = \"%2$s\"; } ); profiles = { " PROFILES " %1$s };", true},
	{"key", "rules = ( { user = \"alice\"; profile = \"p\"; } ); profiles = { p = { base = \"default\"; %1$s }; };",
         true},
	{"mount",
         "rules = ( { user = \"alice\"; profile = \"p\"; } ); profiles = { p = { base = \"default\"; mounts = ( %1$s ); }; };",
         true},
	{"user", "rules = ( { user = \"alice\"; %1$s } ); profiles = { " PROFILES " };", true},
};

struct example {
	char name[64]; /* "nsunshare.conf.5:77: key" */
	const struct kind *kind;
	char text[EXAMPLE_MAX];
};

static struct example examples[EXAMPLES_MAX];
static size_t n_examples;

static const char *read_file(const char *path)
{
	static char text[TEXT_MAX];
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		fail_msg("%s can't be opened", path);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	assert_true(n > 0 && n < sizeof(text) - 1);
	text[n] = '\0';
	return text;
}

/* Parses a policy, and makes the plan of a login of alice. */
static void check_policy(const char *name, const char *text, bool isolates)
{
	struct nsu_subject subject = {
		.user = strdup("alice"),
		.home = strdup("/home/alice"),
		.group = strdup("alice"),
		.uid = 1000,
		.gid = 1000,
		.groups = calloc(1, sizeof(gid_t)),
		.n_groups = 1,
		.service = "sshd",
		.tty = "ssh",
		.rhost = "192.0.2.7",
		.host = "host",
		.id = "0123456789abcdef",
	};
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;
	struct nsu_plan *plan = malloc(sizeof(*plan));
	int ret;

	assert_true(plan && subject.user && subject.home && subject.group && subject.groups);
	subject.groups[0] = subject.gid;
	ret = nsu_policy_parse(text, strlen(text), name, &policy, &fail);
	if (ret == 0)
		ret = nsu_policy_match(policy, &subject, NULL, plan, &fail);
	if (ret < 0)
		fail_msg("%s\nin: %s", fail.text, text);
	if (isolates && plan->leave_alone)
		fail_msg("the example leaves the login alone: %s", text);
	nsu_policy_free(policy);
	nsu_subject_clear(&subject);
	free(plan);
}

static void example_is_accepted(void **state)
{
	const struct example *example = *state;
	char text[2 * EXAMPLE_MAX], part[EXAMPLE_MAX], word[64] = "";
	size_t len;

	snprintf(part, sizeof(part), "%s", example->text);
	len = strlen(part);
	if (len > 0 && part[len - 1] == ',') /* of a rule, with more behind it */
		part[len - 1] = '\0';
	sscanf(part, "%63[a-z_]", word);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), example->kind->whole, part, word);
#pragma GCC diagnostic pop
	check_policy(example->name, text, example->kind->isolates);
}

static void file_is_accepted(void **state)
{
	check_policy(*state, read_file(*state), false);
}

/* Adds a line of the page to a text, without the escapes that mandoc needs. */
static void add_line(char *text, size_t cap, const char *line, size_t len)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < len; i++) {
		assert_true(n + 2 < cap);
		if (line[i] != '\\')
			text[n++] = line[i];
		else if (line[i + 1] == '&' || line[i + 1] == 'e')
			text[n++] = line[++i] == 'e' ? '\\' : ' ';
		else
			fail_msg("an escape that this test does not know: %.*s", (int)len, line);
	}
	text[n++] = '\n';
	text[n] = '\0';
}

static const struct kind *find_kind(const char *name, size_t len)
{
	for (size_t i = 0; i < NSU_COUNT(kinds); i++) {
		if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
			return &kinds[i];
	}
	return NULL;
}

/* Return: whether the page could be taken apart. */
static bool read_examples(const char *page)
{
	static const char mark[] = ".\\\" example: ";
	struct example *example = NULL;
	bool inside = false;
	unsigned line_number = 0;

	for (const char *line = page; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");

		line_number++;
		if (strncmp(line, mark, strlen(mark)) == 0) {
			size_t skip = strlen(mark);

			example = n_examples < EXAMPLES_MAX ? &examples[n_examples] : NULL;
			if (example)
				example->kind = find_kind(line + skip, len - skip);
			if (!example || !example->kind)
				return printf("# %s:%u: too many, or of no kind\n", PAGE, line_number), false;
			snprintf(example->name, sizeof(example->name), "%s:%u: %s", strrchr(PAGE, '/') + 1, line_number,
			         example->kind->name);
		} else if (example && !inside) {
			inside = strncmp(line, ".Bd -literal", 12) == 0;
			if (!inside)
				return printf("# %s:%u: no block below the mark\n", PAGE, line_number), false;
		} else if (inside && strncmp(line, ".Ed", 3) == 0) {
			size_t end = strlen(example->text);

			if (end > 0)
				example->text[end - 1] = '\0';
			n_examples++;
			inside = false;
			example = NULL;
		} else if (inside) {
			add_line(example->text, sizeof(example->text), line, len);
		}
	}
	return n_examples > 0 && !example;
}

int main(void)
{
	static struct CMUnitTest tests[EXAMPLES_MAX + 64];
	glob_t files;
	size_t n = 0;
	int ret;

	if (!read_examples(read_file(PAGE)) || glob("conf/examples/*.conf", 0, NULL, &files) != 0 ||
	    glob("conf/nsunshare.conf", GLOB_APPEND, NULL, &files) != 0 || files.gl_pathc > 64) {
		printf("Bail out! the examples can not be read\n");
		return 1;
	}
	for (size_t i = 0; i < n_examples; i++)
		tests[n++] = (struct CMUnitTest){examples[i].name, example_is_accepted, NULL, NULL, &examples[i]};
	for (size_t i = 0; i < files.gl_pathc; i++)
		tests[n++] = (struct CMUnitTest){files.gl_pathv[i], file_is_accepted, NULL, NULL, files.gl_pathv[i]};
	ret = _cmocka_run_group_tests("manual", tests, n, NULL, NULL);
	globfree(&files);
	return ret;
}
