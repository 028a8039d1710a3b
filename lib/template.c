/* SPDX-License-Identifier: BSD-3-Clause */
#include "template.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define LETTERS "uUgGhsHi"

bool nsu_template_is_valid(const char *template)
{
	for (const char *c = template; *c; c++) {
		if (*c != '%')
			continue;
		c++;
		if (*c == '\0' || !strchr(LETTERS "%", *c))
			return false;
	}
	return true;
}

/* The value of a letter; numbers are printed into @number. */
static const char *value_of(char letter, const struct nsu_subject *subject, char number[16])
{
	switch (letter) {
	case 'u':
		return subject->user;
	case 'g':
		return subject->group;
	case 'h':
		return subject->home;
	case 's':
		return subject->service;
	case 'H':
		return subject->host;
	case 'i':
		return subject->id;
	case 'U':
		snprintf(number, 16, "%u", (unsigned)subject->uid);
		return number;
	case 'G':
		snprintf(number, 16, "%u", (unsigned)subject->gid);
		return number;
	default:
		return "%";
	}
}

static bool may_stand_in_path(char letter, const char *value)
{
	if (letter == 'h')
		return nsu_text_is_path(value);
	return letter == '%' || nsu_text_is_name(value);
}

static int expand(const char *template, const struct nsu_subject *subject, bool is_path, char *buffer, size_t cap,
                  struct nsu_fail *fail)
{
	size_t len = 0;

	for (const char *c = template; *c; c++) {
		char literal[2] = {*c, '\0'};
		const char *value = literal;
		char number[16];
		size_t value_len;

		if (*c == '%') {
			c++;
			value = value_of(*c, subject, number);
			if (is_path && !may_stand_in_path(*c, value))
				return nsu_fail_because(
					fail, EINVAL,
					"path '%s': the value of %%%c for this user may not stand in a path", template,
					*c);
		}
		value_len = strlen(value);
		if (value_len >= cap - len)
			return nsu_fail(fail, ENAMETOOLONG, "expand '%s'", template);
		memcpy(buffer + len, value, value_len);
		len += value_len;
	}
	buffer[len] = '\0';
	return 0;
}

int nsu_template_path(const char *template, const struct nsu_subject *subject, char *buffer, size_t cap,
                      struct nsu_fail *fail)
{
	int ret = expand(template, subject, true, buffer, cap, fail);

	if (ret < 0)
		return ret;
	if (!nsu_text_is_path(buffer))
		return nsu_fail_because(fail, EINVAL, "path '%s' does not expand to a clean absolute path", template);
	return 0;
}

int nsu_template_hostname(const char *template, const struct nsu_subject *subject, char *buffer, size_t cap,
                          struct nsu_fail *fail)
{
	int ret = expand(template, subject, false, buffer, cap, fail);

	if (ret < 0)
		return ret;
	if (!nsu_text_clean_hostname(buffer))
		return nsu_fail_because(fail, EINVAL, "hostname '%s' expands to no valid host name", template);
	return 0;
}
