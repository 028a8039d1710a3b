/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uncover PARENT: a user of a session tries to see what its masks hide. PARENT/dir and PARENT/file are masked, and hold
 * `secret` as a file and as content; PARENT/ro is read-only. Each way is tried in a user and mount namespace of its own, as
 * root of those; for real root, who runs this as a control, only in a mount namespace. Prints `WAY: ERRNO` or `WAY: done`,
 * and `WAY: REVEALED` if the mask or the read-only did not hold.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE "/tmp/place" /* where a way may mount */
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200
#endif

static char parent[256], masked_dir[300], masked_file[300], read_only[300];

/* A way returns 0 or -1 with errno, and may leave a descriptor that sees more: where to look beside the paths. */
static int look_fd = -1;

static int take_off(const char *path, int flags)
{
	return umount2(path, flags);
}

/* @propagation of all mounts first. */
static int take_off_after(const char *path, int propagation)
{
	if (mount(NULL, "/", NULL, (unsigned long)(MS_REC | propagation), NULL) < 0)
		return -1;
	return umount2(path, 0);
}

static int take_off_in_another(const char *path, int flags)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -1;
	return umount2(path, flags);
}

static int bind(const char *path, int flags)
{
	return mount(path, PLACE, NULL, (unsigned long)(MS_BIND | flags), NULL);
}

static int bind_and_take_off(const char *path, int flags)
{
	if (bind(path, MS_REC) < 0)
		return -1;
	return umount2(PLACE "/dir", flags);
}

static int bind_root(const char *path, int flags)
{
	if (bind("/", MS_REC) < 0 || chroot(PLACE) < 0 || chdir("/") < 0)
		return -1;
	return umount2(path, flags);
}

static int pivot(const char *path, int flags)
{
	if (bind("/", MS_REC) < 0 || chdir(PLACE) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return -1;
	umount2(".", MNT_DETACH);
	return umount2(path, flags);
}

/* The children of what is unmounted lazily are unmounted with it: a descriptor of it sees below them. */
static int bind_and_detach(const char *path, int flags)
{
	if (bind(path, MS_REC) < 0)
		return -1;
	look_fd = open(PLACE, O_PATH | O_DIRECTORY);
	return umount2(PLACE, flags);
}

static int move(const char *path, int flags)
{
	return mount(path, PLACE, NULL, (unsigned long)flags, NULL);
}

static int move_new(const char *path, int flags)
{
	return move_mount(AT_FDCWD, path, AT_FDCWD, PLACE, (unsigned)flags);
}

static int overlay(const char *path, int flags)
{
	char options[400];

	snprintf(options, sizeof(options), "lowerdir=%s:/usr", path);
	if (mount("overlay", PLACE, "overlay", (unsigned long)flags, options) < 0)
		return -1;
	look_fd = open(PLACE "/srv/t", O_PATH | O_DIRECTORY);
	return 0;
}

static int clone_tree(const char *path, int flags)
{
	look_fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | (unsigned)flags);
	return look_fd < 0 ? -1 : 0;
}

static int clone_and_take_off(const char *path, int flags)
{
	if (clone_tree(path, AT_RECURSIVE) < 0 || move_mount(look_fd, "", AT_FDCWD, PLACE, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -1;
	return umount2(PLACE "/dir", flags);
}

/* A clone that nobody attaches is dissolved with its descriptor. */
static int clone_and_dissolve(const char *path, int flags)
{
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_RECURSIVE);

	if (fd < 0)
		return -1;
	look_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | flags);
	close(fd);
	return 0;
}

static int move_beneath(const char *path, int flags)
{
	int fd = open_tree(AT_FDCWD, "/usr", OPEN_TREE_CLONE);

	if (fd < 0 || move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_BENEATH) < 0)
		return -1;
	umount2(path, flags);
	return umount2(path, flags);
}

static int set_attributes(const char *path, int flags)
{
	struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};

	return mount_setattr(AT_FDCWD, path, (unsigned)flags, &attr, sizeof(attr));
}

