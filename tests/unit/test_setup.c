/* SPDX-License-Identifier: BSD-3-Clause */
/* Plans are carried out in a child with namespaces of its own; what is mounted there goes with it. */
#include "support.h"

#include <sys/statvfs.h>

#include "plan.h"
#include "setup.h"

static struct nsu_plan plan;
static struct nsu_fail record;

static struct nsu_plan_mount *add(enum nsu_plan_mount_type type, const char *path)
{
	struct nsu_plan_mount *mount = &plan.mounts[plan.n_mounts++];

	*mount = (struct nsu_plan_mount){.type = type, .path = path};
	if (type == NSU_PLAN_TMPFS) {
		mount->size_bytes = 1 << 20;
		mount->inodes = 100;
		mount->mode = 0755;
	}
	return mount;
}

/* In a child: mounts and host name of its own, and an empty plan for them. */
static void begin(void)
{
	own_mounts();
	own_directory();
	CHILD_CHECK(unshare(CLONE_NEWUTS) == 0);
	nsu_plan_init(&plan);
	plan.namespaces = CLONE_NEWNS | CLONE_NEWUTS;
}

static int sessions_dirfd;

static int run(void)
{
	sessions_dirfd = -1;
	return nsu_setup_run(&plan, &sessions_dirfd, &record);
}

static void carry_out(void)
{
	CHILD_CHECK_OK(run(), &record);
	CHILD_CHECK(record.err == 0);
}

static void check_fails(int err, const char *word)
{
	record = (struct nsu_fail)NSU_FAIL_INIT;
	CHILD_CHECK(run() == -err);
	CHILD_CHECK(strstr(record.text, word));
}

static void inner_mounts(void)
{
	struct stat outer, inner;
	struct statvfs fs;
	int before;

	begin();
	add(NSU_PLAN_TMPFS, "/mnt");
	add(NSU_PLAN_TMPFS, "/mnt/a/b")->noexec = true;
	before = count_fds();
	carry_out();
	CHILD_CHECK(count_fds() == before);
	CHILD_CHECK(stat("/mnt", &outer) == 0 && stat("/mnt/a/b", &inner) == 0 && outer.st_dev != inner.st_dev);
	CHILD_CHECK(statvfs("/mnt/a/b", &fs) == 0 && fs.f_flag & ST_NOEXEC && fs.f_flag & ST_NOSUID);
	CHILD_CHECK(statvfs("/mnt", &fs) == 0 && !(fs.f_flag & ST_NOEXEC) && fs.f_flag & ST_NODEV);
}

static void setup_makes_a_target_inside_an_earlier_mount(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(inner_mounts), 0);
}

static void optional_mounts(void)
{
	begin();
	add(NSU_PLAN_TMPFS, "/mnt/missing")->optional = true;
	add(NSU_PLAN_TMPFS, "/mnt/missing/inner")->optional = true;
	carry_out();
	CHILD_CHECK(access("/mnt/missing", F_OK) < 0);
	plan.mounts[0].optional = false;
	check_fails(ENOENT, "open '/mnt/missing' to mount over");
}

static void setup_skips_what_is_optional_and_missing_only(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(optional_mounts), 0);
}

static void linked_targets(void)
{
	begin();
	CHILD_CHECK(mkdir("/mnt/dir", 0755) == 0 && symlink("dir", "/mnt/link") == 0);
	add(NSU_PLAN_TMPFS, "/mnt/link");
	check_fails(ELOOP, "symbolic link");
	plan.mounts[0].optional = true; /* which is for what does not exist */
	check_fails(ELOOP, "symbolic link");
}

static void setup_refuses_a_symbolic_link_also_where_it_is_optional(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(linked_targets), 0);
}

static void owned_mount(void)
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

static void setup_gives_a_tmpfs_its_owner_and_mode(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(owned_mount), 0);
}

static void own_hosts(void)
{
	char name[NSU_HOSTNAME_MAX + 1], text[4096] = "";
	int fd;

	begin();
	write_file("/mnt/hosts", "127.0.0.1 localhost", 0644); /* no newline at its end */
	CHILD_CHECK(mount("/mnt/hosts", "/etc/hosts", NULL, MS_BIND, NULL) == 0);
	CHILD_CHECK(mount("tests", "/run", "tmpfs", 0, "mode=0755") == 0);
	plan.hostname = "inside";
	add(NSU_PLAN_TMPFS, NSU_RUN_DIR)->mode = 0700;
	add(NSU_PLAN_HOSTS, "/etc/hosts");
	carry_out();
	CHILD_CHECK(gethostname(name, sizeof(name)) == 0 && strcmp(name, "inside") == 0);
	fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHILD_CHECK(strncmp(text, "127.0.1.1\tinside\n127.0.0.1 localhost", 37) == 0);
	CHILD_CHECK(open("/etc/hosts", O_WRONLY | O_CLOEXEC) < 0 && errno == EROFS);
}

static void setup_names_the_host_in_a_hosts_file_of_its_own(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	SKIP_UNLESS(access("/etc/hosts", F_OK) == 0, "there is no /etc/hosts");
	assert_int_equal(in_child(own_hosts), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setup_makes_a_target_inside_an_earlier_mount),
		cmocka_unit_test(setup_skips_what_is_optional_and_missing_only),
		cmocka_unit_test(setup_refuses_a_symbolic_link_also_where_it_is_optional),
		cmocka_unit_test(setup_gives_a_tmpfs_its_owner_and_mode),
		cmocka_unit_test(setup_names_the_host_in_a_hosts_file_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
