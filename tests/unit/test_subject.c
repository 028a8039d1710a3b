/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The account database is this file's: the user "alice", the groups "students" and "broken". Everybody else is asked of
 * the real one.
 */
/* link: -Wl,--wrap=getpwnam_r,--wrap=getgrnam_r,--wrap=getgrgid_r,--wrap=getgrouplist,--wrap=getrandom */
#include "support.h"

#include <grp.h>
#include <pwd.h>
#include <sys/random.h>

#include "subject.h"

#define ALICE_UID    4242
#define STUDENTS_GID 4300

int __real_getpwnam_r(const char *, struct passwd *, char *, size_t, struct passwd **);
int __wrap_getpwnam_r(const char *, struct passwd *, char *, size_t, struct passwd **);
int __real_getgrnam_r(const char *, struct group *, char *, size_t, struct group **);
int __wrap_getgrnam_r(const char *, struct group *, char *, size_t, struct group **);
int __real_getgrgid_r(gid_t, struct group *, char *, size_t, struct group **);
int __wrap_getgrgid_r(gid_t, struct group *, char *, size_t, struct group **);
int __wrap_getgrouplist(const char *, gid_t, gid_t *, int *);
ssize_t __real_getrandom(void *, size_t, unsigned);
ssize_t __wrap_getrandom(void *, size_t, unsigned);

/* What the databases do; each test starts with all zero. */
static struct {
	int user_err;            /* of getpwnam_r(3) for alice */
	size_t user_needs;       /* bytes of buffer; less is ERANGE */
	uid_t uid;               /* 0: ALICE_UID */
	int group_err;           /* of getgrnam_r(3) for "broken", of getgrgid_r(3) for STUDENTS_GID */
	bool group_has_no_entry; /* getgrgid_r(3) finds nothing */
	int n_groups;            /* how many getgrouplist(3) knows; the last one is STUDENTS_GID */
	bool groups_hide_number; /* it does not say how many it needs */
	int groups_asked;        /* times */
	int students_asked;      /* times getgrnam_r(3) */
	int misses;              /* so often getgrnam_r(3) does not find "students" */
	bool has_no_root;        /* getgrgid_r(3) does not find gid 0 */
	bool lists_alice;        /* the entry of "students" does */
	bool random_fails;
} world;

int __wrap_getpwnam_r(const char *name, struct passwd *passwd, char *buffer, size_t size, struct passwd **result)
{
	static char alice[] = "alice", home[] = "/home/alice";

	if (strcmp(name, alice) != 0)
		return __real_getpwnam_r(name, passwd, buffer, size, result);
	*result = NULL;
	if (world.user_err)
		return world.user_err;
	if (size < world.user_needs)
		return ERANGE;
	*passwd = (struct passwd){.pw_name = alice, .pw_dir = home, .pw_gid = STUDENTS_GID};
	passwd->pw_uid = world.uid ? world.uid : ALICE_UID;
	*result = passwd;
	return 0;
}

static int find_students(struct group *group, struct group **result)
{
	static char students[] = "students", alice[] = "alice";
	static char *members[2];

	*group = (struct group){.gr_name = students, .gr_gid = STUDENTS_GID, .gr_mem = members};
	members[0] = world.lists_alice ? alice : NULL;
	*result = group;
	return 0;
}

int __wrap_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size, struct group **result)
{
	world.students_asked += strcmp(name, "students") == 0;
	if (strcmp(name, "students") == 0 && world.misses > 0) {
		world.misses--;
		*result = NULL;
		return 0;
	}
	if (strcmp(name, "students") == 0)
		return find_students(group, result);
	if (strcmp(name, "broken") != 0)
		return __real_getgrnam_r(name, group, buffer, size, result);
	*result = NULL;
	return world.group_err;
}

int __wrap_getgrgid_r(gid_t gid, struct group *group, char *buffer, size_t size, struct group **result)
{
	if (gid == 0 && world.has_no_root) {
		*result = NULL;
		return 0;
	}
	if (gid != STUDENTS_GID)
		return __real_getgrgid_r(gid, group, buffer, size, result);
	*result = NULL;
	if (world.group_err || world.group_has_no_entry)
		return world.group_err;
	return find_students(group, result);
}

