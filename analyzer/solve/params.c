/* params.c - which functions lead to something that can block, and which of their parameters decide it.
 *
 * A function leads there if a modelled call that may block, or that changes a descriptor, can be reached from it.
 * In such functions a parameter matters if a modelled condition looks at it, if it is called, if it decides a branch
 * on the way to such a place, or if it is handed to a parameter that matters. Values are followed for these alone:
 * everything else is the same whoever calls.
 *
 * needs: effects, call graph, flow      gives: leads, params, path_params
 */
#include "solve/solve_int.h"

#include <stdlib.h>

uint32_t params_of(const struct solver *s, uint32_t fn, struct ref r)
{
	uint32_t mask = 0, n = 0, seen[32];
	const struct local_facts *l = local_facts(s, fn);
	const struct fn *f = &s->ir->fns[fn];
	uint32_t todo[32], ntodo = 0;

	if (r.kind != REF_LOCAL)
		return 0;
	todo[ntodo++] = r.id;
	while (ntodo) {
		uint32_t x = todo[--ntodo];
		bool have = false;
		for (uint32_t i = 0; i < n; i++)
			have |= seen[i] == x;
		if (have || n == COUNT(seen))
			continue;
		seen[n++] = x;
		if (x < f->nparam && x < 32)
			mask |= 1u << x;
		for (uint32_t d = l->def[x]; d != NONE; d = l->next_def[d - f->op]) {
			const struct op *op = &s->ir->ops[d];
			struct ref in[2] = {op->src, {0}};
			if (op->kind == OP_BIN)
				in[1] = ref_of(op->arg);
			else if (op->kind != OP_COPY && op->kind != OP_UN)
				continue;
			for (int i = 0; i < 2; i++)
				if (in[i].kind == REF_LOCAL && ntodo < COUNT(todo))
					todo[ntodo++] = in[i].id;
		}
	}
	return mask;
}

static bool effect_counts(const struct effect *e)
{
	return e->clause && (e->clause->verb == VERB_BLOCKS || e->clause->verb == VERB_MAKES);
}

static void mark(struct solver *s, uint32_t fn, uint32_t *todo, uint32_t *n)
{
	if (!bits_get(&s->leads, fn)) {
		bits_set(&s->leads, fn);
		todo[(*n)++] = fn;
	}
}

/* Functions that a library calls back at once for a call in fn count as called by fn. */
static bool calls_back(const struct solver *s, const struct effect *e)
{
	if (!e->callback || e->callback->ctx != CTX_CALLER)
		return false;
	struct ref arg = effect_arg(s->p, e, e->callback->param);
	if (arg.kind == REF_FN)
		return bits_get(&s->leads, arg.id);
	const uint32_t *fns;
	uint32_t n = arg.kind == REF_LOCAL ? flow_fns(s->p, flow_local(s->p, e->fn, arg.id), &fns) : 0;
	for (uint32_t i = 0; i < n; i++)
		if (bits_get(&s->leads, fns[i]))
			return true;
	return false;
}

static void find_leads(struct solver *s)
{
	const struct program *p = s->p;
	uint32_t *todo = xmalloc((s->ir->nfns + 1) * sizeof *todo), n = 0;

	s->leads = bits_new(s->mem, s->ir->nfns + 1);
	for (uint32_t i = 0; i < s->e->n; i++)
		if (effect_counts(&s->e->e[i]))
			mark(s, s->e->e[i].fn, todo, &n);
	do {
		while (n) {
			uint32_t f = todo[--n];
			for (uint32_t i = p->in[f]; i < p->in[f + 1]; i++)
				mark(s, p->edges[p->in_edges[i]].caller, todo, &n);
		}
		for (uint32_t i = 0; i < s->e->n; i++)
			if (calls_back(s, &s->e->e[i]))
				mark(s, s->e->e[i].fn, todo, &n);
	} while (n);
	free(todo);
}

/* Parameters that decide the branches in front of a block; found for all blocks of the function at once. */
static uint32_t guard_params(const struct solver *s, uint32_t fn, uint32_t block)
{
	struct local_facts *l = s->local[fn] ? s->local[fn] : (local_facts(s, fn), s->local[fn]);
	const struct cfg *g = program_cfg(s->p, fn);

	if (!l->guard_params) {
		l->guard_params = arena_alloc(s->mem, (g->n + 1) * sizeof *l->guard_params);
		for (uint32_t i = 0; i < g->nrpo; i++) { /* dominators come first */
			uint32_t b = g->rpo[i];
			uint32_t mask = g->idom[b] == NONE ? 0 : l->guard_params[g->idom[b]];
			if (l->guard[b].at != NONE)
				mask |= params_of(s, fn, s->ir->blocks[s->ir->fns[fn].block + l->guard[b].at].cond.lhs);
			l->guard_params[b] = mask;
		}
	}
	return l->guard_params[block];
}

