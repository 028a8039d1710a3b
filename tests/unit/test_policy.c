/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds G10. */
/*
 * Loading and parsing as a whole: what no small file of wrong/ or golden/ can show. Every allocation of the library
 * goes through the wrappers below, which fail the n-th one.
 */
/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=nsu_fsat_open_trusted */
#include "support.h"

#include "explain.h"
#include "fsat.h"
#include "policy.h"
#include "proc.h"

void *__real_malloc(size_t);
void *__wrap_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__wrap_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__wrap_realloc(void *, size_t);
char *__real_strdup(const char *);
char *__wrap_strdup(const char *);

static int allocations_left = -1; /* until one fails; negative: none fails */

static bool is_exhausted(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return is_exhausted() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return is_exhausted() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *block, size_t size)
{
	return is_exhausted() ? NULL : __real_realloc(block, size);
}

char *__wrap_strdup(const char *text)
{
	return is_exhausted() ? NULL : __real_strdup(text);
}

int __real_nsu_fsat_open_trusted(const char *, enum nsu_fsat_use, int *, struct nsu_fail *);
int __wrap_nsu_fsat_open_trusted(const char *, enum nsu_fsat_use, int *, struct nsu_fail *);

/* A file of this name is gone when it is opened. */
int __wrap_nsu_fsat_open_trusted(const char *path, enum nsu_fsat_use use, int *ret_fd, struct nsu_fail *fail)
{
	if (strstr(path, "/vanishes.conf"))
		return nsu_fail(fail, ENOENT, "open '%s'", path);
	return __real_nsu_fsat_open_trusted(path, use, ret_fd, fail);
}

static const char whole_policy[] =
	"rules = (\n"
	"  { user = \"root\"; profile = \"none\"; },\n"
	"  { group = [ \"a\", \"b\" ]; service = \"sshd\"; tty = \"*\"; rhost = \"*\"; uid = [ \"1-2\", \"7-\" ];\n"
	"    profile = \"p\"; mounts = ( { type = \"tmpfs\"; path = \"/x\"; } ); },\n"
	"  { profile = \"q\"; }\n"
	");\n"
	"profiles = {\n"
	"  p = { base = \"default\"; hostname = \"%u\"; mounts = ( { type = \"tmpfs\"; path = \"/tmp\"; } ); };\n"
	"  q = { base = \"p\"; domainname = \"d\"; proc = { hidepid = \"noaccess\"; path = \"/p\"; };\n"
	"    extra_mounts = ( { type = \"bind\"; source = \"/s\"; path = \"/b\"; },\n"
	"      { type = \"instance\"; path = \"/i\"; remove = \"logout\"; }, { type = \"mask\"; path = \"/m\"; } );\n"
	"    expose = [ \"/tmp/x\" ]; environment = [ \"A=%h\", \"B=\" ]; nested = \"stay\"; };\n"
	"  r = { namespaces = [ \"net\", \"user\", \"time\", \"cgroup\" ]; net = { mode = \"named:%u\"; create = true; };\n"
	"    user_map = { uid = ( ( 0, 0, 1 ), ( 1, 3000000000L, 4 ) ); gid = ( ( 0, 0, 70000 ) ); };\n"
	"    max_user_namespaces = 0; time = { boottime = -1; monotonic = 5; };\n"
	"    limits = { memory = \"1G\"; tasks = 9; cpu_weight = 1; parent = \"/a\"; }; no_new_privs = true;\n"
	"    capabilities = { keep = [ \"CAP_KILL\" ]; }; deny_calls = [ \"kexec\" ]; };\n"
	"  s = { base = \"r\"; net = { mode = \"veth\"; pool = \"10.0.0.0/8\"; bridge = \"b\"; mtu = 99; gateway = true;\n"
	"    isolated = false; }; user_map = \"minimal\"; };\n"
	"};\n";

static int parse(const char *text, struct nsu_fail *fail)
{
	struct nsu_policy *policy = NULL;
	int ret;

	*fail = (struct nsu_fail)NSU_FAIL_INIT;
	ret = nsu_policy_parse(text, strlen(text), "FILE", &policy, fail);
	assert_true((policy != NULL) == (ret == 0));
	nsu_policy_free(policy);
	return ret;
}

