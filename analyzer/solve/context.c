/* context.c - where code begins to run: entries, and the loops that run them.
 *
 * Entries are what models register (a function handed to uv_read_start runs on the loop; a field, a type, a macro
 * can say so too), thread functions, signal handlers, main, constructors, and the bodies of hand-written loops.
 *
 * A hand-written event loop is a loop in the control flow whose body leads, in at most MAX_UP calls, to a
 * modelled wait (epoll_wait, poll with a timeout), and which dispatches: it, or a function between it and the wait,
 * calls through a pointer, or calls other functions of the program. A loop that only repeats an interrupted wait is
 * none, and so is one that a task can reach: it waits inside a task, and that is what is reported. The body's own way
 * to the wait is the loop's, all else in it is a task.
 *
 * needs: effects, flow, call graph, control      gives: entries, evloops, own_wait
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum { MAX_UP = 4, FEW = 4 };

/* A modelled wait to which a loop's body leads. */
struct own_wait {
	uint32_t fn, head, site;
};

struct finder {
	struct solver *s;
	VEC(struct own_wait) waits;
	VEC(struct entry) entries;
	VEC(struct evloop) loops;
	struct map have; /* (fn, ctx) of an entry -> index */
	struct bits silent; /* functions that are handed to a wrapper of the program whose model says that they are none */
};

static void add_entry(struct finder *c, struct entry e)
{
	uint32_t *slot = map_slot(&c->have, hash_mix(e.fn, e.ctx | (uint64_t)e.head << 8), c->entries.n);
	if (*slot != c->entries.n)
		return;
	vec_add(&c->entries, e);
}

/* ---- registered ---- */

/* A wrapper registers its own parameter: the place to show is the call that hands fn to it. */
static uint32_t registration(const struct solver *s, uint32_t fn, uint32_t site, struct ref arg)
{
	const struct program *p = s->p;
	uint32_t wrapper = p->op_fn[site];
	for (int up = 0; up < 3 && arg.kind == REF_LOCAL; up++) {
		uint32_t mask = params_of(s, wrapper, arg);
		if (!mask)
			return site;
		uint32_t param = (uint32_t)__builtin_ctz(mask), found = NONE;
		for (uint32_t i = p->in[wrapper]; i < p->in[wrapper + 1] && found == NONE; i++) {
			const struct edge *e = &p->edges[p->in_edges[i]];
			const struct op *op = &s->ir->ops[e->site];
			if (param >= op->narg)
				continue;
			struct ref a = s->ir->args[op->arg + param];
			if (a.kind == REF_FN && a.id == fn)
				return e->site;
			if (a.kind != REF_LOCAL)
				continue;
			const uint32_t *fns;
			uint32_t n = flow_fns(p, flow_local(p, e->caller, a.id), &fns);
			for (uint32_t k = 0; k < n; k++)
				if (fns[k] == fn)
					found = p->in_edges[i];
		}
		if (found == NONE)
			return site;
		site = p->edges[found].site;
		wrapper = p->edges[found].caller;
		arg = s->ir->args[s->ir->ops[site].arg + param];
	}
	return site;
}

static void add_fns(struct finder *c, uint32_t node, struct entry proto, struct ref arg)
{
	const struct solver *s = c->s;
	const uint32_t *fns;
	uint32_t n = node == NONE ? 0 : flow_fns(s->p, node, &fns);
	for (uint32_t i = 0; i < n; i++) {
		if (!fn_defined(s->p, fns[i]) || bits_get(&c->silent, fns[i]))
			continue;
		struct entry e = proto;
		e.fn = fns[i];
		if (proto.site != NONE)
			e.site = registration(s, fns[i], proto.site, arg);
		add_entry(c, e);
	}
}

/* The callback's parameters that are handed the descriptor which the call watches. */
static uint32_t ready_params(const struct effect *e)
{
	const struct callback *cb = e->callback;
	uint32_t mask = 0;
	for (uint32_t i = 0; i < e->model->nclause; i++) {
		const struct clause *cl = &e->model->clauses[i];
		if (cl->verb != VERB_WATCHES)
			continue;
		if (cb->given == cl->p && cb->given_to < 32)
			mask |= 1u << cb->given_to;
		for (uint32_t k = 0; k < cb->nalso; k++)
			if (cb->also[k].param == cl->p && cb->also[k].to < 32)
				mask |= 1u << cb->also[k].to;
	}
	return mask;
}

