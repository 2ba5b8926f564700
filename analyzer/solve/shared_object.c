/* shared_object.c - what is shared, as people see it: variables and fields, with the accesses that race.
 *
 * Places are put together by object and distance; a record copied as a whole counts for each field that it meets.
 * Fields of one kind of object that race in the same functions are one finding, as it is one mistake.
 *
 * The usual lock of an object is the one that most of its accesses hold, if at least two thirds do.
 *
 * needs: uses, moments, threads      gives: facts.shared, facts.uses, facts.visits (more of them)
 */
#include "solve/race.h"

#include <stdlib.h>

enum { MAX_RUNS = 600, MAX_SHOWN = 60 };

/* ---- names ---- */

struct place_name race_place_name(struct race *r, struct arena *mem, uint32_t addr)
{
	const struct ir *ir = r->ir;
	uint32_t chain[32], n = 0, at = addr, type = NONE, field = NONE;
	struct sb out = {0};

	for (; r->addrs.v[at].kind >= ADDR_OFF && n < COUNT(chain); at = r->addrs.v[at].up)
		chain[n++] = at;
	if (r->addrs.v[at].kind == ADDR_OBJ) {
		const struct obj *o = &r->pt->objs.v[r->addrs.v[at].root];
		type = o->type;
		switch (o->kind) {
		case OBJ_GLOBAL:
			sb_puts(&out, ir_text_of(ir, ir->globals[o->id].name));
			break;
		case OBJ_LOCAL:
			sb_puts(&out, ir_text_of(ir, ir->locals[o->id].name));
			break;
		case OBJ_NAMED:
			sb_puts(&out, ir_text_of(ir, o->id));
			break;
		default:
			if (type != NONE && ir->types[type].kind == TYPE_RECORD && *ir_text_of(ir, ir->records[ir->types[type].to].name)) {
				sb_puts(&out, ir_text_of(ir, ir->records[ir->types[type].to].name));
			} else if (o->kind == OBJ_HEAP && ir->ops[o->id].loc != NONE) {
				const struct loc *l = &ir->locs[ir->ops[o->id].loc];
				sb_printf(&out, "memory allocated at %s:%u",
					l->file == NONE ? "?" : path_base(ir_text_of(ir, ir->files[l->file].path)), l->line);
			} else {
				sb_puts(&out, "memory");
			}
		}
	} else {
		sb_puts(&out, "?");
	}
	while (n) {
		const struct addr *a = &r->addrs.v[chain[--n]];
		if (a->kind == ADDR_IDX) {
			struct rval v = r->vals.v[a->idx];
			if (v.kind == V_CONST)
				sb_printf(&out, "[%lld]", (long long)v.n);
			else
				sb_puts(&out, "[]");
			if (type != NONE && ir->types[type].kind == TYPE_ARRAY)
				type = ir->types[type].to;
			continue;
		}
		int64_t left = a->n;
		for (int depth = 0; depth < 8 && type != NONE; depth++) {
			while (type != NONE && ir->types[type].kind == TYPE_ARRAY)
				type = ir->types[type].to;
			if (type == NONE || ir->types[type].kind != TYPE_RECORD)
				break;
			const struct record *rec = &ir->records[ir->types[type].to];
			uint32_t best = NONE;
			for (uint32_t i = 0; i < rec->nfield; i++)
				if (ir->fields[rec->field + i].bit / 8 <= left)
					best = rec->field + i;
			if (best == NONE)
				break;
			field = best;
			if (*ir_text_of(ir, ir->fields[best].name))
				sb_printf(&out, ".%s", ir_text_of(ir, ir->fields[best].name));
			left -= ir->fields[best].bit / 8;
			type = ir->fields[best].type;
			if (!left)
				break;
		}
	}
	struct place_name name = {arena_strdup(mem, out.s ? out.s : "?"), field, type};
	sb_free(&out);
	return name;
}

