/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record is "ID UID PROFILE". Inside a session of ours its directory is root's alone, so that a name suffices to read it.
 */
#include "marker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define MARKER_FILE NSU_RUN_DIR "/" NSU_MARKER_NAME
#define UID_DIGITS  10

int nsu_marker_make(int run_dirfd, const char *id, uid_t uid, const char *profile)
{
	char text[NSU_ID_LEN + 1 + UID_DIGITS + 1 + NSU_LOG_VALUE_MAX];
	int len = snprintf(text, sizeof(text), "%s %u %s", id, (unsigned)uid, profile);

	/* Cut, one profile could be taken for another. */
	if (strlen(id) != NSU_ID_LEN || strlen(profile) >= NSU_LOG_VALUE_MAX || len >= (int)sizeof(text))
		return -EINVAL;
	if (symlinkat(text, run_dirfd, NSU_MARKER_NAME) < 0)
		return -errno;
	return 0;
}

static bool parse(char *text, struct nsu_marker *marker)
{
	char *uid_text = text + NSU_ID_LEN + 1;
	uint64_t uid;
	char *end;

	if (strspn(text, "0123456789abcdef") != NSU_ID_LEN || text[NSU_ID_LEN] != ' ')
		return false;
	text[NSU_ID_LEN] = '\0';
	end = strchr(uid_text, ' ');
	if (!end || strlen(end + 1) >= sizeof(marker->profile))
		return false;
	*end = '\0';
	if (nsu_text_to_number(uid_text, 0, UINT32_MAX - 1, &uid) < 0)
		return false;
	strcpy(marker->id, text);
	marker->uid = (uid_t)uid;
	strcpy(marker->profile, end + 1);
	return true;
}

int nsu_marker_read(struct nsu_marker *ret_marker, bool *ret_inside, struct nsu_fail *fail)
{
	char text[sizeof(struct nsu_marker) + UID_DIGITS + 2];
	struct nsu_marker marker;
	struct stat st;
	ssize_t len;

	len = readlink(MARKER_FILE, text, sizeof(text));
	if (len < 0 && errno == ENOENT) {
		*ret_inside = false;
		return 0;
	}
	if (len < 0)
		return nsu_fail(fail, errno, "read '%s'", MARKER_FILE);
	if (lstat(MARKER_FILE, &st) < 0)
		return nsu_fail(fail, errno, "stat '%s'", MARKER_FILE);
	if (st.st_uid != 0 || (size_t)len == sizeof(text))
		return nsu_fail_because(fail, EINVAL, "%s: not the marker of a session", MARKER_FILE);
	text[len] = '\0';
	if (!parse(text, &marker))
		return nsu_fail_because(fail, EINVAL, "%s: not the marker of a session", MARKER_FILE);
	*ret_marker = marker;
	*ret_inside = true;
	return 0;
}
