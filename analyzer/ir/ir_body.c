/* ir_body.c - reads the text form: functions and their bodies. The form is defined in ir_text.c.
 *
 * Locals get their ids as follows: parameters first; a temp with a number that is not a parameter's has
 * that number; the others take the ids that are left, in the order in which they turn up. So numbers
 * that the printer wrote come back as they were, and by hand any name will do.
 */
#include "ir/ir_parse.h"

struct text_local {
	struct local l;
	bool exists;
	bool placed; /* has a declaration, so its place is what that says */
	bool plain;  /* var: neither temp nor join */
	uint32_t ndef;
	uint32_t def; /* the first op that assigns it */
};
struct text_label {
	uint32_t block; /* NONE: not yet seen */
	int line;	/* of its first use */
	const char *name;
};
struct body {
	struct parser *p;
	struct fn fn;
	VEC(struct text_local) local; /* by id */
	uint32_t next;		      /* no free id below this one */
	struct map names, temps;
	VEC(bool) taken; /* numbers that temps of this body bear */
	VEC(struct text_label) label; /* successors index this until the end of the body */
	struct map labels;
	bool open;  /* a block has begun and not ended */
	bool ended; /* a block has ended and none begun */
};

enum { MAX_NUMBER = 1 << 22 };

/* The number of a temp %N, or NONE if it is a name. */
static uint32_t number_of(const char *s)
{
	uint32_t n = 0;

	for (; *s >= '0' && *s <= '9' && n < MAX_NUMBER; s++)
		n = n * 10 + (uint32_t)(*s - '0');
	return *s ? NONE : n;
}

/* ---- locals ---- */

static void make_local(struct body *b, uint32_t id, uint32_t name)
{
	while (b->local.n <= id)
		vec_add(&b->local, (struct text_local){0});
	b->local.v[id] = (struct text_local){.exists = true,
		.l = {.name = name, .type = UNTYPED, .loc = NONE}};
}

static uint32_t free_id(struct body *b)
{
	while ((b->next < b->taken.n && b->taken.v[b->next]) ||
			(b->next < b->local.n && b->local.v[b->next].exists))
		b->next++;
	return b->next;
}

static bool at_local(const struct body *b)
{
	return at(b->p, TOK_NAME) || at(b->p, TOK_TEMP);
}

/* The local at the current token; NONE if it is new. */
static uint32_t find_local(struct body *b)
{
	const struct tok *t = &b->p->lex.tok;
	uint32_t str = ir_str(b->p->ir, t->text);

	return map_get(t->kind == TOK_TEMP ? &b->temps : &b->names, (uint64_t)t->nth << 32 | str);
}

static uint32_t add_local(struct body *b, uint32_t id)
{
	const struct tok *t = &b->p->lex.tok;
	uint32_t str = ir_str(b->p->ir, t->text);
	bool temp = t->kind == TOK_TEMP;

	map_put(temp ? &b->temps : &b->names, (uint64_t)t->nth << 32 | str, id);
	make_local(b, id, temp ? 0 : str);
	return id;
}

static uint32_t parse_local(struct body *b)
{
	uint32_t id = find_local(b);

	if (id == NONE) {
		uint32_t n = at(b->p, TOK_TEMP) ? number_of(b->p->lex.tok.text) : NONE;

		id = add_local(b, n < b->taken.n && n >= b->fn.nparam ? n : free_id(b));
	}
	lex_next(&b->p->lex);
	return id;
}

/* [: TYPE] WORD* [LOC] of a local or parameter. */
static void parse_local_rest(struct body *b, uint32_t id)
{
	struct parser *p = b->p;
	struct text_local *l = &b->local.v[id];
	uint32_t flag;

	l->placed = true;
	if (take(p, ':'))
		l->l.type = parse_type(p);
	while (at(p, TOK_NAME)) {
		if (at_word(p, "var"))
			l->plain = true;
		else if (word_find(local_words, p->lex.tok.text, strlen(p->lex.tok.text), &flag))
			l->l.flags |= flag;
		else
			fail_here(p, "addr, temp, join or var");
		lex_next(&p->lex);
	}
	l->l.loc = parse_loc(p);
}

static void parse_local_line(struct body *b)
{
	uint32_t id;

	if (!at_local(b)) {
		fail_here(b->p, "a local");
		return;
	}
	id = find_local(b);
	if (id != NONE && b->local.v[id].placed)
		lex_fail(&b->p->lex, b->p->lex.tok.line, "'%s' is declared twice", b->p->lex.tok.text);
	else
		parse_local_rest(b, parse_local(b));
}

/* ---- values and paths ---- */

