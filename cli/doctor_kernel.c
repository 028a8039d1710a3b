/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel: is it new enough, has it what the policy asks for, does it lack fixes that matter here? */
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include "doctor.h"
#include "ns.h"
#include "proc.h"

#define PLACE "kernel"

struct version {
	unsigned long major, minor, patch;
};

static const struct version floor_version = {5, 14, 0};
static const struct version time_version = {6, 1, 0};

/* Kernels from the one to the other lack a fix; as the kernel's own CVE record has them. */
static const struct {
	struct version first, fixed;
	const char *name;
	const char *what;
} fixes[] = {
#define MASKS "CVE-2025-38499", "an overlayfs in a user namespace of a user's own may show what a mount hides"
	{{5, 14, 0}, {5, 15, 190}, MASKS}, {{5, 16, 0}, {6, 1, 147}, MASKS}, {{6, 2, 0}, {6, 6, 100}, MASKS},
	{{6, 7, 0}, {6, 12, 40}, MASKS},   {{6, 13, 0}, {6, 15, 3}, MASKS},
};

static int compare(const struct version *a, const struct version *b)
{
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	return a->patch == b->patch ? 0 : a->patch < b->patch ? -1 : 1;
}

/* "6.1.0-40-amd64": numbers joined by dots, at least two. */
static bool read_version(const char *text, struct version *ret_version)
{
	unsigned long numbers[3] = {0, 0, 0};
	size_t n = 0;

	while (n < NSU_COUNT(numbers) && *text >= '0' && *text <= '9') {
		char *end;

		numbers[n++] = strtoul(text, &end, 10);
		text = *end == '.' ? end + 1 : "";
	}
	if (n < 2)
		return false;
	*ret_version = (struct version){numbers[0], numbers[1], numbers[2]};
	return true;
}

/* Debian has the version that it is built from in the other field: "6.1.0-40-amd64", "#1 SMP ... Debian 6.1.153-1". */
static bool find_version(const struct utsname *uts, struct version *ret_version)
{
	const char *debian = strstr(uts->version, "Debian ");

	if (debian && read_version(debian + strlen("Debian "), ret_version))
		return true;
	return read_version(uts->release, ret_version);
}

static void examine_fixes(struct nsu_doctor *doctor, const struct version *version)
{
	unsigned long long max = 1;

	/* without user namespaces of their own users do not get there */
	if (nsu_doctor_number("/proc/sys/user/max_user_namespaces", &max) == 0 && max == 0)
		return;
	for (size_t i = 0; i < NSU_COUNT(fixes); i++) {
		if (compare(version, &fixes[i].first) < 0 || compare(version, &fixes[i].fixed) >= 0)
			continue;
		nsu_doctor_find(
			doctor, NSU_DOCTOR_NOTE, PLACE,
			"update it, unless your distribution has put the fix into this version (its changelog says so)",
			"Linux %lu.%lu.%lu is older than %lu.%lu.%lu, which fixes %s: %s", version->major,
			version->minor, version->patch, fixes[i].fixed.major, fixes[i].fixed.minor,
			fixes[i].fixed.patch, fixes[i].name, fixes[i].what);
	}
}

static void examine_version(struct nsu_doctor *doctor)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct version version;
	struct utsname uts;

	if (uname(&uts) < 0 || !find_version(&uts, &version))
		return;
	if (compare(&version, &floor_version) < 0 || nsu_proc_check_kernel(&fail) < 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, PLACE, "boot Linux 5.14 or newer",
		                "Linux %s is older than 5.14: every session is refused", uts.release);
	if ((doctor->survey.namespaces & CLONE_NEWTIME) && compare(&version, &time_version) < 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, PLACE,
		                "boot Linux 6.1 or newer, or take \"time\" out of the policy",
		                "Linux %s is older than 6.1, which the namespace \"time\" needs", uts.release);
	examine_fixes(doctor, &version);
}

static void examine_kinds(struct nsu_doctor *doctor)
{
	for (size_t i = 0; i < NSU_NS_KINDS; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", nsu_ns_kinds[i].file);
		if ((doctor->survey.namespaces & nsu_ns_kinds[i].flag) && access(path, F_OK) < 0)
			nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, PLACE,
			                "boot a kernel that has it, or take it out of the policy's namespaces",
			                "this kernel has no namespace \"%s\", which the policy asks for",
			                nsu_ns_kinds[i].name);
	}
}

/* Asked for a filter that lies nowhere, a kernel that has filters says EFAULT. */
static bool has_seccomp(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == 0 || errno != EINVAL;
}

void nsu_doctor_kernel(struct nsu_doctor *doctor)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];

	examine_version(doctor);
	examine_kinds(doctor);
	if (!has_seccomp())
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, PLACE, "boot a kernel with CONFIG_SECCOMP_FILTER",
		                "it has no filters of system calls, which process 1 of each session needs");
	if (nsu_proc_check_opener(&fail) < 0)
		nsu_doctor_find(
			doctor, NSU_DOCTOR_ERROR, PLACE,
			"use the module on a host, or in a container that is root of the host and has CAP_SYS_ADMIN",
			"where this runs every session is refused: %s", nsu_fail_line(&fail, line, sizeof(line)));
}
