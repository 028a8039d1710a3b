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

/* Each writes one field. */
void nsu_frame_put_number(struct nsu_frame_writer *writer, uint64_t number);
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

/* Each reads one field. A number above @max, and a string that holds a NUL or does not fit, make the frame bad. */
uint64_t nsu_frame_take_number(struct nsu_frame_reader *reader, uint64_t max);
bool nsu_frame_take_bool(struct nsu_frame_reader *reader);
void nsu_frame_take_string(struct nsu_frame_reader *reader, char *buffer, size_t cap);

/**
 * nsu_frame_end - has all been read, and well?
 * @reader: borrowed
 *
 * Return: 0; -EBADMSG.
 */
NSU_CHECKED int nsu_frame_end(const struct nsu_frame_reader *reader);

#endif
