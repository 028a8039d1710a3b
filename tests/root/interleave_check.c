/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold. Of one login, when its opener has reported: check_opened, check_closed. Of all, between two rounds, when nobody
 * does anything: check_round. Of the sets, as they tell of themselves: check_sets. Of what is left: check_end.
 */
#include "interleave.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "registry.h"

#define END_MS 1000 /* from the last logout until nothing is left */

/* ---- whose end somebody has brought about */

bool is_doomed(pid_t pid, unsigned long long start)
{
	int n = __atomic_load_n(&shared->n_doomed, __ATOMIC_SEQ_CST);

	for (int i = n - 1; i >= 0; i--)
		if (shared->doomed[i].pid == pid &&
		    (start == 0 || shared->doomed[i].start == 0 || shared->doomed[i].start == start))
			return true;
	return false;
}

/* Before it is done. */
void doom(pid_t pid, unsigned long long start)
{
	int i = __atomic_fetch_add(&shared->n_doomed, 1, __ATOMIC_SEQ_CST);

	if (i < DOOMED_MAX)
		shared->doomed[i] = (struct doomed){.pid = pid, .start = start, .round = shared->round};
}

static bool is_set_doomed(const struct slot *slot)
{
	return is_doomed(slot->init, slot->init_start);
}

static bool is_alive(const struct slot *slot)
{
	return slot->init_start > 0 && start_of(slot->init) == slot->init_start;
}

/* ---- one login */

/* Was that the policy at some moment of the open? */
static bool was_policy(const char *hostname, int64_t began_us, int64_t ended_us)
{
	int n = __atomic_load_n(&shared->n_edits, __ATOMIC_SEQ_CST);

	for (int i = n - 1; i >= 0; i--) {
		const struct edit *edit = &shared->edits[i];
		char name[16];

		snprintf(name, sizeof(name), "v%d", edit->variant);
		if (edit->began_us <= ended_us && (i == n - 1 || edit[1].ended_us >= began_us) &&
		    strcmp(name, hostname) == 0)
			return true;
	}
	return false;
}

static bool is_same(const struct view *a, const struct view *b, bool with_pid)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (a->inodes[kind] != b->inodes[kind] && (with_pid || kind != KIND_PID))
			return false;
	return true;
}

static void check_place(const struct slot *slot, const char *who)
{
	bool has_pid = slot->profile != PROFILE_NO_PID;
	struct view init;
	char name[16];

	for (int kind = 0; kind < KINDS; kind++)
		if (slot->view.inodes[kind] == shared->host.inodes[kind] && (has_pid || kind != KIND_PID))
			violate("%s is in the host's namespace, kind %d", who, kind);
	if (!was_policy(slot->hostname, slot->began_us, slot->ended_us))
		violate("%s: host name %s was not the policy's", who, slot->hostname);
	snprintf(name, sizeof(name), "%d", (int)slot->init);
	if (is_alive(slot) && look_at(name, "pid", &init) && is_alive(slot)) {
		if (!is_same(&init, &slot->view, has_pid))
			violate("%s is not in the namespaces of its PID 1, %d", who, (int)slot->init);
	} else if (!is_set_doomed(slot)) {
		violate("%s: PID 1, %d, which nobody has killed, is dead", who, (int)slot->init);
	}
}

void check_opened(const struct slot *slot)
{
	char who[160];

	snprintf(who, sizeof(who), "opener %d, %s/%s", (int)slot->opener, name_of_user[slot->user],
	         name_of_profile[slot->profile]);
	if (!slot->was_stopped && slot->ended_us - slot->began_us > OPEN_MS * 1000)
		violate("%s: the open took %lld ms", who, (long long)(slot->ended_us - slot->began_us) / 1000);
	if (slot->stage == STAGE_REFUSED) {
		if (slot->profile != PROFILE_SESSION) /* that one's PID 1 may have been killed: check_round() */
			violate("%s is refused: %s", who, slot->log);
		return;
	}
	check_place(slot, who);
	if (slot->fork_errno == 0 && slot->has_child_seen) {
		if (!is_same(&slot->view, &slot->child_view, true))
			violate("%s: its child is somewhere else", who);
	} else if (slot->profile == PROFILE_NO_PID || !is_set_doomed(slot)) {
		violate("%s: it can't have a child: %s", who,
		        slot->fork_errno ? strerror(slot->fork_errno) : "the child was killed");
	}
}

void check_closed(const struct slot *slot)
{
	char who[160];

	snprintf(who, sizeof(who), "opener %d, %s/%s, closed", (int)slot->opener, name_of_user[slot->user],
	         name_of_profile[slot->profile]);
	if (slot->close_code != PAM_SUCCESS)
		violate("%s: code %d: %s", who, slot->close_code, slot->log);
	if (!is_same(&slot->closed_view, slot->profile == PROFILE_USERNS ? &slot->view : &shared->host, true))
		violate("%s: it is in the wrong namespaces: %s", who, slot->log);
	if (slot->n_fds_after != slot->n_fds_before)
		violate("%s: it has %d descriptors, and had %d", who, slot->n_fds_after, slot->n_fds_before);
	if (slot->close_us > CLOSE_MS * 1000)
		violate("%s: it took %lld ms", who, (long long)slot->close_us / 1000);
}