int __wrap_getgrouplist(const char *user, gid_t gid, gid_t *groups, int *n_groups)
{
	int room = *n_groups;

	(void)user;
	world.groups_asked++;
	for (int i = 0; i < room && i < world.n_groups; i++)
		groups[i] = i == world.n_groups - 1 ? STUDENTS_GID : gid + 1 + (gid_t)i;
	if (world.n_groups <= room || !world.groups_hide_number)
		*n_groups = world.n_groups;
	return world.n_groups <= room ? world.n_groups : -1;
}

ssize_t __wrap_getrandom(void *buffer, size_t size, unsigned flags)
{
	if (!world.random_fails)
		return __real_getrandom(buffer, size, flags);
	errno = EAGAIN;
	return -1;
}

static struct nsu_subject subject = NSU_SUBJECT_INIT;
static struct nsu_fail record;

static int new_world(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.n_groups = 1;
	record = (struct nsu_fail)NSU_FAIL_INIT;
	return 0;
}

static int clear(void **state)
{
	(void)state;
	nsu_subject_clear(&subject);
	return 0;
}

static void look_up_fills_in_everything(void **state)
{
	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_string_equal(subject.user, "alice");
	assert_string_equal(subject.home, "/home/alice");
	assert_null(subject.group); /* not asked for yet */
	assert_int_equal(subject.uid, ALICE_UID);
	assert_int_equal(subject.gid, STUDENTS_GID);
	assert_int_equal(subject.n_groups, -1);
	assert_true(strlen(subject.host) > 0);
	assert_int_equal(strlen(subject.id), NSU_ID_LEN);
	assert_int_equal(strspn(subject.id, "0123456789abcdef"), NSU_ID_LEN);
}

static void look_up_finds_root_in_the_real_database(void **state)
{
	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "root", &record), 0);
	assert_int_equal(subject.uid, 0);
	assert_int_equal(nsu_subject_name_group(&subject, &record), 0);
	assert_string_equal(subject.group, "root");
}

static void look_up_gives_each_subject_an_id_of_its_own(void **state)
{
	struct nsu_subject other = NSU_SUBJECT_INIT;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_look_up(&other, "alice", &record), 0);
	assert_string_not_equal(subject.id, other.id);
	nsu_subject_clear(&other);
}

static void look_up_says_when_there_is_no_such_user(void **state)
{
	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "no-such-user-here", &record), -ENOENT);
	assert_true(record.has_reason);
}

/* A service that is not there says ENOENT, ESRCH and the like; glibc says "no such entry" by 0 and NULL only. */
static void look_up_takes_no_error_of_a_service_for_no_such_user(void **state)
{
	static const int ways[] = {ENOENT, ESRCH, EBADF, EPERM};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(ways); i++) {
		record = (struct nsu_fail)NSU_FAIL_INIT;
		world.user_err = ways[i];
		assert_int_equal(nsu_subject_look_up(&subject, "alice", &record),
		                 ways[i] == ENOENT ? -EHOSTDOWN : -ways[i]);
	}
}

static void look_up_passes_on_the_failure_of_a_name_service(void **state)
{
	(void)state;
	world.user_err = EIO;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), -EIO);
	assert_string_equal(record.text, "look up the user");
}

static void look_up_asks_again_with_a_larger_buffer(void **state)
{
	(void)state;
	world.user_needs = 1 << 20;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
}

static void look_up_gives_up_when_an_entry_is_larger_than_any_buffer(void **state)
{
	(void)state;
	world.user_needs = 1 << 30;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), -ERANGE);
}

static void look_up_refuses_the_uid_that_means_unchanged(void **state)
{
	(void)state;
	world.uid = (uid_t)-1;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), -EINVAL);
	assert_non_null(strstr(record.text, "4294967295"));
}

static void name_group_asks_once(void **state)
{
	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_name_group(&subject, &record), 0);
	assert_string_equal(subject.group, "students");
	world.group_err = EIO;
	assert_int_equal(nsu_subject_name_group(&subject, &record), 0);
}

static void name_group_names_one_without_an_entry_by_its_number(void **state)
{
	(void)state;
	world.group_has_no_entry = true;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_name_group(&subject, &record), 0);
	assert_string_equal(subject.group, "4300");
}

