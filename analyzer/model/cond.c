/* cond.c - conditions of a model: parsed, evaluated with three values, printed.
 *
 *	cond := both {or both}     both := one {and one}
 *	one  := not one | ( cond ) | nonblocking(P) | ready(P) | numeric(P) | KIND(P) | on CONTEXT |
 *arg test arg  := [*] P [-> FIELD] | result test := is [not] VALUE | is [not] zero | has VALUE |
 *lacks VALUE | [not] in {VALUE, ..} | starts "TEXT" | < VALUE | > VALUE | <= VALUE | >= VALUE VALUE
 *:= NUMBER | CONSTANT | NULL, several joined by |
 */
#include "model/model_int.h"

static const char *const rel_word[] = {
	[REL_EQ] = "is",
	[REL_NE] = "is not",
	[REL_LT] = "<",
	[REL_LE] = "<=",
	[REL_GT] = ">",
	[REL_GE] = ">=",
};

static struct mcond *node(struct parser *p, enum mcond_kind kind)
{
	struct mcond *c = arena_alloc(p->m->mem, sizeof *c);

	c->kind = kind;
	c->arg.param = PARAM_NONE;
	return c;
}

static struct mcond *join(
	struct parser *p, enum mcond_kind kind, const struct mcond *a, const struct mcond *b)
{
	struct mcond *c = node(p, kind);

	c->a = a;
	c->b = b;
	return c;
}

static bool unknown(struct parser *p)
{
	uint32_t n = p->m->consts.n;
	const char **names = xmalloc((n + 1) * sizeof *names);

	for (uint32_t i = 0; i < n; i++)
		names[i] = p->m->consts.v[i].name;
	lex_wrong(p, "a constant (const NAME VALUE)", names, n);
	free(names);
	return false;
}

static bool value(struct parser *p, int64_t *v)
{
	*v = 0;
	do {
		int64_t one;

		if (p->tok.kind == T_NUM && !memchr(p->tok.s, '.', p->tok.n)) {
			*v |= strtoll(p->tok.s, NULL, 0);
		} else if (p->tok.kind != T_WORD) {
			return lex_wrong(p, "a number, a constant or NULL", NULL, 0);
		} else if (!tok_is(p, "NULL")) {
			char *name = tok_text(p);

			if (!models_const(p->m, name, &one))
				return unknown(p);
			*v |= one;
		}
		lex_next(p);
	} while (lex_accept(p, "|"));
	return true;
}

/* value, and keeps how it was written. */
static bool value_of(struct parser *p, struct mcond *c)
{
	const char *s = p->tok.s;

	if (!value(p, &c->value))
		return false;
	c->text = arena_strndup(p->m->mem, s, (size_t)(p->prev - s));
	return true;
}

/* {A, B, ...} */
static bool set(struct parser *p, struct mcond *c)
{
	int64_t *v = arena_alloc(p->m->mem, 32 * sizeof *v);
	const char *s = p->tok.s;

	c->set = v;
	p->depth++;
	if (!lex_expect(p, "{"))
		return false;
	do {
		if (c->nset == 32)
			return lex_error(p, &p->tok, "more than 32 values in one set");
		if (!value(p, v + c->nset++))
			return false;
	} while (lex_accept(p, ","));
	p->depth--;
	if (!lex_expect(p, "}"))
		return false;
	c->text = arena_strndup(p->m->mem, s, (size_t)(p->prev - s));
	return true;
}

/* "A" | "B" ..: one of them; c has the argument. */
static struct mcond *prefixes(struct parser *p, struct mcond *c)
{
	struct mcond *any = NULL;

	do {
		struct mcond *one = node(p, MC_LITERAL);

		if (p->tok.kind != T_STR) {
			lex_wrong(p, "a text in quotes", NULL, 0);
			return NULL;
		}
		one->arg = c->arg;
		one->text = tok_text(p);
		any = any ? join(p, MC_OR, any, one) : one;
		lex_next(p);
	} while (lex_accept(p, "|"));
	return any;
}

static struct mcond *test(struct parser *p)
{
	static const char *const tests[] = {"is", "has", "lacks", "in", "not", "starts"};
	struct mcond *c = node(p, MC_CMP);
	bool negated = false, ok;

