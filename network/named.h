/* SPDX-License-Identifier: BSD-3-Clause */
/* named.h - net namespaces by name, as `ip netns` has them: files in NSU_NETNS_DIR on which the namespace is mounted. */
#ifndef NSU_NAMED_H
#define NSU_NAMED_H

#include <stdint.h>

#include "base.h"
#include "fail.h"

/**
 * nsu_named_make - make one, as `ip netns add` does, unless it is there.
 * @name:        of the file; nsu_text_is_name()
 * @deadline_ms: in the time of nsu_proc_now_ms()
 * @fail:        record
 *
 * Makes NSU_NETNS_DIR, and a shared mount of it, where they are missing. Of several at once one makes it. It stays until
 * `ip netns delete`. Its loopback interface is up. Moves the process into it. Return: 0; -ETIMEDOUT; -errno of the step.
 */
NSU_CHECKED int nsu_named_make(const char *name, int64_t deadline_ms, struct nsu_fail *fail);

#endif
