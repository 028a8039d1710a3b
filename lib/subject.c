/* SPDX-License-Identifier: BSD-3-Clause */
#include "subject.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "text.h"

#define NSS_BUFFER_MIN     1024
#define NSS_BUFFER_MAX     (4UL * 1024 * 1024) /* a group of 100,000 members fits */
#define GROUPS_FIRST_GUESS 64
#define GROUPS_MAX         65536 /* NGROUPS_MAX of Linux */

/* An entry of either database, by name or by number. */
struct question {
	const char *user;
	const char *group;
	const uid_t *uid;
	gid_t gid; /* where none of these is given */
};

union answer {
	struct passwd passwd;
	struct group group;
};

/* Return: 0 with *ret_found the answer; -errno if the service failed. glibc says "no such entry" by 0 and NULL. */
static int ask_once(const struct question *question, union answer *answer, char *buffer, size_t size, bool *ret_found)
{
	struct passwd *passwd = NULL;
	struct group *group = NULL;
	int err;

	if (question->user)
		err = getpwnam_r(question->user, &answer->passwd, buffer, size, &passwd);
	else if (question->group)
		err = getgrnam_r(question->group, &answer->group, buffer, size, &group);
	else if (question->uid)
		err = getpwuid_r(*question->uid, &answer->passwd, buffer, size, &passwd);
	else
		err = getgrgid_r(question->gid, &answer->group, buffer, size, &group);
	*ret_found = passwd || group;
	return -err;
}

/*
 * Asks with a growing buffer. Return: 0 with *ret_buffer to be freed, NULL if there is no such entry; -errno if the
 * service failed. ENOENT is such a failure too: a service that is not there says so, and that is no "no" (seen with a
 * module that is unavailable, glibc 2.36).
 */
static int ask(const struct question *question, union answer *answer, char **ret_buffer)
{
	for (size_t size = NSS_BUFFER_MIN; size <= NSS_BUFFER_MAX; size *= 4) {
		auto_free char *buffer = malloc(size);
		bool found;
		int ret;

		if (!buffer)
			return -ENOMEM;
		ret = ask_once(question, answer, buffer, size, &found);
		if (ret == -ERANGE || ret == -EINTR)
			continue;
		if (ret < 0)
			return ret == -ENOENT ? -EHOSTDOWN : ret;
		*ret_buffer = NULL;
		if (found) {
			*ret_buffer = buffer;
			buffer = NULL;
		}
		return 0;
	}
	return -ERANGE;
}

static int look_up_user(struct nsu_subject *subject, const char *user, struct nsu_fail *fail)
{
	struct question question = {.user = user};
	auto_free char *buffer = NULL;
	union answer answer;
	int ret;

	ret = ask(&question, &answer, &buffer);
	if (ret < 0)
		return nsu_fail(fail, -ret, "look up the user");
	if (!buffer)
		return nsu_fail_because(fail, ENOENT, "no such user in the account database");
	if (answer.passwd.pw_uid == (uid_t)-1 || answer.passwd.pw_gid == (gid_t)-1)
		return nsu_fail_because(fail, EINVAL, "the user's uid or gid is 4294967295");
	subject->uid = answer.passwd.pw_uid;
	subject->gid = answer.passwd.pw_gid;
	subject->user = strdup(answer.passwd.pw_name);
	subject->home = strdup(answer.passwd.pw_dir ? answer.passwd.pw_dir : "");
	subject->shell = strdup(answer.passwd.pw_shell ? answer.passwd.pw_shell : "");
	if (!subject->user || !subject->home || !subject->shell)
		return nsu_fail(fail, ENOMEM, "look up the user");
	return 0;
}

/* A group without an entry is named by its number, as id(1) does. */
int nsu_subject_name_group(struct nsu_subject *subject, struct nsu_fail *fail)
{
	struct question question = {.gid = subject->gid};
	auto_free char *buffer = NULL;
	union answer answer;
	char number[16];
	int ret;

	if (subject->group)
		return 0;
	ret = ask(&question, &answer, &buffer);
	if (ret < 0)
		return nsu_fail(fail, -ret, "look up the user's primary group");
	snprintf(number, sizeof(number), "%u", (unsigned)subject->gid);
	subject->group = strdup(buffer ? answer.group.gr_name : number);
	if (!subject->group)
		return nsu_fail(fail, ENOMEM, "look up the user's primary group");
	return 0;
}

