/* cost_size.c - how large that can get which a loop runs over.
 *
 * A number in a field or global is as large as what is stored there: constants and what only
 * start-up code stores is configuration; what is counted up while the program runs, without a
 * limit, is data; what is computed from other numbers is like them. The elements of a list weigh:
 * those that own a descriptor, a timer or a process are few, those that own an accepted connection
 * are as many as there are peers. An iterator that steps through a table or a tree hands out data;
 * nobody builds a hash table for a handful.
 *
 * A parameter is what callers hand over, those that run in tasks if there are any.
 *
 * needs: origins, visits, fd, flow      gives: extents
 */
#include "solve/cost.h"

#include <stdlib.h>

const char *const extent_phrase[EXT_COUNT] = {
#define EXTENT(name, typical, most, phrase) phrase,
	EXTENTS(EXTENT)
#undef EXTENT
};
const double extent_typical[EXT_COUNT] = {
#define EXTENT(name, typical, most, phrase) typical,
	EXTENTS(EXTENT)
#undef EXTENT
};
const double extent_most[EXT_COUNT] = {
#define EXTENT(name, typical, most, phrase) most,
	EXTENTS(EXTENT)
#undef EXTENT
};

enum { MAX_CALLERS = 12, MAX_WAY = 5, MAX_HEADS = 5, MAX_NEST = 12, MAX_ASKS = 200 };

static enum extent larger(enum extent a, enum extent b)
{
	return extent_most[a] >= extent_most[b] ? a : b;
}

/* ---- records that weigh ---- */

static void weigh(struct costs *c, uint32_t record, enum heavy how)
{
	if (record != NONE && c->heavy[record] < how)
		c->heavy[record] = (uint8_t)how;
}

static uint32_t pointed_record(const struct ir *ir, uint32_t type)
{
	for (int hops = 0; type != NONE && hops < 3; hops++) {
		const struct type *t = &ir->types[type];
		if (t->kind == TYPE_RECORD)
			return t->to;
		if (t->kind != TYPE_PTR && t->kind != TYPE_ARRAY)
			return NONE;
		type = t->to;
	}
	return NONE;
}

/* What is handed over with a callback: the record that holds the watcher, and the one that is its
 * argument. */
static void weigh_argument(struct costs *c, uint32_t fn, struct ref arg)
{
	if (arg.kind != REF_LOCAL)
		return;
	const struct fn *f = &c->ir->fns[fn];
	const struct local_facts *lf = local_facts(c->s, fn);
	for (uint32_t d = lf->def[arg.id]; d != NONE; d = lf->next_def[d - f->op])
		if (c->ir->ops[d].kind == OP_ADDR) {
			uint32_t field = path_field(c->ir, c->ir->ops[d].src.id);
			if (field != NONE)
				weigh(c, c->ir->fields[field].record, HEAVY_HANDLE);
		}
	weigh(c, pointed_record(c->ir, c->ir->locals[f->local + arg.id].type), HEAVY_HANDLE);
}

/* Fields that an accepted descriptor flows into. */
static void weigh_accepted(struct costs *c)
{
	const struct program *p = c->s->p;
	const struct effects *e = c->s->e;
	const struct flow *w = &p->flow;
	struct bits seen = bits_new(c->s->mem, w->nnode + 1);
	VEC(uint32_t) todo = {0};

	for (uint32_t i = 0; i < e->n; i++) {
		const struct clause *cl = e->e[i].clause;
		if (!cl || cl->verb != VERB_GIVES || !(cl->kind & FD_SOCKET))
			continue;
		bool peer = false; /* accept(2) waits for one; socket(2) does not */
		for (uint32_t k = 0; k < e->e[i].model->nclause; k++)
			peer |= e->e[i].model->clauses[k].verb == VERB_BLOCKS &&
				e->e[i].model->clauses[k].category == CAT_PEER;
		const struct op *op = &c->ir->ops[e->e[i].site];
		if (peer && op->dst.kind == REF_LOCAL)
			vec_add(&todo, flow_local(p, e->e[i].fn, op->dst.id));
	}
	while (todo.n) {
		uint32_t n = todo.v[--todo.n];
		if (bits_get(&seen, n))
			continue;
		bits_set(&seen, n);
		for (uint32_t k = w->succ0[n]; k < w->succ0[n + 1]; k++)
			vec_add(&todo, w->succ[k]);
	}
	vec_free(&todo);
	for (uint32_t f = 0; f < c->ir->nfields; f++)
		if (bits_get(&seen, flow_field(p, f)))
			weigh(c, c->ir->fields[f].record, HEAVY_PEER);
}

