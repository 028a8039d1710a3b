/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * address.h - the IPv4 addresses of a pool, in the machine's byte order, and what follows from one. Pure.
 */
#ifndef NSU_ADDRESS_H
#define NSU_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"

#define NSU_ADDRESS_NAME_SIZE 12 /* "nsu", 8 digits, NUL; an interface's may have 16 */
#define NSU_ADDRESS_TEXT_SIZE 16 /* "255.255.255.255" */
#define NSU_ADDRESS_MAC_LEN   6

/**
 * nsu_address_count - how many addresses of hosts a network has.
 * @prefix_len: 1..30
 *
 * All but the first, of the network, and the last, of its broadcast. Pure. Return: 2 or more.
 */
uint32_t nsu_address_count(unsigned prefix_len);

/**
 * nsu_address_at - one of them.
 * @network:    its first address
 * @prefix_len: 1..30
 * @uid:        whose session: decides with which one it begins
 * @step:       0..nsu_address_count() - 1
 *
 * All steps together go through the network once. Users begin at places far apart, and each at the same one. Pure.
 * Return: the address.
 */
uint32_t nsu_address_at(uint32_t network, unsigned prefix_len, uid_t uid, uint32_t step);

/**
 * nsu_address_is_in - is an address one of a network?
 * @address:    looked at
 * @network:    its first address
 * @prefix_len: 1..30
 *
 * Pure. Return: whether it is.
 */
bool nsu_address_is_in(uint32_t address, uint32_t network, unsigned prefix_len);

/**
 * nsu_address_broadcast - the last address of a network.
 * @network:    its first one
 * @prefix_len: 1..30
 *
 * Pure. Return: the address.
 */
uint32_t nsu_address_broadcast(uint32_t network, unsigned prefix_len);

/**
 * nsu_address_name - the host's interface of the session that has an address.
 * @address: of the session
 * @name:    caller's; filled: "nsu0a400001" for 10.64.0.1
 */
void nsu_address_name(uint32_t address, char name[NSU_ADDRESS_NAME_SIZE]);

/**
 * nsu_address_mac - the hardware address that goes with an address.
 * @address: of the session
 * @mac:     caller's; filled: one that no maker of hardware gives out, the same each time
 */
void nsu_address_mac(uint32_t address, unsigned char mac[NSU_ADDRESS_MAC_LEN]);

/**
 * nsu_address_text - an address as people write it.
 * @address: which
 * @text:    caller's; filled
 *
 * Return: @text.
 */
const char *nsu_address_text(uint32_t address, char text[NSU_ADDRESS_TEXT_SIZE]);

#endif
