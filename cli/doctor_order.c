/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands behind our module in a stack, where the opener sees the session's files and has no /proc/self any more. */
#include <stdio.h>
#include <string.h>

#include "defaults.h"
#include "doctor.h"

#define HAS_NO_SELF "which the caller has no more"

/* Modules that must come before. All others should. */
static const struct {
	const char *module;
	const char *why;
} before[] = {
	{"pam_loginuid.so", "it writes /proc/self/loginuid, " HAS_NO_SELF},
	{"pam_selinux.so", "it writes /proc/self/attr, " HAS_NO_SELF},
	{"pam_apparmor.so", "it writes /proc/self/attr, " HAS_NO_SELF},
	{"pam_systemd.so", "logind knows the caller by its pid, and makes /run/user/UID, too late for the session"},
	{"pam_elogind.so", "elogind knows the caller by its pid, and makes /run/user/UID, too late for the session"},
	{"pam_systemd_home.so", "it mounts the home on the host, too late for the session"},
	{"pam_cgroup.so", "it moves the caller by its pid, and out of the session's cgroup"},
	{"pam_cgfs.so", "it moves the caller by its pid, and out of the session's cgroup"},
	{"pam_namespace.so", "it makes a mount namespace of its own out of the session's"},
	{"pam_mount.so", "it mounts where only the session sees it, and can not unmount it at the end"},
	{"pam_mkhomedir.so", "the home must be there before the session is made"},
	{"pam_oddjob_mkhomedir.so", "the home must be there before the session is made"},
};

/* These look at nothing. */
static const char *const harmless[] = {"pam_permit.so", "pam_deny.so", NSU_DOCTOR_MODULE};

static bool is_harmless(const struct nsu_stack_line *line)
{
	for (size_t i = 0; i < NSU_COUNT(harmless); i++) {
		if (nsu_doctor_is_module(line, harmless[i]))
			return true;
	}
	/* "close": at the opening it does nothing */
	return nsu_doctor_is_module(line, "pam_selinux.so") && strstr(line->arguments, "close");
}

static void examine_behind(struct nsu_doctor *doctor, const struct nsu_stack_line *line,
                           const struct nsu_stack_line *ours)
{
	char at[NSU_PATH_MAX + 16], place[NSU_PATH_MAX + 16], remedy[NSU_PATH_MAX + 64];
	const char *slash = strrchr(line->module, '/');
	const char *name = slash ? slash + 1 : line->module;

	if (line->type != NSU_STACK_SESSION || is_harmless(line))
		return;
	nsu_doctor_at(line, at, sizeof(at));
	nsu_doctor_at(ours, place, sizeof(place));
	snprintf(remedy, sizeof(remedy), "move the line %s to the end of the session part", place);
	for (size_t i = 0; i < NSU_COUNT(before); i++) {
		if (!nsu_doctor_is_module(line, before[i].module))
			continue;
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, remedy, "%s stands behind pam_nsunshare (%s): %s", name,
		                place, before[i].why);
		return;
	}
	if (nsu_doctor_is_module(line, "pam_limits.so"))
		nsu_doctor_find(
			doctor, NSU_DOCTOR_WARNING, at, remedy,
			"%s stands behind pam_nsunshare (%s): its defaults are those of /proc/1, which is the session's",
			name, place);
	else
		nsu_doctor_find(
			doctor, NSU_DOCTOR_WARNING, at, remedy,
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
	char at[NSU_PATH_MAX + 16];

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
		examine_behind(doctor, &stack->lines[i], use->line);
}

void nsu_doctor_order(struct nsu_doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_uses; i++) {
		if (is_first(doctor, i))
			examine_stack(doctor, &doctor->uses[i]);
	}
}
