/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions are opened in a child with mounts of its own, where the helper of this build is installed. Under its
 * name this program is a helper that misbehaves as the file "mode" beside it says.
 */
#include "helper_place.h"

#include <grp.h>
#include <signal.h>
#include <sys/sysmacros.h>

#include "proc.h"
#include "session.h"
#include "wire.h"

/* All that there is a way back from. */
#define ALL (CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWNET | CLONE_NEWTIME)

static struct nsu_plan plan;
static struct nsu_fail record;

static const char *mode_file(void)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/mode", dirname((char[]){NSU_HELPER_FILE}));
	return path;
}

static int be_a_bad_helper(void)
{
	char mode[16] = "";
	int fd = open(mode_file(), O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, mode, sizeof(mode) - 1) <= 0)
		return 9;
	if (strcmp(mode, "hang") == 0)
		sleep(60);
	if (strcmp(mode, "garbage") == 0) {
		if (read(NSU_HELPER_CHANNEL_FD, plan.text, sizeof(plan.text)) < 0) /* the plan of the opener */
			return 9;
		return write(NSU_HELPER_CHANNEL_FD, "garbage", 7) == 7 ? 0 : 9;
	}
	return 1; /* "end" */
}

static void install_bad_helper(const char *mode)
{
	char path[PATH_MAX];

	make_helper_place();
	CHILD_CHECK(realpath("/proc/self/exe", path));
	copy_file(path, NSU_HELPER_FILE, 0755);
	write_file(mode_file(), mode, 0644);
}

static void make_plan(void)
{
	nsu_plan_init(&plan);
	plan.namespaces = ALL;
	plan.hostname = "inside";
	plan.mounts[0] = (struct nsu_plan_mount){.type = NSU_PLAN_PROC, .path = "/proc"};
	plan.mounts[1] = (struct nsu_plan_mount){
		.type = NSU_PLAN_TMPFS, .path = "/tmp", .size_bytes = 1 << 20, .inodes = 100, .mode = 01777};
	plan.n_mounts = 2;
	plan.timeout_ms = 20000;
	CHILD_CHECK_OK(nsu_plan_check(&plan, &record), &record);
}

static bool is_planned(size_t kind)
{
	return plan.namespaces & nsu_ns_kinds[kind].flag;
}

/* Inside, /proc/self is nobody, as the opener stays in the pid namespace of the host: look through the host's /proc. */
static int proc_dirfd = -1;

static ino_t own_namespace(const char *file)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "self/ns/%s", file);
	CHILD_CHECK(fstatat(proc_dirfd, path, &st, 0) == 0);
	return st.st_ino;
}

