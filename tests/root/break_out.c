/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * break_out PART [PID]: root of a session tries to get at the host; the ways to uncover mounts are uncover.c's. Prints
 * `WAY: ERRNO` or `WAY: done`, each way in a process of its own. What would change something of the host if it came true
 * sets what is there already, and nothing is tried outside of a user namespace. Parts:
 *   host     clocks, names, devices that are made, links, addresses, system calls of root
 *   others   process 1, a process of the host by its socket, namespaces of others, handles
 *   process  the process PID, if there is one
 *   sysctl   which files of /proc and /sys can be written, here and in fresh ones: prints them
 *   files    what root's uid is good for: files, sockets and devices of the host
 *   handles  on the host: handles of its namespaces to /srv/t/handles, of /srv/t/dir/secret to /srv/t/handle
 *   listen   on the host: a server on /srv/t/socket, and on an abstract one, that says whose uid connects
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/if.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANDLES  "/srv/t/handles"
#define HANDLE   "/srv/t/handle"
#define SOCKET   "/srv/t/socket"
#define PLACE    "/tmp/place"
#define ABSTRACT "nsunshare-test"
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#define NSFS_ROOT               (-10003)                /* FD_NSFS_ROOT, Linux 6.18 */
#define MNT_GET_NEXT            _IOR(0xb7, 11, long[2]) /* NS_MNT_GET_NEXT: 16 bytes, Linux 6.12 */
#define MNT_GET_PREV            _IOR(0xb7, 12, long[2])
#define SYS_LISTNS              470
#define PIDFD_GET_MNT_NAMESPACE _IO(0xFF, 3)

struct handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

