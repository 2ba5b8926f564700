/* ir_parse_body.c - reads the text form: functions and their blocks. */
#include "ir/ir_parse.h"

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

	if (tir_expect(b->p, TOK_NAME, "a block"))
		ir_add_succs(b->p->ir, (struct succ){.block = label_id(b, &t), .lo = lo, .hi = hi});
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
		tir_lex_fail(&p->lex, t.line, "label '%s' is used twice", t.text);
		return;
	}
	if (b->open)
		end_open_block(b, &t);
	b->label.v[id].block = p->ir->nblocks - b->fn.block;
	begin_block(b);
	tir_lex_next(&p->lex);
	tir_lex_next(&p->lex); /* ':' */
	while (tir_at(p, TOK_NAME) && !peek(p) &&
		tir_word_find(tir_block_words, p->lex.tok.text, strlen(p->lex.tok.text), &flag)) {
		current(b)->flags |= (uint8_t)flag;
		tir_lex_next(&p->lex);
	}
}

static void parse_goto(struct body *b)
{
	add_succ(b, 0, 0);
	end_block(b, TERM_GOTO, tir_parse_loc(b->p));
}

static uint8_t take_rel(struct parser *p)
{
	uint8_t rel = (uint8_t)p->lex.tok.num;

	if (tir_take(p, TOK_REL))
		return rel;
	tir_fail_here(p, "a relation or 'goto'");
	return REL_NE;
}

static void parse_if(struct body *b)
{
	struct parser *p = b->p;
	struct cond c = {.lhs = tir_parse_value(b), .rel = REL_NE};

	if (tir_at_word(p, "goto")) {
		c.rhs = REF(CONST, ir_const(p->ir, 0));
	} else {
		if (tir_take(p, '&'))
			c.rel = REL_BITS;
		else
			c.rel = take_rel(p);
		c.rhs = tir_parse_value(b);
	}
	if (!tir_take_word(p, "goto"))
		tir_fail_here(p, "'goto'");
	add_succ(b, 0, 0);
	if (!tir_take_word(p, "else"))
		tir_fail_here(p, "'else'");
	add_succ(b, 0, 0);
	end_block(b, TERM_IF, tir_parse_loc(p));
	current(b)->cond = c;
}

static void parse_switch(struct body *b)
{
	struct parser *p = b->p;
	struct cond c = {.lhs = tir_parse_value(b)};

	tir_expect(p, '[', "'['");
	while (tir_at(p, TOK_NUM)) {
		int64_t lo = p->lex.tok.num, hi = lo;

		tir_lex_next(&p->lex);
		if (tir_take(p, TOK_RANGE)) {
			hi = p->lex.tok.num;
			tir_expect(p, TOK_NUM, "the end of the range");
		}
		tir_expect(p, ':', "':'");
		add_succ(b, lo, hi);
		tir_expect(p, ',', "','");
	}
	if (!tir_take_word(p, "else"))
		tir_fail_here(p, "a case or 'else'");
	tir_expect(p, ':', "':'");
	add_succ(b, 1, 0);
	tir_expect(p, ']', "']'");
	end_block(b, TERM_SWITCH, tir_parse_loc(p));
	current(b)->cond = c;
}

static void parse_jump(struct body *b)
{
	while (tir_at(b->p, TOK_NAME)) {
		add_succ(b, 0, 0);
		if (!tir_take(b->p, ','))
			break;
	}
	end_block(b, TERM_JUMP, tir_parse_loc(b->p));
}

static void parse_stop(struct body *b)
{
	end_block(b, TERM_STOP, tir_parse_loc(b->p));
}

static void parse_end(struct body *b)
{
	end_block(b, TERM_RET, tir_parse_loc(b->p));
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

	if (next != '=' && tir_take_word(p, "local")) {
		tir_parse_local_line(b);
		return;
	}
	if (b->ended) {
		tir_lex_fail(&p->lex, line, "the block has ended: a label is missing");
		return;
	}
	if (!b->open)
		begin_block(b);
	if (tir_at(p, TOK_TEMP) || next == '=') {
		if (!tir_at_local(b)) {
			tir_fail_here(p, "a local");
			return;
		}
		dst = REF(LOCAL, tir_parse_local(b));
		if (tir_take(p, ':')) {
			uint32_t type = tir_parse_type(p);

			b->local.v[dst.id].l.type = type;
		}
		tir_expect(p, '=', "'='");
		tir_parse_op(b, line, dst);
		return;
	}
	for (size_t i = 0; i < COUNT(terms); i++) {
		if (tir_take_word(p, terms[i].word)) {
			terms[i].parse(b);
			return;
		}
	}
	tir_parse_op(b, line, dst);
}

