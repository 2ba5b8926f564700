/* locks_call.c - what a call does to a state: what models say of it, and the body of what is called.
 *
 * A body is looked at once for each way it is called: the values of its parameters (addresses, constants where they
 * matter, functions), and, only if it touches them, the locks held and the moment of the thread. Symbols are renamed
 * to the callee's, in the order of the parameters, so that equal calls are found equal; what comes back is renamed to
 * the caller's, or becomes a symbol of the call.
 */
#include "solve/race.h"

#include <stdlib.h>

enum { MAX_JUMPS = 6 }; /* ways out of one context by longjmp */

/* ---- locks ---- */

static uint32_t the_lock(struct look *fl, uint32_t addr)
{
	struct race *r = fl->r;
	uint32_t places = context_places(r, fl->c, addr);
	if (uset_n(r, places) == 1 && addr_exact(r, uset_at(r, places, 0)) && (!addr_exact(r, addr)))
		return uset_at(r, places, 0);
	return addr;
}

static bool locks_alias(struct look *fl, uint32_t a, uint32_t b)
{
	struct race *r = fl->r;
	uint32_t x = context_places(r, fl->c, a), y = context_places(r, fl->c, b);
	if (!uset_n(r, x) || !uset_n(r, y))
		return true; /* one of which nothing is known, or that may be any */
	for (uint32_t i = 0; i < uset_n(r, x); i++)
		for (uint32_t k = 0; k < uset_n(r, y); k++) {
			uint32_t p = uset_at(r, x, i), q = uset_at(r, y, k);
			if (r->addrs.v[p].root == r->addrs.v[q].root && addr_overlap(r, p, 1, q, 1))
				return true;
		}
	return false;
}

static void took(struct context *c, uint32_t addr, uint32_t site)
{
	for (uint32_t i = 0; i < c->taken.n; i++)
		if (c->taken.v[i].addr == addr)
			return;
	vec_add(&c->taken, ((struct taken_at){addr, site}));
}

static void gave(struct context *c, uint32_t addr, uint32_t site)
{
	for (uint32_t i = 0; i < c->given.n; i++)
		if (c->given.v[i].addr == addr)
			return;
	vec_add(&c->given, ((struct taken_at){addr, site}));
}

uint32_t context_taken(const struct context *c, uint32_t addr)
{
	for (uint32_t i = 0; i < c->taken.n; i++)
		if (c->taken.v[i].addr == addr)
			return c->taken.v[i].site;
	return NONE;
}

static void ordered(struct look *fl, const struct state *s, uint32_t addr)
{
	struct race *r = fl->r;
	struct order all = {NONE, addr, fl->id, fl->op, s->locks, s->moment};
	uint32_t *seen = map_slot(&r->order_seen, hash_bytes(&all, sizeof all), 0);
	if (!*seen)
		vec_add(&r->orders, all);
	*seen = 1;
	for (uint32_t i = 0; i < uset_n(r, s->locks); i++) {
		struct lock h = r->locks.v[uset_at(r, s->locks, i)];
		if (h.flags & (LOCK_ONCE | LOCK_SEM) || h.addr == addr)
			continue;
		struct order o = {h.addr, addr, fl->id, fl->op, s->locks, s->moment};
		uint32_t *slot = map_slot(&r->order_seen, hash_bytes(&o, sizeof o), 0);
		if (!*slot)
			vec_add(&r->orders, o);
		*slot = 1;
	}
}

void flow_lock(struct look *fl, struct state *s, uint32_t addr, uint8_t flags)
{
	struct race *r = fl->r;
	uint32_t ids[MAX_SET], n = 0;
	bool have = false;

	addr = the_lock(fl, addr);
	if (!(flags & (LOCK_TRIED | LOCK_SEM | LOCK_ONCE)))
		ordered(fl, s, addr);
	for (uint32_t i = 0; i < uset_n(r, s->locks) && n + 1 < COUNT(ids); i++) {
		struct lock h = r->locks.v[uset_at(r, s->locks, i)];
		if (h.addr == addr && !have && (h.flags & LOCK_ONCE) == (flags & LOCK_ONCE)) {
			have = true;
			if (!(flags & (LOCK_TRIED | LOCK_SEM | LOCK_ONCE)) && !(h.flags & flags & LOCK_SHARED))
				misuse_add(r, MISUSE_DOUBLE, fl->id, fl->op, addr, context_taken(fl->c, addr));
			if (h.count < 3 && !(flags & (LOCK_SEM | LOCK_ONCE)))
				h.count++;
			h.flags &= flags | ~LOCK_SHARED;
			ids[n++] = lock_id(r, h);
		} else {
			ids[n++] = uset_at(r, s->locks, i);
		}
	}
	if (!have)
		ids[n++] = lock_id(r, (struct lock){addr, flags, 1});
	s->locks = uset_of(r, ids, n);
	took(fl->c, addr, fl->op);
	if (!(flags & LOCK_ONCE) && s->moment != MOMENT_INHERIT)
		s->moment = moment_lock(r, s->moment, addr);
}

void flow_unlock(struct look *fl, struct state *s, uint32_t addr)
{
	struct race *r = fl->r;
	uint32_t ids[MAX_SET], n = 0;
	bool found = false, maybe = false;

	addr = the_lock(fl, addr);
	for (uint32_t i = 0; i < uset_n(r, s->locks); i++)
		found |= r->locks.v[uset_at(r, s->locks, i)].addr == addr && !(r->locks.v[uset_at(r, s->locks, i)].flags & LOCK_ONCE);
	if (found)
		gave(fl->c, addr, fl->op);
	for (uint32_t i = 0; i < uset_n(r, s->locks) && n < COUNT(ids); i++) {
		struct lock h = r->locks.v[uset_at(r, s->locks, i)];
		if (h.flags & LOCK_ONCE) {
			ids[n++] = uset_at(r, s->locks, i);
		} else if (found ? h.addr == addr : locks_alias(fl, h.addr, addr)) {
			maybe = true;
			if (found && h.count > 1) {
				h.count--;
				ids[n++] = lock_id(r, h);
			} else if (s->moment != MOMENT_INHERIT) {
				s->moment = moment_unlock(r, s->moment, h.addr);
			}
		} else {
			ids[n++] = uset_at(r, s->locks, i);
		}
	}
	if (found || maybe || fl->c->locks == LOCKS_INHERIT)
		map_put(&r->unlocks, fl->op, 1);
	else
		misuse_add(r, MISUSE_NOT_HELD, fl->id, fl->op, addr, NONE);
	s->locks = uset_of(r, ids, n);
}

static bool holds(const struct race *r, const struct state *s, uint32_t addr)
{
	for (uint32_t i = 0; i < uset_n(r, s->locks); i++)
		if (r->locks.v[uset_at(r, s->locks, i)].addr == addr)
			return true;
	return false;
}

static void flow_post(struct look *fl, struct state *s, uint32_t addr)
{
	struct race *r = fl->r;
	addr = the_lock(fl, addr);
	if (holds(r, s, addr)) {
		flow_unlock(fl, s, addr);
		return;
	}
	uint32_t places = context_places(r, fl->c, addr);
	for (uint32_t i = 0; i < uset_n(r, places); i++)
		r->posted = uset_union(r, r->posted, uset_add(r, USET_EMPTY, uset_at(r, places, i)));
}

/* ---- conditions of clauses ---- */

struct asked {
	struct look *fl;
	struct state *s;
	const struct effect *e;
};

static bool on_result(const struct mcond *c)
{
	if (!c)
		return false;
	if (c->kind == MC_AND || c->kind == MC_OR || c->kind == MC_NOT)
		return on_result(c->a) || on_result(c->b);
	return c->arg.param == PARAM_RESULT;
}

