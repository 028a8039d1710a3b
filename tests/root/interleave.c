/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interleave SEED ROUNDS PROFILES: logins of four users that share sets, by eight workers at once. In each round each worker does one
 * deed: an open, a close, a kill of an opener, of a PID 1, an edit of the policy, and so on (interleave.h). What each does, and how
 * long it waits before, follows from the seed (interleave_step.c), so the same seed plays the same rounds again; how the kernel
 * schedules them does not. Between two rounds nobody does anything, but for openers that stay stopped, and what must hold is
 * looked at (interleave_check.c). PROFILES, with commas, or all: those of the policy that logins choose from.
 */
#include "interleave.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shared *shared;

const char *const name_of_user[USERS] = {"ann", "ben", "cat", "dan"};
const char *const name_of_profile[PROFILES] = {"session",   "user",      "group",  "named",
                                               "processes", "permanent", "no-pid", "userns"};
const char *const name_of_deed[DEED_ASK + 1] = {
	"open",  "open-kill", "open-stop", "open-leave", "close", "close-kill", "exit", "kill",
	"probe", "orphan",    "kill-init", "hold-init",  "end",   "edit",       "ask",
};

int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

void sleep_us(int64_t us)
{
	struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	if (us > 0)
		nanosleep(&time, NULL);
}

void note(int worker, const char *format, ...)
{
	int i = __atomic_fetch_add(&shared->n_events, 1, __ATOMIC_SEQ_CST);
	struct event *event = &shared->events[i % EVENTS_MAX];
	va_list arguments;

	*event = (struct event){.us = now_us(), .round = shared->round, .worker = worker};
	va_start(arguments, format);
	vsnprintf(event->text, sizeof(event->text), format, arguments);
	va_end(arguments);
}

/* The first one counts; the conductor ends all. */
void violate(const char *format, ...)
{
	va_list arguments;

	if (__atomic_exchange_n(&shared->has_violation, 1, __ATOMIC_SEQ_CST))
		return;
	va_start(arguments, format);
	vsnprintf(shared->violation, sizeof(shared->violation), format, arguments);
	va_end(arguments);
	note(-1, "VIOLATION");
}

/* ---- the policy */

static const char *const keys_of_profile[PROFILES] = {
	"",
	"scope = \"user\";",
	"scope = \"group\"; stop_timeout = 30;", /* so that one is ending while another takes its key */
	"scope = \"named:lab\";",
	"scope = \"user\"; lifetime = \"processes\";",
	"scope = \"named:keep\"; lifetime = \"permanent\";",
	"scope = \"user\"; namespaces = [ \"mount\", \"ipc\", \"uts\" ];",
	"scope = \"user\"; namespaces = [ \"mount\", \"ipc\", \"uts\", \"pid\", \"user\" ];",
};

static void print_policy(FILE *file, int variant)
{
	fputs("rules = (\n", file);
	for (int i = 0, n = 0; i < PROFILES; i++)
		if (shared->profiles & (1U << i))
			fprintf(file,
			        "%s\t{ user = [ \"ann\", \"ben\", \"cat\", \"dan\" ]; tty = \"%s\"; profile = \"%s\"; }",
			        n++ ? ",\n" : "", name_of_profile[i], name_of_profile[i]);
	fputs("\n);\nprofiles = {\n", file);
	for (int i = 0; i < PROFILES; i++)
		if (shared->profiles & (1U << i))
			fprintf(file, "\t%s = { base = \"default\"; timeout = 10000; hostname = \"v%d\"; %s };\n",
			        name_of_profile[i], variant, keys_of_profile[i]);
	fputs("};\n", file);
}

