/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sweep NAME KINDS TIMEOUT_MS FLAGS WHAT...: as root in the sandbox, with a policy in its place.
 *   PART:ERRNO,ERRNO...  PART is open or close: each call of each role fails with each of these errors in turn
 *   PART:DEED            at each call of each role; the deeds are kill-ROLE, stop-helper, stop-net, stop-limits
 *   PART/ROLE/STEP:...   the same of that role only, at every STEP-th call
 *   only=PART:ROLE:N:ERRNO_OR_DEED  one case, in full
 *   random=COUNT         that many openers are killed at random moments
 * The roles are opener, intermediate, helper; net-intermediate, net; limits-intermediate, limits. KINDS are the namespaces
 * that a session must have, as in /proc/PID/ns, with commas. FLAGS, with commas: "allow": its on_error is that; "hardens": it
 * takes from its opener what never comes back; "net-first", "net-last": nsunshare-net is started, before or after the helper;
 * "limits": nsunshare-limits is; "shares": the scope is not "session"; "joins": and somebody else holds the set; "dead": before
 * each case there is the entry of a dead one; or "-".
 * It prints TAP: one line for each deed, role and system call; at the end the number of cases.
 */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define KEYS_MAX       600
#define DETAILS_MAX    8  /* places in full, for each line of TAP; all are named */
#define MISSES_TO_STOP 2  /* so often a call was not made: the role makes no more */
#define RETRIES_MAX    50 /* on a busy machine the time limit may pass before the call */

/* One line of the result. */
struct key {
	enum part part;
	enum role role;
	enum deed deed;
	int nr; /* -1: all calls */
	int n_cases, n_exempt;
	int verdicts[VERDICTS];
	int n_places, last_place; /* where it went wrong */
	char *details;
};

static struct key keys[KEYS_MAX];
static int n_keys, n_cases;
static struct outcome outcome;

static struct key *key_of(const struct fault *fault)
{
	int nr = fault->deed == FAIL_CALL ? outcome.call.nr : -1;

	for (int i = 0; i < n_keys; i++) {
		if (keys[i].part == fault->part && keys[i].role == fault->role && keys[i].deed == fault->deed &&
		    keys[i].nr == nr)
			return &keys[i];
	}
	if (n_keys == KEYS_MAX)
		case_fail("KEYS_MAX");
	keys[n_keys] = (struct key){.part = fault->part, .role = fault->role, .deed = fault->deed, .nr = nr};
	return &keys[n_keys++];
}

static void print_outcome(FILE *out, const struct fault *fault)
{
	fprintf(out, "# only=");
	name_fault(out, fault);
	fprintf(out, " at %s(%#llx, %#llx, %#llx, %#llx), open %d in %ld ms, close %d, fork errno %d, status %#x\n",
	        name_of_call(outcome.call.nr), outcome.call.args[0], outcome.call.args[1], outcome.call.args[2],
	        outcome.call.args[3], outcome.open_code, outcome.open_ms, outcome.close_code, outcome.fork_errno,
	        outcome.opener_status);
	for (int role = 0; role < ROLES; role++)
		fprintf(out, "# last call of the %s: %s\n", name_of_role[role], name_of_call(outcome.last[role].nr));
	for (int i = 0; i < outcome.n_log; i++)
		fprintf(out, "# log: %s\n", outcome.log[i]);
}

static void add_details(struct key *key, const struct fault *fault, const char *why)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	bool is_new = key->n_places == 0 || key->last_place != fault->n;

	key->n_places += is_new;
	key->last_place = fault->n;
	out = open_memstream(&text, &len);
	fprintf(out, "%s", key->details ? key->details : "");
	if (is_new && key->n_places <= DETAILS_MAX) {
		fputs(why, out);
		print_outcome(out, fault);
	} else {
		fprintf(out, "# and only=");
		name_fault(out, fault);
		fprintf(out, "\n");
	}
	fclose(out);
	free(key->details);
	key->details = text;
}

/* One case. Return: whether the call was there. */
static bool run_case(const struct fault *fault)
{
	static char why[TEXT_MAX];
	enum verdict verdict;
	struct key *key;
	FILE *out;

	case_run(fault, &outcome);
	memset(why, 0, sizeof(why));
	out = fmemopen(why, sizeof(why), "w");
	verdict = judge(fault, &outcome, out);
	fclose(out);
	if (!outcome.was_done && verdict != WRONG)
		return false;
	key = key_of(fault);
	if (fault->deed == FAIL_CALL && !call_can_fail(&outcome.call, fault->err) && outcome.was_done) {
		key->n_exempt++;
		return true;
	}
	n_cases++;
	key->n_cases++;
	key->verdicts[verdict]++;
	if (verdict == WRONG)
		add_details(key, fault, why);
	return outcome.was_done;
}

