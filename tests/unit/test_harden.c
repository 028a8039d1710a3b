/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G27. */
/* What the opener gives up, in children that stand for it. */
#include "support.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "denials.h"
#include "harden.h"

#define RUBBISH_ABOVE 0x5A5A5A5A00000000L /* what the kernel does not look at in a flag or a request */
#define EVERYTHING    (~0ULL)

#ifdef __x86_64__
#define NUMBERS(native, i386, x32) native, i386, x32
#else
#define NUMBERS(native, i386, x32) native, 0, 0
#endif

/* Calls that do nothing: each fails, and by its error one sees whether the kernel or a filter has answered. */
static const struct {
	const char *name;
	long number, i386, x32; /* the last two: of x86 only */
	long args[3];
	unsigned denial; /* 0: it is nobody's */
	int err;         /* where it is denied */
} calls[] = {
	/* clang-format off */
	{"TIOCSTI",   NUMBERS(SYS_ioctl, 54, 514), {-1, TIOCSTI},   NSU_PLAN_DENY_TIOCSTI, EPERM},
	{"TIOCLINUX", NUMBERS(SYS_ioctl, 54, 514), {-1, TIOCLINUX}, NSU_PLAN_DENY_TIOCSTI, EPERM},
	{"TIOCSTI with rubbish", NUMBERS(SYS_ioctl, 0, 514), {-1, TIOCSTI | RUBBISH_ABOVE}, NSU_PLAN_DENY_TIOCSTI, EPERM},
	{"TCGETS",    NUMBERS(SYS_ioctl, 54, 514), {-1, TCGETS}, 0, 0},
	{"TIOCSTI + 1", NUMBERS(SYS_ioctl, 54, 514), {-1, TIOCSTI + 1}, 0, 0},
	{"TIOCSTI as a descriptor", NUMBERS(SYS_ioctl, 54, 514), {TIOCSTI, TIOCGWINSZ}, 0, 0},
	{"unshare user", NUMBERS(SYS_unshare, 310, 272), {CLONE_NEWUSER | 1}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"unshare user and more", NUMBERS(SYS_unshare, 310, 272), {CLONE_NEWUSER | CLONE_NEWNS | 1}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"unshare user with rubbish", NUMBERS(SYS_unshare, 0, 272), {CLONE_NEWUSER | 1 | RUBBISH_ABOVE}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"unshare of nothing", NUMBERS(SYS_unshare, 310, 272), {1}, 0, 0},
	{"unshare mount", NUMBERS(SYS_unshare, 310, 272), {CLONE_NEWNS | 1}, 0, 0},
#ifndef __s390x__
	{"clone user", NUMBERS(SYS_clone, 120, 56), {CLONE_NEWUSER | CLONE_FS}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"clone user with rubbish", NUMBERS(SYS_clone, 0, 56), {CLONE_NEWUSER | CLONE_FS | RUBBISH_ABOVE}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"clone mount", NUMBERS(SYS_clone, 120, 56), {CLONE_NEWNS | CLONE_FS}, 0, 0},
#endif
	{"clone3", NUMBERS(SYS_clone3, 435, 435), {0, 0}, NSU_PLAN_DENY_USER_NAMESPACES, ENOSYS},
	{"setns user", NUMBERS(SYS_setns, 346, 308), {-1, CLONE_NEWUSER}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"setns user and more", NUMBERS(SYS_setns, 346, 308), {-1, CLONE_NEWUSER | CLONE_NEWNET}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"setns any", NUMBERS(SYS_setns, 346, 308), {-1, 0}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"setns any with rubbish", NUMBERS(SYS_setns, 0, 308), {-1, RUBBISH_ABOVE}, NSU_PLAN_DENY_USER_NAMESPACES, EPERM},
	{"setns mount", NUMBERS(SYS_setns, 346, 308), {-1, CLONE_NEWNS}, 0, 0},
	{"kexec_load", NUMBERS(SYS_kexec_load, 283, 528), {0, 99}, NSU_PLAN_DENY_KEXEC, EPERM},
#ifdef SYS_kexec_file_load
	{"kexec_file_load", NUMBERS(SYS_kexec_file_load, 0, 320), {-1, -1}, NSU_PLAN_DENY_KEXEC, EPERM},
#endif
	{"init_module", NUMBERS(SYS_init_module, 128, 175), {0, 0}, NSU_PLAN_DENY_MODULES, EPERM},
	{"finit_module", NUMBERS(SYS_finit_module, 350, 313), {-1, 0}, NSU_PLAN_DENY_MODULES, EPERM},
	{"delete_module", NUMBERS(SYS_delete_module, 129, 176), {0, 0}, NSU_PLAN_DENY_MODULES, EPERM},
	{"keyctl", NUMBERS(SYS_keyctl, 288, 250), {-1}, NSU_PLAN_DENY_KEYCTL, EPERM},
	{"add_key", NUMBERS(SYS_add_key, 286, 248), {0, 0}, NSU_PLAN_DENY_KEYCTL, EPERM},
	{"request_key", NUMBERS(SYS_request_key, 287, 249), {0, 0}, NSU_PLAN_DENY_KEYCTL, EPERM},
	{"fsopen", NUMBERS(SYS_fsopen, 430, 430), {0, 0}, 0, 0},
	{"reboot", NUMBERS(SYS_reboot, 88, 169), {0, 0}, 0, 0},
	{"close", NUMBERS(SYS_close, 6, 3), {-1}, 0, 0},
	/* clang-format on */
};

