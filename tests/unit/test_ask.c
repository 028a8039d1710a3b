/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G30. */
/* The sets of a host, as `nsunshare list` asks them: each PID 1 is a child here. */
#include "fake_set.h"

#include <sys/resource.h>

#include "ask.h"

#define ID_A  "00000000000000aa"
#define ID_B  "00000000000000bb"
#define KEY_A "s" ID_A
#define KEY_B "u1000.0123456789abcdef"

static struct fake_set a_set(const char *key, const char *id, int64_t since)
{
	struct fake_set fake = {
		.key = key,
		.set = {.scope = NSU_PLAN_SCOPE_SESSION, .uid = 1000, .since = since, .namespaces = CLONE_NEWPID},
	};

	snprintf(fake.set.id, sizeof(fake.set.id), "%.*s", NSU_ID_LEN, id);
	return fake;
}

static int open_registry(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd;

	umask(0077);
	CHILD_CHECK_OK(nsu_registry_open(true, &dirfd, &fail), &fail);
	return dirfd;
}

static void ask_all(struct nsu_asked_list *list)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	*list = (struct nsu_asked_list)NSU_ASKED_LIST_INIT;
	CHILD_CHECK_OK(nsu_ask_all(list, &fail), &fail);
}

static bool has_name(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", NSU_RUN_DIR, name);
	return access(path, F_OK) == 0;
}

static void a_set_tells_what_it_is(void)
{
	struct nsu_asked asked = NSU_ASKED_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct fake_set fake = a_set(KEY_A, ID_A, 1700000000);
	int dirfd;
	pid_t pid;

	own_mounts();
	fake.set.n_logins = 2;
	snprintf(fake.set.note, sizeof(fake.set.note), "address=10.64.0.5");
	dirfd = open_registry();
	pid = fake_set(&fake);
	CHILD_CHECK_OK(nsu_ask(dirfd, KEY_A, nsu_proc_now_ms() + 5000, &asked, &fail), &fail);
	CHILD_CHECK(strcmp(asked.key, KEY_A) == 0 && strcmp(asked.set.id, ID_A) == 0);
	CHILD_CHECK(strcmp(asked.set.note, "address=10.64.0.5") == 0 && asked.set.uid == 1000);
	CHILD_CHECK(asked.n == 2 && asked.set.n_logins == 2);
	CHILD_CHECK(strcmp(asked.logins[1].user, "user1") == 0 && asked.logins[1].opener == 4242);
	CHILD_CHECK(asked.init_pid == pid);
	nsu_proc_kill(asked.pidfd);
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid);
	nsu_asked_clear(&asked);
	CHILD_CHECK(asked.pidfd == -1 && !asked.logins && asked.n == 0);
}

static void logins_come_page_by_page(void)
{
	static const size_t numbers[] = {0, 1, NSU_SET_PAGE, NSU_SET_PAGE + 1, NSU_LOGINS_MAX};
	struct fake_set fake = a_set(KEY_A, ID_A, 1);
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd, n_fds;

	own_mounts();
	dirfd = open_registry();
	for (size_t i = 0; i < NSU_COUNT(numbers); i++) {
		struct nsu_asked asked = NSU_ASKED_INIT;
		pid_t pid;

		fake.set.n_logins = numbers[i];
		pid = fake_set(&fake);
		n_fds = count_fds();
		CHILD_CHECK_OK(nsu_ask(dirfd, KEY_A, nsu_proc_now_ms() + 5000, &asked, &fail), &fail);
		CHILD_CHECK(asked.n == numbers[i]);
		for (size_t j = 0; j < asked.n; j++)
			CHILD_CHECK(asked.logins[j].since == 1700000000 + (int64_t)j);
		CHILD_CHECK(count_fds() == n_fds + 1);
		nsu_asked_clear(&asked);
		CHILD_CHECK(count_fds() == n_fds);
		end_fake(pid);
	}
}

static void one_that_ends_or_is_silent_is_said(void)
{
	struct nsu_asked asked = NSU_ASKED_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct fake_set fake = a_set(KEY_A, ID_A, 1);
	int dirfd, n_fds;
	pid_t pid;

	own_mounts();
	dirfd = open_registry();
	n_fds = count_fds();
	CHILD_CHECK(nsu_ask(dirfd, KEY_A, nsu_proc_now_ms() + 100, &asked, &fail) == -ENOENT);
	CHILD_CHECK(strcmp(fail.text, "the set '" KEY_A "' has ended") == 0);
	fake.manner = FAKE_CLOSES;
	pid = fake_set(&fake);
	CHILD_CHECK(nsu_ask(dirfd, KEY_A, nsu_proc_now_ms() + 5000, &asked, &fail) == -ECONNRESET);
	end_fake(pid);
	CHILD_CHECK(nsu_ask(dirfd, KEY_A, nsu_proc_now_ms() + 100, &asked, &fail) == -ECONNREFUSED);
	fake.manner = FAKE_SILENT;
	pid = fake_set(&fake);
	CHILD_CHECK(nsu_ask(dirfd, KEY_A, nsu_proc_now_ms() + 100, &asked, &fail) == -ETIMEDOUT);
	CHILD_CHECK(count_fds() == n_fds && asked.pidfd == -1);
	end_fake(pid);
}

