/* ir.h - the intermediate representation: who calls whom with what, who touches what, in which
 * order, under which condition, inside which loop.
 *
 * One struct ir is the code of one translation unit, or, after linking, of a whole program: the
 * same flat arrays in one id space. Ids, not pointers: a unit is written as it is, and linking is
 * renumbering. Text form (.tir): ir_text.c. Invariants: ir_check().
 *
 * C constructs and where they went:
 *   a->b[i].c          path {local a, [deref, field b, index i, field c]}; [deref, b, deref, index i, c]
 *                      if b is a pointer. A DEREF behind other steps, or of a global, also reads what
 *                      the path names up to there: no LOAD of its own tells of it
 *   s.m, m in a nameless struct of s: a step for the nameless field, and one for m
 *   x (a global)       path {global x, []}, read by LOAD, written by STORE
 *   x (a local)        the local itself; if its address is taken (LOCAL_ADDR), every use is still
 *                      by name, and solvers that care treat uses as accesses
 *   f, &f              ref FN
 *   if, ?:, &&, ||, !  blocks with TERM_IF; `!` swaps the successors
 *   switch             TERM_SWITCH, one case range a successor, the last successor the default
 *   initialisers of objects with static storage: STOREs in the function named "(init)", FN_INIT
 *   __attribute__((cleanup(f)))   CALL f(&x) with OPF_IMPLICIT wherever the scope is left
 *   __atomic_*, __sync_*, C11     LOAD/STORE/LOAD+STORE with OPF_ATOMIC (and OPF_RMW)
 *   sizeof, unevaluated           a constant, or nothing
 */
#ifndef TVT_IR_H
#define TVT_IR_H

#include "base/base.h"

/* ---- references ---- */

enum ref_kind {
	REF_NONE,   /* nothing; where a value is expected: one that is not known (a float, a struct) */
	REF_CONST,  /* id indexes ir.consts */
	REF_STR,    /* a string literal; id is a string id */
	REF_LOCAL,  /* id is relative to the function: 0..nparam-1 are the parameters */
	REF_GLOBAL, /* only as base of a path */
	REF_FN,	    /* address of a function; id indexes ir.fns */
	REF_PATH,   /* only in LOAD, STORE, ADDR; id indexes ir.paths */
};
struct ref {
	uint32_t kind : 3, id : 29;
};

/* One step of an access path. An index keeps its value, so that t[i].lock and t[i].data match. */
enum step_kind {
	STEP_DEREF, /* *p */
	STEP_FIELD, /* .f; id indexes ir.fields */
	STEP_INDEX, /* [i]; ref is REF_CONST or REF_LOCAL, or REF_NONE if not simple */
};
struct step {
	uint32_t kind;
	uint32_t field; /* STEP_FIELD */
	struct ref index;
};
struct path {
	struct ref base; /* REF_LOCAL, REF_GLOBAL, or REF_CONST (a fixed address), REF_STR */
	uint32_t step, nstep;
};

/* ---- operations ---- */

enum op_kind {
#define OP(name, text, form, doc) OP_##name,
#include "ir/ops.def"
#undef OP
	OP_COUNT
};
enum op_flag {
	OPF_ATOMIC = 1,
	OPF_VOLATILE = 2,
	OPF_RMW = 4,	  /* LOAD and STORE of one read-modify-write; both carry it */
	OPF_IMPLICIT = 8, /* made by the compiler: cleanup functions */
	OPF_INIT = 16,	  /* initialiser of the object at its definition */
	OPF_MACRO = 32,	  /* the op comes from a macro's body */
	OPF_DECAY = 64,	  /* ADDR of an array that decays to a pointer to its first element */
	OPF_ARG = 128,	  /* ADDR written directly as a call's argument: f(&x) */
};
enum bin_kind { /* in op.flags of BIN; comparisons give 0 or 1 */
	BIN_ADD, BIN_SUB, BIN_MUL, BIN_DIV, BIN_MOD, BIN_SHL, BIN_SHR, BIN_AND, BIN_OR, BIN_XOR,
	BIN_EQ, BIN_NE, BIN_LT, BIN_LE, BIN_GT, BIN_GE, BIN_COUNT
};
enum un_kind { UN_NEG, UN_NOT, UN_LNOT, UN_COUNT }; /* in op.flags of UN: -x ~x !x */
enum blind_kind { /* what could not be told; counted per kind */
	BLIND_ASM,	  /* inline assembly */
	BLIND_EXPR,	  /* an expression the front end does not know */
	BLIND_GOTO,	  /* computed goto */
	BLIND_NEST,	  /* nested too deep, cut off */
	BLIND_ERROR,	  /* the function has a syntax or type error */
	BLIND_OMP,	  /* OpenMP region whose body is not seen */
	BLIND_COUNT
};
struct op {
	uint8_t kind, flags;
	uint16_t narg; /* CALL, ICALL */
	uint32_t loc;  /* indexes ir.locs */
	struct ref dst, src;
	uint32_t arg; /* CALL, ICALL: first in ir.args; BIN: second operand (ref_of(arg)); BLIND: kind */
};
static inline uint32_t ref_bits(struct ref r)
{
	return r.kind | (uint32_t)r.id << 3;
}
static inline struct ref ref_of(uint32_t bits)
{
	return (struct ref){.kind = bits & 7, .id = bits >> 3};
}
static inline bool ref_eq(struct ref a, struct ref b)
{
	return a.kind == b.kind && a.id == b.id;
}
#define REF(k, i) ((struct ref){.kind = REF_##k, .id = (i)})

