/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frame.h - what all frames are made of: a head (magic, version in it; length), then fields one after the other: numbers as
 * uint64_t, strings as their length and their bytes without NUL. Pure. Private to wire.c and set.c.
 *
 * Writer and reader run down the same list of fields. One that has met an error writes nothing, or reads zeros, from then on, so
 * that only the end needs a look.
 */
#ifndef NSU_FRAME_H
#define NSU_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"

#define NSU_FRAME_HASH_INIT 0xcbf29ce484222325U

struct nsu_frame_writer {
	unsigned char *buffer; /* NULL: it is only measured */
	size_t cap;
	size_t len;
	uint64_t *hash; /* NULL, or: each byte is added to it */
	bool full;
};

struct nsu_frame_reader {
	const unsigned char *frame;
	size_t len;
	size_t pos;
	bool bad;
};

/**
 * nsu_frame_hash - add bytes to a hash (FNV-1a: no defence against somebody who chooses the input).
 * @hash:  NSU_FRAME_HASH_INIT, or of what came before
 * @bytes: borrowed, @n bytes
 * @n:     length
 *
 * Return: the hash with them.
 */
uint64_t nsu_frame_hash(uint64_t hash, const void *bytes, size_t n);

/**
 * nsu_frame_begin - write the head, with room for the length.
 * @writer: its buffer (or NULL) and cap are set
 * @magic:  says what the frame is, and of which version
 */
void nsu_frame_begin(struct nsu_frame_writer *writer, uint64_t magic);

/**
 * nsu_frame_put_number - write a number.
 * @writer: begun
 * @number: any
 */
void nsu_frame_put_number(struct nsu_frame_writer *writer, uint64_t number);

/**
 * nsu_frame_put_string - write a string.
 * @writer: begun
 * @string: borrowed
 */
void nsu_frame_put_string(struct nsu_frame_writer *writer, const char *string);

/**
 * nsu_frame_finish - put the length into the head.
 * @writer:  has a buffer
 * @ret_len: bytes written; untouched on failure
 *
 * Return: 0; -E2BIG if it did not fit.
 */
NSU_CHECKED int nsu_frame_finish(const struct nsu_frame_writer *writer, size_t *ret_len);

/**
 * nsu_frame_open - read the head.
 * @reader: its frame and len are set
 * @magic:  that is wanted
 *
 * Return: 0; -EPROTO if it is another; -EBADMSG if the length is wrong.
 */
NSU_CHECKED int nsu_frame_open(struct nsu_frame_reader *reader, uint64_t magic);

/**
 * nsu_frame_take_number - read a number.
 * @reader: open
 * @max:    a greater one makes the frame bad
 *
 * Return: the number; 0 of a bad frame.
 */
uint64_t nsu_frame_take_number(struct nsu_frame_reader *reader, uint64_t max);

/**
 * nsu_frame_take_bool - read a number that is 0 or 1.
 * @reader: open
 *
 * Return: whether it is 1.
 */
bool nsu_frame_take_bool(struct nsu_frame_reader *reader);

/**
 * nsu_frame_take_string - read a string.
 * @reader: open
 * @buffer: filled, terminated; "" of a bad frame
 * @cap:    size of @buffer; a string that does not fit, or holds a NUL, makes the frame bad
 */
void nsu_frame_take_string(struct nsu_frame_reader *reader, char *buffer, size_t cap);

/**
 * nsu_frame_end - has all been read, and well?
 * @reader: borrowed
 *
 * Return: 0; -EBADMSG.
 */
NSU_CHECKED int nsu_frame_end(const struct nsu_frame_reader *reader);

#endif
