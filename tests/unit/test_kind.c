/* SPDX-License-Identifier: BSD-3-Clause */
/* What each kind of mount gives, looked at from inside. */
#include "own_plan.h"

#include <sys/sysmacros.h>

static void owned_tmpfs(void)
{
	struct nsu_plan_mount *mount;
	struct stat st;

	begin();
	mount = add(NSU_PLAN_TMPFS, "/mnt");
	mount->mode = 0700;
	mount->uid = 4242;
	mount->gid = 4243;
	mount->size_bytes = 0;
	mount->size_percent = 1;
	carry_out();
	CHILD_CHECK(stat("/mnt", &st) == 0);
	CHILD_CHECK(st.st_uid == 4242 && st.st_gid == 4243 && (st.st_mode & 07777) == 0700);
}

static void tmpfs_has_its_owner_and_mode(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(owned_tmpfs), 0);
}

/* /mnt/from with a file, and with a file system mounted below that has no flags. */
static void make_source(void)
{
	begin();
	make_dir("/mnt/from", USER, 0755);
	make_dir("/mnt/from/sub", USER, 0755);
	make_dir("/mnt/to", 0, 0755);
	CHILD_CHECK(mount("sub", "/mnt/from/sub", "tmpfs", 0, "size=1M") == 0);
	write_file("/mnt/from/file", "text", 0644);
	write_file("/mnt/from/sub/file", "below", 0644);
}

static void bind_a_tree(void)
{
	make_source();
	add_bind("/mnt/from", "/mnt/to");
	carry_out();
	CHILD_CHECK(holds("/mnt/to/file", "text") && holds("/mnt/to/sub/file", "below"));
	CHILD_CHECK(has_flags("/mnt/to", ST_NOSUID | ST_NODEV) && has_flags("/mnt/to/sub", ST_NOSUID | ST_NODEV));
	CHILD_CHECK(!(flags_of("/mnt/to") & (ST_NOEXEC | ST_RDONLY)));
	CHILD_CHECK(!(flags_of("/mnt/from/sub") & (ST_NOSUID | ST_NODEV))); /* the source stays as it was */
	CHILD_CHECK(errno_of_making("/mnt/to/sub/new") == 0 && exists("/mnt/from/sub/new"));
}

static void bind_brings_a_whole_tree_nosuid_and_nodev(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(bind_a_tree), 0);
}

/* C-16 */
static void bind_read_only(void)
{
	struct nsu_plan_mount *mount;

	make_source();
	mount = add_bind("/mnt/from", "/mnt/to");
	mount->read_only = true;
	mount->noexec = true;
	carry_out();
	CHILD_CHECK(errno_of_making("/mnt/to/new") == EROFS && errno_of_making("/mnt/to/sub/new") == EROFS);
	CHILD_CHECK(has_flags("/mnt/to/sub", ST_NOSUID | ST_NODEV | ST_NOEXEC));
	CHILD_CHECK(errno_of_making("/mnt/from/sub/new") == 0);
}

static void bind_is_read_only_down_to_its_last_mount(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(bind_read_only), 0);
}

static void bind_files(void)
{
	begin();
	write_file("/mnt/file", "text", 0644);
	make_socket("/mnt/socket");
	write_file("/mnt/over", "", 0644);
	write_file("/mnt/over2", "", 0644);
	add_bind("/mnt/file", "/mnt/over");
	add_bind("/mnt/socket", "/mnt/over2");
	carry_out();
	CHILD_CHECK(holds("/mnt/over", "text") && is_same_file("/mnt/socket", "/mnt/over2"));
	CHILD_CHECK(has_flags("/mnt/over", ST_NOSUID | ST_NODEV));
}

static void bind_takes_files_and_sockets(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(bind_files), 0);
}

static void try_source(const char *source, int err, const char *word)
{
	new_plan();
	add_bind(source, "/mnt/to");
	if (err)
		check_fails(err, word);
	else
		carry_out();
}

