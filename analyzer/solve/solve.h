/* solve.h - facts about the whole program, found by fixpoints over call graph and effects.
 *
 * Each solver is a file; solve_all() is the list of them. Facts are complete, then const.
 */
#ifndef TVT_SOLVE_H
#define TVT_SOLVE_H

#include "model/model.h"

/* ---- contexts: where functions run ---- */

/* An event loop of the program. */
struct evloop {
	uint32_t fn;	      /* the function that runs it */
	uint32_t site;	      /* the call that runs it (uv_run) or its own wait (epoll_wait) */
	uint32_t head;	      /* block of the hand-written loop, or NONE: a library's loop */
	uint32_t wait;	      /* hand-written: the call in the loop that leads to the wait */
	const char *library;  /* "libuv", or "" for a hand-written one */
};
/* A place where code begins to run in a context of its own. */
struct entry {
	uint32_t fn;
	uint32_t head;	      /* the body of a hand-written loop: its head block; else NONE */
	enum ctx_kind ctx;
	uint32_t site;	      /* the call or store that registers it, or NONE */
	uint32_t loop;	      /* in evloops, or NONE: some loop of the library */
	uint32_t ready;	      /* parameters that are a descriptor of which the loop has just said that it is ready (bits) */
	const char *library;
	const struct model *model; /* that registered it, or NULL */
	const struct place *place; /* that says so, or NULL */
};

/* ---- abstract values ---- */

enum fd_mode { FD_MODE_UNKNOWN, FD_NONBLOCKING = 1, FD_BLOCKING = 2 }; /* both: differs by path */
struct val {
	uint8_t kind;	  /* enum val_kind */
	uint8_t mode;	  /* VAL_FD: fd_mode bits; VAL_TEXT: enum text_mode */
	uint16_t fd_kind; /* VAL_FD: fd_kind bits, 0 if unknown; VAL_TEXT: 1 if it may be NULL */
	uint32_t id;	 /* VAL_FN, VAL_STR, VAL_TEXT */
	uint64_t ones, zeros; /* VAL_INT: bits known to be set, to be clear; all known: a constant */
};
enum val_kind { VAL_TOP, VAL_INT, VAL_FN, VAL_STR, VAL_FD, VAL_NONNULL, VAL_TEXT };
enum text_mode {
	TEXT_BEGINS,  /* id is what it begins with (text.c) */
	TEXT_ENVIRON, /* what the user put into the environment */
	TEXT_PARAM,   /* like parameter id of the function that is looked at (or its first variadic one): only inside text.c */
	TEXT_NOTHING, /* none seen yet: only inside text.c */
};

/* ---- what is reached from where ---- */

/* Entries that are searched together: what is reached from one of them is reached in a context of that kind. */
enum group { GROUP_TASK, GROUP_POOL, GROUP_THREAD, GROUP_SIGNAL, GROUP_COUNT };

/* A call that may block, with its shortest witness. */
struct block_site {
	enum group group;
	uint32_t site;	      /* op */
	uint32_t fn;
	uint32_t visit;	      /* in visits: how control gets there */
	const struct model *model;
	const struct clause *clause;
	enum category category; /* may be narrower than the clause's: io on a file is disk */
	enum severity severity;
	bool assumed;	      /* a condition could not be decided */
	uint32_t nother;      /* further ways to it: functions as they are reached that lead here and block */
	bool by_type;	      /* an edge on the way was found by type only */
	bool on_signal;	      /* only behind a flag that a signal's handler sets */
	bool denied;	      /* as of its visit, or in front of the call itself */
	bool once;	      /* done the first time only: a global that is set then is asked first */
	bool environ;	      /* done to a file that is named by the environment */
	bool far;	      /* so many calls, or calls through pointers, away that no object takes all of them */
	uint32_t entry;
};
/* The nearest call that a signal handler must not make. */
struct unsafe_site {
	uint32_t site, callee, visit;
	uint32_t nother; /* further such calls below the same handler */
	const struct model *model;
};
/* A call, on a thread or in a job, of what only the thread of a loop may call. */
struct foreign_call {
	uint32_t site, callee, visit;
	const struct model *model;
	bool assumed;	      /* under a condition that could not be decided */
	bool by_type, far;    /* as in block_site */
};
/* A function as it is reached: from where, with what known of its parameters. */
struct visit {
	uint32_t fn;
	uint32_t parent;      /* visit, or NONE at an entry */
	uint32_t site;	      /* the call by which the parent came here, or NONE */
	uint8_t why;	      /* enum edge_why of that call */
	uint32_t entry;
	uint32_t bind;	      /* in binds: values of the parameters that matter */
	uint32_t modes;	      /* in modesets: descriptors whose mode was changed on the way */
	uint8_t modes_age;    /* calls since then */
	uint32_t depth, weight; /* calls from the entry; the same with weak edges counted more */
	uint32_t jumps;	      /* calls through pointers on the way */
	bool by_type;
	bool on_signal; /* a branch on a flag that a signal's handler sets stands in front of a call on the way */
	bool guarded; /* a branch on where the code runs stands in front of a call on the way */
	bool denied; /* an option that a caller on the way has chosen keeps control from a call on it */
	bool as_task; /* on the way a task is called, as its loop does */
};

