/* lockuse.c - how locks are used: cycles in their order, what is taken twice, never given back, or held too long.
 *
 * Everything was noted while functions were looked at as they are called (race.orders, misuses, stays); here it is put
 * into places. An order counts between locks that there is once: for one of many, "the same kind" is not "the same".
 * A cycle is a deadlock only if its steps may happen at one time, in different threads, and no lock is held at all of
 * them that lets one in after the other (the gate of Havelund, "Using Runtime Analysis to Guide Model Checking of Java
 * Programs").
 *
 * needs: contexts, orders, misuses, stays, moments      gives: facts.lock_uses
 */
#include "solve/lockuse.h"

#include <stdlib.h>

enum { MAX_EDGES = 4000, MAX_CYCLE = 4, MAX_WAITERS = 8, MAX_HELD = 64 };

/* ---- calls that wait ---- */

bool waits(const struct race *r, const struct effect *e)
{
	const struct clause *c = e->clause;
	uint32_t n;
	if (!c || c->verb != VERB_BLOCKS || c->severity == SEV_LOW)
		return false;
	switch (c->category) {
	case CAT_PEER:
	case CAT_SYNC:
	case CAT_DNS:
	case CAT_SLEEP:
	case CAT_WAIT:
	case CAT_JOIN:
	case CAT_PROCESS:
	case CAT_IPC:
	case CAT_DB:
		return true;
	case CAT_LOCK: {
		const struct effect *all = effects_at(r->e, e->site, &n);
		for (uint32_t i = 0; i < n; i++)
			if (all[i].clause && (all[i].clause->verb == VERB_BARRIER ||
						     (all[i].clause->verb == VERB_COND_WAIT && all[i].clause->q != PARAM_NONE)))
				return true;
		return false;
	}
	default:
		return false;
	}
}

/* The clause by which a call suspends its task, or NULL. */
static const struct clause *suspends(const struct race *r, uint32_t site)
{
	uint32_t n;
	const struct effect *e = effects_at(r->e, site, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == VERB_SUSPENDS)
			return e[i].clause;
	return NULL;
}

uint32_t waits_in(struct race *r, uint32_t fn, int depth)
{
	const struct program *p = r->p;
	const struct fn *f = &r->ir->fns[fn];
	if (r->waits_in[fn] != NONE - 1 || depth > 4)
		return r->waits_in[fn] == NONE - 1 ? NONE : r->waits_in[fn];
	r->waits_in[fn] = NONE;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		uint32_t n;
		const struct effect *e = r->ir->ops[o].kind == OP_CALL ? effects_at(r->e, o, &n) : NULL;
		for (uint32_t i = 0; e && i < n; i++)
			if ((waits(r, &e[i]) && !e[i].clause->cond && !fn_defined(p, e[i].callee)) ||
				(e[i].clause && e[i].clause->verb == VERB_SUSPENDS && !e[i].clause->cond))
				return r->waits_in[fn] = o;
	}
	for (uint32_t x = p->out[fn]; x != NONE && x < p->nedge && p->edges[x].caller == fn; x++) {
		uint32_t at = p->edges[x].why == EDGE_DIRECT && fn_defined(p, p->edges[x].callee)
				      ? waits_in(r, p->edges[x].callee, depth + 1)
				      : NONE;
		if (at != NONE)
			return r->waits_in[fn] = at;
	}
	return NONE;
}

void stay_add(struct race *r, enum stay_kind kind, uint32_t ctx, uint32_t site, uint32_t at, uint32_t locks, uint32_t moment)
{
	uint32_t *slot = map_slot(&r->stay_seen,
		hash_mix(hash_mix((uint64_t)ctx << 32 | site, (uint64_t)at << 3 | kind), (uint64_t)locks << 32 | moment), 0);
	if (!*slot && r->stays.n < 200000)
		vec_add(&r->stays, ((struct stay){(uint8_t)kind, ctx, site, at, locks, moment}));
	*slot = 1;
}

/* ---- building ---- */