static void parse_fails_without_a_leak_when_any_allocation_does(void **state)
{
	struct nsu_fail fail;
	int ret = -ENOMEM;
	int n;

	(void)state;
	for (n = 0; ret != 0 && n < 1000; n++) {
		allocations_left = n;
		ret = parse(whole_policy, &fail);
		allocations_left = -1;
		if (ret < 0) {
			assert_int_equal(ret, -ENOMEM);
			assert_int_equal(fail.err, ENOMEM);
		}
	}
	assert_int_equal(ret, 0);
	assert_true(n > 5);
}

/* Each is refused or taken; none may crash, hang or leave a message without its file. */
static void parse_of_every_truncation_is_refused_or_taken(void **state)
{
	char text[sizeof(whole_policy)];
	struct nsu_fail fail;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		memcpy(text, whole_policy, len);
		text[len] = '\0';
		if (parse(text, &fail) < 0)
			assert_memory_equal(fail.text, "FILE:", 5);
	}
}

static void parse_of_every_changed_byte_is_refused_or_taken(void **state)
{
	static const char bytes[] = "\x01\n\r \"#%&()*,-./09:;<=>@AZ[\\]_az{|}\x7f\x80\xff";
	char text[sizeof(whole_policy)];
	struct nsu_fail fail;

	(void)state;
	memcpy(text, whole_policy, sizeof(text));
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
			text[i] = bytes[j];
			if (parse(text, &fail) < 0)
				assert_memory_equal(fail.text, "FILE:", 5);
		}
		text[i] = whole_policy[i];
	}
}

static void parse_refuses_brackets_in_brackets_without_end(void **state)
{
	const size_t n = 200000;
	auto_free char *text = malloc(n + 16);
	struct nsu_fail fail;

	(void)state;
	assert_non_null(text);
	strcpy(text, "rules = ");
	memset(text + 8, '(', n);
	text[8 + n] = '\0';
	assert_int_equal(parse(text, &fail), -EINVAL);
	memset(text + 8, '(', n / 2);
	memset(text + 8 + n / 2, ')', n / 2);
	assert_int_equal(parse(text, &fail), -EINVAL);
}

/* Taken or refused, but within the time of an open: libconfig's grows with the square of the keys of a group. */
static void parse_of_the_largest_file_stays_within_the_time_of_an_open(void **state)
{
	auto_free char *text = malloc(NSU_CONF_MAX + 1);
	struct nsu_fail fail;
	int64_t began;
	size_t len;

	(void)state;
	assert_non_null(text);
	len = (size_t)sprintf(text, "rules = ();profiles={");
	for (unsigned n = 0; len < NSU_CONF_MAX - 32; n++)
		len += (size_t)sprintf(text + len, "p%x={};", n);
	strcpy(text + len, "};");
	began = nsu_proc_now_ms();
	if (parse(text, &fail) < 0)
		assert_int_equal(fail.err, EINVAL);
	print_message("# %u ms\n", (unsigned)(nsu_proc_now_ms() - began));
	assert_true(nsu_proc_now_ms() - began < NSU_TIMEOUT_MS);
}

#ifdef __SANITIZE_ADDRESS__
#define A_SECOND_MS 10000 /* its realloc(3) always copies, which makes libconfig's arrays grow with the square */
#else
#define A_SECOND_MS 1000
#endif