static enum tri leaf(void *ctx, const struct mcond *c)
{
	struct asked *a = ctx;
	struct race *r = a->fl->r;
	struct ref x = effect_arg(r->p, a->e, c->arg.param);
	struct rval v = {V_NONE, 0, 0};
	if (c->arg.param != PARAM_RESULT && !c->arg.deref && !c->arg.field)
		v = r->vals.v[flow_value(a->fl, a->s, x)];
	if (v.kind != V_CONST)
		return (v.kind == V_ADDR || v.kind == V_FN) && c->kind == MC_CMP && c->value == 0 ? (c->rel == REL_NE ? YES : NO) : MAYBE;
	switch (c->kind) {
	case MC_CMP:
		switch (c->rel) {
		case REL_EQ:
			return v.n == c->value ? YES : NO;
		case REL_NE:
			return v.n != c->value ? YES : NO;
		case REL_LT:
			return v.n < c->value ? YES : NO;
		case REL_LE:
			return v.n <= c->value ? YES : NO;
		case REL_GT:
			return v.n > c->value ? YES : NO;
		case REL_GE:
			return v.n >= c->value ? YES : NO;
		default:
			return MAYBE;
		}
	case MC_HAS:
		return v.n & c->value ? YES : NO;
	case MC_IN:
		for (uint32_t i = 0; i < c->nset; i++)
			if (v.n == c->set[i])
				return YES;
		return NO;
	default:
		return MAYBE;
	}
}

/* result 0, result not 0, ...: the value in a state where the clause holds, or where it does not. */
static bool assume_result(struct look *fl, struct state *s, uint32_t result, const struct mcond *c, bool holds_)
{
	static const uint8_t not[] = {[REL_EQ] = REL_NE, [REL_NE] = REL_EQ, [REL_LT] = REL_GE, [REL_LE] = REL_GT,
		[REL_GT] = REL_LE, [REL_GE] = REL_LT, [REL_BITS] = REL_NOBITS, [REL_NOBITS] = REL_BITS};
	if (c->kind == MC_NOT)
		return assume_result(fl, s, result, c->a, !holds_);
	if (c->kind != MC_CMP || c->arg.param != PARAM_RESULT)
		return true;
	return state_assume(fl, s, result, holds_ ? c->rel : not[c->rel], c->value);
}

/* ---- calling a body ---- */

struct call {
	struct look *fl;
	struct state *s;
	struct context key;
	struct psym psyms[64];
	uint32_t params[64];
	VEC(struct sym_pair) map; /* caller's symbol, callee's */
	bool foreign;		  /* a symbol that is not there may be made: only its lock is known */
};

static uint32_t to_val(struct call *k, uint32_t val, bool make);

static uint32_t to_sym(struct call *k, uint32_t sym, bool make)
{
	struct race *r = k->fl->r;
	for (uint32_t i = 0; i < k->map.n; i++)
		if (k->map.v[i].from == sym)
			return k->map.v[i].to;
	if (!make || k->key.nsym >= COUNT(k->psyms))
		return NONE;
	const struct symattr *a = context_find_attr(k->fl->c, sym);
	uint32_t n = k->key.nsym++, to = race_sym(r, RSYM_PARAM, n, 0, 0);
	vec_add(&k->map, ((struct sym_pair){sym, to}));
	k->psyms[n] = (struct psym){.set = a ? a->set : USET_EMPTY,
		.origin = NONE,
		.own = a ? a->own : NONE,
		.lo = INT64_MIN,
		.hi = INT64_MAX,
		.fresh = state_fresh(k->s, sym)};
	return to;
}

static uint32_t to_addr(struct call *k, uint32_t addr, bool make)
{
	struct race *r = k->fl->r;
	struct addr a = r->addrs.v[addr];
	uint32_t up, to;
	switch (a.kind) {
	case ADDR_OBJ:
		return addr;
	case ADDR_SYM:
		to = to_sym(k, a.root, make);
		return to == NONE ? NONE : addr_sym(r, to);
	case ADDR_OFF:
		up = to_addr(k, a.up, make);
		return up == NONE ? NONE : addr_off(r, up, a.n);
	default:
		up = to_addr(k, a.up, make);
		return up == NONE ? NONE : addr_idx(r, up, (uint32_t)a.n, to_val(k, a.idx, make));
	}
}

static uint32_t to_val(struct call *k, uint32_t val, bool make)
{
	struct race *r = k->fl->r;
	struct rval v = r->vals.v[val];
	if (v.kind == V_SYM) {
		uint32_t to = to_sym(k, v.a, make);
		return to == NONE ? VAL_UNKNOWN : rval_sym(r, to, v.n);
	}
	if (v.kind == V_ADDR) {
		uint32_t to = to_addr(k, v.a, make);
		return to == NONE ? VAL_UNKNOWN : rval_addr(r, to);
	}
	return val;
}

static bool mentions(const struct race *r, uint32_t addr, uint32_t sym)
{
	for (; r->addrs.v[addr].kind >= ADDR_OFF; addr = r->addrs.v[addr].up) {
		struct rval v = r->addrs.v[addr].kind == ADDR_IDX ? r->vals.v[r->addrs.v[addr].idx] : (struct rval){0};
		if (v.kind == V_SYM && v.a == sym)
			return true;
	}
	return r->addrs.v[addr].kind == ADDR_SYM && r->addrs.v[addr].root == sym;
}

/* May a lock that is held be told by where a pointer came from? */
static bool origin_matters(const struct call *k, uint32_t origin)
{
	const struct race *r = k->fl->r;
	for (int depth = 0; depth < 5 && origin != NONE; depth++) {
		uint32_t a = origin;
		for (;; a = r->addrs.v[a].up) {
			struct rval v = r->addrs.v[a].kind == ADDR_IDX ? r->vals.v[r->addrs.v[a].idx] : (struct rval){0};
			uint32_t sym = r->addrs.v[a].kind == ADDR_SYM ? r->addrs.v[a].root : v.kind == V_SYM ? v.a : NONE;
			if (sym != NONE && k->fl->c->locks == LOCKS_INHERIT && r->syms.v[sym].kind == RSYM_PARAM)
				return true;
			for (uint32_t i = 0; sym != NONE && i < uset_n(r, k->s->locks); i++)
				if (mentions(r, r->locks.v[uset_at(r, k->s->locks, i)].addr, sym))
					return true;
			if (r->addrs.v[a].kind < ADDR_OFF)
				break;
		}
		const struct symattr *up = r->addrs.v[a].kind == ADDR_SYM ? context_find_attr(k->fl->c, r->addrs.v[a].root) : NULL;
		origin = up ? up->origin : NONE;
	}
	return false;
}

/* Where the symbols came from, as far as it can be told in the callee's symbols; a few steps up. */
static void to_origins(struct call *k)
{
	for (uint32_t i = 0; i < k->map.n && k->map.n < 24; i++) {
		const struct symattr *a = context_find_attr(k->fl->c, k->map.v[i].from);
		struct rsym to = k->fl->r->syms.v[k->map.v[i].to];
		if (!a || a->origin == NONE || to.kind != RSYM_PARAM || !origin_matters(k, a->origin))
			continue;
		uint32_t origin = to_addr(k, a->origin, k->key.nsym < 12);
		k->psyms[to.a].origin = origin;
	}
}

