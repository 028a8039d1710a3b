/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G29. */
/* PID 1 without its confinement, in a pid namespace of a child. */
#include "support.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "channel.h"
#include "init.h"
#include "proc.h"
#include "wire.h"

static int order_fd;   /* the opener's end of the channel */
static int opener_fd;  /* closing it is the death of the opener */
static int session_fd; /* read end of a pipe that all processes of the session hold */
static pid_t init_pid; /* as the host has it */
static bool leaves_nobody;
static enum nsu_plan_lifetime lifetime;
static enum nsu_plan_scope scope;
static struct nsu_plan plan;
static struct nsu_logins logins;
static unsigned char frame[NSU_FRAME_MAX];

/*
 * Starts a PID 1 that runs nsu_init_run(), and in its namespace first what @inside does. A pipe stands for the opener's
 * pidfd: it becomes readable too.
 */
static void start_init(int stop_timeout_ms, bool is_pid1, void (*inside)(void))
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ends[2], opener[2], session[2];

	CHILD_CHECK_OK(nsu_channel_make(ends, &fail), &fail);
	CHILD_CHECK(pipe2(opener, O_CLOEXEC) == 0 && pipe2(session, O_CLOEXEC) == 0);
	CHILD_CHECK(unshare(CLONE_NEWPID) == 0);
	init_pid = fork();
	if (init_pid == 0) {
		struct nsu_registry_entry entry = NSU_REGISTRY_ENTRY_INIT;
		struct nsu_init init = {
			.logins = &logins,
			.entry = &entry,
			.leaves_nobody = leaves_nobody,
			.is_pid1 = is_pid1,
		};
		sigset_t all;

		nsu_plan_init(&plan);
		plan.lifetime = lifetime;
		plan.scope = scope;
		logins.listen_fd = -1;
		logins.frame = frame;
		logins.is_brief = !is_pid1;
		logins.set.lifetime = lifetime;
		logins.set.stop_timeout_ms = (unsigned)stop_timeout_ms;
		nsu_logins_begin(&logins, &(struct nsu_login){.uid = 0}, ends[1], opener[0]);

		close(ends[0]);
		close(opener[1]);
		CHILD_CHECK_OK(nsu_init_watch_signals(&plan, &init.signals_fd, &fail), &fail);
		inside();
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		nsu_init_run(&init);
		_exit(leaves_nobody && kill(-1, 0) == 0 ? 1 : 0);
	}
	CHILD_CHECK(init_pid > 0);
	close(ends[1]);
	close(opener[0]);
	close(session[1]);
	order_fd = ends[0];
	opener_fd = opener[1];
	session_fd = session[0];
}

static void order_the_end(void)
{
	static const unsigned char order = NSU_WIRE_END;

	CHILD_CHECK(nsu_channel_send(order_fd, &order, 1, -1) == 0);
}

/* Whether PID 1 ends within a time. */
static bool ends_within(int ms)
{
	int pidfd = (int)syscall(SYS_pidfd_open, init_pid, 0);
	bool ends = nsu_proc_await(pidfd, nsu_proc_now_ms() + ms) == 0;

	close(pidfd);
	return ends;
}

static bool is_session_empty(void)
{
	char byte;

	return nsu_proc_await(session_fd, nsu_proc_now_ms() + 5000) == 0 && read(session_fd, &byte, 1) == 0;
}

static void nobody(void)
{
}

static void a_process_that_ignores_sigterm(void)
{
	if (fork() == 0) {
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
}

static void a_process_that_ends_on_sigterm(void)
{
	if (fork() == 0) {
		for (;;)
			pause();
	}
}

static void orphans(void)
{
	for (int i = 0; i < 20; i++) {
		if (fork() == 0) {
			if (fork() == 0)
				usleep(20000);
			_exit(0);
		}
	}
}

static void end_by_order(void)
{
	start_init(0, true, a_process_that_ignores_sigterm);
	CHILD_CHECK(!ends_within(100));
	order_the_end();
	CHILD_CHECK(ends_within(5000));
	CHILD_CHECK(is_session_empty());
}

static void init_ends_with_all_processes_when_it_is_ordered(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(end_by_order), 0);
}

static void end_by_death_of_the_opener(void)
{
	start_init(0, true, a_process_that_ignores_sigterm);
	close(opener_fd);
	CHILD_CHECK(ends_within(5000));
	CHILD_CHECK(is_session_empty());
}

