/* locks.c - which locks are certainly held at each access, in the whole program.
 *
 * From main, and from what else begins to run by itself, functions are looked at as they are called: a context is a
 * function, what its parameters are, and, if it takes locks or starts threads, the locks held and the moment of its
 * thread at the call. A context is looked at again when one that it calls has new ways to end. Threads and callbacks
 * are found on the way, where they are started.
 *
 * Functions that do neither of these, nor touch what two threads may touch (escape.c), are not entered. Those that
 * take no locks have one context for all sets of locks around them: what callers hold is added at the end
 * (context.around), in the symbols of the callee.
 *
 * needs: entries, points, touch, shared      gives: contexts with accesses, orders, misuses
 */
#include "solve/race.h"

#include <stdlib.h>

enum {
	MAX_DEPTH = 120,
	MAX_ROUNDS = 24,
	FEW_ROUNDS = 3,
	MAX_MOMENTS = 3,  /* of one way to call a function */
	MANY_MOMENTS = 12, /* contexts of a function in a large program that are told apart by moments */
	/* Contexts of a function from which on constants, then all that is known of its parameters, no longer count. */
	FEW = 8,
	MANY = 24,
};

/* ---- contexts ---- */

uint64_t race_budget(const struct race *r, uint32_t times)
{
	return 1000000 + (uint64_t)r->ir->nops * times;
}

bool race_tired(const struct race *r)
{
	return r->work > race_budget(r, TIRED_WORK);
}

bool race_blurred(const struct race *r)
{
	return r->ctxs.n > RACE_ROOMY;
}

uint32_t lock_id(struct race *r, struct lock l)
{
	uint32_t *slot = map_slot(&r->lock_of, (uint64_t)l.addr << 16 | (uint64_t)l.flags << 8 | l.count, r->locks.n);
	if (*slot == r->locks.n)
		vec_add(&r->locks, l);
	return *slot;
}

const struct symattr *context_find_attr(struct context *c, uint32_t sym)
{
	uint32_t i = map_get(&c->attr_of, sym);
	if (i == NONE)
		return NULL;
	c->attrs.v[i].used = true;
	return &c->attrs.v[i];
}

struct symattr *context_attr(struct context *c, uint32_t sym)
{
	uint32_t *slot = map_slot(&c->attr_of, sym, c->attrs.n);
	if (*slot == c->attrs.n)
		vec_add(&c->attrs, ((struct symattr){sym, USET_EMPTY, NONE, NONE, false}));
	return &c->attrs.v[*slot];
}

/* The same steps, with indices that are symbols unknown. */
static uint32_t plain(struct race *r, uint32_t addr)
{
	struct addr a = r->addrs.v[addr];
	if (a.kind <= ADDR_SYM)
		return addr;
	uint32_t up = plain(r, a.up);
	if (a.kind == ADDR_OFF)
		return up == a.up ? addr : addr_off(r, up, a.n);
	uint32_t idx = r->vals.v[a.idx].kind == V_CONST ? a.idx : VAL_UNKNOWN;
	return up == a.up && idx == a.idx ? addr : addr_idx(r, up, (uint32_t)a.n, idx);
}

uint32_t context_places(struct race *r, struct context *c, uint32_t addr)
{
	uint32_t root = r->addrs.v[addr].root, flat = plain(r, addr), ids[MAX_SET], n = 0;
	const struct symattr *a;

	if (!addr_on_sym(r, addr))
		return uset_add(r, USET_EMPTY, flat);
	if (r->syms.v[root].kind == RSYM_FOREIGN)
		return r->syms.v[root].a;
	a = context_find_attr(c, root);
	if (!a || a->set == USET_MANY)
		return a ? USET_MANY : USET_EMPTY;
	for (uint32_t i = 0; i < uset_n(r, a->set) && n < COUNT(ids); i++) {
		uint32_t obj, at = addr_rebase(r, flat, uset_at(r, a->set, i));
		int32_t off;
		const struct obj *o;
		addr_cell(r, at, &obj, &off);
		o = &r->pt->objs.v[obj];
		if (off >= 0 && (!o->size || (uint32_t)off < o->size || !off))
			ids[n++] = at;
	}
	return uset_of(r, ids, n);
}

static uint64_t key_hash(const struct context *k)
{
	uint64_t h = hash_mix((uint64_t)k->inst << 32 | k->nparam, (uint64_t)k->locks << 32 | k->moment);
	h = hash_mix(h, k->base);
	h = hash_mix(h, hash_bytes(k->param, k->nparam * sizeof *k->param));
	for (uint32_t i = 0; i < k->nsym; i++) {
		const struct psym *p = &k->sym[i];
		h = hash_mix(hash_mix(h, (uint64_t)p->set << 32 | p->origin), (uint64_t)p->own << 1 | p->fresh);
		h = hash_mix(h, hash_mix((uint64_t)p->lo, (uint64_t)p->hi));
	}
	return h;
}

