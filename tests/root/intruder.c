/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * intruder COMMAND [ARG...]: what the user of a session may try on its PID 1, one line for each attempt with its result.
 *   reach PID        read, write, trace or change the process: a line "NAME: what errno says", or "NAME: done"
 *   signal PID       each signal 1 to 64 in four ways: a line "WAY: COUNT of RESULT" for each result of a way
 *   files DIR        the files below DIR, not those of threads, that can be opened and read, sorted
 *   find PID TEXT    how often TEXT, which is given in capitals, stands in small letters in the memory of PID (as root)
 *   crash PID        the process jumps to address 0 (as root)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t target;
static int target_pidfd;

static void say(const char *name, long result)
{
	printf("%s: %s\n", name, result < 0 ? strerrorname_np(errno) : "done");
}

static long open_file(const char *file, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)target, file);
	return open(path, flags | O_CLOEXEC);
}

static void reach_memory(void)
{
	char buffer[8] = "";
	struct iovec local = {buffer, sizeof(buffer)}, remote = {(void *)4096, sizeof(buffer)};
	struct iovec advised = {(void *)4096, 4096};

	say("ptrace attach", ptrace(PTRACE_ATTACH, target, NULL, NULL));
	say("ptrace seize", ptrace(PTRACE_SEIZE, target, NULL, NULL));
	say("process_vm_readv", process_vm_readv(target, &local, 1, &remote, 1, 0));
	say("process_vm_writev", process_vm_writev(target, &local, 1, &remote, 1, 0));
	say("process_madvise", syscall(SYS_process_madvise, target_pidfd, &advised, 1, 20, 0));
	say("process_mrelease", syscall(SYS_process_mrelease, target_pidfd, 0));
	say("move_pages", syscall(SYS_move_pages, target, 0, NULL, NULL, NULL, 0));
	say("read mem", open_file("mem", O_RDONLY));
	say("write mem", open_file("mem", O_RDWR));
	say("perf_event_open", syscall(SYS_perf_event_open, (char[128]){[4] = 128}, target, -1, -1, 0));
}

static void reach_rest(void)
{
	struct sched_param param = {0};
	struct rlimit limit = {16, 16};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	say("pidfd_getfd channel", syscall(SYS_pidfd_getfd, target_pidfd, 3, 0));
	say("kcmp", syscall(SYS_kcmp, getpid(), target, KCMP_FILES, 0, 0));
	say("prlimit", prlimit(target, RLIMIT_NOFILE, &limit, NULL));
	say("setpriority", setpriority(PRIO_PROCESS, (id_t)target, 19));
	say("sched_setscheduler", sched_setscheduler(target, SCHED_IDLE, &param));
	say("sched_setaffinity", sched_setaffinity(target, sizeof(one), &one));
	say("ioprio_set", syscall(SYS_ioprio_set, 1, target, 3 << 13));
	say("setns by pidfd", setns(target_pidfd, CLONE_NEWNS | CLONE_NEWPID));
	say("open fd/3", open_file("fd/3", O_RDONLY));
	say("open cwd", open_file("cwd", O_RDONLY));
	say("open root", open_file("root", O_RDONLY));
	say("open ns/pid", open_file("ns/pid", O_RDONLY));
	say("open ns/mnt", open_file("ns/mnt", O_RDONLY));
	say("execute exe", open_file("exe", O_RDONLY));
	say("write oom_score_adj", open_file("oom_score_adj", O_WRONLY));
	say("write comm", open_file("comm", O_WRONLY));
	say("write coredump_filter", open_file("coredump_filter", O_WRONLY));
	say("write clear_refs", open_file("clear_refs", O_WRONLY));
}

static long send_signal(const char *way, int signo)
{
	siginfo_t info = {.si_signo = signo, .si_code = SI_QUEUE, .si_pid = getpid(), .si_uid = getuid()};

	if (strcmp(way, "kill") == 0)
		return kill(target, signo);
	if (strcmp(way, "tgkill") == 0)
		return syscall(SYS_tgkill, target, target, signo);
	if (strcmp(way, "sigqueue") == 0)
		return syscall(SYS_rt_sigqueueinfo, target, signo, &info);
	return syscall(SYS_pidfd_send_signal, target_pidfd, signo, NULL, 0);
}

