/* cost_sum.c - what one call of a function costs, as a sum of terms in the numbers its loops are
 * counted by.
 *
 * Bottom-up over the call graph, and in each function from the inner loops out: operations weigh
 * nanoseconds, calls what their callee costs with its parameters replaced, models what they say. A
 * block counts as often as it is likely to be reached in one turn of its loop: an exit hardly, an
 * error branch rarely, a dead end never (in the manner of Ball and Larus, "Branch Prediction for
 * Free"). An inner loop that moves the variable of an outer one shares its turns. Recursion counts
 * its calls by a symbol of their own.
 *
 * needs: trips, effects      gives: loops, costs of functions
 */
#include "solve/cost.h"

#include <math.h>
#include <stdlib.h>

/* Nanoseconds an operation takes after -O2, on average over code of real libraries
 * (tests/bench/cost). */
static const double op_ns[OP_COUNT] = {[OP_LOAD] = 0.35,
	[OP_STORE] = 0.35,
	[OP_BIN] = 0.2,
	[OP_UN] = 0.1,
	[OP_CALL] = 1.2,
	[OP_ICALL] = 2.0,
	[OP_RET] = 0.2,
	[OP_VAARG] = 1,
	[OP_BLIND] = 1};
enum { MAX_RECURSIVE = 6 };
static const double div_ns = 4, mul_ns = 0.5, branch_ns = 0.4, link_ns = 3, unknown_call_ns = 20,
		    system_call_ns = 400, lock_ns = 15, memory_ns = 20;

/* ---- sums ---- */

static int by_term(const struct cost_term *a, const struct cost_term *b)
{
	if (a->degree != b->degree)
		return a->degree < b->degree ? -1 : 1;
	for (int i = 0; i < a->degree; i++)
		if (a->sym[i] != b->sym[i])
			return a->sym[i] < b->sym[i] ? -1 : 1;
	return (int)a->logs - (int)b->logs;
}

static void add_term(struct cost *to, struct cost_term t)
{
	int at = 0;
	if (t.ns <= 0)
		return;
	while (at < to->n && by_term(&to->t[at], &t) < 0)
		at++;
	if (at < to->n && !by_term(&to->t[at], &t)) {
		to->t[at].ns += t.ns;
		return;
	}
	if (to->n == MAX_TERMS) { /* goes to the nearest one of its degree, or the next higher */
		to->t[at < to->n ? at : to->n - 1].ns += t.ns;
		return;
	}
	memmove(&to->t[at + 1], &to->t[at], (size_t)(to->n - at) * sizeof t);
	to->t[at] = t;
	to->n++;
}

void cost_add(struct cost *to, const struct cost *a, double times)
{
	for (int i = 0; i < a->n; i++) {
		struct cost_term t = a->t[i];
		t.ns *= times;
		add_term(to, t);
	}
}

static void term_times(struct cost_term *t, uint32_t sym)
{
	if (t->degree == MAX_DEGREE)
		return; /* steeper than cubic is all the same */
	int i = t->degree++;
	for (; i > 0 && t->sym[i - 1] > sym; i--)
		t->sym[i] = t->sym[i - 1];
	t->sym[i] = sym;
}

void cost_times(struct cost *to, const struct cost *a, double factor, uint32_t sym)
{
	for (int i = 0; i < a->n; i++) {
		struct cost_term t = a->t[i];
		t.ns *= factor;
		if (sym != NONE)
			term_times(&t, sym);
		add_term(to, t);
	}
}

static struct cost flat(double ns)
{
	struct cost c = {0};
	add_term(&c, (struct cost_term){.ns = ns});
	return c;
}

double cost_typical(struct costs *c, const struct cost *k)
{
	double sum = 0;
	for (int i = 0; i < k->n; i++) {
		double x = k->t[i].ns;
		for (int d = 0; d < k->t[i].degree; d++)
			x *= extent_typical[sym_extent(c, k->t[i].sym[d], 0)];
		for (int l = 0; l < k->t[i].logs; l++)
			x *= 10;
		sum += x;
	}
	return sum;
}

