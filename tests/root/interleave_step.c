/* SPDX-License-Identifier: BSD-3-Clause */
/* The schedule: a pure function of seed, round and worker. In each round one user and one profile are in favour with all workers. */
#include "interleave.h"

#define FAVOUR_PERCENT  60
#define PROMPT_PERCENT  50 /* deeds without a delay, so that many begin at once */
#define GENERAL_PERCENT 28 /* deeds that concern no slot */

static uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15U;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
	return value ^ (value >> 31);
}

static uint64_t roll(uint64_t *dice)
{
	return *dice = mix(*dice);
}

static bool percent(uint64_t *dice, unsigned share)
{
	return roll(dice) % 100 < share;
}

static enum profile any_profile(uint64_t *dice, unsigned profiles)
{
	enum profile profile;

	do
		profile = (enum profile)(roll(dice) % PROFILES);
	while (!(profiles & (1U << profile)));
	return profile;
}

static enum deed any_of(uint64_t *dice, const enum deed deeds[], size_t n)
{
	return deeds[roll(dice) % n];
}

#define ANY_OF(dice, deeds) any_of(dice, deeds, sizeof(deeds) / sizeof((deeds)[0]))

struct step step_of(uint64_t seed, unsigned profiles, int round, int worker)
{
	static const enum deed if_free[] = {DEED_OPEN,      DEED_OPEN,      DEED_OPEN,      DEED_OPEN,      DEED_OPEN,
	                                    DEED_OPEN_KILL, DEED_OPEN_KILL, DEED_OPEN_STOP, DEED_OPEN_LEAVE};
	static const enum deed if_taken[] = {DEED_CLOSE, DEED_CLOSE, DEED_CLOSE, DEED_CLOSE_KILL, DEED_EXIT,
	                                     DEED_KILL,  DEED_KILL,  DEED_PROBE, DEED_ORPHAN};
	static const enum deed general[] = {DEED_KILL_INIT, DEED_KILL_INIT, DEED_HOLD_INIT, DEED_HOLD_INIT,
	                                    DEED_HOLD_INIT, DEED_END_SET,   DEED_EDIT,      DEED_ASK};
	uint64_t common = mix(seed ^ mix((uint64_t)round));
	uint64_t dice = mix(common ^ mix((uint64_t)worker + 1000));
	struct step step = {
		.slot = (int)(roll(&dice) % SLOTS),
		.user = (int)(roll(&dice) % USERS),
		.profile = any_profile(&dice, profiles),
		.if_free = ANY_OF(&dice, if_free),
		.if_taken = ANY_OF(&dice, if_taken),
	};

	if (percent(&dice, FAVOUR_PERCENT)) {
		step.user = (int)(roll(&common) % USERS);
		step.profile = any_profile(&common, profiles);
	}
	if (percent(&dice, GENERAL_PERCENT))
		step.if_free = step.if_taken = ANY_OF(&dice, general);
	step.before_us = percent(&dice, PROMPT_PERCENT) ? 0 : (unsigned)(roll(&dice) % DELAY_MAX_US);
	step.after_us = (unsigned)(roll(&dice) % DELAY_MAX_US);
	step.dice = roll(&dice);
	return step;
}
