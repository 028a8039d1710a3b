/* SPDX-License-Identifier: BSD-3-Clause */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "defaults.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads digits up to the first other character; *ret_end points there. */
static int parse_digits(const char *text, uint64_t *ret_number, const char **ret_end)
{
	uint64_t number = 0;

	if (!is_digit(*text))
		return -EINVAL;
	for (; is_digit(*text); text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (number > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		number = number * 10 + digit;
	}
	*ret_number = number;
	*ret_end = text;
	return 0;
}

int nsu_text_to_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
	uint64_t number;
	const char *end;
	int ret;

	ret = parse_digits(text, &number, &end);
	if (ret < 0)
		return ret;
	if (*end != '\0')
		return -EINVAL;
	if (number < min || number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

int nsu_text_to_size(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	unsigned shift = 0;
	uint64_t number;
	const char *end;
	int ret;

	ret = parse_digits(text, &number, &end);
	if (ret < 0)
		return ret;
	if (*end != '\0') {
		const char *unit = strchr(units, *end);

		if (!unit || end[1] != '\0')
			return -EINVAL;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (number > UINT64_MAX >> shift)
		return -ERANGE;
	*ret_bytes = number << shift;
	return 0;
}

/* A part of an address, and the character behind it: no leading zero, which some would read as octal. */
static int parse_part(const char **text, uint64_t max, char end, uint64_t *ret_number)
{
	const char *begin = *text;
	const char *behind = begin;
	uint64_t number = 0;

	if (parse_digits(begin, &number, &behind) < 0 || number > max || *behind != end ||
	    (*begin == '0' && behind != begin + 1))
		return -EINVAL;
	*text = behind + (end != '\0');
	*ret_number = number;
	return 0;
}

int nsu_text_to_network(const char *text, uint32_t *ret_network, unsigned *ret_prefix_len)
{
	static const char ends[] = {'.', '.', '.', '/'};
	uint64_t network = 0, number;

	for (size_t i = 0; i < sizeof(ends); i++) {
		if (parse_part(&text, 255, ends[i], &number) < 0)
			return -EINVAL;
		network = network << 8 | number;
	}
	if (parse_part(&text, 32, '\0', &number) < 0 || (number < 32 && (network & (UINT32_MAX >> number))))
		return -EINVAL;
	*ret_network = (uint32_t)network;
	*ret_prefix_len = (unsigned)number;
	return 0;
}

int nsu_text_to_mode(const char *text, mode_t *ret_mode)
{
	size_t len = strlen(text);
	unsigned mode = 0;

	if (len < 3 || len > 4)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return -EINVAL;
		mode = mode * 8 + (unsigned)(*text - '0');
	}
	if (mode > 01777)
		return -EINVAL;
	*ret_mode = mode;
	return 0;
}

bool nsu_text_is_path(const char *path)
{
	size_t len = strlen(path);
	const char *part;

	if (len < 2 || len >= NSU_PATH_MAX || path[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return false;
	}
	for (part = path; *part; part += strcspn(part, "/")) {
		size_t part_len;

		part++; /* the slash */
		part_len = strcspn(part, "/");
		if (part_len == 0 || (part_len == 1 && part[0] == '.') ||
		    (part_len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
	}
	return true;
}

bool nsu_text_is_below(const char *path, const char *base)
{
	size_t len = strlen(base);

	return strncmp(path, base, len) == 0 && path[len] == '/';
}

bool nsu_text_is_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NSU_NAME_MAX)
		return false;
	if (!is_alnum(name[0]) && name[0] != '_')
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_alnum(name[i]) && !strchr("_.-", name[i]))
			return false;
	}
	return true;
}

static size_t trim_back(const char *name, size_t len, const char *unwanted)
{
	while (len > 0 && strchr(unwanted, name[len - 1]))
		len--;
	return len;
}

bool nsu_text_clean_hostname(char *name)
{
	size_t label = 0; /* characters in the label so far */
	size_t out = 0;

	for (const char *in = name; *in && out < NSU_HOSTNAME_MAX; in++) {
		char c = is_alnum(*in) || *in == '.' ? *in : '-';

		if (c == '.')
			out = trim_back(name, out, "-");
		if (label == 0 && !is_alnum(c)) /* a label begins with neither `-` nor nothing */
			continue;
		if (c != '.' && label == NSU_LABEL_MAX)
			continue;
		label = c == '.' ? 0 : label + 1;
		name[out++] = c;
	}
	out = trim_back(name, out, "-.");
	name[out] = '\0';
	return out > 0;
}

const char *nsu_text_printable(const char *text, char *buffer, size_t cap)
{
	static const char hex[] = "0123456789abcdef";
	size_t out = 0;

	if (!text || !*text)
		text = "-";
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c > 0x20 && c < 0x7f && c != '"' && c != '\\';

		if (out + (plain ? 1 : 4) + 4 > cap) { /* 4: room for "..." and the NUL */
			memcpy(buffer + out, "...", 3);
			out += 3;
			break;
		}
		if (plain) {
			buffer[out++] = (char)c;
		} else {
			buffer[out++] = '\\';
			buffer[out++] = 'x';
			buffer[out++] = hex[c >> 4];
			buffer[out++] = hex[c & 15];
		}
	}
	buffer[out] = '\0';
	return buffer;
}
