/* lower_fn.c - one function from its declaration to its place in the unit.
 *
 * When all statements are lowered, empty blocks that only go on are taken out, the rest is numbered
 * in the order in which it was placed, and everything moves to the unit's arrays.
 */
#include "front/lower_int.h"

#include <assert.h>

static void map_reset(struct map *m)
{
	if (m->cap > 1024) {
		map_free(m);
	} else if (m->n) {
		memset(m->val, 0xFF, m->cap * sizeof *m->val);
		m->n = 0;
	}
}

void builder_begin(struct lower *l, struct builder *b, uint32_t fn)
{
	b->fn = fn;
	b->result = NONE;
	b->flags = 0;
	b->bbs.n = b->order.n = b->ops.n = b->locals.n = b->succs.n = 0;
	b->labels.n = b->cleanups.n = b->gotos.n = 0;
	map_reset(&b->var_of);
	map_reset(&b->label_of);
	map_reset(&b->path_of);
	b->cur = b->cleanup = b->jump_block = NONE;
	b->jumps = (struct jumps){NONE, NONE, NONE, NONE};
	b->sw = NULL;
	l->b = b;
	block_here(l);
}

void builder_free(struct builder *b)
{
	vec_free(&b->bbs);
	vec_free(&b->order);
	vec_free(&b->ops);
	vec_free(&b->locals);
	vec_free(&b->succs);
	vec_free(&b->labels);
	vec_free(&b->cleanups);
	vec_free(&b->gotos);
	map_free(&b->var_of);
	map_free(&b->label_of);
	map_free(&b->path_of);
}

/* ---- empty blocks ---- */

static bool only_goes_on(const struct builder *b, uint32_t block)
{
	const struct bb *bb = &b->bbs.v[block];

	return !bb->nop && bb->term == TERM_GOTO && !(bb->flags & BLOCK_LOOP) &&
	       block != b->order.v[0];
}

/* Where a jump to block ends up. A ring of empty blocks, which loops for ever, is left alone. */
static uint32_t destination(struct builder *b, uint32_t block)
{
	uint32_t to = block, steps = 0;

	while (only_goes_on(b, to)) {
		to = b->bbs.v[to].to[0];
		if (++steps > b->bbs.n)
			return block;
	}
	while (block != to) { /* the next one asks less */
		uint32_t next = b->bbs.v[block].to[0];

		b->bbs.v[to].flags |= b->bbs.v[block].flags & BLOCK_LABEL;
		b->bbs.v[block].to[0] = to;
		block = next;
	}
	return to;
}

#define for_each_succ(b, bb, to)                                                                   \
	for (uint32_t i_ = 0, *to; i_ < nsucc(bb) && (to = succ(b, bb, i_)); i_++)

static uint32_t nsucc(const struct bb *bb)
{
	switch (bb->term) {
	case TERM_GOTO:
		return 1;
	case TERM_IF:
		return 2;
	}
	return bb->nsucc;
}

static uint32_t *succ(struct builder *b, struct bb *bb, uint32_t i)
{
	return bb->term <= TERM_IF ? &bb->to[i] : &b->succs.v[bb->succ + i].block;
}

/* Marks what must stay: what can be reached from the entry, and dead code with what that reaches.
 */
static uint8_t *live_blocks(struct lower *l, struct builder *b)
{
	uint8_t *live = arena_alloc(l->mem, b->bbs.n);
	VEC(uint32_t) todo = {0};

	for (uint32_t i = 0; i < b->order.n; i++) {
		struct bb *bb = &b->bbs.v[b->order.v[i]];

		if (live[b->order.v[i]] ||
			(i && !bb->nop && bb->term != TERM_IF && bb->term != TERM_SWITCH))
			continue;
		live[b->order.v[i]] = 1;
		vec_add(&todo, b->order.v[i]);
		while (todo.n) {
			bb = &b->bbs.v[todo.v[--todo.n]];
			for_each_succ(b, bb, to) {
				*to = destination(b, *to);
				if (live[*to])
					continue;
				live[*to] = 1;
				vec_add(&todo, *to);
			}
		}
	}
	vec_free(&todo);
	return live;
}

/* A block that only goes on to the next one, which has no other predecessor, takes in its ops.
 * Leaves the blocks that stay in order, numbered. */
static void merge_blocks(struct lower *l, struct builder *b, const uint8_t *live)
{
	uint32_t *npred = arena_alloc(l->mem, b->bbs.n * sizeof *npred), n = 0;
	struct bb *last = NULL;

	for (uint32_t i = 0; i < b->order.n; i++) {
		struct bb *bb = &b->bbs.v[b->order.v[i]];

		if (live[b->order.v[i]])
			for_each_succ(b, bb, to)
				npred[*to]++;
	}
	for (uint32_t i = 0; i < b->order.n; i++) {
		uint32_t id = b->order.v[i];
		struct bb *bb = &b->bbs.v[id];

		if (!live[id])
			continue;
		if (last && last->term == TERM_GOTO && last->to[0] == id && npred[id] == 1 &&
			!(bb->flags & (BLOCK_LOOP | BLOCK_LABEL))) {
			last->nop += bb->nop;
			last->term = bb->term;
			last->to[0] = bb->to[0];
			last->to[1] = bb->to[1];
			last->succ = bb->succ;
			last->nsucc = bb->nsucc;
			last->cond = bb->cond;
			last->loc = bb->loc;
			continue;
		}
		bb->place = n;
		b->order.v[n++] = id;
		last = bb;
	}
	b->order.n = n;
}

