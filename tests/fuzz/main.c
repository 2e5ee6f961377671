/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replays a corpus through LLVMFuzzerTestOneInput() where there is no
 * libFuzzer, so that what was once found is looked at by every `make check`.
 * FUZZ_CORPUS is the folder; files in the arguments are replayed instead.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "tests/fuzz/fuzz.h"

static int
replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct ddns_buf in = { 0 };
	uint8_t chunk[4096], *exact = NULL;
	size_t n;
	int bad = 1;

	if (file == NULL)
		return bad;
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		ddns_buf_put(&in, chunk, n);
	/* a block of just that size, so that a sanitizer sees one byte more */
	exact = malloc(in.len_bytes == 0 ? 1 : in.len_bytes);
	if (!ferror(file) && in.err == DDNS_OK && exact != NULL) {
		if (in.len_bytes != 0)
			memcpy(exact, in.base, in.len_bytes);
		bad = LLVMFuzzerTestOneInput(exact, in.len_bytes);
	}
	free(exact);
	ddns_buf_done(&in);
	fclose(file);
	return bad;
}

static int
report(const char *path, int n, const char *name)
{
	int bad = replay(path);

	printf("%s %d - %s\n", bad != 0 ? "not ok" : "ok", n, name);
	fflush(stdout);
	return bad;
}

static int
replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0, bad = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path;

		if (entry->d_name[0] == '.')
			continue;
		path = ddns_asprintf("%s/%s", folder, entry->d_name);
		if (path == NULL)
			abort();
		bad |= report(path, ++count, entry->d_name);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
	printf("1..%d\n", count);
	if (count == 0)
		fprintf(stderr, "no corpus in %s\n", folder);
	return bad != 0 || count == 0;
}

int
main(int argc, char **argv)
{
	int bad = 0;

	if (argc < 2)
		return replay_folder(FUZZ_CORPUS);
	for (int i = 1; i < argc; i++)
		bad |= report(argv[i], i, argv[i]);
	printf("1..%d\n", argc - 1);
	return bad != 0;
}