static uint32_t cond_params(const struct solver *s, const struct effect *e, const struct mcond *c)
{
	if (!c)
		return 0;
	if (c->kind == MC_AND || c->kind == MC_OR || c->kind == MC_NOT)
		return cond_params(s, e, c->a) | (c->b ? cond_params(s, e, c->b) : 0);
	if (c->kind == MC_ON)
		return 0;
	return params_of(s, e->fn, effect_arg(s->p, e, c->arg.param));
}

static uint32_t path_cond_params(const struct solver *s, const struct effect *e, const struct mcond *c)
{
	if (!c)
		return 0;
	if (c->kind == MC_AND || c->kind == MC_OR || c->kind == MC_NOT)
		return path_cond_params(s, e, c->a) | path_cond_params(s, e, c->b);
	return c->kind == MC_LITERAL ? params_of(s, e->fn, effect_arg(s->p, e, c->arg.param)) : 0;
}

/* What a call looks at, and the branches in front of it and of the values that it looks at. */
static uint32_t site_params(struct solver *s, uint32_t fn, uint32_t site)
{
	const struct program *p = s->p;
	const struct op *op = &s->ir->ops[site];
	uint32_t mask = 0, ne;
	const struct effect *e = effects_at(s->e, site, &ne);
	bool counts = false;

	for (uint32_t k = 0; k < ne; k++) {
		counts |= effect_counts(&e[k]);
		if (e[k].clause) {
			mask |= cond_params(s, &e[k], e[k].clause->cond);
			s->path_params[fn] |= path_cond_params(s, &e[k], e[k].clause->cond);
		}
	}
	for (uint32_t x = p->site_edge[site]; x != NONE && x < p->nedge && p->edges[x].site == site; x++) {
		if (!bits_get(&s->leads, p->edges[x].callee))
			continue;
		counts = true;
		uint32_t want = s->params[p->edges[x].callee];
		uint32_t paths = s->path_params[p->edges[x].callee];
		for (uint32_t a = 0; a < op->narg && a < 32; a++) {
			uint32_t from = want >> a & 1 ? params_of(s, fn, s->ir->args[op->arg + a]) : 0;
			mask |= from;
			if (paths >> a & 1)
				s->path_params[fn] |= from;
		}
	}
	if (!counts)
		return mask;
	if (op->kind == OP_ICALL)
		mask |= params_of(s, fn, op->src);
	mask |= guard_params(s, fn, p->op_block[site]);
	for (uint32_t a = 0; a < op->narg; a++) { /* mode |= or &=, as a parameter says */
		struct ref r = s->ir->args[op->arg + a];
		if (r.kind != REF_LOCAL)
			continue;
		const struct local_facts *l = local_facts(s, fn);
		uint32_t first = l->def[r.id], op0 = s->ir->fns[fn].op;
		if (first != NONE && l->next_def[first - op0] != NONE)
			for (uint32_t d = first; d != NONE; d = l->next_def[d - op0])
				mask |= guard_params(s, fn, p->op_block[d]);
	}
	return mask;
}

/* Bottom-up, twice for cycles. */
void solve_params(struct solver *s)
{
	find_leads(s);
	s->params = arena_alloc(s->mem, (s->ir->nfns + 1) * sizeof *s->params);
	s->path_params = arena_alloc(s->mem, (s->ir->nfns + 1) * sizeof *s->path_params);
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < s->ir->nfns; i++) {
			uint32_t f = s->p->bottom_up[i];
			const struct fn *fn = &s->ir->fns[f];
			if (!fn->nblock || !fn->nparam || !bits_get(&s->leads, f))
				continue;
			uint32_t mask = s->params[f];
			for (uint32_t o = fn->op; o < fn->op + fn->nop; o++)
				if (s->ir->ops[o].kind == OP_CALL || s->ir->ops[o].kind == OP_ICALL)
					mask |= site_params(s, f, o);
			while (__builtin_popcount(mask) > MAX_BIND) /* the last ones matter least */
				mask &= ~(1u << (31 - __builtin_clz(mask)));
			s->params[f] = mask;
		}
}

void bind_call(const struct frame *fr, uint32_t site, uint32_t callee, struct bind *out)
{
	const struct solver *s = fr->s;
	const struct op *op = &s->ir->ops[site];
	uint32_t mask = s->params[callee], k = 0;
	struct frame in = *fr;

	memset(out, 0, sizeof *out);
	for (uint32_t a = 0; a < 32 && mask >> a; a++) {
		if (!(mask >> a & 1))
			continue;
		in.text = s->path_params[callee] >> a & 1;
		if (a < op->narg)
			out->val[k] = value_of(&in, s->ir->args[op->arg + a], site);
		if (out->val[k].kind == VAL_INT && (out->val[k].ones | out->val[k].zeros) != ~(uint64_t)0 &&
			!out->val[k].ones)
			out->val[k] = TOP; /* "some bits are clear" is not worth a context of its own */
		k++;
	}
}