static void signal_all(void)
{
	static const char *const ways[] = {"kill", "tgkill", "sigqueue", "pidfd"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int n_done = 0, n_refused = 0, n_other = 0;

		for (int signo = 1; signo <= 64; signo++) {
			errno = 0;
			if (send_signal(ways[i], signo) == 0)
				n_done++;
			else if (errno == EPERM)
				n_refused++;
			else
				n_other++;
		}
		printf("%s: %d done, %d EPERM, %d other\n", ways[i], n_done, n_refused, n_other);
	}
}

static bool can_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char buffer[256];
	bool has_read = fd >= 0 && read(fd, buffer, sizeof(buffer)) >= 0;

	if (fd >= 0)
		close(fd);
	return has_read;
}

static void list_files(const char *dir, const char *prefix)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[512], name[300];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%.255s", dir, entries[i]->d_name);
		snprintf(name, sizeof(name), "%s%.255s", prefix, entries[i]->d_name);
		if (entries[i]->d_name[0] == '.' || stat(path, &st) < 0)
			continue;
		if (S_ISREG(st.st_mode) && can_read(path))
			puts(name);
		else if (S_ISDIR(st.st_mode) && strcmp(name, "task") != 0 && strcmp(name, "net") != 0)
			printf("%s/\n", name), list_files(path, strcat(name, "/"));
	}
}

/* The needle is made here, and not in the caller's memory, where it would be found. */
static void find(const char *text)
{
	static char area[1 << 20];
	unsigned long from, to;
	char needle[64], line[512];
	FILE *maps;
	int mem = (int)open_file("mem", O_RDONLY), n_found = 0;
	size_t len = strlen(text);

	for (size_t i = 0; i <= len && len < sizeof(needle); i++)
		needle[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
	maps = fdopen((int)open_file("maps", O_RDONLY), "r");
	if (!maps || mem < 0)
		exit(1);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx r", &from, &to) != 2)
			continue;
		for (; from < to; from += sizeof(area) - sizeof(needle)) {
			size_t want = to - from < sizeof(area) ? to - from : sizeof(area);
			ssize_t n = pread(mem, area, want, (off_t)from);
			char *at = area;

			while (n > 0 && (at = memmem(at, (size_t)(area + n - at), needle, len)))
				n_found++, at++;
		}
	}
	printf("%d\n", n_found);
}

/* Traced no more when it runs into the fault, so that the kernel does with it what it does with any crash. */
static int crash(void)
{
#ifdef __x86_64__
	struct user_regs_struct regs;

	if (ptrace(PTRACE_SEIZE, target, NULL, NULL) < 0 || ptrace(PTRACE_INTERRUPT, target, NULL, NULL) < 0)
		return 1;
	if (waitpid(target, NULL, __WALL) != target || ptrace(PTRACE_GETREGS, target, NULL, &regs) < 0)
		return 1;
	regs.rip = 0;
	regs.orig_rax = ~0ULL;
	if (ptrace(PTRACE_SETREGS, target, NULL, &regs) < 0)
		return 1;
	return ptrace(PTRACE_DETACH, target, NULL, NULL) < 0;
#else
	return 77;
#endif
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	target = atoi(argv[2]);
	target_pidfd = (int)syscall(SYS_pidfd_open, target, 0);
	if (strcmp(argv[1], "reach") == 0)
		reach_memory(), reach_rest();
	else if (strcmp(argv[1], "signal") == 0)
		signal_all();
	else if (strcmp(argv[1], "files") == 0)
		list_files(argv[2], "");
	else if (strcmp(argv[1], "find") == 0 && argc == 4)
		find(argv[3]);
	else if (strcmp(argv[1], "crash") == 0)
		return crash();
	else
		return 2;
	return 0;
}
