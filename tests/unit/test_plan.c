/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include "plan.h"

static struct nsu_plan plan;

/* A plan that passes nsu_plan_check(): everything in it, one mount of each type. */
static int make_plan(void **state)
{
	(void)state;
	nsu_plan_init(&plan);
	plan.namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID;
	plan.hostname = "alice-host";
	plan.mounts[0] = (struct nsu_plan_mount){.type = NSU_PLAN_PROC, .path = "/proc"};
	plan.mounts[1] = (struct nsu_plan_mount){.type = NSU_PLAN_MQUEUE, .path = "/dev/mqueue", .optional = true};
	plan.mounts[2] = (struct nsu_plan_mount){.type = NSU_PLAN_HOSTS, .path = "/etc/hosts"};
	plan.mounts[3] = (struct nsu_plan_mount){
		.type = NSU_PLAN_TMPFS, .path = "/tmp", .size_bytes = 1 << 20, .inodes = 100, .mode = 01777};
	plan.n_mounts = 4;
	return 0;
}

static void assert_refused(const char *word)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	assert_int_equal(nsu_plan_check(&plan, &fail), -EINVAL);
	assert_true(fail.has_reason);
	if (!strstr(fail.text, word))
		fail_msg("the text is: %s", fail.text);
}

static void assert_taken(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (nsu_plan_check(&plan, &fail) < 0)
		fail_msg("refused: %s", fail.text);
}

static void plan_has_the_built_in_values_when_new(void **state)
{
	(void)state;
	memset(&plan, 0xff, sizeof(plan));
	nsu_plan_init(&plan);
	assert_false(plan.leave_alone);
	assert_int_equal(plan.namespaces, 0);
	assert_int_equal(plan.n_mounts, 0);
	assert_int_equal(plan.timeout_ms, NSU_TIMEOUT_MS);
	assert_int_equal(plan.stop_timeout_ms, 0);
	assert_true(plan.enforce);
	assert_false(plan.allow_on_error);
	assert_string_equal(plan.hostname, "");
	assert_string_equal(plan.note, "");
}

static void plan_text_keeps_copies_until_it_is_full(void **state)
{
	char chunk[1024], text[] = "hello";
	const char *kept = NULL, *last = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(nsu_plan_text(&plan, text, &kept), 0);
	text[0] = 'j';
	memset(chunk, 'x', sizeof(chunk) - 1);
	chunk[sizeof(chunk) - 1] = '\0';
	while (nsu_plan_text(&plan, chunk, &last) == 0)
		n++;
	assert_int_equal(n, NSU_PLAN_TEXT_MAX / sizeof(chunk) - 1);
	assert_int_equal(nsu_plan_text(&plan, chunk, &last), -E2BIG);
	assert_string_equal(last, chunk);
	assert_string_equal(kept, "hello");
}

static void check_takes_a_whole_plan(void **state)
{
	(void)state;
	assert_taken();
}

static void check_takes_anything_that_is_left_alone(void **state)
{
	(void)state;
	plan.namespaces = 0;
	plan.leave_alone = true;
	assert_taken();
}

static void check_refuses_a_plan_without_namespaces(void **state)
{
	(void)state;
	plan.namespaces = 0;
	assert_refused("no namespace");
}

static void check_refuses_mounts_and_pid_without_the_mount_namespace(void **state)
{
	(void)state;
	plan.namespaces &= ~(unsigned)CLONE_NEWNS;
	assert_refused("mount namespace");
	plan.n_mounts = 0;
	assert_refused("mount namespace");
	plan.namespaces = CLONE_NEWIPC | CLONE_NEWUTS;
	assert_taken();
}

static void check_refuses_a_host_name_without_uts_or_too_long(void **state)
{
	char name[NSU_HOSTNAME_MAX + 2];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[NSU_HOSTNAME_MAX + 1] = '\0';
	plan.hostname = name;
	assert_refused("host name is too long");
	name[NSU_HOSTNAME_MAX] = '\0';
	assert_taken();
	plan.namespaces &= ~(unsigned)CLONE_NEWUTS;
	assert_refused("uts namespace");
}

static void check_refuses_special_mounts_without_what_they_show(void **state)
{
	(void)state;
	plan.namespaces &= ~(unsigned)CLONE_NEWPID;
	assert_refused("pid namespace");
	plan.namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWPID;
	assert_refused("ipc namespace");
	make_plan(NULL);
	plan.hostname = "";
	assert_refused("host name");
}

static void check_refuses_two_mounts_on_one_path(void **state)
{
	(void)state;
	plan.mounts[3].path = "/proc";
	assert_refused("two mounts on '/proc'");
}

