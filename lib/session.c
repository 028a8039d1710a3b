/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. Nothing of the caller may change before nsu_ns_join(); up to there closing the descriptors is the undo, as the
 *    helper ends when its channel does.
 * 2. Every wait must have a deadline.
 * 3. Nothing may be looked up by name after nsu_ns_join(): names mean what the session's view says.
 * 4. A descriptor of ours may have been closed by the caller between open and close, and its number used again: close
 *    must not touch what is not ours. (The identity of each is noted at open.)
 */
#include "session.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "channel.h"
#include "cwd.h"
#include "fsat.h"
#include "harden.h"
#include "idmap.h"
#include "join.h"
#include "launch.h"
#include "proc.h"
#include "registry.h"
#include "subject.h"
#include "wire.h"

#define SESSION_FDS (NSU_NS_KINDS + 4)

/* The descriptors of a session by number, in the order of its identities. */
static int *session_fd(struct nsu_session *session, size_t index)
{
	int *const others[] = {&session->init_pidfd, &session->channel_fd, &session->own_cgroup_fd,
	                       &session->cgroup_fd};

	return index < NSU_NS_KINDS ? &session->saved.fds[index] : others[index - NSU_NS_KINDS];
}

int nsu_session_note(struct nsu_session *session, struct nsu_fail *fail)
{
	for (size_t i = 0; i < SESSION_FDS; i++) {
		struct stat st = {0};

		if (*session_fd(session, i) >= 0 && fstat(*session_fd(session, i), &st) < 0)
			return nsu_fail(fail, errno, "note which descriptors are ours");
		session->identities[i].dev = st.st_dev;
		session->identities[i].ino = st.st_ino;
	}
	return 0;
}

/* Is this number another's by now, or nobody's? Where the kernel can't say it is taken to be ours still. */
static bool is_lost(const struct nsu_session *session, size_t index, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return errno == EBADF;
	return st.st_dev != session->identities[index].dev || st.st_ino != session->identities[index].ino;
}

/*
 * Lets go of descriptors that the caller has closed meanwhile: their numbers may be others' now.
 * Return: whether there were any.
 */
static bool let_go_of_strangers(struct nsu_session *session)
{
	bool has_lost = false;

	for (size_t i = 0; i < SESSION_FDS; i++) {
		int *fd = session_fd(session, i);

		if (*fd < 0 || !is_lost(session, i, *fd))
			continue;
		*fd = -1;
		has_lost = true;
	}
	if (session->channel_fd < 0) /* before Linux 6.9 all pidfds look alike: without the other, believe neither */
		session->init_pidfd = -1;
	return has_lost;
}

static void close_all(struct nsu_session *session)
{
	for (size_t i = 0; i < SESSION_FDS; i++)
		nsu_close_fd(session_fd(session, i));
}

/* Return: false if there is no channel, or nobody at its end. */
static bool order_end(const struct nsu_session *session)
{
	static const unsigned char order = NSU_WIRE_END;

	return session->channel_fd >= 0 && nsu_channel_send(session->channel_fd, &order, sizeof(order), -1) == 0;
}

/* @sees_host: whoever stays inside does not see the host's registry, which PID 1 is given the time for. Return: 0 if it has ended. */
static int await_init(const struct nsu_session *session, bool sees_host)
{
	return nsu_proc_await(session->init_pidfd,
	                      nsu_proc_now_ms() + (sees_host ? NSU_CLOSE_WAIT_MS : NSU_CLOSE_INSIDE_MS));
}

/*
 * Both by order and by signal, either of which may fail; what is to be removed is, if that is a matter of a moment. A set that
 * others may be in by now is only left.
 */
static void abandon(struct nsu_session *session)
{
	bool is_ordered = order_end(session);
	bool sees_host = !session->is_spent || session->saved.fds[0] >= 0; /* mount is the first kind */

	if (session->init_pidfd >= 0 && !session->is_shared) {
		if (is_ordered && (session->gives_time || !sees_host))
			(void)!await_init(session, sees_host);
		nsu_proc_kill(session->init_pidfd);
		(void)!nsu_proc_await(session->init_pidfd, nsu_proc_now_ms() + NSU_CLOSE_WAIT_MS);
	}
	if (!session->is_shared && sees_host) /* without a pidfd, too: it was killed before that was known */
		nsu_registry_forget(session->id);
	close_all(session);
}

/* Back into the opener's own cgroup, where it has left that, unless systemd has removed it, empty as it was. */
static int leave_cgroup(const struct nsu_session *session, struct nsu_fail *fail)
{
	struct nsu_fail own = NSU_FAIL_INIT;
	int ret = session->own_cgroup_fd < 0 ? 0 : nsu_cgroup_enter(session->own_cgroup_fd, &own);

	if (ret == 0 || ret == -ENODEV)
		return 0;
	*fail = own;
	return ret;
}

