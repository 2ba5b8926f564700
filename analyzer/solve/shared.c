/* shared.c - accesses in pairs: which may happen at once, to one place, without a lock in common.
 *
 * Locks are compared from the accessed place's point of view, because "the lock of this element" has no other name: a
 * lock is an object that there is one of; or the same object as the place, at some distance; or an array's element
 * whose index is the place's, plus a constant; or one of these of the objects that led to the place (it was read
 * from slot[i], and lock[i] is held). What two threads reach through one place of a table is taken to be guarded by
 * that place's lock: a list that hangs in two slots at once is not seen.
 *
 * needs: contexts with accesses, moments      gives: uses, and which of them race
 */
#include "solve/race.h"

#include <stdlib.h>

enum { MAX_LEVELS = 5, MAX_TARGETS = 12 };

/* ---- locks seen from a place ---- */

struct view { /* of one access and one place that it may be */
	struct race *r;
	struct context *c;
	uint32_t target;	  /* what the root symbol is taken for; NONE: the root is an object */
	uint32_t place;
	uint32_t level[MAX_LEVELS]; /* 0: the access; then where the pointer to it was read from, and so on */
	uint32_t nlevel;
};

static struct view view_of(struct race *r, struct context *c, uint32_t addr, uint32_t target, uint32_t place)
{
	struct view v = {.r = r, .c = c, .target = target, .place = place};
	while (v.nlevel < MAX_LEVELS) {
		v.level[v.nlevel++] = addr;
		const struct symattr *a = addr_on_sym(r, addr) ? context_find_attr(c, r->addrs.v[addr].root) : NULL;
		if (!a || a->origin == NONE)
			break;
		addr = a->origin;
	}
	return v;
}

/* What hangs at which distances: that two accesses came the same way, up to indices. */
static uint64_t shape(const struct view *v, uint32_t upto)
{
	uint64_t h = upto;
	for (uint32_t i = 1; i <= upto; i++) {
		uint32_t obj;
		int32_t off;
		bool known = addr_cell(v->r, v->level[i], &obj, &off);
		h = hash_mix(h, (uint64_t)(known ? obj : NONE) << 32 | (uint32_t)off);
	}
	return h;
}

static uint32_t number(struct race *r, uint64_t h)
{
	return race_sym(r, RSYM_LOST, (uint32_t)h, (uint32_t)(h >> 32), 2);
}

/* The index of a lock in terms of those on the way to the place: (level, position, constant). */
static bool index_of(const struct view *v, uint32_t idx, uint64_t *h, uint32_t *deepest)
{
	struct race *r = v->r;
	struct rval x = r->vals.v[idx];
	if (x.kind != V_SYM)
		return false;
	for (uint32_t l = 0; l < v->nlevel; l++) {
		uint32_t pos = 0;
		for (uint32_t a = v->level[l]; r->addrs.v[a].kind >= ADDR_OFF; a = r->addrs.v[a].up) {
			if (r->addrs.v[a].kind != ADDR_IDX)
				continue;
			struct rval y = r->vals.v[r->addrs.v[a].idx];
			if (y.kind == V_SYM && y.a == x.a) {
				*h = hash_mix(hash_mix(*h, 0x1d0 + l), (uint64_t)pos << 32 ^ (uint64_t)(x.n - y.n));
				*deepest = l > *deepest ? l : *deepest;
				return true;
			}
			pos++;
		}
	}
	return false;
}

/* A constant index beside a constant one of the place: m[4] for data[4], as m[i] for data[i]. */
static bool index_beside(const struct view *v, uint32_t idx, uint64_t *h)
{
	const struct race *r = v->r;
	uint32_t pos = 0;
	for (uint32_t a = v->level[0]; r->addrs.v[a].kind >= ADDR_OFF; a = r->addrs.v[a].up) {
		if (r->addrs.v[a].kind != ADDR_IDX)
			continue;
		struct rval y = r->vals.v[r->addrs.v[a].idx];
		if (y.kind == V_CONST) {
			*h = hash_mix(hash_mix(*h, 0x1d0), (uint64_t)pos << 32 ^ (uint64_t)(r->vals.v[idx].n - y.n));
			return true;
		}
		pos++;
	}
	return false;
}

