/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fsat.h - files by descriptor: what root opens here can't be steered by somebody who may rename things meanwhile.
 */
#ifndef NSU_FSAT_H
#define NSU_FSAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base.h"
#include "fail.h"

/* What nsu_fsat_open_trusted() opens. */
enum nsu_fsat_use {
	NSU_FSAT_READ, /* a file to read */
	NSU_FSAT_EXEC, /* a program, opened O_PATH for execveat(2) */
	NSU_FSAT_LIST, /* a directory, to list what is in it */
};

/**
 * nsu_fsat_open_trusted - open a file that only root can have written.
 * @path:   clean absolute path
 * @use:    what for
 * @ret_fd: given: the descriptor, O_CLOEXEC; untouched on failure
 * @fail:   record
 *
 * Every directory from `/` on and the file itself are opened without following symbolic links and must belong to root
 * and be writable by nobody else (an ACL that gives write shows in the group bits); the file must be a regular one
 * (a directory to list: a directory), and executable if that is the use. Never blocks on a FIFO or a device.
 * Return: 0; -ENOENT if it or a directory above does not exist; -EPERM if it is not trusted; -ELOOP on a symbolic
 * link; -errno of openat(2), fstat(2).
 */
NSU_CHECKED int nsu_fsat_open_trusted(const char *path, enum nsu_fsat_use use, int *ret_fd, struct nsu_fail *fail);

/**
 * nsu_fsat_read_text - read a whole file as text.
 * @fd:       open for reading, at its start
 * @path:     its name, for the failure's text
 * @max:      most bytes it may have
 * @ret_text: given: the text, NUL-terminated, to be freed; untouched on failure
 * @ret_len:  its length in bytes without the NUL; untouched on failure
 * @fail:     record
 *
 * Return: 0; -EFBIG if it has more than @max bytes; -EINVAL if it holds a NUL byte; -ENOMEM; -errno of read(2).
 */
NSU_CHECKED int nsu_fsat_read_text(int fd, const char *path, size_t max, char **ret_text, size_t *ret_len,
                                   struct nsu_fail *fail);

/**
 * nsu_fsat_open_target - open a directory to mount over, by descriptor.
 * @dirfd:  where a relative @path starts; AT_FDCWD with an absolute one
 * @path:   borrowed
 * @ret_fd: given: an O_PATH descriptor; untouched on failure
 *
 * openat2(2) with RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS: a symbolic link anywhere in @path is refused, so
 * nobody who may rename a component can lead root elsewhere; a relative @path can't leave @dirfd. O_DIRECTORY, so
 * a FIFO never blocks. Does not log: the caller knows whether a missing target is a failure.
 * Return: 0; -errno of openat2(2): -ENOENT, -ELOOP, -ENOTDIR among them.
 */
NSU_CHECKED int nsu_fsat_open_target(int dirfd, const char *path, int *ret_fd);

/**
 * nsu_fsat_open_any - open anything to mount over it or to bind it, by descriptor.
 * @dirfd:  as nsu_fsat_open_target() has it, and so the next two
 * @path:   borrowed
 * @ret_fd: given
 *
 * The same for a file of any type: O_PATH, so that nothing is done to it and a FIFO or a device never blocks.
 * Return: as there, but -ENOTDIR only for what is above it.
 */
NSU_CHECKED int nsu_fsat_open_any(int dirfd, const char *path, int *ret_fd);

/* A path whose meaning strangers shall not be able to change, and what was found against it. */
struct nsu_fsat_walk {
	int dirfd;          /* where a relative path starts; AT_FDCWD with an absolute one */
	const char *path;   /* clean */
	uid_t uid;          /* who may own what is on the way, beside root; 0: root alone */
	bool is_last_owned; /* the last component must belong to one of them too */
	const char *reason; /* said with -EPERM: what is wrong; NULL: it is the kernel's */
	size_t reason_len;  /* and of which beginning of the path; 0: of where it starts */
};

/**
 * nsu_fsat_walk - open a path on whose way only root, or one user, can rename anything.
 * @walk:   its reason is set
 * @ret_fd: given: an O_PATH descriptor of a file of any type; untouched on failure
 *
 * From component to component by descriptor, without symbolic links. Each directory above the last component must belong to
 * root or @walk's uid and be writable by nobody else, or be sticky, where what the path names in it must belong to them.
 * Return: 0; -EPERM with a reason if not; -errno of openat2(2), fstat(2): -ENOENT, -ELOOP, -ENOTDIR among them.
 */
NSU_CHECKED int nsu_fsat_walk(struct nsu_fsat_walk *walk, int *ret_fd);

/* Which directory a process has as its root. Both say it: a chroot may be a bind mount of the root itself, or a directory of
 * the root's own mount. */
struct nsu_fsat_root {
	uint64_t mount_id;
	uint64_t inode;
};

/**
 * nsu_fsat_look_at_root - which directory is the calling process's root?
 * @ret_root: the answer; untouched on failure
 * @fail:     record
 *
 * Return: 0; -errno of statx(2).
 */
NSU_CHECKED int nsu_fsat_look_at_root(struct nsu_fsat_root *ret_root, struct nsu_fail *fail);

/**
 * nsu_fsat_is_same_root - are two the same?
 * @a: borrowed
 * @b: borrowed
 *
 * Pure. Return: whether they are.
 */
bool nsu_fsat_is_same_root(const struct nsu_fsat_root *a, const struct nsu_fsat_root *b);

/**
 * nsu_fsat_make_target - make a directory or an empty file to mount over, and the directories above it.
 * @dirfd:  a directory, of a user too
 * @path:   relative, clean
 * @is_dir: a directory, else a file
 * @ret_fd: given: O_PATH descriptor of it; untouched on failure
 *
 * From component to component by descriptor, without symbolic links. What exists stays as it is (a file may be anything but a
 * link); new directories get mode 0755, a file 0644 (less the umask).
 * Return: 0; -errno of mkdirat(2), openat2(2): -ELOOP, -ENOTDIR among them.
 */
NSU_CHECKED int nsu_fsat_make_target(int dirfd, const char *path, bool is_dir, int *ret_fd);

#endif
