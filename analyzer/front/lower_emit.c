/* lower_emit.c - blocks, ops, locals and paths of the function being built.
 *
 * A block is filled once, from where it is placed to its end, so that the ops of a function lie in
 * the order of its blocks without sorting. Where control does not get to, there is no current
 * block; an op emitted there begins a block without predecessors, which is dead code.
 */
#include "front/lower_int.h"

#include <assert.h>

/* ---- blocks ---- */

uint32_t block_new(struct lower *l)
{
	struct builder *b = l->b;

	vec_add(&b->bbs, ((struct bb){.to = {NONE, NONE}, .loc = NONE, .place = NONE}));
	return b->bbs.n - 1;
}

static void start(struct builder *b, uint32_t block)
{
	struct bb *bb = &b->bbs.v[block];

	assert(bb->place == NONE);
	bb->place = b->order.n;
	bb->op = b->ops.n;
	vec_add(&b->order, block);
	b->cur = block;
}

void block_place(struct lower *l, uint32_t block)
{
	end_goto(l, block, NONE);
	start(l->b, block);
}

void block_join(struct lower *l, uint32_t block)
{
	if (l->b->cur != NONE || l->b->bbs.v[block].nref)
		block_place(l, block);
}

struct bb *end_block(struct lower *l, uint8_t term, uint32_t loc)
{
	struct builder *b = l->b;
	struct bb *bb;

	if (b->cur == NONE)
		return NULL;
	bb = &b->bbs.v[b->cur];
	bb->nop = b->ops.n - bb->op;
	bb->term = term;
	bb->loc = loc;
	b->cur = NONE;
	return bb;
}

void end_goto(struct lower *l, uint32_t block, uint32_t loc)
{
	struct bb *bb = end_block(l, TERM_GOTO, loc);

	if (bb) {
		bb->to[0] = block;
		l->b->bbs.v[block].nref++;
	}
}

void end_if(struct lower *l, struct cond c, uint32_t yes, uint32_t no, uint32_t loc)
{
	struct bb *bb;

	if (yes == no) {
		end_goto(l, yes, loc);
		return;
	}
	bb = end_block(l, TERM_IF, loc);
	if (bb) {
		bb->cond = c;
		bb->to[0] = yes;
		bb->to[1] = no;
		l->b->bbs.v[yes].nref++;
		l->b->bbs.v[no].nref++;
	}
}

/* ---- ops and locals ---- */

void block_here(struct lower *l)
{
	if (l->b->cur == NONE)
		start(l->b, block_new(l));
}

struct op *emit(
	struct lower *l, uint8_t kind, uint8_t flags, struct ref dst, struct ref src, uint32_t loc)
{
	block_here(l);
	if (loc != NONE && kind != OP_BIN && kind != OP_UN) /* whose flags are an operator */
		flags |= l->loc_macro.v[loc];
	vec_add(&l->b->ops,
		((struct op){.kind = kind, .flags = flags, .loc = loc, .dst = dst, .src = src}));
	return &l->b->ops.v[l->b->ops.n - 1];
}

uint32_t new_local(struct lower *l, uint32_t name, uint32_t type, uint32_t flags, uint32_t loc)
{
	vec_add(&l->b->locals,
		((struct local){.name = name, .type = type, .flags = flags, .loc = loc}));
	return l->b->locals.n - 1;
}

struct ref new_temp(struct lower *l, uint32_t type, uint32_t loc)
{
	return REF(LOCAL, new_local(l, 0, type, LOCAL_TEMP, loc));
}

uint32_t ref_type(const struct lower *l, struct ref r)
{
	return r.kind == REF_LOCAL ? l->b->locals.v[r.id].type : NONE;
}

struct ref const_ref(struct lower *l, int64_t v)
{
	return REF(CONST, ir_const(l->ir, v));
}

struct ref emit_bin(
	struct lower *l, uint8_t op, struct ref x, struct ref y, uint32_t type, uint32_t loc)
{
	struct ref t = new_temp(l, type, loc);

	emit(l, OP_BIN, op, t, x, loc)->arg = ref_bits(y);
	return t;
}

/* The op that has just made the temp r can as well assign its final place. */
static bool retarget(struct lower *l, uint32_t local, struct ref r)
{
	struct builder *b = l->b;
	struct op *last;

	if (r.kind != REF_LOCAL || (uint32_t)r.id + 1 != b->locals.n || r.id == local ||
		!(b->locals.v[r.id].flags & LOCAL_TEMP) || b->cur == NONE ||
		b->ops.n == b->bbs.v[b->cur].op)
		return false;
	last = &b->ops.v[b->ops.n - 1];
	if (!ref_eq(last->dst, r))
		return false;
	last->dst.id = local;
	b->locals.n--;
	return true;
}

void emit_copy(struct lower *l, uint32_t local, struct ref src, uint32_t loc)
{
	if (!retarget(l, local, src))
		emit(l, OP_COPY, 0, REF(LOCAL, local), src, loc);
}

void emit_blind(struct lower *l, enum blind_kind why, uint32_t loc)
{
	emit(l, OP_BLIND, 0, no_ref(), no_ref(), loc)->arg = why;
}

struct ref as_local(struct lower *l, struct ref r, uint32_t type, uint32_t loc)
{
	struct ref t;

	if (r.kind == REF_LOCAL)
		return r;
	t = new_temp(l, type, loc);
	emit(l, OP_COPY, 0, t, r, loc);
	return t;
}

/* ---- paths ---- */

