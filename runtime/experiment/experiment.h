/* experiment.h - what tvt-experiment can do: each piece of advice as a small program, before and after.
 *
 * Each experiment stands on two grounds: this runtime, and libuv with pthreads, so that a gain is not one of this runtime
 * alone. One variant on one ground runs in a process of its own for a fraction of a second; tvt-lint runs them in turn.
 */
#ifndef EXPERIMENT_H
#define EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "measure.h"

/* What the finding says of its program, within bounds. 0: the experiment's own. */
struct setup {
	int64_t work; /* ns that one job blocks or computes */
	bool blocks;  /* it sleeps in the kernel; else it computes */
	int instances; /* jobs, clients, threads, whatever there are many of */
	int64_t time; /* ns to measure */
	bool after;   /* the advice was followed */
};

/* What was seen; below zero: not measured here. Latencies in ns. The floor is that of the loop while it has nothing else
 * to do: what the machine itself adds. */
struct outcome {
	double p50, p99, p999; /* how late the loop serves what comes every 200 us; or, without a loop, a job */
	double floor;	       /* p99 of the loop alone */
	double job;	       /* p50 of a job, from its start to its end as the loop sees it */
	double rate;	       /* jobs a second */
	double bytes;	       /* memory for each instance */
	double switches;       /* from thread to thread, a second */
};

enum ground { GROUND_RUNTIME, GROUND_LIBUV, GROUNDS };

struct experiment {
	const char *name;
	void (*run)(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o);
	int before, after; /* its own */
	int64_t work;
	bool blocks, closed; /* closed: the next job begins when one has ended; else every five times its length */
	int instances;
};
extern const struct experiment experiments[]; /* ends with name NULL */

/* ---- loop.c: jobs beside a loop that has other things to do ---- */

enum how {
	INLINE,	 /* in the callback */
	POOL,	 /* on the pool, and back */
	YIELD,	 /* in pieces of 100 us */
	ASYNC,	 /* the loop waits for the answer's descriptor */
	THREAD,	 /* on a thread made for it */
	HOGGED,	 /* on the pool, of which other jobs hold a part for good */
	SPARED,	 /* on the pool, while those have threads of their own */
	CROWD,	 /* a thread for each instance that computes all the time */
	QUEUE,	 /* the same work on a pool of as many threads as processors */
	LOCKED,	 /* the loop takes a lock that a thread holds while it works */
	MESSAGE, /* the thread sends what it has worked out to the loop */
};
enum { POOL_SIZE = 4, TICK = 200000, PIECE = 100000 };

struct loop_run {
	enum how how;
	bool closed, blocks;
	int64_t work, every, end; /* end: of the whole, on the clock */
	int instances;		  /* at least 1 */
	int64_t due;		  /* of the next tick */
	struct samples late, jobs;
	long done;
};
void loop_experiment(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o);
void loop_work(const struct loop_run *r, int64_t ns); /* block or compute */
/* The tick's descriptor or deadline has come: note how late all due ones are. In LOCKED takes the lock. */
void loop_tick(struct loop_run *r);
void loop_done(struct loop_run *r, int64_t begin); /* a job */
/* The grounds: run the loop for r->end, first without, then, after loop_jobs_begin, with the jobs. */
void loop_on_runtime(struct loop_run *r, int64_t alone);
void loop_on_libuv(struct loop_run *r, int64_t alone);
void loop_jobs_begin(struct loop_run *r); /* the floor is known; starts the threads of CROWD and LOCKED */
int loop_message_fd(void);		  /* MESSAGE: readable when the loop has something to apply */
int loop_hogs(const struct loop_run *r);  /* how many jobs that never end, on the pool or on own threads */
int loop_pool(const struct loop_run *r);  /* threads */
void *loop_hog(void *arg);		  /* until loop_stop */
void loop_stop(void);

/* ---- many.c, lock.c, shard.c ---- */

void many_experiment(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o);
/* A task that has begun stays on its executor, so the first ones keep theirs until each executor has one. i counts tasks
 * from 0. */
void spread(int i);
void lock_experiment(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o);
void shard_experiment(const struct experiment *e, enum ground g, const struct setup *s, struct outcome *o);

/* ---- machine.c ---- */

/* Prints "NAME MEDIAN P10 P90" for each constant, then cores, memory and busy. 0, or exits with 2. */
int machine_measure(void);

#endif
