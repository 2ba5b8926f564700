/* lex.c - a C file as tokens, as far as edits need: where they are, and which brackets belong together.
 *
 * Nothing is preprocessed. A directive is one token, so that nothing in it is taken for code. Brackets whose partners
 * lie in different branches of #if may be matched wrongly: who edits asks tok_directive() for what he relies on.
 */
#include "fix/fix_int.h"

static bool is_word(char c)
{
	return c == '_' || c == '$' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80;
}

static size_t skip_comment(const char *s, size_t n, size_t i)
{
	if (s[i + 1] == '/') {
		while (i < n && (s[i] != '\n' || s[i - 1] == '\\' || (s[i - 1] == '\r' && s[i - 2] == '\\')))
			i++;
		return i;
	}
	for (i += 3; i < n && !(s[i - 1] == '*' && s[i] == '/'); i++)
		;
	return i < n ? i + 1 : n;
}

static size_t skip_quoted(const char *s, size_t n, size_t i)
{
	char q = s[i++];

	for (; i < n && s[i] != q && s[i] != '\n'; i++)
		if (s[i] == '\\' && i + 1 < n)
			i++;
	return i < n ? i + 1 : n;
}

static size_t skip_directive(const char *s, size_t n, size_t i)
{
	while (i < n && s[i] != '\n') {
		if (s[i] == '\\' && i + 1 < n)
			i += s[i + 1] == '\r' && i + 2 < n ? 3 : 2;
		else if (s[i] == '/' && i + 1 < n && s[i + 1] == '*')
			i = skip_comment(s, n, i);
		else
			i++;
	}
	return i;
}

static size_t mark_length(const char *s, size_t n)
{
	static const char *const marks[] = {"<<=", ">>=", "...", "==", "!=", "<=", ">=", "++", "--", "->", "&&", "||", "<<",
		">>", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "##"};

	for (size_t i = 0; i < COUNT(marks); i++)
		if (n >= strlen(marks[i]) && !memcmp(s, marks[i], strlen(marks[i])))
			return strlen(marks[i]);
	return 1;
}

static void match_brackets(struct src *s)
{
	VEC(uint32_t) open = {0};

	for (uint32_t t = 0; t < s->ntok; t++) {
		char c = s->text[s->toks[t].from];

		if (s->toks[t].kind != TOK_MARK || s->toks[t].to != s->toks[t].from + 1)
			continue;
		if (c == '(' || c == '[' || c == '{') {
			vec_add(&open, t);
		} else if (c == ')' || c == ']' || c == '}') {
			char want = c == ')' ? '(' : (char)(c - 2);

			while (open.n && c == '}' && s->text[s->toks[open.v[open.n - 1]].from] != '{')
				open.n--; /* one that was never closed */
			if (!open.n || s->text[s->toks[open.v[open.n - 1]].from] != want)
				continue;
			s->toks[t].match = open.v[--open.n];
			s->toks[open.v[open.n]].match = t;
		}
	}
	vec_free(&open);
}

void src_lex(struct src *s, struct arena *mem)
{
	const char *p = s->text;
	size_t n = s->n;
	bool line_begins = true;
	VEC(struct tok) toks = {0};
	VEC(uint32_t) lines = {0};

	vec_add(&lines, 0);
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n' || (p[i] == '\r' && p[i + 1] != '\n'))
			vec_add(&lines, (uint32_t)i + 1);
	for (size_t i = 0, to; i < n; i = to) {
		enum tok_kind kind;

		if (strchr(" \t\r\n\f\v\\", p[i])) { /* NUL too */
			line_begins |= p[i] == '\n' || p[i] == '\r';
			to = i + 1;
			continue;
		}
		if (p[i] == '/' && i + 1 < n && (p[i + 1] == '/' || p[i + 1] == '*')) {
			to = skip_comment(p, n, i);
			continue;
		}
		if (p[i] == '#' && line_begins) {
			kind = TOK_DIRECTIVE;
			to = skip_directive(p, n, i);
		} else if (p[i] == '"' || p[i] == '\'') {
			kind = TOK_TEXT;
			to = skip_quoted(p, n, i);
		} else if (is_word(p[i])) {
			bool number = p[i] >= '0' && p[i] <= '9';

			kind = number ? TOK_NUMBER : TOK_WORD;
			for (to = i + 1; to < n && (is_word(p[to]) || (number && (p[to] == '.' ||
				((p[to] == '+' || p[to] == '-') && strchr("eEpP", p[to - 1]))))); to++)
				;
		} else {
			kind = TOK_MARK;
			to = i + mark_length(p + i, n - i);
		}
		line_begins = false;
		vec_add(&toks, ((struct tok){(uint32_t)i, (uint32_t)to, NONE, kind}));
	}
	s->ntok = toks.n;
	s->toks = arena_alloc(mem, (toks.n + 1) * sizeof *s->toks);
	s->nline = lines.n;
	s->lines = arena_alloc(mem, lines.n * sizeof *s->lines);
	if (toks.n)
		memcpy(s->toks, toks.v, toks.n * sizeof *s->toks);
	memcpy(s->lines, lines.v, lines.n * sizeof *s->lines);
	vec_free(&toks);
	vec_free(&lines);
	match_brackets(s);
}

bool tok_is(const struct src *s, uint32_t t, const char *text)
{
	return t < s->ntok && s->toks[t].to - s->toks[t].from == strlen(text) &&
	       !memcmp(s->text + s->toks[t].from, text, strlen(text));
}

const char *tok_str(const struct src *s, uint32_t t, struct arena *mem)
{
	return arena_strndup(mem, s->text + s->toks[t].from, s->toks[t].to - s->toks[t].from);
}

uint32_t tok_at(const struct src *s, uint32_t offset)
{
	uint32_t lo = 0, hi = s->ntok;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->toks[mid].from < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->ntok && s->toks[lo].from == offset ? lo : NONE;
}

uint32_t tok_block(const struct src *s, uint32_t t)
{
	for (uint32_t i = t; i-- > 0;) {
		if (tok_is(s, i, "{") && (s->toks[i].match == NONE || s->toks[i].match > t))
			return i;
		if (s->toks[i].match != NONE && s->toks[i].match < i)
			i = s->toks[i].match;
	}
	return NONE;
}

uint32_t tok_line(const struct src *s, uint32_t t)
{
	uint32_t lo = 0, hi = s->nline;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->lines[mid] <= s->toks[t].from)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

bool tok_directive(const struct src *s, uint32_t a, uint32_t b)
{
	for (; a <= b && a < s->ntok; a++)
		if (s->toks[a].kind == TOK_DIRECTIVE)
			return true;
	return false;
}

const char *line_indent(const struct src *s, uint32_t line, struct arena *mem)
{
	const char *p = s->text + s->lines[line];

	return arena_strndup(mem, p, strspn(p, " \t"));
}

const char *line_end(const struct src *s)
{
	const char *nl = memchr(s->text, '\n', s->n);

	return nl && nl > s->text && nl[-1] == '\r' ? "\r\n" : "\n";
}
