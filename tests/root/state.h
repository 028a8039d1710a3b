/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state.h - everything that a PAM module could change of its caller, as text: one fact a line, the label first. Two states are
 * compared as texts. Shared by the small C tools here, which are compiled one by one: so its functions are static.
 */
#ifndef STATE_H
#define STATE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

/* Each entry of a directory of links, sorted by scandir(3), but the descriptor that lists them. */
static inline void state_links(FILE *out, const char *label, const char *name, int proc_dirfd, const char *dir)
{
	char path[300], target[4096];
	struct dirent **entries;
	int n = scandirat(proc_dirfd, dir, &entries, NULL, versionsort);

	if (n < 0)
		fprintf(out, "%s: %s: %s\n", label, dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		ssize_t len;

		snprintf(path, sizeof(path), "%s/%.200s", dir, entries[i]->d_name);
		len = readlinkat(proc_dirfd, path, target, sizeof(target) - 1);
		if (len >= 0)
			fprintf(out, "%s: %s %.200s %.*s\n", label, name, entries[i]->d_name, (int)len, target);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* The lines of a file that begin with one of these words; all lines if there are none. */
static inline void state_file(FILE *out, const char *label, int proc_dirfd, const char *path, const char *const words[])
{
	int fd = openat(proc_dirfd, path, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[4096];

	if (!file) {
		fprintf(out, "%s: %s: %s\n", label, path, strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		bool wanted = !words;

		for (size_t i = 0; words && words[i]; i++)
			wanted = wanted || strncmp(line, words[i], strlen(words[i])) == 0;
		if (wanted)
			fprintf(out, "%s: %s: %s%s", label, strchr(path, '/') + 1, line,
			        strchr(line, '\n') ? "" : "\n");
	}
	fclose(file);
}

/* What /proc says of a process ("self", or its pid); its only thread is @thread ("thread-self", or "PID/task/PID"). */
static inline void state_of(FILE *out, const char *label, int proc_dirfd, const char *process, const char *thread)
{
	static const char *const status[] = {
		"Umask",  "Uid",    "Gid",    "Groups", "FDSize",     "Threads", "SigPnd",    "ShdPnd",
		"SigBlk", "SigIgn", "SigCgt", "Cap",    "NoNewPrivs", "Seccomp", "TracerPid", NULL,
	};
	char path[64];

#define PATH_OF(owner, name) (snprintf(path, sizeof(path), "%s/%s", owner, name), path)
	state_links(out, label, "namespace", proc_dirfd, PATH_OF(process, "ns"));
	state_links(out, label, "descriptor", proc_dirfd, PATH_OF(process, "fd"));
	state_file(out, label, proc_dirfd, PATH_OF(process, "status"), status);
	state_file(out, label, proc_dirfd, PATH_OF(process, "limits"), NULL);
	state_file(out, label, proc_dirfd, PATH_OF(process, "oom_score_adj"), NULL);
	state_file(out, label, proc_dirfd, PATH_OF(process, "cgroup"), NULL);
	state_file(out, label, proc_dirfd, PATH_OF(thread, "children"), NULL);
#undef PATH_OF
}

/* What only the process itself knows. */
static inline void state_own(FILE *out, const char *label)
{
	struct itimerval timer;
	char cwd[4096];
	int parent_death_signal = 0;

	for (char **variable = environ; *variable; variable++)
		fprintf(out, "%s: environment %s\n", label, *variable);
	getitimer(ITIMER_REAL, &timer);
	prctl(PR_GET_PDEATHSIG, &parent_death_signal);
	fprintf(out, "%s: cwd %s\n", label, getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	fprintf(out, "%s: locale %s\n", label, setlocale(LC_ALL, NULL));
	fprintf(out, "%s: timer %ld\n", label, (long)timer.it_value.tv_sec);
	fprintf(out, "%s: parent-death-signal %d\n", label, parent_death_signal);
	fprintf(out, "%s: dumpable %d\n", label, prctl(PR_GET_DUMPABLE));
	fprintf(out, "%s: nice %d\n", label, getpriority(PRIO_PROCESS, 0));
	fprintf(out, "%s: session %d group %d\n", label, (int)getsid(0), (int)getpgrp());
}

#endif
