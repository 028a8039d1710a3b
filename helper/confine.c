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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
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
	if (getgroups(0, NULL) != 0 && syscall(SYS_setgroups, 0, NULL) < 0)
		return nsu_fail(fail, errno, "drop the supplementary groups");
	return 0;
}

/* Blocked for good, so that dispositions, of which execve(2) leaves only the ignored ones, do not matter. */
static void block_signals(void)
{
	unsigned char all[_NSIG / 8]; /* a C library's own call would leave out two of its signals */

	memset(all, 0xff, sizeof(all));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, all, NULL, sizeof(all));
}

/* A soft limit below this (files, seconds, bytes) is nobody's whose process 1 is to work with it, but a hostile user's. */
#define LEAST_LIMIT 64

/* Soft limits that let the set-up finish, whatever a hostile `ulimit` has left. */
static const struct {
	int resource;
	rlim_t soft;
} own_limits[] = {
	{RLIMIT_CPU, RLIM_INFINITY}, {RLIMIT_FSIZE, RLIM_INFINITY},   {RLIMIT_DATA, RLIM_INFINITY},
	{RLIMIT_AS, RLIM_INFINITY},  {RLIMIT_NOFILE, NSU_HELPER_FDS}, {RLIMIT_CORE, 0},
};

static struct rlimit inherited_limits[NSU_COUNT(own_limits)];

/*
 * Without CAP_SYS_RESOURCE (some containers) they stay as they are; where one then bites, its step fails and says so.
 */
static int reset_limits(struct nsu_fail *fail)
{
	for (size_t i = 0; i < NSU_COUNT(own_limits); i++) {
		struct rlimit limit;

		if (getrlimit(own_limits[i].resource, &limit) < 0)
			return nsu_fail(fail, errno, "read the resource limits");
		inherited_limits[i] = limit;
		limit.rlim_cur = own_limits[i].soft;
		if (limit.rlim_max < limit.rlim_cur)
			limit.rlim_max = limit.rlim_cur;
		if (setrlimit(own_limits[i].resource, &limit) < 0 && errno != EPERM)
			return nsu_fail(fail, errno, "reset the resource limits");
	}
	return 0;
}

int nsu_confine_show_limits(bool is_shared, struct nsu_fail *fail)
{
	for (size_t i = 0; i < NSU_COUNT(own_limits); i++) {
		bool is_low = inherited_limits[i].rlim_cur < (is_shared ? own_limits[i].soft : LEAST_LIMIT);

		if (is_low && own_limits[i].soft > 0)
			continue;
		if (setrlimit(own_limits[i].resource, &inherited_limits[i]) < 0 && errno != EPERM)
			return nsu_fail(fail, errno, "give the resource limits back");
	}
	return 0;
}

int nsu_confine_check_limits(struct nsu_fail *fail)
{
	static const struct {
		int resource;
		rlim_t needed;
		const char *what;
	} limits[] = {{RLIMIT_NOFILE, NSU_HELPER_FDS, "ulimit -n"}, {RLIMIT_CPU, RLIM_INFINITY, "ulimit -t"}};

	for (size_t i = 0; i < NSU_COUNT(limits); i++) {
		struct rlimit limit;

		if (getrlimit(limits[i].resource, &limit) < 0)
			return nsu_fail(fail, errno, "read the resource limits");
		if (limit.rlim_cur < limits[i].needed)
			return nsu_fail_because(
				fail, EPERM,
				"the caller's limit of %llu (%s) would be that of all logins of this set, and "
				"lifting it needs CAP_SYS_RESOURCE",
				(unsigned long long)limit.rlim_cur, limits[i].what);
	}
	return 0;
}

/*
 * The lowest chance with the OOM killer; without CAP_SYS_RESOURCE at least not the highest, which a user may have handed
 * down. It is no failure not to have it.
 */
static void reset_oom_score(void)
{
	static const char *const scores[] = {"-1000", "0"};
	auto_close int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < NSU_COUNT(scores); i++) {
		if (write(fd, scores[i], strlen(scores[i])) > 0)
			return;
	}
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

/*
 * No terminal, and a process group of its own, so that nobody can signal it with either. The session (setsid) can stay
 * the caller's, and making one takes 30 microseconds where the scheduler groups by session.
 */
static int leave_terminal(struct nsu_fail *fail)
{
	auto_close int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if ((fd >= 0 && ioctl(fd, TIOCNOTTY) == 0) || (fd < 0 && errno == ENXIO)) {
		if (setpgid(0, 0) < 0)
			return nsu_fail(fail, errno, "start a process group");
	} else if (setsid() < 0) {
		return nsu_fail(fail, errno, "start a session (setsid)");
	}
	return 0;
}