enum way {
	NATIVE,
	I386,
	X32,
	WAYS
};

#ifdef __x86_64__
/* The gate of 32-bit programs, open to all; it takes the lower halves. Return: negative errno. */
static long call_i386(long number, const long args[3])
{
	long ret;

	__asm__ volatile("int $0x80"
	                 : "=a"(ret)
	                 : "a"(number), "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(0L), "D"(0L)
	                 : "memory", "r8", "r9", "r10", "r11");
	return ret;
}
#endif

/* Return: the call's errno; 0 if it has none; -1 if this call or machine does not know the way. */
static int call_by(size_t index, enum way way)
{
	long ret;

	errno = 0;
#ifdef __x86_64__
	if (way == I386)
		return calls[index].i386 ? (int)-call_i386(calls[index].i386, calls[index].args) : -1;
	if (way == X32) {
		ret = syscall(calls[index].x32 | 0x40000000L, calls[index].args[0], calls[index].args[1],
		              calls[index].args[2], 0L, 0L);
		return ret < 0 ? errno : 0;
	}
#endif
	if (way != NATIVE)
		return -1;
	ret = syscall(calls[index].number, calls[index].args[0], calls[index].args[1], calls[index].args[2], 0L, 0L);
	return ret < 0 ? errno : 0;
}

static struct nsu_plan_harden what; /* of the child that is forked next */

static void apply(void)
{
	struct nsu_harden harden = NSU_HARDEN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	CHILD_CHECK_OK(nsu_harden_prepare(&what, &harden, &fail), &fail);
	CHILD_CHECK_OK(nsu_harden_apply(&harden, &fail), &fail);
}

static void make_calls(void)
{
	int before[NSU_COUNT(calls)][WAYS];

	for (size_t i = 0; i < NSU_COUNT(calls); i++)
		for (int way = NATIVE; way < WAYS; way++)
			before[i][way] = call_by(i, (enum way)way);
	apply();
	for (size_t i = 0; i < NSU_COUNT(calls); i++) {
		for (int way = NATIVE; way < WAYS; way++) {
			int err = call_by(i, (enum way)way);
			int wanted = calls[i].denial & what.denials && err >= 0 ? calls[i].err : before[i][way];

			if (err != wanted) {
				dprintf(child_report_fd, "# denials %u: %s, way %d: %s instead of %s\n", what.denials,
				        calls[i].name, way, strerrorname_np(err), strerrorname_np(wanted));
				_exit(1);
			}
		}
	}
}

/* Some calls give the filter's error without it: those say nothing, and so must be few. */
static void the_calls_tell_a_filter_from_the_kernel(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSU_COUNT(calls); i++) {
		if (calls[i].denial && geteuid() == 0)
			assert_int_not_equal(call_by(i, NATIVE), calls[i].err);
	}
}

static void each_set_of_denials_denies_its_calls_and_no_other(void **state)
{
	(void)state;
	SKIP_UNLESS(nsu_denials_filters[1].instructions, "built without libseccomp, or for an unknown architecture");
	for (unsigned denials = 0; denials <= NSU_PLAN_DENY_ALL; denials++) {
		what = (struct nsu_plan_harden){.denials = denials, .no_new_privs = geteuid() != 0};
		assert_int_equal(in_child(make_calls), 0);
	}
}

static void *idle(void *unused)
{
	return unused;
}

/* Those that the C library makes with clone3(2) where there is one. */
static void start_things(void)
{
	static char name[] = "true";
	char *const arguments[] = {name, NULL};
	pthread_t thread;
	int status = -1;
	pid_t pid;

	apply();
	CHILD_CHECK(pthread_create(&thread, NULL, idle, NULL) == 0 && pthread_join(thread, NULL) == 0);
	CHILD_CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, NULL) == 0);
	CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHILD_CHECK(system("/bin/true") == 0);
}

