/* option.c - what stands in front of a call: an option that a caller has chosen, or a look at what
 * was found before.
 *
 * A record of options is filled in by a caller, handed down by its address, and asked where it
 * matters: url.no_resolve = 1; parse(&url), and three calls further down "if (u->no_resolve)
 * return". If the store comes before the call on every way, and says the opposite of the branch in
 * front of the site, the site is not reached on this chain.
 *
 * needs: definitions, guards      gives: option_denies, done_once
 */
#include "solve/solve_int.h"

enum { MAX_CLIMB = 6 };

/* A branch in front of a site, on a field behind a parameter, or on a global. */
struct wish {
	uint32_t param, global; /* one of the two is NONE */
	uint32_t field;
	bool zero; /* the site is reached if it is zero, or if it is not */
};

/* The only definition of r, or NONE. */
static uint32_t only_def(const struct solver *s, uint32_t fn, struct ref r)
{
	const struct local_facts *lf = local_facts(s, fn);
	if (r.kind != REF_LOCAL || lf->def[r.id] == NONE ||
		lf->next_def[lf->def[r.id] - s->ir->fns[fn].op] != NONE)
		return NONE;
	return lf->def[r.id];
}

/* The parameter that r is, never assigned to, or NONE. */
static uint32_t param_of(const struct solver *s, uint32_t fn, struct ref r)
{
	for (int hops = 0; hops < 3 && r.kind == REF_LOCAL; hops++) {
		if (r.id < s->ir->fns[fn].nparam)
			return local_facts(s, fn)->def[r.id] == NONE ? r.id : NONE;
		uint32_t d = only_def(s, fn, r);
		if (d == NONE || s->ir->ops[d].kind != OP_COPY)
			return NONE;
		r = s->ir->ops[d].src;
	}
	return NONE;
}

static bool wish_of(const struct solver *s, uint32_t fn, const struct guard *g, struct wish *w)
{
	const struct block *b = &s->ir->blocks[s->ir->fns[fn].block + g->at];
	if (b->term != TERM_IF || b->cond.rhs.kind != REF_CONST ||
		s->ir->consts[b->cond.rhs.id] != 0 ||
		(b->cond.rel != REL_EQ && b->cond.rel != REL_NE))
		return false;
	uint32_t d = only_def(s, fn, b->cond.lhs);
	if (d == NONE || s->ir->ops[d].kind != OP_LOAD)
		return false;
	const struct path *p = &s->ir->paths[s->ir->ops[d].src.id];
	w->zero = (b->cond.rel == REL_EQ) == (g->succ == 0);
	w->field = path_field(s->ir, s->ir->ops[d].src.id);
	w->global = p->base.kind == REF_GLOBAL ? p->base.id : NONE;
	w->param = w->field != NONE ? param_of(s, fn, p->base) : NONE;
	return w->param != NONE || w->global != NONE;
}

/* What the stores to that field of obj in front of the call say: all of them the opposite, and one
 * on every way to it. */
static bool stored_against(
	const struct solver *s, uint32_t fn, struct ref obj, const struct wish *w, uint32_t call)
{
	const struct fn *f = &s->ir->fns[fn];
	bool always = false;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if (op->kind != OP_STORE || !ref_eq(s->ir->paths[op->dst.id].base, obj) ||
			path_field(s->ir, op->dst.id) != w->field)
			continue;
		if (op->src.kind != REF_CONST || (s->ir->consts[op->src.id] == 0) == w->zero)
			return false;
		always |= site_dominates(s, o, call);
	}
	return always;
}

/* Does a caller on the way, from this call upwards, say the opposite? */
static bool denied_above(
	const struct solver *s, const struct visit *visits, uint32_t visit, struct wish w)
{
	for (int hops = 0; hops < MAX_CLIMB && visits[visit].parent != NONE; hops++) {
		uint32_t site = visits[visit].site, fn = visits[visits[visit].parent].fn;
		const struct op *op = &s->ir->ops[site];
		if (visits[visit].why != EDGE_DIRECT || w.param >= op->narg)
			return false;
		struct ref r = s->ir->args[op->arg + w.param];
		uint32_t d = only_def(s, fn, r);
		if (d != NONE && s->ir->ops[d].kind == OP_ADDR) {
			const struct path *p = &s->ir->paths[s->ir->ops[d].src.id];
			return p->base.kind == REF_LOCAL && !p->nstep &&
			       stored_against(s, fn, p->base, &w, site);
		}
		if (r.kind == REF_LOCAL && stored_against(s, fn, r, &w, site))
			return true;
		w.param = param_of(s, fn, r);
		if (w.param == NONE)
			return false;
		visit = visits[visit].parent;
	}
	return false;
}

bool option_denies(
	const struct solver *s, const struct visit *visits, uint32_t visit, uint32_t site)
{
	uint32_t fn = s->p->op_fn[site];
	const struct local_facts *lf = local_facts(s, fn);
	const struct cfg *g = program_cfg(s->p, fn);
	struct wish w;

	if (visits[visit].parent == NONE || visits[visit].why != EDGE_DIRECT)
		return false;
	for (uint32_t b = s->p->op_block[site]; b != NONE; b = g->idom[b])
		if (lf->guard[b].at != NONE && wish_of(s, fn, &lf->guard[b], &w) &&
			w.param != NONE && denied_above(s, visits, visit, w))
			return true;
	return false;
}

bool done_once(const struct solver *s, uint32_t site)
{
	uint32_t fn = s->p->op_fn[site];
	const struct fn *f = &s->ir->fns[fn];
	const struct local_facts *lf = local_facts(s, fn);
	const struct cfg *g = program_cfg(s->p, fn);
	struct wish w;

	for (uint32_t b = s->p->op_block[site]; b != NONE; b = g->idom[b]) {
		if (lf->guard[b].at == NONE || !wish_of(s, fn, &lf->guard[b], &w) ||
			w.global == NONE || !w.zero)
			continue;
		for (uint32_t o = f->op; o < f->op + f->nop; o++) {
			const struct op *op = &s->ir->ops[o];
			if (op->kind != OP_STORE ||
				(op->src.kind == REF_CONST && s->ir->consts[op->src.id] == 0))
				continue;
			const struct path *p = &s->ir->paths[op->dst.id];
			if (p->base.kind == REF_GLOBAL && p->base.id == w.global &&
				path_field(s->ir, op->dst.id) == w.field)
				return true;
		}
	}
	return false;
}
