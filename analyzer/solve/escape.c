/* escape.c - which memory two threads may touch, and which functions matter because of it.
 *
 * Cheap and coarse, so that locks.c need look at a small part of the program only: per place in an object, the groups
 * of entries (main and what runs on its loop, each thread function, ...) from which code that accesses it can be
 * reached. What one group alone touches, or nobody writes, is left out.
 *
 * Bottom-up over the call graph, twice for cycles: what a function does that matters (touch), which of its parameters
 * it keeps (leaks), what it writes (mods), which of its parameters are indices or conditions (index).
 *
 * needs: entries, points, effects, call graph      gives: touch, leaks, mods, index, shared, parallel
 */
#include "solve/race.h"

#include <stdlib.h>

enum { SMALL_VALUE = 40, MAX_MODS = 2000, MAX_GROUPS = 62 };

/* ---- bottom-up ---- */

void derive_params(const struct ir *ir, uint32_t fn, uint32_t *of)
{
	const struct fn *f = &ir->fns[fn];

	memset(of, 0, (f->nlocal + 1) * sizeof *of);
	for (uint32_t i = 0; i < f->nparam && i < 32; i++)
		of[i] = 1u << i;
	for (bool again = true; again;) {
		again = false;
		for (uint32_t o = f->op; o < f->op + f->nop; o++) {
			const struct op *op = &ir->ops[o];
			uint32_t m = 0;
			if (op->dst.kind != REF_LOCAL)
				continue;
			if (op->kind == OP_COPY || op->kind == OP_BIN || op->kind == OP_UN) {
				if (op->src.kind == REF_LOCAL)
					m = of[op->src.id];
				if (op->kind == OP_BIN && ref_of(op->arg).kind == REF_LOCAL)
					m |= of[ref_of(op->arg).id];
			} else if (op->kind == OP_ADDR) {
				const struct path *p = &ir->paths[op->src.id];
				uint32_t derefs = 0;
				for (uint32_t i = 0; i < p->nstep; i++)
					derefs += ir->steps[p->step + i].kind == STEP_DEREF;
				if (p->base.kind == REF_LOCAL && derefs <= 1)
					m = of[p->base.id];
			}
			if (m & ~of[op->dst.id]) {
				of[op->dst.id] |= m;
				again = true;
			}
		}
	}
}

static uint32_t made_of(const uint32_t *of, struct ref x)
{
	return x.kind == REF_LOCAL ? of[x.id] : 0;
}

