/* lower_int.h - between the files that lower one translation unit.
 *
 *	lower.c         parses, then lowers what is defined in the main file and what that reaches
 *	lower_tree.c    the cursors of one body or initialiser as a flat tree
 *	lower_loc.c     places and the text of files
 *	lower_type.c    types, records, fields
 *	lower_decl.c    functions and globals
 *	annot.c         attributes, empty macros, remarks
 *	lower_emit.c    blocks, ops, locals and paths of the function being built
 *	lower_fn.c      one function from its declaration to its place in the unit
 *	lower_stmt.c    statements
 *	lower_jump.c    labels, scopes and cleanup
 *	lower_asm.c     inline assembly
 *	lower_cond.c    conditions
 *	lower_expr.c    values
 *	lower_effect.c  expressions whose value is not used
 *	lower_lval.c    what lvalues name
 *	lower_fold.c    constants
 *	lower_call.c    calls and builtins
 *	lower_atomic.c  atomic builtins
 *	lower_init.c    initialisers
 */
#ifndef TVT_LOWER_INT_H
#define TVT_LOWER_INT_H

#include "front/clang.h"
#include "front/lower.h"

/* Expressions and statements nested deeper than this are cut off (BLIND_NEST). */
enum { MAX_DEPTH = 1000 };
/* Longer paths are cut by a load in between. */
enum { MAX_STEPS = 24 };
/* Of an initialiser with more scalars, only those that are addresses are kept. */
enum { MAX_INIT = 4096 };
/* Cursors of one body or initialiser. */
enum { MAX_NODES = 4 << 20 };

/* A cursor in the tree of the body being lowered. Its children begin at n + 1; the one after c
 * begins at node[c].end. Types, attributes and unevaluated operands are left out. */
struct node {
	uint32_t kind; /* enum CXCursorKind */
	int32_t xdata;
	const void *d0, *d1;
	uint32_t end;
	uint32_t nth; /* position among its parent's children */
};

/* A source file that something was found in. */
struct src {
	CXFile file;
	uint32_t id;	  /* in ir.files; NONE until a loc needs it */
	const char *text; /* NULL until src_read(); "" if it cannot be had */
	size_t size;
	/* of the main file only */
	uint32_t base; /* raw encoding of offset 0; 0: not known */
	uint32_t guess, guess_off;
	uint32_t *line; /* offsets at which lines begin */
	uint32_t nline, last;
	bool main, system; /* system is good once id is */
	bool asked;	   /* whether it is a system header */
};
/* A place in a file: what clang's location functions give. */
struct place {
	struct src *src; /* NULL: nowhere */
	uint32_t off;
};

struct lv { /* what an lvalue names: a base and steps; the steps are at the top of lower.steps */
	struct ref base;
	uint32_t step, nstep;
	uint32_t type; /* NONE if unknown */
	uint8_t flags; /* OPF_VOLATILE, OPF_ATOMIC */
};

struct bb {
	uint32_t op, nop;
	uint32_t to[2];	      /* GOTO, IF */
	uint32_t succ, nsucc; /* SWITCH, JUMP: in builder.succs */
	struct cond cond;
	uint32_t loc;
	uint32_t nref;	/* jumps to it so far */
	uint32_t place; /* position in the function; NONE until it is placed */
	uint8_t term, flags;
};
struct label {
	uint32_t block;
	uint32_t cleanup; /* what is alive at the label; only good once it is placed */
	bool taken;	  /* &&label */
};
struct cleanup { /* a variable with the cleanup attribute; the ones alive are a chain of parents */
	uint32_t parent, depth;
	uint32_t local, fn, loc;
};
struct late_goto { /* a goto out of scopes with cleanups: filled in when all labels are known */
	uint32_t block, label, cleanup, loc;
};
struct jumps { /* where break and continue go; NONE: nowhere */
	uint32_t brk, brk_cleanup, cont, cont_cleanup;
};
struct sw { /* the innermost switch */
	struct sw *outer;
	VEC(struct succ) cases;
	uint32_t fallback; /* block of the default label, or NONE */
	uint32_t cleanup;
};