static void registered(struct finder *c, const struct effect *e)
{
	const struct solver *s = c->s;
	const struct callback *cb = e->callback;
	struct frame fr = {.s = s, .fn = e->fn};
	struct ref arg = effect_arg(s->p, e, cb->param);
	struct entry proto = {.head = NONE,
		.ctx = cb->ctx,
		.site = e->site,
		.loop = NONE,
		.library = e->model->library,
		.model = e->model};

	proto.ready = ready_params(e);
	if (cb->ctx == CTX_CALLER || (cb->cond && clause_holds(&fr, e, cb->cond) == NO))
		return;
	if (cb->fields) { /* a table of functions */
		uint32_t t = arg.kind == REF_LOCAL ? s->ir->locals[s->ir->fns[e->fn].local + arg.id].type : NONE;
		while (t != NONE && s->ir->types[t].kind != TYPE_RECORD)
			t = s->ir->types[t].kind == TYPE_PTR || s->ir->types[t].kind == TYPE_ARRAY ? s->ir->types[t].to : NONE;
		if (t == NONE)
			return;
		const struct record *r = &s->ir->records[s->ir->types[t].to];
		for (uint32_t i = 0; i < r->nfield; i++) {
			const char *name = ir_text_of(s->ir, s->ir->fields[r->field + i].name);
			const char *at = strstr(cb->fields, name);
			size_t len = strlen(name);
			bool listed = !strcmp(cb->fields, "*");
			for (; at && len && !listed; at = strstr(at + 1, name))
				listed = (at == cb->fields || at[-1] == ' ') && (at[len] == 0 || at[len] == ' ');
			if (listed)
				add_fns(c, flow_field(s->p, r->field + i), proto, REF(NONE, 0));
		}
		return;
	}
	if (arg.kind == REF_FN) {
		proto.fn = arg.id;
		if (fn_defined(s->p, arg.id))
			add_entry(c, proto);
	} else if (arg.kind == REF_LOCAL) {
		struct val v = value_of(&fr, arg, e->site);
		if (v.kind == VAL_FN && fn_defined(s->p, v.id)) {
			proto.fn = v.id;
			add_entry(c, proto);
		} else {
			add_fns(c, flow_local(s->p, e->fn, arg.id), proto, arg);
		}
	}
}

static void placed(struct finder *c, const struct place_use *u)
{
	const struct solver *s = c->s;
	if (u->place->fd_kind)
		return;
	struct entry proto = {
		.head = NONE, .ctx = u->place->cb.ctx, .site = NONE, .loop = NONE, .library = u->place->library, .place = u->place};

	if (u->fn != NONE && fn_defined(s->p, u->fn)) {
		proto.fn = u->fn;
		add_entry(c, proto);
	}
	if (u->field != NONE)
		add_fns(c, flow_field(s->p, u->field), proto, REF(NONE, 0));
	if (u->global != NONE)
		add_fns(c, s->p->flow.rep[s->p->flow.global0 + u->global], proto, REF(NONE, 0));
	if (u->type != NONE) {
		for (uint32_t i = 0; i < s->ir->nfields; i++)
			if (s->ir->fields[i].type == u->type)
				add_fns(c, flow_field(s->p, i), proto, REF(NONE, 0));
		for (uint32_t i = 0; i < s->ir->nlocals; i++)
			if (s->ir->locals[i].type == u->type)
				add_fns(c, s->p->flow.rep[i], proto, REF(NONE, 0));
	}
}

/* ---- hand-written loops ---- */

struct climb {
	uint32_t site; /* the call that leads to the wait */
	uint32_t wait; /* the modelled wait */
	uint8_t depth;
	bool dispatches; /* a function on the way calls through a pointer, or the wait itself calls back */
	bool strong;	 /* waits for many descriptors by nature: not poll() or select() */
	bool few;	 /* waits for a handful that stand in a local array: it copies from one to the other */
};

/* Does the loop call through a pointer, apart from its way to the wait? Calls of functions of the program will do if
 * the wait is near: poll() is also used to wait for one thing in some function far below. */
static bool dispatches(const struct solver *s, uint32_t fn, const struct loop *l, const struct climb *c)
{
	const struct fn *f = &s->ir->fns[fn];
	bool calls = false;
	for (uint32_t b = 0; b < f->nblock; b++) {
		if (!loop_has(l, b))
			continue;
		const struct block *bl = &s->ir->blocks[f->block + b];
		for (uint32_t o = bl->op; o < bl->op + bl->nop; o++) {
			if (o == c->site)
				continue;
			if (s->ir->ops[o].kind == OP_ICALL)
				return true;
			if (s->ir->ops[o].kind == OP_CALL && s->ir->ops[o].src.kind == REF_FN &&
				fn_defined(s->p, s->ir->ops[o].src.id))
				calls = true;
		}
	}
	return c->dispatches || (calls && !c->few && (c->strong || c->depth == 0));
}

