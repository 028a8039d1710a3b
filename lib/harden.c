/* SPDX-License-Identifier: BSD-3-Clause */
#include "harden.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CAPABILITIES_MAX 64

static int get_capabilities(struct __user_cap_header_struct *header, struct __user_cap_data_struct *data,
                            struct nsu_fail *fail)
{
	*header = (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
	if (syscall(SYS_capget, header, data) < 0)
		return nsu_fail(fail, errno, "read the caller's capabilities");
	return 0;
}

int nsu_harden_prepare(const struct nsu_plan_harden *what, struct nsu_harden *harden, struct nsu_fail *fail)
{
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int ret;

	harden->what = *what;
	if (what->drop) {
		ret = get_capabilities(&header, data, fail);
		if (ret < 0)
			return ret;
		if (!(data[0].effective & (1U << CAP_SETPCAP)))
			return nsu_fail_because(fail, EPERM,
			                        "the caller has no CAP_SETPCAP, which taking capabilities away needs");
	}
	if (what->denials)
		return nsu_fail_because(fail, ENOSYS, "denials of system calls are not built");
	return 0;
}

/* Out of the bounding set, so that no execve(2) gives them, and out of what one hands on. */
static int drop_capabilities(uint64_t drop, struct nsu_fail *fail)
{
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int ret;

	for (int i = 0; i < CAPABILITIES_MAX; i++) {
		if (!(drop & (1ULL << i)) || prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return nsu_fail(fail, errno, "take capability %d from the session", i);
	}
	ret = get_capabilities(&header, data, fail);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].inheritable &= ~(uint32_t)(drop >> (32 * i)); /* ambient ones go with them */
	if (syscall(SYS_capset, &header, data) < 0)
		return nsu_fail(fail, errno, "take the inheritable capabilities from the session");
	return 0;
}

int nsu_harden_apply(const struct nsu_harden *harden, struct nsu_fail *fail)
{
	if (harden->what.drop) {
		int ret = drop_capabilities(harden->what.drop, fail);

		if (ret < 0)
			return ret;
	}
	if (harden->what.no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "set no_new_privs");
	return 0;
}

void nsu_harden_clear(struct nsu_harden *harden)
{
	free(harden->filter);
	*harden = (struct nsu_harden)NSU_HARDEN_INIT;
}