/* The function being built. */
struct builder {
	uint32_t fn, result; /* result: type */
	uint32_t flags;	     /* FN_SETJMP, FN_DEGRADED found on the way */
	VEC(struct bb) bbs;
	VEC(uint32_t) order; /* blocks as they were placed */
	VEC(struct op) ops;
	VEC(struct local) locals;
	VEC(struct succ) succs;
	VEC(struct label) labels;
	VEC(struct cleanup) cleanups;
	VEC(struct late_goto) gotos;
	struct map var_of;   /* declaration to local */
	struct map label_of; /* label statement to label */
	struct map path_of;  /* hash to path */
	uint32_t cur;	     /* block being filled; NONE: control does not get here */
	uint32_t cleanup;    /* innermost variable with a cleanup, or NONE */
	uint32_t jump_block; /* NONE, or where computed gotos go */
	struct jumps jumps;
	struct sw *sw;
};

struct record_info {
	CXCursor decl;
	bool filled; /* its fields are listed */
};
struct fn_info {
	CXCursor def; /* the definition, else a declaration */
	bool defined, queued;
};

enum use { EFFECT, VALUE }; /* what an expression is lowered for */

/* A header that a declaration which all units see was found in. */
struct seen_src {
	char *name;
	bool system;
};
/* What a unit is parsed on top of (pch.c). */
struct lower_pch {
	const char *path;
	const struct seen_src *seen; /* in the order in which the unit would have come by them */
	uint32_t nseen;
};

struct lower {
	const struct lower_pch *pch; /* or NULL */
	bool gave_up;		     /* asked for what a precompiled header does not tell */
	struct ir *ir;
	CXTranslationUnit tu;
	const struct tu_cmd *cmd;
	struct arena *mem;

	/* lower_loc.c */
	VEC(struct src *) srcs;
	struct src *main;
	struct map loc_ids;	/* raw location to loc */
	VEC(uint8_t) loc_macro; /* per loc: OPF_MACRO if it comes from a macro's body */

	/* lower_type.c */
	struct map type_ids;	   /* opaque type to type */
	struct map type_eq;	   /* hash of a type's content to type */
	struct map noreturn_types; /* the opaque types of functions that do not return */
	struct map record_ids;	   /* declaration to record */
	struct map record_keys;	   /* key to record */
	VEC(struct record_info) records;
	VEC(uint32_t) record_queue; /* embedded by value, fields still to be listed */
	struct map field_ids;	    /* declaration to field */
	uint32_t type_int, type_bool;
	bool seen_va_list;

	/* lower_decl.c */
	struct map fn_ids, fn_keys, global_ids, global_keys, enum_ids;
	struct map builtin_ids; /* declaration to enum builtin */
	VEC(struct fn_info) fns;
	VEC(CXCursor) globals; /* per global: where it is initialised, else null cursor */
	VEC(uint32_t) queue;   /* functions and globals to lower: id << 1 | is_global */
	VEC(CXCursor) top;     /* functions of the whole unit, if a name had to be looked up */
	struct map top_names;
	uint32_t nerror;
	VEC(uint32_t) errors; /* offsets of errors in the main file */

	/* the body being lowered */
	VEC(struct node) node;
	VEC(struct step) steps; /* stack */
	uint32_t depth;
	bool addresses_only;  /* the initialiser at hand is long: its numbers are left out */
	struct builder *b;    /* the one at work */
	struct builder *body; /* of the function being lowered, or NULL */
	struct builder *init, *body_builder;
};

/* ---- lower.c ---- */

/* Those of cmd, and ours; pch NULL: no precompiled header. The first is the language. */
const char **lower_arguments(const struct tu_cmd *cmd, const char *pch, struct arena *mem, uint32_t *n);
/* As lower_parse(), on top of a precompiled header. -1: parse it plainly. */
int lower_on_pch(const struct tu_cmd *cmd, const struct lower_pch *pch, struct CXUnsavedFile *texts, uint32_t ntext,
	struct lower_result *out);
bool lower_has_init(CXCursor var);

/* ---- lower_tree.c ---- */