/* C-13 */
static void bind_wrong_sources(void)
{
	begin();
	make_dir("/mnt/to", 0, 0755);
	make_dir("/mnt/mine", USER, 0755);
	make_dir("/mnt/mine/dir", USER, 0755);
	make_dir("/mnt/mine/alien", STRANGER, 0755);
	CHILD_CHECK(symlink("/root", "/mnt/mine/link") == 0);
	make_dir("/mnt/alien", STRANGER, 0755);
	make_dir("/mnt/alien/mine", USER, 0755);
	make_dir("/mnt/group", 0, 0775);
	make_dir("/mnt/group/mine", USER, 0755);
	make_dir("/mnt/sticky", 0, 01777);
	make_dir("/mnt/sticky/mine", USER, 0755);
	make_dir("/mnt/sticky/alien", STRANGER, 0755);
	make_dir("/mnt/sticky/alien/mine", USER, 0755);
	try_source("/mnt/mine/link", ELOOP, "bind on '/mnt/to': a symbolic link in its source '/mnt/mine/link'");
	try_source("/mnt/mine/link/x", ELOOP, "a symbolic link in its source");
	try_source("/mnt/mine/alien", EPERM, "'/mnt/mine/alien' belongs neither to root nor to the user");
	try_source("/mnt/alien/mine", EPERM, "'/mnt/alien' belongs neither to root nor to the user");
	try_source("/mnt/group/mine", EPERM, "'/mnt/group' can be written by others");
	try_source("/mnt/sticky/alien", EPERM, "'/mnt/sticky/alien' belongs neither");
	try_source("/mnt/sticky/alien/mine", EPERM, "'/mnt/sticky/alien' belongs neither");
	try_source("/mnt/mine/dir", 0, "");
	try_source("/mnt/sticky/mine", 0, "");
	try_source("/mnt/group", 0, ""); /* what it holds is its owner's affair */
}

static void bind_refuses_sources_that_others_could_change(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(bind_wrong_sources), 0);
}

/* C-53 */
static void bind_over_the_system(void)
{
	begin();
	make_dir("/mnt/mine", USER, 0755);
	make_dir("/mnt/group", 0, 0775);
	make_dir("/mnt/root", 0, 0755);
	new_plan();
	add_bind("/mnt/mine", "/usr/local");
	check_fails(EPERM, "bind on '/usr/local': its source '/mnt/mine' could be changed by others: '/mnt/mine' does "
	                   "not belong to root");
	make_dir("/mnt/mine/root", 0, 0755); /* another one of root's may be renamed into its place */
	new_plan();
	add_bind("/mnt/mine/root", "/usr/local");
	check_fails(EPERM, "'/mnt/mine' does not belong to root");
	new_plan();
	add_bind("/mnt/group", "/usr/local");
	check_fails(EPERM, "bind on '/usr/local': a place of the system");
	new_plan();
	add_bind("/mnt/root", "/usr/local");
	carry_out();
}

static void bind_puts_nothing_of_a_user_over_places_of_the_system(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	SKIP_UNLESS(access("/usr/local", F_OK) == 0, "there is no /usr/local");
	assert_int_equal(in_child(bind_over_the_system), 0);
}

/* A place with three file systems, one below the other, the middle one nosuid. */
static void make_place(void)
{
	begin();
	make_dir("/mnt/place", 0, 0755);
	CHILD_CHECK(mount("a", "/mnt/place", "tmpfs", 0, "size=1M,mode=0755") == 0);
	make_dir("/mnt/place/sub", 0, 0755);
	CHILD_CHECK(mount("b", "/mnt/place/sub", "tmpfs", MS_NOSUID | MS_NOATIME, "size=1M,mode=0755") == 0);
	make_dir("/mnt/place/sub/sub", 0, 0755);
	CHILD_CHECK(mount("c", "/mnt/place/sub/sub", "tmpfs", MS_NODEV, "size=1M,mode=0755") == 0);
	write_file("/mnt/place/sub/sub/file", "deep", 0644);
}

