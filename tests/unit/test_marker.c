/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G22. */
#include "support.h"

#include <sched.h>

#include "marker.h"

#define TEST_ID "0123456789abcdef"

static struct nsu_marker marker;
static struct nsu_plan plan;
static bool inside;

static int read_it(const char *word)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ret;

	memset(&marker, 0x5a, sizeof(marker));
	inside = false;
	ret = nsu_marker_read(&marker, &inside, &fail);
	if (ret < 0)
		CHILD_CHECK(!inside && marker.id[0] == 0x5a && strstr(fail.text, word));
	return ret;
}

static void own_run_dir(void)
{
	own_mounts();
	CHILD_CHECK(mkdir(NSU_RUN_DIR, 0700) == 0);
}

static void put(const char *text)
{
	unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
	CHILD_CHECK(symlink(text, NSU_RUN_DIR "/" NSU_MARKER_NAME) == 0);
}

/* A plan of a mask and a fresh proc. */
static void make_plan(const char *profile)
{
	nsu_plan_init(&plan);
	plan.id = TEST_ID;
	plan.uid = 4294967294;
	plan.profile = profile;
	plan.namespaces = CLONE_NEWNS | CLONE_NEWPID;
	plan.n_mounts = 2;
	plan.mounts[0] = (struct nsu_plan_mount){.type = NSU_PLAN_PROC, .path = "/proc", .source = ""};
	plan.mounts[1] = (struct nsu_plan_mount){.type = NSU_PLAN_MASK, .path = "/srv/a", .source = ""};
}

static void make_and_read(void)
{
	char profile[NSU_LOG_VALUE_MAX + 1];
	int fd;

	own_run_dir();
	CHILD_CHECK(read_it("") == 0 && !inside);
	CHILD_CHECK(rmdir(NSU_RUN_DIR) == 0 && read_it("") == 0 && !inside);
	CHILD_CHECK(mkdir(NSU_RUN_DIR, 0700) == 0);
	fd = open(NSU_RUN_DIR, O_PATH | O_CLOEXEC);
	make_plan("a profile");
	CHILD_CHECK(nsu_marker_make(fd, &plan) == 0);
	CHILD_CHECK(read_it("") == 0 && inside);
	CHILD_CHECK(strcmp(marker.id, TEST_ID) == 0 && marker.uid == 4294967294);
	CHILD_CHECK(strcmp(marker.profile, "a profile") == 0 && marker.namespaces == plan.namespaces);
	CHILD_CHECK(nsu_marker_covers(&marker, &plan));
	CHILD_CHECK(nsu_marker_make(fd, &plan) == -EEXIST);
	memset(profile, 'p', sizeof(profile));
	profile[NSU_LOG_VALUE_MAX - 1] = '\0';
	unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
	make_plan(profile);
	plan.namespaces = ~0U;
	CHILD_CHECK(nsu_marker_make(fd, &plan) == 0);
	CHILD_CHECK(read_it("") == 0 && inside && strcmp(marker.profile, profile) == 0);
	profile[NSU_LOG_VALUE_MAX - 1] = 'p';
	profile[NSU_LOG_VALUE_MAX] = '\0';
	unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
	CHILD_CHECK(nsu_marker_make(fd, &plan) == -EINVAL);
	make_plan("x");
	plan.id = "12";
	CHILD_CHECK(nsu_marker_make(fd, &plan) == -EINVAL);
}