static int count_own_fds(void)
{
	DIR *dir = fdopendir(openat(proc_dirfd, "self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int n = -3;

	CHILD_CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void own_place(void)
{
	own_mounts();
	proc_dirfd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHILD_CHECK(proc_dirfd >= 0 && chdir("/usr/bin") == 0);
}

/* Everything that an open or a close may not change. */
struct world {
	ino_t namespaces[NSU_NS_KINDS];
	int n_fds;
	char cwd[256];
	char host[NSU_HOSTNAME_MAX + 1];
	sigset_t mask;
	mode_t umask;
};

static void look(struct world *world)
{
	memset(world, 0, sizeof(*world));
	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		world->namespaces[i] = own_namespace(nsu_ns_kinds[i].file);
	world->n_fds = count_own_fds();
	CHILD_CHECK(getcwd(world->cwd, sizeof(world->cwd)));
	CHILD_CHECK(gethostname(world->host, sizeof(world->host)) == 0);
	CHILD_CHECK(sigprocmask(SIG_BLOCK, NULL, &world->mask) == 0);
	world->umask = umask(0);
	umask(world->umask);
}

static void check_unchanged(const struct world *before)
{
	struct world after;

	look(&after);
	CHILD_CHECK(memcmp(before->namespaces, after.namespaces, sizeof(after.namespaces)) == 0);
	CHILD_CHECK(before->n_fds == after.n_fds);
	CHILD_CHECK(strcmp(before->cwd, after.cwd) == 0);
	CHILD_CHECK(strcmp(before->host, after.host) == 0);
	CHILD_CHECK(memcmp(&before->mask, &after.mask, sizeof(after.mask)) == 0);
	CHILD_CHECK(before->umask == after.umask);
	CHILD_CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
}

static void open_and_close(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	char host[NSU_HOSTNAME_MAX + 1], name[32] = "";
	struct world before, inside;
	int pidfd, comm_fd;

	own_place();
	install_helper();
	make_plan();
	look(&before);
	CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
	look(&inside);
	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		CHILD_CHECK((inside.namespaces[i] != before.namespaces[i]) == is_planned(i));
	CHILD_CHECK(strcmp(inside.cwd, before.cwd) == 0);
	CHILD_CHECK(inside.n_fds == before.n_fds + NSU_NS_KINDS - 1 + 2);
	CHILD_CHECK(gethostname(host, sizeof(host)) == 0 && strcmp(host, "inside") == 0);
	comm_fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(read(comm_fd, name, sizeof(name) - 1) > 0 && strcmp(name, NSU_HELPER_NAME "\n") == 0);
	close(comm_fd);
	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		CHILD_CHECK(!is_planned(i) || fcntl(session.saved.fds[i], F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(fcntl(session.init_pidfd, F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(fcntl(session.channel_fd, F_GETFD) == FD_CLOEXEC);
	pidfd = dup(session.init_pidfd);
	CHILD_CHECK_OK(nsu_session_close(&session, &record), &record);
	CHILD_CHECK(session.init_pidfd == -1 && session.channel_fd == -1);
	CHILD_CHECK(nsu_proc_await(pidfd, nsu_proc_now_ms() + 5000) == 0);
	close(pidfd);
	check_unchanged(&before);
}

static void session_opens_and_closes_and_leaves_nothing(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_and_close), 0);
}

static void open_twice_in_turn(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	struct world before;

	own_place();
	install_helper();
	make_plan();
	look(&before);
	for (int i = 0; i < 3; i++) {
		CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
		CHILD_CHECK_OK(nsu_session_close(&session, &record), &record);
		check_unchanged(&before);
	}
}

static void session_opens_again_after_it_was_closed(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_twice_in_turn), 0);
}

static void open_every_subset(void)
{
	static const unsigned flags[] = {CLONE_NEWIPC, CLONE_NEWUTS,    CLONE_NEWPID | CLONE_NEWNS,
	                                 CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWNET,
	                                 CLONE_NEWTIME};
	struct nsu_session session = NSU_SESSION_INIT;
	struct world before, inside;

	own_place();
	install_helper();
	look(&before);
	for (unsigned set = 1; set < 1U << NSU_COUNT(flags); set++) {
		nsu_plan_init(&plan);
		plan.timeout_ms = 20000;
		for (unsigned i = 0; i < NSU_COUNT(flags); i++)
			plan.namespaces |= set >> i & 1 ? flags[i] : 0;
		CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
		look(&inside);
		for (size_t i = 0; i < NSU_NS_KINDS; i++) {
			bool is_new = (plan.namespaces & nsu_ns_kinds[i].flag) != 0;

			CHILD_CHECK((inside.namespaces[i] != before.namespaces[i]) == is_new);
		}
		CHILD_CHECK((session.init_pidfd >= 0) == ((plan.namespaces & CLONE_NEWPID) != 0));
		CHILD_CHECK_OK(nsu_session_close(&session, &record), &record);
		check_unchanged(&before);
	}
}

static void session_makes_just_the_namespaces_of_the_plan(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_every_subset), 0);
}

static void map_to_itself(struct nsu_plan_range *ranges, size_t *n, uint32_t id)
{
	ranges[(*n)++] = (struct nsu_plan_range){id, id, 1};
}

static void open_with_a_user_namespace(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	struct world before, inside, after;
	char map[256] = "";
	int pidfd, fd;

	own_place();
	install_helper();
	make_plan();
	plan.namespaces |= CLONE_NEWUSER;
	plan.uid = 1000;
	map_to_itself(plan.user.uids, &plan.user.n_uids, 0);
	map_to_itself(plan.user.uids, &plan.user.n_uids, 1000);
	map_to_itself(plan.user.gids, &plan.user.n_gids, 0);
	map_to_itself(plan.user.gids, &plan.user.n_gids, 1000);
	look(&before);
	CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
	look(&inside);
	for (size_t i = 0; i < NSU_NS_KINDS; i++)
		CHILD_CHECK(inside.namespaces[i] != before.namespaces[i]);
	CHILD_CHECK(inside.n_fds == before.n_fds + 2); /* nothing to come back to */
	CHILD_CHECK(geteuid() == 0);
	fd = openat(proc_dirfd, "self/uid_map", O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(read(fd, map, sizeof(map) - 1) > 0 && strstr(map, "1000       1000          1"));
	close(fd);
	CHILD_CHECK(umount2("/tmp", MNT_DETACH) < 0 && errno == EINVAL); /* locked, for all the powers that are shown */
	CHILD_CHECK(setgroups(0, NULL) == 0 && setresuid(1000, 1000, 0) == 0 && setresuid(0, 0, 0) == 0);
	pidfd = dup(session.init_pidfd);
	CHILD_CHECK_OK(nsu_session_close(&session, &record), &record);
	CHILD_CHECK(nsu_proc_await(pidfd, nsu_proc_now_ms() + 5000) == 0);
	close(pidfd);
	look(&after);
	CHILD_CHECK(memcmp(inside.namespaces, after.namespaces, sizeof(after.namespaces)) == 0);
	CHILD_CHECK(after.n_fds == before.n_fds);
}

static void session_with_a_user_namespace_ends_and_its_opener_stays_there(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_with_a_user_namespace), 0);
}