static uint32_t to_locks(struct call *k, uint32_t locks, bool make)
{
	struct race *r = k->fl->r;
	uint32_t ids[MAX_SET], n = 0;
	for (uint32_t i = 0; i < uset_n(r, locks) && n < COUNT(ids); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		uint32_t addr = to_addr(k, l.addr, make);
		if (addr == NONE) {
			uint32_t places = context_places(r, k->fl->c, l.addr);
			addr = addr_sym(r, race_sym(r, RSYM_FOREIGN, places, l.addr, 0));
		}
		l.addr = addr;
		ids[n++] = lock_id(r, l);
	}
	return uset_of(r, ids, n);
}

static uint32_t back_sym(const struct call *k, uint32_t sym, uint32_t ctx)
{
	struct race *r = k->fl->r;
	for (uint32_t i = 0; i < k->map.n; i++)
		if (k->map.v[i].to == sym)
			return k->map.v[i].from;
	(void)ctx;
	return race_sym(r, RSYM_RESULT, k->fl->op, sym, 0);
}

static uint32_t back_val(const struct call *k, uint32_t val, uint32_t ctx);

static uint32_t back_addr(const struct call *k, uint32_t addr, uint32_t ctx)
{
	struct race *r = k->fl->r;
	struct addr a = r->addrs.v[addr];
	switch (a.kind) {
	case ADDR_OBJ:
		return addr;
	case ADDR_SYM:
		if (r->syms.v[a.root].kind == RSYM_FOREIGN && r->syms.v[a.root].b != NONE)
			return r->syms.v[a.root].b; /* what it was here */
		return addr_sym(r, back_sym(k, a.root, ctx));
	case ADDR_OFF:
		return addr_off(r, back_addr(k, a.up, ctx), a.n);
	default:
		return addr_idx(r, back_addr(k, a.up, ctx), (uint32_t)a.n, back_val(k, a.idx, ctx));
	}
}

static void back_attr(const struct call *k, uint32_t sym, uint32_t ctx)
{
	struct race *r = k->fl->r;
	uint32_t here = back_sym(k, sym, ctx);
	const struct symattr *a = context_find_attr(r->ctxs.v[ctx], sym);
	if (!a || r->syms.v[here].kind != RSYM_RESULT || r->syms.v[here].b != sym)
		return;
	uint32_t origin = a->origin;
	if (origin != NONE) {
		/* in symbols of the callee's own it says nothing here */
		uint32_t root = origin;
		while (r->addrs.v[root].kind >= ADDR_OFF)
			root = r->addrs.v[root].up;
		bool told = r->addrs.v[root].kind == ADDR_OBJ;
		for (uint32_t i = 0; i < k->map.n; i++)
			told |= k->map.v[i].to == r->addrs.v[root].root;
		origin = told ? back_addr(k, origin, ctx) : NONE;
	}
	flow_set_attr(k->fl, here, a->set, origin, NONE);
}

static uint32_t back_val(const struct call *k, uint32_t val, uint32_t ctx)
{
	struct race *r = k->fl->r;
	struct rval v = r->vals.v[val];
	if (v.kind == V_SYM) {
		back_attr(k, v.a, ctx);
		return rval_sym(r, back_sym(k, v.a, ctx), v.n);
	}
	if (v.kind == V_ADDR) {
		if (addr_on_sym(r, v.a))
			back_attr(k, r->addrs.v[v.a].root, ctx);
		return rval_addr(r, back_addr(k, v.a, ctx));
	}
	return val;
}

static uint32_t back_locks(const struct call *k, uint32_t locks, uint32_t ctx)
{
	struct race *r = k->fl->r;
	uint32_t ids[MAX_SET], n = 0;
	for (uint32_t i = 0; i < uset_n(r, locks) && n < COUNT(ids); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		if (addr_on_sym(r, l.addr) && r->syms.v[r->addrs.v[l.addr].root].kind != RSYM_FOREIGN)
			back_attr(k, r->addrs.v[l.addr].root, ctx);
		l.addr = back_addr(k, l.addr, ctx);
		ids[n++] = lock_id(r, l);
	}
	return uset_of(r, ids, n);
}

static bool keeps_const(const struct race *r, uint32_t fn, uint32_t param)
{
	return param >= 32 || r->index[fn] >> param & 1 || r->s->params[fn] >> param & 1;
}

static void make_key(struct call *k, uint32_t fn, const uint32_t *args, uint32_t narg)
{
	struct race *r = k->fl->r;
	const struct fn *f = &r->ir->fns[fn];

	k->key.fn = fn;
	k->key.param = k->params;
	k->key.sym = k->psyms;
	k->key.nparam = f->nparam < COUNT(k->params) ? f->nparam : COUNT(k->params);
	for (uint32_t i = 0; i < k->key.nparam; i++) {
		uint32_t v = i < narg ? args[i] : VAL_UNKNOWN;
		struct rval rv = r->vals.v[v];
		if (rv.kind == V_CONST && !keeps_const(r, fn, i))
			v = VAL_UNKNOWN;
		if (v == VAL_UNKNOWN) { /* a value of its own */
			uint32_t n = k->key.nsym++;
			uint32_t sym = race_sym(r, RSYM_PARAM, n, 0, 0);
			uint32_t type = r->ir->locals[f->local + i].type;
			k->psyms[n] = (struct psym){.set = USET_EMPTY, .origin = NONE, .own = NONE, .lo = INT64_MIN, .hi = INT64_MAX};
			if (rv.kind != V_CONST && type_holds_pointer(r->ir, type)) {
				const uint32_t *spots = NULL;
				uint32_t m = points_local(r->pt, k->key.inst, i, &spots), ids[POINTS_MANY];
				for (uint32_t x = 0; x < m && m < POINTS_MANY; x++)
					ids[x] = addr_of_spot(r, r->pt->spots.v[spots[x]]);
				k->psyms[n].set = m >= POINTS_MANY ? USET_MANY : uset_of(r, ids, m);
				if (uset_n(r, k->psyms[n].set) > MAX_SET)
					k->psyms[n].set = USET_MANY;
			}
			k->params[i] = rval_sym(r, sym, 0);
			continue;
		}
		k->params[i] = to_val(k, v, true);
		if (rv.kind == V_SYM && keeps_const(r, fn, i) && r->syms.v[r->vals.v[k->params[i]].a].kind == RSYM_PARAM) {
			struct psym *p = &k->psyms[r->syms.v[r->vals.v[k->params[i]].a].a];
			int64_t lo, hi;
			state_range(k->fl, k->s, rval_sym(r, rv.a, 0), &lo, &hi);
			if (uset_n(r, p->set) == 0 && (lo == hi || (lo == 1 && hi == INT64_MAX))) {
				p->lo = lo;
				p->hi = hi;
			}
		}
	}
	to_origins(k);
}

static void add_edge(struct call *k, uint32_t ctx, bool locky, bool mover)
{
	struct race *r = k->fl->r;
	struct context *c = r->ctxs.v[ctx], *from = k->fl->c;
	struct in_edge e = {.from = k->fl->id, .site = k->fl->op, .locks = LOCKS_INHERIT, .moment = MOMENT_INHERIT};

	if (!locky && from->locks != LOCKS_INHERIT)
		e.locks = to_locks(k, k->s->locks, false);
	if (!mover && from->moment != MOMENT_INHERIT)
		e.moment = k->s->moment;
	for (uint32_t i = 0; i < c->in.n; i++)
		if (c->in.v[i].from == e.from && c->in.v[i].site == e.site && c->in.v[i].locks == e.locks && c->in.v[i].moment == e.moment)
			return;
	e.nmap = k->map.n;
	e.map = arena_alloc(r->mem, (e.nmap + 1) * sizeof *e.map);
	if (e.nmap)
		memcpy(e.map, k->map.v, e.nmap * sizeof *e.map);
	vec_add(&c->in, e);
}

