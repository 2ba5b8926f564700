/* locks_bind.c - calling a body: the callee's names for what the caller has, and back.
 *
 * A body is looked at once for each way it is called: the values of its parameters (addresses, constants where they
 * matter, functions), and, only if it touches them, the moment of the thread, and the locks held where threads are
 * created below. Symbols are renamed to the callee's, in the order of the parameters, so that equal calls are found
 * equal; what comes back is renamed to the caller's, or becomes a symbol of the call.
 */
#include "solve/race.h"

#include <stdlib.h>

enum {
	MAX_JUMPS = 6,	/* ways out of one context by longjmp */
	MAX_RESULT = 3, /* calls that a symbol is told by */
};

static uint32_t to_val(struct call *k, uint32_t val, bool make);

static uint32_t to_sym(struct call *k, uint32_t sym, bool make)
{
	struct race *r = k->fl->r;
	uint32_t as_val = rval_sym(r, sym, 0);
	for (uint32_t i = 0; i < k->map.n; i++)
		if (k->map.v[i].from == as_val)
			return k->map.v[i].to;
	if (!make || k->key.nsym >= COUNT(k->psyms))
		return NONE;
	const struct symattr *a = context_find_attr(k->fl->c, sym);
	uint32_t n = k->key.nsym++, to = race_sym(r, RSYM_PARAM, n, 0, 0);
	vec_add(&k->map, ((struct sym_pair){as_val, to}));
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
		struct rval from = k->fl->r->vals.v[k->map.v[i].from];
		const struct symattr *a = from.kind == V_SYM ? context_find_attr(k->fl->c, from.a) : NULL;
		struct rsym to = k->fl->r->syms.v[k->map.v[i].to];
		if (!a || a->origin == NONE || to.kind != RSYM_PARAM || !origin_matters(k, a->origin))
			continue;
		uint32_t origin = to_addr(k, a->origin, k->key.nsym < 12);
		k->psyms[to.a].origin = origin;
	}
}

static uint32_t to_locks(struct call *k, uint32_t locks)
{
	struct race *r = k->fl->r;
	uint32_t ids[MAX_SET], n = 0;
	for (uint32_t i = 0; i < uset_n(r, locks) && n < COUNT(ids); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		uint32_t addr = to_addr(k, l.addr, true);
		if (addr == NONE) {
			uint32_t places = context_places(r, k->fl->c, l.addr);
			addr = addr_sym(r, race_sym(r, RSYM_FOREIGN, places, l.addr, 0));
		}
		l.addr = addr;
		ids[n++] = lock_id(r, l);
	}
	return uset_of(r, ids, n);
}

/* A symbol of the callee's that came to it from calls is, from some depth on, named by where it was made. */
static uint32_t made_there(const struct race *r, uint32_t sym)
{
	uint32_t at = sym;
	for (int depth = 0; r->syms.v[at].kind == RSYM_RESULT; at = r->syms.v[at].b)
		if (++depth == MAX_RESULT)
			for (sym = at; r->syms.v[sym].kind == RSYM_RESULT;)
				sym = r->syms.v[sym].b;
	return sym;
}

/* What a symbol of the callee's is to the caller: a value. */
static uint32_t back_sym(const struct call *k, uint32_t sym)
{
	struct race *r = k->fl->r;
	for (uint32_t i = 0; i < k->map.n; i++)
		if (k->map.v[i].to == sym)
			return k->map.v[i].from;
	return rval_sym(r, race_sym(r, RSYM_RESULT, k->fl->op, made_there(r, sym), 0), 0);
}

static uint32_t back_val(const struct call *k, uint32_t val, uint32_t ctx);

/* What the value points at: an address in any case. */
static uint32_t behind(const struct call *k, uint32_t val, uint32_t sym)
{
	struct race *r = k->fl->r;
	uint32_t addr = rval_behind(r, val);
	return addr != NONE ? addr : addr_sym(r, race_sym(r, RSYM_RESULT, k->fl->op, made_there(r, sym), 0));
}

static uint32_t back_addr(const struct call *k, uint32_t addr, uint32_t ctx)
{
	struct race *r = k->fl->r;
	struct addr a = r->addrs.v[addr];
	switch (a.kind) {
	case ADDR_OBJ:
		return addr;
	case ADDR_SYM:
		if (r->syms.v[a.root].kind == RSYM_FOREIGN) /* what it was here; or the same places to everybody */
			return r->syms.v[a.root].b != NONE ? r->syms.v[a.root].b : addr;
		return behind(k, back_sym(k, a.root), a.root);
	case ADDR_OFF:
		return addr_off(r, back_addr(k, a.up, ctx), a.n);
	default:
		return addr_idx(r, back_addr(k, a.up, ctx), (uint32_t)a.n, back_val(k, a.idx, ctx));
	}
}