/* The synchronous form of an asynchronous operation: until it is done, everything in the loop is done to the one object
 * that it waits for. */
static bool drives_one(const struct solver *s, uint32_t fn, const struct loop *l, uint32_t wait)
{
	const struct fn *f = &s->ir->fns[fn];
	const struct op *w = &s->ir->ops[wait];
	struct ref object = w->narg ? s->ir->args[w->arg] : REF(NONE, 0);

	if (object.kind != REF_LOCAL)
		return false;
	for (uint32_t b = 0; b < f->nblock; b++) {
		const struct block *bl = &s->ir->blocks[f->block + b];
		for (uint32_t o = bl->op; loop_has(l, b) && o < bl->op + bl->nop; o++) {
			const struct op *op = &s->ir->ops[o];
			bool has = false;
			if (op->kind != OP_CALL && op->kind != OP_ICALL)
				continue;
			for (uint32_t i = 0; i < op->narg; i++)
				has |= ref_eq(s->ir->args[op->arg + i], object);
			if (!has)
				return false;
		}
	}
	return true;
}

static bool has_other_icall(const struct solver *s, uint32_t fn, uint32_t site)
{
	const struct fn *f = &s->ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop; o++)
		if (s->ir->ops[o].kind == OP_ICALL && o != site)
			return true;
	return false;
}

/* Does the way out of the loop come back at all? `if (failed) fatal();` is none. */
static bool leaves(const struct solver *s, const struct block *blocks, const struct loop *l, uint32_t to)
{
	const struct block *b = &blocks[to];
	return !loop_has(l, to) && b->term != TERM_STOP && !(b->nop && bits_get(&s->dead_end, b->op));
}

/* The condition of a while, for or do statement: an edge that leaves the loop from its head or from where it
 * goes back to the head. True if it is on a global flag. */
static bool leaves_by_flag(const struct solver *s, const struct block *blocks, uint32_t block, const struct loop *l)
{
	const struct ir *ir = s->ir;
	const struct block *b = &blocks[block];
	if (b->term != TERM_IF ||
		(!leaves(s, blocks, l, ir->succs[b->succ].block) && !leaves(s, blocks, l, ir->succs[b->succ + 1].block)))
		return true;
	for (uint32_t o = b->op; o < b->op + b->nop; o++)
		if (ref_eq(ir->ops[o].dst, b->cond.lhs) && ir->ops[o].kind == OP_LOAD)
			return ir->paths[ir->ops[o].src.id].base.kind == REF_GLOBAL;
	return false;
}

/* A loop without a condition, or with one on a global flag: it is not after one thing that it waits for. */
static bool runs_until_told(const struct solver *s, uint32_t fn, const struct loop *l)
{
	const struct cfg *g = program_cfg(s->p, fn);
	const struct block *blocks = s->ir->blocks + s->ir->fns[fn].block;

	if (!leaves_by_flag(s, blocks, l->head, l))
		return false;
	for (uint32_t i = 0; i < g->npred[l->head]; i++)
		if (loop_has(l, g->pred[l->head][i]) && !leaves_by_flag(s, blocks, g->pred[l->head][i], l))
			return false;
	return true;
}

static bool loop_here(struct finder *c, const struct climb *at)
{
	const struct solver *s = c->s;
	uint32_t fn = s->p->op_fn[at->site], block = s->p->op_block[at->site];
	const struct cfg *g = program_cfg(s->p, fn);

	for (uint32_t l = g->loop_of[block]; l != NONE; l = g->loops[l].parent) {
		bool until_told = runs_until_told(s, fn, &g->loops[l]);
		if (!until_told && !at->dispatches && drives_one(s, fn, &g->loops[l], at->site))
			return true; /* and whoever calls this waits for it */
		if (!dispatches(s, fn, &g->loops[l], at) || (!at->strong && !until_told))
			continue;
		vec_add(&c->waits, ((struct own_wait){fn, g->loops[l].head, at->wait}));
		for (uint32_t i = 0; i < c->loops.n; i++)
			if (c->loops.v[i].fn == fn && c->loops.v[i].head == g->loops[l].head)
				return true;
		vec_add(&c->loops,
			((struct evloop){
				.fn = fn, .site = at->wait, .head = g->loops[l].head, .wait = at->site, .library = ""}));
		return true;
	}
	return false;
}

