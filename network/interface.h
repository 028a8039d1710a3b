/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interface.h - interfaces, their IPv4 addresses and routes: one request each, in the net namespace of the socket.
 */
#ifndef NSU_INTERFACE_H
#define NSU_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "fail.h"
#include "netlink.h"

/**
 * nsu_interface_find - the number of an interface.
 * @netlink:   opened
 * @name:      of it
 * @kind:      it must be of this kind, such as "bridge"; NULL: any
 * @ret_index: its number; untouched on failure
 *
 * Return: 0; -ENODEV if there is none; -EMEDIUMTYPE if it is of another kind; as nsu_netlink_run().
 */
NSU_CHECKED int nsu_interface_find(struct nsu_netlink *netlink, const char *name, const char *kind, int *ret_index);

/**
 * nsu_interface_isolate - say whether a port of a bridge reaches the other ports that are isolated.
 * @netlink:  opened
 * @index:    of the port
 * @isolated: true: it does not
 *
 * Return: as nsu_netlink_run().
 */
NSU_CHECKED int nsu_interface_isolate(struct nsu_netlink *netlink, int index, bool isolated);

/**
 * nsu_interface_up - bring an interface up.
 * @netlink: opened
 * @index:   of it
 * @alias:   words that `ip link` shows beside it; NULL: none
 *
 * Return: as nsu_netlink_run().
 */
NSU_CHECKED int nsu_interface_up(struct nsu_netlink *netlink, int index, const char *alias);

/**
 * nsu_interface_add_address - give an interface an address.
 * @netlink:    opened
 * @index:      of it
 * @address:    which
 * @prefix_len: of the network that is reached by it without a gateway; 32: none, and no broadcast
 *
 * Return: as nsu_netlink_run().
 */
NSU_CHECKED int nsu_interface_add_address(struct nsu_netlink *netlink, int index, uint32_t address,
                                          unsigned prefix_len);

/* Where packets go. */
struct nsu_interface_route {
	uint32_t to; /* a network */
	unsigned prefix_len;
	int index;       /* by this interface */
	uint32_t by;     /* and this gateway; 0: it is reached without one */
	uint32_t source; /* the sender's address, where he names none; 0: the kernel's choice */
};

/**
 * nsu_interface_add_route - add a route.
 * @netlink: opened
 * @route:   borrowed
 *
 * Return: as nsu_netlink_run(): -EEXIST if there is one like it.
 */
NSU_CHECKED int nsu_interface_add_route(struct nsu_netlink *netlink, const struct nsu_interface_route *route);

/**
 * nsu_interface_address_in - the first address of an interface that is of a network.
 * @netlink:     opened
 * @index:       of it
 * @network:     its first address
 * @prefix_len:  of the network
 * @ret_address: the address; 0: it has none
 *
 * Return: as nsu_netlink_run().
 */
NSU_CHECKED int nsu_interface_address_in(struct nsu_netlink *netlink, int index, uint32_t network, unsigned prefix_len,
                                         uint32_t *ret_address);

/**
 * nsu_interface_is_local - does an address mean this host itself, or all of a network of it?
 * @netlink:   opened
 * @address:   looked at
 * @ret_local: the answer
 *
 * Return: as nsu_netlink_run().
 */
NSU_CHECKED int nsu_interface_is_local(struct nsu_netlink *netlink, uint32_t address, bool *ret_local);

/**
 * nsu_interface_remove - remove an interface; the other end of a pair goes with it.
 * @netlink: opened
 * @name:    of it
 *
 * Return: as nsu_netlink_run().
 */
NSU_CHECKED int nsu_interface_remove(struct nsu_netlink *netlink, const char *name);

#endif
