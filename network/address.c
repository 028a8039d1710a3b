/* SPDX-License-Identifier: BSD-3-Clause */
#include "address.h"

#include <stdio.h>

#define SPREAD 2654435761U /* odd, and near 2^32 / 1.618: neighbours land far apart */

static uint32_t mask_of(unsigned prefix_len)
{
	return UINT32_MAX << (32 - prefix_len);
}

uint32_t nsu_address_count(unsigned prefix_len)
{
	return ~mask_of(prefix_len) - 1;
}

uint32_t nsu_address_at(uint32_t network, unsigned prefix_len, uid_t uid, uint32_t step)
{
	uint64_t count = nsu_address_count(prefix_len);
	uint64_t begin = (uint64_t)((uint32_t)uid * SPREAD) * count >> 32; /* the high bits are the spread ones */

	return network + 1 + (uint32_t)((begin + step) % count);
}

bool nsu_address_is_in(uint32_t address, uint32_t network, unsigned prefix_len)
{
	return (address & mask_of(prefix_len)) == network;
}

uint32_t nsu_address_broadcast(uint32_t network, unsigned prefix_len)
{
	return network | ~mask_of(prefix_len);
}

void nsu_address_name(uint32_t address, char name[NSU_ADDRESS_NAME_SIZE])
{
	snprintf(name, NSU_ADDRESS_NAME_SIZE, "nsu%08x", address);
}

static unsigned char byte_of(uint32_t address, unsigned index)
{
	return (unsigned char)(address >> (24 - 8 * index));
}

void nsu_address_mac(uint32_t address, unsigned char mac[NSU_ADDRESS_MAC_LEN])
{
	mac[0] = 0x02; /* locally administered, of one station */
	mac[1] = 'n';
	for (unsigned i = 0; i < 4; i++)
		mac[2 + i] = byte_of(address, i);
}

const char *nsu_address_text(uint32_t address, char text[NSU_ADDRESS_TEXT_SIZE])
{
	snprintf(text, NSU_ADDRESS_TEXT_SIZE, "%u.%u.%u.%u", byte_of(address, 0), byte_of(address, 1),
	         byte_of(address, 2), byte_of(address, 3));
	return text;
}