/* The steps of a lock behind a start that is named by h. Up to two names: with constant indices, and relative ones. */
static uint32_t name_steps(const struct view *v, uint32_t addr, uint64_t h, uint32_t deepest, uint32_t names[2])
{
	struct race *r = v->r;
	uint32_t chain[32], n = 0;
	uint64_t rel = h;
	bool by_const = true, by_rel = true, differ = false;

	for (uint32_t a = addr; r->addrs.v[a].kind >= ADDR_OFF && n < COUNT(chain); a = r->addrs.v[a].up)
		chain[n++] = a;
	while (n) {
		const struct addr *a = &r->addrs.v[chain[--n]];
		if (a->kind == ADDR_OFF) {
			h = hash_mix(h, (uint32_t)a->n);
			rel = hash_mix(rel, (uint32_t)a->n);
			continue;
		}
		if (r->vals.v[a->idx].kind == V_CONST) {
			h = hash_mix(h, hash_mix(0xc0, (uint64_t)r->vals.v[a->idx].n));
			if (index_beside(v, a->idx, &rel))
				differ = true;
			else
				rel = hash_mix(rel, hash_mix(0xc0, (uint64_t)r->vals.v[a->idx].n));
		} else {
			by_const = false;
			if (!index_of(v, a->idx, &rel, &deepest))
				by_rel = false;
			differ = true;
		}
	}
	n = 0;
	if (by_const)
		names[n++] = number(r, hash_mix(h, shape(v, deepest)));
	if (by_rel && differ)
		names[n++] = number(r, hash_mix(rel, shape(v, deepest)));
	return n;
}

/* Names of a lock as seen from the place; 0: it is not known to be this place's. */
static uint32_t name_lock(const struct view *v, uint32_t lock, uint32_t names[2])
{
	struct race *r = v->r;
	uint32_t root = r->addrs.v[lock].root;

	if (!addr_on_sym(r, lock)) {
		if (!r->pt->objs.v[root].once)
			return 0;
		return name_steps(v, lock, hash_mix(0x0b1, root), 0, names);
	}
	if (v->target != NONE && r->addrs.v[v->level[0]].root == root && addr_on_sym(r, v->level[0])) {
		uint32_t at = addr_rebase(r, lock, v->target), obj = r->addrs.v[v->target].root;
		if (addr_exact(r, v->target) && r->pt->objs.v[obj].once)
			return name_steps(v, at, hash_mix(0x0b1, obj), 0, names);
		/* the same element, or object, whichever it is */
		return name_steps(v, lock, hash_mix(0x5e1f, hash_mix(obj, v->target)), 0, names);
	}
	for (uint32_t l = 1; l < v->nlevel; l++)
		if (addr_on_sym(r, v->level[l]) && r->addrs.v[v->level[l]].root == root)
			return name_steps(v, lock, hash_mix(0xab0e, l), l, names);
	return 0;
}

/* ---- uses ---- */


static uint32_t own_site(const struct race *r, const struct view *v)
{
	for (uint32_t l = 0; l < v->nlevel; l++) {
		uint32_t a = v->level[l];
		for (; r->addrs.v[a].kind >= ADDR_OFF; a = r->addrs.v[a].up) {
			struct rval i = r->addrs.v[a].kind == ADDR_IDX ? r->vals.v[r->addrs.v[a].idx] : (struct rval){0};
			const struct symattr *x = i.kind == V_SYM ? context_find_attr(v->c, i.a) : NULL;
			if (x && x->own != NONE)
				return x->own;
		}
		const struct symattr *x = r->addrs.v[a].kind == ADDR_SYM ? context_find_attr(v->c, r->addrs.v[a].root) : NULL;
		if (x && x->own != NONE)
			return x->own;
	}
	return NONE;
}

/* Is the place reached from one that there is once in a run? */
static bool rooted(const struct race *r, const struct view *v)
{
	for (uint32_t l = 0; l < v->nlevel; l++)
		if (!addr_on_sym(r, v->level[l]) && r->pt->objs.v[r->addrs.v[v->level[l]].root].once)
			return true;
	return v->target != NONE && r->pt->objs.v[r->addrs.v[v->target].root].once;
}

