/* SPDX-License-Identifier: BSD-3-Clause */
/* Under the name of an assistant this program is one, which does as the file "mode" beside it says. */
#include "assist.h"

#include <sys/prctl.h>

#include "channel.h"
#include "helper_place.h"
#include "proc.h"

#define NAME "test-assist"

static struct nsu_plan plan;
static struct nsu_fail record;
static char place[PATH_MAX], mode_path[PATH_MAX];

/* ---- the assistant */

static unsigned char frame[NSU_FRAME_MAX];

static int answer(const char *text, int err, int fd)
{
	struct nsu_wire_answer said = {.fail = NSU_FAIL_INIT};
	size_t len = 0;

	if (err)
		(void)!nsu_fail(&said.fail, err, "%s", text);
	if (nsu_wire_encode_answer(&said, frame, sizeof(frame), &len) < 0)
		return 9;
	return nsu_channel_send(NSU_HELPER_CHANNEL_FD, frame, len, fd) < 0 ? 9 : 0;
}

/* Takes the plan, and gives back what came with it. */
static int give_back(void)
{
	int fd = -1;
	size_t len;

	if (nsu_channel_receive(NSU_HELPER_CHANNEL_FD, frame, sizeof(frame), &len, &fd) < 0)
		return 9;
	if (nsu_wire_decode(frame, len, &plan) < 0 || strcmp(plan.hostname, "of-the-plan") != 0)
		return answer("no plan", EBADMSG, -1);
	return answer("", 0, fd);
}

static int be_an_assistant(void)
{
	char mode[16] = "", dir[PATH_MAX] = "";
	int fd;

	if (readlink("/proc/self/exe", dir, sizeof(dir) - 1) < 0)
		return 9;
	snprintf(mode_path, sizeof(mode_path), "%s/mode", dirname(dir));
	fd = open(mode_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, mode, sizeof(mode) - 1) <= 0)
		return 9;
	close(fd);
	if (strcmp(mode, "give back") == 0)
		return give_back();
	if (strcmp(mode, "hang") == 0)
		return (int)sleep(60);
	if (strcmp(mode, "fail") == 0)
		return answer("make the thing", EDQUOT, open("/", O_PATH | O_CLOEXEC));
	if (strcmp(mode, "rubbish") == 0)
		return write(NSU_HELPER_CHANNEL_FD, "rubbish", 7) == 7 ? 0 : 9;
	if (strcmp(mode, "order") == 0)
		return write(NSU_HELPER_CHANNEL_FD, "\3", 1) == 1 ? 0 : 9;
	if (strcmp(mode, "flood") == 0)
		return write(NSU_HELPER_CHANNEL_FD, frame, sizeof(frame)) > 0 ? 0 : 9;
	if (strcmp(mode, "linger") == 0)
		return answer("", 0, -1) + (int)sleep(60);
	return 1; /* "end" */
}

/* ---- its caller */

static void install(const char *mode)
{
	char self[PATH_MAX];

	if (place[0] == '\0') {
		own_mounts();
		snprintf(place, sizeof(place), "%s/" NAME, own_directory());
		snprintf(mode_path, sizeof(mode_path), "/mnt/mode");
		CHILD_CHECK(realpath("/proc/self/exe", self));
		copy_file(self, place, 0755);
	}
	write_file(mode_path, mode, 0644);
	nsu_plan_init(&plan);
	plan.namespaces = CLONE_NEWUTS;
	plan.hostname = "of-the-plan";
	plan.timeout_ms = 300;
	record = (struct nsu_fail)NSU_FAIL_INIT;
}

static void start(struct nsu_assist *assist, int send_fd)
{
	CHILD_CHECK_OK(nsu_assist_start(place, NAME, &plan, send_fd, assist, &record), &record);
	CHILD_CHECK(fcntl(assist->channel_fd, F_GETFD) == FD_CLOEXEC && fcntl(assist->pidfd, F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD); /* nobody's child */
}

/* It is over: dead, and nothing is held of it. */
static void end(struct nsu_assist *assist)
{
	int pidfd = dup(assist->pidfd);

	nsu_assist_end(assist);
	CHILD_CHECK(assist->pidfd == -1 && assist->channel_fd == -1);
	CHILD_CHECK(nsu_proc_await(pidfd, nsu_proc_now_ms() + 5000) == 0);
	close(pidfd);
	nsu_assist_end(assist);
}

static int64_t soon(void)
{
	return nsu_proc_now_ms() + 20000;
}

static void take_an_answer(void)
{
	struct nsu_assist assist = NSU_ASSIST_INIT;
	int before, fd = -7, dirfd = open("/usr", O_PATH | O_CLOEXEC);
	struct stat st, sent;

	install("give back");
	before = count_fds();
	start(&assist, dirfd);
	CHILD_CHECK_OK(nsu_assist_await(&assist, &plan, soon(), &fd, &record), &record);
	CHILD_CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(fstat(fd, &st) == 0 && fstat(dirfd, &sent) == 0 && st.st_ino == sent.st_ino);
	close(fd);
	end(&assist);
	start(&assist, -1);
	CHILD_CHECK_OK(nsu_assist_await(&assist, &plan, soon(), &fd, &record), &record);
	CHILD_CHECK(fd == -1);
	end(&assist);
	start(&assist, dirfd); /* and none is wanted */
	CHILD_CHECK_OK(nsu_assist_await(&assist, &plan, soon(), NULL, &record), &record);
	end(&assist);
	CHILD_CHECK(count_fds() == before && record.err == 0);
}

static void assistant_gets_the_plan_and_a_descriptor_and_gives_one_back(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(take_an_answer), 0);
}

