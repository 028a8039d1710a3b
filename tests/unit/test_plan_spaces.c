/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of nsu_plan_check() that is about single namespaces, limits and hardening. */
#include "support.h"

#include <sched.h>

#include "plan.h"

static struct nsu_plan plan;

/* A plan that passes: all eight namespaces, and everything that goes with them. */
static int make_plan(void **state)
{
	(void)state;
	nsu_plan_init(&plan);
	plan.namespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUSER |
	                  CLONE_NEWCGROUP | CLONE_NEWTIME;
	plan.id = "0123456789abcdef";
	plan.uid = 1000;
	plan.gid = 100;
	plan.net = (struct nsu_plan_net){.mode = NSU_PLAN_NET_VETH,
	                                 .name = "",
	                                 .bridge = "br0",
	                                 .pool = 0x0a400000,
	                                 .prefix_len = 16,
	                                 .mtu = 1400,
	                                 .gateway = true};
	plan.user.uids[0] = (struct nsu_plan_range){0, 0, 1};
	plan.user.uids[1] = (struct nsu_plan_range){1000, 4294967294, 1};
	plan.user.n_uids = 2;
	plan.user.gids[0] = (struct nsu_plan_range){0, 100000, 65536};
	plan.user.n_gids = 1;
	plan.time = (struct nsu_plan_time){NSU_TIME_OFFSET_MAX, -NSU_TIME_OFFSET_MAX};
	plan.limits = (struct nsu_plan_limits){1 << 20, 4194304, 10000, "/nsunshare"};
	plan.harden = (struct nsu_plan_harden){~0ULL, NSU_PLAN_DENY_ALL, true};
	plan.mounts[0] = (struct nsu_plan_mount){.type = NSU_PLAN_SYSFS, .path = "/sys", .read_only = true};
	plan.mounts[1] = (struct nsu_plan_mount){.type = NSU_PLAN_CGROUP, .path = "/sys/fs/cgroup", .read_only = true};
	plan.mounts[2] = (struct nsu_plan_mount){
		.type = NSU_PLAN_INSTANCE, .path = "/srv/i", .throw_away = true, .mode = 0700, .uid = 1000};
	plan.n_mounts = 3;
	return 0;
}

static void assert_taken(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (nsu_plan_check(&plan, &fail) < 0)
		fail_msg("refused: %s", fail.text);
}

/* Refused with that word; then the plan is whole again. */
static void assert_refused(const char *word)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	assert_int_equal(nsu_plan_check(&plan, &fail), -EINVAL);
	assert_true(fail.has_reason);
	if (!strstr(fail.text, word))
		fail_msg("the text is: %s", fail.text);
	make_plan(NULL);
	assert_taken();
}

static void check_takes_all_that_namespaces_may_have(void **state)
{
	(void)state;
	assert_taken();
	plan.net = (struct nsu_plan_net){.mode = NSU_PLAN_NET_NAMED, .name = "web", .bridge = "", .create = true};
	assert_taken();
	plan.net = (struct nsu_plan_net){.mode = NSU_PLAN_NET_LOOPBACK, .name = "", .bridge = ""};
	plan.user.max_user_namespaces = 0;
	plan.limits = (struct nsu_plan_limits){.parent = ""};
	plan.harden = (struct nsu_plan_harden){0, 0, false};
	assert_taken();
}

static void check_refuses_a_net_that_can_not_be(void **state)
{
	static const struct {
		uint32_t pool;
		unsigned prefix_len;
	} pools[] = {{0, 0},          {0x0a400001, 16}, {0x0a400000, 7},  {0x0a400000, 31}, {0x0a400000, 32},
	             {0x0a400000, 9}, {0x7f000000, 8},  {0xe0000000, 16}, {0x00010000, 16}};

	(void)state;
	plan.namespaces &= ~(unsigned)CLONE_NEWNET;
	assert_refused("need the net namespace");
	plan.net.mode = (enum nsu_plan_net_mode)9;
	assert_refused("mode of the net namespace");
	plan.net.mode = NSU_PLAN_NET_NAMED;
	assert_refused("name of the net namespace");
	plan.net.mode = NSU_PLAN_NET_NAMED;
	plan.net.name = "../web";
	assert_refused("name of the net namespace");
	for (size_t i = 0; i < NSU_COUNT(pools); i++) {
		plan.net.pool = pools[i].pool;
		plan.net.prefix_len = pools[i].prefix_len;
		assert_refused("pool");
	}
	plan.net.mtu = 67;
	assert_refused("MTU");
	plan.net.mtu = 65536;
	assert_refused("MTU");
	plan.net.bridge = "a123456789012345";
	assert_refused("bridge");
	plan.net.bridge = "a/b";
	assert_refused("bridge");
}

