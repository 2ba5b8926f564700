/* reach.c - which functions run below an entry, on its thread.
 *
 * The search for blocking calls visits a function once for all entries of a kind; this asks for one
 * of them alone.
 */
#include "solve/solve.h"

static const struct loop *body(const struct program *p, const struct entry *e)
{
	const struct cfg *g = program_cfg(p, e->fn);
	for (uint32_t i = 0; i < g->nloop; i++)
		if (g->loops[i].head == e->head)
			return &g->loops[i];
	return NULL;
}

bool reach_has(const struct program *p, const struct entry *e, uint32_t op)
{
	if (p->op_fn[op] != e->fn || e->head == NONE)
		return true;
	const struct loop *l = body(p, e);
	return !l || loop_has(l, p->op_block[op]);
}

struct reached {
	VEC(uint32_t) fns;
	struct bits seen;
};

static void add(struct reached *r, uint32_t fn)
{
	if (bits_get(&r->seen, fn))
		return;
	bits_set(&r->seen, fn);
	vec_add(&r->fns, fn);
}

/* What fn calls; in: from inside that entry only, or NULL. */
static void add_callees(struct reached *r, const struct program *p, uint32_t fn, const struct entry *in)
{
	for (uint32_t k = p->out[fn]; k != NONE && k < p->nedge && p->edges[k].caller == fn; k++) {
		const struct edge *e = &p->edges[k];
		if (e->why != EDGE_TYPE && fn_defined(p, e->callee) && (!in || reach_has(p, in, e->site)))
			add(r, e->callee);
	}
}

const uint32_t *reach_of(
	const struct program *p, const struct entry *e, struct arena *a, uint32_t *n)
{
	struct reached r = {.seen = bits_new(a, p->ir->nfns + 1)};

	add(&r, e->fn);
	for (uint32_t at = 0; at < r.fns.n; at++)
		add_callees(&r, p, r.fns.v[at], e);
	uint32_t *out = arena_alloc(a, (r.fns.n + 1) * sizeof *out);
	memcpy(out, r.fns.v, r.fns.n * sizeof *out);
	*n = r.fns.n;
	vec_free(&r.fns);
	return out;
}

struct bits reach_later(const struct program *p, const struct facts *f, struct arena *a)
{
	struct reached r = {.seen = bits_new(a, p->ir->nfns + 1)};

	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (e->ctx == CTX_STARTUP || !fn_defined(p, e->fn))
			continue;
		if (e->head == NONE)
			add(&r, e->fn);
		else
			add_callees(&r, p, e->fn, e);
	}
	for (uint32_t at = 0; at < r.fns.n; at++)
		add_callees(&r, p, r.fns.v[at], NULL);
	vec_free(&r.fns);
	return r.seen;
}
