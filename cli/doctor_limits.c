/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's settings, and its controllers of cgroup v2. */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "doctor.h"
#include "ns.h"

#define FEW_NAMESPACES 512
#define FEW_PIDS       4096

static const struct {
	const char *sysctl; /* user.max_..._namespaces */
	unsigned flag;
} limits[] = {
	{"mnt", CLONE_NEWNS},        {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS},   {"pid", CLONE_NEWPID},
	{"cgroup", CLONE_NEWCGROUP}, {"net", CLONE_NEWNET}, {"time", CLONE_NEWTIME}, {"user", CLONE_NEWUSER},
};

static void examine_namespaces(struct nsu_doctor *doctor, const char *name)
{
	char path[64], place[48], remedy[128];
	unsigned long long max;

	snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", name);
	snprintf(place, sizeof(place), "user.max_%s_namespaces", name);
	snprintf(remedy, sizeof(remedy), "sysctl %s=10000, and the same in /etc/sysctl.d", place);
	if (nsu_doctor_number(path, &max) < 0 || max >= FEW_NAMESPACES)
		return;
	if (max == 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, place, remedy,
		                "it is 0: every session that the policy gives this namespace is refused");
	else
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, place, remedy,
		                "it is %llu: all sessions together can not be more, the next ones are refused", max);
}

void nsu_doctor_sysctls(struct nsu_doctor *doctor)
{
	unsigned long long number;

	for (size_t i = 0; i < NSU_COUNT(limits); i++) {
		if (doctor->survey.namespaces & limits[i].flag)
			examine_namespaces(doctor, limits[i].sysctl);
	}
	if (nsu_doctor_number("/proc/sys/dev/tty/legacy_tiocsti", &number) == 0 && number != 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, "dev.tty.legacy_tiocsti",
		                "sysctl dev.tty.legacy_tiocsti=0, and the same in /etc/sysctl.d",
		                "it is %llu: a session can type on the terminal that su or sudo has handed to it",
		                number);
	if (nsu_doctor_number("/proc/sys/kernel/pid_max", &number) == 0 && number < FEW_PIDS)
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, "kernel.pid_max",
		                "sysctl kernel.pid_max=32768 or more, and the same in /etc/sysctl.d",
		                "it is %llu: so many processes are there for the host and all sessions together",
		                number);
}

/* Does a list of words, with blanks between, have one? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len) {
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\n' || at[len] == '\0'))
			return true;
	}
	return false;
}

void nsu_doctor_cgroups(struct nsu_doctor *doctor)
{
	const struct {
		const char *controller;
		bool is_needed;
	} wanted[] = {
		{"memory", doctor->survey.has_memory},
		{"pids", doctor->survey.has_tasks},
		{"cpu", doctor->survey.has_cpu},
	};
	struct nsu_fail fail = NSU_FAIL_INIT;
	auto_close int dirfd = -1;
	auto_close int fd = -1;
	char list[512];
	ssize_t len;

	if (!doctor->survey.has_memory && !doctor->survey.has_tasks && !doctor->survey.has_cpu)
		return;
	if (nsu_cgroup_open_mount(&dirfd, &fail) < 0) {
		nsu_doctor_find(
			doctor, NSU_DOCTOR_ERROR, "cgroup",
			"boot with systemd.unified_cgroup_hierarchy=1, or take limits out of the policy",
			"the policy has limits, and there is no cgroup v2 on /sys/fs/cgroup: such sessions are refused");
		return;
	}
	fd = openat(dirfd, "cgroup.controllers", O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, list, sizeof(list) - 1);
	list[len < 0 ? 0 : len] = '\0';
	for (size_t i = 0; i < NSU_COUNT(wanted); i++) {
		if (wanted[i].is_needed && !has_word(list, wanted[i].controller))
			nsu_doctor_find(
				doctor, NSU_DOCTOR_ERROR, "cgroup",
				"boot a kernel that has it, not taken by cgroup v1, or take the limit out of the policy",
				"the policy limits by the controller '%s', which cgroup v2 does not have here: such "
				"sessions are refused",
				wanted[i].controller);
	}
}
