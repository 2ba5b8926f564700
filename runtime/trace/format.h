/* format.h - the file that a traced process writes, and that the front end watches and reads.
 *
 * One file a process, mapped shared from its start, so that a process that is killed leaves what it
 * had recorded. All is aggregated in place: the size does not grow with the running time.
 *
 * Only the traced process writes, but for `seen`, `poke`, `looked...` and `starved`, which are the
 * watcher's. Tables grow by an atomic counter in the header; an entry is valid once its `ready` is
 * set. Times are ticks: `tick_khz` of them make a millisecond (the time stamp counter), or
 * nanoseconds if it is 0. A reader must believe nothing: counters may run beyond the tables, text
 * may lack its NUL.
 */
#ifndef TVT_TRACE_FORMAT_H
#define TVT_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC 0x4543415254545654u /* "TVTTRACE" */
#define TRACE_VERSION 1			/* raise it with any change here or in calls.def */

#define TRACE_FRAMES 40	 /* deepest stack kept; deeper ones keep their inner end */
#define TRACE_LEVELS 4	 /* loops nested in one another's callbacks */
#define TRACE_PENDING 64 /* events of a turn that is not over yet */
#define TRACE_MODULES 512
#define TRACE_THREADS 1024
#define TRACE_LOOPS 1024
#define TRACE_SITES 4096
#define TRACE_HASH 8192 /* a power of two, at least twice TRACE_SITES */

enum trace_call {
	CALL_NONE,
#define CALL(ret, name, when, fd, params, args) CALL_##name,
#define VOID(name, when, params, args) CALL_##name,
#define WAIT(ret, name, fds, sleeps, params, args) CALL_##name,
#define HAND(name) CALL_##name,
#include "calls.def"
	CALL_COUNT
};

enum trace_state {
	STATE_RUNNING = 1, /* or killed */
	STATE_EXITED,
	STATE_EXECED, /* another file of the same pid goes on */
};

enum trace_kind {
	KIND_CALL = 1, /* a call that blocked inside a turn */
	KIND_LOCK,     /* the same, and it waited for a lock: object is the lock */
	KIND_HOLD,     /* a lock that others waited for was held: object is the lock */
	KIND_LONG,     /* where a turn over budget was, on the processor */
	KIND_ASLEEP,   /* where a turn over budget was, asleep outside every known call */
	KIND_START,    /* a thread was started: object is its function */
	KIND_COUNT
};

enum trace_flag {
	FLAG_SANDBOXED = 1,  /* seccomp was entered: no system calls of our own since then */
	FLAG_STALE = 2,	     /* a stack met code that is in no known module */
	FLAG_SITE_EXACT = 1, /* frame[0] is where it stood, not a return address */
	FLAG_SITE_MANY = 2,  /* several objects were met; the first is kept */
	FLAG_SITE_CUT = 4,   /* the stack was deeper than TRACE_FRAMES, or could not be followed */
	FLAG_SITE_NEVER = 8, /* a call that is recorded however short */
	FLAG_PENDING_OPEN = 1, /* the call has not returned yet */
};

enum { LOOKED_ASLEEP = 1, LOOKED_RUNNABLE = 2 };

/* Log-linear histogram: 8 buckets an octave above 2^10 ticks (about 0.3 us), so 6 % at worst. */
#define TRACE_HIST_SHIFT 10
#define TRACE_BUCKETS (8 * 32)
struct trace_hist {
	uint32_t n[TRACE_BUCKETS];
};
static inline unsigned trace_bucket(uint64_t ticks)
{
	uint64_t v = ticks >> TRACE_HIST_SHIFT;
	unsigned octave, i;

	if (v < 8)
		return (unsigned)v;
	octave = 63u - (unsigned)__builtin_clzll(v);
	i = (octave - 2) * 8 + (unsigned)(v >> (octave - 3) & 7);
	return i < TRACE_BUCKETS ? i : TRACE_BUCKETS - 1;
}
/* The middle of a bucket, in ticks. */
static inline uint64_t trace_bucket_mid(unsigned i)
{
	unsigned octave = i / 8 + 2;
	uint64_t step;

	if (i < 8)
		return (2 * (uint64_t)i + 1) << (TRACE_HIST_SHIFT - 1);
	step = (uint64_t)1 << (octave - 3);
	return (((8 + i % 8) * step) << TRACE_HIST_SHIFT) + (step << TRACE_HIST_SHIFT) / 2;
}

struct trace_module {
	uint32_t ready, nbuild_id;
	uint64_t base;	   /* run-time address - address in the file */
	uint64_t lo, hi;   /* mapped range */
	uint64_t from, to; /* when it was seen to be loaded, unloaded (0: still there) */
	uint8_t build_id[32];
	char path[512];
};

