/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 1. The file MUST be complete before it has its name: O_TMPFILE, every byte written, then linked; of several that do so at
 *    once one succeeds, and the others take its file. Who is killed meanwhile leaves nothing.
 * 2. A page of it MUST be there before it is written: a full tmpfs has none to give, and the caller would get SIGBUS. So a file is
 *    mapped only if its size and its blocks are right; root alone could take them away again.
 * 3. Nothing MUST be written past RLIMIT_FSIZE: that is SIGXFSZ. A user can't change the limits of a setuid caller between
 *    the look at it and the write.
 * 4. A place in the table belongs to a name by one compare-and-swap of the name's hash; whoever finds it without the text
 *    writes that, which is the same from each.
 */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "text.h"

#define MAGIC      0x31305f74656d756eU /* "numet_01", the layout below */
#define NAME_WORDS (NSU_METRICS_NAME_MAX / sizeof(uint64_t))
#define FILE_NAME  NSU_RUN_DIR "/" NSU_METRICS_NAME

typedef _Atomic uint64_t counter;

struct place {
	counter is_named;
	counter name[NAME_WORDS];
	counter opened[2];
	counter closed;
};

struct times {
	counter buckets[NSU_METRICS_BUCKETS];
	counter sum_ns;
};

/* The layout of the file. Who changes it changes MAGIC. */
struct nsu_metrics {
	uint64_t magic;
	uint64_t size;
	counter keys[NSU_METRICS_PROFILES];            /* hashes of names; 0: this place is free, and all behind it */
	struct place places[NSU_METRICS_PROFILES + 1]; /* the last one is of all that found no other */
	counter refused[NSU_METRICS_REASONS];
	counter let_in[NSU_METRICS_REASONS];
	struct times times[2];
};

_Static_assert(sizeof(counter) == sizeof(uint64_t), "a counter has nothing but its number");

const char *nsu_metrics_reason_name(enum nsu_metrics_reason reason)
{
	static const char *const names[NSU_METRICS_REASONS] = {
		[NSU_METRICS_USER] = "user",     [NSU_METRICS_POLICY] = "policy",     [NSU_METRICS_NESTED] = "nested",
		[NSU_METRICS_CALLER] = "caller", [NSU_METRICS_PROGRAMS] = "programs", [NSU_METRICS_KERNEL] = "kernel",
		[NSU_METRICS_LIMIT] = "limit",   [NSU_METRICS_TIMEOUT] = "timeout",   [NSU_METRICS_OTHER] = "other",
	};

	return names[reason];
}

uint64_t nsu_metrics_bound_ns(size_t bucket)
{
	static const uint64_t bounds_us[NSU_METRICS_BUCKETS - 1] = {
		250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	};

	return bucket < NSU_COUNT(bounds_us) ? bounds_us[bucket] * 1000 : UINT64_MAX;
}

static int open_file(int dirfd)
{
	int fd = openat(dirfd, NSU_METRICS_NAME, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int check_file(int fd, struct nsu_fail *fail)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", FILE_NAME);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 07777) != 0600 ||
	    st.st_size != sizeof(struct nsu_metrics) || st.st_blocks * 512 < st.st_size)
		return nsu_fail_because(fail, EINVAL,
		                        "'%s' is not a file of counters of this version (remove it: it is made again)",
		                        FILE_NAME);
	return 0;
}

/* Could writing raise a signal, block, or fail later? */
static int check_place(int dirfd, struct nsu_fail *fail)
{
	struct rlimit limit;
	struct statfs fs;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0)
		return nsu_fail(fail, errno, "read the limit of a file's size");
	if (limit.rlim_cur < sizeof(struct nsu_metrics))
		return nsu_fail_because(fail, EFBIG, "'%s' is missing, and RLIMIT_FSIZE forbids to make it", FILE_NAME);
	if (fstatfs(dirfd, &fs) < 0)
		return nsu_fail(fail, errno, "stat the file system of '%s'", NSU_RUN_DIR);
	if (fs.f_type != TMPFS_MAGIC)
		return nsu_fail_because(fail, EOPNOTSUPP, "'%s' is not on a tmpfs: nothing is counted there",
		                        NSU_RUN_DIR);
	if (fs.f_files > 0 && fs.f_ffree < NSU_METRICS_SPARE_INODES) /* none at all: there is no limit */
		return nsu_fail(fail, ENOSPC, "make '%s', which leaves the sets their inodes", FILE_NAME);
	return 0;
}

/* Return: 0 if it is there afterwards, this one or another's; negative errno. */
static int make_file(int dirfd, struct nsu_fail *fail)
{
	const struct nsu_metrics empty = {.magic = MAGIC, .size = sizeof(empty)};
	char path[sizeof("/proc/self/fd/") + 10];
	auto_close int fd = -1;
	ssize_t written;
	int ret;

	ret = check_place(dirfd, fail);
	if (ret < 0)
		return ret;
	fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return nsu_fail(fail, errno, "make '%s'", FILE_NAME);
	if (fchmod(fd, 0600) < 0)
		return nsu_fail(fail, errno, "set the mode of '%s'", FILE_NAME);
	written = pwrite(fd, &empty, sizeof(empty), 0);
	if (written != (ssize_t)sizeof(empty))
		return nsu_fail(fail, written < 0 ? errno : ENOSPC, "write '%s'", FILE_NAME);
	ret = check_file(fd, fail);
	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, dirfd, NSU_METRICS_NAME, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
		return nsu_fail(fail, errno, "make '%s'", FILE_NAME);
	return 0;
}

