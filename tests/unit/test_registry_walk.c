/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G28 G30. */
/* link: -Wl,--wrap=listen,--wrap=connect,--wrap=flock */
/* What a walk over the registry finds, and what a sweep takes away. */
#include "fake_set.h"

#include <sys/file.h>
#include <sys/un.h>

#define ID "0123456789abcdef"

/* What others do between two steps of the sweep. */
static void (*at_flock)(void);
static void (*at_connect)(void); /* and the connection is refused */

static int (*at_listen)(void); /* before it */

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);

int __wrap_flock(int fd, int operation)
{
	int ret = __real_flock(fd, operation);

	if (at_flock)
		at_flock();
	return ret;
}

int __wrap_listen(int fd, int backlog)
{
	if (at_listen && at_listen() < 0)
		return -1;
	return __real_listen(fd, backlog);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	if (!at_connect)
		return __real_connect(fd, address, len);
	at_connect();
	errno = ECONNREFUSED;
	return -1;
}

static const char *const keys[] = {
	"s" ID,
	"u0." ID,
	"u4294967295." ID,
	"g50." ID,
	"nlab." ID,
	"na.b-c_d." ID,
	"nabcdefghijklmnopqrstuvwxyz012345." ID,
};

/* Nobody's business. */
static const char *const others[] = {
	"metrics",
	"session",
	"s" ID "0",
	"s0123456789abcde",
	"s0123456789ABCDEF",
	"u4294967296." ID,
	"u." ID,
	"u1a." ID,
	"u1000",
	"u1000." ID ".",
	"n." ID,
	"n..lab." ID,
	"nabcdefghijklmnopqrstuvwxyz0123456." ID,
	"x" ID,
	"." ID "0",
	".metrics.tmp",
	"metrics.lock",
	".lock",
	"s" ID ".lock.lock",
	"u1000.lock",
};

static int open_registry(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd;

	own_mounts();
	umask(0077);
	CHILD_CHECK_OK(nsu_registry_open(true, &dirfd, &fail), &fail);
	return dirfd;
}

static bool has(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void make_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHILD_CHECK(fd >= 0);
	close(fd);
}

/* A socket; -1 for one that nobody listens on any more. */
static int make_socket(const char *name, bool listens)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", NSU_RUN_DIR, name);
	CHILD_CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHILD_CHECK(listen(fd, 16) == 0);
	if (listens)
		return fd;
	close(fd);
	return -1;
}

static unsigned found;

static int note_key(void *data, const char *key)
{
	CHILD_CHECK(data == &found);
	for (size_t i = 0; i < NSU_COUNT(keys); i++) {
		if (strcmp(keys[i], key) != 0)
			continue;
		found |= 1U << i;
		return 0;
	}
	CHILD_CHECK(!"a name that is no key");
	return 0;
}

static int stop_at_once(void *data, const char *key)
{
	(void)key;
	++*(int *)data;
	return -ECANCELED;
}

static void the_walk_tells_keys(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = open_registry(), n_fds = count_fds(), n_told = 0;

	CHILD_CHECK_OK(nsu_registry_each(dirfd, note_key, &found, &fail), &fail);
	CHILD_CHECK(found == 0);
	for (size_t i = 0; i < NSU_COUNT(keys); i++)
		make_file(dirfd, keys[i]);
	for (size_t i = 0; i < NSU_COUNT(others); i++)
		make_file(dirfd, others[i]);
	make_file(dirfd, "." ID);
	make_file(dirfd, "u1." ID ".lock");
	for (int round = 0; round < 2; round++) { /* each walk begins at the beginning */
		found = 0;
		CHILD_CHECK_OK(nsu_registry_each(dirfd, note_key, &found, &fail), &fail);
		CHILD_CHECK(found == (1U << NSU_COUNT(keys)) - 1);
	}
	CHILD_CHECK(nsu_registry_each(dirfd, stop_at_once, &n_told, &fail) == -ECANCELED && n_told == 1);
	CHILD_CHECK(count_fds() == n_fds);
}

