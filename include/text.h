/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * text.h - strings from strangers: numbers, sizes, modes, paths and names checked, and copies that are safe to print.
 * Pure functions; nothing here depends on the locale.
 */
#ifndef NSU_TEXT_H
#define NSU_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"

/**
 * nsu_text_to_number - an unsigned decimal number, digits only.
 * @text:       borrowed
 * @min:        smallest value allowed
 * @max:        largest value allowed
 * @ret_number: the value; untouched on failure
 *
 * Pure. Return: 0; -EINVAL if @text is empty or holds anything but digits; -ERANGE outside @min..@max.
 */
NSU_CHECKED int nsu_text_to_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number);

/**
 * nsu_text_to_size - a size in bytes: digits, then nothing or one of K M G T (powers of 1024).
 * @text:      borrowed
 * @ret_bytes: the value; untouched on failure
 *
 * Pure. Return: 0; -EINVAL if it is not of that form; -ERANGE if it does not fit 64 bits.
 */
NSU_CHECKED int nsu_text_to_size(const char *text, uint64_t *ret_bytes);

/**
 * nsu_text_to_mode - permission bits in octal, three or four digits.
 * @text:     borrowed
 * @ret_mode: 0..01777 (set-user-ID and set-group-ID are refused); untouched on failure
 *
 * Pure. Return: 0; -EINVAL if it is not of that form.
 */
NSU_CHECKED int nsu_text_to_mode(const char *text, mode_t *ret_mode);

/**
 * nsu_text_to_network - an IPv4 network: four decimal numbers joined by dots, a slash, the number of bits that are fixed.
 * @text:           borrowed
 * @ret_network:    in the machine's byte order; untouched on failure
 * @ret_prefix_len: 0..32; untouched on failure
 *
 * Pure. Return: 0; -EINVAL if it is not of that form (with leading zeros, say), or has bits set behind the fixed ones.
 */
NSU_CHECKED int nsu_text_to_network(const char *text, uint32_t *ret_network, unsigned *ret_prefix_len);

/**
 * nsu_text_is_path - is it a clean absolute path?
 * @path: borrowed
 *
 * Clean: starts with `/`; no empty, `.` or `..` component; no `/` at the end; no control characters; shorter than
 * NSU_PATH_MAX. `/` alone is not one. Pure. Return: whether it is.
 */
bool nsu_text_is_path(const char *path);

/**
 * nsu_text_is_below - does a clean path lie strictly below another?
 * @path: a clean path
 * @base: a clean path
 *
 * Pure. Return: true if @path is @base followed by `/` and more.
 */
bool nsu_text_is_below(const char *path, const char *base);

/**
 * nsu_text_is_name - may this user or group name stand in a path?
 * @name: borrowed
 *
 * [A-Za-z0-9_][A-Za-z0-9_.-]*, at most NSU_NAME_MAX characters. getpwnam(3) hands out names such as `../../etc` as
 * they stand in the database (seen: glibc 2.36), so this is asked before a name becomes part of a path. Pure.
 * Return: whether it may.
 */
bool nsu_text_is_name(const char *name);

/**
 * nsu_text_clean_hostname - make a host name of any text, in place (RFC 1123).
 * @name: changed: other characters than letters, digits, `-` and `.` become `-`; labels are cut to NSU_LABEL_MAX,
 *        the whole to NSU_HOSTNAME_MAX; labels lose leading and trailing `-`, empty labels vanish
 *
 * Pure. Return: false if nothing was left of it.
 */
NSU_CHECKED bool nsu_text_clean_hostname(char *name);

/**
 * nsu_text_printable - copy a stranger's text for a log line or a terminal.
 * @text:   borrowed; NULL gives "-"
 * @buffer: caller's, @cap bytes; always terminated
 * @cap:    size of @buffer, at least 8
 *
 * Graphic ASCII but `"` and `\` is copied; every other byte becomes \xHH; what does not fit is cut and ends in
 * "...". An empty text gives "-". Pure. Return: @buffer.
 */
const char *nsu_text_printable(const char *text, char *buffer, size_t cap);

#endif
