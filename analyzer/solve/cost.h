/* cost.h - between the files of the cost solver: cost*.c. */
#ifndef TVT_COST_H
#define TVT_COST_H

#include "solve/solve_int.h"

/* ---- where a number comes from: cost_origin.c ---- */

enum { MAX_ORIGINS = 6 };
/* Where a value comes from: symbols, and the largest constant among its sources. */
struct origins {
	uint32_t sym[MAX_ORIGINS]; /* in solver's symbols */
	uint8_t n;
	bool has_const, scaled;	   /* scaled: divided or masked on the way */
	int64_t most;		   /* largest constant */
};

/* ---- one loop, seen from inside its function: cost_trip.c ---- */

enum { MAX_BOUNDS = 3 };
/* One thing that ends a loop at the latest. */
struct bound {
	enum trip trip;
	int64_t count;	     /* CONST, CAP: -1 if not known */
	struct origins from; /* COUNT, LIST, ITER, WALK, WORK: what its turns are counted by */
	uint32_t op;	     /* LIST: a load of the link; ITER, IO: the call; WORK, WAIT: the load; or NONE */
	uint32_t var;	     /* the local that moves, or NONE */
	double step;	     /* COUNT: how far per turn, at least 1 */
};
struct trip_info {
	struct bound bound[MAX_BOUNDS]; /* each holds; the smallest counts */
	uint8_t n;
	bool clock, late;		/* an exit looks at the time; but its limit is far */
};

struct costs {
	struct solver *s;
	const struct ir *ir;
	struct facts *f;


	VEC(struct sym) syms;
	struct map sym_of;	     /* hash of a symbol -> index */
	uint32_t *store, *next_store;/* per field, then global: newest STORE into it; per op: the one before */
	uint32_t nslot;
	uint32_t fuel;		     /* steps left in a search for origins */
	uint32_t nest, asks;	     /* extents being looked for, one for another; how many more may be */

	bool *clock;		     /* per function: its result tells the time */
	struct bits tree;	     /* per field: links the nodes of a tree */
	uint8_t *allocates;	     /* per function: 0 not looked at, 1 no, 2 yes */
	uint8_t *steps;		     /* per function: how it hands out elements; enum step_how */
	struct origins *result;	     /* per function: where its result comes from */
	uint8_t *result_known;	     /* 0 not looked at, 1 being looked at, 2 known */

	uint32_t *first_loop;	     /* per function: in loops, or NONE */
	VEC(struct loop_fact) loops;
	VEC(struct trip_info) trips; /* per loop */
	struct cost *cost;	     /* per function */
	bool *cost_known;
	uint32_t *scc, *scc_size;    /* per function: component of the calls whose time counts; its functions */

	uint32_t *hot;		     /* per function: the nearest visit by a task, or NONE */
	bool *visited;		     /* per function: runs in a task, pool, thread or handler */
	VEC(uint8_t) extents;	     /* per symbol: enum extent + 1, once known */
	VEC(struct steep) steeps;
	VEC(struct heavy_call) heavies;
	VEC(struct recursion) recursions;
	VEC(struct visit) more;	     /* visits that only a loop asked for */
	VEC(uint32_t) worst;	     /* per symbol: PARAM: the edge whose argument is largest, or NONE */
	uint32_t *grows;	     /* per function: parameters (bits) behind which it adds to a container */
	uint8_t *added;		     /* per slot: who adds to the container there; enum added */
	uint8_t *heavy;		     /* per record: enum heavy */
};
enum step_how { STEPS_UNKNOWN, STEPS_LINK, STEPS_TABLE, STEPS_BYTES, STEPS_NONE };
enum added { ADDED_START = 1, ADDED_RUNNING = 2 };
enum heavy { HEAVY_NO = 1, HEAVY_HANDLE, HEAVY_PEER };

uint32_t sym_id(struct costs *c, enum sym_kind kind, uint32_t fn, uint32_t id);
void origins_of(struct costs *c, uint32_t fn, struct ref r, struct point at, struct origins *out);
void origins_add(struct origins *to, uint32_t sym);
void origins_const(struct origins *to, int64_t k);
/* Where the result of a call of a defined function comes from, in the callee's own symbols. */
const struct origins *result_origins(struct costs *c, uint32_t fn);
/* Modelled: the number that a call returns is the length of this argument (strlen); else PARAM_NONE. */
int length_param(const struct costs *c, uint32_t site);

/* cost_trip.c */
void trip_of(struct costs *c, uint32_t fn, const struct cfg *g, const struct loop *l, struct trip_info *out);
void trip_clocks(struct costs *c);
bool op_has_verb(const struct costs *c, uint32_t site, enum verb verb);

/* cost_sum.c: costs of functions, bottom-up */
void cost_functions(struct costs *c);
/* What the models say of a call. Returns false if they say nothing of time. */
bool cost_modelled(struct costs *c, uint32_t fn, uint32_t site, struct cost *to);
/* A call that recurses by intent: of the function itself, or within a few that call each other. Everything that can
 * run a command is one large component, and no recursion on input. */
bool cost_recursive(const struct costs *c, const struct edge *e);
double cost_most(struct costs *c, const struct cost *k); /* ns, every symbol as large as is to be expected */
const struct bound *cost_least(
	struct costs *c, const struct loop_fact *l, const struct trip_info *t, enum extent *extent);
double cost_typical(struct costs *c, const struct cost *k); /* ns, every symbol at its typical size */
void cost_add(struct cost *to, const struct cost *a, double times);
/* to = a times the symbol sym (NONE: just the factor). */
void cost_times(struct cost *to, const struct cost *a, double factor, uint32_t sym);

/* cost_size.c */
void size_prepare(struct costs *c);
bool size_counts_up(const struct costs *c, uint32_t store, uint32_t slot); /* x->n = x->n + k */
bool size_allocates(struct costs *c, uint32_t fn);
enum extent sym_extent(struct costs *c, uint32_t sym, int depth);
enum extent bound_extent(struct costs *c, const struct loop_fact *l, const struct bound *b);


/* cost_find.c: what rules ask for beside loops */
void find_steep(struct costs *c);
void find_heavy(struct costs *c);
void find_recursions(struct costs *c);
bool loop_spins(struct costs *c, uint32_t fn, const struct cfg *g, const struct loop *l);

/* cost_grow.c */
void grow_prepare(struct costs *c);
/* Who adds to the container that an iterator's call goes over: enum added, 0 if nobody is known. */
uint8_t grow_added(const struct costs *c, uint32_t fn, uint32_t site);

#endif