int nsu_metrics_map(int dirfd, struct nsu_metrics **ret_metrics, struct nsu_fail *fail)
{
	auto_close int fd = open_file(dirfd);
	struct nsu_metrics *metrics;
	int ret = 0;

	if (fd == -ENOENT) {
		ret = make_file(dirfd, fail);
		if (ret < 0)
			return ret;
		fd = open_file(dirfd);
	}
	if (fd < 0)
		return nsu_fail(fail, -fd, "open '%s'", FILE_NAME);
	ret = check_file(fd, fail);
	if (ret < 0)
		return ret;
	metrics = mmap(NULL, sizeof(*metrics), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (metrics == MAP_FAILED)
		return nsu_fail(fail, errno, "map '%s'", FILE_NAME);
	if (metrics->magic != MAGIC || metrics->size != sizeof(*metrics)) {
		nsu_metrics_unmap(metrics);
		return nsu_fail_because(fail, EINVAL,
		                        "'%s' is not a file of counters of this version (remove it: it is made again)",
		                        FILE_NAME);
	}
	*ret_metrics = metrics;
	return 0;
}

void nsu_metrics_unmap(struct nsu_metrics *metrics)
{
	if (metrics)
		munmap(metrics, sizeof(*metrics));
}

static void add(counter *number, uint64_t n)
{
	atomic_fetch_add_explicit(number, n, memory_order_relaxed);
}

static uint64_t get(const counter *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

/* FNV-1a, never 0. Names are the administrator's: nobody chooses two that meet. */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325U;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3U;
	return hash ? hash : 1;
}

static void write_name(struct place *place, const char *name)
{
	uint64_t words[NAME_WORDS] = {0};

	memcpy(words, name, strlen(name)); /* shorter than NSU_METRICS_NAME_MAX */
	for (size_t i = 0; i < NAME_WORDS; i++)
		atomic_store_explicit(&place->name[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&place->is_named, 1, memory_order_release);
}

static struct place *find_place(struct nsu_metrics *metrics, const char *profile)
{
	char name[NSU_METRICS_NAME_MAX];
	uint64_t key = hash_name(nsu_text_printable(profile, name, sizeof(name)));

	for (size_t i = 0; i < NSU_METRICS_PROFILES; i++) {
		uint64_t found = get(&metrics->keys[i]);

		/* Where another is quicker, found becomes what that has put there. */
		if (found == 0 && atomic_compare_exchange_strong(&metrics->keys[i], &found, key))
			found = key;
		if (found != key)
			continue;
		if (!get(&metrics->places[i].is_named))
			write_name(&metrics->places[i], name);
		return &metrics->places[i];
	}
	return &metrics->places[NSU_METRICS_PROFILES];
}

void nsu_metrics_opened(struct nsu_metrics *metrics, const char *profile, bool is_joined, uint64_t took_ns)
{
	struct times *times = &metrics->times[is_joined];
	size_t bucket = 0;

	while (took_ns > nsu_metrics_bound_ns(bucket))
		bucket++;
	add(&find_place(metrics, profile)->opened[is_joined], 1);
	add(&times->sum_ns, took_ns);
	add(&times->buckets[bucket], 1);
}

void nsu_metrics_closed(struct nsu_metrics *metrics, const char *profile)
{
	add(&find_place(metrics, profile)->closed, 1);
}

void nsu_metrics_failed(struct nsu_metrics *metrics, enum nsu_metrics_reason reason, bool is_let_in)
{
	add(is_let_in ? &metrics->let_in[reason] : &metrics->refused[reason], 1);
}

/* Return: false if nothing has been counted there. */
static bool read_place(const struct place *place, bool has_name, struct nsu_metrics_profile *profile)
{
	uint64_t words[NAME_WORDS];

	if (has_name && !atomic_load_explicit(&place->is_named, memory_order_acquire))
		return false;
	for (size_t i = 0; i < NAME_WORDS; i++)
		words[i] = get(&place->name[i]);
	memcpy(profile->name, words, sizeof(profile->name));
	profile->name[sizeof(profile->name) - 1] = '\0';
	if (!has_name)
		strcpy(profile->name, NSU_METRICS_OTHERS);
	profile->opened[0] = get(&place->opened[0]);
	profile->opened[1] = get(&place->opened[1]);
	profile->closed = get(&place->closed);
	return has_name || profile->opened[0] > 0 || profile->opened[1] > 0 || profile->closed > 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct nsu_metrics_profile *)a)->name, ((const struct nsu_metrics_profile *)b)->name);
}

void nsu_metrics_read(const struct nsu_metrics *metrics, struct nsu_metrics_counts *counts)
{
	memset(counts, 0, sizeof(*counts));
	for (size_t i = 0; i <= NSU_METRICS_PROFILES; i++) {
		if (read_place(&metrics->places[i], i < NSU_METRICS_PROFILES, &counts->profiles[counts->n_profiles]))
			counts->n_profiles++;
	}
	qsort(counts->profiles, counts->n_profiles, sizeof(*counts->profiles), compare_names);
	for (size_t i = 0; i < NSU_METRICS_REASONS; i++) {
		counts->refused[i] = get(&metrics->refused[i]);
		counts->let_in[i] = get(&metrics->let_in[i]);
	}
	for (size_t joined = 0; joined < 2; joined++) {
		counts->times[joined].sum_ns = get(&metrics->times[joined].sum_ns);
		for (size_t i = 0; i < NSU_METRICS_BUCKETS; i++)
			counts->times[joined].buckets[i] = get(&metrics->times[joined].buckets[i]);
	}
}