static void processes_and_threads_start_with_all_denials(void **state)
{
	(void)state;
	SKIP_UNLESS(nsu_denials_filters[1].instructions, "built without libseccomp, or for an unknown architecture");
	what = (struct nsu_plan_harden){.denials = NSU_PLAN_DENY_ALL, .no_new_privs = geteuid() != 0};
	assert_int_equal(in_child(start_things), 0);
}

static void make_no_user_namespace(void)
{
	apply();
	CHILD_CHECK(unshare(CLONE_NEWUSER) < 0 && errno == EPERM);
	CHILD_CHECK(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) < 0 && errno == EPERM);
}

static void make_a_user_namespace(void)
{
	CHILD_CHECK(unshare(CLONE_NEWUSER) == 0);
}

static void user_namespaces_are_not_made(void **state)
{
	(void)state;
	SKIP_UNLESS(nsu_denials_filters[1].instructions, "built without libseccomp, or for an unknown architecture");
	SKIP_UNLESS(in_child(make_a_user_namespace) == 0, "no user namespaces here");
	what = (struct nsu_plan_harden){.denials = NSU_PLAN_DENY_USER_NAMESPACES, .no_new_privs = geteuid() != 0};
	assert_int_equal(in_child(make_no_user_namespace), 0);
}

/* What the opener does at close, and at the next open. */
static void go_and_come_back(void)
{
	static const struct {
		const char *path;
		int kind;
	} kinds[] = {
		{"/proc/self/ns/mnt", CLONE_NEWNS},    {"/proc/self/ns/uts", CLONE_NEWUTS},
		{"/proc/self/ns/ipc", CLONE_NEWIPC},   {"/proc/self/ns/net", CLONE_NEWNET},
		{"/proc/self/ns/pid", CLONE_NEWPID},   {"/proc/self/ns/cgroup", CLONE_NEWCGROUP},
		{"/proc/self/ns/time", CLONE_NEWTIME},
	};
	int fds[NSU_COUNT(kinds)];

	for (size_t i = 0; i < NSU_COUNT(kinds); i++)
		fds[i] = open(kinds[i].path, O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP) == 0);
	apply();
	for (size_t i = 0; i < NSU_COUNT(kinds); i++)
		CHILD_CHECK(setns(fds[i], kinds[i].kind) == 0);
	CHILD_CHECK(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0);
}

static void the_way_back_is_open_with_all_that_can_be_given_up(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	what = (struct nsu_plan_harden){.denials = NSU_PLAN_DENY_ALL, .drop = EVERYTHING, .no_new_privs = true};
	if (!nsu_denials_filters[1].instructions)
		what.denials = 0;
	assert_int_equal(in_child(go_and_come_back), 0);
}

static void apply_in_a_user_namespace(void)
{
	CHILD_CHECK(unshare(CLONE_NEWUSER) == 0);
	apply();
	CHILD_CHECK(prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2);
}

static void a_user_namespace_of_the_session_is_hardened_too(void **state)
{
	(void)state;
	SKIP_UNLESS(nsu_denials_filters[1].instructions, "built without libseccomp, or for an unknown architecture");
	SKIP_UNLESS(in_child(make_a_user_namespace) == 0, "no user namespaces here");
	what = (struct nsu_plan_harden){.denials = NSU_PLAN_DENY_ALL, .drop = EVERYTHING};
	assert_int_equal(in_child(apply_in_a_user_namespace), 0);
}

/* One set of this process as its status names it: "CapBnd". */
static uint64_t capabilities(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long set = 0;
	char line[256];
	bool is_found = false;

	CHILD_CHECK(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			is_found = sscanf(line + strlen(name), ": %llx", &set) == 1;
	fclose(file);
	CHILD_CHECK(is_found);
	return set;
}

static void set_capabilities(uint64_t effective, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	CHILD_CHECK(syscall(SYS_capget, &header, data) == 0);
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective &= (uint32_t)(effective >> (32 * i));
		data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
	}
	CHILD_CHECK(syscall(SYS_capset, &header, data) == 0);
}

#define BIT(capability) (1ULL << (capability))

static void drop_two(void)
{
	uint64_t permitted = capabilities("CapPrm"), bounding = capabilities("CapBnd");

	set_capabilities(EVERYTHING, BIT(CAP_NET_RAW) | BIT(CAP_KILL));
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == 0);
	apply();
	CHILD_CHECK(capabilities("CapBnd") == (bounding & ~what.drop));
	CHILD_CHECK(capabilities("CapInh") == BIT(CAP_KILL));
	CHILD_CHECK(capabilities("CapAmb") == BIT(CAP_KILL));
	CHILD_CHECK(capabilities("CapPrm") == permitted); /* sshd goes on: it has a uid to change */
	CHILD_CHECK(capabilities("CapEff") == permitted);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0);
	apply(); /* and once more */
}