double cost_most(struct costs *c, const struct cost *k)
{
	double sum = 0;
	for (int i = 0; i < k->n; i++) {
		double x = k->t[i].ns;
		for (int d = 0; d < k->t[i].degree; d++)
			x *= extent_expected(sym_extent(c, k->t[i].sym[d], 0));
		for (int l = 0; l < k->t[i].logs; l++)
			x *= 15;
		sum += x;
	}
	return sum;
}

/* ---- the order of functions ---- */

/* Is a call's time its caller's? Not if it leads to the program's end, or is only a guess. */
static bool counts(const struct costs *c, const struct edge *e)
{
	return e->why != EDGE_TYPE && e->why != EDGE_MODEL && fn_defined(c->s->p, e->callee) &&
	       !c->s->no_return[e->callee] && !bits_get(&c->s->dead_end, e->site);
}

/* Components of the calls that count, callees first: Tarjan, "Depth-First Search and Linear Graph
 * Algorithms", 1972. Returns the functions in that order. */
static uint32_t *find_order(struct costs *c)
{
	const struct program *p = c->s->p;
	uint32_t n = c->ir->nfns, number = 0, nscc = 0, nstack = 0, nout = 0;
	uint32_t *index = xmalloc((n + 1) * sizeof *index), *low = xcalloc(n + 1, sizeof *low);
	uint32_t *stack = xmalloc((n + 1) * sizeof *stack), *out = xmalloc((n + 1) * sizeof *out);
	struct at {
		uint32_t fn, edge;
	};
	VEC(struct at) way = {0};

	memset(index, 0xff, (n + 1) * sizeof *index);
	c->scc = xmalloc((n + 1) * sizeof *c->scc);
	memset(c->scc, 0xff, (n + 1) * sizeof *c->scc);
	c->scc_size = xcalloc(n + 1, sizeof *c->scc_size);
	for (uint32_t root = 0; root < n; root++) {
		if (index[root] != NONE || !fn_defined(p, root))
			continue;
		vec_add(&way, ((struct at){root, p->out[root]}));
		index[root] = low[root] = number++;
		stack[nstack++] = root;
		while (way.n) {
			struct at *at = &way.v[way.n - 1];
			uint32_t fn = at->fn, e = at->edge;
			if (e != NONE && e < p->nedge && p->edges[e].caller == fn) {
				uint32_t to = p->edges[e].callee;
				at->edge++;
				if (!counts(c, &p->edges[e]))
					continue;
				if (index[to] == NONE) {
					index[to] = low[to] = number++;
					stack[nstack++] = to;
					vec_add(&way, ((struct at){to, p->out[to]}));
				} else if (c->scc[to] == NONE && index[to] < low[fn]) {
					low[fn] = index[to];
				}
				continue;
			}
			way.n--;
			if (way.n && low[fn] < low[way.v[way.n - 1].fn])
				low[way.v[way.n - 1].fn] = low[fn];
			out[nout++] = fn; /* within a component, too, what is called comes first as
					     far as it can */
			if (low[fn] != index[fn])
				continue;
			do {
				c->scc[stack[--nstack]] = nscc;
				c->scc_size[nscc]++;
			} while (stack[nstack] != fn);
			nscc++;
		}
	}
	out[nout] = NONE;
	vec_free(&way);
	free(index);
	free(low);
	free(stack);
	return out;
}

/* ---- calls ---- */

