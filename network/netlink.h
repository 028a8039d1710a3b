/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netlink.h - one request to the kernel's networking, and its answer, by libmnl. Never waits past a deadline.
 */
#ifndef NSU_NETLINK_H
#define NSU_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "base.h"
#include "fail.h"

#define NSU_NETLINK_WORDS_SIZE 128

/* To one net namespace: that in which it was opened. */
struct nsu_netlink {
	struct mnl_socket *socket;
	int64_t deadline_ms;
	uint32_t seq;                       /* of the request that is under way */
	struct nlmsghdr *request;           /* in its buffer */
	char words[NSU_NETLINK_WORDS_SIZE]; /* what the kernel has said to the last one, beside a number */
	uint64_t request_buffer[2048 / sizeof(uint64_t)];
	uint64_t answer_buffer[32768 / sizeof(uint64_t)]; /* the kernel's most for one part of a list */
};

/* Gets each message of an answer. */
typedef void (*nsu_netlink_visitor)(const struct nlmsghdr *message, void *data);

/**
 * nsu_netlink_open - open a socket to the net namespace that the process is in.
 * @netlink:     filled; for nsu_netlink_close()
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @fail:        record
 *
 * Return: 0; -errno of socket(2), bind(2).
 */
NSU_CHECKED int nsu_netlink_open(struct nsu_netlink *netlink, int64_t deadline_ms, struct nsu_fail *fail);

/**
 * nsu_netlink_close - close it.
 * @netlink: opened, or all zero
 */
void nsu_netlink_close(struct nsu_netlink *netlink);

/**
 * nsu_netlink_begin - begin a request; attributes are added with mnl_attr_put() and its kind to @netlink's request.
 * @netlink:    opened
 * @type:       RTM_*
 * @flags:      NLM_F_* beside NLM_F_REQUEST
 * @extra_size: bytes of the header that follows
 *
 * Return: that header, all zero.
 */
void *nsu_netlink_begin(struct nsu_netlink *netlink, uint16_t type, uint16_t flags, size_t extra_size);

/**
 * nsu_netlink_run - send the request that was begun, and read its answer.
 * @netlink: opened; its words are what the kernel has said of a failure, or ""
 * @visit:   called for each message of the answer but the last; NULL: none is wanted
 * @data:    its second argument
 *
 * Return: 0; the kernel's -errno; -ETIMEDOUT at the deadline; -errno of send(2), recv(2).
 */
NSU_CHECKED int nsu_netlink_run(struct nsu_netlink *netlink, nsu_netlink_visitor visit, void *data);

/**
 * nsu_netlink_fail - record that a request has failed, with the kernel's words.
 * @netlink: its last request is the one
 * @ret:     what nsu_netlink_run() returned
 * @fail:    record
 * @format:  printf format: what was asked for
 *
 * Return: @ret.
 */
NSU_PRINTF(4, 5)
int nsu_netlink_fail(const struct nsu_netlink *netlink, int ret, struct nsu_fail *fail, const char *format, ...);

#endif