/* ---- what computes for long ---- */

/* How a loop turns. TRIP(NAME, "phrase") */
#define TRIPS(TRIP)                                                                                \
	TRIP(CONST, "a fixed number of times")                                                     \
	TRIP(LOG, "by halving, or down a tree")                                                    \
	TRIP(CHAIN, "along one bucket's chain")                                                    \
	TRIP(CAP, "up to a limit")                                                                 \
	TRIP(TIME, "until its time is up")                                                         \
	TRIP(IO, "until a descriptor has no more")                                                 \
	TRIP(COUNT, "counting")                                                                    \
	TRIP(WALK, "along memory to a mark")                                                       \
	TRIP(LIST, "along a list")                                                                 \
	TRIP(ITER, "asking for the next element")                                                  \
	TRIP(WORK, "until something in memory says stop")                                          \
	TRIP(WAIT, "until others change memory")                                                   \
	TRIP(OTHER, "until some condition holds")
enum trip {
#define TRIP(name, phrase) TRIP_##name,
	TRIPS(TRIP)
#undef TRIP
	TRIP_COUNT_
};
extern const char *const trip_phrase[TRIP_COUNT_];

/* How large that over which a loop runs can get, by where its size comes from. EXTENT(NAME, typical, most,
 * "phrase"): the numbers are elements, or bytes for text. They rank and filter; what is told is n*, not these. */
#define EXTENTS(EXTENT)                                                                            \
	EXTENT(ONE, 1, 4, "about one")                                                             \
	EXTENT(FIXED, 4, 256, "fixed by the program")                                              \
	EXTENT(CONFIG, 4, 128, "set at start-up")                                                  \
	EXTENT(HANDLES, 4, 256, "things that hold a descriptor, a timer or a process")             \
	EXTENT(REQUEST, 4, 1024, "the parts of one request")                                       \
	EXTENT(TEXT, 16, 4096, "the length of a text")                                             \
	EXTENT(SOME, 4, 1024, "nothing known")                                                    \
	EXTENT(PEERS, 16, 10000, "connections")                                                    \
	EXTENT(INPUT, 8, 100000, "a number read from text")                                        \
	EXTENT(DATA, 16, 1000000, "grows while the program runs")
enum extent {
#define EXTENT(name, typical, most, phrase) EXT_##name,
	EXTENTS(EXTENT)
#undef EXTENT
	EXT_COUNT
};
extern const char *const extent_phrase[EXT_COUNT];
extern const double extent_typical[EXT_COUNT], extent_most[EXT_COUNT];
double extent_expected(enum extent e); /* elements that a running program is expected to have at times */