static void user(struct context *c, uint32_t ctx)
{
	for (uint32_t i = 0; i < c->users.n; i++)
		if (c->users.v[i] == ctx)
			return;
	vec_add(&c->users, ctx);
}

static void arrive(struct look *fl, uint32_t site, uint32_t locks, uint32_t moment, uint32_t val)
{
	for (uint32_t i = 0; i < fl->arrivals.n; i++) {
		const struct arrival *a = &fl->arrivals.v[i];
		if (a->site == site && a->locks == locks && a->moment == moment && a->val == val)
			return;
	}
	vec_add(&fl->arrivals, ((struct arrival){site, locks, moment, val}));
	fl->dirty[fl->r->p->op_block[site]] = true;
}

/* A longjmp: to the setjmp of this function, or further up. */
static void jump(struct look *fl, const struct exit_state *e)
{
	const struct ir *ir = fl->r->ir;
	if (fl->f->flags & FN_SETJMP)
		for (uint32_t o = fl->f->op; o < fl->f->op + fl->f->nop; o++) {
			uint32_t n;
			const struct effect *ef = ir->ops[o].kind == OP_CALL ? effects_at(fl->r->e, o, &n) : NULL;
			for (uint32_t i = 0; ef && i < n; i++)
				if (ef[i].clause && ef[i].clause->verb == VERB_SETJMP) {
					arrive(fl, o, e->locks, e->moment, e->val);
					return;
				}
		}
	struct context *c = fl->c;
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->exits.n; i++)
		n += c->exits.v[i].jump;
	if (n >= MAX_JUMPS)
		return;
	for (uint32_t i = 0; i < c->exits.n; i++)
		if (c->exits.v[i].jump && c->exits.v[i].locks == e->locks && c->exits.v[i].moment == e->moment && c->exits.v[i].val == e->val)
			return;
	vec_add(&c->exits, *e);
	c->rounds |= 1u << 31;
}

/* The states after a body that was called with these arguments. s stays the caller's. */
static void descend(struct look *fl, struct state *s, uint32_t fn, uint32_t inst, const uint32_t *args, uint32_t narg, struct ref dst,
	uint8_t why, struct states *out)
{
	struct race *r = fl->r;
	struct call k = {.fl = fl, .s = s};
	bool locky = r->touch[fn] & TOUCH_LOCK, mover = r->touch[fn] & TOUCH_MOVE;

	k.key = (struct context){.inst = inst, .parent = fl->id, .site = fl->op, .why = why, .locks = LOCKS_INHERIT, .moment = MOMENT_INHERIT};
	make_key(&k, fn, args, narg);
	if (locky)
		k.key.locks = fl->c->locks == LOCKS_INHERIT ? USET_EMPTY : to_locks(&k, s->locks, true);
	if (mover)
		k.key.moment = s->moment;
	uint32_t id = context_get(r, &k.key);
	struct context *c = r->ctxs.v[id];
	user(c, fl->id);
	add_edge(&k, id, locky, mover);
	context_look(r, id);
	for (uint32_t i = 0; i < c->exits.n; i++) {
		struct exit_state e = c->exits.v[i];
		uint32_t locks = locky ? back_locks(&k, e.locks, id) : s->locks;
		uint32_t moment = mover ? e.moment : s->moment;
		if (e.jump) {
			e.locks = locks;
			e.moment = moment;
			jump(fl, &e);
			continue;
		}
		struct state t;
		state_copy(fl, &t, s);
		t.locks = locks;
		t.moment = moment;
		for (uint32_t p = 0; p < c->nsym && p < 32; p++)
			if (c->sym[p].fresh && !(e.fresh >> p & 1) && p < k.map.n)
				state_escape(fl, &t, rval_sym(r, back_sym(&k, race_sym(r, RSYM_PARAM, p, 0, 0), id), 0));
		for (uint32_t p = 0; p < c->nsym && p < 32; p++) /* taken out of a list in there */
			if (!c->sym[p].fresh && e.fresh >> p & 1) {
				uint32_t sym = back_sym(&k, race_sym(r, RSYM_PARAM, p, 0, 0), id);
				if (r->syms.v[sym].kind != RSYM_RESULT && !state_fresh(&t, sym) && t.fresh.n < 64)
					vec_add(&t.fresh, sym);
			}
		mem_kill(fl, &t, &r->mods[fn]);
		for (uint32_t a = 0; a < narg; a++) {
			uint32_t at = rval_behind(r, args[a]);
			if (at != NONE && !addr_on_sym(r, at) && r->pt->objs.v[r->addrs.v[at].root].kind == OBJ_LOCAL)
				mem_kill_behind(fl, &t, at);
		}
		if (dst.kind == REF_LOCAL) {
			uint32_t v = back_val(&k, e.val, id);
			struct rval rv = r->vals.v[v];
			if (rv.kind == V_SYM && !rv.n && r->syms.v[rv.a].kind == RSYM_RESULT) {
				if (e.lo != INT64_MIN)
					state_assume(fl, &t, v, REL_GE, e.lo);
				if (e.hi != INT64_MAX)
					state_assume(fl, &t, v, REL_LE, e.hi);
				if (e.fresh_val && !state_fresh(&t, rv.a) && t.fresh.n < 64)
					vec_add(&t.fresh, rv.a);
			}
			flow_set(fl, &t, dst, v == VAL_UNKNOWN ? flow_unknown(fl, dst) : v);
		}
		states_add(fl, out, &t, r->ir->nblocks + fl->op);
	}
	vec_free(&k.map);
}

/* ---- threads ---- */

/* Does the value differ each time that control comes here? */
static bool varies(struct look *fl, struct state *s, uint32_t val)
{
	struct race *r = fl->r;
	struct rval v = r->vals.v[val];
	uint32_t addr = v.kind == V_ADDR ? v.a : NONE;
	if (v.kind == V_SYM && state_fresh(s, v.a))
		return true;
	for (; addr != NONE && r->addrs.v[addr].kind >= ADDR_OFF; addr = r->addrs.v[addr].up) {
		struct rval i = r->addrs.v[addr].kind == ADDR_IDX ? r->vals.v[r->addrs.v[addr].idx] : (struct rval){0};
		if (i.kind == V_SYM && r->syms.v[i.a].kind == RSYM_PHI && fl->g->loop_of[r->p->op_block[fl->op]] != NONE)
			return true;
		if (i.kind == V_SYM && r->syms.v[i.a].kind == RSYM_PARAM)
			return true; /* a helper that starts number i */
	}
	if (addr != NONE && r->addrs.v[addr].kind == ADDR_SYM && state_fresh(s, r->addrs.v[addr].root))
		return true;
	return false;
}

