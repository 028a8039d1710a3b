/* SPDX-License-Identifier: BSD-3-Clause */
/* Who the opener is in a user namespace. */
#include "support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "idmap.h"

#define OTHER_ROOT 100000
#define USER       1501

static struct nsu_plan_user user;

/* A process in a user namespace with these maps. */
static int start_mapped(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	int pidfd;

	if (pid == 0)
		for (;;)
			pause();
	CHILD_CHECK(pid > 0);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHILD_CHECK(pidfd >= 0);
	CHILD_CHECK_OK(nsu_idmap_write(&user, pid, pidfd, &fail), &fail);
	return pidfd;
}

static void end_mapped(int pidfd)
{
	CHILD_CHECK(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0);
}

static void become(void)
{
	struct nsu_idmap_roots roots;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int pidfd = start_mapped();

	nsu_idmap_note_roots(&roots);
	CHILD_CHECK(setns(pidfd, CLONE_NEWUSER) == 0);
	end_mapped(pidfd);
	CHILD_CHECK_OK(nsu_idmap_become_root(&user, &roots, &fail), &fail);
}

static void check_ids(uid_t real, uid_t effective, uid_t saved)
{
	uid_t uids[3];

	CHILD_CHECK(getresuid(&uids[0], &uids[1], &uids[2]) == 0);
	CHILD_CHECK(uids[0] == real && uids[1] == effective && uids[2] == saved);
}

static void map_root_to(uint32_t outside)
{
	user = (struct nsu_plan_user){
		.n_uids = 2,
		.n_gids = 2,
		.max_user_namespaces = -1,
		.uids = {{0, outside, 1}, {USER, USER, 1}},
		.gids = {{0, outside, 1}, {USER, USER, 1}},
	};
}

/* As sshd: root altogether. It can still become the user. */
static void be_root_elsewhere(void)
{
	int file;
	struct stat st;

	map_root_to(OTHER_ROOT);
	become();
	check_ids(0, 0, 0);
	CHILD_CHECK(getgid() == 0 && getegid() == 0);
	file = memfd_create("whose", 0);
	CHILD_CHECK(file >= 0 && fstat(file, &st) == 0 && st.st_uid == 0);
	CHILD_CHECK(open("/etc/shadow", O_RDONLY) < 0 && errno == EACCES); /* of the host's root */
	CHILD_CHECK(setresgid(USER, USER, USER) == 0 && setresuid(USER, USER, USER) == 0);
}

static void root_that_is_mapped_elsewhere_is_who_the_opener_becomes(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(be_root_elsewhere), 0);
}

/* As su: of the user who called it. */
static void be_su_elsewhere(void)
{
	map_root_to(OTHER_ROOT);
	CHILD_CHECK(setresgid(USER, 0, 0) == 0 && setresuid(USER, 0, 0) == 0);
	become();
	check_ids(USER, 0, 0);
	CHILD_CHECK(getgid() == USER && getegid() == 0);
}

static void the_real_uid_of_su_stays_that_of_its_user(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(be_su_elsewhere), 0);
}

static void be_root_as_itself(void)
{
	map_root_to(0);
	become();
	check_ids(0, 0, 0);
	CHILD_CHECK(open("/etc/shadow", O_RDONLY) >= 0);
}

static void root_that_is_mapped_to_itself_stays(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(be_root_as_itself), 0);
}

static void be_nobody(void)
{
	map_root_to(0);
	user.n_uids = user.n_gids = 1;
	user.uids[0] = user.gids[0] = (struct nsu_plan_range){USER, USER, 1};
	become();
	CHILD_CHECK(getuid() == 65534 && geteuid() == 65534);
	CHILD_CHECK(setresuid(USER, USER, USER) == 0);
}

static void without_any_root_the_opener_stays_who_it_is(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(be_nobody), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_that_is_mapped_elsewhere_is_who_the_opener_becomes),
		cmocka_unit_test(the_real_uid_of_su_stays_that_of_its_user),
		cmocka_unit_test(root_that_is_mapped_to_itself_stays),
		cmocka_unit_test(without_any_root_the_opener_stays_who_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