static void check_answer(const char *mode, int err, const char *word)
{
	struct nsu_assist assist = NSU_ASSIST_INIT;
	int64_t began = nsu_proc_now_ms();
	int before, ret, fd = -7;

	install(mode);
	before = count_fds();
	start(&assist, -1);
	ret = nsu_assist_await(&assist, &plan, began + (err == ETIMEDOUT ? 300 : 20000), &fd, &record);
	if (ret != -err || record.err != err || !strstr(record.text, word))
		dprintf(child_report_fd, "# %s: %d %s\n", mode, ret, record.text);
	CHILD_CHECK(ret == -err && record.err == err && strstr(record.text, word));
	CHILD_CHECK(fd == -7);
	CHILD_CHECK(err != ETIMEDOUT || nsu_proc_now_ms() - began >= 299);
	CHILD_CHECK(nsu_proc_now_ms() - began < 10000);
	end(&assist);
	CHILD_CHECK(count_fds() == before);
}

static void take_bad_answers(void)
{
	check_answer("hang", ETIMEDOUT, NAME " was not ready within 300 ms");
	check_answer("end", ECHILD, NAME " ended before it was ready");
	check_answer("fail", EDQUOT, "make the thing");
	check_answer("rubbish", EPROTO, "the answer of " NAME " is not of this version");
	check_answer("order", EPROTO, NAME " has answered something unknown");
	check_answer("flood", EMSGSIZE, "receive the answer of " NAME);
}

static void await_says_what_is_wrong_with_an_assistant(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(take_bad_answers), 0);
}

static void end_a_lingering_one(void)
{
	struct nsu_assist assist = NSU_ASSIST_INIT;

	install("linger");
	start(&assist, -1);
	CHILD_CHECK_OK(nsu_assist_await(&assist, &plan, soon(), NULL, &record), &record);
	CHILD_CHECK(nsu_proc_await(assist.pidfd, nsu_proc_now_ms() + 100) == -ETIMEDOUT);
	end(&assist);
	install("hang");
	start(&assist, -1);
	CHILD_CHECK(nsu_assist_await(&assist, &plan, nsu_proc_now_ms() - 1000, NULL, &record) == -ETIMEDOUT);
	end(&assist);
}

static void end_kills_an_assistant_that_is_still_there(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(end_a_lingering_one), 0);
}

static void check_not_started(const char *file, int err, const char *word)
{
	struct nsu_assist assist = NSU_ASSIST_INIT;
	int before = count_fds(), ret;

	record = (struct nsu_fail)NSU_FAIL_INIT;
	ret = nsu_assist_start(file, NAME, &plan, -1, &assist, &record);
	if (ret != -err || !strstr(record.text, word))
		dprintf(child_report_fd, "# %s: %d %s\n", file, ret, record.text);
	CHILD_CHECK(ret == -err && strstr(record.text, word));
	CHILD_CHECK(assist.pidfd == -1);
	nsu_assist_end(&assist);
	CHILD_CHECK(count_fds() == before);
}

static void start_what_is_none(void)
{
	install("end");
	check_not_started("/mnt/missing", ENOENT, "/mnt/missing");
	CHILD_CHECK(symlink(place, "/mnt/link") == 0);
	check_not_started("/mnt/link", ELOOP, "/mnt/link");
	check_not_started("/mnt", EPERM, "/mnt");
	CHILD_CHECK(chmod(place, 0644) == 0);
	check_not_started(place, EACCES, "not executable");
	CHILD_CHECK(chmod(place, 0775) == 0);
	check_not_started(place, EPERM, "not trusted");
	CHILD_CHECK(chmod(place, 0755) == 0 && chown(place, 1000, 0) == 0);
	check_not_started(place, EPERM, "not trusted");
	CHILD_CHECK(chown(place, 0, 0) == 0 && chmod("/mnt", 0777) == 0);
	check_not_started(place, EPERM, "not trusted");
	CHILD_CHECK(chmod("/mnt", 0755) == 0);
	write_file("/mnt/text", "x", 0755);
	check_not_started("/mnt/text", ENOEXEC, "execute");
}

static void start_refuses_what_is_missing_or_not_trusted_or_no_program(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(start_what_is_none), 0);
}

static void send_it_to_nobody(void)
{
	int ends[2];

	install("end");
	CHILD_CHECK_OK(nsu_channel_make(ends, &record), &record);
	CHILD_CHECK_OK(nsu_assist_send_plan(&plan, ends[0], -1, "the helper", &record), &record);
	close(ends[1]);
	CHILD_CHECK(nsu_assist_send_plan(&plan, ends[0], -1, "the helper", &record) ==
	            -ECONNRESET); /* it was not read */
	CHILD_CHECK(nsu_assist_send_plan(&plan, ends[0], -1, "the helper", &record) == -EPIPE);
	CHILD_CHECK(strcmp(record.text, "send the plan to the helper") == 0);
	CHILD_CHECK(nsu_assist_send_plan(&plan, STDIN_FILENO, -1, "the helper", &record) < 0);
}

static void send_plan_says_when_nobody_is_there(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(send_it_to_nobody), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assistant_gets_the_plan_and_a_descriptor_and_gives_one_back),
		cmocka_unit_test(await_says_what_is_wrong_with_an_assistant),
		cmocka_unit_test(end_kills_an_assistant_that_is_still_there),
		cmocka_unit_test(start_refuses_what_is_missing_or_not_trusted_or_no_program),
		cmocka_unit_test(send_plan_says_when_nobody_is_there),
	};

	if (argc == 1 && strcmp(argv[0], NAME) == 0)
		return be_an_assistant();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
