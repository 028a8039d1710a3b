/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer's changes hardly ever leave a frame whole: its length stands in its head, and that of each string before
 * it. So half of the changes are made to one string, and most set the length right. Nothing of the fields is known here
 * but what the head comment of wire.c says.
 */
#include "fuzz.h"

#include <string.h>

#define HEAD_BYTES   16
#define STRINGS_MAX  160
#define STRING_BYTES 4200

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

struct string {
	size_t at; /* of its length */
	size_t len;
};

static uint64_t number_at(const uint8_t *data, size_t at)
{
	uint64_t number;

	memcpy(&number, data + at, sizeof(number));
	return number;
}

static void set_number(uint8_t *data, size_t at, uint64_t number)
{
	memcpy(data + at, &number, sizeof(number));
}

/* What has the look of strings: a length, and as many bytes that are no small numbers. */
static size_t find_strings(const uint8_t *data, size_t size, struct string strings[STRINGS_MAX])
{
	size_t n = 0, at = HEAD_BYTES;

	while (at + sizeof(uint64_t) < size && n < STRINGS_MAX) {
		uint64_t len = number_at(data, at);

		at += sizeof(uint64_t);
		if (len == 0 || len > size - at || len > STRING_BYTES / 2 || data[at] < ' ')
			continue;
		strings[n++] = (struct string){at - sizeof(uint64_t), (size_t)len};
		at += (size_t)len;
	}
	return n;
}

/* A new text for a string: another one's, one below or above another one, or one that libFuzzer makes. */
static size_t new_text(const uint8_t *data, const struct string *own, const struct string *other, unsigned choice,
                       uint8_t text[STRING_BYTES])
{
	static const char tails[][5] = {"/x", "/..", "/etc", "//", "\n", "/."};
	const struct string *from = choice % 4 == 0 ? own : other;
	size_t len = from->len;
	const uint8_t *slash;

	memcpy(text, data + from->at + sizeof(uint64_t), len);
	switch (choice % 4) {
	case 0:
		return LLVMFuzzerMutate(text, len, STRING_BYTES);
	case 1:
		memcpy(text + len, tails[choice / 4 % NSU_COUNT(tails)], sizeof(tails[0]));
		return len + strlen((char *)text + len);
	case 2:
		slash = memrchr(text, '/', len);
		return slash && slash > text ? (size_t)(slash - text) : len;
	default:
		return len;
	}
}

static size_t change_string(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static struct string strings[STRINGS_MAX];
	static uint8_t text[STRING_BYTES + 8];
	size_t n = find_strings(data, size, strings);
	const struct string *own;
	size_t len, tail;

	if (n == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	own = &strings[seed % n];
	len = new_text(data, own, &strings[seed / n % n], seed / 7, text);
	tail = own->at + sizeof(uint64_t) + own->len;
	if (size - own->len + len > max_size)
		return size;
	memmove(data + own->at + sizeof(uint64_t) + len, data + tail, size - tail);
	memcpy(data + own->at + sizeof(uint64_t), text, len);
	set_number(data, own->at, len);
	return size - own->len + len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	if (seed % 2)
		size = change_string(data, size, max_size, seed / 16);
	else
		size = LLVMFuzzerMutate(data, size, max_size);
	if (seed / 2 % 8 && size >= HEAD_BYTES)
		set_number(data, sizeof(uint64_t), size);
	return size;
}
