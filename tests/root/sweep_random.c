/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Openers that are killed at random moments: while they open, use and close three sessions one after the other. In each a
 * daemon is left that hears no signal but SIGKILL. Their calls are not watched, so all has its natural speed.
 */
#include "sweep.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS    3
#define USE_US      500 /* how long its child is in a session */
#define LOGIN_EVERY 20  /* kills: an opener that is not killed; how long it took is the span of the next moments */
#define STAGE_MIN_SHARE                                                                                                \
	20 /* more than one in so many kills hits each stage; of one session, most of which is its open, */
#define STAYS_MIN_SHARE 100 /* in so many */
#define MOST            3   /* times as many kills as were asked for, where that is not so */
#define SEED            20261123

enum stage {
	STARTING,
	OPENING,
	USING,
	CLOSING,
	STAGES
};

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sleep_us(long us)
{
	struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&time, NULL);
}

/* A child, as a login's shell, that leaves a daemon behind. */
static bool use_session(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (fork() == 0) {
			setsid();
			for (int signo = 1; signo < NSIG; signo++)
				signal(signo, SIG_IGN);
			for (;;)
				pause();
		}
		sleep_us(USE_US);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Of each opener; out of a user namespace there is no way back to a second; and where there are limits, it is slow. */
static int sessions(void)
{
	return sweep.stays || sweep.limits ? 1 : SESSIONS;
}

/* That of an opener that stays inside, or whose set is not its own to wait for. */
static bool has_short_close(void)
{
	return sessions() == 1 || sweep.shares;
}

static void open_use_close(void)
{
	int *stage = &sweep.shared->stage;

	for (int i = 0; i < sessions(); i++) {
		*stage = OPENING;
		if (pam_open_session(sweep.pamh, 0) != PAM_SUCCESS)
			_exit(1);
		*stage = USING;
		if (!use_session())
			_exit(2);
		*stage = CLOSING;
		if (pam_close_session(sweep.pamh, 0) != PAM_SUCCESS)
			_exit(3);
	}
	_exit(0);
}

static pid_t start_opener(void)
{
	pid_t pid;
	sigset_t none;

	fflush(stdout);
	memset(sweep.shared, 0, sizeof(*sweep.shared));
	pid = fork();
	if (pid < 0)
		case_fail("fork");
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		open_use_close();
	}
	return pid;
}

/* Waits until this subreaper has no child any more. Return: the milliseconds that took; -1: too long. */
static long await_nothing(void)
{
	static struct outcome unused;
	long began_ms = case_now_ms();

	while (waitpid(-1, NULL, WNOHANG | __WALL) >= 0) {
		if (case_now_ms() - began_ms > GONE_MS)
			return -1;
		sleep_us(200);
		unused.n_log = 0;
		case_drain_log(&unused); /* a full socket would stop the openers */
	}
	return case_now_ms() - began_ms;
}

static bool is_host_as_before(void)
{
	static char change[4096];

	host_await(sweep.host, change);
	return change[0] == '\0';
}

/* Return: microseconds; -1: it failed. */
static long login(void)
{
	long began_us = now_us();
	pid_t pid = start_opener();
	long took_us;
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	took_us = now_us() - began_us;
	return await_nothing() < 0 || status != 0 ? -1 : took_us;
}

bool random_login(void)
{
	return login() >= 0;
}

/* Return: what is wrong, or NULL. */
static const char *kill_one(long after_us, int stages[STAGES], long *slowest_ms)
{
	pid_t pid = start_opener();
	long gone_ms;
	int status;

	sleep_us(after_us);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || (WIFEXITED(status) && WEXITSTATUS(status) != 0))
		return "a session could not be opened, used or closed";
	if (WIFSIGNALED(status))
		stages[sweep.shared->stage]++;
	gone_ms = await_nothing();
	if (gone_ms < 0)
		return "processes are left";
	if (gone_ms > *slowest_ms)
		*slowest_ms = gone_ms;
	return is_host_as_before() ? NULL : "the host's mounts, interfaces or names have changed";
}

/* Have too few kills come in one of the stages? */
static bool is_scarce(const int stages[STAGES], int share)
{
	return stages[OPENING] <= share || stages[USING] <= share || stages[CLOSING] <= share;
}

int random_kills(int count)
{
	int stages[STAGES] = {0};
	const char *wrong = NULL;
	long slowest_ms = 0, span_us = 0;
	int n, n_logins = 0, share = count / (has_short_close() ? STAYS_MIN_SHARE : STAGE_MIN_SHARE);

	srandom(SEED);
	login(); /* the first one is slower */
	for (n = 0; n < count || (n < MOST * count && is_scarce(stages, share)); n++) {
		if (n % LOGIN_EVERY == 0) {
			span_us = login();
			n_logins++;
		}
		if (span_us < 0) {
			wrong = "a login that nobody kills failed";
			break;
		}
		wrong = kill_one(random() % (span_us + 1), stages, &slowest_ms);
		if (wrong)
			break;
	}
	if (!wrong && (login() < 0 || !is_host_as_before()))
		wrong = "the login after all kills failed, or has left something";
	printf("%s - %s: an opener is killed %d times within %d sessions, at last %ld us: nothing is left after %ld ms, "
	       "%d logins between work\n",
	       wrong ? "not ok" : "ok", sweep.name, n, sessions(), span_us, slowest_ms, n_logins);
	if (wrong)
		printf("# at kill %d, in stage %d: %s\n", n, sweep.shared->stage, wrong);
	printf("%s - %s: of these, %d came while it opened, %d while it was in use, %d while it closed\n",
	       is_scarce(stages, share) ? "not ok" : "ok", sweep.name, stages[OPENING], stages[USING], stages[CLOSING]);
	return n;
}
