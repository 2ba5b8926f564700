/* value.c - what is known of a value at a place: constants, flag bits, functions, descriptors.
 *
 * Values are found by walking back: to the definitions that reach the place (backward over blocks until each
 * path has met one), through copies, arithmetic on flags, results of modelled calls, to parameters, whose
 * values the caller of this frame has bound. Branch conditions over such values decide whether a place is
 * reached on a chain at all.
 *
 * Three-valued throughout: MAYBE is what cannot be told, and the caller decides what that means.
 */
#include "solve/solve_int.h"

#include <stdlib.h>

enum { MAX_DEFS = 8, MAX_DEPTH = 24 };



static struct val val_int(int64_t i)
{
	return (struct val){.kind = VAL_INT, .ones = (uint64_t)i, .zeros = ~(uint64_t)i};
}

static bool is_const(struct val v, int64_t *i)
{
	if (v.kind != VAL_INT || (v.ones | v.zeros) != ~(uint64_t)0)
		return false;
	*i = (int64_t)v.ones;
	return true;
}

/* ---- definitions ---- */

static bool defines(const struct op *op, uint32_t local)
{
	return op->dst.kind == REF_LOCAL && op->dst.id == local;
}

/* The branch right in front of each block, if the block is reached only when it went one way. */
static void find_guards(const struct solver *s, uint32_t fn, struct local_facts *l)
{
	const struct ir *ir = s->ir;
	const struct fn *f = &ir->fns[fn];
	const struct cfg *g = program_cfg(s->p, fn);

	l->guard = arena_alloc(s->mem, f->nblock * sizeof *l->guard);
	memset(l->guard, 0xff, f->nblock * sizeof *l->guard);
	for (uint32_t i = 0; i < g->nrpo; i++) {
		uint32_t b = g->rpo[i], d = g->idom[b];
		if (d == NONE)
			continue;
		const struct block *bl = &ir->blocks[f->block + d];
		if ((bl->term != TERM_IF && bl->term != TERM_SWITCH) || g->npred[b] != 1)
			continue; /* with one predecessor, that is d, by one edge or (switch) several */
		uint32_t way = NONE, ways = 0;
		for (uint32_t k = 0; k < bl->nsucc; k++)
			if (ir->succs[bl->succ + k].block == b) {
				way = k;
				ways++;
			}
		if (ways == 1 && bl->cond.lhs.kind == REF_LOCAL)
			l->guard[b] = (struct guard){d, way};
	}
}

void memo_open(struct memo *m, const struct solver *s, uint32_t fn)
{
	*m = (struct memo){.reached = xcalloc(s->ir->fns[fn].nblock + 1, 1)};
}

void memo_close(struct memo *m)
{
	map_free(&m->index);
	vec_free(&m->v);
	free(m->reached);
}

const struct local_facts *local_facts(const struct solver *s, uint32_t fn)
{
	if (s->local[fn])
		return s->local[fn];
	const struct fn *f = &s->ir->fns[fn];
	struct local_facts *l = arena_alloc(s->mem, sizeof *l);
	l->def = arena_alloc(s->mem, (f->nlocal + 1) * sizeof *l->def);
	memset(l->def, 0xff, (f->nlocal + 1) * sizeof *l->def);
	l->next_def = arena_alloc(s->mem, (f->nop + 1) * sizeof *l->next_def);
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if (op->dst.kind != REF_LOCAL)
			continue;
		l->next_def[o - f->op] = l->def[op->dst.id];
		l->def[op->dst.id] = o;
	}
	find_guards(s, fn, l);
	return s->local[fn] = l;
}

/* A point in a function: in block, in front of op `before`. */
struct point {
	uint32_t block, before;
};

static struct point at_site(const struct solver *s, uint32_t site)
{
	return (struct point){s->p->op_block[site], site};
}

static struct point at_end(const struct solver *s, uint32_t fn, uint32_t block)
{
	const struct block *b = &s->ir->blocks[s->ir->fns[fn].block + block];
	return (struct point){block, b->op + b->nop};
}