/* Starts a function with an argument of this state, in a thread of its own, or on a loop of this one. */
static void start(struct look *fl, struct state *s, uint32_t fn, uint32_t moment, const struct effect *e)
{
	struct race *r = fl->r;
	const struct callback *cb = e ? e->callback : NULL;
	struct call k = {.fl = fl, .s = s};
	uint32_t args[16], n = r->ir->fns[fn].nparam < COUNT(args) ? r->ir->fns[fn].nparam : COUNT(args);
	bool own[16] = {0};

	memset(args, 0, sizeof args);
	for (uint32_t i = 0; cb && i <= cb->nalso; i++) {
		int from = i ? cb->also[i - 1].param : cb->given, to = i ? cb->also[i - 1].to : cb->given_to;
		if (from == PARAM_NONE || to < 0 || (uint32_t)to >= n)
			continue;
		args[to] = flow_value(fl, s, effect_arg(r->p, e, from));
		own[to] = varies(fl, s, args[to]);
	}
	for (uint32_t i = 0; i < n; i++)
		state_escape(fl, s, args[i]);
	uint32_t ids[MAX_SET], nid = 0;
	for (uint32_t i = 0; i < uset_n(r, s->locks); i++)
		if (r->locks.v[uset_at(r, s->locks, i)].flags & LOCK_ONCE && r->locks.v[uset_at(r, s->locks, i)].flags & LOCK_SHARED)
			ids[nid++] = uset_at(r, s->locks, i);
	k.key = (struct context){.inst = fn, .parent = NONE, .site = fl->op, .moment = moment, .base = uset_of(r, ids, nid)};
	k.key.locks = r->touch[fn] & TOUCH_LOCK ? k.key.base : LOCKS_INHERIT;
	make_key(&k, fn, args, n);
	for (uint32_t i = 0; i < n && i < k.key.nparam; i++) {
		struct rval v = r->vals.v[k.params[i]];
		uint32_t addr = v.kind == V_ADDR ? v.a : NONE;
		if (!own[i])
			continue;
		if (v.kind == V_SYM && r->syms.v[v.a].kind == RSYM_PARAM)
			k.psyms[r->syms.v[v.a].a].own = fl->op;
		for (; addr != NONE; addr = r->addrs.v[addr].up) {
			struct rval x = r->addrs.v[addr].kind == ADDR_IDX ? r->vals.v[r->addrs.v[addr].idx] : (struct rval){0};
			if (x.kind == V_SYM && r->syms.v[x.a].kind == RSYM_PARAM)
				k.psyms[r->syms.v[x.a].a].own = fl->op;
			if (r->addrs.v[addr].kind == ADDR_SYM && r->syms.v[r->addrs.v[addr].root].kind == RSYM_PARAM)
				k.psyms[r->syms.v[r->addrs.v[addr].root].a].own = fl->op;
		}
	}
	for (uint32_t i = 0; i < k.key.nsym; i++)
		k.psyms[i].fresh = false;
	k.key.moment = moment;
	uint32_t id = context_get(r, &k.key);
	context_look(r, id);
	vec_free(&k.map);
}

static uint32_t functions(struct look *fl, struct state *s, struct ref x, uint32_t *fns, uint32_t max)
{
	struct race *r = fl->r;
	struct rval v = r->vals.v[flow_value(fl, s, x)];
	const uint32_t *some;
	uint32_t n = 0, all;
	if (v.kind == V_FN) {
		fns[n++] = v.a;
	} else if (x.kind == REF_LOCAL) {
		all = flow_fns(r->p, flow_local(r->p, fl->fn, x.id), &some);
		for (uint32_t i = 0; i < all && n < max; i++)
			fns[n++] = some[i];
	}
	uint32_t m = 0;
	for (uint32_t i = 0; i < n; i++)
		if (fn_defined(r->p, fns[i]))
			fns[m++] = fns[i];
	return m;
}

/* Is the thread given the address of a local of the function that starts it? */
static void on_stack(struct look *fl, struct state *s, const struct effect *e, uint32_t thread)
{
	struct race *r = fl->r;
	if (e->callback->given == PARAM_NONE || e->callback->ctx != CTX_THREAD)
		return;
	uint32_t addr = rval_behind(r, flow_value(fl, s, effect_arg(r->p, e, e->callback->given)));
	if (addr == NONE || addr_on_sym(r, addr) || !strcmp(fn_name(r->p, fl->fn), "main"))
		return; /* the end of main() is the end of all */
	const struct obj *o = &r->pt->objs.v[r->addrs.v[addr].root];
	if (o->kind != OBJ_LOCAL || o->id < fl->f->local || o->id >= fl->f->local + fl->f->nlocal)
		return;
	for (uint32_t i = 0; i < fl->c->stack.n; i++)
		if (fl->c->stack.v[i].addr == thread)
			return;
	vec_add(&fl->c->stack, ((struct taken_at){thread, fl->op}));
}

static void create(struct look *fl, struct state *s, const struct effect *e)
{
	struct race *r = fl->r;
	uint32_t fns[16], n = functions(fl, s, effect_arg(r->p, e, e->callback->param), fns, COUNT(fns));
	for (uint32_t i = 0; i < n; i++) {
		enum thread_kind kind = e->callback->ctx == CTX_POOL ? THREAD_POOL : THREAD_CREATED;
		uint32_t parent = s->moment == MOMENT_INHERIT ? NONE : r->moments.v[s->moment].thread;
		uint32_t t = thread_get(r, kind, parent, fl->op, fl->inst, fns[i]);
		uint32_t before = s->moment;
		if (s->moment != MOMENT_INHERIT)
			s->moment = moment_create(r, s->moment, t, s->locks);
		on_stack(fl, s, e, t);
		start(fl, s, fns[i], moment_start(r, t, before), e);
	}
}

static void open_call(struct look *fl, struct state *s)
{
	struct race *r = fl->r;
	for (uint32_t i = 0; i < r->open_calls.n; i++) {
		const struct open_call *o = &r->open_calls.v[i];
		if (o->site != fl->op || s->moment == MOMENT_INHERIT)
			continue;
		uint32_t t = thread_get(r, THREAD_OPEN, r->moments.v[s->moment].thread, fl->op, fl->inst, o->fn), before = s->moment;
		s->moment = moment_create(r, s->moment, t, s->locks);
		start(fl, s, o->fn, moment_start(r, t, before), NULL);
	}
}

/* The value that stands for the thread created here. */
static uint32_t thread_value(struct look *fl)
{
	uint32_t obj = points_obj(fl->r->pt, OBJ_THREAD, fl->op, fl->inst);
	return obj == NONE ? VAL_UNKNOWN : rval_addr(fl->r, addr_obj(fl->r, obj));
}

/* Threads whose ids are among these addresses: ended, all of them, if the set is of one, or if told so. */
static void join_set(struct look *fl, struct state *s, uint32_t set, bool all)
{
	struct race *r = fl->r;
	if (s->moment == MOMENT_INHERIT || set == USET_MANY || (!all && uset_n(r, set) != 1))
		return;
	for (uint32_t i = 0; i < uset_n(r, set); i++) {
		const struct obj *o = &r->pt->objs.v[r->addrs.v[uset_at(r, set, i)].root];
		for (uint32_t t = 0; t < r->threads.n && o->kind == OBJ_THREAD; t++) {
			if (r->threads.v[t].site != o->id || r->threads.v[t].inst != o->inst)
				continue;
			bool have = false;
			for (uint32_t k = 0; k < r->threads.v[t].joiners.n; k++)
				have |= r->threads.v[t].joiners.v[k] == fl->id;
			if (!have)
				vec_add(&r->threads.v[t].joiners, fl->id);
			s->moment = moment_join(r, s->moment, t, all);
		}
	}
}

/* for (i = 0; i < n; i++): n - 0; 0 if it is not that simple. */
static int64_t trips(const struct race *r, uint32_t fn, uint32_t loop)
{
	const struct fn *f = &r->ir->fns[fn];
	const struct cfg *g = program_cfg(r->p, fn);
	const struct block *b = &r->ir->blocks[f->block + g->loops[loop].head];
	const struct local_facts *lf = local_facts(r->s, fn);
	if (b->term != TERM_IF || b->cond.lhs.kind != REF_LOCAL || b->cond.rhs.kind != REF_CONST || b->cond.rel > REL_GE)
		return 0;
	int64_t to = r->ir->consts[b->cond.rhs.id] + (b->cond.rel == REL_LE);
	for (uint32_t d = lf->def[b->cond.lhs.id]; d != NONE; d = lf->next_def[d - f->op])
		if (r->ir->ops[d].kind == OP_COPY && r->ir->ops[d].src.kind == REF_CONST)
			return to - r->ir->consts[r->ir->ops[d].src.id];
	return 0;
}

