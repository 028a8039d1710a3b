/* SPDX-License-Identifier: BSD-3-Clause */
/* sshd: without `UsePAM yes` it opens no PAM session. As sshd_config(5): the first value counts, Match blocks do not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "defaults.h"
#include "doctor.h"
#include "reader.h"

#define DIRECTORY "/etc/ssh"
#define MAIN_FILE DIRECTORY "/sshd_config"
#define PROGRAM   "/usr/sbin/sshd"
#define FILE_MAX  (256UL * 1024)
#define FILES_MAX 256
#define DEPTH_MAX 16 /* as sshd has it */
#define BLANKS    " \t\r\n\""

struct sshd {
	char place[NSU_PATH_MAX + 16]; /* of UsePAM; "": it is not there */
	bool uses_pam;
	unsigned n_files;
};

static void read_config(struct sshd *sshd, const char *path, unsigned depth);

/* Files may include each other. */
static bool may_read(struct sshd *sshd, unsigned depth)
{
	return depth < DEPTH_MAX && sshd->n_files++ < FILES_MAX;
}

/* Paths of `Include`, which may be globs, and are relative to /etc/ssh. */
static void read_included(struct sshd *sshd, char *names, unsigned depth)
{
	for (char *rest = names, *name; sshd->place[0] == '\0' && (name = strtok_r(rest, BLANKS, &rest));) {
		char pattern[NSU_PATH_MAX];
		glob_t found;

		if ((size_t)snprintf(pattern, sizeof(pattern), "%s%s", name[0] == '/' ? "" : DIRECTORY "/", name) >=
		    sizeof(pattern))
			continue;
		if (nsu_reader_list(pattern, &found) < 0)
			continue;
		for (size_t i = 0; i < found.gl_pathc && sshd->place[0] == '\0' && may_read(sshd, depth + 1); i++)
			read_config(sshd, found.gl_pathv[i], depth + 1);
		globfree(&found);
	}
}

/* Return: false behind `Match`, up to the end of the file. */
static bool read_line(struct sshd *sshd, const char *path, unsigned number, char *line, unsigned depth)
{
	char *keyword = line + strspn(line, BLANKS);
	size_t len = strcspn(keyword, BLANKS "=");
	char *value = keyword + len;

	value += strspn(value, BLANKS "=");
	if (len == strlen("match") && strncasecmp(keyword, "match", len) == 0)
		return false;
	if (len == strlen("include") && strncasecmp(keyword, "include", len) == 0)
		read_included(sshd, value, depth);
	if (len == strlen("usepam") && strncasecmp(keyword, "usepam", len) == 0) {
		snprintf(sshd->place, sizeof(sshd->place), "%s:%u", path, number);
		sshd->uses_pam = strncasecmp(value, "yes", 3) == 0;
	}
	return true;
}

static void read_config(struct sshd *sshd, const char *path, unsigned depth)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	auto_free char *text = NULL;
	unsigned number = 0;

	if (nsu_reader_text(path, FILE_MAX, &text, &ignored) < 0)
		return;
	for (char *next = text, *line; sshd->place[0] == '\0' && (line = strsep(&next, "\n"));) {
		if (!read_line(sshd, path, ++number, line, depth))
			return;
	}
}

void nsu_doctor_sshd(struct nsu_doctor *doctor)
{
	static const char remedy[] = "write in " MAIN_FILE ", before any Match: UsePAM yes; then restart sshd";
	struct sshd sshd = {.uses_pam = false};

	if (!nsu_doctor_uses(doctor, "sshd") || access(PROGRAM, F_OK) < 0 || access(MAIN_FILE, F_OK) < 0)
		return;
	read_config(&sshd, MAIN_FILE, 0);
	if (sshd.place[0] && !sshd.uses_pam)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, sshd.place, remedy,
		                "UsePAM is not yes: sshd opens no PAM session, and its logins are not isolated");
	else if (!sshd.place[0])
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, MAIN_FILE, remedy,
		                "UsePAM is not given, and no is sshd's default: its logins are not isolated");
}
