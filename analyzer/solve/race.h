/* race.h - between the files that find shared state: points*.c, escape*.c, locks*.c, parallel*.c, shared*.c.
 *
 *	points.c	what pointers in memory may point at: objects, by inclusion
 *	points_addr.c	addresses: an object or a symbol, and steps from it
 *	escape.c	which objects two threads may touch, and so which functions matter
 *	locks.c		every function, as it is called, under every set of locks
 *	parallel.c	threads, and which moments of theirs may coincide
 *	shared.c	accesses in pairs
 */
#ifndef TVT_RACE_H
#define TVT_RACE_H

#include "solve/solve_int.h"

/* ---- objects ---- */

enum obj_kind {
	OBJ_GLOBAL, /* id: global */
	OBJ_LOCAL,  /* id: in ir.locals; one for each activation */
	OBJ_HEAP,   /* id: the op that allocates */
	OBJ_EXTERN, /* id: record; what functions that the program lacks hand out */
	OBJ_THREAD, /* id: the op that creates it; the value of a thread's id */
	OBJ_NAMED,  /* id: string; a lock that is no parameter, or a library's state */
};
struct obj {
	uint8_t kind;
	bool once;	/* there is one of it in a run: a global, an allocation at start-up */
	bool taken;	/* some pointer may point at it */
	bool escaped;	/* LOCAL: another thread may have such a pointer */
	uint32_t id;
	uint32_t inst;	/* LOCAL, HEAP, THREAD */
	uint32_t size;	/* bytes; 0: not known */
	uint32_t type;	/* or NONE */
	uint32_t cells; /* first of its cells, chained by cell.next */
};
/* A function as points.c looks at it: itself, or, if it is small, a copy of it for one call. Copies keep apart
 * what allocators return and what containers hold. */
struct inst {
	uint32_t fn;
	uint32_t caller, site; /* NONE: not a copy */
	uint32_t node;	       /* of its first local; the result is behind the last */
	uint8_t depth;
};
/* Where a pointer may point: in an object, so many bytes from its start, whatever the index. */
struct spot {
	uint32_t obj;
	int32_t off;
	bool any; /* an index was added that is not known: some element, not the first */
};

struct cell { /* what is at a distance from the start of an object */
	uint32_t node, next;
	int32_t off;
};

struct points {
	const struct solver *s;
	const struct program *p;
	const struct ir *ir;
	const struct effects *e;
	VEC(struct inst) insts;
	VEC(struct obj) objs;
	VEC(struct spot) spots;
	VEC(struct cell) cells;
	VEC(struct pnode) nodes;
	VEC(struct pcon) cons;
	VEC(uint32_t) todo;
	struct map inst_of; /* (inst, site, fn) -> copy */
	struct map obj_of, spot_of, edge_of, fit;
	uint8_t *once;	    /* per function: runs at most once in a run of the program */
	uint8_t *small;	    /* per function: worth a copy for each call */
	uint32_t *ncopy;    /* per function */
	bool gave_up;	    /* too large: what was found is not all */
	struct arena *mem;
};
struct points *points_build(const struct solver *s, struct arena *mem);
void points_free(struct points *pt);
/* The function instance that a call reaches. */
uint32_t points_callee(const struct points *pt, uint32_t inst, uint32_t site, uint32_t fn);
/* The object allocated, or created as a thread, by an op; NONE if there is none. */
uint32_t points_obj(const struct points *pt, enum obj_kind kind, uint32_t id, uint32_t inst);
uint32_t points_add_obj(struct points *pt, struct obj o);
uint32_t points_named(struct points *pt, const char *name); /* a lock or a state that has a name alone */
uint32_t points_global_obj(struct points *pt, uint32_t global);
uint32_t points_local_obj(struct points *pt, uint32_t inst, uint32_t local);
/* Spots in a local, in what is at a place in an object, in a function's result: count, ids in *spots.
 * POINTS_MANY: too many to tell. */