/* The first argument is the address of a local array of a few elements. */
static bool few_sources(const struct solver *s, const struct effect *e)
{
	const struct op *op = &s->ir->ops[e->site];
	struct ref r = op->narg ? s->ir->args[op->arg] : REF(NONE, 0);
	uint32_t defs[MAX_DEFS + 1];

	if (r.kind != REF_LOCAL || reaching(s, e->fn, r.id, at_site(s, e->site), defs) != 1 || defs[0] == NONE ||
		s->ir->ops[defs[0]].kind != OP_ADDR)
		return false;
	const struct path *to = &s->ir->paths[s->ir->ops[defs[0]].src.id];
	if (to->base.kind != REF_LOCAL)
		return false;
	uint32_t t = s->ir->locals[s->ir->fns[e->fn].local + to->base.id].type;
	return t != NONE && s->ir->types[t].kind == TYPE_ARRAY && s->ir->types[t].size && s->ir->types[t].size <= FEW;
}

/* What kind of wait a modelled call is. */
static struct climb wait_of(const struct solver *s, const struct effect *e)
{
	struct climb c = {.strong = true, .few = few_sources(s, e)};
	for (uint32_t i = 0; i < e->model->nclause; i++) {
		const struct clause *cl = &e->model->clauses[i];
		if (cl->verb == VERB_BLOCKS && cl->category == CAT_LOOP)
			c.dispatches = true; /* one turn of a library's loop */
		if (cl->verb == VERB_LOOP_WAIT && cl->flags & CL_LISTED)
			c.strong = false;
	}
	if (fn_defined(s->p, e->callee) && has_other_icall(s, e->callee, NONE))
		c.dispatches = true;
	return c;
}

/* Its model says of its calls what kind of wait they are. */
static bool believed(const struct solver *s, uint32_t fn)
{
	const struct model *m = s->e->of_fn[fn];
	for (uint32_t i = 0; m && i < m->nclause; i++)
		if (m->clauses[i].verb == VERB_OPAQUE)
			return true;
	return false;
}

static void climb(struct finder *c, uint32_t wait, struct climb first)
{
	const struct solver *s = c->s;
	const struct program *p = s->p;
	VEC(struct climb) todo = {0};
	struct map seen = {0};

	first.site = first.wait = wait;
	vec_add(&todo, first);
	for (uint32_t i = 0; i < todo.n; i++) {
		struct climb at = todo.v[i];
		uint32_t fn = p->op_fn[at.site];
		if (loop_here(c, &at) || at.depth == MAX_UP || believed(s, fn))
			continue;
		uint32_t *slot = map_slot(&seen, fn, 0);
		if (*slot)
			continue;
		*slot = 1;
		bool direct = false;
		for (uint32_t k = p->in[fn]; k < p->in[fn + 1]; k++)
			direct |= p->edges[p->in_edges[k]].why == EDGE_DIRECT;
		for (uint32_t k = p->in[fn]; k < p->in[fn + 1]; k++) {
			const struct edge *e = &p->edges[p->in_edges[k]];
			if (e->why == EDGE_TYPE || (direct && e->why != EDGE_DIRECT))
				continue; /* back ends are called through tables: only if nobody calls directly */
			vec_add(&todo,
				((struct climb){.site = e->site,
					.wait = wait,
					.depth = (uint8_t)(at.depth + 1),
					.dispatches = at.dispatches || has_other_icall(s, fn, at.site),
					.strong = at.strong}));
		}
	}
	vec_free(&todo);
	map_free(&seen);
}

/* Marks what can be reached from the calls in fn, or in one of its loops. */
void reach(const struct solver *s, uint32_t fn, uint32_t head, struct bits *seen)
{
	const struct program *p = s->p;
	const struct fn *f = &s->ir->fns[fn];
	const struct cfg *g = head == NONE ? NULL : program_cfg(p, fn);
	const struct loop *l = NULL;
	VEC(uint32_t) todo = {0};

	for (uint32_t i = 0; g && i < g->nloop; i++)
		if (g->loops[i].head == head)
			l = &g->loops[i];
	for (uint32_t e = p->out[fn]; f->nop && e != NONE && e < p->nedge && p->edges[e].caller == fn; e++)
		if (!l || loop_has(l, p->op_block[p->edges[e].site]))
			vec_add(&todo, p->edges[e].callee);
	while (todo.n) {
		uint32_t at = todo.v[--todo.n];
		if (bits_get(seen, at))
			continue;
		bits_set(seen, at);
		for (uint32_t e = p->out[at]; e != NONE && e < p->nedge && p->edges[e].caller == at; e++)
			vec_add(&todo, p->edges[e].callee);
	}
	vec_free(&todo);
}

