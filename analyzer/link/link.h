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
/* Where a function's address is taken: the op (STORE, COPY, CALL argument, ...), in which function. */
struct program {
	struct ir *ir;		 /* all units; ids of this space everywhere below */
	struct edge *edges;	 /* sorted by (site, callee) */
	uint32_t nedge;
	uint32_t *out, *in;	 /* per function + 1: first of its edges in edges (by caller), in_edges (by callee) */
	uint32_t *in_edges;	 /* edge ids sorted by callee */
	uint32_t *site_edge;	 /* per op: first edge of that site, or NONE */
	uint32_t *op_fn;	 /* per op: its function */
	uint32_t *scc;		 /* per function: number of its component, callees before callers */
	uint32_t nscc;
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
/* Functions of that name, defined ones first: count, ids in fns (at most max). */
uint32_t program_find(const struct program *p, const char *name, uint32_t *fns, uint32_t max);
/* Control flow of a function, built once. */
const struct cfg *program_cfg(const struct program *p, uint32_t fn);
/* Position of a block's first op is monotonic in the block; this bisects. */
uint32_t site_block(const struct program *p, uint32_t site);

#endif
