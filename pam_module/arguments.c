/* SPDX-License-Identifier: BSD-3-Clause */
#include "arguments.h"

#include <errno.h>
#include <string.h>

#include "text.h"

/* NAME=VALUE, each once. */
static int set_argument(const char **place, const char *value, const char *argument, struct nsu_fail *fail)
{
	if (*place || !*value)
		return nsu_fail_because(fail, EINVAL, "module argument '%s': %s", argument,
		                        *place ? "given twice" : "has no value");
	*place = value;
	return 0;
}

int nsu_arguments_parse(int argc, const char **argv, struct nsu_arguments *arguments, struct nsu_fail *fail)
{
	for (int i = 0; i < argc; i++) {
		int ret = 0;

		if (strncmp(argv[i], "conf=", 5) == 0)
			ret = set_argument(&arguments->conf, argv[i] + 5, argv[i], fail);
		else if (strncmp(argv[i], "profile=", 8) == 0)
			ret = set_argument(&arguments->profile, argv[i] + 8, argv[i], fail);
		else if (strcmp(argv[i], "debug") == 0 && !arguments->debug)
			arguments->debug = true;
		else
			return nsu_fail_because(fail, EINVAL,
			                        "module argument '%s': unknown or given twice; known are "
			                        "conf=FILE, profile=NAME, debug",
			                        argv[i]);
		if (ret < 0)
			return ret;
	}
	if (arguments->conf && !nsu_text_is_path(arguments->conf))
		return nsu_fail_because(fail, EINVAL, "module argument 'conf=%s': not a clean absolute path",
		                        arguments->conf);
	return 0;
}