/* Definitions of a local that reach a point: ops, or NONE for "the value at entry". Returns the count, or
 * MAX_DEFS + 1 if there are more. */
static uint32_t reaching(const struct solver *s, uint32_t fn, uint32_t local, struct point at, uint32_t *defs)
{
	const struct ir *ir = s->ir;
	const struct fn *f = &ir->fns[fn];
	const struct local_facts *l = local_facts(s, fn);
	uint32_t first = l->def[local];

	if (first == NONE) {
		defs[0] = NONE;
		return 1;
	}
	bool param = local < f->nparam;
	if (!param && l->next_def[first - f->op] == NONE) { /* one definition: it must be the one */
		defs[0] = first;
		return 1;
	}
	const struct cfg *g = program_cfg(s->p, fn);
	uint32_t n = 0, ntodo = 0, block = at.block;
	uint32_t *todo = xmalloc((g->n + 1) * sizeof *todo);
	bool *seen = xcalloc(g->n + 1, 1);
	uint32_t from = at.before;
	for (;;) {
		const struct block *b = &ir->blocks[f->block + block];
		uint32_t found = NONE;
		for (uint32_t o = from; o-- > b->op;)
			if (defines(&ir->ops[o], local)) {
				found = o;
				break;
			}
		if (found != NONE || block == 0) {
			bool have = false;
			for (uint32_t i = 0; i < n; i++)
				have |= defs[i] == found;
			if (!have && n == MAX_DEFS) {
				n = MAX_DEFS + 1;
				break;
			}
			if (!have && (found != NONE || param || n == 0 || g->npred[0] == 0))
				defs[n++] = found;
		}
		if (found == NONE)
			for (uint32_t i = 0; i < g->npred[block]; i++)
				if (!seen[g->pred[block][i]]) {
					seen[g->pred[block][i]] = true;
					todo[ntodo++] = g->pred[block][i];
				}
		if (!ntodo)
			break;
		block = todo[--ntodo];
		from = ir->blocks[f->block + block].op + ir->blocks[f->block + block].nop;
	}
	free(todo);
	free(seen);
	return n;
}

/* ---- places ---- */

bool site_dominates(const struct solver *s, uint32_t a, uint32_t b)
{
	uint32_t fn = s->p->op_fn[a], x = s->p->op_block[a], y = s->p->op_block[b];
	if (x == y)
		return a < b;
	return cfg_dominates(program_cfg(s->p, fn), x, y);
}

bool site_reaches(const struct solver *s, uint32_t a, uint32_t b)
{
	uint32_t fn = s->p->op_fn[a], x = s->p->op_block[a], y = s->p->op_block[b];
	if (x == y && a < b)
		return true;
	return cfg_reaches(program_cfg(s->p, fn), s->ir, fn, x, y);
}

static struct fd_key fd_key_at(const struct solver *s, uint32_t fn, struct ref r, struct point at)
{
	for (int hops = 0; hops < 8 && r.kind == REF_LOCAL; hops++) {
		uint32_t defs[MAX_DEFS + 1];
		if (!(s->ir->locals[s->ir->fns[fn].local + r.id].flags & LOCAL_TEMP))
			return (struct fd_key){KEY_LOCAL, r.id};
		if (reaching(s, fn, r.id, at, defs) != 1 || defs[0] == NONE)
			return (struct fd_key){KEY_LOCAL, r.id};
		const struct op *op = &s->ir->ops[defs[0]];
		if (op->kind == OP_COPY) {
			r = op->src;
			at = at_site(s, defs[0]);
			continue;
		}
		if (op->kind != OP_LOAD)
			return (struct fd_key){KEY_LOCAL, r.id};
		uint32_t field = path_field(s->ir, op->src.id);
		if (field != NONE)
			return (struct fd_key){KEY_FIELD, field};
		const struct path *p = &s->ir->paths[op->src.id];
		if (p->base.kind == REF_GLOBAL)
			return (struct fd_key){KEY_GLOBAL, p->base.id};
		return (struct fd_key){KEY_LOCAL, r.id};
	}
	return (struct fd_key){KEY_NONE, 0};
}

