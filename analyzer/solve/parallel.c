/* parallel.c - threads, moments of threads, and which two moments may coincide.
 *
 * A thread is where it is started: the call, the thread that makes it, the function. A moment is what its thread has
 * behind it: the threads it has started and not yet joined, those it knows to have ended, barriers it has passed, and
 * which locks it has taken since it was started. Two moments cannot coincide if one thread was not started yet, or
 * has ended, at the other one's moment; nor if a lock, held by an ancestor since before the one was started, had to be
 * released in between (Schwarz, Erhard, "The Digest Framework", 2024, describes such histories).
 *
 * needs: contexts (asked while they are made)      gives: moments, threads, moments_coincide()
 */
#include "solve/race.h"

#include <stdlib.h>

/* ---- moments ---- */

uint32_t moment_id(struct race *r, const struct moment *m, const struct child *children)
{
	uint64_t h = hash_mix((uint64_t)m->thread << 32 | m->lh, (uint64_t)m->met << 32 | m->may_met);
	for (uint32_t i = 0; i < m->nchild; i++)
		h = hash_mix(h, hash_mix((uint64_t)children[i].thread << 8 | children[i].status, children[i].since));
	uint32_t *slot = map_slot(&r->moment_of, h, r->moments.n);
	if (*slot == r->moments.n) {
		struct moment add = *m;
		add.children = r->children.n;
		for (uint32_t i = 0; i < m->nchild; i++)
			vec_add(&r->children, children[i]);
		vec_add(&r->moments, add);
	}
	return *slot;
}

enum { MAX_CHILDREN = 256 };
static struct moment copy_of(const struct race *r, uint32_t id, struct child *children)
{
	struct moment m = r->moments.v[id];
	if (m.nchild)
		memcpy(children, r->children.v + m.children, m.nchild * sizeof *children);
	return m;
}

uint32_t moment_start(struct race *r, uint32_t thread, uint32_t from)
{
	struct moment m = {.thread = thread};
	if (from != NONE)
		m.lh = r->moments.v[from].lh;
	return moment_id(r, &m, NULL);
}

static struct child *child(struct moment *m, struct child *c, uint32_t thread, bool make)
{
	uint32_t i = 0;
	while (i < m->nchild && c[i].thread < thread)
		i++;
	if (i < m->nchild && c[i].thread == thread)
		return &c[i];
	if (!make || m->nchild >= MAX_CHILDREN)
		return NULL;
	memmove(c + i + 1, c + i, (m->nchild - i) * sizeof *c);
	m->nchild++;
	c[i] = (struct child){.thread = thread};
	return &c[i];
}

static uint8_t status(const struct race *r, uint32_t moment, uint32_t thread)
{
	const struct moment *m = &r->moments.v[moment];
	for (uint32_t i = 0; i < m->nchild; i++)
		if (r->children.v[m->children + i].thread == thread)
			return r->children.v[m->children + i].status;
	return 0;
}

uint32_t moment_weaker(struct race *r, uint32_t a, uint32_t b)
{
	struct child x[MAX_CHILDREN + 1], y[MAX_CHILDREN + 1];
	if (a == b || a == MOMENT_INHERIT || b == MOMENT_INHERIT)
		return a;
	struct moment m = copy_of(r, a, x), n = copy_of(r, b, y);
	for (uint32_t i = 0; i < n.nchild; i++) {
		struct child *c = child(&m, x, y[i].thread, false);
		if (!c) {
			c = child(&m, x, y[i].thread, true);
			if (c)
				*c = y[i];
		} else if (c->status == CHILD_DONE || y[i].status == CHILD_DONE) {
			if (c->status == CHILD_DONE)
				*c = y[i];
		} else {
			c->status = c->status > y[i].status ? c->status : y[i].status;
			c->since = uset_meet(r, c->since, y[i].since);
		}
	}
	m.lh = uset_meet(r, m.lh, n.lh);
	m.met = uset_meet(r, m.met, n.met);
	m.may_met = uset_union(r, m.may_met, n.may_met);
	return moment_id(r, &m, x);
}

/* ---- threads ---- */

