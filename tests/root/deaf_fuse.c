/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deaf_fuse DIR [WHAT]: mounts on DIR a file system that holds one file, which every user may open, and that answers everything
 * but one thing: what is asked when a descriptor is closed (FLUSH); with "lookup" what is asked for a name; with "all" it does
 * not even read what is asked. Runs until it is killed, at which the kernel ends what waits for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_NODE 2

static int fuse_fd;
static bool hears_names = true;

static void answer(const struct fuse_in_header *in, int err, const void *body, size_t len)
{
	struct fuse_out_header out = {.len = (uint32_t)(sizeof(out) + len), .error = -err, .unique = in->unique};
	struct iovec parts[] = {{&out, sizeof(out)}, {(void *)body, len}};

	if (writev(fuse_fd, parts, 2) < 0)
		perror("deaf_fuse: writev");
}

static struct fuse_attr attributes(uint64_t node)
{
	struct fuse_attr attr = {.ino = node, .nlink = 1, .mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0755};

	return attr;
}

static void serve(const struct fuse_in_header *in, const void *body)
{
	const struct fuse_init_in *init = body;
	struct fuse_init_out init_out = {.major = FUSE_KERNEL_VERSION, .minor = 23, .max_write = 4096};
	struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr = attributes(FILE_NODE)};
	struct fuse_attr_out attr = {.attr = attributes(in->nodeid)};
	struct fuse_open_out opened = {0};

	switch (in->opcode) {
	case FUSE_INIT:
		init_out.max_readahead = init->max_readahead;
		answer(in, 0, &init_out, sizeof(init_out));
		break;
	case FUSE_LOOKUP:
		if (!hears_names)
			break;
		answer(in, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		answer(in, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer(in, 0, &opened, sizeof(opened));
		break;
	case FUSE_FLUSH:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(in, ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char request[256 * 1024];
	char options[128];

	if (argc != 2 && argc != 3)
		return 2;
	hears_names = argc == 2;
	fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse_fd < 0)
		return 77;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse_fd);
	if (mount("deaf", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		perror("deaf_fuse: mount");
		return 77;
	}
	for (;;) {
		ssize_t n = read(fuse_fd, request, sizeof(request));

		if (n < 0 && errno != EINTR && errno != ENOENT)
			return 0;
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve((const void *)request, request + sizeof(struct fuse_in_header));
		while (argc == 3 && strcmp(argv[2], "all") == 0)
			pause();
	}
}
