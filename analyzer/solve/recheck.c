/* recheck.c - what is tested under a lock and acted on under the same lock, after it was given back in between.
 *
 *	lock; if (!cache) { unlock; p = make(); lock; cache = p; } unlock
 *
 * Two threads may both find it empty. Inside one function: a load under a lock decides a branch; only behind that branch
 * there is a store to the same place, under the same lock, but taken by another call; and nothing tests the place again
 * in between. Not meant is who marks in the first section that it is at work (a store there): others then keep away.
 *
 * The section of an op is the call that took the lock, if that is one call on all ways to it: forward over blocks, where
 * ways meet the lock is "several" if they differ, and not held if one does not hold it.
 *
 * needs: effects, cfg      gives: facts.stale_tests
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum { MAX_LOCKS = 8, SEVERAL = NONE - 1 };

struct section { /* per lock: the call that took it; NONE: not held */
	uint32_t by[MAX_LOCKS];
	bool reached;
};
struct touch { /* a load or store under locks */
	uint32_t op, block;
	uint64_t place;
	struct section at;
	uint32_t branch; /* loads: block whose branch it decides, or NONE */
	bool write;
};
struct recheck {
	struct solver *s;
	const struct program *p;
	const struct ir *ir;
	uint32_t fn;
	const struct cfg *g;
	const struct local_facts *local;
	uint64_t locks[MAX_LOCKS]; /* of the function: what they are, hashed */
	uint32_t nlock;
	struct section *in; /* per block */
	VEC(struct touch) touches;
	VEC(struct stale_test) found;
};

/* ---- places ---- */

/* A local that is the same wherever the function names it. */
static bool steady(const struct recheck *x, struct ref r)
{
	const struct fn *f = &x->ir->fns[x->fn];
	if (r.kind != REF_LOCAL)
		return r.kind == REF_GLOBAL || r.kind == REF_CONST;
	uint32_t def = x->local->def[r.id];
	if (x->ir->locals[f->local + r.id].flags & LOCAL_ADDR)
		return false;
	return r.id < f->nparam ? def == NONE : def != NONE && x->local->next_def[def - f->op] == NONE;
}

/* Equal for equal places; 0: it may be another one each time, or is the function's own. */
static uint64_t place_of(const struct recheck *x, uint32_t path)
{
	const struct path *p = &x->ir->paths[path];
	uint64_t h = hash_mix(p->base.kind, p->base.id);
	bool shared = p->base.kind == REF_GLOBAL;
	if (!steady(x, p->base))
		return 0;
	/* an address that was taken apart: t = &a->b; *t */
	if (p->base.kind == REF_LOCAL && p->base.id >= x->ir->fns[x->fn].nparam) {
		const struct op *def = &x->ir->ops[x->local->def[p->base.id]];
		if (def->kind == OP_ADDR || def->kind == OP_LOAD) {
			h = hash_mix(place_of(x, def->src.id), def->kind);
			if (!place_of(x, def->src.id))
				return 0;
		}
	}
	for (uint32_t i = 0; i < p->nstep; i++) {
		const struct step *st = &x->ir->steps[p->step + i];
		shared |= st->kind == STEP_DEREF;
		if (st->kind == STEP_INDEX && !steady(x, st->index))
			return 0;
		h = hash_mix(h, hash_mix((uint64_t)st->kind << 32 | (st->kind == STEP_FIELD ? st->field : 0),
				      st->kind == STEP_INDEX ? ref_bits(st->index) : 0));
	}
	return shared ? h | 1 : 0;
}

static uint64_t lock_place(const struct recheck *x, struct ref r)
{
	if (r.kind != REF_LOCAL)
		return 0;
	if (r.id < x->ir->fns[x->fn].nparam)
		return steady(x, r) ? hash_mix(0x10c, r.id) | 1 : 0;
	uint32_t def = x->local->def[r.id];
	if (def == NONE || x->local->next_def[def - x->ir->fns[x->fn].op] != NONE)
		return 0;
	const struct op *op = &x->ir->ops[def];
	uint64_t h = op->kind == OP_ADDR || op->kind == OP_LOAD ? place_of(x, op->src.id) : 0;
	return h ? hash_mix(h, op->kind) | 1 : 0;
}

