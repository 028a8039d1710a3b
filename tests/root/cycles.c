/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cycles SERVICE USER COUNT: opens and closes a session so often in one process.
 * cycles SERVICE USERS OPENERS SECONDS: so many processes do it for so long, each for one of the users, whose names are
 * separated by commas. The first failure ends it. Prints how many there were.
 */
#include <err.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPENERS_MAX 1024

static int silent(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static pam_handle_t *start(const char *service, const char *user)
{
	static const struct pam_conv conversation = {silent, NULL};
	pam_handle_t *pamh;

	if (pam_start(service, user, &conversation, &pamh) != PAM_SUCCESS)
		errx(1, "pam_start('%s', '%s') failed", service, user);
	return pamh;
}

static void open_and_close(pam_handle_t *pamh, const char *user)
{
	int code = pam_open_session(pamh, 0);

	if (code != PAM_SUCCESS)
		errx(1, "open for '%s': code %d", user, code);
	code = pam_close_session(pamh, 0);
	if (code != PAM_SUCCESS)
		errx(1, "close for '%s': code %d", user, code);
}

static void one_after_the_other(const char *service, const char *user, long count)
{
	pam_handle_t *pamh = start(service, user);

	for (long i = 0; i < count; i++)
		open_and_close(pamh, user);
	pam_end(pamh, PAM_SUCCESS);
}

static void run_until(const char *service, const char *user, time_t end, long *count)
{
	pam_handle_t *pamh = start(service, user);

	while (time(NULL) < end) {
		open_and_close(pamh, user);
		++*count;
	}
	pam_end(pamh, PAM_SUCCESS);
	exit(0);
}

static int side_by_side(const char *service, char *users, int openers, int seconds)
{
	long *counts =
		mmap(NULL, OPENERS_MAX * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *names[OPENERS_MAX];
	time_t end = time(NULL) + seconds;
	long sum = 0;
	int n = 0, failed = 0, status;

	for (char *name = strtok(users, ","); name && n < OPENERS_MAX; name = strtok(NULL, ","))
		names[n++] = name;
	if (counts == MAP_FAILED || n == 0 || openers > OPENERS_MAX)
		errx(2, "%d openers, %d users", openers, n);
	for (int i = 0; i < openers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0)
			run_until(service, names[i % n], end, &counts[i]);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	for (int i = 0; i < openers; i++)
		sum += counts[i];
	printf("%ld\n", sum);
	return failed > 0;
}

int main(int argc, char **argv)
{
	if (argc == 5)
		return side_by_side(argv[1], argv[2], atoi(argv[3]), atoi(argv[4]));
	if (argc != 4)
		errx(2, "usage: cycles SERVICE USER COUNT | cycles SERVICE USERS OPENERS SECONDS");
	one_after_the_other(argv[1], argv[2], atol(argv[3]));
	printf("%s\n", argv[3]);
	return 0;
}
