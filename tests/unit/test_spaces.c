/* SPDX-License-Identifier: BSD-3-Clause */
/* What the helper does, by a child in namespaces of its own; this process is its opener, and says over the channel what is needed. */
#include "spaces.h"

#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "channel.h"
#include "idmap.h"
#include "support.h"
#include "wire.h"

static struct nsu_plan plan;
static struct nsu_fail record;
static struct nsu_spaces spaces = NSU_SPACES_INIT;
static int ends[2];

static void new_plan(unsigned namespaces)
{
	nsu_plan_init(&plan);
	plan.namespaces = namespaces;
	plan.timeout_ms = 5000;
	record = (struct nsu_fail)NSU_FAIL_INIT;
}

static int begin(void)
{
	record = (struct nsu_fail)NSU_FAIL_INIT;
	return nsu_spaces_begin(&plan, ends[1], &spaces, &record);
}

static void check_begin_fails(int err, const char *word)
{
	int ret;

	alarm(10); /* for what would wait for ever */
	ret = begin();
	if (ret != -err || !strstr(record.text, word))
		dprintf(child_report_fd, "# %d %s\n", ret, record.text);
	CHILD_CHECK(ret == -err && strstr(record.text, word));
}

static short flags_of_lo(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHILD_CHECK(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0);
	close(fd);
	return request.ifr_flags;
}

static void bring_up_lo(void)
{
	int before = count_fds();

	CHILD_CHECK(unshare(CLONE_NEWNET) == 0 && !(flags_of_lo() & IFF_UP));
	new_plan(CLONE_NEWNS);
	CHILD_CHECK_OK(begin(), &record);
	CHILD_CHECK(!(flags_of_lo() & IFF_UP)); /* not a net of its own */
	new_plan(CLONE_NEWNS | CLONE_NEWNET);
	CHILD_CHECK_OK(begin(), &record);
	CHILD_CHECK(flags_of_lo() & IFF_UP);
	CHILD_CHECK(count_fds() == before && spaces.cgroup_dirfd == -1 && spaces.sysctl_dirfd == -1);
}

static void begin_brings_up_the_loopback_of_a_net_of_its_own(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(bring_up_lo), 0);
}

/* A namespace as `ip netns add` keeps it. */
static void keep_namespace(const char *path, const char *file)
{
	char own[64];
	pid_t pid;

	write_file(path, "", 0);
	pid = fork();
	if (pid == 0) {
		CHILD_CHECK(unshare(CLONE_NEWNET | CLONE_NEWUTS) == 0);
		snprintf(own, sizeof(own), "/proc/self/ns/%s", file);
		CHILD_CHECK(mount(own, path, NULL, MS_BIND, NULL) == 0);
		_exit(0);
	}
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid);
}

static void join_named(void)
{
	ino_t before = ns_inode("self", "net");
	struct stat st;

	own_mounts();
	new_plan(CLONE_NEWNS | CLONE_NEWNET);
	plan.net.mode = NSU_PLAN_NET_NAMED;
	plan.net.name = "blue";
	check_begin_fails(ENOENT, "there is no net namespace 'blue' (`ip netns add blue`");
	CHILD_CHECK(mkdir(NSU_NETNS_DIR, 0755) == 0);
	check_begin_fails(ENOENT, "'blue'");
	write_file(NSU_NETNS_DIR "/blue", "", 0644);
	check_begin_fails(EINVAL, "is not a net namespace");
	CHILD_CHECK(unlink(NSU_NETNS_DIR "/blue") == 0 && mkfifo(NSU_NETNS_DIR "/blue", 0644) == 0);
	check_begin_fails(EINVAL, "is not a net namespace");
	CHILD_CHECK(unlink(NSU_NETNS_DIR "/blue") == 0);
	keep_namespace(NSU_NETNS_DIR "/uts", "uts");
	plan.net.name = "uts";
	check_begin_fails(EINVAL, "'" NSU_NETNS_DIR "/uts' is not a net namespace");
	keep_namespace(NSU_NETNS_DIR "/real", "net");
	CHILD_CHECK(symlink("real", NSU_NETNS_DIR "/blue") == 0);
	plan.net.name = "blue";
	check_begin_fails(ELOOP, "open '" NSU_NETNS_DIR "/blue'");
	CHILD_CHECK(ns_inode("self", "net") == before);
	plan.net.name = "real";
	CHILD_CHECK_OK(begin(), &record);
	CHILD_CHECK(stat(NSU_NETNS_DIR "/real", &st) == 0 && ns_inode("self", "net") == st.st_ino);
}

static void begin_joins_the_named_net_and_nothing_else(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(join_named), 0);
}

static void order(unsigned char number, int fd)
{
	CHILD_CHECK(nsu_channel_send(ends[0], &number, 1, fd) == 0);
}