/* Each is as large as a file may be, and made to be slow. */
static void parse_of_hostile_texts_takes_less_than_a_second(void **state)
{
	static const struct {
		const char *begin, *item, *end;
	} cases[] = {
		{"rules=({profile=\"a\";}", ",{profile=\"a\";}", ");profiles={a={namespaces=\"uts\";};};"},
		{"rules=({profile=\"a\";}", ",{profile=\"a\";enforce=true;}", ");profiles={a={base=\"default\";};};"},
		{"rules=({profile=\"none\";user=[\"a\"", ",\"a\"", "];});"},
		{"rules=({profile=\"none\";uid=[\"1\"", ",\"1\"", "];});"},
		{"rules=({profile=\"none\";user=\"", "*a", "\";});"},
		{"rules=({profile=\"default\";}",
	         ",{profile=\"default\";mounts=({type=\"mask\";path=\"/a\";},{type=\"mask\";path=\"/b\";});}", ");"},
		{"rules=({profile=\"default\";}", ",{profile=\"default\";environment=[\"A=\",\"B=\",\"C=\",\"D=\"];}",
	         ");"},
	};
	auto_free char *text = malloc(NSU_CONF_MAX + 1);
	struct nsu_fail fail;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < NSU_COUNT(cases); i++) {
		size_t item_len = strlen(cases[i].item);
		char *end = stpcpy(text, cases[i].begin);
		int64_t began;

		while ((size_t)(end - text) + item_len + strlen(cases[i].end) < NSU_CONF_MAX)
			end = stpcpy(end, cases[i].item);
		strcpy(end, cases[i].end);
		began = nsu_proc_now_ms();
		if (parse(text, &fail) < 0)
			fail_msg("%zu: %s", i, fail.text);
		print_message("# %zu: %u ms\n", i, (unsigned)(nsu_proc_now_ms() - began));
		assert_true(nsu_proc_now_ms() - began < A_SECOND_MS);
	}
}

static void free_takes_nothing(void **state)
{
	(void)state;
	nsu_policy_free(NULL);
}

static void load_says_when_there_is_no_file(void **state)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;

	(void)state;
	assert_int_equal(nsu_policy_load("/etc/security/no-such-file", &policy, &fail), -ENOENT);
	assert_null(policy);
}

static void load_refuses_a_file_below_a_directory_that_others_write(void **state)
{
	char path[] = "/tmp/nsu-test-XXXXXX";
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(nsu_policy_load(path, &policy, &fail), -EPERM);
	assert_null(policy);
	close(fd);
	unlink(path);
}

static void try_files(void)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;

	own_mounts();
	own_directory();
	write_file("/mnt/good", whole_policy, 0644);
	CHILD_CHECK_OK(nsu_policy_load("/mnt/good", &policy, &fail), &fail);
	nsu_policy_free(policy);
	policy = NULL;
	write_file("/mnt/large", "rules = ();", 0644);
	CHILD_CHECK(truncate("/mnt/large", NSU_CONF_MAX + 1) == 0);
	CHILD_CHECK(nsu_policy_load("/mnt/large", &policy, &fail) == -EFBIG);
	CHILD_CHECK(policy == NULL);
	CHILD_CHECK(truncate("/mnt/large", (off_t)1 << 40) == 0);
	CHILD_CHECK(nsu_policy_load("/mnt/large", &policy, &fail) == -EFBIG);
}

static void load_takes_a_good_file_and_refuses_a_huge_one(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(try_files), 0);
}

static const char short_policy[] = "rules = ( { user = \"a*\"; profile = \"p\"; } );"
				   "profiles = { p = { namespaces = \"uts\"; }; };";

/* What the policy of /mnt/p.conf says of a user, as "RULE PROFILE HOSTNAME"; a failure's text. */
static const char *ask(const char *user)
{
	struct nsu_subject subject = {.user = (char *)(uintptr_t)user,
	                              .home = (char *)(uintptr_t) "/home/x",
	                              .uid = 1000,
	                              .gid = 1000,
	                              .service = "sshd",
	                              .tty = "",
	                              .rhost = "",
	                              .host = "h",
	                              .id = "0123456789abcdef",
	                              .n_groups = 0};
	struct nsu_fail fail = NSU_FAIL_INIT;
	static struct nsu_plan plan;
	static char answer[1024];
	struct nsu_policy *policy = NULL;
	int ret;

	ret = nsu_policy_load("/mnt/p.conf", &policy, &fail);
	if (ret == 0)
		ret = nsu_policy_load_user(policy, &subject, &fail);
	if (ret == 0)
		ret = nsu_policy_match(policy, &subject, NULL, &plan, &fail);
	if (ret < 0)
		nsu_fail_line(&fail, answer, sizeof(answer));
	else
		snprintf(answer, sizeof(answer), "%s %s %s", plan.rule, plan.profile[0] ? plan.profile : "-",
		         plan.leave_alone ? "alone" : plan.hostname);
	nsu_policy_free(policy);
	return answer;
}