static int set_attributes_of_clone(const char *path, int flags)
{
	struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};

	if (clone_tree(path, AT_RECURSIVE) < 0)
		return -1;
	return mount_setattr(look_fd, "", (unsigned)(AT_EMPTY_PATH | flags), &attr, sizeof(attr));
}

static int remount(const char *path, int flags)
{
	return mount(NULL, path, NULL, (unsigned long)(MS_REMOUNT | flags), "hidepid=0");
}

static int remount_clone(const char *path, int flags)
{
	if (bind(path, 0) < 0)
		return -1;
	look_fd = open(PLACE, O_PATH | O_DIRECTORY);
	return remount(PLACE, flags);
}

static int pick(const char *path, int flags)
{
	int fd = fspick(AT_FDCWD, path, (unsigned)flags);

	if (fd < 0)
		return -1;
	fsconfig(fd, FSCONFIG_SET_FLAG, "rw", NULL, 0);
	return fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

static int by_handle(const char *path, int flags)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
	int mount_id, at = open("/srv", O_RDONLY | O_DIRECTORY);

	if (name_to_handle_at(AT_FDCWD, path, &handle.head, &mount_id, 0) < 0)
		return -1;
	look_fd = open_by_handle_at(at, &handle.head, flags);
	return look_fd < 0 ? -1 : 0;
}

static int by_proc(const char *path, int flags)
{
	char name[320];

	snprintf(name, sizeof(name), "/proc/1/root%s", path);
	look_fd = open(name, flags);
	return look_fd < 0 ? -1 : 0;
}

static int move_away(const char *path, int flags)
{
	return renameat2(AT_FDCWD, path, AT_FDCWD, "/srv/renamed", (unsigned)flags);
}

static int remove_target(const char *path, int flags)
{
	return unlinkat(AT_FDCWD, path, flags);
}

/* @type_and_options: "TYPE OPTIONS" */
static int fresh(const char *type_and_options, int flags)
{
	const char *options = strchr(type_and_options, ' ') + 1;
	char type[16];

	snprintf(type, sizeof(type), "%.*s", (int)(options - type_and_options - 1), type_and_options);
	if (mount(type, PLACE, type, (unsigned long)flags, options) < 0)
		return -1;
	look_fd = open(PLACE, O_PATH | O_DIRECTORY);
	return 0;
}

static const struct {
	const char *name;
	int (*try)(const char *path, int flags);
	const char *path;
	int flags;
} ways[] = {
	{"umount", take_off, masked_dir, 0},
	{"umount of the file", take_off, masked_file, 0},
	{"umount -l", take_off, masked_dir, MNT_DETACH},
	{"umount -f", take_off, masked_dir, MNT_FORCE},
	{"umount -l of the parent", take_off, parent, MNT_DETACH},
	{"umount -l /", take_off, "/", MNT_DETACH},
	{"umount -l /proc", take_off, "/proc", MNT_DETACH},
	{"umount -l /tmp", take_off, "/tmp", MNT_DETACH},
	{"umount behind rprivate", take_off_after, masked_dir, MS_PRIVATE},
	{"umount behind rshared", take_off_after, masked_dir, MS_SHARED},
	{"umount in a second namespace", take_off_in_another, masked_dir, 0},
	{"bind", bind, parent, 0},
	{"rbind", bind, parent, MS_REC},
	{"rbind and umount", bind_and_take_off, parent, 0},
	{"rbind and umount -l", bind_and_take_off, parent, MNT_DETACH},
	{"rbind of / and umount", bind_root, masked_dir, 0},
	{"rbind and umount -l of all", bind_and_detach, parent, MNT_DETACH},
	{"pivot_root", pivot, masked_dir, 0},
	{"MS_MOVE", move, masked_dir, MS_MOVE},
	{"MS_MOVE of the parent", move, parent, MS_MOVE},
	{"move_mount", move_new, masked_dir, 0},
	{"MOVE_MOUNT_BENEATH", move_beneath, masked_dir, 0},
	{"overlay", overlay, parent, 0},
	{"overlay of /", overlay, "/", 0},
	{"open_tree", clone_tree, parent, 0},
	{"open_tree recursive", clone_tree, parent, AT_RECURSIVE},
	{"open_tree and umount", clone_and_take_off, parent, 0},
	{"open_tree dissolved", clone_and_dissolve, parent, 0},
	{"mount_setattr", set_attributes, read_only, 0},
	{"mount_setattr of a clone", set_attributes_of_clone, parent, AT_RECURSIVE},
	{"remount", remount, read_only, MS_BIND},
	{"remount of a bind", remount_clone, read_only, MS_BIND},
	{"remount of /proc", remount, "/proc", 0},
	{"fspick", pick, masked_dir, 0},
	{"open_by_handle_at", by_handle, parent, O_RDONLY},
	{"/proc/1/root", by_proc, parent, O_PATH | O_DIRECTORY},
	{"rename of the parent", move_away, parent, 0},
	{"rename of the target", move_away, masked_dir, 0},
	{"rmdir", remove_target, masked_dir, AT_REMOVEDIR},
	{"unlink", remove_target, masked_file, 0},
	{"fresh proc", fresh, "proc ", 0},
	{"fresh proc subset=pid", fresh, "proc subset=pid", 0},
	{"fresh proc hidepid=0", fresh, "proc hidepid=0", 0},
	{"fresh sysfs", fresh, "sysfs ", 0},
	{"fresh mqueue", fresh, "mqueue ", 0},
};

