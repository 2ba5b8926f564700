/* link.h - units into one program: one id space, calls resolved across files, each indirect edge with the
 * reason for it.
 */
#ifndef TVT_LINK_H
#define TVT_LINK_H

#include "ir/ir.h"

/* Why a call has this target. Later ones are weaker. EDGE(NAME, "word", "phrase") */
#define EDGES(EDGE)                                                                                \
	EDGE(DIRECT, "direct", "calls")                                                            \
	EDGE(VAR, "variable", "calls through a variable")                                          \
	EDGE(PARAM, "parameter", "calls its parameter")                                            \
	EDGE(FIELD, "field", "calls through a field")                                              \
	EDGE(TABLE, "table", "calls through a table")                                              \
	EDGE(RETURNED, "returned", "calls what a function returned")                               \
	EDGE(MODEL, "model", "hands over to a library that calls back")                            \
	EDGE(TYPE, "type", "calls some function of this type")
enum edge_why {
#define EDGE(name, word, phrase) EDGE_##name,
	EDGES(EDGE)
#undef EDGE
	EDGE_COUNT
};
extern const char *const edge_word[EDGE_COUNT];

struct edge {
	uint32_t site;	 /* op */
	uint32_t caller, callee;
	uint8_t why;
	uint32_t via;	 /* FIELD, TABLE: the field; VAR: global, or NONE; PARAM: the parameter's index */
};

/* Value flow: the variables, fields and results through which values pass, without regard to order. A node
 * is a local, a global (an array is one node with its elements), a field (of all objects of its record), the
 * result of a function, or a memory cell behind a pointer. Cells that may be one are one (Steensgaard,
 * "Points-to Analysis in Almost Linear Time"), everything else is inclusion (Andersen) with fields kept
 * apart by record, as in Pearce, Kelly, Hankin, "Efficient Field-Sensitive Pointer Analysis of C". */
struct flow {
	uint32_t nnode;
	uint32_t global0, field0, result0, cell0; /* first node of each kind; locals start at 0 */
	uint32_t *rep;		 /* per node: the node that stands for its class */
	uint32_t *cell;		 /* per node: the class of what it points at, or NONE */
	uint32_t *succ, *succ0;	 /* copy edges between classes: succ[succ0[n] .. succ0[n + 1]) */
	uint32_t *fn, *fn0;	 /* functions whose address may be there: fn[fn0[n] .. fn0[n + 1]), by id; n a class */
};

struct program {
	struct ir *ir;		 /* all units; ids of this space everywhere below */
	struct flow flow;
	struct edge *edges;	 /* sorted by (site, callee) */
	uint32_t nedge;
	uint32_t *out;		 /* per function: its first edge in edges, or NONE; they lie together */
	uint32_t *in;		 /* per function + 1: first in in_edges */
	uint32_t *in_edges;	 /* edge ids sorted by callee */
	uint32_t *site_edge;	 /* per op: first edge of that site, or NONE */
	uint32_t *op_fn;	 /* per op: its function */
	uint32_t *op_block;	 /* per op: its block, relative to the function */
	struct cfg **cfgs;	 /* per function: see program_cfg() */
	uint32_t *scc;		 /* per function: number of its component, callees before callers */
	uint32_t nscc;
	uint32_t *bottom_up;	 /* functions, callees before callers as far as cycles allow */
	uint32_t *fn_order;	 /* functions by (file, line, name): the order of every output */
	uint32_t ncall, nicall, nunresolved; /* call sites: direct, indirect, without a target */
	uint32_t *unresolved;	 /* ops */
	uint32_t nby_type;	 /* indirect sites resolved by type only */
	struct arena *mem;
};
/* Units in the order given; NULL entries are skipped. The units may be freed afterwards. */
struct program *link_units(const struct ir *const *units, uint32_t n);
void program_free(struct program *p);
const char *program_check(const struct program *p, struct arena *a);
void program_dump(const struct program *p, struct sb *out, const char *only_fn);

static inline const char *fn_name(const struct program *p, uint32_t fn)
{
	return ir_text_of(p->ir, p->ir->fns[fn].name);
}
static inline bool fn_defined(const struct program *p, uint32_t fn)
{
	return p->ir->fns[fn].nblock != 0;
}
/* The node of a local of fn, and of what a path names (the cell that LOAD reads). */
static inline uint32_t flow_local(const struct program *p, uint32_t fn, uint32_t local)
{
	return p->flow.rep[p->ir->fns[fn].local + local];
}
uint32_t flow_path(const struct program *p, uint32_t fn, uint32_t path); /* NONE if not known */
static inline uint32_t flow_result(const struct program *p, uint32_t fn)
{
	return p->flow.rep[p->flow.result0 + fn];
}
static inline uint32_t flow_field(const struct program *p, uint32_t field)
{
	return p->flow.rep[p->flow.field0 + field];
}
/* Functions that a node may hold: count, ids ascending. */
static inline uint32_t flow_fns(const struct program *p, uint32_t node, const uint32_t **fns)
{
	*fns = p->flow.fn + p->flow.fn0[node];
	return p->flow.fn0[node + 1] - p->flow.fn0[node];
}
/* Type of what a path names, NONE if unknown. */
uint32_t path_type(const struct ir *ir, uint32_t fn, uint32_t path);
/* Last field step of a path, or NONE. */
uint32_t path_field(const struct ir *ir, uint32_t path);
/* What places are told apart by where objects are not: the last field, or else, behind the fields, the global that the
 * path begins with; NONE: neither. */
uint32_t path_key(const struct ir *ir, uint32_t path);
/* The same, but NONE for what a bare pointer points at. */
uint32_t path_key_own(const struct ir *ir, uint32_t path);
/* Functions of that name, defined ones first: count, ids in fns (at most max). */
uint32_t program_find(const struct program *p, const char *name, uint32_t *fns, uint32_t max);
/* Control flow of a function, built once. */
const struct cfg *program_cfg(const struct program *p, uint32_t fn);

#endif