/* What a number of turns is named by. */
enum sym_kind {
	SYM_PARAM,  /* value of a parameter: fn, id */
	SYM_TEXT,   /* length of the text or array behind a parameter */
	SYM_FIELD,  /* number in a field: id */
	SYM_GLOBAL, /* number in a global */
	SYM_LINK,   /* elements linked by a field */
	SYM_ARRAY,  /* elements or bytes up to a mark, behind a field or in a global array: id is a field */
	SYM_ITER,   /* what a function hands out, call by call: id */
	SYM_RESULT, /* number that a function returned: id */
	SYM_OUT,    /* number that a call stored in a local: id is the callee, or NONE */
	SYM_SELF,   /* calls that a function makes of itself */
	SYM_POWER,  /* two to the power of another symbol: id */
	SYM_INPUT,  /* a number read from text */
	SYM_LOOP,   /* turns of a loop, nothing known: id is its number in the facts */
};
struct sym {
	enum sym_kind kind;
	uint32_t fn, id;
};
enum { MAX_DEGREE = 3, MAX_TERMS = 6 };
/* CPU time as a sum of terms: ns times the product of its symbols. */
struct cost_term {
	double ns;
	uint32_t sym[MAX_DEGREE]; /* in facts.syms, ascending */
	uint8_t degree, logs;
};
struct cost {
	struct cost_term t[MAX_TERMS]; /* the one of degree 0 first, if there is one */
	uint8_t n;
};
enum loop_flag {
	LOOPF_MACRO = 1,    /* written in a macro */
	LOOPF_YIELDS = 2,   /* suspends, or runs the loop's other tasks, in its body */
	LOOPF_CLOCK = 4,    /* looks at the time and stops */
	LOOPF_PRINTS = 8,   /* does little but print */
	LOOPF_INNER = 16,   /* advances the loop around it: its turns are shared */
	LOOPF_RECURSES = 32,/* calls its own function */
	LOOPF_WAITS = 64,   /* waits in the kernel in its body */
	LOOPF_EXITS = 128,  /* may end before its count is full */
	LOOPF_SPINS = 256,  /* does nothing but look at memory that others change */
};
struct loop_fact {
	uint32_t fn, head, parent; /* parent: in facts.cpu_loops, or NONE */
	uint32_t loc, op;	   /* place; an op in it, for findings */
	enum trip trip;
	enum extent extent;	   /* of the visit that is worst, if a task gets here */
	int64_t count;		   /* CONST, CAP: turns at most, -1: not known */
	uint32_t sym;		   /* in facts.syms, or NONE */
	uint32_t flags;
	double turn;		   /* ns of one turn, everything in it at its typical size */
	double entered;		   /* how often it is begun in a turn of the loop around it, or in a call */
	struct cost cost;	   /* of all turns */
	uint32_t visit;		   /* that leads a task here, or NONE */
};

/* Loops in loops, or the like of it, over one another's data: the time grows with the square. */
enum steep_kind {
	STEEP_NESTED, /* the inner loop starts anew over data that does not come from the outer one's element */
	STEEP_SEARCH, /* a call in the loop walks such data */
	STEEP_LENGTH, /* the condition measures a text again in every turn */
	STEEP_APPEND, /* a call looks for the end of a text that grows in the loop */
};
struct steep {
	enum steep_kind kind;
	uint32_t loop, inner; /* in cpu_loops; NESTED, SEARCH */
	uint32_t site;	      /* the call, or NONE */
	double ns;	      /* of one turn of the inner one */
};
/* A modelled call whose own time passes the budget of a loop. */
struct heavy_call {
	uint32_t site, visit;
	struct cost cost;
	double most; /* ns, with the sizes that are to be expected at most */
};
/* A function that calls itself once per level of what it reads. */
struct recursion {
	uint32_t fn, site, visit;
};

/* ---- threads: how they are started, and what they do ---- */

enum start_kind {
	START_ONCE,   /* one thread */
	START_FIXED,  /* so many as a constant says */
	START_CONFIG, /* a number that is set before, or found out */
	START_EVENT,  /* one for each thing that happens: a connection, a message, a job */
};
struct thread_fact {
	uint32_t entry;	   /* ctx THREAD */
	enum start_kind start;
	int64_t count;	   /* FIXED, else -1 */
	uint32_t accept;   /* EVENT: the call that takes the connection it is for, or NONE */
	uint32_t guard;	   /* EVENT: a comparison of a counter stands in front: there may be a limit */
	uint32_t join;	   /* the call that waits for its end right behind its start, or NONE */
	bool works_between;/* something else is done between the two */
	bool default_stack;
	uint32_t wait;	   /* the call below it that waits longest, or NONE; not for a lock or the log */
	enum category waits_for;
	bool io;	   /* waits for descriptors or peers */
	uint32_t sleep;	   /* a sleep in a loop of its start function that never ends, or NONE */
	bool polls;	   /* that loop does little but look at memory that others change */
	double turn;	   /* ns of one turn of its outermost loop, or of one call */
	bool data;	   /* its loops go over data: it computes for long at times */
	uint32_t slot;	   /* the field or element type whose neighbours belong to other threads, or NONE: record id */
	uint32_t nfn;	   /* functions below it */
};

