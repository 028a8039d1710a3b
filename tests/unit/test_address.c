/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include "address.h"

#define TEN 0x0a400000U /* 10.64.0.0 */

static void count_leaves_out_network_and_broadcast(void **state)
{
	(void)state;
	assert_int_equal(nsu_address_count(30), 2);
	assert_int_equal(nsu_address_count(24), 254);
	assert_int_equal(nsu_address_count(16), 65534);
	assert_int_equal(nsu_address_count(8), 16777214);
}

static void check_all_once(uint32_t network, unsigned prefix_len, uid_t uid)
{
	uint32_t count = nsu_address_count(prefix_len);
	auto_free unsigned char *seen = calloc(count + 2, 1);

	assert_non_null(seen);
	for (uint32_t step = 0; step < count; step++) {
		uint32_t address = nsu_address_at(network, prefix_len, uid, step);

		assert_true(address > network && address < nsu_address_broadcast(network, prefix_len));
		assert_true(nsu_address_is_in(address, network, prefix_len));
		assert_int_equal(seen[address - network]++, 0);
	}
}

static void at_goes_through_the_network_once(void **state)
{
	static const uid_t uids[] = {0, 1, 1000, 1001, 65534, 0x7fffffff, 0xfffffffe};

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(uids); i++) {
		check_all_once(TEN, 30, uids[i]);
		check_all_once(TEN, 29, uids[i]);
		check_all_once(TEN, 16, uids[i]);
		check_all_once(0xffffff00U, 24, uids[i]); /* the end of all addresses */
		check_all_once(0, 24, uids[i]);
	}
	for (uint32_t step = 0; step < 1000; step++)
		assert_true(
			nsu_address_is_in(nsu_address_at(0x0a000000U, 8, 0xfffffffe, 16777213 - step), 0x0a000000U, 8));
}

static void at_begins_at_the_same_place_for_a_user_and_elsewhere_for_others(void **state)
{
	uint32_t alice = nsu_address_at(TEN, 16, 1501, 0);

	(void)state;
	assert_int_equal(nsu_address_at(TEN, 16, 1501, 0), alice);
	for (uid_t uid = 1000; uid < 2000; uid++) { /* no neighbour within ten sessions */
		uint32_t other = nsu_address_at(TEN, 16, uid, 0);

		assert_true(uid == 1501 || other > alice + 10 || other + 10 < alice);
	}
}

static void is_in_knows_the_network(void **state)
{
	(void)state;
	assert_true(nsu_address_is_in(TEN, TEN, 16) && nsu_address_is_in(TEN + 0xffff, TEN, 16));
	assert_false(nsu_address_is_in(TEN - 1, TEN, 16) || nsu_address_is_in(TEN + 0x10000, TEN, 16));
	assert_false(nsu_address_is_in(0, TEN, 30));
	assert_int_equal(nsu_address_broadcast(TEN, 16), TEN + 0xffff);
	assert_int_equal(nsu_address_broadcast(TEN + 5, 30), TEN + 7);
}

static void name_mac_and_text_follow_from_the_address(void **state)
{
	char name[NSU_ADDRESS_NAME_SIZE], text[NSU_ADDRESS_TEXT_SIZE];
	static const unsigned char wanted[] = {0x02, 'n', 10, 64, 1, 254};
	unsigned char mac[NSU_ADDRESS_MAC_LEN];

	(void)state;
	nsu_address_name(TEN + 0x1fe, name);
	assert_string_equal(name, "nsu0a4001fe");
	nsu_address_name(UINT32_MAX, name);
	assert_string_equal(name, "nsuffffffff");
	nsu_address_mac(TEN + 0x1fe, mac);
	assert_memory_equal(mac, wanted, sizeof(wanted));
	assert_int_equal(mac[0] & 3, 2); /* local, and of one station */
	assert_string_equal(nsu_address_text(TEN + 0x1fe, text), "10.64.1.254");
	assert_string_equal(nsu_address_text(UINT32_MAX, text), "255.255.255.255");
	assert_string_equal(nsu_address_text(0, text), "0.0.0.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count_leaves_out_network_and_broadcast),
		cmocka_unit_test(at_goes_through_the_network_once),
		cmocka_unit_test(at_begins_at_the_same_place_for_a_user_and_elsewhere_for_others),
		cmocka_unit_test(is_in_knows_the_network),
		cmocka_unit_test(name_mac_and_text_follow_from_the_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
