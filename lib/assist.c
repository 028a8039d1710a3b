/* SPDX-License-Identifier: BSD-3-Clause */
#include "assist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "fsat.h"
#include "ns.h"
#include "proc.h"

int nsu_assist_send_plan(const struct nsu_plan *plan, int channel_fd, int send_fd, const char *name,
                         struct nsu_fail *fail)
{
	size_t len, size = nsu_wire_size(plan); /* a twentieth of the largest, and su's user may have set `ulimit -d` */
	auto_free void *frame = malloc(size);
	int ret;

	if (!frame)
		return nsu_fail(fail, ENOMEM, "encode the plan");
	ret = nsu_wire_encode(plan, frame, size, &len);
	if (ret == 0 && len > NSU_FRAME_MAX)
		ret = -E2BIG;
	if (ret < 0)
		return nsu_fail(fail, -ret, "encode the plan");
	ret = nsu_channel_send(channel_fd, frame, len, send_fd);
	if (ret < 0)
		return nsu_fail(fail, -ret, "send the plan to %s", name);
	return 0;
}

int nsu_assist_start(const char *file, const char *name, const struct nsu_plan *plan, int send_fd,
                     struct nsu_assist *assist, struct nsu_fail *fail)
{
	auto_close int exec_fd = -1;
	auto_close int its_end = -1;
	struct nsu_ns_program program = {.name = name};
	struct nsu_ns_child child;
	int ends[2];
	int ret;

	ret = nsu_fsat_open_trusted(file, NSU_FSAT_EXEC, &exec_fd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_channel_make(ends, fail);
	if (ret < 0)
		return ret;
	assist->name = name;
	assist->channel_fd = ends[0];
	its_end = ends[1];
	ret = nsu_assist_send_plan(plan, assist->channel_fd, send_fd, name, fail);
	if (ret < 0)
		return ret;
	program.exec_fd = exec_fd;
	program.channel_fd = its_end;
	ret = nsu_ns_start(&program, &child, fail);
	if (ret == 0)
		assist->pidfd = child.pidfd;
	return ret;
}

int nsu_assist_receive(const struct nsu_assist *from, const struct nsu_plan *plan, int64_t deadline_ms,
                       struct nsu_assist_reply *reply, struct nsu_fail *fail)
{
	struct nsu_wire_answer *answer = &reply->answer;
	unsigned char frame[sizeof(*answer) + 64];
	const char *name = from->name;
	auto_close int fd = -1;
	size_t len = 0;
	int ret;

	ret = nsu_proc_await(from->channel_fd, deadline_ms);
	if (ret == -ETIMEDOUT)
		return nsu_fail_because(fail, ETIMEDOUT, "%s was not ready within %u ms (key 'timeout')", name,
		                        plan->timeout_ms);
	if (ret < 0)
		return nsu_fail(fail, -ret, "wait for %s", name);
	ret = nsu_channel_receive(from->channel_fd, frame, sizeof(frame), &len, &fd);
	if (ret < 0)
		return nsu_fail(fail, -ret, "receive the answer of %s", name);
	if (len == 0)
		return nsu_fail_because(fail, ECHILD, "%s ended before it was ready", name);
	reply->order = len == 1 ? frame[0] : 0;
	if (len == 1)
		return 0;
	ret = nsu_wire_decode_answer(frame, len, answer);
	if (ret < 0)
		return nsu_fail_because(fail, -ret,
		                        "the answer of %s is not of this version: are it and the module of one build?",
		                        name);
	if (answer->fail.err != 0) {
		*fail = answer->fail;
		return -answer->fail.err;
	}
	reply->fd = nsu_take_fd(&fd);
	return 0;
}

int nsu_assist_await(struct nsu_assist *assist, const struct nsu_plan *plan, int64_t deadline_ms, int *ret_fd,
                     struct nsu_fail *fail)
{
	struct nsu_assist_reply reply = NSU_ASSIST_REPLY_INIT;
	int ret = nsu_assist_receive(assist, plan, deadline_ms, &reply, fail);

	if (ret < 0)
		return ret;
	if (reply.order != 0) {
		nsu_close_fd(&reply.fd);
		return nsu_fail_because(fail, EPROTO, "%s has answered something unknown", assist->name);
	}
	memcpy(assist->note, reply.answer.note, sizeof(assist->note));
	if (ret_fd)
		*ret_fd = nsu_take_fd(&reply.fd);
	nsu_close_fd(&reply.fd);
	return 0;
}

void nsu_assist_end(struct nsu_assist *assist)
{
	if (assist->pidfd >= 0)
		nsu_proc_kill(assist->pidfd);
	nsu_close_fd(&assist->pidfd);
	nsu_close_fd(&assist->channel_fd);
}
