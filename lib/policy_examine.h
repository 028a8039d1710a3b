/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_examine.h - the parts of nsu_policy_examine(): private to policy_examine.c, policy_reach.c, policy_places.c,
 * policy_doubts.c and policy_share.c.
 */
#ifndef NSU_POLICY_EXAMINE_H
#define NSU_POLICY_EXAMINE_H

#include "fail.h"
#include "policy_findings.h"
#include "policy_parse.h"

/**
 * nsu_examine_reach - which rules are never reached?
 * @policy:   linked
 * @findings: grows
 *
 * Those behind a rule that holds for whomever they would hold for. Asks NSS for the uid of users that are named, since only
 * a rule that names him serves uid 0. Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_examine_reach(const struct nsu_policy *policy, struct nsu_findings *findings);

/**
 * nsu_examine_places - are the places that settings name on this host, and safe to mount over?
 * @effective: merged
 * @origin:    to blame where no line of the policy names a place
 * @findings:  grows
 *
 * Those that are the same for all users. Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_examine_places(const struct nsu_effective *effective, const struct nsu_origin *origin,
                                   struct nsu_findings *findings);

/**
 * nsu_examine_doubts - will net and user do what was meant, and are a bridge and a named net on this host now?
 * @effective: merged
 * @origin:    to blame where no line of the policy gives the key
 * @findings:  grows
 *
 * Asks NSS for the group tty. Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_examine_doubts(const struct nsu_effective *effective, const struct nsu_origin *origin,
                                   struct nsu_findings *findings);

/**
 * nsu_examine_share - will those share a set who are meant to, and will it end as it is meant to?
 * @rule:      a rule, or a user's file
 * @effective: merged
 * @findings:  grows
 *
 * Asks NSS for users and groups that the rule names. Return: 0; -ENOMEM.
 */
NSU_CHECKED int nsu_examine_share(const struct nsu_rule *rule, const struct nsu_effective *effective,
                                  struct nsu_findings *findings);

#endif