static void name_group_fails_when_the_service_does(void **state)
{
	(void)state;
	world.group_err = EIO;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_name_group(&subject, &record), -EIO);
	assert_null(subject.group);
}

static void look_up_fails_when_there_is_no_random_number(void **state)
{
	(void)state;
	world.random_fails = true;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), -EAGAIN);
}

static void is_member_answers_and_asks_for_the_list_once(void **state)
{
	bool is_member = false;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_is_member(&subject, "students", &is_member, &record), 0);
	assert_true(is_member);
	assert_int_equal(nsu_subject_is_member(&subject, "root", &is_member, &record), 0);
	assert_false(is_member);
	assert_int_equal(world.groups_asked, 1);
}

static void is_member_asks_once_for_each_group(void **state)
{
	bool is_member = false;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	for (int i = 0; i < 3; i++) {
		is_member = false;
		assert_int_equal(nsu_subject_is_member(&subject, "students", &is_member, &record), 0);
		assert_true(is_member);
		assert_int_equal(nsu_subject_is_member(&subject, "root", &is_member, &record), 0);
		assert_false(is_member);
		assert_int_equal(nsu_subject_is_member(&subject, "no-such-group-here", &is_member, &record), -ENOENT);
	}
	assert_int_equal(world.students_asked, 1);
	assert_int_equal(nsu_subject_is_member(&subject, "broken", &is_member, &record), -ENOENT);
	world.group_err = EIO; /* the answer that was given stays */
	assert_int_equal(nsu_subject_is_member(&subject, "broken", &is_member, &record), -ENOENT);
}

static void is_member_keeps_no_failure(void **state)
{
	bool is_member = true;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	world.group_err = EIO;
	assert_int_equal(nsu_subject_is_member(&subject, "broken", &is_member, &record), -EIO);
	world.group_err = 0;
	assert_int_equal(nsu_subject_is_member(&subject, "broken", &is_member, &record), -ENOENT);
}

static void exists_answers_for_users_and_groups(void **state)
{
	uid_t uid = 5;
	gid_t gid = 5;
	bool exists = false;

	(void)state;
	assert_int_equal(nsu_subject_user_exists("alice", &exists, &uid, &record), 0);
	assert_true(exists);
	assert_int_equal(uid, ALICE_UID);
	assert_int_equal(nsu_subject_user_exists("no-such-user-here", &exists, &uid, &record), 0);
	assert_false(exists);
	assert_int_equal(uid, ALICE_UID);
	assert_int_equal(nsu_subject_group_exists("students", &exists, &gid, &record), 0);
	assert_true(exists);
	assert_int_equal(nsu_subject_group_exists("no-such-group-here", &exists, &gid, &record), 0);
	assert_false(exists);
}

static void exists_fails_when_the_name_service_does(void **state)
{
	bool exists = true;
	uid_t uid = 5;
	gid_t gid = 5;

	(void)state;
	world.user_err = ENOENT;
	assert_int_equal(nsu_subject_user_exists("alice", &exists, &uid, &record), -EHOSTDOWN);
	record = (struct nsu_fail)NSU_FAIL_INIT;
	world.group_err = EIO;
	assert_int_equal(nsu_subject_group_exists("broken", &exists, &gid, &record), -EIO);
	assert_non_null(strstr(record.text, "'broken'"));
	assert_true(exists);
}

static void is_member_says_when_there_is_no_such_group(void **state)
{
	bool is_member = true;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_is_member(&subject, "no-such-group-here", &is_member, &record), -ENOENT);
	assert_true(is_member);
	assert_int_equal(record.err, 0);
}

static void is_member_asks_twice_before_it_believes_that_there_is_no_group(void **state)
{
	bool is_member = false;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	world.misses = 1;
	assert_int_equal(nsu_subject_is_member(&subject, "students", &is_member, &record), 0);
	assert_true(is_member);
}

static void is_member_believes_no_service_that_does_not_find_gid_0(void **state)
{
	bool is_member = true;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	world.has_no_root = true;
	assert_int_equal(nsu_subject_is_member(&subject, "no-such-group-here", &is_member, &record), -EHOSTDOWN);
	assert_true(is_member);
}

