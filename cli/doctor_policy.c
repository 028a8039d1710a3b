/* SPDX-License-Identifier: BSD-3-Clause */
/* The policy: what nsunshare check says of it, in one line, and whether those that lines of /etc/pam.d name are there. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "defaults.h"
#include "doctor.h"
#include "proc.h"
#include "reader.h"

#define CHECK_MS 10000 /* nsunshare check may take so long */

struct tally {
	unsigned n_errors;
	unsigned n_warnings;
};

static void count(void *data, enum nsu_policy_severity severity, const char *text)
{
	struct tally *tally = data;

	(void)text;
	if (severity == NSU_POLICY_ERROR)
		tally->n_errors++;
	else
		tally->n_warnings++;
}

/* In a child that is not waited for without end: name services are asked, and places of the policy are looked at. */
static void count_in_child(const char *path, int fd)
{
	struct tally tally = {0, 0};

	if (nsu_policy_examine(path, count, &tally) == 0 && write(fd, &tally, sizeof(tally)) == sizeof(tally))
		_exit(0);
	_exit(1);
}

/* Return: 0; -ETIMEDOUT; -errno. */
static int count_findings(const char *path, struct tally *ret_tally)
{
	auto_close int reader_fd = -1;
	auto_close int writer_fd = -1;
	struct tally tally;
	int ends[2];
	pid_t pid;
	int ret;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader_fd = ends[0];
	writer_fd = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		count_in_child(path, writer_fd);
	nsu_close_fd(&writer_fd);
	ret = nsu_proc_await(reader_fd, nsu_proc_now_ms() + CHECK_MS);
	if (ret == 0 && read(reader_fd, &tally, sizeof(tally)) == sizeof(tally))
		*ret_tally = tally;
	else if (ret == 0)
		ret = -ENOMEM;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, ret < 0 ? WNOHANG : 0); /* one that hangs in the kernel is left behind */
	return ret;
}

static bool is_automounted(const char *path)
{
	auto_close int fd = -1;

	return nsu_reader_open(path, &fd) == -EREMOTE;
}

static bool is_missing(const char *path)
{
	return !is_automounted(path) && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static const char *conf_of(const struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	return use->arguments.conf ? use->arguments.conf : doctor->conf;
}

static void examine_file(struct nsu_doctor *doctor, const char *path)
{
	struct tally tally = {0, 0};
	char remedy[NSU_PATH_MAX + 64];
	int ret;

	if (is_missing(path))
		return;
	if (is_automounted(path)) {
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, path, "move the policy to a place that is always there",
		                "it lies where an automounter would have to mount something");
		return;
	}
	ret = count_findings(path, &tally);
	snprintf(remedy, sizeof(remedy), "run: nsunshare check%s%s", strcmp(path, NSU_CONF_FILE) == 0 ? "" : " --conf ",
	         strcmp(path, NSU_CONF_FILE) == 0 ? "" : path);
	if (ret == -ETIMEDOUT)
		nsu_doctor_find(
			doctor, NSU_DOCTOR_WARNING, path, remedy,
			"to check the policy takes more than %d seconds: a name service or a place that it names does "
			"not answer, and logins wait for it",
			CHECK_MS / 1000);
	else if (ret < 0)
		doctor->lacks_memory = true;
	if (tally.n_errors > 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, path, remedy,
		                "the policy has %u error%s, for which logins are refused, and %u warning%s",
		                tally.n_errors, tally.n_errors == 1 ? "" : "s", tally.n_warnings,
		                tally.n_warnings == 1 ? "" : "s");
	else if (tally.n_warnings > 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, path, remedy, "the policy has %u warning%s",
		                tally.n_warnings, tally.n_warnings == 1 ? "" : "s");
}

static bool has_session(const struct nsu_doctor_use *use)
{
	return use->wrong.err == 0 && use->line->type == NSU_STACK_SESSION;
}