struct place_name race_place_leaf(const struct race *r, struct arena *mem, struct place_name n, uint32_t size)
{
	const struct ir *ir = r->ir;
	for (int depth = 0; depth < 4 && n.type != NONE && ir->types[n.type].kind == TYPE_RECORD; depth++) {
		const struct record *rec = &ir->records[ir->types[n.type].to];
		if (!rec->nfield || rec->flags & RECORD_UNION || size > type_size(ir, ir->fields[rec->field].type))
			break;
		n.field = rec->field;
		n.type = ir->fields[rec->field].type;
		if (*ir_text_of(ir, ir->fields[rec->field].name))
			n.text = arena_printf(mem, "%s.%s", n.text, ir_text_of(ir, ir->fields[rec->field].name));
	}
	return n;
}

/* ---- groups ---- */

struct run { /* uses that race with the same others */
	uint32_t first, n;
};
struct racy { /* runs, as their first uses */
	uint32_t a, na, b, nb;
	uint8_t sure;
};
struct batch { /* the uses of one cell */
	uint32_t first, n;
	VEC(struct run) runs;
	VEC(struct racy) races;
	bool coincide, written, plain;
};

/* Does it run on a loop that may be another one? */
static bool guessed(const struct race *r, const struct use *u)
{
	const struct context *c = r->ctxs.v[u->ctx];
	while (c->parent != NONE)
		c = r->ctxs.v[c->parent];
	return c->guess;
}

static bool indexed(const struct race *r, uint32_t place)
{
	for (; r->addrs.v[place].kind >= ADDR_OFF; place = r->addrs.v[place].up)
		if (r->addrs.v[place].kind == ADDR_IDX && r->vals.v[r->addrs.v[place].idx].kind != V_CONST)
			return true;
	return false;
}

/* Is it in code that main alone runs, and so most likely before there are threads? Where contexts are few the moments
 * say it exactly. */
static bool starting(const struct pairs *ps, const struct use *u)
{
	const struct race *r = ps->r;
	return race_blurred(r) && r->threads.v[r->moments.v[u->moment].thread].kind == THREAD_MAIN && !bits_get(&ps->later, r->p->op_fn[u->site]);
}

/* An access without any lock beside ones that hold one is a mistake even where the threads are not certain; what
 * hangs on which element, which object, or which loop it is, is told about to those who ask for all. */
static uint8_t sure_of(const struct pairs *ps, const struct use *a, const struct use *b)
{
	struct race *r = ps->r;
	const struct obj *o = &r->pt->objs.v[a->obj];
	uint8_t sure = o->once && o->kind != OBJ_EXTERN ? 2 : 1;
	if (starting(ps, a) || starting(ps, b))
		return 0;
	if (a->maybe || b->maybe)
		return 0; /* the one that the other holds may be held here: the ways there were not kept apart */
	for (int i = 0; i < 2; i++) {
		uint8_t kind = r->threads.v[r->moments.v[(i ? b : a)->moment].thread].kind;
		if (kind == THREAD_CALLER || kind == THREAD_OPEN || kind == THREAD_SIGNAL)
			return 0;
		if (kind == THREAD_LOOP)
			sure = 1;
	}
	bool guess = guessed(r, a) || guessed(r, b), lock = uset_n(r, a->must) || uset_n(r, b->must);
	if (guess && !lock)
		return 0;
	if (guess)
		sure = 1;
	if (indexed(r, a->place) || indexed(r, b->place))
		return 0;
	if (o->once)
		return sure;
	if (uset_n(r, uset_meet(r, a->classes, b->classes)) || (a->classes == USET_MANY && b->classes != USET_EMPTY) ||
		(b->classes == USET_MANY && a->classes != USET_EMPTY))
		return 0; /* a lock of the same kind is held at both, perhaps the same one */
	if ((a->flags | b->flags) & ACC_FREE || o->kind == OBJ_LOCAL)
		return 0;
	return a->rooted && b->rooted ? sure : 0; /* each may have another one */
}

static void note_race(struct pairs *ps, struct batch *g, const struct run *x, const struct run *y)
{
	const struct use *u = &ps->uses.v[x->first], *v = &ps->uses.v[y->first];
	vec_add(&g->races, ((struct racy){x->first, x->n, y->first, y->n, sure_of(ps, u, v)}));
	g->coincide = true;
	g->written = true;
}

