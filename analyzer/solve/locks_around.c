/* locks_around.c - what callers add to a context that does not look at it itself: locks held, moments.
 *
 * From the roots on along the calls that were found, in the symbols of the callee. What cannot be named there is a
 * symbol that stands for certain places. A context keeps what its callers hold apart, up to a number; then, for one
 * moment, what all of them hold.
 */
#include "solve/race.h"

#include <stdlib.h>

enum { MAX_AROUND = 64, MAX_AROUND_BLURRED = 8 };

static uint32_t move_val(struct race *r, const struct in_edge *e, uint32_t val)
{
	struct rval v = r->vals.v[val];
	if (v.kind != V_SYM)
		return v.kind == V_CONST ? val : VAL_UNKNOWN;
	for (uint32_t i = 0; i < e->nmap; i++) {
		struct rval from = r->vals.v[e->map[i].from];
		if (from.kind == V_SYM && from.a == v.a)
			return rval_sym(r, e->map[i].to, v.n - from.n);
	}
	return VAL_UNKNOWN;
}

static uint32_t move_addr(struct race *r, const struct in_edge *e, uint32_t addr)
{
	struct addr a = r->addrs.v[addr];
	uint32_t up;
	for (uint32_t i = 0; i < e->nmap; i++) {
		struct rval from = r->vals.v[e->map[i].from];
		if (from.kind == V_ADDR && from.a == addr && a.kind != ADDR_OBJ)
			return addr_sym(r, e->map[i].to);
		if (from.kind == V_SYM && !from.n && a.kind == ADDR_SYM && from.a == a.root)
			return addr_sym(r, e->map[i].to);
	}
	switch (a.kind) {
	case ADDR_OBJ:
		return addr;
	case ADDR_SYM:
		return NONE;
	case ADDR_OFF:
		up = move_addr(r, e, a.up);
		return up == NONE ? NONE : addr_off(r, up, a.n);
	default:
		up = move_addr(r, e, a.up);
		return up == NONE ? NONE : addr_idx(r, up, (uint32_t)a.n, move_val(r, e, a.idx));
	}
}

/* Locks held at a call, as the callee calls them. */
static uint32_t in_callee(struct race *r, const struct in_edge *e, struct context *from, uint32_t locks)
{
	uint32_t ids[MAX_SET], n = 0;
	for (uint32_t i = 0; i < uset_n(r, locks) && n < COUNT(ids); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		uint32_t addr = move_addr(r, e, l.addr);
		if (l.flags & LOCK_GIVEN)
			continue;
		if (addr == NONE && r->syms.v[r->addrs.v[l.addr].root].kind == RSYM_FOREIGN)
			addr = l.addr;
		if (addr == NONE)
			addr = addr_sym(r, race_sym(r, RSYM_FOREIGN, context_places(r, from, l.addr), NONE, 0));
		l.addr = addr;
		ids[n++] = lock_id(r, l);
	}
	return uset_of(r, ids, n);
}

static bool add_around(struct race *r, struct context *c, struct around a)
{
	for (uint32_t i = 0; i < c->around.n; i++)
		if (c->around.v[i].locks == a.locks && c->around.v[i].moment == a.moment)
			return false;
	if (c->around.n >= (race_blurred(r) ? MAX_AROUND_BLURRED : MAX_AROUND)) {
		uint32_t same = NONE;
		for (uint32_t i = 0; i < c->around.n; i++)
			if (c->around.v[i].moment == a.moment && (same == NONE || uset_n(r, c->around.v[i].locks) > uset_n(r, c->around.v[same].locks)))
				same = i;
		if (same != NONE) {
			struct around *both = &c->around.v[same];
			uint32_t locks = locks_meet(r, both->locks, a.locks);
			bool changed = locks != both->locks;
			both->locks = locks;
			return changed;
		}
		if (c->around.n >= 2 * MAX_AROUND)
			return false;
	}
	vec_add(&c->around, a);
	return true;
}

struct edge_to {
	uint32_t to, edge;
};

/* Hands what is around a context on along one call. */
static bool pass(struct race *r, struct context *c, struct context *to, struct in_edge e)
{
	bool changed = false;
	for (uint32_t k = 0; k < c->around.n; k++) {
		struct around a = c->around.v[k], b = {USET_EMPTY, MOMENT_INHERIT};
		uint32_t here = c->locks == LOCKS_INHERIT ? locks_within(r, c, a.locks, e.locks, false) : e.locks;
		if (to->locks == LOCKS_INHERIT)
			b.locks = in_callee(r, &e, c, here);
		if (to->moment == MOMENT_INHERIT)
			b.moment = e.moment != MOMENT_INHERIT ? e.moment : a.moment;
		changed |= add_around(r, to, b);
	}
	return changed;
}

void contexts_surround(struct race *r)
{
	VEC(uint32_t) todo = {0};
	/* edges by caller */
	uint32_t *first = xcalloc(r->ctxs.n + 2, sizeof *first), n = 0;
	for (uint32_t i = 0; i < r->ctxs.n; i++) {
		n += r->ctxs.v[i]->in.n;
		for (uint32_t k = 0; k < r->ctxs.v[i]->in.n; k++)
			first[r->ctxs.v[i]->in.v[k].from + 2]++;
	}
	for (uint32_t i = 0; i < r->ctxs.n; i++)
		first[i + 2] += first[i + 1];
	struct edge_to *out = xmalloc((n + 1) * sizeof *out);
	for (uint32_t i = 0; i < r->ctxs.n; i++)
		for (uint32_t k = 0; k < r->ctxs.v[i]->in.n; k++)
			out[first[r->ctxs.v[i]->in.v[k].from + 1]++] = (struct edge_to){i, k};
	/* now first[c] .. first[c + 1] are c's */
	for (uint32_t i = 0; i < r->ctxs.n; i++) {
		struct context *c = r->ctxs.v[i];
		c->queued = false;
		if (c->parent == NONE)
			add_around(r, c, (struct around){c->base, c->moment});
		else if (c->locks != LOCKS_INHERIT && c->moment != MOMENT_INHERIT)
			add_around(r, c, (struct around){USET_EMPTY, MOMENT_INHERIT});
		if (c->around.n) {
			vec_add(&todo, i);
			c->queued = true;
		}
	}
	for (uint32_t at = 0; at < todo.n; at++) {
		struct context *c = r->ctxs.v[todo.v[at]];
		c->queued = false;
		for (uint32_t x = first[todo.v[at]]; x < first[todo.v[at] + 1]; x++) {
			struct context *to = r->ctxs.v[out[x].to];
			if (pass(r, c, to, to->in.v[out[x].edge]) && !to->queued) {
				to->queued = true;
				vec_add(&todo, out[x].to);
			}
		}
	}
	free(first);
	free(out);
	vec_free(&todo);
}

bool context_holds(struct race *r, struct context *c, uint32_t locks, uint32_t addr)
{
	for (uint32_t i = 0; c->locks == LOCKS_INHERIT && i < c->around.n; i++) {
		uint32_t held = locks_within(r, c, c->around.v[i].locks, locks, false);
		bool was;
		locks_give(r, c, held, (struct lock){addr, 0, 1}, false, &was);
		if (was)
			return true;
	}
	return false;
}