enum { POINTS_MANY = 200 };
uint32_t points_local(const struct points *pt, uint32_t inst, uint32_t local, const uint32_t **spots);
uint32_t points_cell(const struct points *pt, uint32_t obj, int32_t off, const uint32_t **spots);
/* Where a path may lead: count, at most max. */
uint32_t points_path(const struct points *pt, uint32_t inst, uint32_t path, struct spot *out, uint32_t max);
bool points_own_file(const struct ir *ir, uint32_t loc); /* not a system's header */
bool type_holds_pointer(const struct ir *ir, uint32_t type);
uint32_t type_size(const struct ir *ir, uint32_t type); /* bytes, arrays too; 0 if not known */
/* dst = a +- constant, where a is a pointer: by bytes, or by elements. The constant, or false. */
struct offset {
	bool known, bytes;
	int64_t n;
	struct ref base;
};
struct offset points_offset(const struct solver *s, uint32_t fn, const struct op *op);

/* ---- addresses, symbols, values: points_addr.c ---- */

/* A symbol stands for a value that is not known but is the same wherever the symbol is. */
enum rsym_kind {
	RSYM_PARAM,   /* a: number; what a caller handed over, or a symbol that only its locks mention */
	RSYM_OP,	     /* a: op; what it gave its dst */
	RSYM_PHI,     /* a: block or op (in the whole program) where paths meet, b: local */
	RSYM_BIN,     /* a: operator, b, c: values */
	RSYM_RESULT,  /* a: call, b: symbol of the callee */
	RSYM_LOCAL,   /* a: in ir.locals: a variable that was never assigned */
	RSYM_FOREIGN, /* a: set of addresses: something of the caller's that cannot be named here */
	RSYM_LOST,    /* a: symbol: the value that it had in an earlier iteration */
};
struct rsym {
	uint32_t kind, a, b, c;
};
enum addr_kind { ADDR_OBJ, ADDR_SYM, ADDR_OFF, ADDR_IDX };
/* An address is an object, or what a symbol points at, and steps from there. Equal addresses have equal ids. */
struct addr {
	uint8_t kind;
	uint8_t nstep;
	uint32_t up;   /* the address before this step; roots: NONE */
	uint32_t root; /* OBJ: object, SYM: symbol, of the whole address */
	uint32_t idx;  /* IDX: value */
	int32_t n;     /* OFF: bytes; IDX: bytes of an element, 0 if not known */
};
enum val_kind_r { V_NONE, V_CONST, V_SYM, V_ADDR, V_FN };
struct rval {
	uint32_t kind, a; /* SYM: symbol, plus n; ADDR: address; FN: function */
	int64_t n;	  /* CONST, SYM */
};
enum { VAL_UNKNOWN = 0, USET_EMPTY = 0, USET_MANY = 1, MAX_SET = 48 };

/* ---- locks, moments, contexts ---- */

enum lock_flag {
	LOCK_SHARED = 1, /* for reading */
	LOCK_SEM = 2,	 /* a semaphore; a lock only if nobody posts it without having waited */
	LOCK_ONCE = 4,	 /* "inside pthread_once()", or, shared, "after it" */
	LOCK_TRIED = 8,	 /* taken without waiting */
	LOCK_SPIN = 16,
	LOCK_GIVEN = 32, /* one of the caller's that was given back */
	LOCK_MAYBE = 64, /* some lock, held in some of the states that became one where there were too many */
};
struct lock {
	uint32_t addr;
	uint8_t flags, count;
};
/* Contexts in all from which on those of one function are few. */
enum { RACE_ROOMY = 500 };
/* Ops looked at, once for each state, as a multiple of the program's: from there on with few states and rounds; and not
 * at all. */
enum { TIRED_WORK = 20, MOST_WORK = 200 };
enum { LOCKS_INHERIT = NONE, MOMENT_INHERIT = NONE };