/* ---- blocks ---- */

enum rel { REL_EQ, REL_NE, REL_LT, REL_LE, REL_GT, REL_GE, REL_BITS, REL_NOBITS }; /* BITS: lhs & rhs */
enum term { TERM_GOTO, TERM_IF, TERM_SWITCH, TERM_RET, TERM_STOP, TERM_JUMP };
/* TERM_STOP: control does not go on (noreturn call, __builtin_unreachable): no successors.
 * TERM_JUMP: computed goto, every label whose address is taken is a successor. */
struct cond {
	struct ref lhs, rhs; /* locals or constants; a bare `if (x)` is x != 0 */
	uint8_t rel;	     /* enum rel */
	uint8_t pad[3];
};
enum block_flag {
	BLOCK_LOOP = 1,	   /* head of a for, while or do statement (not of a goto loop) */
	BLOCK_MACRO = 2,   /* that statement comes from a macro's body */
	BLOCK_LABEL = 4,   /* target of a goto */
};
struct block {
	uint32_t op, nop;     /* in ir.ops; op is where the block before ends, also if nop is 0 */
	uint32_t succ, nsucc; /* in ir.succs; TERM_IF: [0] taken if cond holds, [1] if not */
	struct cond cond;     /* TERM_IF; TERM_SWITCH: lhs is the value */
	uint32_t loc;	      /* of the terminator's condition, or of the statement */
	uint8_t term, flags;
	uint16_t pad; /* what is written has no holes, so that equal units are equal bytes */
};
struct succ {
	uint32_t block; /* relative to the function: 0 is the entry */
	uint32_t pad;
	int64_t lo, hi; /* TERM_SWITCH: lo <= value <= hi; the default has lo > hi */
};

/* ---- declarations ---- */

enum fn_flag {
	FN_DEFINED = 1,
	FN_STATIC = 2,
	FN_INLINE = 4,
	FN_NORETURN = 8,
	FN_VARIADIC = 16,
	FN_CTOR = 32,	   /* __attribute__((constructor)) */
	FN_HEADER = 64,	   /* the definition is in a header, or another file than the unit's own */
	FN_INIT = 128,	   /* the pseudo function that initialises objects with static storage */
	FN_KNR = 256,	   /* no prototype: argument counts do not bind */
	FN_SETJMP = 512,   /* calls setjmp: locals may change behind it */
	FN_DEGRADED = 1024,/* has errors: analysed as far as it goes */
};
struct fn {
	uint32_t name; /* string id */
	uint32_t key;  /* string id: USR, and for statics USR@file; equal keys are one function */
	uint32_t type; /* TYPE_FN */
	uint32_t loc;  /* of the name in the definition, else in a declaration */
	uint32_t flags;
	uint32_t nparam;
	uint32_t local, nlocal; /* in ir.locals; the first nparam are the parameters */
	uint32_t block, nblock; /* in ir.blocks; none if only declared */
	uint32_t op, nop;	/* the ops of all blocks lie together, in block order */
	uint32_t attr, nattr;	/* in ir.attrs */
	uint64_t hash;		/* ir_hash_fn(): the same header function in two units is one */
};
enum local_flag {
	LOCAL_PARAM = 1,
	LOCAL_TEMP = 2, /* assigned once, by one op; has no name. A ?: result is LOCAL_JOIN instead */
	LOCAL_ADDR = 4, /* its address is taken, or it is an array or record used by address */
	LOCAL_JOIN = 8, /* unnamed, assigned in more than one arm */
};
struct local {
	uint32_t name, type, flags, loc;
};
enum global_flag {
	GLOBAL_DEFINED = 1,
	GLOBAL_STATIC = 2,
	GLOBAL_TLS = 4,
	GLOBAL_CONST = 8, /* const-qualified all the way down: never written */
	GLOBAL_LOCAL = 16, /* a static local; fn tells of which function */
	GLOBAL_ATOMIC = 32,
	GLOBAL_VOLATILE = 64,
};
struct global {
	uint32_t name, key, type, loc, flags;
	uint32_t fn; /* GLOBAL_LOCAL, else NONE */
	uint32_t attr, nattr;
};

