/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files of a policy in one text: the main one, behind lines "#@d" drop-ins, behind "#@u" a user's file, which alice
 * and root have alike. Then what they say of each login, with and without a fallback. Whatever the text: no login gets a
 * plan that the helper would refuse; each plan comes through the wire as it is; nobody reserved is isolated by a policy
 * that does not hold his name; and the search for all mistakes finds one exactly where a login is refused for one.
 */
#include "fuzz.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "explain.h"
#include "files.h"
#include "policy.h"

#define DIRECTORY   "/etc/security/nsunshare"
#define DROPINS_MAX 5
#define FILES_MAX   (1 + DROPINS_MAX + 2)
#define USERS       DIRECTORY ".d/users/"
#define ALICE       USERS "alice.conf"

struct input {
	struct fuzz_file files[FILES_MAX];
	size_t n;
	bool has_user_file;
};

static bool starts(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* The rules of policy.h that need no second parser to be checked. */
static void require_reserved(const struct input *input, const struct nsu_subject *subject, const struct nsu_plan *plan)
{
	bool named = false, service_named = false;

	for (size_t i = 0; i < input->n; i++) {
		named = named || strstr(input->files[i].text, subject->user);
		service_named = service_named || strstr(input->files[i].text, subject->service);
	}
	if (subject->uid == 0 && !named && !input->has_user_file)
		REQUIRE(plan->leave_alone);
	if (strcmp(subject->service, "systemd-user") == 0 && !service_named)
		REQUIRE(plan->leave_alone);
	if (strcmp(subject->service, "sudo") == 0 && !service_named)
		REQUIRE(plan->leave_alone || !(plan->namespaces & CLONE_NEWPID));
}

static void require_sentence(int ret, const struct nsu_fail *fail)
{
	char line[NSU_FAIL_TEXT_MAX + 128];

	REQUIRE(ret < 0 && fail->err == -ret && fail->text[0]);
	REQUIRE(nsu_fail_line(fail, line, sizeof(line)) == line && line[0]);
}

static void require_printable(const struct nsu_explain_row *row)
{
	for (const char *c = row->value; *c; c++)
		REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f && (unsigned char)*c < 0x80);
}

/* What explains a login says the same of it. */
static void require_same_explained(const struct nsu_policy *policy, unsigned index, const char *fallback, int wanted,
                                   const struct nsu_plan *plan)
{
	auto_free struct nsu_plan *again = fuzz_new_plan();
	struct nsu_subject subject = fuzz_subject(index);
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ret;

	ret = nsu_explain_login(policy, &subject, fallback, again, &explain, &fail);
	REQUIRE(ret == wanted && explain.n >= 2);
	if (ret == 0)
		fuzz_require_same(plan, again);
	for (size_t i = 0; i < explain.n; i++)
		require_printable(&explain.rows[i]);
	nsu_explain_clear(&explain);
}

static void match(const struct nsu_policy *policy, const struct input *input, unsigned index, const char *fallback)
{
	auto_free struct nsu_plan *plan = fuzz_new_plan();
	struct nsu_subject subject = fuzz_subject(index);
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ret;

	ret = nsu_policy_match(policy, &subject, fallback, plan, &fail);
	require_same_explained(policy, index, fallback, ret, plan);
	if (ret < 0) {
		require_sentence(ret, &fail);
		return;
	}
	REQUIRE(fail.err == 0 && nsu_plan_check(plan, &fail) == 0);
	require_reserved(input, &subject, plan);
	if (plan->leave_alone)
		return;
	fuzz_require_sound(plan);
	fuzz_require_same_through_wire(plan);
}

/* How many mistakes the search has found in a file; how many that any reader of the file must refuse. */
struct mistakes {
	unsigned n;
	unsigned n_refused;
};

struct found {
	struct mistakes in_policy;
	struct mistakes in_alices;
};

