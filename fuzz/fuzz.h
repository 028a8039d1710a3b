/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fuzz targets share. A target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput(): it ends the process
 * where something does not hold, and returns 0. libFuzzer drives it (`make fuzz`), or replay.c does with files (`make
 * check`).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan.h"
#include "subject.h"

/* What must hold whatever the input is. */
#define REQUIRE(condition)                                                                                             \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Room for a plan on the heap, so that the sanitizer sees a write behind it; filled with bytes that no plan has. */
struct nsu_plan *fuzz_new_plan(void);

/* Is it a clean absolute path? Said in other words than text.c's. */
bool fuzz_is_clean(const char *path);

/* All that the helper relies on in a plan that has passed nsu_plan_check(). */
void fuzz_require_sound(const struct nsu_plan *plan);

/* Is each of its strings in the plan's own text? */
void fuzz_require_own_text(const struct nsu_plan *plan);

/* Do two plans say the same? */
void fuzz_require_same(const struct nsu_plan *a, const struct nsu_plan *b);

/* A plan that passed the check: goes through a frame and comes back as the same. */
void fuzz_require_same_through_wire(const struct nsu_plan *plan);

/*
 * The logins that each policy is asked about. subjects.c has its own answers to what subject.c would ask the name
 * service: groups root 0, students 2000, staff 2001, wheel 2002; "broken" fails, others do not exist. A subject belongs
 * to the caller: nsu_subject_name_group() may change it.
 */
#define FUZZ_SUBJECTS 6

struct nsu_subject fuzz_subject(unsigned index);
