/* parse_fn.c - one entry of a function: its names, its prototype, its clauses, what to use instead.
 */
#include "model/model_int.h"

/* Its parameters are on both sides of their use (a callback may be given a later one), so their
 * names are collected first, and the phrases behind the colons are parsed in a second walk. */
static bool param_names(struct parser *p, bool *plain)
{
	struct parser ahead = *p;
	const char *names[32];
	int n = 0, depth = 0;
	bool named = true; /* the next word is a name */

	*plain = true;
	for (;; lex_next(&ahead)) {
		struct token *t = &ahead.tok;

		if (t->kind == T_END || t->kind == T_LINE) {
			*p = ahead;
			return lex_wrong(p, "')'", NULL, 0);
		}
		if (tok_is(&ahead, ")") && depth == 0)
			break;
		if (t->kind == T_PUNCT && t->n == 1)
			depth += (*t->s == '(' || *t->s == '{') - (*t->s == ')' || *t->s == '}');
		if (tok_is(&ahead, "...")) {
			if (n == 0)
				p->model->open_front = true;
			else if (p->model->variadic)
				return lex_error(p, t, "a second '...'");
			else
				p->model->variadic = true;
			p->model->nfixed = n;
		} else if (t->kind == T_WORD && named) {
			if (n == (int)COUNT(names))
				return lex_error(
					p, t, "more than %d parameters", (int)COUNT(names));
			for (int i = 0; i < n; i++)
				if (tok_is(&ahead, names[i]))
					return lex_error(p, t, "a second parameter '%s'", names[i]);
			if (tok_is(&ahead, "result"))
				return lex_error(p, t, "a parameter cannot be called 'result'");
			names[n++] = tok_text(&ahead);
			named = false;
		} else if (tok_is(&ahead, ",") && depth == 0) {
			*plain &= !named || p->model->open_front;
			named = true;
		} else {
			*plain = false;
		}
	}
	*plain &= !named || n == 0 || p->model->nfixed == n; /* (a, ...) */
	if (*plain)
		*p = ahead;
	p->model->nparam = n;
	if (!p->model->variadic)
		p->model->nfixed = p->model->open_front ? 0 : n;
	if (n) {
		const char **copy = arena_alloc(p->m->mem, (size_t)n * sizeof *copy);

		memcpy(copy, names, (size_t)n * sizeof *copy);
		p->model->params = copy;
	}
	return true;
}

static bool params(struct parser *p)
{
	int i = 0;

	while (!tok_is(p, ")")) {
		if (lex_accept(p, "...")) {
			/* (..., cb) and (fd, cmd, ... arg): a comma may follow only at the front */
			if (p->model->open_front && i == 0 && !tok_is(p, ")") &&
				!lex_expect(p, ","))
				return false;
			if (tok_is(p, ")"))
				break;
		}
		if (p->tok.kind != T_WORD)
			return lex_wrong(p, "a parameter's name", NULL, 0);
		lex_next(p);
		if (lex_accept(p, ":") && !callback_parse(p, i))
			return false;
		i++;
		if (tok_is(p, ")"))
			break;
		if (!lex_expect(p, ","))
			return false;
		if (tok_is(p, ")"))
			return lex_wrong(p, "a parameter's name", NULL, 0);
	}
	return true;
}

/* instead [LIBRARY {, LIBRARY}]: TEXT, or "instead pool" */
static bool instead(struct parser *p)
{
	const char *libs[8];
	size_t n = 0;
	struct token t;
	const char *text;

	/* a library's name may hold a '-', so it is no token */
	for (;;) {
		const char *s = p->p + strspn(p->p, " \t");
		size_t len = 0;

		while (name_char(s[len]) || s[len] == '-')
			len++;
		if (!len)
			break;
		if (n == COUNT(libs))
			return lex_error(p, &p->tok, "more than %d libraries", (int)COUNT(libs));
		libs[n++] = arena_strndup(p->m->mem, s, len);
		p->p = s + len;
		if (*p->p != ',')
			break;
		p->p++;
	}
	lex_next(p);
	if (n == 1 && !strcmp(libs[0], "pool") && (p->tok.kind == T_LINE || p->tok.kind == T_END)) {
		text = "call it on a thread of a pool";
	} else if (!tok_is(p, ":")) {
		return lex_wrong(p, "':' and what to use instead", NULL, 0);
	} else {
		text = lex_rest(p, &t);
		if (!t.n)
			return lex_error(p, &t, "expected what to use instead, the line ends");
	}
	if (n == 0)
		libs[n++] = "";
	for (size_t i = 0; i < n; i++)
		vec_add(&p->insteads, ((struct instead){libs[i], text}));
	return true;
}

/* The clauses behind the prototype, up to the entry's end. */
static bool clauses(struct parser *p)
{
	while (p->tok.kind != T_END) {
		bool ok;

		if (p->tok.kind == T_LINE || tok_is(p, ",")) {
			lex_next(p);
			continue;
		}
		if (tok_is(p, "instead")) {
			ok = instead(p);
		} else if (tok_is(p, "note") && *p->p == ':') {
			struct token t;

			p->p++;
			p->model->note = lex_rest(p, &t);
			ok = true;
		} else {
			ok = clause_parse(p);
		}
		if (!ok)
			return false;
		if (p->tok.kind != T_LINE && p->tok.kind != T_END && !tok_is(p, ","))
			return lex_wrong(p, "',' or the line's end", NULL, 0);
	}
	return true;
}

const void *parser_keep(struct parser *p, const void *v, size_t n)
{
	void *copy = arena_alloc(p->m->mem, n + 1);

	if (n)
		memcpy(copy, v, n);
	return copy;
}

bool function_parse(struct parser *p, struct model *model)
{
	bool plain;

	p->model = model;
	p->clauses.n = p->callbacks.n = p->insteads.n = 0;

	p->depth++;
	lex_next(p); /* '(' */
	lex_next(p);
	if (!param_names(p, &plain) || (!plain && !params(p)))
		return false;
	p->depth--;
	lex_next(p); /* ')' */
	if (!clauses(p))
		return false;

	model->nclause = p->clauses.n;
	model->clauses = parser_keep(p, p->clauses.v, p->clauses.n * sizeof *p->clauses.v);
	model->ncallback = p->callbacks.n;
	model->callbacks = parser_keep(p, p->callbacks.v, p->callbacks.n * sizeof *p->callbacks.v);
	model->ninstead = p->insteads.n;
	model->insteads = parser_keep(p, p->insteads.v, p->insteads.n * sizeof *p->insteads.v);
	return true;
}
