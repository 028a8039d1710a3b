/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker: it starts openers and does to them what each round's step says. It waits for no one without a limit. */
#include "interleave.h"

#include <errno.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int self;                   /* which worker this is */
static pam_handle_t *pamhs[USERS]; /* begun here, so that no opener has to load anything */
static int channel_fds[SLOTS];     /* to the openers; -1: there is none */

static int converse(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* Modules are loaded by the first call. */
static void prepare_pam(void)
{
	static const struct pam_conv conversation = {converse, NULL};

	for (int user = 0; user < USERS; user++) {
		if (pam_start(SERVICE, name_of_user[user], &conversation, &pamhs[user]) != PAM_SUCCESS ||
		    pam_acct_mgmt(pamhs[user], 0) != PAM_SUCCESS)
			violate("pam_start for %s fails", name_of_user[user]);
	}
}

static struct slot *slot_of(int index)
{
	return &shared->slots[self][index];
}

static int *channel_of(const struct slot *slot)
{
	return &channel_fds[slot - slot_of(0)];
}

static void start_opener(struct slot *slot, const struct step *step)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		violate("socketpair: %s", strerror(errno));
		return;
	}
	memset(slot, 0, sizeof(*slot));
	slot->user = step->user;
	slot->profile = step->profile;
	*channel_of(slot) = ends[0];
	slot->stage = STAGE_OPENING;
	pid = fork();
	if (pid == 0) { /* it may be stopped here at once, and find other things in what is shared when it goes on */
		for (int i = 0; i < SLOTS; i++)
			if (channel_fds[i] >= 0)
				close(channel_fds[i]);
		opener_run(slot, pamhs[step->user], ends[1]);
	}
	slot->opener = pid;
	close(ends[1]);
	if (pid < 0)
		violate("fork of an opener: %s", strerror(errno));
}

/* The opener is dead, or ends by itself now. */
static void reap(struct slot *slot)
{
	int status;

	close(*channel_of(slot));
	*channel_of(slot) = -1;
	while (waitpid(slot->opener, &status, 0) < 0 && errno == EINTR)
		continue;
	slot->is_stopped = false;
	slot->stage = STAGE_FREE;
}

static void finish_by_kill(struct slot *slot, const char *when)
{
	kill(slot->opener, SIGKILL);
	note(self, "%s: opener %d is killed", when, (int)slot->opener);
	reap(slot);
}

/* Return: false if the opener has died instead. */
static bool await_report(const struct slot *slot, const char *what)
{
	struct pollfd pfd = {.fd = *channel_of(slot), .events = POLLIN};
	int status = 0;
	char letter;

	if (poll(&pfd, 1, REPORT_MS) <= 0) {
		violate("%s of %s, profile %s, opener %d hangs", what, name_of_user[slot->user],
		        name_of_profile[slot->profile], (int)slot->opener);
		return false;
	}
	if (read(*channel_of(slot), &letter, 1) == 1)
		return true;
	waitpid(slot->opener, &status, 0);
	violate("%s of opener %d: it has died, status 0x%x: %s", what, (int)slot->opener, (unsigned)status, slot->log);
	return false;
}

static void await_open(struct slot *slot)
{
	if (!await_report(slot, "an open"))
		return;
	check_opened(slot);
	if (slot->stage == STAGE_REFUSED) {
		__atomic_add_fetch(&shared->n_refused, 1, __ATOMIC_SEQ_CST);
		note(self, "opener %d is refused: %s", (int)slot->opener, slot->log);
		reap(slot);
		return;
	}
	__atomic_add_fetch(slot->has_joined ? &shared->n_joined : &shared->n_opened, 1, __ATOMIC_SEQ_CST);
	note(self, "opener %d is inside: %s/%s %s init %d id %s%s", (int)slot->opener, name_of_user[slot->user],
	     name_of_profile[slot->profile], slot->hostname, (int)slot->init, slot->id,
	     slot->has_joined ? ", joined" : "");
}

/* What was stopped in an earlier round goes on. */
static void go_on(struct slot *slot)
{
	slot->is_stopped = false;
	note(self, "opener %d goes on", (int)slot->opener);
	kill(slot->opener, SIGCONT);
	await_open(slot);
}

static bool order(const struct slot *slot, char letter, const char *what)
{
	if (write(*channel_of(slot), &letter, 1) != 1) {
		violate("opener %d takes no order: %s", (int)slot->opener, what);
		return false;
	}
	return true;
}

