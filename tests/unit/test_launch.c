/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All of opening but the commit, in a child with mounts of its own. Under the names of the helper and of the assistants this
 * program is one of them, and does as the file "mode-NAME" beside it says.
 */
#include "launch.h"

#include <sys/prctl.h>

#include "channel.h"
#include "helper_place.h"
#include "proc.h"
#include "wire.h"

static struct nsu_plan plan;
static struct nsu_fail record;

/* ---- the programs */

static unsigned char frame[NSU_FRAME_MAX];

static int answer(int fd, const char *note)
{
	struct nsu_wire_answer said = {.fail = NSU_FAIL_INIT};
	size_t len = 0;

	snprintf(said.note, sizeof(said.note), "%s", note);
	if (nsu_wire_encode_answer(&said, frame, sizeof(frame), &len) < 0)
		return 9;
	return nsu_channel_send(NSU_HELPER_CHANNEL_FD, frame, len, fd) < 0 ? 9 : 0;
}

static int say(unsigned char order)
{
	return nsu_channel_send(NSU_HELPER_CHANNEL_FD, &order, 1, -1) < 0 ? 9 : 0;
}

static int ask_for_maps(void)
{
	unsigned char heard = 0;

	if (unshare(CLONE_NEWUSER) < 0 || say(NSU_WIRE_MAP) != 0)
		return 9;
	while (heard != NSU_WIRE_MAPPED) { /* the plan comes first */
		if (read(NSU_HELPER_CHANNEL_FD, frame, sizeof(frame)) <= 0)
			return 9;
		heard = frame[0];
	}
	return 0;
}

/* A directory as a cgroup's, beside this program. */
static int give_cgroup(void)
{
	char path[PATH_MAX] = "";

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return 9;
	return answer(open(dirname(path), O_PATH | O_CLOEXEC), "");
}

static int be_a_bad_one(const char *name)
{
	char path[PATH_MAX] = "", mode[32] = "", file[PATH_MAX + 64];
	int fd;

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return 9;
	snprintf(file, sizeof(file), "%s/mode-%s", dirname(path), name);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, mode, sizeof(mode) - 1) <= 0)
		return 9;
	close(fd);
	if (strcmp(mode, "ready") == 0)
		return answer(-1, "") + (int)sleep(60);
	if (strcmp(mode, "note") == 0)
		return answer(-1, "moved=no") + (int)sleep(60);
	if (strcmp(mode, "cgroup") == 0)
		return give_cgroup();
	if (strcmp(mode, "hang") == 0)
		return (int)sleep(60);
	if (strcmp(mode, "ask twice") == 0)
		return ask_for_maps() + say(NSU_WIRE_MAP) + (int)sleep(60);
	if (strcmp(mode, "ask and hang") == 0)
		return ask_for_maps() + (int)sleep(60);
	if (strcmp(mode, "ask early") == 0) /* in no user namespace of its own */
		return say(NSU_WIRE_MAP) + (int)sleep(60);
	if (strcmp(mode, "ask and end") == 0)
		return say(NSU_WIRE_MAP);
	if (strcmp(mode, "commit") == 0)
		return say(NSU_WIRE_COMMIT) + (int)sleep(60);
	return 1; /* "end" */
}

/* ---- the opener */

static void install_bad(const char *file, const char *name, const char *mode)
{
	char self[PATH_MAX], path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/mode-%s", dirname((char[]){NSU_HELPER_FILE}), name);
	write_file(path, mode, 0644);
	CHILD_CHECK(realpath("/proc/self/exe", self));
	unlink(file); /* one that has been killed may still run */
	copy_file(self, file, 0755);
}

static void bad_helper(const char *mode)
{
	install_bad(NSU_HELPER_FILE, NSU_HELPER_NAME, mode);
}

static void new_plan(unsigned namespaces)
{
	nsu_plan_init(&plan);
	plan.namespaces = namespaces;
	plan.timeout_ms = 20000;
	plan.id = "0123456789abcdef";
	record = (struct nsu_fail)NSU_FAIL_INIT;
}