struct fd_key fd_key_of(const struct solver *s, uint32_t fn, struct ref r, uint32_t site)
{
	return fd_key_at(s, fn, r, at_site(s, site));
}

/* ---- values ---- */

static struct val class_fd(const struct solver *s, uint32_t node)
{
	if (node == NONE || !s->fd || (!s->fd[node].kind && !s->fd[node].mode))
		return TOP;
	return (struct val){.kind = VAL_FD, .fd_kind = s->fd[node].kind, .mode = s->fd[node].mode};
}

static struct val join(struct val a, struct val b)
{
	int64_t i;
	if (a.kind == VAL_FD && b.kind == VAL_INT) /* fd = -1 on error */
		return a;
	if (b.kind == VAL_FD && a.kind == VAL_INT)
		return b;
	if (a.kind != b.kind) {
		if ((a.kind == VAL_NONNULL && b.kind == VAL_STR) || (a.kind == VAL_STR && b.kind == VAL_NONNULL))
			return (struct val){.kind = VAL_NONNULL};
		return TOP;
	}
	switch (a.kind) {
	case VAL_INT:
		a.ones &= b.ones;
		a.zeros &= b.zeros;
		return a.ones | a.zeros ? a : TOP;
	case VAL_FD:
		a.fd_kind |= b.fd_kind;
		a.mode |= b.mode;
		return a;
	case VAL_FN:
	case VAL_STR:
		return a.id == b.id ? a : (struct val){.kind = VAL_NONNULL};
	default:
		(void)i;
		return a;
	}
}

static struct val arithmetic(uint8_t how, struct val a, struct val b)
{
	int64_t x, y;
	if (how == BIN_OR && a.kind == VAL_INT && b.kind == VAL_INT)
		return (struct val){.kind = VAL_INT, .ones = a.ones | b.ones, .zeros = a.zeros & b.zeros};
	if (how == BIN_OR && (a.kind == VAL_INT || b.kind == VAL_INT)) {
		struct val k = a.kind == VAL_INT ? a : b;
		return (struct val){.kind = VAL_INT, .ones = k.ones, .zeros = 0};
	}
	if (how == BIN_AND && a.kind == VAL_INT && b.kind == VAL_INT)
		return (struct val){.kind = VAL_INT, .ones = a.ones & b.ones, .zeros = a.zeros | b.zeros};
	if (how == BIN_AND && (a.kind == VAL_INT || b.kind == VAL_INT)) {
		struct val k = a.kind == VAL_INT ? a : b;
		return (struct val){.kind = VAL_INT, .ones = 0, .zeros = k.zeros};
	}
	if (!is_const(a, &x) || !is_const(b, &y))
		return TOP;
	switch (how) {
	case BIN_ADD:
		return val_int((int64_t)((uint64_t)x + (uint64_t)y));
	case BIN_SUB:
		return val_int((int64_t)((uint64_t)x - (uint64_t)y));
	case BIN_MUL:
		return val_int((int64_t)((uint64_t)x * (uint64_t)y));
	case BIN_EQ:
		return val_int(x == y);
	case BIN_NE:
		return val_int(x != y);
	case BIN_LT:
		return val_int(x < y);
	case BIN_LE:
		return val_int(x <= y);
	case BIN_GT:
		return val_int(x > y);
	case BIN_GE:
		return val_int(x >= y);
	default:
		return TOP;
	}
}

static struct val with_modes(const struct frame *fr, struct val v, struct fd_key key, struct point at);

static struct val value_at(const struct frame *fr, struct ref r, struct point at, int depth);

