/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * replay_TARGET DIRECTORY...: gives each file of each directory to the target that it is linked with, without
 * libFuzzer, built by any compiler. One line of TAP for each directory, before it a comment for each file: where the
 * target ends the process, the last one names the input.
 */
#include "fuzz.h"

#include <dirent.h>
#include <err.h>
#include <limits.h>
#include <string.h>

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *data = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&data, &size);
	char *exact;
	int c;

	if (!file || !memory)
		err(1, "%s", path);
	while ((c = getc(file)) != EOF)
		putc(c, memory);
	if (fclose(file) != 0 || fclose(memory) != 0)
		err(1, "%s", path);
	exact = malloc(size ? size : 1); /* of this very size, for the sanitizer */
	if (!exact)
		err(1, "%s", path);
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, size);
	free(exact);
	free(data);
}

static int replay_directory(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[PATH_MAX];
	int n = 0;

	if (!dir)
		err(1, "%s", directory);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || entry->d_type == DT_DIR)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		printf("# %s\n", path);
		fflush(stdout);
		replay_file(path);
		n++;
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '_');

	for (int i = 1; i < argc; i++) {
		int n = replay_directory(argv[i]);

		printf("ok - %s: nothing is found by the %d inputs of %s\n", name ? name + 1 : argv[0], n, argv[i]);
	}
	return 0;
}