/* As an editor does: by rename(2). Edits come one after the other. */
void write_policy(int worker, int variant)
{
	struct edit *edit;
	char path[sizeof(POLICY_FILE) + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s.%d", POLICY_FILE, worker + 1);
	file = fopen(path, "w");
	if (!file) {
		violate("%s: %s", path, strerror(errno));
		return;
	}
	print_policy(file, variant);
	fclose(file);
	while (__atomic_exchange_n(&shared->edit_lock, 1, __ATOMIC_SEQ_CST))
		sleep_us(100);
	edit = &shared->edits[shared->n_edits];
	*edit = (struct edit){.variant = variant, .began_us = now_us(), .ended_us = INT64_MAX};
	__atomic_add_fetch(&shared->n_edits, 1, __ATOMIC_SEQ_CST);
	if (rename(path, POLICY_FILE) < 0)
		violate("%s: %s", path, strerror(errno));
	edit->ended_us = now_us();
	note(worker, "policy: v%d", variant);
	__atomic_store_n(&shared->edit_lock, 0, __ATOMIC_SEQ_CST);
}

/* ---- the conductor */

static struct {
	pid_t pid;
	int channel_fd;
} workers[WORKERS];

static void start_workers(void)
{
	for (int i = 0; i < WORKERS; i++) {
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
			err(2, "socketpair");
		workers[i].pid = fork();
		if (workers[i].pid < 0)
			err(2, "fork");
		if (workers[i].pid == 0) {
			for (int j = 0; j <= i; j++)
				close(j < i ? workers[j].channel_fd : ends[0]);
			worker_run(i, ends[1]);
		}
		close(ends[1]);
		workers[i].channel_fd = ends[0];
	}
}

/* All workers do it, and are done with it afterwards. */
static void conduct(int round)
{
	for (int i = 0; i < WORKERS; i++)
		if (write(workers[i].channel_fd, &round, sizeof(round)) != sizeof(round))
			violate("worker %d is dead", i);
	for (int i = 0; i < WORKERS; i++) {
		struct pollfd pfd = {.fd = workers[i].channel_fd, .events = POLLIN};
		int answer;

		if (poll(&pfd, 1, SLOTS * REPORT_MS + 5000) <= 0 ||
		    read(workers[i].channel_fd, &answer, sizeof(answer)) != sizeof(answer)) {
			int status = 0;
			bool is_dead = waitpid(workers[i].pid, &status, WNOHANG) > 0;

			violate("worker %d %s, status 0x%x", i, is_dead ? "is dead" : "hangs", (unsigned)status);
		}
	}
}

static bool run(int rounds)
{
	for (int round = 0; round < rounds && !shared->has_violation; round++) {
		int n_doomed = shared->n_doomed;
		long n_refused = shared->n_refused;

		shared->round = round;
		conduct(round);
		if (!shared->has_violation)
			check_round(n_doomed, (int)(shared->n_refused - n_refused), false);
		if (!shared->has_violation && round % CHECK_EVERY == CHECK_EVERY - 1) {
			n_refused = shared->n_refused;
			conduct(ROUND_SETTLE);
			check_round(shared->n_doomed, (int)(shared->n_refused - n_refused), true);
			check_sets();
		}
	}
	if (!shared->has_violation)
		conduct(ROUND_END);
	if (!shared->has_violation)
		check_end();
	return !shared->has_violation;
}

/* Also what hangs. */
static void end_workers(void)
{
	for (int i = 0; i < WORKERS; i++) {
		kill(workers[i].pid, SIGKILL);
		waitpid(workers[i].pid, NULL, 0);
		for (int j = 0; j < SLOTS; j++)
			if (shared->slots[i][j].stage != STAGE_FREE && shared->slots[i][j].opener > 0)
				kill(shared->slots[i][j].opener, SIGKILL);
	}
}

static void print_events(void)
{
	int first = shared->n_events > SHOWN_EVENTS ? shared->n_events - SHOWN_EVENTS : 0;

	for (int i = first; i < shared->n_events; i++) {
		const struct event *event = &shared->events[i % EVENTS_MAX];

		printf("%lld.%06lld round %d worker %d: %s\n", (long long)event->us / 1000000,
		       (long long)event->us % 1000000, event->round, event->worker, event->text);
	}
}

static void print_counts(void)
{
	printf("%ld opened, %ld joined, %ld refused, %d PID 1s killed or told to end, %d edits; deeds:",
	       shared->n_opened, shared->n_joined, shared->n_refused, shared->n_doomed, shared->n_edits);
	for (int i = 0; i <= DEED_ASK; i++)
		printf(" %s %ld", name_of_deed[i], shared->n_done[i]);
	printf("\n");
}

static unsigned profiles_of(char *names)
{
	unsigned profiles = 0;

	if (strcmp(names, "all") == 0)
		return (1U << PROFILES) - 1;
	for (char *name = strtok(names, ","); name; name = strtok(NULL, ","))
		for (int i = 0; i < PROFILES; i++)
			if (strcmp(name, name_of_profile[i]) == 0)
				profiles |= 1U << i;
	return profiles;
}

int main(int argc, char **argv)
{
	bool is_sound;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4 || atoi(argv[2]) > ROUNDS_MAX)
		errx(2, "usage: interleave SEED ROUNDS PROFILES|all; at most %d rounds", ROUNDS_MAX);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(2, "mmap");
	shared->seed = strtoull(argv[1], NULL, 10);
	shared->profiles = profiles_of(argv[3]);
	shared->proc_dirfd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (shared->profiles == 0 || shared->proc_dirfd < 0 || !look_at("self", "pid_for_children", &shared->host))
		errx(2, "no such profile, or no /proc");
	signal(SIGPIPE, SIG_IGN);
	write_policy(-1, 0);
	start_workers();
	is_sound = run(atoi(argv[2]));
	end_workers();
	if (!is_sound) {
		print_events();
		printf("seed %s, round %d: %s\n", argv[1], shared->round, shared->violation);
	}
	print_counts();
	return is_sound ? 0 : 1;
}
