/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base.h - the storage words that every file uses. Inline only, knows nothing of the project.
 */
#ifndef NSU_BASE_H
#define NSU_BASE_H

#include <stdlib.h>
#include <unistd.h>

#define NSU_CHECKED            __attribute__((warn_unused_result))
#define NSU_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define NSU_COUNT(array)       (sizeof(array) / sizeof((array)[0]))

/* A descriptor that is closed when its name goes out of scope; -1 means none. */
#define auto_close __attribute__((cleanup(nsu_close_fd)))
/* A heap pointer that is freed when its name goes out of scope. */
#define auto_free __attribute__((cleanup(nsu_free_pointer)))

static inline void nsu_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void nsu_free_pointer(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

/* Takes the descriptor out of an auto_close variable: the caller owns it now. */
static inline int nsu_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
