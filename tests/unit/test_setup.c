/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G17. */
/* The order of things, names, places inside one another, propagation. What each kind makes is in test_kind.c. */
#include "own_plan.h"

static void inner_mounts(void)
{
	int before;

	begin();
	add(NSU_PLAN_TMPFS, "/mnt");
	add(NSU_PLAN_TMPFS, "/mnt/a/b")->noexec = true;
	before = count_fds();
	carry_out();
	CHILD_CHECK(count_fds() == before);
	CHILD_CHECK(!is_same_file("/mnt", "/mnt/a/b"));
	CHILD_CHECK(has_flags("/mnt/a/b", ST_NOEXEC | ST_NOSUID));
	CHILD_CHECK(!has_flags("/mnt", ST_NOEXEC) && has_flags("/mnt", ST_NODEV));
}

static void setup_makes_a_target_inside_an_earlier_mount(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(inner_mounts), 0);
}

/* C-15: what the first mount hides is what the second one binds. */
static void hidden_source(void)
{
	begin();
	make_dir("/mnt/tmp", 0, 01777);
	make_dir("/mnt/tmp/x", USER, 0755);
	write_file("/mnt/tmp/x/file", "host", 0644);
	make_dir("/mnt/srv", 0, 0755);
	add(NSU_PLAN_TMPFS, "/mnt/tmp");
	add_bind("/mnt/tmp/x", "/mnt/srv");
	add_bind("/mnt/tmp/x/file", "/mnt/tmp/dir/file");
	carry_out();
	CHILD_CHECK(holds("/mnt/srv/file", "host"));
	CHILD_CHECK(holds("/mnt/tmp/dir/file", "host"));
	CHILD_CHECK(!exists("/mnt/tmp/x"));
}

static void setup_opens_every_source_before_the_first_mount(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(hidden_source), 0);
}

/* C-15, targets: the second one's is the host's directory, not what the first one put over the way to it. */
static void hidden_target(void)
{
	begin();
	make_dir("/mnt/a", 0, 0755);
	make_dir("/mnt/b", 0, 0755);
	make_dir("/mnt/b/c", 0, 0755);
	write_file("/mnt/a/file", "a", 0644);
	add(NSU_PLAN_TMPFS, "/mnt/b/c");
	add_bind("/mnt/a", "/mnt/b");
	carry_out();
	CHILD_CHECK(holds("/mnt/b/file", "a"));
	CHILD_CHECK(!exists("/mnt/b/c"));
}

static void setup_carries_mounts_out_in_their_order(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(hidden_target), 0);
}

static void optional_mounts(void)
{
	static const enum nsu_plan_mount_type types[] = {NSU_PLAN_TMPFS, NSU_PLAN_BIND, NSU_PLAN_READONLY,
	                                                 NSU_PLAN_MASK, NSU_PLAN_INSTANCE};

	begin();
	for (size_t i = 0; i < NSU_COUNT(types); i++) {
		new_plan();
		add(types[i], "/mnt/missing")->source = "/mnt";
		check_fails(ENOENT, "open '/mnt/missing' to mount over");
		plan.mounts[1].optional = true;
		if (types[i] != NSU_PLAN_MASK) /* below which nothing can lie */
			add(NSU_PLAN_TMPFS, "/mnt/missing/inner")->optional = true;
		carry_out();
		CHILD_CHECK(access("/mnt/missing", F_OK) < 0);
		CHILD_CHECK(umount2(NSU_RUN_DIR, MNT_DETACH) == 0);
	}
	CHILD_CHECK(!exists(NSU_STATE_DIR)); /* nor is an instance made */
	new_plan();
	add_bind("/mnt/missing", "/mnt")->optional = true;
	carry_out();
	plan.mounts[1].optional = false;
	check_fails(ENOENT, "open '/mnt/missing', the source of the bind on '/mnt'");
}

static void setup_skips_what_is_optional_and_missing_only(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(optional_mounts), 0);
}

/* C-02 */
static void linked_targets(void)
{
	static const enum nsu_plan_mount_type types[] = {NSU_PLAN_TMPFS, NSU_PLAN_BIND, NSU_PLAN_READONLY,
	                                                 NSU_PLAN_MASK, NSU_PLAN_INSTANCE};
	static const char *const paths[] = {"/mnt/link", "/mnt/link/inner", "/mnt/dangling", "/mnt/loop", "/mnt/magic"};

	begin();
	make_dir("/mnt/dir", 0, 0755);
	make_dir("/mnt/dir/inner", 0, 0755);
	CHILD_CHECK(symlink("dir", "/mnt/link") == 0 && symlink("none", "/mnt/dangling") == 0);
	CHILD_CHECK(symlink("loop", "/mnt/loop") == 0 && symlink("/proc/self/cwd", "/mnt/magic") == 0);
	for (size_t i = 0; i < NSU_COUNT(types) * NSU_COUNT(paths); i++) {
		new_plan();
		add(types[i / NSU_COUNT(paths)], paths[i % NSU_COUNT(paths)])->source = "/mnt/dir";
		check_fails(ELOOP, "symbolic link");
		plan.mounts[1].optional = true; /* which is for what does not exist */
		check_fails(ELOOP, "symbolic link");
	}
}