/* Too many ways to call it: by what the parameters may be anywhere. */
static void generalise(struct race *r, struct context *k, struct psym *syms, uint32_t *params)
{
	const struct fn *f = &r->ir->fns[k->fn];
	k->nsym = k->nparam;
	for (uint32_t i = 0; i < k->nparam; i++) {
		const uint32_t *spots = NULL;
		uint32_t n = points_local(r->pt, k->inst, i, &spots), ids[POINTS_MANY];
		if (!type_holds_pointer(r->ir, r->ir->locals[f->local + i].type))
			n = 0;
		for (uint32_t x = 0; x < n && n < POINTS_MANY; x++)
			ids[x] = addr_of_spot(r, r->pt->spots.v[spots[x]]);
		uint32_t set = n >= POINTS_MANY ? USET_MANY : uset_of(r, ids, n);
		syms[i] = (struct psym){.set = uset_n(r, set) > MAX_SET ? USET_MANY : set,
			.origin = NONE,
			.own = NONE,
			.lo = INT64_MIN,
			.hi = INT64_MAX};
		params[i] = rval_sym(r, race_sym(r, RSYM_PARAM, i, 0, 0), 0);
	}
	k->sym = syms;
	k->param = params;
	k->general = true;
}

static uint32_t add_context(struct race *r, const struct context *key)
{
	struct context *c = xcalloc(1, sizeof *c);
	c->fn = key->fn;
	c->inst = key->inst;
	c->nparam = key->nparam;
	c->nsym = key->nsym;
	c->locks = key->locks;
	c->moment = key->moment;
	c->base = key->base;
	c->general = key->general;
	c->parent = key->parent;
	c->site = key->site;
	c->why = key->why;
	c->param = arena_alloc(r->mem, (c->nparam + 1) * sizeof *c->param);
	c->sym = arena_alloc(r->mem, (c->nsym + 1) * sizeof *c->sym);
	if (c->nparam)
		memcpy(c->param, key->param, c->nparam * sizeof *c->param);
	for (uint32_t i = 0; i < c->nsym; i++) {
		c->sym[i] = key->sym[i];
		*context_attr(c, race_sym(r, RSYM_PARAM, i, 0, 0)) =
			(struct symattr){race_sym(r, RSYM_PARAM, i, 0, 0), c->sym[i].set, c->sym[i].origin, c->sym[i].own, false};
	}
	vec_add(&r->ctxs, c);
	r->nctx[key->fn]++;
	return r->ctxs.n - 1;
}

/* Constants and ranges become "some value". */
static void forget_numbers(struct race *r, struct context *k)
{
	for (uint32_t i = 0; i < k->nparam; i++)
		if (r->vals.v[k->param[i]].kind == V_CONST && r->vals.v[k->param[i]].n != 0)
			k->param[i] = rval_sym(r, race_sym(r, RSYM_PARAM, 64 + i, 0, 0), 0);
	for (uint32_t i = 0; i < k->nsym; i++) {
		k->sym[i].lo = INT64_MIN;
		k->sym[i].hi = INT64_MAX;
	}
}

uint32_t context_get(struct race *r, struct context *key)
{
	struct psym syms[64];
	uint32_t params[64], n = r->nctx[key->fn];
	bool crowded = race_blurred(r);
	uint32_t few = crowded ? FEW / 8 : r->ir->fns[key->fn].nop <= 30 ? 2 * FEW : FEW;
	uint64_t h = key_hash(key);
	uint32_t have = map_get(&r->ctx_of, h);

	if (have != NONE)
		return have;
	if (key->parent != NONE && n >= few) {
		forget_numbers(r, key);
		if (crowded || n >= few * (MANY / FEW))
			generalise(r, key, syms, params);
	}
	if (crowded && key->parent != NONE && n >= MANY_MOMENTS)
		key->moment = MOMENT_INHERIT;
	uint32_t moment = key->moment;
	if (key->parent != NONE && moment != MOMENT_INHERIT) {
		/* what differs by the moment alone: after a few, one for what holds at all of them */
		key->moment = 0;
		uint64_t any = hash_mix(key_hash(key), r->moments.v[moment].thread);
		uint32_t *count = map_slot(&r->moments_of, any, 0);
		if (*count >= (crowded ? 1 : MAX_MOMENTS)) {
			uint32_t *slot = map_slot(&r->ctx_of, any, r->ctxs.n);
			uint32_t id = *slot;
			key->moment = moment;
			if (id == r->ctxs.n)
				return add_context(r, key);
			struct context *c = r->ctxs.v[id];
			moment = moment_weaker(r, c->moment, moment);
			if (moment != c->moment) {
				c->moment = moment;
				context_again(r, id);
			}
			return id;
		}
		key->moment = moment;
		if (map_get(&r->ctx_of, key_hash(key)) == NONE)
			++*count;
	}
	uint32_t *slot = map_slot(&r->ctx_of, key_hash(key), r->ctxs.n);
	if (*slot != r->ctxs.n)
		return *slot;
	return add_context(r, key);
}

