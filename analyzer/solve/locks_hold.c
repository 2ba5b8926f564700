/* locks_hold.c - sets of locks: what is held, and what taking and giving does to it.
 *
 * In most contexts a set is told in terms of the locks at the entry: those taken since and not given back, and, marked
 * LOCK_GIVEN, those of the caller's that were given back (Voung, Jhala, Lerner, "RELAY: Static Race Detection on
 * Millions of Lines of Code", 2007, call it a relative lockset). So a function is looked at once, whatever its callers
 * hold. Where threads are created below, sets are what is held: it counts which locks cover the life of a thread.
 *
 * A lock of the caller's that is given back and taken again is as if nothing had happened. What is given back without
 * having been taken on the way there, and goes by a name of the function's own, is taken for the caller's only if the
 * function never takes such a lock itself.
 */
#include "solve/race.h"

#include <stdlib.h>

uint32_t flow_the_lock(struct look *fl, uint32_t addr)
{
	struct race *r = fl->r;
	uint32_t places = context_places(r, fl->c, addr);
	if (uset_n(r, places) == 1 && addr_exact(r, uset_at(r, places, 0)) && (!addr_exact(r, addr)))
		return uset_at(r, places, 0);
	return addr;
}

static bool alias(struct race *r, struct context *c, uint32_t a, uint32_t b)
{
	uint32_t x = context_places(r, c, a), y = context_places(r, c, b);
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

/* Does the value mean something to a caller? */
static bool told_to_callers(const struct race *r, uint32_t val)
{
	struct rval v = r->vals.v[val];
	if (v.kind != V_SYM)
		return true;
	const struct rsym *y = &r->syms.v[v.a];
	if (y->kind == RSYM_BIN)
		return told_to_callers(r, y->b) && told_to_callers(r, y->c);
	return y->kind == RSYM_PARAM || y->kind == RSYM_FOREIGN;
}

/* A lock of the caller's, by a name that it knows: else by the places where it may be. */
static uint32_t callers_name(struct race *r, struct context *c, uint32_t addr)
{
	bool told = true;
	uint32_t a = addr;
	for (; r->addrs.v[a].kind >= ADDR_OFF && told; a = r->addrs.v[a].up)
		told = r->addrs.v[a].kind == ADDR_OFF || told_to_callers(r, r->addrs.v[a].idx);
	if (told && r->addrs.v[a].kind == ADDR_SYM)
		told = told_to_callers(r, rval_sym(r, r->addrs.v[a].root, 0));
	return told ? addr : addr_sym(r, race_sym(r, RSYM_FOREIGN, context_places(r, c, addr), NONE, 0));
}

/* ---- sets ---- */

uint32_t locks_find(const struct race *r, uint32_t locks, uint32_t addr, uint8_t flags)
{
	for (uint32_t i = 0; i < uset_n(r, locks); i++) {
		const struct lock *l = &r->locks.v[uset_at(r, locks, i)];
		if (l->addr == addr && (l->flags & (LOCK_ONCE | LOCK_GIVEN | LOCK_MAYBE)) == flags)
			return uset_at(r, locks, i);
	}
	return NONE;
}

uint32_t locks_perhaps(const struct race *r, uint32_t locks)
{
	for (uint32_t i = 0; i < uset_n(r, locks); i++)
		if (r->locks.v[uset_at(r, locks, i)].flags & LOCK_MAYBE)
			return uset_at(r, locks, i);
	return NONE;
}

static uint32_t with_count(struct race *r, uint32_t locks, uint32_t old, uint32_t count)
{
	struct lock l = r->locks.v[old];
	l.count = (uint8_t)(count < 3 ? count : 3);
	locks = uset_del(r, locks, old);
	return count ? uset_add(r, locks, lock_id(r, l)) : locks;
}

uint32_t locks_take(struct race *r, uint32_t locks, struct lock l)
{
	uint32_t once = l.flags & LOCK_ONCE, given = locks_find(r, locks, l.addr, LOCK_GIVEN);
	uint32_t have = locks_find(r, locks, l.addr, once);
	if (l.flags & LOCK_MAYBE)
		return uset_add(r, locks, lock_id(r, l));
	if (given != NONE && !(l.flags & (LOCK_SHARED | LOCK_ONCE)))
		return uset_del(r, locks, given);
	if (have == NONE)
		return uset_n(r, locks) + 1 < MAX_SET ? uset_add(r, locks, lock_id(r, l)) : locks;
	struct lock h = r->locks.v[have];
	uint32_t count = l.flags & (LOCK_SEM | LOCK_ONCE) ? h.count : h.count + (uint32_t)l.count;
	h.flags &= l.flags | ~LOCK_SHARED;
	h.count = (uint8_t)(count < 3 ? count : 3);
	return uset_add(r, uset_del(r, locks, have), lock_id(r, h));
}

uint32_t locks_give(struct race *r, struct context *c, uint32_t locks, struct lock l, bool relative, bool *was)
{
	uint32_t have = locks_find(r, locks, l.addr, 0), out = locks;
	*was = true;
	if (have != NONE) {
		uint32_t count = r->locks.v[have].count;
		return with_count(r, locks, have, count > l.count ? count - l.count : 0);
	}
	for (uint32_t i = 0; i < uset_n(r, locks); i++) {
		uint32_t id = uset_at(r, locks, i);
		struct lock h = r->locks.v[id];
		if (!(h.flags & (LOCK_ONCE | LOCK_GIVEN | LOCK_MAYBE)) && (h.flags & LOCK_SEM) == (l.flags & LOCK_SEM) && alias(r, c, h.addr, l.addr))
			out = uset_del(r, out, id);
	}
	*was = out != locks || locks_perhaps(r, locks) != NONE;
	if (*was || !relative)
		return out;
	uint32_t name = callers_name(r, c, l.addr);
	for (uint32_t i = 0; name != l.addr && i < uset_n(r, c->took); i++)
		if (alias(r, c, uset_at(r, c->took, i), l.addr))
			return out; /* the one that was taken here on some other way */
	l = (struct lock){name, LOCK_GIVEN | (l.flags & LOCK_SEM), 1};
	return uset_n(r, locks) + 1 < MAX_SET ? uset_add(r, locks, lock_id(r, l)) : locks;
}

uint32_t locks_within(struct race *r, struct context *c, uint32_t around, uint32_t here, bool relative)
{
	bool was;
	if (here == USET_EMPTY)
		return around;
	for (int given = 1; given >= 0; given--)
		for (uint32_t i = 0; i < uset_n(r, here); i++) {
			struct lock l = r->locks.v[uset_at(r, here, i)];
			if (given && l.flags & LOCK_GIVEN)
				around = locks_give(r, c, around, l, relative, &was);
			else if (!given && !(l.flags & LOCK_GIVEN))
				around = locks_take(r, around, l);
		}
	return around;
}

uint32_t locks_meet(struct race *r, uint32_t a, uint32_t b)
{
	uint32_t both = uset_meet(r, a, b);
	for (int side = 0; side < 2; side++) {
		uint32_t some = side ? a : b;
		for (uint32_t i = 0; i < uset_n(r, some); i++) {
			struct lock l = r->locks.v[uset_at(r, some, i)];
			if (uset_has(r, both, uset_at(r, some, i)))
				continue;
			if (!(l.flags & LOCK_GIVEN)) /* which one does not count: it would keep states apart again */
				l = (struct lock){addr_sym(r, race_sym(r, RSYM_FOREIGN, USET_MANY, NONE, 0)), LOCK_MAYBE, 1};
			if (uset_n(r, both) + 1 < MAX_SET)
				both = uset_add(r, both, lock_id(r, l));
		}
	}
	return both;
}

/* ---- taking and giving ---- */

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

void flow_lock(struct look *fl, struct state *s, uint32_t addr, uint8_t flags)
{
	struct race *r = fl->r;

	addr = flow_the_lock(fl, addr);
	if (!(flags & (LOCK_TRIED | LOCK_SEM | LOCK_ONCE))) {
		struct order o = {addr, fl->id, fl->op, s->locks, s->moment, flags};
		uint32_t *seen = map_slot(&r->order_seen, hash_bytes(&o, sizeof o), 0);
		if (!*seen)
			vec_add(&r->orders, o);
		*seen = 1;
	}
	s->locks = locks_take(r, s->locks, (struct lock){addr, flags, 1});
	took(fl->c, addr, fl->op);
	fl->c->took = uset_add(r, fl->c->took, addr);
	if (flags & LOCK_SEM)
		r->sems = uset_union(r, r->sems, context_places(r, fl->c, addr));
	if (!(flags & LOCK_ONCE) && s->moment != MOMENT_INHERIT)
		s->moment = moment_lock(r, s->moment, addr);
}

void flow_unlock(struct look *fl, struct state *s, uint32_t addr)
{
	struct race *r = fl->r;
	uint32_t before = s->locks;
	bool was;

	addr = flow_the_lock(fl, addr);
	if (locks_find(r, before, addr, 0) != NONE)
		gave(fl->c, addr, fl->op);
	s->locks = locks_give(r, fl->c, before, (struct lock){addr, 0, 1}, fl->c->locks == LOCKS_INHERIT, &was);
	if (was)
		map_put(&r->unlocks, fl->op, 1);
	else
		misuse_add(r, (struct misuse){MISUSE_NOT_HELD, fl->id, fl->op, addr, NONE, before});
	if (s->moment == MOMENT_INHERIT)
		return;
	if (!was) { /* one of the caller's */
		s->moment = moment_unlock(r, s->moment, addr);
		return;
	}
	for (uint32_t i = 0; i < uset_n(r, before); i++) {
		struct lock l = r->locks.v[uset_at(r, before, i)];
		if (!(l.flags & (LOCK_ONCE | LOCK_GIVEN)) && locks_find(r, s->locks, l.addr, 0) == NONE)
			s->moment = moment_unlock(r, s->moment, l.addr);
	}
}

void flow_post(struct look *fl, struct state *s, uint32_t addr)
{
	struct race *r = fl->r;
	uint32_t before = s->locks;
	bool was;

	addr = flow_the_lock(fl, addr);
	if (locks_find(r, before, addr, 0) != NONE) {
		flow_unlock(fl, s, addr);
		return;
	}
	misuse_add(r, (struct misuse){MISUSE_POSTED, fl->id, fl->op, addr, NONE, before});
	if (fl->c->locks == LOCKS_INHERIT && uset_meet(r, r->sems, context_places(r, fl->c, addr)) != USET_EMPTY)
		s->locks = locks_give(r, fl->c, before, (struct lock){addr, LOCK_SEM, 1}, true, &was);
}
