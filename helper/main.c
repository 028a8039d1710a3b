/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nsunshare-init: started by pam_nsunshare.so in the new namespaces of a session, it prepares them, answers once, and stays
 * as their PID 1.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "called.h"
#include "channel.h"
#include "confine.h"
#include "defaults.h"
#include "fsat.h"
#include "init.h"
#include "logins.h"
#include "plan.h"
#include "proc.h"
#include "registry.h"
#include "remove.h"
#include "set.h"
#include "setup.h"
#include "spaces.h"
#include "wire.h"

/* Static: too large for a stack that a hostile ulimit may have made small. */
static unsigned char frame[NSU_FRAME_MAX];
static struct nsu_plan plan;
static struct nsu_spaces spaces = NSU_SPACES_INIT;
static struct nsu_registry_entry entry = NSU_REGISTRY_ENTRY_INIT;
static struct nsu_logins logins;

static int receive_hello(struct nsu_set_hello *hello, int *ret_opener_pidfd, struct nsu_fail *fail)
{
	size_t len = 0;
	int ret;

	ret = nsu_channel_receive(NSU_HELPER_CHANNEL_FD, frame, sizeof(frame), &len, ret_opener_pidfd);
	if (ret == 0)
		ret = nsu_set_decode_hello(frame, len, hello);
	if (ret != 0)
		return nsu_fail(fail, -ret, "receive the opener's hello");
	if (hello->wish != NSU_SET_LOGIN || *ret_opener_pidfd < 0)
		return nsu_fail_because(fail, EPROTO, "the opener has said no proper hello");
	return 0;
}

/* The plan, and behind it the first login. */
static int receive(struct nsu_fail *fail)
{
	struct nsu_set_hello hello;
	auto_close int none = -1;
	int opener_pidfd = -1;
	int ret;

	ret = nsu_called_receive_plan(frame, &plan, &none, NSU_HELPER_NAME, fail);
	if (ret == 0)
		ret = receive_hello(&hello, &opener_pidfd, fail);
	if (ret == 0)
		nsu_logins_begin(&logins, &hello.login, NSU_HELPER_CHANNEL_FD, opener_pidfd);
	return ret;
}

/* Without a pid namespace only a set that others may join has somebody who stays. */
static bool has_entry(void)
{
	return plan.id[0] && (nsu_plan_is_shared(&plan) || (plan.namespaces & CLONE_NEWPID));
}

/* While the host's directory is in sight. */
static int open_registry(struct nsu_fail *fail)
{
	return has_entry() ? nsu_registry_open(true, &entry.dirfd, fail) : 0;
}

/*
 * A set of one login is isolated without an entry too, it is only not to be found by `nsunshare list`: where there is no room for
 * one the login goes on.
 */
static bool may_be_unlisted(int ret)
{
	bool has_no_room = ret == -ENOSPC || ret == -EDQUOT || ret == -EROFS || ret == -ENOMEM;

	return has_no_room && !nsu_plan_is_shared(&plan);
}

/* The last step that may fail for another's sake. Return: -EEXIST, without a record, if another has become this set. */
static int claim(char note[NSU_NOTE_MAX], struct nsu_fail *fail)
{
	int64_t deadline_ms = nsu_proc_now_ms() + plan.timeout_ms;
	char key[NSU_KEY_MAX];
	int ret = 0;

	if (!has_entry())
		return 0;
	if (nsu_plan_is_shared(&plan))
		ret = nsu_spaces_ask_to_claim(NSU_HELPER_CHANNEL_FD, fail);
	if (ret < 0)
		return ret;
	nsu_set_key(&plan, key);
	ret = nsu_registry_claim(&entry, plan.id, key, deadline_ms, fail);
	if (may_be_unlisted(ret)) {
		snprintf(note, NSU_NOTE_MAX, "unlisted=\"%s\"", strerror(-ret));
		*fail = (struct nsu_fail)NSU_FAIL_INIT;
		ret = 0;
	}
	if (chdir("/") < 0 && ret == 0)
		ret = nsu_fail(fail, errno, "change to '/'");
	return ret;
}

/* What its logins are told, and what they get. */
static int fill_logins(struct nsu_fail *fail)
{
	size_t n_logins = logins.set.n_logins;

	nsu_set_describe(&plan, &logins.set);
	logins.set.n_logins = n_logins;
	logins.set.since = time(NULL);
	logins.frame = frame;
	logins.listen_fd = entry.listen_fd;
	logins.cgroup_dirfd = spaces.cgroup_dirfd;
	logins.is_outside = plan.namespaces & CLONE_NEWPID;
	logins.is_brief = !has_entry() && !logins.is_outside;
	logins.root_uid = getuid();
	return nsu_proc_open_self(&logins.self_pidfd, fail);
}

