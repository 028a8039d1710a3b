/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What libconfig 1.5 (Debian 12) does with a text that it does not like, each seen:
 *   @include of a directory ends the calling process, of a FIFO hangs it;
 *   4294967296 becomes 0 and 4294967396 becomes 100; 0755 is decimal 755; 0xFFFFFFFF is -1;
 *   "a\x00b" becomes "ab"; a string may run over lines, so that one forgotten quote eats half a file;
 *   27,000 keys in one group take it 7 seconds; [ "alice" "bob" ] is the one string "alicebob".
 * One pass over the text, in libconfig's own lexical terms, refuses all of these by line before libconfig sees it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_parse.h"
#include "text.h"

#define DEPTH_MAX 16   /* brackets in brackets; a policy needs 5 */
#define KEYS_MAX  1000 /* in one group: libconfig compares each with all before it */

struct scan {
	const char *pos;
	unsigned line;
	char last;                    /* character of meaning before pos */
	unsigned depth;               /* of brackets */
	unsigned keys[DEPTH_MAX + 1]; /* of the group at each depth */
	const char *file;
	struct nsu_fail *fail;
};

static int refuse(const struct scan *scan, const char *reason)
{
	return nsu_fail_because(scan->fail, EINVAL, "%s:%u: %s", scan->file, scan->line, reason);
}

static void skip_to_newline(struct scan *scan)
{
	scan->pos += strcspn(scan->pos, "\n");
}

static int skip_comment(struct scan *scan)
{
	unsigned first_line = scan->line;

	for (scan->pos += 2; *scan->pos; scan->pos++) {
		if (scan->pos[0] == '*' && scan->pos[1] == '/') {
			scan->pos += 2;
			return 0;
		}
		if (*scan->pos == '\n')
			scan->line++;
	}
	scan->line = first_line;
	return refuse(scan, "this comment has no end (*/)");
}

static int skip_string(struct scan *scan)
{
	for (scan->pos++; *scan->pos != '"'; scan->pos++) {
		unsigned char c = (unsigned char)*scan->pos;

		if (c == '\0' || c == '\n' || c == '\r')
			return refuse(scan, "this string has no end (\") on its line");
		if (c < 0x20 || c == 0x7f)
			return refuse(scan, "a control character in a string");
		if (c != '\\')
			continue;
		scan->pos++;
		if (*scan->pos != '\\' && *scan->pos != '"')
			return refuse(scan, "an escape sequence in a string: only \\\\ and \\\" are allowed");
	}
	scan->pos++;
	return 0;
}

static int skip_number(struct scan *scan)
{
	size_t len = strspn(scan->pos, "0123456789");
	size_t suffix = 0;
	char digits[16];
	uint64_t number;

	if (scan->pos[len] == 'L') /* what libconfig 1.5 wants behind a number that does not fit 31 bits */
		suffix = 1;
	if (strspn(scan->pos + len + suffix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.") > 0)
		return refuse(scan, "not a plain decimal number (sizes and modes are strings, such as "
		                    "\"256M\" and \"1777\")");
	if (len > 1 && scan->pos[0] == '0')
		return refuse(scan, "a number with a leading zero (modes are strings, such as \"0755\")");
	snprintf(digits, sizeof(digits), "%.*s", (int)(len < sizeof(digits) ? len : 15), scan->pos);
	if (nsu_text_to_number(digits, 0, suffix ? UINT32_MAX : INT32_MAX, &number) < 0)
		return refuse(scan, suffix ? "a number larger than 4294967295"
		                           : "a number larger than 2147483647 (with an L behind it, "
		                             "4294967295 at most)");
	scan->pos += len + suffix;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

/* By comparisons: strspn(3) with 65 characters makes a table at each call, which is a tenth of the whole parse. */
static void skip_name(struct scan *scan)
{
	while (is_name_start(*scan->pos) || is_digit(*scan->pos) || *scan->pos == '_' || *scan->pos == '-')
		scan->pos++;
}

/* Brackets, and what may stand where between them, as far as libconfig would not say it well or in time. */
static int scan_mark(struct scan *scan)
{
	char c = *scan->pos++;

	if (c == '@')
		return refuse(scan, "@include is not allowed in a policy");
	if (c == '+')
		return refuse(scan, "a plus sign: numbers are plain digits");
	if ((c == ')' || c == ']') && scan->last == ',')
		return refuse(scan, "a comma before the end of a list: none may stand behind its last item");
	if (c == '{' || c == '(' || c == '[') {
		if (scan->depth == DEPTH_MAX)
			return refuse(scan, "more than 16 brackets inside each other");
		scan->keys[++scan->depth] = 0;
	}
	if ((c == '}' || c == ')' || c == ']') && scan->depth > 0)
		scan->depth--;
	if ((c == '=' || c == ':') && ++scan->keys[scan->depth] > KEYS_MAX)
		return refuse(scan, "more than 1000 keys in one group");
	if (c == '\n')
		scan->line++;
	else if (c != ' ' && c != '\t' && c != '\r' && c != '\f')
		scan->last = c;
	return 0;
}

static int scan_one(struct scan *scan)
{
	char c = *scan->pos;

	if (c == '#' || (c == '/' && scan->pos[1] == '/')) {
		skip_to_newline(scan);
		return 0;
	}
	if (c == '/' && scan->pos[1] == '*')
		return skip_comment(scan);
	if (c != '"' && !is_digit(c) && !is_name_start(c))
		return scan_mark(scan);
	if (c == '"' && scan->last == '"')
		return refuse(scan, "two strings beside each other, which would be read as one (is a comma missing?)");
	scan->last = c;
	if (c == '"')
		return skip_string(scan);
	if (is_digit(c))
		return skip_number(scan);
	skip_name(scan);
	return 0;
}

int nsu_policy_scan(const char *text, const char *file, struct nsu_fail *fail)
{
	struct scan scan = {.pos = text, .line = 1, .file = file, .fail = fail};

	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		return refuse(&scan, "a byte order mark: save the file as UTF-8 without one");
	while (*scan.pos) {
		int ret = scan_one(&scan);

		if (ret < 0)
			return ret;
	}
	return 0;
}