static void find_runs(struct pairs *ps, struct batch *g)
{
	for (uint32_t i = g->first; i < g->first + g->n; i++) {
		const struct use *u = &ps->uses.v[i];
		if (i == g->first || u->alike != u[-1].alike)
			vec_add(&g->runs, ((struct run){.first = i}));
		g->runs.v[g->runs.n - 1].n++;
		g->written |= u->flags & ACC_WRITE;
		g->plain |= !(u->flags & ACC_ATOMIC);
	}
	if (g->runs.n > MAX_RUNS)
		g->runs.n = MAX_RUNS;
}

/* Pairs inside the cells of one object, and between what covers several cells and these. */
static void find_races(struct pairs *ps, struct batch *gs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct batch *g = &gs[i];
		for (uint32_t a = 0; a < g->runs.n; a++) {
			const struct use *u = &ps->uses.v[g->runs.v[a].first];
			for (uint32_t b = a; b < g->runs.n; b++) {
				const struct use *v = &ps->uses.v[g->runs.v[b].first];
				g->coincide = g->coincide || bits_get(&ps->meets[u->moment], v->moment);
				if (uses_race(ps, u, v))
					note_race(ps, g, &g->runs.v[a], &g->runs.v[b]);
			}
			/* gs are by distance: a large one reaches into those behind it */
			for (uint32_t k = i + 1; k < n && u->size > 8; k++) {
				if ((int64_t)ps->uses.v[gs[k].first].off >= (int64_t)u->off + u->size)
					break;
				for (uint32_t b = 0; b < gs[k].runs.n; b++)
					if (uses_race(ps, u, &ps->uses.v[gs[k].runs.v[b].first]))
						note_race(ps, &gs[k], &g->runs.v[a], &gs[k].runs.v[b]);
			}
		}
	}
}

/* ---- facts ---- */

struct build {
	struct pairs *ps;
	struct race *r;
	struct facts *f;
	VEC(struct shared_object) objs;
	VEC(struct shared_use) uses;
	VEC(struct visit) visits;
	VEC(struct entry) entries;
	uint32_t *visit_of; /* per context, or NONE */
	struct map entry_of; /* (function, site) of an entry that was added */
};

static uint32_t entry_of(struct build *b, const struct context *c)
{
	struct race *r = b->r;
	uint32_t t = c->moment == MOMENT_INHERIT ? NONE : r->moments.v[c->moment].thread, found = NONE;
	for (uint32_t i = 0; i < b->f->nentry; i++) {
		const struct entry *e = &b->f->entries[i];
		if (e->fn == c->fn && e->head == NONE && (found == NONE || e->site == c->site))
			found = i;
	}
	if (found != NONE)
		return found;
	/* called from outside of what is seen */
	uint32_t *slot = map_slot(&b->entry_of, (uint64_t)c->fn << 32 | c->site, b->f->nentry + b->entries.n);
	if (*slot == b->f->nentry + b->entries.n)
		vec_add(&b->entries, ((struct entry){.fn = c->fn,
					     .head = NONE,
					     .ctx = t != NONE && r->threads.v[t].kind == THREAD_MAIN ? CTX_STARTUP : CTX_THREAD,
					     .site = c->site,
					     .loop = NONE,
					     .library = ""}));
	return *slot;
}

static uint32_t visit_of(struct build *b, uint32_t ctx)
{
	const struct context *c = b->r->ctxs.v[ctx];
	if (b->visit_of[ctx] != NONE)
		return b->visit_of[ctx];
	struct visit v = {.fn = c->fn, .parent = NONE, .site = NONE, .why = c->why};
	if (c->parent != NONE) { /* contexts come after those that called them first */
		v.parent = visit_of(b, c->parent);
		const struct visit *up = &b->visits.v[v.parent - b->f->nvisit];
		v.site = c->site;
		v.entry = up->entry;
		v.depth = up->depth + 1;
		v.weight = up->weight + 1;
	} else {
		v.entry = entry_of(b, c);
	}
	b->visit_of[ctx] = b->f->nvisit + b->visits.n;
	vec_add(&b->visits, v);
	return b->visit_of[ctx];
}