/* C-16 */
static void make_read_only(void)
{
	make_place();
	add(NSU_PLAN_READONLY, "/mnt/place")->recursive = true;
	carry_out();
	CHILD_CHECK(errno_of_making("/mnt/place/new") == EROFS && errno_of_making("/mnt/place/sub/new") == EROFS);
	CHILD_CHECK(errno_of_making("/mnt/place/sub/sub/new") == EROFS);
	CHILD_CHECK(holds("/mnt/place/sub/sub/file", "deep"));
	CHILD_CHECK(!(flags_of("/mnt/place") & (ST_NOSUID | ST_NODEV)));
	CHILD_CHECK(has_flags("/mnt/place/sub", ST_NOSUID | ST_NOATIME) && !has_flags("/mnt/place/sub", ST_NODEV));
	CHILD_CHECK(has_flags("/mnt/place/sub/sub", ST_NODEV) && !has_flags("/mnt/place/sub/sub", ST_NOSUID));
	CHILD_CHECK(mountinfo_says("/mnt/place/sub", " ro,nosuid,noatime"));
}

static void readonly_keeps_all_flags_and_adds_one_to_all_mounts(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(make_read_only), 0);
}

static void make_top_read_only(void)
{
	make_place();
	add(NSU_PLAN_READONLY, "/mnt/place");
	carry_out();
	CHILD_CHECK(errno_of_making("/mnt/place/new") == EROFS);
	CHILD_CHECK(errno_of_making("/mnt/place/sub/new") == 0 && errno_of_making("/mnt/place/sub/sub/new") == 0);
	CHILD_CHECK(holds("/mnt/place/sub/sub/file", "deep")); /* it is not uncovered either */
}

static void readonly_that_is_not_recursive_leaves_what_is_mounted_below(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(make_top_read_only), 0);
}

static void readonly_file(void)
{
	begin();
	write_file("/mnt/file", "text", 0666);
	add(NSU_PLAN_READONLY, "/mnt/file")->recursive = true;
	carry_out();
	CHILD_CHECK(holds("/mnt/file", "text") && errno_of_making("/mnt/file") == EROFS);
}

static void readonly_takes_a_file(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(readonly_file), 0);
}

/* Read-only but for a tmpfs of the plan inside. */
static void writable_inside(void)
{
	make_place();
	add(NSU_PLAN_READONLY, "/mnt/place")->recursive = true;
	add(NSU_PLAN_TMPFS, "/mnt/place/sub/sub");
	carry_out();
	CHILD_CHECK(errno_of_making("/mnt/place/sub/new") == EROFS && errno_of_making("/mnt/place/sub/sub/new") == 0);
	CHILD_CHECK(!exists("/mnt/place/sub/sub/file"));
}

static void readonly_holds_a_later_mount_of_the_plan(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(writable_inside), 0);
}

/* The user, root too, of the session: what he gets of a place. */
static void check_masked(const char *path)
{
	CHILD_CHECK(open(path, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	CHILD_CHECK(open(path, O_WRONLY | O_CLOEXEC) < 0 && (errno == EROFS || errno == EISDIR || errno == EACCES));
	CHILD_CHECK(chmod(path, 0777) < 0);
}

static void mask_all(void)
{
	static const char *const paths[] = {"/mnt/dir", "/mnt/file", "/mnt/socket", "/mnt/fifo", "/mnt/device"};
	struct stat st;

	begin();
	make_dir("/mnt/dir", USER, 0777);
	write_file("/mnt/dir/file", "secret", 0666);
	write_file("/mnt/file", "secret", 0666);
	make_socket("/mnt/socket");
	CHILD_CHECK(mkfifo("/mnt/fifo", 0666) == 0);
	CHILD_CHECK(mknod("/mnt/device", S_IFCHR | 0666, makedev(1, 3)) == 0);
	for (size_t i = 0; i < NSU_COUNT(paths); i++)
		add(NSU_PLAN_MASK, paths[i]);
	carry_out();
	CHILD_CHECK(errno_of_making("/mnt/dir/new") == EROFS && !exists("/mnt/dir/file")); /* root in the session */
	for (size_t i = 0; i < NSU_COUNT(paths); i++) {
		CHILD_CHECK(stat(paths[i], &st) == 0 && (st.st_mode & 07777) == 0 && st.st_uid == 0);
		CHILD_CHECK(has_flags(paths[i], ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC));
		CHILD_CHECK(i == 0 ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode) && st.st_size == 0);
	}
	CHILD_CHECK(setresgid(USER, USER, USER) == 0 && setresuid(USER, USER, USER) == 0);
	for (size_t i = 0; i < NSU_COUNT(paths); i++)
		check_masked(paths[i]);
	CHILD_CHECK(access("/mnt/dir/file", F_OK) < 0 && errno == EACCES);
}

static void mask_leaves_nothing_to_read_of_directory_file_and_socket(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(mask_all), 0);
}