/* Opens the plan, which must fail so, and change nothing. */
static void check_refused(int err, const char *word)
{
	struct nsu_session session = NSU_SESSION_INIT;
	struct world before;
	int ret;

	record = (struct nsu_fail)NSU_FAIL_INIT;
	look(&before);
	ret = nsu_session_open(&plan, &a_login, "/", &session, &record);
	if (ret != -err || !strstr(record.text, word))
		dprintf(STDOUT_FILENO, "# %d: %s\n", ret, record.text);
	CHILD_CHECK(ret == -err && strstr(record.text, word));
	CHILD_CHECK(session.init_pidfd == -1 && session.channel_fd == -1);
	check_unchanged(&before);
}

static void open_bad_plans(void)
{
	own_place();
	install_helper();
	make_plan();
	plan.mounts[1].path = "/no/such/place";
	check_refused(ENOENT, "'/no/such/place'");
	own_directory();
	CHILD_CHECK(symlink("/usr", "/mnt/link") == 0);
	plan.mounts[1].path = "/mnt/link";
	check_refused(ELOOP, "symbolic link");
	plan.mounts[1].path = "/mnt/link/bin";
	check_refused(ELOOP, "symbolic link");
	plan.mounts[1].path = "/mnt/file";
	CHILD_CHECK(close(open("/mnt/file", O_WRONLY | O_CREAT, 0644)) == 0);
	check_refused(ENOTDIR, "'/mnt/file'");
	plan.mounts[1].path =
		"/etc/passwd"; /* writable by all: what nsu_plan_check() would refuse, the helper does too */
	check_refused(EINVAL, "place of the system");
	make_plan();
	plan.hostname = "";
	plan.mounts[1].inodes = 0; /* what nsu_plan_check() would refuse, the helper does too */
	check_refused(EINVAL, "inodes");
}

static void open_passes_on_the_failure_of_the_helper_and_changes_nothing(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_bad_plans), 0);
}

static void open_without_helper(void)
{
	own_place();
	make_helper_place();
	make_plan();
	check_refused(ENOENT, NSU_HELPER_FILE);
	write_file(NSU_HELPER_FILE, "x", 0644);
	check_refused(EACCES, "not executable");
	CHILD_CHECK(chmod(NSU_HELPER_FILE, 0775) == 0);
	check_refused(EPERM, "not trusted");
	CHILD_CHECK(chmod(NSU_HELPER_FILE, 0755) == 0);
	check_refused(ENOEXEC, "execute the helper");
}

static void open_refuses_a_helper_that_is_missing_or_not_trusted(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_without_helper), 0);
}

static void open_with_hanging_helper(void)
{
	int64_t began;

	own_place();
	install_bad_helper("hang");
	make_plan();
	plan.timeout_ms = 300;
	began = nsu_proc_now_ms();
	check_refused(ETIMEDOUT, "not ready within 300 ms");
	CHILD_CHECK(nsu_proc_now_ms() - began >= 299 && nsu_proc_now_ms() - began < 5000);
}

