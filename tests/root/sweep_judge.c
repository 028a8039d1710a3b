/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules: what may come of a fault. Exceptions are few, and each says why.
 */
#include "sweep.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define EXCEPTIONS_MAX 8
#define LASTING_MAX    10

/* Reasons that do not give the errno of the call. */
static const char *const whole_sentences[] = {
	"ended before it was ready",            /* its C library could not start, or it could not send its answer */
	"was not ready within",                 /* nor could it say that */
	"the helper ended before the commit",   /* killed after its answer */
	"Linux 5.14 or newer is needed",        /* what ENOSYS means there */
	"no such user in the account database", /* glibc: where /etc/passwd can not be read, the next service says no */
};

/* malloc(3) says ENOMEM whatever the kernel has said. */
static bool is_for_memory(int nr)
{
	return nr == SYS_brk || nr == SYS_mmap || nr == SYS_mremap || nr == SYS_munmap || nr == SYS_mprotect;
}

/* A close(2) that was not made: whoever waits for the other end to close waits until the opener ends. */
static bool is_kept_open(const struct fault *fault, const struct outcome *outcome)
{
	return fault->deed == FAIL_CALL && outcome->was_done && fault->role == OPENER && outcome->call.nr == SYS_close;
}

static int count_log(const struct outcome *outcome, const char *text)
{
	int n = 0;

	for (int i = 0; i < outcome->n_log; i++)
		n += strstr(outcome->log[i], text) != NULL;
	return n;
}

/* Where there is no room for an entry, of a set that no other login may join, that goes on without one, and says so. */
static bool is_unlisted(const struct fault *fault, const struct outcome *outcome)
{
	return fault->deed == FAIL_CALL && fault->role == HELPER && fault->err == ENOMEM && !sweep.shares &&
	       has_word(sweep.kinds, "pid") && count_log(outcome, " unlisted=\"") == 1;
}

/* glibc: where /etc/group can't be read, getgrouplist(3) finds fewer groups, at any login */
static bool may_lack_groups(const struct fault *fault, const struct outcome *outcome)
{
	int nr = outcome->call.nr;

	return fault->deed == FAIL_CALL && fault->role == OPENER && sweep.stays &&
	       (nr == SYS_openat || nr == SYS_newfstatat || nr == SYS_lseek || nr == SYS_read);
}

/* Whose groups are others has another map, and so another set than the one that is held. */
static bool is_set_of_its_own(const struct fault *fault, const struct outcome *outcome)
{
	return !sweep.joins || (may_lack_groups(fault, outcome) && count_log(outcome, " joined=no") == 1);
}

/* The order to end could not be given: a set that may have other logins goes on until PID 1 sees that this opener has ended. */
static bool is_not_told(const struct fault *fault, const struct outcome *outcome)
{
	return sweep.shares && fault->deed == FAIL_CALL && outcome->was_done && fault->part == PART_CLOSE &&
	       fault->role == OPENER && outcome->call.nr == SYS_sendmsg;
}

/* What a fault itself changes in the opener's state, by no fault of the module. Return: how many texts. */
static int exceptions(const struct fault *fault, const struct outcome *outcome, const char *ignored[], char buffer[64])
{
	const struct call *call = &outcome->call;
	int n = 0;

	if (fault->deed == FAIL_CALL && outcome->was_done && fault->role == OPENER) {
		if (is_kept_open(fault, outcome)) {
			snprintf(buffer, 64, "descriptor %llu ", call->args[0]);
			ignored[n++] = buffer;
			if (!has_word(sweep.kinds, "pid")) { /* without PID 1 it is this that ends the helper */
				ignored[n++] = "helper: ";
				ignored[n++] = "no helper";
			}
		}
		if (call->nr == SYS_sendto &&
		    (int)call->args[0] == sweep.log_socket_fd) { /* syslog(3) makes a new socket */
			snprintf(buffer, 64, "descriptor %d ", sweep.log_socket_fd);
			ignored[n++] = buffer;
		}
		if (call->nr == SYS_getcwd || call->nr == SYS_openat2 || call->nr == SYS_fchdir)
			ignored[n++] =
				": cwd /"; /* documented: home or the root where the old one can not be entered */
	}
	if (may_lack_groups(fault, outcome)) {
		ignored[n++] = "gid_map: ";
		if (sweep.joins && is_set_of_its_own(fault, outcome)) {
			ignored[n++] = "joined ";
			ignored[n++] = "in /proc: ";
		}
	}
	if (fault->deed == FAIL_CALL && fault->role == HELPER && call->nr == SYS_close)
		ignored[n++] = "helper: descriptor "; /* likewise, and those after it have other numbers */
	if (fault->deed == FAIL_CALL && fault->role == HELPER && (call->nr == SYS_open || call->nr == SYS_write))
		ignored[n++] = "helper: oom_score_adj: "; /* as low as it may be: it is no failure not to have it */
	if (is_unlisted(fault, outcome))
		ignored[n++] = "helper: descriptor "; /* it has no socket to listen on */
	if (is_stop(fault->deed))
		ignored[n++] = "helper: status: SigBlk:"; /* where it sleeps in ppoll(2) it is another */
	ignored[n] = NULL;
	return n;
}

