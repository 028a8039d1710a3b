/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arguments.h - what stands behind the module on its line in /etc/pam.d.
 */
#ifndef NSU_ARGUMENTS_H
#define NSU_ARGUMENTS_H

#include <stdbool.h>

#include "base.h"
#include "fail.h"

struct nsu_arguments {
	const char *conf;    /* NULL: not given */
	const char *profile; /* NULL: not given */
	bool debug;
};

/**
 * nsu_arguments_parse - take the module's arguments apart.
 * @argc:      how many
 * @argv:      borrowed, as long as @arguments is used
 * @arguments: cleared before; filled
 * @fail:      record
 *
 * Pure. Return: 0; -EINVAL for one that is unknown, repeated, or has no value or a wrong one.
 */
NSU_CHECKED int nsu_arguments_parse(int argc, const char **argv, struct nsu_arguments *arguments,
                                    struct nsu_fail *fail);

#endif