struct lv lv_of(struct lower *l, struct ref base, uint32_t type)
{
	return (struct lv){.base = base, .step = l->steps.n, .type = type};
}

void lv_drop(struct lower *l, const struct lv *lv)
{
	l->steps.n = lv->step;
}

static void push_step(struct lower *l, struct lv *lv, struct step s)
{
	assert(lv->step + lv->nstep == l->steps.n);
	if (lv_is_nowhere(lv)) /* a function is what it points to; of the unknown all is unknown */
		return;
	vec_add(&l->steps, s);
	lv->nstep++;
}

/* Type qualifiers of what the path names now. */
static void set_type(struct lower *l, struct lv *lv, uint32_t type, uint8_t outer)
{
	uint8_t f = type_at(l, type)->flags;

	lv->type = type;
	lv->flags = outer | (f & TYPEF_VOLATILE ? OPF_VOLATILE : 0) |
		    (f & TYPEF_ATOMIC ? OPF_ATOMIC : 0);
}

void lv_deref(struct lower *l, struct lv *lv, uint32_t type, uint32_t n)
{
	if (lv->nstep >= MAX_STEPS || (lv->flags & OPF_ATOMIC && !lv_is_local(lv))) {
		struct ref t = emit_load(l, *lv, 0, node_loc(l, n));

		lv_drop(l, lv);
		*lv = lv_of(l, t, lv->type);
	}
	push_step(l, lv, (struct step){.kind = STEP_DEREF, .field = NONE});
	set_type(l, lv, type, 0);
}

void lv_field(struct lower *l, struct lv *lv, uint32_t field)
{
	push_step(l, lv, (struct step){.kind = STEP_FIELD, .field = field});
	/* a member of a volatile object is volatile */
	set_type(l, lv, l->ir->fields[field].type, lv->flags & OPF_VOLATILE);
}

void lv_index(struct lower *l, struct lv *lv, struct ref index, uint32_t type)
{
	if (index.kind != REF_LOCAL && index.kind != REF_CONST)
		index = no_ref();
	push_step(l, lv, (struct step){.kind = STEP_INDEX, .field = NONE, .index = index});
	set_type(l, lv, type, lv->flags & OPF_VOLATILE);
}

static bool same_steps(const struct lower *l, const struct path *p, const struct lv *lv)
{
	const struct step *a = l->ir->steps + p->step, *b = l->steps.v + lv->step;

	if (!ref_eq(p->base, lv->base) || p->nstep != lv->nstep)
		return false;
	for (uint32_t i = 0; i < p->nstep; i++)
		if (a[i].kind != b[i].kind || a[i].field != b[i].field ||
			!ref_eq(a[i].index, b[i].index))
			return false;
	return true;
}

/* Equal paths of one function share an id. */
static struct ref path_ref(struct lower *l, const struct lv *lv)
{
	uint64_t h = hash_mix(ref_bits(lv->base), lv->nstep);
	uint32_t id;

	for (uint32_t i = 0; i < lv->nstep; i++) {
		const struct step *s = &l->steps.v[lv->step + i];

		h = hash_mix(h, (uint64_t)(s->kind << 30 ^ s->field) << 32 | ref_bits(s->index));
	}
	id = *map_slot(&l->b->path_of, h, l->ir->npaths);
	if (id < l->ir->npaths && same_steps(l, &l->ir->paths[id], lv))
		return REF(PATH, id);
	id = ir_add_paths(
		l->ir, (struct path){.base = lv->base, .step = l->ir->nsteps, .nstep = lv->nstep});
	for (uint32_t i = 0; i < lv->nstep; i++)
		ir_add_steps(l->ir, l->steps.v[lv->step + i]);
	return REF(PATH, id);
}

struct ref emit_load(struct lower *l, struct lv lv, uint8_t flags, uint32_t loc)
{
	struct ref t;

	if (lv_is_nowhere(&lv))
		return lv.base;
	t = new_temp(l, lv.type, loc);
	emit(l, OP_LOAD, flags | lv.flags, t, path_ref(l, &lv), loc);
	return t;
}

void emit_store(struct lower *l, struct lv lv, struct ref val, uint8_t flags, uint32_t loc)
{
	if (lv_is_nowhere(&lv))
		return;
	if (lv_is_local(&lv) && !(flags & OPF_ATOMIC))
		emit_copy(l, lv.base.id, val, loc);
	else
		emit(l, OP_STORE, flags | lv.flags, path_ref(l, &lv), val, loc);
}

struct ref emit_addr(struct lower *l, struct lv lv, uint8_t flags, uint32_t type, uint32_t loc)
{
	const struct step *s = l->steps.v + lv.step;
	bool own = true; /* part of the base itself, not of what it points to */
	struct ref t;

	if (lv_is_nowhere(&lv) || (lv.base.kind == REF_STR && !lv.nstep))
		return lv.base;
	if (lv.nstep && s[lv.nstep - 1].kind == STEP_DEREF) { /* &*p is p */
		lv.nstep--;
		lv.flags = 0;
		lv.type = type;
		return lv.nstep || lv.base.kind == REF_GLOBAL ? emit_load(l, lv, 0, loc) : lv.base;
	}
	for (uint32_t i = 0; i < lv.nstep; i++)
		own = own && s[i].kind != STEP_DEREF;
	if (lv.base.kind == REF_LOCAL && own)
		l->b->locals.v[lv.base.id].flags |= LOCAL_ADDR;
	t = new_temp(l, type, loc);
	emit(l, OP_ADDR, flags, t, path_ref(l, &lv), loc);
	return t;
}
