/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * odd_file socket PATH     make a socket there that nobody listens on
 * odd_file acl PATH UID    let a user write to it, as setfacl(1) does: `setfacl -m u:UID:rw`
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NOBODY UINT32_MAX /* an entry without a name */

struct entry {
	uint16_t tag;
	uint16_t permissions;
	uint32_t id;
};

static int make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0;
}

static int allow(const char *path, uint32_t uid)
{
	struct {
		uint32_t version;
		struct entry entries[5]; /* owner, user, group, mask, others */
	} acl = {2, {{0x01, 6, NOBODY}, {0x02, 6, uid}, {0x04, 4, NOBODY}, {0x10, 6, NOBODY}, {0x20, 4, NOBODY}}};

	return setxattr(path, "system.posix_acl_access", &acl, sizeof(acl), 0) < 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "socket") == 0)
		return make_socket(argv[2]);
	if (argc == 4 && strcmp(argv[1], "acl") == 0)
		return allow(argv[2], (uint32_t)atoi(argv[3]));
	return 2;
}
