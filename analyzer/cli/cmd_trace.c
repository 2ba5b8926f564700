/* cmd_trace.c - runs a program under the tracer. The tracer is a program of its own, tvt-trace, so that its libraries
 * are not loaded for anything else. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* tvt-trace: beside this program, or where the build puts it; else by PATH. */
static const char *tracer(struct arena *mem)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n > 0) {
		self[n] = 0;
		const char *dir = path_dir(mem, self);
		static const char *const places[] = {"tvt-trace", "../runtime/trace/tvt-trace"};
		for (size_t i = 0; i < COUNT(places); i++) {
			const char *path = path_join(mem, dir, places[i]);
			if (fs_is_file(path))
				return path;
		}
	}
	return "tvt-trace";
}

int cmd_trace(const struct cli *c)
{
	if (!c->narg) {
		error("trace: which program? tvt-lint trace -- PROGRAM [ARG]...");
		return EXIT_TROUBLE;
	}
	struct arena *mem = arena_new();
	const char **argv = arena_alloc(mem, (c->narg + 6) * sizeof *argv);
	uint32_t n = 0;
	argv[n++] = tracer(mem);
	if (c->trace) {
		argv[n++] = "-o";
		argv[n++] = c->trace;
	}
	argv[n++] = "--";
	for (uint32_t i = 0; i < c->narg; i++)
		argv[n++] = c->args[i];
	argv[n] = NULL;
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	error("trace: cannot run '%s': %s", argv[0], strerror(errno));
	arena_free(mem);
	return EXIT_TROUBLE;
}
