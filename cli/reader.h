/* SPDX-License-Identifier: BSD-3-Clause */
/* reader.h - reading files that the configuration names without waiting for anything: no FIFO, no device, no automount. */
#ifndef NSU_READER_H
#define NSU_READER_H

#include <glob.h>
#include <stddef.h>

#include "base.h"
#include "fail.h"

/**
 * nsu_reader_open - find a file by its path.
 * @path:   absolute; symbolic links are followed
 * @ret_fd: given: an O_PATH descriptor of a file of any type; untouched on failure
 *
 * Stops at a place that would be automounted. Return: 0; -EREMOTE for such a place; -EINVAL if @path is relative;
 * -ELOOP for more than 40 links; -ENAMETOOLONG; -errno of openat(2).
 */
NSU_CHECKED int nsu_reader_open(const char *path, int *ret_fd);

/**
 * nsu_reader_list - the files that a pattern of glob(7) stands for.
 * @pattern: absolute
 * @found:   filled; for globfree(3), where it succeeds
 *
 * Return: 0; -ENOENT if there are none, or the directory of the pattern can not be reached as nsu_reader_open() has it;
 * -ENOMEM.
 */
NSU_CHECKED int nsu_reader_list(const char *pattern, glob_t *found);

/**
 * nsu_reader_text - read a whole text file.
 * @path:     as above
 * @max:      most bytes it may have
 * @ret_text: given: NUL-terminated; untouched on failure
 * @fail:     record
 *
 * Files of proc too, which say that they are empty. Return: 0; -ENOENT if there is none; -EINVAL if it is no regular file, or
 * holds a NUL byte; -EFBIG if it has more than @max bytes; -ENOMEM; -errno of read(2), or as nsu_reader_open().
 */
NSU_CHECKED int nsu_reader_text(const char *path, size_t max, char **ret_text, struct nsu_fail *fail);

#endif
