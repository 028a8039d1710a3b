/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy with one mistake in, the message that the administrator reads out. The file is called FILE in messages.
 */
#include "corpus.h"

#include "policy.h"

static void print_message_of(const char *path, char *out, size_t cap)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;
	auto_free char *text = NULL;
	char line[1024];
	size_t len;
	int ret;

	assert_true(fd >= 0);
	ret = nsu_fsat_read_text(fd, "FILE", NSU_CONF_MAX, &text, &len, &fail);
	if (ret == 0)
		ret = nsu_policy_parse(text, len, "FILE", &policy, &fail);
	if (ret == 0)
		snprintf(out, cap, "accepted\n");
	else
		snprintf(out, cap, "%s\n", nsu_fail_line(&fail, line, sizeof(line)));
	assert_true((policy == NULL) == (ret < 0));
	nsu_policy_free(policy);
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : getenv("NSU_WRONG");

	return corpus_run(directory ? directory : "tests/unit/wrong", "message", print_message_of);
}
