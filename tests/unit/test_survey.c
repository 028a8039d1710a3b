/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include "survey.h"

static struct nsu_policy *policy_of(const char *text)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;

	if (nsu_policy_parse(text, strlen(text), "test.conf", &policy, &fail) < 0)
		fail_msg("%s", fail.text);
	return policy;
}

static void survey_sums_up_what_rules_give(void **state)
{
	struct nsu_policy *policy = policy_of(
		"rules = ( { user = \"a\"; profile = \"none\"; }, { user = \"b\"; profile = \"net\"; },"
		"  { user = \"c\"; service = [ \"su\", \"sudo\" ]; profile = \"uts\"; limits = { tasks = 9; }; } );"
		"profiles = { net = { namespaces = [ \"net\", \"mount\" ]; propagation = \"slave\"; };"
		"  uts = { namespaces = [ \"uts\" ]; }; other = { namespaces = [ \"time\" ]; }; };");
	struct nsu_survey survey = {0};

	(void)state;
	assert_int_equal(nsu_survey_policy(policy, &survey), 0);
	assert_int_equal(survey.namespaces, CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS);
	assert_int_equal(survey.sudo_namespaces, CLONE_NEWUTS);
	assert_true(survey.has_slave);
	assert_false(survey.has_private);
	assert_true(survey.has_tasks);
	assert_false(survey.has_memory);
	assert_int_equal(nsu_survey_profile(policy, "other", &survey), 0);
	assert_true(survey.namespaces & CLONE_NEWTIME);
	assert_int_equal(nsu_survey_profile(policy, "nothing", &survey), -ENOENT);
	nsu_policy_free(policy);
}

static void survey_of_no_policy_has_the_built_in_profiles(void **state)
{
	struct nsu_survey survey = {0};

	(void)state;
	assert_int_equal(nsu_survey_policy(NULL, &survey), 0);
	assert_int_equal(survey.namespaces, 0);
	assert_int_equal(nsu_survey_profile(NULL, "none", &survey), 0);
	assert_int_equal(survey.namespaces, 0);
	assert_int_equal(nsu_survey_profile(NULL, "default", &survey), 0);
	assert_int_equal(survey.namespaces, CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID);
	assert_true(survey.has_private);
	assert_int_equal(nsu_survey_service(NULL, "sshd", NULL), NSU_SURVEY_LEFT_ALONE);
}

static void survey_says_which_services_are_isolated(void **state)
{
	struct nsu_policy *policy = policy_of(
		"rules = ( { service = \"cron\"; profile = \"none\"; }, { service = \"login\"; user = \"a\"; profile = \"none\"; },"
		"  { service = [ \"su\", \"x*\" ]; profile = \"default\"; }, { user = \"b\"; profile = \"default\"; } );");

	(void)state;
	assert_int_equal(nsu_survey_service(policy, "cron", NULL), NSU_SURVEY_LEFT_ALONE);
	assert_int_equal(nsu_survey_service(policy, "login", NULL), NSU_SURVEY_SERVED);
	assert_int_equal(nsu_survey_service(policy, "su", NULL), NSU_SURVEY_NAMED);
	assert_int_equal(nsu_survey_service(policy, "xrdp", NULL), NSU_SURVEY_SERVED);
	assert_int_equal(nsu_survey_service(policy, "sshd", NULL), NSU_SURVEY_SERVED);
	assert_int_equal(nsu_survey_service(policy, "systemd-user", NULL), NSU_SURVEY_LEFT_ALONE);
	assert_int_equal(nsu_survey_service(policy, "systemd-user", "default"), NSU_SURVEY_LEFT_ALONE);
	assert_int_equal(nsu_survey_service(policy, "cron", "default"), NSU_SURVEY_LEFT_ALONE);
	nsu_policy_free(policy);
	policy = policy_of("rules = ( { service = \"systemd-user\"; user = \"a\"; profile = \"default\"; } );");
	assert_int_equal(nsu_survey_service(policy, "systemd-user", NULL), NSU_SURVEY_NAMED);
	assert_int_equal(nsu_survey_service(policy, "sshd", NULL), NSU_SURVEY_LEFT_ALONE);
	assert_int_equal(nsu_survey_service(policy, "sshd", "none"), NSU_SURVEY_LEFT_ALONE);
	assert_int_equal(nsu_survey_service(policy, "sshd", "default"), NSU_SURVEY_SERVED);
	nsu_policy_free(policy);
}

static bool lasts(const char *settings)
{
	struct nsu_survey survey = {0};
	struct nsu_policy *policy;
	char text[256];

	snprintf(text, sizeof(text), "rules = ( { user = \"a\"; profile = \"default\"; %s } );", settings);
	policy = policy_of(text);
	assert_int_equal(nsu_survey_policy(policy, &survey), 0);
	nsu_policy_free(policy);
	return survey.has_lasting;
}

static void survey_says_whether_sets_last(void **state)
{
	(void)state;
	assert_false(lasts(""));
	assert_false(lasts("scope = \"user\"; lifetime = \"login\";"));
	assert_true(lasts("scope = \"user\"; lifetime = \"processes\";"));
	assert_true(lasts("scope = \"user\"; lifetime = \"permanent\";"));
	assert_false(lasts("scope = \"user\"; lifetime = \"permanent\"; limits = { tasks = 9; };"));
}

/* The file of a user: over its own profile, and over those of the rules. */
static void load_with_user_files(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;
	struct nsu_survey survey = {0};
	char path[128];
	const char *dir = (own_mounts(), own_directory());

	snprintf(path, sizeof(path), "%s/x.conf", dir);
	write_file(path,
	           "rules = ( { user = \"a\"; profile = \"p\"; } ); profiles = { p = { namespaces = [ \"uts\" ]; }; };",
	           0644);
	snprintf(path, sizeof(path), "%s/x.d", dir);
	CHILD_CHECK(mkdir(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/x.d/users", dir);
	CHILD_CHECK(mkdir(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/x.d/users/a.conf", dir);
	write_file(path, "limits = { memory = \"1G\"; };", 0644);
	snprintf(path, sizeof(path), "%s/x.d/users/b.conf", dir);
	write_file(path, "profile = \"default\";", 0644);
	snprintf(path, sizeof(path), "%s/x.d/users/c.conf", dir);
	write_file(path, "nonsense", 0644);
	snprintf(path, sizeof(path), "%s/x.conf", dir);
	CHILD_CHECK_OK(nsu_policy_load(path, &policy, &fail), &fail);
	CHILD_CHECK(nsu_survey_policy(policy, &survey) == 0);
	CHILD_CHECK(survey.has_memory);
	CHILD_CHECK(survey.namespaces == (CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID));
	nsu_policy_free(policy);
}

TEST_IN_CHILD(survey_has_the_files_of_users, load_with_user_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survey_sums_up_what_rules_give),
		cmocka_unit_test(survey_of_no_policy_has_the_built_in_profiles),
		cmocka_unit_test(survey_says_which_services_are_isolated),
		cmocka_unit_test(survey_says_whether_sets_last),
		cmocka_unit_test(survey_has_the_files_of_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
