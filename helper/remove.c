/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The session's directory is root's alone. What is not empty in a directory in it is moved up into it, under a fresh name, and
 * emptied there: so no tree is too deep. No process of the session is left; one outside may still hold a directory of it and
 * make files there: hence the limit of time.
 */
#include "remove.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "proc.h"
#include "text.h"

#define BATCH_BYTES 8192

/* As getdents64(2) writes it: behind numbers of inode and place, and before the name, its type. */
struct entry {
	uint64_t unused[2]; // cppcheck-suppress unusedStructMember
	uint16_t len;
	char type_and_name[];
};

struct removal {
	int top_dirfd;
	uint64_t n_moved;
	int64_t deadline_ms;
	bool has_changed; /* in this round */
};

/* Static: see main.c. One for each of the three directories that are read at a time. */
static uint64_t top_batch[BATCH_BYTES / sizeof(uint64_t)], inner_batch[BATCH_BYTES / sizeof(uint64_t)],
	orphans_batch[BATCH_BYTES / sizeof(uint64_t)];

typedef void (*visitor)(struct removal *removal, int dirfd, const char *name);

static int open_to_read(int dirfd, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static void visit_all(struct removal *removal, int dirfd, uint64_t *batch, visitor visit)
{
	for (;;) {
		long n = syscall(SYS_getdents64, dirfd, batch, BATCH_BYTES);

		if (n <= 0 || nsu_proc_now_ms() > removal->deadline_ms)
			return;
		for (long at = 0; at < n;) {
			const struct entry *entry = (const struct entry *)(batch + at / (long)sizeof(*batch));

			if (!is_dot(entry->type_and_name + 1))
				visit(removal, dirfd, entry->type_and_name + 1);
			at += entry->len;
		}
	}
}

/* Return: false if it is still there; errno says why: ENOTEMPTY of a directory. */
static bool remove_one(struct removal *removal, int dirfd, const char *name)
{
	bool is_gone = unlinkat(dirfd, name, 0) == 0;

	if (!is_gone &&
	    (errno == EISDIR || errno == EPERM)) /* POSIX, and some file systems, say EPERM of a directory */
		is_gone = unlinkat(dirfd, name, AT_REMOVEDIR) == 0;
	removal->has_changed = removal->has_changed || is_gone;
	return is_gone;
}

static bool is_not_empty(void)
{
	return errno == ENOTEMPTY || errno == EEXIST;
}

static void remove_or_move_up(struct removal *removal, int dirfd, const char *name)
{
	char fresh[32]; /* no instance's name begins like this */

	if (remove_one(removal, dirfd, name) || !is_not_empty())
		return;
	snprintf(fresh, sizeof(fresh), "-%llx", (unsigned long long)removal->n_moved++);
	if (syscall(SYS_renameat2, dirfd, name, removal->top_dirfd, fresh, 0) == 0)
		removal->has_changed = true;
}

static void empty_and_remove(struct removal *removal, int dirfd, const char *name)
{
	auto_close int inner_dirfd = -1;

	if (remove_one(removal, dirfd, name) || !is_not_empty())
		return;
	inner_dirfd = open_to_read(dirfd, name);
	if (inner_dirfd < 0)
		return;
	visit_all(removal, inner_dirfd, inner_batch, remove_or_move_up);
	(void)remove_one(removal, dirfd, name);
}

/* Is this an instance that is thrown away, with a mount of the plan below it? */
static bool is_in_the_way(const struct nsu_plan *plan, size_t index)
{
	const struct nsu_plan_mount *mount = &plan->mounts[index];

	for (size_t i = index + 1; i < plan->n_mounts; i++) {
		if (mount->type == NSU_PLAN_INSTANCE && mount->throw_away &&
		    nsu_text_is_below(plan->mounts[i].path, mount->path))
			return true;
	}
	return false;
}

bool nsu_remove_needs_detach(const struct nsu_plan *plan)
{
	for (size_t i = 0; i < plan->n_mounts; i++) {
		if (is_in_the_way(plan, i))
			return true;
	}
	return false;
}

/* By path: wherever that leads by now, it is a mount of this session only, which is at its end. */
static void detach(const struct nsu_plan *plan)
{
	for (size_t i = 0; i < plan->n_mounts; i++) {
		if (is_in_the_way(plan, i))
			(void)umount2(plan->mounts[i].path, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
}

/* Goes once through all that is in the directory of a session. Return: whether it is gone. */
static bool remove_what_goes(struct removal *removal, const char *id, int sessions_dirfd)
{
	auto_close int top_dirfd = open_to_read(sessions_dirfd, id);

	if (top_dirfd < 0)
		return errno == ENOENT;
	removal->top_dirfd = top_dirfd;
	visit_all(removal, top_dirfd, top_batch, empty_and_remove);
	return unlinkat(sessions_dirfd, id, AT_REMOVEDIR) == 0;
}

/* What a session has left whose process 1 was killed, or which had a mount in it; such mounts are gone with it. */
static void remove_orphan(struct removal *removal, int dirfd, const char *id)
{
	auto_close int lock_fd = open_to_read(dirfd, id);

	if (lock_fd < 0 || syscall(SYS_flock, lock_fd, LOCK_EX | LOCK_NB) < 0)
		return;
	do {
		removal->has_changed = false;
	} while (!remove_what_goes(removal, id, dirfd) && removal->has_changed &&
	         nsu_proc_now_ms() < removal->deadline_ms);
}

void nsu_remove_session(const struct nsu_plan *plan, int sessions_dirfd)
{
	static const struct timespec step = {.tv_nsec = NSU_STOP_POLL_MS * 1000000L};
	struct removal removal = {.deadline_ms = nsu_proc_now_ms() + NSU_REMOVE_WAIT_MS};
	int n_in_vain = 0;

	while (n_in_vain < NSU_REMOVE_TRIES && nsu_proc_now_ms() < removal.deadline_ms) {
		if (n_in_vain > 0) /* memory may have been short */
			ppoll(NULL, 0, &step, NULL);
		removal.has_changed = false;
		detach(plan);
		if (remove_what_goes(&removal, plan->id, sessions_dirfd))
			return;
		n_in_vain = removal.has_changed ? 0 : n_in_vain + 1;
	}
}

void nsu_remove_orphans(int sessions_dirfd)
{
	struct removal removal = {.deadline_ms = nsu_proc_now_ms() + NSU_ORPHANS_WAIT_MS};
	auto_close int dirfd = open_to_read(sessions_dirfd, ".");

	if (dirfd >= 0)
		visit_all(&removal, dirfd, orphans_batch, remove_orphan);
}
