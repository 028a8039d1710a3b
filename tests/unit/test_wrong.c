/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G9. */
/*
 * A policy with one mistake in, the message that the administrator reads out. The file is called FILE in messages; its
 * drop-ins are those of NAME.d, the files of users those of NAME.d/users.
 */
#include "corpus.h"

#include "policy.h"
#include "policy_parse.h"

static int add_file(struct nsu_policy *policy, enum nsu_policy_part part, const char *path, const char *name,
                    struct nsu_fail *fail)
{
	size_t max = part == NSU_POLICY_USER ? NSU_USER_CONF_MAX : NSU_CONF_MAX;
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;
	size_t len;
	int ret;

	assert_true(fd >= 0);
	ret = nsu_fsat_read_text(fd, name, max, &text, &len, fail);
	return ret < 0 ? ret : nsu_policy_add(policy, part, text, name, NULL, fail);
}

/* What lies beside NAME.conf: NAME.d/@below. */
static int add_files(struct nsu_policy *policy, enum nsu_policy_part part, const char *path, const char *below,
                     struct nsu_fail *fail)
{
	char pattern[PATH_MAX], name[PATH_MAX];
	int ret = 0;
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%.*s.d/%s", (int)(strlen(path) - strlen(".conf")), path, below);
	if (glob(pattern, 0, NULL, &files) != 0)
		return 0;
	for (size_t i = 0; ret == 0 && i < files.gl_pathc; i++) {
		snprintf(name, sizeof(name), "FILE%s", files.gl_pathv[i] + strlen(path) - strlen(".conf"));
		ret = add_file(policy, part, files.gl_pathv[i], name, fail);
	}
	globfree(&files);
	return ret;
}

static int read_all(struct nsu_policy *policy, const char *path, struct nsu_fail *fail)
{
	int ret;

	ret = add_file(policy, NSU_POLICY_MAIN, path, "FILE", fail);
	if (ret == 0)
		ret = add_files(policy, NSU_POLICY_DROPIN, path, "*.conf", fail);
	if (ret == 0)
		ret = nsu_policy_link(policy, NULL, fail);
	if (ret == 0)
		ret = add_files(policy, NSU_POLICY_USER, path, "users/*.conf", fail);
	if (ret == 0 && policy->user)
		ret = nsu_policy_link_user(policy, fail);
	return ret;
}

static void print_message_of(const char *path, char *out, size_t cap)
{
	struct nsu_policy *policy = calloc(1, sizeof(*policy));
	struct nsu_fail fail = NSU_FAIL_INIT;
	char line[1024];

	assert_non_null(policy);
	if (read_all(policy, path, &fail) == 0)
		snprintf(out, cap, "accepted\n");
	else
		snprintf(out, cap, "%s\n", nsu_fail_line(&fail, line, sizeof(line)));
	nsu_policy_free(policy);
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : getenv("NSU_WRONG");

	return corpus_run(directory ? directory : "tests/unit/wrong", "message", print_message_of);
}
