/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G12. */
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
	plan.mounts[2] = (struct nsu_plan_mount){
		.type = NSU_PLAN_TMPFS, .path = NSU_RUN_DIR, .size_bytes = 1 << 20, .inodes = 16, .mode = 0700};
	plan.mounts[3] = (struct nsu_plan_mount){
		.type = NSU_PLAN_TMPFS, .path = "/tmp", .size_bytes = 1 << 20, .inodes = 100, .mode = 01777};
	plan.mounts[4] = (struct nsu_plan_mount){.type = NSU_PLAN_HOSTS, .path = "/etc/hosts"};
	plan.n_mounts = 5;
	plan.id = "0123456789abcdef";
	plan.uid = 1000;
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
	assert_refused("host name is not a valid one"); /* one label of 64 */
	name[20] = '.';
	assert_taken();
	name[21] = '\n';
	assert_refused("host name is not a valid one");
	name[21] = 'a';
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

static struct nsu_plan_mount *add(enum nsu_plan_mount_type type, const char *path)
{
	struct nsu_plan_mount *mount = &plan.mounts[plan.n_mounts++];

	*mount = (struct nsu_plan_mount){.type = type, .path = path};
	return mount;
}

static void check_takes_every_kind_of_mount(void **state)
{
	(void)state;
	add(NSU_PLAN_INSTANCE, "/scratch")->mode = 01777;
	add(NSU_PLAN_INSTANCE, "/once")->throw_away = true;
	add(NSU_PLAN_BIND, "/srv")->source = "/home/alice/srv";
	add(NSU_PLAN_READONLY, "/opt");
	add(NSU_PLAN_MASK, "/secret");
	add(NSU_PLAN_EXPOSE, "/tmp/.X11-unix");
	plan.mounts[0].hidepid = NSU_PLAN_HIDEPID_PTRACEABLE;
	plan.domainname = "example.org";
	assert_taken();
	assert_true(nsu_plan_throws_away(&plan));
	plan.mounts[6].throw_away = false;
	assert_false(nsu_plan_throws_away(&plan));
}

/* C-10 */
static void check_refuses_a_source_that_is_not_clean(void **state)
{
	static const char *const wrong[] = {NULL, "", "/", "srv", "/srv/", "/a/../b", "/a/./b"};
	struct nsu_plan_mount *mount = add(NSU_PLAN_BIND, "/srv");

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		mount->source = wrong[i];
		assert_refused("bind on '/srv': its source is not a clean absolute path");
	}
}

static void check_refuses_instances_that_others_write_over_places_of_the_system(void **state)
{
	struct nsu_plan_mount *mount = add(NSU_PLAN_INSTANCE, "/usr/local");

	(void)state;
	mount->mode = 0755;
	assert_taken();
	mount->mode = 0775;
	assert_refused("instance on '/usr/local': a place of the system");
	mount->mode = 0755;
	mount->uid = 1000;
	assert_refused("instance on '/usr/local': a place of the system");
	mount->path = "/scratch";
	assert_taken();
	mount->mode = 04755;
	assert_refused("instance on '/scratch': its mode or owner");
}

static void check_refuses_instances_without_what_names_and_ends_them(void **state)
{
	struct nsu_plan_mount *mount = add(NSU_PLAN_INSTANCE, "/scratch");

	(void)state;
	plan.id = "";
	assert_refused("instance on '/scratch': the plan has no id");
	plan.id = "0123456789abcdef";
	plan.uid = (uid_t)-1;
	assert_refused("instance on '/scratch': the plan has no user");
	plan.uid = 1000;
	mount->throw_away = true;
	assert_taken();
	plan.mounts[0] = plan.mounts[--plan.n_mounts]; /* in the place of proc */
	plan.namespaces &= ~(unsigned)CLONE_NEWPID;
	assert_refused("removed at logout needs the pid namespace");
}

static void check_refuses_an_id_that_is_no_name(void **state)
{
	static const char *const wrong[] = {"0123456789abcde", "0123456789abcdef0", "../456789abcdef0",
	                                    "0123456789ABCDEF"};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		plan.id = wrong[i];
		assert_refused("16 hexadecimal digits");
	}
}