enum type_kind { TYPE_VOID, TYPE_INT, TYPE_FLOAT, TYPE_ENUM, TYPE_PTR, TYPE_ARRAY, TYPE_RECORD, TYPE_FN, TYPE_OTHER };
enum type_flag { TYPEF_CONST = 1, TYPEF_VOLATILE = 2, TYPEF_ATOMIC = 4, TYPEF_UNSIGNED = 8, TYPEF_VARIADIC = 16 };
struct type {
	uint8_t kind, flags;
	uint16_t nparam; /* TYPE_FN */
	uint32_t to;	 /* PTR, ARRAY: element type; RECORD: ir.records; FN: result type; else NONE */
	uint32_t size;	 /* bytes, 0 if unknown or incomplete; ARRAY: number of elements */
	uint32_t name;	 /* string id: the typedef it was written with ("event_callback_fn"), or "" */
	uint32_t text;	 /* string id: canonical spelling; two TYPE_FN with equal text have one signature */
};
struct record {
	uint32_t name;	/* "conn", or the typedef's name, or "" */
	uint32_t key;	/* string id: USR, with @file if it is defined in a .c file */
	uint32_t field, nfield; /* in ir.fields, in order of declaration */
	uint32_t size;	/* bytes */
	uint32_t flags; /* RECORD_UNION */
};
enum { RECORD_UNION = 1 };
struct field {
	uint32_t name, type, record;
	uint32_t bit; /* offset in bits */
	uint32_t attr, nattr;
	uint32_t index; /* position in the record */
};

/* What was written at a declaration: annotate("tvt: ..."), guarded_by(...), requires_capability(...),
 * acquire(...), and macros that expand to nothing (coroutine_fn). Text only; model/ gives the meaning. */
enum attr_kind { ATTR_ANNOTATE, ATTR_THREAD_SAFETY, ATTR_MACRO, ATTR_COMMENT };
struct attr {
	uint32_t kind, text, loc;
};

/* A place in the source. If the code comes from a macro, (line, col) is where the macro is used, which is
 * where the user can change something, and (sfile, sline, scol) where the tokens are spelled. */
struct loc {
	uint32_t file; /* in ir.files; NONE: nowhere */
	uint32_t line, col, end_col; /* 1-based, bytes; end_col is one behind the name, or col */
	uint32_t sfile, sline, scol;
	uint32_t macro; /* string id of the macro's name, or 0 */
};
struct file {
	uint32_t path; /* string id: normal, absolute */
	uint32_t flags; /* FILE_MAIN: some unit's own file; FILE_SYSTEM: found by -isystem or the compiler */
};
enum { FILE_MAIN = 1, FILE_SYSTEM = 2 };

/* A comment `// tvt: ...`: allow(rule) reason, on loop, ...; kept with its line. */
struct remark {
	uint32_t file, line, text;
	uint32_t flags; /* REMARK_ALONE: nothing else stands on its line, so it speaks of the next one */
};
enum { REMARK_ALONE = 1 };

/* ---- the whole ---- */

/* SECTION(type, name) - the arrays, in the order in which they are written. Linking, writing and mapping
 * are loops over this list. Strings come in through ir_str alone, so they are not one of the tables. */
#define IR_TABLES(SECTION)                                                                         \
	SECTION(struct file, files)                                                                \
	SECTION(struct loc, locs)                                                                  \
	SECTION(struct type, types)                                                                \
	SECTION(struct record, records)                                                            \
	SECTION(struct field, fields)                                                              \
	SECTION(struct fn, fns)                                                                    \
	SECTION(struct global, globals)                                                            \
	SECTION(struct local, locals)                                                              \
	SECTION(struct block, blocks)                                                              \
	SECTION(struct succ, succs)                                                                \
	SECTION(struct op, ops)                                                                    \
	SECTION(struct ref, args)                                                                  \
	SECTION(struct path, paths)                                                                \
	SECTION(struct step, steps)                                                                \
	SECTION(int64_t, consts)                                                                   \
	SECTION(struct attr, attrs)                                                                \
	SECTION(struct remark, remarks)
#define IR_SECTIONS(SECTION)                                                                       \
	IR_TABLES(SECTION)                                                                         \
	SECTION(char, strs) /* string ids are offsets; id 0 is "" */

struct ir {
#define SECTION(type, name)                                                                        \
	type *name;                                                                                \
	uint32_t n##name, cap##name;
	IR_SECTIONS(SECTION)
#undef SECTION
	struct intern *intern;	/* while building; strs points into it, so it moves with ir_str */
	struct map const_ids;	/* while building: value to id */
	const void *owned;	/* the blob this was mapped from, if any: nothing may be added */
};

