/* SPDX-License-Identifier: BSD-3-Clause */
#include "called.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "wire.h"

bool nsu_called_by_module(const char *usage)
{
	struct stat st;

	if (fstat(NSU_HELPER_CHANNEL_FD, &st) == 0 && S_ISSOCK(st.st_mode))
		return true;
	(void)!write(STDERR_FILENO, usage, strlen(usage));
	return false;
}

int nsu_called_receive_plan(unsigned char frame[NSU_FRAME_MAX], struct nsu_plan *plan, int *ret_fd, const char *name,
                            struct nsu_fail *fail)
{
	auto_close int fd = -1;
	size_t len;
	int ret;

	*ret_fd = -1;
	ret = nsu_channel_receive(NSU_HELPER_CHANNEL_FD, frame, NSU_FRAME_MAX, &len, &fd);
	if (ret < 0)
		return nsu_fail(fail, -ret, "receive the plan");
	ret = nsu_wire_decode(frame, len, plan);
	if (ret < 0)
		return nsu_fail_because(fail, -ret,
		                        "the plan is not of this version: are the module and %s of one build?", name);
	ret = nsu_plan_check(plan, fail);
	if (ret == 0)
		*ret_fd = nsu_take_fd(&fd);
	return ret;
}