/* The symbols of a callee in its caller's words. */
static void substitute(struct costs *c, uint32_t fn, uint32_t site, uint32_t callee,
	const struct cost *from, double times, struct cost *to)
{
	const struct op *op = &c->ir->ops[site];
	for (int i = 0; i < from->n; i++) {
		struct cost_term in = from->t[i], t = {.ns = in.ns * times, .logs = in.logs};
		for (int d = 0; d < in.degree; d++) {
			struct sym s = c->syms.v[in.sym[d]];
			if ((s.kind != SYM_PARAM && s.kind != SYM_TEXT) || s.fn != callee) {
				term_times(&t, in.sym[d]);
				continue;
			}
			struct origins o = {0};
			if (s.id < op->narg)
				origins_of(c, fn, c->ir->args[op->arg + s.id], at_site(c->s, site),
					&o);
			if (!o.n && o.has_const) {
				t.ns *= o.most > 0 ? (double)o.most : 1;
				continue;
			}
			uint32_t sym = o.n ? o.sym[0] : sym_id(c, SYM_RESULT, NONE, NONE);
			struct sym a = c->syms.v[sym];
			if (s.kind == SYM_TEXT && a.kind == SYM_PARAM)
				sym = sym_id(c, SYM_TEXT, a.fn, a.id);
			else if (s.kind == SYM_TEXT && a.kind == SYM_FIELD)
				sym = sym_id(c, SYM_ARRAY, NONE, a.id);
			term_times(&t, sym);
		}
		add_term(to, t);
	}
}

/* What a model says. Returns false if it says nothing of time. */
bool cost_modelled(struct costs *c, uint32_t fn, uint32_t site, struct cost *to)
{
	uint32_t n;
	const struct effect *e = effects_at(c->s->e, site, &n);
	struct frame fr = {.s = c->s, .fn = fn};
	bool any = false, blocks = false, locks = false, memory = false;
	struct cost called = {0};

	for (uint32_t i = 0; i < n; i++) {
		const struct callback *cb = e[i].callback;
		struct ref f = cb && cb->ctx == CTX_CALLER ? effect_arg(c->s->p, &e[i], cb->param)
							   : REF(NONE, 0);
		if (f.kind == REF_FN && fn_defined(c->s->p, f.id))
			cost_add(&called, &c->cost[f.id], 1);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *cl = e[i].clause;
		if (!cl)
			continue;
		blocks |= cl->verb == VERB_BLOCKS && cl->category != CAT_LOCK;
		locks |= cl->verb == VERB_LOCKS || cl->verb == VERB_UNLOCKS;
		memory |= cl->verb == VERB_ALLOCATES || cl->verb == VERB_FREES;
		if (cl->verb != VERB_COSTS ||
			(cl->cond && clause_holds(&fr, &e[i], cl->cond) == NO))
			continue;
		any = true;
		struct cost per = flat(cl->hi);
		if (cl->p >= 0)
			cost_add(&per, &called, 1);
		int params[2] = {cl->p, cl->q};
		for (int k = 0; k < 2; k++) {
			if (params[k] < 0)
				continue;
			struct ref arg = effect_arg(c->s->p, &e[i], params[k]);
			struct origins o = {0};
			if (arg.kind != REF_NONE)
				origins_of(c, fn, arg, at_site(c->s, site), &o);
			struct cost next = {0};
			if (!o.n && o.has_const && (o.most > 0 || !(cl->flags & CL_BYTES))) {
				cost_times(&next, &per, o.most > 0 ? (double)o.most : 1, NONE);
			} else {
				uint32_t sym = o.n ? o.sym[0] : sym_id(c, SYM_RESULT, NONE, NONE);
				struct sym a = c->syms.v[sym];
				if (cl->flags & CL_BYTES && a.kind == SYM_PARAM)
					sym = sym_id(c, SYM_TEXT, a.fn, a.id);
				else if (cl->flags & CL_BYTES && a.kind == SYM_FIELD)
					sym = sym_id(c, SYM_ARRAY, NONE, a.id);
				cost_times(&next, &per, 1, sym);
			}
			per = next;
		}
		if (cl->flags & CL_LOG)
			for (int k = 0; k < per.n; k++)
				per.t[k].logs++;
		cost_add(to, &per, 1);
	}
	if (!any && n) {
		*to = flat(blocks   ? system_call_ns
			   : locks  ? lock_ns
			   : memory ? memory_ns
				    : unknown_call_ns / 2);
		cost_add(to, &called, 8);
	}
	return n != 0;
}