/* ---- to the unit ---- */

static void move_block(struct lower *l, struct builder *b, struct bb *bb, uint32_t op0)
{
	struct block k = {.op = op0 + bb->op,
		.nop = bb->nop,
		.succ = l->ir->nsuccs,
		.nsucc = nsucc(bb),
		.cond = bb->cond,
		.loc = bb->loc,
		.term = bb->term,
		.flags = bb->flags};

	for (uint32_t i = 0; i < k.nsucc; i++) {
		struct succ s = {.lo = 0, .hi = 0};

		if (bb->term == TERM_SWITCH)
			s = b->succs.v[bb->succ + i];
		s.block = b->bbs.v[*succ(b, bb, i)].place;
		ir_add_succs(l->ir, s);
	}
	ir_add_blocks(l->ir, k);
}

void builder_finish(struct lower *l, struct builder *b)
{
	struct ir *ir = l->ir;
	uint32_t op0 = ir->nops, block0 = ir->nblocks, local0 = ir->nlocals;
	struct fn *f;

	end_block(l, TERM_RET, NONE);
	finish_gotos(l);
	merge_blocks(l, b, live_blocks(l, b));
	for (uint32_t i = 0; i < b->order.n; i++)
		move_block(l, b, &b->bbs.v[b->order.v[i]], op0);
	for (uint32_t i = 0; i < b->ops.n; i++)
		ir_add_ops(ir, b->ops.v[i]);
	for (uint32_t i = 0; i < b->locals.n; i++)
		ir_add_locals(ir, b->locals.v[i]);
	f = &ir->fns[b->fn];
	f->flags |= b->flags | FN_DEFINED;
	f->local = local0;
	f->nlocal = b->locals.n;
	f->block = block0;
	f->nblock = b->order.n;
	f->op = op0;
	f->nop = b->ops.n;
}

/* ---- declarations to code ---- */

static void declare_params(struct lower *l, CXCursor fn)
{
	int n = lc.Cursor_getNumArguments(fn);

	for (int i = 0; i < n; i++) {
		CXCursor p = lc.Cursor_getArgument(fn, (unsigned)i);
		CXString name = lc.getCursorSpelling(p);
		uint32_t type = type_adjusted(l, type_of(l, lc.getCursorType(p)));

		type_fill(l, type);
		map_put(&l->b->var_of, (uintptr_t)p.data[0],
			new_local(l, ir_str(l->ir, lc.getCString(name)), type, LOCAL_PARAM,
				cursor_loc(l, p)));
		lc.disposeString(name);
	}
}

static bool has_error(struct lower *l, CXCursor fn)
{
	CXSourceRange r;
	struct place a, b;

	if (!l->errors.n)
		return false;
	r = lc.getCursorExtent(fn);
	a = place_expansion(l, lc.getRangeStart(r));
	b = place_expansion(l, lc.getRangeEnd(r));
	if (a.src != l->main || b.src != l->main)
		return false;
	for (uint32_t i = 0; i < l->errors.n; i++)
		if (l->errors.v[i] >= a.off && l->errors.v[i] <= b.off)
			return true;
	return false;
}

void lower_fn(struct lower *l, uint32_t fn)
{
	CXCursor def = l->fns.v[fn].def;

	tree_read(l, def);
	builder_begin(l, l->body_builder, fn);
	l->body = l->b;
	l->b->result = type_at(l, l->ir->fns[fn].type)->to;
	declare_params(l, def);
	if (has_error(l, def))
		l->b->flags |= FN_DEGRADED;
	for_each_child(l, c, 0)
		if (kind_of(l, c) == CXCursor_CompoundStmt)
			lower_stmt(l, c);
	if (l->node.n == 1)
		emit_blind(l, BLIND_NEST, l->ir->fns[fn].loc);
	builder_finish(l, l->b);
	assert(!l->steps.n && !l->depth);
	l->body = NULL;
	l->b = l->init;
}

void lower_global(struct lower *l, uint32_t global)
{
	tree_read(l, l->globals.v[global]);
	if (l->node.n == 1) /* tree_read() has given up */
		emit_blind(l, BLIND_NEST, l->ir->globals[global].loc);
	else if (last_child(l, 0) != NONE)
		lower_initialiser(l, lv_of(l, REF(GLOBAL, global), l->ir->globals[global].type),
			last_child(l, 0));
}