static struct ref parse_value(struct body *b)
{
	struct parser *p = b->p;
	struct ref r = {0};

	if (at_local(b))
		return REF(LOCAL, parse_local(b));
	if (take(p, '?'))
		return r;
	if (take(p, '&'))
		return REF(FN, parse_fn_name(p));
	if (at(p, TOK_NUM))
		r = REF(CONST, ir_const(p->ir, p->lex.tok.num));
	else if (at(p, TOK_STR))
		r = REF(STR, ir_str(p->ir, p->lex.tok.text));
	else
		fail_here(p, "a value");
	lex_next(&p->lex);
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

	if (take(p, TOK_SCOPE))
		path.base = REF(GLOBAL, parse_global_name(p));
	else if (at_local(b) || at(p, TOK_NUM) || at(p, TOK_STR))
		path.base = parse_value(b);
	else
		fail_here(p, "a path");
	for (;;) {
		if (take(p, TOK_ARROW)) {
			add_step(b, STEP_DEREF, 0, (struct ref){0});
			add_step(b, STEP_FIELD, parse_field_name(p, false), (struct ref){0});
		} else if (take(p, '.')) {
			add_step(b, STEP_FIELD, parse_field_name(p, false), (struct ref){0});
		} else if (take(p, TOK_STAR)) {
			add_step(b, STEP_DEREF, 0, (struct ref){0});
		} else if (take(p, '[')) {
			add_step(b, STEP_INDEX, 0, parse_value(b));
			expect(p, ']', "']'");
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
	expect(p, '(', "'('");
	while (!at(p, ')') && !at(p, TOK_END)) {
		if (op->narg && !expect(p, ',', "',' or ')'"))
			break;
		if (op->narg == UINT16_MAX)
			lex_fail(&p->lex, p->lex.tok.line, "too many arguments");
		ir_add_args(p->ir, parse_value(b));
		op->narg++;
	}
	expect(p, ')', "')'");
	if (op->src.kind == REF_FN && !p->fn.v[op->src.id].declared && !p->fn.v[op->src.id].called) {
		p->fn.v[op->src.id].called = true;
		p->ir->fns[op->src.id].nparam = op->narg;
	}
}

static void parse_op_flags(struct body *b, struct op *op)
{
	struct parser *p = b->p;
	const struct word *w = op->kind == OP_BIN ? bin_kinds : op->kind == OP_UN ? un_kinds : op_words;
	bool operator = w != op_words, any = false;

	while (take(p, '.')) {
		uint32_t val = 0;

		if (!at(p, TOK_NAME) || (operator && any) ||
				!word_find(w, p->lex.tok.text, strlen(p->lex.tok.text), &val)) {
			fail_here(p, operator ? "an operator" : "a flag of an op");
			return;
		}
		op->flags |= (uint8_t)val;
		any = true;
		lex_next(&p->lex);
	}
	if (operator && !any)
		lex_fail(&p->lex, p->lex.tok.line, "'%s' needs an operator behind a dot",
			op_name(op->kind));
}

static bool find_op(struct body *b, uint8_t *kind)
{
	for (uint8_t k = 0; k < OP_COUNT; k++) {
		if (at_word(b->p, op_name(k))) {
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

	switch ((enum form)op_form[op->kind]) {
	case FORM_N:
		break;
	case FORM_DS:
		op->src = parse_value(b);
		break;
	case FORM_DP:
		op->src = parse_path(b);
		break;
	case FORM_PS:
		op->dst = parse_path(b);
		expect(p, ',', "','");
		op->src = parse_value(b);
		break;
	case FORM_DSS:
		op->src = parse_value(b);
		expect(p, ',', "','");
		op->arg = ref_bits(parse_value(b));
		break;
	case FORM_CALL:
		if (op->kind == OP_CALL)
			op->src = REF(FN, parse_fn_name(p));
		else if (at_local(b))
			op->src = REF(LOCAL, parse_local(b));
		else
			fail_here(p, "a local");
		if (!p->lex.failed)
			parse_args(b, op);
		break;
	case FORM_S:
		if (!at(p, TOK_LINE) && !at(p, TOK_LOC) && !at(p, '}'))
			op->src = parse_value(b);
		break;
	case FORM_B:
		if (!at(p, TOK_NAME) || !word_find(blind_kinds, p->lex.tok.text,
						strlen(p->lex.tok.text), &kind))
			fail_here(p, "asm, expr, goto, nest, error or omp");
		op->arg = kind;
		lex_next(&p->lex);
		break;
	}
}

static void parse_op(struct body *b, int line, struct ref dst)
{
	struct parser *p = b->p;
	struct op op = {.dst = dst};
	bool wants, may;

	if (!find_op(b, &op.kind)) {
		fail_here(p, dst.kind ? "an op" : "an op, a label or the end of the block");
		return;
	}
	lex_next(&p->lex);
	parse_op_flags(b, &op);
	wants = op_form[op.kind] == FORM_DS || op_form[op.kind] == FORM_DP || op_form[op.kind] == FORM_DSS;
	may = wants || op_form[op.kind] == FORM_CALL || op_form[op.kind] == FORM_B;
	if (wants && !dst.kind)
		lex_fail(&p->lex, line, "the result of '%s' goes nowhere", op_name(op.kind));
	if (!may && dst.kind)
		lex_fail(&p->lex, line, "'%s' has no result", op_name(op.kind));
	parse_operands(b, &op);
	op.loc = parse_loc(p);
	if (p->lex.failed)
		return;
	if (dst.kind && b->local.v[dst.id].ndef++ == 0)
		b->local.v[dst.id].def = p->ir->nops;
	vec_add(&p->op_line, line);
	ir_add_ops(p->ir, op);
}

/* ---- blocks ---- */

static struct block *current(struct body *b)
{
	return &b->p->ir->blocks[b->p->ir->nblocks - 1];
}

static void begin_block(struct body *b)
{
	struct parser *p = b->p;

	vec_add(&p->block_line, p->lex.tok.line);
	ir_add_blocks(p->ir, (struct block){.op = p->ir->nops, .loc = NONE, .succ = p->ir->nsuccs});
	b->open = true;
	b->ended = false;
}

static void end_block(struct body *b, enum term term, uint32_t loc)
{
	struct ir *ir = b->p->ir;
	struct block *k = current(b);

	k->term = (uint8_t)term;
	k->loc = loc;
	k->nop = ir->nops - k->op;
	k->nsucc = ir->nsuccs - k->succ;
	b->open = false;
	b->ended = true;
}

static uint32_t label_id(struct body *b, const struct tok *t)
{
	uint64_t key = (uint64_t)t->nth << 32 | ir_str(b->p->ir, t->text);
	uint32_t id = *map_slot(&b->labels, key, b->label.n);

	if (id == b->label.n)
		vec_add(&b->label, (struct text_label){NONE, t->line, t->text});
	return id;
}

static void add_succ(struct body *b, int64_t lo, int64_t hi)
{
	struct tok t = b->p->lex.tok;

	if (expect(b->p, TOK_NAME, "a block"))
		ir_add_succs(b->p->ir, (struct succ){label_id(b, &t), lo, hi});
}

/* A block without an end: a return if it has an op 'ret', or if nothing follows. */
static void end_open_block(struct body *b, const struct tok *next)
{
	struct ir *ir = b->p->ir;
	struct block *k = current(b);
	const struct op *last = ir->nops > k->op ? &ir->ops[ir->nops - 1] : NULL;

	if (last && last->kind == OP_RET) {
		end_block(b, TERM_RET, last->loc);
	} else if (!next) {
		end_block(b, TERM_RET, NONE);
	} else {
		ir_add_succs(ir, (struct succ){.block = label_id(b, next)});
		end_block(b, TERM_GOTO, NONE);
	}
}

/* The sign behind the current token, if it is one that tells a label or an assignment; else 0. */
static char peek(const struct parser *p)
{
	const char *s = p->lex.s;

	while (*s == ' ' || *s == '\t')
		s++;
	return (*s == ':' || *s == '=') && s[1] != *s ? *s : 0;
}

static void parse_label(struct body *b)
{
	struct parser *p = b->p;
	struct tok t = p->lex.tok;
	uint32_t id = label_id(b, &t), flag;

	if (b->label.v[id].block != NONE) {
		lex_fail(&p->lex, t.line, "label '%s' is used twice", t.text);
		return;
	}
	if (b->open)
		end_open_block(b, &t);
	b->label.v[id].block = p->ir->nblocks - b->fn.block;
	begin_block(b);
	lex_next(&p->lex);
	lex_next(&p->lex); /* ':' */
	while (at(p, TOK_NAME) && !peek(p) &&
			word_find(block_words, p->lex.tok.text, strlen(p->lex.tok.text), &flag)) {
		current(b)->flags |= (uint8_t)flag;
		lex_next(&p->lex);
	}
}

static void parse_goto(struct body *b)
{
	add_succ(b, 0, 0);
	end_block(b, TERM_GOTO, parse_loc(b->p));
}

static uint8_t take_rel(struct parser *p)
{
	uint8_t rel = (uint8_t)p->lex.tok.num;

	if (take(p, TOK_REL))
		return rel;
	fail_here(p, "a relation or 'goto'");
	return REL_NE;
}

static void parse_if(struct body *b)
{
	struct parser *p = b->p;
	struct cond c = {.lhs = parse_value(b), .rel = REL_NE};

	if (at_word(p, "goto")) {
		c.rhs = REF(CONST, ir_const(p->ir, 0));
	} else {
		if (take(p, '&'))
			c.rel = REL_BITS;
		else
			c.rel = take_rel(p);
		c.rhs = parse_value(b);
	}
	if (!take_word(p, "goto"))
		fail_here(p, "'goto'");
	add_succ(b, 0, 0);
	if (!take_word(p, "else"))
		fail_here(p, "'else'");
	add_succ(b, 0, 0);
	end_block(b, TERM_IF, parse_loc(p));
	current(b)->cond = c;
}

static void parse_switch(struct body *b)
{
	struct parser *p = b->p;
	struct cond c = {.lhs = parse_value(b)};

	expect(p, '[', "'['");
	while (at(p, TOK_NUM)) {
		int64_t lo = p->lex.tok.num, hi = lo;

		lex_next(&p->lex);
		if (take(p, TOK_RANGE)) {
			hi = p->lex.tok.num;
			expect(p, TOK_NUM, "the end of the range");
		}
		expect(p, ':', "':'");
		add_succ(b, lo, hi);
		expect(p, ',', "','");
	}
	if (!take_word(p, "else"))
		fail_here(p, "a case or 'else'");
	expect(p, ':', "':'");
	add_succ(b, 1, 0);
	expect(p, ']', "']'");
	end_block(b, TERM_SWITCH, parse_loc(p));
	current(b)->cond = c;
}

static void parse_jump(struct body *b)
{
	while (at(b->p, TOK_NAME)) {
		add_succ(b, 0, 0);
		if (!take(b->p, ','))
			break;
	}
	end_block(b, TERM_JUMP, parse_loc(b->p));
}

static void parse_stop(struct body *b)
{
	end_block(b, TERM_STOP, parse_loc(b->p));
}

static void parse_end(struct body *b)
{
	end_block(b, TERM_RET, parse_loc(b->p));
}

static const struct {
	const char *word;
	void (*parse)(struct body *b);
} terms[] = {{"goto", parse_goto}, {"if", parse_if}, {"switch", parse_switch}, {"jump", parse_jump},
	{"stop", parse_stop}, {"end", parse_end}};

static void parse_statement(struct body *b)
{
	struct parser *p = b->p;
	int line = p->lex.tok.line;
	char next = peek(p);
	struct ref dst = {0};

	if (next != '=' && take_word(p, "local")) {
		parse_local_line(b);
		return;
	}
	if (b->ended) {
		lex_fail(&p->lex, line, "the block has ended: a label is missing");
		return;
	}
	if (!b->open)
		begin_block(b);
	if (at(p, TOK_TEMP) || next == '=') {
		if (!at_local(b)) {
			fail_here(p, "a local");
			return;
		}
		dst = REF(LOCAL, parse_local(b));
		if (take(p, ':')) {
			uint32_t type = parse_type(p);

			b->local.v[dst.id].l.type = type;
		}
		expect(p, '=', "'='");
		parse_op(b, line, dst);
		return;
	}
	for (size_t i = 0; i < COUNT(terms); i++) {
		if (take_word(p, terms[i].word)) {
			terms[i].parse(b);
			return;
		}
	}
	parse_op(b, line, dst);
}

/* ---- functions ---- */

/* Which numbers the temps between here and '}' bear. */
static void collect_numbers(struct body *b)
{
	struct lexer ahead = b->p->lex;

	while (ahead.tok.kind != '}' && ahead.tok.kind != TOK_END) {
		uint32_t n = ahead.tok.kind == TOK_TEMP ? number_of(ahead.tok.text) : NONE;

		if (n < MAX_NUMBER && n >= b->fn.nparam) {
			while (b->taken.n <= n)
				vec_add(&b->taken, false);
			b->taken.v[n] = true;
		}
		lex_next(&ahead);
	}
}

static void parse_params(struct body *b)
{
	struct parser *p = b->p;
	bool first = true;

	expect(p, '(', "'('");
	while (!at(p, ')') && !at(p, TOK_END)) {
		if (!first && !expect(p, ',', "',' or ')'"))
			return;
		first = false;
		if (take(p, TOK_DOTS)) {
			b->fn.flags |= FN_VARIADIC;
			break;
		}
		if (take(p, '?')) {
			make_local(b, b->fn.nparam, 0);
		} else if (at_local(b)) {
			if (find_local(b) != NONE) {
				lex_fail(&p->lex, p->lex.tok.line, "'%s' is declared twice",
					p->lex.tok.text);
				return;
			}
			add_local(b, b->fn.nparam);
			lex_next(&p->lex);
		} else {
			fail_here(p, "a parameter");
			return;
		}
		parse_local_rest(b, b->fn.nparam);
		b->local.v[b->fn.nparam].l.flags |= LOCAL_PARAM;
		b->fn.nparam++;
	}
	expect(p, ')', "')'");
}

static void parse_head(struct body *b, uint32_t id)
{
	struct parser *p = b->p;
	struct fn *fn = &b->fn;
	uint32_t flag;

	parse_params(b);
	if (take(p, ':'))
		fn->type = parse_type(p);
	for (;;) {
		if (take_word(p, "key")) {
			fn->key = ir_str(p->ir, p->lex.tok.text);
			expect(p, TOK_STR, "the key in double quotes");
		} else if (take_word(p, "hash")) {
			fn->hash = strtoull(p->lex.tok.text, NULL, 16);
			p->fn.v[id].hash = true;
			expect(p, TOK_STR, "the hash in double quotes");
		} else if (at(p, TOK_NAME) && word_find(fn_words, p->lex.tok.text,
							strlen(p->lex.tok.text), &flag)) {
			fn->flags |= flag;
			lex_next(&p->lex);
		} else {
			break;
		}
	}
	fn->loc = parse_loc(p);
	parse_attrs(p, &fn->attr, &fn->nattr);
}

static void place_locals(struct body *b)
{
	struct ir *ir = b->p->ir;

	b->fn.local = ir->nlocals;
	b->fn.nlocal = b->local.n;
	for (uint32_t i = 0; i < b->local.n; i++) {
		struct text_local *l = &b->local.v[i];

		if (!l->exists) /* a number that was jumped over */
			l->l = (struct local){.type = UNTYPED, .loc = NONE};
		if (!*ir_text_of(ir, l->l.name) && !l->plain &&
				!(l->l.flags & (LOCAL_PARAM | LOCAL_TEMP | LOCAL_JOIN)))
			l->l.flags |= l->ndef > 1 ? LOCAL_JOIN : LOCAL_TEMP;
		if (!l->placed && l->ndef && !*ir_text_of(ir, l->l.name))
			l->l.loc = ir->ops[l->def].loc;
		ir_add_locals(ir, l->l);
	}
}

static void place_labels(struct body *b)
{
	struct ir *ir = b->p->ir;

	for (uint32_t i = 0; i < b->label.n; i++)
		if (b->label.v[i].block == NONE)
			lex_fail(&b->p->lex, b->label.v[i].line, "there is no block '%s'",
				b->label.v[i].name);
	for (uint32_t i = b->fn.block; i < ir->nblocks; i++)
		for (uint32_t k = 0; k < ir->blocks[i].nsucc; k++) {
			struct succ *s = &ir->succs[ir->blocks[i].succ + k];

			s->block = b->label.v[s->block].block;
		}
}

static void parse_body(struct body *b)
{
	struct parser *p = b->p;
	struct ir *ir = p->ir;

	b->fn.flags |= FN_DEFINED;
	b->fn.block = ir->nblocks;
	b->fn.op = ir->nops;
	if (b->fn.loc != NONE)
		p->file = ir->locs[b->fn.loc].file;
	collect_numbers(b);
	while (!at(p, '}') && !at(p, TOK_END)) {
		if (take(p, TOK_LINE))
			continue;
		if (at(p, TOK_NAME) && peek(p) == ':') {
			parse_label(b);
			continue;
		}
		parse_statement(b);
		if (!at(p, '}'))
			expect(p, TOK_LINE, "the end of the line");
	}
	expect(p, '}', "'}'");
	p->file = NONE;
	if (p->lex.failed)
		return;
	if (!b->open && !b->ended)
		begin_block(b);
	if (b->open)
		end_open_block(b, NULL);
	place_locals(b);
	place_labels(b);
	b->fn.nblock = ir->nblocks - b->fn.block;
	b->fn.nop = ir->nops - b->fn.op;
}

void parse_fn(struct parser *p, uint32_t id)
{
	struct body b = {.p = p, .fn = p->ir->fns[id]};

	parse_head(&b, id);
	if (take(p, '{'))
		parse_body(&b);
	if (!p->lex.failed)
		p->ir->fns[id] = b.fn;
	vec_free(&b.local);
	vec_free(&b.taken);
	vec_free(&b.label);
	map_free(&b.names);
	map_free(&b.temps);
	map_free(&b.labels);
}
