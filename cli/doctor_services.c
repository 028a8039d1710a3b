/* SPDX-License-Identifier: BSD-3-Clause */
/* The services of /etc/pam.d: which have our module, which should, which must not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "defaults.h"
#include "doctor.h"

#define SERVICES_MAX 512
#define PROFILE      "/usr/share/pam-configs/nsunshare" /* of Debian's package */
#define UNNAME       "take " NSU_DOCTOR_USER_MANAGER " out of the rule: it is left alone then"

/* As libpam has them, without a vendor's own. */
static const char *const pam_dirs[] = {"/etc/pam.d", "/usr/lib/pam.d", NULL};

/* Through which people, or what they leave to be done, come in. */
static const char *const doors[] = {"sshd", "login", "remote", "su",     "su-l",    "sudo",       "sudo-i",
                                    "cron", "crond", "atd",    "vsftpd", "cockpit", "xrdp-sesman"};

/* These, and all that begin so, have threads when they open a session. */
static const char *const threaded[] = {"gdm", "lightdm", "sddm", "xdm", "lxdm"};

/* What editors and package managers leave beside a file is no service. */
static bool is_left_over(const char *name)
{
	static const char *const endings[] = {"~",         ".bak",      ".orig",     ".old",       ".save", ".rpmnew",
	                                      ".rpmsave",  ".rpmorig",  ".pacnew",   ".dpkg-dist", ".swp",  ".dpkg-old",
	                                      ".dpkg-new", ".dpkg-bak", ".ucf-dist", ".pam-old"};
	size_t len = strlen(name);

	for (size_t i = 0; i < NSU_COUNT(endings); i++) {
		size_t ending_len = strlen(endings[i]);

		if (len > ending_len && strcmp(name + len - ending_len, endings[i]) == 0)
			return true;
	}
	return name[0] == '.';
}