static void call_cost(struct costs *c, uint32_t fn, uint32_t site, struct cost *to)
{
	const struct program *p = c->s->p;
	struct cost one = {0};
	uint32_t first = p->site_edge[site], n = 0, known = 0;

	for (uint32_t e = first; e != NONE && e < p->nedge && p->edges[e].site == site; e++) {
		n++;
		known += fn_defined(p, p->edges[e].callee);
	}
	if (!known || op_has_verb(c, site, VERB_OPAQUE)) {
		if (cost_modelled(c, fn, site, &one))
			cost_add(to, &one, 1);
		else
			cost_add(to, &(struct cost){.t = {{.ns = unknown_call_ns}}, .n = 1}, 1);
		return;
	}
	for (uint32_t e = first; e != NONE && e < p->nedge && p->edges[e].site == site; e++) {
		uint32_t callee = p->edges[e].callee;
		if (!counts(c, &p->edges[e]) || !c->cost_known[callee])
			continue; /* recursion is counted where it begins */
		if (known <= 2)
			substitute(c, fn, site, callee, &c->cost[callee], 1.0 / known, to);
		else /* a dispatch: what it is worth on average, not how it grows */
			cost_add(to,
				&(struct cost){
					.t = {{.ns = cost_typical(c, &c->cost[callee])}}, .n = 1},
				1.0 / known);
	}
}

static bool is_chase(const struct costs *c, const struct fn *f, const struct op *op)
{
	const struct path *p = &c->ir->paths[op->src.id];
	if (op->dst.kind != REF_LOCAL || p->base.kind != REF_LOCAL)
		return false;
	uint32_t t = c->ir->locals[f->local + op->dst.id].type,
		 b = c->ir->locals[f->local + p->base.id].type;
	return t != NONE && t == b && c->ir->types[t].kind == TYPE_PTR;
}

static void block_cost(struct costs *c, uint32_t fn, uint32_t block, struct cost *to)
{
	const struct fn *f = &c->ir->fns[fn];
	const struct block *b = &c->ir->blocks[f->block + block];
	double ns = b->term == TERM_IF || b->term == TERM_SWITCH ? branch_ns : 0;

	for (uint32_t o = b->op; o < b->op + b->nop; o++) {
		const struct op *op = &c->ir->ops[o];
		double own = op_ns[op->kind];
		if (op->kind == OP_BIN && (op->flags == BIN_DIV || op->flags == BIN_MOD) &&
			ref_of(op->arg).kind != REF_CONST)
			own += div_ns;
		else if (op->kind == OP_BIN && op->flags == BIN_MUL)
			own += mul_ns;
		else if (op->kind == OP_LOAD && is_chase(c, f, op))
			own += link_ns;
		ns += own;
		if (op->kind == OP_CALL || op->kind == OP_ICALL) {
			struct cost called = {0};
			call_cost(c, fn, o, &called);
			cost_add(to, &called, 1);
			own += cost_typical(c, &called);
		}
		c->s->op_ns[o] = (float)own;
	}
	cost_add(to, &(struct cost){.t = {{.ns = ns}}, .n = 1}, 1);
}

/* ---- how often a block is reached ---- */

struct level { /* one loop, or the whole function */
	const struct cfg *g;
	const struct fn *f;
	uint32_t loop;	  /* or NONE */
	const double *ns; /* per block: typical time */
};

static bool in_level(const struct level *lv, uint32_t block)
{
	return lv->loop == NONE || loop_has(&lv->g->loops[lv->loop], block);
}

/* The child loop of this level that holds block, or NONE if it is the level's own. */
static uint32_t child_of(const struct level *lv, uint32_t block)
{
	uint32_t l = lv->g->loop_of[block], child = NONE;
	while (l != NONE && l != lv->loop) {
		child = l;
		l = lv->g->loops[l].parent;
	}
	return child;
}