/* What a thread has behind it at some point: which threads it has started and joined, what it waited for. */
enum { CHILD_LIVE = 1, CHILD_MANY = 2, CHILD_DONE = 3 };
struct child {
	uint32_t thread;
	uint8_t status;
	uint32_t since; /* set of addresses of locks held without a break since it was created */
};
struct moment {
	uint32_t thread;
	uint32_t children; /* first in race.children; sorted by thread */
	uint32_t nchild;
	uint32_t lh;	   /* set of pairs: locks that it, or who started it, has taken since it was started */
	uint32_t met, may_met; /* sets of barriers that it has passed, may have passed */
};
enum thread_kind { THREAD_MAIN, THREAD_CREATED, THREAD_POOL, THREAD_LOOP, THREAD_SIGNAL, THREAD_CALLER, THREAD_OPEN };
struct thread {
	uint8_t kind;
	bool many;	   /* several of it at one time */
	bool detached;
	uint32_t parent;   /* NONE: a root */
	uint32_t site, inst, fn;
	uint32_t entry;	   /* in facts.entries, or NONE */
	uint32_t under;	   /* set of pairs (lock, holder): an ancestor holds it from its creation until it has ended */
	bool begun;	   /* under is meaningful */
	VEC(uint32_t) before; /* moments of the parent at its creation */
	VEC(uint32_t) joiners; /* contexts to look at again when the next two change */
	uint32_t done, left; /* at its end: threads that have ended certainly, that may live on */
	bool ended;
};

struct symattr { /* of a symbol, in one context */
	uint32_t sym;
	uint32_t set;	 /* addresses that it may stand for */
	uint32_t origin; /* the address it was read from, or NONE */
	uint32_t own;	 /* NONE, or the site that hands each thread (job, callback) another one */
	bool used;	 /* somebody has asked for it */
};
struct psym { /* of a symbol that comes from the caller */
	uint32_t set, origin, own;
	int64_t lo, hi;
	bool fresh;
};
struct exit_state {
	uint32_t locks, moment;
	uint32_t val;
	int64_t lo, hi;	 /* of the value */
	uint32_t fresh;	 /* bits: parameters' symbols that are still known to this thread alone */
	bool fresh_val;
	bool jump;	 /* by longjmp; val: what setjmp returns */
	uint32_t buf;	 /* jump: the buffer */
};
enum access_flag {
	ACC_WRITE = 1,
	ACC_ATOMIC = 2,
	ACC_VOLATILE = 4,
	ACC_FREE = 8,
	ACC_LIBRARY = 16, /* by a library function */
	ACC_RMW = 32,
};
struct access {
	uint32_t site, addr, size;
	uint32_t locks;	 /* in a context that inherits locks: relative to those */
	uint32_t moment; /* or INHERIT */
	uint8_t flags;
};
struct in_edge { /* a call of the context */
	uint32_t from, site;
	uint32_t locks;	 /* in the caller's symbols; as in access */
	uint32_t moment; /* or INHERIT */
	uint32_t nmap;
	struct sym_pair *map;	/* caller's value, callee's symbol */
};
struct sym_pair {
	uint32_t from, to;
};
struct taken_at { /* where a lock was taken: for messages */
	uint32_t addr, site;
};
struct use { /* an access, in one place, by one thread under one set of locks */
	uint32_t obj;	      /* of the place */
	int32_t off;
	uint64_t alike;	      /* equal for uses of a cell that race with the same others */
	uint32_t ctx, acc;    /* in ctxs, in its accs */
	uint32_t site;
	uint32_t place;	      /* address with the object as root */
	uint32_t moment;      /* one that stands for all that coincide with the same others */
	uint32_t must, shared; /* sets of what the locks are called from the place's point of view; taken for reading */
	uint32_t own_pairs;   /* the exact ones, with the thread: see threads_excluded() */
	uint32_t classes;     /* set of places of locks of which it is not known whether they are this place's */
	uint32_t own;	      /* see symattr.own */
	uint32_t size;
	uint8_t flags;
	bool direct;	      /* a local of the function itself */
	bool maybe;	      /* more locks may be held: see LOCK_MAYBE */
	bool rooted;	      /* reached from an object that there is once */
};
struct around { /* what callers add to a context that does not look at it itself */
	uint32_t locks, moment;
};
struct context {
	uint32_t fn, inst;
	uint32_t nparam, nsym;
	uint32_t *param; /* values, in terms of RSYM_PARAM */
	struct psym *sym;
	uint32_t locks, moment; /* at entry; or INHERIT: locks are relative to those at the entry, see locks_hold.c */
	uint32_t base;		/* roots: locks that who started it leaves to it: pthread_once() that is behind it */
	uint32_t parent, site;	/* who called it first; NONE: a root */
	uint8_t why;
	bool queued, running, seen;
	bool general; /* by what the parameters may be anywhere: they are symbols 0, 1, ... */
	bool guess; /* roots: a callback of a loop, of which it is not known whether this thread runs it */
	uint32_t rounds;
	uint32_t took;		/* set of addresses of locks that were taken in it, or came from calls */
	VEC(struct exit_state) exits;
	VEC(uint32_t) users;
	VEC(struct in_edge) in;
	VEC(struct symattr) attrs;
	struct map attr_of;
	VEC(struct access) accs;
	struct map acc_seen;
	VEC(struct taken_at) taken, given;
	VEC(struct taken_at) stack; /* threads (addr) that were given the address of a local */
	VEC(struct around) around;
};
struct order { /* a lock is waited for */
	uint32_t taken; /* address, in the context */
	uint32_t ctx, site, locks, moment;
	uint32_t flags; /* enum lock_flag */
};
enum misuse_kind { MISUSE_NOT_HELD, MISUSE_POSTED, MISUSE_STACK };
struct misuse {
	uint8_t kind;
	uint32_t ctx, site, addr;
	uint32_t other; /* STACK: the thread */
	uint32_t locks; /* there; in a context that inherits locks, perhaps the caller holds it */
};
enum stay_kind { STAY_BLOCKS, STAY_YIELDS, STAY_FORKS };
struct stay { /* a call that waits, or forks, and what is held there */
	uint8_t kind;
	uint32_t ctx, site;
	uint32_t at; /* the call that waits itself: site, or a call below it */
	uint32_t locks, moment;
};