static void new_user_plan(unsigned namespaces)
{
	new_plan(namespaces | CLONE_NEWNS | CLONE_NEWUSER);
	plan.uid = 1000;
	plan.user.n_uids = 2;
	plan.user.uids[0] = (struct nsu_plan_range){0, 0, 1};
	plan.user.uids[1] = (struct nsu_plan_range){1000, 1000, 1};
	plan.user.n_gids = 1;
	plan.user.gids[0] = (struct nsu_plan_range){0, 0, 1};
	CHILD_CHECK_OK(nsu_plan_check(&plan, &record), &record);
}

static int launch(struct nsu_session *session)
{
	return nsu_launch(&plan, &a_login, nsu_proc_now_ms() + plan.timeout_ms, session, &record);
}

/* What nsu_session_open() does with what a launch has left. */
static void abandon(struct nsu_session *session)
{
	int *const fds[] = {&session->channel_fd, &session->init_pidfd, &session->own_cgroup_fd, &session->cgroup_fd};

	if (session->init_pidfd >= 0) {
		nsu_proc_kill(session->init_pidfd);
		CHILD_CHECK(nsu_proc_await(session->init_pidfd, nsu_proc_now_ms() + 5000) == 0);
	}
	for (size_t i = 0; i < NSU_COUNT(fds); i++)
		nsu_close_fd(fds[i]);
	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		nsu_close_fd(&session->saved.fds[i]);
}

static void check_refused(int err, const char *word)
{
	struct nsu_session session = NSU_SESSION_INIT;
	int before = count_fds(), ret;
	int64_t began = nsu_proc_now_ms();

	record = (struct nsu_fail)NSU_FAIL_INIT;
	ret = launch(&session);
	if (ret != -err || !strstr(record.text, word))
		dprintf(child_report_fd, "# %d %s\n", ret, record.text);
	CHILD_CHECK(ret == -err && record.err == err && strstr(record.text, word));
	CHILD_CHECK(nsu_proc_now_ms() - began < 10000);
	CHILD_CHECK(err != ETIMEDOUT || nsu_proc_now_ms() - began >= 299);
	abandon(&session);
	CHILD_CHECK(count_fds() == before);
	CHILD_CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
}

static void launch_with_maps(void)
{
	own_mounts();
	make_helper_place();
	new_user_plan(0);
	bad_helper("ask twice");
	check_refused(EPROTO, "the helper has asked something unknown");
	bad_helper("ready");
	check_refused(EPROTO, "the helper has made no user namespace");
	bad_helper("commit");
	check_refused(EPROTO, "the helper has asked something unknown");
	bad_helper("ask early");
	check_refused(EPERM, "write the uid_map of the session");
	bad_helper("ask and hang");
	plan.timeout_ms = 300;
	check_refused(ETIMEDOUT, "the helper was not ready within 300 ms");
	plan.timeout_ms = 20000;
	bad_helper("end");
	check_refused(ECHILD, "the helper ended before it was ready");
	new_plan(CLONE_NEWNS);
	bad_helper("ask early"); /* where the plan has no user namespace */
	check_refused(EPROTO, "the helper has asked something unknown");
}

static void launch_refuses_a_helper_that_asks_too_much_or_too_little(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(launch_with_maps), 0);
}

/* It may be dead before the maps are written, between them, or after. */
static void launch_with_a_dying_helper(void)
{
	own_mounts();
	make_helper_place();
	new_user_plan(CLONE_NEWPID);
	bad_helper("ask and end");
	for (int i = 0; i < 20; i++) {
		struct nsu_session session = NSU_SESSION_INIT;
		int before = count_fds();

		record = (struct nsu_fail)NSU_FAIL_INIT;
		CHILD_CHECK(launch(&session) < 0 && record.err != 0);
		if (record.err != ESRCH && record.err != EPERM && record.err != ECHILD && record.err != EPIPE)
			dprintf(child_report_fd, "# %s: %s\n", record.text, strerror(record.err));
		CHILD_CHECK(record.err == ESRCH || record.err == EPERM || record.err == ECHILD || record.err == EPIPE);
		abandon(&session);
		CHILD_CHECK(count_fds() == before);
	}
}

