/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * race: swap names under a login, and look whether it was led astray. The victim is a path that nothing may be mounted on
 * and that may be mounted nowhere else.
 *
 *   race swap COUNTER A B                      exchange two names until killed; their number is kept in the file COUNTER
 *   race open N SERVICE USER VICTIM LOOK       N logins by PAM
 *   race tmpfs N USER VICTIM LOOK PATH         N mounts as one would make them by path: the control
 *   race bind N USER VICTIM LOOK SOURCE PATH   likewise, if SOURCE belongs to USER
 *   race mounts N DIR                          N mounts below DIR, each with its number for a name
 *
 * The three before print `opens N opened N refused N hits N shown N`. LOOK is a path that shows the victim if the wrong thing was
 * mounted there, or "-"; the last is how often it showed something else.
 */
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct target {
	const char *victim;
	const char *look;
	struct stat before; /* the victim, on the host */
	unsigned shown;     /* how often there was something else to be seen at @look */
};

enum outcome {
	OPENED,
	REFUSED,
	HIT
};

static int swap(const char *counter, const char *a, const char *b)
{
	volatile uint64_t *count;
	int fd = open(counter, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, sizeof(*count)) < 0)
		return 1;
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (count == MAP_FAILED)
		return 1;
	for (;;)
		if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
			++*count;
}

static int mount_many(int n, const char *dir)
{
	char path[64];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		if (mkdir(path, 0755) < 0 || mount("/usr", path, NULL, MS_BIND, NULL) < 0)
			return 1;
	}
	return 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* In the session: is the victim covered, or shown elsewhere? */
static bool is_hit(struct target *target)
{
	struct stat now;

	if (stat(target->victim, &now) < 0 || !is_same(&now, &target->before))
		return true;
	if (strcmp(target->look, "-") == 0 || stat(target->look, &now) < 0)
		return false;
	if (is_same(&now, &target->before))
		return true;
	target->shown++;
	return false;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static enum outcome log_in(pam_handle_t *pamh, struct target *target)
{
	bool hit;

	if (pam_open_session(pamh, 0) != PAM_SUCCESS)
		return REFUSED;
	hit = is_hit(target);
	if (pam_close_session(pamh, 0) != PAM_SUCCESS)
		exit(3);
	return hit ? HIT : OPENED;
}

/* What a program does that looks first and then mounts by path. */
static enum outcome mount_by_path(char **paths, const struct passwd *user, struct target *target)
{
	const char *path = paths[1] ? paths[1] : paths[0];
	struct stat source;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(3);
		if (paths[1] &&
		    (lstat(paths[0], &source) < 0 || !S_ISDIR(source.st_mode) || source.st_uid != user->pw_uid))
			_exit(REFUSED);
		if (mount(paths[0], path, "tmpfs", paths[1] ? MS_BIND : 0, NULL) < 0)
			_exit(REFUSED);
		_exit(is_hit(target) ? HIT : OPENED);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) > HIT)
		exit(3);
	return (enum outcome)WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	static const struct pam_conv conversation = {converse, NULL};
	bool by_pam = argc == 7 && strcmp(argv[1], "open") == 0;
	struct passwd *user;
	struct target target;
	pam_handle_t *pamh = NULL;
	unsigned counts[3] = {0};
	int n;

	if (argc == 5 && strcmp(argv[1], "swap") == 0)
		return swap(argv[2], argv[3], argv[4]);
	if (argc == 4 && strcmp(argv[1], "mounts") == 0)
		return mount_many(atoi(argv[2]), argv[3]);
	if (!by_pam && argc != 7 && argc != 8)
		return 2;
	n = atoi(argv[2]);
	target = (struct target){.victim = argv[by_pam ? 5 : 4], .look = argv[by_pam ? 6 : 5]};
	user = getpwnam(argv[by_pam ? 4 : 3]);
	if (!user || stat(target.victim, &target.before) < 0)
		return 3;
	if (by_pam && pam_start(argv[3], argv[4], &conversation, &pamh) != PAM_SUCCESS)
		return 3;
	for (int i = 0; i < n; i++)
		counts[by_pam ? log_in(pamh, &target) : mount_by_path(argv + 6, user, &target)]++;
	printf("opens %d opened %u refused %u hits %u shown %u\n", n, counts[OPENED], counts[REFUSED], counts[HIT],
	       target.shown);
	return 0;
}
