/* SPDX-License-Identifier: BSD-3-Clause */
/* The ways to open and close a session that are measured beside each other, and how a sample is taken. */
#pragma once

#include <stddef.h>

#define TOUCHED_BYTES (10UL * 1024 * 1024) /* of the caller's memory: about what sshd has */

/*
 * By name: KIND being "net", "cgroup", "time", "user" or "all", "vfork:KIND" (the floor with such a namespace too); "vfork", "fork" and, without an intermediate, "vfork-child" and "fork-child" (floor.h); "command" (unshare(1), from
 * its start to its end); "nothing"; and any other: the PAM service of that name, for the user alice.
 */
struct method;

/* Ends the program with a message if it can't. */
struct method *method_get(const char *name);

/* The time, in microseconds. */
double method_now_us(void);

/* Microseconds that it took. End the program with a message on failure. */
double method_open(struct method *method);
double method_close(struct method *method);

/* The same two by a child of the caller, since out of a user namespace there is no way back. */
void method_sample(struct method *method, double *ret_opened, double *ret_closed);

/* Touches TOUCHED_BYTES, which stay. */
void method_touch_memory(void);

/* The value below which so many of a hundred samples lie; sorts them. */
double method_percentile(double *samples, size_t n, unsigned percent);
