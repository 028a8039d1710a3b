/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include "marker.h"

#define TEST_ID "0123456789abcdef"

static struct nsu_marker marker;
static bool inside;

static int read_it(const char *word)
{
	struct nsu_fail fail = NSU_FAIL_INIT;
	int ret;

	memset(&marker, 0x5a, sizeof(marker));
	inside = false;
	ret = nsu_marker_read(&marker, &inside, &fail);
	if (ret < 0)
		CHILD_CHECK(!inside && marker.id[0] == 0x5a && strstr(fail.text, word));
	return ret;
}

static void own_run_dir(void)
{
	own_mounts();
	CHILD_CHECK(mkdir(NSU_RUN_DIR, 0700) == 0);
}

static void put(const char *text)
{
	unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
	CHILD_CHECK(symlink(text, NSU_RUN_DIR "/" NSU_MARKER_NAME) == 0);
}

static void make_and_read(void)
{
	char profile[NSU_LOG_VALUE_MAX + 1];
	int fd;

	own_run_dir();
	CHILD_CHECK(read_it("") == 0 && !inside);
	CHILD_CHECK(rmdir(NSU_RUN_DIR) == 0 && read_it("") == 0 && !inside);
	CHILD_CHECK(mkdir(NSU_RUN_DIR, 0700) == 0);
	fd = open(NSU_RUN_DIR, O_PATH | O_CLOEXEC);
	CHILD_CHECK(nsu_marker_make(fd, TEST_ID, 4294967294, "a profile") == 0);
	CHILD_CHECK(read_it("") == 0 && inside);
	CHILD_CHECK(strcmp(marker.id, TEST_ID) == 0 && marker.uid == 4294967294);
	CHILD_CHECK(strcmp(marker.profile, "a profile") == 0);
	CHILD_CHECK(nsu_marker_make(fd, TEST_ID, 1, "x") == -EEXIST);
	memset(profile, 'p', sizeof(profile));
	profile[NSU_LOG_VALUE_MAX - 1] = '\0';
	unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
	CHILD_CHECK(nsu_marker_make(fd, TEST_ID, 4294967294, profile) == 0);
	CHILD_CHECK(read_it("") == 0 && inside && strcmp(marker.profile, profile) == 0);
	profile[NSU_LOG_VALUE_MAX - 1] = 'p';
	profile[NSU_LOG_VALUE_MAX] = '\0';
	unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME);
	CHILD_CHECK(nsu_marker_make(fd, TEST_ID, 1, profile) == -EINVAL);
	CHILD_CHECK(nsu_marker_make(fd, "12", 1, "x") == -EINVAL);
}

static void marker_says_what_it_was_made_with(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(make_and_read), 0);
}

static void read_strange_ones(void)
{
	static const char *const wrong[] = {"x",
	                                    TEST_ID,
	                                    TEST_ID " ",
	                                    TEST_ID " 1000",
	                                    TEST_ID "1000 p",
	                                    TEST_ID "0 1000 p",
	                                    TEST_ID "  p",
	                                    TEST_ID " -1 p",
	                                    TEST_ID " 4294967295 p",
	                                    TEST_ID " 4294967296 p",
	                                    TEST_ID " 0x10 p",
	                                    "0123456789abcdeg 1000 p",
	                                    "/etc/passwd"};
	char text[1024];

	own_run_dir();
	for (size_t i = 0; i < NSU_COUNT(wrong); i++) {
		put(wrong[i]);
		CHILD_CHECK(read_it("not the marker of a session") == -EINVAL);
	}
	for (int len = NSU_LOG_VALUE_MAX - 1; len < 900; len++) {
		snprintf(text, sizeof(text), "%s 1 %0*d", TEST_ID, len, 7);
		put(text);
		CHILD_CHECK(read_it("not the marker") == (len < NSU_LOG_VALUE_MAX ? 0 : -EINVAL));
	}
	put(TEST_ID " 1000 p");
	CHILD_CHECK(read_it("") == 0 && inside);
	CHILD_CHECK(lchown(NSU_RUN_DIR "/" NSU_MARKER_NAME, 1000, 1000) == 0);
	CHILD_CHECK(read_it("not the marker of a session") == -EINVAL);
	CHILD_CHECK(unlink(NSU_RUN_DIR "/" NSU_MARKER_NAME) == 0);
	write_file(NSU_RUN_DIR "/" NSU_MARKER_NAME, TEST_ID " 1000 p", 0600);
	CHILD_CHECK(read_it("read '/run/nsunshare/session'") == -EINVAL);
}

static void marker_believes_only_a_link_of_root_in_its_own_form(void **state)
{
	(void)state;
	SKIP_UNLESS_ROOT();
	assert_int_equal(in_child(read_strange_ones), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marker_says_what_it_was_made_with),
		cmocka_unit_test(marker_believes_only_a_link_of_root_in_its_own_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
