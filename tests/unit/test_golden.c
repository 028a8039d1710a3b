/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G9. */
/*
 * A policy in, the printed plans out. golden/NAME.conf holds the logins in comments:
 *
 *     # subject: user=alice uid=1000 gid=1000 group=alice home=/home/alice service=sshd groups=1000,2000
 *
 * What is not given is as in default_subject. tty, rhost, host and fallback (the module's profile=) may be given too;
 * policy=none matches without a policy. The database of groups is the one below. NAME.d has drop-ins, NAME.d/users the files
 * of users.
 */
/* link: -Wl,--wrap=getgrnam_r */
#include "corpus.h"

#include <grp.h>

#include "explain.h"
#include "policy.h"
#include "policy_load.h"
#include "policy_parse.h"

int __wrap_getgrnam_r(const char *, struct group *, char *, size_t, struct group **);

int __wrap_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size, struct group **result)
{
	static const struct {
		const char *name;
		gid_t gid;
	} groups[] = {{"root", 0}, {"students", 2000}, {"staff", 2001}, {"wheel", 2002}};

	static char *nobody = NULL;

	(void)buffer;
	(void)size;
	*result = NULL;
	if (strcmp(name, "broken") == 0)
		return EIO;
	for (size_t i = 0; i < NSU_COUNT(groups); i++) {
		if (strcmp(name, groups[i].name) != 0)
			continue;
		*group = (struct group){
			.gr_name = (char *)(uintptr_t)groups[i].name, .gr_gid = groups[i].gid, .gr_mem = &nobody};
		*result = group;
	}
	return 0;
}

struct login {
	struct nsu_subject subject;
	gid_t groups[8];
	const char *fallback;
	bool has_policy;
};

static void set_groups(struct login *login, char *list)
{
	char *rest = list;
	char *gid;

	login->subject.n_groups = 0;
	while ((gid = strtok_r(rest, ",", &rest)))
		login->groups[login->subject.n_groups++] = (gid_t)strtoul(gid, NULL, 10);
}

/* Takes "user=alice uid=1000 ..." apart, in place. */
static void set_login(struct login *login, char *words)
{
	struct nsu_subject *subject = &login->subject;
	char *rest = words;
	char *word;

	while ((word = strtok_r(rest, " ", &rest))) {
		char *value = strchr(word, '=');

		assert_non_null(value);
		*value++ = '\0';
		if (strcmp(word, "user") == 0)
			subject->user = value;
		else if (strcmp(word, "uid") == 0)
			subject->uid = (uid_t)strtoul(value, NULL, 10);
		else if (strcmp(word, "gid") == 0)
			subject->gid = (gid_t)strtoul(value, NULL, 10);
		else if (strcmp(word, "group") == 0)
			subject->group = value;
		else if (strcmp(word, "groups") == 0)
			set_groups(login, value);
		else if (strcmp(word, "home") == 0)
			subject->home = value;
		else if (strcmp(word, "service") == 0)
			subject->service = value;
		else if (strcmp(word, "tty") == 0)
			subject->tty = value;
		else if (strcmp(word, "rhost") == 0)
			subject->rhost = value;
		else if (strcmp(word, "host") == 0)
			snprintf(subject->host, sizeof(subject->host), "%s", value);
		else if (strcmp(word, "fallback") == 0)
			login->fallback = value;
		else if (strcmp(word, "policy") == 0)
			login->has_policy = strcmp(value, "none") != 0;
		else
			fail_msg("unknown word in a subject: %s", word);
	}
}

static const struct nsu_subject default_subject = {
	.user = (char[]){"alice"},
	.home = (char[]){"/home/alice"},
	.group = (char[]){"alice"},
	.uid = 1000,
	.gid = 1000,
	.n_groups = 1,
	.service = "sshd",
	.tty = "ssh",
	.rhost = "192.0.2.7",
	.host = "host",
	.id = "0123456789abcdef",
};

static void add_file(struct nsu_policy *policy, enum nsu_policy_part part, const char *path, const char *name)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	static char text[CORPUS_TEXT_MAX];

	corpus_read(path, text);
	if (nsu_policy_add(policy, part, text, name, NULL, &fail) < 0)
		fail_msg("%s does not parse: %s", path, fail.text);
}

