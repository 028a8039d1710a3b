/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of calls, errors, roles and faults. syscall_names.inc is made from the kernel's headers by the test. */
#include "sweep.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static const char *const calls[] = {
#include <syscall_names.inc>
};

const char *const name_of_role[ROLES] = {"opener", "intermediate", "helper"};
const char *const name_of_deed[] = {"nothing",           "fail",        "kill-opener",
                                    "kill-intermediate", "kill-helper", "stop-helper"};

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
	for (int deed = KILL_OPENER; deed <= STOP_HELPER; deed++) {
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
	char part[8], role[16], deed[24];

	if (sscanf(text, "%7[a-z]:%15[a-z]:%d:%23s", part, role, &fault->n, deed) != 4)
		return false;
	fault->part = strcmp(part, "open") == 0 ? PART_OPEN : PART_CLOSE;
	fault->role = NOBODY;
	for (int i = 0; i < ROLES; i++) {
		if (strcmp(role, name_of_role[i]) == 0)
			fault->role = (enum role)i;
	}
	return fault->role != NOBODY && parse_deed(deed, fault);
}
