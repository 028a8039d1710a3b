/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process of a case: it opens a session and closes it, all its calls being asked for, and says where it is by marks; and
 * what must be there before the first case.
 */
#include "sweep.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

struct sweep sweep = {.proc_dirfd = -1, .log_fd = -1};

void case_fail(const char *what)
{
	printf("not ok - %s: %s: %s\n", sweep.name ? sweep.name : "sweep", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

long case_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void mark(enum mark mark)
{
	syscall(MARK_NR, mark);
}

/* All calls of this process, and of what it starts, do what @action says. Return: the listener; -1 with errno. */
static int filter_calls(unsigned action)
{
	struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, action)};
	struct sock_fprog program = {.len = 1, .filter = filter};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* Return: why this machine has no seccomp user notification, or not for us; NULL: it has. */
const char *case_cannot_listen(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(filter_calls(SECCOMP_RET_ALLOW) < 0 ? errno : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		case_fail("fork");
	return status == 0 ? NULL : strerror(WEXITSTATUS(status));
}

static void write_own_state(char own[4096])
{
	FILE *out = fmemopen(own, 4096, "w");
	const char *id = pam_getenv(sweep.pamh, "NSUNSHARE_ID");

	state_own(out, "state");
	fprintf(out, "state: NSUNSHARE_ID %s\n", id ? id : "-");
	fclose(out);
}

/* A child of the opener is in the session. */
static void look_inside(void)
{
	struct utsname uts;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open("/proc/sys/user/max_user_namespaces", O_RDONLY | O_CLOEXEC);
		char limit[16] = "";

		if (fd >= 0 && read(fd, limit, sizeof(limit) - 1) < 0)
			_exit(1);
		if (uname(&uts) == 0)
			snprintf(sweep.shared->inside, sizeof(sweep.shared->inside),
			         "hostname %s\nmax_user_namespaces %s", uts.nodename,
			         fd >= 0 ? limit : "not to be seen\n");
		close(fd);
		mark(MARK_INSIDE);
		_exit(0);
	}
	if (pid < 0)
		sweep.shared->fork_errno = errno;
	else
		waitpid(pid, NULL, 0);
}

/* Can one that was refused go on? */
static void try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		sweep.shared->fork_errno = errno;
	else
		waitpid(pid, NULL, 0);
}

void opener_run(void)
{
	struct shared *shared = sweep.shared;
	sigset_t none;
	int listener_fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	listener_fd = filter_calls(SECCOMP_RET_USER_NOTIF);
	__atomic_store_n(&shared->listener_fd, listener_fd < 0 ? -errno : listener_fd, __ATOMIC_SEQ_CST);
	if (listener_fd < 0)
		_exit(1);
	/* answered once the listener has been fetched */
	mark(MARK_BEFORE);
	close(listener_fd);
	write_own_state(shared->own[0]);
	mark(MARK_BEFORE);
	mark(MARK_OPEN);
	shared->open_code = pam_open_session(sweep.pamh, 0);
	mark(MARK_OPENED);
	write_own_state(shared->own[1]);
	mark(MARK_STATE);
	if (shared->open_code == PAM_SUCCESS) {
		look_inside();
		mark(MARK_CLOSE);
		shared->close_code = pam_close_session(sweep.pamh, 0);
		mark(MARK_CLOSED);
		write_own_state(shared->own[2]);
		mark(MARK_AFTER);
	} else {
		try_fork();
	}
	_exit(0);
}

/* ---- set-up */

static int converse(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	sweep.shared->messages += n;
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void listen_for_log(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

	unlink(address.sun_path);
	sweep.log_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sweep.log_fd < 0 || bind(sweep.log_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, 0666) < 0) /* as on any host: the opener may be another root by then */
		case_fail("/dev/log");
	sweep.log_socket_fd = sweep.log_fd + 1; /* the lowest that is free */
	openlog("sweep", LOG_NDELAY, LOG_AUTHPRIV);
}

/* Modules are loaded by the first call of PAM; their loading is not what is tested. */
static void prepare_pam(void)
{
	static const struct pam_conv conversation = {converse, NULL};

	if (pam_start(SESSION_SERVICE, SESSION_USER, &conversation, &sweep.pamh) != PAM_SUCCESS ||
	    pam_acct_mgmt(sweep.pamh, 0) != PAM_SUCCESS)
		case_fail("pam_start");
}

void case_prepare(void)
{
	sigset_t child;

	sweep.shared = mmap(NULL, sizeof(*sweep.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sweep.shared == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		case_fail("prepare");
	sweep.proc_dirfd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (sweep.proc_dirfd < 0)
		case_fail("/proc");
	listen_for_log();
	prepare_pam();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sweep.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sweep.signal_fd < 0 || sigprocmask(SIG_BLOCK, &child, NULL) < 0)
		case_fail("signalfd");
	host_view(sweep.host);
	sets_prepare();
}