/* ---- sections ---- */

static void step(const struct recheck *x, struct section *at, uint32_t op)
{
	uint32_t n;
	const struct effect *e = x->ir->ops[op].kind == OP_CALL ? effects_at(x->s->e, op, &n) : NULL;
	for (uint32_t i = 0; e && i < n; i++) {
		const struct clause *c = e[i].clause;
		if (!c || (c->verb != VERB_LOCKS && c->verb != VERB_UNLOCKS) || c->p < 0 || c->flags & CL_SHARED)
			continue;
		uint64_t place = lock_place(x, effect_arg(x->p, &e[i], c->p));
		for (uint32_t k = 0; k < x->nlock && place; k++)
			if (x->locks[k] == place)
				at->by[k] = c->verb == VERB_LOCKS ? op : NONE;
	}
}

static bool meet(const struct recheck *x, struct section *to, const struct section *from)
{
	bool changed = false;
	if (!to->reached) {
		*to = *from;
		return true;
	}
	for (uint32_t k = 0; k < x->nlock; k++) {
		uint32_t a = to->by[k], b = from->by[k], m = a == b ? a : a == NONE || b == NONE ? NONE : SEVERAL;
		changed |= m != a;
		to->by[k] = m;
	}
	return changed;
}

static void sections(struct recheck *x)
{
	const struct fn *f = &x->ir->fns[x->fn];
	bool changed = true;

	for (uint32_t k = 0; k < MAX_LOCKS; k++)
		x->in[0].by[k] = NONE;
	x->in[0].reached = true;
	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < x->g->nrpo; i++) {
			uint32_t b = x->g->rpo[i];
			const struct block *bl = &x->ir->blocks[f->block + b];
			struct section at = x->in[b];
			if (!at.reached)
				continue;
			for (uint32_t o = bl->op; o < bl->op + bl->nop; o++)
				step(x, &at, o);
			for (uint32_t k = 0; k < x->g->nsucc[b]; k++)
				changed |= meet(x, &x->in[x->g->succ[b][k]], &at);
		}
	}
}

/* ---- loads that decide, and stores ---- */

/* The block whose branch the value of a load decides by itself; NONE. */
static uint32_t decides(const struct recheck *x, uint32_t op)
{
	const struct fn *f = &x->ir->fns[x->fn];
	struct ref r = x->ir->ops[op].dst;
	if (r.kind != REF_LOCAL || !(x->ir->locals[f->local + r.id].flags & LOCAL_TEMP))
		return NONE;
	for (uint32_t b = 0; b < f->nblock; b++) {
		const struct block *bl = &x->ir->blocks[f->block + b];
		if (bl->term == TERM_IF && (ref_eq(bl->cond.lhs, r) || ref_eq(bl->cond.rhs, r)))
			return b;
	}
	return NONE;
}

static void collect(struct recheck *x)
{
	const struct fn *f = &x->ir->fns[x->fn];
	for (uint32_t b = 0; b < f->nblock; b++) {
		const struct block *bl = &x->ir->blocks[f->block + b];
		struct section at = x->in[b];
		for (uint32_t o = bl->op; o < bl->op + bl->nop && at.reached; o++) {
			const struct op *op = &x->ir->ops[o];
			bool held = false;
			step(x, &at, o);
			for (uint32_t k = 0; k < x->nlock; k++)
				held |= at.by[k] != NONE;
			if (!held || (op->kind != OP_LOAD && op->kind != OP_STORE) || op->flags & OPF_ATOMIC)
				continue;
			uint64_t place = place_of(x, op->kind == OP_LOAD ? op->src.id : op->dst.id);
			if (place)
				vec_add(&x->touches, ((struct touch){.op = o,
							     .block = b,
							     .place = place,
							     .at = at,
							     .branch = op->kind == OP_LOAD ? decides(x, o) : NONE,
							     .write = op->kind == OP_STORE}));
		}
	}
}