/* Leaving a loop that joins: all have ended, if it makes as many steps as the loop that started them, as far as that
 * can be told. */
void flow_leave_loop(struct look *fl, struct state *s, uint32_t head)
{
	struct race *r = fl->r;
	for (uint32_t i = 0; i < fl->joins.n; i++) {
		const struct loop_join *j = &fl->joins.v[i];
		const uint32_t *spots = NULL;
		uint32_t n = points_local(r->pt, fl->inst, j->local, &spots), ids[POINTS_MANY], m = 0;
		if (j->head != head || n >= POINTS_MANY)
			continue;
		int64_t here = trips(r, fl->fn, fl->g->loop_of[r->p->op_block[j->site]]);
		for (uint32_t k = 0; k < n; k++) {
			const struct obj *o = &r->pt->objs.v[r->pt->spots.v[spots[k]].obj];
			if (o->kind != OBJ_THREAD)
				continue;
			uint32_t fn = r->p->op_fn[o->id], loop = program_cfg(r->p, fn)->loop_of[r->p->op_block[o->id]];
			int64_t there = loop == NONE ? 0 : trips(r, fn, loop);
			if (!here || !there || here >= there)
				ids[m++] = addr_obj(r, r->pt->spots.v[spots[k]].obj);
		}
		join_set(fl, s, uset_of(r, ids, m), true);
	}
}

static void join(struct look *fl, struct state *s, struct ref x)
{
	join_set(fl, s, flow_val_set(fl, flow_value(fl, s, x)), false);
}

/* Callbacks of a loop that this call runs: in this thread, one after the other, in any order, any number of times. */
static void run_loop(struct look *fl, struct state *s, const struct effect *e)
{
	struct race *r = fl->r;
	for (uint32_t i = 0; i < r->s->f->nentry; i++) {
		const struct entry *en = &r->s->f->entries[i];
		if ((en->ctx != CTX_LOOP && en->ctx != CTX_TIMER && en->ctx != CTX_COROUTINE) || en->head != NONE ||
			strcmp(en->library, e->model->library))
			continue;
		if (!(r->touch[en->fn] & ~TOUCH_VALUE))
			continue;
		struct call k = {.fl = fl, .s = s};
		k.key = (struct context){.inst = en->fn,
			.parent = NONE,
			.site = en->site,
			.locks = r->touch[en->fn] & TOUCH_LOCK ? USET_EMPTY : LOCKS_INHERIT};
		make_key(&k, en->fn, NULL, 0);
		for (uint32_t p = 0; p < k.key.nsym; p++)
			k.psyms[p].own = en->site == NONE ? NONE - 1 : en->site;
		k.key.moment = s->moment;
		uint32_t id = context_get(r, &k.key);
		r->ctxs.v[id]->guess = s->moment == MOMENT_INHERIT || r->threads.v[r->moments.v[s->moment].thread].kind != THREAD_MAIN;
		user(r->ctxs.v[id], fl->id);
		context_look(r, id);
		vec_free(&k.map);
		/* what a callback starts or joins is so from then on, perhaps */
		for (uint32_t x = 0; x < r->ctxs.v[id]->exits.n; x++)
			if (r->ctxs.v[id]->exits.v[x].moment != s->moment && !r->ctxs.v[id]->exits.v[x].jump)
				s->moment = moment_weaker(r, s->moment, r->ctxs.v[id]->exits.v[x].moment);
	}
}

/* ---- effects ---- */

struct after { /* what goes on behind a modelled call */
	struct look *fl;
	struct state *s;
	const struct effect *e;
	uint32_t ne;
	uint32_t result;
	bool gone; /* control does not come back */
};

static uint32_t pointee_size(const struct look *fl, struct ref x)
{
	const struct ir *ir = fl->r->ir;
	uint32_t t = x.kind == REF_LOCAL ? ir->locals[fl->f->local + x.id].type : NONE;
	return t != NONE && ir->types[t].kind == TYPE_PTR ? type_size(ir, ir->types[t].to) : 0;
}

static void access_arg(struct look *fl, struct state *s, const struct effect *e, int param, uint8_t flags)
{
	struct race *r = fl->r;
	const struct op *op = &r->ir->ops[e->site];
	int first = param, last = param;
	if (param == PARAM_REST) {
		first = e->model->nfixed;
		last = op->narg - 1;
	}
	for (int i = first; i <= last; i++) {
		struct ref x = param == PARAM_REST ? r->ir->args[op->arg + (uint32_t)i] : effect_arg(r->p, e, i);
		uint32_t addr = rval_behind(r, flow_value(fl, s, x)), size = pointee_size(fl, x);
		uint32_t t = x.kind == REF_LOCAL ? r->ir->locals[fl->f->local + x.id].type : NONE;
		if (addr == NONE || t == NONE || (param == PARAM_REST && r->ir->types[t].kind != TYPE_PTR))
			continue;
		if (flags & ACC_FREE)
			size = 4096; /* all of it */
		else if (escape_bytes(r->ir, r->ir->types[t].kind == TYPE_PTR ? r->ir->types[t].to : NONE))
			continue;
		if (!(flags & ACC_FREE) && r->pt->objs.v[r->addrs.v[addr].root].kind == OBJ_LOCAL && !addr_on_sym(r, addr) &&
			!r->pt->objs.v[r->addrs.v[addr].root].taken)
			continue;
		flow_access(fl, s, addr, size ? size : 1, flags | ACC_LIBRARY);
		if (flags & ACC_WRITE && !(flags & ACC_FREE))
			mem_kill_behind(fl, s, addr);
	}
}

static uint32_t arg_addr(struct look *fl, struct state *s, const struct effect *e, int param, const char *name)
{
	struct race *r = fl->r;
	if (param == PARAM_NONE && name)
		return addr_obj(r, points_named(r->pt, name));
	struct ref x = effect_arg(r->p, e, param);
	uint32_t val = flow_value(fl, s, x), addr = rval_behind(r, val);
	if (addr == NONE)
		addr = addr_sym(r, race_sym(r, RSYM_OP, fl->op, 0x30000 + (uint32_t)param, 0));
	return addr;
}

static uint8_t lock_flags(const struct clause *c, bool tried)
{
	return (c->flags & CL_SHARED ? LOCK_SHARED : 0) | (c->flags & CL_SPIN ? LOCK_SPIN : 0) | (tried ? LOCK_TRIED : 0);
}

static void may_recurse(struct look *fl, uint32_t addr)
{
	struct race *r = fl->r;
	uint32_t places = context_places(r, fl->c, addr);
	r->recursive = uset_add(r, r->recursive, addr);
	if (places != USET_MANY)
		r->recursive = uset_union(r, r->recursive, places);
}