/* ---- functions ---- */

/* Which numbers the temps between here and '}' bear. */
static void collect_numbers(struct body *b)
{
	struct lexer ahead = b->p->lex;

	while (ahead.tok.kind != '}' && ahead.tok.kind != TOK_END) {
		uint32_t n = ahead.tok.kind == TOK_TEMP ? tir_number_of(ahead.tok.text) : NONE;

		if (n < MAX_NUMBER && n >= b->fn.nparam) {
			while (b->taken.n <= n)
				vec_add(&b->taken, false);
			b->taken.v[n] = true;
		}
		tir_lex_next(&ahead);
	}
}

static void parse_params(struct body *b)
{
	struct parser *p = b->p;
	bool first = true;

	tir_expect(p, '(', "'('");
	while (!tir_at(p, ')') && !tir_at(p, TOK_END)) {
		if (!first && !tir_expect(p, ',', "',' or ')'"))
			return;
		first = false;
		if (tir_take(p, TOK_DOTS)) {
			b->fn.flags |= FN_VARIADIC;
			break;
		}
		if (tir_take(p, '?')) {
			tir_make_local(b, b->fn.nparam, 0);
		} else if (tir_at_local(b)) {
			if (tir_find_local(b) != NONE) {
				tir_lex_fail(&p->lex, p->lex.tok.line, "'%s' is declared twice",
					p->lex.tok.text);
				return;
			}
			tir_add_local(b, b->fn.nparam);
			tir_lex_next(&p->lex);
		} else {
			tir_fail_here(p, "a parameter");
			return;
		}
		tir_parse_local_rest(b, b->fn.nparam);
		b->local.v[b->fn.nparam].l.flags |= LOCAL_PARAM;
		b->fn.nparam++;
	}
	tir_expect(p, ')', "')'");
}

static void parse_head(struct body *b, uint32_t id)
{
	struct parser *p = b->p;
	struct fn *fn = &b->fn;
	uint32_t flag;

	parse_params(b);
	if (tir_take(p, ':'))
		fn->type = tir_parse_type(p);
	for (;;) {
		if (tir_take_word(p, "key")) {
			fn->key = ir_str(p->ir, p->lex.tok.text);
			tir_expect(p, TOK_STR, "the key in double quotes");
		} else if (tir_take_word(p, "hash")) {
			fn->hash = strtoull(p->lex.tok.text, NULL, 16);
			p->fn.v[id].hash = true;
			tir_expect(p, TOK_STR, "the hash in double quotes");
		} else if (tir_at(p, TOK_NAME) && tir_word_find(tir_fn_words, p->lex.tok.text,
							  strlen(p->lex.tok.text), &flag)) {
			fn->flags |= flag;
			tir_lex_next(&p->lex);
		} else {
			break;
		}
	}
	fn->loc = tir_parse_loc(p);
	tir_parse_attrs(p, &fn->attr, &fn->nattr);
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
			tir_lex_fail(&b->p->lex, b->label.v[i].line, "there is no block '%s'",
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
	while (!tir_at(p, '}') && !tir_at(p, TOK_END)) {
		if (tir_take(p, TOK_LINE))
			continue;
		if (tir_at(p, TOK_NAME) && peek(p) == ':') {
			parse_label(b);
			continue;
		}
		parse_statement(b);
		if (!tir_at(p, '}'))
			tir_expect(p, TOK_LINE, "the end of the line");
	}
	tir_expect(p, '}', "'}'");
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

void tir_parse_fn(struct parser *p, uint32_t id)
{
	struct body b = {.p = p, .fn = p->ir->fns[id]};

	parse_head(&b, id);
	if (tir_take(p, '{'))
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