static void open_gives_up_when_the_helper_is_not_ready_in_time(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_with_hanging_helper), 0);
}

static void open_with_ending_helper(void)
{
	own_place();
	install_bad_helper("end");
	make_plan();
	check_refused(ECHILD, "ended before it was ready");
}

static void open_says_when_the_helper_ends_before_it_is_ready(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_with_ending_helper), 0);
}

static void open_with_strange_helper(void)
{
	own_place();
	install_bad_helper("garbage");
	make_plan();
	check_refused(EPROTO, "not of this version");
}

static void open_says_when_the_helper_is_of_another_version(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_with_strange_helper), 0);
}

static void open_as_nobody(void)
{
	proc_dirfd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	make_plan();
	if (geteuid() == 0)
		CHILD_CHECK(setresuid(65534, 65534, 65534) == 0);
	check_refused(EPERM, "not root");
}

static void open_refuses_without_privilege(void **state)
{
	(void)state;
	assert_int_equal(in_child(open_as_nobody), 0);
}

static void open_where_the_directory_goes(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	char cwd[256], *dir = (char[]){"/tmp/nsu-test-XXXXXX"};

	own_place();
	install_helper();
	CHILD_CHECK(mkdtemp(dir) && chdir(dir) == 0); /* the session's /tmp does not have it */
	make_plan();
	CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/usr/lib", &session, &record), &record);
	CHILD_CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/usr/lib") == 0);
	CHILD_CHECK_OK(nsu_session_close(&session, &record), &record);
	CHILD_CHECK(chdir(dir) == 0);
	CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/no/such/home", &session, &record), &record);
	CHILD_CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
	CHILD_CHECK_OK(nsu_session_close(&session, &record), &record);
	CHILD_CHECK(rmdir(dir) == 0);
}

static void open_goes_home_when_the_working_directory_is_hidden(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_where_the_directory_goes), 0);
}

/* sudo and others close what they do not know, and open files of their own under the same numbers. */
static void close_among_strangers(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	int numbers[NSU_NS_KINDS + 2];
	size_t n = 0;
	ino_t uts;

	own_place();
	uts = own_namespace("uts");
	install_helper();
	make_plan();
	CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
	for (size_t i = 0; i < NSU_NS_KINDS; i++) {
		if (is_planned(i))
			numbers[n++] = session.saved.fds[i];
	}
	numbers[n++] = session.channel_fd;
	numbers[n++] = session.init_pidfd;
	for (size_t i = 0; i < n; i++)
		CHILD_CHECK(dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), numbers[i]) == numbers[i]);
	CHILD_CHECK(nsu_session_close(&session, &record) == -ESTALE);
	for (size_t i = 0; i < n; i++)
		CHILD_CHECK(fcntl(numbers[i], F_GETFD) >= 0); /* not ours: not closed */
	CHILD_CHECK(own_namespace("uts") != uts);
}

static void close_touches_no_descriptor_that_is_not_its_own_any_more(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(close_among_strangers), 0);
}

static void forget_it(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	struct world before, inside;
	int pidfd;

	own_place();
	install_helper();
	make_plan();
	look(&before);
	CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
	pidfd = dup(session.init_pidfd);
	nsu_session_forget(&session);
	nsu_session_forget(&session);
	look(&inside);
	CHILD_CHECK(inside.n_fds == before.n_fds + 1);
	CHILD_CHECK(inside.namespaces[0] != before.namespaces[0]);
	CHILD_CHECK(nsu_proc_await(pidfd, nsu_proc_now_ms() + 100) == -ETIMEDOUT); /* PID 1 lives on */
	nsu_proc_kill(pidfd);
}

static void forget_closes_what_is_held_and_lets_the_session_live(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(forget_it), 0);
}

