/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The floor: what the kernel itself takes for a session like the profile "default" of the user alice, by bare system calls:
 * no policy, no wire, no log, no check, every path trusted. With more kinds of namespaces it makes and mounts what a profile
 * with them does.
 */
#pragma once

#include <sys/types.h>

#define FLOOR_KINDS 8

struct floor {
	int own[FLOOR_KINDS]; /* the caller's namespaces of these kinds, to come back to; -1 each: none is kept */
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

/* Sets up the namespaces the calling process is in, and the user namespace in one more; in the new process. @namespaces: all
   that the session has. Return: 0 or -1. */
int floor_set_up(int channel, unsigned namespaces);

/* Opens, and joins. @more: CLONE_NEW* beside the four of the profile, only with FLOOR_VFORK_ORPHAN; with CLONE_NEWUSER there is
   no way back. @init: descriptor of the program. Return: 0; -1 with errno. */
int floor_open(enum floor_kind kind, unsigned more, int init, struct floor *floor);

/* Comes back, and ends it. */
void floor_close(struct floor *floor);
