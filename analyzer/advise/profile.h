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
	F_IO = 65536,	 /* waits for descriptors or peers */
	F_DATA = 131072, /* computes over data */
	F_LOOP = 262144, /* the program has an event loop */
};
struct profile {
	uint32_t bits;
	double wait, compute;		/* ns, of the worst of each */
	const struct block_site *block; /* that waits longest; or NULL */
	const struct loop_fact *loop;	/* that computes longest, or */
	const struct heavy_call *heavy;
	const struct thread_fact *thread;
	uint32_t nblock, nloop;
};
/* Per entry of the facts. */
struct profile *profile_all(
	const struct facts *f, const struct effects *e, const struct machine *m, struct arena *mem);
double usual_wait(const struct block_site *b); /* ns */

#endif
