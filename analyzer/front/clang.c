/* clang.c - loads libclang 19 and finds its built-in headers.
 *
 * The library is opened by name because only worker processes need it, and so that a machine
 * without it gets a sentence instead of a loader's error. Debian's libclang1-19 does not depend on
 * the package that owns the built-in headers (stddef.h and others), so both are looked for.
 */
#include "front/clang.h"
#include "front/lower.h"

#include <dlfcn.h>

struct clang lc;

static const struct {
	const char *name;
	size_t at;
} fns[] = {
#define F(name) {"clang_" #name, offsetof(struct clang, name)},
	CLANG_FNS(F)
#undef F
};

static void *open_library(void)
{
	static const char *const names[] = {TVT_LIBCLANG_DIR "/lib/libclang-19.so.1",
		"libclang-19.so.1", "libclang-19.so.19", "libclang.so.19"};

	for (size_t i = 0; i < COUNT(names); i++) {
		void *lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

		if (lib)
			return lib;
	}
	error("cannot load libclang 19: %s", dlerror());
	return NULL;
}

/* Beside the library that was loaded: DIR/libclang-19.so.1 and DIR/clang/19/include/stddef.h. */
static char *find_resource_dir(void *fn)
{
	struct arena *a = arena_new();
	char *real = NULL, *dir = NULL;
	Dl_info info;
	const char *bases[3] = {TVT_LIBCLANG_DIR "/lib", NULL, NULL};

	if (dladdr(fn, &info) && info.dli_fname) {
		bases[1] = path_dir(a, info.dli_fname);
		real = realpath(info.dli_fname, NULL);
		if (real)
			bases[2] = path_dir(a, real);
	}
	for (size_t i = 0; i < COUNT(bases) && !dir; i++) {
		char *s = bases[i] ? path_join(a, bases[i], "clang/19") : NULL;

		if (s && fs_is_file(path_join(a, s, "include/stddef.h")))
			dir = xstrdup(s);
	}
	if (!dir)
		error("the built-in headers of clang 19 are missing (stddef.h below '%s'): install "
		      "libclang-common-19-dev",
			bases[0]);
	free(real);
	arena_free(a);
	return dir;
}

int clang_load(struct sb *version)
{
	void *lib, *fn = NULL;

	if (!lc.resource_dir) {
		lib = open_library();
		if (!lib)
			return -1;
		for (size_t i = 0; i < COUNT(fns); i++) {
			fn = dlsym(lib, fns[i].name);
			if (!fn)
				return error(
					"libclang has no '%s': it is older than 19", fns[i].name);
			memcpy((char *)&lc + fns[i].at, &fn, sizeof fn);
		}
		lc.resource_dir = find_resource_dir(fn);
		if (!lc.resource_dir)
			return -1;
		/* parsing runs on our own large stack; a crash is the worker's business */
		setenv("LIBCLANG_NOTHREADS", "1", 1);
		lc.toggleCrashRecovery(0);
	}
	if (version) {
		CXString s = lc.getClangVersion();

		sb_puts(version, lc.getCString(s));
		lc.disposeString(s);
	}
	return 0;
}
