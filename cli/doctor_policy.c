/* SPDX-License-Identifier: BSD-3-Clause */
/* The policy: what nsunshare check says of it, in one line, and whether those that lines of /etc/pam.d name are there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "defaults.h"
#include "doctor.h"

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

static bool is_missing(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static const char *conf_of(const struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	return use->arguments.conf ? use->arguments.conf : doctor->conf;
}

static void examine_file(struct nsu_doctor *doctor, const char *path)
{
	struct tally tally = {0, 0};
	char remedy[NSU_PATH_MAX + 64];

	if (is_missing(path))
		return;
	if (nsu_policy_examine(path, count, &tally) < 0)
		doctor->lacks_memory = true;
	snprintf(remedy, sizeof(remedy), "run: nsunshare check%s%s", strcmp(path, NSU_CONF_FILE) == 0 ? "" : " --conf ",
	         strcmp(path, NSU_CONF_FILE) == 0 ? "" : path);
	if (tally.n_errors > 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, path, remedy,
		                "the policy has %u error%s, for which logins are refused, and %u warning%s",
		                tally.n_errors, tally.n_errors == 1 ? "" : "s", tally.n_warnings,
		                tally.n_warnings == 1 ? "" : "s");
	else if (tally.n_warnings > 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, path, remedy, "the policy has %u warning%s",
		                tally.n_warnings, tally.n_warnings == 1 ? "" : "s");
}

/* What the arguments of a line name. */
static void examine_use(struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	const char *conf = conf_of(doctor, use);
	struct nsu_survey ignored = {0};
	char at[NSU_PATH_MAX + 16];

	if (use->wrong.err != 0 || use->line->type != NSU_STACK_SESSION)
		return;
	nsu_doctor_at(use->line, at, sizeof(at));
	if (is_missing(conf) && !use->arguments.profile)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at,
		                "write the policy, see nsunshare.conf(5), or give the line profile=default",
		                "there is no policy '%s': every login by this line is refused", conf);
	else if (is_missing(conf) && use->arguments.conf)
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, at, "write the policy, or take conf= away",
		                "there is no policy '%s': profile=%s serves alone", conf, use->arguments.profile);
	/* a policy of which there are mistakes is not known; one of another file is not asked */
	if (use->arguments.profile && !use->arguments.conf && (doctor->policy || is_missing(conf)) &&
	    nsu_survey_profile(doctor->policy, use->arguments.profile, &ignored) == -ENOENT)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, "correct profile=, or define the profile in the policy",
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
		bool is_other = doctor->uses[i].arguments.conf && doctor->uses[i].wrong.err == 0 &&
		                strcmp(doctor->uses[i].arguments.conf, doctor->conf) != 0;

		if (is_other)
			examine_file(doctor, doctor->uses[i].arguments.conf);
		examine_use(doctor, &doctor->uses[i]);
	}
}

/* The policy of another file than the main one, and the profile that a line names. */
static int survey_use(struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	bool is_other = use->arguments.conf && strcmp(use->arguments.conf, doctor->conf) != 0;
	struct nsu_policy *policy = is_other ? NULL : doctor->policy;
	struct nsu_fail ignored = NSU_FAIL_INIT;
	int ret = 0;

	if (use->wrong.err != 0)
		return 0;
	if (is_other)
		ret = nsu_policy_load(use->arguments.conf, &policy, &ignored);
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

	ret = nsu_policy_load(doctor->conf, &doctor->policy, &ignored);
	if (ret == 0)
		ret = nsu_survey_policy(doctor->policy, &doctor->survey);
	for (size_t i = 0; ret != -ENOMEM && i < doctor->n_uses; i++)
		ret = survey_use(doctor, &doctor->uses[i]);
	return ret == -ENOMEM ? nsu_fail(fail, ENOMEM, "read the policy") : 0;
}