void context_again(struct race *r, uint32_t ctx)
{
	if (r->ctxs.v[ctx]->queued)
		return;
	r->ctxs.v[ctx]->queued = true;
	vec_add(&r->todo, ctx);
}

void context_look(struct race *r, uint32_t ctx)
{
	struct context *c = r->ctxs.v[ctx];
	if (c->running || (c->seen && !c->queued) || r->gave_up)
		return;
	if (r->depth >= MAX_DEPTH || (c->rounds & 0x7fffffff) >= (race_tired(r) ? FEW_ROUNDS : MAX_ROUNDS)) {
		c->queued = false;
		if (!c->seen)
			context_again(r, ctx);
		return;
	}
	c->running = true;
	c->seen = true;
	c->queued = false; /* its entry in todo, if any, finds nothing to do */
	c->rounds = (c->rounds & 0x7fffffff) + 1;
	r->depth++;
	flow_run(r, ctx);
	r->depth--;
	c->running = false;
	if (c->rounds >> 31) {
		c->rounds &= 0x7fffffff;
		for (uint32_t i = 0; i < c->users.n; i++)
			context_again(r, c->users.v[i]);
		if (c->parent == NONE)
			for (uint32_t i = 0; i < c->exits.n; i++)
				if (c->exits.v[i].moment != MOMENT_INHERIT)
					thread_end(r, c->exits.v[i].moment);
	}
}

void misuse_add(struct race *r, struct misuse x)
{
	uint64_t h = hash_mix((uint64_t)x.kind << 32 | x.site, (uint64_t)x.ctx << 32 | x.addr);
	uint32_t *slot = map_slot(&r->misuse_seen, hash_mix(h, x.locks), 0);
	if (!*slot)
		vec_add(&r->misuses, x);
	*slot = 1;
}

/* ---- where it begins ---- */

static void root(struct race *r, uint32_t fn, uint32_t moment, uint32_t site)
{
	struct psym syms[64];
	uint32_t params[64];
	struct context k = {.fn = fn,
		.inst = fn,
		.nparam = r->ir->fns[fn].nparam < COUNT(params) ? r->ir->fns[fn].nparam : COUNT(params),
		.locks = r->touch[fn] & TOUCH_CREATE ? USET_EMPTY : LOCKS_INHERIT,
		.moment = moment,
		.parent = NONE,
		.site = site};
	if (!(r->touch[fn] & ~TOUCH_VALUE))
		return;
	generalise(r, &k, syms, params);
	context_look(r, context_get(r, &k));
}

static int callees_first(const void *x, const void *y, void *ctx)
{
	const struct race *r = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	uint32_t f = r->rank[r->ctxs.v[a]->fn], g = r->rank[r->ctxs.v[b]->fn];
	return f != g ? (f < g ? -1 : 1) : a < b ? -1 : a > b;
}

/* Rounds over what is left to look at, what is called before what calls it. */
static void finish(struct race *r)
{
	VEC(uint32_t) now = {0};
	while (r->todo.n) {
		now.n = 0;
		for (uint32_t i = 0; i < r->todo.n; i++)
			vec_add(&now, r->todo.v[i]);
		r->todo.n = 0;
		qsort_r(now.v, now.n, sizeof *now.v, callees_first, r);
		for (uint32_t i = 0; i < now.n && !r->gave_up; i++)
			if (r->ctxs.v[now.v[i]]->queued)
				context_look(r, now.v[i]);
	}
	vec_free(&now);
}

