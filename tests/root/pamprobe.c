/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pamprobe SERVICE USER STEP...: a PAM application that does as it is told and says what it sees, one line for each fact,
 * with the step (or the state's NAME) first. Steps:
 *   open close      pam_open_session, pam_close_session: return code, milliseconds
 *   state=NAME      everything a PAM module could change of its caller
 *   raw-close       a child that was forked without a word to the C library calls pam_close_session
 *   child           the descriptors of a child forked now
 *   run=COMMAND     a child runs sh -c COMMAND, and is waited for
 *   start=COMMAND   a child runs sh -c COMMAND, and is not waited for
 *   zombie, reap    a child that has ended and is not waited for; wait for all children
 *   sleep=MS cd=DIR env=NAME end
 *   thread          a second thread
 *   chroot=DIR      chroot(2)
 *   user=NAME       the handle is for another user from here on
 *   no-user         or for none
 *   tty=TEXT rhost=TEXT ruser=TEXT   what the application says of the login
 *   subreaper       orphans below this process become its children
 *   nofile=N        no descriptor from number N on
 *   closefrom=N     closes all descriptors from number N on, as daemons do
 *   fill=N          N descriptors of its own, in the lowest free numbers
 *   fork            can it still fork?
 *   wait=FILE       until FILE is there
 *   ticks           SIGALRM 10,000 times a second, with a handler and without SA_RESTART
 *   exec=COMMAND    sh -c COMMAND in place of this process
 *   old-kernel      mount_setattr(2) is not implemented from here on
 *   namespace-limit no mount namespace can be made from here on, as if there were too many
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

static pam_handle_t *pamh;
static int proc_fd; /* the host's /proc, whatever view the process is in */

static void die(const char *what)
{
	fprintf(stderr, "pamprobe: %s: %s\n", what, strerror(errno));
	exit(100);
}

static int converse(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)data;
	for (int i = 0; i < n; i++)
		printf("message: %s\n", messages[i]->msg);
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void print_state(const char *label)
{
	state_of(stdout, label, proc_fd, "self", "thread-self");
	state_own(stdout, label);
}

static void call(const char *name, int (*function)(pam_handle_t *, int))
{
	struct timespec began, ended;
	int code;

	clock_gettime(CLOCK_MONOTONIC, &began);
	code = function(pamh, 0);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%s: code %d\n%s: ms %ld\n", name, code, name,
	       (long)((ended.tv_sec - began.tv_sec) * 1000 + (ended.tv_nsec - began.tv_nsec) / 1000000));
}

static pid_t fork_or_die(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	return pid;
}

static pid_t run(const char *command)
{
	pid_t pid = fork_or_die();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		die("/bin/sh");
	}
	return pid;
}

static void print_child(void)
{
	pid_t pid = fork_or_die();

	if (pid == 0) {
		state_links(stdout, "child", "descriptor", proc_fd, "self/fd");
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void make_zombie(void)
{
	pid_t pid = fork_or_die();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		die("waitid");
}

static void *idle(void *unused)
{
	pause();
	return unused;
}

static void start_thread(void)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, idle, NULL);
	if (errno)
		die("pthread_create");
}

static void limit_descriptors(rlim_t number)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	limit.rlim_cur = number;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit");
}

static void fill_descriptors(int number)
{
	while (number-- > 0)
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			die("fill");
}

static void try_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(0);
	printf("fork: %s\n", pid < 0 ? strerror(errno) : "done");
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void wait_for_file(const char *path)
{
	for (int i = 0; i < 1000 && access(path, F_OK) < 0; i++)
		usleep(10000);
}

static void ignore_tick(int signo)
{
	(void)signo;
}

static void start_ticks(void)
{
	struct sigaction action = {.sa_handler = ignore_tick};
	struct itimerval often = {{0, 100}, {0, 100}};

	if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &often, NULL) < 0)
		die("ticks");
}

