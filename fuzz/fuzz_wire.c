/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All four frames as a hostile peer may send them. What a decoder takes is the one form that the encoder writes, and all of
 * its strings end.
 */
#include "fuzz.h"

#include <string.h>

#include "set.h"
#include "wire.h"

static unsigned char again[2 * NSU_FRAME_MAX];

static void take_plan(const uint8_t *frame, size_t len)
{
	auto_free struct nsu_plan *plan = fuzz_new_plan();
	struct nsu_fail fail = NSU_FAIL_INIT;
	size_t len_again = 0;

	if (nsu_wire_decode(frame, len, plan) < 0)
		return;
	REQUIRE(plan->n_mounts <= NSU_PLAN_MOUNTS_MAX);
	fuzz_require_own_text(plan);
	REQUIRE(nsu_wire_encode(plan, again, sizeof(again), &len_again) == 0);
	REQUIRE(len == len_again && memcmp(frame, again, len) == 0);
	if (nsu_plan_check(plan, &fail) < 0)
		REQUIRE(fail.err != 0 && memchr(fail.text, '\0', sizeof(fail.text)));
}

static void take_answer(const uint8_t *frame, size_t len)
{
	struct nsu_wire_answer answer;
	char line[NSU_FAIL_TEXT_MAX + 128];
	size_t len_again = 0;

	memset(&answer, 0xa5, sizeof(answer));
	if (nsu_wire_decode_answer(frame, len, &answer) < 0)
		return;
	REQUIRE(answer.fail.err >= 0 && memchr(answer.fail.text, '\0', sizeof(answer.fail.text)));
	REQUIRE(strlen(nsu_fail_line(&answer.fail, line, sizeof(line))) < sizeof(line));
	REQUIRE(nsu_wire_encode_answer(&answer, again, sizeof(answer) + 64, &len_again) == 0);
	if (answer.fail.err != 0) /* of a success the encoder sends no text */
		REQUIRE(len == len_again && memcmp(frame, again, len) == 0);
}

static void take_hello(const uint8_t *frame, size_t len)
{
	struct nsu_set_hello hello;
	size_t len_again = 0;

	memset(&hello, 0xa5, sizeof(hello));
	if (nsu_set_decode_hello(frame, len, &hello) < 0)
		return;
	REQUIRE(hello.wish >= NSU_SET_LOGIN && hello.wish <= NSU_SET_END);
	REQUIRE(nsu_set_encode_hello(&hello, again, NSU_HELLO_MAX, &len_again) == 0);
	REQUIRE(len == len_again && memcmp(frame, again, len) == 0);
}

static void take_set(const uint8_t *frame, size_t len)
{
	static struct nsu_login logins[NSU_SET_PAGE];
	const struct nsu_login *page[NSU_SET_PAGE] = {NULL};
	struct nsu_set set;
	size_t n = 0, len_again = 0;

	memset(&set, 0xa5, sizeof(set));
	memset(logins, 0xa5, sizeof(logins));
	if (nsu_set_decode(frame, len, &set, logins, &n) < 0)
		return;
	REQUIRE(n <= NSU_SET_PAGE && set.n_logins <= NSU_LOGINS_MAX);
	REQUIRE(set.scope < NSU_PLAN_SCOPES && set.lifetime < NSU_PLAN_LIFETIMES);
	for (size_t i = 0; i < n; i++)
		page[i] = &logins[i];
	REQUIRE(nsu_set_encode(&set, page, n, again, &len_again) == 0);
	REQUIRE(len == len_again && memcmp(frame, again, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	take_plan(data, size);
	take_answer(data, size);
	take_hello(data, size);
	take_set(data, size);
	return 0;
}
