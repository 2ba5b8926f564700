/* lower_jump.c - labels, gotos, and the variables that are cleaned up when control leaves their
 * scope.
 *
 * The variables with a cleanup attribute that are alive at some point form a chain, innermost
 * first. A jump runs the cleanups from its own chain out to where the chain of its target begins.
 * The target of a forward goto is not known yet, so one out of scopes with cleanups gets a block of
 * its own, which is filled at the end of the function.
 *
 * All computed gotos of a function go to one block, whose successors are the labels with a taken
 * address: an interpreter with a hundred of each has two hundred edges instead of ten thousand.
 */
#include "front/lower_int.h"

/* ---- cleanups ---- */

void cleanup_push(struct lower *l, uint32_t local, uint32_t fn, uint32_t loc)
{
	struct builder *b = l->b;
	struct cleanup c = {.parent = b->cleanup, .depth = 1, .local = local, .fn = fn, .loc = loc};

	if (b->cleanup != NONE)
		c.depth = b->cleanups.v[b->cleanup].depth + 1;
	vec_add(&b->cleanups, c);
	b->cleanup = b->cleanups.n - 1;
}

static uint32_t depth(const struct builder *b, uint32_t cleanup)
{
	return cleanup == NONE ? 0 : b->cleanups.v[cleanup].depth;
}

static void run(struct lower *l, uint32_t from, uint32_t until, uint32_t loc)
{
	struct builder *b = l->b;

	while (from != until && depth(b, from) > depth(b, until)) {
		struct cleanup c = b->cleanups.v[from];
		uint32_t type = b->locals.v[c.local].type;
		struct lv lv = lv_of(l, REF(LOCAL, c.local), type);
		struct ref arg = emit_addr(l, lv, OPF_ARG, type_pointer_to(l, type), loc);
		struct op *op;

		op = emit(l, OP_CALL, OPF_IMPLICIT, no_ref(), REF(FN, c.fn), loc);
		op->arg = ir_add_args(l->ir, arg);
		op->narg = 1;
		from = c.parent;
	}
}

void cleanup_run(struct lower *l, uint32_t until, uint32_t loc)
{
	if (l->b->cur != NONE)
		run(l, l->b->cleanup, until, loc);
}

void jump_to(struct lower *l, uint32_t block, uint32_t cleanup, uint32_t loc)
{
	if (l->b->cur == NONE || block == NONE)
		return;
	cleanup_run(l, cleanup, loc);
	end_goto(l, block, loc);
}

/* ---- labels ---- */

static uint32_t label_id(struct lower *l, const void *stmt)
{
	struct builder *b = l->b;
	uint32_t id = *map_slot(&b->label_of, (uintptr_t)stmt, b->labels.n);

	if (id == b->labels.n)
		vec_add(&b->labels, ((struct label){.block = block_new(l), .cleanup = NONE}));
	return id;
}

/* Of a LabelRef. */
static uint32_t label_named(struct lower *l, uint32_t ref)
{
	CXCursor c = lc.getCursorReferenced(node_cursor(l, ref));

	return c.kind == CXCursor_LabelStmt ? label_id(l, c.data[1]) : NONE;
}

void label_taken(struct lower *l, uint32_t ref)
{
	struct builder *b = l->b;
	uint32_t id;

	l->b = l->body ? l->body : b; /* a static table of labels is initialised elsewhere */
	id = label_named(l, ref);
	if (id != NONE)
		l->b->labels.v[id].taken = true;
	l->b = b;
}

void lower_label(struct lower *l, uint32_t n)
{
	uint32_t id = label_id(l, l->node.v[n].d1), block = l->b->labels.v[id].block;

	if (l->b->bbs.v[block].place != NONE) /* defined twice: an error */
		return;
	l->b->bbs.v[block].flags |= BLOCK_LABEL;
	l->b->labels.v[id].cleanup = l->b->cleanup;
	block_place(l, block);
}

void lower_goto(struct lower *l, uint32_t n)
{
	struct builder *b = l->b;
	uint32_t ref = child(l, n, 0), loc = node_loc(l, n);
	uint32_t label = ref == NONE ? NONE : label_named(l, ref), t;

	if (b->cur == NONE)
		return;
	if (label == NONE) {
		emit_blind(l, BLIND_ERROR, loc);
		end_block(l, TERM_STOP, loc);
	} else if (b->cleanup == NONE) {
		end_goto(l, b->labels.v[label].block, loc);
	} else {
		t = block_new(l);
		end_goto(l, t, loc);
		vec_add(&b->gotos,
			((struct late_goto){
				.block = t, .label = label, .cleanup = b->cleanup, .loc = loc}));
	}
}

void lower_indirect_goto(struct lower *l, uint32_t n)
{
	lower_effect(l, child(l, n, 0));
	if (l->b->cur == NONE)
		return;
	if (l->b->jump_block == NONE)
		l->b->jump_block = block_new(l);
	end_goto(l, l->b->jump_block, node_loc(l, n));
}

void may_go_to(struct lower *l, uint32_t stmt, uint32_t loc)
{
	struct cond unknown = {.rel = REL_NE, .rhs = const_ref(l, 0)};
	uint32_t label = label_id(l, l->node.v[stmt].d1), next = block_new(l);

	block_here(l);
	end_if(l, unknown, l->b->labels.v[label].block, next, loc);
	block_place(l, next);
}

static uint32_t common(const struct builder *b, uint32_t x, uint32_t y)
{
	while (x != y) {
		if (depth(b, x) >= depth(b, y))
			x = b->cleanups.v[x].parent;
		else
			y = b->cleanups.v[y].parent;
	}
	return x;
}

static void place_jump(struct lower *l)
{
	struct builder *b = l->b;
	struct bb *bb;
	uint32_t first = b->succs.n, n = 0;

	block_place(l, b->jump_block);
	for (uint32_t i = 0; i < b->labels.n; i++) {
		if (!b->labels.v[i].taken)
			continue;
		b->bbs.v[b->labels.v[i].block].nref++;
		vec_add(&b->succs,
			((struct succ){.block = b->labels.v[i].block, .lo = 0, .hi = 0}));
		n++;
	}
	if (!n)
		emit_blind(l, BLIND_GOTO, NONE);
	bb = end_block(l, TERM_JUMP, NONE);
	bb->succ = first;
	bb->nsucc = n;
}

void finish_gotos(struct lower *l)
{
	struct builder *b = l->b;

	for (uint32_t i = 0; i < b->gotos.n; i++) {
		struct late_goto g = b->gotos.v[i];
		struct label to = b->labels.v[g.label];

		block_place(l, g.block);
		run(l, g.cleanup, common(b, g.cleanup, to.cleanup), g.loc);
		end_goto(l, to.block, g.loc);
	}
	if (b->jump_block != NONE)
		place_jump(l);
	for (uint32_t i = 0; i < b->labels.n; i++) {
		uint32_t block = b->labels.v[i].block;

		if (b->bbs.v[block].place == NONE) { /* used, but not defined: an error */
			block_place(l, block);
			emit_blind(l, BLIND_ERROR, NONE);
			end_block(l, TERM_STOP, NONE);
		}
	}
}
