/* run.h - runs a program under the tracer. */
#ifndef TVT_TRACE_RUN_H
#define TVT_TRACE_RUN_H

#include "runtime/trace/tracefile.h"

struct trace_opts {
	const char *lib;       /* libtvt-trace.so; NULL: beside this program, or installed */
	const char *dir;       /* keep the process files here; NULL: a temporary directory */
	uint32_t threshold_us; /* calls that may block are recorded from here on; 0: 1000 */
	uint32_t budget_us;    /* a turn may take this long; 0: 10000 */
};

/* Runs argv[0] (found in PATH) with its arguments until it and all processes it has left behind
 * have ended, watching for long turns. Standard streams and signals are the program's own. On
 * success 0, the trace in *out (free it with tracefile_free) and the program's wait status in
 * *status; -1 after error(), also when the program cannot be traced. */
int trace_run(
	const struct trace_opts *opts, char *const argv[], struct tracefile **out, int *status);

/* Watches processes that others started with the library preloaded and TVT_TRACE_DIR set to dir,
 * until SIGINT or SIGTERM. Then read them with tracefile_read. 0, or -1 after error(). */
int trace_watch(const char *dir, uint32_t budget_us);

/* ---- parts of it ---- */

/* The file that will be run for argv[0]. NULL after error(): there is none, or the preloaded
 * library would have no effect on it (static, for musl, set-user-id, not ELF, another machine). */
struct arena;
const char *loadable(struct arena *a, const char *name);

/* Watches the process files in a directory and asks threads in long turns where they are. */
struct watch;
struct watch *watch_new(const char *dir);
void watch_tick(struct watch *w); /* to be called every quarter of the budget */
void watch_signal_all(const struct watch *w, int sig); /* to every traced process that is alive */
void watch_free(struct watch *w);

/* Measures the time stamp counter, for about 20 ms. 0 if it is not to be used. */
uint64_t trace_measure_khz(void);

#endif
