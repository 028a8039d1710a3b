/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_load.h - the files of a policy: private to policy_load.c (which files), policy_files.c (one file) and policy_examine.c.
 */
#ifndef NSU_POLICY_LOAD_H
#define NSU_POLICY_LOAD_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "fail.h"
#include "policy_findings.h"
#include "policy_parse.h"

#define NSU_LOAD_SUFFIX ".conf"

struct nsu_names {
	struct dirent **items;
	size_t n;
};

/**
 * nsu_load_policy - nsu_policy_load(), or as much of a policy as can be read.
 * @path:       as there
 * @findings:   grows; NULL: the first mistake fails
 * @ret_policy: as there; rules and profiles with a mistake are in it, marked
 * @fail:       record
 *
 * Return: as nsu_policy_load(); with findings 0 or -ENOMEM.
 */
NSU_CHECKED int nsu_load_policy(const char *path, struct nsu_findings *findings, struct nsu_policy **ret_policy,
                                struct nsu_fail *fail);

/**
 * nsu_load_has_suffix - is it called as the files of a policy are?
 * @name: of a file, or its path
 *
 * Pure. Return: whether it ends in NSU_LOAD_SUFFIX.
 */
bool nsu_load_has_suffix(const char *name);

/**
 * nsu_load_file - read one more file into a policy.
 * @policy:   as nsu_policy_add() has it, and so the next
 * @part:     as there
 * @path:     clean absolute path
 * @findings: as there
 * @fail:     record
 *
 * Return: as nsu_policy_add(); -ENOENT, -EPERM, -ELOOP and others of nsu_fsat_open_trusted(), nsu_fsat_read_text().
 */
NSU_CHECKED int nsu_load_file(struct nsu_policy *policy, enum nsu_policy_part part, const char *path,
                              struct nsu_findings *findings, struct nsu_fail *fail);

/**
 * nsu_load_names - the files *.conf of a directory, in the order of their bytes.
 * @path:       clean absolute path
 * @max:        most that there may be
 * @names:      empty; filled, also on failure; nsu_names_clear() frees them
 * @ret_exists: whether there is such a directory; set in any case
 * @fail:       record
 *
 * Names that begin with "." are left out. Return: 0, also if there is none; -E2BIG; -errno of scandirat(3), or as
 * nsu_fsat_open_trusted().
 */
NSU_CHECKED int nsu_load_names(const char *path, size_t max, struct nsu_names *names, bool *ret_exists,
                               struct nsu_fail *fail);

/**
 * nsu_names_clear - free the names.
 * @names: initialised; may be used anew afterwards
 */
void nsu_names_clear(struct nsu_names *names);

/**
 * nsu_load_forget_user - free the user's file of a policy.
 * @policy: its user is NULL afterwards
 */
void nsu_load_forget_user(struct nsu_policy *policy);

#endif
