/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The built module, loaded by PAM itself from a service file of the test's own: pam_start_confdir(3) needs neither root
 * nor /etc/pam.d. The module's path is in NSU_MODULE, or it is the one beside the directory of this program.
 */
#include "helper_place.h"

#include <pwd.h>
#include <security/pam_appl.h>

static char confdir[] = "/tmp/nsu-test-XXXXXX";
static char module[PATH_MAX];
static char user[64]; /* the one that runs the test */

/* What the module has said to the user. */
static struct {
	int n_messages;
	int style;
	char text[512];
} said;

static int converse(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
	(void)data;
	for (int i = 0; i < n; i++) {
		said.n_messages++;
		said.style = messages[i]->msg_style;
		snprintf(said.text, sizeof(said.text), "%s", messages[i]->msg);
	}
	*responses = calloc((size_t)n, sizeof(**responses));
	return *responses ? PAM_SUCCESS : PAM_CONV_ERR;
}

static int find_module(void **state)
{
	struct passwd *passwd = getpwuid(geteuid());

	(void)state;
	if (!built_file("NSU_MODULE", "pam_nsunshare.so", module) || !mkdtemp(confdir) || !passwd) {
		print_message("# no module, no directory or no user\n");
		return -1;
	}
	snprintf(user, sizeof(user), "%s", passwd->pw_name);
	return 0;
}

static int remove_confdir(void **state)
{
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/tests", confdir);
	unlink(path);
	return rmdir(confdir);
}

/* A handle of the service "tests", whose session stack is the module with these arguments. */
static pam_handle_t *start(const char *name, const char *arguments)
{
	static const struct pam_conv conv = {converse, NULL};
	char path[PATH_MAX], text[2 * PATH_MAX];
	pam_handle_t *pamh = NULL;

	snprintf(path, sizeof(path), "%s/tests", confdir);
	snprintf(text, sizeof(text), "session required %s %s\n", module, arguments);
	unlink(path); /* the one before may be another user's */
	write_file(path, text, 0644);
	memset(&said, 0, sizeof(said));
	CHILD_CHECK(pam_start_confdir("tests", name, &conv, confdir, &pamh) == PAM_SUCCESS);
	return pamh;
}

/* Opens and closes once. Return: what the open gave. */
static int open_once(const char *name, const char *arguments, int flags)
{
	pam_handle_t *pamh = start(name, arguments);
	int ret = pam_open_session(pamh, flags);

	if (ret == PAM_SUCCESS)
		CHILD_CHECK(pam_close_session(pamh, flags) == PAM_SUCCESS);
	CHILD_CHECK(pam_end(pamh, ret) == PAM_SUCCESS);
	return ret;
}

static void assert_refused(const char *name, const char *arguments)
{
	assert_int_equal(open_once(name, arguments, 0), PAM_SYSTEM_ERR);
	assert_int_equal(said.n_messages, 1);
	assert_int_equal(said.style, PAM_ERROR_MSG);
	assert_true(strlen(said.text) < 160);
	assert_null(strchr(said.text, '\n'));
	assert_int_equal(open_once(name, arguments, PAM_SILENT), PAM_SYSTEM_ERR);
	assert_int_equal(said.n_messages, 0);
}

static void module_lets_in_under_the_profile_none(void **state)
{
	(void)state;
	assert_int_equal(open_once(user, "conf=/etc/no-such-policy profile=none", 0), PAM_SUCCESS);
	assert_int_equal(said.n_messages, 0);
}

static void module_leaves_the_environment_alone_when_it_isolates_nothing(void **state)
{
	pam_handle_t *pamh = start(user, "conf=/etc/no-such-policy profile=none");

	(void)state;
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_null(pam_getenv(pamh, "NSUNSHARE_ID"));
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS); /* a second close is nothing */
	pam_end(pamh, PAM_SUCCESS);
}

static void module_refuses_an_argument_that_it_does_not_know(void **state)
{
	static const char *const wrong[] = {"unknown", "profile",       "conf",   "Profile=none",
	                                    "debug=1", "profiles=none", "use_pty"};
	char arguments[128];

	(void)state;
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		snprintf(arguments, sizeof(arguments), "conf=/etc/no-such-policy profile=none %s", wrong[i]);
		assert_refused(user, arguments);
	}
}

