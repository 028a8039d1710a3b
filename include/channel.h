/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * channel.h - one frame and one descriptor at a time over a SOCK_SEQPACKET pair, with a deadline.
 */
#ifndef NSU_CHANNEL_H
#define NSU_CHANNEL_H

#include <stddef.h>

#include "base.h"
#include "fail.h"

/**
 * nsu_channel_make - a connected pair of sockets, O_CLOEXEC.
 * @ret_ends: two descriptors, given; untouched on failure
 * @fail:     record
 *
 * Return: 0; -errno of socketpair(2).
 */
NSU_CHECKED int nsu_channel_make(int ret_ends[2], struct nsu_fail *fail);

/**
 * nsu_channel_send - send one frame, and with it one descriptor.
 * @channel_fd: borrowed
 * @frame:      borrowed, @len bytes, at least 1
 * @len:        length in bytes
 * @send_fd:    a descriptor to duplicate into the receiver; -1: none
 *
 * Never blocks, raises no SIGPIPE. Return: 0; -EAGAIN if there is no room; -EPIPE if the other end is closed; -errno of
 * sendmsg(2).
 */
NSU_CHECKED int nsu_channel_send(int channel_fd, const void *frame, size_t len, int send_fd);

/**
 * nsu_channel_receive - receive one frame, and the descriptor that came with it.
 * @channel_fd:  borrowed
 * @frame:       caller's, @cap bytes
 * @cap:         size of @frame
 * @ret_len:     bytes received; 0: the other end is closed. Untouched on failure
 * @ret_fd:      given: the descriptor, O_CLOEXEC, or -1; NULL: none is wanted, one that comes is closed
 *
 * Never blocks. Return: 0; -EAGAIN if nothing is there; -EMSGSIZE if a frame is longer than @cap or brought more than
 * one descriptor; -EMFILE if there is no number for that one; -errno of recvmsg(2).
 */
NSU_CHECKED int nsu_channel_receive(int channel_fd, void *frame, size_t cap, size_t *ret_len, int *ret_fd);

#endif
