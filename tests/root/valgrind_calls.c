/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A library to preload under valgrind: the system calls that valgrind 3.19 does not know, and the clone(2) that it would turn
 * into a fork, are made by the real processor. At all else that the module does valgrind looks.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <valgrind/valgrind.h>

static long (*real_syscall)(long, ...);
static int (*real_clone)(int (*)(void *), void *, int, void *, ...);

__attribute__((constructor)) static void find_real_ones(void)
{
	*(void **)&real_syscall = dlsym(RTLD_NEXT, "syscall");
	*(void **)&real_clone = dlsym(RTLD_NEXT, "clone");
}

struct call {
	long number;
	long args[6];
};

/* On the real processor there is no thread pointer of ours, so no errno: the bare instruction. */
__attribute__((no_stack_protector)) static long make_call(long unused, const struct call *call)
{
	register long r10 __asm__("r10") = call->args[3];
	register long r8 __asm__("r8") = call->args[4];
	register long r9 __asm__("r9") = call->args[5];
	long ret;

	(void)unused;
	__asm__ volatile("syscall"
	                 : "=a"(ret)
	                 : "a"(call->number), "D"(call->args[0]), "S"(call->args[1]), "d"(call->args[2]), "r"(r10),
	                   "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return ret;
}

static bool is_unknown(long number)
{
	static const long numbers[] = {SYS_pidfd_open, SYS_pidfd_send_signal, SYS_openat2};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (number == numbers[i])
			return true;
	}
	return false;
}

long syscall(long number, ...)
{
	struct call call = {.number = number};
	va_list args;
	long ret;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		call.args[i] = va_arg(args, long);
	va_end(args);
	if (!RUNNING_ON_VALGRIND || !is_unknown(number)) /* a child of the real processor comes here too */
		return real_syscall(number, call.args[0], call.args[1], call.args[2], call.args[3], call.args[4],
		                    call.args[5]);
	ret = (long)VALGRIND_NON_SIMD_CALL1(make_call, &call);
	if (ret >= 0 || ret < -4095)
		return ret;
	errno = (int)-ret;
	return -1;
}

struct new_process {
	int (*function)(void *);
	char *stack;
	int flags;
	void *arg;
	void *parent_tid;
	void *thread_pointer; /* the child's functions have need of it */
};

__attribute__((no_stack_protector)) static long make_process(long unused, const struct new_process *new)
{
	(void)unused;
	return real_clone(new->function, new->stack, new->flags | CLONE_SETTLS, new->arg, new->parent_tid,
	                  new->thread_pointer, NULL);
}

int clone(int (*function)(void *), void *stack, int flags, void *arg, ...)
{
	struct new_process new = {function, stack, flags, arg, NULL, __builtin_thread_pointer()};
	va_list args;

	va_start(args, arg);
	new.parent_tid = va_arg(args, void *); /* where CLONE_PIDFD puts it; anything where nobody asks */
	va_end(args);
	if (!RUNNING_ON_VALGRIND)
		return real_clone(function, stack, flags, arg, new.parent_tid, NULL, NULL);
	return (int)VALGRIND_NON_SIMD_CALL1(make_process, &new);
}
