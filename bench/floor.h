/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The floor: what the kernel itself takes for a session like the profile "default" of the user alice, by bare system calls:
 * no policy, no wire, no log, no check, every path trusted.
 */
#pragma once

#include <sys/types.h>

struct floor {
	int own[4]; /* the caller's mount, ipc, uts and pid namespaces, to come back to */
	int channel;
	int pidfd;
	pid_t pid; /* to be reaped; 0: it is nobody's child */
};

enum floor_kind {
	FLOOR_VFORK, /* the caller's memory is lent, and a minimal static program executed */
	FLOOR_FORK,  /* the caller's memory is copied, and nothing executed */
	FLOOR_VFORK_ORPHAN, /* the same two by an intermediate, whose end makes the child nobody's, so that no wait(2) of the */
	FLOOR_FORK_ORPHAN, /* caller sees it: without that cron and login hang */
};

/* Sets up the namespaces the calling process is in; in the new process. Return: 0 or -1. */
int floor_set_up(void);

/* Opens, and joins. @init: descriptor of the program. Return: 0; -1 with errno. */
int floor_open(enum floor_kind kind, int init, struct floor *floor);

/* Comes back, and ends it. */
void floor_close(struct floor *floor);