/* The pidfd of PID 1 of a session whose opener has died. */
static void outlive_the_opener(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	int hold[2];
	pid_t opener;
	char byte;

	own_place();
	install_helper();
	make_plan();
	CHILD_CHECK(pipe2(hold, 0) == 0);
	opener = fork();
	if (opener == 0) {
		CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
		if (fork() == 0) { /* a process of the session: it holds the pipe until it is killed */
			nsu_session_forget(&session);
			pause();
		}
		_exit(0);
	}
	close(hold[1]);
	CHILD_CHECK(waitpid(opener, NULL, 0) == opener);
	CHILD_CHECK(nsu_proc_await(hold[0], nsu_proc_now_ms() + 10000) == 0);
	CHILD_CHECK(read(hold[0], &byte, 1) == 0);
}

static void session_ends_with_all_its_processes_when_the_opener_dies(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(outlive_the_opener), 0);
}

#define THROWN_AWAY NSU_THROW_AWAY_DIR "/0123456789abcdef"

static void make_plan_that_throws_away(void)
{
	CHILD_CHECK(mount("tests", NSU_STATE_PARENT_DIR, "tmpfs", 0, "mode=0755,size=64M") == 0);
	make_plan();
	plan.id = "0123456789abcdef";
	plan.uid = 1000;
	plan.mounts[1] =
		(struct nsu_plan_mount){.type = NSU_PLAN_INSTANCE, .path = "/tmp", .throw_away = true, .mode = 01777};
	CHILD_CHECK_OK(nsu_plan_check(&plan, &record), &record);
}

/* As the user, who can not be stopped from leaving things behind. */
static void leave_things_behind(void)
{
	char name[64];

	CHILD_CHECK(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	CHILD_CHECK(mkdir("/tmp/dir", 0700) == 0 && symlink("/etc", "/tmp/dir/link") == 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "/tmp/%s%d", i % 2 ? "dir/" : "", i);
		CHILD_CHECK(mkdir(name, 0) == 0);
	}
	CHILD_CHECK(chmod("/tmp/dir", 0) == 0);
}

static bool is_gone(void)
{
	for (int i = 0; i < 2000; i++) {
		if (access(THROWN_AWAY, F_OK) < 0)
			return true;
		usleep(10000);
	}
	return false;
}

