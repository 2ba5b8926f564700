/* startup.c - what start-up leaves behind in global variables.
 *
 * `mode &= ~STARTING;` in front of the loop, and a branch on STARTING in a function that tasks call too, mean that the
 * branch is for start-up alone. A global, or a field of one, is settled as far as the last store to it before the loop
 * says, and no store that tasks, threads or signal handlers reach, or that comes behind it, says otherwise.
 *
 * The last store is one in a function that runs a loop, itself or through direct calls, and dominates all of these
 * from which control comes back.
 *
 * needs: entries, evloops, call graph, control      gives: settled
 */
#include "solve/solve_int.h"

#include <stdlib.h>

/* What a store does: bits that are set, bits that are cleared behind it. Unknown: bits that may be either. */
struct change {
	uint64_t ones, zeros, unknown;
};

static struct change change_of(const struct solver *s, uint32_t site)
{
	const struct ir *ir = s->ir;
	const struct op *op = &ir->ops[site];
	const struct change any = {.unknown = ~(uint64_t)0};
	uint64_t key = global_key(ir, op->dst.id);

	if (op->src.kind == REF_CONST)
		return (struct change){.ones = (uint64_t)ir->consts[op->src.id], .zeros = ~(uint64_t)ir->consts[op->src.id]};
	if (op->src.kind != REF_LOCAL)
		return any;
	uint32_t fn = s->p->op_fn[site], d = local_facts(s, fn)->def[op->src.id];
	if (d == NONE || ir->ops[d].kind != OP_BIN || local_facts(s, fn)->next_def[d - ir->fns[fn].op] != NONE)
		return any;
	struct ref in[2] = {ir->ops[d].src, ref_of(ir->ops[d].arg)};
	if (in[0].kind == REF_CONST)
		in[0] = in[1], in[1] = ir->ops[d].src;
	if (in[0].kind != REF_LOCAL || in[1].kind != REF_CONST)
		return any;
	uint32_t load = local_facts(s, fn)->def[in[0].id];
	uint64_t c = (uint64_t)ir->consts[in[1].id];
	if (load == NONE || ir->ops[load].kind != OP_LOAD || global_key(ir, ir->ops[load].src.id) != key)
		return any;
	switch (ir->ops[d].flags) {
	case BIN_OR:
		return (struct change){.ones = c};
	case BIN_AND:
		return (struct change){.zeros = ~c};
	default:
		return any;
	}
}

struct region {
	const struct solver *s;
	struct bits tasks;   /* functions that tasks, threads, handlers reach */
	struct bits to_loop; /* functions that run a loop, themselves or through direct calls */
};

static void find_to_loop(struct region *r)
{
	const struct program *p = r->s->p;
	VEC(uint32_t) todo = {0};

	for (uint32_t i = 0; i < r->s->f->nloop; i++)
		vec_add(&todo, r->s->f->loops[i].fn);
	while (todo.n) {
		uint32_t fn = todo.v[--todo.n];
		if (bits_get(&r->to_loop, fn))
			continue;
		bits_set(&r->to_loop, fn);
		for (uint32_t i = p->in[fn]; i < p->in[fn + 1]; i++)
			if (p->edges[p->in_edges[i]].why == EDGE_DIRECT)
				vec_add(&todo, p->edges[p->in_edges[i]].caller);
	}
	vec_free(&todo);
}

/* Does the store come before everything in its function that runs a loop? */
static bool before_loops(const struct region *r, uint32_t site)
{
	const struct program *p = r->s->p;
	uint32_t fn = p->op_fn[site];
	bool any = false;

	for (uint32_t i = 0; i < r->s->f->nloop; i++) {
		const struct evloop *l = &r->s->f->loops[i];
		uint32_t at = l->head != NONE ? l->wait : l->site;
		if (l->fn != fn)
			continue;
		any = true;
		if (!site_dominates(r->s, site, at) || site_reaches(r->s, at, site))
			return false;
	}
	for (uint32_t e = p->out[fn]; e != NONE && e < p->nedge && p->edges[e].caller == fn; e++) {
		if (p->edges[e].why != EDGE_DIRECT || !bits_get(&r->to_loop, p->edges[e].callee))
			continue;
		if (site_dominates(r->s, site, p->edges[e].site))
			any = true;
		else if (!bits_get(&r->s->dead_end, p->edges[e].site))
			return false; /* else it never comes back: another process, or another mode of this program */
	}
	return any;
}

