/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mnt.h - mounts by descriptor only: over an open directory or file, at once, or made detached and then attached. No path
 * of a stranger is ever walked here.
 */
#ifndef NSU_MNT_H
#define NSU_MNT_H

#include <stddef.h>
#include <stdint.h>

#include "base.h"

/* One option of a file system, as fsconfig(2) FSCONFIG_SET_STRING takes it. */
struct nsu_mnt_option {
	const char *key;
	const char *value;
};

/* How mounts made on the host later, and ours, pass between the host and the session. */
enum nsu_mnt_propagation {
	NSU_MNT_PRIVATE, /* not at all */
	NSU_MNT_SLAVE,   /* from the host to the session only */
	NSU_MNT_SHARED,  /* both ways */
};

/**
 * nsu_mnt_propagate - set the propagation of every mount of this mount namespace.
 * @propagation: which
 *
 * Changes this thread's mount namespace. Return: 0; -errno of mount_setattr(2).
 */
NSU_CHECKED int nsu_mnt_propagate(enum nsu_mnt_propagation propagation);

/**
 * nsu_mnt_new - make a file system, mounted nowhere yet.
 * @type:      "tmpfs", "proc", "mqueue"
 * @options:   @n_options of them
 * @n_options: how many
 * @attributes: MOUNT_ATTR_* bits; NOSUID and NODEV are always added
 * @ret_fd:    given: a descriptor of the mount's root, usable with the *at calls; untouched on failure
 *
 * Made of the calling thread's own pid and ipc namespaces. Return: 0; -errno of fsopen, fsconfig, fsmount(2).
 */
NSU_CHECKED int nsu_mnt_new(const char *type, const struct nsu_mnt_option *options, size_t n_options,
                            uint64_t attributes, int *ret_fd);

/**
 * nsu_mnt_over - make a file system and mount it over an open directory.
 * @type:       as nsu_mnt_new() has it, and so the next three
 * @options:    no value may hold a comma
 * @n_options:  how many
 * @attributes: MOUNT_ATTR_* bits
 * @target_fd:  borrowed: an O_PATH descriptor of the directory
 *
 * As nsu_mnt_new() and nsu_mnt_attach() do, in two system calls instead of eleven, for who needs no descriptor of it.
 * Changes this thread's mount namespace and its working directory, which is @target_fd below the mount afterwards.
 * Return: 0; -E2BIG; -errno of fchdir, mount(2): -ENOSPC at fs.mount-max.
 */
NSU_CHECKED int nsu_mnt_over(const char *type, const struct nsu_mnt_option *options, size_t n_options,
                             uint64_t attributes, int target_fd);

/* How nsu_mnt_clone() does it. */
enum nsu_mnt_how {
	NSU_MNT_ALONE = 1, /* without what is mounted below */
	NSU_MNT_TOP = 2,   /* with that, but attributes and propagation for the uppermost mount only */
	NSU_MNT_CUT = 4,   /* private: no later mount of the host appears in it */
};

/**
 * nsu_mnt_clone - a detached bind mount, with its attributes set before anybody can see it.
 * @dirfd:      the file itself, or a directory that holds it; O_PATH suffices
 * @name:       its name there; "": @dirfd itself
 * @how:        NSU_MNT_* bits
 * @attributes: MOUNT_ATTR_* bits that are set beside those that the mounts have; none is taken away or added else
 * @ret_fd:     given: the detached mount; untouched on failure
 *
 * Return: 0; -errno of open_tree(2), mount_setattr(2). A @name on a mount that is attached nowhere is -EINVAL before Linux
 * 6.15.
 */
NSU_CHECKED int nsu_mnt_clone(int dirfd, const char *name, unsigned how, uint64_t attributes, int *ret_fd);

/**
 * nsu_mnt_attach - put a detached mount over an open directory or file.
 * @mount_fd:  of nsu_mnt_new() or nsu_mnt_clone()
 * @target_fd: an O_PATH descriptor, directory over directory, file over file
 *
 * Changes this thread's mount namespace. Return: 0; -errno of move_mount(2): -ENOSPC at fs.mount-max.
 */
NSU_CHECKED int nsu_mnt_attach(int mount_fd, int target_fd);

#endif