uint32_t thread_get(struct race *r, enum thread_kind kind, uint32_t parent, uint32_t site, uint32_t inst, uint32_t fn)
{
	/* A thread that starts itself again and again is one, with many instances. */
	for (uint32_t p = parent; p != NONE; p = r->threads.v[p].parent)
		if (r->threads.v[p].site == site && r->threads.v[p].fn == fn && r->threads.v[p].inst == inst) {
			r->threads.v[p].many = true;
			return p;
		}
	uint64_t h = hash_mix(hash_mix(kind | (uint64_t)parent << 8, (uint64_t)site << 32 | inst), fn);
	uint32_t *slot = map_slot(&r->thread_of, h, r->threads.n);
	if (*slot != r->threads.n)
		return *slot;
	struct thread t = {.kind = kind, .parent = parent, .site = site, .inst = inst, .fn = fn, .entry = NONE};
	t.many = kind == THREAD_POOL || kind == THREAD_OPEN;
	const struct facts *f = r->s->f;
	for (uint32_t i = 0; i < f->nentry && t.entry == NONE; i++)
		if (f->entries[i].fn == fn && f->entries[i].head == NONE && kind != THREAD_LOOP)
			t.entry = i;
	vec_add(&r->threads, t);
	return r->threads.n - 1;
}

bool thread_many(const struct race *r, uint32_t thread)
{
	for (; thread != NONE; thread = r->threads.v[thread].parent)
		if (r->threads.v[thread].many)
			return true;
	return false;
}

static void again(struct race *r, uint32_t thread)
{
	for (uint32_t i = 0; i < r->threads.v[thread].joiners.n; i++)
		context_again(r, r->threads.v[thread].joiners.v[i]);
}

static uint32_t pair(struct race *r, uint32_t addr, uint32_t thread)
{
	return race_sym(r, RSYM_LOST, addr, thread, 1); /* any number that stands for the two */
}

uint32_t moment_create(struct race *r, uint32_t moment, uint32_t thread, uint32_t held)
{
	struct child c[MAX_CHILDREN + 1];
	struct moment m = copy_of(r, moment, c);
	struct thread *t = &r->threads.v[thread];
	if (thread_many(r, m.thread)) { /* another instance of its creator may be anywhere */
		t->many = true;
		return moment;
	}
	uint32_t now = USET_EMPTY, under = r->threads.v[m.thread].under;
	bool have = false;

	for (uint32_t i = 0; i < uset_n(r, held); i++) {
		struct lock l = r->locks.v[uset_at(r, held, i)];
		if (!addr_exact(r, l.addr) || l.flags & (LOCK_SHARED | LOCK_SEM | LOCK_ONCE | LOCK_MAYBE))
			continue;
		now = uset_add(r, now, l.addr);
		under = uset_add(r, under, pair(r, l.addr, m.thread));
	}
	for (uint32_t i = 0; i < t->before.n; i++)
		have |= t->before.v[i] == moment;
	if (!have)
		vec_add(&t->before, moment);
	t->under = t->begun ? uset_meet(r, t->under, under) : under;
	t->begun = true;
	r->created_under = uset_union(r, r->created_under, now);
	struct child *x = child(&m, c, thread, true);
	if (x && (x->status == CHILD_LIVE || x->status == CHILD_MANY)) {
		x->status = CHILD_MANY;
		x->since = uset_meet(r, x->since, now);
		t->many = true;
	} else if (x) {
		*x = (struct child){thread, CHILD_LIVE, now};
	}
	return moment_id(r, &m, c);
}

static bool descends(const struct race *r, uint32_t thread, uint32_t from)
{
	for (; thread != NONE; thread = r->threads.v[thread].parent)
		if (thread == from)
			return true;
	return false;
}

uint32_t moment_join(struct race *r, uint32_t moment, uint32_t thread, bool all)
{
	struct child c[MAX_CHILDREN + 1];
	if (moment == MOMENT_INHERIT)
		return moment;
	struct moment m = copy_of(r, moment, c);
	const struct thread *t = &r->threads.v[thread];
	struct child *x = child(&m, c, thread, true);

	if (!x || (x->status == CHILD_MANY && !all))
		return moment;
	if (t->many && !all && x->status != CHILD_LIVE)
		return moment; /* one of several that others have started */
	*x = (struct child){thread, CHILD_DONE, USET_EMPTY};
	for (uint32_t i = 0; i < uset_n(r, t->done); i++) {
		x = child(&m, c, uset_at(r, t->done, i), true);
		if (x)
			*x = (struct child){uset_at(r, t->done, i), CHILD_DONE, USET_EMPTY};
	}
	for (uint32_t i = 0; i < uset_n(r, t->left); i++) {
		x = child(&m, c, uset_at(r, t->left, i), true);
		if (x && x->status != CHILD_DONE)
			*x = (struct child){uset_at(r, t->left, i), CHILD_LIVE, USET_EMPTY};
	}
	return moment_id(r, &m, c);
}