uint32_t build_visit(struct build *b, uint32_t ctx)
{
	return visit_of(b, ctx);
}

const struct entry *build_entry(const struct build *b, uint32_t visit)
{
	uint32_t e = b->visits.v[visit - b->f->nvisit].entry;
	return e < b->f->nentry ? &b->f->entries[e] : &b->entries.v[e - b->f->nentry];
}

static const char *held_text(struct build *b, const struct use *u)
{
	const char *texts[16];
	uint32_t n = 0;
	struct sb out = {0};
	for (uint32_t i = 0; i < uset_n(b->r, u->must) && n < COUNT(texts); i++) {
		uint32_t name = map_get(&b->ps->name_of, uset_at(b->r, u->must, i));
		bool have = name == NONE;
		for (uint32_t k = 0; k < n && !have; k++)
			have = !strcmp(texts[k], b->ps->names.v[name].text);
		if (!have)
			texts[n++] = b->ps->names.v[name].text;
	}
	for (uint32_t i = 0; i < n; i++)
		sb_printf(&out, "%s'%s'", i ? ", " : "", texts[i]);
	const char *text = n ? arena_strdup(b->f->mem, out.s) : "";
	sb_free(&out);
	return text;
}

static void add_shared_use(struct build *b, const struct use *u, bool racy)
{
	struct race *r = b->r;
	struct shared_use s = {.site = u->site,
		.fn = r->p->op_fn[u->site],
		.visit = visit_of(b, u->ctx),
		.flags = (u->flags & ACC_WRITE ? USE_WRITE : 0) | (u->flags & ACC_ATOMIC ? USE_ATOMIC : 0) |
			 (u->flags & ACC_VOLATILE ? USE_VOLATILE : 0) | (u->flags & ACC_FREE ? USE_FREE : 0) |
			 (u->flags & ACC_LIBRARY ? USE_LIBRARY : 0) | (u->flags & ACC_RMW ? USE_RMW : 0) | (racy ? USE_RACY : 0),
		.held = held_text(b, u)};
	s.entry = b->visits.v[s.visit - b->f->nvisit].entry;
	vec_add(&b->uses, s);
}

bool build_races_with(const struct build *b, const char *lock)
{
	for (uint32_t i = 0; i < b->uses.n; i++) {
		const char *at = b->uses.v[i].flags & USE_RACY ? b->uses.v[i].held : "";
		for (size_t n = strlen(lock); (at = strstr(at, lock)); at++)
			if (at[-1] == '\'' && at[n] == '\'')
				return true;
	}
	return false;
}

static int by_site(const void *x, const void *y, void *ctx)
{
	const struct build *b = ctx;
	const struct use *u = &b->ps->uses.v[*(const uint32_t *)x], *v = &b->ps->uses.v[*(const uint32_t *)y];
	uint32_t s = u->site, t = v->site;
	if (s != t)
		return s < t ? -1 : 1;
	int d = (int)uset_n(b->r, u->must) - (int)uset_n(b->r, v->must);
	return d ? d : *(const uint32_t *)x < *(const uint32_t *)y ? -1 : 1;
}

/* How well a pair shows the race: certain, a write first, in different functions, without any lock. */
static int rank(const struct build *b, const struct racy *x)
{
	const struct use *u = &b->ps->uses.v[x->a], *v = &b->ps->uses.v[x->b];
	return x->sure * 100 + (b->r->p->op_fn[u->site] != b->r->p->op_fn[v->site]) * 20 +
	       !((u->flags | v->flags) & ACC_FREE) * 40 - (int)uset_n(b->r, u->must) - (int)uset_n(b->r, v->must) +
	       (u->flags & v->flags & ACC_WRITE ? 1 : 0);
}