static void await_cgroup(void)
{
	int dirfd = open("/usr", O_PATH | O_CLOEXEC);
	struct stat st, sent;

	CHILD_CHECK_OK(nsu_channel_make(ends, &record), &record);
	new_plan(CLONE_NEWNS);
	plan.limits.tasks = 10;
	plan.limits.parent = "/nsunshare";
	order(NSU_WIRE_CGROUP, dirfd);
	CHILD_CHECK_OK(begin(), &record);
	CHILD_CHECK(spaces.cgroup_dirfd >= 0 && fcntl(spaces.cgroup_dirfd, F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(fstat(spaces.cgroup_dirfd, &st) == 0 && fstat(dirfd, &sent) == 0 && st.st_ino == sent.st_ino);
	order(NSU_WIRE_MAPPED, -1);
	check_begin_fails(ECHILD, "the opener has given up");
	order(NSU_WIRE_END, -1);
	check_begin_fails(ECHILD, "the opener has given up");
	close(ends[0]);
	check_begin_fails(ECHILD, "the opener has given up");
}

static void begin_waits_for_the_cgroup_until_the_opener_gives_up(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(await_cgroup), 0);
}

/* A directory that is no cgroup: nothing is entered, and no namespace made. */
static void enter_no_cgroup(void)
{
	ino_t before = ns_inode("self", "cgroup");
	int dirfd;

	own_mounts();
	dirfd = open("/run", O_PATH | O_CLOEXEC);
	CHILD_CHECK_OK(nsu_channel_make(ends, &record), &record);
	new_plan(CLONE_NEWNS | CLONE_NEWCGROUP);
	plan.limits.tasks = 10;
	plan.limits.parent = "/nsunshare";
	order(NSU_WIRE_CGROUP, dirfd);
	alarm(10);
	CHILD_CHECK(begin() < 0 && record.err != 0);
	CHILD_CHECK(ns_inode("self", "cgroup") == before);
}

static void begin_makes_no_cgroup_namespace_where_there_is_no_cgroup(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(enter_no_cgroup), 0);
}

static void look_at_clocks(void)
{
	new_plan(CLONE_NEWTIME);
	CHILD_CHECK_OK(begin(), &record);
	CHILD_CHECK(unshare(CLONE_NEWTIME) == 0); /* as on a kernel that does not move a program in */
	check_begin_fails(ENOSYS, "Linux 6.1");
	new_plan(CLONE_NEWNS);
	CHILD_CHECK_OK(begin(), &record);
}

static void begin_refuses_a_kernel_that_does_not_enter_the_time_namespace(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(look_at_clocks), 0);
}

/* ---- the user namespace */

static struct nsu_plan_user *new_user_plan(void)
{
	new_plan(CLONE_NEWNS | CLONE_NEWUSER);
	plan.uid = 1000;
	plan.user.n_uids = 2;
	plan.user.uids[0] = (struct nsu_plan_range){0, 0, 1};
	plan.user.uids[1] = (struct nsu_plan_range){1000, 1000, 1};
	plan.user.n_gids = 1;
	plan.user.gids[0] = (struct nsu_plan_range){0, 0, 1};
	return &plan.user;
}

/* What a helper does from the plan on, which ends as @after says. */
static pid_t start_helper(void (*after)(void), int *ret_pidfd)
{
	pid_t pid;

	CHILD_CHECK_OK(nsu_channel_make(ends, &record), &record);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		alarm(10);
		CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		CHILD_CHECK_OK(begin(), &record);
		CHILD_CHECK(mount("mask", "/mnt", "tmpfs", 0, NULL) == 0);
		after();
		_exit(0);
	}
	close(ends[1]);
	*ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHILD_CHECK(pid > 0 && *ret_pidfd >= 0);
	return pid;
}

static void await_map(void)
{
	struct pollfd pfd = {.fd = ends[0], .events = POLLIN};
	unsigned char asked = 0;
	size_t len = 0;

	CHILD_CHECK(poll(&pfd, 1, 10000) == 1);
	CHILD_CHECK(nsu_channel_receive(ends[0], &asked, 1, &len, NULL) == 0 && len == 1 && asked == NSU_WIRE_MAP);
}

static int status_of(pid_t pid)
{
	int status;

	CHILD_CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool can_make_user_namespace(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno == ENOSPC ? 1 : 2);
	return status_of(pid) == 0;
}