static void check_refuses_a_mount_below_a_mask(void **state)
{
	(void)state;
	add(NSU_PLAN_MASK, "/secret");
	add(NSU_PLAN_EXPOSE, "/secret/but/this");
	assert_refused("expose on '/secret/but/this': it lies below the mask on '/secret'");
	plan.n_mounts--;
	add(NSU_PLAN_EXPOSE, "/secrets");
	assert_taken();
}

static void check_refuses_what_of_the_host_would_cover_a_mask(void **state)
{
	(void)state;
	add(NSU_PLAN_MASK, "/srv/a/secret");
	add(NSU_PLAN_BIND, "/srv/a");
	plan.mounts[6].source = "/data";
	assert_refused("bind on '/srv/a': it would cover the mask on '/srv/a/secret', made before");
	plan.mounts[5].type = NSU_PLAN_READONLY;
	assert_refused("bind on '/srv/a': it would cover the readonly on '/srv/a/secret', made before");
	plan.mounts[5].type = NSU_PLAN_INSTANCE;
	assert_taken();
}

static void check_refuses_masks_without_a_run_directory_of_root(void **state)
{
	(void)state;
	add(NSU_PLAN_MASK, "/secret");
	plan.mounts[2].uid = 1000;
	assert_refused("hosts on '/etc/hosts' needs a tmpfs of root's on '/run/nsunshare'");
	plan.mounts[4].type = NSU_PLAN_EXPOSE;
	assert_refused("mask on '/secret' needs a tmpfs of root's on '/run/nsunshare'");
	plan.mounts[2].uid = 0;
	plan.mounts[2].mode = 0720;
	assert_refused("mask on '/secret' needs a tmpfs of root's on '/run/nsunshare'");
	plan.mounts[2].mode = 0755;
	assert_taken();
}

static void check_refuses_a_hidepid_that_there_is_not(void **state)
{
	(void)state;
	plan.mounts[0].hidepid = (enum nsu_plan_hidepid)3;
	assert_refused("proc on '/proc': its hidepid");
}

static void check_refuses_a_domain_name_without_uts_or_too_long(void **state)
{
	char name[NSU_HOSTNAME_MAX + 2] = "";

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	plan.domainname = name;
	assert_refused("domain name is too long");
	plan.domainname = "example.org";
	plan.namespaces = CLONE_NEWIPC;
	plan.hostname = "";
	plan.n_mounts = 0;
	assert_refused("a domain name needs the uts namespace");
}

static void check_refuses_mounts_that_would_appear_on_the_host(void **state)
{
	(void)state;
	for (unsigned i = NSU_PLAN_SHARED; i <= NSU_PLAN_UNCHANGED; i++) {
		make_plan(NULL);
		plan.propagation = (enum nsu_plan_propagation)i;
		assert_refused("propagation");
		plan.n_mounts = 0; /* a pid namespace is to have a proc */
		assert_refused("propagation");
		plan.namespaces = CLONE_NEWNS | CLONE_NEWUTS;
		assert_taken();
	}
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
		WITH_PLAN(check_takes_every_kind_of_mount),
		WITH_PLAN(check_refuses_a_source_that_is_not_clean),
		WITH_PLAN(check_refuses_instances_that_others_write_over_places_of_the_system),
		WITH_PLAN(check_refuses_instances_without_what_names_and_ends_them),
		WITH_PLAN(check_refuses_an_id_that_is_no_name),
		WITH_PLAN(check_refuses_a_mount_below_a_mask),
		WITH_PLAN(check_refuses_what_of_the_host_would_cover_a_mask),
		WITH_PLAN(check_refuses_masks_without_a_run_directory_of_root),
		WITH_PLAN(check_refuses_a_hidepid_that_there_is_not),
		WITH_PLAN(check_refuses_a_domain_name_without_uts_or_too_long),
		WITH_PLAN(check_refuses_mounts_that_would_appear_on_the_host),
		WITH_PLAN(check_refuses_times_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