struct edge_of { /* an order between two places */
	uint32_t from, to, order, moment;
	uint32_t held; /* from, as an address in the context of the order */
	uint32_t gates; /* set of places of all locks held */
};
const char *telling_name(struct telling *m, struct context *c, uint32_t addr)
{
	struct race *r = m->r;
	uint32_t places = context_places(r, c, addr);
	if (places != USET_MANY && uset_n(r, places))
		addr = uset_at(r, places, 0);
	return race_place_leaf(r, m->f->mem, race_place_name(r, m->f->mem, addr), 4).text;
}

struct lock_use *telling_begin(struct telling *m, enum lock_use_kind kind, const char *lock, uint8_t sure)
{
	vec_add(&m->uses, ((struct lock_use){.kind = kind, .lock = lock, .sure = sure, .step = m->steps.n, .entry = NONE}));
	return &m->uses.v[m->uses.n - 1];
}

void telling_step(struct telling *m, uint32_t site, uint32_t ctx, const char *what)
{
	vec_add(&m->steps, ((struct lock_step){site, ctx == NONE ? NONE : build_visit(m->b, ctx), what}));
	m->uses.v[m->uses.n - 1].nstep++;
}

static bool first(struct telling *m, enum lock_use_kind kind, uint32_t site, uint64_t more)
{
	uint32_t *slot = map_slot(&m->seen, hash_mix((uint64_t)kind << 32 | site, more), 0);
	bool is = !*slot;
	*slot = 1;
	return is;
}

static uint32_t root_of(const struct race *r, uint32_t ctx)
{
	while (r->ctxs.v[ctx]->parent != NONE)
		ctx = r->ctxs.v[ctx]->parent;
	return ctx;
}

uint32_t telling_place(struct race *r, struct context *c, uint32_t addr)
{
	uint32_t places = context_places(r, c, addr);
	if (places == USET_MANY || uset_n(r, places) != 1)
		return NONE;
	uint32_t at = uset_at(r, places, 0);
	return addr_exact(r, at) && r->pt->objs.v[r->addrs.v[at].root].once ? at : NONE;
}

static uint32_t places_held(struct race *r, struct context *c, uint32_t locks)
{
	uint32_t set = USET_EMPTY;
	for (uint32_t i = 0; i < uset_n(r, locks); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		uint32_t at = l.flags & (LOCK_SEM | LOCK_ONCE | LOCK_MAYBE) ? NONE : telling_place(r, c, l.addr);
		if (at != NONE)
			set = uset_add(r, set, at);
	}
	return set;
}

bool telling_certain(const struct race *r, uint32_t ctx)
{
	const struct context *c = r->ctxs.v[root_of(r, ctx)];
	uint32_t t = c->moment == MOMENT_INHERIT ? NONE : r->moments.v[c->moment].thread;
	return !c->guess && (t == NONE || (r->threads.v[t].kind != THREAD_CALLER && r->threads.v[t].kind != THREAD_OPEN));
}

/* Where the context, or who called it first, takes what is at that place. */
static uint32_t taken_above(struct race *r, uint32_t ctx, uint32_t place)
{
	for (; ctx != NONE; ctx = r->ctxs.v[ctx]->parent) {
		struct context *c = r->ctxs.v[ctx];
		for (uint32_t i = 0; i < c->taken.n; i++)
			if (telling_place(r, c, c->taken.v[i].addr) == place)
				return c->taken.v[i].site;
	}
	return NONE;
}

/* ---- cycles ---- */

/* What may be held, and when, where these locks are told of in the context: distinct ones; count, at most max. */
static uint32_t held_at(struct telling *m, struct context *c, uint32_t locks, uint32_t moment, struct around *out, uint32_t max)
{
	struct race *r = m->r;
	bool relative = c->locks == LOCKS_INHERIT;
	uint32_t n = 0;
	if (!relative && moment != MOMENT_INHERIT) {
		out[n++] = (struct around){locks, moment};
		return n;
	}
	for (uint32_t k = 0; k < c->around.n && n < max; k++) {
		struct around a = c->around.v[k];
		a.locks = relative ? locks_within(r, c, a.locks, locks, false) : locks;
		a.moment = moment == MOMENT_INHERIT ? a.moment : moment;
		bool have = a.moment == MOMENT_INHERIT;
		for (uint32_t i = 0; i < n && !have; i++)
			have = out[i].locks == a.locks && out[i].moment == a.moment;
		if (!have)
			out[n++] = a;
	}
	return n;
}

