/* cmd_trace.c - runs a program under the tracer, tvt-trace. */
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>

int cmd_trace(const struct cli *c)
{
	if (!c->narg) {
		error("trace: which program? tvt-lint trace -- PROGRAM [ARG]...");
		return EXIT_TROUBLE;
	}
	struct arena *mem = arena_new();
	const char **argv = arena_alloc(mem, (c->narg + 6) * sizeof *argv);
	uint32_t n = 0;
	argv[n++] = child_program(mem, "tvt-trace", "runtime/trace");
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