/* ---- shared state ---- */

enum use_flag {
	USE_WRITE = 1,
	USE_ATOMIC = 2,
	USE_VOLATILE = 4,
	USE_FREE = 8,
	USE_LIBRARY = 16, /* by a library function that is called here */
	USE_RMW = 32,
	USE_RACY = 64,	  /* takes part in a race */
};
/* An access to a shared object, as one thread makes it. */
struct shared_use {
	uint32_t site, fn;
	uint32_t visit;	      /* in visits: how control gets there */
	uint8_t flags;
	uint32_t entry;	      /* in entries: the thread's */
	const char *held;     /* the locks held, as text: "'a.lock', 'b'", or "" */
};
enum shared_verdict {
	SHARED_RACE,	/* two may happen at once, and no lock keeps them apart */
	SHARED_GUARDED, /* always under one lock, or always atomic, or never at once: see lock, and flags */
};
/* A variable, or a field of what is allocated at one place, that two threads touch, and one writes. */
struct shared_object {
	const char *name;     /* "stats.hits", "conn.state", "'rand' in the library" */
	enum shared_verdict verdict;
	uint32_t global;      /* or NONE */
	uint32_t field;	      /* its last field, or NONE */
	bool heap, library;   /* library: state inside a library function */
	bool handed_out;      /* library: the function returns a pointer to it */
	uint32_t use, nuse;   /* in uses: for a race the two that show it best come first, then the others that take part */
	uint8_t sure;	      /* 0: only if locks are others than they seem; 1: by an assumption; 2: known threads, one object */
	bool mixed;	      /* every race is between an atomic access and one that is not */
	bool freed;	      /* every race is with freeing it */
	const char *lock;     /* what all (GUARDED) or most other (RACE) accesses hold, or NULL */
	uint32_t lock_field, lock_global; /* of which it is; or NONE. In the same record as the object: lock_near */
	bool lock_near;
	uint32_t nheld, nother; /* accesses with that lock, and without */
	const char *why;      /* why the two can meet: a clause */
	const char *fields;   /* further fields of the same objects, in the same way; or NULL */
};

/* ---- how locks are used ---- */

enum lock_use_kind {
	LOCK_CYCLE,	/* steps: each takes a lock while it holds the one before */
	LOCK_TWICE,	/* taken by who holds it. steps: that, where it was taken first */
	LOCK_NOT_HELD,	/* unlocked by who does not hold it */
	LOCK_LEFT,	/* still held at one way out of the function that gives it back at another */
	LOCK_WAITS,	/* held while its thread waits. steps: that, the wait itself if it is further down, who else takes it */
	LOCK_TASK,	/* waited for in a task, while a thread that waits may hold it. steps: that, the other's wait */
	LOCK_YIELDS,	/* held while the task gives the thread to others. steps: that, where it was taken */
	LOCK_ALONE,	/* never wanted by two threads at once. steps: where it is taken */
	LOCK_BIG,	/* held for most of what several threads do. steps: where it is taken, in one of them */
	THREAD_STACK,	/* a thread is given the address of a local and may live longer */
	THREAD_FORK,	/* fork while there are other threads */
};
struct lock_step {
	uint32_t site, visit;
	const char *what; /* "takes 'b' with 'a' held" */
};
struct lock_use {
	enum lock_use_kind kind;
	const char *lock; /* its name, or "" */
	uint8_t sure;	  /* as in shared_object */
	uint32_t step, nstep; /* in lock_steps; the first is where it is reported */
	uint32_t entry;	      /* BIG: the threads; in entries */
	float held, all;      /* BIG: ns of a turn of theirs, with the lock and in all */
};

/* A condition is signaled, and nothing around changes what its waiters look at. */
struct idle_signal {
	uint32_t site, wait; /* the signal; a place that waits for it */
	const char *what;    /* what is waited for: "'len', 'stop'" */
};

/* A place is tested under a lock, and written behind the test under the same lock, taken anew in between. */
struct stale_test {
	uint32_t test, act; /* the load, the store */
	uint32_t lock;	    /* the call that takes it for the store */
};