/* Where a loop waits, once in each nesting. */
struct trace_level {
	uint64_t ra,
		alias;	   /* return address of the wait; of a second wait in the same activation */
	uint64_t cfa;	   /* stack pointer of its caller at the call */
	uint64_t keep_pc;  /* a frame further out, which lives as long as the loop runs: return */
	uint64_t keep_cfa; /* address in it, and its CFA */
	uint64_t turn_start; /* when its wait last returned */
	uint32_t loop;
	uint32_t first;	 /* its events begin here in pending[] */
	uint32_t streak; /* turns since another loop's wait was seen on this thread */
	uint32_t twin;	 /* its wait is in the same activation of a function as the level below's */
};

struct trace_pending {
	uint32_t site, flags;
	uint64_t ticks; /* how long; when it began while FLAG_PENDING_OPEN */
};

struct trace_thread {
	/* The watcher may signal this thread while turn_start is not 0 and inside is. */
	uint64_t inside;     /* stack address of the outermost wrapper it is in; 0 in user code */
	uint64_t turn_start; /* of the innermost turn; 0 outside turns */
	uint32_t poke; /* the watcher is about to signal: a trace_kind; cleared by the handler */
	uint32_t tid;
	uint32_t call; /* the innermost call that it is inside, or was last */
	uint32_t nlevel;
	uint64_t call_ra, call_start;
	uint64_t looked_at; /* call_start of the call in which the watcher last looked at it */
	uint32_t looked;    /* what it then was: LOOKED_... */
	uint32_t starved;   /* long turns in which it mostly waited for a processor */
	uint32_t ready, ended;
	uint32_t npending;
	uint32_t loops; /* index + 1 of its first loop; they are chained by `next` */
	char name[16];
	struct trace_level level[TRACE_LEVELS];
	struct trace_pending pending[TRACE_PENDING];
} __attribute__((aligned(2048))); /* within one page */

struct trace_loop {
	uint32_t ready, thread;
	uint32_t call;	    /* the wait function */
	uint32_t again;	    /* its wait is in a callback that a wait at the same place led to */
	uint32_t next, pad; /* index + 1 */
	uint64_t ra;
	uint32_t nframe, max_fds; /* most descriptors it waited for at once; 0 is not known */
	uint64_t frame[TRACE_FRAMES];
	uint64_t waits, wait_ticks;
	uint64_t visits; /* times that it was over when a loop further out went on */
	uint64_t turns, turn_ticks, max_ticks;
	uint64_t over;	      /* turns over budget */
	uint64_t over_called; /* of these, recorded calls take up at least half */
	/* A sample of the turns, checked with getrusage */
	uint64_t checked, checked_ticks, cpu_ns, page_waits;
	uint64_t asleep_turns, asleep_switches, asleep_ticks; /* no call explains it */
	struct trace_hist hist;				      /* of turns */
} __attribute__((aligned(2048)));

struct trace_site {
	uint32_t ready, kind, call, flags;
	uint32_t thread, loop; /* loop is UINT32_MAX before it belongs to one */
	uint64_t key;
	uint64_t object;
	uint32_t owner;	   /* thread id of who held the lock, at the longest wait */
	uint32_t fd_mode;  /* st_mode of the descriptor; 0 is not known */
	uint32_t fd_flags; /* F_GETFL */
	uint32_t nframe;
	uint64_t frame[TRACE_FRAMES]; /* return addresses, innermost first */
	uint64_t count, ticks, max_ticks;
	uint64_t first, last; /* when */
	uint32_t asleep;      /* calls in which the watcher saw the thread asleep */
	uint32_t runnable;    /* or only ready to run: it was not blocked but had no processor */
	struct trace_hist hist;
};

struct trace_header {
	uint64_t magic;
	uint32_t version, size; /* of struct trace_file */
	uint32_t ncall;		/* CALL_COUNT: another number means another table of calls */
	uint32_t state, flags;
	uint32_t signo;
	uint32_t pid, ppid;
	uint64_t pidns; /* inode of the PID namespace that pid and tids belong to */
	uint64_t born;	/* start time of the process in clock ticks, field 22 of /proc/PID/stat */
	uint64_t tick_khz;
	uint64_t start;		    /* ticks */
	uint64_t start_ns;	    /* CLOCK_REALTIME */
	uint64_t threshold, budget; /* ticks */
	uint64_t seen;		    /* the last tick at which the watcher saw the process alive */
	uint32_t nmodule, nthread, nloop, nsite;
	uint64_t lost_events, lost_sites, lost_loops, lost_threads, lost_modules;
	uint64_t samples; /* backtraces taken in the middle of turns */
	char exe[512];
	char args[512]; /* separated by NUL */
};

struct trace_file {
	struct trace_header h;
	struct trace_module module[TRACE_MODULES];
	struct trace_thread thread[TRACE_THREADS];
	uint32_t hash[TRACE_HASH]; /* index of a site + 1 */
	struct trace_loop loop[TRACE_LOOPS];
	struct trace_site site[TRACE_SITES];
};

/* The environment by which the front end speaks to the library. */
#define TRACE_ENV_DIR "TVT_TRACE_DIR"	/* where the files go */
#define TRACE_ENV_OPTS "TVT_TRACE_OPTS" /* "tick_khz threshold_us budget_us", decimal */

#endif