static void add_edges(struct telling *m)
{
	struct race *r = m->r;
	struct around at[MAX_HELD];
	for (uint32_t i = 0; i < r->orders.n && m->edges.n < MAX_EDGES; i++) {
		const struct order *o = &r->orders.v[i];
		struct context *c = r->ctxs.v[o->ctx];
		uint32_t to = telling_place(r, c, o->taken), n = to == NONE ? 0 : held_at(m, c, o->locks, o->moment, at, COUNT(at));
		for (uint32_t k = 0; k < n; k++) {
			uint32_t gates = places_held(r, c, at[k].locks);
			for (uint32_t h = 0; h < uset_n(r, at[k].locks); h++) {
				struct lock l = r->locks.v[uset_at(r, at[k].locks, h)];
				uint32_t from = l.flags & (LOCK_SEM | LOCK_ONCE | LOCK_MAYBE) ? NONE : telling_place(r, c, l.addr);
				uint64_t key = hash_mix(hash_mix((uint64_t)from << 32 | to, gates), (uint64_t)o->ctx << 32 | at[k].moment);
				if (from != NONE && from != to && first(m, LOCK_CYCLE, o->site, key))
					vec_add(&m->edges, ((struct edge_of){from, to, i, at[k].moment, l.addr, gates}));
			}
		}
	}
}

static bool may_meet(struct telling *m, const struct edge_of *a, const struct edge_of *b)
{
	struct race *r = m->r;
	if (!moments_coincide(r, a->moment, b->moment))
		return false;
	return uset_meet(r, a->gates, b->gates) == USET_EMPTY;
}

static void report_cycle(struct telling *m, const uint32_t *path, uint32_t n)
{
	struct race *r = m->r;
	uint32_t low = 0;
	uint64_t key = 0;
	uint8_t sure = 2;
	for (uint32_t i = 0; i < n; i++) {
		const struct order *o = &r->orders.v[m->edges.v[path[i]].order];
		if (o->site < r->orders.v[m->edges.v[path[low]].order].site)
			low = i;
		key += hash_mix(m->edges.v[path[i]].from, m->edges.v[path[i]].to);
		if (!telling_certain(r, o->ctx) || race_blurred(r))
			sure = 0;
	}
	if (!first(m, LOCK_CYCLE, 0, key))
		return;
	const struct edge_of *e0 = &m->edges.v[path[low]];
	const struct order *o0 = &r->orders.v[e0->order];
	telling_begin(m, LOCK_CYCLE, telling_name(m, r->ctxs.v[o0->ctx], o0->taken), sure);
	for (uint32_t i = 0; i < n; i++) {
		const struct order *o = &r->orders.v[m->edges.v[path[(low + i) % n]].order];
		struct context *c = r->ctxs.v[o->ctx];
		telling_step(m, o->site, o->ctx,
			arena_printf(m->f->mem, "takes '%s' with '%s' held", telling_name(m, c, o->taken),
				telling_name(m, c, m->edges.v[path[(low + i) % n]].held)));
	}
	/* every other place where these orders are */
	for (uint32_t i = 0; i < n; i++) {
		const struct edge_of *e = &m->edges.v[path[(low + i) % n]];
		const struct order *shown = &r->orders.v[e->order];
		uint32_t held = taken_above(r, shown->ctx, e->from);
		if (held != NONE)
			telling_step(m, held, NONE, "takes the one that it holds");
		for (uint32_t k = 0; k < m->edges.n && m->uses.v[m->uses.n - 1].nstep < 30; k++) {
			const struct edge_of *x = &m->edges.v[k];
			const struct order *o = &r->orders.v[x->order];
			if (x->from != e->from || x->to != e->to || o->site == shown->site)
				continue;
			bool told = false, meets = false;
			for (uint32_t s = m->uses.v[m->uses.n - 1].step; s < m->steps.n; s++)
				told |= m->steps.v[s].site == o->site;
			for (uint32_t j = 0; j < n && !meets; j++)
				meets = j != (low + i) % n && may_meet(m, x, &m->edges.v[path[j]]);
			if (!told && meets)
				telling_step(m, o->site, NONE, "takes them in that order");
		}
	}
}

