/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a session could leave on the host: mounts, interfaces, routes, names of net namespaces, records. The kernel
 * takes interfaces off a little after the last process of their namespace has ended, so that is waited for.
 */
#include "sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_AGAIN_US 500
#define MADE          "/run/netns/made"
#define CGROUPS       "/sys/fs/cgroup"
#define CGROUP_PARENT CGROUPS "/nsunshare"

static FILE *listing; /* nftw(3) hands nothing on */

static void print_lines(FILE *out, const char *path, const char *word, const char *end)
{
	FILE *in = fopen(path, "re");
	char line[4096];

	if (!in)
		case_fail(path);
	while (fgets(line, sizeof(line), in))
		fprintf(out, "%s %.*s\n", word, (int)strcspn(line, end), line);
	fclose(in);
}

static int list_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type;
	if (at->level > 0 && strcmp(path, MADE) != 0 &&  /* the two directories stay once they are made */
	    strcmp(path, "/run/nsunshare/metrics") != 0) /* as the counters do */
		fprintf(listing, "there is %s %o\n", path, st->st_mode & S_IFMT);
	return 0;
}

void host_view(char text[TEXT_MAX])
{
	static const char *const trees[] = {"/run/netns", "/run/nsunshare"};

	listing = fmemopen(text, TEXT_MAX, "w");
	if (!listing)
		case_fail("fmemopen");
	print_lines(listing, "/proc/self/mountinfo", "mount", "\n");
	print_lines(listing, "/proc/self/net/dev", "interface", ":");
	print_lines(listing, "/proc/self/net/route", "route", "\n");
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		nftw(trees[i], list_one, 8, FTW_PHYS);
	if (fclose(listing) != 0)
		case_fail("the host's state is too long");
}

/*
 * A named namespace that a session has made stays, as documented. The next case begins without it, but with the empty file
 * that a maker leaves that could not finish: the next one must not mind it.
 */
static void undo_made(void)
{
	if (umount2(MADE, MNT_DETACH) == 0 && unlink(MADE) < 0)
		case_fail(MADE);
}

/* Cgroups of sessions that are there: their names are ids. */
static int count_cgroups(void)
{
	DIR *dir = opendir(CGROUP_PARENT);
	const struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += strspn(entry->d_name, "0123456789abcdef") == 16;
	if (dir)
		closedir(dir);
	return n;
}

/*
 * All processes of the case have ended. Where PID 1 was killed, or was never told its cgroup, that is left, and the next
 * open must remove it. Then what the first open of a host makes and enables is undone, for the next case is to do that too.
 */
static bool has_swept_cgroups(void)
{
	int fd;

	if (count_cgroups() > 0) {
		sweep.n_cgroups_left++;
		if (!random_login() || count_cgroups() > 0)
			return false;
	}
	if (rmdir(CGROUP_PARENT) < 0 && errno != ENOENT)
		return false;
	fd = open(CGROUPS "/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "-memory -pids -cpu", 18) != 18)
		case_fail(CGROUPS);
	close(fd);
	return true;
}

/* What has not gone by then is the next case's to start with. */
void host_await(char before[TEXT_MAX], char change[4096])
{
	static char now[TEXT_MAX];
	long began_ms = case_now_ms();
	FILE *diff;

	undo_made();
	memset(change, 0, 4096);
	if (sweep.limits && !has_swept_cgroups()) {
		snprintf(change, 4096, "#   the next open fails, or does not remove the session's cgroup\n");
		return;
	}
	for (host_view(now); strcmp(now, before) != 0; host_view(now)) {
		if (case_now_ms() - began_ms > GONE_MS) {
			diff = fmemopen(change, 4096, "w");
			diff_lines(diff, before, now, NULL);
			fclose(diff);
			memcpy(before, now, TEXT_MAX);
			return;
		}
		usleep(LOOK_AGAIN_US);
	}
	sets_await(change); /* only now: the tool removes what is dead */
}