/* One that stays: where only one may be, it is that. */
static void hold_user_namespace(int wanted_err)
{
	int gone[2];
	char byte;
	pid_t pid;

	CHILD_CHECK(pipe2(gone, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		bool is_made = unshare(CLONE_NEWUSER) == 0;

		byte = is_made ? 0 : (char)errno;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		CHILD_CHECK(write(gone[1], &byte, 1) == 1);
		pause();
	}
	CHILD_CHECK(read(gone[0], &byte, 1) == 1 && byte == wanted_err);
	close(gone[0]);
	close(gone[1]);
}

static void check_inside(void)
{
	ino_t user = ns_inode("self", "user"), mounts = ns_inode("self", "mnt");

	CHILD_CHECK_OK(nsu_spaces_end(&plan, ends[1], &spaces, &record), &record);
	CHILD_CHECK(ns_inode("self", "user") != user && ns_inode("self", "mnt") != mounts);
	CHILD_CHECK(getuid() == 0 && geteuid() == 0);
	CHILD_CHECK(umount2("/mnt", 0) < 0 && errno == EINVAL); /* locked */
	CHILD_CHECK(umount2("/mnt", MNT_DETACH) < 0 && errno == EINVAL);
	CHILD_CHECK(sethostname("x", 1) < 0 && errno == EPERM);
	CHILD_CHECK(unshare(CLONE_NEWNS) == 0); /* root it is, over nothing of the host */
	CHILD_CHECK(setresuid(1000, 1000, 1000) == 0);
}

static void end_none(void)
{
	check_inside();
	hold_user_namespace(ENOSPC);
}

static void end_one(void)
{
	check_inside();
	hold_user_namespace(0);
	hold_user_namespace(ENOSPC);
}

static void end_many(void)
{
	check_inside();
	for (int i = 0; i < 5; i++)
		hold_user_namespace(0);
}

static void make_user_namespaces(void)
{
	static const struct {
		int64_t max;
		void (*after)(void);
	} cases[] = {{-1, end_many}, {0, end_none}, {1, end_one}};

	CHILD_CHECK(can_make_user_namespace());
	for (size_t i = 0; i < NSU_COUNT(cases); i++) {
		int pidfd = -1;
		pid_t pid;

		CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
		new_user_plan()->max_user_namespaces = cases[i].max;
		pid = start_helper(cases[i].after, &pidfd);
		await_map();
		CHILD_CHECK_OK(nsu_idmap_write(&plan.user, pid, pidfd, &record), &record);
		order(NSU_WIRE_MAPPED, -1);
		CHILD_CHECK(status_of(pid) == 0);
		CHILD_CHECK(can_make_user_namespace()); /* the limit is the session's */
		close(pidfd);
		close(ends[0]);
	}
}

static void end_makes_a_user_namespace_with_its_mounts_locked_and_its_limit(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(make_user_namespaces), 0);
}

static void end_must_fail(void)
{
	CHILD_CHECK(nsu_spaces_end(&plan, ends[1], &spaces, &record) == -ECHILD);
	CHILD_CHECK(strcmp(record.text, "the opener has given up") == 0);
}

static void give_up(void)
{
	static const unsigned char orders[] = {NSU_WIRE_END, NSU_WIRE_COMMIT, NSU_WIRE_MAP, NSU_WIRE_CGROUP};
	int pidfd;
	pid_t pid;

	for (size_t i = 0; i <= NSU_COUNT(orders); i++) {
		CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
		new_user_plan();
		pid = start_helper(end_must_fail, &pidfd);
		await_map();
		if (i < NSU_COUNT(orders))
			order(orders[i], -1);
		close(ends[0]);
		CHILD_CHECK(status_of(pid) == 0);
		close(pidfd);
	}
}

static void end_fails_when_the_opener_gives_up_or_says_something_else(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(give_up), 0);
}

static void end_without_user(void)
{
	ino_t user = ns_inode("self", "user");
	struct pollfd pfd = {.events = POLLIN};

	CHILD_CHECK_OK(nsu_channel_make(ends, &record), &record);
	new_plan(CLONE_NEWNS | CLONE_NEWPID);
	CHILD_CHECK_OK(nsu_spaces_end(&plan, ends[1], &spaces, &record), &record);
	pfd.fd = ends[0];
	CHILD_CHECK(poll(&pfd, 1, 0) == 0 && ns_inode("self", "user") == user);
}

static void end_asks_for_nothing_without_a_user_namespace(void **state)
{
	(void)state;
	assert_int_equal(in_child(end_without_user), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begin_brings_up_the_loopback_of_a_net_of_its_own),
		cmocka_unit_test(begin_joins_the_named_net_and_nothing_else),
		cmocka_unit_test(begin_waits_for_the_cgroup_until_the_opener_gives_up),
		cmocka_unit_test(begin_makes_no_cgroup_namespace_where_there_is_no_cgroup),
		cmocka_unit_test(begin_refuses_a_kernel_that_does_not_enter_the_time_namespace),
		cmocka_unit_test(end_makes_a_user_namespace_with_its_mounts_locked_and_its_limit),
		cmocka_unit_test(end_fails_when_the_opener_gives_up_or_says_something_else),
		cmocka_unit_test(end_asks_for_nothing_without_a_user_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