static void search(struct telling *m, uint32_t *path, uint32_t n, uint32_t *budget)
{
	const struct edge_of *last = &m->edges.v[path[n - 1]], *start = &m->edges.v[path[0]];
	for (uint32_t i = 0; i < m->edges.n && *budget; i++) {
		const struct edge_of *e = &m->edges.v[i];
		bool ok = e->from == last->to && e->from >= start->from;
		for (uint32_t k = 0; k < n && ok; k++)
			ok = (m->edges.v[path[k]].to != e->to || e->to == start->from) && may_meet(m, e, &m->edges.v[path[k]]);
		if (!ok)
			continue;
		--*budget;
		path[n] = i;
		if (e->to == start->from)
			report_cycle(m, path, n + 1);
		else if (n + 1 < MAX_CYCLE)
			search(m, path, n + 1, budget);
	}
}

static void cycles(struct telling *m)
{
	uint32_t path[MAX_CYCLE], budget = 20000;
	add_edges(m);
	for (uint32_t i = 0; i < m->edges.n; i++) {
		path[0] = i;
		search(m, path, 1, &budget);
	}
}

/* ---- misuse ---- */

static bool in_places(struct race *r, struct context *c, uint32_t set, uint32_t addr)
{
	uint32_t places = context_places(r, c, addr);
	return uset_has(r, set, addr) || set == USET_MANY || places == USET_MANY || uset_meet(r, places, set) != USET_EMPTY;
}

static void twice(struct telling *m)
{
	struct race *r = m->r;
	struct around at[MAX_HELD];
	for (uint32_t i = 0; i < r->orders.n; i++) {
		const struct order *o = &r->orders.v[i];
		struct context *c = r->ctxs.v[o->ctx];
		uint32_t n = held_at(m, c, o->locks, o->moment, at, COUNT(at));
		for (uint32_t k = 0; k < n; k++) {
			uint32_t have = locks_find(r, at[k].locks, o->taken, 0);
			if (have == NONE || r->locks.v[have].flags & o->flags & LOCK_SHARED || in_places(r, c, r->recursive, o->taken) ||
				!first(m, LOCK_TWICE, o->site, 0))
				continue;
			uint32_t place = telling_place(r, c, o->taken), other = context_taken(c, o->taken);
			if ((other == NONE || other == o->site) && place != NONE)
				other = taken_above(r, o->ctx, place);
			telling_begin(m, LOCK_TWICE, telling_name(m, c, o->taken), race_blurred(r) ? 0 : place != NONE ? 2 : 1);
			telling_step(m, o->site, o->ctx, "takes it again");
			if (other != NONE && other != o->site)
				telling_step(m, other, NONE, "taken here before");
		}
	}
}

/* What a context gives back without having taken it: some caller may hold it. */
static void callers_hold(struct race *r)
{
	for (uint32_t i = 0; i < r->misuses.n; i++) {
		const struct misuse *x = &r->misuses.v[i];
		if (x->kind == MISUSE_NOT_HELD && map_get(&r->unlocks, x->site) == NONE &&
			context_holds(r, r->ctxs.v[x->ctx], x->locks, x->addr))
			map_put(&r->unlocks, x->site, 1);
	}
}

static void misuses(struct telling *m)
{
	struct race *r = m->r;
	for (uint32_t i = 0; i < r->misuses.n; i++) {
		const struct misuse *x = &r->misuses.v[i];
		struct context *c = r->ctxs.v[x->ctx];
		switch (x->kind) {
		case MISUSE_POSTED:
			break;
		case MISUSE_NOT_HELD:
			if ((c->locks == LOCKS_INHERIT && !c->around.n) || map_get(&r->unlocks, x->site) != NONE || !telling_certain(r, x->ctx) ||
				!first(m, LOCK_NOT_HELD, x->site, 0))
				break;
			telling_begin(m, LOCK_NOT_HELD, telling_name(m, c, x->addr), telling_place(r, c, x->addr) != NONE && !race_blurred(r) ? 1 : 0);
			telling_step(m, x->site, x->ctx, "gives back what this thread does not hold");
			break;
		default:
			if (!first(m, THREAD_STACK, x->site, 0))
				break;
			telling_begin(m, THREAD_STACK, "", 1);
			telling_step(m, x->site, x->ctx, "hands the address of a local to a thread");
		}
	}
}