static void the_sweep_takes_what_is_dead(void)
{
	int dirfd = open_registry(), n_fds, living_fd, claiming_fd;

	living_fd = make_socket(keys[0], true);
	claiming_fd = make_socket(".00000000000000aa", true);
	make_socket(".00000000000000bb", false);
	for (size_t i = 1; i < NSU_COUNT(keys); i++)
		make_socket(keys[i], false);
	make_file(dirfd, "u7." ID ".lock");
	for (size_t i = 0; i < NSU_COUNT(others); i++)
		make_file(dirfd, others[i]);
	n_fds = count_fds();
	nsu_registry_sweep(dirfd);
	CHILD_CHECK(has(dirfd, keys[0]));
	for (size_t i = 1; i < NSU_COUNT(keys); i++)
		CHILD_CHECK(!has(dirfd, keys[i]));
	CHILD_CHECK(!has(dirfd, "u7." ID ".lock"));
	for (size_t i = 0; i < NSU_COUNT(others); i++)
		CHILD_CHECK(has(dirfd, others[i]));
	CHILD_CHECK(has(dirfd, ".00000000000000aa") && !has(dirfd, ".00000000000000bb"));
	close(claiming_fd);
	close(living_fd);
	nsu_registry_sweep(dirfd);
	CHILD_CHECK(!has(dirfd, ".00000000000000aa") && !has(dirfd, keys[0]));
	CHILD_CHECK(count_fds() == n_fds - 2);
}