/* ---- the analysis ---- */

struct mods {
	uint32_t *v, n; /* fields, and globals behind them, that a function may write; n NONE: too many */
};
struct open_call { /* a function handed to one that the program lacks */
	uint32_t site, fn;
};
struct uset { /* a set of ids, sorted, in race.pool */
	uint32_t first, n;
};
struct race {
	const struct solver *s;
	const struct program *p;
	const struct ir *ir;
	const struct effects *e;
	struct points *pt;
	struct arena *mem;

	VEC(struct addr) addrs;
	VEC(struct rsym) syms;
	VEC(struct rval) vals;
	VEC(struct uset) sets; /* 0: empty */
	VEC(uint32_t) pool;
	struct map addr_of, sym_of, val_of, set_of, cell_set;

	/* escape.c; per function */
	uint8_t *touch;	  /* enum touch: what it does, or what it calls does */
	uint32_t *leaks;  /* parameters that it, or what it calls, keeps somewhere: bits */
	uint32_t *index;  /* parameters whose value matters as an index, a condition, or which lock */
	struct mods *mods;
	struct map shared; /* (object, distance) -> 1: two threads may touch it, and one writes */
	VEC(struct open_call) open_calls;
	bool parallel;	   /* there is a second thread at all */
	uint64_t work;	   /* ops looked at */
	bool gave_up;	   /* that was too much */

	/* locks.c, parallel.c */
	VEC(struct lock) locks;
	struct map lock_of;
	VEC(struct moment) moments;
	VEC(struct child) children;
	struct map moment_of;
	VEC(struct thread) threads;
	struct map thread_of;
	VEC(struct context *) ctxs;
	struct map ctx_of;
	struct map moments_of; /* (a way to call a function) -> moments at which it was called so */
	uint32_t *nctx;	   /* per function */
	uint32_t *rank;	   /* per function: in the order of callees before callers */
	VEC(uint32_t) todo; /* contexts to look at again */
	uint32_t depth;
	uint32_t created_under; /* set of locks that were held while a thread was created */
	uint32_t sems;	   /* set of addresses of semaphores that are waited for */
	uint32_t posted;   /* set of addresses of semaphores that are posted by who has not waited */
	VEC(struct order) orders;
	struct map order_seen;
	VEC(struct misuse) misuses;
	struct map misuse_seen;
	VEC(struct stay) stays;
	struct map stay_seen;
	uint32_t recursive; /* set of addresses of locks that may be taken twice */
	struct map unlocks; /* site -> 1: held there at least once */
	uint32_t *waits_in; /* per function: a call in it, or below it, that waits; NONE: none, NONE - 1: not asked yet */
	struct map init_value; /* address -> the number that a barrier or semaphore begins with; NONE - 1: several */
	struct map met_by;     /* barrier -> set of threads that wait there */
};

