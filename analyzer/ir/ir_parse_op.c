/* ir_parse_op.c - reads the text form: locals, values, paths and ops.
 *
 * Locals get their ids as follows: parameters first; a temp with a number that is not a parameter's
 * has that number; the others take the ids that are left, in the order in which they turn up. So
 * numbers that the printer wrote come back as they were, and by hand any name will do.
 */
#include "ir/ir_parse.h"

/* ---- locals ---- */

uint32_t tir_number_of(const char *s)
{
	uint32_t n = 0;

	for (; *s >= '0' && *s <= '9' && n < MAX_NUMBER; s++)
		n = n * 10 + (uint32_t)(*s - '0');
	return *s ? NONE : n;
}

void tir_make_local(struct body *b, uint32_t id, uint32_t name)
{
	while (b->local.n <= id)
		vec_add(&b->local, (struct text_local){0});
	b->local.v[id] = (struct text_local){
		.exists = true, .l = {.name = name, .type = UNTYPED, .loc = NONE}};
}

static uint32_t free_id(struct body *b)
{
	while ((b->next < b->taken.n && b->taken.v[b->next]) ||
		(b->next < b->local.n && b->local.v[b->next].exists))
		b->next++;
	return b->next;
}

bool tir_at_local(const struct body *b)
{
	return tir_at(b->p, TOK_NAME) || tir_at(b->p, TOK_TEMP);
}

/* The local at the current token; NONE if it is new. */
uint32_t tir_find_local(struct body *b)
{
	const struct tok *t = &b->p->lex.tok;
	uint32_t str = ir_str(b->p->ir, t->text);

	return map_get(t->kind == TOK_TEMP ? &b->temps : &b->names, (uint64_t)t->nth << 32 | str);
}

uint32_t tir_add_local(struct body *b, uint32_t id)
{
	const struct tok *t = &b->p->lex.tok;
	uint32_t str = ir_str(b->p->ir, t->text);
	bool temp = t->kind == TOK_TEMP;

	map_put(temp ? &b->temps : &b->names, (uint64_t)t->nth << 32 | str, id);
	tir_make_local(b, id, temp ? 0 : str);
	return id;
}

uint32_t tir_parse_local(struct body *b)
{
	uint32_t id = tir_find_local(b);

	if (id == NONE) {
		uint32_t n = tir_at(b->p, TOK_TEMP) ? tir_number_of(b->p->lex.tok.text) : NONE;

		id = tir_add_local(b, n < b->taken.n && n >= b->fn.nparam ? n : free_id(b));
	}
	tir_lex_next(&b->p->lex);
	return id;
}

/* [: TYPE] WORD* [LOC] of a local or parameter. */
void tir_parse_local_rest(struct body *b, uint32_t id)
{
	struct parser *p = b->p;
	struct text_local *l = &b->local.v[id];
	uint32_t flag;

	l->placed = true;
	if (tir_take(p, ':'))
		l->l.type = tir_parse_type(p);
	while (tir_at(p, TOK_NAME)) {
		if (tir_at_word(p, "var"))
			l->plain = true;
		else if (tir_word_find(
				 tir_local_words, p->lex.tok.text, strlen(p->lex.tok.text), &flag))
			l->l.flags |= flag;
		else
			tir_fail_here(p, "addr, temp, join or var");
		tir_lex_next(&p->lex);
	}
	l->l.loc = tir_parse_loc(p);
}

void tir_parse_local_line(struct body *b)
{
	uint32_t id;

	if (!tir_at_local(b)) {
		tir_fail_here(b->p, "a local");
		return;
	}
	id = tir_find_local(b);
	if (id != NONE && b->local.v[id].placed)
		tir_lex_fail(&b->p->lex, b->p->lex.tok.line, "'%s' is declared twice",
			b->p->lex.tok.text);
	else
		tir_parse_local_rest(b, tir_parse_local(b));
}

/* ---- values and paths ---- */

struct ref tir_parse_value(struct body *b)
{
	struct parser *p = b->p;
	struct ref r = {0};

	if (tir_at_local(b))
		return REF(LOCAL, tir_parse_local(b));
	if (tir_take(p, '?'))
		return r;
	if (tir_take(p, '&'))
		return REF(FN, tir_parse_fn_name(p));
	if (tir_at(p, TOK_NUM))
		r = REF(CONST, ir_const(p->ir, p->lex.tok.num));
	else if (tir_at(p, TOK_STR))
		r = REF(STR, ir_str(p->ir, p->lex.tok.text));
	else
		tir_fail_here(p, "a value");
	tir_lex_next(&p->lex);
	return r;
}

static void add_step(struct body *b, enum step_kind kind, uint32_t field, struct ref index)
{
	ir_add_steps(b->p->ir, (struct step){.kind = kind, .field = field, .index = index});
}

static struct ref parse_path(struct body *b)
{
	struct parser *p = b->p;
	struct path path = {.step = p->ir->nsteps};

	if (tir_take(p, TOK_SCOPE))
		path.base = REF(GLOBAL, tir_parse_global_name(p));
	else if (tir_at_local(b) || tir_at(p, TOK_NUM) || tir_at(p, TOK_STR))
		path.base = tir_parse_value(b);
	else
		tir_fail_here(p, "a path");
	for (;;) {
		if (tir_take(p, TOK_ARROW)) {
			add_step(b, STEP_DEREF, 0, (struct ref){0});
			add_step(b, STEP_FIELD, tir_parse_field_name(p, false), (struct ref){0});
		} else if (tir_take(p, '.')) {
			add_step(b, STEP_FIELD, tir_parse_field_name(p, false), (struct ref){0});
		} else if (tir_take(p, TOK_STAR)) {
			add_step(b, STEP_DEREF, 0, (struct ref){0});
		} else if (tir_take(p, '[')) {
			add_step(b, STEP_INDEX, 0, tir_parse_value(b));
			tir_expect(p, ']', "']'");
		} else {
			break;
		}
	}
	path.nstep = p->ir->nsteps - path.step;
	return REF(PATH, ir_add_paths(p->ir, path));
}

