/* machine.h - what things cost on a machine: threads, tasks, wake-ups, locks. What advice is computed from.
 *
 * Measured by `tvt-lint calibrate` and kept in the cache, or else the defaults shipped here. Times vary fourfold between
 * machines, so each constant has a spread, and advice that hangs on it says so.
 */
#ifndef TVT_MACHINE_H
#define TVT_MACHINE_H

#include "base/base.h"

/* MACHINE(id, name, unit, median, p10, p90, doc): the defaults are those of a quiet Linux on two shared cores, with a
 * wide spread. Names are those of runtime/experiment/machine.c. */
#define MACHINE_CONSTANTS(MACHINE)                                                                                    \
	MACHINE(THREAD, "thread", NS, 40000, 20000, 120000, "create a thread and join it")                            \
	MACHINE(THREAD_SWITCH, "thread-switch", NS, 2500, 1500, 6000, "wake another thread of this core and switch")  \
	MACHINE(HANDOFF, "handoff", NS, 20000, 10000, 60000, "from a loop to an idle pool thread and back")           \
	MACHINE(WAKE_EVENTFD, "wake-eventfd", NS, 9000, 6000, 30000, "wake a loop that waits in epoll_wait")          \
	MACHINE(WAKE_COND, "wake-cond", NS, 8000, 4000, 30000, "wake a thread that waits for a condition")            \
	MACHINE(EPOLL_TURN, "epoll-turn", NS, 800, 250, 3000, "epoll_wait and read of one ready descriptor")          \
	MACHINE(TASK, "task", NS, 25, 15, 100, "spawn a task and wait for it")                                        \
	MACHINE(TASK_SWITCH, "task-switch", NS, 6, 3, 20, "from a task to the next")                                  \
	MACHINE(TASK_HANDOFF, "task-handoff", NS, 25000, 12000, 100000, "a job of a task on the pool and back")       \
	MACHINE(MUTEX, "mutex", NS, 13, 8, 30, "lock and unlock, nobody else wants it")                               \
	MACHINE(MUTEX_CONTENDED, "mutex-contended", NS, 60, 30, 300, "lock and unlock, each core wants it, for each") \
	MACHINE(ATOMIC, "atomic", NS, 5.5, 4, 10, "atomic add, nobody else")                                          \
	MACHINE(SYSCALL, "syscall", NS, 300, 100, 1200, "the least system call")                                      \
	MACHINE(CLOCK, "clock", NS, 25, 18, 60, "clock_gettime")                                                      \
	MACHINE(PAGE, "page", NS, 2000, 500, 20000, "first touch of a page")                                          \
	MACHINE(OPERATION, "operation", NS, 0.55, 0.4, 1, "an addition or multiplication that waits for the one before") \
	MACHINE(MISS, "miss", NS, 100, 60, 400, "a load that no cache of the core has")                               \
	MACHINE(TIMER_LATE, "timer-late", NS, 80000, 50000, 150000, "how late a sleep of 0.2 ms ends")                \
	MACHINE(THREAD_BYTES, "thread-bytes", BYTES, 28600, 25000, 32000, "a waiting thread, kernel stack included")  \
	MACHINE(TASK_BYTES, "task-bytes", BYTES, 4230, 4200, 4500, "a waiting task")                                  \
	MACHINE(HANDLE_BYTES, "handle-bytes", BYTES, 400, 150, 1000, "a waiting connection or timer of a loop with callbacks")

enum machine_unit { UNIT_NS, UNIT_BYTES };
enum machine_id {
#define MACHINE(id, ...) MACHINE_##id,
	MACHINE_CONSTANTS(MACHINE)
#undef MACHINE
	MACHINE_COUNT
};
struct machine_row {
	const char *name;
	enum machine_unit unit;
	const char *doc; /* a clause */
};
extern const struct machine_row machine_rows[MACHINE_COUNT];

struct spread {
	double median, p10, p90; /* nanoseconds or bytes */
};
struct machine {
	struct spread v[MACHINE_COUNT];
	unsigned cores; /* that a process may use */
	double memory;	/* bytes */
	double busy;	/* 0 to 1: the share of the machine that others had while it was measured */
	int64_t when;	/* seconds since 1970; 0 if not measured: the defaults, and this machine's cores and memory */
};

void machine_default(struct machine *m);
/* The constants of this machine: what was measured, or the defaults. path NULL: where `calibrate` keeps them. -1 after
 * error() if there is such a file and it says nothing sensible; m then has the defaults. */
int machine_load(struct machine *m, const char *path);
int machine_store(const struct machine *m, const char *path); /* makes folders; -1 after error() */
/* Lines "name median p10 p90" and "name number"; # begins a comment. What is missing keeps its value. -1 after error(),
 * which names the source. */
int machine_parse(struct machine *m, const char *text, const char *source);
void machine_write(const struct machine *m, struct sb *out); /* what machine_parse reads */
/* Whether the others left the machine enough alone while it was measured. */
bool machine_quiet(const struct machine *m);
/* Where the constants are kept: below $XDG_CACHE_HOME or ~/.cache; NULL without a home. */
char *machine_path(struct arena *a);

#endif