static void check_refuses_maps_that_the_kernel_would_not_take(void **state)
{
	(void)state;
	plan.namespaces &= ~(unsigned)CLONE_NEWUSER;
	assert_refused("need the user namespace");
	plan.user.n_uids = 0;
	assert_refused("uid map has no range");
	plan.user.n_gids = NSU_PLAN_RANGES_MAX + 1;
	assert_refused("gid map has no range, or more");
	plan.user.uids[0].count = 0;
	assert_refused("empty");
	plan.user.uids[0] = (struct nsu_plan_range){4294967294, 5, 2};
	assert_refused("past the last id");
	plan.user.uids[1].count = 2;
	assert_refused("past the last id");
	plan.user.uids[1].inside = 0;
	assert_refused("overlap");
	plan.user.uids[1].outside = 0;
	assert_refused("overlap");
	plan.user.max_user_namespaces = -2;
	assert_refused("max_user_namespaces");
	plan.user.max_user_namespaces = 2147483648;
	assert_refused("max_user_namespaces");
}

static void check_refuses_a_login_that_is_not_in_its_maps(void **state)
{
	(void)state;
	plan.uid = 1001;
	assert_refused("no uid 1001 inside");
	plan.uid = (uid_t)-1;
	assert_refused("no uid 4294967295 inside");
	plan.gid = 65536;
	assert_refused("no gid 65536 inside");
}

static void check_refuses_what_a_user_namespace_would_lock_or_open(void **state)
{
	(void)state;
	plan.mounts[plan.n_mounts++] = (struct nsu_plan_mount){.type = NSU_PLAN_EXPOSE, .path = "/srv/i/x"};
	assert_refused("nothing may be mounted below it, as on '/srv/i/x'");
	plan.mounts[0].read_only = false;
	assert_refused("sysfs on '/sys' must be read-only");
	plan.mounts[1].read_only = false;
	assert_refused("cgroup on '/sys/fs/cgroup' must be read-only");
	plan.mounts[2].throw_away = false;
	plan.mounts[plan.n_mounts++] = (struct nsu_plan_mount){.type = NSU_PLAN_EXPOSE, .path = "/srv/i/x"};
	assert_taken();
}

static void check_refuses_host_views_without_their_namespaces(void **state)
{
	(void)state;
	plan.net.mode = NSU_PLAN_NET_LOOPBACK;
	plan.namespaces &= ~(unsigned)CLONE_NEWNET;
	assert_refused("sysfs on '/sys' needs the net namespace");
	plan.net.mode = NSU_PLAN_NET_LOOPBACK;
	plan.namespaces &= ~(unsigned)(CLONE_NEWNET | CLONE_NEWCGROUP);
	plan.mounts[0] = plan.mounts[1];
	plan.n_mounts = 1;
	assert_refused("cgroup on '/sys/fs/cgroup' needs the cgroup or net namespace");
}

static void check_refuses_clocks_and_limits_out_of_range(void **state)
{
	(void)state;
	plan.namespaces &= ~(unsigned)CLONE_NEWTIME;
	assert_refused("need the time namespace");
	plan.time.boottime++;
	assert_refused("offset");
	plan.time.monotonic--;
	assert_refused("offset");
	plan.limits.memory_bytes = (1 << 20) - 1;
	assert_refused("limit");
	plan.limits.memory_bytes = 1ULL << 63;
	assert_refused("limit");
	plan.limits.tasks++;
	assert_refused("limit");
	plan.limits.cpu_weight++;
	assert_refused("limit");
	plan.limits.parent = "/a/../b";
	assert_refused("parent");
	plan.id = "";
	assert_refused("id");
	plan.harden.denials = NSU_PLAN_DENY_ALL + 1;
	assert_refused("denial");
}

/* What nobody owns, with all else that the plan has. */
static void make_common(enum nsu_plan_scope scope)
{
	plan.scope = scope;
	plan.scope_name = scope == NSU_PLAN_SCOPE_NAMED ? "team" : "";
	plan.scope_gid = scope == NSU_PLAN_SCOPE_GROUP ? 100 : 0;
	plan.uid = 0;
	plan.gid = 0;
	plan.n_mounts = 2;
}

static void check_takes_each_scope_and_lifetime(void **state)
{
	(void)state;
	for (int lifetime = NSU_PLAN_LIFETIME_LOGIN; lifetime < NSU_PLAN_LIFETIMES; lifetime++) {
		make_plan(NULL);
		plan.lifetime = (enum nsu_plan_lifetime)lifetime;
		plan.scope = NSU_PLAN_SCOPE_USER;
		assert_taken();
		make_common(NSU_PLAN_SCOPE_GROUP);
		assert_taken();
		plan.scope_gid = 0; /* root's */
		assert_taken();
		make_common(NSU_PLAN_SCOPE_NAMED);
		assert_taken();
	}
	make_plan(NULL);
	plan.lifetime = NSU_PLAN_LIFETIME_PROCESSES;
	assert_taken();
	plan.lifetime = NSU_PLAN_LIFETIME_PERMANENT;
	assert_refused("permanent set of one login");
}

