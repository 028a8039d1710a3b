/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading and parsing as a whole: what no small file of wrong/ or golden/ can show. Every allocation of the library
 * goes through the wrappers below, which fail the n-th one.
 */
/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup */
#include "support.h"

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

static const char whole_policy[] =
	"rules = (\n"
	"  { user = \"root\"; profile = \"none\"; },\n"
	"  { group = [ \"a\", \"b\" ]; service = \"sshd\"; tty = \"*\"; rhost = \"*\"; uid = [ \"1-2\", \"7-\" ];\n"
	"    profile = \"p\"; mounts = ( { type = \"tmpfs\"; path = \"/x\"; } ); }\n"
	");\n"
	"profiles = {\n"
	"  p = { base = \"default\"; hostname = \"%u\"; mounts = ( { type = \"tmpfs\"; path = \"/tmp\"; } ); };\n"
	"  q = { base = \"p\"; };\n"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_fails_without_a_leak_when_any_allocation_does),
		cmocka_unit_test(parse_of_every_truncation_is_refused_or_taken),
		cmocka_unit_test(parse_of_every_changed_byte_is_refused_or_taken),
		cmocka_unit_test(parse_refuses_brackets_in_brackets_without_end),
		cmocka_unit_test(parse_of_the_largest_file_stays_within_the_time_of_an_open),
		cmocka_unit_test(free_takes_nothing),
		cmocka_unit_test(load_says_when_there_is_no_file),
		cmocka_unit_test(load_refuses_a_file_below_a_directory_that_others_write),
		cmocka_unit_test(load_takes_a_good_file_and_refuses_a_huge_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
