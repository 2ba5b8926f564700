/* cost.c - what computes for long, and where a task gets there.
 *
 * The loops of every function, what they are counted by, what a turn costs and how large their
 * numbers can get are found by cost_*.c; this is the list of them, and the choice of the visit by
 * which a task reaches each loop.
 *
 * needs: visits, effects, fd, control      gives: cpu_loops, syms, cost
 */
#include "solve/cost.h"

#include <stdlib.h>

const char *const trip_phrase[TRIP_COUNT_] = {
#define TRIP(name, phrase) phrase,
	TRIPS(TRIP)
#undef TRIP
};

static bool in_task(const struct facts *f, const struct visit *v)
{
	return ctx_is_task(f->entries[v->entry].ctx);
}

static void find_visits(struct costs *c)
{
	struct facts *f = c->f;
	uint32_t n = c->ir->nfns;

	c->hot = xmalloc((n + 1) * sizeof *c->hot);
	memset(c->hot, 0xff, (n + 1) * sizeof *c->hot);
	c->visited = xcalloc(n + 1, 1);
	bool *start = xcalloc(n + 1, 1), *again = xcalloc(f->nvisit + 1, 1);
	for (uint32_t i = 0; i < f->nentry; i++)
		start[f->entries[i].fn] |= f->entries[i].ctx == CTX_STARTUP;
	for (uint32_t i = 0; i < f->nentry; i++)
		if (f->entries[i].ctx != CTX_STARTUP)
			start[f->entries[i].fn] = false;
	for (uint32_t i = 0; i < f->nvisit; i++) {
		const struct visit *v = &f->visits[i];
		uint32_t *hot = &c->hot[v->fn];
		/* what is registered as start-up code and reached from the loop reads its
		 * configuration anew */
		again[i] = start[v->fn] || (v->parent != NONE && again[v->parent]);
		if (again[i])
			continue;
		c->visited[v->fn] |= !v->by_type;
		if (!in_task(f, v))
			continue;
		/* the nearest comes first, but one that is certain is better */
		if (*hot == NONE || (f->visits[*hot].by_type && !v->by_type))
			*hot = i;
	}
	free(start);
	free(again);
}

/* The visit by which a task comes to a loop with the number it is counted by as large as it gets.
 */
static uint32_t worst_visit(struct costs *c, const struct loop_fact *l)
{
	uint32_t v = c->hot[l->fn];
	if (v == NONE || l->sym == NONE || l->sym >= c->worst.n || c->worst.v[l->sym] == NONE)
		return v;
	const struct edge *e = &c->s->p->edges[c->worst.v[l->sym]];
	uint32_t from = c->hot[e->caller];
	if (from == NONE || (c->f->visits[v].parent == from && c->f->visits[v].site == e->site))
		return v;
	const struct visit *p = &c->f->visits[from];
	vec_add(&c->more, ((struct visit){.fn = l->fn,
				  .parent = from,
				  .site = e->site,
				  .why = e->why,
				  .entry = p->entry,
				  .depth = p->depth + 1,
				  .weight = p->weight + 1,
				  .by_type = p->by_type}));
	return c->f->nvisit + c->more.n - 1;
}

static void choose(struct costs *c, uint32_t id)
{
	struct loop_fact *l = &c->loops.v[id];
	cost_least(c, l, &c->trips.v[id], &l->extent);
	if (c->hot[l->fn] == NONE || (l->op != NONE && in_child(c->s, l->op)))
		return;
	struct bind none = {0};
	struct frame fr = {.s = c->s, .fn = l->fn, .bind = &none, .ctx = CTX_LOOP};
	if (l->op != NONE && site_reached(&fr, l->op) == NO)
		return;
	l->visit = worst_visit(c, l);
}

#define KEEP(to, count, from)                                                                      \
	do {                                                                                       \
		to = arena_alloc(m, ((from).n + 1) * sizeof *to);                                  \
		if ((from).n)                                                                      \
			memcpy(to, (from).v, (from).n * sizeof *to);                               \
		count = (from).n;                                                                  \
		vec_free(&(from));                                                                 \
	} while (0)

static void keep(struct costs *c)
{
	struct facts *f = c->f;
	struct arena *m = f->mem;

	if (c->more.n) {
		struct visit *v = arena_alloc(m, (f->nvisit + c->more.n) * sizeof *v);
		memcpy(v, f->visits, f->nvisit * sizeof *v);
		memcpy(v + f->nvisit, c->more.v, c->more.n * sizeof *v);
		f->visits = v;
		f->nvisit += c->more.n;
	}
	uint32_t n = c->syms.n; /* asking makes new ones, to which no cost refers */
	for (uint32_t i = 0; i < n; i++)
		sym_extent(c, i, 0);
	f->sym_extent = arena_alloc(m, c->syms.n + 1);
	for (uint32_t i = 0; i < c->syms.n; i++)
		f->sym_extent[i] = (uint8_t)(i < n ? sym_extent(c, i, 0) : EXT_SOME);
	KEEP(f->cpu_loops, f->ncpu_loop, c->loops);
	KEEP(f->syms, f->nsym, c->syms);
	KEEP(f->steeps, f->nsteep, c->steeps);
	KEEP(f->heavy, f->nheavy, c->heavies);
	KEEP(f->recursions, f->nrecursion, c->recursions);
	f->cost = c->cost;
}

void solve_cost(struct solver *s)
{
	struct costs c = {.s = s, .ir = s->ir, .f = s->f};
	uint32_t n = s->ir->nfns;

	c.cost = arena_alloc(s->f->mem, (n + 1) * sizeof *c.cost);
	c.cost_known = xcalloc(n + 1, 1);
	s->op_ns = arena_alloc(s->mem, (s->ir->nops + 1) * sizeof *s->op_ns);
	s->times = arena_alloc(s->mem, (s->ir->nblocks + 1) * sizeof *s->times);
	c.first_loop = xcalloc(n + 1, sizeof *c.first_loop);
	c.steps = xcalloc(n + 1, 1);
	c.allocates = xcalloc(n + 1, 1);
	c.result = xcalloc(n + 1, sizeof *c.result);
	c.result_known = xcalloc(n + 1, 1);
	find_visits(&c);
	c.clock = xcalloc(n + 1, 1);
	c.tree = bits_new(s->mem, s->ir->nfields + 1);
	trip_clocks(&c);
	size_prepare(&c);
	cost_functions(&c);
	for (uint32_t i = 0; i < c.loops.n; i++)
		choose(&c, i);
	find_steep(&c);
	find_heavy(&c);
	find_recursions(&c);
	keep(&c);

	free(c.cost_known);
	free(c.first_loop);
	free(c.steps);
	free(c.allocates);
	free(c.scc);
	free(c.scc_size);
	free(c.result);
	free(c.result_known);
	free(c.hot);
	free(c.visited);
	free(c.clock);
	free(c.store);
	free(c.next_store);
	free(c.heavy);
	free(c.grows);
	free(c.added);
	vec_free(&c.trips);
	vec_free(&c.extents);
	vec_free(&c.worst);
	vec_free(&c.more);
	map_free(&c.sym_of);
}