bool mods_has(const struct mods *m, uint32_t key)
{
	uint32_t lo = 0, hi = m->n;
	if (m->n == NONE || key == NONE)
		return m->n == NONE;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		if (m->v[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->n && m->v[lo] == key;
}

static int by_id(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	return a < b ? -1 : a > b;
}

static void find_mods(struct race *r, uint32_t fn)
{
	const struct program *p = r->p;
	const struct fn *f = &r->ir->fns[fn];
	VEC(uint32_t) v = {0};
	bool many = false;

	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &r->ir->ops[o];
		if (op->kind != OP_STORE)
			continue;
		uint32_t key = path_key_own(r->ir, op->dst.id);
		if (key != NONE)
			vec_add(&v, key);
	}
	for (uint32_t x = p->out[fn]; x != NONE && x < p->nedge && p->edges[x].caller == fn; x++) {
		const struct mods *m = &r->mods[p->edges[x].callee];
		many |= m->n == NONE;
		for (uint32_t i = 0; !many && i < m->n; i++)
			vec_add(&v, m->v[i]);
	}
	uint32_t n = 0;
	if (v.n)
		qsort(v.v, v.n, sizeof *v.v, by_id);
	for (uint32_t i = 0; i < v.n; i++)
		if (!n || v.v[n - 1] != v.v[i])
			v.v[n++] = v.v[i];
	struct mods *m = &r->mods[fn];
	if (many || n > MAX_MODS) {
		m->n = NONE;
	} else if (n != m->n) {
		m->v = arena_alloc(r->mem, (n + 1) * sizeof *m->v);
		memcpy(m->v, v.v, n * sizeof *m->v);
		m->n = n;
	}
	vec_free(&v);
}

static uint8_t touch_of(const struct clause *c)
{
	switch (c->verb) {
	case VERB_LOCKS:
	case VERB_UNLOCKS:
	case VERB_COND_WAIT: /* lets go of a lock of the caller's meanwhile; a semaphore may be one */
	case VERB_COND_WAKE:
		return TOUCH_LOCK;
	case VERB_ONCE:
	case VERB_CREATES: /* under which locks */
		return TOUCH_LOCK | TOUCH_MOVE | (c->verb == VERB_CREATES ? TOUCH_CREATE : 0);
	case VERB_JOINS:
	case VERB_DETACHES:
	case VERB_BARRIER:
	case VERB_LOOP_RUN:
		return TOUCH_MOVE;
	case VERB_SETJMP:
	case VERB_LONGJMP:
		return TOUCH_JUMP;
	default:
		return 0;
	}
}

static bool starts(enum ctx_kind ctx)
{
	return ctx == CTX_THREAD || ctx == CTX_POOL;
}

/* Parameters that end up in a store, or with somebody who keeps them. */
static void find_leaks(struct race *r, uint32_t fn, const uint32_t *of)
{
	const struct program *p = r->p;
	const struct ir *ir = r->ir;
	const struct fn *f = &ir->fns[fn];

	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &ir->ops[o];
		if (op->kind == OP_STORE) {
			uint32_t m = made_of(of, op->src);
			const struct path *pa = &ir->paths[op->dst.id];
			if (pa->base.kind == REF_LOCAL && pa->nstep && of[pa->base.id] == m)
				continue; /* p->self = p */
			if (pa->base.kind != REF_LOCAL || pa->nstep)
				r->leaks[fn] |= m;
		} else if (op->kind == OP_CALL || op->kind == OP_ICALL) {
			for (uint32_t x = p->site_edge[o]; x != NONE && x < p->nedge && p->edges[x].site == o; x++)
				for (uint32_t a = 0; a < op->narg && a < 32; a++)
					if (r->leaks[p->edges[x].callee] >> a & 1)
						r->leaks[fn] |= made_of(of, ir->args[op->arg + a]);
			uint32_t ne;
			const struct effect *e = effects_at(r->e, o, &ne);
			for (uint32_t i = 0; i < ne; i++)
				if (e[i].callback && e[i].callback->ctx != CTX_CALLER && e[i].callback->given != PARAM_NONE)
					r->leaks[fn] |= made_of(of, effect_arg(p, &e[i], e[i].callback->given));
		}
	}
}

static void find_index(struct race *r, uint32_t fn, const uint32_t *of)
{
	const struct program *p = r->p;
	const struct ir *ir = r->ir;
	const struct fn *f = &ir->fns[fn];
	uint32_t m = 0;

	for (uint32_t b = 0; b < f->nblock; b++) {
		const struct block *bl = &ir->blocks[f->block + b];
		if (bl->term == TERM_IF || bl->term == TERM_SWITCH)
			m |= made_of(of, bl->cond.lhs) | made_of(of, bl->cond.rhs);
	}
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &ir->ops[o];
		struct ref path = op->kind == OP_STORE ? op->dst : op->kind == OP_LOAD || op->kind == OP_ADDR ? op->src : (struct ref){0};
		if (path.kind == REF_PATH) {
			const struct path *pa = &ir->paths[path.id];
			for (uint32_t i = 0; i < pa->nstep; i++)
				if (ir->steps[pa->step + i].kind == STEP_INDEX)
					m |= made_of(of, ir->steps[pa->step + i].index);
		}
		if (op->kind == OP_ICALL)
			m |= made_of(of, op->src);
		for (uint32_t x = p->site_edge[o]; x != NONE && x < p->nedge && p->edges[x].site == o; x++)
			for (uint32_t a = 0; a < op->narg && a < 32; a++)
				if (r->index[p->edges[x].callee] >> a & 1)
					m |= made_of(of, ir->args[op->arg + a]);
		uint32_t ne;
		const struct effect *e = effects_at(r->e, o, &ne);
		for (uint32_t i = 0; i < ne; i++)
			if (e[i].callback)
				m |= made_of(of, effect_arg(p, &e[i], e[i].callback->param));
	}
	r->index[fn] |= m;
}