/* Reads the tree below root into l->node; root itself is node 0. */
void tree_read(struct lower *l, CXCursor root);
CXCursor node_cursor(const struct lower *l, uint32_t n);
#define for_each_child(l, c, n)                                                                    \
	for (uint32_t c = (n) + 1; c < (l)->node.v[n].end; c = (l)->node.v[c].end)
uint32_t child(const struct lower *l, uint32_t n, uint32_t i); /* NONE if there are not so many */
uint32_t nchild(const struct lower *l, uint32_t n);
uint32_t last_child(const struct lower *l, uint32_t n);
static inline uint32_t kind_of(const struct lower *l, uint32_t n)
{
	return l->node.v[n].kind;
}

/* ---- lower_loc.c ---- */

uint32_t loc_of(struct lower *l, CXSourceLocation at);
uint32_t node_loc(struct lower *l, uint32_t n);
uint32_t cursor_loc(struct lower *l, CXCursor c);
bool is_macro_body(struct lower *l, uint32_t n); /* not an argument, nor outside of macros */
struct src *src_of(struct lower *l, CXFile file);
void src_main(struct lower *l, CXFile file);   /* sets l->main */
void src_read(struct lower *l, struct src *s); /* its text */
struct place place_expansion(struct lower *l, CXSourceLocation at);
/* Where the token at this location is written: in a macro's body, an argument, or plainly. Reads
 * the text. */
struct place place_spelling(struct lower *l, CXSourceLocation at);
uint32_t src_file_id(struct lower *l, struct src *s);
const char *src_path(struct lower *l, struct src *s); /* good until the next ir_str */
void describe_place(struct lower *l, CXSourceLocation at, struct sb *out); /* "file:line:col: " */
/* The top bit of a raw location says that it is inside of a macro's expansion. */
static inline bool in_macro(CXSourceLocation at)
{
	return at.int_data >> 31;
}
const char *skip_space(const char *s, const char *end); /* and comments */
size_t ident_len(const char *s, size_t n);		/* of the identifier that s begins with */
/* Is the identifier (or operator, bracket) at this location equal to word? */
bool spelled_as(struct lower *l, CXSourceLocation at, const char *word);
/* Copies the identifier at this location; "" if there is none. */
const char *spelled_ident(struct lower *l, CXSourceLocation at, char *buf, size_t size);
void loc_free(struct lower *l);

/* ---- lower_type.c ---- */

uint32_t type_of(struct lower *l, CXType t);
uint32_t node_type(struct lower *l, uint32_t n);
uint32_t type_pointer_to(struct lower *l, uint32_t type);
/* A parameter's declared type as it really is: arrays and functions are pointers. */
uint32_t type_adjusted(struct lower *l, uint32_t type);
uint32_t field_of(struct lower *l, CXCursor field); /* NONE if it has none */
void record_fill(struct lower *l, uint32_t record); /* lists its fields */
void record_fill_queued(struct lower *l);
void type_fill(struct lower *l,
	uint32_t type); /* lists the fields of a record, or of an array's records */
uint32_t type_number(struct lower *l, const char *text, uint32_t size); /* an integer type: "int" */
bool type_is_noreturn(struct lower *l, CXType t);
bool type_is_va_list(const struct lower *l, uint32_t type); /* or a pointer to one */
void type_sizes(struct lower *l); /* of record types, when all records are known */
void type_free(struct lower *l);
static inline const struct type *type_at(const struct lower *l, uint32_t type)
{
	static const struct type none = {.kind = TYPE_OTHER, .to = NONE};

	return type == NONE ? &none : &l->ir->types[type];
}

/* ---- lower_decl.c ---- */

uint32_t fn_of(struct lower *l, CXCursor fn);
uint32_t global_of(struct lower *l, CXCursor var);
void fn_root(struct lower *l, CXCursor def);	      /* to be lowered even if nothing reaches it */
void global_root(struct lower *l, CXCursor var);      /* the same, if it is a definition */
uint32_t fn_named(struct lower *l, const char *name); /* NONE */
uint32_t global_literal(struct lower *l, uint32_t type, uint32_t loc); /* of a compound literal */
uint32_t enum_const(struct lower *l, CXCursor enumerator);	       /* in ir.consts */
void decl_free(struct lower *l);
/* USR, with the file if the declaration is not visible outside of it. */
uint32_t decl_key(struct lower *l, CXCursor c, bool internal);