static void mask_inside(void)
{
	begin();
	make_dir("/mnt/home", 0, 0755);
	make_dir("/mnt/people", 0, 0755);
	make_dir("/mnt/people/alice", USER, 0755);
	make_dir("/mnt/srv", 0, 0755);
	make_dir("/mnt/srv/secret", 0, 0755);
	write_file("/mnt/srv/secret/file", "secret", 0644);
	add(NSU_PLAN_TMPFS, "/mnt/home")->mode = 01777;
	add_bind("/mnt/srv", "/mnt/home/srv");
	add(NSU_PLAN_MASK, "/mnt/home/srv/secret");
	carry_out();
	CHILD_CHECK(!exists("/mnt/home/srv/secret/file") && holds("/mnt/srv/secret/file", "secret"));
	new_plan();
	add_bind("/mnt/srv", "/mnt/people/alice");
	add(NSU_PLAN_MASK, "/mnt/people/alice/secret");
	carry_out();
	make_dir("/mnt/mine", USER, 0755);
	make_dir("/mnt/mine/a", 0, 0755);
	new_plan();
	add_bind("/mnt/srv", "/mnt/mine/a"); /* what holds the mask could go */
	add(NSU_PLAN_MASK, "/mnt/mine/a/secret");
	check_fails(EPERM,
	            "bind on '/mnt/mine/a' could be moved away from outside of the session: '/mnt/mine' does not");
}

static void mask_hides_what_an_earlier_mount_of_the_plan_shows(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(mask_inside), 0);
}

/* C-07, C-08 */
static void guarded_places(void)
{
	static const enum nsu_plan_mount_type types[] = {NSU_PLAN_MASK, NSU_PLAN_READONLY};

	begin();
	make_dir("/mnt/mine", USER, 0755);
	make_dir("/mnt/mine/a", 0, 0755);
	make_dir("/mnt/mine/a/b", 0, 0755);
	make_dir("/mnt/group", 0, 0775);
	make_dir("/mnt/group/a", 0, 0755);
	make_dir("/mnt/sticky", 0, 01777);
	make_dir("/mnt/sticky/root", 0, 0755);
	make_dir("/mnt/sticky/mine", USER, 0755);
	make_dir("/mnt/sticky/mine/a", 0, 0755);
	for (size_t i = 0; i < NSU_COUNT(types); i++) {
		try_one(types[i], "/mnt/mine/a", EPERM, "'/mnt/mine' does not belong to root");
		try_one(types[i], "/mnt/mine/a/b", EPERM, "'/mnt/mine' does not belong to root");
		try_one(types[i], "/mnt/group/a", EPERM, "'/mnt/group' can be written by others");
		try_one(types[i], "/mnt/sticky/mine", EPERM, "'/mnt/sticky/mine' does not belong to root");
		try_one(types[i], "/mnt/sticky/mine/a", EPERM, "'/mnt/sticky/mine' does not belong to root");
	}
	new_plan();
	add_bind("/mnt/sticky", "/mnt/mine/a")->read_only = true;
	check_fails(EPERM, "bind on '/mnt/mine/a' could be moved away from outside of the session: '/mnt/mine'");
	try_one(NSU_PLAN_MASK, "/mnt/sticky/root", 0, "");
	try_one(NSU_PLAN_READONLY, "/mnt/mine", 0, "");
	try_one(NSU_PLAN_TMPFS, "/mnt/group/a", 0, ""); /* which hides and protects nothing */
}