	c->arg.deref = lex_accept(p, "*");
	if (!param_parse(p, &c->arg.param))
		return NULL;
	if (lex_accept(p, "->")) {
		if (p->tok.kind != T_WORD) {
			lex_wrong(p, "a field's name", NULL, 0);
			return NULL;
		}
		c->arg.field = tok_text(p);
		lex_next(p);
	}
	if (lex_accept(p, "is")) {
		bool no = lex_accept(p, "not");

		c->rel = no ? REL_NE : REL_EQ;
		if (lex_accept(p, "zero")) {
			c->kind = MC_ZERO;
			negated = no;
			ok = true;
		} else {
			ok = value_of(p, c);
		}
	} else if (tok_is(p, "has") || tok_is(p, "lacks")) {
		c->kind = MC_HAS;
		negated = tok_is(p, "lacks");
		lex_next(p);
		ok = value_of(p, c);
	} else if (tok_is(p, "in") || tok_is(p, "not")) {
		c->kind = MC_IN;
		negated = lex_accept(p, "not");
		ok = lex_expect(p, "in") && set(p, c);
	} else if (lex_accept(p, "starts")) {
		return prefixes(p, c);
	} else {
		enum rel r;

		for (r = REL_LT; r <= REL_GE; r++)
			if (lex_accept(p, rel_word[r]))
				break;
		c->rel = r;
		ok = r <= REL_GE
			     ? value_of(p, c)
			     : lex_wrong(p,
				       "a test (is, has, lacks, in, not in, starts, <, >, <=, >=)",
				       tests, COUNT(tests));
	}
	if (!ok)
		return NULL;
	return negated ? join(p, MC_NOT, c, NULL) : c;
}

/* nonblocking(P) and its like; NULL without an error if tok is none of them. */
static struct mcond *predicate(struct parser *p, bool *ok)
{
	static const struct {
		const char *word;
		enum mcond_kind kind;
	} preds[] = {{"nonblocking", MC_NONBLOCKING}, {"ready", MC_READY}, {"numeric", MC_NUMERIC}};
	struct mcond *c = NULL;
	const char *s = p->p;
	int k;

	*ok = true;
	while (*s == ' ')
		s++;
	if (p->tok.kind != T_WORD || *s != '(')
		return NULL;
	for (size_t i = 0; i < COUNT(preds); i++)
		if (tok_is(p, preds[i].word))
			c = node(p, preds[i].kind);
	k = word_find(fd_kind_word, COUNT(fd_kind_word), p->tok.s, p->tok.n);
	if (k >= 0) {
		c = node(p, MC_KIND);
		c->value = 1 << k;
	}
	if (!c) {
		const char *words[COUNT(fd_kind_word) + COUNT(preds)];
		size_t n = 0;

		for (size_t i = 0; i < COUNT(fd_kind_word); i++)
			words[n++] = fd_kind_word[i];
		for (size_t i = 0; i < COUNT(preds); i++)
			words[n++] = preds[i].word;
		*ok = lex_wrong(
			p, "nonblocking(), ready(), numeric() or a kind of descriptor", words, n);
		return NULL;
	}
	lex_next(p);
	*ok = lex_expect(p, "(") && param_parse(p, &c->arg.param) && lex_expect(p, ")");
	return c;
}

static const struct mcond *one(struct parser *p)
{
	const struct mcond *inner;
	struct mcond *c;
	bool ok;

	if (tok_is(p, "not") || tok_is(p, "(")) {
		bool paren = tok_is(p, "(");

		if (p->nest++ > 100) { /* our own recursion, in a file that may be anybody's */
			lex_error(p, &p->tok, "condition nested too deep");
			return NULL;
		}
		p->depth += paren;
		lex_next(p);
		inner = paren ? cond_parse(p) : one(p);
		p->depth -= paren;
		p->nest--;
		if (!paren)
			return inner ? join(p, MC_NOT, inner, NULL) : NULL;
		return inner && lex_expect(p, ")") ? inner : NULL;
	}
	if (lex_accept(p, "on")) {
		enum ctx_kind ctx;

		if (!context_parse(p, &ctx))
			return NULL;
		c = node(p, MC_ON);
		c->value = ctx;
		return c;
	}
	c = predicate(p, &ok);
	if (c || !ok)
		return ok ? c : NULL;
	return test(p);
}

/* The next token is this word, here or as the first in the line that continues the entry. */
static bool joined_by(struct parser *p, const char *word)
{
	if (p->tok.kind == T_LINE) {
		struct parser ahead = *p;

		lex_next(&ahead);
		if (!tok_is(&ahead, word))
			return false;
		lex_next(p);
	}
	return lex_accept(p, word);
}

static const struct mcond *both(struct parser *p)
{
	const struct mcond *c = one(p), *b;

	while (c && joined_by(p, "and")) {
		b = one(p);
		c = b ? join(p, MC_AND, c, b) : NULL;
	}
	return c;
}

const struct mcond *cond_parse(struct parser *p)
{
	const struct mcond *c = both(p), *b;

	while (c && joined_by(p, "or")) {
		b = both(p);
		c = b ? join(p, MC_OR, c, b) : NULL;
	}
	return c;
}