static void weigh_records(struct costs *c)
{
	const struct program *p = c->s->p;
	const struct effects *e = c->s->e;

	for (uint32_t f = 0; f < c->ir->nfields; f++) {
		uint8_t kind = c->s->fd ? c->s->fd[flow_field(p, f)].kind : 0;
		if (kind & ~(FD_MEMORY | FD_FILE | FD_DIR))
			weigh(c, c->ir->fields[f].record, HEAVY_HANDLE);
	}
	for (uint32_t i = 0; i < e->n; i++) {
		const struct callback *cb = e->e[i].callback;
		if (!cb || cb->ctx == CTX_CALLER || cb->ctx == CTX_SIGNAL)
			continue;
		for (int k = 0; k < e->e[i].model->nparam; k++)
			if (k != cb->param)
				weigh_argument(c, e->e[i].fn, effect_arg(p, &e->e[i], k));
	}
	weigh_accepted(c);
	for (bool more = true; more;) { /* what holds a heavy record by value is heavy, and so is
					   the head of a list of them */
		more = false;
		for (uint32_t f = 0; f < c->ir->nfields; f++) {
			uint32_t t = c->ir->fields[f].type, r = c->ir->fields[f].record;
			if (t == NONE || r == NONE || c->ir->types[t].kind != TYPE_RECORD)
				continue;
			const struct record *in = &c->ir->records[c->ir->types[t].to];
			uint8_t w = c->heavy[c->ir->types[t].to];
			if (in->nfield == 2 && in->size == 16) { /* { first, last } */
				uint32_t to = pointed_record(c->ir, c->ir->fields[in->field].type);
				if (to != NONE && to != r && c->heavy[to] > w)
					w = c->heavy[to];
			}
			if (w > c->heavy[r]) {
				c->heavy[r] = w;
				more = true;
			}
		}
	}
}

/* A record that points at a heavy one, without owning it, comes with it: a link between a session
 * and a window. */
static void weigh_references(struct costs *c)
{
	uint8_t *by = xcalloc(c->ir->nrecords + 1, 1);
	for (uint32_t f = 0; f < c->ir->nfields; f++) {
		uint32_t t = c->ir->fields[f].type, r = c->ir->fields[f].record;
		if (t == NONE || r == NONE || c->ir->types[t].kind != TYPE_PTR ||
			c->ir->types[t].to == NONE)
			continue;
		const struct type *to = &c->ir->types[c->ir->types[t].to];
		if (to->kind == TYPE_RECORD && c->heavy[to->to] > by[r])
			by[r] = c->heavy[to->to];
	}
	for (uint32_t r = 0; r < c->ir->nrecords; r++)
		if (!c->heavy[r])
			c->heavy[r] = by[r];
	free(by);
}

static enum extent of_record(const struct costs *c, uint32_t record, enum extent light)
{
	if (record == NONE)
		return light;
	return c->heavy[record] == HEAVY_PEER	  ? EXT_PEERS
	       : c->heavy[record] == HEAVY_HANDLE ? EXT_HANDLES
						  : light;
}

/* ---- what is stored ---- */

static enum extent usual_extent(struct costs *c, uint32_t sym, int depth);

void size_prepare(struct costs *c)
{
	const struct ir *ir = c->ir;

	c->nslot = ir->nfields + ir->nglobals;
	c->store = xmalloc((c->nslot + 1) * sizeof *c->store);
	memset(c->store, 0xff, (c->nslot + 1) * sizeof *c->store);
	c->next_store = xmalloc((ir->nops + 1) * sizeof *c->next_store);
	for (uint32_t o = 0; o < ir->nops; o++) {
		const struct op *op = &ir->ops[o];
		if (op->kind != OP_STORE)
			continue;
		uint32_t slot = path_key(ir, op->dst.id);
		if (slot == NONE)
			continue;
		c->next_store[o] = c->store[slot];
		c->store[slot] = o;
	}
	c->heavy = xcalloc(ir->nrecords + 1, 1);
	weigh_records(c);
	weigh_references(c);
	grow_prepare(c);
}

static bool running(const struct costs *c, uint32_t fn)
{
	return c->visited[fn];
}

