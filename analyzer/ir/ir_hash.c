/* ir_hash.c - the hash of a function's body.
 *
 * Two units that include one header have the same function under different ids. So ids are followed
 * to what they name: strings to their text, functions, globals and records to their keys, types to
 * their spelling, constants to their value. Ids that are relative to the function go in as they
 * are.
 */
#include "ir/ir_int.h"

struct hasher {
	const struct ir *ir;
	uint64_t h;
};

static void add(struct hasher *s, uint64_t v)
{
	s->h = hash_mix(s->h, v);
}

static void add_str(struct hasher *s, uint32_t str)
{
	add(s, hash_str(ir_text_of(s->ir, str)));
}

static void add_type(struct hasher *s, uint32_t type)
{
	const struct type *t = type == NONE ? NULL : &s->ir->types[type];

	add(s, t ? t->kind | t->flags << 8 | (uint64_t)t->nparam << 16 : 0);
	if (!t)
		return;
	add(s, t->size);
	add_str(s, t->name);
	add_str(s, t->text);
}

static void add_loc(struct hasher *s, uint32_t loc)
{
	const struct loc *l = loc == NONE ? NULL : &s->ir->locs[loc];

	if (!l || l->file == NONE) {
		add(s, 0);
		return;
	}
	add_str(s, s->ir->files[l->file].path);
	add(s, (uint64_t)l->line << 32 | l->col);
	add(s, l->end_col);
	add_str(s, l->macro);
	if (l->sfile != NONE && l->sline) {
		add_str(s, s->ir->files[l->sfile].path);
		add(s, (uint64_t)l->sline << 32 | l->scol);
	}
}

static void add_path(struct hasher *s, uint32_t path);

static void add_ref(struct hasher *s, struct ref r)
{
	const struct ir *ir = s->ir;

	add(s, r.kind);
	switch ((enum ref_kind)r.kind) {
	case REF_NONE:
		break;
	case REF_CONST:
		add(s, (uint64_t)ir->consts[r.id]);
		break;
	case REF_STR:
		add_str(s, r.id);
		break;
	case REF_LOCAL:
		add(s, r.id);
		break;
	case REF_GLOBAL:
		add_str(s, ir->globals[r.id].key);
		break;
	case REF_FN:
		add_str(s, ir->fns[r.id].key);
		break;
	case REF_PATH:
		add_path(s, r.id);
		break;
	}
}

static void add_path(struct hasher *s, uint32_t path)
{
	const struct path *p = &s->ir->paths[path];

	add_ref(s, p->base);
	add(s, p->nstep);
	for (uint32_t i = 0; i < p->nstep; i++) {
		const struct step *step = &s->ir->steps[p->step + i];

		add(s, step->kind);
		if (step->kind == STEP_FIELD) {
			const struct field *f = &s->ir->fields[step->field];

			add_str(s, s->ir->records[f->record].key);
			add_str(s, f->name);
			add(s, f->bit);
		} else if (step->kind == STEP_INDEX) {
			add_ref(s, step->index);
		}
	}
}

static void add_op(struct hasher *s, const struct op *op)
{
	add(s, op->kind | op->flags << 8 | (uint64_t)op->narg << 16);
	add_loc(s, op->loc);
	add_ref(s, op->dst);
	add_ref(s, op->src);
	switch (ir_op_form[op->kind]) {
	case FORM_DSS:
		add_ref(s, ref_of(op->arg));
		break;
	case FORM_CALL:
		for (uint32_t i = 0; i < op->narg; i++)
			add_ref(s, s->ir->args[op->arg + i]);
		break;
	case FORM_B:
		add(s, op->arg);
		break;
	}
}

uint64_t ir_hash_fn(const struct ir *ir, uint32_t id)
{
	const struct fn *fn = &ir->fns[id];
	struct hasher s = {.ir = ir, .h = 1};

	add(&s, fn->nparam);
	for (uint32_t i = 0; i < fn->nlocal; i++) {
		const struct local *l = &ir->locals[fn->local + i];

		add_str(&s, l->name);
		add_type(&s, l->type);
		add(&s, l->flags);
		add_loc(&s, l->loc);
	}
	for (uint32_t i = 0; i < fn->nblock; i++) {
		const struct block *b = &ir->blocks[fn->block + i];

		for (uint32_t k = 0; k < b->nop; k++)
			add_op(&s, &ir->ops[b->op + k]);
		add(&s, b->term | b->flags << 8 | (uint64_t)b->cond.rel << 16 |
				(uint64_t)b->nsucc << 32);
		add_ref(&s, b->cond.lhs);
		add_ref(&s, b->cond.rhs);
		add_loc(&s, b->loc);
		for (uint32_t k = 0; k < b->nsucc; k++) {
			const struct succ *t = &ir->succs[b->succ + k];

			add(&s, t->block);
			add(&s, (uint64_t)t->lo);
			add(&s, (uint64_t)t->hi);
		}
	}
	return s.h;
}
