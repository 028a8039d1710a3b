/* SPDX-License-Identifier: BSD-3-Clause */
/* What `make install` has put on the host, and the directories that sessions use. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "defaults.h"
#include "doctor.h"
#include "fsat.h"
#include "reader.h"

#define INSTALL "install pam_nsunshare again (make install, or the package)"

static bool wants_limits(const struct nsu_survey *survey)
{
	return survey->has_memory || survey->has_tasks || survey->has_cpu;
}

/* Return: whether a file says that it is of another version than this program: then *version is that. */
static bool is_other_version(int path_fd, char *version, size_t cap)
{
	static const char mark[] = NSU_VERSION_MARK;
	bool is_other = false;
	auto_close int fd = -1;
	const char *found;
	struct stat st;
	char name[64];
	char *bytes;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", path_fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return false;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	found = memmem(bytes, (size_t)st.st_size, mark, strlen(mark));
	if (found && memchr(found, '\0', (size_t)(bytes + st.st_size - found))) {
		snprintf(version, cap, "%s", found + strlen(mark));
		is_other = strcmp(version, NSU_VERSION) != 0;
	}
	munmap(bytes, (size_t)st.st_size);
	return is_other;
}

static void examine_version(struct nsu_doctor *doctor, const char *path, int path_fd)
{
	char version[32];

	if (is_other_version(path_fd, version, sizeof(version)))
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, path, INSTALL ", all of it",
		                "it is of version %s, and this program of " NSU_VERSION ": they do not work together",
		                version);
}

static void examine_program(struct nsu_doctor *doctor, const char *path, bool is_needed)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];
	auto_close int fd = -1;
	char dir[NSU_PATH_MAX];
	struct statvfs fs;

	if (nsu_fsat_open_trusted(path, NSU_FSAT_EXEC, &fd, &fail) < 0) {
		nsu_doctor_find(doctor, is_needed ? NSU_DOCTOR_ERROR : NSU_DOCTOR_WARNING, path, INSTALL,
		                "sessions that need it %s refused: %s", is_needed ? "are" : "would be",
		                nsu_fail_line(&fail, line, sizeof(line)));
		return;
	}
	examine_version(doctor, path, fd);
	if (fstatvfs(fd, &fs) != 0 || !(fs.f_flag & ST_NOEXEC))
		return;
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path); /* said once of all */
	nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, dir, "mount it without noexec, or install the programs elsewhere",
	                "it is mounted noexec: the programs in it can not be started, and sessions are refused");
}

/* Trusted as the other programs are, behind the symbolic links that libpam follows. */
static void examine_module(struct nsu_doctor *doctor, const char *path, bool is_used)
{
	enum nsu_doctor_severity severity = is_used ? NSU_DOCTOR_ERROR : NSU_DOCTOR_WARNING;
	struct nsu_fail fail = NSU_FAIL_INIT;
	char line[NSU_FAIL_TEXT_MAX + 128];
	char name[64], resolved[PATH_MAX];
	auto_close int trusted_fd = -1;
	auto_close int fd = -1;
	ssize_t len;
	int ret;

	ret = nsu_reader_open(path, &fd);
	if (ret < 0) {
		nsu_doctor_find(doctor, severity, path, INSTALL ", or correct the path in /etc/pam.d",
		                "there is no such module%s: %s", is_used ? ": PAM refuses what requires it" : "",
		                ret == -EREMOTE ? "an automounter would have to mount its place" : strerror(-ret));
		return;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = readlink(name, resolved, sizeof(resolved) - 1);
	if (len < 0)
		return;
	resolved[len] = '\0';
	if (nsu_fsat_open_trusted(resolved, NSU_FSAT_READ, &trusted_fd, &fail) < 0)
		nsu_doctor_find(doctor, severity, path,
		                "make it and the directories above it root's, and writable by root only",
		                "not only root can have written it: %s", nsu_fail_line(&fail, line, sizeof(line)));
	else
		examine_version(doctor, path, trusted_fd);
}

/*
 * Where libpam looks for modules is known to it alone: it is where Linux-PAM's own are. First where this build installs to,
 * which `make install` may have been told otherwise.
 */
static const char *pam_dir(void)
{
	static const char *const dirs[] = {NSU_PAM_DIR, "/usr/lib/" NSU_MULTIARCH "/security", "/usr/lib64/security",
	                                   "/usr/lib/security"};

	for (size_t i = 0; i < NSU_COUNT(dirs); i++) {
		char path[NSU_PATH_MAX];

		snprintf(path, sizeof(path), "%s/pam_permit.so", dirs[i]);
		if (access(path, F_OK) == 0)
			return dirs[i];
	}
	return NSU_PAM_DIR;
}

void nsu_doctor_programs(struct nsu_doctor *doctor)
{
	bool uses_default = false;
	char path[NSU_PATH_MAX];

	examine_program(doctor, NSU_HELPER_FILE, true);
	examine_program(doctor, NSU_NET_FILE, doctor->survey.namespaces & CLONE_NEWNET);
	examine_program(doctor, NSU_LIMITS_FILE, wants_limits(&doctor->survey));
	for (size_t i = 0; i < doctor->n_uses; i++) {
		const char *module = doctor->uses[i].line->module;

		if (module[0] == '/')
			examine_module(doctor, module, true);
		else
			uses_default = true;
	}
	snprintf(path, sizeof(path), "%s/" NSU_DOCTOR_MODULE, pam_dir());
	if (uses_default || doctor->n_uses == 0)
		examine_module(doctor, path, uses_default);
}

void nsu_doctor_directories(struct nsu_doctor *doctor)
{
	static const char *const dirs[] = {NSU_RUN_DIR, NSU_STATE_DIR, NSU_INSTANCE_DIR, NSU_THROW_AWAY_DIR};

	for (size_t i = 0; i < NSU_COUNT(dirs); i++) {
		char remedy[160];
		struct stat st;

		if (fstatat(AT_FDCWD, dirs[i], &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			continue; /* made when it is needed */
		snprintf(remedy, sizeof(remedy), "look how it came there, then: chown root:root %s; chmod 0700 %s",
		         dirs[i], dirs[i]);
		if (!S_ISDIR(st.st_mode))
			nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, dirs[i], "take it away: it is made when it is needed",
			                "it is no directory: sessions are refused");
		else if (st.st_uid != 0 || (st.st_mode & 077))
			nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, dirs[i], remedy,
			                "it is not root's alone (0700), but uid %u's with mode %04o",
			                (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	}
}