bool cond_parse_optional(struct parser *p, const struct mcond **cond)
{
	bool unless = tok_is(p, "unless");

	*cond = NULL;
	if (!unless && !tok_is(p, "if"))
		return true;
	lex_next(p);
	*cond = cond_parse(p);
	if (*cond && unless)
		*cond = join(p, MC_NOT, *cond, NULL);
	return *cond != NULL;
}

enum tri mcond_eval(
	const struct mcond *c, enum tri (*leaf)(void *ctx, const struct mcond *c), void *ctx)
{
	enum tri a, b;

	switch (c->kind) {
	case MC_NOT:
		a = mcond_eval(c->a, leaf, ctx);
		return a == MAYBE ? MAYBE : a == YES ? NO : YES;
	case MC_AND:
	case MC_OR:
		a = mcond_eval(c->a, leaf, ctx);
		if (a == (c->kind == MC_AND ? NO : YES))
			return a;
		b = mcond_eval(c->b, leaf, ctx);
		if (b == (c->kind == MC_AND ? NO : YES))
			return b;
		return a == MAYBE ? MAYBE : b;
	default:
		return leaf(ctx, c);
	}
}

/* ---- printing ---- */

static void put_arg(const struct marg *a, const struct model *m, struct sb *out)
{
	if (a->deref)
		sb_putc(out, '*');
	if (a->param == PARAM_RESULT)
		sb_puts(out, "result");
	else if (a->param >= 0 && a->param < m->nparam)
		sb_puts(out, m->params[a->param]);
	if (a->field)
		sb_printf(out, "->%s", a->field);
}

static void print(const struct mcond *c, bool no, int outer, const struct model *m, struct sb *out)
{
	static const char *const word[] = {
		[MC_NONBLOCKING] = "nonblocking", [MC_READY] = "ready", [MC_NUMERIC] = "numeric"};
	static const enum rel inverse[] = {[REL_EQ] = REL_NE,
		[REL_NE] = REL_EQ,
		[REL_LT] = REL_GE,
		[REL_GE] = REL_LT,
		[REL_GT] = REL_LE,
		[REL_LE] = REL_GT};

	switch (c->kind) {
	case MC_NOT:
		print(c->a, !no, outer, m, out);
		return;
	case MC_AND:
	case MC_OR: {
		bool and = (c->kind == MC_AND) != no; /* De Morgan */
		bool paren = outer >= 0 && outer != and;

		sb_puts(out, paren ? "(" : "");
		print(c->a, no, and, m, out);
		sb_puts(out, and? " and " : " or ");
		print(c->b, no, and, m, out);
		sb_puts(out, paren ? ")" : "");
		return;
	}
	case MC_CMP:
		put_arg(&c->arg, m, out);
		sb_printf(out, " %s %s", rel_word[no ? inverse[c->rel] : c->rel], c->text);
		return;
	case MC_HAS:
		put_arg(&c->arg, m, out);
		sb_printf(out, " %s %s", no ? "lacks" : "has", c->text);
		return;
	case MC_IN:
		put_arg(&c->arg, m, out);
		sb_printf(out, " %s %s", no ? "not in" : "in", c->text);
		return;
	case MC_ZERO:
		put_arg(&c->arg, m, out);
		sb_puts(out, no ? " is not zero" : " is zero");
		return;
	case MC_LITERAL:
		sb_puts(out, no ? "not " : "");
		put_arg(&c->arg, m, out);
		sb_printf(out, " starts \"%s\"", c->text);
		return;
	case MC_ON:
		sb_printf(out, "%son %s", no ? "not " : "", ctx_name[c->value]);
		return;
	case MC_KIND:
		for (int i = 0; i < (int)COUNT(fd_kind_word); i++)
			if (c->value == 1 << i)
				sb_printf(out, "%s%s(", no ? "not " : "", fd_kind_word[i]);
		break;
	case MC_NONBLOCKING:
	case MC_READY:
	case MC_NUMERIC:
		sb_printf(out, "%s%s(", no ? "not " : "", word[c->kind]);
		break;
	}
	put_arg(&c->arg, m, out);
	sb_putc(out, ')');
}

void mcond_print(const struct mcond *c, const struct model *m, struct sb *out)
{
	print(c, false, -1, m, out);
}

void mcond_phrase(const struct mcond *c, const struct model *m, struct sb *out)
{
	sb_puts(out, c->kind == MC_NOT ? "unless " : "if ");
	print(c->kind == MC_NOT ? c->a : c, false, -1, m, out);
}
