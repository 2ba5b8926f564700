/* replay.c - a target over the files that are named, or lie in directories that are named. */
#include "base/base.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static unsigned count;

static int one(const char *path)
{
	char *data;
	size_t n;

	if (fs_read(path, &data, &n) < 0)
		return -1;
	/* in memory of its own size, so that sanitizers see a byte behind it */
	uint8_t *copy = xmalloc(n ? n : 1);
	memcpy(copy, data, n);
	free(data);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	count++;
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		char path[4096];

		if (!d) {
			rc |= one(argv[i]);
			continue;
		}
		for (struct dirent *e; (e = readdir(d));) {
			snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
			if (*e->d_name != '.')
				rc |= one(path);
		}
		closedir(d);
	}
	printf("%u inputs\n", count);
	return rc || !count;
}