/* ---- escape.c ---- */

enum touch {
	TOUCH_LOCK = 1,	  /* takes or gives locks */
	TOUCH_MOVE = 2,	  /* changes what runs beside it: creates, joins, waits for others, runs a loop */
	TOUCH_SHARED = 4, /* accesses what two threads may touch */
	TOUCH_CREATE = 16, /* creates threads */
	TOUCH_JUMP = 32,  /* by longjmp */
	TOUCH_VALUE = 8,  /* small, and its result depends on its parameters */
};
void solve_escape(struct race *r);
/* Is this a library that uses threads or locks: no main, so that its functions may be called by any thread? */
bool race_library(const struct race *r);
bool race_library_root(const struct race *r, uint32_t fn);
/* Per local: the parameters that it is computed from, as bits. */
void derive_params(const struct ir *ir, uint32_t fn, uint32_t *of);
bool escape_bytes(const struct ir *ir, uint32_t type); /* not looked at for races: text, buffers */
/* What a LOAD or STORE accesses, by a path of this type: where that is void, what it is cast to. */
uint32_t escape_type(const struct ir *ir, uint32_t fn, const struct op *op, uint32_t type);
bool escape_bytes_op(const struct ir *ir, const struct op *op, uint32_t type); /* type: escape_type() */
bool escape_shared(const struct race *r, uint32_t obj, int32_t off, uint32_t size);
bool mods_has(const struct mods *m, uint32_t key);

/* ---- points_addr.c ---- */

uint32_t race_sym(struct race *r, enum rsym_kind kind, uint32_t a, uint32_t b, uint32_t c);
uint32_t rval_const(struct race *r, int64_t n);
uint32_t rval_sym(struct race *r, uint32_t sym, int64_t n);
uint32_t rval_addr(struct race *r, uint32_t addr);
uint32_t rval_fn(struct race *r, uint32_t fn);
/* What the value points at; NONE: nothing, or not known. */
uint32_t rval_behind(struct race *r, uint32_t val);
uint32_t addr_obj(struct race *r, uint32_t obj);
uint32_t addr_sym(struct race *r, uint32_t sym);
uint32_t addr_off(struct race *r, uint32_t addr, int64_t bytes);
uint32_t addr_idx(struct race *r, uint32_t addr, uint32_t stride, uint32_t val);
/* The steps of addr, from another start. */
uint32_t addr_rebase(struct race *r, uint32_t addr, uint32_t start);
uint32_t addr_of_spot(struct race *r, struct spot s);
/* Object and distance, indices left out. false: its root is a symbol. */
bool addr_cell(const struct race *r, uint32_t addr, uint32_t *obj, int32_t *off);
bool addr_exact(const struct race *r, uint32_t addr); /* one place in one run: no symbol, no unknown index */
/* May the two accesses, of so many bytes, touch the same memory? Both have objects as roots. */
bool addr_overlap(const struct race *r, uint32_t a, uint32_t asize, uint32_t b, uint32_t bsize);
static inline bool addr_on_sym(const struct race *r, uint32_t a)
{
	while (r->addrs.v[a].kind >= ADDR_OFF)
		a = r->addrs.v[a].up;
	return r->addrs.v[a].kind == ADDR_SYM;
}
void addr_print(const struct race *r, uint32_t addr, struct sb *out);