static struct val value_of_param(const struct frame *fr, uint32_t param)
{
	const struct solver *s = fr->s;
	uint32_t mask = s->params ? s->params[fr->fn] : 0;
	if (fr->bind && param < 32 && mask >> param & 1) {
		struct val v = fr->bind->val[__builtin_popcount(mask & ((1u << param) - 1))];
		if (v.kind != VAL_TOP)
			return v;
	}
	return class_fd(s, flow_local(s->p, fr->fn, param));
}

static struct val value_of_path(const struct frame *fr, uint32_t path)
{
	const struct solver *s = fr->s;
	uint32_t field = path_field(s->ir, path), node = flow_path(s->p, fr->fn, path);
	struct val v = class_fd(s, node);
	if (field == NONE || !fr->modes)
		return v;
	for (uint32_t i = 0; i < fr->modes->n; i++) {
		uint32_t changed = fr->modes->v[i].field;
		if (changed != field && !(node != NONE && s->over && s->over[node] == flow_field(s->p, changed)))
			continue; /* neither this one nor the one that it does its I/O on */
		if (v.kind != VAL_FD)
			v = (struct val){.kind = VAL_FD};
		v.mode = fr->modes->v[i].mode;
	}
	return v;
}

static struct val value_of_call(const struct frame *fr, uint32_t at, int depth)
{
	const struct solver *s = fr->s;
	uint32_t n;
	const struct effect *e = effects_at(s->e, at, &n);
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *c = e[i].clause;
		if (!c)
			continue;
		if (c->verb == VERB_GIVES && c->p == PARAM_NONE) {
			struct val v = {.kind = VAL_FD, .fd_kind = c->kind, .mode = FD_BLOCKING};
			if (c->flags & CL_NONBLOCKING) {
				enum tri t = c->cond ? clause_holds(fr, &e[i], c->cond) : YES;
				v.mode = t == YES ? FD_NONBLOCKING : t == NO ? FD_BLOCKING : FD_BLOCKING | FD_NONBLOCKING;
			} else if (c->cond && clause_holds(fr, &e[i], c->cond) == NO) {
				continue;
			}
			return v;
		}
		if (c->verb == VERB_TRUE_ON) {
			bool here = c->kind == (uint32_t)fr->ctx;
			return val_int(here);
		}
		if (c->verb == VERB_RETURNS)
			return value_at(fr, effect_arg(s->p, &e[i], c->p), at_site(s, at), depth + 1);
		if (c->verb == VERB_OVER && c->q == PARAM_NONE)
			return value_at(fr, effect_arg(s->p, &e[i], c->p), at_site(s, at), depth + 1);
	}
	const struct op *op = &s->ir->ops[at];
	if (op->dst.kind == REF_LOCAL)
		return class_fd(s, flow_local(s->p, fr->fn, op->dst.id));
	return TOP;
}

static struct val find_value_of_def(const struct frame *fr, uint32_t at, int depth)
{
	const struct op *op = &fr->s->ir->ops[at];
	struct point here = at_site(fr->s, at);
	switch (op->kind) {
	case OP_COPY:
		return value_at(fr, op->src, here, depth + 1);
	case OP_LOAD:
		return value_of_path(fr, op->src.id);
	case OP_ADDR:
		return (struct val){.kind = VAL_NONNULL};
	case OP_BIN:
		return arithmetic(op->flags, value_at(fr, op->src, here, depth + 1),
			value_at(fr, ref_of(op->arg), here, depth + 1));
	case OP_UN: {
		struct val v = value_at(fr, op->src, here, depth + 1);
		int64_t i;
		if (op->flags == UN_NOT && v.kind == VAL_INT)
			return (struct val){.kind = VAL_INT, .ones = v.zeros, .zeros = v.ones};
		if (!is_const(v, &i)) {
			if (op->flags == UN_LNOT && (v.kind == VAL_NONNULL || v.kind == VAL_FN || v.kind == VAL_STR))
				return val_int(0);
			return TOP;
		}
		return val_int(op->flags == UN_NEG ? -i : !i);
	}
	case OP_CALL:
	case OP_ICALL:
		return value_of_call(fr, at, depth);
	default:
		return TOP;
	}
}