static bool in_set(const struct race *r, uint32_t locks, uint32_t addr)
{
	for (uint32_t i = 0; i < uset_n(r, locks); i++)
		if (r->locks.v[uset_at(r, locks, i)].addr == addr && !(r->locks.v[uset_at(r, locks, i)].flags & LOCK_GIVEN))
			return true;
	return false;
}

/* Is the way out that keeps the lock the one that failed? What finds and locks keeps it when it succeeds. */
static bool forgot(const struct race *r, const struct context *c, const struct exit_state *kept, const struct exit_state *gave)
{
	uint32_t type = r->ir->fns[c->fn].type;
	type = type == NONE ? NONE : r->ir->types[type].to;
	if (type == NONE)
		return false;
	if (r->ir->types[type].kind == TYPE_VOID)
		return true;
	bool one = kept->lo == kept->hi || r->vals.v[kept->val].kind == V_CONST;
	int64_t n = r->vals.v[kept->val].kind == V_CONST ? r->vals.v[kept->val].n : kept->lo;
	bool zero = r->vals.v[gave->val].kind == V_CONST && r->vals.v[gave->val].n == 0;
	if (r->ir->types[type].kind == TYPE_PTR)
		return one && n == 0 && !zero;
	return one && n != 0 && (n < 0 || zero) && !(r->vals.v[gave->val].kind == V_CONST && r->vals.v[gave->val].n < 0);
}

static void left(struct telling *m)
{
	struct race *r = m->r;
	for (uint32_t i = 0; i < r->ctxs.n; i++) {
		struct context *c = r->ctxs.v[i];
		for (uint32_t e = 0; e < c->exits.n; e++) {
			const struct exit_state *x = &c->exits.v[e];
			for (uint32_t k = 0; k < uset_n(r, x->locks) && !x->jump; k++) {
				struct lock l = r->locks.v[uset_at(r, x->locks, k)];
				uint32_t taken = context_taken(c, l.addr), given = NONE;
				if (l.flags & (LOCK_SEM | LOCK_ONCE | LOCK_GIVEN | LOCK_MAYBE) || taken == NONE ||
					(c->locks != LOCKS_INHERIT && in_set(r, c->locks, l.addr)))
					continue;
				for (uint32_t g = 0; g < c->given.n; g++)
					if (c->given.v[g].addr == l.addr)
						given = c->given.v[g].site;
				for (uint32_t o = 0; o < c->exits.n && given != NONE; o++) {
					const struct exit_state *y = &c->exits.v[o];
					if (y->jump || in_set(r, y->locks, l.addr) || locks_perhaps(r, y->locks) != NONE || !forgot(r, c, x, y) ||
						!first(m, LOCK_LEFT, taken, 0))
						continue;
					telling_begin(m, LOCK_LEFT, telling_name(m, c, l.addr), 1);
					telling_step(m, taken, i, "taken here");
					telling_step(m, given, NONE, "given back here, on another way");
				}
			}
		}
	}
}

/* ---- held while the thread waits ---- */

static bool in_task(const struct telling *m, uint32_t ctx)
{
	uint32_t visit = build_visit(m->b, ctx);
	return ctx_is_task(build_entry(m->b, visit)->ctx);
}