uint32_t uset_of(struct race *r, uint32_t *ids, uint32_t n); /* sorts them */
uint32_t uset_add(struct race *r, uint32_t set, uint32_t id);
uint32_t uset_del(struct race *r, uint32_t set, uint32_t id);
uint32_t uset_union(struct race *r, uint32_t a, uint32_t b);
uint32_t uset_meet(struct race *r, uint32_t a, uint32_t b);
bool uset_has(const struct race *r, uint32_t set, uint32_t id);
static inline uint32_t uset_n(const struct race *r, uint32_t set)
{
	return r->sets.v[set].n;
}
static inline uint32_t uset_at(const struct race *r, uint32_t set, uint32_t i)
{
	return r->pool.v[r->sets.v[set].first + i];
}

/* ---- locks.c: contexts ---- */

void solve_locks(struct race *r);
/* In a large program functions are looked at for all their callers at once: a parameter that decides between lock and
 * unlock is not told apart. */
bool race_blurred(const struct race *r);
uint64_t race_budget(const struct race *r, uint32_t times); /* ops */
bool race_tired(const struct race *r);			     /* much of it is spent */
/* Looks at a function as it is called; finds or makes the context. */
uint32_t context_get(struct race *r, struct context *key); /* key's arrays are copied */
void context_look(struct race *r, uint32_t ctx);	   /* now if it is new and the stack allows, else later */
void context_again(struct race *r, uint32_t ctx);
struct symattr *context_attr(struct context *c, uint32_t sym); /* makes it */
const struct symattr *context_find_attr(struct context *c, uint32_t sym);
uint32_t lock_id(struct race *r, struct lock l);
/* The places, with objects as roots, that an address may be, by what its symbol may point at. */
uint32_t context_places(struct race *r, struct context *c, uint32_t addr); /* a set */
uint32_t context_taken(const struct context *c, uint32_t addr); /* site, or NONE */
void misuse_add(struct race *r, struct misuse x);

/* ---- locks_flow.c: one function ---- */

struct fact { /* about a symbol's number */
	uint32_t sym;
	int64_t lo, hi;
	int64_t not; /* a value that it is not, if hole */
	bool hole;
};
struct memcell { /* what a place in memory holds, as far as this thread knows */
	uint32_t addr, key, val;
};
struct held { /* a fresh object that is reachable from another one alone */
	uint32_t inner, outer;
};
struct state {
	uint32_t locks, moment;
	uint32_t *env; /* per local: value */
	VEC(struct fact) facts;
	VEC(struct memcell) mem;
	VEC(uint32_t) fresh; /* symbols whose object no other thread knows */
	VEC(struct held) held;
	bool dirty; /* at the start of a block: it has to be looked at from there */
};
struct states {
	struct state *v;
	uint32_t n, cap;
};
struct look {
	struct race *r;
	struct context *c;
	uint32_t id; /* of c */
	uint32_t fn, inst;
	const struct fn *f;
	const struct cfg *g;
	struct states *in;  /* per block */
	bool *dirty, *head;
	uint8_t **assigned; /* per block that is a head: locals assigned in its loop */
	bool all_dirty;
	uint32_t op;	    /* being looked at */
	VEC(struct arrival) arrivals;
	VEC(struct loop_join) joins;
};
struct arrival { /* a longjmp that comes back to a setjmp here */
	uint32_t site, locks, moment, val;
};
struct loop_join { /* a join in a loop: of all that were started like the one whose id that local holds */
	uint32_t head, site, local;
};
void flow_run(struct race *r, uint32_t ctx);
void state_copy(const struct look *fl, struct state *to, const struct state *from);
void state_free(struct state *s);
void flow_again(struct look *fl, uint32_t block); /* in all states that it has */
/* Adds a state, merging it with one that has the same locks and moment. where: of RSYM_PHI. True if anything changed. */
bool states_add(struct look *fl, struct states *to, struct state *s, uint32_t where);
/* Constrains: false if that cannot be. */
bool state_assume(struct look *fl, struct state *s, uint32_t val, uint8_t rel, int64_t n);
void state_range(const struct look *fl, const struct state *s, uint32_t val, int64_t *lo, int64_t *hi);
void flow_set_attr(struct look *fl, uint32_t sym, uint32_t set, uint32_t origin, uint32_t own);
uint32_t flow_val_set(struct look *fl, uint32_t val); /* addresses that a value may be */
bool state_fresh(const struct state *s, uint32_t sym);
void state_escape(struct look *fl, struct state *s, uint32_t val);