/* A definition that is being looked at, as in i = i + 1, is worth TOP to itself. */
static struct val value_of_def(const struct frame *fr, uint32_t at, int depth)
{
	if (!fr->memo)
		return find_value_of_def(fr, at, depth);
	uint32_t n = fr->memo->v.n, i = *map_slot(&fr->memo->index, at, n);
	if (i != n)
		return fr->memo->v.v[i];
	vec_add(&fr->memo->v, TOP);
	struct val v = find_value_of_def(fr, at, depth);
	fr->memo->v.v[i] = v;
	return v;
}

static struct val value_at(const struct frame *fr, struct ref r, struct point at, int depth)
{
	const struct solver *s = fr->s;
	switch (r.kind) {
	case REF_CONST:
		return val_int(s->ir->consts[r.id]);
	case REF_FN:
		return (struct val){.kind = VAL_FN, .id = r.id};
	case REF_STR:
		return (struct val){.kind = VAL_STR, .id = r.id};
	case REF_LOCAL:
		break;
	default:
		return TOP;
	}
	if (depth > MAX_DEPTH || !*s->budget)
		return TOP;
	--*s->budget;
	const struct local *local = &s->ir->locals[s->ir->fns[fr->fn].local + r.id];
	struct val v = TOP;
	if (local->flags & LOCAL_ADDR) { /* may be written through a pointer */
		v = class_fd(s, flow_local(s->p, fr->fn, r.id));
	} else {
		uint32_t defs[MAX_DEFS + 1], n = reaching(s, fr->fn, r.id, at, defs);
		bool first = true;
		for (uint32_t i = 0; i < n && n <= MAX_DEFS; i++) {
			struct val d;
			if (defs[i] == NONE) {
				if (r.id >= s->ir->fns[fr->fn].nparam)
					continue; /* not assigned on that path */
				d = value_of_param(fr, r.id);
			} else {
				if (n > 1 && site_reached(fr, defs[i]) == NO)
					continue;
				d = value_of_def(fr, defs[i], depth + 1);
			}
			v = first ? d : join(v, d);
			first = false;
		}
		if (v.kind == VAL_TOP)
			v = class_fd(s, flow_local(s->p, fr->fn, r.id));
	}
	if (v.kind == VAL_FD && s->makes && s->nmake[fr->fn])
		v = with_modes(fr, v, fd_key_at(s, fr->fn, r, at), at);
	return v;
}

struct val value_of(const struct frame *fr, struct ref r, uint32_t site)
{
	if (!fr->depth)
		*fr->s->budget = MAX_STEPS;
	return value_at(fr, r, at_site(fr->s, site), 0);
}

/* The mode that calls in this function gave the descriptor before control came to this point. */
static struct val with_modes(const struct frame *fr, struct val v, struct fd_key key, struct point at)
{
	const struct solver *s = fr->s;
	struct frame in = *fr;
	uint32_t last = NONE;
	uint8_t mode = 0, also = 0;

	if (fr->depth > 3 || key.kind == KEY_NONE)
		return v;
	in.depth++;
	for (uint32_t i = 0; i < s->nmake[fr->fn]; i++) {
		const struct make *m = &s->makes[fr->fn][i];
		if (m->target.kind != key.kind || m->target.id != key.id || m->site == at.before)
			continue;
		enum tri reached = site_reached(&in, m->site);
		if (reached == NO)
			continue;
		uint32_t from = s->p->op_block[m->site];
		const struct cfg *g = program_cfg(s->p, fr->fn);
		bool same = from == at.block && m->site < at.before;
		bool dom = same || (from != at.block && cfg_dominates(g, from, at.block));
		if (!dom && !cfg_reaches(g, s->ir, fr->fn, from, at.block))
			continue;
		uint8_t now = make_mode(&in, m);
		if (!now)
			continue;
		if (!dom && reached == MAYBE) {
			also |= now;
			continue;
		}
		if (last == NONE || m->site > last) {
			last = m->site;
			mode = now;
		}
	}
	if (last != NONE)
		v.mode = mode;
	v.mode |= also;
	return v;
}