static bool has_service(const struct nsu_doctor *doctor, const char *name)
{
	for (size_t i = 0; i < doctor->n_services; i++) {
		if (strcmp(doctor->services[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool is_door(const char *name)
{
	for (size_t i = 0; i < NSU_COUNT(doors); i++) {
		if (strcmp(doors[i], name) == 0)
			return true;
	}
	return false;
}

static int add_service(struct nsu_doctor *doctor, const char *dir, const char *name)
{
	struct nsu_doctor_service *service;

	if (is_left_over(name) || has_service(doctor, name))
		return 0;
	if (doctor->n_services == SERVICES_MAX) {
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, dir, "take away what is not needed",
		                "there are more than %d files: the others are not examined", SERVICES_MAX);
		return 0;
	}
	service = nsu_cli_grow(&doctor->services, &doctor->n_services, sizeof(*service));
	if (!service)
		return -ENOMEM;
	service->name = strdup(name);
	if (!service->name || asprintf(&service->file, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	return nsu_stack_read(pam_dirs, name, &service->stack) == -ENOMEM ? -ENOMEM : 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_directory(struct nsu_doctor *doctor, const char *dir)
{
	struct dirent **names;
	int n = scandirat(AT_FDCWD, dir, &names, NULL, compare_names);
	int ret = 0;

	if (n < 0)
		return errno == ENOMEM ? -ENOMEM : 0;
	for (int i = 0; i < n; i++) {
		if (ret == 0)
			ret = add_service(doctor, dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return ret;
}

static int split_arguments(struct nsu_doctor_use *use)
{
	const char *words[64];
	char *rest;
	int n = 0;

	use->words = strdup(use->line->arguments);
	if (!use->words)
		return -ENOMEM;
	rest = use->words;
	while (n < (int)NSU_COUNT(words) && (words[n] = nsu_stack_word(&rest, NULL)))
		n++;
	(void)!nsu_arguments_parse(n, words, &use->arguments, &use->wrong); /* kept, and told later */
	return 0;
}

static int find_uses(struct nsu_doctor *doctor, const struct nsu_doctor_service *service)
{
	for (size_t i = 0; i < service->stack.n_lines; i++) {
		const struct nsu_stack_line *line = &service->stack.lines[i];
		struct nsu_doctor_use *use;

		if (!nsu_doctor_is_module(line, NSU_DOCTOR_MODULE))
			continue;
		use = nsu_cli_grow(&doctor->uses, &doctor->n_uses, sizeof(*use));
		if (!use)
			return -ENOMEM;
		use->service = service;
		use->line = line;
		if (split_arguments(use) < 0)
			return -ENOMEM;
	}
	return 0;
}

int nsu_doctor_read_services(struct nsu_doctor *doctor, struct nsu_fail *fail)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && pam_dirs[i]; i++)
		ret = add_directory(doctor, pam_dirs[i]);
	for (size_t i = 0; ret == 0 && i < doctor->n_services; i++)
		ret = find_uses(doctor, &doctor->services[i]);
	return ret < 0 ? nsu_fail(fail, -ret, "read /etc/pam.d") : 0;
}

static bool is_threaded(const char *name)
{
	for (size_t i = 0; i < NSU_COUNT(threaded); i++) {
		if (strncmp(name, threaded[i], strlen(threaded[i])) == 0)
			return true;
	}
	return false;
}

/* Services that can not have it. */
static void examine_unfit(struct nsu_doctor *doctor, const struct nsu_doctor_use *use)
{
	const char *name = use->service->name;
	char at[NSU_PATH_MAX + 16], remedy[192];

	nsu_doctor_at(use->line, at, sizeof(at));
	if (use->line->type != NSU_STACK_SESSION || use->answer == NSU_SURVEY_LEFT_ALONE)
		return;
	if (strcmp(name, NSU_DOCTOR_USER_MANAGER) == 0)
		nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, at, UNNAME,
		                "a rule of the policy names systemd-user, which executes its program without a fork "
		                "and looks for its parent: with the namespace \"pid\" it does not start");
	if (!is_threaded(name))
		return;
	snprintf(remedy, sizeof(remedy),
	         "take the line out of its stack, or put in front of the rules: { service = \"%.64s\"; profile = "
	         "\"none\"; }",
	         name);
	nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, at, remedy,
	                "%s has threads when it opens a session: the sessions that the policy isolates are refused",
	                name);
}

/* A door without the module, while others have it, is a way around. */
static void examine_missing(struct nsu_doctor *doctor, const struct nsu_doctor_service *service)
{
	enum nsu_survey_answer answer = nsu_survey_service(doctor->policy, service->name, NULL);
	char remedy[160];

	if (answer == NSU_SURVEY_LEFT_ALONE || service->stack.is_cut || nsu_doctor_uses(doctor, service->name))
		return;
	if (answer == NSU_SURVEY_SERVED && !is_door(service->name))
		return;
	snprintf(remedy, sizeof(remedy), "add at its end: session required " NSU_DOCTOR_MODULE "%s",
	         answer == NSU_SURVEY_NAMED ? "" : "; or name in the rules the services that they are for");
	if (answer == NSU_SURVEY_NAMED)
		nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, service->file,
		                strcmp(service->name, NSU_DOCTOR_USER_MANAGER) == 0 ? UNNAME : remedy,
		                "a rule of the policy names the service '%s', whose stack does not have the module",
		                service->name);
	else
		nsu_doctor_find(
			doctor, NSU_DOCTOR_WARNING, service->file, remedy,
			"'%s' is a way around: the policy would isolate its logins, but its stack does not have the "
			"module",
			service->name);
}

static bool has_our_line(const struct nsu_doctor *doctor, const struct nsu_doctor_service *service)
{
	for (size_t i = 0; i < doctor->n_uses; i++) {
		if (doctor->uses[i].service == service)
			return true;
	}
	return false;
}

/* What PAM can not read, where it concerns us; a file that is no text concerns everybody. */
static void examine_problems(struct nsu_doctor *doctor, const struct nsu_doctor_service *service)
{
	for (size_t i = 0; i < service->stack.n_problems; i++) {
		const struct nsu_stack_problem *problem = &service->stack.problems[i];
		const struct nsu_stack_line line = {.file = problem->file, .line = problem->line};
		char at[NSU_PATH_MAX + 16];

		if (problem->line == 0)
			nsu_doctor_find(doctor, NSU_DOCTOR_WARNING, problem->file,
			                "put a text file there, or take it away", "%s", problem->text);
		else if (is_door(service->name) || has_our_line(doctor, service))
			nsu_doctor_find(doctor, NSU_DOCTOR_ERROR, nsu_doctor_at(&line, at, sizeof(at)),
			                "correct the line, see pam.d(5)", "%s", problem->text);
	}
}

void nsu_doctor_services(struct nsu_doctor *doctor)
{
	bool is_used = false;

	for (size_t i = 0; i < doctor->n_uses; i++)
		is_used = is_used || doctor->uses[i].line->type == NSU_STACK_SESSION;
	if (!is_used)
		nsu_doctor_find(
			doctor, NSU_DOCTOR_WARNING, pam_dirs[0],
			access(PROFILE, F_OK) == 0
				? "run: pam-auth-update --enable nsunshare"
				: "add to the stacks of sshd and the others: session required " NSU_DOCTOR_MODULE
				  ", see pam_nsunshare(8)",
			"no service has the module: nobody is isolated");
	for (size_t i = 0; i < doctor->n_services; i++) {
		examine_problems(doctor, &doctor->services[i]);
		if (is_used)
			examine_missing(doctor, &doctor->services[i]);
	}
	for (size_t i = 0; i < doctor->n_uses; i++)
		examine_unfit(doctor, &doctor->uses[i]);
}
