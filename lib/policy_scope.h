/* SPDX-License-Identifier: BSD-3-Clause */
/* policy_scope.h - what a set that logins share is made of, and whether they can. Private to the files policy*.c and resolve*.c. */
#ifndef NSU_POLICY_SCOPE_H
#define NSU_POLICY_SCOPE_H

#include "fail.h"
#include "policy_parse.h"

/* A template that a set is made of, and where it stands. */
struct nsu_set_text {
	const struct nsu_origin *origin;
	const char *key;
	const char *text;
};

/* Gets one of them, which is gone afterwards. Return: 0; something else to hear no more. */
typedef int nsu_policy_tell_text(void *data, const struct nsu_set_text *text);

/**
 * nsu_policy_check_scope - the part of nsu_policy_check_settings() that is about scope and lifetime.
 * @effective: merged
 * @origin:    to blame where no layer's line is
 * @fail:      record; text "file:line: ..."
 *
 * What is each login's own, or one user's, is refused where a set is to be shared: it would be another set for each, or that of
 * whoever came first. Pure. Return: 0; -EINVAL.
 */
NSU_CHECKED int nsu_policy_check_scope(const struct nsu_effective *effective, const struct nsu_origin *origin,
                                       struct nsu_fail *fail);

/**
 * nsu_policy_tell_texts - all templates that a set is made of, one after the other.
 * @effective: merged
 * @tell:      called for each
 * @data:      for @tell
 *
 * Host and domain name, the place of proc and the name of net where those are wanted, paths, sources and exposed paths; not
 * the environment, which is each login's own. Return: 0; what @tell returned, if that was something else.
 */
int nsu_policy_tell_texts(const struct nsu_effective *effective, nsu_policy_tell_text *tell, void *data);

/**
 * nsu_policy_find_letter - the first letter of a template that is one of some.
 * @template: borrowed, valid; NULL has none
 * @letters:  those to look for
 *
 * Pure. Return: the letter; 0 if it has none of them.
 */
char nsu_policy_find_letter(const char *template, const char *letters);

#endif
