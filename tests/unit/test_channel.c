/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include <sys/socket.h>

#include "channel.h"

static int ends[2];

static int make_channel(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	return nsu_channel_make(ends, &fail);
}

static int close_channel(void **state)
{
	(void)state;
	nsu_close_fd(&ends[0]);
	nsu_close_fd(&ends[1]);
	return 0;
}

static void channel_ends_do_not_outlive_an_exec(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(fcntl(ends[i], F_GETFD), FD_CLOEXEC);
}

static void channel_carries_a_frame_and_its_descriptor(void **state)
{
	struct stat sent, got;
	char frame[16] = "";
	size_t len = 0;
	int fd = -1;

	(void)state;
	assert_int_equal(nsu_channel_send(ends[0], "hello", 5, STDIN_FILENO), 0);
	assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, &fd), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(frame, "hello", 5);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(STDIN_FILENO, &sent), 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(sent.st_ino, got.st_ino);
	close(fd);
}

static void channel_keeps_frames_apart(void **state)
{
	char frame[16];
	size_t len;
	int fd = 7;

	(void)state;
	assert_int_equal(nsu_channel_send(ends[0], "ab", 2, -1), 0);
	assert_int_equal(nsu_channel_send(ends[0], "c", 1, -1), 0);
	assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, &fd), 0);
	assert_int_equal(len, 2);
	assert_int_equal(fd, -1);
	assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, &fd), 0);
	assert_int_equal(len, 1);
}

static void receive_closes_a_descriptor_that_nobody_wants(void **state)
{
	int before = count_fds();
	char frame[16];
	size_t len;

	(void)state;
	assert_int_equal(nsu_channel_send(ends[0], "x", 1, STDIN_FILENO), 0);
	assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, NULL), 0);
	assert_int_equal(count_fds(), before);
}

static void receive_refuses_a_frame_that_is_too_long_and_closes_its_descriptor(void **state)
{
	int before = count_fds();
	char frame[4];
	size_t len = 99;
	int fd = 77;

	(void)state;
	assert_int_equal(nsu_channel_send(ends[0], "hello", 5, STDIN_FILENO), 0);
	assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, &fd), -EMSGSIZE);
	assert_int_equal(len, 99);
	assert_int_equal(fd, 77);
	assert_int_equal(count_fds(), before);
}

static void send_descriptors(int n)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {(char[]){"x"}, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes};
	struct cmsghdr *cmsg;
	int fds[8] = {0};

	msg.msg_controllen = CMSG_SPACE((unsigned)n * sizeof(int));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN((unsigned)n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, (unsigned)n * sizeof(int));
	assert_int_equal(sendmsg(ends[0], &msg, 0), 1);
}

static void receive_refuses_more_than_one_descriptor_and_keeps_none(void **state)
{
	int before = count_fds();
	char frame[16];
	size_t len;
	int fd = 77;

	(void)state;
	for (int n = 2; n <= 8; n++) {
		send_descriptors(n);
		assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, &fd), -EMSGSIZE);
		assert_int_equal(fd, 77);
		assert_int_equal(count_fds(), before);
	}
}

static void receive_says_again_when_nothing_is_there(void **state)
{
	char frame[16];
	size_t len = 99;

	(void)state;
	assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, NULL), -EAGAIN);
	assert_int_equal(len, 99);
}

static void receive_gives_length_zero_when_the_other_end_is_closed(void **state)
{
	char frame[16];
	size_t len = 99;

	(void)state;
	nsu_close_fd(&ends[0]);
	assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, NULL), 0);
	assert_int_equal(len, 0);
}

/* A helper that fails before it has read the plan says so and ends; the reason must not be lost. */
static void receive_gives_the_last_frame_of_an_end_that_left_others_unread(void **state)
{
	char frame[16] = "";
	size_t len = 99;

	(void)state;
	assert_int_equal(nsu_channel_send(ends[1], "plan", 4, -1), 0);
	assert_int_equal(nsu_channel_send(ends[0], "reason", 6, -1), 0);
	nsu_close_fd(&ends[0]);
	assert_int_equal(nsu_channel_receive(ends[1], frame, sizeof(frame), &len, NULL), 0);
	assert_int_equal(len, 6);
}

static void send_says_broken_pipe_without_a_signal_when_the_other_end_is_closed(void **state)
{
	(void)state;
	nsu_close_fd(&ends[1]);
	assert_int_equal(nsu_channel_send(ends[0], "x", 1, -1), -EPIPE);
}

static void send_says_again_instead_of_blocking_when_there_is_no_room(void **state)
{
	static const char frame[NSU_FRAME_MAX];
	int ret = 0;

	(void)state;
	for (int i = 0; i < 10000 && ret == 0; i++)
		ret = nsu_channel_send(ends[0], frame, sizeof(frame), -1);
	assert_int_equal(ret, -EAGAIN);
}

static void channel_takes_a_frame_of_the_largest_size(void **state)
{
	static const char frame[NSU_FRAME_MAX];
	static char got[NSU_FRAME_MAX];
	size_t len;

	(void)state;
	assert_int_equal(nsu_channel_send(ends[0], frame, sizeof(frame), -1), 0);
	assert_int_equal(nsu_channel_receive(ends[1], got, sizeof(got), &len, NULL), 0);
	assert_int_equal(len, sizeof(frame));
}

static void send_and_receive_pass_on_the_errno_of_a_bad_descriptor(void **state)
{
	char frame[1];
	size_t len;

	(void)state;
	assert_int_equal(nsu_channel_send(-1, "x", 1, -1), -EBADF);
	assert_int_equal(nsu_channel_receive(-1, frame, 1, &len, NULL), -EBADF);
}

#define WITH_CHANNEL(test) cmocka_unit_test_setup_teardown(test, make_channel, close_channel)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CHANNEL(channel_ends_do_not_outlive_an_exec),
		WITH_CHANNEL(channel_carries_a_frame_and_its_descriptor),
		WITH_CHANNEL(channel_keeps_frames_apart),
		WITH_CHANNEL(receive_closes_a_descriptor_that_nobody_wants),
		WITH_CHANNEL(receive_refuses_a_frame_that_is_too_long_and_closes_its_descriptor),
		WITH_CHANNEL(receive_refuses_more_than_one_descriptor_and_keeps_none),
		WITH_CHANNEL(receive_says_again_when_nothing_is_there),
		WITH_CHANNEL(receive_gives_length_zero_when_the_other_end_is_closed),
		WITH_CHANNEL(receive_gives_the_last_frame_of_an_end_that_left_others_unread),
		WITH_CHANNEL(send_says_broken_pipe_without_a_signal_when_the_other_end_is_closed),
		WITH_CHANNEL(send_says_again_instead_of_blocking_when_there_is_no_room),
		WITH_CHANNEL(channel_takes_a_frame_of_the_largest_size),
		WITH_CHANNEL(send_and_receive_pass_on_the_errno_of_a_bad_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
