/* fuzz.h - what the targets share: a directory of their own, and messages that go nowhere.
 *
 * A target is LLVMFuzzerTestOneInput() in a file of its own. With -DTVT_FUZZ=ON and clang it is a libFuzzer program;
 * else replay.c runs it over the files of seeds/<target>/, which is a test.
 */
#ifndef TVT_FUZZ_H
#define TVT_FUZZ_H

#include "base/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Stops if what must hold does not; asserts are not in every build. */
#define MUST(what)                                                                                                     \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                              \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static char fuzz_dir[64];

static inline void fuzz_hear(void *ctx, const char *level, const char *msg)
{
	MUST(*msg);
	if (getenv("FUZZ_SAY"))
		fprintf(stderr, "%s: %s\n", level, msg);
}

static inline void fuzz_clean(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf '%s'", fuzz_dir);
	if (system(command))
		perror(command);
}

/* The directory, made at the first call and removed at the end. */
static inline const char *fuzz_begin(void)
{
	if (!*fuzz_dir) {
		snprintf(fuzz_dir, sizeof fuzz_dir, "%s/tvt-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
		MUST(mkdtemp(fuzz_dir));
		atexit(fuzz_clean);
		diag_redirect(fuzz_hear, NULL);
	}
	return fuzz_dir;
}

/* Writes a file there; its path, good until the next call. */
static inline const char *fuzz_file(const char *name, const void *data, size_t n)
{
	static char path[200];
	int fd;

	snprintf(path, sizeof path, "%s/%s", fuzz_begin(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, data, n) == (ssize_t)n && close(fd) == 0);
	return path;
}

#endif