/* ---- ops ---- */

static void parse_args(struct body *b, struct op *op)
{
	struct parser *p = b->p;

	op->arg = p->ir->nargs;
	tir_expect(p, '(', "'('");
	while (!tir_at(p, ')') && !tir_at(p, TOK_END)) {
		if (op->narg && !tir_expect(p, ',', "',' or ')'"))
			break;
		if (op->narg == UINT16_MAX)
			tir_lex_fail(&p->lex, p->lex.tok.line, "too many arguments");
		ir_add_args(p->ir, tir_parse_value(b));
		op->narg++;
	}
	tir_expect(p, ')', "')'");
	if (op->src.kind == REF_FN && !p->fn.v[op->src.id].declared &&
		!p->fn.v[op->src.id].called) {
		p->fn.v[op->src.id].called = true;
		p->ir->fns[op->src.id].nparam = op->narg;
	}
}

static void parse_op_flags(struct body *b, struct op *op)
{
	struct parser *p = b->p;
	const struct word *w = op->kind == OP_BIN  ? tir_bin_kinds
			       : op->kind == OP_UN ? tir_un_kinds
						   : tir_op_words;
	bool operator= w != tir_op_words, any = false;

	while (tir_take(p, '.')) {
		uint32_t val = 0;

		if (!tir_at(p, TOK_NAME) || (operator&& any) ||
			!tir_word_find(w, p->lex.tok.text, strlen(p->lex.tok.text), &val)) {
			tir_fail_here(p, operator? "an operator" : "a flag of an op");
			return;
		}
		op->flags |= (uint8_t)val;
		any = true;
		tir_lex_next(&p->lex);
	}
	if (operator&& !any)
		tir_lex_fail(&p->lex, p->lex.tok.line, "'%s' needs an operator behind a dot",
			op_name(op->kind));
}

static bool find_op(struct body *b, uint8_t *kind)
{
	for (uint8_t k = 0; k < OP_COUNT; k++) {
		if (tir_at_word(b->p, op_name(k))) {
			*kind = k;
			return true;
		}
	}
	return false;
}

static void parse_operands(struct body *b, struct op *op)
{
	struct parser *p = b->p;
	uint32_t kind = 0;

	switch ((enum form)ir_op_form[op->kind]) {
	case FORM_N:
		break;
	case FORM_DS:
		op->src = tir_parse_value(b);
		break;
	case FORM_DP:
		op->src = parse_path(b);
		break;
	case FORM_PS:
		op->dst = parse_path(b);
		tir_expect(p, ',', "','");
		op->src = tir_parse_value(b);
		break;
	case FORM_DSS:
		op->src = tir_parse_value(b);
		tir_expect(p, ',', "','");
		op->arg = ref_bits(tir_parse_value(b));
		break;
	case FORM_CALL:
		if (op->kind == OP_CALL)
			op->src = REF(FN, tir_parse_fn_name(p));
		else if (tir_at_local(b))
			op->src = REF(LOCAL, tir_parse_local(b));
		else
			tir_fail_here(p, "a local");
		if (!p->lex.failed)
			parse_args(b, op);
		break;
	case FORM_S:
		if (!tir_at(p, TOK_LINE) && !tir_at(p, TOK_LOC) && !tir_at(p, '}'))
			op->src = tir_parse_value(b);
		break;
	case FORM_B:
		if (!tir_at(p, TOK_NAME) || !tir_word_find(tir_blind_kinds, p->lex.tok.text,
						    strlen(p->lex.tok.text), &kind))
			tir_fail_here(p, "asm, expr, goto, nest, error or omp");
		op->arg = kind;
		tir_lex_next(&p->lex);
		break;
	}
}

void tir_parse_op(struct body *b, int line, struct ref dst)
{
	struct parser *p = b->p;
	struct op op = {.dst = dst};
	bool wants, may;

	if (!find_op(b, &op.kind)) {
		tir_fail_here(p, dst.kind ? "an op" : "an op, a label or the end of the block");
		return;
	}
	tir_lex_next(&p->lex);
	parse_op_flags(b, &op);
	wants = ir_op_form[op.kind] == FORM_DS || ir_op_form[op.kind] == FORM_DP ||
		ir_op_form[op.kind] == FORM_DSS;
	may = wants || ir_op_form[op.kind] == FORM_CALL || ir_op_form[op.kind] == FORM_B;
	if (wants && !dst.kind)
		tir_lex_fail(&p->lex, line, "the result of '%s' goes nowhere", op_name(op.kind));
	if (!may && dst.kind)
		tir_lex_fail(&p->lex, line, "'%s' has no result", op_name(op.kind));
	parse_operands(b, &op);
	op.loc = tir_parse_loc(p);
	if (p->lex.failed)
		return;
	if (dst.kind && b->local.v[dst.id].ndef++ == 0)
		b->local.v[dst.id].def = p->ir->nops;
	vec_add(&p->op_line, line);
	ir_add_ops(p->ir, op);
}