static bool dead(const struct costs *c, const struct fn *f, uint32_t block)
{
	const struct block *b = &c->ir->blocks[f->block + block];
	return b->term == TERM_STOP || (b->nop && bits_get(&c->s->dead_end, b->op));
}

static double likely(
	const struct costs *c, const struct level *lv, const struct block *b, uint32_t way)
{
	uint32_t to = c->ir->succs[b->succ + way].block;
	const struct block *s = &c->ir->blocks[lv->f->block + to];
	double p = 1;

	if (dead(c, lv->f, to))
		return 0;
	if (!in_level(lv, to))
		return 1e-3;
	if (s->term == TERM_RET && s->nop <= 2)
		p = lv->loop == NONE ? 0.3 : 1e-3; /* an early return */
	if (b->nsucc == 2) {			   /* what costs much is done seldom */
		double other = lv->ns[c->ir->succs[b->succ + 1 - way].block];
		if (lv->ns[to] > 100 && lv->ns[to] > 8 * other)
			p *= lv->ns[to] > 2000 ? 0.1 : 0.3;
	}
	if (b->term == TERM_IF && b->cond.rhs.kind == REF_CONST && b->nsucc == 2) {
		uint8_t rel = b->cond.rel;
		if (rel == REL_EQ)
			p *= way == 0 ? 0.35 : 0.65;
		else if (rel == REL_NE)
			p *= way == 0 ? 0.65 : 0.35;
		else if (rel == REL_LT && c->ir->consts[b->cond.rhs.id] <= 0)
			p *= way == 0 ? 0.05 : 0.95;
	}
	return p;
}

static void spread(
	const struct costs *c, const struct level *lv, double *mass, uint32_t block, double m)
{
	const struct block *b = &c->ir->blocks[lv->f->block + block];
	double sum = 0;
	for (uint32_t k = 0; k < b->nsucc; k++)
		sum += likely(c, lv, b, k);
	for (uint32_t k = 0; k < b->nsucc && sum > 0; k++) {
		uint32_t to = c->ir->succs[b->succ + k].block;
		if (in_level(lv, to) && (lv->loop == NONE || to != lv->g->loops[lv->loop].head))
			mass[to] += m * likely(c, lv, b, k) / sum;
	}
}

static double leave_by(const struct costs *c, const struct level *lv, double *mass,
	const struct loop *l, uint32_t block, double each)
{
	const struct block *b = &c->ir->blocks[lv->f->block + block];
	double n = 0;
	for (uint32_t k = 0; k < b->nsucc; k++) {
		uint32_t to = c->ir->succs[b->succ + k].block;
		if (loop_has(l, to) || dead(c, lv->f, to))
			continue;
		n++;
		if (in_level(lv, to) && (lv->loop == NONE || to != lv->g->loops[lv->loop].head))
			mass[to] += each;
	}
	return n;
}

/* What enters a loop leaves it: where its head says so, else over all its exits. */
static void leave(
	const struct costs *c, const struct level *lv, double *mass, uint32_t child, double m)
{
	const struct loop *l = &lv->g->loops[child];
	double n = 0;
	if (leave_by(c, lv, mass, l, l->head, m) > 0)
		return;
	for (uint32_t i = 0; i < l->nblock; i++)
		n += leave_by(c, lv, mass, l, l->blocks[i], 0);
	for (uint32_t i = 0; i < l->nblock && n > 0; i++)
		leave_by(c, lv, mass, l, l->blocks[i], m / n);
}

static int by_order(const void *x, const void *y, void *ctx)
{
	const uint32_t *order = ctx, a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	return order[a] < order[b] ? -1 : order[a] > order[b];
}

/* ---- loops ---- */