/* Each change of the plan beside the session that was made of it: does that cover it still? */
static void cover(void)
{
	static const struct {
		const char *what;
		bool is_covered;
	} cases[] = {
		{"nothing", true},        {"user", false},           {"profile", false},
		{"namespace less", true}, {"namespace more", false}, {"mask less", false},
		{"path", false},          {"source", false},         {"hidepid", false},
		{"no proc", true},        {"hosts", true},           {"size", false},
		{"name", true},           {"propagation", false},
	};
	int fd;

	own_run_dir();
	fd = open(NSU_RUN_DIR, O_PATH | O_CLOEXEC);
	for (size_t i = 0; i < NSU_COUNT(cases); i++) {
		const char *what = cases[i].what;

		make_plan("p");
		plan.mounts[2] = (struct nsu_plan_mount){.type = NSU_PLAN_BIND, .path = "/b", .source = "/c"};
		plan.n_mounts = 3;
		unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
		CHILD_CHECK(nsu_marker_make(fd, &plan) == 0 && read_it("") == 0);
		plan.uid -= strcmp(what, "user") == 0;
		plan.profile = strcmp(what, "profile") == 0 ? "q" : "p";
		if (strcmp(what, "namespace less") == 0)
			plan.namespaces = CLONE_NEWNS;
		if (strcmp(what, "namespace more") == 0)
			plan.namespaces |= CLONE_NEWIPC;
		plan.n_mounts -= strcmp(what, "mask less") == 0;
		if (strcmp(what, "path") == 0)
			plan.mounts[1].path = "/srv/b";
		if (strcmp(what, "source") == 0)
			plan.mounts[2].source = "/d";
		if (strcmp(what, "hidepid") == 0)
			plan.mounts[0].hidepid = NSU_PLAN_HIDEPID_INVISIBLE;
		if (strcmp(what, "no proc") == 0)
			plan.mounts[0].type = NSU_PLAN_HOSTS;
		if (strcmp(what, "hosts") == 0)
			plan.mounts[plan.n_mounts++] = (struct nsu_plan_mount){.type = NSU_PLAN_HOSTS, .path = "/h"};
		plan.mounts[1].size_bytes = strcmp(what, "size") == 0;
		plan.hostname = strcmp(what, "name") == 0 ? "other" : "";
		if (strcmp(what, "propagation") == 0)
			plan.propagation = NSU_PLAN_SLAVE;
		if (nsu_marker_covers(&marker, &plan) != cases[i].is_covered)
			fprintf(stderr, "wrong for: %s\n", what);
		CHILD_CHECK(nsu_marker_covers(&marker, &plan) == cases[i].is_covered);
	}
}

/* What only a plan with all namespaces can have. */
static void make_large_plan(void)
{
	make_plan("p");
	plan.namespaces |= CLONE_NEWNET | CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWCGROUP;
	plan.net = (struct nsu_plan_net){.mode = NSU_PLAN_NET_VETH,
	                                 .name = "",
	                                 .bridge = "br0",
	                                 .pool = 0x0a400000,
	                                 .prefix_len = 16,
	                                 .gateway = true};
	plan.user.n_uids = plan.user.n_gids = 2;
	for (uint32_t i = 0; i < 2; i++)
		plan.user.uids[i] = plan.user.gids[i] = (struct nsu_plan_range){i, 1000 + i, 1};
	plan.limits = (struct nsu_plan_limits){.tasks = 9, .parent = "/p"};
	plan.mounts[2] = (struct nsu_plan_mount){.type = NSU_PLAN_CGROUP, .path = "/sys/fs/cgroup", .source = ""};
	plan.mounts[3] = (struct nsu_plan_mount){
		.type = NSU_PLAN_READONLY, .path = "/proc/sys", .source = "", .recursive = true, .optional = true};
	plan.n_mounts = 4;
}

#define CHANGE(name, ...)                                                                                              \
	static void name(void)                                                                                         \
	{                                                                                                              \
		__VA_ARGS__;                                                                                           \
	}