/* ---- conditions ---- */

static enum tri not(enum tri t)
{
	return t == MAYBE ? MAYBE : t == YES ? NO : YES;
}

static enum tri relate(struct val a, uint8_t rel, struct val b)
{
	int64_t x, y;
	bool ca = is_const(a, &x), cb = is_const(b, &y);

	if (rel == REL_BITS || rel == REL_NOBITS) {
		enum tri t = MAYBE;
		if (a.kind == VAL_INT && cb)
			t = (a.ones & (uint64_t)y) ? YES : (a.zeros & (uint64_t)y) == (uint64_t)y ? NO : MAYBE;
		return rel == REL_BITS ? t : not(t);
	}
	if (rel == REL_EQ || rel == REL_NE) {
		enum tri t = MAYBE;
		if (ca && cb)
			t = x == y ? YES : NO;
		else if (a.kind == VAL_INT && cb && ((a.ones & ~(uint64_t)y) || (a.zeros & (uint64_t)y)))
			t = NO; /* a known bit differs */
		else if (cb && y == 0 && (a.kind == VAL_FN || a.kind == VAL_STR || a.kind == VAL_NONNULL))
			t = NO;
		else if (a.kind == VAL_FN && b.kind == VAL_FN)
			t = a.id == b.id ? YES : NO;
		return rel == REL_EQ ? t : not(t);
	}
	if (!ca || !cb)
		return MAYBE;
	switch (rel) {
	case REL_LT:
		return x < y ? YES : NO;
	case REL_LE:
		return x <= y ? YES : NO;
	case REL_GT:
		return x > y ? YES : NO;
	default:
		return x >= y ? YES : NO;
	}
}

static enum tri cond_at_end(const struct frame *fr, const struct cond *c, uint32_t block)
{
	struct point at = at_end(fr->s, fr->fn, block);
	struct val a = value_at(fr, c->lhs, at, 0);
	if (a.kind == VAL_TOP || a.kind == VAL_FD)
		return MAYBE;
	return relate(a, c->rel, value_at(fr, c->rhs, at, 0));
}

/* Does the switch at the end of block go to successor way? */
static enum tri switch_goes(const struct frame *fr, const struct block *b, uint32_t block, uint32_t way)
{
	const struct succ *to = &fr->s->ir->succs[b->succ];
	int64_t x;
	if (!is_const(value_at(fr, b->cond.lhs, at_end(fr->s, fr->fn, block), 0), &x))
		return MAYBE;
	if (to[way].lo <= to[way].hi)
		return x >= to[way].lo && x <= to[way].hi ? YES : NO;
	for (uint32_t k = 0; k + 1 < b->nsucc; k++) /* the default */
		if (x >= to[k].lo && x <= to[k].hi)
			return NO;
	return YES;
}

static enum tri guard_holds(const struct frame *fr, const struct guard *g)
{
	const struct block *b = &fr->s->ir->blocks[fr->s->ir->fns[fr->fn].block + g->at];
	if (b->term == TERM_SWITCH)
		return switch_goes(fr, b, g->at, g->succ);
	enum tri t = cond_at_end(fr, &b->cond, g->at);
	return g->succ == 1 ? not(t) : t;
}

enum tri site_reached(const struct frame *fr, uint32_t site)
{
	const struct solver *s = fr->s;
	const struct local_facts *l = local_facts(s, fr->fn);
	const struct cfg *g = program_cfg(s->p, fr->fn);
	enum tri all = YES;