static void all_are_told_in_order_and_dead_ones_are_gone(void)
{
	struct fake_set fakes[] = {a_set(KEY_A, ID_A, 30), a_set(KEY_B, ID_B, 20), a_set("gdead", ID_B, 10),
	                           a_set("g50.00000000000000cc", "00000000000000cc", 20)};
	struct nsu_asked_list list;
	pid_t pids[4];
	int n_fds;

	own_mounts();
	ask_all(&list); /* no directory: nothing */
	CHILD_CHECK(list.n == 0 && list.n_silent == 0);
	close(open_registry());
	fakes[2].key = "nlab.00000000000000dd";
	for (size_t i = 0; i < 4; i++)
		pids[i] = fake_set(&fakes[i]);
	end_fake(pids[2]);
	n_fds = count_fds();
	ask_all(&list);
	CHILD_CHECK(list.n == 3 && list.n_silent == 0);
	CHILD_CHECK(list.items[0].init_pid == pids[1] && list.items[1].init_pid == pids[3]);
	CHILD_CHECK(list.items[2].init_pid == pids[0] && strcmp(list.items[2].key, KEY_A) == 0);
	CHILD_CHECK(!has_name(fakes[2].key) && has_name(KEY_A));
	nsu_asked_list_clear(&list);
	CHILD_CHECK(count_fds() == n_fds);
}

/* Some stopped, one that hangs up, and one of another version: all at once they cost one wait, and are known by who listens. */
static void silent_ones_are_told_behind(void)
{
	struct fake_set fakes[5];
	struct nsu_asked_list list;
	char keys[5][NSU_KEY_MAX];
	pid_t pids[5];
	int64_t begin_ms;

	own_mounts();
	close(open_registry());
	for (int i = 0; i < 5; i++) {
		char id[NSU_ID_LEN + 1];

		snprintf(id, sizeof(id), "%016x", i);
		snprintf(keys[i], sizeof(keys[i]), "s%s", id);
		fakes[i] = a_set(keys[i], id, 100 - i);
		fakes[i].manner = i < 2 ? FAKE_SILENT : i == 2 ? FAKE_CLOSES : i == 3 ? FAKE_UNKNOWN : FAKE_GOOD;
		pids[i] = fake_set(&fakes[i]);
	}
	begin_ms = nsu_proc_now_ms();
	ask_all(&list);
	CHILD_CHECK(nsu_proc_now_ms() - begin_ms < 2 * NSU_ASK_MS - 100);
	CHILD_CHECK(list.n == 1 && list.n_silent == 4 && list.items[0].init_pid == pids[4]);
	for (int i = 0; i < 4; i++) {
		CHILD_CHECK(list.items[i + 1].init_pid == pids[i] && strcmp(list.items[i + 1].key, keys[i]) == 0);
		CHILD_CHECK(!list.items[i + 1].set.id[0] && list.items[i + 1].n == 0);
		nsu_proc_kill(list.items[i + 1].pidfd);
		CHILD_CHECK(waitpid(pids[i], NULL, 0) == pids[i]);
	}
	nsu_asked_list_clear(&list);
	ask_all(&list);
	CHILD_CHECK(list.n == 1 && list.n_silent == 0);
	nsu_asked_list_clear(&list);
}

static void more_than_the_limit_of_descriptors_are_asked(void)
{
	struct rlimit limit = {.rlim_cur = 24, .rlim_max = 256}, after;
	struct nsu_asked_list list;
	struct fake_set fake;

	own_mounts();
	close(open_registry());
	for (int i = 0; i < 40; i++) {
		char key[NSU_KEY_MAX];

		snprintf(key, sizeof(key), "s%016x", i);
		fake = a_set(key, key + 1, 1);
		fake_set(&fake);
	}
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	ask_all(&list);
	CHILD_CHECK(list.n == 40 && list.n_silent == 0);
	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &after) == 0 && after.rlim_cur == 24 && after.rlim_max == 256);
	nsu_asked_list_clear(&list);
}

static void a_set_ends_when_it_is_told_to(void)
{
	struct fake_set fake = a_set(KEY_A, ID_A, 1);
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd;
	pid_t pid;

	own_mounts();
	dirfd = open_registry();
	pid = fake_set(&fake);
	CHILD_CHECK_OK(nsu_ask_to_end(dirfd, KEY_A, &fail), &fail);
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid);
	CHILD_CHECK(nsu_ask_to_end(dirfd, KEY_A, &fail) == -ECONNREFUSED);
	nsu_registry_sweep(dirfd);
	CHILD_CHECK(nsu_ask_to_end(dirfd, KEY_A, &fail) == -ENOENT);
}

TEST_IN_CHILD(ask_tells_a_set_and_its_logins, a_set_tells_what_it_is)
TEST_IN_CHILD(ask_turns_the_pages, logins_come_page_by_page)
TEST_IN_CHILD(ask_says_what_has_ended_or_is_silent, one_that_ends_or_is_silent_is_said)
TEST_IN_CHILD(ask_all_orders_and_sweeps, all_are_told_in_order_and_dead_ones_are_gone)
TEST_IN_CHILD(ask_all_waits_once_for_all_silent_ones, silent_ones_are_told_behind)
TEST_IN_CHILD(ask_all_needs_no_raised_limit_of_descriptors, more_than_the_limit_of_descriptors_are_asked)
TEST_IN_CHILD(ask_to_end_ends_a_set, a_set_ends_when_it_is_told_to)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ask_tells_a_set_and_its_logins),
		cmocka_unit_test(ask_turns_the_pages),
		cmocka_unit_test(ask_says_what_has_ended_or_is_silent),
		cmocka_unit_test(ask_all_orders_and_sweeps),
		cmocka_unit_test(ask_all_waits_once_for_all_silent_ones),
		cmocka_unit_test(ask_all_needs_no_raised_limit_of_descriptors),
		cmocka_unit_test(ask_to_end_ends_a_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