/* What the commit changes of the caller beside its namespaces and cgroup. */
struct self {
	struct nsu_idmap_roots roots;
	bool is_dumpable;
};

/*
 * In a user namespace of the session's its root may trace whoever is in it, and without a pid namespace he sees the opener,
 * with what that remembers and holds open. So it is undumpable before it is there.
 */
static int hide(const struct nsu_plan *plan, struct self *self, struct nsu_fail *fail)
{
	self->is_dumpable = false;
	if (!(plan->namespaces & CLONE_NEWUSER))
		return 0;
	nsu_idmap_note_roots(&self->roots);
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1)
		return 0;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return nsu_fail(fail, errno, "keep the session's root from tracing the opener");
	self->is_dumpable = true;
	return 0;
}

/* @ret_has_joined is set once there may be no way back. */
static int join(const struct nsu_plan *plan, const struct nsu_session *session, bool *ret_has_joined,
                struct nsu_fail *fail)
{
	struct self self;
	int ret;

	ret = hide(plan, &self, fail);
	if (ret < 0)
		return ret;
	ret = nsu_ns_join(session->init_pidfd, plan->namespaces, fail);
	*ret_has_joined = ret == 0;
	if (ret < 0 && self.is_dumpable)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (ret == 0 && (plan->namespaces & CLONE_NEWUSER))
		ret = nsu_idmap_become_root(&plan->user, &self.roots, fail);
	return ret;
}

/* The commit. What it has done is undone, as far as that goes, where a step of it fails: not once in a user namespace. */
static int commit(const struct nsu_plan *plan, const struct nsu_session *session, const struct nsu_harden *harden,
                  const char *cwd, bool *ret_is_spent, struct nsu_fail *fail)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	bool has_joined = false;
	int ret = 0;

	if (session->cgroup_fd >= 0)
		ret = nsu_cgroup_enter(session->cgroup_fd, fail);
	if (ret < 0)
		return ret;
	ret = join(plan, session, &has_joined, fail);
	if (ret == 0)
		ret = nsu_harden_apply(harden, fail);
	if (ret == 0)
		return 0;
	*ret_is_spent = has_joined;
	if (has_joined && nsu_ns_restore(&session->saved, ~0U, &ignored) == 0)
		nsu_cwd_go_back(cwd, ""); /* with the user kind nothing is saved: it stays */
	(void)!leave_cgroup(session, &ignored);
	return ret;
}

/* Nothing is recorded of what leads to another try, which there was no time for. */
static int ended_in_vain(int ret, struct nsu_fail *fail)
{
	if (fail->err == 0)
		return nsu_fail_because(fail, -ret, "the set ended each time that it was to be joined");
	return ret;
}

/* What an open goes by, however often it tries. */
struct opening {
	struct nsu_plan *plan;
	const struct nsu_login *login;
	struct nsu_harden harden;
	int64_t deadline_ms;
	char cwd[NSU_PATH_MAX];
	char id[NSU_ID_LEN + 1]; /* of the set that a later try makes */
	int n_dead;              /* helpers that died before their set could be known */
};

/*
 * A set that ended while we were about to be in it: as if it had ended before. A helper that dies before its set may be known was
 * killed, or can't start: then another can't either, which a few tries show. Return: whether to start over.
 */
static bool may_start_over(struct opening *opening, int ret, const struct nsu_session *new)
{
	bool is_dead = ret == -ESRCH || ret == -ECHILD;
	bool has_ended = is_dead || ret == -EEXIST || ret == -ECONNRESET;

	if (is_dead && !new->is_shared && ++opening->n_dead == NSU_HELPER_TRIES)
		return false;
	if (!has_ended || new->is_spent || !nsu_plan_is_shared(opening->plan))
		return false;
	return nsu_proc_now_ms() < opening->deadline_ms;
}

/* Up to the commit: into the set that there is, or a new one. */
static int reach(const struct opening *opening, struct nsu_session *new, struct nsu_fail *fail)
{
	if (nsu_plan_is_shared(opening->plan)) {
		int ret = nsu_join(opening->plan, opening->login, opening->deadline_ms, new, fail);

		if (ret != -ENOENT)
			return ret;
	}
	return nsu_launch(opening->plan, opening->login, opening->deadline_ms, new, fail);
}

/* One try. What it has begun is ended where it fails. */
static int try_open(const struct opening *opening, struct nsu_session *new, struct nsu_fail *fail)
{
	const struct nsu_plan *plan = opening->plan;
	int ret;

	*new = (struct nsu_session)NSU_SESSION_INIT;
	new->gives_time = plan->stop_timeout_ms > 0 || nsu_plan_throws_away(plan) || nsu_plan_has_limits(plan);
	ret = reach(opening, new, fail);
	if (ret == 0)
		ret = commit(plan, new, &opening->harden, opening->cwd, &new->is_spent, fail);
	if (ret < 0)
		abandon(new);
	return ret;
}

