/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#include <errno.h>
#include <string.h>

uint64_t nsu_frame_hash(uint64_t hash, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3;
	return hash;
}

static void put_bytes(struct nsu_frame_writer *writer, const void *bytes, size_t len)
{
	if (writer->full || len > writer->cap - writer->len) {
		writer->full = true;
		return;
	}
	if (writer->buffer)
		memcpy(writer->buffer + writer->len, bytes, len);
	if (writer->hash)
		*writer->hash = nsu_frame_hash(*writer->hash, bytes, len);
	writer->len += len;
}

void nsu_frame_put_number(struct nsu_frame_writer *writer, uint64_t number)
{
	put_bytes(writer, &number, sizeof(number));
}

void nsu_frame_put_string(struct nsu_frame_writer *writer, const char *string)
{
	size_t len = strlen(string);

	nsu_frame_put_number(writer, len);
	put_bytes(writer, string, len);
}

void nsu_frame_begin(struct nsu_frame_writer *writer, uint64_t magic)
{
	nsu_frame_put_number(writer, magic);
	nsu_frame_put_number(writer, 0);
}

int nsu_frame_finish(const struct nsu_frame_writer *writer, size_t *ret_len)
{
	uint64_t len = writer->len;

	if (writer->full)
		return -E2BIG;
	memcpy(writer->buffer + sizeof(uint64_t), &len, sizeof(len));
	*ret_len = writer->len;
	return 0;
}

static const void *take_bytes(struct nsu_frame_reader *reader, size_t len)
{
	const void *bytes = reader->frame + reader->pos;

	if (reader->bad || len > reader->len - reader->pos) {
		reader->bad = true;
		return NULL;
	}
	reader->pos += len;
	return bytes;
}

uint64_t nsu_frame_take_number(struct nsu_frame_reader *reader, uint64_t max)
{
	const void *bytes = take_bytes(reader, sizeof(uint64_t));
	uint64_t number = 0;

	if (bytes)
		memcpy(&number, bytes, sizeof(number));
	if (number > max) {
		reader->bad = true;
		return 0;
	}
	return number;
}

bool nsu_frame_take_bool(struct nsu_frame_reader *reader)
{
	return nsu_frame_take_number(reader, 1) != 0;
}

void nsu_frame_take_string(struct nsu_frame_reader *reader, char *buffer, size_t cap)
{
	size_t len = (size_t)nsu_frame_take_number(reader, cap - 1);
	const void *bytes = take_bytes(reader, len);

	buffer[0] = '\0';
	if (!bytes)
		return;
	if (memchr(bytes, '\0', len)) {
		reader->bad = true;
		return;
	}
	memcpy(buffer, bytes, len);
	buffer[len] = '\0';
}

int nsu_frame_open(struct nsu_frame_reader *reader, uint64_t magic)
{
	if (nsu_frame_take_number(reader, UINT64_MAX) != magic)
		return -EPROTO;
	if (nsu_frame_take_number(reader, UINT64_MAX) != reader->len)
		return -EBADMSG;
	return 0;
}

int nsu_frame_end(const struct nsu_frame_reader *reader)
{
	return reader->bad || reader->pos != reader->len ? -EBADMSG : 0;
}
