/* parse.c - one file of models, line by line. The grammar in words is in rules/models/README.md. */
#include "model/model_int.h"

static struct library *the_library(struct parser *p)
{
	for (uint32_t i = 0; i < p->m->libs.n; i++)
		if (!strcmp(p->m->libs.v[i].name, p->library))
			return &p->m->libs.v[i];
	vec_add(&p->m->libs, ((struct library){.name = p->library, .file = p->file}));
	return &p->m->libs.v[p->m->libs.n - 1];
}

/* Adds the words of the line, and of those that continue it, to an array of names in the arena. */
static bool names(struct parser *p, const char *const **list, uint32_t *n)
{
	VEC(const char *) all = {0};
	struct token t;

	for (uint32_t i = 0; i < *n; i++)
		vec_add(&all, (*list)[i]);
	do {
		const char *s = lex_rest(p, &t);

		while (*s && *s != '#') {
			size_t len = strcspn(s, " \t");

			vec_add(&all, arena_strndup(p->m->mem, s, len));
			s += len;
			s += strspn(s, " \t");
		}
	} while (p->tok.kind == T_LINE);
	if (all.n == *n)
		return vec_free(&all), lex_error(p, &t, "expected a header's name, the line ends");
	*list = parser_keep(p, all.v, all.n * sizeof *all.v);
	*n = all.n;
	vec_free(&all);
	return true;
}

static bool constant(struct parser *p)
{
	struct mconst c = {.library = p->library,
		.headers = p->headers,
		.nheader = p->nheader,
		.uncheckable = p->uncheckable,
		.file = p->file,
		.line = p->line};
	struct token at;
	uint32_t *slot;

	lex_next(p);
	if (p->tok.kind != T_WORD)
		return lex_wrong(p, "the constant's name", NULL, 0);
	at = p->tok;
	c.name = tok_text(p);
	lex_next(p);
	if (p->tok.kind != T_NUM)
		return lex_wrong(p, "the constant's value", NULL, 0);
	c.value = (int64_t)strtoull(p->tok.s, NULL, 0);
	lex_next(p);
	slot = map_slot(&p->m->const_by_name, hash_str(c.name), p->m->consts.n);
	if (*slot == p->m->consts.n)
		vec_add(&p->m->consts, c);
	else if (p->m->consts.v[*slot].value != c.value)
		return lex_error(p, &at, "'%s' is %lld at %s:%d", c.name,
			(long long)p->m->consts.v[*slot].value, p->m->consts.v[*slot].file,
			p->m->consts.v[*slot].line);
	return true;
}

/* field R.F {R.F}: on CONTEXT; the names may go on in indented lines. */
static bool place(struct parser *p, enum place_kind kind)
{
	struct model dummy = {.name = "a field"};
	VEC(struct token) at = {0};
	bool ok = false;

	do {
		for (;;) {
			const char *s = p->p + strspn(p->p, " \t");
			struct token t = {.kind = T_WORD,
				.s = s,
				.line = p->line,
				.col = (int)(s - p->bol) + 1};

			while (name_char(*s) || *s == '.')
				s++;
			t.n = (uint32_t)(s - t.s);
			if (!t.n)
				break;
			vec_add(&at, t);
			p->p = s;
		}
		lex_next(p);
	} while (p->tok.kind == T_LINE);
	if (!at.n) {
		lex_wrong(p, "a name", NULL, 0);
		goto out;
	}
	p->model = &dummy;
	p->callbacks.n = 0;
	uint32_t fd_kind = 0;
	if (!lex_expect(p, ":"))
		goto out;
	if (kind == PLACE_GLOBAL && lex_accept(p, "gives")) {
		if (!fd_kinds_parse(p, &fd_kind))
			goto out;
		vec_add(&p->callbacks,
			(struct callback){
				.param = PARAM_NONE, .ctx = CTX_COUNT, .given = PARAM_NONE});
	} else if (!callback_parse(p, PARAM_NONE)) {
		goto out;
	}
	for (uint32_t i = 0; i < at.n; i++) {
		struct place pl = {.kind = kind,
			.fd_kind = fd_kind,
			.cb = p->callbacks.v[0],
			.library = p->library,
			.headers = p->headers,
			.nheader = p->nheader,
			.uncheckable = p->uncheckable,
			.file = p->file,
			.line = at.v[i].line};
		const char *dot = memchr(at.v[i].s, '.', at.v[i].n);

		if ((kind == PLACE_FIELD) != (dot != NULL)) {
			lex_error(p, &at.v[i],
				dot ? "expected a name without '.'" : "expected RECORD.FIELD");
			goto out;
		}
		pl.name = arena_strndup(p->m->mem, at.v[i].s, at.v[i].n);
		if (dot) {
			pl.record = arena_strndup(p->m->mem, at.v[i].s, (size_t)(dot - at.v[i].s));
			pl.name += dot - at.v[i].s + 1;
		}
		vec_add(&p->m->places, pl);
	}
	ok = true;
out:
	vec_free(&at);
	return ok;
}

enum keyword {
	KW_LIBRARY,
	KW_HEADER,
	KW_DETECT,
	KW_REQUIRE,
	KW_CONST,
	KW_FIELD,
	KW_TYPE,
	KW_GLOBAL,
	KW_MACRO,
	KW_NAME,
	KW_UNCHECKABLE,
	KW_ALL,
	KW_COUNT
};
static const char *const keyword[KW_COUNT] = {
	[KW_LIBRARY] = "library",
	[KW_HEADER] = "header",
	[KW_DETECT] = "detect",
	[KW_REQUIRE] = "require",
	[KW_CONST] = "const",
	[KW_FIELD] = "field",
	[KW_TYPE] = "type",
	[KW_GLOBAL] = "global",
	[KW_MACRO] = "macro",
	[KW_NAME] = "name",
	[KW_UNCHECKABLE] = "uncheckable",
	[KW_ALL] = "*",
};