static void is_member_takes_the_group_s_own_list_too(void **state)
{
	bool is_member = false;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	world.n_groups = 0; /* a service of getgrouplist(3) has failed without a word */
	world.lists_alice = true;
	assert_int_equal(nsu_subject_is_member(&subject, "students", &is_member, &record), 0);
	assert_true(is_member);
}

static void is_member_fails_when_the_name_service_does(void **state)
{
	bool is_member = true;

	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	world.group_err = EIO;
	assert_int_equal(nsu_subject_is_member(&subject, "broken", &is_member, &record), -EIO);
	assert_true(is_member);
	assert_string_equal(record.text, "look up the group 'broken'");
}

static void is_member_takes_more_groups_than_the_first_guess(void **state)
{
	bool is_member = false;

	(void)state;
	world.n_groups = 5000;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_is_member(&subject, "students", &is_member, &record), 0);
	assert_true(is_member);
	assert_int_equal(world.groups_asked, 2);
}

static void is_member_takes_a_library_that_hides_how_many_there_are(void **state)
{
	bool is_member = false;

	(void)state;
	world.n_groups = 5000;
	world.groups_hide_number = true;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_is_member(&subject, "students", &is_member, &record), 0);
	assert_true(is_member);
}

static void is_member_fails_when_there_are_more_groups_than_a_process_may_have(void **state)
{
	bool is_member = true;

	(void)state;
	world.n_groups = 70000;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	assert_int_equal(nsu_subject_is_member(&subject, "students", &is_member, &record), -ERANGE);
	assert_true(is_member);
}

static void clear_leaves_a_subject_that_may_be_used_anew(void **state)
{
	(void)state;
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
	nsu_subject_clear(&subject);
	nsu_subject_clear(&subject);
	assert_null(subject.user);
	assert_int_equal(subject.n_groups, -1);
	assert_string_equal(subject.service, "");
	assert_int_equal(nsu_subject_look_up(&subject, "alice", &record), 0);
}

#define IN_NEW_WORLD(test) cmocka_unit_test_setup_teardown(test, new_world, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_NEW_WORLD(look_up_fills_in_everything),
		IN_NEW_WORLD(look_up_finds_root_in_the_real_database),
		IN_NEW_WORLD(look_up_gives_each_subject_an_id_of_its_own),
		IN_NEW_WORLD(look_up_says_when_there_is_no_such_user),
		IN_NEW_WORLD(look_up_takes_no_error_of_a_service_for_no_such_user),
		IN_NEW_WORLD(look_up_passes_on_the_failure_of_a_name_service),
		IN_NEW_WORLD(look_up_asks_again_with_a_larger_buffer),
		IN_NEW_WORLD(look_up_gives_up_when_an_entry_is_larger_than_any_buffer),
		IN_NEW_WORLD(look_up_refuses_the_uid_that_means_unchanged),
		IN_NEW_WORLD(name_group_asks_once),
		IN_NEW_WORLD(name_group_names_one_without_an_entry_by_its_number),
		IN_NEW_WORLD(name_group_fails_when_the_service_does),
		IN_NEW_WORLD(is_member_asks_twice_before_it_believes_that_there_is_no_group),
		IN_NEW_WORLD(is_member_believes_no_service_that_does_not_find_gid_0),
		IN_NEW_WORLD(is_member_takes_the_group_s_own_list_too),
		IN_NEW_WORLD(look_up_fails_when_there_is_no_random_number),
		IN_NEW_WORLD(is_member_answers_and_asks_for_the_list_once),
		IN_NEW_WORLD(is_member_asks_once_for_each_group),
		IN_NEW_WORLD(is_member_keeps_no_failure),
		IN_NEW_WORLD(exists_answers_for_users_and_groups),
		IN_NEW_WORLD(exists_fails_when_the_name_service_does),
		IN_NEW_WORLD(is_member_says_when_there_is_no_such_group),
		IN_NEW_WORLD(is_member_fails_when_the_name_service_does),
		IN_NEW_WORLD(is_member_takes_more_groups_than_the_first_guess),
		IN_NEW_WORLD(is_member_takes_a_library_that_hides_how_many_there_are),
		IN_NEW_WORLD(is_member_fails_when_there_are_more_groups_than_a_process_may_have),
		IN_NEW_WORLD(clear_leaves_a_subject_that_may_be_used_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