/* The effects of a function's calls: they are sorted by op. */
static const struct effect *effects_in(const struct race *r, uint32_t fn, uint32_t *n)
{
	const struct fn *f = &r->ir->fns[fn];
	uint32_t lo = 0, hi = r->e->n, first;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		if (r->e->e[mid].site < f->op)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (first = lo; lo < r->e->n && r->e->e[lo].site < f->op + f->nop;)
		lo++;
	*n = lo - first;
	return r->e->e + first;
}

static void find_touch(struct race *r, uint32_t fn, const uint32_t *of)
{
	const struct program *p = r->p;
	const struct fn *f = &r->ir->fns[fn];
	uint8_t t = r->touch[fn];

	for (uint32_t x = p->out[fn]; x != NONE && x < p->nedge && p->edges[x].caller == fn; x++)
		t |= r->touch[p->edges[x].callee] & ~TOUCH_VALUE;
	uint32_t ne;
	const struct effect *all = effects_in(r, fn, &ne);
	for (uint32_t i = 0; i < ne; i++) {
		const struct effect *e = &all[i];
		const uint32_t *fns;
		if (!e->callback || e->callback->ctx != CTX_CALLER)
			continue;
		struct ref a = effect_arg(p, e, e->callback->param);
		uint32_t n = a.kind == REF_LOCAL ? flow_fns(p, flow_local(p, fn, a.id), &fns) : 0;
		for (uint32_t k = 0; k < n; k++)
			t |= r->touch[fns[k]] & ~TOUCH_VALUE;
		if (a.kind == REF_FN)
			t |= r->touch[a.id] & ~TOUCH_VALUE;
	}
	if (f->nop <= SMALL_VALUE && f->nparam)
		for (uint32_t o = f->op; o < f->op + f->nop; o++)
			if (r->ir->ops[o].kind == OP_RET && r->ir->ops[o].src.kind != REF_NONE)
				t |= TOUCH_VALUE;
	(void)of;
	r->touch[fn] = t;
}

static void bottom_up(struct race *r)
{
	const struct ir *ir = r->ir;
	uint32_t most = 0;
	for (uint32_t f = 0; f < ir->nfns; f++)
		if (ir->fns[f].nlocal > most)
			most = ir->fns[f].nlocal;
	uint32_t *of = xmalloc((most + 1) * sizeof *of);
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < ir->nfns; i++) {
			uint32_t f = r->p->bottom_up[i];
			if (!fn_defined(r->p, f))
				continue;
			derive_params(ir, f, of);
			find_leaks(r, f, of);
			find_index(r, f, of);
			find_touch(r, f, of);
			find_mods(r, f);
		}
	free(of);
}

/* ---- groups ---- */

static void reach_group(const struct race *r, uint32_t fn, uint64_t *groups, uint64_t bit)
{
	const struct program *p = r->p;
	VEC(uint32_t) todo = {0};

	vec_add(&todo, fn);
	while (todo.n) {
		uint32_t f = todo.v[--todo.n];
		if (groups[f] & bit || !fn_defined(p, f))
			continue;
		groups[f] |= bit;
		for (uint32_t x = p->out[f]; x != NONE && x < p->nedge && p->edges[x].caller == f; x++)
			vec_add(&todo, p->edges[x].callee);
		/* called back at once */
		for (uint32_t o = r->ir->fns[f].op; o < r->ir->fns[f].op + r->ir->fns[f].nop; o++) {
			uint32_t ne;
			const struct effect *e = r->ir->ops[o].kind == OP_CALL ? effects_at(r->e, o, &ne) : NULL;
			for (uint32_t i = 0; e && i < ne; i++) {
				if (!e[i].callback || e[i].callback->ctx != CTX_CALLER)
					continue;
				struct ref a = effect_arg(p, &e[i], e[i].callback->param);
				const uint32_t *fns;
				uint32_t n = a.kind == REF_LOCAL ? flow_fns(p, flow_local(p, f, a.id), &fns) : 0;
				for (uint32_t k = 0; k < n; k++)
					vec_add(&todo, fns[k]);
				if (a.kind == REF_FN)
					vec_add(&todo, a.id);
			}
		}
	}
	vec_free(&todo);
}