static bool line(struct parser *p, enum keyword kw)
{
	struct library *lib;
	struct token t;

	if (kw == KW_LIBRARY) {
		p->library = lex_rest(p, &t);
		p->strict = false;
		p->headers = NULL;
		p->nheader = 0;
		p->uncheckable = p->all_uncheckable = NULL;
		if (!t.n || memchr(t.s, ' ', t.n))
			return lex_error(p, &t, "expected the library's name");
		the_library(p);
		return true;
	}
	if (!p->library)
		return lex_error(
			p, &p->tok, "expected 'library NAME' before the first '%s'", keyword[kw]);
	lib = the_library(p);
	switch (kw) {
	case KW_HEADER:
		if (!p->header_run) {
			p->headers = NULL;
			p->nheader = 0;
		}
		p->uncheckable = p->all_uncheckable;
		if (!names(p, &p->headers, &p->nheader))
			return false;
		if (!lib->ndetect) {
			/* what the others need comes first */
			lib->detect = p->headers + p->nheader - 1;
			lib->ndetect = 1;
			p->detect_default = true;
		}
		return true;
	case KW_DETECT:
	case KW_REQUIRE:
		if (p->detect_default)
			lib->ndetect = 0;
		p->detect_default = false;
		p->strict = lib->strict = kw == KW_REQUIRE;
		return names(p, &lib->detect, &lib->ndetect);
	case KW_CONST:
		return constant(p);
	case KW_UNCHECKABLE:
		p->uncheckable = lex_rest(p, &t);
		if (!p->nheader)
			p->all_uncheckable = p->uncheckable;
		return t.n || lex_error(p, &t, "expected the reason");
	case KW_ALL:
		lex_next(p);
		if (!lex_expect(p, "only") || !lex_expect(p, "on") || !lex_expect(p, "loop"))
			return false;
		lib->only_loop = true;
		if (!lex_accept(p, "unless"))
			return true;
		if (!lex_expect(p, "called") || !lex_expect(p, "("))
			return false;
		if (p->tok.kind != T_WORD)
			return lex_wrong(p, "a function's name", NULL, 0);
		lib->unless_called = tok_text(p);
		lex_next(p);
		return lex_expect(p, ")");
	default:
		return place(p, PLACE_FIELD + (kw - KW_FIELD));
	}
}

/* Behind blanks; also into the next line, if it is indented and goes on with a name. */
static void skip_blanks(struct parser *p)
{
	const char *s = p->p + strspn(p->p, " \t");

	p->p = s;
	if (*s == '\n' && (s[1] == ' ' || s[1] == '\t')) {
		s += 1 + strspn(s + 1, " \t");
		if (name_char(*s)) {
			p->bol = p->p + 1;
			p->p = s;
			p->line++;
		}
	}
}

/* One entry; p->p is at its first character. */
static bool entry(struct parser *p)
{
	struct token at[32];
	uint32_t n = 0;
	int kw;

	for (;;) {
		struct token *t = &at[n];
		const char *s = p->p;

		while (name_char(*s))
			s++;
		*t = (struct token){
			T_WORD, p->p, (uint32_t)(s - p->p), p->line, (int)(p->p - p->bol) + 1};
		p->tok = *t;
		if (t->n == 0)
			break;
		p->p = s;
		s += strspn(s, " \t");
		kw = n || *s == '(' ? -1 : word_find(keyword, KW_COUNT, t->s, t->n);
		if (kw >= 0) {
			bool ok = line(p, (enum keyword)kw);

			p->header_run = kw == KW_HEADER;
			if (ok && p->tok.kind != T_END)
				ok = lex_wrong(p, "the line's end", NULL, 0);
			return ok;
		}
		skip_blanks(p);
		if (++n == COUNT(at))
			return lex_error(
				p, t, "more than %d names of one function", (int)COUNT(at) - 1);
	}
	p->header_run = false;
	if (n && *p->p == '(') {
		if (!p->library)
			return lex_error(
				p, &at[0], "expected 'library NAME' before the first function");
		return entry_note(p, at, n);
	}
	if (n == 0)
		lex_next(p);
	else
		p->tok = at[0];
	if (n == 0 || (n == 1 && !*p->p))
		return lex_wrong(p, "a keyword or a function's prototype", keyword, KW_COUNT);
	if (str_nearest(arena_strndup(p->m->mem, at[0].s, at[0].n), keyword, KW_COUNT))
		return lex_wrong(p, "a keyword or a function's prototype", keyword, KW_COUNT);
	lex_next(p);
	return lex_wrong(p, "'(' behind the function's name", NULL, 0);
}

int model_parse_file(struct parser *p, const char *text)
{
	int rc = 0;

	p->p = p->bol = text;
	p->line = 1;
	p->library = NULL;
	p->depth = p->nest = 0;
	p->header_run = p->detect_default = p->strict = false;
	p->headers = NULL;
	p->nheader = 0;
	p->uncheckable = p->all_uncheckable = NULL;
	p->tok.kind = T_END;
	if (!name_char(*text))
		lex_next(p);
	if (p->tok.kind != T_END)
		rc = lex_wrong(p, "a line that starts in the first column", NULL, 0) ? 0 : -1;
	while (rc == 0 && *p->p)
		rc = entry(p) ? 0 : -1;
	return rc;
}