CHANGE(change_nothing, (void)plan)
CHANGE(change_mode, plan.net.mode = NSU_PLAN_NET_LOOPBACK)
CHANGE(change_name, plan.net.name = "other")
CHANGE(change_create, plan.net.create = true)
CHANGE(change_bridge, plan.net.bridge = "br1")
CHANGE(change_pool, plan.net.pool = 0x0a410000)
CHANGE(change_prefix, plan.net.prefix_len = 17)
CHANGE(change_mtu, plan.net.mtu = 1400)
CHANGE(change_gateway, plan.net.gateway = false)
CHANGE(change_isolated, plan.net.isolated = true)
CHANGE(change_uid, plan.user.uids[1].outside++)
CHANGE(change_uids, plan.user.n_uids--)
CHANGE(change_gid, plan.user.gids[0].count++)
CHANGE(change_max, plan.user.max_user_namespaces = 0)
CHANGE(change_boottime, plan.time.boottime = 1)
CHANGE(change_monotonic, plan.time.monotonic = -1)
CHANGE(change_memory, plan.limits.memory_bytes = 1 << 20)
CHANGE(change_tasks, plan.limits.tasks = 8)
CHANGE(change_weight, plan.limits.cpu_weight = 1)
CHANGE(change_parent, plan.limits.parent = "/q")
CHANGE(change_drop, plan.harden.drop = 1)
CHANGE(change_denials, plan.harden.denials = NSU_PLAN_DENY_KEYCTL)
CHANGE(change_privs, plan.harden.no_new_privs = true)
CHANGE(change_cgroup, plan.mounts[2].read_only = true)
CHANGE(change_protection, plan.n_mounts--)
CHANGE(change_other_place, plan.mounts[3].path = "/proc/self")
CHANGE(change_other_tree, plan.mounts[3].path = "/srv/sys")
CHANGE(change_pid, plan.namespaces &= ~CLONE_NEWPID; plan.mounts[0].type = NSU_PLAN_HOSTS)

static void cover_namespaces(void)
{
	static const struct {
		void (*change)(void);
		bool is_covered;
	} cases[] = {
		{change_nothing, true},    {change_mode, false},        {change_name, false},
		{change_create, false},    {change_bridge, false},      {change_pool, false},
		{change_prefix, false},    {change_mtu, false},         {change_gateway, false},
		{change_isolated, false},  {change_uid, false},         {change_uids, false},
		{change_gid, false},       {change_max, false},         {change_boottime, false},
		{change_monotonic, false}, {change_memory, false},      {change_tasks, false},
		{change_weight, false},    {change_parent, false},      {change_drop, false},
		{change_denials, false},   {change_privs, false},       {change_cgroup, false},
		{change_protection, true}, {change_other_place, false}, {change_other_tree, false},
		{change_pid, true},
	};
	int fd;

	own_run_dir();
	fd = open(NSU_RUN_DIR, O_PATH | O_CLOEXEC);
	for (size_t i = 0; i < NSU_COUNT(cases); i++) {
		make_large_plan();
		unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
		CHILD_CHECK(nsu_marker_make(fd, &plan) == 0 && read_it("") == 0);
		cases[i].change();
		if (nsu_marker_covers(&marker, &plan) != cases[i].is_covered)
			fprintf(stderr, "wrong for case %zu\n", i);
		CHILD_CHECK(nsu_marker_covers(&marker, &plan) == cases[i].is_covered);
	}
}

/* Sets that users share are nobody's: uid 0, as root's own sessions. */
static void make_common(enum nsu_plan_scope scope, gid_t gid, const char *name)
{
	make_plan("p");
	plan.scope = scope;
	plan.uid = scope == NSU_PLAN_SCOPE_SESSION || scope == NSU_PLAN_SCOPE_USER ? (uid_t)gid : 0;
	plan.scope_gid = scope == NSU_PLAN_SCOPE_GROUP ? gid : 0;
	plan.scope_name = name;
}

/* Each of these from inside each: is it the same set of users? */
static void cover_scopes(void)
{
	static const struct {
		enum nsu_plan_scope scope;
		gid_t id;
		const char *name;
	} sets[] = {
		{NSU_PLAN_SCOPE_SESSION, 0, ""},       {NSU_PLAN_SCOPE_SESSION, 1000, ""},
		{NSU_PLAN_SCOPE_USER, 0, ""},          {NSU_PLAN_SCOPE_USER, 1000, ""},
		{NSU_PLAN_SCOPE_USER, 1001, ""},       {NSU_PLAN_SCOPE_GROUP, 0, ""},
		{NSU_PLAN_SCOPE_GROUP, 1000, ""},      {NSU_PLAN_SCOPE_GROUP, 1001, ""},
		{NSU_PLAN_SCOPE_NAMED, 0, "team"},     {NSU_PLAN_SCOPE_NAMED, 0, "tea"},
		{NSU_PLAN_SCOPE_NAMED, 0, "team-two"},
	};
	int fd;

	own_run_dir();
	fd = open(NSU_RUN_DIR, O_PATH | O_CLOEXEC);
	for (size_t i = 0; i < NSU_COUNT(sets); i++) {
		make_common(sets[i].scope, sets[i].id, sets[i].name);
		unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
		CHILD_CHECK(nsu_marker_make(fd, &plan) == 0 && read_it("") == 0);
		for (size_t j = 0; j < NSU_COUNT(sets); j++) {
			make_common(sets[j].scope, sets[j].id, sets[j].name);
			if (nsu_marker_covers(&marker, &plan) != (i == j))
				fprintf(stderr, "wrong for a plan %zu inside %zu\n", j, i);
			CHILD_CHECK(nsu_marker_covers(&marker, &plan) == (i == j));
		}
		make_common(sets[i].scope, sets[i].id, sets[i].name);
		plan.lifetime = NSU_PLAN_LIFETIME_PROCESSES;
		CHILD_CHECK(nsu_marker_covers(&marker, &plan));
	}
}