bool cost_recursive(const struct costs *c, const struct edge *e)
{
	return counts(c, e) && e->why == EDGE_DIRECT && c->scc[e->callee] == c->scc[e->caller] &&
	       (e->callee == e->caller || c->scc_size[c->scc[e->caller]] <= MAX_RECURSIVE);
}

static uint32_t first_op(const struct costs *c, const struct fn *f, const struct loop *l)
{
	for (uint32_t i = 0; i < l->nblock; i++) {
		const struct block *b = &c->ir->blocks[f->block + l->blocks[i]];
		if (b->nop)
			return b->op;
	}
	return NONE;
}

/* A body that does nothing but print. */
static bool prints_only(const struct costs *c, const struct fn *f, const struct loop *l)
{
	bool prints = false;
	for (uint32_t i = 0; i < l->nblock; i++) {
		const struct block *b = &c->ir->blocks[f->block + l->blocks[i]];
		for (uint32_t o = b->op; o < b->op + b->nop; o++) {
			if (c->ir->ops[o].kind != OP_CALL && c->ir->ops[o].kind != OP_ICALL)
				continue;
			uint32_t n;
			const struct effect *e = effects_at(c->s->e, o, &n);
			bool log = false;
			for (uint32_t k = 0; k < n; k++)
				log |= e[k].clause && e[k].clause->verb == VERB_BLOCKS &&
				       e[k].clause->category == CAT_LOG;
			if (!log)
				return false;
			prints = true;
		}
	}
	return prints;
}

static uint32_t exits(const struct costs *c, const struct fn *f, const struct loop *l)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < l->nblock; i++) {
		const struct block *b = &c->ir->blocks[f->block + l->blocks[i]];
		n += b->term == TERM_RET;
		for (uint32_t k = 0; k < b->nsucc; k++)
			n += !loop_has(l, c->ir->succs[b->succ + k].block) &&
			     !dead(c, f, c->ir->succs[b->succ + k].block);
	}
	return n;
}

static uint32_t loop_flags(struct costs *c, uint32_t fn, const struct fn *f, const struct loop *l,
	const struct trip_info *t)
{
	uint32_t flags = t->clock && !t->late ? LOOPF_CLOCK : 0;
	const struct block *head = &c->ir->blocks[f->block + l->head];
	const struct program *p = c->s->p;

	/* BLOCK_MACRO: the loop statement comes from a macro; its body does not if any of its
	 * places do not */
	if (head->flags & BLOCK_MACRO) {
		bool own = false;
		for (uint32_t i = 0; i < l->nblock && !own; i++) {
			const struct block *b = &c->ir->blocks[f->block + l->blocks[i]];
			for (uint32_t o = b->op; o < b->op + b->nop; o++)
				own |= !(c->ir->ops[o].flags & OPF_MACRO) &&
				       !(c->ir->ops[o].loc != NONE &&
					       c->ir->locs[c->ir->ops[o].loc].macro);
		}
		flags |= own ? 0 : LOOPF_MACRO;
	}
	if (prints_only(c, f, l))
		flags |= LOOPF_PRINTS;
	if (c->hot[fn] != NONE && loop_spins(c, fn, program_cfg(p, fn), l))
		flags |= LOOPF_SPINS;
	if (exits(c, f, l) > 1)
		flags |= LOOPF_EXITS;
	for (uint32_t i = 0; i < l->nblock; i++) {
		const struct block *b = &c->ir->blocks[f->block + l->blocks[i]];
		for (uint32_t o = b->op; o < b->op + b->nop; o++) {
			if (c->ir->ops[o].kind != OP_CALL && c->ir->ops[o].kind != OP_ICALL)
				continue;
			if (op_has_verb(c, o, VERB_SUSPENDS) || op_has_verb(c, o, VERB_LOOP_RUN))
				flags |= LOOPF_YIELDS;
			if (op_has_verb(c, o, VERB_LOOP_WAIT))
				flags |= LOOPF_WAITS;
			for (uint32_t e = p->site_edge[o];
				e != NONE && e < p->nedge && p->edges[e].site == o; e++)
				if (cost_recursive(c, &p->edges[e]))
					flags |= LOOPF_RECURSES;
		}
	}
	return flags;
}