/* Functions handed, themselves or in a record, to functions of the program that it does not define. */
static void find_open_calls(struct race *r)
{
	const struct program *p = r->p;
	const struct ir *ir = r->ir;
	for (uint32_t f = 0; f < ir->nfns; f++) {
		if (ir->fns[f].nblock || r->e->of_fn[f] || !points_own_file(ir, ir->fns[f].loc))
			continue;
		for (uint32_t i = p->in[f]; i < p->in[f + 1]; i++) {
			const struct edge *e = &p->edges[p->in_edges[i]];
			const struct op *op = &ir->ops[e->site];
			for (uint32_t a = 0; a < op->narg; a++) {
				struct ref x = ir->args[op->arg + a];
				if (x.kind == REF_FN && fn_defined(p, x.id))
					vec_add(&r->open_calls, ((struct open_call){e->site, x.id}));
				if (x.kind != REF_LOCAL)
					continue;
				uint32_t type = ir->locals[ir->fns[e->caller].local + x.id].type;
				if (type == NONE || ir->types[type].kind != TYPE_PTR || ir->types[type].to == NONE)
					continue;
				type = ir->types[type].to;
				if (ir->types[type].kind != TYPE_RECORD)
					continue;
				const struct record *rec = &ir->records[ir->types[type].to];
				for (uint32_t k = 0; k < rec->nfield; k++) {
					const uint32_t *fns;
					uint32_t n = flow_fns(p, flow_field(p, rec->field + k), &fns);
					for (uint32_t j = 0; j < n; j++)
						if (fn_defined(p, fns[j]))
							vec_add(&r->open_calls, ((struct open_call){e->site, fns[j]}));
				}
			}
		}
	}
}

struct groups {
	uint64_t *of_fn; /* per function: the groups that reach it */
	uint64_t many;	 /* groups that may run beside themselves */
	uint32_t n;
};

static uint64_t new_group(struct groups *g, bool many)
{
	uint64_t bit = (uint64_t)1 << (g->n < MAX_GROUPS ? g->n++ : MAX_GROUPS);
	if (many || g->n >= MAX_GROUPS)
		g->many |= bit;
	return bit;
}

bool race_library(const struct race *r)
{
	uint32_t fns[4];
	uint32_t n = program_find(r->p, "main", fns, COUNT(fns));
	for (uint32_t i = 0; i < n; i++)
		if (fn_defined(r->p, fns[i]))
			return false;
	for (uint32_t i = 0; i < r->e->n; i++)
		if (r->e->e[i].clause && touch_of(r->e->e[i].clause))
			return true;
	return false;
}

bool race_library_root(const struct race *r, uint32_t fn)
{
	const struct fn *f = &r->ir->fns[fn];
	if (!f->nblock || f->flags & (FN_STATIC | FN_INIT | FN_HEADER))
		return false;
	for (uint32_t i = r->p->in[fn]; i < r->p->in[fn + 1]; i++)
		if (r->p->edges[r->p->in_edges[i]].caller != fn)
			return false;
	return true;
}