/* x->n = x->n + k, or - k */
static bool steps(const struct costs *c, uint32_t store, uint32_t slot, uint8_t how)
{
	const struct ir *ir = c->ir;
	const struct op *op = &ir->ops[store];
	uint32_t fn = c->s->p->op_fn[store];
	const struct local_facts *lf = local_facts(c->s, fn);

	if (op->src.kind != REF_LOCAL)
		return false;
	for (uint32_t d = lf->def[op->src.id]; d != NONE; d = lf->next_def[d - ir->fns[fn].op]) {
		const struct op *add = &ir->ops[d];
		if (add->kind != OP_BIN || add->flags != how)
			continue;
		struct ref side[2] = {add->src, ref_of(add->arg)};
		for (int k = 0; k < 2; k++) {
			if (side[k].kind != REF_LOCAL)
				continue;
			for (uint32_t x = lf->def[side[k].id]; x != NONE;
				x = lf->next_def[x - ir->fns[fn].op]) {
				const struct op *load = &ir->ops[x];
				if (load->kind != OP_LOAD)
					continue;
				if (path_key(ir, load->src.id) == slot)
					return true;
			}
		}
	}
	return false;
}

static bool counts_up(const struct costs *c, uint32_t store, uint32_t slot)
{
	return steps(c, store, slot, BIN_ADD);
}

bool size_counts_up(const struct costs *c, uint32_t store, uint32_t slot)
{
	return counts_up(c, store, slot);
}

/* Does the function count the same number down, too? */
static bool counted_down(const struct costs *c, uint32_t fn, uint32_t slot)
{
	for (uint32_t o = c->store[slot]; o != NONE; o = c->next_store[o])
		if (c->s->p->op_fn[o] == fn && steps(c, o, slot, BIN_SUB))
			return true;
	return false;
}

/* Does a function allocate, itself or one or two calls further down? */
static bool allocates(struct costs *c, uint32_t fn, int deep)
{
	const struct fn *f = &c->ir->fns[fn];
	if (c->allocates[fn])
		return c->allocates[fn] == 2;
	bool yes = false;
	for (uint32_t o = f->op; o < f->op + f->nop && !yes; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind != OP_CALL || bits_get(&c->s->dead_end, o))
			continue;
		yes = op_has_verb(c, o, VERB_ALLOCATES) ||
		      (deep < 2 && fn_defined(c->s->p, op->src.id) && op->src.id != fn &&
			      allocates(c, op->src.id, deep + 1));
	}
	if (yes || deep == 0)
		c->allocates[fn] = yes ? 2 : 1;
	return yes;
}

bool size_allocates(struct costs *c, uint32_t fn)
{
	return allocates(c, fn, 0);
}

/* Is the place reached only while the number is below a constant? */
static bool below_limit(struct costs *c, uint32_t store, uint32_t slot, int depth)
{
	const struct ir *ir = c->ir;
	uint32_t fn = c->s->p->op_fn[store];
	const struct local_facts *lf = local_facts(c->s, fn);

	const struct cfg *cfg = program_cfg(c->s->p, fn);
	for (uint32_t b = c->s->p->op_block[store]; b != NONE; b = cfg->idom[b]) {
		const struct guard *g = &lf->guard[b];
		if (g->at == NONE)
			continue;
		const struct block *bl = &ir->blocks[ir->fns[fn].block + g->at];
		if (bl->term != TERM_IF)
			continue;
		struct origins x, y;
		struct point end = at_end(c->s, fn, g->at);
		origins_of(c, fn, bl->cond.lhs, end, &x);
		origins_of(c, fn, bl->cond.rhs, end, &y);
		uint8_t rel = bl->cond.rel;
		bool less = g->succ == 0 ? rel == REL_LT || rel == REL_LE || rel == REL_NE
					 : rel == REL_GT || rel == REL_GE || rel == REL_EQ;
		bool more = g->succ == 0 ? rel == REL_GT || rel == REL_GE || rel == REL_NE
					 : rel == REL_LT || rel == REL_LE || rel == REL_EQ;
		uint32_t self = slot < ir->nfields
					? sym_id(c, SYM_FIELD, NONE, slot)
					: sym_id(c, SYM_GLOBAL, NONE, slot - ir->nfields);
		for (int side = 0; side < 2; side++) {
			struct origins *me = side ? &y : &x, *lim = side ? &x : &y;
			bool has = false;
			for (uint32_t i = 0; i < me->n; i++)
				has |= me->sym[i] == self;
			if (!has || !(side ? more : less))
				continue;
			if (lim->has_const && !lim->n && lim->most > 0)
				return true;
			for (uint32_t i = 0; i < lim->n; i++)
				if (lim->sym[i] != self &&
					sym_extent(c, lim->sym[i], depth + 1) <= EXT_CONFIG)
					return true;
		}
	}
	return false;
}

