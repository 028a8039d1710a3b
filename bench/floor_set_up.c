/* SPDX-License-Identifier: BSD-3-Clause */
/* The same mounts as the profile "default" has, each by one mount(2). */
#include "floor.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALWAYS      (MS_NOSUID | MS_NODEV)
#define HOSTS_BYTES 65536

static int make_hosts(void)
{
	static const char line[] = "127.0.1.1\talice-shellhost\n";
	int from = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	int to = open("/run/nsunshare/hosts", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (from < 0 || to < 0 || write(to, line, sizeof(line) - 1) < 0 || sendfile(to, from, NULL, HOSTS_BYTES) < 0)
		return -1;
	close(from);
	close(to);
	return mount("/run/nsunshare/hosts", "/etc/hosts", NULL, MS_BIND, NULL);
}

int floor_set_up(void)
{
	static const struct {
		const char *type, *path, *options;
		unsigned long flags;
	} mounts[] = {
		{"proc", "/proc", NULL, MS_NOEXEC},
		{"tmpfs", "/dev/shm", "size=512M,nr_inodes=65536,mode=1777", 0},
		{"mqueue", "/dev/mqueue", NULL, MS_NOEXEC},
		{"tmpfs", "/run/nsunshare", "size=1M,nr_inodes=64,mode=0755", 0},
		{"tmpfs", "/tmp", "size=512M,nr_inodes=65536,mode=1777", 0},
		{"tmpfs", "/var/tmp", "size=512M,nr_inodes=65536,mode=1777", 0},
	};

	if (sethostname("alice-shellhost", strlen("alice-shellhost")) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	for (unsigned i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (mount("floor", mounts[i].path, mounts[i].type, ALWAYS | mounts[i].flags, mounts[i].options) < 0)
			return -1;
	}
	return make_hosts();
}