static void mask_and_readonly_are_refused_where_a_user_could_move_them_away(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(guarded_places), 0);
}

static void expose_all(void)
{
	begin();
	make_dir("/mnt/tmp", 0, 01777);
	make_dir("/mnt/tmp/dir", USER, 0700);
	make_dir("/mnt/tmp/dir/deep", USER, 0700);
	write_file("/mnt/tmp/file", "text", 0644);
	make_socket("/mnt/tmp/socket");
	CHILD_CHECK(symlink("file", "/mnt/tmp/link") == 0 && mkfifo("/mnt/tmp/fifo", 0600) == 0);
	write_file("/mnt/seen", "seen", 0644);
	add(NSU_PLAN_TMPFS, "/mnt/tmp")->mode = 01777;
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/dir/deep");
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/file");
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/socket");
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/link");
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/fifo");
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/missing");
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/file/x");
	add(NSU_PLAN_EXPOSE, "/mnt/seen");
	carry_out();
	CHILD_CHECK(holds("/mnt/tmp/file", "text") && has_flags("/mnt/tmp/file", ST_NOSUID | ST_NODEV));
	CHILD_CHECK(has_flags("/mnt/tmp/dir/deep", ST_NOSUID | ST_NODEV));
	CHILD_CHECK(errno_of_making("/mnt/tmp/dir/deep/new") == 0);
	CHILD_CHECK(exists("/mnt/tmp/socket") && !exists("/mnt/tmp/link") && !exists("/mnt/tmp/fifo"));
	CHILD_CHECK(!exists("/mnt/tmp/missing"));
	CHILD_CHECK(holds("/mnt/seen", "seen") && !has_flags("/mnt/seen", ST_NOSUID)); /* nothing had hidden it */
}

static void expose_brings_the_hosts_own_back_or_is_skipped(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(expose_all), 0);
}

/* A user's instance with what he has put in the way. */
static void expose_in_an_instance(void)
{
	begin();
	make_dir("/mnt/tmp", 0, 01777);
	make_dir("/mnt/tmp/x", USER, 0700);
	write_file("/mnt/tmp/x/file", "host", 0644);
	add(NSU_PLAN_INSTANCE, "/mnt/tmp")->uid = USER;
	carry_out();
	CHILD_CHECK(!exists("/mnt/tmp/x"));
	CHILD_CHECK(mkdir("/mnt/tmp/real", 0700) == 0 && symlink("/etc", "/mnt/tmp/x") == 0);
	CHILD_CHECK(umount2("/mnt/tmp", 0) == 0 && umount2(NSU_RUN_DIR, 0) == 0);
	new_plan();
	add(NSU_PLAN_INSTANCE, "/mnt/tmp")->uid = USER;
	add(NSU_PLAN_EXPOSE, "/mnt/tmp/x");
	carry_out();
	CHILD_CHECK(readlink("/mnt/tmp/x", (char[8]){0}, 8) == 4);
	CHILD_CHECK(unlink("/mnt/tmp/x") == 0);
	write_file("/mnt/tmp/x", "", 0644);
	CHILD_CHECK(umount2("/mnt/tmp", 0) == 0 && umount2(NSU_RUN_DIR, 0) == 0);
	carry_out();
	CHILD_CHECK(holds("/mnt/tmp/x", ""));
	CHILD_CHECK(unlink("/mnt/tmp/x") == 0);
	CHILD_CHECK(umount2("/mnt/tmp", 0) == 0 && umount2(NSU_RUN_DIR, 0) == 0);
	carry_out();
	CHILD_CHECK(holds("/mnt/tmp/x/file", "host"));
}

static void expose_follows_nothing_that_a_user_has_put_into_his_instance(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(expose_in_an_instance), 0);
}

