/* SPDX-License-Identifier: BSD-3-Clause */
/* keys add|find|remove NAME: a key in the keyring of the caller's uid, for a minute at most: "NAME: found", or what errno says. */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECONDS_MAX 60

int main(int argc, char **argv)
{
	long key;

	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "add") == 0) {
		key = syscall(SYS_add_key, "user", argv[2], "x", 1, KEY_SPEC_USER_KEYRING);
		if (key >= 0)
			key = syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, SECONDS_MAX);
	} else {
		key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", argv[2], 0);
		if (key >= 0 && strcmp(argv[1], "remove") == 0)
			key = syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING);
	}
	printf("%s: %s\n", argv[2], key < 0 ? strerrorname_np(errno) : "found");
	return key < 0;
}