struct ir *ir_new(void); /* for building: grow arrays with ir_add_*, strings with ir_str */
void ir_free(struct ir *ir);
uint32_t ir_str(struct ir *ir, const char *s); /* interned */
uint32_t ir_strn(struct ir *ir, const char *s, size_t n);
#define SECTION(type, name) uint32_t ir_add_##name(struct ir *ir, type val); /* the new id */
IR_TABLES(SECTION)
#undef SECTION
uint32_t ir_const(struct ir *ir, int64_t v); /* equal values may have several ids */

static inline const char *ir_text_of(const struct ir *ir, uint32_t str)
{
	return ir->strs + str;
}

/* Serialise to one blob (position independent, native endianness, versioned), and back. ir_map keeps
 * pointers into data, which must be 8-byte aligned and outlive the result; it checks sizes, every id and
 * the form of every op, so that no later stage can be led astray, and returns NULL if anything is off. */
void ir_write(const struct ir *ir, struct sb *out);
struct ir *ir_map(const void *data, size_t size);

/* Writes the unit as it would be with the directory from under the name to; neither ends in '/'. 0, or -1 if in
 * is not well formed. */
int ir_rebase(const struct ir *in, const char *from, const char *to, struct sb *out);

/* What a function does and where it is written, whatever the ids of its unit: equal hashes, equal bodies. */
uint64_t ir_hash_fn(const struct ir *ir, uint32_t fn);

/* Every invariant stated above; "" or the first violation, in words. */
const char *ir_check(const struct ir *ir, struct arena *a);

/* ---- text form ---- */

void ir_print(const struct ir *ir, struct sb *out);
void ir_print_fn(const struct ir *ir, uint32_t fn, struct sb *out); /* as in ir_print, in time linear in ir */
/* For people: names as in C, no records, types or places. */
void ir_print_op(const struct ir *ir, uint32_t fn, uint32_t op, struct sb *out);
void ir_print_path(const struct ir *ir, uint32_t fn, uint32_t path, struct sb *out); /* conn->stats.hits */
void ir_print_ref(const struct ir *ir, uint32_t fn, struct ref r, struct sb *out);
/* NULL after error("%s:%d: ...", name, line). */
struct ir *ir_parse(const char *name, const char *text);
const char *op_name(uint8_t kind);

/* ---- control flow, per function, computed on demand ---- */

struct loop {
	uint32_t head;	      /* block */
	uint32_t parent;      /* enclosing loop in the array, or NONE */
	uint32_t depth;	      /* 1 = outermost */
	const uint32_t *blocks; /* members: its own, the head first, then those of inner loops */
	uint32_t nblock;
	const uint32_t *at;   /* per block of the function: position in one list of all loops' blocks */
	uint32_t first;	      /* of blocks in that list */
};
static inline bool loop_has(const struct loop *l, uint32_t block)
{
	return l->at[block] - l->first < l->nblock; /* smaller ones wrap around */
}
struct cfg {
	uint32_t n;	       /* blocks */
	uint32_t *npred, **pred; /* each block once, however many cases lead from it */
	uint32_t *nsucc, **succ;
	uint32_t *rpo;	       /* reachable blocks in reverse post-order */
	uint32_t nrpo;
	uint32_t *order;       /* position in rpo, or NONE: unreachable */
	uint32_t *idom;	       /* immediate dominator, NONE for the entry and unreachable blocks */
	uint32_t *ipdom;       /* immediate post-dominator, NONE if it is the virtual exit */
	uint32_t *dom_in, *dom_out, *pdom_in, *pdom_out; /* the trees as intervals */
	uint32_t *scc;	       /* strongly connected component, successors' before predecessors' */
	struct loop *loops;    /* natural loops, outer before inner; irreducible ones are left out */
	uint32_t nloop;
	uint32_t *loop_of;     /* innermost loop of each block, or NONE */
};
/* Post-dominance takes an infinite loop to end at its head. Memory: from a, linear in the blocks and edges.
 * Time: m log n. Sources of the algorithms: cfg.c. */
struct cfg *cfg_build(const struct ir *ir, uint32_t fn, struct arena *a);
/* Every block dominates itself; else only reachable ones do and are. */
bool cfg_dominates(const struct cfg *g, uint32_t a, uint32_t b);
bool cfg_postdominates(const struct cfg *g, uint32_t a, uint32_t b);
/* Is there a path from a to b that takes at least one edge? Mostly known at once, else a search. */
bool cfg_reaches(const struct cfg *g, const struct ir *ir, uint32_t fn, uint32_t a, uint32_t b);
/* Block, relative to fn, that holds op (an index in ir.ops), by bisection. */
uint32_t op_block(const struct ir *ir, uint32_t fn, uint32_t op);

#endif
