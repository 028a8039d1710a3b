/* SPDX-License-Identifier: BSD-3-Clause */
#include "channel.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor, aligned as the kernel wants it. */
union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int nsu_channel_make(int ret_ends[2], struct nsu_fail *fail)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return nsu_fail(fail, errno, "make the channel to the helper");
	ret_ends[0] = ends[0];
	ret_ends[1] = ends[1];
	return 0;
}

int nsu_channel_send(int channel_fd, const void *frame, size_t len, int send_fd)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)frame, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control = {0};

	if (send_fd >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &send_fd, sizeof(int));
	}
	for (;;) {
		if (sendmsg(channel_fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

static int received_fd(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}

int nsu_channel_receive(int channel_fd, void *frame, size_t cap, size_t *ret_len, int *ret_fd)
{
	struct iovec iov = {.iov_base = frame, .iov_len = cap};
	union control control = {0};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_LEN(sizeof(int)), /* CMSG_SPACE would let a second one in */
	};
	auto_close int fd = -1;
	bool was_reset = false; /* said once, by an end that left frames unread: what it sent itself comes after */
	ssize_t n;

	for (;;) {
		n = recvmsg(channel_fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ECONNRESET && !was_reset)
			was_reset = true;
		else
			break;
	}
	if (n < 0)
		return -errno;
	fd = received_fd(&msg);
	if ((msg.msg_flags & MSG_CTRUNC) && fd < 0) /* one came, and there is no number for it */
		return -EMFILE;
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EMSGSIZE;
	*ret_len = (size_t)n;
	if (ret_fd)
		*ret_fd = nsu_take_fd(&fd);
	return 0;
}