static const struct {
	const char *file;
	int kind;
} kinds[] = {
	{"mnt", CLONE_NEWNS},  {"uts", CLONE_NEWUTS},   {"ipc", CLONE_NEWIPC},       {"net", CLONE_NEWNET},
	{"pid", CLONE_NEWPID}, {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void say(const char *name, const char *more, long ret)
{
	printf("%s%s: %s\n", name, more, ret < 0 ? strerrorname_np(errno) : "done");
	fflush(stdout);
}

#define TRY_OF(name, more, call)                                                                                       \
	do {                                                                                                           \
		fflush(stdout);                                                                                        \
		if (fork() == 0) {                                                                                     \
			say(name, more, call);                                                                         \
			_exit(0);                                                                                      \
		}                                                                                                      \
		wait(NULL);                                                                                            \
	} while (0)
#define TRY(name, call) TRY_OF(name, "", call)

/* ---- the host */

static int set_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return clock_settime(CLOCK_REALTIME, &now);
}

static int set_day(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return settimeofday(&now, NULL);
}

/* The frequency that it has; reading it fills in the rest of the record, so nothing else of that may be set. */
static int adjust_clock(void)
{
	struct timex now = {.modes = 0}, same = {.modes = ADJ_FREQUENCY};

	if (adjtimex(&now) < 0)
		return -1;
	same.freq = now.freq;
	return adjtimex(&same);
}

static int set_host_name(void)
{
	char name[65] = "";

	gethostname(name, sizeof(name) - 1);
	return sethostname(name, strlen(name));
}

static int set_link(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -1;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

static int bind_port(void)
{
	struct sockaddr addr = {.sa_family = AF_INET};

	addr.sa_data[1] = 99;
	return bind(socket(AF_INET, SOCK_STREAM, 0), &addr, sizeof(addr));
}

static int mount_new(const char *type)
{
	int fd = fsopen(type, FSOPEN_CLOEXEC);

	if (fd < 0)
		return -1;
	fsconfig(fd, FSCONFIG_SET_STRING, "source", "/dev/null", 0);
	return fsconfig(fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

/* To itself: what is set is what there is. */
static int reconfigure_root(void)
{
	int fd = fspick(AT_FDCWD, "/", FSPICK_CLOEXEC);

	return fd < 0 ? -1 : fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

static void try_host(void)
{
	TRY("clock_settime", set_clock());
	TRY("settimeofday", set_day());
	TRY("adjtimex", adjust_clock());
	TRY("sethostname", set_host_name());
	TRY("setdomainname", setdomainname("", 0));
	TRY("reboot", reboot(RB_DISABLE_CAD));
	TRY("swapon", swapon("/srv/none", 0));
	TRY("acct", acct("/srv/none"));
	TRY("iopl", iopl(3));
	TRY("init_module", syscall(SYS_init_module, NULL, 0, ""));
	TRY("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	TRY("mknod block", mknod("/tmp/block", S_IFBLK | 0600, makedev(7, 0)));
	TRY("mknod char", mknod("/tmp/char", S_IFCHR | 0600, makedev(1, 5)));
	TRY("mount ext4", mount_new("ext4"));
	TRY("mount xfs", mount_new("xfs"));
	TRY("mount devtmpfs", mount_new("devtmpfs"));
	TRY("mount debugfs", mount_new("debugfs"));
	TRY("mount tracefs", mount_new("tracefs"));
	TRY("mount proc of this pid namespace", mount_new("proc"));
	TRY("mount sysfs of this net namespace", mount_new("sysfs"));
	TRY("mount mqueue of this ipc namespace", mount_new("mqueue"));
	TRY("reconfigure /", reconfigure_root());
	TRY("set a link up", set_link());
	TRY("bind port 99", bind_port());
	TRY("raw socket", socket(AF_INET, SOCK_RAW, 1));
	TRY("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
}

/* ---- others */

static int open_file(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int connect_to(const char *path, bool is_abstract)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path + is_abstract, path);
	if (connect(fd, (struct sockaddr *)&addr, (socklen_t)(sizeof(sa_family_t) + is_abstract + strlen(path))) < 0)
		return -1;
	return fd;
}

/* C-74: a file below a mask by its handle, beside something that has no mask below it. */
static int open_secret(const char *where)
{
	struct handle handle;
	int fd = open(HANDLE, O_RDONLY), at;
	char text[8] = "";

	if (fd < 0 || read(fd, &handle, sizeof(handle)) != sizeof(handle))
		_exit(3);
	if (strcmp(where, PLACE) == 0) {
		mkdir(PLACE, 0755);
		if (unshare(CLONE_NEWNS) < 0 || mount("/srv/t/give", PLACE, NULL, MS_BIND, NULL) < 0)
			_exit(3);
	}
	at = open(where, O_RDONLY | O_DIRECTORY);
	fd = open_by_handle_at(at, &handle.head, O_RDONLY);
	if (fd < 0)
		return -1;
	return read(fd, text, 6) == 6 ? 0 : -1;
}

/* Of a process of the host: who listens on a socket in a shared directory. */
static int peer_pidfd(void)
{
	int fd = connect_to(SOCKET, false), pidfd = -1;
	socklen_t len = sizeof(pidfd);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) < 0)
		return -1;
	return pidfd;
}

static int open_handle(size_t index)
{
	struct handle handles[KINDS];
	int fd = open(HANDLES, O_RDONLY);

	if (fd < 0 || read(fd, handles, sizeof(handles)) != sizeof(handles))
		_exit(3);
	return open_by_handle_at(NSFS_ROOT, &handles[index].head, O_RDONLY);
}

static int join_handle(size_t index)
{
	int fd = open_handle(index);

	return fd < 0 ? -1 : setns(fd, kinds[index].kind);
}

/* Each mount namespace that this one's owner may see: more than the session's own is too much. */
static int walk_mount_namespaces(unsigned long request)
{
	long info[2] = {16, 0};
	int fd = open_file("/proc/self/ns/mnt", O_RDONLY);

	return ioctl(fd, request, info);
}

/* Are there any of others? Each that is listed is opened by its id and joined. */
static int list_namespaces(void)
{
	struct {
		unsigned size, spare;
		unsigned long last;
		unsigned kind, spare2;
		unsigned long user;
	} request = {.size = 32};
	unsigned long ids[64];
	long n = syscall(SYS_LISTNS, &request, ids, 64, 0);

	if (n >= 0)
		printf("listns: %ld seen\n", n);
	return (int)n;
}

static int get_owner_of(const char *path, unsigned long request)
{
	return ioctl(open_file(path, O_RDONLY), request);
}

static void try_process(const char *name, int pid)
{
	static const char *const files[] = {"root", "cwd",  "exe",    "mem",    "environ",
	                                    "maps", "fd/3", "ns/mnt", "ns/user"};
	char path[64];

	TRY_OF(name, " PTRACE_SEIZE", ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	TRY_OF(name, " PTRACE_ATTACH", ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		TRY_OF(name, path + strlen("/proc"), open_file(path, O_RDONLY));
	}
	TRY_OF(name, " signal", kill(pid, 0));
}

static void try_others(void)
{
	try_process("process 1", 1);
	TRY("pidfd of a host's process", peer_pidfd());
	TRY("pidfd: signal", syscall(SYS_pidfd_send_signal, peer_pidfd(), SIGKILL, NULL, 0));
	TRY("pidfd: its descriptors", syscall(SYS_pidfd_getfd, peer_pidfd(), 0, 0));
	TRY("pidfd: its namespaces", setns(peer_pidfd(), CLONE_NEWNS));
	TRY("pidfd: its mount namespace", ioctl(peer_pidfd(), PIDFD_GET_MNT_NAMESPACE, 0));
	for (size_t i = 0; i < KINDS; i++)
		TRY_OF("C-75 join by handle: host's ", kinds[i].file, join_handle(i));
	TRY("C-74 a masked file by its handle, at /", open_secret("/"));
	TRY("C-74 a masked file by its handle, at its own mount", open_secret("/srv/t"));
	TRY("C-74 a masked file by its handle, at a bind beside it", open_secret(PLACE));
	TRY("C-75 NS_MNT_GET_NEXT", walk_mount_namespaces(MNT_GET_NEXT));
	TRY("C-75 NS_MNT_GET_PREV", walk_mount_namespaces(MNT_GET_PREV));
	TRY("C-75 listns", list_namespaces());
	TRY("C-75 owner of the uts namespace", get_owner_of("/proc/self/ns/uts", NS_GET_USERNS));
	TRY("C-75 parent of the user namespace", get_owner_of("/proc/self/ns/user", NS_GET_PARENT));
	TRY("C-75 parent of the pid namespace", get_owner_of("/proc/self/ns/pid", NS_GET_PARENT));
	TRY("C-78 abstract socket of the host", connect_to(ABSTRACT, true));
}

/* ---- sysctls */

static const char *label;

static int look(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *below = path + (strncmp(path, "/tmp/fresh", 10) == 0 ? 10 : strlen("/proc"));

	(void)ftw;
	if (strncmp(path, "/sys", 4) != 0 && (strspn(below, "/0123456789") > 1 || strstr(below, "self")))
		return FTW_SKIP_SUBTREE; /* processes */
	if (type == FTW_F && S_ISREG(st->st_mode) && (st->st_mode & 0222) &&
	    faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
		printf("%s: %s\n", label, path);
	return FTW_CONTINUE;
}

static void print_writable(const char *name, const char *path)
{
	label = name;
	nftw(path, look, 32, FTW_PHYS | FTW_ACTIONRETVAL);
	fflush(stdout);
}

/* In new namespaces of its own, which are the session root's. */
static void try_fresh(const char *name, int kind, const char *type, unsigned long flags, const char *options)
{
	fflush(stdout);
	if (fork() == 0) {
		if (unshare(kind) < 0)
			_exit(3);
		if (fork() == 0) {
			int ret = mount("none", "/tmp/fresh", type, flags, options);

			say("mount ", name, ret);
			if (ret == 0)
				print_writable(name, "/tmp/fresh");
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	wait(NULL);
}

static void try_sysctls(void)
{
	mkdir("/tmp/fresh", 0755);
	print_writable("as it is", "/proc");
	print_writable("as it is", "/sys");
	try_fresh("fresh proc", CLONE_NEWPID | CLONE_NEWNS, "proc", 0, NULL);
	try_fresh("fresh proc, user namespace", CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, "proc", 0, NULL);
	try_fresh("fresh proc subset=pid", CLONE_NEWPID | CLONE_NEWNS, "proc", 0, "subset=pid");
	try_fresh("fresh proc, read-only", CLONE_NEWPID | CLONE_NEWNS, "proc", MS_RDONLY, NULL);
	try_fresh("fresh sysfs", CLONE_NEWNET | CLONE_NEWNS, "sysfs", 0, NULL);
	try_fresh("fresh sysfs, read-only", CLONE_NEWNET | CLONE_NEWNS, "sysfs", MS_RDONLY, NULL);
	try_fresh("fresh cgroup2", CLONE_NEWCGROUP | CLONE_NEWNS, "cgroup2", 0, NULL);
	try_fresh("fresh cgroup", CLONE_NEWCGROUP | CLONE_NEWNS, "cgroup", 0, "memory");
	try_fresh("fresh binfmt_misc", CLONE_NEWNS, "binfmt_misc", 0, NULL);
}

/* ---- files */

static int make_setuid(void)
{
	int fd = open("/srv/t/give/setuid", O_WRONLY | O_CREAT | O_EXCL, 0700);

	return fd < 0 ? -1 : fchmod(fd, 04755);
}

/* What the server saw. */
static int ask_uid(void)
{
	char text[32] = "";
	int fd = connect_to(SOCKET, false);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	printf("socket of the host, it sees uid: %s\n", text);
	return 0;
}

static void try_files(void)
{
	TRY("write /etc/passwd", open_file("/etc/passwd", O_WRONLY | O_APPEND));
	TRY("read /etc/shadow", open_file("/etc/shadow", O_RDONLY));
	TRY("make a file in /etc", open_file("/etc/made", O_WRONLY | O_CREAT | O_EXCL));
	TRY("read /root", open_file("/root", O_RDONLY | O_DIRECTORY));
	TRY("C-93 replace the helper", rename("/usr/libexec/nsunshare/nsunshare-init", "/usr/libexec/nsunshare/old"));
	TRY("a setuid file on the host", make_setuid());
	TRY("a device of root's", open_file("/dev/of-root", O_RDWR));
	TRY("chown of a file of bob's", chown("/srv/t/give/of-bob", 0, 0));
	TRY("read a file of bob's", open_file("/srv/t/give/of-bob", O_RDONLY));
	TRY("socket of the host", ask_uid());
}

/* ---- on the host */

static int make_handles(void)
{
	struct handle handles[KINDS], secret = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
	int fd = open(HANDLES, O_WRONLY | O_CREAT | O_TRUNC, 0644), mount_id;

	for (size_t i = 0; i < KINDS; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i].file);
		handles[i].head.handle_bytes = MAX_HANDLE_SZ;
		if (name_to_handle_at(AT_FDCWD, path, &handles[i].head, &mount_id, AT_SYMLINK_FOLLOW) < 0)
			return -1;
	}
	if (write(fd, handles, sizeof(handles)) != sizeof(handles) ||
	    name_to_handle_at(AT_FDCWD, "/srv/t/dir/secret", &secret.head, &mount_id, 0) < 0)
		return -1;
	fd = open(HANDLE, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	return write(fd, &secret, sizeof(secret)) == sizeof(secret) ? 0 : -1;
}

static int serve(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), abstract = socket(AF_UNIX, SOCK_STREAM, 0);

	unlink(SOCKET);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || chmod(SOCKET, 0777) < 0 || listen(fd, 64) < 0)
		return -1;
	strcpy(addr.sun_path, "");
	strcpy(addr.sun_path + 1, ABSTRACT);
	if (bind(abstract, (struct sockaddr *)&addr, (socklen_t)(sizeof(sa_family_t) + 1 + strlen(ABSTRACT))) < 0 ||
	    listen(abstract, 64) < 0)
		return -1;
	for (;;) {
		struct ucred peer = {.uid = 0};
		socklen_t len = sizeof(peer);
		int one = accept(fd, NULL, NULL);

		getsockopt(one, SOL_SOCKET, SO_PEERCRED, &peer, &len);
		dprintf(one, "%d", (int)peer.uid);
		usleep(1000); /* a pidfd of this process is asked for meanwhile */
		close(one);
	}
}

/*
 * MUST hold before anything is tried: where the host's root runs this, as after a session that was refused, all of it would
 * come true on the machine. (A first version had no such check, and set its clock.)
 */
static bool is_in_user_namespace(void)
{
	struct stat own;

	return stat("/proc/self/ns/user", &own) == 0 && own.st_ino != 0xEFFFFFFDU; /* PROC_USER_INIT_INO */
}

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";
	bool is_on_host = strcmp(part, "handles") == 0 || strcmp(part, "listen") == 0;

	signal(SIGPIPE, SIG_IGN);
	if (!is_on_host && !is_in_user_namespace()) {
		fprintf(stderr, "break_out: not in a session's user namespace\n");
		return 3;
	}
	if (strcmp(part, "host") == 0)
		try_host();
	else if (strcmp(part, "others") == 0)
		try_others();
	else if (strcmp(part, "process") == 0 && argc == 3)
		try_process("process", atoi(argv[2]));
	else if (strcmp(part, "sysctl") == 0)
		try_sysctls();
	else if (strcmp(part, "files") == 0)
		try_files();
	else if (strcmp(part, "handles") == 0)
		return make_handles() < 0 ? perror("handles"), 1 : 0;
	else if (strcmp(part, "listen") == 0)
		return serve() < 0 ? perror("listen"), 1 : 0;
	else
		return 2;
	return 0;
}