int nsu_confine_reset(const char *name, struct nsu_fail *fail)
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
	reset_oom_score();
	ret = leave_terminal(fail);
	if (ret < 0)
		return ret;
	umask(022);
	/* Slow is no failure. The raw calls: musl's sched_setscheduler(3) always says ENOSYS. */
	if (syscall(SYS_sched_getscheduler, 0) != SCHED_OTHER)
		syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param);
	setpriority(PRIO_PROCESS, 0, 0);
	prctl(PR_SET_TIMERSLACK, NSU_TIMER_SLACK_NS, 0, 0, 0);
	prctl(PR_SET_NAME, name, 0, 0, 0); /* execveat(2) has made it a number */
	return 0;
}

/* What PID 1 does from here on: its system calls, and the capabilities that they need. */
static const unsigned calls_to_wait[] = {
	SYS_read,
	SYS_write,
	SYS_ppoll,
	SYS_exit_group,
	SYS_accept4,
	SYS_recvmsg,
	SYS_sendmsg,
	SYS_getsockopt,
	SYS_close,
	SYS_unlinkat,
#ifdef SYS_ppoll_time64
	SYS_ppoll_time64,
#endif
#ifdef SYS_socketcall
	SYS_socketcall,
#endif
	SYS_clock_gettime,
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64,
#endif
};

static const unsigned calls_to_look[] = {SYS_kill};

static const unsigned calls_to_kill[] = {
	SYS_kill,
};

static const unsigned calls_to_remove[] = {
	SYS_openat2,
	SYS_getdents64,
	SYS_renameat2,
	SYS_flock,
};

static const unsigned calls_to_detach[] = {SYS_umount2};

#define CAPABILITY(number) (1U << (number))

static const struct duty {
	unsigned keep; /* 0: always */
	unsigned capabilities;
	size_t n_calls;
	const unsigned *calls;
} duties[] = {
	{0, 0, NSU_COUNT(calls_to_wait), calls_to_wait},
	{NSU_CONFINE_LOOK, 0, NSU_COUNT(calls_to_look), calls_to_look},
	{NSU_CONFINE_KILL, CAPABILITY(CAP_KILL), NSU_COUNT(calls_to_kill), calls_to_kill},
	{NSU_CONFINE_REMOVE, CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_FOWNER), NSU_COUNT(calls_to_remove),
         calls_to_remove},
	{NSU_CONFINE_DETACH, CAPABILITY(CAP_SYS_ADMIN), NSU_COUNT(calls_to_detach), calls_to_detach},
};

#define CALLS_MAX                                                                                                      \
	(NSU_COUNT(calls_to_wait) + NSU_COUNT(calls_to_look) + NSU_COUNT(calls_to_kill) + NSU_COUNT(calls_to_remove) + \
	 NSU_COUNT(calls_to_detach))

int nsu_confine_keep(uint64_t capabilities, struct nsu_fail *fail)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = (uint32_t)capabilities, .permitted = (uint32_t)capabilities},
		{.effective = (uint32_t)(capabilities >> 32), .permitted = (uint32_t)(capabilities >> 32)},
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return nsu_fail(fail, errno, "drop the capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "set no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "become undumpable");
	return 0;
}

static int drop_to_duties(unsigned keeps, struct nsu_fail *fail)
{
	uint64_t capabilities = 0;

	for (size_t i = 0; i < NSU_COUNT(duties); i++) {
		if (duties[i].keep & keeps)
			capabilities |= duties[i].capabilities;
	}
	return nsu_confine_keep(capabilities, fail);
}

/*
 * The kernel runs a new filter for each number there is, to keep the answers (seccomp_is_const_allow()), unless it begins
 * with an instruction that could depend on more: that spares 10 of 32 microseconds, for some nanoseconds of each of the few
 * calls that PID 1 makes.
 */
static unsigned make_filter(const unsigned *calls, unsigned n, struct sock_filter *filter)
{
	const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_IMM, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_filter *each = filter + NSU_COUNT(head);

	memcpy(filter, head, sizeof(head));
	for (unsigned i = 0; i < n; i++)
		each[i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], (unsigned char)(n - i), 0);
	each[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	each[n + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (unsigned)NSU_COUNT(head) + n + 2;
}

static int filter_calls(unsigned keeps, struct nsu_fail *fail)
{
	unsigned calls[CALLS_MAX], n = 0;
	struct sock_filter filter[CALLS_MAX + 8];
	struct sock_fprog program = {.filter = filter};

	for (size_t i = 0; i < NSU_COUNT(duties); i++) {
		if (duties[i].keep && !(duties[i].keep & keeps))
			continue;
		memcpy(calls + n, duties[i].calls, duties[i].n_calls * sizeof(*calls));
		n += (unsigned)duties[i].n_calls;
	}
	program.len = (unsigned short)make_filter(calls, n, filter);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return nsu_fail(fail, errno, "filter the system calls of PID 1");
	return 0;
}

int nsu_confine_drop(unsigned keeps, struct nsu_fail *fail)
{
	int ret = drop_to_duties(keeps, fail);

	return ret < 0 ? ret : filter_calls(keeps, fail);
}