	if (fr->depth > 4)
		return MAYBE;
	if (!fr->depth)
		*s->budget = MAX_STEPS;
	struct frame in = *fr;
	in.depth++;
	for (uint32_t b = s->p->op_block[site]; b != NONE && all != NO; b = g->idom[b]) {
		if (l->guard[b].at == NONE)
			continue;
		enum tri t;
		if (fr->memo && fr->memo->reached[b]) {
			t = fr->memo->reached[b] - 1;
		} else {
			if (fr->memo)
				fr->memo->reached[b] = MAYBE + 1; /* to itself, while it is being looked at */
			t = guard_holds(&in, &l->guard[b]);
			if (fr->memo)
				fr->memo->reached[b] = t + 1;
		}
		if (t != YES)
			all = t;
	}
	return all;
}

/* Does r hold the result of a call that forks? */
static bool from_fork(const struct solver *s, uint32_t fn, struct ref r, struct point at, int depth)
{
	uint32_t defs[MAX_DEFS + 1];
	if (r.kind != REF_LOCAL || depth > 6)
		return false;
	uint32_t n = reaching(s, fn, r.id, at, defs);
	for (uint32_t i = 0; i < n && n <= MAX_DEFS; i++) {
		if (defs[i] == NONE)
			continue;
		const struct op *op = &s->ir->ops[defs[i]];
		if (op->kind == OP_COPY && from_fork(s, fn, op->src, at_site(s, defs[i]), depth + 1))
			return true;
		if (op->kind == OP_CALL && op->src.kind == REF_FN && s->forks[op->src.id])
			return true;
	}
	return false;
}

bool in_child(const struct solver *s, uint32_t site)
{
	uint32_t fn = s->p->op_fn[site];
	const struct fn *f = &s->ir->fns[fn];
	const struct local_facts *l = local_facts(s, fn);
	const struct cfg *cfg = program_cfg(s->p, fn);

	for (uint32_t at = s->p->op_block[site]; at != NONE; at = cfg->idom[at]) {
		const struct guard *g = &l->guard[at];
		if (g->at == NONE)
			continue;
		const struct block *b = &s->ir->blocks[f->block + g->at];
		if (b->term == TERM_SWITCH) {
			const struct succ *to = &s->ir->succs[b->succ + g->succ];
			if (to->lo == 0 && to->hi == 0 && from_fork(s, fn, b->cond.lhs, at_end(s, fn, g->at), 0))
				return true;
			continue;
		}
		if (b->cond.rhs.kind != REF_CONST || s->ir->consts[b->cond.rhs.id] != 0)
			continue;
		uint8_t rel = b->cond.rel; /* which way is "result == 0"? */
		bool child = g->succ == 0 ? rel == REL_EQ || rel == REL_LE : rel == REL_NE || rel == REL_GT;
		if (child && from_fork(s, fn, b->cond.lhs, at_end(s, fn, g->at), 0))
			return true;
	}
	return false;
}

/* ---- conditions of models ---- */

struct leaf_ctx {
	const struct frame *fr;
	const struct effect *e;
	bool assume; /* a descriptor of which nothing is known does not block and is no file */
};

static enum tri fd_nonblocking(struct val v)
{
	if (v.kind == VAL_INT) /* 0, 1, 2: standard streams */
		return v.ones <= 2 ? NO : MAYBE;
	if (v.kind != VAL_FD)
		return MAYBE;
	if (v.fd_kind == FD_FILE || v.fd_kind == FD_DIR)
		return NO; /* open(2): O_NONBLOCK has no effect on regular files */
	return v.mode == FD_NONBLOCKING ? YES : v.mode == FD_BLOCKING ? NO : MAYBE;
}

static bool numeric_host(const char *text)
{
	bool digit = false;
	for (; *text; text++) {
		if (!strchr("0123456789.:abcdefABCDEF", *text))
			return false;
		digit |= *text >= '0' && *text <= '9';
	}
	return digit;
}

static enum tri zero_behind(const struct frame *fr, struct ref r, uint32_t site);