int nsu_subject_make_id(char id[NSU_ID_LEN + 1], struct nsu_fail *fail)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		return nsu_fail(fail, errno, "get a random number for the session's id");
	snprintf(id, NSU_ID_LEN + 1, "%016llx", (unsigned long long)random);
	return 0;
}

int nsu_subject_look_up(struct nsu_subject *subject, const char *user, struct nsu_fail *fail)
{
	struct utsname uts;
	int ret;

	ret = look_up_user(subject, user, fail);
	if (ret < 0)
		return ret;
	if (uname(&uts) < 0)
		return nsu_fail(fail, errno, "read the host's name");
	snprintf(subject->host, sizeof(subject->host), "%s", uts.nodename);
	return nsu_subject_make_id(subject->id, fail);
}

int nsu_subject_list_groups(struct nsu_subject *subject, struct nsu_fail *fail)
{
	int n = GROUPS_FIRST_GUESS;

	if (subject->n_groups >= 0)
		return 0;
	while (n <= GROUPS_MAX) {
		auto_free gid_t *groups = calloc((size_t)n, sizeof(*groups));
		int had = n;

		if (!groups)
			return nsu_fail(fail, ENOMEM, "list the user's groups");
		if (getgrouplist(subject->user, subject->gid, groups, &n) >= 0) {
			subject->groups = groups;
			subject->n_groups = n;
			groups = NULL;
			return 0;
		}
		if (n <= had) /* it says how many it needs; older libraries do not */
			n = had * 4;
	}
	return nsu_fail(fail, ERANGE, "list the user's groups");
}

/*
 * A "no such group" may be a service that could not read its file, after which the next one knows nothing (seen with EMFILE
 * and "files systemd", glibc 2.36). So the question is put twice, and the answer believed of a service that finds gid 0.
 */
static int ask_again(const struct question *question, union answer *answer, char **ret_buffer)
{
	static const struct question of_root = {.gid = 0};
	auto_free char *buffer = NULL;
	union answer root;
	int ret;

	ret = ask(&of_root, &root, &buffer);
	if (ret < 0)
		return ret;
	if (!buffer)
		return -EHOSTDOWN;
	return ask(question, answer, ret_buffer);
}

/* getgrouplist(3) says nothing of a service that fails: the group's own list is asked too. */
static bool is_listed(const struct group *group, const char *user)
{
	for (char **member = group->gr_mem; *member; member++) {
		if (strcmp(*member, user) == 0)
			return true;
	}
	return false;
}

/* Keeps an answer; without memory it is asked for again. */
static void remember(struct nsu_subject *subject, const char *group, bool exists, bool is_member)
{
	struct nsu_subject_answer *answers =
		realloc(subject->answers, (subject->n_answers + 1) * sizeof(*subject->answers));

	if (!answers)
		return;
	subject->answers = answers;
	answers[subject->n_answers] = (struct nsu_subject_answer){strdup(group), exists, is_member};
	if (answers[subject->n_answers].group)
		subject->n_answers++;
}

static int ask_membership(struct nsu_subject *subject, const char *group, bool *ret_is_member, struct nsu_fail *fail)
{
	struct question question = {.group = group};
	auto_free char *buffer = NULL;
	union answer answer;
	int ret;

	ret = ask(&question, &answer, &buffer);
	if (ret == 0 && !buffer)
		ret = ask_again(&question, &answer, &buffer);
	if (ret < 0)
		return nsu_fail(fail, -ret, "look up the group '%s'", group);
	if (!buffer)
		return -ENOENT;
	ret = nsu_subject_list_groups(subject, fail);
	if (ret < 0)
		return ret;
	*ret_is_member = is_listed(&answer.group, subject->user);
	for (int i = 0; i < subject->n_groups && !*ret_is_member; i++)
		*ret_is_member = subject->groups[i] == answer.group.gr_gid;
	return 0;
}