/* The opener could not give up what it was to, or become who it was to, after the commit. */
static bool is_hardening(const struct fault *fault, const struct outcome *outcome)
{
	const struct call *call = &outcome->call;

	if (fault->deed != FAIL_CALL || fault->role != OPENER || !outcome->was_inside)
		return false;
	if (call->nr == SYS_prctl)
		return call->args[0] == PR_CAPBSET_READ || call->args[0] == PR_CAPBSET_DROP ||
		       call->args[0] == PR_SET_NO_NEW_PRIVS || call->args[0] == PR_SET_SECCOMP;
	return call->nr == SYS_capget || call->nr == SYS_capset || call->nr == SYS_seccomp ||
	       call->nr == SYS_setresuid || call->nr == SYS_setresgid; /* where the session's root is another */
}

/*
 * What stays with an opener that has been inside: what it has given up never comes back; and there is no way out of a user
 * namespace, neither at close nor where giving up fails after the commit. Each has all capabilities in the one it joins.
 */
static int lasting(const struct fault *fault, const struct outcome *outcome, const char *ignored[])
{
	bool was_inside = outcome->open_code == PAM_SUCCESS || is_hardening(fault, outcome);
	bool stays = sweep.stays && was_inside, has_given_up = sweep.hardens && was_inside;
	int n = 0;

	if (stays) {
		ignored[n++] = "state: namespace ";
		ignored[n++] = ": cwd ";
		ignored[n++] = "state: status: Uid";
		ignored[n++] = "state: status: Gid";
		ignored[n++] = "state: dumpable "; /* of one that has become another root */
	}
	if (stays || has_given_up)
		ignored[n++] = "state: status: Cap";
	if (has_given_up) {
		ignored[n++] = "state: status: NoNewPrivs";
		ignored[n++] = "state: status: Seccomp";
	}
	ignored[n] = NULL;
	return n;
}

static bool same_but(FILE *why, const char *what, const char *old, const char *new, const char *const ignored[])
{
	char text[8192] = "";
	FILE *diff = fmemopen(text, sizeof(text), "w");
	int n = *old && *new ? diff_lines(diff, old, new, ignored) : 1;

	fclose(diff);
	if (n > 0)
		fprintf(why, "# %s has changed:%s\n%s", what, *old && *new ? "" : " there is nothing to compare", text);
	return n == 0;
}

static bool same_view(FILE *why, const struct fault *fault, const struct outcome *outcome)
{
	const char *ignored[EXCEPTIONS_MAX];
	char buffer[64];

	exceptions(fault, outcome, ignored, buffer);
	return same_but(why, "the session, seen from inside,", sweep.view, outcome->view, ignored);
}

/* One that was let in without isolation: nothing lasts. */
static bool same_untouched(FILE *why, const struct fault *fault, const struct outcome *outcome)
{
	const char *ignored[EXCEPTIONS_MAX];
	char buffer[64];

	exceptions(fault, outcome, ignored, buffer);
	return same_but(why, "the caller's state after it was let in", outcome->before, outcome->opened, ignored);
}