static void open_one(struct slot *slot, const struct step *step)
{
	start_opener(slot, step);
	note(self, "opener %d: %s, %s/%s", (int)slot->opener, name_of_deed[step->if_free], name_of_user[slot->user],
	     name_of_profile[slot->profile]);
	if (step->if_free != DEED_OPEN)
		sleep_us(step->after_us);
	if (step->if_free == DEED_OPEN_KILL) {
		finish_by_kill(slot, "open");
		return;
	}
	if (step->if_free != DEED_OPEN) {
		slot->was_stopped = true;
		kill(slot->opener, SIGSTOP);
	}
	if (step->if_free == DEED_OPEN_LEAVE) {
		slot->is_stopped = true;
		return;
	}
	if (step->if_free == DEED_OPEN_STOP) {
		sleep_us((int64_t)(step->dice % 8) * 1000);
		kill(slot->opener, SIGCONT);
	}
	await_open(slot);
}

static void close_one(struct slot *slot, const struct step *step)
{
	note(self, "opener %d: %s, init %d", (int)slot->opener, name_of_deed[step->if_taken], (int)slot->init);
	if (!order(slot, 'c', "close"))
		return;
	if (step->if_taken == DEED_CLOSE_KILL) {
		sleep_us(step->after_us / 4);
		finish_by_kill(slot, "close");
		return;
	}
	if (!await_report(slot, "a close"))
		return;
	check_closed(slot);
	note(self, "opener %d has closed", (int)slot->opener);
	reap(slot);
}

/* Something that the opener does inside, and after which it stays. */
static void use(struct slot *slot, char letter, const char *what)
{
	note(self, "opener %d: %s", (int)slot->opener, what);
	if (order(slot, letter, what) && await_report(slot, what))
		check_opened(slot);
}

static void use_slot(struct slot *slot, const struct step *step)
{
	switch (step->if_taken) {
	case DEED_CLOSE:
	case DEED_CLOSE_KILL:
		close_one(slot, step);
		break;
	case DEED_EXIT:
		note(self, "opener %d: exit without close, init %d", (int)slot->opener, (int)slot->init);
		if (order(slot, 'x', "exit"))
			reap(slot);
		break;
	case DEED_KILL:
		finish_by_kill(slot, "inside");
		break;
	case DEED_ORPHAN:
		use(slot, 'o', "leaves a daemon");
		break;
	default:
		use(slot, 'p', "probe");
		break;
	}
}

/* ---- rounds */

static void count_deed(enum deed deed)
{
	__atomic_add_fetch(&shared->n_done[deed], 1, __ATOMIC_SEQ_CST);
}

static void do_round(int round)
{
	struct step step = step_of(shared->seed, shared->profiles, round, self);
	struct slot *slot = slot_of(step.slot);

	sleep_us(step.before_us);
	if (do_to_sets(self, &step)) {
		count_deed(step.if_free);
	} else if (slot->stage == STAGE_FREE) {
		count_deed(step.if_free);
		open_one(slot, &step);
	} else if (slot->is_stopped && step.if_taken == DEED_KILL) {
		count_deed(step.if_taken);
		finish_by_kill(slot, "stopped in its open");
	} else if (slot->is_stopped) {
		go_on(slot);
	} else {
		count_deed(step.if_taken);
		use_slot(slot, &step);
	}
}

/* Nothing is on its way afterwards. */
static void settle(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slot_of(i)->is_stopped)
			go_on(slot_of(i));
}

static void end_all(void)
{
	static const struct step close_step = {.if_taken = DEED_CLOSE}, kill_step = {.if_taken = DEED_KILL};

	settle();
	for (int i = 0; i < SLOTS; i++)
		if (slot_of(i)->stage == STAGE_INSIDE)
			use_slot(slot_of(i), i % 2 ? &kill_step : &close_step);
}

void worker_run(int worker, int channel_fd)
{
	int round, n_fds;

	self = worker;
	for (int i = 0; i < SLOTS; i++)
		channel_fds[i] = -1;
	prepare_pam();
	n_fds = count_fds();
	while (read(channel_fd, &round, sizeof(round)) == sizeof(round)) {
		if (round >= 0)
			do_round(round);
		else if (round == ROUND_SETTLE)
			settle();
		else
			end_all();
		shared->n_fds[worker] = count_fds() - n_fds;
		if (write(channel_fd, &round, sizeof(round)) != sizeof(round))
			break;
	}
	_exit(0);
}
