/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helper_place.h - a tmpfs where the helper is installed, for tests that open sessions in a child. Inline only.
 */
#ifndef NSU_TESTS_HELPER_PLACE_H
#define NSU_TESTS_HELPER_PLACE_H

#include "support.h"

#include "defaults.h"
#include "set.h"

/* Whether such a tmpfs can be put there: the directory two levels up must exist. */
static inline bool has_helper_place(void)
{
	char path[] = NSU_HELPER_FILE;

	return access(dirname(dirname(path)), X_OK) == 0;
}

/* In a child, after own_mounts(): the directory of the helper, and /run, empty and root's. */
static inline void make_helper_place(void)
{
	char path[] = NSU_HELPER_FILE;
	char *dir = dirname(path);
	char above[] = NSU_HELPER_FILE;

	CHILD_CHECK(mount("tests", dirname(dirname(above)), "tmpfs", 0, "mode=0755,size=64M") == 0);
	CHILD_CHECK(mkdir(dir, 0755) == 0);
	CHILD_CHECK(mount("tests", "/run", "tmpfs", 0, "mode=0755,size=16M") == 0); /* for the entries of sets */
}

/* Whoever opens. */
static const struct nsu_login a_login = {.uid = 1000, .opener = 1, .since = 1, .user = "alice", .service = "tests"};

/* The same with the helper of this build in it. */
static inline void install_helper(void)
{
	static char path[PATH_MAX];

	CHILD_CHECK(built_file("NSU_HELPER", NSU_HELPER_NAME, path));
	make_helper_place();
	copy_file(path, NSU_HELPER_FILE, 0755);
}

#define SKIP_UNLESS_SESSIONS()                                                                                         \
	do {                                                                                                           \
		static char helper_path[PATH_MAX];                                                                     \
                                                                                                                       \
		SKIP_UNLESS_ROOT();                                                                                    \
		SKIP_UNLESS(built_file("NSU_HELPER", NSU_HELPER_NAME, helper_path), "the helper is not built");        \
		SKIP_UNLESS(has_helper_place(), "the directory above the helper's does not exist");                    \
	} while (0)

#endif