static void launch_survives_a_helper_that_dies_while_its_ids_are_mapped(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(launch_with_a_dying_helper), 0);
}

static void plan_for_veth(void)
{
	new_plan(CLONE_NEWNS | CLONE_NEWNET);
	plan.net.mode = NSU_PLAN_NET_VETH;
	plan.net.pool = 0x0a400000;
	plan.net.prefix_len = 16;
	CHILD_CHECK_OK(nsu_plan_check(&plan, &record), &record);
}

static void plan_for_named(void)
{
	new_plan(CLONE_NEWNS | CLONE_NEWNET);
	plan.net.mode = NSU_PLAN_NET_NAMED;
	plan.net.name = "blue";
	plan.net.create = true;
	CHILD_CHECK_OK(nsu_plan_check(&plan, &record), &record);
}

static void plan_for_limits(void)
{
	new_plan(CLONE_NEWNS);
	plan.limits.tasks = 10;
	plan.limits.parent = "/nsunshare";
	CHILD_CHECK_OK(nsu_plan_check(&plan, &record), &record);
}

/* Where the assistants stand: veth beside the helper, the others while it waits, or before it is started. */
static void check_assistant(void (*make_plan)(void), const char *file, const char *name)
{
	make_plan();
	unlink(file);
	check_refused(ENOENT, file);
	CHILD_CHECK(close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) == 0);
	check_refused(EACCES, "not executable");
	install_bad(file, name, "end");
	check_refused(ECHILD, " ended before it was ready");
	CHILD_CHECK(strstr(record.text, name));
	install_bad(file, name, "commit");
	check_refused(EPROTO, "has answered something unknown");
	install_bad(file, name, "hang");
	plan.timeout_ms = 300;
	check_refused(ETIMEDOUT, " was not ready within 300 ms");
	CHILD_CHECK(strstr(record.text, name));
}

static bool has_own_cgroup2(void)
{
	return access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0 ||
	       access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0;
}

static void launch_with_assistants(void)
{
	own_mounts();
	install_helper();
	check_assistant(plan_for_veth, NSU_NET_FILE, NSU_NET_NAME);
	check_assistant(plan_for_named, NSU_NET_FILE, NSU_NET_NAME);
	if (has_own_cgroup2())
		check_assistant(plan_for_limits, NSU_LIMITS_FILE, NSU_LIMITS_NAME);
}

static void launch_says_what_is_wrong_with_an_assistant(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(launch_with_assistants), 0);
}

/* A helper that fails while an assistant works: neither is left. */
static void launch_with_both(void)
{
	struct nsu_session session = NSU_SESSION_INIT;

	own_mounts();
	make_helper_place();
	bad_helper("end");
	install_bad(NSU_NET_FILE, NSU_NET_NAME, "ready");
	plan_for_veth();
	check_refused(ECHILD, "the helper ended before it was ready");
	bad_helper("ready");
	CHILD_CHECK_OK(launch(&session), &record);
	abandon(&session);
}

static void launch_waits_for_helper_and_assistant(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(launch_with_both), 0);
}

static void plan_for_shared(void)
{
	new_plan(CLONE_NEWNS);
	plan.scope = NSU_PLAN_SCOPE_USER;
	plan.uid = 1000;
	CHILD_CHECK_OK(nsu_plan_check(&plan, &record), &record);
}

/* The mounts are the test's own, and so is what says whether systemd runs. */
static void launch_shared(void)
{
	struct nsu_session session = NSU_SESSION_INIT;

	own_mounts();
	make_helper_place();
	bad_helper("ready");
	plan_for_shared();
	install_bad(NSU_LIMITS_FILE, NSU_LIMITS_NAME, "hang"); /* nobody starts it */
	CHILD_CHECK_OK(launch(&session), &record);
	CHILD_CHECK(session.note[0] == '\0');
	abandon(&session);
	CHILD_CHECK(mkdir("/run/systemd", 0755) == 0 && mkdir("/run/systemd/system", 0755) == 0);
	check_assistant(plan_for_shared, NSU_LIMITS_FILE, NSU_LIMITS_NAME);
	plan_for_shared();
	install_bad(NSU_LIMITS_FILE, NSU_LIMITS_NAME, "note");
	CHILD_CHECK_OK(launch(&session), &record);
	CHILD_CHECK(strcmp(session.note, "moved=no") == 0 && session.cgroup_fd == -1 && session.own_cgroup_fd == -1);
	abandon(&session);
	new_plan(CLONE_NEWNS); /* for a session of its own nothing is moved */
	unlink(NSU_LIMITS_FILE);
	CHILD_CHECK_OK(launch(&session), &record);
	abandon(&session);
}

