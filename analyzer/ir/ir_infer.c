/* ir_infer.c - types for a text that gives none.
 *
 * Tests leave types out, but solvers look at them. So a thing gets the simplest type that makes
 * sense of its uses: what is followed by '->' points to a record, what is indexed is an array, what
 * is called or takes an address is a pointer, and everything else is an int. Types that are given
 * are never changed.
 */
#include "ir/ir_parse.h"

static uint32_t basic_type(struct parser *p, uint8_t kind, uint32_t size, const char *text)
{
	struct type t = {.kind = kind, .to = NONE, .size = size, .text = ir_str(p->ir, text)};

	return tir_make_type(p, t);
}

static uint32_t int_type(struct parser *p)
{
	return basic_type(p, TYPE_INT, 4, "int");
}

static uint32_t some_pointer(struct parser *p)
{
	return tir_make_pointer(p, basic_type(p, TYPE_VOID, 0, "void"));
}

static uint32_t array_type(struct parser *p, uint32_t to)
{
	struct type t = {.kind = TYPE_ARRAY, .to = to};
	const char *text = ir_text_of(p->ir, p->ir->types[to].text);

	t.text = ir_str(p->ir, arena_printf(p->lex.mem, "%s[]", text));
	return tir_make_type(p, t);
}

/* Where the type of what a ref names is kept, or NULL. Good until something is added. */
static uint32_t *type_slot(struct parser *p, const struct fn *fn, struct ref r)
{
	if (r.kind == REF_LOCAL)
		return &p->ir->locals[fn->local + r.id].type;
	if (r.kind == REF_GLOBAL)
		return &p->ir->globals[r.id].type;
	return NULL;
}

static void suggest(struct parser *p, const struct fn *fn, struct ref r, uint32_t type)
{
	uint32_t *slot = type_slot(p, fn, r);

	if (slot && *slot == UNTYPED)
		*slot = type;
}

/* If what a path names has type leaf, each of its steps tells the type before it. */
static void suggest_path(struct parser *p, const struct fn *fn, uint32_t path, uint32_t leaf)
{
	const struct path *a = &p->ir->paths[path];
	uint32_t type = leaf;

	for (uint32_t i = a->nstep; i-- > 0;) {
		const struct step *s = &p->ir->steps[a->step + i];

		if (s->kind == STEP_FIELD) {
			struct field *f = &p->ir->fields[s->field];

			if (f->type == UNTYPED)
				f->type = type;
			type = tir_make_record_type(p, f->record);
		} else if (type != UNTYPED) {
			type = s->kind == STEP_INDEX ? array_type(p, type)
						     : tir_make_pointer(p, type);
		}
	}
	suggest(p, fn, a->base, type);
}

/* The type that a value shows by itself; an int if it shows none. */
static uint32_t value_type(struct parser *p, const struct fn *fn, struct ref r)
{
	uint32_t *slot = type_slot(p, fn, r);

	if (slot && *slot != UNTYPED && *slot != NONE)
		return *slot;
	if (r.kind == REF_STR)
		return tir_make_pointer(p, basic_type(p, TYPE_INT, 1, "char"));
	return r.kind == REF_FN ? some_pointer(p) : int_type(p);
}

/* The type of what a path names, as far as its last step tells; else UNTYPED. */
static uint32_t leaf_type(struct parser *p, const struct fn *fn, uint32_t path)
{
	const struct path *a = &p->ir->paths[path];
	const struct step *last = a->nstep ? &p->ir->steps[a->step + a->nstep - 1] : NULL;
	uint32_t *slot = last ? NULL : type_slot(p, fn, a->base);

	if (slot)
		return *slot;
	return last && last->kind == STEP_FIELD ? p->ir->fields[last->field].type : UNTYPED;
}

/* Calls, addresses and the way paths go on. */
static void look_at_uses(struct parser *p, const struct fn *fn, const struct op *op)
{
	if (op->kind == OP_ICALL)
		suggest(p, fn, op->src, some_pointer(p));
	if (op->kind == OP_ADDR)
		suggest(p, fn, op->dst, some_pointer(p));
	if (op->src.kind == REF_PATH && p->ir->paths[op->src.id].nstep)
		suggest_path(p, fn, op->src.id, UNTYPED);
	if (op->dst.kind == REF_PATH && p->ir->paths[op->dst.id].nstep)
		suggest_path(p, fn, op->dst.id, UNTYPED);
}

/* Values carry their type from one side to the other. */
static void look_at_values(struct parser *p, const struct fn *fn, const struct op *op)
{
	if (op->kind == OP_LOAD) {
		suggest(p, fn, op->dst, leaf_type(p, fn, op->src.id));
		suggest_path(p, fn, op->src.id, value_type(p, fn, op->dst));
	} else if (op->kind == OP_STORE) {
		suggest(p, fn, op->src, leaf_type(p, fn, op->dst.id));
		suggest_path(p, fn, op->dst.id, value_type(p, fn, op->src));
	} else if (op->kind == OP_COPY) {
		suggest(p, fn, op->dst, value_type(p, fn, op->src));
	}
}

static void each_op(
	struct parser *p, void (*look)(struct parser *p, const struct fn *fn, const struct op *op))
{
	for (uint32_t i = 0; i < p->ir->nfns; i++) {
		const struct fn *fn = &p->ir->fns[i];

		for (uint32_t k = 0; k < fn->nop; k++)
			look(p, fn, &p->ir->ops[fn->op + k]);
	}
}

static bool all_typed(const struct ir *ir)
{
	for (uint32_t i = 0; i < ir->nlocals; i++)
		if (ir->locals[i].type == UNTYPED)
			return false;
	for (uint32_t i = 0; i < ir->nglobals; i++)
		if (ir->globals[i].type == UNTYPED)
			return false;
	for (uint32_t i = 0; i < ir->nfields; i++)
		if (ir->fields[i].type == UNTYPED)
			return false;
	return true;
}

void tir_infer_types(struct parser *p)
{
	struct ir *ir = p->ir;

	if (all_typed(ir)) /* do not add types to what the printer wrote */
		return;
	each_op(p, look_at_uses);
	each_op(p, look_at_values);
	for (uint32_t i = 0; i < ir->nlocals; i++)
		if (ir->locals[i].type == UNTYPED)
			ir->locals[i].type = int_type(p);
	for (uint32_t i = 0; i < ir->nglobals; i++)
		if (ir->globals[i].type == UNTYPED)
			ir->globals[i].type = int_type(p);
	for (uint32_t i = 0; i < ir->nfields; i++)
		if (ir->fields[i].type == UNTYPED)
			ir->fields[i].type = int_type(p);
}
