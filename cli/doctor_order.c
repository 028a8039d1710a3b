/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands behind our module in a stack, where the opener sees the session's files and has no /proc/self any more. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "defaults.h"
#include "doctor.h"
#include "reader.h"

#define LIMITS_FILE "/etc/security/limits.conf"
#define LIMITS_DIR  "/etc/security/limits.d"
#define FILE_MAX    (256UL * 1024)
#define HAS_NO_SELF "which the caller has no more"

/* Modules that must come before. All others that are not harmless should. */
static const struct {
	const char *module;
	const char *why;
	const char *only_with; /* a file: without it the module does nothing here */
} before[] = {
	{"pam_loginuid.so", "it writes /proc/self/loginuid, " HAS_NO_SELF, NULL},
	{"pam_selinux.so", "it writes /proc/self/attr, " HAS_NO_SELF, "/sys/fs/selinux/enforce"},
	{"pam_apparmor.so", "it writes /proc/self/attr, " HAS_NO_SELF, NULL},
	{"pam_systemd.so", "logind knows the caller by its pid, and makes /run/user/UID, too late for the session",
         NULL},
	{"pam_elogind.so", "elogind knows the caller by its pid, and makes /run/user/UID, too late for the session",
         NULL},
	{"pam_systemd_home.so", "it mounts the home on the host, too late for the session", NULL},
	{"pam_cgroup.so", "it moves the caller by its pid, and out of the session's cgroup", NULL},
	{"pam_cgfs.so", "it moves the caller by its pid, and out of the session's cgroup", NULL},
	{"pam_namespace.so", "it makes a mount namespace of its own out of the session's", NULL},
	{"pam_mount.so", "it mounts where only the session sees it, and can not unmount it at the end", NULL},
	{"pam_mkhomedir.so", "the home must be there before the session is made", NULL},
	{"pam_oddjob_mkhomedir.so", "the home must be there before the session is made", NULL},
	{"pam_ecryptfs.so", "it mounts the home on the host, too late for the session", NULL},
	{"pam_fscrypt.so", "it unlocks the home, too late for the session", NULL},
	{"pam_zfs_key.so", "it mounts the home on the host, too late for the session", NULL},
};

/*
 * These do in the session what they do in front of it: they set limits and variables, take a keyring, show or write what is in
 * files of /etc, /run and /var, start what belongs to the session, or do nothing at its opening.
 */
static const char *const harmless[] = {
	"pam_permit.so",   "pam_deny.so",      NSU_DOCTOR_MODULE, "pam_unix.so",       "pam_env.so",
	"pam_umask.so",    "pam_keyinit.so",   "pam_motd.so",     "pam_mail.so",       "pam_lastlog.so",
	"pam_echo.so",     "pam_warn.so",      "pam_debug.so",    "pam_nologin.so",    "pam_rootok.so",
	"pam_listfile.so", "pam_localuser.so", "pam_shells.so",   "pam_succeed_if.so", "pam_gnome_keyring.so",
	"pam_kwallet5.so",
};

static bool is_harmless(const struct nsu_stack_line *line)
{
	for (size_t i = 0; i < NSU_COUNT(harmless); i++) {
		if (nsu_doctor_is_module(line, harmless[i]))
			return true;
	}
	/* "close": at the opening it does nothing */
	return nsu_doctor_is_module(line, "pam_selinux.so") && strstr(line->arguments, "close");
}

/* Return: whether a file has a line that is not blank and no comment. */
static bool has_line(const char *path)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	auto_free char *text = NULL;

	if (nsu_reader_text(path, FILE_MAX, &text, &ignored) < 0)
		return false;
	for (char *next = text, *line; (line = strsep(&next, "\n"));) {
		line += strspn(line, " \t\r");
		if (*line && *line != '#')
			return true;
	}
	return false;
}

static bool has_limits(void)
{
	bool has = has_line(LIMITS_FILE);
	glob_t found;

	if (nsu_reader_list(LIMITS_DIR "/*.conf", &found) < 0)
		return has;
	for (size_t i = 0; i < found.gl_pathc; i++)
		has = has || has_line(found.gl_pathv[i]);
	globfree(&found);
	return has;
}