/* A run that no fault meets: it must succeed. The first shows what all others are compared with. */
static void run_plain(const char *when)
{
	static const struct fault none = {.deed = NO_DEED, .n = -1};
	static char why[TEXT_MAX];
	FILE *out;

	case_run(&none, &outcome);
	if (!sweep.view[0])
		memcpy(sweep.view, outcome.view, sizeof(sweep.view));
	memset(why, 0, sizeof(why));
	out = fmemopen(why, sizeof(why), "w");
	if (judge(&none, &outcome, out) != HARMLESS)
		fprintf(out, "# it is no success\n");
	fclose(out);
	printf("%s - %s: a session opens and closes %s\n", *why ? "not ok" : "ok", sweep.name, when);
	if (*why) {
		fputs(why, stdout);
		print_outcome(stdout, &none);
	}
}

/* What all are compared with must itself be isolated. */
static void check_kinds(void)
{
	char kinds[96], line[64], *kind, *rest = kinds;
	int n_own = 0, n_asked = 0;
	bool good = true;

	snprintf(kinds, sizeof(kinds), "%s", sweep.kinds);
	while ((kind = strtok_r(rest, ",", &rest))) {
		snprintf(line, sizeof(line), "namespace %s: its own\n", kind);
		good = good && strstr(sweep.view, line);
		n_asked++;
	}
	for (const char *at = sweep.view; (at = strstr(at, ": its own\n")); at++)
		n_own++;
	printf("%s - %s: without a fault a process inside has its own %s, and nothing else\n",
	       good && n_own == n_asked ? "ok" : "not ok", sweep.name, sweep.kinds);
	if (!good || n_own != n_asked)
		printf("# %s\n", sweep.view);
}

static void sweep_role(struct fault fault, int step, const int *errs, int n_errs)
{
	int misses = 0, retries = 0;

	/* Until its first call, the execveat(2), the opener waits in CLONE_VFORK without a limit; only root can stop it there. */
	for (fault.n = is_stop(fault.deed); misses < MISSES_TO_STOP && retries < RETRIES_MAX;) {
		bool was_there = true;

		for (int i = 0; i < n_errs && was_there; i++) {
			fault.err = errs[i];
			was_there = run_case(&fault);
		}
		fault.n += was_there ? step : 0;
		if (was_there)
			misses = 0;
		else if (outcome.open_code == PAM_SUCCESS)
			misses++;
		else
			retries++;
	}
	if (retries == RETRIES_MAX)
		printf("not ok - %s: %s of the %s: call %d was never reached in time\n", sweep.name,
		       name_of_deed[fault.deed], name_of_role[fault.role], fault.n);
}

static bool is_there(enum role role)
{
	for (const enum role *there = sweep.roles; *there != NOBODY; there++) {
		if (*there == role)
			return true;
	}
	return false;
}

/* The opener waits for each intermediate, and for what that has started until it has executed. */
static bool make_sense(const struct fault *fault)
{
	enum role role = fault->role, victim = victim_of(fault->deed);

	if (!is_there(role) || (fault->part == PART_CLOSE && role != OPENER && role != HELPER))
		return false;
	if (victim == INTERMEDIATE)
		return role == INTERMEDIATE || role == HELPER;
	if (victim == NET_INTERMEDIATE)
		return role == NET_INTERMEDIATE || role == NET;
	if (victim == LIMITS_INTERMEDIATE)
		return role == LIMITS_INTERMEDIATE || role == LIMITS;
	return (!is_stop(fault->deed) && victim != NET && victim != LIMITS) || role == victim;
}

/* PART:ERRNOS or PART:DEED; PART may be PART/ROLE/STEP. */
static bool sweep_all(const char *what)
{
	char text[128], one[160], only[24] = "", *word, *rest;
	struct fault fault = {.deed = NO_DEED};
	int errs[16], n_errs = 0, step = 1;

	snprintf(text, sizeof(text), "%s", strchr(what, ':') + 1);
	rest = text;
	if (sscanf(what, "%*[a-z]/%23[a-z-]/%d:", only, &step) == 1 || step < 1)
		return false;
	while ((word = strtok_r(rest, ",", &rest)) && n_errs < 16) {
		snprintf(one, sizeof(one), "%.*s:opener:0:%s", (int)strcspn(what, "/:"), what, word);
		if (!parse_fault(one, &fault))
			return false;
		errs[n_errs++] = fault.err;
	}
	for (int role = 0; role < ROLES; role++) {
		fault.role = (enum role)role;
		if ((!only[0] || role_of_name(only) == fault.role) && make_sense(&fault))
			sweep_role(fault, step, errs, n_errs);
	}
	return n_errs > 0;
}