static void throw_away_at_close(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	struct world before;
	int64_t began;
	pid_t pid;

	own_place();
	install_helper();
	make_plan_that_throws_away();
	look(&before);
	CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
	CHILD_CHECK(session.gives_time);
	pid = fork();
	if (pid == 0) {
		leave_things_behind();
		_exit(0);
	}
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid && access(THROWN_AWAY "/tmp/dir", F_OK) == 0);
	pid = fork();
	if (pid == 0) { /* still there at the end */
		nsu_session_forget(&session);
		for (;;)
			close(open("/tmp/again", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	began = nsu_proc_now_ms();
	CHILD_CHECK_OK(nsu_session_close(&session, &record), &record);
	CHILD_CHECK(nsu_proc_now_ms() - began < 1000);
	CHILD_CHECK(access(THROWN_AWAY, F_OK) == 0); /* ours is not reaped yet, and PID 1 waits for that */
	CHILD_CHECK(waitpid(pid, NULL, 0) == pid);
	CHILD_CHECK(is_gone() && access("/etc/passwd", F_OK) == 0);
	check_unchanged(&before);
}

static void session_removes_what_it_throws_away_when_it_is_closed(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(throw_away_at_close), 0);
}

static void throw_away_at_death(void)
{
	struct nsu_session session = NSU_SESSION_INIT;
	int status;
	pid_t opener;

	own_place();
	install_helper();
	make_plan_that_throws_away();
	plan.stop_timeout_ms = 200;
	opener = fork();
	if (opener == 0) {
		CHILD_CHECK_OK(nsu_session_open(&plan, &a_login, "/", &session, &record), &record);
		if (fork() == 0) {
			nsu_session_forget(&session);
			signal(SIGTERM, SIG_IGN);
			for (;;)
				close(open("/tmp/again", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		}
		kill(getpid(), SIGKILL);
	}
	CHILD_CHECK(waitpid(opener, &status, 0) == opener && WIFSIGNALED(status));
	CHILD_CHECK(access(THROWN_AWAY, F_OK) == 0); /* its processes have their time */
	CHILD_CHECK(is_gone());
}

static void session_removes_what_it_throws_away_when_the_opener_is_killed(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(throw_away_at_death), 0);
}

static void throw_away_at_failure(void)
{
	own_place();
	install_helper();
	make_plan_that_throws_away();
	plan.mounts[plan.n_mounts++] =
		(struct nsu_plan_mount){.type = NSU_PLAN_BIND, .path = "/tmp/x/y", .source = "/etc/passwd"};
	plan.mounts[plan.n_mounts++] =
		(struct nsu_plan_mount){.type = NSU_PLAN_BIND, .path = "/usr/bin", .source = "/etc/passwd"};
	for (int i = 0; i < 20; i++) {
		check_refused(EISDIR, "mount the bind on '/usr/bin'");
		CHILD_CHECK(access(NSU_THROW_AWAY_DIR, F_OK) == 0 && access(THROWN_AWAY, F_OK) < 0);
	}
}

static void open_that_fails_leaves_nothing_to_throw_away(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(throw_away_at_failure), 0);
}

/* A chroot that has what an open needs, below /mnt. */
static void enter_chroot(void)
{
	CHILD_CHECK(chroot("/mnt") == 0 && chdir("/") == 0);
	CHILD_CHECK(mount("tests", "/proc", "proc", 0, NULL) == 0);
	make_plan();
	check_refused(EPERM, "chroot");
}

static void open_in_a_chroot(void)
{
	char path[PATH_MAX], inside[PATH_MAX] = "/mnt" NSU_HELPER_FILE;

	own_place();
	own_directory();
	CHILD_CHECK(built_file("NSU_HELPER", NSU_HELPER_NAME, path));
	for (char *slash = inside + 5; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		CHILD_CHECK(mkdir(inside, 0755) == 0);
	}
	CHILD_CHECK(mkdir("/mnt/proc", 0755) == 0 && mkdir("/mnt/dev", 0755) == 0);
	CHILD_CHECK(mknod("/mnt/dev/null", S_IFCHR | 0666, makedev(1, 3)) == 0);
	copy_file(path, inside, 0755);
	enter_chroot();
}

static void open_refuses_a_chroot(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
#ifdef __SANITIZE_ADDRESS__
	SKIP_UNLESS(false, "the helper of this build is not static");
#endif
	assert_int_equal(in_child(open_in_a_chroot), 0);
}

/* A jail made of a bind mount of the root: the same inode, another mount. */
static void open_in_a_bound_chroot(void)
{
	own_place();
	install_helper();
	CHILD_CHECK(mount("/", "/mnt", NULL, MS_BIND | MS_REC, NULL) == 0);
	enter_chroot();
}

static void open_refuses_a_chroot_into_a_bind_mount_of_the_root(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_in_a_bound_chroot), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_opens_and_closes_and_leaves_nothing),
		cmocka_unit_test(session_opens_again_after_it_was_closed),
		cmocka_unit_test(session_makes_just_the_namespaces_of_the_plan),
		cmocka_unit_test(session_with_a_user_namespace_ends_and_its_opener_stays_there),
		cmocka_unit_test(open_passes_on_the_failure_of_the_helper_and_changes_nothing),
		cmocka_unit_test(open_refuses_a_helper_that_is_missing_or_not_trusted),
		cmocka_unit_test(open_gives_up_when_the_helper_is_not_ready_in_time),
		cmocka_unit_test(open_says_when_the_helper_ends_before_it_is_ready),
		cmocka_unit_test(open_says_when_the_helper_is_of_another_version),
		cmocka_unit_test(open_refuses_without_privilege),
		cmocka_unit_test(open_goes_home_when_the_working_directory_is_hidden),
		cmocka_unit_test(close_touches_no_descriptor_that_is_not_its_own_any_more),
		cmocka_unit_test(forget_closes_what_is_held_and_lets_the_session_live),
		cmocka_unit_test(session_ends_with_all_its_processes_when_the_opener_dies),
		cmocka_unit_test(session_removes_what_it_throws_away_when_it_is_closed),
		cmocka_unit_test(session_removes_what_it_throws_away_when_the_opener_is_killed),
		cmocka_unit_test(open_that_fails_leaves_nothing_to_throw_away),
		cmocka_unit_test(open_refuses_a_chroot),
		cmocka_unit_test(open_refuses_a_chroot_into_a_bind_mount_of_the_root),
	};

	if (argc == 1 && strcmp(argv[0], NSU_HELPER_NAME) == 0)
		return be_a_bad_helper();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