/* What the opener was before it is again, but for what lasts. */
static bool same_caller(FILE *why, const char *what, const struct fault *fault, const struct outcome *outcome,
                        const char *now)
{
	const char *ignored[EXCEPTIONS_MAX + LASTING_MAX];
	char buffer[64];
	int n = exceptions(fault, outcome, ignored, buffer);

	lasting(fault, outcome, ignored + n);
	return same_but(why, what, outcome->before, now, ignored);
}

static bool has_reason(const struct fault *fault, const char *line)
{
	if (fault->deed == FAIL_CALL && strstr(line, strerror(fault->err)))
		return true;
	if (fault->deed == KILL_INTERMEDIATE && strstr(line, "start nsunshare-init: it was killed meanwhile"))
		return true;
	if (fault->deed >= KILL_NET_INTERMEDIATE && fault->deed <= KILL_LIMITS && strstr(line, "start nsunshare-") &&
	    strstr(line, ": it was killed meanwhile"))
		return true;
	if (fault->deed == KILL_HELPER && (strstr(line, "it was killed meanwhile") || strstr(line, "No such process")))
		return true;
	for (size_t i = 0; i < sizeof(whole_sentences) / sizeof(whole_sentences[0]); i++) {
		if (strstr(line, whole_sentences[i]))
			return true;
	}
	return false;
}

static bool log_says_why(FILE *why, const struct fault *fault, const struct outcome *outcome, const char *prefix)
{
	if (count_log(outcome, prefix) == 1) {
		for (int i = 0; i < outcome->n_log; i++) {
			if (strstr(outcome->log[i], prefix) && has_reason(fault, outcome->log[i]))
				return true;
		}
		if (is_for_memory(outcome->call.nr) && count_log(outcome, strerror(ENOMEM)) == 1)
			return true;
	}
	fprintf(why, "# the log has not one line '%s' that gives the reason\n", prefix);
	return false;
}

static bool is_refused_well(FILE *why, const struct fault *fault, const struct outcome *outcome)
{
	bool may_lack_memory = fault->err == ENOMEM || is_for_memory(outcome->call.nr);
	bool good = true;

	if (outcome->open_code != PAM_SYSTEM_ERR && (outcome->open_code != PAM_BUF_ERR || !may_lack_memory)) {
		fprintf(why, "# refused with another code than PAM_SYSTEM_ERR: %d\n", outcome->open_code);
		good = false;
	}
	if (outcome->messages != 1) {
		fprintf(why, "# the user was told %d times\n", outcome->messages);
		good = false;
	}
	if (count_log(outcome, "opened:") > 0) {
		fprintf(why, "# refused, but the log says opened\n");
		good = false;
	}
	if (is_stop(fault->deed) &&
	    (outcome->open_ms < sweep.timeout_ms || outcome->open_ms > 5 * sweep.timeout_ms + 500)) {
		fprintf(why, "# refused after %ld ms, the limit being %d\n", outcome->open_ms, sweep.timeout_ms);
		good = false;
	}
	if (sweep.stays && has_word(sweep.kinds, "pid") &&
	    is_hardening(fault, outcome) != (outcome->fork_errno == ENOMEM)) {
		fprintf(why,
		        "# refused, and a fork(2) says %d: whoever stays inside can do nothing more, all others can\n",
		        outcome->fork_errno);
		good = false;
	}
	good = log_says_why(why, fault, outcome, "refused: user=" SESSION_USER " service=" SESSION_SERVICE ": ") &&
	       good;
	return same_caller(why, "the caller's state after the refusal", fault, outcome, outcome->opened) && good;
}

/* The caller is in a session that ends with it: its PID 1 is dead, so it has no children and can have none. */
static bool is_ended(const struct fault *fault, const struct outcome *outcome)
{
	return outcome->fork_errno == ENOMEM && (fault->role == HELPER || fault->deed == KILL_HELPER) &&
	       !outcome->view[0];
}