/* Counted in a loop, here or around every call of this function: the parts of what is being looked
 * at, if the number is also set back, and not what piles up. */
static bool in_loop(const struct costs *c, uint32_t site, int deep)
{
	const struct program *p = c->s->p;
	uint32_t fn = p->op_fn[site], n = 0;
	if (program_cfg(p, fn)->loop_of[p->op_block[site]] != NONE)
		return true;
	for (uint32_t i = p->in[fn]; i < p->in[fn + 1]; i++, n++)
		if (deep == 2 || n == 6 || !in_loop(c, p->edges[p->in_edges[i]].site, deep + 1))
			return false;
	return n > 0;
}

/* Is the object that a store goes to made in the same function? */
static bool fresh(struct costs *c, uint32_t store)
{
	const struct path *p = &c->ir->paths[c->ir->ops[store].dst.id];
	uint32_t fn = c->s->p->op_fn[store];
	const struct local_facts *lf = local_facts(c->s, fn);
	if (p->base.kind != REF_LOCAL)
		return false;
	for (uint32_t d = lf->def[p->base.id]; d != NONE; d = lf->next_def[d - c->ir->fns[fn].op]) {
		const struct op *op = &c->ir->ops[d];
		if (op->kind == OP_CALL &&
			(op_has_verb(c, d, VERB_ALLOCATES) ||
				(fn_defined(c->s->p, op->src.id) && allocates(c, op->src.id, 0))))
			return true;
	}
	return false;
}

/* Several sources flow together in memory: what is true of most of them. */
struct vote {
	uint32_t n[EXT_COUNT], all;
};

static void vote(struct vote *v, enum extent e)
{
	v->n[e]++;
	v->all++;
}

static enum extent outcome(const struct vote *v)
{
	uint32_t above = 0;
	for (int e = EXT_COUNT - 1; e > 0; e--) {
		above += v->n[e];
		if (above * 2 > v->all && v->n[e])
			return (enum extent)e;
	}
	return EXT_ONE;
}

static bool releases(const struct costs *c, uint32_t site, int deep)
{
	const struct op *op = &c->ir->ops[site];
	if (op_has_verb(c, site, VERB_FREES))
		return op_has_verb(c, site, VERB_ALLOCATES);
	if (op->kind != OP_CALL || deep == 2 || !fn_defined(c->s->p, op->src.id))
		return false;
	const struct fn *f = &c->ir->fns[op->src.id];
	for (uint32_t o = f->op; o < f->op + f->nop && f->nop < 60; o++)
		if (c->ir->ops[o].kind == OP_CALL && releases(c, o, deep + 1))
			return true;
	return false;
}

/* Does the function that counts the number up make room for one more by realloc(), for the number itself says how much?
 * Who does so expects a handful. */
static bool grows_by_one(struct costs *c, uint32_t fn, uint32_t self)
{
	const struct fn *f = &c->ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind != OP_CALL || bits_get(&c->s->dead_end, o) || !releases(c, o, 0))
			continue;
		for (uint32_t a = 0; a < op->narg; a++) {
			struct origins n;
			origins_of(c, fn, c->ir->args[op->arg + a], at_site(c->s, o), &n);
			if (n.n == 1 && n.sym[0] == self)
				return true;
		}
	}
	return false;
}

static enum extent of_slot(struct costs *c, uint32_t slot, int depth)
{
	struct vote v = {{0}, 0};
	bool any = false, reset = false, down = false; /* what piles up in something that comes and goes is a part of it */
	uint32_t self = slot < c->ir->nfields ? sym_id(c, SYM_FIELD, NONE, slot)
					      : sym_id(c, SYM_GLOBAL, NONE, slot - c->ir->nfields);