/* Somebody else who takes the lock while it may be held there: in orders; from on. */
static uint32_t waiter(struct telling *m, uint32_t place, uint32_t moment, uint32_t from)
{
	struct race *r = m->r;
	for (uint32_t i = from; i < r->orders.n; i++) {
		const struct order *o = &r->orders.v[i];
		struct context *c = r->ctxs.v[o->ctx];
		if (telling_place(r, c, o->taken) != place || in_set(r, o->locks, o->taken))
			continue;
		uint32_t n = o->moment == MOMENT_INHERIT ? c->around.n : 1;
		for (uint32_t k = 0; k < n; k++) {
			uint32_t at = o->moment == MOMENT_INHERIT ? c->around.v[k].moment : o->moment;
			if (at != MOMENT_INHERIT && moments_coincide(r, at, moment))
				return i;
		}
	}
	return NONE;
}

static const char *callee_text(struct telling *m, uint32_t at)
{
	const struct op *op = &m->r->ir->ops[at];
	return op->src.kind == REF_FN ? fn_name(m->r->p, op->src.id) : "?";
}

/* For the world outside, not for another thread of the program: that one may be what the lock is held for. */
static bool waits_alone(const struct telling *m, uint32_t at)
{
	uint32_t n;
	const struct effect *e = effects_at(m->r->e, at, &n);
	for (uint32_t i = 0; i < n; i++)
		if (e[i].clause && e[i].clause->verb == VERB_BLOCKS && race_blurred(m->r) &&
			(e[i].clause->category == CAT_LOCK || e[i].clause->category == CAT_JOIN))
			return false;
	return true;
}

/* What runs while the task is suspended waits for the lock with the whole thread, and so with the one who has to give
 * it back: no second thread is needed, and the same function is enough. */
static void held_over_yield(struct telling *m, const struct stay *s, uint32_t locks)
{
	struct race *r = m->r;
	struct context *c = r->ctxs.v[s->ctx];
	for (uint32_t i = 0; i < uset_n(r, locks); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		uint32_t taken = NONE;
		for (uint32_t at = s->ctx; at != NONE && taken == NONE; at = r->ctxs.v[at]->parent)
			taken = context_taken(r->ctxs.v[at], l.addr);
		/* who waits for a lock of tasks lets others run */
		if (l.flags & (LOCK_SEM | LOCK_ONCE | LOCK_SHARED | LOCK_MAYBE) || (taken != NONE && suspends(r, taken)) ||
			!first(m, LOCK_YIELDS, s->site, 0))
			continue;
		telling_begin(m, LOCK_YIELDS, telling_name(m, c, l.addr), race_blurred(r) || suspends(r, s->at)->cond ? 0 : 1);
		telling_step(m, s->site, s->ctx, arena_printf(m->f->mem, "'%s' gives the thread to others", callee_text(m, s->at)));
		if (taken != NONE)
			telling_step(m, taken, NONE, "taken here");
		if (s->at != s->site)
			telling_step(m, s->at, NONE, "the call that does");
	}
}

static void held_there(struct telling *m, const struct stay *s, uint32_t locks, uint32_t moment)
{
	struct race *r = m->r;
	struct context *c = r->ctxs.v[s->ctx];
	for (uint32_t i = 0; i < uset_n(r, locks); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		uint32_t place = l.flags & (LOCK_SEM | LOCK_ONCE | LOCK_MAYBE) ? NONE : telling_place(r, c, l.addr);
		if (place == NONE || moment == MOMENT_INHERIT)
			continue;
		uint32_t w = waiter(m, place, moment, 0);
		if (w == NONE)
			continue; /* nobody waits for it */
		const char *name = telling_name(m, c, place), *call = callee_text(m, s->at);
		uint32_t told = 0;
		for (uint32_t k = w; k != NONE && told < MAX_WAITERS; k = waiter(m, place, moment, k + 1)) {
			const struct order *o = &r->orders.v[k];
			if (!in_task(m, o->ctx) || !first(m, LOCK_TASK, o->site, 0))
				continue;
			told++;
			telling_begin(m, LOCK_TASK, name, telling_certain(r, s->ctx) && waits_alone(m, s->at) ? 1 : 0);
			telling_step(m, o->site, o->ctx, arena_printf(m->f->mem, "waits for '%s'", name));
			telling_step(m, s->at, s->ctx, arena_printf(m->f->mem, "'%s' waits with '%s' held", call, name));
		}
		if (!first(m, LOCK_WAITS, s->at, place))
			continue;
		telling_begin(m, LOCK_WAITS, name, !race_blurred(r) && telling_certain(r, s->ctx) && telling_certain(r, r->orders.v[w].ctx) && waits_alone(m, s->at) ? 1 : 0);
		telling_step(m, s->site, s->ctx, arena_printf(m->f->mem, "'%s' waits with '%s' held", call, name));
		telling_step(m, r->orders.v[w].site, r->orders.v[w].ctx, arena_printf(m->f->mem, "waits for '%s'", name));
		if (s->at != s->site)
			telling_step(m, s->at, NONE, "the call that waits");
	}
}