static void count_errors(void *data, enum nsu_policy_severity severity, const char *text)
{
	struct found *found = data;
	struct mistakes *mistakes = starts(text, ALICE) ? &found->in_alices : &found->in_policy;
	bool is_late = strstr(text, "logins would be refused") || strstr(text, "could be moved away");

	REQUIRE(starts(text, DIRECTORY));
	if (severity != NSU_POLICY_ERROR || (starts(text, USERS) && !starts(text, ALICE)))
		return;
	mistakes->n++;
	mistakes->n_refused += !is_late; /* that is for what the host has */
}

static void require_agreement(int ret, const struct mistakes *mistakes)
{
	REQUIRE(ret == 0 || mistakes->n > 0);
	REQUIRE(ret < 0 || mistakes->n_refused == 0);
}

/* A login of one who has a file, as the module does it. Return: of reading the file. */
static int log_in(const struct input *input, unsigned index, const char *fallback)
{
	struct nsu_subject subject = fuzz_subject(index);
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;
	int ret;

	REQUIRE(nsu_policy_load(DIRECTORY ".conf", &policy, &fail) == 0);
	ret = nsu_policy_load_user(policy, &subject, &fail);
	if (ret == 0)
		match(policy, input, index, fallback);
	else
		require_sentence(ret, &fail);
	nsu_policy_free(policy);
	return ret;
}

static void log_in_all(const struct input *input, const struct nsu_policy *policy, const struct found *found)
{
	int ret;

	for (unsigned i = 0; i < FUZZ_SUBJECTS; i++)
		match(policy, input, i, i % 2 ? "default" : NULL);
	match(policy, input, 0, "shell");
	if (!input->has_user_file)
		return;
	ret = log_in(input, 0, NULL);
	require_agreement(ret, &found->in_alices);
	(void)log_in(input, 1, "default");
	(void)log_in(input, 3, "default");
}

static void add_file(struct input *input, const char *path, const char *text)
{
	REQUIRE(input->n < FILES_MAX);
	input->files[input->n++] = (struct fuzz_file){path, text};
}

/* Cuts a text at its marks. */
static void cut(char *text, struct input *input)
{
	static const char *const dropins[DROPINS_MAX] = {DIRECTORY ".d/30.conf", DIRECTORY ".d/10.conf",
	                                                 DIRECTORY ".d/B.conf", DIRECTORY ".d/a b.conf",
	                                                 DIRECTORY ".d/.hidden.conf"};
	size_t n_dropins = 0;
	char *mark;

	add_file(input, DIRECTORY ".conf", text);
	for (char *at = text; (mark = strstr(at, "#@")); at = mark + 2) {
		if (mark[2] == 'd' && n_dropins < DROPINS_MAX) {
			add_file(input, dropins[n_dropins++], mark + 3);
		} else if (mark[2] == 'u' && !input->has_user_file) {
			add_file(input, ALICE, mark + 3);
			add_file(input, USERS "root.conf", mark + 3);
			input->has_user_file = true;
		} else {
			continue;
		}
		*mark = '\0';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = strnlen((const char *)data, size); /* nsu_fsat_read_text() refuses a NUL */
	auto_free char *text = strndup((const char *)data, len);
	struct nsu_policy *policy = NULL;
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct input input = {.n = 0};
	struct found found = {.in_policy.n = 0};
	int ret;

	REQUIRE(text);
	cut(text, &input);
	fuzz_set_files(input.files, input.n);
	REQUIRE(nsu_policy_examine(DIRECTORY ".conf", count_errors, &found) == 0);
	ret = nsu_policy_load(DIRECTORY ".conf", &policy, &fail);
	require_agreement(ret, &found.in_policy);
	if (ret < 0) {
		require_sentence(ret, &fail);
		REQUIRE((ret == -EINVAL || ret == -EFBIG) && starts(fail.text, DIRECTORY));
		return 0;
	}
	log_in_all(&input, policy, &found);
	nsu_policy_free(policy);
	return 0;
}