#define CHECK_ASK(user, wanted)                                                                                        \
	do {                                                                                                           \
		const char *found = ask(user);                                                                         \
                                                                                                                       \
		if (strcmp(found, wanted) != 0)                                                                        \
			dprintf(STDOUT_FILENO, "# found: %s\n", found);                                                \
		CHILD_CHECK(strcmp(found, wanted) == 0);                                                               \
	} while (0)

static void make_dropins(void)
{
	own_mounts();
	own_directory();
	write_file("/mnt/p.conf", short_policy, 0644);
	CHECK_ASK("bob", "none - alone"); /* no directory */
	CHILD_CHECK(mkdir("/mnt/p.d", 0755) == 0 && mkdir("/mnt/p.d/users", 0700) == 0);
	CHECK_ASK("bob", "none - alone");
}

static void try_dropins(void)
{
	make_dropins();
	write_file("/mnt/p.d/B.conf", "rules = ( { user = \"b*\"; profile = \"p\"; hostname = \"B\"; } );", 0644);
	CHECK_ASK("bob", "/mnt/p.d/B.conf:1 p B");
	write_file("/mnt/p.d/a.conf", "rules = ( { user = \"*\"; profile = \"p\"; hostname = \"a\"; } );", 0600);
	CHECK_ASK("bob", "/mnt/p.d/B.conf:1 p B"); /* bytes: "B" is before "a" */
	CHECK_ASK("carol", "/mnt/p.d/a.conf:1 p a");
	CHECK_ASK("alice", "/mnt/p.conf:1 p ");
	write_file("/mnt/p.d/10.conf", "rules = ( { user = \"b*\"; profile = \"p\"; hostname = \"10\"; } );", 0644);
	CHECK_ASK("bob", "/mnt/p.d/10.conf:1 p 10");
	CHILD_CHECK(mkfifo("/mnt/p.d/.hidden.conf", 0600) == 0 && mkfifo("/mnt/p.d/x.conf~", 0600) == 0);
	CHILD_CHECK(mkfifo("/mnt/p.d/README", 0600) == 0 && mkdir("/mnt/p.d/dir", 0777) == 0);
	CHECK_ASK("bob", "/mnt/p.d/10.conf:1 p 10");
	CHILD_CHECK(rename("/mnt/p.conf", "/mnt/p") == 0); /* no policy: its drop-ins are not read */
	CHECK_ASK("bob", "open '/mnt/p.conf': No such file or directory");
}

static void load_reads_drop_ins_in_the_order_of_their_bytes(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(try_dropins), 0);
}

static void try_dropins_that_can_not_be_taken(void)
{
	make_dropins();
	CHILD_CHECK(mkfifo("/mnt/p.d/x.conf", 0600) == 0);
	CHECK_ASK("alice", "/mnt/p.d/x.conf: not a regular file");
	CHILD_CHECK(unlink("/mnt/p.d/x.conf") == 0 && mkdir("/mnt/p.d/x.conf", 0700) == 0);
	CHECK_ASK("alice", "/mnt/p.d/x.conf: not a regular file");
	CHILD_CHECK(rmdir("/mnt/p.d/x.conf") == 0 && symlink("../p.conf", "/mnt/p.d/x.conf") == 0);
	CHECK_ASK("alice", "open '/mnt/p.d/x.conf': Too many levels of symbolic links");
	CHILD_CHECK(unlink("/mnt/p.d/x.conf") == 0);
	write_file("/mnt/p.d/x.conf", "rules = ( );", 0664);
	CHECK_ASK("alice", "/mnt/p.d/x.conf: the file is not trusted: others than root can write it (chmod go-w)");
	CHILD_CHECK(chmod("/mnt/p.d/x.conf", 0644) == 0 && chown("/mnt/p.d/x.conf", 4242, 0) == 0);
	CHECK_ASK("alice", "/mnt/p.d/x.conf: the file is not trusted: it does not belong to root (chown root)");
	CHILD_CHECK(unlink("/mnt/p.d/x.conf") == 0);
	write_file("/mnt/p.d/vanishes.conf", "rules = ( );", 0644);
	CHECK_ASK("alice", "/mnt/p.d/vanishes.conf: vanished while the policy was read");
	CHILD_CHECK(unlink("/mnt/p.d/vanishes.conf") == 0);
	CHECK_ASK("alice", "/mnt/p.conf:1 p ");
	for (int i = 0; i <= NSU_DROPINS_MAX; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/mnt/p.d/%d.conf", i);
		write_file(path, "rules = ( );", 0644);
	}
	CHECK_ASK("alice", "/mnt/p.d: more than 256 files *.conf");
}

