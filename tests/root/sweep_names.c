/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of calls, errors, roles and faults; and which calls can fail. syscall_names.inc is made from the kernel's headers by the test. */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const char *const calls[] = {
#include <syscall_names.inc>
};

const char *const name_of_role[ROLES] = {"opener", "intermediate",        "helper", "net-intermediate",
                                         "net",    "limits-intermediate", "limits"};

/* In the order of enum deed: what comes after the first dash is whom it is done to. */
const char *const name_of_deed[DEEDS] = {
	"nothing",     "fail",
	"kill-opener", "kill-intermediate",
	"kill-helper", "kill-net-intermediate",
	"kill-net",    "kill-limits-intermediate",
	"kill-limits", "stop-helper",
	"stop-net",    "stop-limits",
};

/* Is it one of the words, with commas between them? */
bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (; *words; words += strcspn(words, ","), words += *words == ',') {
		if (strcspn(words, ",") == len && strncmp(words, word, len) == 0)
			return true;
	}
	return false;
}

enum role role_of_name(const char *name)
{
	for (int role = 0; role < ROLES; role++) {
		if (strcmp(name, name_of_role[role]) == 0)
			return (enum role)role;
	}
	return NOBODY;
}

/* Whom a deed is done to; NOBODY: to no process. */
enum role victim_of(enum deed deed)
{
	return deed >= KILL_OPENER ? role_of_name(strchr(name_of_deed[deed], '-') + 1) : NOBODY;
}

bool is_stop(enum deed deed)
{
	return deed >= STOP_HELPER && deed < DEEDS;
}

const char *name_of_call(int nr)
{
	if (nr < 0)
		return "no call";
	return (size_t)nr < sizeof(calls) / sizeof(calls[0]) && calls[nr] ? calls[nr] : "unknown call";
}

/* PART:ROLE:N:DEED, which `sweep only=...` takes. */
void name_fault(FILE *out, const struct fault *fault)
{
	fprintf(out, "%s:%s:%d:%s", fault->part == PART_OPEN ? "open" : "close", name_of_role[fault->role], fault->n,
	        fault->deed == FAIL_CALL ? strerrorname_np(fault->err) : name_of_deed[fault->deed]);
}

static bool parse_deed(const char *text, struct fault *fault)
{
	for (int deed = KILL_OPENER; deed < DEEDS; deed++) {
		if (strcmp(text, name_of_deed[deed]) == 0) {
			fault->deed = (enum deed)deed;
			return true;
		}
	}
	for (int err = 1; err < 134; err++) {
		if (strerrorname_np(err) && strcmp(text, strerrorname_np(err)) == 0) {
			fault->deed = FAIL_CALL;
			fault->err = err;
			return true;
		}
	}
	return false;
}

bool parse_fault(const char *text, struct fault *fault)
{
	char part[8], role[24], deed[32];

	if (sscanf(text, "%7[a-z]:%23[a-z-]:%d:%31s", part, role, &fault->n, deed) != 4)
		return false;
	fault->part = strcmp(part, "open") == 0 ? PART_OPEN : PART_CLOSE;
	fault->role = role_of_name(role);
	return fault->role != NOBODY && parse_deed(deed, fault);
}

/* Calls that no kernel fails when they are asked for what the module and the C libraries ask of them. */
bool call_can_fail(const struct call *call, int err)
{
	switch (call->nr) {
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
	case SYS_restart_syscall:
	case SYS_getpid:
	case SYS_getppid:
	case SYS_geteuid:
	case SYS_umask:
	case SYS_set_tid_address:
	case SYS_rt_sigprocmask:
	case SYS_futex: /* glibc, which calls it while it loads a library, aborts */
		return false;
	case SYS_prctl:
		return call->args[0] != PR_SET_NAME;
	case SYS_wait4:
		return err == EINTR; /* of one's own child */
	default:
		return true;
	}
}