/* Marks what the function calls behind the site. */
static void reach_behind(const struct region *r, uint32_t site, struct bits *seen)
{
	const struct program *p = r->s->p;
	uint32_t fn = p->op_fn[site];
	for (uint32_t e = p->out[fn]; e != NONE && e < p->nedge && p->edges[e].caller == fn; e++)
		if (site_reaches(r->s, site, p->edges[e].site) && !bits_get(seen, p->edges[e].callee)) {
			bits_set(seen, p->edges[e].callee);
			reach(r->s, p->edges[e].callee, NONE, seen);
		}
}

/* Of the bits that the last store decides, those that no other store changes behind it. */
static void settle(struct region *r, uint32_t last, const uint32_t *stores, uint32_t n)
{
	struct solver *s = (struct solver *)r->s;
	struct change c = change_of(s, last);
	struct bits behind = bits_new(s->mem, s->ir->nfns + 1);

	if (!(c.ones | c.zeros))
		return;
	reach_behind(r, last, &behind);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t fn = s->p->op_fn[stores[i]];
		bool same = fn == s->p->op_fn[last];
		if (stores[i] == last || (same ? !site_reaches(s, last, stores[i]) : !bits_get(&behind, fn) && !bits_get(&r->tasks, fn)))
			continue;
		struct change o = change_of(s, stores[i]);
		c.ones &= ~(o.zeros | o.unknown);
		c.zeros &= ~(o.ones | o.unknown);
	}
	if (!(c.ones | c.zeros))
		return;
	uint64_t key = global_key(s->ir, s->ir->ops[last].dst.id);
	map_put(&s->settled.index, key, s->settled.v.n);
	vec_add(&s->settled.v, ((struct val){.kind = VAL_INT, .ones = c.ones, .zeros = c.zeros}));
}

struct store {
	uint64_t key;
	uint32_t site;
};

static int by_key(const void *x, const void *y)
{
	const struct store *a = x, *b = y;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->site < b->site ? -1 : a->site > b->site;
}

void solve_startup(struct solver *s)
{
	const struct ir *ir = s->ir;
	struct region r = {s, bits_new(s->mem, ir->nfns + 1), bits_new(s->mem, ir->nfns + 1)};
	VEC(struct store) all = {0};
	VEC(uint32_t) sites = {0};

	find_to_loop(&r);
	for (uint32_t i = 0; i < s->f->nentry; i++) {
		const struct entry *e = &s->f->entries[i];
		if (e->ctx == CTX_STARTUP || e->ctx == CTX_SHUTDOWN)
			continue;
		if (e->head == NONE)
			bits_set(&r.tasks, e->fn);
		reach(s, e->fn, e->head, &r.tasks);
	}
	for (uint32_t o = 0; o < ir->nops; o++) {
		uint64_t key = ir->ops[o].kind == OP_STORE ? global_key(ir, ir->ops[o].dst.id) : 0;
		if (key)
			vec_add(&all, ((struct store){key, o}));
	}
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_key);
	for (uint32_t i = 0, k; i < all.n; i = k) {
		uint32_t last = NONE;
		sites.n = 0;
		for (k = i; k < all.n && all.v[k].key == all.v[i].key; k++) {
			uint32_t site = all.v[k].site, fn = s->p->op_fn[site];
			vec_add(&sites, site);
			if (!bits_get(&r.tasks, fn) && bits_get(&r.to_loop, fn) && before_loops(&r, site) &&
				(last == NONE || (s->p->op_fn[last] == fn && site_dominates(s, last, site))))
				last = site;
		}
			if (last != NONE)
			settle(&r, last, sites.v, sites.n);
	}
	vec_free(&all);
	vec_free(&sites);
}