static void find_groups(struct race *r, struct groups *g)
{
	const struct facts *f = r->s->f;
	uint64_t main = new_group(g, false), loop = main;

	g->of_fn = xcalloc(r->ir->nfns + 1, sizeof *g->of_fn);
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		bool seen = false;
		for (uint32_t k = 0; k < i; k++)
			seen |= f->entries[k].fn == e->fn && f->entries[k].ctx == e->ctx;
		if (seen)
			continue;
		if (starts(e->ctx))
			reach_group(r, e->fn, g->of_fn, new_group(g, true));
		else if (e->ctx == CTX_SIGNAL || e->ctx == CTX_ISR)
			reach_group(r, e->fn, g->of_fn, new_group(g, false));
		r->parallel |= starts(e->ctx) || e->ctx == CTX_SIGNAL || e->ctx == CTX_ISR;
	}
	for (uint32_t i = 0; i < r->open_calls.n; i++) {
		reach_group(r, r->open_calls.v[i].fn, g->of_fn, new_group(g, true));
		r->parallel = true;
	}
	if (race_library(r))
		for (uint32_t i = 0; i < r->ir->nfns; i++)
			if (race_library_root(r, i)) {
				reach_group(r, i, g->of_fn, new_group(g, true));
				r->parallel = true;
			}
	for (uint32_t i = 0; i < f->nloop; i++)
		if (g->of_fn[f->loops[i].fn] && loop == main)
			loop = new_group(g, true); /* a thread runs it */
	for (uint32_t i = 0; i < f->nentry; i++) {
		const struct entry *e = &f->entries[i];
		if (e->ctx == CTX_STARTUP || e->ctx == CTX_SHUTDOWN)
			reach_group(r, e->fn, g->of_fn, main);
		else if (e->ctx == CTX_LOOP || e->ctx == CTX_TIMER || e->ctx == CTX_COROUTINE)
			reach_group(r, e->fn, g->of_fn, e->head == NONE ? loop : main);
	}
}

/* ---- what they touch ---- */

struct mask { /* of a cell */
	uint64_t any, write;
	uint32_t obj;
	int32_t off;
};
struct touched { /* a cell, by a function */
	uint32_t fn, mask;
};
struct toucher {
	struct race *r;
	const struct groups *g;
	struct map seen; /* cell -> in masks */
	VEC(struct mask) masks;
	VEC(struct touched) all;
};

static uint64_t cell_key(uint32_t obj, int32_t off)
{
	return hash_mix(obj, (uint32_t)off);
}

static bool is_private(const struct race *r, const struct obj *o)
{
	if (o->kind == OBJ_GLOBAL)
		return r->ir->globals[o->id].flags & (GLOBAL_TLS | GLOBAL_CONST);
	return o->kind == OBJ_THREAD || (o->kind == OBJ_LOCAL && !o->escaped);
}

static void touch(struct toucher *t, uint32_t fn, const struct spot *s, uint32_t n, bool write)
{
	uint64_t groups = t->g->of_fn[fn];
	for (uint32_t i = 0; i < n; i++) {
		if (is_private(t->r, &t->r->pt->objs.v[s[i].obj]))
			continue;
		uint32_t *slot = map_slot(&t->seen, cell_key(s[i].obj, s[i].off), t->masks.n);
		if (*slot == t->masks.n)
			vec_add(&t->masks, ((struct mask){.obj = s[i].obj, .off = s[i].off}));
		t->masks.v[*slot].any |= groups;
		if (write)
			t->masks.v[*slot].write |= groups;
		if (!t->all.n || t->all.v[t->all.n - 1].fn != fn || t->all.v[t->all.n - 1].mask != *slot)
			vec_add(&t->all, ((struct touched){fn, *slot}));
	}
}

/* Text and other bytes, one after the other: what guards them guards what points at them. */
bool escape_bytes(const struct ir *ir, uint32_t type)
{
	return type == NONE || ir->types[type].kind == TYPE_VOID || (ir->types[type].kind == TYPE_INT && ir->types[type].size <= 1);
}

uint32_t escape_type(const struct ir *ir, uint32_t fn, const struct op *op, uint32_t type)
{
	struct ref value = op->kind == OP_LOAD ? op->dst : op->src;
	bool cast = type != NONE && ir->types[type].kind == TYPE_VOID && value.kind == REF_LOCAL;
	return cast ? ir->locals[ir->fns[fn].local + value.id].type : type;
}

bool escape_bytes_op(const struct ir *ir, const struct op *op, uint32_t type)
{
	const struct path *p = &ir->paths[op->kind == OP_STORE ? op->dst.id : op->src.id];
	if (!p->nstep || ir->steps[p->step + p->nstep - 1].kind == STEP_FIELD)
		return false;
	if (op->kind == OP_STORE && op->src.kind == REF_CONST && type != NONE && ir->types[type].kind == TYPE_VOID)
		return false; /* *(int *)arg = 1 */
	return escape_bytes(ir, type);
}