/* ---- locks_op.c: values, memory, accesses ---- */

uint32_t flow_value(struct look *fl, struct state *s, struct ref x);
void flow_op(struct look *fl, struct state *s, uint32_t at);
void flow_set(struct look *fl, struct state *s, struct ref dst, uint32_t val);
void flow_access(struct look *fl, struct state *s, uint32_t addr, uint32_t size, uint8_t flags);
void mem_set(struct look *fl, struct state *s, uint32_t addr, uint32_t key, uint32_t val);
uint32_t mem_get(const struct state *s, uint32_t addr);
void mem_kill_behind(struct look *fl, struct state *s, uint32_t addr); /* what lies in that object */
void mem_kill(struct look *fl, struct state *s, const struct mods *m);
uint32_t flow_unknown(struct look *fl, struct ref dst); /* a symbol for what this op gives */

/* ---- locks_hold.c ---- */

/* A lock in a set, its LOCK_ONCE, LOCK_GIVEN and LOCK_MAYBE as told; NONE if it is not there. */
uint32_t locks_find(const struct race *r, uint32_t locks, uint32_t addr, uint8_t flags);
uint32_t locks_perhaps(const struct race *r, uint32_t locks); /* the LOCK_MAYBE in it, or NONE */
uint32_t locks_take(struct race *r, uint32_t locks, struct lock l);
/* relative: the set is relative to the caller's. was: it, or what may be it, was there. */
uint32_t locks_give(struct race *r, struct context *c, uint32_t locks, struct lock l, bool relative, bool *was);
/* What is held where `here`, relative, is added to what is held around it. */
uint32_t locks_within(struct race *r, struct context *c, uint32_t around, uint32_t here, bool relative);
uint32_t locks_meet(struct race *r, uint32_t a, uint32_t b); /* what is not in both becomes LOCK_MAYBE */
/* The address by which a lock is known: of the one place that it may be, if it is one. */
uint32_t flow_the_lock(struct look *fl, uint32_t addr);
void flow_lock(struct look *fl, struct state *s, uint32_t addr, uint8_t flags);
void flow_unlock(struct look *fl, struct state *s, uint32_t addr);
void flow_post(struct look *fl, struct state *s, uint32_t addr); /* a semaphore */

/* ---- locks_around.c ---- */

void contexts_surround(struct race *r); /* gives context.around */
/* May some caller hold the lock, where the context itself holds these? */
bool context_holds(struct race *r, struct context *c, uint32_t locks, uint32_t addr);

/* ---- locks_bind.c ---- */

struct call { /* being made: the callee's context, and what its symbols stand for */
	struct look *fl;
	struct state *s;
	struct context key;
	struct psym psyms[64];
	uint32_t params[64];
	VEC(struct sym_pair) map; /* caller's value, callee's symbol */
};
void call_key(struct call *k, uint32_t fn, const uint32_t *args, uint32_t narg);
void context_user(struct context *c, uint32_t ctx); /* ctx is looked at again when c has new ways to end */
/* The states after a body that was called with these arguments. s stays the caller's. */
void flow_descend(struct look *fl, struct state *s, uint32_t fn, uint32_t inst, const uint32_t *args, uint32_t narg, struct ref dst,
	uint8_t why, struct states *out);
void flow_jump(struct look *fl, const struct exit_state *e); /* a longjmp */

/* ---- locks_thread.c ---- */

uint32_t flow_functions(struct look *fl, struct state *s, struct ref x, uint32_t *fns, uint32_t max); /* defined ones */
void flow_create(struct look *fl, struct state *s, const struct effect *e);
void flow_open_call(struct look *fl, struct state *s);
uint32_t flow_thread_value(struct look *fl); /* stands for the thread created here */
void flow_join(struct look *fl, struct state *s, struct ref x);
void flow_run_loop(struct look *fl, struct state *s, const struct effect *e);
void flow_leave_loop(struct look *fl, struct state *s, uint32_t head);

