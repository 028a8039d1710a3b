/* SPDX-License-Identifier: BSD-3-Clause */
#include "root.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "fsat.h"
#include "proc.h"

#define CHILD_STACK_BYTES 16384

int nsu_root_refuse_chroot(struct nsu_fail *fail)
{
	auto_close int self_pidfd = -1;
	struct nsu_fsat_root before, after;
	int ret;

	ret = nsu_proc_open_self(&self_pidfd, fail);
	if (ret < 0)
		return ret;
	ret = nsu_fsat_look_at_root(&before, fail);
	if (ret < 0)
		return ret;
	if (setns(self_pidfd, CLONE_NEWNS) < 0)
		return nsu_fail(fail, errno, "find out whether the caller is in a chroot");
	ret = nsu_fsat_look_at_root(&after, fail);
	if (ret < 0)
		return ret;
	if (!nsu_fsat_is_same_root(&before, &after))
		return nsu_fail_because(fail, EPERM, "the caller is in a chroot, which the session would leave");
	return 0;
}

/* What the caller and the child share. */
struct look {
	struct nsu_fail *fail;
	int ret;
};

__attribute__((no_sanitize("address"))) static int run_child(void *arg)
{
	struct look *look = arg;

	look->ret = nsu_root_refuse_chroot(look->fail);
	_exit(0);
}

int nsu_root_check_caller(struct nsu_fail *fail)
{
	char stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));
	struct look look = {.fail = fail, .ret = -EINTR};
	sigset_t all, old;
	int err = 0;
	int pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = clone(run_child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK, &look);
	if (pid < 0)
		err = errno;
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		continue;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err != 0)
		return nsu_fail(fail, err, "start a process");
	if (look.ret == -EINTR)
		return nsu_fail_because(fail, EINTR,
		                        "find out whether the caller is in a chroot: the child was killed");
	return look.ret;
}