static const char *why_text(const struct build *b, const struct use *u, const struct use *v)
{
	struct race *r = b->r;
	uint32_t s = r->moments.v[u->moment].thread, t = r->moments.v[v->moment].thread;
	const struct thread *x = &r->threads.v[s], *y = &r->threads.v[t];
	if (x->kind == THREAD_CALLER || y->kind == THREAD_CALLER)
		return "any thread may call functions of a library, if nothing says otherwise";
	if (x->kind == THREAD_OPEN || y->kind == THREAD_OPEN)
		return "a function that is defined elsewhere was given it to call, from whatever thread";
	if (x->kind == THREAD_SIGNAL || y->kind == THREAD_SIGNAL)
		return "a signal handler runs at any time";
	if (s == t)
		return "several threads of this kind run at once";
	if (x->kind == THREAD_POOL || y->kind == THREAD_POOL)
		return "a job on the pool runs beside who submitted it";
	return "neither thread has been joined, or not yet started, at that point";
}

/* The name that most uses of the group hold. */
static uint32_t usual_lock(const struct build *b, const struct batch *g, uint32_t *with, uint32_t *without)
{
	struct race *r = b->r;
	uint32_t best = NONE, count = 0, total = 0;
	struct map n = {0};
	for (uint32_t i = g->first; i < g->first + g->n; i++) {
		const struct use *u = &b->ps->uses.v[i];
		bool again = i > g->first && u->site == u[-1].site && u->must == u[-1].must;
		if (again || u->flags & ACC_FREE)
			continue;
		total++;
		for (uint32_t k = 0; k < uset_n(r, u->must); k++) {
			uint32_t name = uset_at(r, u->must, k), *c = map_slot(&n, name, 0);
			if (map_get(&b->ps->name_of, name) != NONE && ++*c > count) {
				count = *c;
				best = name;
			}
		}
	}
	map_free(&n);
	*with = count;
	*without = total - count;
	return best;
}

static void describe(struct build *b, struct shared_object *o, const struct batch *g)
{
	struct race *r = b->r;
	const struct use *u = &b->ps->uses.v[g->first];
	const struct obj *obj = &r->pt->objs.v[u->obj];

	*o = (struct shared_object){.global = NONE, .field = NONE, .lock_field = NONE, .lock_global = NONE};
	struct place_name name = race_place_leaf(r, b->f->mem, race_place_name(r, b->f->mem, u->place), u->size);
	o->name = name.text;
	o->field = name.field;
	o->global = obj->kind == OBJ_GLOBAL ? obj->id : NONE;
	o->heap = obj->kind == OBJ_HEAP;
	o->library = obj->kind == OBJ_NAMED;
	for (uint32_t i = g->first; o->library && i < g->first + g->n; i++) {
		const struct op *op = &r->ir->ops[b->ps->uses.v[i].site];
		uint32_t t = op->src.kind == REF_FN ? r->ir->fns[op->src.id].type : NONE;
		t = t == NONE ? NONE : r->ir->types[t].to;
		o->handed_out |= t != NONE && r->ir->types[t].kind == TYPE_PTR;
	}
	uint32_t lock = usual_lock(b, g, &o->nheld, &o->nother);
	if (lock == NONE || o->nheld < 2 || o->nheld < 2 * o->nother)
		return;
	const struct lock_name *n = &b->ps->names.v[map_get(&b->ps->name_of, lock)];
	o->lock = n->text;
	o->lock_field = n->field;
	o->lock_global = n->global;
	o->lock_near = n->near;
}