static void init_ends_when_the_opener_dies(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(end_by_death_of_the_opener), 0);
}

static void close_the_channel(void)
{
	start_init(0, true, nobody);
	CHILD_CHECK(send(order_fd, (unsigned char[]){NSU_WIRE_COMMIT}, 1, 0) == 1);
	close(order_fd);
	CHILD_CHECK(!ends_within(200));
	close(opener_fd);
	CHILD_CHECK(ends_within(5000));
}

static void init_lives_on_when_the_channel_is_closed_after_the_joining(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(close_the_channel), 0);
}

static void close_the_channel_early(void)
{
	start_init(0, true, nobody);
	CHILD_CHECK(!ends_within(100));
	close(order_fd);
	CHILD_CHECK(ends_within(5000));
}

static void init_ends_when_the_channel_is_closed_before_the_joining(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(close_the_channel_early), 0);
}

static void close_the_channel_of_a_mere_helper(void)
{
	start_init(0, false, nobody);
	CHILD_CHECK(!ends_within(100));
	close(order_fd);
	CHILD_CHECK(ends_within(5000));
}

static void helper_without_pid_namespace_ends_with_its_channel(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(close_the_channel_of_a_mere_helper), 0);
}

static void send_what_is_no_order(void)
{
	static const unsigned char strange = 99;

	start_init(0, true, nobody);
	CHILD_CHECK(nsu_channel_send(order_fd, &strange, 1, -1) == 0);
	CHILD_CHECK(!ends_within(100));
	order_the_end();
	CHILD_CHECK(ends_within(5000));
}

static void init_ignores_what_is_no_order(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(send_what_is_no_order), 0);
}

static void stop_with_time(void)
{
	int64_t began;

	start_init(10000, true, a_process_that_ends_on_sigterm);
	usleep(50000);
	began = nsu_proc_now_ms();
	order_the_end();
	CHILD_CHECK(ends_within(5000));
	CHILD_CHECK(nsu_proc_now_ms() - began < 2000); /* as soon as the last one has ended */
	CHILD_CHECK(is_session_empty());
}

static void init_ends_as_soon_as_sigterm_has_emptied_the_session(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(stop_with_time), 0);
}

static void stop_a_stubborn_one(void)
{
	int64_t began;

	start_init(300, true, a_process_that_ignores_sigterm);
	usleep(50000);
	began = nsu_proc_now_ms();
	order_the_end();
	CHILD_CHECK(ends_within(5000));
	CHILD_CHECK(nsu_proc_now_ms() - began >= 250);
	CHILD_CHECK(is_session_empty());
}

static void init_gives_stubborn_processes_their_time_and_no_more(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(stop_a_stubborn_one), 0);
}

/* Ten that are never the same process for long: each ends as soon as it has made the next. */
static void runners(void)
{
	for (int i = 0; i < 10; i++) {
		if (fork() == 0) {
			signal(SIGTERM, SIG_IGN);
			for (;;) {
				if (fork() > 0)
					_exit(0);
			}
		}
	}
}

static void end_with_nobody_left(void)
{
	int status;

	leaves_nobody = true;
	start_init(0, true, runners);
	usleep(20000);
	order_the_end();
	CHILD_CHECK(ends_within(10000));
	CHILD_CHECK(is_session_empty());
	CHILD_CHECK(waitpid(init_pid, &status, 0) == init_pid && status == 0);
}

static void init_leaves_nobody_where_something_is_thrown_away(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(end_with_nobody_left), 0);
}

static void stop_and_leave_nobody(void)
{
	int64_t began;
	int status;

	leaves_nobody = true;
	start_init(300, true, a_process_that_ignores_sigterm);
	usleep(50000);
	began = nsu_proc_now_ms();
	close(opener_fd);
	CHILD_CHECK(ends_within(5000));
	CHILD_CHECK(nsu_proc_now_ms() - began >= 250);
	CHILD_CHECK(waitpid(init_pid, &status, 0) == init_pid && status == 0);
}

static void init_gives_their_time_first_where_it_leaves_nobody(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(stop_and_leave_nobody), 0);
}