static unsigned duties_of(const struct nsu_plan *planned)
{
	unsigned keeps = planned->stop_timeout_ms > 0 ? NSU_CONFINE_KILL : 0;

	if (nsu_plan_has_limits(planned))
		keeps |= NSU_CONFINE_KILL;
	if (nsu_plan_throws_away(planned))
		keeps |= NSU_CONFINE_KILL | NSU_CONFINE_REMOVE;
	if (planned->lifetime == NSU_PLAN_LIFETIME_PROCESSES)
		keeps |= NSU_CONFINE_LOOK;
	if (nsu_remove_needs_detach(planned))
		keeps |= NSU_CONFINE_DETACH;
	return keeps;
}

/* What is left to do once the mounts are made. */
static int settle(int *ret_signals_fd, struct nsu_wire_answer *answer)
{
	struct nsu_fail *fail = &answer->fail;
	int ret;

	ret = nsu_spaces_end(&plan, NSU_HELPER_CHANNEL_FD, &spaces, fail);
	if (ret == 0)
		ret = nsu_fsat_look_at_root(&logins.root, fail);
	if (ret == 0)
		ret = nsu_init_watch_signals(&plan, ret_signals_fd, fail);
	if (ret == 0)
		ret = claim(answer->note, fail);
	if (ret == 0)
		ret = fill_logins(fail);
	if (ret == 0)
		ret = nsu_confine_show_limits(nsu_plan_is_shared(&plan), fail);
	return ret < 0 ? ret : nsu_confine_drop(duties_of(&plan), fail);
}

static int prepare(int *ret_signals_fd, int *ret_sessions_dirfd, struct nsu_wire_answer *answer)
{
	struct nsu_fail *fail = &answer->fail;
	int ret;

	ret = nsu_confine_reset(NSU_HELPER_NAME, fail);
	if (ret == 0)
		ret = nsu_proc_check_kernel(fail);
	if (ret == 0)
		ret = receive(fail);
	if (ret == 0 && nsu_plan_is_shared(&plan))
		ret = nsu_confine_check_limits(fail);
	if (ret == 0)
		ret = open_registry(fail);
	if (ret == 0)
		ret = nsu_spaces_begin(&plan, NSU_HELPER_CHANNEL_FD, &spaces, fail);
	if (ret == 0)
		ret = nsu_setup_run(&plan, ret_sessions_dirfd, fail);
	return ret < 0 ? ret : settle(ret_signals_fd, answer);
}

/* An open that has failed. Before it nobody was in the cgroup, but for this process a moment. */
static void throw_away(int *sessions_dirfd)
{
	nsu_registry_leave(&entry);
	nsu_spaces_remove_cgroup(&plan, &spaces, 0);
	if (*sessions_dirfd >= 0)
		nsu_remove_session(&plan, *sessions_dirfd);
	nsu_close_fd(sessions_dirfd);
}

/* Return: false if there is nobody to hear it. */
static bool send_answer(const struct nsu_wire_answer *answer)
{
	size_t len;

	if (nsu_wire_encode_answer(answer, frame, sizeof(frame), &len) < 0)
		return false;
	return nsu_channel_send(NSU_HELPER_CHANNEL_FD, frame, len, -1) == 0;
}

static void say_lost(void)
{
	static const unsigned char order = NSU_WIRE_LOST;

	(void)!nsu_channel_send(NSU_HELPER_CHANNEL_FD, &order, sizeof(order), -1);
}

int main(void)
{
	static const char usage[] =
		NSU_HELPER_NAME ": PID 1 of a session, started by pam_nsunshare.so only; see nsunshare-init(8)\n";
	struct nsu_wire_answer answer = {.fail = NSU_FAIL_INIT};
	struct nsu_init init = {.logins = &logins, .entry = &entry, .signals_fd = -1};
	int sessions_dirfd = -1;
	int ret;

	if (!nsu_called_by_module(usage))
		return 2;
	ret = prepare(&init.signals_fd, &sessions_dirfd, &answer);
	if (ret < 0)
		throw_away(&sessions_dirfd); /* before the answer, at which the opener sends a SIGKILL */
	if (ret == -EEXIST && answer.fail.err == 0) {
		say_lost();
		_exit(0); /* as below: exit handlers are a sanitizer's only, which waits for ever in a process 1 */
	}
	answer.root = logins.root;
	/* Once the set is known, whether the first opener hears it is his affair: that he has gone is seen below. */
	if ((!send_answer(&answer) && entry.listen_fd < 0) || ret < 0) {
		throw_away(&sessions_dirfd);
		return 1;
	}
	init.leaves_nobody = sessions_dirfd >= 0 || spaces.cgroup_dirfd >= 0;
	init.is_pid1 = plan.namespaces & CLONE_NEWPID;
	nsu_init_run(&init);
	/* Without a pid namespace this is right after the open, and only one that has failed leaves it empty. */
	nsu_spaces_remove_cgroup(&plan, &spaces, init.is_pid1 ? NSU_CGROUP_WAIT_MS : 0);
	if (sessions_dirfd >= 0) {
		nsu_remove_session(&plan, sessions_dirfd);
		nsu_remove_orphans(sessions_dirfd);
	}
	nsu_close_fd(&sessions_dirfd);
	_exit(0);
}