static void load_refuses_drop_ins_that_it_can_not_take(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(try_dropins_that_can_not_be_taken), 0);
}

static void try_directories_that_are_not_trusted(void)
{
	make_dropins();
	write_file("/mnt/p.d/users/alice.conf", "hostname = \"mine\";", 0644);
	CHILD_CHECK(chmod("/mnt/p.d", 0775) == 0);
	CHECK_ASK("alice", "/mnt/p.d: the directory is not trusted: others than root can write it (chmod go-w)");
	CHILD_CHECK(chmod("/mnt/p.d", 0755) == 0 && chmod("/mnt/p.d/users", 0777) == 0);
	CHECK_ASK("alice",
	          "/mnt/p.d/users/alice.conf: the directory '/mnt/p.d/users' is not trusted: others than root can "
	          "write it (chmod go-w)");
	CHILD_CHECK(chmod("/mnt/p.d/users", 0755) == 0 && chown("/mnt/p.d/users", 4242, 0) == 0);
	CHECK_ASK("alice",
	          "/mnt/p.d/users/alice.conf: the directory '/mnt/p.d/users' is not trusted: it does not belong to "
	          "root (chown root)");
	CHILD_CHECK(rename("/mnt/p.d", "/mnt/q.d") == 0 && symlink("q.d", "/mnt/p.d") == 0);
	CHECK_ASK("alice", "open '/mnt/p.d': Too many levels of symbolic links");
	CHILD_CHECK(unlink("/mnt/p.d") == 0);
	write_file("/mnt/p.d", "", 0644);
	CHECK_ASK("alice", "/mnt/p.d: not a directory");
	CHILD_CHECK(unlink("/mnt/p.d") == 0 && mkfifo("/mnt/p.d", 0600) == 0);
	CHECK_ASK("alice", "/mnt/p.d: not a directory");
}

static void load_refuses_directories_that_are_not_trusted(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(try_directories_that_are_not_trusted), 0);
}

static void try_user_files(void)
{
	make_dropins();
	write_file("/mnt/p.d/users/bob.conf", "profile = \"p\"; hostname = \"mine\";", 0600);
	write_file("/mnt/evil.conf", "profile = \"p\"; hostname = \"evil\";", 0644);
	CHECK_ASK("bob", "/mnt/p.d/users/bob.conf:1 p mine");
	CHECK_ASK("bo", "none - alone");
	CHECK_ASK("bob.conf", "none - alone");
	CHECK_ASK("../../evil", "none - alone"); /* C-40 */
	CHECK_ASK("./bob", "none - alone");
	CHECK_ASK(".", "none - alone");
	CHECK_ASK("", "none - alone");
	CHILD_CHECK(symlink("bob.conf", "/mnt/p.d/users/carol.conf") == 0);
	CHECK_ASK("carol", "open '/mnt/p.d/users/carol.conf': Too many levels of symbolic links");
	CHILD_CHECK(mkfifo("/mnt/p.d/users/dave.conf", 0600) == 0);
	CHECK_ASK("dave", "/mnt/p.d/users/dave.conf: not a regular file");
	write_file("/mnt/p.d/users/erin.conf", "profile = \"p\";", 0602);
	CHECK_ASK("erin",
	          "/mnt/p.d/users/erin.conf: the file is not trusted: others than root can write it (chmod go-w)");
	write_file("/mnt/p.d/users/frank.conf", "profile = \"p\";", 0644);
	CHILD_CHECK(truncate("/mnt/p.d/users/frank.conf", NSU_USER_CONF_MAX + 1) == 0);
	CHECK_ASK("frank", "/mnt/p.d/users/frank.conf: larger than the 65536 bytes allowed");
}

static void load_user_reads_the_file_of_that_user_alone(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(try_user_files), 0);
}