static void module_refuses_an_argument_that_is_repeated(void **state)
{
	(void)state;
	assert_refused(user, "conf=/etc/no-such-policy profile=none profile=none");
	assert_refused(user, "conf=/etc/no-such-policy conf=/etc/no-such-policy profile=none");
	assert_refused(user, "conf=/etc/no-such-policy profile=none debug debug");
}

static void module_refuses_an_argument_without_its_value(void **state)
{
	(void)state;
	assert_refused(user, "conf=/etc/no-such-policy profile=");
	assert_refused(user, "conf= profile=none");
}

static void module_refuses_a_policy_path_that_is_not_clean(void **state)
{
	(void)state;
	assert_refused(user, "conf=no-such-policy profile=none");
	assert_refused(user, "conf=/etc/../etc/no-such-policy profile=none");
	assert_refused(user, "conf=/etc/ profile=none");
}

static void module_refuses_when_there_is_no_policy_and_no_profile(void **state)
{
	(void)state;
	assert_refused(user, "conf=/etc/no-such-policy");
}

static void module_refuses_a_policy_that_is_wrong_or_not_trusted(void **state)
{
	char path[PATH_MAX], arguments[2 * PATH_MAX];

	(void)state;
	assert_refused(user, "conf=/etc/passwd profile=none");
	assert_refused(user, "conf=/dev/null profile=none");
	assert_refused(user, "conf=/etc profile=none");
	snprintf(path, sizeof(path), "%s/policy", confdir); /* below /tmp, which others write */
	write_file(path, "rules = ();", 0644);
	snprintf(arguments, sizeof(arguments), "conf=%s profile=none", path);
	assert_refused(user, arguments);
	unlink(path);
}

static void module_refuses_a_user_that_does_not_exist(void **state)
{
	(void)state;
	assert_refused("no-such-user-here", "conf=/etc/no-such-policy profile=none");
}

static void module_refuses_when_pam_names_no_user(void **state)
{
	(void)state;
	assert_refused(NULL, "conf=/etc/no-such-policy profile=none");
	assert_refused("", "conf=/etc/no-such-policy profile=none");
}

/* uid 0 is served by a rule that names it only; any other user can't get namespaces, and is told so. */
static void try_default_profile(void)
{
	if (geteuid() == 0) {
		CHILD_CHECK(open_once("root", "conf=/etc/no-such-policy profile=default", 0) == PAM_SUCCESS);
		CHILD_CHECK(setresuid(65534, 65534, 65534) == 0);
		CHILD_CHECK(open_once("nobody", "conf=/etc/no-such-policy profile=none", 0) == PAM_SUCCESS);
	}
	CHILD_CHECK(open_once("nobody", "conf=/etc/no-such-policy profile=default debug", 0) == PAM_SYSTEM_ERR);
	CHILD_CHECK(said.n_messages == 1);
	CHILD_CHECK(open_once("nobody", "conf=/etc/no-such-policy profile=nowhere", 0) == PAM_SYSTEM_ERR);
}

static void module_refuses_the_default_profile_without_privilege(void **state)
{
	(void)state;
	SKIP_UNLESS(getpwnam("nobody"), "there is no user nobody");
	assert_int_equal(chmod(confdir, 0777), 0);
	assert_int_equal(in_child(try_default_profile), 0);
}

static void module_leaves_no_descriptor_open(void **state)
{
	int before;

	(void)state;
	open_once(user, "conf=/etc/no-such-policy profile=none", 0); /* what PAM itself opens once */
	before = count_fds();
	for (int i = 0; i < 10; i++) {
		open_once(user, "conf=/etc/no-such-policy profile=none", 0);
		open_once(user, "conf=/etc/passwd", PAM_SILENT);
	}
	assert_int_equal(count_fds(), before);
}

/* A policy and a helper in places of the child's own. */
static void make_places(const char *policy)
{
	own_mounts();
	install_helper();
	own_directory();
	write_file("/mnt/policy", policy, 0644);
}

