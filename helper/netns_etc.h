/* SPDX-License-Identifier: BSD-3-Clause */
/* netns_etc.h - the files that the administrator has made for a named net namespace, over those of /etc. */
#ifndef NSU_NETNS_ETC_H
#define NSU_NETNS_ETC_H

#include "base.h"
#include "fail.h"
#include "plan.h"

/**
 * nsu_netns_etc_bind - bind what is in NSU_NETNS_ETC_DIR/NAME over what has the same name in /etc, as `ip netns exec` does.
 * @plan: borrowed; nothing is done unless its net is a named one
 * @fail: record
 *
 * Read-only, nosuid and nodev. What has no counterpart in /etc is skipped. A symbolic link in /etc is covered itself, so that
 * it does not matter where it leads, or who may write there. Changes the mount namespace.
 * Return: 0; -EPERM if others than root could write a file, or a directory above; -ELOOP if it is a link; -ENOTDIR, -EISDIR
 * if it and its counterpart are not of one kind; -errno of the step.
 */
NSU_CHECKED int nsu_netns_etc_bind(const struct nsu_plan *plan, struct nsu_fail *fail);

#endif
