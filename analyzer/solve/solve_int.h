/* solve_int.h - between the files of solve/. */
#ifndef TVT_SOLVE_INT_H
#define TVT_SOLVE_INT_H

#include "solve/solve.h"

enum {
	MAX_DEFS = 8,	 /* definitions of one value that are looked at */
	MAX_BIND = 8,	 /* parameters whose values are followed, per function */
	MAX_STEPS = 400, /* definitions looked at for one value */
};

/* A branch that decides whether a block is reached: the condition in block `at` went to successor `succ`. */
struct guard {
	uint32_t at, succ;
};
/* The definitions that reach the beginnings of blocks, as far as they were asked for: see reaching(). */
struct reached {
	struct map index;  /* (local of the program, block) -> position in v */
	VEC(uint32_t) v;   /* a count, and the definitions */
};
/* What is known of one function's inside; built when the function is first looked at. */
struct local_facts {
	uint32_t *def, *next_def; /* per local: newest defining op (absolute), chained; NONE ends */
	struct guard *guard;	  /* per block: the branch right in front of it; at is NONE if there is none */
	uint32_t *decided;	  /* as guarded, without guards of which nothing can ever be known; or NULL: not asked yet */
	bool *vague;		  /* per block: one of those stands in front of it */
	uint32_t *guarded;	  /* per block: it, or its nearest dominator, that has a guard; or NONE */
	uint32_t *guard_params;	  /* per block: parameters that decide whether it is reached (bits); or NULL: not asked yet */
};
/* What was found in one frame, so that it is found once. */
struct memo {
	struct map index; /* op -> position in v */
	VEC(struct val) v;
	uint8_t *reached; /* per block: 0, or enum tri + 1 */
};
/* A descriptor as a function names it. */
struct fd_key {
	enum { KEY_NONE, KEY_LOCAL, KEY_FIELD, KEY_GLOBAL } kind;
	uint32_t id; /* local relative to the function; field; global */
};
/* A site that changes a descriptor's mode: a modelled call, or a call of a function that does. */
struct make {
	uint32_t site;
	struct fd_key target;
	const struct effect *effect; /* modelled, else */
	uint32_t callee, callee_make; /* a make of the callee (index in its list) */
	uint8_t level;
};
struct modeset { /* changes of mode made by callers, field by field */
	uint32_t n;
	struct {
		uint32_t field;
		uint8_t mode;
	} v[4];
};
struct bind { /* values of the parameters that matter: val[i] is for the i-th bit of params[fn] */
	struct val val[MAX_BIND];
};

struct solver {
	const struct program *p;
	const struct ir *ir;
	const struct effects *e;
	struct facts *f;
	struct arena *mem;

	struct local_facts **local; /* per function */
	struct reached *reached;
	struct bits leads;	    /* per function: something that may block can be reached from it */
	uint32_t *params;	    /* per function: which parameters matter (bits; at most MAX_BIND) */
	uint32_t *path_params;	    /* per function: of those, the ones that a model asks how they begin */
	struct fd_class *fd;	    /* facts.fd */
	uint32_t *over;		    /* per flow class: the class whose descriptor it does its I/O on, or NONE */
	struct make **makes;	    /* per function */
	uint32_t *nmake;
	struct bits own_wait;	    /* per op: the wait of a hand-written loop */
	struct {
		VEC(struct val) v;
		struct map index;   /* global_key -> v */
	} settled;		    /* what globals hold when the loop runs, bit by bit (startup.c) */
	struct map flags;	    /* globals and fields of globals that signal handlers set (flags.c) */
	bool *reads_flag;	    /* per function */
	struct map macros;	    /* names (hashed) of macros whose argument is code for another thread */
	struct bits vague;	    /* per op: a call through a pointer that may reach very many functions (control.c) */
	bool *asks_mode;	    /* per function: calls a function that tells where it runs (TRUE_ON) */
	bool *forks;		    /* per function: its result is 0 in a forked child */
	bool all_settled;	    /* settled is complete */
	struct texts *texts;
	bool deep;		    /* see solve_all() */
	uint32_t *budget;	    /* steps left for the value that is being looked for */
	bool *no_return;	    /* per function: never comes back */
	struct bits dead_end;	    /* per op: control cannot reach a return from here */
	float *op_ns;		    /* per op: what it usually takes, with all that it calls (cost.c) */
	float *times;		    /* per block: how often it is reached in a turn of its loop, or in a call (cost.c) */

	struct {
		VEC(struct bind) v;
		struct map index; /* by hash */
	} binds;
	struct {
		VEC(struct modeset) v;
		struct map index;
	} modesets;
};

/* Where an expression is evaluated. */
struct frame {
	const struct solver *s;
	uint32_t fn;
	const struct bind *bind;      /* NULL: nothing known */
	const struct modeset *modes;  /* NULL: none */
	enum ctx_kind ctx;
	uint8_t depth;
	bool text;	   /* what texts begin with is of interest, and worth the time (text.c) */
	struct memo *memo; /* NULL: none */
};
void memo_open(struct memo *m, const struct solver *s, uint32_t fn);
void memo_close(struct memo *m);