static void open_as_root(void)
{
	static const char text[] = "rules = ( { user = \"root\"; profile = \"default\"; } );";
	ino_t uts = ns_inode("self", "uts");
	pam_handle_t *pamh, *other;

	make_places(text);
	pamh = start("root", "conf=/mnt/policy");
	other = start("root", "conf=/mnt/policy");
	CHILD_CHECK(chdir("/usr") == 0);
	CHILD_CHECK(pam_open_session(pamh, 0) == PAM_SUCCESS);
	CHILD_CHECK(said.n_messages == 0);
	CHILD_CHECK(pam_getenv(pamh, "NSUNSHARE_ID") && strlen(pam_getenv(pamh, "NSUNSHARE_ID")) == NSU_ID_LEN);
	CHILD_CHECK(pam_open_session(pamh, 0) == PAM_SUCCESS);     /* doubled in the stack: nothing */
	CHILD_CHECK(pam_open_session(other, 0) == PAM_SYSTEM_ERR); /* one session a process */
	pam_close_session(other, 0);                               /* not the one that is open */
	CHILD_CHECK(access("/proc/1/comm", R_OK) == 0);
	CHILD_CHECK(pam_close_session(pamh, 0) == PAM_SUCCESS);
	CHILD_CHECK(pam_getenv(pamh, "NSUNSHARE_ID") == NULL);
	CHILD_CHECK(ns_inode("self", "uts") == uts);
	CHILD_CHECK(pam_open_session(pamh, 0) == PAM_SUCCESS); /* and once more */
	CHILD_CHECK(pam_close_session(pamh, 0) == PAM_SUCCESS);
	CHILD_CHECK(pam_end(pamh, 0) == PAM_SUCCESS && pam_end(other, 0) == PAM_SUCCESS);
}

static void module_opens_and_closes_when_root(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_as_root), 0);
}

static void open_with_enforce_and_on_error(void)
{
	ino_t uts = ns_inode("self", "uts");
	int before;

	make_places("rules = ( { user = \"root\"; profile = \"default\"; enforce = false; } );");
	CHILD_CHECK(open_once("root", "conf=/mnt/policy", 0) == PAM_SUCCESS);
	CHILD_CHECK(ns_inode("self", "uts") == uts && said.n_messages == 0);
	write_file("/mnt/policy",
	           "rules = ( { user = \"root\"; profile = \"p\"; on_error = \"allow\"; } );"
	           "profiles = { p = { mounts = ( { type = \"tmpfs\"; path = \"/no/such\"; } ); }; };",
	           0644);
	before = count_fds();
	CHILD_CHECK(open_once("root", "conf=/mnt/policy", 0) == PAM_SUCCESS);
	CHILD_CHECK(ns_inode("self", "uts") == uts && said.n_messages == 0);
	write_file("/mnt/policy",
	           "rules = ( { user = \"root\"; profile = \"p\"; } );"
	           "profiles = { p = { mounts = ( { type = \"tmpfs\"; path = \"/no/such\"; } ); }; };",
	           0644);
	CHILD_CHECK(open_once("root", "conf=/mnt/policy", 0) == PAM_SYSTEM_ERR);
	CHILD_CHECK(count_fds() == before);
}

static void module_obeys_enforce_and_on_error_when_root(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_with_enforce_and_on_error), 0);
}

/* A child that never execs, as sshd's, holds nothing of the session; the opener's pam_end() ends nothing. */
static void fork_while_open(void)
{
	pam_handle_t *pamh;
	int status, before;
	pid_t pid;

	make_places("rules = ( { user = \"root\"; profile = \"p\"; } );"
	            "profiles = { p = { namespaces = [ \"ipc\", \"uts\" ]; }; };");
	open_once("root", "conf=/mnt/policy", 0);
	pamh = start("root", "conf=/mnt/policy");
	before = count_fds();
	CHILD_CHECK(pam_open_session(pamh, 0) == PAM_SUCCESS);
	CHILD_CHECK(count_fds() > before);
	pid = fork();
	if (pid == 0)
		_exit(count_fds() == before ? 0 : 1);
	CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHILD_CHECK(pam_end(pamh, 0) == PAM_SUCCESS);
	CHILD_CHECK(count_fds() == before);
}