/* Is a block reached through one arm of a branch alone? */
static bool behind(const struct recheck *x, uint32_t branch, uint32_t block)
{
	for (uint32_t k = 0; k < x->g->nsucc[branch]; k++) {
		uint32_t arm = x->g->succ[branch][k];
		if (x->g->npred[arm] == 1 && cfg_dominates(x->g, arm, block))
			return true;
	}
	return false;
}

static bool before(const struct recheck *x, const struct touch *a, const struct touch *b)
{
	return a->block == b->block ? a->op < b->op : cfg_dominates(x->g, a->block, b->block);
}

static bool stale(const struct recheck *x, const struct touch *test, const struct touch *act, uint32_t lock)
{
	uint32_t first = test->at.by[lock], second = act->at.by[lock];
	if (test->place != act->place || !act->write || test->branch == NONE || first == NONE || second == NONE || first == second ||
		second == SEVERAL || first == SEVERAL || !behind(x, test->branch, act->block) || !before(x, test, act))
		return false;
	for (uint32_t i = 0; i < x->touches.n; i++) {
		const struct touch *t = &x->touches.v[i];
		if (t->place != act->place)
			continue;
		if (t->write && t->at.by[lock] == first)
			return false; /* it was marked */
		if (t != test && t->branch != NONE && t->at.by[lock] == second && before(x, t, act))
			return false; /* tested again */
	}
	return true;
}

static void look_at(struct recheck *x, uint32_t fn)
{
	const struct fn *f = &x->ir->fns[fn];
	uint32_t nlocks = 0;

	x->fn = fn;
	x->nlock = 0;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		uint32_t n;
		const struct effect *e = x->ir->ops[o].kind == OP_CALL ? effects_at(x->s->e, o, &n) : NULL;
		for (uint32_t i = 0; e && i < n; i++) {
			if (!e[i].clause || e[i].clause->verb != VERB_LOCKS || e[i].clause->p < 0)
				continue;
			x->local = local_facts(x->s, fn);
			uint64_t place = lock_place(x, effect_arg(x->p, &e[i], e[i].clause->p));
			bool have = !place || x->nlock == MAX_LOCKS;
			for (uint32_t k = 0; k < x->nlock && !have; k++)
				have = x->locks[k] == place;
			if (!have)
				x->locks[x->nlock++] = place;
			nlocks++;
		}
	}
	if (nlocks < 2 || !x->nlock)
		return;
	x->g = program_cfg(x->p, fn);
	x->in = xcalloc(f->nblock, sizeof *x->in);
	x->touches.n = 0;
	sections(x);
	collect(x);
	for (uint32_t a = 0; a < x->touches.n; a++)
		for (uint32_t b = 0; b < x->touches.n; b++)
			for (uint32_t k = 0; k < x->nlock && x->touches.v[a].branch != NONE; k++)
				if (stale(x, &x->touches.v[a], &x->touches.v[b], k)) {
					vec_add(&x->found, ((struct stale_test){x->touches.v[a].op, x->touches.v[b].op,
								   x->touches.v[b].at.by[k]}));
					break;
				}
	free(x->in);
}

void solve_recheck(struct solver *s)
{
	struct recheck x = {.s = s, .p = s->p, .ir = s->ir};
	for (uint32_t fn = 0; fn < s->ir->nfns; fn++)
		look_at(&x, fn);
	s->f->stale_tests = arena_alloc(s->f->mem, (x.found.n + 1) * sizeof *x.found.v);
	if (x.found.n)
		memcpy(s->f->stale_tests, x.found.v, x.found.n * sizeof *x.found.v);
	s->f->nstale_test = x.found.n;
	vec_free(&x.touches);
	vec_free(&x.found);
}