static bool is_closed_well(FILE *why, const struct fault *fault, const struct outcome *outcome)
{
	bool stays = count_log(outcome, "stays inside of it") == 1;
	const char *ignored[LASTING_MAX + 2];
	int n;
	bool good;

	if (outcome->close_code != PAM_SUCCESS || count_log(outcome, "closed: id=") != 1 + stays) {
		fprintf(why, "# close: code %d\n", outcome->close_code);
		return false;
	}
	if (!stays || fault->part == PART_OPEN)
		return same_caller(why, "the caller's state after close", fault, outcome, outcome->after);
	n = lasting(fault, outcome, ignored);
	ignored[n++] = "state: namespace ";
	ignored[n++] = ": cwd ";
	ignored[n] = NULL;
	good = same_but(why, "the caller's state after close", outcome->before, outcome->after, ignored);
	return log_says_why(why, fault, outcome, "stays inside of it") && good;
}

/* By the log: the one that others hold, or one of its own. */
static bool is_in_its_set(const struct fault *fault, const struct outcome *outcome)
{
	char id[24] = "";

	for (int i = 0; i < outcome->n_log; i++) {
		const char *at = strstr(outcome->log[i], "opened: id=");

		if (at && sscanf(at, "opened: id=%16[0-9a-f]", id) == 1)
			break;
	}
	if (is_set_of_its_own(fault, outcome))
		return count_log(outcome, " joined=no") == 1;
	return count_log(outcome, " joined=yes") == 1 && sets_have(id);
}

static enum verdict judge_success(FILE *why, const struct fault *fault, const struct outcome *outcome)
{
	bool good = true;
	bool ended = is_ended(fault, outcome);

	if (sweep.allows && count_log(outcome, "NOT ISOLATED") > 0)
		return log_says_why(why, fault, outcome, "NOT ISOLATED") && same_untouched(why, fault, outcome)
		               ? REFUSED
		               : WRONG;
	if (count_log(outcome, "opened: id=") != 1 || outcome->messages != 0) {
		fprintf(why, "# success, but the log has not one line 'opened', or the user was told something\n");
		good = false;
	}
	if (sweep.shares && !is_in_its_set(fault, outcome)) {
		fprintf(why, "# it is not in the set that it is to be in\n");
		good = false;
	}
	if (!ended)
		good = same_view(why, fault, outcome) && good;
	if (outcome->was_done && WIFSIGNALED(outcome->opener_status))
		return good ? KILLED : WRONG;
	if (!outcome->ended_by_close && !sweep.joins && !is_stop(fault->deed) && !is_kept_open(fault, outcome) &&
	    !is_not_told(fault, outcome)) {
		fprintf(why, "# PID 1 did not end with close\n");
		good = false;
	}
	good = is_closed_well(why, fault, outcome) && good;
	if (!good)
		return WRONG;
	return ended ? ENDED : HARMLESS;
}

static bool is_clean(FILE *why, const struct outcome *outcome)
{
	if (outcome->hung)
		fprintf(why, "# it hung\n");
	if (outcome->left)
		fprintf(why, "# processes were left\n");
	if (outcome->host[0])
		fprintf(why, "# the host has changed:\n%s", outcome->host);
	return !outcome->hung && !outcome->left && !outcome->host[0];
}

enum verdict judge(const struct fault *fault, const struct outcome *outcome, FILE *why)
{
	bool clean = is_clean(why, outcome);
	enum verdict verdict;

	if (fault->deed == KILL_OPENER && outcome->was_done) {
		if (!WIFSIGNALED(outcome->opener_status) || WTERMSIG(outcome->opener_status) != SIGKILL) {
			fprintf(why, "# the opener did not die of it\n");
			return WRONG;
		}
		return clean ? KILLED : WRONG;
	}
	if (!WIFEXITED(outcome->opener_status) || outcome->open_code < 0) {
		fprintf(why, "# the opener has ended by itself, status %#x\n", outcome->opener_status);
		return WRONG;
	}
	if (outcome->open_code == PAM_SUCCESS)
		verdict = judge_success(why, fault, outcome);
	else
		verdict = is_refused_well(why, fault, outcome) ? REFUSED : WRONG;
	if (verdict == HARMLESS && outcome->left_cgroup && fault->role != HELPER) {
		fprintf(why, "# closed, but the session's cgroup was left\n");
		return WRONG;
	}
	return clean ? verdict : WRONG;
}