void thread_end(struct race *r, uint32_t moment)
{
	const struct moment *m = &r->moments.v[moment];
	struct thread *t = &r->threads.v[m->thread];
	uint32_t done = USET_EMPTY, left = t->left;

	for (uint32_t i = 0; i < m->nchild; i++) {
		const struct child *c = &r->children.v[m->children + i];
		if (c->status == CHILD_DONE)
			done = uset_add(r, done, c->thread);
		else
			left = uset_add(r, left, c->thread);
	}
	done = t->ended ? uset_meet(r, t->done, done) : done;
	if (t->ended && done == t->done && left == t->left)
		return;
	t->ended = true;
	t->done = done;
	t->left = left;
	again(r, m->thread);
}

/* ---- locks ---- */

uint32_t moment_lock(struct race *r, uint32_t moment, uint32_t addr)
{
	struct child c[MAX_CHILDREN + 1];
	if (!uset_has(r, r->created_under, addr))
		return moment;
	struct moment m = copy_of(r, moment, c);
	m.lh = uset_add(r, m.lh, pair(r, addr, m.thread));
	return moment_id(r, &m, c);
}

uint32_t moment_unlock(struct race *r, uint32_t moment, uint32_t addr)
{
	struct child c[MAX_CHILDREN + 1];
	if (!r->created_under)
		return moment;
	struct moment m = copy_of(r, moment, c);
	for (uint32_t t = 0; t < r->threads.n; t++) {
		struct thread *x = &r->threads.v[t];
		/* what was started under the lock and may live on is no longer under it */
		uint32_t it = pair(r, addr, m.thread);
		if (!x->begun || !uset_has(r, x->under, it) || !descends(r, t, m.thread) || t == m.thread)
			continue;
		const struct child *own = child(&m, c, t, false);
		bool alive = own ? own->status != CHILD_DONE : false;
		for (uint32_t p = x->parent; p != NONE && p != m.thread && !own && !alive; p = r->threads.v[p].parent) {
			const struct child *up = child(&m, c, p, false);
			alive |= up && up->status != CHILD_DONE;
		}
		if (alive)
			x->under = uset_del(r, x->under, it);
	}
	for (uint32_t i = 0; i < m.nchild; i++)
		c[i].since = uset_del(r, c[i].since, addr);
	return moment_id(r, &m, c);
}

uint32_t moment_meet(struct race *r, uint32_t moment, uint32_t barrier)
{
	struct child c[MAX_CHILDREN + 1];
	struct moment m = copy_of(r, moment, c);
	if (barrier != NONE) {
		uint32_t *who = map_slot(&r->met_by, barrier, USET_EMPTY);
		*who = uset_add(r, *who, m.thread);
	}
	if (barrier != NONE)
		m.met = uset_add(r, m.met, barrier);
	m.may_met = barrier == NONE ? USET_MANY : uset_add(r, m.may_met, barrier);
	return moment_id(r, &m, c);
}

/* ---- coincidence ---- */

/* The child of `from` on the way down to thread. */
static uint32_t towards(const struct race *r, uint32_t from, uint32_t thread)
{
	while (thread != NONE && r->threads.v[thread].parent != from)
		thread = r->threads.v[thread].parent;
	return thread;
}

/* At this moment of an ancestor (a is its descendant by child x): may a be running? */
static bool may_live(const struct race *r, uint32_t moment, uint32_t x, uint32_t a)
{
	uint8_t sx = status(r, moment, x), sa = status(r, moment, a);
	if (sa == CHILD_DONE)
		return false;
	if (sa)
		return true;
	return sx == CHILD_LIVE || sx == CHILD_MANY;
}

/* Has a thread on the way from x down to b's taken the lock since it was started? */
static bool history(struct race *r, uint32_t b, uint32_t x, uint32_t addr)
{
	const struct moment *m = &r->moments.v[b];
	for (uint32_t t = m->thread;; t = r->threads.v[t].parent) {
		if (uset_has(r, m->lh, pair(r, addr, t)))
			return true;
		if (t == x || t == NONE)
			return false;
	}
}

/* a is a moment of an ancestor of b's thread, by its child x: does a lock that the ancestor holds at a, and has held
 * since x was started, lie between them? */
static bool behind_lock(struct race *r, uint32_t a, uint32_t x, uint32_t b)
{
	const struct moment *m = &r->moments.v[a];
	for (uint32_t i = 0; i < m->nchild; i++) {
		const struct child *c = &r->children.v[m->children + i];
		if (c->thread != x || c->status != CHILD_LIVE)
			continue;
		for (uint32_t k = 0; k < uset_n(r, c->since); k++)
			if (history(r, b, x, uset_at(r, r->children.v[m->children + i].since, k)))
				return true;
	}
	return false;
}