static void launch_has_a_shared_init_moved_where_systemd_runs(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(launch_shared), 0);
}

static void launch_with_cgroup(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	struct stat st, wanted;
	int before;

	if (!has_own_cgroup2())
		return;
	own_mounts();
	install_helper();
	plan_for_limits();
	install_bad(NSU_LIMITS_FILE, NSU_LIMITS_NAME, "ready");
	check_refused(EPROTO, NSU_LIMITS_NAME " has given no cgroup");
	install_bad(NSU_LIMITS_FILE, NSU_LIMITS_NAME, "cgroup");
	check_refused(ENOENT, "open cgroup.procs"); /* a directory that is none */
	write_file("/usr/libexec/nsunshare/cgroup.procs", "", 0644);
	before = count_fds();
	CHILD_CHECK_OK(launch(&session), &record);
	CHILD_CHECK(fstat(session.cgroup_fd, &st) == 0 && stat("/usr/libexec/nsunshare/cgroup.procs", &wanted) == 0);
	CHILD_CHECK(st.st_ino == wanted.st_ino && st.st_dev == wanted.st_dev && session.own_cgroup_fd >= 0);
	abandon(&session);
	CHILD_CHECK(count_fds() == before);
}

static void launch_holds_the_cgroup_that_it_was_given(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	SKIP_UNLESS(has_own_cgroup2(), "there is no cgroup v2 here");
	assert_int_equal(in_child(launch_with_cgroup), 0);
}

static void launch_all(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	ino_t own[NSU_NS_KINDS];
	char path[64], pid[16], map[256] = "";
	int fd, before;

	own_mounts();
	install_helper();
	new_user_plan(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_NEWNET | CLONE_NEWTIME);
	plan.time.boottime = 1000;
	plan.user.max_user_namespaces = 0;
	CHILD_CHECK_OK(nsu_plan_check(&plan, &record), &record);
	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		own[i] = ns_inode("self", nsu_ns_kinds[i].file);
	before = count_fds();
	CHILD_CHECK_OK(launch(&session), &record);
	snprintf(pid, sizeof(pid), "%d", (int)session.init_pid);
	for (size_t i = 0; i < NSU_NS_KINDS; i++) {
		CHILD_CHECK(ns_inode("self", nsu_ns_kinds[i].file) == own[i]); /* nothing of ours has changed */
		CHILD_CHECK(ns_inode(pid, nsu_ns_kinds[i].file) != own[i]);
	}
	snprintf(path, sizeof(path), "/proc/%s/uid_map", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(fd >= 0 && read(fd, map, sizeof(map) - 1) > 0 && strstr(map, "1000       1000          1"));
	close(fd);
	CHILD_CHECK(count_fds() == before + 2); /* no way back is held */
	abandon(&session);
	CHILD_CHECK(count_fds() == before);
}

static void launch_prepares_all_eight_and_changes_nothing_of_the_caller(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(launch_all), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(launch_refuses_a_helper_that_asks_too_much_or_too_little),
		cmocka_unit_test(launch_survives_a_helper_that_dies_while_its_ids_are_mapped),
		cmocka_unit_test(launch_says_what_is_wrong_with_an_assistant),
		cmocka_unit_test(launch_waits_for_helper_and_assistant),
		cmocka_unit_test(launch_has_a_shared_init_moved_where_systemd_runs),
		cmocka_unit_test(launch_holds_the_cgroup_that_it_was_given),
		cmocka_unit_test(launch_prepares_all_eight_and_changes_nothing_of_the_caller),
	};

	if (argc == 1 && strncmp(argv[0], "nsunshare-", 10) == 0)
		return be_a_bad_one(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