static void what_is_dropped_is_not_handed_on_and_the_caller_keeps_it(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	what = (struct nsu_plan_harden){.drop = BIT(CAP_NET_RAW) | BIT(CAP_CHECKPOINT_RESTORE)};
	assert_int_equal(in_child(drop_two), 0);
}

/* As pam_cap would after us. */
static void make_inheritable_again(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	apply();
	CHILD_CHECK(syscall(SYS_capget, &header, data) == 0);
	data[0].inheritable |= 1U << CAP_NET_RAW;
	CHILD_CHECK(syscall(SYS_capset, &header, data) < 0 && errno == EPERM);
}

static void what_is_dropped_can_not_be_made_inheritable(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	what = (struct nsu_plan_harden){.drop = EVERYTHING};
	assert_int_equal(in_child(make_inheritable_again), 0);
}

static void drop_all(void)
{
	apply();
	CHILD_CHECK(capabilities("CapBnd") == 0);
	CHILD_CHECK(execl("/bin/sh", "sh", "-c", "grep -Eq '^CapEff:.0+$' /proc/self/status", NULL) == 0);
}

static void root_is_given_nothing_by_execve_without_a_bounding_set(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	what = (struct nsu_plan_harden){.drop = EVERYTHING};
	assert_int_equal(in_child(drop_all), 0);
}

static void prepare_again(void)
{
	struct nsu_harden harden = NSU_HARDEN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	apply();
	CHILD_CHECK(nsu_harden_prepare(&(struct nsu_plan_harden){.drop = 0}, &harden, &fail) == -EPERM);
	CHILD_CHECK(strstr(fail.text, "capabilities"));
}

static void a_later_session_of_the_process_is_refused_where_it_could_not_be_made(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	what = (struct nsu_plan_harden){.drop = BIT(CAP_SYS_ADMIN)};
	assert_int_equal(in_child(prepare_again), 0);
}

static void prepare_without_setpcap(void)
{
	struct nsu_harden harden = NSU_HARDEN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	set_capabilities(EVERYTHING & ~BIT(CAP_SETPCAP), 0);
	CHILD_CHECK(nsu_harden_prepare(&what, &harden, &fail) == -EPERM);
	CHILD_CHECK(strstr(fail.text, "CAP_SETPCAP"));
	what.drop = 0;
	CHILD_CHECK_OK(nsu_harden_prepare(&what, &harden, &fail), &fail);
}

static void prepare_refuses_to_drop_without_setpcap(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	what = (struct nsu_plan_harden){.drop = BIT(CAP_KILL)};
	assert_int_equal(in_child(prepare_without_setpcap), 0);
}

static void prepare_only(void)
{
	struct nsu_harden harden = NSU_HARDEN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	uint64_t bounding = capabilities("CapBnd");

	CHILD_CHECK_OK(nsu_harden_prepare(&what, &harden, &fail), &fail);
	CHILD_CHECK(capabilities("CapBnd") == bounding);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0);
}

static void prepare_changes_nothing(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	what = (struct nsu_plan_harden){.drop = EVERYTHING, .no_new_privs = true};
	if (nsu_denials_filters[1].instructions)
		what.denials = NSU_PLAN_DENY_ALL;
	assert_int_equal(in_child(prepare_only), 0);
}

static void prepare_refuses_a_denial_that_it_does_not_know(void **state)
{
	struct nsu_harden harden = NSU_HARDEN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	(void)state;
	what = (struct nsu_plan_harden){.denials = NSU_PLAN_DENY_ALL + 1};
	assert_int_equal(nsu_harden_prepare(&what, &harden, &fail), -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_calls_tell_a_filter_from_the_kernel),
		cmocka_unit_test(each_set_of_denials_denies_its_calls_and_no_other),
		cmocka_unit_test(processes_and_threads_start_with_all_denials),
		cmocka_unit_test(user_namespaces_are_not_made),
		cmocka_unit_test(the_way_back_is_open_with_all_that_can_be_given_up),
		cmocka_unit_test(a_user_namespace_of_the_session_is_hardened_too),
		cmocka_unit_test(what_is_dropped_is_not_handed_on_and_the_caller_keeps_it),
		cmocka_unit_test(what_is_dropped_can_not_be_made_inheritable),
		cmocka_unit_test(root_is_given_nothing_by_execve_without_a_bounding_set),
		cmocka_unit_test(a_later_session_of_the_process_is_refused_where_it_could_not_be_made),
		cmocka_unit_test(prepare_refuses_to_drop_without_setpcap),
		cmocka_unit_test(prepare_changes_nothing),
		cmocka_unit_test(prepare_refuses_a_denial_that_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