static bool run_only(const char *text)
{
	struct fault fault;

	if (!parse_fault(text, &fault))
		return false;
	run_case(&fault);
	print_outcome(stdout, &fault);
	if (outcome.open_code == PAM_SUCCESS)
		diff_lines(stdout, sweep.view, outcome.view, NULL);
	diff_lines(stdout, outcome.before, outcome.open_code == PAM_SUCCESS ? outcome.after : outcome.opened, NULL);
	return true;
}

static void print_result(const struct key *key)
{
	static const char *const words[VERDICTS] = {"refused", "harmless", "ended at once", "killed", "WRONG"};

	if (key->n_cases == 0)
		return;
	printf("%s - %s, %s: ", key->verdicts[WRONG] ? "not ok" : "ok", sweep.name,
	       key->part == PART_OPEN ? "open" : "close");
	if (key->deed == FAIL_CALL)
		printf("%s of the %s fails: ", name_of_call(key->nr), name_of_role[key->role]);
	else
		printf("%s at each call of the %s: ", name_of_deed[key->deed], name_of_role[key->role]);
	printf("%d cases:", key->n_cases);
	for (int i = 0; i < VERDICTS; i++) {
		if (key->verdicts[i])
			printf(" %d %s", key->verdicts[i], words[i]);
	}
	printf("\n%s", key->details ? key->details : "");
}

static bool do_what(const char *what)
{
	if (strncmp(what, "only=", 5) == 0)
		return run_only(what + 5);
	if (strncmp(what, "random=", 7) == 0) {
		n_cases += random_kills(atoi(what + 7));
		return true;
	}
	return strchr(what, ':') && sweep_all(what);
}

static bool do_all(char **whats)
{
	const char *cannot = case_cannot_listen();

	if (!cannot) {
		run_plain("before all faults");
		check_kinds();
	}
	for (; *whats; whats++) {
		if (cannot && strncmp(*whats, "random=", 7) != 0) {
			printf("ok - %s: %s # SKIP no seccomp user notification here: %s\n", sweep.name, *whats,
			       cannot);
		} else if (!do_what(*whats)) {
			fprintf(stderr, "sweep: what is '%s'?\n", *whats);
			return false;
		}
	}
	for (int i = 0; i < n_keys; i++)
		print_result(&keys[i]);
	if (!cannot)
		run_plain("after all faults");
	return true;
}

static void take_flags(const char *flags)
{
	static const enum role no_net[] = {OPENER, INTERMEDIATE, HELPER, NOBODY};
	static const enum role net_first[] = {OPENER, NET_INTERMEDIATE, NET, INTERMEDIATE, HELPER, NOBODY};
	static const enum role net_last[] = {OPENER, INTERMEDIATE, HELPER, NET_INTERMEDIATE, NET, NOBODY};
	static const enum role joins[] = {OPENER, NOBODY};
	static const enum role limits[] = {OPENER, INTERMEDIATE, HELPER, LIMITS_INTERMEDIATE, LIMITS, NOBODY};

	sweep.allows = has_word(flags, "allow");
	sweep.hardens = has_word(flags, "hardens");
	sweep.stays = has_word(sweep.kinds, "user");
	sweep.limits = has_word(flags, "limits");
	sweep.joins = has_word(flags, "joins");
	sweep.begins_dead = has_word(flags, "dead");
	sweep.shares = has_word(flags, "shares") || sweep.joins || sweep.begins_dead;
	sweep.roles = sweep.joins ? joins : no_net;
	if (has_word(flags, "net-first"))
		sweep.roles = net_first;
	else if (has_word(flags, "net-last"))
		sweep.roles = net_last;
	else if (sweep.limits)
		sweep.roles = limits;
}

int main(int argc, char **argv)
{
	long began_ms = case_now_ms();

	if (argc < 6)
		return 2;
	sweep.name = argv[1];
	sweep.kinds = argv[2];
	sweep.timeout_ms = atoi(argv[3]);
	take_flags(argv[4]);
	case_prepare();
	if (!do_all(argv + 5))
		return 2;
	if (sweep.limits)
		printf("# %s: in %d cases the session's cgroup was left to the next open\n", sweep.name,
		       sweep.n_cgroups_left);
	printf("# %s: %d cases in %ld ms\n", sweep.name, n_cases, case_now_ms() - began_ms);
	return 0;
}
