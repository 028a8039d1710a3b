/* SPDX-License-Identifier: BSD-3-Clause */
/* select.h - which of the living sets a word on the command line means: ID, USER or KEY. */
#ifndef NSU_CLI_SELECT_H
#define NSU_CLI_SELECT_H

#include "ask.h"
#include "base.h"
#include "fail.h"

#define NSU_CLI_SELECT_PREFIX_MIN 4 /* digits of an id that are enough where no other set's begins with them */

/**
 * nsu_cli_select - the sets that a word means.
 * @word: the id of a set, or at least NSU_CLI_SELECT_PREFIX_MIN of its first digits; a key; or a user's name, which means all sets
 *        of scope session and user that are his
 * @list: of nsu_ask_all(): the others are taken out and freed, but not on failure; a silent one is there if @word is its key or,
 *        in scope session, its id, or the name of the user in its key
 * @fail: record; says what to do
 *
 * What is both digits of an id and a user's name is refused if there are sets of either. Asks NSS, unless @word is a key or a whole
 * id. Return: 0, with at least one set; -ENOENT; -ENOTUNIQ; -errno of NSS.
 */
NSU_CHECKED int nsu_cli_select(const char *word, struct nsu_asked_list *list, struct nsu_fail *fail);

/**
 * nsu_cli_select_one - the one set that a word means, and which answers.
 * @word: as nsu_cli_select() has it
 * @list: likewise: one is left, list->items[0], with n 1
 * @fail: record; names the candidates where there are several
 *
 * Return: 0; -ENOTUNIQ; -ETIMEDOUT if it is silent; as nsu_cli_select().
 */
NSU_CHECKED int nsu_cli_select_one(const char *word, struct nsu_asked_list *list, struct nsu_fail *fail);

#endif