static void module_leaves_no_descriptor_to_a_forked_child(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(fork_while_open), 0);
}

static bool has_variable(pam_handle_t *pamh, const char *name, const char *value)
{
	const char *found = pam_getenv(pamh, name);

	return value ? found && strcmp(found, value) == 0 : !found;
}

static void open_with_environment(void)
{
	pam_handle_t *pamh;

	make_places("rules = ( { user = \"root\"; profile = \"p\"; } );"
	            "profiles = { p = { namespaces = \"uts\"; environment = [ \"A=%u\", \"B=\" ]; }; };");
	pamh = start("root", "conf=/mnt/policy");
	for (int i = 0; i < 2; i++) {
		CHILD_CHECK(pam_open_session(pamh, 0) == PAM_SUCCESS);
		CHILD_CHECK(has_variable(pamh, "A", "root") && has_variable(pamh, "B", ""));
		CHILD_CHECK(pam_getenv(pamh, "NSUNSHARE_ID") != NULL);
		CHILD_CHECK(pam_close_session(pamh, 0) == PAM_SUCCESS);
		CHILD_CHECK(has_variable(pamh, "A", NULL) && has_variable(pamh, "B", NULL));
		CHILD_CHECK(has_variable(pamh, "NSUNSHARE_ID", NULL));
	}
	write_file(
		"/mnt/policy",
		"rules = ( { user = \"root\"; profile = \"p\"; } );"
		"profiles = { p = { environment = \"A=1\"; mounts = ( { type = \"tmpfs\"; path = \"/no/such\"; } ); }; };",
		0644);
	CHILD_CHECK(pam_open_session(pamh, PAM_SILENT) == PAM_SYSTEM_ERR);
	CHILD_CHECK(has_variable(pamh, "A", NULL) && has_variable(pamh, "NSUNSHARE_ID", NULL));
	CHILD_CHECK(pam_end(pamh, 0) == PAM_SUCCESS);
}

static void module_sets_the_variables_and_takes_them_back_when_root(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_with_environment), 0);
}

static void open_with_user_file(void)
{
	pam_handle_t *pamh;

	make_places("");
	write_file("/mnt/policy.conf", "rules = ( ); profiles = { p = { namespaces = \"uts\"; }; };", 0644);
	CHILD_CHECK(mkdir("/mnt/policy.d", 0755) == 0 && mkdir("/mnt/policy.d/users", 0755) == 0);
	write_file("/mnt/policy.d/users/root.conf", "profile = \"p\"; environment = \"A=mine\";", 0644);
	pamh = start("root", "conf=/mnt/policy.conf debug");
	CHILD_CHECK(pam_open_session(pamh, 0) == PAM_SUCCESS && has_variable(pamh, "A", "mine"));
	CHILD_CHECK(pam_close_session(pamh, 0) == PAM_SUCCESS);
	write_file("/mnt/policy.d/users/root.conf", "profile = \"q\";", 0644);
	CHILD_CHECK(pam_open_session(pamh, PAM_SILENT) == PAM_SYSTEM_ERR);
	write_file("/mnt/policy.d/users/root.conf", "profile = \"p\";", 0664);
	CHILD_CHECK(pam_open_session(pamh, PAM_SILENT) == PAM_SYSTEM_ERR);
	CHILD_CHECK(unlink("/mnt/policy.d/users/root.conf") == 0);
	CHILD_CHECK(pam_open_session(pamh, 0) == PAM_SUCCESS && has_variable(pamh, "NSUNSHARE_ID", NULL));
	CHILD_CHECK(pam_end(pamh, 0) == PAM_SUCCESS);
}

static void module_reads_the_file_of_the_user_when_root(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_with_user_file), 0);
}

#define NESTED(keys)                                                                                                   \
	"rules = ( { user = \"root\"; service = \"tests\"; profile = \"p\"; " keys " } );"                             \
	"profiles = { p = { namespaces = [ \"mount\", \"uts\" ]; hostname = \"p\"; }; q = { base = \"p\"; }; };"