static void back_attr(const struct call *k, uint32_t sym, uint32_t ctx)
{
	struct race *r = k->fl->r;
	struct rval v = r->vals.v[back_sym(k, sym)];
	const struct symattr *a = context_find_attr(r->ctxs.v[ctx], sym);
	if (!a || v.kind != V_SYM || r->syms.v[v.a].kind != RSYM_RESULT || r->syms.v[v.a].a != k->fl->op)
		return;
	uint32_t here = v.a;
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
		struct rval to = r->vals.v[back_sym(k, v.a)];
		switch (to.kind) {
		case V_SYM:
			return rval_sym(r, to.a, to.n + v.n);
		case V_CONST:
			return rval_const(r, to.n + v.n);
		case V_ADDR:
			return rval_addr(r, addr_off(r, to.a, v.n));
		default:
			return v.n ? VAL_UNKNOWN : back_sym(k, v.a);
		}
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

void call_key(struct call *k, uint32_t fn, const uint32_t *args, uint32_t narg)
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

static void add_edge(struct call *k, uint32_t ctx, bool mover)
{
	struct race *r = k->fl->r;
	struct context *c = r->ctxs.v[ctx];
	struct in_edge e = {.from = k->fl->id, .site = k->fl->op, .locks = k->s->locks, .moment = MOMENT_INHERIT};

	if (!mover && k->fl->c->moment != MOMENT_INHERIT)
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

/* The callee is looked at for all its callers at once: its parameters are symbols, whatever they are here. */
static void bind_general(struct call *k, const uint32_t *args, uint32_t narg)
{
	struct race *r = k->fl->r;
	k->map.n = 0;
	for (uint32_t i = 0; i < k->key.nparam && i < narg; i++)
		if (args[i] != VAL_UNKNOWN)
			vec_add(&k->map, ((struct sym_pair){args[i], race_sym(r, RSYM_PARAM, i, 0, 0)}));
}

void context_user(struct context *c, uint32_t ctx)
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
	flow_again(fl, fl->r->p->op_block[site]);
}

/* A longjmp: to the setjmp of this function, or further up. */
void flow_jump(struct look *fl, const struct exit_state *e)
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
void flow_descend(struct look *fl, struct state *s, uint32_t fn, uint32_t inst, const uint32_t *args, uint32_t narg, struct ref dst,
	uint8_t why, struct states *out)
{
	struct race *r = fl->r;
	struct call k = {.fl = fl, .s = s};

	k.key = (struct context){.inst = inst, .parent = fl->id, .site = fl->op, .why = why, .locks = LOCKS_INHERIT, .moment = MOMENT_INHERIT};
	call_key(&k, fn, args, narg);
	if (r->touch[fn] & TOUCH_CREATE && fl->c->locks != LOCKS_INHERIT && !race_blurred(r))
		k.key.locks = to_locks(&k, s->locks);
	if (r->touch[fn] & TOUCH_MOVE)
		k.key.moment = s->moment;
	uint32_t id = context_get(r, &k.key);
	struct context *c = r->ctxs.v[id];
	bool mover = c->moment != MOMENT_INHERIT;
	if (k.key.general)
		bind_general(&k, args, narg);
	context_user(c, fl->id);
	add_edge(&k, id, mover);
	context_look(r, id);
	for (uint32_t i = 0; i < c->exits.n; i++) {
		struct exit_state e = c->exits.v[i];
		uint32_t locks = back_locks(&k, e.locks, id);
		for (uint32_t l = 0; l < uset_n(r, locks); l++)
			if (!(r->locks.v[uset_at(r, locks, l)].flags & LOCK_GIVEN))
				fl->c->took = uset_add(r, fl->c->took, r->locks.v[uset_at(r, locks, l)].addr);
		if (c->locks == LOCKS_INHERIT)
			locks = locks_within(r, fl->c, s->locks, locks, fl->c->locks == LOCKS_INHERIT);
		uint32_t moment = mover ? e.moment : s->moment;
		if (e.jump) {
			e.locks = locks;
			e.moment = moment;
			flow_jump(fl, &e);
			continue;
		}
		struct state t;
		state_copy(fl, &t, s);
		t.locks = locks;
		t.moment = moment;
		for (uint32_t p = 0; p < c->nsym && p < 32; p++)
			if (c->sym[p].fresh && !(e.fresh >> p & 1))
				state_escape(fl, &t, back_sym(&k, race_sym(r, RSYM_PARAM, p, 0, 0)));
		for (uint32_t p = 0; p < c->nsym && p < 32; p++) /* taken out of a list in there */
			if (!c->sym[p].fresh && e.fresh >> p & 1) {
				struct rval v = r->vals.v[back_sym(&k, race_sym(r, RSYM_PARAM, p, 0, 0))];
				if (v.kind == V_SYM && r->syms.v[v.a].kind != RSYM_RESULT && !state_fresh(&t, v.a) && t.fresh.n < 64)
					vec_add(&t.fresh, v.a);
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
