/* SPDX-License-Identifier: BSD-3-Clause */
/* cwd.h - the working directory of an opener, which setns(2) with a mount namespace sets to the root. Private to session.c. */
#ifndef NSU_CWD_H
#define NSU_CWD_H

#include "defaults.h"

/**
 * nsu_cwd_get - where the calling process is.
 * @path: filled; "" where it can't be told
 *
 * The system call itself: getcwd(3) would walk up the tree, which may hang, where this says "(unreachable)".
 */
void nsu_cwd_get(char path[NSU_PATH_MAX]);

/**
 * nsu_cwd_go_back - go to where the process was, by the name that had before.
 * @cwd:  of nsu_cwd_get()
 * @home: where to go else; may be ""
 *
 * Where neither exists the root is left, where setns(2) has put it.
 */
void nsu_cwd_go_back(const char *cwd, const char *home);

#endif
