/* cond.c - whether a place is reached on a chain, and whether what a model says of a call holds there.
 *
 * Both are conditions over values (value.c). Three-valued throughout: MAYBE is what cannot be told, and the caller
 * decides what that means.
 */
#include "solve/solve_int.h"

/* ---- relations ---- */

static enum tri not(enum tri t)
{
	return t == MAYBE ? MAYBE : t == YES ? NO : YES;
}

static enum tri relate(struct val a, uint8_t rel, struct val b)
{
	int64_t x, y;
	bool ca = val_const(a, &x), cb = val_const(b, &y);

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
		else if (cb && y == 0 && (a.kind == VAL_FN || a.kind == VAL_STR || a.kind == VAL_NONNULL ||
						(a.kind == VAL_TEXT && !a.fd_kind)))
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
	if (!val_const(value_at(fr, b->cond.lhs, at_end(fr->s, fr->fn, block), 0), &x))
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

/* Is what a local holds always something of which nothing is known but, perhaps, that it is a descriptor: read from
 * memory that start-up code has not settled, or the result of a call without effects? */
static bool is_opaque(const struct solver *s, uint32_t fn, struct ref r, int depth)
{
	const struct fn *f = &s->ir->fns[fn];
	const struct local_facts *l = local_facts(s, fn);
	uint32_t d;

	if (r.kind != REF_LOCAL || depth > 3 || s->ir->locals[f->local + r.id].flags & LOCAL_ADDR || r.id < f->nparam ||
		l->def[r.id] == NONE)
		return false;
	for (d = l->def[r.id]; d != NONE; d = l->next_def[d - f->op]) {
		const struct op *op = &s->ir->ops[d];
		uint64_t key;
		switch (op->kind) {
		case OP_LOAD:
			key = s->settled.v.n ? global_key(s->ir, op->src.id) : 0;
			if (key && map_get(&s->settled.index, key) != NONE)
				return false;
			break;
		case OP_CALL:
		case OP_ICALL:
			if (bits_get(&s->e->at, d))
				return false;
			break;
		case OP_COPY:
			if (!is_opaque(s, fn, op->src, depth + 1))
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

static void find_decided(const struct solver *s, uint32_t fn)
{
	struct local_facts *l = s->local[fn];
	const struct fn *f = &s->ir->fns[fn];

	if (!l->decided) {
		const struct cfg *g = program_cfg(s->p, fn);
		l->vague = arena_alloc(s->mem, f->nblock);
		l->decided = arena_alloc(s->mem, f->nblock * sizeof *l->decided);
		memset(l->decided, 0xff, f->nblock * sizeof *l->decided);
		for (uint32_t i = 0; i < g->nrpo; i++) { /* dominators come first */
			uint32_t b = g->rpo[i], up = g->idom[b], at = l->guard[b].at;
			if (up != NONE) {
				l->decided[b] = l->decided[up];
				l->vague[b] = l->vague[up];
			}
			if (at == NONE)
				continue;
			if (is_opaque(s, fn, s->ir->blocks[f->block + at].cond.lhs, 0))
				l->vague[b] = true;
			else
				l->decided[b] = b;
		}
	}
}

enum tri site_reached(const struct frame *fr, uint32_t site)
{
	const struct solver *s = fr->s;
	const struct local_facts *l = local_facts(s, fr->fn);
	enum tri all = YES;

	if (fr->depth > 4)
		return MAYBE;
	if (!fr->depth)
		*s->budget = MAX_STEPS;
	struct frame in = *fr;
	in.depth++;
	const uint32_t *guarded = l->guarded;
	if (s->all_settled) {
		find_decided(s, fr->fn);
		guarded = l->decided;
		all = l->vague[s->p->op_block[site]] ? MAYBE : YES;
	}
	for (uint32_t b = guarded[s->p->op_block[site]]; b != NONE && all != NO; b = guarded[l->guard[b].at]) {
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

	for (uint32_t at = l->guarded[s->p->op_block[site]]; at != NONE; at = l->guarded[l->guard[at].at]) {
		const struct guard *g = &l->guard[at];
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

/* ---- memory behind an argument ---- */

/* What r points at, as stores in this function name it: the object, or what the pointer r itself leads to. */
static bool object_behind(const struct frame *fr, struct ref r, uint32_t site, struct path *obj)
{
	uint32_t defs[MAX_DEFS + 1];
	if (r.kind != REF_LOCAL)
		return false;
	*obj = (struct path){.base = r};
	if (reaching(fr->s, fr->fn, r.id, at_site(fr->s, site), defs) != 1 || defs[0] == NONE)
		return false;
	const struct op *op = &fr->s->ir->ops[defs[0]];
	if (op->kind != OP_ADDR)
		return false;
	*obj = fr->s->ir->paths[op->src.id];
	return true;
}

static bool same_prefix(const struct ir *ir, const struct path *obj, const struct path *to)
{
	if (!ref_eq(obj->base, to->base) || to->nstep < obj->nstep)
		return false;
	for (uint32_t i = 0; i < obj->nstep; i++) {
		const struct step *a = &ir->steps[obj->step + i], *b = &ir->steps[to->step + i];
		if (a->kind != b->kind || (a->kind == STEP_FIELD && a->field != b->field))
			return false;
	}
	return true;
}

/* The value of r->field, or with field NULL of anything that r points at, as stored in this function before site:
 * of all stores that reach it, joined. TOP if nothing is stored. */
static struct val value_behind(const struct frame *fr, struct ref r, uint32_t site, const char *field)
{
	const struct solver *s = fr->s;
	const struct fn *f = &s->ir->fns[fr->fn];
	struct path obj;
	struct val v = TOP;
	bool any = false, always = false;

	if (!object_behind(fr, r, site, &obj))
		return TOP;
	for (uint32_t o = f->op; o < f->op + f->nop; o++) {
		const struct op *op = &s->ir->ops[o];
		bool whole = !obj.nstep && obj.base.kind == REF_LOCAL && ref_eq(op->dst, obj.base); /* x = 1; f(&x) */
		if (whole && !field && site_reaches(s, o, site)) {
			struct val assigned = op->kind == OP_COPY ? value_of(fr, op->src, o) : TOP;
			v = site_dominates(s, o, site) || !any ? assigned : val_join(s, v, assigned);
			any = always = true;
			continue;
		}
		if (op->kind != OP_STORE)
			continue;
		const struct path *to = &s->ir->paths[op->dst.id];
		if (!same_prefix(s->ir, &obj, to) || !site_reaches(s, o, site))
			continue;
		if (field && (to->nstep != obj.nstep + 1 || s->ir->steps[to->step + obj.nstep].kind != STEP_FIELD ||
				     strcmp(ir_text_of(s->ir, s->ir->fields[s->ir->steps[to->step + obj.nstep].field].name), field)))
			continue;
		enum tri reached = site_reached(fr, o);
		if (reached == NO)
			continue;
		struct val stored = value_of(fr, op->src, o);
		bool sure = site_dominates(s, o, site) || reached == YES;
		always |= sure;
		v = any && !(field && sure) ? val_join(s, v, stored) : stored; /* the last one that is sure is what holds */
		any = true;
	}
	return always ? v : TOP;
}

static enum tri zero_behind(const struct frame *fr, struct ref r, uint32_t site)
{
	int64_t i;
	if (val_const(value_of(fr, r, site), &i) && i == 0)
		return NO; /* NULL: no limit */
	struct val v = value_behind(fr, r, site, NULL);
	if (val_const(v, &i))
		return i == 0 ? YES : NO;
	return v.kind == VAL_INT && v.ones ? NO : MAYBE;
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
	if (v.fd_kind == FD_DIR || ((v.fd_kind & ~FD_TRAITS) == FD_FILE && v.mode != FD_NONBLOCKING))
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

/* Does the text begin so? A format is known up to its first conversion, other texts up to their end or as far as said. */
static enum tri begins(const char *text, bool whole, const char *prefix)
{
	for (; *prefix; text++, prefix++) {
		if (*text == '%') {
			text += 1 + strspn(text + 1, "0123456789lzhj");
			return (*text == 'd' || *text == 'u' || *text == 'i') && *prefix != '-' && (*prefix < '0' || *prefix > '9') ? NO : MAYBE;
		}
		if (!*text && !whole)
			return MAYBE;
		if (*text != *prefix)
			return NO;
	}
	return YES;
}

static enum tri leaf(void *ctx, const struct mcond *c)
{
	const struct leaf_ctx *l = ctx;
	const struct solver *s = l->fr->s;
	if (c->kind == MC_ON)
		return c->value == (int64_t)l->fr->ctx ? YES : NO;
	struct ref arg = effect_arg(s->p, l->e, c->arg.param);
	struct frame fr = *l->fr;
	fr.text = c->kind == MC_LITERAL;
	struct val v = arg.kind == REF_NONE ? TOP : value_of(&fr, arg, l->e->site);
	if (c->arg.field || (c->arg.deref && c->kind != MC_ZERO))
		v = value_behind(l->fr, arg, l->e->site, c->arg.field);
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
		if (c->value & FD_TRAITS)
			return v.fd_kind & c->value ? YES : NO;
		if (v.fd_kind & FD_FILE && v.mode == FD_NONBLOCKING) /* who says O_NONBLOCK means a device or a FIFO */
			return l->assume || c->value != FD_FILE ? NO : MAYBE;
		if (!(v.fd_kind & ~FD_TRAITS & ~c->value))
			return YES;
		return !(v.fd_kind & c->value) || l->assume ? NO : MAYBE; /* one of several kinds is no evidence */
	case MC_READY:
		return l->assume ? NO : MAYBE;
	case MC_LITERAL: {
		bool text = v.kind == VAL_STR || v.kind == VAL_TEXT;
		enum tri t = text ? begins(text_begin(s, v), v.kind == VAL_STR, c->text) : MAYBE;
		return t == MAYBE && l->assume ? NO : t; /* most paths lie on disks */
	}
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
