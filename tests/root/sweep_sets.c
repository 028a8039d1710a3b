/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entries of sets, as host_view() lists them. An entry without a living PID 1 may be left only where that was killed, or could
 * not remove it, and its opener does not see the host, or may not, since others may come to be that set: then the
 * administrator's tool removes it, or whoever is the set next.
 */
#include "sweep.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define REGISTRY "/run/nsunshare"
#define LIST     "nsunshare list --json"
#define LIST_US  2000 /* until it is looked at again */

static struct sockaddr_un address_of(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), REGISTRY "/%.80s", name);
	return address;
}

static bool is_dead(const char *name)
{
	struct sockaddr_un address = address_of(name);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool refuses = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == ECONNREFUSED;

	close(fd);
	return refuses;
}

static void read_list(char text[TEXT_MAX])
{
	FILE *in = popen(LIST, "re");
	size_t len;

	if (!in)
		case_fail(LIST);
	len = fread(text, 1, TEXT_MAX - 1, in);
	text[len] = '\0';
	if (pclose(in) != 0)
		snprintf(text, TEXT_MAX, LIST " fails\n");
}

void sets_prepare(void)
{
	if (!sweep.joins)
		return;
	read_list(sweep.sets);
	if (!strstr(sweep.sets, "\"id\""))
		case_fail("somebody is to hold the set");
}

bool sets_have(const char *id)
{
	return id[0] && strstr(sweep.sets, id);
}

/* There is one only, while the opener is inside. */
void sets_note_key(void)
{
	DIR *dir = sweep.shares && !sweep.key[0] ? opendir(REGISTRY) : NULL;
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == 'u' && strchr(entry->d_name, '.'))
			snprintf(sweep.key, sizeof(sweep.key), "%.60s", entry->d_name);
	}
	if (dir)
		closedir(dir);
}

/* As a PID 1 that was killed has left it. */
void sets_begin_case(void)
{
	struct sockaddr_un address = address_of(sweep.key);
	int fd;

	if (!sweep.begins_dead || !sweep.key[0])
		return;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		case_fail("make a dead entry");
	close(fd);
}

static bool may_leave_entry(const struct outcome *outcome)
{
	bool stays = sweep.stays && (outcome->open_code == PAM_SUCCESS || outcome->was_inside);

	/* who does not know that it has the lock must not remove it */
	return (sweep.shares || stays) && (outcome->pid1_was_killed || outcome->call.nr == SYS_unlinkat ||
	                                   outcome->call.nr == SYS_flock || outcome->call.nr == SYS_fstat);
}

/* All processes of the case have ended. What may be left is removed here as an administrator would. */
void sets_end_case(const struct outcome *outcome)
{
	static char unused[TEXT_MAX];

	if (sweep.begins_dead && sweep.key[0] && outcome->open_code != PAM_SUCCESS && is_dead(sweep.key))
		unlink(address_of(sweep.key).sun_path); /* nobody has come to replace it */
	if (sweep.joins || !may_leave_entry(outcome))
		return;
	read_list(unused);
}

/* Where a set is joined: the same sets and logins as before, within GONE_MS. */
void sets_await(char change[4096])
{
	static char now[TEXT_MAX];
	long began_ms = case_now_ms();
	FILE *diff;

	if (!sweep.joins)
		return;
	for (read_list(now); strcmp(now, sweep.sets) != 0; read_list(now)) {
		if (case_now_ms() - began_ms > GONE_MS) {
			diff = fmemopen(change, 4096, "w");
			diff_lines(diff, sweep.sets, now, NULL);
			fclose(diff);
			memcpy(sweep.sets, now, TEXT_MAX);
			return;
		}
		usleep(LIST_US);
	}
}
