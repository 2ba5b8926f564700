/* cost_grow.c - which containers grow while the program runs.
 *
 * A function that allocates and counts up a number behind one of its parameters adds to the
 * container behind that parameter, and so does one that hands its parameter on to such a function.
 * A call of it with a container that was loaded from a field or global adds to that one. A field
 * that gets elements from start-up code alone holds configuration, however general its container
 * is.
 *
 * needs: stores, visits      gives: grows, added
 */
#include "solve/cost.h"

#include <stdlib.h>

enum { NEAR = 4 }; /* calls */

/* The field or global from which r was loaded, as a slot; or NONE. */
static uint32_t slot_of(const struct costs *c, uint32_t fn, struct ref r)
{
	const struct local_facts *lf = local_facts(c->s, fn);
	for (int hops = 0; hops < 4 && r.kind == REF_LOCAL; hops++) {
		uint32_t d = lf->def[r.id];
		if (d == NONE || lf->next_def[d - c->ir->fns[fn].op] != NONE)
			return NONE;
		const struct op *op = &c->ir->ops[d];
		if (op->kind == OP_COPY) {
			r = op->src;
			continue;
		}
		if (op->kind != OP_LOAD && op->kind != OP_ADDR)
			return NONE;
		return path_key(c->ir, op->src.id);
	}
	return NONE;
}

static void own_growth(struct costs *c, uint32_t fn)
{
	const struct fn *f = &c->ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind != OP_STORE)
			continue;
		const struct path *p = &c->ir->paths[op->dst.id];
		uint32_t field = path_field(c->ir, op->dst.id);
		if (p->base.kind != REF_LOCAL || p->base.id >= f->nparam || p->base.id >= 32 ||
			field == NONE || c->grows[fn] >> p->base.id & 1)
			continue;
		if (size_counts_up(c, o, field) && size_allocates(c, fn))
			c->grows[fn] |= 1u << p->base.id;
	}
}

/* Functions that start-up code calls itself, or by a few that it calls. What they add is configuration, though it may be
 * changed while the program runs: modules, users, engines. */
static bool *near_start(const struct costs *c)
{
	const struct program *p = c->s->p;
	const struct facts *f = c->f;
	bool *near = xcalloc(c->ir->nfns + 1, 1);
	VEC(uint32_t) todo = {0};

	for (uint32_t i = 0; i < f->nentry; i++)
		if (f->entries[i].ctx == CTX_STARTUP && !near[f->entries[i].fn]) {
			near[f->entries[i].fn] = true;
			vec_add(&todo, f->entries[i].fn);
		}
	for (uint32_t depth = 0, from = 0; depth < NEAR; depth++)
		for (uint32_t to = todo.n; from < to; from++) {
			uint32_t fn = todo.v[from];
			for (uint32_t e = p->out[fn]; e != NONE && e < p->nedge && p->edges[e].caller == fn; e++) {
				uint32_t callee = p->edges[e].callee;
				if (p->edges[e].why != EDGE_DIRECT || near[callee])
					continue;
				near[callee] = true;
				vec_add(&todo, callee);
			}
		}
	vec_free(&todo);
	return near;
}

static void calls(struct costs *c, const bool *starts, uint32_t fn)
{
	const struct fn *f = &c->ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind != OP_CALL || !c->grows[op->src.id])
			continue;
		for (uint32_t a = 0; a < op->narg && a < 32; a++) {
			struct ref r = c->ir->args[op->arg + a];
			if (!(c->grows[op->src.id] >> a & 1))
				continue;
			if (r.kind == REF_LOCAL && r.id < f->nparam && r.id < 32)
				c->grows[fn] |= 1u << r.id;
			uint32_t slot = slot_of(c, fn, r);
			if (slot != NONE)
				c->added[slot] |= c->visited[fn] && !starts[fn] ? ADDED_RUNNING : ADDED_START;
		}
	}
}

void grow_prepare(struct costs *c)
{
	const struct program *p = c->s->p;
	c->grows = xcalloc(c->ir->nfns + 1, sizeof *c->grows);
	c->added = xcalloc(c->nslot + 1, 1);
	for (uint32_t fn = 0; fn < c->ir->nfns; fn++)
		own_growth(c, fn);
	bool *starts = near_start(c);
	for (int round = 0; round < 2; round++) /* twice for cycles */
		for (uint32_t i = 0; i < c->ir->nfns; i++)
			calls(c, starts, p->bottom_up[i]);
	free(starts);
}

/* Who adds to the container that r holds, a parameter's by what the callers hand over; 0: nobody
 * known. */
static uint8_t added_to(const struct costs *c, uint32_t fn, struct ref r, int deep)
{
	const struct program *p = c->s->p;
	uint32_t slot = slot_of(c, fn, r);
	uint8_t all = 0;

	if (slot != NONE)
		return c->added[slot];
	if (r.kind != REF_LOCAL || r.id >= c->ir->fns[fn].nparam || deep == 3)
		return 0;
	for (uint32_t i = p->in[fn]; i < p->in[fn + 1]; i++) {
		const struct edge *e = &p->edges[p->in_edges[i]];
		const struct op *op = &c->ir->ops[e->site];
		uint8_t one = r.id < op->narg ? added_to(c, e->caller, c->ir->args[op->arg + r.id],
							deep + 1)
					      : 0;
		if (!one)
			return 0;
		all |= one;
	}
	return all;
}

/* The same of the container that a loop's iterator goes over, by the call that got the iterator
 * before the loop. */
uint8_t grow_added(const struct costs *c, uint32_t fn, uint32_t site)
{
	const struct fn *f = &c->ir->fns[fn];
	const struct op *next = &c->ir->ops[site];
	const struct local_facts *lf = local_facts(c->s, fn);
	struct ref it = {0};

	for (uint32_t a = 0; a < next->narg && it.kind == REF_NONE; a++)
		if (c->ir->args[next->arg + a].kind == REF_LOCAL)
			it = c->ir->args[next->arg + a];
	if (it.kind != REF_LOCAL || lf->def[it.id] == NONE)
		return 0;
	const struct op *def = &c->ir->ops[lf->def[it.id]];
	if (def->kind == OP_CALL) /* it = get_iterator(container) */
		return def->narg ? added_to(c, fn, c->ir->args[def->arg], 0) : 0;
	if (def->kind != OP_ADDR)
		return 0;
	struct ref obj =
		c->ir->paths[def->src.id].base; /* rewind(container, &it), start(&it, container) */
	for (uint32_t o = site; o-- > f->op;) {
		const struct op *op = &c->ir->ops[o];
		struct ref other = {0};
		bool gets = false;
		if (op->kind != OP_CALL)
			continue;
		for (uint32_t a = 0; a < op->narg; a++) {
			struct ref r = c->ir->args[op->arg + a];
			uint32_t d = r.kind == REF_LOCAL ? lf->def[r.id] : NONE;
			if (d != NONE && c->ir->ops[d].kind == OP_ADDR &&
				ref_eq(c->ir->paths[c->ir->ops[d].src.id].base, obj))
				gets = true;
			else if (other.kind == REF_NONE)
				other = r;
		}
		if (gets && other.kind == REF_LOCAL)
			return added_to(c, fn, other, 0);
	}
	return 0;
}