/* ---- all logins */

#define EACH_SLOT(each)                                                                                                \
	for (struct slot *each = &shared->slots[0][0]; each < &shared->slots[0][0] + (size_t)WORKERS * SLOTS; each++)

static bool is_shared(enum profile profile)
{
	return profile != PROFILE_SESSION;
}

/* May these two be in one set? The host name stands for the policy. */
static bool has_same_key(const struct slot *a, const struct slot *b)
{
	if (a == b)
		return true;
	if (a->profile != b->profile || !is_shared(a->profile) || strcmp(a->hostname, b->hostname) != 0)
		return false;
	if (a->profile == PROFILE_GROUP || a->profile == PROFILE_NAMED || a->profile == PROFILE_PERMANENT)
		return true;
	return a->user == b->user;
}

static void check_pair(const struct slot *a, const struct slot *b)
{
	bool is_one_set = a->init == b->init && a->init_start == b->init_start && a->init_start > 0;

	if (is_one_set != (strcmp(a->id, b->id) == 0) && a->init_start > 0 && b->init_start > 0)
		violate("openers %d and %d: inits %d and %d, but ids %s and %s", (int)a->opener, (int)b->opener,
		        (int)a->init, (int)b->init, a->id, b->id);
	if (is_one_set && !is_same(&a->view, &b->view, true))
		violate("openers %d and %d of init %d are in different namespaces", (int)a->opener, (int)b->opener,
		        (int)a->init);
	if (is_one_set && !has_same_key(a, b))
		violate("openers %d and %d have different keys, and both are in the set of init %d", (int)a->opener,
		        (int)b->opener, (int)a->init);
	if (!is_one_set && has_same_key(a, b) && !is_set_doomed(a) && !is_set_doomed(b))
		violate("openers %d and %d have one key, but inits %d and %d", (int)a->opener, (int)b->opener,
		        (int)a->init, (int)b->init);
}

/* The PID 1s that logins have ever had: who is killed and not among them was a helper on its way. */
static struct {
	struct doomed inits[DOOMED_MAX];
	int n;
} known;

static bool is_known(pid_t pid, unsigned long long start)
{
	for (int i = known.n - 1; i >= 0; i--)
		if (known.inits[i].pid == pid && known.inits[i].start == start)
			return true;
	return false;
}

static void check_slot(const struct slot *slot)
{
	if (!is_known(slot->init, slot->init_start) && known.n < DOOMED_MAX)
		known.inits[known.n++] = (struct doomed){.pid = slot->init, .start = slot->init_start};
	if (!is_alive(slot) && !is_set_doomed(slot))
		violate("opener %d, %s/%s: PID 1, %d, which nobody has killed, is dead", (int)slot->opener,
		        name_of_user[slot->user], name_of_profile[slot->profile], (int)slot->init);
	EACH_SLOT(other)
	{
		if (other < slot && other->stage == STAGE_INSIDE)
			check_pair(slot, other);
	}
}

/* Each login that was refused, all of them of scope session, must have lost a helper of its own. */
void check_round(int first_doomed, int n_refused, bool is_settled)
{
	static int n_helpers;

	EACH_SLOT(slot)
	{
		if (slot->stage == STAGE_INSIDE)
			check_slot(slot);
	}
	for (int i = first_doomed; i < shared->n_doomed && i < DOOMED_MAX; i++)
		n_helpers += !is_known(shared->doomed[i].pid, shared->doomed[i].start);
	n_helpers -= n_refused;
	if (n_helpers < 0)
		violate("a login was refused, and no helper was killed");
	if (is_settled)
		n_helpers = 0; /* whose helper was killed knows it by now */
}

/* ---- sets */

static char unsound[1000]; /* why the sets are not yet as they should be; "": they are */

#define UNSOUND(...)                                                                                                   \
	do {                                                                                                           \
		if (!unsound[0])                                                                                       \
			snprintf(unsound, sizeof(unsound), __VA_ARGS__);                                               \
	} while (0)

static void look_at_login(const struct slot *slot, const struct nsu_asked_list *list)
{
	static const char letters[PROFILES] = {'s', 'u', 'g', 'n', 'u', 'n', 'u', 'u'};
	int n = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct nsu_asked *asked = &list->items[i];

		if (asked->init_pid != slot->init)
			continue;
		n++;
		if (strcmp(asked->set.id, slot->id) != 0 || asked->key[0] != letters[slot->profile])
			UNSOUND("the set of opener %d tells another id, %s, or has another key, %s", (int)slot->opener,
			        asked->set.id, asked->key);
	}
	if (n != 1 && !is_set_doomed(slot))
		UNSOUND("opener %d, %s: its set, of init %d, is listed %d times", (int)slot->opener,
		        name_of_profile[slot->profile], (int)slot->init, n);
}

