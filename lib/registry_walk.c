/* SPDX-License-Identifier: BSD-3-Clause */
/* Names that are none of registry_lock.h are others': they are neither told nor touched. */
#include "registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "registry_lock.h"
#include "text.h"

#define LOCK_SUFFIX_LEN (sizeof(NSU_REGISTRY_LOCK_SUFFIX) - 1)
#define HEX             "0123456789abcdef"

/* 16 hexadecimal digits, and nothing behind them. */
static bool is_id(const char *text)
{
	return strlen(text) == NSU_ID_LEN && strspn(text, HEX) == NSU_ID_LEN;
}

/* As nsu_set_key() makes it. */
static bool is_key(const char *name)
{
	const char *dot = strrchr(name, '.');
	char subject[NSU_NAME_MAX + 1];
	uint64_t number;

	if (name[0] == 's')
		return is_id(name + 1);
	if (!dot || !is_id(dot + 1) || dot - name > NSU_NAME_MAX + 1)
		return false;
	snprintf(subject, sizeof(subject), "%.*s", (int)(dot - name - 1), name + 1);
	if (name[0] == 'u' || name[0] == 'g')
		return nsu_text_to_number(subject, 0, UINT32_MAX, &number) == 0;
	return name[0] == 'n' && nsu_text_is_name(subject);
}

static bool has_lock_name(const char *name, char key[NSU_KEY_MAX])
{
	size_t len = strlen(name);

	if (len <= LOCK_SUFFIX_LEN || len - LOCK_SUFFIX_LEN >= NSU_KEY_MAX ||
	    strcmp(name + len - LOCK_SUFFIX_LEN, NSU_REGISTRY_LOCK_SUFFIX) != 0)
		return false;
	snprintf(key, NSU_KEY_MAX, "%.*s", (int)(len - LOCK_SUFFIX_LEN), name);
	return is_key(key);
}

/* Calls for each name. Return: 0; what @call returned; negative errno. */
static int walk(int dirfd, int (*call)(int dirfd, const char *name, void *data), void *data, struct nsu_fail *fail)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	if (fd < 0)
		return nsu_fail(fail, errno, "open '%s'", NSU_RUN_DIR);
	dir = fdopendir(fd);
	if (!dir) {
		int err = errno;

		close(fd);
		return nsu_fail(fail, err, "read '%s'", NSU_RUN_DIR);
	}
	while (ret == 0) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			if (errno != 0)
				ret = nsu_fail(fail, errno, "read '%s'", NSU_RUN_DIR);
			break;
		}
		ret = call(dirfd, entry->d_name, data);
	}
	closedir(dir);
	return ret;
}

struct each {
	nsu_registry_tell *tell;
	void *data;
};

static int tell_key(int dirfd, const char *name, void *data)
{
	const struct each *each = data;

	(void)dirfd;
	return is_key(name) ? each->tell(each->data, name) : 0;
}

int nsu_registry_each(int dirfd, nsu_registry_tell *tell, void *data, struct nsu_fail *fail)
{
	struct each each = {.tell = tell, .data = data};

	return walk(dirfd, tell_key, &each, fail);
}

static bool is_dead(int dirfd, const char *name)
{
	char path[sizeof("/proc/self/fd//") + 10 + NSU_KEY_MAX];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	return nsu_registry_is_dead(dirfd, name, path);
}

static void remove_dead(int dirfd, const char *key)
{
	int lock_fd = -1;

	if (!is_dead(dirfd, key) || nsu_registry_try_lock(dirfd, key, &lock_fd) < 0)
		return;
	if (is_dead(dirfd, key))
		unlinkat(dirfd, key, 0);
	nsu_registry_unlock(dirfd, key, &lock_fd);
}

static int sweep_name(int dirfd, const char *name, void *data)
{
	char key[NSU_KEY_MAX];
	int lock_fd = -1;

	(void)data;
	if (is_key(name))
		remove_dead(dirfd, name);
	else if (has_lock_name(name, key) && nsu_registry_try_lock(dirfd, key, &lock_fd) == 0)
		nsu_registry_unlock(dirfd, key, &lock_fd); /* which removes it */
	else if (name[0] == '.' && is_id(name + 1) && is_dead(dirfd, name))
		unlinkat(dirfd, name, 0); /* who was about to listen on it makes another */
	return 0;
}

void nsu_registry_sweep(int dirfd)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	if (walk(dirfd, sweep_name, NULL, &ignored) < 0) {
		/* what can't be read now is swept the next time */
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}
