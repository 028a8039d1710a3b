/* SPDX-License-Identifier: BSD-3-Clause */
/* logind: with KillUserProcesses=yes nothing outlives a login that was started in it, whatever the set does (design.md, fact (av)). */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "defaults.h"
#include "doctor.h"
#include "reader.h"

#define MAIN_FILE "/etc/systemd/logind.conf"
#define KEY       "KillUserProcesses"
#define FILE_MAX  (256UL * 1024)
#define BLANKS    " \t\r"

struct logind {
	char place[NSU_PATH_MAX + 16]; /* of what counts; "": nothing is said */
	char name[NSU_PATH_MAX];       /* of its drop-in; "": it is the main file */
	bool kills;
};

/* As systemd has it; what it does not understand it leaves out. Return: whether it is a truth value. */
static bool read_truth(const char *value, bool *ret_truth)
{
	static const char *const words[] = {"yes", "true", "on", "y", "t", "1", "no", "false", "off", "n", "f", "0"};

	for (size_t i = 0; i < NSU_COUNT(words); i++) {
		if (strcasecmp(value, words[i]) != 0)
			continue;
		*ret_truth = i < NSU_COUNT(words) / 2;
		return true;
	}
	return false;
}

/* Return: the value of a line "KillUserProcesses = VALUE"; NULL: it is another one. */
static char *value_of(char *line)
{
	char *key = line + strspn(line, BLANKS);
	char *value = key + strlen(KEY);

	if (strncmp(key, KEY, strlen(KEY)) != 0)
		return NULL;
	value += strspn(value, BLANKS);
	if (*value != '=')
		return NULL;
	value += 1 + strspn(value + 1, BLANKS);
	value[strcspn(value, BLANKS)] = '\0';
	return value;
}

/* @name: of the drop-in: those with a later name count more. */
static void read_file(struct logind *logind, const char *path, const char *name)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	auto_free char *text = NULL;
	unsigned number = 0;

	if (strcmp(name, logind->name) < 0 || nsu_reader_text(path, FILE_MAX, &text, &ignored) < 0)
		return;
	for (char *next = text, *line; (line = strsep(&next, "\n"));) {
		const char *value = value_of(line);

		number++;
		if (!value || !read_truth(value, &logind->kills))
			continue;
		snprintf(logind->place, sizeof(logind->place), "%s:%u", path, number);
		snprintf(logind->name, sizeof(logind->name), "%s", name);
	}
}

/* In the order of their weight: a drop-in hides those of the same name in the directories that come later. */
static const char *const dirs[] = {"/etc", "/run", "/usr/local/lib", "/usr/lib"};

/* Is the drop-in NAME of dirs[i] hidden? */
static bool is_hidden(const char *name, size_t i)
{
	char path[NSU_PATH_MAX];

	while (i-- > 0) {
		snprintf(path, sizeof(path), "%s/systemd/logind.conf.d/%s", dirs[i], name);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static void read_drop_ins(struct logind *logind)
{
	for (size_t i = 0; i < NSU_COUNT(dirs); i++) {
		char pattern[64];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s/systemd/logind.conf.d/*.conf", dirs[i]);
		if (nsu_reader_list(pattern, &found) < 0)
			continue;
		for (size_t j = 0; j < found.gl_pathc; j++) {
			const char *name = strrchr(found.gl_pathv[j], '/') + 1;

			if (!is_hidden(name, i))
				read_file(logind, found.gl_pathv[j], name);
		}
		globfree(&found);
	}
}

void nsu_doctor_logind(struct nsu_doctor *doctor)
{
	struct logind logind = {.kills = false};

	if (!doctor->survey.has_lasting)
		return;
	read_file(&logind, MAIN_FILE, "");
	read_drop_ins(&logind);
	if (logind.kills)
		nsu_doctor_find(
			doctor, NSU_DOCTOR_WARNING, logind.place,
			"write " KEY "=no and restart systemd-logind, or give the sets that last limits",
			"the policy has sets that outlive their logins, and logind ends with each login what it "
			"leaves running");
}
