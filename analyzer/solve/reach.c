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

const uint32_t *reach_of(
	const struct program *p, const struct entry *e, struct arena *a, uint32_t *n)
{
	VEC(uint32_t) fns = {0};
	struct bits seen = bits_new(a, p->ir->nfns + 1);

	vec_add(&fns, e->fn);
	bits_set(&seen, e->fn);
	for (uint32_t at = 0; at < fns.n; at++) {
		uint32_t fn = fns.v[at];
		for (uint32_t k = p->out[fn]; k != NONE && k < p->nedge && p->edges[k].caller == fn;
			k++) {
			const struct edge *ed = &p->edges[k];
			if (ed->why == EDGE_TYPE || !fn_defined(p, ed->callee) ||
				bits_get(&seen, ed->callee) || !reach_has(p, e, ed->site))
				continue;
			bits_set(&seen, ed->callee);
			vec_add(&fns, ed->callee);
		}
	}
	uint32_t *out = arena_alloc(a, (fns.n + 1) * sizeof *out);
	memcpy(out, fns.v, fns.n * sizeof *out);
	*n = fns.n;
	vec_free(&fns);
	return out;
}

struct bits reach_later(const struct program *p, const struct facts *f, struct arena *a)
{
	VEC(uint32_t) fns = {0};
	struct bits seen = bits_new(a, p->ir->nfns + 1);

	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (e->ctx == CTX_STARTUP || !fn_defined(p, e->fn))
			continue;
		if (e->head == NONE && !bits_get(&seen, e->fn)) {
			bits_set(&seen, e->fn);
			vec_add(&fns, e->fn);
		}
		for (uint32_t k = p->out[e->fn]; e->head != NONE && k != NONE && k < p->nedge && p->edges[k].caller == e->fn; k++)
			if (reach_has(p, e, p->edges[k].site) && fn_defined(p, p->edges[k].callee) && !bits_get(&seen, p->edges[k].callee)) {
				bits_set(&seen, p->edges[k].callee);
				vec_add(&fns, p->edges[k].callee);
			}
	}
	for (uint32_t at = 0; at < fns.n; at++)
		for (uint32_t k = p->out[fns.v[at]]; k != NONE && k < p->nedge && p->edges[k].caller == fns.v[at]; k++)
			if (p->edges[k].why != EDGE_TYPE && fn_defined(p, p->edges[k].callee) && !bits_get(&seen, p->edges[k].callee)) {
				bits_set(&seen, p->edges[k].callee);
				vec_add(&fns, p->edges[k].callee);
			}
	vec_free(&fns);
	return seen;
}
