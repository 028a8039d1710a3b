/* SPDX-License-Identifier: BSD-3-Clause */
/* In the place of scope.c where there is no libsystemd to build with. */
#include "scope.h"

#include <errno.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): the other one writes it */
int nsu_scope_make(const struct nsu_scope *scope, int *ret_dirfd, struct nsu_fail *fail)
{
	(void)scope;
	(void)ret_dirfd;
	return nsu_fail_because(
		fail, ENOTSUP,
		"systemd runs this host, and pam_nsunshare was built without libsystemd, so that it can't "
		"ask it for a scope");
}