static void report_race(struct build *b, const struct batch *g)
{
	struct race *r = b->r;
	struct shared_object o;
	uint32_t best = 0;
	struct map in = {0};
	VEC(uint32_t) ids = {0};

	describe(b, &o, g);
	o.verdict = SHARED_RACE;
	o.mixed = o.freed = true;
	for (uint32_t i = 0; i < g->races.n; i++) {
		const struct racy *x = &g->races.v[i];
		uint8_t fa = b->ps->uses.v[x->a].flags, fb = b->ps->uses.v[x->b].flags;
		if (rank(b, x) > rank(b, &g->races.v[best]))
			best = i;
		o.sure = x->sure > o.sure ? x->sure : o.sure;
		o.mixed &= ((fa ^ fb) & ACC_ATOMIC) != 0;
		o.freed &= ((fa | fb) & ACC_FREE) != 0;
	}
	for (uint32_t i = 0; i < g->races.n; i++) {
		if (g->races.v[i].sure < o.sure)
			continue;
		for (int side = 0; side < 2; side++) {
			uint32_t first = side ? g->races.v[i].b : g->races.v[i].a, n = side ? g->races.v[i].nb : g->races.v[i].na;
			uint32_t *slot = map_slot(&in, first, 0);
			for (uint32_t k = first; k < first + n && !*slot; k++)
				vec_add(&ids, k);
			*slot = 1;
		}
	}
	/* So many ways lead everywhere that when a thread runs is known too seldom: that others lock is evidence. */
	if (race_blurred(r) && (!o.lock || o.nheld < 9 * o.nother))
		o.sure = 0;
	uint32_t a = g->races.v[best].a, z = g->races.v[best].b;
	if (!(b->ps->uses.v[a].flags & ACC_WRITE) ||
		(b->ps->uses.v[z].flags & ACC_WRITE && uset_n(r, b->ps->uses.v[z].must) < uset_n(r, b->ps->uses.v[a].must))) {
		uint32_t t = a;
		a = z;
		z = t;
	}
	o.why = why_text(b, &b->ps->uses.v[a], &b->ps->uses.v[z]);
	o.use = b->uses.n;
	add_shared_use(b, &b->ps->uses.v[a], true);
	add_shared_use(b, &b->ps->uses.v[z], true);
	qsort_r(ids.v, ids.n, sizeof *ids.v, by_site, b);
	uint32_t last = NONE;
	for (uint32_t i = 0; i < ids.n; i++) {
		uint32_t site = b->ps->uses.v[ids.v[i]].site;
		if (site == last || site == b->uses.v[o.use].site || site == b->uses.v[o.use + 1].site)
			continue;
		last = site;
		if (b->uses.n - o.use < MAX_SHOWN)
			add_shared_use(b, &b->ps->uses.v[ids.v[i]], true);
	}
	o.nuse = b->uses.n - o.use;
	vec_add(&b->objs, o);
	map_free(&in);
	vec_free(&ids);
}

static void report_guarded(struct build *b, const struct batch *g)
{
	struct shared_object o;
	uint32_t last = NONE;
	describe(b, &o, g);
	o.verdict = SHARED_GUARDED;
	o.use = b->uses.n;
	for (uint32_t i = g->first; i < g->first + g->n && b->uses.n - o.use < MAX_SHOWN; i++) {
		uint32_t site = b->ps->uses.v[i].site;
		if (site != last)
			add_shared_use(b, &b->ps->uses.v[i], false);
		last = site;
	}
	o.nuse = b->uses.n - o.use;
	vec_add(&b->objs, o);
}

static bool same_kind(const struct shared_object *p, const struct shared_object *o)
{
	return p->sure == o->sure && p->mixed == o->mixed && !p->lock == !o->lock;
}

/* Fields of one variable, and fields that race between the same two functions, are shown as one. */
static void join_fields(struct build *b)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->objs.n; i++) {
		struct shared_object *o = &b->objs.v[i], *same = NULL;
		const struct shared_use *u = &b->uses.v[o->use];
		for (uint32_t k = 0; k < n && o->verdict == SHARED_RACE && !same; k++) {
			struct shared_object *p = &b->objs.v[k];
			const struct shared_use *v = &b->uses.v[p->use];
			if (p->verdict == SHARED_RACE && p->global == o->global && p->heap == o->heap && p->field != NONE && o->field != NONE &&
				b->r->ir->fields[p->field].record == b->r->ir->fields[o->field].record && same_kind(p, o) &&
				((p->global != NONE && p->sure) || (u[0].fn == v[0].fn && u[1].fn == v[1].fn)))
				same = p;
		}
		if (!same) {
			b->objs.v[n++] = *o;
			continue;
		}
		const char *name = ir_text_of(b->r->ir, b->r->ir->fields[o->field].name);
		if (o->field != same->field && (!same->fields || !strstr(same->fields, name)))
			same->fields = same->fields ? arena_printf(b->f->mem, "%s, '%s'", same->fields, name) : arena_printf(b->f->mem, "'%s'", name);
		/* its accesses go with the others': both lists end up at the end */
		uint32_t at = b->uses.n;
		for (uint32_t x = 0; x < same->nuse; x++) {
			struct shared_use copy = b->uses.v[same->use + x];
			vec_add(&b->uses, copy);
		}
		for (uint32_t x = 0; x < o->nuse; x++) {
			struct shared_use copy = b->uses.v[o->use + x];
			vec_add(&b->uses, copy);
		}
		same->use = at;
		same->nuse += o->nuse;
	}
	b->objs.n = n;
}