/* Is there a secret, or a way to write, at this place, or below it? */
static bool shows(int at, const char *dir)
{
	static const char *const secrets[] = {"dir/secret", "file", "secret"};
	char path[400], text[8] = "";
	int fd;

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, secrets[i]);
		fd = openat(at, path, O_RDONLY | O_NONBLOCK);
		if (fd >= 0 && read(fd, text, 6) == 6 && strcmp(text, "secret") == 0)
			return true;
		close(fd);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", dir, i ? "ro/new" : "new");
		fd = openat(at, path, O_WRONLY | O_CREAT, 0644);
		close(fd);
		if (fd >= 0 && i == 1)
			return true;
		if (fd >= 0)
			unlinkat(at, path, 0);
	}
	return false;
}

/* Another process of the host, such as init(1), is nothing that a /proc of this session may show. */
static bool shows_processes(void)
{
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "%s", PLACE "/1/comm");
	fd = open(path, O_RDONLY);
	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strncmp(text, "nsunshare", 9) != 0;
}

static bool is_revealed(void)
{
	char below[320];

	snprintf(below, sizeof(below), "%s/", parent);
	return shows(AT_FDCWD, below) || shows(AT_FDCWD, PLACE "/") || shows(AT_FDCWD, PLACE "/dir/") ||
	       (look_fd >= 0 && shows(look_fd, "")) || shows_processes();
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(3);
	close(fd);
}

static void enter(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	char map[64];

	if (uid == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(3);
		return;
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		_exit(3);
	write_to("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_to("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_to("/proc/self/gid_map", map);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	snprintf(parent, sizeof(parent), "%s", argv[1]);
	snprintf(masked_dir, sizeof(masked_dir), "%s/dir", parent);
	snprintf(masked_file, sizeof(masked_file), "%s/file", parent);
	snprintf(read_only, sizeof(read_only), "%s/ro", parent);
	mkdir(PLACE, 0755);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int status = 0, ret;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			enter();
			ret = ways[i].try(ways[i].path, ways[i].flags);
			printf("%s: %s\n", ways[i].name, ret < 0 ? strerrorname_np(errno) : "done");
			if (is_revealed())
				printf("%s: REVEALED\n", ways[i].name);
			if (ways[i].try == move_away)
				rename("/srv/renamed",
				       ways[i].path); /* root of a session may, where it is the host's */
			fflush(stdout);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) < 0 || status != 0)
			printf("%s: not tried, status %d\n", ways[i].name, status);
	}
	return 0;
}
