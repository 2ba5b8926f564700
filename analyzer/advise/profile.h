/* profile.h - between the files of advise/: what is known of an entry. */
#ifndef TVT_PROFILE_H
#define TVT_PROFILE_H

#include "advise/advise.h"

enum profile_bit {
	F_TASK = 1,
	F_POOL = 2,
	F_THREAD = 4,
	F_BLOCKS = 8,	  /* a call below it waits */
	F_ASYNC = 16,	  /* that call has an asynchronous form in a library of the program */
	F_UNBOUNDED = 32, /* what it waits for may never come */
	F_HEAVY = 64,	  /* a call below it computes for long */
	F_OVER = 128,	  /* a loop below it takes more than the budget */
	F_SHORT = 256,	  /* all of it is shorter than three hand-offs */
	F_SMALL = 512,	  /* shorter than a third of one */
	F_EVENT = 1024,	  /* threads: one for each event */
	F_MANY = 2048,	  /* more than the cores */
	F_JOINED = 4096,  /* waited for at once */
	F_SLEEPS = 8192,
	F_POLLS = 16384,
	F_WAITS = 32768,
	F_IO = 65536,	    /* waits for descriptors or peers */
	F_DATA = 131072,    /* computes over data */
	F_LOOP = 262144,    /* the program has an event loop */
	F_TEST = 524288,    /* it belongs to a test, a benchmark or a command for debugging */
	F_ASKED = 1048576,  /* it happens when an administrator sends a signal */
	F_BRIEF = 2097152,  /* it is short as a rule, and long on a bad day */
	F_WEAK = 4194304,   /* a change on no more ground than that is no advice */
	F_NOTHING = 8388608, /* it has no work of its own: it is started for its own sake, or to end something */
	F_SELDOM = 16777216, /* a timer that comes round once a minute or less */
	F_OTHERS = 33554432, /* what it waits for is another thread of the program */
	F_LONG = 67108864,   /* a loop that always takes ten times the budget, and touches nothing that others know */
	F_LOCKED = 134217728, /* holds one lock for most of the time that it computes, and there are several of it */
	F_FD = 268435456,    /* it waits for a descriptor, and would not if that were non-blocking */
};
#define GRAVE 100e6 /* ns: beyond that it is all the same how much longer a loop stands still */

/* The first thing to change below an entry, of all that could be. */
struct first {
	uint32_t bits;			/* what it is, and what speaks against it */
	const struct block_site *block; /* one of the three */
	const struct loop_fact *loop;
	const struct heavy_call *heavy;
	double ns;	   /* that it holds the loop, or the job takes */
	double elements;   /* loop: for that many */
	double weight;	   /* 0 to 1: how sure that is, and that it happens */
};
struct profile {
	uint32_t bits;
	struct first first;
	double work; /* ns that a thread or job computes a turn */
	const struct thread_fact *thread;
	const struct lock_use *big; /* LOCKED: the lock; or NULL */
	uint32_t nblock, nloop; /* how many there are that count */
};
/* The library by which most tasks of the program run; or "". */
const char *profile_main_library(const struct facts *f);
/* Per entry of the facts. */
struct profile *profile_all(const struct program *p, const struct facts *f, const struct effects *e,
	const struct machine *m, struct arena *mem);
/* Is that the name of a test, a benchmark or something for debugging? Words of it say so: "run_test", "fooBenchmark".
 * Exported for tests. */
bool profile_test_name(const char *name);

#endif