/* Said once for each policy that is missing, with the first of the lines. */
static bool is_told(const struct nsu_doctor *doctor, size_t index)
{
	const struct nsu_doctor_use *use = &doctor->uses[index];

	for (size_t i = 0; i < index; i++) {
		const struct nsu_doctor_use *before = &doctor->uses[i];

		if (has_session(before) && strcmp(conf_of(doctor, before), conf_of(doctor, use)) == 0 &&
		    !before->arguments.profile == !use->arguments.profile)
			return true;
	}
	return false;
}

static void examine_missing(struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	const char *conf = conf_of(doctor, use);
	char at[NSU_PATH_MAX + 16];

	nsu_doctor_at(use->line, at, sizeof(at));
	if (!use->arguments.profile)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, conf,
		                "write it, see nsunshare.conf(5), or give the line profile=default",
		                "there is no such policy: every login by %s is refused", at);
	else if (use->arguments.conf)
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, conf, "write it, or take conf= out of the line",
		                "there is no such policy: profile=%s of %s serves alone", use->arguments.profile, at);
}

/* A policy that has mistakes is not known; one of another file is not asked. */
static void examine_profile(struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	struct nsu_survey ignored = {0};
	char at[NSU_PATH_MAX + 16];

	if (!use->arguments.profile || use->arguments.conf || (!doctor->policy && !is_missing(doctor->conf)))
		return;
	if (nsu_survey_profile(doctor->policy, use->arguments.profile, &ignored) == -ENOENT)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, nsu_doctor_at(use->line, at, sizeof(at)),
		                "correct profile=, or define the profile in the policy",
		                "there is no profile '%s': logins that no rule matches are refused",
		                use->arguments.profile);
}

void nsu_doctor_policy(struct nsu_doctor *doctor)
{
	if (doctor->n_uses == 0 && is_missing(doctor->conf))
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, doctor->conf, "write one, see nsunshare.conf(5)",
		                "there is no policy");
	examine_file(doctor, doctor->conf);
	for (size_t i = 0; i < doctor->n_uses; i++) {
		const struct nsu_doctor_use *use = &doctor->uses[i];
		const char *conf = conf_of(doctor, use);

		if (!has_session(use))
			continue;
		if (strcmp(conf, doctor->conf) != 0)
			examine_file(doctor, conf);
		if (is_missing(conf) && !is_told(doctor, i))
			examine_missing(doctor, use);
		examine_profile(doctor, use);
	}
}

/* The policy of another file than the main one, and the profile that a line names. */
static int survey_use(struct nsu_doctor *doctor, struct nsu_doctor_use *use)
{
	bool is_other = use->arguments.conf && strcmp(use->arguments.conf, doctor->conf) != 0;
	struct nsu_policy *policy = is_other ? NULL : doctor->policy;
	struct nsu_fail ignored = NSU_FAIL_INIT;
	int ret = 0;

	if (use->wrong.err != 0)
		return 0;
	if (is_other && is_automounted(use->arguments.conf))
		return 0;
	if (is_other)
		ret = nsu_policy_load(use->arguments.conf, &policy, &ignored);
	use->answer = nsu_survey_service(policy, use->service->name, use->arguments.profile);
	if (ret == 0 && is_other)
		ret = nsu_survey_policy(policy, &doctor->survey);
	if (ret != -ENOMEM && use->arguments.profile)
		ret = nsu_survey_profile(policy, use->arguments.profile, &doctor->survey);
	if (is_other)
		nsu_policy_free(policy);
	return ret == -ENOMEM ? ret : 0;
}

int nsu_doctor_read_policies(struct nsu_doctor *doctor, struct nsu_fail *fail)
{
	struct nsu_fail ignored = NSU_FAIL_INIT;
	int ret;

	ret = is_automounted(doctor->conf) ? -EREMOTE : nsu_policy_load(doctor->conf, &doctor->policy, &ignored);
	if (ret == 0)
		ret = nsu_survey_policy(doctor->policy, &doctor->survey);
	for (size_t i = 0; ret != -ENOMEM && i < doctor->n_uses; i++)
		ret = survey_use(doctor, &doctor->uses[i]);
	return ret == -ENOMEM ? nsu_fail(fail, ENOMEM, "read the policy") : 0;
}
