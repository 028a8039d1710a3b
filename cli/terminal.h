/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * terminal.h - a terminal of its own for a program, so that it gets none of the administrator's: with that it could read what he
 * types later, or type for him. Of the three standard streams those that are terminals become the new one; files and
 * pipes are handed on as they are.
 */
#ifndef NSU_TERMINAL_H
#define NSU_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"
#include "defaults.h"
#include "fail.h"

struct nsu_terminal {
	int master_fd; /* -1: no standard stream is a terminal, and there is no new one; likewise the next */
	int slave_fd;
	bool is_replaced[3];           /* which of the standard streams */
	bool is_raw;                   /* standard input and output are: all that is typed goes through unchanged */
	char name[NSU_LOGIN_TEXT_MAX]; /* "pts/5"; "" */
};

#define NSU_TERMINAL_INIT                                                                                              \
	{                                                                                                              \
		.master_fd = -1, .slave_fd = -1                                                                        \
	}

/**
 * nsu_terminal_open - make a terminal, if one of the standard streams is one.
 * @terminal: initialised; for nsu_terminal_close()
 * @owner:    who it shall belong to, as an uid of the caller's
 * @fail:     record
 *
 * It has the size and the settings of the old one. Return: 0; -EISDIR if a standard stream is a directory, by which the program
 * could leave its view; -errno of opening /dev/ptmx.
 */
NSU_CHECKED int nsu_terminal_open(struct nsu_terminal *terminal, uid_t owner, struct nsu_fail *fail);

/**
 * nsu_terminal_take - make it the standard streams and the controlling terminal of the caller.
 * @terminal: borrowed
 * @fail:     record
 *
 * The caller, a forked child, begins a session (setsid(2)), also where there is no terminal. Return: 0; -errno of the step.
 */
NSU_CHECKED int nsu_terminal_take(const struct nsu_terminal *terminal, struct nsu_fail *fail);

/**
 * nsu_terminal_relay - carry what is typed, printed, signalled and resized between the two until a child has ended.
 * @terminal:   borrowed
 * @pid:        a child of the caller, not reaped yet
 * @ret_status: as waitpid(2) has it; untouched on failure
 * @fail:       record
 *
 * SIGINT and SIGQUIT go to what is in the foreground of the terminal, or to the child; SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 to the child.
 * Takes these signals meanwhile. The old terminal's settings are as before at the end, whatever has happened.
 * Return: 0; -errno of signalfd(2), poll(2).
 */
NSU_CHECKED int nsu_terminal_relay(const struct nsu_terminal *terminal, pid_t pid, int *ret_status,
                                   struct nsu_fail *fail);

/**
 * nsu_terminal_close - hang up.
 * @terminal: initialised; as NSU_TERMINAL_INIT afterwards
 */
void nsu_terminal_close(struct nsu_terminal *terminal);

#endif