/* A lock that the program declares (guarded_by, requires_capability, acquired_after) and does not hold, or holds. */
enum declared_kind {
	DECLARED_READ, DECLARED_WRITE, /* of what the lock guards */
	DECLARED_CALL,	/* of a function that requires it */
	DECLARED_ORDER, /* it is taken while one is held that comes after it */
};
struct declared_use {
	enum declared_kind kind;
	uint32_t site;
	const char *lock, *what; /* names; what: of the variable, field or function */
};

struct facts {
	struct declared_use *declared; /* by function */
	uint32_t ndeclared;
	struct stale_test *stale_tests; /* by function */
	uint32_t nstale_test;
	struct idle_signal *idle_signals; /* by site */
	uint32_t nidle_signal;
	struct lock_use *lock_uses; /* by kind, then the place of the first step */
	uint32_t nlock_use;
	struct lock_step *lock_steps;
	struct shared_object *shared; /* sorted by the place of the first use */
	uint32_t nshared;
	struct shared_use *uses;
	uint32_t nuse;
	bool races_left; /* the program was too large for shared state to be looked at */
	struct entry *entries; /* sorted by (file, line) of the function, then context */
	uint32_t nentry;
	struct evloop *loops;
	uint32_t nloop;
	struct visit *visits;
	uint32_t nvisit;
	struct block_site *blocks; /* sorted by (group, site) */
	uint32_t nblock;
	struct fd_class {
		uint16_t kind;
		uint8_t mode; /* fd_kind and fd_mode bits of all descriptors that may be there; 0: none known */
	} *fd; /* per class of the value flow */
	struct unsafe_site *unsafe; /* sorted by site */
	uint32_t nunsafe;
	struct foreign_call *foreign; /* sorted by site */
	uint32_t nforeign;
	uint32_t nassumed;	/* calls in tasks that were taken as not blocking because nothing was known of the descriptor */
	struct loop_fact *cpu_loops; /* every loop of the program: by function, outer before inner */
	uint32_t ncpu_loop;
	struct sym *syms;
	uint32_t nsym;
	struct cost *cost;	/* per function: of one call */
	struct steep *steeps;	/* by loop */
	struct heavy_call *heavy; /* by site */
	struct recursion *recursions;
	uint32_t nsteep, nheavy, nrecursion;
	uint8_t *sym_extent;	/* per symbol: enum extent */
	struct thread_fact *threads; /* by entry */
	uint32_t nthread;
	struct arena *mem;
};

/* deep: shared state is looked for in programs of any size, which may take a minute for a million operations; else only
 * in those of at most 50,000 (facts.races_left). */
struct facts *solve_all(const struct program *p, const struct effects *e, bool deep);
void facts_free(struct facts *f);
const char *facts_check(const struct facts *f, const struct program *p, struct arena *a);
void facts_dump(const struct facts *f, const struct program *p, struct sb *out, const char *only_fn);

/* The chain to a visit: visit ids from the entry on; count (at most max, the outermost are kept). */
uint32_t witness_chain(const struct facts *f, uint32_t visit, uint32_t *chain, uint32_t max);

/* ---- reach.c ---- */

/* What runs when an entry does, on its own thread: its function first. Calls that are found by type alone are left out.
 * The array has *n functions and lives as long as a. */
const uint32_t *reach_of(const struct program *p, const struct entry *e, struct arena *a, uint32_t *n);
/* Is the op in the part of the entry's function that the entry is: the loop of a hand-written one, else all? */
bool reach_has(const struct program *p, const struct entry *e, uint32_t op);
/* Per function: does a task, a thread, or a handler reach it? What is left runs from main alone, before a loop or behind. */
struct bits reach_later(const struct program *p, const struct facts *f, struct arena *a);

/* ---- cost_text.c ---- */

enum cost_size { COST_USUAL, COST_MOST };
/* ns of a cost, with sizes as they usually are, or as large as is to be expected. */
double cost_value(const struct facts *f, const struct cost *k, enum cost_size size);

/* "'dict.used'", "what 'dictNext' hands out": what a number of turns is counted by. */
const char *sym_text(const struct facts *f, const struct program *p, uint32_t sym, struct arena *a);
const char *ns_text(double ns, struct arena *a); /* "12 ns", "1.5 ms" */
const char *cost_text(const struct facts *f, const struct program *p, const struct cost *k, struct arena *a);
/* The number of turns at which a loop has taken budget nanoseconds. */
double loop_limit(const struct loop_fact *l, double budget);
void cost_dump(const struct facts *f, const struct program *p, struct sb *out, const char *only_fn);

#endif