static void check_refuses_a_path_that_is_not_clean(void **state)
{
	static const char *const wrong[] = {"", "/", "tmp", "/tmp/", "/a/../b", "/a//b"};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		plan.mounts[3].path = wrong[i];
		assert_refused("not a clean absolute path");
	}
}

static void check_refuses_a_tmpfs_without_limits(void **state)
{
	static const struct {
		uint64_t bytes;
		unsigned percent;
	} wrong[] = {{0, 0}, {0, 101}, {1, 0}, {NSU_TMPFS_BYTES_MAX + 1, 0}, {UINT64_MAX, 0}, {1 << 20, 10}};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		plan.mounts[3].size_bytes = wrong[i].bytes;
		plan.mounts[3].size_percent = wrong[i].percent;
		assert_refused("size");
	}
	plan.mounts[3].size_bytes = 0;
	plan.mounts[3].size_percent = 100;
	assert_taken();
	plan.mounts[3].inodes = 0;
	assert_refused("inodes");
	plan.mounts[3].inodes = NSU_TMPFS_INODES_MAX + 1;
	assert_refused("inodes");
}

static void check_refuses_setuid_bits_and_owners_that_mean_unchanged(void **state)
{
	(void)state;
	plan.mounts[3].mode = 04755;
	assert_refused("mode or owner");
	plan.mounts[3].mode = 0755;
	plan.mounts[3].uid = (uid_t)-1;
	assert_refused("mode or owner");
	plan.mounts[3].uid = 1000;
	plan.mounts[3].gid = (gid_t)-1;
	assert_refused("mode or owner");
}

static void check_refuses_times_out_of_range(void **state)
{
	(void)state;
	plan.timeout_ms = NSU_TIMEOUT_MIN_MS - 1;
	assert_refused("time limit");
	plan.timeout_ms = NSU_TIMEOUT_MAX_MS + 1;
	assert_refused("time limit");
	plan.timeout_ms = NSU_TIMEOUT_MAX_MS;
	plan.stop_timeout_ms = NSU_STOP_TIMEOUT_MAX_MS + 1;
	assert_refused("time limit");
}

static void print_shows_every_value(void **state)
{
	char text[2048];

	(void)state;
	plan.profile = "shell";
	plan.rule = "policy.conf:3";
	plan.propagation = NSU_PLAN_SLAVE;
	plan.enforce = false;
	plan.allow_on_error = true;
	plan.mounts[3].noexec = true;
	assert_string_equal(nsu_plan_print(&plan, text, sizeof(text)),
	                    "profile: shell\n"
	                    "rule: policy.conf:3\n"
	                    "namespaces: mount,ipc,uts,pid\n"
	                    "hostname: alice-host\n"
	                    "propagation: slave\n"
	                    "mount: proc on /proc\n"
	                    "mount: mqueue on /dev/mqueue optional\n"
	                    "mount: hosts on /etc/hosts\n"
	                    "mount: tmpfs on /tmp size=1048576 inodes=100 mode=1777 owner=0:0 noexec\n"
	                    "timeout: 5000\n"
	                    "stop_timeout: 0\n"
	                    "enforce: false\n"
	                    "on_error: allow\n");
}

static void print_is_cut_to_the_buffer(void **state)
{
	char whole[2048];

	(void)state;
	nsu_plan_print(&plan, whole, sizeof(whole));
	for (size_t cap = 1; cap < strlen(whole); cap++) {
		char *text = malloc(cap); /* of this very size, so that the sanitizer sees one byte too many */

		assert_non_null(text);
		nsu_plan_print(&plan, text, cap);
		assert_int_equal(strlen(text), cap - 1);
		assert_memory_equal(text, whole, cap - 1);
		free(text);
	}
}

#define WITH_PLAN(test) cmocka_unit_test_setup(test, make_plan)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLAN(plan_has_the_built_in_values_when_new),
		WITH_PLAN(plan_text_keeps_copies_until_it_is_full),
		WITH_PLAN(check_takes_a_whole_plan),
		WITH_PLAN(check_takes_anything_that_is_left_alone),
		WITH_PLAN(check_refuses_a_plan_without_namespaces),
		WITH_PLAN(check_refuses_mounts_and_pid_without_the_mount_namespace),
		WITH_PLAN(check_refuses_a_host_name_without_uts_or_too_long),
		WITH_PLAN(check_refuses_special_mounts_without_what_they_show),
		WITH_PLAN(check_refuses_two_mounts_on_one_path),
		WITH_PLAN(check_refuses_a_path_that_is_not_clean),
		WITH_PLAN(check_refuses_a_tmpfs_without_limits),
		WITH_PLAN(check_refuses_setuid_bits_and_owners_that_mean_unchanged),
		WITH_PLAN(check_refuses_times_out_of_range),
		WITH_PLAN(print_shows_every_value),
		WITH_PLAN(print_is_cut_to_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