static void setup_refuses_a_symbolic_link_also_where_it_is_optional(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(linked_targets), 0);
}

/* C-04, C-05 */
static void strange_targets(void)
{
	static const char *const paths[] = {"/mnt/fifo", "/mnt/file", "/mnt/socket", "/mnt/device"};

	begin();
	CHILD_CHECK(mkfifo("/mnt/fifo", 0600) == 0 && mknod("/mnt/device", S_IFCHR | 0600, 0) == 0);
	write_file("/mnt/file", "", 0644);
	make_socket("/mnt/socket");
	for (size_t i = 0; i < NSU_COUNT(paths); i++) {
		try_one(NSU_PLAN_TMPFS, paths[i], ENOTDIR, "to mount over");
		try_one(NSU_PLAN_INSTANCE, paths[i], ENOTDIR, "to mount over");
		new_plan();
		add_bind("/mnt", paths[i]);
		check_fails(ENOTDIR, "mount the bind on");
		new_plan();
		add(NSU_PLAN_TMPFS, "/mnt/file/inner");
		check_fails(ENOTDIR, "to mount over");
	}
	new_plan();
	add_bind("/mnt/file", "/mnt"); /* C-06 */
	check_fails(EISDIR, "mount the bind on");
}

static void setup_refuses_at_once_what_is_no_directory(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(strange_targets), 0);
}

static void own_names(void)
{
	char name[NSU_HOSTNAME_MAX + 1], domain[NSU_HOSTNAME_MAX + 1], text[4096] = "";
	int fd;

	begin();
	write_file("/mnt/hosts", "127.0.0.1 localhost", 0644); /* no newline at its end */
	CHILD_CHECK(mount("/mnt/hosts", "/etc/hosts", NULL, MS_BIND, NULL) == 0);
	plan.hostname = "inside";
	plan.domainname = "example.org";
	add(NSU_PLAN_HOSTS, "/etc/hosts");
	carry_out();
	CHILD_CHECK(gethostname(name, sizeof(name)) == 0 && strcmp(name, "inside") == 0);
	CHILD_CHECK(getdomainname(domain, sizeof(domain)) == 0 && strcmp(domain, "example.org") == 0);
	fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHILD_CHECK(strncmp(text, "127.0.1.1\tinside\n127.0.0.1 localhost", 37) == 0);
	CHILD_CHECK(open("/etc/hosts", O_WRONLY | O_CLOEXEC) < 0 && errno == EROFS);
}

static void setup_names_host_and_domain_and_the_host_in_a_hosts_file_of_its_own(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	SKIP_UNLESS(access("/etc/hosts", F_OK) == 0, "there is no /etc/hosts");
	assert_int_equal(in_child(own_names), 0);
}

static void mark_it(void)
{
	char text[256] = "";

	begin();
	carry_out();
	CHILD_CHECK(readlink(NSU_RUN_DIR "/" NSU_MARKER_NAME, text, sizeof(text) - 1) > 0);
	CHILD_CHECK(strncmp(text, TEST_ID " 1000 ", strlen(TEST_ID " 1000 ")) == 0);
	CHILD_CHECK(strcmp(strrchr(text, ' '), " shell") == 0);
	CHILD_CHECK(umount2(NSU_RUN_DIR, 0) == 0 && !exists(NSU_RUN_DIR "/" NSU_MARKER_NAME));
	make_dir("/mnt/run", 0, 0755);
	new_plan();
	plan.mounts[0].path = "/run"; /* one above it, in the plan too */
	add(NSU_PLAN_TMPFS, NSU_RUN_DIR);
	carry_out();
	CHILD_CHECK(exists(NSU_RUN_DIR "/" NSU_MARKER_NAME));
}

static void setup_marks_the_session_in_its_run_directory(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(mark_it), 0);
}

/* In a child: /mnt is shared as a host has it, and what @inside does sees it in a mount namespace of its own. */
static int begin_host(void (*inside)(void))
{
	int ends[2];
	char byte;

	begin();
	CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
	make_dir("/mnt/a", 0, 0755);
	make_dir("/mnt/a/secret", 0, 0755);
	write_file("/mnt/a/secret/file", "secret", 0644);
	CHILD_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	if (fork() == 0) {
		CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
		plan.propagation = NSU_PLAN_SLAVE;
		inside();
		carry_out();
		CHILD_CHECK(write(ends[1], "r", 1) == 1 && read(ends[1], &byte, 1) == 1); /* the host mounts */
		return ends[1];
	}
	close(ends[1]);
	CHILD_CHECK(read(ends[0], &byte, 1) == 1);
	CHILD_CHECK(mount("later", "/mnt/a", "tmpfs", 0, NULL) == 0);
	CHILD_CHECK(mkdir("/mnt/a/secret", 0755) == 0);
	write_file("/mnt/a/secret/file", "later", 0644);
	CHILD_CHECK(mount("later", "/mnt", "tmpfs", 0, NULL) == 0);
	CHILD_CHECK(mkdir("/mnt/a", 0755) == 0 && mkdir("/mnt/a/secret", 0755) == 0);
	write_file("/mnt/a/secret/file", "latest", 0644);
	CHILD_CHECK(write(ends[0], "m", 1) == 1);
	CHILD_CHECK(read(ends[0], &byte, 1) == 1); /* all is well */
	_exit(0);
}

