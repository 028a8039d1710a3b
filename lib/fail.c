/* SPDX-License-Identifier: BSD-3-Clause */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* All programs have this file: so each says its version to who looks into it (nsunshare doctor), as a compiler says its own. */
__asm__(".pushsection .nsunshare.version, \"MS\", %progbits, 1\n"
        ".asciz \"" NSU_VERSION_MARK NSU_VERSION "\"\n"
        ".popsection\n");

NSU_PRINTF(4, 0)
static int record(struct nsu_fail *fail, int err, bool has_reason, const char *format, va_list args)
{
	if (err <= 0)
		err = EIO;
	if (fail->err == 0) {
		fail->err = err;
		fail->has_reason = has_reason;
		vsnprintf(fail->text, sizeof(fail->text), format, args);
	}
	return -err;
}

int nsu_fail(struct nsu_fail *fail, int err, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = record(fail, err, false, format, args);
	va_end(args);
	return ret;
}

int nsu_fail_because(struct nsu_fail *fail, int err, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = record(fail, err, true, format, args);
	va_end(args);
	return ret;
}

const char *nsu_fail_line(const struct nsu_fail *fail, char *line, size_t cap)
{
	if (fail->has_reason)
		snprintf(line, cap, "%s", fail->text);
	else
		snprintf(line, cap, "%s: %s", fail->text, strerror(fail->err));
	return line;
}