static int by_first_use(const void *x, const void *y, void *ctx)
{
	const struct build *b = ctx;
	const struct shared_object *o = x, *p = y;
	uint32_t s = b->uses.v[o->use].site, t = b->uses.v[p->use].site;
	if (o->verdict != p->verdict)
		return o->verdict < p->verdict ? -1 : 1;
	return s != t ? (s < t ? -1 : 1) : strcmp(o->name, p->name);
}

static void *kept(struct arena *mem, const void *old, uint32_t nold, const void *v, uint32_t n, size_t size)
{
	char *to = arena_alloc(mem, (nold + n + 1) * size);
	if (nold)
		memcpy(to, old, nold * size);
	if (n)
		memcpy(to + nold * size, v, n * size);
	return to;
}

void shared_objects(struct pairs *ps)
{
	struct race *r = ps->r;
	struct build b = {.ps = ps, .r = r, .f = r->s->f};
	VEC(struct batch) gs = {0};

	if (race_blurred(r))
		ps->later = reach_later(r->p, r->s->f, r->mem);
	b.visit_of = xmalloc((r->ctxs.n + 1) * sizeof *b.visit_of);
	memset(b.visit_of, 0xff, (r->ctxs.n + 1) * sizeof *b.visit_of);
	for (uint32_t i = 0, end; i < ps->uses.n; i = end) {
		gs.n = 0;
		for (end = i; end < ps->uses.n && ps->uses.v[end].obj == ps->uses.v[i].obj; end++) {
			if (end == i || ps->uses.v[end - 1].off != ps->uses.v[end].off)
				vec_add(&gs, ((struct batch){.first = end}));
			gs.v[gs.n - 1].n++;
		}
		for (uint32_t k = 0; k < gs.n; k++)
			find_runs(ps, &gs.v[k]);
		find_races(ps, gs.v, gs.n);
		for (uint32_t k = 0; k < gs.n; k++) {
			if (gs.v[k].races.n)
				report_race(&b, &gs.v[k]);
			else if (gs.v[k].coincide && gs.v[k].written)
				report_guarded(&b, &gs.v[k]);
			vec_free(&gs.v[k].races);
			vec_free(&gs.v[k].runs);
		}
	}
	join_fields(&b);
	lock_uses(r, &b);
	if (b.objs.n)
		qsort_r(b.objs.v, b.objs.n, sizeof *b.objs.v, by_first_use, &b);
	b.f->shared = kept(b.f->mem, NULL, 0, b.objs.v, b.objs.n, sizeof *b.f->shared);
	b.f->nshared = b.objs.n;
	b.f->uses = kept(b.f->mem, NULL, 0, b.uses.v, b.uses.n, sizeof *b.f->uses);
	b.f->nuse = b.uses.n;
	b.f->visits = kept(b.f->mem, b.f->visits, b.f->nvisit, b.visits.v, b.visits.n, sizeof *b.f->visits);
	b.f->nvisit += b.visits.n;
	b.f->entries = kept(b.f->mem, b.f->entries, b.f->nentry, b.entries.v, b.entries.n, sizeof *b.f->entries);
	b.f->nentry += b.entries.n;
	vec_free(&gs);
	vec_free(&b.objs);
	vec_free(&b.uses);
	vec_free(&b.visits);
	vec_free(&b.entries);
	free(b.visit_of);
	map_free(&b.entry_of);
}