static void check_refuses_a_scope_that_can_not_be(void **state)
{
	(void)state;
	plan.scope_name = "team";
	assert_refused("name of the scope");
	make_common(NSU_PLAN_SCOPE_NAMED);
	plan.scope_name = "";
	assert_refused("name of the scope");
	make_common(NSU_PLAN_SCOPE_NAMED);
	plan.scope_name = "../team";
	assert_refused("name of the scope");
	make_common(NSU_PLAN_SCOPE_NAMED);
	plan.scope_gid = 100;
	assert_refused("group of a scope");
	plan.scope_gid = 100;
	assert_refused("group of a scope");
	plan.scope = NSU_PLAN_SCOPE_USER;
	plan.limits = (struct nsu_plan_limits){.parent = ""};
	plan.n_mounts = 2;
	plan.id = "";
	assert_refused("shared set needs an id");
	for (int lifetime = NSU_PLAN_LIFETIME_PROCESSES; lifetime < NSU_PLAN_LIFETIMES; lifetime++) {
		plan.scope = NSU_PLAN_SCOPE_USER;
		plan.lifetime = (enum nsu_plan_lifetime)lifetime;
		plan.namespaces &= ~(unsigned)CLONE_NEWPID;
		assert_refused("needs the pid namespace");
	}
}

static void check_refuses_what_is_one_user_s_where_users_share(void **state)
{
	static const enum nsu_plan_scope scopes[] = {NSU_PLAN_SCOPE_GROUP, NSU_PLAN_SCOPE_NAMED};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(scopes); i++) {
		make_common(scopes[i]);
		plan.uid = 1000;
		assert_refused("has a user");
		make_common(scopes[i]);
		plan.gid = 100;
		assert_refused("has a user");
		make_common(scopes[i]);
		plan.n_mounts = 3;
		assert_refused("instance on '/srv/i' in a set that users share");
		make_common(scopes[i]);
		plan.mounts[1].uid = 1000;
		assert_refused("cgroup on '/sys/fs/cgroup': one user's");
		make_common(scopes[i]);
		plan.mounts[0].gid = 100;
		assert_refused("sysfs on '/sys': one user's");
		make_common(scopes[i]);
		plan.user.uids[0] = (struct nsu_plan_range){1000, 1000, 1};
		plan.user.n_uids = 1; /* without uid 0: who logs in is asked for when he does */
		assert_taken();
		make_plan(NULL);
	}
}

static void outside_is_what_the_map_says(void **state)
{
	static const struct nsu_plan_range ranges[] = {{0, 100000, 10}, {10, 5, 1}, {4294967294, 4294967294, 1}};
	static const struct {
		uint32_t inside, outside;
		bool is_there;
	} cases[] = {{0, 100000, true},      {9, 100009, true},   {10, 5, true},
	             {11, 77, false},        {100000, 77, false}, {4294967294, 4294967294, true},
	             {4294967295, 77, false}};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(cases); i++) {
		uint32_t outside = 77;

		assert_int_equal(nsu_plan_outside(ranges, NSU_COUNT(ranges), cases[i].inside, &outside),
		                 cases[i].is_there);
		assert_int_equal(outside, cases[i].outside);
	}
}

static void started_in_leaves_out_what_is_entered_later(void **state)
{
	const unsigned all = plan.namespaces;

	(void)state;
	assert_int_equal(nsu_plan_started_in(&plan),
	                 all & ~(unsigned)(CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWCGROUP));
	plan.limits = (struct nsu_plan_limits){.parent = ""};
	plan.net.mode = NSU_PLAN_NET_NAMED;
	assert_int_equal(nsu_plan_started_in(&plan), all & ~(unsigned)(CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWNET));
}

#define WITH_PLAN(test) cmocka_unit_test_setup(test, make_plan)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLAN(check_takes_all_that_namespaces_may_have),
		WITH_PLAN(check_refuses_a_net_that_can_not_be),
		WITH_PLAN(check_refuses_maps_that_the_kernel_would_not_take),
		WITH_PLAN(check_refuses_a_login_that_is_not_in_its_maps),
		WITH_PLAN(check_refuses_what_a_user_namespace_would_lock_or_open),
		WITH_PLAN(check_refuses_host_views_without_their_namespaces),
		WITH_PLAN(check_refuses_clocks_and_limits_out_of_range),
		WITH_PLAN(check_takes_each_scope_and_lifetime),
		WITH_PLAN(check_refuses_a_scope_that_can_not_be),
		WITH_PLAN(check_refuses_what_is_one_user_s_where_users_share),
		WITH_PLAN(outside_is_what_the_map_says),
		WITH_PLAN(started_in_leaves_out_what_is_entered_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