/* In a user namespace of its own the caller has no CAP_SYS_RESOURCE on the host: pam_limits logs that it could not, and goes on. */
static void examine_limits(struct nsu_doctor *doctor, const char *at, const char *place, const char *remedy)
{
	if ((doctor->survey.namespaces & CLONE_NEWUSER) && has_limits())
		nsu_doctor_find(
			doctor, NSU_DOCTOR_NOTE, at, remedy,
			"pam_limits.so stands behind pam_nsunshare (%s): in the namespace \"user\" it can lower "
			"limits, but raise none",
			place);
}

/* What to do about a line that stands behind ours. Where ours is in a file that others include, it can't be moved behind theirs. */
static void write_remedy(const struct nsu_doctor_use *use, const struct nsu_stack_line *line, char *buffer, size_t cap)
{
	const struct nsu_stack_line *ours = use->line;

	if (strcmp(ours->file, use->service->file) != 0 && strcmp(ours->file, line->file) != 0)
		snprintf(
			buffer, cap,
			"take pam_nsunshare out of %s, and put its line at the end of %s and the others that include it",
			ours->file, use->service->file);
	else
		snprintf(buffer, cap, "move the line %s:%u to the end of the session part", ours->file, ours->line);
}

static void examine_behind(struct nsu_doctor *doctor, const struct nsu_stack_line *line,
                           const struct nsu_doctor_use *use)
{
	char at[NSU_DOCTOR_AT_MAX], place[NSU_DOCTOR_AT_MAX], remedy[2 * NSU_DOCTOR_AT_MAX];
	const char *slash = strrchr(line->module, '/');
	const char *name = slash ? slash + 1 : line->module;

	if (line->type != NSU_STACK_SESSION || is_harmless(line))
		return;
	nsu_doctor_at(line, at, sizeof(at));
	nsu_doctor_at(use->line, place, sizeof(place));
	write_remedy(use, line, remedy, sizeof(remedy));
	if (nsu_doctor_is_module(line, "pam_limits.so")) {
		examine_limits(doctor, at, place, remedy);
		return;
	}
	for (size_t i = 0; i < NSU_COUNT(before); i++) {
		if (!nsu_doctor_is_module(line, before[i].module))
			continue;
		if (before[i].only_with && access(before[i].only_with, F_OK) < 0)
			return;
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, remedy, "%s stands behind pam_nsunshare (%s): %s", name,
		                place, before[i].why);
		return;
	}
	nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, at, remedy,
	                "%s stands behind pam_nsunshare (%s): it works on the session's files, and has no /proc/self",
	                name, place);
}

static bool is_first(const struct nsu_doctor *doctor, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (doctor->uses[i].service == doctor->uses[index].service &&
		    doctor->uses[i].line->type == NSU_STACK_SESSION)
			return false;
	}
	return doctor->uses[index].line->type == NSU_STACK_SESSION;
}

static void examine_stack(struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	const struct nsu_stack *stack = &use->service->stack;
	size_t index = (size_t)(use->line - stack->lines);
	char at[NSU_DOCTOR_AT_MAX];

	for (size_t i = 0; i < index; i++) {
		const struct nsu_stack_line *line = &stack->lines[i];

		if (line->type == NSU_STACK_SESSION && nsu_doctor_is_module(line, "pam_namespace.so"))
			nsu_doctor_find(
				doctor, NSU_DOCTOR_WARNING, nsu_doctor_at(line, at, sizeof(at)),
				"take it away: private directories are mounts of the type instance or tmpfs in the policy",
				"pam_namespace and pam_nsunshare both change the mounts of the sessions of '%s'",
				use->service->name);
	}
	for (size_t i = index + 1; i < stack->n_lines; i++)
		examine_behind(doctor, &stack->lines[i], use);
}

void nsu_doctor_order(struct nsu_doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_uses; i++) {
		const struct nsu_doctor_use *use = &doctor->uses[i];
		bool is_left_alone = strcmp(use->service->name, NSU_DOCTOR_USER_MANAGER) == 0 &&
		                     use->answer == NSU_SURVEY_LEFT_ALONE;

		if (is_first(doctor, i) && !is_left_alone)
			examine_stack(doctor, use);
	}
}
