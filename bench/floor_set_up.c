/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same mounts as the profile "default" has, each by one mount(2); and as the other kinds of namespaces bring, where what
 * is there is cloned, which takes three calls.
 */
#include "floor.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALWAYS          (MS_NOSUID | MS_NODEV)
#define HOSTS_BYTES     65536
#define FILE_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define FILE_FLAGS      (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* <sys/mount.h>, which has it, does not go with <linux/mount.h>. */
static int mount(const char *source, const char *path, const char *type, unsigned long flags, const char *options)
{
	return (int)syscall(SYS_mount, source, path, type, flags, options);
}

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

/* A copy of what is mounted there. Return: it; -1. */
static int clone_tree(const char *path, bool read_only)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (fd >= 0 && read_only &&
	    syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof(attributes)) < 0)
		return -1;
	return fd;
}

static int attach(int fd, const char *path)
{
	int ret = (int)syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);

	close(fd);
	return ret;
}

static int protect(const char *path)
{
	int fd = clone_tree(path, true);

	return fd < 0 ? 0 : attach(fd, path); /* not all are on all machines */
}

/* mount(2) refuses a second mount of the one cgroup2 on the first (EBUSY). */
static int mount_cgroup(unsigned attributes)
{
	int fs_fd = (int)syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);
	int fd;

	if (fs_fd < 0 || syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	fd = (int)syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, attributes);
	close(fs_fd);
	return fd < 0 ? -1 : attach(fd, "/sys/fs/cgroup");
}

static int bring_up_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = ioctl(fd, SIOCSIFFLAGS, &request);

	close(fd);
	return ret;
}

/* The views of sysfs and of cgroup2 that go with the kinds net and cgroup. */
static int mount_sys(unsigned namespaces)
{
	bool has_user = namespaces & CLONE_NEWUSER, has_cgroup = namespaces & CLONE_NEWCGROUP;
	int cgroup_fd = -1;

	if ((namespaces & CLONE_NEWNET) && !has_cgroup)
		cgroup_fd = clone_tree("/sys/fs/cgroup", has_user);
	if ((namespaces & CLONE_NEWNET) &&
	    (bring_up_loopback() < 0 ||
	     mount("floor", "/sys", "sysfs", FILE_FLAGS | (has_user ? MS_RDONLY : 0), NULL) < 0))
		return -1;
	if (has_user && !(namespaces & CLONE_NEWNET) && protect("/sys") < 0)
		return -1;
	if (cgroup_fd >= 0)
		return attach(cgroup_fd, "/sys/fs/cgroup");
	return has_cgroup ? mount_cgroup(FILE_ATTRIBUTES | (has_user ? MOUNT_ATTR_RDONLY : 0)) : 0;
}

/* The session's root is to make no cgroup namespace: there he could mount what is uid 0's on the host. */
static int limit(int sysctl_fd)
{
	int fd = openat(sysctl_fd, "user/max_cgroup_namespaces", O_WRONLY | O_CLOEXEC);
	int ret = write(fd, "0\n", 2) == 2 ? 0 : -1;

	close(fd);
	close(sysctl_fd);
	return ret;
}

/* The user namespace, last of all. */
static int make_user(int channel)
{
	static const char *const places[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq",
	                                     "/proc/bus", "/proc/acpi",          "/proc/scsi",
	                                     "/proc/fs",  "/proc/dynamic_debug", "/proc/mtrr"};
	int sysctl_fd = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC); /* before it is read-only */
	char byte = 'm';

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (protect(places[i]) < 0)
			return -1;
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || write(channel, &byte, 1) != 1)
		return -1;
	return read(channel, &byte, 1) == 1 ? limit(sysctl_fd) : -1;
}

int floor_set_up(int channel, unsigned namespaces)
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
	if (mount_sys(namespaces) < 0 || make_hosts() < 0)
		return -1;
	return namespaces & CLONE_NEWUSER ? make_user(channel) : 0;
}