/* Calls from main and the threads to each function, NONE if there is no way. */
static uint32_t *distances(const struct finder *c)
{
	const struct program *p = c->s->p;
	uint32_t *dist = xmalloc((c->s->ir->nfns + 1) * sizeof *dist);
	VEC(uint32_t) todo = {0};

	memset(dist, 0xff, (c->s->ir->nfns + 1) * sizeof *dist);
	for (uint32_t i = 0; i < c->entries.n; i++)
		if (!ctx_is_task(c->entries.v[i].ctx) && dist[c->entries.v[i].fn] == NONE) {
			dist[c->entries.v[i].fn] = 0;
			vec_add(&todo, c->entries.v[i].fn);
		}
	for (uint32_t i = 0; i < todo.n; i++)
		for (uint32_t e = p->out[todo.v[i]]; e != NONE && e < p->nedge && p->edges[e].caller == todo.v[i]; e++)
			if (dist[p->edges[e].callee] == NONE) {
				dist[p->edges[e].callee] = dist[todo.v[i]] + 1;
				vec_add(&todo, p->edges[e].callee);
			}
	vec_free(&todo);
	return dist;
}

struct by_distance {
	struct evloop loop;
	uint32_t dist;
};

static int by_distance(const void *x, const void *y)
{
	const struct by_distance *a = x, *b = y;
	if (a->dist != b->dist)
		return a->dist < b->dist ? -1 : 1;
	if (a->loop.wait != b->loop.wait)
		return a->loop.wait < b->loop.wait ? -1 : 1;
	return a->loop.head < b->loop.head ? -1 : a->loop.head > b->loop.head;
}

/* Drops hand-written loops that a task can reach; the nearest to main are decided first. The others' bodies are
 * entries. */
static void keep_outer_loops(struct finder *c)
{
	struct solver *s = c->s;
	struct bits inside = bits_new(s->mem, s->ir->nfns + 1);
	uint32_t *dist = distances(c), n = 0, kept = 0;
	struct by_distance *all = xmalloc((c->loops.n + 1) * sizeof *all);

	for (uint32_t i = 0; i < c->entries.n; i++)
		if (ctx_is_task(c->entries.v[i].ctx)) {
			bits_set(&inside, c->entries.v[i].fn);
			reach(s, c->entries.v[i].fn, NONE, &inside);
		}
	for (uint32_t i = 0; i < c->loops.n; i++) {
		if (c->loops.v[i].head == NONE)
			c->loops.v[kept++] = c->loops.v[i];
		else
			all[n++] = (struct by_distance){c->loops.v[i], dist[c->loops.v[i].fn]};
	}
	if (n)
		qsort(all, n, sizeof *all, by_distance);
	for (uint32_t i = 0; i < n; i++) {
		const struct evloop *l = &all[i].loop;
		if (bits_get(&inside, l->fn))
			continue;
		reach(s, l->fn, l->head, &inside);
		bits_clear(&inside, l->fn); /* a loop that reaches itself is still one */
		add_entry(c,
			(struct entry){
				.fn = l->fn, .head = l->head, .ctx = CTX_LOOP, .site = NONE, .loop = kept, .library = ""});
		for (uint32_t k = 0; k < c->waits.n; k++)
			if (c->waits.v[k].fn == l->fn && c->waits.v[k].head == l->head)
				bits_set(&s->own_wait, c->waits.v[k].site);
		c->loops.v[kept++] = *l;
	}
	c->loops.n = kept;
	free(dist);
	free(all);
}

static int by_place(const void *x, const void *y, void *ctx)
{
	const struct solver *s = ctx;
	const struct entry *a = x, *b = y;
	if (a->fn != b->fn) {
		const struct ir *ir = s->ir;
		const struct fn *f = &ir->fns[a->fn], *g = &ir->fns[b->fn];
		const struct loc *l = f->loc == NONE ? NULL : &ir->locs[f->loc], *m = g->loc == NONE ? NULL : &ir->locs[g->loc];
		if (l && m && l->file != NONE && m->file != NONE) {
			int d = strcmp(ir_text_of(ir, ir->files[l->file].path), ir_text_of(ir, ir->files[m->file].path));
			if (d)
				return d;
			if (l->line != m->line)
				return l->line < m->line ? -1 : 1;
		}
		int d = strcmp(ir_text_of(ir, f->key), ir_text_of(ir, g->key));
		return d ? d : a->fn < b->fn ? -1 : 1;
	}
	if (a->ctx != b->ctx)
		return a->ctx < b->ctx ? -1 : 1;
	return a->head < b->head ? -1 : a->head > b->head;
}

