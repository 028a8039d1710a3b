/* SPDX-License-Identifier: BSD-3-Clause */
/* frames DIRECTORY FILE...: the frames that these policies give, as seeds for what reads frames: a file each. */
#include "fuzz.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "policy.h"
#include "set.h"
#include "wire.h"

static unsigned char frame[NSU_FRAME_MAX];
static unsigned n_frames;

static void write_frame(const char *directory, size_t len)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/frame-%u", directory, n_frames++);
	file = fopen(path, "we");
	if (!file || fwrite(frame, 1, len, file) != len || fclose(file) != 0)
		err(1, "%s", path);
}

static void write_plans(const char *directory, const char *path)
{
	static char text[NSU_CONF_MAX];
	auto_free struct nsu_plan *plan = fuzz_new_plan();
	struct nsu_policy *policy = NULL;
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		err(1, "%s", path);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	if (nsu_policy_parse(text, strlen(text), path, &policy, &(struct nsu_fail)NSU_FAIL_INIT) < 0)
		return; /* one of the wrong ones */
	for (unsigned i = 0; i < FUZZ_SUBJECTS; i++) {
		struct nsu_subject subject = fuzz_subject(i);

		if (nsu_policy_match(policy, &subject, "default", plan, &(struct nsu_fail)NSU_FAIL_INIT) < 0 ||
		    plan->leave_alone || nsu_wire_encode(plan, frame, sizeof(frame), &len) < 0)
			continue;
		write_frame(directory, len);
	}
	nsu_policy_free(policy);
}

static void write_sets(const char *directory)
{
	static const struct nsu_login login = {
		.uid = 1501, .opener = 7, .since = 8, .user = "alice", .service = "sshd"};
	const struct nsu_login *const page[] = {&login, &login};
	const struct nsu_set set = {
		.id = "0123456789abcdef", .scope = NSU_PLAN_SCOPE_NAMED, .name = "lab", .n_logins = 2};
	size_t len;

	for (enum nsu_set_wish wish = NSU_SET_LOGIN; wish <= NSU_SET_END; wish++) {
		struct nsu_set_hello hello = {.wish = wish, .login = login};

		if (nsu_set_encode_hello(&hello, frame, sizeof(frame), &len) == 0)
			write_frame(directory, len);
	}
	for (size_t n = 0; n <= NSU_COUNT(page); n++)
		if (nsu_set_encode(&set, page, n, frame, &len) == 0)
			write_frame(directory, len);
}

int main(int argc, char **argv)
{
	struct nsu_wire_answer answer = {.fail = {.err = ENOENT, .text = "open '/x' to mount over"}};
	size_t len;

	if (argc < 3)
		errx(2, "usage: frames DIRECTORY FILE...");
	for (int i = 2; i < argc; i++)
		write_plans(argv[1], argv[i]);
	if (nsu_wire_encode_answer(&answer, frame, sizeof(frame), &len) == 0)
		write_frame(argv[1], len);
	write_sets(argv[1]);
	return 0;
}