static void the_sweep_waits_for_no_lock(void)
{
	int dirfd = open_registry(), fd, other_fd;

	make_socket(keys[0], false);
	fd = openat(dirfd, "s" ID ".lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	CHILD_CHECK(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
	other_fd = openat(dirfd, "u7." ID ".lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	CHILD_CHECK(other_fd >= 0 && flock(other_fd, LOCK_EX | LOCK_NB) == 0);
	alarm(10);
	nsu_registry_sweep(dirfd);
	CHILD_CHECK(has(dirfd, keys[0]) && has(dirfd, "s" ID ".lock") && has(dirfd, "u7." ID ".lock"));
	close(fd);
	nsu_registry_sweep(dirfd);
	CHILD_CHECK(!has(dirfd, keys[0]) && !has(dirfd, "s" ID ".lock") && has(dirfd, "u7." ID ".lock"));
}

static void the_sweep_leaves_the_signals_as_they_were(void)
{
	sigset_t before, after;
	int dirfd = open_registry();

	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	CHILD_CHECK(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
	nsu_registry_sweep(dirfd);
	CHILD_CHECK(sigprocmask(SIG_SETMASK, NULL, &after) == 0);
	CHILD_CHECK(sigismember(&after, SIGUSR1) && !sigismember(&after, SIGTERM) && !sigismember(&after, SIGINT));
}

static void another_leaves_and_one_more_claims(void)
{
	at_connect = NULL;
	CHILD_CHECK(rename(NSU_RUN_DIR "/.00000000000000cc", NSU_RUN_DIR "/s" ID) == 0);
}

static void another_has_replaced_it(void)
{
	at_flock = NULL;
	CHILD_CHECK(rename(NSU_RUN_DIR "/.00000000000000bb", NSU_RUN_DIR "/s" ID) == 0);
	at_connect = another_leaves_and_one_more_claims;
}

/*
 * The worst that can come between: what was dead has been replaced when the lock is taken; connect(2) finds the living one's
 * name, which leaves then; a third one claims the key, for which it needs no lock; and the connection is refused.
 */
static void what_is_claimed_meanwhile_stays(void)
{
	int dirfd = open_registry(), fd;

	make_socket(keys[0], false);
	make_socket(".00000000000000bb", true);
	make_socket(".00000000000000cc", true);
	at_flock = another_has_replaced_it;
	nsu_registry_sweep(dirfd);
	CHILD_CHECK(!at_flock && !at_connect);
	CHILD_CHECK(nsu_registry_connect(dirfd, keys[0], &fd) == 0);
}

/* Sets come and go under one key while others sweep all the time: whoever claims has it until he leaves. */
static void the_sweep_never_takes_a_living_set(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = open_registry();
	pid_t sweepers[2];

	for (int i = 0; i < 2; i++) {
		sweepers[i] = fork();
		CHILD_CHECK(sweepers[i] >= 0);
		while (sweepers[i] == 0)
			nsu_registry_sweep(dirfd);
	}
	for (int i = 0; i < 3000; i++) {
		struct nsu_registry_entry entry = NSU_REGISTRY_ENTRY_INIT;
		struct stat st, named;
		char id[NSU_ID_LEN + 1];
		int fd, ret;

		snprintf(id, sizeof(id), "%016x", i);
		CHILD_CHECK_OK(nsu_registry_open(true, &entry.dirfd, &fail), &fail);
		/* EEXIST where a sweeper has taken the dead one's name meanwhile: a helper's opener comes again. */
		while ((ret = nsu_registry_claim(&entry, id, keys[3], nsu_proc_now_ms() + 5000, &fail)) == -EEXIST)
			;
		CHILD_CHECK_OK(ret, &fail);
		CHILD_CHECK(fstatat(dirfd, keys[3], &st, 0) == 0);
		CHILD_CHECK(nsu_registry_connect(dirfd, keys[3], &fd) == 0);
		close(fd);
		CHILD_CHECK(fstatat(dirfd, keys[3], &named, 0) == 0 && named.st_ino == st.st_ino);
		if (i % 2)
			entry.key[0] = '\0'; /* it is killed */
		nsu_registry_leave(&entry);
	}
	for (int i = 0; i < 2; i++)
		end_fake(sweepers[i]);
}

static int swept_dirfd, n_sweeps_left;

static int sweep_what_does_not_listen(void)
{
	if (n_sweeps_left > 0) {
		n_sweeps_left--;
		nsu_registry_sweep(swept_dirfd);
	}
	return 0;
}

/* The socket has a name, and nobody listens yet: to the sweep it is dead. */
static void a_claim_outlives_the_sweep(void)
{
	struct nsu_registry_entry entry = NSU_REGISTRY_ENTRY_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	int dirfd = open_registry(), fd = -1;

	swept_dirfd = dirfd;
	entry.dirfd = dup(dirfd);
	at_listen = sweep_what_does_not_listen;
	n_sweeps_left = NSU_CLAIM_TRIES - 1;
	CHILD_CHECK_OK(nsu_registry_claim(&entry, ID, keys[0], nsu_proc_now_ms() + 5000, &fail), &fail);
	CHILD_CHECK(n_sweeps_left == 0 && fail.err == 0);
	CHILD_CHECK(nsu_registry_connect(dirfd, keys[0], &fd) == 0 && !has(dirfd, "." ID));
	nsu_registry_leave(&entry);
	entry.dirfd = dup(dirfd);
	n_sweeps_left = NSU_CLAIM_TRIES;
	CHILD_CHECK(nsu_registry_claim(&entry, ID, keys[0], nsu_proc_now_ms() + 5000, &fail) == -ENOENT);
	CHILD_CHECK(fail.err == ENOENT && !has(dirfd, keys[0]) && !has(dirfd, "." ID));
}

TEST_IN_CHILD(registry_claim_outlives_a_sweep, a_claim_outlives_the_sweep)
TEST_IN_CHILD(registry_each_tells_keys_only, the_walk_tells_keys)
TEST_IN_CHILD(registry_sweep_takes_what_is_dead, the_sweep_takes_what_is_dead)
TEST_IN_CHILD(registry_sweep_waits_for_no_lock, the_sweep_waits_for_no_lock)
TEST_IN_CHILD(registry_sweep_leaves_the_signals_as_they_were, the_sweep_leaves_the_signals_as_they_were)
TEST_IN_CHILD(registry_sweep_looks_whether_the_name_is_still_the_same, what_is_claimed_meanwhile_stays)
TEST_IN_CHILD(registry_sweep_never_takes_a_living_set, the_sweep_never_takes_a_living_set)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registry_claim_outlives_a_sweep),
		cmocka_unit_test(registry_each_tells_keys_only),
		cmocka_unit_test(registry_sweep_takes_what_is_dead),
		cmocka_unit_test(registry_sweep_waits_for_no_lock),
		cmocka_unit_test(registry_sweep_leaves_the_signals_as_they_were),
		cmocka_unit_test(registry_sweep_looks_whether_the_name_is_still_the_same),
		cmocka_unit_test(registry_sweep_never_takes_a_living_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
