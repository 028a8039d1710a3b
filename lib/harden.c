/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. After the commit nothing may be looked up, loaded or allocated: the filter is a constant of the program.
 * 2. In a new user namespace the bounding set is full again, and so are the caller's capabilities: all of this MUST come after
 *    the join.
 * 3. A capability that is not in the bounding set may still be handed on as inheritable or ambient, or by a file that has
 *    it inheritable: it MUST go from there too. It can't be made inheritable again then, by pam_cap for one.
 * 4. The filter MUST come last: it needs CAP_SYS_ADMIN of the caller, and nothing that it denies is called afterwards. The
 *    way back from a session, setns(2) with the kind named, is not denied.
 */
#include "harden.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "denials.h"

#define CAPABILITIES_MAX 64

static int get_capabilities(struct __user_cap_header_struct *header, struct __user_cap_data_struct *data,
                            struct nsu_fail *fail)
{
	*header = (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
	if (syscall(SYS_capget, header, data) < 0)
		return nsu_fail(fail, errno, "read the caller's capabilities");
	return 0;
}

/* Is it in the bounding set? @ret_is_in is false for one that the kernel does not know. */
static int look_at_bounding_set(int capability, bool *ret_is_in, struct nsu_fail *fail)
{
	int ret = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

	if (ret < 0 && errno != EINVAL)
		return nsu_fail(fail, errno, "read the bounding set of capabilities");
	*ret_is_in = ret == 1;
	return 0;
}

static int check_bounding_set(struct nsu_fail *fail)
{
	bool is_in = false;
	int ret = look_at_bounding_set(CAP_SYS_ADMIN, &is_in, fail);

	if (ret == 0 && !is_in)
		return nsu_fail_because(
			fail, EPERM,
			"the caller's bounding set has no CAP_SYS_ADMIN, without which no session can be "
			"made (an earlier one of the same process may have taken it: key 'capabilities')");
	return ret;
}

static int check_filters(unsigned denials, struct nsu_fail *fail)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	if (denials > NSU_PLAN_DENY_ALL || !nsu_denials_filters[denials].instructions)
		return nsu_fail_because(fail, ENOSYS,
		                        "this build can deny no system calls (key 'deny_calls'): it was made without "
		                        "libseccomp, or for an architecture that it does not know");
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		return 0;
	if (errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP)
		return nsu_fail_because(fail, ENOSYS,
		                        "this kernel can deny no system calls (key 'deny_calls'): it needs "
		                        "CONFIG_SECCOMP_FILTER");
	return nsu_fail(fail, errno, "ask whether this kernel can deny system calls");
}

int nsu_harden_prepare(const struct nsu_plan_harden *what, struct nsu_harden *ret_harden, struct nsu_fail *fail)
{
	struct nsu_harden harden = {.what = *what};
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int ret;

	ret = check_bounding_set(fail);
	if (ret < 0)
		return ret;
	if (what->drop) {
		ret = get_capabilities(&header, data, fail);
		if (ret < 0)
			return ret;
		if (!(data[0].effective & (1U << CAP_SETPCAP)))
			return nsu_fail_because(fail, EPERM,
			                        "the caller has no CAP_SETPCAP, which taking capabilities away needs");
	}
	if (what->denials) {
		ret = check_filters(what->denials, fail);
		if (ret < 0)
			return ret;
		harden.filter = nsu_denials_filters[what->denials].instructions;
		harden.n_filter = nsu_denials_filters[what->denials].n;
	}
	*ret_harden = harden;
	return 0;
}

/* Out of the bounding set, so that no execve(2) gives them, and out of what one hands on. */
static int drop_capabilities(uint64_t drop, struct nsu_fail *fail)
{
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int ret;

	for (int i = 0; i < CAPABILITIES_MAX; i++) {
		bool is_in = false;

		if (!(drop & (1ULL << i)))
			continue;
		ret = look_at_bounding_set(i, &is_in, fail);
		if (ret < 0)
			return ret;
		if (is_in && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
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

/* Linux before 5.16 makes all programs with a filter slower, against Spectre 4, unless asked not to. */
static int deny_calls(const struct nsu_harden *harden, struct nsu_fail *fail)
{
	struct sock_fprog program = {.len = harden->n_filter};

	program.filter = (struct sock_filter *)(uintptr_t)harden->filter; /* read only */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) < 0)
		return nsu_fail(fail, errno, "deny system calls");
	return 0;
}

int nsu_harden_apply(const struct nsu_harden *harden, struct nsu_fail *fail)
{
	int ret = 0;

	if (harden->what.drop)
		ret = drop_capabilities(harden->what.drop, fail);
	if (ret < 0)
		return ret;
	if (harden->what.no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "set no_new_privs");
	return harden->filter ? deny_calls(harden, fail) : 0;
}