static void proc_with_options(void)
{
	int status;

	begin();
	make_dir("/mnt/proc", 0, 0755);
	CHILD_CHECK(unshare(CLONE_NEWPID) == 0);
	if (fork() == 0) {
		struct nsu_plan_mount *mount;

		plan.namespaces |= CLONE_NEWPID;
		mount = add(NSU_PLAN_PROC, "/proc");
		mount->hidepid = NSU_PLAN_HIDEPID_INVISIBLE;
		add(NSU_PLAN_PROC, "/mnt/proc")->subset_pid = true;
		carry_out();
		CHILD_CHECK(mountinfo_says("/proc", "hidepid=invisible") && !mountinfo_says("/proc", "subset=pid"));
		CHILD_CHECK(mountinfo_says("/mnt/proc", "subset=pid") && !mountinfo_says("/mnt/proc", "hidepid="));
		CHILD_CHECK(exists("/proc/sys") && !exists("/mnt/proc/sys") && exists("/mnt/proc/1"));
		CHILD_CHECK(has_flags("/mnt/proc", ST_NOSUID | ST_NODEV | ST_NOEXEC));
		_exit(0);
	}
	CHILD_CHECK(wait(&status) > 0 && status == 0);
}

static void proc_has_its_options_and_its_place(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(proc_with_options), 0);
}

static void proc_with_every_hidepid(void)
{
	static const struct {
		enum nsu_plan_hidepid hidepid;
		const char *word;
	} all[] = {{NSU_PLAN_HIDEPID_NOACCESS, "hidepid=noaccess"},
	           {NSU_PLAN_HIDEPID_INVISIBLE, "hidepid=invisible"},
	           {NSU_PLAN_HIDEPID_PTRACEABLE, "hidepid=ptraceable"},
	           {NSU_PLAN_HIDEPID_OFF, "proc rw"}};
	int status;

	begin();
	CHILD_CHECK(unshare(CLONE_NEWPID) == 0);
	if (fork() == 0) {
		for (size_t i = 0; i < NSU_COUNT(all); i++) {
			new_plan();
			plan.namespaces |= CLONE_NEWPID;
			add(NSU_PLAN_PROC, "/proc")->hidepid = all[i].hidepid;
			add(NSU_PLAN_MASK, "/proc/kcore")->optional =
				true; /* with it the mount is made the other way */
			plan.n_mounts -= i % 2;
			carry_out();
			CHILD_CHECK(mountinfo_says("/proc", all[i].word));
		}
		_exit(0);
	}
	CHILD_CHECK(wait(&status) > 0 && status == 0);
}

static void proc_takes_each_hidepid_by_both_ways_of_mounting(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(proc_with_every_hidepid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tmpfs_has_its_owner_and_mode),
		cmocka_unit_test(bind_brings_a_whole_tree_nosuid_and_nodev),
		cmocka_unit_test(bind_is_read_only_down_to_its_last_mount),
		cmocka_unit_test(bind_takes_files_and_sockets),
		cmocka_unit_test(bind_refuses_sources_that_others_could_change),
		cmocka_unit_test(bind_puts_nothing_of_a_user_over_places_of_the_system),
		cmocka_unit_test(readonly_keeps_all_flags_and_adds_one_to_all_mounts),
		cmocka_unit_test(readonly_that_is_not_recursive_leaves_what_is_mounted_below),
		cmocka_unit_test(readonly_takes_a_file),
		cmocka_unit_test(readonly_holds_a_later_mount_of_the_plan),
		cmocka_unit_test(mask_leaves_nothing_to_read_of_directory_file_and_socket),
		cmocka_unit_test(mask_hides_what_an_earlier_mount_of_the_plan_shows),
		cmocka_unit_test(mask_and_readonly_are_refused_where_a_user_could_move_them_away),
		cmocka_unit_test(expose_brings_the_hosts_own_back_or_is_skipped),
		cmocka_unit_test(expose_follows_nothing_that_a_user_has_put_into_his_instance),
		cmocka_unit_test(proc_has_its_options_and_its_place),
		cmocka_unit_test(proc_takes_each_hidepid_by_both_ways_of_mounting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
