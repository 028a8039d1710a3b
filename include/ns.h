/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ns.h - namespaces: their names and flags, starting the helper in new ones, joining and leaving.
 */
#ifndef NSU_NS_H
#define NSU_NS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base.h"
#include "fail.h"
#include "plan.h"

/* The kinds this version makes; the table in ns.c is the only place that lists them. */
#define NSU_NS_KINDS 8

struct nsu_ns_kind {
	const char *name; /* as the policy and unshare(1) spell it */
	const char *file; /* in /proc/PID/ns */
	unsigned flag;    /* CLONE_NEW* */
};

/* In the order in which a process goes back into its own: mount first, which a process with threads is refused. */
extern const struct nsu_ns_kind nsu_ns_kinds[NSU_NS_KINDS];

/**
 * nsu_ns_flag - the flag of a kind's name.
 * @name: "mount", "ipc", "uts", "pid", "cgroup", "net", "time", "user"
 *
 * Pure. Return: CLONE_NEW*, or 0 for an unknown name.
 */
unsigned nsu_ns_flag(const char *name);

/**
 * nsu_ns_list - the names of a set of kinds, joined by commas.
 * @flags:  CLONE_NEW* bits
 * @buffer: caller's, @cap bytes, always terminated
 * @cap:    size of @buffer; 64 suffices for all
 *
 * Pure. Return: @buffer; "none" for no kind.
 */
const char *nsu_ns_list(unsigned flags, char *buffer, size_t cap);

/* What is to be started, and in what. */
struct nsu_ns_program {
	int exec_fd;                      /* O_PATH descriptor of the program (nsu_fsat_open_trusted) */
	const char *name;                 /* its argv[0] */
	int channel_fd;                   /* what it finds as descriptor NSU_HELPER_CHANNEL_FD */
	unsigned flags;                   /* CLONE_NEW* bits, not CLONE_NEWTIME; 0: in the caller's namespaces */
	const struct nsu_plan_time *time; /* it is in a new time namespace with these offsets; NULL: in the caller's */
	bool takes_limits; /* the resource limits of process 1, as far as it may, instead of the caller's */
};

/* The program, started. */
struct nsu_ns_child {
	int pidfd; /* O_CLOEXEC */
	pid_t pid; /* as the caller's pid namespace has it; for log lines only */
};

/**
 * nsu_ns_start - execute a program in new namespaces, as nobody's child.
 * @program:    borrowed
 * @ret_child:  its pidfd is given; untouched on failure
 * @fail:       record
 *
 * The program gets the argv { name }, an empty environment, and no descriptor but that one. It is started by
 * an intermediate that ends at once, so that it is reparented and never seen by a wait(2) of the caller; the
 * intermediate has no exit signal, so that it is neither, and SIGCHLD stays as it is (seen on 6.18, also with SIGCHLD
 * ignored). Both run on the caller's memory (CLONE_VM | CLONE_VFORK): nothing is copied, no atfork handler runs. All
 * signals are blocked meanwhile and then restored. Blocks as long as closing a copy of the caller's descriptors does,
 * which is for ever only with one of a FUSE that does not answer. The time namespace is entered by the execve(2), which a
 * kernel before 6.1 does not do (nsu_ns_check_time).
 * Return: 0; -errno of clone(2) (-ENOSPC at a limit of user.max_*_namespaces or 32 nested pid namespaces), unshare(2),
 * write(2) to timens_offsets (-ERANGE: a clock would be negative), execveat(2).
 */
NSU_CHECKED int nsu_ns_start(const struct nsu_ns_program *program, struct nsu_ns_child *ret_child,
                             struct nsu_fail *fail);

/**
 * nsu_ns_check_time - is this program, started in a new time namespace, in it?
 * @fail: record
 *
 * Return: 0; -ENOSYS where the kernel does not move it in; -errno of stat(2) below /proc/self/ns.
 */
NSU_CHECKED int nsu_ns_check_time(struct nsu_fail *fail);

/**
 * nsu_ns_bring_up_loopback - bring up lo in the net namespace of this process.
 * @fail: record
 *
 * Return: 0; -errno of socket(2), ioctl(2).
 */
NSU_CHECKED int nsu_ns_bring_up_loopback(struct nsu_fail *fail);

/* The caller's own namespaces, held by descriptors in the order of nsu_ns_kinds; -1 where not held. */
struct nsu_ns_saved {
	int fds[NSU_NS_KINDS];
};

#define NSU_NS_SAVED_INIT                                                                                              \
	{                                                                                                              \
		.fds = { -1, -1, -1, -1, -1, -1, -1, -1 }                                                              \
	}

/**
 * nsu_ns_save - hold the caller's own namespaces, to come back to.
 * @flags: CLONE_NEW* bits: which
 * @saved: initialised; the descriptors are given, O_CLOEXEC; on failure it may hold some
 * @fail:  record
 *
 * The pid namespace is the one for children. None where a user namespace is among them: nobody comes back out of one into
 * those above. Return: 0; -errno of open(2) below /proc/self/ns.
 */
NSU_CHECKED int nsu_ns_save(unsigned flags, struct nsu_ns_saved *saved, struct nsu_fail *fail);

/**
 * nsu_ns_restore - go back into the namespaces that were held.
 * @saved: borrowed
 * @flags: CLONE_NEW* bits: which of them
 * @fail:  record
 *
 * Stops at the first that fails. The mount namespace sets root and working directory to its root.
 * Return: 0; -errno of setns(2): -EPERM without privilege, -EINVAL for mount in a process with threads.
 */
NSU_CHECKED int nsu_ns_restore(const struct nsu_ns_saved *saved, unsigned flags, struct nsu_fail *fail);

/**
 * nsu_ns_join - the commit: enter the namespaces of a process, all or none.
 * @pidfd: borrowed
 * @flags: CLONE_NEW* bits
 * @fail:  record
 *
 * One setns(2). Changes the caller's namespaces, and with CLONE_NEWNS its root and working directory. The caller must
 * have one thread. Return: 0; -ESRCH if the process has ended; -errno of setns(2).
 */
NSU_CHECKED int nsu_ns_join(int pidfd, unsigned flags, struct nsu_fail *fail);

#endif
