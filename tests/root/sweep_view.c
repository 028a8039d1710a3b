/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What there is to see of a case: all of it is read from outside, by /proc, while the process waits for an answer to its
 * call. So looking makes no call of its own that would have to be let through.
 */
#include "sweep.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state.h"

static FILE *open_text(char text[TEXT_MAX])
{
	FILE *out = fmemopen(text, TEXT_MAX, "w");

	if (!out)
		case_fail("fmemopen");
	return out;
}

void view_state(pid_t pid, const char *own, char text[TEXT_MAX])
{
	FILE *out = open_text(text);
	char process[16], thread[40];

	snprintf(process, sizeof(process), "%d", pid);
	snprintf(thread, sizeof(thread), "%d/task/%d", pid, pid);
	state_of(out, "state", sweep.proc_dirfd, process, thread);
	fputs(own, out);
	fclose(out);
}

static FILE *open_of(pid_t pid, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

/* What differs from session to session: the id in the path of its cgroup. */
static void hide_cgroup_id(char *line)
{
	char *at = line;

	while ((at = strstr(at, "/nsunshare/"))) {
		at += strlen("/nsunshare/");
		if (strspn(at, "0123456789abcdef") == 16)
			memset(at, 'I', 16);
	}
}

/* A line of mountinfo without what differs from session to session: ids, device, numbers of peer groups, and its own id. */
static void print_mount(FILE *out, char *line)
{
	char *rest = line;

	for (int i = 0; i < 3; i++)
		rest = strchr(rest, ' ') + 1;
	for (; *rest; rest++) {
		if ((strncmp(rest, " shared:", 8) == 0 || strncmp(rest, " master:", 8) == 0)) {
			fprintf(out, "%.8s", rest);
			rest += 7 + strspn(rest + 8, "0123456789");
		} else if (strncmp(rest, "/sessions/", 10) == 0) {
			fprintf(out, "/sessions/ID");
			rest += 9 + strspn(rest + 10, "0123456789abcdef");
		} else if (strncmp(rest, "net:[", 5) == 0) {
			fprintf(out, "net:[]");
			rest += 5 + strspn(rest + 5, "0123456789");
		} else {
			fputc(*rest, out);
		}
	}
}

static void print_mounts(FILE *out, pid_t pid)
{
	FILE *mounts = open_of(pid, "mountinfo");
	char line[4096];

	while (mounts && fgets(line, sizeof(line), mounts)) {
		fprintf(out, "mount ");
		hide_cgroup_id(line);
		print_mount(out, line);
	}
	if (mounts)
		fclose(mounts);
}

/* Which namespaces are others than the host's. */
static void print_namespaces(FILE *out, pid_t pid)
{
	static const char *const kinds[] = {"cgroup",           "ipc",  "mnt",  "net", "pid",
	                                    "pid_for_children", "time", "user", "uts"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char path[64], host[64] = "", inside[64] = "";

		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		if (readlink(path, host, sizeof(host) - 1) < 0)
			fprintf(out, "error %s\n", path);
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kinds[i]);
		if (readlink(path, inside, sizeof(inside) - 1) < 0)
			fprintf(out, "error %s\n", path);
		fprintf(out, "namespace %s: %s\n", kinds[i], strcmp(host, inside) == 0 ? "the host's" : "its own");
		if (sweep.joins) /* which is always the same one */
			fprintf(out, "joined %s\n", inside);
	}
}

/* A directory as the process sees it. Of /proc only its processes. */
static void print_directory(FILE *out, pid_t pid, const char *dir)
{
	bool only_numbers = strcmp(dir, "/proc") == 0;
	struct dirent **entries;
	char path[128];
	int n, n_numbers = 0;

	snprintf(path, sizeof(path), "/proc/%d/root%s", pid, dir);
	n = scandir(path, &entries, NULL, versionsort);
	fprintf(out, "in %s:%s", dir, n < 0 ? strerror(errno) : "");
	for (int i = 0; i < n; i++) {
		bool is_number = strspn(entries[i]->d_name, "0123456789") > 0;

		n_numbers += is_number;
		if (entries[i]->d_name[0] != '.' && (!only_numbers || (is_number && !sweep.joins)))
			fprintf(out, " %s", entries[i]->d_name);
		free(entries[i]);
	}
	if (only_numbers)
		fprintf(out, " in all %d", n_numbers); /* where a set lives on the next one has another */
	fprintf(out, "\n");
	if (n >= 0)
		free(entries);
}

