/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * opener.h - run a program in a session. Three processes: the tool itself stays on the host, and has the administrator's terminal;
 * its child, the opener, goes into the session; the opener's child becomes the user, and the program.
 */
#ifndef NSU_OPENER_H
#define NSU_OPENER_H

#include "base.h"
#include "fail.h"
#include "terminal.h"
#include "user_shell.h"

/* How the opener gets into the session, and out of it. */
struct nsu_opener {
	/* Return: 0; -errno with a record. It may add variables to the program's environment, and print what it has opened. */
	int (*open)(struct nsu_opener *opener, struct nsu_user_shell *shell, struct nsu_fail *fail);
	void (*close)(struct nsu_opener *opener); /* when the program has ended */
	int init_pidfd;                           /* set by open(): PID 1 of the session; -1: there is none */
	void *data;
};

/**
 * nsu_opener_run - open, run the program, close.
 * @opener:   borrowed; its open() and close() are called in a child, which nobody may trace
 * @shell:    borrowed: the program
 * @terminal: borrowed: of nsu_terminal_open()
 * @fail:     record
 *
 * The tool's end, whatever its cause, is the program's and the opener's too: SIGHUP, then after a while SIGKILL.
 * Return: the program's exit status, NSU_CLI_SIGNAL and the signal that it has died of, or NSU_CLI_NOT_RUN, _NOT_EXECUTABLE,
 * _NOT_FOUND, for which the reason is printed; -errno if it was not opened.
 */
NSU_CHECKED int nsu_opener_run(struct nsu_opener *opener, struct nsu_user_shell *shell,
                               const struct nsu_terminal *terminal, struct nsu_fail *fail);

#endif