	for (uint32_t o = c->store[slot]; o != NONE; o = c->next_store[o])
		reset |= c->ir->ops[o].src.kind == REF_CONST && running(c, c->s->p->op_fn[o]);
	for (uint32_t o = c->store[slot]; o != NONE && !down; o = c->next_store[o])
		down = steps(c, o, slot, BIN_SUB) || c->ir->paths[c->ir->ops[o].dst.id].base.kind == REF_GLOBAL;
	for (uint32_t o = c->store[slot]; o != NONE; o = c->next_store[o]) {
		uint32_t fn = c->s->p->op_fn[o];
		struct ref src = c->ir->ops[o].src;
		any = true;
		if (src.kind == REF_CONST)
			continue;
		if (!running(c, fn)) {
			vote(&v, EXT_CONFIG);
			continue;
		}
		if (counts_up(c, o, slot)) {
			if (counted_down(c, fn, slot) || !allocates(c, fn, 0))
				continue; /* for a moment only; or a position, not a size */
			if (below_limit(c, o, slot, depth))
				vote(&v, EXT_FIXED);
			else if (((reset || fresh(c, o)) && in_loop(c, o, 0)) || grows_by_one(c, fn, self) || !down)
				vote(&v, EXT_SOME);
			else
				vote(&v, EXT_DATA);
			continue;
		}
		struct origins from;
		enum extent e = EXT_ONE;
		origins_of(c, fn, src, at_site(c->s, o), &from);
		bool others = false;
		for (uint32_t i = 0; i < from.n; i++) {
			if (from.sym[i] == self)
				continue;
			others = true;
			e = larger(e, usual_extent(c, from.sym[i], depth + 1));
		}
		if (others && !steps(c, o, slot, BIN_SUB))
			vote(&v, e);
	}
	return v.all ? outcome(&v) : any ? EXT_FIXED : EXT_SOME;
}

/* ---- iterators ---- */

/* How a function gets from one element to the next: through a table or tree if it loops, along a
 * link if it only loads one. */
static enum step_how steps_by(struct costs *c, uint32_t fn, int deep)
{
	if (fn == NONE || !fn_defined(c->s->p, fn))
		return STEPS_UNKNOWN;
	if (c->steps[fn])
		return (enum step_how)(c->steps[fn] - 1);
	const struct fn *f = &c->ir->fns[fn];
	const struct cfg *g = program_cfg(c->s->p, fn);
	enum step_how how = STEPS_NONE;

	c->steps[fn] = 1 + STEPS_NONE;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &c->ir->ops[o];
		if (op->kind == OP_LOAD && how == STEPS_NONE) {
			const struct path *p = &c->ir->paths[op->src.id];
			if (p->base.kind == REF_LOCAL && op->dst.kind == REF_LOCAL) {
				uint32_t t = c->ir->locals[f->local + op->dst.id].type;
				if (t != NONE && c->ir->types[t].kind == TYPE_PTR)
					how = STEPS_LINK;
			}
		}
		if (op->kind == OP_CALL && op->src.kind == REF_FN && deep < 3) {
			enum step_how in = steps_by(c, op->src.id, deep + 1);
			if (in == STEPS_TABLE)
				how = STEPS_TABLE;
		}
	}
	if (g->nloop)
		how = STEPS_TABLE;
	c->steps[fn] = (uint8_t)(1 + how);
	return how;
}

/* ---- symbols ---- */

/* As it flows through memory, where nobody can tell any more which caller it came from. */
static enum extent usual_extent(struct costs *c, uint32_t sym, int depth)
{
	const struct program *p = c->s->p;
	struct sym s = c->syms.v[sym];
	struct vote v = {{0}, 0};

	if (s.kind != SYM_PARAM)
		return sym_extent(c, sym, depth);
	if (depth > MAX_WAY)
		return EXT_SOME;
	for (uint32_t i = p->in [s.fn]; i < p->in[s.fn + 1] && v.all < 2 * MAX_CALLERS; i++) {
		const struct edge *ed = &p->edges[p->in_edges[i]];
		const struct op *op = &c->ir->ops[ed->site];
		struct origins from;
		enum extent e = EXT_FIXED;
		if (ed->why == EDGE_TYPE || ed->why == EDGE_MODEL || s.id >= op->narg)
			continue;
		origins_of(
			c, ed->caller, c->ir->args[op->arg + s.id], at_site(c->s, ed->site), &from);
		for (uint32_t k = 0; k < from.n; k++)
			if (from.sym[k] != sym)
				e = larger(e, usual_extent(c, from.sym[k], depth + 1));
		vote(&v, e);
	}
	return v.all ? outcome(&v) : EXT_SOME;
}

/* What the callers that run in tasks hand over; if there are none, what all do. */
static enum extent of_param(struct costs *c, uint32_t sym, int depth)
{
	const struct program *p = c->s->p;
	struct sym s = c->syms.v[sym];
	enum extent e = EXT_ONE;
	uint32_t n = 0;
	bool hot = c->hot[s.fn] != NONE;