/* ---- annot.c ---- */

struct annot {
	uint32_t attr, nattr; /* in ir.attrs */
	uint32_t fn_flags;    /* FN_NORETURN, FN_CTOR */
	uint32_t cleanup;     /* fn, or NONE */
};
struct annot annot_read(struct lower *l, CXCursor decl);
/* Adds identifiers before the declared name that are not part of its type, as ATTR_MACRO, to a,
 * which must have been read last. */
void annot_macros(struct lower *l, CXCursor decl, struct annot *a);
void annot_remarks(struct lower *l); /* of all files that the unit has something from */

/* ---- lower_emit.c ---- */

static inline struct ref no_ref(void)
{
	return (struct ref){0};
}
uint32_t block_new(struct lower *l);
void block_place(struct lower *l, uint32_t block); /* control falls into it */
void block_here(struct lower *l); /* begins a block without predecessors if control is not here */
void block_join(struct lower *l, uint32_t block); /* the same, unless nothing leads there */
void end_goto(struct lower *l, uint32_t block, uint32_t loc);
void end_if(struct lower *l, struct cond c, uint32_t yes, uint32_t no, uint32_t loc);
struct bb *end_block(struct lower *l, uint8_t term, uint32_t loc); /* NULL if control is not here */
struct op *emit(
	struct lower *l, uint8_t kind, uint8_t flags, struct ref dst, struct ref src, uint32_t loc);
struct ref new_temp(struct lower *l, uint32_t type, uint32_t loc);
uint32_t new_local(struct lower *l, uint32_t name, uint32_t type, uint32_t flags, uint32_t loc);
struct ref emit_bin(
	struct lower *l, uint8_t op, struct ref a, struct ref b, uint32_t type, uint32_t loc);
void emit_copy(struct lower *l, uint32_t local, struct ref src, uint32_t loc);
void emit_blind(struct lower *l, enum blind_kind why, uint32_t loc);
struct ref emit_load(struct lower *l, struct lv lv, uint8_t flags, uint32_t loc);
struct ref emit_addr(struct lower *l, struct lv lv, uint8_t flags, uint32_t type, uint32_t loc);
void emit_store(struct lower *l, struct lv lv, struct ref val, uint8_t flags, uint32_t loc);
struct ref as_local(
	struct lower *l, struct ref r, uint32_t type, uint32_t loc); /* by COPY if need be */
struct ref const_ref(struct lower *l, int64_t v);
static inline int64_t const_of(const struct lower *l, struct ref r)
{
	return l->ir->consts[r.id];
}
uint32_t ref_type(const struct lower *l, struct ref r); /* of a local; else NONE */

struct lv lv_of(struct lower *l, struct ref base, uint32_t type);
void lv_deref(
	struct lower *l, struct lv *lv, uint32_t type, uint32_t n); /* n: for the place of a load */
void lv_field(struct lower *l, struct lv *lv, uint32_t field);
void lv_index(struct lower *l, struct lv *lv, struct ref index, uint32_t type);
void lv_drop(struct lower *l, const struct lv *lv); /* takes its steps from the stack */
static inline bool lv_is_local(const struct lv *lv)
{
	return lv->base.kind == REF_LOCAL && !lv->nstep;
}
/* A function, or something unknown: there is nothing to load or store. */
static inline bool lv_is_nowhere(const struct lv *lv)
{
	return lv->base.kind == REF_FN || lv->base.kind == REF_NONE;
}

/* ---- lower_fn.c ---- */

void lower_fn(struct lower *l, uint32_t fn);
void lower_global(struct lower *l, uint32_t global);
void builder_begin(struct lower *l, struct builder *b, uint32_t fn); /* places the entry block */
void builder_finish(struct lower *l, struct builder *b);	     /* moves it all to l->ir */
void builder_free(struct builder *b);

/* ---- lower_stmt.c ---- */

void lower_stmt(struct lower *l, uint32_t n);
struct ref lower_compound(
	struct lower *l, uint32_t n, enum use use); /* the value is that of the last statement */

/* ---- lower_jump.c ---- */

