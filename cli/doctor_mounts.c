/* SPDX-License-Identifier: BSD-3-Clause */
/* The host's mounts, from its table alone: looking at a place would mount what is automounted there. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "reader.h"
#include "text.h"

#define TABLE     "/proc/self/mountinfo"
#define TABLE_MAX (64UL * 1024 * 1024)

/* The fields of a line of proc(5)'s mountinfo that matter here. */
struct mount {
	char *point;
	char *tags; /* "shared:1 master:2"; "": private */
	char *type;
};

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Space, tab, newline and backslash stand in it as \040 and so on. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) && is_octal(text[3])) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += strlen("\\040");
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

static bool read_mount(char *line, struct mount *ret_mount)
{
	char *separator = strstr(line, " - ");
	char *field = NULL;

	if (!separator)
		return false;
	*separator = '\0';
	ret_mount->type = separator + strlen(" - ");
	ret_mount->type[strcspn(ret_mount->type, " ")] = '\0';
	for (int i = 0; i < 6; i++) {
		field = strsep(&line, " ");
		if (!field)
			return false;
		if (i == 4)
			ret_mount->point = field;
	}
	ret_mount->tags = line ? line : separator;
	unescape(ret_mount->point);
	return true;
}

/* Those of the system itself, which no session needs a later mount of. */
static bool is_of_the_system(const char *point)
{
	static const char *const places[] = {"/proc", "/sys", "/dev", "/boot", "/efi"};

	for (size_t i = 0; i < NSU_COUNT(places); i++) {
		if (strcmp(point, places[i]) == 0 || nsu_text_is_below(point, places[i]))
			return true;
	}
	return false;
}

static void examine_mount(struct nsu_doctor *doctor, const struct mount *mount)
{
	if (strcmp(mount->type, "autofs") != 0 || is_of_the_system(mount->point))
		return;
	if (doctor->survey.has_private)
		nsu_doctor_find(
			doctor, NSU_DOCTOR_WARNING, mount->point, "write in the profile: propagation = \"slave\"",
			"what is automounted here after a session was opened does not appear in it (propagation "
			"\"private\")");
}

static void examine_root(struct nsu_doctor *doctor, const char *tags)
{
	if (doctor->survey.has_slave && !strstr(tags, "shared:"))
		nsu_doctor_find(
			doctor, NSU_DOCTOR_WARNING, "/",
			"mount --make-rshared / at boot, as systemd does, or write: propagation = \"private\"",
			"the host's mounts are not shared: sessions with the propagation \"slave\" see no later mount");
}

static void examine_number(struct nsu_doctor *doctor, unsigned long long n)
{
	static const char sysctl[] = "fs.mount-max";
	unsigned long long max;

	if (nsu_doctor_number("/proc/sys/fs/mount-max", &max) < 0 || max >= 2 * n + 100)
		return;
	nsu_doctor_find(doctor, max < n + 20 ? NSU_DOCTOR_ERROR : NSU_DOCTOR_WARNING, sysctl,
	                "sysctl fs.mount-max=100000, and the same in /etc/sysctl.d",
	                "it is %llu, and the host has %llu mounts, which each session copies and adds to", max, n);
}

void nsu_doctor_mounts(struct nsu_doctor *doctor)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];
	auto_free char *root_tags = NULL;
	auto_free char *text = NULL;
	unsigned long long n = 0;
	struct mount mount = {.point = NULL};

	if (nsu_reader_text(TABLE, TABLE_MAX, &text, &fail) < 0) {
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, TABLE, "mount proc on /proc",
		                "the mounts can not be examined: %s", nsu_fail_line(&fail, line, sizeof(line)));
		return;
	}
	for (char *next = text, *entry; (entry = strsep(&next, "\n"));) {
		if (!read_mount(entry, &mount))
			continue;
		n++;
		examine_mount(doctor, &mount);
		if (strcmp(mount.point, "/") == 0) { /* the last one is the uppermost */
			free(root_tags);
			root_tags = strdup(mount.tags);
		}
	}
	if (root_tags)
		examine_root(doctor, root_tags);
	examine_number(doctor, n);
}