/* value.c */
#define TOP ((struct val){.kind = VAL_TOP})
/* A point in a function: in block, in front of op `before`. */
struct point {
	uint32_t block, before;
};
struct point at_site(const struct solver *s, uint32_t site);
struct point at_end(const struct solver *s, uint32_t fn, uint32_t block);
const struct local_facts *local_facts(const struct solver *s, uint32_t fn);
/* Definitions of a local that reach a point: ops, or NONE for "the value at entry". defs holds MAX_DEFS + 1. Returns
 * the count, or MAX_DEFS + 1 if there are more. */
uint32_t reaching(const struct solver *s, uint32_t fn, uint32_t local, struct point at, uint32_t *defs);
struct val value_of(const struct frame *fr, struct ref r, uint32_t site);
struct val value_at(const struct frame *fr, struct ref r, struct point at, int depth); /* depth: 0 from outside */
struct val val_int(int64_t i);
bool val_const(struct val v, int64_t *i);
struct val val_join(const struct solver *s, struct val a, struct val b);
struct val value_of_def(const struct frame *fr, uint32_t at, int depth);
/* A global, or a field of one, as a key; 0 if the path is neither. */
uint64_t global_key(const struct ir *ir, uint32_t path);
struct fd_key fd_key_of(const struct solver *s, uint32_t fn, struct ref r, uint32_t site);
bool site_dominates(const struct solver *s, uint32_t a, uint32_t b);
bool site_reaches(const struct solver *s, uint32_t a, uint32_t b);

/* text.c */
void texts_open(struct solver *s);
void texts_close(struct solver *s);
bool is_text(const struct ir *ir, uint32_t type); /* char *, char[], or memory that may hold one */
/* What it begins with, "" if nothing is known. The whole text if it is VAL_STR. */
const char *text_begin(const struct solver *s, struct val v);
struct val text_join(const struct solver *s, struct val a, struct val b);
struct val text_of_load(const struct frame *fr, uint32_t at, int depth);
struct val text_of_call(const struct frame *fr, uint32_t at, int depth);
struct val text_of_vararg(const struct frame *fr); /* the first one */
struct val text_of_param(const struct frame *fr, uint32_t param);
struct val text_of_local(const struct frame *fr, uint32_t local, int depth);
struct val text_behind(const struct solver *s, uint32_t fn, uint32_t param);
struct val text_after(const struct frame *fr, uint32_t site, uint32_t a, int depth);
struct val text_copied_to(const struct frame *fr, uint32_t local, int depth);

/* cond.c */
enum tri site_reached(const struct frame *fr, uint32_t site); /* guards: NO: not on this chain */
bool in_child(const struct solver *s, uint32_t site);	      /* behind a fork, in the child */
enum tri clause_holds(const struct frame *fr, const struct effect *e, const struct mcond *c);
/* The same, with a descriptor of which nothing is known taken as a non-blocking socket. */
enum tri clause_holds_assuming(const struct frame *fr, const struct effect *e, const struct mcond *c);

/* option.c */
/* Is the site behind a branch on a field of a parameter, to which a caller on the visit's way has stored the opposite? */
bool option_denies(const struct solver *s, const struct visit *visits, uint32_t visit, uint32_t site);
/* Is it behind a look whether a global is set that the same function sets: done the first time only? */
bool done_once(const struct solver *s, uint32_t site);

/* params.c */
uint32_t params_of(const struct solver *s, uint32_t fn, struct ref r); /* on which the value depends (bits) */
void bind_call(const struct frame *fr, uint32_t site, uint32_t callee, struct bind *out);
void solve_params(struct solver *s);

/* fdstate.c */
void solve_fdstate(struct solver *s);
uint8_t make_mode(const struct frame *fr, const struct make *m); /* fd_mode bits, 0: does nothing here */

/* control.c */
void solve_control(struct solver *s);

/* context.c, startup.c, flags.c, blocking.c */
void solve_context(struct solver *s);
void reach(const struct solver *s, uint32_t fn, uint32_t head, struct bits *seen);
void solve_startup(struct solver *s);
void solve_flags(struct solver *s);
bool behind_signal(const struct solver *s, uint32_t site); /* a branch on a flag that a signal's handler sets is in front */
void solve_blocking(struct solver *s);

/* cost.c */
void solve_cost(struct solver *s);

/* threads.c */
void solve_threads(struct solver *s);

/* signals.c, recheck.c, declared.c */
void solve_declared(struct solver *s);
void solve_recheck(struct solver *s);
void solve_signals(struct solver *s);

/* shared.c: points*.c, escape.c, locks*.c, parallel.c with it */
void solve_races(struct solver *s);

#endif
