/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * files.h - the file system as policy*.c sees it, in memory: the functions of fsat.h that they call, and scandirat(3),
 * are wrapped by the linker. Every place of the host exists and is a directory; with "missing" in its path it does not,
 * with "link" there is a symbolic link on the way, with "loose" others can write above it.
 */
#pragma once

#include <stddef.h>

struct fuzz_file {
	const char *path;
	const char *text;
};

/* These there are from now on, and no others; borrowed. A directory exists that holds one, directly or deeper. */
void fuzz_set_files(const struct fuzz_file *files, size_t n);
