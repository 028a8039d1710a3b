/* SPDX-License-Identifier: BSD-3-Clause */
/* sudo with use_pty signals its command by the pid that this has inside (docs/design.md): a rule that gives it "pid" asks for that. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "defaults.h"
#include "doctor.h"
#include "reader.h"

#define MAIN_FILE "/etc/sudoers"
#define FILE_MAX  (1024UL * 1024)
#define FILES_MAX 256
#define DEPTH_MAX 16
#define BLANKS    " \t\r"

struct sudo {
	char place[NSU_PATH_MAX + 16]; /* of what was said of use_pty last; "": nothing */
	bool uses_pty;
	unsigned n_files;
};

static void read_sudoers(struct sudo *sudo, const char *path, unsigned depth);

static void read_directory(struct sudo *sudo, const char *dir, unsigned depth)
{
	char pattern[NSU_PATH_MAX];
	glob_t found;

	if ((size_t)snprintf(pattern, sizeof(pattern), "%s/*", dir) >= sizeof(pattern) ||
	    nsu_reader_list(pattern, &found) < 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = strrchr(found.gl_pathv[i], '/') + 1;

		if (!strchr(name, '.') && name[strlen(name) - 1] != '~') /* which sudo leaves out */
			read_sudoers(sudo, found.gl_pathv[i], depth + 1);
	}
	globfree(&found);
}

/* `@include FILE` and `@includedir DIRECTORY`, with a # in older files. Return: whether it is one of these. */
static bool read_include(struct sudo *sudo, char *line, unsigned depth)
{
	static const char *const words[] = {"includedir", "include"};

	if (line[0] != '@' && line[0] != '#')
		return false;
	for (size_t i = 0; i < NSU_COUNT(words); i++) {
		size_t len = strlen(words[i]);
		char *name = line + 1 + len;

		if (strncmp(line + 1, words[i], len) != 0 || !strspn(name, BLANKS))
			continue;
		name += strspn(name, BLANKS "\"");
		name[strcspn(name, BLANKS "\"")] = '\0';
		if (i == 0 && name[0] == '/')
			read_directory(sudo, name, depth);
		else if (name[0] == '/')
			read_sudoers(sudo, name, depth + 1);
		return true;
	}
	return false;
}

/* "Defaults use_pty", "Defaults env_reset, !use_pty"; for some only ("Defaults:alice") it counts where it is said, not where denied. */
static void read_defaults(struct sudo *sudo, const char *path, unsigned number, char *line)
{
	bool is_for_all = strspn(line + strlen("Defaults"), BLANKS) > 0;
	char *rest = line + strlen("Defaults");

	rest[strcspn(rest, "#")] = '\0';
	for (char *word; (word = strtok_r(rest, BLANKS ",", &rest));) {
		bool is_denied = word[0] == '!';

		if (strcmp(word + is_denied, "use_pty") != 0 || (is_denied && !is_for_all))
			continue;
		sudo->uses_pty = !is_denied;
		snprintf(sudo->place, sizeof(sudo->place), "%s:%u", path, number);
	}
}

/* Lines that backslashes join are one. */
static char *next_line(char **next, unsigned *n)
{
	char *line = *next;

	for (char *end = line; end && *line; end++) {
		end = strchr(end, '\n');
		*n += 1;
		if (!end) {
			*next = line + strlen(line);
			return line;
		}
		if (end > line && end[-1] == '\\') {
			end[-1] = end[0] = ' ';
			continue;
		}
		*end = '\0';
		*next = end + 1;
		return line;
	}
	return NULL;
}

static void read_sudoers(struct sudo *sudo, const char *path, unsigned depth)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	auto_free char *text = NULL;
	unsigned n = 0;

	if (depth >= DEPTH_MAX || sudo->n_files++ >= FILES_MAX || nsu_reader_text(path, FILE_MAX, &text, &ignored) < 0)
		return;
	for (char *next = text, *line; (line = next_line(&next, &n));) {
		line += strspn(line, BLANKS);
		if (!read_include(sudo, line, depth) && strncmp(line, "Defaults", strlen("Defaults")) == 0)
			read_defaults(sudo, path, n, line);
	}
}

void nsu_doctor_sudo(struct nsu_doctor *doctor)
{
	static const char remedy[] =
		"write in " MAIN_FILE ": Defaults !use_pty; or take \"pid\" out of what the rule for sudo gives";
	struct sudo sudo = {.uses_pty = true};

	if (!(doctor->survey.sudo_namespaces & CLONE_NEWPID) || access(MAIN_FILE, F_OK) < 0)
		return;
	read_sudoers(&sudo, MAIN_FILE, 0);
	if (sudo.uses_pty)
		nsu_doctor_find(
			doctor, NSU_DOCTOR_ERROR, sudo.place[0] ? sudo.place : MAIN_FILE, remedy,
			"a rule gives sudo the namespace \"pid\", and sudo has use_pty%s: it signals processes of strangers",
			sudo.place[0] ? "" : " (the default since 1.9.14)");
}