/* One clause, in a state in which it holds. */
static void effect(struct after *a, const struct effect *e)
{
	struct look *fl = a->fl;
	struct race *r = fl->r;
	struct state *s = a->s;
	const struct clause *c = e->clause;
	uint32_t addr;

	switch (c->verb) {
	case VERB_LOCKS:
		if (c->flags & CL_RECURSIVE)
			may_recurse(fl, arg_addr(fl, s, e, c->p, c->name));
		flow_lock(fl, s, arg_addr(fl, s, e, c->p, c->name), lock_flags(c, on_result(c->cond)));
		break;
	case VERB_UNLOCKS:
		flow_unlock(fl, s, arg_addr(fl, s, e, c->p, c->name));
		break;
	case VERB_COND_WAIT:
		if (c->q == PARAM_NONE)
			flow_lock(fl, s, arg_addr(fl, s, e, c->p, c->name), LOCK_SEM);
		break;
	case VERB_COND_WAKE:
		flow_post(fl, s, arg_addr(fl, s, e, c->p, c->name));
		break;
	case VERB_CREATES:
		if (c->p == PARAM_RESULT) {
			a->result = thread_value(fl);
			break;
		}
		addr = rval_behind(r, flow_value(fl, s, effect_arg(r->p, e, c->p)));
		if (addr != NONE) {
			flow_access(fl, s, addr, pointee_size(fl, effect_arg(r->p, e, c->p)), ACC_WRITE | ACC_LIBRARY);
			mem_set(fl, s, addr, NONE, thread_value(fl));
		}
		break;
	case VERB_JOINS:
		join(fl, s, effect_arg(r->p, e, c->p));
		break;
	case VERB_BARRIER:
		addr = the_lock(fl, arg_addr(fl, s, e, c->p, c->name));
		if (s->moment != MOMENT_INHERIT)
			s->moment = moment_meet(r, s->moment, addr_exact(r, addr) ? addr : NONE);
		break;
	case VERB_INITS: { /* the number that a semaphore or barrier begins with is the last argument */
		const struct op *op = &r->ir->ops[fl->op];
		addr = the_lock(fl, arg_addr(fl, s, e, c->p, c->name));
		struct rval v = op->narg > 1 ? r->vals.v[flow_value(fl, s, r->ir->args[op->arg + op->narg - 1])] : (struct rval){0};
		if (c->flags & CL_RECURSIVE || (c->q != PARAM_NONE && flow_value(fl, s, effect_arg(r->p, e, c->q)) != rval_const(r, 0)))
			may_recurse(fl, addr);
		uint32_t *slot = map_slot(&r->init_value, addr, v.kind == V_CONST ? (uint32_t)v.n : NONE - 1);
		if (v.kind != V_CONST || *slot != (uint32_t)v.n)
			*slot = NONE - 1;
		break;
	}
	case VERB_RETURNS:
		a->result = flow_value(fl, s, effect_arg(r->p, e, c->p));
		break;
	case VERB_ALLOCATES:
		if (c->q == PARAM_NONE && a->result != VAL_UNKNOWN) {
			uint32_t obj = points_obj(r->pt, OBJ_HEAP, fl->op, fl->inst);
			struct rval v = r->vals.v[a->result];
			if (obj != NONE && v.kind == V_SYM) {
				flow_set_attr(fl, v.a, uset_add(r, USET_EMPTY, addr_obj(r, obj)), NONE, NONE);
				if (!state_fresh(s, v.a) && s->fresh.n < 64)
					vec_add(&s->fresh, v.a);
			}
		}
		break;
	case VERB_READS:
		access_arg(fl, s, e, c->p, 0);
		break;
	case VERB_WRITES:
		access_arg(fl, s, e, c->p, ACC_WRITE);
		break;
	case VERB_COPIES:
		access_arg(fl, s, e, c->p, 0);
		access_arg(fl, s, e, c->q, ACC_WRITE);
		break;
	case VERB_FREES:
		access_arg(fl, s, e, c->p, ACC_WRITE | ACC_FREE);
		break;
	case VERB_FORKS: /* what the child does it does to memory of its own */
		if (a->result != VAL_UNKNOWN)
			a->gone |= !state_assume(fl, s, a->result, REL_NE, 0);
		break;
	case VERB_NORETURN:
		if (s->moment != MOMENT_INHERIT)
			thread_end(r, s->moment);
		a->gone = true;
		break;
	case VERB_LONGJMP: {
		struct exit_state x = {.locks = s->locks, .moment = s->moment, .val = VAL_UNKNOWN, .jump = true, .lo = INT64_MIN, .hi = INT64_MAX};
		const struct op *op = &r->ir->ops[fl->op];
		if (op->narg > 1) {
			uint32_t v = flow_value(fl, s, r->ir->args[op->arg + 1]);
			x.val = r->vals.v[v].kind == V_CONST ? v : VAL_UNKNOWN;
		}
		jump(fl, &x);
		a->gone = true;
		break;
	}
	case VERB_STATIC_STATE:
		addr = addr_obj(r, points_named(r->pt, c->name ? c->name : e->model->name));
		flow_access(fl, s, addr, 1, (c->flags & CL_SHARED ? 0 : ACC_WRITE) | ACC_LIBRARY);
		break;
	default:
		break;
	}
}

static bool interesting(const struct race *r, uint32_t fn)
{
	return fn_defined(r->p, fn) && r->touch[fn];
}

/* A condition wait lets go of its lock. */
static uint32_t stay_locks(struct look *fl, struct state *s, const struct effect *e)
{
	struct race *r = fl->r;
	uint32_t locks = s->locks, n;
	const struct effect *all = effects_at(r->e, e->site, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!all[i].clause || all[i].clause->verb != VERB_COND_WAIT || all[i].clause->q == PARAM_NONE)
			continue;
		uint32_t addr = the_lock(fl, arg_addr(fl, s, &all[i], all[i].clause->q, NULL));
		for (uint32_t k = 0; k < uset_n(r, s->locks); k++)
			if (r->locks.v[uset_at(r, s->locks, k)].addr == addr)
				locks = uset_del(r, locks, uset_at(r, s->locks, k));
	}
	return locks;
}

static void run_caller_callbacks(struct look *fl, struct state *s, const struct effect *e, uint32_t ne, struct states *out)
{
	struct race *r = fl->r;
	uint32_t once = NONE;
	bool any = false;

	for (uint32_t i = 0; i < ne; i++)
		if (e[i].clause && e[i].clause->verb == VERB_ONCE)
			once = the_lock(fl, arg_addr(fl, s, &e[i], e[i].clause->p, e[i].clause->name));
	if (once != NONE && !addr_exact(r, once))
		once = NONE;
	for (uint32_t i = 0; i < ne; i++) {
		uint32_t fns[8], n, args[8] = {0};
		if (!e[i].callback || e[i].callback->ctx != CTX_CALLER)
			continue;
		n = functions(fl, s, effect_arg(r->p, &e[i], e[i].callback->param), fns, COUNT(fns));
		if (e[i].callback->given != PARAM_NONE && (uint32_t)e[i].callback->given_to < COUNT(args))
			args[e[i].callback->given_to] = flow_value(fl, s, effect_arg(r->p, &e[i], e[i].callback->given));
		for (uint32_t k = 0; k < n; k++) {
			if (!interesting(r, fns[k]))
				continue;
			struct state t;
			struct states done = {0};
			state_copy(fl, &t, s);
			if (once != NONE)
				flow_lock(fl, &t, once, LOCK_ONCE);
			descend(fl, &t, fns[k], fns[k], args, r->ir->fns[fns[k]].nparam < COUNT(args) ? r->ir->fns[fns[k]].nparam : COUNT(args),
				(struct ref){0}, EDGE_MODEL, &done);
			state_free(&t);
			for (uint32_t d = 0; d < done.n; d++) {
				if (once != NONE)
					for (uint32_t x = 0; x < uset_n(r, done.v[d].locks); x++) {
						struct lock l = r->locks.v[uset_at(r, done.v[d].locks, x)];
						if (l.addr != once || !(l.flags & LOCK_ONCE) || l.flags & LOCK_SHARED)
							continue;
						done.v[d].locks = uset_del(r, done.v[d].locks, lock_id(r, l));
						break;
					}
				if (once != NONE)
					flow_lock(fl, &done.v[d], once, LOCK_ONCE | LOCK_SHARED);
				states_add(fl, out, &done.v[d], r->ir->nblocks + fl->op);
				any = true;
			}
			free(done.v);
		}
	}
	if (once != NONE)
		flow_lock(fl, s, once, LOCK_ONCE | LOCK_SHARED);
	(void)any; /* it may have run before, or not at all */
}