/* ---- locks_call.c ---- */

/* One call in one state; adds the states after it to out. Takes s over. */
void flow_call(struct look *fl, struct state *s, uint32_t at, struct states *out);

/* ---- parallel.c ---- */

uint32_t moment_id(struct race *r, const struct moment *m, const struct child *children);
uint32_t moment_start(struct race *r, uint32_t thread, uint32_t from); /* from: moment of its creator, or NONE */
uint32_t moment_weaker(struct race *r, uint32_t a, uint32_t b); /* what holds at both */
uint32_t thread_get(struct race *r, enum thread_kind kind, uint32_t parent, uint32_t site, uint32_t inst, uint32_t fn);
/* The moment after the creation of a thread, and after it was joined. */
uint32_t moment_create(struct race *r, uint32_t moment, uint32_t thread, uint32_t held);
uint32_t moment_join(struct race *r, uint32_t moment, uint32_t thread, bool all);
uint32_t moment_lock(struct race *r, uint32_t moment, uint32_t addr);
uint32_t moment_unlock(struct race *r, uint32_t moment, uint32_t addr); /* NONE: some lock, not known which */
uint32_t moment_meet(struct race *r, uint32_t moment, uint32_t barrier);
void thread_end(struct race *r, uint32_t moment);
bool moments_coincide(struct race *r, uint32_t a, uint32_t b);
bool thread_many(const struct race *r, uint32_t thread); /* may several of it run at once */
/* Threads s and t, holding these pairs themselves: does a lock that one of them, or an ancestor for it, holds keep the
 * other out, because an ancestor of the other holds it too? */
bool threads_excluded(struct race *r, uint32_t s, uint32_t t, uint32_t own_s, uint32_t own_t);
uint32_t thread_pair(struct race *r, uint32_t addr, uint32_t thread);

/* ---- shared.c, shared_object.c ---- */

struct lock_name {
	const char *text;
	uint32_t field, global; /* or NONE */
	bool near;		/* in the same object as what it guards */
};
struct pairs {
	struct race *r;
	VEC(struct use) uses; /* by object, distance, site */
	struct map seen;
	uint32_t *class_of;  /* per moment: the first one that coincides with the same others */
	struct bits *meets;  /* per such moment: those that it may coincide with */
	VEC(struct lock_name) names;
	struct map name_of; /* name in use.must -> names */
	struct bits later;  /* see reach_later() */
};
void solve_shared(struct race *r);
bool uses_race(struct pairs *ps, const struct use *a, const struct use *b);
void shared_objects(struct pairs *ps); /* gives facts.shared, facts.uses, and visits for them */
struct place_name {
	const char *text;     /* "stats.hits", "conn.state", "tab[].next"; lives as long as mem */
	uint32_t field, type; /* the last field, or NONE; of what is there */
};
struct place_name race_place_name(struct race *r, struct arena *mem, uint32_t addr);
/* The first field has the address of its record; what is accessed, by so many bytes, is the field. */
struct place_name race_place_leaf(const struct race *r, struct arena *mem, struct place_name n, uint32_t size);
/* shared_object.c, for lockuse.c: the visit of a context, and what a lock of it is called */
struct build;
uint32_t build_visit(struct build *b, uint32_t ctx);
const struct entry *build_entry(const struct build *b, uint32_t visit);
bool build_races_with(const struct build *b, const char *lock); /* does an access with it held take part in a race? */
/* ---- lockuse.c: how locks are used; gives facts.lock_uses ---- */
void lock_uses(struct race *r, struct build *b);
/* Notes a call that waits or forks. */
void stay_add(struct race *r, enum stay_kind kind, uint32_t ctx, uint32_t site, uint32_t at, uint32_t locks, uint32_t moment);
uint32_t waits_in(struct race *r, uint32_t fn, int depth);
bool waits(const struct race *r, const struct effect *e); /* for long, whatever its arguments are */
void race_free(struct race *r);

#endif