void label_taken(struct lower *l, uint32_t ref);	      /* &&label: its LabelRef */
void may_go_to(struct lower *l, uint32_t stmt, uint32_t loc); /* the label of a LabelStmt, or on */
void lower_label(struct lower *l, uint32_t n);
void lower_goto(struct lower *l, uint32_t n);
void lower_indirect_goto(struct lower *l, uint32_t n);
void jump_to(struct lower *l, uint32_t block, uint32_t cleanup, uint32_t loc);
void cleanup_push(struct lower *l, uint32_t local, uint32_t fn, uint32_t loc);
void cleanup_run(struct lower *l, uint32_t until, uint32_t loc); /* from b->cleanup out to until */
void finish_gotos(struct lower *l);

/* ---- lower_cond.c ---- */

void lower_cond(struct lower *l, uint32_t n, uint32_t yes, uint32_t no);
struct ref lower_bool(struct lower *l, uint32_t n); /* && and || as a value */
struct ref lower_ternary(struct lower *l, uint32_t n, enum use use);
struct ref lower_elvis(struct lower *l, uint32_t n, enum use use); /* a ?: b */
bool is_elvis(struct lower *l, uint32_t n);

/* ---- lower_expr.c ---- */

struct ref lower_value(struct lower *l, uint32_t n);
struct ref lower_assign(struct lower *l, uint32_t n);
void lower_update(struct lower *l, uint32_t n);	   /* x += 1, x++, without a value */
struct ref lower_arg(struct lower *l, uint32_t n); /* of a call */
uint32_t strip(struct lower *l, uint32_t n);	   /* without parentheses and implicit casts */
bool enter(struct lower *l, uint32_t n);	   /* false, after BLIND_NEST: too deep */
static inline void leave(struct lower *l)
{
	l->depth--;
}
/* The expression that a _Generic or __builtin_choose_expr stands for; NONE if it cannot be told. */
uint32_t chosen_generic(struct lower *l, uint32_t n);
bool bin_of(enum CXBinaryOperatorKind k, uint8_t *bin);
enum CXBinaryOperatorKind bin_kind(const struct lower *l, uint32_t n);
enum CXUnaryOperatorKind un_kind(const struct lower *l, uint32_t n);

/* ---- lower_effect.c ---- */

void lower_effect(struct lower *l, uint32_t n);

/* ---- lower_asm.c ---- */

void lower_asm(struct lower *l, uint32_t n);

/* ---- lower_lval.c ---- */

struct lv lower_lvalue(struct lower *l, uint32_t n);
struct lv lower_pointee(struct lower *l, uint32_t n); /* what the pointer expression n points to */
bool is_lvalue(struct lower *l, uint32_t n);
bool is_anonymous(const struct lower *l, uint32_t field); /* a struct or union without a name */
struct ref read_lvalue(struct lower *l, struct lv lv, uint32_t n, uint8_t flags);

/* ---- lower_fold.c ---- */

bool fold(struct lower *l, uint32_t n, int64_t *v);
bool fold_operator(struct lower *l, uint32_t n, uint8_t op, int64_t a, int64_t b, int64_t *v);
int64_t wrap(const struct lower *l, uint32_t type, int64_t v); /* to the type's width */
bool evaluate(struct lower *l, uint32_t n, int64_t *v);	       /* by clang */

/* ---- lower_call.c ---- */

struct ref lower_call(struct lower *l, uint32_t n, enum use use);
const char *library_name(const char *builtin); /* __builtin_memcpy is memcpy; else builtin itself */
uint32_t expect_operand(struct lower *l, uint32_t n); /* x of __builtin_expect(x, c), else NONE */
bool is_constant_p(struct lower *l, uint32_t n);

/* ---- lower_atomic.c ---- */

bool is_atomic_name(const char *name);
struct ref lower_atomic(
	struct lower *l, uint32_t n, const char *name, const uint32_t *args, uint32_t narg);

/* ---- lower_init.c ---- */

/* Stores that initialise the object at lv, whose steps stay, with the expression n. */
void lower_init(struct lower *l, struct lv lv, uint32_t n);
void lower_initialiser(struct lower *l, struct lv lv, uint32_t n); /* of a declaration */

#endif
