/* identity.c - what the results of all units depend on: the parser, and what it takes from the
 * environment. The tool itself is the caller's matter. */
#include "front/front.h"

#include <sys/stat.h>

/* Only the packages of a distribution change these files, and then their times. */
static void put_file(struct sb *b, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	sb_printf(b, "%s %lld %lld.%ld\n", path, (long long)st.st_size,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

struct hash128 front_identity(void)
{
	static const char *const vars[] = {"CPATH", "C_INCLUDE_PATH"};
	struct hash128 h;
	struct sb b = {0};

	put_file(&b, TVT_LIBCLANG_DIR "/lib/libclang-19.so.1");
	put_file(&b, TVT_LIBCLANG_DIR "/lib/libLLVM.so.19.1");
	for (size_t i = 0; i < COUNT(vars); i++) {
		const char *val = getenv(vars[i]);

		sb_printf(&b, "%s=%s\n", vars[i], val ? val : "");
	}
	h = hash128_bytes(b.s, b.n);
	sb_free(&b);
	return h;
}