/* The bound that is smallest. That something in memory says stop is only believed if nothing else
 * does. */
const struct bound *cost_least(
	struct costs *c, const struct loop_fact *l, const struct trip_info *t, enum extent *extent)
{
	const struct bound *best = NULL;
	*extent = EXT_SOME;
	for (int round = 0; round < 2 && !best; round++)
		for (int i = 0; i < t->n; i++) {
			const struct bound *b = &t->bound[i];
			if (!round && b->trip == TRIP_WORK)
				continue;
			enum extent e = bound_extent(c, l, b);
			if (best && extent_most[e] >= extent_most[*extent])
				continue;
			best = b;
			*extent = e;
		}
	return best;
}

static void loop_total(struct costs *c, uint32_t id, const struct cost *turn)
{
	struct loop_fact *l = &c->loops.v[id];
	const struct bound *b = cost_least(c, l, &c->trips.v[id], &l->extent);

	l->trip = b ? b->trip : TRIP_OTHER;
	l->count = b ? b->count : -1;
	l->sym = b && b->from.n ? b->from.sym[0] : NONE;
	l->turn = cost_typical(c, turn);
	if (l->trip == TRIP_IO && b->op != NONE)
		l->op = b->op;
	l->cost = (struct cost){0};
	if (l->flags & (LOOPF_INNER | LOOPF_RECURSES)) {
		l->cost = *turn;
		return;
	}
	switch (l->trip) {
	case TRIP_CONST:
		cost_times(&l->cost, turn, l->count > 0 ? (double)l->count : 1, NONE);
		break;
	case TRIP_LOG:
		cost_times(&l->cost, turn, 10, NONE);
		break;
	case TRIP_CHAIN:
		cost_times(&l->cost, turn, 1.5, NONE);
		break;
	case TRIP_CAP:
		cost_times(&l->cost, turn, l->count > 0 && l->count < 16 ? (double)l->count : 16,
			NONE);
		break;
	case TRIP_IO:
		cost_times(&l->cost, turn, 4, NONE);
		break;
	case TRIP_ITER: {
		uint32_t call = b->op != NONE && c->ir->ops[b->op].kind == OP_CALL
					? c->ir->ops[b->op].src.id
					: NONE;
		l->sym = sym_id(c, SYM_ITER, NONE, call);
		cost_times(&l->cost, turn, 1, l->sym);
		break;
	}
	default:
		if (l->sym == NONE)
			l->sym = sym_id(c, SYM_LOOP, NONE, id);
		cost_times(&l->cost, turn, b && b->step > 1 ? 1 / b->step : 1, l->sym);
		break;
	}
}

/* Does the inner loop move what the outer one is counted by? Then both together turn as often as
 * the outer would. */
static bool shares_turns(const struct costs *c, uint32_t inner, uint32_t outer)
{
	const struct trip_info *a = &c->trips.v[inner], *b = &c->trips.v[outer];
	for (int i = 0; i < a->n; i++)
		for (int k = 0; k < b->n; k++)
			if (a->bound[i].var != NONE && a->bound[i].var == b->bound[k].var &&
				a->bound[i].trip != TRIP_CONST)
				return true;
	return false;
}