int nsu_subject_is_member(struct nsu_subject *subject, const char *group, bool *ret_is_member, struct nsu_fail *fail)
{
	bool is_member = false;
	int ret;

	for (size_t i = 0; i < subject->n_answers; i++) {
		const struct nsu_subject_answer *answer = &subject->answers[i];

		if (strcmp(answer->group, group) != 0)
			continue;
		if (!answer->exists)
			return -ENOENT;
		*ret_is_member = answer->is_member;
		return 0;
	}
	ret = ask_membership(subject, group, &is_member, fail);
	if (ret == 0 || ret == -ENOENT)
		remember(subject, group, ret == 0, is_member);
	if (ret < 0)
		return ret;
	*ret_is_member = is_member;
	return 0;
}

int nsu_subject_user_exists(const char *user, bool *ret_exists, uid_t *ret_uid, struct nsu_fail *fail)
{
	struct question question = {.user = user};
	auto_free char *buffer = NULL;
	union answer answer;
	int ret;

	ret = ask(&question, &answer, &buffer);
	if (ret < 0)
		return nsu_fail(fail, -ret, "look up the user '%s'", user);
	*ret_exists = buffer != NULL;
	if (buffer)
		*ret_uid = answer.passwd.pw_uid;
	return 0;
}

int nsu_subject_find_user(uid_t uid, char **ret_user, struct nsu_fail *fail)
{
	struct question question = {.uid = &uid};
	auto_free char *buffer = NULL;
	union answer answer;
	char *user;
	int ret;

	ret = ask(&question, &answer, &buffer);
	if (ret < 0)
		return nsu_fail(fail, -ret, "look up the user of uid %u", (unsigned)uid);
	if (!buffer)
		return nsu_fail_because(fail, ENOENT, "no user in the account database has the uid %u", (unsigned)uid);
	user = strdup(answer.passwd.pw_name);
	if (!user)
		return nsu_fail(fail, ENOMEM, "look up the user of uid %u", (unsigned)uid);
	*ret_user = user;
	return 0;
}

int nsu_subject_group_exists(const char *group, bool *ret_exists, gid_t *ret_gid, struct nsu_fail *fail)
{
	struct question question = {.group = group};
	auto_free char *buffer = NULL;
	union answer answer;
	int ret;

	ret = ask(&question, &answer, &buffer);
	if (ret == 0 && !buffer)
		ret = ask_again(&question, &answer, &buffer);
	if (ret < 0)
		return nsu_fail(fail, -ret, "look up the group '%s'", group);
	*ret_exists = buffer != NULL;
	if (buffer)
		*ret_gid = answer.group.gr_gid;
	return 0;
}

int nsu_subject_group_lists(const char *group, bool *ret_lists, struct nsu_fail *fail)
{
	struct question question = {.group = group};
	auto_free char *buffer = NULL;
	union answer answer;
	int ret;

	ret = ask(&question, &answer, &buffer);
	if (ret < 0)
		return nsu_fail(fail, -ret, "look up the group '%s'", group);
	*ret_lists = buffer && answer.group.gr_mem[0];
	return 0;
}

const char *nsu_subject_print_user(uid_t uid, char *buffer, size_t cap)
{
	struct question question = {.uid = &uid};
	auto_free char *strings = NULL;
	union answer answer;

	snprintf(buffer, cap, "%u", (unsigned)uid);
	if (ask(&question, &answer, &strings) == 0 && strings)
		nsu_text_printable(answer.passwd.pw_name, buffer, cap);
	return buffer;
}

const char *nsu_subject_print_group(gid_t gid, char *buffer, size_t cap)
{
	struct question question = {.gid = gid};
	auto_free char *strings = NULL;
	union answer answer;

	snprintf(buffer, cap, "%u", (unsigned)gid);
	if (ask(&question, &answer, &strings) == 0 && strings)
		nsu_text_printable(answer.group.gr_name, buffer, cap);
	return buffer;
}

void nsu_subject_clear(struct nsu_subject *subject)
{
	free(subject->user);
	free(subject->home);
	free(subject->shell);
	free(subject->group);
	free(subject->groups);
	for (size_t i = 0; i < subject->n_answers; i++)
		free(subject->answers[i].group);
	free(subject->answers);
	*subject = (struct nsu_subject)NSU_SUBJECT_INIT;
}