void flow_call(struct look *fl, struct state *s, uint32_t at, struct states *out)
{
	struct race *r = fl->r;
	const struct program *p = r->p;
	const struct op *op = &r->ir->ops[at];
	uint32_t ne, where = r->ir->nblocks + at, args[32], narg = op->narg < COUNT(args) ? op->narg : COUNT(args);
	const struct effect *e = effects_at(r->e, at, &ne);
	bool opaque = false, body = false;

	for (uint32_t i = 0; i < narg; i++)
		args[i] = flow_value(fl, s, r->ir->args[op->arg + i]);
	for (uint32_t i = 0; i < ne; i++)
		opaque |= e[i].clause && e[i].clause->verb == VERB_OPAQUE;
	open_call(fl, s);

	/* bodies */
	struct rval target = {V_NONE, 0, 0};
	if (op->kind == OP_ICALL)
		target = r->vals.v[flow_value(fl, s, op->src)];
	uint32_t nbody = 0, others = 0;
	for (uint32_t x = p->site_edge[at]; x != NONE && x < p->nedge && p->edges[x].site == at && !opaque; x++) {
		uint32_t fn = p->edges[x].callee;
		if (target.kind == V_FN && target.a != fn)
			continue;
		if (!fn_defined(p, fn)) {
			others++;
			continue;
		}
		body = true;
		if (p->edges[x].why == EDGE_TYPE || !interesting(r, fn)) {
			others += p->edges[x].why == EDGE_TYPE || !r->s->no_return[fn];
			if (p->edges[x].why != EDGE_TYPE && (fl->c->locks == LOCKS_INHERIT || uset_n(r, s->locks))) {
				uint32_t in = waits_in(r, fn, 0);
				if (in != NONE)
					stay_add(r, STAY_BLOCKS, fl->id, at, in, s->locks, s->moment);
			}
			mem_kill(fl, s, &r->mods[fn]);
			for (uint32_t a = 0; a < narg && a < 32; a++)
				if (r->leaks[fn] >> a & 1)
					state_escape(fl, s, args[a]);
			for (uint32_t a = 0; a < narg; a++) {
				uint32_t addr = rval_behind(r, args[a]);
				if (addr != NONE && !addr_on_sym(r, addr) && r->pt->objs.v[r->addrs.v[addr].root].kind == OBJ_LOCAL)
					mem_kill_behind(fl, s, addr);
			}
			continue;
		}
		nbody++;
		descend(fl, s, fn, points_callee(r->pt, fl->inst, at, fn), args, narg, op->dst, p->edges[x].why, out);
	}
	if (nbody && !others) {
		state_free(s);
		return;
	}

	/* models */
	struct after a = {.fl = fl, .s = s, .e = e, .ne = ne, .result = flow_unknown(fl, op->dst)};
	bool model = ne && (!body || opaque);
	for (uint32_t i = 0; model && i < ne; i++)
		if (e[i].clause && e[i].clause->verb == VERB_LOOP_RUN)
			run_loop(fl, s, &e[i]);
	if (model)
		run_caller_callbacks(fl, s, e, ne, out);
	bool creates = false, definite = false;
	const struct mcond *split = NULL;
	for (uint32_t i = 0; model && i < ne; i++) {
		const struct clause *c = e[i].clause;
		struct asked ask = {fl, s, &e[i]};
		if (!c) {
			if (e[i].callback->ctx == CTX_THREAD || e[i].callback->ctx == CTX_POOL)
				creates = true;
			continue;
		}
		if (c->verb == VERB_SETJMP && a.result != VAL_UNKNOWN) {
			for (uint32_t k = 0; k < fl->arrivals.n; k++) {
				struct state t;
				if (fl->arrivals.v[k].site != at)
					continue;
				state_copy(fl, &t, s);
				t.locks = fl->arrivals.v[k].locks;
				t.moment = fl->arrivals.v[k].moment;
				uint32_t v = fl->arrivals.v[k].val;
				if (v == VAL_UNKNOWN)
					state_assume(fl, &t, a.result, REL_NE, 0);
				flow_set(fl, &t, op->dst, v == VAL_UNKNOWN ? a.result : v);
				states_add(fl, out, &t, where);
			}
			state_assume(fl, s, a.result, REL_EQ, 0);
			continue;
		}
		if (on_result(c->cond)) {
			split = c->cond;
			continue; /* below */
		}
		enum tri holds_ = c->cond ? mcond_eval(c->cond, leaf, &ask) : YES;
		if (holds_ == NO)
			continue;
		if (holds_ == YES && waits(r, &e[i]))
			stay_add(r, STAY_BLOCKS, fl->id, at, at, stay_locks(fl, s, &e[i]), s->moment);
		if (c->verb == VERB_SUSPENDS)
			stay_add(r, STAY_YIELDS, fl->id, at, at, s->locks, s->moment);
		if (c->verb == VERB_FORKS)
			stay_add(r, STAY_FORKS, fl->id, at, at, s->locks, s->moment);
		definite |= c->verb == VERB_LOCKS || c->verb == VERB_UNLOCKS || c->verb == VERB_JOINS || c->verb == VERB_COND_WAIT ||
			    c->verb == VERB_INITS;
		effect(&a, &e[i]);
	}
	if (a.gone) {
		state_free(s);
		return;
	}
	if (definite && a.result != VAL_UNKNOWN && r->vals.v[a.result].kind == V_SYM) {
		uint32_t t = op->dst.kind == REF_LOCAL ? r->ir->locals[fl->f->local + op->dst.id].type : NONE;
		if (t != NONE && r->ir->types[t].kind == TYPE_INT && !split)
			a.result = rval_const(r, 0); /* they succeed */
	}
	if (split) { /* a state where it did, and one where it did not */
		struct state t;
		state_copy(fl, &t, s);
		bool may = a.result == VAL_UNKNOWN || assume_result(fl, &t, a.result, split, false);
		if (may) {
			flow_set(fl, &t, op->dst, a.result);
			states_add(fl, out, &t, where);
		} else {
			state_free(&t);
		}
		if (a.result != VAL_UNKNOWN && !assume_result(fl, s, a.result, split, true)) {
			state_free(s);
			return;
		}
		for (uint32_t i = 0; i < ne; i++)
			if (e[i].clause && on_result(e[i].clause->cond))
				effect(&a, &e[i]);
	}
	if (creates) {
		struct rval v = r->vals.v[a.result];
		uint32_t t = op->dst.kind == REF_LOCAL ? r->ir->locals[fl->f->local + op->dst.id].type : NONE;
		if (v.kind == V_SYM && t != NONE && r->ir->types[t].kind == TYPE_INT) {
			struct state no;
			state_copy(fl, &no, s);
			state_assume(fl, &no, a.result, REL_NE, 0);
			flow_set(fl, &no, op->dst, a.result);
			states_add(fl, out, &no, where);
			state_assume(fl, s, a.result, REL_EQ, 0);
		}
		for (uint32_t i = 0; i < ne; i++)
			if (e[i].callback && (e[i].callback->ctx == CTX_THREAD || e[i].callback->ctx == CTX_POOL))
				create(fl, s, &e[i]);
	} else {
		for (uint32_t i = 0; model && i < ne; i++) /* kept by a loop: other callbacks know it from now on */
			if (e[i].callback && e[i].callback->ctx != CTX_CALLER && e[i].callback->given != PARAM_NONE)
				state_escape(fl, s, flow_value(fl, s, effect_arg(p, &e[i], e[i].callback->given)));
	}
	flow_set(fl, s, op->dst, a.result);
	states_add(fl, out, s, where);
}