/* For people: the lock behind a name. */
static void name_it(struct pairs *ps, const struct view *v, uint32_t name, uint32_t lock)
{
	struct race *r = ps->r;
	if (map_get(&ps->name_of, name) != NONE)
		return;
	uint32_t root = r->addrs.v[lock].root, at = lock;
	bool same = addr_on_sym(r, lock) && v->target != NONE && addr_on_sym(r, v->level[0]) && r->addrs.v[v->level[0]].root == root;
	if (same) {
		at = addr_rebase(r, lock, v->target);
	} else if (addr_on_sym(r, lock)) {
		uint32_t places = context_places(r, v->c, lock);
		at = uset_n(r, places) ? uset_at(r, places, 0) : lock;
	}
	struct place_name pn = race_place_leaf(r, r->s->f->mem, race_place_name(r, r->s->f->mem, at), 4);
	struct lock_name n = {.text = pn.text, .field = pn.field, .near = same, .global = NONE};
	const struct obj *o = addr_on_sym(r, at) ? NULL : &r->pt->objs.v[r->addrs.v[at].root];
	if (o && o->kind == OBJ_GLOBAL)
		n.global = o->id;
	n.near |= o && r->addrs.v[at].root == r->addrs.v[v->place].root;
	map_put(&ps->name_of, name, ps->names.n);
	vec_add(&ps->names, n);
}

/* What the locks are called from there. */
static void name_locks(struct pairs *ps, const struct view *v, uint32_t locks, struct use *u)
{
	struct race *r = ps->r;
	uint32_t must[2 * MAX_SET], nmust = 0, shared[2 * MAX_SET], nshared = 0;

	for (uint32_t i = 0; i < uset_n(r, locks); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		u->maybe |= l.flags & LOCK_MAYBE;
		if (l.flags & (LOCK_GIVEN | LOCK_MAYBE))
			continue;
		uint32_t names[2], n = name_lock(v, l.addr, names);
		uint32_t init = l.flags & LOCK_SEM ? map_get(&r->init_value, l.addr) : 1;
		if (l.flags & LOCK_SEM && (uset_has(r, r->posted, l.addr) || (init != NONE && init != 1)))
			continue;
		for (uint32_t k = 0; k < n && nmust < COUNT(must); k++) {
			if (l.flags & LOCK_ONCE)
				names[k] = number(r, hash_mix(names[k], 0x07ce));
			else
				name_it(ps, v, names[k], l.addr);
			must[nmust++] = names[k];
			if (l.flags & LOCK_SHARED)
				shared[nshared++] = names[k];
		}
		if (!n)
			u->classes = uset_union(r, u->classes, context_places(r, v->c, l.addr));
	}
	u->must = uset_of(r, must, nmust);
	u->shared = uset_of(r, shared, nshared);
}

static uint32_t pairs_of(struct race *r, uint32_t locks, uint32_t moment)
{
	uint32_t set = USET_EMPTY;
	for (uint32_t i = 0; i < uset_n(r, locks); i++) {
		struct lock l = r->locks.v[uset_at(r, locks, i)];
		if (addr_exact(r, l.addr) && !(l.flags & (LOCK_SHARED | LOCK_ONCE | LOCK_SEM | LOCK_MAYBE)) && uset_has(r, r->created_under, l.addr))
			set = uset_add(r, set, thread_pair(r, l.addr, r->moments.v[moment].thread));
	}
	return set;
}

static void add_use(struct pairs *ps, struct use u)
{
	uint64_t h = hash_mix(hash_mix((uint64_t)u.must << 32 | u.shared, (uint64_t)u.moment << 32 | u.own),
		hash_mix(hash_mix((uint64_t)u.classes << 32 | u.size, u.own_pairs), u.maybe));
	uint32_t kind = u.flags & (ACC_WRITE | ACC_ATOMIC | ACC_FREE);
	u.alike = hash_mix(hash_mix(h, (uint64_t)u.place << 32 | kind), u.direct ? ps->r->ctxs.v[u.ctx]->fn : NONE);
	uint32_t *slot = map_slot(&ps->seen, hash_mix(u.alike, (uint64_t)u.site << 8 | u.flags), 0);
	if (*slot)
		return;
	*slot = 1;
	vec_add(&ps->uses, u);
}