/* The policy of NAME.conf and of NAME.d, as nsu_policy_load() would put it together; but the tests' files are anybody's. */
static struct nsu_policy *read_policy(const char *path)
{
	struct nsu_policy *policy = calloc(1, sizeof(*policy));
	struct nsu_fail fail = NSU_FAIL_INIT;
	char pattern[PATH_MAX];
	glob_t dropins;

	assert_non_null(policy);
	add_file(policy, NSU_POLICY_MAIN, path, corpus_name(path));
	snprintf(pattern, sizeof(pattern), "%.*s.d/*.conf", (int)(strlen(path) - strlen(".conf")), path);
	if (glob(pattern, 0, NULL, &dropins) == 0) {
		for (size_t i = 0; i < dropins.gl_pathc; i++)
			add_file(policy, NSU_POLICY_DROPIN, dropins.gl_pathv[i],
			         dropins.gl_pathv[i] + strlen(path) - strlen(corpus_name(path)));
		globfree(&dropins);
	}
	if (nsu_policy_link(policy, NULL, &fail) < 0)
		fail_msg("%s does not link: %s", path, fail.text);
	return policy;
}

static int add_user(struct nsu_policy *policy, const char *path, const char *user, struct nsu_fail *fail)
{
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%.*s.d/users/%s.conf", (int)(strlen(path) - strlen(".conf")), path, user);
	if (access(file, F_OK) != 0)
		return 0;
	add_file(policy, NSU_POLICY_USER, file, file + strlen(path) - strlen(corpus_name(path)));
	return nsu_policy_link_user(policy, fail);
}

/* The hash in a set's key is that of one version of the wire: what it is made of is for set.c to say. */
static void hide_hash(struct nsu_explain *explain)
{
	for (size_t i = 0; i < explain->n; i++) {
		char *dot = strcmp(explain->rows[i].key, "set") == 0 ? strrchr(explain->rows[i].value, '.') : NULL;

		if (!dot)
			continue;
		assert_int_equal(strspn(dot + 1, "0123456789abcdef"), 16);
		strcpy(dot + 1, "HASH");
	}
}

static void match_one(struct nsu_policy *policy, const char *path, char *words, FILE *out)
{
	struct login login = {.subject = default_subject, .groups = {1000}, .has_policy = true};
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_plan *plan = malloc(sizeof(*plan));
	char line[1024];
	int ret;

	assert_non_null(plan);
	fprintf(out, "subject: %s\n", words);
	set_login(&login, words);
	login.subject.groups = login.groups;
	ret = add_user(policy, path, login.subject.user, &fail);
	if (ret == 0)
		ret = nsu_explain_login(login.has_policy ? policy : NULL, &login.subject, login.fallback, plan,
		                        &explain, &fail);
	hide_hash(&explain);
	nsu_explain_print(&explain, out);
	if (ret < 0)
		fprintf(out, "refused: %s\n", nsu_fail_line(&fail, line, sizeof(line)));
	nsu_explain_clear(&explain);
	nsu_load_forget_user(policy);
	for (size_t i = 0; i < login.subject.n_answers; i++)
		free(login.subject.answers[i].group);
	free(login.subject.answers);
	free(plan);
}

static void print_plans(const char *path, char *out, size_t cap)
{
	static const char mark[] = "# subject: ";
	static char text[CORPUS_TEXT_MAX];
	FILE *stream = fmemopen(out, cap, "w");
	struct nsu_policy *policy;
	char *at = text;

	assert_non_null(stream);
	policy = read_policy(path);
	corpus_read(path, text);
	assert_non_null(strstr(text, mark));
	while ((at = strstr(at, mark))) {
		char *words = at + strlen(mark);

		at = words + strcspn(words, "\n");
		assert_int_equal(*at, '\n');
		*at++ = '\0';
		if (ftell(stream) > 0)
			fputc('\n', stream);
		match_one(policy, path, words, stream);
	}
	assert_int_equal(fclose(stream), 0);
	nsu_policy_free(policy);
	if (strstr(out, ".conf:0"))
		fail_msg("%s: a message names line 0:\n%s", path, out);
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : getenv("NSU_GOLDEN");

	return corpus_run(directory ? directory : "tests/unit/golden", "plan", print_plans);
}
