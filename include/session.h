/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.h - carry out a plan for the calling process: start the helper beside it, and commit with one setns(2).
 */
#ifndef NSU_SESSION_H
#define NSU_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"
#include "fail.h"
#include "fsat.h"
#include "ns.h"
#include "plan.h"
#include "set.h"

/* An open session, as its opener holds it. Every descriptor is O_CLOEXEC. */
struct nsu_session {
	struct nsu_ns_saved saved; /* the opener's own namespaces, to come back to */
	int init_pidfd;            /* PID 1; -1 where the plan has no pid namespace */
	int channel_fd;            /* to PID 1; -1 likewise */
	int own_cgroup_fd;         /* the cgroup that the opener was in, to come back to; -1 where it has not left it */
	int cgroup_fd;             /* the session's, to enter; -1 once that is done */
	pid_t init_pid;            /* its number on the host, for log lines */
	char id[NSU_ID_LEN + 1];   /* of the set */
	bool is_shared;            /* other logins may be in it: it is not this one's to end */
	bool is_joined;            /* it was there before this login */
	char note[NSU_NOTE_MAX];   /* "key=value" for the log line of the open, of what was made for it on the host */
	bool gives_time; /* PID 1 lives on for a while after the order to end: to stop processes, to remove files */
	bool is_spent; /* after an open that failed: it did so after the commit, and the caller is for good not what it was */
	struct nsu_fsat_root root; /* of the opener inside: a chroot that it makes later stays its own */
	struct {                   /* what the descriptors were at open, in the order above */
		dev_t dev;
		ino_t ino;
	} identities[NSU_NS_KINDS + 4];
};

#define NSU_SESSION_INIT                                                                                               \
	{                                                                                                              \
		.saved = NSU_NS_SAVED_INIT, .init_pidfd = -1, .channel_fd = -1, .own_cgroup_fd = -1, .cgroup_fd = -1   \
	}

/**
 * nsu_session_open - put the calling process into a session: the set that the plan's scope says, or a new one.
 * @plan:        borrowed; has passed nsu_plan_check(); not leave_alone. Its id is the set's unless one that was made first has ended
 *               meanwhile: another has another, which the session knows. As before at the return
 * @login:       borrowed: what PID 1 knows of this login, and tells
 * @home:        where to go if the working directory does not exist in the session; may be ""
 * @session:     initialised; open on success, for nsu_session_close() or _forget(); untouched on failure, but for is_spent
 * @fail:        record; names the step
 *
 * Blocks up to the plan's timeout. On failure nothing of the caller has changed and nothing is left; but for a failure of
 * what must come after the commit, and which no sound kernel refuses: becoming the session's root, and giving up what the
 * plan's harden says. What was given up by then does not come back, and with the user kind the caller stays inside of a
 * session that is ended. So is_spent says that it must not go on, whatever the policy allows on errors.
 * On success the caller's namespaces have changed, its cgroup where the plan has limits, what harden takes, and with a user
 * namespace it is undumpable, and root of that where root is another uid outside. Children that it forks from now on are in
 * the session. Its working directory means the same where that exists in the session.
 * Return: 0; -EPERM, -EBUSY if the caller may not open one (nsu_proc_check_opener); -ENOSYS; -ETIMEDOUT; -ECHILD if the
 * helper ended before it was ready; -errno of the step that failed, in the caller or in the helper.
 */
NSU_CHECKED int nsu_session_open(struct nsu_plan *plan, const struct nsu_login *login, const char *home,
                                 struct nsu_session *session, struct nsu_fail *fail);

/**
 * nsu_session_note - note which descriptors are the session's, so that none that the caller closes and uses again is taken for it.
 * @session: borrowed
 * @fail:    record
 *
 * Return: 0; -errno of fstat(2).
 */
NSU_CHECKED int nsu_session_note(struct nsu_session *session, struct nsu_fail *fail);

/**
 * nsu_session_close - leave a session and end it.
 * @session: open; as NSU_SESSION_INIT afterwards, also on failure
 * @fail:    record
 *
 * Goes back into the caller's own namespaces and tells PID 1 to end, with which all processes of the session do. Blocks
 * up to NSU_CLOSE_WAIT_MS (NSU_CLOSE_INSIDE_MS where it stays inside) for that, after which PID 1 is killed unless the plan
 * has a stop_timeout or something to throw away; but it may take longer: a child of the caller that is not reaped yet keeps PID 1.
 * Out of a user namespace there is no way back: a caller that is in one stays in all of the session's until it ends.
 * A caller that has chrooted itself meanwhile stays in its mount namespace, and so in its chroot.
 * Return: 0; -errno of setns(2) where the caller has lost its privileges or has threads now: the session ends all the
 * same; -EXDEV if it has chrooted itself; -ESTALE if the caller has closed our descriptors: what was lost stays as it is
 * until the caller ends.
 */
NSU_CHECKED int nsu_session_close(struct nsu_session *session, struct nsu_fail *fail);

/**
 * nsu_session_forget - close what a session holds, and touch nothing else.
 * @session: as NSU_SESSION_INIT afterwards
 *
 * For a forked child of the opener, and for an opener that will not close: the session then ends with the opener.
 * Async-signal-safe.
 */
void nsu_session_forget(struct nsu_session *session);

#endif
