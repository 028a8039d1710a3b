/* SPDX-License-Identifier: BSD-3-Clause */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "defaults.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define NATIVE_ARCH AUDIT_ARCH_S390X
#elif defined(__i386__)
#define NATIVE_ARCH AUDIT_ARCH_I386
#elif defined(__arm__)
#define NATIVE_ARCH AUDIT_ARCH_ARM
#else
#error "add this machine's AUDIT_ARCH_* here"
#endif

/* Raw calls: the C library's would talk to threads that there are not. */
static int become_root(struct nsu_fail *fail)
{
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "become root for good");
	if (syscall(SYS_setgroups, 0, NULL) < 0)
		return nsu_fail(fail, errno, "drop the supplementary groups");
	return 0;
}

/* Blocked for good, so that dispositions, of which execve(2) leaves only the ignored ones, do not matter. */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/*
 * As high as may be: a hostile `ulimit` must neither kill PID 1 later nor make the set-up fail half-way. Without
 * CAP_SYS_RESOURCE (some containers) they stay as they are; where one then bites, its step fails and says so.
 */
static int reset_limits(struct nsu_fail *fail)
{
	static const struct {
		int resource;
		rlim_t limit;
	} limits[] = {
		{RLIMIT_CPU, RLIM_INFINITY}, {RLIMIT_FSIZE, RLIM_INFINITY}, {RLIMIT_DATA, RLIM_INFINITY},
		{RLIMIT_AS, RLIM_INFINITY},  {RLIMIT_NOFILE, 1024},         {RLIMIT_CORE, 0},
	};

	for (size_t i = 0; i < NSU_COUNT(limits); i++) {
		struct rlimit limit = {limits[i].limit, limits[i].limit};

		if (setrlimit(limits[i].resource, &limit) < 0 && errno != EPERM)
			return nsu_fail(fail, errno, "reset the resource limits");
	}
	return 0;
}

/* The lowest chance with the OOM killer; without CAP_SYS_RESOURCE it stays as the opener's. */
static int reset_oom_score(struct nsu_fail *fail)
{
	auto_close int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || (write(fd, "-1000", 5) < 0 && errno != EACCES))
		return nsu_fail(fail, errno, "set /proc/self/oom_score_adj");
	return 0;
}

static int reset_descriptors(struct nsu_fail *fail)
{
	int fd;

	if (syscall(SYS_close_range, NSU_HELPER_CHANNEL_FD + 1, ~0U, 0) < 0)
		return nsu_fail(fail, errno, "close the opener's descriptors");
	if (fcntl(NSU_HELPER_CHANNEL_FD, F_SETFD, FD_CLOEXEC) < 0)
		return nsu_fail(fail, errno, "keep the channel");
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return nsu_fail(fail, errno, "open '/dev/null'");
	for (int i = 0; i <= 2; i++) {
		if (dup2(fd, i) < 0)
			return nsu_fail(fail, errno, "point the standard streams to '/dev/null'");
	}
	if (fd > 2)
		close(fd);
	return 0;
}

int nsu_confine_reset(struct nsu_fail *fail)
{
	struct sched_param param = {0};
	int ret;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	ret = become_root(fail);
	if (ret < 0)
		return ret;
	block_signals();
	ret = reset_descriptors(fail);
	if (ret < 0)
		return ret;
	ret = reset_limits(fail);
	if (ret < 0)
		return ret;
	ret = reset_oom_score(fail);
	if (ret < 0)
		return ret;
	if (setsid() < 0)
		return nsu_fail(fail, errno, "start a session (setsid)");
	if (chdir("/") < 0)
		return nsu_fail(fail, errno, "change to '/'");
	umask(022);
	/* Slow is no failure. The raw call: musl's sched_setscheduler(3) always says ENOSYS. */
	syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param);
	setpriority(PRIO_PROCESS, 0, 0);
	prctl(PR_SET_NAME, NSU_HELPER_NAME, 0, 0, 0); /* execveat(2) has made it a number */
	return 0;
}

static int drop_capabilities(struct nsu_fail *fail)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = 1U << CAP_KILL, .permitted = 1U << CAP_KILL},
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return nsu_fail(fail, errno, "drop the capabilities");
	return 0;
}

/* One instruction each; `return` is the n-th after the last comparison. */
#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int filter_calls(struct nsu_fail *fail)
{
	static const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(ppoll),
		ALLOW(wait4),
		ALLOW(rt_sigreturn),
		ALLOW(restart_syscall),
		ALLOW(kill),
		ALLOW(sendmsg),
		ALLOW(recvmsg),
		ALLOW(close),
		ALLOW(clock_gettime),
#ifdef SYS_ppoll_time64
		ALLOW(ppoll_time64),
		ALLOW(clock_gettime64),
#endif
		ALLOW(exit),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = {
		.len = NSU_COUNT(filter),
		.filter = (struct sock_filter *)(uintptr_t)filter,
	};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return nsu_fail(fail, errno, "filter the system calls of PID 1");
	return 0;
}

int nsu_confine_drop(struct nsu_fail *fail)
{
	int ret;

	ret = drop_capabilities(fail);
	if (ret < 0)
		return ret;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "set no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "become undumpable");
	return filter_calls(fail);
}
