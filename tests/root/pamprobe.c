/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pamprobe SERVICE USER STEP...: a PAM application that does as it is told and says what it sees, one line for each fact,
 * with the step (or the state's NAME) first. Steps:
 *   open close      pam_open_session, pam_close_session: return code, milliseconds
 *   state=NAME      everything a PAM module could change of its caller
 *   child           the descriptors of a child forked now
 *   run=COMMAND     a child runs sh -c COMMAND, and is waited for
 *   start=COMMAND   a child runs sh -c COMMAND, and is not waited for
 *   zombie, reap    a child that has ended and is not waited for; wait for all children
 *   sleep=MS cd=DIR env=NAME end
 *   thread          a second thread
 *   chroot=DIR      chroot(2)
 *   user=NAME       the handle is for another user from here on
 *   subreaper       orphans below this process become its children
 *   nofile=N        no descriptor from number N on
 *   old-kernel      mount_setattr(2) is not implemented from here on
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <pthread.h>
#include <security/pam_appl.h>
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

extern char **environ;

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

static void print_link(const char *label, const char *path)
{
	char target[4096];
	ssize_t n = readlinkat(proc_fd, path, target, sizeof(target) - 1);

	if (n < 0)
		die(path);
	target[n] = '\0';
	printf("%s %s\n", label, target);
}

/* Each entry of a directory of links, sorted by scandir(3), but the descriptor that lists them. */
static void print_links(const char *label, const char *name, const char *dir)
{
	struct dirent **entries;
	char path[300], line[300];
	int n = scandirat(proc_fd, dir, &entries, NULL, versionsort);

	if (n < 0)
		die(dir);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%.200s", dir, entries[i]->d_name);
		snprintf(line, sizeof(line), "%s: %s %.200s", label, name, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && faccessat(proc_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			print_link(line, path);
	}
}

/* The lines of a file that begin with one of these words; all lines if there are none. */
static void print_file(const char *label, const char *path, const char *const words[])
{
	int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[4096];

	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file)) {
		bool wanted = !words;

		for (size_t i = 0; words && words[i]; i++)
			wanted = wanted || strncmp(line, words[i], strlen(words[i])) == 0;
		if (wanted)
			printf("%s: %s: %s%s", label, path, line, strchr(line, '\n') ? "" : "\n");
	}
	fclose(file);
}

static void print_state(const char *label)
{
	static const char *const status[] = {
		"Umask",  "Uid",    "Gid",    "Groups", "FDSize",     "Threads",  "SigPnd",    "ShdPnd",
		"SigBlk", "SigIgn", "SigCgt", "Cap",    "NoNewPrivs", "Seccomp:", "TracerPid", NULL,
	};
	struct itimerval timer;
	char cwd[4096];
	int parent_death_signal = 0;

	print_links(label, "namespace", "self/ns");
	print_links(label, "descriptor", "self/fd");
	print_file(label, "self/status", status);
	print_file(label, "self/limits", NULL);
	print_file(label, "self/oom_score_adj", NULL);
	print_file(label, "thread-self/children", NULL);
	for (char **variable = environ; *variable; variable++)
		printf("%s: environment %s\n", label, *variable);
	getitimer(ITIMER_REAL, &timer);
	prctl(PR_GET_PDEATHSIG, &parent_death_signal);
	printf("%s: cwd %s\n", label, getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	printf("%s: locale %s\n", label, setlocale(LC_ALL, NULL));
	printf("%s: timer %ld\n", label, (long)timer.it_value.tv_sec);
	printf("%s: parent-death-signal %d\n", label, parent_death_signal);
	printf("%s: dumpable %d\n", label, prctl(PR_GET_DUMPABLE));
	printf("%s: nice %d\n", label, getpriority(PRIO_PROCESS, 0));
	printf("%s: session %d group %d\n", label, (int)getsid(0), (int)getpgrp());
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
		print_links("child", "descriptor", "self/fd");
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

static void become_old(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		die("seccomp");
}

static void print_env(const char *name)
{
	const char *value = pam_getenv(pamh, name);

	printf("env: %s %s\n", name, value ? value : "-");
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
	else if (IS("subreaper"))
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	else if (IS("nofile"))
		limit_descriptors((rlim_t)atoi(value));
	else if (IS("old-kernel"))
		become_old();
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