	for (uint32_t i = p->in [s.fn]; i < p->in[s.fn + 1]; i++) {
		const struct edge *ed = &p->edges[p->in_edges[i]];
		const struct op *op = &c->ir->ops[ed->site];
		if (ed->why == EDGE_TYPE || ed->why == EDGE_MODEL || s.id >= op->narg ||
			(hot && c->hot[ed->caller] == NONE))
			continue;
		if (++n > MAX_CALLERS)
			return larger(e, EXT_SOME);
		struct origins from;
		enum extent one = EXT_ONE;
		origins_of(
			c, ed->caller, c->ir->args[op->arg + s.id], at_site(c->s, ed->site), &from);
		if (from.has_const)
			one = from.n || from.most <= (int64_t)extent_most[EXT_FIXED] ? EXT_FIXED
										     : EXT_SOME;
		for (uint32_t k = 0; k < from.n; k++)
			one = larger(one, sym_extent(c, from.sym[k], depth + 1));
		if (n == 1 || extent_most[one] > extent_most[e]) {
			e = one;
			c->worst.v[sym] = p->in_edges[i];
		}
	}
	return n ? e : EXT_SOME;
}

static bool points_to(const struct ir *ir, uint32_t record, uint32_t to)
{
	const struct record *r = &ir->records[record];
	for (uint32_t i = 0; i < r->nfield; i++) {
		uint32_t t = ir->fields[r->field + i].type;
		if (t != NONE && ir->types[t].kind == TYPE_PTR && pointed_record(ir, t) == to)
			return true;
	}
	return false;
}

/* Nodes that hang from records of many kinds are no one container: what is true of one list is not
 * of the others. */
static bool many_heads(const struct ir *ir, uint32_t node)
{
	uint32_t n = 0;
	for (uint32_t r = 0; r < ir->nrecords && n <= MAX_HEADS; r++)
		n += r != node && points_to(ir, r, node);
	return n > MAX_HEADS;
}

/* Is the length of the list kept, beside its head? Who does that expects it to be long. */
static bool counted(struct costs *c, uint32_t link)
{
	const struct ir *ir = c->ir;
	uint32_t node = link == NONE ? NONE : ir->fields[link].record;
	if (node == NONE || c->store[link] == NONE || many_heads(ir, node))
		return false;
	for (uint32_t o = link == NONE ? NONE : c->store[link]; o != NONE; o = c->next_store[o]) {
		uint32_t fn = c->s->p->op_fn[o];
		const struct fn *f = &ir->fns[fn];
		if (ir->ops[o].src.kind != REF_LOCAL || !running(c, fn) || f->nop > 120)
			continue; /* an insertion is short */
		for (uint32_t k = f->op; k < f->op + f->nop; k++) {
			uint32_t field = ir->ops[k].kind == OP_STORE
						 ? path_field(ir, ir->ops[k].dst.id)
						 : NONE;
			if (field != NONE && ir->fields[field].record != NONE &&
				ir->fields[field].record != node && counts_up(c, k, field) &&
				points_to(ir, ir->fields[field].record, node) &&
				!below_limit(c, k, field, 1))
				return true;
		}
	}
	return false;
}

/* A pointer as a limit: as far as there are bytes, or elements. */
static bool of_pointer(const struct ir *ir, uint32_t type, enum extent *e)
{
	if (type == NONE || ir->types[type].kind != TYPE_PTR)
		return false;
	*e = ir->types[type].to != NONE && ir->types[ir->types[type].to].size == 1 ? EXT_TEXT
										   : EXT_SOME;
	return true;
}