/* A local in memory that other threads know: naming it reads it, being a dst writes it. */
static void touch_local(struct toucher *t, uint32_t inst, struct ref x, bool write)
{
	const struct race *r = t->r;
	const struct fn *f = &r->ir->fns[r->pt->insts.v[inst].fn];
	if (x.kind != REF_LOCAL || !(r->ir->locals[f->local + x.id].flags & LOCAL_ADDR))
		return;
	struct spot s = {points_obj(r->pt, OBJ_LOCAL, f->local + x.id, inst), 0, false};
	uint32_t type = r->ir->locals[f->local + x.id].type;
	if (s.obj != NONE && r->pt->objs.v[s.obj].escaped && type != NONE && r->ir->types[type].kind != TYPE_ARRAY)
		touch(t, r->pt->insts.v[inst].fn, &s, 1, write);
}

/* The cells that an op touches. */
static void touch_op(struct toucher *t, uint32_t inst, uint32_t at)
{
	const struct race *r = t->r;
	const struct ir *ir = r->ir;
	const struct op *op = &ir->ops[at];
	uint32_t fn = r->pt->insts.v[inst].fn, ne;
	struct spot s[POINTS_MANY];

	touch_local(t, inst, op->dst, true);
	touch_local(t, inst, op->src, false);
	if (op->kind == OP_BIN)
		touch_local(t, inst, ref_of(op->arg), false);
	for (uint32_t i = 0; i < op->narg; i++)
		touch_local(t, inst, ir->args[op->arg + i], false);
	if (op->kind == OP_LOAD || op->kind == OP_ADDR || op->kind == OP_STORE) {
		uint32_t path = op->kind == OP_STORE ? op->dst.id : op->src.id;
		const struct path *p = &ir->paths[path];
		bool deref = false;
		for (uint32_t i = 0; i < p->nstep; i++)
			deref |= ir->steps[p->step + i].kind == STEP_DEREF;
		if (p->base.kind == REF_LOCAL && !deref) {
			uint32_t o = points_obj(r->pt, OBJ_LOCAL, ir->fns[fn].local + p->base.id, inst);
			if (o == NONE || !r->pt->objs.v[o].escaped)
				return;
		}
		if (op->kind != OP_ADDR && !escape_bytes_op(ir, op, escape_type(ir, fn, op, path_type(ir, fn, path))))
			touch(t, fn, s, points_path(r->pt, inst, path, s, COUNT(s)), op->kind == OP_STORE);
		if (p->base.kind == REF_GLOBAL && deref) { /* the pointer that is read on the way */
			struct spot first = {points_obj(r->pt, OBJ_GLOBAL, p->base.id, NONE), 0, false};
			for (uint32_t i = 0; i < p->nstep && ir->steps[p->step + i].kind != STEP_DEREF; i++)
				if (ir->steps[p->step + i].kind == STEP_FIELD)
					first.off += (int32_t)(ir->fields[ir->steps[p->step + i].field].bit / 8);
			if (first.obj != NONE)
				touch(t, fn, &first, 1, false);
		}
		return;
	}
	const struct effect *e = op->kind == OP_CALL || op->kind == OP_ICALL ? effects_at(r->e, at, &ne) : NULL;
	for (uint32_t i = 0; e && i < ne; i++) {
		const struct clause *c = e[i].clause;
		if (c && c->verb == VERB_STATIC_STATE) {
			s[0] = (struct spot){points_named(r->pt, c->name ? c->name : e[i].model->name), 0, false};
			touch(t, fn, s, 1, !(c->flags & CL_SHARED));
			continue;
		}
		if (!c || (c->verb != VERB_READS && c->verb != VERB_WRITES && c->verb != VERB_COPIES && c->verb != VERB_FREES))
			continue;
		for (int side = 0; side < (c->verb == VERB_COPIES ? 2 : 1); side++) {
			struct ref a = effect_arg(r->p, &e[i], side ? c->q : c->p);
			const uint32_t *spots = NULL;
			uint32_t n = a.kind == REF_LOCAL ? points_local(r->pt, inst, a.id, &spots) : 0;
			uint32_t type = a.kind == REF_LOCAL ? ir->locals[ir->fns[fn].local + a.id].type : NONE;
			if (c->verb != VERB_FREES && (type == NONE || ir->types[type].kind != TYPE_PTR || escape_bytes(ir, ir->types[type].to)))
				continue;
			for (uint32_t k = 0; k < n; k++)
				s[k] = r->pt->spots.v[spots[k]];
			touch(t, fn, s, n, c->verb != VERB_READS && !(c->verb == VERB_COPIES && !side));
		}
	}
}