/* Distinct locks, and for each the distinct classes of moments, that an access is made under. */
static void expand_at(struct pairs *ps, const struct use *proto, const struct view *v, const struct access *a)
{
	struct race *r = ps->r;
	struct context *c = v->c;
	bool relative = c->locks == LOCKS_INHERIT;
	uint32_t n = relative || a->moment == MOMENT_INHERIT ? c->around.n : 1;
	uint32_t *locks = xmalloc((n + 1) * sizeof *locks);

	for (uint32_t i = 0; i < n; i++)
		locks[i] = relative ? locks_within(r, c, c->around.v[i].locks, a->locks, false) : a->locks;
	for (uint32_t i = 0; i < n; i++) {
		bool seen = false;
		for (uint32_t k = 0; k < i && !seen; k++)
			seen = locks[k] == locks[i];
		if (seen)
			continue;
		struct use u = *proto;
		name_locks(ps, v, locks[i], &u);
		for (uint32_t k = i; k < n; k++) {
			if (locks[k] != locks[i])
				continue;
			uint32_t moment = a->moment == MOMENT_INHERIT ? c->around.v[k].moment : a->moment;
			if (moment == MOMENT_INHERIT)
				continue;
			u.moment = ps->class_of[moment];
			u.own_pairs = pairs_of(r, locks[i], moment);
			add_use(ps, u);
			if (a->moment != MOMENT_INHERIT)
				break;
		}
	}
	free(locks);
}

static void expand(struct pairs *ps, uint32_t ctx)
{
	struct race *r = ps->r;
	struct context *c = r->ctxs.v[ctx];

	for (uint32_t i = 0; i < c->accs.n; i++) {
		struct access a = c->accs.v[i];
		bool on_sym = addr_on_sym(r, a.addr);
		const struct symattr *at = on_sym ? context_find_attr(c, r->addrs.v[a.addr].root) : NULL;
		uint32_t set = at ? at->set : USET_EMPTY, ntarget = on_sym ? uset_n(r, set) : 1;
		if (ntarget > MAX_TARGETS)
			continue; /* no more is known than that it is a pointer */
		for (uint32_t t = 0; t < ntarget; t++) {
			uint32_t target = on_sym ? uset_at(r, set, t) : NONE;
			uint32_t place = context_places(r, c, on_sym ? addr_rebase(r, a.addr, target) : a.addr);
			struct use u = {.ctx = ctx, .acc = i, .site = a.site, .flags = a.flags, .size = a.size, .direct = !on_sym};
			u.place = uset_n(r, place) ? uset_at(r, place, 0) : NONE;
			if (u.place == NONE || !addr_cell(r, u.place, &u.obj, &u.off) || !escape_shared(r, u.obj, u.off, a.size))
				continue;
			const struct obj *o = &r->pt->objs.v[u.obj];
			if (u.off < 0 || (o->size && (uint32_t)u.off >= o->size && u.off))
				continue;
			struct view v = view_of(r, c, a.addr, target, u.place);
			u.own = own_site(r, &v);
			u.rooted = rooted(r, &v);
			expand_at(ps, &u, &v, &a);
		}
	}
}

/* ---- moments that coincide with the same others are one ---- */

static void classify_moments(struct pairs *ps, struct arena *mem)
{
	struct race *r = ps->r;
	uint32_t n = r->moments.n, nused = 0;
	uint32_t *used = xmalloc((n + 1) * sizeof *used);
	uint8_t *is_used = xcalloc(n + 1, 1);
	struct map rows = {0};

	for (uint32_t i = 0; i < r->ctxs.n; i++) {
		const struct context *c = r->ctxs.v[i];
		for (uint32_t k = 0; k < c->accs.n; k++)
			if (c->accs.v[k].moment != MOMENT_INHERIT)
				is_used[c->accs.v[k].moment] = 1;
		for (uint32_t k = 0; k < c->around.n && c->accs.n; k++)
			if (c->around.v[k].moment != MOMENT_INHERIT)
				is_used[c->around.v[k].moment] = 1;
	}
	for (uint32_t i = 0; i < n; i++)
		if (is_used[i])
			used[nused++] = i;
	ps->class_of = arena_alloc(mem, (n + 1) * sizeof *ps->class_of);
	ps->meets = arena_alloc(mem, (n + 1) * sizeof *ps->meets);
	for (uint32_t i = 0; i < nused; i++)
		ps->meets[used[i]] = bits_new(mem, n);
	for (uint32_t i = 0; i < nused; i++)
		for (uint32_t k = i; k < nused; k++)
			if (moments_coincide(r, used[i], used[k])) {
				bits_set(&ps->meets[used[i]], used[k]);
				bits_set(&ps->meets[used[k]], used[i]);
			}
	for (uint32_t i = 0; i < nused; i++) {
		const struct bits *b = &ps->meets[used[i]];
		uint64_t h = hash_mix(hash_bytes(b->w, (n + 63) / 64 * sizeof *b->w), r->moments.v[used[i]].thread);
		ps->class_of[used[i]] = *map_slot(&rows, h, used[i]);
	}
	map_free(&rows);
	free(used);
	free(is_used);
}