/* What its author calls a batch or a budget is one. */
static bool named_limit(const struct ir *ir, struct sym s)
{
	static const char *const words[] = {"batch", "budget", "quota"};
	const char *name = s.kind == SYM_PARAM
				   ? ir_text_of(ir, ir->locals[ir->fns[s.fn].local + s.id].name)
			   : s.kind == SYM_FIELD  ? ir_text_of(ir, ir->fields[s.id].name)
			   : s.kind == SYM_GLOBAL ? ir_text_of(ir, ir->globals[s.id].name)
						  : "";
	for (size_t i = 0; i < COUNT(words); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

static enum extent find_extent(struct costs *c, uint32_t sym, int depth)
{
	const struct ir *ir = c->ir;
	struct sym s = c->syms.v[sym];
	uint32_t t;
	enum extent e;

	if (s.id != NONE && named_limit(ir, s))
		return EXT_CONFIG;
	switch (s.kind) {
	case SYM_PARAM:
		if (of_pointer(ir, ir->locals[ir->fns[s.fn].local + s.id].type, &e))
			return e;
		return of_param(c, sym, depth);
	case SYM_TEXT:
		return EXT_TEXT;
	case SYM_FIELD:
		if (of_pointer(ir, ir->fields[s.id].type, &e))
			return e;
		return of_slot(c, s.id, depth);
	case SYM_GLOBAL:
		t = ir->globals[s.id].type;
		if (t != NONE && ir->types[t].kind == TYPE_ARRAY)
			return EXT_FIXED;
		if (of_pointer(ir, t, &e))
			return e;
		return of_slot(c, ir->nfields + s.id, depth);
	case SYM_ARRAY:
		t = ir->fields[s.id].type;
		if (t != NONE && ir->types[t].kind == TYPE_ARRAY)
			return EXT_FIXED;
		if (t != NONE && ir->types[t].kind == TYPE_PTR && ir->types[t].to != NONE &&
			ir->types[ir->types[t].to].size == 1)
			return EXT_TEXT;
		return EXT_SOME;
	case SYM_LINK: { /* s.fn is the innermost field: tqe_next, rbe_left */
		bool runs = false;
		if (s.fn != NONE && bits_get(&c->tree, s.fn))
			return EXT_ONE;
		for (uint32_t o = c->store[s.id]; o != NONE; o = c->next_store[o])
			runs |= running(c, c->s->p->op_fn[o]);
		for (uint32_t o = s.fn != NONE ? c->store[s.fn] : NONE; o != NONE;
			o = c->next_store[o])
			runs |= running(c, c->s->p->op_fn[o]);
		uint32_t ft = ir->fields[s.id]
				      .type; /* entry.tqe_next is stored through its inner field */
		if (!runs && c->store[s.id] == NONE && ft != NONE &&
			ir->types[ft].kind == TYPE_RECORD) {
			const struct record *r = &ir->records[ir->types[ft].to];
			for (uint32_t k = 0; k < r->nfield; k++)
				for (uint32_t o = c->store[r->field + k]; o != NONE;
					o = c->next_store[o])
					runs |= running(c, c->s->p->op_fn[o]);
		}
		if (!runs)
			return EXT_CONFIG;
		if (ft != NONE && ir->types[ft].kind == TYPE_ARRAY)
			return EXT_DATA; /* level[0].forward: the lowest level of a skip list */
		return of_record(c, ir->fields[s.id].record,
			counted(c, s.id) || counted(c, s.fn) ? EXT_DATA : EXT_SOME);
	}
	case SYM_POWER: { /* 1 << e: a table that doubles, if e changes while the program runs */
		struct sym x = c->syms.v[s.id];
		uint32_t slot = x.kind == SYM_FIELD    ? x.id
				: x.kind == SYM_GLOBAL ? ir->nfields + x.id
						       : NONE;
		for (uint32_t o = slot == NONE ? NONE : c->store[slot]; o != NONE;
			o = c->next_store[o])
			if (ir->ops[o].src.kind != REF_CONST && running(c, c->s->p->op_fn[o]))
				return EXT_DATA;
		return slot == NONE ? EXT_SOME : EXT_CONFIG;
	}
	case SYM_INPUT:
		return EXT_INPUT;
	case SYM_ITER:
		switch (steps_by(c, s.id, 0)) {
		case STEPS_TABLE:
			return EXT_DATA;
		default:
			return EXT_SOME;
		}
	default:
		return EXT_SOME;
	}
}

enum extent sym_extent(struct costs *c, uint32_t sym, int depth)
{
	if (sym < c->extents.n && c->extents.v[sym])
		return (enum extent)(c->extents.v[sym] - 1);
	if (!c->nest)
		c->asks = MAX_ASKS;
	if (depth > MAX_WAY || c->nest > MAX_NEST || !c->asks)
		return EXT_SOME;
	while (c->extents.n <= sym) {
		vec_add(&c->extents, 0);
		vec_add(&c->worst, NONE);
	}
	c->extents.v[sym] = 1 + EXT_ONE; /* in a cycle it adds nothing */
	c->nest++;
	c->asks--;
	enum extent e = find_extent(c, sym, depth);
	c->nest--;
	c->extents.v[sym] = depth == 0 || c->syms.v[sym].kind != SYM_PARAM ? (uint8_t)(1 + e) : 0;
	return e;
}

/* What a general list carries: the record behind its untyped pointer, by the variable that gets it
 * in the loop. */
static uint32_t element_of(
	const struct costs *c, const struct loop_fact *l, const struct bound *b, uint32_t node)
{
	const struct ir *ir = c->ir;
	const struct fn *f = &ir->fns[l->fn];
	const struct cfg *g = program_cfg(c->s->p, l->fn);

	for (uint32_t i = 0; i < g->nloop; i++) {
		const struct loop *in = &g->loops[i];
		if (in->head != l->head)
			continue;
		for (uint32_t k = 0; k < in->nblock; k++) {
			const struct block *bl = &ir->blocks[f->block + in->blocks[k]];
			for (uint32_t o = bl->op; o < bl->op + bl->nop; o++) {
				const struct op *op = &ir->ops[o];
				if (op->kind != OP_LOAD || op->dst.kind != REF_LOCAL ||
					ir->locals[f->local + op->dst.id].flags & LOCAL_TEMP)
					continue;
				const struct path *p = &ir->paths[op->src.id];
				uint32_t field = path_field(ir, op->src.id);
				if (p->base.kind != REF_LOCAL ||
					(b->var != NONE && p->base.id != b->var) || field == NONE)
					continue;
				uint32_t t = ir->fields[field].type;
				if (t == NONE || ir->types[t].kind != TYPE_PTR ||
					ir->types[t].to == NONE ||
					ir->types[ir->types[t].to].kind != TYPE_VOID)
					continue;
				uint32_t r =
					pointed_record(ir, ir->locals[f->local + op->dst.id].type);
				if (r != NONE)
					return r;
			}
		}
	}
	return node;
}

/* find(text, key, &at, 0) is asked for the next of what matches: the parts of one message.
 * next(&it, &key, &value) of a container gets nothing but places. */
static bool is_search(const struct costs *c, uint32_t fn, uint32_t site)
{
	const struct op *op = &c->ir->ops[site];
	for (uint32_t a = 0; a < op->narg; a++) {
		struct ref r = c->ir->args[op->arg + a];
		uint32_t t = r.kind == REF_LOCAL ? c->ir->locals[c->ir->fns[fn].local + r.id].type
						 : NONE;
		if (t == NONE ||
			(c->ir->types[t].kind != TYPE_PTR && c->ir->types[t].kind != TYPE_ARRAY))
			return true;
	}
	return false;
}

enum extent bound_extent(struct costs *c, const struct loop_fact *l, const struct bound *b)
{
	enum extent e = EXT_ONE;
	uint32_t record = NONE;

	switch (b->trip) {
	case TRIP_LOG:
	case TRIP_CHAIN:
		return EXT_ONE;
	case TRIP_CONST:
	case TRIP_CAP:
		return EXT_FIXED;
	case TRIP_IO:
		return EXT_REQUEST;
	case TRIP_ITER: {
		uint32_t call = b->op != NONE && c->ir->ops[b->op].kind == OP_CALL
					? c->ir->ops[b->op].src.id
					: NONE;
		e = sym_extent(c, sym_id(c, SYM_ITER, NONE, call), 0);
		if (b->op != NONE && e == EXT_DATA && grow_added(c, l->fn, b->op) == ADDED_START)
			e = EXT_CONFIG;
		if (e == EXT_DATA && b->op != NONE && is_search(c, l->fn, b->op))
			e = EXT_SOME;
		if (b->var != NONE && e == EXT_DATA) /* node = tree_next(node): trees of names and
							options, too, are walked so */
			e = EXT_SOME;
		break;
	}
	default:
		for (uint32_t i = 0; i < b->from.n; i++)
			e = larger(e, sym_extent(c, b->from.sym[i], 0));
		if (b->from.scaled && extent_most[e] > extent_most[EXT_SOME])
			e = EXT_SOME;
		if (!b->from.n)
			e = EXT_SOME;
	}
	if (b->trip != TRIP_ITER && b->trip != TRIP_LIST)
		return e;
	if (b->var != NONE)
		record =
			pointed_record(c->ir, c->ir->locals[c->ir->fns[l->fn].local + b->var].type);
	if (record == NONE || !c->heavy[record])
		record = element_of(c, l, b, record);
	return of_record(c, record, e);
}