/* PID 1 is the only child of ours: its own children are counted in /proc. */
static void reap_orphans(void)
{
	char path[64], text[4096];
	ssize_t n = 1;
	int fd;

	start_init(0, true, orphans);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", init_pid, init_pid);
	for (int i = 0; i < 500 && n > 0; i++) {
		usleep(10000);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		CHILD_CHECK(fd >= 0);
		n = read(fd, text, sizeof(text));
		close(fd);
	}
	CHILD_CHECK(n == 0);
	order_the_end();
	CHILD_CHECK(ends_within(5000));
}

static void init_reaps_orphans(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	SKIP_UNLESS(access("/proc/thread-self/children", R_OK) == 0, "the kernel has no /proc/PID/task/TID/children");
	assert_int_equal(in_child(reap_orphans), 0);
}

/* The signal of an orphan's end wakes it long before it would look by itself. */
static void orphans_that_end_late(void)
{
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			usleep(1500000);
			_exit(0);
		}
	}
}

static void end_with_the_last_process(void)
{
	int64_t began = nsu_proc_now_ms();

	lifetime = NSU_PLAN_LIFETIME_PROCESSES;
	start_init(0, true, orphans_that_end_late);
	order_the_end();
	CHILD_CHECK(!ends_within(1000));
	CHILD_CHECK(ends_within(5000));
	CHILD_CHECK(nsu_proc_now_ms() - began >= 1499);
	CHILD_CHECK(is_session_empty());
}

static void init_of_a_lasting_set_ends_with_its_last_process(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(end_with_the_last_process), 0);
}

static void outlive_everybody(void)
{
	lifetime = NSU_PLAN_LIFETIME_PERMANENT;
	start_init(0, true, nobody);
	order_the_end();
	close(opener_fd);
	CHILD_CHECK(!ends_within(500));
	CHILD_CHECK(kill(init_pid, SIGKILL) == 0 && ends_within(5000));
}

static void init_of_a_permanent_set_outlives_everybody(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(outlive_everybody), 0);
}

/* Inside, root. */
static void a_process_that_signals_its_init(void)
{
	if (fork() == 0) {
		for (;;) {
			kill(1, SIGTERM);
			usleep(1000);
		}
	}
}

static void stop_by_signal(void)
{
	lifetime = NSU_PLAN_LIFETIME_PERMANENT;
	scope = NSU_PLAN_SCOPE_USER;
	start_init(0, true, a_process_that_signals_its_init);
	CHILD_CHECK(!ends_within(500));
	CHILD_CHECK(kill(init_pid, SIGHUP) == 0 && !ends_within(100));
	for (int i = 0; i < 50; i++) { /* one that is pending from inside takes the place of another */
		CHILD_CHECK(kill(init_pid, SIGTERM) == 0);
		if (ends_within(100))
			break;
	}
	CHILD_CHECK(ends_within(0));
	CHILD_CHECK(is_session_empty());
}

static void init_of_a_shared_set_ends_at_a_sigterm_from_outside_only(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(stop_by_signal), 0);
}

static void stay_with_the_opener(void)
{
	start_init(0, true, nobody);
	usleep(50000);
	CHILD_CHECK(kill(init_pid, SIGTERM) == 0 && !ends_within(300));
	order_the_end();
	CHILD_CHECK(ends_within(5000));
}

static void init_of_a_session_ignores_signals(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(stay_with_the_opener), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_ends_with_all_processes_when_it_is_ordered),
		cmocka_unit_test(init_ends_when_the_opener_dies),
		cmocka_unit_test(init_lives_on_when_the_channel_is_closed_after_the_joining),
		cmocka_unit_test(init_ends_when_the_channel_is_closed_before_the_joining),
		cmocka_unit_test(helper_without_pid_namespace_ends_with_its_channel),
		cmocka_unit_test(init_ignores_what_is_no_order),
		cmocka_unit_test(init_ends_as_soon_as_sigterm_has_emptied_the_session),
		cmocka_unit_test(init_gives_stubborn_processes_their_time_and_no_more),
		cmocka_unit_test(init_leaves_nobody_where_something_is_thrown_away),
		cmocka_unit_test(init_gives_their_time_first_where_it_leaves_nobody),
		cmocka_unit_test(init_reaps_orphans),
		cmocka_unit_test(init_of_a_lasting_set_ends_with_its_last_process),
		cmocka_unit_test(init_of_a_permanent_set_outlives_everybody),
		cmocka_unit_test(init_of_a_shared_set_ends_at_a_sigterm_from_outside_only),
		cmocka_unit_test(init_of_a_session_ignores_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
