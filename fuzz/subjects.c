/* SPDX-License-Identifier: BSD-3-Clause */
/* In the place of lib/subject.c: six logins, and a name service that is quick and always the same. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#define TEXT(string) ((char[]){string})
#define TEN(string)  string string string string string string string string string string

static gid_t of_student[] = {1000, 2000};
static gid_t of_nobody[] = {4294967294};
static gid_t of_root[] = {0};

/*
 * A student; root; a student by sudo, whose primary group is not asked yet; the user manager; one with values that lead
 * elsewhere; one with long ones, whose group can't be asked.
 */
static const struct nsu_subject subjects[FUZZ_SUBJECTS] = {
	{.user = TEXT("alice"),
         .home = TEXT("/home/alice"),
         .group = TEXT("alice"),
         .uid = 1000,
         .gid = 1000,
         .groups = of_student,
         .n_groups = 2,
         .service = "sshd",
         .tty = "ssh",
         .rhost = "192.0.2.7",
         .host = "host.example",
         .id = "0123456789abcdef"},
	{.user = TEXT("root"),
         .home = TEXT("/root"),
         .group = TEXT("root"),
         .groups = of_root,
         .n_groups = 1,
         .service = "login",
         .tty = "tty1",
         .rhost = "",
         .host = "host",
         .id = "0000000000000000"},
	{.user = TEXT("bob"),
         .home = TEXT("/home/bob"),
         .uid = 1001,
         .gid = 2000,
         .groups = of_student,
         .n_groups = 2,
         .service = "sudo",
         .tty = "/dev/pts/0",
         .rhost = "",
         .host = "host",
         .id = "ffffffffffffffff"},
	{.user = TEXT("alice"),
         .home = TEXT("/home/alice"),
         .group = TEXT("alice"),
         .uid = 1000,
         .gid = 1000,
         .groups = of_student,
         .n_groups = 2,
         .service = "systemd-user",
         .tty = "",
         .rhost = "",
         .host = "host",
         .id = "0123456789abcdef"},
	{.user = TEXT("../../etc"),
         .home = TEXT("//x/../y"),
         .group = TEXT("a/b"),
         .uid = 4294967294,
         .gid = 4294967294,
         .groups = of_nobody,
         .n_groups = 1,
         .service = "%s%n",
         .tty = "\033[2J",
         .rhost = "\xff\xfe",
         .host = "-..-",
         .id = "0123456789abcdef"},
	{.user = TEXT("DOM\\carol"),
         .home = TEXT(TEN(TEN(TEN("/ab")))), /* eleven of these are more than a plan holds */
         .uid = 60000,
         .gid = 77,
         .groups = of_nobody,
         .n_groups = 1,
         .service = "su-l",
         .tty = "",
         .rhost = "[2001:db8::1%eth0]",
         .host = "0123456789012345678901234567890123456789012345678901234567890123",
         .id = "0123456789abcdef"},
};

struct nsu_subject fuzz_subject(unsigned index)
{
	return subjects[index % FUZZ_SUBJECTS];
}

int nsu_subject_name_group(struct nsu_subject *subject, struct nsu_fail *fail)
{
	if (subject->group)
		return 0;
	if (subject->gid == 77)
		return nsu_fail(fail, EIO, "look up the user's primary group");
	subject->group = subjects[0].group;
	return 0;
}

static const struct {
	const char *name;
	gid_t gid;
} groups[] = {{"root", 0}, {"students", 2000}, {"staff", 2001}, {"wheel", 2002}};

int nsu_subject_user_exists(const char *user, bool *ret_exists, uid_t *ret_uid, struct nsu_fail *fail)
{
	if (strcmp(user, "broken") == 0)
		return nsu_fail(fail, EIO, "look up the user '%s'", user);
	*ret_exists = false;
	for (size_t i = 0; i < FUZZ_SUBJECTS && !*ret_exists; i++) {
		*ret_exists = strcmp(user, subjects[i].user) == 0;
		*ret_uid = subjects[i].uid;
	}
	return 0;
}

int nsu_subject_group_exists(const char *group, bool *ret_exists, gid_t *ret_gid, struct nsu_fail *fail)
{
	if (strcmp(group, "broken") == 0)
		return nsu_fail(fail, EIO, "look up the group '%s'", group);
	*ret_exists = false;
	for (size_t i = 0; i < NSU_COUNT(groups); i++)
		*ret_exists = *ret_exists || strcmp(group, groups[i].name) == 0;
	*ret_gid = 5;
	return 0;
}

int nsu_subject_group_lists(const char *group, bool *ret_lists, struct nsu_fail *fail)
{
	if (strcmp(group, "broken") == 0)
		return nsu_fail(fail, EIO, "look up the group '%s'", group);
	*ret_lists = strcmp(group, "students") == 0;
	return 0;
}

int nsu_subject_list_groups(struct nsu_subject *subject, struct nsu_fail *fail)
{
	return subject->n_groups < 0 ? nsu_fail(fail, EIO, "list the user's groups") : 0;
}

int nsu_subject_is_member(struct nsu_subject *subject, const char *group, bool *ret_is_member, struct nsu_fail *fail)
{
	if (strcmp(group, "broken") == 0)
		return nsu_fail(fail, EIO, "look up the group '%s'", group);
	for (size_t i = 0; i < NSU_COUNT(groups); i++) {
		if (strcmp(group, groups[i].name) != 0)
			continue;
		*ret_is_member = false;
		for (int j = 0; j < subject->n_groups; j++)
			*ret_is_member = *ret_is_member || subject->groups[j] == groups[i].gid;
		return 0;
	}
	return -ENOENT;
}
