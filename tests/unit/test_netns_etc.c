/* SPDX-License-Identifier: BSD-3-Clause */
/* In a child with mounts of its own, where /etc is a tmpfs. */
#include "support.h"

#include "netns_etc.h"
#include "plan.h"

#define DIR_OF_NAME NSU_NETNS_ETC_DIR "/blue"

static struct nsu_plan plan;
static struct nsu_fail record;

static void begin(void)
{
	own_mounts();
	own_directory();
	CHILD_CHECK(mount("tests", "/etc", "tmpfs", 0, "mode=0755,size=1M") == 0);
	CHILD_CHECK(mkdir(NSU_NETNS_ETC_DIR, 0755) == 0 && mkdir(DIR_OF_NAME, 0755) == 0);
	write_file("/etc/resolv.conf", "host", 0644);
	write_file(DIR_OF_NAME "/resolv.conf", "blue", 0644);
	nsu_plan_init(&plan);
	plan.namespaces = CLONE_NEWNS | CLONE_NEWNET;
	plan.net.mode = NSU_PLAN_NET_NAMED;
	plan.net.name = "blue";
}

static void check_holds(const char *path, const char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buffer[64] = "";

	CHILD_CHECK(fd >= 0 && read(fd, buffer, sizeof(buffer) - 1) >= 0);
	close(fd);
	CHILD_CHECK(strcmp(buffer, text) == 0);
}

static void run(void)
{
	int n = count_fds();

	CHILD_CHECK_OK(nsu_netns_etc_bind(&plan, &record), &record);
	CHILD_CHECK(count_fds() == n);
}

static void check_fails(int err, const char *word)
{
	int n = count_fds();

	alarm(10); /* for what would block */
	record = (struct nsu_fail)NSU_FAIL_INIT;
	CHILD_CHECK(nsu_netns_etc_bind(&plan, &record) == -err);
	if (!strstr(record.text, word)) {
		dprintf(child_report_fd, "# it says: %s\n", record.text);
		_exit(1);
	}
	CHILD_CHECK(count_fds() == n);
	check_holds("/etc/resolv.conf", "host");
}

static void bind_files(void)
{
	begin();
	write_file(DIR_OF_NAME "/nowhere.conf", "blue", 0644);
	CHILD_CHECK(symlink("/run/elsewhere", "/etc/link") == 0 && symlink("/run/nothing", "/etc/dangling") == 0);
	write_file("/run/elsewhere", "elsewhere", 0666);
	write_file(DIR_OF_NAME "/link", "blue link", 0644);
	write_file(DIR_OF_NAME "/dangling", "blue dangling", 0644);
	CHILD_CHECK(mkdir("/etc/dir", 0755) == 0 && mkdir(DIR_OF_NAME "/dir", 0755) == 0);
	write_file(DIR_OF_NAME "/dir/file", "in dir", 0644);
	run();
	check_holds("/etc/resolv.conf", "blue");
	check_holds("/etc/link", "blue link");
	check_holds("/run/elsewhere", "elsewhere");
	check_holds("/etc/dangling", "blue dangling");
	check_holds("/etc/dir/file", "in dir");
	CHILD_CHECK(access("/etc/nowhere.conf", F_OK) < 0 && errno == ENOENT);
	CHILD_CHECK(open("/etc/resolv.conf", O_WRONLY) < 0 && errno == EROFS);
	CHILD_CHECK(mkdir("/etc/dir/new", 0755) < 0 && errno == EROFS);
	CHILD_CHECK(mountinfo_says("/etc/resolv.conf", " ro,nosuid,nodev"));
	CHILD_CHECK(rename("/run/elsewhere", "/run/moved") == 0);
	check_holds("/etc/link", "blue link");
}

static void bind_nothing(void)
{
	begin();
	plan.net.name = "red"; /* has no directory */
	run();
	plan.net.name = "blue";
	plan.net.mode = NSU_PLAN_NET_VETH;
	run();
	check_holds("/etc/resolv.conf", "host");
}

static void distrust(void)
{
	begin();
	CHILD_CHECK(chown(DIR_OF_NAME "/resolv.conf", 1000, 0) == 0);
	check_fails(EPERM, "'" DIR_OF_NAME "/resolv.conf' does not belong to root");
	CHILD_CHECK(chown(DIR_OF_NAME "/resolv.conf", 0, 0) == 0 && chmod(DIR_OF_NAME "/resolv.conf", 0664) == 0);
	check_fails(EPERM, "can be written by others");
	CHILD_CHECK(chmod(DIR_OF_NAME "/resolv.conf", 0644) == 0 && chmod(DIR_OF_NAME, 01777) == 0);
	check_fails(EPERM, "'" DIR_OF_NAME "' are not trusted: it can be written");
	CHILD_CHECK(chmod(DIR_OF_NAME, 0755) == 0 && chown(NSU_NETNS_ETC_DIR, 1000, 0) == 0);
	check_fails(EPERM, "'" NSU_NETNS_ETC_DIR "' does not belong to root");
	CHILD_CHECK(chown(NSU_NETNS_ETC_DIR, 0, 0) == 0 && chmod("/etc", 0777) == 0);
	check_fails(EPERM, "'/etc' can be written by others");
	CHILD_CHECK(chmod("/etc", 0755) == 0);
	run();
}

static void kinds_of_files(void)
{
	begin();
	CHILD_CHECK(rename(DIR_OF_NAME "/resolv.conf", DIR_OF_NAME "/other") == 0);
	CHILD_CHECK(symlink("other", DIR_OF_NAME "/resolv.conf") == 0);
	check_fails(ELOOP, "is a symbolic link");
	CHILD_CHECK(unlink(DIR_OF_NAME "/resolv.conf") == 0 && mkfifo(DIR_OF_NAME "/resolv.conf", 0644) == 0);
	check_fails(EPERM, "neither a file nor a directory");
	CHILD_CHECK(unlink(DIR_OF_NAME "/resolv.conf") == 0 && mkdir(DIR_OF_NAME "/resolv.conf", 0755) == 0);
	check_fails(ENOTDIR, "is a directory, and '/etc/resolv.conf' is not");
	CHILD_CHECK(rmdir(DIR_OF_NAME "/resolv.conf") == 0 && mkdir("/etc/dir", 0755) == 0);
	write_file(DIR_OF_NAME "/dir", "", 0644);
	check_fails(EISDIR, "is no directory");
	CHILD_CHECK(unlink(DIR_OF_NAME "/dir") == 0 && unlink(DIR_OF_NAME "/other") == 0 && rmdir(DIR_OF_NAME) == 0);
	write_file(DIR_OF_NAME, "", 0644);
	check_fails(ENOTDIR, "list '" DIR_OF_NAME "'");
}

TEST_IN_CHILD(netns_etc_binds_read_only_what_has_a_counterpart, bind_files)
TEST_IN_CHILD(netns_etc_does_nothing_without_a_name_or_a_directory, bind_nothing)
TEST_IN_CHILD(netns_etc_refuses_what_is_not_of_root_alone, distrust)
TEST_IN_CHILD(netns_etc_refuses_links_pipes_and_other_kinds, kinds_of_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netns_etc_binds_read_only_what_has_a_counterpart),
		cmocka_unit_test(netns_etc_does_nothing_without_a_name_or_a_directory),
		cmocka_unit_test(netns_etc_refuses_what_is_not_of_root_alone),
		cmocka_unit_test(netns_etc_refuses_links_pipes_and_other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