static void all_is_well(int fd)
{
	CHILD_CHECK(write(fd, "w", 1) == 1);
	_exit(0);
}

static void add_a_mask(void)
{
	add(NSU_PLAN_MASK, "/mnt/a/secret");
}

static void mask_below_a_later_mount(void)
{
	int fd = begin_host(add_a_mask);

	CHILD_CHECK(!exists("/mnt/a/secret/file"));
	CHILD_CHECK(has_flags("/mnt/a/secret", ST_RDONLY));
	all_is_well(fd);
}

/* C-88 */
static void setup_pins_what_is_above_a_mask_when_later_mounts_come_in(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(mask_below_a_later_mount), 0);
}

static void add_a_readonly(void)
{
	add(NSU_PLAN_READONLY, "/mnt/a")->recursive = true;
}

static void readonly_below_a_later_mount(void)
{
	int fd = begin_host(add_a_readonly);

	CHILD_CHECK(holds("/mnt/a/secret/file", "secret"));
	CHILD_CHECK(errno_of_making("/mnt/a/new") == EROFS);
	all_is_well(fd);
}

static void setup_pins_what_is_above_a_readonly_place(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(readonly_below_a_later_mount), 0);
}

static void add_a_readonly_top(void)
{
	add(NSU_PLAN_READONLY, "/mnt")->recursive = true;
}

static void mount_in_a_readonly_place(void)
{
	int fd = begin_host(add_a_readonly_top);

	CHILD_CHECK(holds("/mnt/a/secret/file", "secret")); /* and no later mount, which could be written */
	CHILD_CHECK(errno_of_making("/mnt/a/secret/new") == EROFS);
	all_is_well(fd);
}

static void setup_lets_no_later_mount_into_a_readonly_place(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(mount_in_a_readonly_place), 0);
}

static void add_a_bind(void)
{
	make_dir("/mnt/b", 0, 0755);
	add_bind("/mnt/a", "/mnt/b");
}

static void mount_in_a_bind(void)
{
	int fd = begin_host(add_a_bind);

	CHILD_CHECK(holds("/mnt/a/secret/file", "latest"));
	all_is_well(fd);
}

static void setup_lets_later_mounts_in_where_nothing_is_protected(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(mount_in_a_bind), 0);
}

static void propagate_it(void)
{
	begin();
	plan.n_mounts = 0;
	plan.propagation = NSU_PLAN_UNCHANGED;
	carry_out();
	CHILD_CHECK(!mountinfo_says("/mnt", "shared:"));
	plan.propagation = NSU_PLAN_SHARED;
	carry_out();
	CHILD_CHECK(mountinfo_says("/mnt", "shared:"));
	plan.propagation = NSU_PLAN_UNCHANGED;
	carry_out();
	CHILD_CHECK(mountinfo_says("/mnt", "shared:"));
	plan.propagation = NSU_PLAN_PRIVATE;
	carry_out();
	CHILD_CHECK(!mountinfo_says("/mnt", "shared:"));
	CHILD_CHECK(!exists(NSU_RUN_DIR));
}

static void setup_shares_mounts_or_leaves_them_unchanged(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(propagate_it), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setup_makes_a_target_inside_an_earlier_mount),
		cmocka_unit_test(setup_opens_every_source_before_the_first_mount),
		cmocka_unit_test(setup_carries_mounts_out_in_their_order),
		cmocka_unit_test(setup_skips_what_is_optional_and_missing_only),
		cmocka_unit_test(setup_refuses_a_symbolic_link_also_where_it_is_optional),
		cmocka_unit_test(setup_refuses_at_once_what_is_no_directory),
		cmocka_unit_test(setup_names_host_and_domain_and_the_host_in_a_hosts_file_of_its_own),
		cmocka_unit_test(setup_marks_the_session_in_its_run_directory),
		cmocka_unit_test(setup_pins_what_is_above_a_mask_when_later_mounts_come_in),
		cmocka_unit_test(setup_pins_what_is_above_a_readonly_place),
		cmocka_unit_test(setup_lets_no_later_mount_into_a_readonly_place),
		cmocka_unit_test(setup_lets_later_mounts_in_where_nothing_is_protected),
		cmocka_unit_test(setup_shares_mounts_or_leaves_them_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
