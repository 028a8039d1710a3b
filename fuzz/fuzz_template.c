/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A template and the values of a user, a line each: template, user, home, group, service, host. Whatever they are: an
 * expanded path is a clean one that has no component more than the template and the home have, a host name one of RFC
 * 1123, and the value of a variable or of a log line printable.
 */
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "template.h"
#include "text.h"

#define LINES 6

/* Cuts the text at its line ends; what is missing is "". */
static void cut_lines(char *text, char *lines[LINES])
{
	for (unsigned i = 0; i < LINES; i++) {
		char *end = text + strcspn(text, "\n");

		lines[i] = text;
		text = *end ? end + 1 : end;
		*end = '\0';
	}
}

static size_t count(const char *text, char wanted)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == wanted;
	return n;
}

static size_t count_homes(const char *template)
{
	size_t n = 0;

	for (const char *c = template; *c; c++) {
		if (*c == '%')
			n += *++c == 'h';
	}
	return n;
}

/* Expands into a buffer of this very size. */
static void expand_path(const char *template, const struct nsu_subject *subject, size_t cap)
{
	auto_free char *path = malloc(cap);
	struct nsu_fail fail = NSU_FAIL_INIT;

	REQUIRE(path);
	if (nsu_template_path(template, subject, path, cap, &fail) < 0) {
		REQUIRE(fail.err == EINVAL || fail.err == ENAMETOOLONG);
		return;
	}
	REQUIRE(strlen(path) < cap && fuzz_is_clean(path));
	REQUIRE(count(path, '/') == count(template, '/') + count_homes(template) * count(subject->home, '/'));
}

static void expand_value(const char *template, const struct nsu_subject *subject, size_t cap)
{
	auto_free char *value = malloc(cap);
	struct nsu_fail fail = NSU_FAIL_INIT;

	REQUIRE(value);
	if (nsu_template_value(template, subject, value, cap, &fail) < 0) {
		REQUIRE(fail.err == EINVAL || fail.err == ENAMETOOLONG);
		return;
	}
	REQUIRE(strlen(value) < cap);
	for (const char *c = value; *c; c++)
		REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void require_hostname(const char *name)
{
	size_t label = 0;

	REQUIRE(name[0] && strlen(name) <= NSU_HOSTNAME_MAX);
	for (const char *c = name; *c; c++) {
		bool is_edge = c == name || c[-1] == '.' || c[1] == '.' || c[1] == '\0';

		label = *c == '.' ? 0 : label + 1;
		REQUIRE(isalnum((unsigned char)*c) || (!is_edge && *c == '-') ||
		        (*c == '.' && c > name && c[1] && c[1] != '.'));
		REQUIRE((unsigned char)*c < 0x80 && label <= NSU_LABEL_MAX);
	}
}

static void expand_hostname(const char *template, const struct nsu_subject *subject, size_t cap)
{
	auto_free char *name = malloc(cap);
	struct nsu_fail fail = NSU_FAIL_INIT;

	REQUIRE(name);
	if (nsu_template_hostname(template, subject, name, cap, &fail) == 0)
		require_hostname(name);
	else
		REQUIRE(fail.err == EINVAL || fail.err == ENAMETOOLONG);
}

static void print(const char *text, size_t cap)
{
	auto_free char *printed = malloc(cap);

	REQUIRE(printed);
	nsu_text_printable(text, printed, cap);
	REQUIRE(printed[0] && strlen(printed) < cap);
	for (const char *c = printed; *c; c++)
		REQUIRE(*c >= 0x20 && *c < 0x7f && *c != '"');
}

static void read_values(const char *text)
{
	uint64_t number;
	mode_t mode;

	REQUIRE(!nsu_text_is_path(text) || fuzz_is_clean(text));
	REQUIRE(!nsu_text_is_name(text) || (!strchr(text, '/') && text[0] != '.' && text[0] != '-'));
	if (nsu_text_to_number(text, 5, 5000, &number) == 0)
		REQUIRE(number >= 5 && number <= 5000 && number == strtoull(text, NULL, 10));
	if (nsu_text_to_size(text, &number) == 0)
		REQUIRE(number >= strtoull(text, NULL, 10) && (number == 0 || number % strtoull(text, NULL, 10) == 0));
	if (nsu_text_to_mode(text, &mode) == 0)
		REQUIRE(mode <= 01777 && mode == strtoul(text, NULL, 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = strndup((const char *)data, size);
	struct nsu_subject subject = fuzz_subject(0);
	char *lines[LINES];

	if (!text)
		return 0;
	cut_lines(text, lines);
	subject.user = lines[1];
	subject.home = lines[2];
	subject.group = lines[3];
	subject.service = lines[4];
	snprintf(subject.host, sizeof(subject.host), "%s", lines[5]);
	for (unsigned i = 0; i < LINES; i++) {
		print(lines[i], 8);
		print(lines[i], NSU_LOG_VALUE_MAX);
		read_values(lines[i]);
	}
	if (!nsu_template_is_valid(lines[0]))
		return 0;
	expand_path(lines[0], &subject, NSU_PATH_MAX);
	expand_path(lines[0], &subject, 1 + size % 64);
	expand_value(lines[0], &subject, NSU_PATH_MAX);
	expand_value(lines[0], &subject, 1 + size % 64);
	expand_hostname(lines[0], &subject, NSU_PATH_MAX);
	expand_hostname(lines[0], &subject, 1 + size % 64);
	return 0;
}
