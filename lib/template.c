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

enum use {
	PATH,
	VALUE,
	HOSTNAME,
};

static bool may_stand_in(enum use use, char letter, const char *value)
{
	if (letter == '%' || use == HOSTNAME)
		return true;
	if (letter == 'h')
		return nsu_text_is_path(value);
	return use == VALUE || nsu_text_is_name(value);
}

static int expand(const char *template, const struct nsu_subject *subject, enum use use, char *buffer, size_t cap,
                  struct nsu_fail *fail)
{
	static const char *const words[] = {[PATH] = "path", [VALUE] = "variable", [HOSTNAME] = "host name"};
	size_t len = 0;

	for (const char *c = template; *c; c++) {
		char literal[2] = {*c, '\0'};
		const char *value = literal;
		char number[16];
		size_t value_len;

		if (*c == '%') {
			c++;
			value = value_of(*c, subject, number);
			if (!may_stand_in(use, *c, value))
				return nsu_fail_because(
					fail, EINVAL, "%s '%s': the value of %%%c for this user may not stand in a %s",
					words[use], template, *c, words[use]);
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
	int ret = expand(template, subject, PATH, buffer, cap, fail);

	if (ret < 0)
		return ret;
	if (!nsu_text_is_path(buffer))
		return nsu_fail_because(fail, EINVAL, "path '%s' does not expand to a clean absolute path", template);
	return 0;
}

int nsu_template_value(const char *template, const struct nsu_subject *subject, char *buffer, size_t cap,
                       struct nsu_fail *fail)
{
	int ret = expand(template, subject, VALUE, buffer, cap, fail);

	if (ret < 0)
		return ret;
	for (const char *c = buffer; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return nsu_fail_because(fail, EINVAL,
			                        "variable '%s' expands to a value with a control character", template);
	}
	return 0;
}

int nsu_template_hostname(const char *template, const struct nsu_subject *subject, char *buffer, size_t cap,
                          struct nsu_fail *fail)
{
	int ret = expand(template, subject, HOSTNAME, buffer, cap, fail);

	if (ret < 0)
		return ret;
	if (!nsu_text_clean_hostname(buffer))
		return nsu_fail_because(fail, EINVAL, "host name '%s' expands to no valid one", template);
	return 0;
}