static enum tri leaf(void *ctx, const struct mcond *c)
{
	const struct leaf_ctx *l = ctx;
	const struct solver *s = l->fr->s;
	if (c->kind == MC_ON)
		return c->value == (int64_t)l->fr->ctx ? YES : NO;
	struct ref arg = effect_arg(s->p, l->e, c->arg.param);
	struct val v = arg.kind == REF_NONE ? TOP : value_of(l->fr, arg, l->e->site);
	if (c->arg.field || (c->arg.deref && c->kind != MC_ZERO))
		v = TOP;
	switch (c->kind) {
	case MC_CMP:
		return relate(v, c->rel, val_int(c->value));
	case MC_HAS:
		return relate(v, REL_BITS, val_int(c->value));
	case MC_IN: {
		enum tri any = NO;
		for (uint32_t i = 0; i < c->nset; i++) {
			enum tri t = relate(v, REL_EQ, val_int(c->set[i]));
			if (t == YES)
				return YES;
			if (t == MAYBE)
				any = MAYBE;
		}
		return any;
	}
	case MC_ZERO:
		return zero_behind(l->fr, arg, l->e->site);
	case MC_NONBLOCKING: {
		enum tri t = fd_nonblocking(v);
		return t == MAYBE && l->assume ? YES : t;
	}
	case MC_KIND:
		if (v.kind == VAL_INT && v.ones <= 2) /* a standard stream: a terminal, as far as we know */
			return c->value & FD_TTY ? YES : NO;
		if (v.kind != VAL_FD || !v.fd_kind)
			return l->assume ? NO : MAYBE;
		return !(v.fd_kind & ~c->value) ? YES : v.fd_kind & c->value ? MAYBE : NO;
	case MC_READY:
		return l->assume ? NO : MAYBE;
	case MC_LITERAL:
		if (v.kind != VAL_STR)
			return MAYBE;
		return str_starts(ir_text_of(s->ir, v.id), c->text) ? YES : NO;
	case MC_NUMERIC:
		return v.kind == VAL_STR ? (numeric_host(ir_text_of(s->ir, v.id)) ? YES : NO) : MAYBE;
	default:
		return MAYBE;
	}
}

enum tri clause_holds(const struct frame *fr, const struct effect *e, const struct mcond *c)
{
	struct leaf_ctx ctx = {fr, e, false};
	return c ? mcond_eval(c, leaf, &ctx) : YES;
}

enum tri clause_holds_assuming(const struct frame *fr, const struct effect *e, const struct mcond *c)
{
	struct leaf_ctx ctx = {fr, e, true};
	return c ? mcond_eval(c, leaf, &ctx) : YES;
}

/* *r all zero: the fields of the local whose address r is, as last stored before site in this function. */
static enum tri zero_behind(const struct frame *fr, struct ref r, uint32_t site)
{
	const struct solver *s = fr->s;
	const struct fn *f = &s->ir->fns[fr->fn];
	uint32_t defs[MAX_DEFS + 1];

	struct val v = value_of(fr, r, site);
	int64_t i;
	if (is_const(v, &i) && i == 0)
		return NO; /* NULL: no limit */
	if (r.kind != REF_LOCAL || reaching(s, fr->fn, r.id, at_site(s, site), defs) != 1 || defs[0] == NONE)
		return MAYBE;
	const struct op *addr = &s->ir->ops[defs[0]];
	if (addr->kind != OP_ADDR)
		return MAYBE;
	const struct path *pa = &s->ir->paths[addr->src.id];
	if (pa->base.kind != REF_LOCAL || pa->nstep)
		return MAYBE;
	bool any = false;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		if (op->kind != OP_STORE)
			continue;
		const struct path *to = &s->ir->paths[op->dst.id];
		if (!ref_eq(to->base, pa->base) || !site_reaches(s, o, site))
			continue;
		any = true;
		if (!is_const(value_of(fr, op->src, o), &i))
			return MAYBE;
		if (i)
			return NO;
	}
	return any ? YES : MAYBE;
}