static void filter_calls(const struct sock_filter *filter, size_t len)
{
	struct sock_fprog program = {.len = (unsigned short)len, .filter = (struct sock_filter *)filter};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		die("seccomp");
}

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))

static void become_old(void)
{
	static const struct sock_filter filter[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	filter_calls(filter, sizeof(filter) / sizeof(filter[0]));
}

/* Little-endian: the flags are in the lower half of the first argument. */
static void limit_namespaces(void)
{
	static const struct sock_filter filter[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWNS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	filter_calls(filter, sizeof(filter) / sizeof(filter[0]));
}

static void print_env(const char *name)
{
	const char *value = pam_getenv(pamh, name);

	printf("env: %s %s\n", name, value ? value : "-");
}

/* A child of which no atfork handler knows. */
static void close_in_raw_child(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	int status = 0;

	if (pid == 0)
		_exit(pam_close_session(pamh, 0));
	waitpid(pid, &status, 0);
	printf("raw-close: status %d\n", status);
}

static int wait_for(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void do_step(const char *step)
{
	const char *value = strchr(step, '=') ? strchr(step, '=') + 1 : "";
	size_t len = strcspn(step, "=");

#define IS(name) (len == strlen(name) && strncmp(step, name, len) == 0)
	if (IS("open"))
		call("open", pam_open_session);
	else if (IS("close"))
		call("close", pam_close_session);
	else if (IS("state"))
		print_state(value);
	else if (IS("raw-close"))
		close_in_raw_child();
	else if (IS("child"))
		print_child();
	else if (IS("run"))
		printf("run: status %d\n", wait_for(run(value)));
	else if (IS("start"))
		run(value);
	else if (IS("zombie"))
		make_zombie();
	else if (IS("reap"))
		while (wait(NULL) > 0)
			continue;
	else if (IS("sleep"))
		usleep((useconds_t)atoi(value) * 1000);
	else if (IS("cd") && chdir(value) < 0)
		die(value);
	else if (IS("env"))
		print_env(value);
	else if (IS("thread"))
		start_thread();
	else if (IS("chroot") && (chroot(value) < 0 || chdir("/") < 0))
		die(value);
	else if (IS("user"))
		pam_set_item(pamh, PAM_USER, value);
	else if (IS("no-user"))
		pam_set_item(pamh, PAM_USER, NULL);
	else if (IS("tty"))
		pam_set_item(pamh, PAM_TTY, value);
	else if (IS("rhost"))
		pam_set_item(pamh, PAM_RHOST, value);
	else if (IS("ruser"))
		pam_set_item(pamh, PAM_RUSER, value);
	else if (IS("subreaper"))
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	else if (IS("nofile"))
		limit_descriptors((rlim_t)atoi(value));
	else if (IS("closefrom"))
		closefrom(atoi(value));
	else if (IS("fill"))
		fill_descriptors(atoi(value));
	else if (IS("fork"))
		try_fork();
	else if (IS("wait"))
		fflush(stdout), wait_for_file(value);
	else if (IS("ticks"))
		start_ticks();
	else if (IS("exec"))
		fflush(stdout), execl("/bin/sh", "sh", "-c", value, NULL), die("/bin/sh");
	else if (IS("old-kernel"))
		become_old();
	else if (IS("namespace-limit"))
		limit_namespaces();
	else if (IS("end"))
		pam_end(pamh, PAM_SUCCESS);
	else if (!IS("cd") && !IS("chroot"))
		errno = EINVAL, die(step);
}

int main(int argc, char **argv)
{
	static const struct pam_conv conversation = {converse, NULL};

	if (argc < 3)
		return 2;
	openlog(NULL, LOG_NDELAY, LOG_AUTHPRIV); /* else its descriptor comes with the module's first message */
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		die("/proc");
	if (pam_start(argv[1], argv[2], &conversation, &pamh) != PAM_SUCCESS)
		die("pam_start");
	for (int i = 3; i < argc; i++)
		do_step(argv[i]);
	return 0;
}