static void marker_covers_a_plan_of_the_same_set_of_users_only(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(cover_scopes), 0);
}

static void marker_covers_a_plan_of_the_same_namespaces_limits_and_hardening(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(cover_namespaces), 0);
}

static void marker_covers_a_plan_that_asks_for_no_more(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(cover), 0);
}

static void marker_says_what_it_was_made_with(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(make_and_read), 0);
}

static void read_strange_ones(void)
{
	static const char *const wrong[] = {
		"x",
		TEST_ID,
		TEST_ID " ",
		TEST_ID " 1000",
		TEST_ID " 1000 2a 1 7",
		TEST_ID " 1000 2a 1 7 p",
		TEST_ID " 1000 2a 1 7 8",
		TEST_ID " 1000 2a 1 7 -8 p",
		TEST_ID " 1000 2a 1 7 00000000000000008 p",
		TEST_ID " 1000 p",
		TEST_ID "1000 2a 1 7 8 p",
		TEST_ID "0 1000 2a 1 7 8 p",
		TEST_ID "  2a 1 7 8 p",
		TEST_ID " -1 2a 1 7 8 p",
		TEST_ID " 4294967295 2a 1 7 8 p",
		TEST_ID " 4294967296 2a 1 7 8 p",
		TEST_ID " 0x10 2a 1 7 8 p",
		TEST_ID " 1000 0x2a 1 7 8 p",
		TEST_ID " 1000 2a -1 7 8 p",
		TEST_ID " 1000 100000000 1 7 8 p",
		TEST_ID " 1000 2a 1 00000000000000007 8 p",
		"0123456789abcdeg 1000 2a 1 7 8 p",
		"/etc/passwd",
	};
	char text[1024];

	own_run_dir();
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		put(wrong[i]);
		CHILD_CHECK(read_it("not the marker of a session") == -EINVAL);
	}
	for (int len = NSU_LOG_VALUE_MAX - 1; len < 900; len++) {
		snprintf(text, sizeof(text), "%s 1 2a 1 7 8 %0*d", TEST_ID, len, 7);
		put(text);
		CHILD_CHECK(read_it("not the marker") == (len < NSU_LOG_VALUE_MAX ? 0 : -EINVAL));
	}
	put(TEST_ID " 1000 2a 1 7 8 p");
	CHILD_CHECK(read_it("") == 0 && inside);
	CHILD_CHECK(lchown(NSU_RUN_DIR "/" NSU_MARKER_NAME, 1000, 1000) == 0);
	CHILD_CHECK(read_it("not the marker of a session") == -EINVAL);
	CHILD_CHECK(unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME) == 0);
	write_file(NSU_RUN_DIR "/" NSU_MARKER_NAME, TEST_ID " 1000 2a 1 7 8 p", 0600);
	CHILD_CHECK(read_it("read '/run/nsunshare/session'") == -EINVAL);
}

static void marker_believes_only_a_link_of_root_in_its_own_form(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(read_strange_ones), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marker_says_what_it_was_made_with),
		cmocka_unit_test(marker_covers_a_plan_that_asks_for_no_more),
		cmocka_unit_test(marker_covers_a_plan_of_the_same_namespaces_limits_and_hardening),
		cmocka_unit_test(marker_covers_a_plan_of_the_same_set_of_users_only),
		cmocka_unit_test(marker_believes_only_a_link_of_root_in_its_own_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
