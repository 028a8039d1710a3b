/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "channel.h"
#include "proc.h"
#include "registry.h"
#include "text.h"
#include "wire.h"

void nsu_attach_describe(const struct nsu_subject *subject, struct nsu_login *login)
{
	*login = (struct nsu_login){.uid = subject->uid, .opener = getpid(), .since = time(NULL)};
	nsu_text_printable(subject->user, login->user, sizeof(login->user));
	nsu_text_printable(subject->service, login->service, sizeof(login->service));
	nsu_text_printable(subject->tty, login->tty, sizeof(login->tty));
	nsu_text_printable(subject->rhost, login->rhost, sizeof(login->rhost));
}

int nsu_attach_connect(int dirfd, const char *key, int64_t deadline_ms, int *ret_fd)
{
	static const struct timespec step = {.tv_nsec = NSU_AGAIN_MS * 1000000L};

	for (;;) {
		int ret = nsu_registry_connect(dirfd, key, ret_fd);

		if (ret != -EAGAIN)
			return ret;
		if (nsu_proc_now_ms() >= deadline_ms)
			return -ETIMEDOUT;
		nanosleep(&step, NULL);
	}
}

/* PID 1 has ended between two of our calls: the same as if it had done so before the first. */
static bool has_ended(int ret)
{
	return ret == -EPIPE || ret == -ECONNRESET || ret == -ENOTCONN;
}

int nsu_attach_say(int channel_fd, const struct nsu_set_hello *hello, int send_fd)
{
	unsigned char frame[NSU_HELLO_MAX];
	size_t len = 0;
	int ret;

	ret = nsu_set_encode_hello(hello, frame, sizeof(frame), &len);
	if (ret == 0)
		ret = nsu_channel_send(channel_fd, frame, len, send_fd);
	return has_ended(ret) ? -ECONNRESET : ret;
}

int nsu_attach_say_login(int channel_fd, const struct nsu_login *login, struct nsu_fail *fail)
{
	struct nsu_set_hello hello = {.wish = NSU_SET_LOGIN, .login = *login};
	auto_close int self_pidfd = -1;
	int ret;

	ret = nsu_proc_open_self(&self_pidfd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_attach_say(channel_fd, &hello, self_pidfd);
	return ret < 0 && ret != -ECONNRESET ? nsu_fail(fail, -ret, "say hello to the set") : ret;
}

/* One frame of the answer, and the descriptor that came with it. */
struct heard {
	unsigned char frame[sizeof(struct nsu_wire_answer) + 64];
	size_t len;
};

/* Return: 0; -ECONNRESET; -ETIMEDOUT; negative errno. */
static int hear(int fd, int64_t deadline_ms, struct heard *heard, int *ret_fd, struct nsu_fail *fail)
{
	int ret = nsu_proc_await(fd, deadline_ms);

	if (ret == -ETIMEDOUT)
		return nsu_fail_because(fail, ETIMEDOUT,
		                        "the set gave no answer in time: its process 1 is frozen or stopped (nsunshare "
		                        "list, kill)");
	if (ret == 0)
		ret = nsu_channel_receive(fd, heard->frame, sizeof(heard->frame), &heard->len, ret_fd);
	if (has_ended(ret) || (ret == 0 && heard->len == 0))
		return -ECONNRESET;
	return ret < 0 ? nsu_fail(fail, -ret, "receive the answer of the set") : 0;
}

static int hear_answer(int fd, int64_t deadline_ms, struct nsu_attached *attached, struct nsu_fail *fail)
{
	struct nsu_wire_answer answer = {.fail = NSU_FAIL_INIT};
	struct heard heard = {.len = 0};
	int ret;

	ret = hear(fd, deadline_ms, &heard, &attached->init_pidfd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_wire_decode_answer(heard.frame, heard.len, &answer);
	if (ret < 0)
		return nsu_fail_because(fail, -ret, "the answer of the set is not of this version");
	if (answer.fail.err != 0) {
		*fail = answer.fail;
		return -answer.fail.err;
	}
	attached->root = answer.root;
	memcpy(attached->id, answer.id, sizeof(attached->id));
	memcpy(attached->note, answer.note, sizeof(attached->note));
	ret = hear(fd, deadline_ms, &heard, &attached->cgroup_dirfd, fail);
	if (ret < 0)
		return ret;
	if (heard.len != 1 || heard.frame[0] != NSU_WIRE_CGROUP || attached->init_pidfd < 0)
		return nsu_fail_because(fail, EPROTO, "the answer of the set is not a whole one");
	return 0;
}

int nsu_attach(int dirfd, const char *key, const struct nsu_login *login, int64_t deadline_ms,
               struct nsu_attached *attached, struct nsu_fail *fail)
{
	struct nsu_attached new = NSU_ATTACHED_INIT;
	int ret;

	ret = nsu_attach_connect(dirfd, key, deadline_ms, &new.channel_fd);
	if (ret == -ENOENT || ret == -ECONNREFUSED)
		return ret;
	if (ret < 0)
		return nsu_fail(fail, -ret, "connect to the set %s", key);
	ret = nsu_attach_say_login(new.channel_fd, login, fail);
	if (ret == 0)
		ret = hear_answer(new.channel_fd, deadline_ms, &new, fail);
	if (ret < 0) {
		nsu_attached_clear(&new);
		return ret;
	}
	*attached = new;
	return 0;
}

void nsu_attached_clear(struct nsu_attached *attached)
{
	nsu_close_fd(&attached->channel_fd);
	nsu_close_fd(&attached->init_pidfd);
	nsu_close_fd(&attached->cgroup_dirfd);
}