/* A model that calls a parameter silent is believed, whatever the wrapper does with the function. */
static void find_silent(struct finder *c)
{
	const struct program *p = c->s->p;

	c->silent = bits_new(c->s->mem, c->s->ir->nfns + 1);
	for (uint32_t f = 0; f < c->s->ir->nfns; f++) {
		const struct model *m = c->s->e->of_fn[f];
		if (!m || !m->silent || !fn_defined(p, f))
			continue;
		for (uint32_t i = p->in[f]; i < p->in[f + 1]; i++) {
			const struct op *op = &c->s->ir->ops[p->edges[p->in_edges[i]].site];
			for (uint32_t a = 0; a < op->narg && a < 64; a++)
				if (m->silent >> a & 1 && c->s->ir->args[op->arg + a].kind == REF_FN)
					bits_set(&c->silent, c->s->ir->args[op->arg + a].id);
		}
	}
}

void solve_context(struct solver *s)
{
	struct finder c = {.s = s};
	const struct effects *e = s->e;

	find_silent(&c);

	s->own_wait = bits_new(s->mem, s->ir->nops + 1);

	for (uint32_t i = 0; i < s->ir->nfns; i++) {
		const struct fn *f = &s->ir->fns[i];
		if (f->nblock && (f->flags & FN_CTOR || !strcmp(fn_name(s->p, i), "main")))
			add_entry(&c, (struct entry){.fn = i, .head = NONE, .ctx = CTX_STARTUP, .site = NONE, .loop = NONE, .library = ""});
	}
	for (int direct = 1; direct >= 0; direct--) /* a registration that names the function is the one to show */
		for (uint32_t i = 0; i < e->n; i++)
			if (e->e[i].callback &&
				(effect_arg(s->p, &e->e[i], e->e[i].callback->param).kind == REF_FN) == direct)
				registered(&c, &e->e[i]);
	for (uint32_t i = 0; i < e->nplace; i++)
		placed(&c, &e->places[i]);
	const struct place *places;
	for (uint32_t i = 0, n = models_places(e->models, &places); i < n; i++)
		if (places[i].kind == PLACE_MACRO && (places[i].cb.ctx == CTX_POOL || places[i].cb.ctx == CTX_THREAD))
			map_put(&s->macros, hash_str(places[i].name), 1);
	for (uint32_t i = 0; i < e->n; i++) {
		const struct clause *cl = e->e[i].clause;
		struct frame fr = {.s = s, .fn = e->e[i].fn};
		if (!cl || (cl->verb != VERB_LOOP_WAIT && cl->verb != VERB_LOOP_RUN))
			continue;
		if (cl->cond && clause_holds(&fr, &e->e[i], cl->cond) == NO)
			continue;
		if (cl->verb == VERB_LOOP_RUN)
			vec_add(&c.loops, ((struct evloop){.fn = e->e[i].fn,
						  .site = e->e[i].site,
						  .head = NONE,
						  .wait = NONE,
						  .library = e->e[i].model->library}));
		else
			climb(&c, e->e[i].site, wait_of(s, &e->e[i]));
	}
	keep_outer_loops(&c);
	/* entries keep the index of their loop, so loops stay in order of discovery: by site */
	qsort_r(c.entries.v, c.entries.n, sizeof *c.entries.v, by_place, s);
	s->f->entries = arena_alloc(s->f->mem, (c.entries.n + 1) * sizeof *c.entries.v);
	if (c.entries.n)
		memcpy(s->f->entries, c.entries.v, c.entries.n * sizeof *c.entries.v);
	s->f->nentry = c.entries.n;
	s->f->loops = arena_alloc(s->f->mem, (c.loops.n + 1) * sizeof *c.loops.v);
	if (c.loops.n)
		memcpy(s->f->loops, c.loops.v, c.loops.n * sizeof *c.loops.v);
	s->f->nloop = c.loops.n;
	vec_free(&c.entries);
	vec_free(&c.loops);
	vec_free(&c.waits);
	map_free(&c.have);
}