static void print_file(FILE *out, pid_t pid, const char *file)
{
	char path[128], line[512];
	FILE *in;

	snprintf(path, sizeof(path), "root%s", file);
	in = open_of(pid, path);
	if (!in)
		fprintf(out, "%s: %s\n", file, strerror(errno));
	while (in && fgets(line, sizeof(line), in))
		fprintf(out, "%s: %s", file, line);
	if (in)
		fclose(in);
}

/*
 * What is in the user, time, cgroup and net namespaces, of which /proc/PID tells whoever asks. Of an interface its name
 * only: the rest of its line counts what has come and gone.
 */
static void print_spaces(FILE *out, pid_t pid)
{
	static const char *const names[] = {"uid_map",      "gid_map",   "setgroups",    "timens_offsets", "cgroup",
	                                    "net/fib_trie", "net/route", "net/if_inet6", "net/dev"};
	char line[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FILE *in = open_of(pid, names[i]);
		bool is_counted = strcmp(names[i], "net/dev") == 0;

		while (in && fgets(line, sizeof(line), in)) {
			if (strncmp(line, "fe80", 4) == 0 || strstr(line, "+--"))
				continue; /* the one comes when it likes, the other counts */
			hide_cgroup_id(line);
			if (!is_counted)
				fprintf(out, "%s: %s", names[i], line);
			else if (strchr(line, ':'))
				fprintf(out, "%s: %.*s\n", names[i], (int)strcspn(line, ":"), line);
		}
		if (in)
			fclose(in);
	}
}

/* PID 1: what it is and what it may. Its descriptors by kind, since the numbers of sockets differ. */
static void print_helper(FILE *out, pid_t pid)
{
	static const char *const status[] = {
		"Name",   "Umask", "Uid",        "Gid",     "Groups",          "Threads", "SigBlk", "SigIgn",
		"SigCgt", "Cap",   "NoNewPrivs", "Seccomp", "Seccomp_filters", "Shd",     NULL,
	};
	char path[64], text[4096], *line, *rest = text;
	FILE *links;

	snprintf(path, sizeof(path), "%d/status", pid);
	state_file(out, "helper", sweep.proc_dirfd, path, status);
	snprintf(path, sizeof(path), "%d/oom_score_adj", pid);
	state_file(out, "helper", sweep.proc_dirfd, path, NULL);
	memset(text, 0, sizeof(text));
	links = fmemopen(text, sizeof(text), "w");
	snprintf(path, sizeof(path), "%d/fd", pid);
	state_links(links, "helper", "descriptor", sweep.proc_dirfd, path);
	fclose(links);
	while ((line = strtok_r(rest, "\n", &rest))) {
		char *id = strstr(line, "/sessions/");

		hide_cgroup_id(line);
		fprintf(out, "%.*s\n", id ? (int)(id - line) + 10 : (int)strcspn(line, "["), line);
	}
}

/* The session from inside: what a process of it, and its PID 1, are and see. */
void view_inside(pid_t pid, pid_t helper, char text[TEXT_MAX])
{
	static const char *const status[] = {"Umask",  "Uid",    "Gid",        "Groups",  "Cap",
	                                     "SigBlk", "SigIgn", "NoNewPrivs", "Seccomp", NULL};
	static const char *const dirs[] = {"/tmp",           "/var/tmp", "/dev/shm",       "/dev/mqueue",
	                                   "/run/nsunshare", "/srv",     "/sys/class/net", "/sys/fs/cgroup"};
	FILE *out = open_text(text);
	char path[64];

	print_namespaces(out, pid);
	fprintf(out, "%s", sweep.shared->inside);
	print_spaces(out, pid);
	print_file(out, pid, "/etc/hosts");
	print_file(out, pid, "/proc/1/comm");
	if (strstr(sweep.kinds, "pid"))
		print_directory(out, pid, "/proc");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		print_directory(out, pid, dirs[i]);
	print_mounts(out, pid);
	snprintf(path, sizeof(path), "%d/status", pid);
	state_file(out, "inside", sweep.proc_dirfd, path, status);
	snprintf(path, sizeof(path), "%d/fd", pid);
	state_links(out, "inside", "descriptor", sweep.proc_dirfd, path);
	if (helper > 0)
		print_helper(out, helper);
	else
		fprintf(out, "no helper\n");
	fclose(out);
}

/* Is the process in one of these states, as in /proc/PID/stat? X: it is no more. */
bool view_is_in(pid_t pid, const char *states)
{
	FILE *in = open_of(pid, "stat");
	char state = 'X';

	if (in && fscanf(in, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	if (in)
		fclose(in);
	return strchr(states, state) != NULL;
}