static void look_at_set(const struct nsu_asked *asked)
{
	size_t n = 0;

	EACH_SLOT(slot)
	n += slot->stage == STAGE_INSIDE && slot->init == asked->init_pid;
	if (asked->set.n_logins != n || asked->n != n)
		UNSOUND("the set %s of init %d tells of %zu logins, %zu in full, and has %zu", asked->key,
		        (int)asked->init_pid, asked->set.n_logins, asked->n, n);
	if (n == 0 && asked->set.lifetime == NSU_PLAN_LIFETIME_LOGIN)
		UNSOUND("the set %s of init %d has no login, and lives", asked->key, (int)asked->init_pid);
}

static bool are_sets_sound(void)
{
	struct nsu_asked_list list = NSU_ASKED_LIST_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int n_inits;

	unsound[0] = '\0';
	if (nsu_ask_all(&list, &fail) < 0)
		UNSOUND("list: %s: %s", fail.text, strerror(fail.err));
	if (list.n_silent > 0)
		UNSOUND("%zu sets do not answer", list.n_silent);
	EACH_SLOT(slot)
	{
		if (slot->stage == STAGE_INSIDE)
			look_at_login(slot, &list);
	}
	for (size_t i = 0; i < list.n; i++)
		look_at_set(&list.items[i]);
	pick_init(0, &n_inits);
	if (n_inits != (int)list.n)
		UNSOUND("%d processes " NSU_HELPER_NAME ", and %zu sets", n_inits, list.n);
	nsu_asked_list_clear(&list);
	return !unsound[0];
}

static bool await_sound(bool (*is_sound)(void), int ms)
{
	int64_t end_us = now_us() + (int64_t)ms * 1000;

	while (!is_sound()) {
		if (now_us() > end_us)
			return false;
		sleep_us(2000);
	}
	return true;
}

void check_sets(void)
{
	if (!await_sound(are_sets_sound, SETTLE_MS))
		violate("after %d ms of rest: %s", SETTLE_MS, unsound);
}

/* ---- the end */

/* Those without processes have ended by themselves. */
static bool are_only_permanent(void)
{
	struct nsu_asked_list list = NSU_ASKED_LIST_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	unsound[0] = '\0';
	if (nsu_ask_all(&list, &fail) < 0)
		UNSOUND("list: %s: %s", fail.text, strerror(fail.err));
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].set.lifetime != NSU_PLAN_LIFETIME_PERMANENT)
			UNSOUND("the set %s of init %d is still there", list.items[i].key, (int)list.items[i].init_pid);
	nsu_asked_list_clear(&list);
	return !unsound[0];
}

static void end_permanent(void)
{
	struct nsu_asked_list list = NSU_ASKED_LIST_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	auto_close int dirfd = -1;

	if (nsu_ask_all(&list, &fail) < 0 || nsu_registry_open(true, &dirfd, &fail) < 0)
		violate("list: %s: %s", fail.text, strerror(fail.err));
	for (size_t i = 0; i < list.n; i++)
		if (nsu_ask_to_end(dirfd, list.items[i].key, &fail) < 0)
			violate("end %s: %s: %s", list.items[i].key, fail.text, strerror(fail.err));
	nsu_asked_list_clear(&list);
}

static bool is_nothing_left(void)
{
	int n;

	unsound[0] = '\0';
	pick_init(0, &n);
	if (n > 0)
		UNSOUND("%d processes " NSU_HELPER_NAME, n);
	return n == 0;
}

static void check_registry(void)
{
	DIR *dir = opendir(NSU_RUN_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "metrics") != 0)
			violate("%s/%s is left", NSU_RUN_DIR, entry->d_name);
	if (dir)
		closedir(dir);
}

void check_end(void)
{
	struct nsu_asked_list list = NSU_ASKED_LIST_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (!await_sound(are_only_permanent, ORPHAN_MAX_MS * 2 + END_MS))
		violate("after the last logout: %s", unsound);
	end_permanent();
	if (!await_sound(is_nothing_left, END_MS))
		violate("after the end of all: %s", unsound);
	if (nsu_ask_all(&list, &fail) < 0 || list.n + list.n_silent > 0)
		violate("after the end of all a list fails, or shows %zu: %s", list.n, fail.text);
	nsu_asked_list_clear(&list);
	check_registry();
	for (int worker = 0; worker < WORKERS; worker++)
		if (shared->n_fds[worker] != 0)
			violate("worker %d has %d descriptors more", worker, shared->n_fds[worker]);
}
