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

struct points {
	const struct solver *s;
	const struct program *p;
	const struct ir *ir;
	const struct effects *e;
	VEC(struct inst) insts;
	VEC(struct obj) objs;
	VEC(struct spot) spots;
	VEC(struct cell {
		uint32_t node, next;
		int32_t off;
	}) cells;
	VEC(struct pnode) nodes;
	VEC(struct pcon) cons;
	VEC(uint32_t) todo;
	struct map inst_of; /* (inst, site, fn) -> copy */
	struct map obj_of, spot_of, edge_of;
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
/* Spots in a local, in what is at a place in an object, in a function's result: count, ids in *spots.
 * POINTS_MANY: too many to tell. */
enum { POINTS_MANY = 200 };
uint32_t points_local(const struct points *pt, uint32_t inst, uint32_t local, const uint32_t **spots);
uint32_t points_cell(const struct points *pt, uint32_t obj, int32_t off, const uint32_t **spots);
bool type_holds_pointer(const struct ir *ir, uint32_t type);
uint32_t type_size(const struct ir *ir, uint32_t type); /* bytes, arrays too; 0 if not known */
/* dst = a +- constant, where a is a pointer: by bytes, or by elements. The constant, or false. */
struct offset {
	bool known, bytes;
	int64_t n;
	struct ref base;
};
struct offset points_offset(const struct solver *s, uint32_t fn, const struct op *op);

#endif