bool escape_shared(const struct race *r, uint32_t obj, int32_t off, uint32_t size)
{
	if (map_get(&r->shared, cell_key(obj, off)) != NONE)
		return true;
	if (size <= 8 || map_get(&r->shared, cell_key(obj, -1)) == NONE)
		return false;
	for (uint32_t i = 1; i < size && i < 4096; i++)
		if (map_get(&r->shared, cell_key(obj, off + (int32_t)i)) != NONE)
			return true;
	return false;
}

static void find_shared(struct race *r, const struct groups *g)
{
	struct toucher t = {.r = r, .g = g};
	const struct points *pt = r->pt;
	struct map written = {0}; /* objects */

	for (uint32_t i = 0; i < pt->insts.n; i++) {
		const struct fn *f = &r->ir->fns[pt->insts.v[i].fn];
		if (!g->of_fn[pt->insts.v[i].fn])
			continue;
		for (uint32_t o = f->op; o < f->op + f->nop; o++)
			touch_op(&t, i, o);
		for (uint32_t b = f->block; b < f->block + f->nblock; b++) {
			touch_local(&t, i, r->ir->blocks[b].cond.lhs, false);
			touch_local(&t, i, r->ir->blocks[b].cond.rhs, false);
		}
	}
	for (uint32_t i = 0; i < t.masks.n; i++)
		if (t.masks.v[i].write)
			map_put(&written, t.masks.v[i].obj, 1);
	/* A record copied or cleared as a whole meets its fields: any write to the object counts. */
	for (uint32_t i = 0; i < t.masks.n; i++) {
		const struct mask *m = &t.masks.v[i];
		bool several = (m->any & (m->any - 1)) != 0;
		if (map_get(&written, m->obj) == NONE || !(several || (m->any & g->many && pt->objs.v[m->obj].kind != OBJ_LOCAL)))
			continue;
		map_put(&r->shared, cell_key(m->obj, m->off), 1);
		map_put(&r->shared, cell_key(m->obj, -1), 1);
	}
	for (uint32_t i = 0; i < t.all.n; i++) {
		const struct mask *m = &t.masks.v[t.all.v[i].mask];
		if (map_get(&r->shared, cell_key(m->obj, -1)) != NONE)
			r->touch[t.all.v[i].fn] |= TOUCH_SHARED;
	}
	map_free(&t.seen);
	map_free(&written);
	vec_free(&t.masks);
	vec_free(&t.all);
}

void solve_escape(struct race *r)
{
	uint32_t n = r->ir->nfns;
	struct groups g = {0};

	r->touch = arena_alloc(r->mem, n + 1);
	r->leaks = arena_alloc(r->mem, (n + 1) * sizeof *r->leaks);
	r->index = arena_alloc(r->mem, (n + 1) * sizeof *r->index);
	r->mods = arena_alloc(r->mem, (n + 1) * sizeof *r->mods);
	for (uint32_t i = 0; i < r->e->n; i++) {
		const struct effect *e = &r->e->e[i];
		if (e->clause)
			r->touch[e->fn] |= touch_of(e->clause);
		else if (starts(e->callback->ctx))
			r->touch[e->fn] |= TOUCH_LOCK | TOUCH_MOVE;
	}
	find_open_calls(r);
	for (uint32_t i = 0; i < r->open_calls.n; i++)
		r->touch[r->p->op_fn[r->open_calls.v[i].site]] |= TOUCH_LOCK | TOUCH_MOVE;
	find_groups(r, &g);
	if (r->parallel)
		find_shared(r, &g);
	bottom_up(r);
	free(g.of_fn);
}
