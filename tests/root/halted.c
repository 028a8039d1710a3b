/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * halted SERVICE TTY USER OTHER open|join: USER stops his own opener before each of its system calls in turn, while it makes the set
 * that TTY stands for in the policy, or joins it. Meanwhile OTHER logs in, and USER from elsewhere, and out
 * again: that takes no longer for it. Then the stopped one goes on, and is in, or it is killed: in turn; and nothing is left.
 * It stops under ptrace(2), as by a SIGSTOP that comes at just that moment. Prints how often, and the longest that a login took.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOGIN_MS                                                                                                       \
	4000 /* a login must be done by then: on a busy machine, and well before the policy's timeout of 10 s */
#define GONE_MS 5000
#define MARK_NR 0x5eed /* no system call has this number */

static const char *service, *tty;
static long worst_ms;
static int n_halts;

/* An opener. It says its code once it is in, and goes when it is told to. */
struct login {
	pid_t pid;
	int fd;
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fail(const char *what, const char *user, long nr)
{
	printf("call %d (number %ld): %s: %s\n", n_halts, nr, user, what);
	exit(1);
}

static int converse(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void run_opener(const char *user, int fd, bool is_traced)
{
	static const struct pam_conv conversation = {converse, NULL};
	pam_handle_t *pamh;
	char letter;
	int code;

	if (pam_start(service, user, &conversation, &pamh) != PAM_SUCCESS || pam_acct_mgmt(pamh, 0) != PAM_SUCCESS)
		_exit(1);
	pam_set_item(pamh, PAM_TTY, tty);
	if (is_traced &&
	    (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0))
		_exit(1);
	syscall(MARK_NR);
	code = pam_open_session(pamh, 0);
	syscall(MARK_NR);
	letter = code == PAM_SUCCESS ? 'y' : 'n';
	if (write(fd, &letter, 1) != 1 || read(fd, &letter, 1) != 1)
		_exit(1);
	_exit(pam_close_session(pamh, 0) == PAM_SUCCESS ? 0 : 1);
}

static struct login start(const char *user, bool is_traced)
{
	struct login login;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		err(2, "socketpair");
	login = (struct login){.pid = fork(), .fd = ends[0]};
	if (login.pid < 0)
		err(2, "fork");
	if (login.pid == 0) {
		close(ends[0]);
		run_opener(user, ends[1], is_traced);
	}
	close(ends[1]);
	return login;
}

/* Is the login's mount namespace another than ours? */
static bool is_inside(pid_t pid)
{
	struct stat own, its;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	return stat("/proc/self/ns/mnt", &own) == 0 && stat(path, &its) == 0 && own.st_ino != its.st_ino;
}

static void await_in(const struct login *login, const char *user, long nr)
{
	struct pollfd pfd = {.fd = login->fd, .events = POLLIN};
	long began = now_ms();
	char letter = 0;

	if (poll(&pfd, 1, LOGIN_MS) <= 0)
		fail("the login takes too long", user, nr);
	if (read(login->fd, &letter, 1) != 1 || letter != 'y')
		fail("the login is refused", user, nr);
	if (!is_inside(login->pid))
		fail("the login is not inside", user, nr);
	if (now_ms() - began > worst_ms)
		worst_ms = now_ms() - began;
}

static void log_out(const struct login *login, const char *user, long nr)
{
	long began = now_ms();
	int status = 1;

	if (write(login->fd, "c", 1) != 1 || waitpid(login->pid, &status, 0) != login->pid || status != 0)
		fail("the logout fails", user, nr);
	if (now_ms() - began > LOGIN_MS)
		fail("the logout takes too long", user, nr);
	close(login->fd);
}

/* Lets it run to its n-th call after the mark. Return: the call's number, before which it is stopped; -1: it is in before. */
static long halt_at(pid_t pid, int n)
{
	bool has_begun = false;
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		err(2, "trace");
	for (;;) {
		struct __ptrace_syscall_info info = {.op = 0};

		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid ||
		    !WIFSTOPPED(status))
			fail("the opener has died", "itself", n);
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
			err(2, "PTRACE_GET_SYSCALL_INFO");
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
			continue;
		if (info.entry.nr == MARK_NR && has_begun)
			return -1;
		if (has_begun && n-- == 0)
			return (long)info.entry.nr;
		has_begun = has_begun || info.entry.nr == MARK_NR;
	}
}

/* No set is known any more. */
static bool is_registry_empty(void)
{
	DIR *dir = opendir("/run/nsunshare");
	struct dirent *entry;
	bool is_empty = true;

	while (dir && (entry = readdir(dir)))
		is_empty = is_empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		                        strcmp(entry->d_name, "metrics") == 0);
	if (dir)
		closedir(dir);
	return is_empty;
}

static void await_nothing(long nr)
{
	for (long end = now_ms() + GONE_MS; !is_registry_empty(); usleep(1000))
		if (now_ms() > end)
			fail("a set is left", "all", nr);
}

/* What others do while it is stopped. */
static void use_meanwhile(const char *user, const char *other, long nr)
{
	struct login of_other = start(other, false);
	struct login own;

	await_in(&of_other, other, nr);
	own = start(user, false);
	await_in(&own, user, nr);
	log_out(&of_other, other, nr);
	log_out(&own, user, nr);
}

/* Return: false if there is no n-th call. */
static bool run_case(const char *user, const char *other, bool joins, int n)
{
	struct login holder = {.pid = -1}, halted;
	long nr;

	if (joins) {
		holder = start(user, false);
		await_in(&holder, user, -1);
	}
	halted = start(user, true);
	nr = halt_at(halted.pid, n);
	if (nr >= 0) {
		n_halts++;
		use_meanwhile(user, other, nr);
	}
	if (joins)
		log_out(&holder, user, nr); /* the last one, unless the one that is stopped is in already */
	if (nr >= 0 && n % 2) {
		kill(halted.pid, SIGKILL);
		waitpid(halted.pid, NULL, 0);
		close(halted.fd);
	} else {
		ptrace(PTRACE_DETACH, halted.pid, NULL, NULL);
		await_in(&halted, user, nr);
		log_out(&halted, user, nr);
	}
	await_nothing(nr);
	return nr >= 0;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		errx(2, "usage: halted SERVICE TTY USER OTHER open|join");
	service = argv[1];
	tty = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int n = 0; run_case(argv[3], argv[4], strcmp(argv[5], "join") == 0, n); n++)
		continue;
	printf("halts %d worst_ms %ld\n", n_halts, worst_ms);
	return 0;
}