static void roots(struct race *r)
{
	const struct facts *f = r->s->f;
	uint32_t main = NONE;

	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (e->head != NONE)
			continue;
		if (e->ctx == CTX_STARTUP || e->ctx == CTX_SHUTDOWN) {
			if (main == NONE)
				main = thread_get(r, THREAD_MAIN, NONE, NONE, NONE, e->fn);
			if (!r->threads.v[main].entry || e->ctx == CTX_STARTUP)
				r->threads.v[main].entry = i;
			root(r, e->fn, moment_start(r, main, NONE), NONE);
		}
	}
	finish(r);
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		uint32_t t;
		bool seen = false;
		if (e->head != NONE || e->ctx == CTX_STARTUP || e->ctx == CTX_SHUTDOWN || e->ctx == CTX_CHILD || e->ctx == CTX_CALLER)
			continue;
		for (uint32_t k = 0; k < r->threads.n; k++)
			seen |= r->threads.v[k].fn == e->fn && r->threads.v[k].kind != THREAD_MAIN;
		for (uint32_t k = 0; k < r->ctxs.n && !seen; k++)
			seen |= r->ctxs.v[k]->fn == e->fn && r->ctxs.v[k]->parent == NONE;
		if (seen)
			continue; /* found where it is started */
		switch (e->ctx) {
		case CTX_SIGNAL:
		case CTX_ISR:
			t = thread_get(r, THREAD_SIGNAL, NONE, e->site, NONE, e->fn);
			break;
		case CTX_THREAD:
		case CTX_POOL:
			t = thread_get(r, e->ctx == CTX_POOL ? THREAD_POOL : THREAD_CREATED, NONE, e->site, NONE, e->fn);
			r->threads.v[t].many = true;
			break;
		default: /* on a loop that nobody was seen to run: one for each library */
			t = thread_get(r, THREAD_LOOP, NONE, (uint32_t)(uintptr_t)0, ir_str(r->p->ir, e->library), 0);
			break;
		}
		r->threads.v[t].entry = i;
		root(r, e->fn, moment_start(r, t, NONE), e->site);
	}
	finish(r);
	if (race_library(r))
		for (uint32_t i = 0; i < r->ir->nfns; i++) {
			uint32_t fn = r->p->fn_order[i];
			if (!race_library_root(r, fn))
				continue;
			uint32_t t = thread_get(r, THREAD_CALLER, NONE, NONE, NONE, fn);
			r->threads.v[t].many = true;
			root(r, fn, moment_start(r, t, NONE), NONE);
		}
	finish(r);
}

/* Semaphores that somebody posts without having waited for them are no locks. */
static void posts(struct race *r)
{
	for (uint32_t i = 0; i < r->misuses.n; i++) {
		const struct misuse *x = &r->misuses.v[i];
		struct context *c = r->ctxs.v[x->ctx];
		if (x->kind != MISUSE_POSTED)
			continue;
		bool held = c->locks == LOCKS_INHERIT && c->around.n;
		for (uint32_t k = 0; k < c->around.n && held; k++)
			held = locks_find(r, locks_within(r, c, c->around.v[k].locks, x->locks, false), x->addr, 0) != NONE;
		if (!held)
			r->posted = uset_union(r, r->posted, context_places(r, c, x->addr));
	}
}

void solve_locks(struct race *r)
{
	r->waits_in = xmalloc((r->ir->nfns + 1) * sizeof *r->waits_in);
	for (uint32_t i = 0; i < r->ir->nfns; i++)
		r->waits_in[i] = NONE - 1;
	r->nctx = arena_alloc(r->mem, (r->ir->nfns + 1) * sizeof *r->nctx);
	r->rank = arena_alloc(r->mem, (r->ir->nfns + 1) * sizeof *r->rank);
	for (uint32_t i = 0; i < r->ir->nfns; i++)
		r->rank[r->p->bottom_up[i]] = i;
	rval_const(r, 0);
	uset_of(r, NULL, 0);
	roots(r);
	contexts_surround(r);
	posts(r);
}

void race_free(struct race *r)
{
	for (uint32_t i = 0; i < r->ctxs.n; i++) {
		struct context *c = r->ctxs.v[i];
		vec_free(&c->exits);
		vec_free(&c->users);
		vec_free(&c->in);
		vec_free(&c->attrs);
		vec_free(&c->accs);
		vec_free(&c->taken);
		vec_free(&c->given);
		vec_free(&c->stack);
		vec_free(&c->around);
		map_free(&c->attr_of);
		map_free(&c->acc_seen);
		free(c);
	}
	for (uint32_t i = 0; i < r->threads.n; i++) {
		vec_free(&r->threads.v[i].before);
		vec_free(&r->threads.v[i].joiners);
	}
	vec_free(&r->ctxs);
	vec_free(&r->addrs);
	vec_free(&r->syms);
	vec_free(&r->vals);
	vec_free(&r->sets);
	vec_free(&r->pool);
	vec_free(&r->open_calls);
	vec_free(&r->locks);
	vec_free(&r->moments);
	vec_free(&r->children);
	vec_free(&r->threads);
	vec_free(&r->todo);
	vec_free(&r->orders);
	vec_free(&r->misuses);
	vec_free(&r->stays);
	struct map *maps[] = {&r->addr_of, &r->sym_of, &r->val_of, &r->set_of, &r->cell_set, &r->shared, &r->lock_of, &r->moment_of,
		&r->thread_of, &r->ctx_of, &r->moments_of, &r->order_seen, &r->misuse_seen, &r->stay_seen, &r->unlocks, &r->init_value, &r->met_by};
	for (uint32_t i = 0; i < COUNT(maps); i++)
		map_free(maps[i]);
	free(r->waits_in);
	points_free(r->pt);
	arena_free(r->mem);
}