/* All that a policy may hold, read, explained and examined. Return: 0; -ENOMEM if an allocation failed on the way. */
static int do_everything(void)
{
	struct nsu_subject subject = NSU_SUBJECT_INIT;
	struct nsu_explain explain = NSU_EXPLAIN_INIT;
	struct nsu_fail fail = NSU_FAIL_INIT;
	struct nsu_policy *policy = NULL;
	static struct nsu_plan plan;
	int ret;

	ret = nsu_subject_look_up(&subject, "daemon", &fail);
	if (ret == 0)
		ret = nsu_policy_load("/mnt/p.conf", &policy, &fail);
	if (ret == 0)
		ret = nsu_policy_load_user(policy, &subject, &fail);
	if (ret == 0)
		ret = nsu_explain_login(policy, &subject, NULL, &plan, &explain, &fail);
	nsu_explain_clear(&explain);
	nsu_policy_free(policy);
	nsu_subject_clear(&subject);
	if (ret < 0 && ret != -ENOMEM)
		dprintf(STDOUT_FILENO, "# %d: %s\n", ret, fail.text);
	return ret;
}

/* A child ends without the sanitizer's own check. Return: whether nothing has leaked; true where nobody can say. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static bool has_no_leak(void)
{
	return !__lsan_do_recoverable_leak_check || __lsan_do_recoverable_leak_check() == 0;
}

static void tell_nobody(void *data, enum nsu_policy_severity severity, const char *text)
{
	(void)data;
	(void)severity;
	(void)text;
}

static void fail_each_allocation(void)
{
	bool failed = true;
	int ret, n;

	make_dropins();
	write_file("/mnt/p.conf", whole_policy, 0644);
	write_file("/mnt/p.d/a.conf", "profiles = { z = { base = \"q\"; }; };", 0644);
	write_file("/mnt/p.d/users/daemon.conf", "profile = \"z\"; environment = \"X=1\";", 0644);
	CHILD_CHECK(do_everything() == 0);
	for (n = 0; failed; n++) { /* an answer of NSS that can not be kept is no failure */
		CHILD_CHECK(n < 2000);
		allocations_left = n;
		ret = do_everything();
		failed = allocations_left < 0;
		allocations_left = -1;
		CHILD_CHECK(ret == 0 || ret == -ENOMEM);
		CHILD_CHECK(failed || ret == 0);
	}
	CHILD_CHECK(n > 50);
	write_file("/mnt/p.d/b.conf", "rules = ( { user = 5; profile = \"z\"; }, { profile = \"y\"; } );", 0644);
	for (n = 0, failed = true; failed; n++) {
		CHILD_CHECK(n < 2000);
		allocations_left = n;
		ret = nsu_policy_examine("/mnt/p.conf", tell_nobody, NULL);
		failed = allocations_left < 0;
		allocations_left = -1;
		CHILD_CHECK(ret == 0 || ret == -ENOMEM);
		CHILD_CHECK(failed || ret == 0);
	}
	CHILD_CHECK(n > 50);
	CHILD_CHECK(has_no_leak());
}

static void everything_fails_without_a_leak_when_any_allocation_does(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(fail_each_allocation), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_fails_without_a_leak_when_any_allocation_does),
		cmocka_unit_test(parse_of_every_truncation_is_refused_or_taken),
		cmocka_unit_test(parse_of_every_changed_byte_is_refused_or_taken),
		cmocka_unit_test(parse_refuses_brackets_in_brackets_without_end),
		cmocka_unit_test(parse_of_the_largest_file_stays_within_the_time_of_an_open),
		cmocka_unit_test(parse_of_hostile_texts_takes_less_than_a_second),
		cmocka_unit_test(free_takes_nothing),
		cmocka_unit_test(load_says_when_there_is_no_file),
		cmocka_unit_test(load_refuses_a_file_below_a_directory_that_others_write),
		cmocka_unit_test(load_takes_a_good_file_and_refuses_a_huge_one),
		cmocka_unit_test(load_reads_drop_ins_in_the_order_of_their_bytes),
		cmocka_unit_test(load_refuses_drop_ins_that_it_can_not_take),
		cmocka_unit_test(load_refuses_directories_that_are_not_trusted),
		cmocka_unit_test(load_user_reads_the_file_of_that_user_alone),
		cmocka_unit_test(everything_fails_without_a_leak_when_any_allocation_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
