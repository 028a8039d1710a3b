/* SPDX-License-Identifier: BSD-3-Clause */
/* bus.h - the system's D-Bus, by which systemd and logind are asked; each call and each wait by a deadline. */
#ifndef NSU_BUS_H
#define NSU_BUS_H

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "base.h"
#include "fail.h"

#define auto_message __attribute__((cleanup(sd_bus_message_unrefp)))
#define auto_error   __attribute__((cleanup(sd_bus_error_free)))

struct nsu_bus {
	sd_bus *bus;         /* NULL: none is open */
	int64_t deadline_ms; /* in the time of nsu_proc_now_ms() */
	struct nsu_fail *fail;
};

/**
 * nsu_bus_open - connect to the system bus.
 * @bus: its deadline and record set, the rest zero; for nsu_bus_close(), also on failure
 *
 * Blocks until the deadline at most. Return: 0; -EXDEV where the bus is that of a host around this container or session, to
 * which process numbers mean something else; -ETIMEDOUT; -errno of the step.
 */
NSU_CHECKED int nsu_bus_open(struct nsu_bus *bus);

/**
 * nsu_bus_close - close the connection.
 * @bus: as before nsu_bus_open() afterwards
 */
void nsu_bus_close(struct nsu_bus *bus);

/**
 * nsu_bus_call - call a method, and drop its reply.
 * @bus:     open
 * @message: borrowed
 * @what:    what it is for, for the record
 *
 * Blocks until the deadline at most. Return: 0; -ETIMEDOUT; -errno of the error that was answered.
 */
NSU_CHECKED int nsu_bus_call(const struct nsu_bus *bus, sd_bus_message *message, const char *what);

/**
 * nsu_bus_work_until - let what comes by the bus be handled, until somebody says that it is enough.
 * @bus:     open
 * @is_done: looked at after each message; NULL: until the connection is usable
 * @what:    what is waited for, for the record
 *
 * Blocks until the deadline at most. Return: 0; -ETIMEDOUT; -errno of the connection.
 */
NSU_CHECKED int nsu_bus_work_until(const struct nsu_bus *bus, const bool *is_done, const char *what);

/**
 * nsu_bus_fail - record why a step failed.
 * @bus:   its record is written
 * @what:  the step
 * @ret:   as sd-bus has returned it, negative
 * @error: what the other end has said; NULL: nothing
 *
 * Return: -ETIMEDOUT where it is late, else @ret.
 */
int nsu_bus_fail(const struct nsu_bus *bus, const char *what, int ret, const sd_bus_error *error);

#endif