/* Does the lock that `it` names, and its holder, cover the thread from its beginning to its end? */
static bool is_under(const struct race *r, uint32_t thread, uint32_t it)
{
	return uset_has(r, r->threads.v[thread].under, it);
}

/* Thread s lives inside one critical section of top, started after x's sibling y had been, or before, in the same
 * section; and b, a moment of y or below it, has waited for that lock since. */
static bool within_lock(struct race *r, uint32_t top, uint32_t x, uint32_t y, uint32_t s, uint32_t b)
{
	uint32_t under = r->threads.v[s].under;
	for (uint32_t i = 0; i < uset_n(r, under); i++) {
		uint32_t it = uset_at(r, under, i), addr = r->syms.v[it].a;
		bool same = r->threads.v[x].before.n != 0;
		if (r->syms.v[it].b != top || !is_under(r, s, it) || !history(r, b, y, addr))
			continue;
		for (uint32_t k = 0; k < r->threads.v[x].before.n && same; k++) {
			const struct moment *m = &r->moments.v[r->threads.v[x].before.v[k]];
			same = false;
			for (uint32_t c = 0; c < m->nchild; c++)
				same |= r->children.v[m->children + c].thread == y &&
					uset_has(r, r->children.v[m->children + c].since, addr);
		}
		if (same)
			return true;
	}
	return false;
}

/* a is behind a barrier that b's thread has not come to yet, and that lets nobody pass before it has come. */
static bool behind_barrier(struct race *r, uint32_t a, uint32_t b)
{
	const struct moment *m = &r->moments.v[a], *n = &r->moments.v[b];
	for (uint32_t i = 0; i < uset_n(r, m->met) && n->may_met != USET_MANY; i++) {
		uint32_t at = uset_at(r, m->met, i), who = map_get(&r->met_by, at), n_init = map_get(&r->init_value, at);
		bool many = false;
		if (uset_has(r, n->may_met, at) || who == NONE || !uset_has(r, who, n->thread) || n_init != uset_n(r, who))
			continue;
		for (uint32_t k = 0; k < uset_n(r, who); k++)
			many |= thread_many(r, uset_at(r, who, k));
		if (!many)
			return true;
	}
	return false;
}

bool moments_coincide(struct race *r, uint32_t a, uint32_t b)
{
	uint32_t s = r->moments.v[a].thread, t = r->moments.v[b].thread;

	if (s != t && (behind_barrier(r, a, b) || behind_barrier(r, b, a)))
		return false;

	if (s == t)
		return thread_many(r, s);
	for (int side = 0; side < 2; side++) {
		if (descends(r, t, s)) { /* s started t, or who started it */
			uint32_t x = towards(r, s, t);
			if (thread_many(r, s))
				return true;
			return may_live(r, a, x, t) && !behind_lock(r, a, x, b);
		}
		uint32_t u = s, m = a;
		s = t;
		t = u;
		a = b;
		b = m;
	}
	/* siblings, of whatever degree */
	uint32_t top = s;
	while (top != NONE && !descends(r, t, top))
		top = r->threads.v[top].parent;
	if (top == NONE || thread_many(r, top))
		return true;
	uint32_t x = towards(r, top, s), y = towards(r, top, t);
	bool together = false;
	if (x == y)
		return true;
	for (uint32_t i = 0; i < r->threads.v[y].before.n && !together; i++)
		together = may_live(r, r->threads.v[y].before.v[i], x, s);
	for (uint32_t i = 0; i < r->threads.v[x].before.n && !together; i++)
		together = may_live(r, r->threads.v[x].before.v[i], y, t);
	return together && !within_lock(r, top, x, y, s, b) && !within_lock(r, top, y, x, t, a);
}

bool threads_excluded(struct race *r, uint32_t s, uint32_t t, uint32_t own_s, uint32_t own_t)
{
	uint32_t all = uset_union(r, own_s, r->threads.v[s].under);
	for (uint32_t i = 0; i < uset_n(r, all); i++) {
		uint32_t it = uset_at(r, all, i), addr = r->syms.v[it].a, holder = r->syms.v[it].b;
		if (!uset_has(r, own_s, it) && !is_under(r, s, it))
			continue;
		uint32_t others = uset_union(r, own_t, r->threads.v[t].under);
		for (uint32_t k = 0; k < uset_n(r, others); k++) {
			uint32_t other = uset_at(r, others, k);
			if (r->syms.v[other].a == addr && r->syms.v[other].b != holder &&
				(uset_has(r, own_t, other) || is_under(r, t, other)) && !thread_many(r, holder) )
				return true;
		}
	}
	return false;
}

uint32_t thread_pair(struct race *r, uint32_t addr, uint32_t thread)
{
	return pair(r, addr, thread);
}