/* ---- pairs ---- */

static bool locked(const struct race *r, const struct use *a, const struct use *b)
{
	for (uint32_t i = 0; i < uset_n(r, a->must); i++) {
		uint32_t l = uset_at(r, a->must, i);
		if (uset_has(r, b->must, l) && !(uset_has(r, a->shared, l) && uset_has(r, b->shared, l)))
			return true;
	}
	return false;
}

bool uses_race(struct pairs *ps, const struct use *a, const struct use *b)
{
	struct race *r = ps->r;
	const struct obj *o = &r->pt->objs.v[a->obj];

	if (!((a->flags | b->flags) & ACC_WRITE) || (a->flags & b->flags & ACC_ATOMIC))
		return false;
	if (!bits_get(&ps->meets[a->moment], b->moment))
		return false;
	if (a->own != NONE && a->own == b->own)
		return false; /* each has its own, or the same one after another */
	if (locked(r, a, b) || !addr_overlap(r, a->place, a->size, b->place, b->size))
		return false;
	uint32_t s = r->moments.v[a->moment].thread, t = r->moments.v[b->moment].thread;
	if (a->flags & b->flags & ACC_VOLATILE && (r->threads.v[s].kind == THREAD_SIGNAL || r->threads.v[t].kind == THREAD_SIGNAL))
		return false; /* C11 5.1.2.3: what volatile sig_atomic_t is for */
	if (o->kind == OBJ_LOCAL && a->direct && b->direct && (s == t || r->ctxs.v[a->ctx]->fn == r->ctxs.v[b->ctx]->fn))
		return false; /* each in its own activation */
	return !threads_excluded(r, s, t, a->own_pairs, b->own_pairs) && !threads_excluded(r, t, s, b->own_pairs, a->own_pairs);
}

/* ---- all ---- */

static int by_place(const void *x, const void *y)
{
	const struct use *a = x, *b = y;
	if (a->obj != b->obj)
		return a->obj < b->obj ? -1 : 1;
	if (a->off != b->off)
		return a->off < b->off ? -1 : 1;
	if (a->alike != b->alike)
		return a->alike < b->alike ? -1 : 1;
	if (a->site != b->site)
		return a->site < b->site ? -1 : 1;
	return a->ctx != b->ctx ? (a->ctx < b->ctx ? -1 : 1) : a->acc < b->acc ? -1 : a->acc > b->acc;
}

void solve_shared(struct race *r)
{
	struct pairs ps = {.r = r};
	struct arena *mem = arena_new();

	classify_moments(&ps, mem);
	for (uint32_t i = 0; i < r->ctxs.n; i++)
		expand(&ps, i);
	if (ps.uses.n)
		qsort(ps.uses.v, ps.uses.n, sizeof *ps.uses.v, by_place);
	shared_objects(&ps);
	vec_free(&ps.uses);
	vec_free(&ps.names);
	map_free(&ps.name_of);
	map_free(&ps.seen);
	arena_free(mem);
}

enum { LARGE_OPS = 50000 };

void solve_races(struct solver *s)
{
	struct race r = {.s = s, .p = s->p, .ir = s->ir, .e = s->e, .mem = arena_new()};
	bool any = false;

	for (uint32_t i = 0; i < s->e->n && !any; i++)
		any = s->e->e[i].clause ? s->e->e[i].clause->verb == VERB_LOCKS
					: s->e->e[i].callback->ctx == CTX_THREAD || s->e->e[i].callback->ctx == CTX_POOL;
	for (uint32_t i = 0; i < s->f->nentry && !any; i++)
		any = s->f->entries[i].ctx == CTX_THREAD || s->f->entries[i].ctx == CTX_POOL || s->f->entries[i].ctx == CTX_SIGNAL;
	s->f->races_left = any && !s->deep && s->ir->nops > LARGE_OPS;
	if (any && !s->f->races_left) {
		r.pt = points_build(s, r.mem);
		solve_escape(&r);
		solve_locks(&r);
		if (!r.gave_up)
			solve_shared(&r);
		s->f->races_left = r.gave_up;
	}
	race_free(&r);
}
