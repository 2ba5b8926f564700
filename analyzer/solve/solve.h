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
	uint8_t mode;	  /* VAL_FD: fd_mode bits */
	uint16_t fd_kind; /* VAL_FD: fd_kind bits, 0 if unknown */
	uint32_t id;	 /* VAL_FN, VAL_STR */
	uint64_t ones, zeros; /* VAL_INT: bits known to be set, to be clear; all known: a constant */
};
enum val_kind { VAL_TOP, VAL_INT, VAL_FN, VAL_STR, VAL_FD, VAL_NONNULL };

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
	bool far;	      /* so many calls, or calls through pointers, away that no object takes all of them */
	uint32_t entry;
};
/* The nearest call that a signal handler must not make. */
struct unsafe_site {
	uint32_t site, callee, visit;
	uint32_t nother; /* further such calls below the same handler */
	const struct model *model;
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
	bool guarded; /* a branch on where the code runs stands in front of a call on the way */
};

struct facts {
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
	uint32_t nassumed;	/* calls in tasks that were taken as not blocking because nothing was known of the descriptor */
	struct arena *mem;
};

struct facts *solve_all(const struct program *p, const struct effects *e);
void facts_free(struct facts *f);
const char *facts_check(const struct facts *f, const struct program *p, struct arena *a);
void facts_dump(const struct facts *f, const struct program *p, struct sb *out, const char *only_fn);

/* The chain to a visit: visit ids from the entry on; count (at most max, the outermost are kept). */
uint32_t witness_chain(const struct facts *f, uint32_t visit, uint32_t *chain, uint32_t max);

#endif
