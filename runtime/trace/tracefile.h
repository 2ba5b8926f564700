/* tracefile.h - what a traced run has shown: read, symbolised, aggregated; printed, written, read
 * back.
 *
 * Two sources give the same struct tracefile: the directory of process files that libtvt-trace.so
 * wrote (tracefile_read), and the JSON that was made of it (tracefile_load). README.md describes
 * the JSON.
 *
 * All strings and arrays live as long as the tracefile. Times are nanoseconds. Messages go through
 * error() and warn() of base.h.
 */
#ifndef TVT_TRACEFILE_H
#define TVT_TRACEFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TRACEFILE_NONE UINT32_MAX

enum tracefile_kind {
	TF_CALL,   /* a call that blocked inside a turn of a loop */
	TF_LOCK,   /* the same, and it waited for a lock */
	TF_HOLD,   /* a lock for which a loop waited was held this long, by any thread */
	TF_LONG,   /* a turn was over budget: on the processor, seen here in its middle */
	TF_ASLEEP, /* a turn was over budget: asleep in a call that the tracer does not know */
	TF_START,  /* a thread was started here */
};

struct tracefile_frame {
	const char *fn;	    /* NULL: no symbol */
	const char *file;   /* absolute and normal; NULL: no line table */
	uint32_t line, col; /* of the call; 0 is not known */
	const char *module; /* path of the object; "" for code made at run time */
	uint64_t addr;	    /* in the object's file: the last byte of the call */
	bool inlined;	    /* into the next frame; addr is the same */
	bool indirect;	    /* it calls the frame before it through a pointer */
};

struct tracefile_record {
	enum tracefile_kind kind;
	const char *call; /* name of the function that was called; "" for TF_LONG and TF_ASLEEP */
	const char *what; /* "socket, blocking", a lock's name, a thread's function; or NULL */
	const char *
		held_by; /* TF_LOCK: name of the thread that held it at the longest wait; or NULL */
	uint64_t count;
	uint64_t total_ns, max_ns, p99_ns; /* p99 within 6 % */
	struct tracefile_frame *frames;	   /* innermost first; frames[0] made the call */
	uint32_t nframe;
	uint32_t site;	   /* frame where the user's source is: the innermost with a line, else 0 */
	uint32_t callback; /* frame of the first function outside the loop; TRACEFILE_NONE if
			      unknown */
	uint32_t process, thread,
		loop;	  /* of the first; loop is TRACEFILE_NONE for TF_HOLD, TF_START */
	uint32_t nthread; /* threads, of all processes, that it was seen on */
	bool unfinished;  /* at least one had not returned when the process ended */
	/* Of the longer ones, in how many the thread was seen asleep, or only ready to run: then it
	 * was not blocked, but others had the processor. */
	uint64_t asleep, runnable;
	/* Nothing speaks for a wait: the descriptor is a non-blocking socket or pipe, or the thread
	 * was never seen asleep but was seen ready. Such records come from a busy machine. */
	bool doubtful;
	bool worker; /* its loop is a worker: see struct tracefile_loop */
};

struct tracefile_loop {
	uint32_t process, thread;
	const char *call; /* the wait: "epoll_wait" */
	struct tracefile_frame *frames;
	uint32_t nframe, site;
	uint32_t max_fds; /* most descriptors waited for; 0 is not known */
	/* It waits for one descriptor and calls nothing through pointers: a worker, not an event
	 * loop. */
	bool worker;
	/* It is run by a callback of another loop on the same thread, whose turns it is in. What
	 * was found in it is said of the other. */
	bool nested;
	uint64_t turns, total_ns, max_ns, p50_ns, p99_ns, wait_ns;
	uint64_t over;	      /* turns over budget */
	uint64_t over_called; /* of these, recorded calls make up half or more */
	/* A sample of the turns was checked for time on the processor and for sleeps. */
	uint64_t checked, checked_ns, cpu_ns, page_waits;
	uint64_t asleep, asleep_ns; /* turns that slept without a known call, and how long */
};

struct tracefile_thread {
	uint32_t process, tid;
	const char *name;
	uint64_t starved; /* long turns in which it mostly waited for a processor */
};

enum tracefile_end { TF_EXITED, TF_EXECED, TF_KILLED, TF_RUNNING };

struct tracefile_process {
	uint32_t pid, ppid;
	const char *exe, *args; /* args joined by spaces */
	enum tracefile_end end;
	uint64_t ran_ns;
	uint64_t samples; /* backtraces taken in the middle of turns */
	uint64_t lost;	  /* records for which there was no room */
	bool sandboxed;	  /* seccomp: checks and growth stopped there */
};

struct tracefile {
	uint64_t threshold_ns, budget_ns;
	struct tracefile_process *processes;
	struct tracefile_thread *threads;
	struct tracefile_loop *loops;
	struct tracefile_record
		*records; /* doubtful ones and workers last; then by kind, worst total first */
	uint32_t nprocess, nthread, nloop, nrecord;
	uint32_t nfile, nbad; /* process files found; those that could not be used */
	struct arena *arena;
};

/* Reads every process file in dir. Files that are damaged are said, counted and left out; NULL only
 * if dir cannot be read. Reading needs the programs and their debug files where they were. */
struct tracefile *tracefile_read(const char *dir);

/* Reads what tracefile_write wrote. NULL after error(). */
struct tracefile *tracefile_load(const char *json);

/* Writes JSON; the file is absent, old or whole. 0, or -1 after error(). */
int tracefile_write(const struct tracefile *t, const char *json);

/* The table. With all: workers, thread starts and whole stacks too. */
void tracefile_print(const struct tracefile *t, FILE *out, bool all);

/* Name of a kind in JSON: "call", "lock", "hold", "long-turn", "asleep", "thread-start". */
const char *tracefile_kind_name(enum tracefile_kind kind);

void tracefile_free(struct tracefile *t);

#endif