/* Another try makes another set. What is left of the last one has its id: maybe its socket, maybe a set that others are in. */
static int start_over(struct opening *opening, struct nsu_fail *fail)
{
	*fail = (struct nsu_fail)NSU_FAIL_INIT;
	opening->plan->id = opening->id;
	return nsu_subject_make_id(opening->id, fail);
}

static int open_by_tries(struct opening *opening, struct nsu_session *session, struct nsu_session *new,
                         struct nsu_fail *fail)
{
	int ret;

	while ((ret = try_open(opening, new, fail)) < 0) {
		session->is_spent = new->is_spent;
		if (!may_start_over(opening, ret, new))
			return ended_in_vain(ret, fail);
		ret = start_over(opening, fail);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int nsu_session_open(struct nsu_plan *plan, const struct nsu_login *login, const char *home,
                     struct nsu_session *session, struct nsu_fail *fail)
{
	struct opening opening = {.plan = plan, .login = login, .harden = NSU_HARDEN_INIT};
	const char *id = plan->id;
	struct nsu_session new;
	int ret;

	opening.deadline_ms = nsu_proc_now_ms() + plan->timeout_ms;
	nsu_cwd_get(opening.cwd);
	ret = nsu_proc_check_opener(fail);
	if (ret == 0)
		ret = nsu_harden_prepare(&plan->harden, &opening.harden, fail);
	if (ret < 0)
		return ret;
	ret = open_by_tries(&opening, session, &new, fail);
	plan->id = id;
	if (ret < 0)
		return ret;
	if (plan->namespaces & CLONE_NEWNS)
		nsu_cwd_go_back(opening.cwd, home);
	nsu_close_fd(&new.cgroup_fd);
	if (!(plan->namespaces & CLONE_NEWPID) && !new.is_shared) { /* they live by their members: the helper may go */
		nsu_close_fd(&new.channel_fd);
		nsu_close_fd(&new.init_pidfd);
	}
	*session = new;
	return 0;
}

/* Back into the opener's own namespaces, but not out of a chroot that it has made since. */
static int leave(const struct nsu_session *session, struct nsu_fail *fail)
{
	struct nsu_fsat_root root;
	char cwd[NSU_PATH_MAX];
	int ret;

	ret = nsu_fsat_look_at_root(&root, fail);
	if (ret == 0 && !nsu_fsat_is_same_root(&root, &session->root))
		ret = nsu_fail_because(fail, EXDEV, "it has chrooted itself since");
	if (ret < 0) {
		struct nsu_fail second = NSU_FAIL_INIT;

		if (nsu_ns_restore(&session->saved, ~(unsigned)CLONE_NEWNS, &second) < 0)
			*fail = second;
		return ret;
	}
	nsu_cwd_get(cwd);
	ret = nsu_ns_restore(&session->saved, ~0U, fail);
	if (ret == 0 && session->saved.fds[0] >= 0) /* mount is the first kind */
		nsu_cwd_go_back(cwd, "");
	return ret;
}

/* @sees_host: names mean what they mean on the host again. */
static void end_session(const struct nsu_session *session, bool sees_host)
{
	bool lives_on = order_end(session);

	if (session->init_pidfd < 0 ||
	    session->is_shared) /* PID 1 knows whether it was the last login, and what then */
		return;
	if (!lives_on)
		nsu_proc_kill(session->init_pidfd);
	if (await_init(session, sees_host) == 0) {
		lives_on = false;
	} else if (!session->gives_time) {
		nsu_proc_kill(session->init_pidfd); /* still dying, or the user has frozen it in a cgroup of his */
		lives_on = false;
	}
	if (!lives_on && sees_host) /* how it has ended is not known: its entry is gone, unless it was killed */
		nsu_registry_forget(session->id);
}

int nsu_session_close(struct nsu_session *session, struct nsu_fail *fail)
{
	bool has_lost = let_go_of_strangers(session);
	struct nsu_fail second = NSU_FAIL_INIT;
	int ret = leave(session, fail);
	bool sees_host = ret == 0 && session->saved.fds[0] >= 0; /* mount: what has a PID 1 has that kind too */

	if (leave_cgroup(session, &second) < 0 && ret == 0) {
		*fail = second;
		ret = -second.err;
	}

	end_session(session, sees_host);
	close_all(session);
	*session = (struct nsu_session)NSU_SESSION_INIT;
	if (ret == 0 && has_lost)
		return nsu_fail_because(
			fail, ESTALE, "the caller has closed descriptors of the session: what they held ends with it");
	return ret;
}

void nsu_session_forget(struct nsu_session *session)
{
	(void)let_go_of_strangers(session);
	close_all(session);
}