static void fork_there(struct telling *m, const struct stay *s, uint32_t moment)
{
	struct race *r = m->r;
	if (moment == MOMENT_INHERIT)
		return;
	const struct moment *at = &r->moments.v[moment];
	bool others = r->threads.v[at->thread].kind == THREAD_CREATED || r->threads.v[at->thread].kind == THREAD_POOL;
	for (uint32_t k = 0; k < at->nchild && !others; k++)
		others = r->children.v[at->children + k].status != CHILD_DONE;
	/* a child that becomes another program right away is what fork is for */
	uint32_t fn = r->p->op_fn[s->site], n;
	const struct fn *f = &r->ir->fns[fn];
	for (uint32_t o = f->op; o < f->op + f->nop && others; o++) {
		const struct effect *e = r->ir->ops[o].kind == OP_CALL ? effects_at(r->e, o, &n) : NULL;
		for (uint32_t i = 0; e && i < n; i++)
			others &= !(e[i].clause && (e[i].clause->verb == VERB_EXECS || e[i].clause->verb == VERB_NORETURN));
	}
	if (!others || !first(m, THREAD_FORK, s->site, 0))
		return;
	telling_begin(m, THREAD_FORK, "", 1);
	telling_step(m, s->site, s->ctx, "forks");
}

static void stays(struct telling *m)
{
	struct race *r = m->r;
	for (uint32_t i = 0; i < r->stays.n; i++) {
		const struct stay *s = &r->stays.v[i];
		struct context *c = r->ctxs.v[s->ctx];
		struct around at[MAX_HELD];
		uint32_t n = held_at(m, c, s->locks, s->moment, at, COUNT(at));
		for (uint32_t k = 0; k < n; k++) {
			if (s->kind == STAY_FORKS)
				fork_there(m, s, at[k].moment);
			else if (uset_n(r, at[k].locks) && suspends(r, s->at))
				held_over_yield(m, s, at[k].locks);
			else
				held_there(m, s, at[k].locks, at[k].moment);
		}
	}
}

/* ---- all ---- */

static int by_place(const void *x, const void *y, void *ctx)
{
	const struct telling *m = ctx;
	const struct lock_use *a = x, *b = y;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	uint32_t s = m->steps.v[a->step].site, t = m->steps.v[b->step].site;
	return s < t ? -1 : s > t ? 1 : a->step < b->step ? -1 : 1;
}

void lock_uses(struct race *r, struct build *b)
{
	struct telling m = {.r = r, .b = b, .f = r->s->f};
	cycles(&m);
	callers_hold(r);
	twice(&m);
	misuses(&m);
	left(&m);
	stays(&m);
	locks_alone(&m);
	locks_big(&m);
	if (m.uses.n)
		qsort_r(m.uses.v, m.uses.n, sizeof *m.uses.v, by_place, &m);
	m.f->lock_uses = arena_alloc(m.f->mem, (m.uses.n + 1) * sizeof *m.uses.v);
	m.f->lock_steps = arena_alloc(m.f->mem, (m.steps.n + 1) * sizeof *m.steps.v);
	if (m.uses.n)
		memcpy(m.f->lock_uses, m.uses.v, m.uses.n * sizeof *m.uses.v);
	if (m.steps.n)
		memcpy(m.f->lock_steps, m.steps.v, m.steps.n * sizeof *m.steps.v);
	m.f->nlock_use = m.uses.n;
	vec_free(&m.uses);
	vec_free(&m.steps);
	vec_free(&m.edges);
	map_free(&m.seen);
}