/* From inside a session of profile p: what does a login get under another policy? */
static void log_in_inside(const char *id)
{
	static const struct {
		const char *policy;
		int ret;
		bool stays;
	} cases[] = {
		{NESTED(""), PAM_SUCCESS, true},
		{NESTED("hostname = \"other\";"), PAM_SUCCESS, true},
		{NESTED("nested = \"deny\";"), PAM_SYSTEM_ERR, false},
		{NESTED("nested = \"deny\"; on_error = \"allow\";"), PAM_SYSTEM_ERR, false},
		{"rules = ( { user = \"root\"; profile = \"q\"; nested = \"stay\"; } );"
	         "profiles = { q = { namespaces = \"uts\"; }; };",
	         PAM_SUCCESS, true},
		{"rules = ( { user = \"root\"; profile = \"q\"; } ); profiles = { q = { namespaces = \"uts\"; }; };",
	         PAM_SUCCESS, false},
	};
	ino_t uts = ns_inode("self", "uts");

	for (size_t i = 0; i < NSU_COUNT(cases); i++) {
		pam_handle_t *pamh;

		write_file("/mnt/policy", cases[i].policy, 0644);
		pamh = start("root", "conf=/mnt/policy");
		CHILD_CHECK(pam_open_session(pamh, PAM_SILENT) == cases[i].ret);
		CHILD_CHECK((ns_inode("self", "uts") == uts) == (cases[i].stays || cases[i].ret != PAM_SUCCESS));
		CHILD_CHECK(has_variable(pamh, "NSUNSHARE_ID", id) == cases[i].stays);
		if (cases[i].ret == PAM_SUCCESS)
			CHILD_CHECK(pam_close_session(pamh, 0) == PAM_SUCCESS);
		CHILD_CHECK(ns_inode("self", "uts") == uts);
		CHILD_CHECK(pam_end(pamh, 0) == PAM_SUCCESS);
	}
}

static void open_inside(void)
{
	pam_handle_t *pamh;
	int status;
	pid_t pid;

	make_places(NESTED(""));
	pamh = start("root", "conf=/mnt/policy");
	CHILD_CHECK(pam_open_session(pamh, 0) == PAM_SUCCESS);
	pid = fork();
	if (pid == 0) {
		log_in_inside(pam_getenv(pamh, "NSUNSHARE_ID"));
		_exit(0);
	}
	CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHILD_CHECK(pam_close_session(pamh, 0) == PAM_SUCCESS);
	CHILD_CHECK(pam_end(pamh, 0) == PAM_SUCCESS);
}

static void module_nests_stays_or_refuses_inside_a_session_when_root(void **state)
{
	(void)state;
	SKIP_UNLESS_SESSIONS();
	assert_int_equal(in_child(open_inside), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(module_lets_in_under_the_profile_none),
		cmocka_unit_test(module_leaves_the_environment_alone_when_it_isolates_nothing),
		cmocka_unit_test(module_refuses_an_argument_that_it_does_not_know),
		cmocka_unit_test(module_refuses_an_argument_that_is_repeated),
		cmocka_unit_test(module_refuses_an_argument_without_its_value),
		cmocka_unit_test(module_refuses_a_policy_path_that_is_not_clean),
		cmocka_unit_test(module_refuses_when_there_is_no_policy_and_no_profile),
		cmocka_unit_test(module_refuses_a_policy_that_is_wrong_or_not_trusted),
		cmocka_unit_test(module_refuses_a_user_that_does_not_exist),
		cmocka_unit_test(module_refuses_when_pam_names_no_user),
		cmocka_unit_test(module_refuses_the_default_profile_without_privilege),
		cmocka_unit_test(module_leaves_no_descriptor_open),
		cmocka_unit_test(module_opens_and_closes_when_root),
		cmocka_unit_test(module_obeys_enforce_and_on_error_when_root),
		cmocka_unit_test(module_leaves_no_descriptor_to_a_forked_child),
		cmocka_unit_test(module_sets_the_variables_and_takes_them_back_when_root),
		cmocka_unit_test(module_reads_the_file_of_the_user_when_root),
		cmocka_unit_test(module_nests_stays_or_refuses_inside_a_session_when_root),
	};

	return cmocka_run_group_tests(tests, find_module, remove_confdir);
}
