/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What helper/main.c does with a frame before it acts on it: decode, then the check. Whatever comes through must be all
 * that setup.c relies on. The head of the input is set right, so that the fuzzer need not find it.
 */
#include "fuzz.h"

#include <string.h>

#include "wire.h"

/* The magic number, by the encoder itself. */
static uint64_t magic(void)
{
	auto_free struct nsu_plan *plan = fuzz_new_plan();
	unsigned char frame[1024];
	uint64_t number = 0;
	size_t len;

	nsu_plan_init(plan);
	REQUIRE(nsu_wire_encode(plan, frame, sizeof(frame), &len) == 0);
	memcpy(&number, frame, sizeof(number));
	return number;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free struct nsu_plan *plan = fuzz_new_plan();
	const uint64_t head[2] = {magic(), size};
	auto_free unsigned char *frame = NULL;
	struct nsu_fail fail = NSU_FAIL_INIT;

	if (size < sizeof(head) || size > NSU_FRAME_MAX)
		return 0;
	frame = malloc(size);
	REQUIRE(frame);
	memcpy(frame, data, size);
	memcpy(frame, head, sizeof(head));
	if (nsu_wire_decode(frame, size, plan) < 0 || nsu_plan_check(plan, &fail) < 0)
		return 0;
	REQUIRE(fail.err == 0 && !plan->leave_alone);
	fuzz_require_sound(plan);
	fuzz_require_own_text(plan);
	fuzz_require_same_through_wire(plan);
	return 0;
}