static void function_cost(struct costs *c, uint32_t fn)
{
	const struct fn *f = &c->ir->fns[fn];
	const struct cfg *g = program_cfg(c->s->p, fn);
	uint32_t first = c->loops.n;
	double *mass = xcalloc(f->nblock + 1, sizeof *mass),
	       *ns = xcalloc(f->nblock + 1, sizeof *ns);
	struct cost *one = xcalloc(f->nblock + 1, sizeof *one);
	uint32_t *order = xmalloc((f->nblock + 1) * sizeof *order);

	c->first_loop[fn] = first;
	for (uint32_t i = 0; i < g->nloop; i++) {
		const struct loop *l = &g->loops[i];
		struct trip_info t;
		trip_of(c, fn, g, l, &t);
		vec_add(&c->loops, ((struct loop_fact){.fn = fn,
					   .head = l->head,
					   .parent = l->parent == NONE ? NONE : first + l->parent,
					   .loc = c->ir->blocks[f->block + l->head].loc,
					   .op = first_op(c, f, l),
					   .visit = NONE,
					   .sym = NONE,
					   .flags = loop_flags(c, fn, f, l, &t)}));
		vec_add(&c->trips, t);
		for (uint32_t up = c->loops.v[first + i].parent; up != NONE;
			up = c->loops.v[up].parent)
			if (shares_turns(c, first + i, up))
				c->loops.v[first + i].flags |= LOOPF_INNER;
	}
	for (uint32_t b = 0; b < f->nblock; b++) {
		block_cost(c, fn, b, &one[b]);
		ns[b] = cost_typical(c, &one[b]);
	}
	for (uint32_t i = g->nloop + 1; i-- > 0;) { /* inner loops first, the function last */
		struct level lv = {g, f, i == 0 ? NONE : i - 1, ns};
		struct cost turn = {0};
		uint32_t n = 0, head = i == 0 ? 0 : g->loops[i - 1].head;
		if (i == 0) {
			for (uint32_t k = 0; k < g->nrpo; k++)
				order[n++] = g->rpo[k];
		} else {
			const struct loop *l = &g->loops[i - 1];
			n = l->nblock;
			memcpy(order, l->blocks, n * sizeof *order);
			qsort_r(order, n, sizeof *order, by_order, g->order);
		}
		for (uint32_t k = 0; k < n; k++)
			mass[order[k]] = 0;
		mass[head] = 1;
		for (uint32_t k = 0; k < n; k++) {
			uint32_t b = order[k], child = child_of(&lv, b);
			double m = mass[b] > 1 ? 1 : mass[b];
			if (m < 1e-6)
				continue;
			if (child == NONE) {
				cost_add(&turn, &one[b], m);
				c->s->times[f->block + b] = (float)m;
				spread(c, &lv, mass, b, m);
			} else if (g->loops[child].head == b) {
				cost_add(&turn, &c->loops.v[first + child].cost, m);
				c->loops.v[first + child].entered = m;
				leave(c, &lv, mass, child, m);
			}
		}
		if (i)
			loop_total(c, first + i - 1, &turn);
		else
			c->cost[fn] = turn;
	}
	free(mass);
	free(ns);
	free(one);
	free(order);
}

static bool calls_itself(const struct costs *c, uint32_t fn)
{
	const struct program *p = c->s->p;
	for (uint32_t e = p->out[fn]; e != NONE && e < p->nedge && p->edges[e].caller == fn; e++)
		if (cost_recursive(c, &p->edges[e]))
			return true;
	return false;
}

void cost_functions(struct costs *c)
{
	uint32_t *order = find_order(c);

	memset(c->first_loop, 0xff, (c->ir->nfns + 1) * sizeof *c->first_loop);
	for (uint32_t i = 0; order[i] != NONE; i++) {
		uint32_t fn = order[i];
		function_cost(c, fn);
		c->cost_known[fn] = true;
		if (calls_itself(c, fn)) { /* functions that recurse together share one symbol */
			uint32_t self = sym_id(c, SYM_SELF, NONE, c->scc[fn]);
			struct cost all = {0};
			for (int k = 0; k < c->cost[fn].n; k++) {
				struct cost_term t = c->cost[fn].t[k];
				bool has = false;
				for (int d = 0; d < t.degree; d++)
					has |= t.sym[d] == self;
				if (!has)
					term_times(&t, self);
				add_term(&all, t);
			}
			c->cost[fn] = all;
		}
	}
	free(order);
}
