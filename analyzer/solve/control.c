/* control.c - where control does not come back, and where a forked child runs.
 *
 * A function does not return if no path from its entry reaches a return; a place is a dead end if every way from
 * it ends in such a call. Bottom-up over the call graph, twice for cycles.
 *
 * A call through a pointer is vague if its targets are those of very many other such calls: where 65 places call any of
 * 2800 functions, each surely means a few of them, and nothing tells which.
 *
 * needs: effects, call graph      gives: no_return, dead_end, forks, asks_mode, vague
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum { VAGUE = 4096 }; /* places times targets */

/* The targets of a call through a pointer: how many, and a hash of them. */
static uint32_t targets(const struct program *p, uint32_t site, uint64_t *hash)
{
	uint32_t n = 0;
	for (uint32_t e = p->site_edge[site]; e != NONE && e < p->nedge && p->edges[e].site == site; e++, n++)
		*hash = hash_mix(*hash, p->edges[e].callee);
	return n;
}

static void find_vague(struct solver *s)
{
	struct map places = {0};
	uint64_t hash;

	s->vague = bits_new(s->mem, s->ir->nops + 1);
	for (int count = 1; count >= 0; count--)
		for (uint32_t o = 0; o < s->ir->nops; o++) {
			if (s->ir->ops[o].kind != OP_ICALL)
				continue;
			uint32_t n = targets(s->p, o, (hash = 0, &hash));
			if (n < 2)
				continue;
			uint32_t *same = map_slot(&places, hash, 0);
			if (count)
				++*same;
			else if ((uint64_t)*same * n >= VAGUE)
				bits_set(&s->vague, o);
		}
	map_free(&places);
}

static bool call_returns(const struct solver *s, uint32_t site)
{
	const struct program *p = s->p;
	const struct op *op = &s->ir->ops[site];
	if (op->kind == OP_CALL && op->src.kind == REF_FN)
		return !s->no_return[op->src.id];
	bool any = false;
	for (uint32_t e = p->site_edge[site]; e != NONE && e < p->nedge && p->edges[e].site == site; e++) {
		any = true;
		if (!s->no_return[p->edges[e].callee])
			return true;
	}
	return !any;
}

/* Marks the dead ends of one function; true if its entry is none. */
static bool returns(struct solver *s, uint32_t fn)
{
	const struct fn *f = &s->ir->fns[fn];
	const struct cfg *g = program_cfg(s->p, fn);
	bool *alive = xcalloc(f->nblock + 1, 1), *cut = xcalloc(f->nblock + 1, 1);
	uint32_t *todo = xmalloc((f->nblock + 1) * sizeof *todo), n = 0;

	for (uint32_t b = 0; b < f->nblock; b++) {
		const struct block *bl = &s->ir->blocks[f->block + b];
		for (uint32_t o = bl->op; o < bl->op + bl->nop && !cut[b]; o++)
			if ((s->ir->ops[o].kind == OP_CALL || s->ir->ops[o].kind == OP_ICALL) && !call_returns(s, o))
				cut[b] = true;
	}
	bool has_return = false;
	for (uint32_t b = 0; b < f->nblock; b++) {
		const struct block *bl = &s->ir->blocks[f->block + b];
		if (bl->term == TERM_RET && !cut[b]) {
			has_return |= g->order[b] != NONE;
			alive[b] = true;
			todo[n++] = b;
		} else if (g->loop_of[b] != NONE && !cut[b]) { /* a loop goes on: no dead end */
			alive[b] = true;
			todo[n++] = b;
		}
	}
	while (n) {
		uint32_t b = todo[--n];
		for (uint32_t i = 0; i < g->npred[b]; i++) {
			uint32_t q = g->pred[b][i];
			if (!alive[q] && !cut[q]) {
				alive[q] = true;
				todo[n++] = q;
			}
		}
	}
	for (uint32_t b = 0; b < f->nblock; b++) {
		const struct block *bl = &s->ir->blocks[f->block + b];
		if (alive[b])
			continue;
		/* in a block that is cut, only what stands before the last such call leads there */
		for (uint32_t o = bl->op; o < bl->op + bl->nop; o++)
			bits_set(&s->dead_end, o);
	}
	bool ok = alive[0] && has_return; /* alive by a loop alone: it never comes back */
	free(alive);
	free(cut);
	free(todo);
	return ok;
}

static bool result_of_fork(const struct solver *s, uint32_t fn)
{
	const struct fn *f = &s->ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if (op->kind != OP_RET || op->src.kind != REF_LOCAL)
			continue;
		const struct local_facts *l = local_facts(s, fn);
		struct ref r = op->src;
		for (int hops = 0; hops < 6; hops++) {
			uint32_t d = l->def[r.id];
			bool copied = false;
			for (; d != NONE; d = l->next_def[d - f->op]) {
				const struct op *def = &s->ir->ops[d];
				if (def->kind == OP_CALL && def->src.kind == REF_FN && s->forks[def->src.id])
					return true;
				if (def->kind == OP_COPY && def->src.kind == REF_LOCAL && !copied) {
					r = def->src;
					copied = true;
				}
			}
			if (!copied)
				break;
		}
	}
	return false;
}

void solve_control(struct solver *s)
{
	const struct program *p = s->p;
	uint32_t nfn = s->ir->nfns;

	s->no_return = arena_alloc(s->mem, nfn + 1);
	s->forks = arena_alloc(s->mem, nfn + 1);
	s->asks_mode = arena_alloc(s->mem, nfn + 1);
	for (uint32_t i = 0; i < s->e->n; i++)
		if (s->e->e[i].clause && s->e->e[i].clause->verb == VERB_TRUE_ON)
			s->asks_mode[s->e->e[i].fn] = true;
	find_vague(s);
	s->dead_end = bits_new(s->mem, s->ir->nops + 1);
	for (uint32_t f = 0; f < nfn; f++) {
		const struct model *m = s->e->of_fn[f];
		s->no_return[f] = s->ir->fns[f].flags & FN_NORETURN;
		for (uint32_t i = 0; m && i < m->nclause; i++) {
			s->no_return[f] |= (m->clauses[i].verb == VERB_NORETURN || m->clauses[i].verb == VERB_LONGJMP) &&
					   !m->clauses[i].cond;
			s->forks[f] |= m->clauses[i].verb == VERB_FORKS;
		}
	}
	for (uint32_t i = 0; i < nfn; i++) {
		uint32_t f = p->bottom_up[i];
		if (!fn_defined(p, f))
			continue;
		if (!returns(s, f))
			s->no_return[f] = true;
		if (!s->forks[f])
			s->forks[f] = result_of_fork(s, f);
	}
}
